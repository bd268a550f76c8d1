//! Verifiers that we did not write, over HTTP: what an OpenID4VP conformance run asks of a wallet, and hostile ones.

mod answers;
mod dc_api;
mod errors;
mod hostile;
mod privacy;
mod queries;

use serde_json::{Value, json};
use support::{Answer, Verifier, World};
use tessera_verifier::request::Unregistered;
use tessera_wallet::consent::{self, Answer as Says};
use tessera_wallet::present::{self, Sent, SignedPresentation};
use tessera_wallet::request::{Acceptance, AuthenticatedRequest};
use tessera_wallet::select::Wish;

use super::*;

/// A holder who wants to be asked about strangers.
pub(crate) fn asking() -> Acceptance {
    Acceptance {
        unregistered: Unregistered::Ask,
        ..Acceptance::default()
    }
}

/// A wallet with both levels of credentials.
pub(crate) fn holder(world: &World) -> (tempfile::TempDir, Store) {
    let (folder, mut store) = world.store();
    upgraded(world, &mut store);
    (folder, store)
}

pub(crate) struct Flow<'a> {
    pub(crate) world: &'a World,
    pub(crate) verifier: &'a Verifier,
    pub(crate) acceptance: Acceptance,
    pub(crate) wish: Wish,
    pub(crate) local: bool,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(world: &'a World, verifier: &'a Verifier) -> Self {
        Self {
            world,
            verifier,
            acceptance: asking(),
            wish: Wish::default(),
            local: true,
        }
    }

    /// The request that a link leads to, or this one, which the verifier then serves at its request URI.
    pub(crate) fn object(&self, store: &Store, from: &str) -> Result<RequestObject, Error> {
        let link = match (RequestObject::is_link(from), self.local) {
            (true, _) => from.to_owned(),
            (false, true) => self.verifier.serves(from),
            // Where nothing on this machine may be contacted, it comes by hand.
            (false, false) => return RequestObject::from_text(from),
        };
        RequestObject::from_link(
            self.verifier.surroundings(self.world),
            &link,
            &Reach::of(store.contents(), self.local),
        )
    }

    pub(crate) fn authenticated(
        &self,
        store: &mut Store,
        from: &str,
    ) -> Result<AuthenticatedRequest, Error> {
        let object = self.object(store, from)?;
        self.accepted(store, object)
    }

    pub(crate) fn accepted(
        &self,
        store: &mut Store,
        object: RequestObject,
    ) -> Result<AuthenticatedRequest, Error> {
        let known = trust::fresh(store, self.world.surroundings())?;
        let reach = Reach::of(store.contents(), self.local);
        let now = tessera_wallet::Clock::now(self.world);
        object.authenticate_as(&known, now, &reach, &self.acceptance)
    }

    pub(crate) fn proposed(&self, store: &mut Store, from: &str) -> Result<Proposal, Error> {
        let request = self.authenticated(store, from)?;
        let now = tessera_wallet::Clock::now(self.world);
        select::minimal_with(store.contents(), request, self.wish, now)
    }

    pub(crate) fn signed(
        &self,
        store: &mut Store,
        from: &str,
    ) -> Result<SignedPresentation, Error> {
        let proposal = self.proposed(store, from)?;
        let consent = consent::ask(proposal, &mut super::Says(Says::Yes))
            .map_err(|_| Error::ConsentDeclined)?;
        present::sign(store, self.world.surroundings(), consent)
    }

    /// The whole way, to the verifier's server.
    pub(crate) fn run(&self, store: &mut Store, from: &str) -> Result<Sent, Error> {
        let signed = self.signed(store, from)?;
        signed.send(self.verifier.surroundings(self.world))
    }
}

/// The SD-JWT of an answer and its key binding's payload.
pub(crate) fn key_binding(presentation: &str) -> Value {
    let kb = presentation.rsplit('~').next().unwrap();
    let payload = kb.split('.').nth(1).unwrap();
    serde_json::from_slice(&tessera_verifier::encoding::from_base64url(payload).unwrap()).unwrap()
}

/// Names of the disclosed claims.
pub(crate) fn disclosed(presentation: &str) -> Vec<String> {
    tessera_verifier::sd_jwt::parse(presentation)
        .unwrap()
        .disclosures()
        .iter()
        .filter_map(|one| one.name().map(str::to_owned))
        .collect()
}

#[test]
fn a_stranger_is_refused_by_default_and_shown_by_what_was_authenticated_when_asked() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let request = verifier.request(|payload| {
        payload["client_metadata"] =
            json!({"client_name": "The Central Bank", "logo_uri": "https://bank.example"});
    });
    let mut flow = Flow::new(&world, &verifier);
    flow.acceptance = Acceptance::default();
    assert_eq!(code(flow.run(&mut store, &request)), "request_invalid");
    assert!(verifier.received().is_empty());
    flow.acceptance = asking();
    let proposal = flow.proposed(&mut store, &request).unwrap();
    let shown = proposal.request();
    assert!(!shown.is_registered() && shown.service().is_none() && shown.purpose().is_none());
    assert_eq!(shown.requester().en, shown.request().client_did());
    assert!(shown.requester().en.starts_with("did:key:"));
    assert_eq!(proposal.claim_names(), ["family_name"]);
    flow.run(&mut store, &request).unwrap();
    let sent = verifier.received()[0].form();
    assert_eq!(sent["state"], "af0ifjsldkj");
    let token: Value = serde_json::from_str(&sent["vp_token"]).unwrap();
    let presentation = token["pid"][0].as_str().unwrap();
    // Fewer claims than it holds.
    assert_eq!(disclosed(presentation), ["family_name"]);
    let binding = key_binding(presentation);
    assert_eq!(binding["aud"], verifier.client_id());
    assert_eq!(binding["nonce"], "n-0S6_WzA2Mj");
}

#[test]
fn evidence_is_disclosed_where_a_service_may_ask_for_it_and_checked_by_its_verifier() {
    for format in tessera_verifier::claims::Format::ALL {
        let world = World::new();
        let (_folder, mut store) = holder(&world);
        let request = world.request("notary", None, None);
        let proposal = proposed(&world, &mut store, &request, Some(format)).unwrap();
        assert!(proposal.claim_names().contains(&"evidence".to_owned()));
        let presentation = presented(&world, &mut store, &request, Some(format)).unwrap();
        let learned = checked(&world, &request, &presentation).unwrap();
        assert_eq!(
            learned["evidence"][0]["assurance_process"]["pathway"], "chip",
            "{format}"
        );
        // Who does not ask does not learn it.
        let request = world.request("bank-account", None, None);
        let presentation = presented(&world, &mut store, &request, Some(format)).unwrap();
        let learned = checked(&world, &request, &presentation).unwrap();
        assert!(learned.get("evidence").is_none());
    }
}

#[test]
fn a_verifier_that_refuses_the_answer_is_told_of() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    verifier.answers(|_| Answer {
        status: 400,
        ..Answer::ok("{}")
    });
    let flow = Flow::new(&world, &verifier);
    let refused = flow.run(&mut store, &verifier.request(|_| {}));
    assert_eq!(code(refused), "requester_refused");
}

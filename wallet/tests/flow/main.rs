//! The wallet against an issuer and a relying party in process: receive, refuse, present, and what the relying party's
//! own library says of it.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../vci/certificates.rs"]
mod certificates;
mod keeping;
mod presenting;
mod receiving;
mod support;
mod verifiers;

use serde_json::Value;
use support::{ISSUER, World};
use tessera_verifier::bundle::Bundle;
use tessera_verifier::catalogue::Catalogue;
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::policy::Policy;
use tessera_verifier::request::Request;
use tessera_wallet::client::Client;
use tessera_wallet::consent::{self, Answer, Holder};
use tessera_wallet::enrol::{self, Photo};
use tessera_wallet::present::{self, SignedPresentation};
use tessera_wallet::reach::Reach;
use tessera_wallet::request::RequestObject;
use tessera_wallet::select::{self, Proposal};
use tessera_wallet::store::Store;
use tessera_wallet::{Error, receive, trust};

struct Says(Answer);

impl Holder for Says {
    fn answer(&mut self, _: &Proposal) -> Answer {
        self.0
    }
}

fn enrolled(world: &World, store: &mut Store) -> Result<String, Error> {
    trust::contact(store, world.surroundings(), ISSUER, None)?;
    let level = world.level.get();
    let session = enrol::start(store, world.surroundings(), ISSUER, applicant(), level)?;
    let photo = Photo::new(vec![0xff, 0xd8, 0xff, 0xe0])?;
    let granted = enrol::send_photo(world.surroundings(), &session, &photo)?;
    receive::accept(
        store,
        world.surroundings(),
        Client::default(),
        &granted.offer,
        granted.tx_code.as_ref(),
    )
    .map(stored)
}

fn applicant() -> enrol::Applicant<'static> {
    enrol::Applicant {
        number: "1101",
        district: None,
    }
}

fn stored(accepted: receive::Accepted) -> String {
    match accepted {
        receive::Accepted::Stored(id) => id,
        receive::Accepted::Deferred(_) => unreachable!("nothing is deferred here"),
    }
}

fn upgraded(world: &World, store: &mut Store) -> String {
    world.level.set(AssuranceLevel::Full);
    enrolled(world, store).unwrap()
}

fn proposed(
    world: &World,
    store: &mut Store,
    request: &str,
    format: Option<Format>,
) -> Result<Proposal, Error> {
    let known = trust::fresh(store, world.surroundings())?;
    let object = RequestObject::from_text(request)?;
    let request = object.authenticate(
        &known,
        tessera_wallet::Clock::now(world),
        &Reach::of(store.contents(), false),
    )?;
    select::minimal(
        store.contents(),
        request,
        format,
        tessera_wallet::Clock::now(world),
    )
}

fn presented(
    world: &World,
    store: &mut Store,
    request: &str,
    format: Option<Format>,
) -> Result<SignedPresentation, Error> {
    let proposal = proposed(world, store, request, format)?;
    let consent =
        consent::ask(proposal, &mut Says(Answer::Yes)).map_err(|_| Error::ConsentDeclined)?;
    present::sign(store, world.surroundings(), consent)
}

fn code<T>(outcome: Result<T, Error>) -> String {
    outcome
        .err()
        .map_or("accepted".to_owned(), |error| error.code().to_owned())
}

/// What the relying party learns, by its own library; or the code of the refusal.
fn checked(
    world: &World,
    request: &str,
    presentation: &SignedPresentation,
) -> Result<Value, String> {
    let request = Request::for_own(request).unwrap();
    let root = tessera_verifier::did::did_key(tessera_verifier::crypto::LocalSigner::public_key(
        &world.root,
    ));
    let bundle = Bundle::open(world.bundle().as_bytes(), &root).unwrap();
    let service = Catalogue::builtin()
        .get(request.service().unwrap())
        .unwrap();
    tessera_verifier::verify(
        presentation.to_json().to_string().as_bytes(),
        &request,
        &Policy::for_service(service),
        &bundle,
        tessera_wallet::Clock::now(world),
    )
    .map(|verified| Value::Object(verified.credentials()[0].claims().clone()))
    .map_err(|error| error.code().to_owned())
}

//! The wallet against an issuer and a relying party in process: receive, refuse, present, and what the relying party's
//! own library says of it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use serde_json::Value;
use support::{DAY, Fault, ISSUER, RESPONSE_URI, World};
use tessera_verifier::bundle::Bundle;
use tessera_verifier::catalogue::Catalogue;
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::policy::Policy;
use tessera_verifier::request::Request;
use tessera_verifier::vci::Secret;
use tessera_wallet::consent::{self, Answer, Holder};
use tessera_wallet::enrol::{self, Photo, Progress};
use tessera_wallet::present::{self, SignedPresentation};
use tessera_wallet::request::RequestObject;
use tessera_wallet::select::{self, Proposal};
use tessera_wallet::store::{HistoryEvent, Store};
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
    let session = enrol::start(store, world.surroundings(), ISSUER, "1101", level)?;
    let photo = Photo::new(vec![0xff, 0xd8, 0xff, 0xe0])?;
    let granted = enrol::send_photo(world.surroundings(), &session, &photo)?;
    receive::accept(
        store,
        world.surroundings(),
        &granted.offer,
        granted.tx_code.as_ref(),
    )
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
    let request = object.authenticate(&known, tessera_wallet::Clock::now(world))?;
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
    let consent = consent::ask(proposal, &mut Says(Answer::Yes))
        .map_err(|_| Error::ConsentDeclined)?;
    present::sign(store, world.surroundings(), consent)
}

fn code<T>(outcome: Result<T, Error>) -> String {
    outcome.err().map_or("accepted".to_owned(), |error| error.code().to_owned())
}

/// What the relying party learns, by its own library; or the code of the refusal.
fn checked(world: &World, request: &str, presentation: &SignedPresentation) -> Result<Value, String> {
    let request = Request::for_own(request).unwrap();
    let root = tessera_verifier::did::did_key(tessera_verifier::crypto::LocalSigner::public_key(&world.root));
    let bundle = Bundle::open(world.bundle().as_bytes(), &root).unwrap();
    let service = Catalogue::builtin().get(request.service()).unwrap();
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

#[test]
fn a_face_earns_ten_one_time_credentials_in_each_format() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let id = enrolled(&world, &mut store).unwrap();
    let set = store.contents().set(&id).unwrap();
    assert_eq!(set.level, AssuranceLevel::Limited);
    assert_eq!(
        (set.issued, set.remaining(Format::SdJwt), set.remaining(Format::LdpVc)),
        (20, 10, 10)
    );
    assert_eq!(set.claims["family_name"], "SPECIMEN");
    assert!(!set.claims.contains_key("iss") && !set.claims.contains_key("id"));
    // Every credential has a key of its own.
    let mut keys: Vec<_> = set
        .unused
        .iter()
        .map(|one| {
            let key = one.key.open().unwrap();
            tessera_verifier::crypto::LocalSigner::public_key(&key).thumbprint()
        })
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 20);
}

#[test]
fn nothing_dishonest_is_stored() {
    for (fault, expected) in [
        (Fault::OtherHolderKey, "holder_key_mismatch"),
        (Fault::SameKeyTwice, "holder_key_mismatch"),
        (Fault::OtherLevel, "credential_not_as_asked"),
        (Fault::UnlistedKey, "issuer_untrusted"),
        (Fault::ForeignSignature, "invalid_signature"),
        (Fault::Expired, "expired"),
        (Fault::NotYetValid, "not_yet_valid"),
        (Fault::NoStatus, "status_missing"),
        (Fault::PlainAnswer, "response_not_encrypted"),
        (Fault::OneTooMany, "credential_not_as_asked"),
        (Fault::MixedPersons, "credential_not_as_asked"),
        (Fault::OtherIdentifier, "issuer_answer_malformed"),
        (Fault::ForeignTokenEndpoint, "issuer_answer_malformed"),
        (Fault::FaceMismatch, "face_mismatch"),
        (Fault::Down, "network_unreachable"),
    ] {
        let world = World::new();
        world.fault.set(fault);
        let (_folder, mut store) = world.store();
        assert_eq!(code(enrolled(&world, &mut store)), expected, "{fault:?}");
        assert!(store.contents().sets.is_empty(), "{fault:?}");
    }
}

#[test]
fn the_root_is_pinned_at_first_use() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let first = trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    assert!(first.newly_pinned);
    let again = trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    assert!(!again.newly_pinned);
    world.fault.set(Fault::OtherRoot);
    let outcome = trust::contact(&mut store, world.surroundings(), ISSUER, None);
    assert_eq!(code(outcome), "bundle_untrusted");
    let given = tessera_verifier::did::did_key(tessera_verifier::crypto::LocalSigner::public_key(&world.unlisted));
    let outcome = trust::contact(&mut store, world.surroundings(), ISSUER, Some(&given));
    assert_eq!(code(outcome), "issuer_root_changed");
}

#[test]
fn a_wrong_transaction_code_is_refused_and_a_missing_one_asked_for() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let accept = |store: &mut Store, code: Option<&str>| {
        let code = code.map(Secret::from);
        receive::accept(store, world.surroundings(), &world.offer(), code.as_ref())
    };
    assert_eq!(code(accept(&mut store, None)), "tx_code_needed");
    assert_eq!(code(accept(&mut store, Some("000000"))), "invalid_grant");
    assert_eq!(code(accept(&mut store, Some("123456"))), "accepted");
}

#[test]
fn an_offer_travels_as_a_link() {
    let world = World::new();
    let offer = receive::parse_offer(&world.offer().to_uri()).unwrap();
    assert_eq!(receive::offered_level(&offer).unwrap(), AssuranceLevel::Limited);
    let mut mixed = world.offer();
    mixed.credential_configuration_ids.push("identity_full_ldp".into());
    assert_eq!(code(receive::parse_offer(&mixed.to_uri())), "offer_invalid");
    let mut unknown = world.offer();
    unknown.credential_configuration_ids = vec!["library_card".into()];
    assert_eq!(code(receive::parse_offer(&unknown.to_uri())), "offer_invalid");
}

#[test]
fn the_internet_cafe_learns_one_bit_in_either_format() {
    for format in Format::ALL {
        let world = World::new();
        let (_folder, mut store) = world.store();
        enrolled(&world, &mut store).unwrap();
        // The issuer may be gone: the bundle in the wallet is enough.
        world.fault.set(Fault::Down);
        let request = world.request("internet-cafe", None, None);
        let proposal = proposed(&world, &mut store, &request, Some(format)).unwrap();
        assert_eq!(proposal.request().requester().en, "Specimen Services");
        assert_eq!(proposal.claim_names(), ["age_equal_or_over.18"]);
        assert_eq!(proposal.shown()[0].values, [Value::Bool(true)]);
        let presentation = presented(&world, &mut store, &request, Some(format)).unwrap();
        world.fault.set(Fault::None);
        let learned = checked(&world, &request, &presentation).unwrap();
        assert_eq!(learned, serde_json::json!({"age_equal_or_over": {"18": true}}), "{format}");
        assert!(!presentation.to_json().to_string().contains("SPECIMEN"));
    }
}

#[test]
fn each_credential_is_shown_once_and_then_gone() {
    let world = World::new();
    let (folder, mut store) = world.store();
    let id = enrolled(&world, &mut store).unwrap();
    let request = world.request("internet-cafe", None, None);
    let mut seen = std::collections::BTreeSet::new();
    for round in 1..=10 {
        let presentation =
            presented(&world, &mut store, &request, Some(Format::SdJwt)).unwrap();
        let text = presentation.to_json()["vp_token"]["sd_jwt"][0].as_str().unwrap().to_owned();
        assert!(seen.insert(text.split('~').next().unwrap().to_owned()), "shown twice");
        assert_eq!(store.contents().set(&id).unwrap().remaining(Format::SdJwt), 10 - round);
    }
    let outcome = presented(&world, &mut store, &request, Some(Format::SdJwt));
    assert_eq!(code(outcome), "credentials_exhausted");
    // The other format still has its ten; without a wish the wallet goes on with that.
    assert_eq!(proposed(&world, &mut store, &request, None).unwrap().format(), Format::LdpVc);
    // Gone from the disk too.
    drop(store);
    let passphrase = tessera_wallet::secret::Passphrase::new("passphrase").unwrap();
    let store = Store::open(folder.path(), &passphrase).unwrap();
    assert_eq!(store.contents().set(&id).unwrap().remaining(Format::SdJwt), 0);
}

#[test]
fn limited_does_not_open_a_bank_account_and_full_does() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let limited = enrolled(&world, &mut store).unwrap();
    let request = world.request("bank-account", None, None);
    assert_eq!(code(presented(&world, &mut store, &request, None)), "assurance_too_low");

    // Somebody who forces it gets nowhere: the relying party refuses by itself.
    for format in Format::ALL {
        let own = Request::for_own(&request).unwrap();
        let set = store.contents().set(&limited).unwrap();
        let one = set.unused.iter().find(|one| one.format == format).unwrap();
        let service = Catalogue::builtin().get("bank-account").unwrap();
        let forced =
            present::hazmat_present_with(one, &own, &service.claims, world.surroundings()).unwrap();
        assert_eq!(checked(&world, &request, &forced).unwrap_err(), "assurance_too_low");
    }

    let full = upgraded(&world, &mut store);
    assert!(store.contents().set(&limited).unwrap().retired_at.is_some());
    for format in Format::ALL {
        let proposal = proposed(&world, &mut store, &request, Some(format)).unwrap();
        assert_eq!(proposal.credential(), full);
        let presentation = presented(&world, &mut store, &request, Some(format)).unwrap();
        let learned = checked(&world, &request, &presentation).unwrap();
        let mut names: Vec<_> = learned.as_object().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(
            names,
            [
                "birthdate",
                "family_name",
                "given_name",
                "nationalities",
                "personal_administrative_number",
                "resident_address"
            ]
        );
    }
}

#[test]
fn limited_is_preferred_where_it_suffices() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let limited = enrolled(&world, &mut store).unwrap();
    upgraded(&world, &mut store);
    let request = world.request("internet-cafe", None, None);
    let level = |store: &mut Store| proposed(&world, store, &request, None).unwrap().level();
    assert_eq!(level(&mut store), AssuranceLevel::Full, "the limited one is retired");
    // A wallet whose limited credential is still in force keeps the full one back.
    store
        .update(world.surroundings().rng, |contents| {
            contents.sets.iter_mut().for_each(|set| set.retired_at = None);
            Ok(())
        })
        .unwrap();
    let proposal = proposed(&world, &mut store, &request, None).unwrap();
    assert_eq!((proposal.level(), proposal.credential()), (AssuranceLevel::Limited, limited.as_str()));
}

#[test]
fn requesters_who_may_not_ask_are_refused() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let mut ask = |request: &str| code(presented(&world, &mut store, request, None));
    let birthdate = ClaimPath::keys(&["birthdate"]);
    assert_eq!(ask(&world.request("internet-cafe", Some(birthdate), None)), "over_asking");
    assert_eq!(ask(&world.request("train-gate", None, None)), "requester_unregistered");
    assert_eq!(ask(&world.request_by(&world.unlisted, "internet-cafe")), "requester_unregistered");
    let good = world.request("internet-cafe", None, None);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    assert_eq!(ask(&format!("{head}.{first}{}", &signature[1..])), "request_invalid");
    assert_eq!(ask("nonsense"), "malformed");
    world.now.set(world.now.get() + 301);
    assert_eq!(ask(&good), "request_expired");
}

#[test]
fn a_stale_register_is_refreshed_or_not_believed() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    world.now.set(world.now.get() + world.bundle_age.get() + 1);
    let request = world.request("internet-cafe", None, None);
    world.fault.set(Fault::Down);
    assert_eq!(code(presented(&world, &mut store, &request, None)), "bundle_stale");
    world.fault.set(Fault::None);
    assert_eq!(code(presented(&world, &mut store, &request, None)), "accepted");
}

#[test]
fn an_older_bundle_does_not_replace_a_newer_one() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let newest = world.now.get();
    world.now.set(newest - DAY);
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let kept = trust::cached(store.contents(), ISSUER).unwrap();
    assert_eq!(kept.bundle.issued_at().unix(), newest);
}

#[test]
fn no_means_no_and_costs_nothing() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let id = enrolled(&world, &mut store).unwrap();
    let request = world.request("internet-cafe", None, None);
    let proposal = proposed(&world, &mut store, &request, None).unwrap();
    let refused = consent::ask(proposal, &mut Says(Answer::No)).err().unwrap();
    let surroundings = world.surroundings();
    let no = Error::ConsentDeclined;
    present::remember_refusal(&mut store, surroundings, Some(refused.request()), &no).unwrap();
    assert_eq!(store.contents().set(&id).unwrap().unused.len(), 20);
    let last = store.contents().history.last().unwrap();
    assert!(matches!(&last.event, HistoryEvent::Refused { code, .. } if code == "consent_declined"));
}

#[test]
fn history_names_claims_and_never_their_values() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    upgraded(&world, &mut store);
    let request = world.request("bank-account", None, None);
    presented(&world, &mut store, &request, None).unwrap();
    let history = serde_json::to_string(&store.contents().history).unwrap();
    for name in ["family_name", "bank-account", "Specimen Services", "decentralized_identifier:"] {
        assert!(history.contains(name), "{name}");
    }
    for value in ["SPECIMEN", "MING", "1990", "110101199003070011", "Specimen Road"] {
        assert!(!history.contains(value), "{value}");
    }
}

#[test]
fn a_response_uri_gets_the_answer_as_a_form() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let request = world.request("internet-cafe", None, Some(RESPONSE_URI));
    let presentation = presented(&world, &mut store, &request, None).unwrap();
    presentation.send(world.surroundings()).unwrap();
    let posted = world.posted.borrow();
    let form: std::collections::BTreeMap<_, _> =
        url::form_urlencoded::parse(posted[0].as_bytes()).into_owned().collect();
    assert_eq!(form["state"], "state-1");
    let vp_token: Value = serde_json::from_str(&form["vp_token"]).unwrap();
    assert_eq!(vp_token, presentation.to_json()["vp_token"]);
}

#[test]
fn credentials_end() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    world.now.set(world.now.get() + 91 * DAY);
    let request = world.request("internet-cafe", None, None);
    assert_eq!(code(presented(&world, &mut store, &request, None)), "credential_expired");
    let (_other, mut empty) = world.store();
    trust::contact(&mut empty, world.surroundings(), ISSUER, None).unwrap();
    assert_eq!(code(presented(&world, &mut empty, &request, None)), "no_credential");
}

#[test]
fn an_upgrade_waits_for_the_terminal() {
    let world = World::new();
    world.level.set(AssuranceLevel::Full);
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let surroundings = world.surroundings();
    let session =
        enrol::start(&store, surroundings, ISSUER, "1101", AssuranceLevel::Full).unwrap();
    enrol::remember(&mut store, surroundings, session, false).unwrap();
    let session = store.contents().pending.as_ref().unwrap().duplicate();
    assert!(matches!(enrol::progress(surroundings, &session).unwrap(), Progress::Waiting));
    world.terminal_done.set(true);
    let Progress::Granted(granted) = enrol::progress(surroundings, &session).unwrap() else {
        unreachable!("the terminal is done");
    };
    assert!(granted.tx_code.is_none(), "the terminal shows the code");
    let code = Secret::from("123456");
    receive::accept(&mut store, surroundings, &granted.offer, Some(&code)).unwrap();
    enrol::forget(&mut store, surroundings).unwrap();
    assert!(store.contents().pending.is_none());
    assert_eq!(store.contents().sets[0].level, AssuranceLevel::Full);
}

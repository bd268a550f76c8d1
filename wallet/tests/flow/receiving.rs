//! What the wallet takes from an issuer, and what it does not.

use support::{DAY, Fault, ISSUER, World};
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::time::Timestamp;
use tessera_verifier::vci::Secret;
use tessera_wallet::client::Client;
use tessera_wallet::enrol::{self, Progress};
use tessera_wallet::messages::Language;
use tessera_wallet::renew::{self, Means};
use tessera_wallet::store::{CredentialSet, Store};
use tessera_wallet::{receive, trust};

use super::*;

#[test]
fn a_face_earns_ten_one_time_credentials_in_each_format() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let id = enrolled(&world, &mut store).unwrap();
    let set = store.contents().set(&id).unwrap();
    assert_eq!(set.level, AssuranceLevel::Limited);
    assert_eq!(
        (
            set.issued,
            set.remaining(Format::SdJwt),
            set.remaining(Format::LdpVc)
        ),
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

/// SD-JWT VC §3.5, HAIP 1.0 §6.1.1: by an authority of the bundle, and by no other, whatever `kid` and `iss` say.
#[test]
fn credentials_under_a_certificate_are_taken_by_the_bundles_authority() {
    for (fault, expected) in [
        (Fault::None, "ok"),
        (Fault::ForeignAuthority, "issuer_untrusted"),
        (Fault::UnlistedKey, "issuer_untrusted"),
        (Fault::ForeignSignature, "invalid_signature"),
    ] {
        let world = World::new();
        world.certified.set(true);
        world.fault.set(fault);
        world.formats.set(&[Format::SdJwt]);
        let (_folder, mut store) = world.store();
        let outcome = enrolled(&world, &mut store);
        let stored = store.contents().sets.len();
        assert_eq!(stored, usize::from(fault == Fault::None), "{fault:?}");
        match outcome {
            Ok(id) => {
                let set = store.contents().set(&id).unwrap();
                let signing = tessera_verifier::crypto::LocalSigner::public_key(&world.signing);
                assert_eq!(set.issuer_did, tessera_verifier::did::did_key(signing));
            }
            Err(error) => assert_eq!(error.code(), expected, "{fault:?}"),
        }
    }
}

#[test]
fn nothing_dishonest_is_stored() {
    for (fault, sd_jwt, ldp) in [
        (Fault::OtherHolderKey, "holder_key_mismatch", ""),
        (Fault::SameKeyTwice, "holder_key_mismatch", ""),
        (Fault::OtherLevel, "credential_not_as_asked", ""),
        (Fault::UnlistedKey, "issuer_untrusted", ""),
        (Fault::IssuerOfFullOnly, "issuer_untrusted", ""),
        (Fault::EndedIssuer, "issuer_untrusted", ""),
        (Fault::LaterIssuer, "issuer_untrusted", ""),
        (
            Fault::OtherListedIssuer,
            "invalid_signature",
            "issuer_key_mismatch",
        ),
        (Fault::ServerOnThisMachine, "address_refused", ""),
        (
            Fault::ForeignSignature,
            "invalid_signature",
            "issuer_key_mismatch",
        ),
        (Fault::Expired, "expired", ""),
        (Fault::NotYetValid, "not_yet_valid", ""),
        (Fault::NoStatus, "status_missing", ""),
        (Fault::PlainAnswer, "response_not_encrypted", ""),
        (Fault::OneTooMany, "credential_not_as_asked", ""),
        (Fault::MixedPersons, "credential_not_as_asked", ""),
        (Fault::TwoIssuers, "credential_not_as_asked", ""),
        (Fault::OtherIdentifier, "issuer_answer_malformed", ""),
        (Fault::OtherFormat, "issuer_answer_malformed", ""),
        (Fault::ForeignTokenEndpoint, "issuer_answer_malformed", ""),
        (Fault::FaceMismatch, "face_mismatch", ""),
        (Fault::Down, "network_unreachable", ""),
    ] {
        let ldp = if ldp.is_empty() { sd_jwt } else { ldp };
        for (formats, expected) in [(&[Format::SdJwt], sd_jwt), (&[Format::LdpVc], ldp)] {
            let world = World::new();
            world.fault.set(fault);
            world.formats.set(formats);
            let (_folder, mut store) = world.store();
            let outcome = code(enrolled(&world, &mut store));
            assert_eq!(outcome, expected, "{fault:?} {formats:?}");
            assert!(store.contents().sets.is_empty(), "{fault:?}");
            // What is wrong with a credential is found in the credential, and not on the way there.
            let before = matches!(
                fault,
                Fault::ServerOnThisMachine
                    | Fault::OtherIdentifier
                    | Fault::OtherFormat
                    | Fault::ForeignTokenEndpoint
                    | Fault::FaceMismatch
                    | Fault::Down
            );
            assert_eq!(world.called("/credential"), !before, "{fault:?}");
        }
    }
}

/// What enrolling brings in one format, and that nothing is stored of what is refused.
fn enrolled_with(fault: Fault, formats: &'static [Format]) -> String {
    let world = World::new();
    world.fault.set(fault);
    world.formats.set(formats);
    let (_folder, mut store) = world.store();
    let outcome = code(enrolled(&world, &mut store));
    assert!(store.contents().sets.is_empty(), "{fault:?}");
    assert!(world.called("/credential"), "{fault:?}");
    outcome
}

/// Whoever checks it later must be able to find out whether it is revoked.
#[test]
fn what_could_never_be_revoked_is_not_stored() {
    for (format, member, value) in [
        (&[Format::SdJwt], "idx", "-1"),
        (&[Format::SdJwt], "idx", "\"5\""),
        (&[Format::SdJwt], "uri", "\"http://status.example/1\""),
        (&[Format::SdJwt], "uri", "7"),
        (&[Format::LdpVc], "type", "[\"BitstringStatusListEntry\"]"),
        (&[Format::LdpVc], "statusPurpose", "\"suspension\""),
        (&[Format::LdpVc], "statusListIndex", "\"-1\""),
        (
            &[Format::LdpVc],
            "statusListCredential",
            "\"http://status.example/1\"",
        ),
    ] {
        let outcome = enrolled_with(Fault::Status(member, value), format);
        assert_eq!(outcome, "status_missing", "{format:?} {member} {value}");
    }
}

/// VCDM 2.0 §4.3: contexts say what the names mean, and ours say it alone. §4.7: an issuer may be an object; verifiers here
/// take its DID.
#[test]
fn a_w3c_credential_in_another_form_than_verifiers_take_is_not_stored() {
    let outcome = enrolled_with(Fault::OtherContext, &[Format::LdpVc]);
    assert_eq!(outcome, "credential_not_as_asked");
    let outcome = enrolled_with(Fault::IssuerAsObject, &[Format::LdpVc]);
    assert_eq!(outcome, "issuer_key_mismatch");
}

/// §8.3: a response has credentials or says when they come; a set of one format alone is not what was offered.
#[test]
fn nothing_in_one_of_the_formats_is_nothing_at_all() {
    let outcome = enrolled_with(Fault::NothingInOneFormat, &Format::ALL);
    assert_eq!(outcome, "credential_not_as_asked");
}

/// Class 16: an issuer elsewhere does not make the wallet talk to services of this machine.
#[test]
fn published_keys_are_not_looked_for_on_this_machine_nor_in_the_clear() {
    for (address, refusal) in [
        ("http://127.0.0.1:9", "address_refused"),
        ("https://localhost", "address_refused"),
        ("http://keys.example", "url_insecure"),
    ] {
        assert_eq!(signed_by_keys_at(address), refusal, "{address}");
    }
}

fn signed_by_keys_at(address: &'static str) -> String {
    let world = World::new();
    world.fault.set(Fault::KeysAt(address));
    world.formats.set(&[Format::SdJwt]);
    let (_folder, mut store) = world.store();
    let foreign = Client {
        foreign: true,
        ..Client::default()
    };
    let tx_code = Secret::from("123456");
    // The world stops a call to anybody but the issuer.
    let outcome = receive::accept(
        &mut store,
        world.surroundings(),
        foreign,
        &world.offer(),
        Some(&tx_code),
    );
    assert!(world.called("/credential") && store.contents().foreign.is_empty());
    code(outcome)
}

/// A session's id becomes part of an address.
#[test]
fn a_session_has_a_plain_id() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let start = || {
        let level = AssuranceLevel::Limited;
        enrol::start(&store, world.surroundings(), ISSUER, applicant(), level)
    };
    assert!(start().is_ok());
    world.fault.set(Fault::SessionElsewhere);
    assert_eq!(code(start()), "issuer_answer_malformed");
}

#[test]
fn what_became_of_a_session_is_told_apart() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let started = || {
        let level = AssuranceLevel::Full;
        enrol::start(&store, world.surroundings(), ISSUER, applicant(), level).unwrap()
    };
    let (session, another) = (started(), started());
    let progress = |state| {
        world.fault.set(Fault::SessionState(state));
        enrol::progress(world.surroundings(), &session)
    };
    assert!(matches!(progress("started"), Ok(Progress::Waiting)));
    assert!(matches!(progress("full_issued"), Ok(Progress::Issued)));
    assert_eq!(code(progress("expired")), "session_expired");
    assert_eq!(code(progress("refused")), "credential_request_denied");
    // A code is printed for the holder to write down: nothing else may be printed in its place.
    let recovery = |said| {
        world.fault.set(Fault::RecoveryCode(said));
        let code = enrol::recovery_code(world.surroundings(), &session).unwrap();
        code.map(|code| code.expose().to_owned())
    };
    assert_eq!(recovery("7QKD-9XYZ").as_deref(), Some("7QKD-9XYZ"));
    assert_eq!(recovery("\u{1b}[2Jcall your bank"), None);
    let lost = |reported| {
        world.fault.set(Fault::Reported(reported));
        let code = Secret::from("7QKD-9XYZ");
        enrol::report_lost(world.surroundings(), ISSUER, "1101", &code)
    };
    assert!(lost(true).is_ok());
    assert_eq!(code(lost(false)), "issuer_answer_malformed");
    // One session waits at a time, unless the holder says otherwise.
    let surroundings = world.surroundings();
    let again = session.duplicate();
    enrol::remember(&mut store, surroundings, session, false).unwrap();
    let outcome = enrol::remember(&mut store, surroundings, again, false);
    assert_eq!(code(outcome), "session_pending");
    enrol::remember(&mut store, surroundings, another, true).unwrap();
}

#[test]
fn no_more_than_eight_movements_are_asked_of_the_holder_and_no_fewer_than_one() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let level = AssuranceLevel::Limited;
    let session = enrol::start(&store, world.surroundings(), ISSUER, applicant(), level).unwrap();
    for (count, expected) in [
        (0, "issuer_answer_malformed"),
        (1, "accepted"),
        (8, "accepted"),
        (9, "issuer_answer_malformed"),
    ] {
        world.fault.set(Fault::Movements(count));
        let outcome = enrol::challenge(world.surroundings(), &session);
        assert_eq!(code(outcome), expected, "{count}");
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
    // A root has one spelling, so that it can be compared.
    let (_other, mut fresh) = world.store();
    world.fault.set(Fault::RootWithFragment);
    let outcome = trust::contact(&mut fresh, world.surroundings(), ISSUER, None);
    assert_eq!(code(outcome), "issuer_answer_malformed");
    assert!(fresh.contents().issuers.is_empty());
    world.fault.set(Fault::OtherRoot);
    let outcome = trust::contact(&mut store, world.surroundings(), ISSUER, None);
    assert_eq!(code(outcome), "bundle_untrusted");
    let given = tessera_verifier::did::did_key(tessera_verifier::crypto::LocalSigner::public_key(
        &world.unlisted,
    ));
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
        receive::accept(
            store,
            world.surroundings(),
            Client::default(),
            &world.offer(),
            code.as_ref(),
        )
    };
    assert_eq!(code(accept(&mut store, None)), "tx_code_needed");
    assert!(!world.called("/token"), "a wrong code counts at the issuer");
    assert_eq!(code(accept(&mut store, Some("000000"))), "invalid_grant");
    assert_eq!(code(accept(&mut store, Some("123456"))), "accepted");
}

#[test]
fn an_offer_travels_as_a_link() {
    let world = World::new();
    let offer = receive::parse_offer(&world.offer().to_uri()).unwrap();
    assert_eq!(
        receive::offered_level(&offer).unwrap(),
        Some(AssuranceLevel::Limited)
    );
    let mut mixed = world.offer();
    mixed
        .credential_configuration_ids
        .push("identity_full_ldp".into());
    assert_eq!(code(receive::parse_offer(&mixed.to_uri())), "offer_invalid");
    let mut other = world.offer();
    other.credential_configuration_ids = vec!["library_card".into()];
    let other = receive::parse_offer(&other.to_uri()).unwrap();
    assert_eq!(receive::offered_level(&other).unwrap(), None);
    // What the holder types instead of an offer.
    let typed = |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
        code(receive::offer_of(ISSUER, &ids))
    };
    let longest = "x".repeat(256);
    assert_eq!(typed(&[&longest]), "accepted");
    for ids in [&[][..], &["a", ""], &[&(longest + "x")]] {
        assert_eq!(typed(ids), "offer_invalid");
    }
    let mut empty = world.offer();
    empty.credential_configuration_ids.clear();
    assert_eq!(code(receive::parse_offer(&empty.to_uri())), "offer_invalid");
}

#[test]
fn signed_metadata_are_believed_by_the_keys_of_the_bundle() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    world.signs_metadata.set(true);
    enrolled(&world, &mut store).unwrap();
    world.fault.set(Fault::UnlistedMetadata);
    assert_eq!(code(enrolled(&world, &mut store)), "invalid_signature");
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
fn an_upgrade_waits_for_the_terminal() {
    let world = World::new();
    world.level.set(AssuranceLevel::Full);
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let surroundings = world.surroundings();
    let session = enrol::start(
        &store,
        surroundings,
        ISSUER,
        applicant(),
        AssuranceLevel::Full,
    )
    .unwrap();
    enrol::remember(&mut store, surroundings, session, false).unwrap();
    let session = store.contents().pending.as_ref().unwrap().duplicate();
    assert!(matches!(
        enrol::progress(surroundings, &session).unwrap(),
        Progress::Waiting
    ));
    world.terminal_done.set(true);
    let Progress::Granted(granted) = enrol::progress(surroundings, &session).unwrap() else {
        unreachable!("the terminal is done");
    };
    assert!(granted.tx_code.is_none(), "the terminal shows the code");
    let code = Secret::from("123456");
    receive::accept(
        &mut store,
        surroundings,
        Client::default(),
        &granted.offer,
        Some(&code),
    )
    .unwrap();
    enrol::forget(&mut store, surroundings).unwrap();
    assert!(store.contents().pending.is_none());
    assert_eq!(store.contents().sets[0].level, AssuranceLevel::Full);
}

#[test]
fn an_offer_for_somebody_else_does_not_replace_the_holders_credential() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let own = enrolled(&world, &mut store).unwrap();
    world.person.set("110101199003070099");
    assert_eq!(code(enrolled(&world, &mut store)), "other_person");
    let sets = &store.contents().sets;
    assert_eq!((sets.len(), sets[0].id.as_str()), (1, own.as_str()));
    assert!(sets[0].retired_at.is_none());
}

/// What comes later completes the set that it belongs to, if it is of the same person.
#[test]
fn what_was_deferred_joins_the_same_data_only() {
    for (person, expected) in [
        ("110101199003070011", "accepted"),
        ("110101199003070099", "other_person"),
    ] {
        let world = World::new();
        world.fault.set(Fault::LdpLater);
        let (_folder, mut store) = world.store();
        let id = enrolled(&world, &mut store).unwrap();
        assert_eq!(store.contents().set(&id).unwrap().issued, 10);
        world.person.set(person);
        let outcome = receive::collect(&mut store, world.surroundings(), Client::default());
        assert_eq!(code(outcome), expected);
        let set = store.contents().set(&id).unwrap();
        let later = if expected == "accepted" { 10 } else { 0 };
        assert_eq!(set.remaining(Format::LdpVc), later);
        assert_eq!(store.contents().sets.len(), 1);
    }
}

#[test]
fn a_new_enrolment_retires_sets_of_the_same_person_only() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let other = enrolled(&world, &mut store).unwrap();
    let own = enrolled(&world, &mut store).unwrap();
    store
        .update(world.surroundings().rng, |contents| {
            let set = &mut contents.sets[0];
            set.retired_at = None;
            let number = "personal_administrative_number".to_owned();
            set.claims.insert(number, "110101199003070099".into());
            Ok(())
        })
        .unwrap();
    enrolled(&world, &mut store).unwrap();
    let retired = |id: &str| store.contents().set(id).unwrap().retired_at.is_some();
    assert!(retired(&own) && !retired(&other));
    // What is retired ended at the issuer too: the holder is not told to report it lost, which would end what replaced it.
    let (contents, end) = (store.contents(), store.contents().sets[0].valid_until);
    let in_force = |id: &str, now: i64| contents.is_in_force(id, Timestamp::from_unix(now));
    assert!(in_force(&other, end - 1) && !in_force(&other, end));
    assert!(!in_force(&own, end - 1) && !in_force("limited-none", end - 1));
}

#[test]
fn no_more_than_eight_mebibytes_of_a_bundle_are_read_and_half_a_kibibyte_of_a_root() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let bound = |path: &str| world.bounds.borrow()[path];
    assert_eq!((bound("/bundle"), bound("/root")), (8 << 20, 512));
}

#[test]
fn what_runs_low_or_ends_soon_is_due_once_a_day() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let id = enrolled(&world, &mut store).unwrap();
    let clock = || tessera_wallet::Clock::now(&world);
    let due = |store: &Store| renew::due(store.contents(), clock()).len();
    assert_eq!(due(&store), 0);
    let change = |store: &mut Store, change: &dyn Fn(&mut CredentialSet)| {
        store
            .update(world.surroundings().rng, |contents| {
                contents.sets.iter_mut().for_each(change);
                Ok(())
            })
            .unwrap();
    };
    // Three left of one format is not low, two is, whatever is left of the other.
    let keep = |set: &mut CredentialSet, most: usize| {
        let mut kept = 0;
        set.unused.retain(|one| {
            kept += usize::from(one.format == Format::SdJwt);
            one.format != Format::SdJwt || kept <= most
        });
    };
    change(&mut store, &|set| keep(set, 3));
    assert_eq!(due(&store), 0);
    change(&mut store, &|set| keep(set, 2));
    assert_eq!(due(&store), 1);
    let found = renew::due(store.contents(), clock());
    assert!(
        matches!(found[0].means, Means::DeviceKey(_)),
        "no refresh token came"
    );
    // Asked for and refused: not again on the same day.
    renew::refused(&mut store, world.surroundings(), &id).unwrap();
    assert_eq!(due(&store), 0);
    world.now.set(world.now.get() + DAY);
    assert_eq!(due(&store), 1);
    // Enough is left, but it ends soon.
    let (_other, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let end = store.contents().sets[0].valid_until;
    world.now.set(end - 8 * DAY);
    assert_eq!(due(&store), 0);
    world.now.set(end - 6 * DAY);
    assert_eq!(due(&store), 1);
}

/// Class 17: the day on which a district opens reaches the person, in either language.
#[test]
fn who_comes_too_early_learns_from_which_day() {
    let world = World::new();
    world.fault.set(Fault::DistrictNotOpen);
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    let refused = |district| {
        let applicant = enrol::Applicant {
            number: "1101",
            district,
        };
        let level = AssuranceLevel::Limited;
        let outcome = enrol::start(&store, world.surroundings(), ISSUER, applicant, level);
        let error = outcome.err().unwrap();
        assert_eq!(error.code(), "district_not_open");
        error
    };
    let sentence = |district, language| refused(district).sentence(language);
    let early = sentence(Some("hills"), Language::English);
    assert_eq!(early, "Enrolment in Hills opens on 2027-02-01.");
    let early = sentence(Some("hills"), Language::Chinese);
    assert!(early.contains("样本山") && early.contains("2027-02-01"));
    // A district that is not named, one nobody knows, a day that is none, and a name that goes on and on: the sentence
    // without a day.
    for district in [None, Some("elsewhere"), Some("moor"), Some("marsh")] {
        let plain = sentence(district, Language::English);
        assert_eq!(plain, "Enrolment is not open for this district yet.");
    }
}

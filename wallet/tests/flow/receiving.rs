//! What the wallet takes from an issuer, and what it does not.

use support::{DAY, Fault, ISSUER, World};
use tessera_verifier::claims::{AssuranceLevel, Format};
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
        (Fault::OtherIdentifier, "issuer_answer_malformed", ""),
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
        }
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
}

#[test]
fn no_more_than_eight_mebibytes_of_a_bundle_are_read() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    trust::contact(&mut store, world.surroundings(), ISSUER, None).unwrap();
    assert_eq!(world.bundle_bound.get(), 8 * 1024 * 1024);
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
    // A district that is not named, one nobody knows, and a day that is none: the sentence without a day.
    for district in [None, Some("elsewhere"), Some("moor")] {
        let plain = sentence(district, Language::English);
        assert_eq!(plain, "Enrolment is not open for this district yet.");
    }
}

//! What the wallet shows, to whom, and what the relying party makes of it.

use serde_json::Value;
use support::{DAY, Fault, ISSUER, REQUEST_URI, RESPONSE_URI, World};
use tessera_verifier::catalogue::Catalogue;
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::request::Request;
use tessera_wallet::consent::{self, Answer};
use tessera_wallet::present;
use tessera_wallet::store::{CredentialBody, HistoryEvent, Store};
use tessera_wallet::{Error, trust};

use super::*;

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
        assert_eq!(proposal.shown().next().unwrap().values, [Value::Bool(true)]);
        let presentation = presented(&world, &mut store, &request, Some(format)).unwrap();
        world.fault.set(Fault::None);
        let learned = checked(&world, &request, &presentation).unwrap();
        assert_eq!(
            learned,
            serde_json::json!({"age_equal_or_over": {"18": true}}),
            "{format}"
        );
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
        let presentation = presented(&world, &mut store, &request, Some(Format::SdJwt)).unwrap();
        let text = presentation.to_json()["vp_token"]["sd_jwt"][0]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            seen.insert(text.split('~').next().unwrap().to_owned()),
            "shown twice"
        );
        assert_eq!(
            store.contents().set(&id).unwrap().remaining(Format::SdJwt),
            10 - round
        );
    }
    let outcome = presented(&world, &mut store, &request, Some(Format::SdJwt));
    assert_eq!(code(outcome), "credentials_exhausted");
    // The other format still has its ten; without a wish the wallet goes on with that.
    assert_eq!(
        proposed(&world, &mut store, &request, None)
            .unwrap()
            .format(),
        Some(Format::LdpVc)
    );
    // Gone from the disk too.
    drop(store);
    let passphrase = tessera_wallet::secret::Passphrase::new("passphrase").unwrap();
    let store = Store::open(folder.path(), &passphrase).unwrap();
    assert_eq!(
        store.contents().set(&id).unwrap().remaining(Format::SdJwt),
        0
    );
}

#[test]
fn limited_does_not_open_a_bank_account_and_full_does() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let limited = enrolled(&world, &mut store).unwrap();
    let request = world.request("bank-account", None, None);
    assert_eq!(
        code(presented(&world, &mut store, &request, None)),
        "assurance_too_low"
    );

    // Somebody who forces it gets nowhere: the relying party refuses by itself.
    for format in Format::ALL {
        let own = Request::for_own(&request).unwrap();
        let set = store.contents().set(&limited).unwrap();
        let one = set.unused.iter().find(|one| one.format == format).unwrap();
        let service = Catalogue::builtin().get("bank-account").unwrap();
        let forced =
            present::hazmat_present_with(one, &own, &service.claims, world.surroundings()).unwrap();
        assert_eq!(
            checked(&world, &request, &forced).unwrap_err(),
            "assurance_too_low"
        );
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
    assert_eq!(
        level(&mut store),
        Some(AssuranceLevel::Full),
        "the limited one is retired"
    );
    // A wallet whose limited credential is still in force keeps the full one back.
    store
        .update(world.surroundings().rng, |contents| {
            contents
                .sets
                .iter_mut()
                .for_each(|set| set.retired_at = None);
            Ok(())
        })
        .unwrap();
    let proposal = proposed(&world, &mut store, &request, None).unwrap();
    assert_eq!(
        (proposal.level(), proposal.credential()),
        (Some(AssuranceLevel::Limited), limited.as_str())
    );
}

#[test]
fn requesters_who_may_not_ask_are_refused() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let mut ask = |request: &str| code(presented(&world, &mut store, request, None));
    let birthdate = ClaimPath::keys(&["birthdate"]);
    assert_eq!(
        ask(&world.request("internet-cafe", Some(birthdate), None)),
        "over_asking"
    );
    assert_eq!(
        ask(&world.request("train-gate", None, None)),
        "requester_unregistered"
    );
    assert_eq!(
        ask(&world.request_by(&world.unlisted, "internet-cafe")),
        "requester_unregistered"
    );
    let good = world.request("internet-cafe", None, None);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    assert_eq!(
        ask(&format!("{head}.{first}{}", &signature[1..])),
        "request_invalid"
    );
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
    assert_eq!(
        code(presented(&world, &mut store, &request, None)),
        "bundle_stale"
    );
    world.fault.set(Fault::None);
    assert_eq!(
        code(presented(&world, &mut store, &request, None)),
        "accepted"
    );
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
    present::remember_refusal(
        &mut store,
        surroundings,
        Some(refused.proposal().request()),
        &no,
    )
    .unwrap();
    assert_eq!(store.contents().set(&id).unwrap().unused.len(), 20);
    let last = store.contents().history.last().unwrap();
    assert!(
        matches!(&last.event, HistoryEvent::Refused { code, .. } if code == "consent_declined")
    );
}

#[test]
fn history_names_claims_and_never_their_values() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    upgraded(&world, &mut store);
    let request = world.request("bank-account", None, None);
    presented(&world, &mut store, &request, None).unwrap();
    let history = serde_json::to_string(&store.contents().history).unwrap();
    for name in [
        "family_name",
        "bank-account",
        "Specimen Services",
        "decentralized_identifier:",
    ] {
        assert!(history.contains(name), "{name}");
    }
    for value in [
        "SPECIMEN",
        "MING",
        "1990",
        "110101199003070011",
        "Specimen Road",
    ] {
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
    let sent = presentation.send(world.surroundings()).unwrap();
    assert_eq!(sent.redirect_uri, None);
    let posted = world.posted.borrow();
    let form: std::collections::BTreeMap<_, _> = url::form_urlencoded::parse(posted[0].as_bytes())
        .into_owned()
        .collect();
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
    assert_eq!(
        code(presented(&world, &mut store, &request, None)),
        "credential_expired"
    );
    let (_other, mut empty) = world.store();
    trust::contact(&mut empty, world.surroundings(), ISSUER, None).unwrap();
    assert_eq!(
        code(presented(&world, &mut empty, &request, None)),
        "no_credential"
    );
}

#[test]
fn a_link_leads_to_the_request_of_the_client_it_names() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let request = world.request("internet-cafe", None, None);
    world.served.replace(request.clone());
    let client = world.client_id();
    let link = |query: &[(&str, &str)]| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(query);
        format!("openid4vp://?{}", form.finish())
    };
    let known = trust::fresh(&mut store, world.surroundings()).unwrap();
    let reach = Reach::of(store.contents(), false);
    let follow = |link: &str| {
        code(
            RequestObject::from_link(world.surroundings(), link, &reach).and_then(|object| {
                object.authenticate(&known, tessera_wallet::Clock::now(&world), &reach)
            }),
        )
    };
    let by_value = [("client_id", client.as_str()), ("request", &request)];
    let by_reference = [("client_id", client.as_str()), ("request_uri", REQUEST_URI)];
    assert_eq!(follow(&link(&by_value)), "accepted");
    assert_eq!(follow(&link(&by_reference)), "accepted");
    let posted = [by_reference.as_slice(), &[("request_uri_method", "post")]].concat();
    // What was fetched by POST must repeat the wallet's nonce; this server has one answer for all.
    assert_eq!(follow(&link(&posted)), "request_invalid");
    assert_eq!(follow(REQUEST_URI), "accepted");

    // Somebody else's name on the link (OpenID4VP 1.0 §5: the two must be the same).
    let other = [
        ("client_id", "decentralized_identifier:did:key:zOther"),
        ("request", &request),
    ];
    assert_eq!(follow(&link(&other)), "request_invalid");
    let both = [by_value.as_slice(), &[("request_uri", REQUEST_URI)]].concat();
    assert_eq!(follow(&link(&both)), "request_unreadable");
    let twice = [by_value.as_slice(), &[("client_id", &client)]].concat();
    assert_eq!(follow(&link(&twice)), "request_unreadable");
    assert_eq!(follow(&link(&by_value[1..])), "request_unreadable");
    assert_eq!(follow("file:///etc/passwd"), "request_unreadable");
    for (inward, expected) in [
        ("http://cafe.example/", "url_insecure"),
        ("http://127.0.0.1:631/", "address_refused"),
        ("https://localhost/", "address_refused"),
        ("ftp://cafe.example/", "url_invalid"),
        ("file:///etc/passwd", "url_invalid"),
    ] {
        let hostile = [("client_id", client.as_str()), ("request_uri", inward)];
        assert_eq!(follow(&link(&hostile)), expected, "{inward}");
    }
    world.served.replace("a".repeat(70_000));
    assert_eq!(follow(REQUEST_URI), "request_unreadable");
}

#[test]
fn claims_inside_an_array_are_shown_in_either_format() {
    for format in Format::ALL {
        let world = World::new();
        let (_folder, mut store) = world.store();
        upgraded(&world, &mut store);
        let every: ClaimPath =
            serde_json::from_value(serde_json::json!(["nationalities", null])).unwrap();
        let request = world.request("bank-account", Some(every), None);
        let presentation = presented(&world, &mut store, &request, Some(format)).unwrap();
        let learned = checked(&world, &request, &presentation).unwrap();
        assert_eq!(
            learned["nationalities"],
            serde_json::json!(["UT"]),
            "{format}"
        );
    }
}

#[test]
fn a_credential_that_cannot_be_shown_is_not_spent() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    let id = enrolled(&world, &mut store).unwrap();
    store
        .update(world.surroundings().rng, |contents| {
            for one in &mut contents.sets[0].unused {
                one.body = match one.format {
                    Format::SdJwt => CredentialBody::SdJwt("damaged".into()),
                    Format::LdpVc => CredentialBody::Ldp(serde_json::json!({})),
                };
            }
            Ok(())
        })
        .unwrap();
    let request = world.request("internet-cafe", None, None);
    for format in Format::ALL {
        assert_ne!(
            code(presented(&world, &mut store, &request, Some(format))),
            "accepted"
        );
        assert_eq!(store.contents().set(&id).unwrap().remaining(format), 10);
    }
}

#[test]
fn issuers_without_a_usable_credential_are_not_contacted() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let stale = world.now.get() + world.bundle_age.get() + 1;
    for (now, expected) in [
        (stale, "accepted"),
        (world.now.get() + 91 * DAY, "credential_expired"),
    ] {
        world.now.set(now);
        world.calls.borrow_mut().clear();
        assert_eq!(
            code(trust::fresh(&mut store, world.surroundings())),
            expected
        );
        let contacted = world.calls.borrow().iter().any(|path| path == "/bundle");
        assert_eq!(contacted, expected == "accepted");
    }
}

#[test]
fn an_answer_does_not_go_to_this_machine_unless_allowed() {
    let world = World::new();
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let at = "http://127.0.0.1:8080/response";
    let request = world.request("internet-cafe", None, Some(at));
    let known = trust::fresh(&mut store, world.surroundings()).unwrap();
    let asked = |reach: Reach| {
        let object = RequestObject::from_text(&request).unwrap();
        code(object.authenticate(&known, tessera_wallet::Clock::now(&world), &reach))
    };
    assert_eq!(asked(Reach::of(store.contents(), false)), "address_refused");
    assert_eq!(asked(Reach::of(store.contents(), true)), "accepted");
    store
        .update(world.surroundings().rng, |contents| {
            contents.issuers[0].url = "http://127.0.0.1:8080".into();
            Ok(())
        })
        .unwrap();
    assert_eq!(asked(Reach::of(store.contents(), false)), "accepted");
}

//! DCQL from the holder's side.

use aws_lc_rs::rand::SystemRandom;
use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::encoding::from_base64url;
use tessera_wallet::secret::StoredKey;
use tessera_wallet::store::{
    AuthenticatedBy, CredentialBody, CredentialSet, ForeignSet, OneTimeCredential,
};

use super::*;

fn pid(payload: &mut Value) -> &mut Value {
    &mut payload["dcql_query"]["credentials"][0]
}

fn items(
    flow: &Flow<'_>,
    store: &mut Store,
    change: impl FnOnce(&mut Value),
) -> Result<Vec<(String, Vec<String>)>, String> {
    let request = flow.verifier.request(change);
    flow.proposed(store, &request)
        .map(|proposal| {
            let claims =
                |item: &select::Item| item.shown().iter().map(|c| c.name.clone()).collect();
            proposal
                .items()
                .iter()
                .map(|item| (item.query().to_owned(), claims(item)))
                .collect()
        })
        .map_err(|error| error.code().to_owned())
}

fn answered(ids: &[(&str, &[&str])]) -> Result<Vec<(String, Vec<String>)>, String> {
    Ok(ids
        .iter()
        .map(|(id, claims)| {
            (
                (*id).to_owned(),
                claims.iter().map(|c| (*c).to_owned()).collect(),
            )
        })
        .collect())
}

#[test]
fn a_query_with_no_claims_is_answered_with_none() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let request = verifier.request(|payload| {
        pid(payload).as_object_mut().unwrap().remove("claims");
    });
    let signed = flow.signed(&mut store, &request).unwrap().to_json();
    let presentation = signed["vp_token"]["pid"][0].as_str().unwrap();
    assert!(disclosed(presentation).is_empty());
    assert_eq!(key_binding(presentation)["nonce"], "n-0S6_WzA2Mj");
}

#[test]
fn what_is_optional_is_shown_only_when_the_holder_wishes() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let optional = |payload: &mut Value| {
        let mut extra = pid(payload).clone();
        extra["id"] = json!("extra");
        extra["claims"] = json!([{"path": ["birthdate"]}]);
        let mut lacking = pid(payload).clone();
        lacking["id"] = json!("lacking");
        lacking["claims"] = json!([{"path": ["shoe_size"]}]);
        let credentials = payload["dcql_query"]["credentials"].as_array_mut().unwrap();
        credentials.extend([extra, lacking]);
        payload["dcql_query"]["credential_sets"] = json!([
            {"options": [["pid"]]},
            {"options": [["extra"]], "required": false},
            {"options": [["lacking"]], "required": false},
        ]);
    };
    let mut flow = Flow::new(&world, &verifier);
    assert_eq!(
        items(&flow, &mut store, optional),
        answered(&[("pid", &["family_name"])])
    );
    flow.wish.optional = true;
    let both = answered(&[("pid", &["family_name"]), ("extra", &["birthdate"])]);
    assert_eq!(items(&flow, &mut store, optional), both);
    // Two queries, two one-time credentials.
    let signed = flow
        .signed(&mut store, &verifier.request(optional))
        .unwrap()
        .to_json();
    let jwt = |id: &str| {
        signed["vp_token"][id][0]
            .as_str()
            .unwrap()
            .split('~')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_ne!(jwt("pid"), jwt("extra"));
}

#[test]
fn a_required_credential_that_it_lacks_stops_everything() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let lacking = |payload: &mut Value| {
        let mut other = pid(payload).clone();
        other["id"] = json!("diploma");
        other["meta"] = json!({"vct_values": ["urn:example:diploma"]});
        payload["dcql_query"]["credentials"]
            .as_array_mut()
            .unwrap()
            .push(other);
    };
    assert_eq!(
        items(&flow, &mut store, lacking),
        Err("assurance_too_low".to_owned())
    );
    let sets = |payload: &mut Value| {
        lacking(payload);
        payload["dcql_query"]["credential_sets"] = json!([{"options": [["pid", "diploma"]]}]);
    };
    assert!(items(&flow, &mut store, sets).is_err());
    let either = |payload: &mut Value| {
        lacking(payload);
        payload["dcql_query"]["credential_sets"] = json!([{"options": [["diploma"], ["pid"]]}]);
    };
    assert_eq!(
        items(&flow, &mut store, either),
        answered(&[("pid", &["family_name"])])
    );
}

#[test]
fn claim_sets_and_values_choose_the_first_that_can_be_met() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let asking = |store: &mut Store, claims: Value, sets: Value| {
        items(&flow, store, |payload| {
            pid(payload)["claims"] = claims;
            if !sets.is_null() {
                pid(payload)["claim_sets"] = sets;
            }
        })
    };
    let claims = json!([
        {"id": "a", "path": ["shoe_size"]},
        {"id": "b", "path": ["family_name"]},
        {"id": "c", "path": ["given_name"]},
    ]);
    let sets = json!([["a", "b"], ["b"], ["c"]]);
    assert_eq!(
        asking(&mut store, claims, sets),
        answered(&[("pid", &["family_name"])])
    );
    let value = |values: Value| json!([{"path": ["family_name"], "values": values}]);
    assert!(asking(&mut store, value(json!(["OTHER", "SPECIMEN"])), Value::Null).is_ok());
    let other = asking(&mut store, value(json!(["OTHER"])), Value::Null);
    assert_eq!(other, Err("query_not_satisfied".to_owned()));
    // A claim that is asked twice is shown once.
    let twice = json!([{"path": ["family_name"]}, {"path": ["family_name"]}]);
    assert_eq!(
        asking(&mut store, twice, Value::Null),
        answered(&[("pid", &["family_name"])])
    );
}

/// Puts a credential of the full level's type into the wallet that an issuer in no bundle gave, about somebody else.
fn foreign(world: &World, store: &mut Store) {
    let own = StoredKey::generate(&SystemRandom::new()).unwrap();
    let holder_key = own.open().unwrap();
    let level = AssuranceLevel::Full;
    let text = world.issue(level, Format::SdJwt, holder_key.public_key(), "OTHER");
    let text = text.as_str().unwrap().to_owned();
    store
        .update(&SystemRandom::new(), |contents| {
            contents.foreign.push(ForeignSet {
                id: "other-1".to_owned(),
                issuer_url: "https://other.example".to_owned(),
                issuer: "https://other.example".to_owned(),
                authenticated_by: AuthenticatedBy::Address,
                vct: CredentialProfile::of(level).vct.to_owned(),
                configuration: "other".to_owned(),
                received_at: world.now.get(),
                valid_from: None,
                valid_until: None,
                claims: serde_json::Map::new(),
                issued: 1,
                unused: vec![OneTimeCredential {
                    format: Format::SdJwt,
                    body: CredentialBody::SdJwt(text),
                    key: own,
                }],
                renewal: None,
            });
            Ok(())
        })
        .unwrap();
}

/// §6.1 `multiple`: one is enough; every one that fits, each once, where the holder wishes it.
#[test]
fn several_credentials_answer_one_query_where_it_takes_them_and_the_holder_wishes() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    foreign(&world, &mut store);
    let mut flow = Flow::new(&world, &verifier);
    let one = answered(&[("pid", &["family_name"])]);
    let multiple = |payload: &mut Value| pid(payload)["multiple"] = json!(true);
    assert_eq!(items(&flow, &mut store, multiple), one);
    flow.wish.several = true;
    assert_eq!(items(&flow, &mut store, |_| {}), one, "not asked for");
    let both = answered(&[("pid", &["family_name"]), ("pid", &["family_name"])]);
    assert_eq!(items(&flow, &mut store, multiple), both);
    // What is past is not shown, whoever issued it.
    let now = world.now.get();
    for (from, until, expected) in [
        (None, Some(now), &one),
        (Some(now + 1), None, &one),
        (Some(now), Some(now + 1), &both),
    ] {
        let changed = store.update(&SystemRandom::new(), |contents| {
            let set = contents.foreign.last_mut().unwrap();
            (set.valid_from, set.valid_until) = (from, until);
            Ok(())
        });
        changed.unwrap();
        assert_eq!(items(&flow, &mut store, multiple), *expected);
    }
    flow.run(&mut store, &verifier.request(multiple)).unwrap();
    let form = verifier.received().last().unwrap().form();
    let token: Value = serde_json::from_str(&form["vp_token"]).unwrap();
    let shown = token["pid"].as_array().unwrap();
    let names: Vec<_> = shown
        .iter()
        .map(|one| {
            let text = one.as_str().unwrap();
            assert_eq!(key_binding(text)["nonce"], "n-0S6_WzA2Mj");
            let parsed = tessera_verifier::sd_jwt::parse(text).unwrap();
            parsed.claims_unverified().unwrap()["family_name"].clone()
        })
        .collect();
    assert_eq!(names, ["SPECIMEN", "OTHER"]);
    // Spent, the one as the other.
    assert!(store.contents().foreign[0].unused.is_empty());
    assert_eq!(items(&flow, &mut store, multiple), one);
}

/// A registered party sees what its own register's issuer gave, in force and not replaced; a service of the catalogue sees
/// nothing of issuers that are in no bundle, whatever they call it.
#[test]
fn a_registered_party_sees_the_credentials_of_its_own_authority_alone() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    foreign(&world, &mut store);
    let request = world.request("bank-account", None, None);
    let mut flow = Flow::new(&world, &verifier);
    flow.acceptance = Acceptance::default();
    assert_eq!(code(flow.proposed(&mut store, &request)), "accepted");
    let mut with = |change: &dyn Fn(&mut CredentialSet)| {
        store
            .update(&SystemRandom::new(), |contents| {
                contents.sets.iter_mut().for_each(change);
                Ok(())
            })
            .unwrap();
        code(flow.proposed(&mut store, &request))
    };
    let own = "https://issuer.example".to_owned();
    assert_eq!(
        with(&|set| set.issuer_url = "https://other.example".to_owned()),
        "no_credential"
    );
    assert_eq!(with(&|set| set.issuer_url.clone_from(&own)), "accepted");
    let until = world.now.get() + 30 * support::DAY;
    assert_eq!(
        with(&|set| set.valid_until = world.now.get()),
        "credential_expired"
    );
    assert_eq!(with(&|set| set.valid_until = until), "accepted");
    assert_eq!(with(&|set| set.retired_at = Some(1)), "no_credential");
}

/// A service that needs the full level gets it, though its request would take the limited one by name.
#[test]
fn a_service_is_shown_no_lower_level_than_it_needs() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = world.store();
    enrolled(&world, &mut store).unwrap();
    let mut flow = Flow::new(&world, &verifier);
    flow.acceptance = Acceptance::default();
    let compact = world.request("bank-account", None, None);
    let part = |n: usize| from_base64url(compact.split('.').nth(n).unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&part(0)).unwrap();
    let mut payload: Value = serde_json::from_slice(&part(1)).unwrap();
    for asked in payload["dcql_query"]["credentials"].as_array_mut().unwrap() {
        let types = AssuranceLevel::ALL.map(CredentialProfile::of);
        asked["meta"] = match asked["format"].as_str().unwrap() {
            "dc+sd-jwt" => json!({"vct_values": types.map(|one| one.vct)}),
            _ => json!({"type_values": types.map(CredentialProfile::expanded_types)}),
        };
    }
    let request = tessera_verifier::jws::sign(header, &payload, &world.relying_party).unwrap();
    let refused = flow.proposed(&mut store, &request);
    assert_eq!(code(refused), "assurance_too_low");
    upgraded(&world, &mut store);
    let proposal = flow.proposed(&mut store, &request).unwrap();
    assert_eq!(proposal.level(), Some(AssuranceLevel::Full));
}

#[test]
fn what_is_left_must_do_for_the_whole_request() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let twice = |payload: &mut Value| {
        let mut second = pid(payload).clone();
        second["id"] = json!("again");
        let credentials = payload["dcql_query"]["credentials"].as_array_mut();
        credentials.unwrap().push(second);
    };
    assert_eq!(items(&flow, &mut store, twice).unwrap().len(), 2);
    store
        .update(&SystemRandom::new(), |contents| {
            let set = contents.sets.last_mut().unwrap();
            set.unused.retain(|one| one.format == Format::SdJwt);
            set.unused.truncate(1);
            Ok(())
        })
        .unwrap();
    let refused = items(&flow, &mut store, twice);
    assert_eq!(refused, Err("credentials_exhausted".to_owned()));
    assert_eq!(items(&flow, &mut store, |_| {}).unwrap().len(), 1);
}

#[test]
fn of_two_options_the_one_whose_format_the_verifier_reads_is_taken() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let either = |payload: &mut Value| {
        let full = CredentialProfile::of(AssuranceLevel::Full);
        let first = json!({"id": "w3c", "format": "ldp_vc", "meta": {"type_values": [full.expanded_types()]},
            "claims": [{"path": ["credentialSubject", "family_name"]}]});
        let credentials = payload["dcql_query"]["credentials"].as_array_mut();
        credentials.unwrap().push(first);
        payload["dcql_query"]["credential_sets"] = json!([{"options": [["w3c"], ["pid"]]}]);
    };
    let w3c = answered(&[("w3c", &["family_name"])]);
    assert_eq!(items(&flow, &mut store, either), w3c);
    let reads_sd_jwt = |payload: &mut Value| {
        either(payload);
        payload["client_metadata"] = json!({"vp_formats_supported": {"dc+sd-jwt": {}}});
    };
    let sd_jwt = answered(&[("pid", &["family_name"])]);
    assert_eq!(items(&flow, &mut store, reads_sd_jwt), sd_jwt);
}

#[test]
fn a_request_that_ends_while_the_holder_thinks_is_not_answered() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let until = world.now.get() + 60;
    let request = verifier.request(|payload| payload["exp"] = json!(until));
    let proposal = flow.proposed(&mut store, &request).unwrap();
    let consent = consent::ask(proposal, &mut super::super::Says(Says::Yes));
    world.now.set(until);
    let signed = present::sign(&mut store, world.surroundings(), consent.ok().unwrap());
    assert_eq!(code(signed), "request_expired");
    let left: usize = store
        .contents()
        .sets
        .iter()
        .map(|set| set.unused.len())
        .sum();
    assert_eq!(left, 20, "nothing is spent");
}

#[test]
fn trusted_authorities_that_cannot_be_told_are_refused_with_the_reason() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let mut asking = |authorities: Value| {
        items(&flow, &mut store, |payload| {
            pid(payload)["trusted_authorities"] = authorities
        })
    };
    for kind in ["openid_federation", "etsi_tl", "unknown"] {
        let refused = asking(json!([{"type": kind, "values": ["https://anchor.example"]}]));
        assert_eq!(refused, Err("request_invalid".to_owned()), "{kind}");
    }
    // Our credentials are signed under a DID, without certificate: no authority key identifier matches.
    let aki = json!([{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}]);
    assert_eq!(asking(aki), Err("query_not_satisfied".to_owned()));
}

/// OpenID4VP 1.0 §6.1.1.1: the key identifier of the authority behind the credential's certificate.
#[test]
fn trusted_authorities_by_key_identifier_choose_what_is_under_that_authority() {
    use tessera_verifier::crypto::LocalSigner as _;
    use tessera_verifier::encoding::base64url;
    let (world, verifier) = (World::new(), Verifier::start());
    world.certified.set(true);
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let own = base64url(&world.authority.key_id(world.signing.public_key()));
    let other = support::Ca::new("Specimen elsewhere").key_id(world.signing.public_key());
    let other = base64url(&other);
    let mut asking = |values: Value| {
        items(&flow, &mut store, |payload| {
            pid(payload)["trusted_authorities"] = json!([{"type": "aki", "values": values}])
        })
    };
    let taken = answered(&[("pid", &["family_name"])]);
    assert_eq!(asking(json!([own])), taken);
    assert_eq!(asking(json!([other, own])), taken);
    let refused = asking(json!([other]));
    assert_eq!(refused, Err("query_not_satisfied".to_owned()));
}

#[test]
fn without_holder_binding_no_proof_goes_with_it() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let request = verifier.request(|payload| {
        pid(payload)["require_cryptographic_holder_binding"] = json!(false);
    });
    assert!(!flow.proposed(&mut store, &request).unwrap().items()[0].is_bound());
    let signed = flow.signed(&mut store, &request).unwrap().to_json();
    assert!(
        signed["vp_token"]["pid"][0]
            .as_str()
            .unwrap()
            .ends_with('~')
    );
    assert_eq!(signed["state"], "af0ifjsldkj");
}

#[test]
fn a_format_that_the_verifier_cannot_check_is_not_shown() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let refused = items(&flow, &mut store, |payload| {
        payload["client_metadata"] = json!({"vp_formats_supported": {"mso_mdoc": {}}});
    });
    assert_eq!(refused, Err("formats_unknown".to_owned()));
    let mut picky = Flow::new(&world, &verifier);
    picky.wish.format = Some(Format::LdpVc);
    assert_eq!(
        items(&picky, &mut store, |_| {}),
        Err("format_unavailable".to_owned())
    );
}

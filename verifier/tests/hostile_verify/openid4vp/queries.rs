//! DCQL and the verifier's metadata, as read.

use serde_json::{Value, json};
use tessera_verifier::Request;
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::crypto::LocalSigner;

use super::{by_did, stranger};
use crate::world::{Signer, World, check_token};

fn with(change: impl FnOnce(&mut Value)) -> Result<Request, tessera_verifier::Error> {
    Request::for_own(&by_did(&Signer::fresh(), change))
}

#[test]
fn an_encryption_key_that_can_be_used_is_found_among_those_that_cannot() {
    let key = Signer::fresh();
    let usable = || {
        let mut jwk = key.public_key().to_jwk();
        jwk["kid"] = json!("right");
        jwk["alg"] = json!("ECDH-ES");
        jwk["use"] = json!("enc");
        jwk
    };
    let spoiled = |name: &str, value: Value| {
        let mut jwk = usable();
        jwk["kid"] = json!(format!("wrong-{name}-{value}"));
        jwk[name] = value;
        jwk
    };
    let unusable = [
        json!({"kty": "OKP", "crv": "X25519", "kid": "x", "alg": "ECDH-ES", "x": "WPX7wnwq10hFNK9aDSyG1QlLswE_CJY14LdhcFUIVVc"}),
        json!({"kty": "RSA", "kid": "rsa", "alg": "RSA-OAEP-256", "n": "AQAB", "e": "AQAB"}),
        spoiled("alg", json!("ECDH-ES+A256KW")),
        spoiled("alg", Value::Null),
        spoiled("use", json!("sig")),
        spoiled("d", json!("AAAA")),
        spoiled("x", json!("AAAA")),
        spoiled("kid", json!(7)),
        json!("no key"),
    ];
    let asking = |keys: Vec<Value>, encs: Value| {
        with(|payload| {
            payload["response_mode"] = json!("direct_post.jwt");
            payload["client_metadata"] = json!({"jwks": {"keys": keys}});
            if !encs.is_null() {
                payload["client_metadata"]["encrypted_response_enc_values_supported"] = encs;
            }
        })
    };
    for enc in [
        json!(["A128GCM"]),
        json!(["A256GCM", "A128GCM"]),
        Value::Null,
    ] {
        let keys = unusable.iter().cloned().chain([usable()]).collect();
        let request = asking(keys, enc.clone()).unwrap();
        let chosen = request.encryption().unwrap();
        assert_eq!(chosen.kid, "right");
        let expected = if enc == json!(["A256GCM", "A128GCM"]) {
            "A256GCM"
        } else {
            "A128GCM"
        };
        assert_eq!(chosen.enc, expected, "{enc}");
    }
    assert!(asking(unusable.to_vec(), Value::Null).is_err());
    assert!(asking(vec![], Value::Null).is_err());
    assert!(asking(vec![usable()], json!(["A128CBC-HS256"])).is_err());
    assert!(asking(vec![usable()], json!([])).is_err());
    assert!(
        asking(vec![usable(), usable()], Value::Null).is_err(),
        "one name for two keys"
    );
    assert!(asking(vec![usable(); 33], Value::Null).is_err());
}

#[test]
fn formats_that_the_verifier_cannot_check_are_told() {
    let of = |formats: Value| {
        let request = with(|payload| {
            payload["client_metadata"] = json!({"vp_formats_supported": formats});
        });
        Format::ALL.map(|format| request.as_ref().unwrap().supports(format))
    };
    let none = with(|_| {}).unwrap();
    assert!(Format::ALL.iter().all(|format| none.supports(*format)));
    assert_eq!(of(json!({"dc+sd-jwt": {}})), [true, false]);
    assert_eq!(
        of(json!({"dc+sd-jwt": {"kb-jwt_alg_values": ["ES384"]}})),
        [false, false]
    );
    assert_eq!(
        of(json!({"dc+sd-jwt": {"kb-jwt_alg_values": ["ES256"]}, "ldp_vc": {}})),
        [true, true]
    );
    let suites = |suites: Value| of(json!({"ldp_vc": {"cryptosuite_values": suites}}))[1];
    assert!(suites(json!(["ecdsa-rdfc-2019", "ecdsa-sd-2023"])));
    assert!(!suites(json!(["ecdsa-rdfc-2019"])));
    assert!(
        with(|payload| payload["client_metadata"] = json!({"vp_formats_supported": []})).is_err()
    );
    assert!(with(|payload| payload["client_metadata"] = json!("text")).is_err());
}

#[test]
fn what_is_present_in_a_query_is_not_empty() {
    for (name, value) in [
        ("claims", json!([])),
        ("claim_sets", json!([])),
        ("claim_sets", json!([["nobody"]])),
        ("trusted_authorities", json!([])),
        (
            "trusted_authorities",
            json!([{"type": "aki", "values": []}]),
        ),
        ("id", json!("with space")),
        ("id", json!("")),
        ("claims", json!([{"path": []}])),
        ("claims", json!([{"path": ["a"], "values": []}])),
        ("claims", json!([{"path": [-1]}])),
    ] {
        let change = |payload: &mut Value| {
            payload["dcql_query"]["credentials"][0][name] = value.clone();
        };
        assert!(with(change).is_err(), "{name}: {value}");
    }
    let sets = |payload: &mut Value| payload["dcql_query"]["credential_sets"] = json!([]);
    assert!(with(sets).is_err());
    let unknown = |payload: &mut Value| {
        payload["dcql_query"]["extension"] = json!(1);
        payload["dcql_query"]["credentials"][0]["extension"] = json!(1);
    };
    assert!(with(unknown).is_ok(), "unknown members are ignored");
    let none = |payload: &mut Value| {
        let asked = &mut payload["dcql_query"]["credentials"][0];
        asked.as_object_mut().unwrap().remove("claims");
    };
    assert!(with(none).is_ok(), "a query with no claims");
}

/// §5.3: nothing else would bind the answer to the request.
#[test]
fn without_holder_binding_a_state_is_needed() {
    let (world, key) = (World::new(), Signer::fresh());
    let unbound = |payload: &mut Value| {
        payload["dcql_query"]["credentials"][0]["require_cryptographic_holder_binding"] =
            json!(false);
    };
    assert!(stranger(&world, &by_did(&key, unbound)).contains("no state"));
    let bound = by_did(&key, |payload| {
        unbound(payload);
        payload["state"] = json!("3q2-7wAAAAAAAAAAAAAAAA");
    });
    assert_eq!(stranger(&world, &bound), "accepted");
}

/// §6.1: of a query that takes several, one or more answer, and none does not. Each is checked like a single one.
#[test]
fn multiple_takes_one_or_more_and_refuses_none() {
    let world = World::new();
    let bundle = world.bundle();
    let asked = |multiple: bool| {
        let builder = world.asking("internet-cafe");
        let builder = match multiple {
            true => builder.multiple(),
            false => builder,
        };
        let compact = builder.build().unwrap().sign(&world.party).unwrap();
        Request::for_own(&compact).unwrap()
    };
    let (several, single) = (asked(true), asked(false));
    assert!(several.query().credentials.iter().all(|one| one.multiple));
    let good = || world.show(&world.issue(AssuranceLevel::Limited), &several);
    let check = |request: &Request, shown: Value| {
        let outcome = check_token(&json!({"sd_jwt": shown}), request, &bundle);
        outcome.map(|verified| verified.credentials().len())
    };
    let code =
        |request: &Request, shown: Value| check(request, shown).map_err(|error| error.code());
    assert_eq!(code(&several, json!([good()])), Ok(1));
    assert_eq!(code(&several, json!([good(), good(), good()])), Ok(3));
    assert_eq!(code(&several, json!([])), Err("query_not_satisfied"));
    assert_eq!(
        code(&single, json!([good(), good()])),
        Err("query_not_satisfied")
    );
    assert_eq!(code(&single, json!([])), Err("query_not_satisfied"));
    let forged = world.issue_as(world.visible(AssuranceLevel::Limited), &Signer::fresh());
    let forged = world.show(&forged, &several);
    for shown in [json!([good(), forged]), json!([forged, good()])] {
        assert_eq!(code(&several, shown), Err("invalid_signature"));
    }
    let many: Vec<String> = (0..9).map(|_| good()).collect();
    assert_eq!(code(&several, json!(many)), Err("malformed"));
}

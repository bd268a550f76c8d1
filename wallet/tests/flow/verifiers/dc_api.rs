//! The Digital Credentials API from the holder's side (OpenID4VP 1.0 appendix A).

use serde_json::{Value, json};
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::encoding::base64url;

use super::*;

pub(super) const ORIGIN: &str = "https://verifier.example";

pub(super) fn parameters(verifier: &Verifier, mode: &str) -> Value {
    let mut payload = verifier.parameters();
    payload["response_mode"] = json!(mode);
    payload["expected_origins"] = json!([ORIGIN]);
    for name in ["response_uri", "state", "aud"] {
        payload.as_object_mut().unwrap().remove(name);
    }
    payload
}

fn answered(
    world: &World,
    verifier: &Verifier,
    protocol: &str,
    data: &Value,
    origin: &str,
) -> Result<Value, Error> {
    let (_folder, mut store) = holder(world);
    let flow = Flow::new(world, verifier);
    let object = RequestObject::from_dc_api(protocol, data.to_string().as_bytes(), origin)?;
    let request = flow.accepted(&mut store, object)?;
    let now = tessera_wallet::Clock::now(world);
    let proposal = select::minimal_with(store.contents(), request, flow.wish, now)?;
    let consent = consent::ask(proposal, &mut super::super::Says(Says::Yes))
        .map_err(|_| Error::ConsentDeclined)?;
    present::sign(&mut store, world.surroundings(), consent)?.to_data()
}

#[test]
fn the_answer_is_for_the_origin_signed_or_not() {
    let (world, verifier) = (World::new(), Verifier::start());
    let unsigned = parameters(&verifier, "dc_api");
    let signed = json!({"request": verifier.sign(&unsigned)});
    for (protocol, data) in [
        ("openid4vp-v1-unsigned", &unsigned),
        ("openid4vp-v1-signed", &signed),
    ] {
        let answer = answered(&world, &verifier, protocol, data, ORIGIN).unwrap();
        assert_eq!(answer.as_object().unwrap().len(), 1, "no state");
        let binding = key_binding(answer["vp_token"]["pid"][0].as_str().unwrap());
        assert_eq!(binding["aud"], "origin:https://verifier.example");
    }
    let elsewhere = answered(
        &world,
        &verifier,
        "openid4vp-v1-signed",
        &signed,
        "https://attacker.example",
    );
    assert_eq!(code(elsewhere), "request_invalid");
    assert_eq!(
        code(answered(&world, &verifier, "org-iso-mdoc", &signed, ORIGIN)),
        "request_unreadable"
    );
}

#[test]
fn an_encrypted_answer_is_a_response_alone() {
    let (world, verifier) = (World::new(), Verifier::start());
    let key = DecryptionKey::generate("k").unwrap();
    let mut data = parameters(&verifier, "dc_api.jwt");
    let mut jwk = key.public_jwk();
    jwk["alg"] = json!("ECDH-ES");
    data["client_metadata"] = json!({"jwks": {"keys": [jwk]}});
    let answer = answered(&world, &verifier, "openid4vp-v1-unsigned", &data, ORIGIN).unwrap();
    assert_eq!(answer.as_object().unwrap().len(), 1);
    let clear = key
        .decrypt(answer["response"].as_str().unwrap(), &["A128GCM"])
        .unwrap();
    let clear: Value = serde_json::from_slice(&clear).unwrap();
    assert_eq!(
        disclosed(clear["vp_token"]["pid"][0].as_str().unwrap()),
        ["family_name"]
    );
}

#[test]
fn a_multi_signed_request_with_one_bad_signature_is_answered() {
    let (world, verifier) = (World::new(), Verifier::start());
    let mut payload = parameters(&verifier, "dc_api");
    payload.as_object_mut().unwrap().remove("client_id");
    let signature = |client: &str| {
        let header = json!({"typ": "oauth-authz-req+jwt", "client_id": client,
            "kid": tessera_verifier::did::verification_method(tessera_verifier::crypto::LocalSigner::public_key(&verifier.key))});
        let compact = tessera_verifier::jws::sign(header, &payload, &verifier.key).unwrap();
        let mut parts = compact.split('.');
        (
            json!({"protected": parts.next(), "signature": parts.nth(1)}),
            compact.split('.').nth(1).unwrap().to_owned(),
        )
    };
    let (good, encoded) = signature(&verifier.client_id());
    let (unknown, _) = signature("x509_san_dns:verifier.example");
    let mut forged = good.clone();
    forged["signature"] = json!(base64url(&[7; 64]));
    for (signatures, expected) in [
        (json!([forged, unknown, good]), "accepted"),
        (json!([good, forged]), "accepted"),
        (json!([forged, unknown]), "request_invalid"),
    ] {
        let data = json!({"request": {"payload": encoded, "signatures": signatures}});
        let answer = answered(&world, &verifier, "openid4vp-v1-multisigned", &data, ORIGIN);
        assert_eq!(code(answer), expected);
    }
}

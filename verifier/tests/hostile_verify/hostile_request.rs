//! Requests that ask too much, in another's name, or at the wrong time; did:key garbage (class 13).

use serde_json::{Value, json};
use tessera_verifier::claims::AssuranceLevel::{Full, Limited};
use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::{Error, Request, did, jws, verify};

use crate::world::{NOW, Signer, World, check, code, policy};

pub(crate) fn refused(world: &World, compact: &str) -> &'static str {
    let authenticated =
        Request::parse(compact, NOW).and_then(|request| request.authenticate(&world.bundle(), NOW));
    authenticated.map_or_else(|error: Error| error.code(), |_| "accepted")
}

/// The honest request with its header and payload changed, signed again.
pub(crate) fn changed(
    world: &World,
    change: impl Fn(&mut Value, &mut Value),
    signer: &Signer,
) -> String {
    let compact = world.request_jwt("internet-cafe");
    let part = |index| -> Value {
        let bytes = from_base64url(compact.split('.').nth(index).unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let (mut header, mut payload) = (part(0), part(1));
    change(&mut header, &mut payload);
    jws::sign(header, &payload, signer).unwrap()
}

#[test]
fn over_asking() {
    let world = World::new();
    let greedy = world
        .asking("internet-cafe")
        .also_ask(ClaimPath::keys(&["family_name"]))
        .build()
        .unwrap();
    let greedy = greedy.sign(&world.party).unwrap();
    let parsed = Request::parse(&greedy, NOW).unwrap();
    assert_eq!(parsed.asked_beyond(), [ClaimPath::keys(&["family_name"])]);
    assert_eq!(refused(&world, &greedy), "over_asking");
    // A path above what is allowed asks for more too.
    let wide = world
        .asking("internet-cafe")
        .also_ask(ClaimPath::keys(&["age_equal_or_over"]))
        .build()
        .unwrap();
    assert_eq!(
        refused(&world, &wide.sign(&world.party).unwrap()),
        "over_asking"
    );
    // The relying party's own verifier refuses to use it as well.
    let own = Request::for_own(&greedy).unwrap();
    let shown = world.show(&world.issue(Limited), &own);
    assert_eq!(code(check(&shown, &own, &world.bundle())), "over_asking");
}

/// A service is for credentials of identity: that somebody has a clinic's card is nobody's business there.
#[test]
fn another_credential_than_the_service_is_about() {
    let world = World::new();
    let also = |asked: Value| {
        let change = |_: &mut Value, payload: &mut Value| {
            let query = &mut payload["dcql_query"];
            query.as_object_mut().unwrap().remove("credential_sets");
            query["credentials"]
                .as_array_mut()
                .unwrap()
                .push(asked.clone());
        };
        refused(&world, &changed(&world, change, &world.party))
    };
    let full = CredentialProfile::of(Full);
    for (meta, format, expected) in [
        (json!({"vct_values": [full.vct]}), "dc+sd-jwt", "accepted"),
        (
            json!({"type_values": [full.expanded_types()]}),
            "ldp_vc",
            "accepted",
        ),
        (
            json!({"vct_values": ["https://clinic.example/card"]}),
            "dc+sd-jwt",
            "over_asking",
        ),
        (
            json!({"vct_values": [full.vct, "https://clinic.example/card"]}),
            "dc+sd-jwt",
            "over_asking",
        ),
        (json!({}), "dc+sd-jwt", "over_asking"),
        (
            json!({"type_values": [["https://www.w3.org/2018/credentials#VerifiableCredential"]]}),
            "ldp_vc",
            "over_asking",
        ),
        (
            json!({"type_values": [full.expanded_types(), ["https://clinic.example/Card"]]}),
            "ldp_vc",
            "over_asking",
        ),
        (json!({}), "ldp_vc", "over_asking"),
        (json!({"vct_values": [full.vct]}), "mso_mdoc", "over_asking"),
    ] {
        let asked = json!({"id": "also", "format": format, "meta": meta});
        assert_eq!(also(asked), expected, "{format} {meta}");
    }
}

#[test]
fn requester_that_is_not_registered() {
    let world = World::new();
    let stranger = Signer::fresh();
    let strange = world
        .asking("internet-cafe")
        .client(&stranger.did())
        .build()
        .unwrap()
        .sign(&stranger)
        .unwrap();
    assert_eq!(refused(&world, &strange), "requester_unregistered");
    let other_service = world
        .asking("train-gate")
        .build()
        .unwrap()
        .sign(&world.party)
        .unwrap();
    assert_eq!(refused(&world, &other_service), "requester_unregistered");
    assert_eq!(
        refused(&world, &world.request_jwt("internet-cafe")),
        "accepted"
    );
}

#[test]
fn request_signed_by_another_or_altered() {
    let world = World::new();
    let stranger = Signer::fresh();
    assert_eq!(
        refused(&world, &changed(&world, |_, _| {}, &stranger)),
        "request_invalid"
    );
    let own_kid = |header: &mut Value, _: &mut Value| header["kid"] = json!(stranger.method());
    assert_eq!(
        refused(&world, &changed(&world, own_kid, &stranger)),
        "request_invalid"
    );
    for (name, value) in [
        ("client_id", json!("x509_san_dns:party.example")),
        ("client_id", json!(world.party.did())),
        ("client_id", Value::Null),
        ("aud", json!("https://elsewhere.example")),
        ("response_type", json!("code")),
        ("response_mode", json!("direct_post")),
        ("response_mode", json!("fragment")),
        ("response_uri", json!("https://party.example")),
        ("redirect_uri", json!("https://party.example")),
        ("request_uri", json!("https://party.example")),
        ("nonce", json!("short")),
        ("nonce", json!("with spaces and more of them")),
        ("nonce", Value::Null),
        ("dcql_query", json!({})),
        ("dcql_query", json!({"credentials": []})),
        ("verifier_info", json!([])),
        (
            "verifier_info",
            json!([{"format": "tessera_service", "data": "no-such-service"}]),
        ),
        ("iat", json!(NOW.unix() + 61)),
        ("exp", json!("tomorrow")),
    ] {
        let change = |_: &mut Value, payload: &mut Value| payload[name] = value.clone();
        assert_eq!(
            refused(&world, &changed(&world, change, &world.party)),
            "request_invalid",
            "{name}: {value}"
        );
    }
    let data = |_: &mut Value, payload: &mut Value| payload["transaction_data"] = json!([]);
    assert_eq!(
        refused(&world, &changed(&world, data, &world.party)),
        "transaction_data_invalid"
    );
    let typ = |header: &mut Value, _: &mut Value| header["typ"] = json!("jwt");
    assert_eq!(
        refused(&world, &changed(&world, typ, &world.party)),
        "request_invalid"
    );
    let expired = |_: &mut Value, payload: &mut Value| payload["exp"] = json!(NOW);
    assert_eq!(
        refused(&world, &changed(&world, expired, &world.party)),
        "request_expired"
    );
}

/// An answer that comes after the request's end, and a request for another service than the policy's.
#[test]
fn request_that_does_not_fit_the_check() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let token = json!({"sd_jwt": [world.show(&world.issue(Limited), &request)]}).to_string();
    let late = request.expires().add_seconds(61);
    assert_eq!(
        code(verify(
            token.as_bytes(),
            &request,
            &policy(&request),
            &bundle,
            late
        )),
        "request_expired"
    );
    let hotel = policy(&world.request("hotel"));
    assert_eq!(
        code(verify(token.as_bytes(), &request, &hotel, &bundle, NOW)),
        "request_invalid"
    );
    let wrapped = json!({"vp_token": serde_json::from_str::<Value>(&token).unwrap()}).to_string();
    assert_eq!(
        code(verify(
            wrapped.as_bytes(),
            &request,
            &policy(&request),
            &bundle,
            NOW
        )),
        "verified"
    );
    let stateful =
        json!({"vp_token": serde_json::from_str::<Value>(&token).unwrap(), "state": "x"})
            .to_string();
    assert_eq!(
        code(verify(
            stateful.as_bytes(),
            &request,
            &policy(&request),
            &bundle,
            NOW
        )),
        "nonce_mismatch"
    );
}

/// Class 13: every prefix and every single changed character of a DID is refused, without a panic.
#[test]
fn did_key_garbage() {
    let did = Signer::fresh().did();
    assert!(did::resolve(&did).is_ok());
    for end in 0..did.len() {
        assert!(did::resolve(&did[..end]).is_err(), "{}", &did[..end]);
    }
    for position in 0..did.len() {
        for replacement in ["", "0", "z", "1", "#", "é"] {
            let changed = format!("{}{replacement}{}", &did[..position], &did[position + 1..]);
            // A changed character can give another valid point, but never the same key under two names.
            if let Ok((name, key)) = did::resolve(&changed) {
                assert_eq!(
                    (name.as_str(), did::did_key(&key).as_str()),
                    (changed.as_str(), changed.as_str())
                );
            }
        }
    }
    for garbage in [
        "did:key:z",
        "did:key:",
        "did:key",
        "did:",
        "",
        "did:key:z\u{0}",
        "did:jwk:",
        "did:jwk:AAAA",
    ] {
        assert!(did::resolve(garbage).is_err());
    }
}

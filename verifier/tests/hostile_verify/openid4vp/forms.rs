//! The forms in which a request comes: in a link, over the Digital Credentials API, with several signatures.

use serde_json::{Value, json};
use tessera_verifier::encoding::base64url;
use tessera_verifier::jws;
use tessera_verifier::request::{AuthenticatedName, DcApiProtocol, RequestClient, ResponseMode};
use tessera_verifier::{Error, Request};

use super::{asked, by_did, foreign, outcome, stranger};
use crate::world::{NOW, Signer, World};

pub(super) const ORIGIN: &str = "https://verifier.example";

fn unsigned(pairs: &[(&str, &str)]) -> Result<Request, Error> {
    let world = World::new();
    let read = Request::from_parameters(pairs.iter().copied(), NOW);
    asked(read, &world.bundle()).map(|request| request.into_request())
}

pub(super) fn parameters(client_id: &str) -> Vec<(String, String)> {
    let request = foreign(client_id);
    let text = |name: &str| request[name].as_str().unwrap().to_owned();
    let mut pairs: Vec<(String, String)> = ["client_id", "response_type", "response_mode", "nonce"]
        .map(|name| (name.to_owned(), text(name)))
        .to_vec();
    pairs.push(("dcql_query".into(), request["dcql_query"].to_string()));
    pairs
}

fn judged(pairs: &[(String, String)]) -> Result<Request, Error> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    unsigned(&pairs)
}

#[test]
fn a_redirect_uri_client_is_its_response_uri_and_does_not_sign() {
    let client = "redirect_uri:https://verifier.example/response";
    let request = judged(&parameters(client)).unwrap();
    assert_eq!(
        request.response_uri(),
        Some("https://verifier.example/response")
    );
    assert_eq!(request.audience(), client);
    let with = |name: &str, value: &str| {
        let mut pairs = parameters(client);
        pairs.retain(|(known, _)| known != name);
        pairs.push((name.to_owned(), value.to_owned()));
        judged(&pairs).map(|_| ()).map_err(|error| error.code())
    };
    assert_eq!(
        with("response_uri", "https://verifier.example/response"),
        Ok(())
    );
    for (name, value) in [
        ("response_uri", "https://attacker.example/"),
        // §8.2: no redirect URI beside direct_post.
        ("redirect_uri", "https://verifier.example/response"),
        ("response_mode", "fragment"),
        ("response_mode", "dc_api"),
        ("response_type", "code"),
        ("nonce", "with space"),
        ("client_id", "redirect_uri:http://verifier.example/response"),
    ] {
        assert_eq!(with(name, value), Err("request_invalid"), "{name} {value}");
    }
    let mut twice = parameters(client);
    twice.push(("nonce".into(), "another".into()));
    assert!(judged(&twice).is_err());
    let mut without = parameters(client);
    without.retain(|(name, _)| name != "nonce");
    assert!(judged(&without).is_err(), "no nonce");
    // Every other client signs; and this one cannot.
    let key = Signer::fresh();
    for signing in [
        format!("decentralized_identifier:{}", key.did()),
        "x509_san_dns:verifier.example".to_owned(),
    ] {
        let mut pairs = parameters(&signing);
        pairs.push(("response_uri".into(), "https://verifier.example/r".into()));
        assert!(judged(&pairs).is_err());
    }
    let compact = by_did(&key, |payload| payload["client_id"] = json!(client));
    assert!(stranger(&World::new(), &compact).contains("no key can be found"));
}

fn dc_api(protocol: DcApiProtocol, data: &Value, origin: &str) -> String {
    let world = World::new();
    let read = Request::from_dc_api(protocol, data.to_string().as_bytes(), origin, NOW);
    outcome(asked(read, &world.bundle()))
}

pub(super) fn for_dc_api(payload: &mut Value) {
    payload["response_mode"] = json!("dc_api");
    payload["expected_origins"] = json!([ORIGIN, "https://www.verifier.example"]);
    let members = payload.as_object_mut().unwrap();
    members.remove("response_uri");
    members.remove("aud");
}

#[test]
fn an_unsigned_request_of_the_digital_credentials_api_is_its_origins() {
    let world = World::new();
    let mut data = foreign("x509_san_dns:bank.example");
    for_dc_api(&mut data);
    data["expected_origins"] = json!(["https://ignored.example"]);
    let bytes = data.to_string();
    let read = Request::from_dc_api(DcApiProtocol::Unsigned, bytes.as_bytes(), ORIGIN, NOW);
    let request = asked(read, &world.bundle()).unwrap();
    assert_eq!(
        request.name(),
        &AuthenticatedName::Origin(ORIGIN.to_owned())
    );
    let request = request.into_request();
    assert_eq!(request.client_id(), "origin:https://verifier.example");
    assert_eq!(request.audience(), "origin:https://verifier.example");
    assert_eq!(request.response_mode(), ResponseMode::DcApi);
    data["response_mode"] = json!("direct_post");
    assert!(dc_api(DcApiProtocol::Unsigned, &data, ORIGIN).contains("response mode"));
    data["response_mode"] = json!("dc_api");
    for origin in [
        "",
        "https://",
        "https://verifier.example/",
        "https://a@b.example",
        "ftp://x",
    ] {
        assert!(
            dc_api(DcApiProtocol::Unsigned, &data, origin).contains("origin"),
            "{origin}"
        );
    }
}

#[test]
fn a_signed_request_of_the_digital_credentials_api_names_the_origin_it_expects() {
    let key = Signer::fresh();
    let data = json!({"request": by_did(&key, for_dc_api)});
    assert_eq!(dc_api(DcApiProtocol::Signed, &data, ORIGIN), "accepted");
    assert!(
        dc_api(DcApiProtocol::Signed, &data, "https://attacker.example").contains("another origin")
    );
    for origins in [Value::Null, json!([]), json!("https://verifier.example")] {
        let compact = by_did(&key, |payload| {
            for_dc_api(payload);
            payload["expected_origins"] = origins.clone();
        });
        let data = json!({"request": compact});
        assert!(dc_api(DcApiProtocol::Signed, &data, ORIGIN).contains("no expected origins"));
    }
    // A request for the API does not come by a link, nor the other way round.
    assert!(stranger(&World::new(), &by_did(&key, for_dc_api)).contains("response mode"));
    let data = json!({"request": by_did(&key, |_| {})});
    assert!(dc_api(DcApiProtocol::Signed, &data, ORIGIN).contains("response mode"));
    // The verifier's own reading says whom the answer must be for.
    let own = Request::for_own(&by_did(&key, |payload| {
        for_dc_api(payload);
        payload["expected_origins"] = json!([ORIGIN]);
    }));
    assert_eq!(own.unwrap().audience(), "origin:https://verifier.example");
}

/// One signature of a multi-signed request.
pub(super) fn signature(header: Value, payload: &str, key: &Signer) -> Value {
    let mut header = header;
    header["typ"] = json!("oauth-authz-req+jwt");
    let payload: Value =
        serde_json::from_slice(&tessera_verifier::encoding::from_base64url(payload).unwrap())
            .unwrap();
    let compact = jws::sign(header, &payload, key).unwrap();
    let mut parts = compact.split('.');
    json!({"protected": parts.next(), "signature": parts.nth(1)})
}

#[test]
fn one_bad_signature_does_not_spoil_another_good_one() {
    let (good, bad) = (Signer::fresh(), Signer::fresh());
    let mut payload = foreign("unused");
    for_dc_api(&mut payload);
    payload.as_object_mut().unwrap().remove("client_id");
    // As our own writer orders names, so that the signatures are over these very bytes.
    let encoded = base64url(payload.to_string().as_bytes());
    let header = |key: &Signer| json!({"kid": key.method(), "client_id": format!("decentralized_identifier:{}", key.did())});
    let honest = signature(header(&good), &encoded, &good);
    let forged = signature(header(&good), &encoded, &bad);
    let unknown = signature(
        json!({"kid": bad.method(), "client_id": "x:y"}),
        &encoded,
        &bad,
    );
    let nameless = signature(json!({"kid": bad.method()}), &encoded, &bad);
    let judged = |signatures: Vec<&Value>| {
        let data = json!({"request": {"payload": encoded, "signatures": signatures}});
        dc_api(DcApiProtocol::MultiSigned, &data, ORIGIN)
    };
    assert_eq!(judged(vec![&honest]), "accepted");
    let noise = json!({"protected": "x", "signature": 1});
    for spoiled in [&forged, &unknown, &nameless, &noise] {
        assert_eq!(judged(vec![spoiled, &honest]), "accepted");
        assert_eq!(judged(vec![&honest, spoiled]), "accepted");
        assert_ne!(judged(vec![spoiled]), "accepted");
    }
    assert!(judged(vec![&forged, &unknown]).contains("invalid"));
    assert!(judged(vec![]).contains("no signatures"));
    assert!(judged(vec![&honest; 9]).contains("no signatures"));
    // The client stands in the protected header alone: one in the payload would be every signer's.
    payload["client_id"] = json!(format!("decentralized_identifier:{}", good.did()));
    let encoded = base64url(payload.to_string().as_bytes());
    let data = json!({"request": {"payload": encoded,
        "signatures": [signature(header(&good), &encoded, &good)]}});
    assert!(dc_api(DcApiProtocol::MultiSigned, &data, ORIGIN).contains("multi-signed"));
}

#[test]
fn a_signed_request_without_nonce_or_with_another_audience_is_refused() {
    let (world, key) = (World::new(), Signer::fresh());
    let without = by_did(&key, |payload| {
        payload.as_object_mut().unwrap().remove("nonce");
    });
    assert!(stranger(&world, &without).contains("no nonce"));
    let elsewhere = by_did(&key, |payload| {
        payload["aud"] = json!("https://other.example")
    });
    assert!(stranger(&world, &elsewhere).contains("audience"));
    let redirect = by_did(&key, |payload| {
        payload["redirect_uri"] = json!("https://verifier.example/cb");
    });
    assert!(stranger(&world, &redirect).contains("not supported"));
    let over = by_did(&key, |payload| payload["exp"] = json!(NOW));
    assert!(stranger(&world, &over).contains("expired"));
    let both = by_did(&key, |payload| payload["scope"] = json!("pid"));
    assert!(stranger(&world, &both).contains("not supported"));
}

#[test]
fn haip_is_kept_to_exactly() {
    let key = Signer::fresh();
    let own = |change: &dyn Fn(&mut Value)| Request::for_own(&by_did(&key, change)).unwrap();
    assert!(own(&|_| {}).check_haip().is_err(), "not encrypted");
    let encrypted = |payload: &mut Value| {
        payload["response_mode"] = json!("direct_post.jwt");
        let mut jwk = tessera_verifier::crypto::LocalSigner::public_key(&key).to_jwk();
        jwk["kid"] = json!("1");
        jwk["alg"] = json!("ECDH-ES");
        payload["client_metadata"] = json!({"jwks": {"keys": [jwk]}});
    };
    assert!(own(&encrypted).check_haip().is_err(), "not x509_hash");
    let mut data = foreign("unused");
    for_dc_api(&mut data);
    encrypted(&mut data);
    data["response_mode"] = json!("dc_api.jwt");
    let read = |data: &Value| {
        let bytes = data.to_string();
        let read = Request::from_dc_api(DcApiProtocol::Unsigned, bytes.as_bytes(), ORIGIN, NOW);
        asked(read, &World::new().bundle()).unwrap().into_request()
    };
    assert!(read(&data).check_haip().is_ok());
    data["dcql_query"]["credentials"][0]["require_cryptographic_holder_binding"] = json!(false);
    assert!(read(&data).check_haip().is_err(), "no holder binding");
}

/// What a relying party makes it can read back, and each form is for clients of its kind.
#[test]
fn requests_are_made_in_the_forms_that_their_clients_can_have() {
    let world = World::new();
    let (did, other) = (world.party.did(), Signer::fresh());
    let signs = RequestClient::did(&did);
    let uri = "https://verifier.example/response";
    let asking = |client: &RequestClient| world.asking("internet-cafe").by(client.clone());
    let posted = |client: &RequestClient| asking(client).response_uri(Some(uri));
    let by_api = |client: &RequestClient| asking(client).origins(&[ORIGIN]);
    let is_own = RequestClient::response_uri();
    let code = |error: Error| error.code();
    let invalid = Some("request_invalid");
    assert_eq!(posted(&is_own).build().err().map(code), invalid);
    assert_eq!(posted(&signs).build_unsigned().err().map(code), invalid);
    assert_eq!(asking(&is_own).build_unsigned().err().map(code), invalid);
    // Unsigned, in a link and over the API.
    let times = (NOW, NOW.add_seconds(60));
    let link = posted(&is_own).build_unsigned().unwrap();
    let request = Request::for_own_unsigned(&link, None, times).unwrap();
    assert_eq!(request.client_id(), format!("redirect_uri:{uri}"));
    assert_eq!((request.issued_at(), request.expires()), times);
    let data = by_api(&is_own).build_unsigned().unwrap();
    let request = Request::for_own_unsigned(&data, Some(ORIGIN), times).unwrap();
    assert_eq!(request.audience(), format!("origin:{ORIGIN}"));
    assert!(Request::for_own_unsigned(&data, None, times).is_err());
    let mut signed = link;
    signed.insert(
        "client_id".to_owned(),
        json!(format!("decentralized_identifier:{did}")),
    );
    let signed = Request::for_own_unsigned(&signed, None, times);
    assert_eq!(signed.err().map(code), invalid);
    // Signed by several.
    let both = [signs.clone(), RequestClient::did(&other.did())];
    assert_eq!(
        by_api(&signs).build_multi_signed(&[]).err().map(code),
        invalid
    );
    assert_eq!(
        posted(&signs).build_multi_signed(&both).err().map(code),
        invalid
    );
    let unsigned = [signs.clone(), is_own];
    let several = by_api(&signs).build_multi_signed(&unsigned);
    assert_eq!(several.err().map(code), invalid);
    let several = by_api(&signs).build_multi_signed(&both).unwrap();
    assert!(several.clone().sign(&[&world.party]).is_err());
    let jws = several.sign(&[&world.party, &other]).unwrap();
    let request = Request::for_own_multi_signed(&jws, ORIGIN).unwrap();
    assert_eq!(request.audience(), format!("origin:{ORIGIN}"));
    let mut broken = jws;
    broken["signatures"][1]["signature"] = broken["signatures"][0]["signature"].clone();
    assert!(Request::for_own_multi_signed(&broken, ORIGIN).is_err());
    assert!(
        Request::for_own_multi_signed(&json!({"payload": "", "signatures": []}), ORIGIN).is_err()
    );
}

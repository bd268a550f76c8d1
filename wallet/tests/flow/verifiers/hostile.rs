//! Requests that lie, and servers that would have the wallet do what it must not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::encoding::base64url;
use tessera_verifier::x509::TrustAnchor;
use tessera_verifier::{did, jws};
use tessera_wallet::request::MAX_REQUEST;
use tessera_wallet::secret::StoredKey;

use super::*;
use crate::certificates;

/// Class 16: a link must not make the wallet talk to the holder's own machine, nor follow where a server sends it.
#[test]
fn a_request_uri_does_not_lead_inwards_or_on() {
    let (world, verifier, inside) = (World::new(), Verifier::start(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let mut flow = Flow::new(&world, &verifier);
    flow.local = false;
    for method in [None, Some("post")] {
        for at in [
            format!("{}/request", verifier.origin),
            verifier.origin.replace("127.0.0.1", "localhost"),
            verifier.origin.replace("127.0.0.1", "[::1]"),
            "http://127.1:9/".to_owned(),
            "http://2130706433:9/".to_owned(),
        ] {
            let mut pairs = vec![("request_uri", at.as_str())];
            pairs.extend(method.map(|method| ("request_uri_method", method)));
            assert_eq!(
                code(flow.authenticated(&mut store, &verifier.link(&pairs))),
                "address_refused",
                "{at}"
            );
        }
        for (at, expected) in [
            ("http://169.254.169.254/latest/meta-data", "url_insecure"),
            (
                "https://169.254.169.254/latest/meta-data",
                "address_refused",
            ),
            ("https://10.0.0.1/", "address_refused"),
            ("https://[fd00::1]/", "address_refused"),
            ("https://user@verifier.example/", "url_invalid"),
            ("file:///etc/passwd", "url_invalid"),
        ] {
            let mut pairs = vec![("request_uri", at)];
            pairs.extend(method.map(|method| ("request_uri_method", method)));
            assert_eq!(
                code(flow.authenticated(&mut store, &verifier.link(&pairs))),
                expected,
                "{at}"
            );
        }
    }
    assert!(verifier.received().is_empty(), "nothing was contacted");
    // A server that may be contacted sends the wallet on: it does not go.
    flow.local = true;
    let on = format!("{}/request", inside.origin);
    verifier.answers(move |_| Answer {
        status: 302,
        headers: format!("Location: {on}\r\n"),
        body: String::new(),
    });
    let at = format!("{}/request", verifier.origin);
    let link = verifier.link(&[("request_uri", &at)]);
    assert_eq!(
        code(flow.authenticated(&mut store, &link)),
        "redirect_refused"
    );
    assert!(inside.received().is_empty());
    // One that would fill the wallet's memory, and one that answers with an error.
    verifier.answers(|_| Answer::ok("a".repeat(200_000)));
    assert_eq!(
        code(flow.authenticated(&mut store, &link)),
        "answer_too_large"
    );
    verifier.answers(|_| Answer {
        status: 500,
        ..Answer::ok("{}")
    });
    assert_eq!(
        code(flow.authenticated(&mut store, &link)),
        "request_unreadable"
    );
}

/// An answer would go to this machine or to a private network: refused before anything is spent.
#[test]
fn an_answer_does_not_go_inwards() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let mut flow = Flow::new(&world, &verifier);
    flow.local = false;
    let request = verifier.request(|_| {});
    assert_eq!(code(flow.run(&mut store, &request)), "address_refused");
    assert!(verifier.received().is_empty());
}

#[test]
fn a_bad_request_object_signature_is_refused() {
    let (world, verifier, other) = (World::new(), Verifier::start(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let payload = verifier.parameters();
    let forged = other.sign(&payload);
    assert_eq!(
        code(flow.authenticated(&mut store, &forged)),
        "request_invalid"
    );
    // Class 4: the header leads to the client's method, the signature is the attacker's, whose key comes along.
    let header = json!({"typ": "oauth-authz-req+jwt", "kid": did::verification_method(verifier.key.public_key()),
        "jwk": other.key.public_key().to_jwk()});
    let forged = jws::sign(header, &payload, &other.key).unwrap();
    assert_eq!(
        code(flow.authenticated(&mut store, &forged)),
        "request_invalid"
    );
    let typ = json!({"typ": "JWT", "kid": did::verification_method(verifier.key.public_key())});
    let untyped = jws::sign(typ, &payload, &verifier.key).unwrap();
    assert_eq!(
        code(flow.authenticated(&mut store, &untyped)),
        "request_invalid"
    );
    assert_eq!(
        code(flow.authenticated(&mut store, &verifier.request(|_| {}))),
        "accepted"
    );
}

#[test]
fn requests_that_break_the_rules_are_refused() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    for (name, value) in [
        (
            "client_id",
            json!("openid_federation:https://verifier.example"),
        ),
        ("client_id", json!("https://verifier.example")),
        ("client_id", json!("x509_san_dns:verifier.example")),
        ("nonce", Value::Null),
        ("redirect_uri", json!("https://verifier.example/cb")),
        ("response_uri", Value::Null),
        ("response_uri", json!("http://verifier.example/response")),
        ("response_mode", json!("fragment")),
        ("response_type", json!("code")),
        ("aud", json!("https://other.example")),
        ("dcql_query", Value::Null),
        ("scope", json!("pid")),
    ] {
        let request = verifier.request(|payload| match value.is_null() {
            true => drop(payload.as_object_mut().unwrap().remove(name)),
            false => payload[name] = value.clone(),
        });
        assert_eq!(
            code(flow.run(&mut store, &request)),
            "request_invalid",
            "{name} {value}"
        );
    }
    assert!(verifier.received().is_empty());
}

#[test]
fn a_link_that_names_another_client_is_refused() {
    let (world, verifier, other) = (World::new(), Verifier::start(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let request = verifier.request(|_| {});
    let honest = verifier.link(&[("request", &request)]);
    assert_eq!(code(flow.authenticated(&mut store, &honest)), "accepted");
    let swapped = other.link(&[("request", &request)]);
    assert_eq!(
        code(flow.authenticated(&mut store, &swapped)),
        "request_invalid"
    );
    for pairs in [
        vec![
            ("request", request.as_str()),
            ("request_uri_method", "post"),
        ],
        vec![
            ("request", request.as_str()),
            ("request_uri", "https://verifier.example/r"),
        ],
    ] {
        let outcome = flow.authenticated(&mut store, &verifier.link(&pairs));
        assert_eq!(code(outcome), "request_unreadable");
    }
}

/// Refused by the wallet, whoever the holder accepts: what a registered party asks beyond its registration.
#[test]
fn a_request_beyond_the_registration_is_refused_whatever_the_holder_accepts() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let birthdate = tessera_verifier::dcql::ClaimPath::keys(&["birthdate"]);
    let greedy = world.request("internet-cafe", Some(birthdate), None);
    assert_eq!(code(flow.authenticated(&mut store, &greedy)), "over_asking");
    let gate = world.request("train-gate", None, None);
    assert_eq!(
        code(flow.authenticated(&mut store, &gate)),
        "requester_unregistered"
    );
    // And its own verifier refuses the same request.
    let own = Request::for_own(&greedy).unwrap();
    assert_eq!(own.asked_beyond().len(), 1);
}

#[test]
fn haip_takes_what_keeps_to_it_by_reference_alone() {
    let (world, verifier) = (World::new(), Verifier::start());
    // The certificates begin later than the world does.
    world.now.set(1_800_000_000);
    let (_folder, mut store) = holder(&world);
    let der = |text: &str| STANDARD.decode(text).unwrap();
    let key: StoredKey = serde_json::from_value(json!(certificates::KEY)).unwrap();
    let key = key.open().unwrap();
    let hash = tessera_verifier::crypto::sha256(&der(certificates::LEAF));
    let mut jwk = DecryptionKey::generate("k").unwrap().public_jwk();
    jwk["alg"] = json!("ECDH-ES");
    let encrypted = |payload: &mut Value| {
        payload["response_mode"] = json!("direct_post.jwt");
        payload["client_metadata"] = json!({"jwks": {"keys": [jwk]}});
    };
    let request = |change: &dyn Fn(&mut Value)| {
        let mut payload = verifier.parameters();
        payload["client_id"] = json!(format!("x509_hash:{}", base64url(&hash)));
        encrypted(&mut payload);
        change(&mut payload);
        let header = json!({"typ": "oauth-authz-req+jwt", "x5c": [certificates::LEAF]});
        jws::sign(header, &payload, &key).unwrap()
    };
    let mut flow = Flow::new(&world, &verifier);
    let root = TrustAnchor::from_certificate(&der(certificates::ROOT)).unwrap();
    flow.acceptance.anchors = vec![root];
    flow.acceptance.haip = true;
    let exact = request(&|_| {});
    let shown = flow.authenticated(&mut store, &exact).unwrap();
    let name = &shown.requester().en;
    assert_eq!(format!("https://{name}"), certificates::ISSUER);
    flow.run(&mut store, &exact).unwrap();
    let by_hand = RequestObject::from_text(&exact).unwrap();
    let refused = flow.accepted(&mut store, by_hand);
    assert_eq!(code(refused), "request_invalid");
    let clear = request(&|payload| payload["response_mode"] = json!("direct_post"));
    let other_prefix = verifier.request(encrypted);
    let unbound = request(&|payload| {
        payload["dcql_query"]["credentials"][0]["require_cryptographic_holder_binding"] =
            json!(false);
    });
    for lax in [clear, other_prefix, unbound] {
        let refused = flow.authenticated(&mut store, &lax);
        assert_eq!(code(refused), "request_invalid");
        flow.acceptance.haip = false;
        assert_eq!(code(flow.authenticated(&mut store, &lax)), "accepted");
        flow.acceptance.haip = true;
    }
}

#[test]
fn requests_and_links_are_bounded_before_they_are_read() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let long = "a".repeat(MAX_REQUEST + 1);
    assert_eq!(code(RequestObject::from_text(&long)), "request_unreadable");
    let data = RequestObject::from_dc_api("openid4vp-v1-unsigned", long.as_bytes(), "https://a.b");
    assert_eq!(code(data), "request_unreadable");
    // An honest request, in a link that has no end.
    let honest = verifier.link(&[("request", &verifier.request(|_| {}))]);
    assert_eq!(code(flow.authenticated(&mut store, &honest)), "accepted");
    let padded = format!("{honest}&padding={long}{long}");
    assert_eq!(
        code(flow.authenticated(&mut store, &padded)),
        "request_unreadable"
    );
    let many = format!(
        "{honest}{}",
        (0..40).map(|n| format!("&p{n}=1")).collect::<String>()
    );
    assert_eq!(
        code(flow.authenticated(&mut store, &many)),
        "request_unreadable"
    );
}

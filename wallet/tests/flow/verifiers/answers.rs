//! How requests are fetched and answers go back.

use serde_json::{Value, json};
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::encoding::base64url;

use super::*;

fn by_reference(verifier: &Verifier, post: bool) -> String {
    let at = format!("{}/request/1", verifier.origin);
    let mut pairs = vec![("request_uri", at.as_str())];
    if post {
        pairs.push(("request_uri_method", "post"));
    }
    verifier.link(&pairs)
}

#[test]
fn an_encrypted_answer_goes_to_the_one_key_that_can_be_used() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let right = DecryptionKey::generate("right").unwrap();
    let usable = || {
        let mut jwk = right.public_jwk();
        jwk["alg"] = json!("ECDH-ES");
        jwk["use"] = json!("enc");
        jwk["kid"] = json!("right");
        jwk
    };
    let mut signing = DecryptionKey::generate("sig").unwrap().public_jwk();
    signing["use"] = json!("sig");
    let keys = json!([
        {"kty": "RSA", "kid": "rsa", "alg": "RSA-OAEP-256", "n": "AQAB", "e": "AQAB"},
        {"kty": "OKP", "crv": "X25519", "kid": "x", "alg": "ECDH-ES", "x": "WPX7wnwq10hFNK9aDSyG1QlLswE_CJY14LdhcFUIVVc"},
        signing,
        usable(),
    ]);
    for (encs, enc) in [
        (json!(["A128GCM"]), "A128GCM"),
        (json!(["A128CBC-HS256", "A256GCM"]), "A256GCM"),
    ] {
        let request = verifier.request(|payload| {
            payload["response_mode"] = json!("direct_post.jwt");
            payload["client_metadata"] = json!({
                "jwks": {"keys": keys}, "encrypted_response_enc_values_supported": encs,
            });
        });
        Flow::new(&world, &verifier)
            .run(&mut store, &request)
            .unwrap();
        let received = verifier.received();
        let form = received.last().unwrap().form();
        assert_eq!(form.keys().collect::<Vec<_>>(), ["response"]);
        let header = tessera_exchange::jwe::protected_header(&form["response"]).unwrap();
        assert_eq!(
            (&header["kid"], &header["enc"]),
            (&json!("right"), &json!(enc))
        );
        let clear = right.decrypt(&form["response"], &[enc]).unwrap();
        let clear: Value = serde_json::from_slice(&clear).unwrap();
        assert_eq!(clear["state"], "af0ifjsldkj");
        assert_eq!(
            disclosed(clear["vp_token"]["pid"][0].as_str().unwrap()),
            ["family_name"]
        );
    }
    // None that can be used: nothing leaves, and nothing leaves in the clear.
    let before = verifier.received().len();
    let request = verifier.request(|payload| {
        payload["response_mode"] = json!("direct_post.jwt");
        payload["client_metadata"] = json!({"jwks": {"keys": [keys[0], keys[2]]}});
    });
    assert_eq!(
        code(Flow::new(&world, &verifier).run(&mut store, &request)),
        "request_invalid"
    );
    assert_eq!(verifier.received().len(), before);
}

#[test]
fn a_request_is_fetched_by_get_and_by_post_with_the_wallets_nonce() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let signer = std::sync::Arc::new(Verifier::start());
    // The key of the server that answers: the request object is made when it is asked for.
    let maker = signer.clone();
    let response = format!("{}/response", verifier.origin);
    verifier.answers(move |received| {
        let form = received.form();
        Answer::ok(maker.request(|payload| {
            payload["response_uri"] = json!(response);
            if let Some(nonce) = form.get("wallet_nonce") {
                payload["wallet_nonce"] = json!(nonce);
            }
        }))
    });
    let link = |post: bool| {
        by_reference(&verifier, post)
            .replace(&base(&verifier.client_id()), &base(&signer.client_id()))
    };
    let flow = Flow::new(&world, &verifier);
    flow.authenticated(&mut store, &link(false)).unwrap();
    flow.authenticated(&mut store, &link(true)).unwrap();
    let received = verifier.received();
    assert_eq!(received[0].line, "GET /request/1");
    assert_eq!(received[1].line, "POST /request/1");
    let form = received[1].form();
    assert!(form["wallet_nonce"].len() >= 22, "128 bits");
    let metadata: Value = serde_json::from_str(&form["wallet_metadata"]).unwrap();
    assert!(metadata["vp_formats_supported"]["dc+sd-jwt"].is_object());
    // Another time, another nonce.
    flow.authenticated(&mut store, &link(true)).unwrap();
    assert_ne!(
        verifier.received()[2].form()["wallet_nonce"],
        form["wallet_nonce"]
    );
}

/// §5.10: a verifier that encrypts does so to the key of this very call, and what is encrypted to another is not read.
#[test]
fn a_request_object_is_read_when_it_is_encrypted_to_the_key_of_the_call() {
    use tessera_exchange::jwe::{DecryptionKey, Encrypter};
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let signer = std::sync::Arc::new(Verifier::start());
    let response = format!("{}/response", verifier.origin);
    let other = DecryptionKey::generate("other").unwrap().public_jwk();
    let flow = Flow::new(&world, &verifier);
    let link = by_reference(&verifier, true)
        .replace(&base(&verifier.client_id()), &base(&signer.client_id()));
    for (to_another, expected) in [(None, "accepted"), (Some(other), "request_unreadable")] {
        let (maker, response) = (signer.clone(), response.clone());
        verifier.answers(move |received| {
            let form = received.form();
            let metadata: Value = serde_json::from_str(&form["wallet_metadata"]).unwrap();
            let own = &metadata["jwks"]["keys"][0];
            assert!(own.get("d").is_none());
            let compact = maker.request(|payload| {
                payload["response_uri"] = json!(response);
                payload["wallet_nonce"] = json!(form["wallet_nonce"]);
            });
            let encs = &metadata["request_object_encryption_enc_values_supported"];
            let enc = encs[0].as_str().unwrap();
            let encrypter = Encrypter::new(to_another.as_ref().unwrap_or(own), enc).unwrap();
            let encrypter = encrypter.with_content_type("JWT");
            Answer::ok(encrypter.encrypt(compact.as_bytes()).unwrap())
        });
        assert_eq!(code(flow.authenticated(&mut store, &link)), expected);
    }
    // A key for each call.
    let keys: Vec<String> = verifier
        .received()
        .iter()
        .map(|received| received.form()["wallet_metadata"].clone())
        .collect();
    assert_ne!(keys[0], keys[1]);
}

fn base(client_id: &str) -> String {
    url::form_urlencoded::byte_serialize(client_id.as_bytes()).collect()
}

#[test]
fn a_fetched_request_that_does_not_repeat_the_wallets_nonce_is_refused() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    for nonce in [None, Some(base64url(&[1; 16]))] {
        let compact = verifier.request(|payload| {
            if let Some(nonce) = &nonce {
                payload["wallet_nonce"] = json!(nonce);
            }
        });
        verifier.answers(move |_| Answer::ok(compact.clone()));
        let flow = Flow::new(&world, &verifier);
        let refused = flow.authenticated(&mut store, &by_reference(&verifier, true));
        assert_eq!(code(refused), "request_invalid");
    }
}

/// Class 15: whoever began the session on another device does not get to the outcome; the holder's own browser does, with
/// the response code that only this answer brought.
#[test]
fn the_address_to_go_on_at_reaches_the_holders_own_browser_alone() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let next = "https://verifier.example/cb#response_code=091535f699ea575c7937fa5f0f454aee";
    verifier.answers(move |_| Answer::ok(json!({"redirect_uri": next, "other": 1}).to_string()));
    let sent = flow.run(&mut store, &verifier.request(|_| {})).unwrap();
    assert_eq!(sent.redirect_uri.unwrap().as_str(), next);
    // The wallet does not go there itself: one request was made, the answer.
    assert_eq!(verifier.received().len(), 1);
    // What no browser opens as a page, and what is no address, is not handed on.
    for hostile in [
        json!({"redirect_uri": "javascript:alert(1)"}),
        json!({"redirect_uri": "file:///etc/passwd"}),
        json!({"redirect_uri": "http://verifier.example/cb"}),
        json!({"redirect_uri": "https://user:word@verifier.example/cb"}),
        json!({"redirect_uri": "intent://x#Intent;scheme=x;end"}),
        json!({"redirect_uri": 7}),
        json!({"redirect_uri": format!("https://verifier.example/{}", "a".repeat(3000))}),
        json!([]),
    ] {
        verifier.answers(move |_| Answer::ok(hostile.to_string()));
        let sent = flow.run(&mut store, &verifier.request(|_| {})).unwrap();
        assert_eq!(sent.redirect_uri, None);
    }
    // Nor is an answer read that goes on and on.
    let long = json!({"redirect_uri": next, "other": "a".repeat(16 << 10)}).to_string();
    verifier.answers(move |_| Answer::ok(long.clone()));
    let outcome = flow.run(&mut store, &verifier.request(|_| {}));
    assert_eq!(code(outcome), "answer_too_large");
}

#[test]
fn an_unsigned_request_of_a_redirect_uri_client_is_answered_when_asked() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let response = format!("{}/response", verifier.origin);
    let client = format!("redirect_uri:{response}");
    let query = verifier.parameters()["dcql_query"].to_string();
    let link = |mode: &str, uri: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("client_id", client.as_str()),
            ("response_type", "vp_token"),
            ("response_mode", mode),
            ("response_uri", uri),
            ("nonce", "n-0S6_WzA2Mj"),
            ("dcql_query", query.as_str()),
        ] {
            form.append_pair(name, value);
        }
        format!("openid4vp://?{}", form.finish())
    };
    let mut flow = Flow::new(&world, &verifier);
    flow.run(&mut store, &link("direct_post", &response))
        .unwrap();
    let token: Value = serde_json::from_str(&verifier.received()[0].form()["vp_token"]).unwrap();
    assert_eq!(
        key_binding(token["pid"][0].as_str().unwrap())["aud"],
        client
    );
    let elsewhere = link("direct_post", "https://attacker.example/");
    assert_eq!(code(flow.run(&mut store, &elsewhere)), "request_invalid");
    assert_eq!(
        code(flow.run(&mut store, &link("fragment", &response))),
        "request_invalid"
    );
    flow.acceptance = Acceptance::default();
    let refused = flow.run(&mut store, &link("direct_post", &response));
    assert_eq!(code(refused), "request_invalid");
}

#[test]
fn the_holders_agreement_to_a_transaction_is_in_the_key_binding() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let payment = |kind: &str| {
        base64url(
            json!({"type": kind, "credential_ids": ["pid"], "payee": "SPECIMEN shop",
            "amount": "12.50", "currency": "EUR"})
            .to_string()
            .as_bytes(),
        )
    };
    let known = payment("urn:tessera:transaction:payment:1");
    let request = verifier.request(|payload| payload["transaction_data"] = json!([known]));
    let flow = Flow::new(&world, &verifier);
    let proposal = flow.proposed(&mut store, &request).unwrap();
    assert_eq!(proposal.transactions().len(), 1);
    flow.run(&mut store, &request).unwrap();
    let token: Value = serde_json::from_str(&verifier.received()[0].form()["vp_token"]).unwrap();
    let binding = key_binding(token["pid"][0].as_str().unwrap());
    let hash = base64url(&tessera_verifier::crypto::sha256(known.as_bytes()));
    assert_eq!(binding["transaction_data_hashes"], json!([hash]));
    assert_eq!(binding["transaction_data_hashes_alg"], "sha-256");
    // A type that the wallet cannot show is refused, beside one that it can, too.
    let unknown = payment("urn:example:unknown");
    let request = verifier.request(|payload| payload["transaction_data"] = json!([known, unknown]));
    assert_eq!(
        code(flow.run(&mut store, &request)),
        "transaction_data_invalid"
    );
}

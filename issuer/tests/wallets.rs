//! What wallets prove of themselves and their keys, and what they are told in return, over HTTP.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::wallet::{CLIENT, challenge, details, form, request};
use support::{Answer, Issuer, at_once, key, only_one};
use tessera_exchange::jwe::{DecryptionKey, Encrypter};
use tessera_issuer::config::{Config, Profile};
use tessera_issuer::keys::SoftwareKey;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::did;
use tessera_verifier::vci::key_attestation::{self, KeyAttestation};
use tessera_verifier::vci::{Trusted, client_attestation, metadata, proof};

const LIMITED: &str = "identity_limited_sd_jwt";
const PRE_AUTHORIZED: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

fn configured(configure: impl FnOnce(&mut Config)) -> Issuer {
    Issuer::with(Arc::new(support::FakeFace), b"SAME reference", configure)
}

/// A token bound to `key`, from an offer.
fn bound(issuer: &Issuer, key: &SoftwareKey) -> Answer {
    let (code, tx_code) = issuer.offered();
    let pairs = [
        ("grant_type", PRE_AUTHORIZED),
        ("pre-authorized_code", code.as_str()),
        ("tx_code", &tx_code),
    ];
    let answer = issuer.redeem_with(&pairs, Some(key));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer
}

#[test]
fn a_bound_token_is_used_with_its_key_only() {
    let issuer = Issuer::start();
    let holder = key();
    let token = bound(&issuer, &holder).text("access_token");
    let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(1)});
    // As a bearer token, with another key, for another token or endpoint, without a nonce of ours.
    let as_bearer = issuer.post_json("/credential", Some(&token), &body);
    as_bearer.refused(401, "invalid_token");
    let header = as_bearer.header("www-authenticate").unwrap();
    assert!(header.contains("DPoP"));
    let refused = issuer.request_bound((&token, &key()), &body);
    refused.refused(401, "invalid_dpop_proof");
    assert_eq!(refused.body["error"], "invalid_dpop_proof");
    for (path, about) in [
        ("/credential", Some("another token")),
        ("/credential", None),
        ("/token", Some(token.as_str())),
    ] {
        let proof = issuer.dpop(&holder, path, about);
        let refused = issuer.request_proved((&token, &proof), &body);
        refused.refused(401, "invalid_dpop_proof");
    }
    for nonce in [None, Some("not ours")] {
        let proof = issuer.dpop_with(&holder, "/credential", (Some(&token), nonce));
        let refused = issuer.request_proved((&token, &proof), &body);
        refused.refused(401, "use_dpop_nonce");
        assert!(refused.header("dpop-nonce").is_some());
        let header = refused.header("www-authenticate").unwrap();
        assert!(header.starts_with("DPoP error=\"use_dpop_nonce\""));
    }
    // RFC 9449 §4.3: two headers, each good by itself.
    let proofs = [(); 2].map(|()| issuer.dpop(&holder, "/credential", Some(&token)));
    let authorization = format!("DPoP {token}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", &authorization),
        ("dpop", &proofs[0]),
        ("dpop", &proofs[1]),
    ];
    issuer
        .send("POST", "/credential", &headers, body.to_string().as_bytes())
        .refused(401, "invalid_dpop_proof");
    let old = issuer.dpop(&holder, "/credential", Some(&token));
    issuer.clock.advance(301);
    let refused = issuer.request_proved((&token, &old), &body);
    refused.refused(401, "use_dpop_nonce");
    let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(1)});
    let answer = issuer.request_bound((&token, &holder), &body);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    // A bearer token does not become a bound one.
    let bearer = issuer.access_token();
    issuer
        .request_bound((&bearer, &holder), &body)
        .refused(401, "invalid_token");
}

#[test]
fn a_dpop_proof_is_taken_once_from_many_connections() {
    let issuer = Issuer::start();
    let holder = key();
    let token = bound(&issuer, &holder).text("access_token");
    let proof = issuer.dpop(&holder, "/credential", Some(&token));
    let body = json!({"credential_configuration_id": "unknown", "proofs": {"jwt": ["x"]}});
    let codes = at_once(|_| issuer.request_proved((&token, &proof), &body).text("code"));
    // The one whose proof was taken got as far as what it asked for.
    let taken = codes.iter().filter(|code| *code != "invalid_dpop_proof");
    assert_eq!(taken.count(), 1, "{codes:?}");
}

#[test]
fn a_token_in_the_query_is_refused() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    for (path, header) in [
        ("/credential", Some(token.as_str())),
        ("/credential", None),
        ("/deferred_credential", None),
        ("/notification", None),
    ] {
        let path = format!("{path}?access_token={token}");
        let refused = issuer.post_json(&path, header, &json!({}));
        refused.refused(400, "token_in_query");
    }
}

#[test]
fn credentials_are_asked_for_by_the_names_they_were_granted_under() {
    let issuer = Issuer::start();
    let wish = details(LIMITED);
    let code = issuer.code(("authorization_details", &wish));
    let granted = issuer.redeem_code(&code, None);
    let identifier = &granted.body["authorization_details"][0]["credential_identifiers"][0];
    let token = granted.text("access_token");
    let ask = |names: Value| {
        let mut body = names;
        body["proofs"] = issuer.proofs(1);
        issuer.post_json("/credential", Some(&token), &body)
    };
    let unknown = ask(json!({"credential_identifier": "unknown"}));
    unknown.refused(400, "unknown_credential_identifier");
    assert_eq!(unknown.body["error"], "unknown_credential_identifier");
    ask(json!({"credential_configuration_id": LIMITED})).refused(400, "invalid_request");
    ask(json!({})).refused(400, "invalid_request");
    let both = json!({"credential_identifier": identifier, "credential_configuration_id": LIMITED});
    ask(both).refused(400, "invalid_request");
    assert_eq!(
        ask(json!({"credential_identifier": identifier})).status,
        200
    );

    let plain = issuer.access_token();
    let body = json!({"credential_identifier": identifier, "proofs": issuer.proofs(1)});
    issuer
        .post_json("/credential", Some(&plain), &body)
        .refused(400, "unknown_credential_identifier");
    let answer = issuer.credentials(&plain, "unknown", 1);
    answer.refused(400, "unknown_credential_configuration");
    assert_eq!(answer.body["error"], "unknown_credential_configuration");
}

#[test]
fn a_batch_has_one_credential_for_each_proof_and_no_more() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    issuer
        .credentials(&token, LIMITED, 11)
        .refused(400, "batch_too_large");
    let many = json!({"jwt": vec!["x"; 20_000]});
    let body = json!({"credential_configuration_id": LIMITED, "proofs": many});
    issuer
        .post_json("/credential", Some(&token), &body)
        .refused(400, "batch_too_large");
    let nonce = issuer.nonce();
    let proof = issuer.proof(&key(), &nonce);
    let same = [proof.clone(), proof];
    issuer
        .request(&token, LIMITED, &same)
        .refused(400, "duplicate_key");
    for proofs in [
        json!({}),
        json!({"jwt": []}),
        json!({"di_vp": [{}]}),
        json!({"jwt": ["x"], "attestation": ["y"]}),
    ] {
        let body = json!({"credential_configuration_id": LIMITED, "proofs": proofs});
        let refused = issuer.post_json("/credential", Some(&token), &body);
        refused.refused(400, "invalid_proof");
        assert_eq!(refused.body["error"], "invalid_proof");
    }
    let missing = json!({"credential_configuration_id": LIMITED});
    issuer
        .post_json("/credential", Some(&token), &missing)
        .refused(400, "invalid_proof");
    let answer = issuer.credentials(&token, LIMITED, 4);
    assert_eq!(answer.body["credentials"].as_array().unwrap().len(), 4);
}

#[test]
fn a_nonce_is_answered_once_from_many_connections() {
    let issuer = Issuer::start();
    let nonce = issuer.nonce();
    let tokens: Vec<String> = (0..16).map(|_| issuer.access_token()).collect();
    let answers = at_once(|number| {
        let proof = issuer.proof(&key(), &nonce);
        issuer.request(&tokens[number], LIMITED, &[proof])
    });
    only_one(answers, &["invalid_nonce"]);
}

#[test]
fn what_became_of_credentials_is_taken_note_of() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    let answer = issuer.credentials(&token, LIMITED, 1);
    let id = answer.text("notification_id");
    let note = |token: &str, id: &str, event: &str| {
        let body = json!({"notification_id": id, "event": event});
        issuer.post_json("/notification", Some(token), &body)
    };
    for event in [
        "credential_accepted",
        "credential_accepted",
        "credential_deleted",
        "credential_failure",
    ] {
        assert_eq!(note(&token, &id, event).status, 204);
    }
    let unknown = note(&token, "unknown", "credential_accepted");
    unknown.refused(400, "invalid_notification_id");
    assert_eq!(unknown.body["error"], "invalid_notification_id");
    let strange = note(&token, &id, "credential_eaten");
    strange.refused(400, "malformed");
    assert_eq!(strange.body["error"], "invalid_notification_request");
    note(&issuer.access_token(), &id, "credential_accepted")
        .refused(400, "invalid_notification_id");
    note("unknown", &id, "credential_accepted").refused(401, "invalid_token");
}

#[test]
fn requests_and_responses_are_encrypted() {
    let issuer = Issuer::start();
    let metadata = issuer
        .get("/.well-known/openid-credential-issuer", None)
        .body;
    let jwk = &metadata["credential_request_encryption"]["jwks"]["keys"][0];
    assert!(jwk["kid"].is_string() && jwk["alg"] == "ECDH-ES" && jwk.get("d").is_none());
    let ours = DecryptionKey::generate("response").unwrap();
    let token = issuer.access_token();
    let send = |compact: &str| {
        issuer.post(
            "/credential",
            Some(&token),
            "application/jwt",
            compact.as_bytes(),
        )
    };
    let mut body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(1),
        "credential_response_encryption": {"jwk": ours.public_jwk(), "enc": "A128GCM", "zip": "DEF"}});
    let sealed = |body: &Value| {
        let encrypter = Encrypter::new(jwk, "A256GCM").unwrap();
        encrypter.encrypt(body.to_string().as_bytes()).unwrap()
    };
    let zipped = send(&sealed(&body));
    zipped.refused(400, "invalid_encryption_parameters");
    assert_eq!(zipped.body["error"], "invalid_encryption_parameters");
    let asked = body["credential_response_encryption"]
        .as_object_mut()
        .unwrap();
    asked.remove("zip");
    asked["enc"] = json!("A192CBC");
    send(&sealed(&body)).refused(400, "invalid_encryption_parameters");
    body["credential_response_encryption"]["enc"] = json!("A128GCM");
    body["credential_response_encryption"]["jwk"]["alg"] = json!("RSA-OAEP");
    send(&sealed(&body)).refused(400, "invalid_encryption_parameters");
    body["credential_response_encryption"]["jwk"] = ours.public_jwk();
    let answer = send(&sealed(&body));
    assert_eq!(
        (answer.status, &*answer.media_type),
        (200, "application/jwt")
    );
    let compact = String::from_utf8(answer.raw).unwrap();
    let plain = ours.decrypt(&compact, &["A128GCM"]).unwrap();
    let plain: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(plain["credentials"].as_array().unwrap().len(), 1);

    // To another key, and one whose header says that it is compressed.
    let stranger = Encrypter::new(&ours.public_jwk(), "A256GCM").unwrap();
    let refused = send(&stranger.encrypt(body.to_string().as_bytes()).unwrap());
    refused.refused(400, "request_not_encrypted");
    assert_eq!(refused.body["error"], "invalid_encryption_parameters");
    let whole = sealed(&body);
    let rest = whole.split_once('.').unwrap().1;
    let header = json!({"alg": "ECDH-ES", "enc": "A256GCM", "zip": "DEF"}).to_string();
    let header = tessera_verifier::encoding::base64url(header.as_bytes());
    send(&format!("{header}.{rest}")).refused(400, "request_not_encrypted");
    // The key is the same after a restart, and on every replica.
    let again = issuer
        .get("/.well-known/openid-credential-issuer", None)
        .body;
    assert_eq!(
        again["credential_request_encryption"],
        metadata["credential_request_encryption"]
    );
}

#[test]
fn metadata_is_signed_where_that_is_asked_for() {
    let issuer = Issuer::start();
    let accept = [("accept", "application/jwt, application/json;q=0.9")];
    let path = "/.well-known/openid-credential-issuer";
    let signed = issuer.send("GET", path, &accept, b"");
    assert_eq!(
        (signed.status, &*signed.media_type),
        (200, "application/jwt")
    );
    let token = issuer.access_token();
    let credential = issuer.credentials(&token, "identity_limited_ldp", 1);
    let credential = &credential.body["credentials"][0]["credential"];
    let (_, key) = did::resolve(credential["issuer"].as_str().unwrap()).unwrap();
    let keys = [key];
    let trusted = Trusted {
        keys: &keys,
        anchors: &[],
    };
    let compact = String::from_utf8(signed.raw).unwrap();
    let read = metadata::verify_signed(&compact, &issuer.url, &trusted, issuer.time()).unwrap();
    let plain = issuer.get(path, None);
    assert_eq!(json!(read), plain.body);
    let server = issuer
        .get("/.well-known/oauth-authorization-server", None)
        .body;
    for (member, value) in [
        ("code_challenge_methods_supported", json!(["S256"])),
        ("dpop_signing_alg_values_supported", json!(["ES256"])),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
        (
            "pushed_authorization_request_endpoint",
            json!(format!("{}/par", issuer.url)),
        ),
        (
            "authorization_details_types_supported",
            json!(["openid_credential"]),
        ),
    ] {
        assert_eq!(server[member], value, "{member}");
    }
}

#[test]
fn an_attested_wallet_is_authenticated() {
    let attester = key();
    let issuer = configured(|config| {
        config.wallets.attesters = vec![did::did_key(attester.public_key())];
        config.wallets.require_attestation = true;
    });
    let server = issuer
        .get("/.well-known/oauth-authorization-server", None)
        .body;
    assert_eq!(
        server["token_endpoint_auth_methods_supported"],
        json!(["attest_jwt_client_auth"])
    );
    let instance = key();
    let pair = (&attester, &instance);
    let challenge = challenge();
    let pairs = form(&request(("scope", LIMITED), &challenge));
    let push = |(attestation, pop): &(String, String)| {
        let headers = [
            (client_attestation::HEADER, attestation.as_str()),
            (client_attestation::POP_HEADER, pop),
        ];
        issuer.form("/par", &headers, &pairs)
    };
    let refused = |headers: &(String, String), why: &str| {
        let answer = push(headers);
        answer.refused(401, "invalid_client_attestation");
        assert_eq!(answer.body["error"], "invalid_client_attestation");
        assert_eq!(answer.body["detail"], why);
    };
    let missing = issuer.form("/par", &[], &pairs);
    missing.refused(401, "invalid_client");
    let good = issuer.attested(pair, 60, |_| {});
    let half = [(client_attestation::HEADER, good.0.as_str())];
    issuer
        .form("/par", &half, &pairs)
        .refused(401, "invalid_client_attestation");
    let twice = [
        half[0],
        half[0],
        (client_attestation::POP_HEADER, good.1.as_str()),
    ];
    issuer
        .form("/par", &twice, &pairs)
        .refused(401, "invalid_client_attestation");
    refused(
        &issuer.attested(pair, 0, |_| {}),
        "the attestation has expired",
    );
    let stranger = key();
    refused(
        &issuer.attested((&stranger, &instance), 60, |_| {}),
        "a signature does not verify",
    );
    let elsewhere = issuer.attested(pair, 60, |claims| claims.audience = "https://other.example");
    refused(
        &elsewhere,
        "the proof of possession is for another audience",
    );
    let anothers = issuer.attested((&attester, &key()), 60, |_| {}).1;
    refused(&(good.0.clone(), anothers), "a signature does not verify");
    let nameless = {
        let payload = json!({"exp": issuer.time().unix() + 60, "cnf": {"jwk": instance.public_key().to_jwk()}});
        let header = json!({"typ": "oauth-client-attestation+jwt"});
        tessera_verifier::jws::sign(header, &payload, &attester).unwrap()
    };
    refused(&(nameless, good.1.clone()), "it is not well formed");
    let other = issuer.attested(pair, 60, |_| {});
    let named = pairs.replace(CLIENT, "another-wallet");
    let headers = [
        (client_attestation::HEADER, other.0.as_str()),
        (client_attestation::POP_HEADER, other.1.as_str()),
    ];
    issuer
        .form("/par", &headers, &named)
        .refused(401, "invalid_client");

    assert_eq!(push(&good).status, 201);
    refused(&good, "the proof of possession was used before");
    // Another instance of the same wallet cannot redeem what this one asked for.
    let pushed = push(&issuer.attested(pair, 60, |_| {})).text("request_uri");
    let link = form(&[("client_id", CLIENT), ("request_uri", &pushed)]);
    let browser = issuer.open(&format!("/authorize?{link}"));
    let page = String::from_utf8(browser.page("?lang=en").raw).unwrap();
    assert!(page.contains("An attested wallet:") && page.contains(CLIENT));
    browser.prove();
    let code = browser.code();
    let second = key();
    let (attestation, pop) = issuer.attested((&attester, &second), 60, |_| {});
    let headers = [
        (client_attestation::HEADER, attestation.as_str()),
        (client_attestation::POP_HEADER, &pop),
    ];
    let redeem = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", support::wallet::REDIRECT),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
    ]);
    issuer
        .form("/token", &headers, &redeem)
        .refused(400, "invalid_grant");
}

#[test]
fn a_challenge_of_ours_is_answered_by_the_proof_beside_an_attestation() {
    let attester = key();
    let issuer = configured(|config| {
        config.wallets.attesters = vec![did::did_key(attester.public_key())];
        config.wallets.attestation_challenge = true;
    });
    let instance = key();
    let challenge = challenge();
    let pairs = form(&request(("scope", LIMITED), &challenge));
    let push = |answering: Option<&str>| {
        let (attestation, pop) = {
            let (now, jti) = (issuer.time(), support::wallet::fresh());
            let times = (now, now.add_seconds(60));
            let attestation =
                client_attestation::prepare(json!({}), CLIENT, instance.public_key(), times);
            let claims = client_attestation::PopClaims {
                client_id: CLIENT,
                audience: &issuer.url,
                jti: &jti,
                iat: now,
                challenge: answering,
            };
            let pop = client_attestation::prepare_pop(&claims);
            (
                attestation.sign(&attester).unwrap(),
                pop.sign(&instance).unwrap(),
            )
        };
        let headers = [
            (client_attestation::HEADER, attestation.as_str()),
            (client_attestation::POP_HEADER, &pop),
        ];
        issuer.form("/par", &headers, &pairs)
    };
    for wrong in [None, Some("not ours")] {
        let refused = push(wrong);
        refused.refused(400, "use_attestation_challenge");
        assert_eq!(refused.body["error"], "use_attestation_challenge");
        let given = refused
            .header("oauth-client-attestation-challenge")
            .unwrap();
        assert_eq!(push(Some(&given)).status, 201);
    }
    let fetched = issuer.post_json("/challenge", None, &json!({}));
    assert_eq!(
        push(Some(&fetched.text("attestation_challenge"))).status,
        201
    );
}

#[test]
fn keys_are_attested_where_that_is_demanded() {
    let attester = key();
    let issuer = configured(|config| {
        config.wallets.key_attesters = vec![did::did_key(attester.public_key())];
        config.wallets.key_storage = vec!["iso_18045_high".to_owned()];
    });
    let metadata = issuer
        .get("/.well-known/openid-credential-issuer", None)
        .body;
    let types = &metadata["credential_configurations_supported"][LIMITED]["proof_types_supported"];
    let required = json!({"key_storage": ["iso_18045_high"]});
    assert_eq!(types["jwt"]["key_attestations_required"], required);
    assert_eq!(types["attestation"]["key_attestations_required"], required);
    let token = issuer.access_token();
    let attested = |keys: &[&SoftwareKey],
                    storage: &str,
                    nonce: Option<&str>,
                    signer: &SoftwareKey,
                    seconds| {
        let said = KeyAttestation {
            keys: keys.iter().map(|key| key.public_key().clone()).collect(),
            key_storage: vec![storage.to_owned()],
            user_authentication: Vec::new(),
            nonce: nonce.map(str::to_owned),
        };
        let now = issuer.time();
        key_attestation::prepare(json!({}), &said, (now, now.add_seconds(seconds)))
            .sign(signer)
            .unwrap()
    };
    let ask = |proofs: Value| {
        let body = json!({"credential_configuration_id": LIMITED, "proofs": proofs});
        issuer.post_json("/credential", Some(&token), &body)
    };
    let holder = key();
    let with = |attestation: &str| {
        let nonce = issuer.nonce();
        let public = holder.public_key();
        let unsigned =
            proof::prepare_attested(public, &issuer.url, &nonce, issuer.time(), attestation);
        ask(json!({"jwt": [unsigned.sign(&holder).unwrap()]}))
    };
    let high = "iso_18045_high";
    ask(issuer.proofs(1)).refused(400, "invalid_key_attestation");
    for bad in [
        attested(&[&holder], "iso_18045_basic", None, &attester, 60),
        attested(&[&holder], high, None, &key(), 60),
        attested(&[&holder], high, None, &attester, 0),
        attested(&[&key()], high, None, &attester, 60),
        "not a token".to_owned(),
    ] {
        let refused = with(&bad);
        refused.refused(400, "invalid_key_attestation");
        assert_eq!(refused.body["error"], "invalid_proof");
    }
    let (one, two) = (key(), key());
    let nonce = issuer.nonce();
    let many: Vec<_> = (0..11).map(|_| key()).collect();
    let many: Vec<_> = many.iter().collect();
    for (proofs, code) in [
        (
            vec![attested(&many, high, Some(&nonce), &attester, 60)],
            "batch_too_large",
        ),
        (
            vec![attested(&[&one], high, None, &attester, 60)],
            "invalid_nonce",
        ),
        (
            vec![attested(&[&one], high, Some("not ours"), &attester, 60)],
            "invalid_nonce",
        ),
        (
            vec![attested(
                &[&one],
                "iso_18045_basic",
                Some(&nonce),
                &attester,
                60,
            )],
            "invalid_key_attestation",
        ),
        (
            vec![attested(&[&one], high, Some(&nonce), &attester, 60); 2],
            "invalid_proof",
        ),
    ] {
        ask(json!({"attestation": proofs})).refused(400, code);
    }
    let listed = attested(&[&one, &two], high, Some(&nonce), &attester, 60);
    let answer = ask(json!({"attestation": [listed]}));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["credentials"].as_array().unwrap().len(), 2);

    let issuer_token = issuer.access_token();
    let body = |proofs: Value| json!({"credential_configuration_id": LIMITED, "proofs": proofs});
    let nonce = issuer.nonce();
    let good = attested(&[&holder], high, None, &attester, 60);
    let public = holder.public_key();
    let unsigned = proof::prepare_attested(public, &issuer.url, &nonce, issuer.time(), &good);
    let proofs = json!({"jwt": [unsigned.sign(&holder).unwrap()]});
    let answer = issuer.post_json("/credential", Some(&issuer_token), &body(proofs));
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

/// Every proof of a batch may carry the largest attestation there is, and the request be encrypted.
#[test]
fn a_whole_batch_of_the_largest_attestations_fits_into_a_request() {
    let attester = key();
    let issuer = configured(|config| {
        config.wallets.key_attesters = vec![did::did_key(attester.public_key())];
        config.wallets.key_storage = vec!["iso_18045_high".to_owned()];
    });
    let attested = |holder: &SoftwareKey, filling: usize| {
        let said = KeyAttestation {
            keys: vec![holder.public_key().clone()],
            key_storage: vec!["iso_18045_high".to_owned(), "x".repeat(filling)],
            ..KeyAttestation::default()
        };
        let now = issuer.time();
        key_attestation::prepare(json!({}), &said, (now, now.add_seconds(60)))
            .sign(&attester)
            .unwrap()
    };
    let holders: Vec<_> = (0..10).map(|_| key()).collect();
    let room = (key_attestation::BYTES_MAX - attested(&holders[0], 0).len()) / 4 * 3;
    let nonce = issuer.nonce();
    let proofs: Vec<String> = holders
        .iter()
        .map(|holder| {
            let attestation = attested(holder, room);
            assert!(attestation.len() > key_attestation::BYTES_MAX - 4);
            let (public, now) = (holder.public_key(), issuer.time());
            let unsigned = proof::prepare_attested(public, &issuer.url, &nonce, now, &attestation);
            unsigned.sign(holder).unwrap()
        })
        .collect();
    let body = json!({"credential_configuration_id": LIMITED, "proofs": {"jwt": proofs}});
    let metadata = issuer
        .get("/.well-known/openid-credential-issuer", None)
        .body;
    let jwk = &metadata["credential_request_encryption"]["jwks"]["keys"][0];
    let sealed = Encrypter::new(jwk, "A256GCM").unwrap();
    let sealed = sealed.encrypt(body.to_string().as_bytes()).unwrap();
    let token = issuer.access_token();
    let post = |sealed: &[u8]| issuer.post("/credential", Some(&token), "application/jwt", sealed);
    let most = Config::default().credential_bytes();
    post(&vec![b'a'; most + 1]).refused(413, "too_large");
    let answer = post(sealed.as_bytes());
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["credentials"].as_array().unwrap().len(), 10);
}

#[test]
fn a_refresh_token_issues_again_and_its_second_use_ends_it() {
    let issuer = Issuer::start();
    let holder = key();
    let granted = bound(&issuer, &holder);
    let first = granted.text("refresh_token");
    let token = granted.text("access_token");
    let ask = |token: &str| {
        let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(2)});
        issuer.request_bound((token, &holder), &body)
    };
    assert_eq!(ask(&token).status, 200);
    let refresh = |token: &str, key: Option<&SoftwareKey>| {
        issuer.redeem_with(
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
            key,
        )
    };
    refresh(&first, None).refused(400, "invalid_grant");
    refresh(&first, Some(&key())).refused(400, "invalid_grant");
    issuer.clock.advance(20 * 86_400);
    let again = refresh(&first, Some(&holder));
    assert_eq!(again.status, 200, "{:?}", again.body);
    let token = again.text("access_token");
    assert_eq!(ask(&token).status, 200);
    // The new set has taken the place of the old one.
    let listed = issuer.admin(tessera_issuer::admin::Command::Issuances {});
    let retired = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| !row["revoked"].is_null());
    assert_eq!(retired.count(), 2);

    let second = again.text("refresh_token");
    refresh(&first, Some(&holder)).refused(400, "invalid_grant");
    refresh(&second, Some(&holder)).refused(400, "invalid_grant");
    ask(&token).refused(401, "invalid_token");
}

#[test]
fn a_refresh_token_is_redeemed_once_from_many_connections() {
    let issuer = Issuer::start();
    let holder = key();
    let granted = bound(&issuer, &holder);
    let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(1)});
    let first = issuer.request_bound((&granted.text("access_token"), &holder), &body);
    assert_eq!(first.status, 200, "{:?}", first.body);
    let token = granted.text("refresh_token");
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let answers = at_once(|_| issuer.redeem_with(&pairs, Some(&holder)));
    let won = only_one(answers, &["invalid_grant"]);
    // Who else had it is not known: the line ends, and what it gave out with it (RFC 9700 §4.14.2).
    let token = won.text("access_token");
    let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(1)});
    let refused = issuer.request_bound((&token, &holder), &body);
    refused.refused(401, "invalid_token");
}

#[test]
fn the_profile_haip_is_one_switch() {
    let attester = key();
    let issuer = configured(|config| {
        config.profile = Profile::Haip;
        config.wallets.attesters = vec![did::did_key(attester.public_key())];
    });
    let server = issuer
        .get("/.well-known/oauth-authorization-server", None)
        .body;
    assert_eq!(server["require_pushed_authorization_requests"], true);
    let challenge = challenge();
    let pairs = form(&request(("scope", LIMITED), &challenge));
    let direct = issuer.send("GET", &format!("/authorize?{pairs}"), &[], b"");
    assert_eq!((direct.status, direct.header("location")), (400, None));
    assert!(
        String::from_utf8(direct.raw)
            .unwrap()
            .contains("push_required")
    );
    issuer
        .form("/par", &[], &pairs)
        .refused(401, "invalid_client");

    let instance = key();
    let headers_for = || issuer.attested((&attester, &instance), 60, |_| {});
    let (attestation, pop) = headers_for();
    let headers = [
        (client_attestation::HEADER, attestation.as_str()),
        (client_attestation::POP_HEADER, &pop),
    ];
    let uri = issuer.form("/par", &headers, &pairs).text("request_uri");
    let link = form(&[("client_id", CLIENT), ("request_uri", &uri)]);
    let browser = issuer.open(&format!("/authorize?{link}"));
    browser.prove();
    let code = browser.code();
    let redeem = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("client_id", CLIENT),
        ("redirect_uri", support::wallet::REDIRECT),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
    ]);
    let token = |dpop: Option<&SoftwareKey>| {
        let (attestation, pop) = headers_for();
        let proof =
            dpop.map(|key| issuer.dpop_after_challenge(key, &attestation_headers(&headers_for())));
        let mut headers = vec![
            (client_attestation::HEADER, attestation.as_str()),
            (client_attestation::POP_HEADER, &pop),
        ];
        if let Some(proof) = &proof {
            headers.push(("dpop", proof));
        }
        issuer.form("/token", &headers, &redeem)
    };
    token(None).refused(400, "invalid_dpop_proof");
    let holder = key();
    let granted = token(Some(&holder));
    assert_eq!(granted.status, 200, "{:?}", granted.body);
    // A response is not encrypted to a key that anybody on the way could have put there.
    let access = granted.text("access_token");
    let nonce = granted.header("dpop-nonce").unwrap();
    let ours = DecryptionKey::generate("response").unwrap();
    let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(1),
        "credential_response_encryption": {"jwk": ours.public_jwk(), "enc": "A128GCM"}});
    let proof = issuer.dpop_with(&holder, "/credential", (Some(&access), Some(&nonce)));
    issuer
        .request_proved((&access, &proof), &body)
        .refused(400, "request_not_encrypted");
    let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(1)});
    let proof = issuer.dpop_with(&holder, "/credential", (Some(&access), Some(&nonce)));
    let answer = issuer.request_proved((&access, &proof), &body);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    // The credential leads to the issuing authority, whose name is its issuer's.
    let pem = String::from_utf8(issuer.get("/issuing-ca", None).raw).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = tessera_verifier::encoding::from_base64(&body).unwrap();
    let anchors = [tessera_verifier::x509::TrustAnchor::from_certificate(&der).unwrap()];
    let policy = tessera_verifier::x509::ChainPolicy {
        now: issuer.time(),
        purposes: &[],
    };
    let credential = answer.body["credentials"][0]["credential"]
        .as_str()
        .unwrap();
    let parsed = tessera_verifier::sd_jwt::parse(credential).unwrap();
    let certified = parsed.issuer_key_by_x5c(&anchors, &policy).unwrap();
    let iss = parsed.payload_unverified()["iss"].clone();
    let (_, named) = did::resolve(iss.as_str().unwrap()).unwrap();
    assert_eq!(certified, named);
    assert!(tessera_verifier::sd_jwt::verify_issued(credential, &certified).is_ok());
    // And so says the bundle.
    let root = String::from_utf8(issuer.get("/root", None).raw).unwrap();
    let bundle = issuer.get("/bundle", None).raw;
    let bundle = tessera_verifier::Bundle::open(&bundle, &root).unwrap();
    let signer = bundle.signer(&parsed, issuer.time()).unwrap();
    assert_eq!((signer.key(), json!(signer.issuer())), (&named, iss));
    let issued_at = parsed.payload_unverified()["iat"].as_i64().unwrap();
    let issued_at = tessera_verifier::Timestamp::from_unix(issued_at);
    let limited = tessera_verifier::claims::AssuranceLevel::Limited;
    signer.may_issue(limited, issued_at, issuer.time()).unwrap();
}

fn attestation_headers(pair: &(String, String)) -> [(&str, &str); 2] {
    [
        (client_attestation::HEADER, pair.0.as_str()),
        (client_attestation::POP_HEADER, pair.1.as_str()),
    ]
}

trait AfterChallenge {
    fn dpop_after_challenge(&self, key: &SoftwareKey, headers: &[(&str, &str)]) -> String;
}

impl AfterChallenge for Issuer {
    /// A proof for `/token` with a nonce that an attested client was told.
    fn dpop_after_challenge(&self, key: &SoftwareKey, headers: &[(&str, &str)]) -> String {
        let first = self.dpop_with(key, "/token", (None, None));
        let mut headers = headers.to_vec();
        headers.push(("dpop", &first));
        let refused = self.form(
            "/token",
            &headers,
            "grant_type=refresh_token&refresh_token=x",
        );
        refused.refused(400, "use_dpop_nonce");
        let nonce = refused.header("dpop-nonce").unwrap();
        self.dpop_with(key, "/token", (None, Some(&nonce)))
    }
}

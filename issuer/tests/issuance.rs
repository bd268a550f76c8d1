//! The walk from a session to credentials, status and bundle, over HTTP.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use serde_json::json;
use support::{Issuer, NUMBER};
use tessera_exchange::jwe::{DecryptionKey, protected_header};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::Signer as _;
use tessera_issuer::store::RevocationTarget;
use tessera_verifier::bundle::Bundle;
use tessera_verifier::catalogue::Catalogue;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::{ProofExpectation, ecdsa_sd};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::sd_jwt::SdJwt;
use tessera_verifier::{Policy, Request, did, sd_jwt, verify};

#[test]
fn a_proved_person_receives_a_batch_in_both_formats() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    let answer = issuer.credentials(&token, "identity_limited_sd_jwt", 10);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let credentials = answer.body["credentials"].as_array().unwrap();
    assert_eq!(credentials.len(), 10);
    let mut indices = std::collections::HashSet::new();
    for credential in credentials {
        let text = credential["credential"].as_str().unwrap();
        let parsed = sd_jwt::parse(text).unwrap();
        let iss = parsed.payload_unverified()["iss"].clone();
        let (_, key) = did::resolve(iss.as_str().unwrap()).unwrap();
        let claims = sd_jwt::verify_issued(text, &key).unwrap();
        assert_eq!(claims["age_equal_or_over"]["18"], true);
        assert_eq!(claims["evidence"][0]["assurance_level"], "limited");
        let issued = claims["iat"].as_i64().unwrap();
        assert_eq!(issued % 86_400, 0, "times are midnights");
        assert!(indices.insert(claims["status"]["status_list"]["idx"].clone()));
        for name in ["family_name", "birthdate", "personal_administrative_number"] {
            assert!(parsed.payload_unverified().get(name).is_none());
        }
    }

    let answer = issuer.credentials(&token, "identity_limited_ldp", 3);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    for credential in answer.body["credentials"].as_array().unwrap() {
        let document = &credential["credential"];
        let expected = ProofExpectation::credential(issuer.time());
        ecdsa_sd::verify_base(document, &expected, &ContextStore::builtin()).unwrap();
        assert!(document.get("id").is_none());
        assert_eq!(document["validFrom"], "2027-01-15T00:00:00Z");
    }
    // Both formats are one set: nothing was retired.
    let listed = issuer.admin(Command::Issuances {});
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 13);
    assert!(
        listed
            .iter()
            .all(|r| r["state"] == "issued" && r["revoked"].is_null())
    );
}

#[test]
fn revocation_shows_in_the_next_list_and_bundle_and_a_new_device_retires_the_old() {
    let issuer = Issuer::start();
    let first = issuer.access_token();
    issuer.credentials(&first, "identity_limited_sd_jwt", 2);
    let second = issuer.access_token();
    assert_eq!(
        issuer
            .credentials(&second, "identity_limited_ldp", 1)
            .status,
        200
    );
    let listed = issuer.admin(Command::Issuances {});
    let revoked = |listed: &serde_json::Value| {
        let rows = listed.as_array().unwrap();
        rows.iter().filter(|r| !r["revoked"].is_null()).count()
    };
    assert_eq!(revoked(&listed), 2, "the new set retired the old");

    let root = String::from_utf8(issuer.get("/root", None).raw).unwrap();
    let bundle = issuer.get("/bundle", None);
    assert_eq!(bundle.media_type, "application/jwt");
    assert!(Bundle::open(&bundle.raw, &root).is_ok());
    issuer.admin(Command::Revoke {
        target: RevocationTarget::Person(NUMBER.to_owned()),
        reason: "lost".to_owned(),
    });
    let fresh = issuer.get("/bundle", None);
    assert_ne!(bundle.raw, fresh.raw);
    assert!(Bundle::open(&fresh.raw, &root).is_ok());
    assert_eq!(revoked(&issuer.admin(Command::Issuances {})), 3);

    let list = listed[0]["list"].as_str().unwrap();
    let token = issuer.get(&format!("/status/{list}.jwt"), None);
    let uri = format!("{}/status/{list}.jwt", issuer.url);
    let text = String::from_utf8(token.raw).unwrap();
    assert!(tessera_verifier::status::read_token(&text, &uri).is_ok());
    assert_eq!(
        issuer.get(&format!("/status/{list}"), None).media_type,
        "application/vc+json"
    );
    issuer
        .get("/status/unknown", None)
        .refused(404, "not_found");

    let published = issuer.admin(Command::Publish {});
    assert_eq!(published["files"], 3);
    let file = std::fs::read(issuer.data.path().join("public/bundle.jwt")).unwrap();
    assert!(Bundle::open(&file, &root).is_ok());
}

#[test]
fn rotation_keeps_old_credentials_good() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    let holder = support::key();
    let proof = issuer.proof(&holder, &issuer.nonce());
    let old = issuer.request(&token, "identity_limited_sd_jwt", &[proof]);
    let old = old.body["credentials"][0]["credential"].clone();
    let party = support::key();
    issuer.admin(Command::RelyingPartyAdd {
        did: party.did().to_owned(),
        name_en: "Specimen Café".to_owned(),
        name_zh: "样本网吧".to_owned(),
        services: vec!["internet-cafe".to_owned()],
    });
    let before = issuer.admin(Command::Issuances {})[0]["issuer"].clone();
    let after = issuer.admin(Command::Rotate {})["issuer"].clone();
    assert_ne!(before, after);
    let answer = issuer.credentials(&token, "identity_limited_ldp", 1);
    assert_eq!(answer.body["credentials"][0]["credential"]["issuer"], after);
    let root = String::from_utf8(issuer.get("/root", None).raw).unwrap();
    let bundle = issuer.get("/bundle", None).raw;
    let opened = Bundle::open(&bundle, &root).unwrap();

    // The credential of the old key, shown to a relying party that has only the new bundle.
    let service = Catalogue::builtin().get("internet-cafe").unwrap();
    let request = RequestBuilder::for_service(service)
        .client(party.did())
        .nonce("bm9uY2Utb2Ytc3BlY2ltZW4")
        .issued_at(issuer.time())
        .expires(issuer.time().add_seconds(300));
    let request = Request::for_own(&request.build().unwrap().sign(&party).unwrap()).unwrap();
    let query = request.query().credential("sd_jwt").unwrap();
    let paths: Vec<_> = query.claims.iter().map(|c| c.path.clone()).collect();
    let selection = sd_jwt::parse(old.as_str().unwrap())
        .unwrap()
        .select(&paths)
        .unwrap();
    let (audience, nonce) = (request.client_id(), request.nonce());
    let unsigned = SdJwt::prepare_key_binding(selection, audience, nonce, issuer.time());
    let signature = LocalSigner::sign(&holder, unsigned.signing_input()).unwrap();
    let shown = json!({"sd_jwt": [unsigned.attach(signature)]}).to_string();
    let policy = Policy::for_service(service);
    let verified = verify(shown.as_bytes(), &request, &policy, &opened, issuer.time()).unwrap();
    assert_eq!(json!(verified.credentials()[0].issuer()), before);

    let payload = String::from_utf8(bundle).unwrap();
    let payload = payload.split('.').nth(1).unwrap().to_owned();
    let payload = tessera_verifier::encoding::from_base64url(&payload).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(payload["issuers"][0]["did"], before);
    assert_eq!(payload["issuers"][1]["not_after"], json!(null));
}

#[test]
fn a_response_is_encrypted_when_the_wallet_asks() {
    let issuer = Issuer::start();
    let ours = DecryptionKey::generate("response").unwrap();
    let jwk = ours.public_jwk();
    for (configuration, enc) in [
        ("identity_limited_sd_jwt", "A128GCM"),
        ("identity_limited_ldp", "A256GCM"),
    ] {
        let token = issuer.access_token();
        let proof = issuer.proof(&support::key(), &issuer.nonce());
        let mut body = json!({"credential_configuration_id": configuration, "proofs": {"jwt": [proof]},
            "credential_response_encryption": {"jwk": jwk, "enc": "A192CBC"}});
        issuer
            .post_json("/credential", Some(&token), &body)
            .refused(400, "invalid_encryption_parameters");
        body["credential_response_encryption"]["enc"] = json!(enc);
        let answer = issuer.post_json("/credential", Some(&token), &body);
        assert_eq!(
            (answer.status, &*answer.media_type),
            (200, "application/jwt")
        );
        let text = String::from_utf8(answer.raw).unwrap();
        let header = protected_header(&text).unwrap();
        assert_eq!(
            (&header["enc"], &header["kid"]),
            (&json!(enc), &json!("response"))
        );
        let plain = ours.decrypt(&text, &[enc]).unwrap();
        let plain: serde_json::Value = serde_json::from_slice(&plain).unwrap();
        assert_eq!(plain["credentials"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn metadata_names_what_is_offered() {
    let issuer = Issuer::start();
    let metadata = issuer
        .get("/.well-known/openid-credential-issuer", None)
        .body;
    assert_eq!(metadata["credential_issuer"], json!(issuer.url));
    assert_eq!(metadata["batch_credential_issuance"]["batch_size"], 10);
    let configurations = metadata["credential_configurations_supported"]
        .as_object()
        .unwrap();
    assert_eq!(configurations.len(), 4);
    let server = issuer
        .get("/.well-known/oauth-authorization-server", None)
        .body;
    assert_eq!(
        server["token_endpoint"],
        json!(format!("{}/token", issuer.url))
    );
    assert_eq!(issuer.get("/readyz", None).status, 200);
}

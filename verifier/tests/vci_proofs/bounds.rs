//! Bounds, times and members: each check where nothing else refuses.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::encoding::base64;
use tessera_verifier::vci::authorization::AuthorizationDetail;
use tessera_verifier::vci::client_attestation::{self, PopClaims};
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::key_attestation::{KEYS_MAX, KeyAttestation};
use tessera_verifier::vci::metadata::{self, AuthorizationServerMetadata, IssuerMetadata};
use tessera_verifier::vci::{
    self, AuthorizationRequest, CredentialOffer, Grant, OfferLink, Secret, TokenRequest, Trusted,
    dpop, key_attestation, proof,
};
use tessera_verifier::x509::TrustAnchor;
use tessera_verifier::{Error, Timestamp};

use super::{HTU, ISSUER, NOW, Signer, claims, code, expected, forged, made, pop};

fn accepted<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

/// The text with spaces after it.
fn padded(text: &str, bytes: usize) -> String {
    text.to_owned() + &" ".repeat(bytes - text.len())
}

fn trusting(keys: &[tessera_verifier::key::PublicKey]) -> Trusted<'_> {
    Trusted { keys, anchors: &[] }
}

#[test]
fn messages_are_bounded_to_the_byte() {
    let judged = |bytes: usize| {
        let text = padded(r#"{"c_nonce":"x"}"#, bytes);
        accepted(vci::read::<vci::NonceResponse>(text.as_bytes()))
    };
    assert_eq!(judged(4 << 20), "accepted");
    assert_eq!(judged((4 << 20) + 1), "too_large");

    let details = |bytes: usize| {
        let text = padded(&json!([AuthorizationDetail::new("a")]).to_string(), bytes);
        accepted(AuthorizationDetail::read_all(&text))
    };
    assert_eq!(details(16 << 10), "accepted");
    assert_eq!(details((16 << 10) + 1), "too_large");
    let many = |count: usize| {
        let text = json!(vec![AuthorizationDetail::new("a"); count]).to_string();
        accepted(AuthorizationDetail::read_all(&text))
    };
    assert_eq!(
        [many(0), many(16), many(17)],
        ["malformed", "accepted", "too_large"]
    );

    let request = |bytes: usize| {
        let mut form = Form::default();
        for (name, value) in [
            ("client_id", "wallet"),
            ("redirect_uri", "app:/"),
            ("response_type", "code"),
            (
                "code_challenge",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            ),
            ("code_challenge_method", "S256"),
        ] {
            form.push(name, value);
        }
        form.push("state", &"x".repeat(bytes));
        accepted(AuthorizationRequest::from_form(&form))
    };
    assert_eq!([request(2048), request(2049)], ["accepted", "too_large"]);

    let offer =
        json!({"credential_issuer": ISSUER, "credential_configuration_ids": ["a"]}).to_string();
    let fetched =
        |bytes: usize| accepted(CredentialOffer::from_json(padded(&offer, bytes).as_bytes()));
    assert_eq!(
        [fetched(16 << 10), fetched((16 << 10) + 1)],
        ["accepted", "too_large"]
    );
    let linked = |bytes: usize| {
        let link = "openid-credential-offer://?credential_offer_uri=https://issuer.example/";
        accepted(OfferLink::from_uri(&format!(
            "{link}{}",
            "x".repeat(bytes - link.len())
        )))
    };
    assert_eq!(
        [linked(16 << 10), linked((16 << 10) + 1)],
        ["accepted", "too_large"]
    );
}

#[test]
fn a_key_proof_is_for_one_issuer_in_its_time() {
    let key = Signer::fresh();
    let made = |aud: &str, iat: Timestamp| {
        let proof = proof::prepare(key.public_key(), aud, "nonce", iat, Some("wallet"));
        proof.sign(&key).unwrap()
    };
    let at = |seconds: i64| {
        accepted(proof::verify(
            &made(ISSUER, NOW.add_seconds(seconds)),
            ISSUER,
            NOW,
        ))
    };
    assert_eq!([at(0), at(60), at(-360)], ["accepted"; 3]);
    assert_eq!(
        [at(61), at(-361)],
        ["presentation_from_future", "presentation_too_old"]
    );
    let elsewhere = proof::verify(&made("https://other.example", NOW), ISSUER, NOW);
    assert_eq!(code(elsewhere), "audience_mismatch");
    let payload = |compact: &str| -> Value {
        let part = compact.split('.').nth(1).unwrap();
        serde_json::from_slice(&tessera_verifier::encoding::from_base64url(part).unwrap()).unwrap()
    };
    assert_eq!(payload(&made(ISSUER, NOW))["iss"], "wallet");
    let anonymous = proof::prepare(key.public_key(), ISSUER, "nonce", NOW, None);
    assert!(payload(&anonymous.sign(&key).unwrap()).get("iss").is_none());
    let header =
        json!({"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": key.public_key().to_jwk()});
    let padded = |bytes: usize| {
        let said = json!({"aud": ISSUER, "nonce": "n", "iat": NOW.unix(), "x": "x".repeat(bytes)});
        let compact = forged(&key, &header, &said);
        (
            compact.len(),
            accepted(proof::verify(&compact, ISSUER, NOW)),
        )
    };
    // Three octets of a payload are four characters.
    let most = proof::BYTES_MAX;
    let room = (most - padded(0).0) / 4 * 3;
    let (length, judged) = padded(room);
    assert!((most - 8..=most).contains(&length), "{length}");
    assert_eq!(judged, "accepted");
    assert_eq!(padded(room + 6).1, "too_large");
}

/// The largest attestation there may be is taken where it stands alone, and in the header of a proof; one byte more is not.
#[test]
fn a_proof_has_room_for_the_largest_attestation() {
    let (key, attester) = (Signer::fresh(), Signer::fresh());
    let keys = [attester.public_key().clone()];
    let attestation = |said: usize| {
        let header = json!({"alg": "ES256", "typ": "key-attestation+jwt"});
        let claims = json!({
            "iat": NOW.unix(), "exp": NOW.add_seconds(60).unix(), "attested_keys": [key.public_key().to_jwk()],
            "status": "x".repeat(said),
        });
        forged(&attester, &header, &claims)
    };
    let room = (key_attestation::BYTES_MAX - attestation(0).len()) / 4 * 3;
    let (least, most) = (attestation(room), attestation(room + 1));
    let largest = [most, least]
        .into_iter()
        .find(|compact| compact.len() <= key_attestation::BYTES_MAX)
        .unwrap();
    assert!(largest.len() > key_attestation::BYTES_MAX - 4);
    let alone = |compact: &str| accepted(key_attestation::verify(compact, &trusting(&keys), NOW));
    assert_eq!(alone(&largest), "accepted");
    assert_eq!(alone(&attestation(room + 6)), "too_large");
    let within = |compact: &str| {
        let nonce = "n".repeat(64);
        let proof = proof::prepare_attested(key.public_key(), ISSUER, &nonce, NOW, compact);
        let proof = proof::verify(&proof.sign(&key).unwrap(), ISSUER, NOW)?;
        key_attestation::verify(&proof.key_attestation.unwrap(), &trusting(&keys), NOW)
    };
    assert_eq!(accepted(within(&largest)), "accepted");
    assert_eq!(accepted(within(&attestation(room + 6))), "too_large");
    // Besides the attestation the header has 4 KiB, its payload what is left of the whole.
    assert_eq!(
        accepted(within(&"a".repeat(key_attestation::BYTES_MAX + 4096))),
        "too_large"
    );
}

#[test]
fn uris_of_a_dpop_proof_may_leave_out_an_empty_path() {
    let key = Signer::fresh();
    let mut said = claims();
    said.htu = ISSUER;
    let mut wanted = expected();
    wanted.htu = "https://issuer.example/";
    assert!(dpop::verify(&made(&key, &said), &wanted).is_ok());
    said.htu = HTU;
    assert_eq!(
        code(dpop::verify(&made(&key, &said), &wanted)),
        "audience_mismatch"
    );
}

#[test]
fn a_proof_of_possession_ends_and_is_remembered_by_key_and_identifier() {
    let (attester, one, two) = (Signer::fresh(), Signer::fresh(), Signer::fresh());
    let keys = [attester.public_key().clone()];
    let attested = |instance: &Signer| {
        let times = (NOW, NOW.add_seconds(60));
        let said = client_attestation::prepare_by(
            Some("attester"),
            json!({}),
            "wallet",
            instance.public_key(),
            times,
        );
        said.sign(&attester).unwrap()
    };
    assert!(attested(&one).split('.').nth(1).is_some_and(|part| {
        let said = tessera_verifier::encoding::from_base64url(part).unwrap();
        serde_json::from_slice::<Value>(&said).unwrap()["iss"] == "attester"
    }));
    let check = |instance: &Signer, pop: &str| {
        client_attestation::verify(&attested(instance), pop, ISSUER, &trusting(&keys), NOW)
    };
    let once = |instance: &Signer, jti: &'static str| {
        let pop = pop(instance, |claims: &mut PopClaims<'_>| claims.jti = jti);
        check(instance, &pop).unwrap().once()
    };
    assert_eq!(once(&one, "a"), once(&one, "a"));
    assert_ne!(once(&one, "a"), once(&one, "b"));
    assert_ne!(once(&one, "a"), once(&two, "a"));
    let header = json!({"alg": "ES256", "typ": "oauth-client-attestation-pop+jwt"});
    let ending = |exp: Value| {
        let said =
            json!({"iss": "wallet", "aud": ISSUER, "jti": "x", "iat": NOW.unix(), "exp": exp});
        accepted(check(&one, &forged(&one, &header, &said)))
    };
    assert_eq!(ending(json!(NOW.unix() + 1)), "accepted");
    assert_eq!(ending(json!(NOW.unix())), "expired");
    // RFC 7519 §2: seconds may have a fraction, within what a float counts exactly.
    assert_eq!(ending(json!(NOW.unix() as f64 + 1.5)), "accepted");
    assert_eq!(ending(json!(NOW.unix() as f64 - 0.5)), "expired");
    assert_eq!(ending(json!(8.9e15)), "accepted");
    assert_eq!(ending(json!(9e15)), "malformed");
    assert_eq!(ending(json!(1e300)), "malformed");
}

#[test]
fn a_key_attestation_has_times_and_bounds() {
    let attester = Signer::fresh();
    let keys = [attester.public_key().clone()];
    let jwk = Signer::fresh().public_key().to_jwk();
    let honest = json!({"iat": NOW.unix(), "exp": NOW.unix() + 60, "attested_keys": [jwk]});
    let judged = |change: &dyn Fn(&mut Value)| {
        let mut said = honest.clone();
        change(&mut said);
        let header = json!({"alg": "ES256", "typ": "key-attestation+jwt"});
        accepted(key_attestation::verify(
            &forged(&attester, &header, &said),
            &trusting(&keys),
            NOW,
        ))
    };
    assert_eq!(judged(&|_| {}), "accepted");
    for name in ["iat", "exp"] {
        assert_eq!(
            judged(&|said| drop(said.as_object_mut().unwrap().remove(name))),
            "malformed",
            "{name}"
        );
    }
    assert_eq!(
        judged(&|said| said["iat"] = json!(NOW.unix() + 60)),
        "accepted"
    );
    assert_eq!(
        judged(&|said| said["iat"] = json!(NOW.unix() + 61)),
        "not_yet_valid"
    );
    for (count, expected) in [(16, "accepted"), (17, "malformed")] {
        assert_eq!(
            judged(&|said| said["key_storage"] = json!(vec!["x"; count])),
            expected,
            "{count}"
        );
    }
    let most = KeyAttestation {
        keys: (0..KEYS_MAX)
            .map(|_| Signer::fresh().public_key().clone())
            .collect(),
        ..KeyAttestation::default()
    };
    let signed = key_attestation::prepare(json!({}), &most, (NOW, NOW.add_seconds(60)));
    let signed = signed.sign(&attester).unwrap();
    assert_eq!(
        key_attestation::verify(&signed, &trusting(&keys), NOW),
        Ok(most)
    );
}

fn document() -> IssuerMetadata {
    serde_json::from_value(json!({
        "credential_issuer": ISSUER, "credential_endpoint": format!("{ISSUER}/credential"),
        "credential_configurations_supported": {},
    }))
    .unwrap()
}

#[test]
fn signed_metadata_is_bounded_and_about_the_issuer_that_was_asked() {
    let signer = Signer::fresh();
    let keys = [signer.public_key().clone()];
    let header = json!({"alg": "ES256", "typ": "openidvci-issuer-metadata+jwt"});
    let judged = |change: &dyn Fn(&mut Value)| {
        let mut said = json!(document());
        said["sub"] = json!(ISSUER);
        said["iat"] = json!(NOW.unix());
        change(&mut said);
        let compact = forged(&signer, &header, &said);
        accepted(metadata::verify_signed(
            &compact,
            ISSUER,
            &trusting(&keys),
            NOW,
        ))
    };
    assert_eq!(judged(&|_| {}), "accepted");
    let other = json!("https://other.example");
    assert_eq!(
        judged(&|said| said["sub"] = other.clone()),
        "issuer_key_mismatch"
    );
    assert_eq!(
        judged(&|said| said["sub"] = Value::Null),
        "issuer_key_mismatch"
    );
    let padded = |bytes: usize| judged(&|said| said["x"] = json!("x".repeat(bytes)));
    assert_eq!(padded(380 << 10), "accepted");
    assert_eq!(padded(390 << 10), "too_large");
}

/// A certificate for `name` under a root of its own, with what signs by it.
fn certified(name: &str) -> (Signer, Vec<u8>, TrustAnchor) {
    let key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let params = |subject: &str, names: Vec<String>, usage| {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, subject);
        params.key_usages = vec![usage];
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2036, 1, 1);
        params
    };
    let (root_key, leaf_key) = (key(), key());
    let mut root = params("Specimen CA", vec![], KeyUsagePurpose::KeyCertSign);
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let anchor = root.self_signed(&root_key).unwrap();
    let anchor = TrustAnchor::from_certificate(anchor.der()).unwrap();
    let mut leaf = params(
        "Specimen",
        vec![name.to_owned()],
        KeyUsagePurpose::DigitalSignature,
    );
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf
        .signed_by(&leaf_key, &Issuer::new(root, root_key))
        .unwrap();
    (
        Signer::from_pkcs8(&leaf_key.serialize_der()),
        leaf.der().to_vec(),
        anchor,
    )
}

#[test]
fn a_certificate_signs_for_its_own_issuer_alone() {
    let (signer, leaf, anchor) = certified("issuer.example");
    let anchors = [anchor];
    let signed = |leaf: &[u8], by: &Signer| {
        let header = json!({"x5c": [base64(leaf)]});
        let signed = metadata::prepare_signed(&document(), header, NOW, NOW.add_seconds(60));
        signed.sign(by).unwrap()
    };
    let judged = |compact: &str, keys: &[_]| {
        let trusted = Trusted {
            keys,
            anchors: &anchors,
        };
        accepted(metadata::verify_signed(compact, ISSUER, &trusted, NOW))
    };
    assert_eq!(judged(&signed(&leaf, &signer), &[]), "accepted");
    // What comes under a certificate is judged by it, also where the key itself is known.
    let (twin, other_leaf, _) = certified("issuer.example");
    let known = [twin.public_key().clone()];
    assert_ne!(judged(&signed(&other_leaf, &twin), &known), "accepted");
    assert_eq!(judged(&signed(&leaf, &twin), &known), "invalid_signature");
    let (signer, leaf, anchor) = certified("other.example");
    let anchors = [anchor];
    let trusted = Trusted {
        keys: &[],
        anchors: &anchors,
    };
    let speaks = metadata::verify_signed(&signed(&leaf, &signer), ISSUER, &trusted, NOW);
    assert_eq!(code(speaks), "issuer_key_mismatch");
}

#[test]
fn what_a_server_does_not_do_is_not_said() {
    let mut server: AuthorizationServerMetadata =
        serde_json::from_value(json!({"issuer": ISSUER})).unwrap();
    let name = "authorization_response_iss_parameter_supported";
    assert!(json!(server).get(name).is_none());
    server.authorization_response_iss_parameter_supported = true;
    assert_eq!(json!(server)[name], true);
}

/// Each member of each grant comes back, and one that is not there does not.
#[test]
fn token_requests_survive_their_form() {
    let secret = |text: &str| Some(Secret::from(text));
    let grants = |full: bool| {
        let some = |text: &str| if full { secret(text) } else { None };
        [
            Grant::PreAuthorizedCode {
                code: "code".into(),
                tx_code: some("123456"),
            },
            Grant::AuthorizationCode {
                code: "code".into(),
                redirect_uri: full.then(|| "app:/".to_owned()),
                code_verifier: some("verifier"),
            },
            Grant::RefreshToken {
                refresh_token: "token".into(),
            },
        ]
    };
    for full in [false, true] {
        for grant in grants(full) {
            let details = if full {
                vec![AuthorizationDetail::new("a")]
            } else {
                vec![]
            };
            let request = TokenRequest {
                grant,
                client_id: full.then(|| "wallet".to_owned()),
                authorization_details: details,
            };
            let form = request.to_form();
            let pairs: Vec<String> = form.encode().split('&').map(str::to_owned).collect();
            let count = match (&request.grant, full) {
                (Grant::PreAuthorizedCode { .. }, true) => 5,
                (Grant::AuthorizationCode { .. }, true) => 6,
                (Grant::RefreshToken { .. }, true) => 4,
                _ => 2,
            };
            assert_eq!(pairs.len(), count, "{pairs:?}");
            let back =
                TokenRequest::from_form(&Form::parse(form.encode().as_bytes()).unwrap()).unwrap();
            assert_eq!(*back.to_form().encode(), *form.encode());
        }
    }
}

#[test]
fn secrets_are_not_printed() {
    let mut form = Form::default();
    form.push("code", "hidden");
    assert_eq!(format!("{form:?}"), "Form(1 parameters)");
    assert_eq!(format!("{:?}", Secret::from("hidden")), "Secret(..)");
}

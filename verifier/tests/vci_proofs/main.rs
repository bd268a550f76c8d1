//! The proofs and attestations of OpenID4VCI: what each check refuses.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bounds;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::encoding::{base64url, from_base64url};
use tessera_verifier::jws;
use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::key_attestation::KeyAttestation;
use tessera_verifier::vci::metadata::{self, IssuerMetadata, KeyAttestationsRequired};
use tessera_verifier::vci::{Trusted, client_attestation, dpop, key_attestation, proof};
use tessera_verifier::{Error, Timestamp};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const HTU: &str = "https://issuer.example/token";
const ISSUER: &str = "https://issuer.example";

struct Signer(EcdsaKeyPair, PublicKey);

impl Signer {
    fn fresh() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }

    fn from_pkcs8(der: &[u8]) -> Self {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self
            .0
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code()
}

fn claims() -> dpop::Claims<'static> {
    dpop::Claims {
        htm: "POST",
        htu: HTU,
        jti: "an-identifier-of-96-bits",
        iat: NOW,
        nonce: Some("nonce"),
        access_token: Some("token"),
    }
}

fn expected() -> dpop::Expected<'static> {
    dpop::Expected {
        htm: "POST",
        htu: HTU,
        access_token: Some("token"),
        now: NOW,
    }
}

fn made(key: &Signer, claims: &dpop::Claims<'_>) -> String {
    dpop::prepare(key.public_key(), claims).sign(key).unwrap()
}

#[test]
fn a_dpop_proof_gives_its_key_identifier_and_nonce() {
    let key = Signer::fresh();
    let verified = dpop::verify(&made(&key, &claims()), &expected()).unwrap();
    assert_eq!(verified.key, *key.public_key());
    assert_eq!(verified.jti, "an-identifier-of-96-bits");
    assert_eq!(verified.nonce.as_deref(), Some("nonce"));
    // Another key's proof with the same identifier is another proof.
    let other = dpop::verify(&made(&Signer::fresh(), &claims()), &expected()).unwrap();
    assert_ne!(verified.once(), other.once());
}

#[test]
fn a_dpop_proof_of_another_request_is_refused() {
    let key = Signer::fresh();
    let proof = made(&key, &claims());
    let with = |change: fn(&mut dpop::Expected<'static>)| {
        let mut expected = expected();
        change(&mut expected);
        code(dpop::verify(&proof, &expected))
    };
    assert_eq!(with(|e| e.htm = "GET"), "audience_mismatch");
    assert_eq!(
        with(|e| e.htu = "https://issuer.example/credential"),
        "audience_mismatch"
    );
    assert_eq!(
        with(|e| e.access_token = Some("another")),
        "holder_binding_invalid"
    );
    assert_eq!(
        with(|e| e.now = NOW.add_seconds(400)),
        "presentation_too_old"
    );
    assert_eq!(
        with(|e| e.now = NOW.add_seconds(-100)),
        "presentation_from_future"
    );
    let mut without = claims();
    without.access_token = None;
    let proof = made(&key, &without);
    assert_eq!(
        code(dpop::verify(&proof, &expected())),
        "holder_binding_invalid"
    );
}

/// A token with this header and payload, signed by `key` whatever they say.
fn forged(key: &Signer, header: &Value, payload: &Value) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    let input = format!("{}.{}", part(header), part(payload));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(signature.as_ref()))
}

#[test]
fn a_forged_dpop_proof_is_refused() {
    let (key, other) = (Signer::fresh(), Signer::fresh());
    let jwk = key.public_key().to_jwk();
    let header = json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk});
    let payload = json!({"jti": "x", "htm": "POST", "htu": HTU, "iat": NOW.unix(), "ath": dpop::ath("token")});
    dpop::verify(&forged(&key, &header, &payload), &expected()).unwrap();
    let header_with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        code(dpop::verify(&forged(&key, &header, &payload), &expected()))
    };
    assert_eq!(header_with("alg", json!("none")), "unsupported_algorithm");
    assert_eq!(header_with("alg", json!("HS256")), "unsupported_algorithm");
    assert_eq!(header_with("typ", json!("JWT")), "unsupported_format");
    assert_eq!(header_with("crit", json!(["x"])), "malformed");
    let mut private = jwk.clone();
    private["d"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE");
    assert_eq!(header_with("jwk", private), "malformed");
    assert_eq!(
        header_with("jwk", json!({"kty": "oct", "k": "AAAA"})),
        "unsupported_algorithm"
    );
    assert_eq!(
        header_with("jwk", other.public_key().to_jwk()),
        "invalid_signature"
    );
    let mut bare = header.clone();
    bare.as_object_mut().unwrap().remove("jwk");
    let bare = dpop::verify(&forged(&key, &bare, &payload), &expected());
    assert_eq!(code(bare), "holder_binding_missing");
    for name in ["jti", "htm", "htu", "iat"] {
        let mut payload = payload.clone();
        payload.as_object_mut().unwrap().remove(name);
        assert!(
            dpop::verify(&forged(&key, &header, &payload), &expected()).is_err(),
            "{name}"
        );
    }
    let mut long = payload.clone();
    long["jti"] = json!("x".repeat(600));
    assert_eq!(
        code(dpop::verify(&forged(&key, &header, &long), &expected())),
        "malformed"
    );
    assert_eq!(
        code(dpop::verify(&"x".repeat(9000), &expected())),
        "too_large"
    );
}

fn attested(attester: &Signer, instance: &Signer, exp: i64) -> String {
    let times = (NOW, NOW.add_seconds(exp));
    client_attestation::prepare(json!({}), "wallet", instance.public_key(), times)
        .sign(attester)
        .unwrap()
}

fn pop(
    instance: &Signer,
    change: impl FnOnce(&mut client_attestation::PopClaims<'static>),
) -> String {
    let mut claims = client_attestation::PopClaims {
        client_id: "wallet",
        audience: ISSUER,
        jti: "once",
        iat: NOW,
        challenge: Some("challenge"),
    };
    change(&mut claims);
    client_attestation::prepare_pop(&claims)
        .sign(instance)
        .unwrap()
}

#[test]
fn a_client_attestation_authenticates_its_client() {
    let (attester, instance) = (Signer::fresh(), Signer::fresh());
    let keys = [
        Signer::fresh().public_key().clone(),
        attester.public_key().clone(),
    ];
    let trusted = Trusted {
        keys: &keys,
        anchors: &[],
    };
    let check = |attestation: &str, pop: &str| {
        client_attestation::verify(attestation, pop, ISSUER, &trusted, NOW)
    };
    let good = attested(&attester, &instance, 3600);
    let client = check(&good, &pop(&instance, |_| {})).unwrap();
    assert_eq!((&*client.client_id, &*client.jti), ("wallet", "once"));
    assert_eq!(client.challenge.as_deref(), Some("challenge"));
    assert_eq!(client.key, *instance.public_key());

    let proof = pop(&instance, |_| {});
    assert_eq!(
        code(check(&attested(&attester, &instance, 0), &proof)),
        "expired"
    );
    let stranger = attested(&Signer::fresh(), &instance, 3600);
    assert_eq!(code(check(&stranger, &proof)), "invalid_signature");
    let nobody = client_attestation::verify(&good, &proof, ISSUER, &Trusted::default(), NOW);
    assert_eq!(code(nobody), "issuer_untrusted");
    assert_eq!(
        code(check(&good, &pop(&Signer::fresh(), |_| {}))),
        "invalid_signature"
    );
    assert_eq!(
        code(check(
            &good,
            &pop(&instance, |c| c.audience = "https://other.example")
        )),
        "audience_mismatch"
    );
    assert_eq!(
        code(check(&good, &pop(&instance, |c| c.client_id = "other"))),
        "holder_binding_invalid"
    );
    assert_eq!(
        code(check(&good, &pop(&instance, |c| c.jti = ""))),
        "malformed"
    );
    assert_eq!(
        code(check(
            &good,
            &pop(&instance, |c| c.iat = NOW.add_seconds(-400))
        )),
        "presentation_too_old"
    );
    assert_eq!(code(check(&good, &good)), "unsupported_format");

    // What an attestation must say.
    let header = json!({"alg": "ES256", "typ": "oauth-client-attestation+jwt"});
    let said = json!({"sub": "wallet", "exp": NOW.unix() + 60, "cnf": {"jwk": instance.public_key().to_jwk()}});
    check(&forged(&attester, &header, &said), &proof).unwrap();
    for name in ["sub", "exp", "cnf"] {
        let mut said = said.clone();
        said.as_object_mut().unwrap().remove(name);
        assert_eq!(
            code(check(&forged(&attester, &header, &said), &proof)),
            "malformed",
            "{name}"
        );
    }
    let typ = json!({"alg": "ES256", "typ": "JWT"});
    assert_eq!(
        code(check(&forged(&attester, &typ, &said), &proof)),
        "unsupported_format"
    );
    let mut early = said.clone();
    early["nbf"] = json!(NOW.unix() + 3600);
    assert_eq!(
        code(check(&forged(&attester, &header, &early), &proof)),
        "not_yet_valid"
    );
}

#[test]
fn a_key_attestation_lists_keys_and_how_they_are_kept() {
    let attester = Signer::fresh();
    let keys = [attester.public_key().clone()];
    let trusted = Trusted {
        keys: &keys,
        anchors: &[],
    };
    let listed: Vec<PublicKey> = (2..5)
        .map(|_| Signer::fresh().public_key().clone())
        .collect();
    let said = KeyAttestation {
        keys: listed.clone(),
        key_storage: vec!["iso_18045_high".to_owned()],
        user_authentication: vec!["iso_18045_moderate".to_owned()],
        nonce: Some("nonce".to_owned()),
    };
    let signed = |said: &KeyAttestation, signer: &Signer, exp| {
        key_attestation::prepare(json!({}), said, (NOW, NOW.add_seconds(exp)))
            .sign(signer)
            .unwrap()
    };
    let check = |compact: &str| key_attestation::verify(compact, &trusted, NOW);
    assert_eq!(check(&signed(&said, &attester, 60)).unwrap(), said);
    assert_eq!(code(check(&signed(&said, &attester, 0))), "expired");
    assert_eq!(
        code(check(&signed(&said, &Signer::fresh(), 60))),
        "invalid_signature"
    );
    let with = |keys: Vec<PublicKey>| KeyAttestation {
        keys,
        ..said.clone()
    };
    assert_eq!(
        code(check(&signed(&with(Vec::new()), &attester, 60))),
        "malformed"
    );
    let twice = with(vec![listed[0].clone(), listed[0].clone()]);
    assert_eq!(code(check(&signed(&twice, &attester, 60))), "malformed");
    let many = with(vec![listed[0].clone(); key_attestation::KEYS_MAX + 1]);
    assert_eq!(code(check(&signed(&many, &attester, 60))), "too_large");
    let typ = jws::sign(json!({"typ": "JWT"}), &json!({}), &attester).unwrap();
    assert_eq!(code(check(&typ)), "unsupported_format");

    let demands = |storage: &[&str], authentication: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|&level| level.to_owned()).collect();
        said.satisfies(&KeyAttestationsRequired {
            key_storage: owned(storage),
            user_authentication: owned(authentication),
        })
    };
    assert!(demands(&[], &[]) && demands(&["x", "iso_18045_high"], &["iso_18045_moderate"]));
    assert!(!demands(&["iso_18045_moderate"], &[]) && !demands(&[], &["iso_18045_high"]));
}

#[test]
fn a_key_proof_hands_on_the_attestation_in_its_header() {
    let key = Signer::fresh();
    let plain = proof::prepare(key.public_key(), ISSUER, "nonce", NOW, None);
    let plain = proof::verify(&plain.sign(&key).unwrap(), ISSUER, NOW).unwrap();
    assert_eq!(plain.key_attestation, None);
    let attested = proof::prepare_attested(key.public_key(), ISSUER, "nonce", NOW, "a.b.c");
    let attested = proof::verify(&attested.sign(&key).unwrap(), ISSUER, NOW).unwrap();
    assert_eq!(attested.key_attestation.as_deref(), Some("a.b.c"));
}

#[test]
fn signed_metadata_is_the_issuers_own() {
    let signer = Signer::fresh();
    let keys = [signer.public_key().clone()];
    let trusted = Trusted {
        keys: &keys,
        anchors: &[],
    };
    let document: IssuerMetadata = serde_json::from_value(json!({
        "credential_issuer": ISSUER, "credential_endpoint": format!("{ISSUER}/credential"),
        "credential_configurations_supported": {},
    }))
    .unwrap();
    let signed = |document: &IssuerMetadata, exp: i64| {
        metadata::prepare_signed(document, json!({}), NOW, NOW.add_seconds(exp))
            .sign(&signer)
            .unwrap()
    };
    let good = signed(&document, 60);
    assert_eq!(
        metadata::verify_signed(&good, ISSUER, &trusted, NOW).unwrap(),
        document
    );
    let other = metadata::verify_signed(&good, "https://other.example", &trusted, NOW);
    assert_eq!(code(other), "issuer_key_mismatch");
    let late = metadata::verify_signed(&signed(&document, 0), ISSUER, &trusted, NOW);
    assert_eq!(code(late), "expired");
    let stranger = Trusted {
        keys: &[],
        anchors: &[],
    };
    assert_eq!(
        code(metadata::verify_signed(&good, ISSUER, &stranger, NOW)),
        "issuer_untrusted"
    );
    // `sub` is ours, what is inside is another's.
    let mut payload = good
        .split('.')
        .nth(1)
        .map(|part| from_base64url(part).unwrap())
        .map(|json| serde_json::from_slice::<Value>(&json).unwrap())
        .unwrap();
    payload["credential_issuer"] = json!("https://other.example");
    let header = json!({"alg": "ES256", "typ": "openidvci-issuer-metadata+jwt"});
    let mixed = forged(&signer, &header, &payload);
    assert_eq!(
        code(metadata::verify_signed(&mixed, ISSUER, &trusted, NOW)),
        "issuer_key_mismatch"
    );
}

//! Credentials in envelopes, as JWT, SD-JWT and COSE: classes 1 and 12.

use serde_json::{Value, json};
use tessera_verifier::cose::{self, Protected};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::KeyType;
use tessera_verifier::vc_jose_cose::{
    Kind, Secured, SigningOptions, envelope, prepare_cose, prepare_jwt,
};

use super::{Hostile, OTHER, honest, raw_jws};
use crate::support::{NOW, Signer, store};

fn document(issuer: &str) -> Value {
    json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": issuer,
        "validFrom": "2026-01-01T00:00:00Z", "credentialSubject": {"id": "urn:uuid:0", "name": "SPECIMEN"}})
}

fn put(class: u64, twin: &str, name: &str, about: &str, refused: (&str, &str), secured: Secured) {
    let hostile = Hostile {
        class,
        kind: "envelope",
        twin,
    };
    hostile.put(
        &format!("{twin}-{name}"),
        about,
        refused,
        json!({"envelope": envelope(Kind::Credential, &secured)}),
    );
}

pub(super) fn write() {
    jwt();
    cose_sign1();
}

fn jwt() {
    let (signer, store) = (Signer::fresh(KeyType::Ed25519), store());
    let did = signer.did();
    let method = tessera_verifier::did::verification_method(signer.public_key());
    let options = SigningOptions {
        kind: Kind::Credential,
        key: KeyType::Ed25519,
        kid: Some(&method),
        issued_at: None,
        expires: None,
        certificates: &[],
        contexts: &store,
    };
    let secured = |issuer: &str, options: &SigningOptions<'_>| {
        Secured::Jwt(
            prepare_jwt(&document(issuer), options)
                .unwrap()
                .sign(&signer)
                .unwrap(),
        )
    };
    honest(
        "envelope",
        "vc-jwt",
        "A credential as JWT by an Ed25519 key",
        json!({"now": NOW.to_rfc3339(), "envelope": envelope(Kind::Credential, &secured(&did, &options))}),
    );
    let other = Signer::fresh(KeyType::Ed25519);
    put(
        1,
        "vc-jwt",
        "issuer-not-controller",
        "The issuer is not the controller of the key that signed",
        ("issuer", "issuer_key_mismatch"),
        secured(&other.did(), &options),
    );
    let forged = prepare_jwt(&document(&did), &options)
        .unwrap()
        .sign(&other)
        .unwrap();
    put(
        1,
        "vc-jwt",
        "signature-of-another-key",
        "The kid is the issuer's, the signature another key's",
        ("proof", "invalid_signature"),
        Secured::Jwt(forged),
    );
    put(
        OTHER,
        "vc-jwt",
        "signature-expired",
        "The exp of the signature is now",
        ("validity", "expired"),
        secured(
            &did,
            &SigningOptions {
                expires: Some(NOW.add_seconds(-61)),
                ..options
            },
        ),
    );
    let payload = document(&did).to_string();
    let raw =
        |header: Value, payload: &str| Secured::Jwt(raw_jws(&header.to_string(), payload, &signer));
    put(
        12,
        "vc-jwt",
        "alg-none",
        "The header says alg none",
        ("format", "unsupported_algorithm"),
        raw(
            json!({"alg": "none", "typ": "vc+jwt", "kid": method}),
            &payload,
        ),
    );
    put(
        12,
        "vc-jwt",
        "alg-of-another-key",
        "The header says ES256, the key is of Ed25519",
        ("format", "unsupported_algorithm"),
        raw(
            json!({"alg": "ES256", "typ": "vc+jwt", "kid": method}),
            &payload,
        ),
    );
    put(
        12,
        "vc-jwt",
        "typ-presentation",
        "The header says that it is a presentation",
        ("format", "unsupported_format"),
        raw(
            json!({"alg": "EdDSA", "typ": "vp+jwt", "kid": method}),
            &payload,
        ),
    );
    put(
        12,
        "vc-jwt",
        "typ-missing",
        "The header says no typ",
        ("format", "unsupported_format"),
        raw(json!({"alg": "EdDSA", "kid": method}), &payload),
    );
    put(
        12,
        "vc-jwt",
        "crit",
        "The header has a critical extension that nobody knows",
        ("proof", "malformed"),
        raw(
            json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": method, "crit": ["specimen"], "specimen": 1}),
            &payload,
        ),
    );
    put(
        12,
        "vc-jwt",
        "duplicate-name",
        "The payload names the issuer twice",
        ("proof", "malformed"),
        raw(
            json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": method}),
            &payload.replacen('{', r#"{"issuer":"did:example:other","#, 1),
        ),
    );
    let mut wrapped = document(&did);
    wrapped["vc"] = json!({});
    put(
        OTHER,
        "vc-jwt",
        "vc-claim",
        "The payload has a vc claim, in which another reader would look",
        ("proof", "malformed"),
        raw(
            json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": method}),
            &wrapped.to_string(),
        ),
    );
    let mut broken = document(&did);
    broken["credentialSubject"] = json!([]);
    put(
        OTHER,
        "vc-jwt",
        "model-broken",
        "The credential says nothing of anybody",
        ("proof", "malformed_value"),
        raw(
            json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": method}),
            &broken.to_string(),
        ),
    );
    let mut unknown = document(&did);
    unknown["badExtension"] = json!("SPECIMEN");
    put(
        11,
        "vc-jwt",
        "term-undefined",
        "A member whose name no context defines",
        ("proof", "undefined_term"),
        raw(
            json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": method}),
            &unknown.to_string(),
        ),
    );
}

fn cose_sign1() {
    let (signer, store) = (Signer::fresh(KeyType::P256), store());
    let did = signer.did();
    let method = tessera_verifier::did::verification_method(signer.public_key());
    let options = SigningOptions {
        kind: Kind::Credential,
        key: KeyType::P256,
        kid: Some(&method),
        issued_at: None,
        expires: None,
        certificates: &[],
        contexts: &store,
    };
    let signed = |issuer: &str, by: &Signer| {
        prepare_cose(&document(issuer), &options)
            .unwrap()
            .sign(by)
            .unwrap()
    };
    let message = signed(&did, &signer);
    honest(
        "envelope",
        "vc-cose",
        "A credential as COSE by a P-256 key",
        json!({"now": NOW.to_rfc3339(), "envelope": envelope(Kind::Credential, &Secured::Cose(message.clone()))}),
    );
    let other = Signer::fresh(KeyType::P256);
    put(
        1,
        "vc-cose",
        "issuer-not-controller",
        "The issuer is not the controller of the key that signed",
        ("issuer", "issuer_key_mismatch"),
        Secured::Cose(signed(&other.did(), &signer)),
    );
    put(
        1,
        "vc-cose",
        "signature-of-another-key",
        "The kid is the issuer's, the signature another key's",
        ("proof", "invalid_signature"),
        Secured::Cose(signed(&did, &other)),
    );
    let with = |header: &Protected<'_>| {
        let payload = document(&did).to_string().into_bytes();
        Secured::Cose(
            cose::Unsigned::new(KeyType::P256, header, payload)
                .unwrap()
                .sign(&signer)
                .unwrap(),
        )
    };
    let header = |typ| Protected {
        typ,
        content_type: Some("application/vc"),
        kid: Some(method.as_bytes()),
        x5chain: &[],
    };
    put(
        12,
        "vc-cose",
        "typ-presentation",
        "The header says that it is a presentation",
        ("format", "unsupported_format"),
        with(&header(Some("application/vp+cose"))),
    );
    put(
        12,
        "vc-cose",
        "typ-missing",
        "The header says no typ",
        ("format", "unsupported_format"),
        with(&header(None)),
    );
    // The protected header begins with a map whose first member is alg, ES256 (-7): 0x26.
    let at = message.iter().position(|byte| *byte == 0x26).unwrap();
    let changed = |alg: u8| {
        let mut message = message.clone();
        message[at] = alg;
        Secured::Cose(message)
    };
    put(
        12,
        "vc-cose",
        "alg-of-another-key",
        "The header says EdDSA, the key is of P-256",
        ("format", "unsupported_algorithm"),
        changed(0x27),
    );
    put(
        12,
        "vc-cose",
        "alg-unknown",
        "The header says an algorithm that is none",
        ("format", "unsupported_algorithm"),
        changed(0x00),
    );
    put(
        12,
        "vc-cose",
        "trailing-byte",
        "Something follows the message",
        ("proof", "malformed"),
        Secured::Cose([&message[..], &[0]].concat()),
    );
    put(
        12,
        "vc-cose",
        "cut-off",
        "The message lacks its last byte",
        ("proof", "malformed"),
        Secured::Cose(message[..message.len() - 1].to_vec()),
    );
}

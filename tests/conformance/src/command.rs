//! The command that the VC-JOSE-COSE suite drives: a document and a key in files, the outcome in a file.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use tessera_verifier::Error;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::encoding::{base64, from_base64};
use tessera_verifier::json::{Limits, parse};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::sd_jwt::parse_path;
use tessera_verifier::vc_jose_cose::{
    Expectation, Inner, KeyReference, Kind, Mechanism, Secured, SigningOptions, Times, verify_cose,
    verify_jwt, verify_sd_jwt,
};

use crate::envelope;
use crate::keys::Key;

/// The kinds of key of the suite.
const ALGORITHMS: &[KeyType] = &[
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
];

/// What is done, to what, and how: the suite's `--feature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What is secured.
    pub kind: Kind,
    /// How it is secured.
    pub mechanism: Mechanism,
}

impl Feature {
    /// Reads `{credential|presentation}_{jose|cose|sdjwt}`.
    ///
    /// # Errors
    /// A sentence for another text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, mechanism) = match text.split_once('_') {
            Some(("credential", mechanism)) => (Kind::Credential, mechanism),
            Some(("presentation", mechanism)) => (Kind::Presentation, mechanism),
            _ => return Err("credential_… or presentation_… is needed".to_owned()),
        };
        let mechanism = match mechanism {
            "jose" => Mechanism::Jwt,
            "sdjwt" => Mechanism::SdJwt,
            "cose" => Mechanism::Cose,
            _ => return Err("…_jose, …_sdjwt or …_cose is needed".to_owned()),
        };
        Ok(Self { kind, mechanism })
    }
}

/// A `JsonWebKey` verification method with its secret, as the suite writes keys.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyFile {
    id: String,
    public_key_jwk: Option<Value>,
    secret_key_jwk: Option<Value>,
}

/// Why a command has no outcome: files or arguments, not documents.
#[derive(Debug)]
pub struct Unusable(String);

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}

fn unusable(error: impl std::fmt::Display) -> Unusable {
    Unusable(error.to_string())
}

fn key_file(path: &Path) -> Result<KeyFile, Unusable> {
    let bytes = std::fs::read(path).map_err(unusable)?;
    serde_json::from_slice(&bytes).map_err(unusable)
}

/// What the suite reads: `result` is `success` or `failure`, `data` the secured document, or why there is none.
#[must_use]
pub fn outcome(done: &Result<String, Error>) -> Value {
    match done {
        Ok(data) => json!({"result": "success", "data": data}),
        Err(error) => json!({"result": "failure", "data": error.to_string()}),
    }
}

/// Secures the document in `input` with the key in `key`. `disclosable` are paths like `a.b` and `c[0]`.
///
/// # Errors
/// [`Unusable`] when a file cannot be read; the inner result says whether the document was secured.
pub fn issue(
    input: &Path,
    key: &Path,
    feature: Feature,
    disclosable: &[String],
) -> Result<Result<String, Error>, Unusable> {
    let document = std::fs::read(input).map_err(unusable)?;
    let file = key_file(key)?;
    let secret = file
        .secret_key_jwk
        .ok_or_else(|| unusable("no secretKeyJwk"))?;
    let signer = Key::from_secret_jwk(&secret).map_err(unusable)?;
    Ok(parse(&document, Limits::MESSAGE)
        .and_then(|document| secure(&document, &file.id, &signer, feature, disclosable)))
}

fn secure(
    document: &Value,
    kid: &str,
    signer: &Key,
    feature: Feature,
    disclosable: &[String],
) -> Result<String, Error> {
    let contexts = ContextStore::builtin();
    let options = SigningOptions {
        kind: feature.kind,
        key: signer.public_key().kind(),
        kid: Some(kid),
        issued_at: None,
        expires: None,
        certificates: &[],
        contexts: &contexts,
    };
    let paths: Result<Vec<_>, _> = match feature.mechanism {
        Mechanism::SdJwt => disclosable
            .iter()
            .map(|path| parse_path(path, document))
            .collect(),
        _ => Ok(Vec::new()),
    };
    let secured = envelope::secure(document, feature.mechanism, &options, &paths?, signer)?;
    Ok(match secured {
        Secured::Jwt(text) | Secured::SdJwt(text) | Secured::WrappedJwt(text) => text,
        Secured::Cose(bytes) => base64(&bytes),
    })
}

/// Verifies what is in `input` with the key in `key`.
///
/// The suite's documents were made in 2024, some with an `exp` of a day, and the credentials in its presentations are
/// signed by keys that it does not hand over: times are not looked at, and envelopes only for their form.
///
/// # Errors
/// [`Unusable`] when a file cannot be read; the inner result says whether the document holds, with the document.
pub fn verify(
    input: &Path,
    key: &Path,
    feature: Feature,
) -> Result<Result<String, Error>, Unusable> {
    let secured = std::fs::read_to_string(input).map_err(unusable)?;
    let file = key_file(key)?;
    let jwk = file
        .public_key_jwk
        .ok_or_else(|| unusable("no publicKeyJwk"))?;
    let key = PublicKey::from_jwk(&jwk).map_err(unusable)?;
    Ok(check(secured.trim(), &key, feature))
}

fn check(secured: &str, key: &PublicKey, feature: Feature) -> Result<String, Error> {
    let expected = Expectation {
        kind: feature.kind,
        algorithms: ALGORITHMS,
        times: Times::Unchecked,
        inner: Inner::Shape,
        accept_without_typ: false,
        accept_unknown_members: true,
        accept_wrapped: false,
        key_binding: None,
    };
    // The caller vouches for the key: whoever the document names, this is who must have signed.
    let keys = |_: &KeyReference<'_>| Ok(key.clone().into());
    let verified = match feature.mechanism {
        Mechanism::Jwt => verify_jwt(secured, &expected, &keys),
        Mechanism::SdJwt => verify_sd_jwt(secured, &expected, &keys),
        Mechanism::Cose => verify_cose(&from_base64(secured)?, &expected, &keys),
    }?;
    Ok(verified.into_document().to_string())
}

//! The verifier's metadata in a request (OpenID4VP 1.0 §5.1, §11.1): how to encrypt, and which formats it reads.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::claims::Format;
use crate::error::Error;
use crate::key::{KeyType, PublicKey};

/// The most keys of `jwks`.
const MAX_KEYS: usize = 32;
/// The most algorithms of a list.
const MAX_NAMES: usize = 32;
/// Key agreement that is known here (RFC 7518 §4.6).
const ALG: &str = "ECDH-ES";
/// Content encryption that is known here, the stronger first.
const ENCS: [&str; 2] = ["A256GCM", "A128GCM"];

/// To whom and how an answer is encrypted (§8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseEncryption {
    /// The verifier's key: a public JWK on P-256 with `alg` `ECDH-ES`, as it was sent.
    pub jwk: Value,
    /// Its `kid`, which the JWE's header must repeat.
    pub kid: String,
    /// The content encryption: `A256GCM` or `A128GCM`.
    pub enc: &'static str,
}

/// What is used of `client_metadata`; other members are ignored (§5.1).
#[derive(Debug, Clone, Default)]
pub(super) struct ClientMetadata {
    pub(super) encryption: Option<ResponseEncryption>,
    formats: Option<Map<String, Value>>,
}

fn invalid(why: &'static str) -> Error {
    Error::RequestInvalid { why }
}

impl ClientMetadata {
    /// Reads the parameter. A key that cannot be used here is passed over: a verifier offers several so that a wallet
    /// may choose (§8.3).
    pub(super) fn read(value: Option<&Value>) -> Result<Self, Error> {
        let members = match value {
            None => return Ok(Self::default()),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(invalid("client_metadata")),
        };
        let formats = match members.get("vp_formats_supported") {
            None => None,
            Some(Value::Object(formats)) => Some(formats.clone()),
            Some(_) => return Err(invalid("vp_formats_supported")),
        };
        Ok(Self {
            encryption: encryption(members)?,
            formats,
        })
    }

    /// Whether the verifier says that it can check a presentation that is made here in `format`. One that says nothing of
    /// formats takes them all.
    pub(super) fn supports(&self, format: Format) -> bool {
        let Some(formats) = &self.formats else {
            return true;
        };
        let Some(said) = formats.get(format.as_str()) else {
            return false;
        };
        let lists = |name: &str, made: &str| match said.get(name).map(Value::as_array) {
            None => true,
            Some(values) => values.is_some_and(|values| values.iter().any(|value| value == made)),
        };
        match format {
            Format::SdJwt => lists("kb-jwt_alg_values", "ES256"),
            // The suite of the derived credential and that of the presentation around it.
            Format::LdpVc => {
                lists("proof_type_values", "DataIntegrityProof")
                    && lists("cryptosuite_values", "ecdsa-sd-2023")
                    && lists("cryptosuite_values", "ecdsa-rdfc-2019")
            }
        }
    }
}

fn encryption(members: &Map<String, Value>) -> Result<Option<ResponseEncryption>, Error> {
    let encs: Vec<&str> = match members.get("encrypted_response_enc_values_supported") {
        None => vec!["A128GCM"],
        Some(Value::Array(names)) if (1..=MAX_NAMES).contains(&names.len()) => {
            names.iter().filter_map(Value::as_str).collect()
        }
        Some(_) => return Err(invalid("encrypted_response_enc_values_supported")),
    };
    let keys = match members.get("jwks") {
        None => return Ok(None),
        Some(jwks) => jwks.get("keys").and_then(Value::as_array),
    };
    let keys = keys
        .filter(|keys| keys.len() <= MAX_KEYS)
        .ok_or(invalid("jwks"))?;
    let mut kids: Vec<&str> = keys.iter().filter_map(kid).collect();
    kids.sort_unstable();
    // A name that two keys have names neither.
    if kids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(invalid("two keys of one name in jwks"));
    }
    let Some(enc) = ENCS.into_iter().find(|enc| encs.contains(enc)) else {
        return Ok(None);
    };
    Ok(keys
        .iter()
        .filter_map(|key| Some((key, usable(key)?)))
        .map(|(jwk, kid)| ResponseEncryption {
            jwk: jwk.clone(),
            kid: kid.to_owned(),
            enc,
        })
        .next())
}

fn kid(jwk: &Value) -> Option<&str> {
    jwk.get("kid").and_then(Value::as_str)
}

/// The `kid` of a key that an answer can be encrypted to: a point of P-256 for ECDH-ES that may be used for it.
fn usable(jwk: &Value) -> Option<&str> {
    let kid = kid(jwk).filter(|kid| (1..=256).contains(&kid.len()))?;
    let fits = jwk.get("alg").is_some_and(|alg| alg == ALG)
        && jwk.get("use").is_none_or(|usage| usage == "enc")
        && jwk.get("d").is_none();
    let mut point = jwk.as_object()?.clone();
    point.retain(|name, _| matches!(name.as_str(), "kty" | "crv" | "x" | "y"));
    let key = PublicKey::from_jwk(&Value::Object(point)).ok()?;
    (fits && key.kind() == KeyType::P256).then_some(kid)
}

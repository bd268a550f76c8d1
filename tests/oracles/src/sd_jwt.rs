//! SD-JWT (RFC 9901) by two libraries.

pub(crate) mod payload;
pub(crate) mod ssi;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::{Question, keys};

/// Splits a compact JWS into the bytes signed and the signature.
fn signed_parts(jws: &str) -> Result<(&str, Vec<u8>), String> {
    let (signing_input, signature) = jws.rsplit_once('.').ok_or("not a compact JWS")?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|e| format!("signature: {e}"))?;
    Ok((signing_input, signature))
}

/// Signs header and payload as a compact JWS with ES256.
fn compact(header: &Value, payload: &Value, key: &p256::SecretKey) -> String {
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(keys::sign(key, input.as_bytes()));
    format!("{input}.{signature}")
}

/// Nonce and audience of the key binding, compared with those the caller expects (RFC 9901 §7.3).
fn expect_binding(question: &Question, nonce: &str, audience: &str) -> Result<(), String> {
    if question.optional_text("nonce").is_some_and(|n| n != nonce) {
        return Err("key binding: another nonce".to_owned());
    }
    if question
        .optional_text("audience")
        .is_some_and(|a| a != audience)
    {
        return Err("key binding: another audience".to_owned());
    }
    Ok(())
}

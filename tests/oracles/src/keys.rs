//! P-256 keys as JWKs (RFC 7517), given by the caller or made on the spot.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::JwkEcKey;
use serde_json::Value;

/// The private key of the JWK, or a new one when there is none.
pub(crate) fn secret_or_fresh(jwk: Option<&Value>) -> Result<p256::SecretKey, String> {
    match jwk {
        None => Ok(p256::SecretKey::random(
            &mut p256::elliptic_curve::rand_core::OsRng,
        )),
        Some(value) => {
            let jwk: JwkEcKey =
                serde_json::from_value(bare(value)).map_err(|e| format!("private JWK: {e}"))?;
            p256::SecretKey::from_jwk(&jwk).map_err(|e| format!("private JWK: {e}"))
        }
    }
}

/// The public JWK of a private key.
pub(crate) fn public_jwk(secret: &p256::SecretKey) -> Result<Value, String> {
    serde_json::to_value(secret.public_key().to_jwk()).map_err(crate::reason)
}

/// The private JWK, for libraries that take one.
pub(crate) fn private_jwk(secret: &p256::SecretKey) -> Result<Value, String> {
    serde_json::to_value(secret.to_jwk()).map_err(crate::reason)
}

/// ES256 (RFC 7518 §3.4): r ‖ s over SHA-256.
pub(crate) fn sign(secret: &p256::SecretKey, message: &[u8]) -> Vec<u8> {
    let signature: Signature = SigningKey::from(secret).sign(message);
    signature.to_bytes().to_vec()
}

/// Checks an ES256 signature with a public JWK.
pub(crate) fn verify(jwk: &Value, message: &[u8], signature: &[u8]) -> Result<(), String> {
    let jwk: JwkEcKey =
        serde_json::from_value(bare(jwk)).map_err(|e| format!("public JWK: {e}"))?;
    let key = p256::PublicKey::from_jwk(&jwk).map_err(|e| format!("public JWK: {e}"))?;
    let signature = Signature::from_slice(signature).map_err(|e| format!("signature: {e}"))?;
    VerifyingKey::from(&key)
        .verify(message, &signature)
        .map_err(|_| "the signature does not verify".to_owned())
}

/// Only the members of an elliptic-curve key: others (`kid`, `alg`, ...) trip the strict reader.
fn bare(jwk: &Value) -> Value {
    let mut members = serde_json::Map::new();
    for name in ["kty", "crv", "x", "y", "d"] {
        if let Some(value) = jwk.get(name) {
            members.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(members)
}

/// The point of a public JWK, uncompressed (SEC 1 §2.3.3).
pub(crate) fn uncompressed(jwk: &Value) -> Result<Vec<u8>, String> {
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    let jwk: JwkEcKey =
        serde_json::from_value(bare(jwk)).map_err(|e| format!("public JWK: {e}"))?;
    let key = p256::PublicKey::from_jwk(&jwk).map_err(|e| format!("public JWK: {e}"))?;
    Ok(key.to_encoded_point(false).as_bytes().to_vec())
}

/// The public JWK of a compressed point in base64url.
pub(crate) fn jwk_of_compressed(point: &str) -> Result<Value, String> {
    use base64::Engine;
    let point = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(point)
        .map_err(|e| format!("point: {e}"))?;
    let key = p256::PublicKey::from_sec1_bytes(&point).map_err(|e| format!("point: {e}"))?;
    serde_json::to_value(key.to_jwk()).map_err(crate::reason)
}

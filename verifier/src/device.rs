//! The device proof that binds an enrolment session to a key of the holder's device.
//!
//! A JWT of type `tessera-device+jwt` with the key in its header, like a key proof of OpenID4VCI but never accepted as
//! one: the types differ.

use serde_json::json;

pub use crate::vci::proof::VerifiedProof;

use crate::error::Error;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;
use crate::vci::proof::verify_typed;

const TYP: &str = "tessera-device+jwt";

/// A device proof for the issuer `aud`, to be signed by `device_key`.
#[must_use]
pub fn prepare(device_key: &PublicKey, aud: &str, nonce: &str, iat: Timestamp) -> jws::Unsigned {
    let payload = json!({"aud": aud, "nonce": nonce, "iat": iat.unix()});
    jws::Unsigned::new(json!({"typ": TYP, "jwk": device_key.to_jwk()}), &payload)
}

/// Checks a device proof.
///
/// # Errors
/// Those of [`crate::vci::proof::verify`].
pub fn verify(compact: &str, aud: &str, now: Timestamp) -> Result<VerifiedProof, Error> {
    verify_typed(compact, TYP, aud, now)
}

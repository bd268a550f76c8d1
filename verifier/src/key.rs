//! Public keys: a closed set of kinds, each decoded and checked once.

use alloc::format;
use alloc::string::String;
use core::fmt;

use serde_json::{Value, json};

use crate::crypto::{P256Key, sha256};
use crate::encoding::{base64url, from_base64url};
use crate::error::Error;

/// A public key that lies on its curve. P-256 is the only kind so far.
#[derive(Clone)]
pub struct PublicKey {
    point: [u8; 65],
    key: P256Key,
}

impl PublicKey {
    /// Reads a SEC 1 compressed point: 33 bytes, first 2 or 3.
    ///
    /// # Errors
    /// `malformed` for another length or form, or a point off the curve.
    pub fn from_compressed(bytes: &[u8]) -> Result<Self, Error> {
        match bytes {
            [2 | 3, x @ ..] if x.len() == 32 => Self::decode(bytes),
            _ => Err(Error::malformed("P-256 public key")),
        }
    }

    /// Reads a SEC 1 uncompressed point: 65 bytes, first 4.
    ///
    /// # Errors
    /// `malformed` for another length or form, or a point off the curve.
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, Error> {
        match bytes {
            [4, xy @ ..] if xy.len() == 64 => Self::decode(bytes),
            _ => Err(Error::malformed("P-256 public key")),
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (key, point) = P256Key::decode(bytes).ok_or(Error::malformed("P-256 public key"))?;
        Ok(Self { point, key })
    }

    /// Reads a public JWK (RFC 7517, RFC 7518 §6.2.1).
    ///
    /// # Errors
    /// `unsupported_algorithm` for another key type, curve or `alg`; `malformed` for missing or non-canonical members;
    /// a private member (`d`) is refused too, for a message must never carry one.
    pub fn from_jwk(jwk: &Value) -> Result<Self, Error> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        if member("kty") != Some("EC") || member("crv") != Some("P-256") {
            return Err(Error::UnsupportedAlgorithm { what: "key type" });
        }
        if jwk.get("alg").is_some_and(|alg| alg != "ES256") {
            return Err(Error::UnsupportedAlgorithm {
                what: "key algorithm",
            });
        }
        if jwk.get("d").is_some() {
            return Err(Error::malformed("JWK with a private member"));
        }
        let coordinate = |name| {
            let bytes = from_base64url(member(name).ok_or(Error::malformed("JWK coordinate"))?)?;
            <[u8; 32]>::try_from(bytes).map_err(|_| Error::malformed("JWK coordinate"))
        };
        Self::from_uncompressed(&[&[4][..], &coordinate("x")?, &coordinate("y")?].concat())
    }

    /// The public JWK: `crv`, `kty`, `x`, `y`.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let (x, y) = self.coordinates();
        json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)})
    }

    /// The 33-byte SEC 1 compressed point.
    #[must_use]
    pub fn to_compressed(&self) -> [u8; 33] {
        let (x, y) = self.coordinates();
        let mut point = [0; 33];
        let odd = y.last().copied().unwrap_or_default() & 1;
        for (to, from) in point.iter_mut().zip([2 + odd].iter().chain(x)) {
            *to = *from;
        }
        point
    }

    /// The 65-byte SEC 1 uncompressed point.
    #[must_use]
    pub fn to_uncompressed(&self) -> [u8; 65] {
        self.point
    }

    /// The RFC 7638 thumbprint: base64url of SHA-256 over the required members in order.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let (x, y) = self.coordinates();
        let members = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            base64url(x),
            base64url(y)
        );
        base64url(&sha256(members.as_bytes()))
    }

    /// Checks an ES256 signature: r ‖ s, 64 bytes, over SHA-256 of `message`.
    ///
    /// # Errors
    /// `invalid_signature`, with nothing said about why.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match <&[u8; 64]>::try_from(signature) {
            Ok(signature) if self.key.verifies(message, signature) => Ok(()),
            _ => Err(Error::InvalidSignature { what: "message" }),
        }
    }

    fn coordinates(&self) -> (&[u8], &[u8]) {
        let (_, xy) = self.point.split_at(1);
        xy.split_at(32)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl core::hash::Hash for PublicKey {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.point.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", crate::did::did_key(self))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// RFC 7515 appendix A.3.
    fn rfc7515() -> Value {
        json!({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
    }

    #[test]
    fn forms_agree() {
        let key = PublicKey::from_jwk(&rfc7515()).unwrap();
        assert_eq!(key.to_jwk(), rfc7515());
        assert_eq!(
            PublicKey::from_compressed(&key.to_compressed()).unwrap(),
            key
        );
        assert_eq!(
            PublicKey::from_uncompressed(&key.to_uncompressed()).unwrap(),
            key
        );
        assert_eq!(
            key.thumbprint(),
            "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
        );
    }

    #[test]
    fn refuses_what_is_no_public_key() {
        let mut off_curve = rfc7515();
        off_curve["y"] = off_curve["x"].clone();
        let mut private = rfc7515();
        private["d"] = json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
        for jwk in [off_curve, private, json!({}), json!({"kty":"oct","k":""})] {
            assert!(PublicKey::from_jwk(&jwk).is_err());
        }
        assert!(PublicKey::from_compressed(&[0; 33]).is_err());
        assert!(PublicKey::from_uncompressed(&[0]).is_err());
        assert!(PublicKey::from_compressed(&[2; 65]).is_err());
    }
}

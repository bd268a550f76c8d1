//! Compact JWE (RFC 7516) by ECDH-ES on P-256 with A256GCM or A128GCM: all that OpenID4VCI 1.0 §10, OpenID4VP 1.0 §8.3
//! and HAIP 1.0 §5 ask for.

use josekit::jwe::JweHeader;
use josekit::jwe::alg::ecdh_es::{EcdhEsJweAlgorithm, EcdhEsJweEncrypter};
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::{Jwk, KeyPair as _};
use serde_json::{Map, Value, json};
use tessera_verifier::encoding::{base64url, from_base64url};
use tessera_verifier::json::{self, Limits};
use tessera_verifier::key::PublicKey;
use zeroize::Zeroizing;

/// The key agreement (RFC 7518 §4.6).
pub const ALG: &str = "ECDH-ES";
/// The content encryptions (RFC 7518 §5.3), best first.
pub const ENCS: [&str; 2] = ["A256GCM", "A128GCM"];

const MAX_HEADER: usize = 4096;
const MAX_KID: usize = 256;

/// Why a message was not encrypted or not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JweError {
    /// Another key agreement than [`ALG`] was asked for.
    #[error("the key agreement is not offered")]
    KeyAgreement,
    /// Another content encryption than [`ENCS`] was asked for.
    #[error("the content encryption is not offered")]
    ContentEncryption,
    /// Not a P-256 key for encryption.
    #[error("the key is not P-256, or not for encryption")]
    Key,
    /// Not a message for this key, or not as agreed.
    #[error("the message cannot be read")]
    Unreadable,
    /// The library failed: no randomness, no memory.
    #[error("encryption failed")]
    Failed,
}

/// Encrypts to somebody else's public key, which was checked when this was made.
pub struct Encrypter {
    encrypter: EcdhEsJweEncrypter,
    header: Map<String, Value>,
}

impl Encrypter {
    /// Encrypts to `jwk` with content encryption `enc`. The JWK's `alg`, where present, must be [`ALG`], and its `use`,
    /// where present, `enc`; its `kid`, if it is a text of at most 256 bytes, comes back in the header of each message.
    ///
    /// # Errors
    /// [`JweError::ContentEncryption`], [`JweError::KeyAgreement`], [`JweError::Key`].
    pub fn new(jwk: &Value, enc: &str) -> Result<Self, JweError> {
        if !ENCS.contains(&enc) {
            return Err(JweError::ContentEncryption);
        }
        if jwk.get("alg").is_some_and(|alg| alg != ALG) {
            return Err(JweError::KeyAgreement);
        }
        if jwk.get("use").is_some_and(|purpose| purpose != "enc") {
            return Err(JweError::Key);
        }
        // Our own strict reading decides what a P-256 key is; josekit sees only the members it needs. That reading is
        // for signature keys: what says that this is none was just checked and is not for it.
        let mut named = jwk.clone();
        let members = named.as_object_mut().ok_or(JweError::Key)?;
        for checked in ["alg", "use", "key_ops"] {
            members.remove(checked);
        }
        let key = PublicKey::from_jwk(&named).map_err(|_| JweError::Key)?;
        let Value::Object(members) = key.to_jwk() else {
            return Err(JweError::Key);
        };
        // Of the keys that can be read only P-256 has this curve.
        if members.get("crv").is_none_or(|curve| curve != "P-256") {
            return Err(JweError::Key);
        }
        let jwk_of_key = Jwk::from_map(members).map_err(|_| JweError::Key)?;
        let encrypter = EcdhEsJweAlgorithm::EcdhEs
            .encrypter_from_jwk(&jwk_of_key)
            .map_err(|_| JweError::Key)?;
        let mut header = Map::new();
        header.insert("alg".to_owned(), ALG.into());
        header.insert("enc".to_owned(), enc.into());
        if let Some(kid) = jwk.get("kid").and_then(Value::as_str)
            && kid.len() <= MAX_KID
        {
            header.insert("kid".to_owned(), kid.into());
        }
        Ok(Self { encrypter, header })
    }

    /// The same with party information in the header: `apu` and `apv` (RFC 7518 §4.6.1), which the key derivation
    /// covers.
    #[must_use]
    pub fn with_parties(mut self, producer: &[u8], recipient: &[u8]) -> Self {
        self.header
            .insert("apu".to_owned(), base64url(producer).into());
        self.header
            .insert("apv".to_owned(), base64url(recipient).into());
        self
    }

    /// The same with a content type in the header (RFC 7516 §4.1.12): `JWT` where what is encrypted is one.
    #[must_use]
    pub fn with_content_type(mut self, content_type: &str) -> Self {
        self.header.insert("cty".to_owned(), content_type.into());
        self
    }

    /// A compact JWE of `plain`, with a fresh key pair of its own.
    ///
    /// # Errors
    /// [`JweError::Failed`].
    pub fn encrypt(&self, plain: &[u8]) -> Result<String, JweError> {
        JweHeader::from_map(self.header.clone())
            .and_then(|header| josekit::jwe::serialize_compact(plain, &header, &self.encrypter))
            .map_err(|_| JweError::Failed)
    }
}

/// A key pair that messages are encrypted to. Has no `Debug`.
pub struct DecryptionKey {
    pair: EcKeyPair,
}

impl DecryptionKey {
    /// A fresh P-256 pair by this name.
    ///
    /// # Errors
    /// [`JweError::Failed`].
    pub fn generate(kid: &str) -> Result<Self, JweError> {
        let mut pair = EcdhEsJweAlgorithm::EcdhEs
            .generate_ec_key_pair(EcCurve::P256)
            .map_err(|_| JweError::Failed)?;
        pair.set_key_id(Some(kid));
        Ok(Self { pair })
    }

    /// The pair of [`Self::to_private_jwk`].
    ///
    /// # Errors
    /// [`JweError::Key`].
    pub fn from_private_jwk(jwk: &[u8]) -> Result<Self, JweError> {
        let parsed = Jwk::from_bytes(jwk).map_err(|_| JweError::Key)?;
        let pair = EcKeyPair::from_jwk(&parsed).map_err(|_| JweError::Key)?;
        match pair.curve() {
            EcCurve::P256 => Ok(Self { pair }),
            _ => Err(JweError::Key),
        }
    }

    /// The private JWK, for a sealed store; wiped when dropped.
    #[must_use]
    pub fn to_private_jwk(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(
            Value::Object(self.pair.to_jwk_private_key().as_ref().clone())
                .to_string()
                .into_bytes(),
        )
    }

    /// The public JWK, with `kid`, `alg` and `use`.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let mut jwk = Value::Object(self.pair.to_jwk_public_key().as_ref().clone());
        jwk["alg"] = json!(ALG);
        jwk["use"] = json!("enc");
        jwk
    }

    /// Decrypts a compact JWE made for this key with one of the content encryptions `encs`.
    ///
    /// The header decides nothing: it must say what was agreed. Compression never was and is refused: a few kilobytes
    /// could unpack to gigabytes. The clear text is wiped when dropped.
    ///
    /// # Errors
    /// [`JweError::Unreadable`], for every reason alike.
    pub fn decrypt(&self, compact: &str, encs: &[&str]) -> Result<Zeroizing<Vec<u8>>, JweError> {
        let header = protected_header(compact)?;
        let member = |name: &str| header.get(name).and_then(Value::as_str);
        let agreed = member("alg") == Some(ALG)
            && member("enc").is_some_and(|enc| encs.contains(&enc) && ENCS.contains(&enc))
            && header.get("zip").is_none()
            && header.get("crit").is_none();
        if !agreed {
            return Err(JweError::Unreadable);
        }
        EcdhEsJweAlgorithm::EcdhEs
            .decrypter_from_jwk(&self.pair.to_jwk_private_key())
            .and_then(|mut decrypter| {
                // The key was chosen by us, not by the header's `kid`.
                decrypter.remove_key_id();
                josekit::jwe::deserialize_compact(compact, &decrypter)
            })
            .map(|(payload, _)| Zeroizing::new(payload))
            .map_err(|_| JweError::Unreadable)
    }
}

/// The protected header of a compact JWE, unproven: for choosing the key by `kid` and for `apu` and `apv`.
///
/// # Errors
/// [`JweError::Unreadable`].
pub fn protected_header(compact: &str) -> Result<Map<String, Value>, JweError> {
    let limits = Limits {
        bytes: MAX_HEADER,
        depth: 4,
    };
    let (header, _) = compact.split_once('.').ok_or(JweError::Unreadable)?;
    if header.len() > MAX_HEADER * 4 / 3 {
        return Err(JweError::Unreadable);
    }
    match from_base64url(header).map(|bytes| json::parse(&bytes, limits)) {
        Ok(Ok(Value::Object(members))) => Ok(members),
        _ => Err(JweError::Unreadable),
    }
}

/// The best content encryption that the other side offers.
#[must_use]
pub fn best_enc<S: AsRef<str>>(offered: &[S]) -> Option<&'static str> {
    ENCS.into_iter()
        .find(|enc| offered.iter().any(|other| other.as_ref() == *enc))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn sealed(jwk: &Value, enc: &str) -> String {
        Encrypter::new(jwk, enc).unwrap().encrypt(b"{}").unwrap()
    }

    #[test]
    fn reads_what_was_encrypted_to_it_and_keeps_the_kid() {
        let key = DecryptionKey::generate("k1").unwrap();
        for enc in ENCS {
            let compact = sealed(&key.public_jwk(), enc);
            assert_eq!(key.decrypt(&compact, &ENCS).unwrap().as_slice(), b"{}");
            assert_eq!(protected_header(&compact).unwrap()["kid"], "k1");
        }
        assert!(key.public_jwk().get("d").is_none());
    }

    #[test]
    fn a_key_survives_its_private_jwk() {
        let key = DecryptionKey::generate("k1").unwrap();
        let again = DecryptionKey::from_private_jwk(&key.to_private_jwk()).unwrap();
        let compact = sealed(&key.public_jwk(), "A256GCM");
        assert_eq!(again.decrypt(&compact, &ENCS).unwrap().as_slice(), b"{}");
    }

    #[test]
    fn party_information_is_covered() {
        let key = DecryptionKey::generate("k1").unwrap();
        let compact = Encrypter::new(&key.public_jwk(), "A256GCM")
            .unwrap()
            .with_parties(b"wallet", b"verifier")
            .encrypt(b"x")
            .unwrap();
        assert_eq!(
            protected_header(&compact).unwrap()["apv"],
            base64url(b"verifier")
        );
        assert_eq!(key.decrypt(&compact, &ENCS).unwrap().as_slice(), b"x");
    }

    #[test]
    fn refuses_other_keys_compression_other_algorithms_and_noise() {
        let key = DecryptionKey::generate("k1").unwrap();
        let jwk = key.public_jwk();
        let other = DecryptionKey::generate("k1").unwrap().public_jwk();
        let compressed = {
            let mut encrypter = Encrypter::new(&jwk, "A256GCM").unwrap();
            encrypter.header.insert("zip".to_owned(), json!("DEF"));
            encrypter.encrypt(b"{}").unwrap()
        };
        for hostile in [
            sealed(&other, "A256GCM"),
            compressed,
            sealed(&jwk, "A128GCM"),
            String::new(),
            "....".to_owned(),
            "e30.e30.e30.e30.e30".to_owned(),
        ] {
            assert_eq!(
                key.decrypt(&hostile, &["A256GCM"]).err(),
                Some(JweError::Unreadable),
                "{hostile}"
            );
        }
    }

    #[test]
    fn encrypts_only_as_agreed() {
        let jwk = DecryptionKey::generate("k1").unwrap().public_jwk();
        let refused = |change: &dyn Fn(&mut Value), enc: &str| {
            let mut jwk = jwk.clone();
            change(&mut jwk);
            Encrypter::new(&jwk, enc).err()
        };
        assert_eq!(
            refused(&|_| {}, "A128CBC-HS256"),
            Some(JweError::ContentEncryption)
        );
        assert_eq!(
            refused(&|jwk| jwk["alg"] = json!("ECDH-ES+A256KW"), "A256GCM"),
            Some(JweError::KeyAgreement)
        );
        assert_eq!(
            refused(&|jwk| jwk["use"] = json!("sig"), "A256GCM"),
            Some(JweError::Key)
        );
        // A point that is not on the curve.
        assert_eq!(
            refused(&|jwk| jwk["y"] = jwk["x"].clone(), "A256GCM"),
            Some(JweError::Key)
        );
    }

    #[test]
    fn the_best_offered_is_chosen() {
        assert_eq!(best_enc(&["A128GCM", "A256GCM"]), Some("A256GCM"));
        assert_eq!(best_enc(&["A128CBC-HS256"]), None);
    }
}

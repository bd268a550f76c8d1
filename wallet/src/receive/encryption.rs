//! The credential response encrypted to a key made for this one request (OpenID4VCI 1.0 §10, RFC 7516).

use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use serde_json::{Value, json};
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::json::{self, Limits};
use zeroize::Zeroizing;

use crate::error::Error;

/// Key agreement the wallet asks for.
pub(super) const ALG: &str = "ECDH-ES";
/// Content encryption the wallet asks for, best first.
const ENCS: [&str; 2] = ["A256GCM", "A128GCM"];
const MAX_HEADER: usize = 4096;

/// A key pair for one response. Has no `Debug`.
pub(super) struct ResponseKey {
    pair: EcKeyPair,
    enc: &'static str,
}

impl ResponseKey {
    /// A fresh key, when the issuer offers an algorithm pair the wallet knows; else `None`.
    pub(super) fn offered(algs: &[String], encs: &[String]) -> Result<Option<Self>, Error> {
        let enc = ENCS
            .into_iter()
            .find(|enc| encs.iter().any(|offered| offered == enc));
        match enc {
            Some(enc) if algs.iter().any(|alg| alg == ALG) => {
                let mut pair = EcdhEsJweAlgorithm::EcdhEs
                    .generate_ec_key_pair(EcCurve::P256)
                    .map_err(|_| Error::Randomness)?;
                pair.set_key_id(Some("response"));
                Ok(Some(Self { pair, enc }))
            }
            _ => Ok(None),
        }
    }

    /// The `credential_response_encryption` member of the request: `jwk` (with `alg` and `kid`) and `enc`.
    pub(super) fn request_member(&self) -> Value {
        let mut jwk = Value::Object(self.pair.to_jwk_public_key().as_ref().clone());
        jwk["alg"] = json!(ALG);
        jwk["use"] = json!("enc");
        json!({"jwk": jwk, "enc": self.enc})
    }

    /// Decrypts a compact JWE made for this key.
    ///
    /// The header must say exactly what was asked for. Compression was not asked for and is refused: a few kilobytes
    /// could unpack to gigabytes.
    /// The clear text is wiped when dropped: it is personal data.
    pub(super) fn decrypt(&self, compact: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let header = protected_header(compact).ok_or(Error::ResponseUnreadable)?;
        let says = |member: &str, expected: &str| header[member] == json!(expected);
        if !says("alg", ALG)
            || !says("enc", self.enc)
            || header.get("zip").is_some()
            || header.get("crit").is_some()
        {
            return Err(Error::ResponseUnreadable);
        }
        let decrypter = EcdhEsJweAlgorithm::EcdhEs
            .decrypter_from_jwk(&self.pair.to_jwk_private_key())
            .map_err(|_| Error::ResponseUnreadable)?;
        josekit::jwe::deserialize_compact(compact, &decrypter)
            .map(|(payload, _)| Zeroizing::new(payload))
            .map_err(|_| Error::ResponseUnreadable)
    }
}

fn protected_header(compact: &str) -> Option<Value> {
    let (header, _) = compact.split_once('.')?;
    let bytes = from_base64url(header).ok()?;
    json::parse(
        &bytes,
        Limits {
            bytes: MAX_HEADER,
            depth: 4,
        },
    )
    .ok()
}

/// What an issuer does with the request's member.
#[cfg(test)]
pub(super) fn seal_for_test(member: &Value, payload: &[u8], zip: bool) -> String {
    use josekit::jwe::JweHeader;
    use josekit::jwk::Jwk;
    let Value::Object(jwk) = member["jwk"].clone() else {
        return String::new();
    };
    let mut header = JweHeader::new();
    header.set_content_encryption(member["enc"].as_str().unwrap_or(""));
    if zip {
        header.set_compression("DEF");
    }
    Jwk::from_map(jwk)
        .and_then(|jwk| EcdhEsJweAlgorithm::EcdhEs.encrypter_from_jwk(&jwk))
        .and_then(|encrypter| josekit::jwe::serialize_compact(payload, &header, &encrypter))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn key() -> ResponseKey {
        let words = |text: &str| vec![text.to_owned()];
        ResponseKey::offered(&words("ECDH-ES"), &words("A256GCM"))
            .unwrap()
            .unwrap()
    }

    #[test]
    fn reads_what_was_encrypted_to_it() {
        let key = key();
        let member = key.request_member();
        assert_eq!(
            (&member["jwk"]["alg"], &member["enc"]),
            (&json!("ECDH-ES"), &json!("A256GCM"))
        );
        assert!(member["jwk"].get("d").is_none());
        let compact = seal_for_test(&member, b"{}", false);
        let clear: Zeroizing<Vec<u8>> = key.decrypt(&compact).unwrap();
        assert_eq!(clear.as_slice(), b"{}");
    }

    #[test]
    fn refuses_other_keys_compression_other_algorithms_and_noise() {
        let key = key();
        let member = key.request_member();
        let code = |compact: &str| key.decrypt(compact).err().unwrap().code().to_owned();
        let other = self::key().request_member();
        let mut weaker = member.clone();
        weaker["enc"] = json!("A128GCM");
        for hostile in [
            seal_for_test(&other, b"{}", false),
            seal_for_test(&member, b"{}", true),
            seal_for_test(&weaker, b"{}", false),
            String::new(),
            "....".to_owned(),
            "e30.e30.e30.e30.e30".to_owned(),
        ] {
            assert_eq!(code(&hostile), "response_unreadable", "{hostile}");
        }
    }

    #[test]
    fn asks_only_for_what_the_issuer_offers() {
        let words = |text: &str| vec![text.to_owned()];
        let offered =
            |alg: &str, enc: &str| ResponseKey::offered(&words(alg), &words(enc)).unwrap();
        assert!(offered("RSA-OAEP", "A256GCM").is_none());
        assert!(offered("ECDH-ES", "A128CBC-HS256").is_none());
        assert!(offered("ECDH-ES", "A128GCM").is_some());
    }
}

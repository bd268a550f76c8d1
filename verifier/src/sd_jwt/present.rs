//! Choosing disclosures and binding them to the holder's key (RFC 9901 §4.3 and §7.2).

use alloc::format;
use alloc::string::String;

use super::SdJwt;
use super::choose::Choice;
use super::hash::HashAlgorithm;
use crate::dcql::ClaimPath;
use crate::error::Error;
use crate::jws;
use crate::key::KeyType;
use crate::request::HASH_ALGORITHM;
use crate::time::Timestamp;

/// An SD-JWT reduced to some disclosures, without key binding. Personal data: no `Debug`.
#[derive(Clone)]
pub struct Selection {
    text: String,
    algorithm: HashAlgorithm,
}

/// A presentation that waits for the holder's signature.
#[derive(Clone)]
pub struct UnsignedPresentation {
    text: String,
    jws: jws::Unsigned,
}

impl SdJwt {
    /// Keeps exactly the disclosures that the `paths` need: those on the way down and everything below. A path that leads
    /// to nothing adds nothing. The SD-JWT is the holder's own, which [`verify_issued`](super::verify_issued) has checked.
    ///
    /// # Errors
    /// `malformed` when it is not one.
    pub fn select(&self, paths: &[ClaimPath]) -> Result<Selection, Error> {
        let payload = self.payload()?;
        let mut choice = Choice::new(self);
        for path in paths {
            choice.keep(payload, path.elements())?;
        }
        let kept = choice.into_kept();
        let kept = || {
            let chosen = self.parts.encoded(&self.hashed).zip(kept.clone());
            chosen.filter(|(_, kept)| *kept).map(|(encoded, _)| encoded)
        };
        // What the key binding will add, too: one allocation for the whole.
        let length: usize = kept().map(|encoded| encoded.len() + 1).sum();
        let mut text = String::with_capacity(self.issuer_jwt().len() + length + 512);
        text.push_str(self.issuer_jwt());
        text.push('~');
        for encoded in kept() {
            text.push_str(encoded);
            text.push('~');
        }
        Ok(Selection {
            text,
            algorithm: self.algorithm,
        })
    }

    /// The key binding JWT for a selection, to be signed by the P-256 key in `cnf` (RFC 9901 §4.3).
    #[must_use]
    pub fn prepare_key_binding(
        selection: Selection,
        aud: &str,
        nonce: &str,
        iat: Timestamp,
    ) -> UnsignedPresentation {
        selection.bind(KeyType::P256, aud, nonce, iat)
    }

    /// Like [`prepare_key_binding`](Self::prepare_key_binding), where the holder agrees to transactions as well: their
    /// SHA-256 `hashes` (OpenID4VP 1.0 appendix B.3.3).
    #[must_use]
    pub fn prepare_key_binding_with(
        selection: Selection,
        aud: &str,
        nonce: &str,
        iat: Timestamp,
        hashes: &[String],
    ) -> UnsignedPresentation {
        selection.bind_with(KeyType::P256, (aud, nonce, iat), hashes)
    }
}

impl Selection {
    /// `<issuer JWT>~<disclosure>~…~`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key binding JWT, to be signed by the key in `cnf`, which is of this `kind` (RFC 9901 §4.3).
    #[must_use]
    pub fn bind(
        self,
        kind: KeyType,
        aud: &str,
        nonce: &str,
        iat: Timestamp,
    ) -> UnsignedPresentation {
        self.bind_with(kind, (aud, nonce, iat), &[])
    }

    fn bind_with(
        self,
        kind: KeyType,
        (aud, nonce, iat): (&str, &str, Timestamp),
        transactions: &[String],
    ) -> UnsignedPresentation {
        let sd_hash = self.algorithm.digest(self.text.as_bytes());
        // In the order of the names, as everywhere else.
        #[derive(serde::Serialize)]
        struct Payload<'a> {
            aud: &'a str,
            iat: i64,
            nonce: &'a str,
            sd_hash: &'a str,
            #[serde(skip_serializing_if = "<[String]>::is_empty")]
            transaction_data_hashes: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            transaction_data_hashes_alg: Option<&'a str>,
        }
        let payload = serde_json::to_vec(&Payload {
            aud,
            iat: iat.unix(),
            nonce,
            sd_hash: sd_hash.as_str(),
            transaction_data_hashes: transactions,
            transaction_data_hashes_alg: (!transactions.is_empty()).then_some(HASH_ALGORITHM),
        });
        // A BLS key signs no JWS: without `alg` nobody can take the result for one.
        let header = match kind.jws_algorithm() {
            Some(alg) => format!(r#"{{"alg":"{alg}","typ":"kb+jwt"}}"#),
            None => String::from(r#"{"typ":"kb+jwt"}"#),
        };
        UnsignedPresentation {
            text: self.text,
            // Strings and numbers always serialize.
            jws: jws::Unsigned::from_json(kind, header.as_bytes(), &payload.unwrap_or_default()),
        }
    }
}

impl UnsignedPresentation {
    /// The bytes for the holder to sign.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.jws.signing_input()
    }

    /// The presentation with the holder's `signature` (r ‖ s).
    #[must_use]
    pub fn attach(self, signature: impl AsRef<[u8]>) -> String {
        let mut text = self.text;
        text.push_str(&self.jws.attach(signature));
        text
    }
}

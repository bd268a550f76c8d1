//! Choosing disclosures and binding them to the holder's key (RFC 9901 §4.3 and §7.2).

use alloc::format;
use alloc::string::String;
use serde_json::json;

use super::SdJwt;
use super::hash::HashAlgorithm;
use super::process::process;
use crate::dcql::{ClaimPath, PathElement};
use crate::error::Error;
use crate::jws;
use crate::key::KeyType;
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
    /// Keeps exactly the disclosures that the `paths` need: those on the way down and everything below.
    ///
    /// # Errors
    /// `disclosure_invalid` and the like when the SD-JWT is not consistent in itself.
    pub fn select(&self, paths: &[ClaimPath]) -> Result<Selection, Error> {
        let processed = process(self.jws.payload_unverified(), &self.disclosures)?;
        let mut text = format!("{}~", self.issuer_jwt);
        for (disclosure, at) in self.disclosures.iter().zip(&processed.paths) {
            if paths.iter().any(|path| on_one_line(path, at)) {
                text.push_str(disclosure.encoded());
                text.push('~');
            }
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
}

/// Whether one path leads to or through the other.
fn on_one_line(a: &ClaimPath, b: &ClaimPath) -> bool {
    a.elements()
        .iter()
        .zip(b.elements())
        .all(|pair| match pair {
            (PathElement::All(()), PathElement::Index(_)) => true,
            (a, b) => a == b,
        })
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
        let sd_hash = self.algorithm.digest(&self.text);
        let payload = json!({"aud": aud, "nonce": nonce, "iat": iat.unix(), "sd_hash": sd_hash});
        UnsignedPresentation {
            text: self.text,
            jws: jws::Unsigned::with_key_type(kind, json!({"typ": "kb+jwt"}), &payload),
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
        format!("{}{}", self.text, self.jws.attach(signature))
    }
}

//! Checking an SD-JWT: the issuer's signature, the disclosures, the key binding (RFC 9901 §7.1 and §7.3).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;

use super::hash::HashAlgorithm;
use super::process::process;
use super::{SdJwt, TYP, parse};
use crate::dcql::ClaimPath;
use crate::error::Error;
use crate::json::Limits;
use crate::json::flat::Node;
use crate::jws::{self, ExpectedTyp};
use crate::key::{KeyType, PublicKey};
use crate::time::Timestamp;
use crate::x509::{self, ChainPolicy, TrustAnchor};

/// An SD-JWT whose issuer signature and disclosures are checked; the key binding is not. Personal data: no `Debug`.
pub struct IssuerVerified {
    payload: Value,
    disclosed: Vec<ClaimPath>,
    key_binding: Option<String>,
    hashed: Arc<str>,
    algorithm: HashAlgorithm,
    allowed: Vec<KeyType>,
}

/// What a key binding must say.
#[derive(Debug, Clone, Copy)]
pub struct KeyBindingExpectation<'a> {
    /// The verifier's identifier, with its prefix.
    pub aud: &'a str,
    /// The nonce of the request.
    pub nonce: &'a str,
    /// The time.
    pub now: Timestamp,
    /// Seconds for which a key binding is fresh.
    pub max_age: i64,
    /// Seconds by which clocks may differ.
    pub clock_skew: i64,
}

impl SdJwt {
    /// Checks `typ`, the signature by `issuer_key`, and that every disclosure is one the issuer signed.
    ///
    /// # Errors
    /// `unsupported_format`, `unsupported_algorithm` (`_sd_alg`), `invalid_signature`, `disclosure_invalid`.
    pub fn verify_issuer(
        self,
        issuer_key: &PublicKey,
        typs: &[&str],
    ) -> Result<IssuerVerified, Error> {
        self.verify_issuer_typ(issuer_key, &ExpectedTyp::any_of(typs))
    }

    pub(crate) fn verify_issuer_typ(
        self,
        issuer_key: &PublicKey,
        typ: &ExpectedTyp<'_>,
    ) -> Result<IssuerVerified, Error> {
        let digests = self.parts.digests(&self.hashed, self.algorithm);
        let payload = self
            .jws
            .verify_typ(issuer_key, typ)
            .map_err(|error| match error {
                Error::InvalidSignature { .. } => Error::InvalidSignature { what: "credential" },
                other => other,
            })?;
        let processed = process(payload.object()?, &self.parts, digests)?;
        Ok(IssuerVerified {
            payload: processed.payload,
            disclosed: processed.paths,
            key_binding: self.key_binding,
            hashed: self.hashed,
            algorithm: self.algorithm,
            allowed: self.allowed,
        })
    }
}

impl SdJwt {
    /// The issuer's key from the header's `x5c`, whose chain must lead to one of the `anchors`; the leaf must speak for
    /// `iss` where the credential names one (SD-JWT VC §3.5, HAIP). Without `iss` the issuer is whom the leaf names.
    ///
    /// # Errors
    /// Those of [`x509::validate`], `issuer_untrusted` without `x5c`, `issuer_key_mismatch`, `malformed`, `too_large`.
    pub fn issuer_key_by_x5c(
        &self,
        anchors: &[TrustAnchor],
        policy: &ChainPolicy<'_>,
    ) -> Result<PublicKey, Error> {
        let chain = x509::validate(&jws::certificates(self.jws.header())?, anchors, policy)?;
        match self.payload()?.get("iss").map(Node::as_str) {
            None => Ok(chain.key().clone()),
            Some(Some(iss)) if chain.speaks_for(&iss) => Ok(chain.key().clone()),
            Some(_) => Err(Error::IssuerKeyMismatch),
        }
    }

    /// The claims with what is disclosed, before any check: for finding out whose key to check against, and for a holder
    /// whose own copy was checked when it came.
    ///
    /// # Errors
    /// `disclosure_invalid` and the like when the SD-JWT is not consistent in itself.
    pub fn claims_unverified(&self) -> Result<Value, Error> {
        Ok(process(self.payload()?, &self.parts, self.digests())?.payload)
    }
}

impl IssuerVerified {
    /// The claims, visible and disclosed together, without digests.
    #[must_use]
    pub fn payload(&self) -> &Value {
        &self.payload
    }

    /// The claims, given away.
    #[must_use]
    pub fn into_payload(self) -> Value {
        self.payload
    }

    /// Where each disclosure ended up.
    #[must_use]
    pub fn disclosed(&self) -> &[ClaimPath] {
        &self.disclosed
    }

    /// The holder's key, from `cnf.jwk` (RFC 7800).
    ///
    /// # Errors
    /// `holder_binding_missing` without `cnf`, else those of [`PublicKey::from_jwk`].
    pub fn holder_key(&self) -> Result<PublicKey, Error> {
        let jwk = self
            .payload
            .get("cnf")
            .and_then(|cnf| cnf.get("jwk"))
            .ok_or(Error::HolderBindingMissing)?;
        PublicKey::from_jwk(jwk)
    }

    /// Checks the key binding JWT (RFC 9901 §7.3 step 5): signature, type, `sd_hash`, nonce, audience, time.
    ///
    /// # Errors
    /// `holder_binding_missing`, `holder_binding_invalid`, `nonce_mismatch`, `audience_mismatch`,
    /// `presentation_too_old`, `presentation_from_future`.
    pub fn verify_key_binding(&self, expected: &KeyBindingExpectation<'_>) -> Result<(), Error> {
        self.verify_transactions(expected).map(|_| ())
    }

    /// Like [`verify_key_binding`](Self::verify_key_binding), and gives the `transaction_data_hashes` that the holder
    /// signed (OpenID4VP 1.0 appendix B.3.3.1), made with SHA-256; none when there are none.
    ///
    /// # Errors
    /// Those of [`verify_key_binding`](Self::verify_key_binding); `holder_binding_invalid` for hashes that cannot be
    /// read or are made with another algorithm.
    pub fn verify_transactions(
        &self,
        expected: &KeyBindingExpectation<'_>,
    ) -> Result<Vec<String>, Error> {
        let invalid = |why| Error::HolderBindingInvalid { why };
        let compact = self
            .key_binding
            .as_deref()
            .ok_or(Error::HolderBindingMissing)?;
        let key = self.holder_key()?;
        let limits = Limits {
            bytes: 16 * 1024,
            depth: 8,
        };
        let jws = jws::parse_flat(compact, limits, &self.allowed)?;
        let payload = jws.verify(&key, "kb+jwt").map_err(|error| match error {
            Error::UnsupportedFormat { .. } => invalid("type"),
            _ => invalid("signature"),
        })?;
        let payload = payload.object()?;
        let text = |name: &str| payload.get(name).and_then(Node::as_str);
        // §4.3.1: over the very bytes that were sent, so that no disclosure can be added or left out afterwards.
        if text("sd_hash").as_deref()
            != Some(self.algorithm.digest(self.hashed.as_bytes()).as_str())
        {
            return Err(invalid("sd_hash"));
        }
        // The audience first: an answer to somebody else has another nonce too, and this says which it is.
        if text("aud").as_deref() != Some(expected.aud) {
            return Err(Error::AudienceMismatch);
        }
        if text("nonce").as_deref() != Some(expected.nonce) {
            return Err(Error::NonceMismatch);
        }
        let iat = payload
            .get("iat")
            .and_then(|iat| iat.to_value().as_i64())
            .ok_or(invalid("iat"))?;
        fresh(
            Timestamp::from_unix(iat),
            expected.now,
            expected.max_age,
            expected.clock_skew,
        )?;
        transaction_hashes(payload).ok_or(invalid("transaction_data_hashes"))
    }
}

/// The most hashes of one key binding.
const MAX_HASHES: usize = 16;

/// `transaction_data_hashes` with `transaction_data_hashes_alg`, which is SHA-256 where it is not said.
fn transaction_hashes(payload: Node<'_>) -> Option<Vec<String>> {
    let algorithm = payload.get("transaction_data_hashes_alg").map(Node::as_str);
    let known = match &algorithm {
        None => true,
        Some(name) => name.as_deref() == Some(HashAlgorithm::Sha256.name()),
    };
    match payload
        .get("transaction_data_hashes")
        .map(|all| all.to_value())
    {
        None => Some(Vec::new()),
        Some(Value::Array(all)) if known && all.len() <= MAX_HASHES => all
            .iter()
            .map(|one| one.as_str().map(str::to_owned))
            .collect(),
        Some(_) => None,
    }
}

/// Whether a presentation signed at `signed_at` is neither too old nor from the future.
pub(crate) fn fresh(
    signed_at: Timestamp,
    now: Timestamp,
    max_age: i64,
    skew: i64,
) -> Result<(), Error> {
    if signed_at > now.add_seconds(skew) {
        return Err(Error::PresentationFromFuture { signed_at, now });
    }
    if signed_at < now.add_seconds(max_age.saturating_add(skew).saturating_neg()) {
        return Err(Error::PresentationTooOld { signed_at, now });
    }
    Ok(())
}

/// Checks a credential as its holder receives it, all disclosures and no key binding, and gives its claims.
///
/// # Errors
/// Those of [`parse`] and [`SdJwt::verify_issuer`]; `malformed` when there is a key binding.
pub fn verify_issued(text: &str, issuer_key: &PublicKey) -> Result<Value, Error> {
    let sd_jwt = parse(text)?;
    if sd_jwt.key_binding.is_some() {
        return Err(Error::malformed("issued SD-JWT with key binding"));
    }
    Ok(sd_jwt.verify_issuer(issuer_key, &[TYP])?.payload)
}

//! did:key and did:jwk, strictly decoded, and [documents](Documents) of other identifiers that are handed
//! in. Nothing is ever fetched.

mod document;
mod documents;
mod x25519;

pub use document::document;
pub use documents::Documents;

use crate::encoding::{from_base64url, from_multibase_base58};
use crate::error::Error;
use crate::json::{self, Limits};
use crate::key::PublicKey;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use serde_json::Value;

const DID_MAX: usize = 512;

/// The did:key of a key: `did:key:zDn…` for P-256, `z82…` for P-384, `z6Mk…` for Ed25519.
#[must_use]
pub fn did_key(key: &PublicKey) -> String {
    format!("did:key:{}", key.multikey())
}

/// The Multikey form of a key (Controlled Identifiers §2.2.2): multibase base58btc of its multicodec form.
#[must_use]
pub fn multikey(key: &PublicKey) -> String {
    key.multikey().to_owned()
}

/// The verification method of a key's did:key: `did:key:zX#zX`.
#[must_use]
pub fn verification_method(key: &PublicKey) -> String {
    let name = key.multikey();
    format!("did:key:{name}#{name}")
}

/// The did:key of a verification method, if the method is that of `key`.
pub(crate) fn did_of_method<'m>(method: &'m str, key: &PublicKey) -> Option<&'m str> {
    let (did, fragment) = method.split_once('#')?;
    let name = did.strip_prefix("did:key:")?;
    (name == fragment && name == key.multikey()).then_some(did)
}

/// The key of a Multikey.
///
/// # Errors
/// `malformed` unless it is the one canonical spelling of a key; `unsupported_algorithm` for other codecs.
pub fn from_multikey(text: &str) -> Result<PublicKey, Error> {
    PublicKey::from_multicodec(&from_multibase_base58(text)?)
}

/// The DID without fragment, and its key, of a `did:key` or `did:jwk` DID or DID URL.
///
/// A fragment must name the key itself: the Multikey for did:key, `0` for did:jwk. Paths and queries are refused.
///
/// # Errors
/// `malformed` for anything but the canonical spelling, `unsupported_algorithm` for other methods and kinds of key.
pub fn resolve(did_or_url: &str) -> Result<(String, PublicKey), Error> {
    if did_or_url.len() > DID_MAX {
        return Err(Error::too_large("DID", DID_MAX));
    }
    let (did, fragment) = match did_or_url.split_once('#') {
        Some((did, fragment)) => (did, Some(fragment)),
        None => (did_or_url, None),
    };
    let (key, expected) = if let Some(name) = did.strip_prefix("did:key:") {
        (from_multikey(name)?, name)
    } else if let Some(encoded) = did.strip_prefix("did:jwk:") {
        let jwk = json::parse(&from_base64url(encoded)?, Limits::MESSAGE)?;
        (signature_key(&jwk)?, "0")
    } else if did.starts_with("did:") {
        return Err(Error::UnsupportedAlgorithm { what: "DID method" });
    } else {
        return Err(Error::malformed("DID"));
    };
    if fragment.is_some_and(|fragment| fragment != expected) {
        return Err(Error::malformed("DID URL fragment"));
    }
    Ok((did.to_owned(), key))
}

/// Whether a DID or DID URL says its key itself, so that no document is needed: did:key and did:jwk.
#[must_use]
pub fn is_self_describing(did_or_url: &str) -> bool {
    did_or_url.starts_with("did:key:") || did_or_url.starts_with("did:jwk:")
}

/// The key of a public JWK that is not set aside for encryption (RFC 7517 §4.2 and §4.3): did:jwk lists
/// such a key for key agreement alone.
fn signature_key(jwk: &Value) -> Result<PublicKey, Error> {
    let other_use = jwk.get("use").is_some_and(|said| said != "sig");
    let operations = jwk.get("key_ops").map(Value::as_array);
    let other_operations = operations
        .is_some_and(|all| !all.is_some_and(|all| all.iter().any(|said| said == "verify")));
    if other_use || other_operations {
        return Err(Error::ProofPurposeMismatch);
    }
    PublicKey::from_jwk(jwk)
}

/// Like [`resolve`], for a verification method: the fragment must be there.
///
/// # Errors
/// Those of [`resolve`], and `malformed` without a fragment.
pub fn resolve_method(url: &str) -> Result<(String, PublicKey), Error> {
    if url.contains('#') {
        resolve(url)
    } else {
        Err(Error::malformed("verification method"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// From the did:key specification's P-256 test vectors.
    const VECTOR: &str = "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv";

    #[test]
    fn the_published_vector_reads_and_writes_back() {
        let (did, key) = resolve(VECTOR).unwrap();
        assert_eq!((did.as_str(), did_key(&key).as_str()), (VECTOR, VECTOR));
        let method = verification_method(&key);
        assert_eq!(resolve_method(&method).unwrap().0, VECTOR);
        let jwk = crate::encoding::base64url(key.to_jwk().to_string().as_bytes());
        assert_eq!(resolve(&format!("did:jwk:{jwk}#0")).unwrap().1, key);
    }

    #[test]
    fn garbage_is_refused_without_panic() {
        let longer = format!("{VECTOR}1");
        let shorter = &VECTOR[..VECTOR.len() - 1];
        let fragment = format!("{VECTOR}#x");
        for did in [
            "",
            "did:key:",
            "did:key:z",
            "did:key:z1",
            "did:key:zz",
            "did:jwk:",
            "did:jwk:e30",
            "did:web:example.org",
            &longer,
            shorter,
            &fragment,
            "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv?x=1",
        ] {
            assert!(resolve(did).is_err(), "{did}");
        }
    }
}

//! Whose key a message must be signed with (VC-JOSE-COSE §4).

use alloc::string::String;
use alloc::vec::Vec;

use crate::did;
use crate::error::Error;
use crate::key::PublicKey;

/// What a message says about its key: hints, none of them proven.
#[derive(Debug, Clone, Copy)]
pub struct KeyReference<'a> {
    /// `kid` of the header.
    pub kid: Option<&'a str>,
    /// Whom the document names as its issuer or its holder; for a presentation without holder `iss`, if there is one.
    pub controller: Option<&'a str>,
    /// `x5c` or `x5chain` of the header: certificates in DER, the signer's first.
    pub certificates: &'a [Vec<u8>],
}

/// A key that the caller takes for the one that a message must be signed with.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The key.
    pub key: PublicKey,
    /// Who controls it. The document must name the same; `None` when the caller has bound the two already, for example by
    /// a list of its own of issuers and their keys.
    pub controller: Option<String>,
}

impl From<PublicKey> for SigningKey {
    /// A key that the caller vouches for.
    fn from(key: PublicKey) -> Self {
        Self {
            key,
            controller: None,
        }
    }
}

/// Finds the key of a message, or refuses it: a DID method, a trust list, certificates.
pub type KeySource<'a> = &'a dyn Fn(&KeyReference<'_>) -> Result<SigningKey, Error>;

/// The key of a `kid` that is a did:key or did:jwk URL.
///
/// # Errors
/// `issuer_untrusted` without such a `kid`, and those of [`did::resolve_method`].
pub fn by_did(reference: &KeyReference<'_>) -> Result<SigningKey, Error> {
    let kid = reference.kid.ok_or(Error::IssuerUntrusted {
        why: "no kid says which key",
    })?;
    let (controller, key) = did::resolve_method(kid)?;
    Ok(SigningKey {
        key,
        controller: Some(controller),
    })
}

//! Whose key a message must be signed with (VC-JOSE-COSE §4).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::did;
use crate::error::Error;
use crate::key::PublicKey;
use crate::x509::{self, ChainPolicy, TrustAnchor};

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

/// The key of the leaf of a certificate chain that leads to one of the `anchors`, which must speak for whom the document
/// names: for use as `&by_x5c(&anchors, policy)`.
pub fn by_x5c<'a>(
    anchors: &'a [TrustAnchor],
    policy: ChainPolicy<'a>,
) -> impl Fn(&KeyReference<'_>) -> Result<SigningKey, Error> + 'a {
    move |reference| {
        let chain = x509::validate(reference.certificates, anchors, &policy)?;
        let controller = reference
            .controller
            .filter(|controller| chain.speaks_for(controller))
            .ok_or(Error::IssuerKeyMismatch)?;
        Ok(SigningKey {
            key: chain.key().clone(),
            controller: Some(controller.to_owned()),
        })
    }
}

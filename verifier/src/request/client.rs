//! Client identifiers and their prefixes (OpenID4VP 1.0 §5.9).

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use crate::error::Error;

/// How a client identifier is to be understood (§5.9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientIdPrefix {
    /// A DID, whose key signs.
    DecentralizedIdentifier,
    /// A DNS name of the leaf certificate, whose key signs.
    X509SanDns,
    /// The SHA-256 hash of the leaf certificate, whose key signs.
    X509Hash,
    /// The subject of a verifier attestation JWT (§12), whose key signs.
    VerifierAttestation,
    /// The address that the answer goes to. Such requests cannot be signed.
    RedirectUri,
    /// The origin of an unsigned request over the Digital Credentials API (appendix A.2). Never taken from a request.
    Origin,
}

impl ClientIdPrefix {
    /// Every prefix that a request may use.
    const ALL: [Self; 5] = [
        Self::DecentralizedIdentifier,
        Self::X509SanDns,
        Self::X509Hash,
        Self::VerifierAttestation,
        Self::RedirectUri,
    ];

    /// The prefix as it is written, without the colon.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DecentralizedIdentifier => "decentralized_identifier",
            Self::X509SanDns => "x509_san_dns",
            Self::X509Hash => "x509_hash",
            Self::VerifierAttestation => "verifier_attestation",
            Self::RedirectUri => "redirect_uri",
            Self::Origin => "origin",
        }
    }
}

impl fmt::Display for ClientIdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A client identifier with its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClientId {
    pub(super) prefix: ClientIdPrefix,
    full: String,
    /// Where the part after the colon begins.
    original: usize,
}

impl ClientId {
    /// Reads an identifier that a request names itself by. Pre-registered clients without a prefix (§5.9.2) are not
    /// known here, and `origin:` must not be accepted (§5.9.3).
    pub(super) fn parse(full: &str) -> Result<Self, Error> {
        let invalid = |why| Error::RequestInvalid { why };
        let (prefix, original) = full.split_once(':').ok_or(invalid("client id prefix"))?;
        let prefix = ClientIdPrefix::ALL
            .into_iter()
            .find(|known| known.as_str() == prefix)
            .ok_or(invalid("client id prefix"))?;
        if original.is_empty() {
            return Err(invalid("no client id"));
        }
        Ok(Self::new(prefix, full))
    }

    /// The requester of an unsigned request over the Digital Credentials API.
    pub(super) fn origin(origin: &str) -> Self {
        let full = alloc::format!("{}:{origin}", ClientIdPrefix::Origin);
        Self::new(ClientIdPrefix::Origin, &full)
    }

    fn new(prefix: ClientIdPrefix, full: &str) -> Self {
        Self {
            prefix,
            full: full.to_owned(),
            original: prefix.as_str().len() + 1,
        }
    }

    /// With the prefix: what names the client everywhere (§14.6).
    pub(super) fn as_str(&self) -> &str {
        &self.full
    }

    /// Without the prefix.
    pub(super) fn original(&self) -> &str {
        self.full.get(self.original..).unwrap_or_default()
    }
}

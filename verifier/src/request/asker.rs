//! Who makes a request: its client identifier and what stands in the header for it (OpenID4VP 1.0 §5.9.3).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{CLIENT_ID_PREFIX, TYP, registration};
use crate::crypto;
use crate::did;
use crate::encoding::base64url;
use crate::error::Error;
use crate::jws;

/// A client that signs requests, and its registration certificate.
#[derive(Debug, Clone)]
pub struct RequestClient {
    kind: Kind,
    registration: Option<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    Did(String),
    /// The client identifier with its prefix, and the chain in DER.
    X509(String, Vec<Vec<u8>>),
    /// The client identifier with its prefix, and the attestation.
    Attested(String, String),
    /// Known by the address to which the answer goes: such a client does not sign.
    ResponseUri,
}

impl RequestClient {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            registration: None,
        }
    }

    /// A client known by its DID, whose key will sign (`decentralized_identifier`).
    #[must_use]
    pub fn did(did: &str) -> Self {
        Self::new(Kind::Did(did.to_owned()))
    }

    /// A client known by a DNS name of its certificate (`x509_san_dns`). The chain in DER, the leaf first and without the
    /// authority's own certificate; the leaf's key will sign.
    #[must_use]
    pub fn x509_san_dns(name: &str, chain: &[Vec<u8>]) -> Self {
        Self::new(Kind::X509(format!("x509_san_dns:{name}"), chain.to_vec()))
    }

    /// A client known by the SHA-256 digest of its certificate (`x509_hash`); the chain as for
    /// [`x509_san_dns`](Self::x509_san_dns).
    #[must_use]
    pub fn x509_hash(chain: &[Vec<u8>]) -> Self {
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        let digest = base64url(&crypto::sha256(leaf));
        Self::new(Kind::X509(format!("x509_hash:{digest}"), chain.to_vec()))
    }

    /// A client known by the name that an attester has given it (`verifier_attestation`, §12): the `sub` of the
    /// attestation, whose `cnf` names the key that will sign.
    #[must_use]
    pub fn verifier_attestation(subject: &str, attestation: &str) -> Self {
        let client_id = format!("verifier_attestation:{subject}");
        Self::new(Kind::Attested(client_id, attestation.to_owned()))
    }

    /// A client known by the address to which the answer goes (`redirect_uri`), or over the Digital Credentials API by the
    /// origin of its page. It does not sign.
    #[must_use]
    pub fn response_uri() -> Self {
        Self::new(Kind::ResponseUri)
    }

    /// The same client with a registration certificate, sent by value (§5.11).
    #[must_use]
    pub fn registered(mut self, certificate: Option<&str>) -> Self {
        self.registration = certificate.map(str::to_owned);
        self
    }

    /// What the entries of `verifier_info` say of it.
    pub(super) fn info(&self) -> Option<Value> {
        let certificate = self.registration.as_ref()?;
        Some(json!({"format": registration::FORMAT, "data": certificate}))
    }

    /// Whether it does not sign.
    pub(super) fn is_unsigned(&self) -> bool {
        matches!(self.kind, Kind::ResponseUri)
    }

    /// The protected header and the client identifier with its prefix.
    ///
    /// # Errors
    /// Those of [`did::resolve`]; `request_invalid` for a client that does not sign.
    pub(super) fn header(&self) -> Result<(Value, String), Error> {
        let mut header = json!({"typ": TYP});
        let client_id = match &self.kind {
            Kind::Did(did) => {
                let (did, key) = did::resolve(did)?;
                header["kid"] = match did.starts_with("did:jwk:") {
                    true => json!(format!("{did}#0")),
                    false => json!(did::verification_method(&key)),
                };
                format!("{CLIENT_ID_PREFIX}{did}")
            }
            Kind::X509(client_id, chain) => {
                header["x5c"] = jws::x5c(chain);
                client_id.clone()
            }
            Kind::Attested(client_id, attestation) => {
                header["jwt"] = json!(attestation);
                client_id.clone()
            }
            Kind::ResponseUri => {
                return Err(Error::RequestInvalid {
                    why: "a client of this kind does not sign",
                });
            }
        };
        Ok((header, client_id))
    }
}

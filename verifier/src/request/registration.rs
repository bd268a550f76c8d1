//! Registration certificates: what a relying party may ask, in a JWT that it carries in its requests (OpenID4VP 1.0
//! §5.11, `verifier_info` with the format [`FORMAT`]).
//!
//! A compact JWS of type [`TYP`] by the root of a bundle or by a registrar that the bundle lists:
//!
//! | claim | meaning |
//! |---|---|
//! | `iss` | the DID of the root or registrar; `kid` is its verification method |
//! | `sub` | the client identifier with its prefix: the certificate is worth nothing to anybody else |
//! | `name`, `purpose`? | for the holder, in English and Chinese |
//! | `iat`, `exp` | a short life: there is no list of revoked certificates |
//! | `services` | services of the catalogue that a request may name |
//! | `credentials` | what may be asked besides: format, `meta` and claims as in a DCQL query, without values |
//!
//! A credential query is within the certificate when the service that the request names is listed and may ask it, or when
//! one entry of `credentials` has its format, all of its types, and a path above every claim asked.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Request, SKEW};
use crate::bundle::Bundle;
use crate::catalogue::LocalizedText;
use crate::dcql::{ClaimPath, ClaimQuery, CredentialQuery, Meta};
use crate::did;
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;

/// The `format` of the entry of `verifier_info`.
pub const FORMAT: &str = "registration_cert";
/// The `typ` of the JWT.
pub const TYP: &str = "tessera-registration+jwt";

const LIMITS: Limits = Limits {
    bytes: 32 * 1024,
    depth: 12,
};
const MAX_ENTRIES: usize = 64;

/// The content of a registration certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// The client identifier that it is for, with its prefix.
    pub sub: String,
    /// The relying party's name, for holders.
    pub name: LocalizedText,
    /// Why it asks, for holders, where no service of the catalogue says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<LocalizedText>,
    /// The services of the catalogue that its requests may name.
    #[serde(default)]
    pub services: Vec<String>,
    /// What it may ask besides.
    #[serde(default)]
    pub credentials: Vec<RegisteredCredential>,
    /// When it was made.
    pub iat: Timestamp,
    /// When it ends.
    pub exp: Timestamp,
}

/// One kind of credential that may be asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisteredCredential {
    /// The credential format identifier.
    pub format: String,
    /// The types, as in a DCQL query; none means any.
    #[serde(default)]
    pub meta: Meta,
    /// The claims, each with all that lies below it.
    #[serde(default)]
    pub claims: Vec<RegisteredClaim>,
}

/// One claim that may be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredClaim {
    /// Where it is in the credential.
    pub path: ClaimPath,
}

impl Registration {
    /// The certificate, to be signed by the P-256 key `registrar`.
    #[must_use]
    pub fn prepare(&self, registrar: &PublicKey) -> jws::Unsigned {
        let mut payload = json!(self);
        if let Some(members) = payload.as_object_mut() {
            members.insert("iss".to_owned(), json!(did::did_key(registrar)));
        }
        let header = json!({"typ": TYP, "kid": did::verification_method(registrar)});
        jws::Unsigned::new(header, &payload)
    }

    /// Reads a certificate and checks who made it and when.
    ///
    /// # Errors
    /// `malformed`, `too_large`, `unsupported_algorithm`; `requester_unregistered` for a certificate by anybody but the
    /// bundle's root and its registrars, a bad signature, and one that is out of time.
    pub fn open(compact: &str, bundle: &Bundle, now: Timestamp) -> Result<Self, Error> {
        let refused = |why| Error::RequesterUnregistered { why };
        let mut signer = String::new();
        let payload = jws::open(compact, LIMITS, TYP, |header| {
            let kid = header
                .kid
                .as_deref()
                .ok_or(refused("its certificate has no kid"))?;
            let (registrar, key) = did::resolve_method(kid)?;
            // Who may register is for the bundle to say, never for the certificate.
            if !bundle.registers(&registrar, now) {
                return Err(refused("its certificate is by nobody who may register"));
            }
            signer = registrar;
            Ok(key)
        })
        .map_err(|error| match error {
            Error::InvalidSignature { .. } => refused("the signature of its certificate"),
            Error::UnsupportedFormat { .. } => refused("its certificate is of another type"),
            other => other,
        })?;
        if payload
            .get("iss")
            .is_none_or(|issuer| *issuer != signer.as_str())
        {
            return Err(refused("its certificate names another registrar"));
        }
        let registration: Self = serde_json::from_value(payload)
            .map_err(|_| Error::malformed("registration certificate"))?;
        if registration.credentials.len() > MAX_ENTRIES || registration.services.len() > MAX_ENTRIES
        {
            return Err(Error::too_large("registration certificate", MAX_ENTRIES));
        }
        if now >= registration.exp {
            return Err(refused("its certificate has ended"));
        }
        if registration.iat > now.add_seconds(SKEW) {
            return Err(refused("its certificate is from the future"));
        }
        Ok(registration)
    }

    /// What a request asks of one credential beyond this certificate: names for a message; empty for an honest one.
    #[must_use]
    pub fn beyond(&self, request: &Request, asked: &CredentialQuery) -> Vec<String> {
        if let Some(service) = request.service()
            && self.services.iter().any(|known| known == service)
        {
            // A service's list of claims is the catalogue's business.
            return Vec::new();
        }
        let fitting = |entry: &&RegisteredCredential| {
            entry.format == asked.format && types_within(&entry.meta, &asked.meta)
        };
        let entries: Vec<_> = self.credentials.iter().filter(fitting).collect();
        if entries.is_empty() {
            return [format!("credential {}", asked.id)].to_vec();
        }
        // One entry must cover the whole query: two half ones are for two credentials.
        let beyond = |entry: &&RegisteredCredential| -> Vec<String> {
            let allowed = |claim: &&ClaimQuery| {
                !entry
                    .claims
                    .iter()
                    .any(|known| known.path.covers(&claim.path))
            };
            let claims = asked.claims.iter().filter(allowed);
            claims.map(|claim| format!("{}", claim.path)).collect()
        };
        entries
            .iter()
            .map(beyond)
            .min_by_key(Vec::len)
            .unwrap_or_default()
    }
}

/// Whether every type that is asked for is one that was registered.
fn types_within(registered: &Meta, asked: &Meta) -> bool {
    let vcts = registered.vct_values.is_empty()
        || (!asked.vct_values.is_empty()
            && asked
                .vct_values
                .iter()
                .all(|vct| registered.vct_values.contains(vct)));
    // A longer list of types asks for less: it must contain a registered one whole.
    let covers = |types: &Vec<String>| {
        registered
            .type_values
            .iter()
            .any(|known| known.iter().all(|one| types.contains(one)))
    };
    let types = registered.type_values.is_empty()
        || (!asked.type_values.is_empty() && asked.type_values.iter().all(covers));
    vcts && types
}

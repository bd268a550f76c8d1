//! The decision: is what was presented true, current, the holder's own, and exactly what was asked?
//!
//! Each step consumes the value before it, so that none can be left out:
//! `bytes → `[`UnverifiedPresentation`]` → proven → current → bound to the holder → asked for → `[`Verified`].

mod asked;
mod current;
mod ldp;
mod sd_jwt;
mod shape;
mod stage;
mod steps;
mod token;

pub(crate) use current::{let_pass, within};
pub use stage::{Refusal, Stage};
pub use token::UnverifiedPresentation;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::bundle::Bundle;
use crate::catalogue::LocalizedText;
use crate::claims::{AssuranceLevel, Format};
use crate::error::Error;
use crate::policy::Policy;
use crate::request::Request;
use crate::time::Timestamp;
use stage::At as _;

/// What was proved. Only [`verify`] makes one. Personal data: no `Debug`.
#[derive(Clone)]
#[must_use]
pub struct Verified {
    credentials: Vec<VerifiedCredential>,
    service: String,
    client_id: String,
}

/// One credential of a [`Verified`] presentation. Personal data: no `Debug`.
#[derive(Clone)]
pub struct VerifiedCredential {
    query: String,
    issuer: String,
    authority: LocalizedText,
    assurance_level: AssuranceLevel,
    format: Format,
    claims: Map<String, Value>,
    valid_until: Timestamp,
    status: Status,
}

/// What is known about revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an undetermined status is not an acceptance"]
pub enum Status {
    /// Not revoked, by a status list within its time.
    Valid,
    /// Not known, and the policy let it pass so that the caller may decide.
    Undetermined(Undetermined),
}

/// Why the status is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undetermined {
    /// The bundle is past its greatest age; it was good until then.
    BundleStale {
        /// The end of the bundle.
        until: Timestamp,
    },
    /// The status list is past its end.
    ListStale {
        /// The end of the list.
        until: Timestamp,
    },
    /// The status list is not in the bundle.
    ListMissing,
    /// The credential's index is beyond the list.
    IndexBeyondList,
    /// The credential names no status list.
    NotStated,
    /// The status list does not hold yet.
    ListNotYetValid {
        /// The beginning of the list.
        from: Timestamp,
    },
    /// The credential states its status in a way that is not known here.
    UnknownKind,
}

/// A policy and a bundle, ready for many verifications: `Send + Sync`, nothing locked.
#[derive(Debug, Clone)]
pub struct Verifier {
    policy: Policy,
    bundle: Arc<Bundle>,
}

impl Verifier {
    /// Prepares a verifier.
    #[must_use]
    pub fn new(policy: Policy, bundle: Arc<Bundle>) -> Self {
        Self { policy, bundle }
    }

    /// See [`verify`].
    ///
    /// # Errors
    /// Those of [`verify`].
    pub fn verify(
        &self,
        bytes: &[u8],
        request: &Request,
        now: Timestamp,
    ) -> Result<Verified, Error> {
        verify(bytes, request, &self.policy, &self.bundle, now)
    }

    /// See [`decide`].
    ///
    /// # Errors
    /// Those of [`decide`].
    pub fn decide(
        &self,
        bytes: &[u8],
        request: &Request,
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        decide(bytes, request, &self.policy, &self.bundle, now)
    }
}

/// Checks the answer to a request, offline.
///
/// `bytes` is the `vp_token` as JSON, `{"<query id>":["<presentation>"]}`, or the whole response
/// `{"vp_token":{…},"state"?:"…"}` (OpenID4VP 1.0 §8.1).
///
/// # Errors
/// Every code of [`Error`] that concerns a presentation, a credential, a bundle or an over-asking request.
pub fn verify(
    bytes: &[u8],
    request: &Request,
    policy: &Policy,
    bundle: &Bundle,
    now: Timestamp,
) -> Result<Verified, Error> {
    decide(bytes, request, policy, bundle, now).map_err(Error::from)
}

/// Like [`verify`], and a refusal says at which stage it came.
///
/// # Errors
/// Those of [`verify`], each with its [`Stage`].
pub fn decide(
    bytes: &[u8],
    request: &Request,
    policy: &Policy,
    bundle: &Bundle,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let check = steps::Check {
        request,
        policy,
        bundle,
        now,
    };
    let presentation = UnverifiedPresentation::parse(bytes).at(Stage::Parse)?;
    check.request().at(Stage::Request)?;
    presentation.answers(request).at(Stage::Request)?;
    let mut credentials = Vec::with_capacity(1);
    let mut confirmed = Vec::with_capacity(1);
    for (query, presented) in presentation.matched(request).at(Stage::Asked)? {
        let bound = check.prove(query, presented)?;
        let shown = check.current(bound)?;
        confirmed.push((query.id.as_str(), shown.confirmed().to_vec()));
        credentials.push(check.asked(query, shown)?);
    }
    check.transactions(&confirmed).at(Stage::Asked)?;
    Ok(Verified {
        credentials,
        service: policy.service.clone(),
        client_id: request.client_id().to_owned(),
    })
}

impl Verified {
    /// The credentials; at least one. Requests of [`RequestBuilder`](crate::request::RequestBuilder) yield exactly one, unless they
    /// take [several](crate::request::RequestBuilder::multiple).
    ///
    /// Each is bound to a one-time key of its own, and a wallet holds several of a kind: the keys prove neither that two
    /// credentials are one person's nor that they are two persons'. A relying party that takes several must compare a claim
    /// that names the person.
    #[must_use]
    pub fn credentials(&self) -> &[VerifiedCredential] {
        &self.credentials
    }

    /// The service it was asked for.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The relying party it was made for, with the prefix.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }
}

impl VerifiedCredential {
    /// The id of the credential query it answers.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The issuer: its DID; of a credential under a certificate, the name by which the certificate knows it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name of the authority behind the issuer.
    #[must_use]
    pub fn authority(&self) -> &LocalizedText {
        &self.authority
    }

    /// How well the person was proved.
    #[must_use]
    pub fn assurance_level(&self) -> AssuranceLevel {
        self.assurance_level
    }

    /// The format it came in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Exactly the disclosed claims about the person.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// When it expires.
    #[must_use]
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// What is known about revocation.
    pub fn status(&self) -> Status {
        self.status
    }
}

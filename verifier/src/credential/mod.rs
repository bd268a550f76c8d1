//! One call for any W3C credential or presentation: embedded proof or envelope, data model, validity, status, resources.
//!
//! ```text
//! &Value ─▶ form (vcdm) ─▶ issuer trusted ─▶ proof, bound to the issuer ─▶ terms have a meaning
//!        ─▶ within its validity ─▶ related resources, schemas ─▶ status ─▶ VerifiedCredential
//! ```
//!
//! [`verify`](mod@crate::verify) decides for a service about what a wallet shows, and knows the credentials of this project; this
//! module knows what the standards say of any credential, and leaves it to the caller what a subject's claims mean.
//! Both share the steps that say what is current.
//!
//! # Example
//! ```
//! use tessera_verifier::Timestamp;
//! use tessera_verifier::credential::{self, CredentialPolicy, Materials};
//! use tessera_verifier::jsonld::ContextStore;
//!
//! # let presentation: serde_json::Value = serde_json::from_str(include_str!("../../tests/samples/presentation-ldp.json"))?;
//! # let document = &presentation["ldp"][0]["verifiableCredential"][0];
//! let contexts = ContextStore::builtin();
//! let mut policy = CredentialPolicy::new();
//! policy.status = None; // no status list is at hand in this example
//! let now = Timestamp::parse_rfc3339("2026-01-15T18:00:00Z")?;
//! let credential = credential::verify(document, &policy, &Materials::new(&contexts), now)?;
//! assert_eq!(credential.document()["credentialSubject"]["age_equal_or_over"]["18"], true);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod lists;
mod policy;
mod presentation;
mod schemas;
mod status;

pub use lists::StatusLists;
pub use policy::{CredentialPolicy, Materials, PresentationPolicy};
pub use presentation::{VerifiedPresentation, verify_presentation};
pub use schemas::Schemas;
pub use status::{StatusOutcome, Statuses};

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::data_integrity::{self, Binding, ProofExpectation, VerifiedProof};
use crate::error::Error;
use crate::key::PublicKey;
use crate::time::Timestamp;
use crate::vc_jose_cose::{self, Expectation, SigningKey, Times};
use crate::vcdm::{Credential, Version};

/// A credential that is what it says: only [`verify`] makes one. Personal data: no `Debug`.
#[derive(Clone)]
#[must_use]
pub struct VerifiedCredential {
    document: Value,
    issuer: String,
    signers: Vec<Signer>,
    status: Statuses,
    resources: usize,
    schemas: usize,
}

/// A key that signed, and whom it belongs to.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The controller of the key: the issuer, unless the policy says that the two need not be bound.
    pub controller: Option<String>,
    /// The key.
    pub key: PublicKey,
}

impl VerifiedCredential {
    /// The credential: for an enveloped one what was in the envelope. Everything in it is covered by the proof; that its
    /// claims have the names that the issuer gave them, only under [contexts](CredentialPolicy::contexts) of the policy.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The URL of the issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys that signed, in the order of the proofs; at least one.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// What its status lists say.
    pub fn status(&self) -> &Statuses {
        &self.status
    }

    /// How many of its schemas were at hand; it matches each of them.
    #[must_use]
    pub fn schemas_matched(&self) -> usize {
        self.schemas
    }

    /// How many of its related resources were at hand, and compared with their digests.
    #[must_use]
    pub fn resources_compared(&self) -> usize {
        self.resources
    }
}

/// Verifies a credential with an embedded proof, or an `EnvelopedVerifiableCredential`.
///
/// # Errors
/// `malformed_value` and the other codes of the data model; those of [`data_integrity::verify_all`] or
/// [`vc_jose_cose::verify_envelope`]; `issuer_untrusted`; `undefined_term`, `unknown_context`; `not_yet_valid`, `expired`;
/// `digest_mismatch`, `schema_mismatch`; `revoked`, `suspended`, `status_list_mismatch`, `status_list_too_short`, `status_out_of_range`, and
/// `status_undetermined` where the policy does not let it pass.
pub fn verify(
    document: &Value,
    policy: &CredentialPolicy,
    materials: &Materials<'_>,
    now: Timestamp,
) -> Result<VerifiedCredential, Error> {
    if is_of_type(document, "EnvelopedVerifiableCredential") {
        return verify_enveloped(document, policy, materials, now);
    }
    let credential = Credential::parse(document)?;
    trusted(&credential, document, policy)?;
    let expected = ProofExpectation {
        binding: policy.binding,
        documents: materials.documents,
        future_tolerance: Some(policy.clock_skew),
        ..ProofExpectation::credential(now)
    };
    let proofs =
        data_integrity::verify_all(document, &policy.suites, &expected, materials.contexts)?;
    // Suites that sign JSON sign terms without meaning, too; the others have looked at them.
    if proofs.iter().any(|proof| proof.suite.signs_json()) {
        credential.check_terms(document, materials.contexts)?;
    }
    let signers = proofs.into_iter().map(Signer::from).collect();
    current(
        &credential,
        Cow::Borrowed(document),
        signers,
        policy,
        materials,
        now,
    )
}

fn verify_enveloped(
    envelope: &Value,
    policy: &CredentialPolicy,
    materials: &Materials<'_>,
    now: Timestamp,
) -> Result<VerifiedCredential, Error> {
    let expected = Expectation {
        times: Times::At {
            now,
            clock_skew: policy.clock_skew,
        },
        accept_wrapped: policy.accept_version_1,
        ..Expectation::credential(&policy.algorithms, now)
    };
    let keys =
        |reference: &vc_jose_cose::KeyReference<'_>| materials.key(reference, policy.binding);
    let verified = vc_jose_cose::verify_envelope(envelope, &expected, &keys)?;
    let signer = Signer::from(verified.key().clone());
    let document = verified.into_document();
    let credential = Credential::parse(&document)?;
    trusted(&credential, &document, policy)?;
    credential.check_terms(&document, materials.contexts)?;
    let signers = [signer].to_vec();
    current(
        &credential,
        Cow::Owned(document.clone()),
        signers,
        policy,
        materials,
        now,
    )
}

/// The issuer, the version and the contexts must be ones that the policy accepts.
fn trusted(
    credential: &Credential<'_>,
    document: &Value,
    policy: &CredentialPolicy,
) -> Result<(), Error> {
    if credential.version() == Version::V1 && !policy.accept_version_1 {
        return Err(Error::UnsupportedFormat {
            what: "version 1.1 of the data model",
        });
    }
    let listed = |issuers: &Vec<String>| issuers.iter().any(|one| one == credential.issuer());
    match &policy.issuers {
        Some(issuers) if !listed(issuers) => Err(Error::IssuerUntrusted {
            why: "not among those that the policy trusts",
        }),
        _ => Ok(()),
    }?;
    match &policy.contexts {
        Some(accepted) if !is_in_one_of(accepted, document) => Err(Error::UnknownContext),
        _ => Ok(()),
    }
}

/// Data Integrity §4.6 step 3: one of these contexts, and none inside. What a proof says of itself is no claim.
fn is_in_one_of(accepted: &[Value], document: &Value) -> bool {
    fn names_none(value: &Value) -> bool {
        match value {
            Value::Object(members) => {
                !members.contains_key("@context") && members.values().all(names_none)
            }
            Value::Array(elements) => elements.iter().all(names_none),
            _ => true,
        }
    }
    let members = document.as_object().into_iter().flatten();
    let mut claims = members.filter(|(name, _)| !matches!(name.as_str(), "@context" | "proof"));
    document
        .get("@context")
        .is_some_and(|said| accepted.contains(said))
        && claims.all(|(_, value)| names_none(value))
}

/// The steps that follow the proof, whatever kind of proof it was.
fn current(
    credential: &Credential<'_>,
    document: Cow<'_, Value>,
    signers: Vec<Signer>,
    policy: &CredentialPolicy,
    materials: &Materials<'_>,
    now: Timestamp,
) -> Result<VerifiedCredential, Error> {
    credential.check_validity(now)?;
    let resources = credential.check_resources(materials.resources)?;
    let schemas = materials
        .schemas
        .check(credential, &document, policy.require_schemas)?;
    let status = match policy.status {
        None => Statuses::Unchecked,
        Some(stale) => status::check(credential, policy, materials.lists, (stale, now))?,
    };
    Ok(VerifiedCredential {
        issuer: credential.issuer().to_owned(),
        document: document.into_owned(),
        signers,
        status,
        resources,
        schemas,
    })
}

/// Whether `type` is or holds this name.
fn is_of_type(document: &Value, name: &str) -> bool {
    match document.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one == name),
        Some(one) => one == name,
        None => false,
    }
}

impl From<VerifiedProof> for Signer {
    fn from(proof: VerifiedProof) -> Self {
        Self {
            controller: Some(proof.controller),
            key: proof.key,
        }
    }
}

impl From<SigningKey> for Signer {
    fn from(key: SigningKey) -> Self {
        Self {
            controller: key.controller,
            key: key.key,
        }
    }
}

impl Materials<'_> {
    /// The key of an envelope; not bound to whom the document names where the policy says so.
    fn key(
        &self,
        reference: &vc_jose_cose::KeyReference<'_>,
        binding: Binding,
    ) -> Result<SigningKey, Error> {
        let mut key = (self.keys)(reference)?;
        if binding == Binding::Unbound {
            key.controller = None;
        }
        Ok(key)
    }
}

//! Presentations: who shows them, to whom, and each credential in them.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::{
    Materials, PresentationPolicy, Signer, VerifiedCredential, current, is_of_type, trusted, verify,
};
use crate::data_integrity::{self, Binding, ProofExpectation};
use crate::error::Error;
use crate::time::Timestamp;
use crate::vc_jose_cose::{self, Expectation, Inner, Times};
use crate::vcdm::{Presentation, Presented};

/// A presentation that is what it says: only [`verify_presentation`] makes one. Personal data: no `Debug`.
#[derive(Clone)]
#[must_use]
pub struct VerifiedPresentation {
    document: Value,
    holder: Option<String>,
    signers: Vec<Signer>,
    credentials: Vec<VerifiedCredential>,
}

impl VerifiedPresentation {
    /// The presentation: for an enveloped one what was in the envelope.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The URL of the holder, who signed, where the presentation names one.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// The keys that signed; none where the policy accepted it without a proof.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// The credentials, in order; there may be none. That the holder is their subject is for the caller to ask.
    pub fn credentials(&self) -> &[VerifiedCredential] {
        &self.credentials
    }
}

/// Verifies a presentation with an embedded proof, or an `EnvelopedVerifiablePresentation`, and each credential in it.
///
/// # Errors
/// `holder_binding_missing` without a proof where one is needed, `nonce_mismatch`, `audience_mismatch`,
/// `holder_binding_invalid` when another than the holder signed; and those of [`verify`].
pub fn verify_presentation(
    document: &Value,
    policy: &PresentationPolicy,
    materials: &Materials<'_>,
    now: Timestamp,
) -> Result<VerifiedPresentation, Error> {
    if is_of_type(document, "EnvelopedVerifiablePresentation") {
        return verify_enveloped(document, policy, materials, now);
    }
    let presentation = Presentation::parse(document)?;
    let signers = if presentation.proofs().next().is_some() {
        let mut expected = ProofExpectation::presentation(now, "", "");
        (expected.challenge, expected.domain) =
            (policy.challenge.as_deref(), policy.domain.as_deref());
        // A presentation need not name its holder (§4.13); one that does must be signed by it.
        if presentation.holder().is_none() {
            expected.binding = Binding::Unbound;
        }
        expected.documents = materials.documents;
        expected.future_tolerance = Some(policy.credential.clock_skew);
        let suites = &policy.credential.suites;
        let proofs = data_integrity::verify_all(document, suites, &expected, materials.contexts)?;
        if proofs.iter().any(|proof| proof.suite.signs_json()) {
            presentation.check_terms(document, materials.contexts)?;
        }
        proofs.into_iter().map(Signer::from).collect()
    } else if policy.accept_unsecured && policy.challenge.is_none() && policy.domain.is_none() {
        presentation.check_terms(document, materials.contexts)?;
        Vec::new()
    } else {
        return Err(Error::HolderBindingMissing);
    };
    finish(
        &presentation,
        Cow::Borrowed(document),
        signers,
        policy,
        (materials, now),
    )
}

fn verify_enveloped(
    envelope: &Value,
    policy: &PresentationPolicy,
    materials: &Materials<'_>,
    now: Timestamp,
) -> Result<VerifiedPresentation, Error> {
    let expected = Expectation {
        times: Times::At {
            now,
            clock_skew: policy.credential.clock_skew,
        },
        // Each is verified below, with all that concerns credentials.
        inner: Inner::Shape,
        accept_wrapped: policy.credential.accept_version_1,
        ..Expectation::presentation(&policy.credential.algorithms, now)
    };
    let keys =
        |reference: &vc_jose_cose::KeyReference<'_>| materials.key(reference, Binding::Holder);
    let verified = vc_jose_cose::verify_envelope(envelope, &expected, &keys)?;
    let claims = verified.claims();
    if let Some(challenge) = &policy.challenge
        && claims.get("nonce").and_then(Value::as_str) != Some(challenge)
    {
        return Err(Error::NonceMismatch);
    }
    if let Some(domain) = &policy.domain {
        let meant = match claims.get("aud") {
            Some(Value::Array(audience)) => audience.iter().any(|one| one == domain),
            Some(one) => one == domain,
            None => false,
        };
        if !meant {
            return Err(Error::AudienceMismatch);
        }
    }
    let signers = [Signer::from(verified.key().clone())].to_vec();
    let document = verified.into_document();
    let presentation = Presentation::parse(&document)?;
    presentation.check_terms(&document, materials.contexts)?;
    finish(
        &presentation,
        Cow::Owned(document.clone()),
        signers,
        policy,
        (materials, now),
    )
}

/// Each credential, and the outcome.
fn finish(
    presentation: &Presentation<'_>,
    document: Cow<'_, Value>,
    signers: Vec<Signer>,
    policy: &PresentationPolicy,
    (materials, now): (&Materials<'_>, Timestamp),
) -> Result<VerifiedPresentation, Error> {
    let mut credentials = Vec::with_capacity(presentation.credentials().len());
    for presented in presentation.credentials() {
        credentials.push(match presented {
            Presented::Enveloped { document, .. } => {
                verify(document, &policy.credential, materials, now)?
            }
            Presented::Credential {
                document,
                credential,
            } if credential.proofs().next().is_none() => {
                // The holder's own word, for which the presentation's proof stands (§4.13.3): without one it is nobody's.
                if signers.is_empty() {
                    return Err(Error::HolderBindingMissing);
                }
                trusted(credential, document, &policy.credential)?;
                let document = Cow::Borrowed(*document);
                let signers = signers.clone();
                current(
                    credential,
                    document,
                    signers,
                    &policy.credential,
                    materials,
                    now,
                )?
            }
            Presented::Credential { document, .. } => {
                verify(document, &policy.credential, materials, now)?
            }
        });
    }
    Ok(VerifiedPresentation {
        holder: presentation.holder().map(str::to_owned),
        document: document.into_owned(),
        signers,
        credentials,
    })
}

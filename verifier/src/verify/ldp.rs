//! Proving a W3C credential with a derived Data Integrity proof, inside a presentation secured by its holder.

use alloc::vec::Vec;
use serde_json::Value;

use super::shape::no_keywords;
use super::stage::{At as _, Refusal, Stage};
use super::steps::{Check, Proven};
use crate::claims::{CREDENTIALS_V2, CredentialProfile, Format};
use crate::error::Error;
use crate::proofs;
use crate::sd_jwt::fresh;
use crate::status::{Purpose, StatusClaim, StatusEntry};
use crate::time::Timestamp;

/// What every derived credential of ours shows besides the subject.
const ENVELOPE: &[&str] = &[
    "@context",
    "type",
    "issuer",
    "validFrom",
    "validUntil",
    "credentialStatus",
    "proof",
];
/// What a presentation may hold: nothing that would tell more than was asked.
const PRESENTATION: &[&str] = &[
    "@context",
    "type",
    "holder",
    "verifiableCredential",
    "proof",
];

pub(super) fn prove<'a>(check: &Check<'a>, presented: &Value) -> Result<Proven<'a>, Refusal> {
    let credential = credential(presented)?;
    contexts(credential).at(Stage::Format)?;
    let members = credential.as_object().into_iter().flatten();
    for (_, member) in members.filter(|(name, _)| *name != "@context") {
        no_keywords(member).at(Stage::Disclosure)?;
    }
    let issuer = credential
        .get("issuer")
        .and_then(Value::as_str)
        .ok_or(Error::malformed("issuer"))
        .at(Stage::Issuer)?;
    let signer = check.bundle.listed_signer(issuer).at(Stage::Issuer)?;
    let known = check.bundle.contexts();
    let proof = proofs::credential(credential, &check.policy.suites, check.now, known)
        .at_credential(Stage::Proof)?;
    if proof.controller != issuer {
        return Err(Error::IssuerKeyMismatch).at(Stage::Issuer);
    }
    // OpenID4VP 1.0 defines no confirmation of transactions here (appendix B.1).
    let holder = holder(check, presented, credential).map(|()| Vec::new());
    let types = credential
        .get("type")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let profile = CredentialProfile::by_types(types.iter().filter_map(Value::as_str))
        .ok_or(Error::WrongCredentialType)
        .at(Stage::Format)?;
    let valid_from = time(credential, "validFrom").at(Stage::Validity)?;
    Ok(Proven {
        signer,
        profile,
        format: Format::LdpVc,
        envelope: ENVELOPE,
        valid_from,
        valid_until: time(credential, "validUntil").at(Stage::Validity)?,
        issued_at: valid_from,
        status: Some(status(credential).at(Stage::Status)?),
        holder,
        root: credential.clone(),
    })
}

/// The type decides what the names mean: only our own two contexts, in order, so that none can be redefined.
fn contexts(credential: &Value) -> Result<(), Error> {
    let expected = CredentialProfile::contexts();
    let ours = credential
        .get("@context")
        .and_then(Value::as_array)
        .is_some_and(|context| {
            context.len() == expected.len() && context.iter().zip(expected).all(|(a, b)| a == b)
        });
    if ours {
        Ok(())
    } else {
        Err(Error::WrongCredentialType)
    }
}

fn time(credential: &Value, name: &str) -> Result<Timestamp, Error> {
    let text = credential
        .get(name)
        .and_then(Value::as_str)
        .ok_or(Error::malformed("validity of the credential"))?;
    Timestamp::parse_rfc3339(text)
}

/// Our credentials always state their status, in one spelling. Another spelling of the same statements must not make it
/// unknown, which a policy may let pass.
fn status(credential: &Value) -> Result<StatusClaim, Error> {
    let entry = credential.get("credentialStatus");
    let plain = entry
        .and_then(Value::as_object)
        .is_some_and(|members| members.len() == 4 && members.values().all(Value::is_string));
    entry
        .filter(|_| plain)
        .and_then(|entry| StatusEntry::parse(entry).ok())
        .filter(|entry| entry.purpose == Purpose::Revocation)
        .map(|entry| StatusClaim {
            uri: entry.list,
            index: entry.index,
        })
        .ok_or(Error::malformed("status of the credential"))
}

/// The one credential of a presentation that holds nothing else.
fn credential(presented: &Value) -> Result<&Value, Refusal> {
    let members = presented
        .as_object()
        .ok_or(Error::UnsupportedFormat {
            what: "a presentation is an object",
        })
        .at(Stage::Format)?;
    let types = members.get("type");
    let named = types.is_some_and(|types| {
        types == "VerifiablePresentation"
            || types
                .as_array()
                .is_some_and(|t| t.len() == 1 && t.iter().all(|t| t == "VerifiablePresentation"))
    });
    let context = members
        .get("@context")
        .and_then(Value::as_array)
        .is_some_and(|c| c.iter().eq([CREDENTIALS_V2]));
    if !named || !context {
        return Err(Error::malformed("verifiable presentation")).at(Stage::Parse);
    }
    if let Some(name) = members
        .keys()
        .find(|name| !PRESENTATION.contains(&name.as_str()))
    {
        let beyond = name
            .chars()
            .filter(|c| c.is_ascii_graphic())
            .take(40)
            .collect();
        return Err(Error::OverDisclosure { beyond }).at(Stage::Asked);
    }
    let credential = match members.get("verifiableCredential") {
        Some(Value::Array(credentials)) => match credentials.as_slice() {
            [credential] => Some(credential),
            _ => None,
        },
        one => one,
    };
    credential
        .filter(|credential| credential.is_object())
        .ok_or(Error::malformed(
            "one credential is needed in a presentation",
        ))
        .at(Stage::Parse)
}

/// The presentation's proof: by the credential's subject, for this verifier and this request, and fresh.
fn holder(check: &Check<'_>, presented: &Value, credential: &Value) -> Result<(), Error> {
    if presented.get("proof").is_none() {
        return Err(Error::HolderBindingMissing);
    }
    let subject = credential
        .get("credentialSubject")
        .and_then(|subject| subject.get("id"))
        .and_then(Value::as_str);
    let subject = subject.ok_or(Error::HolderBindingMissing)?;
    let request = check.request;
    let proof = proofs::presentation(
        presented,
        request.audience(),
        request.nonce(),
        check.now,
        check.bundle.contexts(),
    )?;
    if proof.controller != subject {
        return Err(Error::HolderBindingInvalid {
            why: "made by another key than the credential's",
        });
    }
    if presented
        .get("holder")
        .is_some_and(|holder| holder != subject)
    {
        return Err(Error::HolderBindingInvalid {
            why: "the holder named is another",
        });
    }
    let created = proof
        .created
        .ok_or(Error::HolderBindingInvalid { why: "no time" })?;
    fresh(
        created,
        check.now,
        check.policy.max_presentation_age,
        check.policy.clock_skew,
    )
}

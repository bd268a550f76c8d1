//! Proving an SD-JWT VC with key binding.

use serde_json::Value;

use super::steps::{Check, Proven};
use crate::claims::{CredentialProfile, Format};
use crate::did;
use crate::error::Error;
use crate::sd_jwt::{self, KeyBindingExpectation, TYP, TYP_OLD};
use crate::status::StatusReference;
use crate::time::Timestamp;

/// What every SD-JWT VC of ours shows (SD-JWT VC §3.2.2.2).
const ENVELOPE: &[&str] = &["iss", "vct", "iat", "nbf", "exp", "cnf", "status"];

pub(super) fn prove(check: &Check<'_>, presented: &Value) -> Result<Proven, Error> {
    let text = presented.as_str().ok_or(Error::UnsupportedFormat {
        what: "an SD-JWT is a string",
    })?;
    let sd_jwt = sd_jwt::parse(text)?;
    if sd_jwt.key_binding().is_none() {
        return Err(Error::HolderBindingMissing);
    }
    let kid = sd_jwt
        .jws()
        .header()
        .kid
        .as_deref()
        .ok_or(Error::malformed("credential without kid"))?;
    let (issuer, key) = did::resolve_method(kid)?;
    // The key belongs to its DID by construction; the credential must name that DID and no other.
    if sd_jwt
        .jws()
        .payload_unverified()
        .get("iss")
        .and_then(Value::as_str)
        != Some(&issuer)
    {
        return Err(Error::IssuerKeyMismatch);
    }
    check.listed(&issuer)?;
    let typs: &[&str] = if check.policy.accept_vc_sd_jwt {
        &[TYP, TYP_OLD]
    } else {
        &[TYP]
    };
    let verified = sd_jwt.verify_issuer(&key, typs)?;
    // The envelope is never disclosable (SD-JWT VC §3.2.2.2): a disclosure of these names is refused.
    let hidden = |path: &crate::dcql::ClaimPath| {
        ENVELOPE
            .iter()
            .any(|name| crate::dcql::ClaimPath::keys(&[name]).covers(path))
    };
    if verified.disclosed().iter().any(hidden) {
        return Err(Error::DisclosureInvalid {
            why: "a claim that must always be visible",
        });
    }
    let holder = verified.verify_key_binding(&KeyBindingExpectation {
        aud: check.request.client_id(),
        nonce: check.request.nonce(),
        now: check.now,
        max_age: check.policy.max_presentation_age,
        clock_skew: check.policy.clock_skew,
    });
    let payload = verified.payload();
    let profile = payload
        .get("vct")
        .and_then(Value::as_str)
        .and_then(CredentialProfile::by_vct)
        .ok_or(Error::WrongCredentialType)?;
    // A time that cannot be read is refused, not passed over.
    let time = |name: &str| {
        payload
            .get(name)
            .map(|value| {
                let seconds = value.as_i64();
                seconds.ok_or(Error::malformed("validity of the credential"))
            })
            .transpose()
            .map(|seconds| seconds.map(Timestamp::from_unix))
    };
    let issued_at = time("iat")?.ok_or(Error::malformed("credential without iat"))?;
    Ok(Proven {
        issuer,
        profile,
        format: Format::SdJwt,
        envelope: ENVELOPE,
        valid_from: time("nbf")?.unwrap_or(issued_at),
        valid_until: time("exp")?.ok_or(Error::malformed("credential without exp"))?,
        issued_at,
        status: payload.get("status").and_then(StatusReference::from_claim),
        holder,
        root: verified.into_payload(),
    })
}

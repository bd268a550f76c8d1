//! Proving an SD-JWT VC with key binding.

use serde_json::Value;

use super::stage::{At as _, Refusal, Stage};
use super::steps::{Check, Proven};
use crate::claims::{CredentialProfile, Format};
use crate::dcql::{ClaimPath, PathElement};
use crate::error::Error;
use crate::sd_jwt::{self, KeyBindingExpectation, TYP, TYP_OLD};
use crate::status::StatusClaim;
use crate::time::Timestamp;

/// What every SD-JWT VC of ours shows (SD-JWT VC §3.2.2.2).
const ENVELOPE: &[&str] = &[
    "iss",
    "vct",
    "vct#integrity",
    "iat",
    "nbf",
    "exp",
    "cnf",
    "status",
];

pub(super) fn prove<'a>(check: &Check<'a>, presented: &Value) -> Result<Proven<'a>, Refusal> {
    let text = presented
        .as_str()
        .ok_or(Error::UnsupportedFormat {
            what: "an SD-JWT is a string",
        })
        .at(Stage::Format)?;
    let sd_jwt = sd_jwt::parse(text).at_credential(Stage::Parse)?;
    if sd_jwt.key_binding().is_none() {
        return Err(Error::HolderBindingMissing).at(Stage::Holder);
    }
    let signer = check.bundle.signer(&sd_jwt, check.now).at(Stage::Issuer)?;
    let typs: &[&str] = if check.policy.accept_vc_sd_jwt {
        &[TYP, TYP_OLD]
    } else {
        &[TYP]
    };
    let verified = sd_jwt
        .verify_issuer(signer.key(), typs)
        .at_credential(Stage::Proof)?;
    // The envelope is never disclosable (SD-JWT VC §3.2.2.2): a disclosure of these names is refused.
    let hidden = |path: &ClaimPath| matches!(path.elements().first(), Some(PathElement::Key(name)) if ENVELOPE.contains(&name.as_str()));
    if verified.disclosed().iter().any(hidden) {
        return Err(Error::DisclosureInvalid {
            why: "a claim that must always be visible",
        })
        .at(Stage::Disclosure);
    }
    if let Some(metadata) = check
        .bundle
        .type_of(verified.payload())
        .at(Stage::Disclosure)?
    {
        metadata.check(&verified, false).at(Stage::Disclosure)?;
    }
    let holder = verified.verify_transactions(&KeyBindingExpectation {
        aud: check.request.audience(),
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
        .ok_or(Error::WrongCredentialType)
        .at(Stage::Format)?;
    let window = Window::read(payload).at(Stage::Validity)?;
    Ok(Proven {
        signer,
        profile,
        format: Format::SdJwt,
        envelope: ENVELOPE,
        valid_from: window.from,
        valid_until: window.until,
        issued_at: window.issued_at,
        status: payload.get("status").and_then(StatusClaim::from_json),
        holder,
        root: verified.into_payload(),
    })
}

/// `iat`, `nbf` and `exp`.
struct Window {
    issued_at: Timestamp,
    from: Timestamp,
    until: Timestamp,
}

impl Window {
    fn read(payload: &Value) -> Result<Self, Error> {
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
        Ok(Self {
            issued_at,
            from: time("nbf")?.unwrap_or(issued_at),
            until: time("exp")?.ok_or(Error::malformed("credential without exp"))?,
        })
    }
}

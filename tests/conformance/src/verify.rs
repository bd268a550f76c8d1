//! `POST /{suite}/credentials/verify` and `POST /{suite}/presentations/verify`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use serde_json::{Map, Value, json};
use tessera_verifier::Error;
use tessera_verifier::data_integrity::{Binding, ProofExpectation, ProofPurpose, Suite};
use tessera_verifier::vcdm::{Credential, Presentation, Presented};

use crate::answer::{Refusal, object, options, required, text, texts};
use crate::engine;
use crate::state::State;
use crate::table::{Row, row};

/// Verifies a credential: 200 when it holds.
///
/// # Errors
/// 404 for a suite that is not in the table, 400 for whatever does not hold.
pub async fn credential(
    Shared(state): Shared<Arc<State>>,
    Path(suite): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let row = row(&suite).ok_or_else(Refusal::not_found)?;
    let request = object(&body)?;
    let document = required(&request, "verifiableCredential")?;
    check_credential(&state, row, document, &options(&request)?)?;
    Ok(verified())
}

fn check_credential(
    state: &State,
    row: &'static Row,
    document: &Value,
    options: &Map<String, Value>,
) -> Result<(), Refusal> {
    let now = state.clock.now();
    // The suites that sign bytes would verify terms without meaning: here every term must have one.
    let credential = Credential::issuable(document, &state.contexts)?;
    let mut expected = ProofExpectation::credential(now);
    expected.binding = row.binding;
    expected.challenge = text(options, "challenge")?;
    expected.domain = text(options, "domain")?;
    expected.purpose = purpose(options, expected.purpose)?;
    let allowed = [row.mechanism.cryptosuite()];
    engine::verify(document, &allowed, &expected, &state.contexts)?;
    credential.check_validity(now)?;
    credential.check_resources(&state.resources)?;
    let status = texts(options, "checks")?
        .iter()
        .any(|check| check == "credentialStatus" || check == "status");
    if row.status || status {
        state.lists.check(document)?;
    }
    Ok(())
}

/// The purpose that the caller expects (Data Integrity §4.4).
fn purpose(options: &Map<String, Value>, default: ProofPurpose) -> Result<ProofPurpose, Refusal> {
    match text(options, "expectedProofPurpose")? {
        None => Ok(default),
        Some(name) => Ok(ProofPurpose::from_name(name).ok_or(Error::ProofPurposeMismatch)?),
    }
}

/// Verifies a presentation and the credentials in it: 200 when all hold.
///
/// # Errors
/// 404 for a suite that is not in the table, 400 for whatever does not hold.
pub async fn presentation(
    Shared(state): Shared<Arc<State>>,
    Path(suite): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let row = row(&suite).ok_or_else(Refusal::not_found)?;
    let request = object(&body)?;
    let document = required(&request, "verifiablePresentation")?;
    check_presentation(&state, row, document, &options(&request)?)?;
    Ok(verified())
}

/// The suites of presentations' own proofs.
const PRESENTATION_SUITES: &[Suite] = &[
    Suite::EddsaRdfc2022,
    Suite::EcdsaRdfc2019,
    Suite::EddsaJcs2022,
    Suite::EcdsaJcs2019,
    Suite::Ed25519Signature2020,
];

fn check_presentation(
    state: &State,
    row: &'static Row,
    document: &Value,
    options: &Map<String, Value>,
) -> Result<(), Refusal> {
    let presentation = Presentation::parse(document)?;
    let secured = presentation.proofs().next().is_some();
    let challenge = text(options, "challenge")?;
    if secured {
        let expected = ProofExpectation {
            purpose: purpose(options, ProofPurpose::Authentication)?,
            // A presentation need not name its holder (VCDM 2.0 §4.13); one that does must be signed by it.
            binding: match presentation.holder() {
                Some(_) => Binding::Holder,
                None => Binding::Unbound,
            },
            challenge,
            domain: text(options, "domain")?,
            ..ProofExpectation::credential(state.clock.now())
        };
        engine::verify(document, PRESENTATION_SUITES, &expected, &state.contexts)?;
    } else if challenge.is_some() {
        return Err(Error::HolderBindingMissing.into());
    }
    for presented in presentation.credentials() {
        match presented {
            Presented::Credential {
                document,
                credential,
            } => {
                // Without a proof of its own it is the holder's word, for which the presentation's proof stands.
                if credential.proofs().next().is_some() || !secured {
                    check_credential(state, row, document, &Map::new())?;
                }
            }
            _ => return Err(Error::UnsupportedFormat { what: "envelope" }.into()),
        }
    }
    Ok(())
}

/// VC-API 1.0 answers with `verified` and problems; the suites of the years before look for the other members.
fn verified() -> Json<Value> {
    Json(json!({
        "verified": true,
        "checks": ["proof"],
        "warnings": [],
        "errors": [],
        "problemDetails": [],
    }))
}

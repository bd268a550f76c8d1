//! `POST /{suite}/credentials/verify` and `POST /{suite}/presentations/verify`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use serde_json::{Map, Value, json};
use tessera_verifier::Error;
use tessera_verifier::data_integrity::{Binding, ProofExpectation, ProofPurpose, Suite};

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
    let mut expected = ProofExpectation::credential(state.clock.now());
    expected.binding = row.binding;
    expected.challenge = text(options, "challenge")?;
    expected.domain = text(options, "domain")?;
    expected.purpose = purpose(options, expected.purpose)?;
    let allowed = [row.mechanism.cryptosuite()];
    engine::verify(document, &allowed, &expected, &state.contexts)?;
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
        Some("assertionMethod") => Ok(ProofPurpose::AssertionMethod),
        Some("authentication") => Ok(ProofPurpose::Authentication),
        Some(_) => Err(Error::ProofPurposeMismatch.into()),
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
const PRESENTATION_SUITES: &[Suite] = &[Suite::EcdsaRdfc2019];

fn check_presentation(
    state: &State,
    row: &'static Row,
    document: &Value,
    options: &Map<String, Value>,
) -> Result<(), Refusal> {
    if document.get("proof").is_some() {
        let expected = ProofExpectation {
            purpose: purpose(options, ProofPurpose::Authentication)?,
            // A presentation need not name its holder (VCDM 2.0 §4.13); one that does must be signed by it.
            binding: match document.get("holder") {
                Some(_) => Binding::Holder,
                None => Binding::Unbound,
            },
            challenge: text(options, "challenge")?,
            domain: text(options, "domain")?,
            ..ProofExpectation::credential(state.clock.now())
        };
        engine::verify(document, PRESENTATION_SUITES, &expected, &state.contexts)?;
    }
    let credentials = match document.get("verifiableCredential") {
        None => &[][..],
        Some(Value::Array(credentials)) => credentials,
        Some(one) => std::slice::from_ref(one),
    };
    for credential in credentials {
        check_credential(state, row, credential, &Map::new())?;
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

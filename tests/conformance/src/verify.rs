//! `POST /{suite}/credentials/verify` and `POST /{suite}/presentations/verify`; without the suite, in any of them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use serde_json::{Map, Value, json};
use tessera_verifier::Error;
use tessera_verifier::credential::{self, CredentialPolicy, Materials, PresentationPolicy};
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofPurpose, Suite, verify_all,
};
use tessera_verifier::policy::StaleStatus;
use tessera_verifier::vcdm::Credential;

use crate::answer::{Refusal, object, options, required, text, texts};
use crate::state::State;
use crate::table::{Mechanism, Row, row};

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
    check_credential(&state, Some(row), &body)
}

/// Verifies a credential of any suite, bound to its issuer: 200 when it holds.
///
/// # Errors
/// 400 for whatever does not hold.
pub async fn any_credential(
    Shared(state): Shared<Arc<State>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    check_credential(&state, None, &body)
}

fn check_credential(
    state: &State,
    row: Option<&'static Row>,
    body: &Bytes,
) -> Result<Json<Value>, Refusal> {
    let request = object(body)?;
    let document = required(&request, "verifiableCredential")?;
    let options = options(&request)?;
    let of_the_proof = ["challenge", "domain", "expectedProofPurpose"];
    if of_the_proof.iter().any(|name| options.contains_key(*name)) {
        check_proof(state, row, document, &options)?;
        return Ok(verified());
    }
    let policy = policy(state, row, &options)?;
    let now = state.clock.now();
    let _ = credential::verify(document, &policy, &materials(state), now)?;
    Ok(verified())
}

/// What the row accepts: credentials in its own suite only. Without a row, those of every suite.
fn policy(
    state: &State,
    row: Option<&'static Row>,
    options: &Map<String, Value>,
) -> Result<CredentialPolicy, Refusal> {
    let asked = texts(options, "checks")?;
    let asked = asked
        .iter()
        .any(|check| check == "credentialStatus" || check == "status");
    let any = CredentialPolicy::new();
    Ok(CredentialPolicy {
        suites: suites(row),
        algorithms: match row.map(|row| row.mechanism) {
            None | Some(Mechanism::Enveloped(_)) => any.algorithms.clone(),
            _ => Vec::new(),
        },
        binding: binding(row),
        status: (asked || row.is_some_and(|row| !row.status.is_empty()))
            .then_some(StaleStatus::Refuse),
        status_issuers: vec![state.lists.issuer().to_owned()],
        ..any
    })
}

fn suites(row: Option<&'static Row>) -> Vec<Suite> {
    row.map_or_else(|| Suite::ALL.to_vec(), |row| row.mechanism.cryptosuites())
}

fn binding(row: Option<&'static Row>) -> Binding {
    row.map_or(Binding::Issuer, |row| row.binding)
}

fn materials(state: &State) -> Materials<'_> {
    Materials {
        lists: state.lists.at_hand(),
        resources: &state.resources,
        ..Materials::new(&state.contexts)
    }
}

/// Verifies a credential whose proof must say more than that of a credential has to: suites ask for a challenge, a domain
/// and other purposes (Data Integrity §4.4), which credentials in use have no need of.
fn check_proof(
    state: &State,
    row: Option<&'static Row>,
    document: &Value,
    options: &Map<String, Value>,
) -> Result<(), Refusal> {
    let now = state.clock.now();
    let credential = Credential::issuable(document, &state.contexts)?;
    let mut expected = ProofExpectation::credential(now);
    expected.binding = binding(row);
    expected.challenge = text(options, "challenge")?;
    expected.domain = text(options, "domain")?;
    if let Some(name) = text(options, "expectedProofPurpose")? {
        expected.purpose = ProofPurpose::from_name(name).ok_or(Error::ProofPurposeMismatch)?;
    }
    verify_all(document, &suites(row), &expected, &state.contexts)?;
    credential.check_validity(now)?;
    credential.check_resources(&state.resources)?;
    Ok(())
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
    check_presentation(&state, Some(row), &body)
}

/// Verifies a presentation and the credentials of any suite in it: 200 when all hold.
///
/// # Errors
/// 400 for whatever does not hold.
pub async fn any_presentation(
    Shared(state): Shared<Arc<State>>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    check_presentation(&state, None, &body)
}

fn check_presentation(
    state: &State,
    row: Option<&'static Row>,
    body: &Bytes,
) -> Result<Json<Value>, Refusal> {
    let request = object(body)?;
    let document = required(&request, "verifiablePresentation")?;
    let options = options(&request)?;
    let mut credential = policy(state, row, &options)?;
    // Presentations are signed by holders, who need not have keys of the issuer's kind.
    credential.suites = Suite::ALL.to_vec();
    credential.algorithms = CredentialPolicy::new().algorithms;
    let policy = PresentationPolicy {
        credential,
        challenge: text(&options, "challenge")?.map(str::to_owned),
        domain: text(&options, "domain")?.map(str::to_owned),
        accept_unsecured: true,
    };
    let now = state.clock.now();
    let _ = credential::verify_presentation(document, &policy, &materials(state), now)?;
    Ok(verified())
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

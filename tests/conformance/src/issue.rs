//! `POST /{suite}/credentials/issue` and `POST /{suite}/credentials/derive`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tessera_verifier::Error;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose};
use tessera_verifier::vcdm::Credential;

use crate::answer::{Refusal, object, options, required, text, texts};
use crate::engine;
use crate::state::State;
use crate::status::check_form as check_status;
use crate::table::{Row, row};

/// Secures a credential in the name of the row's key: 201 with the result.
///
/// # Errors
/// 404 for a suite that is not in the table, 400 for a credential that is not fit to be signed.
pub async fn issue(
    Shared(state): Shared<Arc<State>>,
    Path(suite): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let row = row(&suite).ok_or_else(Refusal::not_found)?;
    let request = object(&body)?;
    let options = options(&request)?;
    let secured = secure(&state, row, required(&request, "credential")?, &options)?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"verifiableCredential": secured})),
    ))
}

fn secure(
    state: &State,
    row: &'static Row,
    credential: &Value,
    options: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let key = state.key(row).ok_or_else(Refusal::internal)?;
    let now = state.clock.now();
    let mut members = credential
        .as_object()
        .cloned()
        .ok_or_else(|| Refusal::bad_request("`credential` must be an object"))?;
    let did = key.did();
    members
        .entry("issuer")
        .or_insert_with(|| Value::from(did.as_str()));
    check(&Value::Object(members.clone()), state)?;
    name_issuer(&mut members, &did)?;
    if !row.status.is_empty() && !members.contains_key("credentialStatus") {
        let entries = state.lists.entries(row.status)?;
        members.insert("credentialStatus".to_owned(), entries);
    }
    let document = Value::Object(members);
    let mut proof = ProofOptions::new(key.verification_method(), ProofPurpose::AssertionMethod);
    proof.created = Some(now);
    proof.challenge = text(options, "challenge")?.map(str::to_owned);
    proof.domain = text(options, "domain")?.map(str::to_owned);
    let mandatory = texts(options, "mandatoryPointers")?;
    engine::secure(
        row.mechanism,
        &document,
        &proof,
        &mandatory,
        key,
        &state.contexts,
    )
}

/// What must be true of a credential before it is signed (VCDM 2.0 §4, §5).
fn check(document: &Value, state: &State) -> Result<(), Refusal> {
    let credential = Credential::issuable(document, &state.contexts)?;
    credential.check_resources(&state.resources)?;
    check_status(&credential)?;
    Ok(())
}

/// An issuer signs in its own name: a well-formed issuer is replaced by the key's DID.
fn name_issuer(members: &mut Map<String, Value>, did: &str) -> Result<(), Refusal> {
    match members.get_mut("issuer") {
        Some(Value::Object(issuer)) => {
            issuer.insert("id".to_owned(), Value::from(did));
        }
        Some(issuer @ Value::String(_)) => *issuer = Value::from(did),
        _ => return Err(Error::malformed("issuer").into()),
    }
    Ok(())
}

/// Derives from a base proof: 201 with the derived credential.
///
/// # Errors
/// 400 for other proofs, pointers that point at nothing, or an empty selection.
pub async fn derive(
    Shared(state): Shared<Arc<State>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let request = object(&body)?;
    let options = options(&request)?;
    let document = required(&request, "verifiableCredential")?;
    let pointers = texts(&options, "selectivePointers")?;
    let derived = engine::derive(document, &pointers, &state.contexts)?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"verifiableCredential": derived})),
    ))
}

//! `POST /{suite}/credentials/issue` and `POST /{suite}/credentials/derive`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tessera_verifier::Error;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose};

use crate::answer::{Refusal, object, options, required, text, texts};
use crate::engine;
use crate::state::State;
use crate::table::{Row, row};

const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
const DATA_INTEGRITY_V2: &str = "https://w3id.org/security/data-integrity/v2";

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
    name_issuer(&mut members, &key.did())?;
    add_suite_context(&mut members);
    if row.status && !members.contains_key("credentialStatus") {
        members.insert("credentialStatus".to_owned(), state.lists.entry()?);
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

/// An issuer signs in its own name: the credential's issuer is replaced by the key's DID once it was found to be well
/// formed.
fn name_issuer(members: &mut Map<String, Value>, did: &str) -> Result<(), Refusal> {
    match members.get_mut("issuer") {
        None => {
            members.insert("issuer".to_owned(), Value::from(did));
        }
        Some(Value::Object(issuer)) => {
            issuer.insert("id".to_owned(), Value::from(did));
        }
        Some(issuer @ Value::String(_)) => *issuer = Value::from(did),
        Some(_) => return Err(Error::malformed("issuer").into()),
    }
    Ok(())
}

/// The terms of a proof come with data model 2.0; to credentials of 1.1 the issuer adds the context that has them
/// (Data Integrity §2.4.1).
fn add_suite_context(members: &mut Map<String, Value>) {
    let Some(Value::Array(contexts)) = members.get_mut("@context") else {
        return;
    };
    let has = |url: &str| contexts.iter().any(|context| context == url);
    if !has(CREDENTIALS_V2) && !has(DATA_INTEGRITY_V2) {
        contexts.push(Value::from(DATA_INTEGRITY_V2));
    }
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

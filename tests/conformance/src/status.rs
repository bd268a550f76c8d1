//! The server's own status lists and the entries that its issuer adds.

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tessera_verifier::Error;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose};
use tessera_verifier::status::{BitString, status_list_credential};
use tessera_verifier::vcdm::Credential;

use crate::answer::Refusal;
use crate::engine;
use crate::keys::NoKey;
use crate::state::State;
use crate::table::SUITES;

/// How long a list may be relied on, in seconds.
const VALIDITY: i64 = 86_400;

/// The status lists of the server.
pub struct Lists {
    base: String,
    revocation: BitString,
}

impl Lists {
    /// Lists of zeros below `base`.
    ///
    /// # Errors
    /// [`NoKey`] never in practice: the shortest list is within every bound.
    pub fn new(base: &str) -> Result<Self, NoKey> {
        Ok(Self {
            base: base.to_owned(),
            revocation: BitString::new(BitString::MIN_ENTRIES).map_err(|_| NoKey)?,
        })
    }

    fn uri(&self) -> String {
        format!("{}/status/revocation", self.base)
    }

    /// A new entry at a random index (Bitstring Status List §2.1).
    ///
    /// # Errors
    /// 500 when the system gives no randomness.
    pub fn entry(&self) -> Result<Value, Refusal> {
        let mut random = [0; 4];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| Refusal::internal())?;
        let index = u32::from_be_bytes(random) as usize % self.revocation.len();
        let uri = self.uri();
        Ok(json!({
            "id": format!("{uri}#{index}"),
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": index.to_string(),
            "statusListCredential": uri,
        }))
    }

    /// Checks that what a credential says of its status, if it is of Bitstring Status List 1.0, has the form of §2.1.
    ///
    /// # Errors
    /// `malformed`.
    pub fn check_form(&self, credential: &Credential<'_>) -> Result<(), Error> {
        for entry in credential.status() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str);
            if text("type") == Some("BitstringStatusListEntry")
                && (text("statusPurpose").is_none()
                    || text("statusListCredential").is_none()
                    || text("statusListIndex").is_none_or(|index| index.parse::<u64>().is_err()))
            {
                return Err(Error::malformed("status entry"));
            }
        }
        Ok(())
    }

    /// Checks a credential's entries against the lists of this server; there are no others, for nothing is fetched.
    ///
    /// # Errors
    /// `status_undetermined` for another list, `malformed` for an entry that is none, `revoked`.
    pub fn check(&self, credential: &Value) -> Result<(), Error> {
        let entries = match credential.get("credentialStatus") {
            None => return Ok(()),
            Some(Value::Array(entries)) => entries.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        for entry in entries {
            let text = |name: &str| entry.get(name).and_then(Value::as_str);
            if text("type") != Some("BitstringStatusListEntry") {
                return Err(Error::malformed("status entry"));
            }
            if text("statusListCredential") != Some(&self.uri()) {
                return Err(Error::StatusUndetermined {
                    why: "the status list is not at hand",
                });
            }
            let index = text("statusListIndex")
                .and_then(|index| index.parse().ok())
                .ok_or(Error::malformed("status list index"))?;
            match self.revocation.get(index) {
                Some(false) => {}
                Some(true) => return Err(Error::Revoked),
                None => {
                    return Err(Error::StatusUndetermined {
                        why: "index beyond the list",
                    });
                }
            }
        }
        Ok(())
    }
}

/// `GET /status/{purpose}`: the signed list.
///
/// # Errors
/// 404 for another purpose, 500 when it cannot be signed.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    Path(purpose): Path<String>,
) -> Result<Response, Refusal> {
    let row = SUITES
        .iter()
        .find(|row| row.status)
        .ok_or_else(Refusal::not_found)?;
    if purpose != "revocation" {
        return Err(Refusal::not_found());
    }
    let key = state.key(row).ok_or_else(Refusal::internal)?;
    let now = state.clock.now();
    let lists = &state.lists;
    let until = now.add_seconds(VALIDITY);
    let document = status_list_credential(&lists.uri(), &key.did(), &lists.revocation, now, until);
    let mut proof = ProofOptions::new(key.verification_method(), ProofPurpose::AssertionMethod);
    proof.created = Some(now);
    let signed = engine::secure(row.mechanism, &document, &proof, &[], key, &state.contexts)?;
    Ok((
        [(header::CONTENT_TYPE, "application/vc+json")],
        Json(signed),
    )
        .into_response())
}

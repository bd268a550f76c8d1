//! The server's own status lists and the entries that its issuers add.

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tessera_verifier::Error;
use tessera_verifier::credential::StatusLists;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose};
use tessera_verifier::status::{
    BitString, BitstringStatusList, Purpose, StatusEntry, StatusMessage, StatusSize,
};
use tessera_verifier::vcdm::Credential;

use crate::answer::Refusal;
use crate::engine;
use crate::keys::NoKey;
use crate::state::State;
use crate::table::row;

/// The row whose key signs the lists, also for the issuers of other rows.
pub const ISSUER: &str = "bitstring-status-list";

/// How long a list may be relied on, in seconds.
const VALIDITY: i64 = 86_400;

/// What every entry refers to for more.
const REFERENCE: &str = "https://www.w3.org/TR/vc-bitstring-status-list/#statuspurpose";

/// The lists: what they are about, bits of an entry, and what its values mean where that needs saying.
const LISTS: &[(Purpose, u64, &[&str])] = &[
    // With one bit, messages are not needed, but may be there (§2.1).
    (Purpose::Revocation, 1, &["in force", "revoked"]),
    (Purpose::Suspension, 1, &[]),
    (
        Purpose::Message,
        2,
        &["pending", "accepted", "rejected", "undefined"],
    ),
];

/// The status lists of the server.
pub struct Lists {
    base: String,
    issuer: String,
    at_hand: StatusLists,
}

impl Lists {
    /// Lists of zeros below `base`, issued by `issuer`.
    ///
    /// # Errors
    /// [`NoKey`] never in practice: the shortest lists are within every bound.
    pub fn new(base: &str, issuer: &str) -> Result<Self, NoKey> {
        let mut lists = Self {
            base: base.to_owned(),
            issuer: issuer.to_owned(),
            at_hand: StatusLists::new(),
        };
        for (purpose, bits, _) in LISTS {
            let bits = usize::try_from(*bits).map_err(|_| NoKey)?;
            let bits = BitString::new(BitString::MIN_ENTRIES * bits).map_err(|_| NoKey)?;
            let uri = lists.uri(purpose);
            let list = BitstringStatusList {
                id: Some(uri.clone()),
                issuer: issuer.to_owned(),
                purposes: vec![purpose.clone()],
                valid_from: None,
                valid_until: None,
                ttl: None,
                bits: Arc::new(bits),
            };
            lists.at_hand.add_own(&uri, list).map_err(|_| NoKey)?;
        }
        Ok(lists)
    }

    /// The lists, for the verifiers: there are no others, for nothing is fetched.
    #[must_use]
    pub fn at_hand(&self) -> &StatusLists {
        &self.at_hand
    }

    /// Who issues the lists.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    fn uri(&self, purpose: &Purpose) -> String {
        format!("{}/status/{}", self.base, purpose.as_str())
    }

    /// `credentialStatus` with a new entry at a random index for each purpose (Bitstring Status List §2.1).
    ///
    /// # Errors
    /// 500 for a purpose without a list, or when the system gives no randomness.
    pub fn entries(&self, purposes: &[Purpose]) -> Result<Value, Refusal> {
        let mut entries = Vec::with_capacity(purposes.len());
        for purpose in purposes {
            entries.push(self.entry(purpose)?.to_json());
        }
        match (entries.pop(), entries.is_empty()) {
            (Some(one), true) => Ok(one),
            (last, _) => Ok(entries.into_iter().chain(last).collect()),
        }
    }

    fn entry(&self, purpose: &Purpose) -> Result<StatusEntry, Refusal> {
        let known = LISTS.iter().find(|(known, _, _)| known == purpose);
        let (_, bits, messages) = known.ok_or_else(Refusal::internal)?;
        let mut random = [0; 4];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| Refusal::internal())?;
        let index = u32::from_be_bytes(random) as usize % BitString::MIN_ENTRIES;
        let uri = self.uri(purpose);
        let message = |(status, message): (u32, &&str)| StatusMessage {
            status,
            message: (*message).to_owned(),
        };
        Ok(StatusEntry {
            id: Some(format!("{uri}#{index}")),
            size: StatusSize::new(*bits)?,
            messages: (0..).zip(*messages).map(message).collect(),
            references: vec![REFERENCE.to_owned()],
            ..StatusEntry::new(purpose.clone(), &uri, index)
        })
    }
}

/// Checks that what a credential says of its status, if it is of Bitstring Status List 1.0, has the form of §2.1.
///
/// # Errors
/// `malformed_value` with the place.
pub fn check_form(credential: &Credential<'_>) -> Result<(), Error> {
    for entry in credential.status() {
        let kind = entry.get("type").and_then(Value::as_str);
        if kind == Some("BitstringStatusListEntry") {
            StatusEntry::parse(&Value::Object(entry.clone()))?;
        }
    }
    Ok(())
}

/// `GET /status/{purpose}`: the signed list.
///
/// # Errors
/// 404 for another purpose, 500 when it cannot be signed.
pub async fn list(
    Shared(state): Shared<Arc<State>>,
    Path(purpose): Path<String>,
) -> Result<Response, Refusal> {
    let row = row(ISSUER).ok_or_else(Refusal::not_found)?;
    let uri = state.lists.uri(&purpose.as_str().into());
    let list = state.lists.at_hand.get(&uri);
    let list = list.ok_or_else(Refusal::not_found)?;
    let key = state.key(row).ok_or_else(Refusal::internal)?;
    let now = state.clock.now();
    let document = BitstringStatusList {
        valid_from: Some(now),
        valid_until: Some(now.add_seconds(VALIDITY)),
        ..list.clone()
    }
    .to_credential(&uri);
    let mut proof = ProofOptions::new(key.verification_method(), ProofPurpose::AssertionMethod);
    proof.created = Some(now);
    let signed = engine::secure(row.mechanism, &document, &proof, &[], key, &state.contexts)?;
    Ok((
        [(header::CONTENT_TYPE, "application/vc+json")],
        Json(signed),
    )
        .into_response())
}

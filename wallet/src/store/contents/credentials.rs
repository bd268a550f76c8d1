//! Credentials in the wallet, and what they can be renewed with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::time::Timestamp;

use crate::secret::{Secret, StoredKey};

/// What one enrolment gave: one person's data at one level, as one-time credentials in one or two formats.
#[derive(Serialize, Deserialize)]
pub struct CredentialSet {
    /// Short local name, for example `full-3fa9`.
    pub id: String,
    /// How well the person was proved.
    pub level: AssuranceLevel,
    /// Address of the issuer.
    pub issuer_url: String,
    /// DID that signed.
    pub issuer_did: String,
    /// Seconds since the epoch.
    pub received_at: i64,
    /// First moment of validity, seconds since the epoch.
    pub valid_from: i64,
    /// End of validity (exclusive), seconds since the epoch.
    pub valid_until: i64,
    /// When a newer enrolment replaced this one; retired sets are never chosen.
    pub retired_at: Option<i64>,
    /// The subject's claims, for showing to the holder.
    pub claims: Map<String, Value>,
    /// How many one-time credentials came, over both formats.
    pub issued: u32,
    /// The formats they came in. Empty in files of before this was kept.
    #[serde(default)]
    pub formats: BTreeSet<Format>,
    /// Those not used yet. A used one is gone, with its key.
    pub unused: Vec<OneTimeCredential>,
    /// What the issuance left, where it left something.
    #[serde(default)]
    pub renewal: Option<Renewal>,
    /// When the issuer last refused to renew it, seconds since the epoch.
    #[serde(default)]
    pub refused_at: Option<i64>,
}

impl CredentialSet {
    /// What the set tells, without anything that can be shown.
    pub(super) fn without_credentials(&self) -> Self {
        Self {
            id: self.id.clone(),
            level: self.level,
            issuer_url: self.issuer_url.clone(),
            issuer_did: self.issuer_did.clone(),
            received_at: self.received_at,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            retired_at: self.retired_at,
            claims: self.claims.clone(),
            issued: self.issued,
            formats: self.formats.clone(),
            unused: Vec::new(),
            renewal: self.renewal.as_ref().map(Renewal::duplicate),
            refused_at: self.refused_at,
        }
    }

    /// How many unused credentials there are in `format`.
    #[must_use]
    pub fn remaining(&self, format: Format) -> usize {
        self.unused
            .iter()
            .filter(|one| one.format == format)
            .count()
    }

    /// Whether it is neither retired nor outside its validity at `now`.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.retired_at.is_none() && (self.valid_from..self.valid_until).contains(&now.unix())
    }
}

/// Credentials of one type from an issuer that is in no bundle. Has no `Debug`: it is personal data.
#[derive(Serialize, Deserialize)]
pub struct ForeignSet {
    /// Short local name, for example `other-3fa9`.
    pub id: String,
    /// Where they came from: a credential issuer identifier.
    pub issuer_url: String,
    /// Who signed, as authenticated.
    pub issuer: String,
    /// How that is known.
    pub authenticated_by: AuthenticatedBy,
    /// The type.
    pub vct: String,
    /// The issuer's name for what was asked for.
    pub configuration: String,
    /// Seconds since the epoch.
    pub received_at: i64,
    /// First moment of validity, where there is one, seconds since the epoch.
    pub valid_from: Option<i64>,
    /// End of validity (exclusive), where there is one, seconds since the epoch.
    pub valid_until: Option<i64>,
    /// The claims, for showing to the holder.
    pub claims: Map<String, Value>,
    /// How many one-time credentials came.
    pub issued: u32,
    /// Those not used yet.
    pub unused: Vec<OneTimeCredential>,
    /// What the issuance left.
    pub renewal: Option<Renewal>,
}

impl ForeignSet {
    /// Whether it is within its validity at `now`.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.valid_from.is_none_or(|from| now.unix() >= from)
            && self.valid_until.is_none_or(|until| now.unix() < until)
    }

    pub(super) fn without_credentials(&self) -> Self {
        Self {
            id: self.id.clone(),
            issuer_url: self.issuer_url.clone(),
            issuer: self.issuer.clone(),
            authenticated_by: self.authenticated_by,
            vct: self.vct.clone(),
            configuration: self.configuration.clone(),
            received_at: self.received_at,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            claims: self.claims.clone(),
            issued: self.issued,
            unused: Vec::new(),
            renewal: self.renewal.as_ref().map(Renewal::duplicate),
        }
    }
}

/// How it is known who signed a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticatedBy {
    /// A certificate under an authority the holder named.
    Certificate,
    /// The identifier is the key: nothing is known beyond it.
    Did,
    /// The key is published at the issuer's own https address.
    Address,
}

/// What an issuance leaves: by what to have the same again, and to say what became of it. Has no `Debug`.
#[derive(Serialize, Deserialize)]
pub struct Renewal {
    /// The issuer's identifier as it writes it.
    pub credential_issuer: String,
    /// Its authorization server, where that is another.
    pub authorization_server: Option<String>,
    /// Who the wallet said it is, where it did.
    pub client_id: Option<String>,
    /// What was asked for.
    pub configurations: Vec<String>,
    /// The key that tokens are bound to.
    pub key: StoredKey,
    /// The last access token.
    pub access_token: Secret,
    /// Whether it is bound to the key.
    pub bound: bool,
    /// For another access token.
    pub refresh_token: Option<Secret>,
    /// For saying that the credentials were deleted.
    pub notifications: Vec<String>,
}

impl Renewal {
    /// A copy, for a request whose answer may not come.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            credential_issuer: self.credential_issuer.clone(),
            authorization_server: self.authorization_server.clone(),
            client_id: self.client_id.clone(),
            configurations: self.configurations.clone(),
            key: self.key.duplicate(),
            access_token: self.access_token.clone(),
            bound: self.bound,
            refresh_token: self.refresh_token.clone(),
            notifications: self.notifications.clone(),
        }
    }
}

/// A credential to be shown once, with the key it is bound to. Has no `Debug`.
#[derive(Serialize, Deserialize)]
pub struct OneTimeCredential {
    /// Its format.
    pub format: Format,
    /// The credential as issued.
    pub body: CredentialBody,
    /// The holder's key for this credential and no other.
    pub key: StoredKey,
}

/// A credential as the issuer sent it. Has no `Debug`: it is personal data.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CredentialBody {
    /// SD-JWT VC in compact form with all disclosures.
    SdJwt(String),
    /// W3C credential with its base proof.
    Ldp(Value),
}

//! What the wallet remembers, as it lies inside the sealed file.

mod credentials;
mod history;

use std::io::Write;

use serde::{Deserialize, Serialize};
use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::time::Timestamp;
use zeroize::Zeroizing;

pub use credentials::{
    AuthenticatedBy, CredentialBody, CredentialSet, ForeignSet, OneTimeCredential, Renewal,
};
pub use history::{HistoryEntry, HistoryEvent};

use crate::error::Error;
use crate::secret::{Secret, StoredKey};

/// Everything in the wallet. Has no `Debug` and no `Clone`: it holds keys.
#[derive(Serialize, Deserialize)]
pub struct Contents {
    /// Version of this form. Files from before it was written down have version 1.
    #[serde(default = "first_version")]
    pub(super) version: u16,
    /// Proves to an issuer that later steps of a session come from the device that began it.
    pub device_key: StoredKey,
    /// Issuers the holder enrolled with, each with the root it was first seen with.
    pub issuers: Vec<TrustedIssuer>,
    /// Credentials, oldest first.
    pub sets: Vec<CredentialSet>,
    /// A session that waits for the visit to a terminal.
    pub pending: Option<PendingSession>,
    /// Credentials of issuers that are in no bundle, oldest first.
    #[serde(default)]
    pub foreign: Vec<ForeignSet>,
    /// What the holder has chosen.
    #[serde(default)]
    pub settings: Settings,
    /// What an issuer has promised and not given yet.
    #[serde(default)]
    pub deferred: Vec<DeferredIssuance>,
    /// What was received and shown, oldest first; names of claims, never values.
    pub history: Vec<HistoryEntry>,
    /// What a move has taken out of the wallet and may not have brought to its file yet.
    #[serde(default)]
    pub(super) leaving: Option<Box<Leaving>>,
}

/// A wallet on its way into the file of a move. Nothing of it can be shown from here. Has no `Debug`.
#[derive(Serialize, Deserialize)]
pub(super) struct Leaving {
    /// Seconds since the epoch.
    pub(super) since: i64,
    /// Everything that moves.
    pub(super) contents: Contents,
}

/// Just enough to tell a later form from damage.
#[derive(Deserialize)]
pub(super) struct Form {
    #[serde(default = "first_version")]
    pub(super) version: u16,
}

fn first_version() -> u16 {
    1
}

impl Contents {
    /// The form this build writes.
    pub(super) const VERSION: u16 = 2;
    /// Most history entries kept; the oldest go first.
    pub const MAX_HISTORY: usize = 10_000;

    pub(crate) fn new(device_key: StoredKey) -> Self {
        Self {
            version: Self::VERSION,
            device_key,
            issuers: Vec::new(),
            sets: Vec::new(),
            foreign: Vec::new(),
            settings: Settings::default(),
            pending: None,
            deferred: Vec::new(),
            history: Vec::new(),
            leaving: None,
        }
    }

    /// The issuer with this address.
    ///
    /// # Errors
    /// [`Error::IssuerUnknown`].
    pub fn issuer(&self, url: &str) -> Result<&TrustedIssuer, Error> {
        self.issuers
            .iter()
            .find(|issuer| issuer.url == url)
            .ok_or(Error::IssuerUnknown)
    }

    /// The credential set with this id.
    ///
    /// # Errors
    /// [`Error::CredentialUnknown`].
    pub fn set(&self, id: &str) -> Result<&CredentialSet, Error> {
        self.sets
            .iter()
            .find(|set| set.id == id)
            .ok_or(Error::CredentialUnknown)
    }

    /// Whether any credential has this id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.set(id).is_ok() || self.foreign.iter().any(|set| set.id == id)
    }

    /// Whether the set with this id, of whichever issuer, is good at `now`: neither replaced nor outside its validity.
    #[must_use]
    pub fn is_in_force(&self, id: &str, now: Timestamp) -> bool {
        let mut foreign = self.foreign.iter().filter(|set| set.id == id);
        self.set(id).is_ok_and(|set| set.is_usable(now)) || foreign.any(|set| set.is_usable(now))
    }

    /// Adds a history entry, dropping the oldest past the bound.
    pub fn remember(&mut self, entry: HistoryEntry) {
        self.history.push(entry);
        let surplus = self.history.len().saturating_sub(Self::MAX_HISTORY);
        self.history.drain(..surplus);
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let form: Form = serde_json::from_slice(bytes).map_err(|_| Error::StoreDamaged)?;
        if form.version > Self::VERSION {
            // A build that does not know a member would drop it with the next change.
            return Err(Error::StoreNewer {
                found: form.version,
                supported: Self::VERSION,
            });
        }
        let mut contents: Self = serde_json::from_slice(bytes).map_err(|_| Error::StoreDamaged)?;
        contents.version = Self::VERSION;
        Ok(contents)
    }

    /// What a copy of this wallet may know: everything but what is good once.
    ///
    /// One-time credentials, their keys, and what is to be collected with keys made here stay here. What came of them
    /// would be on two devices, and shown twice.
    pub(super) fn copy(&self) -> Self {
        Self {
            version: Self::VERSION,
            device_key: self.device_key.duplicate(),
            issuers: self.issuers.clone(),
            sets: self
                .sets
                .iter()
                .map(CredentialSet::without_credentials)
                .collect(),
            foreign: self
                .foreign
                .iter()
                .map(ForeignSet::without_credentials)
                .collect(),
            settings: self.settings.clone(),
            pending: None,
            deferred: Vec::new(),
            history: self.history.clone(),
            leaving: None,
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        to_exact_bytes(self)
    }
}

/// Serialises into a buffer of the right size from the start: growing would leave copies of keys behind.
pub(super) fn to_exact_bytes(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut length = Counter(0);
    serde_json::to_writer(&mut length, value).map_err(|_| Error::StoreFull)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *bytes, value).map_err(|_| Error::StoreFull)?;
    Ok(bytes)
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An issuer, and what the wallet holds it to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrustedIssuer {
    /// Credential issuer identifier (its base address, no trailing slash).
    pub url: String,
    /// The authority's root DID, pinned at first use or given by the holder.
    pub root_did: String,
    /// The latest signed bundle (compact JWS).
    pub bundle: String,
    /// When it was fetched, seconds since the epoch.
    pub bundle_fetched_at: i64,
}

/// What the holder has chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// New one-time credentials are due when fewer than this are left in a format.
    pub reissue_below: u32,
    /// And when the validity ends within so many days.
    pub reissue_days: u32,
    /// Whether they are asked for when the wallet is used, without being told to.
    pub automatic: bool,
    /// HAIP 1.0 exactly.
    pub haip: bool,
    /// Whether requesters that are in no register are put before the holder; else they are refused.
    pub ask_unregistered: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reissue_below: 3,
            reissue_days: 7,
            automatic: true,
            haip: false,
            ask_unregistered: false,
        }
    }
}

/// A session at the issuer that is not complete. Has no `Debug`: it holds the session token.
#[derive(Serialize, Deserialize)]
pub struct PendingSession {
    /// Address of the issuer.
    pub issuer_url: String,
    /// What the holder shows at the terminal.
    pub session_id: String,
    /// Bearer token of the session.
    pub session_token: Secret,
    /// How well the person was proved.
    pub level: AssuranceLevel,
}

impl PendingSession {
    /// A copy that can outlive the store, for polling while the store is closed.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            issuer_url: self.issuer_url.clone(),
            session_id: self.session_id.clone(),
            session_token: self.session_token.clone(),
            level: self.level,
        }
    }

    #[cfg(test)]
    pub(crate) fn example(id: &str) -> Self {
        Self {
            issuer_url: "https://issuer.example".into(),
            session_id: id.into(),
            session_token: Secret::from("token"),
            level: AssuranceLevel::Full,
        }
    }
}

/// Credentials that an issuer will give once it has looked (OpenID4VCI 1.0 §9), with the keys they will be bound to.
/// Has no `Debug`.
#[derive(Serialize, Deserialize)]
pub struct DeferredIssuance {
    /// Address of the issuer.
    pub issuer_url: String,
    /// The token that may collect.
    pub access_token: Secret,
    /// Which request it answers.
    pub transaction_id: Secret,
    /// The credential configuration asked for.
    pub configuration: String,
    /// The keys the request proved possession of.
    pub keys: Vec<StoredKey>,
    /// The set that the other format of the same request has made, once it has come.
    pub set: Option<String>,
    /// What the issuance left, to go on with.
    #[serde(default)]
    pub renewal: Option<Renewal>,
}

impl DeferredIssuance {
    /// A copy to ask with, while the original stays until the answer is stored.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            issuer_url: self.issuer_url.clone(),
            access_token: self.access_token.clone(),
            transaction_id: self.transaction_id.clone(),
            configuration: self.configuration.clone(),
            keys: self.keys.iter().map(StoredKey::duplicate).collect(),
            set: self.set.clone(),
            renewal: self.renewal.as_ref().map(Renewal::duplicate),
        }
    }
}

//! What the wallet remembers of what it did.

use serde::{Deserialize, Serialize};
use tessera_verifier::claims::{AssuranceLevel, Format};

/// One line of history. Holds names, never values of claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Seconds since the epoch.
    pub at: i64,
    /// What happened.
    pub event: HistoryEvent,
}

/// What a history entry tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HistoryEvent {
    /// Credentials came in.
    Received {
        /// Local id of the set.
        credential: String,
        /// Its level.
        level: AssuranceLevel,
        /// Address of the issuer.
        issuer: String,
    },
    /// Credentials of an issuer that is in no bundle came in.
    ReceivedForeign {
        /// Local id of the set.
        credential: String,
        /// The type.
        vct: String,
        /// The issuer, as authenticated.
        issuer: String,
    },
    /// A presentation was made for a requester.
    Presented {
        /// Local id of the set.
        credential: String,
        /// Its level, where its issuer knows levels.
        level: Option<AssuranceLevel>,
        /// Format shown.
        format: Format,
        /// Client identifier from the authenticated request.
        client_id: String,
        /// Registered name (English).
        requester_en: String,
        /// Registered name (Chinese).
        requester_zh: String,
        /// Service of the catalogue; empty where the request names none.
        service: String,
        /// Names of the claims shown.
        claims: Vec<String>,
    },
    /// A backup was made, without one-time credentials.
    BackedUp,
    /// Everything moved into a file; this wallet began anew.
    MovedOut,
    /// This wallet began with a backup.
    Restored {
        /// When the backup was made, seconds since the epoch.
        made_at: i64,
        /// Whether the one-time credentials came with it.
        moved: bool,
    },
    /// The holder deleted credentials.
    Deleted {
        /// Local id of the set.
        credential: String,
        /// Address of the issuer.
        issuer: String,
    },
    /// The holder or the wallet said no.
    Refused {
        /// Client identifier, when the requester was authenticated.
        client_id: Option<String>,
        /// Service of the catalogue, when known.
        service: Option<String>,
        /// Code of the refusal.
        code: String,
    },
}

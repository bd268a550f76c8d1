//! What the store keeps of wallets that ask for authorization: requests, codes, and tokens that refresh. All of it by
//! digest, none of it twice usable.

use serde::{Deserialize, Serialize};

use super::{Level, SessionRecord};
use crate::proofing::machine::{EvidenceDays, Lifetimes};

/// Who may use something: whatever is named here must be shown again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The client's identifier.
    #[serde(default)]
    pub client: Option<String>,
    /// RFC 7638 thumbprint of the key that attestations of the client name.
    #[serde(default)]
    pub instance: Option<String>,
    /// RFC 7638 thumbprint of the DPoP key (RFC 9449 §6.1).
    #[serde(default)]
    pub jkt: Option<String>,
}

/// What was asked for, of what this issuer offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Configurations, all of one level.
    pub configurations: Vec<String>,
    /// Asked for by authorization details: credentials are then requested by identifier (OpenID4VCI 1.0 §8.2).
    pub by_identifier: bool,
    /// The level.
    pub level: Level,
}

/// An authorization request, before and while a person looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRecord {
    /// Who asked; with a DPoP thumbprint where the request named one (RFC 9449 §10).
    pub binding: Binding,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Whether the authority knows that this address is the client's. Where not, nothing is sent there but by the person's
    /// own click.
    pub known: bool,
    /// PKCE challenge, `S256`.
    pub code_challenge: String,
    /// Goes back with the answer.
    pub state: Option<String>,
    /// What for.
    pub wish: Wish,
    /// The session that shall earn it: of the offer, or opened on the page.
    pub session: Option<String>,
    /// The session is that of the offer: its transaction code is asked for.
    pub by_offer: bool,
    /// Sessions opened on the page so far.
    #[serde(default)]
    pub opened: u32,
    /// Unix seconds.
    pub expires: i64,
}

/// Puts an authorization request aside.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// Digest of the `request_uri` (RFC 9126 §2.2).
    pub handle: String,
    /// The request.
    pub record: AuthorizationRecord,
    /// Requests that one client may leave in a minute.
    pub most_per_minute: u32,
}

/// What a browser comes to the authorization endpoint with.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// A pushed request, by the digest of its `request_uri`: consumed.
    Pushed {
        /// The digest.
        handle: String,
        /// The `client_id` beside it, which must be the same.
        client: String,
        /// When the person must be done (Unix seconds).
        expires: i64,
    },
    /// The request itself.
    Direct {
        /// The request.
        record: Box<AuthorizationRecord>,
        /// Requests that one client may bring in a minute.
        most_per_minute: u32,
    },
}

/// The person's yes.
#[derive(Debug, Clone)]
pub struct Consented {
    /// Digest of the browser's cookie.
    pub browser: String,
    /// Digest of the code to give out.
    pub code_digest: String,
    /// When that code expires (Unix seconds).
    pub code_expires: i64,
    /// Digest of the transaction code typed, where the session is that of an offer.
    pub tx_code_digest: Option<String>,
    /// Wrong transaction codes after which the offer is burnt.
    pub max_failures: u32,
}

/// An authorization code, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// The request it answers.
    pub authorization: AuthorizationRecord,
    /// The session.
    pub session: String,
    /// Unix seconds.
    pub expires: i64,
    /// Digest of the access token it was redeemed for; a second use takes that token away (RFC 6749 §4.1.2).
    pub redeemed: Option<String>,
    /// Digest of the refresh token given with it.
    pub refresh: Option<String>,
}

/// Tokens to hand out.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Digest of the access token.
    pub access: String,
    /// When it expires (Unix seconds).
    pub expires: i64,
    /// When it expires where the authority reviews first: the same token collects.
    pub expires_in_review: i64,
    /// Digest of the refresh token, and when it expires; only with tokens bound to a key.
    pub refresh: Option<(String, i64)>,
}

/// Redeems an authorization code (RFC 6749 §4.1.3).
#[derive(Debug, Clone)]
pub struct CodeRedemption {
    /// Digest of the code.
    pub code_digest: String,
    /// Who redeems.
    pub binding: Binding,
    /// The redirect URI, as sent.
    pub redirect_uri: Option<String>,
    /// The PKCE challenge of the verifier sent.
    pub code_challenge: String,
    /// What for.
    pub tokens: Tokens,
}

/// A refresh token, by its digest. What it is bound to is the device of the sessions it opens: once another device holds
/// the person's credentials, it is good for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshRecord {
    /// The person's handle.
    pub person: String,
    /// Level.
    pub level: Level,
    /// What the sessions call the device.
    pub device: String,
    /// Who may use it.
    pub binding: Binding,
    /// What it was granted for.
    pub wish: Option<Wish>,
    /// Unix seconds.
    pub expires: i64,
    /// Digest of the access token that came with it.
    pub access: String,
    /// Digest of the token that took its place; using it again then ends the whole line (RFC 9700 §4.14.2).
    pub next: Option<String>,
}

/// Uses a refresh token (RFC 6749 §6): opens a session that renews what the device holds, and grants it.
#[derive(Debug, Clone)]
pub struct Refreshment {
    /// Digest of the token.
    pub refresh_digest: String,
    /// Who uses it.
    pub binding: Binding,
    /// The session to open. Person, level, device, state, what it proves and its recovery code are filled in.
    pub session: SessionRecord,
    /// What for; with another refresh token.
    pub tokens: Tokens,
    /// How long states last.
    pub lifetimes: Lifetimes,
    /// How long evidence counts.
    pub evidence: EvidenceDays,
}

//! What is asked of wallets: how they are authenticated, what their keys and tokens are bound to, and by which profile.

use serde::{Deserialize, Serialize};

/// A profile of the standards that is followed exactly, whatever else is configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// None: what is configured.
    #[default]
    None,
    /// OpenID4VC High Assurance Interoperability Profile 1.0.
    Haip,
}

/// What is asked of wallets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wallets {
    /// Refuse tokens that are bound to no key (RFC 9449).
    pub require_dpop: bool,
    /// Demand a nonce of ours in DPoP proofs.
    pub dpop_nonce: bool,
    /// Refuse authorization requests that were not pushed (RFC 9126).
    pub require_pushed: bool,
    /// Refuse wallets without an attestation.
    pub require_attestation: bool,
    /// Demand a challenge of ours in the proofs beside attestations.
    pub attestation_challenge: bool,
    /// Whose attestations of wallets are believed: did:key, or a file with a certification authority's certificate (PEM).
    pub attesters: Vec<String>,
    /// Whose attestations of keys are believed, in the same form.
    pub key_attesters: Vec<String>,
    /// Key storage levels, one of which an attestation must name; none: keys need no attestation.
    pub key_storage: Vec<String>,
    /// User authentication levels, one of which an attestation must name.
    pub user_authentication: Vec<String>,
    /// Refuse to encrypt responses to a key that came in a plain request.
    pub require_encrypted_request: bool,
    /// Let clients nobody registered ask for authorization. Nothing is sent to their redirect URI but by the person's click.
    pub unregistered: bool,
    /// Clients the authority knows.
    pub registered: Vec<RegisteredClient>,
    /// Authorization requests one client may make in a minute.
    pub requests_per_minute: u32,
    /// Seconds a pushed request is kept.
    pub pushed_seconds: i64,
    /// Seconds a person has on the authorization page.
    pub page_seconds: i64,
    /// Seconds an authorization code is good.
    pub code_seconds: i64,
    /// Certify the keys that sign credentials, and send the certificate along in the header of SD-JWTs (`x5c`).
    pub x5c: bool,
    /// Days a refresh token is good; 0: none is given. The evidence behind it may end sooner.
    pub refresh_days: i64,
}

/// A client the authority knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredClient {
    /// Its `client_id`.
    pub id: String,
    /// Its name, English.
    pub name_en: String,
    /// Its name, Chinese.
    pub name_zh: String,
    /// The addresses answers may go to, compared as strings.
    pub redirect_uris: Vec<String>,
}

impl Default for Wallets {
    fn default() -> Self {
        Self {
            require_dpop: false,
            dpop_nonce: true,
            require_pushed: false,
            require_attestation: false,
            attestation_challenge: false,
            attesters: Vec::new(),
            key_attesters: Vec::new(),
            key_storage: Vec::new(),
            user_authentication: Vec::new(),
            require_encrypted_request: false,
            unregistered: true,
            registered: Vec::new(),
            requests_per_minute: 600,
            pushed_seconds: 90,
            page_seconds: 900,
            code_seconds: 60,
            x5c: false,
            refresh_days: 90,
        }
    }
}

impl Wallets {
    /// What holds under a profile.
    #[must_use]
    pub(crate) fn under(mut self, profile: Profile) -> Self {
        if profile == Profile::Haip {
            // HAIP 1.0 §4: PAR, sender-constrained tokens with server nonces, wallet attestation; OpenID4VCI 1.0 §8.2.
            self.require_pushed = true;
            self.require_dpop = true;
            self.dpop_nonce = true;
            self.require_attestation = true;
            self.require_encrypted_request = true;
            // HAIP 1.0 §6.1.1.
            self.x5c = true;
        }
        self
    }

    /// The client by this id, if the authority knows it.
    pub(crate) fn client(&self, id: &str) -> Option<&RegisteredClient> {
        self.registered.iter().find(|client| client.id == id)
    }
}

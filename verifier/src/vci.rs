//! OpenID4VCI 1.0 wire types, used by both ends.

pub mod authorization;
pub mod client_attestation;
pub mod dpop;
pub mod form;
pub mod key_attestation;
pub mod metadata;
pub mod notification;
pub mod offer;
pub mod pkce;
pub mod proof;
pub mod secret;
pub mod token;
pub mod trusted;

use alloc::string::String;
use alloc::vec::Vec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use authorization::{AuthorizationDetail, AuthorizationRequest, PushedResponse};
pub use metadata::{AuthorizationServerMetadata, CredentialConfiguration, IssuerMetadata};
pub use notification::{NotificationEvent, NotificationRequest};
pub use offer::{CredentialOffer, OfferLink, PRE_AUTHORIZED_CODE};
pub use secret::Secret;
pub use token::{Grant, TokenRequest, TokenResponse};
pub use trusted::Trusted;

use crate::error::Error;
use crate::json::{self, Limits};

/// Reads any of these messages from strict JSON. Members we do not know are ignored, as OAuth asks.
///
/// # Errors
/// `malformed` or `too_large`.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let value = json::parse(
        bytes,
        Limits {
            bytes: 4 * 1024 * 1024,
            depth: 40,
        },
    )?;
    serde_json::from_value(value).map_err(|_| Error::malformed("OpenID4VCI message"))
}

/// An OAuth or OpenID4VCI error body (RFC 6749 §5.2, OpenID4VCI §8.3.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolError {
    /// The protocol's code, such as `invalid_grant` or `invalid_proof`.
    pub error: String,
    /// A sentence for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// The stable reason code of a Tessera issuer.
    #[serde(default, rename = "code", skip_serializing_if = "Option::is_none")]
    pub tessera_code: Option<String>,
}

/// A token error is a protocol error.
pub type TokenError = ProtocolError;

/// Nonce response (OpenID4VCI §7.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NonceResponse {
    /// The nonce for key proofs.
    pub c_nonce: String,
}

/// Credential request (OpenID4VCI §8.2): exactly one of the two names of what is wanted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CredentialRequest {
    /// Which of the credentials that the token response named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_identifier: Option<String>,
    /// Which of the configurations, where the token response named no credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_configuration_id: Option<String>,
    /// Proofs of possession, one for each credential wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proofs: Option<Proofs>,
    /// Asks for an encrypted response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_response_encryption: Option<ResponseEncryption>,
}

/// Key proofs by kind (OpenID4VCI §8.2.1, appendix F): exactly one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proofs {
    /// `openid4vci-proof+jwt` tokens, each by another key.
    Jwt(Vec<String>),
    /// One `key-attestation+jwt` that lists the keys.
    Attestation(Vec<String>),
}

/// How to encrypt the response (OpenID4VCI §8.2).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResponseEncryption {
    /// The public key, with its `alg`.
    pub jwk: Value,
    /// The content encryption, such as `A256GCM`.
    pub enc: String,
    /// Compression before encryption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
}

/// Response of the challenge endpoint (draft-ietf-oauth-attestation-based-client-auth-07 §8).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChallengeResponse {
    /// The challenge for the proof of possession of a client attestation.
    pub attestation_challenge: String,
}

/// Asks again for what was not ready (OpenID4VCI §9.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeferredCredentialRequest {
    /// As the issuer named it.
    pub transaction_id: Secret,
    /// Asks for an encrypted response; that of the first request does not count any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_response_encryption: Option<ResponseEncryption>,
}

/// Credential response, deferred or not (OpenID4VCI §8.3, §9.2): either credentials, or when and by what name to ask
/// again.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct CredentialResponse {
    /// One for each proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<IssuedCredential>,
    /// Names what is not ready yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<Secret>,
    /// Seconds to wait before asking again; with `transaction_id` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// For the notification endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_id: Option<String>,
}

/// One credential: a string for SD-JWT VC, an object for `ldp_vc`.
#[derive(Clone, Serialize, Deserialize)]
pub struct IssuedCredential {
    /// The credential.
    pub credential: Value,
}

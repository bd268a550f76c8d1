//! Issuer and authorization server metadata (OpenID4VCI §12.2, RFC 8414).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Credential issuer metadata (OpenID4VCI §12.2.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuerMetadata {
    /// The issuer's identifier: an https URL.
    pub credential_issuer: String,
    /// Absent when the issuer is its own authorization server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_servers: Vec<String>,
    /// Where credentials are requested.
    pub credential_endpoint: String,
    /// Where credentials that were not ready at once are collected (§9).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deferred_credential_endpoint: Option<String>,
    /// Where nonces for key proofs come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce_endpoint: Option<String>,
    /// How responses can be encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_response_encryption: Option<ResponseEncryptionMetadata>,
    /// How many credentials one request may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_credential_issuance: Option<BatchIssuance>,
    /// Names and logos: free-form, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub display: Vec<Value>,
    /// The configurations, by id.
    pub credential_configurations_supported: BTreeMap<String, CredentialConfiguration>,
}

/// Supported response encryption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseEncryptionMetadata {
    /// JWE `alg` values.
    pub alg_values_supported: Vec<String>,
    /// JWE `enc` values.
    pub enc_values_supported: Vec<String>,
    /// Whether plain responses are refused.
    pub encryption_required: bool,
}

/// Batch issuance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchIssuance {
    /// The greatest number of proofs in one request; at least 2.
    pub batch_size: u32,
}

/// One credential configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialConfiguration {
    /// `dc+sd-jwt` or `ldp_vc`.
    pub format: String,
    /// The OAuth scope, where that is a way to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The type of an SD-JWT VC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vct: Option<String>,
    /// The type of a W3C credential: `{"@context":[…],"type":[…]}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_definition: Option<Value>,
    /// `jwk`, `did:key`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cryptographic_binding_methods_supported: Vec<String>,
    /// `ES256`, or the name of a cryptosuite.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_signing_alg_values_supported: Vec<String>,
    /// By kind of proof: here only `jwt`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proof_types_supported: BTreeMap<String, ProofType>,
    /// Names and claims for people: free-form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_metadata: Option<Value>,
}

/// A supported kind of key proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofType {
    /// `ES256`.
    pub proof_signing_alg_values_supported: Vec<String>,
}

/// Authorization server metadata (RFC 8414 §2, OpenID4VCI §12.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationServerMetadata {
    /// The server's identifier.
    pub issuer: String,
    /// Where tokens come from.
    pub token_endpoint: String,
    /// Empty: there is no authorization endpoint.
    #[serde(default)]
    pub response_types_supported: Vec<String>,
    /// The pre-authorized code grant.
    #[serde(default)]
    pub grant_types_supported: Vec<String>,
    /// Whether a token request may come without a client id.
    #[serde(rename = "pre-authorized_grant_anonymous_access_supported", default)]
    pub pre_authorized_grant_anonymous_access_supported: bool,
}

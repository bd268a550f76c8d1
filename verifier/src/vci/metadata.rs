//! Issuer and authorization server metadata (OpenID4VCI §12.2, RFC 8414).

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::trusted::{self, Trusted};
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::time::Timestamp;

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
    /// Where the wallet says what became of the credentials (§11).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_endpoint: Option<String>,
    /// How requests can be encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_request_encryption: Option<RequestEncryptionMetadata>,
    /// How responses can be encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_response_encryption: Option<ResponseEncryptionMetadata>,
    /// How many credentials one request may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_credential_issuance: Option<BatchIssuance>,
    /// Names and logos: free-form, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub display: Vec<Value>,
    /// The configurations, by id; those of a form that is not known here are left out.
    #[serde(deserialize_with = "understood")]
    pub credential_configurations_supported: BTreeMap<String, CredentialConfiguration>,
}

/// §12.2.4: what is not understood is ignored, so that one odd configuration does not make an issuer unreadable.
fn understood<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, CredentialConfiguration>, D::Error> {
    let all: BTreeMap<String, Value> = BTreeMap::deserialize(from)?;
    let read = |(id, one)| Some((id, serde_json::from_value(one).ok()?));
    Ok(all.into_iter().filter_map(read).collect())
}

/// Supported response encryption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseEncryptionMetadata {
    /// JWE `alg` values.
    pub alg_values_supported: Vec<String>,
    /// JWE `enc` values.
    pub enc_values_supported: Vec<String>,
    /// JWE `zip` values; none: compressed messages are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zip_values_supported: Vec<String>,
    /// Whether plain responses are refused.
    pub encryption_required: bool,
}

/// Supported request encryption (§12.2.4, §10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestEncryptionMetadata {
    /// The issuer's public keys, each with its `kid` and `alg`.
    pub jwks: JwkSet,
    /// JWE `enc` values.
    pub enc_values_supported: Vec<String>,
    /// JWE `zip` values; none: compressed messages are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zip_values_supported: Vec<String>,
    /// Whether plain requests are refused.
    pub encryption_required: bool,
}

/// A set of keys (RFC 7517 §5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys.
    pub keys: Vec<Value>,
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
    /// `ES256`, or the name of a cryptosuite; numbers for mdoc.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_signing_alg_values_supported: Vec<Value>,
    /// By kind of proof: `jwt`, `attestation`.
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
    /// Present where keys without an attestation are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_attestations_required: Option<KeyAttestationsRequired>,
}

/// What a key attestation must say (OpenID4VCI §12.2.4, appendix D): one of each list; an empty list demands nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttestationsRequired {
    /// Attack potential resistance of the key storage, such as `iso_18045_high`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_storage: Vec<String>,
    /// Attack potential resistance of the user authentication.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_authentication: Vec<String>,
}

/// Authorization server metadata (RFC 8414 §2, OpenID4VCI §12.3, RFC 9126 §5, RFC 9207 §3, RFC 9449 §5.1,
/// draft-ietf-oauth-attestation-based-client-auth-07).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationServerMetadata {
    /// The server's identifier.
    pub issuer: String,
    /// Where tokens come from.
    #[serde(default)]
    pub token_endpoint: String,
    /// Where a person agrees, in a browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where authorization requests are left beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request_endpoint: Option<String>,
    /// Whether they must be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_pushed_authorization_requests: bool,
    /// Where challenges for client attestations come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_endpoint: Option<String>,
    /// `code`; empty where there is no authorization endpoint.
    #[serde(default)]
    pub response_types_supported: Vec<String>,
    /// The grants.
    #[serde(default)]
    pub grant_types_supported: Vec<String>,
    /// The scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// `S256`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<String>,
    /// `none`, `attest_jwt_client_auth`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms of client attestations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_attestation_signing_alg_values_supported: Vec<String>,
    /// Algorithms of the proofs of possession beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_attestation_pop_signing_alg_values_supported: Vec<String>,
    /// Algorithms of DPoP proofs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// `openid_credential`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types_supported: Vec<String>,
    /// Whether authorization responses carry `iss`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub authorization_response_iss_parameter_supported: bool,
    /// Whether a token request may come without a client id.
    #[serde(rename = "pre-authorized_grant_anonymous_access_supported", default)]
    pub pre_authorized_grant_anonymous_access_supported: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

const SIGNED_TYP: &str = "openidvci-issuer-metadata+jwt";

/// Signed issuer metadata (OpenID4VCI §12.2.3), to be signed by the key that `header` names by `kid` or `x5c`.
#[must_use]
pub fn prepare_signed(
    metadata: &IssuerMetadata,
    mut header: Value,
    iat: Timestamp,
    exp: Timestamp,
) -> jws::Unsigned {
    let mut payload = json!(metadata);
    if let (Some(members), Some(header)) = (payload.as_object_mut(), header.as_object_mut()) {
        members.insert("sub".to_owned(), json!(metadata.credential_issuer));
        members.insert("iat".to_owned(), json!(iat.unix()));
        members.insert("exp".to_owned(), json!(exp.unix()));
        header.insert("typ".to_owned(), json!(SIGNED_TYP));
    }
    jws::Unsigned::new(header, &payload)
}

/// Checks signed metadata of the issuer `credential_issuer`.
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_format` (typ), `unsupported_algorithm`, `issuer_untrusted` for a signer who is
/// not among the trusted, `invalid_signature`, `issuer_key_mismatch` for another issuer's metadata or a certificate that
/// does not speak for it, `expired`.
pub fn verify_signed(
    compact: &str,
    credential_issuer: &str,
    trusted: &Trusted<'_>,
    now: Timestamp,
) -> Result<IssuerMetadata, Error> {
    let limits = Limits {
        bytes: 512 * 1024,
        depth: 40,
    };
    let signed = trusted.verify(compact, limits, SIGNED_TYP, now)?;
    let speaks = signed
        .chain
        .as_ref()
        .is_none_or(|chain| chain.speaks_for(credential_issuer));
    let sub = signed.payload.get("sub").and_then(Value::as_str);
    if sub != Some(credential_issuer) || !speaks {
        return Err(Error::IssuerKeyMismatch);
    }
    // §12.2.3: `iat` is required, `exp` is not.
    trusted::unexpired(&signed.payload, now, trusted::Exp::Optional)?;
    let metadata: IssuerMetadata =
        serde_json::from_value(signed.payload).map_err(|_| Error::malformed("issuer metadata"))?;
    match metadata.credential_issuer == credential_issuer {
        true => Ok(metadata),
        false => Err(Error::IssuerKeyMismatch),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_of_another_form_is_left_out() {
        let metadata: IssuerMetadata = serde_json::from_value(json!({
            "credential_issuer": "https://issuer.example",
            "credential_endpoint": "https://issuer.example/credential",
            "credential_configurations_supported": {
                "card": {"format": "dc+sd-jwt", "vct": "urn:specimen:card"},
                "odd": {"format": 7},
                "older": {"proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": "ES256"}}},
                "text": "dc+sd-jwt",
            },
        }))
        .unwrap();
        let known = metadata.credential_configurations_supported;
        assert_eq!(known.keys().collect::<Vec<_>>(), ["card"]);
    }
}

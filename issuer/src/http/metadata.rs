//! The well-known documents (OpenID4VCI 1.0 §12.2, RFC 8414).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::vci::metadata::{BatchIssuance, ProofType, ResponseEncryptionMetadata};
use tessera_verifier::vci::{
    AuthorizationServerMetadata, CredentialConfiguration, IssuerMetadata, PRE_AUTHORIZED_CODE,
};

use crate::service::Service;
use tessera_exchange::jwe::{ALG, ENCS};

/// What this issuer issues and how it is asked.
#[utoipa::path(get, path = "/.well-known/openid-credential-issuer", tag = "OpenID4VCI", responses((status = 200, description = "Credential issuer metadata", body = Object)))]
pub(super) async fn issuer(State(service): State<Arc<Service>>) -> Json<IssuerMetadata> {
    let url = service.issuer_url();
    let authority = &service.config.authority;
    let mut configurations = BTreeMap::new();
    for level in AssuranceLevel::ALL {
        let profile = CredentialProfile::of(level);
        for format in Format::ALL {
            configurations.insert(
                profile.configuration(format).to_owned(),
                configuration(profile, format),
            );
        }
    }
    Json(IssuerMetadata {
        credential_endpoint: format!("{url}/credential"),
        deferred_credential_endpoint: Some(format!("{url}/deferred_credential")),
        nonce_endpoint: Some(format!("{url}/nonce")),
        authorization_servers: Vec::new(),
        credential_response_encryption: Some(ResponseEncryptionMetadata {
            alg_values_supported: vec![ALG.to_owned()],
            enc_values_supported: ENCS.map(str::to_owned).to_vec(),
            zip_values_supported: Vec::new(),
            encryption_required: false,
        }),
        credential_request_encryption: None,
        notification_endpoint: None,
        batch_credential_issuance: u32::try_from(service.config.issuance.batch_size)
            .ok()
            .map(|batch_size| BatchIssuance { batch_size }),
        display: vec![
            json!({"name": authority.name_en, "locale": "en"}),
            json!({"name": authority.name_zh, "locale": "zh"}),
        ],
        credential_configurations_supported: configurations,
        credential_issuer: url,
    })
}

/// The token endpoint of the same service.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "OpenID4VCI", responses((status = 200, description = "Authorization server metadata", body = Object)))]
pub(super) async fn authorization_server(
    State(service): State<Arc<Service>>,
) -> Json<AuthorizationServerMetadata> {
    let url = service.issuer_url();
    Json(AuthorizationServerMetadata {
        token_endpoint: format!("{url}/token"),
        grant_types_supported: vec![PRE_AUTHORIZED_CODE.to_owned()],
        pre_authorized_grant_anonymous_access_supported: true,
        issuer: url,
        ..AuthorizationServerMetadata::default()
    })
}

fn configuration(profile: &CredentialProfile, format: Format) -> CredentialConfiguration {
    let algorithm = match format {
        Format::SdJwt => "ES256",
        Format::LdpVc => "ecdsa-sd-2023",
    };
    let proof = ProofType {
        proof_signing_alg_values_supported: vec!["ES256".to_owned()],
        key_attestations_required: None,
    };
    let (vct, definition): (Option<String>, Option<Value>) = match format {
        Format::SdJwt => (Some(profile.vct.to_owned()), None),
        Format::LdpVc => (
            None,
            Some(json!({
                "@context": CredentialProfile::contexts(),
                "type": profile.types(),
            })),
        ),
    };
    let (en, zh) = match profile.level {
        AssuranceLevel::Limited => ("Limited-function identity", "有限功能身份凭证"),
        AssuranceLevel::Full => ("Full-function identity", "全功能身份凭证"),
    };
    CredentialConfiguration {
        format: format.as_str().to_owned(),
        scope: Some(profile.configuration(format).to_owned()),
        vct,
        credential_definition: definition,
        // Key proofs carry `jwk` whatever the format: a proof by `kid` is refused.
        cryptographic_binding_methods_supported: vec!["jwk".to_owned()],
        credential_signing_alg_values_supported: vec![algorithm.into()],
        proof_types_supported: BTreeMap::from([("jwt".to_owned(), proof)]),
        credential_metadata: Some(json!({
            "display": [{"name": en, "locale": "en"}, {"name": zh, "locale": "zh"}],
        })),
    }
}

//! The well-known documents (OpenID4VCI 1.0 §12.2, RFC 8414), plain or signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tessera_exchange::jwe::{ALG, ENCS};
use tessera_verifier::Timestamp;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::vci::authorization::OPENID_CREDENTIAL;
use tessera_verifier::vci::metadata::{
    self, BatchIssuance, JwkSet, KeyAttestationsRequired, ProofType, RequestEncryptionMetadata,
    ResponseEncryptionMetadata,
};
use tessera_verifier::vci::token::{AUTHORIZATION_CODE, REFRESH_TOKEN};
use tessera_verifier::vci::{
    AuthorizationServerMetadata, CredentialConfiguration, IssuerMetadata, PRE_AUTHORIZED_CODE,
    client_attestation, pkce,
};

use crate::failure::Failure;
use crate::service::Service;

/// Seconds for which signed metadata holds.
const SIGNED_SECONDS: i64 = 86_400;
const ES256: &str = "ES256";

/// What this issuer issues and how it is asked; signed where `Accept` asks for `application/jwt` (§12.2.3).
#[utoipa::path(get, path = "/.well-known/openid-credential-issuer", tag = "OpenID4VCI", responses((status = 200, description = "Credential issuer metadata: JSON, or a JWT signed with the key that signs credentials", body = Object)))]
pub(super) async fn issuer(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let document = document(&service);
    let vary = [(header::VARY, "accept")];
    let wants_signed = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| {
            let media_type = one.split(';').next().unwrap_or_default().trim();
            media_type.eq_ignore_ascii_case("application/jwt")
        });
    if !wants_signed {
        return Ok((vary, Json(document)).into_response());
    }
    let signer = service.active();
    let now = Timestamp::from_unix(service.now());
    let unsigned = metadata::prepare_signed(
        &document,
        json!({"kid": signer.key_id()}),
        now,
        now.add_seconds(SIGNED_SECONDS),
    );
    let signatures = signer
        .sign(&[unsigned.signing_input()])
        .await
        .map_err(|error| Failure::internal(&error))?;
    let signature = signatures
        .first()
        .ok_or_else(|| Failure::internal(&"the signer returned no signature"))?;
    let media_type = [(header::CONTENT_TYPE, "application/jwt")];
    Ok((vary, media_type, unsigned.attach(signature)).into_response())
}

fn document(service: &Service) -> IssuerMetadata {
    let url = service.issuer_url();
    let authority = &service.config.authority;
    let mut configurations = BTreeMap::new();
    for level in AssuranceLevel::ALL {
        let profile = CredentialProfile::of(level);
        for format in Format::ALL {
            configurations.insert(
                profile.configuration(format).to_owned(),
                configuration(service, profile, format),
            );
        }
    }
    let encs = ENCS.map(str::to_owned).to_vec();
    IssuerMetadata {
        credential_endpoint: format!("{url}/credential"),
        deferred_credential_endpoint: Some(format!("{url}/deferred_credential")),
        nonce_endpoint: Some(format!("{url}/nonce")),
        notification_endpoint: Some(format!("{url}/notification")),
        authorization_servers: Vec::new(),
        credential_request_encryption: Some(RequestEncryptionMetadata {
            jwks: JwkSet {
                keys: vec![service.decryption.public_jwk()],
            },
            enc_values_supported: encs.clone(),
            zip_values_supported: Vec::new(),
            encryption_required: false,
        }),
        credential_response_encryption: Some(ResponseEncryptionMetadata {
            alg_values_supported: vec![ALG.to_owned()],
            enc_values_supported: encs,
            zip_values_supported: Vec::new(),
            encryption_required: false,
        }),
        batch_credential_issuance: u32::try_from(service.config.issuance.batch_size)
            .ok()
            .map(|batch_size| BatchIssuance { batch_size }),
        display: vec![
            json!({"name": authority.name_en, "locale": "en"}),
            json!({"name": authority.name_zh, "locale": "zh"}),
        ],
        credential_configurations_supported: configurations,
        credential_issuer: url,
    }
}

/// The authorization server is the same service.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "OpenID4VCI", responses((status = 200, description = "Authorization server metadata", body = Object)))]
pub(super) async fn authorization_server(
    State(service): State<Arc<Service>>,
) -> Json<AuthorizationServerMetadata> {
    let url = service.issuer_url();
    let wallets = &service.wallets;
    let es256 = || vec![ES256.to_owned()];
    let attested = !service.attesters.is_empty();
    let mut methods = Vec::new();
    if !wallets.require_attestation {
        methods.push("none".to_owned());
    }
    if attested {
        methods.push(client_attestation::METHOD.to_owned());
    }
    let mut grants = vec![
        AUTHORIZATION_CODE.to_owned(),
        PRE_AUTHORIZED_CODE.to_owned(),
    ];
    if wallets.refresh_days > 0 {
        grants.push(REFRESH_TOKEN.to_owned());
    }
    let scopes = AssuranceLevel::ALL.into_iter().flat_map(|level| {
        let profile = CredentialProfile::of(level);
        Format::ALL.map(|format| profile.configuration(format).to_owned())
    });
    Json(AuthorizationServerMetadata {
        authorization_endpoint: Some(format!("{url}/authorize")),
        token_endpoint: format!("{url}/token"),
        pushed_authorization_request_endpoint: Some(format!("{url}/par")),
        require_pushed_authorization_requests: wallets.require_pushed,
        challenge_endpoint: attested.then(|| format!("{url}/challenge")),
        response_types_supported: vec!["code".to_owned()],
        grant_types_supported: grants,
        scopes_supported: scopes.collect(),
        code_challenge_methods_supported: vec![pkce::S256.to_owned()],
        token_endpoint_auth_methods_supported: methods,
        client_attestation_signing_alg_values_supported: if attested {
            es256()
        } else {
            Vec::new()
        },
        client_attestation_pop_signing_alg_values_supported: if attested {
            es256()
        } else {
            Vec::new()
        },
        dpop_signing_alg_values_supported: es256(),
        authorization_details_types_supported: vec![OPENID_CREDENTIAL.to_owned()],
        authorization_response_iss_parameter_supported: true,
        pre_authorized_grant_anonymous_access_supported: !wallets.require_attestation,
        issuer: url,
    })
}

fn configuration(
    service: &Service,
    profile: &CredentialProfile,
    format: Format,
) -> CredentialConfiguration {
    let algorithm = match format {
        Format::SdJwt => ES256,
        Format::LdpVc => "ecdsa-sd-2023",
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
        proof_types_supported: proof_types(service),
        credential_metadata: Some(json!({
            "display": [{"name": en, "locale": "en"}, {"name": zh, "locale": "zh"}],
        })),
    }
}

/// `jwt`, and `attestation` where somebody's word on keys is taken.
fn proof_types(service: &Service) -> BTreeMap<String, ProofType> {
    let required = KeyAttestationsRequired {
        key_storage: service.wallets.key_storage.clone(),
        user_authentication: service.wallets.user_authentication.clone(),
    };
    let demanded = required != KeyAttestationsRequired::default();
    let jwt = ProofType {
        proof_signing_alg_values_supported: vec![ES256.to_owned()],
        key_attestations_required: demanded.then(|| required.clone()),
    };
    let mut types = BTreeMap::from([("jwt".to_owned(), jwt.clone())]);
    if !service.key_attesters.is_empty() {
        let attestation = ProofType {
            // §12.2.4: this type cannot do without.
            key_attestations_required: Some(required),
            ..jwt
        };
        types.insert("attestation".to_owned(), attestation);
    }
    types
}

//! `POST /token` (RFC 6749 §3.2, OpenID4VCI 1.0 §6).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use tessera_verifier::Error;
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::{Grant, Secret, TokenRequest, TokenResponse, pkce};

use super::problem::Refusal;
use super::sessions::blank;
use super::{body, client, dpop, wish};
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::secrets::{digest, tx_code_digest};
use crate::service::Service;
use crate::store::{
    Binding, CodeRedemption, GrantRecord, Level, Redemption, Refreshment, StoreError, Tokens,
};

/// The media type of forms.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Redeems a pre-authorized code, an authorization code or a refresh token, each once.
#[utoipa::path(post, path = "/token", tag = "OpenID4VCI",
    request_body(content = Object, content_type = "application/x-www-form-urlencoded", description = "`grant_type` with `pre-authorized_code` and `tx_code`, or `code`, `redirect_uri` and `code_verifier`, or `refresh_token`; `client_id`, `authorization_details`"), responses(
    (status = 200, description = "An access token; bound to the key of the `DPoP` header where there is one, and then with a refresh token", body = Object),
    (status = "default", description = "invalid_grant, invalid_request, unsupported_grant_type, invalid_client, invalid_client_attestation, use_attestation_challenge, invalid_dpop_proof, use_dpop_nonce, invalid_authorization_details", body = super::Problem),
))]
pub(super) async fn redeem(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answer(&service, &headers, body)
        .await
        .map_err(Refusal::token)
}

async fn answer(service: &Service, headers: &HeaderMap, body: Body) -> Result<Response, Failure> {
    let form = form(service, headers, body).await?;
    let request = TokenRequest::from_form(&form).map_err(|error| malformed(&error))?;
    let mut binding = client::authenticate(service, headers, request.client_id.as_deref()).await?;
    let proof = dpop::proof(service, headers, "/token", None).await?;
    if proof.is_none() && service.wallets.require_dpop {
        return Err(Failure::with(
            Code::InvalidDpopProof,
            "tokens here are bound to a key",
        ));
    }
    binding.jkt = proof.map(|proof| proof.key.thumbprint());
    let (issued, tokens) = issue_tokens(service, &binding);
    let url = service.issuer_url();
    let wanted = wish::read(None, &request.authorization_details, &url)?;
    let now = service.now();
    let granted = match request.grant {
        Grant::PreAuthorizedCode { code, tx_code } => {
            let code_digest = digest(code.expose());
            let tx_code =
                tx_code.ok_or(Failure::with(Code::InvalidRequest, "tx_code is missing"))?;
            let redemption = Redemption {
                tx_code_digest: tx_code_digest(&code_digest, tx_code.expose()),
                code_digest,
                tokens,
                binding,
                wish: wanted,
                max_failures: service.config.limits.tx_code_attempts,
            };
            service.store.redeem_code(redemption, now).await
        }
        Grant::AuthorizationCode {
            code,
            redirect_uri,
            code_verifier,
        } => {
            if binding.client.is_none() {
                return Err(Failure::with(Code::InvalidRequest, "client_id is missing"));
            }
            let redemption = CodeRedemption {
                code_digest: digest(code.expose()),
                redirect_uri,
                code_challenge: challenge(code_verifier.as_ref())?,
                binding,
                tokens,
            };
            service.store.redeem_authorization(redemption, now).await
        }
        Grant::RefreshToken { refresh_token } => {
            refresh(service, &refresh_token, (binding, tokens)).await
        }
        _ => return Err(Code::UnsupportedGrantType.into()),
    };
    let granted = granted.map_err(refused)?;
    respond(service, issued, &granted)
}

/// One answer for all that is wrong with a code: which part was is not told to a guesser.
fn refused(error: StoreError) -> Failure {
    match error {
        StoreError::NotFound
        | StoreError::Expired
        | StoreError::AlreadyUsed
        | StoreError::WrongState
        | StoreError::WrongTxCode => Code::InvalidGrant.into(),
        other => other.into(),
    }
}

fn challenge(verifier: Option<&Secret>) -> Result<String, Failure> {
    let missing = Failure::with(Code::InvalidRequest, "code_verifier is missing");
    let verifier = verifier.ok_or(missing)?.expose();
    let challenge = pkce::challenge(verifier);
    match pkce::answers(verifier, &challenge) {
        true => Ok(challenge),
        // RFC 7636 §4.1: too short, too long, or of other characters.
        false => Err(Code::InvalidGrant.into()),
    }
}

async fn refresh(
    service: &Service,
    refresh_token: &Secret,
    (binding, tokens): (Binding, Tokens),
) -> Result<GrantRecord, StoreError> {
    let (now, assurance) = (service.now(), &service.config.assurance);
    let refreshment = Refreshment {
        refresh_digest: digest(refresh_token.expose()),
        binding,
        // The store fills in whose it is; nobody gets its token.
        session: blank(
            service,
            String::new(),
            Level::Limited,
            (String::new(), &token(&*service.entropy)),
        ),
        tokens,
        lifetimes: assurance.lifetimes,
        evidence: assurance.evidence_days,
    };
    service.store.refresh(refreshment, now).await
}

/// Fresh tokens in clear and as the store keeps them. A refresh token only beside an access token that is bound to a key:
/// whoever found one could otherwise fetch the person's credentials for weeks.
fn issue_tokens(service: &Service, binding: &Binding) -> ((Secret, Option<Secret>), Tokens) {
    let (now, limits) = (service.now(), &service.config.limits);
    let lifetimes = &service.config.assurance.lifetimes;
    let access = token(&*service.entropy);
    let days = service.wallets.refresh_days;
    let refresh = (binding.jkt.is_some() && days > 0).then(|| token(&*service.entropy));
    let tokens = Tokens {
        access: digest(&access),
        expires: now + limits.token_seconds,
        expires_in_review: now + lifetimes.in_review + lifetimes.approved,
        refresh: refresh
            .as_deref()
            .map(|refresh| (digest(refresh), now + days * 86_400)),
    };
    ((access.into(), refresh.map(Secret::from)), tokens)
}

fn respond(
    service: &Service,
    (access_token, refresh_token): (Secret, Option<Secret>),
    grant: &GrantRecord,
) -> Result<Response, Failure> {
    let bound = grant.binding.jkt.is_some();
    let response = TokenResponse {
        access_token,
        token_type: if bound { "DPoP" } else { "Bearer" }.to_owned(),
        expires_in: u64::try_from(grant.expires - service.now()).ok(),
        refresh_token,
        scope: None,
        authorization_details: wish::granted(grant.wish.as_ref()),
    };
    let mut answer = ([(header::CACHE_CONTROL, "no-store")], Json(response)).into_response();
    if bound && let Ok(nonce) = dpop::nonce(service).parse() {
        let name = HeaderName::from_static(dpop::NONCE_HEADER);
        answer.headers_mut().insert(name, nonce);
    }
    Ok(answer)
}

/// A form, each parameter once (RFC 6749 §3.2).
pub(super) async fn form(
    service: &Service,
    headers: &HeaderMap,
    body: Body,
) -> Result<Form, Failure> {
    let most = service.config.limits.body_bytes;
    let bytes = body::bytes(headers, body, &[FORM], most).await?;
    Form::parse(&bytes)
        .map_err(|_| Failure::with(Code::InvalidRequest, "the form is not well formed"))
}

/// What is wrong with a request, by the name of the parameter.
pub(super) fn malformed(error: &Error) -> Failure {
    match error {
        Error::UnsupportedFormat { what: "grant_type" } => Code::UnsupportedGrantType.into(),
        Error::UnsupportedFormat { .. } => {
            Failure::with(Code::InvalidRequest, "only response_type=code is offered")
        }
        Error::UnsupportedAlgorithm { .. } => {
            Failure::with(Code::InvalidRequest, "PKCE is offered with S256 only")
        }
        Error::Malformed {
            what: "authorization_details",
        } => Code::InvalidAuthorizationDetails.into(),
        Error::Malformed { what } => Failure::with(Code::InvalidRequest, what),
        _ => Failure::with(Code::InvalidRequest, "a parameter is too large"),
    }
}

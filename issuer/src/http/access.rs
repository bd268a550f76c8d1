//! Access tokens at the credential, deferred credential and notification endpoints.

use axum::http::{HeaderMap, Uri, header};
use tessera_verifier::vci::form::Form;

use super::dpop;
use crate::failure::{Code, Failure};
use crate::secrets::digest;
use crate::service::Service;
use crate::store::{GrantRecord, SessionRecord, StoreError};

/// Tokens of ours are shorter.
const TOKEN_MAX: usize = 256;

/// What a token that was presented rightly stands for.
pub(super) struct Access {
    pub(super) session: SessionRecord,
    pub(super) grant: GrantRecord,
    pub(super) token_digest: String,
}

/// Checks the token of a `POST` to `uri`: in the header only (RFC 6750 §2), and with a proof by its key where it is bound
/// to one (RFC 9449 §7.1).
///
/// # Errors
/// `token_in_query`, `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce`.
pub(super) async fn check(
    service: &Service,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Access, Failure> {
    let query = Form::parse(uri.query().unwrap_or_default().as_bytes())
        .map_err(|_| Failure::with(Code::InvalidRequest, "the query is not well formed"))?;
    if query.get("access_token").is_some() {
        return Err(Code::TokenInQuery.into());
    }
    let invalid = || Failure::from(Code::InvalidToken);
    let value = headers.get(header::AUTHORIZATION).ok_or_else(invalid)?;
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(_, token)| !token.is_empty() && token.len() <= TOKEN_MAX)
        .ok_or_else(invalid)?;
    let token_digest = digest(token);
    let (session, grant) = service
        .store
        .granted_session(&token_digest, service.now())
        .await
        .map_err(|error| match error {
            StoreError::NotFound | StoreError::Expired => invalid(),
            other => other.into(),
        })?;
    match &grant.binding.jkt {
        None if scheme.eq_ignore_ascii_case("bearer") => {}
        // RFC 9449 §7.2: a bound token is no bearer token.
        Some(jkt) if scheme.eq_ignore_ascii_case("dpop") => {
            let proof = dpop::proof(service, headers, uri.path(), Some(token))
                .await?
                .ok_or(Failure::from(Code::InvalidDpopProof))?;
            if proof.key.thumbprint() != *jkt {
                return Err(Failure::with(
                    Code::InvalidDpopProof,
                    "the token is bound to another key",
                ));
            }
        }
        _ => return Err(invalid()),
    }
    Ok(Access {
        session,
        grant,
        token_digest,
    })
}

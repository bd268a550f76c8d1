//! DPoP proofs (RFC 9449) as requests carry them: checked, with a nonce of ours, and each taken once.

use axum::http::HeaderMap;
use tessera_verifier::Timestamp;
use tessera_verifier::vci::dpop::{self, Expected, VerifiedDpop};

use crate::failure::{Code, Failure};
use crate::nonces::Purpose;
use crate::service::Service;
use crate::store::StoreError;

/// The header of a proof.
const HEADER: &str = "dpop";
/// The header of a nonce (RFC 9449 §8).
pub(super) const NONCE_HEADER: &str = "dpop-nonce";

/// The proof of a `POST` to `path`, if the request carries one; with the access token where one is presented.
///
/// # Errors
/// `invalid_dpop_proof`; `use_dpop_nonce` with a nonce to use; `internal`.
pub(super) async fn proof(
    service: &Service,
    headers: &HeaderMap,
    path: &str,
    access_token: Option<&str>,
) -> Result<Option<VerifiedDpop>, Failure> {
    let mut sent = headers.get_all(HEADER).iter();
    let Some(proof) = sent.next() else {
        return Ok(None);
    };
    // RFC 9449 §4.3: not more than one.
    let one = sent.next().is_none();
    let proof = proof.to_str().ok().filter(|_| one).ok_or(Failure::with(
        Code::InvalidDpopProof,
        "there must be exactly one DPoP proof",
    ))?;
    let now = service.now();
    let htu = format!("{}{path}", service.issuer_url());
    let expected = Expected {
        htm: "POST",
        htu: &htu,
        access_token,
        now: Timestamp::from_unix(now),
    };
    let verified = dpop::verify(proof, &expected)
        .map_err(|error| Failure::with(Code::InvalidDpopProof, reason(error.code())))?;
    match &verified.nonce {
        Some(nonce) if service.fresh_nonce(Purpose::Dpop, nonce).is_none() => {
            return Err(use_nonce(service));
        }
        None if service.wallets.dpop_nonce => return Err(use_nonce(service)),
        _ => {}
    }
    let once = format!("dpop {}", verified.once());
    match service.store.spend_once(&once, now + dpop::LIFETIME).await {
        Ok(()) => Ok(Some(verified)),
        Err(StoreError::AlreadyUsed) => Err(Failure::with(
            Code::InvalidDpopProof,
            "the DPoP proof was used before",
        )),
        Err(other) => Err(other.into()),
    }
}

/// A nonce for the client's next proofs.
pub(super) fn nonce(service: &Service) -> String {
    service.nonce(Purpose::Dpop)
}

fn use_nonce(service: &Service) -> Failure {
    Failure {
        header: Some((NONCE_HEADER, nonce(service))),
        ..Failure::from(Code::UseDpopNonce)
    }
}

fn reason(code: &str) -> &'static str {
    match code {
        "audience_mismatch" => "the DPoP proof is for another request",
        "holder_binding_invalid" => "the DPoP proof is for another access token",
        "holder_binding_missing" => "the DPoP proof names no key",
        "unsupported_algorithm" => "the DPoP proof's algorithm is not accepted",
        "unsupported_format" => "the DPoP proof is of another type",
        "invalid_signature" => "the DPoP proof's signature does not verify",
        "presentation_too_old" => "the DPoP proof is too old",
        "presentation_from_future" => "the DPoP proof is from the future",
        _ => "the DPoP proof is not well formed",
    }
}

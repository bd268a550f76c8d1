//! Who a client is: whoever it says, or what somebody trusted attests of it
//! (draft-ietf-oauth-attestation-based-client-auth-07).

use axum::http::HeaderMap;
use tessera_verifier::Timestamp;
use tessera_verifier::vci::client_attestation::{self, HEADER, LIFETIME, POP_HEADER};

use crate::failure::{Code, Failure};
use crate::nonces::Purpose;
use crate::service::Service;
use crate::store::{Binding, StoreError};

/// [`client_attestation::CHALLENGE_HEADER`], as header maps want it.
const CHALLENGE_HEADER: &str = "oauth-client-attestation-challenge";
/// Characters of a `client_id` at most.
const CLIENT_MAX: usize = 512;

/// The client of a request that says `client_id`, without its DPoP key.
///
/// # Errors
/// `invalid_client` where an attestation is demanded and missing, or for another client; `invalid_client_attestation`;
/// `use_attestation_challenge` with a challenge to answer; `internal`.
pub(super) async fn authenticate(
    service: &Service,
    headers: &HeaderMap,
    client_id: Option<&str>,
) -> Result<Binding, Failure> {
    if client_id.is_some_and(|id| id.len() > CLIENT_MAX) {
        return Err(Failure::with(Code::InvalidRequest, "client_id is too long"));
    }
    let refused = |why| Failure::with(Code::InvalidClientAttestation, why);
    let (attestation, pop) = match (one(headers, HEADER)?, one(headers, POP_HEADER)?) {
        (Some(attestation), Some(pop)) => (attestation, pop),
        (None, None) if service.wallets.require_attestation => {
            return Err(Failure::with(
                Code::InvalidClient,
                "the wallet's attestation is missing",
            ));
        }
        (None, None) => {
            return Ok(Binding {
                client: client_id.map(str::to_owned),
                ..Binding::default()
            });
        }
        _ => return Err(refused("attestation and proof of possession go together")),
    };
    let now = service.now();
    let client = client_attestation::verify(
        attestation,
        pop,
        &service.issuer_url(),
        &service.attesters.trusted(),
        Timestamp::from_unix(now),
    )
    .map_err(|error| refused(reason(error.code())))?;
    if client_id.is_some_and(|id| id != client.client_id) {
        return Err(Failure::with(
            Code::InvalidClient,
            "the attestation is for another client",
        ));
    }
    match &client.challenge {
        Some(answered)
            if service
                .fresh_nonce(Purpose::Attestation, answered)
                .is_none() =>
        {
            return Err(use_challenge(service));
        }
        None if service.wallets.attestation_challenge => return Err(use_challenge(service)),
        _ => {}
    }
    let once = format!("attestation {}", client.once());
    match service.store.spend_once(&once, now + LIFETIME).await {
        Ok(()) => Ok(Binding {
            instance: Some(client.key.thumbprint()),
            client: Some(client.client_id),
            jkt: None,
        }),
        Err(StoreError::AlreadyUsed) => Err(refused("the proof of possession was used before")),
        Err(other) => Err(other.into()),
    }
}

/// A challenge for the proofs beside attestations.
pub(super) fn challenge(service: &Service) -> String {
    service.nonce(Purpose::Attestation)
}

fn use_challenge(service: &Service) -> Failure {
    Failure {
        header: Some((CHALLENGE_HEADER, challenge(service))),
        ..Failure::from(Code::UseAttestationChallenge)
    }
}

/// The value of a header that may come once.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Failure> {
    let mut sent = headers.get_all(name).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| twice()),
        _ => Err(twice()),
    }
}

fn twice() -> Failure {
    Failure::with(
        Code::InvalidClientAttestation,
        "there must be exactly one attestation",
    )
}

fn reason(code: &str) -> &'static str {
    match code {
        "expired" => "the attestation has expired",
        "issuer_untrusted" => "the attester is not trusted",
        "invalid_signature" => "a signature does not verify",
        "audience_mismatch" => "the proof of possession is for another audience",
        "holder_binding_invalid" => "the proof of possession is for another client",
        "presentation_too_old" => "the proof of possession is too old",
        "presentation_from_future" | "not_yet_valid" => "it is from the future",
        "unsupported_algorithm" => "the algorithm is not accepted",
        "unsupported_format" => "it is of another type",
        _ => "it is not well formed",
    }
}

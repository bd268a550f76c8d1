//! Fetching a request object from its request URI (OpenID4VP 1.0 §5.4, §5.10).

use serde_json::json;
use tessera_exchange::jwe::{ALG, DecryptionKey, ENCS};
use url::{Url, form_urlencoded};

use super::MAX_REQUEST;
use crate::error::Error;
use crate::reach::Reach;
use crate::surroundings::Surroundings;
use crate::transport::HttpRequest;

const MEDIA_TYPE: &str = "application/oauth-authz-req+jwt";

pub(super) fn get(
    surroundings: Surroundings<'_>,
    url: Url,
    reach: &Reach,
) -> Result<String, Error> {
    reach.check(&url)?;
    send(surroundings, HttpRequest::get(url, MEDIA_TYPE))
}

/// §5.10: what the wallet can do is the same for every wallet of this version and tells nothing about the holder; the key
/// is for this one call. A verifier that can encrypts the request object to it, so that nobody on the way reads what is
/// asked; of one that cannot it is taken as it is.
pub(super) fn post(
    surroundings: Surroundings<'_>,
    url: Url,
    wallet_nonce: &str,
    reach: &Reach,
) -> Result<String, Error> {
    reach.check(&url)?;
    let key = DecryptionKey::generate("request").map_err(|_| Error::RequestUnreadable)?;
    let metadata = json!({
        "jwks": {"keys": [key.public_jwk()]},
        "request_object_encryption_alg_values_supported": [ALG],
        "request_object_encryption_enc_values_supported": ENCS,
        "vp_formats_supported": {
            "dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]},
            "ldp_vc": {
                "proof_type_values": ["DataIntegrityProof"],
                "cryptosuite_values": ["ecdsa-sd-2023", "ecdsa-rdfc-2019"],
            },
        },
        "client_id_prefixes_supported":
            ["decentralized_identifier", "x509_san_dns", "x509_hash", "verifier_attestation"],
        "request_object_signing_alg_values_supported": ["ES256", "ES384", "ES512", "EdDSA"],
        "authorization_encryption_alg_values_supported": ["ECDH-ES"],
        "authorization_encryption_enc_values_supported": ["A256GCM", "A128GCM"],
        "response_types_supported": ["vp_token"],
        "response_modes_supported": ["direct_post", "direct_post.jwt"],
    });
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("wallet_metadata", &metadata.to_string());
    form.append_pair("wallet_nonce", wallet_nonce);
    let body = form.finish().into_bytes();
    let request = HttpRequest::post(url, "application/x-www-form-urlencoded", body);
    let answer = send(
        surroundings,
        HttpRequest {
            accept: MEDIA_TYPE,
            ..request
        },
    )?;
    // RFC 7516 §9: five parts are a JWE, three a JWS.
    if answer.split('.').count() != 5 {
        return Ok(answer);
    }
    let clear = key.decrypt(&answer, &ENCS);
    let clear = clear.map_err(|_| Error::RequestUnreadable)?;
    String::from_utf8(clear.to_vec()).map_err(|_| Error::RequestUnreadable)
}

fn send(surroundings: Surroundings<'_>, request: HttpRequest) -> Result<String, Error> {
    let request = request.with_max_answer(MAX_REQUEST);
    let answer = surroundings.transport.send(request)?;
    // §5.10.2: any error ends it.
    if answer.status != 200 {
        return Err(Error::RequestUnreadable);
    }
    let text = String::from_utf8(answer.body).map_err(|_| Error::RequestUnreadable)?;
    match text.len() {
        0..=MAX_REQUEST => Ok(text.trim().to_owned()),
        _ => Err(Error::RequestUnreadable),
    }
}

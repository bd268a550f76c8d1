//! SD-JWT VCs of issuers that are not in any bundle: whose they are is found out from what can be authenticated.

use serde_json::{Map, Value};
use tessera_verifier::json::Limits;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::sd_jwt::{self, SdJwt};
use tessera_verifier::time::Timestamp;
use tessera_verifier::x509::ChainPolicy;
use tessera_verifier::{did, jws};
use url::Url;

use super::check::NOT_CLAIMS;
use super::requested::KeyRing;
use crate::client::Client;
use crate::error::Error;
use crate::issuer::parse;
use crate::store::{AuthenticatedBy, CredentialBody, OneTimeCredential};
use crate::surroundings::Surroundings;
use crate::transport::{HttpRequest, TransportError, check_url, is_loopback_host};

/// Largest list of an issuer's keys, in bytes.
const MAX_KEYS: usize = 64 * 1024;
/// Kinds of key an issuer may sign with.
const SIGNED_BY: [KeyType; 3] = [KeyType::P256, KeyType::P384, KeyType::Ed25519];

/// A credential of another issuer that is what it says: signature, type, key and dates. Has no `Debug`.
pub(super) struct Foreign {
    pub(super) issuer: String,
    pub(super) authenticated_by: AuthenticatedBy,
    pub(super) vct: String,
    pub(super) valid_from: Option<i64>,
    pub(super) valid_until: Option<i64>,
    pub(super) claims: Map<String, Value>,
    pub(super) one_time: OneTimeCredential,
}

/// Checks a credential of an issuer that is in no bundle, received from `issuer_url`.
///
/// # Errors
/// [`Error::Check`], [`Error::CredentialNotAsAsked`], [`Error::HolderKeyMismatch`], network errors where the issuer's keys
/// are to be fetched.
pub(super) fn verify(
    text: &str,
    expected_vct: Option<&str>,
    keys: &mut KeyRing,
    surroundings: Surroundings<'_>,
    (client, issuer_url): (Client<'_>, &str),
) -> Result<Foreign, Error> {
    let now = surroundings.clock.now();
    let unverified = sd_jwt::parse_with(text, &SIGNED_BY)?;
    let signer = signer(&unverified, surroundings, client, issuer_url)?;
    let payload = unverified
        .verify_issuer(&signer.key, &[sd_jwt::TYP, sd_jwt::TYP_OLD])?
        .into_payload();
    let vct = payload["vct"].as_str().ok_or(Error::CredentialNotAsAsked)?;
    if expected_vct.is_some_and(|expected| expected != vct) {
        return Err(Error::CredentialNotAsAsked);
    }
    let date = |name: &str| match payload.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(Error::CredentialNotAsAsked),
    };
    let (valid_from, valid_until) = (date("nbf")?, date("exp")?);
    if let Some(from) = valid_from.map(Timestamp::from_unix)
        && now < from
    {
        return Err(tessera_verifier::Error::NotYetValid { from, now }.into());
    }
    if let Some(until) = valid_until.map(Timestamp::from_unix)
        && now >= until
    {
        return Err(tessera_verifier::Error::Expired { until, now }.into());
    }
    let holder =
        PublicKey::from_jwk(&payload["cnf"]["jwk"]).map_err(|_| Error::HolderKeyMismatch)?;
    let at = keys
        .iter()
        .position(|(public, _)| *public == holder)
        .ok_or(Error::HolderKeyMismatch)?;
    let (_, key) = keys.swap_remove(at);
    let vct = vct.to_owned();
    let Value::Object(mut claims) = payload else {
        return Err(Error::CredentialNotAsAsked);
    };
    claims.retain(|name, _| !NOT_CLAIMS.contains(&name.as_str()));
    Ok(Foreign {
        issuer: signer.name,
        authenticated_by: signer.by,
        vct,
        valid_from,
        valid_until,
        claims,
        one_time: OneTimeCredential {
            format: tessera_verifier::claims::Format::SdJwt,
            body: CredentialBody::SdJwt(text.to_owned()),
            key,
        },
    })
}

/// Whose key signed, by what name, and how that is known.
struct Signer {
    key: PublicKey,
    name: String,
    by: AuthenticatedBy,
}

fn signer(
    unverified: &SdJwt,
    surroundings: Surroundings<'_>,
    client: Client<'_>,
    issuer_url: &str,
) -> Result<Signer, Error> {
    let payload = unverified.payload_unverified();
    let iss = payload["iss"].as_str();
    let header = unverified.header();
    if header.member("x5c").is_some() {
        let policy = ChainPolicy {
            now: surroundings.clock.now(),
            purposes: &[],
        };
        let key = unverified.issuer_key_by_x5c(client.anchors, &policy)?;
        // Without `iss` the certificate's own name counts, and that is not for a person to read here.
        let name = iss.map_or_else(|| did::did_key(&key), str::to_owned);
        return Ok(Signer {
            key,
            name,
            by: AuthenticatedBy::Certificate,
        });
    }
    let iss = iss.ok_or(Error::CredentialNotAsAsked)?;
    if did::is_self_describing(iss) {
        let (name, key) = did::resolve(iss)?;
        return Ok(Signer {
            key,
            name,
            by: AuthenticatedBy::Did,
        });
    }
    let key = published(iss, header, surroundings, issuer_url)?;
    Ok(Signer {
        key,
        name: iss.to_owned(),
        by: AuthenticatedBy::Address,
    })
}

/// The key at the issuer's own address (SD-JWT VC §3.5, JWT VC Issuer Metadata).
fn published(
    iss: &str,
    header: &jws::Header,
    surroundings: Surroundings<'_>,
    issuer_url: &str,
) -> Result<PublicKey, Error> {
    let mut url = Url::parse(iss).map_err(|_| Error::CredentialNotAsAsked)?;
    let said = url.clone();
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("/.well-known/jwt-vc-issuer{path}"));
    let metadata = fetch(url, surroundings, issuer_url)?;
    if metadata["issuer"].as_str() != Some(iss) {
        return Err(tessera_verifier::Error::IssuerKeyMismatch.into());
    }
    let fetched;
    let keys = match metadata["jwks_uri"].as_str() {
        None => &metadata["jwks"],
        Some(address) => {
            let url = Url::parse(address).map_err(|_| Error::IssuerMalformed)?;
            // Whoever answers at the issuer's address says which keys are its; nobody elsewhere does.
            if url.origin() != said.origin() {
                return Err(Error::IssuerMalformed);
            }
            fetched = fetch(url, surroundings, issuer_url)?;
            &fetched
        }
    };
    let keys = keys["keys"].as_array().ok_or(Error::IssuerMalformed)?;
    let named = |jwk: &&Value| match &header.kid {
        Some(kid) => jwk["kid"].as_str() == Some(kid),
        None => keys.len() == 1,
    };
    let jwk = keys
        .iter()
        .find(named)
        .ok_or(tessera_verifier::Error::IssuerKeyMismatch)?;
    Ok(PublicKey::from_jwk(jwk)?)
}

/// Fetches JSON from an address a credential names: https, or this machine where the issuer itself is on it.
fn fetch(url: Url, surroundings: Surroundings<'_>, issuer_url: &str) -> Result<Value, Error> {
    check_url(&url)?;
    let local = Url::parse(issuer_url).is_ok_and(|issuer| is_loopback_host(&issuer));
    if is_loopback_host(&url) && !local {
        return Err(TransportError::AddressRefused.into());
    }
    let request = HttpRequest::get(url, "application/json").with_max_answer(MAX_KEYS);
    let answer = surroundings.transport.send(request)?;
    if answer.status != 200 || answer.body.len() > Limits::MESSAGE.bytes {
        return Err(Error::IssuerMalformed);
    }
    parse(&answer.body)
}

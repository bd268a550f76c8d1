//! `request`: a signed request for a service of the catalogue.

use serde_json::json;
use tessera_verifier::Timestamp;
use tessera_verifier::bundle::RelyingParty;
use tessera_verifier::catalogue::Catalogue;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::did::did_key;
use tessera_verifier::encoding::base64url;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::request::{CLIENT_ID_PREFIX, Request, RequestBuilder};

use crate::args;
use crate::failure::Failure;
use crate::{files, key};

pub(crate) fn make(options: &args::Request, now: Timestamp, as_json: bool) -> Result<(), Failure> {
    let key = key::read(&options.key)?;
    let did = did_key(key.public_key());
    let service = Catalogue::builtin().get(&options.service).ok_or_else(|| {
        let known: Vec<_> = Catalogue::builtin()
            .services()
            .iter()
            .map(|service| service.id.as_str())
            .collect();
        usage(
            "service_unknown",
            format!(
                "no service {:?}; there are: {}",
                options.service,
                known.join(", ")
            ),
        )
    })?;
    let registration = registration(options)?;
    let registered = registration
        .client_id
        .strip_prefix(CLIENT_ID_PREFIX)
        .unwrap_or(&registration.client_id);
    if registered != did {
        return Err(usage(
            "registration_mismatch",
            "the registration is of another key".to_owned(),
        ));
    }
    if !registration.services.contains(&service.id) {
        return Err(usage(
            "service_unregistered",
            format!("the registration does not cover {}", service.id),
        ));
    }
    let expires = now.add_seconds(i64::from(options.ttl));
    let unsigned = RequestBuilder::for_service(service)
        .client(&did)
        .nonce(&nonce()?)
        .response_uri(options.response_uri.as_deref())
        .issued_at(now)
        .expires(expires)
        .build()?;
    let request = unsigned
        .sign(&key)
        .map_err(|_| trouble("key_unusable", "the key could not sign"))?;
    // What we send must be what a wallet will take.
    Request::for_own(&request)?;
    match &options.out {
        None if as_json => println!(
            "{}",
            json!({"ok": true, "request": request, "expires": expires.to_rfc3339()})
        ),
        None => println!("{request}"),
        Some(path) => {
            files::replace(path, format!("{request}\n").as_bytes())?;
            if as_json {
                println!(
                    "{}",
                    json!({"ok": true, "out": path, "expires": expires.to_rfc3339()})
                );
            } else {
                println!("{}: {}, until {expires}", path.display(), service.name.en);
            }
        }
    }
    Ok(())
}

fn registration(options: &args::Request) -> Result<RelyingParty, Failure> {
    let bytes = files::read(&options.registration, 64 * 1024)?;
    json::parse(&bytes, Limits::MESSAGE)
        .ok()
        .and_then(|value| serde_json::from_value(value).ok())
        .ok_or_else(|| {
            usage(
                "registration_invalid",
                format!("{} is no registration", options.registration.display()),
            )
        })
}

/// 256 random bits.
fn nonce() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| trouble("no_randomness", "the system gives no randomness"))?;
    Ok(base64url(&bytes))
}

fn usage(code: &'static str, text: String) -> Failure {
    Failure::Usage {
        code,
        text,
        advice: "Ask the authority for a registration of this key for this service.",
    }
}

fn trouble(code: &'static str, text: &str) -> Failure {
    Failure::Trouble {
        code,
        text: text.to_owned(),
        advice: "Try again.",
    }
}

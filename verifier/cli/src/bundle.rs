//! `bundle`: fetch, copy, look at.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tessera_verifier::{Bundle, Timestamp};
use ureq::http::Uri;
use ureq::tls::TlsConfig;

use crate::args::{Copy, Fetch, Show};
use crate::check::BUNDLE_MAX;
use crate::failure::Failure;
use crate::files;

pub(crate) fn fetch(options: &Fetch, now: Timestamp, json: bool) -> Result<(), Failure> {
    let bytes = download(&options.url)?;
    keep(&bytes, &options.root, &options.out, now, json)
}

pub(crate) fn copy(options: &Copy, now: Timestamp, json: bool) -> Result<(), Failure> {
    let bytes = files::read(&options.file, BUNDLE_MAX)?;
    keep(&bytes, &options.root, &options.out, now, json)
}

pub(crate) fn show(options: &Show, now: Timestamp, json: bool) -> Result<(), Failure> {
    let bundle = Bundle::open(&files::read(&options.file, BUNDLE_MAX)?, &options.root)?;
    describe(&bundle, now, json);
    Ok(())
}

/// Keeps a bundle that verifies and is not older than the one kept: a mirror must not bring back a time before a
/// revocation.
fn keep(bytes: &[u8], root: &str, out: &Path, now: Timestamp, json: bool) -> Result<(), Failure> {
    let bundle = Bundle::open(bytes, root)?;
    let kept = files::read(out, BUNDLE_MAX)
        .ok()
        .and_then(|bytes| Bundle::open(&bytes, root).ok());
    if kept.is_some_and(|kept| kept.issued_at() > bundle.issued_at()) {
        return Err(Failure::Trouble {
            code: "bundle_older",
            text: format!("this bundle is older than the one in {}", out.display()),
            advice: "Fetch from the authority or another mirror; the newer one was kept.",
        });
    }
    files::replace(out, bytes)?;
    describe(&bundle, now, json);
    Ok(())
}

fn describe(bundle: &Bundle, now: Timestamp, as_json: bool) {
    let mut parties: Vec<_> = bundle.relying_parties().collect();
    parties.sort_by(|a, b| a.client_id.cmp(&b.client_id));
    let mut lists: Vec<_> = bundle
        .status_lists()
        .map(|list| list.uri.as_str())
        .collect();
    lists.sort_unstable();
    if as_json {
        println!(
            "{}",
            json!({
                "ok": true,
                "root": bundle.root_did(),
                "authority": bundle.authority(),
                "issued_at": bundle.issued_at().to_rfc3339(),
                "expires": bundle.expires().to_rfc3339(),
                "age_seconds": bundle.age(now),
                "max_age_seconds": bundle.max_age(),
                "stale": bundle.is_stale(now),
                "issuers": bundle.issuers(),
                "status_lists": lists,
                "relying_parties": parties,
            })
        );
        return;
    }
    println!(
        "Bundle of {} ({})",
        bundle.authority().name.en,
        bundle.authority().name.zh
    );
    println!(
        "  issued    {} ({} s ago)",
        bundle.issued_at(),
        bundle.age(now)
    );
    let state = if bundle.is_stale(now) {
        "STALE: fetch a new one"
    } else {
        "fresh"
    };
    println!("  good to   {} ({state})", bundle.expires());
    println!("  issuers   {}", bundle.issuers().len());
    for issuer in bundle.issuers() {
        let levels: Vec<_> = issuer
            .assurance_levels
            .iter()
            .map(|level| level.as_str())
            .collect();
        println!("    {} ({})", issuer.did, levels.join(", "));
    }
    println!("  lists     {}", lists.len());
    lists.iter().for_each(|uri| println!("    {uri}"));
    println!("  relying parties {}", parties.len());
    parties
        .iter()
        .for_each(|party| println!("    {}: {}", party.name.en, party.services.join(", ")));
}

/// Downloads over https, or http from this machine; no redirects, so no other origin; bounded in time and size.
fn download(url: &str) -> Result<Vec<u8>, Failure> {
    let uri: Uri = url.parse().map_err(|_| refused("that is no URL"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if loopback => {}
        _ => return Err(refused("only https is used, or http on this machine")),
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let agent: ureq::Agent = ureq::config::Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .timeout_connect(Some(Duration::from_secs(10)))
        .user_agent("tessera-verify")
        .tls_config(
            TlsConfig::builder()
                .unversioned_rustls_crypto_provider(provider)
                .build(),
        )
        .build()
        .into();
    let mut answer = agent
        .get(url)
        .call()
        .map_err(|error| unreachable(&error.to_string()))?;
    match answer.status().as_u16() {
        200 => {}
        300..=399 => return Err(unreachable("it redirects, which is not followed")),
        status => return Err(unreachable(&format!("it answered with status {status}"))),
    }
    answer
        .body_mut()
        .with_config()
        .limit(BUNDLE_MAX)
        .read_to_vec()
        .map_err(|error| unreachable(&error.to_string()))
}

fn refused(text: &str) -> Failure {
    Failure::Usage {
        code: "url_refused",
        text: text.to_owned(),
        advice: "Give the https URL where the authority or a mirror publishes its bundle.",
    }
}

fn unreachable(text: &str) -> Failure {
    Failure::Trouble {
        code: "fetch_failed",
        text: format!("the bundle could not be fetched: {text}"),
        advice: "Check the URL and the network; a bundle can also be copied from a file.",
    }
}

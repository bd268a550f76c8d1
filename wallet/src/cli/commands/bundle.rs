//! `tessera bundle`

use std::fmt::Write as _;

use serde_json::json;
use tessera_wallet::Error;
use tessera_wallet::trust::{self, KnownIssuer};

use crate::cli::args::{Bundle, BundleAction};
use crate::cli::console::Console;
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: &Bundle) -> Result<(), Error> {
    let mut store = console.open()?;
    let mut known = trust::all_cached(store.contents())?;
    if let Some(BundleAction::Refresh) = arguments.action {
        for issuer in &mut known {
            console.progress("label_contacting", &[&describe::printable(&issuer.url)]);
            *issuer = trust::refresh(&mut store, console.surroundings(), &issuer.url)?;
        }
        console.progress("label_bundle_refreshed", &[]);
    }
    let now = console.now();
    let mut lines = String::new();
    let mut values = Vec::new();
    for KnownIssuer {
        url,
        root_did,
        bundle,
    } in &known
    {
        let stale = bundle.is_stale(now);
        let issued_at = bundle.issued_at().to_rfc3339();
        let until = bundle.expires().to_rfc3339();
        let label = if stale {
            "label_bundle_stale"
        } else {
            "label_bundle_age"
        };
        let _ = writeln!(
            lines,
            "{}",
            console.text(label, &[&describe::printable(url), &issued_at, &until])
        );
        values.push(json!({
            "issuer": url,
            "root": root_did,
            "issued_at": issued_at,
            "fresh_until": until,
            "stale": stale,
        }));
    }
    console.result(&json!({"bundles": values}), &lines);
    Ok(())
}

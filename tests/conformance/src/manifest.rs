//! The server described as the suites' lists of implementations describe theirs.

use serde_json::{Value, json};

use crate::keys;
use crate::state::State;
use crate::table::{Mechanism, Row, SUITES};

/// The implementation entry of a server at `base`, an absolute URL without a final slash: `issuers`, `verifiers`,
/// `vpVerifiers`, `vcHolders` and `didResolvers`, each with `id`, `endpoint` and `tags`.
#[must_use]
pub fn manifest(state: &State, base: &str) -> Value {
    let endpoint = |row: &'static Row, path: &str| {
        let mut entry = json!({
            "id": state.key(row).map(keys::Key::did),
            "endpoint": format!("{base}/{}/{path}", row.name),
            "tags": row.tags,
            "supports": {"vc": row.versions, "keyTypes": [keys::name(row.key)]},
        });
        if row.name.starts_with("ecdsa")
            && let Some(members) = entry.as_object_mut()
        {
            members.insert(
                "supportedEcdsaKeyTypes".to_owned(),
                json!([keys::name(row.key)]),
            );
        }
        entry
    };
    let all = |path: &str| -> Vec<Value> { SUITES.iter().map(|row| endpoint(row, path)).collect() };
    let holders: Vec<Value> = SUITES
        .iter()
        .filter(|row| matches!(row.mechanism, Mechanism::Selective(_)))
        .map(|row| {
            let mut entry = endpoint(row, "credentials/derive");
            entry["tags"] = json!(["vcHolder", row.tags[0]]);
            entry
        })
        .collect();
    json!({
        "name": "Tessera",
        "implementation": "Tessera",
        "issuers": all("credentials/issue"),
        "verifiers": all("credentials/verify"),
        "vpVerifiers": all("presentations/verify"),
        "vcHolders": holders,
        "didResolvers": [{
            "id": "did:key",
            "endpoint": format!("{base}/1.0/identifiers"),
            "tags": ["Did-Key"],
        }],
    })
}

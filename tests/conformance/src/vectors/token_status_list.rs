//! The examples of Token Status List: encodings of lists as JSON and CBOR, tokens as JWT and CWT.

use std::path::Path;

use serde_json::{Value, json};
use tessera_verifier::cbor::{self, Limits};
use tessera_verifier::cose;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::status::{StatusArray, StatusClaim, TokenStatusList};

use super::{Folder, text, unhex};

/// Pairs of files with one list: as JSON, as CBOR.
const LISTS: &[&str] = &[
    "encoding",
    "encoding2",
    "encoding1_long",
    "encoding2_long",
    "encoding4",
    "encoding8",
];

/// What is said again in words for people.
const DIAGNOSTIC: &[&str] = &[
    "status_list_jwt",
    "status_list_encoding_cbor_diag",
    "status_list_encoding2_cbor_diag",
    "status_list_cwt_diag",
    "referenced_token_cwt_diag",
];

const URI: &str = "https://example.com/statuslists/1";

/// `token-status-list`.
pub(super) fn run(root: &Path) -> Result<Folder, String> {
    let root = root.join("token-status-list");
    let mut folder = Folder::new("token-status-list");
    for name in LISTS {
        let of_json = from_json(&root, name);
        let of_cbor = from_cbor(&root, name);
        let agree = match (&of_json, &of_cbor) {
            (Ok(of_json), Ok(of_cbor)) if of_json != of_cbor => {
                Err("not what CBOR says".to_owned())
            }
            _ => Ok(()),
        };
        folder.note(&format!("{name}_json"), of_json.and(agree));
        folder.note(&format!("{name}_cbor"), of_cbor.map(|_| ()));
    }
    folder.note("status_list_jwt_raw", jwt(&root));
    folder.note("status_list_cwt", cwt(&root));
    folder.note("referenced_token_cwt", referenced(&root));
    for name in DIAGNOSTIC {
        folder.skip(name, "diagnostic notation of what another file encodes");
    }
    Ok(folder)
}

/// What a file encodes, without its explanation and line breaks.
fn encoded(root: &Path, name: &str) -> Result<String, String> {
    let text = text(&root.join(format!("{name}.md")))?;
    let text = text.split("encoded:").last().unwrap_or_default();
    Ok(text.split_whitespace().collect())
}

fn why(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn from_json(root: &Path, name: &str) -> Result<StatusArray, String> {
    let encoded = encoded(root, &format!("status_list_{name}_json"))?;
    let list: Value = serde_json::from_str(&encoded).map_err(why)?;
    let list = StatusArray::from_json(&list).map_err(why)?;
    said(root, &format!("status_list_{name}_json"), &list)?;
    match StatusArray::from_json(&list.to_json()) {
        Ok(again) if again == list => Ok(list),
        _ => Err("our own encoding says something else".to_owned()),
    }
}

fn from_cbor(root: &Path, name: &str) -> Result<StatusArray, String> {
    let encoded = unhex(&encoded(root, &format!("status_list_{name}_cbor"))?)?;
    let list = cbor::parse(&encoded, Limits::MESSAGE).map_err(why)?;
    let list = StatusArray::from_cbor(&list).map_err(why)?;
    said(root, &format!("status_list_{name}_cbor"), &list)?;
    match StatusArray::from_cbor(&list.to_cbor()) {
        Ok(again) if again == list => Ok(list),
        _ => Err("our own encoding says something else".to_owned()),
    }
}

/// The short examples say the bytes of the list.
fn said(root: &Path, name: &str, list: &StatusArray) -> Result<(), String> {
    let text = text(&root.join(format!("{name}.md")))?;
    let Some((said, _)) = text
        .strip_prefix("byte_array = [")
        .and_then(|text| text.split_once(']'))
    else {
        return Ok(());
    };
    let digits: String = said
        .split(',')
        .map(|byte| byte.trim().trim_start_matches("0x"))
        .collect();
    match unhex(&digits)? == list.as_bytes() {
        true => Ok(()),
        false => Err(format!("not the bytes {said}")),
    }
}

/// The key of the examples, from the program that makes them.
fn key() -> Result<PublicKey, String> {
    PublicKey::from_jwk(&json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo",
        "y": "6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M",
    }))
    .map_err(why)
}

fn jwt(root: &Path) -> Result<(), String> {
    let token = encoded(root, "status_list_jwt_raw")?;
    let list = TokenStatusList::verify_jwt(&token, URI, &key()?).map_err(why)?;
    expected(&list)
}

fn cwt(root: &Path) -> Result<(), String> {
    let token = unhex(&encoded(root, "status_list_cwt")?)?;
    let list = TokenStatusList::verify_cwt(&token, URI, &key()?).map_err(why)?;
    expected(&list)
}

fn expected(list: &TokenStatusList) -> Result<(), String> {
    let found = (list.issued_at.unix(), list.ttl, list.statuses.as_bytes());
    match found == (1_686_920_170, Some(43_200), &[0xb9, 0xa3]) {
        true => Ok(()),
        false => Err(format!("{found:?}")),
    }
}

fn referenced(root: &Path) -> Result<(), String> {
    let token = unhex(&encoded(root, "referenced_token_cwt")?)?;
    let token = cose::parse(&token, Limits::MESSAGE, &[KeyType::P256]).map_err(why)?;
    let claims = cbor::parse(token.payload_unverified(), Limits::MESSAGE).map_err(why)?;
    let claim = StatusClaim::from_cwt_claims(&claims).ok_or("no status")?;
    match (claim.uri.as_str(), claim.index) {
        (URI, 0) => Ok(()),
        found => Err(format!("{found:?}")),
    }
}

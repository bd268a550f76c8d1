//! The JWS JSON serialization of an SD-JWT (RFC 9901 §8), turned from and into the compact one, which every other
//! function takes: the signed bytes are the same, and `sd_hash` is defined over the compact form in both.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::json::{self, Limits};

const MALFORMED: Error = Error::malformed("SD-JWT in JSON serialization");

/// The compact form of an SD-JWT in the flattened JSON serialization, or in the general one with exactly one signature.
///
/// # Errors
/// `malformed`, `too_large`. What the parts contain is for [`parse`](super::parse) to judge.
pub fn from_json(bytes: &[u8]) -> Result<String, Error> {
    let mut message = json::parse_object(bytes, Limits::MESSAGE)?;
    let payload = text(message.remove("payload"))?;
    let mut signed = match message.remove("signatures") {
        // RFC 7515 §7.2.2: the members of one form must not stand beside those of the other.
        Some(_) if message.contains_key("signature") || message.contains_key("protected") => {
            return Err(MALFORMED);
        }
        Some(Value::Array(signatures)) => match <[Value; 1]>::try_from(signatures) {
            Ok([Value::Object(signed)]) => signed,
            _ => return Err(MALFORMED),
        },
        Some(_) => return Err(MALFORMED),
        None => message,
    };
    let protected = text(signed.remove("protected"))?;
    let signature = text(signed.remove("signature"))?;
    let mut header = match signed.remove("header") {
        None => Map::new(),
        Some(Value::Object(header)) => header,
        Some(_) => return Err(MALFORMED),
    };
    let disclosures = match header.remove("disclosures") {
        None => Vec::new(),
        Some(Value::Array(disclosures)) => disclosures,
        Some(_) => return Err(MALFORMED),
    };
    let binding = header
        .remove("kb_jwt")
        .map_or(Ok(String::new()), |binding| text(Some(binding)))?;
    // Nothing here reads an unprotected parameter, and one that changes how to read the rest must not be passed over.
    if header.keys().any(|name| name == "alg" || name == "crit") {
        return Err(MALFORMED);
    }
    let mut compact = format!("{protected}.{payload}.{signature}~");
    for disclosure in disclosures {
        compact.push_str(&text(Some(disclosure))?);
        compact.push('~');
    }
    compact.push_str(&binding);
    Ok(compact)
}

/// A part of the compact form: it must not contain what separates the parts.
fn text(value: Option<Value>) -> Result<String, Error> {
    match value {
        Some(Value::String(text)) if !text.contains('~') => Ok(text),
        _ => Err(MALFORMED),
    }
}

/// The flattened JSON serialization of a compact SD-JWT, with or without key binding.
///
/// # Errors
/// `malformed` unless it has the parts of one.
pub fn to_json(compact: &str) -> Result<Value, Error> {
    let (rest, binding) = compact.rsplit_once('~').ok_or(MALFORMED)?;
    let mut parts = rest.split('~');
    let jws: Vec<&str> = parts.next().unwrap_or_default().split('.').collect();
    let [protected, payload, signature] = jws[..] else {
        return Err(MALFORMED);
    };
    let mut header = json!({"disclosures": parts.collect::<Vec<_>>()});
    if let (false, Some(header)) = (binding.is_empty(), header.as_object_mut()) {
        header.insert("kb_jwt".into(), json!(binding));
    }
    Ok(
        json!({"payload": payload, "protected": protected, "signature": signature, "header": header}),
    )
}

//! Disclosures (RFC 9901 §4.2).

use alloc::borrow::ToOwned;
use alloc::string::String;
use serde_json::Value;

use super::hash::HashAlgorithm;
use crate::encoding::{base64url, base64url_to, from_base64url};
use crate::error::Error;
use crate::json::{self, Limits};

/// One disclosure: of an object member, or of an array element when it has no name. Personal data: no `Debug`.
#[derive(Clone, PartialEq)]
pub struct Disclosure {
    encoded: String,
    digest: String,
    name: Option<String>,
    value: Value,
}

impl Disclosure {
    /// Makes the disclosure of a member (`name`) or an element (`None`), with SHA-256.
    #[must_use]
    pub fn new(salt: &[u8; 16], name: Option<&str>, value: &Value) -> Self {
        let encoded = encode(salt, name, value);
        Self {
            digest: HashAlgorithm::Sha256.digest(&encoded),
            encoded,
            name: name.map(str::to_owned),
            value: value.clone(),
        }
    }

    /// Reads a disclosure whose digest is SHA-256.
    ///
    /// # Errors
    /// Those of [`parse_with`](Self::parse_with).
    pub fn parse(encoded: &str) -> Result<Self, Error> {
        Self::parse_with(encoded, HashAlgorithm::Sha256)
    }

    /// Reads a disclosure whose digest is that of `algorithm`.
    ///
    /// # Errors
    /// `disclosure_invalid` unless it is `[salt, name, value]` or `[salt, value]` with a string salt and a name other
    /// than `_sd` and `...` (RFC 9901 §7.1 step 3).
    pub fn parse_with(encoded: &str, algorithm: HashAlgorithm) -> Result<Self, Error> {
        let invalid = Error::DisclosureInvalid { why: "grammar" };
        let bytes = from_base64url(encoded).map_err(|_| invalid.clone())?;
        let (name, value) = json::parse_disclosure(&bytes, Limits::MESSAGE).map_err(|_| invalid)?;
        if name.as_deref().is_some_and(reserved) {
            return Err(Error::DisclosureInvalid {
                why: "reserved claim name",
            });
        }
        Ok(Self {
            encoded: encoded.to_owned(),
            digest: algorithm.digest(encoded),
            name,
            value,
        })
    }

    /// The disclosure as it travels: base64url.
    #[must_use]
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// The digest under which the issuer signed it.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The claim name; `None` for an array element.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The value, which may itself contain digests.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// The names that carry digests.
pub(super) fn reserved(name: &str) -> bool {
    name == "_sd" || name == "..."
}

/// base64url of `[salt, name, value]` or `[salt, value]` (RFC 9901 §4.2.1, §4.2.2).
fn encode(salt: &[u8; 16], name: Option<&str>, value: &Value) -> String {
    let mut json = String::with_capacity(96);
    write_json(salt, name, value, &mut json);
    base64url(json.as_bytes())
}

/// `[salt, name, value]` or `[salt, value]`.
pub(super) fn write_json(salt: &[u8; 16], name: Option<&str>, value: &Value, json: &mut String) {
    json.push_str("[\"");
    base64url_to(salt, json);
    json.push_str("\",");
    if let Some(name) = name {
        write_text(name, json);
        json.push(',');
    }
    match value {
        Value::String(text) => write_text(text, json),
        Value::Bool(true) => json.push_str("true"),
        Value::Bool(false) => json.push_str("false"),
        // JSON values always serialize.
        other => json.push_str(&serde_json::to_string(other).unwrap_or_default()),
    }
    json.push(']');
}

/// A JSON string. Most need no escape, and then nothing is looked at twice.
fn write_text(text: &str, to: &mut String) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f;
    if text.bytes().all(plain) {
        to.push('"');
        to.push_str(text);
        to.push('"');
    } else {
        // Strings always serialize.
        to.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::json;

    /// RFC 9901 §4.2.1, §4.2.2 and §4.2.3.
    #[test]
    fn the_rfc_examples() {
        let member = Disclosure::parse(
            "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
        )
        .unwrap();
        assert_eq!(
            (member.name(), member.value()),
            (Some("family_name"), &json!("Möbius"))
        );
        assert_eq!(
            member.digest(),
            "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
        );
        let element = Disclosure::parse("WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0").unwrap();
        assert_eq!((element.name(), element.value()), (None, &json!("FR")));
        assert_eq!(
            element.digest(),
            "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs"
        );
    }

    #[test]
    fn what_we_make_we_read() {
        for name in [Some("birthdate"), None] {
            let made = Disclosure::new(&[7; 16], name, &json!({"a": [1, "é"]}));
            assert!(Disclosure::parse(made.encoded()).unwrap() == made);
        }
    }

    #[test]
    fn broken_grammar_is_refused() {
        for json in [
            "[]",
            "[\"s\"]",
            "[1,\"n\",2]",
            "[\"s\",1,2]",
            "[\"s\",\"n\",2,3]",
            "{}",
            "[\"s\",\"_sd\",[]]",
            "[\"s\",\"...\",1]",
        ] {
            assert!(
                Disclosure::parse(&base64url(json.as_bytes())).is_err(),
                "{json}"
            );
        }
    }
}

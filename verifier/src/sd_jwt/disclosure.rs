//! Disclosures (RFC 9901 §4.2).

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;

use super::hash::HashAlgorithm;
use super::parts::members;
use crate::encoding::{base64url, base64url_to, from_base64url};
use crate::error::Error;
use crate::json::flat::{Flat, Node};
use crate::json::{self, Limits};

pub(super) const GRAMMAR: Error = Error::DisclosureInvalid { why: "grammar" };

pub(super) const RESERVED: Error = Error::DisclosureInvalid {
    why: "reserved claim name",
};

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
            digest: HashAlgorithm::Sha256
                .digest(encoded.as_bytes())
                .as_str()
                .to_owned(),
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
        let invalid = GRAMMAR;
        let bytes = from_base64url(encoded).map_err(|_| invalid.clone())?;
        let json = Flat::parse(bytes, Limits::MESSAGE).map_err(|_| invalid.clone())?;
        let (name, value) = members(&json, 0)?;
        Ok(Self {
            encoded: encoded.to_owned(),
            digest: algorithm.digest(encoded.as_bytes()).as_str().to_owned(),
            name: name.and_then(Node::as_str).map(Cow::into_owned),
            value: value.to_value(),
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
    let mut json = Vec::with_capacity(96);
    write_json(salt, name, &mut json, |json| json::write(value, json));
    base64url(&json)
}

/// `[salt, name, value]` or `[salt, value]`.
pub(super) fn write_json(
    salt: &[u8; 16],
    name: Option<&str>,
    json: &mut Vec<u8>,
    value: impl FnOnce(&mut Vec<u8>),
) {
    json.extend_from_slice(b"[\"");
    base64url_to(salt, json);
    json.extend_from_slice(b"\",");
    if let Some(name) = name {
        json::write_text(name, json);
        json.push(b',');
    }
    value(json);
    json.push(b']');
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

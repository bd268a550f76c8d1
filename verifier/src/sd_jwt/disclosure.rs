//! Disclosures (RFC 9901 §4.2).

use alloc::borrow::ToOwned;
use alloc::string::String;
use serde_json::Value;

use super::hash::HashAlgorithm;
use crate::encoding::{base64url, from_base64url};
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
        let Ok(Value::Array(parts)) = json::parse(&bytes, Limits::MESSAGE) else {
            return Err(invalid);
        };
        let mut parts = parts.into_iter();
        let (name, value) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Value::String(_)), Some(Value::String(name)), Some(value), None) => {
                (Some(name), value)
            }
            (Some(Value::String(_)), Some(value), None, None) => (None, value),
            _ => return Err(invalid),
        };
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
pub(super) fn encode(salt: &[u8; 16], name: Option<&str>, value: &Value) -> String {
    let salt = base64url(salt);
    let json = match name {
        Some(name) => serde_json::to_string(&(salt, name, value)),
        None => serde_json::to_string(&(salt, value)),
    };
    // Strings and JSON values always serialize.
    base64url(json.unwrap_or_default().as_bytes())
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

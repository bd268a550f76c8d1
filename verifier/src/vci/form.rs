//! `application/x-www-form-urlencoded` (WHATWG URL §5), strictly: OAuth's requests and responses travel in it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::error::Error;

/// Parameters of one form at most.
const PARAMETERS_MAX: usize = 64;

/// The parameters of a form, each once, wiped when dropped. `Debug` shows nothing.
#[derive(Default)]
pub struct Form(Vec<(String, Zeroizing<String>)>);

impl core::fmt::Debug for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Form({} parameters)", self.0.len())
    }
}

impl Form {
    /// Reads a form or a query. A parameter without a value counts as left out (RFC 6749 §3.1).
    ///
    /// # Errors
    /// `too_large` beyond 64 parameters; `malformed` for a bad escape, text that is not UTF-8, or a parameter given twice
    /// (RFC 6749 §3.1). The size is for the caller to bound.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let mut form = Self::default();
        for pair in text.split(|&byte| byte == b'&').filter(|p| !p.is_empty()) {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if form.0.len() >= PARAMETERS_MAX {
                return Err(Error::too_large("form", PARAMETERS_MAX));
            }
            if form.0.iter().any(|(known, _)| *known == *name) {
                return Err(Error::malformed("form with a parameter given twice"));
            }
            form.0.push((name.as_str().into(), value));
        }
        form.0.retain(|(_, value)| !value.is_empty());
        Ok(form)
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Adds a parameter.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.into(), Zeroizing::new(value.into())));
    }

    /// The encoded form.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(&percent(name));
            text.push('=');
            text.push_str(&Zeroizing::new(percent(value)));
        }
        text
    }
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
#[must_use]
pub fn percent(text: &str) -> String {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut encoded = String::with_capacity(text.len().saturating_mul(3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn decode(text: &[u8]) -> Result<Zeroizing<String>, Error> {
    let malformed = Error::malformed("form encoding");
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let [high, low, after @ ..] = after else {
                    return Err(malformed);
                };
                rest = after;
                digit(*high)
                    .zip(digit(*low))
                    .map(|(high, low)| high << 4 | low)
                    .ok_or(malformed.clone())?
            }
            other => *other,
        });
    }
    let text = core::str::from_utf8(&bytes).map_err(|_| malformed)?;
    Ok(Zeroizing::new(text.into()))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_form_survives_its_encoding() {
        let mut form = Form::default();
        form.push("redirect_uri", "wallet://cb?x=1&y=中 +%");
        form.push("state", "=&");
        let back = Form::parse(form.encode().as_bytes()).unwrap();
        assert_eq!(back.get("redirect_uri"), Some("wallet://cb?x=1&y=中 +%"));
        assert_eq!(back.get("state"), Some("=&"));
        assert_eq!(back.get("code"), None);
    }

    #[test]
    fn a_form_is_read_strictly() {
        for bad in ["a=1&a=2", "a=%", "a=%f", "a=%zz", "a=%ff", "a=1&%61=2"] {
            assert!(Form::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let many = (0..65).map(|n| format!("p{n}=1&")).collect::<String>();
        assert_eq!(
            Form::parse(many.as_bytes()).unwrap_err().code(),
            "too_large"
        );
        assert_eq!(Form::parse(b"a=&b").unwrap().get("a"), None);
    }
}

//! How a key is named on the command line.
//!
//! | text | place |
//! |---|---|
//! | `pkcs11:token=T;object=O?module-path=/…/libx.so&pin-source=file:/…` | a PKCS#11 token, RFC 7512 |
//! | `tpm:FILE?device=/dev/tpmrm0&pin-source=file:/…` | a TPM 2.0; FILE holds the key wrapped by that TPM |
//! | anything else | a file |

use std::path::PathBuf;

use crate::error::TerminalError;

/// Longest name of a key, in octets.
const MAX_TEXT: usize = 2048;
/// The kernel's TPM with resource manager.
const DEVICE: &str = "/dev/tpmrm0";

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyPlace {
    /// In a file.
    File(PathBuf),
    /// In a PKCS#11 token.
    Pkcs11 {
        /// The token's library.
        module: PathBuf,
        /// Label of the token.
        token: String,
        /// Label of the key pair.
        object: String,
        /// File whose first line is the PIN.
        pin: Option<PathBuf>,
    },
    /// In a TPM 2.0.
    Tpm {
        /// The wrapped key.
        file: PathBuf,
        /// The TPM: a character device, or the socket of a simulator.
        device: PathBuf,
        /// File whose first line is the PIN.
        pin: Option<PathBuf>,
    },
}

impl KeyPlace {
    /// Reads the text. Attributes that are not listed above are refused: a misspelt one must not be the default.
    /// `pin-value` is refused as well: others on the machine can read a command line.
    ///
    /// # Errors
    /// [`TerminalError::KeyPlace`].
    pub fn parse(text: &str) -> Result<Self, TerminalError> {
        if text.is_empty() || text.len() > MAX_TEXT || text.contains(char::is_control) {
            return Err(TerminalError::KeyPlace(
                "empty, too long, or with control characters",
            ));
        }
        if let Some(rest) = text.strip_prefix("pkcs11:") {
            return pkcs11(rest);
        }
        if let Some(rest) = text.strip_prefix("tpm:") {
            return tpm(rest);
        }
        Ok(Self::File(PathBuf::from(text)))
    }

    /// The file whose first line is the PIN, where one was named.
    #[must_use]
    pub fn pin_source(&self) -> Option<&PathBuf> {
        match self {
            Self::File(_) => None,
            Self::Pkcs11 { pin, .. } | Self::Tpm { pin, .. } => pin.as_ref(),
        }
    }

    /// The file that stands for the key on this machine: what is kept beside it (the counter, an open session) takes its
    /// name from it.
    #[must_use]
    pub fn beside(&self) -> PathBuf {
        match self {
            Self::File(file) | Self::Tpm { file, .. } => file.clone(),
            // A label is any text; a file name is not.
            Self::Pkcs11 { token, object, .. } => {
                let plain = |text: &str| -> String {
                    let keep = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                    text.chars().map(keep).collect()
                };
                PathBuf::from(format!("{}.{}.pkcs11", plain(token), plain(object)))
            }
        }
    }
}

fn pkcs11(text: &str) -> Result<KeyPlace, TerminalError> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let [token, object] = attributes(path, ';', ["token", "object"])?;
    let [module, pin] = attributes(query, '&', ["module-path", "pin-source"])?;
    Ok(KeyPlace::Pkcs11 {
        module: module
            .map(PathBuf::from)
            .ok_or(TerminalError::KeyPlace("pkcs11 needs module-path"))?,
        token: token.ok_or(TerminalError::KeyPlace("pkcs11 needs token"))?,
        object: object.ok_or(TerminalError::KeyPlace("pkcs11 needs object"))?,
        pin: pin.as_deref().map(file).transpose()?,
    })
}

fn tpm(text: &str) -> Result<KeyPlace, TerminalError> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let [device, pin] = attributes(query, '&', ["device", "pin-source"])?;
    if path.is_empty() {
        return Err(TerminalError::KeyPlace("tpm needs a file"));
    }
    Ok(KeyPlace::Tpm {
        file: PathBuf::from(decode(path)?),
        device: PathBuf::from(device.as_deref().unwrap_or(DEVICE)),
        pin: pin.as_deref().map(file).transpose()?,
    })
}

/// `name=value` pairs, each name at most once and only those listed (RFC 7512 §2.3).
fn attributes<const N: usize>(
    text: &str,
    separator: char,
    names: [&str; N],
) -> Result<[Option<String>; N], TerminalError> {
    let mut found = [const { None }; N];
    for pair in text.split(separator).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or(TerminalError::KeyPlace("an attribute without a value"))?;
        let slot = names
            .iter()
            .position(|known| *known == name)
            .and_then(|position| found.get_mut(position))
            .ok_or(TerminalError::KeyPlace(
                "an attribute that is not known here",
            ))?;
        if slot.replace(decode(value)?).is_some() {
            return Err(TerminalError::KeyPlace("an attribute twice"));
        }
    }
    Ok(found)
}

/// The path of a `pin-source`: `file:` and a path, or a path (RFC 7512 §2.4).
fn file(source: &str) -> Result<PathBuf, TerminalError> {
    let path = source.strip_prefix("file:").unwrap_or(source);
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.starts_with('|') || path.is_empty() {
        return Err(TerminalError::KeyPlace("pin-source is not a file"));
    }
    Ok(PathBuf::from(path))
}

/// Percent-decoding (RFC 3986 §2.1).
fn decode(text: &str) -> Result<String, TerminalError> {
    const BROKEN: TerminalError = TerminalError::KeyPlace("a broken percent-encoding");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = rest.next().and_then(|digit| char::from(digit).to_digit(16));
            digit.and_then(|digit| u8::try_from(digit).ok())
        };
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
            _ => return Err(BROKEN),
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty() && !text.contains('\0'))
        .ok_or(BROKEN)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn places() {
        let place = KeyPlace::parse(
            "pkcs11:token=Town%20hall;object=terminal?module-path=/usr/lib/x.so&pin-source=file:/etc/pin",
        );
        assert_eq!(
            place.unwrap(),
            KeyPlace::Pkcs11 {
                module: "/usr/lib/x.so".into(),
                token: "Town hall".to_owned(),
                object: "terminal".to_owned(),
                pin: Some("/etc/pin".into()),
            }
        );
        assert_eq!(
            KeyPlace::parse("tpm:/var/key").unwrap(),
            KeyPlace::Tpm {
                file: "/var/key".into(),
                device: DEVICE.into(),
                pin: None,
            }
        );
        assert_eq!(
            KeyPlace::parse("terminal.key").unwrap(),
            KeyPlace::File("terminal.key".into())
        );
    }

    #[test]
    fn what_is_misspelt_or_says_a_pin_is_refused() {
        for bad in [
            "",
            "pkcs11:",
            "pkcs11:token=a?module-path=/x",
            "pkcs11:object=a?module-path=/x",
            "pkcs11:token=a;object=b",
            "pkcs11:token=a;object=b;objekt=c?module-path=/x",
            "pkcs11:token=a;token=a;object=b?module-path=/x",
            "pkcs11:token=a;object=b?module-path=/x&pin-value=1234",
            "pkcs11:token=a;object=b?module-path=/x&pin-source=|cat",
            "pkcs11:token=%4;object=b?module-path=/x",
            "pkcs11:token=%ff;object=b?module-path=/x",
            "pkcs11:token=%00;object=b?module-path=/x",
            "pkcs11:token;object=b?module-path=/x",
            "tpm:",
            "tpm:key?devise=/dev/tpm0",
        ] {
            assert!(KeyPlace::parse(bad).is_err(), "{bad}");
        }
    }
}

//! `BitstringStatusListEntry` (Bitstring Status List §2.1): where a credential says that a status of it is.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::bits::StatusSize;
use crate::error::Error;
use crate::vcdm::{Path, is_url, one_or_more};

/// The type of an entry.
pub(crate) const ENTRY_TYPE: &str = "BitstringStatusListEntry";

/// What a status is about (§2.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// `revocation`: set means that the credential is void for ever.
    Revocation,
    /// `suspension`: set means that it is not to be accepted for now.
    Suspension,
    /// `refresh`: set means that a newer credential can be had; this one still holds.
    Refresh,
    /// `message`: a value with a meaning that the entry itself tells.
    Message,
    /// Any other text.
    Other(String),
}

impl Purpose {
    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
            Self::Refresh => "refresh",
            Self::Message => "message",
            Self::Other(other) => other,
        }
    }
}

impl From<&str> for Purpose {
    fn from(text: &str) -> Self {
        match text {
            "revocation" => Self::Revocation,
            "suspension" => Self::Suspension,
            "refresh" => Self::Refresh,
            "message" => Self::Message,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// What one value of an entry means (`statusMessage`); for developers, not for holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusMessage {
    /// The value.
    pub status: u32,
    /// Its meaning; `undefined` where the issuer has not given it one yet.
    pub message: String,
}

/// An entry of `credentialStatus`.
///
/// # Example
/// ```
/// use tessera_verifier::status::{Purpose, StatusEntry};
///
/// let entry = StatusEntry::new(Purpose::Revocation, "https://issuer.example/status/3", 94_567);
/// assert_eq!(entry.to_json()["statusListIndex"], "94567");
/// assert_eq!(StatusEntry::parse(&entry.to_json())?, entry);
/// # Ok::<(), tessera_verifier::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// A URL for the entry; not the one of the list.
    pub id: Option<String>,
    /// What it is about.
    pub purpose: Purpose,
    /// The place in the list, in entries. Above what a list can hold it stands for any such index.
    pub index: usize,
    /// The URL of the list's credential.
    pub list: String,
    /// How many bits the status takes.
    pub size: StatusSize,
    /// One message for each value; none stands for `unset` and `set`.
    pub messages: Vec<StatusMessage>,
    /// Where more is told about the status.
    pub references: Vec<String>,
}

/// What a list says about an entry (§3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryStatus {
    /// What it is about.
    pub purpose: Purpose,
    /// The value in the list.
    pub value: u32,
    /// Whether the value is zero.
    pub valid: bool,
    /// The meaning of the value, where the entry gives it one.
    pub message: Option<String>,
}

impl StatusEntry {
    /// One bit at `index` of the list at `list`. Choose the index at random, lest its order tell when the credential was
    /// issued (§2.1).
    #[must_use]
    pub fn new(purpose: Purpose, list: &str, index: usize) -> Self {
        Self {
            id: None,
            purpose,
            index,
            list: list.to_owned(),
            size: StatusSize::ONE,
            messages: Vec::new(),
            references: Vec::new(),
        }
    }

    /// The entry as it stands in a credential.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut entry = Map::new();
        let mut add = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        if let Some(id) = &self.id {
            add("id", json!(id));
        }
        add("type", json!(ENTRY_TYPE));
        add("statusPurpose", json!(self.purpose.as_str()));
        add("statusListIndex", json!(format!("{}", self.index)));
        add("statusListCredential", json!(self.list));
        if self.size > StatusSize::ONE {
            add("statusSize", json!(self.size.bits()));
        }
        if !self.messages.is_empty() {
            let message = |one: &StatusMessage| json!({"status": format!("{:#x}", one.status), "message": one.message});
            let messages: Vec<Value> = self.messages.iter().map(message).collect();
            add("statusMessage", json!(messages));
        }
        match self.references.as_slice() {
            [] => {}
            [one] => {
                add("statusReference", json!(one));
            }
            many => {
                add("statusReference", json!(many));
            }
        }
        Value::Object(entry)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// `malformed_value` with the place of what breaks §2.1, `too_large` for a status of more than 16 bits.
    pub fn parse(entry: &Value) -> Result<Self, Error> {
        let members = entry
            .as_object()
            .ok_or_else(|| Path::ROOT.malformed("an object is needed"))?;
        Self::read(members, &Path::ROOT)
    }

    pub(crate) fn read(members: &Map<String, Value>, path: &Path<'_>) -> Result<Self, Error> {
        let text = |name: &'static str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .ok_or_else(|| path.name(name).malformed("a string is needed"))
        };
        if text("type")? != ENTRY_TYPE {
            return Err(path
                .name("type")
                .malformed("BitstringStatusListEntry is needed"));
        }
        let list = text("statusListCredential")?;
        if !is_url(list) {
            let path = path.name("statusListCredential");
            return Err(path.malformed("a single URL is needed"));
        }
        let id = match members.get("id") {
            None => None,
            Some(_) => Some(text("id")?).filter(|id| is_url(id) && *id != list),
        };
        if id.is_none() && members.contains_key("id") {
            return Err(path
                .name("id")
                .malformed("a URL other than the list's is needed"));
        }
        let size = match members.get("statusSize") {
            None => StatusSize::ONE,
            Some(size) => size
                .as_u64()
                .filter(|size| *size > 0)
                .ok_or_else(|| {
                    path.name("statusSize")
                        .malformed("a positive integer is needed")
                })
                .and_then(StatusSize::new)?,
        };
        Ok(Self {
            id: id.map(str::to_owned),
            purpose: text("statusPurpose")?.into(),
            index: index(text("statusListIndex")?).ok_or_else(|| {
                path.name("statusListIndex")
                    .malformed("a decimal is needed")
            })?,
            list: list.to_owned(),
            size,
            messages: messages(members, size, path)?,
            references: references(members, path)?,
        })
    }

    /// What `value` means to this entry.
    pub(super) fn status(&self, value: u32) -> EntryStatus {
        let named = self.messages.iter().find(|one| one.status == value);
        EntryStatus {
            purpose: self.purpose.clone(),
            value,
            valid: value == 0,
            message: named.map(|one| one.message.clone()),
        }
    }
}

/// An integer in base 10, in its one shortest spelling. A number that no list reaches becomes the greatest.
fn index(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    (digits && shortest).then(|| text.parse().unwrap_or(usize::MAX))
}

/// `statusMessage`: one for each value, where there are any; needed where there are more values than two.
fn messages(
    members: &Map<String, Value>,
    size: StatusSize,
    path: &Path<'_>,
) -> Result<Vec<StatusMessage>, Error> {
    let path = path.name("statusMessage");
    let Some(value) = members.get("statusMessage") else {
        return if size > StatusSize::ONE {
            Err(path.malformed("missing"))
        } else {
            Ok(Vec::new())
        };
    };
    let values = usize::try_from(size.values()).unwrap_or(usize::MAX);
    let elements = value.as_array().filter(|elements| elements.len() == values);
    let elements = elements.ok_or_else(|| path.malformed("a message for each value is needed"))?;
    let mut messages = Vec::with_capacity(elements.len());
    for (at, element) in elements.iter().enumerate() {
        let path = path.index(at);
        let text = |name: &'static str| element.get(name).and_then(Value::as_str);
        let status = text("status")
            .and_then(|status| status.strip_prefix("0x"))
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .filter(|status| *status < size.values());
        let status = status.ok_or_else(|| {
            path.name("status")
                .malformed("a value in hexadecimal is needed")
        })?;
        let message =
            text("message").ok_or_else(|| path.name("message").malformed("a string is needed"))?;
        messages.push(StatusMessage {
            status,
            message: message.to_owned(),
        });
    }
    let mut values: Vec<u32> = messages.iter().map(|one| one.status).collect();
    values.sort_unstable();
    values.dedup();
    if values.len() < messages.len() {
        return Err(path.malformed("two messages for one value"));
    }
    Ok(messages)
}

/// `statusReference`: a URL or an array of them.
fn references(members: &Map<String, Value>, path: &Path<'_>) -> Result<Vec<String>, Error> {
    let mut references = Vec::new();
    if let Some(value) = members.get("statusReference") {
        one_or_more(value, &path.name("statusReference"), |one, path| {
            let url = one.as_str().filter(|url| is_url(url));
            let url = url.ok_or_else(|| path.malformed("a URL is needed"))?;
            references.push(url.to_owned());
            Ok(())
        })?;
    }
    Ok(references)
}

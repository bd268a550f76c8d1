//! `BitstringStatusListCredential` (Bitstring Status List §2.2, §3.2).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::bits::BitString;
use super::entry::{EntryStatus, Purpose, StatusEntry};
use crate::claims::CREDENTIALS_V2;
use crate::error::Error;
use crate::time::Timestamp;
use crate::vcdm::{Credential, DateTimeStamp, Path, Version, one_or_more};
use crate::verify::Undetermined;

/// The type of the credential.
const CREDENTIAL_TYPE: &str = "BitstringStatusListCredential";
/// The type of its subject.
const LIST_TYPE: &str = "BitstringStatusList";

/// A list and what its credential says about it. Cheap to clone: the bits are shared.
#[derive(Clone)]
pub struct BitstringStatusList {
    /// The URL of the credential, where it states one.
    pub id: Option<String>,
    /// Who issued the list; not always who issued the credentials (§2.2).
    pub issuer: String,
    /// What the list is about; at least one.
    pub purposes: Vec<Purpose>,
    /// From when it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when it holds.
    pub valid_until: Option<Timestamp>,
    /// Milliseconds after which a fresh copy should be looked for. It neither overrides nor replaces the validity.
    pub ttl: Option<u64>,
    /// The bits.
    pub bits: Arc<BitString>,
}

impl BitstringStatusList {
    /// Reads a credential whose proof somebody else checks: whoever calls this answers for that.
    pub(crate) fn read(document: &Value) -> Result<Self, Error> {
        let credential = Credential::parse(document)?;
        let path = Path::ROOT.name("credentialSubject");
        if credential.version() != Version::V2 || !credential.types().contains(&CREDENTIAL_TYPE) {
            return Err(Error::WrongCredentialType);
        }
        let [subject] = credential.subjects() else {
            return Err(path.malformed("exactly one list is needed"));
        };
        if subject.get("type").and_then(Value::as_str) != Some(LIST_TYPE) {
            return Err(path.name("type").malformed("BitstringStatusList is needed"));
        }
        let mut purposes = Vec::with_capacity(1);
        let stated = subject.get("statusPurpose").unwrap_or(&Value::Null);
        one_or_more(stated, &path.name("statusPurpose"), |one, path| {
            let purpose = one
                .as_str()
                .ok_or_else(|| path.malformed("a string is needed"))?;
            purposes.push(purpose.into());
            Ok(())
        })?;
        let ttl = match subject.get("ttl") {
            None => None,
            Some(ttl) => {
                let ttl = ttl.as_u64().filter(|ttl| *ttl > 0);
                Some(ttl.ok_or_else(|| path.name("ttl").malformed("milliseconds are needed"))?)
            }
        };
        let encoded = subject.get("encodedList").and_then(Value::as_str);
        let encoded =
            encoded.ok_or_else(|| path.name("encodedList").malformed("a string is needed"))?;
        Ok(Self {
            id: credential.id().map(str::to_owned),
            issuer: credential.issuer().to_owned(),
            purposes,
            valid_from: credential.valid_from().map(DateTimeStamp::timestamp),
            valid_until: credential.valid_until().map(DateTimeStamp::timestamp),
            ttl,
            bits: Arc::new(BitString::decode_bitstring(encoded)?),
        })
    }

    /// The unsigned credential of the list at `uri` (§3.1).
    #[must_use]
    pub fn to_credential(&self, uri: &str) -> Value {
        let purposes: Vec<&str> = self.purposes.iter().map(Purpose::as_str).collect();
        let mut credential = json!({
            "@context": [CREDENTIALS_V2],
            "id": uri,
            "type": ["VerifiableCredential", CREDENTIAL_TYPE],
            "issuer": self.issuer,
            "credentialSubject": {
                "id": format!("{uri}#list"),
                "type": LIST_TYPE,
                "statusPurpose": match purposes.as_slice() {
                    [one] => json!(one),
                    many => json!(many),
                },
                "encodedList": self.bits.encode_bitstring(),
            },
        });
        // Members of a `json!` object are made by naming them.
        if let Some(ttl) = self.ttl {
            credential["credentialSubject"]["ttl"] = json!(ttl);
        }
        if let Some(from) = self.valid_from {
            credential["validFrom"] = json!(from.to_rfc3339());
        }
        if let Some(until) = self.valid_until {
            credential["validUntil"] = json!(until.to_rfc3339());
        }
        credential
    }

    /// What this list says about `entry` at the time `now` (§3.2): the list must be the one that the entry names, be for
    /// its purpose, and hold.
    ///
    /// # Errors
    /// `status_list_mismatch` for a list of another place or purpose, `status_list_too_short` where entries of this size
    /// number fewer than 131,072, `status_out_of_range` beyond its end, `status_undetermined` outside its validity.
    pub fn status(&self, entry: &StatusEntry, now: Timestamp) -> Result<EntryStatus, Error> {
        let status = self.lookup(entry)?;
        match self.outdated(now) {
            None => Ok(status),
            Some(why) => Err(why.refusal(now)),
        }
    }

    /// As [`status`](Self::status), whether the list holds now or not.
    pub(crate) fn lookup(&self, entry: &StatusEntry) -> Result<EntryStatus, Error> {
        if self.id.as_ref().is_some_and(|id| *id != entry.list) {
            return Err(Error::StatusListMismatch { why: "place" });
        }
        if !self.purposes.contains(&entry.purpose) {
            return Err(Error::StatusListMismatch { why: "purpose" });
        }
        if self.bits.len() / entry.size.bits() < BitString::MIN_ENTRIES {
            return Err(Error::StatusListTooShort);
        }
        let value = self.bits.value(entry.index, entry.size);
        value
            .map(|value| entry.status(value))
            .ok_or(Error::StatusOutOfRange)
    }

    /// Why the list cannot be relied on at `now`, if so.
    pub(crate) fn outdated(&self, now: Timestamp) -> Option<Undetermined> {
        match (self.valid_from, self.valid_until) {
            (Some(from), _) if now < from => Some(Undetermined::ListNotYetValid { from }),
            (_, Some(until)) if now >= until => Some(Undetermined::ListStale { until }),
            _ => None,
        }
    }

    /// When a fresh copy should be looked for: at the end of `ttl` after `received_at`, or of the validity.
    #[must_use]
    pub fn refresh_at(&self, received_at: Timestamp) -> Option<Timestamp> {
        let seconds = self
            .ttl
            .map(|ttl| i64::try_from(ttl / 1000).unwrap_or(i64::MAX));
        let stale = seconds.map(|seconds| received_at.add_seconds(seconds));
        [stale, self.valid_until].into_iter().flatten().min()
    }
}

//! Transaction data (OpenID4VP 1.0 §8.4, appendix B.3.3): what the holder agrees to besides showing something.
//!
//! | type | members besides `type`, `credential_ids` and `transaction_data_hashes_alg` |
//! |---|---|
//! | `urn:tessera:transaction:payment:1` | `payee`, `amount` (decimal digits, at most one point), `currency` (ISO 4217), `reference`? |
//! | `urn:tessera:transaction:document:1` | `title`, `sha256` (base64url of the document's digest) |
//!
//! A type that is not in this table is refused, and so is a member that is not in its row: the holder would agree to
//! what the wallet cannot show (§5.1).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::sha256;
use crate::dcql::Query;
use crate::encoding::{base64url, from_base64url};
use crate::error::Error;
use crate::json::{self, Limits};

/// The hash algorithm of `transaction_data_hashes` that is known here, by its name in the IANA registry.
pub const HASH_ALGORITHM: &str = "sha-256";
/// The most entries of one request.
const MAX_ENTRIES: usize = 8;
const LIMITS: Limits = Limits {
    bytes: 8 * 1024,
    depth: 4,
};
/// The longest text that is shown to a holder.
const TEXT_MAX: usize = 256;

fn invalid(why: &'static str) -> Error {
    Error::TransactionDataInvalid { why }
}

/// One entry of `transaction_data`, whose type is known and whose members fit the type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionData {
    encoded: String,
    credential_ids: Vec<String>,
    hash_algorithms: Vec<String>,
    kind: Transaction,
}

/// What a holder is asked to agree to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum Transaction {
    /// To pay.
    #[serde(rename = "urn:tessera:transaction:payment:1")]
    Payment {
        /// Who is paid, in words.
        payee: String,
        /// How much: decimal digits with at most one point between them.
        amount: String,
        /// Of what: an ISO 4217 code.
        currency: String,
        /// What the payee knows the payment by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// To agree to a document.
    #[serde(rename = "urn:tessera:transaction:document:1")]
    Document {
        /// What it is called.
        title: String,
        /// The SHA-256 digest of its bytes in base64url.
        sha256: String,
    },
}

impl TransactionData {
    /// Reads one entry.
    ///
    /// # Errors
    /// `transaction_data_invalid`.
    fn read(encoded: &str, query: &Query) -> Result<Self, Error> {
        if encoded.len() > LIMITS.bytes {
            return Err(invalid("an entry that is too long"));
        }
        let bytes =
            from_base64url(encoded).map_err(|_| invalid("an entry that is no base64url"))?;
        let mut members = json::parse_object(&bytes, LIMITS)
            .map_err(|_| invalid("an entry that is no object"))?;
        let mut texts = |name, why| match members.remove(name) {
            None => Ok(None),
            Some(value) => match serde_json::from_value::<Vec<String>>(value) {
                Ok(texts) if !texts.is_empty() && texts.len() <= 16 => Ok(Some(texts)),
                _ => Err(invalid(why)),
            },
        };
        let credential_ids = texts("credential_ids", "credential_ids")?
            .ok_or(invalid("an entry without credential_ids"))?;
        // Appendix B.3.3.1: without the member SHA-256 is meant.
        let hash_algorithms = texts("transaction_data_hashes_alg", "hash algorithms")?
            .unwrap_or_else(|| vec![HASH_ALGORITHM.to_owned()]);
        if !hash_algorithms.iter().any(|known| known == HASH_ALGORITHM) {
            return Err(invalid("a hash algorithm that is not known"));
        }
        if !credential_ids
            .iter()
            .all(|id| query.credential(id).is_some())
        {
            return Err(invalid("a credential that is not asked for"));
        }
        let known = members.len();
        let kind: Transaction = serde_json::from_value(Value::Object(members))
            .map_err(|_| invalid("a type that is not known, or members that do not fit it"))?;
        // What is not shown must not be agreed to.
        let understood = serde_json::to_value(&kind)
            .ok()
            .and_then(|value| value.as_object().map(serde_json::Map::len));
        if understood != Some(known) || !kind.well_formed() {
            return Err(invalid("members that do not fit the type"));
        }
        Ok(Self {
            encoded: encoded.to_owned(),
            credential_ids,
            hash_algorithms,
            kind,
        })
    }

    /// The entry as it was sent: what is hashed.
    #[must_use]
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// What the holder is asked to agree to.
    #[must_use]
    pub fn kind(&self) -> &Transaction {
        &self.kind
    }

    /// The credential queries of which one answer authorizes the transaction.
    #[must_use]
    pub fn credential_ids(&self) -> &[String] {
        &self.credential_ids
    }

    /// The hash algorithms that the verifier knows; [`HASH_ALGORITHM`] is among them.
    #[must_use]
    pub fn hash_algorithms(&self) -> &[String] {
        &self.hash_algorithms
    }

    /// The entry of `transaction_data_hashes` (appendix B.3.3.1): the SHA-256 digest of [`encoded`](Self::encoded) in
    /// base64url.
    #[must_use]
    pub fn hash(&self) -> String {
        base64url(&sha256(self.encoded.as_bytes()))
    }
}

impl Transaction {
    /// The `type`.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Payment { .. } => "urn:tessera:transaction:payment:1",
            Self::Document { .. } => "urn:tessera:transaction:document:1",
        }
    }

    fn well_formed(&self) -> bool {
        let text = |text: &str| !text.trim().is_empty() && text.len() <= TEXT_MAX;
        match self {
            Self::Payment {
                payee,
                amount,
                currency,
                reference,
            } => {
                let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
                let digits = |text: &str| {
                    (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
                };
                text(payee)
                    && digits(whole)
                    && digits(part)
                    && currency.len() == 3
                    && currency.bytes().all(|b| b.is_ascii_uppercase())
                    && reference.as_deref().is_none_or(text)
            }
            Self::Document { title, sha256 } => {
                text(title) && from_base64url(sha256).is_ok_and(|digest| digest.len() == 32)
            }
        }
    }
}

/// Reads the parameter `transaction_data`; none of it may be left aside.
pub(super) fn read(value: Option<&Value>, query: &Query) -> Result<Vec<TransactionData>, Error> {
    let entries = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(entries)) if (1..=MAX_ENTRIES).contains(&entries.len()) => entries,
        Some(_) => return Err(invalid("not an array of 1 to 8 entries")),
    };
    entries
        .iter()
        .map(|entry| {
            let encoded = entry
                .as_str()
                .ok_or(invalid("an entry that is no string"))?;
            TransactionData::read(encoded, query)
        })
        .collect()
}

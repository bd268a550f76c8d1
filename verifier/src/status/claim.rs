//! The `status` claim of a token that refers to a Token Status List (§6).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;

use serde_json::{Value, json};

use crate::cbor;

/// The label of the `status` claim in a CWT (§6.3).
pub(crate) const CWT_STATUS: i64 = 65_535;

/// Where a token says that its status is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusClaim {
    /// The URI of the list.
    pub uri: String,
    /// The place in the list.
    pub index: usize,
}

impl StatusClaim {
    /// From the value of `status` in a JWT (§6.2); `None` when it states no status list in this form.
    #[must_use]
    pub fn from_json(status: &Value) -> Option<Self> {
        let list = status.get("status_list")?;
        let index = usize::try_from(list.get("idx")?.as_u64()?).ok()?;
        Some(Self {
            uri: list.get("uri")?.as_str()?.to_owned(),
            index,
        })
    }

    /// From the claims of a CWT (§6.3); `None` when they state no status list in this form.
    #[must_use]
    pub fn from_cwt_claims(claims: &cbor::Value) -> Option<Self> {
        let list = claims.at(CWT_STATUS)?.member("status_list")?;
        let index = usize::try_from(list.member("idx")?.as_integer()?).ok()?;
        Some(Self {
            uri: list.member("uri")?.as_text()?.to_owned(),
            index,
        })
    }

    /// The value of `status` in a JWT.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"status_list": {"idx": self.index, "uri": self.uri}})
    }

    /// The value of the claim 65535 in a CWT.
    #[must_use]
    pub fn to_cbor(&self) -> cbor::Value {
        let text = |text: &str| cbor::Value::Text(text.to_owned());
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        let list = vec![
            (text("idx"), cbor::Value::Integer(index)),
            (text("uri"), text(&self.uri)),
        ];
        cbor::Value::Map(vec![(text("status_list"), cbor::Value::Map(list))])
    }
}

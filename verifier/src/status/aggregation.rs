//! Status List Aggregation (Token Status List §9.3): where the lists of an issuer are.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::json::{self, Limits};
use crate::vcdm::is_url;

/// The most lists of one aggregation.
const MAX_LISTS: usize = 4096;

/// The URIs of status list tokens, as they are published at `status_list_aggregation_endpoint` or `aggregation_uri`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListAggregation {
    /// The lists.
    pub status_lists: Vec<String>,
}

impl StatusListAggregation {
    /// Reads an aggregation; members that the standard does not name are passed over.
    ///
    /// # Errors
    /// `malformed`, `too_large` above 256 KiB or 4096 lists.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        const MALFORMED: Error = Error::malformed("status list aggregation");
        let members = json::parse_object(bytes, Limits::MESSAGE)?;
        let aggregation: Self =
            serde_json::from_value(Value::Object(members)).map_err(|_| MALFORMED)?;
        if aggregation.status_lists.len() > MAX_LISTS {
            return Err(Error::too_large("number of status lists", MAX_LISTS));
        }
        if !aggregation.status_lists.iter().all(|uri| is_url(uri)) {
            return Err(MALFORMED);
        }
        Ok(aggregation)
    }
}

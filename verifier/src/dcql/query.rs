//! Queries (OpenID4VP 1.0 §6.1 to §6.4).

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ClaimPath;
use crate::claims::{AssuranceLevel, CredentialProfile, Format};
use crate::error::Error;

const MAX_CREDENTIALS: usize = 8;
const MAX_CLAIMS: usize = 64;
const MAX_VALUES: usize = 64;
const MAX_OPTIONS: usize = 16;
const INVALID: Error = Error::RequestInvalid {
    why: "the DCQL query breaks its grammar",
};

/// A whole query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// The credentials asked for.
    pub credentials: Vec<CredentialQuery>,
    /// Which combinations will do; without it, all of them are needed.
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub credential_sets: Vec<CredentialSetQuery>,
}

/// One credential asked for (§6.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialQuery {
    /// Its name in this query and in the `vp_token`.
    pub id: String,
    /// `dc+sd-jwt`, `ldp_vc`, or another that we do not have.
    pub format: String,
    /// Whether more than one credential may answer.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub multiple: bool,
    /// The types that will do.
    #[serde(default)]
    pub meta: Meta,
    /// The authorities of which one must stand behind the issuer (§6.1.1); none means any.
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub trusted_authorities: Vec<TrustedAuthority>,
    /// Whether the holder must prove possession.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub require_cryptographic_holder_binding: bool,
    /// The claims asked for; none means: the credential without disclosures.
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub claims: Vec<ClaimQuery>,
    /// Combinations of claims by id, the preferred first.
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub claim_sets: Vec<Vec<String>>,
}

/// Format-specific constraints (OpenID4VP appendix B).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// For `dc+sd-jwt`: the `vct` is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vct_values: Vec<String>,
    /// For `ldp_vc`: the types contain all of one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub type_values: Vec<Vec<String>>,
}

/// One claim asked for (§6.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimQuery {
    /// Its name in `claim_sets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where it is.
    pub path: ClaimPath,
    /// The values that will do; none means any.
    #[serde(
        default,
        deserialize_with = "non_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub values: Vec<Value>,
}

/// Authorities by which an issuer is recognized (§6.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedAuthority {
    /// What `values` are: `aki`, `etsi_tl`, `openid_federation` or another.
    #[serde(rename = "type")]
    pub kind: String,
    /// The authorities, one of which must match.
    pub values: Vec<String>,
}

/// Alternatives (§6.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSetQuery {
    /// Each a list of credential query ids, the preferred first.
    pub options: Vec<Vec<String>>,
    /// Whether one of them must be satisfied.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub required: bool,
}

/// An array that must have an element where it is present at all.
fn non_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    let elements = Vec::deserialize(deserializer)?;
    match elements.is_empty() {
        true => Err(serde::de::Error::custom("an empty array")),
        false => Ok(elements),
    }
}

fn yes() -> bool {
    true
}

impl Query {
    /// Reads and bounds a query.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        let query: Self = serde_json::from_value(value.clone()).map_err(|_| INVALID)?;
        query.check()?;
        Ok(query)
    }

    /// The credential query with this id.
    #[must_use]
    pub fn credential(&self, id: &str) -> Option<&CredentialQuery> {
        self.credentials
            .iter()
            .find(|credential| credential.id == id)
    }

    /// Whether credentials answering exactly the queries `ids` satisfy the whole (§6.4.2), and none is superfluous.
    #[must_use]
    pub fn satisfied_by(&self, ids: &[&str]) -> bool {
        let has = |id: &String| ids.contains(&id.as_str());
        if self.credential_sets.is_empty() {
            return self
                .credentials
                .iter()
                .all(|credential| has(&credential.id))
                && ids.len() == self.credentials.len();
        }
        let met: Vec<_> = self
            .credential_sets
            .iter()
            .map(|set| set.options.iter().find(|option| option.iter().all(has)))
            .collect();
        self.credential_sets
            .iter()
            .zip(&met)
            .all(|(set, met)| !set.required || met.is_some())
            && ids.iter().all(|id| {
                met.iter()
                    .flatten()
                    .any(|option| option.iter().any(|used| used == id))
            })
    }

    fn check(&self) -> Result<(), Error> {
        let ids = || {
            self.credentials
                .iter()
                .map(|credential| credential.id.as_str())
        };
        let within = (1..=MAX_CREDENTIALS).contains(&self.credentials.len())
            && self.credential_sets.len() <= MAX_OPTIONS
            && self.credentials.iter().all(CredentialQuery::well_formed)
            && unique(ids())
            && self.credential_sets.iter().all(|set| {
                (1..=MAX_OPTIONS).contains(&set.options.len())
                    && set.options.iter().all(|option| {
                        (1..=MAX_CREDENTIALS).contains(&option.len())
                            && option.iter().all(|id| ids().any(|known| known == id))
                    })
            });
        if within { Ok(()) } else { Err(INVALID) }
    }
}

impl CredentialQuery {
    /// The alternatives of claims that satisfy this query, the preferred first (§6.4.1).
    #[must_use]
    pub fn alternatives(&self) -> Vec<Vec<&ClaimQuery>> {
        if self.claim_sets.is_empty() {
            return vec![self.claims.iter().collect()];
        }
        let by_id = |id: &String| {
            self.claims
                .iter()
                .find(|claim| claim.id.as_ref() == Some(id))
        };
        self.claim_sets
            .iter()
            .map(|set| set.iter().filter_map(by_id).collect())
            .collect()
    }

    /// Whether the types or the `vct` of a credential will do.
    #[must_use]
    pub fn accepts_type(&self, vct: Option<&str>, types: &[&str]) -> bool {
        let vct = self.meta.vct_values.is_empty()
            || vct.is_some_and(|vct| self.meta.vct_values.iter().any(|v| v == vct));
        let all =
            |wanted: &Vec<String>| wanted.iter().all(|name| types.contains(&local_name(name)));
        vct && (self.meta.type_values.is_empty() || self.meta.type_values.iter().any(all))
    }

    /// Whether nothing but an [identity credential](CredentialProfile) of ours will do.
    pub(crate) fn is_for_identity(&self) -> bool {
        let (vcts, types) = (&self.meta.vct_values, &self.meta.type_values);
        let is_ours = |name: &String| {
            let mut profiles = AssuranceLevel::ALL.into_iter().map(CredentialProfile::of);
            profiles.any(|profile| {
                // The first is every credential's.
                let [_, general, special] = profile.types();
                [general, special].contains(&local_name(name))
            })
        };
        match Format::ALL
            .into_iter()
            .find(|format| format.as_str() == self.format)
        {
            Some(Format::SdJwt) => {
                !vcts.is_empty()
                    && vcts
                        .iter()
                        .all(|vct| CredentialProfile::by_vct(vct).is_some())
            }
            Some(Format::LdpVc) => {
                !types.is_empty() && types.iter().all(|all| all.iter().any(is_ours))
            }
            None => false,
        }
    }

    fn well_formed(&self) -> bool {
        let id = |id: &str| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        let ids = || self.claims.iter().filter_map(|claim| claim.id.as_deref());
        id(&self.id)
            && self.claims.len() <= MAX_CLAIMS
            && self.trusted_authorities.len() <= MAX_OPTIONS
            && self
                .trusted_authorities
                .iter()
                .all(|authority| (1..=MAX_VALUES).contains(&authority.values.len()))
            && self.meta.vct_values.len() <= MAX_VALUES
            && self.meta.type_values.len() <= MAX_VALUES
            && self.meta.type_values.iter().all(|types| (1..=MAX_VALUES).contains(&types.len()))
            && self.claims.iter().all(|claim| {
                claim.values.len() <= MAX_VALUES && !claim.values.iter().any(|v| v.is_object() || v.is_array() || v.is_null())
            })
            && ids().all(id)
            && unique(ids())
            // §6.3: a claim needs an id where claim_sets are used.
            && (self.claim_sets.is_empty() || self.claims.iter().all(|claim| claim.id.is_some()))
            && self.claim_sets.len() <= MAX_OPTIONS
            && self.claim_sets.iter().all(|set| {
                (1..=MAX_CLAIMS).contains(&set.len()) && set.iter().all(|id| ids().any(|known| known == id))
            })
    }
}

impl ClaimQuery {
    /// A claim of any value.
    #[must_use]
    pub fn any(path: ClaimPath) -> Self {
        Self {
            id: None,
            path,
            values: Vec::new(),
        }
    }

    /// Whether `root` has the claim with a value that will do (§6.4.1).
    #[must_use]
    pub fn satisfied_by(&self, root: &Value) -> bool {
        let selected = self.path.select(root);
        !selected.is_empty()
            && (self.values.is_empty() || selected.iter().any(|value| self.values.contains(value)))
    }
}

/// Appendix B.1.1: `type_values` hold expanded type IRIs; short names of our own contexts are taken too.
fn local_name(name: &str) -> &str {
    name.strip_prefix(crate::claims::VOCABULARY)
        .or_else(|| name.strip_prefix("https://www.w3.org/2018/credentials#"))
        .unwrap_or(name)
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut names: Vec<_> = names.collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    names.len() == all
}

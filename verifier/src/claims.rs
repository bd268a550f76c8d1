//! The claim model that both credential formats share: EU PID names, one type per assurance level.

pub mod evidence;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::time::Timestamp;

/// How well the person was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssuranceLevel {
    /// By a face check against the registry: the limited-function credential.
    Limited,
    /// By the physical card and a face check at a terminal: the full-function credential.
    Full,
}

impl AssuranceLevel {
    /// Both levels, the lower first.
    pub const ALL: [Self; 2] = [Self::Limited, Self::Full];

    /// `limited` or `full`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Full => "full",
        }
    }

    /// The level written `limited` or `full`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

impl fmt::Display for AssuranceLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A credential format, by its identifier in OpenID4VCI and OpenID4VP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Format {
    /// SD-JWT VC.
    #[serde(rename = "dc+sd-jwt")]
    SdJwt,
    /// W3C Verifiable Credential 2.0 with a Data Integrity proof.
    #[serde(rename = "ldp_vc")]
    LdpVc,
}

impl Format {
    /// Both formats.
    pub const ALL: [Self; 2] = [Self::SdJwt, Self::LdpVc];

    /// `dc+sd-jwt` or `ldp_vc`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SdJwt => "dc+sd-jwt",
            Self::LdpVc => "ldp_vc",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The VCDM 2.0 base context.
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// Our own context.
pub const IDENTITY_CONTEXT: &str = "https://tessera.example/contexts/identity/v1";
/// The base of our own vocabulary.
pub const VOCABULARY: &str = "https://tessera.example/vocab#";

/// The names under which one assurance level appears in each format and protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct CredentialProfile {
    /// The level.
    pub level: AssuranceLevel,
    /// The SD-JWT VC type.
    pub vct: &'static str,
    /// The most specific W3C type.
    pub w3c_type: &'static str,
    /// The OpenID4VCI credential configuration id of the SD-JWT VC.
    pub sd_jwt_configuration: &'static str,
    /// The OpenID4VCI credential configuration id of the W3C credential.
    pub ldp_configuration: &'static str,
}

impl CredentialProfile {
    /// The profile of the limited-function credential.
    pub const LIMITED: Self = Self {
        level: AssuranceLevel::Limited,
        vct: "urn:tessera:identity:limited:1",
        w3c_type: "LimitedIdentityCredential",
        sd_jwt_configuration: "identity_limited_sd_jwt",
        ldp_configuration: "identity_limited_ldp",
    };

    /// The profile of the full-function credential.
    pub const FULL: Self = Self {
        level: AssuranceLevel::Full,
        vct: "urn:tessera:identity:full:1",
        w3c_type: "FullIdentityCredential",
        sd_jwt_configuration: "identity_full_sd_jwt",
        ldp_configuration: "identity_full_ldp",
    };

    /// The profile of `level`.
    #[must_use]
    pub const fn of(level: AssuranceLevel) -> &'static Self {
        match level {
            AssuranceLevel::Limited => &Self::LIMITED,
            AssuranceLevel::Full => &Self::FULL,
        }
    }

    /// The profile with this SD-JWT VC type.
    #[must_use]
    pub fn by_vct(vct: &str) -> Option<&'static Self> {
        AssuranceLevel::ALL
            .map(Self::of)
            .into_iter()
            .find(|profile| profile.vct == vct)
    }

    /// The profile and format of a credential configuration id.
    #[must_use]
    pub fn by_configuration(id: &str) -> Option<(&'static Self, Format)> {
        AssuranceLevel::ALL
            .map(Self::of)
            .into_iter()
            .find_map(|profile| {
                Format::ALL
                    .into_iter()
                    .find(|format| profile.configuration(*format) == id)
                    .map(|format| (profile, format))
            })
    }

    /// The profile of a credential with these W3C `type` values: exactly one level must be named.
    #[must_use]
    pub fn by_types<'a>(types: impl IntoIterator<Item = &'a str>) -> Option<&'static Self> {
        let types: Vec<_> = types.into_iter().collect();
        let mut named = AssuranceLevel::ALL
            .map(Self::of)
            .into_iter()
            .filter(|p| types.contains(&p.w3c_type));
        match (named.next(), named.next()) {
            (Some(profile), None) => Some(profile),
            _ => None,
        }
    }

    /// The configuration id of this level in `format`.
    #[must_use]
    pub const fn configuration(&self, format: Format) -> &'static str {
        match format {
            Format::SdJwt => self.sd_jwt_configuration,
            Format::LdpVc => self.ldp_configuration,
        }
    }

    /// The W3C `type` array, from general to special.
    #[must_use]
    pub const fn types(&self) -> [&'static str; 3] {
        ["VerifiableCredential", "IdentityCredential", self.w3c_type]
    }

    /// The `type` values as IRIs, as `type_values` of a DCQL query name them (OpenID4VP appendix B.1.1).
    #[must_use]
    pub fn expanded_types(&self) -> [String; 3] {
        let [base, general, special] = self.types();
        [
            format!("https://www.w3.org/2018/credentials#{base}"),
            format!("{VOCABULARY}{general}"),
            format!("{VOCABULARY}{special}"),
        ]
    }

    /// The W3C `@context` array.
    #[must_use]
    pub const fn contexts() -> [&'static str; 2] {
        [CREDENTIALS_V2, IDENTITY_CONTEXT]
    }
}

/// The ages for which a credential says whether the person has reached them.
pub const AGES: [u32; 7] = [12, 14, 16, 18, 21, 60, 65];

/// Whether a person born on `birthdate` (`YYYY-MM-DD`) has reached each of [`AGES`] on the day of `day` (UTC).
///
/// Who is born on 29 February has the birthday on 1 March in other years, so nobody is older than the law says.
///
/// # Errors
/// `malformed` for a birth date that is no calendar day or lies after `day`.
pub fn ages_on(birthdate: &str, day: Timestamp) -> Result<BTreeMap<String, bool>, Error> {
    let (born_year, born_month, born_day) = Timestamp::parse_date(birthdate)?.date();
    let (year, month, day) = day.date();
    let age = year - born_year - i64::from((month, day) < (born_month, born_day));
    if age < 0 {
        return Err(Error::malformed("birth date in the future"));
    }
    Ok(AGES
        .iter()
        .map(|limit| (limit.to_string(), age >= i64::from(*limit)))
        .collect())
}

/// Sex as the registry states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Another entry.
    Other,
    /// Not known.
    Unknown,
}

/// What an identity credential says about its subject. Personal data: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityClaims {
    /// Family name in Latin script.
    pub family_name: String,
    /// Given names in Latin script.
    pub given_name: String,
    /// The whole name in the person's own script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_native: Option<String>,
    /// Birth date, `YYYY-MM-DD`.
    pub birthdate: String,
    /// Whether each age of [`AGES`] is reached: see [`ages_on`].
    pub age_equal_or_over: BTreeMap<String, bool>,
    /// Sex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// ISO 3166-1 alpha-2 country codes.
    pub nationalities: Vec<String>,
    /// The person's number in the population registry.
    pub personal_administrative_number: String,
    /// The address in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident_address: Option<String>,
    /// The name of the authority that issues the credential.
    pub issuing_authority: String,
    /// Its ISO 3166-1 alpha-2 country code.
    pub issuing_country: String,
}

impl IdentityClaims {
    /// The claims as a JSON object under their EU PID names; absent ones are left out.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        match json!(self) {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

impl fmt::Debug for IdentityClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityClaims(..)")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_reached_on_the_birthday_and_not_before() {
        let on = |born, day| ages_on(born, Timestamp::parse_date(day).unwrap()).unwrap()["18"];
        assert!(!on("2000-06-15", "2018-06-14"));
        assert!(on("2000-06-15", "2018-06-15"));
        assert!(!on("2000-02-29", "2018-02-28"));
        assert!(on("2000-02-29", "2018-03-01"));
        assert!(ages_on("2018-06-16", Timestamp::parse_date("2018-06-15").unwrap()).is_err());
    }

    #[test]
    fn claims_go_by_their_names_and_are_not_printed() {
        let said = json!({"family_name": "SPECIMEN", "given_name": "ANNA", "birthdate": "1990-03-07",
            "age_equal_or_over": {"18": true}, "nationalities": ["UT"], "personal_administrative_number": "SPECIMEN-0001",
            "issuing_authority": "City of SPECIMEN", "issuing_country": "UT"});
        let claims: IdentityClaims = serde_json::from_value(said.clone()).unwrap();
        assert_eq!(Value::Object(claims.to_json()), said);
        assert_eq!(alloc::format!("{claims:?}"), "IdentityClaims(..)");
    }

    #[test]
    fn a_credential_of_two_levels_has_none() {
        assert_eq!(
            CredentialProfile::by_types(["LimitedIdentityCredential", "FullIdentityCredential"]),
            None
        );
        assert_eq!(
            CredentialProfile::by_types(CredentialProfile::FULL.types()),
            Some(&CredentialProfile::FULL)
        );
    }

    #[test]
    fn a_child_of_less_than_a_year_has_no_age_yet() {
        let born = Timestamp::parse_date("2018-06-15").unwrap();
        assert!(!ages_on("2018-06-15", born).unwrap()["12"]);
    }

    #[test]
    fn names_of_levels_formats_and_configurations() {
        for level in AssuranceLevel::ALL {
            assert_eq!(AssuranceLevel::parse(level.as_str()), Some(level));
            assert_eq!(level.to_string(), level.as_str());
            for format in Format::ALL {
                let profile = CredentialProfile::of(level);
                let found = CredentialProfile::by_configuration(profile.configuration(format));
                assert_eq!(found, Some((profile, format)));
            }
        }
        assert_eq!(AssuranceLevel::Full.as_str(), "full");
        assert_eq!(AssuranceLevel::parse("other"), None);
        assert_eq!(Format::LdpVc.to_string(), "ldp_vc");
        assert_eq!(CredentialProfile::by_configuration("other"), None);
    }
}

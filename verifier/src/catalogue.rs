//! The services that relying parties offer, and exactly what each may ask.
//!
//! The data is `schemas/services/*.json`, embedded. A verifier's policy and a wallet's refusal to be over-asked both
//! come from it.

use crate::table::Lazy;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

use crate::claims::AssuranceLevel;
use crate::claims::evidence::EvidencePolicy;
use crate::dcql::ClaimPath;
use crate::error::Error;
use crate::json::{self, Limits};

/// The languages of every text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalizedText {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl LocalizedText {
    /// The text in `language`.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }
}

/// A service of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its stable name, such as `internet-cafe`.
    pub id: String,
    /// What people call it.
    pub name: LocalizedText,
    /// Why it asks, shown to the holder.
    pub purpose: LocalizedText,
    /// The least assurance level that suffices.
    pub assurance_level: AssuranceLevel,
    /// Exactly the claims it may ask, as paths into the subject's claims.
    pub claims: Vec<ClaimPath>,
    /// What it demands of the evidence; it may then ask for it as well, as the claim `evidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidencePolicy>,
}

impl Service {
    /// Reads a service file.
    ///
    /// # Errors
    /// `malformed` for anything that is not a service with at least one claim.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let value = json::parse(
            bytes,
            Limits {
                bytes: 64 * 1024,
                depth: 8,
            },
        )?;
        let service: Self =
            serde_json::from_value(value).map_err(|_| Error::malformed("service file"))?;
        let id = service
            .id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !id || service.id.is_empty() || service.claims.is_empty() {
            return Err(Error::malformed("service file"));
        }
        Ok(service)
    }

    /// Whether it may ask for the claim at `path`, a path into the subject's claims.
    #[must_use]
    pub fn may_ask(&self, path: &ClaimPath) -> bool {
        self.claims.iter().any(|allowed| allowed.covers(path))
    }

    /// The assurance levels that suffice.
    pub fn accepted_levels(&self) -> impl Iterator<Item = AssuranceLevel> + use<> {
        let least = self.assurance_level;
        AssuranceLevel::ALL
            .into_iter()
            .filter(move |level| *level >= least)
    }
}

/// A set of services.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    services: Vec<Service>,
}

/// The embedded files, in the order in which they are shown.
const FILES: [&str; 7] = [
    include_str!("../../schemas/services/internet-cafe.json"),
    include_str!("../../schemas/services/hotel.json"),
    include_str!("../../schemas/services/train-gate.json"),
    include_str!("../../schemas/services/bank-account.json"),
    include_str!("../../schemas/services/business-registration.json"),
    include_str!("../../schemas/services/government-programme.json"),
    include_str!("../../schemas/services/notary.json"),
];

impl Catalogue {
    /// The catalogue that is part of this program.
    #[must_use]
    pub fn builtin() -> &'static Self {
        // A test holds that every embedded file reads.
        static BUILTIN: Lazy<Catalogue> = Lazy::new(|| Catalogue {
            services: FILES
                .iter()
                .filter_map(|file| Service::from_json(file.as_bytes()).ok())
                .collect(),
        });
        &BUILTIN
    }

    /// The service with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }

    /// Every service.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_reads_under_its_own_name() {
        let catalogue = Catalogue::builtin();
        assert_eq!(catalogue.services().len(), FILES.len());
        for file in FILES {
            let service = Service::from_json(file.as_bytes()).unwrap();
            assert_eq!(catalogue.get(&service.id), Some(&service));
        }
    }

    #[test]
    fn the_internet_cafe_asks_one_bit() {
        let cafe = Catalogue::builtin().get("internet-cafe").unwrap();
        assert_eq!(cafe.claims, [ClaimPath::keys(&["age_equal_or_over", "18"])]);
    }
}

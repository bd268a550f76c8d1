//! How a person was proved, as a credential says it: the terms of OpenID Connect for Identity Assurance 1.0 §5, where
//! the schema's `evidence` is called `evidence_sources`, because the VC Data Model has taken the shorter name.
//!
//! Issuer and verifier share this type: what one writes the other reads. It says which methods were used, on which day
//! and by whom, and nothing that identifies a document, a place or a similarity.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AssuranceLevel;
use crate::error::Error;
use crate::time::Timestamp;

/// The trust framework that evidence names.
pub const TRUST_FRAMEWORK: &str = "tessera";
/// The policy that evidence names.
pub const POLICY: &str = "https://tessera.example/policies/identity/1";
/// The W3C type of our evidence.
const TYPE: &str = "IdentityAssuranceEvidence";
const DAY: i64 = 86_400;

/// Which way a person was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pathway {
    /// A live face against the authority's register, on a phone.
    Face,
    /// A chip that proved itself to the issuer, and a live face against its portrait.
    Chip,
    /// A card read through a reader's security module, vouched for by the terminal alone.
    SamReader,
}

impl Pathway {
    /// Every pathway.
    pub const ALL: [Self; 3] = [Self::Face, Self::Chip, Self::SamReader];

    /// Its name in credentials.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Chip => "chip",
            Self::SamReader => "sam_reader",
        }
    }

    /// The check methods that stand for it (the registry of OpenID Identity Assurance): a register's data and a remote
    /// comparison of faces; a cryptographic or a digital check of the document and a comparison on site, by a machine or
    /// by a person.
    #[must_use]
    pub const fn check_methods(self, attended: bool) -> [&'static str; 2] {
        let compared = if attended { "pvp" } else { "bvp" };
        match self {
            Self::Face => ["data", "bvr"],
            Self::Chip => ["vcrypt", compared],
            Self::SamReader => ["vdig", compared],
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Face => "electronic_record",
            Self::Chip | Self::SamReader => "document",
        }
    }

    const fn procedure(self, attended: bool) -> &'static str {
        match (self, attended) {
            (Self::Face, _) => "face-against-register",
            (Self::Chip, false) => "chip-and-face",
            (Self::Chip, true) => "chip-and-face-attended",
            (Self::SamReader, false) => "terminal-attested-and-face",
            (Self::SamReader, true) => "terminal-attested-and-face-attended",
        }
    }
}

/// Ends the name of a procedure in which the person answered a liveness challenge. A verifier that does not know it
/// sees another procedure, and not the one without.
const WITH_LIVENESS: &str = "-with-liveness";

/// The evidence of one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityEvidence {
    /// The level it carries.
    pub level: AssuranceLevel,
    /// Which way the person was proved.
    pub pathway: Pathway,
    /// Whether a person of the authority stood by and compared.
    pub attended: bool,
    /// Whether the head moved as the issuer asked: the face was filmed for this check.
    pub liveness: bool,
    /// The day of the check (midnight).
    pub time: Timestamp,
    /// Who checked.
    pub organization: String,
}

impl IdentityEvidence {
    /// The `evidence` member of a credential.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let time = self.time.start_of_day().to_rfc3339();
        let details: Vec<Value> = self
            .pathway
            .check_methods(self.attended)
            .into_iter()
            .map(|method| {
                json!({"check_method": method, "organization": self.organization, "time": time})
            })
            .collect();
        json!([{
            "type": [TYPE],
            "trust_framework": TRUST_FRAMEWORK,
            "assurance_level": self.level.as_str(),
            "assurance_process": {
                "policy": POLICY,
                "procedure": self.procedure(),
                "pathway": self.pathway.as_str(),
                "attended": self.attended,
            },
            "time": time,
            "evidence_sources": [{"type": [self.pathway.source()], "check_details": details}],
        }])
    }

    fn procedure(&self) -> String {
        let plain = self.pathway.procedure(self.attended);
        let liveness = if self.liveness { WITH_LIVENESS } else { "" };
        [plain, liveness].concat()
    }

    /// Reads the `evidence` member of a credential whose signature was checked.
    ///
    /// # Errors
    /// `malformed` for anything but exactly what [`Self::to_json`] writes: a policy that looks at one member must not
    /// be led by another that contradicts it.
    pub fn read(value: &Value) -> Result<Self, Error> {
        let malformed = Error::malformed("evidence");
        let one = value
            .as_array()
            .filter(|list| list.len() == 1)
            .and_then(|list| list.first())
            .ok_or(malformed.clone())?;
        let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str);
        let read = || {
            Some(Self {
                level: AssuranceLevel::parse(text("/assurance_level")?)?,
                pathway: Pathway::ALL
                    .into_iter()
                    .find(|known| text("/assurance_process/pathway") == Some(known.as_str()))?,
                attended: one.pointer("/assurance_process/attended")?.as_bool()?,
                liveness: text("/assurance_process/procedure")?.ends_with(WITH_LIVENESS),
                time: Timestamp::parse_rfc3339(text("/time")?).ok()?,
                organization: text("/evidence_sources/0/check_details/0/organization")?.into(),
            })
        };
        let evidence = read().ok_or(malformed.clone())?;
        if evidence.to_json() == *value {
            Ok(evidence)
        } else {
            Err(malformed)
        }
    }

    /// Whole days since the check.
    #[must_use]
    pub fn age_days(&self, now: Timestamp) -> i64 {
        now.unix().saturating_sub(self.time.unix()).div_euclid(DAY)
    }
}

/// What a relying party demands of the evidence, beyond the level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidencePolicy {
    /// The most days since the check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// The pathways that will do.
    #[serde(default = "every_pathway")]
    pub pathways: Vec<Pathway>,
    /// Whether a person must have stood by.
    #[serde(default)]
    pub attended: bool,
    /// Whether a liveness challenge must have been answered.
    #[serde(default)]
    pub liveness: bool,
}

fn every_pathway() -> Vec<Pathway> {
    Pathway::ALL.to_vec()
}

impl Default for EvidencePolicy {
    fn default() -> Self {
        Self {
            max_age_days: None,
            pathways: every_pathway(),
            attended: false,
            liveness: false,
        }
    }
}

impl EvidencePolicy {
    /// Holds the evidence of a credential of `level` against the policy.
    ///
    /// # Errors
    /// `malformed`; `evidence_insufficient` where it was not shown, is about another level, too old, from the future,
    /// of another pathway, unattended or without a liveness challenge.
    pub fn check(
        &self,
        shown: Option<&Value>,
        level: AssuranceLevel,
        now: Timestamp,
    ) -> Result<IdentityEvidence, Error> {
        let insufficient = |why| Err(Error::EvidenceInsufficient { why });
        let Some(value) = shown else {
            return insufficient("it was not shown");
        };
        let evidence = IdentityEvidence::read(value)?;
        if evidence.level != level {
            return insufficient("it is about another level");
        }
        if evidence.time > now {
            return insufficient("it is from the future");
        }
        if self
            .max_age_days
            .is_some_and(|days| evidence.age_days(now) > i64::from(days))
        {
            return insufficient("the check is too long ago");
        }
        if !self.pathways.contains(&evidence.pathway) {
            return insufficient("the person was proved another way");
        }
        if self.attended && !evidence.attended {
            return insufficient("nobody stood by");
        }
        if self.liveness && !evidence.liveness {
            return insufficient("nobody was asked to move");
        }
        Ok(evidence)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use alloc::vec;

    fn evidence(pathway: Pathway, attended: bool) -> IdentityEvidence {
        IdentityEvidence {
            level: match pathway {
                Pathway::Face => AssuranceLevel::Limited,
                _ => AssuranceLevel::Full,
            },
            pathway,
            attended,
            liveness: false,
            time: Timestamp::parse_date("2026-01-15").unwrap(),
            organization: "City of SPECIMEN".into(),
        }
    }

    #[test]
    fn what_is_written_is_read_for_every_pathway() {
        let methods = [
            (
                Pathway::Face,
                false,
                ["data", "bvr"],
                "face-against-register",
            ),
            (Pathway::Chip, false, ["vcrypt", "bvp"], "chip-and-face"),
            (
                Pathway::Chip,
                true,
                ["vcrypt", "pvp"],
                "chip-and-face-attended",
            ),
            (
                Pathway::SamReader,
                false,
                ["vdig", "bvp"],
                "terminal-attested-and-face",
            ),
            (
                Pathway::SamReader,
                true,
                ["vdig", "pvp"],
                "terminal-attested-and-face-attended",
            ),
        ];
        for (pathway, attended, expected, procedure) in methods {
            let evidence = evidence(pathway, attended);
            let value = evidence.to_json();
            let moved = IdentityEvidence {
                liveness: true,
                ..evidence.clone()
            };
            assert_eq!(IdentityEvidence::read(&moved.to_json()), Ok(moved));
            assert_eq!(IdentityEvidence::read(&value), Ok(evidence));
            let details = &value[0]["evidence_sources"][0]["check_details"];
            let found = [0, 1].map(|place| details[place]["check_method"].as_str().unwrap());
            assert_eq!(found, expected);
            assert_eq!(value[0]["assurance_process"]["procedure"], procedure);
            let source = match pathway {
                Pathway::Face => "electronic_record",
                _ => "document",
            };
            assert_eq!(value[0]["evidence_sources"][0]["type"], json!([source]));
        }
    }

    #[test]
    fn evidence_that_contradicts_itself_is_refused() {
        let good = evidence(Pathway::Chip, true).to_json();
        let changes: Vec<(&str, Value)> = vec![
            ("/0/assurance_process/attended", json!(false)),
            ("/0/assurance_process/attended", json!("true")),
            ("/0/assurance_process/pathway", json!("sam_reader")),
            ("/0/assurance_process/procedure", json!("chip-and-face")),
            (
                "/0/assurance_process/procedure",
                json!("chip-and-face-with-liveness"),
            ),
            ("/0/assurance_level", json!("high")),
            ("/0/trust_framework", json!("another")),
            ("/0/time", json!("2026-01-16T00:00:00Z")),
            ("/0/time", json!("soon")),
            ("/0/evidence_sources/0/type", json!(["electronic_record"])),
            (
                "/0/evidence_sources/0/check_details/0/check_method",
                json!("vdig"),
            ),
            ("/0/evidence_sources", json!([])),
            ("", json!([])),
            ("", json!([good[0], good[0]])),
        ];
        for (pointer, value) in changes {
            let mut changed = good.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            assert!(IdentityEvidence::read(&changed).is_err(), "{changed}");
        }
        let mut more = good;
        more[0]["document_number"] = json!("X");
        assert!(IdentityEvidence::read(&more).is_err());
    }

    #[test]
    fn a_policy_looks_at_age_pathway_attendance_and_level() {
        let now = Timestamp::parse_date("2026-02-14").unwrap();
        let value = evidence(Pathway::Chip, false).to_json();
        let full = AssuranceLevel::Full;
        let policy = EvidencePolicy {
            max_age_days: Some(30),
            pathways: vec![Pathway::Chip],
            ..EvidencePolicy::default()
        };
        let refused = |policy: &EvidencePolicy, shown: Option<&Value>, level, now| {
            policy
                .check(shown, level, now)
                .err()
                .map(|error| String::from(error.code()))
        };
        let insufficient = Some(String::from("evidence_insufficient"));
        assert_eq!(refused(&policy, Some(&value), full, now), None);
        assert_eq!(
            refused(&policy, Some(&value), full, now.add_seconds(DAY)),
            insufficient
        );
        let made = Timestamp::parse_date("2026-01-15").unwrap();
        assert_eq!(refused(&policy, Some(&value), full, made), None, "just now");
        let before = now.add_seconds(-60 * DAY);
        assert_eq!(refused(&policy, Some(&value), full, before), insufficient);
        assert_eq!(refused(&policy, None, full, now), insufficient);
        let limited = AssuranceLevel::Limited;
        assert_eq!(refused(&policy, Some(&value), limited, now), insufficient);
        let sam = evidence(Pathway::SamReader, false).to_json();
        assert_eq!(refused(&policy, Some(&sam), full, now), insufficient);
        let attended = EvidencePolicy {
            attended: true,
            ..EvidencePolicy::default()
        };
        assert_eq!(refused(&attended, Some(&value), full, now), insufficient);
        let watched = evidence(Pathway::Chip, true).to_json();
        assert_eq!(refused(&attended, Some(&watched), full, now), None);
        let live = EvidencePolicy {
            liveness: true,
            ..EvidencePolicy::default()
        };
        assert_eq!(refused(&live, Some(&watched), full, now), insufficient);
        let moved = IdentityEvidence {
            liveness: true,
            ..evidence(Pathway::Face, false)
        };
        assert_eq!(refused(&live, Some(&moved.to_json()), limited, now), None);
    }
}

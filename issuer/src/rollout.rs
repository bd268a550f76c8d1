//! The roll-out: which districts take part, from which day, and how many persons a day.
//!
//! A pilot grows from a district to a province to the country. Whoever comes too early, or to the wrong place, is told
//! when and where; whoever comes on a full day is told to come tomorrow. The applicant names the district when the
//! session is opened, so that a refusal tells nothing about a number; that the register agrees is looked at only once
//! the person is proved. A place is taken in the transaction that records the first passed check, so no race and no
//! crash exceeds a day's number, and a refused photograph costs nobody a place.

use serde::{Deserialize, Serialize};
use tessera_verifier::Timestamp;
use utoipa::ToSchema;

use crate::failure::{Code, Failure};
use crate::store::Place;

const DAY: i64 = 86_400;

/// The roll-out. Without districts everybody may come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rollout {
    /// The districts that take part, now or later.
    pub districts: Vec<District>,
    /// Minutes by which the authority's days begin before those of UTC.
    pub utc_offset_minutes: i64,
}

/// A district that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct District {
    /// As the register has it: 1 to 32 letters, digits or hyphens.
    pub code: String,
    /// Name, English.
    pub name_en: String,
    /// Name, Chinese.
    pub name_zh: String,
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
    /// Persons who may be proved on a day who hold nothing yet; absent: any number.
    #[serde(default)]
    pub per_day: Option<u32>,
}

/// When a district opens, as clients are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Opening {
    /// The district's code.
    pub district: String,
    /// Name, English.
    pub name_en: String,
    /// Name, Chinese.
    pub name_zh: String,
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
    /// Whether that day has come.
    pub open: bool,
}

impl Rollout {
    /// Refuses a roll-out that cannot be meant.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn check(&self) -> Result<(), String> {
        let mut seen = std::collections::HashSet::new();
        for district in &self.districts {
            let code = &district.code;
            if !crate::registry::is_number(code) {
                return Err(format!(
                    "district `{code}`: 1 to 32 letters, digits or hyphens"
                ));
            }
            if !seen.insert(code) {
                return Err(format!("district `{code}` occurs twice"));
            }
            if Timestamp::parse_date(&district.from).is_err() {
                return Err(format!("district `{code}`: `from` is not YYYY-MM-DD"));
            }
        }
        if self.utc_offset_minutes.abs() > 14 * 60 {
            return Err("utc_offset_minutes is beyond 14 hours".to_owned());
        }
        Ok(())
    }

    /// Whether there is a roll-out at all.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.districts.is_empty()
    }

    /// Whether a person of `district` may come now, and which place that takes.
    ///
    /// # Errors
    /// `district_not_open`, with every district and its first day.
    pub fn admit(&self, district: Option<&str>, now: i64) -> Result<Option<Place>, Failure> {
        if !self.is_limited() {
            return Ok(None);
        }
        let named = self
            .districts
            .iter()
            .find(|known| Some(known.code.as_str()) == district);
        match named {
            Some(known) if self.is_open(known, now) => Ok(known.per_day.map(|per_day| Place {
                district: known.code.clone(),
                day: self.day(now),
                per_day,
            })),
            _ => Err(Failure {
                openings: self.openings(now),
                ..Failure::from(Code::DistrictNotOpen)
            }),
        }
    }

    /// Every district and when it opens.
    #[must_use]
    pub fn openings(&self, now: i64) -> Vec<Opening> {
        self.districts
            .iter()
            .map(|district| Opening {
                district: district.code.clone(),
                name_en: district.name_en.clone(),
                name_zh: district.name_zh.clone(),
                from: district.from.clone(),
                open: self.is_open(district, now),
            })
            .collect()
    }

    /// Seconds until the authority's next day.
    #[must_use]
    pub fn until_tomorrow(&self, now: i64) -> u64 {
        let local = now.saturating_add(self.utc_offset_minutes.saturating_mul(60));
        u64::try_from(DAY - local.rem_euclid(DAY)).unwrap_or(0)
    }

    /// The authority's day, as days since the epoch.
    fn day(&self, now: i64) -> i64 {
        now.saturating_add(self.utc_offset_minutes.saturating_mul(60))
            .div_euclid(DAY)
    }

    fn is_open(&self, district: &District, now: i64) -> bool {
        // A date that cannot be read opens nothing.
        Timestamp::parse_date(&district.from)
            .is_ok_and(|first| self.day(now) >= first.unix().div_euclid(DAY))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn rollout() -> Rollout {
        let district = |code: &str, from: &str, per_day| District {
            code: code.to_owned(),
            name_en: code.to_owned(),
            name_zh: "样本区".to_owned(),
            from: from.to_owned(),
            per_day,
        };
        Rollout {
            districts: vec![
                district("north", "2027-01-15", Some(7)),
                district("south", "2027-02-01", None),
            ],
            utc_offset_minutes: 480,
        }
    }

    fn at(text: &str) -> i64 {
        Timestamp::parse_date(text).unwrap().unix()
    }

    #[test]
    fn a_district_opens_at_the_authoritys_midnight() {
        let rollout = rollout();
        let midnight = at("2027-01-15") - 8 * 3600;
        let refused = rollout.admit(Some("north"), midnight - 1).unwrap_err();
        assert_eq!(refused.code, Code::DistrictNotOpen);
        assert_eq!(refused.openings.len(), 2);
        assert_eq!(refused.openings[0].from, "2027-01-15");
        let place = rollout.admit(Some("north"), midnight).unwrap().unwrap();
        assert_eq!((&*place.district, place.per_day), ("north", 7));
        assert_eq!(place.day * DAY, at("2027-01-15"));
        assert_eq!(rollout.until_tomorrow(midnight), 86_400);
        assert!(rollout.admit(Some("south"), midnight).is_err());
        assert_eq!(rollout.admit(Some("south"), at("2027-02-02")), Ok(None));
        for nowhere in [None, Some("west"), Some("")] {
            assert!(rollout.admit(nowhere, at("2030-01-01")).is_err());
        }
    }

    #[test]
    fn without_a_roll_out_everybody_may_come() {
        assert_eq!(Rollout::default().admit(None, 0), Ok(None));
    }

    #[test]
    fn a_roll_out_that_cannot_be_meant_is_refused() {
        assert_eq!(rollout().check(), Ok(()));
        let mut twice = rollout();
        twice.districts[1].code = "north".to_owned();
        let mut undated = rollout();
        undated.districts[0].from = "soon".to_owned();
        let mut nameless = rollout();
        nameless.districts[0].code = "north\0".to_owned();
        for wrong in [twice, undated, nameless] {
            assert!(wrong.check().is_err());
        }
    }
}

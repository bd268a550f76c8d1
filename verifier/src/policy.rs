//! What a relying party accepts, apart from how it is checked.

use crate::catalogue::Service;
pub use crate::claims::evidence::{EvidencePolicy, Pathway};
use crate::claims::{AssuranceLevel, Format};
pub use crate::data_integrity::Suite;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// What to do when the status of a credential cannot be told: a stale bundle, a list that is missing or past its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StaleStatus {
    /// Refuse.
    #[default]
    Refuse,
    /// Go on with [`Status::Undetermined`](crate::verify::Status), which the caller must look at.
    Undetermined,
}

/// What is accepted. Suites and formats are chosen here and never by a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The id of the service that requests must name.
    pub service: String,
    /// The credential formats accepted.
    pub formats: Vec<Format>,
    /// The cryptosuites accepted for `ldp_vc`.
    pub suites: Vec<Suite>,
    /// The least assurance level.
    pub least_assurance: AssuranceLevel,
    /// Seconds for which a presentation is fresh.
    pub max_presentation_age: i64,
    /// Seconds by which clocks may differ.
    pub clock_skew: i64,
    /// Stale or missing status.
    pub stale_status: StaleStatus,
    /// What the evidence must be, beyond the level: how old, which pathway, attended or not. It must then be disclosed.
    pub evidence: Option<EvidencePolicy>,
    /// Whether the older media type `vc+sd-jwt` is taken for `dc+sd-jwt`.
    pub accept_vc_sd_jwt: bool,
}

impl Policy {
    /// The policy of a catalogue service: both formats, its least assurance level, presentations of the last 300
    /// seconds, 60 seconds of clock skew, and no acceptance without a known status.
    #[must_use]
    pub fn for_service(service: &Service) -> Self {
        Self {
            service: service.id.clone(),
            formats: Format::ALL.to_vec(),
            suites: vec![Suite::EcdsaSd2023],
            least_assurance: service.assurance_level,
            max_presentation_age: 300,
            clock_skew: 60,
            stale_status: StaleStatus::Refuse,
            evidence: service.evidence.clone(),
            accept_vc_sd_jwt: false,
        }
    }
}

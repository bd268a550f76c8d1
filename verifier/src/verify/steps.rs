//! The steps that both formats share, each consuming the value before.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

use super::current::{let_pass, within};
use super::stage::{At as _, Refusal, Stage};
use super::{Status, Undetermined, VerifiedCredential, asked, ldp, sd_jwt, shape};
use crate::bundle::{Bundle, CredentialSigner, StatusListFormat};
use crate::claims::{CredentialProfile, Format};
use crate::dcql::CredentialQuery;
use crate::error::Error;
use crate::policy::Policy;
use crate::request::{Request, TransactionData};
use crate::status::{StatusClaim, StatusType};
use crate::time::Timestamp;

/// Everything a check needs besides the message.
pub(super) struct Check<'a> {
    pub(super) request: &'a Request,
    pub(super) policy: &'a Policy,
    pub(super) bundle: &'a Bundle,
    pub(super) now: Timestamp,
}

/// A credential whose issuer signature, disclosures and holder binding hold; not yet whether it is current.
pub(super) struct Proven<'a> {
    pub(super) signer: CredentialSigner<'a>,
    pub(super) profile: &'static CredentialProfile,
    pub(super) format: Format,
    /// What DCQL paths point into.
    pub(super) root: Value,
    /// The names under which the root tells about the credential rather than about the person.
    pub(super) envelope: &'static [&'static str],
    pub(super) valid_from: Timestamp,
    pub(super) valid_until: Timestamp,
    /// When the issuer says it signed.
    pub(super) issued_at: Timestamp,
    pub(super) status: Option<StatusClaim>,
    /// The check of the holder's proof, with the digests of the transactions that it confirms; looked at after status so
    /// that refusals come in the order of their weight.
    pub(super) holder: Result<Vec<String>, Error>,
}

/// A credential that is proven and current.
pub(super) struct Current<'a> {
    proven: Proven<'a>,
    status: Status,
    confirmed: Vec<String>,
}

impl Current<'_> {
    /// The digests of the transactions that the holder confirmed with this credential.
    pub(super) fn confirmed(&self) -> &[String] {
        &self.confirmed
    }
}

impl<'a> Check<'a> {
    /// The request itself: for this policy, unexpired, and asking nothing that its service may not ask.
    pub(super) fn request(&self) -> Result<(), Error> {
        if self.request.service() != Some(self.policy.service.as_str()) {
            return Err(Error::RequestInvalid {
                why: "it is for another service than the policy",
            });
        }
        if self.now > self.request.expires().add_seconds(self.policy.clock_skew) {
            return Err(Error::RequestExpired {
                until: self.request.expires(),
                now: self.now,
            });
        }
        self.request.check_asked()
    }

    /// Signature, issuer and disclosures. The query and the policy say which format it is, not the message.
    pub(super) fn prove(
        &self,
        query: &CredentialQuery,
        presented: &Value,
    ) -> Result<Proven<'a>, Refusal> {
        let format = Format::ALL
            .into_iter()
            .find(|format| format.as_str() == query.format && self.policy.formats.contains(format))
            .ok_or(Error::UnsupportedFormat {
                what: "credential format",
            })
            .at(Stage::Format)?;
        match format {
            Format::SdJwt => sd_jwt::prove(self, presented),
            Format::LdpVc => ldp::prove(self, presented),
        }
    }

    /// Windows of issuer and credential, status, and the holder's proof.
    pub(super) fn current(&self, proven: Proven<'a>) -> Result<Current<'a>, Refusal> {
        proven
            .signer
            .may_issue(proven.profile.level, proven.issued_at, self.now)
            .at(Stage::Issuer)?;
        within(Some(proven.valid_from), Some(proven.valid_until), self.now).at(Stage::Validity)?;
        let status = self.status(&proven).at(Stage::Status)?;
        let confirmed = proven.holder.clone().at(Stage::Holder)?;
        Ok(Current {
            proven,
            status,
            confirmed,
        })
    }

    /// A bad status is believed even from a stale list; a good one only from a fresh one.
    fn status(&self, proven: &Proven<'_>) -> Result<Status, Error> {
        let format = match proven.format {
            Format::SdJwt => StatusListFormat::Token,
            Format::LdpVc => StatusListFormat::Bitstring,
        };
        let unknown = match &proven.status {
            None => Undetermined::NotStated,
            Some(reference) => match self.bundle.status_list(format, &reference.uri) {
                None => Undetermined::ListMissing,
                Some(list) => match list.statuses.get(reference.index) {
                    None => Undetermined::IndexBeyondList,
                    Some(StatusType::Invalid) => return Err(Error::Revoked),
                    Some(StatusType::Suspended) => return Err(Error::Suspended),
                    // A status whose meaning is not known here is no acceptance, whatever the policy says of age.
                    Some(StatusType::ApplicationSpecific(_) | StatusType::Unassigned(_)) => {
                        return Err(Error::StatusUndetermined {
                            why: "the status is one that this program does not know",
                        });
                    }
                    // Its clock and ours may differ, as those of a proof may.
                    Some(StatusType::Valid)
                        if list.issued_at > self.now.add_seconds(self.policy.clock_skew) =>
                    {
                        Undetermined::ListNotYetValid {
                            from: list.issued_at,
                        }
                    }
                    Some(StatusType::Valid) if self.now >= list.valid_until => {
                        Undetermined::ListStale {
                            until: list.valid_until,
                        }
                    }
                    Some(StatusType::Valid) if !self.bundle.is_stale(self.now) => {
                        return Ok(Status::Valid);
                    }
                    Some(StatusType::Valid) => Undetermined::BundleStale {
                        until: self.bundle.expires(),
                    },
                },
            },
        };
        // The age of the bundle is the reason to name first: fetching a new one mends the others too.
        let unknown = if self.bundle.is_stale(self.now) {
            Undetermined::BundleStale {
                until: self.bundle.expires(),
            }
        } else {
            unknown
        };
        let_pass(unknown, self.policy.stale_status, self.now).map(Status::Undetermined)
    }

    /// Level, type, every claim asked, and nothing that was not.
    pub(super) fn asked(
        &self,
        query: &CredentialQuery,
        current: Current<'_>,
    ) -> Result<VerifiedCredential, Refusal> {
        let Current { proven, status, .. } = current;
        let shown = proven.profile.level;
        if shown < self.policy.least_assurance {
            return Err(Error::AssuranceTooLow {
                needed: self.policy.least_assurance,
                shown,
            })
            .at(Stage::Asked);
        }
        if !query.accepts_type(Some(proven.profile.vct), &proven.profile.types()) {
            return Err(Error::WrongCredentialType).at(Stage::Asked);
        }
        asked::exactly(query, &proven.root, proven.envelope).at(Stage::Asked)?;
        let claims = claims(proven.root, proven.envelope);
        shape::check(&claims).at(Stage::Disclosure)?;
        if let Some(demanded) = &self.policy.evidence {
            demanded
                .check(claims.get("evidence"), shown, self.now)
                .at(Stage::Asked)?;
        }
        Ok(VerifiedCredential {
            query: query.id.clone(),
            issuer: proven.signer.issuer().to_owned(),
            authority: self.bundle.authority().name.clone(),
            assurance_level: shown,
            format: proven.format,
            claims,
            valid_until: proven.valid_until,
            status,
        })
    }
}

impl Check<'_> {
    /// Every transaction of the request is confirmed with one of the credentials that may (OpenID4VP 1.0 §8.4), and
    /// nothing else is: each entry of `confirmed` is a credential query and the digests signed with its credential.
    pub(super) fn transactions(&self, confirmed: &[(&str, Vec<String>)]) -> Result<(), Error> {
        let refused = |why| Err(Error::TransactionNotConfirmed { why });
        let asked = self.request.transaction_data();
        let by = |query: &str, hash: &String| {
            let names = |one: &&TransactionData| one.credential_ids().iter().any(|id| id == query);
            asked.iter().filter(names).any(|one| one.hash() == *hash)
        };
        for (query, hashes) in confirmed {
            if !hashes.iter().all(|hash| by(query, hash)) {
                return refused("the holder confirmed something that was not asked");
            }
        }
        let done = |one: &TransactionData| {
            let hash = one.hash();
            confirmed.iter().any(|(query, hashes)| {
                one.credential_ids().iter().any(|id| id == query) && hashes.contains(&hash)
            })
        };
        match asked.iter().all(done) {
            true => Ok(()),
            false => refused("a transaction that was asked for is missing"),
        }
    }
}

/// The claims about the person: of `credentialSubject` where there is one, else of the root.
fn claims(root: Value, envelope: &[&str]) -> Map<String, Value> {
    let Value::Object(mut claims) = root else {
        return Map::new();
    };
    claims.retain(|name, _| !envelope.contains(&name.as_str()));
    if let Some(Value::Object(mut subject)) = claims.remove("credentialSubject") {
        subject.remove("id");
        claims.append(&mut subject);
    }
    claims
}

//! Choosing the least: the lowest level, then the first format, then exactly the claims asked.

use serde_json::Value;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::dcql::{ClaimPath, CredentialQuery, PathElement, Query};
use tessera_verifier::time::Timestamp;

use crate::error::Error;
use crate::request::AuthenticatedRequest;
use crate::store::{Contents, CredentialSet};

/// What the wallet would show, put before the holder. Has no `Debug`: it holds claim values.
pub struct Proposal {
    pub(crate) request: AuthenticatedRequest,
    pub(crate) set_id: String,
    pub(crate) query_id: String,
    pub(crate) format: Format,
    pub(crate) level: AssuranceLevel,
    pub(crate) paths: Vec<ClaimPath>,
    shown: Vec<ShownClaim>,
}

/// One claim as the holder sees it before saying yes. Has no `Debug`: it holds the value.
pub struct ShownClaim {
    /// Its name, for example `age_equal_or_over.18`.
    pub name: String,
    /// Its value or values.
    pub values: Vec<Value>,
}

impl Proposal {
    /// Who asks, for what, and why.
    #[must_use]
    pub fn request(&self) -> &AuthenticatedRequest {
        &self.request
    }

    /// Local id of the credential set.
    #[must_use]
    pub fn credential(&self) -> &str {
        &self.set_id
    }

    /// Its level.
    #[must_use]
    pub fn level(&self) -> AssuranceLevel {
        self.level
    }

    /// The format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Exactly what would be shown about the holder.
    #[must_use]
    pub fn shown(&self) -> &[ShownClaim] {
        &self.shown
    }

    /// Names of the claims that would be shown.
    #[must_use]
    pub fn claim_names(&self) -> Vec<String> {
        self.shown.iter().map(|claim| claim.name.clone()).collect()
    }
}

/// Chooses the least that satisfies the request: a limited credential before a full one, the newest of its level, the
/// first format the request accepts (or only `format`), and exactly the claims asked.
///
/// # Errors
/// [`Error::NoCredential`], [`Error::CredentialExpired`], [`Error::AssuranceTooLow`], [`Error::FormatUnavailable`],
/// [`Error::QueryNotSatisfied`] or [`Error::CredentialsExhausted`]: the first that keeps the wallet from answering.
pub fn minimal(
    contents: &Contents,
    request: AuthenticatedRequest,
    format: Option<Format>,
    now: Timestamp,
) -> Result<Proposal, Error> {
    let sets = eligible(contents, &request, now)?;
    let query = request.request().query();
    let options = single_credential_options(query);
    let mut refusal = Error::AssuranceTooLow;
    let least = request.service().assurance_level;
    for set in sets.into_iter().filter(|set| set.level >= least) {
        for asked in &options {
            let Some(its_format) = Format::ALL.into_iter().find(|f| f.as_str() == asked.format)
            else {
                continue;
            };
            if !accepts(asked, set) {
                continue;
            }
            if format.is_some_and(|wanted| wanted != its_format) {
                refusal = nearer(refusal, Error::FormatUnavailable);
                continue;
            }
            match answer(asked, its_format, set) {
                Err(missing) => {
                    refusal = nearer(refusal, Error::QueryNotSatisfied { missing });
                }
                Ok(_) if set.remaining(its_format) == 0 => {
                    refusal = nearer(refusal, Error::CredentialsExhausted);
                }
                Ok((paths, shown)) => {
                    return Ok(Proposal {
                        set_id: set.id.clone(),
                        query_id: asked.id.clone(),
                        format: its_format,
                        level: set.level,
                        paths,
                        shown,
                        request,
                    });
                }
            }
        }
    }
    Err(refusal)
}

/// Sets of the request's issuer that are in force, lowest level first, newest first within a level.
fn eligible<'a>(
    contents: &'a Contents,
    request: &AuthenticatedRequest,
    now: Timestamp,
) -> Result<Vec<&'a CredentialSet>, Error> {
    let live =
        |set: &&CredentialSet| set.issuer_url == request.issuer_url() && set.retired_at.is_none();
    if contents.sets.iter().filter(live).count() == 0 {
        return Err(Error::NoCredential);
    }
    let mut sets: Vec<_> = contents
        .sets
        .iter()
        .filter(live)
        .filter(|set| set.is_usable(now))
        .collect();
    if sets.is_empty() {
        return Err(Error::CredentialExpired);
    }
    sets.sort_by_key(|set| (set.level, core::cmp::Reverse(set.received_at)));
    Ok(sets)
}

/// The credential queries that alone satisfy the request, in the request's order of preference.
fn single_credential_options(query: &Query) -> Vec<&CredentialQuery> {
    let preferred = query
        .credential_sets
        .iter()
        .flat_map(|set| &set.options)
        .filter_map(|option| option.first())
        .filter_map(|id| query.credential(id));
    let mut options: Vec<&CredentialQuery> = Vec::new();
    for asked in preferred.chain(&query.credentials) {
        if query.satisfied_by(&[asked.id.as_str()])
            && !options.iter().any(|known| known.id == asked.id)
        {
            options.push(asked);
        }
    }
    options
}

fn accepts(asked: &CredentialQuery, set: &CredentialSet) -> bool {
    let profile = CredentialProfile::of(set.level);
    if asked.format == Format::SdJwt.as_str() {
        asked.accepts_type(Some(profile.vct), &[])
    } else {
        asked.accepts_type(None, &profile.types())
    }
}

/// The claims of the first alternative the set can answer; else the names of what is missing.
fn answer(
    asked: &CredentialQuery,
    format: Format,
    set: &CredentialSet,
) -> Result<(Vec<ClaimPath>, Vec<ShownClaim>), String> {
    let subject = Value::Object(set.claims.clone());
    let mut lacking = String::new();
    for alternative in asked.alternatives() {
        let mut paths = Vec::new();
        let mut shown = Vec::new();
        let mut missing = Vec::new();
        for claim in alternative {
            // W3C claims are asked for below `credentialSubject` (OpenID4VP 1.0 appendix B.1).
            let asked_for = match format {
                Format::SdJwt => Some(claim.path.clone()),
                Format::LdpVc => claim.path.inside("credentialSubject"),
            };
            let found: Vec<&Value> = asked_for
                .iter()
                .flat_map(|path| path.select(&subject))
                .collect();
            let fits = !found.is_empty()
                && (claim.values.is_empty()
                    || found.iter().any(|value| claim.values.contains(value)));
            let path = match format {
                Format::SdJwt => asked_for,
                Format::LdpVc => asked_for.as_ref().and_then(whole_array),
            };
            match path {
                Some(path) if fits && paths.contains(&path) => {}
                Some(path) if fits => {
                    let values = path.select(&subject).into_iter().cloned().collect();
                    shown.push(ShownClaim {
                        name: path.to_string(),
                        values,
                    });
                    paths.push(path);
                }
                _ => missing.push(claim.path.to_string()),
            }
        }
        if missing.is_empty() {
            return Ok((paths, shown));
        }
        if lacking.is_empty() {
            lacking = missing.join(", ");
        }
    }
    Err(lacking)
}

/// What a W3C credential discloses for a path into an array: the array, whole. Its members have no pointer that a
/// selective disclosure could name (VC-DI-ECDSA §3.4.3), and the holder must see all that is shown.
fn whole_array(path: &ClaimPath) -> Option<ClaimPath> {
    let keys: Vec<&str> = path
        .elements()
        .iter()
        .map_while(|element| match element {
            PathElement::Key(key) => Some(key.as_str()),
            _ => None,
        })
        .collect();
    (!keys.is_empty()).then(|| ClaimPath::keys(&keys))
}

/// Of two reasons the one nearer to success: that is what the holder can act on.
fn nearer(known: Error, new: Error) -> Error {
    let rank = |error: &Error| match error {
        Error::AssuranceTooLow => 0,
        Error::FormatUnavailable => 1,
        Error::QueryNotSatisfied { .. } => 2,
        _ => 3,
    };
    if rank(&new) > rank(&known) {
        new
    } else {
        known
    }
}

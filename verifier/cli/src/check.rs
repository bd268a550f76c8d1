//! `check`: is what was shown true, current, the holder's own, and what was asked?

use tessera_verifier::catalogue::{Catalogue, Language};
use tessera_verifier::policy::StaleStatus;
use tessera_verifier::verify::{Refusal, Stage, decide};
use tessera_verifier::{Bundle, Error, Policy, Request, Timestamp};

use crate::failure::Failure;
use crate::{args, files, report};

/// The greatest size of a bundle's file.
pub(crate) const BUNDLE_MAX: u64 = 64 << 20;

pub(crate) fn check(
    options: &args::Check,
    now: Timestamp,
    language: Language,
    json: bool,
) -> Result<(), Failure> {
    let at = |stage| move |error| Refusal { stage, error };
    let request =
        Request::for_own(&files::read_text(&options.request)?).map_err(at(Stage::Request))?;
    let presentation = files::read(&options.presentation, 1 << 20)?;
    let bundle = Bundle::open(&files::read(&options.bundle, BUNDLE_MAX)?, &options.root)
        .map_err(at(Stage::Bundle))?;
    let service = Catalogue::builtin()
        .get(request.service().unwrap_or_default())
        .ok_or(Error::RequestInvalid {
            why: "a service that is not in the catalogue",
        })
        .map_err(at(Stage::Request))?;
    let mut policy = Policy::for_service(service);
    if options.allow_undetermined {
        policy.stale_status = StaleStatus::Undetermined;
    }
    let verified = decide(&presentation, &request, &policy, &bundle, now)?;
    report::verified(&verified, now, language, json);
    Ok(())
}

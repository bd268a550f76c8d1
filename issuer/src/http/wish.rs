//! What wallets ask for: scopes, authorization details and the names in them, as configurations of ours.

use tessera_verifier::claims::{CredentialProfile, Format};
use tessera_verifier::vci::AuthorizationDetail;

use crate::failure::{Code, Failure};
use crate::service::level_of;
use crate::store::{GrantRecord, Level, Wish};

/// What follows a configuration's id in the identifier of the one credential that is granted of it (OpenID4VCI 1.0 §6.2).
const IDENTIFIER: &str = ".holder";

/// What was asked for by scope or by authorization details; `None` where neither was sent.
///
/// # Errors
/// `invalid_scope`, `invalid_authorization_details`; `invalid_request` for credentials of different levels.
pub(super) fn read(
    scope: Option<&str>,
    details: &[AuthorizationDetail],
    issuer: &str,
) -> Result<Option<Wish>, Failure> {
    let mut configurations: Vec<String> = Vec::new();
    for detail in details {
        let known = CredentialProfile::by_configuration(&detail.credential_configuration_id);
        let here = detail.locations.is_empty() || detail.locations.iter().any(|at| at == issuer);
        if known.is_none() || !here || configurations.contains(&detail.credential_configuration_id)
        {
            return Err(Code::InvalidAuthorizationDetails.into());
        }
        configurations.push(detail.credential_configuration_id.clone());
    }
    if configurations.is_empty() {
        let Some(scope) = scope else {
            return Ok(None);
        };
        // Scopes are named as the configurations are; those that are unknown are not for us (OpenID4VCI 1.0 §5.1.2).
        for one in scope.split(' ') {
            let known = CredentialProfile::by_configuration(one).is_some();
            if known && !configurations.iter().any(|seen| seen == one) {
                configurations.push(one.to_owned());
            }
        }
    }
    let mut levels = configurations.iter().filter_map(|one| level(one));
    let first = levels.next().ok_or(Failure::from(Code::InvalidScope))?;
    if levels.any(|other| other != first) {
        return Err(Failure::with(
            Code::InvalidRequest,
            "credentials of different levels are asked for one at a time",
        ));
    }
    Ok(Some(Wish {
        configurations,
        by_identifier: !details.is_empty(),
        level: first,
    }))
}

fn level(configuration: &str) -> Option<Level> {
    CredentialProfile::by_configuration(configuration).map(|(profile, _)| level_of(profile.level))
}

/// What a token response says was granted: by which names to request it, or nothing where scopes were asked for.
pub(super) fn granted(wish: Option<&Wish>) -> Vec<AuthorizationDetail> {
    wish.filter(|wish| wish.by_identifier)
        .map(|wish| {
            wish.configurations
                .iter()
                .map(|configuration| AuthorizationDetail {
                    credential_identifiers: vec![format!("{configuration}{IDENTIFIER}")],
                    ..AuthorizationDetail::new(configuration)
                })
                .collect()
        })
        .unwrap_or_default()
}

/// Which configuration a credential request means, of those its token was granted for (OpenID4VCI 1.0 §8.2).
///
/// # Errors
/// `unknown_credential_identifier`, `unknown_credential_configuration`, `invalid_request` where both or neither are named.
pub(super) fn requested(
    grant: &GrantRecord,
    (identifier, configuration): (Option<&str>, Option<&str>),
) -> Result<(&'static CredentialProfile, Format), Failure> {
    let by_identifier = grant.wish.as_ref().is_some_and(|wish| wish.by_identifier);
    let (name, unknown) = match (identifier, configuration) {
        (Some(identifier), None) if by_identifier => {
            (identifier.strip_suffix(IDENTIFIER), Code::UnknownIdentifier)
        }
        (Some(_), None) => (None, Code::UnknownIdentifier),
        (None, Some(_)) if by_identifier => {
            return Err(Failure::with(
                Code::InvalidRequest,
                "this token's credentials are requested by identifier",
            ));
        }
        (None, Some(configuration)) => (Some(configuration), Code::UnknownConfiguration),
        _ => {
            return Err(Failure::with(
                Code::InvalidRequest,
                "exactly one credential is to be named",
            ));
        }
    };
    name.filter(|name| {
        let wish = grant.wish.as_ref();
        wish.is_none_or(|wish| wish.configurations.iter().any(|one| one == name))
    })
    .and_then(CredentialProfile::by_configuration)
    .ok_or(unknown.into())
}

//! Whether one credential answers one credential query, and with which claims.

use serde_json::Value;
use tessera_verifier::claims::Format;
use tessera_verifier::dcql::{ClaimPath, ClaimQuery, CredentialQuery, PathElement};
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::request::Request;

use super::held::{Held, authority_key_ids, root};
use super::{Item, ShownClaim};
use crate::error::Error;

/// The answer of one set to one query; else what keeps it from answering.
pub(super) fn answer(
    asked: &CredentialQuery,
    set: &Held<'_>,
    format: Format,
    request: &Request,
) -> Result<Item, Error> {
    if !request.supports(format) {
        return Err(Error::FormatUnavailable);
    }
    let specimen = set.specimen(format).ok_or(Error::CredentialsExhausted)?;
    let root = root(specimen)?;
    let (vct, types) = set.types(&root);
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let (vct, types) = match format {
        Format::SdJwt => (vct.as_deref(), &[][..]),
        Format::LdpVc => (None, types.as_slice()),
    };
    if !asked.accepts_type(vct, types) {
        return Err(Error::AssuranceTooLow);
    }
    check_authorities(asked, || authority_key_ids(specimen))?;
    let (paths, shown) =
        claims(asked, format, &root).map_err(|missing| Error::QueryNotSatisfied { missing })?;
    Ok(Item {
        set_id: set.id.to_owned(),
        query_id: asked.id.clone(),
        format,
        level: set.level,
        issuer_url: set.issuer_url.to_owned(),
        paths,
        bound: asked.require_cryptographic_holder_binding,
        transactions: Vec::new(),
        shown,
    })
}

/// §6.1.1: one of the authorities must stand behind the issuer. Which ones an `etsi_tl` or an `openid_federation` names
/// would have to be fetched, and is not known here.
fn check_authorities(
    asked: &CredentialQuery,
    key_ids: impl FnOnce() -> Vec<Vec<u8>>,
) -> Result<(), Error> {
    if asked.trusted_authorities.is_empty() {
        return Ok(());
    }
    let mut values = asked
        .trusted_authorities
        .iter()
        .filter(|authority| authority.kind == "aki")
        .flat_map(|authority| &authority.values)
        .peekable();
    if values.peek().is_none() {
        return Err(Error::Check(tessera_verifier::Error::RequestInvalid {
            why: "trusted authorities of a kind that cannot be told here: only aki can",
        }));
    }
    let known = key_ids();
    let matches = values.any(|value| from_base64url(value).is_ok_and(|id| known.contains(&id)));
    match matches {
        true => Ok(()),
        false => Err(Error::QueryNotSatisfied {
            missing: "trusted_authorities".to_owned(),
        }),
    }
}

/// The claims of the first alternative that can be answered (§6.4.1); else the names of what is missing.
fn claims(
    asked: &CredentialQuery,
    format: Format,
    root: &Value,
) -> Result<(Vec<ClaimPath>, Vec<ShownClaim>), String> {
    let mut lacking = String::new();
    for alternative in asked.alternatives() {
        let mut paths: Vec<ClaimPath> = Vec::new();
        let mut shown = Vec::new();
        let mut missing = Vec::new();
        for claim in alternative {
            match disclosed(claim, format, root) {
                Some(path) if paths.contains(&path) => {}
                Some(path) => {
                    shown.push(ShownClaim {
                        name: path
                            .inside("credentialSubject")
                            .unwrap_or_else(|| path.clone())
                            .to_string(),
                        values: path.select(root).into_iter().cloned().collect(),
                    });
                    paths.push(path);
                }
                None => missing.push(claim.path.to_string()),
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

/// What is disclosed for a claim that the credential has with a value that will do.
fn disclosed(claim: &ClaimQuery, format: Format, root: &Value) -> Option<ClaimPath> {
    if !claim.satisfied_by(root) {
        return None;
    }
    match format {
        Format::SdJwt => Some(claim.path.clone()),
        Format::LdpVc => whole_array(&claim.path),
    }
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

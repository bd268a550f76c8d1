//! JWTs of data model 1.1 (VCDM 1.1 §6.3.1): the document stands in a claim `vc` or `vp`, and some of what it says may
//! stand in registered claims instead. Read only, and only in envelopes of the media type `application/jwt`.

use alloc::borrow::ToOwned;
use alloc::string::String;

use serde_json::{Map, Value};

use super::Kind;
use super::claims::REGISTERED;
use crate::error::Error;
use crate::time::Timestamp;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/jwt";

/// The payload with the document taken out of its claim, as if it had been secured as VC-JOSE-COSE has it.
///
/// # Errors
/// `malformed` when the document is not where it must be, or says otherwise than the claims; `issuer_key_mismatch` when
/// it names another issuer or holder.
pub(super) fn unwrap(kind: Kind, payload: Value) -> Result<Value, Error> {
    let (claim, other, signer) = match kind {
        Kind::Credential => ("vc", "vp", "issuer"),
        Kind::Presentation => ("vp", "vc", "holder"),
    };
    let Value::Object(mut claims) = payload else {
        return Err(Error::malformed("payload of a secured document"));
    };
    let Some(Value::Object(mut document)) = claims.remove(claim) else {
        return Err(Error::malformed("vc or vp claim"));
    };
    // Nothing but registered claims may stand beside the document, and none of them in it.
    let registered = |name: &String| REGISTERED.contains(&name.as_str());
    if claims.contains_key(other)
        || !claims.keys().all(registered)
        || document.keys().any(registered)
    {
        return Err(Error::malformed("claims beside the document"));
    }
    let iss = claims.get("iss");
    let named = document.get(signer);
    let named_id = named.map(|named| named.get("id").unwrap_or(named));
    if iss.is_some() && named.is_some() && iss != named_id {
        return Err(Error::IssuerKeyMismatch);
    }
    if named.is_none() {
        stands_for(&mut document, signer, iss.cloned())?;
    }
    stands_for(&mut document, "id", claims.get("jti").cloned())?;
    if kind == Kind::Credential {
        subject(&mut document, claims.get("sub"))?;
        moment(
            &mut document,
            "validFrom",
            "issuanceDate",
            claims.get("nbf"),
        )?;
        moment(
            &mut document,
            "validUntil",
            "expirationDate",
            claims.get("exp"),
        )?;
    }
    document.append(&mut claims);
    Ok(Value::Object(document))
}

const DIFFERS: Error = Error::malformed("claim that says otherwise than the document");

/// A claim stands for a member that is not there; one that is there must say the same.
fn stands_for(
    document: &mut Map<String, Value>,
    name: &str,
    claim: Option<Value>,
) -> Result<(), Error> {
    match (claim, document.get(name)) {
        (Some(claim), None) => {
            document.insert(name.to_owned(), claim);
            Ok(())
        }
        (Some(claim), Some(said)) if claim != *said => Err(DIFFERS),
        _ => Ok(()),
    }
}

/// `sub` stands for the identifier of the only subject.
fn subject(document: &mut Map<String, Value>, sub: Option<&Value>) -> Result<(), Error> {
    let Some(sub) = sub else { return Ok(()) };
    match document.get_mut("credentialSubject") {
        Some(Value::Object(subject)) => stands_for(subject, "id", Some(sub.clone())),
        _ => Err(DIFFERS),
    }
}

/// `nbf` and `exp` stand for the validity, under the name that the version of the data model has for it.
fn moment(
    document: &mut Map<String, Value>,
    name: &str,
    name_1: &str,
    claim: Option<&Value>,
) -> Result<(), Error> {
    let Some(claim) = claim else { return Ok(()) };
    let seconds = claim
        .as_i64()
        .ok_or(Error::malformed("time of the signature"))?;
    let claimed = Timestamp::from_unix(seconds);
    let is_version_1 = document
        .get("@context")
        .map(|contexts| contexts.get(0).unwrap_or(contexts))
        .is_some_and(|first| first == crate::vcdm::Version::V1.context());
    let name = if is_version_1 { name_1 } else { name };
    match document.get(name).map(Value::as_str) {
        None => {
            document.insert(name.to_owned(), Value::from(claimed.to_rfc3339()));
            Ok(())
        }
        Some(Some(said)) if Timestamp::parse_rfc3339(said)? == claimed => Ok(()),
        Some(_) => Err(DIFFERS),
    }
}

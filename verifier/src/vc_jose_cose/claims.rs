//! What may stand beside the members of the data model: registered claims (RFC 7519 §4.1 and others).

use alloc::string::String;

use serde_json::{Map, Value};

use super::Kind;
use crate::error::Error;

/// Claims that are about the signature and not about the document.
pub(super) const REGISTERED: [&str; 9] = [
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "nonce",
];

/// The members of a credential (VCDM 2.0 §4, §5).
const CREDENTIAL: [&str; 19] = [
    "@context",
    "id",
    "type",
    "name",
    "description",
    "issuer",
    "validFrom",
    "validUntil",
    "issuanceDate",
    "expirationDate",
    "credentialSubject",
    "credentialStatus",
    "credentialSchema",
    "relatedResource",
    "refreshService",
    "termsOfUse",
    "evidence",
    "confidenceMethod",
    "renderMethod",
];
/// The members of a presentation (VCDM 2.0 §4.13).
const PRESENTATION: [&str; 8] = [
    "@context",
    "id",
    "type",
    "name",
    "description",
    "holder",
    "verifiableCredential",
    "termsOfUse",
];

/// Refuses the claims `vc` and `vp` of VCDM 1.1 (VC-JOSE-COSE §3.1.3): the same statement could stand there with
/// another value.
pub(super) fn no_wrapped_document(payload: &Map<String, Value>) -> Result<(), Error> {
    if payload.contains_key("vc") || payload.contains_key("vp") {
        return Err(Error::malformed("vc or vp claim"));
    }
    Ok(())
}

/// Refuses members that neither the data model nor the registry of claims knows.
pub(super) fn known_members(kind: Kind, document: &Map<String, Value>) -> Result<(), Error> {
    let model: &[&str] = match kind {
        Kind::Credential => &CREDENTIAL,
        Kind::Presentation => &PRESENTATION,
    };
    let known =
        |name: &String| model.contains(&name.as_str()) || REGISTERED.contains(&name.as_str());
    if document.keys().all(known) {
        Ok(())
    } else {
        Err(Error::UndefinedTerm)
    }
}

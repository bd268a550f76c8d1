//! Securing a document: the bytes to sign.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::claims::{REGISTERED, known_members, no_wrapped_document};
use super::{Kind, Mechanism, MediaType};
use crate::cose;
use crate::dcql::ClaimPath;
use crate::error::Error;
use crate::jsonld::ContextStore;
use crate::jws;
use crate::key::{KeyType, PublicKey};
use crate::sd_jwt::{self, ClaimsInput, Frame, HashAlgorithm};
use crate::time::Timestamp;
use crate::vcdm::{Credential, Presentation};

/// How a document is to be signed.
#[derive(Clone, Copy)]
pub struct SigningOptions<'a> {
    /// What it is.
    pub kind: Kind,
    /// The kind of key that will sign.
    pub key: KeyType,
    /// `kid`: the verification method of the key, or another name of it.
    pub kid: Option<&'a str>,
    /// `iat`: when it is signed. Not when it becomes valid, which is `validFrom`.
    pub issued_at: Option<Timestamp>,
    /// `exp`: until when the signature is good. Not the end of its validity, which is `validUntil`.
    pub expires: Option<Timestamp>,
    /// `x5c` or `x5chain`: certificates in DER, the signer's first.
    pub certificates: &'a [Vec<u8>],
    /// Where every term must have its definition.
    pub contexts: &'a ContextStore,
}

/// What an SD-JWT needs besides.
pub struct SdJwtOptions<'a> {
    /// What the holder may disclose or not; see [`sd_jwt::parse_path`] for other spellings.
    pub disclosable: &'a [ClaimPath],
    /// How many decoy digests to add to the document.
    pub decoys: usize,
    /// The hash of the disclosures.
    pub algorithm: HashAlgorithm,
    /// The holder's key, for `cnf`, if presentations are to be bound to it.
    pub holder: Option<&'a PublicKey>,
    /// Fresh randomness for each disclosure and decoy.
    pub salts: &'a mut dyn FnMut() -> [u8; 16],
}

/// What a verifier must always see (§3.2.1), and what says that it was signed and how.
const NEVER_DISCLOSABLE: [&str; 12] = [
    "@context",
    "type",
    "issuer",
    "validFrom",
    "validUntil",
    "credentialStatus",
    "credentialSchema",
    "iss",
    "iat",
    "exp",
    "nbf",
    "cnf",
];

/// Prepares `vc+jwt` or `vp+jwt` (§3.1).
///
/// # Errors
/// What [`Credential::issuable`] and [`Presentation::issuable`] refuse; `undefined_term` also for members that the data
/// model does not know; `malformed` for `vc`, `vp` and registered claims in the document, an embedded credential in a
/// presentation, and `kid` missing where the issuer or holder is a DID; `unsupported_algorithm` for a BLS key.
pub fn prepare_jwt(document: &Value, options: &SigningOptions<'_>) -> Result<jws::Unsigned, Error> {
    algorithm(options.key)?;
    let (header, payload) = jose(document, options, Mechanism::Jwt)?;
    Ok(jws::Unsigned::with_key_type(
        options.key,
        Value::Object(header),
        &Value::Object(payload),
    ))
}

/// Prepares `vc+sd-jwt` or `vp+sd-jwt` (§3.2).
///
/// # Errors
/// Those of [`prepare_jwt`] and [`sd_jwt::prepare_claims`]; `disclosure_invalid` for a path to what must always be
/// disclosed.
pub fn prepare_sd_jwt(
    document: &Value,
    options: &SigningOptions<'_>,
    disclosures: SdJwtOptions<'_>,
) -> Result<sd_jwt::Unsigned, Error> {
    let hidden = |path| always_visible(options.kind, path);
    if disclosures.disclosable.iter().any(hidden) {
        return Err(Error::DisclosureInvalid {
            why: "a claim that must always be visible",
        });
    }
    let (header, mut payload) = jose(document, options, Mechanism::SdJwt)?;
    if let Some(holder) = disclosures.holder {
        payload.insert("cnf".to_owned(), json!({"jwk": holder.to_jwk()}));
    }
    sd_jwt::prepare_claims(ClaimsInput {
        key: options.key,
        header,
        claims: payload,
        frame: &Frame::new(disclosures.disclosable).decoys(None, disclosures.decoys),
        algorithm: disclosures.algorithm,
        salts: disclosures.salts,
    })
}

/// Prepares `vc+cose` or `vp+cose` (§3.3): the payload is the document and nothing else. COSE has no place for `iat` and
/// `exp` here, so that they must not be asked for.
///
/// # Errors
/// Those of [`prepare_jwt`]; `malformed` with `issued_at` or `expires`.
pub fn prepare_cose(
    document: &Value,
    options: &SigningOptions<'_>,
) -> Result<cose::Unsigned, Error> {
    checked(document, options)?;
    if options.issued_at.is_some() || options.expires.is_some() {
        return Err(Error::malformed("time of a COSE signature"));
    }
    let media_type = MediaType {
        kind: options.kind,
        mechanism: Mechanism::Cose,
    };
    let header = cose::Protected {
        typ: Some(media_type.name()),
        content_type: Some(match options.kind {
            Kind::Credential => "application/vc",
            Kind::Presentation => "application/vp",
        }),
        kid: options.kid.map(str::as_bytes),
        x5chain: options.certificates,
    };
    cose::Unsigned::new(options.key, &header, document.to_string().into_bytes())
}

fn algorithm(key: KeyType) -> Result<&'static str, Error> {
    key.jws_algorithm()
        .ok_or(Error::UnsupportedAlgorithm { what: "JWS alg" })
}

type Members = Map<String, Value>;

/// Header and payload of both JOSE mechanisms.
fn jose(
    document: &Value,
    options: &SigningOptions<'_>,
    mechanism: Mechanism,
) -> Result<(Members, Members), Error> {
    let controller = checked(document, options)?;
    let media_type = MediaType {
        kind: options.kind,
        mechanism,
    };
    let mut header = Map::new();
    header.insert("typ".to_owned(), json!(media_type.short()));
    header.insert("cty".to_owned(), json!(options.kind.content_type()));
    if let Some(kid) = options.kid {
        header.insert("kid".to_owned(), json!(kid));
    }
    if !options.certificates.is_empty() {
        header.insert("x5c".to_owned(), jws::x5c(options.certificates));
    }
    let mut payload = document.as_object().cloned().unwrap_or_default();
    // §4.1: without `iss` the `kid` must be an absolute URL; saying both is always right.
    if let Some(controller) = controller {
        payload.insert("iss".to_owned(), json!(controller));
    }
    for (name, time) in [("iat", options.issued_at), ("exp", options.expires)] {
        if let Some(time) = time {
            payload.insert(name.to_owned(), json!(time.unix()));
        }
    }
    Ok((header, payload))
}

/// The document follows the data model and can be secured; gives its issuer or holder.
fn checked<'a>(
    document: &'a Value,
    options: &SigningOptions<'_>,
) -> Result<Option<&'a str>, Error> {
    let members = document
        .as_object()
        .ok_or(Error::malformed("document to secure"))?;
    no_wrapped_document(members)?;
    if REGISTERED.iter().any(|name| members.contains_key(*name)) {
        return Err(Error::malformed("registered claim in a document to secure"));
    }
    known_members(options.kind, members)?;
    let controller = match options.kind {
        Kind::Credential => Some(Credential::issuable(document, options.contexts)?.issuer()),
        Kind::Presentation => {
            let presentation = Presentation::parse(document)?;
            super::envelope::all_enveloped(&presentation, false)?;
            Presentation::issuable(&without_envelopes(document), options.contexts)?;
            presentation.holder()
        }
    };
    // §4.1.1: a key that a DID URL names is named by `kid`.
    if controller.is_some_and(|name| name.starts_with("did:")) && options.kid.is_none() {
        return Err(Error::malformed("kid is needed for the key of a DID"));
    }
    Ok(controller)
}

/// A presentation without the credentials in their envelopes, which are nobody's terms here: they were signed before.
fn without_envelopes(document: &Value) -> Value {
    let members = document.as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| *name != "verifiableCredential");
    Value::Object(
        members
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// Whether a path leads to, into or around something that must not be hidden. A holder may hide what it likes of its own
/// presentation: whoever asked for it sees what is missing.
pub(super) fn always_visible(kind: Kind, path: &ClaimPath) -> bool {
    let names: &[&str] = match kind {
        Kind::Credential => &NEVER_DISCLOSABLE,
        Kind::Presentation => &["@context", "iss", "iat", "exp", "nbf", "cnf"],
    };
    names
        .iter()
        .any(|name| ClaimPath::keys(&[name]).covers(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_seen_is_never_disclosable() {
        let hidden = |kind, path: &[&str]| always_visible(kind, &ClaimPath::keys(path));
        assert!(hidden(Kind::Credential, &["credentialStatus", "id"]));
        assert!(hidden(Kind::Credential, &["issuer"]));
        assert!(hidden(Kind::Credential, &["type"]));
        assert!(!hidden(Kind::Credential, &["credentialSubject", "type"]));
        assert!(hidden(Kind::Presentation, &["@context"]));
        assert!(!hidden(Kind::Presentation, &["holder"]));
        assert!(!hidden(Kind::Presentation, &["type"]));
    }
}

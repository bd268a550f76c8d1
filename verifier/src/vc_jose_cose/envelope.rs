//! `EnvelopedVerifiableCredential` and `EnvelopedVerifiablePresentation` (VCDM 2.0 §4.13): a secured document in a
//! `data:` URL.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{Kind, Mechanism, MediaType, wrapped};
use crate::claims::CREDENTIALS_V2;
use crate::encoding::{base64, from_base64};
use crate::error::Error;
use crate::vcdm::{Envelope, Presentation, Presented};

/// A secured document as it travels.
#[derive(Clone, PartialEq, Eq)]
pub enum Secured {
    /// A compact JWS.
    Jwt(String),
    /// A compact JWS with a `vc` or `vp` claim (VCDM 1.1 §6.3.1).
    WrappedJwt(String),
    /// A compact SD-JWT.
    SdJwt(String),
    /// A COSE_Sign1 message.
    Cose(Vec<u8>),
}

/// Puts a secured document into an envelope.
#[must_use]
pub fn envelope(kind: Kind, secured: &Secured) -> Value {
    let url = |mechanism, parameter, data: &str| {
        let media_type = MediaType { kind, mechanism };
        format!("data:{}{parameter},{data}", media_type.name())
    };
    let id = match secured {
        Secured::Jwt(text) => url(Mechanism::Jwt, "", text),
        Secured::SdJwt(text) => url(Mechanism::SdJwt, "", text),
        Secured::WrappedJwt(text) => format!("data:{},{text}", wrapped::MEDIA_TYPE),
        // VC-JOSE-COSE §3.3.1: in base64.
        Secured::Cose(bytes) => url(Mechanism::Cose, ";base64", &base64(bytes)),
    };
    let kind = match kind {
        Kind::Credential => "EnvelopedVerifiableCredential",
        Kind::Presentation => "EnvelopedVerifiablePresentation",
    };
    json!({"@context": [CREDENTIALS_V2], "type": kind, "id": id})
}

/// Takes the secured document out of an envelope that holds this `kind`.
///
/// # Errors
/// `malformed_value` for what is no envelope, `unsupported_format` for a media type that is not one of VC-JOSE-COSE or is
/// that of the other kind, `malformed` for base64 that is none, or COSE that is not in base64.
pub fn open(kind: Kind, envelope: &Value) -> Result<Secured, Error> {
    let envelope = match kind {
        Kind::Credential => Envelope::credential(envelope)?,
        Kind::Presentation => Envelope::presentation(envelope)?,
    };
    opened(kind, &envelope)
}

const UNSUPPORTED: Error = Error::UnsupportedFormat {
    what: "media type of an envelope",
};

/// How what is in an envelope is secured.
#[derive(Clone, Copy)]
enum Form {
    /// As VC-JOSE-COSE has it.
    Secured(Mechanism),
    /// As data model 1.1 has it.
    WrappedJwt,
}

/// The form of what is in an envelope, and whether it is in base64.
fn form(kind: Kind, envelope: &Envelope<'_>) -> Result<(Form, bool), Error> {
    let (name, base64) = match envelope.media_type().split_once(';') {
        None => (envelope.media_type(), false),
        Some((name, "base64")) => (name, true),
        Some(_) => return Err(UNSUPPORTED),
    };
    if name.eq_ignore_ascii_case(wrapped::MEDIA_TYPE) {
        return Ok((Form::WrappedJwt, base64));
    }
    match MediaType::from_name(name) {
        Some(media_type) if media_type.kind == kind => {
            match (media_type.mechanism, base64) {
                // Bytes cannot stand in a URL as they are.
                (Mechanism::Cose, false) => Err(Error::malformed("COSE envelope without base64")),
                (mechanism, base64) => Ok((Form::Secured(mechanism), base64)),
            }
        }
        _ => Err(UNSUPPORTED),
    }
}

pub(super) fn opened(kind: Kind, envelope: &Envelope<'_>) -> Result<Secured, Error> {
    let (form, encoded) = form(kind, envelope)?;
    let bytes = match encoded {
        true => from_base64(envelope.data())?,
        false => envelope.data().as_bytes().to_vec(),
    };
    let text =
        |bytes| String::from_utf8(bytes).map_err(|_| Error::malformed("text of an envelope"));
    Ok(match form {
        Form::Secured(Mechanism::Jwt) => Secured::Jwt(text(bytes)?),
        Form::Secured(Mechanism::SdJwt) => Secured::SdJwt(text(bytes)?),
        Form::Secured(Mechanism::Cose) => Secured::Cose(bytes),
        Form::WrappedJwt => Secured::WrappedJwt(text(bytes)?),
    })
}

/// Credentials in a presentation that is secured with JOSE or COSE are enveloped (VC-JOSE-COSE §3.1.2), in a form that is
/// known here; that of data model 1.1 only if `accept_wrapped` says so.
pub(super) fn all_enveloped(
    presentation: &Presentation<'_>,
    accept_wrapped: bool,
) -> Result<(), Error> {
    presentation
        .credentials()
        .iter()
        .try_for_each(|presented| match presented {
            Presented::Enveloped { envelope, .. } => match form(Kind::Credential, envelope)? {
                (Form::WrappedJwt, _) if !accept_wrapped => Err(UNSUPPORTED),
                _ => Ok(()),
            },
            _ => Err(Error::UnsupportedFormat {
                what: "credential without envelope",
            }),
        })
}

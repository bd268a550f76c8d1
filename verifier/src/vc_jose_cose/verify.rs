//! Checking secured documents.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::claims::{REGISTERED, known_members, no_wrapped_document};
use super::envelope::{self, Secured};
use super::keys::{KeyReference, KeySource, SigningKey};
use super::prepare::always_visible;
use super::{Kind, Mechanism, MediaType, wrapped};
use crate::cbor;
use crate::cose;
use crate::error::Error;
use crate::json::{self, Limits};
use crate::jws::{self, same_media_type};
use crate::key::{KeyType, PublicKey};
use crate::sd_jwt::{self, KeyBindingExpectation};
use crate::time::Timestamp;
use crate::vcdm::{Credential, Presentation, Presented};

/// The time against which `iat`, `nbf` and `exp` of the signature are held. The validity of the document itself
/// (`validFrom`, `validUntil`) is for [`Credential::check_validity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// They must be NumericDates (RFC 7519 §2) around this moment.
    At {
        /// The time.
        now: Timestamp,
        /// Seconds by which clocks may differ.
        clock_skew: i64,
    },
    /// They are not looked at: for archives, and for suites of documents made long ago.
    Unchecked,
}

/// What is done with the credentials of a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inner {
    /// Each is verified too, with the same algorithms and keys.
    Verify,
    /// Each must be an envelope of a known form; what is in it stays unproven.
    Shape,
}

/// What a secured document must be.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// What it must be.
    pub kind: Kind,
    /// The kinds of key that may have signed.
    pub algorithms: &'a [KeyType],
    /// The time.
    pub times: Times,
    /// What is done with the credentials of a presentation.
    pub inner: Inner,
    /// Whether a message without `typ` is taken for what is expected: §3 recommends it and does not demand it.
    pub accept_without_typ: bool,
    /// Whether members that the data model does not know are let pass (§3.1.3 wants them ignored) or refused.
    pub accept_unknown_members: bool,
    /// Whether JWTs with `vc` and `vp` claims are read too, in envelopes of `application/jwt` (VCDM 1.1 §6.3.1).
    pub accept_wrapped: bool,
    /// What the key binding of an SD-JWT must say; `None` where there must be none.
    pub key_binding: Option<KeyBindingExpectation<'a>>,
}

impl<'a> Expectation<'a> {
    /// A credential, signed with a key of one of these kinds before `now`.
    #[must_use]
    pub const fn credential(algorithms: &'a [KeyType], now: Timestamp) -> Self {
        Self {
            kind: Kind::Credential,
            algorithms,
            times: Times::At {
                now,
                clock_skew: 60,
            },
            inner: Inner::Verify,
            accept_without_typ: false,
            accept_unknown_members: false,
            accept_wrapped: false,
            key_binding: None,
        }
    }

    /// A presentation, signed with a key of one of these kinds before `now`, whose credentials are verified too.
    #[must_use]
    pub const fn presentation(algorithms: &'a [KeyType], now: Timestamp) -> Self {
        Self {
            kind: Kind::Presentation,
            ..Self::credential(algorithms, now)
        }
    }
}

/// A document whose signature holds. Personal data: no `Debug`.
#[derive(Clone)]
pub struct Verified {
    document: Value,
    claims: Map<String, Value>,
    key: SigningKey,
    holder_bound: bool,
    credentials: Vec<Verified>,
}

impl Verified {
    /// The document (§5.1: JSON-LD in compact form), without the claims about its signature.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The document, given away.
    #[must_use]
    pub fn into_document(self) -> Value {
        self.document
    }

    /// The registered claims: `iss`, `iat`, `exp` and the like.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The key that signed.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Whether the key binding of an SD-JWT was there and checked.
    #[must_use]
    pub fn holder_bound(&self) -> bool {
        self.holder_bound
    }

    /// The credentials of a presentation, in order, where [`Inner::Verify`] was asked for.
    #[must_use]
    pub fn credentials(&self) -> &[Verified] {
        &self.credentials
    }
}

/// Checks `vc+jwt` or `vp+jwt` (§5.1).
///
/// # Errors
/// `malformed`, `too_large`, `malformed_value` for what breaks the data model, `undefined_term`,
/// `unsupported_algorithm` for what is not allowed or not the key's, `unsupported_format` for another `typ` or `cty`,
/// those of the key source, `issuer_key_mismatch`, `invalid_signature`, `not_yet_valid` and `expired` for the signature.
pub fn verify_jwt(
    text: &str,
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Verified, Error> {
    let message = jws::parse_with(text, Limits::MESSAGE, expected.algorithms)?;
    let header = message.header();
    content_type(header.member("cty").as_ref(), expected.kind)?;
    let key = {
        let payload = message.payload_unverified();
        let certificates = jws::certificates(header)?;
        key_of(
            payload,
            header.kid.as_deref(),
            &certificates,
            expected,
            keys,
        )?
    };
    let payload = message.verify_typ(&key.key, &typ(expected, Mechanism::Jwt))?;
    document(payload, key, expected, keys)
}

/// Checks a JWT of data model 1.1. Its `typ`, when present, is the general one (VCDM 1.1 §6.3.1).
fn verify_wrapped(
    text: &str,
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Verified, Error> {
    if !expected.accept_wrapped {
        return Err(Error::UnsupportedFormat {
            what: "JWT of data model 1.1",
        });
    }
    let message = jws::parse_with(text, Limits::MESSAGE, expected.algorithms)?;
    let header = message.header();
    let certificates = jws::certificates(header)?;
    let kid = header.kid.clone();
    let payload = wrapped::unwrap(expected.kind, message.payload_unverified().clone())?;
    let key = key_of(&payload, kid.as_deref(), &certificates, expected, keys)?;
    let typ = jws::ExpectedTyp {
        any_of: &["JWT"],
        or_none: true,
    };
    message.verify_typ(&key.key, &typ)?;
    document(payload, key, expected, keys)
}

/// Checks `vc+sd-jwt` or `vp+sd-jwt` (§5.2), with its disclosures, and its key binding where one is expected.
///
/// # Errors
/// Those of [`verify_jwt`], [`sd_jwt::parse_with`] and [`sd_jwt::IssuerVerified::verify_key_binding`];
/// `disclosure_invalid` also for a disclosure of what must always be visible.
pub fn verify_sd_jwt(
    text: &str,
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Verified, Error> {
    let message = sd_jwt::parse_with(text, expected.algorithms)?;
    let header = message.header();
    content_type(header.member("cty").as_ref(), expected.kind)?;
    let certificates = jws::certificates(header)?;
    let kid = header.kid.clone();
    // Whom the document names may be disclosable (a holder): so the disclosures come first, still unproven.
    let unproven = message.claims_unverified()?;
    let key = key_of(&unproven, kid.as_deref(), &certificates, expected, keys)?;
    let has_key_binding = message.key_binding().is_some();
    let verified = message.verify_issuer_typ(&key.key, &typ(expected, Mechanism::SdJwt))?;
    let hidden = |path| always_visible(expected.kind, path);
    if verified.disclosed().iter().any(hidden) {
        return Err(Error::DisclosureInvalid {
            why: "a claim that must always be visible",
        });
    }
    match &expected.key_binding {
        Some(binding) => verified.verify_key_binding(binding)?,
        // Unchecked it proves nothing, and might be anything.
        None if has_key_binding => {
            return Err(Error::HolderBindingInvalid {
                why: "none was asked for",
            });
        }
        None => {}
    }
    let payload = verified.into_payload();
    let mut verified = document(payload, key, expected, keys)?;
    verified.holder_bound = expected.key_binding.is_some();
    Ok(verified)
}

/// Checks `vc+cose` or `vp+cose` (§5.3).
///
/// # Errors
/// Those of [`verify_jwt`] and [`cose::parse`].
pub fn verify_cose(
    bytes: &[u8],
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Verified, Error> {
    let message = cose::parse(bytes, cbor::Limits::MESSAGE, expected.algorithms)?;
    let header = message.header();
    if let Some(name) = &header.content_type
        && !same_media_type(name, expected.kind.content_type())
    {
        return Err(Error::UnsupportedFormat {
            what: "COSE content type",
        });
    }
    let payload = json::parse(message.payload_unverified(), Limits::MESSAGE)?;
    // A `kid` is bytes; one that is no text names no key that a source could look up.
    let kid = header
        .kid
        .as_deref()
        .and_then(|kid| core::str::from_utf8(kid).ok());
    let key = key_of(&payload, kid, &header.x5chain, expected, keys)?;
    message.verify_typ(&key.key, &typ(expected, Mechanism::Cose))?;
    document(payload, key, expected, keys)
}

/// Checks what is in an `EnvelopedVerifiableCredential` or `EnvelopedVerifiablePresentation`.
///
/// # Errors
/// Those of [`open`](super::open), [`verify_jwt`], [`verify_sd_jwt`] and [`verify_cose`].
pub fn verify_envelope(
    envelope: &Value,
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Verified, Error> {
    secured(&envelope::open(expected.kind, envelope)?, expected, keys)
}

fn secured(
    secured: &Secured,
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Verified, Error> {
    match secured {
        Secured::Jwt(text) => verify_jwt(text, expected, keys),
        Secured::SdJwt(text) => verify_sd_jwt(text, expected, keys),
        Secured::WrappedJwt(text) => verify_wrapped(text, expected, keys),
        Secured::Cose(bytes) => verify_cose(bytes, expected, keys),
    }
}

fn typ(expected: &Expectation<'_>, mechanism: Mechanism) -> jws::ExpectedTyp<'static> {
    let media_type = MediaType {
        kind: expected.kind,
        mechanism,
    };
    jws::ExpectedTyp {
        any_of: match media_type.short() {
            "vc+jwt" => &["vc+jwt"],
            "vc+sd-jwt" => &["vc+sd-jwt"],
            "vc+cose" => &["vc+cose"],
            "vp+jwt" => &["vp+jwt"],
            "vp+sd-jwt" => &["vp+sd-jwt"],
            _ => &["vp+cose"],
        },
        or_none: expected.accept_without_typ,
    }
}

/// `cty`, when present, is that of the unsecured document (§3.1.1).
fn content_type(cty: Option<&Value>, kind: Kind) -> Result<(), Error> {
    match cty {
        None => Ok(()),
        Some(Value::String(name)) if same_media_type(name, kind.content_type()) => Ok(()),
        Some(_) => Err(Error::UnsupportedFormat { what: "JWS cty" }),
    }
}

/// The key that must have signed, bound to whom the document names.
fn key_of(
    payload: &Value,
    kid: Option<&str>,
    certificates: &[Vec<u8>],
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<SigningKey, Error> {
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let named = match expected.kind {
        Kind::Credential => payload.get("issuer"),
        Kind::Presentation => payload.get("holder"),
    };
    let named = named.and_then(|named| named.as_str().or_else(|| named.get("id")?.as_str()));
    // §4.1.2: `iss` must say the same as the document.
    if payload.get("iss").is_some() && named.is_some() && text("iss") != named {
        return Err(Error::IssuerKeyMismatch);
    }
    let controller = named.or_else(|| text("iss"));
    // §4.1.1: `kid` is needed where the key is one of a DID.
    if kid.is_none() && controller.is_some_and(|name| name.starts_with("did:")) {
        return Err(Error::IssuerUntrusted {
            why: "no kid says which key",
        });
    }
    let key = keys(&KeyReference {
        kid,
        controller,
        certificates,
    })?;
    match (&key.controller, controller) {
        (Some(key), Some(named)) if key != named => Err(Error::IssuerKeyMismatch),
        // A credential always names its issuer; the data model is checked later, on what is proven.
        (Some(_), None) if expected.kind == Kind::Credential => Err(Error::IssuerKeyMismatch),
        _ => Ok(key),
    }
}

/// What the signature covers: claims, the data model, and the credentials of a presentation.
fn document(
    payload: Value,
    key: SigningKey,
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Verified, Error> {
    let Value::Object(mut members) = payload else {
        return Err(Error::malformed("payload of a secured document"));
    };
    no_wrapped_document(&members)?;
    if !expected.accept_unknown_members {
        known_members(expected.kind, &members)?;
    }
    let mut claims = Map::new();
    for name in REGISTERED {
        claims.extend(members.remove_entry(name));
    }
    if let Times::At { now, clock_skew } = expected.times {
        times(&claims, now, clock_skew)?;
    }
    let document = Value::Object(members);
    let credentials = match expected.kind {
        Kind::Credential => {
            Credential::parse(&document)?;
            Vec::new()
        }
        Kind::Presentation => credentials(&Presentation::parse(&document)?, expected, keys)?,
    };
    Ok(Verified {
        document,
        claims,
        key,
        holder_bound: false,
        credentials,
    })
}

fn credentials(
    presentation: &Presentation<'_>,
    expected: &Expectation<'_>,
    keys: KeySource<'_>,
) -> Result<Vec<Verified>, Error> {
    envelope::all_enveloped(presentation, expected.accept_wrapped)?;
    if expected.inner == Inner::Shape {
        return Ok(Vec::new());
    }
    // Not deeper than this: a credential holds no others.
    let expected = Expectation {
        kind: Kind::Credential,
        key_binding: None,
        ..*expected
    };
    let mut verified = Vec::new();
    for presented in presentation.credentials() {
        if let Presented::Enveloped { envelope, .. } = presented {
            let inner = envelope::opened(Kind::Credential, envelope)?;
            verified.push(secured(&inner, &expected, keys)?);
        }
    }
    Ok(verified)
}

/// `exp`, `nbf` and `iat` (RFC 7519 §4.1).
fn times(claims: &Map<String, Value>, now: Timestamp, skew: i64) -> Result<(), Error> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(seconds) => Ok(Some(Timestamp::from_unix(seconds))),
            None => Err(Error::malformed("time of the signature")),
        },
    };
    if let Some(until) = time("exp")?
        && now >= until.add_seconds(skew)
    {
        return Err(Error::Expired { until, now });
    }
    for from in [time("nbf")?, time("iat")?].into_iter().flatten() {
        if now.add_seconds(skew) < from {
            return Err(Error::NotYetValid { from, now });
        }
    }
    Ok(())
}

/// For fuzzing: reads arbitrary bytes as a credential and as a presentation in every form, against one key. Never panics.
///
/// # Errors
/// The last refusal.
pub fn verify_bytes(bytes: &[u8], key: &PublicKey, now: Timestamp) -> Result<Verified, Error> {
    let kinds = [key.kind()];
    let keys = |_: &KeyReference<'_>| Ok(SigningKey::from(key.clone()));
    let mut last = Err(Error::malformed("secured document"));
    for expected in [
        Expectation::credential(&kinds, now),
        Expectation::presentation(&kinds, now),
    ] {
        last = verify_cose(bytes, &expected, &keys);
        if let Ok(text) = core::str::from_utf8(bytes) {
            last = last
                .or_else(|_| verify_jwt(text, &expected, &keys))
                .or_else(|_| verify_sd_jwt(text, &expected, &keys));
        }
        if let Ok(envelope) = json::parse(bytes, Limits::MESSAGE) {
            last = last.or_else(|_| verify_envelope(&envelope, &expected, &keys));
        }
        if last.is_ok() {
            return last;
        }
    }
    last
}

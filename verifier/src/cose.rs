//! COSE_Sign1 (RFC 9052 §4.2): the key and the caller say which algorithm is expected, never the message.
//!
//! ```text
//! Unsigned::new(kind, header, payload) → signing_input → attach(signature)     bytes
//! parse(bytes, limits, allowed) → Unverified → verify(key, typs)               payload
//! ```

use alloc::string::String;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use crate::cbor::{self, Limits, Value, Writer};
use crate::crypto::{LocalSigner, SignError};
use crate::error::Error;
use crate::jws::{ExpectedTyp, MAX_CERTIFICATES};
use crate::key::{KeyType, PublicKey};

/// The tag of a COSE_Sign1 message (RFC 9052 §2).
const SIGN1: u64 = 18;

/// Labels of header parameters (RFC 9052 §3.1, RFC 9360 §2, RFC 9596 §2).
mod label {
    pub(super) const ALG: i64 = 1;
    pub(super) const CRIT: i64 = 2;
    pub(super) const CONTENT_TYPE: i64 = 3;
    pub(super) const KID: i64 = 4;
    pub(super) const TYP: i64 = 16;
    pub(super) const X5CHAIN: i64 = 33;
}

/// The headers, checked: `alg` is protected and one that the caller allows, there is no `crit`, and no parameter stands
/// in both headers.
#[derive(Debug, Clone)]
pub struct Header {
    /// The kind of key that `alg` calls for.
    pub algorithm: KeyType,
    /// `typ`, a media type; `None` also where it is a number.
    pub typ: Option<String>,
    /// `content type`, a media type; `None` also where it is a number.
    pub content_type: Option<String>,
    /// `kid`, from either header.
    pub kid: Option<Vec<u8>>,
    /// `x5chain`, from either header: certificates in DER, the signer's first. Trusted by itself for nothing.
    pub x5chain: Vec<Vec<u8>>,
    protected: Value,
    unprotected: Value,
}

impl Header {
    /// Every protected parameter, for profiles that look at others.
    #[must_use]
    pub fn protected(&self) -> &Value {
        &self.protected
    }

    /// Every unprotected parameter: anybody may have put them there.
    #[must_use]
    pub fn unprotected(&self) -> &Value {
        &self.unprotected
    }

    fn read(protected: &[u8], unprotected: Value, allowed: &[KeyType]) -> Result<Self, Error> {
        // RFC 9052 §3: an empty protected header is a byte string of length zero.
        let protected = match protected {
            [] => Value::Map(Vec::new()),
            bytes => cbor::parse(bytes, Limits::HEADER)?,
        };
        let (Some(signed), Some(open)) = (protected.as_map(), unprotected.as_map()) else {
            return Err(Error::malformed("COSE header"));
        };
        let known = |(key, _): &(Value, Value)| matches!(key, Value::Integer(_) | Value::Text(_));
        if !signed.iter().chain(open).all(known) {
            return Err(Error::malformed("COSE header label"));
        }
        if signed
            .iter()
            .any(|(key, _)| open.iter().any(|(other, _)| key == other))
        {
            return Err(Error::malformed("COSE header parameter given twice"));
        }
        // RFC 8725 §3.1: the algorithm is ours to choose.
        let algorithm = protected
            .at(label::ALG)
            .and_then(Value::as_integer)
            .and_then(KeyType::from_cose_algorithm)
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or(Error::UnsupportedAlgorithm { what: "COSE alg" })?;
        // §3.1: we understand no extension, so any critical one is refused.
        if protected.at(label::CRIT).is_some() || unprotected.at(label::CRIT).is_some() {
            return Err(Error::malformed("COSE with critical extensions"));
        }
        // A type that anybody may change says nothing.
        if unprotected.at(label::TYP).is_some() || unprotected.at(label::CONTENT_TYPE).is_some() {
            return Err(Error::malformed("COSE type outside the protected header"));
        }
        let either = |label| protected.at(label).or_else(|| unprotected.at(label));
        let kid = match either(label::KID) {
            None => None,
            Some(Value::Bytes(kid)) => Some(kid.clone()),
            Some(_) => return Err(Error::malformed("COSE kid")),
        };
        Ok(Self {
            algorithm,
            typ: media_type(protected.at(label::TYP))?,
            content_type: media_type(protected.at(label::CONTENT_TYPE))?,
            kid,
            x5chain: certificates(either(label::X5CHAIN))?,
            protected,
            unprotected,
        })
    }
}

/// A media type as text; a CoAP content format, which is a number, counts as none.
fn media_type(value: Option<&Value>) -> Result<Option<String>, Error> {
    match value {
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        None => Ok(None),
        Some(Value::Integer(number)) if *number >= 0 => Ok(None),
        Some(_) => Err(Error::malformed("COSE media type")),
    }
}

/// RFC 9360 §2: one certificate, or an array of at least two.
fn certificates(value: Option<&Value>) -> Result<Vec<Vec<u8>>, Error> {
    let malformed = Error::malformed("x5chain");
    match value {
        None => Ok(Vec::new()),
        Some(Value::Bytes(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) if many.len() > MAX_CERTIFICATES => {
            Err(Error::too_large("x5chain", MAX_CERTIFICATES))
        }
        Some(Value::Array(many)) if many.len() > 1 => many
            .iter()
            .map(|one| one.as_bytes().map(<[u8]>::to_vec).ok_or(malformed.clone()))
            .collect(),
        Some(_) => Err(malformed),
    }
}

/// A parsed COSE_Sign1 message whose signature nobody has checked yet.
#[derive(Clone)]
pub struct Unverified {
    header: Header,
    payload: Vec<u8>,
    signing_input: Vec<u8>,
    signature: Vec<u8>,
}

/// Parses a COSE_Sign1 message, tagged or not (RFC 9052 §4.2), with its payload inside and an algorithm that is that of
/// one of the kinds of key `allowed`.
///
/// # Errors
/// `too_large`, `malformed` (also for a detached payload, `crit`, a parameter in both headers, and a `typ` that is not
/// protected), `unsupported_algorithm` for what is not allowed.
pub fn parse(bytes: &[u8], limits: Limits, allowed: &[KeyType]) -> Result<Unverified, Error> {
    let malformed = Error::malformed("COSE_Sign1");
    let message = match cbor::parse(bytes, limits)? {
        Value::Tag(SIGN1, message) => *message,
        message => message,
    };
    let Value::Array(parts) = message else {
        return Err(malformed);
    };
    let Ok(
        [
            Value::Bytes(protected),
            unprotected @ Value::Map(_),
            Value::Bytes(payload),
            Value::Bytes(signature),
        ],
    ) = <[Value; 4]>::try_from(parts)
    else {
        return Err(malformed);
    };
    Ok(Unverified {
        header: Header::read(&protected, unprotected, allowed)?,
        signing_input: sig_structure(&protected, &payload),
        payload,
        signature,
    })
}

/// `Sig_structure` with the context `Signature1` and no external data (RFC 9052 §4.4).
fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer(Vec::with_capacity(protected.len() + payload.len() + 32));
    writer.array(4);
    writer.text("Signature1");
    writer.bytes(protected);
    writer.bytes(&[]);
    writer.bytes(payload);
    writer.0
}

impl Unverified {
    /// The checked headers. What they say is still unproven.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload before any check: only for finding out which key and which time to check against.
    #[must_use]
    pub fn payload_unverified(&self) -> &[u8] {
        &self.payload
    }

    /// Checks `typ` (RFC 9596) and the signature, and gives the payload. `expected_typs` are media types without
    /// `application/`, which `typ` may carry.
    ///
    /// # Errors
    /// `unsupported_format` for another `typ` or none, `unsupported_algorithm` for an `alg` that is not the key's,
    /// `invalid_signature`.
    pub fn verify(self, key: &PublicKey, expected_typs: &[&str]) -> Result<Vec<u8>, Error> {
        self.verify_typ(key, &ExpectedTyp::any_of(expected_typs))
    }

    pub(crate) fn verify_typ(
        self,
        key: &PublicKey,
        expected: &ExpectedTyp<'_>,
    ) -> Result<Vec<u8>, Error> {
        expected.check(self.header.typ.as_deref(), "COSE typ")?;
        // RFC 8725 §3.1: each key has one algorithm.
        if self.header.algorithm != key.kind() {
            return Err(Error::UnsupportedAlgorithm { what: "COSE alg" });
        }
        key.verify(&self.signing_input, &self.signature)
            .map_err(|_| Error::InvalidSignature { what: "COSE_Sign1" })?;
        Ok(self.payload)
    }
}

/// What an issuer puts into the protected header besides `alg`.
#[derive(Debug, Clone, Default)]
pub struct Protected<'a> {
    /// `typ`, a media type with `application/`.
    pub typ: Option<&'a str>,
    /// `content type`, a media type with `application/`.
    pub content_type: Option<&'a str>,
    /// `kid`.
    pub kid: Option<&'a [u8]>,
    /// `x5chain`: certificates in DER, the signer's first.
    pub x5chain: &'a [Vec<u8>],
}

/// A COSE_Sign1 message that waits for its signature.
#[derive(Clone)]
pub struct Unsigned {
    kind: KeyType,
    protected: Vec<u8>,
    payload: Vec<u8>,
    signing_input: Vec<u8>,
}

impl Unsigned {
    /// From protected header parameters (`alg` is set here, to the algorithm of keys of this kind) and a payload.
    ///
    /// # Errors
    /// `unsupported_algorithm` for BLS keys, which sign no COSE message.
    pub fn new(kind: KeyType, header: &Protected<'_>, payload: Vec<u8>) -> Result<Self, Error> {
        let alg = kind
            .cose_algorithm()
            .ok_or(Error::UnsupportedAlgorithm { what: "COSE alg" })?;
        let mut parameters = vec![(label::ALG, Value::Integer(alg))];
        let text = |text: &str| Value::Text(text.to_string());
        parameters.extend(header.content_type.map(|t| (label::CONTENT_TYPE, text(t))));
        parameters.extend(
            header
                .kid
                .map(|kid| (label::KID, Value::Bytes(kid.to_vec()))),
        );
        parameters.extend(header.typ.map(|t| (label::TYP, text(t))));
        match header.x5chain {
            [] => {}
            [one] => parameters.push((label::X5CHAIN, Value::Bytes(one.clone()))),
            many => {
                let many = many.iter().map(|one| Value::Bytes(one.clone())).collect();
                parameters.push((label::X5CHAIN, Value::Array(many)));
            }
        }
        let parameters = parameters
            .into_iter()
            .map(|(label, value)| (Value::Integer(label), value));
        let protected = Value::Map(parameters.collect()).to_vec();
        Ok(Self {
            kind,
            signing_input: sig_structure(&protected, &payload),
            protected,
            payload,
        })
    }

    /// The bytes to sign (RFC 9052 §4.4).
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The tagged message with `signature` (RFC 9053 §2.1, §2.2).
    #[must_use]
    pub fn attach(self, signature: impl AsRef<[u8]>) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(self.signing_input.len() + 160));
        writer.tag(SIGN1);
        writer.array(4);
        writer.bytes(&self.protected);
        writer.map(0);
        writer.bytes(&self.payload);
        writer.bytes(signature.as_ref());
        writer.0
    }

    /// Signs with a key of this process.
    ///
    /// # Errors
    /// [`SignError`] from the key, and when it is of another kind than the header says.
    pub fn sign(self, signer: &dyn LocalSigner) -> Result<Vec<u8>, SignError> {
        if signer.public_key().kind() != self.kind {
            return Err(SignError);
        }
        let signature = signer.sign(self.signing_input())?;
        Ok(self.attach(signature))
    }
}

/// For fuzzing: parses and, where that works, checks against a key that signed nothing. Never panics.
pub fn verify_bytes(bytes: &[u8], key: &PublicKey) -> Result<Vec<u8>, Error> {
    let kinds = [key.kind()];
    parse(bytes, Limits::MESSAGE, &kinds)?.verify(key, &["vc+cose"])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_a_text_or_a_content_format() {
        let read = |value: Value| media_type(Some(&value));
        let jwt = "application/vc";
        assert_eq!(read(Value::Text(jwt.into())).unwrap().as_deref(), Some(jwt));
        assert_eq!(media_type(None).unwrap(), None);
        for number in [0, 50] {
            assert_eq!(read(Value::Integer(number)).unwrap(), None);
        }
        // RFC 7252 §12.3: content formats are not negative.
        assert_eq!(read(Value::Integer(-1)).unwrap_err().code(), "malformed");
        assert!(read(Value::Bytes(vec![0])).is_err());
    }

    #[test]
    fn a_chain_is_one_certificate_or_an_array_of_two_to_eight() {
        let array = |count: usize| Value::Array(vec![Value::Bytes(vec![0x30]); count]);
        let read = |value: &Value| {
            certificates(Some(value)).map_or_else(|error| Err(error.code()), |all| Ok(all.len()))
        };
        assert_eq!(read(&Value::Bytes(vec![0x30])), Ok(1));
        assert_eq!(read(&array(0)), Err("malformed"));
        assert_eq!(read(&array(1)), Err("malformed"));
        assert_eq!(read(&array(2)), Ok(2));
        assert_eq!(read(&array(MAX_CERTIFICATES)), Ok(MAX_CERTIFICATES));
        assert_eq!(read(&array(MAX_CERTIFICATES + 1)), Err("too_large"));
        let mixed = Value::Array(vec![Value::Bytes(vec![0x30]), Value::Text("x".into())]);
        assert_eq!(read(&mixed), Err("malformed"));
    }
}

//! Compact JWS (RFC 7515): the key and the caller say which algorithm is expected, never the message.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use serde_json::{Value, json};

use crate::crypto::{LocalSigner, SignError};
use crate::encoding::{base64, base64url_to, from_base64, from_base64url};
use crate::error::Error;
use crate::json::flat::{Flat, Node};
use crate::json::{self, Limits};
use crate::key::{KeyType, PublicKey};

/// Most bytes of a header, decoded, where nothing longer belongs into it: a chain of certificates (`x5c`) is the longest.
const HEADER_BYTES: usize = 16 * 1024;

/// The protected header, checked: `alg` is one that the caller allows, there is no `crit` and no `b64`.
#[derive(Clone)]
pub struct Header {
    /// The kind of key that `alg` calls for.
    pub algorithm: KeyType,
    /// `typ`, as sent.
    pub typ: Option<String>,
    /// `kid`, as sent: for our tokens a DID URL.
    pub kid: Option<String>,
    /// `jwk`, a public key.
    pub jwk: Option<PublicKey>,
    members: Flat,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("algorithm", &self.algorithm)
            .field("typ", &self.typ)
            .field("kid", &self.kid)
            .field("jwk", &self.jwk)
            .finish_non_exhaustive()
    }
}

impl Header {
    /// Any member as sent, for profiles that look at others.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Value> {
        self.members.node(0)?.get(name).map(Node::to_value)
    }

    fn read(bytes: Vec<u8>, allowed: &[KeyType], most: usize) -> Result<Self, Error> {
        let limits = Limits {
            bytes: most,
            depth: 8,
        };
        let flat = Flat::parse(bytes, limits)?;
        let members = flat.object()?;
        // RFC 8725 §3.1: the algorithm is ours to choose. This also refuses "none" (RFC 7518 §3.6).
        let algorithm = members
            .get("alg")
            .and_then(Node::as_str)
            .and_then(|alg| KeyType::from_jws_algorithm(&alg))
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or(Error::UnsupportedAlgorithm { what: "JWS alg" })?;
        // RFC 7515 §4.1.11: we understand no extension, so any critical one is refused; RFC 7797 needs `crit` too.
        if members.get("crit").is_some() || members.get("b64").is_some() {
            return Err(Error::malformed("JWS with critical extensions"));
        }
        let text = |name| match members.get(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text.into_owned())),
                None => Err(Error::malformed("JWS header member")),
            },
        };
        let jwk = members
            .get("jwk")
            .map(|jwk| PublicKey::from_jwk(&jwk.to_value()))
            .transpose()?;
        Ok(Self {
            algorithm,
            typ: text("typ")?,
            kid: text("kid")?,
            jwk,
            members: flat,
        })
    }
}

/// A parsed JWS whose signature nobody has checked yet.
#[derive(Debug, Clone)]
pub struct Unverified<P = Value> {
    header: Header,
    payload: P,
    /// Begins with the signing input.
    source: Arc<str>,
    signing_input: usize,
    signature: Vec<u8>,
}

/// Parses a compact JWS with ES256 whose payload is a JSON object: the one algorithm of this project's own tokens.
///
/// # Errors
/// Those of [`parse_with`].
pub fn parse(compact: &str, limits: Limits) -> Result<Unverified, Error> {
    parse_with(compact, limits, &[KeyType::P256])
}

/// Parses a compact JWS whose payload is a JSON object and whose algorithm is that of one of the kinds of key `allowed`.
///
/// # Errors
/// `too_large`, `malformed` (also for duplicate names, padding, `crit`), `unsupported_algorithm` for what is not allowed.
pub fn parse_with(compact: &str, limits: Limits, allowed: &[KeyType]) -> Result<Unverified, Error> {
    if compact.len() > limits.bytes {
        return Err(Error::too_large("JWS", limits.bytes));
    }
    parse_shared(compact.into(), compact.len(), allowed, |payload| {
        json::parse_object(&payload, limits).map(Value::Object)
    })
}

/// Like [`parse`], for a header of up to `header_bytes`, decoded: one that carries another token.
///
/// # Errors
/// Those of [`parse_with`].
pub(crate) fn parse_long_header(
    compact: &str,
    limits: Limits,
    header_bytes: usize,
) -> Result<Unverified, Error> {
    if compact.len() > limits.bytes {
        return Err(Error::too_large("JWS", limits.bytes));
    }
    let allowed = (&[KeyType::P256][..], header_bytes);
    parse_parts(compact.into(), compact.len(), allowed, |payload| {
        json::parse_object(&payload, limits).map(Value::Object)
    })
}

/// Like [`parse_with`], without a tree of the payload.
pub(crate) fn parse_flat(
    compact: &str,
    limits: Limits,
    allowed: &[KeyType],
) -> Result<Unverified<Flat>, Error> {
    if compact.len() > limits.bytes {
        return Err(Error::too_large("JWS", limits.bytes));
    }
    parse_shared(compact.into(), compact.len(), allowed, |payload| {
        let payload = Flat::parse(payload, limits)?;
        payload.object().map(drop)?;
        Ok(payload)
    })
}

/// Like [`parse_with`], for the first `length` bytes of a text, within the caller's limits; `read` reads the payload.
pub(crate) fn parse_shared<P>(
    source: Arc<str>,
    length: usize,
    allowed: &[KeyType],
    read: impl FnOnce(Vec<u8>) -> Result<P, Error>,
) -> Result<Unverified<P>, Error> {
    parse_parts(source, length, (allowed, HEADER_BYTES), read)
}

/// [`parse_shared`] with its bound on the header, in bytes.
fn parse_parts<P>(
    source: Arc<str>,
    length: usize,
    (allowed, header_bytes): (&[KeyType], usize),
    read: impl FnOnce(Vec<u8>) -> Result<P, Error>,
) -> Result<Unverified<P>, Error> {
    let malformed = Error::malformed("compact JWS");
    let compact = source.get(..length).ok_or(malformed.clone())?;
    let (signing_input, signature) = compact.rsplit_once('.').ok_or(malformed.clone())?;
    let (header, payload) = signing_input.split_once('.').ok_or(malformed)?;
    let signature = from_base64url(signature)?;
    let header = Header::read(from_base64url(header)?, allowed, header_bytes)?;
    let payload = read(from_base64url(payload)?)?;
    Ok(Unverified {
        header,
        payload,
        signing_input: signing_input.len(),
        signature,
        source,
    })
}

/// Reads and checks a compact JWS, its signature before anything of its payload is parsed: for payloads so large that a
/// stranger must not choose them. `key` says whose signature it must be, from the header.
///
/// # Errors
/// Those of [`parse`] and [`Unverified::verify`], and those of `key`.
pub(crate) fn open(
    compact: &str,
    limits: Limits,
    expected_typ: &str,
    key: impl FnOnce(&Header) -> Result<PublicKey, Error>,
) -> Result<Value, Error> {
    open_with(compact, limits, &[KeyType::P256], expected_typ, key)
}

/// As [`open`], with the kinds of key whose algorithms are `allowed`.
pub(crate) fn open_with(
    compact: &str,
    limits: Limits,
    allowed: &[KeyType],
    expected_typ: &str,
    key: impl FnOnce(&Header) -> Result<PublicKey, Error>,
) -> Result<Value, Error> {
    if compact.len() > limits.bytes {
        return Err(Error::too_large("JWS", limits.bytes));
    }
    let malformed = Error::malformed("compact JWS");
    let (signing_input, signature) = compact.rsplit_once('.').ok_or(malformed.clone())?;
    let (header, payload) = signing_input.split_once('.').ok_or(malformed)?;
    let unverified = Unverified {
        header: Header::read(from_base64url(header)?, allowed, HEADER_BYTES)?,
        payload: Value::Null,
        source: signing_input.into(),
        signing_input: signing_input.len(),
        signature: from_base64url(signature)?,
    };
    let key = key(&unverified.header)?;
    unverified.verify(&key, expected_typ)?;
    json::parse_object(&from_base64url(payload)?, limits).map(Value::Object)
}

impl<P> Unverified<P> {
    /// The checked header. What it says is still unproven.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload before any check: only for finding out which key and which time to check against.
    #[must_use]
    pub fn payload_unverified(&self) -> &P {
        &self.payload
    }

    /// What the signature covers (RFC 7515 §5.2).
    fn signing_input(&self) -> &[u8] {
        self.source
            .as_bytes()
            .get(..self.signing_input)
            .unwrap_or_default()
    }

    /// Checks `typ` (RFC 8725 §3.11) and the signature, and gives the payload.
    ///
    /// # Errors
    /// `unsupported_format` for another `typ`, `unsupported_algorithm` for an `alg` that is not the key's,
    /// `invalid_signature`.
    pub fn verify(self, key: &PublicKey, expected_typ: &str) -> Result<P, Error> {
        self.verify_any(key, &[expected_typ])
    }

    /// Like [`verify`](Self::verify) where more than one `typ` will do.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify).
    pub fn verify_any(self, key: &PublicKey, expected_typs: &[&str]) -> Result<P, Error> {
        self.verify_typ(key, &ExpectedTyp::any_of(expected_typs))
    }

    pub(crate) fn verify_typ(
        self,
        key: &PublicKey,
        expected: &ExpectedTyp<'_>,
    ) -> Result<P, Error> {
        expected.check(self.header.typ.as_deref(), "JWS typ")?;
        // RFC 8725 §3.1: each key has one algorithm.
        if self.header.algorithm != key.kind() {
            return Err(Error::UnsupportedAlgorithm { what: "JWS alg" });
        }
        key.verify(self.signing_input(), &self.signature)
            .map_err(|_| Error::InvalidSignature { what: "JWS" })?;
        Ok(self.payload)
    }
}

/// The media types that `typ` may name, without `application/`.
pub(crate) struct ExpectedTyp<'a> {
    pub(crate) any_of: &'a [&'a str],
    /// Whether `typ` may be missing.
    pub(crate) or_none: bool,
}

impl<'a> ExpectedTyp<'a> {
    pub(crate) fn any_of(any_of: &'a [&'a str]) -> Self {
        Self {
            any_of,
            or_none: false,
        }
    }

    pub(crate) fn check(&self, typ: Option<&str>, what: &'static str) -> Result<(), Error> {
        let fits = match typ {
            None => self.or_none,
            Some(typ) => self.any_of.iter().any(|one| same_media_type(typ, one)),
        };
        match fits {
            true => Ok(()),
            false => Err(Error::UnsupportedFormat { what }),
        }
    }
}

/// The most certificates of one chain.
pub(crate) const MAX_CERTIFICATES: usize = 8;

/// `x5c` (RFC 7515 §4.1.6): certificates in DER, the signer's first; none when the header has no such member.
pub(crate) fn certificates(header: &Header) -> Result<Vec<Vec<u8>>, Error> {
    let malformed = Error::malformed("x5c");
    match header.member("x5c") {
        None => Ok(Vec::new()),
        Some(Value::Array(chain)) if chain.len() > MAX_CERTIFICATES => {
            Err(Error::too_large("x5c", MAX_CERTIFICATES))
        }
        Some(Value::Array(chain)) if !chain.is_empty() => chain
            .iter()
            .map(|one| from_base64(one.as_str().ok_or(malformed.clone())?))
            .collect(),
        Some(_) => Err(malformed),
    }
}

/// The value of `x5c` for a chain.
pub(crate) fn x5c(certificates: &[Vec<u8>]) -> Value {
    certificates.iter().map(|one| base64(one)).collect()
}

/// RFC 7515 §4.1.9: `application/` may be left out, and media types ignore case.
pub(crate) fn same_media_type(typ: &str, expected: &str) -> bool {
    let short = match typ.split_at_checked(12) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    };
    short.eq_ignore_ascii_case(expected)
}

/// A JWS that waits for its signature.
#[derive(Debug, Clone)]
pub struct Unsigned {
    kind: KeyType,
    signing_input: Vec<u8>,
}

impl Unsigned {
    /// From a header object (whose `alg` is set to ES256 here) and a payload.
    #[must_use]
    pub fn new(header: Value, payload: &Value) -> Self {
        Self::with_key_type(KeyType::P256, header, payload)
    }

    /// From a header object (whose `alg` is set here, to the algorithm of keys of this kind) and a payload.
    #[must_use]
    pub fn with_key_type(kind: KeyType, mut header: Value, payload: &Value) -> Self {
        if let Some(members) = header.as_object_mut() {
            // A BLS key signs no JWS: without `alg` nobody can take the result for one.
            match kind.jws_algorithm() {
                Some(alg) => members.insert("alg".to_owned(), json!(alg)),
                None => members.remove("alg"),
            };
        }
        let text = |value| {
            let mut text = Vec::with_capacity(1024);
            json::write(value, &mut text);
            text
        };
        Self::from_json(kind, &text(&header), &text(payload))
    }

    /// From a header, whose `alg` is that of the kind, and a payload, as JSON texts.
    pub(crate) fn from_json(kind: KeyType, header: &[u8], payload: &[u8]) -> Self {
        // Four characters for three bytes, two dots and the longest signature.
        let capacity = (header.len() + payload.len()) / 3 * 4 + 192;
        let mut signing_input = Vec::with_capacity(capacity);
        base64url_to(header, &mut signing_input);
        signing_input.push(b'.');
        base64url_to(payload, &mut signing_input);
        Self {
            kind,
            signing_input,
        }
    }

    /// The bytes to sign (RFC 7515 §5.1).
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The compact serialization with `signature` (RFC 7518 §3.4, RFC 8037 §3.1).
    #[must_use]
    pub fn attach(self, signature: impl AsRef<[u8]>) -> String {
        self.attach_with(signature, &[])
    }

    /// The compact serialization and what follows it, in ASCII.
    pub(crate) fn attach_with(self, signature: impl AsRef<[u8]>, after: &[u8]) -> String {
        let mut compact = self.signing_input;
        compact.reserve(after.len() + 192);
        compact.push(b'.');
        base64url_to(signature.as_ref(), &mut compact);
        compact.extend_from_slice(after);
        // base64url and dots.
        String::from_utf8(compact).unwrap_or_default()
    }

    /// Signs with a key of this process.
    ///
    /// # Errors
    /// [`SignError`] from the key, and when it is of another kind than the header says.
    pub fn sign(self, signer: &dyn LocalSigner) -> Result<String, SignError> {
        if signer.public_key().kind() != self.kind {
            return Err(SignError);
        }
        let signature = signer.sign(self.signing_input())?;
        Ok(self.attach(signature))
    }
}

/// Signs `payload` under `header` in one go, with the algorithm of the key.
///
/// # Errors
/// [`SignError`] from the key.
pub fn sign(header: Value, payload: &Value, signer: &dyn LocalSigner) -> Result<String, SignError> {
    Unsigned::with_key_type(signer.public_key().kind(), header, payload).sign(signer)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// RFC 7515 appendix A.3.
    const A3: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn key() -> PublicKey {
        PublicKey::from_jwk(
            &json!({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}),
        )
        .unwrap()
    }

    #[test]
    fn the_rfc_example_verifies_but_its_missing_typ_is_refused() {
        let jws = parse(A3, Limits::MESSAGE).unwrap();
        key().verify(jws.signing_input(), &jws.signature).unwrap();
        assert_eq!(
            jws.verify(&key(), "jwt").unwrap_err().code(),
            "unsupported_format"
        );
    }

    #[test]
    fn media_types_compare_as_rfc_7515_says() {
        assert!(same_media_type("application/kb+jwt", "kb+jwt"));
        assert!(same_media_type("KB+JWT", "kb+jwt"));
        assert!(!same_media_type("jwt", "kb+jwt"));
    }
}

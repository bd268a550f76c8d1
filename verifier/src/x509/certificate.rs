//! One certificate (RFC 5280 §4), read strictly.

use alloc::vec::Vec;

use super::der::{BAD, Element, Reader, tag};
use crate::error::Error;
use crate::key::{KeyType, PublicKey};
use crate::time::Timestamp;

/// The most bytes of a certificate.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// The most extensions of a certificate.
const MAX_EXTENSIONS: usize = 32;
/// The most alternative names of a certificate.
const MAX_NAMES: usize = 64;

/// Object identifiers, as their content octets.
mod oid {
    pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    pub(super) const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    pub(super) const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
    pub(super) const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
    pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    pub(super) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    pub(super) const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    pub(super) const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
    // id-ce
    pub(super) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
    pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(super) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
    pub(super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
    pub(super) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 32];
    pub(super) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
    pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
}

/// `keyUsage` bits (§4.2.1.3), the first octet.
pub(super) const DIGITAL_SIGNATURE: u8 = 0x80;
pub(super) const KEY_CERT_SIGN: u8 = 0x04;

/// A certificate as it stands; its signature is unproven.
pub(super) struct Certificate<'a> {
    pub(super) whole: &'a [u8],
    signed: &'a [u8],
    signature_algorithm: KeyType,
    signature: Vec<u8>,
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) key: PublicKey,
    /// `cA` of the basic constraints.
    pub(super) is_ca: bool,
    pub(super) path_length: Option<usize>,
    pub(super) key_usage: Option<u8>,
    /// Purposes, and whether the extension is critical.
    pub(super) purposes: Option<(bool, Vec<&'a [u8]>)>,
    pub(super) uris: Vec<&'a str>,
    pub(super) dns_names: Vec<&'a str>,
    /// The key identifier of the authority key identifier extension (§4.2.1.1).
    pub(super) authority_key_id: Option<&'a [u8]>,
}

impl<'a> Certificate<'a> {
    /// Reads a version 3 certificate.
    ///
    /// # Errors
    /// `too_large`; `malformed`; `unsupported_algorithm` for keys and signatures other than those of [`KeyType`];
    /// `issuer_untrusted` for a critical extension that is not understood, and for name constraints.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Error> {
        if der.len() > MAX_BYTES {
            return Err(Error::too_large("certificate", MAX_BYTES));
        }
        let mut outer = Reader(der);
        let whole = outer.expect(tag::SEQUENCE)?;
        outer.end()?;
        let mut parts = Reader(whole.content);
        let tbs = parts.expect(tag::SEQUENCE)?;
        let algorithm = parts.expect(tag::SEQUENCE)?;
        let signature = parts.octets()?;
        parts.end()?;

        let mut fields = Reader(tbs.content);
        // [0] version: v3, for without extensions nothing says what the certificate is for.
        let mut version = Reader(fields.expect(0xa0)?.content);
        if version.unsigned()? != [2] {
            return Err(BAD);
        }
        version.end()?;
        // §4.1.2.2: positive and of at most 20 octets.
        let serial = fields.unsigned()?;
        if serial == [0] || serial.len() > 20 {
            return Err(BAD);
        }
        // §4.1.1.2: the same algorithm inside and outside.
        if fields.expect(tag::SEQUENCE)?.whole != algorithm.whole {
            return Err(BAD);
        }
        let signature_algorithm = signature_algorithm(algorithm)?;
        let issuer = name(fields.expect(tag::SEQUENCE)?)?;
        let mut validity = fields.sequence()?;
        let (not_before, not_after) = (time(validity.any()?)?, time(validity.any()?)?);
        validity.end()?;
        let subject = name(fields.expect(tag::SEQUENCE)?)?;
        let key = public_key(fields.sequence()?)?;
        let extensions = fields.expect(0xa3)?;
        fields.end()?;

        let mut certificate = Self {
            whole: whole.whole,
            signed: tbs.whole,
            signature_algorithm,
            signature: raw_signature(signature_algorithm, signature)?,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            is_ca: false,
            path_length: None,
            key_usage: None,
            purposes: None,
            uris: Vec::new(),
            dns_names: Vec::new(),
            authority_key_id: None,
        };
        certificate.extensions(extensions)?;
        Ok(certificate)
    }

    fn extensions(&mut self, element: Element<'a>) -> Result<(), Error> {
        let mut wrapper = Reader(element.content);
        let mut list = wrapper.sequence()?;
        wrapper.end()?;
        let mut seen: Vec<&[u8]> = Vec::new();
        while !list.0.is_empty() {
            let mut extension = list.sequence()?;
            let id = extension.expect(tag::OID)?.content;
            let critical = match extension.optional(tag::BOOLEAN)? {
                None => false,
                // X.690 §11.5: a default value is left out.
                Some(critical) => Reader::boolean(&critical)?.then_some(true).ok_or(BAD)?,
            };
            let value = Reader(extension.expect(tag::OCTET_STRING)?.content);
            extension.end()?;
            // §4.2: no extension twice.
            if seen.contains(&id) {
                return Err(BAD);
            }
            seen.push(id);
            if seen.len() > MAX_EXTENSIONS {
                return Err(Error::too_large("certificate extensions", MAX_EXTENSIONS));
            }
            self.extension(id, critical, value)?;
        }
        Ok(())
    }

    fn extension(&mut self, id: &[u8], critical: bool, mut value: Reader<'a>) -> Result<(), Error> {
        let untrusted = |why| Err(Error::IssuerUntrusted { why });
        match id {
            oid::BASIC_CONSTRAINTS => {
                let mut constraints = value.sequence()?;
                if let Some(is_ca) = constraints.optional(tag::BOOLEAN)? {
                    self.is_ca = Reader::boolean(&is_ca)?.then_some(true).ok_or(BAD)?;
                }
                if !constraints.0.is_empty() {
                    // §4.2.1.9: a path length belongs to an authority.
                    match constraints.unsigned()? {
                        [length] if self.is_ca => self.path_length = Some(usize::from(*length)),
                        _ => return Err(BAD),
                    }
                }
                constraints.end()?;
                value.end()
            }
            oid::KEY_USAGE => {
                let bits = value.expect(tag::BIT_STRING)?.content;
                self.key_usage = match bits {
                    [0..=7, first, ..] if bits.len() <= 3 => Some(*first),
                    _ => return Err(BAD),
                };
                value.end()
            }
            oid::SUBJECT_ALT_NAME => {
                let mut names = value.sequence()?;
                value.end()?;
                let mut count = 0;
                while !names.0.is_empty() {
                    let name = names.any()?;
                    count += 1;
                    if count > MAX_NAMES {
                        return Err(Error::too_large("alternative names", MAX_NAMES));
                    }
                    let ascii = || match core::str::from_utf8(name.content) {
                        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text),
                        _ => Err(BAD),
                    };
                    match name.tag {
                        0x82 => self.dns_names.push(ascii()?),
                        0x86 => self.uris.push(ascii()?),
                        // Mail addresses, IP addresses and the rest bind nothing here.
                        _ => {}
                    }
                }
                Ok(())
            }
            oid::EXTENDED_KEY_USAGE => {
                let mut list = value.sequence()?;
                value.end()?;
                let mut purposes = Vec::new();
                while !list.0.is_empty() {
                    purposes.push(list.expect(tag::OID)?.content);
                }
                self.purposes = Some((critical, purposes));
                Ok(())
            }
            // §4.2.1.10: they must be processed where they are; here they are refused.
            oid::NAME_CONSTRAINTS => untrusted("a certificate with name constraints"),
            // Any policy will do, and which key signed is told by the signature.
            oid::CERTIFICATE_POLICIES | oid::SUBJECT_KEY_ID => Ok(()),
            oid::AUTHORITY_KEY_ID => {
                // [0] keyIdentifier; issuer and serial number may follow. One of another form names no key: which key
                // signed is told by the signature.
                let named = value.sequence().and_then(|mut parts| parts.optional(0x80));
                self.authority_key_id = named.ok().flatten().map(|id| id.content);
                Ok(())
            }
            // §4.2: a critical extension that is not understood.
            _ if critical => untrusted("a certificate with an unknown critical extension"),
            _ => Ok(()),
        }
    }

    /// Whether this certificate is signed with `key`.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> Result<(), Error> {
        // Each kind of key has one algorithm: P-256 with SHA-256 and so on.
        if key.kind() != self.signature_algorithm {
            return Err(Error::UnsupportedAlgorithm {
                what: "certificate signature",
            });
        }
        key.verify(self.signed, &self.signature)
            .map_err(|_| Error::InvalidSignature {
                what: "certificate",
            })
    }
}

/// A distinguished name as it stands; compared byte by byte.
fn name(element: Element<'_>) -> Result<&[u8], Error> {
    // §4.1.2.4: not empty. An authority's subject must not be either, and for a leaf it is not wanted here.
    match element.content {
        [] => Err(BAD),
        _ => Ok(element.whole),
    }
}

fn signature_algorithm(element: Element<'_>) -> Result<KeyType, Error> {
    let mut parts = Reader(element.content);
    let id = parts.expect(tag::OID)?.content;
    let kind = match id {
        oid::ECDSA_SHA256 => KeyType::P256,
        oid::ECDSA_SHA384 => KeyType::P384,
        oid::ECDSA_SHA512 => KeyType::P521,
        oid::ED25519 => KeyType::Ed25519,
        _ => {
            return Err(Error::UnsupportedAlgorithm {
                what: "certificate signature",
            });
        }
    };
    // RFC 5758 §3.2, RFC 8410 §3: no parameters.
    parts.end()?;
    Ok(kind)
}

/// r ‖ s of a DER signature (RFC 3279 §2.2.3), or an Ed25519 signature as it is.
fn raw_signature(kind: KeyType, der: &[u8]) -> Result<Vec<u8>, Error> {
    let width = match kind {
        KeyType::P256 => 32,
        KeyType::P384 => 48,
        KeyType::P521 => 66,
        _ => return Ok(der.to_vec()),
    };
    let mut outer = Reader(der);
    let mut parts = outer.sequence()?;
    outer.end()?;
    let (r, s) = (parts.unsigned()?, parts.unsigned()?);
    parts.end()?;
    let mut raw = Vec::with_capacity(2 * width);
    for number in [r, s] {
        let zeros = width.checked_sub(number.len()).ok_or(BAD)?;
        raw.extend(core::iter::repeat_n(0, zeros));
        raw.extend_from_slice(number);
    }
    Ok(raw)
}

/// `subjectPublicKeyInfo` (RFC 5480 §2, RFC 8410 §4).
fn public_key(mut info: Reader<'_>) -> Result<PublicKey, Error> {
    let unsupported = Error::UnsupportedAlgorithm {
        what: "certificate key",
    };
    let mut algorithm = info.sequence()?;
    let kind = match algorithm.expect(tag::OID)?.content {
        oid::EC_PUBLIC_KEY => match algorithm.expect(tag::OID)?.content {
            oid::P256 => KeyType::P256,
            oid::P384 => KeyType::P384,
            oid::P521 => KeyType::P521,
            _ => return Err(unsupported),
        },
        oid::ED25519 => KeyType::Ed25519,
        _ => return Err(unsupported),
    };
    algorithm.end()?;
    let bytes = info.octets()?;
    info.end()?;
    let key = match kind {
        KeyType::Ed25519 => PublicKey::from_compressed(kind, bytes)?,
        _ => PublicKey::from_uncompressed(bytes)?,
    };
    // A point of another curve than the one named.
    if key.kind() == kind {
        Ok(key)
    } else {
        Err(BAD)
    }
}

/// UTCTime before 2050 and GeneralizedTime from then on (§4.1.2.5), in whole seconds of UTC.
fn time(element: Element<'_>) -> Result<Timestamp, Error> {
    let (century, rest) = match (element.tag, element.content) {
        (tag::UTC_TIME, text @ [b'0'..=b'4', ..]) => ("20", text),
        (tag::UTC_TIME, text @ [b'5'..=b'9', ..]) => ("19", text),
        (tag::GENERALIZED_TIME, text) if text >= &b"2050"[..] => ("", text),
        _ => return Err(BAD),
    };
    let digits = century.len() + rest.len();
    let text = core::str::from_utf8(rest).map_err(|_| BAD)?;
    let text = text.strip_suffix('Z').filter(|_| digits == 15).ok_or(BAD)?;
    let text = alloc::format!("{century}{text}");
    let part = |from: usize, to: usize| text.get(from..to).ok_or(BAD);
    Timestamp::parse_rfc3339(&alloc::format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

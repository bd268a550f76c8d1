//! Certificate revocation lists of signing authorities (RFC 5280 §5, profile of Doc 9303-12 §7.1.4).

use std::collections::BTreeMap;

use crate::algorithms::SignatureAlgorithm;
use crate::date;
use crate::error::CardError;
use crate::tlv::{self, Objects};
use crate::x509::Parsed;

/// Largest list read, in bytes; the largest known in the field have some ten thousand.
const MAX_LIST: usize = 4 << 20;
/// Most entries; a state has some hundreds of document signers in all.
const MOST_ENTRIES: usize = 65_536;
/// Most extensions of a list or an entry.
const MOST_EXTENSIONS: usize = 16;

const WHAT: &str = "revocation list";
const MALFORMED: CardError = CardError::Malformed(WHAT);
/// cRLNumber, 2.5.29.20.
const CRL_NUMBER: [u8; 3] = [0x55, 0x1D, 20];
/// reasonCode, 2.5.29.21.
const REASON_CODE: [u8; 3] = [0x55, 0x1D, 21];
/// authorityKeyIdentifier, 2.5.29.35.
const AUTHORITY_KEY: [u8; 3] = [0x55, 0x1D, 35];

/// A list taken apart. Its signature is **not** checked by parsing.
pub(crate) struct RevocationList {
    signed: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    issuer: Vec<u8>,
    this_update: i64,
    next_update: Option<i64>,
    number: Option<Vec<u8>>,
    entries: BTreeMap<Vec<u8>, (&'static str, i64)>,
}

impl RevocationList {
    /// Parses a DER CertificateList, version 2.
    ///
    /// # Errors
    /// [`CardError::TooLarge`], [`CardError::Malformed`]; [`CardError::Unsupported`] for a critical
    /// extension (an indirect, partial or delta list does not say what this crate needs to know).
    pub(crate) fn parse(der: &[u8]) -> Result<Self, CardError> {
        if der.len() > MAX_LIST {
            return Err(CardError::TooLarge {
                what: WHAT,
                limit: MAX_LIST,
            });
        }
        let mut outer = Objects::new(tlv::only(der, 0x30, WHAT)?);
        let body = outer.read()?.ok_or(MALFORMED)?;
        let algorithm = outer.read()?.ok_or(MALFORMED)?;
        let signature = match outer.expect(0x03, WHAT)?.split_first() {
            Some((0, signature)) => signature.to_vec(),
            _ => return Err(MALFORMED),
        };
        outer.end(WHAT)?;

        let mut fields = Objects::new(tlv::only(body.encoded, 0x30, WHAT)?);
        if fields.expect(0x02, WHAT)? != [1] {
            return Err(MALFORMED);
        }
        let inner_algorithm = fields.read()?.ok_or(MALFORMED)?;
        if inner_algorithm.encoded != algorithm.encoded {
            return Err(MALFORMED);
        }
        let issuer = fields.read()?.filter(|name| name.tag == 0x30);
        let issuer = issuer.ok_or(MALFORMED)?.encoded.to_vec();
        let time = |object: tlv::Tlv<'_>| date::parse_time(object.tag, object.value);
        let this_update = fields.read()?.and_then(time).ok_or(MALFORMED)?;
        let mut next = fields.read()?;
        let mut next_update = None;
        if let Some(object) = next.filter(|object| [0x17, 0x18].contains(&object.tag)) {
            next_update = Some(time(object).ok_or(MALFORMED)?);
            next = fields.read()?;
        }
        let mut entries = BTreeMap::new();
        if let Some(object) = next.filter(|object| object.tag == 0x30) {
            entries = parse_entries(object.value)?;
            next = fields.read()?;
        }
        let mut number = None;
        if let Some(object) = next.filter(|object| object.tag == 0xA0) {
            let mut understood = |oid: &[u8], value: &[u8]| -> Result<bool, CardError> {
                if oid == CRL_NUMBER {
                    number = Some(tlv::only(value, 0x02, WHAT)?.to_vec());
                }
                Ok(oid == CRL_NUMBER || oid == AUTHORITY_KEY)
            };
            extensions(tlv::only(object.value, 0x30, WHAT)?, &mut understood)?;
            next = fields.read()?;
        }
        if next.is_some() {
            return Err(MALFORMED);
        }
        Ok(Self {
            signed: body.encoded.to_vec(),
            algorithm: SignatureAlgorithm::parse(algorithm.encoded)?,
            signature,
            issuer,
            this_update,
            next_update,
            number,
            entries,
        })
    }

    /// The DER name of the authority.
    pub(crate) fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// When the list was made, seconds since the epoch.
    pub(crate) fn this_update(&self) -> i64 {
        self.this_update
    }

    /// Whether the next list is not due yet; without a date it never is known to be current.
    pub(crate) fn current(&self, now: i64) -> bool {
        self.this_update <= now && self.next_update.is_some_and(|next| now <= next)
    }

    /// Whether this list replaces `other`: a later time or, at the same time, a greater number.
    pub(crate) fn newer_than(&self, other: &Self) -> bool {
        fn number(list: &RevocationList) -> (usize, &[u8]) {
            let octets = list.number.as_deref().unwrap_or_default();
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            let digits = octets.get(zeros..).unwrap_or_default();
            (digits.len(), digits)
        }
        (self.this_update, number(self)) > (other.this_update, number(other))
    }

    /// Reason and time of revocation of the certificate with this serial number.
    pub(crate) fn entry(&self, serial: &[u8]) -> Option<(&'static str, i64)> {
        self.entries.get(serial).copied()
    }

    /// Whether `authority`'s key signed the list. SHA-1 is not taken, nor a short key: a forged list
    /// could clear a revoked signer.
    pub(crate) fn signed_by(&self, authority: &Parsed) -> bool {
        self.algorithm.digest().allowed(false).is_ok()
            && authority.key().allowed(false).is_ok()
            && authority
                .key()
                .verify(self.algorithm, &self.signed, &self.signature)
    }
}

fn parse_entries(list: &[u8]) -> Result<BTreeMap<Vec<u8>, (&'static str, i64)>, CardError> {
    let mut entries = BTreeMap::new();
    let mut objects = Objects::new(list);
    while let Some(entry) = objects.read()? {
        if entry.tag != 0x30 || entries.len() == MOST_ENTRIES {
            return Err(MALFORMED);
        }
        let mut fields = Objects::new(entry.value);
        let serial = fields.expect(0x02, WHAT)?.to_vec();
        let since = fields
            .read()?
            .and_then(|time| date::parse_time(time.tag, time.value))
            .ok_or(MALFORMED)?;
        let mut reason = "unspecified";
        if let Some(object) = fields.read()? {
            if object.tag != 0x30 {
                return Err(MALFORMED);
            }
            let mut understood = |oid: &[u8], value: &[u8]| -> Result<bool, CardError> {
                if oid == REASON_CODE {
                    reason = match tlv::only(value, 0x0A, WHAT)? {
                        [code] => reason_of(*code)?,
                        _ => return Err(MALFORMED),
                    };
                }
                Ok(oid == REASON_CODE)
            };
            extensions(object.value, &mut understood)?;
        }
        fields.end(WHAT)?;
        entries.insert(serial, (reason, since));
    }
    Ok(entries)
}

/// CRLReason (RFC 5280 §5.3.1). `removeFromCRL` belongs into delta lists only.
fn reason_of(code: u8) -> Result<&'static str, CardError> {
    Ok(match code {
        0 => "unspecified",
        1 => "key compromise",
        2 => "authority compromise",
        3 => "affiliation changed",
        4 => "superseded",
        5 => "cessation of operation",
        6 => "on hold",
        9 => "privilege withdrawn",
        10 => "attribute authority compromise",
        _ => return Err(MALFORMED),
    })
}

/// Says whether an extension, given as identifier and value, is understood.
type Understood<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool, CardError> + 'a;

/// Walks a list of extensions; a critical one that `understood` does not know refuses the list.
fn extensions(list: &[u8], understood: &mut Understood<'_>) -> Result<(), CardError> {
    let mut objects = Objects::new(list);
    let mut count = 0;
    while let Some(object) = objects.read()? {
        count += 1;
        if object.tag != 0x30 || count > MOST_EXTENSIONS {
            return Err(MALFORMED);
        }
        let mut fields = Objects::new(object.value);
        let oid = fields.expect(0x06, WHAT)?;
        let mut value = fields.read()?.ok_or(MALFORMED)?;
        let mut critical = false;
        if value.tag == 0x01 {
            critical = match value.value {
                [0xFF] => true,
                // The default, spelled out.
                [0] => false,
                _ => return Err(MALFORMED),
            };
            value = fields.read()?.ok_or(MALFORMED)?;
        }
        fields.end(WHAT)?;
        if value.tag != 0x04 {
            return Err(MALFORMED);
        }
        if !understood(oid, value.value)? && critical {
            return Err(CardError::Unsupported {
                what: "critical extension",
                name: const_oid::ObjectIdentifier::from_bytes(oid)
                    .map_or_else(|_| "unknown".to_owned(), |oid| oid.to_string()),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_lists_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(RevocationList::parse(&bytes).is_err());
            let _ = parse_entries(&bytes);
        }
    }
}

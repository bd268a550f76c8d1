//! X.509 certificate chains (RFC 5280), validated offline against trust anchors that are handed in.
//!
//! ```text
//! TrustAnchor::from_certificate(der)                                       a root that the caller trusts
//! validate(chain, anchors, &ChainPolicy { now, .. })  →  ValidatedChain    the leaf's key and alternative names
//! ```
//!
//! The profile is the one that credentials need (SD-JWT VC, HAIP): version 3, keys and signatures of P-256 with SHA-256,
//! P-384 with SHA-384, P-521 with SHA-512 and Ed25519, no name constraints. Revocation is not checked: no list is at hand
//! and none is fetched.

mod certificate;
mod der;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Error;
use crate::key::PublicKey;
use crate::time::Timestamp;
use certificate::{Certificate, DIGITAL_SIGNATURE, KEY_CERT_SIGN};

/// The most certificates of a chain, the leaf included.
pub const MAX_CHAIN: usize = 8;

/// `anyExtendedKeyUsage` (RFC 5280 §4.2.1.12).
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];

/// A root that the caller trusts: a certification authority's self-signed certificate, whose own signature proves nothing
/// and is not checked.
#[derive(Clone)]
pub struct TrustAnchor {
    whole: Vec<u8>,
    subject: Vec<u8>,
    key: PublicKey,
    path_length: Option<usize>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl TrustAnchor {
    /// Reads a certification authority's certificate in DER.
    ///
    /// # Errors
    /// `malformed`, `too_large`, `unsupported_algorithm`; `issuer_untrusted` when it is no authority's.
    pub fn from_certificate(der: &[u8]) -> Result<Self, Error> {
        let certificate = Certificate::read(der)?;
        may_sign_certificates(&certificate)?;
        Ok(Self {
            whole: certificate.whole.to_vec(),
            subject: certificate.subject.to_vec(),
            key: certificate.key,
            path_length: certificate.path_length,
            not_before: certificate.not_before,
            not_after: certificate.not_after,
        })
    }
}

/// What a chain must satisfy besides its signatures.
#[derive(Debug, Clone, Copy)]
pub struct ChainPolicy<'a> {
    /// The time: every certificate, the anchor's too, must be valid then.
    pub now: Timestamp,
    /// The extended key usages, as content octets of their object identifiers, one of which the leaf must have if it has
    /// any. Empty: a leaf may say what it likes, except critically.
    pub purposes: &'a [&'a [u8]],
}

/// A chain that leads to a trust anchor.
#[derive(Debug, Clone)]
pub struct ValidatedChain {
    key: PublicKey,
    uris: Vec<String>,
    dns_names: Vec<String>,
}

impl ValidatedChain {
    fn of(leaf: &Certificate<'_>) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            key: leaf.key.clone(),
            uris: owned(&leaf.uris),
            dns_names: owned(&leaf.dns_names),
        }
    }

    /// The key of the leaf.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The URIs among the leaf's alternative names.
    #[must_use]
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The DNS names among the leaf's alternative names.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    /// Whether the leaf speaks for the issuer `iss`: `iss` is one of its URIs, or an `https` URL whose host is one of its
    /// DNS names (SD-JWT VC §3.5, HAIP §6.1.1). Wildcards match nothing.
    #[must_use]
    pub fn speaks_for(&self, iss: &str) -> bool {
        if self.uris.iter().any(|uri| uri == iss) {
            return true;
        }
        https_host(iss).is_some_and(|host| {
            self.dns_names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
        })
    }
}

/// The host of an `https` URL, without port. A URL with user information has none here.
fn https_host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (!host.is_empty() && host.bytes().all(plain)).then_some(host)
}

/// Reads one certificate whose very bytes the caller has another reason to believe, such as a digest that an authority has
/// signed: no chain, but within its validity and for signatures.
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_algorithm`, `not_yet_valid`, `expired`; `issuer_untrusted` when its key is not for
/// signatures.
pub fn pinned(der: &[u8], now: Timestamp) -> Result<ValidatedChain, Error> {
    let leaf = Certificate::read(der)?;
    valid_at(now, leaf.not_before, leaf.not_after)?;
    for_signatures(&leaf)?;
    Ok(ValidatedChain::of(&leaf))
}

/// Reads one certificate without any reason to believe it: for the holder of its key.
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_algorithm`; `issuer_untrusted` for a critical extension that is not understood.
pub(crate) fn read_leaf(der: &[u8]) -> Result<ValidatedChain, Error> {
    Ok(ValidatedChain::of(&Certificate::read(der)?))
}

/// The key identifiers of the authorities that signed the certificates of a chain (RFC 5280 §4.2.1.1), for matching DCQL's
/// `trusted_authorities` of type `aki` (OpenID4VP 1.0 §6.1.1.1). They are unproven; a certificate that cannot be read has
/// none.
#[must_use]
pub fn authority_key_ids(chain: &[Vec<u8>]) -> Vec<Vec<u8>> {
    chain
        .iter()
        .take(MAX_CHAIN)
        .filter_map(|der| {
            Certificate::read(der)
                .ok()?
                .authority_key_id
                .map(<[u8]>::to_vec)
        })
        .collect()
}

/// Validates a chain in DER, the leaf first, each certificate signed by the next and the last by a trust anchor
/// (RFC 5280 §6.1). The anchor itself may stand at its end.
///
/// # Errors
/// `malformed`, `too_large`, `unsupported_algorithm`, `invalid_signature`, `not_yet_valid`, `expired`; `issuer_untrusted`
/// when no anchor has signed, names do not chain, a certificate may not do what it does here, or the leaf is an anchor.
pub fn validate(
    chain: &[Vec<u8>],
    anchors: &[TrustAnchor],
    policy: &ChainPolicy<'_>,
) -> Result<ValidatedChain, Error> {
    validate_among(chain, anchors.iter(), policy).map(|(chain, _)| chain)
}

/// Like [`validate`], and tells which of the anchors has signed, by its place.
///
/// # Errors
/// Those of [`validate`].
pub(crate) fn validate_among<'a>(
    chain: &[Vec<u8>],
    anchors: impl Iterator<Item = &'a TrustAnchor> + Clone,
    policy: &ChainPolicy<'_>,
) -> Result<(ValidatedChain, usize), Error> {
    let untrusted = |why| Error::IssuerUntrusted { why };
    if chain.len() > MAX_CHAIN {
        return Err(Error::too_large("certificate chain", MAX_CHAIN));
    }
    // The anchor is the caller's, whether it is sent along or not.
    let chain = match chain {
        [rest @ .., last] if !rest.is_empty() && anchors.clone().any(|a| a.whole == *last) => rest,
        whole => whole,
    };
    let certificates = chain
        .iter()
        .map(|der| Certificate::read(der))
        .collect::<Result<Vec<_>, _>>()?;
    let (Some(leaf), Some(top)) = (certificates.first(), certificates.last()) else {
        return Err(untrusted("no certificate"));
    };
    for certificate in &certificates {
        valid_at(policy.now, certificate.not_before, certificate.not_after)?;
    }
    // What the leaf may do. An authority's own key signs certificates, not credentials.
    if leaf.is_ca || leaf.subject == leaf.issuer {
        return Err(untrusted("the leaf is an authority's or self-signed"));
    }
    for_signatures(leaf)?;
    check_purposes(leaf, policy)?;
    // What is above it.
    for (below, (certificate, issuer)) in certificates
        .iter()
        .zip(certificates.iter().skip(1))
        .enumerate()
    {
        may_sign_certificates(issuer)?;
        // §4.2.1.9: how many authorities may stand between this one and the leaf.
        if issuer.path_length.is_some_and(|length| below > length) {
            return Err(untrusted("the chain is longer than an authority allows"));
        }
        if certificate.issuer != issuer.subject {
            return Err(untrusted("names do not chain"));
        }
        certificate.is_signed_by(&issuer.key)?;
    }
    let mut refusal = untrusted("no trust anchor has signed");
    let named = |(_, anchor): &(usize, &TrustAnchor)| anchor.subject == top.issuer;
    for (place, anchor) in anchors.enumerate().filter(named) {
        match signed_by_anchor(top, certificates.len() - 1, anchor, policy.now) {
            Ok(()) => {
                return Ok((ValidatedChain::of(leaf), place));
            }
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn signed_by_anchor(
    top: &Certificate<'_>,
    authorities_below: usize,
    anchor: &TrustAnchor,
    now: Timestamp,
) -> Result<(), Error> {
    valid_at(now, anchor.not_before, anchor.not_after)?;
    if anchor
        .path_length
        .is_some_and(|length| authorities_below > length)
    {
        return Err(Error::IssuerUntrusted {
            why: "the chain is longer than an authority allows",
        });
    }
    top.is_signed_by(&anchor.key)
}

fn for_signatures(leaf: &Certificate<'_>) -> Result<(), Error> {
    match leaf.key_usage {
        Some(bits) if bits & DIGITAL_SIGNATURE == 0 => Err(Error::IssuerUntrusted {
            why: "the key is not for signatures",
        }),
        _ => Ok(()),
    }
}

/// §4.1.2.5: both ends of the validity belong to it.
fn valid_at(now: Timestamp, from: Timestamp, until: Timestamp) -> Result<(), Error> {
    if now < from {
        return Err(Error::NotYetValid { from, now });
    }
    if now > until {
        return Err(Error::Expired { until, now });
    }
    Ok(())
}

/// §6.1.4 (k), (n): an authority, whose key is for certificates.
fn may_sign_certificates(certificate: &Certificate<'_>) -> Result<(), Error> {
    let allowed = certificate.is_ca
        && certificate
            .key_usage
            .is_none_or(|bits| bits & KEY_CERT_SIGN != 0);
    match allowed {
        true => Ok(()),
        false => Err(Error::IssuerUntrusted {
            why: "a certificate signed by what is no authority",
        }),
    }
}

fn check_purposes(leaf: &Certificate<'_>, policy: &ChainPolicy<'_>) -> Result<(), Error> {
    let Some((critical, purposes)) = &leaf.purposes else {
        return Ok(());
    };
    let fits = purposes
        .iter()
        .any(|purpose| *purpose == ANY_PURPOSE || policy.purposes.contains(purpose));
    if fits || (policy.purposes.is_empty() && !critical) {
        Ok(())
    } else {
        Err(Error::IssuerUntrusted {
            why: "the certificate is for another purpose",
        })
    }
}

/// For fuzzing: reads arbitrary bytes as a leaf and as an anchor, and validates the one against the other. Never panics.
pub fn validate_bytes(bytes: &[u8], now: Timestamp) -> Result<ValidatedChain, Error> {
    let anchors: Vec<_> = TrustAnchor::from_certificate(bytes).into_iter().collect();
    let policy = ChainPolicy { now, purposes: &[] };
    validate(&[bytes.to_vec(), bytes.to_vec()], &anchors, &policy)
}

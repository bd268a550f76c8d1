//! The certificate authority of the terminals (RFC 5280): one self-signed certificate, one level below it the
//! certificates of the terminals and of the listener they connect to.
//!
//! A terminal's certificate is over the key of its DID, so that whoever completes a TLS handshake with it is that
//! terminal. There is no revocation list: a retired terminal is refused by its record, at every request.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType,
    SignatureAlgorithm,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use tessera_verifier::did;
use tessera_verifier::key::PublicKey;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::environment::start_of_day;

const DAY: i64 = 86_400;
/// An authority's certificate is pinned in terminals: changing it means visiting each.
const AUTHORITY_DAYS: i64 = 30 * 365;
/// Days for which the listener's own certificate is good. It is made anew at half time.
const LISTENER_DAYS: i64 = 60;

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("certificate: {0}")]
pub struct CertificateError(String);

impl CertificateError {
    pub(crate) fn new(cause: &dyn std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

impl From<rcgen::Error> for CertificateError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

/// The authority, ready to sign.
pub struct TerminalCa {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl TerminalCa {
    /// The authority with this PKCS#8 key, of the issuer whose root is `root` and whose keys began at `since`. Made anew
    /// at every start: name, key and times are the same each time, and these are what a terminal pins.
    ///
    /// # Errors
    /// The key is none.
    pub fn new(pkcs8: &[u8], root: &str, since: i64) -> Result<Self, CertificateError> {
        let key = PrivatePkcs8KeyDer::from(Zeroizing::new(pkcs8.to_vec()).to_vec());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(
            &format!("Tessera terminals of {root}"),
            (start_of_day(since), AUTHORITY_DAYS),
        )?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key)?.into();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's own certificate, PEM (RFC 7468).
    #[must_use]
    pub fn pem(&self) -> String {
        pem(&self.certificate)
    }

    /// A certificate for the terminal of this DID, PEM: for TLS as a client and nothing else.
    ///
    /// # Errors
    /// Not a P-256 did:key.
    pub fn certify(&self, terminal: &str, now: i64, days: i64) -> Result<String, CertificateError> {
        let (did, key) =
            did::resolve(terminal).map_err(|error| CertificateError(error.to_string()))?;
        let mut params = params(&did, (start_of_day(now), days))?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&TerminalPublic(key), &self.issuer)?;
        Ok(pem(certificate.der()))
    }

    /// A fresh key and certificate for the listener under these names, and the moment to make the next.
    ///
    /// # Errors
    /// A name is none.
    pub fn listener(
        &self,
        names: &[String],
        now: i64,
    ) -> Result<(Arc<CertifiedKey>, i64), CertificateError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(
            "Tessera terminal listener",
            (start_of_day(now), LISTENER_DAYS),
        )?;
        for name in names {
            params.subject_alt_names.push(match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.as_str().try_into()?),
            });
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let certified = CertifiedKey::from_der(vec![certificate.into()], private, &provider)
            .map_err(|error| CertificateError(error.to_string()))?;
        Ok((Arc::new(certified), now + LISTENER_DAYS / 2 * DAY))
    }
}

/// A certificate of this name, good from the day before `from` (clocks differ) for so many days.
fn params(name: &str, (from, days): (i64, i64)) -> Result<CertificateParams, CertificateError> {
    let at = |unix: i64| {
        OffsetDateTime::from_unix_timestamp(unix)
            .map_err(|error| CertificateError(error.to_string()))
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(from - DAY)?;
    params.not_after = at(from + days * DAY)?;
    Ok(params)
}

/// A terminal's public key as X.509 has it.
struct TerminalPublic(PublicKey);

impl PublicKeyData for TerminalPublic {
    fn der_bytes(&self) -> &[u8] {
        self.0.to_uncompressed()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

pub(crate) fn pem(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

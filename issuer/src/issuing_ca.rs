//! The certificate authority of the keys that sign credentials (RFC 5280): one self-signed certificate, and one below it
//! for each key, which goes along with credentials as `x5c` (HAIP 1.0 §6.1.1).
//!
//! A certificate goes to everybody who is shown a credential, so two holders must not be told apart by theirs. Everything
//! in it follows from the key file, the signature too (RFC 6979): every replica and every start makes the same bytes.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SignatureAlgorithm,
};
use tessera_verifier::encoding::base64;
use tessera_verifier::key::PublicKey;
use time::OffsetDateTime;

use crate::terminal_ca::{CertificateError, pem};

const DAY: i64 = 86_400;
/// The authority's certificate is carried by relying parties.
const AUTHORITY_DAYS: i64 = 30 * 365;
/// A key signs for years at most, and what it signed lasts as long again.
const KEY_DAYS: i64 = 10 * 365;

/// The authority, ready to certify.
pub(crate) struct IssuingCa {
    issuer: Issuer<'static, CaKey>,
    certificate: Vec<u8>,
}

impl IssuingCa {
    /// The authority with the key of this scalar, of the issuer whose root is `root` and whose keys began at `since`.
    ///
    /// # Errors
    /// The scalar is none.
    pub(crate) fn new(scalar: &[u8], root: &str, since: i64) -> Result<Self, CertificateError> {
        let key = CaKey::new(scalar)?;
        let mut params = params(
            &format!("Tessera credentials of {root}"),
            (since, AUTHORITY_DAYS),
        )?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key)?.der().to_vec();
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    /// The authority's own certificate, PEM (RFC 7468).
    pub(crate) fn pem(&self) -> String {
        pem(&self.certificate)
    }

    /// The same, DER in base64.
    pub(crate) fn base64(&self) -> String {
        base64(&self.certificate)
    }

    /// The value of `x5c` for credentials by this key, which `did` names and which signs since `since`: the certificate of
    /// the key alone, for the authority's is the relying party's anchor. It speaks for the DID, which is `iss`, and for
    /// the issuer's URL.
    ///
    /// # Errors
    /// A name that no certificate can have.
    pub(crate) fn x5c(
        &self,
        (key, did): (&PublicKey, &str),
        url: &str,
        since: i64,
    ) -> Result<Vec<String>, CertificateError> {
        let mut params = params("Tessera credential issuer", (since, KEY_DAYS))?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names.push(SanType::URI(did.try_into()?));
        params.subject_alt_names.push(SanType::URI(url.try_into()?));
        if let Some(host) = dns_name(url) {
            params
                .subject_alt_names
                .push(SanType::DnsName(host.try_into()?));
        }
        let certificate = params.signed_by(&Public(key), &self.issuer)?;
        Ok(vec![base64(certificate.der())])
    }
}

/// The host of an https URL where it is a name.
fn dns_name(url: &str) -> Option<&str> {
    let authority = url.strip_prefix("https://")?.split('/').next()?;
    let host = authority.split(':').next()?;
    let name = host.bytes().any(|byte| byte.is_ascii_alphabetic()) && !host.starts_with('[');
    name.then_some(host)
}

fn params(name: &str, (from, days): (i64, i64)) -> Result<CertificateParams, CertificateError> {
    let at = |unix: i64| {
        OffsetDateTime::from_unix_timestamp(unix).map_err(|error| CertificateError::new(&error))
    };
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = at(from - DAY)?;
    params.not_after = at(from + days * DAY)?;
    Ok(params)
}

/// The authority's key. Signs without randomness.
struct CaKey {
    key: SigningKey,
    public: Vec<u8>,
}

impl CaKey {
    fn new(scalar: &[u8]) -> Result<Self, CertificateError> {
        let key = SigningKey::from_slice(scalar).map_err(|error| CertificateError::new(&error))?;
        let public = key
            .verifying_key()
            .to_encoded_point(false)
            .as_bytes()
            .to_vec();
        Ok(Self { key, public })
    }
}

impl PublicKeyData for CaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for CaKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: Signature = self.key.sign(message);
        let (r, s) = signature.split_bytes();
        Ok(ecdsa_sig_value(&r, &s))
    }
}

/// `Ecdsa-Sig-Value` (RFC 3279 §2.2.3) in DER: two integers of at most 33 octets, so every length is one octet.
fn ecdsa_sig_value(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let zeros = number.iter().take_while(|&&byte| byte == 0).count();
        let digits = number.get(zeros..).unwrap_or_default();
        let sign: &[u8] = match digits.first() {
            Some(first) if *first < 0x80 => &[],
            _ => &[0],
        };
        let content = [sign, digits].concat();
        [&[2, length(&content)], content.as_slice()].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, length(&both)], both.as_slice()].concat()
}

/// Below 128 by construction.
fn length(content: &[u8]) -> u8 {
    u8::try_from(content.len()).unwrap_or(u8::MAX)
}

/// A public key as X.509 has it.
struct Public<'k>(&'k PublicKey);

impl PublicKeyData for Public<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.to_uncompressed()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::keys::SoftwareKey;
    use tessera_verifier::Timestamp;
    use tessera_verifier::crypto::LocalSigner as _;
    use tessera_verifier::encoding::from_base64;
    use tessera_verifier::x509::{ChainPolicy, TrustAnchor, validate};

    #[test]
    fn the_same_certificate_is_made_again_and_leads_to_the_authority() {
        let since = 1_800_000_000;
        let ca = || IssuingCa::new(&[7; 32], "did:example:root", since).unwrap();
        let key = SoftwareKey::generate().unwrap().0;
        let (did, url) = ("did:example:issuer", "https://issuer.example:8443/x");
        let x5c = |ca: &IssuingCa| ca.x5c((key.public_key(), did), url, since).unwrap();
        let (one, two) = (ca(), ca());
        assert_eq!((one.pem(), x5c(&one)), (two.pem(), x5c(&two)));
        let chain: Vec<Vec<u8>> = x5c(&one)
            .iter()
            .map(|der| from_base64(der).unwrap())
            .collect();
        let anchors = [TrustAnchor::from_certificate(&one.certificate).unwrap()];
        let policy = ChainPolicy {
            now: Timestamp::from_unix(since + 400 * DAY),
            purposes: &[],
        };
        let validated = validate(&chain, &anchors, &policy).unwrap();
        assert_eq!(validated.key(), key.public_key());
        for speaks in [did, url, "https://issuer.example"] {
            assert!(validated.speaks_for(speaks), "{speaks}");
        }
        assert!(!validated.speaks_for("https://other.example"));
        let other = IssuingCa::new(&[8; 32], "did:example:root", since).unwrap();
        let anchors = [TrustAnchor::from_certificate(&other.certificate).unwrap()];
        assert!(validate(&chain, &anchors, &policy).is_err());
    }
}

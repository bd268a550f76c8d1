//! Certificates of relying parties and of issuers, made for a test.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use tessera_verifier::crypto::sha256;
use tessera_verifier::encoding::{base64, base64url};
use tessera_verifier::x509::TrustAnchor;

use crate::world::Signer;

/// A certification authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let params = Self::params(name);
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2036, 1, 1);
        params
    }

    /// Another certificate of the same key, by the same name or by a new one.
    pub(crate) fn renewed(&self, name: &str) -> Vec<u8> {
        let mut params = Self::params(name);
        params.not_after = rcgen::date_time_ymd(2037, 1, 1);
        let certificate = params.self_signed(self.issuer.key()).unwrap();
        certificate.der().to_vec()
    }

    pub(crate) fn anchor(&self) -> TrustAnchor {
        TrustAnchor::from_certificate(&self.der).unwrap()
    }

    /// A leaf with this DNS name, valid in the years from `from` to `until`.
    pub(crate) fn leaf(&self, dns: &str, years: (i32, i32)) -> Leaf {
        self.certify(&Fresh::new(), (&[dns], &[]), years)
    }

    /// A leaf for this key with these DNS names and URIs.
    pub(crate) fn certify(
        &self,
        key: &Fresh,
        names: (&[&str], &[&str]),
        years: (i32, i32),
    ) -> Leaf {
        self.certify_for(key, names, years, KeyUsagePurpose::DigitalSignature)
    }

    /// A leaf for this key and this use of it.
    pub(crate) fn certify_for(
        &self,
        Fresh(key): &Fresh,
        (dns, uris): (&[&str], &[&str]),
        (from, until): (i32, i32),
        usage: KeyUsagePurpose,
    ) -> Leaf {
        let dns: Vec<String> = dns.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        let uris = uris
            .iter()
            .map(|&uri| SanType::URI(uri.try_into().unwrap()));
        params.subject_alt_names.extend(uris);
        params
            .distinguished_name
            .push(DnType::CommonName, "Specimen");
        params.key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let der = params.signed_by(key, &self.issuer).unwrap().der().to_vec();
        Leaf {
            signer: Signer::from_pkcs8(&key.serialize_der()),
            der,
        }
    }
}

/// A key that is not certified yet.
pub(crate) struct Fresh(KeyPair);

impl Fresh {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    pub(crate) fn did(&self) -> String {
        Signer::from_pkcs8(&self.0.serialize_der()).did()
    }
}

/// A leaf certificate and its key.
pub(crate) struct Leaf {
    pub(crate) signer: Signer,
    pub(crate) der: Vec<u8>,
}

impl Leaf {
    /// The header's `x5c`.
    pub(crate) fn x5c(&self) -> serde_json::Value {
        serde_json::json!([base64(&self.der)])
    }

    /// The client identifier `x509_hash:…`.
    pub(crate) fn hash(&self) -> String {
        format!("x509_hash:{}", base64url(&sha256(&self.der)))
    }
}

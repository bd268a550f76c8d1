//! The authority that certifies the issuer's key, for credentials under `x5c`.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SignatureAlgorithm,
};
use tessera_verifier::key::PublicKey;
use tessera_verifier::x509;

pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) der: Vec<u8>,
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }

    /// The certificate of this key with these names.
    pub(crate) fn certify(&self, key: &PublicKey, uris: &[&str]) -> Vec<u8> {
        let mut params = params("Specimen issuer");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let uris = uris
            .iter()
            .map(|&uri| SanType::URI(uri.try_into().unwrap()));
        params.subject_alt_names = uris.collect();
        let certificate = params.signed_by(&Public(key), &self.issuer);
        certificate.unwrap().der().to_vec()
    }

    /// The identifier of the authority's key, as certificates by it have it.
    pub(crate) fn key_id(&self, key: &PublicKey) -> Vec<u8> {
        let leaf = self.certify(key, &[]);
        x509::authority_key_ids(&[leaf]).pop().unwrap()
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2036, 1, 1);
    params
}

struct Public<'k>(&'k PublicKey);

impl PublicKeyData for Public<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.to_uncompressed()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

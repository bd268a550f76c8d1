//! An issuer's key and an identity credential, for tests.
#![expect(clippy::unwrap_used, reason = "tests")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::data_integrity::{
    ProofExpectation, ProofOptions, ProofPurpose, Unsigned, ecdsa_sd,
};
use tessera_verifier::did;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::PublicKey;

/// A fresh P-256 key.
pub(crate) struct Signer(pub(crate) EcdsaKeyPair, PublicKey);

impl Signer {
    pub(crate) fn fresh() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }

    pub(crate) fn did(&self) -> String {
        did::did_key(&self.1)
    }

    pub(crate) fn options(&self, purpose: ProofPurpose) -> ProofOptions {
        ProofOptions {
            created: Some(Timestamp::from_unix(1_768_435_200)),
            key: Some(self.1.clone()),
            ..ProofOptions::new(did::verification_method(&self.1), purpose)
        }
    }

    pub(crate) fn attach(&self, unsigned: Unsigned) -> Value {
        let signature = self.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.0.sign(&SystemRandom::new(), message).unwrap();
        Ok(Signature::from_bytes(signature.as_ref()).unwrap())
    }
}

/// A moment at which everything here is valid.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

/// A full identity credential with every claim, not yet secured.
pub(crate) fn credential(issuer: &str, holder: &str) -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://tessera.example/contexts/identity/v1"
        ],
        "type": ["VerifiableCredential", "IdentityCredential", "FullIdentityCredential"],
        "issuer": issuer,
        "validFrom": "2026-01-15T00:00:00Z",
        "validUntil": "2027-01-15T00:00:00Z",
        "credentialStatus": {
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "94567",
            "statusListCredential": "https://issuer.example/status/1"
        },
        "credentialSubject": {
            "id": holder,
            "family_name": "SPECIMEN",
            "given_name": "ANNA",
            "name_native": "样本",
            "birthdate": "1990-03-07",
            "age_equal_or_over": {
                "12": true, "14": true, "16": true, "18": true, "21": true, "60": false, "65": false
            },
            "sex": "female",
            "nationalities": ["CN", "FR"],
            "personal_administrative_number": "SPECIMEN-0001",
            "resident_address": "1 Specimen Street",
            "issuing_authority": "City of SPECIMEN",
            "issuing_country": "CN"
        },
        "evidence": [{
            "type": ["IdentityAssuranceEvidence"],
            "trust_framework": "tessera",
            "assurance_level": "full",
            "assurance_process": {
                "policy": "https://tessera.example/policies/identity/1",
                "procedure": "chip-and-face"
            },
            "time": "2026-01-15T00:00:00Z",
            "evidence_sources": [{
                "type": ["document"],
                "check_details": [
                    {"check_method": "vcrypt", "organization": "City of SPECIMEN", "time": "2026-01-15T00:00:00Z"},
                    {"check_method": "bvp", "organization": "City of SPECIMEN", "time": "2026-01-15T00:00:00Z"}
                ]
            }]
        }]
    })
}

/// What is always disclosed.
pub(crate) fn mandatory() -> Vec<String> {
    [
        "/type",
        "/issuer",
        "/validFrom",
        "/validUntil",
        "/credentialStatus",
        "/credentialSubject/id",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The credential of [`credential`] with a base proof by `issuer`.
pub(crate) fn issued(issuer: &Signer, holder: &Signer, store: &ContextStore) -> Value {
    let document = credential(&issuer.did(), &holder.did());
    let secrets = ecdsa_sd::BaseSecrets {
        hmac_key: &[7; 32],
        ephemeral: &Signer::fresh(),
    };
    let options = issuer.options(ProofPurpose::AssertionMethod);
    let unsigned =
        ecdsa_sd::prepare_base(&document, &options, &mandatory(), &secrets, store).unwrap();
    issuer.attach(unsigned)
}

pub(crate) fn expected() -> ProofExpectation<'static> {
    ProofExpectation::credential(NOW)
}

/// Pointers as the functions take them.
pub(crate) fn pointers<const N: usize>(pointers: [&str; N]) -> Vec<String> {
    pointers.map(str::to_owned).to_vec()
}

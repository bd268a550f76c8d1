//! Keys, documents and vectors.

use std::path::PathBuf;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair,
};
use serde_json::{Value, json};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofOptions, ProofPurpose, Suite, Unsigned, prepare,
};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::{Timestamp, did};

/// A moment after every vector was made and before any of them expires.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key pair of any kind.
pub(crate) struct Signer {
    pair: Pair,
    public: PublicKey,
}

impl Signer {
    pub(crate) fn fresh(kind: KeyType) -> Self {
        match kind {
            KeyType::Ed25519 => Self::from_seed(&rand_seed()),
            KeyType::P256 | KeyType::P384 => {
                let algorithm = match kind {
                    KeyType::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
                    _ => &ECDSA_P384_SHA384_FIXED_SIGNING,
                };
                let pair = EcdsaKeyPair::generate(algorithm).unwrap();
                let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
                Self {
                    pair: Pair::Ecdsa(pair),
                    public,
                }
            }
            other => unreachable!("no test here signs with {other:?}"),
        }
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
        let public =
            PublicKey::from_compressed(KeyType::Ed25519, pair.public_key().as_ref()).unwrap();
        Self {
            pair: Pair::Ed25519(pair),
            public,
        }
    }

    /// An Ed25519 key of the vectors: the multibase of `ed25519-priv` and the seed.
    pub(crate) fn from_multibase(secret: &str) -> Self {
        let bytes = tessera_verifier::encoding::from_multibase_base58(secret).unwrap();
        assert_eq!(bytes[..2], [0x80, 0x26]);
        Self::from_seed(bytes[2..].try_into().unwrap())
    }

    pub(crate) fn did(&self) -> String {
        did::did_key(&self.public)
    }

    pub(crate) fn options(&self, purpose: ProofPurpose) -> ProofOptions {
        ProofOptions {
            created: Some(Timestamp::from_unix(1_768_435_200)),
            ..ProofOptions::new(did::verification_method(&self.public), purpose)
        }
    }

    pub(crate) fn attach(&self, unsigned: Unsigned) -> Value {
        let signature = self.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(&*signature)
    }

    /// `document` asserted by this key.
    pub(crate) fn secure(&self, document: &Value, suite: Suite) -> Value {
        let options = self.options(ProofPurpose::AssertionMethod);
        self.attach(prepare(document, suite, &options, &store()).unwrap())
    }
}

fn rand_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).unwrap();
    seed
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        Ok(match &self.pair {
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).unwrap();
                Signature::from_bytes(signature.as_ref()).unwrap()
            }
            Pair::Ed25519(pair) => Signature::from_bytes(pair.sign(message).as_ref()).unwrap(),
        })
    }
}

pub(crate) fn store() -> std::sync::Arc<ContextStore> {
    ContextStore::builtin()
}

/// The suites that sign whole documents, with a kind of key each.
pub(crate) const PLAIN: &[(Suite, KeyType)] = &[
    (Suite::EcdsaRdfc2019, KeyType::P256),
    (Suite::EcdsaRdfc2019, KeyType::P384),
    (Suite::EcdsaJcs2019, KeyType::P256),
    (Suite::EcdsaJcs2019, KeyType::P384),
    (Suite::EddsaRdfc2022, KeyType::Ed25519),
    (Suite::EddsaJcs2022, KeyType::Ed25519),
    (Suite::Ed25519Signature2020, KeyType::Ed25519),
];

/// A credential of VCDM 2.0.
pub(crate) fn credential(issuer: &str) -> Value {
    json!({
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2"
        ],
        "type": ["VerifiableCredential", "AlumniCredential"],
        "issuer": issuer,
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "urn:uuid:0", "alumniOf": "The School of SPECIMEN"}
    })
}

/// A credential of VCDM 1.1, whose context knows no Data Integrity proofs.
pub(crate) fn old_credential(issuer: &str) -> Value {
    json!({
        "@context": ["https://www.w3.org/2018/credentials/v1", {"alumniOf": "https://schema.org/alumniOf"}],
        "type": ["VerifiableCredential"],
        "issuer": {"id": issuer},
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "urn:uuid:0", "alumniOf": "The School of SPECIMEN"}
    })
}

/// What is expected of a credential whose issuer need not control the key.
pub(crate) fn unbound() -> ProofExpectation<'static> {
    ProofExpectation {
        binding: Binding::Unbound,
        ..ProofExpectation::credential(NOW)
    }
}

/// A folder of the published vectors, if they are here.
pub(crate) fn vectors(folder: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let folder = root.join(folder);
    if !folder.is_dir() {
        println!("skipped, the vectors are not here: {}", folder.display());
        return None;
    }
    Some(folder)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The error code of a result.
pub(crate) fn code<T>(result: Result<T, tessera_verifier::Error>) -> Result<(), &'static str> {
    result.map(|_| ()).map_err(|error| error.code())
}

/// `document` with one member set, or removed for `null`.
pub(crate) fn altered(document: &Value, pointer: &str, value: &Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let mut altered = document.clone();
    let members = altered
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.to_owned(), value.clone()),
    };
    altered
}

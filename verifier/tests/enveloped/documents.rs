//! A credential and a presentation, and how they are signed here.

use std::sync::Arc;

use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::did;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::sd_jwt::HashAlgorithm;
use tessera_verifier::vc_jose_cose::{
    Expectation, Kind, SdJwtOptions, Secured, SigningOptions, envelope, prepare_cose, prepare_jwt,
    prepare_sd_jwt,
};

use crate::keys::{KINDS, Signer};

pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

pub(crate) fn contexts() -> Arc<ContextStore> {
    ContextStore::builtin()
}

pub(crate) fn credential(issuer: &str) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
        "type": ["VerifiableCredential", "ExampleDegreeCredential"],
        "issuer": issuer,
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "did:example:specimen",
            "degree": {"type": "ExampleBachelorDegree", "name": "Bachelor of Specimens"},
            "alumniOf": ["First Specimen School", "Second Specimen School"]
        }
    })
}

pub(crate) fn presentation(holder: &str, credentials: &[Value]) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": credentials
    })
}

/// Signs with each mechanism; what is disclosable is for SD-JWT alone.
pub(crate) struct Desk {
    pub(crate) signer: Signer,
    pub(crate) did: String,
    pub(crate) kid: String,
    contexts: Arc<ContextStore>,
}

impl Desk {
    pub(crate) fn new(signer: Signer) -> Self {
        Self {
            did: did::did_key(signer.public_key()),
            kid: did::verification_method(signer.public_key()),
            contexts: contexts(),
            signer,
        }
    }

    pub(crate) fn options(&self, kind: Kind) -> SigningOptions<'_> {
        SigningOptions {
            kind,
            key: self.signer.public_key().kind(),
            kid: Some(&self.kid),
            issued_at: None,
            expires: None,
            certificates: &[],
            contexts: &self.contexts,
        }
    }

    pub(crate) fn jwt(&self, kind: Kind, document: &Value) -> String {
        let unsigned = prepare_jwt(document, &self.options(kind)).unwrap();
        unsigned.sign(&self.signer).unwrap()
    }

    pub(crate) fn sd_jwt(&self, kind: Kind, document: &Value, paths: &[ClaimPath]) -> String {
        let mut count = 0u8;
        let mut salts = || {
            count += 1;
            [count; 16]
        };
        let unsigned = prepare_sd_jwt(
            document,
            &self.options(kind),
            SdJwtOptions {
                disclosable: paths,
                decoys: 2,
                algorithm: HashAlgorithm::Sha256,
                holder: None,
                salts: &mut salts,
            },
        )
        .unwrap();
        let signature = self.signer.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }

    pub(crate) fn cose(&self, kind: Kind, document: &Value) -> Vec<u8> {
        let unsigned = prepare_cose(document, &self.options(kind)).unwrap();
        unsigned.sign(&self.signer).unwrap()
    }

    /// Each form of the same document, in its envelope.
    pub(crate) fn envelopes(&self, kind: Kind, document: &Value) -> [Value; 3] {
        [
            Secured::Jwt(self.jwt(kind, document)),
            Secured::SdJwt(self.sd_jwt(kind, document, &[])),
            Secured::Cose(self.cose(kind, document)),
        ]
        .map(|secured| envelope(kind, &secured))
    }
}

pub(crate) fn expected(kind: Kind) -> Expectation<'static> {
    Expectation {
        kind,
        ..Expectation::credential(&KINDS, NOW)
    }
}

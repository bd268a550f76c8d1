//! The suites: one row each.

use tessera_verifier::data_integrity::{Binding, Suite as Cryptosuite};
use tessera_verifier::key::KeyType;
use tessera_verifier::status::Purpose;
use tessera_verifier::vc_jose_cose::Mechanism as Envelope;

/// How a row secures credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// An embedded Data Integrity proof that verifies as it is issued.
    Plain(Cryptosuite),
    /// A base proof: the holder derives from it what verifies.
    Selective(Cryptosuite),
    /// An envelope.
    Enveloped(Envelope),
}

impl Mechanism {
    /// The cryptosuites of the proofs it makes.
    #[must_use]
    pub fn cryptosuites(self) -> Vec<Cryptosuite> {
        match self {
            Self::Plain(suite) | Self::Selective(suite) => vec![suite],
            Self::Enveloped(_) => Vec::new(),
        }
    }
}

/// One suite as this program offers it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// First segment of its paths: `/{name}/credentials/issue` and `/{name}/credentials/verify`.
    pub name: &'static str,
    /// How its issuer secures credentials; also all that its verifier accepts.
    pub mechanism: Mechanism,
    /// The kind of its issuer's key.
    pub key: KeyType,
    /// The tags by which test suites find its issuer and its verifier.
    pub tags: &'static [&'static str],
    /// Who must control the key that signed what its verifier is shown. The published `ecdsa` vectors, which the ECDSA
    /// suite sends, name `https://vc.example/…` as the issuer of a did:key: only there the binding is off.
    pub binding: Binding,
    /// The purposes of the entries in this server's status lists that its issuer adds.
    pub status: &'static [Purpose],
    /// Whether its issuer answers 201 also for data model 1.1.
    pub versions: &'static [&'static str],
}

const BOTH: &[&str] = &["1.1", "2.0"];
const V2: &[&str] = &["2.0"];

/// Every suite.
pub const SUITES: &[Row] = &[
    Row {
        name: "ecdsa-rdfc-2019",
        mechanism: Mechanism::Plain(Cryptosuite::EcdsaRdfc2019),
        key: KeyType::P256,
        tags: &["ecdsa-rdfc-2019", "P-256"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "ecdsa-rdfc-2019-p384",
        mechanism: Mechanism::Plain(Cryptosuite::EcdsaRdfc2019),
        key: KeyType::P384,
        tags: &["ecdsa-rdfc-2019", "P-384"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "ecdsa-jcs-2019",
        mechanism: Mechanism::Plain(Cryptosuite::EcdsaJcs2019),
        key: KeyType::P256,
        tags: &["ecdsa-jcs-2019", "P-256"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "ecdsa-jcs-2019-p384",
        mechanism: Mechanism::Plain(Cryptosuite::EcdsaJcs2019),
        key: KeyType::P384,
        tags: &["ecdsa-jcs-2019", "P-384"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "ecdsa-sd-2023",
        mechanism: Mechanism::Selective(Cryptosuite::EcdsaSd2023),
        key: KeyType::P256,
        tags: &["ecdsa-sd-2023", "P-256"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "bbs-2023",
        mechanism: Mechanism::Selective(Cryptosuite::Bbs2023),
        key: KeyType::Bls12381G2,
        tags: &["bbs-2023"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "eddsa-rdfc-2022",
        mechanism: Mechanism::Plain(Cryptosuite::EddsaRdfc2022),
        key: KeyType::Ed25519,
        tags: &["eddsa-rdfc-2022"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "eddsa-jcs-2022",
        mechanism: Mechanism::Plain(Cryptosuite::EddsaJcs2022),
        key: KeyType::Ed25519,
        tags: &["eddsa-jcs-2022"],
        binding: Binding::Unbound,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "Ed25519Signature2020",
        mechanism: Mechanism::Plain(Cryptosuite::Ed25519Signature2020),
        key: KeyType::Ed25519,
        tags: &["Ed25519Signature2020"],
        binding: Binding::Issuer,
        status: &[],
        versions: BOTH,
    },
    Row {
        name: "vc2.0",
        mechanism: Mechanism::Plain(Cryptosuite::EddsaRdfc2022),
        key: KeyType::Ed25519,
        tags: &["vc2.0"],
        binding: Binding::Issuer,
        status: &[],
        versions: V2,
    },
    Row {
        name: "bitstring-status-list",
        mechanism: Mechanism::Plain(Cryptosuite::EddsaRdfc2022),
        key: KeyType::Ed25519,
        tags: &["BitstringStatusList"],
        binding: Binding::Issuer,
        status: &[Purpose::Revocation],
        versions: V2,
    },
    // The suite counts messages as the specification does not: a tag of its own keeps them out of the suite's way.
    Row {
        name: "bitstring-status-list-messages",
        mechanism: Mechanism::Plain(Cryptosuite::EddsaRdfc2022),
        key: KeyType::Ed25519,
        tags: &["BitstringStatusList-messages"],
        binding: Binding::Issuer,
        status: &[Purpose::Suspension, Purpose::Message],
        versions: V2,
    },
    Row {
        name: "vc-jwt",
        mechanism: Mechanism::Enveloped(Envelope::Jwt),
        key: KeyType::Ed25519,
        tags: &["EnvelopingProof"],
        binding: Binding::Issuer,
        status: &[],
        versions: V2,
    },
    Row {
        name: "vc-sd-jwt",
        mechanism: Mechanism::Enveloped(Envelope::SdJwt),
        key: KeyType::P256,
        tags: &["EnvelopingProof-sd-jwt"],
        binding: Binding::Issuer,
        status: &[],
        versions: V2,
    },
    Row {
        name: "vc-cose",
        mechanism: Mechanism::Enveloped(Envelope::Cose),
        key: KeyType::P384,
        tags: &["EnvelopingProof-cose"],
        binding: Binding::Issuer,
        status: &[],
        versions: V2,
    },
];

/// The row of a path's first segment.
#[must_use]
pub fn row(name: &str) -> Option<&'static Row> {
    SUITES.iter().find(|row| row.name == name)
}

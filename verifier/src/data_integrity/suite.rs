//! The cryptosuites, as rows of one table.

use alloc::string::String;
use serde_json::{Map, Value};

use super::proof::{single_proof, text};
use crate::error::Error;
use crate::key::KeyType;
use crate::rdf::HashAlgorithm;

/// The cryptosuites that this crate checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suite {
    /// ECDSA over canonical RDF, with P-256 or P-384 (vc-di-ecdsa §3.2).
    EcdsaRdfc2019,
    /// ECDSA over canonical JSON, with P-256 or P-384 (vc-di-ecdsa §3.3).
    EcdsaJcs2019,
    /// ECDSA over canonical RDF with selective disclosure, with P-256 (vc-di-ecdsa §3.5).
    EcdsaSd2023,
    /// BBS over canonical RDF with selective disclosure that cannot be linked (vc-di-bbs §3.4). Known in every build;
    /// made and checked with the feature `bbs` or `bbs-pure`.
    Bbs2023,
    /// Ed25519 over canonical RDF (vc-di-eddsa §3.2).
    EddsaRdfc2022,
    /// Ed25519 over canonical JSON (vc-di-eddsa §3.3).
    EddsaJcs2022,
    /// Ed25519 over canonical RDF, as a proof type of its own: for old credentials (vc-di-eddsa §3.4).
    Ed25519Signature2020,
}

/// What a suite does to a document before it is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transformation {
    /// RDF Dataset Canonicalization of the document as JSON-LD.
    Rdfc,
    /// The JSON Canonicalization Scheme (RFC 8785).
    Jcs,
    /// Statements that are signed one by one: a protocol of its own.
    Statements,
}

impl Suite {
    /// Every suite.
    pub const ALL: &'static [Self] = &[
        Self::EcdsaRdfc2019,
        Self::EcdsaJcs2019,
        Self::EcdsaSd2023,
        Self::Bbs2023,
        Self::EddsaRdfc2022,
        Self::EddsaJcs2022,
        Self::Ed25519Signature2020,
    ];

    /// The suite's name: the `cryptosuite` of its proofs, or their `type` where that says all.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaRdfc2019 => "ecdsa-rdfc-2019",
            Self::EcdsaJcs2019 => "ecdsa-jcs-2019",
            Self::EcdsaSd2023 => "ecdsa-sd-2023",
            Self::Bbs2023 => "bbs-2023",
            Self::EddsaRdfc2022 => "eddsa-rdfc-2022",
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::Ed25519Signature2020 => "Ed25519Signature2020",
        }
    }

    /// The suite of a [name](Self::as_str).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|suite| suite.as_str() == name)
    }

    /// The `type` of the suite's proofs.
    pub(super) const fn proof_type(self) -> &'static str {
        match self {
            Self::Ed25519Signature2020 => self.as_str(),
            _ => "DataIntegrityProof",
        }
    }

    /// The `cryptosuite` of the suite's proofs.
    pub(super) const fn cryptosuite(self) -> Option<&'static str> {
        match self {
            Self::Ed25519Signature2020 => None,
            _ => Some(self.as_str()),
        }
    }

    /// Whether it signs JSON as it stands, so that a term without meaning is covered like any other.
    pub(crate) const fn signs_json(self) -> bool {
        matches!(self.transformation(), Transformation::Jcs)
    }

    /// What the suite does to a document before it is hashed.
    pub(super) const fn transformation(self) -> Transformation {
        match self {
            Self::EcdsaRdfc2019 | Self::EddsaRdfc2022 | Self::Ed25519Signature2020 => {
                Transformation::Rdfc
            }
            Self::EcdsaJcs2019 | Self::EddsaJcs2022 => Transformation::Jcs,
            Self::EcdsaSd2023 | Self::Bbs2023 => Transformation::Statements,
        }
    }

    /// The kinds of key that may sign with the suite.
    #[must_use]
    pub const fn key_types(self) -> &'static [KeyType] {
        match self {
            Self::EcdsaRdfc2019 | Self::EcdsaJcs2019 => &[KeyType::P256, KeyType::P384],
            Self::EcdsaSd2023 => &[KeyType::P256],
            Self::Bbs2023 => &[KeyType::Bls12381G2],
            Self::EddsaRdfc2022 | Self::EddsaJcs2022 | Self::Ed25519Signature2020 => {
                &[KeyType::Ed25519]
            }
        }
    }

    /// A context that defines the terms of the suite's proofs, for documents whose own do not.
    pub(super) const fn context(self) -> &'static str {
        match self {
            Self::Ed25519Signature2020 => "https://w3id.org/security/suites/ed25519-2020/v1",
            _ => "https://w3id.org/security/data-integrity/v2",
        }
    }

    /// The suite that a document's proof names, before anything is checked: for finding out which
    /// `verify` to call, where policy allows several.
    ///
    /// # Errors
    /// `malformed` without a single Data Integrity proof; `unsupported_suite` for other suites.
    pub fn of(document: &Value) -> Result<Self, Error> {
        Self::of_proof(single_proof(document)?)
    }

    /// The suite of one proof.
    ///
    /// # Errors
    /// `unsupported_suite` for other suites and other types of proof.
    pub(super) fn of_proof(proof: &Map<String, Value>) -> Result<Self, Error> {
        let (kind, suite) = (text(proof, "type")?, text(proof, "cryptosuite")?);
        Self::ALL
            .iter()
            .copied()
            .find(|row| kind == Some(row.proof_type()) && suite == row.cryptosuite())
            .ok_or(Error::UnsupportedSuite)
    }
}

/// The hash of a suite is that of the key's level of security (vc-di-ecdsa §3.2.2: SHA-384 throughout with P-384).
pub(super) const fn hash_algorithm(key: KeyType) -> HashAlgorithm {
    match key {
        KeyType::P384 => HashAlgorithm::Sha384,
        _ => HashAlgorithm::Sha256,
    }
}

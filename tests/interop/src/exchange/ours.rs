//! Our side of an exchange of W3C Data Integrity documents: one door for every suite.

use aws_lc_rs::rand;
use serde_json::Value;
use tessera_verifier::Timestamp;
use tessera_verifier::data_integrity::ecdsa_sd::{self, BaseSecrets};
use tessera_verifier::data_integrity::{
    self, Binding, ProofExpectation, ProofOptions, ProofPurpose, Suite,
};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::KeyType;

use crate::keys::Key;
use crate::matrix::Stop;
use crate::specimen::{now, sign};

/// A suite as it is exchanged: its name, and the kind of key that signs.
#[derive(Debug, Clone, Copy)]
pub struct Secured {
    /// The suite's own name.
    pub suite: &'static str,
    /// The kind of key.
    pub key: KeyType,
}

impl Secured {
    /// Whether a holder can show a part.
    #[must_use]
    pub fn is_selective(self) -> bool {
        matches!(self.suite, "ecdsa-sd-2023" | "bbs-2023")
    }

    /// What the peers call the kind of key.
    #[must_use]
    pub fn key_name(self) -> &'static str {
        match self.key {
            KeyType::P384 => "P-384",
            KeyType::Ed25519 => "Ed25519",
            KeyType::Bls12381G2 => "Bls12381G2",
            _ => "P-256",
        }
    }
}

/// Who made something, in documents that are made before the key is: the name of the fresh key takes its place.
pub const KEY: &str = "$key";

/// Secures a credential by a fresh key: for a selective suite, with a base proof.
///
/// # Errors
/// When it cannot be prepared or signed.
pub fn issue(how: Secured, document: &Value, mandatory: &[String]) -> Result<Value, Stop> {
    let store = ContextStore::builtin();
    if how.suite == "bbs-2023" {
        return bbs::issue(document, mandatory);
    }
    let key = Key::generate(how.key)?;
    let document = named(document, &key.did());
    let mut options = ProofOptions::new(key.verification_method(), ProofPurpose::AssertionMethod);
    options.created = Some(now()?.add_seconds(-60));
    let unsigned = if how.is_selective() {
        let ephemeral = Key::generate(KeyType::P256)?;
        let hmac_key = random()?;
        let secrets = BaseSecrets {
            hmac_key: &hmac_key,
            ephemeral: &ephemeral,
        };
        ecdsa_sd::prepare_base(&document, &options, mandatory, &secrets, &store)
            .map_err(Stop::fail)?
    } else {
        data_integrity::prepare(&document, suite(how)?, &options, &store).map_err(Stop::fail)?
    };
    let signature = sign(&key, unsigned.signing_input())?;
    Ok(unsigned.attach(signature))
}

/// Derives what `selective` points at from a base proof.
///
/// # Errors
/// When the base proof or a pointer is refused.
pub fn derive(how: Secured, base: &Value, selective: &[String]) -> Result<Value, Stop> {
    match how.suite {
        "bbs-2023" => bbs::derive(base, selective),
        _ => ecdsa_sd::derive(base, selective, &ContextStore::builtin()).map_err(Stop::fail),
    }
}

/// Verifies a credential: its suite, its issuer's key, now.
///
/// # Errors
/// The refusal.
pub fn verify(how: Secured, document: &Value) -> Result<(), Stop> {
    let expected = ProofExpectation {
        binding: Binding::Issuer,
        ..ProofExpectation::credential(now()?)
    };
    judge(how, document, &expected)
}

/// Secures a presentation by a fresh holder key for a challenge and a domain.
///
/// # Errors
/// When it cannot be prepared or signed.
pub fn present(
    how: Secured,
    document: &Value,
    challenge: &str,
    domain: &str,
) -> Result<Value, Stop> {
    let key = Key::generate(how.key)?;
    let document = named(document, &key.did());
    let mut options = ProofOptions::new(key.verification_method(), ProofPurpose::Authentication);
    options.created = Some(now()?);
    options.challenge = Some(challenge.to_owned());
    options.domain = Some(domain.to_owned());
    let unsigned =
        data_integrity::prepare(&document, suite(how)?, &options, &ContextStore::builtin())
            .map_err(Stop::fail)?;
    let signature = sign(&key, unsigned.signing_input())?;
    Ok(unsigned.attach(signature))
}

/// Verifies a presentation and every credential in it.
///
/// # Errors
/// The refusal.
pub fn verify_presentation(
    how: Secured,
    within: Secured,
    document: &Value,
    challenge: &str,
    domain: &str,
) -> Result<(), Stop> {
    let now: Timestamp = now()?;
    let expected = ProofExpectation::presentation(now, challenge, domain);
    judge(how, document, &expected)?;
    let credentials = document["verifiableCredential"]
        .as_array()
        .ok_or_else(|| Stop::fail("no credentials in the presentation"))?;
    credentials
        .iter()
        .try_for_each(|credential| verify(within, credential))
}

fn judge(how: Secured, document: &Value, expected: &ProofExpectation<'_>) -> Result<(), Stop> {
    let store = ContextStore::builtin();
    data_integrity::verify(document, &[suite(how)?], expected, &store)
        .map(drop)
        .map_err(Stop::fail)
}

fn suite(how: Secured) -> Result<Suite, Stop> {
    Suite::from_name(how.suite)
        .ok_or_else(|| Stop::fail(format!("{} is no suite of ours", how.suite)))
}

fn named(document: &Value, did: &str) -> Value {
    let mut document = document.clone();
    for member in ["issuer", "holder"] {
        if document.get(member).is_some_and(|name| name == KEY) {
            document[member] = Value::from(did);
        }
    }
    document
}

fn random() -> Result<[u8; 32], Stop> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(Stop::fail)?;
    Ok(bytes)
}

/// bbs-2023, whose keys sign by another interface.
mod bbs {
    use serde_json::Value;
    use tessera_verifier::bbs::SecretKey;
    use tessera_verifier::data_integrity::bbs_2023::{self, Derivation, PseudonymLayout};
    use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose};
    use tessera_verifier::did;
    use tessera_verifier::jsonld::ContextStore;
    use tessera_verifier::key::PublicKey;

    use super::{named, random};
    use crate::matrix::Stop;
    use crate::specimen::now;

    /// A key whose Multikey begins as the specifications say all of its kind do. A few in a hundred begin with `zUC6`, and
    /// the peers, which go by the first letters, do not take them.
    fn key() -> Result<(SecretKey, PublicKey), Stop> {
        loop {
            let mut secret = random()?;
            // Below the order of the group, whose first byte is 0x73.
            secret[0] &= 0x3f;
            let key = SecretKey::from_bytes(&secret).map_err(Stop::fail)?;
            let public = PublicKey::from(key.public_key().clone());
            if did::multikey(&public).starts_with("zUC7") {
                return Ok((key, public));
            }
        }
    }

    pub(super) fn issue(document: &Value, mandatory: &[String]) -> Result<Value, Stop> {
        let (key, public) = key()?;
        let method = did::verification_method(&public);
        let mut options = ProofOptions::new(method, ProofPurpose::AssertionMethod);
        options.created = Some(now()?.add_seconds(-60));
        let document = named(document, &did::did_key(&public));
        let store = ContextStore::builtin();
        let prepared = bbs_2023::prepare_base(&document, &options, mandatory, &random()?, &store)
            .map_err(Stop::fail)?;
        prepared.sign(&key).map_err(Stop::fail)
    }

    pub(super) fn derive(base: &Value, selective: &[String]) -> Result<Value, Stop> {
        let derivation = Derivation {
            selective_pointers: selective,
            presentation_header: b"",
            seed: &random()?,
            secrets: None,
            nym_domain: None,
            layout: PseudonymLayout::default(),
        };
        bbs_2023::derive(base, &derivation, &ContextStore::builtin()).map_err(Stop::fail)
    }
}

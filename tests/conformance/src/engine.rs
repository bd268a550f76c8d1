//! The seam to the verifier crate: which of its functions a row of the table stands for.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use tessera_verifier::Error;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::ecdsa_sd::BaseSecrets;
use tessera_verifier::data_integrity::{self, ProofOptions, Suite, Unsigned, bbs_2023, ecdsa_sd};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::vc_jose_cose::{self, Kind, Mechanism as Format, SigningOptions};

use crate::answer::Refusal;
use crate::envelope;
use crate::keys::Key;
use crate::table::Mechanism;

/// Secures `document` as a row does.
///
/// # Errors
/// 400 for whatever the verifier crate refuses to sign.
pub fn secure(
    mechanism: Mechanism,
    document: &Value,
    proof: &ProofOptions,
    mandatory_pointers: &[String],
    key: &Key,
    contexts: &ContextStore,
) -> Result<Value, Refusal> {
    let unsigned = match mechanism {
        Mechanism::Enveloped(format) => {
            let options = SigningOptions {
                kind: Kind::Credential,
                key: key.public_key().kind(),
                kid: Some(&proof.verification_method),
                // COSE has no place for it.
                issued_at: proof.created.filter(|_| format != Format::Cose),
                expires: None,
                certificates: &[],
                contexts,
            };
            let secured = envelope::secure(document, format, &options, &[], key)?;
            return Ok(vc_jose_cose::envelope(Kind::Credential, &secured));
        }
        Mechanism::Selective(Suite::EcdsaSd2023) => {
            let hmac_key = random()?;
            let ephemeral = Key::ephemeral().map_err(|_| Refusal::internal())?;
            let secrets = BaseSecrets {
                hmac_key: &hmac_key,
                ephemeral: &ephemeral,
            };
            ecdsa_sd::prepare_base(document, proof, mandatory_pointers, &secrets, contexts)?
        }
        Mechanism::Selective(Suite::Bbs2023) => {
            let hmac_key = random()?;
            let prepared =
                bbs_2023::prepare_base(document, proof, mandatory_pointers, &hmac_key, contexts)?;
            return Ok(prepared.sign(key.as_bbs().ok_or_else(Refusal::internal)?)?);
        }
        Mechanism::Plain(suite) | Mechanism::Selective(suite) => {
            data_integrity::prepare(document, suite, proof, contexts)?
        }
    };
    attach(unsigned, key)
}

fn random() -> Result<[u8; 32], Refusal> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Refusal::internal())?;
    Ok(bytes)
}

fn attach(unsigned: Unsigned, key: &Key) -> Result<Value, Refusal> {
    let signature = key
        .sign(unsigned.signing_input())
        .map_err(|_| Refusal::internal())?;
    Ok(unsigned.attach(signature))
}

/// Derives from a base proof a document that shows what `selective_pointers` name.
///
/// # Errors
/// 400 for whatever the verifier crate refuses.
pub fn derive(
    document: &Value,
    selective_pointers: &[String],
    contexts: &ContextStore,
) -> Result<Value, Refusal> {
    match Suite::of(document)? {
        Suite::EcdsaSd2023 => Ok(ecdsa_sd::derive(document, selective_pointers, contexts)?),
        Suite::Bbs2023 => {
            let derivation = bbs_2023::Derivation {
                selective_pointers,
                presentation_header: &[],
                seed: &random()?,
                secrets: None,
                nym_domain: None,
                layout: bbs_2023::PseudonymLayout::default(),
            };
            Ok(bbs_2023::derive(document, &derivation, contexts)?)
        }
        _ => Err(Error::UnsupportedSuite.into()),
    }
}

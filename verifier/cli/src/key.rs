//! The relying party's key file: PKCS#8 in PEM.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::did::did_key;
use tessera_verifier::key::PublicKey;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::files;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A P-256 key of this process. No `Debug`: it is secret.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

/// `keygen`: makes a key, writes it, prints its DID.
pub(crate) fn generate(out: &Path, json: bool) -> Result<(), Failure> {
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| unusable(out))?;
    let body = Zeroizing::new(STANDARD.encode(document.as_ref()));
    let mut pem = Zeroizing::new(format!("{BEGIN}\n"));
    for (position, character) in body.chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str(&format!("\n{END}\n"));
    let key = Key::from_pkcs8(document.as_ref()).ok_or_else(|| unusable(out))?;
    files::create_private(out, pem.as_bytes())?;
    let did = did_key(key.public_key());
    if json {
        println!("{}", json!({"ok": true, "did": did, "key": out}));
    } else {
        println!("{did}");
    }
    Ok(())
}

/// Reads a key file.
pub(crate) fn read(path: &Path) -> Result<Key, Failure> {
    let pem = Zeroizing::new(files::read_text(path)?);
    let inside = pem
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.strip_suffix(END))
        .ok_or_else(|| unusable(path))?;
    let body: Zeroizing<String> = Zeroizing::new(inside.split_whitespace().collect());
    let der = Zeroizing::new(
        STANDARD
            .decode(body.as_bytes())
            .map_err(|_| unusable(path))?,
    );
    Key::from_pkcs8(&der).ok_or_else(|| unusable(path))
}

fn unusable(path: &Path) -> Failure {
    Failure::Usage {
        code: "key_unusable",
        text: format!(
            "{} is not a P-256 private key in PKCS#8 PEM",
            path.display()
        ),
        advice: "Make one with `tessera-verify keygen --out FILE`.",
    }
}

impl Key {
    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).ok()?;
        Some(Self { pair, public })
    }
}

impl LocalSigner for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

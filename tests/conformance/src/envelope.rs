//! Documents in envelopes (VC-JOSE-COSE): what the command and the server share.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use tessera_verifier::Error;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::sd_jwt::HashAlgorithm;
use tessera_verifier::vc_jose_cose::{
    Mechanism, SdJwtOptions, Secured, SigningOptions, prepare_cose, prepare_jwt, prepare_sd_jwt,
};

use crate::keys::Key;

/// Secures `document` with `signer`; `disclosable` are what an SD-JWT lets its holder hide.
///
/// # Errors
/// Whatever the verifier crate refuses to sign.
pub fn secure(
    document: &Value,
    mechanism: Mechanism,
    options: &SigningOptions<'_>,
    disclosable: &[ClaimPath],
    signer: &Key,
) -> Result<Secured, Error> {
    let sign = |message: &[u8]| {
        let signature = signer.sign(message);
        signature.map_err(|_| Error::UnsupportedAlgorithm {
            what: "key that cannot sign",
        })
    };
    match mechanism {
        Mechanism::Jwt => {
            let unsigned = prepare_jwt(document, options)?;
            let signature = sign(unsigned.signing_input())?;
            Ok(Secured::Jwt(unsigned.attach(signature)))
        }
        Mechanism::Cose => {
            let unsigned = prepare_cose(document, options)?;
            let signature = sign(unsigned.signing_input())?;
            Ok(Secured::Cose(unsigned.attach(signature)))
        }
        Mechanism::SdJwt => {
            let disclosures = SdJwtOptions {
                disclosable,
                decoys: 0,
                algorithm: HashAlgorithm::Sha256,
                holder: None,
                salts: &mut salt,
            };
            let unsigned = prepare_sd_jwt(document, options, disclosures)?;
            let signature = sign(unsigned.signing_input())?;
            Ok(Secured::SdJwt(unsigned.attach(signature)))
        }
    }
}

/// 128 random bits. Without randomness there is no safe disclosure, and no way to go on.
#[expect(
    clippy::panic,
    reason = "a machine without randomness cannot hide anything"
)]
fn salt() -> [u8; 16] {
    let mut salt = [0; 16];
    if SystemRandom::new().fill(&mut salt).is_err() {
        panic!("the system gives no randomness");
    }
    salt
}

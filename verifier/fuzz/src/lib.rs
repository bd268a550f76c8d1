//! A key for the targets that fuzz what stands behind a signature.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::did;
use tessera_verifier::key::PublicKey;

/// A P-256 key that everybody knows.
pub struct Signer(SigningKey, PublicKey);

impl Signer {
    /// The one key.
    ///
    /// # Panics
    /// Never: the scalar is one.
    #[must_use]
    pub fn known() -> Self {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let public = key.verifying_key().to_encoded_point(false);
        let public = PublicKey::from_uncompressed(public.as_bytes()).unwrap();
        Self(key, public)
    }

    /// Its DID.
    #[must_use]
    pub fn did(&self) -> String {
        did::did_key(&self.1)
    }

    /// A compact JWS over any bytes.
    #[must_use]
    pub fn jws(&self, typ: &str, payload: &[u8]) -> String {
        use tessera_verifier::encoding::base64url;
        let header = format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"{}"}}"#, did::verification_method(&self.1));
        let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload));
        let signature: p256::ecdsa::Signature = self.0.sign(input.as_bytes());
        format!("{input}.{}", base64url(&signature.to_bytes()))
    }
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature: p256::ecdsa::Signature = self.0.sign(message);
        Signature::from_bytes(&signature.to_bytes()).map_err(|_| SignError)
    }
}

//! Encrypted credential responses (OpenID4VCI 1.0 §10): ECDH-ES with A128GCM or A256GCM, to the wallet's P-256 key.

use josekit::jwe::JweHeader;
use josekit::jwe::alg::ecdh_es::{EcdhEsJweAlgorithm, EcdhEsJweEncrypter};
use josekit::jwk::Jwk;
use serde_json::{Map, Value};
use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::ResponseEncryption;

use crate::failure::{Code, Failure};

/// Key agreement offered.
pub(super) const ALG: &str = "ECDH-ES";
/// Content encryption offered.
pub(super) const ENCS: [&str; 2] = ["A128GCM", "A256GCM"];

/// A response key that was checked before anything was issued.
pub(super) struct Encrypter {
    encrypter: EcdhEsJweEncrypter,
    header: JweHeader,
}

impl Encrypter {
    /// Checks what the wallet asks for.
    ///
    /// # Errors
    /// `invalid_encryption_parameters`: another algorithm, or a key that is not a public P-256 key.
    pub(super) fn new(asked: &ResponseEncryption) -> Result<Self, Failure> {
        let refused = |why| Failure::with(Code::InvalidEncryption, why);
        if !ENCS.contains(&asked.enc.as_str()) {
            return Err(refused("the content encryption is not offered"));
        }
        // §8.2: the JWK names its algorithm.
        if asked.jwk.get("alg").is_some_and(|alg| alg != ALG) {
            return Err(refused("the key agreement is not offered"));
        }
        // Our own strict reading decides what a P-256 key is; josekit sees only the members it needs. That reading is
        // for signature keys: `alg`, which §10 wants here and which was just checked, is not for it.
        let mut named = asked.jwk.clone();
        named.as_object_mut().map(|members| members.remove("alg"));
        let key = PublicKey::from_jwk(&named).map_err(|_| refused("the key is not P-256"))?;
        let Value::Object(members) = key.to_jwk() else {
            return Err(refused("the key is not P-256"));
        };
        let jwk = Jwk::from_map(members).map_err(|_| refused("the key is not P-256"))?;
        let encrypter = EcdhEsJweAlgorithm::EcdhEs
            .encrypter_from_jwk(&jwk)
            .map_err(|_| refused("the key cannot be used"))?;
        let mut members = Map::new();
        members.insert("alg".to_owned(), ALG.into());
        members.insert("enc".to_owned(), asked.enc.clone().into());
        if let Some(kid) = asked.jwk.get("kid").and_then(Value::as_str)
            && kid.len() <= 256
        {
            members.insert("kid".to_owned(), kid.into());
        }
        let header = JweHeader::from_map(members).map_err(|_| refused("the key cannot be used"))?;
        Ok(Self { encrypter, header })
    }

    /// A compact JWE of `plain`.
    ///
    /// # Errors
    /// `internal`.
    pub(super) fn encrypt(&self, plain: &[u8]) -> Result<String, Failure> {
        josekit::jwe::serialize_compact(plain, &self.header, &self.encrypter)
            .map_err(|error| Failure::internal(&error))
    }
}

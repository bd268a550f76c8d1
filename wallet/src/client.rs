//! Who the wallet says it is to an issuer's authorization server, and how it proves that.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::Deserialize;
use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::key::PublicKey;
use tessera_verifier::time::Timestamp;
use tessera_verifier::vci::key_attestation::{self, KeyAttestation};
use tessera_verifier::vci::{self, client_attestation};
use tessera_verifier::x509::TrustAnchor;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::secret::HolderKey;

/// The client identifier of a wallet that nobody attests: a public client (RFC 6749 §2.1).
pub const CLIENT_ID: &str = "tessera";

/// Seconds for which a development attester's statements hold.
const ATTESTED_FOR: i64 = 300;
/// Largest description of a development attester, in bytes.
pub const MAX_ATTESTER: usize = 64 * 1024;

/// Says of the wallet's keys that they are a wallet's: the wallet provider's back end (OpenID4VCI 1.0 appendices D, E).
pub trait Attester {
    /// The client identifier it vouches for.
    fn client_id(&self) -> &str;

    /// An attestation of a wallet instance by its key.
    ///
    /// # Errors
    /// [`Error::AttestationUnavailable`].
    fn attest_client(&self, instance: &PublicKey, now: Timestamp) -> Result<String, Error>;

    /// An attestation of keys that credentials will be bound to.
    ///
    /// # Errors
    /// [`Error::AttestationUnavailable`].
    fn attest_keys(
        &self,
        keys: &[PublicKey],
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Error>;
}

/// What the wallet brings to an issuance besides the offer.
#[derive(Clone, Copy, Default)]
pub struct Client<'a> {
    /// The wallet provider, where there is one.
    pub attester: Option<&'a dyn Attester>,
    /// HAIP 1.0 exactly: DPoP, wallet attestation, and pushed requests where a person agrees in a browser.
    pub haip: bool,
    /// Whether the holder takes credentials of an issuer that is in no bundle.
    pub foreign: bool,
    /// Certification authorities whose issuers the holder accepts.
    pub anchors: &'a [TrustAnchor],
}

/// An attester in a file, with the attester's own key in it: for development and tests. Has no `Debug`.
pub struct FileAttester {
    said: Said,
    key: HolderKey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    client_id: String,
    #[serde(default)]
    issuer: Option<String>,
    jwk: Value,
    #[serde(default)]
    x5c: Vec<String>,
    #[serde(default)]
    key_storage: Vec<String>,
    #[serde(default)]
    user_authentication: Vec<String>,
}

impl FileAttester {
    /// Reads `{"client_id", "issuer"?, "jwk", "x5c"?, "key_storage"?, "user_authentication"?}`; `jwk` is a private P-256 key.
    ///
    /// # Errors
    /// [`Error::AttestationUnavailable`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let mut said: Said = vci::read(bytes).map_err(|_| Error::AttestationUnavailable)?;
        let key = private_key(&said.jwk).ok_or(Error::AttestationUnavailable)?;
        said.jwk = Value::Null;
        Ok(Self { said, key })
    }

    /// By certificate where there is one, else by key id.
    fn header(&self) -> Value {
        if self.said.x5c.is_empty() {
            json!({"kid": self.key.public_key().thumbprint()})
        } else {
            json!({"x5c": self.said.x5c})
        }
    }
}

impl Attester for FileAttester {
    fn client_id(&self) -> &str {
        &self.said.client_id
    }

    fn attest_client(&self, instance: &PublicKey, now: Timestamp) -> Result<String, Error> {
        let times = (now, now.add_seconds(ATTESTED_FOR));
        let (by, header) = (self.said.issuer.as_deref(), self.header());
        client_attestation::prepare_by(by, header, &self.said.client_id, instance, times)
            .sign(&self.key)
            .map_err(|_| Error::Signing)
    }

    fn attest_keys(
        &self,
        keys: &[PublicKey],
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Error> {
        let said = KeyAttestation {
            keys: keys.to_vec(),
            key_storage: self.said.key_storage.clone(),
            user_authentication: self.said.user_authentication.clone(),
            nonce: nonce.map(str::to_owned),
        };
        key_attestation::prepare(self.header(), &said, (now, now.add_seconds(ATTESTED_FOR)))
            .sign(&self.key)
            .map_err(|_| Error::Signing)
    }
}

fn private_key(jwk: &Value) -> Option<HolderKey> {
    let member = |name: &str| from_base64url(jwk.get(name)?.as_str()?).ok();
    let private = Zeroizing::new(member("d")?);
    let mut public = vec![4];
    public.extend(member("x")?);
    public.extend(member("y")?);
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &private,
        &public,
    )
    .ok()?;
    HolderKey::from_pair(pair).ok()
}

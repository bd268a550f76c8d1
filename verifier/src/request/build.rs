//! Making a request object.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Value, json};

use super::{AUDIENCE, CLIENT_ID_PREFIX, LOCAL_RESPONSE_MODE, SERVICE_FORMAT, TYP, registration};
use crate::catalogue::Service;
use crate::claims::{CredentialProfile, Format};
use crate::crypto;
use crate::dcql::ClaimPath;
use crate::did;
use crate::encoding::base64url;
use crate::error::Error;
use crate::jws;
use crate::time::Timestamp;

/// What may encrypt a response (§8.3, HAIP 1.0 §5), as `encrypted_response_enc_values_supported`.
const ENCRYPTIONS: [&str; 2] = ["A128GCM", "A256GCM"];

/// Builds a request for a service of the catalogue.
#[derive(Debug, Clone)]
pub struct RequestBuilder<'a> {
    service: &'a Service,
    claims: Vec<ClaimPath>,
    formats: Vec<Format>,
    client: Client,
    nonce: String,
    state: Option<String>,
    reply: Reply,
    encryption_key: Option<Value>,
    wallet_nonce: Option<String>,
    registration: Option<String>,
    transaction_data: Vec<String>,
    issued_at: Timestamp,
    expires: Timestamp,
}

/// How the client is identified (§5.9.3).
#[derive(Debug, Clone)]
enum Client {
    Did(String),
    /// The client identifier with its prefix, and the chain in DER.
    X509(String, Vec<Vec<u8>>),
}

/// How the answer comes back.
#[derive(Debug, Clone)]
enum Reply {
    Local,
    /// Posted to a response URI (§8.2).
    Post(String),
    /// Through the Digital Credentials API to one of these origins (appendix A).
    DigitalCredentialsApi(Vec<String>),
}

impl<'a> RequestBuilder<'a> {
    /// A request for exactly the claims of `service`.
    #[must_use]
    pub fn for_service(service: &'a Service) -> Self {
        Self {
            service,
            claims: service.claims.clone(),
            formats: Format::ALL.to_vec(),
            client: Client::Did(String::new()),
            nonce: String::new(),
            state: None,
            reply: Reply::Local,
            encryption_key: None,
            wallet_nonce: None,
            registration: None,
            transaction_data: Vec::new(),
            issued_at: Timestamp::from_unix(0),
            expires: Timestamp::from_unix(0),
        }
    }

    /// The relying party's DID, whose key will sign.
    #[must_use]
    pub fn client(mut self, did: &str) -> Self {
        self.client = Client::Did(did.to_owned());
        self
    }

    /// A client known by a DNS name of its certificate (`x509_san_dns`). The chain in DER, the leaf first and without
    /// the authority's own certificate; the leaf's key will sign.
    #[must_use]
    pub fn client_x509_san_dns(mut self, name: &str, chain: &[Vec<u8>]) -> Self {
        self.client = Client::X509(format!("x509_san_dns:{name}"), chain.to_vec());
        self
    }

    /// A client known by the SHA-256 digest of its certificate (`x509_hash`); the chain as for
    /// [`client_x509_san_dns`](Self::client_x509_san_dns).
    #[must_use]
    pub fn client_x509_hash(mut self, chain: &[Vec<u8>]) -> Self {
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        let digest = base64url(&crypto::sha256(leaf));
        self.client = Client::X509(format!("x509_hash:{digest}"), chain.to_vec());
        self
    }

    /// The nonce: at least 128 bits of fresh randomness in URL-safe characters, for this request alone.
    #[must_use]
    pub fn nonce(mut self, nonce: &str) -> Self {
        nonce.clone_into(&mut self.nonce);
        self
    }

    /// Sent back with the answer.
    #[must_use]
    pub fn state(mut self, state: Option<&str>) -> Self {
        self.state = state.map(str::to_owned);
        self
    }

    /// Where to post the answer (`direct_post`, §8.2); none for handing it over locally.
    #[must_use]
    pub fn response_uri(mut self, uri: Option<&str>) -> Self {
        self.reply = uri.map_or(Reply::Local, |uri| Reply::Post(uri.to_owned()));
        self
    }

    /// Asks through the Digital Credentials API from pages of these origins (`dc_api`, appendix A). A relying party that
    /// reads the answer itself names the one origin of its page: it is the audience of the answer.
    #[must_use]
    pub fn origins(mut self, origins: &[&str]) -> Self {
        self.reply =
            Reply::DigitalCredentialsApi(origins.iter().map(|&one| one.to_owned()).collect());
        self
    }

    /// Asks for an answer encrypted to this public key, a JWK with `kid` and `alg` (§8.3): `direct_post.jwt`,
    /// `dc_api.jwt`. The key is for this request alone (HAIP 1.0 §5).
    #[must_use]
    pub fn encrypted_to(mut self, jwk: Option<Value>) -> Self {
        self.encryption_key = jwk;
        self
    }

    /// The nonce that the wallet sent to the request URI (§5.10).
    #[must_use]
    pub fn wallet_nonce(mut self, nonce: Option<&str>) -> Self {
        self.wallet_nonce = nonce.map(str::to_owned);
        self
    }

    /// A registration certificate, sent by value (§5.11).
    #[must_use]
    pub fn registration(mut self, certificate: Option<&str>) -> Self {
        self.registration = certificate.map(str::to_owned);
        self
    }

    /// Transaction data, each encoded (§8.4). Only SD-JWT VCs confirm transactions: ask for no other
    /// [format](Self::formats) then.
    #[must_use]
    pub fn transaction_data(mut self, encoded: Vec<String>) -> Self {
        self.transaction_data = encoded;
        self
    }

    /// The credential formats asked for, any one of which will do; all of them when this is not called.
    #[must_use]
    pub fn formats(mut self, formats: &[Format]) -> Self {
        self.formats = formats.to_vec();
        self
    }

    /// When it is made.
    #[must_use]
    pub fn issued_at(mut self, at: Timestamp) -> Self {
        self.issued_at = at;
        self
    }

    /// When it ends.
    #[must_use]
    pub fn expires(mut self, at: Timestamp) -> Self {
        self.expires = at;
        self
    }

    /// Asks for one claim more. A claim that the service may not ask makes an over-asking request, which wallets and
    /// our own verifier refuse: for showing that they do.
    #[must_use]
    pub fn also_ask(mut self, path: ClaimPath) -> Self {
        self.claims.push(path);
        self
    }

    /// The request object, to be signed by the key of the client's DID or certificate.
    ///
    /// # Errors
    /// Those of [`did::resolve`] for the client's DID.
    pub fn build(self) -> Result<jws::Unsigned, Error> {
        let mut header = json!({"typ": TYP});
        let client_id = match &self.client {
            Client::Did(did) => {
                let (did, key) = did::resolve(did)?;
                header["kid"] = if did.starts_with("did:jwk:") {
                    json!(format!("{did}#0"))
                } else {
                    json!(did::verification_method(&key))
                };
                format!("{CLIENT_ID_PREFIX}{did}")
            }
            Client::X509(client_id, chain) => {
                header["x5c"] = jws::x5c(chain);
                client_id.clone()
            }
        };
        Ok(jws::Unsigned::new(header, &self.payload(&client_id)))
    }

    fn payload(&self, client_id: &str) -> Value {
        let encrypted = self.encryption_key.is_some();
        let mut payload = json!({
            "client_id": client_id,
            "response_type": "vp_token",
            "nonce": self.nonce,
            "aud": AUDIENCE,
            "iat": self.issued_at,
            "exp": self.expires,
            "dcql_query": self.query(),
            "client_metadata": self.metadata(),
            "verifier_info": self.verifier_info(),
        });
        match (&self.reply, encrypted) {
            (Reply::Local, _) => payload["response_mode"] = json!(LOCAL_RESPONSE_MODE),
            (Reply::Post(uri), encrypted) => {
                payload["response_uri"] = json!(uri);
                payload["response_mode"] = match encrypted {
                    true => json!("direct_post.jwt"),
                    false => json!("direct_post"),
                };
            }
            (Reply::DigitalCredentialsApi(origins), encrypted) => {
                payload["expected_origins"] = json!(origins);
                payload["response_mode"] = match encrypted {
                    true => json!("dc_api.jwt"),
                    false => json!("dc_api"),
                };
            }
        }
        if let Some(state) = &self.state {
            payload["state"] = json!(state);
        }
        if let Some(nonce) = &self.wallet_nonce {
            payload["wallet_nonce"] = json!(nonce);
        }
        if !self.transaction_data.is_empty() {
            payload["transaction_data"] = json!(self.transaction_data);
        }
        payload
    }

    fn metadata(&self) -> Value {
        let mut formats = json!({});
        for format in &self.formats {
            formats[format.as_str()] = match format {
                Format::SdJwt => {
                    json!({"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]})
                }
                Format::LdpVc => json!({"proof_type_values": ["DataIntegrityProof"],
                    "cryptosuite_values": ["ecdsa-sd-2023", "ecdsa-rdfc-2019"]}),
            };
        }
        let mut metadata = json!({"vp_formats_supported": formats});
        if let Some(key) = &self.encryption_key {
            metadata["jwks"] = json!({"keys": [key]});
            metadata["encrypted_response_enc_values_supported"] = json!(ENCRYPTIONS);
        }
        metadata
    }

    fn verifier_info(&self) -> Value {
        let service = json!({"format": SERVICE_FORMAT, "data": self.service.id});
        let registration = self
            .registration
            .as_ref()
            .map(|certificate| json!({"format": registration::FORMAT, "data": certificate}));
        core::iter::once(service).chain(registration).collect()
    }

    fn query(&self) -> Value {
        let profiles: Vec<_> = self
            .service
            .accepted_levels()
            .map(CredentialProfile::of)
            .collect();
        let vcts: Vec<_> = profiles.iter().map(|profile| profile.vct).collect();
        let types: Vec<_> = profiles
            .iter()
            .map(|profile| profile.expanded_types())
            .collect();
        let claims = |parent: Option<&str>| -> Vec<Value> {
            let path = |path: &ClaimPath| match parent {
                // In a W3C credential the evidence stands beside the subject.
                Some(parent) if *path != ClaimPath::keys(&["evidence"]) => path.below(parent),
                _ => path.clone(),
            };
            self.claims
                .iter()
                .map(|claim| match claim.inside("age_equal_or_over") {
                    // Only the answer yes will do: a holder who is too young shows nothing instead of a false.
                    Some(_) => json!({"path": path(claim), "values": [true]}),
                    None => json!({"path": path(claim)}),
                })
                .collect()
        };
        let credentials: Vec<Value> = self
            .formats
            .iter()
            .map(|format| match format {
                Format::SdJwt => json!({"id": "sd_jwt", "format": format,
                    "meta": {"vct_values": vcts}, "claims": claims(None)}),
                Format::LdpVc => json!({"id": "ldp", "format": format,
                    "meta": {"type_values": types}, "claims": claims(Some("credentialSubject"))}),
            })
            .collect();
        // Without a set every credential would be asked for (§6.4.2).
        if let [_] = credentials.as_slice() {
            return json!({"credentials": credentials});
        }
        let options: Vec<Value> = credentials.iter().map(|one| json!([one["id"]])).collect();
        json!({"credentials": credentials, "credential_sets": [{"options": options}]})
    }
}

//! Making a request object.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

use super::asker::RequestClient;
use super::client::ClientIdPrefix;
use super::{AUDIENCE, LOCAL_RESPONSE_MODE, SERVICE_FORMAT};
use crate::catalogue::Service;
use crate::claims::{CredentialProfile, Format};
use crate::crypto::{LocalSigner, SignError};
use crate::dcql::ClaimPath;
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
    client: RequestClient,
    nonce: String,
    state: Option<String>,
    reply: Reply,
    encryption_key: Option<Value>,
    wallet_nonce: Option<String>,
    transaction_data: Vec<String>,
    multiple: bool,
    issued_at: Timestamp,
    expires: Timestamp,
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
            client: RequestClient::did(""),
            nonce: String::new(),
            state: None,
            reply: Reply::Local,
            encryption_key: None,
            wallet_nonce: None,
            transaction_data: Vec::new(),
            multiple: false,
            issued_at: Timestamp::from_unix(0),
            expires: Timestamp::from_unix(0),
        }
    }

    /// The relying party's DID, whose key will sign.
    #[must_use]
    pub fn client(self, did: &str) -> Self {
        self.by(RequestClient::did(did))
    }

    /// The client that asks.
    #[must_use]
    pub fn by(mut self, client: RequestClient) -> Self {
        self.client = client;
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

    /// Takes several credentials of a kind, where the holder has them: one will do (§6.1, `multiple`).
    #[must_use]
    pub fn multiple(mut self) -> Self {
        self.multiple = true;
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

    /// The request object, to be signed by the client's key.
    ///
    /// # Errors
    /// Those of [`did::resolve`](crate::did::resolve) for the client's DID; `request_invalid` for a client that does not
    /// sign.
    pub fn build(self) -> Result<jws::Unsigned, Error> {
        let (header, client_id) = self.client.header()?;
        let mut payload = self.payload();
        payload.insert("client_id".to_owned(), json!(client_id));
        payload.insert("verifier_info".to_owned(), self.infos(&self.client));
        Ok(jws::Unsigned::new(header, &Value::Object(payload)))
    }

    /// A request over the Digital Credentials API that several clients sign, each with its own key (appendix A.3.2.2): a
    /// wallet answers the first that it trusts. The client of [`by`](Self::by) is not among them unless it is named here.
    ///
    /// # Errors
    /// Those of [`build`](Self::build); `request_invalid` without a client, and where the answer does not go to the Digital
    /// Credentials API.
    pub fn build_multi_signed(self, clients: &[RequestClient]) -> Result<MultiSigned, Error> {
        if clients.is_empty() || !matches!(self.reply, Reply::DigitalCredentialsApi(_)) {
            return Err(Error::RequestInvalid {
                why: "several signatures are for the Digital Credentials API",
            });
        }
        let payload = Value::Object(self.payload());
        let one = |client: &RequestClient| {
            let (mut header, client_id) = client.header()?;
            header["client_id"] = json!(client_id);
            header["verifier_info"] = self.infos(client);
            Ok(jws::Unsigned::new(header, &payload))
        };
        let signatures: Result<_, Error> = clients.iter().map(one).collect();
        signatures.map(MultiSigned)
    }

    /// The parameters of a request that nobody signs: of a link, whose client is the address of the answer (§5.9.3,
    /// `redirect_uri`), or for the Digital Credentials API, where the origin is the client (appendix A.2).
    ///
    /// # Errors
    /// `request_invalid` for a client that signs, and for an answer that is handed over locally.
    pub fn build_unsigned(self) -> Result<Map<String, Value>, Error> {
        let invalid = |why| Err(Error::RequestInvalid { why });
        if !self.client.is_unsigned() {
            return invalid("a client of this kind signs its requests");
        }
        let mut payload = self.payload();
        // What only a request object or only a signed request says.
        for name in ["aud", "iat", "exp", "expected_origins"] {
            payload.remove(name);
        }
        match &self.reply {
            Reply::Local => return invalid("an answer that goes nowhere has no client"),
            Reply::Post(uri) => {
                let client_id = format!("{}:{uri}", ClientIdPrefix::RedirectUri);
                payload.insert("client_id".to_owned(), json!(client_id));
            }
            Reply::DigitalCredentialsApi(_) => {}
        }
        payload.insert("verifier_info".to_owned(), self.infos(&self.client));
        Ok(payload)
    }

    fn payload(&self) -> Map<String, Value> {
        let encrypted = self.encryption_key.is_some();
        let mut payload = Map::new();
        let mut put = |name: &str, value: Value| _ = payload.insert(name.to_owned(), value);
        put("response_type", json!("vp_token"));
        put("nonce", json!(self.nonce));
        put("aud", json!(AUDIENCE));
        put("iat", json!(self.issued_at));
        put("exp", json!(self.expires));
        put("dcql_query", self.query());
        put("client_metadata", self.metadata());
        let mode = match (&self.reply, encrypted) {
            (Reply::Local, _) => LOCAL_RESPONSE_MODE,
            (Reply::Post(uri), encrypted) => {
                put("response_uri", json!(uri));
                match encrypted {
                    true => "direct_post.jwt",
                    false => "direct_post",
                }
            }
            (Reply::DigitalCredentialsApi(origins), encrypted) => {
                put("expected_origins", json!(origins));
                match encrypted {
                    true => "dc_api.jwt",
                    false => "dc_api",
                }
            }
        };
        put("response_mode", json!(mode));
        if let Some(state) = &self.state {
            put("state", json!(state));
        }
        if let Some(nonce) = &self.wallet_nonce {
            put("wallet_nonce", json!(nonce));
        }
        if !self.transaction_data.is_empty() {
            put("transaction_data", json!(self.transaction_data));
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

    fn infos(&self, client: &RequestClient) -> Value {
        let service = json!({"format": SERVICE_FORMAT, "data": self.service.id});
        core::iter::once(service).chain(client.info()).collect()
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
        let mut credentials: Vec<Value> = self
            .formats
            .iter()
            .map(|format| match format {
                Format::SdJwt => json!({"id": "sd_jwt", "format": format,
                    "meta": {"vct_values": vcts}, "claims": claims(None)}),
                Format::LdpVc => json!({"id": "ldp", "format": format,
                    "meta": {"type_values": types}, "claims": claims(Some("credentialSubject"))}),
            })
            .collect();
        if self.multiple {
            for one in &mut credentials {
                one["multiple"] = json!(true);
            }
        }
        // Without a set every credential would be asked for (§6.4.2).
        if let [_] = credentials.as_slice() {
            return json!({"credentials": credentials});
        }
        let options: Vec<Value> = credentials.iter().map(|one| json!([one["id"]])).collect();
        json!({"credentials": credentials, "credential_sets": [{"options": options}]})
    }
}

/// A request that waits for the signatures of several clients.
#[derive(Debug, Clone)]
pub struct MultiSigned(Vec<jws::Unsigned>);

impl MultiSigned {
    /// The request in the JWS JSON serialization (RFC 7515 §7.2.1), signed by these keys, in the order of the clients.
    ///
    /// # Errors
    /// When a signer fails, or there are not as many as clients.
    pub fn sign(self, signers: &[&dyn LocalSigner]) -> Result<Value, SignError> {
        if self.0.len() != signers.len() {
            return Err(SignError);
        }
        let mut shared = String::new();
        let mut signatures = Vec::with_capacity(signers.len());
        for (unsigned, signer) in self.0.into_iter().zip(signers) {
            let compact = unsigned.sign(*signer)?;
            let mut parts = compact.split('.');
            let mut part = || parts.next().unwrap_or_default().to_owned();
            let (protected, payload, signature) = (part(), part(), part());
            shared = payload;
            signatures.push(json!({"protected": protected, "signature": signature}));
        }
        Ok(json!({"payload": shared, "signatures": signatures}))
    }
}

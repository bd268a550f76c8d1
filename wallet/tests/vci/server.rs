//! An issuer nobody here wrote, over real HTTP: conforming, demanding or hostile as a test wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use serde_json::{Value, json};
use tessera_exchange::jwe::{DecryptionKey, ENCS, Encrypter};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::PublicKey;
use tessera_verifier::time::Timestamp;
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::{self, AuthorizationRequest, Trusted, dpop, key_attestation, pkce};
use tessera_verifier::{did, sd_jwt};
use tessera_wallet::secret::{HolderKey, StoredKey};

use super::certificates;

pub(crate) const VCT: &str = "https://types.example/member";
pub(crate) const CONFIGURATION: &str = "member_card";
pub(crate) const CODE: &str = "one-time-code";

/// What the issuer is like.
#[derive(Clone)]
pub(crate) struct Manners {
    pub(crate) batch: u32,
    /// The only way to ask is by scope.
    pub(crate) scope: bool,
    pub(crate) par: bool,
    pub(crate) dpop: bool,
    /// DPoP proofs must answer a nonce of the server.
    pub(crate) dpop_nonce: bool,
    /// Clients must be attested; whose attestations are believed.
    pub(crate) attester: Option<PublicKey>,
    /// Attestations must answer a challenge.
    pub(crate) challenge: bool,
    pub(crate) encrypted: bool,
    /// `jwt` or `attestation`: key attestations are demanded with this kind of proof.
    pub(crate) key_attestation: Option<&'static str>,
    pub(crate) nonce_endpoint: bool,
    pub(crate) notifications: bool,
    /// How often the issuer says "not yet".
    pub(crate) deferrals: u32,
    pub(crate) identifiers: bool,
    pub(crate) refresh: bool,
    pub(crate) signed_by: SignedBy,
    /// The issuer's keys stand in a document of their own.
    pub(crate) keys_apart: bool,
    /// The path of its identifier, behind which it keeps its metadata as the drafts before 1.0 had it.
    pub(crate) tenant: &'static str,
    pub(crate) format: &'static str,
    pub(crate) vice: Vice,
}

/// How the credential names its issuer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignedBy {
    Did,
    Address,
    Certificate,
}

/// What it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vice {
    None,
    OtherIdentifier,
    OtherServerIdentifier,
    ForeignCredentialEndpoint,
    ForeignTokenEndpoint,
    ServerOnPrivateAddress,
    /// Answers the token request with a redirect.
    Redirect,
    OtherKey,
    SameKeyTwice,
    OneTooMany,
    OtherType,
    OtherSignature,
    Expired,
    NotYetValid,
    /// Promises a batch beyond all measure.
    HugeBatch,
    PlainAnswer,
    WrongIss,
    WrongState,
    /// Asks for another DPoP nonce for ever.
    EndlessNonces,
    /// Metadata at another issuer's address for the keys.
    KeysOfAnother,
    /// The issuer's keys are at another origin.
    KeysElsewhere,
    /// Two keys, of which the credential says none.
    KeyUnnamed,
    /// Credentials, and that they come later.
    NowAndLater,
    /// A response beyond all measure.
    HugeResponse,
    /// Tokens of a kind that nobody knows.
    OddToken,
    /// Says that its tokens are bound, to a wallet that has proved no key.
    BoundToNothing,
    /// No nonce is ever fresh enough.
    StaleNonces,
    /// Takes proofs by another algorithm only.
    OtherProofs,
    /// Refreshes without a new refresh token: the old one stays good.
    SameRefreshToken,
    /// Wants a nonce with the access token, and another one each time.
    EndlessIssuerNonces,
    /// Describes its authorization server where OpenID Connect does, and nowhere else.
    OpenIdConfiguration,
    /// The answer of the browser does not say whose it is, though that was promised.
    NoIss,
    /// The answer of the browser is an error in words of its own.
    OddError,
    /// Demands encrypted requests, and has no key for them that anybody could use.
    UnusableRequestKeys,
    /// Demands encrypted responses, and takes no encrypted requests.
    NoRequestKeys,
    /// Demands encrypted responses, in a way that nobody knows.
    OddResponseEncryption,
    /// The later credentials of a batch are by another issuer.
    TwoSigners,
    /// The later credentials of a batch are of another type; the metadata says none.
    TwoTypes,
    /// Answers what was deferred with this error.
    Denied(&'static str),
    /// Issues once, and then no more.
    OnlyOnce,
    /// Wants a nonce, and sends this one.
    OddNonce(&'static str),
    /// Serves its keys with status 404.
    KeysMissing,
    /// Keys beyond all measure.
    HugeKeys,
    /// A date that is text.
    DateAsText,
    /// Serves an offer beyond all measure.
    HugeOffer,
    /// Serves its offer with this status.
    OfferStatus(u16),
    /// Serves its offer as a page.
    OfferPage,
    HugeMetadata,
    TwoPersons,
    /// Says that its tokens are bound, and gives tokens that are not.
    BearerForAll,
    /// The credential bears another name than the certificate.
    OtherName,
    /// Refuses what is asked at this path, for a reason of its own beside the protocol's.
    RefusesAt(&'static str),
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            batch: 3,
            scope: false,
            par: true,
            dpop: true,
            dpop_nonce: false,
            attester: None,
            challenge: false,
            encrypted: false,
            key_attestation: None,
            nonce_endpoint: true,
            notifications: true,
            deferrals: 0,
            identifiers: false,
            refresh: false,
            signed_by: SignedBy::Did,
            keys_apart: false,
            tenant: "",
            format: "dc+sd-jwt",
            vice: Vice::None,
        }
    }
}

pub(crate) struct Server {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    manners: Manners,
    key: HolderKey,
    other: HolderKey,
    request_key: DecryptionKey,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    events: Vec<String>,
    pushed: BTreeMap<String, AuthorizationRequest>,
    jtis: BTreeSet<String>,
    /// The key the access token is bound to.
    bound: Option<PublicKey>,
    challenge: Option<PublicKey>,
    waiting: u32,
    deferred: Vec<PublicKey>,
    refresh: u32,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

type Answer = (u16, Vec<(&'static str, String)>, String);

impl Server {
    pub(crate) fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}{}", manners.tenant);
        let inner = Arc::new(Inner {
            url: url.clone(),
            manners,
            key: key(),
            other: key(),
            request_key: DecryptionKey::generate("request").unwrap(),
            state: Mutex::default(),
        });
        let serving = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(&serving, stream);
            }
        });
        Self { url, inner }
    }

    pub(crate) fn did(&self) -> String {
        did::did_key(self.inner.key.public_key())
    }

    pub(crate) fn calls(&self, path: &str) -> usize {
        let state = self.inner.state.lock().unwrap();
        state.calls.iter().filter(|call| *call == path).count()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.inner.state.lock().unwrap().events.clone()
    }

    /// An offer by value with these grants.
    pub(crate) fn offer(&self, grants: &Value) -> String {
        self.offer_for(grants, &[CONFIGURATION])
    }

    /// The same for these configurations.
    pub(crate) fn offer_for(&self, grants: &Value, configurations: &[&str]) -> String {
        let mut offer = offer(&self.url, grants);
        offer["credential_configuration_ids"] = json!(configurations);
        let offer = offer.to_string();
        format!(
            "openid-credential-offer://?credential_offer={}",
            vci::form::percent(&offer)
        )
    }

    pub(crate) fn by_reference(&self) -> String {
        let at = format!("{}/offer", self.url);
        format!(
            "openid-credential-offer://?credential_offer_uri={}",
            vci::form::percent(&at)
        )
    }

    /// What a browser does: follows the link, agrees, and is sent back.
    pub(crate) fn agree(&self, link: &str) -> String {
        let (_, query) = link.split_once('?').unwrap();
        let form = Form::parse(query.as_bytes()).unwrap();
        let state = self.inner.state.lock().unwrap();
        let request = match form.get("request_uri") {
            Some(uri) => state.pushed[uri].clone(),
            None => AuthorizationRequest::from_form(&form).unwrap(),
        };
        assert_eq!(form.get("client_id"), Some(request.client_id.as_str()));
        let manners = &self.inner.manners;
        // HAIP asks by scope.
        if manners.scope || manners.attester.is_some() {
            assert_eq!(request.scope.as_deref(), Some("member"));
            assert!(request.authorization_details.is_empty());
        } else {
            let detail = &request.authorization_details[0];
            assert_eq!(detail.credential_configuration_id, CONFIGURATION);
        }
        drop(state);
        let code = format!("{CODE}.{}", request.code_challenge);
        let iss = match manners.vice {
            Vice::WrongIss => "https://other.example",
            _ => &self.url,
        };
        let given = match manners.vice {
            Vice::WrongState => "another".to_owned(),
            _ => request.state.unwrap(),
        };
        let mut answer = Form::default();
        match manners.vice {
            Vice::OddError => answer.push("error", "\u{1b}[2Jcall your bank"),
            _ => answer.push("code", &code),
        }
        answer.push("state", &given);
        if manners.vice != Vice::NoIss {
            answer.push("iss", iss);
        }
        format!("{}?{}", request.redirect_uri, *answer.encode())
    }
}

pub(crate) fn pre_authorized() -> Value {
    json!({vci::PRE_AUTHORIZED_CODE: {"pre-authorized_code": CODE}})
}

pub(crate) fn with_browser() -> Value {
    json!({"authorization_code": {"issuer_state": "remember-me"}})
}

fn offer(url: &str, grants: &Value) -> Value {
    json!({
        "credential_issuer": url,
        "credential_configuration_ids": [CONFIGURATION],
        "grants": grants,
    })
}

pub(crate) fn key() -> HolderKey {
    StoredKey::generate(&SystemRandom::new())
        .unwrap()
        .open()
        .unwrap()
}

fn now() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

fn serve(inner: &Inner, stream: TcpStream) {
    let Some(mut request) = read(&stream) else {
        return;
    };
    request.path = match request.path.strip_prefix(inner.manners.tenant) {
        Some(inside) => inside.to_owned(),
        None => format!("outside{}", request.path),
    };
    inner.state.lock().unwrap().calls.push(request.path.clone());
    let (status, headers, body) = inner.answer(&request);
    let mut stream = stream;
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

fn reply(value: &Value) -> Answer {
    (
        200,
        vec![("content-type", "application/json".to_owned())],
        value.to_string(),
    )
}

fn refuse(status: u16, error: &str) -> Answer {
    let body = json!({"error": error}).to_string();
    (
        status,
        vec![("content-type", "application/json".to_owned())],
        body,
    )
}

impl Inner {
    fn answer(&self, request: &Request) -> Answer {
        assert!(!request.query.contains("token"), "no token in an address");
        if matches!(self.manners.vice, Vice::RefusesAt(path) if path == request.path) {
            let body = json!({"error": "access_denied", "code": "evidence_too_old", "status": 403});
            let kind = "application/problem+json".to_owned();
            return (403, vec![("content-type", kind)], body.to_string());
        }
        let moved = self.manners.vice == Vice::OpenIdConfiguration;
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/.well-known/oauth-authorization-server") if moved => {
                (404, Vec::new(), String::new())
            }
            ("GET", "/.well-known/openid-configuration") if moved => reply(&self.server_metadata()),
            ("GET", "/.well-known/openid-credential-issuer") => reply(&self.metadata()),
            ("GET", "/.well-known/oauth-authorization-server") => reply(&self.server_metadata()),
            ("GET", "/.well-known/openid-configuration") => reply(&self.server_metadata()),
            ("GET", "/.well-known/jwt-vc-issuer") => reply(&self.published()),
            ("GET", "/keys") => match self.manners.vice {
                Vice::KeysMissing => (404, Vec::new(), self.keys().to_string()),
                _ => reply(&self.keys()),
            },
            ("GET", "/offer") => self.served_offer(),
            ("POST", "/nonce") => reply(&json!({"c_nonce": "c-nonce"})),
            ("POST", "/challenge") => reply(&json!({"attestation_challenge": "challenge-1"})),
            ("POST", "/par") => self.pushed(request),
            ("POST", "/token") => self.token(request),
            ("POST", "/credential") => self.credential(request),
            ("POST", "/deferred") => self.later(request),
            ("POST", "/notification") => self.notified(request),
            _ => (404, Vec::new(), String::new()),
        }
    }

    fn metadata(&self) -> Value {
        let (url, manners) = (&self.url, &self.manners);
        let alg = match manners.vice {
            Vice::OtherProofs => "ES384",
            _ => "ES256",
        };
        let mut proof = json!({"proof_signing_alg_values_supported": [alg]});
        if manners.key_attestation.is_some() {
            proof["key_attestations_required"] = json!({"key_storage": ["iso_18045_high"]});
        }
        let kind = manners.key_attestation.unwrap_or("jwt");
        let mut metadata = json!({
            "credential_issuer": match manners.vice {
                Vice::OtherIdentifier => "https://other.example",
                _ => url,
            },
            "credential_endpoint": match manners.vice {
                Vice::ForeignCredentialEndpoint => "https://thief.example/credential".to_owned(),
                _ => format!("{url}/credential"),
            },
            "deferred_credential_endpoint": format!("{url}/deferred"),
            "batch_credential_issuance": {"batch_size": match manners.vice {
                Vice::HugeBatch => u32::MAX,
                _ => manners.batch,
            }},
            "credential_configurations_supported": {CONFIGURATION: {
                "format": manners.format, "vct": VCT, "scope": "member",
                "cryptographic_binding_methods_supported": ["jwk"],
                "credential_signing_alg_values_supported": ["ES256"],
                "proof_types_supported": {kind: proof},
            }},
        });
        if manners.nonce_endpoint {
            metadata["nonce_endpoint"] = json!(format!("{url}/nonce"));
        }
        if manners.notifications {
            metadata["notification_endpoint"] = json!(format!("{url}/notification"));
        }
        if manners.encrypted {
            metadata["credential_request_encryption"] = json!({
                "jwks": {"keys": [{"kty": "oct", "kid": "unusable"}, self.request_key.public_jwk()]},
                "enc_values_supported": ["A128GCM", "A256GCM"], "encryption_required": true,
            });
            metadata["credential_response_encryption"] = json!({
                "alg_values_supported": ["ECDH-ES"],
                "enc_values_supported": ["A256GCM"], "encryption_required": true,
            });
        }
        match manners.vice {
            Vice::ServerOnPrivateAddress => {
                metadata["authorization_servers"] = json!(["https://10.0.0.7"]);
            }
            Vice::UnusableRequestKeys => {
                metadata["credential_request_encryption"]["jwks"] =
                    json!({"keys": [{"kty": "oct"}]});
                // That alone is enough.
                metadata["credential_response_encryption"]["encryption_required"] = json!(false);
            }
            Vice::NoRequestKeys => {
                metadata
                    .as_object_mut()
                    .unwrap()
                    .remove("credential_request_encryption");
            }
            Vice::OddResponseEncryption => {
                let offered = &mut metadata["credential_response_encryption"];
                offered["alg_values_supported"] = json!(["RSA1_5"]);
            }
            Vice::TwoTypes => {
                let configuration = &mut metadata["credential_configurations_supported"];
                configuration[CONFIGURATION]
                    .as_object_mut()
                    .unwrap()
                    .remove("vct");
            }
            Vice::HugeMetadata => metadata["display"] = json!(["x".repeat(2_000_000)]),
            _ => {}
        }
        metadata
    }

    fn server_metadata(&self) -> Value {
        let (url, manners) = (&self.url, &self.manners);
        let mut metadata = json!({
            "issuer": match manners.vice {
                Vice::OtherServerIdentifier => "https://other.example",
                _ => url,
            },
            "token_endpoint": match manners.vice {
                Vice::ForeignTokenEndpoint => "https://thief.example/token".to_owned(),
                _ => format!("{url}/token"),
            },
            "authorization_endpoint": format!("{url}/authorize?lang=en"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        if manners.par {
            metadata["pushed_authorization_request_endpoint"] = json!(format!("{url}/par"));
        }
        if manners.dpop {
            metadata["dpop_signing_alg_values_supported"] = json!(["ES256"]);
        }
        if !manners.scope {
            metadata["authorization_details_types_supported"] = json!(["openid_credential"]);
        }
        if manners.attester.is_some() {
            metadata["token_endpoint_auth_methods_supported"] = json!(["attest_jwt_client_auth"]);
            if manners.challenge {
                metadata["challenge_endpoint"] = json!(format!("{url}/challenge"));
            }
        }
        metadata
    }

    fn keys(&self) -> Value {
        let mut jwk = self.key.public_key().to_jwk();
        jwk["kid"] = json!("k1");
        let mut stale = self.other.public_key().to_jwk();
        stale["kid"] = json!("k0");
        let mut keys = json!({"keys": [stale, jwk]});
        if self.manners.vice == Vice::HugeKeys {
            keys["more"] = json!("x".repeat(64 << 10));
        }
        keys
    }

    /// JWT VC Issuer Metadata (SD-JWT VC §4).
    fn published(&self) -> Value {
        let issuer = match self.manners.vice {
            Vice::KeysOfAnother => "https://other.example",
            _ => &self.url,
        };
        if !self.manners.keys_apart {
            return json!({"issuer": issuer, "jwks": self.keys()});
        }
        let at = match self.manners.vice {
            // The same machine by another name.
            Vice::KeysElsewhere => self.url.replace("127.0.0.1", "localhost"),
            _ => self.url.clone(),
        };
        json!({"issuer": issuer, "jwks_uri": format!("{at}/keys")})
    }

    fn served_offer(&self) -> Answer {
        let (status, headers, body) = reply(&offer(&self.url, &pre_authorized()));
        match self.manners.vice {
            Vice::OfferStatus(status) => (status, headers, body),
            Vice::HugeOffer => (status, headers, body + &" ".repeat(64 << 10)),
            Vice::OfferPage => {
                let headers = vec![("content-type", "text/html".to_owned())];
                (status, headers, body)
            }
            _ => (status, headers, body),
        }
    }

    /// Checks what proves the client; an error is the answer to give.
    fn client(&self, request: &Request, at: &str) -> Result<(), Answer> {
        let manners = &self.manners;
        let mut state = self.state.lock().unwrap();
        if manners.dpop {
            let proof = request.headers.get("dpop").expect("a proof is sent");
            let expected = dpop::Expected {
                htm: "POST",
                htu: &format!("{}{at}", self.url),
                access_token: None,
                now: now(),
            };
            let proof = dpop::verify(proof, &expected).unwrap();
            assert!(state.jtis.insert(proof.jti), "a proof is used once");
            if let Vice::OddNonce(nonce) = manners.vice {
                let (status, mut headers, body) = refuse(400, "use_dpop_nonce");
                headers.push(("dpop-nonce", nonce.to_owned()));
                return Err((status, headers, body));
            }
            let wanted = manners.vice == Vice::EndlessNonces
                || (manners.dpop_nonce && proof.nonce.as_deref() != Some("server-nonce"));
            if wanted {
                let (status, mut headers, body) = refuse(400, "use_dpop_nonce");
                headers.push(("dpop-nonce", "server-nonce".to_owned()));
                return Err((status, headers, body));
            }
            state.bound = Some(proof.key);
        } else {
            assert!(!request.headers.contains_key("dpop"));
        }
        if let Some(attester) = &manners.attester {
            let header = |name: &str| request.headers.get(name).map_or("", String::as_str);
            let trusted = Trusted {
                keys: std::slice::from_ref(attester),
                anchors: &[],
            };
            let client = vci::client_attestation::verify(
                header("oauth-client-attestation"),
                header("oauth-client-attestation-pop"),
                &self.url,
                &trusted,
                now(),
            )
            .unwrap();
            assert_eq!(client.client_id, "specimen-wallet");
            assert!(state.jtis.insert(client.jti), "a proof is used once");
            if manners.challenge {
                assert_eq!(client.challenge.as_deref(), Some("challenge-1"));
            }
            state.challenge = Some(client.key);
        }
        Ok(())
    }

    fn pushed(&self, request: &Request) -> Answer {
        if let Err(answer) = self.client(request, "/par") {
            return answer;
        }
        let form = Form::parse(&request.body).unwrap();
        let wish = AuthorizationRequest::from_form(&form).unwrap();
        assert_eq!(wish.issuer_state.as_ref().unwrap().expose(), "remember-me");
        let uri = "urn:ietf:params:oauth:request_uri:1".to_owned();
        let mut state = self.state.lock().unwrap();
        state.pushed.insert(uri.clone(), wish);
        let body = json!({"request_uri": uri, "expires_in": 60});
        (
            201,
            vec![("content-type", "application/json".to_owned())],
            body.to_string(),
        )
    }

    fn token(&self, request: &Request) -> Answer {
        if self.manners.vice == Vice::Redirect {
            return (
                307,
                vec![("location", "https://thief.example/token".to_owned())],
                String::new(),
            );
        }
        if let Err(answer) = self.client(request, "/token") {
            return answer;
        }
        let form = Form::parse(&request.body).unwrap();
        let good = match form.get("grant_type").unwrap() {
            "authorization_code" => {
                let (code, challenge) = form.get("code").unwrap().split_once('.').unwrap();
                assert!(
                    form.get("redirect_uri")
                        .is_some_and(|uri| uri.starts_with("http://127.0.0.1"))
                );
                code == CODE && pkce::answers(form.get("code_verifier").unwrap(), challenge)
            }
            "refresh_token" => {
                let mut state = self.state.lock().unwrap();
                let current = format!("refresh-{}", state.refresh);
                let good = form.get("refresh_token") == Some(current.as_str());
                let turns = self.manners.vice != Vice::SameRefreshToken;
                state.refresh += u32::from(turns);
                good
            }
            _ => form.get("pre-authorized_code") == Some(CODE),
        };
        if !good {
            return refuse(400, "invalid_grant");
        }
        let bound = self.manners.dpop && self.manners.vice != Vice::BearerForAll;
        let kind = match self.manners.vice {
            Vice::OddToken => "mac",
            Vice::BoundToNothing => "DPoP",
            _ if bound => "DPoP",
            _ => "Bearer",
        };
        let mut token = json!({"access_token": "access", "token_type": kind});
        if self.manners.identifiers {
            token["authorization_details"] = json!([{
                "type": "openid_credential", "credential_configuration_id": CONFIGURATION,
                "credential_identifiers": ["member-17"],
            }]);
        }
        let again = form.get("grant_type") == Some("refresh_token");
        let silent = again && self.manners.vice == Vice::SameRefreshToken;
        if self.manners.refresh && !silent {
            let state = self.state.lock().unwrap();
            token["refresh_token"] = json!(format!("refresh-{}", state.refresh));
        }
        reply(&token)
    }

    /// Checks the access token; an error is the answer to give.
    fn authorized(&self, request: &Request, at: &str) -> Result<(), Answer> {
        let said = request
            .headers
            .get("authorization")
            .expect("a token is sent");
        if !self.manners.dpop {
            assert_eq!(said, "Bearer access");
            return Ok(());
        }
        assert_eq!(said, "DPoP access");
        let expected = dpop::Expected {
            htm: "POST",
            htu: &format!("{}{at}", self.url),
            access_token: Some("access"),
            now: now(),
        };
        let proof = dpop::verify(&request.headers["dpop"], &expected).unwrap();
        let mut state = self.state.lock().unwrap();
        assert!(state.jtis.insert(proof.jti), "a proof is used once");
        assert_eq!(
            Some(&proof.key),
            state.bound.as_ref(),
            "one key an issuance"
        );
        let wanted = self.manners.dpop_nonce && proof.nonce.as_deref() != Some("issuer-nonce");
        if wanted || self.manners.vice == Vice::EndlessIssuerNonces {
            let headers = vec![
                ("dpop-nonce", "issuer-nonce".to_owned()),
                (
                    "www-authenticate",
                    "DPoP error=\"use_dpop_nonce\"".to_owned(),
                ),
            ];
            return Err((401, headers, String::new()));
        }
        Ok(())
    }

    fn open(&self, request: &Request) -> Value {
        if !self.manners.encrypted {
            return serde_json::from_slice(&request.body).unwrap();
        }
        assert_eq!(request.headers["content-type"], "application/jwt");
        let compact = std::str::from_utf8(&request.body).unwrap();
        let clear = self.request_key.decrypt(compact, &ENCS).unwrap();
        serde_json::from_slice(&clear).unwrap()
    }

    fn seal(&self, request: &Value, answer: &Value) -> Answer {
        if !self.manners.encrypted || self.manners.vice == Vice::PlainAnswer {
            return reply(answer);
        }
        let wanted = &request["credential_response_encryption"];
        assert_eq!(wanted["enc"], "A256GCM");
        let jwe = Encrypter::new(&wanted["jwk"], "A256GCM").unwrap();
        let body = jwe.encrypt(answer.to_string().as_bytes()).unwrap();
        (
            200,
            vec![("content-type", "application/jwt".to_owned())],
            body,
        )
    }

    fn credential(&self, request: &Request) -> Answer {
        if let Err(answer) = self.authorized(request, "/credential") {
            return answer;
        }
        if self.manners.vice == Vice::StaleNonces {
            return refuse(400, "invalid_nonce");
        }
        let asked = |state: &State| {
            state
                .calls
                .iter()
                .filter(|call| *call == "/credential")
                .count()
        };
        if self.manners.vice == Vice::OnlyOnce && asked(&self.state.lock().unwrap()) > 1 {
            return refuse(400, "credential_request_denied");
        }
        let body = self.open(request);
        if self.manners.identifiers {
            assert_eq!(body["credential_identifier"], "member-17");
            assert!(body.get("credential_configuration_id").is_none());
        } else {
            assert_eq!(body["credential_configuration_id"], CONFIGURATION);
        }
        let holders = self.holders(&body["proofs"]);
        assert_eq!(holders.len(), self.manners.batch as usize);
        let mut state = self.state.lock().unwrap();
        if self.manners.deferrals > 0 {
            state.waiting = self.manners.deferrals;
            state.deferred = holders;
            drop(state);
            return self.seal(&body, &json!({"transaction_id": "later-1", "interval": 1}));
        }
        drop(state);
        self.seal(&body, &self.issued(&holders))
    }

    fn later(&self, request: &Request) -> Answer {
        if let Err(answer) = self.authorized(request, "/deferred") {
            return answer;
        }
        if let Vice::Denied(error) = self.manners.vice {
            return refuse(400, error);
        }
        let body = self.open(request);
        assert_eq!(body["transaction_id"], "later-1");
        let mut state = self.state.lock().unwrap();
        state.waiting -= 1;
        if state.waiting > 0 {
            drop(state);
            return self.seal(&body, &json!({"transaction_id": "later-1", "interval": 1}));
        }
        let holders = std::mem::take(&mut state.deferred);
        drop(state);
        self.seal(&body, &self.issued(&holders))
    }

    fn notified(&self, request: &Request) -> Answer {
        if let Err(answer) = self.authorized(request, "/notification") {
            return answer;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["notification_id"], "n-1");
        let event = body["event"].as_str().unwrap().to_owned();
        self.state.lock().unwrap().events.push(event);
        (204, Vec::new(), String::new())
    }

    /// The keys that are proved, by whichever kind of proof.
    fn holders(&self, proofs: &Value) -> Vec<PublicKey> {
        let texts = |kind: &str| -> Vec<String> {
            let list = proofs[kind].as_array().cloned().unwrap_or_default();
            list.iter()
                .map(|one| one.as_str().unwrap().to_owned())
                .collect()
        };
        let attester = self.manners.attester.clone();
        let keys: Vec<PublicKey> = attester.into_iter().collect();
        let trusted = Trusted {
            keys: &keys,
            anchors: &[],
        };
        let attested = |compact: &str| {
            let said = key_attestation::verify(compact, &trusted, now()).unwrap();
            assert_eq!(said.nonce.as_deref(), Some("c-nonce"));
            assert_eq!(said.key_storage, ["iso_18045_high"]);
            said.keys
        };
        if self.manners.key_attestation == Some("attestation") {
            let [one] = texts("attestation").try_into().unwrap();
            return attested(&one);
        }
        texts("jwt")
            .iter()
            .map(|compact| {
                if !self.manners.nonce_endpoint {
                    let parsed = tessera_verifier::jws::parse(
                        compact,
                        tessera_verifier::json::Limits::MESSAGE,
                    )
                    .unwrap();
                    assert!(parsed.payload_unverified().get("nonce").is_none());
                    return parsed.header().jwk.clone().unwrap();
                }
                let proof = vci::proof::verify(compact, &self.url, now()).unwrap();
                assert_eq!(proof.nonce, "c-nonce");
                if let Some(attestation) = &proof.key_attestation {
                    assert_eq!(attested(attestation), std::slice::from_ref(&proof.key));
                } else {
                    assert!(self.manners.key_attestation.is_none());
                }
                proof.key
            })
            .collect()
    }

    fn issued(&self, holders: &[PublicKey]) -> Value {
        let mut holders = holders.to_vec();
        match self.manners.vice {
            Vice::OtherKey => holders[0] = self.other.public_key().clone(),
            Vice::SameKeyTwice => holders[1] = holders[0].clone(),
            Vice::OneTooMany => holders.push(self.other.public_key().clone()),
            _ => {}
        }
        let credentials: Vec<Value> = holders
            .iter()
            .enumerate()
            .map(|(n, holder)| json!({"credential": self.sign(holder, n)}))
            .collect();
        let mut answer = json!({"credentials": credentials});
        match self.manners.vice {
            Vice::NowAndLater => {
                answer["transaction_id"] = json!("later-1");
                answer["interval"] = json!(1);
            }
            Vice::HugeResponse => answer["more"] = json!("x".repeat(4 << 20)),
            _ => {}
        }
        if self.manners.notifications {
            answer["notification_id"] = json!("n-1");
        }
        answer
    }

    fn sign(&self, holder: &PublicKey, n: usize) -> String {
        let vice = self.manners.vice;
        let day = 86_400;
        let today = now().start_of_day();
        let until = if vice == Vice::Expired {
            -day
        } else {
            30 * day
        };
        let named = match vice {
            Vice::TwoSigners if n > 0 => &self.other,
            _ => &self.key,
        };
        let (iss, kid) = match self.manners.signed_by {
            SignedBy::Did => (
                did::did_key(named.public_key()),
                did::verification_method(named.public_key()),
            ),
            SignedBy::Address => (self.url.clone(), "k1".to_owned()),
            SignedBy::Certificate => (certificates::ISSUER.to_owned(), "k1".to_owned()),
        };
        let iss = match vice {
            Vice::OtherName => "https://other.example".to_owned(),
            _ => iss,
        };
        let by_certificate = self.manners.signed_by == SignedBy::Certificate;
        let header = match by_certificate {
            true => json!({"x5c": [certificates::LEAF]}),
            false if vice == Vice::KeyUnnamed => json!({}),
            false => json!({"kid": kid}),
        };
        let certified: StoredKey = serde_json::from_value(json!(certificates::KEY)).unwrap();
        let certified = certified.open().unwrap();
        let name = if vice == Vice::TwoPersons && n > 0 {
            "OTHER"
        } else {
            "SPECIMEN"
        };
        let visible = json!({
            "iss": iss, "iat": today.unix(), "exp": today.add_seconds(until).unix(),
            "vct": if vice == Vice::OtherType || vice == Vice::TwoTypes && n > 0 { "https://types.example/other" } else { VCT },
        });
        let mut visible = visible;
        if vice == Vice::NotYetValid {
            visible["nbf"] = json!(today.add_seconds(2 * day).unix());
        }
        if vice == Vice::DateAsText {
            visible["nbf"] = json!("tomorrow");
        }
        let disclosable = json!({"family_name": name, "member_number": "17"});
        let mut count = 0u8;
        let mut salts = || {
            count += 1;
            [count + u8::try_from(n).unwrap() * 16; 16]
        };
        let signer = match by_certificate {
            true => &certified,
            false if vice == Vice::OtherSignature => &self.other,
            false => named,
        };
        let unsigned = sd_jwt::prepare(sd_jwt::IssueInput {
            header: header.as_object().unwrap().clone(),
            visible: visible.as_object().unwrap().clone(),
            disclosable: disclosable.as_object().unwrap(),
            holder,
            salts: &mut salts,
            decoys: 0,
        })
        .unwrap();
        let signature = signer.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }
}

//! The issuer's and the relying party's HTTP, without HTTP.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tessera_exchange::jwe::{ENCS, Encrypter};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::key::PublicKey;
use tessera_verifier::{device, did, vci};
use tessera_wallet::Clock;
use tessera_wallet::transport::{HttpRequest, HttpResponse, Method, Transport, TransportError};

use super::*;

impl World {
    fn credential_response(&self, request: &HttpRequest) -> HttpResponse {
        assert_eq!(request.bearer.as_ref().unwrap().expose(), "access");
        assert_eq!(request.content_type, "application/jwt");
        let compact = std::str::from_utf8(&request.body).unwrap();
        let clear = self.request_key.decrypt(compact, &ENCS).unwrap();
        let body: Value = serde_json::from_slice(&clear).unwrap();
        if body["transaction_id"] == "later" {
            let profile = CredentialProfile::of(self.level.get());
            let later = self.later.take();
            let issued = later
                .iter()
                .map(|holder| self.issue(profile.level, Format::LdpVc, holder, "SPECIMEN"));
            let credentials: Vec<Value> = issued.map(|one| json!({"credential": one})).collect();
            return self.sealed(&body, &json!({"credentials": credentials}));
        }
        let id = body["credential_configuration_id"].as_str().unwrap();
        let (profile, format) = CredentialProfile::by_configuration(id).unwrap();
        let mut holders: Vec<PublicKey> = body["proofs"]["jwt"]
            .as_array()
            .unwrap()
            .iter()
            .map(|proof| {
                let proof =
                    vci::proof::verify(proof.as_str().unwrap(), ISSUER, self.now()).unwrap();
                assert_eq!(proof.nonce, "c-nonce");
                proof.key
            })
            .collect();
        match self.fault.get() {
            Fault::OtherHolderKey => holders[3] = self.unlisted.public_key().clone(),
            Fault::SameKeyTwice => holders[3] = holders[2].clone(),
            Fault::OneTooMany => holders.push(self.unlisted.public_key().clone()),
            _ => {}
        }
        if self.fault.get() == Fault::LdpLater && format == Format::LdpVc {
            self.later.replace(holders);
            let later = json!({"transaction_id": "later", "interval": 1});
            return self.sealed(&body, &later);
        }
        let last = holders.len() - 1;
        let credentials: Vec<Value> = holders
            .iter()
            .enumerate()
            .map(|(n, holder)| {
                let mixed = self.fault.get() == Fault::MixedPersons && n == last;
                let name = if mixed { "OTHER" } else { "SPECIMEN" };
                json!({"credential": self.issue(profile.level, format, holder, name)})
            })
            .collect();
        let nothing = self.fault.get() == Fault::NothingInOneFormat && format == Format::LdpVc;
        let credentials = if nothing { Vec::new() } else { credentials };
        self.sealed(&body, &json!({"credentials": credentials}))
    }

    /// The answer, encrypted as the request asks.
    fn sealed(&self, body: &Value, answer: &Value) -> HttpResponse {
        let encryption = &body["credential_response_encryption"];
        assert_eq!(encryption["enc"], "A256GCM");
        if self.fault.get() == Fault::PlainAnswer {
            return respond(200, "application/json", answer.to_string());
        }
        let jwe = Encrypter::new(&encryption["jwk"], "A256GCM")
            .unwrap()
            .encrypt(answer.to_string().as_bytes())
            .unwrap();
        respond(200, "application/jwt", jwe)
    }

    fn signed_metadata(&self) -> String {
        let key = match self.fault.get() {
            Fault::UnlistedMetadata => &self.unlisted,
            _ => &self.signing,
        };
        let metadata = serde_json::from_value(self.metadata()).unwrap();
        let header = json!({"kid": did::verification_method(key.public_key())});
        let (now, end) = (self.now(), self.now().add_seconds(60));
        vci::metadata::prepare_signed(&metadata, header, now, end)
            .sign(key)
            .unwrap()
    }

    fn metadata(&self) -> Value {
        let format_of = |format: Format| match self.fault.get() {
            Fault::OtherFormat => "jwt_vc_json",
            _ => format.as_str(),
        };
        let configurations: BTreeMap<&str, Value> = AssuranceLevel::ALL
            .into_iter()
            .flat_map(|level| Format::ALL.map(|format| (CredentialProfile::of(level), format)))
            .map(|(profile, format)| {
                (
                    profile.configuration(format),
                    json!({"format": format_of(format)}),
                )
            })
            .collect();
        let other = self.fault.get() == Fault::OtherIdentifier;
        let servers: &[&str] = match self.fault.get() {
            Fault::ServerOnThisMachine => &["http://127.0.0.1:9"],
            _ => &[],
        };
        json!({
            "authorization_servers": servers,
            "credential_issuer": if other { "https://other.example" } else { ISSUER },
            "credential_endpoint": format!("{ISSUER}/credential"),
            "deferred_credential_endpoint": format!("{ISSUER}/deferred"),
            "nonce_endpoint": format!("{ISSUER}/nonce"),
            "batch_credential_issuance": {"batch_size": 10},
            "credential_request_encryption": {
                "jwks": {"keys": [self.request_key.public_jwk()]},
                "enc_values_supported": ["A256GCM"],
                "encryption_required": false,
            },
            "credential_response_encryption": {
                "alg_values_supported": ["ECDH-ES"],
                "enc_values_supported": ["A256GCM"],
                "encryption_required": false,
            },
            "credential_configurations_supported": configurations,
        })
    }
}

pub(crate) fn respond(status: u16, content_type: &str, body: impl Into<String>) -> HttpResponse {
    HttpResponse {
        headers: Vec::new(),
        status,
        content_type: content_type.to_owned(),
        body: body.into().into_bytes(),
    }
}

impl Transport for World {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if self.fault.get() == Fault::Down {
            return Err(TransportError::Unreachable);
        }
        self.calls.borrow_mut().push(request.url.path().to_owned());
        let path = request.url.path().to_owned();
        self.bounds.borrow_mut().insert(path, request.max_answer);
        if request.url.as_str() == REQUEST_URI {
            let body = self.served.borrow().clone();
            return Ok(respond(200, "application/oauth-authz-req+jwt", body));
        }
        if request.url.as_str() == RESPONSE_URI {
            assert_eq!(request.content_type, "application/x-www-form-urlencoded");
            self.posted
                .borrow_mut()
                .push(String::from_utf8(request.body.to_vec()).unwrap());
            return Ok(respond(200, "application/json", "{}"));
        }
        assert!(
            request.url.as_str().starts_with(ISSUER),
            "the wallet called {}",
            request.url
        );
        let json = |value: Value| respond(200, "application/json", value.to_string());
        let ready = |tx_code: bool| {
            let mut state = json!({"state": "face_checked", "credential_offer": self.offer()});
            if tx_code {
                state["tx_code"] = json!("123456");
            }
            state
        };
        Ok(match (request.method, request.url.path()) {
            (Method::Get, "/root") => {
                let root = self.root.public_key();
                let named = match self.fault.get() {
                    Fault::RootWithFragment => did::verification_method(root),
                    _ => did::did_key(root),
                };
                respond(200, "text/plain", named)
            }
            (Method::Get, "/bundle") => respond(200, "application/jwt", self.bundle()),
            (Method::Get, "/.well-known/openid-credential-issuer") if self.signs_metadata.get() => {
                assert!(request.accept.contains("application/jwt"));
                respond(200, "application/jwt", self.signed_metadata())
            }
            (Method::Get, "/.well-known/openid-credential-issuer") => json(self.metadata()),
            (Method::Get, "/.well-known/oauth-authorization-server") => {
                let foreign = self.fault.get() == Fault::ForeignTokenEndpoint;
                let base = if foreign {
                    "https://thief.example"
                } else {
                    ISSUER
                };
                json(json!({"issuer": ISSUER, "token_endpoint": format!("{base}/token")}))
            }
            (Method::Post, "/nonce") => json(json!({"c_nonce": "c-nonce"})),
            (Method::Post, "/sessions") => {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let proof = body["device_proof"].as_str().unwrap();
                assert_eq!(
                    device::verify(proof, ISSUER, self.now()).unwrap().nonce,
                    "c-nonce"
                );
                if self.fault.get() == Fault::DistrictNotOpen {
                    let problem = json!({"code": "district_not_open", "status": 403, "openings": [
                        {"district": "harbour", "name_en": "Harbour", "name_zh": "样本港", "from": "2026-01-15", "open": true},
                        {"district": "hills", "name_en": "Hills", "name_zh": "样本山", "from": "2027-02-01", "open": false},
                        {"district": "marsh", "name_en": "M".repeat(201), "name_zh": "样本沼", "from": "2027-02-01", "open": false},
                        {"district": "moor", "name_en": "Moor", "name_zh": "样本泽", "from": "\u{1b}[2Jsoon", "open": false},
                    ]});
                    return Ok(respond(
                        403,
                        "application/problem+json",
                        problem.to_string(),
                    ));
                }
                let id = match self.fault.get() {
                    Fault::SessionElsewhere => "../token?",
                    _ => "s-1",
                };
                json(json!({"session_id": id, "session_token": "session", "state": "started"}))
            }
            (Method::Post, "/sessions/s-1/face") => {
                assert_eq!(request.bearer.as_ref().unwrap().expose(), "session");
                if self.fault.get() == Fault::FaceMismatch {
                    let problem = json!({"code": "face_mismatch", "status": 422});
                    return Ok(respond(
                        422,
                        "application/problem+json",
                        problem.to_string(),
                    ));
                }
                json(ready(true))
            }
            (Method::Post, "/sessions/s-1/liveness") => {
                let movements = match self.fault.get() {
                    Fault::Movements(count) => vec!["left"; count],
                    _ => vec!["left"],
                };
                json(json!({
                    "nonce": "frames", "movements": movements, "seconds": 15,
                    "expires_at": "2027-01-01T00:00:00Z",
                }))
            }
            (Method::Get, "/sessions/s-1") if self.terminal_done.get() => json(ready(false)),
            (Method::Get, "/sessions/s-1") => json(match self.fault.get() {
                Fault::SessionState(state) => json!({"state": state}),
                Fault::RecoveryCode(code) => {
                    json!({"state": "limited_issued", "recovery_code": code})
                }
                _ => json!({"state": "started"}),
            }),
            (Method::Post, "/lost") => {
                json(json!({"reported": self.fault.get() != Fault::Reported(false)}))
            }
            (Method::Post, "/token") => {
                let form = String::from_utf8(request.body.to_vec()).unwrap();
                if form.contains("pre-authorized_code=one-time") && form.contains("tx_code=123456")
                {
                    json(json!({"access_token": "access", "token_type": "Bearer"}))
                } else {
                    respond(400, "application/json", r#"{"error":"invalid_grant"}"#)
                }
            }
            (Method::Post, "/credential" | "/deferred") => self.credential_response(&request),
            (_, path) => respond(404, "text/plain", path),
        })
    }
}

//! An issuer and a relying party in process: the wallet's whole protocol without a network.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use josekit::jwe::{ECDH_ES, JweHeader};
use josekit::jwk::Jwk;
use serde_json::{Map, Value, json};
use tessera_verifier::bundle::{
    Authority, BundleBuilder, RelyingParty, StatusListEntry, StatusListFormat, TrustedIssuer,
};
use tessera_verifier::catalogue::{Catalogue, LocalizedText};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format, IdentityClaims, ages_on};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::key::PublicKey;
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::status::{self, BitString};
use tessera_verifier::time::Timestamp;
use tessera_verifier::{device, did, sd_jwt, vci};
use tessera_wallet::secret::{HolderKey, Passphrase, StoredKey};
use tessera_wallet::store::{KeyStretching, Store};
use tessera_wallet::transport::{HttpRequest, HttpResponse, Method, Transport, TransportError};
use tessera_wallet::{Clock, Surroundings};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const RESPONSE_URI: &str = "https://cafe.example/response";
pub(crate) const DAY: i64 = 86_400;

/// What a dishonest or broken issuer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Credentials bound to a key of the issuer's choice.
    OtherHolderKey,
    /// Two credentials bound to the same key.
    SameKeyTwice,
    /// The other level than asked.
    OtherLevel,
    /// Signed by a key the bundle does not list.
    UnlistedKey,
    /// Signed by another key than the named issuer's.
    ForeignSignature,
    Expired,
    NotYetValid,
    NoStatus,
    /// Encryption was offered, the answer is in the clear.
    PlainAnswer,
    /// One more credential than keys.
    OneTooMany,
    /// Another person's data in the last credential.
    MixedPersons,
    /// The bundle is signed by another root than at enrolment.
    OtherRoot,
    /// Metadata name another issuer.
    OtherIdentifier,
    /// The token endpoint is elsewhere.
    ForeignTokenEndpoint,
    /// Refuses the photo.
    FaceMismatch,
    /// No network.
    Down,
}

pub(crate) fn key() -> HolderKey {
    StoredKey::generate(&SystemRandom::new()).unwrap().open().unwrap()
}

pub(crate) struct World {
    pub(crate) root: HolderKey,
    pub(crate) signing: HolderKey,
    pub(crate) unlisted: HolderKey,
    pub(crate) relying_party: HolderKey,
    pub(crate) fault: Cell<Fault>,
    pub(crate) now: Cell<i64>,
    pub(crate) level: Cell<AssuranceLevel>,
    pub(crate) terminal_done: Cell<bool>,
    pub(crate) bundle_age: Cell<i64>,
    /// Form bodies that reached the relying party.
    pub(crate) posted: RefCell<Vec<String>>,
    pub(crate) calls: RefCell<Vec<String>>,
    rng: SystemRandom,
    index: Cell<u64>,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now.get())
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            root: key(),
            signing: key(),
            unlisted: key(),
            relying_party: key(),
            fault: Cell::new(Fault::None),
            now: Cell::new(1_790_000_000),
            level: Cell::new(AssuranceLevel::Limited),
            terminal_done: Cell::new(false),
            bundle_age: Cell::new(7 * DAY),
            posted: RefCell::default(),
            calls: RefCell::default(),
            rng: SystemRandom::new(),
            index: Cell::new(0),
        }
    }

    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            transport: self,
            rng: &self.rng,
            clock: self,
        }
    }

    pub(crate) fn store(&self) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(
            folder.path(),
            &Passphrase::new("passphrase").unwrap(),
            KeyStretching::HAZMAT_TESTING_ONLY,
            &self.rng,
        )
        .unwrap();
        (folder, store)
    }

    pub(crate) fn client_id(&self) -> String {
        format!(
            "decentralized_identifier:{}",
            did::did_key(self.relying_party.public_key())
        )
    }

    pub(crate) fn offer(&self) -> vci::CredentialOffer {
        let profile = CredentialProfile::of(self.level.get());
        serde_json::from_value(json!({
            "credential_issuer": ISSUER,
            "credential_configuration_ids": [profile.configuration(Format::SdJwt)],
            "grants": {vci::PRE_AUTHORIZED_CODE: {
                "pre-authorized_code": "one-time",
                "tx_code": {"input_mode": "numeric", "length": 6},
            }},
        }))
        .unwrap()
    }

    fn claims(&self, family_name: &str) -> Map<String, Value> {
        IdentityClaims {
            family_name: family_name.into(),
            given_name: "MING".into(),
            name_native: Some("样本明".into()),
            birthdate: "1990-03-07".into(),
            age_equal_or_over: ages_on("1990-03-07", self.now()).unwrap(),
            sex: None,
            nationalities: vec!["UT".into()],
            personal_administrative_number: "110101199003070011".into(),
            resident_address: Some("1 Specimen Road".into()),
            issuing_authority: "Specimen Authority".into(),
            issuing_country: "UT".into(),
        }
        .to_json()
    }

    fn validity(&self) -> (Timestamp, Timestamp) {
        let midnight = self.now().start_of_day();
        match self.fault.get() {
            Fault::Expired => (midnight.add_seconds(-9 * DAY), midnight.add_seconds(-DAY)),
            Fault::NotYetValid => (midnight.add_seconds(DAY), midnight.add_seconds(9 * DAY)),
            _ => (midnight, midnight.add_seconds(90 * DAY)),
        }
    }

    fn issue(&self, level: AssuranceLevel, format: Format, holder: &PublicKey, name: &str) -> Value {
        let fault = self.fault.get();
        let level = match (fault, level) {
            (Fault::OtherLevel, AssuranceLevel::Limited) => AssuranceLevel::Full,
            (Fault::OtherLevel, AssuranceLevel::Full) => AssuranceLevel::Limited,
            (_, level) => level,
        };
        let named = if fault == Fault::UnlistedKey { &self.unlisted } else { &self.signing };
        let signer = match fault {
            Fault::UnlistedKey | Fault::ForeignSignature => &self.unlisted,
            _ => &self.signing,
        };
        self.index.set(self.index.get() + 1);
        match format {
            Format::SdJwt => self.issue_sd_jwt(level, holder, name, (named, signer)),
            Format::LdpVc => Value::Null,
        }
    }

    fn issue_sd_jwt(
        &self,
        level: AssuranceLevel,
        holder: &PublicKey,
        name: &str,
        (named, signer): (&HolderKey, &HolderKey),
    ) -> Value {
        let (from, until) = self.validity();
        let mut visible = json!({
            "iss": did::did_key(named.public_key()),
            "vct": CredentialProfile::of(level).vct,
            "iat": from.unix(), "nbf": from.unix(), "exp": until.unix(),
            "status": {"status_list": {"idx": self.index.get(), "uri": format!("{ISSUER}/status/1.jwt")}},
        });
        if self.fault.get() == Fault::NoStatus {
            visible.as_object_mut().unwrap().remove("status");
        }
        let object = |value: Value| value.as_object().unwrap().clone();
        let mut salts = || {
            let mut salt = [0u8; 16];
            self.rng.fill(&mut salt).unwrap();
            salt
        };
        let unsigned = sd_jwt::prepare(sd_jwt::IssueInput {
            header: object(json!({"kid": did::verification_method(named.public_key())})),
            visible: object(visible),
            disclosable: self.claims(name),
            holder,
            salts: &mut salts,
            decoys: 2,
        })
        .unwrap();
        let signature = signer.sign(unsigned.signing_input()).unwrap();
        json!(unsigned.attach(&signature))
    }

    /// The signed bundle: one issuer, both encodings of one status list, one relying party.
    pub(crate) fn bundle(&self) -> String {
        let issuer = did::did_key(self.signing.public_key());
        let midnight = self.now().start_of_day();
        let end = midnight.add_seconds(365 * DAY);
        let bits = BitString::new(131_072).unwrap();
        let token_uri = format!("{ISSUER}/status/1.jwt");
        let token = status::token_status_list(&token_uri, &issuer, &bits, midnight, end)
            .unwrap()
            .sign(&self.signing)
            .unwrap();
        let uri = format!("{ISSUER}/status/1");
        let list = status::status_list_credential(&uri, &issuer, &bits, midnight, end);
        let text = |en: &str, zh: &str| LocalizedText {
            en: en.to_owned(),
            zh: zh.to_owned(),
        };
        let unsigned = BundleBuilder::new(
            Authority {
                id: "specimen".to_owned(),
                name: text("Specimen Authority", "样本机构"),
            },
            self.now(),
            self.bundle_age.get(),
        )
        .issuer(TrustedIssuer {
            did: issuer,
            not_before: midnight.add_seconds(-365 * DAY),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        })
        .status_list(StatusListEntry {
            uri: token_uri,
            format: StatusListFormat::Token,
            value: json!(token),
        })
        .relying_party(RelyingParty {
            client_id: self.client_id(),
            name: text("Specimen Services", "样本服务"),
            services: ["internet-cafe", "hotel", "bank-account"]
                .map(str::to_owned)
                .to_vec(),
            not_after: None,
        });
        let root = match self.fault.get() {
            Fault::OtherRoot => &self.unlisted,
            _ => &self.root,
        };
        unsigned.build(root.public_key()).sign(root).unwrap()
    }

    /// A request by the registered relying party, good for 300 seconds.
    pub(crate) fn request(
        &self,
        service: &str,
        also: Option<ClaimPath>,
        response_uri: Option<&str>,
    ) -> String {
        let mut builder = self.request_builder(service, &self.relying_party);
        if let Some(path) = also {
            builder = builder.also_ask(path);
        }
        builder
            .response_uri(response_uri)
            .build()
            .unwrap()
            .sign(&self.relying_party)
            .unwrap()
    }

    /// The same by somebody else.
    pub(crate) fn request_by(&self, key: &HolderKey, service: &str) -> String {
        self.request_builder(service, key)
            .build()
            .unwrap()
            .sign(key)
            .unwrap()
    }

    fn request_builder(&self, service: &str, key: &HolderKey) -> RequestBuilder<'static> {
        RequestBuilder::for_service(Catalogue::builtin().get(service).unwrap())
            .client(&did::did_key(key.public_key()))
            .nonce("nonce-of-this-request-1")
            .state(Some("state-1"))
            .issued_at(self.now())
            .expires(self.now().add_seconds(300))
    }

    fn credential_response(&self, request: &HttpRequest) -> HttpResponse {
        assert_eq!(request.bearer.as_ref().unwrap().expose(), "access");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
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
        let answer = json!({"credentials": credentials});
        let encryption = &body["credential_response_encryption"];
        assert_eq!(encryption["enc"], "A256GCM");
        if self.fault.get() == Fault::PlainAnswer {
            return respond(200, "application/json", answer.to_string());
        }
        let jwk = Jwk::from_map(encryption["jwk"].as_object().unwrap().clone()).unwrap();
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        let encrypter = ECDH_ES.encrypter_from_jwk(&jwk).unwrap();
        let jwe =
            josekit::jwe::serialize_compact(answer.to_string().as_bytes(), &header, &encrypter)
                .unwrap();
        respond(200, "application/jwt", jwe)
    }

    fn metadata(&self) -> Value {
        let configurations: BTreeMap<&str, Value> = AssuranceLevel::ALL
            .into_iter()
            .flat_map(|level| Format::ALL.map(|format| (CredentialProfile::of(level), format)))
            .map(|(profile, format)| {
                (profile.configuration(format), json!({"format": format.as_str()}))
            })
            .collect();
        let other = self.fault.get() == Fault::OtherIdentifier;
        json!({
            "credential_issuer": if other { "https://other.example" } else { ISSUER },
            "credential_endpoint": format!("{ISSUER}/credential"),
            "nonce_endpoint": format!("{ISSUER}/nonce"),
            "batch_credential_issuance": {"batch_size": 10},
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
                respond(200, "text/plain", did::did_key(self.root.public_key()))
            }
            (Method::Get, "/bundle") => respond(200, "application/jwt", self.bundle()),
            (Method::Get, "/.well-known/openid-credential-issuer") => json(self.metadata()),
            (Method::Get, "/.well-known/oauth-authorization-server") => {
                let foreign = self.fault.get() == Fault::ForeignTokenEndpoint;
                let base = if foreign { "https://thief.example" } else { ISSUER };
                json(json!({"issuer": ISSUER, "token_endpoint": format!("{base}/token")}))
            }
            (Method::Post, "/nonce") => json(json!({"c_nonce": "c-nonce"})),
            (Method::Post, "/sessions") => {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let proof = body["device_proof"].as_str().unwrap();
                assert_eq!(device::verify(proof, ISSUER, self.now()).unwrap().nonce, "c-nonce");
                json(json!({"session_id": "s-1", "session_token": "session", "state": "started"}))
            }
            (Method::Post, "/sessions/s-1/face") => {
                assert_eq!(request.bearer.as_ref().unwrap().expose(), "session");
                if self.fault.get() == Fault::FaceMismatch {
                    let problem = json!({"code": "face_mismatch", "status": 422});
                    return Ok(respond(422, "application/problem+json", problem.to_string()));
                }
                json(ready(true))
            }
            (Method::Get, "/sessions/s-1") if self.terminal_done.get() => json(ready(false)),
            (Method::Get, "/sessions/s-1") => json(json!({"state": "started"})),
            (Method::Post, "/token") => {
                let form = String::from_utf8(request.body.to_vec()).unwrap();
                if form.contains("pre-authorized_code=one-time") && form.contains("tx_code=123456")
                {
                    json(json!({"access_token": "access", "token_type": "Bearer"}))
                } else {
                    respond(400, "application/json", r#"{"error":"invalid_grant"}"#)
                }
            }
            (Method::Post, "/credential") => self.credential_response(&request),
            (_, path) => respond(404, "text/plain", path),
        })
    }
}

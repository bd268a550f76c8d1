//! An issuer on a loopback listener, and a client with holder keys: what the HTTP tests share.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![expect(dead_code, reason = "each test file uses a part")]

pub(crate) mod chromium;
pub(crate) mod desk;
pub(crate) mod wallet;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use serde_json::{Value, json};
use tessera_issuer::config::Config;
use tessera_issuer::environment::{Clock, SystemEntropy};
use tessera_issuer::face::FaceCheck;
use tessera_issuer::failure::Code;
use tessera_issuer::http::TerminalListener;
use tessera_issuer::keys::{KeyFile, SoftwareKey};
use tessera_issuer::service::{Parts, Service};
use tessera_issuer::store::SledStore;
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::{device, vci};

pub(crate) const NUMBER: &str = "999999199001010024";
pub(crate) const PASSPHRASE: &str = "specimen passphrase";
pub(crate) const NOW: i64 = 1_800_000_000;

/// A clock that stands still until it is told otherwise.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// "Compares" by the first bytes: `SAME…` is the person, `NONE…` has no face, anything else is somebody else.
pub(crate) struct FakeFace;

impl FaceCheck for FakeFace {
    fn compare(&self, photo: &[u8], reference: &[u8]) -> Result<(), Code> {
        match photo.get(..4) {
            Some(b"NONE") => Err(Code::FaceNone),
            Some(start) if reference.starts_with(start) => Ok(()),
            _ => Err(Code::FaceMismatch),
        }
    }
}

/// Everything logged in this process.
#[derive(Clone, Default)]
pub(crate) struct Logs(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) service: Arc<Service>,
    pub(crate) data: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        Self::with(Arc::new(FakeFace), b"SAME reference", |_| {})
    }

    pub(crate) fn with(
        face: Arc<dyn FaceCheck>,
        portrait: &[u8],
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config {
            data: data.path().to_owned(),
            public_url: Some(url.clone()),
            ..Config::default()
        };
        configure(&mut config);
        let clock = Arc::new(TestClock(AtomicI64::new(NOW)));
        let keys = KeyFile::create(
            &data.path().join("keys.json"),
            PASSPHRASE,
            &SystemEntropy,
            NOW,
        );
        let service = Service::new(Parts {
            config,
            store: Arc::new(SledStore::open(&data.path().join("store")).unwrap()),
            keys: keys.unwrap(),
            face,
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
        })
        .unwrap();
        let router = tessera_issuer::http::router(service.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        let issuer = Self {
            url,
            clock,
            service,
            data,
            _runtime: runtime,
        };
        issuer.import(portrait);
        issuer
    }

    /// Listens for terminals: the port.
    pub(crate) fn listen_for_terminals(&self) -> u16 {
        let bound = tokio::net::TcpListener::bind("127.0.0.1:0");
        let tcp = self._runtime.block_on(bound).unwrap();
        let port = tcp.local_addr().unwrap().port();
        let _inside = self._runtime.enter();
        let authority = self.service.terminal_ca().unwrap();
        let names = vec!["127.0.0.1".to_owned()];
        let listener = TerminalListener::new(tcp, authority, names, self.clock.clone()).unwrap();
        let router = tessera_issuer::http::terminal_router(self.service.clone());
        self._runtime
            .spawn(async move { axum::serve(listener, router).await });
        port
    }

    fn import(&self, portrait: &[u8]) {
        self.import_from(&register(portrait));
    }

    /// The specimen moves to this district.
    pub(crate) fn import_in(&self, portrait: &[u8], district: &str) {
        let folder = register(portrait);
        let file = folder.path().join("persons.json");
        let text = std::fs::read_to_string(&file).unwrap();
        let mut persons: Value = serde_json::from_str(&text).unwrap();
        persons[0]["district"] = json!(district);
        std::fs::write(&file, persons.to_string()).unwrap();
        self.import_from(&folder);
    }

    fn import_from(&self, folder: &tempfile::TempDir) {
        let command = tessera_issuer::admin::Command::RegistryImport {
            folder: folder.path().to_owned(),
        };
        self.admin(command);
    }

    pub(crate) fn admin(&self, command: tessera_issuer::admin::Command) -> Value {
        self.try_admin(command)
            .unwrap_or_else(|why| panic!("refused: {why}"))
    }

    pub(crate) fn try_admin(
        &self,
        command: tessera_issuer::admin::Command,
    ) -> Result<Value, String> {
        let service = self.service.clone();
        let outcome = self
            ._runtime
            .block_on(tessera_issuer::admin::execute(&service, command));
        match outcome {
            tessera_issuer::admin::Outcome::Done(value) => Ok(value),
            tessera_issuer::admin::Outcome::Refused(why) => Err(why),
        }
    }

    pub(crate) fn post_json(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.post(path, token, "application/json", body.to_string().as_bytes())
    }

    pub(crate) fn post(
        &self,
        path: &str,
        token: Option<&str>,
        media_type: &str,
        body: &[u8],
    ) -> Answer {
        let mut request = agent()
            .post(format!("{}{path}", self.url))
            .content_type(media_type);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::read(request.send(body).unwrap())
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = agent().get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::read(request.call().unwrap())
    }

    pub(crate) fn nonce(&self) -> String {
        self.post_json("/nonce", None, &json!({})).text("c_nonce")
    }

    /// Opens a session; returns its id and token.
    pub(crate) fn session(&self, number: &str, level: &str) -> (String, String) {
        let about = json!({"level": level, "personal_administrative_number": number});
        self.session_by(&key(), about)
    }

    /// Opens a session from this device, for the specimen unless `about` says otherwise.
    pub(crate) fn session_by(&self, device: &SoftwareKey, about: Value) -> (String, String) {
        let mut body = json!({"personal_administrative_number": NUMBER});
        body["device_proof"] = json!(self.device_proof_by(device, &self.nonce()));
        for (member, value) in about.as_object().unwrap() {
            body[member] = value.clone();
        }
        let answer = self.post_json("/sessions", None, &body);
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        (answer.text("session_id"), answer.text("session_token"))
    }

    pub(crate) fn device_proof(&self, nonce: &str) -> String {
        self.device_proof_by(&key(), nonce)
    }

    pub(crate) fn device_proof_by(&self, key: &SoftwareKey, nonce: &str) -> String {
        device::prepare(key.public_key(), &self.url, nonce, self.time())
            .sign(key)
            .unwrap()
    }

    pub(crate) fn face(&self, session: &(String, String), photo: &[u8]) -> Answer {
        let path = format!("/sessions/{}/face", session.0);
        self.post(&path, Some(&session.1), "image/jpeg", photo)
    }

    /// A proved limited session: the pre-authorized code and its transaction code.
    pub(crate) fn offered(&self) -> (String, String) {
        let answer = self.face(&self.session(NUMBER, "limited"), b"SAME photo");
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        offer_of(&answer)
    }

    pub(crate) fn redeem(&self, code: &str, tx_code: &str) -> Answer {
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code";
        let form = format!("grant_type={grant}&pre-authorized_code={code}&tx_code={tx_code}");
        let media_type = "application/x-www-form-urlencoded";
        self.post("/token", None, media_type, form.as_bytes())
    }

    pub(crate) fn access_token(&self) -> String {
        let (code, tx_code) = self.offered();
        self.redeem(&code, &tx_code).text("access_token")
    }

    pub(crate) fn proof(&self, key: &SoftwareKey, nonce: &str) -> String {
        vci::proof::prepare(key.public_key(), &self.url, nonce, self.time(), None)
            .sign(key)
            .unwrap()
    }

    /// Asks for `count` credentials with fresh keys and a fresh nonce.
    pub(crate) fn credentials(&self, token: &str, configuration: &str, count: usize) -> Answer {
        let nonce = self.nonce();
        let proofs: Vec<String> = (0..count).map(|_| self.proof(&key(), &nonce)).collect();
        self.request(token, configuration, &proofs)
    }

    pub(crate) fn request(&self, token: &str, configuration: &str, proofs: &[String]) -> Answer {
        let body = json!({"credential_configuration_id": configuration, "proofs": {"jwt": proofs}});
        self.post_json("/credential", Some(token), &body)
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp::from_unix(self.clock.now())
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    headers: ureq::http::HeaderMap,
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Value,
}

impl Answer {
    fn read(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let header = response.headers().get("content-type");
        let media_type = header.map_or("", |v| v.to_str().unwrap()).to_owned();
        let raw = response.body_mut().read_to_vec().unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            media_type,
            body: serde_json::from_slice(&raw).unwrap_or(Value::Null),
            raw,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    pub(crate) fn text(&self, member: &str) -> String {
        let value = self.body[member].as_str();
        value
            .unwrap_or_else(|| panic!("no {member}: {self:?}"))
            .to_owned()
    }

    /// Asserts a refusal with this status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        let found = (self.status, self.body["code"].as_str().unwrap_or("?"));
        assert_eq!(found, (status, code), "{}", self.body);
    }
}

/// The pre-authorized code and the transaction code of an answer that offers something.
pub(crate) fn offer_of(answer: &Answer) -> (String, String) {
    (code_of(answer), answer.text("tx_code"))
}

/// The pre-authorized code of an answer that offers something.
pub(crate) fn code_of(answer: &Answer) -> String {
    let grants = &answer.body["credential_offer"]["grants"];
    let code = &grants[vci::PRE_AUTHORIZED_CODE]["pre-authorized_code"];
    code.as_str()
        .unwrap_or_else(|| panic!("no offer: {answer:?}"))
        .to_owned()
}

/// What sixteen connections get that all send at the same moment: none before every one of them is there.
pub(crate) fn at_once<T: Send>(send: impl Fn(usize) -> T + Sync) -> Vec<T> {
    const CONNECTIONS: usize = 16;
    let start = Barrier::new(CONNECTIONS);
    std::thread::scope(|scope| {
        let racer = |number| {
            let (start, send) = (&start, &send);
            scope.spawn(move || {
                start.wait();
                send(number)
            })
        };
        let racers: Vec<_> = (0..CONNECTIONS).map(racer).collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .collect()
    })
}

/// Asserts that one of them succeeded, and that the others were refused with one of these codes; the one.
#[track_caller]
pub(crate) fn only_one(mut answers: Vec<Answer>, refusals: &[&str]) -> Answer {
    let won = answers.iter().position(|answer| answer.status < 400);
    let won = answers.swap_remove(won.unwrap_or_else(|| panic!("none: {answers:?}")));
    for answer in &answers {
        let code = answer.body["code"].as_str().unwrap_or("none");
        assert!(
            refusals.contains(&code),
            "{} {}",
            answer.status,
            answer.body
        );
    }
    won
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into()
}

pub(crate) fn key() -> SoftwareKey {
    SoftwareKey::generate().unwrap().0
}

/// A register of one specimen with this portrait.
pub(crate) fn register(portrait: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let person = json!([{
        "personal_administrative_number": NUMBER,
        "family_name": "SPECIMEN", "given_name": "QUILLA", "name_native": "样本·奎拉",
        "birthdate": "1990-01-01", "sex": "female", "nationalities": ["UTO"],
        "resident_address": "7 Zephyr Passage, Utopia City",
        "document_state": "UTO", "document_number": "UTO000009", "portrait": "portrait.jpg"
    }]);
    std::fs::write(folder.path().join("persons.json"), person.to_string()).unwrap();
    std::fs::write(folder.path().join("portrait.jpg"), portrait).unwrap();
    folder
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

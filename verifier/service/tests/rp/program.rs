//! The program under test, started with a configuration of its own, and the calls of back end, wallet and browser.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use tessera_exchange::jwe::Encrypter;
use tessera_verifier::encoding::{base64, from_base64url};

use crate::world::World;

pub(crate) const SECRET: &str = "specimen-secret-of-the-counter-0123456789";
pub(crate) const OTHER_SECRET: &str = "specimen-secret-of-another-back-end-0123";
pub(crate) const RETURN: &str = "https://shop.example/return?from=wallet";
pub(crate) const ORIGIN: &str = "https://shop.example";

/// An answer of the program.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }

    /// The stable code of a refusal.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        format!(
            "{} {}",
            self.status,
            body["code"].as_str().unwrap_or_default()
        )
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A server of one document, which a test may replace.
pub(crate) struct Mirror {
    pub(crate) url: String,
    pub(crate) answer: Arc<Mutex<Vec<u8>>>,
}

impl Mirror {
    /// Serves raw HTTP answers, each over its own connection.
    pub(crate) fn of(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/bundle", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(answer));
        let kept = Arc::clone(&answer);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(mut socket) = socket else { return };
                let mut heard = [0u8; 4096];
                let _ = socket.read(&mut heard);
                let answer = kept.lock().unwrap().clone();
                let _ = socket.write_all(&answer);
            }
        });
        Self { url, answer }
    }

    pub(crate) fn serving(body: &[u8]) -> Self {
        Self::of(ok(body))
    }

    pub(crate) fn put(&self, answer: Vec<u8>) {
        *self.answer.lock().unwrap() = answer;
    }
}

/// A good answer with this body.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/jwt\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// The program, running. Dropping it ends it.
pub(crate) struct Program {
    pub(crate) url: String,
    pub(crate) folder: tempfile::TempDir,
    child: Child,
}

/// Writes further files into a folder, given the signing key's PKCS#8.
pub(crate) type Files<'a> = &'a dyn Fn(&Path, &[u8]);

/// What a test changes of the configuration.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    pub(crate) plain: bool,
    pub(crate) client: Option<&'a str>,
    pub(crate) top: &'a str,
    /// Whether the café takes several credentials of a kind.
    pub(crate) multiple: bool,
    pub(crate) requests: &'a str,
    pub(crate) bundle: &'a str,
    pub(crate) host: Option<&'a str>,
    pub(crate) refresh: Option<u64>,
    pub(crate) files: Option<Files<'a>>,
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Writes a configuration and the files it names; returns its path.
pub(crate) fn configure(
    folder: &Path,
    port: u16,
    root: &str,
    mirror: &str,
    setup: &Setup<'_>,
) -> PathBuf {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        base64(key.as_ref())
    );
    std::fs::write(folder.join("rp.key"), pem).unwrap();
    std::fs::write(folder.join("counter.secret"), format!("{SECRET}\n")).unwrap();
    std::fs::write(folder.join("other.secret"), OTHER_SECRET).unwrap();
    if let Some(files) = setup.files {
        files(folder, key.as_ref());
    }
    let (encrypted, host) = (!setup.plain, setup.host.unwrap_or("127.0.0.1"));
    let config = format!(
        r#"
listen = "127.0.0.1:{port}"
public_url = "http://{host}:{port}"
{top}
[client]
key_file = "rp.key"
{client}
[bundle]
url = "{mirror}"
root = "{root}"
refresh_seconds = {refresh}
fetch_seconds = 2
{bundle}
[[back_ends]]
name = "counter"
secret_file = "counter.secret"
return_urls = ["{RETURN}"]
origins = ["{ORIGIN}"]
[[back_ends]]
name = "other"
secret_file = "other.secret"
services = ["internet-cafe"]
[services.internet-cafe]
back_end = [["age_equal_or_over", "18"]]
page = [["age_equal_or_over", "18"]]
{multiple}
[services.hotel]
back_end = [["family_name"]]
[requests]
encrypted = {encrypted}
{requests}
"#,
        top = setup.top,
        multiple = if setup.multiple {
            "multiple = true"
        } else {
            ""
        },
        refresh = setup.refresh.unwrap_or(1),
        client = setup.client.unwrap_or("identifier = \"did\""),
        bundle = setup.bundle,
        requests = setup.requests,
    );
    let path = folder.join("rp.toml");
    std::fs::write(&path, config).unwrap();
    path
}

pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tessera-rp"))
}

impl Program {
    /// Starts it and waits until it has a bundle.
    pub(crate) fn start(world: &World, setup: &Setup<'_>) -> Self {
        let mirror = Mirror::serving(&world.bundle(60));
        let program = Self::start_with(world, &mirror, setup);
        program.until_ready();
        program
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start_with(world: &World, mirror: &Mirror, setup: &Setup<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let config = configure(folder.path(), port, &world.root.did(), &mirror.url, setup);
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = command()
            .args(["serve", "--config"])
            .arg(config)
            .env("TESSERA_RP_LOG__FORMAT", "json")
            .env("TESSERA_RP_LOG__FILTER", "debug")
            .stderr(log)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let program = Self {
            url: format!("http://127.0.0.1:{port}"),
            folder,
            child,
        };
        program.until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        program
    }

    pub(crate) fn until_ready(&self) {
        self.until(|| self.get("/readyz").status == 200);
    }

    pub(crate) fn until(&self, done: impl Fn() -> bool) {
        let begun = Instant::now();
        while !done() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "not in time: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Ends it as an operator would.
    pub(crate) fn terminate(&mut self) -> bool {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        sent.success() && self.child.wait().unwrap().success()
    }

    // --- calls ---

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let url = match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}{path}", self.url),
        };
        let agent: ureq::Agent = ureq::config::Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let mut answer = match method {
            "GET" => {
                let call = agent.get(&url);
                headers
                    .iter()
                    .fold(call, |call, (name, value)| call.header(*name, *value))
                    .call()
                    .unwrap()
            }
            _ => {
                let call = agent.post(&url);
                headers
                    .iter()
                    .fold(call, |call, (name, value)| call.header(*name, *value))
                    .send(body)
                    .unwrap()
            }
        };
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    value.to_str().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        Answer {
            status: answer.status().as_u16(),
            headers,
            text: answer.body_mut().read_to_string().unwrap(),
        }
    }

    pub(crate) fn start_as(&self, secret: &str, wanted: &Value) -> Answer {
        let bearer = format!("Bearer {secret}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        self.send("POST", "/requests", &headers, &wanted.to_string())
    }

    /// Starts a request that must be taken.
    pub(crate) fn ask(&self, wanted: &Value) -> Asked {
        let answer = self.start_as(SECRET, wanted);
        assert_eq!(answer.status, 201, "{}", answer.text);
        Asked(answer.json())
    }

    pub(crate) fn ask_cafe(&self) -> Asked {
        self.ask(&json!({"service": "internet-cafe", "flow": "cross_device"}))
    }

    /// What a wallet does with a link: the payload of the request object.
    pub(crate) fn fetch(&self, asked: &Asked) -> Value {
        let answer = self.get(&asked.request_uri());
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(
            answer.header("content-type"),
            "application/oauth-authz-req+jwt"
        );
        payload(&answer.text)
    }

    pub(crate) fn post_form(&self, url: &str, parameters: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", url, &headers, &body)
    }

    /// Posts a `vp_token` as the request asks for it.
    pub(crate) fn respond(&self, asked: &Value, vp_token: &Value) -> Answer {
        let state = asked["state"].as_str().unwrap();
        let url = asked["response_uri"].as_str().unwrap();
        match asked["response_mode"].as_str().unwrap() {
            "direct_post" => {
                let token = vp_token.to_string();
                self.post_form(url, &[("vp_token", &token), ("state", state)])
            }
            "direct_post.jwt" => {
                let clear = json!({"vp_token": vp_token, "state": state});
                self.post_form(url, &[("response", &encrypt(asked, &clear))])
            }
            other => panic!("{other}"),
        }
    }

    pub(crate) fn result(&self, asked: &Asked) -> Answer {
        self.result_with(asked, SECRET, "")
    }

    pub(crate) fn result_with(&self, asked: &Asked, secret: &str, query: &str) -> Answer {
        let bearer = format!("Bearer {secret}");
        let path = format!("/requests/{}/result{query}", asked.id());
        self.send("GET", &path, &[("authorization", &bearer)], "")
    }

    pub(crate) fn dc_api(&self, asked: &Asked, body: &Value) -> Answer {
        let bearer = format!("Bearer {SECRET}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let path = format!("/requests/{}/dc_api", asked.id());
        self.send("POST", &path, &headers, &body.to_string())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the back end was told when it started a request.
pub(crate) struct Asked(pub(crate) Value);

impl Asked {
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    pub(crate) fn link(&self) -> url::Url {
        url::Url::parse(self.0["link"].as_str().unwrap()).unwrap()
    }

    pub(crate) fn request_uri(&self) -> String {
        let link = self.link();
        let mut pairs = link.query_pairs();
        let found = pairs.find(|(name, _)| name == "request_uri");
        found.unwrap().1.into_owned()
    }

    pub(crate) fn page(&self) -> String {
        self.0["page"].as_str().unwrap().to_owned()
    }
}

/// The payload of a JWS, read without our own code.
pub(crate) fn payload(compact: &str) -> Value {
    let part = compact.split('.').nth(1).unwrap();
    serde_json::from_slice(&from_base64url(part).unwrap()).unwrap()
}

/// A JWE to the key of the request.
pub(crate) fn encrypt(asked: &Value, clear: &Value) -> String {
    let key = &asked["client_metadata"]["jwks"]["keys"][0];
    let encrypter = Encrypter::new(key, "A256GCM").unwrap();
    encrypter.encrypt(clear.to_string().as_bytes()).unwrap()
}

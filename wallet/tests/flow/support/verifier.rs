//! A foreign verifier with a real HTTP server, honest or not, and the wallet's real HTTP client.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::{did, jws};
use tessera_wallet::Surroundings;
use tessera_wallet::http::HttpTransport;
use tessera_wallet::secret::HolderKey;
use tessera_wallet::transport::{HttpRequest, HttpResponse, Transport, TransportError};

use super::{World, key};

/// What the server says to one path.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: String::new(),
            body: body.into(),
        }
    }
}

/// What it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn form(&self) -> std::collections::BTreeMap<String, String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }
}

type Handler = dyn Fn(&Received) -> Answer + Send + Sync;

pub(crate) struct Verifier {
    pub(crate) key: HolderKey,
    pub(crate) origin: String,
    received: Arc<Mutex<Vec<Received>>>,
    handler: Arc<Mutex<Arc<Handler>>>,
    /// The request object at [`SERVED`].
    served: Arc<Mutex<String>>,
    http: HttpTransport,
}

/// Where a request object is fetched that a test hands over as such; fetching it is not among what was received.
const SERVED: &str = "/request/of-the-test";

impl Verifier {
    /// Serves on a free port of this machine until the test process ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Handler> = Arc::new(|_: &Received| Answer::ok("{}"));
        let handler = Arc::new(Mutex::new(handler));
        let served = Arc::new(Mutex::new(String::new()));
        let (log, current, object) = (received.clone(), handler.clone(), served.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else {
                    continue;
                };
                if request.line.ends_with(SERVED) {
                    write(stream, &Answer::ok(object.lock().unwrap().clone()));
                    continue;
                }
                log.lock().unwrap().push(request.clone());
                let handler: Arc<Handler> = Arc::clone(&current.lock().unwrap());
                write(stream, &handler(&request));
            }
        });
        Self {
            key: key(),
            origin,
            received,
            handler,
            served,
            http: HttpTransport::new(),
        }
    }

    pub(crate) fn answers(&self, handler: impl Fn(&Received) -> Answer + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Arc::new(handler);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Serves this request object from now on; the link that leads there, of the client that the request names.
    pub(crate) fn serves(&self, compact: &str) -> String {
        compact.clone_into(&mut self.served.lock().unwrap());
        let payload = compact
            .split('.')
            .nth(1)
            .and_then(|part| from_base64url(part).ok());
        let payload: Value = payload
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", payload["client_id"].as_str().unwrap_or("-"));
        form.append_pair("request_uri", &format!("{}{SERVED}", self.origin));
        format!("openid4vp://?{}", form.finish())
    }

    pub(crate) fn client_id(&self) -> String {
        format!(
            "decentralized_identifier:{}",
            did::did_key(self.key.public_key())
        )
    }

    /// A request for the family name, by direct_post to this server, without anything that is ours.
    pub(crate) fn parameters(&self) -> Value {
        json!({
            "client_id": self.client_id(),
            "response_type": "vp_token",
            "response_mode": "direct_post",
            "response_uri": format!("{}/response", self.origin),
            "nonce": "n-0S6_WzA2Mj",
            "state": "af0ifjsldkj",
            "aud": "https://self-issued.me/v2",
            "dcql_query": {"credentials": [{
                "id": "pid",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": AssuranceLevel::ALL.map(|level| CredentialProfile::of(level).vct)},
                "claims": [{"path": ["family_name"]}],
            }]},
        })
    }

    pub(crate) fn sign(&self, payload: &Value) -> String {
        let header = json!({"typ": "oauth-authz-req+jwt", "kid": did::verification_method(self.key.public_key())});
        jws::sign(header, payload, &self.key).unwrap()
    }

    /// The request with a change, signed.
    pub(crate) fn request(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut payload = self.parameters();
        change(&mut payload);
        self.sign(&payload)
    }

    /// An `openid4vp://` link with these parameters.
    pub(crate) fn link(&self, pairs: &[(&str, &str)]) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", &self.client_id());
        form.extend_pairs(pairs);
        format!("openid4vp://?{}", form.finish())
    }

    /// The wallet's surroundings with this verifier really on the network.
    pub(crate) fn surroundings<'a>(&'a self, world: &'a World) -> Surroundings<'a> {
        Surroundings {
            transport: self,
            ..world.surroundings()
        }
    }
}

impl Transport for Verifier {
    fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.http.send(request)
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let mut stream = stream;
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length:")
                        .map(str::to_owned)
                })
                .find_map(|value| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                let line = head.lines().next()?.rsplit_once(' ')?.0.to_owned();
                return Some(Received {
                    line,
                    body: body.to_owned(),
                });
            }
        }
        match stream.read(&mut chunk).ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

fn write(mut stream: TcpStream, answer: &Answer) {
    let head = format!(
        "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n",
        answer.status,
        answer.body.len(),
        answer.headers
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(answer.body.as_bytes());
}

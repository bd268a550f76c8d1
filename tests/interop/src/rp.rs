//! A foreign wallet answers our relying party's server over HTTP (OpenID4VP 1.0).

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_verifier::bundle::{
    Authority, BundleBuilder, StatusListEntry, StatusListFormat, TrustedIssuer,
};
use tessera_verifier::catalogue::LocalizedText;
use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::PublicKey;
use tessera_verifier::status::{BitString, token_status_list};

use crate::exchange::Peers;
use crate::keys::Key;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::sd_jwt::issue_to;
use crate::specimen::{key, now};

const PEER: &str = "@openid4vc/openid4vp";
const SECRET: &str = "specimen-secret-of-the-counter-0123456789";
const ORIGIN: &str = "https://shop.example";
const LIST: &str = "https://issuer.example/status/1.jwt";
const DAY: i64 = 86_400;
const PATIENCE: Duration = Duration::from_secs(20);

/// Every response mode.
pub fn run(peers: &Peers, matrix: &mut Matrix) {
    for (flow, encrypted, mode) in [
        ("cross_device", false, "direct_post"),
        ("cross_device", true, "direct_post.jwt"),
        ("dc_api", false, "dc_api"),
        ("dc_api", true, "dc_api.jwt"),
    ] {
        let subject = format!("OpenID4VP {mode} to tessera-rp");
        matrix.ask(&subject, PEER, Way::TheirsToOurs, || {
            answered(peers, flow, encrypted, mode)
        });
    }
}

fn answered(peers: &Peers, flow: &str, encrypted: bool, mode: &str) -> Outcome {
    let holder = peers.node.ask("vp-key", json!({}))?;
    let public = PublicKey::from_jwk(&holder["public"]).map_err(Stop::fail)?;
    let issuer = key()?;
    let program = Program::start(&issuer, encrypted)?;
    let credential = issue_to(&issuer, &public)?;
    let answer = |credential: &str| -> Result<(Value, Value), Stop> {
        let mut wanted = json!({"service": "internet-cafe", "flow": flow});
        if flow == "dc_api" {
            wanted["origin"] = json!(ORIGIN);
        }
        let asked = program.call("POST", "/requests", &wanted)?.1;
        let mut question =
            json!({"sd_jwt": credential, "holder_jwk": holder["private"], "now": now()?});
        match flow {
            "dc_api" => {
                question["request"] = asked["digital"]["requests"][0]["data"]["request"].clone();
                question["origin"] = json!(ORIGIN);
            }
            _ => question["link"] = asked["link"].clone(),
        }
        let mut said = peers.node.ask("vp-answer", question)?;
        let id = asked["id"].as_str().unwrap_or_default();
        if flow == "dc_api" {
            let body =
                json!({"protocol": "openid4vp-v1-signed", "origin": ORIGIN, "data": said["data"]});
            let (status, _) = program.call("POST", &format!("/requests/{id}/dc_api"), &body)?;
            said["status"] = json!(status);
        }
        let path = format!("/requests/{id}/result");
        Ok((said, program.call("GET", &path, &Value::Null)?.1))
    };
    let (said, result) = answer(&credential)?;
    demand(said["mode"] == mode, "the wallet saw another response mode")?;
    demand(said["status"] == 200, &format!("we refused: {said}"))?;
    demand(
        result["state"] == "verified",
        &format!("not verified: {result}"),
    )?;
    demand(
        result["credentials"][0]["claims"] == json!({"age_equal_or_over": {"18": true}}),
        "other claims than asked",
    )?;
    // The same wallet with a credential of somebody whom nobody trusts.
    let (said, result) = answer(&issue_to(&key()?, &public)?)?;
    demand(said["status"] == 400, "a stranger's credential was taken")?;
    demand(
        result["last_refusal"] == "issuer_untrusted",
        &format!("refused for another reason: {result}"),
    )?;
    Ok(format!(
        "{} as OpenID4VP {}",
        said["client"], said["version"]
    ))
}

/// `tessera-rp` beside this program, with a mirror of a bundle of our own.
struct Program {
    address: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Program {
    fn start(issuer: &Key, encrypted: bool) -> Result<Self, Stop> {
        let folder = tempfile::tempdir().map_err(Stop::fail)?;
        let root = key()?;
        let mirror = mirror(bundle(&root, issuer)?)?;
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(Stop::fail)?
            .to_string();
        let beside = std::env::current_exe().map_err(Stop::fail)?;
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).map_err(Stop::fail)
        };
        let made = Command::new(beside.with_file_name("tessera-verify"))
            .args(["keygen", "--out"])
            .arg(folder.path().join("rp.key"))
            .stdout(Stdio::null())
            .status()
            .map_err(Stop::fail)?;
        demand(made.success(), "no key was made")?;
        write("secret", SECRET.to_owned())?;
        write(
            "rp.toml",
            format!(
                "listen = \"{address}\"\n[client]\nkey_file = \"rp.key\"\n[bundle]\nurl = \"{mirror}\"\nroot = \"{}\"\n\
                 [[back_ends]]\nname = \"counter\"\nsecret_file = \"secret\"\norigins = [\"{ORIGIN}\"]\n\
                 [services.internet-cafe]\nback_end = [[\"age_equal_or_over\", \"18\"]]\n[requests]\nencrypted = {encrypted}\n",
                root.did()
            ),
        )?;
        let child = Command::new(beside.with_file_name("tessera-rp"))
            .args(["serve", "--config"])
            .arg(folder.path().join("rp.toml"))
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Stop::fail(format!("tessera-rp: {error}")))?;
        let program = Self {
            address,
            child,
            _folder: folder,
        };
        program.until_ready()?;
        Ok(program)
    }

    fn until_ready(&self) -> Result<(), Stop> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Ok((200, _)) = self.call("GET", "/readyz", &Value::Null) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Stop::fail("tessera-rp is not ready"))
    }

    /// One call as the back end: the status, and the body where it is JSON.
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value), Stop> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let mut socket = TcpStream::connect(&self.address).map_err(Stop::fail)?;
        socket
            .set_read_timeout(Some(PATIENCE))
            .map_err(Stop::fail)?;
        write!(
            socket,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {SECRET}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .map_err(Stop::fail)?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).map_err(Stop::fail)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(Stop::fail("no HTTP answer"))?;
        Ok((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bundle that trusts the issuer, with a status list in which nothing is revoked.
fn bundle(root: &Key, issuer: &Key) -> Result<String, Stop> {
    let now = now()?;
    let text = |text: &str| LocalizedText {
        en: text.to_owned(),
        zh: text.to_owned(),
    };
    let authority = Authority {
        id: "specimen".to_owned(),
        name: text("Specimen Authority"),
    };
    let bits = BitString::new(0).map_err(Stop::fail)?;
    let (from, until) = (now.add_seconds(-3600), now.add_seconds(DAY));
    let list = token_status_list(LIST, &issuer.did(), &bits, from, until).map_err(Stop::fail)?;
    BundleBuilder::new(authority, from, DAY)
        .issuer(TrustedIssuer {
            did: issuer.did(),
            not_before: now.add_seconds(-100 * DAY),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        })
        .status_list(StatusListEntry {
            uri: LIST.to_owned(),
            format: StatusListFormat::Token,
            value: json!(list.sign(issuer).map_err(Stop::fail)?),
        })
        .build(root.public_key())
        .sign(root)
        .map_err(Stop::fail)
}

/// Serves the bundle to whoever asks, for the life of this program.
fn mirror(bundle: String) -> Result<String, Stop> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Stop::fail)?;
    let url = format!(
        "http://{}/bundle",
        listener.local_addr().map_err(Stop::fail)?
    );
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let mut heard = [0; 4096];
            let _ = socket.read(&mut heard);
            let _ = write!(
                socket,
                "HTTP/1.1 200 OK\r\ncontent-type: application/jwt\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{bundle}",
                bundle.len()
            );
        }
    });
    Ok(url)
}

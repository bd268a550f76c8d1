//! A foreign wallet takes credentials of our issuer over HTTP (OpenID4VCI 1.0).

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_verifier::{did, sd_jwt};

use crate::exchange::Peers;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};

const PEER: &str = "@openid4vc/openid4vci";
const CONFIGURATION: &str = "identity_limited_sd_jwt";
/// A person of the specimen register, and a photo of her.
const PERSON: (&str, &str) = ("999999198605140140", "person_b_2.jpg");
/// How long the issuer may take to read its models.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both grants, with DPoP and a nonce of the server.
pub fn run(peers: &Peers, matrix: &mut Matrix) {
    let program = Program::start();
    for (browser, grant) in [(false, "pre-authorized"), (true, "authorization code")] {
        let subject = format!("OpenID4VCI {grant}, DPoP, from tessera-issuer");
        matrix.ask(&subject, PEER, Way::OursToTheirs, || match &program {
            Ok(program) => issued(peers, program, browser),
            Err(Stop::Skip(why)) => Err(Stop::Skip(why.clone())),
            Err(Stop::Fail(why)) => Err(Stop::Fail(why.clone())),
        });
    }
}

fn issued(peers: &Peers, program: &Program, browser: bool) -> Outcome {
    let (number, photo) = PERSON;
    let photo = fixtures().join("photos").join(photo);
    let enrol = || -> Result<Value, Stop> {
        let question = json!({"url": program.url, "number": number, "photo": photo});
        let mut granted = peers.node.ask("vci-enrol", question)?;
        granted["configuration"] = json!(CONFIGURATION);
        granted["batch"] = json!(2);
        granted["browser"] = json!(browser);
        Ok(granted)
    };
    let mut twice = enrol()?;
    twice["replay"] = json!(true);
    let what = "one code for two tokens";
    peers.node.refuses("vci-receive", twice, what)?;
    let got = peers.node.ask("vci-receive", enrol()?)?;
    demand(
        got["token_type"] == "DPoP",
        &format!("no bound token: {got}"),
    )?;
    let credentials = got["credentials"].as_array().cloned().unwrap_or_default();
    demand(credentials.len() == 2, "not one credential for each proof")?;
    let mut holders = Vec::new();
    for credential in &credentials {
        let text = credential.as_str().unwrap_or_default();
        let parsed = sd_jwt::parse(text).map_err(Stop::fail)?;
        let payload = parsed.payload_unverified();
        let iss = payload["iss"].as_str().unwrap_or_default();
        let (_, key) = did::resolve(iss).map_err(Stop::fail)?;
        let claims = sd_jwt::verify_issued(text, &key).map_err(Stop::fail)?;
        demand(claims["family_name"] == "SPECIMEN", "another person")?;
        holders.push(claims["cnf"]["jwk"].clone());
    }
    demand(
        holders.first() != holders.get(1),
        "one key for two credentials",
    )?;
    Ok("a batch of 2, each to a key of its own; a code buys one token".to_owned())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Our issuer, with a data folder of its own.
struct Program {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Program {
    fn start() -> Result<Self, Stop> {
        let here = std::env::current_exe().map_err(Stop::fail)?;
        let program = here.with_file_name("tessera-issuer");
        if !program.is_file() {
            return Err(Stop::Skip("tessera-issuer is not built here".to_owned()));
        }
        let folder = tempfile::tempdir().map_err(Stop::fail)?;
        let registry = folder.path().join("registry");
        std::fs::create_dir(&registry).map_err(Stop::fail)?;
        for from in ["registry", "photos"] {
            for entry in std::fs::read_dir(fixtures().join(from)).map_err(Stop::fail)? {
                let path = entry.map_err(Stop::fail)?.path();
                if let (true, Some(name)) = (path.is_file(), path.file_name()) {
                    std::fs::copy(&path, registry.join(name)).map_err(Stop::fail)?;
                }
            }
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let listen = free.map_err(Stop::fail)?.to_string();
        let command = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command
                .arg("--data")
                .arg(folder.path().join("data"))
                .args(arguments)
                .env("TESSERA_ISSUER_PASSPHRASE", "specimen authority passphrase")
                .env("TESSERA_ISSUER_LISTEN", &listen)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command
        };
        for arguments in [
            &["init"][..],
            &["registry", "import", &registry.to_string_lossy()],
        ] {
            let done = command(arguments).status().map_err(Stop::fail)?;
            demand(
                done.success(),
                &format!("tessera-issuer {}", arguments.join(" ")),
            )?;
        }
        let child = command(&["serve"]).spawn().map_err(Stop::fail)?;
        let started = Self {
            child,
            url: format!("http://{listen}"),
            _folder: folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(&listen).is_err() {
            demand(begun.elapsed() < PATIENCE, "tessera-issuer does not answer")?;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(started)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

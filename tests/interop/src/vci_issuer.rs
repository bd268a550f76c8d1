//! A foreign wallet takes credentials of our issuer over HTTP (OpenID4VCI 1.0).

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_verifier::key::PublicKey;
use tessera_verifier::{did, sd_jwt};

use crate::exchange::Peers;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};

const PEER: &str = "@openid4vc/openid4vci";
const CONFIGURATION: &str = "identity_limited_sd_jwt";
/// A person of the specimen register, and a photo of her.
const PERSON: (&str, &str) = ("999999198605140140", "person_b_2.jpg");
/// How long the issuer may take to read its models.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both grants, with DPoP and a nonce of the server, without and with attestation of wallet and keys.
pub fn run(peers: &Peers, matrix: &mut Matrix) {
    let providers = Providers::new(peers);
    for attested in [false, true] {
        let program = match (attested, &providers) {
            (false, _) => Program::start(""),
            (true, Ok(providers)) => Program::start(&providers.configuration),
            (true, Err(why)) => Err(again(why)),
        };
        let what = if attested { "DPoP, attested" } else { "DPoP" };
        for (browser, grant) in [(false, "pre-authorized"), (true, "authorization code")] {
            let subject = format!("OpenID4VCI {grant}, {what}, from tessera-issuer");
            matrix.ask(&subject, PEER, Way::OursToTheirs, || {
                let program = program.as_ref().map_err(again)?;
                let providers = match attested {
                    true => Some(providers.as_ref().map_err(again)?),
                    false => None,
                };
                issued(peers, program, browser, providers)
            });
        }
    }
}

/// The same reason for another row.
fn again(why: &Stop) -> Stop {
    match why {
        Stop::Skip(why) => Stop::Skip(why.clone()),
        Stop::Fail(why) => Stop::Fail(why.clone()),
    }
}

/// Two wallet providers with keys by jose; our issuer believes the first.
struct Providers {
    trusted: Value,
    stranger: Value,
    configuration: String,
}

impl Providers {
    fn new(peers: &Peers) -> Result<Self, Stop> {
        let trusted = peers.node.ask("vci-provider", json!({}))?;
        let stranger = peers.node.ask("vci-provider", json!({}))?;
        let key = PublicKey::from_jwk(&trusted["public"]).map_err(Stop::fail)?;
        let did = did::did_key(&key);
        Ok(Self {
            configuration: format!(
                "[wallets]\nrequire_attestation = true\nattesters = [\"{did}\"]\n\
                 key_attesters = [\"{did}\"]\nkey_storage = [\"iso_18045_high\"]\n"
            ),
            trusted: trusted["private"].clone(),
            stranger: stranger["private"].clone(),
        })
    }
}

fn issued(
    peers: &Peers,
    program: &Program,
    browser: bool,
    providers: Option<&Providers>,
) -> Outcome {
    let (number, photo) = PERSON;
    let photo = fixtures().join("photos").join(photo);
    let enrol = || -> Result<Value, Stop> {
        let question = json!({"url": program.url, "number": number, "photo": photo});
        let mut granted = peers.node.ask("vci-enrol", question)?;
        granted["configuration"] = json!(CONFIGURATION);
        granted["batch"] = json!(2);
        granted["browser"] = json!(browser);
        if let Some(providers) = providers {
            granted["provider"] = providers.trusted.clone();
        }
        Ok(granted)
    };
    let with = |name: &str, value: Value| -> Result<Value, Stop> {
        let mut question = enrol()?;
        question[name] = value;
        Ok(question)
    };
    let refuses = |question, what| peers.node.refuses("vci-receive", question, what);
    refuses(with("replay", json!(true))?, "one code for two tokens")?;
    // By either grant the wallet and its keys are held to the same.
    if let (Some(providers), false) = (providers, browser) {
        let stranger = &providers.stranger;
        refuses(
            with("provider", Value::Null)?,
            "a wallet without attestation",
        )?;
        refuses(
            with("provider", stranger.clone())?,
            "a wallet that a stranger attests",
        )?;
        refuses(
            with("keyProvider", Value::Null)?,
            "keys without attestation",
        )?;
        refuses(
            with("keyProvider", stranger.clone())?,
            "keys that a stranger attests",
        )?;
    }
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
    Ok(match providers {
        None => "a batch of 2, each to a key of its own; a code buys one token".to_owned(),
        Some(_) if browser => "a batch of 2, wallet and keys attested".to_owned(),
        Some(_) => "a batch of 2; without the provider's word, or by a stranger's, none".to_owned(),
    })
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
    fn start(configuration: &str) -> Result<Self, Stop> {
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
        let file = folder.path().join("issuer.toml");
        std::fs::write(&file, configuration).map_err(Stop::fail)?;
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
                .env("TESSERA_ISSUER_CONFIG", &file)
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

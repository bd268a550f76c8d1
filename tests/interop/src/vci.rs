//! Our wallet takes credentials of a foreign issuer over HTTP (OpenID4VCI 1.0).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::exchange::Peers;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};

const PEER: &str = "@openid4vc/openid4vci";

/// Both grants, with DPoP, with and without attestation of wallet and keys.
pub fn run(peers: &Peers, matrix: &mut Matrix) {
    for (attested, what) in [(false, "DPoP"), (true, "DPoP, attested")] {
        for (code, grant) in [(false, "pre-authorized"), (true, "authorization code")] {
            let subject = format!("OpenID4VCI {grant}, {what}, to tessera");
            matrix.ask(&subject, PEER, Way::TheirsToOurs, || {
                received(peers, code, attested)
            });
        }
    }
}

fn received(peers: &Peers, code: bool, attested: bool) -> Outcome {
    let provider = peers.node.ask("vci-provider", json!({}))?;
    let attester = match attested {
        true => provider["public"].clone(),
        false => Value::Null,
    };
    let mut question = json!({});
    if attested {
        question["attester"] = attester;
    }
    let issuer = peers.node.ask("vci-issuer", question)?;
    let wallet = Wallet::new(&provider["private"])?;
    let grant = if code {
        "authorizationCode"
    } else {
        "preAuthorized"
    };
    let offer = issuer["offers"][grant].as_str().unwrap_or_default();
    let mut arguments = vec!["receive", offer, "--yes", "--local", "--json"];
    let file = wallet.attester.display().to_string();
    if attested {
        let refused = wallet.run(&[&arguments[..], &["--tx-code", "4711"]].concat())?;
        let said = &refused["error"]["code"];
        demand(
            said == "attestation_needed",
            &format!("not attested: {refused}"),
        )?;
        arguments.extend(["--attester", &file]);
    }
    let got = if code {
        arguments.push("--paste");
        let mut waiting = wallet.start(&arguments)?;
        let link = waiting.link()?;
        let agreed = peers
            .node
            .ask("vci-agree", json!({"url": issuer["url"], "link": link}))?;
        waiting.answer(agreed["redirected"].as_str().unwrap_or_default())?
    } else {
        let wrong = wallet.run(&[&arguments[..], &["--tx-code", "0000"]].concat())?;
        let said = &wrong["error"]["code"];
        demand(said == "invalid_grant", &format!("a wrong code: {wrong}"))?;
        wallet.run(&[&arguments[..], &["--tx-code", "4711"]].concat())?
    };
    let credential = &got["credential"];
    demand(credential["issued"] == 3, &format!("no batch: {got}"))?;
    demand(
        credential["signed_by"] == issuer["url"],
        "another name than the authenticated one",
    )?;
    let id = credential["id"].as_str().unwrap_or_default();
    let shown = wallet.run(&["show", id, "--json"])?;
    demand(
        shown["claims"]["family_name"] == "SPECIMEN",
        &format!("other claims: {shown}"),
    )?;
    let told = peers.node.ask("vci-told", json!({"url": issuer["url"]}))?;
    demand(
        told["events"] == json!(["credential_accepted"]),
        &format!("the issuer heard {told}"),
    )?;
    let checks = told["checks"].as_array().cloned().unwrap_or_default();
    let checks: Vec<&str> = checks.iter().filter_map(Value::as_str).collect();
    Ok(format!("a batch of 3; they checked {}", checks.join(", ")))
}

/// A wallet in a folder of its own, by the `tessera` command beside this program.
struct Wallet {
    program: PathBuf,
    folder: tempfile::TempDir,
    attester: PathBuf,
}

impl Wallet {
    fn new(provider: &Value) -> Result<Self, Stop> {
        let here = std::env::current_exe().map_err(Stop::fail)?;
        let program = here.with_file_name("tessera");
        if !program.is_file() {
            return Err(Stop::Skip(
                "the tessera command is not built here".to_owned(),
            ));
        }
        let folder = tempfile::tempdir().map_err(Stop::fail)?;
        let attester = folder.path().join("attester.json");
        let said = json!({
            "client_id": "specimen-wallet", "issuer": "https://provider.example", "jwk": provider,
            "key_storage": ["iso_18045_high"],
        });
        std::fs::write(&attester, said.to_string()).map_err(Stop::fail)?;
        let wallet = Self {
            program,
            folder,
            attester,
        };
        wallet.run(&["init", "--json"])?;
        Ok(wallet)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let store: &Path = &self.folder.path().join("wallet");
        command
            .args(arguments)
            .env("TESSERA_STORE", store)
            .env("TESSERA_PASSPHRASE", "correct horse battery")
            .env_remove("TESSERA_LANG")
            .env_remove("TESSERA_ATTESTER");
        command
    }

    /// What the command prints, be it a result or a refusal.
    fn run(&self, arguments: &[&str]) -> Result<Value, Stop> {
        let output = self
            .command(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(Stop::fail)?;
        serde_json::from_slice(&output.stdout).map_err(Stop::fail)
    }

    fn start(&self, arguments: &[&str]) -> Result<Waiting, Stop> {
        let child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Stop::fail)?;
        Ok(Waiting { child })
    }
}

/// A command that waits for the browser.
struct Waiting {
    child: Child,
}

impl Waiting {
    /// The link it prints; what it prints later is read as well.
    fn link(&mut self) -> Result<String, Stop> {
        let stderr = self.child.stderr.take().ok_or(Stop::fail("no pipe"))?;
        let (found, link) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if line.starts_with("http://") && line.contains("client_id=") {
                    let _ = found.send(line);
                }
            }
        });
        link.recv().map_err(Stop::fail)
    }

    fn answer(mut self, redirected: &str) -> Result<Value, Stop> {
        let mut stdin = self.child.stdin.take().ok_or(Stop::fail("no pipe"))?;
        writeln!(stdin, "{redirected}").map_err(Stop::fail)?;
        drop(stdin);
        let output = self.child.wait_with_output().map_err(Stop::fail)?;
        serde_json::from_slice(&output.stdout).map_err(Stop::fail)
    }
}

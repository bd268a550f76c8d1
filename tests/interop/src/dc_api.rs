//! A foreign verifier's page calls our wallet by the Digital Credentials API (OpenID4VP 1.0 appendix A): `tessera dc-api`
//! stands where a platform's wallet would.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::LocalSigner as _;

use crate::exchange::Peers;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::specimen::key;
use crate::verifier_peer::{PASSPHRASE, stocked};

const PEER: &str = "@openid4vc/openid4vp";
const ORIGIN: &str = "https://shop.example";

/// In the clear and encrypted, unsigned and signed.
pub fn run(peers: &Peers, matrix: &mut Matrix) {
    for mode in ["dc_api", "dc_api.jwt"] {
        for (signed, how) in [(false, "unsigned"), (true, "signed")] {
            let subject = format!("OpenID4VP {mode} from our wallet, {how} request");
            matrix.ask(&subject, PEER, Way::OursToTheirs, || {
                called(peers, mode, signed)
            });
        }
    }
}

fn called(peers: &Peers, mode: &str, signed: bool) -> Outcome {
    let folder = tempfile::tempdir().map_err(Stop::fail)?;
    let issuer = key()?;
    // Closed again: the command opens it.
    drop(stocked(&folder.path().join("wallet"), &issuer, 1)?);
    let wanted = json!([["family_name"], ["age_equal_or_over", "18"]]);
    let vct = CredentialProfile::of(AssuranceLevel::Limited).vct;
    let call = peers.node.ask(
        "vpv-call",
        json!({"mode": mode, "signed": signed, "claims": wanted, "vct": vct, "origin": ORIGIN}),
    )?;
    let request = json!({"requests": [
        {"protocol": "org-iso-mdoc", "data": {}},
        {"protocol": call["protocol"], "data": call["data"]},
    ]});
    let file = folder.path().join("request.json");
    std::fs::write(&file, request.to_string()).map_err(Stop::fail)?;
    let answers = |origin: &str, word: &str| command(folder.path(), &file, origin, word);

    let declined = answers(ORIGIN, "--decline")?;
    let error = json!({"protocol": call["protocol"], "data": {"error": "access_denied"}});
    demand(
        declined["response"] == error,
        &format!("declined: {declined}"),
    )?;
    // What an honest page signed, replayed by another; an unsigned request is whoever's page it comes from.
    let replayed = answers("https://thief.example", "--decline")?;
    let expected = match signed {
        true => "invalid_request",
        false => "access_denied",
    };
    demand(
        replayed["response"]["data"]["error"] == expected,
        &format!("replayed: {replayed}"),
    )?;
    let answer = answers(ORIGIN, "--yes")?;
    let response = &answer["response"];
    demand(
        response["protocol"] == call["protocol"],
        &format!("answered: {answer}"),
    )?;
    let judged = peers.node.ask(
        "vpv-judge",
        json!({"issuer": issuer.public_key().to_jwk(), "data": response["data"]}),
    )?;
    demand(
        judged["claims"]["family_name"] == "SPECIMEN"
            && judged["claims"]["age_equal_or_over"] == json!({"18": true})
            && judged["claims"].get("birthdate").is_none(),
        "more or less was shown than asked",
    )?;
    demand(
        (judged["enc"] == "A256GCM") == mode.ends_with(".jwt"),
        "another content encryption",
    )?;
    Ok("answered for the origin; an error when declined; nothing for a replay".to_owned())
}

/// What `tessera dc-api` prints, be it a response or a refusal.
fn command(folder: &Path, request: &Path, origin: &str, word: &str) -> Result<Value, Stop> {
    let here = std::env::current_exe().map_err(Stop::fail)?;
    let program = here.with_file_name("tessera");
    if !program.is_file() {
        return Err(Stop::Skip(
            "the tessera command is not built here".to_owned(),
        ));
    }
    let output = Command::new(program)
        .args([
            "dc-api",
            "--origin",
            origin,
            "--unregistered",
            "ask",
            "--json",
            word,
        ])
        .arg(request)
        .env("TESSERA_STORE", folder.join("wallet"))
        .env("TESSERA_PASSPHRASE", PASSPHRASE)
        .env_remove("TESSERA_LANG")
        .stdin(Stdio::null())
        .output()
        .map_err(Stop::fail)?;
    serde_json::from_slice(&output.stdout).map_err(Stop::fail)
}

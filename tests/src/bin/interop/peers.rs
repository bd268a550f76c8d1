//! Peers from other ecosystems, installed on the spot where their registry and runtime are there:
//! `@sd-jwt/sd-jwt-vc` (npm) and `sd-jwt` (PyPI). Both verify an SD-JWT VC of ours with key binding.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::did;
use tessera_verifier::status::{BitString, token_status_list};

use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::sd_jwt::{Issued, check_claims, forged, issue, present};
use crate::specimen::{AUDIENCE, NONCE, now};

const SUBJECT: &str = "SD-JWT VC + key binding";

/// The list that [`issue`] names; its entry there is 94,567.
const STATUS_LIST: &str = "https://issuer.example/status/1.jwt";

/// Verifies with Node's own P-256; the package does digests, disclosures and key binding.
const NODE: &str = r#"
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { createHash, createPublicKey, verify as check } from 'node:crypto';
let text = '';
for await (const part of process.stdin) text += part;
const q = JSON.parse(text);
const verifier = (jwk) => (data, signature) => check('sha256', Buffer.from(data),
  { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
const sdjwt = new SDJwtVcInstance({
  verifier: verifier(q.issuer_jwk),
  kbVerifier: (data, signature, payload) => verifier(payload.cnf.jwk)(data, signature),
  hasher: (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(typeof data === 'string' ? data : Buffer.from(data)).digest()),
  hashAlg: 'sha-256',
  statusListFetcher: async (uri) => q.status_lists[uri], statusVerifier: verifier(q.issuer_jwk),
  statusValidator: async (status) => { if (status !== 0) throw new Error('revoked'); },
});
try {
  const r = await sdjwt.verify(q.sd_jwt, { keyBindingNonce: q.nonce, currentDate: q.now });
  if (r.kb && r.kb.payload.aud !== q.audience) throw new Error('audience');
  console.log(JSON.stringify({ ok: true, claims: r.payload }));
} catch (e) { console.log(JSON.stringify({ ok: false, reason: String(e.message ?? e) })); }
"#;

/// The reference implementation of the RFC's authors.
const PYTHON: &str = r#"
import json, sys
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier
q = json.load(sys.stdin)
try:
    v = SDJWTVerifier(q["sd_jwt"], lambda issuer, header: JWK.from_json(json.dumps(q["issuer_jwk"])), q["audience"], q["nonce"])
    print(json.dumps({"ok": True, "claims": v.get_verified_payload()}))
except Exception as e:
    print(json.dumps({"ok": False, "reason": repr(e)}))
"#;

pub(crate) fn run(matrix: &mut Matrix) {
    matrix.ask(SUBJECT, "sd-jwt-python (PyPI)", Way::OursToTheirs, || {
        judged(&python()?)
    });
    matrix.ask(
        SUBJECT,
        "@sd-jwt/sd-jwt-vc (npm)",
        Way::OursToTheirs,
        || judged(&node()?),
    );
}

/// A runtime and the script it runs in a folder.
struct Peer {
    program: PathBuf,
    script: &'static str,
    folder: PathBuf,
    reads_status: bool,
}

fn judged(peer: &Peer) -> Outcome {
    let issued = issue()?;
    let presentation = present(&issued)?;
    let question = |sd_jwt: &str, nonce: &str| -> Result<Value, Stop> {
        Ok(json!({
            "sd_jwt": sd_jwt,
            "issuer_jwk": issued.issuer.public_key().to_jwk(),
            "nonce": nonce,
            "audience": AUDIENCE,
            "now": now()?.unix(),
            "status_lists": {STATUS_LIST: status_list(&issued, 94_568)?},
        }))
    };
    let answer = peer.call(&question(&presentation, NONCE)?)?;
    demand(
        answer["ok"] == true,
        answer["reason"].as_str().unwrap_or("refused"),
    )?;
    check_claims(&answer["claims"])?;
    for (what, forgery) in [
        ("another nonce", question(&presentation, "another")?),
        (
            "a removed disclosure under the same binding",
            question(&forged(&presentation), NONCE)?,
        ),
    ] {
        demand(
            peer.call(&forgery)?["ok"] == false,
            &format!("the peer accepted {what}"),
        )?;
    }
    if !peer.reads_status {
        return Ok("presented; 2 forgeries refused".to_owned());
    }
    let mut revoked = question(&presentation, NONCE)?;
    revoked["status_lists"][STATUS_LIST] = Value::from(status_list(&issued, 94_567)?);
    demand(
        peer.call(&revoked)?["ok"] == false,
        "the peer overlooked a revocation",
    )?;
    Ok("presented, status list token read; 2 forgeries and a revoked one refused".to_owned())
}

/// Our status list token (IETF Token Status List §5.1) with one credential revoked.
fn status_list(issued: &Issued, revoked: usize) -> Result<String, Stop> {
    let mut bits = BitString::new(BitString::MIN_ENTRIES).map_err(Stop::fail)?;
    bits.set(revoked, true).map_err(Stop::fail)?;
    let issuer = did::did_key(issued.issuer.public_key());
    let (from, until) = (now()?.add_seconds(-60), now()?.add_seconds(86_400));
    let unsigned =
        token_status_list(STATUS_LIST, &issuer, &bits, from, until).map_err(Stop::fail)?;
    unsigned.sign(&issued.issuer).map_err(Stop::fail)
}

impl Peer {
    fn call(&self, question: &Value) -> Result<Value, Stop> {
        let mut child = Command::new(&self.program)
            .arg(self.script)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Stop::fail)?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(question.to_string().as_bytes())
                .map_err(Stop::fail)?;
        }
        let output = child.wait_with_output().map_err(Stop::fail)?;
        serde_json::from_slice(&output.stdout).map_err(|_| Stop::fail("the peer gave no answer"))
    }
}

/// Where peers are installed: beside the build, so that they are fetched once.
fn home(name: &str) -> Result<PathBuf, Stop> {
    let program = std::env::current_exe().map_err(Stop::fail)?;
    let target = program.ancestors().nth(2).unwrap_or(Path::new("."));
    let folder = target.join("peers").join(name);
    std::fs::create_dir_all(&folder).map_err(Stop::fail)?;
    Ok(folder)
}

fn node() -> Result<Peer, Stop> {
    let folder = home("node")?;
    let installed = folder.join("node_modules/@sd-jwt/sd-jwt-vc");
    if !installed.is_dir() {
        std::fs::write(
            folder.join("package.json"),
            "{\"private\":true,\"type\":\"module\"}",
        )
        .map_err(Stop::fail)?;
        quietly(
            Command::new("npm")
                .args([
                    "install",
                    "--no-audit",
                    "--no-fund",
                    "@sd-jwt/sd-jwt-vc@0.19",
                ])
                .current_dir(&folder),
        )?;
    }
    std::fs::write(folder.join("verify.mjs"), NODE).map_err(Stop::fail)?;
    Ok(Peer {
        program: PathBuf::from("node"),
        script: "verify.mjs",
        reads_status: true,
        folder,
    })
}

fn python() -> Result<Peer, Stop> {
    let folder = home("python")?;
    let program = folder.join("venv/bin/python");
    if !folder.join("installed").exists() {
        quietly(
            Command::new("python3")
                .args(["-m", "venv", "venv"])
                .current_dir(&folder),
        )?;
        quietly(
            Command::new(&program)
                .args(["-m", "pip", "install", "--quiet", "sd-jwt==0.10.4"])
                .current_dir(&folder),
        )?;
        std::fs::write(folder.join("installed"), "").map_err(Stop::fail)?;
    }
    std::fs::write(folder.join("verify.py"), PYTHON).map_err(Stop::fail)?;
    Ok(Peer {
        program,
        script: "verify.py",
        reads_status: false,
        folder,
    })
}

/// Installing may be impossible here; that is no disagreement.
fn quietly(command: &mut Command) -> Result<(), Stop> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match done {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Stop::Skip(format!("{name} could not install it here"))),
    }
}

//! `ssi` beside us: `tessera-oracle bench` takes turns with this process on the same machine.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin};
use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::ecdsa_sd;
use tessera_verifier::encoding::base64url;
use tessera_verifier::jsonld::BUILTIN_CONTEXTS;

use crate::identity::{self, SELECTED, pointers};
use crate::measure::median;
use crate::support::{NOW, Signer, mandatory};
use crate::tokens;

/// The program, and what it said of each round; or why it is not here.
pub(crate) struct Judge {
    running: Result<Running, String>,
    rounds: BTreeMap<String, Vec<f64>>,
}

struct Running {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Judge {
    pub(crate) fn start(identity: &identity::Desk, tokens: &tokens::Desk) -> Self {
        let running =
            program().and_then(|program| Running::start(&program, &setup(identity, tokens)));
        Self {
            running,
            rounds: BTreeMap::new(),
        }
    }

    /// One round of its own.
    pub(crate) fn round(&mut self) {
        let Ok(running) = &mut self.running else {
            return;
        };
        match running.exchange("round") {
            Ok(spent) => {
                let raw = spent["raw"].as_f64().unwrap();
                for (name, micros) in spent.as_object().unwrap() {
                    let ratio = micros.as_f64().unwrap() / raw;
                    self.rounds.entry(name.clone()).or_default().push(ratio);
                }
            }
            Err(why) => self.running = Err(why),
        }
    }

    /// What an operation costs there, as a multiple of its own raw verification.
    pub(crate) fn ratio(&self, operation: &str) -> Option<f64> {
        self.rounds.get(operation).cloned().map(median)
    }

    pub(crate) fn remark(&self) -> String {
        match &self.running {
            Ok(_) => "ssi 0.16: the same credential; with Data Integrity its nodes all named and without the ages, since ssi cannot verify a mixture; with bbs-2023 what it secured and derived itself, of an earlier draft".to_owned(),
            Err(why) => format!("ssi 0.16: not measured: {why}"),
        }
    }
}

/// What `TESSERA_ORACLE` names; or what `tests/bench.sh` builds, in the target folder this program stands in.
fn program() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("TESSERA_ORACLE") {
        return Ok(named.into());
    }
    let own = std::env::current_exe().map_err(|why| why.to_string())?;
    let built = own
        .ancestors()
        .nth(3)
        .map(|target| target.join("oracles/release/tessera-oracle"));
    built
        .filter(|program| program.is_file())
        .ok_or_else(|| "the outside judges are not built: tests/bench.sh builds them".to_owned())
}

/// The questions: what we secured, for ssi to verify and derive from; and the same unsecured, for it to secure.
fn setup(identity: &identity::Desk, tokens: &tokens::Desk) -> String {
    let document = |key| named(identity.document(key));
    let by_p256 = document(identity.p256_key());
    let by_ed25519 = document(&identity.ed25519.1);
    let unsigned = {
        let mut unsigned = by_p256.clone();
        unsigned["issuer"] = json!("$key");
        unsigned
    };
    let base = identity.ecdsa_sd(&by_p256, &mandatory());
    let shown = ecdsa_sd::derive(&base, &pointers(&SELECTED), &identity.contexts).unwrap();
    let now = NOW.to_rfc3339();
    let sign = |name: &str, suite: &str| json!({"name": name, "runs": 2, "do": "data-integrity sign", "suite": suite, "document": unsigned, "mandatory": mandatory()});
    let verify = |name: &str, document: &Value| json!({"name": name, "runs": 2, "do": "data-integrity verify", "document": document, "now": now});
    let contexts: BTreeMap<&str, &str> = BUILTIN_CONTEXTS.iter().copied().collect();
    let jwk = tokens.issuer.public_key().to_jwk();
    json!({
        "contexts": contexts,
        "operations": [
            sign("eddsa-rdfc-2022 issue", "eddsa-rdfc-2022"),
            verify("eddsa-rdfc-2022 verify", &identity.eddsa_rdfc(&by_ed25519)),
            sign("ecdsa-rdfc-2019 issue", "ecdsa-rdfc-2019"),
            verify("ecdsa-rdfc-2019 verify", &identity.ecdsa_rdfc(&by_p256)),
            sign("ecdsa-sd-2023 issue", "ecdsa-sd-2023"),
            {"name": "ecdsa-sd-2023 derive", "runs": 2, "do": "ecdsa-sd derive", "document": base, "selective": SELECTED},
            verify("ecdsa-sd-2023 verify", &shown),
            {"name": "bbs-2023 issue", "runs": 1, "do": "data-integrity sign", "suite": "bbs-2023", "document": unsigned, "mandatory": mandatory()},
            {"name": "bbs-2023 derive", "runs": 1, "do": "ecdsa-sd derive", "document_of": "bbs-2023 issue", "selective": SELECTED},
            {"name": "bbs-2023 verify", "runs": 1, "do": "data-integrity verify", "document_of": "bbs-2023 derive", "now": now},
            {"name": "SD-JWT VC issue", "runs": 5, "do": "sd-jwt issue", "with": "ssi", "claims": tokens.whole(),
             "conceal": tokens.pointers(), "issuer_jwk": private_jwk(&tokens.issuer),
             "holder_jwk": private_jwk(&tokens.holder), "header": {"typ": "dc+sd-jwt", "kid": tokens.kid}},
            {"name": "SD-JWT VC present, key binding", "runs": 5, "do": "sd-jwt present", "sd_jwt": tokens.issue(),
             "holder_jwk": private_jwk(&tokens.holder), "present": {"conceal": tokens.kept_back(),
             "nonce": tokens.request.nonce(), "audience": tokens.request.client_id(), "iat": NOW.unix()}},
            {"name": "SD-JWT VC verify, key binding", "runs": 5, "do": "sd-jwt verify", "with": "ssi",
             "sd_jwt": tokens.presentation(), "issuer_jwk": jwk, "nonce": tokens.request.nonce(),
             "audience": tokens.request.client_id(), "now": now},
            {"name": "vc+jwt ES256 verify", "runs": 5, "do": "jwt verify", "jwt": tokens.jwt(), "jwk": jwk, "now": now},
        ],
    })
    .to_string()
}

/// A key to sign with.
fn private_jwk(signer: &Signer) -> Value {
    let secret: EcPrivateKeyBin<'_> = signer.0.private_key().as_be_bytes().unwrap();
    let mut jwk = signer.public_key().to_jwk();
    jwk["d"] = json!(base64url(secret.as_ref()));
    jwk
}

/// Every node with a name.
fn named(mut document: Value) -> Value {
    document["id"] = json!("urn:uuid:aa6a1e55-2b5f-4a3e-8d4c-1f3f6d2c7b90");
    document["credentialStatus"]["id"] = json!("https://issuer.example/status/1#94567");
    let subject = document["credentialSubject"].as_object_mut().unwrap();
    subject.remove("age_equal_or_over");
    document
}

impl Running {
    fn start(program: &Path, setup: &str) -> Result<Self, String> {
        let mut child = Command::new(program)
            .arg("bench")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|why| why.to_string())?;
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self {
            child,
            questions,
            answers,
        };
        running.exchange(setup).map(|_| running)
    }

    fn exchange(&mut self, line: &str) -> Result<Value, String> {
        writeln!(self.questions, "{line}").map_err(|why| why.to_string())?;
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .map_err(|why| why.to_string())?;
        serde_json::from_str(&answer).map_err(|_| "the program gave no answer".to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

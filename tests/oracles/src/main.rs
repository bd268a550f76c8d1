//! `tessera-oracle`: outside implementations that judge what Tessera makes, and make things for
//! Tessera to judge. It shares no code with the product: bytes in, a verdict out.
//!
//! ```text
//! tessera-oracle <subject> <action> [--with NAME] [--context URL=FILE]...   < input.json
//! ```
//!
//! One JSON object is read from standard input and one is written to standard output:
//! `{"ok":true,...}` or `{"ok":false,"reason":"..."}`. The exit status is 0, 1 and, for a wrong
//! command line, 2.
//!
//! `tessera-oracle serve` answers one such object a line instead, `{"do": "<subject> <action>", "with": NAME, ...}`, and
//! `tessera-oracle bench` measures some of them: see `bench.rs`.
//!
//! | subject, action | judge | input members |
//! |---|---|---|
//! | `sd-jwt verify` | `sd-jwt-payload`, `ssi` | `sd_jwt`, `issuer_jwk`, `nonce`?, `audience`?, `now`? |
//! | `sd-jwt issue` | `sd-jwt-payload`, `ssi` | `claims`, `conceal`, `header`?, `issuer_jwk`?, `present`? |
//! | `ecdsa-sd issue` | `ssi` | `document`, `mandatory`, `verification_method`?, `issuer_jwk`? |
//! | `ecdsa-sd derive` | `ssi` | `document`, `selective` |
//! | `data-integrity verify` | `ssi` | `document`, `now`?, `verification_methods`? |
//! | `ecdsa-rdfc sign` | `ssi` | `document`, `purpose`, `challenge`?, `domain`?, `jwk`? |
//! | `did-key resolve` | `did-key`, `ssi` | `did` |
//! | `did-key make` | `did-key`, `ssi` | `jwk` |
//! | `json-ld expand`, `json-ld to-rdf` | `json-ld` | `document` |
//! | `rdf canonicalize` | `sophia` | `nquads` |
//! | `data-integrity sign` | `ssi` | `document`, `suite`, `mandatory`?, `created`? |
//! | `jwt sign`, `jwt verify` | `ssi` | `payload`, `header`; `jwt`, `jwk` |
//! | `emrtd read` | `emrtd` | `reader`, `document_number`, `birth_date`, `expiry_date` |

mod bench;
mod data_integrity;
mod did;
#[cfg(feature = "pcsc")]
mod emrtd;
mod jsonld;
mod jwt;
mod keys;
mod sd_jwt;
mod serve;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::rc::Rc;

use serde_json::{Map, Value, json};

/// What a judge says: members of the answer, or the reason it refuses.
pub(crate) type Verdict = Result<Map<String, Value>, String>;

/// A question for a judge.
pub(crate) struct Question {
    /// The members of the input object.
    pub(crate) input: Map<String, Value>,
    /// JSON-LD contexts by address, as text.
    pub(crate) contexts: BTreeMap<String, String>,
    /// Which implementation is asked, where several can answer.
    pub(crate) judge: String,
    /// The contexts as `ssi` wants them, read once.
    pub(crate) loader: Rc<OnceCell<ssi::json_ld::ContextLoader>>,
    /// Keys of `ssi` made from members of the input, or afresh: once for as often as the question is asked.
    pub(crate) signers: OnceCell<data_integrity::Signer>,
}

impl Question {
    /// A question with these members.
    pub(crate) fn new(
        input: Map<String, Value>,
        contexts: BTreeMap<String, String>,
        judge: String,
    ) -> Self {
        Self {
            input,
            contexts,
            judge,
            loader: Rc::default(),
            signers: OnceCell::new(),
        }
    }

    /// A required text member.
    pub(crate) fn text(&self, name: &str) -> Result<&str, String> {
        self.optional_text(name)
            .ok_or_else(|| format!("input member `{name}` is missing or not text"))
    }

    /// A text member that may be absent.
    pub(crate) fn optional_text(&self, name: &str) -> Option<&str> {
        self.input.get(name).and_then(Value::as_str)
    }

    /// A required member of any type.
    pub(crate) fn member(&self, name: &str) -> Result<&Value, String> {
        self.input
            .get(name)
            .ok_or_else(|| format!("input member `{name}` is missing"))
    }

    /// A list of texts; absent means empty.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        match self.input.get(name) {
            None => Ok(Vec::new()),
            Some(value) => serde_json::from_value(value.clone())
                .map_err(|_| format!("input member `{name}` is not a list of texts")),
        }
    }
}

/// Builds an answer from one JSON object literal.
pub(crate) fn answer(members: Value) -> Verdict {
    match members {
        Value::Object(map) => Ok(map),
        _ => Err("the answer is not an object".to_owned()),
    }
}

/// Every library error becomes a reason.
pub(crate) fn reason(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => return serve::run(),
        Some("bench") => return bench::run(),
        _ => {}
    }
    let (subject, action, question) = match parse(&arguments) {
        Ok(parsed) => parsed,
        Err(problem) => {
            eprintln!("tessera-oracle: {problem}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("tessera-oracle: {error}");
            return ExitCode::from(2);
        }
    };
    let verdict = runtime.block_on(ask(&subject, &action, &question));
    let (output, status) = match verdict {
        Ok(mut members) => {
            members.insert("ok".to_owned(), Value::Bool(true));
            (Value::Object(members), ExitCode::SUCCESS)
        }
        Err(reason) => (json!({"ok": false, "reason": reason}), ExitCode::FAILURE),
    };
    if writeln!(std::io::stdout(), "{output}").is_err() {
        return ExitCode::from(2);
    }
    status
}

/// Puts a question to a judge.
pub(crate) async fn ask(subject: &str, action: &str, question: &Question) -> Verdict {
    match (subject, action, question.judge.as_str()) {
        ("sd-jwt", "verify", "sd-jwt-payload") => sd_jwt::payload::verify(question),
        ("sd-jwt", "issue", "sd-jwt-payload") => sd_jwt::payload::issue(question).await,
        ("sd-jwt", "verify", "ssi") => sd_jwt::ssi::verify(question).await,
        ("sd-jwt", "issue", "ssi") => sd_jwt::ssi::issue(question),
        ("sd-jwt", "present", _) => sd_jwt::ssi::present(question),
        ("ecdsa-sd", "issue", _) => data_integrity::issue_base(question).await,
        ("ecdsa-sd", "derive", _) => data_integrity::derive(question).await,
        ("ecdsa-rdfc", "sign", _) => data_integrity::sign_rdfc(question).await,
        ("data-integrity", "sign", _) => data_integrity::sign(question).await,
        ("jwt", "sign", _) => jwt::sign(question),
        ("jwt", "verify", _) => jwt::verify(question).await,
        ("data-integrity", "verify", _) => data_integrity::verify(question).await,
        ("did-key", "resolve", "did-key") => did::resolve_with_did_key(question),
        ("did-key", "resolve", _) => did::resolve_with_ssi(question).await,
        ("did-key", "make", "did-key") => did::make_with_did_key(question),
        ("did-key", "make", _) => did::make_with_ssi(question),
        ("json-ld", "expand", _) => jsonld::expand(question).await,
        ("json-ld", "to-rdf", _) => jsonld::to_rdf(question).await,
        ("rdf", "canonicalize", _) => jsonld::canonicalize(question),
        #[cfg(feature = "pcsc")]
        ("emrtd", "read", _) => emrtd::read(question),
        (subject, action, judge) => Err(format!("nobody here does `{subject} {action} {judge}`")),
    }
}

fn parse(arguments: &[String]) -> Result<(String, String, Question), String> {
    let [subject, action, options @ ..] = arguments else {
        return Err("usage: tessera-oracle <subject> <action> [--with NAME] [--context URL=FILE]... < input.json".to_owned());
    };
    let mut judge = String::new();
    let mut contexts = BTreeMap::new();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let value = options
            .next()
            .ok_or_else(|| format!("{option} wants a value"))?;
        match option.as_str() {
            "--with" => judge.clone_from(value),
            "--context" => {
                let (url, file) = value
                    .rsplit_once('=')
                    .ok_or("--context wants URL=FILE".to_owned())?;
                let text = std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
                contexts.insert(url.to_owned(), text);
            }
            other => return Err(format!("unknown option {other}")),
        }
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| format!("standard input: {e}"))?;
    match serde_json::from_str(&text).map_err(|e| format!("standard input: {e}"))? {
        Value::Object(input) => Ok((
            subject.clone(),
            action.clone(),
            Question::new(input, contexts, judge),
        )),
        _ => Err("standard input is not a JSON object".to_owned()),
    }
}

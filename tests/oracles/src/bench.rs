//! What questions cost, in CPU time of this process, round by round, so that another program can take turns with it on
//! the same machine.
//!
//! ```text
//! {"contexts": {...}, "operations": [{"name": "...", "runs": 5, "do": "data-integrity verify", ...}]}
//! round                                            ->  {"raw": 71.2, "...": 1203.4}
//! ```
//!
//! `"document_of": "..."` in an operation takes the document that an earlier operation made: a judge of another draft is
//! asked of its own. What a judge refuses is left out and told. Each `round` answers microseconds for one run of each
//! operation, and of one raw P-256 verification by aws-lc-rs as `raw`. Contexts and signing keys are read once.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};

use crate::serve::{question, runtime};
use crate::{Question, Verdict, ask, reason};

const RAW_RUNS: u32 = 40;

struct Operation {
    name: String,
    runs: u32,
    subject: String,
    action: String,
    question: Question,
}

/// Measures until there are no more lines.
pub(crate) fn run() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("tessera-oracle: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let mut lines = std::io::stdin().lock().lines();
    let setup = lines.next().ok_or("nothing to measure")?.map_err(reason)?;
    let mut operations = operations(&setup)?;
    let runtime = runtime()?;
    let ask_once = |operation: &Operation| -> Verdict {
        runtime.block_on(ask(
            &operation.subject,
            &operation.action,
            &operation.question,
        ))
    };
    let mut made: BTreeMap<String, Value> = BTreeMap::new();
    // What a judge refuses is not measured: a refusal would pass for speed.
    operations.retain_mut(|operation| {
        if let Some(earlier) = operation.question.optional_text("document_of") {
            let Some(document) = made.get(earlier).cloned() else {
                return false;
            };
            let input = &mut operation.question.input;
            input.insert("document".to_owned(), document);
        }
        match ask_once(operation) {
            Ok(said) => {
                if let Some(document) = said.get("document") {
                    made.insert(operation.name.clone(), document.clone());
                }
                true
            }
            Err(why) => {
                eprintln!("tessera-oracle: {} is left out: {why}", operation.name);
                false
            }
        }
    });
    say(&json!({"ok": true}))?;
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(reason)?;
    let message = [1; 64];
    let signature = pair.sign(&SystemRandom::new(), &message).map_err(reason)?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
    while lines.next().is_some() {
        let mut spent = Map::new();
        let raw = timed(RAW_RUNS, || {
            key.verify(&message, signature.as_ref()).map_err(reason)
        })?;
        spent.insert("raw".to_owned(), json!(raw));
        for operation in &operations {
            let cost = timed(operation.runs, || ask_once(operation).map(drop))?;
            spent.insert(operation.name.clone(), json!(cost));
        }
        say(&Value::Object(spent))?;
    }
    Ok(())
}

fn operations(setup: &str) -> Result<Vec<Operation>, String> {
    let setup: Value = serde_json::from_str(setup).map_err(reason)?;
    let contexts: BTreeMap<String, String> =
        serde_json::from_value(setup["contexts"].clone()).map_err(reason)?;
    let operations = setup["operations"].as_array().ok_or("no operations")?;
    operations
        .iter()
        .map(|operation| {
            let input = operation.as_object().cloned().ok_or("not an object")?;
            let (action, question) = question(input, &contexts)?;
            let (subject, action) = action.split_once(' ').ok_or("`do` wants two words")?;
            Ok(Operation {
                name: question.text("name")?.to_owned(),
                runs: operation["runs"]
                    .as_u64()
                    .and_then(|n| n.try_into().ok())
                    .unwrap_or(1),
                subject: subject.to_owned(),
                action: action.to_owned(),
                question,
            })
        })
        .collect()
}

/// Microseconds of CPU time for one run.
fn timed(runs: u32, mut operation: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let begun = cpu_seconds();
    for _ in 0..runs {
        operation()?;
    }
    Ok((cpu_seconds() - begun) * 1e6 / f64::from(runs))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds and nanoseconds of a process are small"
)]
fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

fn say(line: &Value) -> Result<(), String> {
    writeln!(std::io::stdout(), "{line}").map_err(reason)
}

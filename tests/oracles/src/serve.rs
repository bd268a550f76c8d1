//! Many questions to one process: one JSON object a line, in the order they come. The first gives the JSON-LD contexts,
//! `{"contexts": {"https://...": "<text>"}}`.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::rc::Rc;

use serde_json::{Map, Value, json};
use ssi::json_ld::ContextLoader;

use crate::{Question, Verdict, ask, reason};

/// Answers until there are no more questions.
pub(crate) fn run() -> ExitCode {
    let mut asked = Asked::default();
    for line in std::io::stdin().lock().lines() {
        let answered = line
            .map_err(reason)
            .and_then(|line| answer(&line, &mut asked));
        let output = match answered {
            Ok(mut members) => {
                members.insert("ok".to_owned(), Value::Bool(true));
                Value::Object(members)
            }
            Err(reason) => json!({"ok": false, "reason": reason}),
        };
        if writeln!(std::io::stdout(), "{output}").is_err() {
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// What is kept from question to question: the contexts, as they came and as `ssi` reads them.
#[derive(Default)]
struct Asked {
    contexts: BTreeMap<String, String>,
    loader: Rc<OnceCell<ContextLoader>>,
}

fn answer(line: &str, asked: &mut Asked) -> Verdict {
    let input: Map<String, Value> = serde_json::from_str(line).map_err(reason)?;
    if let Some(given) = input.get("contexts") {
        asked.contexts = serde_json::from_value(given.clone()).map_err(reason)?;
        asked.loader = Rc::default();
        return Ok(Map::new());
    }
    let (action, mut question) = question(input, &asked.contexts)?;
    question.loader = Rc::clone(&asked.loader);
    let (subject, action) = action.split_once(' ').ok_or("`do` wants two words")?;
    runtime()?.block_on(ask(subject, action, &question))
}

/// A question as a line brings it: what is asked, and the question.
pub(crate) fn question(
    input: Map<String, Value>,
    contexts: &BTreeMap<String, String>,
) -> Result<(String, Question), String> {
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    let action = text("do").ok_or("`do` is missing")?;
    let judge = text("with").unwrap_or_default();
    Ok((action, Question::new(input, contexts.clone(), judge)))
}

/// Where the libraries' futures run.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(reason)
}

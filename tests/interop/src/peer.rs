//! A peer of another ecosystem: a program that answers one JSON object a line with another.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};
use tessera_verifier::jsonld::BUILTIN_CONTEXTS;

use crate::matrix::Stop;

/// A running peer, or why there is none here.
pub struct Peer {
    running: Result<Mutex<Running>, String>,
}

struct Running {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a program and hands it our JSON-LD contexts. One that cannot be started is a peer whose every pairing is
    /// skipped.
    #[must_use]
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let started = Running::start(program, arguments);
        Self {
            running: started.map(Mutex::new),
        }
    }

    /// A peer that is not here.
    #[must_use]
    pub fn absent(why: &str) -> Self {
        Self {
            running: Err(why.to_owned()),
        }
    }

    /// Asks, and wants a yes: the members of the answer.
    ///
    /// # Errors
    /// [`Stop::Skip`] when the peer is not here; [`Stop::Fail`] with its words when it refuses.
    pub fn ask(&self, action: &str, question: Value) -> Result<Value, Stop> {
        let answer = self.call(action, question)?;
        if answer["ok"] == true {
            return Ok(answer);
        }
        let reason = answer["reason"].as_str().unwrap_or("no reason given");
        Err(Stop::Fail(format!("`{action}` refused: {reason}")))
    }

    /// Asks, and wants a no.
    ///
    /// # Errors
    /// [`Stop::Fail`] when it says yes to `what`.
    pub fn refuses(&self, action: &str, question: Value, what: &str) -> Result<(), Stop> {
        if self.call(action, question)?["ok"] == true {
            return Err(Stop::Fail(format!("`{action}` accepted {what}")));
        }
        Ok(())
    }

    fn call(&self, action: &str, mut question: Value) -> Result<Value, Stop> {
        let running = self
            .running
            .as_ref()
            .map_err(|why| Stop::Skip(why.clone()))?;
        question["do"] = json!(action);
        let mut running = running
            .lock()
            .map_err(|_| Stop::fail("the peer is in disorder"))?;
        running.exchange(&question).map_err(Stop::Fail)
    }
}

impl Running {
    fn start(program: &Path, arguments: &[&str]) -> Result<Self, String> {
        let name = program.display();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{name}: {e}"))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name}: no pipes"));
        };
        let mut running = Self {
            child,
            questions,
            answers: BufReader::new(answers),
        };
        let contexts: serde_json::Map<String, Value> = BUILTIN_CONTEXTS
            .iter()
            .map(|(url, text)| ((*url).to_owned(), json!(text)))
            .collect();
        let answer = running.exchange(&json!({"contexts": contexts}))?;
        match answer["ok"] == true {
            true => Ok(running),
            false => Err(format!("{name}: {}", answer["reason"])),
        }
    }

    fn exchange(&mut self, question: &Value) -> Result<Value, String> {
        writeln!(self.questions, "{question}").map_err(|e| format!("the peer is gone: {e}"))?;
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .map_err(|e| format!("the peer is gone: {e}"))?;
        serde_json::from_str(&line).map_err(|_| "the peer gave no answer".to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

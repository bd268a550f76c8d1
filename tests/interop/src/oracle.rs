//! Calls `tessera-oracle`: JSON in, a verdict out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tessera_verifier::jsonld::BUILTIN_CONTEXTS;

use crate::matrix::Stop;

/// The judges, behind one program.
pub struct Oracle {
    program: PathBuf,
    contexts: Vec<String>,
}

impl Oracle {
    /// The program, with our context documents laid out in `folder` for judges who need them.
    pub fn new(program: PathBuf, folder: &Path) -> std::io::Result<Self> {
        let mut contexts = Vec::new();
        for (index, (url, text)) in BUILTIN_CONTEXTS.iter().enumerate() {
            let file = folder.join(format!("context-{index}.jsonld"));
            std::fs::write(&file, text)?;
            contexts.push(format!("{url}={}", file.display()));
        }
        Ok(Self { program, contexts })
    }

    /// Asks, and wants a yes: the members of the answer.
    pub fn ask(&self, words: &[&str], input: &Value) -> Result<Value, Stop> {
        let answer = self.call(words, input)?;
        if answer["ok"] == true {
            return Ok(answer);
        }
        let reason = answer["reason"].as_str().unwrap_or("no reason given");
        Err(Stop::Fail(format!(
            "`{}` refused: {reason}",
            words.join(" ")
        )))
    }

    /// Asks, and wants a no.
    pub fn refuses(&self, words: &[&str], input: &Value, what: &str) -> Result<(), Stop> {
        if self.call(words, input)?["ok"] == true {
            return Err(Stop::Fail(format!("`{}` accepted {what}", words.join(" "))));
        }
        Ok(())
    }

    fn call(&self, words: &[&str], input: &Value) -> Result<Value, Stop> {
        let mut command = Command::new(&self.program);
        command.args(words);
        for context in &self.contexts {
            command.args(["--context", context]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Stop::Fail(format!("{}: {e}", self.program.display())))?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(input.to_string().as_bytes())
                .map_err(Stop::fail)?;
        }
        let output = child.wait_with_output().map_err(Stop::fail)?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            Stop::Fail(format!(
                "`{}`: {}",
                words.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            ))
        })
    }
}

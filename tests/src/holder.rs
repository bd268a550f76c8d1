//! The holder: the `tessera` command with a store of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::authority::{Authority, text};
use crate::programs::{Finished, Programs};
use crate::registry::{Specimen, photo};
use crate::{Failure, Result};

const PASSPHRASE: &str = "specimen wallet passphrase";

/// A wallet in a folder.
#[derive(Debug, Clone)]
pub struct Holder {
    programs: Programs,
    store: PathBuf,
}

impl Holder {
    /// Makes a new wallet in `store`.
    ///
    /// # Errors
    /// When `tessera init` refuses.
    pub fn new(programs: &Programs, store: &Path) -> Result<Self> {
        let holder = Self::at(programs, store);
        holder.run(&["init"])?.expect_ok("tessera init")?;
        Ok(holder)
    }

    /// Whoever keeps a wallet in `store`, or will.
    #[must_use]
    pub fn at(programs: &Programs, store: &Path) -> Self {
        Self {
            programs: programs.clone(),
            store: store.to_path_buf(),
        }
    }

    /// Enrols with a photograph of the fixtures. A refusal is a result.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn enrol(
        &self,
        authority: &Authority,
        person: &Specimen,
        photo_name: &str,
    ) -> Result<Finished> {
        self.run(&[
            "enrol",
            "--issuer",
            &authority.url(),
            "--number",
            person.number,
            "--photo",
            &text(&photo(photo_name)),
        ])
    }

    /// Starts the way to the full credential and returns the session to take to a terminal.
    ///
    /// # Errors
    /// When the issuer refuses.
    pub fn begin_upgrade(&self, authority: &Authority, person: &Specimen) -> Result<String> {
        let arguments = [
            "upgrade",
            "--issuer",
            &authority.url(),
            "--number",
            person.number,
            "--no-wait",
            "--restart",
        ];
        let started = self.run(&arguments)?.expect_ok("tessera upgrade")?.json()?;
        started["session_id"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Failure::new(format!("no session id: {started}")))
    }

    /// Receives the full credential with the code the terminal showed.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn finish_upgrade(&self, tx_code: &str) -> Result<Finished> {
        self.run(&["upgrade", "--resume", "--tx-code", tx_code])
    }

    /// Answers a request with the holder's yes given beforehand.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn present(&self, request: &Path, out: &Path, format: &str) -> Result<Finished> {
        self.run(&[
            "present",
            &text(request),
            "--yes",
            "--out",
            &text(out),
            "--format",
            format,
        ])
    }

    /// The wallet's credentials as `tessera list --json` prints them.
    ///
    /// # Errors
    /// When the wallet cannot be read.
    pub fn list(&self) -> Result<Value> {
        self.run(&["list"])?.expect_ok("tessera list")?.json()
    }

    /// Runs any command of the wallet with `--json`.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn run(&self, arguments: &[&str]) -> Result<Finished> {
        Finished::of(self.command().args(arguments))
    }

    /// Runs a command that needs the passphrase of a backup.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn backup(&self, arguments: &[&str], passphrase: &str) -> Result<Finished> {
        let mut command = self.command();
        command.env("TESSERA_BACKUP_PASSPHRASE", passphrase);
        Finished::of(command.args(arguments))
    }

    /// Runs a command that asks something on the way: the first line on standard error for which `reply` has an answer is
    /// answered on standard input.
    ///
    /// # Errors
    /// When the program cannot be run, or the answer could not be found.
    pub fn ask(
        &self,
        arguments: &[&str],
        reply: impl Fn(&str) -> Option<Result<String>>,
    ) -> Result<Finished> {
        let mut command = self.command();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut said = BufReader::new(
            child
                .stderr
                .take()
                .ok_or_else(|| Failure::new("no stderr"))?,
        );
        let (mut stderr, mut line) = (String::new(), String::new());
        while said.read_line(&mut line)? > 0 {
            stderr.push_str(&line);
            if let Some(answer) = reply(line.trim_end()) {
                let answer = answer.inspect_err(|_| drop(child.kill()))?;
                if let Some(mut stdin) = child.stdin.take() {
                    writeln!(stdin, "{answer}")?;
                }
            }
            line.clear();
        }
        let output = child.wait_with_output()?;
        Ok(Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
        })
    }

    /// The folder of the store.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.store
    }

    fn command(&self) -> Command {
        let mut command = self.programs.command("tessera");
        command
            .arg("--store")
            .arg(&self.store)
            .arg("--json")
            .env("TESSERA_PASSPHRASE", PASSPHRASE);
        command
    }
}

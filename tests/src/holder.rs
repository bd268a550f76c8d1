//! The holder: the `tessera` command with a store of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

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
        let holder = Self {
            programs: programs.clone(),
            store: store.to_path_buf(),
        };
        holder.run(&["init"])?.expect_ok("tessera init")?;
        Ok(holder)
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

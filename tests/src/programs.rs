//! Where the programs under test are, and how one of them is run to its end.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Failure, Result};

/// The folder that holds the built programs: the one this very program was built into.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

/// What a program that ran to its end left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Programs {
    /// The programs beside the running one (`target/debug` or `target/release`; tests live in its `deps`).
    ///
    /// # Errors
    /// Names the first program that was not built.
    pub fn beside_this_one() -> Result<Self> {
        let exe = std::env::current_exe()?;
        let folder = exe
            .parent()
            .map(|dir| {
                if dir.ends_with("deps") {
                    dir.parent().unwrap_or(dir)
                } else {
                    dir
                }
            })
            .ok_or_else(|| Failure::new("the running program has no folder"))?
            .to_path_buf();
        for name in [
            "tessera-issuer",
            "tessera",
            "tessera-verify",
            "tessera-rp",
            "tessera-terminal",
            "tessera-cardsim",
        ] {
            if !folder.join(name).is_file() {
                return Err(Failure::new(format!(
                    "{} is not built: run `cargo build --workspace --bins` first",
                    folder.join(name).display()
                )));
            }
        }
        Ok(Self { folder })
    }

    /// Where one of the programs is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A command for one of the programs, in an environment that holds none of the caller's `TESSERA_*` settings.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("TESSERA_") {
                command.env_remove(variable);
            }
        }
        command.stdin(Stdio::null());
        command
    }
}

impl Finished {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started; a non-zero exit is a result, not an error.
    pub fn of(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = command.output().map_err(Failure::during(&name))?;
        Ok(Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Whether it ended with exit code 0.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.code == Some(0)
    }

    /// The run itself when it succeeded.
    ///
    /// # Errors
    /// What it printed, when it did not.
    pub fn expect_ok(self, doing: &str) -> Result<Self> {
        if self.ok() {
            return Ok(self);
        }
        Err(Failure::new(format!(
            "{doing}: exit code {:?}\n{}{}",
            self.code, self.stdout, self.stderr
        )))
    }

    /// Standard output read as one JSON value.
    ///
    /// # Errors
    /// When it is not JSON; the text is quoted.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(self.stdout.trim()).map_err(|error| {
            Failure::new(format!(
                "not JSON ({error}): {}{}",
                self.stdout, self.stderr
            ))
        })
    }

    /// The stable error code of a program that refused: the `code` member of the last JSON object it printed, on
    /// either stream; `"ok"` when it succeeded.
    #[must_use]
    pub fn verdict(&self) -> String {
        if self.ok() {
            return "ok".into();
        }
        let streams = [self.stdout.trim(), self.stderr.trim()];
        let whole = streams.iter().find_map(|text| code_of(text));
        let lines = || {
            streams
                .iter()
                .find_map(|text| text.lines().rev().find_map(code_of))
        };
        whole
            .or_else(lines)
            .unwrap_or_else(|| format!("exit {:?}: {}", self.code, self.stderr.trim()))
    }
}

fn code_of(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    let code = value.get("code").or_else(|| value.pointer("/error/code"));
    code.or_else(|| value.get("error"))
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// A command that runs `program` and dies with this one, whatever ends this one.
///
/// `setpriv` (util-linux, essential on Debian) sets the parent-death signal and replaces itself with the program; on
/// systems without it the handle's `Drop` alone ends the child.
#[must_use]
pub fn bound_to_us(program: &Command) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    let mut bound = if setpriv.is_file() {
        let mut command = Command::new(setpriv);
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program.get_program());
        command
    } else {
        Command::new(program.get_program())
    };
    bound.args(program.get_args().collect::<Vec<&OsStr>>());
    for (key, value) in program.get_envs() {
        match value {
            Some(value) => bound.env(key, value),
            None => bound.env_remove(key),
        };
    }
    if let Some(folder) = program.get_current_dir() {
        bound.current_dir(folder);
    }
    bound.stdin(Stdio::null());
    bound
}

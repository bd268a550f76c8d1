//! The issuing authority: `tessera-issuer` as a service on loopback, and its administration.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::http;
use crate::programs::{Finished, Programs};
use crate::registry;
use crate::service::{Service, free_port};
use crate::{Failure, Result};

/// Passphrase of the key file in every harness authority: it protects nothing but temporary keys.
const PASSPHRASE: &str = "specimen authority passphrase";

/// An authority with its data in one folder; the service runs between [`Authority::start`] and
/// [`Authority::stop`] or [`Authority::kill`].
#[derive(Debug)]
pub struct Authority {
    programs: Programs,
    folder: PathBuf,
    port: u16,
    terminal_port: u16,
    settings: Vec<(String, String)>,
    service: Option<Service>,
}

impl Authority {
    /// Makes keys and store in `folder`, and imports the registry of specimens with a crowd of `crowd`.
    ///
    /// # Errors
    /// What the program printed when it refused.
    pub fn found(programs: &Programs, folder: &Path, crowd: usize) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let registry = folder.join("registry");
        registry::lay_out(&registry, crowd)?;
        specimen_decoder(&folder.join("decoder"))?;
        let authority = Self {
            programs: programs.clone(),
            folder: folder.to_path_buf(),
            port: free_port()?,
            terminal_port: free_port()?,
            settings: Vec::new(),
            service: None,
        };
        authority.admin(&["init"])?;
        authority.admin(&["registry", "import", &text(&registry)])?;
        Ok(authority)
    }

    /// Starts the service and waits until it is ready.
    ///
    /// # Errors
    /// The end of its log when it does not become ready.
    pub fn start(&mut self) -> Result<()> {
        let mut command = self.command();
        command.arg("serve");
        let mut service = Service::start("tessera-issuer", &command, &self.log())?;
        let ready = format!("{}/readyz", self.url());
        service.wait_until(|| http::fetch(&ready).is_ok())?;
        self.service = Some(service);
        Ok(())
    }

    /// Sets a member of the configuration, from the next start on: `ASSURANCE__REVIEW` is `assurance.review`.
    pub fn set(&mut self, member: &str, value: &str) {
        let name = format!("TESSERA_ISSUER_{member}");
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    /// Stops the service as an operator would, and waits.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(&mut self) -> Result<()> {
        self.service.take().map_or(Ok(()), Service::stop)
    }

    /// Ends the service with SIGKILL.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn kill(&mut self) -> Result<()> {
        self.service.take().map_or(Ok(()), Service::kill)
    }

    /// Whether the service was started and not stopped.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.service.is_some()
    }

    /// Process id of the running service.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.service.as_ref().map(Service::process_id)
    }

    /// The public URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of the listener for terminals: mutual TLS.
    #[must_use]
    pub fn terminal_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.terminal_port)
    }

    /// The folder with keys, store and logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The service's log file.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("service.log")
    }

    /// The DID of the authority's root key.
    ///
    /// # Errors
    /// When the program cannot tell.
    pub fn root(&self) -> Result<String> {
        Ok(self.admin(&["root"])?.stdout.trim().to_owned())
    }

    /// Runs one administrative command; the service may be running or not.
    ///
    /// # Errors
    /// What it printed when it refused.
    pub fn admin(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = self.command();
        Finished::of(command.args(arguments))?
            .expect_ok(&format!("tessera-issuer {}", arguments.join(" ")))
    }

    /// Publishes status lists and bundle, and copies the fresh bundle to `to`.
    ///
    /// # Errors
    /// When publishing fails.
    pub fn publish(&self, to: &Path) -> Result<()> {
        self.admin(&["publish"])?;
        std::fs::copy(self.data().join("public").join("bundle.jwt"), to)
            .map_err(Failure::during("the published bundle"))?;
        Ok(())
    }

    /// Every issuance the store knows, as `tessera-issuer issuances --json` prints them.
    ///
    /// # Errors
    /// When the program refuses or prints no JSON array.
    pub fn issuances(&self) -> Result<Vec<Value>> {
        let value = self.admin(&["issuances", "--json"])?.json()?;
        value
            .as_array()
            .cloned()
            .ok_or_else(|| Failure::new("issuances is no array"))
    }

    /// The data folder given to the program.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self) -> Command {
        let mut command = self.programs.command("tessera-issuer");
        command
            .arg("--data")
            .arg(self.data())
            .env("TESSERA_ISSUER_PASSPHRASE", PASSPHRASE)
            .env(
                "TESSERA_ISSUER_CARD__PHOTO_DECODER",
                self.folder.join("decoder"),
            )
            .env("TESSERA_ISSUER_LISTEN", format!("127.0.0.1:{}", self.port))
            .env(
                "TESSERA_ISSUER_TERMINALS__LISTEN",
                format!("127.0.0.1:{}", self.terminal_port),
            )
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A decoder of resident cards' photographs for specimens: whatever it reads, it shows MEI.
fn specimen_decoder(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let portrait = registry::photo(registry::MEI.portrait);
    let script = format!("#!/bin/sh\nexec /bin/cat '{}'\n", portrait.display());
    std::fs::write(program, script)?;
    Ok(std::fs::set_permissions(
        program,
        std::fs::Permissions::from_mode(0o700),
    )?)
}

/// A path as an argument; the harness makes all its paths itself, in UTF-8.
#[must_use]
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

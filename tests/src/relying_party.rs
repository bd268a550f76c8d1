//! A relying party: the `tessera-verify` command with a key and a registration.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Result;
use crate::authority::{Authority, text};
use crate::programs::{Finished, Programs};

/// A registered relying party.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    programs: Programs,
    folder: PathBuf,
    did: String,
    root: String,
}

impl RelyingParty {
    /// Makes a key and registers it with the authority for some services.
    ///
    /// # Errors
    /// When either program refuses.
    pub fn register(
        programs: &Programs,
        folder: &Path,
        authority: &Authority,
        name: [&str; 2],
        services: &[&str],
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let key = text(&folder.join("rp.key"));
        let made = Finished::of(
            programs
                .command("tessera-verify")
                .args(["keygen", "--out", &key]),
        )?
        .expect_ok("tessera-verify keygen")?;
        let did = made
            .stdout
            .split_whitespace()
            .find(|word| word.starts_with("did:key:"))
            .unwrap_or_default()
            .to_owned();
        let registration = text(&folder.join("registration.json"));
        let mut arguments = vec![
            "relying-party",
            "add",
            "--did",
            &did,
            "--name-en",
            name[0],
            "--name-zh",
            name[1],
        ];
        for service in services {
            arguments.extend(["--service", service]);
        }
        arguments.extend(["--out", &registration]);
        authority.admin(&arguments)?;
        Ok(Self {
            programs: programs.clone(),
            folder: folder.to_path_buf(),
            did,
            root: authority.root()?,
        })
    }

    /// Writes a signed request for a service; returns its file.
    ///
    /// # Errors
    /// When the program refuses.
    pub fn request(&self, service: &str, name: &str) -> Result<PathBuf> {
        let out = self.folder.join(format!("{name}.jwt"));
        let mut command = self.programs.command("tessera-verify");
        command.arg("request").arg("--key").arg(self.key());
        command
            .arg("--registration")
            .arg(self.folder.join("registration.json"));
        command.args(["--service", service]).arg("--out").arg(&out);
        Finished::of(&mut command)?.expect_ok("tessera-verify request")?;
        Ok(out)
    }

    /// Checks a presentation; a refusal is a result.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn check(
        &self,
        request: &Path,
        presentation: &Path,
        bundle: &Path,
        extra: &[&str],
    ) -> Result<Finished> {
        let mut command = self.programs.command("tessera-verify");
        command
            .arg("check")
            .arg("--request")
            .arg(request)
            .arg("--presentation")
            .arg(presentation);
        command
            .arg("--bundle")
            .arg(bundle)
            .args(["--root", &self.root, "--json"])
            .args(extra);
        Finished::of(&mut command)
    }

    /// The file of the signing key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.folder.join("rp.key")
    }

    /// The relying party's DID.
    #[must_use]
    pub fn did(&self) -> &str {
        &self.did
    }

    /// The relying party's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The disclosed claims of an accepted check, as one compact JSON text with sorted names.
///
/// # Errors
/// The refusal's code when it was not accepted.
pub fn disclosed(check: &Finished) -> Result<String> {
    if !check.ok() {
        return Ok(check.verdict());
    }
    let verdict: Value = check.json()?;
    let claims = verdict
        .pointer("/credentials/0/claims")
        .or_else(|| verdict.get("claims"));
    Ok(claims.unwrap_or(&Value::Null).to_string())
}

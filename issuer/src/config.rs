//! Configuration: defaults that just work, then a TOML file, then the environment, then flags; later ones win.
//!
//! An environment variable names a member by its path: `TESSERA_ISSUER_FACE__THRESHOLD=0.5` is `face.threshold`.

mod sections;
mod wallets;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tessera_verifier::vci::proof;

use crate::rollout::Rollout;

pub use sections::{
    Assurance, Authority, Bundle, Card, Demand, Face, Issuance, Limits, Log, LogFormat, PadNetwork,
    Proofing, Terminals,
};
pub use wallets::{Profile, RegisteredClient, Wallets};

/// Prefix of the environment variables read.
pub const ENVIRONMENT_PREFIX: &str = "TESSERA_ISSUER_";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the store, the key file, the register and the admin socket.
    pub data: PathBuf,
    /// Address to listen on.
    pub listen: String,
    /// The credential issuer identifier: the URL under which wallets reach the service. Default: from `listen`.
    pub public_url: Option<String>,
    /// File whose first line is the passphrase of the key file.
    pub passphrase_file: Option<PathBuf>,
    /// Who issues.
    pub authority: Authority,
    /// Sizes, times and counts.
    pub limits: Limits,
    /// The face check.
    pub face: Face,
    /// Terminals.
    pub terminals: Terminals,
    /// The card check.
    pub card: Card,
    /// How far a session may go, and for how long.
    pub assurance: Assurance,
    /// Which districts, from when, how many a day.
    pub rollout: Rollout,
    /// What a person has to show beside a photo.
    pub proofing: Proofing,
    /// Credentials.
    pub issuance: Issuance,
    /// A profile to be followed exactly.
    pub profile: Profile,
    /// What is asked of wallets.
    pub wallets: Wallets,
    /// The bundle for relying parties.
    pub bundle: Bundle,
    /// Logs.
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("tessera-data"),
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            passphrase_file: None,
            authority: Authority::default(),
            limits: Limits::default(),
            face: Face::default(),
            terminals: Terminals::default(),
            card: Card::default(),
            assurance: Assurance::default(),
            rollout: Rollout::default(),
            proofing: Proofing::default(),
            issuance: Issuance::default(),
            profile: Profile::default(),
            wallets: Wallets::default(),
            bundle: Bundle::default(),
            log: Log::default(),
        }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Not TOML, an unknown member, or a value of the wrong kind.
    #[error("configuration: {0}")]
    Invalid(String),
}

impl Config {
    /// Reads defaults, the file if one is named, and the environment.
    ///
    /// # Errors
    /// [`ConfigError`]: an unknown member is an error, so that a misspelt limit is not silently the default.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| ConfigError::Unreadable {
                    path: path.to_owned(),
                    error,
                })?
                .parse::<toml::Table>()
                .map_err(invalid)?,
            None => toml::Table::new(),
        };
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX)
                && !RESERVED.contains(&path)
            {
                set(&mut table, &path.to_lowercase(), &value)?;
            }
        }
        table.try_into().map_err(invalid)
    }

    /// Whether terminals are served over plain HTTP where wallets are: only on a development machine, where the public
    /// URL is plain HTTP to this machine, and only where no listener for terminals is configured.
    #[must_use]
    pub fn terminals_in_the_clear(&self) -> bool {
        let url = self.issuer_url();
        let Some(authority) = url.strip_prefix("http://") else {
            return false;
        };
        let authority = authority.split('/').next().unwrap_or_default();
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _port)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        loopback && self.terminals.listen.is_none()
    }

    /// The credential issuer identifier, without a final slash.
    #[must_use]
    pub fn issuer_url(&self) -> String {
        self.public_url.as_deref().map_or_else(
            || format!("http://{}", self.listen),
            |url| url.trim_end_matches('/').to_owned(),
        )
    }

    /// Checks what wallets are to reach the service under: it stands in every credential, and everything is found by it
    /// (OpenID4VCI 1.0 §12.2.1).
    ///
    /// # Errors
    /// [`ConfigError::Invalid`]: no `https` or `http` URL of a host, or one with a query, a fragment or a user in it.
    pub fn check_public_url(&self) -> Result<(), ConfigError> {
        let url = self.issuer_url();
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .unwrap_or_default();
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let plain = rest
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte));
        let bracketed = rest.starts_with('[') && rest.contains(']');
        match plain && (bracketed || !host.is_empty()) {
            true => Ok(()),
            false => Err(ConfigError::Invalid(format!(
                "public_url: `{url}` is no https URL without query and fragment"
            ))),
        }
    }

    /// Most bytes of a credential request: room for a whole batch of the longest proofs, encrypted, which adds a third.
    /// Only who has an access token is heard at such length.
    #[must_use]
    pub fn credential_bytes(&self) -> usize {
        // Each in quotation marks, a comma behind it.
        let proofs = self
            .issuance
            .batch_size
            .saturating_mul(proof::BYTES_MAX + 3);
        let sealed = proofs.saturating_add(REQUEST_BYTES).saturating_mul(4) / 3;
        sealed.max(self.limits.body_bytes)
    }
}

/// What a credential request says besides its proofs, and what encryption puts before it, in bytes.
const REQUEST_BYTES: usize = 16 * 1024;

/// Variables with a meaning of their own.
const RESERVED: [&str; 2] = ["PASSPHRASE", "CONFIG"];

fn set(table: &mut toml::Table, path: &str, value: &str) -> Result<(), ConfigError> {
    match path.split_once("__") {
        Some((section, rest)) => {
            let entry = table
                .entry(section)
                .or_insert_with(|| toml::Table::new().into());
            match entry {
                toml::Value::Table(inner) => set(inner, rest, value),
                _ => Err(invalid(format!("{section} is not a section"))),
            }
        }
        None => {
            // A number or truth value where it reads as one, else text.
            let parsed = format!("x = {value}")
                .parse::<toml::Table>()
                .ok()
                .and_then(|mut one| one.remove("x"))
                .filter(|v| v.is_integer() || v.is_float() || v.is_bool());
            table.insert(
                path.to_owned(),
                parsed.unwrap_or_else(|| value.to_owned().into()),
            );
            Ok(())
        }
    }
}

fn invalid(error: impl std::fmt::Display) -> ConfigError {
    ConfigError::Invalid(error.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |&(k, v): &(&str, &str)| (k.to_owned(), v.to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("issuer.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\n[face]\nthreshold = 0.5\n").unwrap();
        let variables = env(&[
            ("TESSERA_ISSUER_FACE__THRESHOLD", "0.6"),
            ("TESSERA_ISSUER_PUBLIC_URL", "https://issuer.example/"),
            ("TESSERA_ISSUER_PASSPHRASE", "not a member"),
            ("HOME", "elsewhere"),
        ]);
        let config = Config::load(Some(&file), variables).unwrap();
        assert_eq!(config.listen, "127.0.0.1:1");
        assert!((config.face.threshold - 0.6).abs() < 1e-6);
        assert_eq!(config.issuer_url(), "https://issuer.example");
        assert_eq!(config.issuance.batch_size, 10);
    }

    #[test]
    fn terminals_are_in_the_clear_on_this_machine_only() {
        let clear = |url: &str, listen: Option<&str>| {
            let mut config = Config {
                public_url: Some(url.to_owned()),
                ..Config::default()
            };
            config.terminals.listen = listen.map(str::to_owned);
            config.terminals_in_the_clear()
        };
        assert!(Config::default().terminals_in_the_clear());
        for url in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "http://localhost",
        ] {
            assert!(clear(url, None), "{url}");
            assert!(!clear(url, Some("127.0.0.1:8443")), "{url}");
        }
        for url in [
            "https://issuer.example",
            "https://127.0.0.1",
            "http://issuer.example",
            "http://127.0.0.1.issuer.example",
            "http://10.0.0.1:8080",
        ] {
            assert!(!clear(url, None), "{url}");
        }
    }

    #[test]
    fn a_misspelt_member_is_refused() {
        let variables = env(&[("TESSERA_ISSUER_FACE__TRESHOLD", "0.6")]);
        assert!(Config::load(None, variables).is_err());
    }
}

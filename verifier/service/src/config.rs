//! Configuration: a TOML file, then the environment, then flags; later ones win.
//!
//! An environment variable names a member by its path: `TESSERA_RP_REQUESTS__SECONDS=120` is `requests.seconds`. An
//! unknown member is an error, so that a misspelt limit is not silently the default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tessera_verifier::dcql::ClaimPath;

/// Prefix of the environment variables read.
pub const ENVIRONMENT_PREFIX: &str = "TESSERA_RP_";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address to listen on.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// The URL under which wallets and browsers reach the server, without a path. Default: from `listen`.
    #[serde(default)]
    pub public_url: Option<String>,
    /// The profile of OpenID4VP.
    #[serde(default)]
    pub profile: Profile,
    /// Who asks.
    pub client: Client,
    /// The bundle to decide with.
    pub bundle: Bundle,
    /// The relying party's programs that may start requests.
    pub back_ends: Vec<BackEnd>,
    /// What is offered: services of the catalogue by id, and what of the outcome leaves this server.
    pub services: BTreeMap<String, Service>,
    /// The life of a request.
    #[serde(default)]
    pub requests: Requests,
    /// Sizes, times and counts.
    #[serde(default)]
    pub limits: Limits,
    /// Logs.
    #[serde(default)]
    pub log: Log,
}

/// A profile of OpenID4VP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// OpenID4VP 1.0 as configured.
    #[default]
    Standard,
    /// HAIP 1.0: signed requests under `x509_hash` with a certificate of an authority, encrypted responses, SD-JWT VC.
    Haip,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The P-256 signing key, PKCS#8 in PEM (`tessera-verify keygen`).
    pub key_file: PathBuf,
    /// How the client is identified (OpenID4VP 1.0 §5.9.3).
    #[serde(default)]
    pub identifier: Identifier,
    /// Certificates of the key in PEM, the leaf first; for `x509_san_dns` and `x509_hash`.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// The certification authority's certificate in PEM, against which the chain is checked at the start.
    #[serde(default)]
    pub authority_file: Option<PathBuf>,
    /// The verifier attestation (JWT); for `verifier_attestation`.
    #[serde(default)]
    pub attestation_file: Option<PathBuf>,
    /// Digital Credentials API: further identifiers of the same key. The request is then signed once for each (OpenID4VP 1.0
    /// appendix A.3.2.2), and a wallet answers the first that it trusts.
    #[serde(default)]
    pub also: Vec<Identifier>,
    /// A registration certificate, sent by value in `verifier_info`.
    #[serde(default)]
    pub registration_file: Option<PathBuf>,
}

/// A client identifier prefix (OpenID4VP 1.0 §5.9.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    /// `decentralized_identifier` with the did:key of the signing key.
    #[default]
    Did,
    /// `x509_san_dns`: the DNS name of the certificate, which must be the host of `public_url`.
    X509SanDns,
    /// `x509_hash`: the digest of the certificate.
    X509Hash,
    /// `verifier_attestation`: the name that an attester has given (§12).
    VerifierAttestation,
    /// `redirect_uri`: the response URI; over the Digital Credentials API the origin. Requests are not signed, and all of
    /// them stands in the link.
    RedirectUri,
}

/// The bundle to decide with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Where it is fetched: https, or http on this machine.
    pub url: String,
    /// The DID of the root that signs it.
    pub root: String,
    /// Where the last good one is kept over a restart.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Seconds between fetches.
    #[serde(default = "default_refresh")]
    pub refresh_seconds: u64,
    /// Seconds one fetch may take.
    #[serde(default = "default_fetch")]
    pub fetch_seconds: u64,
    /// Certificates (PEM) of the authorities that name the mirror, instead of the public ones.
    #[serde(default)]
    pub authority_file: Option<PathBuf>,
    /// Whether the mirror may have a private address: one that the relying party runs in its own network.
    #[serde(default)]
    pub private_address: bool,
}

/// A program of the relying party that may start requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackEnd {
    /// Its name in logs.
    pub name: String,
    /// File whose first line is its bearer secret, at least 32 characters.
    pub secret_file: PathBuf,
    /// The services it may start; none named: all that are offered.
    #[serde(default)]
    pub services: Vec<String>,
    /// Same-device: addresses to which the holder's browser may be sent back, compared exactly.
    #[serde(default)]
    pub return_urls: Vec<String>,
    /// Digital Credentials API: the origins of its pages.
    #[serde(default)]
    pub origins: Vec<String>,
}

/// What of an outcome leaves this server. What is not named is dropped when the decision is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Claims handed to the back end, as paths.
    pub back_end: Vec<ClaimPath>,
    /// Claims shown on the page.
    pub page: Vec<ClaimPath>,
    /// Whether several credentials of a kind are taken, where the holder shows them (OpenID4VP 1.0 §6.1, `multiple`). Each is
    /// decided as one is; that they are one person's, nothing but their claims can say.
    pub multiple: bool,
}

/// The life of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requests {
    /// Seconds a request may be answered.
    pub seconds: i64,
    /// Seconds an outcome waits to be fetched, and the page shows it; then it is wiped.
    pub outcome_seconds: i64,
    /// Most requests in memory.
    pub most: usize,
    /// Answers to one request that could not be used, before no more are looked at.
    pub attempts: u32,
    /// Whether responses are asked for encrypted (`direct_post.jwt`, `dc_api.jwt`).
    pub encrypted: bool,
    /// The scheme of links: `openid4vp`, `haip-vp`.
    pub link_scheme: String,
}

/// Bounds on what a client may send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a response of a wallet.
    pub response_bytes: usize,
    /// Bytes of any other body.
    pub body_bytes: usize,
    /// Seconds one call may take.
    pub request_seconds: u64,
    /// Calls worked on at once; beyond it `busy`.
    pub concurrent_requests: usize,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `pretty` or `json`.
    pub format: LogFormat,
    /// A tracing filter, such as `info` or `tessera_rp=debug`.
    pub filter: String,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

fn default_listen() -> String {
    "127.0.0.1:8090".to_owned()
}

fn default_refresh() -> u64 {
    300
}

fn default_fetch() -> u64 {
    30
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            seconds: 300,
            outcome_seconds: 120,
            most: 10_000,
            attempts: 16,
            encrypted: true,
            link_scheme: "openid4vp".to_owned(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            response_bytes: 384 * 1024,
            body_bytes: 64 * 1024,
            request_seconds: 30,
            concurrent_requests: 1024,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            filter: "info".to_owned(),
        }
    }
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Not TOML, an unknown member, or a value that cannot be used.
    #[error("configuration: {0}")]
    Invalid(String),
}

impl ConfigError {
    /// A value that cannot be used.
    #[must_use]
    pub fn invalid(why: impl std::fmt::Display) -> Self {
        Self::Invalid(why.to_string())
    }
}

impl Config {
    /// Reads the file and the environment, and holds what can be held without touching anything else. Relative paths
    /// are taken from the folder of the file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(
        file: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::Unreadable {
                path: file.to_owned(),
                error,
            })?
            .parse::<toml::Table>()
            .map_err(ConfigError::invalid)?;
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX)
                && path != "CONFIG"
            {
                set(&mut table, &path.to_lowercase(), &value)?;
            }
        }
        let mut config: Self = table.try_into().map_err(ConfigError::invalid)?;
        config.resolve(file.parent().unwrap_or(Path::new("")));
        config.check()?;
        Ok(config)
    }

    /// The public URL, without a final slash.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.public_url.as_deref().map_or_else(
            || format!("http://{}", self.listen),
            |url| url.trim_end_matches('/').to_owned(),
        )
    }

    fn resolve(&mut self, folder: &Path) {
        let client = &mut self.client;
        let optional = [
            &mut client.certificate_file,
            &mut client.authority_file,
            &mut client.registration_file,
            &mut client.attestation_file,
            &mut self.bundle.file,
            &mut self.bundle.authority_file,
        ];
        let paths = optional
            .into_iter()
            .flatten()
            .chain([&mut client.key_file])
            .chain(self.back_ends.iter_mut().map(|one| &mut one.secret_file));
        for path in paths {
            *path = folder.join(&*path);
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let catalogue = tessera_verifier::catalogue::Catalogue::builtin();
        for (id, service) in &self.services {
            let known = catalogue.get(id).ok_or_else(|| {
                ConfigError::invalid(format!("services: {id} is not in the catalogue"))
            })?;
            let evidence = known
                .evidence
                .is_some()
                .then(|| ClaimPath::keys(&["evidence"]));
            for path in service.back_end.iter().chain(&service.page) {
                let asked = |claim: &ClaimPath| claim.covers(path) || path.covers(claim);
                if !known.claims.iter().chain(&evidence).any(asked) {
                    return Err(ConfigError::invalid(format!(
                        "services.{id}: {path} is not among what it asks"
                    )));
                }
            }
        }
        for back_end in &self.back_ends {
            if let Some(unknown) = back_end
                .services
                .iter()
                .find(|id| !self.services.contains_key(*id))
            {
                return Err(ConfigError::invalid(format!(
                    "back end {}: {unknown} is not offered",
                    back_end.name
                )));
            }
        }
        let scheme = &self.requests.link_scheme;
        let plain = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let positive = self.requests.seconds > 0
            && self.requests.seconds <= 86_400
            && self.requests.outcome_seconds > 0
            && self.requests.outcome_seconds <= 86_400
            && self.bundle.refresh_seconds > 0;
        let signed = |one: &Identifier| *one != Identifier::RedirectUri;
        if !self.client.also.is_empty()
            && !self
                .client
                .also
                .iter()
                .chain([&self.client.identifier])
                .all(signed)
        {
            return Err(ConfigError::invalid(
                "client.also: redirect_uri does not sign, and several signatures need clients that do",
            ));
        }
        match (self.services.is_empty(), plain, positive, self.profile) {
            (true, ..) => Err(ConfigError::invalid("services: none is offered")),
            (_, false, ..) => Err(ConfigError::invalid("requests.link_scheme is no scheme")),
            (_, _, false, _) => Err(ConfigError::invalid(
                "times are whole seconds from 1 to 86400",
            )),
            (.., Profile::Haip) => self.check_haip(),
            _ => Ok(()),
        }
    }

    /// HAIP 1.0 §5: encrypted responses, and requests signed under `x509_hash`.
    fn check_haip(&self) -> Result<(), ConfigError> {
        if !self.requests.encrypted {
            return Err(ConfigError::invalid(
                "the HAIP profile needs requests.encrypted = true",
            ));
        }
        if self.client.identifier != Identifier::X509Hash {
            return Err(ConfigError::invalid(
                "the HAIP profile needs client.identifier = \"x509_hash\"",
            ));
        }
        Ok(())
    }
}

fn set(table: &mut toml::Table, path: &str, value: &str) -> Result<(), ConfigError> {
    if let Some((section, rest)) = path.split_once("__") {
        let entry = table
            .entry(section)
            .or_insert_with(|| toml::Table::new().into());
        return match entry {
            toml::Value::Table(inner) => set(inner, rest, value),
            _ => Err(ConfigError::invalid(format!("{section} is not a section"))),
        };
    }
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"
        [client]
        key_file = "rp.key"
        [bundle]
        url = "https://issuer.example/bundle"
        root = "did:key:z"
        [[back_ends]]
        name = "counter"
        secret_file = "secret"
        [services.internet-cafe]
        back_end = [["age_equal_or_over", "18"]]
    "#;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rp.toml");
        std::fs::write(&file, text).unwrap();
        let owned = environment
            .iter()
            .map(|&(k, v)| (k.to_owned(), v.to_owned()));
        Config::load(&file, owned).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_then_file_then_environment() {
        let config = load(MINIMAL, &[("TESSERA_RP_REQUESTS__SECONDS", "60")]).unwrap();
        assert_eq!(config.requests.seconds, 60);
        assert_eq!(config.public_url(), "http://127.0.0.1:8090");
        assert!(config.requests.encrypted);
        assert!(config.client.key_file.is_absolute());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (find, put, why) in [
            ("[client]", "typo = 1\n[client]", "unknown field"),
            ("internet-cafe]", "casino]", "not in the catalogue"),
            (
                "\"18\"]]",
                "\"18\"], [\"family_name\"]]",
                "family_name is not among",
            ),
            ("[client]", "profile = \"haip\"\n[client]", "x509_hash"),
            (
                "secret\"",
                "secret\"\nservices = [\"hotel\"]",
                "hotel is not offered",
            ),
        ] {
            let refused = load(&MINIMAL.replacen(find, put, 1), &[]).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        let scheme = [("TESSERA_RP_REQUESTS__LINK_SCHEME", "java script:")];
        assert!(load(MINIMAL, &scheme).unwrap_err().contains("link_scheme"));
        let never = [("TESSERA_RP_REQUESTS__SECONDS", "0")];
        assert!(load(MINIMAL, &never).unwrap_err().contains("times"));
    }
}

//! The server: everything a call may touch.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use tessera_exchange::http::{Authorities, Bounds, HttpTransport};
use tessera_exchange::transport::Transport;
use tessera_verifier::crypto::sha256;

use crate::bundle::BundleKeeper;
use crate::config::{Config, ConfigError};
use crate::environment::{Clock, Entropy};
use crate::failure::{Code, Failure};
use crate::identity::{self, Identity};
use crate::requests::Requests;

/// The least length of a back end's secret, in characters.
const SECRET_MIN: usize = 32;

/// The running server; shared by all calls.
pub struct Server {
    pub(crate) config: Config,
    pub(crate) url: String,
    pub(crate) identity: Identity,
    pub(crate) bundles: BundleKeeper,
    pub(crate) requests: Requests,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The digest of each back end's secret, in the order of the configuration.
    secrets: Vec<[u8; 32]>,
}

impl Server {
    /// Assembles a server from its configuration: reads keys, certificates and secrets.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ConfigError> {
        let bounds = Bounds {
            call: Duration::from_secs(config.bundle.fetch_seconds),
            private: config.bundle.private_address,
            ..Bounds::default()
        };
        let transport = match &config.bundle.authority_file {
            None => HttpTransport::within(bounds),
            Some(path) => {
                let named = Authorities::from_pem(identity::text(path)?.as_bytes());
                let wrong = "bundle: authority_file must hold certificates in PEM";
                HttpTransport::trusting(bounds, named.ok_or_else(|| ConfigError::invalid(wrong))?)
            }
        };
        Self::with_transport(config, clock, entropy, Box::new(transport))
    }

    /// The same with another network.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn with_transport(
        config: Config,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        transport: Box<dyn Transport + Send + Sync>,
    ) -> Result<Self, ConfigError> {
        let url = config.public_url();
        let parsed = url::Url::parse(&url).map_err(ConfigError::invalid)?;
        // OpenID4VP 1.0 §8.2 and §14.1: responses carry personal data.
        tessera_exchange::transport::check_url(&parsed)
            .map_err(|error| ConfigError::invalid(format!("public_url: {}", error.code())))?;
        let secrets = config
            .back_ends
            .iter()
            .map(|back_end| {
                let text = zeroize::Zeroizing::new(identity::text(&back_end.secret_file)?);
                let secret = text.lines().next().unwrap_or_default().trim();
                match secret.len() >= SECRET_MIN {
                    true => Ok(sha256(secret.as_bytes())),
                    false => Err(ConfigError::invalid(format!(
                        "back end {}: a secret has at least {SECRET_MIN} characters",
                        back_end.name
                    ))),
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            identity: Identity::read(&config, clock.now())?,
            bundles: BundleKeeper::new(&config.bundle, transport)?,
            requests: Requests::new(&config.requests),
            url,
            clock,
            entropy,
            secrets,
            config,
        })
    }

    /// The back end whose secret this is.
    ///
    /// # Errors
    /// `unauthorized`.
    pub fn back_end(&self, secret: Option<&str>) -> Result<usize, Failure> {
        let given = sha256(secret.ok_or(Code::Unauthorized)?.as_bytes());
        self.secrets
            .iter()
            .position(|known| verify_slices_are_equal(known, &given).is_ok())
            .ok_or(Code::Unauthorized.into())
    }

    /// Keeps the bundle current and wipes what is past its time, until the task is aborted.
    pub async fn tend(self: Arc<Self>) {
        let sweeper = Arc::clone(&self);
        let sweep = async move {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                sweeper.requests.sweep(sweeper.clock.now());
            }
        };
        let refresh = async move {
            loop {
                let server = Arc::clone(&self);
                let done =
                    tokio::task::spawn_blocking(move || server.bundles.refresh(server.clock.now()));
                let done = done
                    .await
                    .unwrap_or(Err(crate::bundle::BundleRefused::Fetch("internal")));
                match &done {
                    Ok(()) => tracing::debug!("bundle refreshed"),
                    Err(refused) => {
                        tracing::warn!(code = refused.code(), "the bundle was not refreshed");
                    }
                }
                tokio::time::sleep(self.bundles.pause(&done)).await;
            }
        };
        tokio::join!(sweep, refresh);
    }
}

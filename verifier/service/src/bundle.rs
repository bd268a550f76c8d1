//! The bundle to decide with: fetched in the background, the last good one kept.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tessera_exchange::transport::{HttpRequest, Transport};
use tessera_verifier::json::Limits;
use tessera_verifier::{Bundle, Error, Timestamp};
use url::Url;

use crate::config::ConfigError;
use crate::failure::{Code, Failure};

/// Seconds by which clocks may differ.
const SKEW: i64 = 60;
/// Seconds to the next try after a fetch that failed, unless the configured interval is shorter.
const RETRY: u64 = 15;
/// Seconds between fetches out of turn.
const OUT_OF_TURN: i64 = 10;

/// The current bundle.
pub struct BundleKeeper {
    root: String,
    url: Url,
    file: Option<PathBuf>,
    every: Duration,
    transport: Box<dyn Transport + Send + Sync>,
    current: RwLock<Option<Arc<Bundle>>>,
    /// When a bundle was last fetched out of turn.
    out_of_turn: Mutex<Option<Timestamp>>,
}

/// Why a bundle was not taken; the one before is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleRefused {
    /// Another root, a bad signature, unreadable.
    #[error(transparent)]
    Invalid(#[from] Error),
    /// Older than the one kept: a mirror must not bring back a time before a revocation.
    #[error("it is older than the one kept")]
    Older,
    /// From the future: kept, it would lock out every honest one until then.
    #[error("it says it was made in the future")]
    FromFuture,
    /// It could not be fetched; the stable code says why.
    #[error("it could not be fetched ({0})")]
    Fetch(&'static str),
}

impl BundleRefused {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::Older => "bundle_older",
            Self::FromFuture => "bundle_from_future",
            Self::Fetch(code) => code,
        }
    }
}

impl BundleKeeper {
    /// A keeper without a bundle.
    ///
    /// # Errors
    /// [`ConfigError`] when the URL is none.
    pub fn new(
        config: &crate::config::Bundle,
        transport: Box<dyn Transport + Send + Sync>,
    ) -> Result<Self, ConfigError> {
        let url = Url::parse(&config.url)
            .map_err(|error| ConfigError::invalid(format!("bundle.url: {error}")))?;
        tessera_exchange::transport::check_url(&url)
            .map_err(|error| ConfigError::invalid(format!("bundle.url: {}", error.code())))?;
        tessera_verifier::did::resolve(&config.root)
            .map_err(|error| ConfigError::invalid(format!("bundle.root: {error}")))?;
        Ok(Self {
            root: config.root.clone(),
            url,
            file: config.file.clone(),
            every: Duration::from_secs(config.refresh_seconds),
            transport,
            current: RwLock::default(),
            out_of_turn: Mutex::default(),
        })
    }

    /// The bundle to decide with now.
    ///
    /// # Errors
    /// `bundle_unavailable`: none yet, or the last good one is past its age.
    pub fn current(&self, now: Timestamp) -> Result<Arc<Bundle>, Failure> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            None => Err(Failure::with(
                Code::BundleUnavailable,
                "none has been fetched yet",
            )),
            Some(bundle) if bundle.is_stale(now) => Err(Failure::with(
                Code::BundleUnavailable,
                "the last good one is past its age",
            )),
            Some(bundle) => Ok(Arc::clone(bundle)),
        }
    }

    /// Takes a bundle that is signed by the root, not from the future, and not older than the one kept.
    ///
    /// # Errors
    /// [`BundleRefused`].
    pub fn offer(&self, bytes: &[u8], now: Timestamp) -> Result<(), BundleRefused> {
        let bundle = Bundle::open(bytes, &self.root)?;
        if bundle.issued_at() > now.add_seconds(SKEW) {
            return Err(BundleRefused::FromFuture);
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_some_and(|kept| kept.issued_at() > bundle.issued_at())
        {
            return Err(BundleRefused::Older);
        }
        *current = Some(Arc::new(bundle));
        Ok(())
    }

    /// Reads the one kept on disk, if there is one.
    pub fn restore(&self, now: Timestamp) {
        let Some(file) = &self.file else { return };
        let read = read(file).map_err(|_| BundleRefused::Fetch("file_unreadable"));
        match read.and_then(|bytes| self.offer(&bytes, now)) {
            Ok(()) => tracing::info!("bundle restored"),
            Err(refused) => tracing::info!(code = refused.code(), "no bundle restored"),
        }
    }

    /// Fetches, takes and keeps a bundle. Blocks.
    ///
    /// # Errors
    /// [`BundleRefused`].
    pub fn refresh(&self, now: Timestamp) -> Result<(), BundleRefused> {
        let request = HttpRequest::get(self.url.clone(), "application/jwt")
            .with_max_answer(Limits::BUNDLE.bytes);
        let answer = self
            .transport
            .send(request)
            .map_err(|error| BundleRefused::Fetch(error.code()))?;
        if answer.status != 200 {
            return Err(BundleRefused::Fetch("status_not_ok"));
        }
        self.offer(&answer.body, now)?;
        if let Some(file) = &self.file
            && let Err(error) = replace(file, &answer.body)
        {
            tracing::warn!(cause = %error, "the bundle cannot be kept on disk");
        }
        Ok(())
    }

    /// Fetches out of turn, at most every ten seconds whoever asks; whether there is a new bundle. Blocks.
    pub fn refresh_for_once(&self, now: Timestamp) -> bool {
        {
            let mut last = self
                .out_of_turn
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| now < last.add_seconds(OUT_OF_TURN)) {
                return false;
            }
            *last = Some(now);
        }
        match self.refresh(now) {
            Ok(()) => true,
            Err(refused) => {
                tracing::warn!(code = refused.code(), "the bundle was not refreshed");
                false
            }
        }
    }

    /// How long to wait until the next fetch.
    #[must_use]
    pub fn pause(&self, after: &Result<(), BundleRefused>) -> Duration {
        match after {
            Ok(()) => self.every,
            Err(_) => self.every.min(Duration::from_secs(RETRY)),
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let most = Limits::BUNDLE.bytes as u64 + 1;
    std::fs::File::open(path)?
        .take(most)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces a file in one step: a restart finds the old or the new one and never half of it.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

//! The service: everything a request may touch, and the operations that need more than one part of it.

mod issuing;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::vci::Secret;
use zeroize::Zeroizing;

use crate::card::{AbsentDecoder, AnchorFolder, PhotoDecoder, ProgramDecoder};
use tessera_exchange::jwe::DecryptionKey;

use crate::attesters::Attesters;
use crate::config::{Config, Wallets};
use crate::environment::{Clock, Entropy};
use crate::face::{FaceCheck, FacePool};
use crate::failure::{Code, Failure};
use crate::keys::{KeyFile, Signer};
use crate::nonces::{Nonces, Purpose};
use crate::proofing::machine::Event;
use crate::publish::{Publisher, PublishingKeys};
use crate::registry::{FolderRegistry, Person, Registry};
use crate::replay::ReplayKey;
use crate::secrets::{digest, matches};
use crate::store::{
    AttemptLimits, FreshNonce, Level, Place, Proof, SessionRecord, Store, StoreError,
};
use crate::terminal_ca::{CertificateError, TerminalCa};

pub(crate) use issuing::{Wanted, reservation_refused};

/// What the service is made of. Each part can be another implementation.
pub struct Parts {
    /// Configuration.
    pub config: Config,
    /// Store.
    pub store: Arc<dyn Store>,
    /// The opened key file.
    pub keys: KeyFile,
    /// The face check.
    pub face: Arc<dyn FaceCheck>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The running service; shared by all requests.
pub struct Service {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Arc<FolderRegistry>,
    pub(crate) anchors: AnchorFolder,
    pub(crate) decoder: Arc<dyn PhotoDecoder>,
    pub(crate) face: FacePool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) publisher: Publisher,
    pub(crate) replay: ReplayKey,
    nonces: Nonces,
    /// What is asked of wallets, the profile considered.
    pub(crate) wallets: Wallets,
    pub(crate) attesters: Attesters,
    pub(crate) key_attesters: Attesters,
    /// What requests are encrypted to.
    pub(crate) decryption: DecryptionKey,
    keys: RwLock<KeyFile>,
}

impl Service {
    /// Assembles a service over the data folder of the configuration.
    ///
    /// # Errors
    /// The register or the trust anchors cannot be read, or the photo decoder of the configuration is not there.
    pub fn new(parts: Parts) -> Result<Arc<Self>, Box<dyn std::error::Error + Send + Sync>> {
        let data = &parts.config.data;
        let face = &parts.config.face;
        parts.config.rollout.check()?;
        let wallets = parts.config.wallets.clone().under(parts.config.profile);
        Ok(Arc::new(Self {
            attesters: Attesters::read(&wallets.attesters)?,
            key_attesters: Attesters::read(&wallets.key_attesters)?,
            decryption: parts.keys.request_decryption()?,
            wallets,
            registry: Arc::new(FolderRegistry::open(
                &data.join("registry"),
                &*parts.entropy,
            )?),
            anchors: AnchorFolder::open(&data.join("csca"))?,
            decoder: decoder(&parts.config.card)?,
            face: FacePool::new(parts.face, face.workers, face.queue),
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
            publisher: Publisher::default(),
            replay: ReplayKey::new(&parts.keys.derive(b"tessera frames seen before")),
            nonces: Nonces::new(&parts.keys.derive(b"tessera nonces")),
            keys: RwLock::new(parts.keys),
            config: parts.config,
        }))
    }

    /// Puts in order what a crash may have left: called once before serving.
    ///
    /// # Errors
    /// `internal`.
    pub async fn recover(&self) -> Result<(), Failure> {
        let retired = self.store.retire_unacknowledged().await?;
        if retired > 0 {
            tracing::warn!(retired, "unacknowledged credentials revoked");
        }
        Ok(())
    }

    /// The credential issuer identifier.
    #[must_use]
    pub fn issuer_url(&self) -> String {
        self.config.issuer_url()
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// A fresh nonce, good for as long as nonces are.
    pub(crate) fn nonce(&self, purpose: Purpose) -> String {
        let expires = self.now().saturating_add(self.config.limits.nonce_seconds);
        self.nonces.issue(purpose, expires, &*self.entropy)
    }

    /// A nonce of ours that is not too old; whether it was used is for the store to say.
    pub(crate) fn fresh_nonce(&self, purpose: Purpose, nonce: &str) -> Option<FreshNonce> {
        self.nonces.check(purpose, nonce, self.now())
    }

    pub(crate) fn active(&self) -> Arc<dyn Signer> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .active()
    }

    /// The DID of the key that signs the bundle.
    pub(crate) fn root_did(&self) -> String {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.root().did().to_owned()
    }

    pub(crate) fn publishing_keys(&self) -> Result<PublishingKeys, Failure> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let authority = keys
            .issuing_ca()
            .map_err(|error| Failure::internal(&error))?;
        Ok(PublishingKeys {
            root: keys.root(),
            active: keys.active(),
            history: keys.history().to_vec(),
            issuing_authority: authority.base64(),
        })
    }

    /// Replaces the active key. The old one is listed for as long as anything it has signed, or signs at this moment,
    /// can be valid: what was issued may outlast what is configured now.
    pub(crate) async fn rotate(
        self: &Arc<Self>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let now = self.now();
        let longest = self
            .config
            .issuance
            .full_days
            .max(self.config.issuance.limited_days);
        let configured = crate::environment::start_of_day(now) + (longest + 1) * 86_400;
        let (signer, records) = (self.active(), self.store.issuances().await?);
        let last_valid = records
            .iter()
            .filter(|record| record.issuer == signer.did())
            .map(|record| record.valid_until)
            .fold(configured, i64::max);
        let service = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let mut keys = service.keys.write().unwrap_or_else(PoisonError::into_inner);
            keys.rotate(now, last_valid)
        })
        .await??;
        Ok(())
    }

    /// The certificate authority of the terminals.
    ///
    /// # Errors
    /// Its key is none.
    pub fn terminal_ca(&self) -> Result<TerminalCa, CertificateError> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .terminal_ca()
    }

    /// The active key and, where credentials carry one, its certificate: both of the same moment.
    fn signing(&self) -> Result<Signing, Failure> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let certificate = match self.wallets.x5c {
            false => None,
            true => {
                let made = keys.x5c(&self.issuer_url());
                Some(made.map_err(|error| Failure::internal(&error))?)
            }
        };
        Ok((keys.active(), certificate))
    }

    /// The certificate of the authority that certifies the keys of credentials, PEM.
    pub(crate) fn issuing_certificate(&self) -> Result<String, Failure> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.issuing_ca()
            .map(|ca| ca.pem())
            .map_err(|error| Failure::internal(&error))
    }

    /// The mark of a session in an offer's `issuer_state` (OpenID4VCI 1.0 §4.1.1).
    pub(crate) fn issuer_state(&self, session: &str) -> Secret {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        format!("{session}.{}", keys.mark("issuer_state", session)).into()
    }

    /// The session that an `issuer_state` of ours marks.
    pub(crate) fn session_of(&self, issuer_state: &str) -> Option<String> {
        let (session, _) = issuer_state.split_once('.')?;
        let ours = self.issuer_state(session);
        matches(issuer_state, &digest(ours.expose())).then(|| session.to_owned())
    }

    pub(crate) fn public_folder(&self) -> PathBuf {
        self.config.data.join("public")
    }

    pub(crate) fn attempt_limits(&self) -> AttemptLimits {
        AttemptLimits {
            per_session: self.config.face.attempts,
            per_person_per_day: self.config.face.failures_per_day,
        }
    }

    /// Records a passed check.
    ///
    /// # Errors
    /// `session_expired`, `wrong_state`; `no_place_left`, with the time until there are new ones.
    pub(crate) async fn prove(&self, proof: Proof) -> Result<SessionRecord, Failure> {
        let now = self.now();
        self.store.prove(proof, now).await.map_err(|error| {
            let wait = matches!(error, StoreError::NoPlaceLeft)
                .then(|| self.config.rollout.until_tomorrow(now));
            let failure = Failure::from(error);
            Failure {
                retry_after: wait.or(failure.retry_after),
                ..failure
            }
        })
    }

    /// The place of the roll-out that a session's person takes by being proved now. The register must agree on the
    /// district the applicant named.
    ///
    /// # Errors
    /// `district_not_open`, `district_mismatch`.
    pub(crate) async fn place(&self, session: &SessionRecord) -> Result<Option<Place>, Failure> {
        let rollout = &self.config.rollout;
        let place = rollout.admit(session.district.as_deref(), self.now())?;
        if rollout.is_limited() {
            let person = self.person(&session.person).await?;
            if person.and_then(|person| person.district.clone()) != session.district {
                return Err(Code::DistrictMismatch.into());
            }
        }
        Ok(place)
    }

    /// The person of the register with this handle, if there is one.
    pub(crate) async fn person(&self, handle: &str) -> Result<Option<Arc<Person>>, Failure> {
        self.registry
            .person(handle)
            .await
            .map_err(|error| Failure::internal(&error))
    }

    /// The person's reference portrait, if there is a person.
    pub(crate) async fn portrait(
        &self,
        handle: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let Some(person) = self.person(handle).await? else {
            return Ok(None);
        };
        let bytes = self
            .registry
            .portrait(&person)
            .await
            .map_err(|error| Failure::internal(&error))?;
        Ok(Some(Zeroizing::new(bytes)))
    }

    /// Runs one attempt: counted before the work, so that parallel attempts cannot outrun the limit, and forgiven after
    /// it, unless it ended in a mismatch or was broken off.
    pub(crate) async fn attempt<T>(
        &self,
        session: &str,
        step: Event,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<(SessionRecord, T), Failure> {
        let begun = self.now();
        let limits = self.attempt_limits();
        let record = self
            .store
            .begin_attempt(session, step, begun, limits)
            .await?;
        let outcome = work.await;
        match &outcome {
            Err(failure) if failure.code.counts_as_failure() => self.face_failed(&record).await?,
            _ => self.store.forgive_attempt(session, step, begun).await?,
        }
        Ok((record, outcome?))
    }

    /// Records a failed face check: when the next may begin.
    async fn face_failed(&self, session: &SessionRecord) -> Result<(), Failure> {
        let now = self.now();
        let wait = match session.attempts {
            0 | 1 => 0,
            n => self.config.face.backoff_seconds << (n - 2).min(10),
        };
        Ok(self.store.fail_attempt(&session.id, now + wait).await?)
    }
}

/// The decoder the operator installed. One that is named and missing is an error; none at all is closed.
fn decoder(card: &crate::config::Card) -> Result<Arc<dyn PhotoDecoder>, String> {
    match &card.photo_decoder {
        Some(program) => {
            let patience = std::time::Duration::from_secs(card.photo_decoder_seconds);
            Ok(Arc::new(ProgramDecoder::new(program, patience)?))
        }
        None => Ok(Arc::new(AbsentDecoder)),
    }
}

/// A key, and its certificate where credentials carry one.
type Signing = (Arc<dyn Signer>, Option<Vec<String>>);

/// The level as it is recorded.
pub(crate) fn level_of(level: AssuranceLevel) -> Level {
    match level {
        AssuranceLevel::Limited => Level::Limited,
        AssuranceLevel::Full => Level::Full,
    }
}

/// The level as the verifier's types have it.
pub(crate) fn assurance(level: Level) -> AssuranceLevel {
    match level {
        Level::Limited => AssuranceLevel::Limited,
        Level::Full => AssuranceLevel::Full,
    }
}

/// Runs computation off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::internal(&error))?
}

#[cfg(test)]
mod tests;

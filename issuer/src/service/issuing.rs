//! The whole of issuance, in its order.

use std::sync::Arc;

use serde_json::Value;
use tessera_verifier::claims::{CredentialProfile, Format};

use super::{Service, assurance, blocking};
use crate::environment::{Entropy, identifier};
use crate::failure::{Code, Failure};
use crate::issue::{Authority, Parties, Prepared, ReleaseAt, Terms};
use crate::policy::{Approval, ProvenKeys, approve};
use crate::proofing::ProvedSession;
use crate::registry::Person;
use crate::store::{
    Level, Reservation, Reserved, STATUS_LIST_LEN, SessionRecord, StoreError, Ticket,
};

/// Credentials asked for, and what entitles to them.
pub(crate) struct Wanted {
    /// The session, and what its token was granted for.
    pub(crate) granted: (SessionRecord, Level),
    /// Digest of the access token.
    pub(crate) token_digest: String,
    /// What is asked for.
    pub(crate) kind: (&'static CredentialProfile, Format),
    /// A nonce or a deferred transaction.
    pub(crate) ticket: Ticket,
    /// To which keys.
    pub(crate) keys: ProvenKeys,
}

/// Why a token, a nonce or a use of a configuration was refused, in the protocol's terms.
pub(crate) fn reservation_refused(error: StoreError) -> Failure {
    match error {
        StoreError::NotFound | StoreError::Expired => Code::InvalidToken.into(),
        StoreError::AlreadyUsed => Failure::with(
            Code::UnknownConfiguration,
            "this token has been used for this credential",
        ),
        StoreError::NonceUnknown => Code::InvalidNonce.into(),
        other => other.into(),
    }
}

impl Service {
    /// The whole of issuance, in its order: approve, reserve, prepare, record intent, sign, verify, release.
    pub(crate) async fn issue(self: &Arc<Self>, wanted: Wanted) -> Result<Vec<Value>, Failure> {
        let (profile, format) = wanted.kind;
        let (session, level) = wanted.granted;
        if profile.level != assurance(level) {
            return Err(Code::UnknownConfiguration.into());
        }
        let now = self.now();
        let (count, transaction) = (wanted.keys.len(), wanted.ticket.transaction());
        let session = ProvedSession::restore(session, now)?;
        let approval = approve(session.provable(), level, wanted.keys)?;
        let person = self
            .person(approval.person())
            .await?
            .ok_or(Failure::from(Code::RequestDenied))?;
        let reserved = self
            .reserve(
                wanted.token_digest,
                profile.configuration(format),
                (wanted.ticket, count),
            )
            .await?;
        let prepared = self
            .prepare(approval, reserved, person, wanted.kind)
            .await?;
        let signed = prepared.record(&*self.store).await?.sign().await?;
        let checked = compute(format, move || signed.verify(now)).await?;
        let at = ReleaseAt {
            transaction,
            lifetimes: self.config.assurance.lifetimes,
            now: self.now(),
        };
        checked.release(&*self.store, at).await
    }

    pub(super) async fn reserve(
        &self,
        token_digest: String,
        configuration: &str,
        (ticket, count): (Ticket, usize),
    ) -> Result<Reserved, Failure> {
        let reservation = Reservation {
            token_digest,
            configuration: configuration.to_owned(),
            ticket,
            count,
            // A list is at most half full, so each proposal is free with probability one half or more: four times the
            // count and 64 more fall short once in 2^60.
            proposals: random_indices(&*self.entropy, count * 4 + 64),
            fresh_list: identifier(&*self.entropy),
        };
        self.store
            .reserve(reservation, self.now())
            .await
            .map_err(reservation_refused)
    }

    async fn prepare(
        self: &Arc<Self>,
        approval: Approval,
        reserved: Reserved,
        person: Arc<Person>,
        kind: (&'static CredentialProfile, Format),
    ) -> Result<Prepared, Failure> {
        let (profile, format) = kind;
        let terms = Terms {
            profile,
            format,
            status_base: format!("{}/status/", self.issuer_url()),
            days: match approval.level() {
                Level::Limited => self.config.issuance.limited_days,
                Level::Full => self.config.issuance.full_days,
            },
            decoys: self.config.issuance.decoys,
            // A credential does not outlive what it rests on.
            evidence_end: self
                .config
                .assurance
                .evidence_days
                .end(approval.level(), approval.evidence()),
            now: self.now(),
        };
        let (signer, x5c) = self.signing()?;
        let parties = Parties {
            person,
            authority: Authority {
                name: self.config.authority.name_en.clone(),
                country: self.config.authority.country.clone(),
            },
            signer,
            x5c,
        };
        let entropy = Arc::clone(&self.entropy);
        let prepare = move || Prepared::prepare(approval, reserved, &terms, &parties, &*entropy);
        compute(format, prepare).await
    }
}

/// Runs the computation of a batch: an SD-JWT's is a signature's, and another thread would cost as much; a W3C document's
/// is milliseconds, and does not belong on an async thread.
async fn compute<T: Send + 'static>(
    format: Format,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match format {
        Format::SdJwt => work(),
        Format::LdpVc => blocking(work).await,
    }
}

/// Uniform indices: the list's length is a power of two, so masking is exact.
fn random_indices(entropy: &dyn Entropy, count: usize) -> Vec<u32> {
    let mut bytes = vec![0; count * 4];
    entropy.fill(&mut bytes);
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| u32::from_be_bytes(*chunk) & (STATUS_LIST_LEN - 1))
        .collect()
}

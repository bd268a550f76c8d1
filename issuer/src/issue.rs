//! From a decision to released credentials, in an order that a crash cannot turn against anybody:
//!
//! ```text
//! Approval + Reserved -> Prepared -> intent recorded durably -> Intended -> signed -> verified by us -> Released
//! ```
//!
//! A crash before the intent leaves an index that nobody has: one decoy more. A crash after it leaves an intent that
//! nobody acknowledged; at the next start its index is revoked, and the record stays `intended` for the auditor. A
//! response is written only after the acknowledgement is on disk.

mod document;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tessera_verifier::Timestamp;
use tessera_verifier::claims::{CredentialProfile, Format};
use tessera_verifier::crypto::sha256;

use crate::environment::{Entropy, identifier, start_of_day};
use crate::failure::{Code, Failure};
use crate::keys::Signer;
use crate::policy::Approval;
use crate::proofing::machine::Lifetimes;
use crate::registry::Person;
use crate::store::{IssuanceRecord, IssuanceState, Level, Release, Reserved, Store};

pub use document::Authority;
pub(crate) use document::status_proof;
use document::{Content, Unsigned};

/// What all credentials of one response share, besides the approval.
pub struct Terms {
    /// Profile and format asked for.
    pub profile: &'static CredentialProfile,
    /// Format asked for.
    pub format: Format,
    /// Base of status list addresses: `{issuer URL}/status/`.
    pub status_base: String,
    /// Days of validity.
    pub days: i64,
    /// When the evidence behind them is too old (Unix seconds): no credential outlives it.
    pub evidence_end: i64,
    /// Decoy digests in each SD-JWT.
    pub decoys: usize,
    /// Unix seconds.
    pub now: i64,
}

/// Who is behind an issuance: the record of the person, the authority, the key that will sign.
pub struct Parties {
    /// The person of the register.
    pub person: Arc<Person>,
    /// The authority.
    pub authority: Authority,
    /// The signer.
    pub signer: Arc<dyn Signer>,
    /// The certificate of its key, for the header of SD-JWTs.
    pub x5c: Option<Vec<String>>,
}

/// Credentials complete but for the signature, with the records of the intent.
pub struct Prepared {
    session: (String, Level),
    credentials: Vec<Unsigned>,
    records: Vec<IssuanceRecord>,
    signer: Arc<dyn Signer>,
}

impl Prepared {
    /// Spends an approval and reserved indices on as many credentials as there are keys. Computation only; takes
    /// milliseconds for the W3C format, so it belongs on a blocking thread.
    ///
    /// # Errors
    /// `evidence_too_old`; `internal` where a document cannot be made.
    pub fn prepare(
        approval: Approval,
        reserved: Reserved,
        terms: &Terms,
        parties: &Parties,
        entropy: &dyn Entropy,
    ) -> Result<Self, Failure> {
        let valid_from = start_of_day(terms.now);
        let valid_until = (valid_from + terms.days * 86_400).min(terms.evidence_end);
        if terms.now >= valid_until {
            return Err(Code::EvidenceTooOld.into());
        }
        let content = Content::new(&approval, terms, parties, (valid_from, valid_until))?;
        let mut credentials = Vec::with_capacity(approval.keys().len());
        let mut records = Vec::with_capacity(approval.keys().len());
        for (key, &index) in approval.keys().iter().zip(&reserved.indices) {
            let unsigned = content.prepare(key, &reserved.list, index, entropy)?;
            records.push(IssuanceRecord {
                id: identifier(entropy),
                set: approval.set().to_owned(),
                person: approval.person().to_owned(),
                configuration: terms.profile.configuration(terms.format).to_owned(),
                level: approval.level(),
                list: reserved.list.clone(),
                index,
                valid_from,
                valid_until,
                issuer: parties.signer.did().to_owned(),
                terminal: approval.evidence().terminal().map(str::to_owned),
                digest: URL_SAFE_NO_PAD.encode(sha256(unsigned.signing_input())),
                state: IssuanceState::Intended,
                revoked: None,
            });
            credentials.push(unsigned);
        }
        if credentials.len() != approval.keys().len() {
            return Err(Failure::internal(&"fewer indices than keys"));
        }
        Ok(Self {
            session: (approval.session().to_owned(), approval.level()),
            credentials,
            records,
            signer: Arc::clone(&parties.signer),
        })
    }

    /// Records the intent, durably.
    ///
    /// # Errors
    /// `internal`; nothing was signed.
    pub async fn record(self, store: &dyn Store) -> Result<Intended, Failure> {
        let ids = self.records.iter().map(|r| r.id.clone()).collect();
        store.record_intent(self.records).await?;
        Ok(Intended {
            session: self.session,
            ids,
            credentials: self.credentials,
            signer: self.signer,
        })
    }
}

/// Credentials whose intent is on disk: the only ones that can be signed.
pub struct Intended {
    session: (String, Level),
    ids: Vec<String>,
    credentials: Vec<Unsigned>,
    signer: Arc<dyn Signer>,
}

impl Intended {
    /// Signs all of them.
    ///
    /// # Errors
    /// `internal` where the signer fails.
    pub async fn sign(self) -> Result<Signed, Failure> {
        let inputs: Vec<&[u8]> = self
            .credentials
            .iter()
            .map(Unsigned::signing_input)
            .collect();
        let signatures = self
            .signer
            .sign(&inputs)
            .await
            .map_err(|error| Failure::internal(&error))?;
        if signatures.len() != self.credentials.len() {
            return Err(Failure::internal(&"the signer returned too few signatures"));
        }
        let credentials = self
            .credentials
            .into_iter()
            .zip(&signatures)
            .map(|(unsigned, signature)| unsigned.attach(signature))
            .collect();
        Ok(Signed {
            session: self.session,
            ids: self.ids,
            credentials,
            signer: self.signer,
        })
    }
}

/// Signed, unchecked and unreleased.
pub struct Signed {
    session: (String, Level),
    ids: Vec<String>,
    credentials: Vec<Value>,
    signer: Arc<dyn Signer>,
}

impl Signed {
    /// Verifies our own output with the code every holder uses. Computation only.
    ///
    /// # Errors
    /// `internal`: a credential that does not verify is never released.
    pub fn verify(self, now: i64) -> Result<Checked, Failure> {
        let now = Timestamp::from_unix(now);
        for credential in &self.credentials {
            document::verify(credential, self.signer.public_key(), now)
                .map_err(|error| Failure::internal(&error))?;
        }
        Ok(Checked {
            session: self.session,
            ids: self.ids,
            credentials: self.credentials,
        })
    }
}

/// When and for what credentials are let go.
pub struct ReleaseAt {
    /// The deferred transaction they answer, if they do.
    pub transaction: Option<String>,
    /// How long states last.
    pub lifetimes: Lifetimes,
    /// Unix seconds.
    pub now: i64,
}

/// Signed and verified by us.
pub struct Checked {
    session: (String, Level),
    ids: Vec<String>,
    credentials: Vec<Value>,
}

impl Checked {
    /// Acknowledges durably, retiring what this set replaces, and lets the credentials go.
    ///
    /// # Errors
    /// `credential_request_denied` where the set was replaced or revoked meanwhile; `internal`.
    pub async fn release(self, store: &dyn Store, at: ReleaseAt) -> Result<Vec<Value>, Failure> {
        let issued = self.ids.len();
        let (session, level) = self.session;
        let release = Release {
            session,
            level,
            issuances: self.ids,
            transaction: at.transaction,
            lifetimes: at.lifetimes,
        };
        match store.complete_issuance(release, at.now).await {
            Ok(retired) => {
                tracing::info!(issued, retired, "credentials issued");
                Ok(self.credentials)
            }
            Err(crate::store::StoreError::WrongState) => Err(Code::RequestDenied.into()),
            Err(error) => Err(error.into()),
        }
    }
}

//! An issuer and a relying party in process: the wallet's whole protocol without a network.

#![expect(clippy::unwrap_used, reason = "tests")]

mod certified;
mod issuing;
mod publishing;
mod serving;
mod verifier;

pub(crate) use certified::Ca;
pub(crate) use verifier::{Answer, Verifier};

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use serde_json::json;
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::key::PublicKey;
use tessera_verifier::time::Timestamp;
use tessera_verifier::{did, vci};
use tessera_wallet::secret::{HolderKey, Passphrase, StoredKey};
use tessera_wallet::store::{KeyStretching, Store};
use tessera_wallet::{Clock, Surroundings};

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const RESPONSE_URI: &str = "https://cafe.example/response";
pub(crate) const REQUEST_URI: &str = "https://cafe.example/request/1";
pub(crate) const DAY: i64 = 86_400;

/// What a dishonest or broken issuer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Credentials bound to a key of the issuer's choice.
    OtherHolderKey,
    /// Two credentials bound to the same key.
    SameKeyTwice,
    /// The other level than asked.
    OtherLevel,
    /// Signed by a key the bundle does not list.
    UnlistedKey,
    /// Signed by another key than the named issuer's.
    ForeignSignature,
    /// Under a certificate by an authority that the bundle does not list.
    ForeignAuthority,
    Expired,
    NotYetValid,
    NoStatus,
    /// Encryption was offered, the answer is in the clear.
    PlainAnswer,
    /// One more credential than keys.
    OneTooMany,
    /// Another person's data in the last credential.
    MixedPersons,
    /// The bundle is signed by another root than at enrolment.
    OtherRoot,
    /// Metadata are signed by a key the bundle does not list.
    UnlistedMetadata,
    /// Metadata name another issuer.
    OtherIdentifier,
    /// The token endpoint is elsewhere.
    ForeignTokenEndpoint,
    /// Refuses the photo.
    FaceMismatch,
    /// The bundle lists the signer for the full level alone.
    IssuerOfFullOnly,
    /// The bundle lists the signer for a time that is over since an hour.
    EndedIssuer,
    /// The bundle lists the signer since an hour, and the credential is of this morning.
    LaterIssuer,
    /// One listed issuer signs in the name of another one.
    OtherListedIssuer,
    /// Every second credential is by another listed issuer, in its own name.
    TwoIssuers,
    /// The issuer is an object that has the DID as its `id`.
    IssuerAsObject,
    /// A further JSON-LD context.
    OtherContext,
    /// Another value, in JSON, of this member of the status entry.
    Status(&'static str, &'static str),
    /// Credentials in the one format, and an empty list in the other.
    NothingInOneFormat,
    /// The keys that signed are to be had at this address.
    KeysAt(&'static str),
    /// The metadata have another format under a name of ours.
    OtherFormat,
    /// What it says of a session.
    SessionState(&'static str),
    /// The code to write down.
    RecoveryCode(&'static str),
    /// What it says to the report of a lost phone.
    Reported(bool),
    /// W3C credentials come later.
    LdpLater,
    /// The root is named with a fragment.
    RootWithFragment,
    /// The session's id leads to another address.
    SessionElsewhere,
    /// Asks for so many movements of the head.
    Movements(usize),
    /// An authorization server on the holder's own machine.
    ServerOnThisMachine,
    /// Takes no applications from the hills before a day.
    DistrictNotOpen,
    /// No network.
    Down,
}

pub(crate) fn key() -> HolderKey {
    StoredKey::generate(&SystemRandom::new())
        .unwrap()
        .open()
        .unwrap()
}

pub(crate) struct World {
    pub(crate) root: HolderKey,
    pub(crate) signing: HolderKey,
    pub(crate) unlisted: HolderKey,
    pub(crate) relying_party: HolderKey,
    /// What credential requests are encrypted to.
    pub(crate) request_key: DecryptionKey,
    pub(crate) fault: Cell<Fault>,
    pub(crate) now: Cell<i64>,
    pub(crate) level: Cell<AssuranceLevel>,
    /// What offers offer.
    pub(crate) formats: Cell<&'static [Format]>,
    /// Register number of the person in new credentials.
    pub(crate) person: Cell<&'static str>,
    pub(crate) terminal_done: Cell<bool>,
    pub(crate) bundle_age: Cell<i64>,
    /// Whether SD-JWT VCs carry the certificate of the key that signed.
    pub(crate) certified: Cell<bool>,
    pub(crate) authority: Ca,
    /// Whether metadata are signed.
    pub(crate) signs_metadata: Cell<bool>,
    /// What the relying party serves at [`REQUEST_URI`].
    pub(crate) served: RefCell<String>,
    /// Form bodies that reached the relying party.
    pub(crate) posted: RefCell<Vec<String>>,
    pub(crate) calls: RefCell<Vec<String>>,
    /// Most bytes of an answer that the wallet would read, by path.
    pub(crate) bounds: RefCell<BTreeMap<String, usize>>,
    /// The keys of what comes later.
    later: RefCell<Vec<PublicKey>>,
    rng: SystemRandom,
    index: Cell<u64>,
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now.get())
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            root: key(),
            signing: key(),
            unlisted: key(),
            relying_party: key(),
            request_key: DecryptionKey::generate("request").unwrap(),
            fault: Cell::new(Fault::None),
            now: Cell::new(1_790_000_000),
            level: Cell::new(AssuranceLevel::Limited),
            formats: Cell::new(&Format::ALL),
            person: Cell::new("110101199003070011"),
            terminal_done: Cell::new(false),
            bundle_age: Cell::new(7 * DAY),
            certified: Cell::new(false),
            authority: Ca::new("Specimen credentials"),
            signs_metadata: Cell::new(false),
            served: RefCell::default(),
            posted: RefCell::default(),
            calls: RefCell::default(),
            bounds: RefCell::default(),
            later: RefCell::default(),
            rng: SystemRandom::new(),
            index: Cell::new(0),
        }
    }

    /// Whether the wallet has asked at this path.
    pub(crate) fn called(&self, path: &str) -> bool {
        self.calls.borrow().iter().any(|call| call == path)
    }

    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            transport: self,
            rng: &self.rng,
            clock: self,
        }
    }

    pub(crate) fn store(&self) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(
            folder.path(),
            &Passphrase::new("passphrase").unwrap(),
            KeyStretching::HAZMAT_TESTING_ONLY,
            &self.rng,
        )
        .unwrap();
        (folder, store)
    }

    pub(crate) fn client_id(&self) -> String {
        format!(
            "decentralized_identifier:{}",
            did::did_key(self.relying_party.public_key())
        )
    }

    pub(crate) fn offer(&self) -> vci::CredentialOffer {
        let profile = CredentialProfile::of(self.level.get());
        let offered: Vec<_> = self
            .formats
            .get()
            .iter()
            .map(|format| profile.configuration(*format))
            .collect();
        serde_json::from_value(json!({
            "credential_issuer": ISSUER,
            "credential_configuration_ids": offered,
            "grants": {vci::PRE_AUTHORIZED_CODE: {
                "pre-authorized_code": "one-time",
                "tx_code": {"input_mode": "numeric", "length": 6},
            }},
        }))
        .unwrap()
    }
}

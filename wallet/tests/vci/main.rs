//! OpenID4VCI from the holder's side, through the real transport against an issuer over HTTP that nobody here wrote.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod certificates;
mod command;
mod server;

use aws_lc_rs::rand::SystemRandom;
use serde_json::{Value, json};
use server::{
    CONFIGURATION, Manners, Server, SignedBy, VCT, Vice, key, pre_authorized, with_browser,
};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::PublicKey;
use tessera_verifier::time::Timestamp;
use tessera_verifier::vci::{Trusted, key_attestation};
use tessera_verifier::x509::TrustAnchor;
use tessera_wallet::client::{Attester, Client, FileAttester};
use tessera_wallet::http::HttpTransport;
use tessera_wallet::messages::Language;
use tessera_wallet::reach::Reach;
use tessera_wallet::receive::{self, Accepted, Authorization};
use tessera_wallet::secret::{HolderKey, Passphrase};
use tessera_wallet::store::{AuthenticatedBy, KeyStretching, Store};
use tessera_wallet::{Clock, Error, Surroundings, delete, renew};

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
    }
}

struct Wallet {
    transport: HttpTransport,
    rng: SystemRandom,
    store: Store,
    _folder: tempfile::TempDir,
}

const FOREIGN: Client<'static> = Client {
    attester: None,
    haip: false,
    foreign: true,
    anchors: &[],
};

/// The fields apart, so that the store can be changed while the surroundings are lent.
macro_rules! surroundings {
    ($wallet:expr) => {
        Surroundings {
            transport: &$wallet.transport,
            rng: &$wallet.rng,
            clock: &SystemClock,
        }
    };
}

impl Wallet {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rng = SystemRandom::new();
        let store = Store::create(
            folder.path(),
            &Passphrase::new("passphrase").unwrap(),
            KeyStretching::HAZMAT_TESTING_ONLY,
            &rng,
        )
        .unwrap();
        Self {
            transport: HttpTransport::new(),
            rng,
            store,
            _folder: folder,
        }
    }

    /// A wallet that has taken up an offer of this server.
    fn given(server: &Server, client: Client<'_>) -> Self {
        let mut wallet = Self::new();
        wallet.takes(server, client).unwrap();
        wallet
    }

    /// Takes up an offer with a pre-authorized code.
    fn takes(&mut self, server: &Server, client: Client<'_>) -> Result<Accepted, Error> {
        self.receive(&server.offer(&pre_authorized()), client)
    }

    fn receive(&mut self, link: &str, client: Client<'_>) -> Result<Accepted, Error> {
        let reach = Reach::of(self.store.contents(), true);
        let offer = receive::read_offer(surroundings!(self), link, &reach)?;
        let surroundings = surroundings!(self);
        receive::accept(&mut self.store, surroundings, client, &offer, None)
    }

    /// The authorization code flow, with a browser that agrees.
    fn authorize(&mut self, server: &Server, client: Client<'_>) -> Result<Accepted, Error> {
        let offer = receive::parse_offer(&server.offer(&with_browser()))?;
        let surroundings = surroundings!(self);
        let contents = self.store.contents();
        let back = "http://127.0.0.1:49152/";
        let waiting = Authorization::begin(contents, surroundings, client, &offer, back)?;
        let redirected = server.agree(waiting.link().as_str());
        let requested = waiting.finish(&redirected)?;
        receive::take(&mut self.store, surroundings, client, &requested)
    }

    fn unused(&self) -> usize {
        self.store
            .contents()
            .foreign
            .iter()
            .map(|set| set.unused.len())
            .sum()
    }
}

fn code<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

/// A wallet provider.
struct Provider {
    key: HolderKey,
}

impl Provider {
    fn new() -> Self {
        Self { key: key() }
    }

    fn public(&self) -> PublicKey {
        self.key.public_key().clone()
    }
}

impl Attester for Provider {
    fn client_id(&self) -> &'static str {
        "specimen-wallet"
    }

    fn attest_client(&self, instance: &PublicKey, now: Timestamp) -> Result<String, Error> {
        let times = (now, now.add_seconds(60));
        let header = json!({"kid": "provider"});
        tessera_verifier::vci::client_attestation::prepare(
            header,
            self.client_id(),
            instance,
            times,
        )
        .sign(&self.key)
        .map_err(|_| Error::Signing)
    }

    fn attest_keys(
        &self,
        keys: &[PublicKey],
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Error> {
        let said = tessera_verifier::vci::key_attestation::KeyAttestation {
            keys: keys.to_vec(),
            key_storage: vec!["iso_18045_high".to_owned()],
            user_authentication: Vec::new(),
            nonce: nonce.map(str::to_owned),
        };
        let header = json!({"kid": "provider"});
        tessera_verifier::vci::key_attestation::prepare(header, &said, (now, now.add_seconds(60)))
            .sign(&self.key)
            .map_err(|_| Error::Signing)
    }
}

fn stored(accepted: Accepted) -> String {
    match accepted {
        Accepted::Stored(id) => id,
        Accepted::Deferred(_) => unreachable!("nothing is deferred here"),
    }
}

#[test]
fn a_batch_of_another_issuer_is_stored_under_its_authenticated_name() {
    let server = Server::start(Manners::default());
    let mut wallet = Wallet::new();
    let id = stored(wallet.takes(&server, FOREIGN).unwrap());
    let [set] = wallet.store.contents().foreign.as_slice() else {
        unreachable!("one set");
    };
    assert_eq!((set.id.as_str(), set.vct.as_str()), (id.as_str(), VCT));
    assert_eq!(set.issuer, server.did());
    assert_eq!(set.authenticated_by, AuthenticatedBy::Did);
    assert_eq!(set.claims["family_name"], "SPECIMEN");
    assert_eq!((set.issued, set.unused.len()), (3, 3));
    assert_eq!(server.calls("/credential"), 1, "one request for the batch");
}

#[test]
fn an_issuer_is_known_by_the_keys_at_its_own_address() {
    let manners = Manners {
        signed_by: SignedBy::Address,
        ..Manners::default()
    };
    let server = Server::start(manners.clone());
    let mut wallet = Wallet::given(&server, FOREIGN);
    let set = &wallet.store.contents().foreign[0];
    assert_eq!(
        (set.issuer.as_str(), set.authenticated_by),
        (server.url.as_str(), AuthenticatedBy::Address)
    );
    let apart = Manners {
        keys_apart: true,
        ..manners.clone()
    };
    Wallet::given(&Server::start(apart.clone()), FOREIGN);
    for (manners, vice, refusal) in [
        (&manners, Vice::KeysOfAnother, "issuer_key_mismatch"),
        (&manners, Vice::KeyUnnamed, "issuer_key_mismatch"),
        (&apart, Vice::KeysElsewhere, "issuer_answer_malformed"),
        (&apart, Vice::KeysMissing, "issuer_answer_malformed"),
        (&apart, Vice::HugeKeys, "answer_too_large"),
    ] {
        let hostile = Server::start(Manners {
            vice,
            ..manners.clone()
        });
        let outcome = wallet.takes(&hostile, FOREIGN);
        assert_eq!(code(outcome), refusal, "{vice:?}");
        assert_eq!(wallet.store.contents().foreign.len(), 1);
    }
}

#[test]
fn an_issuer_in_no_bundle_is_refused_unless_the_holder_takes_such() {
    let server = Server::start(Manners::default());
    let mut wallet = Wallet::new();
    let outcome = wallet.receive(&server.offer(&pre_authorized()), Client::default());
    assert_eq!(code(outcome), "issuer_unknown");
    let outcome = wallet.authorize(&server, Client::default());
    assert_eq!(code(outcome), "issuer_unknown");
    assert_eq!(server.calls("/par"), 0, "nor is anybody sent to its page");
    assert_eq!(server.calls("/token"), 0, "before anything is sent");
    // A token is not used either for what would not be kept.
    let offer = receive::parse_offer(&server.offer(&pre_authorized())).unwrap();
    let surroundings = surroundings!(wallet);
    let contents = wallet.store.contents();
    let requested =
        receive::Requested::begin(contents, surroundings, FOREIGN, &offer, None).unwrap();
    let outcome = receive::take(
        &mut wallet.store,
        surroundings,
        Client::default(),
        &requested,
    );
    assert_eq!(code(outcome), "issuer_unknown");
    assert_eq!(server.calls("/credential"), 0);
}

#[test]
fn an_offer_by_reference_is_fetched_within_reach() {
    let server = Server::start(Manners::default());
    let mut wallet = Wallet::new();
    wallet.receive(&server.by_reference(), FOREIGN).unwrap();
    assert_eq!(wallet.unused(), 3);
    let reach = Reach::of(wallet.store.contents(), false);
    let outcome = receive::read_offer(surroundings!(wallet), &server.by_reference(), &reach);
    assert_eq!(
        code(outcome),
        "address_refused",
        "a stranger's link does not lead to this machine"
    );
}

/// §4.1.3.
#[test]
fn an_offer_by_reference_comes_as_json_with_status_200() {
    for (vice, refusal) in [
        (Vice::OfferStatus(203), "offer_invalid"),
        (Vice::OfferStatus(404), "offer_invalid"),
        (Vice::OfferPage, "offer_invalid"),
        (Vice::HugeOffer, "answer_too_large"),
    ] {
        let server = Server::start(Manners {
            vice,
            ..Manners::default()
        });
        let outcome = Wallet::new().receive(&server.by_reference(), FOREIGN);
        assert_eq!(code(outcome), refusal, "{vice:?}");
        assert_eq!(server.calls("/token"), 0);
    }
}

#[test]
fn what_is_offered_is_in_the_issuers_metadata_and_asked_for_once() {
    let server = Server::start(Manners::default());
    let mut wallet = Wallet::new();
    let unknown = server.offer_for(&pre_authorized(), &["library_card"]);
    let outcome = wallet.receive(&unknown, FOREIGN);
    assert_eq!(code(outcome), "issuer_answer_malformed");
    assert_eq!(server.calls("/token"), 0);
    let twice = server.offer_for(&pre_authorized(), &[CONFIGURATION, CONFIGURATION]);
    wallet.receive(&twice, FOREIGN).unwrap();
    assert_eq!((server.calls("/credential"), wallet.unused()), (1, 3));
}

#[test]
fn by_authorization_code_with_pushed_request_and_details() {
    let server = Server::start(Manners::default());
    let mut wallet = Wallet::new();
    wallet.authorize(&server, FOREIGN).unwrap();
    assert_eq!((server.calls("/par"), wallet.unused()), (1, 3));
}

#[test]
fn by_scope_without_authorization_details() {
    let server = Server::start(Manners {
        scope: true,
        ..Manners::default()
    });
    let mut wallet = Wallet::new();
    wallet.authorize(&server, FOREIGN).unwrap();
    assert_eq!(wallet.unused(), 3);
}

#[test]
fn without_pushed_requests_the_link_carries_the_request() {
    let server = Server::start(Manners {
        par: false,
        ..Manners::default()
    });
    let mut wallet = Wallet::new();
    wallet.authorize(&server, FOREIGN).unwrap();
    assert_eq!((server.calls("/par"), wallet.unused()), (0, 3));
}

#[test]
fn a_server_that_wants_dpop_nonces_gets_them() {
    let server = Server::start(Manners {
        dpop_nonce: true,
        ..Manners::default()
    });
    let mut wallet = Wallet::new();
    wallet.authorize(&server, FOREIGN).unwrap();
    assert_eq!(wallet.unused(), 3);
    // Once for the nonce and once with it; the next request has it already.
    assert_eq!((server.calls("/par"), server.calls("/token")), (2, 1));
}

#[test]
fn a_server_that_always_wants_another_nonce_is_asked_twice() {
    let server = Server::start(Manners {
        vice: Vice::EndlessNonces,
        ..Manners::default()
    });
    let mut wallet = Wallet::new();
    let outcome = wallet.takes(&server, FOREIGN);
    assert_eq!(code(outcome), "use_dpop_nonce");
    assert_eq!(server.calls("/token"), 2);
}

/// A nonce that is none, or longer than any: not repeated to whoever sent it.
#[test]
fn a_server_that_wants_a_nonce_and_sends_no_usable_one_is_asked_once() {
    let long = Box::leak("n".repeat(513).into_boxed_str());
    for nonce in ["", long] {
        let server = Server::start(Manners {
            vice: Vice::OddNonce(nonce),
            ..Manners::default()
        });
        let outcome = Wallet::new().takes(&server, FOREIGN);
        assert_eq!(code(outcome), "use_dpop_nonce");
        assert_eq!(server.calls("/token"), 1);
    }
}

#[test]
fn an_issuer_that_always_wants_another_nonce_is_asked_twice() {
    let server = Server::start(Manners {
        vice: Vice::EndlessIssuerNonces,
        ..Manners::default()
    });
    let outcome = Wallet::new().takes(&server, FOREIGN);
    assert!(outcome.is_err());
    assert_eq!(server.calls("/credential"), 2);
}

#[test]
fn a_server_may_describe_itself_where_openid_connect_does() {
    let server = Server::start(Manners {
        vice: Vice::OpenIdConfiguration,
        ..Manners::default()
    });
    assert_eq!(Wallet::given(&server, FOREIGN).unused(), 3);
}

/// §8.3.1.2: a fresh nonce is tried once, with new proofs.
#[test]
fn an_issuer_whose_nonces_are_never_fresh_is_asked_twice() {
    let server = Server::start(Manners {
        vice: Vice::StaleNonces,
        ..Manners::default()
    });
    let outcome = Wallet::new().takes(&server, FOREIGN);
    assert_eq!(code(outcome), "invalid_nonce");
    let calls = ["/token", "/nonce", "/credential"].map(|path| server.calls(path));
    assert_eq!(calls, [1, 2, 2]);
}

/// RFC 6749 §7.1: a token of a kind that is not understood is not used, nor one bound to a key that was not proved.
#[test]
fn tokens_of_other_kinds_are_not_used() {
    for (vice, dpop) in [
        (Vice::OddToken, true),
        (Vice::OddToken, false),
        (Vice::BoundToNothing, false),
    ] {
        let server = Server::start(Manners {
            vice,
            dpop,
            ..Manners::default()
        });
        let outcome = Wallet::new().takes(&server, FOREIGN);
        assert_eq!(code(outcome), "issuer_answer_malformed", "{vice:?} {dpop}");
        assert_eq!(server.calls("/credential"), 0);
    }
}

#[test]
fn an_issuer_that_takes_no_proof_the_wallet_makes_gets_none() {
    let server = Server::start(Manners {
        vice: Vice::OtherProofs,
        ..Manners::default()
    });
    let outcome = Wallet::new().takes(&server, FOREIGN);
    assert_eq!(code(outcome), "proof_unsupported");
    assert_eq!(server.calls("/credential"), 0);
}

#[test]
fn without_dpop_a_bearer_token_is_used_but_not_under_haip() {
    let server = Server::start(Manners {
        dpop: false,
        ..Manners::default()
    });
    let mut wallet = Wallet::given(&server, FOREIGN);
    assert_eq!(wallet.unused(), 3);
    let strict = Client {
        haip: true,
        ..FOREIGN
    };
    let outcome = wallet.takes(&server, strict);
    assert_eq!(code(outcome), "attestation_needed");
}

#[test]
fn the_wallet_is_attested_and_answers_the_challenge() {
    let provider = Provider::new();
    for challenge in [false, true] {
        let server = Server::start(Manners {
            attester: Some(provider.public()),
            challenge,
            ..Manners::default()
        });
        let mut wallet = Wallet::new();
        let outcome = wallet.takes(&server, FOREIGN);
        assert_eq!(code(outcome), "attestation_needed");
        assert_eq!(server.calls("/token"), 0, "before anything is sent");
        let attested = Client {
            attester: Some(&provider),
            haip: true,
            ..FOREIGN
        };
        wallet.authorize(&server, attested).unwrap();
        assert_eq!(wallet.unused(), 3);
        assert_eq!(server.calls("/challenge"), usize::from(challenge));
    }
}

#[test]
fn keys_are_attested_in_either_kind_of_proof() {
    let provider = Provider::new();
    for kind in ["jwt", "attestation"] {
        let server = Server::start(Manners {
            attester: Some(provider.public()),
            key_attestation: Some(kind),
            ..Manners::default()
        });
        let attested = Client {
            attester: Some(&provider),
            ..FOREIGN
        };
        let wallet = Wallet::given(&server, attested);
        assert_eq!(wallet.unused(), 3, "{kind}");
    }
}

#[test]
fn requests_and_responses_are_encrypted_deferred_ones_too() {
    let server = Server::start(Manners {
        encrypted: true,
        deferrals: 2,
        ..Manners::default()
    });
    let mut wallet = Wallet::new();
    let accepted = wallet.takes(&server, FOREIGN).unwrap();
    assert_eq!(accepted, Accepted::Deferred(1));
    let surroundings = surroundings!(wallet);
    let outcome = receive::collect(&mut wallet.store, surroundings, FOREIGN);
    assert_eq!(code(outcome), "issuance_pending");
    receive::collect(&mut wallet.store, surroundings, FOREIGN).unwrap();
    assert_eq!(wallet.unused(), 3);
    let outcome = receive::collect(&mut wallet.store, surroundings, FOREIGN);
    assert_eq!(code(outcome), "nothing_deferred");
    assert_eq!(server.events(), ["credential_accepted"]);
}

#[test]
fn credentials_are_asked_for_by_the_identifier_that_was_granted() {
    let server = Server::start(Manners {
        identifiers: true,
        ..Manners::default()
    });
    let wallet = Wallet::given(&server, FOREIGN);
    assert_eq!(wallet.unused(), 3);
}

#[test]
fn an_issuer_without_nonces_gets_proofs_without() {
    let server = Server::start(Manners {
        nonce_endpoint: false,
        ..Manners::default()
    });
    let wallet = Wallet::given(&server, FOREIGN);
    assert_eq!(wallet.unused(), 3);
}

#[test]
fn the_issuer_hears_of_what_was_stored_refused_and_deleted() {
    let server = Server::start(Manners::default());
    let mut wallet = Wallet::new();
    let id = stored(wallet.takes(&server, FOREIGN).unwrap());
    let surroundings = surroundings!(wallet);
    assert!(delete::delete(&mut wallet.store, surroundings, FOREIGN, &id).unwrap());
    assert_eq!(
        server.events(),
        ["credential_accepted", "credential_deleted"]
    );
    let hostile = Server::start(Manners {
        vice: Vice::OtherType,
        ..Manners::default()
    });
    let outcome = wallet.takes(&hostile, FOREIGN);
    assert_eq!(code(outcome), "credential_not_as_asked");
    assert_eq!(hostile.events(), ["credential_failure"]);
    // §11: an issuer without the endpoint is told nothing, and all is well.
    let silent = Server::start(Manners {
        notifications: false,
        ..Manners::default()
    });
    let id = stored(wallet.takes(&silent, FOREIGN).unwrap());
    let surroundings = surroundings!(wallet);
    assert!(!delete::delete(&mut wallet.store, surroundings, FOREIGN, &id).unwrap());
}

#[test]
fn what_runs_low_is_renewed_by_its_refresh_token_which_is_kept_when_it_turns() {
    for vice in [Vice::None, Vice::SameRefreshToken] {
        renewed_three_times(vice);
    }
}

fn renewed_three_times(vice: Vice) {
    let server = Server::start(Manners {
        refresh: true,
        vice,
        ..Manners::default()
    });
    let mut wallet = Wallet::new();
    let id = stored(wallet.takes(&server, FOREIGN).unwrap());
    let due = |wallet: &Wallet| renew::due(wallet.store.contents(), SystemClock.now()).len();
    assert_eq!(due(&wallet), 0);
    for _ in 0..3 {
        let surroundings = surroundings!(wallet);
        wallet
            .store
            .update(surroundings.rng, |contents| {
                contents.foreign[0].unused.clear();
                Ok(())
            })
            .unwrap();
        assert_eq!(due(&wallet), 1);
        renew::by_token(&mut wallet.store, surroundings, Client::default(), &id).unwrap();
        assert_eq!(wallet.unused(), 3);
        assert_eq!(
            wallet.store.contents().foreign.len(),
            1,
            "replaced, not added"
        );
    }
}

#[test]
fn an_answer_that_is_not_to_the_wallets_question_is_not_used() {
    for vice in [Vice::WrongIss, Vice::WrongState, Vice::NoIss] {
        let server = Server::start(Manners {
            vice,
            ..Manners::default()
        });
        let mut wallet = Wallet::new();
        let outcome = wallet.authorize(&server, FOREIGN);
        assert_eq!(code(outcome), "authorization_invalid", "{vice:?}");
        assert_eq!(server.calls("/token"), 0, "the code stays where it is");
    }
}

/// The address a browser ends at is read with as much care as an answer of the server.
#[test]
fn an_address_that_is_not_the_wallets_own_or_too_long_is_no_answer() {
    let server = Server::start(Manners::default());
    let wallet = Wallet::new();
    let surroundings = surroundings!(wallet);
    let offer = receive::parse_offer(&server.offer(&with_browser())).unwrap();
    let contents = wallet.store.contents();
    let back = "http://127.0.0.1:49152/";
    let waiting = Authorization::begin(contents, surroundings, FOREIGN, &offer, back).unwrap();
    let redirected = server.agree(waiting.link().as_str());
    assert!(waiting.is_answer(&redirected));
    let elsewhere = redirected.replace(":49152/", ":49152/other");
    let long = format!("{redirected}&x={}", "x".repeat(16 << 10));
    for address in [&elsewhere, &long] {
        assert!(!waiting.is_answer(address));
    }
    let outcome = waiting.finish(&long);
    assert_eq!(code(outcome), "authorization_invalid");
    assert_eq!(server.calls("/token"), 0);
}

#[test]
fn an_error_in_the_browser_is_said_in_words_of_the_protocol_alone() {
    let server = Server::start(Manners {
        vice: Vice::OddError,
        ..Manners::default()
    });
    let outcome = Wallet::new().authorize(&server, FOREIGN);
    assert_eq!(code(outcome), "unspecified");
}

/// §10: what is demanded and cannot be done is not done in the clear.
#[test]
fn encryption_that_is_demanded_and_impossible_ends_the_issuance() {
    for vice in [
        Vice::UnusableRequestKeys,
        Vice::NoRequestKeys,
        Vice::OddResponseEncryption,
    ] {
        let server = Server::start(Manners {
            encrypted: true,
            vice,
            ..Manners::default()
        });
        let outcome = Wallet::new().takes(&server, FOREIGN);
        assert_eq!(code(outcome), "issuer_answer_malformed", "{vice:?}");
        assert_eq!(server.calls("/credential"), 0, "{vice:?}");
    }
}

/// §9.3: what will not change is forgotten, and nothing else is.
#[test]
fn a_request_that_is_refused_for_good_is_asked_about_no_more() {
    for (error, left) in [
        ("credential_request_denied", 0),
        ("invalid_transaction_id", 0),
        ("server_error", 1),
    ] {
        let server = Server::start(Manners {
            vice: Vice::Denied(error),
            deferrals: 1,
            ..Manners::default()
        });
        let mut wallet = Wallet::given(&server, FOREIGN);
        let surroundings = surroundings!(wallet);
        let outcome = receive::collect(&mut wallet.store, surroundings, FOREIGN);
        assert_eq!(code(outcome), error);
        assert_eq!(wallet.store.contents().deferred.len(), left, "{error}");
    }
}

/// RFC 6749 §10.4: the old refresh token may be good no more, whatever becomes of the credentials.
#[test]
fn a_refresh_token_that_turned_is_kept_though_nothing_is_issued() {
    let server = Server::start(Manners {
        refresh: true,
        vice: Vice::OnlyOnce,
        ..Manners::default()
    });
    let mut wallet = Wallet::new();
    let id = stored(wallet.takes(&server, FOREIGN).unwrap());
    let surroundings = surroundings!(wallet);
    let outcome = renew::by_token(&mut wallet.store, surroundings, Client::default(), &id);
    assert_eq!(code(outcome), "credential_request_denied");
    let renewal = wallet.store.contents().foreign[0].renewal.as_ref();
    let kept = renewal.and_then(|renewal| renewal.refresh_token.as_ref());
    assert_eq!(kept.map(|token| token.expose()), Some("refresh-1"));
}

#[test]
fn a_hostile_issuer_gets_nothing_and_nothing_of_it_is_stored() {
    for (vice, encrypted, refusal) in [
        (Vice::OtherIdentifier, false, "issuer_answer_malformed"),
        (
            Vice::OtherServerIdentifier,
            false,
            "issuer_answer_malformed",
        ),
        (Vice::ForeignTokenEndpoint, false, "issuer_answer_malformed"),
        (
            Vice::ForeignCredentialEndpoint,
            false,
            "issuer_answer_malformed",
        ),
        (Vice::ServerOnPrivateAddress, false, "address_refused"),
        (Vice::Redirect, false, "redirect_refused"),
        (Vice::HugeMetadata, false, "answer_too_large"),
        (Vice::OtherKey, false, "holder_key_mismatch"),
        (Vice::SameKeyTwice, false, "holder_key_mismatch"),
        (Vice::OneTooMany, false, "credential_not_as_asked"),
        (Vice::TwoPersons, false, "credential_not_as_asked"),
        (Vice::OtherSignature, false, "invalid_signature"),
        (Vice::Expired, false, "expired"),
        (Vice::NotYetValid, false, "not_yet_valid"),
        (Vice::PlainAnswer, true, "response_not_encrypted"),
        (Vice::NowAndLater, false, "credential_not_as_asked"),
        (Vice::NowAndLater, true, "credential_not_as_asked"),
        (Vice::HugeResponse, false, "answer_too_large"),
        (Vice::DateAsText, false, "credential_not_as_asked"),
        (Vice::TwoSigners, false, "credential_not_as_asked"),
        (Vice::TwoTypes, false, "credential_not_as_asked"),
    ] {
        let server = Server::start(Manners {
            vice,
            encrypted,
            ..Manners::default()
        });
        let mut wallet = Wallet::new();
        let outcome = wallet.takes(&server, FOREIGN);
        assert_eq!(code(outcome), refusal, "{vice:?}");
        assert!(wallet.store.contents().foreign.is_empty(), "{vice:?}");
        assert!(wallet.store.contents().deferred.is_empty(), "{vice:?}");
        assert!(wallet.store.contents().history.is_empty(), "{vice:?}");
    }
}

#[test]
fn metadata_are_found_where_the_drafts_put_them() {
    let server = Server::start(Manners {
        tenant: "/tenant",
        ..Manners::default()
    });
    assert_eq!(Wallet::given(&server, FOREIGN).unused(), 3);
    for name in ["openid-credential-issuer", "oauth-authorization-server"] {
        // Where 1.0 puts them comes first.
        let path = format!("outside/.well-known/{name}/tenant");
        assert_eq!(server.calls(&path), 1, "{name}");
    }
}

#[test]
fn an_offer_of_a_format_that_the_wallet_does_not_have_is_no_fault_of_the_issuer() {
    let server = Server::start(Manners {
        format: "mso_mdoc",
        ..Manners::default()
    });
    let outcome = Wallet::new().takes(&server, FOREIGN);
    assert_eq!(code(outcome), "offer_invalid");
    assert_eq!(server.calls("/token"), 0);
}

#[test]
fn an_offer_names_no_server_but_the_issuers_own() {
    let server = Server::start(Manners::default());
    let mut grants = pre_authorized();
    let grant = &mut grants[tessera_verifier::vci::PRE_AUTHORIZED_CODE];
    grant["authorization_server"] = json!("https://other.example");
    let mut wallet = Wallet::new();
    let outcome = wallet.receive(&server.offer(&grants), FOREIGN);
    assert_eq!(code(outcome), "issuer_answer_malformed");
    assert_eq!(server.calls("/token"), 0);
}

/// Class 8: the wallet makes ten keys and no more, whatever an issuer promises.
#[test]
fn a_batch_is_as_large_as_the_wallet_wants() {
    let server = Server::start(Manners {
        batch: 10,
        vice: Vice::HugeBatch,
        ..Manners::default()
    });
    let wallet = Wallet::given(&server, FOREIGN);
    assert_eq!(wallet.unused(), receive::BATCH);
}

/// Class 17: the reason of the issuer's own survives the protocol's, at whatever step, and is said in words.
#[test]
fn the_issuers_own_reason_reaches_the_holder_from_every_endpoint() {
    for path in ["/par", "/token", "/nonce", "/credential", "/deferred"] {
        let server = Server::start(Manners {
            vice: Vice::RefusesAt(path),
            deferrals: u32::from(path == "/deferred"),
            ..Manners::default()
        });
        let mut wallet = Wallet::new();
        let outcome = wallet.authorize(&server, FOREIGN).and_then(|_| {
            let surroundings = surroundings!(wallet);
            receive::collect(&mut wallet.store, surroundings, FOREIGN)
        });
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "evidence_too_old", "{path}");
        for language in [Language::English, Language::Chinese] {
            let sentence = error.sentence(language);
            assert!(!sentence.contains("evidence_too_old"), "{sentence}");
            assert!(error.hint(language).is_some());
        }
    }
}

#[test]
fn what_is_kept_holds_no_code() {
    let server = Server::start(Manners::default());
    let wallet = Wallet::given(&server, FOREIGN);
    let history: Value = json!(wallet.store.contents().history);
    let text = history.to_string();
    assert!(
        text.contains("received_foreign") && !text.contains("SPECIMEN"),
        "{text}"
    );
}

#[test]
fn haip_is_exact() {
    let provider = Provider::new();
    let strict = Client {
        attester: Some(&provider),
        haip: true,
        ..FOREIGN
    };
    let manners = Manners {
        attester: Some(provider.public()),
        ..Manners::default()
    };
    // The wallet binds its token also where the server does not say that it can.
    let lax = Server::start(Manners {
        vice: Vice::BearerForAll,
        ..manners.clone()
    });
    let mut wallet = Wallet::new();
    let outcome = wallet.takes(&lax, strict);
    assert_eq!(code(outcome), "issuer_answer_malformed");
    assert_eq!(lax.calls("/credential"), 0);
    let open = Server::start(Manners {
        par: false,
        ..manners.clone()
    });
    let outcome = wallet.authorize(&open, strict);
    assert_eq!(code(outcome), "issuer_answer_malformed");
    let server = Server::start(manners);
    wallet.authorize(&server, strict).unwrap();
    assert_eq!(wallet.unused(), 3);
}

#[test]
fn an_issuer_is_known_by_a_certificate_under_an_authority_the_holder_named() {
    let manners = Manners {
        signed_by: SignedBy::Certificate,
        ..Manners::default()
    };
    let server = Server::start(manners.clone());
    let root = base64(certificates::ROOT);
    let anchors = [TrustAnchor::from_certificate(&root).unwrap()];
    let trusting = Client {
        anchors: &anchors,
        ..FOREIGN
    };
    let mut wallet = Wallet::given(&server, trusting);
    let set = &wallet.store.contents().foreign[0];
    assert_eq!(set.issuer, certificates::ISSUER);
    assert_eq!(set.authenticated_by, AuthenticatedBy::Certificate);
    // Nobody named an authority: a certificate alone proves nothing.
    let outcome = wallet.takes(&server, FOREIGN);
    assert_eq!(code(outcome), "issuer_untrusted");
    // The certificate is not for the name the credential bears.
    let hostile = Server::start(Manners {
        vice: Vice::OtherName,
        ..manners
    });
    let outcome = wallet.takes(&hostile, trusting);
    assert_eq!(code(outcome), "issuer_key_mismatch");
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

#[test]
fn a_development_attester_is_read_from_its_file_and_from_nothing_else() {
    let read = |value: Value| FileAttester::from_json(value.to_string().as_bytes());
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    });
    let good =
        read(json!({"client_id": "c", "jwk": jwk, "key_storage": ["iso_18045_high"]})).unwrap();
    let instance = key();
    let now = SystemClock.now();
    let attestation = good.attest_client(instance.public_key(), now).unwrap();
    let trusted = Trusted {
        keys: &[PublicKey::from_jwk(&json!({
            "kty": "EC", "crv": "P-256", "x": jwk["x"], "y": jwk["y"],
        }))
        .unwrap()],
        anchors: &[],
    };
    let keys = good
        .attest_keys(&[instance.public_key().clone()], Some("n"), now)
        .unwrap();
    let said = key_attestation::verify(&keys, &trusted, now).unwrap();
    assert_eq!(said.key_storage, ["iso_18045_high"]);
    assert_eq!(attestation.split('.').count(), 3);
    let mut public = jwk.clone();
    public.as_object_mut().unwrap().remove("d");
    let mut other = jwk.clone();
    other["x"] = other["y"].clone();
    for bad in [
        json!({"client_id": "c", "jwk": public}),
        json!({"client_id": "c", "jwk": other}),
        json!({"jwk": jwk}),
        json!({"client_id": "c", "jwk": jwk, "unknown": 1}),
        json!([]),
    ] {
        assert_eq!(code(read(bad)), "attestation_unavailable");
    }
}

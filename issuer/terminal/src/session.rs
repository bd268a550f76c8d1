//! One person at the terminal, from challenge to code.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::CryptoRngCore;
use serde::Deserialize as _;
use serde_json::json;
use tessera_card::sam::{self, SamTransport};
use tessera_card::{Access, AccessKey, OpenChip, Transceiver};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::did;
use tessera_verifier::liveness::LivenessChallenge;
use tessera_verifier::terminal::{
    self, ChallengeStatement, EvidenceStatement, Statement, aa_challenge,
};
use tessera_verifier::terminal::{LivenessFinding, OperatorStatement};
use tessera_verifier::time::Timestamp;
use zeroize::Zeroizing;

use crate::camera::{self, Film};
use crate::counter::Counter;
use crate::error::TerminalError;
use crate::evidence::{Live, Reading};
use crate::issuer::{IssuerApi, Json};
use crate::journal::Journal;
use crate::relay;
use crate::upload::{self, Backoff};

/// Longest nonce or code taken from the issuer, in octets.
const MAX_TOKEN: usize = 512;
/// Seconds for which a challenge is asked for while the issuer does not answer. A person waits.
const CHALLENGE_PATIENCE: i64 = 30;

/// Where a session takes place: everything that touches the world.
pub struct Station<'a> {
    /// The issuer's API.
    pub issuer: &'a dyn IssuerApi,
    /// The terminal's key; its `did:key` is the terminal's name.
    pub signer: &'a dyn LocalSigner,
    /// Numbers the statements.
    pub counter: &'a mut dyn Counter,
    /// The time.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// Randomness for the card protocols and statement identifiers.
    pub rng: &'a mut dyn CryptoRngCore,
    /// The operator who stands by, if one does.
    pub operator: Option<&'a mut dyn Operator>,
    /// The measurement of this program: [`crate::measure`].
    pub software: &'a str,
    /// Remembers a session over a power cut.
    pub journal: &'a mut dyn Journal,
    /// Waits.
    pub pause: &'a dyn Fn(Duration),
}

/// A person of the authority who stands by and compares.
pub trait Operator {
    /// Asks whether the person before the camera is the person of the card, and returns the operator's own key to say so
    /// with.
    ///
    /// # Errors
    /// [`TerminalError::NotConfirmed`] when the operator says no: nothing is sent then.
    fn confirm(&mut self) -> Result<&dyn LocalSigner, TerminalError>;
}

/// An operator who has compared already: the key alone.
pub struct SignedIn<K>(pub K);

impl<K: LocalSigner> Operator for SignedIn<K> {
    fn confirm(&mut self) -> Result<&dyn LocalSigner, TerminalError> {
        Ok(&self.0)
    }
}

/// What is to be done for one person.
pub struct SessionJob<'a> {
    issuer: String,
    session: String,
    reader: String,
    access: AccessKey,
    protocols: Access,
    film: Option<&'a dyn Film>,
}

impl<'a> SessionJob<'a> {
    /// A job for the session a wallet started (`session`) at the issuer with this public URL, read
    /// with the reader of this name, by PACE only until said otherwise.
    #[must_use]
    pub fn new(issuer: &str, session: &str, reader: &str) -> Self {
        Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            session: session.to_owned(),
            reader: reader.to_owned(),
            access: AccessKey::Can(String::new()),
            protocols: Access::PaceOnly,
            film: None,
        }
    }

    /// Who films the person where the issuer asks for head movements. Without one, such a session ends.
    #[must_use]
    pub fn film(mut self, film: Option<&'a dyn Film>) -> Self {
        self.film = film;
        self
    }

    /// What opens the chip: the card access number, or three fields of the MRZ.
    #[must_use]
    pub fn access(mut self, key: AccessKey) -> Self {
        self.access = key;
        self
    }

    /// Which access protocols may open the chip. Basic access control is for documents from before PACE, by policy.
    #[must_use]
    pub fn protocols(mut self, protocols: Access) -> Self {
        self.protocols = protocols;
        self
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn session(&self) -> &str {
        &self.session
    }
}

/// Where a session has got to, for the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Asking the issuer for a challenge.
    Challenging,
    /// Reading the chip: the card must stay where it is.
    Reading,
    /// The chip proves its key to the issuer: the card must stay where it is.
    Proving,
    /// The chip is read; the card may be taken away.
    Read,
    /// The issuer is checking chip and face.
    Checking,
    /// The issuer does not answer; the terminal tries again.
    Waiting,
}

/// The session is through: the person types this code into the wallet.
#[derive(PartialEq, Eq)]
pub struct Outcome {
    /// The transaction code of the credential offer (OpenID4VCI §4.1.1).
    pub tx_code: Zeroizing<String>,
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outcome(..)")
    }
}

/// Fetches the challenge, reads the chip, signs and uploads. `photo` is the live JPEG or PNG; where the issuer asks for
/// head movements, the person is filmed instead, and the photograph is not sent.
///
/// Order matters: the nonce is fetched when the card is there, because it is single-use and short
/// lived; the counter is raised durably before anything is signed with it.
///
/// # Errors
/// [`TerminalError`]; the issuer's refusals keep the issuer's code. Every buffer is wiped either way.
pub fn run_session(
    card: &mut dyn Transceiver,
    station: &mut Station<'_>,
    job: &SessionJob<'_>,
    photo: &[u8],
    progress: &mut dyn FnMut(Step),
) -> Result<Outcome, TerminalError> {
    run(Source::Chip(card), station, job, photo, progress)
}

/// As [`run_session`] with a resident card, read through a reader's security module. What is uploaded is this terminal's
/// word, and the issuer records it as that.
///
/// # Errors
/// As [`run_session`].
pub fn run_sam_session(
    reader: &mut dyn SamTransport,
    station: &mut Station<'_>,
    job: &SessionJob<'_>,
    photo: &[u8],
    progress: &mut dyn FnMut(Step),
) -> Result<Outcome, TerminalError> {
    run(Source::Record(reader), station, job, photo, progress)
}

/// Where the card is read.
enum Source<'a> {
    Chip(&'a mut dyn Transceiver),
    Record(&'a mut dyn SamTransport),
}

fn run(
    source: Source<'_>,
    station: &mut Station<'_>,
    job: &SessionJob<'_>,
    photo: &[u8],
    progress: &mut dyn FnMut(Step),
) -> Result<Outcome, TerminalError> {
    let terminal = did::did_key(station.signer.public_key());

    progress(Step::Challenging);
    let challenge = fetch_challenge(station, job, &terminal, progress)?;
    let nonce = challenge.nonce;
    let filmed = match &challenge.liveness {
        None => None,
        Some(asked) => {
            let film = job.film.ok_or(TerminalError::NoFilm)?;
            let signer = (station.signer, job.issuer.as_str());
            Some(camera::answer(film, asked, signer, station.clock)?)
        }
    };
    let live = filmed
        .as_ref()
        .map_or(Live::Photo(photo), |frames| Live::Frames(frames));

    progress(Step::Reading);
    let reading = match source {
        Source::Chip(card) => {
            let challenge = aa_challenge(&nonce, &terminal, &job.session);
            let mut open = OpenChip::open(card, &job.access, job.protocols, station.rng)?;
            let chip = open.read(&challenge)?;
            if let (None, Some(dg14)) = (&chip.aa_signature, &chip.dg14) {
                // A chip without active authentication has to prove itself to the issuer's own key.
                progress(Step::Proving);
                relay::run(&mut open, dg14, station, job, (&terminal, &nonce))?;
            }
            Reading::Chip(chip)
        }
        Source::Record(reader) => Reading::Record(sam::read(reader)?),
    };
    progress(Step::Read);

    let digest = reading.digest(live);
    let approval = approval(station, job, &terminal, (&nonce, &digest))?;
    let statement = EvidenceStatement {
        iss: terminal,
        aud: job.issuer.clone(),
        session: job.session.clone(),
        nonce,
        iat: (station.clock)().unix(),
        // Set when it is sent.
        counter: 0,
        reader: job.reader.clone(),
        sam: reading.sam().map(str::to_owned),
        attended: approval.is_some(),
        approval,
        digest,
        face: None,
        liveness: LivenessFinding::NotChecked,
        software: station.software.to_owned(),
    };
    let body = |signed: &str| reading.body(signed, live);
    upload::deliver(station, statement, challenge.expires, &body, progress)
}

/// What the issuer wants answered.
struct Asked {
    nonce: String,
    /// Unix seconds.
    expires: i64,
    liveness: Option<LivenessChallenge>,
}

impl Asked {
    fn read(answer: &Json) -> Result<Self, TerminalError> {
        let liveness = answer.get("liveness").filter(|asked| !asked.is_null());
        let read = |asked: &Json| LivenessChallenge::deserialize(asked);
        Ok(Self {
            nonce: token(answer, "nonce")?,
            expires: upload::expiry(answer)?,
            liveness: liveness
                .map(read)
                .transpose()
                .map_err(|_| TerminalError::IssuerAnswer("liveness"))?,
        })
    }
}

/// A challenge. Every attempt is a statement of its own: the issuer may have seen the one before.
fn fetch_challenge(
    station: &mut Station<'_>,
    job: &SessionJob<'_>,
    terminal: &str,
    progress: &mut dyn FnMut(Step),
) -> Result<Asked, TerminalError> {
    let patience = (station.clock)().unix().saturating_add(CHALLENGE_PATIENCE);
    let mut backoff = Backoff::default();
    loop {
        let mut identifier = [0; 16];
        station.rng.fill_bytes(&mut identifier);
        let statement = ChallengeStatement {
            iss: terminal.to_owned(),
            aud: job.issuer.clone(),
            session: job.session.clone(),
            iat: (station.clock)().unix(),
            jti: URL_SAFE_NO_PAD.encode(identifier),
        };
        let body = json!({ "statement": sign(station, &statement)? }).to_string();
        let asked = station.issuer.post("/terminal/challenge", body.as_bytes());
        match asked {
            Ok(answer) => return Asked::read(&answer),
            Err(error) if upload::unanswered(&error) => {
                progress(Step::Waiting);
                backoff.pause(station, patience).map_err(|_| error)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The operator's own statement, where an operator stands by.
fn approval(
    station: &mut Station<'_>,
    job: &SessionJob<'_>,
    terminal: &str,
    (nonce, digest): (&str, &str),
) -> Result<Option<String>, TerminalError> {
    let Some(operator) = station.operator.as_deref_mut() else {
        return Ok(None);
    };
    let key = operator.confirm()?;
    let statement = OperatorStatement {
        iss: did::did_key(key.public_key()),
        aud: job.issuer.clone(),
        terminal: terminal.to_owned(),
        session: job.session.clone(),
        nonce: nonce.to_owned(),
        iat: (station.clock)().unix(),
        digest: digest.to_owned(),
    };
    terminal::prepare(key.public_key(), &statement)
        .sign(key)
        .map(Some)
        .map_err(|_| TerminalError::Signing)
}

pub(crate) fn sign(
    station: &Station<'_>,
    statement: &impl Statement,
) -> Result<String, TerminalError> {
    terminal::prepare(station.signer.public_key(), statement)
        .sign(station.signer)
        .map_err(|_| TerminalError::Signing)
}

/// A short text of visible ASCII: it is shown, hashed or sent back, never more.
pub(crate) fn token(answer: &Json, name: &'static str) -> Result<String, TerminalError> {
    answer
        .get(name)
        .and_then(Json::as_str)
        .filter(|text| !text.is_empty() && text.len() <= MAX_TOKEN)
        .filter(|text| text.bytes().all(|b| b.is_ascii_graphic()))
        .map(str::to_owned)
        .ok_or(TerminalError::IssuerAnswer(name))
}

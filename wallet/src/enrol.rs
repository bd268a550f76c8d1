//! Sessions at the issuer: the face check for the limited level, the visit to a terminal for the full one.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::liveness::{self, Answer, LivenessChallenge};
use tessera_verifier::vci::Secret;
use tessera_verifier::{device, vci};

use crate::error::Error;
use crate::issuer::{Issuer, read};
use crate::messages::Language;
use crate::receive::PERSON;
use crate::store::{CredentialSet, PendingSession, Store};
use crate::surroundings::Surroundings;
use crate::transport::HttpRequest;

/// Largest photo sent, in bytes (the issuer's own bound).
pub const MAX_PHOTO: usize = 8 * 1024 * 1024;

/// Most movements a wallet lets itself be asked for.
const MAX_MOVEMENTS: usize = 8;

/// A photo of the holder's face. Has no `Debug`; wiped when dropped.
pub struct Photo(zeroize::Zeroizing<Vec<u8>>);

impl Photo {
    /// Takes the bytes of a JPEG or PNG file.
    ///
    /// # Errors
    /// [`Error::IssuerRefused`] with the issuer's own codes `image_too_large` or `image_unreadable`, found out before
    /// anything is sent.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Error> {
        let photo = Self(zeroize::Zeroizing::new(bytes));
        if photo.0.len() > MAX_PHOTO {
            return Err(as_refused("image_too_large"));
        }
        photo.media_type().ok_or_else(unreadable)?;
        Ok(photo)
    }

    fn media_type(&self) -> Option<&'static str> {
        if self.0.starts_with(&[0xff, 0xd8, 0xff]) {
            Some("image/jpeg")
        } else if self.0.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some("image/png")
        } else {
            None
        }
    }
}

/// What the issuer would say.
fn as_refused(code: &str) -> Error {
    Error::IssuerRefused {
        code: code.to_owned(),
        status: 422,
    }
}

fn unreadable() -> Error {
    as_refused("image_unreadable")
}

/// Frames of the holder's moving head, as a camera program hands them over: [`liveness::encode`] without a proof. Has no
/// `Debug`; wiped when dropped.
pub struct Recording(zeroize::Zeroizing<Vec<u8>>);

impl Recording {
    /// Takes the bytes a camera program wrote.
    ///
    /// # Errors
    /// [`Error::CameraFailed`] when they are no recording.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Error> {
        let recording = Self(zeroize::Zeroizing::new(bytes));
        match Answer::parse(&recording.0) {
            Ok(answer) if answer.proof.is_empty() => Ok(recording),
            _ => Err(Error::CameraFailed),
        }
    }
}

/// What a passed check earned: an offer and the code to take it up with. Has no `Debug`.
pub struct Granted {
    /// The credential offer.
    pub offer: vci::CredentialOffer,
    /// Its transaction code; at the full level the terminal shows it instead.
    pub tx_code: Option<Secret>,
}

/// How far a session is.
pub enum Progress {
    /// The check is not complete.
    Waiting,
    /// The offer is ready.
    Granted(Box<Granted>),
    /// Credentials were issued already.
    Issued,
}

#[derive(Deserialize)]
struct Started {
    session_id: String,
    session_token: Secret,
}

#[derive(Deserialize)]
struct Renewed {
    session_id: String,
    session_token: Secret,
    credential_offer: vci::CredentialOffer,
    tx_code: Secret,
}

#[derive(Deserialize)]
struct Reported {
    reported: bool,
}

/// A district where applications are taken, or will be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Opening {
    /// What to name with the application.
    pub district: String,
    /// Name, English.
    pub name_en: String,
    /// Name, Chinese.
    pub name_zh: String,
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
}

impl Opening {
    /// The district's name.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::English => &self.name_en,
            Language::Chinese => &self.name_zh,
        }
    }
}

/// Who applies.
#[derive(Clone, Copy)]
pub struct Applicant<'a> {
    /// The personal administrative number.
    pub number: &'a str,
    /// The district the person lives in, where the authority asks for it.
    pub district: Option<&'a str>,
}

#[derive(Deserialize)]
struct State {
    recovery_code: Option<Secret>,
    #[serde(default)]
    state: String,
    credential_offer: Option<vci::CredentialOffer>,
    tx_code: Option<Secret>,
}

/// Starts a session for one person at one level, bound to this wallet's device key.
///
/// # Errors
/// [`Error::DistrictNotOpen`], [`Error::IssuerRefused`], [`Error::IssuerMalformed`], network errors.
pub fn start(
    store: &Store,
    surroundings: Surroundings<'_>,
    address: &str,
    applicant: Applicant<'_>,
    level: AssuranceLevel,
) -> Result<PendingSession, Error> {
    let issuer = Issuer::new(surroundings, address)?;
    let started: Started = open(
        store,
        surroundings,
        &issuer,
        "/sessions",
        (applicant, level),
    )?;
    session_of(&issuer, started.session_id, started.session_token, level)
}

/// A set that its issuer may renew. Has no `Debug`: it names a person.
pub struct Renewable {
    /// Address of the issuer.
    pub issuer_url: String,
    /// The personal administrative number, as the credential says.
    pub number: String,
    /// How well the person was proved.
    pub level: AssuranceLevel,
}

/// How an issuer of ours may renew a set by the device key; `None` where the set names no person.
#[must_use]
pub fn renewable(set: &CredentialSet) -> Option<Renewable> {
    Some(Renewable {
        issuer_url: set.issuer_url.clone(),
        number: set.claims.get(PERSON)?.as_str()?.to_owned(),
        level: set.level,
    })
}

/// Renews what this device holds, on the checks of before.
///
/// # Errors
/// [`Error::IssuerRefused`] with `nothing_held` or `evidence_too_old`, [`Error::IssuerMalformed`], network errors.
pub fn renew(
    store: &Store,
    surroundings: Surroundings<'_>,
    address: &str,
    number: &str,
    level: AssuranceLevel,
) -> Result<(PendingSession, Granted), Error> {
    let issuer = Issuer::new(surroundings, address)?;
    let applicant = Applicant {
        number,
        district: None,
    };
    let renewed: Renewed = open(
        store,
        surroundings,
        &issuer,
        "/renewals",
        (applicant, level),
    )?;
    let session = session_of(&issuer, renewed.session_id, renewed.session_token, level)?;
    let granted = Granted {
        offer: renewed.credential_offer,
        tx_code: Some(renewed.tx_code),
    };
    Ok((session, granted))
}

/// Reports a phone lost, from any device, with the recovery code that was given with its credentials.
///
/// # Errors
/// [`Error::IssuerRefused`] with `recovery_refused` or `too_many_attempts`, network errors.
pub fn report_lost(
    surroundings: Surroundings<'_>,
    address: &str,
    number: &str,
    recovery_code: &Secret,
) -> Result<(), Error> {
    let issuer = Issuer::new(surroundings, address)?;
    let body = json!({
        "personal_administrative_number": number,
        "recovery_code": recovery_code.expose(),
    });
    let answer: Reported = issuer.post_json(issuer.address("/lost")?, &body)?;
    if answer.reported {
        Ok(())
    } else {
        Err(Error::IssuerMalformed)
    }
}

/// The recovery code of a session that has brought credentials, for the holder to write down; `None` where the issuer
/// gives none. It is the issuer's text for the holder's eyes: letters, digits and hyphens only.
///
/// # Errors
/// [`Error::IssuerRefused`], network errors.
pub fn recovery_code(
    surroundings: Surroundings<'_>,
    session: &PendingSession,
) -> Result<Option<Secret>, Error> {
    let issuer = Issuer::new(surroundings, &session.issuer_url)?;
    let url = issuer.address(&format!("/sessions/{}", session.session_id))?;
    let state: State = issuer.bearer_get(url, &session.session_token)?;
    Ok(state
        .recovery_code
        .filter(|code| is_plain_id(code.expose())))
}

/// The districts where an issuer takes applications, and their first days.
///
/// # Errors
/// [`Error::IssuerRefused`], [`Error::IssuerMalformed`], network errors.
pub fn openings(surroundings: Surroundings<'_>, address: &str) -> Result<Vec<Opening>, Error> {
    let issuer = Issuer::new(surroundings, address)?;
    issuer.get_json(issuer.address("/rollout")?)
}

/// Asks for a session with this wallet's device key.
fn open<T: DeserializeOwned>(
    store: &Store,
    surroundings: Surroundings<'_>,
    issuer: &Issuer<'_>,
    path: &str,
    (applicant, level): (Applicant<'_>, AssuranceLevel),
) -> Result<T, Error> {
    let nonce: vci::NonceResponse = issuer.post_json(issuer.address("/nonce")?, &json!({}))?;
    let key = store.contents().device_key.open()?;
    let proof = device::prepare(
        key.public_key(),
        issuer.identifier(),
        &nonce.c_nonce,
        surroundings.clock.now(),
    )
    .sign(&key)
    .map_err(|_| Error::Signing)?;
    let mut body = json!({
        "personal_administrative_number": applicant.number,
        "level": level.as_str(),
        "device_proof": proof,
    });
    if let Some(district) = applicant.district {
        body["district"] = json!(district);
    }
    let answer = issuer.post_json(issuer.address(path)?, &body);
    answer.map_err(|error| match error {
        Error::DistrictNotOpen { mut openings } => {
            openings.retain(|one| applicant.district == Some(one.district.as_str()));
            Error::DistrictNotOpen { openings }
        }
        other => other,
    })
}

fn session_of(
    issuer: &Issuer<'_>,
    session_id: String,
    session_token: Secret,
    level: AssuranceLevel,
) -> Result<PendingSession, Error> {
    if !is_plain_id(&session_id) {
        return Err(Error::IssuerMalformed);
    }
    Ok(PendingSession {
        issuer_url: issuer.identifier().to_owned(),
        session_id,
        session_token,
        level,
    })
}

/// Sends the photo for the face check.
///
/// # Errors
/// [`Error::IssuerRefused`] with the reason (`face_none`, `face_mismatch`, …), network errors.
pub fn send_photo(
    surroundings: Surroundings<'_>,
    session: &PendingSession,
    photo: &Photo,
) -> Result<Granted, Error> {
    let issuer = Issuer::new(surroundings, &session.issuer_url)?;
    let url = issuer.address(&format!("/sessions/{}/face", session.session_id))?;
    let media_type = photo.media_type().ok_or_else(unreadable)?;
    let request =
        HttpRequest::post(url, media_type, photo.0.to_vec()).with_bearer(&session.session_token);
    let state: State = read(&issuer.send(request)?)?;
    Ok(Granted {
        offer: state.credential_offer.ok_or(Error::IssuerMalformed)?,
        tx_code: state.tx_code,
    })
}

/// Asks which head movements the face check of this session wants to see.
///
/// # Errors
/// [`Error::IssuerRefused`] (`liveness_not_asked` where a photo is enough), [`Error::IssuerMalformed`], network errors.
pub fn challenge(
    surroundings: Surroundings<'_>,
    session: &PendingSession,
) -> Result<LivenessChallenge, Error> {
    let issuer = Issuer::new(surroundings, &session.issuer_url)?;
    let url = issuer.address(&format!("/sessions/{}/liveness", session.session_id))?;
    let request =
        HttpRequest::post(url, "application/json", Vec::new()).with_bearer(&session.session_token);
    let challenge: LivenessChallenge = read(&issuer.send(request)?)?;
    if challenge.movements.is_empty() || challenge.movements.len() > MAX_MOVEMENTS {
        return Err(Error::IssuerMalformed);
    }
    Ok(challenge)
}

/// Sends the frames that answer a challenge, signed by this wallet's device key.
///
/// # Errors
/// [`Error::IssuerRefused`] with the reason (`liveness_wrong_movement`, `face_mismatch`, …), network errors.
pub fn send_recording(
    store: &Store,
    surroundings: Surroundings<'_>,
    session: &PendingSession,
    challenge: &LivenessChallenge,
    recording: &Recording,
) -> Result<Granted, Error> {
    let issuer = Issuer::new(surroundings, &session.issuer_url)?;
    let frames = Answer::parse(&recording.0)
        .map_err(|_| Error::CameraFailed)?
        .frames;
    let key = store.contents().device_key.open()?;
    let chain = liveness::chain(&challenge.nonce, &frames);
    let proof = liveness::prepare(
        key.public_key(),
        issuer.identifier(),
        &chain,
        surroundings.clock.now(),
    )
    .sign(&key)
    .map_err(|_| Error::Signing)?;
    let mut answer = liveness::encode(&proof, &frames).map_err(|_| Error::CameraFailed)?;
    let url = issuer.address(&format!("/sessions/{}/face", session.session_id))?;
    let request = HttpRequest::post(url, liveness::MEDIA_TYPE, std::mem::take(&mut *answer))
        .with_bearer(&session.session_token);
    let state: State = read(&issuer.send(request)?)?;
    Ok(Granted {
        offer: state.credential_offer.ok_or(Error::IssuerMalformed)?,
        tx_code: state.tx_code,
    })
}

/// Asks how far a session is.
///
/// # Errors
/// [`Error::SessionExpired`], [`Error::IssuerRefused`], network errors.
pub fn progress(
    surroundings: Surroundings<'_>,
    session: &PendingSession,
) -> Result<Progress, Error> {
    let issuer = Issuer::new(surroundings, &session.issuer_url)?;
    let url = issuer.address(&format!("/sessions/{}", session.session_id))?;
    let state: State = issuer.bearer_get(url, &session.session_token)?;
    match (state.state.as_str(), state.credential_offer) {
        ("expired", _) => Err(Error::SessionExpired),
        ("refused", _) => Err(Error::IssuerRefused {
            code: "credential_request_denied".to_owned(),
            status: 400,
        }),
        (_, Some(offer)) => Ok(Progress::Granted(Box::new(Granted {
            offer,
            tx_code: state.tx_code,
        }))),
        ("limited_issued" | "full_issued", None) => Ok(Progress::Issued),
        (_, None) => Ok(Progress::Waiting),
    }
}

/// Remembers a session that waits for the visit to a terminal.
///
/// # Errors
/// [`Error::SessionPending`] when another waits and `replace` is false; store errors.
pub fn remember(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    session: PendingSession,
    replace: bool,
) -> Result<(), Error> {
    store.update(surroundings.rng, |contents| {
        if contents.pending.is_some() && !replace {
            return Err(Error::SessionPending);
        }
        contents.pending = Some(session);
        Ok(())
    })
}

/// Forgets the session that waits, if any.
///
/// # Errors
/// Store errors.
pub fn forget(store: &mut Store, surroundings: Surroundings<'_>) -> Result<(), Error> {
    if store.contents().pending.is_none() {
        return Ok(());
    }
    store.update(surroundings.rng, |contents| {
        contents.pending = None;
        Ok(())
    })
}

/// A session id goes into an address and onto the screen: letters, digits, `-` and `_` only.
fn is_plain_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_photos_of_bounded_size_are_sent() {
        let code = |bytes: Vec<u8>| Photo::new(bytes).err().map(|error| error.code().to_owned());
        assert_eq!(code(vec![0xff, 0xd8, 0xff, 0xe0]), None);
        assert_eq!(code(b"\x89PNG\r\n\x1a\n...".to_vec()), None);
        assert_eq!(
            code(b"GIF89a".to_vec()).as_deref(),
            Some("image_unreadable")
        );
        assert_eq!(code(Vec::new()).as_deref(), Some("image_unreadable"));
        assert_eq!(
            code(vec![0xff; MAX_PHOTO + 1]).as_deref(),
            Some("image_too_large")
        );
    }

    #[test]
    fn a_recording_is_frames_without_a_proof() {
        let frame = liveness::Frame {
            at_ms: 0,
            image: b"x",
        };
        let code = |bytes: Vec<u8>| {
            Recording::new(bytes)
                .err()
                .map(|error| error.code().to_owned())
        };
        let encoded = |proof: &str| liveness::encode(proof, &[frame]).map(|bytes| bytes.to_vec());
        assert_eq!(code(encoded("").unwrap_or_default()), None);
        let failed = Some("camera_failed".to_owned());
        assert_eq!(code(encoded("a.b.c").unwrap_or_default()), failed);
        assert_eq!(code(b"TSF1".to_vec()), failed);
        assert_eq!(code(Vec::new()), failed);
    }

    #[test]
    fn session_ids_stay_inside_their_path_segment() {
        assert!(is_plain_id("7Qk-9_a"));
        for hostile in [
            "",
            "../token",
            "a/b",
            "a?b",
            "a b",
            "a\u{1b}[2J",
            &"a".repeat(129),
        ] {
            assert!(!is_plain_id(hostile));
        }
    }
}

//! Sessions at the issuer: the face check for the limited level, the visit to a terminal for the full one.

use serde::Deserialize;
use serde_json::json;
use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::vci::Secret;
use tessera_verifier::{device, vci};

use crate::error::Error;
use crate::issuer::{Issuer, read};
use crate::store::{PendingSession, Store};
use crate::surroundings::Surroundings;
use crate::transport::HttpRequest;

/// Largest photo sent, in bytes (the issuer's own bound).
pub const MAX_PHOTO: usize = 8 * 1024 * 1024;

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
        let refuse = |code: &str| Error::IssuerRefused {
            code: code.to_owned(),
            status: 422,
        };
        if photo.0.len() > MAX_PHOTO {
            return Err(refuse("image_too_large"));
        }
        photo
            .media_type()
            .ok_or_else(|| refuse("image_unreadable"))?;
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
struct State {
    #[serde(default)]
    state: String,
    credential_offer: Option<vci::CredentialOffer>,
    tx_code: Option<Secret>,
}

/// Starts a session for one person at one level, bound to this wallet's device key.
///
/// # Errors
/// [`Error::IssuerRefused`], [`Error::IssuerMalformed`], network errors.
pub fn start(
    store: &Store,
    surroundings: Surroundings<'_>,
    address: &str,
    number: &str,
    level: AssuranceLevel,
) -> Result<PendingSession, Error> {
    let issuer = Issuer::new(surroundings, address)?;
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
    let started: Started = issuer.post_json(
        issuer.address("/sessions")?,
        &json!({
            "personal_administrative_number": number,
            "level": level.as_str(),
            "device_proof": proof,
        }),
    )?;
    if !is_plain_id(&started.session_id) {
        return Err(Error::IssuerMalformed);
    }
    Ok(PendingSession {
        issuer_url: issuer.identifier().to_owned(),
        session_id: started.session_id,
        session_token: started.session_token,
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
    let media_type = photo.media_type().ok_or(Error::FileUnreadable)?;
    let request =
        HttpRequest::post(url, media_type, photo.0.to_vec()).with_bearer(&session.session_token);
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
        ("issued", _) => Ok(Progress::Issued),
        (_, Some(offer)) => Ok(Progress::Granted(Box::new(Granted {
            offer,
            tx_code: state.tx_code,
        }))),
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

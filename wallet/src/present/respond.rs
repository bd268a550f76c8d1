//! The answer on its way: in the clear or encrypted, posted or handed over (OpenID4VP 1.0 §8, appendix A.4).

use serde_json::{Map, Value, json};
use tessera_exchange::jwe::Encrypter;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::request::{Request, ResponseEncryption, ResponseMode};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::surroundings::Surroundings;
use crate::transport::{HttpRequest, check_url};

/// Most bytes of what a requester's server says to an answer.
const MAX_ANSWER: usize = 16 * 1024;
/// Longest address to go on at.
const MAX_REDIRECT: usize = 2048;

/// A presentation ready to leave. Has no `Debug`: it is personal data.
pub struct SignedPresentation {
    vp_token: Value,
    state: Option<String>,
    response_uri: Option<String>,
    mode: ResponseMode,
    encryption: Option<ResponseEncryption>,
}

/// What the requester's server said to the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Where the holder goes on, in the browser of this very device (OpenID4VP 1.0 §8.2). Whoever began the session
    /// elsewhere does not get there (§14.2).
    pub redirect_uri: Option<Url>,
}

impl SignedPresentation {
    pub(super) fn new(vp_token: Value, request: &Request) -> Result<Self, Error> {
        Ok(Self {
            vp_token,
            state: request.state().map(str::to_owned),
            response_uri: request.response_uri().map(str::to_owned),
            mode: request.response_mode(),
            encryption: request.encryption().cloned(),
        })
    }

    /// `{"vp_token": {"<query id>": [<presentation>]}, "state"?}`, as a relying party's check takes it: in the clear,
    /// whatever the response mode says.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("vp_token".to_owned(), self.vp_token.clone());
        if let Some(state) = &self.state {
            object.insert("state".to_owned(), json!(state));
        }
        Value::Object(object)
    }

    /// Where the requester wants it sent, if anywhere.
    #[must_use]
    pub fn response_uri(&self) -> Option<&str> {
        self.response_uri.as_deref()
    }

    /// How the requester wants it.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.mode
    }

    /// The `data` that goes back over the Digital Credentials API (appendix A.4), or by hand: `{"response": <JWE>}` where
    /// an encrypted answer is asked for, else what [`to_json`](Self::to_json) gives.
    ///
    /// # Errors
    /// [`Error::AnswerNotEncrypted`] when it cannot be encrypted: then it does not leave.
    pub fn to_data(&self) -> Result<Value, Error> {
        match self.mode.is_encrypted() {
            true => Ok(json!({"response": self.encrypted()?})),
            false => Ok(self.to_json()),
        }
    }

    /// §8.3: a JWE of the response parameters to the requester's key.
    fn encrypted(&self) -> Result<String, Error> {
        let to = self.encryption.as_ref().ok_or(Error::AnswerNotEncrypted)?;
        let plain = Zeroizing::new(self.to_json().to_string());
        Encrypter::new(&to.jwk, to.enc)
            .and_then(|encrypter| encrypter.encrypt(plain.as_bytes()))
            .map_err(|_| Error::AnswerNotEncrypted)
    }

    /// Sends it to the requester (OpenID4VP 1.0 §8.2 `direct_post`, §8.3.1 `direct_post.jwt`).
    ///
    /// # Errors
    /// [`Error::RequesterRefused`], [`Error::AnswerNotEncrypted`], network errors.
    pub fn send(&self, surroundings: Surroundings<'_>) -> Result<Sent, Error> {
        let address = self
            .response_uri
            .as_deref()
            .ok_or(Error::RequestUnreadable)?;
        if self.mode.is_encrypted() {
            return post(surroundings, address, &[("response", &self.encrypted()?)]);
        }
        let token = Zeroizing::new(self.vp_token.to_string());
        let mut members = vec![("vp_token", token.as_str())];
        members.extend(self.state.as_deref().map(|state| ("state", state)));
        post(surroundings, address, &members)
    }
}

/// Posts these members as a form (§8.2).
pub(super) fn post(
    surroundings: Surroundings<'_>,
    address: &str,
    members: &[(&str, &str)],
) -> Result<Sent, Error> {
    let url = Url::parse(address).map_err(|_| Error::RequestUnreadable)?;
    check_url(&url)?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(members);
    let request = HttpRequest::post(
        url,
        "application/x-www-form-urlencoded",
        form.finish().into_bytes(),
    );
    let answer = surroundings
        .transport
        .send(request.with_max_answer(MAX_ANSWER))?;
    match answer.status {
        200..300 => Ok(Sent {
            redirect_uri: redirect(&answer.body),
        }),
        status => Err(Error::RequesterRefused { status }),
    }
}

/// The `redirect_uri` of the server's answer. The wallet never goes there itself: it is for the holder's browser, and so
/// only an address that a browser opens as a page.
fn redirect(body: &[u8]) -> Option<Url> {
    let limits = Limits {
        bytes: MAX_ANSWER,
        depth: 8,
    };
    let members = json::parse_object(body, limits).ok()?;
    let address = members.get("redirect_uri")?.as_str()?;
    let url = Url::parse(address).ok()?;
    (address.len() <= MAX_REDIRECT && check_url(&url).is_ok()).then_some(url)
}

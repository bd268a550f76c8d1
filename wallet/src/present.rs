//! Showing: a consented proposal becomes a signed presentation, and its one-time credential is gone.
//!
//! The order matters: what is shown is cut out, the credential is taken out of the store durably, then signed with,
//! then sent. A crash after it was taken out loses one credential of a batch; it never shows one twice.

use serde_json::{Map, Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::request::Request;
use tessera_verifier::sd_jwt::{self, SdJwt};
use tessera_verifier::time::Timestamp;
use url::{Url, form_urlencoded};

use crate::consent::Consent;
use crate::error::Error;
use crate::ldp;
use crate::request::AuthenticatedRequest;
use crate::secret::HolderKey;
use crate::select::Proposal;
use crate::store::{CredentialBody, HistoryEntry, HistoryEvent, OneTimeCredential, Store};
use crate::surroundings::Surroundings;
use crate::transport::{HttpRequest, check_url};

/// A presentation ready to leave. Has no `Debug`: it is personal data.
pub struct SignedPresentation {
    vp_token: Value,
    state: Option<String>,
    response_uri: Option<String>,
}

impl SignedPresentation {
    /// `{"vp_token": {"<query id>": [<presentation>]}, "state"?}`, as a relying party's check takes it.
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

    /// Sends it to the requester (OpenID4VP 1.0 §8.2, `direct_post`).
    ///
    /// # Errors
    /// [`Error::RequesterRefused`], network errors.
    pub fn send(&self, surroundings: Surroundings<'_>) -> Result<(), Error> {
        let address = self
            .response_uri
            .as_deref()
            .ok_or(Error::RequestUnreadable)?;
        let url = Url::parse(address).map_err(|_| Error::RequestUnreadable)?;
        check_url(&url)?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("vp_token", &self.vp_token.to_string());
        if let Some(state) = &self.state {
            form.append_pair("state", state);
        }
        let answer = surroundings.transport.send(HttpRequest::post(
            url,
            "application/x-www-form-urlencoded",
            form.finish().into_bytes(),
        ))?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(Error::RequesterRefused { status }),
        }
    }
}

/// Spends one one-time credential and signs what the holder agreed to.
///
/// When this returns, the credential and its key are no longer in the store, on disk too, and the history has an
/// entry with the names of the claims.
///
/// # Errors
/// [`Error::CredentialsExhausted`] when the last one was used meanwhile; [`Error::Check`] (`request_expired`, …);
/// store errors.
pub fn sign(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    consent: Consent,
) -> Result<SignedPresentation, Error> {
    let Proposal {
        request,
        set_id,
        query_id,
        format,
        level,
        paths,
        ..
    } = consent.proposal;
    let now = surroundings.clock.now();
    let until = request.request().expires();
    if now >= until {
        return Err(Error::Check(tessera_verifier::Error::RequestExpired {
            until,
            now,
        }));
    }
    let event = HistoryEvent::Presented {
        credential: set_id.clone(),
        level,
        format,
        client_id: request.request().client_id().to_owned(),
        requester_en: request.requester().en.clone(),
        requester_zh: request.requester().zh.clone(),
        service: request.service().id.clone(),
        claims: paths.iter().map(ToString::to_string).collect(),
    };
    let set = store.contents().set(&set_id)?;
    let at = set
        .unused
        .iter()
        .position(|one| one.format == format)
        .ok_or(Error::CredentialsExhausted)?;
    // Before it is spent: one that cannot be shown this way stays in the store.
    let disclosed = Disclosed::of(&set.unused[at], &paths, request.bundle().contexts())?;
    let credential = store.update(surroundings.rng, |contents| {
        let set = contents
            .sets
            .iter_mut()
            .find(|set| set.id == set_id)
            .ok_or(Error::CredentialUnknown)?;
        let credential = set.unused.remove(at);
        contents.remember(HistoryEntry {
            at: now.unix(),
            event,
        });
        Ok(credential)
    })?;
    build(
        disclosed,
        &credential.key.open()?,
        (request.request(), &query_id),
        request.bundle().contexts(),
        surroundings,
    )
}

/// Writes a refusal into the history: the holder's no, or the wallet's own.
///
/// # Errors
/// Store errors.
pub fn remember_refusal(
    store: &mut Store,
    surroundings: Surroundings<'_>,
    request: Option<&AuthenticatedRequest>,
    reason: &Error,
) -> Result<(), Error> {
    let event = HistoryEvent::Refused {
        client_id: request.map(|known| known.request().client_id().to_owned()),
        service: request.map(|known| known.service().id.clone()),
        code: reason.code().to_owned(),
    };
    let at = surroundings.clock.now().unix();
    store.update(surroundings.rng, |contents| {
        contents.remember(HistoryEntry { at, event });
        Ok(())
    })
}

/// Presents a chosen credential without authenticating the requester, selecting, asking the holder or spending it.
///
/// This is how tests make the presentations an honest wallet refuses to make: too low a level, too many claims, the
/// same credential twice. No command reaches it.
///
/// `paths` are relative to the subject; the answer goes under the first query of the request in the credential's
/// format.
///
/// # Errors
/// [`Error::FormatUnavailable`] when the request has no query in that format; [`Error::Check`].
pub fn hazmat_present_with(
    credential: &OneTimeCredential,
    request: &Request,
    paths: &[ClaimPath],
    surroundings: Surroundings<'_>,
) -> Result<SignedPresentation, Error> {
    let query_id = request
        .query()
        .credentials
        .iter()
        .find(|asked| asked.format == credential.format.as_str())
        .map(|asked| asked.id.clone())
        .ok_or(Error::FormatUnavailable)?;
    let contexts = ContextStore::builtin();
    build(
        Disclosed::of(credential, paths, &contexts)?,
        &credential.key.open()?,
        (request, &query_id),
        &contexts,
        surroundings,
    )
}

/// A credential cut down to what is shown, not bound to a request yet. Has no `Debug`: it is personal data.
enum Disclosed {
    SdJwt(sd_jwt::Selection),
    Ldp(Value),
}

impl Disclosed {
    fn of(
        credential: &OneTimeCredential,
        paths: &[ClaimPath],
        contexts: &ContextStore,
    ) -> Result<Self, Error> {
        Ok(match &credential.body {
            CredentialBody::SdJwt(text) => Self::SdJwt(sd_jwt::parse(text)?.select(paths)?),
            CredentialBody::Ldp(document) => Self::Ldp(ldp::derive(document, paths, contexts)?),
        })
    }
}

fn build(
    disclosed: Disclosed,
    key: &HolderKey,
    (request, query_id): (&Request, &str),
    contexts: &ContextStore,
    surroundings: Surroundings<'_>,
) -> Result<SignedPresentation, Error> {
    let now = surroundings.clock.now();
    let presentation = match disclosed {
        Disclosed::SdJwt(selection) => json!(bind_sd_jwt(selection, request, key, now)?),
        Disclosed::Ldp(derived) => ldp::present(derived, request, key, now, contexts)?,
    };
    Ok(SignedPresentation {
        vp_token: json!({query_id: [presentation]}),
        state: request.state().map(str::to_owned),
        response_uri: request.response_uri().map(str::to_owned),
    })
}

/// SD-JWT with exactly these disclosures and a key binding JWT (RFC 9901 §4.3).
fn bind_sd_jwt(
    selection: sd_jwt::Selection,
    request: &Request,
    key: &HolderKey,
    now: Timestamp,
) -> Result<String, Error> {
    let unsigned = SdJwt::prepare_key_binding(selection, request.client_id(), request.nonce(), now);
    let signature = key
        .sign(unsigned.signing_input())
        .map_err(|_| Error::Signing)?;
    Ok(unsigned.attach(signature))
}

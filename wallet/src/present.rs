//! Showing: a consented proposal becomes a signed presentation, and its one-time credential is gone.
//!
//! The order matters: what is shown is cut out, the credential is taken out of the store durably, then signed with,
//! then sent. A crash after it was taken out loses one credential of a batch; it never shows one twice.

mod refuse;
mod respond;

use serde_json::{Map, Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::request::Request;
use tessera_verifier::sd_jwt::{self, SdJwt};
use tessera_verifier::time::Timestamp;

pub use refuse::ErrorCode;
pub use respond::{Sent, SignedPresentation};

use crate::consent::Consent;
use crate::error::Error;
use crate::ldp;
use crate::request::AuthenticatedRequest;
use crate::secret::HolderKey;
use crate::select::{self, Item, Proposal};
use crate::store::{CredentialBody, HistoryEntry, HistoryEvent, OneTimeCredential, Store};
use crate::surroundings::Surroundings;

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
    let Proposal { request, items } = consent.proposal;
    let now = surroundings.clock.now();
    let until = request.request().expires();
    if now >= until {
        return Err(Error::Check(tessera_verifier::Error::RequestExpired {
            until,
            now,
        }));
    }
    // Before anything is spent: what cannot be shown this way stays in the store.
    let mut cuts = Vec::with_capacity(items.len());
    let mut taken = Vec::with_capacity(items.len());
    store.update(surroundings.rng, |contents| {
        for item in items {
            let credential = select::take(contents, &item.set_id, item.format)?;
            let contexts = request.contexts(&item.issuer_url);
            cuts.push(Disclosed::of(&credential, &item.paths, &contexts)?);
            contents.remember(HistoryEntry {
                at: now.unix(),
                event: presented(&request, &item),
            });
            taken.push((item, credential));
        }
        Ok(())
    })?;
    let mut vp_token = Map::new();
    for (cut, (item, credential)) in cuts.into_iter().zip(taken) {
        let key = credential.key.open()?;
        let contexts = request.contexts(&item.issuer_url);
        let binding = Binding {
            request: request.request(),
            bound: item.bound,
            transactions: &item.transactions,
        };
        let presentation = build(cut, &key, &binding, &contexts, now)?;
        let answers = vp_token.entry(item.query_id).or_insert_with(|| json!([]));
        if let Value::Array(answers) = answers {
            answers.push(presentation);
        }
    }
    SignedPresentation::new(Value::Object(vp_token), request.request())
}

fn presented(request: &AuthenticatedRequest, item: &Item) -> HistoryEvent {
    HistoryEvent::Presented {
        credential: item.set_id.clone(),
        level: item.level,
        format: item.format,
        client_id: request.request().client_id().to_owned(),
        requester_en: request.requester().en.clone(),
        requester_zh: request.requester().zh.clone(),
        service: request
            .service()
            .map(|service| service.id.clone())
            .unwrap_or_default(),
        claims: item
            .shown()
            .iter()
            .map(|claim| claim.name.clone())
            .collect(),
    }
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
        service: request
            .and_then(AuthenticatedRequest::service)
            .map(|service| service.id.clone()),
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
    let rooted: Vec<ClaimPath> = match &credential.body {
        CredentialBody::SdJwt(_) => paths.to_vec(),
        CredentialBody::Ldp(_) => paths
            .iter()
            .map(|path| path.below("credentialSubject"))
            .collect(),
    };
    let binding = Binding {
        request,
        bound: true,
        transactions: &[],
    };
    let presentation = build(
        Disclosed::of(credential, &rooted, &contexts)?,
        &credential.key.open()?,
        &binding,
        &contexts,
        surroundings.clock.now(),
    )?;
    SignedPresentation::new(json!({query_id: [presentation]}), request)
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

/// What a presentation is bound to.
struct Binding<'a> {
    request: &'a Request,
    bound: bool,
    /// Which of the request's transaction data it authorizes.
    transactions: &'a [usize],
}

fn build(
    disclosed: Disclosed,
    key: &HolderKey,
    binding: &Binding<'_>,
    contexts: &ContextStore,
    now: Timestamp,
) -> Result<Value, Error> {
    Ok(match disclosed {
        // OpenID4VP 1.0 appendix B.3.5 and B.1: without the holder's proof where none is asked for.
        Disclosed::SdJwt(selection) if !binding.bound => json!(selection.as_str()),
        Disclosed::Ldp(derived) if !binding.bound => derived,
        Disclosed::SdJwt(selection) => json!(bind_sd_jwt(selection, binding, key, now)?),
        Disclosed::Ldp(derived) => ldp::present(derived, binding.request, key, now, contexts)?,
    })
}

/// SD-JWT with exactly these disclosures and a key binding JWT (RFC 9901 §4.3), which holds the hashes of what the holder
/// agreed to (OpenID4VP 1.0 appendix B.3.3).
fn bind_sd_jwt(
    selection: sd_jwt::Selection,
    binding: &Binding<'_>,
    key: &HolderKey,
    now: Timestamp,
) -> Result<String, Error> {
    let request = binding.request;
    let hashes: Vec<String> = binding
        .transactions
        .iter()
        .filter_map(|index| request.transaction_data().get(*index))
        .map(tessera_verifier::request::TransactionData::hash)
        .collect();
    let unsigned = SdJwt::prepare_key_binding_with(
        selection,
        request.audience(),
        request.nonce(),
        now,
        &hashes,
    );
    let signature = key
        .sign(unsigned.signing_input())
        .map_err(|_| Error::Signing)?;
    Ok(unsigned.attach(signature))
}

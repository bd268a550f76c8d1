//! Taking an answer: from the bytes a wallet posted to an outcome that is taken once.

use serde_json::{Map, Value, json};
use tessera_exchange::jwe::ENCS;
use tessera_verifier::catalogue::Language;
use tessera_verifier::dcql::{ClaimPath, PathElement};
use tessera_verifier::json::{self, Limits};
use tessera_verifier::verify::{Refusal, Stage, Undetermined, VerifiedCredential, decide};
use tessera_verifier::{Error, Policy, Status, Timestamp, Verified};
use zeroize::Zeroizing;

use crate::config;
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::requests::{Finished, Flow, Outcome, Pending, Verdict};
use crate::server::Server;

/// Error codes of wallets that are passed on (OpenID4VP 1.0 §8.5); any other is `other`.
const WALLET_ERRORS: [&str; 9] = [
    "access_denied",
    "invalid_request",
    "invalid_scope",
    "invalid_client",
    "vp_formats_not_supported",
    "invalid_request_uri_method",
    "invalid_transaction_data",
    "wallet_unavailable",
    "server_error",
];

/// A response as it was posted; nothing of it is checked. Personal data: no `Debug`.
#[derive(Default)]
pub struct Posted {
    /// `vp_token`, in the clear, as JSON.
    pub vp_token: Option<Zeroizing<String>>,
    /// `state`.
    pub state: Option<String>,
    /// `response`, encrypted.
    pub response: Option<Zeroizing<String>>,
    /// `error`.
    pub error: Option<String>,
}

impl Server {
    /// Decides on what was posted to a response URI. Blocks.
    ///
    /// # Errors
    /// Why the answer is not taken. A presentation that was made for this request and does not hold is taken, as a
    /// refusal, and told to the wallet as well.
    pub fn answer(&self, handle: &str, posted: &Posted) -> Result<Finished, Failure> {
        let pending = self.requests.begin(handle, self.clock.now())?;
        self.conclude(&pending, posted)
    }

    /// The same for an answer of the Digital Credentials API that the back end brings.
    ///
    /// # Errors
    /// Those of [`answer`](Self::answer), and `flow_not_offered` for another flow.
    pub fn answer_for(
        &self,
        id: &str,
        back_end: usize,
        origin: &str,
        posted: &Posted,
    ) -> Result<Finished, Failure> {
        let pending = self.requests.begin_for(id, back_end, self.clock.now())?;
        match &pending.asked.flow {
            Flow::DigitalCredentialsApi { origin: asked } if asked == origin => {
                self.conclude(&pending, posted)
            }
            Flow::DigitalCredentialsApi { .. } => Err(Code::OriginMismatch.into()),
            _ => Err(Code::FlowNotOffered.into()),
        }
    }

    fn conclude(&self, pending: &Pending, posted: &Posted) -> Result<Finished, Failure> {
        let id = &pending.asked.id;
        let judged = read(pending, posted).and_then(|answer| match answer {
            Answer::Declined(error) => Ok((declined(error), None)),
            Answer::Presented(token) => self.judge(pending, &token),
        });
        let (outcome, refusal) =
            judged.inspect_err(|failure| self.requests.note(id, failure.code()))?;
        let code = token(&*self.entropy);
        let finished = self.requests.finish(id, outcome, code, self.clock.now())?;
        // Only the one whose answer was taken learns how it was judged.
        refusal.map_or(Ok(finished), |refusal| Err(refusal.into()))
    }

    /// The outcome of a presentation; an error when it was not made for this request, and so says nothing about it.
    fn judge(
        &self,
        pending: &Pending,
        token: &[u8],
    ) -> Result<(Outcome, Option<Refusal>), Failure> {
        let now = self.clock.now();
        let bundle = self.bundles.current(now)?;
        let service = pending.asked.service;
        let policy = Policy::for_service(service);
        let mut decided = decide(token, &pending.request, &policy, &bundle, now);
        // A credential may be younger than the bundle: its status list is then in the next one. Only a genuine credential
        // comes this far, so that nobody else can make this server fetch.
        if let Err(refusal) = &decided
            && matches!(refusal.error, Error::StatusUndetermined { .. })
            && self.bundles.refresh_for_once(now)
        {
            let bundle = self.bundles.current(now)?;
            decided = decide(token, &pending.request, &policy, &bundle, now);
        }
        match decided {
            Ok(verified) => {
                let told = self.config.services.get(&service.id);
                let told = told.cloned().unwrap_or_default();
                Ok((outcome(&verified, &told, now), None))
            }
            Err(refusal) if conclusive(&refusal) => Ok((refused(&refusal), Some(refusal))),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// Whether a refusal ends the request: where a genuine credential is too old, revoked or not what was asked. Anything
/// before that can be made up by anyone who saw the request, and must not take the place of the holder's answer.
fn conclusive(refusal: &Refusal) -> bool {
    matches!(
        refusal.stage,
        Stage::Validity | Stage::Status | Stage::Asked
    )
}

enum Answer {
    Declined(&'static str),
    Presented(Zeroizing<Vec<u8>>),
}

/// Reads a response in the response mode that was asked for, and in no other (§8.3.1: a clear answer to a request for an
/// encrypted one is not taken). An error may come in the clear either way.
fn read(pending: &Pending, posted: &Posted) -> Result<Answer, Failure> {
    let asked = &pending.asked;
    let invalid = |why| Err(Failure::with(Code::ResponseInvalid, why));
    let state = |given: Option<&str>| match given == asked.state.as_deref() {
        true => Ok(()),
        false => Err(Failure::from(Code::StateMismatch)),
    };
    match (posted, &asked.key) {
        (
            Posted {
                error: Some(error),
                vp_token: None,
                response: None,
                ..
            },
            _,
        ) => {
            state(posted.state.as_deref())?;
            Ok(Answer::Declined(known(error)))
        }
        (
            Posted {
                vp_token: Some(token),
                response: None,
                error: None,
                ..
            },
            None,
        ) => {
            state(posted.state.as_deref())?;
            Ok(Answer::Presented(Zeroizing::new(token.as_bytes().to_vec())))
        }
        (
            Posted {
                response: Some(compact),
                vp_token: None,
                error: None,
                ..
            },
            Some(key),
        ) => {
            let clear = key
                .decrypt(compact, &ENCS)
                .map_err(|_| Failure::from(Code::ResponseUnreadable))?;
            let mut members = json::parse_object(&clear, Limits::MESSAGE)
                .map_err(|_| Failure::with(Code::ResponseInvalid, "what was encrypted"))?;
            state(members.get("state").and_then(Value::as_str))?;
            match (members.remove("vp_token"), members.get("error")) {
                (None, Some(Value::String(error))) => Ok(Answer::Declined(known(error))),
                (Some(token @ Value::Object(_)), None) => Ok(Answer::Presented(Zeroizing::new(
                    token.to_string().into_bytes(),
                ))),
                _ => invalid("it needs a vp_token or an error"),
            }
        }
        (
            Posted {
                vp_token: Some(_), ..
            },
            Some(_),
        ) => invalid("it must be encrypted"),
        (
            Posted {
                response: Some(_), ..
            },
            None,
        ) => invalid("it must not be encrypted"),
        _ => invalid("it needs a vp_token, a response or an error"),
    }
}

fn known(error: &str) -> &'static str {
    WALLET_ERRORS
        .into_iter()
        .find(|known| *known == error)
        .unwrap_or("other")
}

fn declined(error: &'static str) -> Outcome {
    Outcome {
        verdict: Verdict::Declined(error),
        body: text(&json!({"state": "declined", "error": error})),
        shown: Zeroizing::default(),
    }
}

fn refused(refusal: &Refusal) -> Outcome {
    let error: &Error = &refusal.error;
    Outcome {
        verdict: Verdict::Refused(error.code()),
        body: text(&json!({
            "state": "refused",
            "code": error.code(),
            "stage": refusal.stage.as_str(),
            "message": {"en": error.text(Language::En), "zh": error.text(Language::Zh)},
        })),
        shown: Zeroizing::default(),
    }
}

/// What leaves this server of what was proved: only the claims that the configuration names.
fn outcome(verified: &Verified, told: &config::Service, now: Timestamp) -> Outcome {
    let credentials: Vec<Value> = verified
        .credentials()
        .iter()
        .map(|one| credential(one, &told.back_end))
        .collect();
    let shown: Vec<Value> = verified
        .credentials()
        .iter()
        .map(|one| Value::Object(pick(one.claims(), &told.page)))
        .collect();
    Outcome {
        verdict: Verdict::Verified,
        body: text(&json!({
            "state": "verified",
            "service": verified.service(),
            "checked_at": now.to_rfc3339(),
            "credentials": credentials,
        })),
        shown: text(&Value::Array(shown)),
    }
}

fn credential(credential: &VerifiedCredential, told: &[ClaimPath]) -> Value {
    json!({
        "query": credential.query(),
        "issuer": credential.issuer(),
        "authority": credential.authority(),
        "assurance_level": credential.assurance_level(),
        "format": credential.format(),
        "valid_until": credential.valid_until().to_rfc3339(),
        "status": match credential.status() {
            Status::Valid => "valid",
            Status::Undetermined(Undetermined::BundleStale { .. }) => "undetermined_bundle_stale",
            Status::Undetermined(_) => "undetermined",
        },
        "claims": pick(credential.claims(), told),
    })
}

/// The parts of `claims` to which one of the paths leads.
fn pick(claims: &Map<String, Value>, paths: &[ClaimPath]) -> Map<String, Value> {
    let mut picked = Map::new();
    for path in paths {
        let mut steps = path.elements().iter();
        let Some(PathElement::Key(name)) = steps.next() else {
            continue;
        };
        if let Some(value) = claims.get(name)
            && let Some(part) = along(value, steps.as_slice())
        {
            match picked.get_mut(name) {
                Some(there) => merge(there, part),
                None => {
                    picked.insert(name.clone(), part);
                }
            }
        }
    }
    picked
}

/// What is left of `value` along the path. Elements of arrays are not told apart: a path into one takes all of it.
fn along(value: &Value, path: &[PathElement]) -> Option<Value> {
    match (path, value) {
        ([PathElement::Key(name), rest @ ..], Value::Object(members)) => {
            let part = along(members.get(name)?, rest)?;
            Some(json!({ name.as_str(): part }))
        }
        ([PathElement::Key(_), ..], _) => None,
        _ => Some(value.clone()),
    }
}

fn merge(there: &mut Value, part: Value) {
    match (there, part) {
        (Value::Object(there), Value::Object(part)) => {
            for (name, value) in part {
                match there.get_mut(&name) {
                    Some(inner) => merge(inner, value),
                    None => {
                        there.insert(name, value);
                    }
                }
            }
        }
        (there, part) => *there = part,
    }
}

fn text(value: &Value) -> Zeroizing<String> {
    Zeroizing::new(value.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_picked() {
        let claims = json!({"age_equal_or_over": {"18": true, "21": false}, "family_name": "SPECIMEN",
            "nationalities": ["CN"]});
        let claims = claims.as_object().unwrap();
        let path = |keys: &[&str]| ClaimPath::keys(keys);
        assert!(pick(claims, &[]).is_empty());
        let picked = pick(
            claims,
            &[
                path(&["age_equal_or_over", "18"]),
                path(&["nationalities"]),
                path(&["birthdate"]),
                path(&["family_name", "first"]),
            ],
        );
        assert_eq!(
            Value::Object(picked),
            json!({"age_equal_or_over": {"18": true}, "nationalities": ["CN"]})
        );
        let both = [
            path(&["age_equal_or_over", "18"]),
            path(&["age_equal_or_over", "21"]),
        ];
        assert_eq!(
            Value::Object(pick(claims, &both)),
            json!({"age_equal_or_over": {"18": true, "21": false}})
        );
    }
}

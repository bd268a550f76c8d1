//! The `vp_token` (OpenID4VP 1.0 §8.1).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value};

use crate::dcql::CredentialQuery;
use crate::error::Error;
use crate::json::{self, Limits};
use crate::request::Request;

/// The most presentations of one answer.
const MAX_PRESENTATIONS: usize = 8;

/// A parsed answer, nothing of it checked. Personal data: no `Debug`.
#[derive(Clone)]
pub struct UnverifiedPresentation {
    token: Map<String, Value>,
    state: Option<String>,
}

impl UnverifiedPresentation {
    /// Parses a `vp_token` or a response that contains one.
    ///
    /// # Errors
    /// `malformed`, `too_large`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut object = json::parse_object(bytes, Limits::MESSAGE)?;
        let (token, state) = match object.remove("vp_token") {
            Some(Value::Object(token)) => {
                let state = match object.remove("state") {
                    None => None,
                    Some(Value::String(state)) => Some(state),
                    Some(_) => return Err(Error::malformed("state")),
                };
                (token, state)
            }
            Some(_) => return Err(Error::malformed("vp_token")),
            None => (object, None),
        };
        let presentations = token
            .values()
            .map(|value| value.as_array().map_or(usize::MAX, Vec::len));
        if presentations.fold(0, usize::saturating_add) > MAX_PRESENTATIONS {
            return Err(Error::malformed("vp_token"));
        }
        Ok(Self { token, state })
    }

    /// `state` must be the one that was sent, where it comes back.
    pub(super) fn answers(&self, request: &Request) -> Result<(), Error> {
        match (self.state.as_deref(), request.state()) {
            (Some(sent), expected) if expected != Some(sent) => Err(Error::NonceMismatch),
            _ => Ok(()),
        }
    }

    /// Each presentation with the query it answers; together they must answer the request and hold nothing besides.
    pub(super) fn matched<'a>(
        &'a self,
        request: &'a Request,
    ) -> Result<Vec<(&'a CredentialQuery, &'a Value)>, Error> {
        let mut matched = Vec::new();
        for (id, presentations) in &self.token {
            let query = request
                .query()
                .credential(id)
                .ok_or(Error::QueryNotSatisfied {
                    why: "it answers no query",
                })?;
            let presentations = presentations
                .as_array()
                .ok_or(Error::malformed("vp_token"))?;
            if presentations.is_empty() || (presentations.len() > 1 && !query.multiple) {
                return Err(Error::QueryNotSatisfied {
                    why: "one presentation is needed for each query",
                });
            }
            matched.extend(
                presentations
                    .iter()
                    .map(|presentation| (query, presentation)),
            );
        }
        let ids: Vec<&str> = self.token.keys().map(String::as_str).collect();
        if request.query().satisfied_by(&ids) {
            return Ok(matched);
        }
        let fewer = |skip: usize| -> Vec<&str> {
            ids.iter()
                .enumerate()
                .filter(|(index, _)| *index != skip)
                .map(|(_, id)| *id)
                .collect()
        };
        // Tell a superfluous credential from a missing one.
        if (0..ids.len()).any(|skip| request.query().satisfied_by(&fewer(skip))) {
            return Err(Error::OverDisclosure {
                beyond: "a further credential".to_owned(),
            });
        }
        Err(Error::QueryNotSatisfied {
            why: "a credential is missing",
        })
    }
}

//! Talking to one issuer: addresses under its own, JSON both ways, its error codes passed on.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::time::Timestamp;
use tessera_verifier::vci::Secret;
use url::Url;

use crate::enrol::Opening;
use crate::error::Error;
use crate::surroundings::Surroundings;
use crate::transport::{HttpRequest, HttpResponse, TransportError, check_url};

/// Deepest nesting accepted in an issuer's JSON.
const DEPTH: usize = 32;

/// Longest name of a district that is shown, in bytes.
const MAX_NAME: usize = 200;

/// One issuer, by its credential issuer identifier.
pub(crate) struct Issuer<'a> {
    surroundings: Surroundings<'a>,
    identifier: String,
}

impl<'a> Issuer<'a> {
    /// # Errors
    /// [`Error::Transport`] when the address is none the wallet may contact.
    pub(crate) fn new(surroundings: Surroundings<'a>, address: &str) -> Result<Self, Error> {
        Ok(Self {
            surroundings,
            identifier: identifier(address)?,
        })
    }

    /// The identifier: no trailing slash, no query, no fragment (OpenID4VCI 1.0 §12.2.1).
    pub(crate) fn identifier(&self) -> &str {
        &self.identifier
    }

    /// An address under the issuer's own.
    pub(crate) fn address(&self, path: &str) -> Result<Url, Error> {
        Url::parse(&format!("{}{path}", self.identifier))
            .map_err(|_| TransportError::UrlInvalid.into())
    }

    /// An address the issuer named itself: it must lie on the issuer's own origin, so that neither tokens nor keys
    /// can be sent elsewhere by a manipulated document.
    pub(crate) fn named(&self, address: &str) -> Result<Url, Error> {
        let url = Url::parse(address).map_err(|_| Error::IssuerMalformed)?;
        let own = self.address("")?;
        if url.origin() != own.origin() {
            return Err(Error::IssuerMalformed);
        }
        check_url(&url)?;
        Ok(url)
    }

    /// A well-known address: the path is inserted between host and the identifier's own path (OpenID4VCI 1.0
    /// §12.2.2, RFC 8414 §3).
    pub(crate) fn well_known(&self, name: &str) -> Result<Url, Error> {
        let mut url = self.address("")?;
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("/.well-known/{name}{path}"));
        Ok(url)
    }

    pub(crate) fn get(&self, url: Url, accept: &'static str) -> Result<HttpResponse, Error> {
        self.send(HttpRequest::get(url, accept))
    }

    pub(crate) fn get_json<T: DeserializeOwned>(&self, url: Url) -> Result<T, Error> {
        read(&self.get(url, "application/json")?)
    }

    pub(crate) fn post_json<T: DeserializeOwned>(
        &self,
        url: Url,
        body: &Value,
    ) -> Result<T, Error> {
        let body = body.to_string().into_bytes();
        read(&self.send(HttpRequest::post(url, "application/json", body))?)
    }

    /// Sends a request; an error status becomes the issuer's own code.
    pub(crate) fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let answer = self.surroundings.transport.send(request)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(refusal(&answer))
    }

    pub(crate) fn bearer_get<T: DeserializeOwned>(
        &self,
        url: Url,
        token: &Secret,
    ) -> Result<T, Error> {
        read(&self.send(HttpRequest::get(url, "application/json").with_bearer(token))?)
    }
}

/// What an error status becomes.
pub(crate) fn refusal(answer: &HttpResponse) -> Error {
    let code = error_code(answer);
    match code.as_str() {
        "district_not_open" => Error::DistrictNotOpen {
            openings: openings(answer),
        },
        _ => Error::IssuerRefused {
            code,
            status: answer.status,
        },
    }
}

/// The districts and first days that stand beside a refusal; none where they cannot be read. What is no date is left out.
fn openings(answer: &HttpResponse) -> Vec<Opening> {
    #[derive(Deserialize)]
    struct Openings {
        openings: Vec<Opening>,
    }
    let said: Result<Openings, Error> = read(answer);
    let mut openings = said.map(|said| said.openings).unwrap_or_default();
    let short = |name: &str| name.len() <= MAX_NAME;
    openings.retain(|opening| {
        let dated = Timestamp::parse_date(&opening.from).is_ok();
        dated && short(&opening.name_en) && short(&opening.name_zh)
    });
    openings
}

/// The protocol's own code of an error body (RFC 6749 §5.2, OpenID4VCI 1.0 §8.3.1), if it is a plain word.
pub(crate) fn protocol_error(answer: &HttpResponse) -> Option<String> {
    member(answer, &["error"])
}

/// Reads strict JSON into a type.
pub(crate) fn read<T: DeserializeOwned>(answer: &HttpResponse) -> Result<T, Error> {
    parse(&answer.body)
}

/// Reads strict JSON (no duplicate keys, bounded depth) into a type.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let limits = Limits {
        bytes: HttpRequest::MAX_ANSWER,
        depth: DEPTH,
    };
    let value = json::parse(bytes, limits).map_err(|_| Error::IssuerMalformed)?;
    serde_json::from_value(value).map_err(|_| Error::IssuerMalformed)
}

/// Brings an address into the form issuers are known by.
pub(crate) fn identifier(address: &str) -> Result<String, Error> {
    let url = Url::parse(address.trim()).map_err(|_| TransportError::UrlInvalid)?;
    check_url(&url)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(TransportError::UrlInvalid.into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// `code` of a problem document (RFC 9457), else `error` (RFC 6749 §5.2).
fn error_code(answer: &HttpResponse) -> String {
    member(answer, &["code", "error"]).unwrap_or_else(|| "unspecified".to_owned())
}

/// The first of these members that is there. Anything that is not a plain word is dropped, so that a hostile issuer
/// cannot write on the person's terminal.
fn member(answer: &HttpResponse, names: &[&str]) -> Option<String> {
    let limits = Limits {
        bytes: HttpRequest::MAX_ANSWER,
        depth: DEPTH,
    };
    let problem = json::parse(&answer.body, limits).ok()?;
    names
        .iter()
        .find_map(|name| problem[*name].as_str().filter(|word| is_plain(word)))
        .map(str::to_owned)
}

/// Whether a code may be shown: lower case ASCII, digits and underscores.
pub(crate) fn is_plain(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn code_of(body: &str) -> String {
        error_code(&HttpResponse {
            headers: Vec::new(),
            status: 400,
            content_type: String::new(),
            body: body.into(),
        })
    }

    #[test]
    fn error_codes_are_plain_words_only() {
        assert_eq!(code_of(r#"{"code":"face_none","error":"x"}"#), "face_none");
        assert_eq!(code_of(r#"{"error":"invalid_grant"}"#), "invalid_grant");
        for hostile in [
            r#"{"code":"\u001b[2Jowned"}"#,
            r#"{"code":7}"#,
            r#"["code"]"#,
            "not json",
            "",
            r#"{"code":""}"#,
            r#"{"code":"Your bank needs you to call"}"#,
        ] {
            assert_eq!(code_of(hostile), "unspecified", "{hostile}");
        }
    }

    #[test]
    fn identifiers_have_one_form() {
        for (given, kept) in [
            ("https://issuer.example", "https://issuer.example"),
            ("https://ISSUER.example/", "https://issuer.example"),
            ("https://issuer.example/a/b/", "https://issuer.example/a/b"),
            (" http://127.0.0.1:8080/ ", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(identifier(given).unwrap(), kept);
        }
        for refused in [
            "issuer.example",
            "http://issuer.example",
            "https://issuer.example/?a=b",
            "https://issuer.example/#x",
        ] {
            assert!(identifier(refused).is_err(), "{refused}");
        }
    }
}

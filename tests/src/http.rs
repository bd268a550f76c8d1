//! The harness's own HTTP client: blocking, loopback, bounded, and indifferent to error statuses.

use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Response;

use crate::{Failure, Result};

const MOST: u64 = 64 << 20;

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).map_err(Failure::during("reading an answer"))
    }

    /// The answer itself when its status is 2xx.
    ///
    /// # Errors
    /// Status and body otherwise.
    pub fn expect_ok(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(Failure::new(format!(
            "HTTP {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        )))
    }

    /// The stable code of a refusal: the problem's `code`, else the protocol's `error`.
    #[must_use]
    pub fn code(&self) -> String {
        let body = self.json().unwrap_or(Value::Null);
        let code = body
            .get("code")
            .or_else(|| body.get("error"))
            .and_then(Value::as_str);
        code.map_or_else(|| format!("HTTP {}", self.status), str::to_owned)
    }
}

/// A client that keeps its connections.
#[derive(Debug, Clone)]
pub struct Client(Agent);

impl Default for Client {
    fn default() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .max_idle_connections(256)
            .max_idle_connections_per_host(256)
            .build();
        Self(config.into())
    }
}

impl Client {
    /// GET, with a bearer token where there is one.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn get(&self, url: &str, token: Option<&str>) -> Result<Answer> {
        let mut request = self.0.get(url);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        answer(request.call(), url)
    }

    /// POST of a body of the given media type.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn post(
        &self,
        url: &str,
        token: Option<&str>,
        media_type: &str,
        body: &[u8],
    ) -> Result<Answer> {
        let mut request = self.0.post(url).header("content-type", media_type);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        answer(request.send(body), url)
    }

    /// POST of a JSON body.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn post_json(&self, url: &str, token: Option<&str>, body: &Value) -> Result<Answer> {
        self.post(url, token, "application/json", body.to_string().as_bytes())
    }
}

/// The body behind a URL that answers with success.
///
/// # Errors
/// When there is no answer or its status is not 2xx.
pub fn fetch(url: &str) -> Result<Vec<u8>> {
    Ok(Client::default().get(url, None)?.expect_ok()?.body)
}

fn answer(
    response: std::result::Result<Response<ureq::Body>, ureq::Error>,
    url: &str,
) -> Result<Answer> {
    let response = response.map_err(Failure::during(url))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    response
        .into_body()
        .into_reader()
        .take(MOST)
        .read_to_end(&mut body)
        .map_err(Failure::during(url))?;
    Ok(Answer { status, body })
}

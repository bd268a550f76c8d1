//! A person's browser, as far as the authorization page needs one: it keeps the page's cookie, shows where it is sent
//! instead of going there by itself, and fills in forms.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;

use crate::{Failure, Result};

const MOST: u64 = 1 << 20;
const BOUNDARY: &str = "specimen-boundary";

/// A browser with one cookie.
#[derive(Debug)]
pub struct Browser {
    agent: Agent,
    cookie: Option<String>,
}

/// What came: a page, or where the browser is sent.
#[derive(Debug)]
pub struct Shown {
    /// HTTP status code.
    pub status: u16,
    /// Where it is sent.
    pub location: Option<String>,
    /// The page.
    pub page: String,
}

impl Shown {
    /// The value of a hidden field of the page's form.
    ///
    /// # Errors
    /// When the page has no such field; the page is quoted.
    pub fn hidden(&self, name: &str) -> Result<String> {
        let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        let (_, rest) = self.page.split_once(&start).ok_or_else(|| {
            Failure::new(format!(
                "no field {name} (HTTP {}): {}",
                self.status, self.page
            ))
        })?;
        Ok(rest.split('"').next().unwrap_or_default().to_owned())
    }

    /// Where the browser is sent.
    ///
    /// # Errors
    /// When it is sent nowhere; the page is quoted.
    pub fn sent_to(&self) -> Result<&str> {
        self.location.as_deref().ok_or_else(|| {
            Failure::new(format!(
                "sent nowhere (HTTP {}): {}",
                self.status, self.page
            ))
        })
    }
}

impl Default for Browser {
    fn default() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self {
            agent: config.into(),
            cookie: None,
        }
    }
}

impl Browser {
    /// Opens an address.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn open(&mut self, url: &str) -> Result<Shown> {
        let mut request = self.agent.get(url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let answer = request.call().map_err(Failure::during(url))?;
        self.take(answer)
    }

    /// Sends a form of texts.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send(&mut self, url: &str, fields: &[(&str, &str)]) -> Result<Shown> {
        let form: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let media_type = "application/x-www-form-urlencoded";
        self.post(url, media_type, form.join("&").as_bytes())
    }

    /// Sends a form of texts and one file.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send_with_file(
        &mut self,
        url: &str,
        fields: &[(&str, &str)],
        (name, file): (&str, &[u8]),
    ) -> Result<Shown> {
        let mut body = Vec::new();
        let head = |disposition: String| {
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n")
        };
        for (field, value) in fields {
            body.extend(head(format!("name=\"{field}\"")).into_bytes());
            body.extend(format!("\r\n{value}\r\n").into_bytes());
        }
        body.extend(head(format!("name=\"{name}\"; filename=\"photo.jpg\"")).into_bytes());
        body.extend(b"Content-Type: image/jpeg\r\n\r\n");
        body.extend(file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.post(url, &media_type, &body)
    }

    fn post(&mut self, url: &str, media_type: &str, body: &[u8]) -> Result<Shown> {
        let mut request = self.agent.post(url).header("content-type", media_type);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let answer = request.send(body).map_err(Failure::during(url))?;
        self.take(answer)
    }

    fn take(&mut self, mut answer: Response<ureq::Body>) -> Result<Shown> {
        let header = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        if let Some(set) = header("set-cookie") {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        let location = header("location");
        let status = answer.status().as_u16();
        let page = answer
            .body_mut()
            .with_config()
            .limit(MOST)
            .read_to_string()
            .map_err(Failure::during("a page"))?;
        Ok(Shown {
            status,
            location,
            page,
        })
    }
}

//! Finding a request: a link to it, the link that carries it, or the text itself; then who it is from.

use tessera_verifier::bundle::Bundle;
use tessera_verifier::catalogue::{Catalogue, LocalizedText, Service};
use tessera_verifier::request::Request;
use tessera_verifier::time::Timestamp;
use url::Url;

use crate::error::Error;
use crate::reach::Reach;
use crate::surroundings::Surroundings;
use crate::transport::HttpRequest;
use crate::trust::KnownIssuer;

/// Largest request object, in bytes.
pub const MAX_REQUEST: usize = 64 * 1024;
const MEDIA_TYPE: &str = "application/oauth-authz-req+jwt";

/// A signed request object, not authenticated yet.
#[derive(Debug)]
pub struct RequestObject {
    compact: String,
    /// `client_id` of the link that led here; the request object must name the same (OpenID4VP 1.0 §5, RFC 9101
    /// §5).
    expected_client_id: Option<String>,
}

impl RequestObject {
    /// A request object as text (compact JWS).
    ///
    /// # Errors
    /// [`Error::RequestUnreadable`] when it is longer than [`MAX_REQUEST`].
    pub fn from_text(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_REQUEST {
            return Err(Error::RequestUnreadable);
        }
        Ok(Self {
            compact: text.trim().to_owned(),
            expected_client_id: None,
        })
    }

    /// Follows a link: `openid4vp://…` (with `request` or `request_uri`) or the https address of the request itself.
    ///
    /// # Errors
    /// [`Error::RequestUnreadable`], network errors.
    pub fn from_link(
        surroundings: Surroundings<'_>,
        link: &str,
        reach: &Reach,
    ) -> Result<Self, Error> {
        let url = Url::parse(link.trim()).map_err(|_| Error::RequestUnreadable)?;
        if matches!(url.scheme(), "http" | "https") {
            return fetch(surroundings, url, false, reach);
        }
        if !matches!(url.scheme(), "openid4vp" | "haip-vp") {
            return Err(Error::RequestUnreadable);
        }
        let parameter = |name: &str| {
            let mut values = url
                .query_pairs()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned());
            // A parameter given twice has no meaning (RFC 6749 §3.1).
            values.next().filter(|_| values.next().is_none())
        };
        let client_id = parameter("client_id").ok_or(Error::RequestUnreadable)?;
        let mut object = match (parameter("request"), parameter("request_uri")) {
            (Some(request), None) => Self::from_text(&request)?,
            (None, Some(at)) => {
                let at = Url::parse(&at).map_err(|_| Error::RequestUnreadable)?;
                let post = parameter("request_uri_method").as_deref() == Some("post");
                fetch(surroundings, at, post, reach)?
            }
            _ => return Err(Error::RequestUnreadable),
        };
        object.expected_client_id = Some(client_id);
        Ok(object)
    }

    /// Whether this text is a link and not the name of a file.
    #[must_use]
    pub fn is_link(text: &str) -> bool {
        text.split_once("://")
            .is_some_and(|(scheme, _)| matches!(scheme, "openid4vp" | "haip-vp" | "https" | "http"))
    }

    /// Finds out who asks: the signature must be by the client id, the client must be registered in one of the
    /// bundles for the service it names, and it must not ask for more than that service may.
    ///
    /// # Errors
    /// [`Error::Check`] with `request_invalid`, `request_expired`, `requester_unregistered`, `over_asking` or
    /// another code of the verifier; [`Error::Transport`] when the answer would go to an address out of reach.
    pub fn authenticate(
        self,
        known: &[KnownIssuer],
        now: Timestamp,
        reach: &Reach,
    ) -> Result<AuthenticatedRequest, Error> {
        let mut refusal = Error::BundleMissing;
        for issuer in known {
            let request = Request::parse(&self.compact, now)?;
            match request.authenticate(&issuer.bundle, now) {
                Ok(request) => {
                    if let Some(address) = request.response_uri() {
                        let url = Url::parse(address).map_err(|_| Error::RequestUnreadable)?;
                        reach.check(&url)?;
                    }
                    return self.checked(request, issuer);
                }
                // Another issuer may know the requester; any other refusal is the more telling one.
                Err(error) => {
                    let telling = !matches!(refusal, Error::Check(_))
                        || error.code() != "requester_unregistered";
                    if telling {
                        refusal = error.into();
                    }
                }
            }
        }
        Err(refusal)
    }

    fn checked(
        &self,
        request: Request,
        issuer: &KnownIssuer,
    ) -> Result<AuthenticatedRequest, Error> {
        if let Some(expected) = &self.expected_client_id
            && expected != request.client_id()
        {
            return Err(Error::Check(tessera_verifier::Error::RequestInvalid {
                why: "the link names another client",
            }));
        }
        let requester = issuer
            .bundle
            .relying_party(request.client_id())
            .map(|party| party.name.clone())
            .ok_or(Error::Check(
                tessera_verifier::Error::RequesterUnregistered {
                    why: "not in the register",
                },
            ))?;
        // Requests for services outside the catalogue do not parse.
        let service = Catalogue::builtin()
            .get(request.service().unwrap_or_default())
            .ok_or(Error::RequestUnreadable)?;
        Ok(AuthenticatedRequest {
            request,
            service,
            requester,
            issuer_url: issuer.url.clone(),
            bundle: issuer.bundle.clone(),
        })
    }
}

/// A request whose sender is known and entitled to ask what it asks.
pub struct AuthenticatedRequest {
    request: Request,
    service: &'static Service,
    requester: LocalizedText,
    issuer_url: String,
    bundle: Bundle,
}

impl AuthenticatedRequest {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The requester's name as the authority registered it; names in the request are not shown to anybody.
    #[must_use]
    pub fn requester(&self) -> &LocalizedText {
        &self.requester
    }

    /// The service asked for.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        self.service
    }

    /// The issuer whose register lists the requester; only its credentials are shown.
    #[must_use]
    pub fn issuer_url(&self) -> &str {
        &self.issuer_url
    }

    /// The bundle the requester was found in.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }
}

fn fetch(
    surroundings: Surroundings<'_>,
    url: Url,
    post: bool,
    reach: &Reach,
) -> Result<RequestObject, Error> {
    reach.check(&url)?;
    let request = if post {
        // OpenID4VP 1.0 §5.10: the wallet offers nothing about itself.
        HttpRequest {
            accept: MEDIA_TYPE,
            ..HttpRequest::post(url, "application/x-www-form-urlencoded", Vec::new())
        }
    } else {
        HttpRequest::get(url, MEDIA_TYPE)
    };
    let answer = surroundings
        .transport
        .send(request.with_max_answer(MAX_REQUEST))?;
    if answer.status != 200 {
        return Err(Error::RequestUnreadable);
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| Error::RequestUnreadable)?;
    RequestObject::from_text(text)
}

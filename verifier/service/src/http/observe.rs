//! Around every call: a limit on how many run, a limit on how long, one log line, the client's language, and the headers
//! that every answer carries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tessera_verifier::catalogue::Language;
use tokio::sync::Semaphore;

use super::problem::Refused;
use crate::failure::{Code, Failure};
use crate::server::Server;

#[derive(Clone)]
pub(super) struct Observer {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Observer {
    pub(super) fn new(server: &Server) -> Self {
        let limits = &server.config.limits;
        Self {
            places: Arc::new(Semaphore::new(limits.concurrent_requests)),
            patience: Duration::from_secs(limits.request_seconds),
        }
    }
}

/// Logs method, matched route, status, time and code: nothing the client wrote.
pub(super) async fn observe(
    State(observer): State<Observer>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(none)".to_owned(), |path| path.as_str().to_owned());
    let language = language(request.headers());
    let response = match observer.places.try_acquire() {
        Err(_) => Failure::from(Code::Busy).into_response(),
        Ok(_place) => tokio::time::timeout(observer.patience, next.run(request))
            .await
            .unwrap_or_else(|_| Failure::from(Code::Timeout).into_response()),
    };
    let refused = response.extensions().get::<Refused>().cloned();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    let mut response = match refused {
        Some(refused) => {
            let code = refused.failure.code();
            tracing::info!(%method, route, status, ms, code, "refused");
            refused.render(language)
        }
        None => {
            tracing::info!(%method, route, status, ms, "served");
            response
        }
    };
    let headers = response.headers_mut();
    // Addresses here are secrets, and answers personal data: neither is to be kept or passed on.
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Chinese where it comes first in `Accept-Language`.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let chinese = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("zh"));
    match chinese {
        true => Language::Zh,
        false => Language::En,
    }
}

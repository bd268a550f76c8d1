//! Around every request: a limit on how many run, a limit on how long, one log line, and the client's language.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::problem::Refusal;
use crate::failure::{Code, Failure};
use crate::service::Service;

#[derive(Clone)]
pub(super) struct Observer {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Observer {
    pub(super) fn new(service: &Service) -> Self {
        let limits = &service.config.limits;
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
    let chinese = prefers_chinese(&request);
    let response = match observer.places.try_acquire() {
        Err(_) => Failure::from(Code::Busy).into_response(),
        Ok(_place) => tokio::time::timeout(observer.patience, next.run(request))
            .await
            .unwrap_or_else(|_| Failure::from(Code::Timeout).into_response()),
    };
    let refusal = response.extensions().get::<Refusal>().cloned();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    match &refusal {
        Some(refusal) => {
            let code = refusal.failure.code.as_str();
            tracing::info!(%method, route, status, ms, code, "refused");
        }
        None => tracing::info!(%method, route, status, ms, "served"),
    }
    match refusal {
        Some(refusal) if chinese && !refusal.is_page() => refusal.render(true),
        _ => response,
    }
}

/// Whether Chinese comes first in `Accept-Language`.
fn prefers_chinese(request: &Request) -> bool {
    request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("zh"))
}

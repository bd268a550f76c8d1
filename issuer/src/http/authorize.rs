//! The authorization endpoint (RFC 6749 §3.1, RFC 9126, OpenID4VCI 1.0 §5): the page on which a person is proved and agrees.
//!
//! ```text
//! wallet ── POST /par ──► request_uri        browser ── GET /authorize ──► cookie ── GET /authorization (the page)
//!                                                       POST /authorization/face       number and photo, the same check
//!                                                       POST /authorization/liveness   number: movements to make, and
//!                                                       POST /authorization/frames     the film of them, where demanded
//!                                                       POST /authorization/confirm    yes ──► code, to the wallet
//!                                                       POST /authorization/decline    no
//! ```
//!
//! A request belongs to the browser that opened it: its cookie is a secret of which the store has the digest, and from
//! which the token in the forms is derived. So a link that somebody else opened, or a form on another site, does nothing.
//! An answer goes to the redirect URI of the request only, and to that of a client nobody registered only when the person
//! has clicked on a page that says where it goes.
//!
//! | file | what it holds |
//! |---|---|
//! | `request` | pushed requests, and the link that brings a browser |
//! | `open` | the browser's open request: cookie, form token, what comes next |
//! | `prove` | number and photo |
//! | `film` | number and moving head: the challenge, the frames, the page's program |
//! | `answer` | yes and no, to the wallet |
//! | `redirect` | where answers may go |
//! | `page`, `camera` | the HTML |

pub(super) mod answer;
mod camera;
pub(super) mod film;
mod multipart;
mod open;
mod page;
pub(super) mod prove;
mod redirect;
pub(super) mod request;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use self::open::Open;
use self::page::{Page, Step};
use crate::failure::Failure;
use crate::service::Service;

/// The page.
#[utoipa::path(get, path = "/authorization", tag = "OpenID4VCI", responses(
    (status = 200, description = "The page, in English or Chinese", content_type = "text/html"),
))]
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let chinese = page::chinese(&uri, &headers);
    let shown = async {
        let open = Open::read(&service, &headers).await?;
        let step = open.step(&service).await?;
        Ok((open, step))
    };
    match shown.await {
        Ok((open, step)) => render(&service, chinese, &open, (&step, None)),
        Err(failure) => page::refusal(&service, chinese, &failure),
    }
}

fn render(
    service: &Service,
    chinese: bool,
    open: &Open,
    (step, failure): (&Step, Option<&Failure>),
) -> Response {
    let csrf = open.csrf();
    Page {
        service,
        chinese,
        record: &open.record,
        csrf: csrf.expose(),
        step,
        failure,
    }
    .render()
}

//! The description of this interface, generated from the operations.

use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    attestation, authorize, challenge, credential, deferred, evidence, face, health, liveness,
    lost, metadata, nonce, notification, problem, published, relay, renewals, resume, rollout,
    sessions, token,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tessera issuer",
        description = "Proves a person, issues identity credentials over OpenID4VCI 1.0, publishes their status. Bodies described as plain objects are defined by OpenID4VCI 1.0 or by the wire types of tessera-verifier. Errors carry a stable `code`."
    ),
    paths(
        metadata::issuer,
        metadata::authorization_server,
        nonce::issue,
        attestation::challenge,
        authorize::request::push,
        authorize::request::begin,
        authorize::show,
        authorize::prove::face,
        authorize::film::script,
        authorize::film::challenge,
        authorize::film::frames,
        authorize::answer::confirm,
        authorize::answer::decline,
        token::redeem,
        credential::issue,
        deferred::collect,
        notification::note,
        sessions::open,
        sessions::show,
        liveness::open,
        face::check,
        lost::by_session,
        renewals::open,
        lost::by_code,
        rollout::list,
        challenge::open,
        relay::advance,
        evidence::submit,
        resume::resume,
        published::bundle,
        published::status,
        published::root,
        published::issuing_ca,
        health::alive,
        health::ready,
    ),
    components(schemas(problem::Problem)),
    modifiers(&Bearers)
)]
struct Api;

struct Bearers;

impl Modify for Bearers {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        for name in ["session", "access"] {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// The document as it is checked in.
///
/// # Errors
/// It cannot be serialised.
pub fn document() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Api::openapi())?;
    text.push('\n');
    Ok(text)
}

/// Serves the description.
pub(super) async fn serve() -> Json<Document> {
    Json(Api::openapi())
}

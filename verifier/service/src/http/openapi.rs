//! The description of this interface, generated from the operations.

use axum::Json;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{dc_api, health, page, problem, request_object, response, result, start};
use crate::asking;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tessera relying party",
        description = "Asks wallets over OpenID4VP 1.0, decides offline, hands the outcome over once. Bodies described as plain objects are defined by OpenID4VP 1.0 or said in their description. Errors carry a stable `code`."
    ),
    paths(
        start::start,
        result::hand_over,
        dc_api::answer,
        request_object::get,
        request_object::post,
        response::take,
        page::html,
        page::state,
        health::alive,
        health::ready,
    ),
    components(schemas(problem::Problem, asking::Wanted, asking::WantedFlow)),
    modifiers(&Bearers)
)]
struct Api;

struct Bearers;

impl Modify for Bearers {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("back_end", SecurityScheme::Http(scheme));
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

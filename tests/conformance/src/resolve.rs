//! `GET /1.0/identifiers/{did}`: DID documents of did:key and did:jwk, made from the identifier alone.

use axum::Json;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tessera_verifier::{Error, did};

/// The DID document of a `did:key` or `did:jwk`: 200 with the document, or 400 with a resolution result that names the
/// error as the did:key method spells it.
pub async fn identifier(Path(did): Path<String>) -> Response {
    match document(&did) {
        Ok(document) => (
            [(header::CONTENT_TYPE, "application/did+ld+json")],
            Json(document),
        )
            .into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(refused(error))).into_response(),
    }
}

fn document(did: &str) -> Result<Value, &'static str> {
    if did.contains(['#', '?', '/']) {
        return Err("INVALID_DID");
    }
    let (did, key) = did::resolve(did).map_err(|error| reason(did, &error))?;
    let method = match did.starts_with("did:jwk:") {
        true => format!("{did}#0"),
        false => did::verification_method(&key),
    };
    Ok(json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [{
            "id": method,
            "type": "Multikey",
            "controller": did,
            "publicKeyMultibase": did::multikey(&key),
        }],
        "authentication": [method],
        "assertionMethod": [method],
        "capabilityDelegation": [method],
        "capabilityInvocation": [method],
    }))
}

/// The error of did:key §3.1.2: `INVALID_DID` for what is not of the method at all, `INVALID_ID` for what is.
fn reason(did: &str, error: &Error) -> &'static str {
    let ours = did.starts_with("did:key:") || did.starts_with("did:jwk:");
    if did.splitn(3, ':').count() < 3 {
        return "INVALID_DID";
    }
    match error {
        Error::UnsupportedAlgorithm { .. } if ours => "UNSUPPORTED_PUBLIC_KEY_TYPE",
        _ if ours => "INVALID_ID",
        Error::UnsupportedAlgorithm { .. } => "METHOD_NOT_SUPPORTED",
        _ => "INVALID_DID",
    }
}

fn refused(error: &str) -> Value {
    json!({
        "@context": "https://w3id.org/did-resolution/v1",
        "didDocument": null,
        "didDocumentMetadata": {},
        "didResolutionMetadata": {"error": error, "contentType": "application/did+ld+json"},
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const DID: &str = "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv";

    #[test]
    fn a_document_names_its_key() {
        let found = document(DID).unwrap();
        assert_eq!(found["id"], DID);
        assert_eq!(
            found["verificationMethod"][0]["publicKeyMultibase"],
            DID.strip_prefix("did:key:").unwrap()
        );
    }

    #[test]
    fn what_is_wrong_is_named_as_the_method_names_it() {
        for (did, error) in [
            (
                "key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
                "INVALID_DID",
            ),
            (
                "did:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
                "INVALID_DID",
            ),
            ("did:web:issuer.example", "METHOD_NOT_SUPPORTED"),
            (
                "did:key:-v4:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
                "INVALID_ID",
            ),
            (
                "did:key:Dnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
                "INVALID_ID",
            ),
        ] {
            assert_eq!(document(did).unwrap_err(), error, "{did}");
        }
    }
}

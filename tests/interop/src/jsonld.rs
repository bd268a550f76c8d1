//! JSON-LD 1.1 to RDF, and RDFC-1.0, on the documents we sign.

use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::did;
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize, to_nquads};

use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::oracle::Oracle;
use crate::specimen::{credential, key};

/// Asks every judge, both ways.
pub fn run(oracle: &Oracle, matrix: &mut Matrix) {
    matrix.ask("JSON-LD to RDF", "json-ld + sophia_c14n", Way::Same, || {
        to_rdf(oracle)
    });
    matrix.ask("RDFC-1.0", "sophia_c14n", Way::Same, || rdfc(oracle));
}

fn documents() -> Result<Vec<Value>, Stop> {
    let (issuer, holder) = (key()?, key()?);
    let issuer = did::did_key(issuer.public_key());
    let whole = credential(&issuer, &holder, None);
    let presentation = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": did::did_key(holder.public_key()),
        "verifiableCredential": [whole.clone()],
    });
    let status_list = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "https://issuer.example/status/1",
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": "2026-11-01T00:00:00Z",
        "credentialSubject": {
            "id": "https://issuer.example/status/1#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA",
        },
    });
    Ok(vec![
        whole,
        credential(&issuer, &holder, Some("urn:uuid:e1b0")),
        presentation,
        status_list,
    ])
}

/// Their quads, canonicalized by their canonicalizer, are ours canonicalized by ours.
fn to_rdf(oracle: &Oracle) -> Outcome {
    let documents = documents()?;
    for document in &documents {
        let theirs = oracle.ask(&["json-ld", "to-rdf"], &json!({"document": document}))?;
        let theirs = oracle.ask(
            &["rdf", "canonicalize"],
            &json!({"nquads": theirs["nquads"]}),
        )?;
        demand(
            theirs["canonical"] == canonical(document)?,
            "another dataset",
        )?;
    }
    Ok(format!("{} documents", documents.len()))
}

/// Our quads, canonicalized by both; one blank node renamed in between.
fn rdfc(oracle: &Oracle) -> Outcome {
    let documents = documents()?;
    for document in &documents {
        let quads = document_to_rdf(document, &ContextStore::builtin()).map_err(Stop::fail)?;
        let renamed = to_nquads(&quads).replace("_:b0", "_:zz");
        let theirs = oracle.ask(&["rdf", "canonicalize"], &json!({"nquads": renamed}))?;
        demand(
            theirs["canonical"] == canonical(document)?,
            "another canonical form",
        )?;
    }
    Ok(format!("{} documents", documents.len()))
}

fn canonical(document: &Value) -> Result<String, Stop> {
    let quads = document_to_rdf(document, &ContextStore::builtin()).map_err(Stop::fail)?;
    let canonical =
        canonicalize(&quads, HashAlgorithm::Sha256, Budget::default()).map_err(Stop::fail)?;
    Ok(canonical.to_nquads())
}

//! What the issuer writes as evidence is what `schemas/evidence.schema.json` describes, for every way of proving a person.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::claims::evidence::{IdentityEvidence, Pathway};
use tessera_verifier::json_schema::Schema;

fn schema() -> Schema {
    let text = include_str!("../../schemas/evidence.schema.json");
    Schema::parse(&serde_json::from_str::<Value>(text).unwrap()).unwrap()
}

fn evidence(pathway: Pathway, attended: bool) -> Value {
    IdentityEvidence {
        level: AssuranceLevel::Full,
        pathway,
        attended,
        liveness: false,
        time: Timestamp::parse_date("2026-01-15").unwrap(),
        organization: "City of SPECIMEN".to_owned(),
    }
    .to_json()
}

#[test]
fn evidence_of_every_pathway_fits() {
    for pathway in Pathway::ALL {
        for attended in [false, true] {
            let value = evidence(pathway, attended);
            assert!(schema().validate(&value).is_ok(), "{value}");
            let mut moved = IdentityEvidence::read(&value).unwrap();
            moved.liveness = true;
            assert!(schema().validate(&moved.to_json()).is_ok(), "{moved:?}");
        }
    }
}

#[test]
fn whatever_else_it_says_does_not_fit() {
    for (pointer, member, value) in [
        ("/0", "photo", json!("data:")),
        ("/0", "document_number", json!("X1")),
        ("/0", "score", json!(0.9)),
        ("/0", "time", json!("2026-01-15T09:30:00Z")),
        ("/0/assurance_process", "attended", json!("yes")),
        ("/0/assurance_process", "procedure", json!("with-liveness")),
        ("/0/assurance_process", "terminal", json!("did:key:z")),
        ("/0/evidence_sources/0", "document", json!({"number": "X1"})),
        (
            "/0/evidence_sources/0/check_details/0",
            "check_method",
            json!("guess"),
        ),
    ] {
        let mut changed = evidence(Pathway::Chip, true);
        changed.pointer_mut(pointer).unwrap()[member] = value;
        assert!(schema().validate(&changed).is_err(), "{changed}");
    }
}

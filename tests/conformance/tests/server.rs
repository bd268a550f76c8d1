//! The server as the suites use it: issue, derive, verify, refuse, status lists, identifiers, manifest.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tessera_conformance::clock::Clock;
use tessera_conformance::manifest::manifest;
use tessera_conformance::server::router;
use tessera_conformance::state::State;
use tessera_conformance::table::{Mechanism, Row, SUITES};
use tessera_verifier::Timestamp;
use tower::ServiceExt as _;

const LISTS_AT: &str = "https://lists.example";
const V1: &str = "https://www.w3.org/2018/credentials/v1";
const V2: &str = "https://www.w3.org/ns/credentials/v2";

struct Server {
    router: Router,
    state: Arc<State>,
}

impl Server {
    fn new() -> Self {
        let clock = Clock::stopped(Timestamp::parse_rfc3339("2026-01-15T18:00:00Z").unwrap());
        let state = Arc::new(State::new(clock, LISTS_AT).unwrap());
        Self {
            router: router(Arc::clone(&state)),
            state,
        }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn issue(&self, row: &str, credential: &Value) -> Value {
        let body = json!({"credential": credential});
        let path = format!("/{row}/credentials/issue");
        let (status, answer) = self.post(&path, &body).await;
        assert_eq!(status, StatusCode::CREATED, "{row}: {answer}");
        answer["verifiableCredential"].clone()
    }

    async fn refuses_to_issue(&self, row: &str, credential: &Value) -> String {
        let body = json!({"credential": credential});
        let path = format!("/{row}/credentials/issue");
        let (status, answer) = self.post(&path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{row}: {answer}");
        answer["code"].as_str().unwrap().to_owned()
    }

    /// The code of the refusal, or `None` for 200.
    async fn verify(&self, row: &str, credential: &Value, options: Value) -> Option<String> {
        let body = json!({"verifiableCredential": credential, "options": options});
        let path = format!("/{row}/credentials/verify");
        let (status, answer) = self.post(&path, &body).await;
        outcome(status, &answer)
    }

    async fn verify_presentation(&self, row: &str, presentation: &Value) -> Option<String> {
        let body = json!({"verifiablePresentation": presentation, "options": {"checks": []}});
        let path = format!("/{row}/presentations/verify");
        let (status, answer) = self.post(&path, &body).await;
        outcome(status, &answer)
    }

    /// What a row's verifier is to be shown: for selective disclosure a derived proof.
    async fn showable(&self, row: &Row, version: &str) -> Value {
        let mut body = json!({"credential": credential(version)});
        if let Mechanism::Selective(_) = row.mechanism {
            let mandatory = match version {
                "1.1" => json!(["/issuer", "/issuanceDate"]),
                _ => json!(["/issuer"]),
            };
            body["options"] = json!({"mandatoryPointers": mandatory});
        }
        let path = format!("/{}/credentials/issue", row.name);
        let (status, answer) = self.post(&path, &body).await;
        assert_eq!(status, StatusCode::CREATED, "{}: {answer}", row.name);
        let issued = &answer["verifiableCredential"];
        match row.mechanism {
            Mechanism::Selective(_) => self.derive(row.name, issued).await,
            _ => issued.clone(),
        }
    }

    async fn derive(&self, row: &str, base: &Value) -> Value {
        let body = json!({
            "verifiableCredential": base,
            "options": {"selectivePointers": ["/credentialSubject/name"]},
        });
        let path = format!("/{row}/credentials/derive");
        let (status, answer) = self.post(&path, &body).await;
        assert_eq!(status, StatusCode::CREATED, "{row}: {answer}");
        answer["verifiableCredential"].clone()
    }
}

fn outcome(status: StatusCode, answer: &Value) -> Option<String> {
    match status {
        StatusCode::OK => {
            assert_eq!(answer["verified"], true);
            None
        }
        status => {
            assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
            assert_eq!(answer["verified"], false);
            Some(answer["code"].as_str().unwrap().to_owned())
        }
    }
}

fn credential(version: &str) -> Value {
    let mut credential = json!({
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": "https://issuer.example/5678",
        "credentialSubject": {"id": "did:example:subject", "name": "Alice"},
    });
    if version == "1.1" {
        credential["@context"] = json!([V1, {"@context": {"name": "https://schema.org/name"}}]);
        credential["issuanceDate"] = json!("2020-03-16T22:37:26.544Z");
    }
    credential
}

#[tokio::test]
async fn without_a_suite_what_any_of_them_issued_is_verified_and_bound_to_its_issuer() {
    let server = Server::new();
    let check = async |document: &Value| {
        let body = json!({"verifiableCredential": document});
        let (status, answer) = server.post("/credentials/verify", &body).await;
        outcome(status, &answer)
    };
    for row in SUITES {
        let good = server.showable(row, "2.0").await;
        assert_eq!(check(&good).await, None, "{}", row.name);
        let presentation = json!({
            "@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": [good],
        });
        let body = json!({"verifiablePresentation": presentation});
        let (status, answer) = server.post("/presentations/verify", &body).await;
        assert_eq!(outcome(status, &answer), None, "{}", row.name);
        if good.get("proof").is_some() {
            let mut altered = good.clone();
            altered["credentialSubject"]["name"] = json!("somebody else");
            assert!(check(&altered).await.is_some(), "{}", row.name);
        }
    }
    // The key of one issuer under the name of another.
    let stranger = "did:key:zDnaeyMjT5gNBrtAjuK4Yy4N3CVmuVCN2zXQ4taxH45XYDWwP";
    let mut foreign = server.issue("ecdsa-jcs-2019", &credential("2.0")).await;
    foreign["issuer"] = json!(stranger);
    assert_eq!(
        check(&foreign).await.as_deref(),
        Some("issuer_key_mismatch")
    );
}

#[tokio::test]
async fn what_a_row_issues_its_verifier_accepts_and_nothing_else() {
    let server = Server::new();
    for row in SUITES {
        for version in row.versions {
            let shown = server.showable(row, version).await;
            let accepted = server.verify(row.name, &shown, json!({})).await;
            assert_eq!(accepted, None, "{} {version}", row.name);
            let mut altered = shown.clone();
            if let Mechanism::Enveloped(_) = row.mechanism {
                let id = altered["id"].as_str().unwrap();
                altered["id"] = Value::from(&id[..id.len() - 8]);
            } else {
                altered["credentialSubject"]["name"] = json!("Mallory");
            }
            let refused = server.verify(row.name, &altered, json!({})).await;
            assert!(refused.is_some(), "{} {version}", row.name);
            // Who chooses the verifier chooses the suite, not the message.
            for other in SUITES {
                let same = other.mechanism == row.mechanism
                    || matches!(
                        (other.mechanism, row.mechanism),
                        (Mechanism::Enveloped(_), Mechanism::Enveloped(_))
                    );
                if !same {
                    let refused = server.verify(other.name, &shown, json!({})).await;
                    assert!(refused.is_some(), "{} at {}", row.name, other.name);
                }
            }
        }
    }
}

#[tokio::test]
async fn base_proofs_are_for_holders() {
    let server = Server::new();
    for row in SUITES {
        if !matches!(row.mechanism, Mechanism::Selective(_)) {
            continue;
        }
        let base = server.issue(row.name, &credential("2.0")).await;
        let refused = server.verify(row.name, &base, json!({})).await;
        assert_eq!(refused.as_deref(), Some("base_proof_refused"));
        let derived = server.derive(row.name, &base).await;
        assert_eq!(derived["credentialSubject"]["name"], "Alice");
        let again = json!({"verifiableCredential": derived, "options": {"selectivePointers": []}});
        let path = format!("/{}/credentials/derive", row.name);
        let (status, _) = server.post(&path, &again).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let path = format!("/{}/credentials/issue", row.name);
        let nowhere = json!({
            "credential": credential("2.0"),
            "options": {"mandatoryPointers": ["/nowhere"]},
        });
        let (status, answer) = server.post(&path, &nowhere).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
    let plain = server.issue("vc2.0", &credential("2.0")).await;
    let body =
        json!({"verifiableCredential": plain, "options": {"selectivePointers": ["/issuer"]}});
    let (status, _) = server.post("/vc2.0/credentials/derive", &body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_issuer_signs_in_its_own_name_what_conforms() {
    let server = Server::new();
    for row in [
        "vc2.0",
        "eddsa-jcs-2022",
        "ecdsa-sd-2023",
        "bbs-2023",
        "vc-jwt",
    ] {
        let own = server.issue("vc2.0", &credential("2.0")).await;
        assert!(own["issuer"].as_str().unwrap().starts_with("did:key:"));
        for (member, value) in [
            ("type", json!(["Nothing"])),
            ("type", json!(["VerifiableCredential", "Unknown"])),
            ("issuer", json!("not a URL")),
            ("issuer", json!(17)),
            ("credentialSubject", json!({})),
            ("credentialSubject", json!({"unknown": "x"})),
            ("@context", json!([])),
            ("@context", json!([V2, "https://unknown.example/v1"])),
            ("validFrom", json!("yesterday")),
            (
                "credentialStatus",
                json!({"type": "BitstringStatusListEntry"}),
            ),
            ("relatedResource", json!([{"id": "https://example.org/x"}])),
        ] {
            let mut bad = credential("2.0");
            bad[member] = value;
            let code = server.refuses_to_issue(row, &bad).await;
            assert!(!code.is_empty(), "{row} {member}");
        }
    }
    let (status, _) = server.post("/unknown/credentials/issue", &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    for body in [
        json!([]),
        json!({}),
        json!({"credential": 1}),
        json!({"credential": {}, "options": 1}),
    ] {
        let (status, _) = server.post("/vc2.0/credentials/issue", &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn what_the_caller_expects_of_a_proof() {
    let server = Server::new();
    let path = "/eddsa-rdfc-2022/credentials/issue";
    let body = json!({
        "credential": credential("2.0"),
        "options": {"challenge": "1235", "domain": "domain.example"},
    });
    let (_, answer) = server.post(path, &body).await;
    let bound = &answer["verifiableCredential"];
    for (options, code) in [
        (
            json!({"challenge": "1235", "domain": "domain.example"}),
            None,
        ),
        (json!({"expectedProofPurpose": "assertionMethod"}), None),
        (json!({"challenge": "other"}), Some("nonce_mismatch")),
        (
            json!({"domain": "other.example"}),
            Some("audience_mismatch"),
        ),
        (
            json!({"expectedProofPurpose": "authentication"}),
            Some("proof_purpose_mismatch"),
        ),
        (
            json!({"expectedProofPurpose": "unknown"}),
            Some("proof_purpose_mismatch"),
        ),
    ] {
        let found = server
            .verify("eddsa-rdfc-2022", bound, options.clone())
            .await;
        assert_eq!(found.as_deref(), code, "{options}");
    }
}

#[tokio::test]
async fn presentations() {
    let server = Server::new();
    let embedded = server.issue("vc2.0", &credential("2.0")).await;
    let enveloped = server.issue("vc-jwt", &credential("2.0")).await;
    let presentation = |credentials: Value| {
        json!({
            "@context": [V2],
            "type": "VerifiablePresentation",
            "verifiableCredential": credentials,
        })
    };
    let both = presentation(json!([embedded, enveloped]));
    assert_eq!(server.verify_presentation("vc-jwt", &both).await, None);
    let unsecured = presentation(json!([credential("2.0")]));
    assert!(
        server
            .verify_presentation("vc2.0", &unsecured)
            .await
            .is_some()
    );
    let mut altered = embedded.clone();
    altered["credentialSubject"]["name"] = json!("Mallory");
    let altered = presentation(json!([altered]));
    let refused = server.verify_presentation("vc2.0", &altered).await;
    assert_eq!(refused.as_deref(), Some("invalid_signature"));
    let body = json!({"verifiablePresentation": both, "options": {"challenge": "1235"}});
    let (status, answer) = server.post("/vc2.0/presentations/verify", &body).await;
    let refused = outcome(status, &answer);
    assert_eq!(refused.as_deref(), Some("holder_binding_missing"));
}

#[tokio::test]
async fn status_lists_are_credentials_and_entries_point_into_them() {
    let server = Server::new();
    for (row, purposes) in [
        ("bitstring-status-list", &["revocation"][..]),
        ("bitstring-status-list-messages", &["suspension", "message"]),
    ] {
        let issued = server.issue(row, &credential("2.0")).await;
        let entries = match &issued["credentialStatus"] {
            Value::Array(entries) => entries.clone(),
            one => vec![one.clone()],
        };
        assert_eq!(entries.len(), purposes.len());
        for (entry, purpose) in entries.iter().zip(purposes) {
            assert_eq!(entry["statusPurpose"], *purpose);
            let url = entry["statusListCredential"].as_str().unwrap();
            let path = url.strip_prefix(LISTS_AT).unwrap();
            let (status, list) = server.get(path).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(list["credentialSubject"]["statusPurpose"], *purpose);
            let list_row = "bitstring-status-list";
            assert_eq!(server.verify(list_row, &list, json!({})).await, None);
            if *purpose == "message" {
                assert_eq!(entry["statusSize"], 2);
                assert_eq!(entry["statusMessage"].as_array().unwrap().len(), 4);
            }
        }
        assert_eq!(server.verify(row, &issued, json!({})).await, None);
        let mut elsewhere = credential("2.0");
        elsewhere["credentialStatus"] = entries[0].clone();
        elsewhere["credentialStatus"]["statusListCredential"] = json!("https://other.example/1");
        let issued = server.issue(row, &elsewhere).await;
        let refused = server.verify(row, &issued, json!({})).await;
        assert_eq!(refused.as_deref(), Some("status_undetermined"));
    }
    let issued = server.issue("vc2.0", &credential("2.0")).await;
    let checks = json!({"checks": ["proof", "credentialStatus"]});
    assert_eq!(server.verify("vc2.0", &issued, checks).await, None);
    let (status, _) = server.get("/status/unknown").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn identifiers_resolve_and_errors_have_their_names() {
    let server = Server::new();
    for row in SUITES {
        let did = server.state.key(row).unwrap().did();
        let (status, answer) = server.get(&format!("/1.0/identifiers/{did}")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["id"], did);
    }
    for (did, code) in [
        (
            "did:key:a:z6MkhTNL7i2etLerDK8Acz5t528giE5KA4p75T6ka1E1D74r",
            Some("INVALID_ID"),
        ),
        ("did:key:m6Mk", Some("INVALID_ID")),
        ("did:", Some("INVALID_DID")),
        ("z6Mk", Some("INVALID_DID")),
    ] {
        let (_, answer) = server.get(&format!("/1.0/identifiers/{did}")).await;
        let found = answer["didResolutionMetadata"]["error"].as_str();
        assert_eq!(found, code, "{did}: {answer}");
    }
}

#[tokio::test]
async fn the_manifest_leads_to_every_row() {
    let server = Server::new();
    let manifest = manifest(&server.state, "http://here.example");
    for kind in ["issuers", "verifiers", "vpVerifiers"] {
        assert_eq!(manifest[kind].as_array().unwrap().len(), SUITES.len());
    }
    // What each suite looks for, once a kind of key.
    for tag in [
        "vc2.0",
        "EnvelopingProof",
        "BitstringStatusList",
        "Ed25519Signature2020",
        "eddsa-rdfc-2022",
        "eddsa-jcs-2022",
        "ecdsa-rdfc-2019",
        "ecdsa-jcs-2019",
        "ecdsa-sd-2023",
        "bbs-2023",
    ] {
        let tagged = |entry: &&Value| entry["tags"].as_array().unwrap().contains(&json!(tag));
        let found = manifest["issuers"].as_array().unwrap().iter();
        assert!(found.filter(tagged).count() > 0, "{tag}");
    }
    for entry in manifest["issuers"].as_array().unwrap() {
        let endpoint = entry["endpoint"].as_str().unwrap();
        let path = endpoint.strip_prefix("http://here.example").unwrap();
        let body = json!({"credential": credential("2.0")});
        let (status, answer) = server.post(path, &body).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let issued = &answer["verifiableCredential"];
        if let Some(issuer) = issued.get("issuer") {
            assert_eq!(*issuer, entry["id"]);
        }
    }
    for holder in manifest["vcHolders"].as_array().unwrap() {
        assert_eq!(holder["tags"][0], "vcHolder");
    }
}

//! What the public API says of a file's input.

use serde_json::Value;
use tessera_verifier::claims::Format;
use tessera_verifier::data_integrity::{self, ProofExpectation, Suite};
use tessera_verifier::encoding::from_base64;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::KeyType;
use tessera_verifier::policy::StaleStatus;
use tessera_verifier::status::{StatusType, TokenStatusList};
use tessera_verifier::vc_jose_cose::{self, Expectation};
use tessera_verifier::verify::{Refusal, Stage, decide};
use tessera_verifier::x509::{ChainPolicy, TrustAnchor};
use tessera_verifier::{Bundle, Error, Policy, Request, Timestamp, did};

use crate::file::File;
use crate::world::policy;

type Judged = Option<(&'static str, Option<Stage>)>;

/// The code and the stage, or `verified`; `None` where what it takes is not built in.
pub(crate) fn judge(file: &File) -> Judged {
    let bbs = cfg!(any(feature = "bbs", feature = "bbs-pure"));
    if file.get("needs").is_some_and(|feature| feature == "bbs") && !bbs {
        return None;
    }
    let judged = match file.text("kind") {
        "presentation" => presentation(file),
        "request" => request(file),
        "bundle" => bundle(file).map(|_| ()),
        "did" => did::resolve(file.text("did"))
            .map(|_| ())
            .map_err(at(Stage::Issuer)),
        "credential" => credential(file),
        "envelope" => envelope(file),
        "status_list" => status_list(file),
        "bbs_proof" => return bbs_proof(file),
        kind => panic!("unknown kind {kind}"),
    };
    Some(said(judged))
}

fn said(judged: Result<(), Refusal>) -> (&'static str, Option<Stage>) {
    match judged {
        Ok(()) => ("verified", None),
        Err(refusal) => (refusal.error.code(), Some(refusal.stage)),
    }
}

fn at(stage: Stage) -> impl Fn(Error) -> Refusal {
    move |error| Refusal { stage, error }
}

fn of_credential(error: Error) -> Refusal {
    Refusal {
        stage: Stage::of_credential(&error),
        error,
    }
}

fn now(file: &File) -> Timestamp {
    Timestamp::parse_rfc3339(file.text("now")).unwrap()
}

fn bundle(file: &File) -> Result<Bundle, Refusal> {
    Bundle::open(file.text("bundle").as_bytes(), file.text("root")).map_err(at(Stage::Bundle))
}

/// The relying party's side.
fn presentation(file: &File) -> Result<(), Refusal> {
    let bundle = bundle(file)?;
    let request = Request::for_own(file.text("request")).map_err(at(Stage::Request))?;
    let policy = changed(policy(&request), file.get("policy"));
    let bytes = file.text("presentation").as_bytes();
    decide(bytes, &request, &policy, &bundle, now(file)).map(|verified| {
        assert!(!verified.credentials().is_empty());
    })
}

/// The service's policy with what the file changes of it.
fn changed(mut policy: Policy, changes: Option<&Value>) -> Policy {
    for (name, value) in changes.and_then(Value::as_object).into_iter().flatten() {
        match (name.as_str(), value) {
            ("stale_status", value) if value == "undetermined" => {
                policy.stale_status = StaleStatus::Undetermined;
            }
            ("service", Value::String(service)) => policy.service.clone_from(service),
            ("formats", Value::Array(names)) => policy
                .formats
                .retain(|format: &Format| names.iter().any(|name| name == format.as_str())),
            other => panic!("unknown policy {other:?}"),
        }
    }
    policy
}

/// The wallet's side.
fn request(file: &File) -> Result<(), Refusal> {
    let bundle = bundle(file)?;
    Request::parse(file.text("request"), now(file))
        .and_then(|request| request.authenticate(&bundle, now(file)))
        .map(|_| ())
        .map_err(at(Stage::Request))
}

fn credential(file: &File) -> Result<(), Refusal> {
    let expected = ProofExpectation::credential(now(file));
    let bytes = file.text("credential").as_bytes();
    data_integrity::verify_bytes(bytes, Suite::ALL, &expected, &ContextStore::builtin())
        .map(|_| ())
        .map_err(of_credential)
}

fn envelope(file: &File) -> Result<(), Refusal> {
    let kinds = [KeyType::P256, KeyType::P384, KeyType::Ed25519];
    let expected = Expectation::credential(&kinds, now(file));
    let envelope = file.get("envelope").unwrap();
    let verified = match file.get("anchors") {
        None => vc_jose_cose::verify_envelope(envelope, &expected, &vc_jose_cose::by_did),
        Some(anchors) => {
            let anchors: Vec<String> = serde_json::from_value(anchors.clone()).unwrap();
            let anchors: Vec<TrustAnchor> = anchors
                .iter()
                .map(|der| TrustAnchor::from_certificate(&from_base64(der).unwrap()).unwrap())
                .collect();
            let policy = ChainPolicy {
                now: now(file),
                purposes: &[],
            };
            let keys = vc_jose_cose::by_x5c(&anchors, policy);
            vc_jose_cose::verify_envelope(envelope, &expected, &keys)
        }
    };
    verified.map(|_| ()).map_err(of_credential)
}

/// A status list token as CWT, asked for one index.
fn status_list(file: &File) -> Result<(), Refusal> {
    let (_, key) = did::resolve(file.text("key")).unwrap();
    let bytes = from_base64(file.text("list")).unwrap();
    let index = file.get("index").and_then(Value::as_u64).unwrap();
    TokenStatusList::verify_cwt(&bytes, file.text("uri"), &key)
        .and_then(|list| list.status(usize::try_from(index).unwrap(), now(file)))
        .map(|status| assert_eq!(status, StatusType::Valid))
        .map_err(at(Stage::Status))
}

#[cfg(not(any(feature = "bbs", feature = "bbs-pure")))]
fn bbs_proof(_: &File) -> Judged {
    None
}

#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
fn bbs_proof(file: &File) -> Judged {
    use tessera_verifier::bbs::{Ciphersuite, Disclosed, PublicKey, proof_verify};
    use tessera_verifier::encoding::from_base64url;

    let bytes = |name: &str| from_base64url(file.text(name)).unwrap();
    let messages: Vec<Vec<u8>> =
        serde_json::from_value::<Vec<String>>(file.get("messages").unwrap().clone())
            .unwrap()
            .into_iter()
            .map(String::into_bytes)
            .collect();
    let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let indexes: Vec<usize> = serde_json::from_value(file.get("indexes").unwrap().clone()).unwrap();
    let disclosed = Disclosed {
        header: file.text("header").as_bytes(),
        presentation_header: file.text("presentation_header").as_bytes(),
        messages: &messages,
        indexes: &indexes,
    };
    let judged = PublicKey::from_bytes(&bytes("public_key"))
        .and_then(|key| {
            proof_verify(
                Ciphersuite::Bls12381Sha256,
                &key,
                &bytes("proof"),
                &disclosed,
            )
        })
        .map_err(of_credential);
    Some(said(judged))
}

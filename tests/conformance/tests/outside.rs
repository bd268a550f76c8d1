//! The command of the VC-JOSE-COSE suite and the published vectors.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tessera_conformance::command::{Feature, issue, outcome, verify};
use tessera_conformance::vectors::{self, Folder};

/// A folder that goes when the test does.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("tessera-conformance-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody misses what stays behind of a failed removal.
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

/// RFC 8037 appendix A.
fn key() -> Value {
    let public = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let mut secret = public.clone();
    secret["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    json!({
        "id": "https://university.example/issuers/565049#key-1",
        "type": "JsonWebKey",
        "controller": "https://university.example/issuers/565049",
        "publicKeyJwk": public,
        "secretKeyJwk": secret,
    })
}

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": "https://university.example/issuers/565049",
        "credentialSubject": {"name": "Alice"},
    })
}

fn presentation() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": "https://university.example/issuers/565049",
    })
}

#[test]
fn the_command_secures_and_verifies_in_every_way() {
    let scratch = Scratch::new("command");
    let key = scratch.file("key.json", &key().to_string());
    for (kind, document, path) in [
        ("credential", credential(), "credentialSubject.name"),
        ("presentation", presentation(), "holder"),
    ] {
        for mechanism in ["jose", "sdjwt", "cose"] {
            let feature = Feature::parse(&format!("{kind}_{mechanism}")).unwrap();
            let input = scratch.file("input.json", &document.to_string());
            let paths = [path.to_owned()];
            let done = issue(&input, &key, feature, &paths).unwrap();
            assert_eq!(outcome(&done)["result"], "success");
            let secured = done.unwrap();
            let input = scratch.file("secured.txt", &format!("{secured}\n"));
            let read = verify(&input, &key, feature).unwrap();
            let read: Value = serde_json::from_str(&read.unwrap()).unwrap();
            assert_eq!(read["type"], document["type"]);
            let broken = format!("A{secured}");
            let input = scratch.file("broken.txt", &broken);
            let refused = verify(&input, &key, feature).unwrap();
            assert_eq!(outcome(&refused)["result"], "failure");
        }
    }
    for text in ["credential", "credential_xml", "receipt_jose"] {
        assert!(Feature::parse(text).is_err(), "{text}");
    }
    let feature = Feature::parse("credential_jose").unwrap();
    assert!(issue(&scratch.0.join("missing"), &key, feature, &[]).is_err());
}

#[test]
fn the_command_refuses_what_does_not_conform() {
    let scratch = Scratch::new("refused");
    let key = scratch.file("key.json", &key().to_string());
    let feature = Feature::parse("credential_jose").unwrap();
    for (member, value) in [
        ("type", json!([])),
        ("unknownMember", json!("x")),
        ("vc", json!({})),
    ] {
        let mut document = credential();
        document
            .as_object_mut()
            .unwrap()
            .insert(member.to_owned(), value);
        let input = scratch.file("input.json", &document.to_string());
        let refused = issue(&input, &key, feature, &[]).unwrap();
        assert_eq!(outcome(&refused)["result"], "failure", "{member}");
    }
}

#[test]
fn the_published_vectors_are_no_worse_than_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    assert!(vectors::run(&root));
}

#[test]
fn fewer_than_known_is_a_regression() {
    let folder = |name, passed, failed: usize| Folder {
        name,
        passed,
        failed: vec![String::new(); failed],
        skipped: BTreeMap::new(),
    };
    assert_eq!(folder("rdf-canon", 86, 0).regression(), None);
    assert!(folder("rdf-canon", 85, 1).regression().is_some());
    assert!(folder("rdf-canon", 85, 0).regression().is_some());
    assert!(folder("rdf-canon", 0, 0).regression().is_some());
    assert!(folder("unknown", 1, 0).regression().is_some());
}

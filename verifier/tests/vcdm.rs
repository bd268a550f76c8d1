//! The data model: every rule that a processor can check, one document broken in one place for each.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use serde_json::{Value, json};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::vcdm::{Credential, Envelope, Presentation, Presented, Resources, Version};
use tessera_verifier::{Error, Timestamp};

const V1: &str = "https://www.w3.org/2018/credentials/v1";
const V2: &str = "https://www.w3.org/ns/credentials/v2";

fn credential() -> Value {
    json!({
        "@context": [V2],
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential"],
        "issuer": "did:example:issuer",
        "validFrom": "2024-01-01T00:00:00Z",
        "validUntil": "2034-01-01T00:00:00+01:00",
        "credentialSubject": {"id": "did:example:subject"},
    })
}

fn credential_1() -> Value {
    json!({
        "@context": [V1],
        "type": ["VerifiableCredential"],
        "issuer": {"id": "did:example:issuer"},
        "issuanceDate": "2024-01-01T00:00:00Z",
        "expirationDate": "2034-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:subject"},
    })
}

fn presentation() -> Value {
    let mut own = credential();
    own["proof"] = json!({"type": "DataIntegrityProof"});
    json!({
        "@context": [V2],
        "type": "VerifiablePresentation",
        "holder": {"id": "did:example:holder"},
        "verifiableCredential": [own],
    })
}

/// `document` with the value at `pointer` replaced; the last name may be new.
fn with(document: &Value, pointer: &str, value: Value) -> Value {
    let mut document = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.insert(name.into(), value);
        }
        Value::Array(elements) => elements[name.parse::<usize>().unwrap()] = value,
        _ => panic!("no place for {pointer}"),
    }
    document
}

fn without(document: &Value, name: &str) -> Value {
    let mut document = document.clone();
    document.as_object_mut().unwrap().remove(name).unwrap();
    document
}

fn place<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "accepted".into(),
        Err(Error::MalformedValue { path, .. }) => path,
        Err(other) => other.code().into(),
    }
}

#[test]
fn what_the_data_model_allows() {
    let base = credential();
    let accepted = [
        base.clone(),
        without(&base, "id"),
        without(&base, "validFrom"),
        without(&base, "validUntil"),
        with(
            &base,
            "/@context",
            json!([V2, "https://a.example/context", {"@vocab": "https://a.example/#"}]),
        ),
        with(&base, "/type", json!("VerifiableCredential")),
        with(
            &base,
            "/type",
            json!(["https://a.example/type#A", "VerifiableCredential", "B"]),
        ),
        with(
            &base,
            "/issuer",
            json!({"id": "https://a.example/issuer", "name": [{"@value": "A", "@language": "en"}]}),
        ),
        with(
            &base,
            "/credentialSubject",
            json!([{"id": "did:example:a"}, {"degree": "B"}]),
        ),
        with(&base, "/validUntil", json!("2024-01-01T00:00:00.000Z")),
        with(&base, "/credentialStatus", json!({"type": "Other"})),
        with(
            &base,
            "/credentialStatus",
            json!([{"type": "A", "id": "did:example:s"}, {"type": "B"}]),
        ),
        with(
            &base,
            "/credentialSchema",
            json!([{"type": "JsonSchema", "id": "https://a.example/s"}]),
        ),
        with(&base, "/refreshService", json!({"type": "A"})),
        with(
            &base,
            "/evidence",
            json!([{"type": "A"}, {"type": ["B", "C"], "id": "did:example:e"}]),
        ),
        with(&base, "/termsOfUse", json!([{"type": "A"}])),
        credential_1(),
        without(&credential_1(), "expirationDate"),
    ];
    for document in &accepted {
        assert_eq!(place(Credential::parse(document)), "accepted", "{document}");
    }
}

#[test]
fn every_rule_of_a_credential_has_a_refusal() {
    let refused = [
        ("/@context", json!(V2), "/@context"),
        ("/@context", json!([]), "/@context/0"),
        (
            "/@context",
            json!(["https://www.w3.org/ns/credentials/examples/v2", V2]),
            "/@context/0",
        ),
        (
            "/@context",
            json!([{"@vocab": "https://a.example/#"}, V2]),
            "/@context/0",
        ),
        (
            "/@context",
            json!([V2, "https ://not-a-url/1"]),
            "/@context/1",
        ),
        ("/@context", json!([V2, 123]), "/@context/1"),
        ("/@context", json!([V2, null]), "/@context/1"),
        (
            "/@context",
            json!([V2, "https://a.example/", "https://a.example/"]),
            "/@context/2",
        ),
        ("/id", json!(null), "/id"),
        ("/id", json!("not-a-url"), "/id"),
        ("/id", json!(["did:example:a", "did:example:b"]), "/id"),
        ("/type", json!([]), "/type"),
        ("/type", json!("Other"), "/type"),
        ("/type", json!(["Other"]), "/type"),
        ("/type", json!(["VerifiableCredential", 2]), "/type/1"),
        ("/type", json!(["VerifiableCredential", ""]), "/type/1"),
        ("/type", json!(["VerifiableCredential", "a b"]), "/type/1"),
        (
            "/type",
            json!(["VerifiableCredential", "https://a b"]),
            "/type/1",
        ),
        ("/type", json!(["VerifiableCredential", "@json"]), "/type/1"),
        ("/issuer", json!(null), "/issuer"),
        ("/issuer", json!("fake-issuer"), "/issuer"),
        ("/issuer", json!(["did:example:a"]), "/issuer"),
        ("/issuer", json!({}), "/issuer/id"),
        ("/issuer", json!({"id": null}), "/issuer/id"),
        ("/issuer", json!({"id": "no url"}), "/issuer/id"),
        (
            "/issuer",
            json!({"id": "did:example:a", "name": 1}),
            "/issuer/name",
        ),
        (
            "/issuer",
            json!({"id": "did:example:a", "description": {"@value": "a", "url": "b"}}),
            "/issuer/description/url",
        ),
        (
            "/name",
            json!({"@value": "a", "@language": "en", "url": "did:example:a"}),
            "/name/url",
        ),
        (
            "/description",
            json!({"@value": "a", "@direction": "down"}),
            "/description/@direction",
        ),
        ("/credentialSubject", json!([]), "/credentialSubject"),
        ("/credentialSubject", json!({}), "/credentialSubject"),
        (
            "/credentialSubject",
            json!("did:example:subject"),
            "/credentialSubject",
        ),
        (
            "/credentialSubject",
            json!([{"id": "did:example:a"}, {}]),
            "/credentialSubject/1",
        ),
        (
            "/credentialSubject",
            json!({"id": ["did:example:a", "did:example:b"]}),
            "/credentialSubject/id",
        ),
        (
            "/credentialSubject",
            json!([{"id": "a"}]),
            "/credentialSubject/0/id",
        ),
        ("/validFrom", json!("2024-01-01"), "/validFrom"),
        ("/validFrom", json!("2024-01-01T00:00:00"), "/validFrom"),
        ("/validFrom", json!(1_704_067_200), "/validFrom"),
        ("/validFrom", json!(["2024-01-01T00:00:00Z"]), "/validFrom"),
        ("/validUntil", json!("soon"), "/validUntil"),
        (
            "/validUntil",
            json!("2023-12-31T23:59:59.999Z"),
            "/validUntil",
        ),
        ("/credentialStatus", json!({}), "/credentialStatus/type"),
        ("/credentialStatus", json!([]), "/credentialStatus"),
        (
            "/credentialStatus",
            json!("did:example:s"),
            "/credentialStatus",
        ),
        (
            "/credentialStatus",
            json!({"type": 2}),
            "/credentialStatus/type",
        ),
        (
            "/credentialStatus",
            json!({"type": "A", "id": "https ://no"}),
            "/credentialStatus/id",
        ),
        (
            "/credentialStatus",
            json!([{"type": "A"}, {"type": "A", "id": []}]),
            "/credentialStatus/1/id",
        ),
        (
            "/credentialSchema",
            json!({"id": "did:example:s"}),
            "/credentialSchema/type",
        ),
        (
            "/credentialSchema",
            json!({"type": "JsonSchema"}),
            "/credentialSchema/id",
        ),
        (
            "/credentialSchema",
            json!({"type": "JsonSchema", "id": 1}),
            "/credentialSchema/id",
        ),
        (
            "/refreshService",
            json!({"id": "did:example:r"}),
            "/refreshService/type",
        ),
        (
            "/termsOfUse",
            json!({"id": "did:example:t"}),
            "/termsOfUse/type",
        ),
        ("/evidence", json!([{"type": "A"}, {}]), "/evidence/1/type"),
        (
            "/confidenceMethod",
            json!({"id": "did:example:c"}),
            "/confidenceMethod/type",
        ),
        ("/renderMethod", json!([[]]), "/renderMethod/0"),
        ("/proof", json!([]), "/proof"),
        ("/proof", json!({}), "/proof/type"),
        ("/proof", json!("z"), "/proof"),
    ];
    for (pointer, value, expected) in refused {
        let document = with(&credential(), pointer, value);
        assert_eq!(place(Credential::parse(&document)), expected, "{document}");
    }
    for name in ["@context", "type", "issuer", "credentialSubject"] {
        let document = without(&credential(), name);
        assert_eq!(place(Credential::parse(&document)), format!("/{name}"));
    }
    for other in [json!([]), json!("a"), json!(null)] {
        assert_eq!(place(Credential::parse(&other)), "");
    }
}

#[test]
fn rules_that_version_1_has_of_its_own() {
    for (pointer, value, expected) in [
        ("/issuanceDate", json!("2024-01-01"), "/issuanceDate"),
        (
            "/expirationDate",
            json!("2023-01-01T00:00:00Z"),
            "/expirationDate",
        ),
        (
            "/credentialStatus",
            json!({"type": "A"}),
            "/credentialStatus/id",
        ),
        (
            "/refreshService",
            json!({"type": "A"}),
            "/refreshService/id",
        ),
        ("/issuer", json!("no url"), "/issuer"),
    ] {
        let document = with(&credential_1(), pointer, value);
        assert_eq!(place(Credential::parse(&document)), expected, "{document}");
    }
    let document = without(&credential_1(), "issuanceDate");
    assert_eq!(place(Credential::parse(&document)), "/issuanceDate");
    assert_eq!(
        Credential::parse(&credential_1()).unwrap().version(),
        Version::V1
    );
    assert_eq!(
        Credential::parse(&credential()).unwrap().version(),
        Version::V2
    );
}

#[test]
fn a_credential_is_valid_from_its_first_second_until_its_last() {
    let at = |text| Timestamp::parse_rfc3339(text).unwrap();
    for document in [credential(), credential_1()] {
        let credential = Credential::parse(&document).unwrap();
        let code = |time| {
            credential
                .check_validity(at(time))
                .map_err(|error| error.code())
        };
        assert_eq!(code("2023-12-31T23:59:59Z"), Err("not_yet_valid"));
        assert_eq!(code("2024-01-01T00:00:00Z"), Ok(()));
        assert_eq!(code("2033-12-31T22:59:59Z"), Ok(()));
        assert_eq!(code("2034-01-01T00:00:00Z"), Err("expired"));
    }
}

#[test]
fn a_term_that_means_nothing_is_not_issued() {
    let store = ContextStore::builtin();
    assert_eq!(
        place(Credential::issuable(&credential(), &store)),
        "accepted"
    );
    for (pointer, value, code) in [
        (
            "/credentialSubject/favourite",
            json!("blue"),
            "undefined_term",
        ),
        (
            "/statusEntry",
            json!({"type": "BitstringStatusListEntry"}),
            "undefined_term",
        ),
        (
            "/type",
            json!(["VerifiableCredential", "Unmapped"]),
            "undefined_term",
        ),
        (
            "/@context",
            json!([V2, "https://unknown.example/context"]),
            "unknown_context",
        ),
        (
            "/@context",
            json!([V2, {"VerifiableCredential": "https://a.example/#Bad"}]),
            "malformed",
        ),
        (
            "/issuanceDate",
            json!("2024-01-01T00:00:00Z"),
            "undefined_term",
        ),
    ] {
        let document = with(&credential(), pointer, value);
        assert_eq!(place(Credential::parse(&document)), "accepted");
        assert_eq!(
            place(Credential::issuable(&document, &store)),
            code,
            "{document}"
        );
    }
    let nowhere = json!([V2, {"Example": "https ://not-a-url#Example"}]);
    let mapped = with(&credential(), "/@context", nowhere);
    let mapped = with(&mapped, "/type", json!(["VerifiableCredential", "Example"]));
    assert!(Credential::issuable(&mapped, &store).is_err());
}

#[test]
fn related_resources_are_told_apart_and_compared() {
    let refused = [
        (json!([]), "/relatedResource"),
        (json!(["https://a.example/1"]), "/relatedResource/0"),
        (json!({"digestSRI": "sha256-AAAA"}), "/relatedResource/id"),
        (json!({"id": "https://a.example/1"}), "/relatedResource"),
        (
            json!({"id": "https://a.example/1", "digestSRI": "sha1-AAAA"}),
            "/relatedResource/digestSRI",
        ),
        (
            json!({"id": "https://a.example/1", "digestSRI": "sha256-A A"}),
            "/relatedResource/digestSRI",
        ),
        (
            json!({"id": "https://a.example/1", "digestSRI": "sha256-A==="}),
            "/relatedResource/digestSRI",
        ),
        (
            json!({"id": "https://a.example/1", "digestSRI": ""}),
            "/relatedResource/digestSRI",
        ),
        (
            json!({"id": "https://a.example/1", "digestSRI": 1}),
            "/relatedResource/digestSRI",
        ),
        (
            json!({"id": "https://a.example/1", "digestMultibase": "uZTQ0MjM1NiAgcmVw"}),
            "/relatedResource/digestMultibase",
        ),
        (
            json!({"id": "https://a.example/1", "digestMultibase": "uEiAA"}),
            "/relatedResource/digestMultibase",
        ),
        (
            json!({"id": "https://a.example/1", "digestMultibase": "fAA"}),
            "/relatedResource/digestMultibase",
        ),
        (
            json!({"id": "https://a.example/1", "digestSRI": vec!["sha256-AAAA"; 17]}),
            "/relatedResource/digestSRI/16",
        ),
        (
            json!({"id": "https://a.example/1", "digestSRI": "sha256-AAAA", "mediaType": "json"}),
            "/relatedResource/mediaType",
        ),
        (
            json!([
                {"id": "https://a.example/1", "digestSRI": "sha256-AAAA"},
                {"id": "https://a.example/2", "digestSRI": "sha256-AAAA"},
                {"id": "https://a.example/1", "digestSRI": "sha256-BBBB"},
            ]),
            "/relatedResource",
        ),
    ];
    for (value, expected) in refused {
        let document = with(&credential(), "/relatedResource", value);
        assert_eq!(place(Credential::parse(&document)), expected, "{document}");
    }

    // SHA-2 of "abc" (FIPS 180-4 examples).
    const ABC: &str = "https://a.example/abc";
    let good = [
        json!({"digestSRI": "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="}),
        json!({"digestSRI": "sha256-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}),
        json!({"digestSRI": "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn?x sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="}),
        json!({"digestMultibase": "uEiC6eBa_jwHP6kFBQN5driIjsANho5YXepy0EP9h8gAVrQ", "mediaType": "text/plain; charset=utf-8"}),
        json!({"digestMultibase": "uungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"}),
    ];
    let mut resources = Resources::new();
    resources.insert(ABC, b"abc");
    let mut others = Resources::new();
    others.insert(ABC, b"abd");
    for mut resource in good {
        resource["id"] = ABC.into();
        let document = with(&credential(), "/relatedResource", json!([resource]));
        let credential = Credential::parse(&document).unwrap();
        assert_eq!(credential.check_resources(&resources), Ok(1), "{document}");
        assert_eq!(credential.check_resources(&Resources::new()), Ok(0));
        assert_eq!(
            credential.check_resources(&others),
            Err(Error::DigestMismatch {
                path: "/relatedResource/0".into()
            }),
            "{document}"
        );
    }
    // One digest of two is wrong; and one of a length that no digest has.
    for sri in [
        "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0= sha384-AAAA",
        "sha256-MungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    ] {
        let resource = json!({"id": ABC, "digestSRI": sri});
        let document = with(&credential(), "/relatedResource", resource);
        let credential = Credential::parse(&document).unwrap();
        assert!(credential.check_resources(&resources).is_err(), "{sri}");
    }
    let mut pinned = Resources::new();
    pinned.insert_sha256(ABC, [7; 32]);
    let resource =
        json!({"id": ABC, "digestSRI": "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="});
    let document = with(&credential(), "/relatedResource", resource);
    assert!(
        Credential::parse(&document)
            .unwrap()
            .check_resources(&pinned)
            .is_err()
    );
}

#[test]
fn a_context_in_hand_is_compared_with_its_stated_digest() {
    let resource = |digest: &str| {
        let resource = json!({"id": V2, "digestSRI": digest});
        with(&credential(), "/relatedResource", resource)
    };
    // The digest that VCDM 2.0 §B.1 publishes for its base context.
    let published =
        resource("sha256-59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734");
    let credential = Credential::parse(&published).unwrap();
    assert_eq!(credential.check_resources(&Resources::new()), Ok(1));
    let altered =
        resource("sha256-59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92735");
    let credential = Credential::parse(&altered).unwrap();
    assert!(credential.check_resources(&Resources::new()).is_err());
}

#[test]
fn presentations_and_what_they_hold() {
    let base = presentation();
    let enveloped = json!({
        "@context": V2,
        "type": "EnvelopedVerifiableCredential",
        "id": "data:application/vc+jwt,e30.e30.AA",
    });
    let mut own = credential();
    own["issuer"] = "did:example:holder".into();
    let accepted = [
        base.clone(),
        without(&base, "holder"),
        without(&base, "verifiableCredential"),
        with(&base, "/verifiableCredential", json!([])),
        with(&base, "/verifiableCredential", enveloped.clone()),
        with(
            &base,
            "/verifiableCredential",
            json!([enveloped, credential_1_secured()]),
        ),
        with(&base, "/verifiableCredential", own.clone()),
        with(&base, "/type", json!(["Other", "VerifiablePresentation"])),
        with(&base, "/termsOfUse", json!({"type": "A"})),
        with(
            &base,
            "/id",
            json!("urn:uuid:00000000-0000-4000-8000-000000000002"),
        ),
    ];
    for document in &accepted {
        assert_eq!(
            place(Presentation::parse(document)),
            "accepted",
            "{document}"
        );
    }
    let document = with(
        &base,
        "/verifiableCredential",
        json!([enveloped, credential_1_secured()]),
    );
    let presentation = Presentation::parse(&document).unwrap();
    assert_eq!(presentation.holder(), Some("did:example:holder"));
    assert!(matches!(
        presentation.credentials(),
        [Presented::Enveloped { envelope, .. }, Presented::Credential { credential, .. }]
            if envelope.media_type() == "application/vc+jwt" && credential.version() == Version::V1
    ));

    let unsecured = without(&with(&base, "/verifiableCredential", own), "holder");
    let refused = [
        (unsecured, "/verifiableCredential/0"),
        (
            with(&base, "/verifiableCredential", credential()),
            "/verifiableCredential/0",
        ),
        (
            with(&base, "/@context", json!(["https://a.example", V2])),
            "/@context/0",
        ),
        (without(&base, "@context"), "/@context"),
        (without(&base, "type"), "/type"),
        (with(&base, "/type", json!("VerifiableCredential")), "/type"),
        (with(&base, "/id", json!("a")), "/id"),
        (with(&base, "/holder", json!({"id": "zA"})), "/holder/id"),
        (with(&base, "/holder", json!(1)), "/holder"),
        (with(&base, "/proof", json!({})), "/proof/type"),
        (with(&base, "/termsOfUse", json!({})), "/termsOfUse/type"),
        (
            with(&base, "/verifiableCredential", json!(["e30.e30.AA"])),
            "/verifiableCredential/0",
        ),
        (
            with(&base, "/verifiableCredential", json!(7)),
            "/verifiableCredential/0",
        ),
        (
            with(
                &base,
                "/verifiableCredential/0/credentialSubject",
                json!({}),
            ),
            "/verifiableCredential/0/credentialSubject",
        ),
        (
            with(&base, "/verifiableCredential/0/type", json!("Other")),
            "/verifiableCredential/0/type",
        ),
        (
            with(
                &base,
                "/verifiableCredential",
                json!(vec![enveloped.clone(); 65]),
            ),
            "too_large",
        ),
    ];
    for (document, expected) in refused {
        assert_eq!(
            place(Presentation::parse(&document)),
            expected,
            "{document}"
        );
    }
}

fn credential_1_secured() -> Value {
    with(
        &credential_1(),
        "/proof",
        json!({"type": "Ed25519Signature2020"}),
    )
}

#[test]
fn envelopes_are_wrappers_and_nothing_else() {
    let base = json!({
        "@context": [V2],
        "type": ["EnvelopedVerifiableCredential"],
        "id": "data:application/vc+jwt,e30.e30.AA",
    });
    let envelope = Envelope::credential(&base).unwrap();
    assert_eq!(envelope.data(), "e30.e30.AA");
    for (document, expected) in [
        (with(&base, "/@context", json!([])), "/@context"),
        (
            with(
                &base,
                "/@context",
                json!("https://www.w3.org/ns/credentials/examples/v2"),
            ),
            "/@context",
        ),
        (without(&base, "@context"), "/@context"),
        (without(&base, "type"), "/type"),
        (with(&base, "/type", json!("VerifiableCredential")), "/type"),
        (
            with(
                &base,
                "/type",
                json!(["EnvelopedVerifiableCredential", "VerifiableCredential"]),
            ),
            "/type",
        ),
        (without(&base, "id"), "/id"),
        (with(&base, "/id", json!("e30.e30.AA")), "/id"),
        (with(&base, "/id", json!("https://a.example/vc")), "/id"),
        (with(&base, "/id", json!("data:application/vc+jwt,")), "/id"),
        (with(&base, "/id", json!("data:nothing,e30")), "/id"),
        (
            with(&base, "/issuer", json!("did:example:other")),
            "/issuer",
        ),
    ] {
        assert_eq!(
            place(Envelope::credential(&document)),
            expected,
            "{document}"
        );
    }
    let presentation = with(&base, "/type", json!("EnvelopedVerifiablePresentation"));
    assert!(Envelope::presentation(&presentation).is_ok());
    assert_eq!(place(Envelope::presentation(&base)), "/type");
    assert_eq!(place(Envelope::credential(&presentation)), "/type");
}

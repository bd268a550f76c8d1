//! Documents made to mislead or to exhaust.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use serde_json::{Map, Value, json};
use support::{Signer, expected, issued, pointers};
use tessera_verifier::data_integrity::{ecdsa_rdfc, ecdsa_sd};
use tessera_verifier::jsonld::{ContextStore, JsonLdError, document_to_rdf};
use tessera_verifier::rdf::{Budget, HashAlgorithm, RdfError, canonicalize, to_nquads};

const V2: &str = "https://www.w3.org/ns/credentials/v2";

fn refused(document: &Value) -> JsonLdError {
    document_to_rdf(document, &ContextStore::builtin()).unwrap_err()
}

fn with(entry: Value) -> Value {
    let mut document = json!({"@context": [V2], "type": "VerifiableCredential"});
    let Value::Object(entries) = entry else {
        return document;
    };
    document.as_object_mut().unwrap().extend(entries);
    document
}

#[test]
fn nothing_is_dropped_silently() {
    for entry in [
        json!({"surname": "SPECIMEN"}),
        json!({"credentialSubject": {"surname": "SPECIMEN"}}),
        json!({"type": ["VerifiableCredential", "Undefined"]}),
        json!({"name": null}),
        json!({"name": []}),
        json!({"name": [null, "a"]}),
        json!({"name": {"@value": null}}),
        json!({"name": {"@value": "a", "@index": "b"}}),
        json!({"name": {"@value": "a", "@language": "en us"}}),
        json!({"name": {"@value": "a", "@direction": "up"}}),
        json!({"id": "relative"}),
        json!({"id": "@reserved"}),
        json!({"issuer": "relative"}),
        json!({"issuer": {"id": "did:example:a b"}}),
        json!({"@list": ["a"]}),
        json!({"@reserved": "a"}),
        json!({"@context": [V2, {"x": null}], "x": "a"}),
        json!({"@context": [V2, {"x": "_:p"}], "x": "a"}),
        json!({"@context": [V2, {"@vocab": "relative#"}], "x": "a"}),
    ] {
        let error = refused(&with(entry.clone()));
        let dropped = matches!(error, JsonLdError::Dropped(_) | JsonLdError::Invalid(_));
        assert!(dropped, "{entry}: {error}");
    }
}

#[test]
fn a_presentation_may_be_without_credentials() {
    let quads = |entry| document_to_rdf(&with(entry), &ContextStore::builtin());
    let none = json!({"type": "VerifiablePresentation", "verifiableCredential": []});
    assert_eq!(
        quads(none).unwrap(),
        quads(json!({"type": "VerifiablePresentation"})).unwrap()
    );
    let null = json!({"type": "VerifiablePresentation", "verifiableCredential": [null]});
    assert!(matches!(quads(null), Err(JsonLdError::Dropped(_))));
}

/// Two directions are two statements: a signature over one is none over the other.
#[test]
fn base_directions_are_signed() {
    let quads = |name| {
        let document = with(json!({"name": name}));
        to_nquads(&document_to_rdf(&document, &ContextStore::builtin()).unwrap())
    };
    let ltr = quads(json!({"@value": "a", "@language": "EN", "@direction": "ltr"}));
    assert!(
        ltr.contains("\"a\"^^<https://www.w3.org/ns/i18n#en_ltr>"),
        "{ltr}"
    );
    let rtl = quads(json!({"@value": "a", "@direction": "rtl"}));
    assert!(
        rtl.contains("\"a\"^^<https://www.w3.org/ns/i18n#_rtl>"),
        "{rtl}"
    );
}

#[test]
fn identifiers_cannot_forge_statements() {
    let forged = "urn:a> <urn:b> <urn:c> .\n<urn:d";
    for entry in [
        json!({"id": forged}),
        json!({"issuer": forged}),
        json!({"type": ["VerifiableCredential", forged]}),
        json!({"name": {"@value": "a", "@type": forged}}),
        json!({"name": {"@value": "a", "@language": "en .\n<urn:a"}}),
        json!({"@context": [V2, {"x": {"@id": forged}}], "x": "a"}),
    ] {
        refused(&with(entry));
    }
    // A blank node's name is not written anywhere.
    let named = with(json!({"id": "_:b0 <urn:b> <urn:c> .\n_:b1", "name": "a"}));
    let quads = document_to_rdf(&named, &ContextStore::builtin()).unwrap();
    let text = tessera_verifier::rdf::to_nquads(&quads);
    assert!(!text.contains("urn:b"), "{text}");
}

#[test]
fn protected_terms_stay() {
    let invalid = |code| JsonLdError::Invalid(code);
    for (context, code) in [
        (
            json!([V2, {"name": "urn:evil:name"}]),
            "protected term redefinition",
        ),
        (
            json!([V2, {"type": "urn:evil:type"}]),
            "protected term redefinition",
        ),
        (
            json!([V2, {"name": {"@reverse": "urn:evil:name"}}]),
            "protected term redefinition",
        ),
        (
            json!([V2, {"VerifiableCredential": "urn:evil"}]),
            "protected term redefinition",
        ),
        (
            json!([V2, null, {"@vocab": "urn:evil:"}]),
            "invalid context nullification",
        ),
        (
            json!([V2, {"name": {"@id": "https://schema.org/name", "@type": "@id"}}]),
            "protected term redefinition",
        ),
    ] {
        assert_eq!(
            refused(&with(json!({"@context": context}))),
            invalid(code),
            "{context}"
        );
    }
    // Inside the credential's type-scoped context as well.
    let inner = with(json!({"@context": [V2], "credentialSubject": {
        "@context": {"name": "urn:evil:name"}, "name": "SPECIMEN"
    }}));
    assert_eq!(refused(&inner), invalid("protected term redefinition"));
    // The same definition again is harmless.
    let same = with(json!({"@context": [V2, {"name": "https://schema.org/name"}], "name": "a"}));
    document_to_rdf(&same, &ContextStore::builtin()).unwrap();
}

#[test]
fn no_context_is_fetched() {
    let url = "https://attacker.example/context";
    for context in [
        json!(url),
        json!([V2, url]),
        json!([V2, {"@import": url}]),
        json!([V2, {"x": {"@id": "urn:x", "@context": url}}]),
        json!(["HTTPS://www.w3.org/ns/credentials/v2"]),
        json!(["../v2"]),
    ] {
        let document = with(json!({"@context": context}));
        assert_eq!(refused(&document), JsonLdError::UnknownContext, "{context}");
    }
    let nested = with(json!({"credentialSubject": {"@context": url}}));
    assert_eq!(refused(&nested), JsonLdError::UnknownContext);
}

/// Every blank node of a clique looks like every other.
fn clique(size: usize) -> Value {
    let nodes = (0..size).map(|node| {
        let others = (0..size).filter(|other| *other != node);
        let others: Vec<Value> = others
            .map(|other| json!({"id": format!("_:n{other}")}))
            .collect();
        json!({"id": format!("_:n{node}"), "p": others})
    });
    json!({
        "@context": [V2, {"p": "urn:p"}],
        "@graph": nodes.collect::<Vec<_>>(),
    })
}

#[test]
fn a_canonicalization_bomb_is_refused() {
    let store = ContextStore::builtin();
    for size in [7, 8, 12, 60] {
        let quads = document_to_rdf(&clique(size), &store).unwrap();
        let result = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default());
        assert_eq!(result.err(), Some(RdfError::WorkBudgetExceeded), "{size}");
    }
    let issuer = Signer::fresh();
    let mut bomb = clique(8);
    bomb["type"] = json!("VerifiableCredential");
    bomb["issuer"] = json!(issuer.did());
    bomb["proof"] = issued(&issuer, &issuer, &store)["proof"].clone();
    let code = ecdsa_sd::verify_base(&bomb, &expected(), &store)
        .unwrap_err()
        .code();
    assert_eq!(code, "work_budget_exceeded");
}

#[test]
fn long_chains_of_like_nodes_end() {
    // A ring: one n-degree step per node, each one level deeper.
    let ring: Vec<Value> = (0..5_000)
        .map(|node| json!({"id": format!("_:n{node}"), "p": {"id": format!("_:n{}", (node + 1) % 5_000)}}))
        .collect();
    let ring = json!({"@context": [V2, {"p": "urn:p"}], "@graph": ring});
    let quads = document_to_rdf(&ring, &ContextStore::builtin()).unwrap();
    let result = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default());
    assert_eq!(result.err(), Some(RdfError::WorkBudgetExceeded));
}

#[test]
fn depth_and_size_are_bounded() {
    let mut deep = json!("a");
    for _ in 0..200 {
        deep = json!({"urn:p": [deep]});
    }
    assert_eq!(refused(&deep), JsonLdError::TooLarge);
    let wide = json!({"urn:p": vec![json!("a"); 200_000]});
    assert_eq!(refused(&wide), JsonLdError::TooLarge);
    let mut nested = json!({"name": "a"});
    for _ in 0..200 {
        nested = json!({"@nest": nested});
    }
    assert_eq!(refused(&with(nested)), JsonLdError::TooLarge);
}

#[test]
fn context_processing_is_bounded() {
    let terms = |count: usize, definition: &dyn Fn(usize) -> Value| -> Value {
        let entries = (0..count).map(|index| (format!("t{index}"), definition(index)));
        Value::Object(entries.collect::<Map<_, _>>())
    };
    // Each term's scoped context is checked over a copy of all the others.
    let scoped = terms(
        2_000,
        &|_| json!({"@id": "urn:t", "@context": {"x": "urn:x"}}),
    );
    assert_eq!(refused(&json!({"@context": scoped})), JsonLdError::TooLarge);
    // A long chain of terms that depend on one another, and a cycle.
    let chain = terms(2_000, &|index| json!(format!("t{}:x", index + 1)));
    assert_eq!(refused(&json!({"@context": chain})), JsonLdError::TooLarge);
    let cycle = json!({"@context": {"a": "b:x", "b": "a:x"}});
    assert_eq!(refused(&cycle), JsonLdError::Invalid("cyclic IRI mapping"));
    // Many documents with contexts of their own leave nothing behind in the store.
    let store = ContextStore::builtin();
    for index in 0..500 {
        let name = format!("t{index}");
        let document = json!({"@context": [V2, {name.clone(): "urn:t"}], name: "a"});
        document_to_rdf(&document, &store).unwrap();
    }
}

/// A name is written in the document once and with every statement: kilobytes must not become gigabytes.
#[test]
fn hostile_long_names() {
    let zeros = vec![0; 60_000];
    let long = format!("urn:{}", "a".repeat(100_000));
    let short = format!("urn:{}", "a".repeat(2_000));
    let start = std::time::Instant::now();
    for document in [
        // The identifier of the subject.
        json!({"@context": {"t": "urn:t"}, "@id": long, "t": zeros}),
        json!({"@context": {"t": "urn:t"}, "@id": short, "t": zeros}),
        // The graph.
        json!({"@context": {"t": "urn:t"}, "@id": short, "@graph": [{"@id": "urn:x", "t": zeros}]}),
        // What a context gives: long, or short and used often.
        json!({"@context": {"t": long}, "@id": "urn:x", "t": 0}),
        json!({"@context": {"t": short}, "@id": "urn:x", "t": zeros}),
        json!({"@context": {"t": {"@id": "urn:t", "@type": long}}, "@id": "urn:x", "t": "0"}),
        json!({"@context": {"t": {"@id": "urn:t", "@type": short}}, "@id": "urn:x", "t": zeros}),
        json!({"@context": {"t": {"@id": "urn:t", "@language": "a".repeat(100_000)}}, "@id": "urn:x", "t": "0"}),
        json!({"@context": {"t": "urn:t", "@language": "a".repeat(100_000)}, "@id": "urn:x", "t": "0"}),
        json!({"@context": {"@vocab": long}, "@id": "urn:x", "t": 0}),
        json!({"@context": {"@base": long, "t": "urn:t"}, "@id": "urn:x", "t": 0}),
        json!({"@context": {"p": {"@id": long, "@prefix": true}}, "@id": "urn:x", "p:t": 0}),
    ] {
        let error = refused(&document);
        let text = document["@context"].to_string();
        let text = text.get(..text.len().min(60)).unwrap_or_default();
        assert_eq!(error, JsonLdError::TooLarge, "{text}");
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// A scoped context is copied for every term that has one: the copies count as work.
#[test]
fn hostile_heavy_scoped_contexts() {
    let heavy: Vec<Value> = vec![json!({}); 15_000];
    // Deep enough to be copied with what is around it and never looked into.
    let inert = json!({"y": {"@id": "urn:y", "@context": heavy}});
    let scope = json!({"x": {"@id": "urn:x", "@context": inert}});
    let nodes: Vec<Value> = (0..200)
        .map(|index| json!({"@id": format!("urn:n{index}"), "t": {"@id": "urn:b"}}))
        .collect();
    let document = json!({"@context": {"t": {"@id": "urn:t", "@context": scope}}, "@graph": nodes});
    assert_eq!(refused(&document), JsonLdError::TooLarge);
}

#[test]
fn proof_values_are_read_strictly() {
    let store = ContextStore::builtin();
    let issuer = Signer::fresh();
    let base = issued(&issuer, &issuer, &store);
    let derived = ecdsa_sd::derive(&base, &pointers(["/credentialSubject/sex"]), &store).unwrap();
    ecdsa_sd::verify(&derived, &expected(), &store).unwrap();
    let value = derived["proof"]["proofValue"].as_str().unwrap();
    for altered in [
        String::new(),
        "u".to_owned(),
        "z".to_owned(),
        "u2V0B".to_owned(),
        format!("{value}AA"),
        format!("{value}="),
        value[..value.len() - 4].to_owned(),
        value.replacen('u', "z", 1),
        format!("u{}", "A".repeat(500_000)),
    ] {
        let mut document = derived.clone();
        document["proof"]["proofValue"] = json!(altered);
        assert!(ecdsa_sd::verify(&document, &expected(), &store).is_err());
        assert!(ecdsa_sd::verify_base(&document, &expected(), &store).is_err());
        assert!(ecdsa_sd::derive(&document, &[], &store).is_err());
        assert!(ecdsa_rdfc::verify(&document, &expected(), &store).is_err());
    }
}

#[test]
fn a_proof_covers_only_its_own_document() {
    let store = ContextStore::builtin();
    let issuer = Signer::fresh();
    let (one, other) = (
        issued(&issuer, &Signer::fresh(), &store),
        issued(&issuer, &Signer::fresh(), &store),
    );
    let mut swapped = one.clone();
    swapped["proof"] = other["proof"].clone();
    assert!(ecdsa_sd::verify_base(&swapped, &expected(), &store).is_err());
    let selected = pointers(["/credentialSubject/sex"]);
    let mut derived = ecdsa_sd::derive(&one, &selected, &store).unwrap();
    let foreign = ecdsa_sd::derive(&other, &selected, &store).unwrap();
    derived["proof"] = foreign["proof"].clone();
    assert!(ecdsa_sd::verify(&derived, &expected(), &store).is_err());
    // A second proof beside the first is refused, not ignored.
    let mut set = one.clone();
    set["proof"] = json!([one["proof"], other["proof"]]);
    let code = ecdsa_sd::verify_base(&set, &expected(), &store)
        .unwrap_err()
        .code();
    assert_eq!(code, "malformed");
}

//! JSON Schema: each keyword matches what it should and refuses the rest; schemas of credentials.
#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "only the key is needed here")]
mod support;

use serde_json::{Value, json};
use support::Signer;
use tessera_verifier::credential::{self, CredentialPolicy, Materials, Schemas};
use tessera_verifier::data_integrity::{self, ProofPurpose, Suite};
use tessera_verifier::json_schema::Schema;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::{Error, Timestamp};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const URL: &str = "https://issuer.example/schema.json";
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

/// A schema, what matches it and what does not.
#[test]
fn every_keyword_decides() {
    let cases = [
        (json!(true), json!([1, "a"]), json!([])),
        (
            json!({"type": "integer"}),
            json!([1, -2, 1.0, 1e3]),
            json!([1.5, "1", null, true, [], {}]),
        ),
        (
            json!({"type": ["string", "null"]}),
            json!(["", null]),
            json!([0, false]),
        ),
        (json!({"type": "number"}), json!([1, 1.5]), json!(["1"])),
        (json!({"type": "boolean"}), json!([true]), json!([0])),
        (json!({"type": "array"}), json!([[]]), json!([{}])),
        (json!({"type": "object"}), json!([{}]), json!([[]])),
        (
            json!({"const": {"a": [1]}}),
            json!([{"a": [1.0]}]),
            json!([{"a": [2]}, {"a": [1], "b": 1}, {}]),
        ),
        (
            json!({"enum": [1, "a", null]}),
            json!([1.0, "a", null]),
            json!([2, "b", false]),
        ),
        (
            json!({"multipleOf": 3}),
            json!([0, 9, -3, "x"]),
            json!([1, 4.5]),
        ),
        (
            json!({"multipleOf": 0.01}),
            json!([0.07, 19.99, 1]),
            json!([0.075]),
        ),
        (
            json!({"minimum": 2, "maximum": 3}),
            json!([2, 3, 2.5, "x"]),
            json!([1, 4, 3.1]),
        ),
        (
            json!({"exclusiveMinimum": 2, "exclusiveMaximum": 3}),
            json!([2.5]),
            json!([2, 3]),
        ),
        (
            json!({"minLength": 2, "maxLength": 3}),
            json!(["ab", "例子例", 1]),
            json!(["a", "abcd", "例"]),
        ),
        (
            json!({"minItems": 1, "maxItems": 2}),
            json!([[1], [1, 2], "x"]),
            json!([[], [1, 2, 3]]),
        ),
        (
            json!({"uniqueItems": true}),
            json!([[1, 2], []]),
            json!([[1, 1.0], [{"a": 1}, 2, {"a": 1}]]),
        ),
        (json!({"uniqueItems": false}), json!([[1, 1]]), json!([])),
        (
            json!({"minProperties": 1, "maxProperties": 1}),
            json!([{"a": 1}]),
            json!([{}, {"a": 1, "b": 2}]),
        ),
        (
            json!({"required": ["a", "b"]}),
            json!([{"a": 1, "b": 2, "c": 3}, []]),
            json!([{"a": 1}, {}]),
        ),
        (
            json!({"dependentRequired": {"a": ["b"]}}),
            json!([{}, {"b": 1}, {"a": 1, "b": 1}]),
            json!([{"a": 1}]),
        ),
        (
            json!({"dependentSchemas": {"a": {"maxProperties": 1}}}),
            json!([{"a": 1}, {"b": 1, "c": 1}]),
            json!([{"a": 1, "b": 1}]),
        ),
        (
            json!({"properties": {"a": {"type": "string"}}}),
            json!([{"a": "x", "b": 1}, {}, 1]),
            json!([{"a": 1}]),
        ),
        (
            json!({"properties": {"a": true}, "additionalProperties": false}),
            json!([{"a": 1}, {}]),
            json!([{"a": 1, "b": 1}]),
        ),
        (
            json!({"propertyNames": {"maxLength": 1}}),
            json!([{"a": 1}]),
            json!([{"ab": 1}]),
        ),
        (
            json!({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}),
            json!([["a", 1], [], ["a"]]),
            json!([[1], ["a", "b"]]),
        ),
        (
            json!({"contains": {"const": 1}}),
            json!([[2, 1]]),
            json!([[], [2]]),
        ),
        (
            json!({"contains": {"const": 1}, "minContains": 0, "maxContains": 1}),
            json!([[], [1]]),
            json!([[1, 1]]),
        ),
        (
            json!({"contains": {"const": 1}, "minContains": 2}),
            json!([[1, 1]]),
            json!([[1]]),
        ),
        (
            json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}),
            json!([1, 2]),
            json!([0, 3]),
        ),
        (
            json!({"anyOf": [{"const": 1}, {"const": 2}]}),
            json!([1, 2]),
            json!([3]),
        ),
        (
            json!({"oneOf": [{"minimum": 1}, {"maximum": 2}]}),
            json!([0, 3]),
            json!([1, 2]),
        ),
        (json!({"not": {"type": "string"}}), json!([1]), json!(["a"])),
        (
            json!({"if": {"minimum": 5}, "then": {"multipleOf": 5}, "else": {"maximum": 3}}),
            json!([5, 10, 3]),
            json!([6, 4]),
        ),
        (
            json!({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": 1}}}),
            json!([1]),
            json!([2]),
        ),
        (
            json!({"properties": {"next": {"$ref": "#"}}, "maxProperties": 1}),
            json!([{"next": {"next": {}}}]),
            json!([{"next": {"a": 1, "b": 2}}]),
        ),
        (
            json!({"title": "t", "format": "email", "default": 1, "examples": [], "$comment": "c"}),
            json!(["no address", 1]),
            json!([]),
        ),
        (
            json!({"additionalProperties": {"items": false}}),
            json!([{"a": []}]),
            json!([{"a": [1]}]),
        ),
    ];
    for (schema, matching, others) in cases {
        let compiled = Schema::parse(&schema).unwrap();
        for value in matching.as_array().unwrap() {
            assert_eq!(compiled.validate(value), Ok(()), "{schema} {value}");
        }
        for value in others.as_array().unwrap() {
            assert_eq!(
                code(compiled.validate(value)),
                "schema_mismatch",
                "{schema} {value}"
            );
        }
    }
    assert_eq!(
        code(Schema::parse(&json!(false)).unwrap().validate(&json!(1))),
        "schema_mismatch"
    );
}

#[test]
fn a_mismatch_names_its_place() {
    let schema = json!({"properties": {"a": {"items": {"properties": {"b": {"type": "string"}}}}}});
    let error = Schema::parse(&schema)
        .unwrap()
        .validate(&json!({"a": [{}, {"b": 1}]}));
    assert_eq!(
        error,
        Err(Error::SchemaMismatch {
            path: "/a/1/b".into()
        })
    );
}

#[test]
fn what_is_not_known_is_refused() {
    for keyword in [
        "$dynamicRef",
        "$dynamicAnchor",
        "$vocabulary",
        "definitions",
        "dependencies",
        "additionalItems",
        "typo",
    ] {
        for schema in [
            json!({keyword: {}}),
            json!({"items": {"not": {keyword: {}}}}),
        ] {
            assert_eq!(
                code(Schema::parse(&schema)),
                "unsupported_format",
                "{schema}"
            );
        }
    }
    assert_eq!(
        code(Schema::parse(
            &json!({"items": {"$id": "https://a.example"}})
        )),
        "unsupported_format"
    );
    for schema in [
        json!(1),
        json!({"type": "float"}),
        json!({"type": []}),
        json!({"enum": 1}),
        json!({"required": ["a", "a"]}),
        json!({"required": [1]}),
        json!({"dependentRequired": {"a": "b"}}),
        json!({"minLength": -1}),
        json!({"maxItems": 1.5}),
        json!({"multipleOf": 0}),
        json!({"minimum": "1"}),
        json!({"uniqueItems": 1}),
        json!({"allOf": []}),
        json!({"allOf": {}}),
        json!({"properties": []}),
        json!({"not": 1}),
        json!({"$ref": "https://a.example/schema"}),
        json!({"$ref": "#/$defs/none"}),
        json!({"$ref": "#/const", "const": {}}),
        json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
    ] {
        assert_eq!(code(Schema::parse(&schema)), "malformed", "{schema}");
    }
}

#[test]
fn depth_and_work_are_bounded() {
    let mut deep = json!(true);
    for _ in 0..40 {
        deep = json!({"items": deep});
    }
    assert_eq!(code(Schema::parse(&deep)), "too_large");
    let wide = json!({"anyOf": vec![json!(true); 10_001]});
    assert_eq!(code(Schema::parse(&wide)), "too_large");
    // A reference that goes round on the spot, one that doubles, and an array compared with itself.
    let round = Schema::parse(&json!({"$ref": "#"})).unwrap();
    assert_eq!(code(round.validate(&json!(1))), "work_budget_exceeded");
    let definitions: serde_json::Map<String, Value> = (0..30)
        .map(|n| {
            let next = format!("#/$defs/{}", n + 1);
            let both = json!({"allOf": [{"$ref": next}, {"$ref": next}]});
            (n.to_string(), if n < 29 { both } else { json!(true) })
        })
        .collect();
    let doubling = Schema::parse(&json!({"$ref": "#/$defs/0", "$defs": definitions})).unwrap();
    assert_eq!(code(doubling.validate(&json!(1))), "work_budget_exceeded");
    let unique = Schema::parse(&json!({"uniqueItems": true})).unwrap();
    let many: Value = (0..1000).collect();
    assert_eq!(code(unique.validate(&many)), "work_budget_exceeded");
}

/// References apply one schema to one value many times over: what each time takes must count, not only how often.
#[test]
fn what_one_application_takes_is_counted() {
    const SIZE: usize = 2000;
    // 1,600 times over.
    let often = |leaf: Value, name: &str| {
        let refs =
            |target: &str| json!({"allOf": vec![json!({"$ref": format!("#/$defs/{target}")}); 40]});
        let definitions = json!({name: leaf, "once": refs(name), "twice": refs("once")});
        Schema::parse(&json!({"$defs": definitions, "$ref": "#/$defs/twice"})).unwrap()
    };
    let named = |value: Value| -> Value {
        (0..SIZE)
            .map(|n| (format!("n{n}"), value.clone()))
            .collect()
    };
    let members = named(json!(1));
    let elements = json!(vec![1; SIZE]);
    let text = json!("a".repeat(64 * SIZE));
    let names: Vec<String> = (0..SIZE).map(|n| format!("n{n}")).collect();
    let mut types = vec!["string"; SIZE];
    types.push("integer");
    let long = "a".repeat(64 * SIZE);
    for (what, leaf, value) in [
        ("members", json!({"minProperties": 1}), members.clone()),
        ("elements", json!({"minItems": 1}), elements.clone()),
        ("characters", json!({"minLength": 1}), text.clone()),
        (
            "const, members",
            json!({"const": [members]}),
            json!([members]),
        ),
        (
            "const, elements",
            json!({"const": [elements]}),
            json!([elements]),
        ),
        ("const, characters", json!({"const": [text]}), json!([text])),
        (
            "enum",
            json!({"enum": [[1], [elements]]}),
            json!([elements]),
        ),
        ("types", json!({"type": types}), json!(1)),
        (
            "names",
            json!({"dependentRequired": named(json!([]))}),
            json!({}),
        ),
        (
            "schemas",
            json!({"dependentSchemas": named(json!(true))}),
            json!({}),
        ),
    ] {
        let result = often(leaf, "leaf").validate(&value);
        assert_eq!(code(result), "work_budget_exceeded", "{what}");
    }
    let far = often(json!(true), &long).validate(&json!(1));
    assert_eq!(code(far), "work_budget_exceeded");
    let alike: Vec<Value> = (0..100).map(|n| json!([elements, n])).collect();
    let unique = Schema::parse(&json!({"uniqueItems": true})).unwrap();
    let result = unique.validate(&json!(alike));
    assert_eq!(code(result), "work_budget_exceeded");
    // As many members once are an honest credential's.
    let honest = json!({"required": names, "additionalProperties": {"const": 1}});
    let honest = Schema::parse(&honest).unwrap();
    assert!(honest.validate(&members).is_ok());
}

fn credential(issuer: &Signer, kind: &str, degree: &str) -> Value {
    let document = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": issuer.did(),
        "name": degree,
        "credentialSubject": {"id": "did:example:subject"},
        "credentialSchema": {"id": URL, "type": kind},
    });
    secure(&document, issuer)
}

fn secure(document: &Value, issuer: &Signer) -> Value {
    let options = issuer.options(ProofPurpose::AssertionMethod);
    let store = ContextStore::builtin();
    let unsigned = data_integrity::prepare(document, Suite::EcdsaRdfc2019, &options, &store);
    issuer.attach(unsigned.unwrap())
}

fn schema() -> Value {
    json!({"$schema": DIALECT, "required": ["name"], "properties": {"name": {"enum": ["bachelor"]}}})
}

fn check(document: &Value, schemas: &Schemas, require_schemas: bool) -> Result<usize, Error> {
    let contexts = ContextStore::builtin();
    let materials = Materials {
        schemas,
        ..Materials::new(&contexts)
    };
    let policy = CredentialPolicy {
        require_schemas,
        status: None,
        ..CredentialPolicy::new()
    };
    let verified = credential::verify(document, &policy, &materials, NOW)?;
    Ok(verified.schemas_matched())
}

#[test]
fn a_credential_matches_the_schemas_that_are_at_hand() {
    let issuer = Signer::fresh();
    let mut schemas = Schemas::new();
    schemas.add(URL, schema().to_string().as_bytes()).unwrap();
    let good = credential(&issuer, "JsonSchema", "bachelor");
    let bad = credential(&issuer, "JsonSchema", "emperor");
    assert_eq!(check(&good, &schemas, true), Ok(1));
    assert_eq!(
        check(&bad, &schemas, false),
        Err(Error::SchemaMismatch {
            path: "/name".into()
        })
    );
    // One of its types is enough, and none of another kind will do.
    let typed = |kinds: Value| {
        let document = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "issuer": issuer.did(),
            "name": "bachelor",
            "credentialSubject": {"id": "did:example:subject"},
            "credentialSchema": {"id": URL, "type": kinds},
        });
        check(&secure(&document, &issuer), &schemas, false)
    };
    assert_eq!(typed(json!(["JsonSchema"])), Ok(1));
    assert_eq!(typed(json!(["JsonSchemaCredential"])), Ok(0));
    // Not at hand, or at hand as another kind: unknown.
    let other = credential(&issuer, "JsonSchemaCredential", "emperor");
    for (document, schemas) in [(&bad, &Schemas::new()), (&other, &schemas)] {
        assert_eq!(check(document, schemas, false), Ok(0));
        assert_eq!(code(check(document, schemas, true)), "unsupported_format");
    }
    for text in [
        "{}",
        "true",
        "{",
        r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":1}"#,
    ] {
        assert_eq!(
            code(Schemas::new().add(URL, text.as_bytes())),
            "malformed",
            "{text}"
        );
    }
}

#[test]
fn a_schema_must_have_the_digest_that_the_credential_states() {
    let issuer = Signer::fresh();
    let text = schema().to_string();
    let mut schemas = Schemas::new();
    schemas.add(URL, text.as_bytes()).unwrap();
    let digest: String = tessera_verifier::crypto::sha256(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let stating = |digest: &str| {
        let mut document = credential(&issuer, "JsonSchema", "bachelor");
        document.as_object_mut().unwrap().remove("proof");
        document["credentialSchema"]["digestSRI"] = json!(format!("sha256-{digest}"));
        secure(&document, &issuer)
    };
    assert_eq!(check(&stating(&digest), &schemas, true), Ok(1));
    let wrong = stating(&"0".repeat(64));
    assert_eq!(code(check(&wrong, &schemas, true)), "digest_mismatch");
}

#[test]
fn a_schema_in_a_credential_is_verified_first() {
    let (issuer, mallory) = (Signer::fresh(), Signer::fresh());
    let contexts = ContextStore::builtin();
    let unsigned = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": URL,
        "type": ["VerifiableCredential", "JsonSchemaCredential"],
        "issuer": issuer.did(),
        "credentialSubject": {"id": "https://a.example/schema", "type": "JsonSchema", "jsonSchema": schema()},
    });
    let add = |document: &Value, url: &str| {
        let mut schemas = Schemas::new();
        let bytes = document.to_string();
        let policy = CredentialPolicy::new();
        let materials = Materials::new(&contexts);
        schemas
            .add_credential(url, bytes.as_bytes(), &policy, &materials, NOW)
            .map(|()| schemas)
    };
    let signed = secure(&unsigned, &issuer);
    let schemas = add(&signed, URL).unwrap();
    let good = credential(&issuer, "JsonSchemaCredential", "bachelor");
    assert_eq!(check(&good, &schemas, true), Ok(1));
    let bad = credential(&issuer, "JsonSchemaCredential", "emperor");
    assert_eq!(code(check(&bad, &schemas, true)), "schema_mismatch");

    assert_eq!(
        code(add(&signed, "https://issuer.example/other")),
        "malformed"
    );
    assert_eq!(
        code(add(&secure(&unsigned, &mallory), URL)),
        "issuer_key_mismatch"
    );
    let mut forged = signed.clone();
    forged["credentialSubject"]["jsonSchema"] = json!({"$schema": DIALECT});
    assert_eq!(code(add(&forged, URL)), "invalid_signature");
    let mut other = unsigned.clone();
    other["type"] = json!(["VerifiableCredential"]);
    assert_eq!(
        code(add(&secure(&other, &issuer), URL)),
        "wrong_credential_type"
    );
    let mut bare = unsigned;
    bare["credentialSubject"]
        .as_object_mut()
        .unwrap()
        .remove("jsonSchema");
    assert_eq!(code(add(&secure(&bare, &issuer), URL)), "malformed");
}

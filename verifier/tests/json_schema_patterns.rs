//! Regular expressions and unevaluated children in JSON Schemas: what matches is what ECMA-262 and the core vocabulary say,
//! in time that no expression can stretch.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};
use tessera_verifier::Error;
use tessera_verifier::json_schema::Schema;

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

fn matches(pattern: &str, text: &str) -> bool {
    let schema = Schema::parse(&json!({"pattern": pattern})).unwrap();
    let outcome = code(schema.validate(&json!(text)));
    assert!(
        matches!(outcome, "accepted" | "schema_mismatch"),
        "{pattern} {outcome}"
    );
    outcome == "accepted"
}

/// A pattern, what matches it and what does not: each line as `new RegExp(pattern, 'u').test(text)` has it.
#[test]
fn patterns_mean_what_they_mean_in_ecmascript() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("", &["", "a"], &[]),
        ("b", &["b", "abc"], &["", "a"]),
        ("^b", &["b", "bc"], &["ab", "a\nb"]),
        ("b$", &["b", "ab"], &["bc", "b\n"]),
        (
            "^[A-Z]{2}-\\d{4}$",
            &["DE-2026"],
            &["de-2026", "DE-20260", "DE-٢٠٢٦"],
        ),
        ("^(?:a|bc)+$", &["a", "bca", "aabc"], &["", "b", "ab"]),
        (
            "^(?<year>\\d{4})(-\\d\\d)?$",
            &["2026", "2026-01"],
            &["2026-1"],
        ),
        ("^a{2,3}$", &["aa", "aaa"], &["a", "aaaa"]),
        ("^a{2,}?$", &["aa", "aaaaa"], &["a"]),
        ("^a{0}$", &[""], &["a"]),
        ("^(a*)*$", &["", "aaa"], &["b"]),
        ("^(?:)$", &[""], &["a"]),
        ("^.$", &["a", "例", "😀"], &["\n", "\u{2028}", "ab"]),
        (
            "^\\s$",
            &[" ", "\u{FEFF}", "\u{3000}", "\u{2029}"],
            &["\u{85}", "a"],
        ),
        ("^\\S$", &["\u{85}", "a"], &["\u{A0}"]),
        ("^\\w$", &["a", "_", "9"], &["é", "-"]),
        ("^\\W$", &["é", "-"], &["a"]),
        ("^\\D$", &["٣", "a"], &["3"]),
        ("\\bcat\\b", &["a cat!", "cat"], &["cats", "concat", "cat_"]),
        ("a\\Bt", &["cats at bat"], &["a t"]),
        ("^[^a-c\\d]$", &["d", "-"], &["b", "5"]),
        ("^[-a]$", &["-", "a"], &["b"]),
        ("^[a-]$", &["-", "a"], &["b"]),
        ("^[+--]$", &["+", ",", "-"], &["."]),
        ("^[.*[(]$", &[".", "*", "[", "("], &["a"]),
        ("^[&&b]$", &["&", "b"], &["&&"]),
        ("[]", &[], &["", "a"]),
        ("^[^]$", &["\n", "a"], &[""]),
        ("^[\\b]$", &["\u{8}"], &["b"]),
        ("^[\\]\\\\\\-]+$", &["]\\-"], &["a"]),
        ("^\\x41\\u0042\\u{43}\\cJ\\t\\0$", &["ABC\n\t\0"], &["ABC"]),
        ("^[\\uD83D\\uDE00-😎]$", &["😀", "😅"], &["😡"]),
        ("^\\uD83D$", &[], &["😀"]),
        ("^\\p{Lowercase}\\P{Lowercase}$", &["éÉ", "a1"], &["Éa"]),
        (
            "^[\\p{Alphabetic}\\p{White_Space}'-]+$",
            &["Ó Súilleabháin", "王 小明"],
            &["R2"],
        ),
        ("^[^\\p{N}]$", &["a"], &["Ⅷ", "½", "7"]),
        ("^[\\P{Uppercase}Z]$", &["a", "Z"], &["A"]),
        ("^\\p{ASCII}+$", &["abc"], &["é"]),
        ("^a|b$", &["ax", "xb"], &["xa", "bx"]),
        ("^(|a)$", &["", "a"], &["b"]),
        ("^\\/\\.\\^\\$$", &["/.^$"], &["/a^$"]),
    ];
    for (pattern, matching, others) in cases {
        for text in *matching {
            assert!(matches(pattern, text), "{pattern} {text:?}");
        }
        for text in *others {
            assert!(!matches(pattern, text), "{pattern} {text:?}");
        }
    }
    let schema = Schema::parse(&json!({"pattern": "^a"})).unwrap();
    assert_eq!(
        schema.validate(&json!(1)),
        Ok(()),
        "only texts have patterns"
    );
}

#[test]
fn what_is_no_expression_or_no_regular_one_is_refused() {
    let malformed = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "*",
        "a**",
        "a{1}{2}",
        "a{2,1}",
        "a{,2}",
        "a{",
        "a{1",
        "a{-1}",
        "a{+1}",
        "^*",
        "\\b+",
        "[b-a]",
        "[\\d-x]",
        "[a-\\d]",
        "[\\B]",
        "[\\1]",
        "\\",
        "\\a",
        "\\-",
        "\\_",
        "\\é",
        "\\00",
        "\\c1",
        "\\x1",
        "\\u12",
        "\\u+123",
        "\\u{110000}",
        "\\u{}g",
        "\\u{+1}",
        "\\p",
        "\\pL",
        "(?<n>a",
        "a{99999999999}",
    ];
    for pattern in malformed {
        // An empty `\u{}` reads as nothing to a careless parser.
        assert_eq!(
            code(Schema::parse(&json!({"pattern": pattern}))),
            "malformed",
            "{pattern}"
        );
    }
    let irregular = [
        "(a)\\1",
        "\\k<n>",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?i:a)",
        "(?>a)",
        "(?<1>a)",
        "(?<>a)",
        "\\p{L}",
        "\\p{Script=Han}",
        "\\p{lowercase}",
        "\\p{gc=Lowercase}",
    ];
    for pattern in irregular {
        assert_eq!(
            code(Schema::parse(
                &json!({"patternProperties": {pattern: true}})
            )),
            "unsupported_format",
            "{pattern}"
        );
    }
    for schema in [
        json!({"pattern": 1}),
        json!({"patternProperties": []}),
        json!({"patternProperties": {"a": 1}}),
    ] {
        assert_eq!(code(Schema::parse(&schema)), "malformed", "{schema}");
    }
}

#[test]
fn no_expression_takes_more_than_its_bounds() {
    let nested = "(".repeat(40) + &")".repeat(40);
    let too_large = [
        "a".repeat(4097),
        nested,
        "a{1001}".to_owned(),
        "(a{1000}){5}".to_owned(),
        "((((){1000}){1000}){1000}){1000}".to_owned(),
        "(a|b){1000}".to_owned(),
    ];
    for pattern in too_large {
        assert_eq!(
            code(Schema::parse(&json!({"pattern": pattern}))),
            "too_large",
            "{pattern}"
        );
    }
    let many: serde_json::Map<_, _> = (0..50)
        .map(|n| (format!("{n}a{{900}}"), json!(true)))
        .collect();
    assert_eq!(
        code(Schema::parse(&json!({"patternProperties": many}))),
        "too_large"
    );
    // The expressions that take a matcher with backtracking years.
    for pattern in [
        "^(a+)+$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "^(.*)*(.*)*(.*)*b$",
        "^((a?){30}){10}a{30}$",
    ] {
        assert!(
            !matches(pattern, &format!("{}!", "a".repeat(2_000))),
            "{pattern}"
        );
    }
    // States times characters are paid for.
    let schema = Schema::parse(&json!({"pattern": "(a{0,450}){0,4}b"})).unwrap();
    assert_eq!(
        code(schema.validate(&json!("a".repeat(10_000)))),
        "work_budget_exceeded"
    );
    let schema = Schema::parse(&json!({"items": {"not": {"pattern": "a{900}"}}})).unwrap();
    assert_eq!(
        code(schema.validate(&json!(vec![""; 20_000]))),
        "work_budget_exceeded"
    );
    let schema = Schema::parse(&json!({"items": {"pattern": "a"}})).unwrap();
    assert_eq!(schema.validate(&json!(vec!["a"; 20_000])), Ok(()));
}

fn decides(schema: &Value, matching: &Value, others: &Value) {
    let compiled = Schema::parse(schema).unwrap();
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

#[test]
fn names_match_patterns() {
    decides(
        &json!({"properties": {"ab": {"minimum": 0}}, "patternProperties": {"^a": {"maximum": 9}, "b$": {"multipleOf": 2}},
            "additionalProperties": {"type": "string"}}),
        &json!([{"ab": 4, "a": 3, "xb": 12, "c": "text"}, {}, 1]),
        &json!([{"ab": -2}, {"ab": 3}, {"ab": 10}, {"ax": 10}, {"xb": 1}, {"c": 1}]),
    );
    decides(
        &json!({"propertyNames": {"pattern": "^[a-z]+$"}}),
        &json!([{"abc": 1}]),
        &json!([{"Abc": 1}]),
    );
}

#[test]
fn what_no_schema_beside_has_evaluated() {
    let person = json!({"properties": {"name": true}, "required": ["name"]});
    let strict = |beside: Value| {
        let mut schema = json!({"unevaluatedProperties": false, "$defs": {"person": person}});
        schema
            .as_object_mut()
            .unwrap()
            .extend(beside.as_object().unwrap().clone());
        schema
    };
    let by_name = json!([{"name": 1}]);
    let more = json!([{"name": 1, "more": 1}]);
    for beside in [
        json!({"properties": {"name": true}}),
        json!({"patternProperties": {"^n": true}}),
        json!({"$ref": "#/$defs/person"}),
        json!({"allOf": [{"properties": {"other": true}}, {"$ref": "#/$defs/person"}]}),
        json!({"anyOf": [{"properties": {"more": {"type": "string"}}, "required": ["more"]}, person]}),
        json!({"oneOf": [person, false]}),
        json!({"if": person, "then": true, "else": {"properties": {"more": true}}}),
        json!({"if": false, "else": person}),
        json!({"if": true, "then": person}),
        json!({"dependentSchemas": {"name": person}}),
        json!({"allOf": [{"unevaluatedProperties": true, "maxProperties": 1}]}),
    ] {
        decides(&strict(beside), &by_name, &more);
    }
    // A schema that does not match, one that is negated, and one of a child say nothing.
    for beside in [
        json!({"anyOf": [true, {"properties": {"name": {"type": "string"}}}]}),
        json!({"not": {"not": {"properties": {"name": true}}}}),
        json!({"allOf": [{"properties": {"child": person}}]}),
        json!({"dependentSchemas": {"absent": person}}),
    ] {
        decides(&strict(beside), &json!([{}]), &by_name);
    }
    // Not from within: a neighbour's `unevaluatedProperties` does not see its cousins.
    decides(
        &json!({"allOf": [person, {"unevaluatedProperties": false}]}),
        &json!([]),
        &json!([{"name": 1}]),
    );
    decides(
        &json!({"properties": {"a": true}, "unevaluatedProperties": {"type": "integer"}}),
        &json!([{"a": "x", "b": 1}]),
        &json!([{"a": "x", "b": "y"}]),
    );
    // Beyond the first 64 members, too.
    let many: serde_json::Map<_, _> = (0..200).map(|n| (format!("m{n}"), json!(n))).collect();
    let mut one_more = many.clone();
    one_more.insert("x".into(), json!(1));
    decides(
        &strict(json!({"allOf": [{"patternProperties": {"^m": true}}]})),
        &json!([many]),
        &json!([one_more]),
    );
}

#[test]
fn elements_that_no_schema_beside_has_evaluated() {
    for (beside, matching, others) in [
        (
            json!({"prefixItems": [true, true]}),
            json!([[1, 2], [1]]),
            json!([[1, 2, 3]]),
        ),
        (json!({"items": true}), json!([[1, 2, 3]]), json!([])),
        (
            json!({"allOf": [{"prefixItems": [true]}, {"contains": {"type": "string"}}]}),
            json!([[1, "a", "b"], ["a"]]),
            json!([[1, "a", 2]]),
        ),
        (
            json!({"anyOf": [{"prefixItems": [{"const": 1}]}, {"prefixItems": [true, {"const": 2}]}]}),
            json!([[1], [3, 2], [1, 2]]),
            json!([[1, 3], [3, 2, 1]]),
        ),
        (
            json!({"contains": {"const": 1}, "minContains": 0}),
            json!([[], [1, 1]]),
            json!([[2], [1, 2]]),
        ),
    ] {
        let mut schema = json!({"unevaluatedItems": false});
        schema
            .as_object_mut()
            .unwrap()
            .extend(beside.as_object().unwrap().clone());
        decides(&schema, &matching, &others);
    }
    decides(
        &json!({"prefixItems": [true], "unevaluatedItems": {"type": "integer"}}),
        &json!([["a", 1, 2]]),
        &json!([["a", 1, "b"]]),
    );
}

#[test]
fn references_lead_to_schemas_wherever_they_stand() {
    decides(
        &json!({"properties": {"a": {"type": "integer"}, "b": {"$ref": "#/properties/a"}, "c": {"$ref": "#/allOf/0/not"}},
            "allOf": [{"not": {"type": "string"}}]}),
        &json!([{"a": 1, "b": 2, "c": "x"}]),
        &json!([{"b": "x"}, {"c": 1}]),
    );
    decides(
        &json!({"$ref": "#/$defs/a%25~1%22~0", "$defs": {"a%/\"~": {"minLength": 2.0}}}),
        &json!(["ab"]),
        &json!(["a"]),
    );
    for reference in [
        "#/const/a",
        "#/allOf/00",
        "#/allOf/+0",
        "#/allOf/1",
        "#/properties",
        "#/$defs/%",
        "#/$defs/%ff",
        "#a",
        "/$defs/a",
    ] {
        let schema = json!({"$ref": reference, "const": {"a": true}, "allOf": [true], "properties": {}, "$defs": {"": true}});
        assert_eq!(code(Schema::parse(&schema)), "malformed", "{reference}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn hostile_patterns_end(
        pattern in "([ab.\\\\^$|()\\[\\]{}*+?,0-9\\-dwsWb]|\\\\[dwsbBpu]|\\{[0-9]{1,2}(,[0-9]{0,2})?\\}|\\(\\?:){0,24}",
        text in "[ab0 é\\n-]{0,40}",
    ) {
        if let Ok(schema) = Schema::parse(&json!({"pattern": pattern})) {
            prop_assert!(matches!(code(schema.validate(&json!(text))), "accepted" | "schema_mismatch"));
        }
    }
}

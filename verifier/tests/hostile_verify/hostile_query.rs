//! DCQL queries (OpenID4VP 1.0 §6) that a wallet must not try to answer.

use serde_json::{Value, json};
use tessera_verifier::dcql::{ClaimPath, Query};

fn query() -> Value {
    json!({
        "credentials": [
            {"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:specimen:a"]},
                "claims": [{"id": "x", "path": ["x"]}, {"id": "y", "path": ["y"], "values": [1, true, "z"]}],
                "claim_sets": [["x", "y"], ["y"]]},
            {"id": "b", "format": "ldp_vc", "meta": {"type_values": [["A", "B"], ["C"]]}, "claims": [{"path": ["z"]}]},
        ],
        "credential_sets": [{"options": [["a"], ["b"]]}, {"options": [["b"]], "required": false}],
    })
}

fn read(query: &Value) -> Result<Query, &'static str> {
    Query::from_value(query).map_err(|error| error.code())
}

fn with(pointer: &str, value: Value) -> Result<(), &'static str> {
    let mut query = query();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match query.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
    read(&query).map(|_| ())
}

#[test]
fn each_rule_of_a_query_has_a_refusal() {
    assert!(read(&query()).is_ok());
    let many = |one: Value, count: usize| Value::from(vec![one; count]);
    let claims = |count: usize| -> Value {
        (0..count)
            .map(|number| json!({"path": [number.to_string()]}))
            .collect()
    };
    let credentials = |count: usize| -> Value {
        (0..count)
            .map(|number| json!({"id": format!("c{number}"), "format": "ldp_vc"}))
            .collect()
    };
    for (pointer, value) in [
        // Identifiers: of letters, digits, `_` and `-`, of a bounded length, and each its own.
        ("/credentials/0/id", json!("")),
        ("/credentials/0/id", json!("ä")),
        ("/credentials/0/id", json!("a b")),
        ("/credentials/0/id", json!("b")),
        ("/credentials/0/claims/0/id", json!("x y")),
        ("/credentials/0/claims/0/id", json!("")),
        ("/credentials/0/claims/0/id", json!("y")),
        // §6.3: a claim needs an id where claim_sets are used.
        ("/credentials/0/claims/0", json!({"path": ["x"]})),
        ("/credentials/0/claim_sets", json!([["unheard-of"]])),
        ("/credentials/0/claim_sets", json!([[]])),
        ("/credentials/0/claim_sets", many(json!(["x"]), 17)),
        ("/credentials/0/claim_sets/0", many(json!("x"), 65)),
        ("/credentials/1/claims", claims(65)),
        ("/credentials/0/claims/1/values", json!([{}])),
        ("/credentials/0/claims/1/values", json!([[]])),
        ("/credentials/0/claims/1/values", json!([null])),
        ("/credentials/0/claims/1/values", many(json!(1), 65)),
        ("/credentials/0/meta/vct_values", many(json!("urn:x"), 65)),
        ("/credentials/1/meta/type_values", many(json!(["A"]), 65)),
        ("/credentials/1/meta/type_values", json!([[]])),
        ("/credentials/1/meta/type_values/0", many(json!("A"), 65)),
        ("/credential_sets/0/options", json!([])),
        ("/credential_sets/0/options", many(json!(["a"]), 17)),
        ("/credential_sets/0/options", json!([[]])),
        ("/credential_sets/0/options", json!([["a"], ["unheard-of"]])),
        ("/credential_sets/0/options/0", many(json!("a"), 9)),
        ("/credential_sets", many(json!({"options": [["a"]]}), 17)),
    ] {
        assert_eq!(with(pointer, value), Err("request_invalid"), "{pointer}");
    }
    let alone = |credentials: Value| read(&json!({"credentials": credentials})).map(|_| ());
    assert_eq!(alone(json!([])), Err("request_invalid"));
    let most = (1..100).take_while(|count| alone(credentials(*count)).is_ok());
    assert_eq!(most.last(), Some(MOST_CREDENTIALS));
    assert_eq!(with("/credentials/1/claims", claims(64)), Ok(()));
}

const MOST_CREDENTIALS: usize = 8;

#[test]
fn sets_say_which_answers_are_enough_and_which_too_much() {
    let sets = read(&query()).unwrap();
    assert!(sets.satisfied_by(&["a"]));
    // The second set is not required, but what it asks for may be there.
    assert!(sets.satisfied_by(&["a", "b"]));
    assert!(sets.satisfied_by(&["b"]));
    assert!(!sets.satisfied_by(&[]));
    assert!(!sets.satisfied_by(&["a", "c"]));
    let mut all = query();
    all.as_object_mut().unwrap().remove("credential_sets");
    let all = read(&all).unwrap();
    assert!(all.satisfied_by(&["a", "b"]));
    assert!(!all.satisfied_by(&["a"]));
    assert!(!all.satisfied_by(&["a", "b", "b"]));
}

#[test]
fn claim_sets_are_alternatives_in_their_order() {
    let query = read(&query()).unwrap();
    let names = |id: &str| -> Vec<Vec<String>> {
        let credential = query.credential(id).unwrap();
        let alternatives = credential.alternatives().into_iter();
        alternatives
            .map(|set| set.iter().map(|claim| claim.path.to_string()).collect())
            .collect()
    };
    assert_eq!(names("a"), [vec!["x", "y"], vec!["y"]]);
    assert_eq!(names("b"), [["z"]]);
}

#[test]
fn types_and_values_that_will_do() {
    let query = read(&query()).unwrap();
    let [a, b] = ["a", "b"].map(|id| query.credential(id).unwrap());
    assert!(a.accepts_type(Some("urn:specimen:a"), &[]));
    assert!(!a.accepts_type(Some("urn:specimen:b"), &[]));
    assert!(!a.accepts_type(None, &["A", "B", "C"]));
    assert!(b.accepts_type(None, &["B", "A"]));
    assert!(b.accepts_type(None, &["C"]));
    assert!(!b.accepts_type(None, &["A"]));
    assert!(!b.accepts_type(Some("urn:specimen:a"), &[]));
    let claim = &a.claims[1];
    assert!(claim.satisfied_by(&json!({"y": "z"})));
    assert!(!claim.satisfied_by(&json!({"y": "other"})));
    assert!(!claim.satisfied_by(&json!({"x": 1})));
}

#[test]
fn a_path_has_one_to_sixteen_steps_and_leads_into_its_member() {
    let path = |steps: usize| serde_json::from_value::<ClaimPath>(json!(vec!["x"; steps]));
    assert!(path(0).is_err());
    assert!(path(16).is_ok());
    assert!(path(17).is_err());
    let deep = ClaimPath::keys(&["a", "b"]);
    assert_eq!(deep.inside("a"), Some(ClaimPath::keys(&["b"])));
    assert_eq!(deep.inside("b"), None);
    assert_eq!(ClaimPath::keys(&["a"]).inside("a"), None);
}

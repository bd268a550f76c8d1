//! The canonical form of ordinary proof options, written down directly.
//!
//! Nearly every proof says the same few things in the same terms, which the credentials context
//! protects from being redefined. Their statements are known without JSON-LD; a test holds them equal
//! to what expansion and canonicalization give. Whatever is not ordinary takes that longer way.

use alloc::string::String;

use serde_json::Value;

use crate::claims::CREDENTIALS_V2;
use crate::jsonld::BUILTIN_CONTEXTS;
use crate::rdf::{is_well_formed_iri, write_typed};

const SECURITY: &str = "https://w3id.org/security#";
const DATE_TIME: &str = "http://www.w3.org/2001/XMLSchema#dateTime";

/// What a member states: its predicate after [`SECURITY`], and the datatype of its literal.
struct Term {
    member: &'static str,
    predicate: &'static str,
    datatype: Option<&'static str>,
}

/// The terms with literals, in the order of their predicates, which all come before `proofPurpose`.
const LITERALS: [Term; 5] = [
    Term {
        member: "challenge",
        predicate: "challenge",
        datatype: None,
    },
    Term {
        member: "cryptosuite",
        predicate: "cryptosuite",
        datatype: Some("https://w3id.org/security#cryptosuiteString"),
    },
    Term {
        member: "domain",
        predicate: "domain",
        datatype: None,
    },
    Term {
        member: "expires",
        predicate: "expiration",
        datatype: Some(DATE_TIME),
    },
    Term {
        member: "nonce",
        predicate: "nonce",
        datatype: None,
    },
];

/// The canonical N-Quads of a proof without its value, in the context of the document that it secures;
/// `None` when the proof or the context is not an ordinary one.
pub(super) fn nquads(proof: &Value, context: Option<&Value>) -> Option<String> {
    let proof = proof
        .as_object()
        .filter(|_| context.is_some_and(is_ordinary))?;
    let mut texts = 0;
    let mut text = |name: &str| match proof.get(name) {
        Some(Value::String(text)) => {
            texts += 1;
            Some(text.as_str())
        }
        _ => None,
    };
    let purpose = match text("proofPurpose")? {
        "assertionMethod" => "assertionMethod",
        "authentication" => "authenticationMethod",
        _ => return None,
    };
    let method = text("verificationMethod")?;
    if text("type")? != "DataIntegrityProof"
        || !method.starts_with("did:")
        || !is_well_formed_iri(method)
    {
        return None;
    }
    let mut out = String::with_capacity(1024);
    if let Some(created) = text("created") {
        out.push_str("_:c14n0 <http://purl.org/dc/terms/created> ");
        write_typed(&mut out, created, Some(DATE_TIME));
        out.push_str(" .\n");
    }
    out.push_str("_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <");
    out.push_str(SECURITY);
    out.push_str("DataIntegrityProof> .\n");
    let subject = |out: &mut String, predicate: &str| {
        for part in ["_:c14n0 <", SECURITY, predicate, "> "] {
            out.push_str(part);
        }
    };
    for term in LITERALS {
        if let Some(value) = text(term.member) {
            subject(&mut out, term.predicate);
            write_typed(&mut out, value, term.datatype);
            out.push_str(" .\n");
        }
    }
    subject(&mut out, "proofPurpose");
    for part in ["<", SECURITY, purpose, "> .\n"] {
        out.push_str(part);
    }
    subject(&mut out, "verificationMethod");
    for part in ["<", method, "> .\n"] {
        out.push_str(part);
    }
    // Nothing may be left unsaid.
    let left_out = ["proofValue", "@context"];
    let left_out = left_out.iter().filter(|name| proof.contains_key(**name));
    (texts + left_out.count() == proof.len()).then_some(out)
}

/// The credentials context, and after it others that this crate carries: none of them has terms that
/// would change what a proof says.
fn is_ordinary(context: &Value) -> bool {
    let is_builtin = |context: &Value| {
        let mut all = BUILTIN_CONTEXTS.iter();
        all.any(|(url, _)| context == url)
    };
    match context {
        Value::String(one) => one == CREDENTIALS_V2,
        Value::Array(contexts) => match contexts.as_slice() {
            [first, others @ ..] => first == CREDENTIALS_V2 && others.iter().all(is_builtin),
            [] => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonld::{ContextStore, proof_options_to_rdf};
    use crate::rdf::{Budget, HashAlgorithm, canonicalize};
    use alloc::vec::Vec;
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
    use proptest::sample::subsequence;
    use serde_json::json;

    /// Texts that are written as they are, that are escaped, and that are no texts at all.
    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<String>().prop_map(Value::from),
            "[a-z\"\\\\\u{0}-\u{20}\u{7f}\u{fffe}<>]{0,8}".prop_map(Value::from),
            Just(json!("2026-01-15T00:00:00Z")),
            Just(json!(["a"])),
            Just(json!(5)),
            Just(Value::Null),
        ]
    }

    /// The same by expansion and canonicalization, if they succeed.
    fn the_long_way(proof: &Value, context: &Value) -> Option<String> {
        let store = ContextStore::builtin();
        let quads = proof_options_to_rdf(proof, Some(context), &store).ok()?;
        let canonical = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default()).ok()?;
        Some(canonical.to_nquads())
    }

    proptest! {
        #[test]
        fn both_ways_give_the_same(
            others in subsequence(BUILTIN_CONTEXTS, 0..3),
            named in subsequence(
                ["created", "expires", "challenge", "domain", "nonce", "cryptosuite", "id",
                    "proofValue", "@context", "previousProof", "unheardOf", "@id"].to_vec(), 0..7),
            values in proptest::collection::vec(value(), 7),
            method in prop_oneof![
                Just("did:key:zX#zX"), Just("did:web:a.example#k"), Just("urn:x"), Just("did:a b"), Just("k"),
            ],
            purpose in prop_oneof![
                Just("assertionMethod"), Just("authentication"), Just("keyAgreement"), Just("urn:p"),
            ],
            kind in prop_oneof![Just("DataIntegrityProof"), Just("Ed25519Signature2020")],
        ) {
            let contexts: Vec<&str> =
                [CREDENTIALS_V2].into_iter().chain(others.iter().map(|(url, _)| *url)).collect();
            let mut proof = json!({
                "type": kind, "verificationMethod": method, "proofPurpose": purpose,
            });
            for (name, value) in named.iter().zip(values) {
                proof[*name] = value;
            }
            let short = nquads(&proof, Some(&json!(contexts)));
            if let Some(short) = short {
                // Contexts may contradict each other: then the document is refused for it, which
                // has the same ones.
                if let Some(long) = the_long_way(&proof, &json!(contexts)) {
                    assert_eq!(short, long);
                } else {
                    assert!(the_long_way(&proof, &json!([CREDENTIALS_V2])) == Some(short));
                }
            }
        }
    }

    #[test]
    fn ordinary_options_take_the_short_way_and_others_do_not() {
        let proof = json!({
            "type": "DataIntegrityProof", "cryptosuite": "ecdsa-rdfc-2019", "nonce": "n",
            "created": "2026-01-15T00:00:00Z", "expires": "2027-01-15T00:00:00Z",
            "verificationMethod": "did:key:zX#zX", "proofPurpose": "authentication",
            "challenge": "c \"quoted\"", "domain": "d", "proofValue": "z",
        });
        let short = |proof: &Value, context: Value| nquads(proof, Some(&context));
        for (url, _) in BUILTIN_CONTEXTS {
            let context = json!([CREDENTIALS_V2, url]);
            let found = short(&proof, context.clone());
            assert!(found.is_some());
            if let Some(long) = the_long_way(&proof, &context) {
                assert_eq!(found, Some(long), "{url}");
            }
        }
        let inline = json!([CREDENTIALS_V2, {"did": {"@id": "urn:evil:", "@prefix": true}}]);
        for context in [
            inline,
            json!(["https://www.w3.org/2018/credentials/v1"]),
            json!([]),
            json!(null),
        ] {
            assert_eq!(short(&proof, context), None);
        }
        for name in ["id", "previousProof", "unheardOf", "capability"] {
            let mut more = proof.clone();
            more[name] = json!("urn:x");
            assert_eq!(short(&more, json!(CREDENTIALS_V2)), None, "{name}");
        }
    }

    #[test]
    fn a_context_of_one_and_methods_and_types_of_other_kinds() {
        let proof = |kind: &str, method: &str| json!({"type": kind, "verificationMethod": method, "proofPurpose": "assertionMethod"});
        let short = |proof: &Value, context: Value| nquads(proof, Some(&context)).is_some();
        let ordinary = proof("DataIntegrityProof", "did:key:zX#zX");
        assert!(short(&ordinary, json!(CREDENTIALS_V2)));
        for (url, _) in BUILTIN_CONTEXTS {
            assert_eq!(
                short(&ordinary, json!(url)),
                *url == CREDENTIALS_V2,
                "{url}"
            );
        }
        for (kind, method) in [
            ("Ed25519Signature2020", "did:key:zX#zX"),
            ("DataIntegrityProof", "https://a.example#k"),
            ("DataIntegrityProof", "did:a b"),
        ] {
            assert!(
                !short(&proof(kind, method), json!(CREDENTIALS_V2)),
                "{kind} {method}"
            );
        }
    }
}

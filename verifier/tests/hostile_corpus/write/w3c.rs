//! The same statements in another JSON, and statements that no proof covers: class 11, inside a presentation.

use serde_json::{Value, json};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, ecdsa_rdfc};
use tessera_verifier::jsonld::ContextStore;

use super::{Corpus, Hostile, OTHER, ldp_token};
use crate::world::NOW;

const HOSTILE: Hostile<'_> = Hostile {
    class: 11,
    kind: "presentation",
    twin: "ldp",
};

pub(super) fn write(corpus: &Corpus) {
    let world = &corpus.world;
    let derived = corpus.honest_ldp()["verifiableCredential"][0].clone();
    // The holder signs the changed credential: only the issuer's proof and the checks before it can tell.
    let put =
        |hostile: &Hostile<'_>, name: &str, about: &str, refused, change: &dyn Fn(&mut Value)| {
            let mut credential = derived.clone();
            change(&mut credential);
            hostile.put(
                name,
                about,
                refused,
                ldp_token(&world.wrap(&credential, &corpus.request, &world.holder)),
            );
        };
    // The presentation around an undefined term cannot be signed, so it is put in after signing; the issuer's proof is
    // looked at first.
    let mut presented = corpus.honest_ldp();
    presented["verifiableCredential"][0]["credentialSubject"]["surname"] = json!("SPECIMEN");
    HOSTILE.put(
        "term-undefined-in-presentation",
        "A claim whose name no context defines, so that no proof covers it",
        ("proof", "undefined_term"),
        ldp_token(&presented),
    );
    put(
        &HOSTILE,
        "term-redefined-in-claim",
        "A claim has a context of its own that redefines a protected term",
        ("disclosure", "malformed"),
        &|credential| credential["credentialSubject"]["@context"] = json!([]),
    );
    put(
        &HOSTILE,
        "context-inside-proof",
        "The proof has a context of its own",
        ("disclosure", "malformed"),
        &|credential| credential["proof"]["@context"] = json!({}),
    );
    let mut presented = corpus.honest_ldp();
    presented["verifiableCredential"][0]["@context"]
        .as_array_mut()
        .unwrap()
        .push(json!("https://attacker.example/context"));
    HOSTILE.put(
        "context-remote-in-presentation",
        "The credential has a further context at an address",
        ("format", "wrong_credential_type"),
        ldp_token(&presented),
    );
    put(
        &HOSTILE,
        "context-order",
        "The contexts are in another order",
        ("format", "wrong_credential_type"),
        &|credential| credential["@context"].as_array_mut().unwrap().reverse(),
    );

    let other = Hostile {
        class: OTHER,
        ..HOSTILE
    };
    let claim = |value: Value| {
        move |credential: &mut Value| {
            credential["credentialSubject"]["age_equal_or_over"]["18"] = value.clone()
        }
    };
    put(
        &other,
        "claim-as-value-object",
        "The claim is a JSON-LD value object: the proof holds, a program reads an object",
        ("disclosure", "malformed"),
        &claim(json!({"@value": true})),
    );
    put(
        &other,
        "claim-in-array",
        "The claim is an array of one: the proof holds, a program reads an array",
        ("asked", "query_not_satisfied"),
        &claim(json!([true])),
    );
    put(
        &other,
        "status-in-array",
        "The status is an array of one, in which a careless reader finds no list",
        ("status", "malformed"),
        &|credential| credential["credentialStatus"] = json!([credential["credentialStatus"]]),
    );
    put(
        &other,
        "base-proof-shown-derived",
        "The proof value is cut off",
        ("proof", "malformed"),
        &|credential| {
            let value = credential["proof"]["proofValue"].as_str().unwrap();
            credential["proof"]["proofValue"] = json!(value[..value.len() - 8]);
        },
    );
    let base = world.issue_ldp(Limited);
    other.put(
        "base-proof-shown",
        "The base proof is shown, which would disclose everything",
        ("proof", "base_proof_refused"),
        ldp_token(&world.wrap(&base, &corpus.request, &world.holder)),
    );
    let document = world.ldp_document(Limited, &world.issuer.did());
    let options = ProofOptions {
        created: Some(NOW),
        ..ProofOptions::new(world.issuer.method(), ProofPurpose::AssertionMethod)
    };
    let whole = world
        .issuer
        .secure(ecdsa_rdfc::prepare(&document, &options, &ContextStore::builtin()).unwrap());
    other.put(
        "suite-not-allowed",
        "The credential is signed whole, with a suite that the policy does not take",
        ("format", "unsupported_suite"),
        ldp_token(&world.wrap(&whole, &corpus.request, &world.holder)),
    );
    let mut two = corpus.honest_ldp();
    two["verifiableCredential"] = json!([derived, derived]);
    other.put(
        "two-credentials",
        "The presentation holds two credentials",
        ("parse", "malformed"),
        ldp_token(&two),
    );
    other.put(
        "credential-without-presentation",
        "The credential is shown without a presentation",
        ("parse", "malformed"),
        ldp_token(&derived),
    );
    other.put(
        "presentation-is-text",
        "The presentation is a text",
        ("format", "unsupported_format"),
        ldp_token(&json!("SPECIMEN")),
    );
}

//! The holder's proof of possession, and answering exactly what was asked: class 12.

use serde_json::{Value, json};
use tessera_verifier::Request;
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::claims::Format;
use tessera_verifier::crypto::sha256;
use tessera_verifier::data_integrity::ecdsa_sd;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::base64url;
use tessera_verifier::jsonld::ContextStore;

use super::{Corpus, Hostile, OTHER, honest, ldp_token, sd_jwt_token};
use crate::world::{NOW, Signer};

const SD_JWT: Hostile<'_> = Hostile {
    class: 12,
    kind: "presentation",
    twin: "sd-jwt",
};
const LDP: Hostile<'_> = Hostile {
    class: 12,
    kind: "presentation",
    twin: "ldp",
};

pub(super) fn write(corpus: &Corpus) {
    key_binding(corpus);
    proof(corpus);
    answers(corpus);
    transactions(corpus);
}

/// A payment that was asked for, confirmed and not.
fn transactions(corpus: &Corpus) {
    let world = &corpus.world;
    let payment = json!({"type": "urn:tessera:transaction:payment:1", "credential_ids": ["sd_jwt"],
        "payee": "SPECIMEN shop", "amount": "12.50", "currency": "EUR"});
    let encoded = base64url(payment.to_string().as_bytes());
    let request = world
        .asking("internet-cafe")
        .formats(&[Format::SdJwt])
        .transaction_data(vec![encoded.clone()])
        .build()
        .unwrap()
        .sign(&world.party)
        .unwrap();
    let (jwt, shown) = corpus.selected(&world.issue(Limited));
    let answer = |hashes: Value| {
        let bound = corpus.bound(&jwt, &shown, &world.holder, |_, payload| {
            payload["transaction_data_hashes"] = hashes;
        });
        sd_jwt_token(&bound)
    };
    let mut confirmed = corpus.common(&request);
    let members = confirmed.as_object_mut().unwrap();
    let digest = |text: &str| json!([base64url(&sha256(text.as_bytes()))]);
    members.extend(answer(digest(&encoded)).as_object().unwrap().clone());
    honest(
        "presentation",
        "transaction",
        "An SD-JWT VC whose key binding confirms the payment that was asked for",
        confirmed,
    );
    let payment = Hostile {
        class: OTHER,
        kind: "presentation",
        twin: "transaction",
    };
    payment.put(
        "transaction-of-another",
        "The key binding confirms another payment than the one asked for",
        ("asked", "transaction_not_confirmed"),
        answer(digest("another")),
    );
}

fn key_binding(corpus: &Corpus) {
    let world = &corpus.world;
    let (jwt, shown) = corpus.selected(&world.issue(Limited));
    type Change = fn(&mut Value, &mut Value);
    let changes: [(&str, &str, &str, Change); 11] = [
        (
            "nonce-replayed",
            "It answers the nonce of another request",
            "nonce_mismatch",
            |_, payload| payload["nonce"] = json!("c29tZS1vdGhlci1ub25jZQ"),
        ),
        (
            "nonce-missing",
            "It answers no nonce",
            "nonce_mismatch",
            |_, payload| payload["nonce"] = Value::Null,
        ),
        (
            "audience-of-another",
            "It is made for another verifier",
            "audience_mismatch",
            |_, payload| payload["aud"] = json!("decentralized_identifier:did:example:other"),
        ),
        (
            "audience-list",
            "Its audience is a list with us among others",
            "audience_mismatch",
            |_, payload| payload["aud"] = json!([payload["aud"], "did:example:other"]),
        ),
        (
            "sd-hash-of-other-bytes",
            "Its sd_hash is over other bytes",
            "holder_binding_invalid",
            |_, payload| payload["sd_hash"] = json!(base64url(&[0; 32])),
        ),
        (
            "sd-hash-missing",
            "It has no sd_hash",
            "holder_binding_invalid",
            |_, payload| payload["sd_hash"] = Value::Null,
        ),
        (
            "binding-from-the-future",
            "It is signed 61 seconds from now",
            "presentation_from_future",
            |_, payload| payload["iat"] = json!(NOW.unix() + 61),
        ),
        (
            "binding-too-old",
            "It was signed 361 seconds ago",
            "presentation_too_old",
            |_, payload| payload["iat"] = json!(NOW.unix() - 361),
        ),
        (
            "binding-without-time",
            "It does not say when it was signed",
            "holder_binding_invalid",
            |_, payload| payload["iat"] = Value::Null,
        ),
        (
            "binding-of-another-type",
            "Its typ is jwt",
            "holder_binding_invalid",
            |header, _| header["typ"] = json!("jwt"),
        ),
        (
            "binding-with-crit",
            "It has a critical extension that nobody knows",
            "malformed",
            |header, _| header["crit"] = json!(["specimen"]),
        ),
    ];
    for (name, about, code, change) in changes {
        let about = format!("{about}, in the key binding");
        SD_JWT.put(
            name,
            &about,
            ("holder", code),
            sd_jwt_token(&corpus.bound(&jwt, &shown, &world.holder, change)),
        );
    }
    SD_JWT.put(
        "binding-by-another-key",
        "The key binding is by another key than the credential's",
        ("holder", "holder_binding_invalid"),
        sd_jwt_token(&corpus.bound(&jwt, &shown, &Signer::fresh(), |_, _| ())),
    );
    let other = world.show(&world.issue(Limited), &corpus.request);
    let (_, binding) = other.rsplit_once('~').unwrap();
    let credential = format!("{jwt}~{}~", shown.join("~"));
    SD_JWT.put(
        "binding-of-another-credential",
        "The key binding is of another credential of the same holder with the same claims",
        ("holder", "holder_binding_invalid"),
        sd_jwt_token(&format!("{credential}{binding}")),
    );
    SD_JWT.put(
        "binding-missing",
        "There is no key binding",
        ("holder", "holder_binding_missing"),
        sd_jwt_token(&credential),
    );
}

fn proof(corpus: &Corpus) {
    let world = &corpus.world;
    let derived = corpus.honest_ldp()["verifiableCredential"][0].clone();
    let for_request = |jwt: String| {
        let request = Request::for_own(&jwt).unwrap();
        ldp_token(&world.wrap(&derived, &request, &world.holder))
    };
    let other = world
        .asking("internet-cafe")
        .nonce("c29tZS1vdGhlci1ub25jZQ")
        .build()
        .unwrap();
    LDP.put(
        "challenge-replayed",
        "The presentation answers the nonce of another request",
        ("holder", "nonce_mismatch"),
        for_request(other.sign(&world.party).unwrap()),
    );
    let party = Signer::fresh();
    let elsewhere = world
        .asking("internet-cafe")
        .client(&party.did())
        .build()
        .unwrap();
    LDP.put(
        "domain-of-another",
        "The presentation is made for another verifier",
        ("holder", "audience_mismatch"),
        for_request(elsewhere.sign(&party).unwrap()),
    );
    let thief = Signer::fresh();
    LDP.put(
        "proof-by-another-key",
        "The presentation is signed by another key than the subject's",
        ("holder", "holder_binding_invalid"),
        ldp_token(&world.wrap(&derived, &corpus.request, &thief)),
    );
    let mut posing = world.wrap(&derived, &corpus.request, &thief);
    posing.as_object_mut().unwrap().remove("proof");
    posing["holder"] = json!(world.holder.did());
    LDP.put(
        "proof-by-another-key-posing",
        "A thief signs and names the subject as the holder",
        ("holder", "holder_binding_invalid"),
        ldp_token(&world.seal_presentation(&posing, &corpus.request, &thief)),
    );
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut presented = corpus.honest_ldp();
        edit(&mut presented);
        ldp_token(&presented)
    };
    LDP.put(
        "proof-missing",
        "The presentation has no proof",
        ("holder", "holder_binding_missing"),
        edited(&|presented| _ = presented.as_object_mut().unwrap().remove("proof")),
    );
    LDP.put(
        "proof-altered",
        "The proof's time is changed after signing",
        ("holder", "holder_binding_invalid"),
        edited(&|presented| {
            presented["proof"]["created"] = json!(NOW.add_seconds(-1).to_rfc3339())
        }),
    );
    LDP.put(
        "proof-of-another-purpose",
        "The proof is an assertion, not an authentication",
        ("holder", "proof_purpose_mismatch"),
        edited(&|presented| presented["proof"]["proofPurpose"] = json!("assertionMethod")),
    );
    LDP.put(
        "proof-of-another-suite",
        "The proof names a suite that nobody knows",
        ("holder", "unsupported_suite"),
        edited(&|presented| presented["proof"]["cryptosuite"] = json!("specimen-2026")),
    );
}

fn answers(corpus: &Corpus) {
    let world = &corpus.world;
    let sd_jwt = Hostile {
        class: OTHER,
        ..SD_JWT
    };
    let ldp = Hostile {
        class: OTHER,
        ..LDP
    };
    let issued = world.issue(Limited);
    let shown = |paths: &[ClaimPath]| {
        sd_jwt_token(&world.bind(&issued, paths, &corpus.request, &world.holder))
    };
    sd_jwt.put(
        "disclosed-beyond-sd-jwt",
        "All ages are disclosed where one was asked",
        ("asked", "over_disclosure"),
        shown(&[ClaimPath::keys(&["age_equal_or_over"])]),
    );
    sd_jwt.put(
        "disclosed-less",
        "Nothing is disclosed",
        ("asked", "query_not_satisfied"),
        shown(&[]),
    );
    let pointers = ["/credentialSubject/age_equal_or_over".to_owned()];
    let derived = ecdsa_sd::derive(
        &world.issue_ldp(Limited),
        &pointers,
        &ContextStore::builtin(),
    )
    .unwrap();
    ldp.put(
        "disclosed-beyond-ldp",
        "All ages are disclosed where one was asked",
        ("asked", "over_disclosure"),
        ldp_token(&world.wrap(&derived, &corpus.request, &world.holder)),
    );
    let mut talkative = corpus.honest_ldp();
    talkative["name"] = json!("SPECIMEN");
    ldp.put(
        "presentation-tells-more",
        "The presentation has a member that nobody asked for",
        ("asked", "over_disclosure"),
        ldp_token(&talkative),
    );
    let honest: Value = serde_json::from_str(&corpus.sd_jwt()).unwrap();
    let further: Value = serde_json::from_str(&corpus.ldp()).unwrap();
    let both = json!({"sd_jwt": honest["sd_jwt"], "ldp": further["ldp"]}).to_string();
    sd_jwt.put(
        "answered-twice",
        "Both formats are shown where one was asked",
        ("asked", "over_disclosure"),
        json!({"presentation": both}),
    );
    sd_jwt.put(
        "answers-nothing",
        "The answer is empty",
        ("asked", "query_not_satisfied"),
        json!({"presentation": "{}"}),
    );
    sd_jwt.put(
        "answers-another-query",
        "The answer is to a query that was not made",
        ("asked", "query_not_satisfied"),
        json!({"presentation": corpus.sd_jwt().replace("sd_jwt", "other")}),
    );
    sd_jwt.put(
        "state-of-another",
        "The state is not the one that was sent",
        ("request", "nonce_mismatch"),
        json!({"presentation": json!({"vp_token": honest, "state": "other"}).to_string()}),
    );
    sd_jwt.put(
        "answered-late",
        "The answer comes 61 seconds after the request's end",
        ("request", "request_expired"),
        json!({"now": NOW.add_seconds(270 + 61).to_rfc3339()}),
    );
    sd_jwt.put(
        "request-of-another-service",
        "The policy is that of another service than the request's",
        ("request", "request_invalid"),
        json!({"policy": {"service": "hotel"}}),
    );
    let greedy = world
        .asking("internet-cafe")
        .also_ask(ClaimPath::keys(&["family_name"]))
        .build()
        .unwrap();
    let greedy = greedy.sign(&world.party).unwrap();
    let mut members = sd_jwt_token(&world.show(&issued, &Request::for_own(&greedy).unwrap()));
    members["request"] = json!(greedy);
    sd_jwt.put(
        "asked-beyond",
        "The verifier's own request asks beyond its service",
        ("request", "over_asking"),
        members,
    );
}

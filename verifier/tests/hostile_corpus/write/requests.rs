//! What a wallet must not answer.

use serde_json::{Value, json};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::jws;

use super::{Corpus, Hostile, OTHER};
use crate::world::{NOW, Signer};

const HOSTILE: Hostile<'_> = Hostile {
    class: OTHER,
    kind: "request",
    twin: "request",
};

pub(super) fn write(corpus: &Corpus) {
    let world = &corpus.world;
    let put = |name: &str, about: &str, code, request: String| {
        HOSTILE.put(name, about, ("request", code), json!({"request": request}));
    };
    let compact = world.request_jwt("internet-cafe");
    let part = |index| -> Value {
        serde_json::from_slice(&from_base64url(compact.split('.').nth(index).unwrap()).unwrap())
            .unwrap()
    };
    let changed = |signer: &Signer, change: &dyn Fn(&mut Value, &mut Value)| {
        let (mut header, mut payload) = (part(0), part(1));
        change(&mut header, &mut payload);
        jws::sign(header, &payload, signer).unwrap()
    };
    let (stranger, party) = (Signer::fresh(), &world.party);
    put(
        "request-by-another-key",
        "The client is registered, the signature is another key's",
        "request_invalid",
        changed(&stranger, &|_, _| ()),
    );
    put(
        "request-kid-of-another",
        "The kid is the attacker's and the client is registered",
        "request_invalid",
        changed(&stranger, &|header, _| {
            header["kid"] = json!(stranger.method())
        }),
    );
    let strange = world
        .asking("internet-cafe")
        .client(&stranger.did())
        .build()
        .unwrap();
    put(
        "requester-unknown",
        "The client is in no bundle",
        "requester_unregistered",
        strange.sign(&stranger).unwrap(),
    );
    let gate = world.asking("train-gate").build().unwrap();
    put(
        "requester-of-another-service",
        "The client is registered for other services",
        "requester_unregistered",
        gate.sign(party).unwrap(),
    );
    let greedy = world
        .asking("internet-cafe")
        .also_ask(ClaimPath::keys(&["family_name"]))
        .build()
        .unwrap();
    put(
        "request-asks-beyond",
        "An internet café asks for the family name",
        "over_asking",
        greedy.sign(party).unwrap(),
    );
    let wide = world
        .asking("internet-cafe")
        .also_ask(ClaimPath::keys(&["age_equal_or_over"]))
        .build()
        .unwrap();
    put(
        "request-asks-all-ages",
        "A path above the one allowed asks for more",
        "over_asking",
        wide.sign(party).unwrap(),
    );
    for (name, about, member, value) in [
        (
            "request-nonce-short",
            "The nonce is too short to be random",
            "nonce",
            json!("short"),
        ),
        (
            "request-by-reference",
            "It points to another request, which would be fetched",
            "request_uri",
            json!("https://attacker.example"),
        ),
        (
            "request-transaction-data",
            "It has transaction data, and none of them",
            "transaction_data",
            json!([]),
        ),
        (
            "request-response-insecure",
            "The answer would go over http",
            "response_uri",
            json!("http://attacker.example"),
        ),
        (
            "request-service-unknown",
            "The service is in no catalogue",
            "verifier_info",
            json!([{"format": "tessera_service", "data": "no-such-service"}]),
        ),
        (
            "request-query-empty",
            "It asks for nothing",
            "dcql_query",
            json!({"credentials": []}),
        ),
        (
            "request-audience",
            "It is for another audience",
            "aud",
            json!("https://elsewhere.example"),
        ),
        (
            "request-from-the-future",
            "It is issued 61 seconds from now",
            "iat",
            json!(NOW.unix() + 61),
        ),
    ] {
        let change = |_: &mut Value, payload: &mut Value| {
            if member == "response_uri" {
                payload["response_mode"] = json!("direct_post");
            }
            payload[member] = value.clone();
        };
        let code = match member {
            "transaction_data" => "transaction_data_invalid",
            _ => "request_invalid",
        };
        put(name, about, code, changed(party, &change));
    }
    put(
        "request-of-another-type",
        "Its typ is jwt",
        "request_invalid",
        changed(party, &|header, _| header["typ"] = json!("jwt")),
    );
    put(
        "request-expired",
        "It is at its end",
        "request_expired",
        changed(party, &|_, payload| payload["exp"] = json!(NOW)),
    );
    put(
        "request-alg-none",
        "It is not signed",
        "unsupported_algorithm",
        {
            let header = tessera_verifier::encoding::base64url(
                br#"{"alg":"none","typ":"oauth-authz-req+jwt"}"#,
            );
            format!("{header}.{}.", compact.split('.').nth(1).unwrap())
        },
    );
    put(
        "request-too-large",
        "It is larger than any honest one",
        "too_large",
        format!("{compact}{}", "A".repeat(64 * 1024)),
    );
}

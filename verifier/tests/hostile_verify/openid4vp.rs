//! OpenID4VP 1.0 requests of every form and client: what a conformance run asks of a wallet, at the reader.

pub(crate) mod certificates;
mod clients;
mod exact;
mod forms;
mod queries;
mod registrations;
mod transactions;

use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::jws;
use tessera_verifier::request::{
    AuthenticatedName, AuthenticatedRequest, Requester, Trust, UnauthenticatedRequest, Unregistered,
};
use tessera_verifier::{Bundle, Error, Request};

use crate::world::{NOW, Signer, World};

/// A foreign verifier's request: no service, no times, one SD-JWT VC asked for.
pub(crate) fn foreign(client_id: &str) -> Value {
    json!({
        "client_id": client_id,
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": "https://verifier.example/response",
        "nonce": "n-0S6_WzA2Mj",
        "aud": "https://self-issued.me/v2",
        "dcql_query": {"credentials": [{
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [CredentialProfile::of(AssuranceLevel::Limited).vct]},
            "claims": [{"path": ["family_name"]}],
        }]},
    })
}

pub(crate) fn signed(header: Value, payload: &Value, key: &Signer) -> String {
    let mut header = header;
    if header.get("typ").is_none() {
        header["typ"] = json!("oauth-authz-req+jwt");
    }
    jws::sign(header, payload, key).unwrap()
}

/// A foreign request by a did:key.
pub(crate) fn by_did(key: &Signer, change: impl FnOnce(&mut Value)) -> String {
    let mut payload = foreign(&format!("decentralized_identifier:{}", key.did()));
    change(&mut payload);
    signed(json!({"kid": key.method()}), &payload, key)
}

/// As a wallet reads it whose holder wants to be asked about strangers.
pub(crate) fn asked(
    request: Result<UnauthenticatedRequest, Error>,
    bundle: &Bundle,
) -> Result<AuthenticatedRequest, Error> {
    let trust = Trust {
        unregistered: Unregistered::Ask,
        ..Trust::of(bundle)
    };
    request?.authenticate_with(&trust, NOW)
}

pub(crate) fn outcome(result: Result<AuthenticatedRequest, Error>) -> String {
    result.map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

/// The outcome for a stranger's compact request, with [`Unregistered::Ask`].
pub(crate) fn stranger(world: &World, compact: &str) -> String {
    outcome(asked(Request::parse(compact, NOW), &world.bundle()))
}

#[test]
fn strangers_are_refused_unless_the_holder_wants_to_be_asked() {
    let (world, key) = (World::new(), Signer::fresh());
    let compact = by_did(&key, |_| {});
    let refused = Request::parse(&compact, NOW)
        .unwrap()
        .authenticate(&world.bundle(), NOW);
    assert_eq!(refused.unwrap_err().code(), "request_invalid");
    let request = asked(Request::parse(&compact, NOW), &world.bundle()).unwrap();
    assert!(matches!(request.requester(), Requester::Unregistered));
    assert_eq!(request.name(), &AuthenticatedName::Did(key.did()));
    assert!(request.registered_name().is_none());
    // A stranger that names a service is held to it.
    let greedy = by_did(&key, |payload| {
        payload["verifier_info"] = json!([{"format": "tessera_service", "data": "internet-cafe"}]);
        payload["nonce"] = json!("bm9uY2Utb2Ytc3BlY2ltZW4");
        payload["iat"] = json!(NOW);
        payload["exp"] = json!(NOW.add_seconds(60));
    });
    assert!(stranger(&world, &greedy).contains("beyond its registration"));
    // A party that the register knows is held to the register, whatever the holder accepts of strangers.
    let gate = world.asking("train-gate").build().unwrap();
    let gate = gate.sign(&world.party).unwrap();
    assert!(stranger(&world, &gate).contains("not for this service"));
}

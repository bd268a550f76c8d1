//! What two verifiers that lay their heads together can tell from what one holder showed them.

use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::did;
use tessera_verifier::encoding::{from_base64url, from_multibase_base64url};

use super::*;

/// Shortest byte string that counts as shared.
const SHARED: usize = 8;

/// What every holder's presentation of this kind has in common, with the reason. Everything else must differ.
fn common(world: &World) -> Vec<(String, &'static str)> {
    let issuer = did::did_key(world.signing.public_key());
    let now = tessera_wallet::Clock::now(world);
    let midnight = |days: i64| now.start_of_day().add_seconds(days * support::DAY);
    let profile = CredentialProfile::of(AssuranceLevel::Full);
    let mut common = vec![
        (
            did::verification_method(world.signing.public_key()),
            "issuer id, with its key",
        ),
        (issuer, "issuer id"),
        (
            "https://issuer.example/status/1.jwt".to_owned(),
            "one list for all credentials",
        ),
        (
            "https://issuer.example/status/1".to_owned(),
            "one list for all credentials",
        ),
        (profile.vct.to_owned(), "type name"),
        (json!(profile.types()).to_string(), "type names"),
        (
            json!(CredentialProfile::contexts()).to_string(),
            "contexts of the type",
        ),
        (
            "https://www.w3.org/ns/credentials/v2".to_owned(),
            "context of every presentation",
        ),
        // Every did:key of a P-256 key begins so (multicodec 0x1200 and the point's form).
        (
            "decentralized_identifier:did:key:zDnae".to_owned(),
            "prefix of every such name",
        ),
        ("did:key:zDnae".to_owned(), "prefix of every such name"),
        (
            r#"{"alg":"ES256","typ":"kb+jwt"}"#.to_owned(),
            "algorithm header",
        ),
        (r#"{"alg":"ES256","kid":""#.to_owned(), "algorithm header"),
        (r#"","typ":"dc+sd-jwt"}"#.to_owned(), "algorithm header"),
        // What both asked for, in either format.
        (r#""age_equal_or_over""#.to_owned(), "asked by both"),
        (r#"{"18":true}"#.to_owned(), "asked by both"),
        (r#""18",true]"#.to_owned(), "asked by both"),
    ];
    // The members of the formats, whatever they hold.
    for name in [
        "_sd",
        "_sd_alg",
        "cnf",
        "jwk",
        "crv",
        "kty",
        "x",
        "y",
        "exp",
        "iat",
        "iss",
        "nbf",
        "idx",
        "uri",
        "status",
        "status_list",
        "vct",
        "aud",
        "nonce",
        "sd_hash",
        "@context",
        "type",
        "issuer",
        "validFrom",
        "validUntil",
        "credentialStatus",
        "statusListCredential",
        "statusListIndex",
        "statusPurpose",
        "credentialSubject",
        "id",
        "proof",
        "created",
        "cryptosuite",
        "proofPurpose",
        "proofValue",
        "verificationMethod",
        "challenge",
        "domain",
        "holder",
        "verifiableCredential",
    ] {
        common.push((format!("\"{name}\":"), "a member of the format"));
    }
    for constant in [
        "sha-256",
        "P-256",
        "EC",
        "VerifiablePresentation",
        "BitstringStatusListEntry",
        "revocation",
        "DataIntegrityProof",
        "ecdsa-sd-2023",
        "ecdsa-rdfc-2019",
        "assertionMethod",
        "authentication",
    ] {
        common.push((format!("\"{constant}\""), "a constant of the format"));
    }
    // A presentation says when it was made, to the second; two of one day share the day.
    common.push((midnight(0).to_rfc3339()[..11].to_owned(), "a day"));
    for at in [midnight(0), midnight(90)] {
        common.push((at.unix().to_string(), "a day"));
        common.push((at.to_rfc3339(), "a day"));
    }
    common
}

/// Every part of a presentation as bytes, decoded from whatever encoding hides it.
fn parts(presented: &Value) -> Vec<Vec<u8>> {
    match presented {
        Value::String(text) => text
            .split(['~', '.'])
            .filter(|part| !part.is_empty())
            .map(|part| from_base64url(part).unwrap())
            .collect(),
        document => {
            // The proofs' values apart, without the encoding that hides them.
            let mut document = document.clone();
            let mut values = Vec::new();
            for pointer in ["/proof", "/verifiableCredential/0/proof"] {
                let proof = document.pointer_mut(pointer).unwrap();
                let value = proof.as_object_mut().unwrap().remove("proofValue").unwrap();
                let value = value.as_str().unwrap();
                values.push(match value.strip_prefix('u') {
                    Some(_) => from_multibase_base64url(value).unwrap(),
                    None => value.as_bytes().to_vec(),
                });
            }
            values.push(document.to_string().into_bytes());
            values
        }
    }
}

/// The byte strings of `SHARED` bytes that both have, without what is common to all.
fn shared(a: &Value, b: &Value, common: &[(String, &'static str)]) -> Vec<String> {
    let other = parts(b).join(&b"\0\0"[..]);
    let known: std::collections::BTreeSet<&[u8]> = other.windows(SHARED).collect();
    let mut found = Vec::new();
    for part in parts(a) {
        // Where a constant stands, no window counts.
        let mut free = vec![true; part.len()];
        for (constant, _) in common {
            let constant = constant.as_bytes();
            for at in 0..part.len().saturating_sub(constant.len() - 1) {
                if &part[at..at + constant.len()] == constant {
                    free[at..at + constant.len()].fill(false);
                }
            }
        }
        for (at, window) in part.windows(SHARED).enumerate() {
            // Positions of statements in a derived proof: small CBOR integers in an array, which name no value.
            let positions = window
                .iter()
                .all(|byte| *byte < 0x18 || (0x80..0x98).contains(byte));
            // A window that a constant reaches into is judged by what is left of it.
            let whole = free[at..at + SHARED].iter().all(|free| *free);
            if whole && !positions && known.contains(window) {
                found.push(String::from_utf8_lossy(window).into_owned());
            }
        }
    }
    found
}

fn request(verifier: &Verifier, format: Format, nonce: &str) -> String {
    let profile = CredentialProfile::of(AssuranceLevel::Full);
    verifier.request(|payload| {
        payload["nonce"] = json!(nonce);
        payload["dcql_query"]["credentials"][0] = match format {
            Format::SdJwt => json!({"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [profile.vct]},
                "claims": [{"path": ["age_equal_or_over", "18"]}]}),
            Format::LdpVc => json!({"id": "pid", "format": "ldp_vc", "meta": {"type_values": [profile.expanded_types()]},
                "claims": [{"path": ["credentialSubject", "age_equal_or_over", "18"]}]}),
        };
    })
}

#[test]
fn two_verifiers_share_no_bytes_about_one_holder_beyond_what_both_asked() {
    let world = World::new();
    let (_folder, mut store) = holder(&world);
    let common = common(&world);
    for format in Format::ALL {
        let mut shown = Vec::new();
        for nonce in ["c2hlLXNlbGxz", "YnktdGhlLXNlYQ"] {
            let verifier = Verifier::start();
            let flow = Flow::new(&world, &verifier);
            let signed = flow
                .signed(&mut store, &request(&verifier, format, nonce))
                .unwrap();
            shown.push(signed.to_json()["vp_token"]["pid"][0].clone());
            // Not in the same second, and in no second with the same beginning.
            world.now.set(world.now.get() + 77_777);
        }
        let found = shared(&shown[0], &shown[1], &common);
        assert!(found.is_empty(), "{format}: {found:?}");
        // The test can see: one presentation shares itself with itself.
        assert!(!shared(&shown[0], &shown[0], &common).is_empty());
        world.now.set(world.now.get() - 2 * 77_777);
    }
}

#[test]
fn the_history_of_what_strangers_were_shown_holds_no_values() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    flow.signed(&mut store, &verifier.request(|_| {})).unwrap();
    let last = store.contents().history.last().unwrap();
    let text = serde_json::to_string(last).unwrap();
    assert!(text.contains("family_name") && text.contains(&verifier.client_id()));
    for value in ["SPECIMEN", "MING", "1990", "n-0S6_WzA2Mj"] {
        assert!(!text.contains(value), "{value}");
    }
}

//! did:key (W3C CCG): names of P-256 keys, made and read.

use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::did;
use tessera_verifier::key::PublicKey;

use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::oracle::Oracle;
use crate::specimen::key;

/// Keys tried each way; half of all P-256 points have an odd y.
const KEYS: usize = 8;

/// Asks every judge, both ways.
pub fn run(oracle: &Oracle, matrix: &mut Matrix) {
    for judge in ["did-key", "ssi"] {
        matrix.ask("did:key P-256", judge, Way::OursToTheirs, || {
            ours(oracle, judge)
        });
        matrix.ask("did:key P-256", judge, Way::TheirsToOurs, || {
            theirs(oracle, judge)
        });
    }
}

fn ours(oracle: &Oracle, judge: &str) -> Outcome {
    for _ in 0..KEYS {
        let key = key()?;
        let words = ["did-key", "resolve", "--with", judge];
        let answer = oracle.ask(&words, &json!({"did": did::did_key(key.public_key())}))?;
        demand(
            point(&answer["jwk"]) == point(&key.public_key().to_jwk()),
            "another key came back",
        )?;
        demand(
            answer["verification_method"] == did::verification_method(key.public_key()),
            "another verification method came back",
        )?;
        oracle.refuses(&words, &json!({"did": "did:key:z"}), "an empty name")?;
    }
    Ok(format!("{KEYS} keys"))
}

fn theirs(oracle: &Oracle, judge: &str) -> Outcome {
    for _ in 0..KEYS {
        let jwk = key()?.public_key().to_jwk();
        let answer = oracle.ask(&["did-key", "make", "--with", judge], &json!({"jwk": jwk}))?;
        let name = answer["did"].as_str().ok_or_else(|| Stop::fail("no did"))?;
        let (did, resolved) = did::resolve(name).map_err(Stop::fail)?;
        demand(did == name, "the name changed")?;
        demand(
            resolved == PublicKey::from_jwk(&jwk).map_err(Stop::fail)?,
            "another key came back",
        )?;
        demand(
            did::resolve(&name[..name.len() - 1]).is_err(),
            "a cut name was accepted",
        )?;
    }
    Ok(format!("{KEYS} keys"))
}

/// The members that make the point: judges add others.
fn point(jwk: &Value) -> [&Value; 4] {
    ["kty", "crv", "x", "y"].map(|name| &jwk[name])
}

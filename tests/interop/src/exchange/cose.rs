//! VC-JOSE-COSE §3.3: `vc+cose` with two COSE libraries that must agree with one another, too.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tessera_verifier::Error;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::vc_jose_cose::{Kind, SigningKey, Verified, prepare_cose, verify_cose};

use super::jose::{ALGORITHMS, document, expectation, options, same_document, text};
use crate::keys::Key;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::peer::Peer;

/// Labels of `content type` (RFC 9052 §3.1) and `typ` (RFC 9596 §2).
const CONTENT_TYPE: &str = "3";
const TYP: &str = "16";

/// Asks `peer`, both ways.
pub fn run(matrix: &mut Matrix, name: &str, peer: &Peer) {
    for (kind, alg) in ALGORITHMS {
        let subject = format!("vc+cose {alg}");
        matrix.ask(&subject, name, Way::TheirsToOurs, || {
            theirs(peer, kind, alg)
        });
        matrix.ask(&subject, name, Way::OursToTheirs, || ours(peer, kind, alg));
    }
}

fn theirs(peer: &Peer, kind: KeyType, alg: &str) -> Outcome {
    let document = document(Kind::Credential, "https://issuer.example")?;
    let signed = |typ: &str| {
        let protected = json!({TYP: typ, CONTENT_TYPE: "application/vc"});
        let question = json!({"alg": alg, "protected": protected, "payload": document});
        peer.ask("cose-sign", question)
    };
    let made = signed("application/vc+cose")?;
    let bytes = octets(text(&made, "cose")?)?;
    let public = PublicKey::from_jwk(&made["jwk"]).map_err(Stop::fail)?;
    let verified = check(&bytes, kind, &public).map_err(Stop::fail)?;
    demand(*verified.document() == document, "another document")?;
    let mut altered = bytes.clone();
    if let Some(last) = altered.last_mut() {
        *last ^= 1;
    }
    for (bytes, public, forgery) in [
        (&altered, &public, "another signature"),
        (&bytes, Key::generate(kind)?.public_key(), "another key"),
    ] {
        demand(
            check(bytes, kind, public).is_err(),
            &format!("we accepted {forgery}"),
        )?;
    }
    let other = signed("application/vp+cose")?;
    let public = PublicKey::from_jwk(&other["jwk"]).map_err(Stop::fail)?;
    demand(
        check(&octets(text(&other, "cose")?)?, kind, &public).is_err(),
        "we accepted another typ",
    )?;
    Ok("verified; another signature, key, typ refused".to_owned())
}

fn ours(peer: &Peer, kind: KeyType, alg: &str) -> Outcome {
    let signer = Key::generate(kind)?;
    let document = document(Kind::Credential, &signer.did())?;
    let (method, contexts) = (signer.verification_method(), ContextStore::builtin());
    let unsigned = prepare_cose(
        &document,
        &options(Kind::Credential, kind, &method, &contexts),
    )
    .map_err(Stop::fail)?;
    let mut bytes = unsigned.sign(&signer).map_err(Stop::fail)?;
    let question = |bytes: &[u8], key: &PublicKey| json!({"cose": URL_SAFE_NO_PAD.encode(bytes), "jwk": key.to_jwk(), "alg": alg, "kid": method});
    let answer = peer.ask("cose-verify", question(&bytes, signer.public_key()))?;
    same_document(&answer["payload"], &document)?;
    demand(
        answer["protected"][TYP] == "application/vc+cose"
            && answer["protected"][CONTENT_TYPE] == "application/vc",
        "other types were read",
    )?;
    let other = Key::generate(kind)?;
    let forgery = question(&bytes, other.public_key());
    peer.refuses("cose-verify", forgery, "another key")?;
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    let forgery = question(&bytes, signer.public_key());
    peer.refuses("cose-verify", forgery, "another signature")?;
    Ok("verified; another signature, key refused".to_owned())
}

fn check(bytes: &[u8], kind: KeyType, theirs: &PublicKey) -> Result<Verified, Error> {
    let algorithms = [kind];
    let expected = expectation(Kind::Credential, &algorithms)?;
    verify_cose(bytes, &expected, &|_| Ok(SigningKey::from(theirs.clone())))
}

fn octets(text: &str) -> Result<Vec<u8>, Stop> {
    URL_SAFE_NO_PAD.decode(text).map_err(Stop::fail)
}

//! SD-JWT VC with key binding, and `vc+sd-jwt`, with the libraries of npm and PyPI.

use aws_lc_rs::rand;
use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::sd_jwt::{self, HashAlgorithm};
use tessera_verifier::status::{BitString, token_status_list};
use tessera_verifier::vc_jose_cose::{
    Kind, SdJwtOptions, SigningKey, prepare_sd_jwt, verify_sd_jwt,
};

use super::Peers;
use super::jose::{ALGORITHMS, document, expectation, options, text};
use crate::keys::Key;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::peer::Peer;
use crate::sd_jwt::{Issued, check_claims, forged, issue, present, verify_by};
use crate::specimen::{AUDIENCE, NONCE, claims, now};

const SUBJECT: &str = "SD-JWT VC + key binding";
/// The list that [`issue`] names; its entry there is 94,567.
const STATUS_LIST: &str = "https://issuer.example/status/1.jwt";

/// Asks all who know SD-JWT.
pub fn run(matrix: &mut Matrix, peers: &Peers) {
    let node = ("@sd-jwt/sd-jwt-vc", &peers.node);
    let python = ("sd-jwt (PyPI)", &peers.python);
    let openvc = ("openvc", &peers.python);
    for (name, peer) in [node, python] {
        for (kind, alg) in ALGORITHMS {
            let subject = format!("{SUBJECT} {alg}");
            matrix.ask(&subject, name, Way::TheirsToOurs, || {
                theirs(peer, kind, alg)
            });
        }
    }
    for (name, peer) in [node, python, openvc] {
        let subject = format!("{SUBJECT} ES256");
        matrix.ask(&subject, name, Way::OursToTheirs, || {
            ours(peer, name, name == node.0)
        });
    }
    matrix.ask("vc+sd-jwt ES256", python.0, Way::TheirsToOurs, || {
        their_w3c(python.1)
    });
    for (name, peer) in [python, openvc] {
        matrix.ask("vc+sd-jwt ES256", name, Way::OursToTheirs, || {
            our_w3c(peer, name)
        });
    }
}

fn theirs(peer: &Peer, kind: KeyType, alg: &str) -> Outcome {
    let issued_at = now()?.unix();
    let question = json!({
        "alg": alg,
        "claims": {
            "iss": "https://issuer.example", "vct": "urn:tessera:identity:limited:1",
            "iat": issued_at - 3600, "exp": issued_at + 3600,
            "name_native": claims()["name_native"], "family_name": "SPECIMEN",
            "age_equal_or_over": {"12": true, "18": true, "21": true},
            "nationalities": ["UTO", "XXA"],
        },
        // What is disclosable, as the one library and as the other wants it said.
        "frame": {
            "_sd": ["name_native", "family_name", "age_equal_or_over"], "_sd_decoy": 2,
            "age_equal_or_over": {"_sd": ["12", "18", "21"]}, "nationalities": {"_sd": [0, 1]},
        },
        "paths": [["name_native"], ["family_name"], ["age_equal_or_over"], ["age_equal_or_over", "12"],
            ["age_equal_or_over", "18"], ["age_equal_or_over", "21"], ["nationalities", 0], ["nationalities", 1]],
        "header": {"typ": "dc+sd-jwt", "kid": "https://issuer.example/keys#1"},
        "show": {"name_native": true, "age_equal_or_over": {"18": true}},
        "nonce": NONCE, "audience": AUDIENCE, "now": issued_at,
    });
    let made = peer.ask("sd-jwt-issue", question.clone())?;
    let issuer = PublicKey::from_jwk(&made["issuer_jwk"]).map_err(Stop::fail)?;
    let whole = sd_jwt::parse_with(text(&made, "sd_jwt")?, &[kind])
        .and_then(|parsed| parsed.verify_issuer(&issuer, &["dc+sd-jwt"]))
        .map_err(Stop::fail)?
        .into_payload();
    for name in ["age_equal_or_over", "nationalities", "family_name"] {
        demand(
            whole[name] == question["claims"][name],
            &format!("{name} is another"),
        )?;
    }
    let presentation = text(&made, "presentation")?;
    let shown = verify_by(presentation, &issuer, NONCE, kind).map_err(Stop::fail)?;
    demand(
        shown["age_equal_or_over"] == json!({"18": true}) && shown.get("family_name").is_none(),
        "more or less was shown than selected",
    )?;
    let other = Key::generate(kind)?;
    for (presentation, issuer, nonce, forgery) in [
        (presentation, &issuer, "another", "another nonce"),
        (
            &forged(presentation),
            &issuer,
            NONCE,
            "a removed disclosure",
        ),
        (presentation, other.public_key(), NONCE, "another key"),
    ] {
        demand(
            verify_by(presentation, issuer, nonce, kind).is_err(),
            &format!("we accepted {forgery}"),
        )?;
    }
    Ok("whole, presented; 3 forgeries refused".to_owned())
}

fn ours(peer: &Peer, name: &str, reads_status: bool) -> Outcome {
    let issued = issue()?;
    let presentation = present(&issued)?;
    let question = |sd_jwt: &str, nonce: &str, revoked: usize| -> Result<Value, Stop> {
        Ok(json!({
            "with": name,
            "sd_jwt": sd_jwt,
            "issuer_jwk": issued.issuer.public_key().to_jwk(),
            "nonce": nonce,
            "audience": AUDIENCE,
            "now": now()?.unix(),
            "status_lists": {STATUS_LIST: status_list(&issued, revoked)?},
        }))
    };
    let answer = peer.ask("sd-jwt-verify", question(&presentation, NONCE, 94_568)?)?;
    check_claims(&answer["claims"])?;
    let forgery = question(&presentation, "another", 94_568)?;
    peer.refuses("sd-jwt-verify", forgery, "another nonce")?;
    let forgery = question(&forged(&presentation), NONCE, 94_568)?;
    peer.refuses("sd-jwt-verify", forgery, "a removed disclosure")?;
    if !reads_status {
        return Ok("presented; 2 forgeries refused".to_owned());
    }
    let revoked = question(&presentation, NONCE, 94_567)?;
    peer.refuses("sd-jwt-verify", revoked, "a revoked credential")?;
    Ok("presented, status list token read; 2 forgeries and a revoked one refused".to_owned())
}

/// Our status list token (IETF Token Status List §5.1) with one credential revoked.
fn status_list(issued: &Issued, revoked: usize) -> Result<String, Stop> {
    let mut bits = BitString::new(BitString::MIN_ENTRIES).map_err(Stop::fail)?;
    bits.set(revoked, true).map_err(Stop::fail)?;
    let (from, until) = (now()?.add_seconds(-60), now()?.add_seconds(86_400));
    let unsigned = token_status_list(STATUS_LIST, &issued.issuer.did(), &bits, from, until)
        .map_err(Stop::fail)?;
    unsigned.sign(&issued.issuer).map_err(Stop::fail)
}

/// They issue `vc+sd-jwt` and show one claim of it.
fn their_w3c(peer: &Peer) -> Outcome {
    let made = peer.ask(
        "sd-jwt-issue",
        json!({
            "claims": document(Kind::Credential, "https://issuer.example")?,
            "paths": [["credentialSubject", "name_native"], ["credentialSubject", "family_name"]],
            "header": {"typ": "vc+sd-jwt", "kid": "https://issuer.example/keys#1"},
            "show": {"credentialSubject": {"name_native": true}},
            "nonce": NONCE, "audience": AUDIENCE,
        }),
    )?;
    let issuer = PublicKey::from_jwk(&made["issuer_jwk"]).map_err(Stop::fail)?;
    let mut expected = expectation(Kind::Credential, &[KeyType::P256]).map_err(Stop::fail)?;
    expected.key_binding = Some(sd_jwt::KeyBindingExpectation {
        aud: AUDIENCE,
        nonce: NONCE,
        now: now()?,
        max_age: 300,
        clock_skew: 60,
    });
    let check = |text: &str, key: &PublicKey| {
        verify_sd_jwt(text, &expected, &|_| Ok(SigningKey::from(key.clone())))
    };
    let shown = text(&made, "presentation")?;
    let verified = check(shown, &issuer).map_err(Stop::fail)?;
    let subject = &verified.document()["credentialSubject"];
    demand(
        subject["name_native"] == claims()["name_native"] && subject.get("family_name").is_none(),
        "more or less was shown than selected",
    )?;
    let other = Key::generate(KeyType::P256)?;
    demand(
        check(shown, other.public_key()).is_err(),
        "we accepted another key",
    )?;
    Ok("verified; another key refused".to_owned())
}

/// We issue `vc+sd-jwt`, whole.
fn our_w3c(peer: &Peer, name: &str) -> Outcome {
    let signer = Key::generate(KeyType::P256)?;
    let document = document(Kind::Credential, &signer.did())?;
    let (method, contexts) = (signer.verification_method(), ContextStore::builtin());
    let mut salts = || {
        let mut salt = [0; 16];
        // A failing system generator leaves zeros; two equal salts then show up as a refusal.
        let _ = rand::fill(&mut salt);
        salt
    };
    let unsigned = prepare_sd_jwt(
        &document,
        &options(Kind::Credential, KeyType::P256, &method, &contexts),
        SdJwtOptions {
            disclosable: &[
                ClaimPath::keys(&["credentialSubject", "name_native"]),
                ClaimPath::keys(&["credentialSubject", "age_equal_or_over", "18"]),
            ],
            decoys: 2,
            algorithm: HashAlgorithm::Sha256,
            holder: None,
            salts: &mut salts,
        },
    )
    .map_err(Stop::fail)?;
    let signature = signer.sign(unsigned.signing_input()).map_err(Stop::fail)?;
    let sd_jwt = unsigned.attach(signature);
    let question =
        |key: &PublicKey| json!({"with": name, "sd_jwt": sd_jwt, "issuer_jwk": key.to_jwk()});
    let answer = peer.ask("sd-jwt-verify", question(signer.public_key()))?;
    demand(
        answer["claims"]["credentialSubject"] == document["credentialSubject"],
        "another subject was read",
    )?;
    let other = Key::generate(KeyType::P256)?;
    let forgery = question(other.public_key());
    peer.refuses("sd-jwt-verify", forgery, "another key")?;
    Ok("verified; another key refused".to_owned())
}

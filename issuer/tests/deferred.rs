//! The authority looks before it issues: OpenID4VCI 1.0 §9, from both sides of the desk.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::desk::{Desk, PORTRAIT};
use support::wallet::{challenge, request, sent};
use support::{Answer, FakeFace, Issuer, NUMBER, at_once, code_of, only_one};
use tessera_exchange::jwe::{DecryptionKey, Encrypter};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::SoftwareKey;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::did::did_key;
use tessera_verifier::encoding::from_base64url;
use tessera_verifier::terminal::{self, ReviewStatement};

fn desk() -> Desk {
    Desk::of(Issuer::with(
        Arc::new(FakeFace),
        b"SAME reference",
        |config| config.assurance.review = true,
    ))
}

/// A session whose person was at the terminal: its id and bearer token, and an access token for what is to come.
fn reviewed(desk: &Desk, counter: u64) -> ((String, String), String) {
    let issuer = &desk.issuer;
    let session = issuer.session(NUMBER, "full");
    let answer = desk.serve(&session.0, PORTRAIT, counter);
    assert_eq!(answer.text("state"), "in_review");
    let shown = issuer.get(&format!("/sessions/{}", session.0), Some(&session.1));
    let redeemed = issuer.redeem(&code_of(&shown), &answer.text("tx_code"));
    // Long enough for the review and the collection.
    assert!(redeemed.body["expires_in"].as_i64().unwrap() > 86_400);
    (session, redeemed.text("access_token"))
}

/// The same, with a credential asked for: its transaction.
fn waiting(desk: &Desk, counter: u64) -> ((String, String), String, String) {
    let (session, token) = reviewed(desk, counter);
    let asked = desk.issuer.credentials(&token, "identity_full_sd_jwt", 1);
    (session, token, asked.text("transaction_id"))
}

fn collect(issuer: &Issuer, token: &str, transaction: &str) -> Answer {
    let body = json!({"transaction_id": transaction});
    issuer.post_json("/deferred_credential", Some(token), &body)
}

/// A reviewer of the authority's, registered.
fn reviewer(issuer: &Issuer) -> SoftwareKey {
    let key = support::key();
    employ(issuer, &key, true);
    key
}

fn employ(issuer: &Issuer, key: &SoftwareKey, reviewer: bool) {
    issuer.admin(Command::OperatorAdd {
        did: did_key(key.public_key()),
        staff: "S-0042".to_owned(),
        organisation: "Town hall".to_owned(),
        reviewer,
    });
}

fn decision(
    issuer: &Issuer,
    key: &SoftwareKey,
    (session, approve): (&str, bool),
    differ: impl FnOnce(&mut ReviewStatement),
) -> Result<Value, String> {
    let mut statement = ReviewStatement {
        iss: did_key(key.public_key()),
        aud: issuer.url.clone(),
        session: session.to_owned(),
        approve,
        iat: issuer.time().unix(),
    };
    differ(&mut statement);
    let statement = terminal::prepare(key.public_key(), &statement)
        .sign(key)
        .unwrap();
    issuer.try_admin(Command::ReviewDecide { statement })
}

fn try_decide(issuer: &Issuer, session: &str, approve: bool) -> Result<Value, String> {
    decision(issuer, &reviewer(issuer), (session, approve), |_| {})
}

fn decide(issuer: &Issuer, session: &str, approve: bool) -> String {
    let decided = try_decide(issuer, session, approve).unwrap();
    decided["state"].as_str().unwrap().to_owned()
}

#[test]
fn only_a_registered_reviewer_decides_and_it_is_known_who_did() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, token, transaction) = waiting(&desk, 1);
    let key = support::key();
    let refused = |key: &SoftwareKey, differ: fn(&mut ReviewStatement)| {
        decision(issuer, key, (&session.0, true), differ).unwrap_err()
    };
    let nobody = "the decision is not by a registered reviewer";
    assert_eq!(refused(&key, |_| {}), nobody);
    assert_eq!(refused(&desk.operator, |_| {}), nobody, "who compared");
    employ(issuer, &key, true);
    let elsewhere = |s: &mut ReviewStatement| s.aud = "https://another.example".to_owned();
    assert!(refused(&key, elsewhere).contains("not valid"));
    assert!(refused(&key, |s| s.iat -= 600).contains("not valid"));
    let as_another = |s: &mut ReviewStatement| s.iss = "did:key:zAnother".to_owned();
    assert!(refused(&key, as_another).contains("not valid"));
    issuer.admin(Command::OperatorRetire {
        did: did_key(key.public_key()),
    });
    assert_eq!(refused(&key, |_| {}), nobody);
    assert_eq!(issuer.admin(Command::ReviewDecisions {}), json!([]));

    employ(issuer, &key, true);
    decision(issuer, &key, (&session.0, true), |_| {}).unwrap();
    assert_eq!(refused(&key, |_| {}), "nothing to review");
    let day = issuer.time().unix().div_euclid(86_400) * 86_400;
    let decided = json!({"session": session.0, "approved": true, "reviewer": did_key(key.public_key()), "staff": "S-0042", "day": day});
    assert_eq!(issuer.admin(Command::ReviewDecisions {}), json!([decided]));
    // The set of a credential begins with the session; the credential itself does not say.
    let answer = collect(issuer, &token, &transaction);
    let listed = issuer.admin(Command::Issuances {});
    assert!(listed[0]["set"].as_str().unwrap().starts_with(&session.0));
    let credential = answer.body["credentials"][0]["credential"]
        .as_str()
        .unwrap();
    for disclosure in credential.split('~').skip(1) {
        let plain = from_base64url(disclosure).unwrap_or_default();
        let plain = String::from_utf8_lossy(&plain);
        assert!(!plain.contains("S-0042") && !plain.contains(&did_key(key.public_key())));
    }
}

#[test]
fn what_was_deferred_is_collected_once_the_authority_agrees() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, token) = reviewed(&desk, 1);
    let holder = support::key();
    let proof = issuer.proof(&holder, &issuer.nonce());
    let answer = issuer.request(&token, "identity_full_sd_jwt", std::slice::from_ref(&proof));
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(answer.body.get("credentials").is_none());
    assert!(answer.body["interval"].as_u64().unwrap() > 0);
    let transaction = answer.text("transaction_id");
    // The nonce and the token's use are gone, though nothing was issued.
    issuer
        .request(&token, "identity_full_ldp", &[proof])
        .refused(400, "invalid_nonce");
    issuer
        .credentials(&token, "identity_full_sd_jwt", 1)
        .refused(400, "unknown_credential_configuration");
    issuer
        .credentials(&token, "identity_limited_ldp", 1)
        .refused(400, "unknown_credential_configuration");

    let pending = collect(issuer, &token, &transaction);
    assert_eq!(pending.status, 202, "{pending:?}");
    assert_eq!(pending.text("transaction_id"), transaction);
    assert_eq!(issuer.admin(Command::Issuances {}), json!([]));

    let listed = issuer.admin(Command::ReviewList {});
    assert_eq!(listed[0]["session"], session.0);
    assert_eq!(listed[0]["attended"], true);
    assert!(!listed.to_string().contains(NUMBER), "no personal data");
    let shown = issuer.admin(Command::ReviewShow {
        session: session.0.clone(),
    });
    assert_eq!(shown["personal_administrative_number"], NUMBER);
    let hidden = |session: &str| {
        let shown = issuer.try_admin(Command::ReviewShow {
            session: session.to_owned(),
        });
        assert_eq!(shown.unwrap_err(), "nothing to review");
    };
    hidden(&issuer.session(NUMBER, "full").0);

    issuer.clock.advance(23 * 3600);
    assert_eq!(decide(issuer, &session.0, true), "approved");
    hidden(&session.0);
    assert_eq!(issuer.admin(Command::ReviewList {}), json!([]));
    let other = issuer.access_token();
    collect(issuer, &other, &transaction).refused(400, "invalid_transaction_id");
    collect(issuer, &token, "guess").refused(400, "invalid_transaction_id");
    collect(issuer, "guess", &transaction).refused(401, "invalid_token");

    let collected = collect(issuer, &token, &transaction);
    assert_eq!(collected.status, 200, "{collected:?}");
    let credential = collected.body["credentials"][0]["credential"].clone();
    let parsed = tessera_verifier::sd_jwt::parse(credential.as_str().unwrap()).unwrap();
    let bound = parsed.payload_unverified()["cnf"]["jwk"].clone();
    assert_eq!(bound, holder.public_key().to_jwk(), "to the key shown then");
    // §9.1: invalid once it was obtained.
    collect(issuer, &token, &transaction).refused(400, "invalid_transaction_id");
    // The other format, asked for after the decision, comes at once.
    assert_eq!(
        issuer.credentials(&token, "identity_full_ldp", 1).status,
        200
    );
}

#[test]
fn a_response_of_two_formats_is_deferred_and_collected_format_by_format() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, token) = reviewed(&desk, 1);
    let transactions = ["identity_full_sd_jwt", "identity_full_ldp"]
        .map(|id| issuer.credentials(&token, id, 2).text("transaction_id"));
    decide(issuer, &session.0, true);
    for transaction in &transactions {
        let answer = collect(issuer, &token, transaction);
        assert_eq!(answer.body["credentials"].as_array().unwrap().len(), 2);
    }
    let listed = issuer.admin(Command::Issuances {});
    let live = listed.as_array().unwrap().iter();
    assert_eq!(live.filter(|row| row["revoked"].is_null()).count(), 4);
}

#[test]
fn a_refusal_is_told_and_final() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, token, transaction) = waiting(&desk, 1);
    assert_eq!(decide(issuer, &session.0, false), "refused");
    let answer = collect(issuer, &token, &transaction);
    answer.refused(400, "credential_request_denied");
    assert_eq!(answer.body["error"], "credential_request_denied");
    let path = format!("/sessions/{}", session.0);
    let shown = issuer.get(&path, Some(&session.1));
    assert_eq!(shown.text("state"), "refused");
    assert!(shown.body.get("credential_offer").is_none());
    issuer
        .credentials(&token, "identity_full_ldp", 1)
        .refused(409, "wrong_state");
}

#[test]
fn a_review_has_a_day_and_a_collection_a_week() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (late, token, transaction) = waiting(&desk, 1);
    issuer.clock.advance(86_400);
    collect(issuer, &token, &transaction).refused(400, "credential_request_denied");
    let refused = try_decide(issuer, &late.0, true);
    assert!(refused.unwrap_err().contains("over"));
    let shown = issuer.try_admin(Command::ReviewShow { session: late.0 });
    assert_eq!(shown.unwrap_err(), "nothing to review");

    let (session, token, transaction) = waiting(&desk, 2);
    decide(issuer, &session.0, true);
    issuer.clock.advance(7 * 86_400);
    collect(issuer, &token, &transaction).refused(400, "credential_request_denied");
}

#[test]
fn what_was_deferred_is_collected_once_from_many_connections() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, token, transaction) = waiting(&desk, 1);
    decide(issuer, &session.0, true);
    let answers = at_once(|_| collect(issuer, &token, &transaction));
    only_one(answers, &["invalid_transaction_id"]);
    let listed = issuer.admin(Command::Issuances {});
    let released = listed.as_array().unwrap().iter();
    assert_eq!(released.filter(|row| row["state"] == "issued").count(), 1);
}

#[test]
fn of_reviewers_who_decide_at_once_one_decides() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, _) = reviewed(&desk, 1);
    let reviewer = reviewer(issuer);
    let decided = at_once(|number| {
        let what = (session.0.as_str(), number % 2 == 0);
        decision(issuer, &reviewer, what, |_| {})
    });
    let (done, refused): (Vec<_>, Vec<_>) = decided.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for why in refused {
        assert_eq!(why.unwrap_err(), "nothing to review");
    }
    // The state and the record agree on what was decided.
    let listed = issuer.admin(Command::ReviewDecisions {});
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let state = if listed[0]["approved"] == true {
        "approved"
    } else {
        "refused"
    };
    assert_eq!(done[0].as_ref().unwrap()["state"], state);
}

#[test]
fn a_revoked_person_collects_nothing() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, token, transaction) = waiting(&desk, 1);
    issuer.admin(Command::Revoke {
        target: tessera_issuer::store::RevocationTarget::Person(NUMBER.to_owned()),
        reason: "died".to_owned(),
    });
    let refused = try_decide(issuer, &session.0, true);
    assert!(refused.is_err());
    assert_eq!(issuer.admin(Command::ReviewList {}), json!([]));
    collect(issuer, &token, &transaction).refused(400, "credential_request_denied");
    assert_eq!(issuer.admin(Command::Issuances {}), json!([]));
}

#[test]
fn what_is_polled_for_is_encrypted_as_well() {
    let desk = desk();
    let issuer = &desk.issuer;
    let (session, token) = reviewed(&desk, 1);
    let metadata = issuer
        .get("/.well-known/openid-credential-issuer", None)
        .body;
    let jwk = &metadata["credential_request_encryption"]["jwks"]["keys"][0];
    let ours = DecryptionKey::generate("response").unwrap();
    let wanted = json!({"jwk": ours.public_jwk(), "enc": "A256GCM"});
    let send = |path: &str, mut body: serde_json::Value| {
        body["credential_response_encryption"] = wanted.clone();
        let encrypter = Encrypter::new(jwk, "A128GCM").unwrap();
        let sealed = encrypter.encrypt(body.to_string().as_bytes()).unwrap();
        let answer = issuer.post(path, Some(&token), "application/jwt", sealed.as_bytes());
        assert_eq!(answer.media_type, "application/jwt", "{answer:?}");
        let compact = String::from_utf8(answer.raw).unwrap();
        let plain = ours.decrypt(&compact, &["A256GCM"]).unwrap();
        let plain: serde_json::Value = serde_json::from_slice(&plain).unwrap();
        (answer.status, plain)
    };
    let nonce = issuer.nonce();
    let proofs = json!({"jwt": [issuer.proof(&support::key(), &nonce)]});
    let request = json!({"credential_configuration_id": "identity_full_sd_jwt", "proofs": proofs});
    let (status, answer) = send("/credential", request);
    assert_eq!(status, 202);
    let again = json!({"transaction_id": answer["transaction_id"]});
    let (status, answer) = send("/deferred_credential", again.clone());
    assert_eq!(
        (status, &answer["transaction_id"]),
        (202, &again["transaction_id"])
    );
    decide(issuer, &session.0, true);
    let (status, answer) = send("/deferred_credential", again);
    assert_eq!(status, 200);
    assert_eq!(answer["credentials"].as_array().unwrap().len(), 1);
    assert!(answer["notification_id"].is_string());
}

#[test]
fn a_full_offer_is_taken_up_by_its_issuer_state_and_the_code_of_the_terminal() {
    let desk = Desk::of(Issuer::start());
    let issuer = &desk.issuer;
    let session = issuer.session(NUMBER, "full");
    let answer = desk.serve(&session.0, PORTRAIT, 1);
    let shown = issuer.get(&format!("/sessions/{}", session.0), Some(&session.1));
    let grants = &shown.body["credential_offer"]["grants"];
    let state = grants["authorization_code"]["issuer_state"]
        .as_str()
        .unwrap();
    let challenge = challenge();
    let mut pairs = request(("scope", "identity_full_sd_jwt"), &challenge);
    pairs.push(("issuer_state", state));
    let browser = issuer.open(&issuer.push(&pairs));
    let tx_code = answer.text("tx_code");
    let code = sent(&browser.answer("confirm", &[("tx_code", &tx_code)]));
    let granted = issuer.redeem_code(code.get("code").unwrap(), None);
    let token = granted.text("access_token");
    let answer = issuer.credentials(&token, "identity_full_sd_jwt", 2);
    assert_eq!(answer.status, 200, "{answer:?}");
    // A limited credential is not what the session was at the terminal for.
    let mut limited = request(("scope", "identity_limited_sd_jwt"), &challenge);
    limited.push(("issuer_state", state));
    let other = issuer.open(&issuer.push(&limited));
    assert_eq!(other.page("").status, 409);
}

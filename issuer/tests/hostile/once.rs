//! What is good once is good once, whichever of sixteen connections is the first.

use std::sync::Arc;

use serde_json::json;
use tessera_issuer::admin::Command;
use tessera_issuer::config::Config;
use tessera_issuer::keys::Signer as _;
use tessera_verifier::vci::client_attestation;

use super::SD_JWT;
use super::support::desk::{Desk, PORTRAIT};
use super::support::wallet::{CLIENT, challenge, form, request};
use super::support::{Answer, FakeFace, Issuer, NUMBER, at_once, key, only_one};

fn configured(configure: impl FnOnce(&mut Config)) -> Issuer {
    Issuer::with(Arc::new(FakeFace), b"SAME reference", configure)
}

/// How many were refused with this code.
fn count(answers: &[Answer], code: &str) -> usize {
    let said = |answer: &&Answer| answer.body["code"] == code;
    answers.iter().filter(said).count()
}

#[test]
fn a_device_nonce_opens_one_session() {
    let issuer = Issuer::start();
    let nonce = issuer.nonce();
    let answers = at_once(|_| {
        let proof = issuer.device_proof(&nonce);
        let body = json!({"personal_administrative_number": NUMBER, "level": "limited", "device_proof": proof});
        issuer.post_json("/sessions", None, &body)
    });
    only_one(answers, &["nonce_mismatch"]);
}

#[test]
fn a_token_is_used_once_for_a_configuration() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    let answers = at_once(|_| issuer.credentials(&token, SD_JWT, 2));
    only_one(answers, &["unknown_credential_configuration"]);
    let listed = issuer.admin(Command::Issuances {});
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
}

#[test]
fn guesses_of_a_transaction_code_are_all_counted() {
    let issuer = Issuer::start();
    let (code, tx_code) = issuer.offered();
    let right: usize = tx_code.parse().unwrap();
    let answers = at_once(|number| {
        let guess = format!("{:06}", (right + 1 + number) % 1_000_000);
        issuer.redeem(&code, &guess)
    });
    assert_eq!(count(&answers, "invalid_grant"), answers.len());
    issuer.redeem(&code, &tx_code).refused(400, "invalid_grant");
}

#[test]
fn faces_are_compared_no_oftener_than_the_limits_say() {
    let issuer = configured(|config| {
        config.face.attempts = 3;
        config.face.backoff_seconds = 0;
        config.face.failures_per_day = 5;
    });
    let session = issuer.session(NUMBER, "limited");
    let answers = at_once(|_| issuer.face(&session, b"ELSE"));
    assert_eq!(count(&answers, "face_mismatch"), 3);
    assert_eq!(count(&answers, "too_many_attempts"), 13);
    // Sessions are cheap: what the person's number has collected counts over all of them.
    let sessions: Vec<_> = (0..16).map(|_| issuer.session(NUMBER, "limited")).collect();
    let answers = at_once(|number| issuer.face(&sessions[number], b"ELSE"));
    assert_eq!(count(&answers, "face_mismatch"), 2);
    assert_eq!(count(&answers, "too_many_attempts"), 14);
}

#[test]
fn recovery_codes_are_compared_no_oftener_than_the_limit_says() {
    let issuer = configured(|config| config.assurance.recovery_attempts_per_day = 4);
    let body =
        json!({"personal_administrative_number": NUMBER, "recovery_code": "AAAA-AAAA-AAAA-AAAA"});
    let answers = at_once(|_| issuer.post_json("/lost", None, &body));
    assert_eq!(count(&answers, "recovery_refused"), 4);
    assert_eq!(count(&answers, "too_many_attempts"), 12);
}

#[test]
fn a_pushed_request_opens_one_page_and_a_page_gives_one_code() {
    let issuer = Issuer::start();
    let link = issuer.push(&request(("scope", SD_JWT), &challenge()));
    let opened = at_once(|_| issuer.send("GET", &link, &[], b"").status);
    assert_eq!(opened.iter().filter(|status| **status == 303).count(), 1);
    assert_eq!(opened.iter().filter(|status| **status == 400).count(), 15);

    let browser = issuer.open(&issuer.push(&request(("scope", SD_JWT), &challenge())));
    browser.prove();
    let body = form(&[("csrf", &browser.csrf())]);
    let headers = [("cookie", browser.cookie.as_str()), ("origin", &issuer.url)];
    let confirmed = at_once(|_| issuer.form("/authorization/confirm", &headers, &body));
    let codes = confirmed.iter().filter(|answer| answer.status == 303);
    assert_eq!(codes.count(), 1, "{confirmed:?}");
}

#[test]
fn a_proof_beside_an_attestation_is_taken_once() {
    let attester = key();
    let issuer = configured(|config| {
        config.wallets.attesters = vec![attester.did().to_owned()];
    });
    let (attestation, pop) = issuer.attested((&attester, &key()), 60, |_| {});
    let challenge = challenge();
    let pairs = form(&request(("scope", SD_JWT), &challenge));
    let headers = [
        (client_attestation::HEADER, attestation.as_str()),
        (client_attestation::POP_HEADER, &pop),
    ];
    assert!(pairs.contains(CLIENT));
    let answers = at_once(|_| issuer.form("/par", &headers, &pairs));
    only_one(answers, &["invalid_client_attestation"]);
}

#[test]
fn a_terminals_statement_gets_one_challenge() {
    let desk = Desk::open();
    let session = desk.issuer.session(NUMBER, "full").0;
    let answers = at_once(|_| desk.challenge_by(&session, &desk.key, "specimen"));
    only_one(answers, &["terminal_statement_invalid"]);
}

/// Each statement has a counter of its own, so that only the challenge stands in the way; and then a challenge of its
/// own, so that only the counter does.
#[test]
fn a_challenge_is_answered_once_and_a_counter_used_once() {
    let desk = Desk::open();
    let (session, _) = desk.issuer.session(NUMBER, "full");
    let nonce = desk.challenge(&session, &desk.key).text("nonce");
    let chip = desk.read(&desk.profile(), &desk.csca, &session, &nonce);
    let answers = at_once(|number| {
        let counter = 1 + number as u64;
        desk.submit(&desk.evidence(&chip, PORTRAIT, (&session, &nonce, counter)))
    });
    let won = only_one(answers, &["challenge_unknown", "counter_replayed"]);
    assert_eq!(won.text("state"), "face_matched_to_card");

    let evidence: Vec<_> = (0..16)
        .map(|_| {
            let (session, _) = desk.issuer.session(NUMBER, "full");
            let nonce = desk.challenge(&session, &desk.key).text("nonce");
            let chip = desk.read(&desk.profile(), &desk.csca, &session, &nonce);
            desk.evidence(&chip, PORTRAIT, (&session, &nonce, 100))
        })
        .collect();
    let answers = at_once(|number| desk.submit(&evidence[number]));
    only_one(answers, &["counter_replayed"]);
}

#[test]
fn a_lost_answer_is_asked_for_once_with_one_counter() {
    let desk = Desk::open();
    let (session, _) = desk.issuer.session(NUMBER, "full");
    let nonce = desk.challenge(&session, &desk.key).text("nonce");
    let chip = desk.read(&desk.profile(), &desk.csca, &session, &nonce);
    let evidence = desk.evidence(&chip, PORTRAIT, (&session, &nonce, 1));
    assert_eq!(desk.submit(&evidence).status, 200);
    let answers = at_once(|_| desk.resume(&desk.key, (&session, &nonce, 2)));
    only_one(answers, &["counter_replayed"]);
}

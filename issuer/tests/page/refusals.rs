//! Requests and pages that go wrong in rarer ways: another number, a reload, an offer that is gone, a code tried wrongly.

use tessera_verifier::crypto::LocalSigner as _;

use super::support::wallet::{CLIENT, REDIRECT, challenge, form, request};
use super::support::{Answer, Issuer, NUMBER, code_of, key};

const LIMITED: &str = "identity_limited_sd_jwt";

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.raw).into_owned()
}

/// A session that offers the limited credential: its `issuer_state`, and the answer that says so.
fn offered(issuer: &Issuer) -> (String, Answer) {
    let offered = issuer.face(&issuer.session(NUMBER, "limited"), b"SAME photo");
    let grants = &offered.body["credential_offer"]["grants"];
    let state = grants["authorization_code"]["issuer_state"].as_str();
    (state.unwrap().to_owned(), offered)
}

#[test]
fn what_is_kept_of_a_request_is_bounded() {
    let issuer = Issuer::start();
    let challenge = challenge();
    let long = "x".repeat(1025);
    for (name, value) in [("state", long.as_str()), ("dpop_jkt", "short")] {
        let mut pairs = request(("scope", LIMITED), &challenge);
        pairs.retain(|pair| pair.0 != name);
        pairs.push((name, value));
        issuer
            .form("/par", &[], &form(&pairs))
            .refused(400, "invalid_request");
    }
}

#[test]
fn a_code_is_bound_to_the_key_that_the_request_names() {
    let issuer = Issuer::start();
    let (ours, other, challenge) = (key(), key(), challenge());
    let jkt = ours.public_key().thumbprint();
    let mut pairs = request(("scope", LIMITED), &challenge);
    pairs.push(("dpop_jkt", &jkt));
    // RFC 9449 §10.1: the parameter and the header must be about one key.
    let proof = issuer.dpop(&other, "/par", None);
    issuer
        .form("/par", &[("dpop", &proof)], &form(&pairs))
        .refused(400, "invalid_dpop_proof");
    for (key, status) in [(&other, 400), (&ours, 200)] {
        let browser = issuer.open(&issuer.push(&pairs));
        browser.prove();
        let code = browser.code();
        assert_eq!(issuer.redeem_code(&code, Some(key)).status, status);
    }
}

#[test]
fn a_code_that_was_tried_wrongly_is_spent() {
    let issuer = Issuer::start();
    let code = issuer.code(("scope", LIMITED));
    let wrong = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        (
            "code_verifier",
            "another-verifier-of-at-least-forty-three-characters",
        ),
    ];
    issuer
        .redeem_with(&wrong, None)
        .refused(400, "invalid_grant");
    issuer
        .redeem_code(&code, None)
        .refused(400, "invalid_grant");
}

#[test]
fn a_face_proves_the_number_it_was_sent_with() {
    let issuer = Issuer::start();
    let browser = issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())));
    assert!(text(&browser.face(NUMBER, b"ELSE photo")).contains("face_mismatch"));
    let other = browser.face("SOMEBODY-ELSE-1", b"SAME photo");
    assert_eq!(other.status, 422);
    assert!(text(&other).contains("face_mismatch"));
    // The form sent again by a browser that was reloaded changes nothing.
    browser.prove();
    let again = browser.face(NUMBER, b"ELSE photo");
    assert_eq!(again.status, 200);
    assert!(text(&again).contains("/authorization/confirm"));
}

#[test]
fn an_offer_that_was_taken_up_or_is_over_is_not_offered_on_a_page() {
    let issuer = Issuer::start();
    let challenge = challenge();
    let (state, offer) = offered(&issuer);
    let mut pairs = request(("scope", LIMITED), &challenge);
    pairs.push(("issuer_state", &state));
    let browser = issuer.open(&issuer.push(&pairs));
    assert_eq!(browser.page("").status, 200);
    let (code, tx_code) = (code_of(&offer), offer.text("tx_code"));
    assert_eq!(issuer.redeem(&code, &tx_code).status, 200);
    let gone = browser.page("");
    assert_eq!(gone.status, 409);
    assert!(text(&gone).contains("wrong_state"));

    let (state, _offer) = offered(&issuer);
    issuer.clock.advance(1700);
    let mut pairs = request(("scope", LIMITED), &challenge);
    pairs.push(("issuer_state", &state));
    let browser = issuer.open(&issuer.push(&pairs));
    assert_eq!(browser.page("").status, 200);
    issuer.clock.advance(101);
    assert_eq!(browser.page("").status, 409);
}

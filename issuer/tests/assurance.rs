//! The life of a session over HTTP: one person, one phone, one visit.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::desk::{Desk, PORTRAIT};
use support::{Issuer, NUMBER, code_of, offer_of};

fn state(issuer: &Issuer, session: &(String, String)) -> String {
    let path = format!("/sessions/{}", session.0);
    issuer.get(&path, Some(&session.1)).text("state")
}

#[test]
fn one_session_walks_from_the_phone_to_the_terminal() {
    let desk = Desk::open();
    let issuer = &desk.issuer;
    let session = issuer.session(NUMBER, "full");
    assert_eq!(state(issuer, &session), "started");

    let answer = issuer.face(&session, b"SAME");
    assert_eq!(answer.text("state"), "face_checked");
    let (code, tx_code) = offer_of(&answer);
    let limited = issuer.redeem(&code, &tx_code).text("access_token");
    let answer = issuer.credentials(&limited, "identity_limited_sd_jwt", 2);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(state(issuer, &session), "limited_issued");

    // A good card with another face before the camera: the card was checked, and that is all.
    desk.serve(&session.0, b"ELSE", 1)
        .refused(422, "face_mismatch");
    assert_eq!(state(issuer, &session), "card_checked");
    issuer
        .credentials(&limited, "identity_limited_ldp", 1)
        .refused(409, "wrong_state");

    issuer.clock.advance(5);
    let answer = desk.serve(&session.0, PORTRAIT, 2);
    assert_eq!(answer.text("state"), "face_matched_to_card");
    // What was offered on the phone fetches nothing of what was proved at the terminal.
    issuer
        .redeem(&code, &answer.text("tx_code"))
        .refused(400, "invalid_grant");
    issuer
        .credentials(&limited, "identity_limited_ldp", 1)
        .refused(400, "credential_request_denied");
    let shown = issuer.get(&format!("/sessions/{}", session.0), Some(&session.1));
    let full = issuer
        .redeem(&code_of(&shown), &answer.text("tx_code"))
        .text("access_token");
    assert_eq!(
        issuer.credentials(&full, "identity_full_sd_jwt", 2).status,
        200
    );
    assert_eq!(
        issuer.credentials(&full, "identity_full_ldp", 1).status,
        200
    );
    assert_eq!(state(issuer, &session), "full_issued");

    let listed = issuer.admin(tessera_issuer::admin::Command::Issuances {});
    let revoked: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["revoked"].as_str())
        .collect();
    assert_eq!(revoked.iter().filter(|r| r.is_none()).count(), 3);
    let replaced = revoked.iter().filter(|r| **r == Some("replaced"));
    assert_eq!(replaced.count(), 2, "the limited ones of the same session");
}

#[test]
fn each_state_ends_in_its_own_time() {
    let desk = Desk::of(Issuer::with(
        std::sync::Arc::new(support::FakeFace),
        b"SAME reference",
        |config| {
            config.assurance.lifetimes.started = 100;
            config.assurance.lifetimes.card_checked = 50;
        },
    ));
    let issuer = &desk.issuer;
    let late = issuer.session(NUMBER, "full");
    issuer.clock.advance(100);
    assert_eq!(state(issuer, &late), "expired");
    issuer.face(&late, b"SAME").refused(410, "session_expired");

    let session = issuer.session(NUMBER, "full");
    issuer.clock.advance(99);
    desk.serve(&session.0, b"ELSE", 1)
        .refused(422, "face_mismatch");
    issuer.clock.advance(49);
    assert_eq!(state(issuer, &session), "card_checked");
    issuer.clock.advance(1);
    assert_eq!(state(issuer, &session), "expired");
    desk.challenge(&session.0, &desk.key)
        .refused(410, "session_expired");
}

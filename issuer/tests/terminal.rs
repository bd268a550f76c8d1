//! The card step over HTTP, with a simulated chip and a terminal's own key.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use rand_core::OsRng;
use serde_json::{Value, json};
use support::desk::{Desk, PORTRAIT, trust};
use support::{NOW, NUMBER, key};
use tessera_cardsim::{Csca, Fault, Profile};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::Signer as _;
use tessera_verifier::encoding::base64url;

#[test]
fn a_genuine_card_earns_the_full_credential_and_retires_the_limited() {
    let desk = Desk::open();
    let issuer = &desk.issuer;
    let limited = issuer.access_token();
    assert_eq!(
        issuer
            .credentials(&limited, "identity_limited_sd_jwt", 2)
            .status,
        200
    );

    let session = issuer.session(NUMBER, "full");
    let nonce = desk.challenge(&session.0, &desk.key).text("nonce");
    let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
    let evidence = desk.evidence(&chip, PORTRAIT, (&session.0, &nonce, 1));
    let answer = desk.submit(&evidence);
    assert_eq!(answer.body["state"], "card_checked", "{:?}", answer.body);
    let tx_code = answer.text("tx_code");
    desk.submit(&evidence).refused(403, "challenge_unknown");

    let state = issuer
        .get(&format!("/sessions/{}", session.0), Some(&session.1))
        .body;
    assert_eq!(state["state"], "card_checked");
    assert!(state.get("tx_code").is_none(), "the terminal shows it");
    let grants = &state["credential_offer"]["grants"];
    let code = grants[tessera_verifier::vci::PRE_AUTHORIZED_CODE]["pre-authorized_code"].clone();
    let token = issuer
        .redeem(code.as_str().unwrap(), &tx_code)
        .text("access_token");
    let answer = issuer.credentials(&token, "identity_full_ldp", 1);
    let document = &answer.body["credentials"][0]["credential"];
    assert_eq!(document["type"][2], "FullIdentityCredential");
    let checks = &document["evidence"][0]["evidence_sources"][0]["check_details"];
    assert_eq!(checks[0]["check_method"], "vcrypt");
    assert_eq!(checks[1]["check_method"], "pvp");
    assert!(
        !document.to_string().contains("UTO000009"),
        "no document number"
    );

    let listed = issuer.admin(Command::Issuances {});
    let retired: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["revoked"] == "replaced")
        .collect();
    assert_eq!(retired.len(), 2);
    let state = issuer
        .get(&format!("/sessions/{}", session.0), Some(&session.1))
        .body;
    assert_eq!(state["state"], "issued");
}

#[test]
fn each_lie_is_refused_with_its_own_code() {
    let desk = Desk::open();
    let faults = [
        (Fault::Cloned, "active_auth_failed"),
        (Fault::NoActiveAuth, "active_auth_failed"),
        (Fault::EditedDg1, "dg_hash_mismatch"),
        (Fault::WrongDg2, "dg_hash_mismatch"),
        (Fault::ExpiredDocument, "document_expired"),
    ];
    let mut counter = 0;
    let mut visit = |profile: &Profile, csca: &Csca, photo: &[u8]| {
        counter += 1;
        desk.visit(profile, csca, photo, counter)
    };
    for (fault, code) in faults {
        visit(&desk.profile().with(fault), &desk.csca, PORTRAIT).refused(422, code);
    }
    let stranger = Csca::throwaway(&mut OsRng, NOW).unwrap();
    visit(&desk.profile(), &stranger, PORTRAIT).refused(422, "csca_unknown");
    trust(&desk.issuer, &stranger, "D");
    visit(&desk.profile(), &stranger, PORTRAIT).refused(422, "csca_of_another_state");
    visit(&desk.profile(), &desk.csca, b"ELSE").refused(422, "face_mismatch");
    let mut other = desk.profile();
    other.holder.document_number = "UTO000008".to_owned();
    visit(&other, &desk.csca, PORTRAIT).refused(422, "document_not_of_person");
    // The right number on another state's genuine document.
    trust(&desk.issuer, &desk.csca, "D");
    let mut other = desk.profile();
    other.holder.issuing_state = "D".to_owned();
    visit(&other, &desk.csca, PORTRAIT).refused(422, "document_not_of_person");
    let mut other = desk.profile();
    other.holder.birth = "900102".to_owned();
    visit(&other, &desk.csca, PORTRAIT).refused(422, "document_not_of_person");
}

#[test]
fn a_terminal_can_neither_replay_nor_invent() {
    let desk = Desk::open();
    let issuer = &desk.issuer;
    let session = issuer.session(NUMBER, "full").0;
    desk.challenge(&session, &key())
        .refused(403, "terminal_unknown");
    desk.challenge("unknown", &desk.key)
        .refused(404, "not_found");
    let limited = issuer.session(NUMBER, "limited").0;
    desk.challenge(&limited, &desk.key)
        .refused(409, "wrong_state");

    let nonce = desk.challenge(&session, &desk.key).text("nonce");
    let chip = desk.read(&desk.profile(), &desk.csca, &session, &nonce);

    // The statement is about other bytes than were sent.
    let mut altered = desk.evidence(&chip, PORTRAIT, (&session, &nonce, 5));
    altered["photo"] = json!(base64url(b"another photo"));
    desk.submit(&altered).refused(422, "evidence_mismatch");
    // A signature by another key under the terminal's name.
    let mut forged = desk.evidence(&chip, PORTRAIT, (&session, &nonce, 5));
    let statement = forged["statement"].as_str().unwrap();
    let cut = statement.rfind('.').unwrap();
    forged["statement"] = json!(format!("{}.{}", &statement[..cut], base64url(&[1; 64])));
    desk.submit(&forged)
        .refused(403, "terminal_statement_invalid");
    // Chip data answered to another nonce.
    let fresh = desk.challenge(&session, &desk.key).text("nonce");
    let replayed = desk.evidence(&chip, PORTRAIT, (&session, &fresh, 5));
    desk.submit(&replayed).refused(422, "active_auth_failed");
    // A counter that does not rise.
    let stale = desk.evidence(&chip, PORTRAIT, (&session, &nonce, 5));
    desk.submit(&stale).refused(403, "counter_replayed");
    // An answer that comes too late.
    let nonce = desk.challenge(&session, &desk.key).text("nonce");
    issuer.clock.advance(300);
    let late = desk.evidence(&chip, PORTRAIT, (&session, &nonce, 6));
    desk.submit(&late).refused(403, "challenge_unknown");

    issuer.admin(Command::TerminalRetire {
        did: desk.key.did().to_owned(),
    });
    desk.challenge(&session, &desk.key)
        .refused(403, "terminal_retired");
}

/// Everything about the second terminal's evidence is good, except whose question it answers.
#[test]
fn a_challenge_is_for_the_terminal_that_asked() {
    let mut desk = Desk::open();
    let session = desk.issuer.session(NUMBER, "full").0;
    let nonce = desk.challenge(&session, &desk.key).text("nonce");
    let second = key();
    desk.issuer.admin(Command::TerminalAdd {
        did: second.did().to_owned(),
        name: "Second desk".to_owned(),
    });
    let first = std::mem::replace(&mut desk.key, second);
    let chip = desk.read(&desk.profile(), &desk.csca, &session, &nonce);
    let evidence = desk.evidence(&chip, PORTRAIT, (&session, &nonce, 1));
    desk.submit(&evidence).refused(403, "challenge_unknown");

    desk.key = first;
    let nonce = desk.challenge(&session, &desk.key).text("nonce");
    let chip = desk.read(&desk.profile(), &desk.csca, &session, &nonce);
    let evidence = desk.evidence(&chip, PORTRAIT, (&session, &nonce, 1));
    assert_eq!(desk.submit(&evidence).status, 200);
}

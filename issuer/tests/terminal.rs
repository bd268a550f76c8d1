//! The card step over HTTP, with a simulated chip and a terminal's own key.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "terminal/listener.rs"]
mod listener;
mod support;

use std::sync::Arc;

use rand_core::OsRng;
use serde_json::{Value, json};
use support::desk::{Desk, PORTRAIT, trust};
use support::{Answer, FakeFace, Issuer, NOW, NUMBER, key};
use tessera_cardsim::{Csca, Fault, Profile, Scheme};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::Signer as _;
use tessera_issuer::store::RevocationTarget;
use tessera_verifier::encoding::base64url;
use tessera_verifier::terminal::{
    self, EvidenceStatement, FaceFinding, LivenessFinding, OperatorStatement,
};

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
    assert_eq!(
        answer.body["state"], "face_matched_to_card",
        "{:?}",
        answer.body
    );
    let tx_code = answer.text("tx_code");
    desk.submit(&evidence).refused(403, "challenge_unknown");

    let state = issuer
        .get(&format!("/sessions/{}", session.0), Some(&session.1))
        .body;
    assert_eq!(state["state"], "face_matched_to_card");
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
    assert_eq!(state["state"], "full_issued");
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
    let stranger = Csca::of_country("DE", Scheme::default(), &mut OsRng, NOW).unwrap();
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
    // Whoever is not registered does not learn which sessions there are.
    desk.challenge("unknown", &key())
        .refused(403, "terminal_unknown");
    desk.challenge("unknown", &desk.key)
        .refused(404, "not_found");
    let limited = issuer.session(NUMBER, "limited").0;
    desk.challenge(&limited, &desk.key)
        .refused(409, "wrong_state");

    for jti in ["", "a\0b", &"x".repeat(129)] {
        let refused = desk.challenge_by(&session, &desk.key, jti);
        refused.refused(403, "terminal_statement_invalid");
    }
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
    desk.register(&second, |_| {});
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

/// Everything about the evidence is good but one thing that the terminal says of itself.
#[test]
fn a_terminal_is_believed_as_it_was_registered() {
    let mut desk = Desk::of(Issuer::with(
        Arc::new(FakeFace),
        b"SAME reference",
        |config| {
            config.terminals.software = vec!["release 1".to_owned()];
        },
    ));
    let mut counter = 0;
    let mut visit = |desk: &Desk, differ: &dyn Fn(&Desk, &mut EvidenceStatement)| {
        counter += 1;
        let session = desk.issuer.session(NUMBER, "full");
        let nonce = desk.challenge(&session.0, &desk.key).text("nonce");
        let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
        let about = (session.0.as_str(), nonce.as_str(), counter);
        let evidence = desk.evidence_with(&chip, PORTRAIT, about, |statement| {
            differ(desk, statement);
        });
        desk.submit(&evidence)
    };
    let refused = |answer: Answer, code: &str| answer.refused(403, code);

    assert_eq!(visit(&desk, &|_, _| {}).status, 200);
    let other_reader = visit(&desk, &|_, s| s.reader = "another".to_owned());
    refused(other_reader, "reader_unknown");
    let sam = "05.03-20180101-0001234567-0007654321";
    let foreign_sam = visit(&desk, &|_, s| s.sam = Some(sam.to_owned()));
    refused(foreign_sam, "sam_unknown");
    let other_release = visit(&desk, &|_, s| s.software = "release 0".to_owned());
    refused(other_release, "software_unknown");

    // A clock that is wrong by more than the statement's age allows, either way.
    for wrong in [-361, 61] {
        let skewed = visit(&desk, &|_, s| s.iat += wrong);
        refused(skewed, "terminal_statement_invalid");
    }

    // Attendance is the operator's word about this very evidence, or nothing.
    let unsigned = visit(&desk, &|_, s| s.approval = None);
    refused(unsigned, "attendance_invalid");
    let hidden = visit(&desk, &|_, s| s.attended = false);
    refused(hidden, "attendance_invalid");
    let approved = |differ: fn(&mut OperatorStatement)| {
        move |desk: &Desk, s: &mut EvidenceStatement| {
            s.approval = Some(desk.approve(&s.session, &s.nonce, &s.digest, differ));
        }
    };
    for differ in [
        |s: &mut OperatorStatement| s.session = "another".to_owned(),
        |s: &mut OperatorStatement| s.nonce = "another".to_owned(),
        |s: &mut OperatorStatement| s.digest = "another".to_owned(),
        |s: &mut OperatorStatement| s.terminal = "did:key:another".to_owned(),
        |s: &mut OperatorStatement| s.aud = "https://another.example".to_owned(),
        |s: &mut OperatorStatement| s.iat -= 600,
    ] {
        refused(visit(&desk, &approved(differ)), "attendance_invalid");
    }
    let stranger = std::mem::replace(&mut desk.operator, key());
    refused(visit(&desk, &|_, _| {}), "operator_unknown");
    // Of another organisation, and of this one, but as who looks again.
    for (organisation, reviewer) in [("Harbour office", false), ("Town hall", true)] {
        desk.issuer.admin(Command::OperatorAdd {
            did: desk.operator.did().to_owned(),
            staff: "S-0002".to_owned(),
            organisation: organisation.to_owned(),
            reviewer,
        });
        refused(visit(&desk, &|_, _| {}), "operator_unknown");
    }
    desk.operator = stranger;
    desk.issuer.admin(Command::OperatorRetire {
        did: desk.operator.did().to_owned(),
    });
    refused(visit(&desk, &|_, _| {}), "operator_retired");
    desk.hire(&desk.operator);
    assert_eq!(visit(&desk, &|_, _| {}).status, 200);

    // The terminal's own eyes: what they refuse is not accepted, and counts as an attempt like any mismatch.
    let unlike = visit(&desk, &|_, s| {
        s.face = Some(FaceFinding {
            score: 4_499,
            threshold: 4_500,
        });
    });
    unlike.refused(422, "face_mismatch");
    let not_live = visit(&desk, &|_, s| s.liveness = LivenessFinding::Failed);
    not_live.refused(422, "face_mismatch");
    let alike = visit(&desk, &|_, s| {
        s.liveness = LivenessFinding::Passed;
        s.face = Some(FaceFinding {
            score: 4_500,
            threshold: 4_500,
        });
    });
    assert_eq!(alike.status, 200);

    // The same terminal, at which nobody works any more.
    desk.register(&desk.key, |terminal| terminal.attended = false);
    refused(visit(&desk, &|_, _| {}), "attendance_invalid");
    let unattended = visit(&desk, &|_, s| {
        (s.attended, s.approval) = (false, None);
    });
    assert_eq!(unattended.status, 200);
}

/// An operator is not attended by a terminal that signs for both.
#[test]
fn a_terminal_does_not_vouch_for_its_own_operator() {
    let mut desk = Desk::open();
    let operator = std::mem::replace(&mut desk.operator, key());
    desk.hire(&desk.key);
    let session = desk.issuer.session(NUMBER, "full").0;
    let nonce = desk.challenge(&session, &desk.key).text("nonce");
    let chip = desk.read(&desk.profile(), &desk.csca, &session, &nonce);
    let evidence = desk.evidence_with(&chip, PORTRAIT, (&session, &nonce, 1), |statement| {
        let own = OperatorStatement {
            iss: desk.key.did().to_owned(),
            aud: statement.aud.clone(),
            terminal: statement.iss.clone(),
            session: statement.session.clone(),
            nonce: statement.nonce.clone(),
            iat: statement.iat,
            digest: statement.digest.clone(),
        };
        let unsigned = terminal::prepare(desk.key.public_key(), &own);
        statement.approval = Some(unsigned.sign(&desk.key).unwrap());
    });
    drop(operator);
    desk.submit(&evidence).refused(403, "attendance_invalid");
}

#[test]
fn an_unattended_visit_is_recorded_apart() {
    let desk = Desk::open();
    for (attended, method) in [(true, "pvp"), (false, "bvp")] {
        let session = desk.issuer.session(NUMBER, "full");
        let nonce = desk.challenge(&session.0, &desk.key).text("nonce");
        let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
        let counter = u64::from(!attended) + 1;
        let about = (session.0.as_str(), nonce.as_str(), counter);
        let evidence = desk.evidence_with(&chip, PORTRAIT, about, |statement| {
            if !attended {
                (statement.attended, statement.approval) = (false, None);
            }
        });
        let tx_code = desk.submit(&evidence).text("tx_code");
        let document = desk.full_credential(&session, &tx_code);
        let checks = &document["evidence"][0]["evidence_sources"][0]["check_details"];
        assert_eq!(checks[1]["check_method"], method);
    }
}

/// The answer to good evidence is lost on the way: the terminal asks again, and only this terminal, with a counter that
/// rises, while the session lives.
#[test]
fn a_lost_answer_is_resumed_by_its_terminal_only() {
    let desk = Desk::open();
    let session = desk.issuer.session(NUMBER, "full");
    let nonce = desk.challenge(&session.0, &desk.key).text("nonce");
    let about = |counter| (session.0.as_str(), nonce.as_str(), counter);
    desk.resume(&desk.key, about(1))
        .refused(403, "challenge_unknown");

    let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
    let lost = desk
        .submit(&desk.evidence(&chip, PORTRAIT, about(2)))
        .text("tx_code");
    desk.resume(&desk.key, about(2))
        .refused(403, "counter_replayed");
    desk.resume(&key(), about(3))
        .refused(403, "terminal_unknown");
    let second = key();
    desk.register(&second, |_| {});
    desk.resume(&second, about(3))
        .refused(403, "challenge_unknown");
    let other = desk.issuer.session(NUMBER, "full");
    let elsewhere = (other.0.as_str(), nonce.as_str(), 3);
    desk.resume(&desk.key, elsewhere)
        .refused(403, "challenge_unknown");

    let answer = desk.resume(&desk.key, about(4));
    assert_eq!(answer.body["state"], "face_matched_to_card");
    let fresh = answer.text("tx_code");
    assert_eq!(desk.redeem(&session, &lost).status, 400, "replaced");
    assert_eq!(desk.redeem(&session, &fresh).status, 200);
    // The code is spent: there is nothing more to show.
    let answer = desk.resume(&desk.key, about(5));
    assert_eq!(answer.body, json!({"state": "face_matched_to_card"}));

    // Evidence that was refused gives nothing to resume either.
    let session = desk.issuer.session(NUMBER, "full");
    let nonce = desk.challenge(&session.0, &desk.key).text("nonce");
    let about = |counter| (session.0.as_str(), nonce.as_str(), counter);
    let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
    desk.submit(&desk.evidence(&chip, b"ELSE", about(6)))
        .refused(422, "face_mismatch");
    let answer = desk.resume(&desk.key, about(7));
    // The card was read; the face was not its owner's.
    assert_eq!(answer.body, json!({"state": "card_checked"}));
    desk.issuer.clock.advance(1800);
    desk.resume(&desk.key, about(8))
        .refused(410, "session_expired");
    desk.issuer.admin(Command::TerminalRetire {
        did: desk.key.did().to_owned(),
    });
    desk.resume(&desk.key, about(9))
        .refused(403, "terminal_retired");
}

#[test]
fn what_rests_on_a_terminals_word_falls_with_it() {
    let desk = Desk::open();
    let session = desk.issuer.session(NUMBER, "full");
    let nonce = desk.challenge(&session.0, &desk.key).text("nonce");
    let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
    let evidence = desk.evidence(&chip, PORTRAIT, (&session.0, &nonce, 1));
    let tx_code = desk.submit(&evidence).text("tx_code");
    desk.full_credential(&session, &tx_code);
    let revoked = desk.issuer.admin(Command::Revoke {
        target: RevocationTarget::Terminal {
            did: desk.key.did().to_owned(),
            since: 0,
        },
        reason: "compromised".to_owned(),
    });
    assert_eq!(revoked, json!({"revoked": 1}));
    let listed = desk.issuer.admin(Command::Issuances {});
    assert_eq!(listed[0]["revoked"], "compromised");
    assert_eq!(listed[0]["terminal"], desk.key.did());
    let session = desk.issuer.session(NUMBER, "full").0;
    desk.challenge(&session, &desk.key)
        .refused(403, "terminal_retired");
}

//! What a holder may do later: renew, report a loss; and the roll-out that says who may come.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::desk::{Desk, PORTRAIT};
use support::{Answer, FakeFace, Issuer, NUMBER, code_of, offer_of};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::SoftwareKey;
use tessera_issuer::rollout::District;
use tessera_issuer::store::RevocationTarget;
use tessera_verifier::crypto::LocalSigner as _;

const DAY: i64 = 86_400;

fn live(issuer: &Issuer) -> usize {
    let listed = issuer.admin(Command::Issuances {});
    let rows = listed.as_array().unwrap().iter();
    rows.filter(|row| row["revoked"].is_null()).count()
}

fn renew(issuer: &Issuer, device: &SoftwareKey, level: &str) -> Answer {
    let proof = issuer.device_proof_by(device, &issuer.nonce());
    let body =
        json!({"personal_administrative_number": NUMBER, "level": level, "device_proof": proof});
    issuer.post_json("/renewals", None, &body)
}

/// Full credentials on this device; returns the recovery code.
fn full(desk: &Desk, device: &SoftwareKey, counter: u64) -> String {
    let issuer = &desk.issuer;
    let session = issuer.session_by(device, json!({"level": "full"}));
    let answer = desk.serve(&session.0, PORTRAIT, counter);
    let path = format!("/sessions/{}", session.0);
    let code = code_of(&issuer.get(&path, Some(&session.1)));
    let token = issuer
        .redeem(&code, &answer.text("tx_code"))
        .text("access_token");
    let answer = issuer.credentials(&token, "identity_full_sd_jwt", 3);
    assert_eq!(answer.status, 200, "{answer:?}");
    issuer.get(&path, Some(&session.1)).text("recovery_code")
}

fn fetch(issuer: &Issuer, offered: &Answer, configuration: &str) -> Answer {
    let (code, tx_code) = offer_of(offered);
    let token = issuer.redeem(&code, &tx_code).text("access_token");
    issuer.credentials(&token, configuration, 2)
}

#[test]
fn a_device_renews_what_it_holds_until_the_check_is_too_old() {
    let desk = Desk::of(Issuer::with(
        Arc::new(FakeFace),
        b"SAME reference",
        |config| {
            config.assurance.evidence_days.full = 30;
            config.assurance.evidence_days.limited = 60;
        },
    ));
    let issuer = &desk.issuer;
    let (device, stranger) = (support::key(), support::key());
    renew(issuer, &device, "full").refused(404, "nothing_held");
    full(&desk, &device, 1);
    // Another device, another level: a renewal climbs nowhere and moves nowhere.
    renew(issuer, &stranger, "full").refused(404, "nothing_held");

    issuer.clock.advance(20 * DAY);
    let offered = renew(issuer, &device, "full");
    assert_eq!(offered.status, 201, "{offered:?}");
    let answer = fetch(issuer, &offered, "identity_full_ldp");
    let document = &answer.body["credentials"][0]["credential"];
    // It rests on the check of before, and does not outlive it.
    assert_eq!(document["evidence"][0]["time"], "2027-01-15T00:00:00Z");
    assert_eq!(document["validUntil"], "2027-02-14T00:00:00Z");
    assert_eq!(live(issuer), 2, "the new set replaced the old");

    issuer.clock.advance(10 * DAY);
    renew(issuer, &device, "full").refused(409, "evidence_too_old");
    assert_eq!(live(issuer), 2, "a refusal retires nothing");
    // Full falls back to limited: the card check still counts for that much.
    let answer = fetch(
        issuer,
        &renew(issuer, &device, "limited"),
        "identity_limited_ldp",
    );
    let document = &answer.body["credentials"][0]["credential"];
    assert_eq!(document["type"][2], "LimitedIdentityCredential");
    assert_eq!(document["evidence"][0]["assurance_level"], "limited");
    assert_eq!(live(issuer), 2);
    renew(issuer, &device, "full").refused(409, "evidence_too_old");

    issuer.clock.advance(30 * DAY);
    renew(issuer, &device, "limited").refused(409, "evidence_too_old");
}

/// A terminal that was taken out of service was honest; one that is revoked was not, and nobody knows since when: what it
/// vouched for before stays good until it expires, and is not renewed without another visit.
#[test]
fn what_a_revoked_terminal_vouched_for_is_not_renewed() {
    let desk = Desk::open();
    let device = support::key();
    full(&desk, &device, 1);
    let did = tessera_verifier::did::did_key(desk.key.public_key());
    desk.issuer
        .admin(Command::TerminalRetire { did: did.clone() });
    assert_eq!(renew(&desk.issuer, &device, "full").status, 201);
    desk.issuer.clock.advance(3 * DAY);
    let since = desk.issuer.time().unix() - DAY;
    let target = RevocationTarget::Terminal { did, since };
    let reason = "compromised".to_owned();
    let revoked = desk.issuer.admin(Command::Revoke { target, reason });
    assert_eq!(revoked, json!({"revoked": 0}));
    assert_eq!(live(&desk.issuer), 3);
    desk.issuer.clock.advance(1);
    for level in ["full", "limited"] {
        renew(&desk.issuer, &device, level).refused(404, "nothing_held");
    }
}

#[test]
fn a_new_phone_takes_the_old_ones_renewals_as_well() {
    let desk = Desk::open();
    let (old, new) = (support::key(), support::key());
    full(&desk, &old, 1);
    full(&desk, &new, 2);
    assert_eq!(live(&desk.issuer), 3);
    renew(&desk.issuer, &old, "full").refused(404, "nothing_held");
    assert_eq!(renew(&desk.issuer, &new, "full").status, 201);
}

#[test]
fn a_lost_phone_is_reported_with_what_was_written_down() {
    let desk = Desk::open();
    let issuer = &desk.issuer;
    let device = support::key();
    let code = full(&desk, &device, 1);
    let report = |number: &str, code: &str| {
        let body = json!({"personal_administrative_number": number, "recovery_code": code});
        issuer.post_json("/lost", None, &body)
    };
    report(NUMBER, "AAAA-AAAA-AAAA-AAAA").refused(403, "recovery_refused");
    report("999999199001010026", &code).refused(403, "recovery_refused");
    assert_eq!(live(issuer), 3);
    let waiting = renew(issuer, &device, "full");
    let answer = report(NUMBER, &code.to_lowercase().replace('-', " "));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(live(issuer), 0);
    // Nothing of before comes back: not the set, not a session, not a second report.
    renew(issuer, &device, "full").refused(404, "nothing_held");
    let (code_of_waiting, tx_code) = offer_of(&waiting);
    issuer
        .redeem(&code_of_waiting, &tx_code)
        .refused(400, "invalid_grant");
    report(NUMBER, &code).refused(403, "recovery_refused");
    let listed = issuer.admin(Command::Issuances {});
    assert_eq!(listed[0]["revoked"], "reported lost");
}

#[test]
fn recovery_codes_cannot_be_guessed_and_a_guesser_does_not_lock_the_holder_out_for_good() {
    let desk = Desk::open();
    let issuer = &desk.issuer;
    let code = full(&desk, &support::key(), 1);
    let report = |code: &str| {
        let body = json!({"personal_administrative_number": NUMBER, "recovery_code": code});
        issuer.post_json("/lost", None, &body)
    };
    for _ in 0..10 {
        report("AAAA-AAAA-AAAA-AAAA").refused(403, "recovery_refused");
    }
    report(&code).refused(429, "too_many_attempts");
    assert_eq!(live(issuer), 3);
    issuer.clock.advance(DAY);
    assert_eq!(report(&code).status, 200);
}

#[test]
fn a_lost_phone_is_reported_by_whoever_shows_the_face() {
    let desk = Desk::open();
    let issuer = &desk.issuer;
    full(&desk, &support::key(), 1);
    let session = issuer.session(NUMBER, "limited");
    let path = format!("/sessions/{}/lost", session.0);
    let report = |token: &str| issuer.post_json(&path, Some(token), &json!({}));
    report(&session.1).refused(409, "wrong_state");
    report("guess").refused(401, "unauthorized");
    let answer = issuer.face(&session, b"SAME");
    assert_eq!(report(&session.1).status, 200);
    assert_eq!(live(issuer), 0);
    let (code, tx_code) = offer_of(&answer);
    issuer.redeem(&code, &tx_code).refused(400, "invalid_grant");

    // What the face proved is over with its session.
    issuer.clock.advance(1);
    let session = issuer.session(NUMBER, "limited");
    assert_eq!(issuer.face(&session, b"SAME").status, 200);
    issuer.clock.advance(1_800);
    let path = format!("/sessions/{}/lost", session.0);
    let late = issuer.post_json(&path, Some(&session.1), &json!({}));
    late.refused(410, "session_expired");
}

fn district(code: &str, from: &str, per_day: Option<u32>) -> District {
    District {
        code: code.to_owned(),
        name_en: format!("District {code}"),
        name_zh: "样本区".to_owned(),
        from: from.to_owned(),
        per_day,
    }
}

fn rollout(per_day: u32) -> Issuer {
    Issuer::with(Arc::new(FakeFace), b"SAME reference", |config| {
        config.rollout.districts = vec![
            district("harbour", "2027-01-01", Some(per_day)),
            district("hills", "2027-02-01", None),
        ];
    })
}

#[test]
fn whoever_comes_too_early_or_to_the_wrong_place_is_told_when_and_where() {
    let issuer = rollout(5);
    let open = |number: &str, district: Value| {
        let proof = issuer.device_proof(&issuer.nonce());
        let body = json!({"personal_administrative_number": number, "level": "limited",
            "device_proof": proof, "district": district});
        issuer.post_json("/sessions", None, &body)
    };
    for (number, district) in [
        (NUMBER, json!("hills")),
        (NUMBER, json!(null)),
        (NUMBER, json!("elsewhere")),
        ("999999199001010026", json!("hills")),
    ] {
        let answer = open(number, district);
        answer.refused(403, "district_not_open");
        let openings = &answer.body["openings"];
        assert_eq!(openings[1]["district"], "hills");
        assert_eq!(openings[1]["from"], "2027-02-01");
        assert_eq!(
            (&openings[0]["open"], &openings[1]["open"]),
            (&json!(true), &json!(false))
        );
    }
    assert_eq!(issuer.get("/rollout", None).body[0]["name_zh"], "样本区");
    // Who lives in the hills does not become a person of the harbour by saying so.
    issuer.import_in(b"SAME reference", "hills");
    let session = issuer.session_by(
        &support::key(),
        json!({"level": "limited", "district": "harbour"}),
    );
    issuer
        .face(&session, b"SAME")
        .refused(422, "district_mismatch");
    issuer.clock.advance(31 * DAY);
    let session = issuer.session_by(
        &support::key(),
        json!({"level": "limited", "district": "hills"}),
    );
    assert_eq!(issuer.face(&session, b"SAME").status, 200);
}

#[test]
fn a_day_has_as_many_places_as_it_has() {
    let issuer = rollout(3);
    issuer.import_in(b"SAME reference", "harbour");
    let wish = || {
        issuer.session_by(
            &support::key(),
            json!({"level": "limited", "district": "harbour"}),
        )
    };
    // Refused photographs take no place; passed checks of a person who holds nothing do.
    for _ in 0..3 {
        let session = wish();
        issuer.face(&session, b"ELSE").refused(422, "face_mismatch");
        assert_eq!(issuer.face(&session, b"SAME").status, 200);
    }
    let late = wish();
    let answer = issuer.face(&late, b"SAME");
    answer.refused(429, "no_place_left");
    assert_eq!(
        answer.header("retry-after").as_deref(),
        Some("57600"),
        "until midnight"
    );
    issuer.clock.advance(16 * 3600);
    let session = wish();
    let offered = issuer.face(&session, b"SAME");
    let (code, tx_code) = offer_of(&offered);
    let token = issuer.redeem(&code, &tx_code).text("access_token");
    assert_eq!(
        issuer.credentials(&token, "identity_limited_ldp", 1).status,
        200
    );
    // Who holds a credential takes no place by coming again.
    for _ in 0..4 {
        assert_eq!(issuer.face(&wish(), b"SAME").status, 200);
    }
}

//! Cards of other kinds over HTTP: chips that only agree keys, resident cards on their terminal's word, old documents by
//! policy, revoked signers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use rand_core::OsRng;
use serde_json::{Value, json};
use support::desk::{Desk, PORTRAIT};
use support::{Answer, FakeFace, Issuer, NOW, NUMBER, at_once, key, only_one};
use tessera_card::{Access, AccessKey, ChipData, OpenChip, RelayCommand};
use tessera_cardsim::sam::{SamCard, SamHolder, SamReader};
use tessera_cardsim::{Chip, ChipAuth, Cipher, Csca, Curve, Digest, Fault, Profile, Revoked};
use tessera_issuer::admin::Command;
use tessera_issuer::keys::{Signer as _, SoftwareKey};
use tessera_verifier::encoding::{base64url, from_base64url};
use tessera_verifier::terminal::{
    self, EvidenceParts, EvidenceStatement, RelayStatement, aa_challenge, evidence_digest,
};

const DAY: i64 = 86_400;

/// One round of chip authentication.
fn round(desk: &Desk, key: &SoftwareKey, about: (&str, &str, u8), message: &[u8]) -> Answer {
    let (session, nonce, round) = about;
    let statement = RelayStatement {
        iss: key.did().to_owned(),
        aud: desk.issuer.url.clone(),
        session: session.to_owned(),
        nonce: nonce.to_owned(),
        iat: desk.issuer.time().unix(),
        round,
        message: base64url(message),
    };
    let signed = terminal::prepare(key.public_key(), &statement).sign(key);
    let body = json!({"statement": signed.unwrap()});
    desk.issuer
        .post_json("/terminal/chip-authentication", None, &body)
}

fn key_agreeing(desk: &Desk) -> Profile {
    let mut profile = desk.profile().with(Fault::NoActiveAuth);
    profile.chip_auth = Some(ChipAuth {
        curve: Curve::P256,
        cipher: Cipher::Aes128,
        key_id: None,
    });
    profile
}

/// Reads a chip and runs at most `rounds` of its authentication; the last answer of the issuer, and what was read.
fn relayed(
    desk: &Desk,
    profile: &Profile,
    (session, nonce): (&str, &str),
    rounds: u8,
) -> (Answer, ChipData) {
    let mut chip = Chip::personalise(profile, &desk.csca, &mut OsRng).unwrap();
    let access = AccessKey::Can(profile.can.clone());
    let mut open = OpenChip::open(&mut chip, &access, Access::PaceOnly, &mut OsRng).unwrap();
    let challenge = aa_challenge(nonce, desk.key.did(), session);
    let data = open.read(&challenge).unwrap();
    let mut message = data.dg14.clone().unwrap();
    let mut answer = round(desk, &desk.key, (session, nonce, 0), &message);
    for number in 1..rounds {
        let Some(command) = answer.body["command"].as_str() else {
            break;
        };
        let command = RelayCommand::from_bytes(&from_base64url(command).unwrap()).unwrap();
        message = open.relay(&command).unwrap();
        answer = round(desk, &desk.key, (session, nonce, number), &message);
    }
    (answer, data)
}

/// A session, a challenge for it, and its token.
fn challenged(desk: &Desk) -> ((String, String), String) {
    let session = desk.issuer.session(NUMBER, "full");
    let nonce = desk.challenge(&session.0, &desk.key).text("nonce");
    (session, nonce)
}

/// The credential that the session earns with the terminal's code.
fn credential(desk: &Desk, session: &(String, String), tx_code: &str) -> Value {
    let state = desk
        .issuer
        .get(&format!("/sessions/{}", session.0), Some(&session.1))
        .body;
    let grants = &state["credential_offer"]["grants"];
    let code = &grants[tessera_verifier::vci::PRE_AUTHORIZED_CODE]["pre-authorized_code"];
    let token = desk.issuer.redeem(code.as_str().unwrap(), tx_code);
    let answer = desk
        .issuer
        .credentials(&token.text("access_token"), "identity_full_ldp", 1);
    answer.body["credentials"][0]["credential"].clone()
}

#[test]
fn a_chip_that_only_agrees_keys_proves_itself_to_the_issuer() {
    let desk = Desk::open();
    let ((id, token), nonce) = challenged(&desk);
    let (answer, chip) = relayed(&desk, &key_agreeing(&desk), (&id, &nonce), 9);
    assert_eq!((answer.status, &answer.body), (200, &json!({})));
    let evidence = desk.evidence(&chip, PORTRAIT, (&id, &nonce, 1));
    let answer = desk.submit(&evidence);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let document = credential(&desk, &(id.clone(), token), &answer.text("tx_code"));
    let checks = &document["evidence"][0]["evidence_sources"][0]["check_details"];
    assert_eq!(checks[0]["check_method"], "vcrypt");
    // The challenge is spent, and what hung on it.
    round(&desk, &desk.key, (&id, &nonce, 0), b"x").refused(403, "challenge_unknown");
}

#[test]
fn a_terminal_cannot_make_up_a_chip_authentication() {
    let desk = Desk::open();
    let genuine = key_agreeing(&desk);
    // A copy answers under other keys; a run broken off proves nothing; neither does none.
    let ((id, _), nonce) = challenged(&desk);
    let copy = key_agreeing(&desk).with(Fault::ClonedChipAuth);
    let (refused, chip) = relayed(&desk, &copy, (&id, &nonce), 9);
    refused.refused(422, "chip_auth_failed");
    desk.submit(&desk.evidence(&chip, PORTRAIT, (&id, &nonce, 1)))
        .refused(422, "chip_auth_failed");
    for (rounds, counter) in [(1, 2), (4, 3)] {
        let ((id, _), nonce) = challenged(&desk);
        let (_, chip) = relayed(&desk, &genuine, (&id, &nonce), rounds);
        desk.submit(&desk.evidence(&chip, PORTRAIT, (&id, &nonce, counter)))
            .refused(422, "chip_auth_failed");
    }
    let ((id, _), nonce) = challenged(&desk);
    let chip = desk.read(&genuine, &desk.csca, &id, &nonce);
    desk.submit(&desk.evidence(&chip, PORTRAIT, (&id, &nonce, 4)))
        .refused(422, "active_auth_failed");

    // The run of one chip does not vouch for the files of another.
    let ((id, _), nonce) = challenged(&desk);
    let (done, _) = relayed(&desk, &genuine, (&id, &nonce), 9);
    assert_eq!(done.status, 200);
    let other = desk.read(&genuine, &desk.csca, &id, &nonce);
    desk.submit(&desk.evidence(&other, PORTRAIT, (&id, &nonce, 5)))
        .refused(422, "chip_auth_failed");

    // Rounds have their order, each message its one place, and each challenge its terminal and session.
    let ((id, _), nonce) = challenged(&desk);
    let dg14 = chip.dg14.clone().unwrap();
    let at = |number| (id.as_str(), nonce.as_str(), number);
    round(&desk, &desk.key, at(1), &dg14).refused(409, "wrong_state");
    let answers = at_once(|_| round(&desk, &desk.key, at(0), &dg14));
    only_one(answers, &["wrong_state"]);
    let stranger = key();
    round(&desk, &stranger, at(1), &[0x90, 0]).refused(403, "terminal_unknown");
    desk.register(&stranger, |_| {});
    round(&desk, &stranger, at(1), &[0x90, 0]).refused(403, "challenge_unknown");
    let other = desk.issuer.session(NUMBER, "full").0;
    let elsewhere = (other.as_str(), nonce.as_str(), 1);
    round(&desk, &desk.key, elsewhere, &[0x90, 0]).refused(403, "challenge_unknown");
    desk.issuer.clock.advance(301);
    round(&desk, &desk.key, at(1), &[0x90, 0]).refused(403, "challenge_unknown");
    // A DG14 without a key to agree with, and one that is too large for any run.
    let ((id, _), nonce) = challenged(&desk);
    round(&desk, &desk.key, (&id, &nonce, 0), &[0x6E, 2, 0x31, 0])
        .refused(422, "chip_auth_missing");
    let ((id, _), nonce) = challenged(&desk);
    let large = round(&desk, &desk.key, (&id, &nonce, 0), &[0; 5000]);
    large.refused(409, "wrong_state");
    // The session ends before the challenge does.
    let (id, _) = desk.issuer.session(NUMBER, "full");
    desk.issuer.clock.advance(1_700);
    let nonce = desk.challenge(&id, &desk.key).text("nonce");
    desk.issuer.clock.advance(101);
    round(&desk, &desk.key, (&id, &nonce, 0), &dg14).refused(410, "session_expired");
}

#[test]
fn a_chip_authentication_ends_and_a_proved_session_begins_none() {
    let desk = Desk::open();
    let ((id, _), nonce) = challenged(&desk);
    let second = desk.challenge(&id, &desk.key).text("nonce");
    let (done, chip) = relayed(&desk, &key_agreeing(&desk), (&id, &nonce), 9);
    assert_eq!((done.status, &done.body), (200, &json!({})));
    let more = round(&desk, &desk.key, (&id, &nonce, 5), &[0x90, 0]);
    more.refused(409, "wrong_state");
    let evidence = desk.evidence(&chip, PORTRAIT, (&id, &nonce, 1));
    assert_eq!(desk.submit(&evidence).status, 200);
    let dg14 = chip.dg14.clone().unwrap();
    let again = round(&desk, &desk.key, (&id, &second, 0), &dg14);
    again.refused(409, "wrong_state");
}

/// A decoder for tests: every coded photograph is the desk's portrait.
fn with_decoder(folder: &std::path::Path) -> Desk {
    let program = folder.join("decoder");
    let portrait = folder.join("portrait");
    std::fs::write(&portrait, PORTRAIT).unwrap();
    let script = format!("#!/bin/sh\nexec /bin/cat {}\n", portrait.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let desk = Desk::of(Issuer::with(Arc::new(FakeFace), b"SAME", |config| {
        config.card.photo_decoder = Some(program.clone());
        config.card.photo_decoder_seconds = 30;
    }));
    desk.register(&desk.key, |terminal| {
        terminal.sams = vec![SamReader::PRINTED.to_owned()];
    });
    desk
}

fn holder() -> SamHolder {
    SamHolder {
        name: "样本".to_owned(),
        sex: "2".to_owned(),
        birth: "19900101".to_owned(),
        number: NUMBER.to_owned(),
        from: "20200101".to_owned(),
        until: "长期".to_owned(),
    }
}

/// The record and the coded photograph, as a reader gives them.
fn record_of(card: SamCard) -> (Vec<u8>, Vec<u8>) {
    struct Direct(SamReader);
    impl tessera_card::sam::SamTransport for Direct {
        fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, tessera_card::TransportError> {
            Ok(self.0.answer(command))
        }
    }
    let mut reader = Direct(SamReader::new(Some(card)));
    let reading = tessera_card::sam::read(&mut reader).unwrap();
    (reading.record.clone(), reading.photo.clone())
}

/// A visit with a record, but for what `differ` changes in the statement and `alter` in the body.
fn visit(
    desk: &Desk,
    counter: u64,
    (text, photo): (&[u8], &[u8]),
    differ: impl FnOnce(&mut EvidenceStatement),
    alter: impl FnOnce(&mut Value),
) -> (Answer, (String, String)) {
    let (session, nonce) = challenged(desk);
    let digest = evidence_digest(&EvidenceParts {
        record: text,
        record_photo: photo,
        photo: PORTRAIT,
        ..EvidenceParts::default()
    });
    let mut statement = desk.statement((&session.0, &nonce, counter), digest);
    statement.sam = Some(SamReader::PRINTED.to_owned());
    differ(&mut statement);
    let signed = terminal::prepare(desk.key.public_key(), &statement).sign(&desk.key);
    let mut body = json!({
        "statement": signed.unwrap(),
        "record": {"text": base64url(text), "photo": base64url(photo)},
        "photo": base64url(PORTRAIT),
    });
    alter(&mut body);
    (desk.submit(&body), session)
}

#[test]
fn a_resident_card_is_recorded_as_its_terminals_word() {
    let folder = tempfile::tempdir().unwrap();
    let desk = with_decoder(folder.path());
    let (text, photo) = record_of(SamCard::resident(&holder(), b"coded"));
    let (answer, session) = visit(&desk, 1, (&text, &photo), |_| {}, |_| {});
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let document = credential(&desk, &session, &answer.text("tx_code"));
    let evidence = document["evidence"].to_string();
    assert!(
        evidence.contains("\"vdig\"") && !evidence.contains("vcrypt"),
        "{evidence}"
    );
}

#[test]
fn records_that_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let desk = with_decoder(folder.path());
    let (text, photo) = record_of(SamCard::resident(&holder(), b"coded"));
    let read = (text.as_slice(), photo.as_slice());
    let refused = |answer: (Answer, (String, String)), status, code: &str| {
        answer.0.refused(status, code);
    };
    refused(
        visit(&desk, 1, read, |s| s.sam = None, |_| {}),
        403,
        "sam_unknown",
    );
    let foreign = |s: &mut EvidenceStatement| {
        s.sam = Some("05.03-20180101-0001234567-0007654322".to_owned());
    };
    refused(visit(&desk, 2, read, foreign, |_| {}), 403, "sam_unknown");
    // Other bytes than the terminal signed; both kinds at once; neither.
    let edited = |body: &mut Value| {
        let mut other = text.clone();
        other[60] ^= 1;
        body["record"]["text"] = json!(base64url(&other));
    };
    refused(
        visit(&desk, 3, read, |_| {}, edited),
        422,
        "evidence_mismatch",
    );
    let both = |body: &mut Value| {
        body["chip"] = json!({"sod": "", "dg1": "", "dg2": "", "dg15": "", "aa_signature": ""});
    };
    refused(visit(&desk, 4, read, |_| {}, both), 400, "malformed");
    let neither = |body: &mut Value| drop(body.as_object_mut().unwrap().remove("record"));
    refused(visit(&desk, 5, read, |_| {}, neither), 400, "malformed");
    // A chip's files under a statement that speaks of a security module.
    let (session, nonce) = challenged(&desk);
    let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
    let mut body = desk.evidence(&chip, PORTRAIT, (&session.0, &nonce, 6));
    let digest = evidence_digest(&EvidenceParts::default());
    let mut statement = desk.statement((&session.0, &nonce, 6), digest);
    statement.sam = Some(SamReader::PRINTED.to_owned());
    let signed = terminal::prepare(desk.key.public_key(), &statement).sign(&desk.key);
    body["statement"] = json!(signed.unwrap());
    desk.submit(&body).refused(403, "sam_unknown");

    let of = |holder: SamHolder| SamCard::resident(&holder, b"coded");
    let contradictory = SamHolder {
        sex: "1".to_owned(),
        ..holder()
    };
    let over = SamHolder {
        until: "20210101".to_owned(),
        ..holder()
    };
    let ahead = SamHolder {
        from: "20400101".to_owned(),
        ..holder()
    };
    let other = SamHolder {
        number: "999999198605140140".to_owned(),
        birth: "19860514".to_owned(),
        ..holder()
    };
    for (counter, card, code) in [
        (10, of(over), "document_expired"),
        (11, of(ahead), "document_expired"),
        (12, of(other), "document_not_of_person"),
    ] {
        let (text, photo) = record_of(card);
        refused(
            visit(&desk, counter, (&text, &photo), |_| {}, |_| {}),
            422,
            code,
        );
    }
    // What no reader gives, because the reading is refused there already.
    let (good, _) = record_of(of(holder()));
    let mut contradiction = good.clone();
    contradiction[30] = contradictory.sex.as_bytes()[0];
    for (counter, text, photo) in [
        (20, contradiction.as_slice(), photo.as_slice()),
        (21, &good[..255], &photo),
        (22, &good, &photo[..1023]),
    ] {
        refused(
            visit(&desk, counter, (text, photo), |_| {}, |_| {}),
            422,
            "card_record_invalid",
        );
    }
    // Another face than the card's.
    let unlike = |body: &mut Value| body["photo"] = json!(base64url(b"else"));
    refused(
        visit(&desk, 30, read, |_| {}, unlike),
        422,
        "evidence_mismatch",
    );

    // Without a decoder, every one of them.
    let closed = Desk::open();
    closed.register(&closed.key, |terminal| {
        terminal.sams = vec![SamReader::PRINTED.to_owned()];
    });
    refused(
        visit(&closed, 1, read, |_| {}, |_| {}),
        422,
        "photo_decoder_unavailable",
    );
}

#[test]
fn old_algorithms_and_revocation_are_policy() {
    let lenient = Desk::of(Issuer::with(Arc::new(FakeFace), b"SAME", |config| {
        config.card.legacy_sha1 = true;
    }));
    let strict = Desk::of(Issuer::with(Arc::new(FakeFace), b"SAME", |config| {
        config.card.current_revocation_list = true;
    }));
    let old = |desk: &Desk| {
        let mut profile = desk.profile();
        profile.lds_digest = Digest::Sha1;
        desk.visit(&profile, &desk.csca, PORTRAIT, 1)
    };
    assert_eq!(old(&lenient).status, 200);
    old(&Desk::open()).refused(422, "legacy_algorithm");

    let desk = strict;
    let visit = |profile: &Profile, counter| desk.visit(profile, &desk.csca, PORTRAIT, counter);
    visit(&desk.profile(), 1).refused(422, "revocation_unknown");
    let take = |list: Vec<u8>| {
        let file = desk.issuer.data.path().join("list.crl");
        std::fs::write(&file, list).unwrap();
        desk.issuer.admin(Command::CscaCrl { files: vec![file] });
    };
    let validity = (NOW - DAY, NOW + 30 * DAY);
    take(desk.csca.crl(1, &[], validity).unwrap());
    assert_eq!(visit(&desk.profile(), 2).status, 200);
    // The signer of one card is revoked: that card is refused, cards of other signers are not.
    let ((id, _), nonce) = challenged(&desk);
    let mut chip = Chip::personalise(&desk.profile(), &desk.csca, &mut OsRng).unwrap();
    let revoked = Revoked {
        certificate: chip.card().signer_certificate().to_vec(),
        reason: Some(1),
        since: NOW - DAY,
    };
    take(desk.csca.crl(2, &[revoked], (NOW, NOW + 30 * DAY)).unwrap());
    let challenge = aa_challenge(&nonce, desk.key.did(), &id);
    let access = AccessKey::Can("123456".to_owned());
    let data = tessera_card::read_chip(&mut chip, &access, &challenge, &mut OsRng).unwrap();
    desk.submit(&desk.evidence(&data, PORTRAIT, (&id, &nonce, 3)))
        .refused(422, "document_signer_revoked");
    assert_eq!(visit(&desk.profile(), 4).status, 200);
    // Once the list is overdue, nothing can be told again.
    desk.issuer.clock.advance(31 * DAY);
    visit(&desk.profile(), 5).refused(422, "revocation_unknown");

    // A master list brings an authority of another state, signed by the one that is trusted.
    let france = Csca::of_country("FR", tessera_cardsim::Scheme::default(), &mut OsRng, NOW);
    let france = france.unwrap();
    let list = desk
        .csca
        .master_list(&[france.certificate()], true, &mut OsRng, NOW)
        .unwrap();
    let file = desk.issuer.data.path().join("list.ml");
    std::fs::write(&file, list).unwrap();
    let taken = desk.issuer.admin(Command::CscaMasterList { file });
    assert_eq!(taken, json!({"added": 1, "states": ["FRA"], "skipped": 0}));
}

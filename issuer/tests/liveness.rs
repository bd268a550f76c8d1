//! The liveness challenge over HTTP: what is asked, who may answer, how often, and what was seen before.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::desk::Desk;
use support::{Answer, Issuer, NUMBER, at_once, key, offer_of};
use tessera_issuer::config::{Config, Demand};
use tessera_issuer::face::{FaceCheck, Live};
use tessera_issuer::failure::Code;
use tessera_issuer::keys::SoftwareKey;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::device;
use tessera_verifier::liveness::{self, Frame, MEDIA_TYPE, Movement, chain, encode};

/// Judges by the first frame: `SAME…` moved as asked, `STIL…` did not. A frame's bytes are its perceptual hash.
struct FakeCamera;

impl FaceCheck for FakeCamera {
    fn compare(&self, _photo: &[u8], _reference: &[u8]) -> Result<(), Code> {
        Ok(())
    }

    fn compare_live(
        &self,
        answer: &liveness::Answer<'_>,
        movements: &[Movement],
        _reference: &[u8],
    ) -> Live {
        assert_eq!(movements.len(), 3);
        let hash = |frame: &Frame<'_>| std::array::from_fn(|i| *frame.image.get(i).unwrap_or(&0));
        Live {
            outcome: if answer.frames[0].image.starts_with(b"SAME") {
                Ok(())
            } else {
                Err(Code::LivenessIncomplete)
            },
            hashes: answer.frames.iter().map(hash).collect(),
        }
    }
}

fn issuer(configure: impl FnOnce(&mut Config)) -> Issuer {
    Issuer::with(Arc::new(FakeCamera), b"SAME reference", |config| {
        config.proofing.liveness = Demand::Limited;
        configure(config);
    })
}

/// A session and the key of the device that opened it.
struct Phone<'a> {
    issuer: &'a Issuer,
    device: SoftwareKey,
    id: String,
    token: String,
}

impl<'a> Phone<'a> {
    fn open(issuer: &'a Issuer) -> Self {
        let device = key();
        let proof = device::prepare(
            device.public_key(),
            &issuer.url,
            &issuer.nonce(),
            issuer.time(),
        )
        .sign(&device)
        .unwrap();
        let body = json!({"personal_administrative_number": NUMBER, "level": "limited", "device_proof": proof});
        let opened = issuer.post_json("/sessions", None, &body);
        Self {
            issuer,
            device,
            id: opened.text("session_id"),
            token: opened.text("session_token"),
        }
    }

    fn challenge(&self) -> Answer {
        let path = format!("/sessions/{}/liveness", self.id);
        self.issuer.post_json(&path, Some(&self.token), &json!({}))
    }

    fn send(&self, nonce: &str, frames: &[Frame<'_>], signer: &SoftwareKey) -> Answer {
        let end = chain(nonce, frames);
        let proof = liveness::prepare(
            signer.public_key(),
            &self.issuer.url,
            &end,
            self.issuer.time(),
        )
        .sign(signer)
        .unwrap();
        let body = encode(&proof, frames).unwrap();
        let path = format!("/sessions/{}/face", self.id);
        self.issuer
            .post(&path, Some(&self.token), MEDIA_TYPE, &body)
    }

    /// Draws, films what `kind` and `take` say, sends.
    fn answer(&self, kind: &str, take: u8) -> Answer {
        let nonce = self.challenge().text("nonce");
        let pictures = film(kind, take);
        self.send(&nonce, &frames(&pictures), &self.device)
    }
}

/// Four frames whose bytes differ, and differ much from those of any other take.
fn film(kind: &str, take: u8) -> Vec<Vec<u8>> {
    (0..4_u8)
        .map(|i| {
            let body = (0..60).map(|byte: u8| byte.wrapping_mul(take.wrapping_mul(37) | 1) ^ i);
            kind.bytes().chain(body).collect()
        })
        .collect()
}

fn frames(pictures: &[Vec<u8>]) -> Vec<Frame<'_>> {
    pictures
        .iter()
        .enumerate()
        .map(|(i, image)| Frame {
            at_ms: i as u32 * 150,
            image,
        })
        .collect()
}

#[test]
fn frames_of_the_device_that_opened_the_session_pass_and_a_photo_does_not() {
    let issuer = issuer(|_| {});
    let phone = Phone::open(&issuer);
    let photo = issuer.face(&(phone.id.clone(), phone.token.clone()), b"SAME photo");
    photo.refused(422, "liveness_required");
    let challenge = phone.challenge();
    assert_eq!(challenge.status, 200);
    assert_eq!(
        challenge.body["movements"].as_array().map(Vec::len),
        Some(3)
    );
    // Asked again it is the same: nobody draws until an order comes that suits.
    assert_eq!(phone.challenge().body, challenge.body);
    let passed = phone.answer("SAME", 1);
    assert_eq!(
        (passed.status, &passed.body["state"]),
        (200, &json!("face_checked"))
    );
    let (code, tx_code) = offer_of(&passed);
    let token = issuer.redeem(&code, &tx_code).text("access_token");
    let issued = issuer.credentials(&token, "identity_limited_ldp", 1);
    assert_eq!(
        procedure(&issued.body["credentials"][0]["credential"]),
        "face-against-register-with-liveness"
    );
}

/// What a credential says of the way its holder was proved.
fn procedure(credential: &Value) -> &Value {
    &credential["evidence"][0]["assurance_process"]["procedure"]
}

#[test]
fn an_answer_spends_its_challenge() {
    let issuer = issuer(|_| {});
    let phone = Phone::open(&issuer);
    let nonce = phone.challenge().text("nonce");
    let pictures = film("STIL", 1);
    let still = phone.send(&nonce, &frames(&pictures), &phone.device);
    still.refused(422, "liveness_incomplete");
    let pictures = film("SAME", 2);
    let late = phone.send(&nonce, &frames(&pictures), &phone.device);
    late.refused(422, "liveness_challenge_unknown");
    let expired = phone.challenge().text("nonce");
    issuer.clock.advance(91);
    let late = phone.send(&expired, &frames(&pictures), &phone.device);
    late.refused(422, "liveness_challenge_unknown");
    assert_eq!(phone.answer("SAME", 2).status, 200);
    // Nothing is drawn for a session that is over.
    let phone = Phone::open(&issuer);
    issuer.clock.advance(1_800);
    phone.challenge().refused(410, "session_expired");
}

#[test]
fn a_challenge_is_answered_once_from_many_connections() {
    let issuer = issuer(|config| config.face.attempts = 32);
    let phone = Phone::open(&issuer);
    let nonce = phone.challenge().text("nonce");
    // Each another film, so that only the challenge stands in the way of the second.
    let answers = at_once(|take| {
        let pictures = film("STIL", 1 + take as u8);
        phone.send(&nonce, &frames(&pictures), &phone.device)
    });
    let judged = answers
        .iter()
        .filter(|answer| answer.body["code"] == "liveness_incomplete");
    assert_eq!(judged.count(), 1, "{answers:?}");
}

#[test]
fn only_the_sessions_device_can_answer_and_only_this_challenge() {
    let issuer = issuer(|_| {});
    let phone = Phone::open(&issuer);
    let pictures = film("SAME", 1);
    let nonce = phone.challenge().text("nonce");
    let strange = phone.send(&nonce, &frames(&pictures), &key());
    strange.refused(422, "liveness_proof_invalid");
    phone.challenge();
    let other = phone.send(&nonce, &frames(&pictures), &phone.device);
    other.refused(422, "liveness_proof_invalid");
    // Two failures: the session waits a little.
    issuer.clock.advance(10);
    // Frames that claim more time than has passed were not filmed for this.
    let nonce = phone.challenge().text("nonce");
    let mut ahead = frames(&pictures);
    // A clock of whole seconds is behind by less than two of them.
    ahead[3].at_ms = 3_000;
    let ahead = phone.send(&nonce, &ahead, &phone.device);
    ahead.refused(422, "liveness_frames");
    let nonce = phone.challenge().text("nonce");
    assert!(!nonce.is_empty());
    let path = format!("/sessions/{}/face", phone.id);
    let broken = issuer.post(&path, Some(&phone.token), MEDIA_TYPE, b"TSF1");
    broken.refused(400, "malformed");
}

#[test]
fn frames_seen_before_are_refused_in_every_session() {
    let issuer = issuer(|_| {});
    let first = Phone::open(&issuer);
    first.answer("STIL", 1).refused(422, "liveness_incomplete");
    // The same bytes, although they failed.
    let second = Phone::open(&issuer);
    second.answer("STIL", 1).refused(422, "liveness_replayed");
    // The same pictures saved again: three bits of each differ.
    let resaved = |phone: &Phone<'_>, bits: u8| {
        let nonce = phone.challenge().text("nonce");
        let mut pictures = film("STIL", 1);
        for picture in &mut pictures {
            picture[20] ^= bits;
        }
        phone.send(&nonce, &frames(&pictures), &phone.device)
    };
    resaved(&Phone::open(&issuer), 0b111).refused(422, "liveness_replayed");
    assert_eq!(Phone::open(&issuer).answer("SAME", 2).status, 200);
    // After an hour the hashes are gone, and the digests of the bytes are not.
    issuer.clock.advance(3601);
    let third = Phone::open(&issuer);
    third.answer("SAME", 2).refused(422, "liveness_replayed");
    resaved(&Phone::open(&issuer), 0b1110).refused(422, "liveness_incomplete");
}

#[test]
fn failures_and_drawings_are_limited() {
    let issuer = issuer(|config| {
        config.face.attempts = 2;
        config.proofing.liveness_draws_per_day = 4;
    });
    let phone = Phone::open(&issuer);
    phone.answer("STIL", 1).refused(422, "liveness_incomplete");
    phone.answer("STIL", 2).refused(422, "liveness_incomplete");
    // Backed off, then out of attempts.
    phone.answer("SAME", 3).refused(429, "too_many_attempts");
    let other = Phone::open(&issuer);
    let drawn = other.challenge();
    assert_eq!(drawn.status, 200);
    issuer.clock.advance(91);
    other.challenge().refused(429, "too_many_attempts");
}

#[test]
fn nothing_is_asked_where_nothing_is_demanded() {
    let issuer = issuer(|config| config.proofing.liveness = Demand::Full);
    let phone = Phone::open(&issuer);
    phone.challenge().refused(409, "liveness_not_asked");
    let pictures = film("SAME", 1);
    let sent = phone.send("nonce", &frames(&pictures), &phone.device);
    sent.refused(409, "liveness_not_asked");
    let session = (phone.id.clone(), phone.token.clone());
    assert_eq!(issuer.face(&session, b"SAME photo").status, 200);
}

/// A visit to a terminal that films, signed by `signer`: session and the answer to its evidence.
fn visit(
    desk: &Desk,
    (kind, take, counter): (&str, u8, u64),
    signer: &SoftwareKey,
) -> ((String, String), Answer) {
    let session = desk.issuer.session(NUMBER, "full");
    let challenge = desk.challenge(&session.0, &desk.key);
    let asked = challenge.body["liveness"]["nonce"].as_str();
    let nonce = challenge.text("nonce");
    let pictures = film(kind, take);
    let frames = frames(&pictures);
    let end = chain(asked.unwrap_or("nobody asked"), &frames);
    let (url, now) = (&desk.issuer.url, desk.issuer.time());
    let proof = liveness::prepare(signer.public_key(), url, &end, now);
    let film = encode(&proof.sign(signer).unwrap(), &frames).unwrap();
    let chip = desk.read(&desk.profile(), &desk.csca, &session.0, &nonce);
    let evidence = desk.evidence_live(&chip, &film, (&session.0, &nonce, counter));
    let answer = desk.submit(&evidence);
    // Whatever came of it, the same cannot be sent again.
    desk.submit(&evidence).refused(403, "challenge_unknown");
    (session, answer)
}

#[test]
fn a_terminal_films_for_the_full_credential_and_the_credential_says_so() {
    let desk = Desk::of(issuer(|config| config.proofing.liveness = Demand::Full));
    let (session, answer) = visit(&desk, ("SAME", 1, 1), &desk.key);
    assert_eq!(answer.body["state"], "face_matched_to_card", "{answer:?}");
    let credential = desk.full_credential(&session, &answer.text("tx_code"));
    assert_eq!(
        procedure(&credential),
        "chip-and-face-attended-with-liveness"
    );
    let said = credential["evidence"].to_string();
    assert!(!said.contains("score") && !said.contains("similarity"));
}

#[test]
fn a_terminal_that_does_not_film_as_asked_is_refused() {
    let desk = Desk::of(issuer(|config| config.proofing.liveness = Demand::Full));
    let session = desk.issuer.session(NUMBER, "full").0;
    let photo = desk.serve(&session, b"SAME photo", 1);
    photo.refused(422, "liveness_required");
    let (_, answer) = visit(&desk, ("STIL", 1, 2), &desk.key);
    answer.refused(422, "liveness_incomplete");
    // Frames that another key signed, and frames of before.
    let (_, answer) = visit(&desk, ("SAME", 2, 3), &desk.operator);
    answer.refused(422, "liveness_proof_invalid");
    let (_, answer) = visit(&desk, ("STIL", 1, 4), &desk.key);
    answer.refused(422, "liveness_replayed");
    let photos = Desk::of(issuer(|_| {}));
    let (_, answer) = visit(&photos, ("SAME", 1, 1), &photos.key);
    answer.refused(409, "liveness_not_asked");
}

#[test]
fn a_check_that_cannot_judge_frames_refuses_them() {
    let issuer = Issuer::with(Arc::new(support::FakeFace), b"SAME reference", |config| {
        config.proofing.liveness = Demand::Required;
    });
    Phone::open(&issuer)
        .answer("SAME", 1)
        .refused(503, "liveness_unavailable");
}

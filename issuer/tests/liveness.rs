//! The liveness challenge over HTTP: what is asked, who may answer, how often, and what was seen before.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use serde_json::json;
use support::{Answer, Issuer, NUMBER, key};
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
    assert!(passed.body["credential_offer"].is_object());
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
    ahead[3].at_ms = 5_000;
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

#[test]
fn a_check_that_cannot_judge_frames_refuses_them() {
    let issuer = Issuer::with(Arc::new(support::FakeFace), b"SAME reference", |config| {
        config.proofing.liveness = Demand::Required;
    });
    Phone::open(&issuer)
        .answer("SAME", 1)
        .refused(503, "liveness_unavailable");
}

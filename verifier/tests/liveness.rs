//! Answers to a liveness challenge: what goes in comes out, everything else is a typed error, and the signed chain
//! covers every frame.
#![expect(clippy::unwrap_used, reason = "tests")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use proptest::prelude::*;
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::key::PublicKey;
use tessera_verifier::liveness::{
    Answer, Frame, MAX_ANSWER_BYTES, MAX_FRAME_BYTES, MAX_FRAMES, chain, encode, prepare, verify,
};

const ISSUER: &str = "https://issuer.example";
const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

const FRAMES: [Frame<'static>; 3] = [
    Frame {
        at_ms: 0,
        image: b"one",
    },
    Frame {
        at_ms: 90,
        image: b"two",
    },
    Frame {
        at_ms: 200,
        image: b"three",
    },
];

/// The key of a holder's device.
struct Device(EcdsaKeyPair, PublicKey);

impl Device {
    fn fresh() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }
}

impl LocalSigner for Device {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.0.sign(&SystemRandom::new(), message).unwrap();
        Ok(Signature::from_bytes(signature.as_ref()).unwrap())
    }
}

fn code(bytes: &[u8]) -> &'static str {
    Answer::parse(bytes).map_or_else(|error| error.code(), |_| "ok")
}

#[test]
fn an_answer_comes_out_as_it_went_in() {
    let bytes = encode("a.b.c", &FRAMES).unwrap();
    let answer = Answer::parse(&bytes).unwrap();
    assert_eq!(answer.proof, "a.b.c");
    let seen: Vec<_> = answer.frames.iter().map(|f| (f.at_ms, f.image)).collect();
    assert_eq!(seen, FRAMES.map(|f| (f.at_ms, f.image)));
}

#[test]
fn sizes_are_bounded_and_times_rise() {
    let frames = |count: usize| -> Vec<Frame<'static>> {
        let frame = |at_ms| Frame { at_ms, image: b"x" };
        (0..count as u32).map(frame).collect()
    };
    assert!(encode("", &frames(MAX_FRAMES)).is_ok());
    let refused = |proof: &str, frames: &[Frame<'_>]| encode(proof, frames).err().unwrap().code();
    assert_eq!(refused("", &frames(MAX_FRAMES + 1)), "too_large");
    assert_eq!(refused("", &[]), "malformed");
    assert_eq!(refused(&"x".repeat(5000), &FRAMES), "too_large");
    let picture = vec![0; MAX_FRAME_BYTES + 1];
    let large = |image| Frame { at_ms: 0, image };
    assert_eq!(refused("", &[large(&picture)]), "too_large");
    assert!(encode("", &[large(&picture[1..])]).is_ok());
    assert_eq!(code(&vec![0; MAX_ANSWER_BYTES + 1]), "too_large");
    let [one, two, three] = FRAMES;
    for late in [[one, three, two], [one, one, two]] {
        assert_eq!(refused("", &late), "malformed");
    }
    let mut longer = encode("", &FRAMES).unwrap().to_vec();
    for cut in 0..longer.len() {
        assert_eq!(code(&longer[..cut]), "malformed", "{cut}");
    }
    longer.push(0);
    assert_eq!(code(&longer), "malformed");
}

#[test]
fn the_chain_has_its_published_value() {
    // Computed with Python's hashlib from the formula in the documentation of `chain`.
    assert_eq!(
        chain("nonce", &FRAMES),
        "BCdWpKcz2_cP0tFeOb9T-SsWziWaD1za3oFWRR8VneA"
    );
}

#[test]
fn the_statement_covers_challenge_frames_order_and_times() {
    let device = Device::fresh();
    let end = chain("nonce", &FRAMES);
    let proof = prepare(device.public_key(), ISSUER, &end, NOW)
        .sign(&device)
        .unwrap();
    let outcome = |frames: &[Frame<'_>], nonce: &str, aud: &str, seconds: i64| {
        let answer = Answer {
            proof: &proof,
            frames: frames.to_vec(),
        };
        verify(&answer, aud, nonce, NOW.add_seconds(seconds)).map_err(|error| error.code())
    };
    assert_eq!(
        outcome(&FRAMES, "nonce", ISSUER, 30),
        Ok(device.public_key().clone())
    );
    let [one, two, three] = FRAMES;
    let retimed = Frame { at_ms: 91, ..two };
    let swapped = Frame {
        image: b"tw0",
        ..two
    };
    for frames in [
        vec![one, two],
        vec![two, one, three],
        vec![one, retimed, three],
        vec![one, swapped, three],
    ] {
        assert_eq!(outcome(&frames, "nonce", ISSUER, 0), Err("nonce_mismatch"));
    }
    assert_eq!(outcome(&FRAMES, "other", ISSUER, 0), Err("nonce_mismatch"));
    let elsewhere = outcome(&FRAMES, "nonce", "https://other.example", 0);
    assert_eq!(elsewhere, Err("audience_mismatch"));
    let late = outcome(&FRAMES, "nonce", ISSUER, 1000);
    assert_eq!(late, Err("presentation_too_old"));
    // A proof of another kind over the same words is none.
    let other = tessera_verifier::device::prepare(device.public_key(), ISSUER, &end, NOW)
        .sign(&device)
        .unwrap();
    let answer = Answer {
        proof: &other,
        frames: FRAMES.to_vec(),
    };
    assert!(verify(&answer, ISSUER, "nonce", NOW).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_an_answer_or_an_error(
        tail in prop::collection::vec(any::<u8>(), 0..200),
        flips in prop::collection::vec((0..64usize, any::<u8>()), 0..4),
    ) {
        let mut bytes = encode("a.b.c", &FRAMES).unwrap().to_vec();
        for (at, bits) in flips {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        }
        for candidate in [bytes, [b"TSF1", tail.as_slice()].concat(), tail] {
            if let Ok(answer) = Answer::parse(&candidate) {
                let again = encode(answer.proof, &answer.frames).unwrap();
                prop_assert_eq!(&*again, &candidate);
            }
        }
    }
}

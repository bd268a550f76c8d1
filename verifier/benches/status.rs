//! Costs of status lists as ratios to one raw P-256 verification, measured in the same rounds, and the memory that a long
//! list takes: `cargo bench -p tessera-verifier --bench status`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use tessera_verifier::status::{BitString, EntryBits, StatusArray, StatusType};

const ROUNDS: usize = 300;
const REPEATS: u32 = 64;

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// The time of one call, in seconds.
fn time(repeats: u32, operation: &dyn Fn()) -> f64 {
    let start = Instant::now();
    (0..repeats).for_each(|_| operation());
    start.elapsed().as_secs_f64() / f64::from(repeats)
}

/// A list of which every `nth` entry, irregularly, is set.
fn bits(entries: usize, nth: u64) -> BitString {
    let mut bits = BitString::new(entries).unwrap();
    let mut state = 1u64;
    for index in 0..entries {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if (state >> 33).is_multiple_of(nth) {
            bits.set(index, true).unwrap();
        }
    }
    bits
}

/// The resident memory of this process in bytes, where the system tells.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = status.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn main() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let message = [7; 256];
    let signature = pair.sign(&SystemRandom::new(), &message).unwrap();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
    let raw = || key.verify(black_box(&message), signature.as_ref()).unwrap();

    let loaded = bits(BitString::MIN_ENTRIES, 100);
    let rare = bits(BitString::MIN_ENTRIES, 1000).encode_bitstring();
    let common = loaded.encode_bitstring();
    let mut array = StatusArray::new(BitString::MIN_ENTRIES, EntryBits::One).unwrap();
    for index in (0..BitString::MIN_ENTRIES).filter(|index| loaded.get(*index) == Some(true)) {
        array.set(index, StatusType::Invalid).unwrap();
    }
    let token = array.to_json();
    let operations: [(&str, f64, &dyn Fn()); 5] = [
        ("lookup in a loaded bitstring", 0.02, &|| {
            black_box(loaded.get(black_box(94_567)));
        }),
        ("lookup in a loaded token list", 0.02, &|| {
            black_box(array.get(black_box(94_567)));
        }),
        ("cold 16 KiB bitstring, 0.1 % set", 0.5, &|| {
            black_box(BitString::decode_bitstring(black_box(&rare)).unwrap());
        }),
        ("cold 16 KiB bitstring, 1 % set", 0.5, &|| {
            black_box(BitString::decode_bitstring(black_box(&common)).unwrap());
        }),
        ("cold 16 KiB token list, 1 % set", 0.5, &|| {
            black_box(StatusArray::from_json(black_box(&token)).unwrap());
        }),
    ];
    let mut ratios = vec![Vec::with_capacity(ROUNDS); operations.len()];
    let mut base = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let unit = time(1, &raw);
        base.push(unit * 1e6);
        for ((_, _, operation), ratios) in operations.iter().zip(&mut ratios) {
            ratios.push(time(REPEATS, operation) / unit);
        }
    }
    println!("raw P-256 verification: {:.1} µs", median(&mut base));
    for ((name, bar, _), ratios) in operations.iter().zip(&mut ratios) {
        let ratio = median(ratios);
        let met = if ratio <= *bar { "met" } else { "not met" };
        println!("{name:36} {ratio:8.4}   bar {bar:4}   {met}");
    }

    let encoded = bits(100_000_000, 100).encode_bitstring();
    if let Some(before) = resident() {
        let list = BitString::decode_bitstring(&encoded).unwrap();
        let after = resident().unwrap_or(before);
        #[expect(clippy::cast_precision_loss, reason = "a ratio to two places")]
        let ratio = after.saturating_sub(before) as f64 / (list.len() / 8) as f64;
        let met = if ratio <= 1.1 { "met" } else { "not met" };
        println!(
            "{:36} {ratio:8.4}   bar  1.1   {met}",
            "memory of 100 M entries to their bits"
        );
        black_box(list.get(99_999_999));
    }
}

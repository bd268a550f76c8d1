//! The X25519 key of an Ed25519 key (did:key, "Derive Encryption Key"; RFC 7748 §4.1): u = (1 + y) / (1 − y).
//!
//! Public values only: nothing here needs to run in constant time.

/// An element of the field of 2^255 − 19: four words, least significant first, below 2^256.
#[derive(Clone, Copy)]
struct Element([u64; 4]);

const ONE: Element = Element([1, 0, 0, 0]);
/// 2^256 is 38 in the field.
const FOLD: u64 = 38;

/// The X25519 public key for an Ed25519 public key; the y coordinate is read modulo the field's prime.
pub(super) fn from_ed25519(key: &[u8; 32]) -> [u8; 32] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(key.chunks_exact(8)) {
        *word = bytes
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    // The highest bit is the sign of x.
    let [a, b, c, d] = words;
    let y = Element([a, b, c, d & (u64::MAX >> 1)]);
    let u = ONE.plus(y).times(ONE.minus(y).inverse());
    let mut bytes = [0; 32];
    for (out, word) in bytes.chunks_exact_mut(8).zip(u.reduced()) {
        out.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

impl Element {
    fn plus(self, other: Self) -> Self {
        let mut words = [0; 4];
        let mut carry = 0;
        for ((word, a), b) in words.iter_mut().zip(self.0).zip(other.0) {
            let sum = u128::from(a) + u128::from(b) + carry;
            *word = sum as u64;
            carry = sum >> 64;
        }
        Self(words).plus_word(carry as u64 * FOLD)
    }

    /// Adds a word, folding what overflows; twice is enough.
    fn plus_word(self, word: u64) -> Self {
        let mut carry = u128::from(word);
        let mut words = self.0;
        for _ in 0..2 {
            for word in &mut words {
                let sum = u128::from(*word) + carry;
                *word = sum as u64;
                carry = sum >> 64;
            }
            carry *= u128::from(FOLD);
        }
        Self(words)
    }

    /// `other` must be below 2^255.
    fn minus(self, other: Self) -> Self {
        // 2p − other is positive and means the same.
        const TWICE: [u64; 4] = [u64::MAX - 37, u64::MAX, u64::MAX, u64::MAX];
        let mut words = [0; 4];
        let mut borrow = false;
        for ((word, a), b) in words.iter_mut().zip(TWICE).zip(other.0) {
            let (difference, first) = a.overflowing_sub(b);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            (*word, borrow) = (difference, first || second);
        }
        self.plus(Self(words))
    }

    fn times(self, other: Self) -> Self {
        let mut wide = [0u64; 8];
        for (at, a) in self.0.iter().enumerate() {
            let mut carry = 0u128;
            for (word, b) in wide.iter_mut().skip(at).zip(other.0.iter().chain(&[0])) {
                let sum = u128::from(*word) + u128::from(*a) * u128::from(*b) + carry;
                *word = sum as u64;
                carry = sum >> 64;
            }
        }
        let [low @ .., _, _, _, _] = wide;
        let [_, _, _, _, high @ ..] = wide;
        let mut words = [0; 4];
        let mut carry = 0u128;
        for ((word, low), high) in words.iter_mut().zip(low).zip(high) {
            let sum = u128::from(low) + u128::from(high) * u128::from(FOLD) + carry;
            *word = sum as u64;
            carry = sum >> 64;
        }
        // The carry is at most 38.
        Self(words).plus_word(carry as u64 * FOLD)
    }

    /// The power p − 2 (Fermat); the inverse of 0 comes out as 0.
    fn inverse(self) -> Self {
        // 2^255 − 21: ones, but for bits 2 and 4.
        let mut power = ONE;
        for bit in (0..255).rev() {
            power = power.times(power);
            if bit != 2 && bit != 4 {
                power = power.times(self);
            }
        }
        power
    }

    /// The least words that mean the same.
    fn reduced(self) -> [u64; 4] {
        const PRIME: [u64; 4] = [u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1];
        let mut words = self.0;
        for _ in 0..2 {
            let mut less = [0; 4];
            let mut borrow = false;
            for ((word, a), b) in less.iter_mut().zip(words).zip(PRIME) {
                let (difference, first) = a.overflowing_sub(b);
                let (difference, second) = difference.overflowing_sub(u64::from(borrow));
                (*word, borrow) = (difference, first || second);
            }
            if !borrow {
                words = less;
            }
        }
        words
    }
}

//! Time and randomness, handed in.
//!
//! Nothing in this crate reads the clock or draws randomness on its own: both are arguments, so that a test decides
//! what time it is and a replayed run draws the same numbers. The real ones are made in `main`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// Seconds since the Unix epoch, UTC.
    fn now(&self) -> i64;
}

/// A cryptographically secure source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    ///
    /// An implementation that cannot must not return: a predictable nonce or code is worse than a stopped service.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |elapsed| {
                i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
            })
    }
}

/// The operating system's generator, through aws-lc.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // No error path may continue without randomness.
            std::process::abort();
        }
    }
}

/// A fresh unguessable name of 256 bits, base64url without padding.
#[must_use]
pub fn token(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A fresh identifier of 127 bits, base64url without padding: unique, and carrying no order of creation. It begins with
/// a letter: people and scripts put it on command lines, where a leading hyphen would read as an option.
#[must_use]
pub fn identifier(entropy: &dyn Entropy) -> String {
    let mut bytes = [0_u8; 16];
    entropy.fill(&mut bytes);
    bytes[0] &= 0x7f;
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Midnight (UTC) of the day `unix` lies in. Times in credentials and issuance records are rounded to it, so that
/// they cannot be joined with an observation of when a person stood somewhere.
#[must_use]
pub fn start_of_day(unix: i64) -> i64 {
    unix - unix.rem_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_starts_at_midnight_also_before_the_epoch() {
        assert_eq!(start_of_day(86_400 * 3 + 5), 86_400 * 3);
        assert_eq!(start_of_day(-1), -86_400);
    }

    #[test]
    fn tokens_differ_and_have_their_length() {
        let (a, b) = (token(&SystemEntropy), token(&SystemEntropy));
        assert_ne!(a, b);
        assert_eq!(a.len(), 43);
        assert_eq!(identifier(&SystemEntropy).len(), 22);
        for _ in 0..256 {
            assert!(identifier(&SystemEntropy).starts_with(|c: char| c.is_ascii_alphabetic()));
        }
    }
}

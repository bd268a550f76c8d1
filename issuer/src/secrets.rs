//! Codes and tokens, and the digests under which the store knows them.
//!
//! The pre-authorized code is derived from the session token. So the issuer can repeat an offer to the bearer of the
//! token without keeping a code that somebody who reads the store could redeem.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use tessera_verifier::crypto::sha256;
use tessera_verifier::vci::Secret;

use crate::environment::Entropy;

/// SHA-256 of a high-entropy secret, base64url: what the store keeps in place of it.
#[must_use]
pub fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(secret.as_bytes()))
}

/// Whether `presented` is the secret behind `digest`, in constant time.
#[must_use]
pub fn matches(presented: &str, expected: &str) -> bool {
    digest(presented)
        .as_bytes()
        .ct_eq(expected.as_bytes())
        .into()
}

/// The pre-authorized code of the session whose token this is.
#[must_use]
pub fn offer_code(session_token: &str) -> Secret {
    URL_SAFE_NO_PAD
        .encode(derive(session_token, b"pre-authorized_code"))
        .into()
}

/// The six-digit transaction code of a limited session, shown to the bearer only.
#[must_use]
pub fn bearer_tx_code(session_token: &str) -> Secret {
    six_digits(&derive(session_token, b"tx_code"))
}

/// A fresh six-digit transaction code, shown by a terminal.
#[must_use]
pub fn fresh_tx_code(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0_u8; 32];
    entropy.fill(&mut bytes);
    six_digits(&bytes)
}

/// The digest of a transaction code. It is salted by the code it belongs to; its six digits are protected by the count
/// of attempts, not by the digest.
#[must_use]
pub fn tx_code_digest(code_digest: &str, tx_code: &str) -> String {
    digest(&format!("{code_digest}:{tx_code}"))
}

fn derive(token: &str, purpose: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    hmac::sign(&key, purpose).as_ref().to_vec()
}

/// 64 bits reduced modulo a million: a bias below 1 in 10^13.
fn six_digits(bytes: &[u8]) -> Secret {
    let number = bytes
        .iter()
        .take(8)
        .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    format!("{:06}", number % 1_000_000).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_a_session_are_stable_and_apart() {
        let (a, b) = (offer_code("token a"), offer_code("token b"));
        assert_eq!(a.expose(), offer_code("token a").expose());
        assert_ne!(a.expose(), b.expose());
        let tx = bearer_tx_code("token a");
        assert!(tx.expose().len() == 6 && tx.expose().bytes().all(|b| b.is_ascii_digit()));
    }

    #[test]
    fn a_digest_matches_its_secret_only() {
        assert!(matches("secret", &digest("secret")));
        assert!(!matches("secret ", &digest("secret")));
        assert_ne!(tx_code_digest("a", "123456"), tx_code_digest("b", "123456"));
    }
}

//! Codes and tokens, and the digests under which the store knows them.
//!
//! The pre-authorized code is derived from the session token. So the issuer can repeat an offer to the bearer of the
//! token without keeping a code that somebody who reads the store could redeem. Each level has a code of its own: what
//! was offered for the limited credential cannot fetch the full one.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use tessera_verifier::crypto::sha256;
use tessera_verifier::vci::Secret;
use zeroize::Zeroizing;

use crate::environment::Entropy;
use crate::store::Level;

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

/// The pre-authorized code of the session whose token this is, for what it offers at `level`.
#[must_use]
pub fn offer_code(session_token: &str, level: Level) -> Secret {
    let purpose: &[u8] = match level {
        Level::Limited => b"pre-authorized_code limited",
        Level::Full => b"pre-authorized_code full",
    };
    URL_SAFE_NO_PAD
        .encode(derive(session_token, purpose))
        .into()
}

/// The recovery code of the session whose token this is: 80 bits in base32 without the letters that are mistaken for
/// digits, in groups of four, to be written down.
#[must_use]
pub fn recovery_code(session_token: &str) -> Secret {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKMNPQRSTVWXYZ0123456789";
    let bits = derive(session_token, b"recovery_code");
    let mut text = String::with_capacity(19);
    for (position, byte) in bits.iter().take(16).enumerate() {
        if position > 0 && position % 4 == 0 {
            text.push('-');
        }
        // 32 divides 256: every letter is as likely as any other.
        let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'A');
        text.push(char::from(letter));
    }
    text.into()
}

/// The digest of a recovery code as a person types it: in either case, with or without hyphens and spaces.
#[must_use]
pub fn recovery_digest(code: &str) -> String {
    let mut plain: Zeroizing<String> = Zeroizing::new(String::with_capacity(code.len()));
    plain.extend(
        code.chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase()),
    );
    digest(&plain)
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

/// A secret of the browser whose cookie this is, for one purpose.
#[must_use]
pub(crate) fn of_cookie(cookie: &str, purpose: &str) -> Secret {
    URL_SAFE_NO_PAD
        .encode(derive(cookie, purpose.as_bytes()))
        .into()
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
        let code = |token, level| offer_code(token, level).expose().to_owned();
        let a = code("token a", Level::Full);
        assert_eq!(a, code("token a", Level::Full));
        assert_ne!(a, code("token b", Level::Full));
        assert_ne!(a, code("token a", Level::Limited));
        let tx = bearer_tx_code("token a");
        assert!(tx.expose().len() == 6 && tx.expose().bytes().all(|b| b.is_ascii_digit()));
    }

    #[test]
    fn a_recovery_code_may_be_typed_carelessly() {
        let code = recovery_code("token a");
        let typed = code.expose().to_lowercase().replace('-', " ");
        assert_eq!(code.expose().len(), 19);
        assert_eq!(recovery_digest(&typed), recovery_digest(code.expose()));
        assert_ne!(
            recovery_digest(recovery_code("token b").expose()),
            recovery_digest(code.expose())
        );
    }

    #[test]
    fn a_digest_matches_its_secret_only() {
        assert!(matches("secret", &digest("secret")));
        assert!(!matches("secret ", &digest("secret")));
        assert_ne!(tx_code_digest("a", "123456"), tx_code_digest("b", "123456"));
    }
}

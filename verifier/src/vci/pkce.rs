//! PKCE (RFC 7636) with `S256`, the one method.

use alloc::string::String;

use crate::crypto::sha256;
use crate::encoding::base64url;

/// The method.
pub const S256: &str = "S256";

/// The challenge of a verifier (RFC 7636 §4.2).
#[must_use]
pub fn challenge(verifier: &str) -> String {
    base64url(&sha256(verifier.as_bytes()))
}

/// Whether this can be an `S256` challenge: the base64url of a digest.
#[must_use]
pub fn is_challenge(challenge: &str) -> bool {
    crate::encoding::from_base64url(challenge).is_ok_and(|digest| digest.len() == 32)
}

/// Whether `verifier` is one (RFC 7636 §4.1: 43 to 128 unreserved characters) and answers `challenge`.
#[must_use]
pub fn answers(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    // Comparing digests tells nothing about the verifier.
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && self::challenge(verifier) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_answers_its_challenge() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(answers(verifier, challenge) && is_challenge(challenge));
        assert!(!answers(
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
            challenge
        ));
        let short = "short";
        assert!(!answers(short, &self::challenge(short)));
        assert!(!is_challenge(verifier.get(1..).unwrap_or_default()));
    }
}

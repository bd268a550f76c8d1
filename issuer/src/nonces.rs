//! Nonces of ours that nobody keeps: each says until when it is good and carries a mark that only this authority makes.
//!
//! So whoever asks for nonces costs the store nothing, and every replica that opens the same key file knows the nonces of
//! all. What may be used once is remembered when it is used ([`crate::store::FreshNonce`]), until it would be too old.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::environment::Entropy;
use crate::store::FreshNonce;

/// Octets of the time, of what makes nonces differ, and of the mark.
const TIME: usize = 8;
const RANDOM: usize = 16;
const MARK: usize = 16;
const OCTETS: usize = TIME + RANDOM + MARK;

/// What a nonce is good for, and for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `c_nonce` (OpenID4VCI 1.0 §7) and the proofs of devices: used once.
    Proof,
    /// `DPoP-Nonce` (RFC 9449 §8): answered as often as it is good.
    Dpop,
    /// `attestation_challenge` (draft-ietf-oauth-attestation-based-client-auth-07 §8): likewise.
    Attestation,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Proof => b"proof\0",
            Self::Dpop => b"dpop\0",
            Self::Attestation => b"attestation\0",
        }
    }
}

/// Makes and knows nonces. No `Debug`: it holds a key.
pub struct Nonces {
    key: hmac::Key,
}

impl Nonces {
    /// From 32 secret octets.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// A fresh nonce, good until `expires` (Unix seconds): base64url without padding.
    #[must_use]
    pub fn issue(&self, purpose: Purpose, expires: i64, entropy: &dyn Entropy) -> String {
        let mut nonce = [0_u8; OCTETS];
        let (said, mark) = nonce.split_at_mut(TIME + RANDOM);
        let (time, random) = said.split_at_mut(TIME);
        time.copy_from_slice(&expires.to_be_bytes());
        entropy.fill(random);
        mark.copy_from_slice(&self.mark(purpose, said));
        URL_SAFE_NO_PAD.encode(nonce)
    }

    /// The nonce, if it is one of ours for this purpose and `now` (Unix seconds) is not too late.
    #[must_use]
    pub fn check(&self, purpose: Purpose, nonce: &str, now: i64) -> Option<FreshNonce> {
        if nonce.len() != (OCTETS * 4).div_ceil(3) {
            return None;
        }
        let octets: [u8; OCTETS] = URL_SAFE_NO_PAD.decode(nonce).ok()?.try_into().ok()?;
        let (said, mark) = octets.split_at(TIME + RANDOM);
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.mark(purpose, said), mark).ok()?;
        let expires = i64::from_be_bytes(*said.first_chunk::<TIME>()?);
        (now < expires).then(|| FreshNonce {
            id: nonce.to_owned(),
            expires,
        })
    }

    fn mark(&self, purpose: Purpose, said: &[u8]) -> [u8; MARK] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(purpose.label());
        context.update(said);
        let mut mark = [0; MARK];
        for (out, octet) in mark.iter_mut().zip(context.sign().as_ref()) {
            *out = *octet;
        }
        mark
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::environment::SystemEntropy;

    #[test]
    fn a_nonce_is_good_for_its_time_its_purpose_and_its_authority() {
        let nonces = Nonces::new(&[1; 32]);
        let nonce = nonces.issue(Purpose::Proof, 1_000, &SystemEntropy);
        let fresh = nonces.check(Purpose::Proof, &nonce, 999).unwrap();
        assert_eq!((&fresh.id, fresh.expires), (&nonce, 1_000));
        assert_eq!(nonces.check(Purpose::Proof, &nonce, 1_000), None);
        for other in [Purpose::Dpop, Purpose::Attestation] {
            assert_eq!(nonces.check(other, &nonce, 999), None, "{other:?}");
        }
        let theirs = Nonces::new(&[2; 32]);
        assert_eq!(theirs.check(Purpose::Proof, &nonce, 999), None);
        assert_ne!(nonces.issue(Purpose::Proof, 1_000, &SystemEntropy), nonce);
    }

    #[test]
    fn what_is_not_ours_to_the_last_octet_is_nobodys() {
        let nonces = Nonces::new(&[1; 32]);
        let nonce = nonces.issue(Purpose::Dpop, 1_000, &SystemEntropy);
        let octets = URL_SAFE_NO_PAD.decode(&nonce).unwrap();
        for at in 0..octets.len() {
            let mut changed = octets.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(nonces.check(Purpose::Dpop, &changed, 0), None, "{at}");
        }
        for wrong in [
            "",
            "never given out",
            &nonce[1..],
            &format!("{nonce}A"),
            &format!("{nonce}=="),
            &nonce.replace(|_: char| true, "*"),
        ] {
            assert_eq!(nonces.check(Purpose::Dpop, wrong, 0), None, "{wrong}");
        }
    }
}

//! Integrated mapping (Doc 9303-11 §4.4.3.3.2 and appendix B.1): a pseudo-random function of both nonces, encoded as a
//! point of the curve. In the MODP groups [`crate::modp::Modp::into_subgroup`] encodes it.

use elliptic_curve::ff::{Field, PrimeField};
use primeorder::ProjectivePoint;
use zeroize::Zeroizing;

use crate::crypto::{Cipher, Key};
use crate::curve::{Arithmetic, decode};
use crate::error::CardError;

/// The constants of the pseudo-random function (§4.4.3.3.2) for blocks of 128 and of 256 bits.
const SHORT: [[u8; 16]; 2] = [
    0xa668_892a_7c41_e3ca_739f_40b0_57d8_5904_u128.to_be_bytes(),
    0xa4e1_36ac_725f_738b_01c1_f602_17c1_88ad_u128.to_be_bytes(),
];
const LONG: [[u128; 2]; 2] = [
    [
        0xd463_d652_3412_4ef7_8970_5498_6dca_0a17,
        0x4e28_df75_8cba_a03f_2406_1641_4d5a_1676,
    ],
    [
        0x54bd_7255_f0aa_f831_bec3_423f_cf39_d69b,
        0x6cbf_0666_77d0_faae_5aad_d99d_f8e5_3517,
    ],
];

/// Octets of the nonce that the terminal adds: the length of a key of the protocol's cipher.
pub(super) fn nonce_length(cipher: Cipher) -> usize {
    match cipher {
        Cipher::TripleDes | Cipher::Aes128 => 16,
        Cipher::Aes192 => 24,
        Cipher::Aes256 => 32,
    }
}

/// R(s, t): as many blocks as have 64 bits more than the prime. `nonce` is s, the chip's; `own` is t.
pub(super) fn pseudo_random(
    cipher: Cipher,
    nonce: &[u8],
    own: &[u8],
    prime_bits: usize,
) -> Zeroizing<Vec<u8>> {
    let (c0, c1): (Vec<u8>, Vec<u8>) = match cipher {
        Cipher::TripleDes | Cipher::Aes128 => (SHORT[0].to_vec(), SHORT[1].to_vec()),
        Cipher::Aes192 | Cipher::Aes256 => {
            let [c0, c1] = LONG.map(|halves| halves.map(u128::to_be_bytes).concat());
            (c0, c1)
        }
    };
    let encrypted = |key: &[u8], block: &[u8]| {
        let key = Key::new(cipher, key.get(..nonce_length(cipher)).unwrap_or(key));
        let mut block = Zeroizing::new(block.to_vec());
        key.encrypt(key.zero_iv(), &mut block);
        block
    };
    let mut key = encrypted(own, nonce);
    let mut out = Zeroizing::new(Vec::new());
    while out.len() * 8 < prime_bits + 64 {
        out.extend_from_slice(&encrypted(&key, &c1));
        key = encrypted(&key, &c0);
    }
    out
}

/// The mapped generator f_G(R(s, t)).
///
/// # Errors
/// [`CardError::Unsupported`] over a prime that is not 3 modulo 4; [`CardError::Protocol`] for nonces that lead nowhere.
pub(super) fn map_generator<C: Arithmetic>(
    cipher: Cipher,
    nonce: &[u8],
    own: &[u8],
) -> Result<ProjectivePoint<C>, CardError> {
    let bits = C::FieldElement::NUM_BITS as usize;
    let random = pseudo_random(cipher, nonce, own, bits);
    let base = C::FieldElement::from(256);
    let t = random.iter().fold(C::FieldElement::ZERO, |sum, octet| {
        sum * base + C::FieldElement::from(u64::from(*octet))
    });
    encode_point::<C>(t)
}

/// Appendix B.1, for primes that are 3 modulo 4: the encoding of a field element as a point of the curve.
fn encode_point<C: Arithmetic>(t: C::FieldElement) -> Result<ProjectivePoint<C>, CardError> {
    const NOWHERE: CardError = CardError::Protocol("nonces that map to no point");
    let one = C::FieldElement::ONE;
    let exponent = quarter::<C>().ok_or(CardError::Unsupported {
        what: "integrated mapping",
        name: "over a prime that is 1 modulo 4".to_owned(),
    })?;
    let inverse = |x: C::FieldElement| Option::<C::FieldElement>::from(x.invert()).ok_or(NOWHERE);
    let (a, b) = (C::EQUATION_A, C::EQUATION_B);
    let alpha = -t.square();
    let x2 = -b * inverse(a)? * (one + inverse(alpha + alpha.square())?);
    let h2 = x2.square() * x2 + a * x2 + b;
    let root = h2.pow_vartime(exponent);
    let (x, y) = match root.square() == h2 {
        true => (x2, root),
        false => (alpha * x2, t.square() * t * h2 * inverse(root)?),
    };
    let octets = [&[4][..], x.to_repr().as_ref(), y.to_repr().as_ref()].concat();
    // Every curve here has the cofactor one.
    decode::<C>(&octets).ok_or(NOWHERE)
}

/// (p + 1) / 4 in limbs, the lowest first; `None` where p is 1 modulo 4.
fn quarter<C: Arithmetic>() -> Option<Vec<u64>> {
    let less_one = (-C::FieldElement::ONE).to_repr();
    let octets: &[u8] = less_one.as_ref();
    if octets.last()? & 3 != 2 {
        return None;
    }
    let mut limbs: Vec<u64> = octets
        .rchunks(8)
        .map(|limb| {
            limb.iter()
                .fold(0, |sum, octet| sum << 8 | u64::from(*octet))
        })
        .collect();
    // p − 1 is 4k + 2, and (p + 1) / 4 is k + 1.
    let mut above = 0;
    for limb in limbs.iter_mut().rev() {
        let low = *limb & 3;
        *limb = *limb >> 2 | above << 62;
        above = low;
    }
    for limb in &mut limbs {
        let (sum, carried) = limb.overflowing_add(1);
        *limb = sum;
        if !carried {
            break;
        }
    }
    Some(limbs)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::curve::{Brainpool512, encode};
    use crate::hex::hex;
    use bp256::BrainpoolP256r1;

    const S: &str = "2923BE84E16CD6AE529049F1F1BBE9EB";
    const T: &str = "5DD4CBFC96F5453B130D890A1CDBAE32";

    /// Doc 9303-11 appendix H.1: R(s, t) and the mapped generator.
    #[test]
    fn figures_of_appendix_h1() {
        let random = pseudo_random(Cipher::Aes128, &hex(S), &hex(T), 256);
        assert_eq!(
            random[..],
            hex(
                "E4447E2DFB3586BAC05DDB00156B57FBB2179A3949294C97254189800C517BAA8DA0FF397ED8C445D3E421E4FEB57322"
            )
        );
        let mapped = map_generator::<BrainpoolP256r1>(Cipher::Aes128, &hex(S), &hex(T)).unwrap();
        assert_eq!(
            encode::<BrainpoolP256r1>(&mapped).unwrap(),
            hex(
                "048E82D31559ED0FDE92A4D0498ADD3C23BABA94FB77691E31E90AEA77FB17D4274C1AE14BD0C3DBAC0C871B7F3608169364437CA30AC243A089D3F266C1E60FAD"
            )
        );
    }

    /// Other nonces give other points, each on its curve (decoding says so), also with the longer constants.
    #[test]
    fn every_curve_that_can() {
        for number in 0..16_u8 {
            let own = [number; 32];
            let aes = Cipher::Aes256;
            let point = map_generator::<Brainpool512>(aes, &[7; 32], &own).unwrap();
            let other = map_generator::<Brainpool512>(aes, &[8; 32], &own).unwrap();
            assert!(point != other);
            map_generator::<p521::NistP521>(aes, &[7; 32], &own).unwrap();
            map_generator::<p256::NistP256>(Cipher::TripleDes, &[7; 16], &own[..16]).unwrap();
            map_generator::<p384::NistP384>(Cipher::Aes192, &[7; 32], &own[..24]).unwrap();
        }
        let refused = map_generator::<crate::curve::P224>(Cipher::Aes128, &hex(S), &hex(T));
        assert_eq!(refused.err().unwrap().code(), "unsupported_algorithm");
    }
}

//! The MODP groups of RFC 5114 §2, which are the standardised domain parameters of Diffie-Hellman (Doc 9303-11 §9.5.1).
//! A group of the sender's choice proves nothing, so explicit parameters must be those of one of these, number for number;
//! and a public key must lie in the subgroup of prime order, or an agreement with it would give parts of the own key away.

use elliptic_curve::bigint::modular::{FixedMontyForm, FixedMontyParams};
use elliptic_curve::bigint::{NonZero, Odd, U2048};
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use crate::error::CardError;

/// Octets of the widest modulus.
const WIDEST: usize = 256;
/// Tries before giving up on a random number generator: each succeeds with at least one half.
const TRIES: usize = 128;

/// A member of the subgroup.
pub(crate) type Element = FixedMontyForm<{ U2048::LIMBS }>;

/// One of the three groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modp {
    /// 1024 bits, of prime order of 160 bits.
    Bits1024,
    /// 2048 bits, of prime order of 224 bits.
    Bits2048Order224,
    /// 2048 bits, of prime order of 256 bits.
    Bits2048Order256,
}

struct Parameters {
    prime: Odd<U2048>,
    generator: U2048,
    order: U2048,
}

impl Modp {
    /// Every group and its number among the standardised domain parameters.
    const ALL: [(Self, u8); 3] = [
        (Self::Bits1024, 0),
        (Self::Bits2048Order224, 1),
        (Self::Bits2048Order256, 2),
    ];

    /// By standardised domain parameters.
    pub(crate) fn from_parameter_id(id: u8) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, number)| *number == id)
            .map(|(group, _)| group)
    }

    /// The group of this prime, generator and, where it is given, order of the subgroup; big-endian numbers.
    pub(crate) fn of(prime: &[u8], generator: &[u8], order: Option<&[u8]>) -> Option<Self> {
        let (prime, generator) = (number(prime)?, number(generator)?);
        let order = match order {
            Some(order) => Some(number(order)?),
            None => None,
        };
        let mut all = Self::ALL.into_iter().map(|(group, _)| group);
        all.find(|group| {
            let own = group.parameters();
            *own.prime == prime
                && own.generator == generator
                && order.is_none_or(|order| own.order == order)
        })
    }

    fn parameters(self) -> &'static Parameters {
        match self {
            Self::Bits1024 => &defined::MODP_1024_160,
            Self::Bits2048Order224 => &defined::MODP_2048_224,
            Self::Bits2048Order256 => &defined::MODP_2048_256,
        }
    }

    fn arithmetic(self) -> FixedMontyParams<{ U2048::LIMBS }> {
        FixedMontyParams::new_vartime(self.parameters().prime)
    }

    /// Bits of the modulus.
    pub(crate) fn bits(self) -> usize {
        self.parameters().prime.bits_vartime() as usize
    }

    fn octets(self) -> usize {
        self.bits().div_ceil(8)
    }

    /// The generator of the subgroup.
    pub(crate) fn generator(self) -> Element {
        Element::new(&self.parameters().generator, &self.arithmetic())
    }

    /// A public key (SP 800-56A rev. 3 §5.6.2.3.1): between 2 and p − 2, and in the subgroup.
    pub(crate) fn element(self, octets: &[u8]) -> Option<Element> {
        let own = self.parameters();
        let found = number(octets)?;
        let within = found > U2048::ONE && found < own.prime.wrapping_sub(&U2048::ONE);
        if !within {
            return None;
        }
        let element = Element::new(&found, &self.arithmetic());
        let in_subgroup = element.pow_vartime(&own.order) == self.neutral();
        in_subgroup.then_some(element)
    }

    fn neutral(self) -> Element {
        Element::one(&self.arithmetic())
    }

    /// A uniform exponent other than zero below the order, by rejection.
    ///
    /// # Errors
    /// [`CardError::Protocol`] when the generator yields nothing usable: it is broken.
    pub(crate) fn secret(self, rng: &mut dyn CryptoRngCore) -> Result<Zeroizing<U2048>, CardError> {
        let order = &self.parameters().order;
        let width = order.bits_vartime().div_ceil(8) as usize;
        let mut octets = Zeroizing::new([0; WIDEST]);
        for _ in 0..TRIES {
            if let Some(low) = octets.get_mut(WIDEST.saturating_sub(width)..) {
                rng.fill_bytes(low);
            }
            let mut secret = U2048::from_be_slice(&*octets);
            if secret != U2048::ZERO && secret < *order {
                let kept = Zeroizing::new(secret);
                secret.zeroize();
                return Ok(kept);
            }
        }
        Err(CardError::Protocol("no randomness"))
    }

    /// base ^ secret, in a time that depends on the group only.
    pub(crate) fn power(self, base: &Element, secret: &U2048) -> Element {
        base.pow_bounded_exp(secret, self.parameters().order.bits_vartime())
    }

    /// The member that an arbitrary number maps to: x ^ ((p − 1) / q) (Doc 9303-11 appendix B.2).
    ///
    /// # Errors
    /// [`CardError::Protocol`] where that is the neutral member.
    pub(crate) fn into_subgroup(self, x: &[u8]) -> Result<Element, CardError> {
        const NOWHERE: CardError = CardError::Protocol("nonces that map to no generator");
        let own = self.parameters();
        let arithmetic = self.arithmetic();
        let base = Element::new(&U2048::from_u32(256), &arithmetic);
        let reduced = x.iter().fold(Element::zero(&arithmetic), |sum, octet| {
            sum * base + Element::new(&U2048::from_u32(u32::from(*octet)), &arithmetic)
        });
        let order = Option::<NonZero<U2048>>::from(NonZero::new(own.order)).ok_or(NOWHERE)?;
        let cofactor = own.prime.wrapping_sub(&U2048::ONE) / order;
        let member = reduced.pow(&cofactor);
        match member == self.neutral() || member == Element::zero(&arithmetic) {
            true => Err(NOWHERE),
            false => Ok(member),
        }
    }

    /// generator ^ nonce · agreed, the nonce being any number of octets up to the modulus's.
    pub(crate) fn mapped(self, nonce: &[u8], agreed: &Element) -> Option<Element> {
        let nonce = Zeroizing::new(number(nonce)?);
        let mapped = self.generator().pow(&*nonce) * *agreed;
        (mapped != self.neutral()).then_some(mapped)
    }

    /// In as many octets as the modulus has; `None` for the neutral member.
    pub(crate) fn encode(self, element: &Element) -> Option<Vec<u8>> {
        let octets = Zeroizing::new(element.retrieve()).to_be_bytes();
        let from = WIDEST.checked_sub(self.octets())?;
        let used = octets.as_ref().get(from..)?.to_vec();
        (*element != self.neutral()).then_some(used)
    }
}

/// A big-endian number; `None` when it is too wide.
fn number(octets: &[u8]) -> Option<U2048> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let digits = octets.get(zeros..)?;
    let mut wide = Zeroizing::new([0; WIDEST]);
    let at = WIDEST.checked_sub(digits.len())?;
    wide.get_mut(at..)?.copy_from_slice(digits);
    Some(U2048::from_be_slice(&*wide))
}

/// The numbers of RFC 5114.
mod defined {
    use super::{Odd, Parameters, U2048, WIDEST};

    impl Parameters {
        const fn new(prime: &str, generator: &str, order: &str) -> Self {
            Self {
                prime: Odd::<U2048>::from_be_hex(prime),
                generator: hex(generator),
                order: hex(order),
            }
        }
    }

    /// Evaluated when this is compiled: what is wrong with a text is an error then.
    #[expect(
        clippy::indexing_slicing,
        clippy::panic,
        reason = "evaluated at compile time only"
    )]
    const fn hex(text: &str) -> U2048 {
        let text = text.as_bytes();
        let mut octets = [0; WIDEST];
        let mut at = 0;
        while at < text.len() {
            let digit = match text[text.len() - 1 - at] {
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'A'..=b'F' => digit - b'A' + 10,
                _ => panic!("not a hexadecimal digit"),
            };
            octets[WIDEST - 1 - at / 2] |= digit << (4 * (at % 2));
            at += 1;
        }
        U2048::from_be_slice(&octets)
    }

    /// RFC 5114 §2.1.
    pub(super) static MODP_1024_160: Parameters = Parameters::new(
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
             000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
             0000000000000000000000000000000000000000000000000000000000000000B10B8F96A080E01DDE92DE5EAE5D54EC\
             52C99FBCFB06A3C69A6A9DCA52D23B616073E28675A23D189838EF1E2EE652C013ECB4AEA906112324975C3CD49B83BF\
             ACCBDD7D90C4BD7098488E9C219A73724EFFD6FAE5644738FAA31A4FF55BCCC0A151AF5F0DC8B4BD45BF37DF365C1A65\
             E68CFDA76D4DA708DF1FB2BC2E4A4371",
        "A4D1CBD5C3FD34126765A442EFB99905F8104DD258AC507FD6406CFF14266D31266FEA1E5C41564B777E690F5504F213\
             160217B4B01B886A5E91547F9E2749F4D7FBD7D3B9A92EE1909D0D2263F80A76A6A24C087A091F531DBF0A0169B6A28A\
             D662A4D18E73AFA32D779D5918D08BC8858F4DCEF97C2A24855E6EEB22B3B2E5",
        "F518AA8781A8DF278ABA4E7D64B7CB9D49462353",
    );

    /// RFC 5114 §2.2.
    pub(super) static MODP_2048_224: Parameters = Parameters::new(
        "AD107E1E9123A9D0D660FAA79559C51FA20D64E5683B9FD1B54B1597B61D0A75E6FA141DF95A56DBAF9A3C407BA1DF15\
             EB3D688A309C180E1DE6B85A1274A0A66D3F8152AD6AC2129037C9EDEFDA4DF8D91E8FEF55B7394B7AD5B7D0B6C12207\
             C9F98D11ED34DBF6C6BA0B2C8BBC27BE6A00E0A0B9C49708B3BF8A317091883681286130BC8985DB1602E714415D9330\
             278273C7DE31EFDC7310F7121FD5A07415987D9ADC0A486DCDF93ACC44328387315D75E198C641A480CD86A1B9E587E8\
             BE60E69CC928B2B9C52172E413042E9B23F10B0E16E79763C9B53DCF4BA80A29E3FB73C16B8E75B97EF363E2FFA31F71\
             CF9DE5384E71B81C0AC4DFFE0C10E64F",
        "AC4032EF4F2D9AE39DF30B5C8FFDAC506CDEBE7B89998CAF74866A08CFE4FFE3A6824A4E10B9A6F0DD921F01A70C4AFA\
             AB739D7700C29F52C57DB17C620A8652BE5E9001A8D66AD7C17669101999024AF4D027275AC1348BB8A762D0521BC98A\
             E247150422EA1ED409939D54DA7460CDB5F6C6B250717CBEF180EB34118E98D119529A45D6F834566E3025E316A330EF\
             BB77A86F0C1AB15B051AE3D428C8F8ACB70A8137150B8EEB10E183EDD19963DDD9E263E4770589EF6AA21E7F5F2FF381\
             B539CCE3409D13CD566AFBB48D6C019181E1BCFE94B30269EDFE72FE9B6AA4BD7B5A0F1C71CFFF4C19C418E1F6EC0179\
             81BC087F2A7065B384B890D3191F2BFA",
        "801C0D34C58D93FE997177101F80535A4738CEBCBF389A99B36371EB",
    );

    /// RFC 5114 §2.3.
    pub(super) static MODP_2048_256: Parameters = Parameters::new(
        "87A8E61DB4B6663CFFBBD19C651959998CEEF608660DD0F25D2CEED4435E3B00E00DF8F1D61957D4FAF7DF4561B2AA30\
             16C3D91134096FAA3BF4296D830E9A7C209E0C6497517ABD5A8A9D306BCF67ED91F9E6725B4758C022E0B1EF4275BF7B\
             6C5BFC11D45F9088B941F54EB1E59BB8BC39A0BF12307F5C4FDB70C581B23F76B63ACAE1CAA6B7902D52526735488A0E\
             F13C6D9A51BFA4AB3AD8347796524D8EF6A167B5A41825D967E144E5140564251CCACB83E6B486F6B3CA3F7971506026\
             C0B857F689962856DED4010ABD0BE621C3A3960A54E710C375F26375D7014103A4B54330C198AF126116D2276E11715F\
             693877FAD7EF09CADB094AE91E1A1597",
        "3FB32C9B73134D0B2E77506660EDBD484CA7B18F21EF205407F4793A1A0BA12510DBC15077BE463FFF4FED4AAC0BB555\
             BE3A6C1B0C6B47B1BC3773BF7E8C6F62901228F8C28CBB18A55AE31341000A650196F931C77A57F2DDF463E5E9EC144B\
             777DE62AAAB8A8628AC376D282D6ED3864E67982428EBC831D14348F6F2F9193B5045AF2767164E1DFC967C1FB3F2E55\
             A4BD1BFFE83B9C80D052B985D182EA0ADB2A3B7313D3FE14C8484B1E052588B9B7D2BBD2DF016199ECD06E1557CD0915\
             B3353BBB64E0EC377FD028370DF92B52C7891428CDC67EB6184B523D1DB246C32F63078490F00EF8D647D148D4795451\
             5E2327CFEF98C582664B4C0F6CC41659",
        "8CF83642A709A097B447997640129DA299B1A47D1EB3750BA308B0FE64F5FBD3",
    );
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use rand_core::OsRng;

    #[test]
    fn the_groups_are_what_they_should_be() {
        for (group, id) in Modp::ALL {
            assert_eq!(Modp::from_parameter_id(id), Some(group));
            // The generator has the prime order, and p − 1 is a multiple of it.
            let generator = group.generator();
            let order = group.parameters().order;
            assert!(generator.pow(&order) == group.neutral());
            assert!(group.encode(&group.neutral()).is_none());
            // A nonce and an agreed member that cancel each other out.
            let opposite = group.power(&generator, &order.wrapping_sub(&U2048::from_u32(7)));
            assert!(group.mapped(&[7], &opposite).is_none());
            assert!(group.mapped(&[8], &opposite).is_some());
            let octets = group.encode(&generator).unwrap();
            assert_eq!(octets.len() * 8, group.bits());
            assert!(group.element(&octets).is_some());
            // Two sides agree.
            let (a, b) = (
                group.secret(&mut OsRng).unwrap(),
                group.secret(&mut OsRng).unwrap(),
            );
            let (ours, theirs) = (group.power(&generator, &a), group.power(&generator, &b));
            assert!(group.power(&ours, &b) == group.power(&theirs, &a));
        }
        assert_eq!(Modp::from_parameter_id(3), None);
    }

    #[test]
    fn numbers_outside_the_subgroup_are_no_keys() {
        for (group, _) in Modp::ALL {
            let prime = *group.parameters().prime;
            let octets = |number: U2048| number.to_be_bytes().as_ref().to_vec();
            for number in [
                U2048::ZERO,
                U2048::ONE,
                // Between the bounds, of order two times a divisor of the cofactor: not of order q.
                U2048::from_u32(2),
                prime.wrapping_sub(&U2048::from_u32(2)),
                prime.wrapping_sub(&U2048::ONE),
                prime,
            ] {
                assert!(group.element(&octets(number)).is_none());
            }
            // A member, and the same number plus the modulus where that fits.
            let member = group.generator().retrieve();
            assert!(group.element(&octets(member)).is_some());
            let negated = prime.wrapping_sub(&member);
            assert!(group.element(&octets(negated)).is_none());
        }
        assert!(Modp::Bits1024.element(&[1; 257]).is_none());
    }

    #[test]
    fn explicit_parameters_must_be_known() {
        let octets = |number: &U2048| number.to_be_bytes().as_ref().to_vec();
        for (group, _) in Modp::ALL {
            let own = group.parameters();
            let (p, g, q) = (
                octets(&own.prime),
                octets(&own.generator),
                octets(&own.order),
            );
            assert_eq!(Modp::of(&p, &g, None), Some(group));
            assert_eq!(Modp::of(&p, &g, Some(&q)), Some(group));
            assert_eq!(Modp::of(&p, &[2], None), None);
            assert_eq!(Modp::of(&p, &g, Some(&[3])), None);
            let mut other = p.clone();
            *other.last_mut().unwrap() ^= 2;
            assert_eq!(Modp::of(&other, &g, Some(&q)), None);
        }
    }
}

//! Basic access control (Doc 9303-11 §4.3): mutual authentication with keys made of the MRZ.

use rand_core::CryptoRngCore;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::apdu::{Command, Response};
use crate::crypto::{Cipher, Key, KeyUse};
use crate::error::CardError;
use crate::mrz::MrzKey;
use crate::sm::SecureChannel;
use crate::transport::Transceiver;

/// Opens the eMRTD application, which must already be selected.
///
/// # Errors
/// [`CardError::AccessDenied`] when the MRZ data is not this chip's.
pub(crate) fn establish(
    card: &mut dyn Transceiver,
    mrz: &MrzKey,
    rng: &mut dyn CryptoRngCore,
) -> Result<SecureChannel, CardError> {
    let (encryption, authentication) = access_keys(mrz);

    let challenge = Command::new(0x84, 0, 0).le(8);
    let chip_nonce: [u8; 8] = Response::parse(&card.transmit(&challenge.encode()?)?)?
        .success("GET CHALLENGE")?
        .try_into()
        .map_err(|_| CardError::Protocol("challenge is not eight octets"))?;
    let mut own_nonce = [0; 8];
    rng.fill_bytes(&mut own_nonce);
    let mut own_key = Zeroizing::new([0; 16]);
    rng.fill_bytes(own_key.as_mut_slice());

    // S = RND.IFD ‖ RND.IC ‖ K.IFD, then E(S) ‖ MAC(E(S)).
    let mut token = Zeroizing::new(own_nonce.to_vec());
    token.extend_from_slice(&chip_nonce);
    token.extend_from_slice(own_key.as_slice());
    encryption.encrypt(encryption.zero_iv(), &mut token);
    let code = authentication.mac_unpadded(&token);
    token.extend_from_slice(&code);

    let command = Command::new(0x82, 0, 0).data(token.to_vec()).le(40);
    let response = Response::parse(&card.transmit(&command.encode()?)?)?;
    if response.status != 0x9000 {
        return Err(CardError::AccessDenied);
    }
    let Some((cryptogram, code)) = response.data.split_last_chunk::<8>() else {
        return Err(CardError::Protocol("EXTERNAL AUTHENTICATE response"));
    };
    if cryptogram.len() != 32 {
        return Err(CardError::Protocol("EXTERNAL AUTHENTICATE response"));
    }
    let expected = authentication.mac_unpadded(cryptogram);
    if !bool::from(expected.ct_eq(code)) {
        return Err(CardError::AccessDenied);
    }
    let mut plain = Zeroizing::new(cryptogram.to_vec());
    encryption.decrypt(encryption.zero_iv(), &mut plain);
    // R = RND.IC ‖ RND.IFD ‖ K.IC: both nonces are compared, the second proves freshness.
    let (nonces, chip_key) = plain.split_at(16);
    let mut wanted = chip_nonce.to_vec();
    wanted.extend_from_slice(&own_nonce);
    if !bool::from(wanted.ct_eq(nonces)) {
        return Err(CardError::AccessDenied);
    }
    let mut seed = own_key;
    for (octet, other) in seed.iter_mut().zip(chip_key) {
        *octet ^= other;
    }
    Ok(SecureChannel::new(
        Cipher::TripleDes,
        &seed[..],
        starting_counter(&chip_nonce, &own_nonce),
    ))
}

/// K_Enc and K_MAC of the document (§9.7.2): the seed is the first 16 octets of SHA-1(MRZ information).
fn access_keys(mrz: &MrzKey) -> (Key, Key) {
    let digest = Sha1::digest(mrz.information());
    let seed = digest.get(..16).unwrap_or_default();
    (
        Cipher::TripleDes.derive(seed, KeyUse::Encryption),
        Cipher::TripleDes.derive(seed, KeyUse::Authentication),
    )
}

/// The low four octets of each nonce, the chip's first (§9.8.6.3).
fn starting_counter(chip: &[u8; 8], own: &[u8; 8]) -> u64 {
    let low = |nonce: &[u8; 8]| u64::from_be_bytes(*nonce) & 0xFFFF_FFFF;
    low(chip) << 32 | low(own)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::hex::hex;
    use crate::testing::{Figures, Script};

    fn specimen() -> MrzKey {
        MrzKey::new("L898902C", "690806", "940623").unwrap()
    }

    const EXCHANGE: [(&str, &str); 2] = [
        ("0084000008", "4608F919887022129000"),
        (
            "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728",
            "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
        ),
    ];

    /// Doc 9303-11 appendix D.3 and D.4: the whole exchange, octet for octet, and a first command
    /// under the keys and the counter it yields.
    #[test]
    fn worked_example_of_appendix_d() {
        let mut rng = Figures::new("781723860C06C2260B795240CB7049B01C19B33E32804F0B");
        let mut script = EXCHANGE.to_vec();
        script.push((
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
            "990290008E08FA855A5D4C50A8ED9000",
        ));
        let mut card = Script::new(&script);
        let mut channel = establish(&mut card, &specimen(), &mut rng).unwrap();
        let select = Command::new(0xA4, 0x02, 0x0C).data(hex("011E"));
        assert_eq!(channel.exchange(&mut card, &select).unwrap().status, 0x9000);
        assert!(card.finished());
    }

    /// The chip's answer with another nonce of ours inside is a replay and is refused.
    #[test]
    fn refuses_an_answer_to_another_nonce_or_key() {
        let mut rng = Figures::new("781723860C06C2270B795240CB7049B01C19B33E32804F0B");
        let mut card = Script::answering(&[EXCHANGE[0].1, EXCHANGE[1].1]);
        let error = establish(&mut card, &specimen(), &mut rng).err().unwrap();
        assert_eq!(error.code(), "card_access_denied");

        let mut card = Script::answering(&[EXCHANGE[0].1, "6300"]);
        let other = MrzKey::new("L898902C", "690806", "940624").unwrap();
        let error = establish(&mut card, &other, &mut rng).err().unwrap();
        assert_eq!(error.code(), "card_access_denied");
    }

    /// A cryptogram of another length, under the right code.
    #[test]
    fn refuses_an_answer_of_another_length() {
        let (_, authentication) = access_keys(&specimen());
        for length in [24, 40] {
            let mut answer = vec![0x5A; length];
            answer.extend(authentication.mac_unpadded(&answer));
            let answer: String = answer.iter().map(|octet| format!("{octet:02X}")).collect();
            let mut rng = Figures::new("781723860C06C2260B795240CB7049B01C19B33E32804F0B");
            let mut card = Script::answering(&[EXCHANGE[0].1, &(answer + "9000")]);
            let error = establish(&mut card, &specimen(), &mut rng).err().unwrap();
            assert_eq!(error.code(), "card_protocol");
        }
    }
}

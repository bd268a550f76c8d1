//! Secure messaging (Doc 9303-11 §9.8): every command after access control is encrypted and
//! authenticated, every response must be, and a counter makes replay and reordering visible.

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::apdu::{Command, Response};
use crate::crypto::{self, Cipher, Key, MacTag};
use crate::error::CardError;
use crate::tlv;
use crate::transport::Transceiver;

const DO_ENCRYPTED: u32 = 0x87;
const DO_ENCRYPTED_ODD_INS: u32 = 0x85;
const DO_EXPECTED_LENGTH: u32 = 0x97;
const DO_STATUS: u32 = 0x99;
const DO_MAC: u32 = 0x8E;

/// The keys and the counter of one session with one chip.
pub(crate) struct SecureChannel {
    encryption: Key,
    authentication: Key,
    /// Send sequence counter; 3DES uses the low eight octets.
    counter: u128,
}

impl Drop for SecureChannel {
    fn drop(&mut self) {
        self.counter.zeroize();
    }
}

impl SecureChannel {
    /// A channel under the keys that `secret` yields. After BAC the counter starts from both parties'
    /// random numbers (§9.8.6.3), after PACE and chip authentication at zero (§9.8.6.3, §9.8.7.3).
    pub(crate) fn new(cipher: Cipher, secret: &[u8], counter: u64) -> Self {
        Self {
            encryption: cipher.derive(secret, crypto::KeyUse::Encryption),
            authentication: cipher.derive(secret, crypto::KeyUse::Authentication),
            counter: u128::from(counter),
        }
    }

    fn cipher(&self) -> Cipher {
        self.encryption.cipher()
    }

    fn block(&self) -> usize {
        self.cipher().block()
    }

    /// Sends a command under protection and opens the answer.
    pub(crate) fn exchange(
        &mut self,
        card: &mut dyn Transceiver,
        command: &Command,
    ) -> Result<Response, CardError> {
        let protected = self.protect(command)?;
        let raw = card.transmit(&protected)?;
        self.open(&raw)
    }

    /// Wraps a command (§9.8.4).
    pub(crate) fn protect(&mut self, command: &Command) -> Result<Vec<u8>, CardError> {
        self.step();
        let mut body = Vec::new();
        if !command.data.is_empty() {
            let mut ciphertext = crypto::pad(&command.data, self.block());
            self.encrypt(&mut ciphertext);
            // An odd instruction carries BER-TLV data, so its cryptogram has no padding indicator.
            if command.ins & 1 == 1 {
                body.extend(tlv::encode(DO_ENCRYPTED_ODD_INS, &ciphertext)?);
            } else {
                ciphertext.insert(0, 1);
                body.extend(tlv::encode(DO_ENCRYPTED, &ciphertext)?);
            }
        }
        if let Some(le) = command.le {
            // Truncation is the encoding: 256 is written 00.
            let [high, low] = (le as u16).to_be_bytes();
            let octets = if le > 256 { vec![high, low] } else { vec![low] };
            body.extend(tlv::encode(DO_EXPECTED_LENGTH, &octets)?);
        }
        let mut wrapped = command.clone();
        wrapped.cla |= 0x0C;
        let mut input = crypto::pad(&wrapped.header(), self.block());
        if !body.is_empty() {
            input.extend_from_slice(&body);
            input = crypto::pad(&input, self.block());
        }
        body.extend(tlv::encode(DO_MAC, &self.mac(&input))?);
        let le = if command.le.is_some_and(|le| le > 256) {
            65_536
        } else {
            256
        };
        wrapped.data.zeroize();
        wrapped.data(body).le(le).encode()
    }

    /// Unwraps a response (§9.8.5): the MAC first, then everything else.
    pub(crate) fn open(&mut self, raw: &[u8]) -> Result<Response, CardError> {
        self.step();
        let outer = Response::parse(raw)?;
        let parts = Parts::parse(&outer)?;
        let expected = self.mac(&crypto::pad(parts.authenticated, self.block()));
        if !bool::from(expected.ct_eq(&parts.mac)) {
            return Err(CardError::SecureMessaging("wrong authentication code"));
        }
        if outer.status != parts.status {
            return Err(CardError::SecureMessaging("two different status words"));
        }
        let data = match parts.ciphertext {
            None => Vec::new(),
            Some(ciphertext) => self.decrypt(ciphertext)?,
        };
        Ok(Response {
            data,
            status: parts.status,
        })
    }

    /// Counts one message. A 64-bit counter starts at random and may wrap (§9.8.6.3).
    fn step(&mut self) {
        self.counter = match self.cipher() {
            Cipher::TripleDes => u128::from((self.counter as u64).wrapping_add(1)),
            _ => self.counter.wrapping_add(1),
        };
    }

    fn encrypt(&self, data: &mut [u8]) {
        self.encryption.encrypt(&self.iv(), data);
    }

    fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, CardError> {
        let block = self.block();
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(block) {
            return Err(CardError::SecureMessaging("cryptogram of a broken length"));
        }
        let mut data = ciphertext.to_vec();
        self.encryption.decrypt(&self.iv(), &mut data);
        crypto::unpad(data, block).ok_or(CardError::SecureMessaging("padding"))
    }

    /// Zero for 3DES (§9.8.6.2), the encrypted counter for AES (§9.8.7.2).
    fn iv(&self) -> Vec<u8> {
        match self.cipher() {
            Cipher::TripleDes => self.encryption.zero_iv().to_vec(),
            _ => {
                let mut block = self.counter.to_be_bytes().to_vec();
                self.encryption
                    .encrypt(self.encryption.zero_iv(), &mut block);
                block
            }
        }
    }

    /// The code over counter and padded input.
    fn mac(&self, padded: &[u8]) -> MacTag {
        let mut input = match self.cipher() {
            Cipher::TripleDes => (self.counter as u64).to_be_bytes().to_vec(),
            _ => self.counter.to_be_bytes().to_vec(),
        };
        input.extend_from_slice(padded);
        self.authentication.mac(&input)
    }
}

/// The data objects of a protected response, in the only order allowed.
struct Parts<'a> {
    ciphertext: Option<&'a [u8]>,
    status: u16,
    mac: MacTag,
    /// Everything the code covers: all objects before it, as sent.
    authenticated: &'a [u8],
}

impl<'a> Parts<'a> {
    fn parse(response: &'a Response) -> Result<Self, CardError> {
        const BROKEN: CardError = CardError::SecureMessaging("response is not protected");
        let mut objects = tlv::Objects::ber(&response.data);
        let mut object = || objects.read().map_err(|_| BROKEN)?.ok_or(BROKEN);
        let mut next = object()?;
        let mut ciphertext = None;
        if next.tag == DO_ENCRYPTED {
            let (indicator, rest) = next.value.split_first().ok_or(BROKEN)?;
            if *indicator != 1 {
                return Err(CardError::SecureMessaging("padding indicator"));
            }
            ciphertext = Some(rest);
            next = object()?;
        } else if next.tag == DO_ENCRYPTED_ODD_INS {
            ciphertext = Some(next.value);
            next = object()?;
        }
        let status = match (next.tag, next.value) {
            (DO_STATUS, [high, low]) => u16::from_be_bytes([*high, *low]),
            _ => return Err(BROKEN),
        };
        let last = object()?;
        let mac = match last.tag {
            DO_MAC => last.value.try_into().map_err(|_| BROKEN)?,
            _ => return Err(BROKEN),
        };
        objects.end("").map_err(|_| BROKEN)?;
        let covered = response.data.len().saturating_sub(last.encoded.len());
        Ok(Self {
            ciphertext,
            status,
            mac,
            authenticated: response.data.get(..covered).ok_or(BROKEN)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::hex::hex;
    use proptest::prelude::*;

    fn channel(
        cipher: Cipher,
        encryption: &str,
        authentication: &str,
        counter: u128,
    ) -> SecureChannel {
        SecureChannel {
            encryption: Key::new(cipher, &hex(encryption)),
            authentication: Key::new(cipher, &hex(authentication)),
            counter,
        }
    }

    fn appendix_d4() -> SecureChannel {
        channel(
            Cipher::TripleDes,
            "979EC13B1CBFE9DCD01AB0FED307EAE5",
            "F1CB1F1FB5ADF208806B89DC579DC1F8",
            0x8870_2212_0C06_C226,
        )
    }

    fn appendix_g1() -> SecureChannel {
        channel(
            Cipher::Aes128,
            "F5F0E35C0D7161EE6724EE513A0D9A7F",
            "FE251C7858B356B24514B3BD5F4297D1",
            0,
        )
    }

    /// Doc 9303-11 appendix D.4: SELECT EF.COM and two READ BINARY, commands and responses.
    #[test]
    fn worked_example_of_appendix_d4() {
        let mut channel = appendix_d4();
        let exchanges = [
            (
                Command::new(0xA4, 0x02, 0x0C).data([0x01, 0x1E]),
                "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
                "990290008E08FA855A5D4C50A8ED9000",
                "",
            ),
            (
                Command::new(0xB0, 0, 0).le(4),
                "0CB000000D9701048E08ED6705417E96BA5500",
                "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
                "60145F01",
            ),
            (
                Command::new(0xB0, 0, 4).le(18),
                "0CB000040D9701128E082EA28A70F3C7B53500",
                "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
                "04303130365F36063034303030305C026175",
            ),
        ];
        for (command, protected, response, plain) in exchanges {
            assert_eq!(channel.protect(&command).unwrap(), hex(protected));
            let opened = channel.open(&hex(response)).unwrap();
            assert_eq!((opened.status, opened.data), (0x9000, hex(plain)));
        }
    }

    /// SELECT of the eMRTD application under the session keys of appendix G.1; the figures come
    /// from an independent implementation, because the appendix ends before secure messaging.
    #[test]
    fn aes_select_under_the_keys_of_appendix_g1() {
        let mut channel = appendix_g1();
        let select = Command::new(0xA4, 0x04, 0x0C).data(hex("A0000002471001"));
        assert_eq!(
            channel.protect(&select).unwrap(),
            hex("0CA4040C1D871101752F676B09FAC86A87D632749A49C7CC8E08C18BA1FCE707BD9F00")
        );
        let opened = channel
            .open(&hex("990290008E08BEA7B381C494A0799000"))
            .unwrap();
        assert_eq!((opened.status, opened.data.len()), (0x9000, 0));
    }

    /// A replayed, bare or altered response is refused; so is one whose outer status was changed.
    #[test]
    fn every_single_bit_flip_is_refused() {
        let good = hex("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000");
        for bit in 0..good.len() * 8 {
            let mut channel = appendix_d4();
            channel.counter += 2;
            channel.protect(&Command::new(0xB0, 0, 0).le(4)).unwrap();
            let mut bad = good.clone();
            *bad.get_mut(bit / 8).unwrap() ^= 1 << (bit % 8);
            assert!(channel.open(&bad).is_err(), "bit {bit}");
        }
        let mut channel = appendix_d4();
        assert_eq!(
            channel.open(&hex("9000")).unwrap_err().code(),
            "secure_messaging"
        );
        assert_eq!(channel.open(&good).unwrap_err().code(), "secure_messaging");
    }

    /// Whoever has the keys may still answer in a form that is none.
    #[test]
    fn authentic_answers_of_another_form_are_refused() {
        let block = |plain: &[u8; 16]| {
            let mut twin = appendix_g1();
            twin.step();
            let mut block = plain.to_vec();
            twin.encrypt(&mut block);
            block
        };
        let good = block(b"DG1\x80\0\0\0\0\0\0\0\0\0\0\0\0");
        let unpadded = block(&[7; 16]);
        let answer = |tag, content: &[u8], status: &[u8], behind: &[u8]| {
            let mut twin = appendix_g1();
            twin.step();
            let mut objects = tlv::encode(tag, content).unwrap();
            objects.extend(tlv::encode(DO_STATUS, status).unwrap());
            let code = twin.mac(&crypto::pad(&objects, 16));
            objects.extend(tlv::encode(DO_MAC, &code).unwrap());
            [&objects, behind, &[0x90, 0]].concat()
        };
        let (ok, with) = ([0x90, 0], |first: u8, rest: &[u8]| {
            [&[first], rest].concat()
        });
        let opened = |raw: Vec<u8>| appendix_g1().open(&raw).map(|response| response.data);
        let whole = opened(answer(DO_ENCRYPTED, &with(1, &good), &ok, &[]));
        assert_eq!(whole, Ok(b"DG1".to_vec()));
        for (raw, why) in [
            (
                answer(DO_ENCRYPTED, &with(2, &good), &ok, &[]),
                "padding indicator",
            ),
            (
                answer(DO_ENCRYPTED, &[], &ok, &[]),
                "response is not protected",
            ),
            (
                answer(DO_ENCRYPTED, &with(1, &[]), &ok, &[]),
                "cryptogram of a broken length",
            ),
            (
                answer(DO_ENCRYPTED, &with(1, &good[1..]), &ok, &[]),
                "cryptogram of a broken length",
            ),
            (
                answer(DO_ENCRYPTED, &with(1, &unpadded), &ok, &[]),
                "padding",
            ),
            (
                answer(DO_ENCRYPTED, &with(1, &good), &[0x6A, 0x82], &[]),
                "two different status words",
            ),
            (
                answer(DO_ENCRYPTED, &with(1, &good), &[0x90], &[]),
                "response is not protected",
            ),
            (
                answer(DO_ENCRYPTED, &with(1, &good), &ok, &[0x99, 0]),
                "response is not protected",
            ),
            (
                answer(0x81, &with(1, &good), &ok, &[]),
                "response is not protected",
            ),
        ] {
            assert_eq!(opened(raw), Err(CardError::SecureMessaging(why)));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_responses_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), aes in any::<bool>()) {
            let mut channel = if aes { appendix_g1() } else { appendix_d4() };
            prop_assert!(channel.open(&bytes).is_err());
        }
    }
}

//! The chip: commands in, answers out.

use rand_core::{CryptoRngCore, RngCore};
use tessera_card::{Transceiver, TransportError};

use crate::SimError;
use crate::access::{self, Pace};
use crate::apdu::{Answer, Command};
use crate::authority::Csca;
use crate::files::{self, CARD_ACCESS};
use crate::profile::{Card, Fault, Profile};
use crate::rng::ChipRng;
use crate::scheme;
use crate::secure::Channel;
use crate::tlv;

const APPLICATION: [u8; 7] = [0xA0, 0, 0, 2, 0x47, 0x10, 1];
/// The faults that disturb a transmission strike every so many protected answers.
const DISTURBED: u32 = 10;

/// Plain octets that fit 256 protected ones (Doc 9303-11 §9.8.4): 14 octets for status and code, 4 for tag, length and
/// padding indicator, and the rest in whole cipher blocks with at least one octet of padding.
const SHORT_PROTECTED: usize = 223;

/// A chip with power: a card and the state of its session.
pub struct Chip {
    card: Card,
    rng: ChipRng,
    state: State,
}

#[derive(Default)]
struct State {
    application: bool,
    selected: Option<u16>,
    challenge: Option<[u8; 8]>,
    pace: Option<Pace>,
    channel: Option<Channel>,
    /// MSE:Set AT has chosen chip authentication.
    chip_authentication: bool,
    /// The channel that takes over once the present command has been answered.
    next_channel: Option<Channel>,
    protected_answers: u32,
}

impl Chip {
    /// Makes a card under `csca` and puts power on it.
    ///
    /// # Errors
    /// [`SimError::Profile`] when the profile does not fit a document.
    pub fn personalise(
        profile: &Profile,
        csca: &Csca,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Self, SimError> {
        Ok(Self::new(files::personalise(profile, csca, rng)?))
    }

    /// Puts power on a card.
    #[must_use]
    pub fn new(card: Card) -> Self {
        let mut seed = [0; 32];
        for (to, from) in seed.iter_mut().zip(&card.seed.0) {
            *to = *from;
        }
        Self {
            card,
            rng: ChipRng::new(seed),
            state: State::default(),
        }
    }

    /// The card.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Power off and on: every session ends.
    pub fn reset(&mut self) {
        self.state = State::default();
    }

    /// Answers one command APDU: data and status word.
    pub fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        let Some(command) = Command::parse(apdu) else {
            return Answer::status(0x6700).encode();
        };
        if !command.protected() {
            // A bare command ends a protected session (Doc 9303-11 §9.8.3).
            self.state.channel = None;
            return self.execute(&command).encode();
        }
        let Some(mut channel) = self.state.channel.take() else {
            return Answer::status(0x6988).encode();
        };
        let Some(mut plain) = channel.open(&command) else {
            return Answer::status(0x6988).encode();
        };
        // What the protected answer may fill is the outer Le: a short command has room for fewer plain octets than asked.
        if command.le <= 256 {
            plain.le = plain.le.min(SHORT_PROTECTED);
        } else if !self.card.extended() {
            return Answer::status(0x6700).encode();
        }
        self.state.channel = Some(channel);
        let answer = self.execute(&plain);
        let status = answer.status;
        let Some(channel) = &mut self.state.channel else {
            return Answer::status(0x6988).encode();
        };
        let data = channel.seal(&answer, plain.ins & 1 == 1);
        if let Some(next) = self.state.next_channel.take() {
            self.state.channel = Some(next);
        }
        self.disturb(Answer { data, status }.encode())
    }

    /// The faults of transmission.
    fn disturb(&mut self, mut answer: Vec<u8>) -> Vec<u8> {
        self.state.protected_answers += 1;
        if self.state.protected_answers.is_multiple_of(DISTURBED) {
            let end = answer.len() - 2;
            if self.card.has(Fault::FlippedMac) {
                answer[end - 1] ^= 1;
            }
            if self.card.has(Fault::Truncated) {
                answer.truncate(end - 3);
            }
        }
        answer
    }

    fn execute(&mut self, command: &Command) -> Answer {
        let answer = match (command.ins, command.p1, command.p2) {
            (0xA4, 0x04, _) => self.select_application(&command.data),
            (0xA4, _, _) => self.select_file(&command.data),
            (0xB0, _, _) => self.read(command),
            (0xB1, _, _) => self.read_far(command),
            (0x84, _, _) if self.state.application => self.challenge(),
            (0x82, _, _) => self.basic_access(&command.data),
            (0x22, 0xC1, 0xA4) if self.card.file(CARD_ACCESS).is_some() => {
                Pace::choose(&self.card, &command.data).map(|pace| {
                    self.state.pace = Some(pace);
                    Answer::ok(Vec::new())
                })
            }
            (0x22, 0x41, 0xA4) => self.choose_chip_authentication(&command.data),
            (0x22, 0x41, 0xA6) => self.key_agreement_template(&command.data),
            (0x86, _, _) if self.state.chip_authentication => {
                self.chip_authentication(&command.data)
            }
            (0x86, _, _) => self.general_authenticate(&command.data),
            (0x88, _, _) => self.internal_authenticate(&command.data),
            _ => Err(0x6D00),
        };
        answer.unwrap_or_else(Answer::status)
    }

    fn select_application(&mut self, name: &[u8]) -> Result<Answer, u16> {
        if name != APPLICATION {
            return Err(0x6A82);
        }
        self.state.application = true;
        self.state.selected = None;
        Ok(Answer::ok(Vec::new()))
    }

    fn select_file(&mut self, id: &[u8]) -> Result<Answer, u16> {
        if matches!(id, [] | [0x3F, 0x00]) {
            self.state.application = false;
            self.state.selected = None;
            return Ok(Answer::ok(Vec::new()));
        }
        let id = u16::from_be_bytes(id.try_into().map_err(|_| 0x6A80_u16)?);
        self.content(id)?;
        self.state.selected = Some(id);
        Ok(Answer::ok(Vec::new()))
    }

    /// A file the session may see: EF.CardAccess always, the rest in the open application.
    fn content(&self, id: u16) -> Result<&[u8], u16> {
        let content = self.card.file(id).ok_or(0x6A82_u16)?;
        if id == CARD_ACCESS || id == files::ATR_INFO {
            return Ok(content);
        }
        match (self.state.application, &self.state.channel) {
            (true, Some(_)) => Ok(content),
            (true, None) => Err(0x6982),
            (false, _) => Err(0x6A82),
        }
    }

    fn read(&mut self, command: &Command) -> Result<Answer, u16> {
        let (id, offset) = if command.p1 & 0x80 != 0 {
            // Short identifier: the low five bits of every file's identifier (Doc 9303-10 §4.2).
            let id = 0x0100 | u16::from(command.p1 & 0x1F);
            self.state.selected = Some(id);
            (id, usize::from(command.p2))
        } else {
            let id = self.state.selected.ok_or(0x6986_u16)?;
            (
                id,
                usize::from(u16::from_be_bytes([command.p1, command.p2])),
            )
        };
        self.slice(id, offset, command.le).map(Answer::ok)
    }

    /// READ BINARY with the offset in data object 54 (ISO/IEC 7816-4 §11.3.3).
    fn read_far(&mut self, command: &Command) -> Result<Answer, u16> {
        let id = match (command.p1, command.p2) {
            (0, 0) => self.state.selected.ok_or(0x6986_u16)?,
            (p1, p2) => u16::from_be_bytes([p1, p2]),
        };
        let offset = tlv::find(&command.data, 0x54)
            .filter(|octets| octets.len() <= 4)
            .ok_or(0x6A80_u16)?
            .iter()
            .fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        // The answer's tag and length count towards Le.
        let room = command
            .le
            .saturating_sub(if command.le > 0x82 { 3 } else { 2 });
        let data = self.slice(id, offset, room)?;
        Ok(Answer::ok(tlv::tlv(0x53, &data)))
    }

    fn slice(&self, id: u16, offset: usize, length: usize) -> Result<Vec<u8>, u16> {
        let content = self.content(id)?;
        let rest = content.get(offset..).ok_or(0x6B00_u16)?;
        Ok(rest
            .get(..length.min(rest.len()))
            .unwrap_or_default()
            .to_vec())
    }

    fn challenge(&mut self) -> Result<Answer, u16> {
        let mut nonce = [0; 8];
        self.rng.fill_bytes(&mut nonce);
        self.state.challenge = Some(nonce);
        Ok(Answer::ok(nonce.to_vec()))
    }

    fn basic_access(&mut self, data: &[u8]) -> Result<Answer, u16> {
        let nonce = self.state.challenge.take().ok_or(0x6985_u16)?;
        let (answer, channel) = access::basic(&self.card, nonce, data, &mut self.rng)?;
        self.state.channel = Some(channel);
        Ok(answer)
    }

    fn general_authenticate(&mut self, data: &[u8]) -> Result<Answer, u16> {
        let pace = self.state.pace.take().ok_or(0x6985_u16)?;
        let (answer, next, channel) = pace.advance(data, &mut self.rng)?;
        self.state.pace = next;
        if channel.is_some() {
            self.state.channel = channel;
        }
        Ok(answer)
    }

    /// MSE:Set AT of chip authentication with AES (§6.2.4.2).
    fn choose_chip_authentication(&mut self, data: &[u8]) -> Result<Answer, u16> {
        let known = self.card.chip_auth().ok_or(0x6D00_u16)?;
        let oid = files::chip_auth_protocol(self.card.chip_auth_modp(), known.cipher);
        let numbered = tlv::find(data, 0x84) == known.key_id.as_ref().map(std::slice::from_ref);
        if self.state.channel.is_none() || tlv::find(data, 0x80) != Some(&oid) || !numbered {
            return Err(0x6A80);
        }
        self.state.chip_authentication = true;
        Ok(Answer::ok(Vec::new()))
    }

    /// MSE:Set KAT of chip authentication with 3DES (§6.2.4.1).
    fn key_agreement_template(&mut self, data: &[u8]) -> Result<Answer, u16> {
        let point = tlv::find(data, 0x91).ok_or(0x6A80_u16)?.to_vec();
        self.agree(&point)?;
        Ok(Answer::ok(Vec::new()))
    }

    fn chip_authentication(&mut self, data: &[u8]) -> Result<Answer, u16> {
        let inner = tlv::find(data, 0x7C).ok_or(0x6A80_u16)?;
        let point = tlv::find(inner, 0x80).ok_or(0x6A80_u16)?.to_vec();
        self.state.chip_authentication = false;
        self.agree(&point)?;
        Ok(Answer::ok(tlv::tlv(0x7C, &[])))
    }

    fn agree(&mut self, point: &[u8]) -> Result<(), u16> {
        let known = self.card.chip_auth().ok_or(0x6D00_u16)?;
        let channel = access::chip_authentication(&self.card, known, point);
        self.state.next_channel = Some(channel.map_err(|_| 0x6A80_u16)?);
        Ok(())
    }

    fn internal_authenticate(&mut self, challenge: &[u8]) -> Result<Answer, u16> {
        if !self.state.application || self.state.channel.is_none() {
            return Err(0x6982);
        }
        if challenge.len() != 8 {
            return Err(0x6700);
        }
        let key = self.card.active_auth_key.as_ref().ok_or(0x6D00_u16)?;
        let mut entropy = [0; 64];
        self.rng.fill_bytes(&mut entropy);
        let digest = self.card.active_auth_digest();
        let signature = scheme::active_authentication(&key.0, digest, challenge, &entropy);
        signature.map(Answer::ok).map_err(|_| 0x6F00)
    }
}

impl Transceiver for Chip {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok(Chip::transmit(self, apdu))
    }
}

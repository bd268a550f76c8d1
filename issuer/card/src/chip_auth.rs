//! Chip authentication (Doc 9303-11 §6.2) run by the issuer through a terminal.
//!
//! The chip agrees keys with its static key of DG14, which the issuing state signed, and the issuer's
//! key of one use. Whoever can speak under those keys holds the chip's private key. Run by a terminal
//! alone this proves nothing to anybody else; so the issuer holds the ephemeral key and the terminal
//! carries messages it cannot read or make up:
//!
//! ```text
//!  issuer                         terminal                        chip
//!  start(DG14) ── UnderChannel ──► wraps in its own session ────► MSE:Set AT
//!  advance     ◄─────────────────  unwraps ◄──────────────────── 9000
//!              ── UnderChannel ──► wraps ────────────────────────► GENERAL AUTHENTICATE
//!              ── AsIs ──────────► passes on, own session is over► SELECT, READ BINARY of DG14
//!  Done(ChipAuthenticated)         cannot read it                  under the issuer's keys
//! ```

use rand_core::CryptoRngCore;
use subtle::ConstantTimeEq;

use crate::algorithms::PublicKey;
use crate::apdu::{Command, Response};
use crate::crypto::Cipher;
use crate::curve::on_curve;
use crate::error::CardError;
use crate::pace::group::{Ecdh, Group};
use crate::security_info::{ChipAuthInfo, SecurityInfos};
use crate::sm::SecureChannel;
use crate::tlv;
use zeroize::Zeroizing;

mod transcript;
pub use transcript::Resumed;

/// Longest command or answer of a relay, in octets: a point of the largest curve and its wrapping.
pub const MAX_RELAY: usize = 512;
/// Octets of DG14 read back under the new keys.
const PROBE: usize = 8;

/// One message from the issuer to the chip, and how the terminal is to pass it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayCommand {
    /// A bare command APDU that the terminal protects with its own session.
    UnderChannel(Vec<u8>),
    /// A command APDU that goes to the chip as it is.
    AsIs(Vec<u8>),
}

impl RelayCommand {
    /// One octet for the kind (0 under the channel, 1 as it is), then the APDU.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, apdu) = match self {
            Self::UnderChannel(apdu) => (0, apdu),
            Self::AsIs(apdu) => (1, apdu),
        };
        let mut out = Vec::with_capacity(apdu.len() + 1);
        out.push(kind);
        out.extend_from_slice(apdu);
        out
    }

    /// Reads [`RelayCommand::to_bytes`], and refuses what chip authentication never sends: an open
    /// relay would let an issuer, or whoever speaks in its name, run any command on the chip.
    ///
    /// # Errors
    /// [`CardError::TooLarge`] beyond [`MAX_RELAY`]; [`CardError::Malformed`] for another kind or
    /// command.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > MAX_RELAY {
            return Err(CardError::TooLarge {
                what: "relay message",
                limit: MAX_RELAY,
            });
        }
        match bytes {
            [0, 0x00, 0x22, 0x41, 0xA4 | 0xA6, ..] | [0, 0x00, 0x86, 0x00, 0x00, ..] => {
                let (_, apdu) = bytes.split_at(1);
                Ok(Self::UnderChannel(apdu.to_vec()))
            }
            [1, 0x0C, 0xA4 | 0xB0, _, _, ..] => {
                let (_, apdu) = bytes.split_at(1);
                Ok(Self::AsIs(apdu.to_vec()))
            }
            _ => Err(CardError::Malformed("relay message")),
        }
    }
}

/// A run of chip authentication at the issuer. One use; times and attempts are the caller's to limit.
pub struct ChipAuthentication {
    dg14: Vec<u8>,
    channel: SecureChannel,
    /// The GENERAL AUTHENTICATE still to be sent; 3DES has none.
    agreement: Option<Vec<u8>>,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Template,
    Agreement,
    Select,
    Read,
}

/// What a step of [`ChipAuthentication::advance`] leads to.
pub enum Advance {
    /// Another message has to be relayed.
    Relay(Box<ChipAuthentication>, RelayCommand),
    /// The chip is genuine.
    Done(ChipAuthenticated),
}

/// Shows that the chip whose DG14 this is answered under the issuer's keys. Only
/// [`ChipAuthentication::advance`] makes one. That DG14 is one the state signed is for
/// [`crate::evidence::verify_with`] to say.
pub struct ChipAuthenticated {
    dg14: Vec<u8>,
}

impl ChipAuthenticated {
    /// Whether it was this DG14, octet for octet.
    pub(crate) fn with_key_of(&self, dg14: &[u8]) -> bool {
        self.dg14 == dg14
    }
}

impl ChipAuthentication {
    /// Begins a run with the chip whose EF.DG14 this is (still unchecked), with a fresh key from `rng`.
    ///
    /// # Errors
    /// [`CardError::ChipAuthMissing`] when DG14 lists no key agreement in a known group;
    /// [`CardError::Malformed`] when it cannot be read; [`CardError::Protocol`] for a key that is no member of its group.
    ///
    /// # Example
    /// ```
    /// use tessera_card::ChipAuthentication;
    ///
    /// let nothing = [0x6E, 0x02, 0x31, 0x00];
    /// let error = ChipAuthentication::start(&nothing, &mut rand_core::OsRng).err();
    /// assert_eq!(error.map(|error| error.code()), Some("chip_auth_missing"));
    /// ```
    pub fn start(
        dg14: &[u8],
        rng: &mut dyn CryptoRngCore,
    ) -> Result<(Self, RelayCommand), CardError> {
        let infos = SecurityInfos::parse_dg14(dg14)?;
        let offer = infos.chip_authentication()?;
        let offer = offer.ok_or(CardError::ChipAuthMissing)?;
        let (public, secret) = match &offer.key {
            PublicKey::Ec { curve, point } => {
                on_curve!(*curve, C => agree(&Ecdh::<C>::new(), point, rng)?)
            }
            PublicKey::Dh { group, number } => agree(group, number, rng)?,
            PublicKey::Rsa(_) | PublicKey::RsaPss(..) => return Err(CardError::ChipAuthMissing),
        };
        let (template, agreement) = commands(&offer, &public)?;
        let run = Self {
            dg14: dg14.to_vec(),
            channel: SecureChannel::new(offer.cipher, &secret, 0),
            agreement,
            step: Step::Template,
        };
        Ok((run, RelayCommand::UnderChannel(template)))
    }

    /// Takes the chip's answer to the last message: data and status word, as the terminal gives it.
    ///
    /// # Errors
    /// [`CardError::ChipAuthFailed`] when the answer is not under the agreed keys or not DG14;
    /// [`CardError::Status`] when the chip refuses a command.
    pub fn advance(mut self, answer: &[u8]) -> Result<Advance, CardError> {
        if answer.len() > MAX_RELAY {
            return Err(CardError::TooLarge {
                what: "relay message",
                limit: MAX_RELAY,
            });
        }
        match self.step {
            Step::Template => {
                Response::parse(answer)?.success("MSE:Set")?;
                match self.agreement.take() {
                    Some(command) => {
                        self.step = Step::Agreement;
                        let command = RelayCommand::UnderChannel(command);
                        Ok(Advance::Relay(Box::new(self), command))
                    }
                    None => self.select(),
                }
            }
            Step::Agreement => {
                Response::parse(answer)?.success("GENERAL AUTHENTICATE")?;
                self.select()
            }
            Step::Select => {
                self.opened(answer)?;
                self.step = Step::Read;
                let command = Command::new(0xB0, 0, 0).le(PROBE);
                let command = RelayCommand::AsIs(self.channel.protect(&command)?);
                Ok(Advance::Relay(Box::new(self), command))
            }
            Step::Read => {
                let read = self.opened(answer)?;
                let expected = self.dg14.get(..PROBE).unwrap_or(&self.dg14);
                if !bool::from(expected.ct_eq(&read)) {
                    return Err(CardError::ChipAuthFailed);
                }
                Ok(Advance::Done(ChipAuthenticated { dg14: self.dg14 }))
            }
        }
    }

    /// The first command under the new keys: SELECT EF.DG14.
    fn select(mut self) -> Result<Advance, CardError> {
        self.step = Step::Select;
        let select = Command::new(0xA4, 0x02, 0x0C).data([0x01, 0x0E]);
        let command = RelayCommand::AsIs(self.channel.protect(&select)?);
        Ok(Advance::Relay(Box::new(self), command))
    }

    /// An answer whose code is right under the agreed keys: only the chip could have made it.
    fn opened(&mut self, answer: &[u8]) -> Result<Vec<u8>, CardError> {
        let opened = self.channel.open(answer);
        let response = opened.map_err(|_| CardError::ChipAuthFailed)?;
        match response.status {
            0x9000 | 0x6282 => Ok(response.data),
            status => Err(CardError::Status {
                command: "chip authentication probe",
                status,
            }),
        }
    }
}

/// A key pair of one use and what is agreed with the chip's key.
fn agree<G: Group>(
    group: &G,
    chip: &[u8],
    rng: &mut dyn CryptoRngCore,
) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), CardError> {
    let chip = group.certified(chip)?;
    let own = group.secret(rng)?;
    let public = group.octets(&group.power(&group.generator(), &own))?;
    let shared = group.shared(&group.power(&chip, &own))?;
    Ok((public, shared))
}

/// The commands of §6.2.4: with 3DES one MSE:Set KAT that carries the key, with AES an MSE:Set AT and
/// a GENERAL AUTHENTICATE.
fn commands(
    offer: &ChipAuthInfo<'_>,
    public: &[u8],
) -> Result<(Vec<u8>, Option<Vec<u8>>), CardError> {
    let reference = match offer.key_id {
        Some(id) => tlv::encode(0x84, id)?,
        None => Vec::new(),
    };
    if offer.cipher == Cipher::TripleDes {
        let mut data = tlv::encode(0x91, public)?;
        data.extend(reference);
        let command = Command::new(0x22, 0x41, 0xA6).data(data).encode()?;
        return Ok((command, None));
    }
    let mut data = tlv::encode(0x80, offer.protocol)?;
    data.extend(reference);
    let template = Command::new(0x22, 0x41, 0xA4).data(data).encode()?;
    let key = tlv::encode(0x7C, &tlv::encode(0x80, public)?)?;
    // A key of 2048 bits takes an extended command.
    let agreement = Command::new(0x86, 0, 0).data(key).le(256).encode()?;
    Ok((template, Some(agreement)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_relay_messages_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), head in prop::sample::select(vec![vec![0, 0, 0x22, 0x41, 0xA4], vec![0, 0, 0x86, 0, 0], vec![1, 0x0C, 0xA4, 2, 0x0C]])) {
            let mut whole = head;
            whole.extend(&bytes);
            match RelayCommand::from_bytes(&whole) {
                Ok(command) => prop_assert_eq!(command.to_bytes(), whole),
                Err(error) => prop_assert_eq!(error.code(), "too_large"),
            }
            prop_assert!(RelayCommand::from_bytes(&[2, 0, 0x22, 0x41, 0xA4]).is_err());
            prop_assert!(RelayCommand::from_bytes(&[0, 0, 0xD6, 0, 0]).is_err());
            prop_assert!(RelayCommand::from_bytes(&[1, 0, 0xA4, 2, 0x0C]).is_err());
        }
    }
}

//! Reading a chip from first contact to the answer to the challenge, in the order of Doc 9303-11 §4.2.

use rand_core::CryptoRngCore;

use crate::active_auth;
use crate::apdu::Command;
use crate::bac;
use crate::chip_auth::{MAX_RELAY, RelayCommand};
use crate::chip_data::{AccessKey, ChipData};
use crate::error::CardError;
use crate::files::{self, Session};
use crate::mrz::MrzKey;
use crate::pace::{self, Password};
use crate::security_info::SecurityInfos;
use crate::transport::Transceiver;

/// Reads everything the issuer needs from a chip: PACE where the chip offers it, BAC otherwise, then
/// EF.COM, EF.SOD, DG1, DG2, DG14 and DG15 under secure messaging, then active authentication over
/// `aa_challenge`. The result is **unchecked**: only [`crate::evidence::verify`] can vouch for it.
///
/// # Errors
/// [`CardError::AccessDenied`] for a wrong access key, [`CardError::MrzNeeded`] when a card access
/// number cannot open this chip; [`CardError::PaceHidden`] when a chip that was opened by BAC lists
/// PACE in DG14; otherwise what went wrong on the way.
///
/// # Example
/// ```
/// use tessera_card::{AccessKey, CardError, Transceiver, TransportError, read_chip};
///
/// struct Gone;
/// impl Transceiver for Gone {
///     fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
///         Err(TransportError::Removed)
///     }
/// }
/// let key = AccessKey::Can("123456".into());
/// let error = read_chip(&mut Gone, &key, &[0; 8], &mut rand_core::OsRng).unwrap_err();
/// assert_eq!(error.code(), "card_removed");
/// ```
pub fn read_chip(
    card: &mut dyn Transceiver,
    key: &AccessKey,
    aa_challenge: &[u8; 8],
    rng: &mut dyn CryptoRngCore,
) -> Result<ChipData, CardError> {
    OpenChip::open(card, key, Access::PaceOrBac, rng)?.read(aa_challenge)
}

/// Which access protocols may open a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// PACE only: what BAC protects can be recorded and opened later by guessing the MRZ data.
    PaceOnly,
    /// BAC where the chip offers no PACE this crate can run.
    PaceOrBac,
}

/// A chip that has been opened. Reading comes first; [`OpenChip::relay`] ends the session.
pub struct OpenChip<'a> {
    session: Session<'a>,
    card_access: Option<Vec<u8>>,
    relayed: Relayed,
}

/// How far a relay has come: what the terminal passes on is bounded in order and in number.
#[derive(Clone, Copy)]
enum Relayed {
    UnderChannel(u8),
    AsIs(u8),
}

/// Two commands under the terminal's channel, two as they are (see [`crate::ChipAuthentication`]).
const MOST_RELAYED: u8 = 2;

impl<'a> OpenChip<'a> {
    /// Opens a chip with what is printed on the document.
    ///
    /// # Errors
    /// [`CardError::AccessDenied`] for a wrong access key; [`CardError::MrzNeeded`] when a card access
    /// number cannot open this chip; [`CardError::PaceMissing`] when only BAC could and may not.
    pub fn open(
        card: &'a mut dyn Transceiver,
        key: &AccessKey,
        access: Access,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Self, CardError> {
        let key = Checked::new(key)?;
        let mut session = Session::new(card);
        let card_access = match session.read_optional(files::CARD_ACCESS) {
            // Chips from before PACE refuse the file in many ways; all of them mean BAC.
            Err(CardError::Status { .. }) => None,
            other => other?,
        };
        session.learn_length();
        open(&mut session, card_access.as_deref(), &key, access, rng)?;
        Ok(Self {
            session,
            card_access,
            relayed: Relayed::UnderChannel(0),
        })
    }

    /// Reads EF.COM, EF.SOD, DG1, DG2, DG14 and DG15 and, where the chip has DG15, its answer to
    /// `aa_challenge`. The result is **unchecked**.
    ///
    /// # Errors
    /// As [`read_chip`].
    pub fn read(&mut self, aa_challenge: &[u8; 8]) -> Result<ChipData, CardError> {
        let session = &mut self.session;
        let mut chip = ChipData {
            com: session.read_optional(files::COM)?,
            sod: session.read(files::SOD)?,
            dg1: session.read(files::DG1)?,
            dg2: session.read(files::DG2)?,
            dg14: session.read_optional(files::DG14)?,
            dg15: session.read_optional(files::DG15)?,
            aa_signature: None,
        };
        refuse_downgrade(self.card_access.as_deref(), chip.dg14.as_deref())?;
        if chip.dg15.is_some() {
            let response = session.send(&active_auth::command(aa_challenge))?;
            chip.aa_signature = Some(response.success("INTERNAL AUTHENTICATE")?);
        }
        Ok(chip)
    }

    /// Passes one message of the issuer's chip authentication on and returns the chip's answer, data
    /// and status word. After the first message that goes as it is the terminal's own session is over.
    ///
    /// # Errors
    /// [`CardError::Protocol`] for more messages than chip authentication has, or out of order;
    /// [`CardError::TooLarge`], [`CardError::Transport`], [`CardError::SecureMessaging`].
    pub fn relay(&mut self, command: &RelayCommand) -> Result<Vec<u8>, CardError> {
        const ORDER: CardError = CardError::Protocol("relay out of order");
        let checked = RelayCommand::from_bytes(&command.to_bytes())?;
        let answer = match (&checked, self.relayed) {
            (RelayCommand::UnderChannel(apdu), Relayed::UnderChannel(count))
                if count < MOST_RELAYED =>
            {
                self.relayed = Relayed::UnderChannel(count + 1);
                let response = self.session.send(&Command::parse(apdu)?)?;
                let mut answer = response.data;
                answer.extend(response.status.to_be_bytes());
                answer
            }
            (RelayCommand::AsIs(apdu), Relayed::UnderChannel(1..)) => {
                self.relayed = Relayed::AsIs(1);
                self.session.channel = None;
                self.session.card.transmit(apdu)?
            }
            (RelayCommand::AsIs(apdu), Relayed::AsIs(count)) if count < MOST_RELAYED => {
                self.relayed = Relayed::AsIs(count + 1);
                self.session.card.transmit(apdu)?
            }
            _ => return Err(ORDER),
        };
        if answer.len() > MAX_RELAY {
            return Err(CardError::TooLarge {
                what: "relay message",
                limit: MAX_RELAY,
            });
        }
        Ok(answer)
    }
}

/// An access key whose form has been checked before the chip counts a wrong try.
enum Checked<'a> {
    Can(&'a str),
    Mrz(MrzKey),
}

impl<'a> Checked<'a> {
    fn new(key: &'a AccessKey) -> Result<Self, CardError> {
        match key {
            AccessKey::Can(can) => {
                if can.len() != 6 || !can.bytes().all(|digit| digit.is_ascii_digit()) {
                    return Err(CardError::AccessKeyInvalid("card access number"));
                }
                Ok(Self::Can(can))
            }
            AccessKey::Mrz {
                document_number,
                birth,
                expiry,
            } => Ok(Self::Mrz(MrzKey::new(document_number, birth, expiry)?)),
        }
    }
}

/// PACE before the application is selected, or BAC after it (Doc 9303-11 §4.2).
fn open(
    session: &mut Session<'_>,
    card_access: Option<&[u8]>,
    key: &Checked<'_>,
    access: Access,
    rng: &mut dyn CryptoRngCore,
) -> Result<(), CardError> {
    let infos = card_access.map(SecurityInfos::parse).transpose()?;
    let offer = infos.and_then(|infos| infos.pace());
    match (offer, key) {
        (Some(offer), key) => {
            let password = match key {
                Checked::Can(can) => Password::Can(can),
                Checked::Mrz(mrz) => Password::Mrz(mrz),
            };
            let channel = pace::establish(session.card, &offer, &password, rng)?;
            session.channel = Some(channel);
            session.select_application()
        }
        (None, _) if access == Access::PaceOnly => Err(CardError::PaceMissing),
        (None, Checked::Mrz(mrz)) => {
            session.select_application()?;
            session.channel = Some(bac::establish(session.card, mrz, rng)?);
            Ok(())
        }
        (None, Checked::Can(_)) => Err(CardError::MrzNeeded),
    }
}

/// EF.CardAccess is unsigned; DG14 repeats it and is covered by the security object. So an offer
/// that DG14 does not list was slipped in (Doc 9303-11 §4.4.1, last paragraph), and an offer that
/// only DG14 lists was taken out, which made this session a BAC one. Whoever edits or withholds DG14
/// as well is found out by the security object.
fn refuse_downgrade(card_access: Option<&[u8]>, dg14: Option<&[u8]>) -> Result<(), CardError> {
    let Some(dg14) = dg14 else {
        return Ok(());
    };
    let listed = SecurityInfos::parse_dg14(dg14)?;
    let infos = card_access.map(SecurityInfos::parse).transpose()?;
    match infos.and_then(|infos| infos.pace()) {
        Some(used) if listed.lists(&used) => Ok(()),
        Some(_) => Err(CardError::Protocol(
            "EF.CardAccess offers what DG14 does not",
        )),
        None if listed.pace().is_some() => Err(CardError::PaceHidden),
        None => Ok(()),
    }
}

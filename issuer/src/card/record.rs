//! A resident card as its terminal's security module gave it: the terminal's word, checked as far as plaintext can be.

use tessera_card::Date;
use tessera_card::sam::{Kind, PHOTO, TextRecord};
use zeroize::Zeroizing;

use super::PhotoDecoder;
use crate::failure::{Code, Failure};
use crate::proofing::CardPassed;
use crate::registry::Person;
use crate::store::CardMethod;

/// State that issues these cards, as a machine readable zone names it.
const ISSUING_STATE: &str = "CHN";

/// A record that agrees with itself and is in force. **Nothing proves that a card said so**: there is no way from here to
/// [`super::GenuineChip`].
pub struct AttestedCard {
    record: TextRecord,
    photo: Zeroizing<Vec<u8>>,
}

impl AttestedCard {
    /// Reads a text record and a coded photograph, and checks the validity of the card at `now` (Unix seconds).
    ///
    /// # Errors
    /// `card_record_invalid` for a record that is malformed or contradicts itself; `document_expired`, also before the
    /// first day of validity.
    pub fn verify(text: &[u8], photo: &[u8], now: i64) -> Result<Self, Failure> {
        let text = text
            .try_into()
            .map_err(|_| Failure::from(Code::CardRecordInvalid))?;
        let record = TextRecord::parse(text).map_err(|_| Failure::from(Code::CardRecordInvalid))?;
        if photo.len() != PHOTO {
            return Err(Code::CardRecordInvalid.into());
        }
        let today = compact(Date::from_unix(now));
        let over = record.until.as_ref().is_some_and(|until| *until < today);
        if over || record.from > today {
            return Err(Code::DocumentExpired.into());
        }
        Ok(Self {
            record,
            photo: Zeroizing::new(photo.to_vec()),
        })
    }

    /// The card must be the person's. A resident's number is the key of the register; a foreigner's is the number of the
    /// document there, of this state. The birth date must agree as well.
    ///
    /// # Errors
    /// `document_not_of_person`, also where there is no such person.
    pub fn belongs_to(self, person: Option<&Person>) -> Result<Belonging, Failure> {
        let record = &self.record;
        let same = person.is_some_and(|person| {
            let number = match record.kind {
                Kind::Resident | Kind::ResidencePermit => {
                    person.personal_administrative_number == record.number
                }
                Kind::Foreigner2017 | Kind::Foreigner2023 => {
                    person.document_state.as_deref() == Some(ISSUING_STATE)
                        && person.document_number.as_ref() == Some(&record.number)
                }
            };
            number && person.birthdate.replace('-', "") == record.birth
        });
        if !same {
            return Err(Code::DocumentNotOfPerson.into());
        }
        Ok(Belonging { photo: self.photo })
    }
}

/// A record of the person's, whose photograph is still coded.
pub struct Belonging {
    photo: Zeroizing<Vec<u8>>,
}

impl Belonging {
    /// Decodes the photograph the live face is compared with.
    ///
    /// # Errors
    /// `photo_decoder_unavailable`, `card_photo_unreadable`.
    pub fn decode(
        self,
        decoder: &dyn PhotoDecoder,
    ) -> Result<(CardPassed, Zeroizing<Vec<u8>>), Failure> {
        let portrait = decoder.decode(&self.photo)?;
        let passed = CardPassed {
            document_country: ISSUING_STATE.to_owned(),
            method: CardMethod::TerminalAttested,
        };
        Ok((passed, portrait))
    }
}

/// `YYYYMMDD`: in this form days compare as text.
fn compact(date: Date) -> String {
    let (year, month, day) = date.parts();
    format!("{year:04}{month:02}{day:02}")
}

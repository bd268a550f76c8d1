//! The four layouts of the text record: 256 octets of UTF-16LE, padded with spaces; what kind of card
//! it is stands in the character at 248.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::date::Date;
use crate::error::CardError;
use crate::sam::number;

/// Octets of the text record.
pub(super) const TEXT: usize = 256;

/// Which of the four cards it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Resident identity card (no flag).
    Resident,
    /// Residence permit for Hong Kong, Macao and Taiwan residents (`J`).
    ResidencePermit,
    /// Permanent residence card of a foreigner, 2017 (`I`).
    Foreigner2017,
    /// Permanent residence card of a foreigner, 2023 (`Y`).
    Foreigner2023,
}

/// What the card says, as the reader's security module gave it. Personal data: zeroized on drop,
/// never printed. Nothing here is signed: it is the **terminal's** word that a card said so.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct TextRecord {
    /// Which card.
    #[zeroize(skip)]
    pub kind: Kind,
    /// Chinese name; may be empty on a foreigner's card of 2017.
    pub name: String,
    /// English name of a foreigner; empty otherwise.
    pub english_name: String,
    /// Whether the card says male.
    pub male: bool,
    /// Day of birth, `YYYYMMDD`.
    pub birth: String,
    /// The card's number.
    pub number: String,
    /// First day of validity, `YYYYMMDD`.
    pub from: String,
    /// Last day of validity, `YYYYMMDD`; `None` where the card is valid without end.
    pub until: Option<String>,
    /// Three-letter country of a foreigner; empty otherwise.
    pub country: String,
    /// Address; empty on foreigners' cards.
    pub address: String,
}

impl std::fmt::Debug for TextRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextRecord({:?}, ..)", self.kind)
    }
}

impl TextRecord {
    /// Takes a record apart and checks it against itself: dates that exist and follow each other, a
    /// number whose check digit, birth date and sex agree (GB 11643; of foreigners since 2023 all but the sex).
    ///
    /// # Errors
    /// [`CardError::Malformed`] naming the field; never its content.
    pub fn parse(bytes: &[u8; TEXT]) -> Result<Self, CardError> {
        let field = |from: usize, length: usize| text(bytes.get(from..from + length));
        let kind = match field(248, 2)?.as_str() {
            "" => Kind::Resident,
            "J" => Kind::ResidencePermit,
            "I" => Kind::Foreigner2017,
            "Y" => Kind::Foreigner2023,
            _ => return Err(CardError::Malformed("card type")),
        };
        let (sex, birth, number, from, until) = match kind {
            Kind::Foreigner2017 => ((120, 2), (220, 16), (122, 30), (188, 16), (204, 16)),
            _ => ((30, 2), (36, 16), (122, 36), (188, 16), (204, 16)),
        };
        let part = |(at, length): (usize, usize)| field(at, length);
        let male = match part(sex)?.as_str() {
            "1" => true,
            "2" => false,
            _ => return Err(CardError::Malformed("sex")),
        };
        let (name, english_name, country, address) = match kind {
            Kind::Resident | Kind::ResidencePermit => {
                (field(0, 30)?, String::new(), String::new(), field(52, 70)?)
            }
            Kind::Foreigner2017 => (
                field(158, 30)?,
                field(0, 120)?,
                field(152, 6)?,
                String::new(),
            ),
            Kind::Foreigner2023 => {
                let english = field(52, 70)? + &field(220, 22)?;
                (field(0, 30)?, english, field(242, 6)?, String::new())
            }
        };
        if name.is_empty() && english_name.is_empty() {
            return Err(CardError::Malformed("name"));
        }
        let record = Self {
            kind,
            name,
            english_name,
            male,
            birth: part(birth)?,
            number: part(number)?,
            from: part(from)?,
            until: Some(part(until)?).filter(|until| until != "长期"),
            country,
            address,
        };
        record.check()?;
        Ok(record)
    }

    fn check(&self) -> Result<(), CardError> {
        const LAST_DAY: CardError = CardError::Malformed("last day of validity");
        let birth = day(&self.birth).ok_or(CardError::Malformed("birth date"))?;
        let from = day(&self.from)
            .filter(|from| *from >= birth)
            .ok_or(CardError::Malformed("first day of validity"))?;
        match &self.until {
            Some(until) if day(until).ok_or(LAST_DAY)? < from => return Err(LAST_DAY),
            Some(_) => {}
            // Only residents' cards are valid without end; permits and foreigners' cards for five or ten years.
            None if self.kind == Kind::Resident => {}
            None => return Err(LAST_DAY),
        }
        match self.kind {
            Kind::Resident | Kind::ResidencePermit => {
                let digits = self.number.as_bytes().try_into();
                let digits = digits.map_err(|_| CardError::Malformed("resident number"))?;
                let birth = self.birth.as_bytes().try_into();
                let birth = birth.map_err(|_| CardError::Malformed("birth date"))?;
                number::check(digits, birth, self.male)
            }
            Kind::Foreigner2017 | Kind::Foreigner2023 => {
                let state =
                    self.country.len() == 3 && self.country.bytes().all(|c| c.is_ascii_uppercase());
                if !state {
                    return Err(CardError::Malformed("country"));
                }
                self.check_foreigner()
            }
        }
    }

    /// Three letters and twelve digits until 2023, then a number like a resident's.
    fn check_foreigner(&self) -> Result<(), CardError> {
        const NUMBER: CardError = CardError::Malformed("card number");
        let number = self.number.as_bytes();
        if self.kind == Kind::Foreigner2023 {
            let birth = self.birth.as_bytes().try_into();
            let birth = birth.map_err(|_| CardError::Malformed("birth date"))?;
            return number::check_foreigner(number.try_into().map_err(|_| NUMBER)?, birth);
        }
        let (letters, digits) = number.split_at_checked(3).ok_or(NUMBER)?;
        let form = letters.iter().all(u8::is_ascii_uppercase)
            && digits.len() == 12
            && digits.iter().all(u8::is_ascii_digit);
        if form { Ok(()) } else { Err(NUMBER) }
    }
}

/// UTF-16LE without the spaces (or zeros) behind it.
fn text(octets: Option<&[u8]>) -> Result<String, CardError> {
    const WHAT: CardError = CardError::Malformed("text of the card");
    let units = octets.ok_or(WHAT)?.chunks_exact(2);
    let units = units.map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.map_err(|_| WHAT)?;
    let text = text.trim_end_matches([' ', '\0']);
    if text.chars().any(char::is_control) {
        return Err(WHAT);
    }
    Ok(text.to_owned())
}

/// A day `YYYYMMDD` that exists.
fn day(text: &str) -> Option<Date> {
    let iso = format!("{}-{}-{}", text.get(..4)?, text.get(4..6)?, text.get(6..)?);
    Date::parse_iso(&iso)
}

/// A resident's record for the tests of this module and its parent.
#[cfg(test)]
pub(super) fn specimen() -> [u8; TEXT] {
    tests::record(&tests::RESIDENT)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    pub(super) fn record(fields: &[(usize, &str)]) -> [u8; TEXT] {
        let mut bytes = [0; TEXT];
        for pair in bytes.chunks_exact_mut(2) {
            pair[0] = b' ';
        }
        for (at, text) in fields {
            for (index, unit) in text.encode_utf16().enumerate() {
                bytes[at + 2 * index..at + 2 * index + 2].copy_from_slice(&unit.to_le_bytes());
            }
        }
        bytes
    }

    pub(super) const RESIDENT: [(usize, &str); 8] = [
        (0, "样本"),
        (30, "2"),
        (32, "01"),
        (36, "19491231"),
        (52, "样本地址"),
        (122, "11010519491231002X"),
        (188, "20200101"),
        (204, "长期"),
    ];

    const OLD: [(usize, &str); 9] = [
        (0, "SPECIMEN, ERIKA"),
        (120, "2"),
        (122, "UTO110000000001"),
        (152, "UTO"),
        (158, "样本"),
        (188, "20200101"),
        (204, "20300101"),
        (220, "19900115"),
        (248, "I"),
    ];

    const NEW: [(usize, &str); 8] = [
        (0, "样本"),
        (30, "2"),
        (36, "19900115"),
        (122, "911123199001150024"),
        (188, "20240101"),
        (204, "20340101"),
        (242, "UTO"),
        (248, "Y"),
    ];

    #[test]
    fn four_layouts() {
        let resident = TextRecord::parse(&record(&RESIDENT)).unwrap();
        assert_eq!(
            (resident.kind, resident.name.as_str()),
            (Kind::Resident, "样本")
        );
        assert_eq!((resident.male, &resident.until), (false, &None));
        assert_eq!(format!("{resident:?}"), "TextRecord(Resident, ..)");
        let permit = [&RESIDENT[..7], &[(204, "20300101"), (248, "J")]].concat();
        let permit = TextRecord::parse(&record(&permit)).unwrap();
        assert_eq!(permit.kind, Kind::ResidencePermit);
        assert_eq!(permit.until.as_deref(), Some("20300101"));
        let old = TextRecord::parse(&record(&OLD)).unwrap();
        assert_eq!(
            (old.kind, old.country.as_str()),
            (Kind::Foreigner2017, "UTO")
        );
        assert_eq!(
            (old.english_name.as_str(), old.birth.as_str()),
            ("SPECIMEN, ERIKA", "19900115")
        );
        let long = "SPECIMEN, ERIKA MARIA ANNA LOUISE J";
        let named = [&NEW[..], &[(52, long), (220, "OSEPHINE")]].concat();
        let new = TextRecord::parse(&record(&named)).unwrap();
        assert_eq!(new.kind, Kind::Foreigner2023);
        assert_eq!(new.english_name, format!("{long}OSEPHINE"));
    }

    #[test]
    fn contradictions_are_refused() {
        for (field, what) in [
            ((248, "Q"), "card type"),
            ((30, "1"), "resident number and sex disagree"),
            ((30, "9"), "sex"),
            ((36, "19491230"), "resident number and birth date disagree"),
            ((36, "19491331"), "birth date"),
            ((122, "110105194912310021"), "resident number check digit"),
            ((204, "20190101"), "last day of validity"),
            ((188, "2020A101"), "first day of validity"),
            ((188, "19491230"), "first day of validity"),
            ((0, "  "), "name"),
            ((0, "\u{7}"), "text of the card"),
        ] {
            let refused = TextRecord::parse(&record(&[&RESIDENT[..], &[field]].concat()));
            assert_eq!(refused.err(), Some(CardError::Malformed(what)));
        }
        // Foreigners' numbers, and validity without end, which only residents have.
        for (kind, field, what) in [
            (&OLD[..], (122, "UTO11000000000 "), "card number"),
            (&OLD, (122, "uto110000000001"), "card number"),
            (&OLD, (122, "UTOP10000000001"), "card number"),
            (&OLD, (152, "U0O"), "country"),
            (&OLD, (204, "长期    "), "last day of validity"),
            (&NEW, (122, "811123199001150024"), "card number"),
            (&NEW, (122, "91112319900115002 "), "card number"),
            (
                &NEW,
                (122, "911123199001150025"),
                "resident number check digit",
            ),
            (
                &NEW,
                (36, "19900116"),
                "resident number and birth date disagree",
            ),
            (&NEW, (242, "UT "), "country"),
            (&NEW, (204, "长期    "), "last day of validity"),
            (&RESIDENT, (248, "J"), "last day of validity"),
        ] {
            let refused = TextRecord::parse(&record(&[kind, &[field]].concat()));
            assert_eq!(refused.err(), Some(CardError::Malformed(what)), "{field:?}");
        }
        // The flag of another card over a record: each reads the fields of its own layout. Without a flag that of 2023 is a
        // resident's, as it was made to be: whose it is the register says, which has no resident of such a number.
        for (record_of, own) in [(&RESIDENT[..], " "), (&OLD, "I"), (&NEW, "Y")] {
            for flag in [" ", "J", "I", "Y"].into_iter().filter(|flag| *flag != own) {
                let mixed = [record_of, &[(248, flag), (204, "20340101")]].concat();
                let refused = TextRecord::parse(&record(&mixed));
                let alike = own != "I" && [" ", "J"].contains(&flag);
                assert_eq!(refused.is_ok(), alike, "{flag:?} over {own:?}");
            }
        }
        // Half a surrogate pair.
        let mut broken = record(&RESIDENT);
        broken[52..54].copy_from_slice(&[0x00, 0xD8]);
        assert!(TextRecord::parse(&broken).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_and_mutated_records_never_panic(bytes in prop::collection::vec(any::<u8>(), TEXT), at in 0_usize..TEXT, octet in any::<u8>()) {
            let _ = TextRecord::parse(&bytes.try_into().unwrap());
            let mut mutated = record(&RESIDENT);
            mutated[at] = octet;
            let _ = TextRecord::parse(&mutated);
        }
    }
}

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use proptest::prelude::*;

/// Doc 9303-4 appendix B, Doc 9303-5 appendix B and Doc 9303-6 appendix B.
const TD3: &str =
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
const TD1: &str =
    "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6";

#[test]
fn specimens_of_the_standard() {
    for (text, format, number, kind) in [
        (TD3, MrzFormat::Td3, "L898902C3", "P"),
        (TD1, MrzFormat::Td1, "D23145890", "I"),
        (TD2, MrzFormat::Td2, "D23145890", "I"),
    ] {
        let mrz = Mrz::parse(text.as_bytes()).unwrap();
        assert_eq!((mrz.format, mrz.document_number.as_str()), (format, number));
        assert_eq!(
            (
                mrz.document_type.as_str(),
                mrz.issuing_state.as_str(),
                mrz.nationality.as_str()
            ),
            (kind, "UTO", "UTO")
        );
        assert_eq!(
            (mrz.surname.as_str(), mrz.given_names.as_str(), mrz.sex),
            ("ERIKSSON", "ANNA MARIA", 'F')
        );
        assert!(mrz.birth_date.matches("1974-08-12") && mrz.birth_date.matches("2074-08-12"));
        assert!(!mrz.birth_date.matches("1974-08-13"));
        assert_eq!(
            mrz.expiry_date(1_334_000_000).unwrap().to_string(),
            "2012-04-15"
        );
    }
    assert_eq!(
        Mrz::parse(TD3.as_bytes()).unwrap().optional_data,
        ["ZE184226B"]
    );
}

/// Doc 9303-5 §4.2.2.1 note j: a number of more than nine characters.
#[test]
fn long_document_number_of_td1() {
    let number = "D23145890734";
    let mut upper = format!(
        "I<UTOD23145890<734{}",
        char::from(fields::compute_check_digit(number.as_bytes()))
    );
    upper = format!("{upper:<<30}");
    let middle = "7408122F1204159UTO<<<<<<<<<<<";
    let composite = format!(
        "{}{}{}{}",
        &upper[5..],
        &middle[0..7],
        &middle[8..15],
        &middle[18..29]
    );
    let digit = char::from(fields::compute_check_digit(composite.as_bytes()));
    let text = format!("{upper}{middle}{digit}ERIKSSON<<ANNA<MARIA<<<<<<<<<<");
    let mrz = Mrz::parse(text.as_bytes()).unwrap();
    assert_eq!(mrz.document_number, number);
    assert_eq!(
        mrz.access_key().unwrap().information(),
        b"D23145890734974081221204159"
    );
}

/// The keys of Doc 9303-11 appendix D.2 (short number) and appendix G.1.
#[test]
fn access_keys() {
    assert_eq!(
        MrzKey::new("L898902C", "690806", "940623")
            .unwrap()
            .information(),
        b"L898902C<369080619406236"
    );
    assert_eq!(
        MrzKey::new("T22000129", "640812", "101031")
            .unwrap()
            .information(),
        b"T22000129364081251010318"
    );
    for (number, birth, expiry) in [
        ("", "690806", "940623"),
        ("l898902c", "690806", "940623"),
        ("L898902C", "69080", "940623"),
        ("L898902C", "690806", "9406<<"),
        ("L898902C", "6908<", "940623"),
        ("L898902C", "69080<", "940623"),
        ("L898902C", "6908<<<<", "940623"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAA", "690806", "940623"),
    ] {
        assert_eq!(
            MrzKey::new(number, birth, expiry).err().unwrap().code(),
            "card_access_key_invalid"
        );
    }
}

/// Doc 9303-3 §4.8: unknown parts of a date of birth are fillers, in the zone and in what opens the chip.
#[test]
fn a_birth_of_which_not_all_is_known() {
    for (birth, known) in [("7408<<", 4), ("74<<<<", 2), ("<<<<<<", 0)] {
        let digit = |field: &str| char::from(fields::compute_check_digit(field.as_bytes()));
        let middle = format!("{birth}{}F1204159UTO<<<<<<<<<<<", digit(birth));
        let upper = "I<UTOD231458907<<<<<<<<<<<<<<<";
        let composite = [&upper[5..], &middle[..7], &middle[8..15], &middle[18..29]].concat();
        let text = format!(
            "{upper}{middle}{}ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            digit(&composite)
        );
        let mrz = Mrz::parse(text.as_bytes()).unwrap();
        assert_eq!(mrz.birth_date.yymmdd(), birth);
        // What is not known is nobody's day.
        assert!(!mrz.birth_date.matches("1974-08-12"), "{known}");
        let opened = format!("D231458907{birth}{}1204159", digit(birth));
        assert_eq!(mrz.access_key().unwrap().information(), opened.as_bytes());
    }
}

/// What stands in zones of the field, each accepted; and what stands in none, each refused.
#[test]
fn zones_of_the_field() {
    let digit = |field: &str| char::from(fields::compute_check_digit(field.as_bytes()));
    let booklet = |number: &str, personal: &str, personal_digit: Option<char>, names: &str| {
        let personal = format!("{personal:<<14}");
        let (number, names) = (format!("{number:<<9}"), format!("{names:<<39}"));
        let personal_digit = personal_digit.unwrap_or(digit(&personal));
        let head = format!("{number}{}", digit(&number));
        let tail = format!("1204159{personal}{personal_digit}");
        let last = digit(&format!("{head}7408122{tail}"));
        Mrz::parse(format!("P<UTO{names}{head}UTO7408122F{tail}{last}").as_bytes())
    };
    let names = "ERIKSSON<<ANNA<MARIA";
    // No personal number: its check digit is 0 or a filler (Doc 9303-4 §4.2.2.2).
    assert!(booklet("L898902C", "", None, names).is_ok());
    assert!(booklet("L898902C", "", Some('<'), names).is_ok());
    assert!(booklet("L898902C", "12345", Some('<'), names).is_err());
    assert!(booklet("L898902C", "", Some('1'), names).is_err());
    // Fillers within number and personal number stand for characters that a zone does not have.
    let inner = booklet("L89<902C", "12<34", None, names).unwrap();
    assert_eq!(
        (
            inner.document_number.as_str(),
            inner.optional_data[0].as_str()
        ),
        ("L89<902C", "12<34")
    );
    // A name alone, and names that fill their field and are cut at its end (Doc 9303-4 §4.2.3).
    for (names, surname, given) in [
        ("ARKFREITH", "ARKFREITH", ""),
        ("VAN<DER<MUELLEN<<PETER", "VAN DER MUELLEN", "PETER"),
        (
            "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K",
            "NILAVADHANANANDA",
            "CHAYAPA DEJTHAMRONG K",
        ),
        (
            "DEJTHAMRONG<KRASUANGMAHADTHAIPRACHACHON",
            "DEJTHAMRONG KRASUANGMAHADTHAIPRACHACHON",
            "",
        ),
        ("BENNELONG<WOOLOOMOOLOO<WARRANDYTE<<DINGO", "", ""),
    ] {
        let parsed = booklet("L898902C", "", None, names);
        if names.len() > 39 {
            assert!(parsed.is_err());
            continue;
        }
        let mrz = parsed.unwrap();
        assert_eq!(
            (mrz.surname.as_str(), mrz.given_names.as_str()),
            (surname, given)
        );
    }
    for names in ["<<ANNA", "", "ERIKSSON<<ANNA<<MARIA", "ERIK550N<<ANNA"] {
        assert!(booklet("L898902C", "", None, names).is_err(), "{names}");
    }
    assert!(booklet("", "", None, names).is_err());
}

#[test]
fn every_changed_digit_of_line_two_is_noticed() {
    for index in 44..88 {
        // Nationality and sex carry no check digit (Doc 9303-4 §4.2.2.2).
        if (54..57).contains(&index) || index == 64 {
            continue;
        }
        let mut text = TD3.as_bytes().to_vec();
        let old = text[index];
        text[index] = if old == b'8' { b'9' } else { b'8' };
        assert!(Mrz::parse(&text).is_err(), "position {index}");
    }
}

/// Each check digit alone is wrong: the composite one is set right again over it.
#[test]
fn every_check_digit_counts_by_itself() {
    const TD3: &str =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const LONG: &str = "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<";
    for (zone, digits, composite, covered) in [
        (
            TD3,
            &[53, 63, 71, 86][..],
            87,
            &[(44, 54), (57, 64), (65, 87)][..],
        ),
        (
            TD1,
            &[14, 36, 44],
            59,
            &[(5, 30), (30, 37), (38, 45), (48, 59)],
        ),
        (
            LONG,
            &[18, 36, 44],
            59,
            &[(5, 30), (30, 37), (38, 45), (48, 59)],
        ),
    ] {
        assert!(Mrz::parse(zone.as_bytes()).is_ok());
        let other = |zone: &mut [u8], at: usize| zone[at] = b'0' + (zone[at] - b'0' + 1) % 10;
        for at in digits {
            let mut wrong = zone.as_bytes().to_vec();
            other(&mut wrong, *at);
            let parts: Vec<&[u8]> = covered
                .iter()
                .map(|(from, to)| &wrong[*from..*to])
                .collect();
            wrong[composite] = fields::compute_check_digit(&parts.concat());
            assert!(Mrz::parse(&wrong).is_err(), "{zone} at {at}");
        }
        let mut wrong = zone.as_bytes().to_vec();
        other(&mut wrong, composite);
        let refused = Mrz::parse(&wrong).err();
        assert_eq!(
            refused,
            Some(CardError::Malformed("MRZ composite check digit"))
        );
        let small = zone.replace("ANNA", "anna").replace("PETER", "peter");
        assert_eq!(
            Mrz::parse(small.as_bytes()).err(),
            Some(CardError::Malformed("MRZ character"))
        );
    }
}

#[test]
fn nothing_personal_is_printed() {
    assert_eq!(
        format!("{:?}", Mrz::parse(TD3.as_bytes()).unwrap()),
        "Mrz(Td3, ..)"
    );
}

proptest! {
    #[test]
    fn arbitrary_characters_never_panic(text in prop::collection::vec(any::<u8>(), 0..120)) {
        prop_assert!(Mrz::parse(&text).is_err());
    }

    #[test]
    fn plausible_characters_never_panic(text in "[A-Z0-9<]{88}|[A-Z0-9<]{90}|[A-Z0-9<]{72}") {
        if let Ok(mrz) = Mrz::parse(text.as_bytes()) {
            prop_assert!(!mrz.document_number.is_empty());
        }
    }

    #[test]
    fn mutations_never_panic(which in 0_usize..3, index in 0_usize..72, byte in any::<u8>()) {
        let mut text = [TD1, TD2, TD3][which].as_bytes().to_vec();
        text[index] = byte;
        if let Ok(mrz) = Mrz::parse(&text) {
            prop_assert!(mrz.expiry_date(0).is_ok());
        }
        prop_assert!(Mrz::parse_dg1(&text).is_err());
    }
}

#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::hex::hex;
use crate::security_info::SecurityInfos;
use crate::testing::{Figures, Script};
use bp256::BrainpoolP256r1;
use proptest::prelude::*;

const CARD_ACCESS: &str = "31143012060A04007F0007020204020202010202010D";
const SECRET_MAPPING: &str = "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99";
const SECRET_AGREEMENT: &str = "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595";
const EXCHANGE: [(&str, &str); 5] = [
    ("0022C1A40F800A04007F00070202040202830101", "9000"),
    (
        "10860000027C0000",
        "7C12801095A3A016522EE98D01E76CB6B98B42C39000",
    ),
    (
        "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
        "7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C549000",
    ),
    (
        "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
        "7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F0949000",
    ),
    (
        "008600000C7C0A8508C2B0BD78D94BA86600",
        "7C0A86083ABB9674BCE93C089000",
    ),
];

fn mrz() -> MrzKey {
    MrzKey::new("T22000129", "640812", "101031").unwrap()
}

/// Doc 9303-11 appendix G.1, the whole exchange octet for octet: password key, nonce, mapping,
/// agreement, both tokens. The commands are compared by the scripted card.
#[test]
fn worked_example_of_appendix_g1() {
    let card_access = hex(CARD_ACCESS);
    let info = SecurityInfos::parse(&card_access).unwrap().pace().unwrap();
    let mut rng = Figures::new(&format!("{SECRET_MAPPING}{SECRET_AGREEMENT}"));
    let mut exchange = EXCHANGE.to_vec();
    // The session keys, shown by the first protected command (figures of an independent implementation).
    exchange.push((
        "0CA4040C1D871101752F676B09FAC86A87D632749A49C7CC8E08C18BA1FCE707BD9F00",
        "990290008E08BEA7B381C494A0799000",
    ));
    let mut card = Script::new(&exchange);
    let mut channel = establish(&mut card, &info, &Password::Mrz(&mrz()), &mut rng).unwrap();
    let select = Command::new(0xA4, 0x04, 0x0C).data(hex("A0000002471001"));
    assert_eq!(channel.exchange(&mut card, &select).unwrap().status, 0x9000);
    assert!(card.finished());
}

/// The figures between the steps of appendix G.1.
#[test]
fn intermediate_figures_of_appendix_g1() {
    assert_eq!(
        Password::Mrz(&mrz()).key(Cipher::Aes128).octets(),
        hex("89DED1B26624EC1E634C1989302849DD")
    );
    let nonce = decrypt_nonce(
        &Password::Mrz(&mrz()).key(Cipher::Aes128),
        &hex("95A3A016522EE98D01E76CB6B98B42C3"),
    )
    .unwrap();
    assert_eq!(nonce[..], hex("3F00C4D39D153F2B2A214A078D899B22"));
    let secret = number::<BrainpoolP256r1>(&hex(SECRET_MAPPING));
    let chip = decode::<BrainpoolP256r1>(&hex("04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54")).unwrap();
    let agreed = chip * secret;
    assert_eq!(
        encode::<BrainpoolP256r1>(&agreed).unwrap(),
        hex(
            "0460332EF2450B5D247EF6D3868397D398852ED6E8CAF6FFEEF6BF85CA57057FD50840CA7415BAF3E43BD414D35AA4608B93A2CAF3A4E3EA4E82C9C13D03EB7181"
        )
    );
    let mapped = map_generator::<BrainpoolP256r1>(&nonce, &agreed).unwrap();
    assert_eq!(
        encode::<BrainpoolP256r1>(&mapped).unwrap(),
        hex(
            "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E28C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
        )
    );
}

/// The password key of the card access number of the TR-03110 examples.
#[test]
fn password_key_of_a_card_access_number() {
    assert_eq!(
        Password::Can("123456").key(Cipher::Aes128).octets(),
        hex("591468CDA83D65219CCCB8560233600F")
    );
}

fn run(answers: &[&str]) -> CardError {
    let card_access = hex(CARD_ACCESS);
    let info = SecurityInfos::parse(&card_access).unwrap().pace().unwrap();
    let mut rng = Figures::new(&format!("{SECRET_MAPPING}{SECRET_AGREEMENT}"));
    let mut card = Script::answering(answers);
    establish(&mut card, &info, &Password::Mrz(&mrz()), &mut rng)
        .err()
        .unwrap()
}

#[test]
fn refusals() {
    let good: Vec<&str> = EXCHANGE.iter().map(|(_, answer)| *answer).collect();
    let with = |step: usize, answer: &'static str| {
        let mut answers = good.clone();
        answers[step] = answer;
        run(&answers).code()
    };
    assert_eq!(with(0, "6A88"), "card_protocol");
    assert_eq!(with(1, "6983"), "card_access_denied");
    assert_eq!(with(4, "6300"), "card_access_denied");
    assert_eq!(
        with(4, "7C0A86083ABB9674BCE93C099000"),
        "card_access_denied"
    );
    // A point off the curve, the point at infinity, and our own key sent back.
    assert_eq!(
        with(
            2,
            "7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C559000"
        ),
        "card_protocol"
    );
    assert_eq!(with(2, "7C038201009000"), "card_protocol");
    assert_eq!(
        with(
            3,
            "7C438441042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB364629000"
        ),
        "card_protocol"
    );
    assert_eq!(run(&good[..3]).code(), "card_removed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn arbitrary_answers_never_panic(answers in prop::collection::vec("([0-9A-F]{2}){0,90}", 5), step in 0_usize..5) {
        let mut all: Vec<&str> = EXCHANGE.iter().map(|(_, answer)| *answer).collect();
        all[step] = &answers[step];
        run(&all);
    }
}

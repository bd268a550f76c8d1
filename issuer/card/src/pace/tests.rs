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

/// Doc 9303-11 appendix H.1, integrated mapping, the whole exchange octet for octet.
#[test]
fn worked_example_of_appendix_h1() {
    let card_access = hex("31143012060A04007F0007020204040202010202010D");
    let info = SecurityInfos::parse(&card_access).unwrap().pace().unwrap();
    let mut rng = Figures::new(
        "5DD4CBFC96F5453B130D890A1CDBAE32A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
    );
    let exchange = [
        ("0022C1A40F800A04007F00070202040402830102", "9000"),
        (
            "10860000027C0000",
            "7C128010143DC40C08C8E891FBED7DEDB92B64AD9000",
        ),
        (
            "10860000147C1281105DD4CBFC96F5453B130D890A1CDBAE3200",
            "9000",
        ),
        (
            "10860000457C4383410489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D46755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C3700",
            "7C4384410467F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D227539000",
        ),
        (
            "008600000C7C0A8508450F02B86F6A090900",
            "7C0A860875D4D96E8D5B03089000",
        ),
    ];
    let mut card = Script::new(&exchange);
    establish(&mut card, &info, &Password::Can("123456"), &mut rng).unwrap();
    assert!(card.finished());
    // Something where nothing belongs.
    let answers = exchange.map(|(_, answer)| answer);
    for (answer, code) in [
        ("7C0382010090009000", "card_protocol"),
        ("6A80", "card_protocol"),
    ] {
        let mut answers = answers;
        answers[2] = answer;
        let mut card = Script::answering(&answers);
        let mut rng = Figures::new(
            "5DD4CBFC96F5453B130D890A1CDBAE32A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
        );
        let refused = establish(&mut card, &info, &Password::Can("123456"), &mut rng);
        assert_eq!(refused.err().unwrap().code(), code);
    }
}

/// Doc 9303-11 appendix I.1, chip authentication mapping, the whole exchange octet for octet.
#[test]
fn worked_example_of_appendix_i1() {
    let card_access = hex("31143012060A04007F0007020204060202010202010D");
    let info = SecurityInfos::parse(&card_access).unwrap().pace().unwrap();
    let mrz = MrzKey::new("C11T002JM", "960812", "231031").unwrap();
    let secrets = "5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120";
    let exchange = [
        ("0022C1A40F800A04007F00070202040602830101", "9000"),
        (
            "10860000027C0000",
            "7C128010CB60E8E0D85B76A9BD304747C2AD42E29000",
        ),
        (
            "10860000457C438141047F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C100",
            "7C43824104A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B304F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E239000",
        ),
        (
            "10860000457C43834104446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F955483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC00",
            "7C4384410402AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA993333111C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E19000",
        ),
        (
            "008600000C7C0A8508E86BD06018A1CD3B00",
            "7C3C86088596CF055C67C1A38A301EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD10CBA372B42BE0B9B5F28AA8DE2F4F929000",
        ),
    ];
    let mut card = Script::new(&exchange);
    let mut rng = Figures::new(secrets);
    establish(&mut card, &info, &Password::Mrz(&mrz), &mut rng).unwrap();
    assert!(card.finished());
    // The chip's proof has to be there.
    let mut answers = exchange.map(|(_, answer)| answer);
    answers[4] = "7C0A86088596CF055C67C1A39000";
    let mut card = Script::answering(&answers);
    let mut rng = Figures::new(secrets);
    let refused = establish(&mut card, &info, &Password::Mrz(&mrz), &mut rng);
    assert_eq!(refused.err().unwrap().code(), "card_protocol");
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

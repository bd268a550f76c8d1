#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::curve::{decode, encode};
use crate::hex::hex;
use crate::modp::Modp;
use crate::pace::group::number;
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
    let mapped = Ecdh::<BrainpoolP256r1>::new().map(&nonce, &agreed).unwrap();
    assert_eq!(
        encode::<BrainpoolP256r1>(&mapped).unwrap(),
        hex(
            "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E28C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
        )
    );
}

/// Doc 9303-11 appendix G.2, generic mapping in the first MODP group, the whole exchange octet for octet.
#[test]
fn worked_example_of_appendix_g2() {
    let card_access = hex("31143012060A04007F00070202040102020102020100");
    let info = SecurityInfos::parse(&card_access).unwrap().pace().unwrap();
    assert_eq!(info.domain, Domain::Modp(Modp::Bits1024));
    let secrets =
        "5265030F751F4AD18B08AC565FC7AC952E41618D89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA";
    let mapping = (
        "23FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3EB71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A44D41DB914DE9613DC5E98C94160551C0DF86274B9359BC0490D01B03AD54022DCB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8BA166F4311975EC6C",
        "78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B26381E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F2449400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6",
    );
    let agreement = (
        "907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911551B9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A08FA8D61B76D3A154AD8A5A51786B0BC07147057871A922212C5F67F43173172236B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB5130551EDBC2EE5D4",
        "075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1",
    );
    let sent = |tag: &str, key: &str| format!("10860000867C8183{tag}8180{key}00");
    let answered = |tag: &str, key: &str| format!("7C8183{tag}8180{key}9000");
    let (first, second) = (sent("81", mapping.0), sent("83", agreement.0));
    let (third, fourth) = (answered("82", mapping.1), answered("84", agreement.1));
    let exchange = [
        ("0022C1A40F800A04007F00070202040102830101", "9000"),
        (
            "10860000027C0000",
            "7C128010854D8DF5827FA6852D1A4FA701CDDDCA9000",
        ),
        (first.as_str(), third.as_str()),
        (second.as_str(), fourth.as_str()),
        (
            "008600000C7C0A8508B46DD9BD4D98381F00",
            "7C0A8608917F37B5C0E6D8D19000",
        ),
    ];
    let mut card = Script::new(&exchange);
    let mut rng = Figures::new(secrets);
    establish(&mut card, &info, &Password::Mrz(&mrz()), &mut rng).unwrap();
    assert!(card.finished());
    // A number outside the subgroup as the chip's key: one that is no member, and p − 1.
    for (key, step) in [("02", 2), ("02", 3)] {
        let refused = format!(
            "7C8183{}8180{key:0>256}9000",
            if step == 2 { "82" } else { "84" }
        );
        let mut answers = exchange.map(|(_, answer)| answer);
        answers[step] = &refused;
        let mut card = Script::answering(&answers);
        let mut rng = Figures::new(secrets);
        let refused = establish(&mut card, &info, &Password::Mrz(&mrz()), &mut rng);
        assert_eq!(refused.err().unwrap().code(), "card_protocol");
    }
}

/// Doc 9303-11 appendix H.2, integrated mapping in the first MODP group: the mapped generator and both tokens. Its
/// terminal draws a secret longer than the order, which ours does not.
#[test]
fn figures_of_appendix_h2() {
    let group = Modp::Bits1024;
    let (s, t) = (
        hex("FA5B7E3E49753A0DB9178B7B9BD898C8"),
        hex("B3A6DB3C870C3E99245E0D1C06B747DE"),
    );
    let random = integrated::pseudo_random(Cipher::Aes128, &s, &t, group.bits());
    assert_eq!(
        random[..],
        hex(
            "EAB98D13E09052952AA729907C3C946184DEA0FE74AD2B3AF506F0A83018459C38099CD1F7FF4EA0A078DB1FAC1365505E3DC85500EF95E20B4EEF2E88489233BEE0546B472F994B618D168702406791DEEF3CB4810932EC278F3533FDB860EB4835C36FA4F1BF3FA0B828A718C96BDE88FBA38A3E6C35AAA10959251EB5FC710FC187258995944C0F926E249373F485"
        )
    );
    let mapped = group.map_integrated(Cipher::Aes128, &s, &t).unwrap();
    assert_eq!(
        group.octets(&mapped).unwrap(),
        hex(
            "1D7D767F11E333BCD6DBAEF40E799E7A926B96973550656FF3C830726D118D61C276CDCC61D475CF03A98E0C0E79CAEBA5BE25578BD4551D0B10903236F0B0F976852FA78EEA14EA0ACA87D1E91F688FE0DFF897BBE35A472621D343564B262F34223AE8FC59B664BFEDFA2BFE7516CA5510A6BBB633D517EC25D4E0BBAA16C2"
        )
    );
    let card_access = hex("31143012060A04007F00070202040302020102020100");
    let info = SecurityInfos::parse(&card_access).unwrap().pace().unwrap();
    assert_eq!(info.mapping, Mapping::Integrated);
    let key = Key::new(Cipher::Aes128, &hex("23F0FBD05FD6C7B8B88F4C8309669061"));
    for (public, token) in [
        (
            "928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854CFF111F71CB6DC1D0335807A11388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF8DDDC39ADC3AD2E3FF882B84D23E9768E95A80E4746FB07A9767679FE92133B4D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662A2F3",
            "55D61977CBF5307E",
        ),
        (
            "0F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0E4F8A951557E929AEB48E5C6DD47F2F5CD7C351A9BD2CD722C07EDE166770F08FFCB370262CF308DD7B07F2E0DA9CAAA1492344C852906919538C98A4BA4187E76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC5094D22F7FE1351D5",
            "C2F04230187E1525",
        ),
    ] {
        let object = group.data_object(&hex(public)).unwrap();
        let made = authentication_token(&key, &info, &object).unwrap();
        assert_eq!(made, hex(token));
    }
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
    outcome(answers).unwrap()
}

/// Why the chip that answers so is not opened; `None` when it is.
fn outcome(answers: &[&str]) -> Option<CardError> {
    let card_access = hex(CARD_ACCESS);
    let info = SecurityInfos::parse(&card_access).unwrap().pace().unwrap();
    let mut rng = Figures::new(&format!("{SECRET_MAPPING}{SECRET_AGREEMENT}"));
    let mut card = Script::answering(answers);
    establish(&mut card, &info, &Password::Mrz(&mrz()), &mut rng).err()
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
    // A nonce of a block and a half.
    let nonce = format!("7C1A8018{}9000", "5A".repeat(24));
    let mut answers = good.clone();
    answers[1] = &nonce;
    assert_eq!(run(&answers).code(), "card_protocol");
    // Something behind the nonce, and the right point without its second coordinate: nothing else is wrong.
    assert_eq!(
        with(1, "7C14801095A3A016522EE98D01E76CB6B98B42C387009000"),
        "card_protocol"
    );
    let point = &good[2][10..74];
    for form in ["02", "03"] {
        let compressed = format!("7C238221{form}{point}9000");
        let mut answers = good.clone();
        answers[2] = &compressed;
        assert_eq!(run(&answers).code(), "card_protocol");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn arbitrary_answers_never_panic(answers in prop::collection::vec("([0-9A-F]{2}){0,90}", 5), step in 0_usize..5) {
        let mut all: Vec<&str> = EXCHANGE.iter().map(|(_, answer)| *answer).collect();
        all[step] = &answers[step];
        // The first answer is a status word alone, which may warn of tries left.
        prop_assert!(outcome(&all).is_some() || step == 0);
    }
}

//! Reader against chip, end to end: what must be accepted, and every lie with a code of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use rand_core::OsRng;
use tessera_card::{
    AccessKey, CardError, ChipData, CscaAnchors, PortraitFormat, VerifiedChip, evidence, read_chip,
};
use tessera_cardsim::{Chip, Csca, Fault, Profile};

const NOW: i64 = 1_795_000_000;
const CHALLENGE: [u8; 8] = *b"nonce-08";

/// Longer than 15-bit offsets reach, so that the odd READ BINARY is used too.
fn portrait() -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xE0];
    jpeg.extend((0..40_000_u32).map(|index| index.to_le_bytes()[0]));
    jpeg.extend([0xFF, 0xD9]);
    jpeg
}

fn profile() -> Profile {
    Profile::specimen(&portrait(), NOW)
}

fn can() -> AccessKey {
    AccessKey::Can("123456".to_owned())
}

fn mrz() -> AccessKey {
    AccessKey::Mrz {
        document_number: "SPEC00001".to_owned(),
        birth: "900115".to_owned(),
        expiry: profile().holder.expiry,
    }
}

struct Office {
    csca: Csca,
    anchors: CscaAnchors,
}

impl Office {
    fn open() -> Self {
        let csca = Csca::throwaway(&mut OsRng, NOW).unwrap();
        let mut anchors = CscaAnchors::new();
        // An older authority of the same name stays in the store beside the one in use.
        anchors
            .add(
                Csca::throwaway(&mut OsRng, NOW).unwrap().certificate(),
                "UTO",
            )
            .unwrap();
        anchors.add(csca.certificate(), "UTO").unwrap();
        Self { csca, anchors }
    }

    fn read(&self, profile: &Profile, key: &AccessKey) -> Result<ChipData, CardError> {
        let mut chip = Chip::personalise(profile, &self.csca, &mut OsRng).unwrap();
        read_chip(&mut chip, key, &CHALLENGE, &mut OsRng)
    }

    fn verify(&self, data: &ChipData) -> Result<VerifiedChip, CardError> {
        evidence::verify(data, &self.anchors, &CHALLENGE, NOW)
    }
}

#[test]
fn pace_with_can_pace_with_mrz_and_bac() {
    let office = Office::open();
    let mut old = profile();
    old.pace = false;
    old.holder.document_type = "P".to_owned();
    for (profile, key) in [(profile(), can()), (profile(), mrz()), (old, mrz())] {
        let data = office.read(&profile, &key).unwrap();
        let verified = office.verify(&data).unwrap();
        let zone = verified.mrz();
        assert_eq!(zone.surname, "SPECIMEN");
        assert_eq!(zone.given_names, "ERIKA");
        assert_eq!(zone.document_number, "SPEC00001");
        assert!(zone.birth_date.matches("1990-01-15"));
        assert_eq!(verified.portrait().format(), PortraitFormat::Jpeg);
        assert_eq!(verified.portrait().bytes(), portrait());
    }
}

#[test]
fn wrong_keys_are_refused_by_the_chip() {
    let office = Office::open();
    let mut old = profile();
    old.pace = false;
    let wrong_can = AccessKey::Can("123457".to_owned());
    let wrong_mrz = AccessKey::Mrz {
        document_number: "SPEC00002".to_owned(),
        birth: "900115".to_owned(),
        expiry: profile().holder.expiry,
    };
    let short = AccessKey::Can("12345".to_owned());
    for (profile, key, code) in [
        (profile(), &wrong_can, "card_access_denied"),
        (profile(), &wrong_mrz, "card_access_denied"),
        (old.clone(), &wrong_mrz, "card_access_denied"),
        (old, &can(), "card_mrz_needed"),
        (profile(), &short, "card_access_key_invalid"),
    ] {
        assert_eq!(office.read(&profile, key).unwrap_err().code(), code);
    }
}

#[test]
fn every_lie_has_its_code() {
    let office = Office::open();
    for (fault, code) in [
        (Fault::Cloned, "active_auth_failed"),
        (Fault::NoActiveAuth, "active_auth_missing"),
        (Fault::EditedDg1, "dg_hash_mismatch"),
        (Fault::WrongDg2, "dg_hash_mismatch"),
        (Fault::OtherCsca, "csca_unknown"),
        (Fault::ExpiredSigner, "document_signer_not_valid"),
        (Fault::ExpiredDocument, "document_expired"),
    ] {
        let data = office.read(&profile().with(fault), &can()).unwrap();
        assert_eq!(office.verify(&data).unwrap_err().code(), code, "{fault:?}");
    }
}

/// Doc 9303-12 §7.1 and RFC 5652 §11: everything here is signed by trusted keys, and still not so.
#[test]
fn what_a_trusted_key_signed_wrongly_is_refused() {
    let office = Office::open();
    let not_authentic = CardError::ChipNotAuthentic;
    for (fault, refusal) in [
        (
            Fault::SignerIsAuthority,
            not_authentic("an authority signed the document"),
        ),
        (
            Fault::SignerSignsCertificates,
            not_authentic("key usage of the document signer"),
        ),
        (
            Fault::SignerWithoutUsage,
            not_authentic("key usage of the document signer"),
        ),
        (
            Fault::UnknownExtension,
            CardError::Unsupported {
                what: "critical extension",
                name: "1.3.6.1.4.1.32473.1".to_owned(),
            },
        ),
        (Fault::WrongContentType, not_authentic("content type")),
        (Fault::WrongMessageDigest, not_authentic("message digest")),
    ] {
        let data = office.read(&profile().with(fault), &can()).unwrap();
        assert_eq!(office.verify(&data).unwrap_err(), refusal, "{fault:?}");
    }
}

#[test]
fn an_authority_that_has_run_out_vouches_for_nobody() {
    let long_ago = NOW - 16 * 365 * 86_400;
    let mut office = Office::open();
    office.csca = Csca::throwaway(&mut OsRng, long_ago).unwrap();
    office
        .anchors
        .add(office.csca.certificate(), "UTO")
        .unwrap();
    let data = office.read(&profile(), &can()).unwrap();
    let error = office.verify(&data).unwrap_err();
    let whose = match &error {
        CardError::SignerNotValid { whose, .. } => *whose,
        other => other.code(),
    };
    assert_eq!(whose, "country signing authority");
}

#[test]
fn disturbed_transmissions_are_refused_by_the_reader() {
    let office = Office::open();
    let mut old = profile();
    old.pace = false;
    for fault in [Fault::FlippedMac, Fault::Truncated] {
        let error = office.read(&profile().with(fault), &can()).unwrap_err();
        assert_eq!(error.code(), "secure_messaging", "{fault:?} under PACE");
        let error = office.read(&old.clone().with(fault), &mrz()).unwrap_err();
        assert_eq!(error.code(), "secure_messaging", "{fault:?} under BAC");
    }
}

#[test]
fn genuine_data_against_the_wrong_question() {
    let office = Office::open();
    let mut data = office.read(&profile(), &can()).unwrap();
    let code = |result: Result<VerifiedChip, CardError>| result.unwrap_err().code();

    // Another challenge: a replay. Nobody's anchors: an unknown state. Other times.
    let anchors = &office.anchors;
    assert_eq!(
        code(evidence::verify(&data, anchors, b"nonce-09", NOW)),
        "active_auth_failed"
    );
    assert_eq!(
        code(evidence::verify(
            &data,
            &CscaAnchors::new(),
            &CHALLENGE,
            NOW
        )),
        "csca_unknown"
    );
    for years in [-3, 20] {
        let then = NOW + years * 365 * 86_400;
        let refusal = code(evidence::verify(&data, anchors, &CHALLENGE, then));
        assert_eq!(refusal, "document_signer_not_valid", "{years} years");
    }

    // A terminal that withholds or swaps what the chip gave.
    let signature = data.aa_signature.take();
    assert_eq!(code(office.verify(&data)), "active_auth_missing");
    data.aa_signature = signature;
    let dg15 = data.dg15.take();
    assert_eq!(code(office.verify(&data)), "active_auth_missing");
    data.dg15 = dg15;
    let dg14 = data.dg14.take();
    assert_eq!(code(office.verify(&data)), "data_group_missing");
    data.dg14 = dg14;
    let other = office.read(&profile(), &can()).unwrap();
    data.dg15.clone_from(&other.dg15);
    data.aa_signature.clone_from(&other.aa_signature);
    assert_eq!(code(office.verify(&data)), "dg_hash_mismatch");
}

#[test]
fn an_authority_vouches_for_its_own_state_only() {
    let office = Office::open();
    let data = office.read(&profile(), &can()).unwrap();
    let verify = |states: &[&str]| {
        let mut anchors = CscaAnchors::new();
        for state in states {
            anchors.add(office.csca.certificate(), state).unwrap();
        }
        evidence::verify(&data, &anchors, &CHALLENGE, NOW)
    };
    assert_eq!(verify(&["D"]).unwrap_err().code(), "csca_of_another_state");
    // A state that signs for another too is added under both.
    assert!(verify(&["D", "UTO"]).is_ok());
}

#[test]
fn a_hidden_offer_of_pace_is_noticed_after_bac() {
    let office = Office::open();
    let stripped = profile().with(Fault::HiddenPace);
    let error = office.read(&stripped, &mrz()).unwrap_err();
    assert_eq!(error, CardError::PaceHidden);
    // A card access number cannot open what seems to speak BAC only.
    let error = office.read(&stripped, &can()).unwrap_err();
    assert_eq!(error, CardError::MrzNeeded);
}

#[test]
fn an_ordinary_certificate_is_not_an_anchor() {
    let office = Office::open();
    let chip = Chip::personalise(&profile(), &office.csca, &mut OsRng).unwrap();
    let mut anchors = CscaAnchors::new();
    assert!(
        anchors
            .add(chip.card().signer_certificate(), "UTO")
            .is_err()
    );
    let mut broken = office.csca.certificate().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    assert!(anchors.add(&broken, "UTO").is_err());
    for state in ["", "uto", "UTOP", "U0", "D<<", "../"] {
        let refused = anchors.add(office.csca.certificate(), state);
        assert!(refused.is_err(), "{state:?}");
    }
    assert!(anchors.is_empty());
}

//! The files of the chip (Doc 9303-10 §4), and personalisation.

use std::collections::BTreeMap;

use rand_core::CryptoRngCore;

use crate::SimError;
use crate::authority::Csca;
use crate::mrz;
use crate::profile::{Card, ChipAuth, FaceRecord, Fault, Octets, Profile};
use crate::scheme::{KeyKind, Scheme, SignKey};
use crate::sod;
use crate::tlv::{constructed, tlv};

/// EF.CardAccess in the master file.
pub(crate) const CARD_ACCESS: u16 = 0x011C;
const COM: u16 = 0x011E;
const SOD: u16 = 0x011D;

/// EF.ATR/INFO in the master file.
pub(crate) const ATR_INFO: u16 = 0x2F01;
/// id-PACE-ECDH-GM; the cipher follows.
pub(crate) const PACE_GM: [u8; 9] = [4, 0, 0x7F, 0, 7, 2, 2, 4, 2];
/// id-CA-ECDH; the cipher follows.
pub(crate) const CHIP_AUTH: [u8; 9] = [4, 0, 0x7F, 0, 7, 2, 2, 3, 2];
/// id-PK-ECDH.
const CHIP_KEY: [u8; 9] = [4, 0, 0x7F, 0, 7, 2, 2, 1, 2];
/// 0.4.0.127.0.7.1.1.4.1, ecdsa-plain-signatures; the digest follows.
const PLAIN_ECDSA: [u8; 9] = [4, 0, 0x7F, 0, 7, 1, 1, 4, 1];
/// 2.23.136.1.1.5.
const ACTIVE_AUTH_OID: [u8; 6] = [0x67, 0x81, 0x08, 1, 1, 5];

/// Makes a card: files, digests, signature, keys; and then the lies.
pub(crate) fn personalise(
    profile: &Profile,
    csca: &Csca,
    rng: &mut dyn CryptoRngCore,
) -> Result<Card, SimError> {
    if profile.can.len() != 6 || !profile.can.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(SimError::Profile("card access number"));
    }
    let mut holder = profile.holder.clone();
    if profile.has(Fault::ExpiredDocument) {
        let year = tessera_card::Date::from_unix(profile.now).parts().0 - 1;
        holder.expiry = format!("{:02}0630", year.rem_euclid(100));
    }
    let active_auth = match profile.has(Fault::NoActiveAuth) {
        true => None,
        false => Some(SignKey::generate(profile.active_auth)?),
    };
    let chip_auth = match profile.chip_auth {
        Some(chip) => Some((chip, chip_key(chip)?)),
        None => None,
    };

    let zone = mrz::print(&holder)?;
    let dg1 = dg1(&zone);
    let dg2 = dg2(&profile.portrait, profile.face_record);
    let dg14 = dg14(profile, active_auth.is_some(), chip_auth.as_ref())?;
    let dg15 = match &active_auth {
        Some(key) => Some(tlv(0x6F, &key.spki()?)),
        None => None,
    };
    let mut groups: Vec<(u8, &[u8])> = vec![(1, &dg1), (2, &dg2), (14, &dg14)];
    groups.extend(dg15.as_deref().map(|dg15| (15, dg15)));
    let impostor = match profile.has(Fault::OtherCsca) {
        true => Some(csca.impostor(rng, profile.now)?),
        false => None,
    };
    let authority = impostor.as_ref().unwrap_or(csca);
    let signer = authority.document_signer(rng, profile)?;
    let sod = sod::sign(&groups, &signer, profile)?;

    let mut files = BTreeMap::new();
    let mut store = |id: u16, content: Vec<u8>| {
        files.insert(format!("{id:04X}"), Octets(content));
    };
    if profile.pace && !profile.has(Fault::HiddenPace) {
        store(CARD_ACCESS, tlv(0x31, &pace_info(profile)));
    }
    if profile.extended {
        // Card capabilities as an object beside it, as chips have it; 7F66 is what counts.
        let sizes = constructed(0x7F66, &[&tlv(2, &[0x04, 0x00]), &tlv(2, &[0x08, 0x00])]);
        store(ATR_INFO, [tlv(0x47, &[0, 0, 0xC0]), sizes].concat());
    }
    store(COM, com(dg15.is_some()));
    store(SOD, sod);
    store(
        0x0101,
        match profile.has(Fault::EditedDg1) {
            true => edited(&holder)?,
            false => dg1,
        },
    );
    store(
        0x0102,
        match profile.has(Fault::WrongDg2) {
            true => other_portrait(&profile.portrait, profile.face_record),
            false => dg2,
        },
    );
    store(0x010E, dg14);
    if let Some(dg15) = dg15 {
        store(0x010F, dg15);
    }
    let key = match profile.has(Fault::Cloned) {
        true => Some(SignKey::generate(profile.active_auth)?),
        false => active_auth,
    };
    let chip_auth_key = match (chip_auth, profile.has(Fault::ClonedChipAuth)) {
        (Some((chip, _)), true) => Some(chip_key(chip)?),
        (Some((_, key)), false) => Some(key),
        (None, _) => None,
    };
    let octets = |key: &SignKey| key.to_der().map(Octets);
    let mut seed = vec![0; 32];
    rng.fill_bytes(&mut seed);
    Ok(Card {
        can: profile.can.clone(),
        access_information: mrz::access_information(&holder),
        files,
        active_auth_key: key.as_ref().map(octets).transpose()?,
        active_auth_digest: Some(profile.active_auth.digest),
        chip_auth: profile.chip_auth,
        chip_auth_key: chip_auth_key.as_ref().map(octets).transpose()?,
        pace_over: Some(profile.pace_over),
        extended: profile.extended,
        faults: profile.faults.clone(),
        seed: Octets(seed),
        csca_certificate: Octets(authority.certificate().to_vec()),
        signer_certificate: Octets(signer.certificate),
    })
}

/// The chip's static key.
fn chip_key(chip: ChipAuth) -> Result<SignKey, SimError> {
    SignKey::generate(Scheme {
        key: KeyKind::EcExplicit(chip.curve),
        ..Scheme::default()
    })
}

fn dg1(zone: &str) -> Vec<u8> {
    tlv(0x61, &tlv(0x5F1F, zone.as_bytes()))
}

/// Another given name, with the check digits of a zone that was printed properly.
fn edited(holder: &crate::profile::Holder) -> Result<Vec<u8>, SimError> {
    let mut other = holder.clone();
    other.given_names = "MAX".to_owned();
    Ok(dg1(&mrz::print(&other)?))
}

/// The same picture with a comment segment after its first marker: it still opens as JPEG.
fn other_portrait(portrait: &[u8], shape: FaceRecord) -> Vec<u8> {
    let (marker, rest) = portrait.split_at(portrait.len().min(2));
    dg2(
        &[marker, &[0xFF, 0xFE, 0, 4, b'x', b'x'], rest].concat(),
        shape,
    )
}

/// EF.COM: LDS version 1.7, Unicode 4.0, and the tags that are there.
fn com(active_auth: bool) -> Vec<u8> {
    let tags: &[u8] = match active_auth {
        true => &[0x61, 0x75, 0x6E, 0x6F],
        false => &[0x61, 0x75, 0x6E],
    };
    constructed(
        0x60,
        &[
            &tlv(0x5F01, b"0107"),
            &tlv(0x5F36, b"040000"),
            &tlv(0x5C, tags),
        ],
    )
}

/// PACE with ECDH generic mapping over standardised parameters.
fn pace_info(profile: &Profile) -> Vec<u8> {
    let (curve, cipher) = profile.pace_over;
    let oid = [&PACE_GM[..], &[cipher.number()]].concat();
    constructed(
        0x30,
        &[
            &tlv(6, &oid),
            &tlv(2, &[2]),
            &tlv(2, &[curve.parameter_id()]),
        ],
    )
}

fn dg14(
    profile: &Profile,
    active_auth: bool,
    chip_auth: Option<&(ChipAuth, SignKey)>,
) -> Result<Vec<u8>, SimError> {
    let mut infos = Vec::new();
    let plain = matches!(
        profile.active_auth.key,
        KeyKind::Ec(_) | KeyKind::EcExplicit(_)
    );
    if active_auth && plain {
        let algorithm = [
            &PLAIN_ECDSA[..],
            &[profile.active_auth.digest.plain_number()],
        ]
        .concat();
        infos.extend(constructed(
            0x30,
            &[
                &tlv(6, &ACTIVE_AUTH_OID),
                &tlv(2, &[1]),
                &tlv(6, &algorithm),
            ],
        ));
    }
    if let Some((chip, key)) = chip_auth {
        let id = chip.key_id.map(|id| tlv(2, &[id])).unwrap_or_default();
        let protocol = [&CHIP_AUTH[..], &[chip.cipher.number()]].concat();
        infos.extend(constructed(0x30, &[&tlv(6, &protocol), &tlv(2, &[1]), &id]));
        infos.extend(constructed(0x30, &[&tlv(6, &CHIP_KEY), &key.spki()?, &id]));
    }
    if profile.pace {
        infos.extend(pace_info(profile));
    }
    Ok(tlv(0x6E, &tlv(0x31, &infos)))
}

/// CBEFF around ISO/IEC 19794-5 facial records around pictures.
fn dg2(portrait: &[u8], shape: FaceRecord) -> Vec<u8> {
    let other = [0xFF, 0xD8, 0xFF, 0xD9];
    let points = match shape {
        FaceRecord::FeaturePoints(points) => points,
        _ => 0,
    };
    let pictures: &[&[u8]] = match shape {
        FaceRecord::TwoPictures => &[portrait, &other],
        _ => &[portrait],
    };
    let first = template(&face_record(pictures, points));
    if shape == FaceRecord::TwoTemplates {
        let second = template(&face_record(&[&other], 0));
        return tlv(
            0x75,
            &constructed(0x7F61, &[&tlv(2, &[2]), &first, &second]),
        );
    }
    tlv(0x75, &constructed(0x7F61, &[&tlv(2, &[1]), &first]))
}

fn face_record(pictures: &[&[u8]], points: u16) -> Vec<u8> {
    let mut blocks = Vec::new();
    for picture in pictures {
        let jpeg2000 = !picture.starts_with(&[0xFF, 0xD8]);
        // Facial information (20), feature points (8 each), image information (12), picture.
        let block = 20 + 8 * usize::from(points) + 12 + picture.len();
        blocks.extend((block as u32).to_be_bytes());
        blocks.extend(points.to_be_bytes());
        blocks.extend([0; 14]);
        for point in 0..points {
            blocks.extend([1, 0x21, 0, point as u8, 0, point as u8, 0, 0]);
        }
        // Full frontal; data type; width, height unspecified; 24-bit colour; photo camera; no quality.
        blocks.extend([1, u8::from(jpeg2000), 0, 0, 0, 0, 1, 2, 0, 0, 0, 0]);
        blocks.extend_from_slice(picture);
    }
    let mut record = b"FAC\x00010\x00".to_vec();
    record.extend(((14 + blocks.len()) as u32).to_be_bytes());
    record.extend((pictures.len() as u16).to_be_bytes());
    record.extend(blocks);
    record
}

fn template(record: &[u8]) -> Vec<u8> {
    // CBEFF patron header: version 1.1, facial features, format owner JTC1/SC37, type face.
    let header = constructed(
        0xA1,
        &[
            &tlv(0x80, &[1, 1]),
            &tlv(0x81, &[2]),
            &tlv(0x87, &[1, 1]),
            &tlv(0x88, &[0, 8]),
        ],
    );
    constructed(0x7F60, &[&header, &tlv(0x5F2E, record)])
}

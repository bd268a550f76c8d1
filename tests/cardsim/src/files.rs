//! The files of the chip (Doc 9303-10 §4), and personalisation.

use std::collections::BTreeMap;

use rand_core::CryptoRngCore;

use crate::SimError;
use crate::authority::Csca;
use crate::groups::{Modp, Numbers};
use crate::keys::Cipher;
use crate::mrz;
use crate::profile::{Card, ChipAuth, FaceRecord, Fault, Mapping, Octets, Profile, Quirk};
use crate::scheme::{KeyKind, Scheme, SignKey};
use crate::sod;
use crate::tlv::{constructed, tlv};

/// EF.CardAccess in the master file.
pub(crate) const CARD_ACCESS: u16 = 0x011C;
const COM: u16 = 0x011E;
const SOD: u16 = 0x011D;

/// EF.ATR/INFO in the master file.
pub(crate) const ATR_INFO: u16 = 0x2F01;
/// bsi-de protocols smartcard: 4 is PACE, 3 chip authentication, 1 its keys.
const PROTOCOLS: [u8; 7] = [4, 0, 0x7F, 0, 7, 2, 2];
/// 0.4.0.127.0.7.1.1.4.1, ecdsa-plain-signatures; the digest follows.
const PLAIN_ECDSA: [u8; 9] = [4, 0, 0x7F, 0, 7, 1, 1, 4, 1];
/// 2.23.136.1.1.5.
const ACTIVE_AUTH_OID: [u8; 6] = [0x67, 0x81, 0x08, 1, 1, 5];

/// The object identifier of PACE with this mapping and cipher.
pub(crate) fn pace_protocol(mapping: Mapping, modp: Option<Modp>, cipher: Cipher) -> Vec<u8> {
    let number = match (mapping, modp) {
        (Mapping::Generic, Some(_)) => 1,
        (Mapping::Generic, None) => 2,
        (Mapping::Integrated, Some(_)) => 3,
        (Mapping::Integrated, None) => 4,
        (Mapping::ChipAuthentication, _) => 6,
    };
    [&PROTOCOLS[..], &[4, number, cipher.number()]].concat()
}

/// 1 for DH, 2 for ECDH.
fn family(modp: Option<Modp>) -> u8 {
    if modp.is_some() { 1 } else { 2 }
}

/// The object identifier of chip authentication with this cipher.
pub(crate) fn chip_auth_protocol(modp: Option<Modp>, cipher: Cipher) -> Vec<u8> {
    [&PROTOCOLS[..], &[3, family(modp), cipher.number()]].concat()
}

/// The static key of a chip: as the chip keeps it, and as DG14 shows it.
struct ChipKey {
    private: Vec<u8>,
    spki: Vec<u8>,
}

impl ChipKey {
    fn generate(
        profile: &Profile,
        chip: ChipAuth,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Self, SimError> {
        if let Some(modp) = profile.chip_auth_modp {
            let numbers = Numbers::new(modp)?;
            let mut octets = [0; 64];
            rng.fill_bytes(&mut octets);
            let secret = numbers.secret(&octets)?;
            return Ok(Self {
                private: secret.to_vec(),
                spki: numbers.spki(&secret)?,
            });
        }
        let key = SignKey::generate(Scheme {
            key: KeyKind::EcExplicit(chip.curve),
            ..Scheme::default()
        })?;
        Ok(Self {
            private: key.to_der()?,
            spki: key.spki()?,
        })
    }
}

/// A data object with its length in four octets more than needed, where the profile says so.
fn object(tag: u32, value: &[u8], profile: &Profile) -> Vec<u8> {
    if !profile.does(Quirk::LongLengths) {
        return tlv(tag, value);
    }
    let mut out = tlv(tag, &[]);
    out.pop();
    out.push(0x84);
    out.extend((value.len() as u32).to_be_bytes());
    out.extend_from_slice(value);
    out
}

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
        Some(chip) => Some((chip, ChipKey::generate(profile, chip, rng)?)),
        None => None,
    };

    let zone = mrz::print(&holder)?;
    let dg1 = dg1(&zone, profile);
    let dg2 = dg2(&profile.portrait, profile);
    let dg14 = dg14(profile, active_auth.is_some(), chip_auth.as_ref())?;
    let dg15 = match &active_auth {
        Some(key) => Some(object(0x6F, &key.spki()?, profile)),
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
            true => edited(&holder, profile)?,
            false => dg1,
        },
    );
    store(
        0x0102,
        match profile.has(Fault::WrongDg2) {
            true => other_portrait(&profile.portrait, profile),
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
        (Some((chip, _)), true) => Some(ChipKey::generate(profile, chip, rng)?.private),
        (Some((_, key)), false) => Some(key.private),
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
        chip_auth_key: chip_auth_key.map(Octets),
        pace_over: Some(profile.pace_over),
        mapping: profile.mapping,
        pace_modp: profile.pace_modp,
        chip_auth_modp: profile.chip_auth_modp,
        extended: profile.extended,
        faults: profile.faults.clone(),
        seed: Octets(seed),
        csca_certificate: Octets(authority.certificate().to_vec()),
        signer_certificate: Octets(signer.certificate),
    })
}

fn dg1(zone: &str, profile: &Profile) -> Vec<u8> {
    object(0x61, &object(0x5F1F, zone.as_bytes(), profile), profile)
}

/// Another given name, with the check digits of a zone that was printed properly.
fn edited(holder: &crate::profile::Holder, profile: &Profile) -> Result<Vec<u8>, SimError> {
    let mut other = holder.clone();
    other.given_names = "MAX".to_owned();
    Ok(dg1(&mrz::print(&other)?, profile))
}

/// The same picture with a comment segment after its first marker: it still opens as JPEG.
fn other_portrait(portrait: &[u8], profile: &Profile) -> Vec<u8> {
    let (marker, rest) = portrait.split_at(portrait.len().min(2));
    dg2(
        &[marker, &[0xFF, 0xFE, 0, 4, b'x', b'x'], rest].concat(),
        profile,
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

/// PACE over standardised parameters.
fn pace_info(profile: &Profile) -> Vec<u8> {
    let (curve, cipher) = profile.pace_over;
    let oid = pace_protocol(profile.mapping, profile.pace_modp, cipher);
    let parameters = match profile.pace_modp {
        Some(modp) => modp.parameter_id(),
        None => curve.parameter_id(),
    };
    let mut infos = Vec::new();
    if profile.does(Quirk::UnknownInfos) {
        // One under the enterprise number reserved for examples (RFC 5612), and PACE of a mapping to come.
        let unknown = tlv(6, &[0x2B, 6, 1, 4, 1, 0x81, 0xFD, 0x59, 1]);
        infos.extend(constructed(0x30, &[&unknown, &tlv(4, &[1])]));
        let later = tlv(6, &[&PROTOCOLS[..], &[4, 9, 9]].concat());
        infos.extend(constructed(0x30, &[&later, &tlv(2, &[3])]));
    }
    infos.extend(constructed(
        0x30,
        &[&tlv(6, &oid), &tlv(2, &[2]), &tlv(2, &[parameters])],
    ));
    infos
}

fn dg14(
    profile: &Profile,
    active_auth: bool,
    chip_auth: Option<&(ChipAuth, ChipKey)>,
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
        let modp = profile.chip_auth_modp;
        let id = chip.key_id.map(|id| tlv(2, &[id])).unwrap_or_default();
        let repeated = match profile.does(Quirk::UnnumberedChipAuth) {
            true => &[][..],
            false => &id,
        };
        let mut ciphers = vec![chip.cipher];
        if profile.does(Quirk::TwoChipAuths) {
            ciphers.insert(0, Cipher::Tdes);
        }
        if profile.does(Quirk::NoChipAuthInfo) {
            ciphers.clear();
        }
        for cipher in ciphers {
            let protocol = tlv(6, &chip_auth_protocol(modp, cipher));
            infos.extend(constructed(0x30, &[&protocol, &tlv(2, &[1]), repeated]));
        }
        let kind = tlv(6, &[&PROTOCOLS[..], &[1, family(modp)]].concat());
        infos.extend(constructed(0x30, &[&kind, &key.spki, &id]));
    }
    if profile.pace && !profile.has(Fault::UnsignedPace) {
        infos.extend(pace_info(profile));
    }
    Ok(object(0x6E, &tlv(0x31, &infos), profile))
}

/// CBEFF around ISO/IEC 19794-5 facial records around pictures.
fn dg2(portrait: &[u8], profile: &Profile) -> Vec<u8> {
    let shape = profile.face_record;
    let other = [0xFF, 0xD8, 0xFF, 0xD9];
    let points = match shape {
        FaceRecord::FeaturePoints(points) => points,
        _ => 0,
    };
    let pictures: &[&[u8]] = match shape {
        FaceRecord::TwoPictures => &[portrait, &other],
        _ => &[portrait],
    };
    let first = template(&face_record(pictures, points), profile);
    let group = match shape {
        FaceRecord::Extensible => {
            let block = tlv(0x7F2E, &tlv(0xA1, &extensible(portrait)));
            let content = [cbeff_header(), block].concat();
            [tlv(2, &[1]), tlv(0x7F60, &content)].concat()
        }
        FaceRecord::TwoTemplates => {
            let second = template(&face_record(&[&other], 0), profile);
            [tlv(2, &[2]), first, second].concat()
        }
        _ => [tlv(2, &[1]), first].concat(),
    };
    object(0x75, &object(0x7F61, &group, profile), profile)
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

/// FaceImageDataBlock of ISO/IEC 39794-5 with one picture: version of 2019, format, and no more than has to be there.
fn extensible(portrait: &[u8]) -> Vec<u8> {
    let version = constructed(0xA0, &[&tlv(0x80, &[3]), &tlv(0x81, &[0x07, 0xE3])]);
    let format = match portrait.starts_with(&[0xFF, 0xD8]) {
        true => 2,
        false => 3,
    };
    let information = tlv(0xA1, &tlv(0xA0, &tlv(0x80, &[format])));
    let picture = constructed(0xA0, &[&tlv(0x80, portrait), &information]);
    let image = tlv(0xA1, &tlv(0xA0, &picture));
    let representation = constructed(0x30, &[&tlv(0x80, &[0]), &image]);
    constructed(0x65, &[&version, &tlv(0xA1, &representation)])
}

/// CBEFF patron header: version 1.1, facial features, format owner JTC1/SC37, type face.
fn cbeff_header() -> Vec<u8> {
    constructed(
        0xA1,
        &[
            &tlv(0x80, &[1, 1]),
            &tlv(0x81, &[2]),
            &tlv(0x87, &[1, 1]),
            &tlv(0x88, &[0, 8]),
        ],
    )
}

fn template(record: &[u8], profile: &Profile) -> Vec<u8> {
    let content = [cbeff_header(), object(0x5F2E, record, profile)].concat();
    object(0x7F60, &content, profile)
}

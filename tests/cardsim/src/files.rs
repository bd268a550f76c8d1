//! The files of the chip (Doc 9303-10 §4), and personalisation.

use std::collections::BTreeMap;

use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePrivateKey;
use rand_core::CryptoRngCore;

use crate::SimError;
use crate::authority::{Csca, new_key, spki};
use crate::mrz;
use crate::profile::{Card, Fault, Octets, Profile};
use crate::sod;
use crate::tlv::{constructed, tlv};

/// EF.CardAccess in the master file.
pub(crate) const CARD_ACCESS: u16 = 0x011C;
const COM: u16 = 0x011E;
const SOD: u16 = 0x011D;

/// id-PACE-ECDH-GM-AES-CBC-CMAC-128.
pub(crate) const PACE_OID: [u8; 10] = [4, 0, 0x7F, 0, 7, 2, 2, 4, 2, 2];
/// 0.4.0.127.0.7.1.1.4.1.3, ecdsa-plain-SHA256.
const PLAIN_ECDSA: [u8; 10] = [4, 0, 0x7F, 0, 7, 1, 1, 4, 1, 3];
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
    let active_auth = (!profile.has(Fault::NoActiveAuth)).then(|| new_key(rng));

    let zone = mrz::print(&holder)?;
    let dg1 = dg1(&zone);
    let dg2 = dg2(&profile.portrait);
    let dg14 = dg14(profile.pace, active_auth.is_some());
    let dg15 = match &active_auth {
        Some(key) => Some(tlv(0x6F, &spki(key)?)),
        None => None,
    };
    let mut groups: Vec<(u8, &[u8])> = vec![(1, &dg1), (2, &dg2), (14, &dg14)];
    groups.extend(dg15.as_deref().map(|dg15| (15, dg15)));
    let impostor = csca.impostor(rng, profile.now)?;
    let authority = if profile.has(Fault::OtherCsca) {
        &impostor
    } else {
        csca
    };
    let signer = authority.document_signer(rng, profile)?;
    let sod = sod::sign(&groups, &signer, &profile.faults)?;

    let mut files = BTreeMap::new();
    let mut store = |id: u16, content: Vec<u8>| {
        files.insert(format!("{id:04X}"), Octets(content));
    };
    if profile.pace && !profile.has(Fault::HiddenPace) {
        store(CARD_ACCESS, tlv(0x31, &pace_info()));
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
            true => other_portrait(&profile.portrait),
            false => dg2,
        },
    );
    store(0x010E, dg14);
    if let Some(dg15) = dg15 {
        store(0x010F, dg15);
    }
    let key = match profile.has(Fault::Cloned) {
        true => active_auth.map(|_| new_key(rng)),
        false => active_auth,
    };
    let mut seed = vec![0; 32];
    rng.fill_bytes(&mut seed);
    Ok(Card {
        can: profile.can.clone(),
        access_information: mrz::access_information(&holder),
        files,
        active_auth_key: key.map(|key| private_octets(&key)).transpose()?,
        faults: profile.faults.clone(),
        seed: Octets(seed),
        csca_certificate: Octets(authority.certificate().to_vec()),
        signer_certificate: Octets(signer.certificate),
    })
}

fn private_octets(key: &SigningKey) -> Result<Octets, SimError> {
    let der = key
        .to_pkcs8_der()
        .map_err(|error| SimError::Encoding(error.to_string()))?;
    Ok(Octets(der.as_bytes().to_vec()))
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
fn other_portrait(portrait: &[u8]) -> Vec<u8> {
    let (marker, rest) = portrait.split_at(portrait.len().min(2));
    dg2(&[marker, &[0xFF, 0xFE, 0, 4, b'x', b'x'], rest].concat())
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

/// PACE with ECDH generic mapping and AES-128 over P-256 (parameters 12).
fn pace_info() -> Vec<u8> {
    constructed(0x30, &[&tlv(6, &PACE_OID), &tlv(2, &[2]), &tlv(2, &[12])])
}

fn dg14(pace: bool, active_auth: bool) -> Vec<u8> {
    let mut infos = Vec::new();
    if active_auth {
        infos.extend(constructed(
            0x30,
            &[
                &tlv(6, &ACTIVE_AUTH_OID),
                &tlv(2, &[1]),
                &tlv(6, &PLAIN_ECDSA),
            ],
        ));
    }
    if pace {
        infos.extend(pace_info());
    }
    tlv(0x6E, &tlv(0x31, &infos))
}

/// CBEFF around one ISO/IEC 19794-5 facial record around one picture.
fn dg2(portrait: &[u8]) -> Vec<u8> {
    let jpeg2000 = !portrait.starts_with(&[0xFF, 0xD8]);
    // Facial information (20), no feature points, image information (12), picture.
    let block = 20 + 12 + portrait.len();
    let mut record = b"FAC\x00010\x00".to_vec();
    record.extend(((14 + block) as u32).to_be_bytes());
    record.extend([0, 1]);
    record.extend((block as u32).to_be_bytes());
    record.extend([0; 16]);
    // Full frontal; data type; width, height unspecified; 24-bit colour; photo camera; no quality.
    record.extend([1, u8::from(jpeg2000), 0, 0, 0, 0, 1, 2, 0, 0, 0, 0]);
    record.extend_from_slice(portrait);
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
    let template = constructed(0x7F60, &[&header, &tlv(0x5F2E, &record)]);
    tlv(0x75, &constructed(0x7F61, &[&tlv(2, &[1]), &template]))
}

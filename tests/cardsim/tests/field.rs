//! Documents as they exist in the field: every algorithm, curve, protocol and shape through reader and
//! evidence, and every lie about them with its code.

#![expect(clippy::unwrap_used, reason = "tests")]

use rand_core::OsRng;
use tessera_card::{
    Access, AccessKey, Advance, CardError, ChipAuthenticated, ChipAuthentication, ChipData,
    CscaAnchors, MasterList, OpenChip, Policy, Proof, RelayCommand, VerifiedChip, evidence,
};
use tessera_cardsim::{
    Chip, ChipAuth, Cipher, Csca, Curve, Digest, FaceRecord, Fault, KeyKind, Mapping, Modp,
    Profile, Quirk, Revoked, Scheme,
};

const NOW: i64 = 1_795_000_000;
const DAY: i64 = 86_400;
const CHALLENGE: [u8; 8] = *b"nonce-08";
const PORTRAIT: [u8; 6] = [0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xD9];

fn profile() -> Profile {
    Profile::specimen(&PORTRAIT, NOW)
}

fn can() -> AccessKey {
    AccessKey::Can("123456".to_owned())
}

fn scheme(key: KeyKind, digest: Digest) -> Scheme {
    Scheme { key, digest }
}

fn authority(scheme: Scheme) -> (Csca, CscaAnchors) {
    let csca = Csca::of_country("UT", scheme, &mut OsRng, NOW).unwrap();
    let mut anchors = CscaAnchors::new();
    anchors.add(csca.certificate(), "UTO").unwrap();
    (csca, anchors)
}

fn read(profile: &Profile, csca: &Csca) -> Result<ChipData, CardError> {
    let mut chip = Chip::personalise(profile, csca, &mut OsRng).unwrap();
    OpenChip::open(&mut chip, &can(), Access::PaceOnly, &mut OsRng)?.read(&CHALLENGE)
}

fn judge(
    data: &ChipData,
    anchors: &CscaAnchors,
    policy: &Policy,
) -> Result<VerifiedChip, CardError> {
    let proof = Proof::ActiveAuthentication(&CHALLENGE);
    evidence::verify_with(data, anchors, &proof, policy, NOW)
}

fn code<T>(result: Result<T, CardError>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

/// Passive authentication (Doc 9303-12 §4.4): authority, document signer and data groups with each
/// algorithm; a bit of the signature changed is refused each time.
#[test]
fn every_signature_algorithm_of_authorities_and_signers() {
    use Digest::{Sha224, Sha256, Sha384, Sha512};
    let mut schemes: Vec<Scheme> = Curve::ALL
        .into_iter()
        .flat_map(|curve| [KeyKind::Ec(curve), KeyKind::EcExplicit(curve)])
        .zip([Sha256, Sha384, Sha512, Sha224].into_iter().cycle())
        .map(|(key, digest)| scheme(key, digest))
        .collect();
    for digest in [Sha224, Sha256, Sha384, Sha512] {
        schemes.push(scheme(KeyKind::Rsa(2048), digest));
        schemes.push(scheme(KeyKind::RsaPss(2048, 32), digest));
    }
    schemes.push(scheme(KeyKind::RsaPss(3072, 20), Sha256));
    schemes.push(scheme(KeyKind::RsaPss(2048, 0), Sha512));
    // As much salt as the key has room for.
    schemes.push(scheme(KeyKind::RsaPss(2048, 222), Sha256));
    schemes.push(scheme(KeyKind::Rsa(4096), Sha256));
    for scheme in schemes {
        let (csca, anchors) = authority(scheme);
        let mut profile = profile();
        profile.signer = scheme;
        profile.lds_digest = scheme.digest;
        profile.signing_time = true;
        let mut data = read(&profile, &csca).unwrap();
        let verified = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(verified), "accepted", "{scheme:?}");
        // The last octet belongs to the signature of the object.
        *data.sod.last_mut().unwrap() ^= 1;
        let refused = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(refused), "chip_not_authentic", "{scheme:?}");
    }
}

/// RFC 4055 §3.3: a key for RSASSA-PSS with given parameters signs with no others; more salt is no other.
#[test]
fn a_key_for_one_way_of_signing_is_used_in_no_other() {
    let (csca, anchors) = authority(Scheme::default());
    for (salt, digest, expected) in [
        (32, Digest::Sha256, "accepted"),
        (48, Digest::Sha256, "accepted"),
        (20, Digest::Sha256, "chip_not_authentic"),
        (64, Digest::Sha512, "chip_not_authentic"),
    ] {
        let mut restricted = profile();
        restricted.signer = scheme(KeyKind::RsaPssOnly(2048, salt, 32), digest);
        let data = read(&restricted, &csca).unwrap();
        let judged = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(judged), expected, "{salt} {digest:?}");
    }
}

#[test]
fn sha_1_is_taken_by_policy_only() {
    let legacy = Policy {
        legacy_sha1: true,
        ..Policy::default()
    };
    for key in [
        KeyKind::Rsa(2048),
        KeyKind::RsaPss(2048, 20),
        KeyKind::Ec(Curve::P256),
    ] {
        let (csca, anchors) = authority(scheme(key, Digest::Sha256));
        let mut old = profile();
        old.signer = scheme(key, Digest::Sha1);
        let data = read(&old, &csca).unwrap();
        assert_eq!(
            code(judge(&data, &anchors, &Policy::default())),
            "legacy_algorithm"
        );
        assert_eq!(code(judge(&data, &anchors, &legacy)), "accepted", "{key:?}");
    }
    // The digests of the data groups alone, and the authority's signature alone.
    let (csca, anchors) = authority(Scheme::default());
    let mut old = profile();
    old.lds_digest = Digest::Sha1;
    let data = read(&old, &csca).unwrap();
    assert_eq!(
        code(judge(&data, &anchors, &Policy::default())),
        "legacy_algorithm"
    );
    assert_eq!(code(judge(&data, &anchors, &legacy)), "accepted");
    let (csca, anchors) = authority(scheme(KeyKind::Rsa(2048), Digest::Sha1));
    let data = read(&profile(), &csca).unwrap();
    assert_eq!(
        code(judge(&data, &anchors, &Policy::default())),
        "legacy_algorithm"
    );
    assert_eq!(code(judge(&data, &anchors, &legacy)), "accepted");
}

/// Doc 9303-11 §6.1: RSA by ISO/IEC 9796-2 and plain ECDSA, with every digest.
#[test]
fn every_active_authentication() {
    use Digest::{Sha1, Sha224, Sha256, Sha384, Sha512};
    let (csca, anchors) = authority(Scheme::default());
    let mut schemes: Vec<Scheme> = Curve::ALL
        .into_iter()
        .zip([Sha256, Sha384, Sha512, Sha224, Sha1].into_iter().cycle())
        .map(|(curve, digest)| scheme(KeyKind::EcExplicit(curve), digest))
        .collect();
    for (bits, digest) in [
        (1024, Sha1),
        (1024, Sha256),
        (2048, Sha224),
        (2048, Sha384),
        (3072, Sha512),
    ] {
        schemes.push(scheme(KeyKind::Rsa(bits), digest));
    }
    for scheme in schemes {
        let mut genuine = profile();
        genuine.active_auth = scheme;
        let mut data = read(&genuine, &csca).unwrap();
        let verified = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(verified), "accepted", "{scheme:?}");
        let proof = Proof::ActiveAuthentication(b"nonce-09");
        let replayed = evidence::verify_with(&data, &anchors, &proof, &Policy::default(), NOW);
        assert_eq!(code(replayed), "active_auth_failed", "{scheme:?}");
        let whole = data.aa_signature.clone().unwrap();
        if matches!(scheme.key, KeyKind::EcExplicit(_)) {
            // The same two numbers in more octets than the curve's.
            let (r, s) = whole.split_at(whole.len() / 2);
            data.aa_signature = Some([&[0], r, &[0], s].concat());
            let longer = judge(&data, &anchors, &Policy::default());
            assert_eq!(code(longer), "active_auth_failed", "{scheme:?}");
        }
        data.aa_signature = Some(whole);
        let signature = data.aa_signature.as_mut().unwrap();
        *signature.last_mut().unwrap() ^= 1;
        let altered = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(altered), "active_auth_failed", "{scheme:?}");
        let copied = read(&genuine.with(Fault::Cloned), &csca).unwrap();
        let copied = judge(&copied, &anchors, &Policy::default());
        assert_eq!(code(copied), "active_auth_failed", "{scheme:?}");
    }
}

/// Doc 9303-11 §4.4: generic mapping over every curve with every cipher, and DG14 that repeats it.
#[test]
fn pace_over_every_curve_with_every_cipher() {
    let (csca, anchors) = authority(Scheme::default());
    let ciphers = [Cipher::Aes128, Cipher::Aes192, Cipher::Aes256, Cipher::Tdes];
    for (index, curve) in Curve::ALL.into_iter().enumerate() {
        for cipher in [ciphers[index % 4], ciphers[(index + 1) % 4]] {
            let mut profile = profile();
            profile.pace_over = (curve, cipher);
            let data = read(&profile, &csca).unwrap();
            let verified = judge(&data, &anchors, &Policy::default());
            assert_eq!(code(verified), "accepted", "{curve:?} {cipher:?}");
            let mut chip = Chip::personalise(&profile, &csca, &mut OsRng).unwrap();
            let wrong = AccessKey::Can("123457".to_owned());
            let refused = OpenChip::open(&mut chip, &wrong, Access::PaceOnly, &mut OsRng);
            assert_eq!(code(refused), "card_access_denied", "{curve:?} {cipher:?}");
        }
    }
}

/// Doc 9303-11 §4.4.3.3: the other mappings, and DH in place of a curve.
#[test]
fn pace_with_every_mapping_and_in_every_modp_group() {
    let (csca, anchors) = authority(Scheme::default());
    let ciphers = [Cipher::Aes128, Cipher::Aes192, Cipher::Aes256, Cipher::Tdes];
    let mut profiles = Vec::new();
    for (index, curve) in Curve::ALL.into_iter().enumerate() {
        let cipher = ciphers[index % 4];
        if curve != Curve::P224 {
            let mut integrated = profile();
            integrated.mapping = Mapping::Integrated;
            integrated.pace_over = (curve, cipher);
            profiles.push(integrated);
        }
        let mut proving = profile();
        proving.mapping = Mapping::ChipAuthentication;
        proving.pace_over = (curve, ciphers[index % 3]);
        proving.chip_auth = Some(ChipAuth {
            curve,
            cipher: Cipher::Aes128,
            key_id: None,
        });
        profiles.push(proving);
    }
    for (index, modp) in Modp::ALL.into_iter().enumerate() {
        for mapping in [Mapping::Generic, Mapping::Integrated] {
            for cipher in [ciphers[index], ciphers[index + 1]] {
                let mut plain = profile();
                plain.mapping = mapping;
                plain.pace_modp = Some(modp);
                plain.pace_over.1 = cipher;
                profiles.push(plain);
            }
        }
    }
    for profile in profiles {
        let what = (profile.mapping, profile.pace_modp, profile.pace_over);
        let data = read(&profile, &csca)
            .map_err(|error| (what, error.code()))
            .unwrap();
        let verified = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(verified), "accepted", "{what:?}");
        let mut chip = Chip::personalise(&profile, &csca, &mut OsRng).unwrap();
        let wrong = AccessKey::Can("123457".to_owned());
        let refused = OpenChip::open(&mut chip, &wrong, Access::PaceOnly, &mut OsRng);
        assert_eq!(code(refused), "card_access_denied", "{what:?}");
    }
}

/// Doc 9303-11 §6.2 with DH: keys of 2048 bits take commands of extended length.
#[test]
fn chip_authentication_in_every_modp_group() {
    let (csca, anchors) = authority(Scheme::default());
    let ciphers = [Cipher::Tdes, Cipher::Aes128, Cipher::Aes256];
    for (modp, cipher) in Modp::ALL.into_iter().zip(ciphers) {
        let mut profile = chip_auth_profile(Curve::P256, cipher, None);
        profile.chip_auth_modp = Some(modp);
        profile.extended = true;
        let (data, done) = run_chip_authentication(&profile, &csca, |_, _| {}).unwrap();
        let proof = Proof::ChipAuthentication(&done);
        let verified = evidence::verify_with(&data, &anchors, &proof, &Policy::default(), NOW);
        assert_eq!(code(verified), "accepted", "{modp:?}");
        let copy = profile.with(Fault::ClonedChipAuth);
        let refused = run_chip_authentication(&copy, &csca, |_, _| {});
        assert_eq!(code(refused), "chip_auth_failed", "{modp:?}");
    }
}

/// What documents in the field do, each alone and all that go together.
#[test]
fn peculiarities_of_real_documents() {
    let (csca, anchors) = authority(Scheme::default());
    let alone = [
        Quirk::SignerByKey,
        Quirk::LongSerial,
        Quirk::NegativeSerial,
        Quirk::OtherCase,
        Quirk::Lds18,
        Quirk::LongLengths,
        Quirk::CriticalPolicies,
        Quirk::UnknownInfos,
    ];
    let mut cases: Vec<Vec<Quirk>> = alone.iter().map(|quirk| vec![*quirk]).collect();
    cases.push(
        alone
            .iter()
            .filter(|q| **q != Quirk::NegativeSerial)
            .copied()
            .collect(),
    );
    for quirks in cases {
        let mut odd = profile();
        odd.quirks.clone_from(&quirks);
        let data = read(&odd, &csca).unwrap();
        let verified = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(verified), "accepted", "{quirks:?}");
        // None of it lets an edited document through.
        let data = read(&odd.with(Fault::EditedDg1), &csca).unwrap();
        let refused = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(refused), "dg_hash_mismatch", "{quirks:?}");
    }
    for (quirk, cipher, key_id) in [
        (Quirk::TwoChipAuths, Cipher::Aes256, None),
        (Quirk::TwoChipAuths, Cipher::Aes128, Some(3)),
        (Quirk::UnnumberedChipAuth, Cipher::Aes128, Some(3)),
        (Quirk::NoChipAuthInfo, Cipher::Tdes, None),
    ] {
        let mut odd = chip_auth_profile(Curve::Brainpool256, cipher, key_id);
        odd.quirks.push(quirk);
        let (data, done) = run_chip_authentication(&odd, &csca, |_, _| {}).unwrap();
        let proof = Proof::ChipAuthentication(&done);
        let verified = evidence::verify_with(&data, &anchors, &proof, &Policy::default(), NOW);
        assert_eq!(code(verified), "accepted", "{quirk:?}");
    }
}

/// TD1, TD2 and TD3, opened by the MRZ and by the card access number.
#[test]
fn documents_of_every_size() {
    use tessera_card::MrzFormat;
    let (csca, anchors) = authority(Scheme::default());
    for (document_type, td2, format) in [
        ("ID", false, MrzFormat::Td1),
        ("I", true, MrzFormat::Td2),
        ("P", false, MrzFormat::Td3),
    ] {
        let mut sized = profile();
        sized.holder.document_type = document_type.to_owned();
        sized.holder.td2 = td2;
        let key = AccessKey::Mrz {
            document_number: sized.holder.document_number.clone(),
            birth: sized.holder.birth.clone(),
            expiry: sized.holder.expiry.clone(),
        };
        for key in [key, can()] {
            let mut chip = Chip::personalise(&sized, &csca, &mut OsRng).unwrap();
            let mut open = OpenChip::open(&mut chip, &key, Access::PaceOnly, &mut OsRng).unwrap();
            let data = open.read(&CHALLENGE).unwrap();
            let verified = judge(&data, &anchors, &Policy::default()).unwrap();
            assert_eq!(verified.mrz().format, format);
            assert_eq!(verified.mrz().document_type, document_type);
            assert_eq!(verified.mrz().surname, "SPECIMEN");
        }
        let data = read(&sized.with(Fault::EditedDg1), &csca).unwrap();
        let refused = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(refused), "dg_hash_mismatch");
    }
}

/// A holder whose day of birth nobody knows, and a name that fills the zone: opened by what is printed, and verified.
#[test]
fn documents_of_holders_of_whom_less_is_known() {
    let (csca, anchors) = authority(Scheme::default());
    for (birth, given) in [
        ("9001<<", "ERIKA"),
        ("<<<<<<", ""),
        ("900115", "ERIKA MARIA JOSEPHA"),
    ] {
        let mut rare = profile();
        rare.holder.birth = birth.to_owned();
        rare.holder.given_names = given.to_owned();
        rare.holder.sex = "<".to_owned();
        let key = AccessKey::Mrz {
            document_number: rare.holder.document_number.clone(),
            birth: birth.to_owned(),
            expiry: rare.holder.expiry.clone(),
        };
        for access in [Access::PaceOnly, Access::PaceOrBac] {
            rare.pace = matches!(access, Access::PaceOnly);
            let mut chip = Chip::personalise(&rare, &csca, &mut OsRng).unwrap();
            let mut open = OpenChip::open(&mut chip, &key, access, &mut OsRng).unwrap();
            let data = open.read(&CHALLENGE).unwrap();
            let verified = judge(&data, &anchors, &Policy::default()).unwrap();
            assert_eq!(verified.mrz().birth_date.yymmdd(), birth);
            assert_eq!(
                verified.mrz().birth_date.matches("1990-01-15"),
                birth == "900115"
            );
        }
    }
}

/// Doc 9303-11 §4.4.1: EF.CardAccess is unsigned, so what it offers has to stand in DG14 as well.
#[test]
fn an_offer_of_pace_that_nobody_signed() {
    let (csca, _) = authority(Scheme::default());
    let refused = read(&profile().with(Fault::UnsignedPace), &csca);
    assert_eq!(code(refused), "card_protocol");
}

#[test]
fn bac_by_policy_only() {
    let (csca, _) = authority(Scheme::default());
    let mut old = profile();
    old.pace = false;
    let mut chip = Chip::personalise(&old, &csca, &mut OsRng).unwrap();
    let key = AccessKey::Mrz {
        document_number: old.holder.document_number.clone(),
        birth: old.holder.birth.clone(),
        expiry: old.holder.expiry.clone(),
    };
    let refused = OpenChip::open(&mut chip, &key, Access::PaceOnly, &mut OsRng);
    assert_eq!(code(refused), "card_pace_missing");
    chip.reset();
    assert!(OpenChip::open(&mut chip, &key, Access::PaceOrBac, &mut OsRng).is_ok());
}

/// A chip without active authentication, read by a terminal and then proved by the issuer.
fn run_chip_authentication(
    profile: &Profile,
    csca: &Csca,
    meddle: impl Fn(usize, &mut Vec<u8>),
) -> Result<(ChipData, ChipAuthenticated), CardError> {
    let mut chip = Chip::personalise(profile, csca, &mut OsRng).unwrap();
    let mut open = OpenChip::open(&mut chip, &can(), Access::PaceOnly, &mut OsRng)?;
    let data = open.read(&CHALLENGE)?;
    let dg14 = data.dg14.as_deref().unwrap();
    let (mut run, mut command) = ChipAuthentication::start(dg14, &mut OsRng)?;
    for step in 0.. {
        // Over the wire and back.
        let received = RelayCommand::from_bytes(&command.to_bytes())?;
        let mut answer = open.relay(&received)?;
        meddle(step, &mut answer);
        match run.advance(&answer)? {
            Advance::Relay(next, following) => (run, command) = (*next, following),
            Advance::Done(done) => return Ok((data, done)),
        }
    }
    unreachable!("the run ends by itself")
}

fn chip_auth_profile(curve: Curve, cipher: Cipher, key_id: Option<u8>) -> Profile {
    let mut profile = profile().with(Fault::NoActiveAuth);
    profile.chip_auth = Some(ChipAuth {
        curve,
        cipher,
        key_id,
    });
    profile
}

/// Doc 9303-11 §6.2, the issuer holding the key of one use.
#[test]
fn chip_authentication_over_every_curve_with_every_cipher() {
    let (csca, anchors) = authority(Scheme::default());
    let ciphers = [Cipher::Aes128, Cipher::Aes192, Cipher::Aes256, Cipher::Tdes];
    for (index, curve) in Curve::ALL.into_iter().enumerate() {
        for cipher in [ciphers[index % 4], ciphers[(index + 1) % 4]] {
            let key_id = (index % 2 == 0).then_some(7);
            let profile = chip_auth_profile(curve, cipher, key_id);
            let (data, done) = run_chip_authentication(&profile, &csca, |_, _| {}).unwrap();
            let proof = Proof::ChipAuthentication(&done);
            let verified = evidence::verify_with(&data, &anchors, &proof, &Policy::default(), NOW);
            assert_eq!(code(verified), "accepted", "{curve:?} {cipher:?}");
            // The same chip has no active authentication to show.
            let nothing = judge(&data, &anchors, &Policy::default());
            assert_eq!(code(nothing), "active_auth_missing");

            let copy = profile.with(Fault::ClonedChipAuth);
            let refused = run_chip_authentication(&copy, &csca, |_, _| {});
            assert_eq!(code(refused), "chip_auth_failed", "{curve:?} {cipher:?}");
        }
    }
}

#[test]
fn a_terminal_cannot_make_up_a_chip() {
    let (csca, anchors) = authority(Scheme::default());
    let genuine = chip_auth_profile(Curve::P256, Cipher::Aes256, None);
    // Whatever the terminal changes in an answer under the issuer's keys.
    for step in [2, 3] {
        let refused = run_chip_authentication(&genuine, &csca, |at, answer| {
            if at == step {
                answer[5] ^= 1;
            }
        });
        assert_eq!(code(refused), "chip_auth_failed", "step {step}");
        let refused = run_chip_authentication(&genuine, &csca, |at, answer| {
            if at == step {
                *answer = vec![0x90, 0x00];
            }
        });
        assert_eq!(code(refused), "chip_auth_failed", "step {step}");
    }
    // A genuine chip of its own proves its own DG14, not that of the data shown.
    let (_, done) = run_chip_authentication(&genuine, &csca, |_, _| {}).unwrap();
    let (other, _) = run_chip_authentication(&genuine, &csca, |_, _| {}).unwrap();
    let proof = Proof::ChipAuthentication(&done);
    let refused = evidence::verify_with(&other, &anchors, &proof, &Policy::default(), NOW);
    assert_eq!(code(refused), "chip_auth_failed");
    // A chip whose DG14 nobody signed: the run works, the evidence does not.
    let (mut data, _) = run_chip_authentication(&genuine, &csca, |_, _| {}).unwrap();
    let (mine, done) = run_chip_authentication(&genuine, &csca, |_, _| {}).unwrap();
    data.dg14.clone_from(&mine.dg14);
    let proof = Proof::ChipAuthentication(&done);
    let refused = evidence::verify_with(&data, &anchors, &proof, &Policy::default(), NOW);
    assert_eq!(code(refused), "dg_hash_mismatch");
}

#[test]
fn a_relay_is_no_open_door() {
    let (csca, _) = authority(Scheme::default());
    let profile = chip_auth_profile(Curve::P256, Cipher::Aes128, None);
    let mut chip = Chip::personalise(&profile, &csca, &mut OsRng).unwrap();
    let mut open = OpenChip::open(&mut chip, &can(), Access::PaceOnly, &mut OsRng).unwrap();
    // Other commands than those of chip authentication, and answers before the agreement.
    let read = RelayCommand::UnderChannel(vec![0, 0xB0, 0, 0, 8]);
    assert_eq!(code(open.relay(&read)), "malformed");
    let early = RelayCommand::AsIs(vec![0x0C, 0xB0, 0, 0, 8]);
    assert_eq!(code(open.relay(&early)), "card_protocol");
    let long = RelayCommand::UnderChannel([&[0, 0x22, 0x41, 0xA4][..], &[0; 600]].concat());
    assert_eq!(code(open.relay(&long)), "too_large");
    let template = RelayCommand::UnderChannel(vec![0, 0x22, 0x41, 0xA4]);
    for expected in ["accepted", "accepted", "card_protocol"] {
        assert_eq!(code(open.relay(&template)), expected);
    }
}

/// Doc 9303-12 §4.3, §7.1.4: revoked signers, stale, forged, indirect and superseded lists.
#[test]
fn revocation_lists() {
    let (csca, mut anchors) = authority(scheme(KeyKind::Ec(Curve::Brainpool384), Digest::Sha384));
    let mut chip = Chip::personalise(&profile(), &csca, &mut OsRng).unwrap();
    let signer = chip.card().signer_certificate().to_vec();
    let data = OpenChip::open(&mut chip, &can(), Access::PaceOnly, &mut OsRng)
        .unwrap()
        .read(&CHALLENGE)
        .unwrap();
    let strict = Policy {
        current_revocation_list: true,
        ..Policy::default()
    };
    assert_eq!(code(judge(&data, &anchors, &strict)), "revocation_unknown");
    assert_eq!(code(judge(&data, &anchors, &Policy::default())), "accepted");

    // One that is over, then one that is current.
    let stale = csca.crl(1, &[], (NOW - 90 * DAY, NOW - DAY)).unwrap();
    anchors.add_crl(&stale, NOW).unwrap();
    assert_eq!(code(judge(&data, &anchors, &strict)), "revocation_unknown");
    let current = csca.crl(2, &[], (NOW - DAY, NOW + 89 * DAY)).unwrap();
    anchors.add_crl(&current, NOW).unwrap();
    assert_eq!(code(judge(&data, &anchors, &strict)), "accepted");
    assert_eq!(
        code(anchors.add_crl(&stale, NOW)),
        "revocation_list_not_valid"
    );
    let ahead = csca.crl(3, &[], (NOW + DAY, NOW + 90 * DAY)).unwrap();
    assert_eq!(
        code(anchors.add_crl(&ahead, NOW)),
        "revocation_list_not_valid"
    );

    // Another authority of the same name, a changed list, and what is no list at all.
    let (other, _) = authority(Scheme::default());
    let forged = other.crl(9, &[], (NOW, NOW + 90 * DAY)).unwrap();
    assert_eq!(code(anchors.add_crl(&forged, NOW)), "csca_unknown");
    let mut altered = csca.crl(9, &[], (NOW, NOW + 90 * DAY)).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(code(anchors.add_crl(&altered, NOW)), "csca_unknown");
    assert_eq!(code(anchors.add_crl(&signer, NOW)), "malformed");

    // An authority whose certificate does not let it sign lists.
    let (quiet, _) = authority(Scheme::default());
    let mut quiet_anchors = CscaAnchors::new();
    let certificate = quiet.without_lists(&mut OsRng, NOW).unwrap();
    quiet_anchors.add(&certificate, "UTO").unwrap();
    let list = quiet.crl(1, &[], (NOW - DAY, NOW + 89 * DAY)).unwrap();
    assert_eq!(code(quiet_anchors.add_crl(&list, NOW)), "csca_unknown");
    // SHA-1, whatever the policy: a forged list could clear a revoked signer.
    let (old, mut old_anchors) = authority(scheme(KeyKind::Rsa(2048), Digest::Sha1));
    let list = old.crl(1, &[], (NOW - DAY, NOW + 89 * DAY)).unwrap();
    assert_eq!(code(old_anchors.add_crl(&list, NOW)), "csca_unknown");

    let entry = Revoked {
        certificate: signer,
        reason: Some(1),
        since: NOW - DAY,
    };
    let list = csca.crl(3, &[entry], (NOW, NOW + 90 * DAY)).unwrap();
    anchors.add_crl(&list, NOW).unwrap();
    let refusal = judge(&data, &anchors, &Policy::default()).unwrap_err();
    let expected = CardError::SignerRevoked {
        reason: "key compromise",
        since: NOW - DAY,
    };
    assert_eq!(refusal, expected);
}

/// Doc 9303-12 §9: a list from a known state brings in the others; nothing else does.
#[test]
fn master_lists() {
    let of = |country: &str| {
        let brainpool = scheme(KeyKind::EcExplicit(Curve::Brainpool256), Digest::Sha256);
        Csca::of_country(country, brainpool, &mut OsRng, NOW).unwrap()
    };
    let (home, mut anchors) = authority(Scheme::default());
    let (france, germany, nowhere, next) = (of("FR"), of("DE"), of("QQ"), of("FR"));
    let link = france.link(&next, &mut OsRng, NOW).unwrap();
    let stray = germany.link(&nowhere, &mut OsRng, NOW).unwrap();
    let cross = of("IT").cross(&of("ES"), &mut OsRng, NOW).unwrap();
    let certificates = [
        home.certificate(),
        france.certificate(),
        germany.certificate(),
        nowhere.certificate(),
        &link,
        &stray,
        &cross,
    ];
    let list = home
        .master_list(&certificates, true, &mut OsRng, NOW)
        .unwrap();
    let verified = MasterList::verify(&list, &anchors, NOW).unwrap();
    assert_eq!(verified.certificates().count(), 7);
    let imported = anchors.add_master_list(&verified);
    // A country without a code is left out, and what an authority nobody knows has signed; the link certificates of known
    // keys come in.
    assert_eq!(imported.added.len(), 5);
    let mut codes: Vec<&str> = imported.skipped.iter().map(|(_, code)| *code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["csca_unknown", "malformed"]);

    // A document of a state that came in by the list, under its next key.
    let mut french = profile();
    french.holder.issuing_state = "FRA".to_owned();
    let data = read(&french, &next).unwrap();
    assert_eq!(code(judge(&data, &anchors, &Policy::default())), "accepted");
    // The same authority does not vouch for another state's documents.
    let data = read(&profile(), &next).unwrap();
    assert_eq!(
        code(judge(&data, &anchors, &Policy::default())),
        "csca_of_another_state"
    );

    // Lists nobody known countersigned, without the purpose, out of date, or changed.
    let refused = |list: &[u8], now: i64| code(MasterList::verify(list, &anchors, now));
    let stranger = of("UT")
        .master_list(&certificates, true, &mut OsRng, NOW)
        .unwrap();
    assert_eq!(refused(&stranger, NOW), "csca_unknown");
    let purposeless = home
        .master_list(&certificates, false, &mut OsRng, NOW)
        .unwrap();
    assert_eq!(refused(&purposeless, NOW), "chip_not_authentic");
    assert_eq!(refused(&list, NOW + 400 * DAY), "document_signer_not_valid");
    assert_eq!(refused(&list, NOW - DAY / 2), "signed_outside_validity");
    let mut changed = list.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&changed, NOW), "chip_not_authentic");
    // A document's security object is no master list, nor the other way round.
    let data = read(&profile(), &home).unwrap();
    assert_eq!(refused(&data.sod[4..], NOW), "malformed");
}

#[test]
fn a_link_certificate_needs_the_key_it_links_from() {
    let (old, mut anchors) = authority(Scheme::default());
    let new = Csca::of_country(
        "UT",
        scheme(KeyKind::Rsa(3072), Digest::Sha512),
        &mut OsRng,
        NOW,
    );
    let new = new.unwrap();
    let link = old.link(&new, &mut OsRng, NOW).unwrap();
    assert_eq!(code(CscaAnchors::new().add(&link, "UTO")), "malformed");
    // For the state whose anchor signed it, and for no other.
    assert_eq!(code(anchors.add(&link, "D")), "malformed");
    anchors.add(&link, "UTO").unwrap();
    let data = read(&profile(), &new).unwrap();
    assert_eq!(code(judge(&data, &anchors, &Policy::default())), "accepted");
}

#[test]
fn times_and_countries_that_contradict_each_other() {
    let (csca, anchors) = authority(Scheme::default());
    for (fault, refusal) in [
        (Fault::SignedTooEarly, "signed_outside_validity"),
        (Fault::IssuedTooEarly, "document_signer_not_valid"),
        (Fault::SignerOfAnotherCountry, "csca_of_another_state"),
        (Fault::KeyUsedTooLate, "signed_outside_validity"),
        (Fault::KeyUsedTooEarly, "signed_outside_validity"),
        (Fault::TwoDigests, "chip_not_authentic"),
    ] {
        let mut profile = profile().with(fault);
        profile.signing_time = true;
        let data = read(&profile, &csca).unwrap();
        assert_eq!(
            code(judge(&data, &anchors, &Policy::default())),
            refusal,
            "{fault:?}"
        );
    }
}

/// Data groups that the security object does not list, and such as are there without content.
#[test]
fn groups_nobody_signed() {
    let (csca, anchors) = authority(Scheme::default());
    let mut data = read(&profile().with(Fault::NoActiveAuth), &csca).unwrap();
    let other = read(&profile(), &csca).unwrap();
    data.dg15.clone_from(&other.dg15);
    data.aa_signature.clone_from(&other.aa_signature);
    let refused = judge(&data, &anchors, &Policy::default());
    assert_eq!(code(refused), "dg_hash_mismatch");
    for group in [14, 15] {
        let mut data = read(&profile(), &csca).unwrap();
        match group {
            14 => data.dg14 = Some(Vec::new()),
            _ => data.dg15 = Some(Vec::new()),
        }
        let refused = judge(&data, &anchors, &Policy::default());
        assert_eq!(code(refused), "data_group_missing", "DG{group}");
    }
}

/// An authority that has run out vouches for nobody, though its signers' certificates go on.
#[test]
fn a_signer_that_outlives_its_authority() {
    let (csca, anchors) = authority(Scheme::default());
    let data = read(&profile().with(Fault::SignerOutlivesAuthority), &csca).unwrap();
    let proof = Proof::ActiveAuthentication(&CHALLENGE);
    let at = |now| evidence::verify_with(&data, &anchors, &proof, &Policy::default(), now);
    assert_eq!(code(at(NOW)), "accepted");
    let later = NOW + 16 * 365 * DAY;
    assert_eq!(code(at(later)), "document_signer_not_valid");
}

/// ISO/IEC 19794-5 records in several shapes and ISO/IEC 39794-5, JPEG and JPEG 2000, in short and in extended length.
#[test]
fn portraits_of_several_shapes_and_lengths() {
    let (csca, anchors) = authority(Scheme::default());
    let mut jp2 = b"\0\0\0\x0CjP  \r\n\x87\n".to_vec();
    jp2.extend((0..60_000_u32).map(|index| index.to_le_bytes()[0]));
    let codestream = [&[0xFF, 0x4F, 0xFF, 0x51][..], &[7; 5000]].concat();
    for picture in [PORTRAIT.to_vec(), jp2, codestream] {
        for shape in [
            FaceRecord::Plain,
            FaceRecord::FeaturePoints(9),
            FaceRecord::TwoPictures,
            FaceRecord::TwoTemplates,
            FaceRecord::Extensible,
        ] {
            for extended in [false, true] {
                let mut profile = profile();
                profile.portrait.clone_from(&picture);
                profile.face_record = shape;
                profile.extended = extended;
                let data = read(&profile, &csca).unwrap();
                let verified = judge(&data, &anchors, &Policy::default()).unwrap();
                assert!(
                    verified.portrait().bytes() == picture,
                    "{shape:?} {extended}"
                );
            }
        }
    }
}

/// Extended length is used where the chip offers it: far fewer commands for the same portrait.
#[test]
fn extended_length_takes_fewer_commands() {
    struct Counting(Chip, usize);
    impl tessera_card::Transceiver for Counting {
        fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, tessera_card::TransportError> {
            self.1 += 1;
            Ok(self.0.transmit(apdu))
        }
    }
    let (csca, _) = authority(Scheme::default());
    let mut counts = Vec::new();
    for extended in [false, true] {
        let mut profile = profile();
        profile.portrait.resize(20_000, 0);
        profile.extended = extended;
        let chip = Chip::personalise(&profile, &csca, &mut OsRng).unwrap();
        let mut card = Counting(chip, 0);
        let mut open = OpenChip::open(&mut card, &can(), Access::PaceOnly, &mut OsRng).unwrap();
        open.read(&CHALLENGE).unwrap();
        drop(open);
        counts.push(card.1);
    }
    assert!(counts[1] * 2 < counts[0], "{counts:?}");
}

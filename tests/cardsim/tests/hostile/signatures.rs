//! Signatures and keys that are none: ECDSA, RSA, answers to active authentication.

use super::forge::*;
use openssl::bn::{BigNum, BigNumContext};
use openssl::pkey::PKey;
use openssl::rsa::{Padding, Rsa};
use tessera_card::Policy;

/// FIPS 186-5 §6.4.2: numbers between 1 and n − 1, in one structure and nothing else.
#[test]
fn ecdsa_numbers() {
    const ORDER: [u8; 33] = *b"\0\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51";
    fn both(r: &[u8], s: &[u8]) -> Vec<u8> {
        sequence(&[&integer(r), &integer(s)])
    }
    const REFUSED: &str = "chip_not_authentic";
    judged(&[
        ("0, 0", REFUSED, |d| d.signature = |_| both(&[0], &[0])),
        ("0, 1", REFUSED, |d| d.signature = |_| both(&[0], &[1])),
        ("1, 0", REFUSED, |d| d.signature = |_| both(&[1], &[0])),
        ("n, 1", REFUSED, |d| d.signature = |_| both(&ORDER, &[1])),
        ("1, n", REFUSED, |d| d.signature = |_| both(&[1], &ORDER)),
        ("-1, 1", REFUSED, |d| d.signature = |_| both(&[0xFF], &[1])),
        ("nothing", REFUSED, |d| d.signature = |_| Vec::new()),
        ("no numbers", REFUSED, |d| d.signature = |_| both(&[], &[])),
        ("s + n", REFUSED, |d| {
            d.signature = |good| {
                let pair = openssl::ecdsa::EcdsaSig::from_der(&good).unwrap();
                let order = BigNum::from_slice(&ORDER).unwrap();
                let sum = (pair.s() + &order).to_vec();
                let positive = |number: Vec<u8>| [vec![0], number].concat();
                both(&positive(pair.r().to_vec()), &positive(sum))
            };
        }),
        ("something inside", REFUSED, |d| {
            d.signature = |good| sequence(&[&good[2..], &[5, 0]]);
        }),
        ("something behind", REFUSED, |d| {
            d.signature = |good| [good, vec![0]].concat()
        }),
    ]);
}

/// The integer cube root of the number that begins with `begin` and is `length` octets long, rounded up.
fn cube_root(begin: &[u8], length: usize) -> BigNum {
    let mut target = begin.to_vec();
    target.resize(length, 0xFF);
    let target = BigNum::from_slice(&target).unwrap();
    let mut root = BigNum::new().unwrap();
    for bit in (0..=(length * 8 / 3) as i32).rev() {
        root.set_bit(bit).unwrap();
        if &(&root * &root) * &root > target {
            root.clear_bit(bit).unwrap();
        }
    }
    root
}

/// RFC 8017 §8.2.2 with exponent 3: a cube that begins as a signature should and goes on as it likes (Bleichenbacher's
/// forgery of 2006), and numbers that are no signatures at all.
#[test]
fn rsa_signatures_nobody_made() {
    let signer = Key::rsa(3072, 3);
    let mut document = Document::of(Key::ec(), signer, Key::ec());
    assert_eq!(code(document.judge()), "accepted");
    for signature in [
        |_| vec![0; 384],
        |_| [vec![0; 383], vec![1]].concat(),
        |good: Vec<u8>| good[1..].to_vec(),
        |good: Vec<u8>| [vec![0], good].concat(),
        |_| Vec::new(),
    ] as [fn(Vec<u8>) -> Vec<u8>; 5]
    {
        document.signature = signature;
        assert_eq!(code(document.judge()), "chip_not_authentic");
    }
    // What the genuine object signs, with the head of EMSA-PKCS1-v1_5 before it and rubbish behind.
    let info = b"\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    document.signature = |_| Vec::new();
    let object = (document.object)(&document);
    let signed = (document.signed)(&(document.attributes)(&object));
    let begin = [
        &b"\0\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0"[..],
        info,
        &sha256(&signed),
    ]
    .concat();
    let root = cube_root(&begin, 384);
    let cube = (&(&root * &root) * &root).to_vec_padded(384).unwrap();
    assert!(cube.starts_with(&begin));
    let forged = root.to_vec_padded(384).unwrap();
    FORGED.set(forged).unwrap();
    document.signature = |_| FORGED.get().unwrap().clone();
    assert_eq!(code(document.judge()), "chip_not_authentic");
}

static FORGED: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();

/// Keys that anybody can sign with, and keys too short for a signer of today.
#[test]
fn rsa_keys() {
    let short = Key::rsa(1024, 65_537);
    for document in [
        Document::of(Key::ec(), short.clone(), Key::ec()),
        Document::of(short, Key::ec(), Key::ec()),
    ] {
        assert_eq!(code(document.judge()), "legacy_algorithm");
        let legacy = Policy {
            legacy_sha1: true,
            ..Policy::default()
        };
        let anchors = document.anchors().unwrap();
        assert_eq!(code(document.judge_by(&anchors, &legacy)), "accepted");
    }
    for exponent in [&[1][..], &[2], &[0], &[0xFF]] {
        let mut key = Key::rsa(2048, 65_537);
        let modulus = key.pair.rsa().unwrap().n().to_vec();
        let numbers = sequence(&[&integer(&[vec![0], modulus].concat()), &integer(exponent)]);
        let rsa = sequence(&[
            &oid(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1]),
            &[5, 0],
        ]);
        key.spki = sequence(&[&rsa, &tlv(3, &[&[0], &numbers])]);
        let document = Document::of(Key::ec(), key, Key::ec());
        let expected = match exponent {
            [0xFF] => "malformed",
            _ => "unsupported_algorithm",
        };
        assert_eq!(code(document.judge()), expected, "{exponent:?}");
    }
}

/// ISO/IEC 9796-2 scheme 1 (Doc 9303-11 §6.1.2.3): the block is the one form of it that leaves no octet free.
#[test]
fn answers_with_message_recovery() {
    let key = Key::rsa(2048, 3);
    let rsa: Rsa<_> = key.pair.rsa().unwrap();
    let filled = |fill: u8, head: u8, recovered: usize, challenge: &[u8], trailer: &[u8]| {
        let m1 = vec![fill; recovered];
        let digest = sha256(&[&m1, challenge].concat());
        let mut block = [&[head][..], &m1, &digest, trailer].concat();
        block.resize(256, 0x5A);
        let mut out = vec![0; 256];
        rsa.private_encrypt(&block, &mut out, Padding::NONE)
            .unwrap();
        out
    };
    let answer = |head, recovered, challenge: &[u8], trailer: &[u8]| {
        filled(0x5A, head, recovered, challenge, trailer)
    };
    let whole = 256 - 1 - 32 - 2;
    let mut document = Document::of(Key::ec(), Key::ec(), key.clone());
    let good = answer(0x6A, whole, &CHALLENGE, &[0x34, 0xCC]);
    let plus = |octets: &[u8], length| {
        let sum = &BigNum::from_slice(octets).unwrap() + rsa.n();
        sum.to_vec_padded(length).unwrap()
    };
    // One that the modulus can be added to without another octet.
    let room = |octets: &Vec<u8>| {
        let sum = &BigNum::from_slice(octets).unwrap() + rsa.n();
        sum.num_bytes() == 256
    };
    let mut tries = (0..=255_u8).map(|fill| filled(fill, 0x6A, whole, &CHALLENGE, &[0x34, 0xCC]));
    let small = tries.find(room).unwrap();
    let minus = (rsa.n() - &BigNum::from_slice(&good).unwrap())
        .to_vec_padded(256)
        .unwrap();
    let failed = "active_auth_failed";
    for (what, octets, expected) in [
        ("good", good.clone(), "accepted"),
        ("n less it", minus, "accepted"),
        ("n more", plus(&good, 257), failed),
        ("n more, and no longer", plus(&small, 256), failed),
        ("a zero before", [vec![0], good.clone()].concat(), failed),
        (
            "another challenge",
            answer(0x6A, whole, b"nonce-09", &[0x34, 0xCC]),
            failed,
        ),
        (
            "nothing to add",
            answer(0x4A, whole, &CHALLENGE, &[0x34, 0xCC]),
            failed,
        ),
        (
            "padded",
            answer(0x6B, whole, &CHALLENGE, &[0x34, 0xCC]),
            failed,
        ),
        (
            "another head",
            answer(0x2A, whole, &CHALLENGE, &[0x34, 0xCC]),
            failed,
        ),
        (
            "another digest",
            answer(0x6A, whole, &CHALLENGE, &[0x36, 0xCC]),
            failed,
        ),
        (
            "an unknown digest",
            answer(0x6A, whole, &CHALLENGE, &[0x31, 0xCC]),
            failed,
        ),
        (
            "another trailer",
            answer(0x6A, whole, &CHALLENGE, &[0x34, 0xDC]),
            failed,
        ),
        (
            "room for rubbish",
            answer(0x6A, whole - 40, &CHALLENGE, &[0x34, 0xCC]),
            failed,
        ),
        ("nothing", vec![0; 256], failed),
        ("PKCS #1", key.sign(&CHALLENGE), failed),
        (
            "a cube of its own",
            cube_root(&[0x6A], 256).to_vec_padded(256).unwrap(),
            failed,
        ),
    ] {
        document.answer = Some(octets);
        assert_eq!(code(document.judge()), expected, "{what}");
    }
    // Below 1024 bits.
    let small = PKey::from_rsa(Rsa::generate(1016).unwrap()).unwrap();
    document.active_auth.spki = small.public_key_to_der().unwrap();
    document.show_active_auth();
    assert_eq!(code(document.judge()), "unsupported_algorithm");
}

/// From before DG14: nobody names the digest, and chips took the oldest.
#[test]
fn an_answer_whose_digest_nobody_names() {
    use openssl::hash::MessageDigest;
    let mut document = Document::genuine();
    for digest in [
        MessageDigest::sha1(),
        MessageDigest::sha256(),
        MessageDigest::sha512(),
    ] {
        let key = &document.active_auth.pair;
        let mut signer = openssl::sign::Signer::new(digest, key).unwrap();
        let signature = signer.sign_oneshot_to_vec(&CHALLENGE).unwrap();
        let pair = openssl::ecdsa::EcdsaSig::from_der(&signature).unwrap();
        let wide = |number: &openssl::bn::BigNumRef| number.to_vec_padded(32).unwrap();
        let mut answer = [wide(pair.r()), wide(pair.s())].concat();
        document.answer = Some(answer.clone());
        assert_eq!(code(document.judge()), "accepted");
        answer[40] ^= 1;
        document.answer = Some(answer);
        assert_eq!(code(document.judge()), "active_auth_failed");
    }
    for octets in [vec![0; 64], vec![0xFF; 64], vec![1; 63], vec![0; 66]] {
        document.answer = Some(octets);
        assert_eq!(code(document.judge()), "active_auth_failed");
    }
}

/// X9.62: keys that are no points of their curve.
#[test]
fn points() {
    const P_256: [u8; 8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
    let mut document = Document::genuine();
    let mut ctx = BigNumContext::new().unwrap();
    let key = document.active_auth.pair.ec_key().unwrap();
    let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
    let good = key
        .public_key()
        .to_bytes(key.group(), form, &mut ctx)
        .unwrap();
    let kind = sequence(&[&oid(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]), &oid(&P_256)]);
    let hybrid = 6 + (good[64] & 1);
    let off = good[64] ^ 1;
    for (what, point, expected) in [
        ("good", good.clone(), "accepted"),
        (
            "compressed",
            [&[hybrid - 4][..], &good[1..33]].concat(),
            "accepted",
        ),
        ("hybrid", [&[hybrid][..], &good[1..]].concat(), "malformed"),
        ("off the curve", [&good[..64], &[off]].concat(), "malformed"),
        ("at infinity", vec![0], "malformed"),
        ("nowhere", [&[4][..], &[0; 64]].concat(), "malformed"),
        (
            "beyond the prime",
            [&[4][..], &[0xFF; 64]].concat(),
            "malformed",
        ),
        ("something behind", [&good[..], &[0]].concat(), "malformed"),
    ] {
        document.active_auth.spki = sequence(&[&kind, &tlv(3, &[&[0], &point])]);
        document.show_active_auth();
        assert_eq!(code(document.judge()), expected, "{what}");
    }
}

/// RFC 4055 §3.1: every field has its place and its meaning, though the signature would verify without it.
#[test]
fn parameters_of_pss() {
    const MGF_1: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 8];
    const SHA_1: [u8; 5] = [0x2B, 0x0E, 3, 2, 0x1A];
    let key = Key::rsa(2048, 65_537);
    let digest = tlv(0xA0, &[&digest_algorithm()]);
    let mask_of =
        |function: &[u8], digest: &[u8]| tlv(0xA1, &[&sequence(&[&oid(function), digest])]);
    let mask = mask_of(&MGF_1, &digest_algorithm());
    let salt = tlv(0xA2, &[&integer(&[32])]);
    let trailer = |number| tlv(0xA3, &[&integer(&[number])]);
    let unsupported = "unsupported_algorithm";
    for (what, parameters, expected) in [
        (
            "as they should be",
            vec![digest.clone(), mask.clone(), salt.clone()],
            "accepted",
        ),
        (
            "with a trailer",
            vec![digest.clone(), mask.clone(), salt.clone(), trailer(1)],
            "accepted",
        ),
        (
            "another trailer",
            vec![digest.clone(), mask.clone(), salt.clone(), trailer(2)],
            "malformed",
        ),
        (
            "in another order",
            vec![mask.clone(), digest.clone(), salt.clone()],
            "malformed",
        ),
        (
            "the salt twice",
            vec![digest.clone(), mask.clone(), salt.clone(), salt.clone()],
            "malformed",
        ),
        (
            "another mask",
            vec![
                digest.clone(),
                mask_of(&SHA_1, &digest_algorithm()),
                salt.clone(),
            ],
            unsupported,
        ),
        (
            "a mask over another digest",
            vec![
                digest.clone(),
                mask_of(&MGF_1, &sequence(&[&oid(&SHA_1)])),
                salt.clone(),
            ],
            unsupported,
        ),
        (
            "another salt",
            vec![digest.clone(), mask, tlv(0xA2, &[&integer(&[31])])],
            "chip_not_authentic",
        ),
    ] {
        let signer = key.clone().with_pss(&sequence(&[&parameters.concat()]));
        let document = Document::of(Key::ec(), signer, Key::ec());
        assert_eq!(code(document.judge()), expected, "{what}");
    }
}

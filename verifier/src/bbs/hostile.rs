//! Input that must not pass, and the forgery that it would allow.
#![expect(clippy::unwrap_used, reason = "tests")]

use alloc::vec;
use alloc::vec::Vec;

use pairing::group::Curve as _;

use super::ciphersuite::{Api, Ciphersuite, Interface};
use super::curve::{
    G1Affine, G2Affine, Scalar, compress, decompress, decompress_g2, identity, times,
    variable_time_sum,
};
use super::generators::{Generators, MAX_MESSAGES};
use super::proof::{Disclosed, Proof, ProofInput, challenge, proof_gen, proof_verify};
use super::pseudonym::Hashed;
use super::signature::{domain, sign, verify};
use super::{Pseudonym, PublicKey, RandomScalars, Secret, SecretKey, Signature, create_generators};
use crate::crypto::sha256;

const SUITE: Ciphersuite = Ciphersuite::Bls12381Sha256;
/// r, the order of the groups.
const ORDER: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
];

fn key() -> SecretKey {
    SecretKey::from_bytes(&[5; 32]).unwrap()
}

fn scalar(text: &str) -> Scalar {
    Scalar::from_octets(
        &[&[0], &sha256(text.as_bytes())[1..]]
            .concat()
            .try_into()
            .unwrap(),
    )
    .unwrap()
}

/// Compressed points of the curve of G1 that lie outside the subgroup.
fn outside() -> Vec<[u8; 48]> {
    let candidates = (1..=255).map(|last| {
        let mut octets = [0; 48];
        (octets[0], octets[47]) = (0x80, last);
        octets
    });
    let on_curve =
        |octets: &[u8; 48]| bool::from(G1Affine::from_compressed_unchecked(octets).is_some());
    candidates.filter(on_curve).collect()
}

/// Without a signature, by nobody's leave: identity points satisfy the pairing equation under every key, and what remains
/// is a proof that anyone can make.
#[test]
fn a_proof_of_identity_points_is_refused_for_it_would_hold_for_every_message() {
    let key = key();
    let messages: &[&[u8]] = &[b"family_name: Specimen", b"assurance_level: full"];
    let disclosed = Disclosed {
        header: b"header",
        presentation_header: b"nonce",
        messages,
        indexes: &[0, 1],
    };
    let generators = Generators::base(SUITE, 2).unwrap();
    let domain = domain(key.public_key(), &generators, disclosed.header).unwrap();
    let shown: Vec<(usize, Scalar)> = messages
        .iter()
        .map(|message| generators.api.message(message).unwrap())
        .enumerate()
        .collect();
    let terms = [(0, domain), (1, shown[0].1), (2, shown[1].1)];
    let b = generators
        .variable_time_sum(Scalar::one(), &terms, &[])
        .unwrap();
    let (r1, k) = (scalar("r1"), scalar("k"));
    let points = [identity(), identity(), b, times(&b, r1), times(&b, k)];
    let c = challenge(
        &generators,
        &shown,
        &points,
        domain,
        &[disclosed.presentation_header, b""],
    )
    .unwrap();
    let forged = Proof {
        a_bar: identity().to_affine(),
        b_bar: identity().to_affine(),
        d: b.to_affine(),
        e: scalar("e"),
        r1,
        r3: k - c,
        hidden: vec![],
        challenge: c,
    };
    let accepted = forged.verify(key.public_key(), &generators, &disclosed, |_| {
        Ok(Hashed::default())
    });
    assert_eq!(accepted, Ok(()), "the equations alone let it pass");

    let mut octets = Vec::new();
    for point in [identity(), identity(), b] {
        octets.extend(compress(&point));
    }
    for scalar in [forged.e, forged.r1, forged.r3, c] {
        octets.extend(scalar.to_octets());
    }
    let refused = proof_verify(SUITE, key.public_key(), &octets, &disclosed).unwrap_err();
    assert_eq!(refused.code(), "malformed");
}

#[test]
fn identity_points_and_points_outside_the_subgroup_are_refused_everywhere() {
    let messages: &[&[u8]] = &[b"a", b"b"];
    let signature = sign(SUITE, &key(), b"", messages).unwrap();
    let input = ProofInput {
        header: b"",
        presentation_header: b"",
        messages,
        disclosed_indexes: &[0],
    };
    let random = RandomScalars::expand(SUITE, &[1; 32], 6).unwrap();
    let proof = proof_gen(SUITE, key().public_key(), &signature, &input, random).unwrap();
    let outside = outside();
    assert!(outside.len() > 20);
    let mut points = outside.clone();
    let mut identity = [0; 48];
    identity[0] = 0xc0;
    points.push(identity);
    for point in &points {
        assert!(decompress(point).is_none());
        assert!(Pseudonym::from_bytes(point).is_err());
        let mut altered = signature.to_bytes();
        altered[..48].copy_from_slice(point);
        assert!(Signature::from_bytes(&altered).is_err());
        for offset in [0, 48, 96] {
            let mut altered = proof.clone();
            altered[offset..offset + 48].copy_from_slice(point);
            assert!(Proof::from_octets(&altered).is_err());
        }
    }
    // Keys: the identity, and points of the curve of G2 outside the subgroup.
    let mut octets = [0; 96];
    octets[0] = 0xc0;
    assert!(PublicKey::from_bytes(&octets).is_err());
    let mut found = 0;
    for last in 0..=255 {
        octets = [0; 96];
        (octets[0], octets[95]) = (0x80, last);
        if bool::from(G2Affine::from_compressed_unchecked(&octets).is_some()) {
            found += 1;
            assert!(decompress_g2(&octets).is_none());
            assert!(PublicKey::from_bytes(&octets).is_err());
        }
    }
    assert!(found > 20);
    assert!(PublicKey::from_bytes(&key().public_key().to_bytes()).is_ok());
}

#[test]
fn scalars_of_zero_and_not_reduced_are_refused_everywhere() {
    let signature = sign(SUITE, &key(), b"", &[b"a"]).unwrap().to_bytes();
    let mut above = ORDER;
    above[31] = 2;
    for scalar in [[0; 32], ORDER, above, [0xff; 32]] {
        assert!(SecretKey::from_bytes(&scalar).is_err());
        assert!(Secret::from_bytes(&scalar).is_err());
        let mut altered = signature;
        altered[48..].copy_from_slice(&scalar);
        assert!(Signature::from_bytes(&altered).is_err());
    }
    let mut below = ORDER;
    below[31] = 0;
    assert!(SecretKey::from_bytes(&below).is_ok());
    assert!(
        RandomScalars::from_bytes(&[0; 96]).is_err(),
        "a broken source"
    );
}

#[test]
fn lengths_are_exact_and_bounded() {
    let key = key();
    let messages: &[&[u8]] = &[b"a", b"b", b"c"];
    let signature = sign(SUITE, &key, b"h", messages).unwrap();
    let prove = |disclosed_indexes, count| {
        let input = ProofInput {
            header: b"h",
            presentation_header: b"",
            messages,
            disclosed_indexes,
        };
        let random = RandomScalars::expand(SUITE, &[1; 32], count).unwrap();
        proof_gen(SUITE, key.public_key(), &signature, &input, random)
    };
    let proof = prove(&[1], 7).unwrap();
    let check = |proof: &[u8], messages, indexes| {
        let disclosed = Disclosed {
            header: b"h",
            presentation_header: b"",
            messages,
            indexes,
        };
        let verified = proof_verify(SUITE, key.public_key(), proof, &disclosed);
        verified.map_err(|error| error.code())
    };
    assert_eq!(check(&proof, &[b"b"], &[1]), Ok(()));
    for length in 0..proof.len() {
        assert!(check(&proof[..length], &[b"b"], &[1]).is_err(), "{length}");
    }
    let longer = [&proof[..], &[0]].concat();
    assert_eq!(check(&longer, &[b"b"], &[1]), Err("malformed"));
    let longer = [&proof[..], &[1; 32]].concat();
    assert_eq!(check(&longer, &[b"b"], &[1]), Err("invalid_signature"));
    let longer = [&proof[..], &vec![1; MAX_MESSAGES * 32][..]].concat();
    assert_eq!(check(&longer, &[b"b"], &[1]), Err("too_large"));
    // Indexes out of order, repeated, out of range, and in another number than the messages.
    let cases: [(&[&[u8]], &[usize]); 6] = [
        (&[b"b", b"b"], &[1, 1]),
        (&[b"b", b"a"], &[1, 0]),
        (&[b"b"], &[3]),
        (&[b"b"], &[usize::MAX]),
        (&[b"b", b"c"], &[1]),
        (&[], &[1]),
    ];
    for (messages, indexes) in cases {
        assert_eq!(
            check(&proof, messages, indexes),
            Err("disclosure_invalid"),
            "{indexes:?}"
        );
    }
    for indexes in [&[1, 0][..], &[0, 0], &[3]] {
        assert_eq!(
            prove(indexes, 8 - indexes.len()).unwrap_err().code(),
            "disclosure_invalid"
        );
    }
    for count in [6, 8] {
        assert_eq!(prove(&[1], count).unwrap_err().code(), "malformed");
    }
    let many = vec![&b""[..]; MAX_MESSAGES + 1];
    assert_eq!(
        sign(SUITE, &key, b"", &many).unwrap_err().code(),
        "too_large"
    );
    let refused = verify(SUITE, key.public_key(), &signature, b"", &many).unwrap_err();
    assert_eq!(refused.code(), "too_large");
    assert_eq!(
        create_generators(SUITE, MAX_MESSAGES + 1)
            .unwrap_err()
            .code(),
        "too_large"
    );
    assert!(Generators::blind(Api::new(SUITE, Interface::Blind), 1, usize::MAX).is_err());
}

/// Combs and windows against the back end's own multiplication.
#[test]
fn sums_in_variable_time_are_those_in_constant_time() {
    let generators = Generators::base(SUITE, 140).unwrap();
    let mut below = ORDER;
    below[31] = 0;
    let one = Scalar::one();
    let scalars = [
        Scalar::default(),
        one,
        one + one,
        -one,
        Scalar::from_octets(&below).unwrap(),
        Scalar::from_octets(&[0x55; 32]).unwrap(),
        scalar("some"),
    ];
    // The first generators have combs, the last have none.
    for index in [0, 1, 127, 128, 140] {
        for scalar in scalars {
            let point = generators.point(index).unwrap();
            let expected = compress(&times(&point, scalar));
            let sum = generators.variable_time_sum(Scalar::default(), &[(index, scalar)], &[]);
            assert_eq!(compress(&sum.unwrap()), expected, "{index}");
            let sum = variable_time_sum(&[], &[(point.to_affine(), scalar)]);
            assert_eq!(compress(&sum), expected, "{index}");
        }
    }
    let terms: Vec<(usize, Scalar)> = scalars.into_iter().enumerate().collect();
    let sum = generators.variable_time_sum(one, &terms, &[]).unwrap();
    let mut expected = generators.plus_p1(core::iter::empty()).unwrap();
    for (index, scalar) in terms {
        expected += times(&generators.point(index).unwrap(), scalar);
    }
    assert_eq!(compress(&sum), compress(&expected));
}

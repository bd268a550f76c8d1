//! Keys in every spelling, and what is refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

/// RFC 7515 appendix A.3.
fn rfc7515() -> Value {
    json!({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
}

#[test]
fn forms_agree() {
    let key = PublicKey::from_jwk(&rfc7515()).unwrap();
    assert_eq!(key.to_jwk(), rfc7515());
    assert_eq!(
        PublicKey::from_compressed(KeyType::P256, &key.to_compressed()).unwrap(),
        key
    );
    assert_eq!(
        PublicKey::from_uncompressed(key.to_uncompressed()).unwrap(),
        key
    );
    assert_eq!(
        key.thumbprint(),
        "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
    );
}

/// RFC 7515 appendix A.4.
#[test]
fn a_p521_key_survives_its_jwk() {
    let p521 = json!({"kty":"EC","crv":"P-521",
        "x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"});
    let key = PublicKey::from_jwk(&p521).unwrap();
    assert_eq!((key.kind(), key.to_jwk()), (KeyType::P521, p521));
    let compressed = key.to_compressed();
    assert_eq!(compressed.len(), 67);
    assert_eq!(
        PublicKey::from_compressed(KeyType::P521, &compressed),
        Ok(key)
    );
}

#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
#[test]
fn a_key_of_bls12_381_survives_its_jwk() {
    let secret = crate::bbs::SecretKey::from_bytes(&[0x2a; 32]).unwrap();
    let key = PublicKey::from(secret.public_key().clone());
    let jwk = key.to_jwk();
    assert_eq!(
        (&jwk["kty"], &jwk["crv"]),
        (&json!("EC"), &json!("BLS12381G2"))
    );
    assert_ne!(jwk["x"], jwk["y"]);
    assert_eq!(PublicKey::from_jwk(&jwk), Ok(key));
}

#[test]
fn refuses_what_is_no_public_key() {
    let mut off_curve = rfc7515();
    off_curve["y"] = off_curve["x"].clone();
    let mut private = rfc7515();
    private["d"] = json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
    for jwk in [off_curve, private, json!({}), json!({"kty":"oct","k":""})] {
        assert!(PublicKey::from_jwk(&jwk).is_err());
    }
    assert!(PublicKey::from_compressed(KeyType::P256, &[0; 33]).is_err());
    assert!(PublicKey::from_uncompressed(&[0]).is_err());
    assert!(PublicKey::from_compressed(KeyType::P256, &[2; 65]).is_err());
}

/// RFC 8037 appendix A.3.
#[test]
fn an_ed25519_key_keeps_its_forms_and_its_thumbprint() {
    let jwk =
        json!({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let key = PublicKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.to_jwk(), jwk);
    assert_eq!(
        key.thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    assert_eq!(
        PublicKey::from_multicodec(&key.to_multicodec()).unwrap(),
        key
    );
    assert!(PublicKey::from_uncompressed(key.to_uncompressed()).is_err());
}

#[test]
fn ed25519_points_of_small_order_and_second_spellings_are_refused() {
    for mut bytes in SMALL_ORDER {
        assert!(PublicKey::from_compressed(KeyType::Ed25519, &bytes).is_err());
        bytes[31] |= 0x80;
        assert!(PublicKey::from_compressed(KeyType::Ed25519, &bytes).is_err());
    }
    // y = 3 and y = 3 + p are one point, if they are one at all.
    let mut second = [0xff; 32];
    (second[0], second[31]) = (0xf0, 0x7f);
    assert!(PublicKey::from_compressed(KeyType::Ed25519, &second).is_err());
    assert!(PublicKey::from_compressed(KeyType::Ed25519, &[9; 31]).is_err());
}

#[test]
fn the_algorithm_of_a_jwk_is_that_of_its_key() {
    for (algorithm, accepted) in [
        (json!("ES256"), true),
        (json!("ES384"), false),
        (json!("none"), false),
        (json!(1), false),
    ] {
        let mut jwk = rfc7515();
        jwk["alg"] = algorithm;
        assert_eq!(PublicKey::from_jwk(&jwk).is_ok(), accepted, "{jwk}");
    }
}

#[test]
fn points_have_the_length_of_their_curve() {
    for length in [1, 33, 64, 66, 96, 98, 132, 134] {
        let point = [&[4][..], &[1; 134]].concat();
        assert!(PublicKey::from_uncompressed(&point[..length]).is_err());
    }
}

/// Every y of 2^255 - 19 and above is a second spelling; none below is refused for being one.
#[test]
fn ed25519_keys_are_below_the_prime() {
    let of = |first: u8, middle: u8, last: u8| {
        let mut bytes = [middle; 32];
        (bytes[0], bytes[31]) = (first, last);
        ed25519_is_sound(&bytes)
    };
    assert!(!of(0xed, 0xff, 0x7f) && !of(0xff, 0xff, 0x7f) && !of(0xee, 0xff, 0xff));
    assert!(of(0xeb, 0xff, 0x7f) && of(0xed, 0xfe, 0x7f) && of(0xed, 0xff, 0x7e));
}

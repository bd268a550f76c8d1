//! Keys that are none: class 13.

use serde_json::json;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::did;
use tessera_verifier::encoding::{base64url, multibase_base58};

use super::{Hostile, honest};
use crate::world::Signer;

pub(super) fn write() {
    let signer = Signer::fresh();
    let (did, key) = (signer.did(), signer.public_key().to_multicodec());
    honest(
        "did",
        "did",
        "The did:key of a P-256 key",
        json!({"did": did}),
    );
    let hostile = Hostile {
        class: 13,
        kind: "did",
        twin: "did",
    };
    let put = |name: &str, about: &str, code, did: String| {
        hostile.put(
            &format!("did-{name}"),
            about,
            ("issuer", code),
            json!({"did": did}),
        );
    };
    let malformed = "malformed";
    put(
        "z",
        "Only the base of the key is there",
        malformed,
        "did:key:z".to_owned(),
    );
    put(
        "no-key",
        "There is no key",
        malformed,
        "did:key:".to_owned(),
    );
    put("empty", "Nothing at all", malformed, String::new());
    put(
        "truncated",
        "The key lacks its last character, which makes all of it another",
        "unsupported_algorithm",
        did[..did.len() - 1].to_owned(),
    );
    put(
        "longer",
        "The key has a character too many, which makes all of it another",
        "unsupported_algorithm",
        format!("{did}1"),
    );
    let of = |bytes: &[u8]| format!("did:key:{}", multibase_base58(bytes));
    put(
        "short-key",
        "The key lacks its last byte",
        malformed,
        of(&key[..key.len() - 1]),
    );
    put(
        "long-key",
        "The key has a byte too many",
        malformed,
        of(&[&key[..], &[0]].concat()),
    );
    let mut off = key.clone();
    // x = 5 has no y on P-256 and x = p is no field element: whichever the decoder looks at first.
    off[3..].fill(0);
    off[34] = 1;
    while did::resolve(&of(&off)).is_ok() {
        off[34] += 1;
    }
    put(
        "off-curve",
        "The key is no point of the curve",
        malformed,
        of(&off),
    );
    put(
        "not-reduced",
        "The key's coordinate is above the field's prime",
        malformed,
        of(&[&key[..3], &[0xff; 32]].concat()),
    );
    let mut sign = key.clone();
    sign[2] = 4;
    put(
        "point-form",
        "The key's first byte says neither half of a compressed point",
        malformed,
        of(&sign),
    );
    put(
        "codec-unknown",
        "The codec is of no key",
        "unsupported_algorithm",
        of(&[&[0x55], &key[2..]].concat()),
    );
    put(
        "codec-x25519",
        "The codec is of a key that signs nothing",
        "unsupported_algorithm",
        of(&[&[0xec, 0x01], &[9; 32][..]].concat()),
    );
    put(
        "base64",
        "The key is in another base",
        malformed,
        format!("did:key:u{}", base64url(&key)),
    );
    put(
        "fragment-of-another",
        "The fragment names another key",
        malformed,
        format!("{did}#{}", did::multikey(Signer::fresh().public_key())),
    );
    put(
        "query",
        "A query follows the key",
        malformed,
        format!("{did}?versionTime=2026"),
    );
    put(
        "web",
        "The method would be fetched",
        "unsupported_algorithm",
        "did:web:attacker.example".to_owned(),
    );
    put(
        "jwk-empty",
        "The JWK is an empty object",
        "unsupported_algorithm",
        "did:jwk:e30".to_owned(),
    );
    put("jwk-padded", "The JWK is padded base64url", malformed, {
        let jwk = base64url(signer.public_key().to_jwk().to_string().as_bytes());
        format!("did:jwk:{jwk}=")
    });
    put(
        "too-long",
        "It is longer than any key",
        "too_large",
        format!("{did}{}", "1".repeat(512)),
    );
}

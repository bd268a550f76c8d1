//! Proofs over BBS signatures: class 20. Written only where BBS is built in.

#[cfg(not(any(feature = "bbs", feature = "bbs-pure")))]
pub(super) fn write() {
    panic!("the corpus is written with --features bbs");
}

#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
pub(super) fn write() {
    use serde_json::{Value, json};
    use tessera_verifier::bbs::{
        Ciphersuite, ProofInput, RandomScalars, SecretKey, proof_gen, sign,
    };
    use tessera_verifier::encoding::base64url;

    use super::{Hostile, honest};

    const SUITE: Ciphersuite = Ciphersuite::Bls12381Sha256;
    /// Compressed, the identity of G1.
    const IDENTITY: [u8; 48] = {
        let mut point = [0; 48];
        point[0] = 0xc0;
        point
    };
    const POINT: usize = 48;
    const SCALAR: usize = 32;

    let key = SecretKey::from_bytes(&[5; 32]).unwrap();
    let texts = [
        "family_name: Specimen",
        "assurance_level: full",
        "birthdate: 1990-03-07",
    ];
    let messages = texts.map(str::as_bytes);
    let (header, presentation_header) = ("header", "nonce");
    let signature = sign(SUITE, &key, header.as_bytes(), &messages).unwrap();
    let input = ProofInput {
        header: header.as_bytes(),
        presentation_header: presentation_header.as_bytes(),
        messages: &messages,
        disclosed_indexes: &[0, 1],
    };
    let random = RandomScalars::expand(SUITE, &[1; 32], 6).unwrap();
    let proof = proof_gen(SUITE, key.public_key(), &signature, &input, random).unwrap();
    honest(
        "bbs_proof",
        "bbs",
        "A proof that discloses two messages of three, with the ciphersuite BLS12-381-SHA-256",
        json!({
        "public_key": base64url(&key.public_key().to_bytes()), "proof": base64url(&proof), "header": header,
        "presentation_header": presentation_header, "messages": texts[..2], "indexes": [0, 1]}),
    );

    let hostile = Hostile {
        class: 20,
        kind: "bbs_proof",
        twin: "bbs",
    };
    let malformed = ("proof", "malformed");
    let invalid = ("proof", "invalid_signature");
    let put = |name: &str, about: &str, refused, members: Value| {
        hostile.put(&format!("bbs-{name}"), about, refused, members)
    };
    let altered = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut proof = proof.clone();
        change(&mut proof);
        json!({"proof": base64url(&proof)})
    };
    let mut points = [IDENTITY, IDENTITY].concat();
    points.extend(&proof[2 * POINT..]);
    put(
        "identity-points",
        "Abar and Bbar are the identity, which the pairing equation accepts under every key",
        malformed,
        json!({"proof": base64url(&points)}),
    );
    put(
        "identity-forgery",
        "Made without a signature: with identity points every equation holds for these two messages",
        malformed,
        json!({"proof": FORGED}),
    );
    for (name, about, at) in [
        ("a-bar", "Abar", 0),
        ("b-bar", "Bbar", POINT),
        ("d", "D", 2 * POINT),
    ] {
        put(
            &format!("identity-{name}"),
            &format!("{about} is the identity"),
            malformed,
            altered(&|proof| proof[at..at + POINT].copy_from_slice(&IDENTITY)),
        );
    }
    put(
        "trailing-byte",
        "A byte follows the proof",
        malformed,
        altered(&|proof| proof.push(0)),
    );
    put(
        "short",
        "The proof lacks its last byte",
        malformed,
        altered(&|proof| _ = proof.pop()),
    );
    put(
        "scalar-zero",
        "A scalar is zero",
        malformed,
        altered(&|proof| proof[3 * POINT..3 * POINT + SCALAR].fill(0)),
    );
    put(
        "scalar-not-reduced",
        "A scalar is above the order of the group",
        malformed,
        altered(&|proof| proof[3 * POINT..3 * POINT + SCALAR].fill(0xff)),
    );
    put(
        "hidden-message-more",
        "The proof hides a message more than was signed",
        invalid,
        altered(&|proof| {
            let scalar = proof[3 * POINT..3 * POINT + SCALAR].to_vec();
            let challenge = proof.split_off(proof.len() - SCALAR);
            proof.extend(scalar);
            proof.extend(challenge);
        }),
    );
    put(
        "index-beyond",
        "A disclosed message has an index beyond the messages",
        ("disclosure", "disclosure_invalid"),
        json!({"indexes": [0, 3]}),
    );
    put(
        "message-altered",
        "A disclosed message is another",
        invalid,
        json!({"messages": ["family_name: FRIDA", texts[1]]}),
    );
    put(
        "nonce-replayed",
        "The proof answers another nonce",
        invalid,
        json!({"presentation_header": "another"}),
    );
    put(
        "header-altered",
        "The header is another",
        invalid,
        json!({"header": "another"}),
    );
    let mut identity_key = [0; 96];
    identity_key[0] = 0xc0;
    put(
        "key-identity",
        "The signer's key is the identity",
        malformed,
        json!({"public_key": base64url(&identity_key)}),
    );
}

/// From `a_proof_of_identity_points_is_refused_for_it_would_hold_for_every_message`, where the equations alone are shown
/// to let it pass: the proof for the key whose octets are all 5, both messages disclosed.
#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
const FORGED: &str = "wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAhgrnlVHAqpSW5o350jVj4rqKwwNyvnbwWYeM1Rs3PrrGBmn6FWyf6LJxbmF3nOHvAHm7e0NbBTIWUdrv03TNxoHcBvqmXjdOODN7iMoEbeoA8-nGldxrjRsRgY1XAZGeKG3o1H98PrMQDEhfeeV4KCgL4i0DtcOoGt73uiNfQ8o2mf1ez6RI-j7PVfWdGzahTDaIT88QCpbtlL2FVYqrKUSH-CHWOjZZ1d_tOscs1to";

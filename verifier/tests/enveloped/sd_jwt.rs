//! SD-JWT in general (RFC 9901): frames, decoys, hashes, the JSON serialization.

use serde_json::{Map, Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::key::KeyType;
use tessera_verifier::sd_jwt::{
    self, ClaimsInput, Frame, HashAlgorithm, KeyBindingExpectation, from_json, parse_path, to_json,
};

use crate::code;
use crate::documents::NOW;
use crate::keys::{KINDS, Signer};

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example",
        "address": {"street": "1 Specimen Street", "city": "Specimen", "lines": ["a", ["b", "c"], {"d": 1}]},
        "nationalities": ["DE", "FR", "US"],
        "a.b": {"/": {"~": 1}}
    })
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn issue(signer: &Signer, claims: Value, frame: &Frame, algorithm: HashAlgorithm) -> String {
    let mut count = 0u8;
    let mut salts = || {
        count += 1;
        [count; 16]
    };
    let unsigned = sd_jwt::prepare_claims(ClaimsInput {
        key: signer.public_key().kind(),
        header: object(json!({"typ": "example+sd-jwt"})),
        claims: object(claims),
        frame,
        algorithm,
        salts: &mut salts,
    })
    .unwrap();
    let signature = signer.sign(unsigned.signing_input()).unwrap();
    unsigned.attach(signature)
}

fn paths(texts: &[&str]) -> Vec<ClaimPath> {
    texts
        .iter()
        .map(|text| parse_path(text, &claims()).unwrap())
        .collect()
}

fn read(text: &str, signer: &Signer) -> Result<Value, &'static str> {
    code(
        sd_jwt::parse_with(text, &KINDS)
            .and_then(|parsed| parsed.verify_issuer(signer.public_key(), &["example+sd-jwt"]))
            .map(|verified| verified.into_payload()),
    )
}

#[test]
fn every_hash_every_key_and_nested_disclosures() {
    let everything = paths(&[
        "address",
        "address.street",
        "address.lines[0]",
        "address.lines[1][1]",
        "address.lines[2].d",
        "nationalities[*]",
        "/a.b/~1/~0",
    ]);
    for kind in KINDS {
        for algorithm in [
            HashAlgorithm::Sha256,
            HashAlgorithm::Sha384,
            HashAlgorithm::Sha512,
        ] {
            let signer = Signer::fresh(kind);
            let frame = Frame::new(&everything)
                .decoys(None, 3)
                .decoys(Some(&ClaimPath::keys(&["nationalities"])), 4)
                .decoys(Some(&ClaimPath::keys(&["address"])), 2);
            let text = issue(&signer, claims(), &frame, algorithm);
            let parsed = sd_jwt::parse_with(&text, &KINDS).unwrap();
            assert_eq!(parsed.disclosures().len(), 9);
            let payload = parsed.payload_unverified();
            assert_eq!(payload["_sd_alg"], algorithm.name());
            assert_eq!(payload["_sd"].as_array().unwrap().len(), 4);
            assert_eq!(payload["nationalities"].as_array().unwrap().len(), 7);
            assert!(payload.get("address").is_none());
            assert_eq!(read(&text, &signer), Ok(claims()));
            // Nothing disclosed: what is left is what is always visible.
            let none = parsed.select(&[]).unwrap();
            assert_eq!(
                read(none.as_str(), &signer),
                Ok(json!({"iss": "https://issuer.example", "nationalities": [], "a.b": {"/": {}}}))
            );
            let one = parsed.select(&paths(&["address.lines[1][1]"])).unwrap();
            let shown = read(one.as_str(), &signer).unwrap();
            assert_eq!(
                shown["address"],
                json!({"city": "Specimen", "lines": [["b", "c"], {}]})
            );
        }
    }
}

/// Who asks for a claim as a whole is shown all that is hidden in it, however deep.
#[test]
fn a_claim_shown_as_a_whole_brings_what_is_hidden_below() {
    let signer = Signer::fresh(KeyType::P256);
    let all = json!({"iss": "https://issuer.example", "places": {"home": {"city": "Specimen", "lines": ["a", {"b": [1]}]}}});
    let path = |text: &str| parse_path(text, &all).unwrap();
    let hidden = [
        "places.home.city",
        "places.home.lines[0]",
        "places.home.lines[1].b[0]",
    ]
    .map(path);
    let text = issue(
        &signer,
        all.clone(),
        &Frame::new(&hidden),
        HashAlgorithm::Sha256,
    );
    let parsed = sd_jwt::parse(&text).unwrap();
    let shown = parsed.select(&[path("places")]).unwrap();
    assert_eq!(read(shown.as_str(), &signer), Ok(all.clone()));
    let part = parsed.select(&[path("places.home.lines")]).unwrap();
    assert_eq!(
        read(part.as_str(), &signer).unwrap()["places"],
        json!({"home": {"lines": ["a", {"b": [1]}]}})
    );
}

#[test]
fn key_binding_uses_the_hash_of_the_issuer_and_the_key_of_the_holder() {
    let (issuer, holder) = (
        Signer::fresh(KeyType::P384),
        Signer::fresh(KeyType::Ed25519),
    );
    let mut all = claims();
    all["cnf"] = json!({"jwk": holder.public_key().to_jwk()});
    let frame = Frame::new(&paths(&["nationalities[1]"]));
    let text = issue(&issuer, all, &frame, HashAlgorithm::Sha512);
    let selection = sd_jwt::parse_with(&text, &KINDS)
        .unwrap()
        .select(&[])
        .unwrap();
    let unsigned = selection.bind(KeyType::Ed25519, "https://verifier.example", "nonce", NOW);
    let signature = holder.sign(unsigned.signing_input()).unwrap();
    let shown = unsigned.attach(signature);
    let expected = KeyBindingExpectation {
        aud: "https://verifier.example",
        nonce: "nonce",
        now: NOW,
        max_age: 60,
        clock_skew: 0,
    };
    let binding = |allowed: &[KeyType]| {
        code(
            sd_jwt::parse_with(&shown, allowed)
                .and_then(|parsed| parsed.verify_issuer(issuer.public_key(), &["example+sd-jwt"]))
                .and_then(|verified| verified.verify_key_binding(&expected)),
        )
    };
    assert_eq!(binding(&KINDS), Ok(()));
    assert_eq!(binding(&[KeyType::P384]), Err("unsupported_algorithm"));
    // The same in JSON (RFC 9901 §8), and back.
    let in_json = to_json(&shown).unwrap();
    assert_eq!(in_json["header"]["disclosures"], json!([]));
    assert_eq!(from_json(in_json.to_string().as_bytes()).unwrap(), shown);
}

#[test]
fn the_json_serialization_has_one_signature_and_no_surprises() {
    let signer = Signer::fresh(KeyType::P256);
    let frame = Frame::new(&paths(&["address", "nationalities[0]"]));
    let text = issue(&signer, claims(), &frame, HashAlgorithm::Sha256);
    let flat = to_json(&text).unwrap();
    let compact = |value: Value| code(from_json(value.to_string().as_bytes()));
    assert_eq!(compact(flat.clone()), Ok(text.clone()));
    let mut one = flat.clone();
    let payload = one.as_object_mut().unwrap().remove("payload").unwrap();
    let general = json!({"payload": payload, "signatures": [one]});
    assert_eq!(compact(general.clone()), Ok(text));
    let mut two = general.clone();
    two["signatures"] = json!([one, one]);
    let mut mixed = general;
    mixed["signature"] = json!("AA");
    let mut tilde = flat.clone();
    tilde["header"]["disclosures"][0] = json!("a~b");
    let mut number = flat.clone();
    number["header"]["disclosures"][0] = json!(1);
    let mut algorithm = flat.clone();
    algorithm["header"]["alg"] = json!("none");
    let mut header = flat.clone();
    header["header"] = json!([]);
    let mut critical = flat.clone();
    critical["header"]["crit"] = json!(["x"]);
    let mut other = flat.clone();
    other["header"]["kid"] = json!("x");
    assert!(compact(other).is_ok(), "a header that changes nothing");
    for refused in [
        two,
        mixed,
        tilde,
        number,
        algorithm,
        critical,
        header,
        json!({}),
        json!([]),
    ] {
        assert_eq!(compact(refused), Err("malformed"));
    }
    assert_eq!(code(to_json("a.b~").map(|_| ())), Err("malformed"));
    assert_eq!(code(to_json("a.b.c").map(|_| ())), Err("malformed"));
}

#[test]
fn paths_as_people_write_them() {
    let document = claims();
    let pointer = |text: &str| {
        code(parse_path(text, &document)).map(|path| path.to_json_pointer("").unwrap_or_default())
    };
    assert_eq!(
        pointer("address.lines[1][0]").as_deref(),
        Ok("/address/lines/1/0")
    );
    assert_eq!(
        pointer("/nationalities/2").as_deref(),
        Ok("/nationalities/2")
    );
    assert_eq!(pointer("/a.b/~1").as_deref(), Ok("/a.b/~1"));
    for text in [
        "",
        ".",
        "a.",
        ".a",
        "a[",
        "a[]",
        "a[01]",
        "a[+1]",
        "a[x]",
        "a[1",
        "[0]",
        "a[1]b",
        "/nationalities/01",
        "/nationalities/-",
    ] {
        assert_eq!(pointer(text), Err("malformed"), "{text}");
    }
    assert_eq!(pointer(&vec!["a"; 17].join(".")), Err("too_large"));
}

#[test]
fn what_an_issuer_must_not_ask_for() {
    let prepare = |claims: Value, frame: &Frame, key: KeyType| {
        code(
            sd_jwt::prepare_claims(ClaimsInput {
                key,
                header: Map::new(),
                claims: object(claims),
                frame,
                algorithm: HashAlgorithm::Sha256,
                salts: &mut || [0; 16],
            })
            .map(|_| ()),
        )
    };
    let none = Frame::default();
    assert_eq!(prepare(claims(), &none, KeyType::P256), Ok(()));
    assert_eq!(
        prepare(claims(), &none, KeyType::Bls12381G2),
        Err("unsupported_algorithm")
    );
    for reserved in [
        json!({"_sd": []}),
        json!({"_sd_alg": "sha-256"}),
        json!({"a": {"_sd": 1}}),
        json!({"a": [{"...": 1}]}),
    ] {
        assert_eq!(
            prepare(reserved, &none, KeyType::P256),
            Err("disclosure_invalid")
        );
    }
    // Paths that lead to nothing: a name, an index, a step into the wrong kind of value.
    for text in [
        "x",
        "address.x",
        "nationalities[3]",
        "nationalities.x",
        "iss.x",
        "iss[0]",
        "address[0]",
        "address[*]",
    ] {
        let frame = Frame::new(&[parse_path(text, &claims()).unwrap()]);
        assert_eq!(
            prepare(claims(), &frame, KeyType::P256),
            Err("disclosure_invalid"),
            "{text}"
        );
    }
    // A reserved name inside something disclosable.
    let frame = Frame::new(&[ClaimPath::keys(&["a"])]);
    assert_eq!(
        prepare(json!({"a": {"b": {"...": 1}}}), &frame, KeyType::P256),
        Err("disclosure_invalid")
    );
}

/// RFC 9901 §7.1 step 4: a digest that comes twice is refused, whether its disclosure is shown or not.
#[test]
fn no_digest_comes_twice() {
    use tessera_verifier::sd_jwt::Disclosure;
    let signer = Signer::fresh(KeyType::P256);
    let disclosure = Disclosure::new(&[1; 16], Some("name"), &json!("Specimen"));
    let verdict = |payload: Value, shown: bool| {
        let header = json!({"typ": "example+sd-jwt"});
        let jwt = tessera_verifier::jws::sign(header, &payload, &signer).unwrap();
        let rest = if shown {
            format!("{}~", disclosure.encoded())
        } else {
            String::new()
        };
        read(&format!("{jwt}~{rest}"), &signer).map(|_| ())
    };
    let digest = disclosure.digest();
    for shown in [false, true] {
        assert_eq!(verdict(json!({"_sd": [digest]}), shown), Ok(()));
        for twice in [
            json!({"_sd": [digest, digest]}),
            json!({"_sd": [digest], "a": {"_sd": [digest]}}),
            json!({"a": [{"_sd": [digest]}, {"_sd": [digest]}]}),
        ] {
            assert_eq!(
                verdict(twice.clone(), shown),
                Err("disclosure_invalid"),
                "{twice} {shown}"
            );
        }
    }
}

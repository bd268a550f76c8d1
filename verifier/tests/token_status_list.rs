//! Token Status List: the published encodings and tokens, and every rule of a status list token broken once.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "only the key is needed here")]
mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::Signer;
use tessera_verifier::cbor::{self, Limits};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::status::{
    EntryBits, StatusArray, StatusClaim, StatusListAggregation, StatusType, TokenStatusList,
};
use tessera_verifier::{Error, Timestamp, cose, jws};

const URI: &str = "https://issuer.example/status/1";
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

/// A published file without its explanation and line breaks, or `None` where the vectors are not at hand.
fn vector(name: &str) -> Option<String> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/token-status-list");
    let text = fs::read_to_string(folder.join(format!("{name}.md"))).ok();
    let Some(text) = text else {
        println!("skipped: {name} is not at hand");
        return None;
    };
    let text = text.split("encoded:").last().unwrap();
    Some(text.split_whitespace().collect())
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// The list of a JSON file and of a CBOR file, which must be the same, and come back from our own encodings.
fn lists(json: &str, cbor: &str) -> Option<StatusArray> {
    let read: Value = serde_json::from_str(&vector(json)?).unwrap();
    let list = StatusArray::from_json(&read).unwrap();
    let read = cbor::parse(&bytes(&vector(cbor)?), Limits::MESSAGE).unwrap();
    assert!(StatusArray::from_cbor(&read).unwrap() == list);
    assert!(StatusArray::from_json(&list.to_json()).unwrap() == list);
    assert!(StatusArray::from_cbor(&list.to_cbor()).unwrap() == list);
    Some(list)
}

fn values(list: &StatusArray) -> Vec<u8> {
    (0..list.len())
        .map(|index| list.get(index).unwrap().into())
        .collect()
}

/// Every status of `list` that is not zero, with its place.
fn set(list: &StatusArray) -> Vec<(usize, u8)> {
    let all = values(list).into_iter().enumerate();
    all.filter(|(_, value)| *value != 0).collect()
}

#[test]
fn the_short_published_lists() {
    if let Some(list) = lists("status_list_encoding_json", "status_list_encoding_cbor") {
        assert_eq!(list.bits(), EntryBits::One);
        assert_eq!(
            values(&list),
            [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
        );
    }
    if let Some(list) = lists("status_list_encoding2_json", "status_list_encoding2_cbor") {
        assert_eq!(list.bits(), EntryBits::Two);
        assert_eq!(values(&list), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
        assert_eq!(list.get(1), Some(StatusType::Suspended));
        assert_eq!(list.get(3), Some(StatusType::ApplicationSpecific(3)));
        assert_eq!(list.get(12), None);
    }
}

#[test]
fn the_long_published_lists() {
    let places = [
        0, 1993, 25_460, 159_495, 495_669, 554_353, 645_645, 723_232, 854_545, 934_534, 1_000_345,
    ];
    if let Some(list) = lists(
        "status_list_encoding1_long_json",
        "status_list_encoding1_long_cbor",
    ) {
        assert_eq!(list.len(), 1 << 20);
        assert_eq!(set(&list), places.map(|place| (place, 1)));
    }
    if let Some(list) = lists(
        "status_list_encoding2_long_json",
        "status_list_encoding2_long_cbor",
    ) {
        let expected = [1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3];
        assert_eq!(list.len(), 1 << 20);
        assert!(set(&list).into_iter().eq(places.into_iter().zip(expected)));
    }
    if let Some(list) = lists("status_list_encoding4_json", "status_list_encoding4_cbor") {
        assert_eq!(list.len(), 1 << 20);
        let expected = [
            (0, 1),
            (1993, 2),
            (35_460, 3),
            (459_495, 4),
            (595_669, 5),
            (754_353, 6),
            (845_645, 7),
            (923_232, 8),
            (924_445, 9),
            (934_534, 10),
            (1_000_345, 12),
            (1_004_534, 11),
            (1_030_203, 13),
            (1_030_204, 14),
            (1_030_205, 15),
        ];
        assert_eq!(set(&list), expected);
    }
    if let Some(list) = lists("status_list_encoding8_json", "status_list_encoding8_cbor") {
        assert_eq!(list.len(), 1 << 20);
        let mut found = set(&list);
        for known in [
            (52_451, 1),
            (884_834, 8),
            (65_877, 161),
            (30_949, 201),
            (19_535, 255),
        ] {
            assert!(found.contains(&known), "{known:?}");
        }
        found.sort_unstable_by_key(|(_, value)| *value);
        assert!(found.into_iter().map(|(_, value)| value).eq(1..=255));
    }
}

/// The key of the published examples, from the program that makes them.
fn example_key() -> PublicKey {
    PublicKey::from_jwk(&json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo",
        "y": "6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M",
    }))
    .unwrap()
}

#[test]
fn the_published_tokens() {
    let sub = "https://example.com/statuslists/1";
    let stranger = Signer::fresh();
    let check = |list: TokenStatusList| {
        assert_eq!(set(&list.statuses).len(), 9);
        assert_eq!(list.issued_at.unix(), 1_686_920_170);
        assert_eq!(list.expires.map(Timestamp::unix), Some(2_291_720_170));
        assert_eq!((list.ttl, list.aggregation_uri), (Some(43_200), None));
    };
    if let Some(jwt) = vector("status_list_jwt_raw") {
        check(TokenStatusList::verify_jwt(&jwt, sub, &example_key()).unwrap());
        assert_eq!(
            code(TokenStatusList::verify_jwt(
                &jwt,
                sub,
                stranger.public_key()
            )),
            "invalid_signature"
        );
    }
    if let Some(cwt) = vector("status_list_cwt") {
        let cwt = bytes(&cwt);
        check(TokenStatusList::verify_cwt(&cwt, sub, &example_key()).unwrap());
        assert_eq!(
            code(TokenStatusList::verify_cwt(
                &cwt,
                sub,
                stranger.public_key()
            )),
            "invalid_signature"
        );
    }
    if let Some(cwt) = vector("referenced_token_cwt") {
        let token = cose::parse(&bytes(&cwt), Limits::MESSAGE, &[KeyType::P256]).unwrap();
        let claims = cbor::parse(token.payload_unverified(), Limits::MESSAGE).unwrap();
        let claim = StatusClaim::from_cwt_claims(&claims).unwrap();
        assert_eq!((claim.uri.as_str(), claim.index), (sub, 0));
        assert_eq!(claims.at(65_535), Some(&claim.to_cbor()));
        assert_eq!(StatusClaim::from_json(&claim.to_json()), Some(claim));
    }
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

fn list() -> TokenStatusList {
    let mut statuses = StatusArray::new(64, EntryBits::Four).unwrap();
    statuses.set(5, StatusType::Suspended).unwrap();
    statuses
        .set(6, StatusType::ApplicationSpecific(0x0d))
        .unwrap();
    TokenStatusList {
        sub: URI.to_owned(),
        issued_at: NOW,
        expires: Some(NOW.add_seconds(86_400)),
        ttl: Some(3600),
        aggregation_uri: Some("https://issuer.example/status".to_owned()),
        statuses: statuses.into(),
    }
}

fn check_content(read: &TokenStatusList) {
    let written = list();
    assert_eq!(read.sub, written.sub);
    assert_eq!(
        (read.issued_at, read.expires, read.ttl),
        (NOW, written.expires, Some(3600))
    );
    assert_eq!(read.aggregation_uri, written.aggregation_uri);
    assert!(read.statuses == written.statuses);
}

#[test]
fn what_is_written_is_read_in_both_encodings() {
    let signer = Signer::fresh();
    let jwt = list()
        .prepare_jwt(KeyType::P256, "12")
        .sign(&signer)
        .unwrap();
    check_content(&TokenStatusList::verify_jwt(&jwt, URI, signer.public_key()).unwrap());
    let cwt = list()
        .prepare_cwt(KeyType::P256, b"12")
        .unwrap()
        .sign(&signer)
        .unwrap();
    check_content(&TokenStatusList::verify_cwt(&cwt, URI, signer.public_key()).unwrap());

    let other = Signer::fresh();
    assert_eq!(
        code(TokenStatusList::verify_jwt(&jwt, URI, other.public_key())),
        "invalid_signature"
    );
    assert_eq!(
        code(TokenStatusList::verify_cwt(&cwt, URI, other.public_key())),
        "invalid_signature"
    );
    let moved = "https://issuer.example/status/2";
    assert_eq!(
        code(TokenStatusList::verify_jwt(
            &jwt,
            moved,
            signer.public_key()
        )),
        "malformed"
    );
    assert_eq!(
        code(TokenStatusList::verify_cwt(
            &cwt,
            moved,
            signer.public_key()
        )),
        "malformed"
    );
}

#[test]
fn a_status_is_told_only_within_the_time_and_length_of_the_list() {
    let list = list();
    assert_eq!(list.status(5, NOW), Ok(StatusType::Suspended));
    assert_eq!(list.status(6, NOW), Ok(StatusType::ApplicationSpecific(13)));
    assert_eq!(
        list.status(63, NOW.add_seconds(86_399)),
        Ok(StatusType::Valid)
    );
    assert_eq!(
        code(list.status(63, NOW.add_seconds(86_400))),
        "status_undetermined"
    );
    assert_eq!(
        code(list.status(63, NOW.add_seconds(-1))),
        "status_undetermined"
    );
    assert_eq!(code(list.status(64, NOW)), "status_out_of_range");
    assert_eq!(code(list.status(usize::MAX, NOW)), "status_out_of_range");
    assert_eq!(list.refresh_at(NOW), Some(NOW.add_seconds(3600)));
    assert_eq!(list.refresh_at(NOW.add_seconds(86_000)), list.expires);
    let kept = TokenStatusList {
        ttl: None,
        expires: None,
        ..list
    };
    assert_eq!(kept.refresh_at(NOW), None);
}

fn jwt(signer: &Signer, header: Value, change: impl FnOnce(&mut Value)) -> String {
    let mut payload = json!({
        "sub": URI, "iat": NOW, "exp": NOW.add_seconds(60), "ttl": 60,
        "status_list": StatusArray::new(16, EntryBits::One).unwrap().to_json(),
    });
    change(&mut payload);
    jws::sign(header, &payload, signer).unwrap()
}

#[test]
fn every_rule_of_a_jwt_has_a_refusal() {
    let signer = Signer::fresh();
    let typ = || json!({"typ": "statuslist+jwt", "kid": "12"});
    let read = |jwt: &str| code(TokenStatusList::verify_jwt(jwt, URI, signer.public_key()));
    assert_eq!(read(&jwt(&signer, typ(), |_| ())), "accepted");
    let optional = |payload: &mut Value| {
        let payload = payload.as_object_mut().unwrap();
        payload.remove("exp");
        payload.remove("ttl");
    };
    assert_eq!(read(&jwt(&signer, typ(), optional)), "accepted");
    assert_eq!(
        read(&jwt(&signer, json!({"typ": "JWT"}), |_| ())),
        "unsupported_format"
    );
    assert_eq!(read(&jwt(&signer, json!({}), |_| ())), "unsupported_format");
    for (pointer, value) in [
        ("/sub", json!(null)),
        ("/sub", json!("https://issuer.example/status/2")),
        ("/iat", json!(null)),
        ("/iat", json!("2026-01-01T00:00:00Z")),
        ("/exp", json!("never")),
        ("/ttl", json!(0)),
        ("/ttl", json!(-60)),
        ("/ttl", json!("60")),
        ("/status_list", json!("eNrbuRgAAhcBXQ")),
        ("/status_list/bits", json!(3)),
        ("/status_list/bits", json!(0)),
        ("/status_list/bits", json!("1")),
        ("/status_list/lst", json!(1)),
        ("/status_list/lst", json!("")),
        ("/status_list/lst", json!("eNrbuRgAAhcBXQ==")),
        ("/status_list/lst", json!("eNrbuRgAAhcBXR")),
        ("/status_list/lst", json!("eNrbuRgAAhcBX")),
        ("/status_list/lst", json!("eNrbuRgAAhcBXQAA")),
        ("/status_list/aggregation_uri", json!(1)),
        ("/status_list/aggregation_uri", json!("no url")),
    ] {
        let change = |payload: &mut Value| {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            payload.pointer_mut(parent).unwrap()[name] = value.clone();
        };
        assert_eq!(
            read(&jwt(&signer, typ(), change)),
            "malformed",
            "{pointer} {value}"
        );
    }
    // A signature by a MAC is no signature: whoever checks it can make it.
    let header =
        tessera_verifier::encoding::base64url(br#"{"alg":"HS256","typ":"statuslist+jwt"}"#);
    let good = jwt(&signer, typ(), |_| ());
    let (_, rest) = good.split_once('.').unwrap();
    assert_eq!(read(&format!("{header}.{rest}")), "unsupported_algorithm");
}

fn cwt(
    signer: &Signer,
    typ: &str,
    change: impl FnOnce(&mut Vec<(cbor::Value, cbor::Value)>),
) -> Vec<u8> {
    let number = cbor::Value::Integer;
    let mut claims = vec![
        (number(2), cbor::Value::Text(URI.to_owned())),
        (number(6), number(NOW.unix())),
        (number(4), number(NOW.unix() + 60)),
        (number(65_534), number(60)),
        (
            number(65_533),
            StatusArray::new(16, EntryBits::One).unwrap().to_cbor(),
        ),
    ];
    change(&mut claims);
    let header = cose::Protected {
        typ: Some(typ),
        ..cose::Protected::default()
    };
    let unsigned = cose::Unsigned::new(KeyType::P256, &header, cbor::Value::Map(claims).to_vec());
    unsigned.unwrap().sign(signer).unwrap()
}

#[test]
fn every_rule_of_a_cwt_has_a_refusal() {
    let signer = Signer::fresh();
    let typ = "application/statuslist+cwt";
    let key: &PublicKey = signer.public_key();
    let read = |cwt: &[u8]| code(TokenStatusList::verify_cwt(cwt, URI, key));
    let good = cwt(&signer, typ, |_| ());
    assert_eq!(read(&good), "accepted");
    // §5.2 asks for no tag, the published example has one.
    assert_eq!(good[0], 0xd2);
    assert_eq!(read(&good[1..]), "accepted");
    assert_eq!(
        read(&cwt(&signer, "application/cwt", |_| ())),
        "unsupported_format"
    );
    let number = cbor::Value::Integer;
    let text = |text: &str| cbor::Value::Text(text.to_owned());
    for (label, value) in [
        (2, text("https://issuer.example/status/2")),
        (2, number(1)),
        (6, text("now")),
        (4, text("never")),
        (65_534, number(0)),
        (65_534, number(-1)),
        (65_533, text("list")),
        (
            65_533,
            cbor::Value::Map(vec![
                (text("bits"), number(3)),
                (text("lst"), cbor::Value::Bytes(vec![])),
            ]),
        ),
        (
            65_533,
            cbor::Value::Map(vec![
                (text("bits"), number(1)),
                (text("lst"), cbor::Value::Bytes(vec![])),
            ]),
        ),
        (
            65_533,
            cbor::Value::Map(vec![
                (text("bits"), number(1)),
                (text("lst"), text("eNrbuRgAAhcBXQ")),
            ]),
        ),
    ] {
        let replaced = cwt(&signer, typ, |claims| {
            for claim in claims.iter_mut().filter(|(key, _)| *key == number(label)) {
                claim.1 = value.clone();
            }
        });
        assert_eq!(read(&replaced), "malformed", "{label} {value:?}");
    }
    for label in [2, 6, 65_533] {
        let bare = cwt(&signer, typ, |claims| {
            claims.retain(|(key, _)| *key != number(label))
        });
        assert_eq!(read(&bare), "malformed", "{label}");
    }
    for label in [4, 65_534] {
        let bare = cwt(&signer, typ, |claims| {
            claims.retain(|(key, _)| *key != number(label))
        });
        assert_eq!(read(&bare), "accepted", "{label}");
    }
}

#[test]
fn a_status_must_fit_into_its_bits() {
    for (bits, fits, too_great) in [
        (EntryBits::One, 1, 2),
        (EntryBits::Two, 3, 4),
        (EntryBits::Four, 15, 16),
    ] {
        let mut list = StatusArray::new(16, bits).unwrap();
        list.set(9, StatusType::from(fits)).unwrap();
        assert_eq!(
            code(list.set(9, StatusType::from(too_great))),
            "status_out_of_range"
        );
        assert_eq!(code(list.set(16, StatusType::Valid)), "status_out_of_range");
        assert_eq!(set(&list), [(9, fits)]);
        list.set(9, StatusType::Valid).unwrap();
        assert_eq!(set(&list), []);
    }
    assert_eq!(
        code(StatusArray::new(
            StatusArray::MAX_BYTES * 8 + 1,
            EntryBits::One
        )),
        "too_large"
    );
}

#[test]
fn aggregations_name_lists_by_url() {
    let read = |text: &str| StatusListAggregation::parse(text.as_bytes());
    let lists =
        read(r#"{"status_lists":["https://a.example/1","https://a.example/2"],"x":1}"#).unwrap();
    assert_eq!(
        lists.status_lists,
        ["https://a.example/1", "https://a.example/2"]
    );
    let written = serde_json::to_vec(&lists).unwrap();
    assert_eq!(StatusListAggregation::parse(&written), Ok(lists));
    for text in [
        "{}",
        "[]",
        r#"{"status_lists":"https://a.example/1"}"#,
        r#"{"status_lists":[1]}"#,
        r#"{"status_lists":["no url"]}"#,
    ] {
        assert_eq!(code(read(text)), "malformed", "{text}");
    }
    let many = json!({"status_lists": vec!["https://a.example/1"; 4097]}).to_string();
    assert_eq!(code(read(&many)), "too_large");
}

#[test]
fn what_is_read_and_made_is_bounded() {
    let of = |lst: String| code(StatusArray::from_json(&json!({"bits": 1, "lst": lst})));
    // Nothing, compressed.
    assert_eq!(of("eJwDAAAAAAE".to_owned()), "malformed");
    assert_eq!(of("A".repeat(StatusArray::MAX_BYTES * 3 / 2)), "malformed");
    assert_eq!(
        of("A".repeat(StatusArray::MAX_BYTES * 3 / 2 + 1)),
        "too_large"
    );
    let aggregation = |count: usize| {
        let lists = json!({"status_lists": vec!["https://a.example/1"; count]});
        code(StatusListAggregation::parse(lists.to_string().as_bytes()))
    };
    assert_eq!(aggregation(4096), "accepted");
    assert_eq!(aggregation(4097), "too_large");
    let most = tessera_verifier::status::BitString::MAX_ENTRIES;
    let made = |entries| code(tessera_verifier::status::BitString::new(entries));
    assert_eq!(made(most), "accepted");
    assert_eq!(made(most + 1), "too_large");
}

#[test]
fn a_cwt_says_which_key_signed_it() {
    let signer = Signer::fresh();
    let cwt = list().prepare_cwt(KeyType::P256, b"12").unwrap();
    let cwt = cwt.sign(&signer).unwrap();
    let read = cose::parse(&cwt, cbor::Limits::MESSAGE, &[KeyType::P256]).unwrap();
    assert_eq!(read.header().kid.as_deref(), Some(&b"12"[..]));
}

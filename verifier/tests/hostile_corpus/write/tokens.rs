//! Status list tokens by themselves, as CWT: classes 2, 5, 6, 12 and 14.

use serde_json::{Value, json};
use tessera_verifier::cbor;
use tessera_verifier::cose;
use tessera_verifier::encoding::{base64, from_base64url};
use tessera_verifier::key::KeyType;
use tessera_verifier::status::{BitString, EntryBits, StatusArray};

use super::{Hostile, honest};
use crate::support::{NOW, Signer};

const URI: &str = "https://issuer.example/status/1";
const INDEX: usize = 7;
const TYP: &str = "application/statuslist+cwt";

/// Labels of claims (RFC 8392 §4, Token Status List §5.2).
const SUB: i64 = 2;
const EXP: i64 = 4;
const IAT: i64 = 6;
const STATUS_LIST: i64 = 65_533;
const TTL: i64 = 65_534;

const MALFORMED: (&str, &str) = ("status", "malformed");
const INVALID: (&str, &str) = ("status", "invalid_signature");
const UNDETERMINED: (&str, &str) = ("status", "status_undetermined");

type Pairs = Vec<(cbor::Value, cbor::Value)>;

fn text(text: &str) -> cbor::Value {
    cbor::Value::Text(text.to_owned())
}

fn claims() -> Pairs {
    let number = cbor::Value::Integer;
    let list = StatusArray::new(1_000, EntryBits::Two).unwrap();
    vec![
        (number(SUB), text(URI)),
        (number(IAT), number(NOW.unix())),
        (number(EXP), number(NOW.unix() + 60)),
        (number(TTL), number(60)),
        (number(STATUS_LIST), list.to_cbor()),
    ]
}

fn unsigned(kind: KeyType, typ: Option<&str>, claims: Pairs) -> cose::Unsigned {
    let header = cose::Protected {
        typ,
        ..cose::Protected::default()
    };
    cose::Unsigned::new(kind, &header, cbor::Value::Map(claims).to_vec()).unwrap()
}

fn put(class: u64, name: &str, about: &str, refused: (&str, &str), members: Value) {
    Hostile {
        class,
        kind: "status_list",
        twin: "cwt-list",
    }
    .put(&format!("cwt-list-{name}"), about, refused, members);
}

pub(super) fn write() {
    let [signer, other] = [KeyType::P256, KeyType::P256].map(Signer::fresh);
    let signed = |typ, claims| unsigned(KeyType::P256, typ, claims).sign(&signer).unwrap();
    let list = |bytes: &[u8]| json!({"list": base64(bytes)});
    let good = signed(Some(TYP), claims());
    let mut members = list(&good);
    for (name, value) in [
        ("key", json!(signer.did())),
        ("uri", json!(URI)),
        ("index", json!(INDEX)),
        ("now", json!(NOW.to_rfc3339())),
    ] {
        members[name] = value;
    }
    honest(
        "status_list",
        "cwt-list",
        "A status list token as CWT, which says of an index that it is valid",
        members,
    );
    let forged = unsigned(KeyType::P256, Some(TYP), claims()).sign(&other);
    put(
        6,
        "by-another-key",
        "Another key signed the list",
        INVALID,
        list(&forged.unwrap()),
    );
    let changed = |find: u8, with: u8| {
        let mut bytes = good.clone();
        let at = bytes.iter().position(|byte| *byte == find).unwrap();
        bytes[at] = with;
        list(&bytes)
    };
    let last = good.len() - 1;
    let mut altered = good.clone();
    altered[last] ^= 1;
    put(
        6,
        "signature-altered",
        "A bit of the signature is turned",
        INVALID,
        list(&altered),
    );
    put(
        12,
        "alg-of-another-key",
        "The header says EdDSA, the key is of P-256",
        ("status", "unsupported_algorithm"),
        // The protected header begins with alg, ES256 (-7): 0x26.
        changed(0x26, 0x27),
    );
    put(
        6,
        "mac",
        "The message is a MAC, which whoever checks it can make",
        MALFORMED,
        // COSE_Mac0 has tag 17, COSE_Sign1 18.
        changed(0xd2, 0xd1),
    );
    put(
        12,
        "trailing-byte",
        "A byte follows the token",
        MALFORMED,
        list(&[&good[..], &[0]].concat()),
    );
    put(
        12,
        "truncated",
        "The token lacks its last byte",
        MALFORMED,
        list(&good[..last]),
    );
    for (name, about, typ) in [
        ("typ-missing", "The header says no typ", None),
        (
            "typ-of-another",
            "The header says that it is some CWT",
            Some("application/cwt"),
        ),
    ] {
        put(
            12,
            name,
            about,
            ("status", "unsupported_format"),
            list(&signed(typ, claims())),
        );
    }
    let with = |label: i64, value: Option<cbor::Value>| {
        let mut claims = claims();
        claims.retain(|(key, _)| *key != cbor::Value::Integer(label));
        claims.extend(value.map(|value| (cbor::Value::Integer(label), value)));
        list(&signed(Some(TYP), claims))
    };
    let number = |number| Some(cbor::Value::Integer(number));
    put(
        6,
        "of-another-place",
        "The list is that of another place",
        MALFORMED,
        with(SUB, Some(text("https://issuer.example/status/2"))),
    );
    put(
        6,
        "of-no-place",
        "The list does not say whose it is",
        MALFORMED,
        with(SUB, None),
    );
    put(
        6,
        "without-time",
        "The list does not say when it was issued",
        MALFORMED,
        with(IAT, None),
    );
    put(
        6,
        "stale",
        "The list is at its end",
        UNDETERMINED,
        with(EXP, number(NOW.unix())),
    );
    put(
        6,
        "from-the-future",
        "The list does not hold yet",
        UNDETERMINED,
        with(IAT, number(NOW.unix() + 1)),
    );
    put(
        6,
        "ttl-zero",
        "The list may be kept for no time",
        MALFORMED,
        with(TTL, number(0)),
    );
    put(
        6,
        "index-beyond",
        "The index is one beyond the list",
        ("status", "status_out_of_range"),
        json!({"index": 1_000}),
    );
    arrays(&|bits, lst| {
        let lst = cbor::Value::Bytes(lst);
        let list = cbor::Value::Map(vec![
            (text("bits"), cbor::Value::Integer(bits)),
            (text("lst"), lst),
        ]);
        with(STATUS_LIST, Some(list))
    });
}

/// What is wrong within the list.
fn arrays(with: &dyn Fn(i64, Vec<u8>) -> Value) {
    let array = StatusArray::new(1_000, EntryBits::Two).unwrap();
    let json = array.to_json();
    let lst = from_base64url(json["lst"].as_str().unwrap()).unwrap();
    put(
        6,
        "bits-three",
        "Statuses of three bits, which there are not",
        MALFORMED,
        with(3, lst.clone()),
    );
    put(
        6,
        "empty",
        "The list has no statuses",
        MALFORMED,
        with(2, Vec::new()),
    );
    put(
        14,
        "bytes-after-list",
        "A byte follows the compressed list",
        MALFORMED,
        with(2, [&lst[..], &[0]].concat()),
    );
    put(
        14,
        "list-cut-off",
        "The compressed list lacks its last byte",
        MALFORMED,
        with(2, lst[..lst.len() - 1].to_vec()),
    );
    // One byte more than what is read.
    let bomb = super::bundles::zlib(&vec![0; BitString::MAX_ENTRIES / 8 + 1]);
    put(
        5,
        "bomb",
        "The list unpacks to more than any list may have",
        ("status", "too_large"),
        with(2, bomb),
    );
}

//! Bitstring Status List: entries, lists and what a list says about an entry.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use serde_json::{Value, json};
use tessera_verifier::status::{
    BitString, BitstringStatusList, Purpose, StatusEntry, StatusMessage, StatusSize,
};
use tessera_verifier::{Error, Timestamp};

const LIST: &str = "https://issuer.example/status/1";
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

fn place<T>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::MalformedValue { path, .. }) => path,
        other => code(other).to_owned(),
    }
}

/// With three values of a shipment and one to come.
fn shipment() -> Value {
    json!({
        "type": "BitstringStatusListEntry",
        "statusPurpose": "message",
        "statusListIndex": "492847",
        "statusSize": 2,
        "statusListCredential": LIST,
        "statusMessage": [
            {"status": "0x0", "message": "pending_review"},
            {"status": "0x1", "message": "accepted", "colour": "green"},
            {"status": "0x2", "message": "rejected"},
            {"status": "0x3", "message": "undefined"},
        ],
        "statusReference": ["https://issuer.example/dictionary", "https://issuer.example/more"],
    })
}

#[test]
fn entries_come_back_as_they_were_written() {
    let entry = StatusEntry::parse(&shipment()).unwrap();
    assert_eq!(
        (entry.index, entry.size.bits(), entry.messages.len()),
        (492_847, 2, 4)
    );
    let mut written = entry.to_json();
    written["statusMessage"][1]["colour"] = json!("green");
    assert_eq!(written, shipment());

    let mut plain = StatusEntry::new(Purpose::Suspension, LIST, 0);
    plain.id = Some(format!("{LIST}#0"));
    plain.references = vec!["https://issuer.example/why".to_owned()];
    plain.messages = vec![
        StatusMessage {
            status: 0,
            message: "unset".to_owned(),
        },
        StatusMessage {
            status: 1,
            message: "set".to_owned(),
        },
    ];
    assert_eq!(StatusEntry::parse(&plain.to_json()), Ok(plain));
    let other = StatusEntry::new(Purpose::from("recall"), LIST, 7);
    assert_eq!(other.purpose, Purpose::Other("recall".to_owned()));
    assert_eq!(StatusEntry::parse(&other.to_json()), Ok(other));
}

#[test]
fn every_rule_of_an_entry_has_a_refusal() {
    for (name, value, expected) in [
        ("type", json!("StatusList2021Entry"), "/type"),
        ("type", json!(["BitstringStatusListEntry"]), "/type"),
        ("statusPurpose", json!(["revocation"]), "/statusPurpose"),
        ("statusPurpose", json!(null), "/statusPurpose"),
        ("statusListIndex", json!(true), "/statusListIndex"),
        ("statusListIndex", json!(1), "/statusListIndex"),
        ("statusListIndex", json!(""), "/statusListIndex"),
        ("statusListIndex", json!("-1"), "/statusListIndex"),
        ("statusListIndex", json!("+1"), "/statusListIndex"),
        ("statusListIndex", json!("0x1"), "/statusListIndex"),
        ("statusListIndex", json!("007"), "/statusListIndex"),
        ("statusListIndex", json!("1.0"), "/statusListIndex"),
        (
            "statusListCredential",
            json!("no url"),
            "/statusListCredential",
        ),
        (
            "statusListCredential",
            json!([LIST]),
            "/statusListCredential",
        ),
        ("id", json!(LIST), "/id"),
        ("id", json!("no url"), "/id"),
        ("id", json!(1), "/id"),
        ("statusSize", json!(0), "/statusSize"),
        ("statusSize", json!(-1), "/statusSize"),
        ("statusSize", json!("2"), "/statusSize"),
        ("statusSize", json!(1.5), "/statusSize"),
        ("statusSize", json!(17), "too_large"),
        ("statusSize", json!(1), "/statusMessage"),
        ("statusSize", json!(3), "/statusMessage"),
        ("statusMessage", json!({}), "/statusMessage"),
        ("statusMessage", json!([]), "/statusMessage"),
        ("statusReference", json!([]), "/statusReference"),
        (
            "statusReference",
            json!(["https://a.example", "no url"]),
            "/statusReference/1",
        ),
        ("statusReference", json!({}), "/statusReference"),
    ] {
        let mut entry = shipment();
        entry[name] = value.clone();
        assert_eq!(
            place(StatusEntry::parse(&entry)),
            expected,
            "{name} {value}"
        );
    }
    for (name, value, expected) in [
        ("status", json!("1"), "/statusMessage/1/status"),
        ("status", json!("0x"), "/statusMessage/1/status"),
        ("status", json!("0x+1"), "/statusMessage/1/status"),
        ("status", json!("0x4"), "/statusMessage/1/status"),
        ("status", json!(1), "/statusMessage/1/status"),
        ("status", json!("0x2"), "/statusMessage"),
        ("message", json!(1), "/statusMessage/1/message"),
    ] {
        let mut entry = shipment();
        entry["statusMessage"][1][name] = value.clone();
        assert_eq!(
            place(StatusEntry::parse(&entry)),
            expected,
            "{name} {value}"
        );
    }
    for name in [
        "type",
        "statusPurpose",
        "statusListIndex",
        "statusListCredential",
        "statusMessage",
    ] {
        let mut entry = shipment();
        entry.as_object_mut().unwrap().remove(name);
        assert_eq!(place(StatusEntry::parse(&entry)), format!("/{name}"));
    }
    assert_eq!(place(StatusEntry::parse(&json!(LIST))), "");
}

fn list(purposes: &[&str], bits: BitString) -> BitstringStatusList {
    BitstringStatusList {
        id: Some(LIST.to_owned()),
        issuer: "did:example:issuer".to_owned(),
        purposes: purposes
            .iter()
            .map(|purpose| Purpose::from(*purpose))
            .collect(),
        valid_from: Some(NOW),
        valid_until: Some(NOW.add_seconds(3600)),
        ttl: Some(300_000),
        bits: Arc::new(bits),
    }
}

#[test]
fn a_list_tells_the_status_and_its_message() {
    let size = StatusSize::new(2).unwrap();
    let mut bits = BitString::new(BitString::MIN_ENTRIES * 8).unwrap();
    bits.set_value(492_847, size, 2).unwrap();
    let list = list(&["message", "revocation"], bits);
    let mut entry = StatusEntry::parse(&shipment()).unwrap();
    let status = list.status(&entry, NOW).unwrap();
    assert_eq!((status.value, status.valid), (2, false));
    assert_eq!(status.message.as_deref(), Some("rejected"));
    entry.index += 1;
    let status = list.status(&entry, NOW).unwrap();
    assert_eq!((status.value, status.valid), (0, true));
    assert_eq!(status.message.as_deref(), Some("pending_review"));
    // As single bits: 2 is 0b10, its first bit at twice the index.
    let single = |index| {
        let entry = StatusEntry::new(Purpose::Revocation, LIST, index);
        list.status(&entry, NOW).unwrap()
    };
    assert!(!single(985_694).valid);
    assert!(single(985_695).valid && single(985_693).valid);
    assert_eq!(single(985_694).message, None);
}

#[test]
fn a_list_says_nothing_beyond_its_place_purpose_length_and_time() {
    let entry = StatusEntry::new(Purpose::Revocation, LIST, 5);
    let bits = || BitString::new(0).unwrap();
    let good = list(&["suspension", "revocation"], bits());
    let at = |entry: &StatusEntry, seconds| code(good.status(entry, NOW.add_seconds(seconds)));
    assert_eq!(at(&entry, 0), "accepted");
    assert_eq!(at(&entry, 3599), "accepted");
    assert_eq!(at(&entry, -1), "status_undetermined");
    assert_eq!(at(&entry, 3600), "status_undetermined");
    let elsewhere = StatusEntry::new(Purpose::Revocation, "https://issuer.example/status/2", 5);
    assert_eq!(at(&elsewhere, 0), "status_list_mismatch");
    for purpose in ["refresh", "message", "Revocation"] {
        let entry = StatusEntry::new(Purpose::from(purpose), LIST, 5);
        assert_eq!(at(&entry, 0), "status_list_mismatch");
    }
    let last = StatusEntry::new(Purpose::Revocation, LIST, BitString::MIN_ENTRIES - 1);
    assert_eq!(at(&last, 0), "accepted");
    for index in [BitString::MIN_ENTRIES, usize::MAX] {
        let beyond = StatusEntry::new(Purpose::Revocation, LIST, index);
        assert_eq!(at(&beyond, 0), "status_out_of_range");
    }
    // Two bits each leave half as many entries.
    let mut wide = StatusEntry::parse(&shipment()).unwrap();
    wide.index = 0;
    assert_eq!(
        code(list(&["message"], bits()).status(&wide, NOW)),
        "status_list_too_short"
    );
    let huge = json!("99999999999999999999999999999999999999");
    let mut far = shipment();
    far["statusListIndex"] = huge;
    let far = StatusEntry::parse(&far).unwrap();
    let long = BitString::new(BitString::MIN_ENTRIES * 2).unwrap();
    assert_eq!(
        code(list(&["message"], long).status(&far, NOW)),
        "status_out_of_range"
    );

    assert_eq!(good.refresh_at(NOW), Some(NOW.add_seconds(300)));
    assert_eq!(good.refresh_at(NOW.add_seconds(3500)), good.valid_until);
}

#[test]
fn values_of_every_size_stay_apart() {
    for bits in 1..=16 {
        let size = StatusSize::new(bits).unwrap();
        let mut list = BitString::new(0).unwrap();
        let entries = list.len() / size.bits();
        let value =
            |index: usize| (index as u32).wrapping_mul(2_654_435_761) >> 7 & (size.values() - 1);
        for index in 0..entries {
            list.set_value(index, size, value(index)).unwrap();
        }
        assert!((0..entries).all(|index| list.value(index, size) == Some(value(index))));
        assert_eq!(list.value(entries, size), None);
        assert_eq!(
            code(list.set_value(entries, size, 0)),
            "status_out_of_range"
        );
        assert_eq!(
            code(list.set_value(0, size, size.values())),
            "status_out_of_range"
        );
    }
    assert_eq!(code(StatusSize::new(0)), "malformed");
    assert_eq!(code(StatusSize::new(17)), "too_large");
}

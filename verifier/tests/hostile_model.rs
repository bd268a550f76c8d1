//! Arbitrary documents and lists: an error or what was written, never a panic and never anything else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use tessera_verifier::cbor;
use tessera_verifier::json_schema::Schema;
use tessera_verifier::status::{
    BitString, EntryBits, StatusArray, StatusEntry, StatusSize, StatusType,
};
use tessera_verifier::vcdm::{Credential, Envelope, Presentation, Resources};

/// JSON made of the names and values that the data model knows, in places where it does not expect them.
fn json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "@context",
        "@value",
        "@language",
        "@direction",
        "id",
        "type",
        "issuer",
        "holder",
        "name",
        "description",
        "credentialSubject",
        "credentialStatus",
        "credentialSchema",
        "proof",
        "relatedResource",
        "digestSRI",
        "digestMultibase",
        "mediaType",
        "verifiableCredential",
        "validFrom",
        "validUntil",
        "issuanceDate",
        "statusPurpose",
        "statusListIndex",
        "statusListCredential",
        "statusSize",
        "statusMessage",
        "status",
        "message",
        "statusReference",
        "evidence",
        "termsOfUse",
        "properties",
        "items",
        "$ref",
        "$defs",
        "allOf",
        "not",
        "required",
        "enum",
        "multipleOf",
        "minimum",
        "maxItems",
    ]);
    let text = prop::sample::select(vec![
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/2018/credentials/v1",
        "VerifiableCredential",
        "VerifiablePresentation",
        "EnvelopedVerifiableCredential",
        "BitstringStatusListEntry",
        "did:example:a",
        "2026-01-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "revocation",
        "94567",
        "0x1",
        "sha256-AAAA",
        "uEiAA",
        "data:application/vc+jwt,e30.e30.AA",
        "#",
        "#/$defs/a",
        "object",
        "",
        "é",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            btree_map(name.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A document of the data model with one of its values replaced by something else.
fn document() -> impl Strategy<Value = Value> {
    let places = vec![
        "",
        "/@context",
        "/@context/0",
        "/id",
        "/type",
        "/issuer",
        "/credentialSubject",
        "/credentialSubject/id",
        "/credentialStatus",
        "/credentialStatus/statusListIndex",
        "/credentialStatus/statusMessage",
        "/relatedResource",
        "/relatedResource/0/digestSRI",
        "/validFrom",
        "/proof",
        "/name",
        "/name/@value",
    ];
    (prop::sample::select(places), json()).prop_map(|(place, value)| {
        let mut document = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": "did:example:credential",
            "type": ["VerifiableCredential", "VerifiablePresentation"],
            "name": {"@value": "a", "@language": "en"},
            "issuer": {"id": "did:example:issuer"},
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {"id": "did:example:subject"},
            "credentialStatus": {
                "type": "BitstringStatusListEntry", "statusPurpose": "message", "statusListIndex": "7",
                "statusListCredential": "https://issuer.example/1", "statusSize": 1,
                "statusMessage": [{"status": "0x0", "message": "a"}, {"status": "0x1", "message": "b"}],
            },
            "relatedResource": [{"id": "https://www.w3.org/ns/credentials/v2", "digestSRI": "sha256-AAAA"}],
            "proof": {"type": "DataIntegrityProof"},
        });
        *document.pointer_mut(place).unwrap() = value;
        document
    })
}

fn look_at(value: &Value) {
    if let Ok(credential) = Credential::parse(value) {
        // A view never outlives what it promises.
        assert!(!credential.subjects().is_empty());
        assert!(
            credential
                .subjects()
                .iter()
                .all(|subject| !subject.is_empty())
        );
        assert!(credential.types().contains(&"VerifiableCredential"));
        assert!(
            credential
                .valid_until()
                .is_none_or(|until| credential.valid_from() <= Some(until))
        );
        let _ = credential.check_resources(&Resources::new());
        for entry in credential.status() {
            let _ = StatusEntry::parse(&Value::Object(entry.clone()));
        }
    }
    if let Ok(presentation) = Presentation::parse(value) {
        assert!(presentation.types().contains(&"VerifiablePresentation"));
    }
    let _ = Envelope::credential(value);
    let _ = Envelope::presentation(value);
    if let Ok(entry) = StatusEntry::parse(value) {
        assert_eq!(StatusEntry::parse(&entry.to_json()), Ok(entry));
    }
    if let Ok(schema) = Schema::parse(value) {
        let _ = schema.validate(value);
    }
}

proptest! {
    #[test]
    fn hostile_documents_are_refused_or_keep_their_promises(value in json()) {
        look_at(&value);
    }

    #[test]
    fn hostile_members_are_refused_or_keep_their_promises(value in document()) {
        look_at(&value);
    }

    /// An encoding that was altered is refused, or says the same.
    #[test]
    fn hostile_changes_to_a_list_are_seen(
        set in vec(0..BitString::MIN_ENTRIES, 0..200), at in any::<prop::sample::Index>(), by in 1..64u8,
    ) {
        let mut bits = BitString::new(0).unwrap();
        for index in &set {
            bits.set(*index, true).unwrap();
        }
        let altered = |encoded: &str| {
            let mut bytes = encoded.as_bytes().to_vec();
            let place = at.index(bytes.len());
            bytes[place] = bytes[place].wrapping_add(by) & 0x7f;
            String::from_utf8(bytes).unwrap()
        };
        let encoded = bits.encode_bitstring();
        prop_assert!(BitString::decode_bitstring(&encoded).unwrap() == bits);
        if let Ok(read) = BitString::decode_bitstring(&altered(&encoded)) {
            prop_assert!(read == bits);
        }
        let array = StatusArray::from_bits(&bits);
        let list = array.to_json();
        let mut forged = list.clone();
        forged["lst"] = altered(list["lst"].as_str().unwrap()).into();
        if let Ok(read) = StatusArray::from_json(&forged) {
            prop_assert!(read == array);
        }
        for index in 0..64 {
            prop_assert_eq!(array.get(index) == Some(StatusType::Invalid), bits.get(index) == Some(true));
        }
    }

    #[test]
    fn hostile_bytes_are_no_list(bytes in vec(any::<u8>(), 0..200), text in "[A-Za-z0-9_=-]{0,200}") {
        let _ = BitString::decode_bitstring(&text);
        let _ = BitString::decode_token(&text);
        if let Ok(value) = cbor::parse(&bytes, cbor::Limits::MESSAGE) {
            let _ = StatusArray::from_cbor(&value);
        }
    }

    #[test]
    fn statuses_of_any_size_come_back(statuses in vec((0..4096usize, any::<u8>()), 1..100), size in 0..4u32, wide in 1..=16u64) {
        let bits = EntryBits::new(1 << size).unwrap();
        let fits = |value: u8| value & (0xffu8 >> (8 - (1 << size)));
        let mut array = StatusArray::new(4096, bits).unwrap();
        let size = StatusSize::new(wide).unwrap();
        let mut list = BitString::new(0).unwrap();
        for (index, value) in &statuses {
            array.set(*index, fits(*value).into()).unwrap();
            list.set_value(*index, size, u32::from(*value) & (size.values() - 1)).unwrap();
        }
        let array = StatusArray::from_json(&array.to_json()).unwrap();
        let list = BitString::decode_bitstring(&list.encode_bitstring()).unwrap();
        for (index, _) in &statuses {
            let (_, last) = statuses.iter().rev().find(|(other, _)| other == index).unwrap();
            prop_assert_eq!(array.get(*index), Some(fits(*last).into()));
            prop_assert_eq!(list.value(*index, size), Some(u32::from(*last) & (size.values() - 1)));
        }
    }
}

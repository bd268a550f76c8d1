//! Flat reading is as strict as the other, and says the same.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::json::parse;
use alloc::format;
use alloc::string::ToString as _;
use proptest::prelude::*;

const SMALL: Limits = Limits {
    bytes: 4096,
    depth: 4,
};

fn both(text: &[u8]) -> bool {
    let tree = parse(text, SMALL);
    let flat = Flat::parse(text.to_vec(), SMALL).map(|flat| flat.node(0).unwrap().to_value());
    assert_eq!(tree, flat, "{}", text.escape_ascii());
    tree.is_ok()
}

#[test]
fn both_readers_read_the_same() {
    for text in [
        r#"{"a":[1,-2,0.5,"x",null,true,false,{}],"b":{"c":[[]]},"é":"\u00e9\n\"\\"}"#,
        " [ 0 , -0 , 1e3 , 12345678901234567890123 , 9007199254740993 ] ",
        "0",
        "\"\u{7f}\"",
        r#""\ud83d\ude00""#,
    ] {
        assert!(both(text.as_bytes()), "{text}");
    }
}

#[test]
fn both_readers_refuse_the_same() {
    for text in [
        "",
        " ",
        "01",
        "-",
        "1.",
        "1.e3",
        "+1",
        "1e999",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{} x",
        "[[[[[1]]]]]",
        "\"\\ud800\"",
        "\"\\x\"",
        "\"a",
        "\"\u{1}\"",
        "nul",
        "truee",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "]",
        "\"\\\"",
    ] {
        assert!(!both(text.as_bytes()), "{text}");
    }
    assert!(!both(b"\"\xff\""));
    assert!(!both(&[b' '; 4097]));
    // The bound itself is within it; a number without end is none however whole it is.
    let mut longest = [b' '; 4096];
    longest[0] = b'1';
    assert!(both(&longest));
    assert!(!both(&[b'9'; 400]));
}

#[test]
fn plain_text_ends_at_the_first_byte_that_needs_a_look() {
    for byte in 0..=255u8 {
        for place in 0..17 {
            let mut text = [b'x'; 17];
            text[place] = byte;
            let stops = matches!(byte, 0..0x20 | b'"' | b'\\');
            assert_eq!(
                plain_length(&text),
                if stops { place } else { 17 },
                "{byte} at {place}"
            );
        }
    }
}

#[test]
fn values_side_by_side_do_not_mix() {
    let text = "[1]\"é\"{\"a\":2}";
    let mut roots = Vec::new();
    let flat = Flat::parse_each(text.into(), [3, 7, 14], SMALL, |at| roots.push(at)).unwrap();
    let values: Vec<_> = roots
        .iter()
        .map(|at| flat.node(*at).unwrap().to_value().to_string())
        .collect();
    assert_eq!(values, ["[1]", "\"é\"", "{\"a\":2}"]);
    for ends in [[3, 5, 14], [2, 7, 14], [3, 8, 14], [3, 7, 15]] {
        assert!(Flat::parse_each(text.into(), ends, SMALL, |_| ()).is_err());
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-c\n]{0,2}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_comes_back(value in value(), pretty in any::<bool>()) {
        let text = match pretty {
            true => serde_json::to_vec_pretty(&value).unwrap(),
            false => serde_json::to_vec(&value).unwrap(),
        };
        both(&text);
    }

    #[test]
    fn any_text_is_judged_alike(text in "[\\[\\]{}\",:0-3a\\\\eu.+ \n-]{0,24}") {
        both(text.as_bytes());
        both(format!("{{\"a\":{text}}}").as_bytes());
    }
}

//! JSON Canonicalization Scheme (RFC 8785), the lexical form of `rdf:JSON` literals.

use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use serde_json::{Number, Value};

/// The canonical serialization of `value`.
///
/// Integers beyond the range in which IEEE 754 doubles are exact are written as the double
/// nearest to them, as RFC 8785 §3.2.2.3 demands.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// The canonical serialization of the object with these members, whose names differ.
pub(crate) fn canonical_object(members: Vec<(&str, &Value)>) -> String {
    let mut out = String::new();
    write_object(&mut out, members);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.as_str(), value));
            write_object(out, entries.collect());
        }
    }
}

fn write_object(out: &mut String, mut entries: Vec<(&str, &Value)>) {
    // §3.2.3: sorted by UTF-16 code units.
    entries.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, key);
        out.push(':');
        write(out, value);
    }
    out.push('}');
}

/// §3.2.2.3: as ECMAScript's `Number.prototype.toString`.
pub(super) fn write_number(out: &mut String, number: &Number) {
    let double = number.as_f64().unwrap_or_default();
    if double == 0.0 {
        out.push('0');
        return;
    }
    // Rust's shortest round-trip digits, d.ddde±x, are the digits ECMAScript asks for.
    let shortest = format!("{double:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if mantissa.starts_with('-') {
        out.push('-');
    }
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = exponent + 1;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let at = usize::try_from(point).unwrap_or_default();
    if length <= point && point <= 21 {
        out.push_str(&digits);
        out.push_str(&zeros(point - length));
    } else if 0 < point && point <= 21 {
        out.push_str(digits.get(..at).unwrap_or_default());
        out.push('.');
        out.push_str(digits.get(at..).unwrap_or_default());
    } else if -6 < point && point <= 0 {
        out.push_str("0.");
        out.push_str(&zeros(-point));
        out.push_str(&digits);
    } else {
        out.push_str(digits.get(..1).unwrap_or_default());
        if digits.len() > 1 {
            out.push('.');
            out.push_str(digits.get(1..).unwrap_or_default());
        }
        out.push_str(if exponent < 0 { "e-" } else { "e+" });
        out.push_str(&exponent.unsigned_abs().to_string());
    }
}

/// §3.2.2.2.
fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::canonical_json;
    use serde_json::json;

    /// RFC 8785 §3.2.2 and appendix B.
    #[test]
    fn the_examples_of_rfc_8785() {
        let value = json!({
            "numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
            "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/",
            "literals": [null, true, false]
        });
        assert_eq!(
            canonical_json(&value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        for (number, expected) in [
            (json!(-0.0), "0"),
            (json!(5e-324), "5e-324"),
            (
                json!(1.797_693_134_862_315_7e308),
                "1.7976931348623157e+308",
            ),
            (json!(9_007_199_254_740_992_u64), "9007199254740992"),
            (
                json!(295_147_905_179_352_830_000.0),
                "295147905179352830000",
            ),
            (json!(1e21), "1e+21"),
            (json!(9.999_999_999_999_997e22), "9.999999999999997e+22"),
            (json!(0.000_001), "0.000001"),
            (json!(-0.000_001_234), "-0.000001234"),
        ] {
            assert_eq!(canonical_json(&number), expected);
        }
    }

    /// RFC 8785 §3.2.3: the order is that of UTF-16, not of code points.
    #[test]
    fn keys_are_sorted_by_utf16_code_units() {
        let value = json!({"\u{fb33}": 1, "\u{1f600}": 2, "\u{20ac}": 3, "1": 4, "\r": 5});
        assert_eq!(
            canonical_json(&value),
            "{\"\\r\":5,\"1\":4,\"\u{20ac}\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }
}

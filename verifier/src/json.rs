//! Strict JSON (RFC 8259): what two readers could read differently is refused.

pub(crate) mod flat;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::Error;

/// Bounds on hostile input.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The greatest length of the text, in bytes.
    pub bytes: usize,
    /// The greatest nesting of objects and arrays. At most 100 takes effect.
    pub depth: usize,
}

impl Limits {
    /// For tokens and presentations: 256 KiB, 32 deep.
    pub const MESSAGE: Self = Self {
        bytes: 256 * 1024,
        depth: 32,
    };
    /// For bundles, which carry status lists: 64 MiB, 40 deep.
    pub const BUNDLE: Self = Self {
        bytes: 64 * 1024 * 1024,
        depth: 40,
    };
}

/// Reads one JSON value.
///
/// # Errors
/// `too_large` above `limits.bytes`; `malformed` for anything that is not exactly one JSON text in UTF-8, with unique
/// member names (RFC 8259 §4 leaves duplicates open; accepting them lets two readers see two documents), no lone
/// surrogates and no nesting beyond `limits.depth`.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, Error> {
    if bytes.len() > limits.bytes {
        return Err(Error::too_large("JSON text", limits.bytes));
    }
    // Checked as a whole, which is quicker than string by string.
    let text = core::str::from_utf8(bytes).map_err(|_| Error::malformed("JSON"))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict(limits.depth.min(100))
        .deserialize(&mut reader)
        .map_err(|_| Error::malformed("JSON"))?;
    reader.end().map_err(|_| Error::malformed("JSON"))?;
    Ok(value)
}

/// Like [`parse`], for a text that must be an object.
///
/// # Errors
/// Those of [`parse`], and `malformed` for another kind of value.
pub fn parse_object(bytes: &[u8], limits: Limits) -> Result<Map<String, Value>, Error> {
    match parse(bytes, limits)? {
        Value::Object(map) => Ok(map),
        _ => Err(Error::malformed("JSON object expected")),
    }
}

/// Writes a value without white space, the members of objects in the order of the map.
pub(crate) fn write(value: &Value, to: &mut Vec<u8>) {
    let mut first = true;
    let mut comma = |to: &mut Vec<u8>| {
        if !core::mem::take(&mut first) {
            to.push(b',');
        }
    };
    match value {
        Value::Null => to.extend(b"null"),
        Value::Bool(true) => to.extend(b"true"),
        Value::Bool(false) => to.extend(b"false"),
        Value::String(text) => write_text(text, to),
        // Numbers always serialize.
        Value::Number(number) => to.extend(serde_json::to_vec(number).unwrap_or_default()),
        Value::Array(elements) => {
            to.push(b'[');
            for element in elements {
                comma(to);
                write(element, to);
            }
            to.push(b']');
        }
        Value::Object(members) => {
            to.push(b'{');
            for (name, value) in members {
                comma(to);
                write_text(name, to);
                to.push(b':');
                write(value, to);
            }
            to.push(b'}');
        }
    }
}

/// Writes a JSON string. Most need no escape, and then nothing is looked at twice.
pub(crate) fn write_text(text: &str, to: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    if flat::plain_length(bytes) == bytes.len() {
        to.push(b'"');
        to.extend_from_slice(bytes);
        to.push(b'"');
    } else {
        // Strings always serialize.
        to.extend(serde_json::to_vec(text).unwrap_or_default());
    }
}

/// Builds a value while counting the levels left.
struct Strict(usize);

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value within the depth limit")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self
            .0
            .checked_sub(1)
            .ok_or_else(|| A::Error::custom("too deep"))?;
        let mut array = Vec::new();
        while let Some(value) = members.next_element_seed(Strict(below))? {
            array.push(value);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self
            .0
            .checked_sub(1)
            .ok_or_else(|| A::Error::custom("too deep"))?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict(below))?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member name"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits {
        bytes: 64,
        depth: 3,
    };

    #[test]
    fn reads_plain_json() {
        assert_eq!(
            parse(br#"{"a":[1,-2,0.5,"x",null,true]}"#, SMALL).ok(),
            Some(serde_json::json!({"a":[1,-2,0.5,"x",null,true]}))
        );
    }

    #[test]
    fn writes_what_serde_json_writes() {
        let value = serde_json::json!({"a":[1,-2,0.5,1e300,"x",null,true,false,{}],"é\n":["\"\\\u{1f}\u{7f}"]});
        let mut written = Vec::new();
        write(&value, &mut written);
        assert_eq!(written, serde_json::to_vec(&value).unwrap_or_default());
    }

    #[test]
    fn refuses_what_readers_could_read_differently() {
        let refused: [&[u8]; 9] = [
            b"{\"a\":1,\"a\":2}",
            b"{\"a\":1,\"\\u0061\":2}",
            b"{} x",
            b"[[[[1]]]]",
            b"\"\\ud800\"",
            b"\"\xff\"",
            b"{\"a\":1,}",
            b"1e999",
            b"",
        ];
        for text in refused {
            assert_eq!(
                parse(text, SMALL).map_err(|e| e.code()),
                Err("malformed"),
                "{}",
                text.escape_ascii()
            );
        }
        assert_eq!(
            parse(&[b' '; 65], SMALL).map_err(|e| e.code()),
            Err("too_large")
        );
    }
}

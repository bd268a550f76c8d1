//! Credentials of random shapes, made from a seed.

use serde_json::{Map, Value, json};

use crate::exchange::ours::KEY;
use crate::specimen::day;

/// How the nodes of a document are named. `ssi` 0.16 sorts statements otherwise than RDFC-1.0 where named and unnamed
/// nodes occur together, so that it is asked of the other two only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// Every node has a name.
    Named,
    /// None but the issuer has one.
    Unnamed,
    /// Some have.
    Mixed,
}

/// Numbers from a seed (SplitMix64): the same on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    /// Yes in `share` of a hundred cases.
    pub fn chance(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of them.
    pub fn of<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let index = self.below(among.len());
        among.get(index)
    }
}

const TEXTS: [&str; 10] = [
    "SPECIMEN",
    "样本·艾丽卡",
    "line\nbreak\tand tab",
    "\"quoted\" \\ backslash",
    "é, ü, ø and \u{1f600}",
    "",
    "https://looks.like/an/iri",
    "\u{202e}right to left",
    "2026-01-15",
    "~tilde %25 percent",
];
const LANGUAGES: [&str; 4] = ["en", "zh", "de-at", "ar"];

/// An unsecured credential by [`KEY`], and the naming of its nodes.
#[must_use]
pub fn credential(random: &mut Random) -> (Value, Naming) {
    let naming = *random
        .of(&[Naming::Named, Naming::Unnamed, Naming::Mixed])
        .unwrap_or(&Naming::Named);
    let mut maker = Maker {
        random,
        naming,
        names: 0,
    };
    let mut document = Map::new();
    document.insert(
        "@context".to_owned(),
        json!([
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/examples/v2"
        ]),
    );
    document.insert("type".to_owned(), maker.types());
    document.insert("issuer".to_owned(), json!(KEY));
    maker.name(&mut document);
    document.insert("validFrom".to_owned(), json!(day(-30)));
    if maker.random.chance(70) {
        document.insert("validUntil".to_owned(), json!(day(365)));
    }
    for member in ["name", "description"] {
        if maker.random.chance(40) {
            let value = maker.language_value();
            document.insert(member.to_owned(), value);
        }
    }
    let subjects: Vec<Value> = (0..1 + maker.random.below(3))
        .map(|_| maker.object(3))
        .collect();
    let subject = match <[Value; 1]>::try_from(subjects) {
        Ok([one]) => one,
        Err(several) => Value::Array(several),
    };
    document.insert("credentialSubject".to_owned(), subject);
    (Value::Object(document), naming)
}

struct Maker<'a> {
    random: &'a mut Random,
    naming: Naming,
    names: usize,
}

impl Maker<'_> {
    fn types(&mut self) -> Value {
        let mut types = vec!["VerifiableCredential"];
        if self.random.chance(60) {
            types.push("ExampleIdentityCredential");
        }
        json!(types)
    }

    /// Gives a node a name, or not.
    fn name(&mut self, node: &mut Map<String, Value>) {
        let named = match self.naming {
            Naming::Named => true,
            Naming::Unnamed => false,
            Naming::Mixed => self.random.chance(50),
        };
        if named {
            self.names += 1;
            let (high, low) = (self.random.next(), self.names);
            let name = format!("urn:example:{high:016x}:{low}");
            node.insert("id".to_owned(), json!(name));
        }
    }

    /// A node with one to six members, some of them nodes, `depth` deep at most.
    fn object(&mut self, depth: usize) -> Value {
        let mut node = Map::new();
        self.name(&mut node);
        if self.random.chance(30) {
            node.insert("type".to_owned(), json!("ExampleThing"));
        }
        for _ in 0..1 + self.random.below(6) {
            let name = format!("member{:02}", self.random.below(12));
            let value = self.value(depth);
            node.insert(name, value);
        }
        Value::Object(node)
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.random.below(10) {
            0 if depth > 0 => self.object(depth - 1),
            1 if depth > 0 => {
                let several: Vec<Value> = (0..1 + self.random.below(4))
                    .map(|_| self.value(depth - 1))
                    .filter(|value| !value.is_array())
                    .collect();
                match several.is_empty() {
                    true => self.text(),
                    false => Value::Array(several),
                }
            }
            2 => json!(self.random.chance(50)),
            3 => json!(self.random.below(100_000)),
            4 => {
                json!(-1.5 * f64::from(u32::try_from(self.random.below(1000)).unwrap_or(0)) - 0.25)
            }
            5 => self.language_value(),
            _ => self.text(),
        }
    }

    fn text(&mut self) -> Value {
        json!(self.random.of(&TEXTS))
    }

    fn language_value(&mut self) -> Value {
        json!({"@value": self.text(), "@language": self.random.of(&LANGUAGES)})
    }
}

/// JSON Pointers (RFC 6901) of the members of the subjects.
#[must_use]
pub fn pointers(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let subjects = match &document["credentialSubject"] {
        Value::Array(several) => several
            .iter()
            .enumerate()
            .map(|(index, subject)| (format!("/credentialSubject/{index}"), subject))
            .collect(),
        one => vec![("/credentialSubject".to_owned(), one)],
    };
    for (at, subject) in subjects {
        for name in subject.as_object().into_iter().flat_map(Map::keys) {
            if name.starts_with("member") {
                found.push(format!("{at}/{name}"));
            }
        }
    }
    found
}

/// The document with another value at the first of the places.
#[must_use]
pub fn altered(document: &Value, pointers: &[String]) -> Value {
    let mut document = document.clone();
    let place = pointers
        .iter()
        .find(|pointer| document.pointer(pointer).is_some());
    if let Some(value) = place
        .cloned()
        .and_then(|pointer| document.pointer_mut(&pointer))
    {
        *value = json!("a lie");
    }
    document
}

//! Claims path pointers (OpenID4VP 1.0 §7).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PathElement {
    /// The member of an object.
    Key(String),
    /// An element of an array, from 0.
    Index(u32),
    /// Every element of an array (`null` on the wire).
    All(()),
}

/// A claims path pointer: at least one step, at most [`ClaimPath::MAX`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<PathElement>", into = "Vec<PathElement>")]
pub struct ClaimPath(Vec<PathElement>);

impl ClaimPath {
    /// The greatest number of steps.
    pub const MAX: usize = 16;

    /// A path of object members.
    #[must_use]
    pub fn keys(keys: &[&str]) -> Self {
        Self(
            keys.iter()
                .map(|key| PathElement::Key((*key).to_owned()))
                .collect(),
        )
    }

    /// This path below the member `parent`.
    #[must_use]
    pub fn below(&self, parent: &str) -> Self {
        Self(
            core::iter::once(PathElement::Key(parent.to_owned()))
                .chain(self.0.iter().cloned())
                .collect(),
        )
    }

    /// The path inside the member `parent`, when it begins there.
    #[must_use]
    pub fn inside(&self, parent: &str) -> Option<Self> {
        match self.0.split_first() {
            Some((PathElement::Key(first), rest)) if first == parent && !rest.is_empty() => {
                Some(Self(rest.to_vec()))
            }
            _ => None,
        }
    }

    /// The steps.
    #[must_use]
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }

    /// Whether `other` is this path or leads further down from it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.len() >= self.0.len()
            && self.0.iter().zip(&other.0).all(|(mine, theirs)| {
                mine == theirs
                    || matches!(
                        (mine, theirs),
                        (PathElement::All(()), PathElement::Index(_))
                    )
            })
    }

    /// Every value the path leads to (§7.1): none when a step fails.
    #[must_use]
    pub fn select<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut selected = vec![root];
        for element in &self.0 {
            selected = match element {
                PathElement::Key(key) => selected
                    .into_iter()
                    .filter_map(|value| value.get(key))
                    .collect(),
                PathElement::Index(index) => selected
                    .into_iter()
                    .filter_map(|value| value.get(*index as usize))
                    .collect(),
                PathElement::All(()) => selected
                    .into_iter()
                    .filter_map(Value::as_array)
                    .flatten()
                    .collect(),
            };
        }
        selected
    }

    /// The RFC 6901 JSON pointer below `prefix` (itself a pointer or empty), when every step is a member or an index.
    #[must_use]
    pub fn to_json_pointer(&self, prefix: &str) -> Option<String> {
        let mut pointer = prefix.to_owned();
        for element in &self.0 {
            pointer.push('/');
            match element {
                PathElement::Key(key) => {
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"))
                }
                PathElement::Index(index) => pointer.push_str(&index.to_string()),
                PathElement::All(()) => return None,
            }
        }
        Some(pointer)
    }
}

impl TryFrom<Vec<PathElement>> for ClaimPath {
    type Error = &'static str;

    fn try_from(elements: Vec<PathElement>) -> Result<Self, Self::Error> {
        if elements.is_empty() || elements.len() > Self::MAX {
            return Err("a claims path has 1 to 16 steps");
        }
        Ok(Self(elements))
    }
}

impl From<ClaimPath> for Vec<PathElement> {
    fn from(path: ClaimPath) -> Self {
        path.0
    }
}

/// `age_equal_or_over.18`, `nationalities[*]`.
impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, element) in self.0.iter().enumerate() {
            match element {
                PathElement::Key(key) if position == 0 => f.write_str(key)?,
                PathElement::Key(key) => write!(f, ".{key}")?,
                PathElement::Index(index) => write!(f, "[{index}]")?,
                PathElement::All(()) => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of §7.3.
    #[test]
    fn the_specification_example() {
        let credential = json!({"name": "Arthur Dent", "address": {"street_address": "42 Market Street"},
            "degrees": [{"type": "Bachelor of Science"}, {"type": "Master of Science"}], "nationalities": ["British", "Betelgeusian"]});
        let read = |path: Value| serde_json::from_value::<ClaimPath>(path).unwrap();
        assert_eq!(
            read(json!(["address", "street_address"])).select(&credential),
            [&json!("42 Market Street")]
        );
        assert_eq!(
            read(json!(["degrees", null, "type"]))
                .select(&credential)
                .len(),
            2
        );
        assert_eq!(
            read(json!(["nationalities", 1])).select(&credential),
            [&json!("Betelgeusian")]
        );
        assert!(read(json!(["name", 0])).select(&credential).is_empty());
        assert!(serde_json::from_value::<ClaimPath>(json!([])).is_err());
        assert!(serde_json::from_value::<ClaimPath>(json!([-1])).is_err());
    }
}

//! Sets of characters (ECMA-262 §22.2.2.9).

use alloc::vec::Vec;

/// A property that the core library knows exactly as Unicode defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Alphabetic,
    Control,
    Lowercase,
    Number,
    Uppercase,
    WhiteSpace,
}

impl Property {
    /// By the names of ECMA-262 tables 67 to 69.
    pub(super) fn named(name: &str) -> Option<Self> {
        let category = name
            .strip_prefix("General_Category=")
            .or_else(|| name.strip_prefix("gc="));
        Some(match (category, category.unwrap_or(name)) {
            (_, "N" | "Number") => Self::Number,
            (_, "Cc" | "Control" | "cntrl") => Self::Control,
            (None, "Alphabetic" | "Alpha") => Self::Alphabetic,
            (None, "Lowercase" | "Lower") => Self::Lowercase,
            (None, "Uppercase" | "Upper") => Self::Uppercase,
            (None, "White_Space" | "space") => Self::WhiteSpace,
            _ => return None,
        })
    }

    fn holds(self, c: char) -> bool {
        match self {
            Self::Alphabetic => c.is_alphabetic(),
            Self::Control => c.is_control(),
            Self::Lowercase => c.is_lowercase(),
            Self::Number => c.is_numeric(),
            Self::Uppercase => c.is_uppercase(),
            Self::WhiteSpace => c.is_whitespace(),
        }
    }
}

const DIGITS: &[(u32, u32)] = &[(0x30, 0x39)];
const WORD: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
/// WhiteSpace and LineTerminator (§12.2, §12.3), in which the byte order mark is one and U+0085 is none.
const SPACE: &[(u32, u32)] = &[
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];
const LINE_ENDS: &[(u32, u32)] = &[(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];
const LAST: u32 = 0x10_FFFF;

/// A set of characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// First and last, in order and apart from each other once [`finished`](Self::finish).
    ranges: Vec<(u32, u32)>,
    /// Properties, and whether it is what lacks them that is meant.
    properties: Vec<(Property, bool)>,
    negated: bool,
}

impl Class {
    /// One character.
    pub(super) fn one(c: u32) -> Self {
        Self {
            ranges: [(c, c)].into(),
            ..Self::default()
        }
    }

    /// `.` without the `s` flag: all but the ends of lines.
    pub(super) fn dot() -> Self {
        let mut class = Self::default();
        class.add_outside(LINE_ENDS);
        class
    }

    /// `\d`, `\s`, `\w` and their opposites.
    pub(super) fn shorthand(letter: char) -> Option<Self> {
        let set = match letter.to_ascii_lowercase() {
            'd' => DIGITS,
            's' => SPACE,
            'w' => WORD,
            _ => return None,
        };
        let mut class = Self::default();
        if letter.is_ascii_uppercase() {
            class.add_outside(set);
        } else {
            class.ranges.extend_from_slice(set);
        }
        Some(class)
    }

    /// `\p{…}`, or `\P{…}` with `lacking`; nothing for a property that is not known exactly.
    pub(super) fn property(name: &str, lacking: bool) -> Option<Self> {
        let set: &[(u32, u32)] = match name {
            "Any" => &[(0, LAST)],
            "ASCII" => &[(0, 0x7F)],
            "ASCII_Hex_Digit" | "AHex" => &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
            _ => {
                return Some(Self {
                    properties: [(Property::named(name)?, lacking)].into(),
                    ..Self::default()
                });
            }
        };
        let mut class = Self::default();
        if lacking {
            class.add_outside(set);
        } else {
            class.ranges.extend_from_slice(set);
        }
        Some(class)
    }

    fn add_outside(&mut self, set: &[(u32, u32)]) {
        let mut from = 0;
        for &(first, last) in set {
            if let Some(before) = first.checked_sub(1).filter(|before| *before >= from) {
                self.ranges.push((from, before));
            }
            from = last.saturating_add(1);
        }
        if from <= LAST {
            self.ranges.push((from, LAST));
        }
    }

    /// Adds what another holds.
    pub(super) fn add(&mut self, other: Self) {
        self.ranges.extend(other.ranges);
        // Each once: every character of a text is held against all of them.
        for property in other.properties {
            if !self.properties.contains(&property) {
                self.properties.push(property);
            }
        }
    }

    /// Adds what lies between two characters.
    pub(super) fn add_range(&mut self, first: u32, last: u32) {
        self.ranges.push((first, last));
    }

    /// The character, where it is one alone.
    pub(super) fn as_one(&self) -> Option<u32> {
        match self.ranges.as_slice() {
            [(first, last)] if first == last && self.properties.is_empty() => Some(*first),
            _ => None,
        }
    }

    /// Puts the ranges in order; with `negated` it then holds what it did not.
    pub(super) fn finish(mut self, negated: bool) -> Self {
        self.negated = negated;
        self.ranges.sort_unstable();
        let mut apart: Vec<(u32, u32)> = Vec::with_capacity(self.ranges.len());
        for (first, last) in self.ranges {
            match apart.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => apart.push((first, last)),
            }
        }
        self.ranges = apart;
        self
    }

    /// Whether it holds `c`.
    pub(super) fn contains(&self, c: char) -> bool {
        let code = u32::from(c);
        let after = self.ranges.partition_point(|(first, _)| *first <= code);
        let within = after
            .checked_sub(1)
            .and_then(|at| self.ranges.get(at))
            .is_some_and(|(_, last)| code <= *last);
        let found = within
            || self
                .properties
                .iter()
                .any(|(property, lacking)| property.holds(c) != *lacking);
        found != self.negated
    }
}

/// A character of `\w`, which `\b` stands beside.
pub(super) fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_each_property_once() {
        let mut class = Class::default();
        for lacking in [false, true, false, true] {
            class.add(Class::property("Alphabetic", lacking).unwrap_or_default());
        }
        let class = class.finish(false);
        assert_eq!(class.properties.len(), 2);
        assert!(class.contains('a') && class.contains('1'));
    }
}

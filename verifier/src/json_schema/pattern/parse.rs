//! Reading a regular expression: the grammar of ECMA-262 §22.2.1 with the `u` flag, in which nothing is taken that its
//! author may have meant otherwise.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::class::Class;
use crate::error::Error;

/// Characters in an expression, groups within each other, and repetitions that a quantifier may count to.
const MAX_LENGTH: usize = 4096;
const MAX_DEPTH: usize = 32;
const MAX_REPETITIONS: usize = 1000;

/// A condition on a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assertion {
    Start,
    End,
    WordBoundary,
    NoWordBoundary,
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A character of the class at this index.
    Class(usize),
    Assertion(Assertion),
    Sequence(Vec<Self>),
    Alternatives(Vec<Self>),
    Repeat {
        node: Box<Self>,
        least: u32,
        /// Nothing for any number.
        most: Option<u32>,
    },
}

const MALFORMED: Error = Error::malformed("regular expression");
const UNSUPPORTED: Error = Error::UnsupportedFormat {
    what: "regular expression",
};

/// Reads an expression, and the classes of characters in it.
///
/// # Errors
/// `malformed`, `unsupported_format` for what no finite automaton matches, `too_large`.
pub(super) fn parse(pattern: &str) -> Result<(Node, Vec<Class>), Error> {
    if pattern.chars().count() > MAX_LENGTH {
        return Err(Error::too_large("regular expression", MAX_LENGTH));
    }
    let mut parser = Parser {
        rest: pattern,
        classes: Vec::new(),
    };
    let node = parser.alternatives(MAX_DEPTH)?;
    match parser.rest.is_empty() {
        true => Ok((node, parser.classes)),
        false => Err(MALFORMED),
    }
}

struct Parser<'a> {
    rest: &'a str,
    classes: Vec<Class>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Result<char, Error> {
        let mut chars = self.rest.chars();
        let c = chars.next().ok_or(MALFORMED)?;
        self.rest = chars.as_str();
        Ok(c)
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Up to `end`, which is passed.
    fn until(&mut self, end: char) -> Result<&'a str, Error> {
        let (before, rest) = self.rest.split_once(end).ok_or(MALFORMED)?;
        self.rest = rest;
        Ok(before)
    }

    fn alternatives(&mut self, depth: usize) -> Result<Node, Error> {
        let depth = depth.checked_sub(1).ok_or(Error::too_large(
            "groups in a regular expression",
            MAX_DEPTH,
        ))?;
        let mut alternatives = Vec::new();
        loop {
            let mut terms = Vec::new();
            while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
                let term = self.term(c, depth)?;
                terms.push(term);
            }
            alternatives.push(Node::Sequence(terms));
            if !self.take("|") {
                return Ok(Node::Alternatives(alternatives));
            }
        }
    }

    fn term(&mut self, first: char, depth: usize) -> Result<Node, Error> {
        let assertion = if self.take("^") {
            Assertion::Start
        } else if self.take("$") {
            Assertion::End
        } else if self.take("\\b") {
            Assertion::WordBoundary
        } else if self.take("\\B") {
            Assertion::NoWordBoundary
        } else {
            let atom = self.atom(first, depth)?;
            return self.quantified(atom);
        };
        // With the `u` flag an assertion takes no quantifier: one that follows is refused as an atom.
        Ok(Node::Assertion(assertion))
    }

    fn atom(&mut self, first: char, depth: usize) -> Result<Node, Error> {
        let class = match first {
            '(' => return self.group(depth),
            '[' => self.class()?,
            '\\' => self.escape(false)?.finish(false),
            '.' => {
                self.next()?;
                Class::dot().finish(false)
            }
            '*' | '+' | '?' | ']' | '{' | '}' => return Err(MALFORMED),
            _ => Class::one(self.next()?.into()),
        };
        self.classes.push(class);
        Ok(Node::Class(self.classes.len() - 1))
    }

    fn group(&mut self, depth: usize) -> Result<Node, Error> {
        self.next()?;
        // Named or not, a group captures what nobody asks for; after `?` only these two kinds are regular.
        if self.take("?") && !self.take(":") {
            if !self.take("<") || matches!(self.peek(), Some('=' | '!')) {
                return Err(UNSUPPORTED);
            }
            let name = self.until('>')?;
            let mut letters = name.chars();
            let begins = letters
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '$'));
            if !begins || !letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$')) {
                return Err(UNSUPPORTED);
            }
        }
        let node = self.alternatives(depth)?;
        match self.take(")") {
            true => Ok(node),
            false => Err(MALFORMED),
        }
    }

    fn quantified(&mut self, node: Node) -> Result<Node, Error> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.next()?;
                let bounds = self.until('}')?;
                let (least, most) = match bounds.split_once(',') {
                    None => (count(bounds)?, Some(count(bounds)?)),
                    Some((least, "")) => (count(least)?, None),
                    Some((least, most)) => (count(least)?, Some(count(most)?)),
                };
                if most.is_some_and(|most| most < least) {
                    return Err(MALFORMED);
                }
                self.take("?");
                return Ok(repeat(node, least, most));
            }
            _ => return Ok(node),
        };
        self.next()?;
        // Few or many first, the same texts match.
        self.take("?");
        Ok(repeat(node, least, most))
    }

    fn class(&mut self) -> Result<Class, Error> {
        self.next()?;
        let negated = self.take("^");
        let mut class = Class::default();
        while !self.take("]") {
            let atom = self.class_atom()?;
            let mut after = self.rest.chars();
            let ranges = after.next() == Some('-') && after.next().is_some_and(|c| c != ']');
            if ranges {
                self.next()?;
                let last = self.class_atom()?;
                match (atom.as_one(), last.as_one()) {
                    (Some(first), Some(last)) if first <= last => class.add_range(first, last),
                    _ => return Err(MALFORMED),
                }
            } else {
                class.add(atom);
            }
        }
        Ok(class.finish(negated))
    }

    fn class_atom(&mut self) -> Result<Class, Error> {
        match self.peek() {
            Some('\\') => self.escape(true),
            _ => Ok(Class::one(self.next()?.into())),
        }
    }

    /// What a backslash begins (AtomEscape, ClassEscape).
    fn escape(&mut self, in_class: bool) -> Result<Class, Error> {
        self.next()?;
        let c = self.next()?;
        if let Some(class) = Class::shorthand(c) {
            return Ok(class);
        }
        let code = match c {
            't' => 0x09,
            'n' => 0x0A,
            'v' => 0x0B,
            'f' => 0x0C,
            'r' => 0x0D,
            'b' if in_class => 0x08,
            '-' if in_class => 0x2D,
            '0' if self.peek().is_none_or(|c| !c.is_ascii_digit()) => 0,
            'c' => match self.next()? {
                letter if letter.is_ascii_alphabetic() => u32::from(letter) % 32,
                _ => return Err(MALFORMED),
            },
            'x' => self.hexadecimal(2)?,
            'u' => self.unicode()?,
            'p' | 'P' => {
                if !self.take("{") {
                    return Err(MALFORMED);
                }
                let name = self.until('}')?;
                return Class::property(name, c == 'P').ok_or(UNSUPPORTED);
            }
            '1'..='9' | 'k' if !in_class => return Err(UNSUPPORTED),
            '^' | '$' | '\\' | '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|'
            | '/' => c.into(),
            _ => return Err(MALFORMED),
        };
        Ok(Class::one(code))
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, Error> {
        let (text, rest) = self.rest.split_at_checked(digits).ok_or(MALFORMED)?;
        self.rest = rest;
        number(text, 16)
    }

    /// After `\u`: a code point in braces, or units of UTF-16 (RegExpUnicodeEscapeSequence).
    fn unicode(&mut self) -> Result<u32, Error> {
        if self.take("{") {
            // Any number of leading zeros, as many as the expression is long.
            let digits = self.until('}')?;
            let (zeros, last) = digits
                .split_at_checked(digits.len().saturating_sub(6))
                .ok_or(MALFORMED)?;
            if zeros.contains(|c| c != '0') {
                return Err(MALFORMED);
            }
            let code = number(last, 16)?;
            return match code <= 0x10_FFFF {
                true => Ok(code),
                false => Err(MALFORMED),
            };
        }
        let first = self.hexadecimal(4)?;
        if !(0xD800..0xDC00).contains(&first) {
            return Ok(first);
        }
        let before = self.rest;
        if self.take("\\u") && self.peek() != Some('{') {
            let second = self.hexadecimal(4)?;
            if (0xDC00..0xE000).contains(&second) {
                return Ok(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00));
            }
        }
        self.rest = before;
        Ok(first)
    }
}

fn repeat(node: Node, least: u32, most: Option<u32>) -> Node {
    Node::Repeat {
        node: Box::new(node),
        least,
        most,
    }
}

fn number(digits: &str, radix: u32) -> Result<u32, Error> {
    // `from_str_radix` would take a sign.
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(MALFORMED);
    }
    u32::from_str_radix(digits, radix).map_err(|_| MALFORMED)
}

fn count(digits: &str) -> Result<u32, Error> {
    let count = number(digits, 10)?;
    match count as usize <= MAX_REPETITIONS {
        true => Ok(count),
        false => Err(Error::too_large(
            "repetitions in a regular expression",
            MAX_REPETITIONS,
        )),
    }
}

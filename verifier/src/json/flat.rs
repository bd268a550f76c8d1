//! A JSON text read into one flat list of nodes: as strict as [`parse`](super::parse), without a tree of maps and strings.
//! Where a message is looked at once and mostly not kept, that tree is most of the work.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Number, Value};

use super::Limits;
use crate::error::Error;

const MALFORMED: Error = Error::malformed("JSON");

/// One or more JSON values and the text they stand in. Personal data: no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Flat {
    text: String,
    nodes: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    kind: Kind,
    /// Where the value stands in the text: of a string what is between the quotes.
    start: u32,
    end: u32,
    /// The node after this one and all inside it.
    next: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    /// A string without escapes.
    Text,
    Escaped,
    Array,
    /// Names and values take turns.
    Object,
}

/// A value in a [`Flat`].
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    flat: &'a Flat,
    at: usize,
    entry: Entry,
}

impl Flat {
    /// Reads one value.
    ///
    /// # Errors
    /// Those of [`parse`](super::parse).
    pub(crate) fn parse(bytes: Vec<u8>, limits: Limits) -> Result<Self, Error> {
        let end = bytes.len();
        Self::parse_each(bytes, [end], limits, |_| ())
    }

    /// Reads values whose texts stand one after the other and end at `ends`; each one's node is given to `root`.
    ///
    /// # Errors
    /// Those of [`parse`](super::parse), of each value.
    pub(crate) fn parse_each(
        bytes: Vec<u8>,
        ends: impl IntoIterator<Item = usize>,
        limits: Limits,
        mut root: impl FnMut(usize),
    ) -> Result<Self, Error> {
        let text = String::from_utf8(bytes).map_err(|_| MALFORMED)?;
        let mut nodes = Vec::with_capacity(text.len() / 16 + 4);
        let mut start = 0;
        for end in ends {
            // Not between the bytes of one character: then each text is UTF-8, as the whole is.
            let one = text.get(start..end).ok_or(MALFORMED)?;
            if one.len() > limits.bytes {
                return Err(Error::too_large("JSON text", limits.bytes));
            }
            root(nodes.len());
            let mut reader = Reader {
                text: text.get(..end).unwrap_or_default().as_bytes(),
                at: start,
                nodes: &mut nodes,
            };
            reader.whole(limits.depth.min(100))?;
            start = end;
        }
        Ok(Self { text, nodes })
    }

    /// The first value, which must be an object.
    ///
    /// # Errors
    /// `malformed` for another kind of value.
    pub(crate) fn object(&self) -> Result<Node<'_>, Error> {
        self.node(0)
            .filter(|node| node.is_object())
            .ok_or(Error::malformed("JSON object expected"))
    }

    /// The value at a node that [`parse_each`](Self::parse_each) gave; 0 is the first.
    pub(crate) fn node(&self, at: usize) -> Option<Node<'_>> {
        let entry = *self.nodes.get(at)?;
        Some(Node {
            flat: self,
            at,
            entry,
        })
    }
}

/// What a value is.
pub(crate) enum Shape<'a> {
    Scalar,
    Array(Items<'a>),
    Object(Members<'a>),
}

impl<'a> Node<'a> {
    pub(crate) fn shape(self) -> Shape<'a> {
        match self.entry.kind {
            Kind::Array => Shape::Array(self.inside()),
            Kind::Object => Shape::Object(Members(self.inside())),
            _ => Shape::Scalar,
        }
    }

    /// The string, unescaped.
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        self.is_text().then(|| self.text())
    }

    /// A member of an object.
    pub(crate) fn get(self, name: &str) -> Option<Node<'a>> {
        match self.shape() {
            Shape::Object(mut members) => members
                .find(|(here, _)| here == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Neither an object nor an array.
    pub(crate) fn is_scalar(self) -> bool {
        !matches!(self.entry.kind, Kind::Object | Kind::Array)
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self.entry.kind, Kind::Text | Kind::Escaped)
    }

    pub(crate) fn is_object(self) -> bool {
        self.entry.kind == Kind::Object
    }

    /// Which node it is, for [`Flat::node`].
    pub(crate) fn at(self) -> usize {
        self.at
    }

    fn inside(self) -> Items<'a> {
        Items {
            flat: self.flat,
            at: self.at.saturating_add(1),
            end: self.entry.next as usize,
        }
    }

    fn token(self) -> &'a str {
        let range = self.entry.start as usize..self.entry.end as usize;
        self.flat.text.get(range).unwrap_or_default()
    }

    fn text(self) -> Cow<'a, str> {
        match self.entry.kind {
            Kind::Escaped => Cow::Owned(unescape(self.token())),
            _ => Cow::Borrowed(self.token()),
        }
    }

    /// The value as a tree.
    pub(crate) fn to_value(self) -> Value {
        match self.entry.kind {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            // Its grammar was checked, and that it is finite.
            Kind::Number => number(self.token()).map_or(Value::Null, Value::Number),
            Kind::Text | Kind::Escaped => Value::String(self.text().into_owned()),
            Kind::Array => Value::Array(self.inside().map(Node::to_value).collect()),
            Kind::Object => Value::Object(
                Members(self.inside())
                    .map(|(name, value)| (name.into_owned(), value.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// The elements of an array.
#[derive(Clone)]
pub(crate) struct Items<'a> {
    flat: &'a Flat,
    at: usize,
    end: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.at >= self.end {
            return None;
        }
        let node = self.flat.node(self.at)?;
        self.at = node.entry.next as usize;
        Some(node)
    }
}

/// The members of an object, in the order of the text.
#[derive(Clone)]
pub(crate) struct Members<'a>(Items<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?.text(), self.0.next()?))
    }
}

/// As [`parse`](super::parse) reads it.
fn number(token: &str) -> Option<Number> {
    serde_json::from_str(token).ok()
}

/// What stands between the quotes of a string whose escapes were checked.
fn unescape(token: &str) -> String {
    let mut quoted = String::with_capacity(token.len() + 2);
    quoted.push('"');
    quoted.push_str(token);
    quoted.push('"');
    serde_json::from_str(&quoted).unwrap_or_default()
}

/// How many bytes stand before the first quote, backslash or control character, eight at a time.
pub(super) fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // The lowest byte whose high bit comes out set is the first of its kind: what is above may be a borrow.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (chunks, _) = text.as_chunks::<8>();
    let mut at = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let stop = quote | backslash | control;
        if stop != 0 {
            return at + stop.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    let stop = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
    at + rest.iter().position(stop).unwrap_or(rest.len())
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    nodes: &'a mut Vec<Entry>,
}

impl Reader<'_> {
    /// A value and nothing after it.
    fn whole(&mut self, depth: usize) -> Result<(), Error> {
        self.value(depth)?;
        match self.next_byte() {
            None => Ok(()),
            Some(_) => Err(MALFORMED),
        }
    }

    /// The next byte that is no white space, not yet consumed.
    fn next_byte(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    fn open(&mut self, kind: Kind, start: usize) -> usize {
        let at = self.nodes.len();
        // Limits are far below 4 GiB.
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        self.nodes.push(Entry {
            kind,
            start,
            end: start,
            next: 0,
        });
        at
    }

    fn close(&mut self, at: usize, end: usize) {
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if let Some(entry) = self.nodes.get_mut(at) {
            entry.end = u32::try_from(end).unwrap_or(u32::MAX);
            entry.next = next;
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Error> {
        let byte = self.next_byte().ok_or(MALFORMED)?;
        let start = self.at;
        match byte {
            b'"' => self.string(),
            b'{' => self.object(depth.checked_sub(1).ok_or(MALFORMED)?),
            b'[' => self.array(depth.checked_sub(1).ok_or(MALFORMED)?),
            b'n' => self.word(b"null", Kind::Null),
            b't' => self.word(b"true", Kind::True),
            b'f' => self.word(b"false", Kind::False),
            b'-' | b'0'..=b'9' => {
                self.skip_number();
                let at = self.open(Kind::Number, start);
                self.close(at, self.at);
                let token = self.text.get(start..self.at).unwrap_or_default();
                // Short whole numbers need no second look: a digit, and no zero before others.
                if let [b'1'..=b'9', rest @ ..] = token
                    && rest.len() < 15
                    && rest.iter().all(u8::is_ascii_digit)
                {
                    return Ok(());
                }
                let token = core::str::from_utf8(token).map_err(|_| MALFORMED)?;
                number(token).map(drop).ok_or(MALFORMED)
            }
            _ => Err(MALFORMED),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), Error> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(MALFORMED);
        }
        self.at += word.len();
        let at = self.open(kind, start);
        self.close(at, self.at);
        Ok(())
    }

    fn skip_number(&mut self) {
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// From its opening quote.
    fn string(&mut self) -> Result<(), Error> {
        let start = self.at + 1;
        let rest = self.text.get(start..).unwrap_or_default();
        let plain = plain_length(rest);
        let mut end = start + plain;
        let kind = match self.text.get(end) {
            Some(b'"') => Kind::Text,
            Some(b'\\') => {
                end = self.escaped(start, end)?;
                Kind::Escaped
            }
            _ => return Err(MALFORMED),
        };
        self.at = end + 1;
        let at = self.open(kind, start);
        self.close(at, end);
        Ok(())
    }

    /// Where a string with escapes ends; the first escape is at `at`. Its escapes are checked.
    fn escaped(&self, start: usize, mut at: usize) -> Result<usize, Error> {
        loop {
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(0x20..) => at += 1,
                _ => return Err(MALFORMED),
            }
        }
        // With its quotes.
        let quoted = self.text.get(start.saturating_sub(1)..=at);
        serde_json::from_slice::<String>(quoted.ok_or(MALFORMED)?)
            .map(|_| at)
            .map_err(|_| MALFORMED)
    }

    /// From its opening bracket.
    fn array(&mut self, below: usize) -> Result<(), Error> {
        let array = self.open(Kind::Array, self.at);
        self.at += 1;
        if self.next_byte() != Some(b']') {
            loop {
                self.value(below)?;
                match self.next_byte() {
                    Some(b',') => self.at += 1,
                    Some(b']') => break,
                    _ => return Err(MALFORMED),
                }
            }
        }
        self.at += 1;
        self.close(array, self.at);
        Ok(())
    }

    /// From its opening brace.
    fn object(&mut self, below: usize) -> Result<(), Error> {
        let object = self.open(Kind::Object, self.at);
        self.at += 1;
        let mut members = 0;
        if self.next_byte() != Some(b'}') {
            loop {
                match self.next_byte() {
                    Some(b'"') => self.string()?,
                    _ => return Err(MALFORMED),
                }
                match self.next_byte() {
                    Some(b':') => self.at += 1,
                    _ => return Err(MALFORMED),
                }
                self.value(below)?;
                members += 1;
                match self.next_byte() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => break,
                    _ => return Err(MALFORMED),
                }
            }
        }
        self.at += 1;
        self.close(object, self.at);
        match members > 1 && self.repeats(object, members) {
            true => Err(MALFORMED),
            false => Ok(()),
        }
    }

    /// Whether two members of an object have one name.
    fn repeats(&self, object: usize, members: usize) -> bool {
        let mut names: Vec<Cow<'_, str>> = Vec::with_capacity(members);
        let mut at = object + 1;
        while let Some(name) = self.nodes.get(at) {
            let token = self.text.get(name.start as usize..name.end as usize);
            // The text was checked to be UTF-8, and a string ends before a quote.
            let token = core::str::from_utf8(token.unwrap_or_default()).unwrap_or_default();
            names.push(match name.kind {
                Kind::Escaped => Cow::Owned(unescape(token)),
                _ => Cow::Borrowed(token),
            });
            // The value follows its name.
            at = self
                .nodes
                .get(at + 1)
                .map_or(usize::MAX, |value| value.next as usize);
        }
        names.sort_unstable();
        names
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
    }
}

#[cfg(test)]
mod tests;

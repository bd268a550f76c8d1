//! A strict N-Quads reader (RDF 1.1 N-Quads §4), for test vectors and tools.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::RdfError;
use super::term::{Literal, Quad, Term, XSD_STRING, is_well_formed_iri, is_well_formed_language};

const RDF_LANG_STRING: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString";

/// Reads an N-Quads document; blank lines and comments are skipped.
///
/// # Errors
/// [`RdfError::Syntax`] with the first line that does not conform.
pub fn parse_nquads(text: &str) -> Result<Vec<Quad>, RdfError> {
    let mut quads = Vec::new();
    for (index, line) in text.split(['\n', '\r']).enumerate() {
        let mut cursor = Cursor(line);
        cursor.skip_space();
        if cursor.0.is_empty() || cursor.0.starts_with('#') {
            continue;
        }
        quads.push(cursor.quad().ok_or(RdfError::Syntax { line: index + 1 })?);
    }
    Ok(quads)
}

/// The rest of a line.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(token)?;
        Some(())
    }

    fn quad(&mut self) -> Option<Quad> {
        let subject = self.node()?;
        self.skip_space();
        let predicate = self.iri()?;
        self.skip_space();
        let object = match self.0.starts_with('"') {
            true => Term::Literal(self.literal()?),
            false => self.node()?,
        };
        self.skip_space();
        let graph = match self.0.starts_with('.') {
            true => None,
            false => Some(self.node()?),
        };
        self.skip_space();
        self.take(".")?;
        self.skip_space();
        (self.0.is_empty() || self.0.starts_with('#')).then_some(Quad {
            subject,
            predicate,
            object,
            graph,
        })
    }

    fn node(&mut self) -> Option<Term> {
        if self.0.starts_with("_:") {
            self.take("_:")?;
            let end = self
                .0
                .find(|c: char| !(c.is_alphanumeric() || "_-.:·".contains(c)))
                .unwrap_or(self.0.len());
            let label = self.0.get(..end)?.trim_end_matches('.');
            self.0 = self.0.get(label.len()..)?;
            (!label.is_empty()).then(|| Term::Blank(label.into()))
        } else {
            self.iri().map(Term::Iri)
        }
    }

    fn iri(&mut self) -> Option<Arc<str>> {
        self.take("<")?;
        let end = self.0.find('>')?;
        let iri = unescape(self.0.get(..end)?, false)?;
        self.0 = self.0.get(end + 1..)?;
        is_well_formed_iri(&iri).then(|| iri.into())
    }

    fn literal(&mut self) -> Option<Literal> {
        self.take("\"")?;
        let mut escaped = false;
        let end = self.0.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        let lexical = unescape(self.0.get(..end)?, true)?.into();
        self.0 = self.0.get(end + 1..)?;
        if self.take("@").is_some() {
            let end = self
                .0
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                .unwrap_or(self.0.len());
            let language = self.0.get(..end)?;
            self.0 = self.0.get(end..)?;
            return is_well_formed_language(language).then(|| Literal {
                lexical,
                datatype: RDF_LANG_STRING.into(),
                language: Some(language.into()),
            });
        }
        let datatype = match self.take("^^") {
            Some(()) => self.iri()?,
            None => XSD_STRING.into(),
        };
        Some(Literal {
            lexical,
            datatype,
            language: None,
        })
    }
}

/// Resolves `UCHAR` and, in literals, `ECHAR` escapes.
fn unescape(text: &str, literal: bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(character) = chars.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let kind = chars.next()?;
        let digits = match kind {
            'u' => 4,
            'U' => 8,
            _ if !literal => return None,
            _ => 0,
        };
        out.push(match kind {
            'u' | 'U' => {
                let hex = chars.as_str().get(..digits)?;
                chars = chars.as_str().get(digits..)?.chars();
                char::from_u32(u32::from_str_radix(hex, 16).ok()?)?
            }
            't' => '\t',
            'b' => '\u{8}',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            '"' => '"',
            '\'' => '\'',
            '\\' => '\\',
            _ => return None,
        });
    }
    Some(out)
}

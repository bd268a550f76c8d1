//! Where in a document something is wrong: names of members and positions, never values.

use alloc::string::String;
use core::fmt::Write as _;

use crate::error::Error;

/// A place in a document, without allocation until it must be told.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The document itself.
    pub(crate) const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    /// The member `name` of what is here.
    pub(crate) const fn name(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Name(name),
        }
    }

    /// The element `index` of what is here.
    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// The error of a value that breaks the data model here.
    pub(crate) fn malformed(&self, what: &'static str) -> Error {
        Error::MalformedValue {
            what,
            path: self.render(),
        }
    }

    /// As a JSON Pointer (RFC 6901); a name that the message chose is cut to 40 printable characters.
    pub(crate) fn render(&self) -> String {
        let mut out = match self.parent {
            Some(parent) if parent.parent.is_some() => parent.render(),
            _ => String::new(),
        };
        match self.step {
            Step::Root => {}
            Step::Name(name) => {
                out.push('/');
                // Of a name that is mostly unprintable no more is looked through than it takes.
                let first = name.chars().take(200);
                let printable = first.filter(char::is_ascii_graphic).take(40);
                out.extend(printable.filter(|c| *c != '/' && *c != '~'));
            }
            Step::Index(index) => {
                // Writing to a string does not fail.
                let _ = write!(out, "/{index}");
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_pointer_of_names_and_positions() {
        let subjects = Path::ROOT.name("credentialSubject");
        let second = subjects.index(1);
        assert_eq!(second.name("id").render(), "/credentialSubject/1/id");
        assert_eq!(Path::ROOT.render(), "");
        assert_eq!(Path::ROOT.name("a\n/é b").render(), "/ab");
        let far = alloc::format!("{}b", "é".repeat(200));
        assert_eq!(Path::ROOT.name(&far).render(), "/");
    }
}

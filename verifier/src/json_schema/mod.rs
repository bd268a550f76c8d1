//! JSON Schema 2020-12, strictly: what this validator does not know is refused, never passed over.
//!
//! ```text
//! Schema::parse(&Value)   every keyword known and well-formed, every reference within the schema
//!   └▶ validate(&Value)   within a counted amount of work
//! ```
//!
//! References lead only into the schema itself; nothing is fetched. Annotations (`title`, `format` and the like) say nothing
//! about validity, as §7 and §9 of the validation vocabulary have it. Regular expressions are those of ECMA-262 that a finite
//! automaton matches. Dynamic references are not known, and a schema that has them is refused.

mod evaluate;
mod number;
mod pattern;
mod seen;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::Value;

use crate::error::Error;
use pattern::Pattern;

/// The dialect that is known.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Bounds on a schema: how deep it nests, and how many schemas it holds within.
const MAX_DEPTH: usize = 32;
const MAX_SCHEMAS: usize = 10_000;
/// The most states of all regular expressions of a schema together.
const MAX_STATES: usize = 40_000;

/// How a keyword's value must look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Anything: an annotation.
    Any,
    /// A schema.
    Schema,
    /// Schemas in an array, at least one.
    Schemas,
    /// Schemas by name.
    Named,
    /// A regular expression.
    Pattern,
    /// Schemas by regular expression.
    Patterned,
    /// A count.
    Count,
    /// A number.
    Number,
    /// A number above zero.
    Positive,
    /// Names, each once.
    Names,
    /// Names by name.
    NamesByName,
    /// One type or several.
    Types,
    /// Values in an array.
    Values,
    /// `true` or `false`.
    Flag,
    /// A reference into this schema.
    Reference,
    /// The dialect.
    Dialect,
}

/// Every keyword that is known (JSON Schema Core §8, §10; Validation §6 to §9).
const KEYWORDS: &[(&str, Form)] = &[
    ("$anchor", Form::Any),
    ("$comment", Form::Any),
    ("$defs", Form::Named),
    ("$id", Form::Any),
    ("$ref", Form::Reference),
    ("$schema", Form::Dialect),
    ("additionalProperties", Form::Schema),
    ("allOf", Form::Schemas),
    ("anyOf", Form::Schemas),
    ("const", Form::Any),
    ("contains", Form::Schema),
    ("contentEncoding", Form::Any),
    ("contentMediaType", Form::Any),
    ("contentSchema", Form::Any),
    ("default", Form::Any),
    ("dependentRequired", Form::NamesByName),
    ("dependentSchemas", Form::Named),
    ("deprecated", Form::Any),
    ("description", Form::Any),
    ("else", Form::Schema),
    ("enum", Form::Values),
    ("examples", Form::Any),
    ("exclusiveMaximum", Form::Number),
    ("exclusiveMinimum", Form::Number),
    ("format", Form::Any),
    ("if", Form::Schema),
    ("items", Form::Schema),
    ("maxContains", Form::Count),
    ("maxItems", Form::Count),
    ("maxLength", Form::Count),
    ("maxProperties", Form::Count),
    ("maximum", Form::Number),
    ("minContains", Form::Count),
    ("minItems", Form::Count),
    ("minLength", Form::Count),
    ("minProperties", Form::Count),
    ("minimum", Form::Number),
    ("multipleOf", Form::Positive),
    ("not", Form::Schema),
    ("oneOf", Form::Schemas),
    ("pattern", Form::Pattern),
    ("patternProperties", Form::Patterned),
    ("prefixItems", Form::Schemas),
    ("properties", Form::Named),
    ("propertyNames", Form::Schema),
    ("readOnly", Form::Any),
    ("required", Form::Names),
    ("then", Form::Schema),
    ("title", Form::Any),
    ("type", Form::Types),
    ("unevaluatedItems", Form::Schema),
    ("unevaluatedProperties", Form::Schema),
    ("uniqueItems", Form::Flag),
    ("writeOnly", Form::Any),
];

/// A schema whose every keyword is known.
///
/// # Example
/// ```
/// use tessera_verifier::json_schema::Schema;
/// use serde_json::json;
///
/// let schema = Schema::parse(&json!({
///     "$schema": "https://json-schema.org/draft/2020-12/schema",
///     "properties": {"credentialSubject": {"required": ["degree"]}},
/// }))?;
/// assert!(schema.validate(&json!({"credentialSubject": {"degree": "B"}})).is_ok());
/// let error = schema.validate(&json!({"credentialSubject": {}})).unwrap_err();
/// assert_eq!(error.to_string(), "the credential does not match its schema at /credentialSubject");
/// # Ok::<(), tessera_verifier::Error>(())
/// ```
#[derive(Clone)]
pub struct Schema(Arc<Inner>);

struct Inner {
    root: Value,
    /// Every regular expression in it, by its text.
    patterns: BTreeMap<String, Pattern>,
    /// Whether anything asks what was evaluated: without it nothing is noted.
    tracks: bool,
}

impl Schema {
    /// Checks a schema.
    ///
    /// # Errors
    /// `unsupported_format` for a keyword or dialect that is not known, `malformed` for a keyword whose value is of another
    /// form, for a regular expression that is none and for a reference that leads nowhere, `too_large` above 32 levels,
    /// 10,000 schemas or 40,000 states of regular expressions.
    pub fn parse(schema: &Value) -> Result<Self, Error> {
        let mut reading = Reading {
            root: schema,
            left: MAX_SCHEMAS,
            states: MAX_STATES,
            patterns: BTreeMap::new(),
            tracks: false,
        };
        reading.schema(schema, MAX_DEPTH)?;
        let Reading {
            patterns, tracks, ..
        } = reading;
        Ok(Self(Arc::new(Inner {
            root: schema.clone(),
            patterns,
            tracks,
        })))
    }

    /// Checks that `instance` matches.
    ///
    /// # Errors
    /// `schema_mismatch` with the place in the instance; `work_budget_exceeded`.
    pub fn validate(&self, instance: &Value) -> Result<(), Error> {
        evaluate::validate(&self.0, instance)
    }
}

const MALFORMED: Error = Error::malformed("JSON Schema");

struct Reading<'a> {
    root: &'a Value,
    /// Schemas and states that may still come.
    left: usize,
    states: usize,
    patterns: BTreeMap<String, Pattern>,
    tracks: bool,
}

impl Reading<'_> {
    fn schema(&mut self, schema: &Value, depth: usize) -> Result<(), Error> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(Error::too_large("JSON Schema", MAX_SCHEMAS))?;
        let depth = depth
            .checked_sub(1)
            .ok_or(Error::too_large("JSON Schema", MAX_DEPTH))?;
        let members = match schema {
            Value::Bool(_) => return Ok(()),
            Value::Object(members) => members,
            _ => return Err(MALFORMED),
        };
        // An `$id` within would move the base of references.
        if !core::ptr::eq(schema, self.root) && members.contains_key("$id") {
            return Err(Error::UnsupportedFormat {
                what: "JSON Schema within a JSON Schema",
            });
        }
        for (name, value) in members {
            let known = KEYWORDS.iter().find(|(keyword, _)| keyword == name);
            let (_, form) = known.ok_or(Error::UnsupportedFormat {
                what: "JSON Schema keyword",
            })?;
            self.tracks |= name.starts_with("unevaluated");
            match form {
                Form::Schema => self.schema(value, depth)?,
                Form::Schemas => {
                    let schemas = value.as_array().filter(|schemas| !schemas.is_empty());
                    for one in schemas.ok_or(MALFORMED)? {
                        self.schema(one, depth)?;
                    }
                }
                Form::Named | Form::Patterned => {
                    for (name, one) in value.as_object().ok_or(MALFORMED)? {
                        if *form == Form::Patterned {
                            self.pattern(name)?;
                        }
                        self.schema(one, depth)?;
                    }
                }
                Form::Pattern => self.pattern(value.as_str().ok_or(MALFORMED)?)?,
                form if !is_of(*form, value, self.root) => return Err(MALFORMED),
                _ => {}
            }
        }
        Ok(())
    }

    fn pattern(&mut self, text: &str) -> Result<(), Error> {
        if self.patterns.contains_key(text) {
            return Ok(());
        }
        let pattern = Pattern::parse(text)?;
        self.states = self
            .states
            .checked_sub(pattern.size())
            .ok_or(Error::too_large("regular expressions", MAX_STATES))?;
        self.patterns.insert(text.into(), pattern);
        Ok(())
    }
}

fn is_of(form: Form, value: &Value, root: &Value) -> bool {
    match form {
        // Read with what is in them, above.
        Form::Schema | Form::Schemas | Form::Named | Form::Pattern | Form::Patterned => true,
        Form::Any => true,
        Form::Count => count(value).is_some(),
        Form::Number => value.is_number(),
        Form::Positive => value.as_f64().is_some_and(|number| number > 0.0),
        Form::Names => are_names(value),
        Form::NamesByName => value
            .as_object()
            .is_some_and(|members| members.values().all(are_names)),
        Form::Types => match value {
            Value::Array(types) => !types.is_empty() && types.iter().all(is_type),
            one => is_type(one),
        },
        Form::Values => value.is_array(),
        Form::Flag => value.is_boolean(),
        Form::Reference => value
            .as_str()
            .is_some_and(|reference| resolve(root, reference).is_some()),
        Form::Dialect => value
            .as_str()
            .is_some_and(|dialect| dialect.trim_end_matches('#') == DIALECT),
    }
}

/// A count, also one that is written with a fraction of nothing (Validation §6).
fn count(value: &Value) -> Option<u64> {
    let number = value.as_number()?;
    u64::try_from(number::integer(number)?).ok()
}

fn are_names(value: &Value) -> bool {
    value.as_array().is_some_and(|names| {
        let mut seen: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len() == names.len()
    })
}

fn is_type(value: &Value) -> bool {
    value.as_str().is_some_and(|name| {
        [
            "array", "boolean", "integer", "null", "number", "object", "string",
        ]
        .contains(&name)
    })
}

/// The schema that a reference leads to: the root, or where a JSON Pointer (RFC 6901) leads by keywords that hold schemas;
/// by others it could reach what was never checked.
fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = percent_decoded(reference.strip_prefix('#')?)?;
    let mut schema = root;
    if pointer.is_empty() {
        return Some(root);
    }
    let mut tokens = pointer.strip_prefix('/')?.split('/');
    while let Some(keyword) = tokens.next() {
        let (_, form) = KEYWORDS.iter().find(|(known, _)| *known == keyword)?;
        let value = schema.get(keyword)?;
        schema = match form {
            Form::Schema => value,
            Form::Schemas => {
                let index = tokens.next()?;
                let canonical = index == "0" || !index.starts_with(['0', '+']);
                value.get(index.parse::<usize>().ok().filter(|_| canonical)?)?
            }
            Form::Named | Form::Patterned => {
                value.get(tokens.next()?.replace("~1", "/").replace("~0", "~"))?
            }
            _ => return None,
        };
    }
    Some(schema)
}

/// RFC 6901 §6: in a fragment, what is no character of URIs stands as octets in hexadecimal.
fn percent_decoded(fragment: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok()
}

/// The names of `required` and the like.
fn names(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

//! JSON Schema 2020-12, strictly: what this validator does not know is refused, never passed over.
//!
//! ```text
//! Schema::parse(&Value)   every keyword known and well-formed, every reference within the schema
//!   └▶ validate(&Value)   within a counted amount of work
//! ```
//!
//! References lead only into the schema itself; nothing is fetched. Annotations (`title`, `format` and the like) say nothing
//! about validity, as §7 and §9 of the validation vocabulary have it. Regular expressions (`pattern`, `patternProperties`),
//! dynamic references and `unevaluated…` are not known, and a schema that has them is refused.

mod evaluate;
mod number;

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use crate::error::Error;

/// The dialect that is known.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Bounds on a schema: how deep it nests, and how many schemas it holds within.
const MAX_DEPTH: usize = 32;
const MAX_SCHEMAS: usize = 10_000;

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
    ("prefixItems", Form::Schemas),
    ("properties", Form::Named),
    ("propertyNames", Form::Schema),
    ("readOnly", Form::Any),
    ("required", Form::Names),
    ("then", Form::Schema),
    ("title", Form::Any),
    ("type", Form::Types),
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
pub struct Schema {
    root: Value,
}

impl Schema {
    /// Checks a schema.
    ///
    /// # Errors
    /// `unsupported_format` for a keyword or dialect that is not known, `malformed` for a keyword whose value is of another
    /// form and for a reference that leads nowhere, `too_large` above 32 levels or 10,000 schemas.
    pub fn parse(schema: &Value) -> Result<Self, Error> {
        let mut left = MAX_SCHEMAS;
        check(schema, schema, MAX_DEPTH, &mut left)?;
        Ok(Self {
            root: schema.clone(),
        })
    }

    /// Checks that `instance` matches.
    ///
    /// # Errors
    /// `schema_mismatch` with the place in the instance; `work_budget_exceeded`.
    pub fn validate(&self, instance: &Value) -> Result<(), Error> {
        evaluate::validate(&self.root, instance)
    }
}

const MALFORMED: Error = Error::malformed("JSON Schema");

fn check(schema: &Value, root: &Value, depth: usize, left: &mut usize) -> Result<(), Error> {
    *left = left
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
    if !core::ptr::eq(schema, root) && members.contains_key("$id") {
        return Err(Error::UnsupportedFormat {
            what: "JSON Schema within a JSON Schema",
        });
    }
    for (name, value) in members {
        let known = KEYWORDS.iter().find(|(keyword, _)| keyword == name);
        let (_, form) = known.ok_or(Error::UnsupportedFormat {
            what: "JSON Schema keyword",
        })?;
        let mut each = |one: &Value| check(one, root, depth, left);
        match form {
            Form::Schema => each(value)?,
            Form::Schemas => {
                let schemas = value.as_array().filter(|schemas| !schemas.is_empty());
                schemas.ok_or(MALFORMED)?.iter().try_for_each(each)?;
            }
            Form::Named => {
                let schemas = value.as_object().ok_or(MALFORMED)?;
                schemas.values().try_for_each(each)?;
            }
            form if !is_of(*form, value, root) => return Err(MALFORMED),
            _ => {}
        }
    }
    Ok(())
}

fn is_of(form: Form, value: &Value, root: &Value) -> bool {
    match form {
        Form::Any | Form::Schema | Form::Schemas | Form::Named => true,
        Form::Count => value.is_u64(),
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

/// The schema that a reference leads to: the root, or a JSON Pointer to a schema among `$defs`.
fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    match reference.strip_prefix('#')? {
        "" => Some(root),
        pointer => {
            // Only where schemas are known to stand: elsewhere a pointer could reach what was never checked.
            let name = pointer
                .strip_prefix("/$defs/")
                .filter(|n| !n.contains('/'))?;
            let name: String = name.replace("~1", "/").replace("~0", "~");
            definitions(root)?.get(&name)
        }
    }
}

fn definitions(root: &Value) -> Option<&Map<String, Value>> {
    root.get("$defs").and_then(Value::as_object)
}

/// The names of `required` and the like.
fn names(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

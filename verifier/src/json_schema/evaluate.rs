//! Evaluation (JSON Schema Core §7, Validation §6).

use core::cmp::Ordering;

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Number, Value};

use super::number::{compare, integer, is_multiple};
use super::seen::Seen;
use super::{Inner, names, resolve};
use crate::error::Error;
use crate::vcdm::Path;

/// The most schemas applied, children gone through, names looked for and values compared with each other: an honest
/// credential takes a few hundred.
const MAX_WORK: usize = 200_000;
/// As many bytes of text as are looked at for one unit of that work.
const TEXT_PER_UNIT: usize = 64;
/// How deep schemas may be applied within each other: references may go round.
const MAX_DEPTH: usize = 128;

pub(super) fn validate(schema: &Inner, instance: &Value) -> Result<(), Error> {
    let mut evaluation = Evaluation {
        schema,
        left: MAX_WORK,
        depth: MAX_DEPTH,
    };
    evaluation
        .apply(&schema.root, instance, &Path::ROOT)
        .map(drop)
}

struct Evaluation<'a> {
    schema: &'a Inner,
    left: usize,
    depth: usize,
}

/// The refusal of what is here.
fn mismatch(path: &Path<'_>) -> Error {
    Error::SchemaMismatch {
        path: path.render(),
    }
}

fn holds(condition: bool, path: &Path<'_>) -> Result<(), Error> {
    if condition {
        Ok(())
    } else {
        Err(mismatch(path))
    }
}

impl<'a> Evaluation<'a> {
    fn spend(&mut self, work: usize) -> Result<(), Error> {
        self.left = self
            .left
            .checked_sub(work)
            .ok_or(Error::WorkBudgetExceeded)?;
        Ok(())
    }

    /// Applies a schema, and tells which children of the value it has evaluated.
    fn apply(&mut self, schema: &'a Value, value: &Value, path: &Path<'_>) -> Result<Seen, Error> {
        self.spend(1)?;
        let mut seen = Seen::default();
        let members = match schema {
            Value::Object(members) => members,
            Value::Bool(true) => return Ok(seen),
            _ => return Err(mismatch(path)),
        };
        // References apply one schema to one value as often as they like, and every time its children are gone through.
        self.spend(match value {
            Value::Array(elements) => elements.len(),
            Value::Object(members) => members.len(),
            Value::String(text) => text.len() / TEXT_PER_UNIT,
            _ => 0,
        })?;
        self.depth = self.depth.checked_sub(1).ok_or(Error::WorkBudgetExceeded)?;
        let result = self.members(members, value, path, &mut seen);
        self.depth += 1;
        result.map(|()| seen)
    }

    /// Applies a schema to the same value as the one that `seen` is of.
    fn apply_beside(
        &mut self,
        schema: &'a Value,
        value: &Value,
        path: &Path<'_>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let also = self.apply(schema, value, path)?;
        self.spend(seen.merge(&also))
    }

    /// Notes that a child was evaluated.
    fn note(&self, seen: &mut Seen, index: usize) {
        if self.schema.tracks {
            seen.add(index);
        }
    }

    fn fits(&mut self, pattern: &str, text: &str) -> Result<bool, Error> {
        self.spend(1)?;
        match self.schema.patterns.get(pattern) {
            Some(pattern) => pattern.is_match(text, &mut self.left),
            None => Ok(false),
        }
    }

    /// Whether two values are the same (§4.2.2 of the core).
    fn same(&mut self, a: &Value, b: &Value) -> Result<bool, Error> {
        self.spend(1)?;
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => Ok(compare(a, b) == Some(Ordering::Equal)),
            (Value::String(a), Value::String(b)) if a.len() == b.len() => {
                self.spend(a.len() / TEXT_PER_UNIT)?;
                Ok(a == b)
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (a, b) in a.iter().zip(b) {
                    if !self.same(a, b)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
                for (name, a) in a {
                    match b.get(name) {
                        Some(b) if self.same(a, b)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
            _ => Ok(false),
        }
    }

    /// Whether `value` is one of the `others`.
    fn is_among(&mut self, value: &Value, others: &[Value]) -> Result<bool, Error> {
        for other in others {
            if self.same(other, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What it has evaluated if it matches (a schema that does not match says nothing, Core §7.7.1.1); only the end of the
    /// budget is an error.
    fn matches(
        &mut self,
        schema: &'a Value,
        value: &Value,
        path: &Path<'_>,
    ) -> Result<Option<Seen>, Error> {
        match self.apply(schema, value, path) {
            Ok(seen) => Ok(Some(seen)),
            Err(Error::SchemaMismatch { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn members(
        &mut self,
        schema: &'a Map<String, Value>,
        value: &Value,
        path: &Path<'_>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        for (keyword, rule) in schema {
            match keyword.as_str() {
                "type" => {
                    self.spend(rule.as_array().map_or(0, Vec::len))?;
                    holds(is_of_type(rule, value), path)?;
                }
                "const" => holds(self.same(rule, value)?, path)?,
                "enum" => {
                    let allowed = rule.as_array().map(Vec::as_slice).unwrap_or_default();
                    holds(self.is_among(value, allowed)?, path)?;
                }
                "$ref" => {
                    self.spend(rule.as_str().map_or(0, str::len) / TEXT_PER_UNIT)?;
                    let root = &self.schema.root;
                    let target = rule.as_str().and_then(|target| resolve(root, target));
                    let target = target.ok_or_else(|| mismatch(path))?;
                    self.apply_beside(target, value, path, seen)?;
                }
                _ => {}
            }
        }
        self.logic(schema, value, path, seen)?;
        match value {
            Value::Object(members) => self.object(schema, (value, members), path, seen),
            Value::Array(elements) => self.array(schema, elements, path, seen),
            Value::Number(number) => bounds(schema, number, path),
            Value::String(text) => {
                // §6.3: characters, not bytes.
                let length = text.chars().count();
                within(schema, ("minLength", "maxLength"), length, path)?;
                match schema.get("pattern").and_then(Value::as_str) {
                    Some(pattern) => holds(self.fits(pattern, text)?, path),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// `allOf`, `anyOf`, `oneOf`, `not`, `if`.
    fn logic(
        &mut self,
        schema: &'a Map<String, Value>,
        value: &Value,
        path: &Path<'_>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let all = |name: &str| schema.get(name).and_then(Value::as_array);
        for one in all("allOf").into_iter().flatten() {
            self.apply_beside(one, value, path, seen)?;
        }
        for (name, most) in [("anyOf", usize::MAX), ("oneOf", 1)] {
            let Some(schemas) = all(name) else { continue };
            let mut matched = 0;
            for one in schemas {
                if let Some(also) = self.matches(one, value, path)? {
                    matched += 1;
                    self.spend(seen.merge(&also))?;
                }
            }
            holds((1..=most).contains(&matched), path)?;
        }
        if let Some(not) = schema.get("not") {
            holds(self.matches(not, value, path)?.is_none(), path)?;
        }
        if let Some(condition) = schema.get("if") {
            let branch = match self.matches(condition, value, path)? {
                Some(also) => {
                    self.spend(seen.merge(&also))?;
                    "then"
                }
                None => "else",
            };
            if let Some(schema) = schema.get(branch) {
                self.apply_beside(schema, value, path, seen)?;
            }
        }
        Ok(())
    }

    fn object(
        &mut self,
        schema: &'a Map<String, Value>,
        (object, members): (&Value, &Map<String, Value>),
        path: &Path<'_>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let bounds = ("minProperties", "maxProperties");
        within(schema, bounds, members.len(), path)?;
        let has = |names_of: &Value| names(names_of).all(|name| members.contains_key(name));
        holds(schema.get("required").is_none_or(has), path)?;
        let by_name = |name: &str| schema.get(name).and_then(Value::as_object);
        for (name, others) in by_name("dependentRequired").into_iter().flatten() {
            self.spend(1 + others.as_array().map_or(0, Vec::len))?;
            holds(!members.contains_key(name) || has(others), path)?;
        }
        for (name, dependent) in by_name("dependentSchemas").into_iter().flatten() {
            self.spend(1)?;
            if members.contains_key(name) {
                self.apply_beside(dependent, object, path, seen)?;
            }
        }
        let properties = by_name("properties");
        let patterns = by_name("patternProperties");
        for (index, (name, value)) in members.iter().enumerate() {
            let path = path.name(name);
            if let Some(schema) = schema.get("propertyNames") {
                self.apply(schema, &Value::String(name.clone()), &path)?;
            }
            let mut found = false;
            if let Some(schema) = properties.and_then(|properties| properties.get(name)) {
                found = true;
                self.apply(schema, value, &path)?;
            }
            for (pattern, schema) in patterns.into_iter().flatten() {
                if self.fits(pattern, name)? {
                    found = true;
                    self.apply(schema, value, &path)?;
                }
            }
            if !found && let Some(schema) = schema.get("additionalProperties") {
                found = true;
                self.apply(schema, value, &path)?;
            }
            if found {
                self.note(seen, index);
            }
        }
        // Core §11.3: after everything else that applies to the same object.
        if let Some(schema) = schema.get("unevaluatedProperties") {
            for (index, (name, value)) in members.iter().enumerate() {
                if !seen.has(index) {
                    self.apply(schema, value, &path.name(name))?;
                    self.note(seen, index);
                }
            }
        }
        Ok(())
    }

    fn array(
        &mut self,
        schema: &'a Map<String, Value>,
        elements: &[Value],
        path: &Path<'_>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        within(schema, ("minItems", "maxItems"), elements.len(), path)?;
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (index, one) in elements.iter().enumerate() {
                let before = elements.get(..index).unwrap_or_default();
                holds(!self.is_among(one, before)?, &path.index(index))?;
            }
        }
        let prefix = schema.get("prefixItems").and_then(Value::as_array);
        let prefix = prefix.map(Vec::as_slice).unwrap_or_default();
        for (index, value) in elements.iter().enumerate() {
            if let Some(schema) = prefix.get(index).or_else(|| schema.get("items")) {
                self.apply(schema, value, &path.index(index))?;
                self.note(seen, index);
            }
        }
        if let Some(contains) = schema.get("contains") {
            let mut found = 0;
            for (index, value) in elements.iter().enumerate() {
                if self.matches(contains, value, &path.index(index))?.is_some() {
                    found += 1;
                    self.note(seen, index);
                }
            }
            // §6.4.5: at least one, unless it says otherwise.
            let least = schema.contains_key("minContains") || found > 0;
            holds(least, path)?;
            within(schema, ("minContains", "maxContains"), found, path)?;
        }
        // Core §11.2.
        if let Some(schema) = schema.get("unevaluatedItems") {
            for (index, value) in elements.iter().enumerate() {
                if !seen.has(index) {
                    self.apply(schema, value, &path.index(index))?;
                    self.note(seen, index);
                }
            }
        }
        Ok(())
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        match value {
            Value::Null => name == "null",
            Value::Bool(_) => name == "boolean",
            Value::Number(number) => {
                name == "number" || (name == "integer" && integer(number).is_some())
            }
            Value::String(_) => name == "string",
            Value::Array(_) => name == "array",
            Value::Object(_) => name == "object",
        }
    };
    match rule {
        Value::Array(types) => types.iter().any(is),
        one => is(one),
    }
}

/// A count between two keywords.
fn within(
    schema: &Map<String, Value>,
    (least, most): (&str, &str),
    count: usize,
    path: &Path<'_>,
) -> Result<(), Error> {
    let bound = |name: &str| schema.get(name).and_then(super::count);
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let enough = bound(least).is_none_or(|least| count >= least);
    holds(enough && bound(most).is_none_or(|most| count <= most), path)
}

/// §6.2.
fn bounds(schema: &Map<String, Value>, number: &Number, path: &Path<'_>) -> Result<(), Error> {
    let against = |name: &str| match schema.get(name) {
        Some(Value::Number(bound)) => compare(number, bound),
        _ => None,
    };
    let beyond = against("maximum") == Some(Ordering::Greater)
        || against("minimum") == Some(Ordering::Less)
        || matches!(
            against("exclusiveMaximum"),
            Some(Ordering::Greater | Ordering::Equal)
        )
        || matches!(
            against("exclusiveMinimum"),
            Some(Ordering::Less | Ordering::Equal)
        );
    let multiple = match schema.get("multipleOf") {
        Some(Value::Number(unit)) => is_multiple(number, unit),
        _ => true,
    };
    holds(!beyond && multiple, path)
}

//! What kind of object a map turned out to be (JSON-LD 1.1 API §5.1 steps 15 to 19).

use alloc::boxed::Box;
use alloc::sync::Arc;

use serde_json::Value;

use super::JsonLdError;
use super::expand::{Expander, Property};
use super::iri;
use super::object::{Object, invalid};
use super::tree::{Datatype, Direction, Expansion, Item, List, Node, Scalar, ValueObject};

impl Expander<'_> {
    /// Steps 15 to 19: what kind of object it turned out to be.
    pub(super) fn finish(
        &self,
        object: Object<'_>,
        property: Property<'_>,
    ) -> Result<Expansion, JsonLdError> {
        let Object {
            mut node,
            value,
            language,
            direction,
            list,
            set,
            ..
        } = object;
        let bare = node.id.is_none()
            && node.graph.is_none()
            && node.included.is_none()
            && node.reverse.is_none()
            && node.properties.is_empty();
        if let Some(value) = value {
            if !bare || list.is_some() || set.is_some() {
                return invalid("invalid value object");
            }
            let value = self.value_object(node, value, language, direction)?;
            if property.is_top() && value.is_some() {
                self.dropped("a free-floating value")?;
                return Ok(Expansion::Null);
            }
            return Ok(value.map_or(Expansion::Null, |value| Expansion::One(Item::Value(value))));
        }
        if list.is_some() || set.is_some() {
            let both = list.is_some() && set.is_some();
            if !bare || both || node.types.is_some() || language.is_some() || direction.is_some() {
                return invalid("invalid set or list object");
            }
            if let Some(set) = set {
                return Ok(Expansion::Many(set));
            }
            return Ok(list.map_or(Expansion::Null, |list| {
                Expansion::One(Item::List(List {
                    index: node.index,
                    ..list
                }))
            }));
        }
        if language.is_some() || direction.is_some() {
            self.dropped("@language without @value")?;
            if bare && node.types.is_none() && node.index.is_none() && direction.is_none() {
                return Ok(Expansion::Null);
            }
        }
        if let Some(types) = &mut node.types
            && types.is_empty()
        {
            self.dropped("an empty @type")?;
        }
        if property.is_top() && bare && node.types.is_none() {
            let only_id = node.index.is_none();
            if !only_id {
                return Ok(Expansion::One(Item::Node(Box::new(node))));
            }
            self.dropped("an empty object")?;
            return Ok(Expansion::Null);
        }
        let only_id = node.id.is_some()
            && node.graph.is_none()
            && node.included.is_none()
            && node.reverse.is_none()
            && node.properties.is_empty()
            && node.types.is_none()
            && node.index.is_none();
        if property.is_top() && only_id {
            self.dropped("an object with only an identifier")?;
            return Ok(Expansion::Null);
        }
        Ok(Expansion::One(Item::Node(Box::new(node))))
    }

    /// Step 15: a value object.
    fn value_object(
        &self,
        node: Node,
        value: &Value,
        language: Option<Arc<str>>,
        direction: Option<Direction>,
    ) -> Result<Option<ValueObject>, JsonLdError> {
        let tagged = language.is_some() || direction.is_some();
        let datatype = match node.types.as_deref() {
            None => Datatype::Native,
            Some(_) if tagged => return invalid("invalid value object"),
            Some([json]) if &**json == "@json" => Datatype::Json,
            Some([iri]) if iri::is_absolute(iri) && !iri.contains([' ', '<', '>']) => {
                Datatype::Iri(Arc::clone(iri))
            }
            Some(_) if value.is_null() => Datatype::Native,
            Some(_) => return invalid("invalid typed value"),
        };
        if datatype != Datatype::Json {
            if value.is_null() {
                self.dropped("a null @value")?;
                return Ok(None);
            }
            if language.is_some() && !value.is_string() {
                return invalid("invalid language-tagged value");
            }
        }
        Ok(Some(ValueObject {
            value: Scalar::of(value),
            datatype,
            language,
            direction,
            index: node.index,
            source: node.source,
        }))
    }
}

//! Value Expansion (JSON-LD 1.1 API §5.3) and value objects.

use alloc::boxed::Box;
use alloc::sync::Arc;

use serde_json::Value;

use super::JsonLdError;
use super::context::{Context, Expanded, TermDefinition, TypeMapping};
use super::expand::Expander;
use super::tree::{Datatype, Item, Node, Scalar, Source, ValueObject};

impl Expander<'_> {
    /// Expands a scalar that is a value of a term.
    pub(super) fn expand_scalar(
        &self,
        active: &Context,
        definition: Option<&Arc<TermDefinition>>,
        scalar: &Value,
    ) -> Result<Item, JsonLdError> {
        let mapping = definition.and_then(|definition| definition.type_mapping.as_ref());
        let source = Source::of(scalar);
        if let (Some(TypeMapping::Id | TypeMapping::Vocab), Value::String(text)) = (mapping, scalar)
        {
            let vocab = mapping == Some(&TypeMapping::Vocab);
            let mut node = Node::new(source);
            node.id = Some(self.identifier(active.expand_iri(text, true, vocab))?);
            return Ok(Item::Node(Box::new(node)));
        }
        let mut value = ValueObject {
            value: Scalar::of(scalar),
            datatype: Datatype::Native,
            language: None,
            direction: None,
            index: None,
            source,
        };
        match mapping {
            Some(TypeMapping::Iri(iri)) => value.datatype = Datatype::Iri(Arc::clone(iri)),
            Some(TypeMapping::Json) => value.datatype = Datatype::Json,
            _ if scalar.is_string() => {
                let language = definition.and_then(|definition| definition.language.clone());
                let direction = definition.and_then(|definition| definition.direction);
                value.language = language.unwrap_or_else(|| active.language.clone());
                value.direction = direction.unwrap_or(active.direction);
            }
            _ => {}
        }
        Ok(Item::Value(value))
    }

    /// The value of an `@id`.
    pub(super) fn identifier(&self, expanded: Expanded) -> Result<Option<Arc<str>>, JsonLdError> {
        match expanded {
            Expanded::Null => {
                self.dropped("a reserved identifier")?;
                Ok(None)
            }
            Expanded::Keyword(keyword) => {
                self.dropped("a keyword as an identifier")?;
                Ok(Some(keyword.as_str().into()))
            }
            Expanded::Iri(iri) => Ok(Some(iri)),
        }
    }
}

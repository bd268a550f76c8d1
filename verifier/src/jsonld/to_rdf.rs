//! Deserialization to RDF (JSON-LD 1.1 API §8.1 to §8.3).
//!
//! The specification first merges node objects that share an identifier. The quads come out the
//! same without that step, and each can remember the JSON value it stems from, which selective
//! disclosure needs.

use crate::table::Lazy;
use crate::table::Table;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Number, Value};

use super::JsonLdError;
use super::jcs::canonical_json;
use super::tree::{Datatype, Direction, Item, List, Node, Properties, Scalar, Source, ValueObject};
use crate::rdf::{Literal, Quad, Term, is_well_formed_iri, is_well_formed_language};

/// How to write strings that have a base direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdfDirection {
    /// A datatype of the `https://www.w3.org/ns/i18n#` namespace.
    I18nDatatype,
    /// A blank node with `rdf:value`, `rdf:language` and `rdf:direction`.
    CompoundLiteral,
}

/// How to deserialize.
#[derive(Clone, Copy, Debug)]
pub struct ToRdfOptions {
    /// `None`: base directions would be dropped.
    pub direction: Option<RdfDirection>,
    /// Whether anything that would be dropped is an error.
    pub safe: bool,
}

impl Default for ToRdfOptions {
    /// Base directions as datatypes, which is how Data Integrity implementations sign them (VCDM 2.0 §11.1), safe mode.
    fn default() -> Self {
        Self {
            direction: Some(RdfDirection::I18nDatatype),
            safe: true,
        }
    }
}

/// A dataset and, for each quad, the JSON value it stems from.
#[derive(Clone, Debug, Default)]
pub struct SourcedQuads {
    /// The quads, duplicates included.
    pub quads: Vec<Quad>,
    /// As many sources. A quad that states a type stems from the object that has the type; one
    /// that belongs to a list, from the whole list.
    pub sources: Vec<Source>,
}

macro_rules! iris {
    ($($name:ident = $iri:literal;)*) => {
        $(pub(super) static $name: Lazy<Arc<str>> = Lazy::new(|| Arc::from($iri));)*
    };
}

iris! {
    RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
    RDF_FIRST = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first";
    RDF_REST = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest";
    RDF_NIL = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil";
    RDF_JSON = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON";
    RDF_LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString";
    RDF_VALUE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value";
    RDF_LANGUAGE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#language";
    RDF_DIRECTION = "http://www.w3.org/1999/02/22-rdf-syntax-ns#direction";
    XSD_STRING = "http://www.w3.org/2001/XMLSchema#string";
    XSD_BOOLEAN = "http://www.w3.org/2001/XMLSchema#boolean";
    XSD_INTEGER = "http://www.w3.org/2001/XMLSchema#integer";
    XSD_DOUBLE = "http://www.w3.org/2001/XMLSchema#double";
}

/// Deserializes an expanded document.
///
/// # Errors
/// In safe mode, [`JsonLdError::Dropped`] for whatever has no form in RDF.
pub fn to_rdf(items: &[Item], options: &ToRdfOptions) -> Result<SourcedQuads, JsonLdError> {
    let mut writer = Writer {
        options: *options,
        out: SourcedQuads {
            quads: Vec::with_capacity(ORDINARY),
            sources: Vec::with_capacity(ORDINARY),
        },
        labels: Table::default(),
        issued: 0,
        indexes: Table::default(),
        left: MAX_NAMES,
    };
    for item in items {
        if let Item::Node(node) = item {
            writer.node(node, None)?;
        }
    }
    Ok(writer.out)
}

/// The most bytes that identifiers, datatypes and languages of all quads take together. The text of a literal stands in the
/// document once; a name stands there once and is written with every quad, so that a few hundred kilobytes of document
/// would become gigabytes of statements.
const MAX_NAMES: usize = 4 << 20;

/// Room for the quads of an ordinary credential, so that they are not moved as they become more.
const ORDINARY: usize = 64;

struct Writer {
    options: ToRdfOptions,
    out: SourcedQuads,
    labels: Table<Arc<str>, Arc<str>>,
    issued: usize,
    /// `@index` of identified nodes, which must not differ between mentions.
    indexes: Table<Arc<str>, Arc<str>>,
    /// Bytes of names that may still be written.
    left: usize,
}

impl Writer {
    fn dropped(&self, what: &'static str) -> Result<(), JsonLdError> {
        match self.options.safe {
            true => Err(JsonLdError::Dropped(what)),
            false => Ok(()),
        }
    }

    fn push(
        &mut self,
        (subject, predicate, object): (&Term, &Arc<str>, Term),
        graph: Option<&Term>,
        source: Source,
    ) -> Result<(), JsonLdError> {
        let names = name_bytes(subject)
            .saturating_add(predicate.len())
            .saturating_add(name_bytes(&object))
            .saturating_add(graph.map_or(0, name_bytes));
        self.left = self.left.checked_sub(names).ok_or(JsonLdError::TooLarge)?;
        self.out.quads.push(Quad {
            subject: subject.clone(),
            predicate: Arc::clone(predicate),
            object,
            graph: graph.cloned(),
        });
        self.out.sources.push(source);
        Ok(())
    }

    fn fresh(&mut self) -> Term {
        let label = format!("b{}", self.issued);
        self.issued += 1;
        Term::Blank(label.into())
    }

    /// An IRI or a blank node; `None` if it is neither.
    fn identifier(&mut self, id: &Arc<str>) -> Option<Term> {
        if id.starts_with("_:") {
            if let Some(label) = self.labels.get(id) {
                return Some(Term::Blank(Arc::clone(label)));
            }
            let term = self.fresh();
            if let Term::Blank(label) = &term {
                self.labels.insert(Arc::clone(id), Arc::clone(label));
            }
            return Some(term);
        }
        is_well_formed_iri(id).then(|| Term::Iri(Arc::clone(id)))
    }

    /// Writes a node's quads into `graph` and returns the node's term.
    fn node(&mut self, node: &Node, graph: Option<&Term>) -> Result<Option<Term>, JsonLdError> {
        if let Some(index) = &node.index {
            self.dropped("an index")?;
            if let Some(Some(id)) = &node.id {
                let kept = self
                    .indexes
                    .entry(Arc::clone(id))
                    .or_insert_with(|| index.clone());
                if kept != index {
                    return Err(JsonLdError::Invalid("conflicting indexes"));
                }
            }
        }
        let subject = match &node.id {
            None => Some(self.fresh()),
            Some(Some(id)) => self.identifier(id),
            Some(None) => None,
        };
        let Some(subject) = subject else {
            self.dropped("a node without an absolute identifier")?;
            return Ok(None);
        };
        for iri in node.types.iter().flatten() {
            match self.identifier(iri) {
                Some(term) => self.push((&subject, &RDF_TYPE, term), graph, node.source)?,
                None => self.dropped("a type that is not an absolute IRI")?,
            }
        }
        self.properties(&node.properties, &subject, graph)?;
        for (property, items) in node.reverse.iter().flatten() {
            for item in items {
                if let Item::Node(other) = item
                    && let Some(other) = self.node(other, graph)?
                    && self.is_predicate(property)?
                {
                    self.push((&other, property, subject.clone()), graph, item.source())?;
                }
            }
        }
        for item in node.included.iter().flatten() {
            if let Item::Node(included) = item {
                self.node(included, graph)?;
            }
        }
        for item in node.graph.iter().flatten() {
            if let Item::Node(inner) = item {
                self.node(inner, Some(&subject))?;
            }
        }
        Ok(Some(subject))
    }

    fn is_predicate(&self, property: &str) -> Result<bool, JsonLdError> {
        let valid = !property.starts_with("_:") && is_well_formed_iri(property);
        if !valid {
            self.dropped("a property that is not an absolute IRI")?;
        }
        Ok(valid)
    }

    fn properties(
        &mut self,
        properties: &Properties,
        subject: &Term,
        graph: Option<&Term>,
    ) -> Result<(), JsonLdError> {
        for (property, items) in properties {
            if !self.is_predicate(property)? {
                // The nodes in it are statements of their own.
                for item in items {
                    self.object(item, graph)?;
                }
                continue;
            }
            for item in items {
                if let Some(object) = self.object(item, graph)? {
                    self.push((subject, property, object), graph, item.source())?;
                }
            }
        }
        Ok(())
    }

    /// Object to RDF conversion (§8.2.2).
    fn object(&mut self, item: &Item, graph: Option<&Term>) -> Result<Option<Term>, JsonLdError> {
        match item {
            Item::Node(node) => self.node(node, graph),
            Item::Value(value) => self.value(value, graph),
            Item::List(list) => self.list(list, graph).map(Some),
        }
    }

    /// List conversion (§8.3.2).
    fn list(&mut self, list: &List, graph: Option<&Term>) -> Result<Term, JsonLdError> {
        if list.index.is_some() {
            self.dropped("an index")?;
        }
        let mut rest = Term::Iri(Arc::clone(&RDF_NIL));
        let cells: Vec<Term> = list.items.iter().map(|_| self.fresh()).collect();
        for (item, cell) in list.items.iter().zip(&cells).rev() {
            self.push((cell, &RDF_REST, rest), graph, list.source)?;
            rest = cell.clone();
            if let Some(object) = self.object(item, graph)? {
                self.push((cell, &RDF_FIRST, object), graph, list.source)?;
            }
        }
        Ok(rest)
    }

    fn value(
        &mut self,
        value: &ValueObject,
        graph: Option<&Term>,
    ) -> Result<Option<Term>, JsonLdError> {
        if value.index.is_some() {
            self.dropped("an index")?;
        }
        let mut datatype = match &value.datatype {
            Datatype::Native => None,
            Datatype::Json => Some(Arc::clone(&RDF_JSON)),
            Datatype::Iri(iri) if is_well_formed_iri(iri) => Some(Arc::clone(iri)),
            Datatype::Iri(_) => {
                self.dropped("a datatype that is not an absolute IRI")?;
                return Ok(None);
            }
        };
        if value
            .language
            .as_deref()
            .is_some_and(|tag| !is_well_formed_language(tag))
        {
            self.dropped("a language that is not well-formed")?;
            return Ok(None);
        }
        let lexical: Arc<str> = match &value.value {
            json if value.datatype == Datatype::Json => canonical_json(&json.to_json()).into(),
            Scalar::Text(text) => Arc::clone(text),
            Scalar::Other(Value::Bool(flag)) => {
                datatype.get_or_insert_with(|| Arc::clone(&XSD_BOOLEAN));
                Arc::from(if *flag { "true" } else { "false" })
            }
            Scalar::Other(Value::Number(number)) => number_literal(number, &mut datatype).into(),
            Scalar::Other(_) => return Ok(None),
        };
        if let Some(direction) = value.direction {
            match self.options.direction {
                None => self.dropped("a base direction")?,
                Some(RdfDirection::I18nDatatype) => {
                    let language = value.language.as_deref().unwrap_or_default();
                    return Ok(Some(Term::Literal(Literal {
                        lexical,
                        datatype: i18n_datatype(language, direction),
                        language: None,
                    })));
                }
                Some(RdfDirection::CompoundLiteral) => {
                    return self.compound(value, lexical, direction, graph).map(Some);
                }
            }
        }
        Ok(Some(Term::Literal(match (&value.language, datatype) {
            (Some(language), None) => Literal {
                lexical,
                datatype: Arc::clone(&RDF_LANG_STRING),
                language: Some(Arc::clone(language)),
            },
            (_, datatype) => Literal {
                lexical,
                datatype: datatype.unwrap_or_else(|| Arc::clone(&XSD_STRING)),
                language: None,
            },
        })))
    }

    fn compound(
        &mut self,
        value: &ValueObject,
        lexical: Arc<str>,
        direction: Direction,
        graph: Option<&Term>,
    ) -> Result<Term, JsonLdError> {
        let plain = |lexical: Arc<str>| {
            Term::Literal(Literal {
                lexical,
                datatype: Arc::clone(&XSD_STRING),
                language: None,
            })
        };
        let node = self.fresh();
        self.push((&node, &RDF_VALUE, plain(lexical)), graph, value.source)?;
        if let Some(language) = &value.language {
            let language = plain(Arc::clone(language));
            self.push((&node, &RDF_LANGUAGE, language), graph, value.source)?;
        }
        let direction = plain(direction.as_str().into());
        self.push((&node, &RDF_DIRECTION, direction), graph, value.source)?;
        Ok(node)
    }
}

fn name_bytes(term: &Term) -> usize {
    match term {
        Term::Iri(name) | Term::Blank(name) => name.len(),
        Term::Literal(literal) => {
            literal.datatype.len() + literal.language.as_ref().map_or(0, |tag| tag.len())
        }
    }
}

fn i18n_datatype(language: &str, direction: Direction) -> Arc<str> {
    format!(
        "https://www.w3.org/ns/i18n#{language}_{}",
        direction.as_str()
    )
    .into()
}

/// §8.2.2 steps 10 and 11: canonical `xsd:integer` or `xsd:double`.
pub(super) fn number_literal(number: &Number, datatype: &mut Option<Arc<str>>) -> String {
    let is_double = datatype.as_ref().is_some_and(|iri| *iri == *XSD_DOUBLE);
    let double = number.as_f64().unwrap_or_default();
    if !is_double && !number.is_f64() {
        datatype.get_or_insert_with(|| Arc::clone(&XSD_INTEGER));
        return number.to_string();
    }
    if !is_double && double % 1.0 == 0.0 && double.abs() < 1e21 {
        datatype.get_or_insert_with(|| Arc::clone(&XSD_INTEGER));
        // Adding zero turns negative zero into zero.
        return format!("{:.0}", double + 0.0);
    }
    datatype.get_or_insert_with(|| Arc::clone(&XSD_DOUBLE));
    let scientific = format!("{double:.15e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mantissa = mantissa.trim_end_matches('0');
    let zero = if mantissa.ends_with('.') { "0" } else { "" };
    format!("{mantissa}{zero}E{exponent}")
}

//! Expanded documents (JSON-LD 1.1 §9, "expanded document form").

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

/// Which JSON value of the input an expanded item stems from: the value's identity, valid as long
/// as the input is borrowed unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(usize);

impl Source {
    /// The identity of `value`.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        Self(core::ptr::from_ref(value).addr())
    }
}

/// Base direction of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

impl Direction {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "ltr" => Some(Self::Ltr),
            "rtl" => Some(Self::Rtl),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

/// An item of an expanded array.
#[derive(Clone, Debug)]
pub enum Item {
    /// A node object, or a graph object.
    Node(Box<Node>),
    /// A value object.
    Value(ValueObject),
    /// A list object.
    List(List),
}

/// A list object.
#[derive(Clone, Debug)]
pub struct List {
    /// The items, in order.
    pub items: Vec<Item>,
    /// `@index`.
    pub index: Option<Arc<str>>,
    /// The JSON array, or the single value that stands for one.
    pub source: Source,
}

/// The `@value` of a value object.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// A string, held as the literal that it becomes.
    Text(Arc<str>),
    /// Another scalar, or any JSON when the datatype is that of JSON.
    Other(Value),
}

impl Scalar {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.as_str().into()),
            other => Self::Other(other.clone()),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(&**text),
            Self::Other(value) => value.clone(),
        }
    }
}

/// A value object.
#[derive(Clone, Debug)]
pub struct ValueObject {
    /// `@value`.
    pub value: Scalar,
    /// `@type`.
    pub datatype: Datatype,
    /// `@language`, in lower case.
    pub language: Option<Arc<str>>,
    /// `@direction`.
    pub direction: Option<Direction>,
    /// `@index`.
    pub index: Option<Arc<str>>,
    /// The JSON value it stems from.
    pub source: Source,
}

/// The type of a value object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datatype {
    /// No `@type`: the native type of the JSON value.
    Native,
    /// `@json`.
    Json,
    /// An IRI.
    Iri(Arc<str>),
}

/// Property IRIs and their items.
pub(crate) type Properties = BTreeMap<Arc<str>, Vec<Item>>;

/// A node object.
#[derive(Clone, Debug)]
pub struct Node {
    /// `@id`; `Some(None)` where the identifier was reserved and expanded to null.
    pub id: Option<Option<Arc<str>>>,
    /// `@type`; `None` when absent, which differs from empty in expanded JSON.
    pub types: Option<Vec<Arc<str>>>,
    /// `@index`.
    pub index: Option<Arc<str>>,
    /// `@graph`.
    pub graph: Option<Vec<Item>>,
    /// `@included`.
    pub included: Option<Vec<Item>>,
    /// `@reverse`.
    pub reverse: Option<Properties>,
    /// All other entries.
    pub properties: Properties,
    /// The JSON object it stems from.
    pub source: Source,
}

impl Node {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            id: None,
            types: None,
            index: None,
            graph: None,
            included: None,
            reverse: None,
            properties: Properties::new(),
            source,
        }
    }

    /// A graph object around `items`, without an identifier of its own.
    pub(crate) fn graph(items: Vec<Item>, source: Source) -> Self {
        Self {
            graph: Some(items),
            ..Self::new(source)
        }
    }

    /// Whether this is a graph object: `@graph` and nothing but `@id` and `@index` beside it.
    pub(crate) fn is_graph(&self) -> bool {
        self.graph.is_some()
            && self.types.is_none()
            && self.included.is_none()
            && self.reverse.is_none()
            && self.properties.is_empty()
    }
}

impl Item {
    /// The JSON value it stems from.
    #[must_use]
    pub fn source(&self) -> Source {
        match self {
            Self::Node(node) => node.source,
            Self::Value(value) => value.source,
            Self::List(list) => list.source,
        }
    }
}

/// What expanding one element gives.
pub(crate) enum Expansion {
    /// Nothing.
    Null,
    /// One object.
    One(Item),
    /// An array, which merges into the array around it.
    Many(Vec<Item>),
}

impl Expansion {
    pub(crate) fn into_items(self) -> Vec<Item> {
        match self {
            Self::Null => Vec::new(),
            Self::One(item) => vec![item],
            Self::Many(items) => items,
        }
    }
}

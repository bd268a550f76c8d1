//! JSON-LD 1.1: context processing, expansion and deserialization to RDF, in safe mode.
//!
//! ```text
//! &Value ──expand──▶ Vec<Item> ──to_rdf──▶ Vec<Quad>      (each quad remembers the JSON it came from)
//!            ▲
//!      ContextStore: documents by URL, processed once; nothing is ever fetched
//! ```
//!
//! *Safe mode*: whatever the algorithms would silently drop — an undefined term, a relative
//! identifier, a `null` — is an error, because what is dropped is not signed.

mod cache;
mod container;
mod context;
mod direct;
mod error;
mod expand;
mod finish;
mod iri;
mod jcs;
mod keyword;
mod object;
mod store;
mod to_json;
mod to_rdf;
mod tree;
mod value;

pub(crate) use direct::{Sourced, ordinary};
pub use error::JsonLdError;
pub use expand::{ExpandOptions, expand};
pub(crate) use iri::is_absolute;
pub use jcs::canonical_json;
pub(crate) use jcs::canonical_object;
pub use store::{BUILTIN_CONTEXTS, ContextStore};
pub use to_json::expanded_json;
pub use to_rdf::{RdfDirection, SourcedQuads, ToRdfOptions, to_rdf};
pub use tree::{Item, Node, Scalar, Source, ValueObject};

use crate::rdf::Quad;
use alloc::vec::Vec;
use serde_json::Value;

/// Expands `document` in safe mode and deserializes it: the quads a signature suite hashes.
///
/// The document has no base IRI; every identifier in it must be absolute.
///
/// # Errors
/// See [`JsonLdError`].
pub fn document_to_rdf(document: &Value, store: &ContextStore) -> Result<Vec<Quad>, JsonLdError> {
    let items = expand(document, store, &ExpandOptions::default())?;
    Ok(to_rdf(&items, &ToRdfOptions::default())?.quads)
}

/// As [`document_to_rdf`] without the entry `proof` of the outermost object, and with the JSON value
/// that each quad stems from.
///
/// # Errors
/// See [`JsonLdError`].
pub fn unsecured_to_rdf(
    document: &Value,
    store: &ContextStore,
) -> Result<SourcedQuads, JsonLdError> {
    let options = ExpandOptions {
        without: &["proof"],
        ..ExpandOptions::default()
    };
    to_rdf(
        &expand(document, store, &options)?,
        &ToRdfOptions::default(),
    )
}

/// The quads of a proof's options: `proof` without its value, in the context of the document that it
/// secures (the proof configuration of the RDFC suites). A context of the proof's own does not count.
///
/// # Errors
/// See [`JsonLdError`].
pub(crate) fn proof_options_to_rdf(
    proof: &Value,
    context: Option<&Value>,
    store: &ContextStore,
) -> Result<Vec<Quad>, JsonLdError> {
    let items = expand::expand_within(proof, context, store, &["proofValue", "@context"])?;
    Ok(to_rdf(&items, &ToRdfOptions::default())?.quads)
}

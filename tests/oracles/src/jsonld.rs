//! JSON-LD 1.1 by `json-ld`, RDFC-1.0 by `sophia_c14n`.

use std::collections::HashSet;

use json_ld::rdf_types::RdfDisplay;
use json_ld::rdf_types::generator;
use json_ld::syntax::{Parse, Print, Value as LdValue};
use json_ld::{IriBuf, JsonLdProcessor, RemoteDocument};
use serde_json::json;
use sophia_api::parser::QuadParser;
use sophia_api::source::QuadSource;
use sophia_api::term::SimpleTerm;
use sophia_turtle::parser::nq::NQuadsParser;

use crate::{Question, Verdict, answer, reason};

/// Expands a document.
pub(crate) async fn expand(question: &Question) -> Verdict {
    use json_ld::syntax::IntoJsonWithContext as _;
    let expanded = document(question)?
        .expand(&loader(question)?)
        .await
        .map_err(|e| format!("{e:?}"))?;
    let vocabulary = json_ld::rdf_types::vocabulary::no_vocabulary();
    let nodes: Vec<serde_json::Value> = expanded
        .into_iter()
        .map(|node| {
            let text = node.into_json_with(vocabulary).compact_print().to_string();
            serde_json::from_str(&text).map_err(reason)
        })
        .collect::<Result<_, _>>()?;
    answer(json!({"expanded": nodes}))
}

/// Turns a document into N-Quads.
pub(crate) async fn to_rdf(question: &Question) -> Verdict {
    let mut labels = generator::Blank::new();
    let mut rdf = document(question)?
        .to_rdf(&mut labels, &loader(question)?)
        .await
        .map_err(|e| format!("{e:?}"))?;
    let lines: HashSet<String> = rdf
        .cloned_quads()
        .map(|quad| format!("{} .\n", quad.rdf_display()))
        .collect();
    let mut lines: Vec<String> = lines.into_iter().collect();
    lines.sort_unstable();
    answer(json!({"nquads": lines.concat()}))
}

/// Canonicalizes N-Quads.
pub(crate) fn canonicalize(question: &Question) -> Verdict {
    type Dataset = HashSet<([SimpleTerm<'static>; 3], Option<SimpleTerm<'static>>)>;
    let dataset: Dataset = NQuadsParser::new()
        .parse_str(question.text("nquads")?)
        .collect_quads()
        .map_err(reason)?;
    let mut canonical = Vec::new();
    sophia_c14n::rdfc10::normalize(&dataset, &mut canonical).map_err(reason)?;
    answer(json!({"canonical": String::from_utf8(canonical).map_err(reason)?}))
}

fn document(question: &Question) -> Result<RemoteDocument, String> {
    let text = question.member("document")?.to_string();
    let (value, _) = LdValue::parse_str(&text).map_err(reason)?;
    Ok(RemoteDocument::new(None, None, value))
}

fn loader(
    question: &Question,
) -> Result<std::collections::HashMap<IriBuf, RemoteDocument>, String> {
    let mut loader = std::collections::HashMap::new();
    for (url, text) in &question.contexts {
        let url = IriBuf::new(url.clone()).map_err(|_| format!("{url} is not an IRI"))?;
        let (value, _) = LdValue::parse_str(text).map_err(reason)?;
        loader.insert(url.clone(), RemoteDocument::new(Some(url), None, value));
    }
    Ok(loader)
}

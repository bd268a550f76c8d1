//! A file of the corpus.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// What tells about the input; every other member is the input.
const LABELS: &[&str] = &["name", "class", "about", "kind", "twin", "code", "stage"];

#[derive(Clone)]
pub(crate) struct File(pub(crate) Map<String, Value>);

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/hostile")
}

pub(crate) fn read_all() -> BTreeMap<String, File> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let members = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            files.insert(name, File(members));
        }
    }
    files
}

impl File {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A member that must be there and be text.
    pub(crate) fn text(&self, name: &str) -> &str {
        let value = self.get(name).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no {name} in {:?}", self.get("name")))
    }

    /// The members that are input.
    pub(crate) fn input(&self) -> Vec<(&String, &Value)> {
        let members = self.0.iter();
        members
            .filter(|(name, _)| !LABELS.contains(&name.as_str()))
            .collect()
    }

    /// The whole input: what the file does not say is its twin's.
    pub(crate) fn with_twin(&self, corpus: &BTreeMap<String, Self>) -> Self {
        let mut whole = match self.get("twin") {
            Some(twin) => corpus[twin.as_str().unwrap()].0.clone(),
            None => Map::new(),
        };
        whole.extend(self.0.clone());
        Self(whole)
    }
}

//! The published vectors, run through the public functions of the verifier crate: one line a folder.

mod bbs;
mod contexts;
mod data_integrity;
mod expected;
mod json_ld;
mod rdf_canon;
mod token_status_list;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;

/// What became of the vectors of one folder.
#[derive(Debug, Default)]
pub struct Folder {
    /// The folder's name.
    pub name: &'static str,
    /// How many vectors passed.
    pub passed: usize,
    /// Those that failed, each with what was found.
    pub failed: Vec<String>,
    /// Those that were not run, by reason.
    pub skipped: BTreeMap<&'static str, Vec<String>>,
}

impl Folder {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// Notes the outcome of one vector.
    fn note(&mut self, vector: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.failed.push(format!("{vector}: {why}")),
        }
    }

    fn skip(&mut self, vector: &str, reason: &'static str) {
        self.skipped
            .entry(reason)
            .or_default()
            .push(vector.to_owned());
    }

    /// How many vectors were run.
    #[must_use]
    pub fn total(&self) -> usize {
        self.passed + self.failed.len()
    }

    /// Why this outcome is a regression, if it is one: fewer pass than are known to, or vectors went missing.
    #[must_use]
    pub fn regression(&self) -> Option<String> {
        let Some((passed, total)) = expected::of(self.name) else {
            return Some("not in the table of expectations".to_owned());
        };
        (self.passed < passed || self.total() < total)
            .then(|| format!("{passed}/{total} were known to pass"))
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.name, self.passed, self.total())?;
        for (reason, vectors) in &self.skipped {
            write!(f, "\n  not run {}: {reason}", vectors.len())?;
        }
        for failure in &self.failed {
            write!(f, "\n  failed {failure}")?;
        }
        Ok(())
    }
}

/// The runner of one folder: it gets the folder with all the vectors.
type Runner = fn(&Path) -> Result<Folder, String>;

const RUNNERS: &[(&str, Runner)] = &[
    ("contexts", contexts::run),
    ("rdf-canon", rdf_canon::run),
    ("json-ld/expand", json_ld::expand),
    ("json-ld/toRdf", json_ld::to_rdf),
    ("vc-di-ecdsa", data_integrity::ecdsa),
    ("vc-di-eddsa", data_integrity::eddsa),
    ("vc-di-bbs", bbs::data_integrity),
    ("bbs-signature", bbs::signatures),
    ("token-status-list", token_status_list::run),
];

/// Runs every vector below `root`, printing one line a folder; `false` when anything is worse than known.
///
/// Without the folder nothing is run, and what is known to pass is said to be skipped.
#[must_use]
pub fn run(root: &Path) -> bool {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut good = true;
    for (name, runner) in RUNNERS {
        if !root.join(name.split('/').next().unwrap_or(name)).is_dir() {
            let known = expected::of(name).map_or(0, |(_, total)| total);
            println!("{name} 0/0\n  not run {known}: the vectors are not here");
            skipped += known;
            continue;
        }
        match runner(root) {
            Ok(folder) => {
                println!("{folder}");
                if let Some(why) = folder.regression() {
                    println!("  REGRESSION: {why}");
                    good = false;
                }
                passed += folder.passed;
                failed += folder.failed.len();
                skipped += folder.skipped.values().map(Vec::len).sum::<usize>();
            }
            Err(error) => {
                println!("{name}: {error}");
                good = false;
            }
        }
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    good
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Result<Value, String> {
    serde_json::from_str(&text(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

/// A member that the vectors are known to have.
fn member<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    value
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no text `{name}`"))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], String> {
    value
        .get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .ok_or_else(|| format!("no list `{name}`"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One published secret lacks its leading zero.
fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let text = format!("{}{text}", if text.len() % 2 == 1 { "0" } else { "" });
    let digits = |pair: &[u8]| {
        let pair = str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(digits).collect();
    bytes.ok_or_else(|| "not hexadecimal".to_owned())
}

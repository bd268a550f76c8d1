//! What was asked of whom, and what came of it.

use std::fmt;

/// Which way a pairing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// They judge what we made.
    OursToTheirs,
    /// We judge what they made.
    TheirsToOurs,
    /// Both compute the same thing, and the results are compared.
    Same,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OursToTheirs => "ours → theirs",
            Self::TheirsToOurs => "theirs → ours",
            Self::Same => "same result",
        })
    }
}

/// Why a pairing did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It cannot be asked here, or the judge has a known fault; the reason is printed.
    Skip(String),
    /// We and the judge do not agree.
    Fail(String),
}

impl Stop {
    pub(crate) fn fail(what: impl fmt::Display) -> Self {
        Self::Fail(what.to_string())
    }
}

/// A pairing's result: a word on what was checked.
pub(crate) type Outcome = Result<String, Stop>;

/// Demands something.
pub(crate) fn demand(holds: bool, otherwise: &str) -> Result<(), Stop> {
    if holds {
        Ok(())
    } else {
        Err(Stop::fail(otherwise))
    }
}

/// All pairings asked so far.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    subject: String,
    peer: String,
    way: Way,
    outcome: Outcome,
}

impl Matrix {
    /// Asks one pairing and says so while it happens.
    pub(crate) fn ask(
        &mut self,
        subject: &str,
        peer: &str,
        way: Way,
        pairing: impl FnOnce() -> Outcome,
    ) {
        let row = Row {
            subject: subject.to_owned(),
            peer: peer.to_owned(),
            way,
            outcome: pairing(),
        };
        println!("{row}");
        self.rows.push(row);
    }

    /// Whether nothing failed. A run in which nothing was checked does not hold.
    pub(crate) fn holds(&self) -> bool {
        self.count("ok") > 0 && self.count("FAILED") == 0
    }

    /// The whole matrix, one line for each subject and peer with both ways side by side.
    pub(crate) fn print(&self) {
        println!(
            "\n{:<32} {:<24} {:<15} {:<15} same result",
            "", "", "ours → theirs", "theirs → ours"
        );
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for row in &self.rows {
            let pair = (row.subject.as_str(), row.peer.as_str());
            if seen.contains(&pair) {
                continue;
            }
            seen.push(pair);
            let cell = |way| {
                let found = self
                    .rows
                    .iter()
                    .find(|r| (r.subject.as_str(), r.peer.as_str()) == pair && r.way == way);
                found.map_or("·", Row::word)
            };
            println!(
                "{:<32} {:<24} {:<15} {:<15} {}",
                pair.0,
                pair.1,
                cell(Way::OursToTheirs),
                cell(Way::TheirsToOurs),
                cell(Way::Same)
            );
        }
        println!(
            "interop: {} ok, {} skipped, {} failed",
            self.count("ok"),
            self.count("skip"),
            self.count("FAILED")
        );
    }

    fn count(&self, word: &str) -> usize {
        self.rows.iter().filter(|row| row.word() == word).count()
    }
}

impl Row {
    fn word(&self) -> &'static str {
        match self.outcome {
            Ok(_) => "ok",
            Err(Stop::Skip(_)) => "skip",
            Err(Stop::Fail(_)) => "FAILED",
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Ok(words) | Err(Stop::Skip(words) | Stop::Fail(words))) = &self.outcome;
        write!(
            f,
            "{:<7} {:<32} {:<24} {:<14} {words}",
            self.word(),
            self.subject,
            self.peer,
            self.way
        )
    }
}

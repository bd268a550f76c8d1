//! What was asked of whom, and what came of it.

use std::fmt;

/// Which way a pairing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
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
            Self::OursToTheirs => "us → they",
            Self::TheirsToOurs => "they → us",
            Self::Same => "same result",
        })
    }
}

/// Why a pairing did not come to its end.
#[derive(Debug)]
pub enum Stop {
    /// It cannot be asked here, or the judge has a known fault; the reason is printed.
    Skip(String),
    /// We and the judge do not agree.
    Fail(String),
}

impl Stop {
    /// A failure in these words.
    pub fn fail(what: impl fmt::Display) -> Self {
        Self::Fail(what.to_string())
    }
}

/// A pairing's result: a word on what was checked.
pub type Outcome = Result<String, Stop>;

/// Demands something.
pub fn demand(holds: bool, otherwise: &str) -> Result<(), Stop> {
    if holds {
        Ok(())
    } else {
        Err(Stop::fail(otherwise))
    }
}

/// All pairings asked so far.
#[derive(Debug, Default)]
pub struct Matrix {
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
    pub fn ask(&mut self, subject: &str, peer: &str, way: Way, pairing: impl FnOnce() -> Outcome) {
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
    pub fn holds(&self) -> bool {
        self.count("ok") > 0 && self.count("FAILED") == 0
    }

    /// The whole matrix, one line a subject and one column a peer; in a cell, first what we said of theirs, then what
    /// they said of ours, or the comparison of what both computed. Below it, why cells were skipped.
    pub fn print(&self) {
        for line in self.lines() {
            println!("{line}");
        }
        println!(
            "interop: {} ok, {} skipped, {} failed",
            self.count("ok"),
            self.count("skip"),
            self.count("FAILED")
        );
    }

    /// The lines of the matrix, as Markdown reads them, too.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let (mut subjects, mut peers) = (Vec::<&str>::new(), Vec::<&str>::new());
        for row in &self.rows {
            if !subjects.contains(&row.subject.as_str()) {
                subjects.push(&row.subject);
            }
            if !peers.contains(&row.peer.as_str()) {
                peers.push(&row.peer);
            }
        }
        let width = subjects
            .iter()
            .map(|s| s.chars().count())
            .max()
            .unwrap_or(0);
        let columns = |cells: Vec<String>| {
            let cells: Vec<String> = cells
                .into_iter()
                .zip(&peers)
                .map(|(cell, peer)| format!("{cell:<wide$}", wide = peer.chars().count().max(6)))
                .collect();
            cells.join(" | ")
        };
        let named = columns(peers.iter().map(|peer| (*peer).to_owned()).collect());
        let ruled = columns(
            peers
                .iter()
                .map(|peer| "-".repeat(peer.chars().count().max(6)))
                .collect(),
        );
        let mut lines = vec![
            "they → us, us → they".to_owned(),
            String::new(),
            format!("| {:<width$} | {named} |", ""),
            format!("| {} | {ruled} |", "-".repeat(width)),
        ];
        for subject in subjects {
            let cells = peers.iter().map(|peer| self.cell(subject, peer)).collect();
            lines.push(format!("| {subject:<width$} | {} |", columns(cells)));
        }
        lines.push(String::new());
        lines.extend(self.reasons());
        lines
    }

    /// What came of one subject with one peer, each way in a word.
    fn cell(&self, subject: &str, peer: &str) -> String {
        let words: Vec<&str> = [Way::TheirsToOurs, Way::OursToTheirs, Way::Same]
            .into_iter()
            .filter_map(|way| {
                let mut rows = self.rows.iter();
                rows.find(|row| row.subject == subject && row.peer == peer && row.way == way)
            })
            .map(Row::word)
            .collect();
        match words.as_slice() {
            [] => "·".to_owned(),
            [one, other] if one == other => (*one).to_owned(),
            words => words.join(", "),
        }
    }

    /// Each reason for which something was skipped, with how often.
    fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, &str, usize)> = Vec::new();
        for row in &self.rows {
            let Err(Stop::Skip(why)) = &row.outcome else {
                continue;
            };
            let known = reasons
                .iter_mut()
                .find(|(peer, reason, _)| *peer == row.peer && reason == why);
            match known {
                Some((_, _, count)) => *count += 1,
                None => reasons.push((&row.peer, why, 1)),
            }
        }
        reasons
            .iter()
            .map(|(peer, why, count)| format!("skip: {peer}: {why} ({count})"))
            .collect()
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

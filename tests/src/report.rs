//! The story's report: each line says what was expected and what was seen; it is printed as it grows and kept as JSON.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::{Failure, Result};

/// One comparison of the story.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Line {
    /// The step it belongs to, with a short name: `13 altered disclosure`.
    pub step: String,
    /// What should be seen.
    pub expected: String,
    /// What was seen.
    pub got: String,
    /// Whether they are equal.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// The lines so far, told to a person on standard output.
#[derive(Debug)]
pub struct Report {
    lines: Vec<Line>,
    step: u8,
    colour: bool,
    silent: bool,
}

impl Report {
    /// A report that tells the story on standard output; coloured only on a terminal.
    #[must_use]
    pub fn told() -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            lines: Vec::new(),
            step: 0,
            colour,
            silent: false,
        }
    }

    /// A report that says nothing, for tests.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            lines: Vec::new(),
            step: 0,
            colour: false,
            silent: true,
        }
    }

    /// Opens a step of the story with a sentence a person understands.
    pub fn step(&mut self, number: u8, sentence: &str) {
        self.step = number;
        self.say(&format!(
            "\n{} {sentence}",
            self.paint("1", &format!("{number:>2}"))
        ));
    }

    /// Adds an explanation to the current step.
    pub fn note(&self, sentence: &str) {
        self.say(&format!("     {}", self.paint("2", sentence)));
    }

    /// Runs `observe` and compares what it saw with what was expected. A failure to observe is what was seen.
    pub fn check(&mut self, what: &str, expected: &str, observe: impl FnOnce() -> Result<String>) {
        let begun = Instant::now();
        let got = observe().unwrap_or_else(|failure| format!("failed: {failure}"));
        self.record(what, expected, got, begun.elapsed());
    }

    /// Every line so far.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether every line is as expected, and there is at least one.
    #[must_use]
    pub fn all_ok(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.ok)
    }

    /// Writes the lines as a JSON array.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.lines)?;
        std::fs::write(path, text + "\n").map_err(Failure::during("writing the report"))
    }

    /// Prints the closing table.
    pub fn print_table(&self) {
        let wide = |of: fn(&Line) -> &str, most: usize| {
            let longest = self
                .lines
                .iter()
                .map(|line| of(line).chars().count())
                .max()
                .unwrap_or(0);
            longest.min(most)
        };
        let (step, expected) = (wide(|line| &line.step, 48), wide(|line| &line.expected, 60));
        self.say("");
        for line in &self.lines {
            let mark = self.mark(line.ok);
            let got = if line.ok {
                String::new()
            } else {
                format!("  got: {}", line.got)
            };
            self.say(&format!(
                "{mark}  {:<step$}  {:<expected$}  {:>6} ms{got}",
                line.step, line.expected, line.ms
            ));
        }
        let right = self.lines.iter().filter(|line| line.ok).count();
        self.say(&format!("\n{right} of {} as expected", self.lines.len()));
    }

    fn record(&mut self, what: &str, expected: &str, got: String, took: Duration) {
        let line = Line {
            step: format!("{} {what}", self.step),
            expected: expected.to_owned(),
            ok: got == expected,
            got,
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        let tail = if line.ok {
            String::new()
        } else {
            format!("\n        expected: {expected}")
        };
        self.say(&format!(
            "     {} {what}: {}{tail}",
            self.mark(line.ok),
            line.got
        ));
        self.lines.push(line);
    }

    fn mark(&self, ok: bool) -> String {
        if ok {
            self.paint("32", "✓")
        } else {
            self.paint("31", "✗")
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn say(&self, text: &str) {
        if !self.silent {
            // A closed pipe must not stop the story: its report file still counts.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_differs_spoils_the_report() {
        let mut report = Report::silent();
        assert!(!report.all_ok(), "an empty report proves nothing");
        report.step(1, "one");
        report.check("same", "accepted", || Ok("accepted".into()));
        assert!(report.all_ok());
        report.check("other", "accepted", || Err(Failure::new("no answer")));
        assert!(!report.all_ok());
        assert_eq!(report.lines()[1].step, "1 other");
        assert_eq!(report.lines()[1].got, "failed: no answer");
    }
}

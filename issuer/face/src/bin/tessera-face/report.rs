//! What an evaluation says: one structure, written as JSON or as text. Counts and rates only; nothing in it belongs to a
//! person or names a file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::evaluation::{Acquisition, Evaluation, Presentations};
use crate::statistics::{self, CONFIDENCE, Rate, Scores};

/// What the reader must know to read the numbers rightly.
const NOTES: [&str; 4] = [
    "Intervals are two-sided 95 % Clopper-Pearson intervals. They are exact for independent trials; comparisons that share a person or a photo are not independent, so the true uncertainty is larger.",
    "A threshold for a wanted false-match rate is stated only where the one-sided 95 % upper bound over distinct pairs of persons, each counted with its highest score, does not exceed the wanted rate.",
    "False matches and false non-matches are counted among acquired photos (ISO/IEC 19795-1); failures to acquire are counted apart.",
    "APCER and BPCER follow ISO/IEC 30107-3: APCER for each kind of instrument and their maximum, non-responses apart. No conformance to that standard is claimed.",
];

#[derive(Serialize)]
pub(crate) struct Report {
    format: u32,
    confidence: f64,
    persons: usize,
    acquisition: AcquisitionReport,
    scores: BTreeMap<&'static str, Distribution>,
    thresholds: Vec<AtThreshold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    equal_error_rate: Option<EqualError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wanted: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presentation_attacks: Option<AttackReport>,
    notes: [&'static str; 4],
}

#[derive(Serialize)]
struct AcquisitionReport {
    failure_to_acquire: Rate,
    by_code: BTreeMap<&'static str, u64>,
}

impl From<&Acquisition> for AcquisitionReport {
    fn from(acquisition: &Acquisition) -> Self {
        Self {
            failure_to_acquire: Rate::of(acquisition.failures(), acquisition.presented),
            by_code: acquisition.failed.clone(),
        }
    }
}

#[derive(Serialize)]
struct Distribution {
    comparisons: u64,
    /// The scores that 0, 5, 25, 50, 75, 95 and 100 % of all do not exceed.
    quantiles: Vec<f64>,
    /// Counts in columns of 0.05 from −1 to 1.
    histogram: Vec<u64>,
}

impl From<&Scores> for Distribution {
    fn from(scores: &Scores) -> Self {
        Self {
            comparisons: scores.total(),
            quantiles: [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
                .iter()
                .filter_map(|&q| scores.quantile(q))
                .collect(),
            histogram: scores.histogram(),
        }
    }
}

#[derive(Serialize)]
struct AtThreshold {
    threshold: f64,
    false_match: Rate,
    false_match_pairs: Rate,
    false_non_match: Rate,
}

#[derive(Serialize)]
struct EqualError {
    threshold: f64,
    false_match: f64,
    false_non_match: f64,
}

/// The threshold for a wanted false-match rate, or why there is none.
#[derive(Serialize)]
pub(crate) struct Wanted {
    false_match_rate: f64,
    pub(crate) threshold: Option<f64>,
    pairs_of_persons: u64,
    pairs_needed_without_error: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    false_non_match: Option<Rate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'static str>,
}

#[derive(Serialize)]
struct AttackReport {
    detector: &'static str,
    by_kind: BTreeMap<String, AttackKind>,
    /// The highest APCER of any kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    apcer_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bona_fide: Option<BonaFide>,
}

#[derive(Serialize)]
struct AttackKind {
    apcer: Rate,
    non_response: Rate,
}

#[derive(Serialize)]
struct BonaFide {
    bpcer: Rate,
    non_response: Rate,
}

impl Report {
    /// Rates at `threshold`, the configured one, and around it; the threshold for `wanted`, if one is wanted.
    pub(crate) fn of(
        done: &Evaluation,
        threshold: f64,
        wanted: Option<f64>,
        detector: bool,
    ) -> Self {
        let mut steps: Vec<i32> = (3..=14).map(|twentieth| twentieth * 500).collect();
        steps.push(statistics::steps(threshold));
        steps.sort_unstable();
        steps.dedup();
        Self {
            format: 1,
            confidence: CONFIDENCE,
            persons: done.persons,
            acquisition: (&done.acquisition).into(),
            scores: BTreeMap::from([
                ("genuine", (&done.genuine).into()),
                ("impostor", (&done.impostor).into()),
            ]),
            thresholds: steps.into_iter().map(|step| at(done, step)).collect(),
            equal_error_rate: equal_error(done),
            wanted: wanted.map(|rate| wanted_threshold(done, rate)),
            presentation_attacks: attacks(done, detector),
            notes: NOTES,
        }
    }
}

fn at(done: &Evaluation, step: i32) -> AtThreshold {
    let reaching = |scores: &Scores| Rate::of(scores.reaching(step), scores.total());
    AtThreshold {
        threshold: statistics::threshold(step),
        false_match: reaching(&done.impostor),
        false_match_pairs: reaching(&done.pairs),
        false_non_match: non_match(&done.genuine, step),
    }
}

fn non_match(genuine: &Scores, step: i32) -> Rate {
    Rate::of(genuine.total() - genuine.reaching(step), genuine.total())
}

fn equal_error(done: &Evaluation) -> Option<EqualError> {
    let (impostors, genuines) = (done.impostor.total(), done.genuine.total());
    if impostors == 0 || genuines == 0 {
        return None;
    }
    let rates = statistics::sweep(&done.impostor, &done.genuine)
        .into_iter()
        .map(|(step, i, g)| EqualError {
            threshold: statistics::threshold(step),
            false_match: i as f64 / impostors as f64,
            false_non_match: 1.0 - g as f64 / genuines as f64,
        });
    rates.min_by(|a, b| {
        let apart = |e: &EqualError| (e.false_match - e.false_non_match).abs();
        apart(a).total_cmp(&apart(b))
    })
}

fn wanted_threshold(done: &Evaluation, rate: f64) -> Wanted {
    let stated = statistics::threshold_for(&done.pairs, rate);
    Wanted {
        false_match_rate: rate,
        threshold: stated,
        pairs_of_persons: done.pairs.total(),
        pairs_needed_without_error: statistics::trials_needed(rate),
        false_non_match: stated.map(|t| non_match(&done.genuine, statistics::steps(t))),
        refused: stated.is_none().then_some("sample_too_small"),
    }
}

fn attacks(done: &Evaluation, detector: bool) -> Option<AttackReport> {
    if done.attacks.is_empty() && done.bona_fide.is_none() {
        return None;
    }
    let non_response =
        |p: &Presentations| Rate::of(p.acquisition.failures(), p.acquisition.presented);
    let by_kind: BTreeMap<String, AttackKind> = done
        .attacks
        .iter()
        .map(|(kind, p)| {
            let apcer = Rate::of(p.accepted, p.acquisition.presented);
            (
                kind.clone(),
                AttackKind {
                    apcer,
                    non_response: non_response(p),
                },
            )
        })
        .collect();
    Some(AttackReport {
        detector: if detector {
            "installed"
        } else {
            "none: whatever passes the quality gate counts as bona fide"
        },
        apcer_max: by_kind
            .values()
            .filter_map(|kind| kind.apcer.rate)
            .reduce(f64::max),
        by_kind,
        bona_fide: done.bona_fide.as_ref().map(|p| BonaFide {
            bpcer: Rate::of(
                p.acquisition.presented - p.acquisition.failures() - p.accepted,
                p.acquisition.presented,
            ),
            non_response: non_response(p),
        }),
    })
}

impl Report {
    /// The report as an operator reads it.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.write_text(&mut out);
        out
    }

    fn write_text(&self, out: &mut String) {
        let mut line = |text: String| {
            let _ = writeln!(out, "{text}");
        };
        line(format!("persons with a usable photo   {}", self.persons));
        line(format!(
            "failure to acquire            {}",
            shown(&self.acquisition.failure_to_acquire)
        ));
        for (code, count) in &self.acquisition.by_code {
            line(format!("    {code:<26}{count}"));
        }
        for (name, scores) in &self.scores {
            line(format!("\n{name} comparisons: {}", scores.comparisons));
            if let [
                lowest,
                five,
                quarter,
                median,
                three_quarters,
                ninety_five,
                highest,
            ] = scores.quantiles.as_slice()
            {
                line(format!(
                    "    lowest {lowest:.3}  5 % {five:.3}  25 % {quarter:.3}  median {median:.3}  75 % {three_quarters:.3}  95 % {ninety_five:.3}  highest {highest:.3}"
                ));
            }
            scores.bars().for_each(&mut line);
        }
        line(format!(
            "\n{:>9}  {:<38}{:<38}",
            "threshold", "false match (FMR)", "false non-match (FNMR)"
        ));
        for at in &self.thresholds {
            line(format!(
                "{:>9.4}  {:<38}{:<38}",
                at.threshold,
                shown(&at.false_match),
                shown(&at.false_non_match)
            ));
        }
        if let Some(equal) = &self.equal_error_rate {
            line(format!(
                "equal error rate: FMR {} and FNMR {} at threshold {:.4}",
                percent(equal.false_match),
                percent(equal.false_non_match),
                equal.threshold
            ));
        }
        if let Some(wanted) = &self.wanted {
            line(String::new());
            line(wanted.text());
        }
        if let Some(attacks) = &self.presentation_attacks {
            attacks.lines().for_each(&mut line);
        }
        line(String::new());
        self.notes
            .iter()
            .for_each(|note| line(format!("note: {note}")));
    }
}

impl Distribution {
    /// The part of the histogram that is not empty.
    fn bars(&self) -> impl Iterator<Item = String> {
        let highest = self.histogram.iter().copied().max().unwrap_or(0).max(1);
        let first = self.histogram.iter().position(|&n| n > 0).unwrap_or(0);
        let after = self
            .histogram
            .iter()
            .rposition(|&n| n > 0)
            .map_or(0, |last| last + 1);
        (first..after).map(move |column| {
            let count = self.histogram.get(column).copied().unwrap_or(0);
            let length = (count * 40).div_ceil(highest) as usize;
            let from = column as f64 / 20.0 - 1.0;
            format!("    {from:>5.2} {:<40} {count}", "#".repeat(length))
                .trim_end()
                .to_owned()
        })
    }
}

impl Wanted {
    fn text(&self) -> String {
        let rate = percent(self.false_match_rate);
        match (self.threshold, &self.false_non_match) {
            (Some(threshold), Some(missed)) => format!(
                "threshold for FMR {rate}: {threshold:.4}, shown with 95 % confidence over {} pairs of persons; FNMR there {}",
                self.pairs_of_persons,
                shown(missed)
            ),
            _ => format!(
                "threshold for FMR {rate}: not stated. {} pairs of persons cannot support it: without a single error {} are needed",
                self.pairs_of_persons, self.pairs_needed_without_error
            ),
        }
    }
}

impl AttackReport {
    fn lines(&self) -> impl Iterator<Item = String> {
        let mut lines = vec![format!("\npresentation-attack detector: {}", self.detector)];
        for (kind, found) in &self.by_kind {
            lines.push(format!(
                "    APCER {kind:<20} {}   non-response {}",
                shown(&found.apcer),
                shown(&found.non_response)
            ));
        }
        if let Some(highest) = self.apcer_max {
            lines.push(format!(
                "    APCER, highest of all kinds {}",
                percent(highest)
            ));
        }
        if let Some(bona_fide) = &self.bona_fide {
            lines.push(format!(
                "    BPCER                      {}   non-response {}",
                shown(&bona_fide.bpcer),
                shown(&bona_fide.non_response)
            ));
        }
        lines.into_iter()
    }
}

fn shown(rate: &Rate) -> String {
    match rate.rate {
        Some(share) => format!(
            "{} of {}: {} [{}, {}]",
            rate.errors,
            rate.trials,
            percent(share),
            percent(rate.low),
            percent(rate.high)
        ),
        None => "no trials".into(),
    }
}

/// As many digits as the size of the share calls for.
fn percent(share: f64) -> String {
    let digits = if share >= 0.1 || share == 0.0 {
        1
    } else if share >= 0.001 {
        2
    } else {
        4
    };
    format!("{:.digits$} %", 100.0 * share)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;

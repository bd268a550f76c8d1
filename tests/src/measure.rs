//! Ratios instead of times: machines are shared, so every operation is measured in the same rounds as one raw P-256
//! verification, by CPU time of this process, and the median of the rounds is told as a multiple of it.

use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::{Failure, Result};

/// An operation and how its rounds went.
pub struct Contestant<'a> {
    name: String,
    bar: Option<f64>,
    runs: u32,
    operation: Box<dyn FnMut() + 'a>,
    rounds: Vec<f64>,
}

/// One line of the closing table.
#[derive(Debug, Clone, Serialize)]
pub struct Ratio {
    /// What was measured.
    pub operation: String,
    /// Median multiple of a raw P-256 verification; for rates, the share of the raw server's.
    pub ratio: f64,
    /// What the project aims at, in the same unit.
    pub bar: Option<f64>,
    /// Median CPU time of one run, in microseconds.
    pub microseconds: f64,
}

impl<'a> Contestant<'a> {
    /// An operation that is run `runs` times in each round; `bar` is the ratio aimed at.
    pub fn new(name: &str, bar: Option<f64>, runs: u32, operation: impl FnMut() + 'a) -> Self {
        Self {
            name: name.to_owned(),
            bar,
            runs,
            operation: Box::new(operation),
            rounds: Vec::new(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs it once.
    pub fn run(&mut self) {
        (self.operation)();
    }

    fn round(&mut self) {
        let begun = cpu_time();
        for _ in 0..self.runs {
            (self.operation)();
        }
        let spent = cpu_time().saturating_sub(begun);
        self.rounds
            .push(spent.as_secs_f64() * 1e6 / f64::from(self.runs));
    }
}

/// Runs everyone in turn for some rounds. The first contestant is the yardstick.
///
/// # Errors
/// When there is nobody, or the yardstick took no time.
pub fn compare(contestants: &mut [Contestant<'_>], rounds: usize) -> Result<Vec<Ratio>> {
    for _ in 0..rounds {
        for contestant in contestants.iter_mut() {
            contestant.round();
        }
    }
    let yardstick = contestants
        .first()
        .map(|first| first.rounds.clone())
        .unwrap_or_default();
    if yardstick.is_empty() || yardstick.contains(&0.0) {
        return Err(Failure::new("nothing to compare with"));
    }
    let ratio = |contestant: &Contestant<'_>| Ratio {
        operation: contestant.name.clone(),
        // Of the same round: what else the machine did then, it did to both.
        ratio: median(
            contestant
                .rounds
                .iter()
                .zip(&yardstick)
                .map(|(own, raw)| own / raw)
                .collect(),
        ),
        bar: contestant.bar,
        microseconds: median(contestant.rounds.clone()),
    };
    Ok(contestants.iter().map(ratio).collect())
}

/// Prints the table.
pub fn print(title: &str, ratios: &[Ratio]) {
    let wide = ratios
        .iter()
        .map(|line| line.operation.chars().count())
        .max()
        .unwrap_or(0);
    println!("\n{title}");
    for line in ratios {
        let bar = line
            .bar
            .map_or_else(String::new, |bar| format!("  (aim {bar:.2})"));
        println!(
            "  {:<wide$}  {:>8.2}  {:>9.1} µs{bar}",
            line.operation, line.ratio, line.microseconds
        );
    }
}

/// Writes the ratios as a JSON array.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, ratios: &[Ratio]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(
        path,
        serde_json::to_string_pretty(ratios)? + "\n",
    )?)
}

/// CPU time another process has used, in user and kernel mode together.
///
/// # Errors
/// When the system does not tell (it does on Linux).
pub fn cpu_time_of(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .map_err(Failure::during("CPU time"))?;
    // proc(5): the command in parentheses may hold anything; utime and stime are fields 14 and 15, in ticks of 10 ms.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks: Option<u64> = [11, 12]
        .iter()
        .map(|&at| fields.get(at)?.parse::<u64>().ok())
        .sum();
    ticks
        .map(|ticks| Duration::from_millis(ticks * 10))
        .ok_or_else(|| Failure::new("CPU time: unknown format"))
}

/// Bytes of memory another process has resident.
///
/// # Errors
/// When there is no such process.
pub fn memory_of(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .map_err(Failure::during("memory"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map(|kibibytes| kibibytes << 10)
        .ok_or_else(|| Failure::new("memory: unknown format"))
}

fn cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(spent.tv_nsec).unwrap_or(0))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn twice_the_work_is_about_twice_the_time() {
        let work = |times: u32| {
            move || {
                for round in 0..times * 20_000 {
                    std::hint::black_box(round.wrapping_mul(2_654_435_761));
                }
            }
        };
        let mut pair = [
            Contestant::new("one", None, 20, work(1)),
            Contestant::new("two", None, 20, work(2)),
        ];
        let ratios = compare(&mut pair, 15).unwrap();
        assert!((ratios[0].ratio - 1.0).abs() < 1e-9);
        assert!((1.5..2.6).contains(&ratios[1].ratio), "{}", ratios[1].ratio);
    }

    #[test]
    fn memory_of_this_process_is_known() {
        assert!(memory_of(std::process::id()).unwrap() > 1 << 20);
    }

    #[test]
    fn cpu_time_of_this_process_is_known() {
        assert!(cpu_time_of(std::process::id()).unwrap() <= cpu_time() + Duration::from_millis(50));
    }
}

//! What processes cost: CPU time and memory of another process, and the table of ratios that a bench closes with.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::{Failure, Result};

/// One line of the closing table.
#[derive(Debug, Clone, Serialize)]
pub struct Ratio {
    /// What was measured.
    pub operation: String,
    /// Multiple of what it is compared with; for rates, the share of the raw server's.
    pub ratio: f64,
    /// What the project aims at, in the same unit.
    pub bar: Option<f64>,
    /// CPU time of one run, in microseconds.
    pub microseconds: f64,
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use rustix::time::{ClockId, clock_gettime};

    #[test]
    fn memory_of_this_process_is_known() {
        assert!(memory_of(std::process::id()).unwrap() > 1 << 20);
    }

    #[test]
    fn cpu_time_of_this_process_is_known() {
        let told = cpu_time_of(std::process::id()).unwrap();
        let spent = clock_gettime(ClockId::ProcessCPUTime);
        let spent = Duration::new(
            spent.tv_sec.try_into().unwrap(),
            spent.tv_nsec.try_into().unwrap(),
        );
        assert!(told <= spent + Duration::from_millis(50));
    }
}

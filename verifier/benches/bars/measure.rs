//! Rounds of CPU time.

use rustix::time::{ClockId, clock_gettime};

/// Something measured, and how its rounds went.
pub(crate) struct Operation<'a> {
    pub(crate) name: &'static str,
    /// The ratio aimed at.
    pub(crate) bar: Option<f64>,
    /// How often it is run in a round.
    runs: u32,
    run: Box<dyn Fn() + 'a>,
    rounds: Vec<f64>,
}

impl<'a> Operation<'a> {
    pub(crate) fn new(
        name: &'static str,
        bar: Option<f64>,
        runs: u32,
        run: impl Fn() + 'a,
    ) -> Self {
        Self {
            name,
            bar,
            runs,
            run: Box::new(run),
            rounds: Vec::new(),
        }
    }

    fn round(&mut self) {
        let begun = cpu_seconds();
        for _ in 0..self.runs {
            (self.run)();
        }
        let spent = cpu_seconds() - begun;
        self.rounds.push(spent * 1e6 / f64::from(self.runs));
    }

    /// Median microseconds of one run.
    pub(crate) fn median(&self) -> f64 {
        median(self.rounds.clone())
    }

    /// Median multiple of the first operation in the same round: what else the machine did then, it did to both.
    pub(crate) fn ratio(&self, operations: &[Operation<'_>]) -> f64 {
        let yardstick = &operations.first().unwrap().rounds;
        median(
            self.rounds
                .iter()
                .zip(yardstick)
                .map(|(own, raw)| own / raw)
                .collect(),
        )
    }
}

/// Runs everything in turn, and `between` after each round; the first round only warms up.
pub(crate) fn rounds(operations: &mut [Operation<'_>], count: usize, mut between: impl FnMut()) {
    for round in 0..=count {
        for operation in operations.iter_mut() {
            operation.round();
            if round == 0 {
                operation.rounds.clear();
            }
        }
        between();
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// CPU time of this process.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds and nanoseconds of a process are small"
)]
fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

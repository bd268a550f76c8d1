//! Error rates with exact confidence intervals, and what a sample can and cannot support.

use serde::Serialize;

/// Two-sided confidence of every interval, and one-sided of every bound a threshold is chosen by.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Steps per unit of similarity. Thresholds are multiples of one step, so that counting per step loses nothing.
const STEPS: i32 = 10_000;
const BINS: usize = 2 * STEPS as usize + 1;

/// A share observed, with its Clopper–Pearson interval: exact for independent trials, and never too narrow for them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Rate {
    /// Trials that count as errors.
    pub(crate) errors: u64,
    /// All trials.
    pub(crate) trials: u64,
    /// `errors / trials`; absent without trials.
    pub(crate) rate: Option<f64>,
    /// Lower end of the two-sided interval.
    pub(crate) low: f64,
    /// Upper end of the two-sided interval.
    pub(crate) high: f64,
}

impl Rate {
    /// The rate of `errors` among `trials`.
    pub(crate) fn of(errors: u64, trials: u64) -> Self {
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Self {
            errors,
            trials,
            rate: (trials > 0).then(|| errors as f64 / trials as f64),
            low: lower_bound(errors, trials, tail),
            high: upper_bound(errors, trials, tail),
        }
    }
}

/// Clopper–Pearson (1934): the smallest rate at which `errors` or more of `trials` still have probability `tail`.
fn lower_bound(errors: u64, trials: u64, tail: f64) -> f64 {
    if errors == 0 {
        return 0.0;
    }
    let (k, n) = (errors as f64, trials as f64);
    solve(|p| incomplete_beta(p, k, n - k + 1.0) < tail)
}

/// The largest rate at which `errors` or fewer of `trials` still have probability `tail`.
pub(crate) fn upper_bound(errors: u64, trials: u64, tail: f64) -> f64 {
    if errors >= trials {
        return 1.0;
    }
    let (k, n) = (errors as f64, trials as f64);
    solve(|p| incomplete_beta(p, k + 1.0, n - k) < 1.0 - tail)
}

/// How many trials without a single error it takes to show, one-sided, that a rate is at most `rate`: the rule of three
/// without its approximation.
pub(crate) fn trials_needed(rate: f64) -> u64 {
    ((1.0 - CONFIDENCE).ln() / (-rate).ln_1p()).ceil() as u64
}

/// Where `below` turns false between 0 and 1.
fn solve(below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The regularised incomplete beta function I_x(a, b), which is the distribution function of a binomial count
/// (Abramowitz and Stegun 26.5.24), by its continued fraction (26.5.8).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    // The fraction converges quickly on one side of the mean only; the other side is its mirror image.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    front.exp() / (a * continued_fraction(x, a, b))
}

/// 1 + d₁/(1 + d₂/(1 + …)), evaluated forwards with the modified Lentz method.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut value, mut c, mut d) = (1.0, 1.0, 0.0);
    for i in 1..100_000_u32 {
        let m = f64::from(i / 2);
        let term = if i % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / away_from_zero(1.0 + term * d);
        c = away_from_zero(1.0 + term / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    value
}

/// ln Γ(x) for x > 0: Stirling's series (Abramowitz and Stegun 6.1.41) after shifting the argument above 10.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series =
        (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

/// The quantile of the standard normal distribution, for the axes of a DET curve: Acklam's rational approximation,
/// within 1.2e-9 relative error.
pub(crate) fn normal_deviate(p: f64) -> f64 {
    const CENTRE: ([f64; 6], [f64; 6]) = (
        [
            -39.696_830_286_653_76,
            220.946_098_424_520_5,
            -275.928_510_446_968_7,
            138.357_751_867_269,
            -30.664_798_066_147_16,
            2.506_628_277_459_239,
        ],
        [
            -54.476_098_798_224_06,
            161.585_836_858_040_9,
            -155.698_979_859_886_6,
            66.801_311_887_719_72,
            -13.280_681_552_885_72,
            1.0,
        ],
    );
    const TAIL: ([f64; 6], [f64; 5]) = (
        [
            -0.007_784_894_002_430_293,
            -0.322_396_458_041_136_5,
            -2.400_758_277_161_838,
            -2.549_732_539_343_734,
            4.374_664_141_464_968,
            2.938_163_982_698_783,
        ],
        [
            0.007_784_695_709_041_462,
            0.322_467_129_070_039_8,
            2.445_134_137_142_996,
            3.754_408_661_907_416,
            1.0,
        ],
    );
    let horner = |x: f64, c: &[f64]| c.iter().fold(0.0, |sum, &c| sum * x + c);
    if p > 0.5 {
        return -normal_deviate(1.0 - p);
    }
    if p < 0.024_25 {
        let q = (-2.0 * p.ln()).sqrt();
        horner(q, &TAIL.0) / horner(q, &TAIL.1)
    } else {
        let q = p - 0.5;
        q * horner(q * q, &CENTRE.0) / horner(q * q, &CENTRE.1)
    }
}

/// Similarity scores, counted per step of 1/10000.
#[derive(Clone)]
pub(crate) struct Scores {
    counts: Vec<u64>,
    total: u64,
}

impl Scores {
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; BINS],
            total: 0,
        }
    }

    /// Counts a score between −1 and 1.
    pub(crate) fn add(&mut self, score: f32) {
        // A thousandth of a step makes good what 32 bits lose: 0.45 reaches 0.45, as it does in the engine.
        let step = (f64::from(score.clamp(-1.0, 1.0)) * f64::from(STEPS) + 1e-3).floor() as i32;
        if let Some(count) = usize::try_from(step + STEPS)
            .ok()
            .and_then(|bin| self.counts.get_mut(bin))
        {
            *count += 1;
            self.total += 1;
        }
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// How many scores reach the threshold of this many steps.
    pub(crate) fn reaching(&self, step: i32) -> u64 {
        let first = usize::try_from(step.saturating_add(STEPS))
            .unwrap_or(0)
            .min(BINS);
        self.counts.iter().skip(first).sum()
    }

    /// The score that `share` of the scores do not exceed, to one step.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.total.saturating_sub(1) as f64).round() as u64;
        let mut before = 0;
        let bin = self.counts.iter().position(|&count| {
            before += count;
            before > rank
        });
        bin.map(|bin| (bin as f64 - f64::from(STEPS)) / f64::from(STEPS))
    }

    /// Counts between −1 and 1 in columns of 0.05, lowest first.
    pub(crate) fn histogram(&self) -> Vec<u64> {
        let mut columns: Vec<u64> = self
            .counts
            .chunks(STEPS as usize / 20)
            .map(|c| c.iter().sum())
            .collect();
        // The last step, a score of exactly 1, stands alone.
        let last = columns.pop().unwrap_or(0);
        if let Some(column) = columns.last_mut() {
            *column += last;
        }
        columns
    }
}

/// The threshold a number stands for, in steps: the nearest one not below it.
pub(crate) fn steps(threshold: f64) -> i32 {
    (threshold * f64::from(STEPS) - 1e-6).ceil() as i32
}

/// What a number of steps is as a threshold.
pub(crate) fn threshold(steps: i32) -> f64 {
    f64::from(steps) / f64::from(STEPS)
}

/// Every threshold at which one of the two rates changes, with the scores that reach it: `(steps, impostor, genuine)`.
pub(crate) fn sweep(impostor: &Scores, genuine: &Scores) -> Vec<(i32, u64, u64)> {
    let (mut impostors, mut genuines) = (0, 0);
    let mut points = vec![(STEPS + 1, 0, 0)];
    for (bin, (i, g)) in impostor
        .counts
        .iter()
        .zip(&genuine.counts)
        .enumerate()
        .rev()
    {
        if i + g > 0 {
            impostors += i;
            genuines += g;
            points.push((bin as i32 - STEPS, impostors, genuines));
        }
    }
    points
}

/// The smallest threshold whose false-match rate is shown to be at most `wanted`, or `None` where the sample is too small
/// for any. Shown means: the one-sided upper Clopper–Pearson bound of the rate does not exceed it.
pub(crate) fn threshold_for(impostor: &Scores, wanted: f64) -> Option<f64> {
    let shown = |errors| upper_bound(errors, impostor.total, 1.0 - CONFIDENCE) <= wanted;
    if !shown(0) {
        return None;
    }
    let mut reaching = 0;
    let highest_unshown = impostor.counts.iter().enumerate().rev().find(|(_, count)| {
        reaching += **count;
        **count > 0 && !shown(reaching)
    });
    let step = highest_unshown.map_or(-STEPS, |(bin, _)| bin as i32 - STEPS + 1);
    Some(threshold(step))
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;

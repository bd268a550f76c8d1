//! Against values published elsewhere or computed in another way.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

/// P(X ≤ k) for a binomial X, summed term by term.
fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    let mut term = (1.0 - p).powi(n as i32);
    let mut sum = term;
    for i in 0..k {
        term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
        sum += term;
    }
    sum
}

#[test]
fn clopper_pearson_intervals_are_those_of_the_tables() {
    // 0, 5 and 100 of 100, 1 of 10 and 10 of 50: R's binom.test and any table of exact intervals.
    for (errors, trials, low, high) in [
        (0, 100, 0.0, 0.036_216_7),
        (5, 100, 0.016_431_9, 0.112_834_9),
        (100, 100, 0.963_783_3, 1.0),
        (1, 10, 0.002_528_6, 0.445_016_1),
        (10, 50, 0.100_302_2, 0.337_183_1),
    ] {
        let rate = Rate::of(errors, trials);
        close(rate.low, low, 1e-6);
        close(rate.high, high, 1e-6);
    }
    let nothing = Rate::of(0, 0);
    assert_eq!((nothing.rate, nothing.low, nothing.high), (None, 0.0, 1.0));
}

#[test]
fn bounds_leave_exactly_the_tail_they_promise() {
    for (errors, trials) in [(0, 30), (3, 50), (17, 400), (2, 900)] {
        let high = upper_bound(errors, trials, 0.05);
        close(binomial_cdf(errors, trials, high), 0.05, 1e-9);
    }
    let low = lower_bound(17, 400, 0.025);
    close(1.0 - binomial_cdf(16, 400, low), 0.025, 1e-9);
}

#[test]
fn large_samples_converge() {
    // 50 of a million: the Poisson interval (37.11, 65.92) divided by the sample.
    let rate = Rate::of(50, 1_000_000);
    close(rate.low, 37.11e-6, 0.01e-6);
    close(rate.high, 65.92e-6, 0.01e-6);
    let half = Rate::of(500_000_000, 1_000_000_000);
    close(half.high, 0.5 + 1.959_964 * 0.5 / 1e9f64.sqrt(), 1e-8);
}

#[test]
fn the_rule_of_three_says_how_many_trials_are_needed() {
    assert_eq!(trials_needed(0.05), 59);
    assert_eq!(trials_needed(0.01), 299);
    assert_eq!(trials_needed(1e-4), 29_956);
    for rate in [0.05, 0.01, 1e-4] {
        assert!(upper_bound(0, trials_needed(rate), 0.05) <= rate);
        assert!(upper_bound(0, trials_needed(rate) - 1, 0.05) > rate);
    }
}

#[test]
fn normal_deviates_are_those_of_the_tables() {
    for (p, z) in [
        (0.5, 0.0),
        (0.025, -1.959_963_985),
        (0.001, -3.090_232_306),
        (1e-5, -4.264_890_794),
        (0.9, 1.281_551_566),
    ] {
        close(normal_deviate(p), z, 1e-7);
    }
}

fn scores(values: &[f32]) -> Scores {
    let mut scores = Scores::new();
    values.iter().for_each(|&v| scores.add(v));
    scores
}

#[test]
fn a_score_on_the_threshold_reaches_it() {
    let scores = scores(&[-1.0, -0.2, 0.0, 0.4499, 0.45, 0.450_05, 1.0]);
    assert_eq!(scores.total(), 7);
    assert_eq!(scores.reaching(steps(0.45)), 3);
    assert_eq!(scores.reaching(steps(0.4499)), 4);
    assert_eq!(scores.reaching(steps(-1.0)), 7);
    assert_eq!(scores.reaching(steps(1.0)), 1);
    assert_eq!(scores.reaching(steps(1.5)), 0);
    assert_eq!(steps(0.363), 3630);
}

#[test]
fn quantiles_and_columns_follow_the_counts() {
    let scores = scores(&[0.1, 0.2, 0.3, 0.4, 1.0]);
    close(scores.quantile(0.5).unwrap(), 0.3, 1e-4);
    close(scores.quantile(0.0).unwrap(), 0.1, 1e-4);
    close(scores.quantile(1.0).unwrap(), 1.0, 1e-4);
    assert_eq!(Scores::new().quantile(0.5), None);
    let columns = scores.histogram();
    assert_eq!((columns.len(), columns.iter().sum::<u64>()), (40, 5));
    assert_eq!(columns[39], 1);
}

#[test]
fn the_sweep_has_one_point_for_each_change() {
    let points = sweep(&scores(&[0.1, 0.3]), &scores(&[0.3, 0.7]));
    assert_eq!(points[1..], [(7000, 0, 1), (3000, 1, 2), (1000, 2, 2)]);
    assert_eq!((points[0].1, points[0].2), (0, 0));
}

#[test]
fn a_threshold_is_stated_only_where_the_sample_supports_it() {
    let mut impostor = Scores::new();
    (0..298).for_each(|_| impostor.add(0.1));
    assert_eq!(threshold_for(&impostor, 0.01), None);
    impostor.add(0.3);
    // 299 comparisons: with no error 1 % is shown, with one it is not, so the threshold lies above the highest score.
    let stated = threshold_for(&impostor, 0.01).unwrap();
    assert!(stated > 0.3 && stated < 0.3003, "{stated}");
    assert_eq!(impostor.reaching(steps(stated)), 0);
    // At a third of the comparisons in error nothing needs to be excluded but the bulk.
    let loose = threshold_for(&impostor, 0.02).unwrap();
    assert!(loose > 0.1 && loose < 0.1003, "{loose}");
    assert!(upper_bound(1, 299, 0.05) <= 0.02 && upper_bound(299, 299, 0.05) > 0.02);
}

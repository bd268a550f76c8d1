//! The numbers of a small evaluation made by hand.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;

use super::*;

fn scores(values: &[f32]) -> Scores {
    let mut scores = Scores::new();
    values.iter().for_each(|&v| scores.add(v));
    scores
}

fn presentations(presented: u64, refused: u64, accepted: u64) -> Presentations {
    Presentations {
        acquisition: Acquisition {
            presented,
            failed: BTreeMap::from([("face_blurred", refused)]),
        },
        accepted,
    }
}

fn evaluation() -> Evaluation {
    Evaluation {
        persons: 3,
        acquisition: presentations(8, 1, 0).acquisition,
        genuine: scores(&[0.8, 0.7, 0.4, 0.9]),
        impostor: scores(&[0.1, 0.2, 0.5, 0.0, 0.1, 0.1]),
        pairs: scores(&[0.5, 0.1, 0.1]),
        attacks: BTreeMap::from([
            ("print".into(), presentations(10, 2, 1)),
            ("screen".into(), presentations(20, 0, 5)),
        ]),
        bona_fide: Some(presentations(40, 4, 34)),
    }
}

fn json(report: &Report) -> Value {
    serde_json::to_value(report).unwrap()
}

#[test]
fn rates_at_the_threshold_are_counted_from_the_scores() {
    let report = json(&Report::of(&evaluation(), 0.45, Some(1e-4), true));
    let at = report["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|at| at["threshold"] == 0.45)
        .unwrap();
    let count = |rate: &str| {
        (
            at[rate]["errors"].as_u64().unwrap(),
            at[rate]["trials"].as_u64().unwrap(),
        )
    };
    assert_eq!(count("false_match"), (1, 6));
    assert_eq!(count("false_match_pairs"), (1, 3));
    assert_eq!(count("false_non_match"), (1, 4));
    assert_eq!(report["acquisition"]["failure_to_acquire"]["rate"], 0.125);
    assert_eq!(report["acquisition"]["by_code"]["face_blurred"], 1);
    assert_eq!(report["equal_error_rate"]["threshold"], 0.5);
}

#[test]
fn attacks_are_counted_by_kind_and_the_worst_kind_counts() {
    let report = json(&Report::of(&evaluation(), 0.45, None, true));
    let attacks = &report["presentation_attacks"];
    assert_eq!(attacks["by_kind"]["print"]["apcer"]["rate"], 0.1);
    assert_eq!(attacks["by_kind"]["print"]["non_response"]["rate"], 0.2);
    assert_eq!(attacks["by_kind"]["screen"]["apcer"]["rate"], 0.25);
    assert_eq!(attacks["apcer_max"], 0.25);
    // Of forty, four gave no response and two were taken for attacks.
    assert_eq!(attacks["bona_fide"]["bpcer"]["rate"], 0.05);
    assert_eq!(attacks["bona_fide"]["non_response"]["rate"], 0.1);
}

#[test]
fn a_rate_the_sample_cannot_support_is_refused() {
    let report = Report::of(&evaluation(), 0.45, Some(1e-4), false);
    let wanted = &json(&report)["wanted"];
    assert_eq!(wanted["refused"], "sample_too_small");
    assert!(wanted["threshold"].is_null());
    assert_eq!(
        (
            wanted["pairs_of_persons"].as_u64(),
            wanted["pairs_needed_without_error"].as_u64()
        ),
        (Some(3), Some(29_956))
    );
    let text = report.text();
    assert!(
        text.contains("not stated. 3 pairs of persons cannot support it"),
        "{text}"
    );
    assert!(text.contains("detector: none"), "{text}");
}

#[test]
fn pairs_of_persons_support_a_threshold_and_not_comparisons() {
    let mut done = evaluation();
    (0..10_000).for_each(|_| done.impostor.add(0.1));
    assert!(
        Report::of(&done, 0.45, Some(0.01), false)
            .wanted
            .unwrap()
            .threshold
            .is_none()
    );
    (0..470).for_each(|_| done.pairs.add(0.1));
    // With one pair in error among 473 the bound is just below 1 %, so the threshold need not exclude it.
    let stated = Report::of(&done, 0.45, Some(0.011), false).wanted.unwrap();
    assert!(stated.threshold.unwrap() <= 0.5 && stated.refused.is_none());
}

#[test]
fn an_evaluation_of_attacks_alone_has_no_comparisons() {
    let none = Evaluation {
        persons: 0,
        acquisition: Acquisition::default(),
        genuine: Scores::new(),
        impostor: Scores::new(),
        pairs: Scores::new(),
        ..evaluation()
    };
    let report = Report::of(&none, 0.45, None, true);
    assert!(report.text().contains("no trials"));
    assert!(json(&report)["equal_error_rate"].is_null());
}

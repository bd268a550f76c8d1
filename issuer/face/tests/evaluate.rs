//! The command `tessera-face evaluate` as an operator runs it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Labelled photographs in a folder of their own. The labels are words that must not turn up in a report.
fn labelled(root: &Path) {
    for (label, photo) in [
        ("genuine/SPECIMEN-ONE/secretname-1.jpg", "person_a_1.jpg"),
        ("genuine/SPECIMEN-ONE/secretname-2.jpg", "person_a_2.jpg"),
        ("genuine/SPECIMEN-TWO/secretname-3.jpg", "person_b_2.jpg"),
        ("genuine/SPECIMEN-TWO/secretname-4.jpg", "no_face.jpg"),
        ("bonafide/secretname-5.jpg", "person_c_1.jpg"),
        ("attacks/print/secretname-6.png", "posterised_a.png"),
        ("attacks/print/secretname-7.jpg", "not_an_image.jpg"),
        ("attacks/two/secretname-8.jpg", "two_faces.jpg"),
        ("attacks/two/secretname-notes.txt", "CREDITS.md"),
    ] {
        let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/photos");
        let file = root.join(label);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::copy(photos.join(photo), file).unwrap();
    }
}

fn evaluate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera-face"));
    command.arg("evaluate").args(arguments).output().unwrap()
}

#[test]
fn a_labelled_folder_becomes_a_report_without_names() {
    let folder = tempfile::tempdir().unwrap();
    labelled(folder.path());
    let root = folder.path().to_str().unwrap();
    let [json, det] = ["report.json", "det.svg"].map(|name| folder.path().join(name));
    let done = evaluate(&[
        root,
        "--fmr",
        "1e-4",
        "--json",
        json.to_str().unwrap(),
        "--det",
        det.to_str().unwrap(),
    ]);
    let text = String::from_utf8(done.stdout).unwrap();
    // The report is complete; what one pair of persons cannot support is refused.
    assert_eq!(done.status.code(), Some(3), "{text}");
    assert!(text.contains("not stated. 1 pairs of persons cannot support it: without a single error 29956 are needed"), "{text}");

    let json = fs::read_to_string(json).unwrap();
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["persons"], 2);
    assert_eq!(
        report["acquisition"]["by_code"],
        serde_json::json!({"face_none": 1})
    );
    assert_eq!(report["scores"]["genuine"]["comparisons"], 1);
    assert_eq!(report["scores"]["impostor"]["comparisons"], 2);
    let at = report["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .find(|at| at["threshold"] == 0.45)
        .unwrap();
    assert_eq!(
        (
            &at["false_match"]["errors"],
            &at["false_non_match"]["errors"]
        ),
        (&0.into(), &0.into())
    );
    let attacks = &report["presentation_attacks"];
    assert_eq!(attacks["by_kind"]["print"]["apcer"]["rate"], 0.5);
    assert_eq!(attacks["by_kind"]["two"]["non_response"]["rate"], 1.0);
    assert_eq!(
        (
            &attacks["apcer_max"],
            &attacks["bona_fide"]["bpcer"]["rate"]
        ),
        (&0.5.into(), &0.0.into())
    );

    let det = fs::read_to_string(det).unwrap();
    assert!(det.contains("1 genuine, 2 impostor comparisons") && det.contains("threshold 0.4500"));
    let log = String::from_utf8(done.stderr).unwrap();
    for written in [&text, &json, &det, &log] {
        assert!(
            !written.contains("secretname") && !written.contains("SPECIMEN"),
            "{written}"
        );
    }
    assert!(log.contains("1 files are no photographs"), "{log}");
}

#[test]
fn what_is_wanted_and_supported_is_stated() {
    let folder = tempfile::tempdir().unwrap();
    labelled(folder.path());
    let manifest = folder.path().join("labels.csv");
    let mut lines = String::new();
    for (label, file) in [
        ("x", "genuine/SPECIMEN-ONE/secretname-1.jpg"),
        ("y", "genuine/SPECIMEN-TWO/secretname-3.jpg"),
    ] {
        lines.push_str(&format!("genuine,{label},{file}\n"));
    }
    fs::write(&manifest, lines).unwrap();
    let (root, manifest) = (folder.path().to_str().unwrap(), manifest.to_str().unwrap());
    // Five pairs are the fewest that show a half; one is not.
    let done = evaluate(&[
        root,
        "--manifest",
        manifest,
        "--fmr",
        "0.5",
        "--list-refused",
    ]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(3), "{text}");
    assert!(
        text.contains("without a single error 5 are needed"),
        "{text}"
    );
    let done = evaluate(&[root, "--manifest", manifest]);
    assert_eq!(done.status.code(), Some(0));
    assert!(
        String::from_utf8(done.stdout)
            .unwrap()
            .contains("impostor comparisons: 1")
    );
    // Without a second photograph of anybody there is no curve, and no file that says otherwise.
    let svg = folder.path().join("none.svg");
    let done = evaluate(&[root, "--manifest", manifest, "--det", svg.to_str().unwrap()]);
    assert_eq!((done.status.code(), svg.exists()), (Some(1), false));
}

/// The network that looks at a narrow crop, and its digest.
const NETWORK: &str = "minifasnet-v2-2.7-80x80.onnx";
const NETWORK_SHA256: &str = "44534a84c6055b843c93f289d60ed6b533ea7f54294957ecef6dc12047d09fd3";

#[test]
fn an_operators_detector_decides_what_counts_as_an_attack() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models");
    let networks = std::env::var_os("TESSERA_PAD_MODELS").map_or(beside, Into::into);
    let network = networks.join(NETWORK);
    let named = ["--pad-sha256", NETWORK_SHA256, "--pad-model"];
    let named = [&named[..], &[network.to_str().unwrap()]].concat();
    let folder = tempfile::tempdir().unwrap();
    labelled(folder.path());
    let root = folder.path().to_str().unwrap();
    let report = |more: &[&str]| -> Value {
        let json = folder.path().join("report.json");
        let done = evaluate(&[&[root, "--json", json.to_str().unwrap()], more].concat());
        assert!(done.status.success(), "{done:?}");
        let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
        report["presentation_attacks"].clone()
    };
    let without = report(&[]);
    assert_eq!(without["by_kind"]["print"]["apcer"]["errors"], 1);
    let digest = NETWORK_SHA256.replace('4', "5");
    let other = evaluate(&[root, "--pad-model", "/nonexistent", "--pad-sha256", &digest]);
    assert!(!other.status.success(), "a network that is not there");
    if !network.is_file() {
        println!("skipped: no detector models (TESSERA_PAD_MODELS names their folder)");
        return;
    }
    let other = evaluate(&[root, "--pad-model", named[3], "--pad-sha256", &digest]);
    assert!(
        !other.status.success(),
        "another network than the one named"
    );

    let with = report(&named);
    assert!(with["detector"] != without["detector"], "{with}");
    assert_eq!(with["bona_fide"]["bpcer"]["errors"], 0, "{with}");
    // Where the bar is set decides over both: nobody reaches certainty, and everybody reaches nothing.
    let errors = |bar: &str| {
        let report = report(&[&named[..], &["--pad-threshold", bar]].concat());
        let of = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64);
        let attacks = of("/by_kind/print/apcer/errors");
        (attacks, of("/bona_fide/bpcer/errors"))
    };
    assert_eq!(errors("1"), (Some(0), Some(1)));
    assert_eq!(errors("0"), (Some(1), Some(0)));
}

#[test]
fn a_mistake_is_named() {
    for (arguments, said) in [
        (&["/nonexistent"][..], "is not a folder"),
        (
            &[env!("CARGO_MANIFEST_DIR")],
            "no photographs: expected genuine/PERSON",
        ),
        (&[".", "--fmr", "2"], "a rate between 1e-9 and 0.5"),
        (
            &[".", "--pad-model", "x.onnx"],
            "the following required arguments were not provided",
        ),
        (
            &[".", "--pad-model", "x", "--pad-sha256", "abc"],
            "64 hexadecimal digits",
        ),
        (&[".", "--pad-threshold", "2"], "between 0 and 1"),
        (
            &[".", "--threshold", "1.1"],
            "a similarity lies between -1 and 1",
        ),
        (
            &[env!("CARGO_MANIFEST_DIR"), "--manifest", "/nonexistent.csv"],
            "/nonexistent.csv",
        ),
    ] {
        let done = evaluate(arguments);
        let log = String::from_utf8(done.stderr).unwrap();
        assert!(
            !done.status.success() && log.contains(said),
            "{arguments:?}: {log}"
        );
        assert!(done.stdout.is_empty());
    }
}

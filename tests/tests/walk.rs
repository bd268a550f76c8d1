//! The story of `make demo`, every step but 15, with the programs of the development build and the card in process; then a
//! search of everything the authority keeps for anything biometric.
#![expect(clippy::unwrap_used, reason = "tests")]

mod haip;

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tessera_tests::registry::{ANTON, MEI, photo};
use tessera_tests::report::Report;
use tessera_tests::story::{self, Stage};

#[test]
fn the_walk_goes_as_told_and_leaves_nothing_biometric() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::set(&folder.path().join("walk"), 0, story::Cards::InProcess).unwrap();
    let mut report = Report::silent();
    story::walk(&mut stage, &mut report);
    let differing: Vec<_> = report.lines().iter().filter(|line| !line.ok).collect();
    assert!(report.all_ok(), "{differing:#?}");

    stage.authority.stop().unwrap();
    let kept = files(&stage.authority.data());
    let log = stage.authority.log();
    assert!(
        std::fs::metadata(&log).unwrap().len() > 0,
        "a service that logs nothing proves nothing"
    );
    for photograph in [MEI.selfie, ANTON.selfie, "impostor_1.jpg", "two_faces.jpg"] {
        for sample in samples(&std::fs::read(photo(photograph)).unwrap()) {
            for file in kept.iter().chain([&log]) {
                assert!(
                    !contains(file, &sample),
                    "{photograph} left traces in {}",
                    file.display()
                );
            }
        }
    }
    for person in [MEI, ANTON] {
        for secret in [
            person.number,
            person.given_name,
            person.document_number,
            person.birthdate,
        ] {
            assert!(!contains(&log, secret.as_bytes()), "the log says {secret}");
        }
    }
}

/// The search finds what it looks for.
#[test]
fn the_search_finds_a_photo_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let bytes = std::fs::read(photo(MEI.selfie)).unwrap();
    std::fs::write(&kept, [b"header".as_slice(), &bytes].concat()).unwrap();
    assert!(samples(&bytes).iter().any(|sample| contains(&kept, sample)));
    std::fs::write(&kept, STANDARD.encode(&bytes)).unwrap();
    assert!(samples(&bytes).iter().any(|sample| contains(&kept, sample)));
}

/// Pieces of a photograph as bytes, base64 and hex: the middle of the entropy-coded data is unique to it.
fn samples(photograph: &[u8]) -> Vec<Vec<u8>> {
    let middle = photograph.len() / 2 / 3 * 3;
    let piece = &photograph[middle..middle + 48];
    let hex: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        piece.to_vec(),
        STANDARD.encode(piece).into_bytes(),
        URL_SAFE_NO_PAD.encode(piece).into_bytes(),
        hex.into_bytes(),
    ]
}

fn contains(file: &Path, sample: &[u8]) -> bool {
    std::fs::read(file)
        .unwrap()
        .windows(sample.len())
        .any(|window| window == sample)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

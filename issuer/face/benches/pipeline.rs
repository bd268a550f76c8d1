//! The whole pipeline, decode to embedding, beside OpenCV and ONNX Runtime on one thread: the same photos in turn, processor
//! time of each process. Then how much memory a check takes.
//!
//! `TESSERA_FACE_PEER` names the Python interpreter that has them (`tests/peers/face/install.sh`); without it our own time is
//! told alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement: what goes wrong ends it"
)]

use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Barrier;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat};
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use tessera_face::{FaceEngine, FacePolicy, MAX_PIXELS, ModelBytes};

/// Most times ONNX Runtime's processor time that the pipeline may take.
const BAR: f64 = 1.5;
const ROUNDS: usize = 11;
/// The largest picture in memory that is accepted, and refused for what it shows.
const NOBODY: &str = "of 26 megapixels, PNG with transparency";
const PHOTOS: [&str; 8] = [
    "impostor_1.jpg",
    "impostor_2.jpg",
    "person_a_1.jpg",
    "person_a_2.jpg",
    "person_b_1.jpg",
    "person_b_2.jpg",
    "person_c_1.jpg",
    "posterised_a.png",
];

fn main() {
    let photos = root().join("tests/fixtures/photos");
    let engine = FaceEngine::load(ModelBytes::embedded()).unwrap();
    let ours = |photo: &Path| {
        let begun = processor_time();
        engine.analyse(&std::fs::read(photo).unwrap()).unwrap();
        processor_time() - begun
    };
    let mut peer = Peer::start();
    // Caches and allocators of both warm, as in a service.
    for name in PHOTOS {
        ours(&photos.join(name));
        if let Some(peer) = &mut peer {
            peer.time(&photos.join(name));
        }
    }
    let mut rounds = vec![[(0.0, 0.0); PHOTOS.len()]; ROUNDS];
    for round in &mut rounds {
        for (name, spent) in PHOTOS.iter().zip(round) {
            let photo = photos.join(name);
            *spent = (
                ours(&photo),
                peer.as_mut().map_or(f64::NAN, |peer| peer.time(&photo)),
            );
        }
    }
    println!(
        "face pipeline, decode to embedding: processor time of one thread, medians of {ROUNDS} rounds"
    );
    println!(
        "{:<20}{:>10}{:>20}{:>8}",
        "", "ours, ms", "ONNX Runtime, ms", "ratio"
    );
    for (i, name) in PHOTOS.iter().enumerate() {
        line(name, rounds.iter().map(|round| round[i]));
    }
    let whole = rounds.iter().map(|round| {
        round
            .iter()
            .fold((0.0, 0.0), |sum, spent| (sum.0 + spent.0, sum.1 + spent.1))
    });
    let ratio = line("all photos", whole);
    match peer {
        Some(_) if ratio <= BAR => println!("bar {BAR:.2}: met"),
        Some(_) => println!("bar {BAR:.2}: not met"),
        None => println!(
            "bar {BAR:.2}: not measured, TESSERA_FACE_PEER names no interpreter with ONNX Runtime"
        ),
    }
    memory(&engine, &photos);
}

/// Prints a line; the ratio is the median of the ratios of each round.
fn line(name: &str, rounds: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let ours = median(rounds.clone().map(|(ours, _)| ours));
    let theirs = median(rounds.clone().map(|(_, theirs)| theirs));
    let ratio = median(rounds.map(|(ours, theirs)| ours / theirs));
    println!(
        "{name:<20}{:>10.2}{:>20.2}{ratio:>8.2}",
        1e3 * ours,
        1e3 * theirs
    );
    ratio
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds of processor time this process has used.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// How much memory checks take that run at the same time, over what the loaded engine takes: with an ordinary photo, and
/// with the largest one that is accepted.
fn memory(engine: &FaceEngine, photos: &Path) {
    let Some(loaded) = kibibytes("VmRSS") else {
        println!("memory: not measured, /proc/self/status does not tell");
        return;
    };
    println!("\nmemory: {} MiB with the engine loaded", loaded / 1024);
    let portrait = std::fs::read(photos.join("person_a_1.jpg")).unwrap();
    let ordinary = std::fs::read(photos.join("person_a_2.jpg")).unwrap();
    let largest = largest(&ordinary);
    let png = largest_png();
    for (name, photo) in [
        ("900 pixels high", &ordinary),
        ("of 26 megapixels", &largest),
        (NOBODY, &png),
    ] {
        for checks in [1, 2, 4] {
            // "5" sets the high-water mark back to what is in use now.
            if std::fs::write("/proc/self/clear_refs", "5").is_err() {
                println!(
                    "memory of a check: not measured, the high-water mark cannot be set back here"
                );
                return;
            }
            let before = kibibytes("VmRSS").unwrap();
            let together = Barrier::new(checks);
            std::thread::scope(|scope| {
                for _ in 0..checks {
                    scope.spawn(|| {
                        together.wait();
                        let done = engine.compare(photo, &portrait, &FacePolicy::default());
                        assert_eq!(done.is_ok(), name != NOBODY);
                    });
                }
            });
            let peak = kibibytes("VmHWM").unwrap();
            println!(
                "memory: photo {name}, {checks} at once: {} MiB more, {} each",
                (peak - before.min(loaded)) / 1024,
                (peak - before.min(loaded)) / 1024 / checks as u64
            );
        }
    }
}

/// A picture of as many samples as are accepted, with nobody in it: it is refused after decoding and looking.
fn largest_png() -> Vec<u8> {
    let side = MAX_PIXELS.isqrt() as u32;
    let mut out = Cursor::new(Vec::new());
    let picture = DynamicImage::new_rgba8(side, side);
    picture.write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

/// The photo enlarged to as many pixels as are accepted.
fn largest(photo: &[u8]) -> Vec<u8> {
    let picture = image::load_from_memory(photo).unwrap();
    let scale = (MAX_PIXELS as f64 / f64::from(picture.width() * picture.height())).sqrt();
    let size = |length: u32| (f64::from(length) * scale) as u32;
    let picture = picture.resize_exact(
        size(picture.width()),
        size(picture.height()),
        FilterType::Triangle,
    );
    let mut out = Cursor::new(Vec::new());
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut out, 80))
        .unwrap();
    out.into_inner()
}

fn kibibytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// `tests/peers/face/pipeline.py`, one question and one answer at a time.
struct Peer {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start() -> Option<Self> {
        let python = std::env::var_os("TESSERA_FACE_PEER").filter(|python| !python.is_empty())?;
        let mut process = Command::new(python)
            .arg(root().join("tests/peers/face/pipeline.py"))
            .arg(root().join("issuer/models"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (ask, answers) = (
            process.stdin.take().unwrap(),
            process.stdout.take().unwrap(),
        );
        let mut peer = Self {
            process,
            ask,
            answers: BufReader::new(answers),
        };
        println!("peer: {}", peer.answer()["ready"].as_str().unwrap());
        Some(peer)
    }

    /// Seconds of processor time for one photo.
    fn time(&mut self, photo: &Path) -> f64 {
        writeln!(self.ask, "time {}", photo.display()).unwrap();
        let answer = self.answer();
        assert!(answer["embedding"].is_array(), "the peer found no face");
        1e-9 * answer["cpu_ns"].as_f64().unwrap()
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the peer answered {line:?}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

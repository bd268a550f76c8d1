//! Measures the face check on photographs an operator has labelled: who is taken for whom, and which attacks pass.

mod dataset;
mod det;
mod detector;
mod evaluation;
mod failure;
mod report;
mod statistics;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use tessera_face::{FaceEngine, FacePolicy, ModelBytes, QualityGate};

use dataset::Dataset;
use detector::Detector;
use evaluation::Examiner;
use failure::Failure;
use report::Report;

/// Exit status of a complete report whose sample does not support the wanted false-match rate.
const UNSUPPORTED: u8 = 3;

/// Measurements of the face check.
#[derive(Parser)]
#[command(name = "tessera-face", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Error rates over a folder of labelled photographs.
    ///
    /// The folder holds genuine/PERSON/*, photographs of the same person in one folder; bonafide/* and attacks/KIND/*,
    /// bona fide presentations and attacks of each kind; any of the three may be missing. Photographs are .jpg, .jpeg,
    /// .png, .jp2 or .j2k. Every photograph of a person is compared with every other of that person (genuine) and with
    /// those of everybody else (impostor).
    ///
    /// The report holds counts, rates and quantiles of scores, the codes of refusals and the names of the kinds of
    /// attack; no file name and no name of a person. Exit status: 0 with a report, 1 without,
    /// 3 with a report whose sample does not support the wanted false-match rate.
    Evaluate(Evaluate),
}

#[derive(Args)]
struct Evaluate {
    /// Folder of labelled photographs, or with --manifest the folder its file names are relative to.
    folder: PathBuf,
    /// Labels instead of the folder's layout: lines ROLE,LABEL,FILE with the role genuine, bonafide or attack.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Similarity threshold in use, -1 to 1.
    #[arg(long, default_value_t = f64::from(FacePolicy::default().threshold), value_parser = similarity, allow_negative_numbers = true)]
    threshold: f64,
    /// State the threshold for this false-match rate, such as 1e-4, if the sample supports it.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    fmr: Option<f64>,
    /// Judge photographs as reference portraits, whose quality gate is gentler, instead of as photos just taken.
    #[arg(long)]
    portraits: bool,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the detection error trade-off curve as SVG.
    #[arg(long, value_name = "FILE")]
    det: Option<PathBuf>,
    /// Folder with the two model files, instead of those built in.
    #[arg(long, value_name = "FOLDER")]
    models: Option<PathBuf>,
    #[command(flatten)]
    detector: Detector,
    /// Name each refused photograph and its code on standard error. File names may be personal data.
    #[arg(long)]
    list_refused: bool,
}

fn similarity(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number")?;
    if (-1.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err("a similarity lies between -1 and 1".into())
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number")?;
    if (1e-9..=0.5).contains(&value) {
        Ok(value)
    } else {
        Err("a rate between 1e-9 and 0.5 is expected".into())
    }
}

fn main() -> ExitCode {
    let Command::Evaluate(options) = Arguments::parse().command;
    match evaluate(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(UNSUPPORTED),
        Err(failure) => {
            eprintln!("tessera-face: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything asked for could be stated.
fn evaluate(options: &Evaluate) -> Result<bool, Failure> {
    let data = match &options.manifest {
        Some(manifest) => Dataset::manifest(manifest, &options.folder)?,
        None => Dataset::folder(&options.folder)?,
    };
    if data.ignored > 0 {
        eprintln!(
            "tessera-face: {} files are no photographs by their name or place and were left out",
            data.ignored
        );
    }
    let models = match &options.models {
        Some(folder) => ModelBytes::read(folder).map_err(|e| Failure::new(e.to_string()))?,
        None => ModelBytes::embedded(),
    };
    let mut engine = FaceEngine::load(models).map_err(|e| Failure::new(e.to_string()))?;
    let detector = options.detector.load()?;
    let detects = detector.is_some();
    if let Some(detector) = detector {
        engine = engine.with_passive_detector(Box::new(detector));
    }
    let mut progress = Progress::new(data.photographs());
    let mut step = |path: &Path, refusal: Option<&'static str>| {
        progress.step();
        if let Some(code) = refusal.filter(|_| options.list_refused) {
            eprintln!("{code}  {}", path.display());
        }
    };
    let mut examiner = Examiner {
        engine: &engine,
        gate: if options.portraits {
            QualityGate::REFERENCE
        } else {
            QualityGate::PHOTO
        },
        least_pad_score: detects.then_some(options.detector.pad_threshold),
        progress: &mut step,
    };
    let done = examiner.run(&data);
    progress.end();

    // The default is a 32-bit number; as a decimal it is what was meant.
    let marked = statistics::steps((options.threshold * 1e6).round() / 1e6);
    let report = Report::of(&done, statistics::threshold(marked), options.fmr, detects);
    if let Some(file) = &options.json {
        let json =
            serde_json::to_string_pretty(&report).map_err(|e| Failure::new(e.to_string()))?;
        std::fs::write(file, json + "\n").map_err(|e| Failure::file(file, &e))?;
    }
    if let Some(file) = &options.det {
        let svg = det::svg(&done.impostor, &done.genuine, marked).ok_or_else(|| {
            Failure::new("no curve: it takes two photographs of one person and one of another")
        })?;
        std::fs::write(file, svg).map_err(|e| Failure::file(file, &e))?;
    }
    print!("{}", report.text());
    Ok(report
        .wanted
        .is_none_or(|wanted| wanted.threshold.is_some()))
}

/// A line on standard error, for a person at a terminal, about once a second.
struct Progress {
    total: usize,
    done: usize,
    begun: Instant,
    shown: Option<Instant>,
    person_watches: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            begun: Instant::now(),
            shown: None,
            person_watches: std::io::stderr().is_terminal(),
        }
    }

    fn step(&mut self) {
        self.done += 1;
        let due = self
            .shown
            .is_none_or(|at| at.elapsed() >= Duration::from_secs(1));
        if self.person_watches && due {
            self.shown = Some(Instant::now());
            let left = self.begun.elapsed().as_secs_f64() / self.done as f64
                * (self.total - self.done) as f64;
            eprint!(
                "\r{} of {} photographs, about {left:.0} s left    ",
                self.done, self.total
            );
            let _ = std::io::stderr().flush();
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            eprintln!(
                "\r{} of {} photographs                    ",
                self.done, self.total
            );
        }
    }
}

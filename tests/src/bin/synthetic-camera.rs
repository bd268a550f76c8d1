//! A camera for demonstrations: films a photograph whose face is turned by computation, and writes the frames to
//! standard output as `tessera enrol --camera` reads them.
//!
//! `synthetic-camera --photo FILE [--seed N] [--cover NAME] [--instead left,up,…] [--still] [--keep FILE | --play FILE] MOVEMENT…`
//!
//! Without a movement it writes the photograph itself, as a terminal's camera does. It takes the time a person would. `--cover` draws one of the covers of `tessera_face::synthetic` over every frame (blanks
//! in its name written as `_`), `--instead` makes other movements than asked, `--still` makes none, `--keep` copies the frames into a file,
//! and `--play` shows the frames of such a file again.

use std::io::Write as _;
use std::time::{Duration, Instant};

use tessera_face::synthetic::{COVERS, Cover, Sitter, SyntheticFrame, Take};
use tessera_face::{FaceEngine, ModelBytes, Movement};
use tessera_tests::{Failure, Result};
use tessera_verifier::liveness::{Answer, Frame, encode};

fn main() -> std::process::ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("synthetic-camera: {failure}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let (mut photo, mut seed, mut instead, mut keep, mut play) = (None, 1, None, None, None);
    let (mut cover, mut still) = (None, false);
    let mut asked = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let missing = || Failure::new(format!("{argument} wants a value"));
            arguments.next().ok_or_else(missing)
        };
        match argument.as_str() {
            "--photo" => photo = Some(value()?),
            "--seed" => seed = value()?.parse().map_err(Failure::during("the seed"))?,
            "--cover" => cover = Some(named(&value()?)?),
            "--instead" => instead = Some(value()?),
            "--still" => still = true,
            "--keep" => keep = Some(value()?),
            "--play" => play = Some(value()?),
            name => asked.push(movement(name)?),
        }
    }
    if let Some(other) = instead {
        asked = other.split(',').map(movement).collect::<Result<_>>()?;
    }
    if asked.is_empty() {
        let photo = photo.ok_or_else(|| Failure::new("--photo is wanted"))?;
        return Ok(std::io::stdout().lock().write_all(&std::fs::read(photo)?)?);
    }
    let begun = Instant::now();
    let recording = match (play, photo) {
        (Some(file), _) => std::fs::read(file)?,
        (None, Some(photo)) => {
            let engine =
                FaceEngine::load(ModelBytes::embedded()).map_err(Failure::during("models"))?;
            let sitter = Sitter::new(&engine, &std::fs::read(photo)?)
                .map_err(Failure::during("the photograph"))?;
            let sitter = match cover {
                Some(cover) => sitter.wearing(cover),
                None => sitter,
            };
            let mut take = Take::new(seed);
            if still {
                (take.turn, take.lift) = (0.0, 0.0);
            }
            let film = sitter
                .film(&asked, &take)
                .map_err(Failure::during("filming"))?;
            encoded(&film)?
        }
        (None, None) => return Err(Failure::new("--photo or --play is wanted")),
    };
    if let Some(file) = keep {
        std::fs::write(file, &recording)?;
    }
    let answer = Answer::parse(&recording).map_err(Failure::during("the recording"))?;
    let last = answer.frames.last().map_or(0, |frame| frame.at_ms);
    std::thread::sleep(Duration::from_millis(last.into()).saturating_sub(begun.elapsed()));
    Ok(std::io::stdout().lock().write_all(&recording)?)
}

fn encoded(film: &[SyntheticFrame]) -> Result<Vec<u8>> {
    let frames: Vec<Frame<'_>> = film
        .iter()
        .map(|frame| Frame {
            at_ms: frame.at_ms,
            image: &frame.image,
        })
        .collect();
    let bytes = encode("", &frames).map_err(Failure::during("encoding"))?;
    Ok(bytes.to_vec())
}

fn named(cover: &str) -> Result<Cover> {
    let name = cover.replace('_', " ");
    let found = COVERS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, cover)| *cover)
        .ok_or_else(|| Failure::new(format!("no cover {name}")))
}

fn movement(name: &str) -> Result<Movement> {
    match name {
        "left" => Ok(Movement::Left),
        "right" => Ok(Movement::Right),
        "up" => Ok(Movement::Up),
        other => Err(Failure::new(format!("no movement {other}"))),
    }
}

//! `tessera enrol`: the face check, then the limited-function credential.

use std::process::{Command, Stdio};

use tessera_verifier::claims::AssuranceLevel;
use tessera_verifier::liveness::{LivenessChallenge, MAX_ANSWER_BYTES, Movement};
use tessera_wallet::Error;
use tessera_wallet::enrol::{self, Applicant, Granted, MAX_PHOTO, Photo, Recording};

use super::receive;
use crate::cli::args::Enrol;
use crate::cli::console::{Console, read_bounded, read_file};

pub(crate) fn run(console: &Console, arguments: &Enrol) -> Result<(), Error> {
    // One byte more than allowed is read, so that too large a photo is named as such.
    let photo = match &arguments.photo {
        Some(path) => Some(Photo::new(read_file(path, MAX_PHOTO + 1)?)?),
        None => None,
    };
    let mut store = console.open()?;
    let person = &arguments.issuer;
    receive::contact(console, &mut store, &person.issuer, person.root.as_deref())?;
    let session = enrol::start(
        &store,
        console.surroundings(),
        &person.issuer,
        Applicant {
            number: &person.number,
            district: person.district.as_deref(),
        },
        AssuranceLevel::Limited,
    )?;
    let granted: Granted = if let Some(photo) = photo {
        console.progress("label_sending_photo", &[]);
        enrol::send_photo(console.surroundings(), &session, &photo)?
    } else {
        let challenge = enrol::challenge(console.surroundings(), &session)?;
        let recording = film(console, arguments.camera.as_deref(), &challenge)?;
        console.progress("label_sending_frames", &[]);
        enrol::send_recording(
            &store,
            console.surroundings(),
            &session,
            &challenge,
            &recording,
        )?
    };
    console.progress("label_face_accepted", &[]);
    receive::accept(
        console,
        &mut store,
        &granted.offer,
        granted.tx_code.as_ref(),
        Some(&session),
    )
}

/// Says what to do, and runs the camera program meanwhile. The images go through a pipe: they are in no file.
fn film(
    console: &Console,
    command: Option<&str>,
    challenge: &LivenessChallenge,
) -> Result<Recording, Error> {
    let movements: Vec<&str> = challenge.movements.iter().map(|m| m.as_str()).collect();
    let label = |movement: &Movement| match movement {
        Movement::Left => "label_move_left",
        Movement::Right => "label_move_right",
        Movement::Up => "label_move_up",
    };
    let prompts: Vec<String> = challenge
        .movements
        .iter()
        .map(|movement| console.text(label(movement), &[]))
        .collect();
    console.progress("label_move", &[&prompts.join(" → ")]);
    let mut words = command.unwrap_or_default().split_whitespace();
    let mut camera = Command::new(words.next().ok_or(Error::CameraFailed)?)
        .args(words)
        .args(movements)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|_| Error::CameraFailed)?;
    let frames = camera
        .stdout
        .take()
        .ok_or(Error::CameraFailed)
        .and_then(|output| read_bounded(output, MAX_ANSWER_BYTES));
    if frames.is_err() {
        // It writes without end: nobody reads on.
        let _ = camera.kill();
    }
    match camera.wait() {
        Ok(status) if status.success() => Recording::new(frames?),
        _ => Err(Error::CameraFailed),
    }
}

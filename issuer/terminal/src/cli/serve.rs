//! One person after the other.

use std::io::IsTerminal;
use std::time::Duration;

use tessera_terminal::camera::CameraProgram;
use tessera_terminal::key::TerminalKey;
use tessera_terminal::{TerminalError, kiosk, resume};
use zeroize::Zeroizing;

use super::KioskArgs;
use super::console::Machine;
use super::run::Printed;
#[cfg(not(feature = "pcsc"))]
use super::run::without_readers;
#[cfg(feature = "pcsc")]
use super::session::found;
use super::session::{countdown, photograph};
use super::station::{Opened, operator};

/// The terminal's keys and its operator's, opened before any reader: without them no card is to be waited for.
struct Manned {
    opened: Opened,
    operator: Option<Box<dyn TerminalKey>>,
}

pub(super) fn serve(args: &KioskArgs) -> Printed {
    let manned = Manned {
        opened: Opened::of(&args.station)?,
        operator: operator(&args.desk)?,
    };
    match args.sam_reader()? {
        Some(reader) => serve_residents(reader, args, manned),
        None => serve_chips(args, manned),
    }
}

/// Resident cards. The line is opened anew for each: what was left of an exchange that failed ends with its visit.
fn serve_residents(
    reader: tessera_terminal::sam::SamReader,
    args: &KioskArgs,
    manned: Manned,
) -> Printed {
    let name = reader.name().to_owned();
    drop(reader);
    let wait = Duration::from_secs(args.desk.wait);
    let slot = |left: &mut dyn FnMut(Duration)| {
        let gone = || TerminalError::Reader("no reader is named".to_owned());
        let mut reader = args.sam_reader()?.ok_or_else(gone)?;
        reader.wait_for_card(wait, &mut |time| {
            countdown(time.as_secs());
            left(time);
        })?;
        Ok(Box::new(reader) as Box<dyn tessera_card::sam::SamTransport>)
    };
    visits(args, manned, name, kiosk::Slot::Resident(Box::new(slot)))
}

#[cfg(feature = "pcsc")]
fn serve_chips(args: &KioskArgs, manned: Manned) -> Printed {
    let reader = found(&args.desk)?;
    let wait = Duration::from_secs(args.desk.wait);
    let slot = |left: &mut dyn FnMut(Duration)| {
        let card = reader.wait_for_card(wait, &mut |time| {
            countdown(time.as_secs());
            left(time);
        })?;
        Ok(Box::new(card) as Box<dyn tessera_card::Transceiver>)
    };
    visits(
        args,
        manned,
        reader.name(),
        kiosk::Slot::Chip(Box::new(slot)),
    )
}

/// One person after the other.
fn visits(args: &KioskArgs, manned: Manned, reader: String, slot: kiosk::Slot<'_>) -> Printed {
    let Manned {
        mut opened,
        operator,
    } = manned;
    let mut rng = rand_core::OsRng;
    let mut station = opened.station(&mut rng);
    // A session that a power cut ended: the person is gone, so its code is shown to nobody.
    if let Err(error) = resume(&mut station) {
        eprintln!("{}: {error}", error.code());
    }
    let mut console = Machine::new();
    let mut camera = || photograph(&args.desk);
    let film = args.desk.camera.as_deref().map(CameraProgram::new);
    let mut desk = kiosk::Desk {
        issuer: args.station.issuer.clone(),
        reader,
        slot,
        camera: &mut camera,
        film: film.as_ref().map(|film| film as _),
        operator: operator.as_deref(),
        patience: Duration::from_secs(args.patience),
    };
    let mut left = args.visits;
    while left != Some(0) {
        let end = kiosk::visit(&mut console, &mut desk, &mut station);
        if end == kiosk::End::Idle && !std::io::stdin().is_terminal() {
            break;
        }
        left = left.map(|left| left - 1);
    }
    Ok(Zeroizing::default())
}

#[cfg(not(feature = "pcsc"))]
fn serve_chips(_args: &KioskArgs, _manned: Manned) -> Printed {
    Err(without_readers())
}

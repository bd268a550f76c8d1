//! `tessera enrol`: the face check, then the limited-function credential.

use tessera_verifier::claims::AssuranceLevel;
use tessera_wallet::Error;
use tessera_wallet::enrol::{self, Applicant, MAX_PHOTO, Photo};

use super::receive;
use crate::cli::args::Enrol;
use crate::cli::console::{Console, read_file};

pub(crate) fn run(console: &Console, arguments: &Enrol) -> Result<(), Error> {
    // One byte more than allowed is read, so that too large a photo is named as such.
    let photo = Photo::new(read_file(&arguments.photo, MAX_PHOTO + 1)?)?;
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
    console.progress("label_sending_photo", &[]);
    let granted = enrol::send_photo(console.surroundings(), &session, &photo)?;
    console.progress("label_face_accepted", &[]);
    receive::accept(
        console,
        &mut store,
        &granted.offer,
        granted.tx_code.as_ref(),
        Some(&session),
    )
}

//! `emrtd`: reads a chip over BAC (Doc 9303-11 §4.3) through the PC/SC daemon, as its own library
//! does it; the driver puts the simulated card into the virtual reader.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use emrtd::{EmrtdComms, get_jpeg_from_ef_dg2, other_mrz};
use serde_json::{Map, Value, json};

use crate::{Question, Verdict, reason};

/// The files of the chip (Doc 9303-10 §4.7) and their identifiers.
const FILES: [(&str, &[u8; 2]); 6] = [
    ("com", b"\x01\x1e"),
    ("sod", b"\x01\x1d"),
    ("dg1", b"\x01\x01"),
    ("dg2", b"\x01\x02"),
    ("dg14", b"\x01\x0e"),
    ("dg15", b"\x01\x0f"),
];

/// Reads every file, base64, and the portrait out of DG2.
pub(crate) fn read(question: &Question) -> Verdict {
    let context = pcsc::Context::establish(pcsc::Scope::User).map_err(reason)?;
    let wanted = question.text("reader")?;
    let readers = context.list_readers_owned().map_err(reason)?;
    let reader = readers
        .iter()
        .find(|r| r.to_str().is_ok_and(|name| name.contains(wanted)))
        .ok_or_else(|| format!("no reader named {wanted}"))?;
    let card = context
        .connect(reader, pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY)
        .map_err(reason)?;

    let mut chip = EmrtdComms::new(card);
    chip.select_emrtd_application().map_err(reason)?;
    let secret = other_mrz(
        question.text("document_number")?,
        question.text("birth_date")?,
        question.text("expiry_date")?,
    )
    .map_err(reason)?;
    chip.establish_bac_session_keys(secret.as_bytes())
        .map_err(reason)?;

    let mut files = Map::new();
    for (name, identifier) in FILES {
        chip.select_ef(identifier, name, true)
            .map_err(|e| format!("{name}: {e}"))?;
        let bytes = chip
            .read_data_from_ef(true)
            .map_err(|e| format!("{name}: {e}"))?;
        if name == "dg2" {
            let portrait = get_jpeg_from_ef_dg2(&bytes).map_err(reason)?;
            files.insert(
                "portrait".to_owned(),
                Value::from(STANDARD.encode(portrait)),
            );
        }
        files.insert(name.to_owned(), Value::from(STANDARD.encode(bytes)));
    }
    crate::answer(json!({"files": files}))
}

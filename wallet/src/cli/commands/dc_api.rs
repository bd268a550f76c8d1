//! `tessera dc-api`: a request of the Digital Credentials API as a platform hands it over, and the response to give back
//! (OpenID4VP 1.0 appendix A).

use serde_json::{Value, json};
use tessera_verifier::json::{self, Limits};
use tessera_verifier::request::DcApiProtocol;
use tessera_wallet::Error;
use tessera_wallet::reach::Reach;
use tessera_wallet::request::{MAX_REQUEST, RequestObject};

use super::answer::{Answered, answer, write_file};
use crate::cli::args::DcApi;
use crate::cli::console::{Console, read_bounded, read_file};

/// Most entries of one call.
const MAX_ENTRIES: usize = 16;

pub(crate) fn run(console: &Console, arguments: &DcApi) -> Result<(), Error> {
    let mut store = console.open()?;
    let bytes = if arguments.request.as_os_str() == "-" {
        read_bounded(std::io::stdin().lock(), MAX_REQUEST)?
    } else {
        read_file(&arguments.request, MAX_REQUEST)?
    };
    let (protocol, data) = entry(&bytes)?;
    let object = RequestObject::from_dc_api(
        protocol.as_str(),
        data.to_string().as_bytes(),
        &arguments.origin,
    )?;
    let reach = Reach::of(store.contents(), false);
    let (signed, mut summary) =
        match answer(console, &mut store, (object, &reach), &arguments.answering)? {
            Answered::Shown(signed, summary) => (signed, summary),
            Answered::Refused(reason, None) => return Err(reason),
            Answered::Refused(reason, Some(refusal)) => {
                let response = json!({"protocol": protocol.as_str(), "data": refusal.to_data()});
                match &arguments.out {
                    Some(path) => write_file(path, &response)?,
                    None => console.beside_error("response", response),
                }
                return Err(reason);
            }
        };
    let response = json!({"protocol": protocol.as_str(), "data": signed.to_data()?});
    let lines = if let Some(path) = &arguments.out {
        write_file(path, &response)?;
        let shown = path.display().to_string();
        let line = console.text("label_written", &[&shown]);
        summary["out"] = Value::String(shown);
        format!("{line}\n")
    } else {
        let line = format!("{response}\n");
        summary["response"] = response;
        line
    };
    console.result(&summary, &lines);
    Ok(())
}

/// The first entry whose protocol is known.
fn entry(bytes: &[u8]) -> Result<(DcApiProtocol, Value), Error> {
    let limits = Limits {
        bytes: MAX_REQUEST,
        depth: 24,
    };
    let mut call = json::parse(bytes, limits)?;
    let entries = match call.get_mut("requests").map(Value::take) {
        Some(Value::Array(entries)) if entries.len() <= MAX_ENTRIES => entries,
        Some(_) => return Err(Error::RequestUnreadable),
        None => vec![call],
    };
    entries
        .into_iter()
        .find_map(|mut entry| {
            let protocol = DcApiProtocol::parse(entry.get("protocol")?.as_str()?)?;
            Some((protocol, entry.get_mut("data")?.take()))
        })
        .ok_or(Error::RequestUnreadable)
}

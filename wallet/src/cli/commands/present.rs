//! `tessera present`: who asks, for what, and the holder's answer.

use std::path::Path;

use serde_json::Value;
use tessera_wallet::Error;
use tessera_wallet::consent::Refusal;
use tessera_wallet::present::SignedPresentation;
use tessera_wallet::reach::Reach;
use tessera_wallet::request::{MAX_REQUEST, RequestObject};

use super::answer::{Answered, answer, write_file};
use super::refresh;
use crate::cli::args::Present;
use crate::cli::console::{Console, read_bounded, read_file};

pub(crate) fn run(console: &Console, arguments: &Present) -> Result<(), Error> {
    let mut store = console.open()?;
    refresh::top_up(console, &mut store);
    let reach = Reach::of(store.contents(), arguments.local);
    let object = find_request(console, &arguments.request, &reach)?;
    match answer(console, &mut store, (object, &reach), &arguments.answering)? {
        Answered::Shown(signed, mut summary) => deliver(console, arguments, &signed, &mut summary),
        Answered::Refused(reason, refusal) => {
            if let Some(refusal) = refusal {
                tell(console, &refusal);
            }
            Err(reason)
        }
    }
}

/// Tells the requester, as far as it goes: the reason for which nothing is shown is the same either way.
fn tell(console: &Console, refusal: &Refusal) {
    match refusal.send(console.surroundings()) {
        Ok(sent) => {
            let code = refusal.code().as_str();
            console.progress("label_told", &[code]);
            console.beside_error("told", code.into());
            if let Some(next) = sent.redirect_uri {
                console.progress("label_go_on", &[next.as_str()]);
                console.beside_error("redirect_uri", Value::String(next.into()));
            }
        }
        Err(error) => console.warning("label_not_told", &[error.code()]),
    }
}

fn find_request(console: &Console, from: &str, reach: &Reach) -> Result<RequestObject, Error> {
    if RequestObject::is_link(from) {
        return RequestObject::from_link(console.surroundings(), from, reach);
    }
    let bytes = if from == "-" {
        read_bounded(std::io::stdin().lock(), MAX_REQUEST)?
    } else {
        read_file(Path::new(from), MAX_REQUEST)?
    };
    let text = String::from_utf8(bytes).map_err(|_| Error::RequestUnreadable)?;
    // A file may hold the link instead of the request object.
    if RequestObject::is_link(text.trim()) {
        return RequestObject::from_link(console.surroundings(), text.trim(), reach);
    }
    RequestObject::from_text(&text)
}

/// To the file, to the requester's server, or to standard output.
fn deliver(
    console: &Console,
    arguments: &Present,
    signed: &SignedPresentation,
    summary: &mut Value,
) -> Result<(), Error> {
    let presentation = signed.to_json();
    let mut lines = String::new();
    if let Some(path) = &arguments.out {
        write_file(path, &presentation)?;
        let shown = path.display().to_string();
        lines = format!("{}\n", console.text("label_written", &[&shown]));
        summary["out"] = Value::String(shown);
    }
    if signed.response_uri().is_some() {
        let sent = signed.send(console.surroundings())?;
        summary["sent"] = Value::Bool(true);
        lines.push_str(&format!("{}\n", console.text("label_sent", &[])));
        if let Some(next) = sent.redirect_uri {
            let line = console.text("label_go_on", &[next.as_str()]);
            lines.push_str(&format!("{line}\n"));
            summary["redirect_uri"] = Value::String(next.into());
        }
    } else if arguments.out.is_none() {
        lines = format!("{presentation}\n");
        summary["presentation"] = presentation;
    }
    console.result(summary, &lines);
    Ok(())
}

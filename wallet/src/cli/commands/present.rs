//! `tessera present`: who asks, for what, and the holder's answer.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tessera_verifier::catalogue::LocalizedText;
use tessera_wallet::Error;
use tessera_wallet::consent::{self, Answer, Holder};
use tessera_wallet::messages::Language;
use tessera_wallet::present::{self, SignedPresentation};
use tessera_wallet::reach::Reach;
use tessera_wallet::request::{MAX_REQUEST, RequestObject};
use tessera_wallet::select::{self, Proposal};
use tessera_wallet::store::Store;
use tessera_wallet::trust;

use super::refresh;
use crate::cli::args::Present;
use crate::cli::console::{Console, read_bounded, read_file};
use crate::cli::describe;

pub(crate) fn run(console: &Console, arguments: &Present) -> Result<(), Error> {
    let mut store = console.open()?;
    refresh::top_up(console, &mut store);
    let reach = Reach::of(store.contents(), arguments.local);
    let object = find_request(console, &arguments.request, &reach)?;
    let proposal = match propose(console, &mut store, (object, &reach), arguments) {
        Ok(proposal) => proposal,
        Err(error) => {
            present::remember_refusal(&mut store, console.surroundings(), None, &error)?;
            return Err(error);
        }
    };
    let mut person = Person {
        console,
        said_yes: arguments.yes,
        nobody_there: false,
    };
    let consent = match consent::ask(proposal, &mut person) {
        Ok(consent) => consent,
        Err(_) if person.nobody_there => return Err(Error::ConsentNeeded),
        Err(proposal) => {
            let request = Some(proposal.request());
            let no = Error::ConsentDeclined;
            present::remember_refusal(&mut store, console.surroundings(), request, &no)?;
            return Err(no);
        }
    };
    let mut summary = summarise(consent.proposal());
    let signed = present::sign(&mut store, console.surroundings(), consent)?;
    console.progress("label_presented", &[]);
    deliver(console, arguments, &signed, &mut summary)
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

fn propose(
    console: &Console,
    store: &mut Store,
    (object, reach): (RequestObject, &Reach),
    arguments: &Present,
) -> Result<Proposal, Error> {
    let known = trust::fresh(store, console.surroundings())?;
    let request = object.authenticate(&known, console.now(), reach)?;
    select::minimal(
        store.contents(),
        request,
        arguments.format.map(Into::into),
        console.now(),
    )
}

/// The person at the keyboard, or `--yes`.
struct Person<'a> {
    console: &'a Console,
    said_yes: bool,
    nobody_there: bool,
}

impl Holder for Person<'_> {
    fn answer(&mut self, proposal: &Proposal) -> Answer {
        let console = self.console;
        let text = |text: &LocalizedText| {
            describe::printable(match console.language() {
                Language::English => &text.en,
                Language::Chinese => &text.zh,
            })
        };
        let request = proposal.request();
        console.progress("label_who_asks", &[&text(request.requester())]);
        console.progress("label_service", &[&text(&request.service().name)]);
        console.progress("label_purpose", &[&text(&request.service().purpose)]);
        console.progress(
            "label_shows",
            &[&describe::level(console, proposal.level())],
        );
        for claim in proposal.shown() {
            let values: Vec<_> = claim
                .values
                .iter()
                .map(|value| describe::value(console, value))
                .collect();
            eprintln!(
                "    {}: {}",
                describe::printable(&claim.name),
                values.join(", ")
            );
        }
        console.progress("label_shows_nothing_more", &[]);
        if self.said_yes {
            return Answer::Yes;
        }
        match console.ask("label_consent").as_deref() {
            Some("y" | "Y" | "yes" | "Yes" | "是") => Answer::Yes,
            Some(_) => Answer::No,
            None => {
                self.nobody_there = true;
                Answer::No
            }
        }
    }
}

fn summarise(proposal: &Proposal) -> Value {
    let request = proposal.request();
    json!({
        "credential": proposal.credential(),
        "level": proposal.level().as_str(),
        "format": proposal.format().as_str(),
        "claims": proposal.claim_names(),
        "service": request.service().id,
        "requester": {
            "client_id": request.request().client_id(),
            "name": request.requester(),
        },
        "sent": false,
    })
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
        signed.send(console.surroundings())?;
        summary["sent"] = Value::Bool(true);
        lines.push_str(&format!("{}\n", console.text("label_sent", &[])));
    } else if arguments.out.is_none() {
        lines = format!("{presentation}\n");
        summary["presentation"] = presentation;
    }
    console.result(summary, &lines);
    Ok(())
}

/// Readable by the owner only: it is personal data. A file of its own is renamed into place, so that neither the mode
/// of a file that was there nor a link laid in its place lets anybody else read it.
fn write_file(path: &Path, presentation: &Value) -> Result<(), Error> {
    let mut name = path.file_name().ok_or(Error::FileUnwritable)?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&fresh).map_err(|_| Error::FileUnwritable)?;
    let written = writeln!(file, "{presentation}").and_then(|()| std::fs::rename(&fresh, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written.map_err(|_| Error::FileUnwritable)
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_presentation_is_the_owners_whatever_lay_there_before() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        std::fs::write(&open, "before").unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o666)).unwrap();
        let link = folder.path().join("link");
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, "untouched").unwrap();
        symlink(&elsewhere, &link).unwrap();
        for path in [&open, &link] {
            write_file(path, &json!({"vp_token": {}})).unwrap();
            let found = std::fs::symlink_metadata(path).unwrap();
            assert!(found.is_file(), "{}", path.display());
            assert_eq!(found.permissions().mode() & 0o777, 0o600);
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(text, "{\"vp_token\":{}}\n");
        }
        assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "untouched");
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 3, "nothing else is left behind");
    }
}

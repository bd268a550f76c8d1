//! Answering a request, whichever way it came: what the holder accepts, the question, and the history.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tessera_verifier::catalogue::LocalizedText;
use tessera_verifier::did::Documents;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::request::{AuthenticatedName, Sender, Transaction, Unregistered};
use tessera_wallet::Error;
use tessera_wallet::consent::{self, Answer, Holder, Refusal};
use tessera_wallet::messages::Language;
use tessera_wallet::present::{self, ErrorCode, SignedPresentation};
use tessera_wallet::reach::Reach;
use tessera_wallet::request::{Acceptance, AuthenticatedRequest, RequestObject};
use tessera_wallet::select::{self, Item, Proposal, Wish};
use tessera_wallet::store::{Settings, Store};
use tessera_wallet::trust;

use crate::cli::args::{Answering, UnregisteredName};
use crate::cli::console::{Console, anchor, read_file};
use crate::cli::describe;

/// Largest DID document, in bytes.
const MAX_FILE: usize = 64 * 1024;

/// What came of a request.
pub(super) enum Answered {
    /// A presentation, and what to print of it.
    Shown(SignedPresentation, Value),
    /// Nothing is shown, for this reason; the requester is told where the holder says so.
    Refused(Error, Option<Refusal>),
}

/// Finds out who asks, chooses, asks the holder, signs. A refusal of either is written into the history.
pub(super) fn answer(
    console: &Console,
    store: &mut Store,
    (object, reach): (RequestObject, &Reach),
    arguments: &Answering,
) -> Result<Answered, Error> {
    let acceptance = acceptance(arguments, &store.contents().settings)?;
    let mut person = Person {
        console,
        said: match (arguments.yes, arguments.decline) {
            (true, _) => Some(Answer::Yes),
            (_, true) => Some(Answer::No),
            _ => None,
        },
        nobody_there: false,
    };
    let proposal = match propose(console, store, (&object, reach), &acceptance, arguments) {
        Ok(proposal) => proposal,
        Err(Unanswerable { reason, told }) => {
            present::remember_refusal(store, console.surroundings(), None, &reason)?;
            let refusal =
                told.and_then(|(sender, code)| consent::refuse(*sender, code, &mut person));
            return Ok(Answered::Refused(reason, refusal));
        }
    };
    let consent = match consent::ask(proposal, &mut person) {
        Ok(consent) => consent,
        Err(_) if person.nobody_there => return Err(Error::ConsentNeeded),
        Err(declined) => {
            let request = Some(declined.proposal().request());
            let no = Error::ConsentDeclined;
            present::remember_refusal(store, console.surroundings(), request, &no)?;
            return Ok(Answered::Refused(no, declined.into_refusal()));
        }
    };
    let summary = summarise(consent.proposal());
    let signed = present::sign(store, console.surroundings(), consent)?;
    console.progress("label_presented", &[]);
    Ok(Answered::Shown(signed, summary))
}

/// Why a request cannot be answered, and who may be told what.
struct Unanswerable {
    reason: Error,
    told: Option<(Box<Sender>, ErrorCode)>,
}

impl From<Error> for Unanswerable {
    fn from(reason: Error) -> Self {
        Self { reason, told: None }
    }
}

fn propose(
    console: &Console,
    store: &mut Store,
    (object, reach): (&RequestObject, &Reach),
    acceptance: &Acceptance,
    arguments: &Answering,
) -> Result<Proposal, Unanswerable> {
    let known = match trust::fresh(store, console.surroundings()) {
        // A wallet that no authority has given anything still answers strangers, where the holder wants that.
        Err(Error::BundleMissing | Error::NoCredential)
            if acceptance.unregistered == Unregistered::Ask =>
        {
            Vec::new()
        }
        known => known?,
    };
    let now = console.now();
    let request = match object.authenticate_as(&known, now, reach, acceptance) {
        Ok(request) => request,
        Err(reason) => {
            let sender = || object.sender(&known, now, reach, acceptance);
            let told =
                ErrorCode::of_request(&reason).and_then(|code| Some((Box::new(sender()?), code)));
            return Err(Unanswerable { reason, told });
        }
    };
    let wish = Wish {
        format: arguments.format.map(Into::into),
        optional: arguments.optional,
        several: arguments.several,
    };
    let sender = request.sender();
    select::minimal_with(store.contents(), request, wish, now).map_err(|reason| {
        let told = sender.map(Box::new).zip(ErrorCode::of_choice(&reason));
        Unanswerable { reason, told }
    })
}

/// What the holder accepts, from the settings and the command line.
fn acceptance(arguments: &Answering, settings: &Settings) -> Result<Acceptance, Error> {
    let mut documents = Documents::new();
    for path in &arguments.did_document {
        let limits = Limits {
            bytes: MAX_FILE,
            depth: 16,
        };
        documents.insert(&json::parse(&read_file(path, MAX_FILE)?, limits)?)?;
    }
    Ok(Acceptance {
        unregistered: match arguments.unregistered {
            Some(UnregisteredName::Ask) => Unregistered::Ask,
            None if settings.ask_unregistered => Unregistered::Ask,
            Some(UnregisteredName::Refuse) | None => Unregistered::Refuse,
        },
        anchors: arguments
            .requester_anchor
            .iter()
            .map(|path| anchor(path))
            .collect::<Result<_, _>>()?,
        documents,
        attesters: arguments.trust_attester.clone(),
        haip: arguments.haip || settings.haip,
    })
}

/// The person at the keyboard, or what was said on the command line.
struct Person<'a> {
    console: &'a Console,
    said: Option<Answer>,
    nobody_there: bool,
}

impl Holder for Person<'_> {
    fn answer(&mut self, proposal: &Proposal) -> Answer {
        let console = self.console;
        who_asks(console, proposal.request());
        for item in proposal.items() {
            what_is_shown(console, proposal.request(), item);
        }
        for data in proposal.transactions() {
            what_is_agreed(console, data.kind());
        }
        console.progress("label_shows_nothing_more", &[]);
        if let Some(said) = self.said {
            return said;
        }
        match console.ask("label_consent").as_deref() {
            Some("y" | "Y" | "yes" | "Yes" | "是") => Answer::Yes,
            Some("n" | "N" | "no" | "No" | "否") => Answer::No,
            Some(_) => Answer::Silence,
            None => {
                self.nobody_there = true;
                Answer::Silence
            }
        }
    }

    /// `--yes` was a yes to showing something, not to telling anybody that there is nothing to show.
    fn tells(&mut self, sender: &Sender, code: ErrorCode) -> bool {
        let console = self.console;
        let name = match sender.registered_name() {
            Some(name) => localized(console, name),
            None => describe::printable(sender.name().as_str()),
        };
        match self.said {
            Some(said) => said == Answer::No,
            None => {
                console.progress("label_could_tell", &[&name, code.as_str()]);
                console.agrees("label_tell")
            }
        }
    }
}

fn localized(console: &Console, text: &LocalizedText) -> String {
    describe::printable(match console.language() {
        Language::English => &text.en,
        Language::Chinese => &text.zh,
    })
}

fn who_asks(console: &Console, request: &AuthenticatedRequest) {
    let text = |text: &LocalizedText| localized(console, text);
    console.progress("label_who_asks", &[&text(request.requester())]);
    if !request.is_registered() {
        let how = match request.name() {
            AuthenticatedName::Dns(_) => "label_known_by_certificate",
            AuthenticatedName::Origin(_) => "label_known_by_origin",
            AuthenticatedName::Attested { .. } => "label_known_by_attestation",
            AuthenticatedName::ResponseUri(_) => "label_known_by_address",
            _ => "label_known_by_key",
        };
        console.progress(how, &[]);
        console.warning("label_unregistered", &[]);
    }
    if let Some(service) = request.service() {
        console.progress("label_service", &[&text(&service.name)]);
    }
    if let Some(purpose) = request.purpose() {
        console.progress("label_purpose", &[&text(purpose)]);
    }
}

fn what_is_shown(console: &Console, request: &AuthenticatedRequest, item: &Item) {
    // What the authority calls the claims, where its bundle says so.
    let locales: &[&str] = match console.language() {
        Language::English => &["en"],
        Language::Chinese => &["zh-Hans", "zh"],
    };
    match item.level() {
        Some(level) => console.progress("label_shows", &[&describe::level(console, level)]),
        None => console.progress(
            "label_shows_other",
            &[&describe::printable(item.credential())],
        ),
    }
    for claim in item.shown() {
        let values: Vec<_> = claim
            .values
            .iter()
            .map(|value| describe::value(console, value))
            .collect();
        let label = request.claim_label(item, &claim.name, locales);
        let label = describe::printable(label.as_deref().unwrap_or(&claim.name));
        console.say(&format!("    {label}: {}\n", values.join(", ")));
    }
    if item.shown().is_empty() {
        console.progress("label_shows_no_claim", &[]);
    }
    if !item.is_bound() {
        console.warning("label_unbound", &[]);
    }
}

fn what_is_agreed(console: &Console, transaction: &Transaction) {
    match transaction {
        Transaction::Payment {
            payee,
            amount,
            currency,
            reference,
        } => {
            let payee = describe::printable(payee);
            console.progress("label_agrees_payment", &[amount, currency, &payee]);
            if let Some(reference) = reference {
                console.progress("label_agrees_reference", &[&describe::printable(reference)]);
            }
        }
        Transaction::Document { title, sha256 } => {
            let title = describe::printable(title);
            console.progress("label_agrees_document", &[&title, sha256]);
        }
        // Types that are not shown do not parse.
        _ => {}
    }
}

fn summarise(proposal: &Proposal) -> Value {
    let request = proposal.request();
    let items: Vec<Value> = proposal
        .items()
        .iter()
        .map(|item| {
            let claims: Vec<&str> = item.shown().iter().map(|claim| &*claim.name).collect();
            json!({
                "credential": item.credential(),
                "query": item.query(),
                "level": item.level().map(|level| level.as_str()),
                "format": item.format().as_str(),
                "claims": claims,
            })
        })
        .collect();
    json!({
        "credential": proposal.credential(),
        "level": proposal.level().map(|level| level.as_str()),
        "format": proposal.format().map(|format| format.as_str()),
        "claims": proposal.claim_names(),
        "credentials": items,
        "service": request.service().map(|service| &service.id),
        "requester": {
            "client_id": request.request().client_id(),
            "name": request.requester(),
            "registered": request.is_registered(),
        },
        "sent": false,
    })
}

/// Readable by the owner only: it is personal data. A file of its own is renamed into place, so that neither the mode
/// of a file that was there nor a link laid in its place lets anybody else read it.
pub(super) fn write_file(path: &Path, presentation: &Value) -> Result<(), Error> {
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

//! What each command does.

use std::io::Write;
use std::process::ExitCode;

use serde_json::json;
use tessera_terminal::key;
#[cfg(feature = "pcsc")]
use tessera_terminal::reader;
use tessera_terminal::{KeyPlace, Language, Outcome, TerminalError, explain, resume};
use tessera_verifier::terminal::{self, ReviewStatement};
use zeroize::Zeroizing;

use super::serve::serve;
use super::session::session;
use super::station::{Opened, measured, now, operator_key, pin_of, warn_of};
use super::{Cli, Command, ReviewArgs, StationArgs};

/// What a command prints on standard output.
pub(super) type Printed = Result<Zeroizing<String>, TerminalError>;

/// Runs the command.
pub(super) fn run(cli: Cli) -> ExitCode {
    let language = Language::of(&cli.lang);
    // Only a session has a person before the screen; everything else speaks to those who run the terminal.
    let person = matches!(cli.command, Command::Session(_));
    let (json, result) = match cli.command {
        Command::Keygen {
            place,
            operator,
            json,
        } => (json, keygen(&place, operator, json)),
        Command::Readers { json } => (json, readers(json)),
        Command::Measure => (false, measured().map(Zeroizing::new)),
        Command::Kiosk(args) => (false, serve(&args)),
        Command::Session(args) => (args.json, session(&args, language)),
        Command::Review(args) => (false, review(&args)),
        Command::Resume { station, json } => (json, take_up(&station, language, json)),
    };
    match result {
        Ok(text) if text.is_empty() => ExitCode::SUCCESS,
        Ok(text) => match writeln!(std::io::stdout(), "{}", *text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            if json {
                let error = json!({"error": {"code": error.code(), "message": error.to_string()}});
                println!("{error}");
            }
            if person {
                eprintln!("{}", explain(error.code(), language));
            }
            eprintln!("{}: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}

fn keygen(place: &str, operator: bool, json: bool) -> Printed {
    let place = KeyPlace::parse(place)?;
    let made = key::generate(
        &place,
        operator,
        &mut || pin_of(&place, operator, true),
        &mut rand_core::OsRng,
    )?;
    warn_of(&*made);
    if operator {
        eprintln!(
            "Register the operator at the issuer: tessera-issuer operator add --did DID --staff ID"
        );
    } else {
        eprintln!(
            "Register the terminal at the issuer: tessera-issuer terminal add --did DID --name NAME"
        );
    }
    Ok(Zeroizing::new(if json {
        json!({"did": made.did(), "protection": made.protection().as_str()}).to_string()
    } else {
        made.did()
    }))
}

/// A decision, signed by whoever decides.
fn review(args: &ReviewArgs) -> Printed {
    let key = operator_key(&args.operator)?;
    let statement = ReviewStatement {
        iss: key.did(),
        aud: args.issuer.trim_end_matches('/').to_owned(),
        session: args.session.clone(),
        approve: args.approve,
        iat: now().unix(),
    };
    terminal::prepare(key.public_key(), &statement)
        .sign(&*key)
        .map(Zeroizing::new)
        .map_err(|_| TerminalError::Signing)
}

fn take_up(args: &StationArgs, language: Language, json: bool) -> Printed {
    let mut opened = Opened::of(args)?;
    match resume(&mut opened.station(&mut rand_core::OsRng))? {
        Some(outcome) => Ok(confirmed(outcome, language, json)),
        None => Ok(Zeroizing::new(if json {
            json!({"state": "nothing_pending"}).to_string()
        } else {
            language
                .pick("Nothing was pending.", "没有未完成的会话。")
                .to_owned()
        })),
    }
}

pub(super) fn confirmed(outcome: Outcome, language: Language, json: bool) -> Zeroizing<String> {
    if json {
        return Zeroizing::new(
            json!({"state": "confirmed", "tx_code": *outcome.tx_code}).to_string(),
        );
    }
    eprintln!(
        "{}",
        language.pick(
            "Confirmed. Type this code into the wallet:",
            "核验通过,请在钱包中输入此代码:"
        )
    );
    outcome.tx_code
}

#[cfg(feature = "pcsc")]
fn readers(json: bool) -> Printed {
    let names = reader::readers()?;
    Ok(Zeroizing::new(if json {
        let list: Vec<_> = names
            .iter()
            .map(|name| json!({"name": name, "virtual": reader::is_virtual(name)}))
            .collect();
        json!(list).to_string()
    } else if names.is_empty() {
        "no card reader is connected".to_owned()
    } else {
        let lines: Vec<_> = names
            .iter()
            .map(|name| match reader::is_virtual(name) {
                true => format!("{name}  (virtual: for tests only)"),
                false => name.clone(),
            })
            .collect();
        lines.join("\n")
    }))
}

#[cfg(not(feature = "pcsc"))]
fn readers(_json: bool) -> Printed {
    Err(without_readers())
}

#[cfg(not(feature = "pcsc"))]
pub(super) fn without_readers() -> TerminalError {
    TerminalError::Reader("this program was built without card readers (feature pcsc)".to_owned())
}

//! Chip authentication (Doc 9303-11 §6.2), run by the issuer: this terminal only carries the messages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tessera_card::{OpenChip, RelayCommand};
use tessera_verifier::terminal::RelayStatement;

use crate::error::TerminalError;
use crate::session::{SessionJob, Station, sign};

const PATH: &str = "/terminal/chip-authentication";
/// Commands of one run: a template, an agreement, a selection and a reading. An issuer that wants more gets none.
const MOST_ROUNDS: u8 = 4;
const NO_COMMAND: TerminalError = TerminalError::IssuerAnswer("command");

/// Carries messages between chip and issuer until the issuer is satisfied.
pub(crate) fn run(
    chip: &mut OpenChip<'_>,
    dg14: &[u8],
    station: &Station<'_>,
    job: &SessionJob<'_>,
    (terminal, nonce): (&str, &str),
) -> Result<(), TerminalError> {
    let mut message = URL_SAFE_NO_PAD.encode(dg14);
    for round in 0..=MOST_ROUNDS {
        let statement = RelayStatement {
            iss: terminal.to_owned(),
            aud: job.issuer().to_owned(),
            session: job.session().to_owned(),
            nonce: nonce.to_owned(),
            iat: (station.clock)().unix(),
            round,
            message,
        };
        let body = serde_json::json!({ "statement": sign(station, &statement)? }).to_string();
        let answer = station.issuer.post(PATH, body.as_bytes())?;
        let Some(command) = answer.get("command") else {
            return Ok(());
        };
        if round == MOST_ROUNDS {
            break;
        }
        let command = command.as_str().and_then(decode);
        // What is passed on is only ever what chip authentication sends; see `RelayCommand::from_bytes`.
        let command = RelayCommand::from_bytes(&command.ok_or(NO_COMMAND)?)?;
        message = URL_SAFE_NO_PAD.encode(chip.relay(&command)?);
    }
    Err(NO_COMMAND)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    // A relayed message has at most 512 octets.
    (text.len() <= 1024)
        .then(|| URL_SAFE_NO_PAD.decode(text).ok())
        .flatten()
}

//! Card readers through the PC/SC daemon.

use std::ffi::{CStr, CString};
use std::time::{Duration, Instant};

use pcsc::{Card, Context, Disposition, Protocols, ReaderState, Scope, ShareMode, State};
use tessera_card::{Transceiver, TransportError};
use zeroize::Zeroize;

use crate::error::TerminalError;

/// Name of the virtual reader of the `vsmartcard-vpcd` package: its card is whoever connects to a
/// TCP port of this machine.
const VIRTUAL: &str = "Virtual PCD";
/// Largest answer of a chip: extended length, 65,536 octets and the status word.
const MAX_RESPONSE: usize = 65_538;
/// How long one wait for a change lasts: the display moves on in between.
const TICK: Duration = Duration::from_millis(500);

/// Names of the readers the daemon knows.
///
/// # Errors
/// [`TerminalError::Reader`] when the daemon does not run.
pub fn readers() -> Result<Vec<String>, TerminalError> {
    Ok(names(&context()?)?
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect())
}

/// Whether a reader of this name is the virtual one.
#[must_use]
pub fn is_virtual(name: &str) -> bool {
    name.contains(VIRTUAL)
}

/// Which reader to use.
#[derive(Debug, Default)]
pub struct Choice<'a> {
    /// Part of its name; without it, the only one there is.
    pub name: Option<&'a str>,
    /// Take the virtual reader too. For tests: never in service.
    pub allow_virtual: bool,
}

/// A reader that is there, with or without a card in it.
pub struct Reader {
    context: Context,
    name: CString,
}

impl Reader {
    /// Finds the reader.
    ///
    /// # Errors
    /// [`TerminalError::Reader`] when there is none, or several and no name to choose by;
    /// [`TerminalError::VirtualReader`] when it is the virtual one and that was not allowed.
    pub fn find(choice: &Choice<'_>) -> Result<Self, TerminalError> {
        let context = context()?;
        let mut found: Vec<CString> = names(&context)?;
        if let Some(part) = choice.name {
            found.retain(|name| name.to_string_lossy().contains(part));
        } else if !choice.allow_virtual
            && found
                .iter()
                .any(|name| !is_virtual(&name.to_string_lossy()))
        {
            // A real reader beside the virtual one: the virtual one is no candidate.
            found.retain(|name| !is_virtual(&name.to_string_lossy()));
        } else if choice.allow_virtual
            && found.iter().all(|name| is_virtual(&name.to_string_lossy()))
        {
            // The virtual reader has several slots; its card goes into the first.
            found.truncate(1);
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (None, _) => Err(TerminalError::Reader(match choice.name {
                Some(part) => format!("no reader is named {part}"),
                None => "no card reader is connected".to_owned(),
            })),
            (Some(_), Some(_)) => Err(TerminalError::Reader(
                "there are several readers: choose one by name".to_owned(),
            )),
            (Some(name), None) => {
                let shown = name.to_string_lossy().into_owned();
                if is_virtual(&shown) && !choice.allow_virtual {
                    return Err(TerminalError::VirtualReader(shown));
                }
                Ok(Self { context, name })
            }
        }
    }

    /// The reader's name, as the daemon knows it and as the statement will say.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// Waits for a card and connects to it. `progress` is called about twice a second with the time
    /// left.
    ///
    /// # Errors
    /// [`TerminalError::NoCard`] after `patience`; [`TerminalError::Reader`] when the reader goes away.
    pub fn wait_for_card(
        &self,
        patience: Duration,
        progress: &mut dyn FnMut(Duration),
    ) -> Result<PcscCard, TerminalError> {
        let until = Instant::now() + patience;
        let mut states = [ReaderState::new(self.name.clone(), State::UNAWARE)];
        loop {
            match self.context.get_status_change(TICK, &mut states) {
                Ok(()) | Err(pcsc::Error::Timeout) => {}
                Err(error) => return Err(failed(error)),
            }
            let [state] = &mut states;
            let event = state.event_state();
            if event.intersects(State::UNAVAILABLE | State::UNKNOWN) {
                return Err(TerminalError::Reader("the reader was unplugged".to_owned()));
            }
            if event.contains(State::PRESENT) && !event.contains(State::MUTE) {
                match self.connect() {
                    Ok(card) => return Ok(card),
                    // Pulled out again, or not powered yet: keep waiting.
                    Err(
                        pcsc::Error::NoSmartcard
                        | pcsc::Error::RemovedCard
                        | pcsc::Error::UnpoweredCard
                        | pcsc::Error::UnresponsiveCard,
                    ) => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            state.sync_current_state();
            let now = Instant::now();
            if now >= until {
                return Err(TerminalError::NoCard(patience.as_secs()));
            }
            progress(until - now);
        }
    }

    /// Exclusively: another program must not speak between our commands.
    fn connect(&self) -> Result<PcscCard, pcsc::Error> {
        let card = self
            .context
            .connect(&self.name, ShareMode::Exclusive, Protocols::ANY)?;
        Ok(PcscCard {
            card: Some(card),
            buffer: vec![0; MAX_RESPONSE],
        })
    }
}

/// A card in a reader. Dropping it resets the card, which ends its secure channel.
pub struct PcscCard {
    card: Option<Card>,
    buffer: Vec<u8>,
}

impl Transceiver for PcscCard {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransportError> {
        let card = self.card.as_ref().ok_or(TransportError::Removed)?;
        match card.transmit(apdu, &mut self.buffer) {
            Ok(response) => Ok(response.to_vec()),
            Err(
                pcsc::Error::RemovedCard
                | pcsc::Error::NoSmartcard
                | pcsc::Error::ResetCard
                | pcsc::Error::UnpoweredCard
                | pcsc::Error::ReaderUnavailable,
            ) => Err(TransportError::Removed),
            Err(error) => Err(TransportError::Reader(error.to_string())),
        }
    }
}

impl Drop for PcscCard {
    fn drop(&mut self) {
        self.buffer.zeroize();
        if let Some(card) = self.card.take() {
            // Best effort: a card that is gone needs no reset.
            let _ = card.disconnect(Disposition::ResetCard);
        }
    }
}

fn context() -> Result<Context, TerminalError> {
    Context::establish(Scope::User).map_err(|error| match error {
        pcsc::Error::NoService => {
            TerminalError::Reader("the smart-card daemon (pcscd) is not running".to_owned())
        }
        other => failed(other),
    })
}

fn names(context: &Context) -> Result<Vec<CString>, TerminalError> {
    let mut buffer = vec![0; 16 * 1024];
    match context.list_readers(&mut buffer) {
        Ok(names) => Ok(names.map(CStr::to_owned).collect()),
        Err(pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

fn failed(error: pcsc::Error) -> TerminalError {
    TerminalError::Reader(error.to_string())
}

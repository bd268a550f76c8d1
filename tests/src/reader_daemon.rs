//! The smart-card daemon with the virtual reader: used where it runs, started where it can be, else a reason.

#[cfg(feature = "pcsc")]
use std::ffi::CString;
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
#[cfg(feature = "pcsc")]
use std::time::Duration;

use crate::Result;
use crate::service::Service;

/// Where the virtual reader (`vsmartcard-vpcd`) waits for its card.
pub const VIRTUAL_READER: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 35_963);

const DAEMON: &str = "/usr/sbin/pcscd";
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// A daemon that answers, and the machine's only virtual reader held for us alone.
#[derive(Debug)]
pub struct ReaderDaemon {
    /// `None` where it ran already.
    _own: Option<Service>,
    _turn: File,
}

impl ReaderDaemon {
    /// Uses the running daemon or starts one, once other users of the virtual reader are through.
    ///
    /// # Errors
    /// Why this machine has no virtual reader, in words for the report.
    pub fn ready(folder: &Path) -> Result<Self> {
        if !cfg!(feature = "pcsc") {
            return refused("the terminal was built without card readers");
        }
        for (file, package) in [(DAEMON, "pcscd"), (DRIVER, "vsmartcard-vpcd")] {
            if !Path::new(file).exists() {
                return refused(&format!("{package} is not installed"));
            }
        }
        // There is one virtual reader per machine: whoever uses it holds this lock.
        let turn = File::create(std::env::temp_dir().join("tessera-virtual-reader.lock"))?;
        turn.lock()?;
        if answers() {
            return Ok(Self {
                _own: None,
                _turn: turn,
            });
        }
        let mut command = Command::new(DAEMON);
        command.arg("--foreground");
        let mut own = Service::start("pcscd", &command, &folder.join("pcscd.log"))?;
        own.wait_until(answers)?;
        Ok(Self {
            _own: Some(own),
            _turn: turn,
        })
    }

    /// Waits until the reader is empty, so that the next card is noticed as a new one.
    ///
    /// # Errors
    /// When the last card stays in the reader for ten seconds.
    pub fn wait_until_empty(&self) -> Result<()> {
        wait_until_empty()
    }
}

/// Waits until the daemon has noticed that the last card is gone: it looks a few times a second, and a card put in
/// meanwhile would be taken for the old one and pulled out in the middle of a session.
#[cfg(feature = "pcsc")]
fn wait_until_empty() -> Result<()> {
    use pcsc::{Context, ReaderState, Scope, State};

    use crate::Failure;

    let doing = "waiting for the empty reader";
    let context = Context::establish(Scope::User).map_err(Failure::during(doing))?;
    let readers = context
        .list_readers_owned()
        .map_err(Failure::during(doing))?;
    let named = |reader: &CString| reader.to_string_lossy().contains("Virtual PCD");
    let reader = readers.into_iter().find(named);
    let reader = reader.ok_or_else(|| Failure::new("the daemon has no virtual reader"))?;
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    for _ in 0..100 {
        // A timeout says that nothing changed; the state is looked at either way.
        let _ = context.get_status_change(Duration::from_millis(100), &mut states);
        if states[0].event_state().contains(State::EMPTY) {
            return Ok(());
        }
        states[0].sync_current_state();
    }
    refused("the last card is still in the reader")
}

#[cfg(not(feature = "pcsc"))]
fn wait_until_empty() -> Result<()> {
    Ok(())
}

/// The daemon takes connections and the driver listens for its card. Connecting to the driver would put a card in it, so
/// the kernel is asked instead.
fn answers() -> bool {
    let port = format!(":{:04X}", VIRTUAL_READER.1);
    let listens = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&port)) && fields.nth(1) == Some("0A")
    };
    let table =
        |path: &str| std::fs::read_to_string(path).is_ok_and(|text| text.lines().any(listens));
    UnixStream::connect(SOCKET).is_ok()
        && ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().any(table)
}

fn refused<T>(why: &str) -> Result<T> {
    Err(crate::Failure::new(why))
}

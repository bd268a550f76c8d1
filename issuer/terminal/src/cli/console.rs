//! Screen and keyboard of this machine.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tessera_terminal::kiosk::Console;
use zeroize::Zeroizing;

/// Empties the screen, the lines scrolled out of it, and goes to its corner (ECMA-48 ED and CUP; 3 is xterm's).
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Standard error as the screen, standard input as the keyboard. Lines are read on a thread of their own, so that waiting
/// for one can end.
pub(super) struct Machine {
    lines: Receiver<Zeroizing<String>>,
    screen: bool,
}

impl Machine {
    pub(super) fn new() -> Self {
        let (send, lines) = channel();
        std::thread::spawn(move || {
            let mut keyboard = std::io::stdin().lock();
            loop {
                let mut line = Zeroizing::new(String::new());
                match keyboard.read_line(&mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) if send.send(line).is_err() => break,
                    Ok(_) => {}
                }
            }
        });
        Self {
            lines,
            screen: std::io::stderr().is_terminal(),
        }
    }
}

impl Console for Machine {
    fn clear(&mut self) {
        if self.screen {
            // Nothing depends on whether the display could be written.
            let _ = write!(std::io::stderr(), "{CLEAR}");
        }
    }

    fn show(&mut self, line: &str) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    fn ask(&mut self, prompt: &str, patience: Duration) -> Option<Zeroizing<String>> {
        // What was typed before the question is no answer to it.
        if self.screen {
            while self.lines.try_recv().is_ok() {}
        }
        let mut screen = std::io::stderr();
        let _ = write!(screen, "{prompt}");
        let _ = screen.flush();
        let answer = self.lines.recv_timeout(patience).ok();
        if !self.screen || answer.is_none() {
            let _ = writeln!(screen);
        }
        answer.map(|line| Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

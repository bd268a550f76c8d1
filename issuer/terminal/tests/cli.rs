//! The command line as data: each file of `tests/cli` is a session in a shell. A line after `$` is a command (in an empty
//! folder of its own, with nothing on its standard input), the lines below it what it prints on both streams, and `? n` its
//! exit status where that is not 0. `…` stands for anything in a line.
#![cfg(all(unix, feature = "pcsc", feature = "pkcs11"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_command_line_says_what_it_always_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut sessions = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let written = std::fs::read_to_string(&path).unwrap();
        let played = play(&written);
        assert!(
            alike(&written, &played),
            "{}:\n--- written\n{written}\n--- played\n{played}",
            path.display()
        );
        sessions += 1;
    }
    assert!(sessions >= 4, "the sessions are gone");
}

fn play(written: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut played = String::new();
    for command in written.lines().filter_map(|line| line.strip_prefix("$ ")) {
        played.push_str(&format!("$ {command}\n"));
        let arguments = command.strip_prefix("tessera-terminal ").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_tessera-terminal"))
            .args(arguments.split(' '))
            .current_dir(folder.path())
            .env_clear()
            .env("LANG", "en_GB.UTF-8")
            .env("TESSERA_OPERATOR_PIN", "specimen-pin")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        played.push_str(&String::from_utf8(output.stderr).unwrap());
        played.push_str(&String::from_utf8(output.stdout).unwrap());
        match output.status.code().unwrap() {
            0 => {}
            other => played.push_str(&format!("? {other}\n")),
        }
    }
    played
}

/// Line by line, `…` in what is written standing for anything.
fn alike(written: &str, played: &str) -> bool {
    let same = |(written, played): (&str, &str)| match written.split_once('…') {
        Some((before, after)) => {
            played.len() >= before.len() + after.len()
                && played.starts_with(before)
                && played.ends_with(after)
        }
        None => written == played,
    };
    written.lines().count() == played.lines().count()
        && written.lines().zip(played.lines()).all(same)
}

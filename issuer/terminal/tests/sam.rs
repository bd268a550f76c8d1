//! Resident cards through a simulated reader with a security module: behind a real pseudo-terminal, as a serial reader is,
//! and on TCP; with every fault of the reader.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tessera_card::sam::Kind;
use tessera_cardsim::sam::{SamCard, SamFault, SamHolder, SamReader as Simulated};
use tessera_terminal::TerminalError;
use tessera_terminal::sam::SamReader;

const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(600);

fn holder() -> SamHolder {
    SamHolder {
        name: "样本".to_owned(),
        sex: "2".to_owned(),
        birth: "19860514".to_owned(),
        number: "999999198605140140".to_owned(),
        from: "20200101".to_owned(),
        until: "长期".to_owned(),
    }
}

fn resident() -> SamCard {
    SamCard::resident(&holder(), &[7; 1024])
}

/// The reader's end of a pseudo-terminal, held by `script` of the base system.
struct PseudoTerminal {
    path: PathBuf,
    holder: Child,
}

struct Master(BufReader<ChildStdout>, ChildStdin);

impl Read for Master {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Master {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.1.write(buffer)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.1.flush()
    }
}

impl Drop for PseudoTerminal {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn pseudo_terminal() -> Result<(PseudoTerminal, Master), String> {
    let mut holder = Command::new("script")
        .args(["-qfc", "stty raw -echo; tty; exec sleep 60", "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("script (bsdutils): {error}"))?;
    let input = holder.stdin.take().unwrap();
    let mut output = BufReader::new(holder.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).map_err(|e| e.to_string())?;
    let terminal = PseudoTerminal {
        path: PathBuf::from(line.trim()),
        holder,
    };
    match terminal.path.exists() {
        true => Ok((terminal, Master(output, input))),
        false => Err("script gives no terminal".to_owned()),
    }
}

fn on_tcp(mut simulated: Simulated, patience: Duration) -> SamReader {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let _ = simulated.serve(stream);
    });
    SamReader::tcp(&address, patience).unwrap()
}

fn read(reader: &mut SamReader) -> Result<tessera_card::sam::Reading, &'static str> {
    tessera_card::sam::read(reader).map_err(|error| error.code())
}

#[test]
fn a_card_on_a_serial_line() {
    let (terminal, master) = match pseudo_terminal() {
        Ok(pair) => pair,
        Err(why) => {
            println!("skipped: 1 test: {why}");
            return;
        }
    };
    std::thread::spawn(move || Simulated::new(Some(resident())).serve(master));
    let mut reader = SamReader::serial(&terminal.path, PATIENCE).unwrap();
    reader.wait_for_card(PATIENCE, &mut |_| {}).unwrap();
    let begun = Instant::now();
    let reading = read(&mut reader).unwrap();
    println!("one reading: {} ms", begun.elapsed().as_millis());
    assert_eq!(reading.sam_id, Simulated::PRINTED);
    assert_eq!(reading.text.number, holder().number);
    assert_eq!((reading.photo.len(), reading.record.len()), (1024, 256));
    // Every octet value passes the line as it is.
    let every: Vec<u8> = (0..1024_u32).map(|index| index as u8).collect();
    drop(reader);
    let (terminal, master) = pseudo_terminal().unwrap();
    let card = SamCard::resident(&holder(), &every);
    std::thread::spawn(move || Simulated::new(Some(card)).serve(master));
    let mut reader = SamReader::serial(&terminal.path, PATIENCE).unwrap();
    assert!(read(&mut reader).unwrap().photo == every);
    // A second program does not get the line.
    let second = SamReader::serial(&terminal.path, PATIENCE);
    assert!(matches!(second, Err(TerminalError::Reader(_))));
}

#[test]
fn all_four_kinds_of_card() {
    let foreigner = SamHolder {
        number: "UTO110000000001".to_owned(),
        until: "20300101".to_owned(),
        ..holder()
    };
    let newer = SamHolder {
        number: "911999198605140026".to_owned(),
        ..foreigner.clone()
    };
    let permitted = SamHolder {
        until: "20300101".to_owned(),
        ..holder()
    };
    for (card, kind) in [
        (resident(), Kind::Resident),
        (
            SamCard::permit(&permitted, &[7; 1024]),
            Kind::ResidencePermit,
        ),
        (
            SamCard::foreigner_2017(&foreigner, "SPECIMEN, MEI", &[7; 1024]),
            Kind::Foreigner2017,
        ),
        (
            SamCard::foreigner_2023(&newer, "SPECIMEN, MEI", &[7; 1024]),
            Kind::Foreigner2023,
        ),
    ] {
        let mut reader = on_tcp(Simulated::new(Some(card)), PATIENCE);
        let reading = read(&mut reader).unwrap();
        assert_eq!(
            (reading.text.kind, reading.text.birth.as_str()),
            (kind, "19860514")
        );
    }
}

#[test]
fn no_card_and_no_reader() {
    let mut reader = on_tcp(Simulated::new(None), PATIENCE);
    let mut asked = 0;
    let refusal = reader.wait_for_card(SHORT, &mut |_| asked += 1);
    assert!(matches!(refusal, Err(TerminalError::NoCard(_))));
    assert!(asked > 0);
    assert_eq!(read(&mut reader).unwrap_err(), "sam_refused");
    // Nobody listens; nothing is there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    assert!(SamReader::tcp(&free.unwrap().to_string(), SHORT).is_err());
    assert!(SamReader::serial(&PathBuf::from("/dev/null"), SHORT).is_err());
}

#[test]
fn a_faulty_reader_is_given_up_in_time() {
    for (fault, code) in [
        (SamFault::BadCheck, "malformed"),
        (SamFault::WrongLength, "malformed"),
        (SamFault::Noise, "malformed"),
        (SamFault::WrongHeader, "malformed"),
        (SamFault::Refused(0x41), "sam_refused"),
        (SamFault::Truncated, "reader_failed"),
        (SamFault::Stuck, "reader_failed"),
        (SamFault::Slow(20), "reader_failed"),
    ] {
        let begun = Instant::now();
        let mut reader = on_tcp(Simulated::new(Some(resident())).with(fault), SHORT);
        assert_eq!(read(&mut reader).unwrap_err(), code, "{fault:?}");
        assert!(begun.elapsed() < PATIENCE, "{fault:?}");
        // After an answer that was given up nothing on the same line is believed.
        if code == "reader_failed" {
            assert_eq!(read(&mut reader).unwrap_err(), code, "{fault:?}, again");
        }
    }
    // Slow, but within its time.
    let slow = Simulated::new(Some(resident())).with(SamFault::Slow(1));
    assert!(read(&mut on_tcp(slow, PATIENCE)).is_ok());
}

/// A reader that repeats all that it said: what it said of the card before is not taken for the answer about this one.
#[test]
fn an_old_answer_is_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut next = holder();
    next.name = "样本二".to_owned();
    let cards = [resident(), SamCard::resident(&next, &[8; 1024])];
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut command = [0; 10];
        // Four commands a reading: so that the repetition of a whole reading would do for the next.
        let mut repeated = Vec::new();
        for card in cards {
            let mut simulated = Simulated::new(Some(card));
            for _ in 0..4 {
                stream.read_exact(&mut command).unwrap();
                let answer = simulated.answer(&command);
                stream.write_all(&answer).unwrap();
                repeated.extend(answer);
            }
            stream.write_all(&repeated).unwrap();
        }
        let _ = stream.read(&mut command);
    });
    let mut reader = SamReader::tcp(&address, PATIENCE).unwrap();
    assert_eq!(read(&mut reader).unwrap().text.name, "样本");
    // Time for the repetition to arrive.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(read(&mut reader).unwrap().text.name, "样本二");
}

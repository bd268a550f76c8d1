//! The terminal and the cards that are put on it: behind the virtual PC/SC reader with the programs `tessera-terminal`
//! and `tessera-cardsim`, or, where there is no reader, with the terminal's library before a chip in this process.

use std::path::{Path, PathBuf};
use std::process::Command;

use rand_core::OsRng;
use tessera_card::AccessKey;
use tessera_cardsim::sam::SamReader;
use tessera_cardsim::{Chip, ChipAuth, Cipher, Csca, Curve, Fault, Profile};
use tessera_terminal::camera::CameraProgram;
use tessera_terminal::{
    FileCounter, FileKey, HttpIssuer, KeyPlace, MemoryJournal, SessionJob, SignedIn, Station,
    run_session,
};
use tessera_verifier::Timestamp;

use crate::authority::{Authority, text};
use crate::lean_holder::now;
use crate::programs::{Finished, Programs};
use crate::reader_daemon::{ReaderDaemon, VIRTUAL_READER};
use crate::registry::{MEI, photo};
use crate::service::{Service, free_port};
use crate::story::Cards;
use crate::{Failure, Result};

/// Printed on every card of the story.
const CAN: &str = "123456";

/// A card somebody brings to the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// MEI's.
    Genuine,
    /// MEI's files on a chip without her card's secret key.
    Cloned,
    /// MEI's, with an edited first data group.
    EditedDg1,
    /// MEI's data, signed by another authority of the same name.
    OtherCsca,
    /// MEI's data on a chip that has chip authentication and no active authentication.
    KeyAgreeing,
    /// A copy of that one.
    KeyAgreeingCopy,
}

/// A registered terminal.
#[derive(Debug)]
pub struct Kiosk {
    programs: Programs,
    folder: PathBuf,
    reader: Result<ReaderDaemon>,
    did: String,
    /// How `tessera-terminal` names the key.
    key: String,
    /// Configuration of the token the key is in, if it is in one.
    token: Option<PathBuf>,
    /// The camera program, where people are filmed.
    camera: Option<PathBuf>,
}

/// A PKCS#11 token in software, where Debian puts it.
const TOKEN: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// PIN of the token, and of the operator's sealed key.
const PIN: &str = "specimen-pin";

impl Kiosk {
    /// Makes the terminal's key, registers it, makes a card authority that the issuer trusts, and finds a reader.
    ///
    /// # Errors
    /// When a program refuses. A missing reader is no error: the card then runs in process.
    pub fn register(
        programs: &Programs,
        folder: &Path,
        authority: &Authority,
        cards: Cards,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let reader = match cards {
            Cards::VirtualReader => ReaderDaemon::ready(folder),
            Cards::InProcess => Err(Failure::new(
                "the tests do not wait for one another's reader",
            )),
        };
        // A token is found through the environment of a process: it needs the terminal's own program.
        let token = match &reader {
            Ok(_) => software_token(folder)?,
            Err(_) => None,
        };
        let key = match &token {
            Some(_) => {
                let pin = folder.join("pin");
                private(&pin, PIN)?;
                let pin = text(&pin);
                format!(
                    "pkcs11:token=Kiosk;object=terminal?module-path={TOKEN}&pin-source=file:{pin}"
                )
            }
            None => text(&folder.join("terminal.key")),
        };
        let mut kiosk = Self {
            programs: programs.clone(),
            folder: folder.to_path_buf(),
            reader,
            did: String::new(),
            key,
            token,
            camera: None,
        };
        kiosk.did = kiosk.made_key(&kiosk.key, false)?;
        kiosk.enrol(authority)?;
        let operator = kiosk.made_key(&text(&kiosk.operator()), true)?;
        employ(authority, (&operator, "S-0001"), &[])?;
        let reviewer = kiosk.made_key(&text(&kiosk.reviewer()), true)?;
        employ(authority, (&reviewer, "S-0042"), &["--reviewer"])?;

        let csca = Csca::throwaway(&mut OsRng, now()).map_err(Failure::during("card authority"))?;
        let certificate = folder.join("csca.der");
        std::fs::write(&certificate, csca.certificate())?;
        authority.admin(&["csca", "add", "--state", "UTO", &text(&certificate)])?;
        for card in [
            Card::Genuine,
            Card::Cloned,
            Card::EditedDg1,
            Card::OtherCsca,
            Card::KeyAgreeing,
            Card::KeyAgreeingCopy,
        ] {
            std::fs::write(folder.join(card.file()), card.personalise(&csca)?)?;
        }
        Ok(kiosk)
    }

    /// Registers the terminal, and fetches its certificate and its authority's.
    ///
    /// # Errors
    /// When the issuer's program refuses.
    pub fn enrol(&self, authority: &Authority) -> Result<()> {
        authority.admin(&[
            "terminal",
            "add",
            "--did",
            &self.did,
            "--name",
            "Town hall, desk 1",
            "--organisation",
            "Town hall",
            "--place",
            "Utopia City",
            "--attended",
            "--sam",
            SamReader::PRINTED,
        ])?;
        let (certificate, anchor) = (text(&self.certificate()), text(&self.anchor()));
        authority.admin(&[
            "terminal",
            "certify",
            "--did",
            &self.did,
            "--out",
            &certificate,
        ])?;
        authority.admin(&["terminal", "authority", "--out", &anchor])?;
        Ok(())
    }

    /// Retires the terminal.
    ///
    /// # Errors
    /// When the issuer's program refuses.
    pub fn retire(&self, authority: &Authority) -> Result<()> {
        authority.admin(&["terminal", "retire", "--did", &self.did])?;
        Ok(())
    }

    /// From now on this program films whoever stands at the terminal, in place of photographs.
    pub fn film_with(&mut self, camera: &Path) {
        self.camera = Some(camera.to_path_buf());
    }

    /// What the terminal is told of the camera.
    fn camera(&self, photo_name: &str) -> [String; 2] {
        match &self.camera {
            Some(program) => ["--camera".into(), text(program)],
            None => ["--photo".into(), text(&photo(photo_name))],
        }
    }

    /// The terminal's DID.
    #[must_use]
    pub fn did(&self) -> &str {
        &self.did
    }

    /// Where the terminal's key is, as a sentence.
    #[must_use]
    pub fn key_kept(&self) -> &'static str {
        match self.token {
            Some(_) => {
                "The terminal's key is in a PKCS#11 token (SoftHSM), and opens the TLS connection as well."
            }
            None => {
                "The terminal's key is in a file: no PKCS#11 token here. It opens the TLS connection as well."
            }
        }
    }

    /// How cards are read here, as a sentence.
    #[must_use]
    pub fn how(&self) -> String {
        match &self.reader {
            Ok(_) => "The card is a simulated chip in the virtual reader of the smart-card daemon (pcscd).".into(),
            Err(why) => format!("No virtual card reader ({why}): the terminal reads a simulated chip in process."),
        }
    }

    /// Reads `card` beside a photograph for a session: the code the terminal shows, or the code of the refusal.
    ///
    /// # Errors
    /// When a program cannot be run.
    pub fn session(
        &self,
        authority: &Authority,
        session: &str,
        card: Card,
        photo_name: &str,
    ) -> Result<String> {
        match &self.reader {
            Ok(reader) => {
                reader.wait_until_empty()?;
                self.at_the_reader(authority, session, card, photo_name)
            }
            Err(_) => self.in_process(authority, session, card, photo_name),
        }
    }

    fn at_the_reader(
        &self,
        authority: &Authority,
        session: &str,
        card: Card,
        photo_name: &str,
    ) -> Result<String> {
        let mut simulator = self.programs.command("tessera-cardsim");
        let (address, port) = VIRTUAL_READER;
        simulator
            .args(["serve", "--vpcd", &format!("{address}:{port}"), "--profile"])
            .arg(self.folder.join(card.file()));
        // Dropped at the end of this call: the card is taken out of the reader.
        let _inserted = Service::start(
            "tessera-cardsim",
            &simulator,
            &self.folder.join("cardsim.log"),
        )?;
        let card = ["--can", CAN, "--allow-virtual-reader"];
        self.at_the_terminal(authority, session, &card, photo_name)
    }

    /// Reads MEI's resident card through a simulated reader with a security module, which has `fault` or none: the code
    /// the terminal shows, or the code of the refusal.
    ///
    /// # Errors
    /// When a program cannot be run.
    pub fn resident_session(
        &self,
        authority: &Authority,
        session: &str,
        fault: Option<&str>,
        photo_name: &str,
    ) -> Result<String> {
        let address = format!("127.0.0.1:{}", free_port()?);
        // Stands for the proprietary coding; the specimen decoder of the authority knows what it means.
        let coded = self.folder.join("resident-photo.bin");
        std::fs::write(&coded, b"coded photograph of a specimen")?;
        let mut simulator = self.programs.command("tessera-cardsim");
        simulator
            .args(["sam", "--listen", &address, "--number", MEI.number])
            .arg("--photo")
            .arg(&coded);
        if let Some(fault) = fault {
            simulator.args(["--fault", fault]);
        }
        let log_file = self.folder.join("cardsim-sam.log");
        let mut reader = Service::start("tessera-cardsim", &simulator, &log_file)?;
        reader.wait_until(|| std::net::TcpStream::connect(&address).is_ok())?;
        let card = ["--sam-tcp", &address];
        self.at_the_terminal(authority, session, &card, photo_name)
    }

    /// Runs the terminal's program for a session with a card that `card` says how to read.
    fn at_the_terminal(
        &self,
        authority: &Authority,
        session: &str,
        card: &[&str],
        photo_name: &str,
    ) -> Result<String> {
        let mut terminal = self.terminal();
        terminal.args([
            "session",
            "--issuer",
            &authority.url(),
            "--terminal-url",
            &authority.terminal_url(),
            "--certificate",
            &text(&self.certificate()),
            "--ca",
            &text(&self.anchor()),
            "--state",
            &text(&self.folder),
            "--session",
            session,
            "--wait",
            "30",
            "--json",
        ]);
        terminal
            .args(card)
            .arg("--operator")
            .arg(self.operator())
            .args(self.camera(photo_name))
            .arg("--key")
            .arg(&self.key);
        let done = Finished::of(&mut terminal)?;
        if !done.ok() {
            log(&self.folder, &done)?;
            return Ok(done.verdict());
        }
        let answer = done.json()?;
        answer["tx_code"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Failure::new("the terminal shows no code"))
    }

    fn in_process(
        &self,
        authority: &Authority,
        session: &str,
        card: Card,
        photo_name: &str,
    ) -> Result<String> {
        let profile = std::fs::read_to_string(self.folder.join(card.file()))?;
        let mut chip = Chip::new(tessera_cardsim::Card::from_json(&profile)?);
        let key = FileKey::load(Path::new(&self.key)).map_err(Failure::during("terminal key"))?;
        let operator = KeyPlace::File(self.operator());
        let operator = tessera_terminal::key::open(&operator, &mut || Ok(PIN.to_owned().into()))
            .map_err(Failure::during("operator's key"))?;
        let counter = self.folder.join("terminal.key.counter");
        let mut counter =
            FileCounter::open(&counter).map_err(Failure::during("terminal counter"))?;
        let key = std::sync::Arc::new(key);
        let certificates = (&*self.anchor(), &*self.certificate());
        let issuer = HttpIssuer::mutual(&authority.terminal_url(), certificates, key.clone())
            .map_err(Failure::during("terminal's connection"))?;
        let mut station = Station {
            issuer: &issuer,
            signer: &*key,
            counter: &mut counter,
            clock: &|| Timestamp::from_unix(now()),
            rng: &mut OsRng,
            operator: Some(&mut SignedIn(operator)),
            software: "in process",
            journal: &mut MemoryJournal::default(),
            pause: &std::thread::sleep,
        };
        let camera = self.camera.as_deref().map(CameraProgram::new);
        let job = SessionJob::new(&authority.url(), session, "in process")
            .access(AccessKey::Can(CAN.into()))
            .film(camera.as_ref().map(|camera| camera as _));
        let photo = std::fs::read(photo(photo_name))?;
        match run_session(&mut chip, &mut station, &job, &photo, &mut |_| ()) {
            Ok(outcome) => Ok(outcome.tx_code.to_string()),
            Err(refusal) => Ok(refusal.code().to_owned()),
        }
    }

    fn operator(&self) -> PathBuf {
        self.folder.join("operator.key")
    }

    fn certificate(&self) -> PathBuf {
        self.folder.join("terminal.pem")
    }

    fn anchor(&self) -> PathBuf {
        self.folder.join("terminals-authority.pem")
    }

    fn reviewer(&self) -> PathBuf {
        self.folder.join("reviewer.key")
    }

    /// A reviewer's signed yes to the credentials of a session.
    ///
    /// # Errors
    /// The terminal's program fails.
    pub fn review(&self, authority: &Authority, session: &str) -> Result<String> {
        let mut command = self.terminal();
        command.args(["review", "--issuer", &authority.url(), "--session", session]);
        command
            .arg("--approve")
            .arg("--operator")
            .arg(self.reviewer());
        let signed = Finished::of(&mut command)?;
        let signed = signed.expect_ok("tessera-terminal review")?;
        Ok(signed.stdout.trim().to_owned())
    }

    /// The terminal's program, with its token and the operator's PIN.
    fn terminal(&self) -> Command {
        let mut terminal = self.programs.command("tessera-terminal");
        terminal.env("TESSERA_OPERATOR_PIN", PIN);
        if let Some(token) = &self.token {
            terminal.env("SOFTHSM2_CONF", token);
        }
        terminal
    }

    /// Makes a key with the terminal's program, and returns its DID.
    fn made_key(&self, place: &str, operator: bool) -> Result<String> {
        let mut command = self.terminal();
        command.args(["keygen", "--json", "--key", place]);
        if operator {
            command.arg("--operator");
        }
        let made = Finished::of(&mut command)?;
        let made = made.expect_ok("tessera-terminal keygen")?.json()?;
        let did = made["did"].as_str();
        did.map(str::to_owned)
            .ok_or_else(|| Failure::new("the key has no DID"))
    }
}

/// Registers a key of somebody at the town hall.
fn employ(authority: &Authority, (did, staff): (&str, &str), more: &[&str]) -> Result<()> {
    let mut arguments = vec!["operator", "add", "--did", did, "--staff", staff];
    arguments.extend(["--organisation", "Town hall"]);
    arguments.extend(more);
    authority.admin(&arguments).map(drop)
}

/// Initialises a token in `folder`, where SoftHSM is installed: the path of its configuration.
fn software_token(folder: &Path) -> Result<Option<PathBuf>> {
    if !cfg!(feature = "pkcs11") || !Path::new(TOKEN).exists() {
        return Ok(None);
    }
    let tokens = folder.join("tokens");
    std::fs::create_dir_all(&tokens)?;
    let configuration = folder.join("softhsm2.conf");
    let lines = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&configuration, lines)?;
    let mut made = Command::new("softhsm2-util");
    made.args(["--init-token", "--free", "--label", "Kiosk"])
        .args(["--so-pin", PIN, "--pin", PIN])
        .env("SOFTHSM2_CONF", &configuration);
    Finished::of(&mut made)?.expect_ok("softhsm2-util")?;
    Ok(Some(configuration))
}

/// Writes a file that only its owner can read.
fn private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// Keeps what the terminal said to its operator.
fn log(folder: &Path, done: &Finished) -> Result<()> {
    use std::io::Write;
    let mut log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("terminal.log"))?;
    Ok(log.write_all(done.stderr.as_bytes())?)
}

impl Card {
    fn file(self) -> &'static str {
        match self {
            Self::Genuine => "card-genuine.json",
            Self::Cloned => "card-cloned.json",
            Self::EditedDg1 => "card-edited-dg1.json",
            Self::OtherCsca => "card-other-csca.json",
            Self::KeyAgreeing => "card-key-agreeing.json",
            Self::KeyAgreeingCopy => "card-key-agreeing-copy.json",
        }
    }

    fn personalise(self, csca: &Csca) -> Result<String> {
        let portrait = std::fs::read(photo(MEI.portrait))?;
        let mut profile = Profile::specimen(&portrait, now());
        profile.can = CAN.into();
        profile.holder.document_number = MEI.document_number.into();
        profile.holder.given_names = MEI.given_name.into();
        profile.holder.birth = MEI.birthdate[2..].replace('-', "");
        profile.holder.sex = MEI.sex.into();
        if matches!(self, Self::KeyAgreeing | Self::KeyAgreeingCopy) {
            profile.chip_auth = Some(ChipAuth {
                curve: Curve::Brainpool256,
                cipher: Cipher::Aes128,
                key_id: None,
            });
        }
        let profile = match self {
            Self::KeyAgreeing => profile.with(Fault::NoActiveAuth),
            Self::KeyAgreeingCopy => profile
                .with(Fault::NoActiveAuth)
                .with(Fault::ClonedChipAuth),
            Self::Genuine => profile,
            Self::Cloned => profile.with(Fault::Cloned),
            Self::EditedDg1 => profile.with(Fault::EditedDg1),
            Self::OtherCsca => profile.with(Fault::OtherCsca),
        };
        let chip = Chip::personalise(&profile, csca, &mut OsRng)
            .map_err(Failure::during("making a card"))?;
        Ok(chip.card().to_json()?)
    }
}

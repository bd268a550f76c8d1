//! The terminal and the cards that are put on it: behind the virtual PC/SC reader with the programs `tessera-terminal`
//! and `tessera-cardsim`, or, where there is no reader, with the terminal's library before a chip in this process.

use std::path::{Path, PathBuf};

use rand_core::OsRng;
use tessera_card::AccessKey;
use tessera_cardsim::{Chip, Csca, Fault, Profile};
use tessera_terminal::{
    FileCounter, FileKey, HttpIssuer, SessionJob, SignedIn, Station, run_session,
};
use tessera_verifier::Timestamp;

use crate::authority::{Authority, text};
use crate::lean_holder::now;
use crate::programs::{Finished, Programs};
use crate::reader_daemon::{ReaderDaemon, VIRTUAL_READER};
use crate::registry::{MEI, photo};
use crate::service::Service;
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
}

/// A registered terminal.
#[derive(Debug)]
pub struct Kiosk {
    programs: Programs,
    folder: PathBuf,
    reader: Result<ReaderDaemon>,
}

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
        let key = text(&folder.join("terminal.key"));
        let did = &made_key(programs, &key)?;
        authority.admin(&[
            "terminal",
            "add",
            "--did",
            did,
            "--name",
            "Town hall, desk 1",
            "--organisation",
            "Town hall",
            "--place",
            "Utopia City",
            "--attended",
        ])?;
        let operator = made_key(programs, &text(&folder.join("operator.key")))?;
        authority.admin(&[
            "operator",
            "add",
            "--did",
            &operator,
            "--staff",
            "S-0001",
            "--organisation",
            "Town hall",
        ])?;

        let csca = Csca::throwaway(&mut OsRng, now()).map_err(Failure::during("card authority"))?;
        let certificate = folder.join("csca.der");
        std::fs::write(&certificate, csca.certificate())?;
        authority.admin(&["csca", "add", "--state", "UTO", &text(&certificate)])?;
        for card in [
            Card::Genuine,
            Card::Cloned,
            Card::EditedDg1,
            Card::OtherCsca,
        ] {
            std::fs::write(folder.join(card.file()), card.personalise(&csca)?)?;
        }

        let reader = match cards {
            Cards::VirtualReader => ReaderDaemon::ready(folder),
            Cards::InProcess => Err(Failure::new(
                "the tests do not wait for one another's reader",
            )),
        };
        Ok(Self {
            programs: programs.clone(),
            folder: folder.to_path_buf(),
            reader,
        })
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
        let mut terminal = self.programs.command("tessera-terminal");
        terminal.args([
            "session",
            "--issuer",
            &authority.url(),
            "--session",
            session,
            "--can",
            CAN,
            "--wait",
            "30",
        ]);
        terminal.args(["--allow-virtual-reader", "--json"]);
        terminal
            .arg("--operator")
            .arg(self.operator())
            .arg("--photo")
            .arg(photo(photo_name))
            .arg("--key")
            .arg(self.key());
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
        let key = FileKey::load(&self.key()).map_err(Failure::during("terminal key"))?;
        let operator =
            FileKey::load(&self.operator()).map_err(Failure::during("operator's key"))?;
        let counter = self.folder.join("terminal.key.counter");
        let mut counter =
            FileCounter::open(&counter).map_err(Failure::during("terminal counter"))?;
        let issuer =
            HttpIssuer::new(&authority.url(), None).map_err(Failure::during("issuer address"))?;
        let mut station = Station {
            issuer: &issuer,
            signer: &key,
            counter: &mut counter,
            clock: &|| Timestamp::from_unix(now()),
            rng: &mut OsRng,
            operator: Some(&mut SignedIn(operator)),
            software: "in process",
        };
        let job = SessionJob::new(&authority.url(), session, "in process")
            .access(AccessKey::Can(CAN.into()));
        let photo = std::fs::read(photo(photo_name))?;
        match run_session(&mut chip, &mut station, &job, &photo, &mut |_| ()) {
            Ok(outcome) => Ok(outcome.tx_code.to_string()),
            Err(refusal) => Ok(refusal.code().to_owned()),
        }
    }

    fn key(&self) -> PathBuf {
        self.folder.join("terminal.key")
    }

    fn operator(&self) -> PathBuf {
        self.folder.join("operator.key")
    }
}

/// Makes a key with the terminal's program, and returns its DID.
fn made_key(programs: &Programs, file: &str) -> Result<String> {
    let made = Finished::of(
        programs
            .command("tessera-terminal")
            .args(["keygen", "--json", "--out", file]),
    )?;
    let made = made.expect_ok("tessera-terminal keygen")?.json()?;
    let did = made["did"].as_str();
    did.map(str::to_owned)
        .ok_or_else(|| Failure::new("the key has no DID"))
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
        let profile = match self {
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

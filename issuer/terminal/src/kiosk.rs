//! What a person at the kiosk sees and is asked, from the choice of the language to an empty screen.
//!
//! Nothing here touches the world: screen and keyboard are a [`Console`], reader and camera are closures of a [`Desk`].
//! Every step begins with an empty screen, so that what somebody typed or was shown does not stay.

use std::time::Duration;

use tessera_card::sam::SamTransport;
use tessera_card::{AccessKey, Transceiver};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::liveness::Movement;
use zeroize::Zeroizing;

use crate::camera::Film;
use crate::error::TerminalError;
use crate::key::TerminalKey;
use crate::language::{Language, explain, instruct, movements};
use crate::session::{Operator, Outcome, SessionJob, Station, Step, run_sam_session, run_session};

/// Times that something may be typed wrongly before the session ends.
const TRIES: usize = 3;
/// Longest line that is looked at.
const MAX_LINE: usize = 256;

/// Screen and keyboard.
pub trait Console {
    /// Empties the screen and what can be scrolled back to.
    fn clear(&mut self);

    /// Shows a line.
    fn show(&mut self, line: &str);

    /// Shows a prompt and returns the line typed, without its end; `None` when nothing comes within `patience`, or the
    /// keyboard is gone.
    fn ask(&mut self, prompt: &str, patience: Duration) -> Option<Zeroizing<String>>;
}

/// Waits for a card, telling how long it still does.
pub type CardSlot<'a> =
    dyn FnMut(&mut dyn FnMut(Duration)) -> Result<Box<dyn Transceiver>, TerminalError> + 'a;
/// Waits for a resident card on a reader with a security module, telling how long it still does.
pub type SamSlot<'a> =
    dyn FnMut(&mut dyn FnMut(Duration)) -> Result<Box<dyn SamTransport>, TerminalError> + 'a;
/// Takes the live photograph.
pub type Camera<'a> = dyn FnMut() -> Result<Zeroizing<Vec<u8>>, TerminalError> + 'a;

/// The equipment of one kiosk.
pub struct Desk<'a> {
    /// The issuer's public URL.
    pub issuer: String,
    /// The reader's name, as statements say it.
    pub reader: String,
    /// The reader, and with it the kind of card that is read here.
    pub slot: Slot<'a>,
    /// The camera.
    pub camera: &'a mut Camera<'a>,
    /// Films the person, where the issuer asks for head movements.
    pub film: Option<&'a dyn Film>,
    /// Who stands by, if anyone: signed in for all visits.
    pub operator: Option<&'a dyn TerminalKey>,
    /// How long a person may take to answer.
    pub patience: Duration,
}

/// What kind of card a kiosk reads, and where.
pub enum Slot<'a> {
    /// Chips, which open with what is printed on the card.
    Chip(Box<CardSlot<'a>>),
    /// Resident cards, which a security module opens: nobody is asked for a number.
    Resident(Box<SamSlot<'a>>),
}

/// A card on the reader.
enum Card {
    Chip(Box<dyn Transceiver>),
    Resident(Box<dyn SamTransport>),
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a code for the person.
    Confirmed,
    /// With a refusal, or given up.
    Ended,
    /// Nobody came, or the keyboard is gone.
    Idle,
}

/// One person's visit: from an empty screen to an empty screen.
pub fn visit(console: &mut dyn Console, desk: &mut Desk<'_>, station: &mut Station<'_>) -> End {
    console.clear();
    let Some(language) = choose_language(console, desk.patience) else {
        console.clear();
        return End::Idle;
    };
    let outcome = session(console, desk, station, language);
    console.clear();
    let end = match outcome {
        Ok(outcome) => {
            show_code(console, language, &outcome);
            End::Confirmed
        }
        Err(error) => {
            console.show(explain(error.code(), language));
            console.show(&format!("({})", error.code()));
            End::Ended
        }
    };
    console.show("");
    let prompt = language.pick("Press Enter to finish. ", "按回车键结束。");
    let _done = console.ask(prompt, desk.patience);
    console.clear();
    end
}

fn choose_language(console: &mut dyn Console, patience: Duration) -> Option<Language> {
    console.show("Identity card terminal    身份证终端");
    console.show("");
    console.show("  1  English");
    console.show("  2  中文");
    console.show("");
    loop {
        match console.ask("1 / 2: ", patience)?.trim() {
            "1" => return Some(Language::English),
            "2" => return Some(Language::Chinese),
            _ => {}
        }
    }
}

fn session(
    console: &mut dyn Console,
    desk: &mut Desk<'_>,
    station: &mut Station<'_>,
    language: Language,
) -> Result<Outcome, TerminalError> {
    let chip = matches!(desk.slot, Slot::Chip(_));
    let steps = if chip { 4 } else { 3 };
    let session = ask_until(
        console,
        desk.patience,
        (
            &[heading(
                (1, steps),
                language,
                "Your application",
                "您的申请",
            )],
            language.pick(
                "Scan or type the session that your wallet shows: ",
                "请扫描或输入钱包显示的会话编号:",
            ),
        ),
        language,
        |text| {
            let fits = !text.is_empty() && text.len() <= 128;
            (fits && text.bytes().all(|b| b.is_ascii_graphic())).then(|| text.to_owned())
        },
    )?;
    let mut job = SessionJob::new(&desk.issuer, &session, &desk.reader);
    if chip {
        job = job.access(ask_until(
            console,
            desk.patience,
            (
                &[
                    heading((2, steps), language, "Your card", "您的证件"),
                    language
                        .pick(
                            "The card opens with the six digits printed on it, or with document number, birth date and expiry date\n(YYMMDD), separated by spaces.",
                            "请输入证件上印刷的六位数字;或输入证件号码、出生日期和有效期(YYMMDD),以空格分隔。",
                        )
                        .to_owned(),
                ],
                language.pick("Number: ", "号码:"),
            ),
            language,
            access_key,
        )?);
    }

    console.clear();
    console.show(&heading(
        (steps - 1, steps),
        language,
        "Your face",
        "您的面部",
    ));
    console.show(language.pick("Look into the camera.", "请看镜头。"));
    let photo = (desk.camera)()?;
    console.show(language.pick("The picture is taken.", "照片已拍摄。"));

    console.clear();
    console.show(&heading(
        (steps, steps),
        language,
        "Reading and checking",
        "读取与核验",
    ));
    console.show(match chip {
        true => language.pick("Put the card on the reader.", "请将证件放在读卡器上。"),
        false => language.pick(
            "Put the resident identity card on the reader.",
            "请将居民身份证放在读卡器上。",
        ),
    });
    let mut card = match &mut desk.slot {
        Slot::Chip(wait) => Card::Chip(wait(&mut |_| {})?),
        Slot::Resident(wait) => Card::Resident(wait(&mut |_| {})?),
    };

    // The person is told how to move and the operator is asked in the middle of the session, while its progress is shown
    // on the same screen.
    let shared = std::cell::RefCell::new(console);
    let filming = desk.film.map(|film| Prompted {
        film,
        console: &shared,
        language,
    });
    let job = job.film(filming.as_ref().map(|filming| filming as _));
    let mut asked = desk.operator.map(|key| Comparison {
        key,
        console: &shared,
        patience: desk.patience,
        language,
    });
    let mut attended = Station {
        issuer: station.issuer,
        signer: station.signer,
        counter: &mut *station.counter,
        clock: station.clock,
        rng: &mut *station.rng,
        operator: asked.as_mut().map(|comparison| comparison as _),
        software: station.software,
        journal: &mut *station.journal,
        pause: station.pause,
    };
    let mut last = None;
    let mut progress = |step| {
        // One line for all attempts to reach the issuer.
        if last.replace(step) == Some(Step::Waiting) && step == Step::Waiting {
            return;
        }
        let mark = match step {
            Step::Waiting => "…",
            _ => "·",
        };
        let line = format!("{mark} {}", instruct(step, language));
        shared.borrow_mut().show(&line);
    };
    match &mut card {
        Card::Chip(card) => run_session(&mut **card, &mut attended, &job, &photo, &mut progress),
        Card::Resident(reader) => {
            run_sam_session(&mut **reader, &mut attended, &job, &photo, &mut progress)
        }
    }
}

/// Tells the person how to move, and films.
struct Prompted<'a, 'b> {
    film: &'a dyn Film,
    console: &'a std::cell::RefCell<&'b mut dyn Console>,
    language: Language,
}

impl Film for Prompted<'_, '_> {
    fn film(
        &self,
        asked: &[Movement],
        patience: Duration,
    ) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        self.console
            .borrow_mut()
            .show(&movements(asked, self.language));
        self.film.film(asked, patience)
    }
}

/// The operator beside the person, asked with the card read and the picture taken.
struct Comparison<'a, 'b> {
    key: &'a dyn TerminalKey,
    console: &'a std::cell::RefCell<&'b mut dyn Console>,
    patience: Duration,
    language: Language,
}

impl Operator for Comparison<'_, '_> {
    fn confirm(&mut self) -> Result<&dyn LocalSigner, TerminalError> {
        let mut console = self.console.borrow_mut();
        console.show("");
        console.show(self.language.pick(
            "Operator: compare the person with the picture on the card.",
            "操作员:请将本人与证件照片进行比对。",
        ));
        let prompt = self.language.pick(
            "The same person? Type yes or no: ",
            "是否为同一人?请输入“是”或“否”:",
        );
        for _ in 0..TRIES {
            let answer = console.ask(prompt, self.patience);
            match answer.ok_or(TerminalError::Abandoned)?.trim() {
                "yes" | "是" => return Ok(self.key),
                "no" | "否" => return Err(TerminalError::NotConfirmed),
                _ => {}
            }
        }
        Err(TerminalError::NotConfirmed)
    }
}

fn heading(
    (step, steps): (u8, u8),
    language: Language,
    english: &'static str,
    chinese: &'static str,
) -> String {
    format!("{step}/{steps}  {}", language.pick(english, chinese))
}

/// Asks, on an empty screen, until `read` makes something of the answer; an empty line gives up.
fn ask_until<T>(
    console: &mut dyn Console,
    patience: Duration,
    (lines, prompt): (&[String], &str),
    language: Language,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, TerminalError> {
    for attempt in 0..TRIES {
        console.clear();
        for line in lines {
            console.show(line);
        }
        if attempt > 0 {
            console.show(language.pick(
                "That is not in the form it should have. Please try again.",
                "格式不正确,请重新输入。",
            ));
        }
        console.show(language.pick(
            "(Enter alone ends the session.)",
            "(直接按回车键结束会话。)",
        ));
        let line = console
            .ask(prompt, patience)
            .ok_or(TerminalError::Abandoned)?;
        let text = line.trim();
        if text.is_empty() {
            return Err(TerminalError::Abandoned);
        }
        if text.len() <= MAX_LINE
            && let Some(found) = read(text)
        {
            return Ok(found);
        }
    }
    Err(TerminalError::Abandoned)
}

/// Six digits, or document number and two dates.
fn access_key(text: &str) -> Option<AccessKey> {
    let six = |text: &str| text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
    let mut parts = text.split_whitespace();
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(can), None, None, None) if six(can) => Some(AccessKey::Can(can.to_owned())),
        (Some(number), Some(birth), Some(expiry), None) if six(birth) && six(expiry) => {
            let number = number.to_ascii_uppercase();
            let sound = number.len() <= 22 && number.bytes().all(|b| b.is_ascii_alphanumeric());
            sound.then(|| AccessKey::Mrz {
                document_number: number,
                birth: birth.to_owned(),
                expiry: expiry.to_owned(),
            })
        }
        _ => None,
    }
}

fn show_code(console: &mut dyn Console, language: Language, outcome: &Outcome) {
    let mut spaced = Zeroizing::new(String::with_capacity(outcome.tx_code.len() * 4));
    for digit in outcome.tx_code.chars() {
        spaced.push(' ');
        spaced.push(digit);
    }
    console.show(language.pick(
        "Confirmed. Type this code into your wallet:",
        "核验通过。请在钱包中输入此代码:",
    ));
    console.show("");
    console.show(&spaced);
    console.show("");
    console.show(language.pick(
        "Take your card with you. Nothing about you was kept here.",
        "请带走您的证件。本终端未保留您的任何信息。",
    ));
}

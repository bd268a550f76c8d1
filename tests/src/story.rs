//! The walk of `make demo`: from a selfie to a resident card, step by step, each line compared with what should be seen.
//!
//! | steps | module |
//! |---|---|
//! | 1–3 the face check | [`face`] |
//! | 4, 5 a relying party with the issuer switched off | [`offline`] |
//! | 6–10 the chip at the terminal | [`chip`] |
//! | 11–13 exactly what is asked; what cheating gets | [`asking`] |
//! | 14 revocation and age | [`status`] |
//! | 15 SIGKILL during a hundred issuances | [`durability`] |
//! | 16–18 deferred issuance, a new phone, a lost phone | [`later`] |
//! | 19 a retired terminal | [`terminal`] |
//! | 20, 21 a chip that agrees keys, a resident card | [`cards`] |
//! | 22, 23 a moving head; covered faces | [`liveness`] |
//! | 24 a relying party's server, by QR code; told after step 11 | [`server`] |
//! | 25 a head that moves at the terminal | [`liveness`] |
//! | 26–28 a wallet that starts in a browser, a batch that runs low, a backup | [`life_cycle`] |

pub mod asking;
pub mod cards;
pub mod chip;
pub mod durability;
pub mod face;
pub mod later;
pub mod life_cycle;
pub mod liveness;
pub mod offline;
pub mod server;
pub mod status;
pub mod terminal;

use std::path::{Path, PathBuf};

use crate::Result;
use crate::authority::Authority;
use crate::holder::Holder;
use crate::kiosk::Kiosk;
use crate::lean_holder::OwnedSdJwt;
use crate::programs::Programs;
use crate::relying_party::RelyingParty;
use crate::report::Report;

/// Persons whose registry record exists for step 15 only.
pub const CROWD: usize = 50;

/// Where the cards of a walk are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cards {
    /// In the virtual reader where this machine has one, else in process.
    VirtualReader,
    /// In process.
    InProcess,
}

/// Everyone who takes part, and what earlier steps left for later ones.
#[derive(Debug)]
pub struct Stage {
    /// The programs under test.
    pub programs: Programs,
    /// The folder of this walk.
    pub folder: PathBuf,
    /// The issuing authority.
    pub authority: Authority,
    /// MEI's wallet.
    pub mei: Holder,
    /// The internet café, registered for `internet-cafe`.
    pub cafe: RelyingParty,
    /// The bank, registered for `bank-account`.
    pub bank: RelyingParty,
    /// The terminal and the cards put on it.
    pub kiosk: Kiosk,
    /// ANTON's limited credentials, in a client that cheats; filled by step 1.
    pub anton: Vec<OwnedSdJwt>,
    /// What the café was shown in step 4: request and presentation.
    pub shown_to_cafe: Option<(PathBuf, PathBuf)>,
    /// MEI's second phone, from step 17.
    pub new_phone: Option<Holder>,
    /// What the bank was shown in step 11: request and presentation.
    pub shown_to_bank: Option<(PathBuf, PathBuf)>,
}

impl Stage {
    /// Sets everything up in an empty folder and starts the authority.
    ///
    /// # Errors
    /// What the first program that refused printed.
    pub fn set(folder: &Path, crowd: usize, cards: Cards) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let programs = Programs::beside_this_one()?;
        let mut authority = Authority::found(&programs, &folder.join("authority"), crowd)?;
        let cafe = ["Corner Internet Café", "街角网吧"];
        let cafe = RelyingParty::register(
            &programs,
            &folder.join("cafe"),
            &authority,
            cafe,
            &["internet-cafe"],
        )?;
        let bank = ["Specimen Bank", "样本银行"];
        let bank = RelyingParty::register(
            &programs,
            &folder.join("bank"),
            &authority,
            bank,
            &["bank-account"],
        )?;
        let kiosk = Kiosk::register(&programs, &folder.join("kiosk"), &authority, cards)?;
        authority.start()?;
        Ok(Self {
            mei: Holder::new(&programs, &folder.join("mei"))?,
            programs,
            folder: folder.to_path_buf(),
            authority,
            cafe,
            bank,
            kiosk,
            anton: Vec::new(),
            shown_to_cafe: None,
            new_phone: None,
            shown_to_bank: None,
        })
    }

    /// A file in the folder of this walk.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The bundle that relying parties carried away before the issuer was stopped.
    #[must_use]
    pub fn first_bundle(&self) -> PathBuf {
        self.file("bundle-1.jwt")
    }
}

/// Walks every step but 15 with one authority.
pub fn walk(stage: &mut Stage, report: &mut Report) {
    face::own_selfie(stage, report);
    face::another_person(stage, report);
    face::unusable_photos(stage, report);
    offline::internet_cafe(stage, report);
    offline::limited_at_the_bank(stage, report);
    chip::full_credential(stage, report);
    chip::refused_cards(stage, report);
    asking::bank_account(stage, report);
    server::by_qr_code(stage, report);
    asking::over_asking(stage, report);
    asking::cheating(stage, report);
    status::revoked(stage, report);
    status::past_its_age(stage, report);
    later::later(stage, report);
    terminal::retired(stage, report);
    cards::key_agreeing_chip(stage, report);
    cards::resident_card(stage, report);
    life_cycle::life_cycle(stage, report);
}

/// Lets the second end: a revocation stops the sessions that were opened in its own second as well.
fn next_second() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let into = now.unwrap_or_default().subsec_millis();
    std::thread::sleep(std::time::Duration::from_millis(u64::from(1010 - into)));
}

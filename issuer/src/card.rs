//! The chip check: raw data against the trust anchors, then the document against the person.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tessera_card::{ChipData, CscaAnchors, Mrz, evidence};
use tessera_verifier::crypto::sha256;
use zeroize::Zeroizing;

use crate::failure::{Code, Failure, code_of};
use crate::proofing::ChipPassed;
use crate::registry::Person;

/// What a genuine chip yields: the verdict, and the portrait the live face is compared with.
pub struct GenuineChip {
    mrz: Mrz,
    portrait: Zeroizing<Vec<u8>>,
}

impl GenuineChip {
    /// Verifies raw chip data (Doc 9303-11 §5.1, §6.1) against the issuer's own challenge.
    ///
    /// # Errors
    /// `chip_not_authentic`, `csca_unknown`, `dg_hash_mismatch`, `active_auth_failed`, `document_expired`.
    pub fn verify(
        chip: &ChipData,
        anchors: &CscaAnchors,
        challenge: &[u8; 8],
        now: i64,
    ) -> Result<Self, Failure> {
        let verified = evidence::verify(chip, anchors, challenge, now).map_err(|error| {
            let code = match error.code() {
                "active_auth_missing" => Code::ActiveAuthFailed,
                "data_group_missing" => Code::DgHashMismatch,
                // A chip whose data are not well formed is not authentic; which of our limits it broke is no matter.
                "malformed" | "too_large" | "unsupported_algorithm" => Code::ChipNotAuthentic,
                other => code_of(other, Code::ChipNotAuthentic),
            };
            Failure::from(code)
        })?;
        let (mrz, portrait) = verified.into_parts();
        Ok(Self {
            mrz,
            portrait: Zeroizing::new(portrait.bytes().to_vec()),
        })
    }

    /// The document must be the person's: number and birth date of the register, where the register has them. The
    /// number is demanded; names are transliterated in too many ways to be compared.
    ///
    /// # Errors
    /// `document_not_of_person`, also where there is no such person.
    pub fn belongs_to(
        self,
        person: Option<&Person>,
    ) -> Result<(ChipPassed, Zeroizing<Vec<u8>>), Failure> {
        let same = person.is_some_and(|person| {
            person.document_number.as_deref() == Some(self.mrz.document_number.as_str())
                && self.mrz.birth_date.matches(&person.birthdate)
        });
        if !same {
            return Err(Code::DocumentNotOfPerson.into());
        }
        let passed = ChipPassed {
            document_country: self.mrz.issuing_state.clone(),
        };
        Ok((passed, self.portrait))
    }
}

/// The CSCA certificates the authority trusts, in a folder of DER files.
pub struct AnchorFolder {
    folder: PathBuf,
    anchors: RwLock<Arc<CscaAnchors>>,
}

/// A certificate is a few kilobytes.
const CERTIFICATE_BYTES_MAX: u64 = 64 * 1024;

impl AnchorFolder {
    /// Opens the folder; an absent one holds no anchors, so every chip is refused.
    ///
    /// # Errors
    /// A file that is not a CSCA certificate, or cannot be read.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let mut anchors = CscaAnchors::new();
        if folder.exists() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|e| e == "der") {
                    anchors.add(&std::fs::read(&path)?).map_err(other)?;
                }
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            anchors: RwLock::new(Arc::new(anchors)),
        })
    }

    /// The anchors as they are now.
    #[must_use]
    pub fn current(&self) -> Arc<CscaAnchors> {
        Arc::clone(&self.anchors.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a certificate, DER or PEM. Returns the SHA-256 of its DER, by which an operator compares it.
    ///
    /// # Errors
    /// Not a CSCA certificate, or the file system's error.
    pub fn add(&self, file: &Path) -> std::io::Result<String> {
        if std::fs::metadata(file)?.len() > CERTIFICATE_BYTES_MAX {
            return Err(other("the file is too large for a certificate"));
        }
        let bytes = std::fs::read(file)?;
        let der = match bytes.starts_with(b"-----BEGIN") {
            true => from_pem(&bytes)?,
            false => bytes,
        };
        CscaAnchors::new().add(&der).map_err(other)?;
        let digest: String = sha256(&der).iter().map(|b| format!("{b:02x}")).collect();
        std::fs::create_dir_all(&self.folder)?;
        crate::files::replace(&self.folder.join(format!("{digest}.der")), |f| {
            f.write_all(&der)
        })?;
        let reread = Self::open(&self.folder)?.current();
        *self.anchors.write().unwrap_or_else(PoisonError::into_inner) = reread;
        Ok(digest)
    }
}

fn from_pem(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let text = std::str::from_utf8(bytes).map_err(other)?;
    let body: String = text
        .lines()
        .skip_while(|line| *line != "-----BEGIN CERTIFICATE-----")
        .skip(1)
        .take_while(|line| *line != "-----END CERTIFICATE-----")
        .map(str::trim)
        .collect();
    STANDARD.decode(body).map_err(other)
}

fn other(error: impl ToString) -> std::io::Error {
    std::io::Error::other(error.to_string())
}

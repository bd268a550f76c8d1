//! The chip check: raw data against the trust anchors, then the document against the person.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tessera_card::{ChipData, CscaAnchors, Mrz, evidence, is_state_code};
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
    /// `chip_not_authentic`, `csca_unknown`, `csca_of_another_state`, `dg_hash_mismatch`, `active_auth_failed`,
    /// `document_expired`.
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

    /// The document must be the person's: issuing state, number and birth date of the register. A register without state
    /// or number of the document is not enough; names are transliterated in too many ways to be compared.
    ///
    /// # Errors
    /// `document_not_of_person`, also where there is no such person.
    pub fn belongs_to(
        self,
        person: Option<&Person>,
    ) -> Result<(ChipPassed, Zeroizing<Vec<u8>>), Failure> {
        let same = person.is_some_and(|person| {
            person.document_state.as_deref() == Some(self.mrz.issuing_state.as_str())
                && person.document_number.as_deref() == Some(self.mrz.document_number.as_str())
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

/// The CSCA certificates the authority trusts, in a folder of DER files named `STATE-SHA256.der`: the state whose
/// documents the certificate may vouch for, and the digest of the file.
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
    /// A `.der` file that is not a CSCA certificate, is not named for its state and digest, or cannot be read.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let mut anchors = CscaAnchors::new();
        if folder.exists() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_some_and(|e| e == "der") {
                    let der = std::fs::read(&path)?;
                    let state = named_state(&path, &der).ok_or_else(|| {
                        other(format!("{}: not STATE-SHA256.der", path.display()))
                    })?;
                    anchors.add(&der, &state).map_err(other)?;
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

    /// Adds a certificate, DER or PEM, for the documents of `state` (as their MRZ names it). Returns the SHA-256 of its
    /// DER, by which an operator compares it.
    ///
    /// # Errors
    /// Not a CSCA certificate, not a state, or the file system's error.
    pub fn add(&self, file: &Path, state: &str) -> std::io::Result<String> {
        if std::fs::metadata(file)?.len() > CERTIFICATE_BYTES_MAX {
            return Err(other("the file is too large for a certificate"));
        }
        let bytes = std::fs::read(file)?;
        let der = match bytes.starts_with(b"-----BEGIN") {
            true => from_pem(&bytes)?,
            false => bytes,
        };
        CscaAnchors::new().add(&der, state).map_err(other)?;
        let digest = hex_digest(&der);
        std::fs::create_dir_all(&self.folder)?;
        let name = format!("{state}-{digest}.der");
        crate::files::replace(&self.folder.join(name), |f| f.write_all(&der))?;
        let reread = Self::open(&self.folder)?.current();
        *self.anchors.write().unwrap_or_else(PoisonError::into_inner) = reread;
        Ok(digest)
    }
}

/// The state in the name of a stored certificate; `None` unless the name is exactly what [`AnchorFolder::add`] gives.
fn named_state(path: &Path, der: &[u8]) -> Option<String> {
    let (state, digest) = path.file_stem()?.to_str()?.split_once('-')?;
    (is_state_code(state) && digest == hex_digest(der)).then(|| state.to_owned())
}

fn hex_digest(bytes: &[u8]) -> String {
    sha256(bytes).iter().map(|b| format!("{b:02x}")).collect()
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use tessera_cardsim::Csca;

    #[test]
    fn a_stored_anchor_keeps_its_state_and_nothing_else_is_read() {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("authority.cer");
        let csca = Csca::throwaway(&mut rand_core::OsRng, 1_795_000_000).unwrap();
        std::fs::write(&file, csca.certificate()).unwrap();

        let folder = data.path().join("csca");
        let anchors = AnchorFolder::open(&folder).unwrap();
        assert!(anchors.add(&file, "Utopia").is_err());
        let digest = anchors.add(&file, "UTO").unwrap();
        anchors.add(&file, "D").unwrap();
        assert_eq!(AnchorFolder::open(&folder).unwrap().current().len(), 2);

        let stored = folder.join(format!("UTO-{digest}.der"));
        for name in [
            format!("{digest}.der"),
            format!("uto-{digest}.der"),
            format!("UTO-{}.der", "0".repeat(64)),
        ] {
            let renamed = folder.join(name);
            std::fs::rename(&stored, &renamed).unwrap();
            assert!(AnchorFolder::open(&folder).is_err(), "{renamed:?}");
            std::fs::rename(&renamed, &stored).unwrap();
        }
        assert!(AnchorFolder::open(&folder).is_ok());
    }
}

//! The trust anchors of travel documents in a folder: authorities' certificates and their revocation lists.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tessera_card::{CardError, CscaAnchors, Imported, MasterList, is_state_code};
use tessera_verifier::crypto::sha256;

/// The CSCA certificates the authority trusts, in a folder of DER files named `STATE-SHA256.der`: the state whose
/// documents the certificate may vouch for, and the digest of the file. Revocation lists lie beside them as `SHA256.crl`,
/// by the digest of the authority's name, under which there is one list.
pub struct AnchorFolder {
    folder: PathBuf,
    anchors: RwLock<Arc<CscaAnchors>>,
}

/// A certificate is a few kilobytes.
const CERTIFICATE_BYTES_MAX: u64 = 64 * 1024;
/// A revocation list or a master list; `tessera-card` has its own, narrower bounds.
const LIST_BYTES_MAX: u64 = 8 * 1024 * 1024;

impl AnchorFolder {
    /// Opens the folder; an absent one holds no anchors, so every chip is refused.
    ///
    /// # Errors
    /// A `.der` file that is not a CSCA certificate, is not named for its state and digest, or cannot be read; a `.crl`
    /// file that no anchor signed.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let anchors = match folder.exists() {
            true => read(folder)?,
            false => CscaAnchors::new(),
        };
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

    /// Adds a certificate, DER or PEM, for the documents of `state` (as their MRZ names it). A link certificate is taken
    /// where an anchor of the same state signed it. Returns the SHA-256 of its DER, by which an operator compares it.
    ///
    /// # Errors
    /// Not a CSCA certificate, not a state, or the file system's error.
    pub fn add(&self, file: &Path, state: &str) -> std::io::Result<String> {
        let der = der_of(file, CERTIFICATE_BYTES_MAX, "CERTIFICATE")?;
        self.readable()?.add(&der, state).map_err(other)?;
        let digest = self.store(&der, state)?;
        self.reread()?;
        Ok(digest)
    }

    /// Adds the authorities of a master list, DER (Doc 9303-12 §5, §9), whose signer an anchor vouches for already: each
    /// for the state its country name stands for. Says which were taken and which were not.
    ///
    /// # Errors
    /// The list does not verify, with the stable code of the reason; or the file system's error.
    pub fn add_master_list(&self, file: &Path, now: i64) -> std::io::Result<Imported> {
        let der = der_of(file, LIST_BYTES_MAX, "CMS")?;
        let list = MasterList::verify(&der, &self.current(), now).map_err(refused)?;
        let imported = self.readable()?.add_master_list(&list);
        for (state, certificate) in &imported.added {
            self.store(certificate, state)?;
        }
        self.reread()?;
        Ok(imported)
    }

    /// Adds an authority's revocation list, DER or PEM (Doc 9303-12 §7.1.4), in place of its older one.
    ///
    /// # Errors
    /// The list does not verify or is not newer, with the stable code of the reason; or the file system's error.
    pub fn add_crl(&self, file: &Path, now: i64) -> std::io::Result<()> {
        let der = der_of(file, LIST_BYTES_MAX, "X509 CRL")?;
        let issuer = self.readable()?.add_crl(&der, now).map_err(refused)?;
        let name = format!("{}.crl", hex_digest(&issuer));
        crate::files::replace(&self.folder.join(name), |f| f.write_all(&der))?;
        self.reread()
    }

    /// A copy of the anchors to try something on.
    fn readable(&self) -> std::io::Result<CscaAnchors> {
        match self.folder.exists() {
            true => read(&self.folder),
            false => Ok(CscaAnchors::new()),
        }
    }

    fn store(&self, der: &[u8], state: &str) -> std::io::Result<String> {
        let digest = hex_digest(der);
        std::fs::create_dir_all(&self.folder)?;
        let name = format!("{state}-{digest}.der");
        crate::files::replace(&self.folder.join(name), |f| f.write_all(der))?;
        Ok(digest)
    }

    fn reread(&self) -> std::io::Result<()> {
        let reread = Self::open(&self.folder)?.current();
        *self.anchors.write().unwrap_or_else(PoisonError::into_inner) = reread;
        Ok(())
    }
}

/// Certificates first, the self-signed before the links that hang on them, then the lists they signed.
fn read(folder: &Path) -> std::io::Result<CscaAnchors> {
    let mut anchors = CscaAnchors::new();
    let (mut waiting, mut lists) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("der") => {
                let der = std::fs::read(&path)?;
                let state = named_state(&path, &der)
                    .ok_or_else(|| other(format!("{}: not STATE-SHA256.der", path.display())))?;
                waiting.push((path, der, state));
            }
            Some("crl") => lists.push(path),
            _ => {}
        }
    }
    while !waiting.is_empty() {
        let (before, mut refusal) = (waiting.len(), None);
        waiting.retain(|(path, der, state)| match anchors.add(der, state) {
            Ok(()) => false,
            Err(error) => {
                refusal = Some(format!("{}: {error}", path.display()));
                true
            }
        });
        if let Some(refusal) = refusal.filter(|_| waiting.len() == before) {
            return Err(other(refusal));
        }
    }
    for path in lists {
        // Whether it was of the future was asked when it came in.
        anchors
            .add_crl(&std::fs::read(&path)?, i64::MAX)
            .map_err(|error| other(format!("{}: {error}", path.display())))?;
    }
    Ok(anchors)
}

/// A DER or PEM file of bounded size.
fn der_of(file: &Path, most: u64, label: &str) -> std::io::Result<Vec<u8>> {
    if std::fs::metadata(file)?.len() > most {
        return Err(other("the file is too large"));
    }
    let bytes = std::fs::read(file)?;
    match bytes.starts_with(b"-----BEGIN") {
        true => from_pem(&bytes, label),
        false => Ok(bytes),
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

fn from_pem(bytes: &[u8], label: &str) -> std::io::Result<Vec<u8>> {
    let text = std::str::from_utf8(bytes).map_err(other)?;
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let body: String = text
        .lines()
        .skip_while(|line| *line != begin)
        .skip(1)
        .take_while(|line| *line != end)
        .map(str::trim)
        .collect();
    STANDARD.decode(body).map_err(other)
}

fn refused(error: CardError) -> std::io::Error {
    other(format!("{} ({})", error, error.code()))
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

    #[test]
    fn master_lists_and_revocation_lists_outlive_a_restart() {
        const NOW: i64 = 1_795_000_000;
        const DAY: i64 = 86_400;
        let mut rng = rand_core::OsRng;
        let data = tempfile::tempdir().unwrap();
        let of = |country: &str| {
            let mut rng = rand_core::OsRng;
            Csca::of_country(country, tessera_cardsim::Scheme::default(), &mut rng, NOW).unwrap()
        };
        let file = |name: &str, bytes: &[u8]| {
            let path = data.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let (home, france, next) = (of("UT"), of("FR"), of("FR"));
        let folder = data.path().join("csca");
        let anchors = AnchorFolder::open(&folder).unwrap();
        let link = france.link(&next, &mut rng, NOW).unwrap();
        let certificates = [france.certificate(), &link];
        let list = home
            .master_list(&certificates, true, &mut rng, NOW)
            .unwrap();
        let list = file("list.ml", &list);
        // A list vouches for nobody until the state that signed it is known.
        let refusal = anchors.add_master_list(&list, NOW).unwrap_err();
        assert!(refusal.to_string().ends_with("(csca_unknown)"), "{refusal}");
        anchors
            .add(&file("home", home.certificate()), "UTO")
            .unwrap();
        let imported = anchors.add_master_list(&list, NOW).unwrap();
        let states: Vec<&str> = imported
            .added
            .iter()
            .map(|(state, _)| state.as_str())
            .collect();
        assert_eq!((states, imported.skipped.len()), (vec!["FRA", "FRA"], 0));

        let crl = |number, from| france.crl(number, &[], (from, from + 90 * DAY)).unwrap();
        anchors
            .add_crl(&file("1.crl", &crl(1, NOW - 2 * DAY)), NOW)
            .unwrap();
        anchors
            .add_crl(&file("2.crl", &crl(2, NOW - DAY)), NOW)
            .unwrap();
        for (number, from) in [(1, NOW - 2 * DAY), (3, NOW + DAY)] {
            let refusal = anchors.add_crl(&file("late.crl", &crl(number, from)), NOW);
            let refusal = refusal.unwrap_err().to_string();
            assert!(
                refusal.ends_with("(revocation_list_not_valid)"),
                "{refusal}"
            );
        }
        let strange = of("FR").crl(9, &[], (NOW - DAY, NOW + DAY)).unwrap();
        assert!(
            anchors
                .add_crl(&file("strange.crl", &strange), NOW)
                .is_err()
        );
        // The link certificate hangs on another file, whichever of the two the folder names first.
        assert_eq!(AnchorFolder::open(&folder).unwrap().current().len(), 3);
        let stored = std::fs::read_dir(&folder).unwrap().filter_map(Result::ok);
        let lists = stored.filter(|f| f.path().extension().is_some_and(|e| e == "crl"));
        assert_eq!(lists.count(), 1);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "crl") {
                std::fs::write(&path, &strange).unwrap();
            }
        }
        assert!(AnchorFolder::open(&folder).is_err(), "a list nobody signed");
    }
}

//! Who may speak for wallets and for their keys, as configured.

use std::path::Path;

use tessera_verifier::did;
use tessera_verifier::encoding::from_base64;
use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::Trusted;
use tessera_verifier::x509::TrustAnchor;

/// Certificates read from one file at most.
const FILE_MAX: u64 = 256 * 1024;

/// Keys and certification authorities.
#[derive(Default)]
pub(crate) struct Attesters {
    keys: Vec<PublicKey>,
    anchors: Vec<TrustAnchor>,
}

impl Attesters {
    /// Reads a list of did:key and files of PEM certificates.
    ///
    /// # Errors
    /// An entry is neither.
    pub(crate) fn read(entries: &[String]) -> Result<Self, String> {
        let mut read = Self::default();
        for entry in entries {
            if entry.starts_with("did:") {
                let (_, key) = did::resolve(entry).map_err(|error| format!("{entry}: {error}"))?;
                read.keys.push(key);
            } else {
                read.anchors.extend(certificates(Path::new(entry))?);
            }
        }
        Ok(read)
    }

    /// As the checks take it.
    pub(crate) fn trusted(&self) -> Trusted<'_> {
        Trusted {
            keys: &self.keys,
            anchors: &self.anchors,
        }
    }

    /// Whether there is nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.anchors.is_empty()
    }
}

fn certificates(path: &Path) -> Result<Vec<TrustAnchor>, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let size = std::fs::metadata(path)
        .map_err(|error| wrong(&error))?
        .len();
    if size > FILE_MAX {
        return Err(wrong(&"too large"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let anchors: Vec<TrustAnchor> = text
        .split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .filter_map(|rest| rest.split("-----END CERTIFICATE-----").next())
        .map(|body| {
            let body: String = body.split_whitespace().collect();
            let der = from_base64(&body)?;
            TrustAnchor::from_certificate(&der)
        })
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(&error))?;
    match anchors.is_empty() {
        true => Err(wrong(&"no certificate")),
        false => Ok(anchors),
    }
}

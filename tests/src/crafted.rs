//! Requests made by hand: read one that the program made, change what an honest program would not, sign it again.

use std::path::Path;

use serde_json::Value;
use tessera_verifier::jws;

use crate::keys::Key;
use crate::lean_holder::claims;
use crate::{Failure, Result};

/// What a request object says.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The JOSE header.
    pub header: Value,
    /// The payload (OpenID4VP 1.0 §5).
    pub payload: Value,
}

impl Asked {
    /// Reads a request file, unverified.
    ///
    /// # Errors
    /// When it is no compact JWS.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let compact = text.trim();
        // The header is decoded as the payload is: shift it into the payload's place.
        let header = claims(&format!(
            ".{}",
            compact.split('.').next().unwrap_or_default()
        ))?;
        Ok(Self {
            header,
            payload: claims(compact)?,
        })
    }

    /// The nonce.
    ///
    /// # Errors
    /// When there is none.
    pub fn nonce(&self) -> Result<&str> {
        self.member("nonce")
    }

    /// The client id, which is the audience of the answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn audience(&self) -> Result<&str> {
        self.member("client_id")
    }

    /// Writes it signed with `key`.
    ///
    /// # Errors
    /// When the key does not sign or the file cannot be written.
    pub fn write(&self, key: &Key, path: &Path) -> Result<()> {
        let signed = jws::sign(self.header.clone(), &self.payload, key)
            .map_err(Failure::during("signing a request"))?;
        Ok(std::fs::write(path, signed)?)
    }

    fn member(&self, name: &str) -> Result<&str> {
        self.payload[name]
            .as_str()
            .ok_or_else(|| Failure::new(format!("the request has no {name}")))
    }
}

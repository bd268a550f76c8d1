//! Credential requests and responses, encrypted (OpenID4VCI 1.0 §10).

use serde_json::{Value, json};
use tessera_exchange::jwe::{self, DecryptionKey, Encrypter, JweError};
use tessera_verifier::vci::{self, CredentialResponse, IssuerMetadata};

use crate::error::Error;
use crate::transport::HttpResponse;

/// What one request and its response are encrypted with. Has no `Debug`.
pub(super) struct Encryption {
    request: Encrypter,
    response: Option<ResponseKey>,
}

/// A key made for one response.
struct ResponseKey {
    key: DecryptionKey,
    enc: &'static str,
}

impl Encryption {
    /// As the issuer offers it; `None` where it offers none that the wallet knows.
    ///
    /// The key for the response travels in the request, where somebody in between could exchange it: without an encrypted
    /// request there is no encrypted response (§8.2).
    ///
    /// # Errors
    /// [`Error::IssuerMalformed`] where the issuer demands what cannot be done.
    pub(super) fn of(metadata: &IssuerMetadata) -> Result<Option<Self>, Error> {
        let wanted_response = metadata.credential_response_encryption.as_ref();
        let required = wanted_response.is_some_and(|offered| offered.encryption_required);
        let request = match &metadata.credential_request_encryption {
            Some(offered) => {
                let enc = jwe::best_enc(&offered.enc_values_supported);
                let encrypter = enc.and_then(|enc| {
                    let keys = offered.jwks.keys.iter();
                    keys.filter_map(|jwk| Encrypter::new(jwk, enc).ok()).next()
                });
                if encrypter.is_none() && offered.encryption_required {
                    return Err(Error::IssuerMalformed);
                }
                encrypter
            }
            None => None,
        };
        let Some(request) = request else {
            return if required {
                Err(Error::IssuerMalformed)
            } else {
                Ok(None)
            };
        };
        let response = match wanted_response {
            Some(offered) if offered.alg_values_supported.iter().any(|a| a == jwe::ALG) => {
                match jwe::best_enc(&offered.enc_values_supported) {
                    Some(enc) => Some(ResponseKey {
                        key: DecryptionKey::generate("response").map_err(of)?,
                        enc,
                    }),
                    None => None,
                }
            }
            _ => None,
        };
        if response.is_none() && required {
            return Err(Error::IssuerMalformed);
        }
        Ok(Some(Self { request, response }))
    }

    /// The `credential_response_encryption` member of the request.
    pub(super) fn response_member(&self) -> Option<Value> {
        let response = self.response.as_ref()?;
        Some(json!({"jwk": response.key.public_jwk(), "enc": response.enc}))
    }

    /// The request, encrypted.
    pub(super) fn seal(&self, clear: &[u8]) -> Result<String, Error> {
        self.request.encrypt(clear).map_err(of)
    }
}

/// Reads a credential response; encrypted exactly when that was asked for (§8.3).
pub(super) fn open(
    answer: &HttpResponse,
    encryption: Option<&Encryption>,
) -> Result<CredentialResponse, Error> {
    let Some(response) = encryption.and_then(|encryption| encryption.response.as_ref()) else {
        return vci::read(&answer.body).map_err(|_| Error::IssuerMalformed);
    };
    if answer.content_type != "application/jwt" {
        return Err(Error::ResponseNotEncrypted);
    }
    let compact = std::str::from_utf8(&answer.body).map_err(|_| Error::ResponseUnreadable)?;
    let clear = response
        .key
        .decrypt(compact.trim(), &[response.enc])
        .map_err(of)?;
    vci::read(&clear).map_err(|_| Error::ResponseUnreadable)
}

fn of(error: JweError) -> Error {
    match error {
        JweError::Failed => Error::Randomness,
        _ => Error::ResponseUnreadable,
    }
}

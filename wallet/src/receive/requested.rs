//! An offer taken up: token, nonce, proofs, credential request.

use serde_json::{Value, json};
use tessera_exchange::jwe::{ALG, DecryptionKey, best_enc};
use tessera_verifier::claims::{CredentialProfile, Format};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::metadata::ResponseEncryptionMetadata;
use tessera_verifier::vci::{
    self, AuthorizationServerMetadata, CredentialOffer, CredentialResponse, IssuerMetadata,
    NonceResponse, PRE_AUTHORIZED_CODE, Secret, TokenResponse,
};
use url::form_urlencoded;

use super::BATCH;
use super::check::UnverifiedCredential;
use crate::error::Error;
use crate::issuer::{Issuer, read};
use crate::secret::StoredKey;
use crate::store::{CredentialBody, DeferredIssuance};
use crate::surroundings::Surroundings;
use crate::transport::{HttpRequest, HttpResponse};

/// Largest credential response, in bytes: a batch of ten with room.
const MAX_RESPONSE: usize = 4 * 1024 * 1024;

/// Keys a request proved possession of, waiting for the credential bound to each.
pub type KeyRing = Vec<(PublicKey, StoredKey)>;

/// What an issuer answers a request for credentials with. Has no `Debug`.
pub enum Fetched {
    /// The credentials, unchecked, and the keys they may be bound to.
    Now(Vec<UnverifiedCredential>, KeyRing),
    /// Not yet.
    Deferred(DeferredIssuance),
}

/// An offer whose code has been exchanged for an access token. Has no `Debug`.
pub struct Requested<'a> {
    issuer: Issuer<'a>,
    surroundings: Surroundings<'a>,
    metadata: IssuerMetadata,
    token: Secret,
}

impl<'a> Requested<'a> {
    /// Reads the issuer's metadata and exchanges the offer's code (and the transaction code) for a token.
    ///
    /// # Errors
    /// [`Error::TxCodeNeeded`], [`Error::IssuerMalformed`], [`Error::IssuerRefused`], network errors.
    pub fn begin(
        surroundings: Surroundings<'a>,
        offer: &CredentialOffer,
        tx_code: Option<&Secret>,
    ) -> Result<Self, Error> {
        let grant = offer.grants.pre_authorized_code.as_ref();
        let grant = grant.ok_or(Error::OfferInvalid)?;
        if grant.tx_code.is_some() && tx_code.is_none() {
            return Err(Error::TxCodeNeeded);
        }
        let issuer = Issuer::new(surroundings, &offer.credential_issuer)?;
        let metadata: IssuerMetadata =
            issuer.get_json(issuer.well_known("openid-credential-issuer")?)?;
        // OpenID4VCI 1.0 §12.2.4: compared as strings, without normalization.
        if metadata.credential_issuer != offer.credential_issuer {
            return Err(Error::IssuerMalformed);
        }
        let server: AuthorizationServerMetadata =
            issuer.get_json(issuer.well_known("oauth-authorization-server")?)?;
        // The issuer is its own authorization server here; a code sent to another origin would be given away.
        let own = |name: &String| *name == metadata.credential_issuer;
        if server.issuer != metadata.credential_issuer
            || !metadata.authorization_servers.iter().all(own)
        {
            return Err(Error::IssuerMalformed);
        }

        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", PRE_AUTHORIZED_CODE);
        form.append_pair("pre-authorized_code", grant.code.expose());
        if let (Some(_), Some(code)) = (&grant.tx_code, tx_code) {
            form.append_pair("tx_code", code.expose());
        }
        let answer = issuer.send(HttpRequest::post(
            issuer.named(&server.token_endpoint)?,
            "application/x-www-form-urlencoded",
            form.finish().into_bytes(),
        ))?;
        let token: TokenResponse = read(&answer)?;
        if !token.token_type.eq_ignore_ascii_case("bearer") {
            return Err(Error::IssuerMalformed);
        }
        Ok(Self {
            issuer,
            surroundings,
            metadata,
            token: token.access_token,
        })
    }

    /// Goes on with a token of before, to collect what was deferred.
    ///
    /// # Errors
    /// [`Error::IssuerMalformed`], [`Error::IssuerRefused`], network errors.
    pub fn resume(
        surroundings: Surroundings<'a>,
        deferred: &DeferredIssuance,
    ) -> Result<Self, Error> {
        let issuer = Issuer::new(surroundings, &deferred.issuer_url)?;
        let metadata: IssuerMetadata =
            issuer.get_json(issuer.well_known("openid-credential-issuer")?)?;
        Ok(Self {
            issuer,
            surroundings,
            metadata,
            token: deferred.access_token.clone(),
        })
    }

    /// Asks for a batch in one format, each credential to a fresh key. What comes back is not checked yet.
    ///
    /// # Errors
    /// [`Error::IssuerMalformed`], [`Error::IssuerRefused`], [`Error::ResponseNotEncrypted`],
    /// [`Error::ResponseUnreadable`], network errors.
    pub fn fetch(
        &self,
        profile: &'static CredentialProfile,
        format: Format,
    ) -> Result<Fetched, Error> {
        let id = profile.configuration(format);
        self.metadata
            .credential_configurations_supported
            .get(id)
            .filter(|configuration| configuration.format == format.as_str())
            .ok_or(Error::IssuerMalformed)?;
        let (proofs, keys) = self.proofs()?;
        let body = json!({"credential_configuration_id": id, "proofs": {"jwt": proofs}});
        self.ask(
            &self.metadata.credential_endpoint,
            body,
            (profile, format),
            keys,
        )
    }

    /// Asks again for what was deferred (§9.1).
    ///
    /// # Errors
    /// As [`Self::fetch`]; [`Error::StoreDamaged`] where the wallet remembers it wrongly.
    pub fn collect(&self, deferred: DeferredIssuance) -> Result<Fetched, Error> {
        let kind = CredentialProfile::by_configuration(&deferred.configuration)
            .ok_or(Error::StoreDamaged)?;
        let keys = deferred
            .keys
            .into_iter()
            .map(|stored| Ok((stored.open()?.public_key().clone(), stored)))
            .collect::<Result<KeyRing, Error>>()?;
        let endpoint = self
            .metadata
            .deferred_credential_endpoint
            .as_ref()
            .ok_or(Error::IssuerMalformed)?;
        let body = json!({"transaction_id": deferred.transaction_id.expose()});
        self.ask(endpoint, body, kind, keys)
    }

    /// Sends a request for credentials, the response encrypted whenever the issuer offers that.
    fn ask(
        &self,
        endpoint: &str,
        mut body: Value,
        (profile, format): (&'static CredentialProfile, Format),
        keys: KeyRing,
    ) -> Result<Fetched, Error> {
        let encryption = match &self.metadata.credential_response_encryption {
            Some(offered) => {
                let key = ResponseKey::offered(offered)?;
                if key.is_none() && offered.encryption_required {
                    return Err(Error::IssuerMalformed);
                }
                key
            }
            None => None,
        };
        if let Some(key) = &encryption {
            body["credential_response_encryption"] = key.request_member();
        }
        let request = HttpRequest::post(
            self.issuer.named(endpoint)?,
            "application/json",
            body.to_string().into_bytes(),
        )
        .with_bearer(&self.token)
        .with_max_answer(MAX_RESPONSE);
        let response = open(&self.issuer.send(request)?, encryption.as_ref())?;
        if let Some(transaction_id) = response.transaction_id {
            // §8.3: either credentials or a transaction.
            if !response.credentials.is_empty() {
                return Err(Error::CredentialNotAsAsked);
            }
            return Ok(Fetched::Deferred(DeferredIssuance {
                issuer_url: self.issuer.identifier().to_owned(),
                access_token: self.token.clone(),
                transaction_id,
                configuration: profile.configuration(format).to_owned(),
                keys: keys.into_iter().map(|(_, stored)| stored).collect(),
                set: None,
            }));
        }
        // §8.3: never more credentials than keys; fewer are allowed.
        if response.credentials.is_empty() || response.credentials.len() > keys.len() {
            return Err(Error::CredentialNotAsAsked);
        }
        let received = response
            .credentials
            .into_iter()
            .map(|issued| {
                let body = match (format, issued.credential) {
                    (Format::SdJwt, Value::String(text)) => CredentialBody::SdJwt(text),
                    (Format::LdpVc, document @ Value::Object(_)) => CredentialBody::Ldp(document),
                    _ => return Err(Error::CredentialNotAsAsked),
                };
                Ok(UnverifiedCredential::new(profile, format, body))
            })
            .collect::<Result<_, _>>()?;
        Ok(Fetched::Now(received, keys))
    }

    /// One proof of possession for each fresh key, all over one nonce (§8.2.1.1, appendix F.1).
    fn proofs(&self) -> Result<(Vec<String>, KeyRing), Error> {
        let endpoint = self
            .metadata
            .nonce_endpoint
            .as_ref()
            .ok_or(Error::IssuerMalformed)?;
        let nonce: NonceResponse = self
            .issuer
            .post_json(self.issuer.named(endpoint)?, &json!({}))?;
        let batch = self
            .metadata
            .batch_credential_issuance
            .as_ref()
            .map_or(1, |batch| batch.batch_size as usize)
            .clamp(1, BATCH);
        let mut proofs = Vec::with_capacity(batch);
        let mut keys = Vec::with_capacity(batch);
        for _ in 0..batch {
            let stored = StoredKey::generate(self.surroundings.rng)?;
            let key = stored.open()?;
            let proof = vci::proof::prepare(
                key.public_key(),
                &self.metadata.credential_issuer,
                &nonce.c_nonce,
                self.surroundings.clock.now(),
                None,
            );
            proofs.push(proof.sign(&key).map_err(|_| Error::Signing)?);
            keys.push((key.public_key().clone(), stored));
        }
        Ok((proofs, keys))
    }
}

/// Reads a credential response; encrypted exactly when that was asked for (§8.3).
fn open(answer: &HttpResponse, key: Option<&ResponseKey>) -> Result<CredentialResponse, Error> {
    let Some(key) = key else {
        return vci::read(&answer.body).map_err(|_| Error::IssuerMalformed);
    };
    if answer.content_type != "application/jwt" {
        return Err(Error::ResponseNotEncrypted);
    }
    let compact = std::str::from_utf8(&answer.body).map_err(|_| Error::ResponseUnreadable)?;
    let clear = key
        .pair
        .decrypt(compact.trim(), &[key.enc])
        .map_err(|_| Error::ResponseUnreadable)?;
    vci::read(&clear).map_err(|_| Error::ResponseUnreadable)
}

/// A key pair for one response (§10). Has no `Debug`.
struct ResponseKey {
    pair: DecryptionKey,
    enc: &'static str,
}

impl ResponseKey {
    /// A fresh key, when the issuer offers an algorithm pair the wallet knows; else `None`.
    fn offered(offered: &ResponseEncryptionMetadata) -> Result<Option<Self>, Error> {
        let known = offered.alg_values_supported.iter().any(|alg| alg == ALG);
        match best_enc(&offered.enc_values_supported) {
            Some(enc) if known => {
                let pair = DecryptionKey::generate("response").map_err(|_| Error::Randomness)?;
                Ok(Some(Self { pair, enc }))
            }
            _ => Ok(None),
        }
    }

    /// The `credential_response_encryption` member of the request.
    fn request_member(&self) -> Value {
        json!({"jwk": self.pair.public_jwk(), "enc": self.enc})
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn asks_only_for_what_the_issuer_offers() {
        let offered = |alg: &str, enc: &str| {
            ResponseKey::offered(&ResponseEncryptionMetadata {
                alg_values_supported: vec![alg.to_owned()],
                enc_values_supported: vec![enc.to_owned()],
                zip_values_supported: Vec::new(),
                encryption_required: true,
            })
            .unwrap()
        };
        assert!(offered("RSA-OAEP", "A256GCM").is_none());
        assert!(offered("ECDH-ES", "A128CBC-HS256").is_none());
        let key = offered("ECDH-ES", "A128GCM").unwrap();
        assert_eq!(key.request_member()["enc"], "A128GCM");
    }
}

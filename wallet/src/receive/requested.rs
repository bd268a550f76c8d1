//! A token, and what is asked for with it: proofs, credential requests, notifications.

use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::PublicKey;
use tessera_verifier::vci::token::Grant;
use tessera_verifier::vci::{
    self, AuthorizationDetail, CredentialConfiguration, CredentialOffer, NonceResponse,
    NotificationEvent, NotificationRequest, Proofs, Secret, TokenRequest, TokenResponse,
};
use zeroize::Zeroizing;

use super::encryption::{Encryption, open};
use super::session::{AccessToken, Session};
use super::{BATCH, known_keys};
use crate::client::Client;
use crate::error::Error;
use crate::issuer::read;
use crate::secret::StoredKey;
use crate::store::{Contents, DeferredIssuance, Renewal};
use crate::surroundings::Surroundings;

/// Largest credential response, in bytes: a batch of ten with room.
const MAX_RESPONSE: usize = 4 * 1024 * 1024;

/// Keys a request proved possession of, waiting for the credential bound to each.
pub type KeyRing = Vec<(PublicKey, StoredKey)>;

/// What an issuer answers a request for credentials with. Has no `Debug`.
pub enum Fetched {
    /// The credentials, unchecked, and the keys they may be bound to.
    Now(Received),
    /// Not yet.
    Deferred(Box<DeferredIssuance>),
}

/// Credentials as they came. Has no `Debug`.
pub struct Received {
    /// One for each proof, or fewer.
    pub credentials: Vec<Value>,
    /// The keys of the proofs.
    pub keys: KeyRing,
    /// For telling the issuer what became of them (§11).
    pub notification_id: Option<String>,
}

/// An authorization that has become an access token. Has no `Debug`.
pub struct Requested<'a> {
    session: Session<'a>,
    client_id: Option<String>,
    token: AccessToken,
    refresh_token: Option<Secret>,
    granted: Vec<AuthorizationDetail>,
    configurations: Vec<String>,
}

impl<'a> Requested<'a> {
    /// Exchanges the pre-authorized code of an offer (and the transaction code) for a token.
    ///
    /// # Errors
    /// [`Error::TxCodeNeeded`], [`Error::OfferInvalid`] without the grant, [`Error::AttestationNeeded`],
    /// [`Error::IssuerMalformed`], [`Error::IssuerRefused`], network errors.
    pub fn begin(
        contents: &Contents,
        surroundings: Surroundings<'a>,
        client: Client<'a>,
        offer: &CredentialOffer,
        tx_code: Option<&Secret>,
    ) -> Result<Self, Error> {
        let grant = offer
            .grants
            .pre_authorized_code
            .as_ref()
            .ok_or(Error::OfferInvalid)?;
        if grant.tx_code.is_some() && tx_code.is_none() {
            return Err(Error::TxCodeNeeded);
        }
        let session = Session::discover(
            surroundings,
            client,
            (
                &offer.credential_issuer,
                grant.authorization_server.as_deref(),
            ),
            &known_keys(contents, &offer.credential_issuer),
            StoredKey::generate(surroundings.rng)?,
        )?;
        let configurations = super::supported(&session.metadata, offer)?;
        let request = TokenRequest {
            grant: Grant::PreAuthorizedCode {
                code: grant.code.clone(),
                tx_code: tx_code.filter(|_| grant.tx_code.is_some()).cloned(),
            },
            client_id: session.client_id(true).map(str::to_owned),
            authorization_details: Vec::new(),
        };
        Self::with(session, &request, configurations)
    }

    /// Exchanges a refresh token of before for a token (RFC 6749 §6), to have the same again.
    ///
    /// # Errors
    /// As [`Self::begin`]; [`Error::NothingToRenew`] without a refresh token.
    pub fn refresh(
        contents: &Contents,
        surroundings: Surroundings<'a>,
        client: Client<'a>,
        issuer_url: &str,
        renewal: &Renewal,
    ) -> Result<Self, Error> {
        let refresh_token = renewal.refresh_token.clone().ok_or(Error::NothingToRenew)?;
        let session = again(contents, surroundings, client, issuer_url, renewal)?;
        let request = TokenRequest {
            grant: Grant::RefreshToken {
                refresh_token: refresh_token.clone(),
            },
            client_id: renewal.client_id.clone(),
            authorization_details: Vec::new(),
        };
        let mut requested = Self::with(session, &request, renewal.configurations.clone())?;
        // RFC 6749 §6: the old one stays good where no new one comes.
        requested.refresh_token.get_or_insert(refresh_token);
        Ok(requested)
    }

    /// Goes on with a token of before, to collect what was deferred or to say what became of it.
    ///
    /// # Errors
    /// [`Error::IssuerMalformed`], [`Error::IssuerRefused`], network errors.
    pub fn resume(
        contents: &Contents,
        surroundings: Surroundings<'a>,
        client: Client<'a>,
        issuer_url: &str,
        renewal: &Renewal,
    ) -> Result<Self, Error> {
        let session = again(contents, surroundings, client, issuer_url, renewal)?;
        Ok(Self {
            session,
            client_id: renewal.client_id.clone(),
            token: AccessToken {
                token: renewal.access_token.clone(),
                bound: renewal.bound,
            },
            refresh_token: renewal.refresh_token.clone(),
            granted: Vec::new(),
            configurations: renewal.configurations.clone(),
        })
    }

    /// Asks for a token (§6).
    pub(super) fn with(
        session: Session<'a>,
        request: &TokenRequest,
        configurations: Vec<String>,
    ) -> Result<Self, Error> {
        let answer = session.post_form(&session.server.token_endpoint, &request.to_form())?;
        let token: TokenResponse = read(&answer)?;
        let is = |kind: &str| token.token_type.eq_ignore_ascii_case(kind);
        // RFC 9449 §5: a server may answer with a token that is not bound; HAIP 1.0 §4 does not let it.
        let bound = is("DPoP") && session.binds();
        if !bound && (!is("Bearer") || session.client.haip) {
            return Err(Error::IssuerMalformed);
        }
        Ok(Self {
            client_id: request.client_id.clone(),
            session,
            token: AccessToken {
                token: token.access_token,
                bound,
            },
            refresh_token: token.refresh_token,
            granted: token.authorization_details,
            configurations,
        })
    }

    /// The issuer's identifier, as it writes it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.session.metadata.credential_issuer
    }

    /// The refresh token, as the last answer left it.
    pub(crate) fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    /// The configurations that were offered and are in the issuer's metadata.
    #[must_use]
    pub fn configurations(&self) -> &[String] {
        &self.configurations
    }

    /// What the issuer says of a configuration.
    ///
    /// # Errors
    /// [`Error::IssuerMalformed`].
    pub fn configuration(&self, id: &str) -> Result<&CredentialConfiguration, Error> {
        self.session
            .metadata
            .credential_configurations_supported
            .get(id)
            .ok_or(Error::IssuerMalformed)
    }

    /// What to keep of this issuance, to renew it and to say what became of it.
    #[must_use]
    pub fn renewal(&self, notifications: Vec<String>) -> Renewal {
        Renewal {
            credential_issuer: self.session.metadata.credential_issuer.clone(),
            authorization_server: (self.session.server.issuer
                != self.session.metadata.credential_issuer)
                .then(|| self.session.server.issuer.clone()),
            client_id: self.client_id.clone(),
            configurations: self.configurations.clone(),
            key: self.session.stored.duplicate(),
            access_token: self.token.token.clone(),
            bound: self.token.bound,
            refresh_token: self.refresh_token.clone(),
            notifications,
        }
    }

    /// Asks for a batch of one configuration, each credential to a fresh key. What comes back is not checked yet.
    ///
    /// # Errors
    /// [`Error::ProofUnsupported`], [`Error::AttestationNeeded`], [`Error::IssuerMalformed`], [`Error::IssuerRefused`],
    /// [`Error::ResponseNotEncrypted`], [`Error::ResponseUnreadable`], network errors.
    pub fn fetch(&self, id: &str) -> Result<Fetched, Error> {
        let configuration = self.configuration(id)?;
        let mut last = false;
        loop {
            let (proofs, keys) = self.proofs(configuration)?;
            let mut body = json!({"proofs": proofs});
            // §8.2: by the name the token response gave it, where it gave one.
            let named = self
                .granted
                .iter()
                .find(|detail| detail.credential_configuration_id == id)
                .and_then(|detail| detail.credential_identifiers.first());
            match named {
                Some(name) => body["credential_identifier"] = json!(name),
                None => body["credential_configuration_id"] = json!(id),
            }
            match self.ask(&self.session.metadata.credential_endpoint, body, id, keys) {
                // §8.3.1.2: a nonce may have gone stale; a fresh one is tried once.
                Err(Error::IssuerRefused { code, .. })
                    if !last && matches!(code.as_str(), "invalid_nonce" | "nonce_mismatch") =>
                {
                    last = true;
                }
                outcome => return outcome,
            }
        }
    }

    /// Asks again for what was deferred (§9.1).
    ///
    /// # Errors
    /// As [`Self::fetch`]; [`Error::StoreDamaged`] where the wallet remembers it wrongly.
    pub fn collect(&self, deferred: DeferredIssuance) -> Result<Fetched, Error> {
        let keys = deferred
            .keys
            .into_iter()
            .map(|stored| Ok((stored.open()?.public_key().clone(), stored)))
            .collect::<Result<KeyRing, Error>>()?;
        let endpoint = self
            .session
            .metadata
            .deferred_credential_endpoint
            .as_ref()
            .ok_or(Error::IssuerMalformed)?;
        let body = json!({"transaction_id": deferred.transaction_id.expose()});
        self.ask(endpoint, body, &deferred.configuration, keys)
    }

    /// Says what became of credentials (§11). Where the issuer has no endpoint for it, nothing is said.
    ///
    /// # Errors
    /// [`Error::IssuerRefused`], network errors.
    pub fn notify(&self, id: &str, event: NotificationEvent) -> Result<bool, Error> {
        let Some(endpoint) = &self.session.metadata.notification_endpoint else {
            return Ok(false);
        };
        let body = json!(NotificationRequest {
            notification_id: id.to_owned(),
            event,
            event_description: None,
        })
        .to_string();
        self.session
            .post_authorized(
                endpoint,
                ("application/json", body.as_bytes()),
                &self.token,
                64 * 1024,
            )
            .map(|_| true)
    }

    /// Sends a request for credentials; encrypted both ways where the issuer offers it.
    fn ask(
        &self,
        endpoint: &str,
        mut body: Value,
        configuration: &str,
        keys: KeyRing,
    ) -> Result<Fetched, Error> {
        let encryption = Encryption::of(&self.session.metadata)?;
        let sent = match &encryption {
            Some(encryption) => {
                if let Some(member) = encryption.response_member() {
                    body["credential_response_encryption"] = member;
                }
                let clear = Zeroizing::new(body.to_string());
                ("application/jwt", encryption.seal(clear.as_bytes())?)
            }
            None => ("application/json", body.to_string()),
        };
        let answer = self.session.post_authorized(
            endpoint,
            (sent.0, sent.1.as_bytes()),
            &self.token,
            MAX_RESPONSE,
        )?;
        let response = open(&answer, encryption.as_ref())?;
        if let Some(transaction_id) = response.transaction_id {
            // §8.3: either credentials or a transaction.
            if !response.credentials.is_empty() {
                return Err(Error::CredentialNotAsAsked);
            }
            return Ok(Fetched::Deferred(Box::new(DeferredIssuance {
                issuer_url: self.session.issuer.identifier().to_owned(),
                access_token: self.token.token.clone(),
                transaction_id,
                configuration: configuration.to_owned(),
                keys: keys.into_iter().map(|(_, stored)| stored).collect(),
                set: None,
                renewal: Some(self.renewal(Vec::new())),
            })));
        }
        // §8.3: never more credentials than keys; fewer are allowed.
        if response.credentials.is_empty() || response.credentials.len() > keys.len() {
            return Err(Error::CredentialNotAsAsked);
        }
        Ok(Fetched::Now(Received {
            credentials: response
                .credentials
                .into_iter()
                .map(|issued| issued.credential)
                .collect(),
            keys,
            notification_id: response.notification_id,
        }))
    }

    /// Proofs for a batch of fresh keys over one nonce (§8.2.1, appendix F), of a kind the configuration takes.
    fn proofs(&self, configuration: &CredentialConfiguration) -> Result<(Proofs, KeyRing), Error> {
        let nonce = match &self.session.metadata.nonce_endpoint {
            Some(endpoint) => {
                let answer: NonceResponse = read(&self.session.post_plain(endpoint)?)?;
                Some(answer.c_nonce)
            }
            None => None,
        };
        let batch = self
            .session
            .metadata
            .batch_credential_issuance
            .as_ref()
            .map_or(1, |batch| batch.batch_size as usize)
            .clamp(1, BATCH);
        let mut keys = KeyRing::with_capacity(batch);
        for _ in 0..batch {
            let stored = StoredKey::generate(self.session.surroundings.rng)?;
            keys.push((stored.open()?.public_key().clone(), stored));
        }
        let kinds = &configuration.proof_types_supported;
        let usable = |kind: &str| {
            kinds.get(kind).filter(|kind| {
                let algs = &kind.proof_signing_alg_values_supported;
                algs.is_empty() || algs.iter().any(|alg| alg == "ES256")
            })
        };
        let attested =
            |kind: &str| usable(kind).is_some_and(|k| k.key_attestations_required.is_some());
        let proofs = if kinds.is_empty() || (usable("jwt").is_some() && !attested("jwt")) {
            Proofs::Jwt(self.signed(&keys, nonce.as_deref(), false)?)
        } else if usable("attestation").is_some() {
            let public: Vec<PublicKey> = keys.iter().map(|(public, _)| public.clone()).collect();
            Proofs::Attestation(vec![self.attestation(&public, nonce.as_deref())?])
        } else if usable("jwt").is_some() {
            Proofs::Jwt(self.signed(&keys, nonce.as_deref(), true)?)
        } else {
            return Err(Error::ProofUnsupported);
        };
        Ok((proofs, keys))
    }

    fn attestation(&self, keys: &[PublicKey], nonce: Option<&str>) -> Result<String, Error> {
        let now = self.session.surroundings.clock.now();
        self.session
            .client
            .attester
            .ok_or(Error::AttestationNeeded)?
            .attest_keys(keys, nonce, now)
    }

    /// One `jwt` proof for each key (appendix F.1); `attested` adds an attestation of that key to each.
    fn signed(
        &self,
        keys: &KeyRing,
        nonce: Option<&str>,
        attested: bool,
    ) -> Result<Vec<String>, Error> {
        let audience = &self.session.metadata.credential_issuer;
        let now = self.session.surroundings.clock.now();
        keys.iter()
            .map(|(public, stored)| {
                let unsigned = match (attested, nonce) {
                    (true, nonce) => {
                        let attestation = self.attestation(std::slice::from_ref(public), nonce)?;
                        vci::proof::prepare_attested(
                            public,
                            audience,
                            nonce.unwrap_or_default(),
                            now,
                            &attestation,
                        )
                    }
                    (false, nonce) => vci::proof::prepare(
                        public,
                        audience,
                        nonce.unwrap_or_default(),
                        now,
                        self.client_id.as_deref(),
                    ),
                };
                unsigned.sign(&stored.open()?).map_err(|_| Error::Signing)
            })
            .collect()
    }
}

/// The session of an issuance of before, with its key.
fn again<'a>(
    contents: &Contents,
    surroundings: Surroundings<'a>,
    client: Client<'a>,
    issuer_url: &str,
    renewal: &Renewal,
) -> Result<Session<'a>, Error> {
    Session::discover(
        surroundings,
        client,
        (
            &renewal.credential_issuer,
            renewal.authorization_server.as_deref(),
        ),
        &known_keys(contents, issuer_url),
        renewal.key.duplicate(),
    )
}

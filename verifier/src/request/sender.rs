//! Who sent a request, and where an error that answers it may go (OpenID4VP 1.0 §8.5).
//!
//! A request whose query or transaction data are wrong still has a sender. Only what an error needs is read of it: the
//! client, its signature, and the way back.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::client::{ClientId, ClientIdPrefix};
use super::metadata::ClientMetadata;
use super::read::{self, ALGORITHMS, Came, LIMITS, invalid};
use super::trust::{AuthenticatedName, AuthenticatedRequest, Trust, Unregistered};
use super::{Request, ResponseEncryption, ResponseMode, authenticate, dc_api, one_in_time};
use crate::catalogue::LocalizedText;
use crate::dcql::Query;
use crate::error::Error;
use crate::jws;
use crate::time::Timestamp;

/// Who sent a request, as far as an error must know: authenticated, and with a way back.
///
/// There is none for an unsigned request that names an address to post to: whoever wrote the link chose the address.
#[derive(Debug, Clone)]
pub struct Sender {
    name: AuthenticatedName,
    registered_name: Option<LocalizedText>,
    client_id: String,
    mode: ResponseMode,
    response_uri: Option<String>,
    state: Option<String>,
    wallet_nonce: Option<String>,
    encryption: Option<ResponseEncryption>,
}

impl Sender {
    /// The sender of a signed request that cannot be taken, whatever else is wrong with it: its signature holds, its answer
    /// would be posted, and it is registered or strangers are put before the holder.
    ///
    /// # Errors
    /// `malformed`, `too_large`, `unsupported_algorithm`, `request_invalid`, `request_expired`, `requester_unregistered`:
    /// then nobody may be told anything.
    pub fn of_signed(compact: &str, trust: &Trust<'_>, now: Timestamp) -> Result<Self, Error> {
        let jws = jws::parse_with(compact, LIMITS, ALGORITHMS)?;
        let payload = jws
            .payload_unverified()
            .as_object()
            .ok_or(invalid("no object"))?;
        let client = read::text(payload, "client_id")?.ok_or(invalid("no client id"))?;
        let client = ClientId::parse(client)?;
        read::check_signedness(Came::Signed, client.prefix)?;
        let mode = read::mode(Came::Signed, payload)?;
        if !mode.is_direct_post() {
            return Err(invalid("response mode"));
        }
        let (issued_at, expires) = read::times(Came::Signed, payload, false)?;
        let infos = read::infos(payload).unwrap_or_default();
        let metadata = ClientMetadata::read(payload.get("client_metadata")).unwrap_or_default();
        // What is not read asks for nothing.
        let request = Request {
            audience: client.as_str().to_owned(),
            response_uri: read::response_uri(mode, &client, payload)?,
            state: read::state(payload)?,
            wallet_nonce: read::text(payload, "wallet_nonce")?.map(str::to_owned),
            registrations: read::registrations(infos).unwrap_or_default(),
            query: Query {
                credentials: Vec::new(),
                credential_sets: Vec::new(),
            },
            nonce: String::new(),
            expected_origins: Vec::new(),
            service: None,
            transaction_data: Vec::new(),
            client,
            mode,
            metadata,
            issued_at,
            expires,
        };
        one_in_time(&request, now)?;
        let (key, name) = authenticate::signer(&jws, &request, trust, now)?;
        authenticate::check_signature(jws, &key)?;
        let registered_name = authenticate::registered_name(&request, trust, now);
        if registered_name.is_none() && trust.unregistered == Unregistered::Refuse {
            return Err(Error::RequesterUnregistered {
                why: "not in the bundle",
            });
        }
        Ok(Self::of(&request, name, registered_name))
    }

    /// The page that a request of the Digital Credentials API came from: the platform has authenticated its origin and
    /// takes the error back to it.
    ///
    /// # Errors
    /// `request_invalid` for what is no origin.
    pub fn of_origin(origin: &str) -> Result<Self, Error> {
        dc_api::check_origin(origin)?;
        Ok(Self {
            name: AuthenticatedName::Origin(origin.to_owned()),
            registered_name: None,
            client_id: ClientId::origin(origin).as_str().to_owned(),
            mode: ResponseMode::DcApi,
            response_uri: None,
            state: None,
            wallet_nonce: None,
            encryption: None,
        })
    }

    fn of(
        request: &Request,
        name: AuthenticatedName,
        registered_name: Option<LocalizedText>,
    ) -> Self {
        Self {
            name,
            registered_name,
            client_id: request.client_id().to_owned(),
            mode: request.mode,
            response_uri: request.response_uri.clone(),
            state: request.state.clone(),
            wallet_nonce: request.wallet_nonce.clone(),
            encryption: request.metadata.encryption.clone(),
        }
    }

    /// The name that was authenticated.
    #[must_use]
    pub fn name(&self) -> &AuthenticatedName {
        &self.name
    }

    /// The name that an authority registered.
    #[must_use]
    pub fn registered_name(&self) -> Option<&LocalizedText> {
        self.registered_name.as_ref()
    }

    /// The client identifier with its prefix.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// How the answer was to go back.
    #[must_use]
    pub fn response_mode(&self) -> ResponseMode {
        self.mode
    }

    /// Where an error is posted; none where the platform takes it back.
    #[must_use]
    pub fn response_uri(&self) -> Option<&str> {
        self.response_uri.as_deref()
    }

    /// `state`, which goes back with the error.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// `wallet_nonce` of the request (§5.10).
    #[must_use]
    pub fn wallet_nonce(&self) -> Option<&str> {
        self.wallet_nonce.as_deref()
    }

    /// To whom the error is encrypted, where the request offers a key that can be used.
    #[must_use]
    pub fn encryption(&self) -> Option<&ResponseEncryption> {
        self.encryption.as_ref()
    }
}

impl AuthenticatedRequest {
    /// Where an error that answers this request may go; none where the way back is not authenticated, or is the holder's
    /// own hand.
    #[must_use]
    pub fn sender(&self) -> Option<Sender> {
        let request = self.request();
        let known = !matches!(self.name(), AuthenticatedName::ResponseUri(_))
            && request.client_id_prefix() != ClientIdPrefix::RedirectUri;
        (known && request.mode != ResponseMode::Local).then(|| {
            let registered = self.registered_name().cloned();
            Sender::of(request, self.name().clone(), registered)
        })
    }
}

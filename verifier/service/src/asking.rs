//! Starting a request: from what the back end wants to a signed request object, a link and a QR code.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::Request;
use tessera_verifier::catalogue::{Catalogue, Service};
use tessera_verifier::claims::Format;
use tessera_verifier::encoding::base64url;
use tessera_verifier::request::{DcApiProtocol, RequestBuilder};
use url::Url;
use utoipa::ToSchema;

use crate::config::{BackEnd, Profile};
use crate::environment::token;
use crate::failure::{Code, Failure};
use crate::requests::{Asked, Flow};
use crate::server::Server;

/// The most transaction data of one request.
const MAX_TRANSACTIONS: usize = 4;
/// The most bytes of one, encoded.
const MAX_TRANSACTION_BYTES: usize = 4096;
/// Members of transaction data that this server writes itself (OpenID4VP 1.0 §5.1, appendix B.3.3).
const OWN_MEMBERS: [&str; 2] = ["credential_ids", "transaction_data_hashes_alg"];

/// What a back end wants.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// A service of the catalogue.
    pub service: String,
    /// How wallet and relying party meet.
    pub flow: WantedFlow,
    /// Same-device: where the holder's browser is sent afterwards, with `response_code` in the query.
    #[serde(default)]
    pub return_url: Option<String>,
    /// Digital Credentials API: the origin of the page.
    #[serde(default)]
    pub origin: Option<String>,
    /// What the holder is to confirm with the presentation: objects with a `type` and what belongs to it.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub transaction_data: Vec<Map<String, Value>>,
}

/// How wallet and relying party meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedFlow {
    /// By a QR code on another device.
    CrossDevice,
    /// By a link on the same device.
    SameDevice,
    /// By the browser's Digital Credentials API.
    DcApi,
}

impl Server {
    /// Makes, signs and keeps a request.
    ///
    /// # Errors
    /// `service_not_offered`, `flow_not_offered`, `address_not_configured`, `transaction_data_invalid`,
    /// `bundle_unavailable`, `busy`, `internal`.
    pub fn ask(&self, back_end: usize, wanted: Wanted) -> Result<Started, Failure> {
        let now = self.clock.now();
        // Without a bundle no answer could be decided: better told before the holder is asked.
        self.bundles.current(now)?;
        let party = self
            .config
            .back_ends
            .get(back_end)
            .ok_or(Code::Unauthorized)?;
        let service = self.offered(party, &wanted.service)?;
        let flow = flow(party, &wanted)?;
        let posted = !matches!(flow, Flow::DigitalCredentialsApi { .. });
        let fresh = || token(&*self.entropy);
        let key = match self.config.requests.encrypted {
            true => Some(
                DecryptionKey::generate("response").map_err(|error| Failure::internal(&error))?,
            ),
            false => None,
        };
        let asked = Asked {
            id: fresh(),
            back_end,
            service,
            created: now,
            expires: now.add_seconds(self.config.requests.seconds),
            nonce: fresh(),
            state: posted.then(fresh),
            request_handle: fresh(),
            response_handle: fresh(),
            page_handle: (flow == Flow::CrossDevice).then(fresh),
            flow,
            transaction_data: encode(wanted.transaction_data)?,
            key,
        };
        let made = self.made(&asked, None)?;
        // What we send must be what a wallet will take.
        let request = made.read_back(&asked).map_err(|error| {
            tracing::error!(code = error.code(), "the request made is not a valid one");
            match asked.transaction_data.is_empty() {
                true => Failure::from(Code::Internal),
                false => Code::TransactionDataInvalid.into(),
            }
        })?;
        let started = self.started(&asked, made.clone(), request.client_id());
        let object = match &made {
            Made::Object(object) => object,
            // Nobody is told of a request URI.
            _ => "",
        };
        self.requests.open(asked, object, request)?;
        Ok(started)
    }

    /// The signed request object; one that answers a wallet's nonce is made for that call (OpenID4VP 1.0 §5.10).
    ///
    /// # Errors
    /// `not_found` where requests are not fetched; `internal`.
    pub fn object(&self, asked: &Asked, wallet_nonce: Option<&str>) -> Result<String, Failure> {
        match self.made(asked, wallet_nonce)? {
            Made::Object(object) => Ok(object),
            _ => Err(Code::NotFound.into()),
        }
    }

    /// How requests of the Digital Credentials API are made (appendix A.1).
    #[must_use]
    pub fn dc_api_protocol(&self) -> DcApiProtocol {
        match (self.identity.signs(), self.identity.several()) {
            (false, _) => DcApiProtocol::Unsigned,
            (true, []) => DcApiProtocol::Signed,
            (true, _) => DcApiProtocol::MultiSigned,
        }
    }

    fn made(&self, asked: &Asked, wallet_nonce: Option<&str>) -> Result<Made, Failure> {
        let in_link = !self.identity.signs() && asked.state.is_some();
        let response_uri = format!("{}/response/{}", self.url, asked.response_handle);
        // HAIP 1.0 has no Data Integrity credentials, and only SD-JWT VCs confirm transactions.
        let formats: &[Format] = match self.config.profile {
            Profile::Standard if asked.transaction_data.is_empty() && !in_link => &Format::ALL,
            // Where all of the request stands in the link, it must fit into a QR code.
            _ => &[Format::SdJwt],
        };
        let builder = RequestBuilder::for_service(asked.service)
            .nonce(&asked.nonce)
            .state(asked.state.as_deref())
            .formats(formats)
            .encrypted_to(asked.key.as_ref().map(DecryptionKey::public_jwk))
            .wallet_nonce(wallet_nonce)
            .transaction_data(asked.transaction_data.clone())
            .issued_at(asked.created)
            .expires(asked.expires);
        let builder = match &asked.flow {
            Flow::DigitalCredentialsApi { origin } => builder.origins(&[origin]),
            _ => builder.response_uri(Some(&response_uri)),
        };
        let told = self.config.services.get(&asked.service.id);
        let builder = match told.is_some_and(|told| told.multiple) {
            true => builder.multiple(),
            false => builder,
        };
        let builder = self.identity.ask(builder);
        let internal = |error: tessera_verifier::Error| Failure::internal(&error);
        if !self.identity.signs() {
            return builder
                .build_unsigned()
                .map(Made::Parameters)
                .map_err(internal);
        }
        let (several, signer) = (self.identity.several(), self.identity.signer());
        if !several.is_empty() && asked.state.is_none() {
            let unsigned = builder.build_multi_signed(several).map_err(internal)?;
            let signers = vec![signer; several.len()];
            return unsigned
                .sign(&signers)
                .map(Made::Several)
                .map_err(|error| Failure::internal(&error));
        }
        builder
            .build()
            .map_err(internal)?
            .sign(signer)
            .map(Made::Object)
            .map_err(|error| Failure::internal(&error))
    }

    fn offered(&self, party: &BackEnd, id: &str) -> Result<&'static Service, Failure> {
        let allowed = party.services.is_empty() || party.services.iter().any(|one| one == id);
        match self.config.services.contains_key(id) && allowed {
            true => Catalogue::builtin()
                .get(id)
                .ok_or(Code::ServiceNotOffered.into()),
            false => Err(Code::ServiceNotOffered.into()),
        }
    }

    fn started(&self, asked: &Asked, made: Made, client_id: &str) -> Started {
        let (link, digital) = match (&asked.flow, made) {
            (Flow::DigitalCredentialsApi { .. }, made) => {
                let protocol = self.dc_api_protocol().as_str();
                (
                    None,
                    Some(json!({"protocol": protocol, "data": made.data()})),
                )
            }
            (_, Made::Parameters(parameters)) => (Some(self.link_by_value(&parameters)), None),
            _ => (Some(self.link_by_reference(asked, client_id)), None),
        };
        Started {
            id: asked.id.clone(),
            expires: asked.expires,
            cross_device: asked.flow == Flow::CrossDevice,
            page: asked
                .page_handle
                .as_ref()
                .map(|page| format!("{}/page/{page}", self.url)),
            link,
            digital,
        }
    }

    /// §5.10: a wallet that knows `post` sends a nonce with it; any other fetches.
    fn link_by_reference(&self, asked: &Asked, client_id: &str) -> String {
        let request_uri = format!("{}/request/{}", self.url, asked.request_handle);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", client_id)
            .append_pair("request_uri", &request_uri)
            .append_pair("request_uri_method", "post")
            .finish();
        format!("{}://?{query}", self.config.requests.link_scheme)
    }

    /// §5.4: objects and arrays as JSON texts.
    fn link_by_value(&self, parameters: &Map<String, Value>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in parameters {
            match value {
                Value::String(text) => query.append_pair(name, text),
                other => query.append_pair(name, &other.to_string()),
            };
        }
        format!("{}://?{}", self.config.requests.link_scheme, query.finish())
    }

    /// The link of a request that is open, for its page.
    #[must_use]
    pub fn link(&self, asked: &Asked, client_id: &str) -> Option<String> {
        match self.identity.signs() {
            true => Some(self.link_by_reference(asked, client_id)),
            false => match self.made(asked, None) {
                Ok(Made::Parameters(parameters)) => Some(self.link_by_value(&parameters)),
                _ => None,
            },
        }
    }
}

/// A request in one of its forms.
#[derive(Clone)]
enum Made {
    /// A request object in the compact serialization.
    Object(String),
    /// One in the JWS JSON serialization, with several signatures.
    Several(Value),
    /// The parameters of a request that nobody signs.
    Parameters(Map<String, Value>),
}

impl Made {
    /// What answers are held against.
    fn read_back(&self, asked: &Asked) -> Result<Request, tessera_verifier::Error> {
        let origin = match &asked.flow {
            Flow::DigitalCredentialsApi { origin } => Some(origin.as_str()),
            _ => None,
        };
        match self {
            Self::Object(object) => Request::for_own(object),
            Self::Several(jws) => Request::for_own_multi_signed(jws, origin.unwrap_or_default()),
            Self::Parameters(parameters) => {
                Request::for_own_unsigned(parameters, origin, (asked.created, asked.expires))
            }
        }
    }

    /// `data` for the Digital Credentials API (appendix A.3).
    fn data(self) -> Value {
        match self {
            Self::Object(object) => json!({"request": object}),
            Self::Several(jws) => json!({"request": jws}),
            Self::Parameters(parameters) => Value::Object(parameters),
        }
    }
}

/// A request that was started.
#[derive(Debug)]
pub struct Started {
    /// Its name for the back end.
    pub id: String,
    /// Until when it can be answered.
    pub expires: tessera_verifier::Timestamp,
    /// Whether the link is to be shown as a QR code.
    pub cross_device: bool,
    /// The page that shows it; cross-device only.
    pub page: Option<String>,
    /// The link for the wallet.
    pub link: Option<String>,
    /// For the Digital Credentials API: `protocol` and `data`.
    pub digital: Option<Value>,
}

fn flow(party: &BackEnd, wanted: &Wanted) -> Result<Flow, Failure> {
    let needless = |why| Err(Failure::with(Code::FlowNotOffered, why));
    match (wanted.flow, &wanted.return_url, &wanted.origin) {
        (WantedFlow::CrossDevice, None, None) => Ok(Flow::CrossDevice),
        (WantedFlow::SameDevice, Some(url), None) => {
            // Compared as text: an address that merely begins alike could be somebody else's page.
            match party.return_urls.contains(url) && Url::parse(url).is_ok() {
                true => Ok(Flow::SameDevice {
                    return_url: url.clone(),
                }),
                false => Err(Code::AddressNotConfigured.into()),
            }
        }
        (WantedFlow::DcApi, None, Some(origin)) => match party.origins.contains(origin) {
            true => Ok(Flow::DigitalCredentialsApi {
                origin: origin.clone(),
            }),
            false => Err(Code::AddressNotConfigured.into()),
        },
        (WantedFlow::SameDevice, None, _) => needless("same_device needs return_url"),
        (WantedFlow::DcApi, _, None) => needless("dc_api needs origin"),
        _ => needless("return_url is for same_device and origin for dc_api"),
    }
}

/// Transaction data as it travels: base64url of JSON (§5.1), for the SD-JWT VC of the query.
fn encode(transactions: Vec<Map<String, Value>>) -> Result<Vec<String>, Failure> {
    let refused = |why| Failure::with(Code::TransactionDataInvalid, why);
    if transactions.len() > MAX_TRANSACTIONS {
        return Err(refused("too many"));
    }
    transactions
        .into_iter()
        .map(|mut one| {
            if !one.get("type").is_some_and(Value::is_string) {
                return Err(refused("a type is missing"));
            }
            if OWN_MEMBERS.iter().any(|own| one.contains_key(*own)) {
                return Err(refused("a member that the server writes itself"));
            }
            one.insert("credential_ids".to_owned(), Value::from(vec!["sd_jwt"]));
            one.insert(
                "transaction_data_hashes_alg".to_owned(),
                Value::from(vec!["sha-256"]),
            );
            let encoded = base64url(Value::Object(one).to_string().as_bytes());
            match encoded.len() <= MAX_TRANSACTION_BYTES {
                true => Ok(encoded),
                false => Err(refused("too large")),
            }
        })
        .collect()
}

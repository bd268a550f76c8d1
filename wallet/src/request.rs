//! Finding a request in any of its forms, and who it is from.
//!
//! | form | from |
//! |---|---|
//! | signed, by hand or in a link | [`RequestObject::from_text`], [`RequestObject::from_link`] |
//! | signed, by reference (GET, or POST with a nonce) | [`RequestObject::from_link`] |
//! | unsigned, in the link itself | [`RequestObject::from_link`] |
//! | over the Digital Credentials API | [`RequestObject::from_dc_api`] |

mod authenticated;
mod fetch;

use aws_lc_rs::rand::SecureRandom;
use tessera_verifier::did::Documents;
use tessera_verifier::encoding::base64url;
use tessera_verifier::request::{
    DcApiProtocol, Request, Sender, Trust, UnauthenticatedRequest, Unregistered,
};
use tessera_verifier::time::Timestamp;
use tessera_verifier::x509::TrustAnchor;
use url::Url;

pub use authenticated::AuthenticatedRequest;

use crate::error::Error;
use crate::reach::Reach;
use crate::receive::is_offer_link;
use crate::surroundings::Surroundings;
use crate::trust::KnownIssuer;

/// Largest request, in bytes.
pub const MAX_REQUEST: usize = 64 * 1024;
/// Most parameters of a link.
const MAX_PARAMETERS: usize = 32;

/// A request, not authenticated yet.
#[derive(Debug)]
pub struct RequestObject {
    form: Form,
    /// `client_id` of the link that led here; the request object must name the same (OpenID4VP 1.0 §5, RFC 9101
    /// §5).
    expected_client_id: Option<String>,
    /// What was sent with a POST for the request; it must come back (§5.10).
    wallet_nonce: Option<String>,
    /// The link asked for a way of fetching the request that there is not (§5.10).
    odd_method: bool,
}

#[derive(Debug)]
enum Form {
    /// A signed request object; whether it was fetched from a request URI.
    Signed { compact: String, by_reference: bool },
    /// The parameters of a link.
    Parameters(Vec<(String, String)>),
    /// Of the Digital Credentials API.
    DcApi {
        protocol: DcApiProtocol,
        data: Vec<u8>,
        origin: String,
    },
}

/// Whom the wallet listens to besides the relying parties that its issuers register. All of it is the holder's choice.
#[derive(Default)]
pub struct Acceptance {
    /// Whether requesters that nobody registered are put before the holder, or refused.
    pub unregistered: Unregistered,
    /// Authorities of requesters' certificates.
    pub anchors: Vec<TrustAnchor>,
    /// Documents of requesters' DIDs (did:web), which the holder vouches for.
    pub documents: Documents,
    /// DIDs whose verifier attestations are believed.
    pub attesters: Vec<String>,
    /// Whether requests must keep to HAIP 1.0.
    pub haip: bool,
}

impl RequestObject {
    fn new(form: Form) -> Self {
        Self {
            form,
            expected_client_id: None,
            wallet_nonce: None,
            odd_method: false,
        }
    }

    /// A request object as text (compact JWS).
    ///
    /// # Errors
    /// [`Error::RequestUnreadable`] when it is longer than [`MAX_REQUEST`].
    pub fn from_text(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_REQUEST {
            return Err(Error::RequestUnreadable);
        }
        Ok(Self::new(Form::Signed {
            compact: text.trim().to_owned(),
            by_reference: false,
        }))
    }

    /// A request of the Digital Credentials API: `protocol` and `data` of one entry of its `requests`, from a page of
    /// `origin`, for which the platform vouches.
    ///
    /// # Errors
    /// [`Error::RequestUnreadable`] for a protocol that is not OpenID4VP's, or more than [`MAX_REQUEST`] bytes.
    pub fn from_dc_api(protocol: &str, data: &[u8], origin: &str) -> Result<Self, Error> {
        let protocol = DcApiProtocol::parse(protocol).ok_or(Error::RequestUnreadable)?;
        if data.len() > MAX_REQUEST {
            return Err(Error::RequestUnreadable);
        }
        Ok(Self::new(Form::DcApi {
            protocol,
            data: data.to_vec(),
            origin: origin.to_owned(),
        }))
    }

    /// Follows a link: `openid4vp://…` (with `request`, `request_uri` or the parameters themselves) or the https address
    /// of the request itself.
    ///
    /// # Errors
    /// [`Error::RequestUnreadable`], [`Error::LinkIsOffer`], network errors.
    pub fn from_link(
        surroundings: Surroundings<'_>,
        link: &str,
        reach: &Reach,
    ) -> Result<Self, Error> {
        if link.len() > 2 * MAX_REQUEST {
            return Err(Error::RequestUnreadable);
        }
        if is_offer_link(link) {
            return Err(Error::LinkIsOffer);
        }
        let url = Url::parse(link.trim()).map_err(|_| Error::RequestUnreadable)?;
        if matches!(url.scheme(), "http" | "https") {
            let compact = fetch::get(surroundings, url, reach)?;
            return Ok(Self::new(Form::Signed {
                compact,
                by_reference: true,
            }));
        }
        if !is_wallet_scheme(url.scheme()) {
            return Err(Error::RequestUnreadable);
        }
        let parameters = parameters(&url)?;
        let parameter = |name: &str| {
            parameters
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
        };
        let client_id = parameter("client_id").ok_or(Error::RequestUnreadable)?;
        let method = parameter("request_uri_method");
        let mut object = match (parameter("request"), parameter("request_uri"), method) {
            (Some(request), None, None) => Self::from_text(request)?,
            (None, Some(at), method) => Self::by_reference(surroundings, at, method, reach)?,
            (None, None, None) if parameter("response_type").is_some() => {
                return Ok(Self::new(Form::Parameters(parameters)));
            }
            _ => return Err(Error::RequestUnreadable),
        };
        object.expected_client_id = Some(client_id.to_owned());
        Ok(object)
    }

    fn by_reference(
        surroundings: Surroundings<'_>,
        at: &str,
        method: Option<&str>,
        reach: &Reach,
    ) -> Result<Self, Error> {
        let at = Url::parse(at).map_err(|_| Error::RequestUnreadable)?;
        let (compact, wallet_nonce) = match method {
            Some("post") => {
                let nonce = fresh_nonce(surroundings.rng)?;
                let compact = fetch::post(surroundings, at, &nonce, reach)?;
                (compact, Some(nonce))
            }
            // By any other name the request is fetched only to learn who may be told (§8.5).
            _ => (fetch::get(surroundings, at, reach)?, None),
        };
        Ok(Self {
            wallet_nonce,
            odd_method: !matches!(method, None | Some("get" | "post")),
            ..Self::new(Form::Signed {
                compact,
                by_reference: true,
            })
        })
    }

    /// Whether this text is a link and not the name of a file.
    #[must_use]
    pub fn is_link(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| {
            let named = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
            !scheme.is_empty() && scheme.bytes().all(named)
        })
    }

    /// Whether it is a link that wallets are invoked by with a request.
    #[must_use]
    pub fn is_wallet_link(text: &str) -> bool {
        let scheme = text.trim().split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| is_wallet_scheme(&scheme.to_ascii_lowercase()))
    }

    /// Finds out who asks: the signature must be by the client id, the client must be registered in one of the
    /// bundles for what it asks, and it must not ask for more than that.
    ///
    /// # Errors
    /// [`Error::Check`] with `request_invalid`, `request_expired`, `requester_unregistered`, `over_asking` or
    /// another code of the verifier; [`Error::Transport`] when the answer would go to an address out of reach.
    pub fn authenticate(
        &self,
        known: &[KnownIssuer],
        now: Timestamp,
        reach: &Reach,
    ) -> Result<AuthenticatedRequest, Error> {
        self.authenticate_as(known, now, reach, &Acceptance::default())
    }

    /// Like [`authenticate`](Self::authenticate), where the holder accepts more than the registers do.
    ///
    /// A requester that some register knows is held to that register, whatever the holder accepts of strangers.
    ///
    /// # Errors
    /// Those of [`authenticate`](Self::authenticate); [`Error::RequestUriMethodUnknown`].
    pub fn authenticate_as(
        &self,
        known: &[KnownIssuer],
        now: Timestamp,
        reach: &Reach,
        acceptance: &Acceptance,
    ) -> Result<AuthenticatedRequest, Error> {
        if self.odd_method {
            return Err(Error::RequestUriMethodUnknown);
        }
        let asks = acceptance.unregistered == Unregistered::Ask;
        let mut refusal = Error::BundleMissing;
        for issuer in known {
            let trust = acceptance.trust(Some(issuer), Unregistered::Refuse);
            match self.read(now)?.authenticate_with(&trust, now) {
                Ok(request) => {
                    let request = AuthenticatedRequest::registered(request, issuer, known);
                    return self.checked(request, reach, acceptance);
                }
                // Another issuer may know the requester; any other refusal is the more telling one.
                Err(error) => {
                    let telling = !matches!(refusal, Error::Check(_))
                        || error.code() != "requester_unregistered";
                    if telling {
                        refusal = error.into();
                    }
                }
            }
        }
        if !asks {
            return Err(refusal);
        }
        let mut request = None;
        let mut bundles: Vec<Option<&KnownIssuer>> = known.iter().map(Some).collect();
        if bundles.is_empty() {
            bundles.push(None);
        }
        for issuer in bundles {
            let trust = acceptance.trust(issuer, Unregistered::Ask);
            request = Some(self.read(now)?.authenticate_with(&trust, now)?);
        }
        let request = request.ok_or(Error::BundleMissing)?;
        let request = AuthenticatedRequest::unregistered(request, known);
        self.checked(request, reach, acceptance)
    }

    /// Who sent a request that was refused, where an error may be told to them (OpenID4VP 1.0 §8.5): a client whose
    /// signature holds, whom a register knows or the holder accepts, and whose address is within reach; or the page that
    /// the platform vouches for. `None` for everybody else, and where the link or the fetch was not that client's.
    #[must_use]
    pub fn sender(
        &self,
        known: &[KnownIssuer],
        now: Timestamp,
        reach: &Reach,
        acceptance: &Acceptance,
    ) -> Option<Sender> {
        let compact = match &self.form {
            Form::Signed { compact, .. } => compact,
            Form::DcApi { origin, .. } => return Sender::of_origin(origin).ok(),
            Form::Parameters(_) => return None,
        };
        let mut bundles: Vec<Option<&KnownIssuer>> = known.iter().map(Some).collect();
        bundles.push(None);
        let sender = bundles.into_iter().find_map(|issuer| {
            let trust = acceptance.trust(issuer, acceptance.unregistered);
            Sender::of_signed(compact, &trust, now).ok()
        })?;
        let of_the_link = self
            .expected_client_id
            .as_ref()
            .is_none_or(|expected| expected == sender.client_id());
        let fresh =
            self.wallet_nonce.is_none() || self.wallet_nonce.as_deref() == sender.wallet_nonce();
        let within = sender
            .response_uri()
            .and_then(|address| Url::parse(address).ok())
            .is_some_and(|url| reach.check(&url).is_ok());
        (of_the_link && fresh && within).then_some(sender)
    }

    fn read(&self, now: Timestamp) -> Result<UnauthenticatedRequest, Error> {
        let request = match &self.form {
            Form::Signed { compact, .. } => Request::parse(compact, now),
            Form::Parameters(parameters) => {
                let pairs = parameters.iter();
                Request::from_parameters(pairs.map(|(a, b)| (a.as_str(), b.as_str())), now)
            }
            Form::DcApi {
                protocol,
                data,
                origin,
            } => Request::from_dc_api(*protocol, data, origin, now),
        };
        Ok(request?)
    }

    /// What the link, the fetch and the profile ask of a request, and whether its answer would stay within reach.
    fn checked(
        &self,
        authenticated: AuthenticatedRequest,
        reach: &Reach,
        acceptance: &Acceptance,
    ) -> Result<AuthenticatedRequest, Error> {
        let invalid = |why| {
            Err(Error::Check(tessera_verifier::Error::RequestInvalid {
                why,
            }))
        };
        let request = authenticated.request();
        if let Some(address) = request.response_uri() {
            let url = Url::parse(address).map_err(|_| Error::RequestUnreadable)?;
            reach.check(&url)?;
        }
        if let Some(expected) = &self.expected_client_id
            && expected != request.client_id()
        {
            return invalid("the link names another client");
        }
        if let Some(expected) = &self.wallet_nonce
            && request.wallet_nonce() != Some(expected)
        {
            return invalid("it does not repeat the wallet's nonce");
        }
        if acceptance.haip {
            request.check_haip()?;
            // HAIP §5.1: signed requests by reference, so that a QR code stays small and a request is made for one wallet.
            if matches!(
                self.form,
                Form::Parameters(_)
                    | Form::Signed {
                        by_reference: false,
                        ..
                    }
            ) {
                return invalid("HAIP asks for a request by reference");
            }
        }
        Ok(authenticated)
    }
}

impl Acceptance {
    fn trust<'a>(
        &'a self,
        issuer: Option<&'a KnownIssuer>,
        unregistered: Unregistered,
    ) -> Trust<'a> {
        Trust {
            bundle: issuer.map(|issuer| &issuer.bundle),
            anchors: &self.anchors,
            documents: Some(&self.documents),
            attesters: &self.attesters,
            unregistered,
        }
    }
}

/// What wallets are invoked by (OpenID4VP 1.0 §9); HAIP, ETSI TS 119 472-2, ISO/IEC 18013-7 and the EU's reference
/// implementation have a name each. Nothing is fetched by it.
fn is_wallet_scheme(scheme: &str) -> bool {
    const KNOWN: [&str; 5] = [
        "openid4vp",
        "haip-vp",
        "eu-eaap",
        "mdoc-openid4vp",
        "eudi-openid4vp",
    ];
    KNOWN.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The parameters of a link. One that is given twice has no meaning (RFC 6749 §3.1).
fn parameters(url: &Url) -> Result<Vec<(String, String)>, Error> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for (name, value) in url.query_pairs() {
        if parameters.len() == MAX_PARAMETERS || parameters.iter().any(|(known, _)| *known == name)
        {
            return Err(Error::RequestUnreadable);
        }
        parameters.push((name.into_owned(), value.into_owned()));
    }
    Ok(parameters)
}

/// 128 random bits.
fn fresh_nonce(rng: &dyn SecureRandom) -> Result<String, Error> {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(base64url(&bytes))
}

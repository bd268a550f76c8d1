//! Credential offers, by value and by reference (OpenID4VCI 1.0 §4.1).

use tessera_verifier::vci::offer::{AuthorizationCode, Grants};
use tessera_verifier::vci::{CredentialOffer, OfferLink};
use url::Url;

use crate::error::Error;
use crate::issuer::identifier;
use crate::reach::Reach;
use crate::request::RequestObject;
use crate::surroundings::Surroundings;
use crate::transport::HttpRequest;

/// Largest offer fetched, in bytes.
const MAX_OFFER: usize = 64 * 1024;
/// Longest name of a configuration that is asked for without an offer.
const MAX_NAME: usize = 256;

/// Reads a link that carries its offer by value (§4.1.2).
///
/// # Errors
/// [`Error::OfferInvalid`].
pub fn parse_offer(link: &str) -> Result<CredentialOffer, Error> {
    match OfferLink::from_uri(link.trim()) {
        Ok(OfferLink::ByValue(offer)) => checked(offer),
        _ => Err(Error::OfferInvalid),
    }
}

/// Reads a link that carries its offer by value or says where it is (§4.1.3). Where it is must be within reach, and what is
/// there is at most 64 KiB of JSON.
///
/// # Errors
/// [`Error::OfferInvalid`], [`Error::LinkIsRequest`], network errors.
pub fn read_offer(
    surroundings: Surroundings<'_>,
    link: &str,
    reach: &Reach,
) -> Result<CredentialOffer, Error> {
    if RequestObject::is_wallet_link(link) {
        return Err(Error::LinkIsRequest);
    }
    let address = match OfferLink::from_uri(link.trim()).map_err(|_| Error::OfferInvalid)? {
        OfferLink::ByValue(offer) => return checked(offer),
        OfferLink::ByReference(address) => address,
        _ => return Err(Error::OfferInvalid),
    };
    let url = Url::parse(&address).map_err(|_| Error::OfferInvalid)?;
    reach.check(&url)?;
    let request = HttpRequest::get(url, "application/json").with_max_answer(MAX_OFFER);
    let answer = surroundings.transport.send(request)?;
    // §4.1.3: the answer has status 200 and this media type.
    if answer.status != 200 || answer.content_type != "application/json" {
        return Err(Error::OfferInvalid);
    }
    checked(CredentialOffer::from_json(&answer.body).map_err(|_| Error::OfferInvalid)?)
}

/// Whether this text is a link that offers something, by what wallets are invoked by (§4.1, HAIP 1.0 §4.2).
#[must_use]
pub fn is_offer_link(text: &str) -> bool {
    text.trim().split_once("://").is_some_and(|(scheme, _)| {
        ["openid-credential-offer", "haip-vci"]
            .iter()
            .any(|ours| scheme.eq_ignore_ascii_case(ours))
    })
}

/// An offer the wallet makes itself: to ask an issuer for configurations of its metadata by the authorization code flow,
/// where nobody has offered anything (§3.3.1).
///
/// # Errors
/// [`Error::OfferInvalid`].
pub fn offer_of(issuer: &str, configurations: &[String]) -> Result<CredentialOffer, Error> {
    checked(CredentialOffer {
        credential_issuer: identifier(issuer)?,
        credential_configuration_ids: configurations.to_vec(),
        grants: Grants {
            authorization_code: Some(AuthorizationCode::default()),
            pre_authorized_code: None,
        },
    })
}

fn checked(offer: CredentialOffer) -> Result<CredentialOffer, Error> {
    let ids = &offer.credential_configuration_ids;
    if ids.is_empty() || ids.iter().any(|id| id.is_empty() || id.len() > MAX_NAME) {
        return Err(Error::OfferInvalid);
    }
    super::offered_level(&offer)?;
    Ok(offer)
}

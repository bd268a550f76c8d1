//! Which addresses the wallet contacts when a link, an offer or a request names them.

use url::Url;

use crate::error::Error;
use crate::store::Contents;
use crate::transport::{TransportError, check_url, is_loopback_host};

/// How far addresses may lead that the holder did not type.
///
/// A stranger's link must not make the wallet talk to services on the holder's own machine, so loopback addresses are
/// contacted only where an issuer is that the holder enrolled with, or when the holder allows it.
pub struct Reach {
    known: Vec<url::Origin>,
    local: bool,
}

impl Reach {
    /// The reach of a wallet with these contents; `local` allows every loopback address.
    #[must_use]
    pub fn of(contents: &Contents, local: bool) -> Self {
        let known = contents
            .issuers
            .iter()
            .filter_map(|issuer| Url::parse(&issuer.url).ok())
            .map(|url| url.origin())
            .collect();
        Self { known, local }
    }

    /// Checks an address that came from outside.
    ///
    /// # Errors
    /// [`Error::Transport`]: `address_refused` for a loopback address that is not allowed, or what [`check_url`] says.
    pub fn check(&self, url: &Url) -> Result<(), Error> {
        check_url(url)?;
        if is_loopback_host(url) && !self.local && !self.known.contains(&url.origin()) {
            return Err(TransportError::AddressRefused.into());
        }
        Ok(())
    }
}

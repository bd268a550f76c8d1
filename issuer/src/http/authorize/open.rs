//! The request that is open in a browser: its cookie, what its forms carry, what comes next.

use axum::http::{HeaderMap, header};
use tessera_verifier::vci::Secret;

use super::page::Step;
use super::redirect;
use crate::failure::{Code, Failure};
use crate::secrets::{digest, matches, of_cookie, recovery_code};
use crate::service::Service;
use crate::store::{AuthorizationRecord, StoreError};

/// The browser's request, while it is open.
pub(super) struct Open {
    cookie: Secret,
    pub(super) record: AuthorizationRecord,
}

impl Open {
    pub(super) async fn read(service: &Service, headers: &HeaderMap) -> Result<Self, Failure> {
        let missing = || Failure::from(Code::AuthorizationUnknown);
        let cookie = cookie(service, headers).ok_or_else(missing)?;
        let record = service
            .store
            .authorization(&digest(cookie.expose()), service.now())
            .await
            .map_err(unknown)?;
        Ok(Self { cookie, record })
    }

    pub(super) fn browser(&self) -> String {
        digest(self.cookie.expose())
    }

    /// What the forms of this browser carry.
    pub(super) fn csrf(&self) -> Secret {
        of_cookie(self.cookie.expose(), "csrf")
    }

    /// The bearer token of the session that was opened on the page last.
    pub(super) fn session_token(&self, opened: u32) -> Secret {
        of_cookie(self.cookie.expose(), &format!("session {opened}"))
    }

    /// A form counts only with the token of this browser's page, from a page of ours.
    pub(super) fn check(
        &self,
        service: &Service,
        headers: &HeaderMap,
        sent: Option<&str>,
    ) -> Result<(), Failure> {
        let origin = redirect::origin(&service.issuer_url());
        let ours = headers
            .get(header::ORIGIN)
            .is_none_or(|sent| Some(sent.as_bytes()) == origin.as_deref().map(str::as_bytes));
        let csrf = digest(self.csrf().expose());
        match ours && sent.is_some_and(|sent| matches(sent, &csrf)) {
            true => Ok(()),
            false => Err(Code::AuthorizationUnknown.into()),
        }
    }

    /// What the person is to do next.
    pub(super) async fn step(&self, service: &Service) -> Result<Step, Failure> {
        let Some(id) = &self.record.session else {
            return Ok(Step::Prove);
        };
        let session = service.store.session(id).await.map_err(unknown)?;
        let offers = session.state.offers() == Some(self.record.wish.level);
        let open = offers && !session.code_spent && service.now() < session.expires;
        match (open, self.record.by_offer) {
            (true, true) => Ok(Step::ConfirmOffer),
            (true, false) => {
                let token = self.session_token(self.record.opened);
                let code = recovery_code(token.expose());
                Ok(Step::Confirm(code))
            }
            (false, true) => Err(Code::WrongState.into()),
            (false, false) => Ok(Step::Prove),
        }
    }
}

/// A request that is gone is told so; it was never this browser's, or is over.
pub(super) fn unknown(error: StoreError) -> Failure {
    match error {
        StoreError::NotFound | StoreError::Expired => Code::AuthorizationUnknown.into(),
        other => other.into(),
    }
}

/// Over TLS the prefix keeps other hosts and plain HTTP from setting it (RFC 6265bis §4.1.3.2).
fn cookie_name(service: &Service) -> &'static str {
    match service.issuer_url().starts_with("https://") {
        true => "__Host-tessera-authorization",
        false => "tessera-authorization",
    }
}

/// The cookie that binds a request to its browser, for as long as the page is open.
pub(super) fn set_cookie(service: &Service, cookie: &Secret) -> String {
    let name = cookie_name(service);
    let secure = match name.starts_with("__Host-") {
        true => "; Secure",
        false => "",
    };
    // Lax: the wallet's link comes from another site, and its redirect must carry it.
    format!(
        "{name}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        cookie.expose(),
        service.wallets.page_seconds
    )
}

fn cookie(service: &Service, headers: &HeaderMap) -> Option<Secret> {
    let name = cookie_name(service);
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, value)| *known == name && value.len() == 43);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value.into()),
        _ => None,
    }
}

//! Which queries are answered, each by which credential (OpenID4VP 1.0 §6.4.2).

use std::collections::BTreeMap;

use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::dcql::{CredentialQuery, CredentialSetQuery, Query};
use tessera_verifier::request::Request;
use tessera_verifier::time::Timestamp;

use super::held::{Held, eligible};
use super::matching::answer;
use super::{Item, Wish};
use crate::error::Error;
use crate::request::AuthenticatedRequest;
use crate::store::Contents;

pub(super) fn choose(
    contents: &Contents,
    request: &AuthenticatedRequest,
    wish: Wish,
    now: Timestamp,
) -> Result<Vec<Item>, Error> {
    let query = request.request().query();
    // Of the request alone, whatever is held: the requester may be told.
    if !query
        .credentials
        .iter()
        .any(|asked| is_known(request.request(), asked))
    {
        return Err(Error::FormatsUnknown);
    }
    let chooser = Chooser {
        sets: eligible(contents, request, now)?,
        least: request.service().map(|service| service.assurance_level),
        request: request.request(),
        wish,
    };
    let mut items: Vec<Item> = Vec::new();
    if query.credential_sets.is_empty() {
        items = chooser.option(query.credentials.iter().collect(), &items)?;
    }
    for set in &query.credential_sets {
        match chooser.set(query, set, &items) {
            Ok(more) if set.required || wish.optional => items.extend(more),
            Err(error) if set.required => return Err(error),
            // The requester does without, or the holder would rather not.
            _ => {}
        }
    }
    if items.is_empty() {
        return Err(Error::QueryNotSatisfied {
            missing: "credential_sets".to_owned(),
        });
    }
    authorize(request.request(), &mut items)?;
    Ok(items)
}

struct Chooser<'a> {
    sets: Vec<Held<'a>>,
    least: Option<AssuranceLevel>,
    request: &'a Request,
    wish: Wish,
}

impl Chooser<'_> {
    /// The option of a set that shows the lowest level, the preferred one first. What is chosen already counts for it.
    fn set(
        &self,
        query: &Query,
        set: &CredentialSetQuery,
        chosen: &[Item],
    ) -> Result<Vec<Item>, Error> {
        let mut refusal = Error::AssuranceTooLow;
        let mut best: Option<(Option<AssuranceLevel>, Vec<Item>)> = None;
        for option in &set.options {
            let asked = option
                .iter()
                .filter(|id| !chosen.iter().any(|item| item.query_id == **id))
                .filter_map(|id| query.credential(id))
                .collect();
            match self.option(asked, chosen) {
                Ok(items) => {
                    let level = items.iter().filter_map(|item| item.level).max();
                    if best.as_ref().is_none_or(|(known, _)| level < *known) {
                        best = Some((level, items));
                    }
                }
                Err(error) => refusal = nearer(refusal, error),
            }
        }
        best.map(|(_, items)| items).ok_or(refusal)
    }

    /// An answer to each of these queries.
    fn option(&self, asked: Vec<&CredentialQuery>, chosen: &[Item]) -> Result<Vec<Item>, Error> {
        let mut spent: BTreeMap<(String, Format), usize> = BTreeMap::new();
        for item in chosen {
            *spent.entry((item.set_id.clone(), item.format)).or_default() += 1;
        }
        let mut items = Vec::new();
        for asked in asked {
            for item in self.credentials(asked, &spent)? {
                *spent.entry((item.set_id.clone(), item.format)).or_default() += 1;
                items.push(item);
            }
        }
        Ok(items)
    }

    /// The lowest and newest credential that answers the query; every one that does, each once, where the query takes
    /// several and the holder wishes it.
    fn credentials(
        &self,
        asked: &CredentialQuery,
        spent: &BTreeMap<(String, Format), usize>,
    ) -> Result<Vec<Item>, Error> {
        let mut refusal = Error::AssuranceTooLow;
        let mut items = Vec::new();
        let Some(format) = format_of(asked) else {
            return Err(Error::FormatUnavailable);
        };
        for set in &self.sets {
            if set.level.is_some_and(|level| self.least > Some(level)) {
                continue;
            }
            if self.wish.format.is_some_and(|wanted| wanted != format) {
                refusal = nearer(refusal, Error::FormatUnavailable);
                continue;
            }
            let used = spent.get(&(set.id.to_owned(), format)).copied();
            if set.remaining(format) <= used.unwrap_or(0) {
                refusal = nearer(refusal, Error::CredentialsExhausted);
                continue;
            }
            match answer(asked, set, format, self.request) {
                Ok(item) => {
                    items.push(item);
                    if !(asked.multiple && self.wish.several) {
                        break;
                    }
                }
                Err(error) => refusal = nearer(refusal, error),
            }
        }
        match items.is_empty() {
            true => Err(refusal),
            false => Ok(items),
        }
    }
}

fn format_of(asked: &CredentialQuery) -> Option<Format> {
    Format::ALL.into_iter().find(|f| f.as_str() == asked.format)
}

/// Whether the wallet makes presentations in the format asked for, and the requester takes them as they are made here.
fn is_known(request: &Request, asked: &CredentialQuery) -> bool {
    format_of(asked).is_some_and(|format| request.supports(format))
}

/// §8.4, appendix B.3.3: each transaction is authorized by exactly one credential that is shown, in its holder's proof. Of
/// the formats here only the key binding of an SD-JWT can say so.
fn authorize(request: &Request, items: &mut [Item]) -> Result<(), Error> {
    for (index, data) in request.transaction_data().iter().enumerate() {
        let item = items.iter_mut().find(|item| {
            item.bound
                && item.format == Format::SdJwt
                && data.credential_ids().contains(&item.query_id)
        });
        match item {
            Some(item) => item.transactions.push(index),
            None => {
                return Err(Error::Check(
                    tessera_verifier::Error::TransactionDataInvalid {
                        why: "no credential that is shown can authorize it",
                    },
                ));
            }
        }
    }
    Ok(())
}

/// Of two reasons the one nearer to success: that is what the holder can act on.
fn nearer(known: Error, new: Error) -> Error {
    let rank = |error: &Error| match error {
        Error::AssuranceTooLow => 0,
        Error::FormatUnavailable => 1,
        Error::QueryNotSatisfied { .. } => 2,
        _ => 3,
    };
    if rank(&new) > rank(&known) {
        new
    } else {
        known
    }
}

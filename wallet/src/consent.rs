//! The holder's yes. Nothing else makes a [`Consent`], and nothing is signed without one.

use crate::select::Proposal;

/// The person, asked one question.
pub trait Holder {
    /// Puts the proposal before the person and returns the answer. Whatever goes wrong in asking is a no.
    fn answer(&mut self, proposal: &Proposal) -> Answer;
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Show exactly this.
    Yes,
    /// Show nothing.
    No,
}

/// The holder's yes to one proposal: which requester, which claims, which credential. It can be used once: it is not
/// `Clone`, and [`crate::present::sign`] consumes it.
pub struct Consent {
    pub(crate) proposal: Proposal,
}

impl Consent {
    /// What was agreed to.
    #[must_use]
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }
}

/// Asks the holder.
///
/// # Errors
/// Gives the proposal back when the answer is no.
pub fn ask(proposal: Proposal, holder: &mut dyn Holder) -> Result<Consent, Box<Proposal>> {
    match holder.answer(&proposal) {
        Answer::Yes => Ok(Consent { proposal }),
        Answer::No => Err(Box::new(proposal)),
    }
}

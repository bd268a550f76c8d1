//! The holder's word. Nothing else makes a [`Consent`], and nothing is signed without one; nothing else makes a
//! [`Refusal`], and nobody is told of a refusal without one.

use tessera_verifier::request::Sender;

use crate::present::ErrorCode;
use crate::select::Proposal;

/// The person, asked one question.
pub trait Holder {
    /// Puts the proposal before the person and returns the answer. Whatever goes wrong in asking is [`Answer::Silence`].
    fn answer(&mut self, proposal: &Proposal) -> Answer;

    /// Asks whether the sender of a request that cannot be answered may be told so. Whatever goes wrong in asking is a no.
    fn tells(&mut self, _sender: &Sender, _code: ErrorCode) -> bool {
        false
    }
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Show exactly this.
    Yes,
    /// Show nothing, and tell the requester so.
    No,
    /// Show nothing, and say nothing.
    Silence,
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

/// The holder's no to one proposal. Has no `Debug`: the proposal holds claim values.
pub struct Declined {
    proposal: Box<Proposal>,
    said: bool,
}

impl Declined {
    /// What was declined.
    #[must_use]
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// What the requester may be told; `None` where the holder wants silence, or there is nobody to tell.
    #[must_use]
    pub fn into_refusal(self) -> Option<Refusal> {
        let sender = self.proposal.request().sender();
        let code = ErrorCode::AccessDenied;
        sender
            .filter(|_| self.said)
            .map(|sender| Refusal { sender, code })
    }
}

/// The holder's leave to tell one requester that nothing is shown (OpenID4VP 1.0 §15.1): an error code, and nothing about
/// the holder.
#[derive(Debug)]
pub struct Refusal {
    pub(crate) sender: Sender,
    pub(crate) code: ErrorCode,
}

/// Asks the holder.
///
/// # Errors
/// Gives the proposal back when the answer is not yes.
pub fn ask(proposal: Proposal, holder: &mut dyn Holder) -> Result<Consent, Declined> {
    let answer = holder.answer(&proposal);
    match answer {
        Answer::Yes => Ok(Consent { proposal }),
        Answer::No | Answer::Silence => Err(Declined {
            proposal: Box::new(proposal),
            said: answer == Answer::No,
        }),
    }
}

/// Asks the holder whether the sender of a request that cannot be answered may be told so; `None` without the holder's yes.
#[must_use]
pub fn refuse(sender: Sender, code: ErrorCode, holder: &mut dyn Holder) -> Option<Refusal> {
    holder
        .tells(&sender, code)
        .then_some(Refusal { sender, code })
}

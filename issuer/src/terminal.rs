//! Whether a terminal's statement may be believed: pure checks of what it says against what the authority registered.
//!
//! The store has consumed nonce and counter before this is asked, so a statement that fails here cannot be sent again.

use tessera_verifier::Timestamp;
use tessera_verifier::terminal::{self, EvidenceStatement, LivenessFinding, OperatorStatement};

use crate::config::Terminals;
use crate::failure::{Code, Failure};
use crate::proofing::AtTerminal;
use crate::store::{OperatorRecord, Store, StoreError, TerminalRecord};

/// Checks everything about a statement but nonce, counter, digest and chip.
///
/// # Errors
/// `reader_unknown`, `sam_unknown`, `software_unknown`, `attendance_invalid`, `operator_unknown`, `operator_retired`.
pub(crate) async fn believed(
    statement: &EvidenceStatement,
    terminal: &TerminalRecord,
    (policy, audience, now): (&Terminals, &str, i64),
    store: &dyn Store,
) -> Result<AtTerminal, Failure> {
    equipment(statement, terminal, policy)?;
    let approval = approval(statement, terminal, audience, now)?;
    if let Some(approval) = &approval {
        let operator = match store.operator(&approval.iss).await {
            Err(StoreError::NotFound) => return Err(Code::OperatorUnknown.into()),
            other => other?,
        };
        entitled(&operator, terminal)?;
    }
    Ok(AtTerminal {
        terminal: statement.iss.clone(),
        attended: approval.is_some(),
    })
}

/// Reader, security module and program are those of this terminal.
fn equipment(
    statement: &EvidenceStatement,
    terminal: &TerminalRecord,
    policy: &Terminals,
) -> Result<(), Failure> {
    let registered = &terminal.registration;
    if !registered.readers.is_empty() && !registered.readers.contains(&statement.reader) {
        return Err(Code::ReaderUnknown.into());
    }
    if let Some(sam) = &statement.sam
        && !registered.sams.contains(sam)
    {
        return Err(Code::SamUnknown.into());
    }
    if !policy.software.is_empty() && !policy.software.contains(&statement.software) {
        return Err(Code::SoftwareUnknown.into());
    }
    Ok(())
}

/// The operator's own statement, which must be about this very evidence.
fn approval(
    statement: &EvidenceStatement,
    terminal: &TerminalRecord,
    audience: &str,
    now: i64,
) -> Result<Option<OperatorStatement>, Failure> {
    let signed = match (statement.attended, &statement.approval) {
        (false, None) => return Ok(None),
        (true, Some(signed)) => signed,
        // A statement that says one thing and carries another.
        (true, None) | (false, Some(_)) => return Err(Code::AttendanceInvalid.into()),
    };
    if !terminal.registration.attended {
        return Err(Failure::with(
            Code::AttendanceInvalid,
            "no operator works at this terminal",
        ));
    }
    let approval: OperatorStatement = terminal::verify(signed, audience, Timestamp::from_unix(now))
        .map_err(|_| Failure::from(Code::AttendanceInvalid))?;
    let same = approval.terminal == statement.iss
        && approval.session == statement.session
        && approval.nonce == statement.nonce
        && approval.digest == statement.digest;
    // A terminal that signs for its own operator attends to itself.
    if !same || approval.iss == statement.iss {
        return Err(Code::AttendanceInvalid.into());
    }
    Ok(Some(approval))
}

/// The operator works for the organisation that runs the terminal. A reviewer does not stand by: whoever compared is not
/// whoever looks again.
fn entitled(operator: &OperatorRecord, terminal: &TerminalRecord) -> Result<(), Failure> {
    if operator.retired {
        return Err(Code::OperatorRetired.into());
    }
    if operator.reviewer || operator.organisation != terminal.registration.organisation {
        return Err(Code::OperatorUnknown.into());
    }
    Ok(())
}

/// What the terminal itself found wrong with the person stands, whatever the issuer would find: it saw more than one
/// picture.
///
/// # Errors
/// `face_mismatch`.
pub(crate) fn own_findings(statement: &EvidenceStatement) -> Result<(), Failure> {
    let mismatch = statement
        .face
        .is_some_and(|face| face.score < face.threshold);
    if mismatch || statement.liveness == LivenessFinding::Failed {
        return Err(Code::FaceMismatch.into());
    }
    Ok(())
}

//! The review queue: an authority that looks before a full credential is issued.

use serde_json::{Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::terminal::{self, ReviewStatement};

use crate::environment::start_of_day;
use crate::proofing::machine::SessionState;
use crate::service::Service;
use crate::store::{Decision, Proved, ReviewRecord, SessionRecord, StoreError};

type Answer = Result<Value, Box<dyn std::error::Error + Send + Sync>>;

/// What waits, the most urgent first. No personal data.
pub(crate) async fn list(service: &Service) -> Answer {
    let waiting = service.store.reviews(service.now()).await?;
    Ok(Value::Array(waiting.iter().map(summary).collect()))
}

/// One session, with the number of the person: what a reviewer needs to look the person up.
pub(crate) async fn show(service: &Service, session: &str) -> Answer {
    let record = waiting(service, session).await?;
    let mut shown = summary(&record);
    if let Some(number) = service.registry.number(&record.person) {
        shown["personal_administrative_number"] = json!(number);
    }
    Ok(shown)
}

/// Takes a decision on the word of a registered reviewer, and records whose it was: in the store and the log, never in
/// the credential. What was decided is decided: a second decision is refused.
pub(crate) async fn decide(service: &Service, statement: &str) -> Answer {
    let now = service.now();
    let said: ReviewStatement =
        terminal::verify(statement, &service.issuer_url(), Timestamp::from_unix(now))
            .map_err(|error| format!("the decision is not valid: {error}"))?;
    let reviewer = match service.store.operator(&said.iss).await {
        Ok(operator) if operator.reviewer && !operator.retired => operator,
        Ok(_) | Err(StoreError::NotFound) => {
            return Err("the decision is not by a registered reviewer".into());
        }
        Err(error) => return Err(error.into()),
    };
    let (staff, approved) = (reviewer.staff.clone(), said.approve);
    let issuance = &service.config.issuance;
    let decision = Decision {
        record: ReviewRecord {
            session: said.session,
            approved,
            reviewer: reviewer.did,
            staff: reviewer.staff,
            day: start_of_day(now),
        },
        // As long as what it let through can be asked about.
        keep_until: now
            .saturating_add(issuance.full_days.saturating_mul(86_400))
            .saturating_add(issuance.record_seconds()),
        lifetimes: service.config.assurance.lifetimes,
    };
    let record = service
        .store
        .decide_review(decision, now)
        .await
        .map_err(|error| match error {
            StoreError::NotFound | StoreError::WrongState => "nothing to review".to_owned(),
            StoreError::Expired => "the time for this review is over".to_owned(),
            other => other.to_string(),
        })?;
    tracing::info!(approved, staff, "a review was decided");
    Ok(json!({"session": record.id, "state": record.state}))
}

async fn waiting(
    service: &Service,
    session: &str,
) -> Result<SessionRecord, Box<dyn std::error::Error + Send + Sync>> {
    match service.store.session(session).await {
        Ok(record) if record.state == SessionState::InReview && service.now() < record.expires => {
            Ok(record)
        }
        Ok(_) | Err(StoreError::NotFound) => Err("nothing to review".into()),
        Err(error) => Err(error.into()),
    }
}

fn summary(record: &SessionRecord) -> Value {
    let mut shown = json!({
        "session": record.id,
        "until": Timestamp::from_unix(record.expires).to_rfc3339(),
    });
    if let Some(Proved::Card {
        terminal,
        attended,
        document_country,
        ..
    }) = &record.proved
    {
        shown["terminal"] = json!(terminal);
        shown["attended"] = json!(attended);
        shown["document_country"] = json!(document_country);
    }
    shown
}

//! The review queue: an authority that looks before a full credential is issued.

use serde_json::{Value, json};
use tessera_verifier::Timestamp;

use crate::proofing::machine::{Event, SessionState};
use crate::service::Service;
use crate::store::{Proved, SessionRecord, StoreError};

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

/// Decides. What was decided is decided: a second decision is refused.
pub(crate) async fn decide(service: &Service, session: &str, approve: bool) -> Answer {
    let step = if approve {
        Event::ReviewApproved
    } else {
        Event::ReviewRefused
    };
    let lifetimes = service.config.assurance.lifetimes;
    let record = service
        .store
        .advance(session, step, service.now(), lifetimes)
        .await
        .map_err(|error| match error {
            StoreError::NotFound | StoreError::WrongState => "nothing to review".to_owned(),
            StoreError::Expired => "the time for this review is over".to_owned(),
            other => other.to_string(),
        })?;
    tracing::info!(approved = approve, "a review was decided");
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

//! Forgetting a person.
//!
//! The store is emptied of what is the person's but for revoked status places, which belong to nobody in particular;
//! then the handle is forgotten, and with it whom old pages of the store's log, and backups of the store, are about.
//! Each step can be taken again: after a crash the command is simply given once more.

use serde_json::{Value, json};

use crate::registry::is_number;
use crate::service::Service;

/// Erases by number, or by the handle an earlier erasure printed.
pub(crate) async fn erase(
    service: &Service,
    person: Option<String>,
    handle: Option<String>,
) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let (number, handle) = match (person, handle) {
        (Some(number), None) if is_number(&number) => {
            let handle = service.registry.handle(&number);
            (Some(number), handle)
        }
        (None, Some(handle)) => (service.registry.number(&handle), handle),
        _ => return Err("name a person by number, or by the handle an erasure printed".into()),
    };
    let issuances = service.store.erase(&handle, service.now()).await?;
    if let Some(number) = number {
        let (registry, entropy) = (service.registry.clone(), service.entropy.clone());
        tokio::task::spawn_blocking(move || registry.forget(&number, &*entropy)).await??;
    }
    tracing::info!(issuances, "a person was erased");
    Ok(json!({"handle": handle, "issuances": issuances}))
}

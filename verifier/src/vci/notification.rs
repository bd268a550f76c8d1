//! Notifications (OpenID4VCI §11).

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// What the wallet says became of the credentials of one response (§11.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRequest {
    /// As the credential response named it.
    pub notification_id: String,
    /// What happened.
    pub event: NotificationEvent,
    /// More about it, for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_description: Option<String>,
}

/// What can happen to credentials (§11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationEvent {
    /// Stored.
    CredentialAccepted,
    /// Deleted by the person.
    CredentialDeleted,
    /// Not stored for another reason.
    CredentialFailure,
}

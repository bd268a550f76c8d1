//! One file per command.

pub(crate) mod answer;
pub(crate) mod authorize;
pub(crate) mod backup;
pub(crate) mod bundle;
pub(crate) mod collect;
pub(crate) mod dc_api;
pub(crate) mod delete;
pub(crate) mod enrol;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod lost;
pub(crate) mod passphrase;
pub(crate) mod present;
pub(crate) mod receive;
pub(crate) mod refresh;
pub(crate) mod restore;
pub(crate) mod rollout;
pub(crate) mod settings;
pub(crate) mod show;
pub(crate) mod upgrade;

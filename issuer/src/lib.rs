//! Proves a person, decides, signs, publishes status.
pub mod config;
pub mod environment;
pub mod failure;
mod files;
pub mod keys;
pub mod registry;
pub mod secrets;
pub mod store;

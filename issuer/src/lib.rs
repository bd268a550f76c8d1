//! Proves a person, decides, signs, publishes status.
//!
//! ```text
//! http ─► face ┐                        Session<Started> ─► Session<FaceChecked> ─► Session<CardChecked>
//!      ─► card ┴► proofing ─► policy ─► Approval
//!                                        └─► issue: reserve ─► prepare ─► record intent ─► sign ─► verify ─► release
//!                 store  (whole transactions, durable)      keys  (Signer)      publish  (status lists, bundle)
//! ```
//!
//! A person is proved step by step, each step a type that consumes the one before ([`proofing`]). The decision is pure
//! ([`policy`]). Issuance follows an order that a crash cannot turn against anybody ([`issue`]). The store is a trait of
//! whole transactions with a suite that every backend passes ([`store`]). Clock and randomness are arguments
//! ([`environment`]).
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//! use tessera_issuer::config::Config;
//! use tessera_issuer::environment::{Clock as _, SystemClock, SystemEntropy};
//! use tessera_issuer::face::AbsentFaceCheck;
//! use tessera_issuer::keys::KeyFile;
//! use tessera_issuer::service::{Parts, Service};
//! use tessera_issuer::store::SledStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let folder = tempfile::tempdir()?;
//! # let data = folder.path().to_owned();
//! let config = Config { data: data.clone(), ..Config::default() };
//! let keys = KeyFile::create(&data.join("keys.json"), "a long passphrase", &SystemEntropy, SystemClock.now())?;
//! let service = Service::new(Parts {
//!     config,
//!     store: Arc::new(SledStore::open(&data.join("store"))?),
//!     keys,
//!     face: Arc::new(AbsentFaceCheck), // refuses every picture; see `TractFaceCheck`
//!     clock: Arc::new(SystemClock),
//!     entropy: Arc::new(SystemEntropy),
//! })?;
//! let router = tessera_issuer::http::router(service);
//! # drop(router);
//! # Ok(())
//! # }
//! ```

pub mod admin;
mod attesters;
pub mod card;
pub mod cli;
pub mod config;
pub mod environment;
mod erase;
pub mod face;
pub mod failure;
mod files;
pub mod http;
pub mod issue;
mod issuing_ca;
pub mod keys;
mod liveness;
pub mod logging;
pub mod nonces;
pub mod policy;
pub mod proofing;
pub mod publish;
pub mod registry;
pub mod replay;
mod review;
pub mod rollout;
pub mod secrets;
pub mod service;
pub mod store;
mod terminal;
pub mod terminal_ca;

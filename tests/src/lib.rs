//! The harness: starts the real programs as processes and talks to them as people and relying parties do.
//!
//! ```text
//!   Stage (one folder, one registry, one relying party, …)
//!     ├─ Authority        tessera-issuer as a service on a free loopback port
//!     ├─ Holder           the tessera command, one store each
//!     ├─ RelyingParty     the tessera-verify command
//!     ├─ Kiosk            tessera-terminal, before a chip (virtual reader or in process)
//!     └─ LeanHolder       an OpenID4VCI client with keys of its own, for what an honest wallet refuses to do
//! ```
//!
//! [`story`] is the walk of `make demo`; the end-to-end tests run the same walk with the programs of the
//! development build. Every child process is ended when its handle is dropped, and by the kernel should the
//! harness itself be killed.

pub mod authority;
pub mod browser;
pub mod crafted;
pub mod failure;
pub mod holder;
pub mod http;
pub mod keys;
pub mod kiosk;
pub mod lean_holder;
pub mod measure;
pub mod programs;
pub mod reader_daemon;
pub mod registry;
pub mod relying_party;
pub mod relying_party_server;
pub mod report;
pub mod service;
pub mod story;

pub use failure::{Failure, Result};

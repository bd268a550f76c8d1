//! The door for the standards' own test suites.
//!
//! ```text
//!   W3C suites over HTTP ──▶ server: issue · verify · derive · resolve · status lists ─┐
//!   VC-JOSE-COSE suite ────▶ command: issue · verify ──────────────────────────────────┼─▶ tessera-verifier
//!   published vectors ─────▶ vectors: one line a folder ───────────────────────────────┘
//! ```
//!
//! Everything about credentials is the verifier crate's: what is here translates. One row of [`table::SUITES`] is one
//! suite: its issuing endpoint, its key, the tags by which suites find it, and how its verifier binds issuer and key.
//!
//! The keys are derived from public labels, so that identifiers stay the same from run to run: **nothing signed by this
//! program means anything**.

pub mod answer;
pub mod clock;
pub mod command;
pub mod engine;
pub mod envelope;
pub mod issue;
pub mod keys;
pub mod manifest;
pub mod resolve;
pub mod server;
pub mod state;
pub mod status;
pub mod table;
pub mod tls;
pub mod vectors;
pub mod verify;

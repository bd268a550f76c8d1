//! Data Integrity: every suite, proof sets and chains, expectations, documents of controllers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod alone;
mod disclosure;
mod documents;
mod sets;
mod suites;
mod support;
mod vectors;

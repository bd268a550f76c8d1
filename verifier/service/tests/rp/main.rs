//! The relying party's server through HTTP, against the real program.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bundle;
mod certificates;
mod flows;
mod once;
mod page;
mod program;
mod refusals;
mod world;

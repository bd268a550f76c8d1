//! The relying party's server through HTTP, against the real program.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod asking;
mod bundle;
mod certificates;
mod certified;
mod declined;
mod flows;
mod once;
mod page;
mod program;
mod refusals;
mod world;

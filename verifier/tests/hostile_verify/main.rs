//! The whole decision on honest and on hostile input.
//!
//! Every hostile test begins from an honest walk that verifies and changes one thing; it fails when the check that it
//! names is taken out.
#![expect(clippy::unwrap_used, reason = "tests")]

mod alone;
mod boundaries;
mod exact;
mod hostile_binding;
mod hostile_bundle;
mod hostile_certified;
mod hostile_issuer;
mod hostile_query;
mod hostile_request;
mod hostile_sd_jwt;
mod hostile_shape;
mod hostile_status;
mod hostile_types;
mod openid4vp;
mod properties;
mod samples;
mod walk;
mod world;

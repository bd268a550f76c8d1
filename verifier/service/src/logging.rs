//! Structured logs.
//!
//! **Never logged:** claims and anything else of a presentation; secrets, nonces, states, codes, handles and keys; bodies;
//! URLs as sent (the matched route is logged instead); client addresses. A test runs every flow and searches what was
//! written.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{Log, LogFormat};

/// A subscriber that writes to `writer` as configured.
///
/// # Errors
/// The filter cannot be parsed.
pub fn subscriber<W>(
    log: &Log,
    writer: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, io::Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter).map_err(io::Error::other)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    Ok(match log.format {
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
        LogFormat::Pretty => Box::new(builder.with_ansi(false).finish()),
    })
}

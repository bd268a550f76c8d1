//! The kiosk agent: reads a physical card beside a live photograph and hands both, signed, to the
//! issuer.
//!
//! ```text
//!   person          terminal                                  issuer
//!     | card, photo    |                                         |
//!     |--------------->| POST /terminal/challenge {statement} -->|
//!     |                |<------------------------- {nonce} ------|
//!     |                | PACE (or BAC), files, active            |
//!     |                | authentication over the nonce           |
//!     |                | POST /terminal/evidence                 |
//!     |                |   {statement, chip, photo} ------------>| verifies the raw chip data
//!     |  tx_code       |<------------------------ {tx_code} -----| and compares the faces
//!     |<---------------|                                         |
//! ```
//!
//! The terminal decides nothing. It uploads the raw files of the chip and the answer to a challenge
//! that binds issuer nonce, terminal and session, so that it can neither invent a chip nor replay
//! one; the issuer verifies. What the terminal adds is its signature on *where and how* the reading
//! was made: session, nonce, time, a counter that only rises, the reader, whether someone attended.
//!
//! [`run_session`] is the whole walk, with everything that touches the world as an argument: the
//! card ([`tessera_card::Transceiver`]), the issuer ([`IssuerApi`]), the signing key
//! ([`tessera_verifier::crypto::LocalSigner`]), the counter ([`Counter`]), clock and randomness.
//! The `tessera-terminal` program wires them to PC/SC, HTTP and files.
//!
//! Nothing biometric is written to disk, and the buffers that hold chip files, photograph and frames are
//! wiped when the session ends.
//!
//! # Example
//!
//! A session with a card that is not there ends with the reader's own error code:
//!
//! ```
//! use tessera_card::{AccessKey, Transceiver, TransportError};
//! use tessera_terminal::{IssuerApi, IssuerError, Json, MemoryCounter, SessionJob, Station, FileKey, MemoryJournal, run_session};
//!
//! struct EmptyReader;
//! impl Transceiver for EmptyReader {
//!     fn transmit(&mut self, _apdu: &[u8]) -> Result<Vec<u8>, TransportError> {
//!         Err(TransportError::Removed)
//!     }
//! }
//! struct Issuer;
//! impl IssuerApi for Issuer {
//!     fn post(&self, _path: &str, _body: &[u8]) -> Result<Json, IssuerError> {
//!         Ok(serde_json::json!({"nonce": "bm9uY2U", "expires_at": "2026-09-21T20:00:00Z"}))
//!     }
//! }
//!
//! let key = FileKey::generate()?;
//! let mut station = Station {
//!     issuer: &Issuer,
//!     signer: &key,
//!     counter: &mut MemoryCounter::default(),
//!     clock: &|| tessera_verifier::time::Timestamp::from_unix(1_790_000_000),
//!     rng: &mut rand_core::OsRng,
//!     operator: None,
//!     software: "",
//!     journal: &mut MemoryJournal::default(),
//!     pause: &|_| {},
//! };
//! let job = SessionJob::new("https://issuer.example", "session-1", "reader 0")
//!     .access(AccessKey::Can("123456".to_owned()));
//! let error = run_session(&mut EmptyReader, &mut station, &job, b"photo", &mut |_| {}).unwrap_err();
//! assert_eq!(error.code(), "card_removed");
//! # Ok::<(), tessera_terminal::TerminalError>(())
//! ```

pub mod camera;
mod counter;
mod error;
mod evidence;
mod http;
mod issuer;
mod journal;
pub mod key;
pub mod kiosk;
mod language;
mod measure;
mod mutual;
mod private_file;
#[cfg(feature = "pcsc")]
pub mod reader;
mod relay;
pub mod sam;
mod session;
mod upload;

pub use counter::{Counter, FileCounter, MemoryCounter};
pub use error::TerminalError;
pub use http::HttpIssuer;
pub use issuer::{IssuerApi, IssuerError, Json};
pub use journal::{FileJournal, Journal, MemoryJournal, Pending};
pub use key::{FileKey, KeyPlace, Protection, TerminalKey};
pub use language::{Language, explain, instruct, movements};
pub use measure::measure;
pub use session::{
    Operator, Outcome, SessionJob, SignedIn, Station, Step, run_sam_session, run_session,
};
pub use upload::resume;

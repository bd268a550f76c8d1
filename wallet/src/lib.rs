//! Receives, keeps, chooses and presents identity credentials: the holder's side of Tessera.
//!
//! ```text
//!            offer ──▶ Requested ──▶ UnverifiedCredential ──▶ VerifiedCredential ──▶ store
//!  [receive]   │ token, nonce │ one proof a key │  checked against the bundle │  sealed file
//!
//!          request ──▶ AuthenticatedRequest ──▶ Proposal ──▶ Consent ──▶ SignedPresentation
//!  [present]   │ signature, register │ select::minimal │ the holder's yes │ used up, then signed
//! ```
//!
//! Each arrow consumes what stands before it, so no step can be skipped: only [`receive::VerifiedCredential`]s are
//! stored, and only a [`consent::Consent`], which only the holder's yes makes, can be signed.
//!
//! The library opens no sockets, reads no clock and has no random source of its own: they come in as
//! [`Surroundings`]. The `tessera` command makes the real ones ([`http::HttpTransport`], the system's clock and
//! random source); tests bring their own issuer in process.
//!
//! The store is one sealed file ([`store::Store`]). Every sentence a holder may read is in [`messages`], in English
//! and Chinese, under a stable code.
//!
//! # Example
//! ```
//! use aws_lc_rs::rand::SystemRandom;
//! use tessera_wallet::secret::Passphrase;
//! use tessera_wallet::store::{KeyStretching, Store};
//!
//! # let folder = std::env::temp_dir().join(format!("tessera-doc-{}", std::process::id()));
//! let passphrase = Passphrase::new("correct horse battery staple")?;
//! # let stretching = KeyStretching::HAZMAT_TESTING_ONLY;
//! # if false {
//! let stretching = KeyStretching::DEFAULT;
//! # }
//! drop(Store::create(&folder, &passphrase, stretching, &SystemRandom::new())?);
//!
//! let wallet = Store::open(&folder, &passphrase)?;
//! assert!(wallet.contents().sets.is_empty());
//! let wrong = Store::open(&folder, &Passphrase::new("guess")?).err().map(|error| error.code().to_owned());
//! assert_eq!(wrong.as_deref(), Some("store_locked")); // one process at a time
//! # std::fs::remove_dir_all(&folder).ok();
//! # Ok::<(), tessera_wallet::Error>(())
//! ```

pub mod client;
pub mod consent;
pub mod delete;
pub mod enrol;
pub mod error;
pub mod messages;
pub mod present;
pub mod reach;
pub mod receive;
pub mod renew;
pub mod request;
pub mod secret;
pub mod select;
pub mod store;
pub mod trust;

mod issuer;
mod ldp;
mod surroundings;

pub use error::Error;
pub use surroundings::{Clock, Surroundings};
pub use tessera_exchange::{http, transport};

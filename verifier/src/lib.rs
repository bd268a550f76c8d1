//! Checks identity credentials offline: parse, prove, decide.
//!
//! A relying party makes a request, a wallet answers, and one call says what was proved, or the one reason why not:
//!
//! ```
//! use tessera_verifier::{Bundle, Policy, Request, Status, Timestamp, catalogue::Catalogue, verify};
//! # let (request_jwt, presentation) = (include_str!("../tests/samples/request.jwt"), include_bytes!("../tests/samples/presentation-sd_jwt.json"));
//! # let (bundle_file, root_did) = (include_bytes!("../tests/samples/bundle.jwt"), include_str!("../tests/samples/root.txt"));
//! # let now = Timestamp::parse_rfc3339("2026-01-15T18:00:00Z")?;
//!
//! let bundle = Bundle::open(bundle_file, root_did)?;
//! let request = Request::for_own(request_jwt)?;
//! let service = Catalogue::builtin().get("internet-cafe").ok_or("no such service")?;
//! let verified = verify(presentation, &request, &Policy::for_service(service), &bundle, now)?;
//! for credential in verified.credentials() {
//!     assert_eq!(credential.status(), Status::Valid);
//!     assert_eq!(credential.claims()["age_equal_or_over"]["18"], true);
//!     assert_eq!(credential.claims().len(), 1); // nothing else about the person
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! `examples/relying_party.rs` goes the whole way: a key, a request, both formats, and what is refused with which code.
//! [`verify::decide`] tells the stage of a refusal as well; [`Error::code`] is what programs match on, and
//! [`Error::text`] and [`Error::advice`] are what people read.
//!
//! # What the caller brings
//!
//! - The authority's bundle and, from a source it trusts, the DID of the authority's root. Keep the newest bundle: an older
//!   one opens as well, and [`Bundle::issued_at`] tells them apart.
//! - The time, and for each request a fresh nonce of at least 128 random bits.
//! - A P-256 key to sign requests with, as a [`LocalSigner`](crypto::LocalSigner) or any other way: what is
//!   [unsigned](jws::Unsigned) gives its bytes and takes the signature. The authority registers the key's
//!   [DID](did::did_key).
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `std` (default) | hashed tables; without it the crate is `no_std` with `alloc` |
//! | `aws-lc` (default, with `std`) | the cryptographic primitives from AWS-LC, which needs a C compiler |
//! | `rustcrypto` | the primitives in Rust: with `default-features = false` for browsers (wasm32) and microcontrollers |
//! | `bbs` | the suite bbs-2023, over blst |
//! | `bbs-pure` | the same in Rust alone |
//!
//! One of `aws-lc` and `rustcrypto` is needed.
//!
//! # Flow
//!
//! ```text
//!   relying party            wallet                        relying party
//!   RequestBuilder ──JWS──▶  Request::parse                bytes ─▶ UnverifiedPresentation
//!                            └▶ UnauthenticatedRequest              │ issuer listed and bound to the key
//!                               └ authenticate(&Bundle)             │ proof, every disclosure covered by it
//!                                 └▶ Request ─▶ vp_token ──────────▶│ validity, status fresh and not revoked
//!                                                                   │ holder's key, nonce, audience, time
//!   authority                                                       │ all that was asked and nothing else
//!   BundleBuilder ──JWS──▶  Bundle::open ──────────────────────────▶▼
//!                                                                   Verified   or   Error { code }
//! ```
//!
//! An unchecked value and a checked value are different types, and only the check makes the second: a [`Verified`] cannot
//! be built outside this crate. There is one `Result` and no list of warnings: a stale or missing status is an error
//! unless the [`Policy`] says otherwise, and then it is a [`Status`] that must be matched.
//!
//! # What it does not do
//!
//! No input or output, no clock, no randomness, no async: bytes, keys, salts and times come in as arguments, and nothing
//! is ever fetched. Hostile input is bounded in size, depth and work.
//!
//! # Where things are
//!
//! | for | modules |
//! |---|---|
//! | deciding | [`verify`](mod@verify), [`credential`], [`policy`], [`request`], [`dcql`], [`bundle`], [`status`], [`catalogue`] |
//! | credential formats | [`vcdm`], [`vc_jose_cose`], [`sd_jwt`], [`data_integrity`], [`jsonld`], [`json_schema`], [`rdf`], [`claims`] |
//! | both ends of issuance | [`vci`], [`device`], [`liveness`], [`terminal`] |
//! | foundations | [`jws`], [`cose`], [`cbor`], [`x509`], [`did`], [`key`], [`crypto`], [`encoding`], [`json`], [`time`], [`error`](mod@error) |

#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
pub mod bbs;
pub mod bundle;
pub mod catalogue;
pub mod cbor;
pub mod claims;
pub mod cose;
pub mod credential;
pub mod crypto;
pub mod data_integrity;
pub mod dcql;
pub mod device;
pub mod did;
pub mod encoding;
pub mod error;
#[cfg(feature = "std")]
mod fast_hash;
pub mod json;
pub mod json_schema;
pub mod jsonld;
pub mod jws;
pub mod key;
pub mod liveness;
pub mod policy;
mod proofs;
pub mod rdf;
pub mod request;
pub mod sd_jwt;
pub mod status;
mod table;
pub mod terminal;
pub mod time;
pub mod vc_jose_cose;
pub mod vcdm;
pub mod vci;
pub mod verify;
pub mod x509;

pub use bundle::Bundle;
pub use error::Error;
pub use policy::Policy;
pub use request::Request;
pub use time::Timestamp;
pub use verify::{Status, Verified, Verifier, verify};

//! The relying party's server: asks wallets over OpenID4VP 1.0, decides with the offline
//! [verifier](tessera_verifier), hands the outcome to the relying party's back end once.
//!
//! ```text
//!  back end                      this server                              wallet
//!  POST /requests ─────────────▶ Server::ask ─▶ Requests
//!     link, QR, page ◀───────────┘                  ▲
//!                                GET|POST /request/… │ fetch ◀──────────── request_uri
//!                                                    │
//!                                POST /response/… ───┤ begin ◀──────────── response_uri
//!                                  decrypt, decide   │                       │
//!                                  with the Bundle ──┘ finish: once ────────▶ redirect_uri + response_code
//!  GET /requests/{id}/result ──▶ hand_over: once
//! ```
//!
//! Nothing is stored: requests and outcomes live in memory until they are handed over or their time is up, and of what
//! was proved only the claims that the configuration names are kept that long.
//!
//! | module | what |
//! |---|---|
//! | [`config`], [`identity`] | what the operator decides; who asks |
//! | [`server`], [`asking`], [`deciding`] | starting a request, taking an answer |
//! | [`requests`] | what is open, and that everything happens once |
//! | [`bundle`] | the trust to decide with, kept current |
//! | [`http`] | the interface |

pub mod asking;
pub mod bundle;
pub mod cli;
pub mod config;
pub mod deciding;
pub mod environment;
pub mod failure;
pub mod http;
pub mod identity;
pub mod logging;
pub mod qr;
pub mod requests;
pub mod server;

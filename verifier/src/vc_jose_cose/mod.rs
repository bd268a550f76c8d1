//! Credentials and presentations of the W3C data model, secured as a whole with JOSE or COSE (VC-JOSE-COSE 1.0).
//!
//! ```text
//! prepare_jwt, prepare_sd_jwt, prepare_cose → signing_input → attach ─▶ text or bytes ─▶ envelope: a data: URL
//! verify_jwt, verify_sd_jwt, verify_cose, verify_envelope (bytes, &Expectation, keys) ─▶ Verified
//! ```
//!
//! The payload is the document itself; `vc` and `vp` claims are read in envelopes of `application/jwt` only, as data
//! model 1.1 has them. Which algorithms and which kind of document are
//! acceptable is said by the [`Expectation`], whose key it must be by the [`KeySource`]: `kid`, `jwk` and `x5c` of a
//! message are hints, and the key must belong to the issuer or the holder that the document names.

mod claims;
mod envelope;
mod keys;
mod prepare;
mod verify;
mod wrapped;

pub use envelope::{Secured, envelope, open};
pub use keys::{KeyReference, KeySource, SigningKey, by_did, by_x5c};
pub use prepare::{SdJwtOptions, SigningOptions, prepare_cose, prepare_jwt, prepare_sd_jwt};
pub use verify::{
    Expectation, Inner, Times, Verified, verify_bytes, verify_cose, verify_envelope, verify_jwt,
    verify_sd_jwt,
};

/// What is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A verifiable credential.
    Credential,
    /// A verifiable presentation.
    Presentation,
}

/// How it is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// A compact JWS (§3.1).
    Jwt,
    /// An SD-JWT (§3.2).
    SdJwt,
    /// COSE_Sign1 (§3.3).
    Cose,
}

/// The media type of a secured document (§6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaType {
    /// What is secured.
    pub kind: Kind,
    /// How it is secured.
    pub mechanism: Mechanism,
}

impl MediaType {
    /// All six.
    pub const ALL: [Self; 6] = {
        const fn of(kind: Kind, mechanism: Mechanism) -> MediaType {
            MediaType { kind, mechanism }
        }
        [
            of(Kind::Credential, Mechanism::Jwt),
            of(Kind::Credential, Mechanism::SdJwt),
            of(Kind::Credential, Mechanism::Cose),
            of(Kind::Presentation, Mechanism::Jwt),
            of(Kind::Presentation, Mechanism::SdJwt),
            of(Kind::Presentation, Mechanism::Cose),
        ]
    };

    /// The name in full, as in a `data:` URL and in the `typ` of COSE.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.kind, self.mechanism) {
            (Kind::Credential, Mechanism::Jwt) => "application/vc+jwt",
            (Kind::Credential, Mechanism::SdJwt) => "application/vc+sd-jwt",
            (Kind::Credential, Mechanism::Cose) => "application/vc+cose",
            (Kind::Presentation, Mechanism::Jwt) => "application/vp+jwt",
            (Kind::Presentation, Mechanism::SdJwt) => "application/vp+sd-jwt",
            (Kind::Presentation, Mechanism::Cose) => "application/vp+cose",
        }
    }

    /// The name without `application/`, as in the `typ` of JOSE (RFC 7515 §4.1.9).
    #[must_use]
    pub fn short(self) -> &'static str {
        let name = self.name();
        name.strip_prefix("application/").unwrap_or(name)
    }

    /// The media type of this name; names ignore case (RFC 6838 §4.2).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|media_type| media_type.name().eq_ignore_ascii_case(name))
    }
}

impl Kind {
    /// The media type of the unsecured document (VCDM 2.0 Appendix C), without `application/`.
    const fn content_type(self) -> &'static str {
        match self {
            Self::Credential => "vc",
            Self::Presentation => "vp",
        }
    }
}

//! Requests over the Digital Credentials API (OpenID4VP 1.0 appendix A).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::client::ClientId;
use super::read::{self, ALGORITHMS, Came, LIMITS, invalid};
use super::{Candidate, UnauthenticatedRequest};
use crate::error::Error;
use crate::json;
use crate::jws;

/// The most signatures of one request.
const MAX_SIGNATURES: usize = 8;

/// The exchange protocol (appendix A.1), which says in what form the request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DcApiProtocol {
    /// The parameters themselves.
    Unsigned,
    /// A request object in JWS compact serialization.
    Signed,
    /// A request object in JWS JSON serialization, signed by one or more clients.
    MultiSigned,
}

impl DcApiProtocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Unsigned, Self::Signed, Self::MultiSigned];

    /// The identifier.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "openid4vp-v1-unsigned",
            Self::Signed => "openid4vp-v1-signed",
            Self::MultiSigned => "openid4vp-v1-multisigned",
        }
    }

    /// The protocol with this identifier.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }
}

pub(super) fn read(
    protocol: DcApiProtocol,
    data: &[u8],
    origin: &str,
) -> Result<UnauthenticatedRequest, Error> {
    check_origin(origin)?;
    let mut members = json::parse_object(data, LIMITS)?;
    match protocol {
        DcApiProtocol::Unsigned => unsigned(members, origin),
        DcApiProtocol::Signed => match members.remove("request") {
            Some(Value::String(compact)) => {
                let came = Came::DcApi {
                    origin,
                    signed: true,
                };
                read::compact_as(&compact, came).map(read::one)
            }
            _ => Err(invalid("no request object")),
        },
        DcApiProtocol::MultiSigned => match members.remove("request") {
            Some(Value::Object(jws)) => multi_signed(&jws, origin),
            _ => Err(invalid("no request object")),
        },
    }
}

/// Appendix A.2: an unsigned request is its origin's; `client_id` and `expected_origins` are ignored.
fn unsigned(
    mut members: Map<String, Value>,
    origin: &str,
) -> Result<UnauthenticatedRequest, Error> {
    members.remove("client_id");
    let came = Came::DcApi {
        origin,
        signed: false,
    };
    let infos = read::infos(&members)?;
    let request = read::request(came, ClientId::origin(origin), &members, infos)?;
    Ok(read::one(Candidate { jws: None, request }))
}

/// Appendix A.3.2.2: each signature is a client's, which names itself and what attests it in the protected header. One
/// that cannot be read does not spoil the others.
fn multi_signed(jws: &Map<String, Value>, origin: &str) -> Result<UnauthenticatedRequest, Error> {
    let payload = jws.get("payload").and_then(Value::as_str);
    let payload = payload.ok_or(invalid("no payload"))?;
    let signatures = jws
        .get("signatures")
        .and_then(Value::as_array)
        .filter(|signatures| (1..=MAX_SIGNATURES).contains(&signatures.len()))
        .ok_or(invalid("no signatures"))?;
    let mut refusal = invalid("no signature");
    let mut candidates: Vec<Candidate> = Vec::new();
    for signature in signatures {
        match one_of_several(signature, payload, origin) {
            Ok(candidate) => candidates.push(candidate),
            Err(error) => refusal = error,
        }
    }
    if candidates.is_empty() {
        return Err(refusal);
    }
    Ok(UnauthenticatedRequest { candidates })
}

/// The reader's own request: every signature of it is to be readable.
pub(super) fn every_signature(
    jws: &Map<String, Value>,
    origin: &str,
) -> Result<Vec<Candidate>, Error> {
    let payload = jws.get("payload").and_then(Value::as_str);
    let payload = payload.ok_or(invalid("no payload"))?;
    let signatures = jws.get("signatures").and_then(Value::as_array);
    let signatures = signatures.ok_or(invalid("no signatures"))?;
    signatures
        .iter()
        .map(|signature| one_of_several(signature, payload, origin))
        .collect()
}

fn one_of_several(signature: &Value, payload: &str, origin: &str) -> Result<Candidate, Error> {
    let part = |name| {
        let part: Option<&str> = signature.get(name).and_then(Value::as_str);
        part.ok_or(invalid("a signature without its parts"))
    };
    // RFC 7515 §7.2.1: what is not protected is not signed; nothing is read from there.
    let compact = format!("{}.{payload}.{}", part("protected")?, part("signature")?);
    let jws = jws::parse_with(&compact, LIMITS, ALGORITHMS)?;
    let payload = jws
        .payload_unverified()
        .as_object()
        .ok_or(invalid("no object"))?;
    if ["client_id", "verifier_info"]
        .iter()
        .any(|name| payload.contains_key(*name))
    {
        return Err(invalid("a client in the payload of a multi-signed request"));
    }
    let client = jws.header().member("client_id");
    let client = client
        .as_ref()
        .and_then(Value::as_str)
        .ok_or(invalid("no client id"))?;
    let infos = jws.header().member("verifier_info");
    let came = Came::DcApi {
        origin,
        signed: true,
    };
    let infos = read::checked_infos(infos.as_ref())?;
    let request = read::request(came, ClientId::parse(client)?, payload, infos)?;
    Ok(Candidate {
        jws: Some(jws),
        request,
    })
}

/// What a platform hands over as an origin: a web origin in its one spelling (RFC 6454 §6.2), or the origin of an
/// application, which is not for this crate to judge.
pub(super) fn check_origin(origin: &str) -> Result<(), Error> {
    let plain = (1..=512).contains(&origin.len()) && origin.bytes().all(|b| b.is_ascii_graphic());
    let web = match origin.split_once("://") {
        None => true,
        Some((scheme, host)) => {
            matches!(scheme, "https" | "http")
                && !host.is_empty()
                && !host.contains(['/', '?', '#', '@', '\\'])
        }
    };
    if plain && web {
        Ok(())
    } else {
        Err(invalid("no origin"))
    }
}

//! Who a request is from, and whether it may ask what it asks.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::client::ClientIdPrefix;
use super::read::ALGORITHMS;
use super::trust::{AuthenticatedName, AuthenticatedRequest, Requester, Trust, Unregistered};
use super::{Candidate, Registration, Request, SKEW, TYP, UnauthenticatedRequest};
use crate::bundle::Bundle;
use crate::catalogue::LocalizedText;
use crate::crypto::sha256;
use crate::data_integrity::ProofPurpose;
use crate::did::{self, Documents};
use crate::encoding::base64url;
use crate::error::Error;
use crate::json::Limits;
use crate::jws;
use crate::key::PublicKey;
use crate::time::Timestamp;
use crate::x509::{self, ChainPolicy, ValidatedChain};

/// The `typ` of a verifier attestation JWT (OpenID4VP 1.0 §12).
const ATTESTATION_TYP: &str = "verifier-attestation+jwt";
const ATTESTATION_LIMITS: Limits = Limits {
    bytes: 16 * 1024,
    depth: 8,
};

impl UnauthenticatedRequest {
    /// Checks who asks (OpenID4VP 1.0 §5.9.3) and what for: the signature by a key that belongs to the client identifier,
    /// a registration in the bundle or a certificate by it, and that nothing beyond the registration is asked.
    ///
    /// Of a multi-signed request the first signature that holds and whose client may ask is taken.
    ///
    /// # Errors
    /// `request_invalid`, `requester_unregistered`, `over_asking`.
    pub fn authenticate_with(
        self,
        trust: &Trust<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedRequest, Error> {
        let mut refusal = Error::RequestInvalid {
            why: "no signature",
        };
        for candidate in self.candidates {
            match authenticate(candidate, trust, now) {
                Ok(authenticated) => return Ok(authenticated),
                // What a client that is known to us may not do says more than that another is a stranger.
                Err(error) if matches!(refusal, Error::OverAsking { .. }) => drop(error),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

fn authenticate(
    candidate: Candidate,
    trust: &Trust<'_>,
    now: Timestamp,
) -> Result<AuthenticatedRequest, Error> {
    let Candidate { jws, request } = candidate;
    let name = match jws {
        None => unsigned_name(&request),
        Some(jws) => {
            let (key, name) = signer(&jws, &request, trust, now)?;
            check_signature(jws, &key)?;
            name
        }
    };
    let requester = requester(&request, trust, now)?;
    Ok(AuthenticatedRequest {
        request,
        requester,
        name,
    })
}

/// The relying party's own request: the key is the one it names.
pub(super) fn own(candidate: Candidate) -> Result<Request, Error> {
    let Candidate { jws, request } = candidate;
    let jws = jws.ok_or(Error::RequestInvalid {
        why: "no signature",
    })?;
    let key = match request.client.prefix {
        ClientIdPrefix::X509SanDns | ClientIdPrefix::X509Hash => {
            let chain = jws::certificates(jws.header())?;
            let leaf = chain.first().ok_or(invalid("no certificate"))?;
            let leaf = (leaf, x509::read_leaf(leaf)?);
            check_leaf(&request, leaf.0, &leaf.1)?;
            leaf.1.key().clone()
        }
        ClientIdPrefix::VerifierAttestation => {
            let attestation = attestation(&jws)?;
            let attestation = jws::parse_with(&attestation, ATTESTATION_LIMITS, ALGORITHMS)?;
            confirmed_key(attestation.payload_unverified(), &request)?
        }
        _ => did_key(&jws, &request, None, request.issued_at)?,
    };
    check_signature(jws, &key)?;
    Ok(request)
}

fn invalid(why: &'static str) -> Error {
    Error::RequestInvalid { why }
}

pub(super) fn check_signature(jws: jws::Unverified, key: &PublicKey) -> Result<(), Error> {
    let _: Value = jws.verify(key, TYP).map_err(|error| match error {
        Error::UnsupportedFormat { .. } => invalid("type of the request object"),
        _ => invalid("signature"),
    })?;
    Ok(())
}

fn unsigned_name(request: &Request) -> AuthenticatedName {
    let name = request.client.original().to_owned();
    match request.client.prefix {
        ClientIdPrefix::Origin => AuthenticatedName::Origin(name),
        _ => AuthenticatedName::ResponseUri(name),
    }
}

/// The key that must have signed, and the name that it proves. The signature itself is checked afterwards.
pub(super) fn signer(
    jws: &jws::Unverified,
    request: &Request,
    trust: &Trust<'_>,
    now: Timestamp,
) -> Result<(PublicKey, AuthenticatedName), Error> {
    let original = request.client.original();
    match request.client.prefix {
        ClientIdPrefix::DecentralizedIdentifier => {
            let key = did_key(jws, request, trust.documents, now)?;
            Ok((key, AuthenticatedName::Did(original.to_owned())))
        }
        ClientIdPrefix::X509SanDns | ClientIdPrefix::X509Hash => {
            let chain = jws::certificates(jws.header()).map_err(|_| invalid("x5c"))?;
            let leaf = chain.first().ok_or(invalid("no certificate"))?;
            let pinned = request.client.prefix == ClientIdPrefix::X509Hash
                && is_certificate_hash(leaf, original)
                && is_listed(request, trust);
            let validated = if pinned {
                // The authority has named these very bytes; no chain says more.
                x509::pinned(leaf, now)
            } else {
                let listed = trust.bundle.map(Bundle::access_anchors);
                let anchors = [listed.unwrap_or_default(), trust.anchors].concat();
                x509::validate(&chain, &anchors, &ChainPolicy { now, purposes: &[] })
            };
            let validated = validated.map_err(|_| invalid("certificate of the client"))?;
            check_leaf(request, leaf, &validated)?;
            let name = match validated.dns_names() {
                _ if request.client.prefix == ClientIdPrefix::X509SanDns => {
                    AuthenticatedName::Dns(original.to_ascii_lowercase())
                }
                [name, ..] if !pinned => AuthenticatedName::Dns(name.to_ascii_lowercase()),
                _ => AuthenticatedName::CertificateHash(original.to_owned()),
            };
            Ok((validated.key().clone(), name))
        }
        ClientIdPrefix::VerifierAttestation => attested(jws, request, trust, now),
        ClientIdPrefix::RedirectUri | ClientIdPrefix::Origin => {
            Err(invalid("a signature that no key can be found for"))
        }
    }
}

/// Whether the bundle lists this very client.
fn is_listed(request: &Request, trust: &Trust<'_>) -> bool {
    trust.party(request.client_id()).is_some()
}

fn is_certificate_hash(leaf: &[u8], said: &str) -> bool {
    base64url(&sha256(leaf)) == said
}

/// §5.9.3: the client identifier is the leaf's.
fn check_leaf(request: &Request, leaf: &[u8], read: &ValidatedChain) -> Result<(), Error> {
    let original = request.client.original();
    let fits = match request.client.prefix {
        ClientIdPrefix::X509Hash => is_certificate_hash(leaf, original),
        _ => read
            .dns_names()
            .iter()
            .any(|name| name.eq_ignore_ascii_case(original)),
    };
    match fits {
        true => Ok(()),
        false => Err(invalid("a certificate of another client")),
    }
}

/// §5.9.3: the key is one of the DID's verification methods, named by `kid`.
fn did_key(
    jws: &jws::Unverified,
    request: &Request,
    documents: Option<&Documents>,
    now: Timestamp,
) -> Result<PublicKey, Error> {
    let client = request.client.original();
    let kid = jws.header().kid.as_deref().ok_or(invalid("no kid"))?;
    // The client's own document decides, wherever the kid would lead.
    if kid.split_once('#').map(|(did, _)| did) != Some(client) {
        return Err(invalid("kid of another client"));
    }
    if did::is_self_describing(kid) {
        let (did, key) = did::resolve_method(kid).map_err(|_| invalid("kid"))?;
        return match did == client {
            true => Ok(key),
            false => Err(invalid("kid of another client")),
        };
    }
    let documents = documents.ok_or(invalid("no document of the client's DID at hand"))?;
    let key = |purpose| documents.key(kid, purpose, now);
    key(ProofPurpose::Authentication)
        .or_else(|_| key(ProofPurpose::AssertionMethod))
        .map(|(_, key)| key)
        .map_err(|_| invalid("no such key in the document of the client's DID"))
}

fn attestation(jws: &jws::Unverified) -> Result<String, Error> {
    match jws.header().member("jwt") {
        Some(Value::String(jwt)) => Ok(jwt),
        _ => Err(invalid("no verifier attestation")),
    }
}

/// The key that an attestation confirms for the client of the request (RFC 7800 §3.2).
fn confirmed_key(attestation: &Value, request: &Request) -> Result<PublicKey, Error> {
    let text = |name: &str| attestation.get(name).and_then(Value::as_str);
    if text("sub") != Some(request.client.original()) {
        return Err(invalid("a verifier attestation of another client"));
    }
    // §5.9.3: where they are listed, the answer goes to one of them.
    if let Some(uris) = attestation.get("redirect_uris") {
        let listed = |uri: &str| {
            uris.as_array()
                .is_some_and(|uris| uris.iter().any(|known| known == uri))
        };
        if !request.response_uri().is_none_or(listed) {
            return Err(invalid("response URI outside the verifier attestation"));
        }
    }
    let jwk = attestation.get("cnf").and_then(|cnf| cnf.get("jwk"));
    let jwk = jwk.ok_or(invalid("a verifier attestation without key"))?;
    PublicKey::from_jwk(jwk).map_err(|_| invalid("a verifier attestation without key"))
}

/// §12: the attestation is by somebody trusted for it, in time, about this client.
fn attested(
    jws: &jws::Unverified,
    request: &Request,
    trust: &Trust<'_>,
    now: Timestamp,
) -> Result<(PublicKey, AuthenticatedName), Error> {
    let bad = |_| invalid("verifier attestation");
    let compact = attestation(jws)?;
    let parsed = jws::parse_with(&compact, ATTESTATION_LIMITS, ALGORITHMS).map_err(bad)?;
    let issuer = parsed.payload_unverified().get("iss");
    let issuer = issuer
        .and_then(Value::as_str)
        .ok_or(invalid("verifier attestation"))?
        .to_owned();
    if !trust.registers(&issuer, now) && !trust.attesters.contains(&issuer) {
        return Err(invalid("a verifier attestation by nobody who is trusted"));
    }
    // Looked up by the trusted name; a `kid` or `jwk` of the header is not followed.
    let (_, key) = did::resolve(&issuer).map_err(bad)?;
    let payload = parsed.verify(&key, ATTESTATION_TYP).map_err(bad)?;
    let time = |name: &str| {
        payload
            .get(name)
            .and_then(Value::as_i64)
            .map(Timestamp::from_unix)
    };
    let until = time("exp").ok_or(invalid("a verifier attestation without end"))?;
    if now >= until {
        return Err(invalid("a verifier attestation that has ended"));
    }
    let early = |from: Timestamp| from > now.add_seconds(SKEW);
    if time("nbf").is_some_and(early) || time("iat").is_some_and(early) {
        return Err(invalid("a verifier attestation from the future"));
    }
    let key = confirmed_key(&payload, request)?;
    let name = AuthenticatedName::Attested {
        name: request.client.original().to_owned(),
        by: issuer,
    };
    Ok((key, name))
}

/// The name that an authority registered the requester under, for whatever service.
pub(super) fn registered_name(
    request: &Request,
    trust: &Trust<'_>,
    now: Timestamp,
) -> Option<LocalizedText> {
    match trust.party(request.client_id()) {
        Some(party) => party
            .not_after
            .is_none_or(|until| now < until)
            .then(|| party.name.clone()),
        None if request.registrations.is_empty() => None,
        None => certified(request, trust, now)
            .ok()
            .map(|registration| registration.name),
    }
}

/// Who vouches for the requester, and that it asks no more than that.
fn requester(request: &Request, trust: &Trust<'_>, now: Timestamp) -> Result<Requester, Error> {
    let refused = |why| Err(Error::RequesterUnregistered { why });
    let party = trust.party(request.client_id());
    if let Some(party) = party {
        if party.not_after.is_some_and(|until| now >= until) {
            return refused("its registration has ended");
        }
        if let Some(service) = request.service()
            && party.services.iter().any(|known| known == service)
        {
            request.check_asked()?;
            return Ok(Requester::Registered(party.clone()));
        }
    }
    if !request.registrations.is_empty() {
        return certified(request, trust, now).map(Requester::Certified);
    }
    match (party, request.service(), trust.unregistered) {
        // The register knows it, and so it is held to the register.
        (Some(_), Some(_), _) => refused("not for this service"),
        (_, None, Unregistered::Refuse) => Err(invalid("no service named")),
        (None, Some(_), Unregistered::Refuse) => refused("not in the bundle"),
        (_, _, Unregistered::Ask) => {
            // Whoever names a service of the catalogue asks what that service may ask.
            request.check_asked()?;
            Ok(Requester::Unregistered)
        }
    }
}

/// §5.11: every credential that is asked for must be covered by a certificate of this client. The first certificate is the
/// one that is shown.
fn certified(request: &Request, trust: &Trust<'_>, now: Timestamp) -> Result<Registration, Error> {
    let bundle = trust.bundle.ok_or(Error::RequesterUnregistered {
        why: "nobody is known who may register",
    })?;
    let mut valid = Vec::new();
    for certificate in &request.registrations {
        let registration = Registration::open(&certificate.jwt, bundle, now)?;
        if registration.sub != request.client_id() {
            return Err(Error::RequesterUnregistered {
                why: "its certificate is of another client",
            });
        }
        valid.push((registration, certificate.credential_ids.as_deref()));
    }
    for asked in &request.query.credentials {
        let beyond = valid
            .iter()
            .filter(|(_, ids)| ids.is_none_or(|ids| ids.contains(&asked.id)))
            .map(|(registration, _)| registration.beyond(request, asked))
            .min_by_key(Vec::len)
            .unwrap_or_else(|| [asked.id.clone()].to_vec());
        if !beyond.is_empty() {
            return Err(Error::OverAsking {
                beyond: beyond.join(", "),
            });
        }
    }
    request.check_asked()?;
    let mut valid = valid.into_iter().map(|(registration, _)| registration);
    valid.next().ok_or(Error::RequesterUnregistered {
        why: "not in the bundle",
    })
}

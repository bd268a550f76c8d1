//! Making an SD-JWT (RFC 9901 §4, issuer's side).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

use super::TYP;
use super::disclosure::{RESERVED, reserved};
use super::frame::{Concealer, Frame};
use super::hash::{Digest, HashAlgorithm, order};
use crate::error::Error;
use crate::json::{write, write_text};
use crate::jws;
use crate::key::{KeyType, PublicKey};

/// What an issuer wants signed.
pub struct IssueInput<'a> {
    /// Header members besides `alg` and `typ`: `kid`, the DID URL of the issuer's key.
    pub header: Map<String, Value>,
    /// Claims that are always visible: `iss`, `vct`, `iat`, `nbf`, `exp`, `status`.
    pub visible: Map<String, Value>,
    /// Claims that the holder discloses one by one. The members of an object are disclosable each on its own, below
    /// the disclosure of the object itself; an array is disclosed whole.
    pub disclosable: &'a Map<String, Value>,
    /// The holder's key, for `cnf` (RFC 7800).
    pub holder: &'a PublicKey,
    /// Fresh randomness: 128 bits for each disclosure and decoy (RFC 9901 §9.3).
    pub salts: &'a mut dyn FnMut() -> [u8; 16],
    /// How many decoy digests to add (RFC 9901 §4.2.5).
    pub decoys: usize,
}

/// What an issuer of any kind of SD-JWT wants signed.
pub struct ClaimsInput<'a> {
    /// The kind of key that will sign.
    pub key: KeyType,
    /// Header members besides `alg`; RFC 9901 §9.11 wants a `typ`.
    pub header: Map<String, Value>,
    /// Every claim, `cnf` included.
    pub claims: Map<String, Value>,
    /// Which of them are disclosable.
    pub frame: &'a Frame,
    /// The hash of the disclosures.
    pub algorithm: HashAlgorithm,
    /// Fresh randomness: 128 bits for each disclosure and decoy (RFC 9901 §9.3).
    pub salts: &'a mut dyn FnMut() -> [u8; 16],
}

/// An SD-JWT that waits for the issuer's signature.
#[derive(Clone)]
pub struct Unsigned {
    jws: jws::Unsigned,
    /// The disclosures, with a tilde before and after each.
    disclosures: Vec<u8>,
}

/// Computes digests, disclosures and the bytes to sign of an SD-JWT VC with ES256.
///
/// Digests and disclosures are sorted by digest, so that their order says nothing about the claims (RFC 9901 §4.2.4.1).
///
/// # Errors
/// `disclosure_invalid` when a name is reserved or both visible and disclosable.
pub fn prepare(input: IssueInput<'_>) -> Result<Unsigned, Error> {
    let visible = &input.visible;
    if input
        .disclosable
        .keys()
        .any(|name| visible.contains_key(name) || name == "cnf")
    {
        return Err(Error::DisclosureInvalid {
            why: "claim both visible and disclosable",
        });
    }
    let clear = |object: &Map<String, Value>| {
        !object
            .keys()
            .any(|name| reserved(name) || name == "_sd_alg" || name == "cnf")
    };
    if !clear(visible) || input.disclosable.contains_key("_sd_alg") {
        return Err(RESERVED);
    }
    // An object of claims is rare: twice as many is enough.
    let claims = 2 * input.disclosable.len();
    let mut to = Concealer::new(HashAlgorithm::Sha256, input.salts, claims);
    let mut digests = conceal(input.disclosable, &mut to)?;
    digests.extend((0..input.decoys).map(|_| to.decoy()));
    let mut payload = Vec::with_capacity(48 * digests.len() + 1024);
    payload.push(b'{');
    write_digests(&digests, &mut payload);
    payload.extend_from_slice(b",\"_sd_alg\":\"sha-256\",\"cnf\":{\"jwk\":");
    input.holder.write_jwk(&mut payload);
    payload.push(b'}');
    for (name, value) in visible {
        member(name, value, &mut payload);
    }
    payload.push(b'}');
    let mut header = Vec::with_capacity(256);
    header.extend_from_slice(b"{\"alg\":\"ES256\"");
    for (name, value) in &input.header {
        if name != "alg" && name != "typ" {
            member(name, value, &mut header);
        }
    }
    header.extend_from_slice(b",\"typ\":\"");
    header.extend_from_slice(TYP.as_bytes());
    header.extend_from_slice(b"\"}");
    Ok(Unsigned {
        jws: jws::Unsigned::from_json(KeyType::P256, &header, &payload),
        disclosures: to.into_suffix(),
    })
}

/// A comma and a member.
fn member(name: &str, value: &Value, to: &mut Vec<u8>) {
    to.push(b',');
    write_text(name, to);
    to.push(b':');
    write(value, to);
}

/// `"_sd"` and the digests in their order, which says nothing about the claims (RFC 9901 §4.2.4.1).
fn write_digests(digests: &[Digest], to: &mut Vec<u8>) {
    let mut sorted: Vec<(u64, &Digest)> = digests
        .iter()
        .map(|one| (order(one.as_bytes()), one))
        .collect();
    sorted.sort_unstable_by_key(|(order, _)| *order);
    to.extend_from_slice(b"\"_sd\":[");
    for (index, (_, digest)) in sorted.into_iter().enumerate() {
        to.extend_from_slice(if index == 0 { &b"\""[..] } else { &b",\""[..] });
        to.extend_from_slice(digest.as_bytes());
        to.push(b'"');
    }
    to.push(b']');
}

/// Computes digests, disclosures and the bytes to sign of any SD-JWT: what is disclosable is said by a [`Frame`].
///
/// # Errors
/// `disclosure_invalid` when a name is reserved or a path leads to nothing, `unsupported_algorithm` for a key that signs
/// no JWS.
pub fn prepare_claims(input: ClaimsInput<'_>) -> Result<Unsigned, Error> {
    if input.key.jws_algorithm().is_none() {
        return Err(Error::UnsupportedAlgorithm { what: "JWS alg" });
    }
    if input.claims.contains_key("_sd_alg") {
        return Err(RESERVED);
    }
    let mut to = Concealer::new(input.algorithm, input.salts, 8);
    let mut payload = input.frame.object(input.claims, &mut to)?;
    payload.insert("_sd_alg".to_owned(), json!(input.algorithm.name()));
    let header = Value::Object(input.header);
    Ok(Unsigned {
        jws: jws::Unsigned::with_key_type(input.key, header, &Value::Object(payload)),
        disclosures: to.into_suffix(),
    })
}

/// Turns every member into a disclosure, innermost first, and gives the digests of this level.
fn conceal(members: &Map<String, Value>, to: &mut Concealer<'_>) -> Result<Vec<Digest>, Error> {
    let mut digests = Vec::with_capacity(members.len() + 8);
    for (name, value) in members {
        if reserved(name) {
            return Err(RESERVED);
        }
        digests.push(match value {
            Value::Object(inner) if !inner.is_empty() => {
                let inner = conceal(inner, to)?;
                to.disclosure(Some(name), |json| {
                    json.push(b'{');
                    write_digests(&inner, json);
                    json.push(b'}');
                })
            }
            other => to.disclosure(Some(name), |json| write(other, json)),
        });
    }
    Ok(digests)
}

impl Unsigned {
    /// The bytes to sign.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.jws.signing_input()
    }

    /// The SD-JWT with `signature` (r ‖ s, or R ‖ S): `<JWT>~<disclosure>~…~`.
    #[must_use]
    pub fn attach(self, signature: impl AsRef<[u8]>) -> String {
        self.jws.attach_with(signature, &self.disclosures)
    }
}

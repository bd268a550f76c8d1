//! Digests of related resources (VCDM 2.0 §5.3): read from credentials, compared with what is in hand.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use super::member::{self, Members, one_or_more};
use super::path::Path;
use crate::crypto::{sha256, sha384, sha512};
use crate::encoding::{from_multibase_base58, from_multibase_base64url};
use crate::error::Error;
use crate::jsonld::BUILTIN_CONTEXTS;

/// The most digests of one resource, and the longest text of one: more says nothing more.
const MAX_DIGESTS: usize = 16;

/// The digest algorithms of Subresource Integrity §3.2; also the ones of multihash that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A digest as a credential states it.
struct Digest {
    algorithm: Algorithm,
    /// As decoded; whatever its length is, it equals no digest of another length.
    bytes: Vec<u8>,
}

/// An object that names a resource and may carry digests of it: `relatedResource`, `credentialSchema`.
pub(crate) struct Resource<'a> {
    pub(crate) id: &'a str,
    digests: Vec<Digest>,
}

impl<'a> Resource<'a> {
    /// Reads `id`, `digestSRI` and `digestMultibase`.
    pub(crate) fn read(members: &'a Members, path: &Path<'_>) -> Result<Self, Error> {
        let mut digests = Vec::new();
        let mut add = |digest: Digest, path: &Path<'_>| {
            if digests.len() == MAX_DIGESTS {
                return Err(path.malformed("too many digests"));
            }
            digests.push(digest);
            Ok(())
        };
        if let Some(value) = members.get("digestSRI") {
            one_or_more(value, &path.name("digestSRI"), |one, path| {
                let text = one.as_str().unwrap_or_default();
                // Subresource Integrity §3.5: hash expressions between blanks.
                let mut expressions = text.split_ascii_whitespace().peekable();
                if expressions.peek().is_none() {
                    return Err(path.malformed("integrity metadata is needed"));
                }
                expressions.try_for_each(|expression| {
                    let digest =
                        sri(expression).ok_or_else(|| path.malformed("not a hash expression"))?;
                    add(digest, path)
                })
            })?;
        }
        if let Some(value) = members.get("digestMultibase") {
            one_or_more(value, &path.name("digestMultibase"), |one, path| {
                let digest = one
                    .as_str()
                    .and_then(multihash)
                    .ok_or_else(|| path.malformed("not a multibase-encoded multihash of SHA-2"))?;
                add(digest, path)
            })?;
        }
        Ok(Self {
            id: member::required_id(members, path)?,
            digests,
        })
    }

    /// Compares every stated digest with the resource in hand. `false` when there is none to compare with.
    pub(crate) fn check(&self, known: &Resources, path: &Path<'_>) -> Result<bool, Error> {
        let mut compared = false;
        for digest in &self.digests {
            match known.digest(self.id, digest.algorithm) {
                Some(bytes) if digest.bytes == bytes => compared = true,
                Some(_) => {
                    return Err(Error::DigestMismatch {
                        path: path.render(),
                    });
                }
                None => {}
            }
        }
        Ok(compared)
    }
}

/// `relatedResource` (§5.3): objects with an identifier of their own and at least one digest.
pub(super) fn related<'a>(
    members: &'a Members,
    path: &Path<'_>,
) -> Result<Vec<Resource<'a>>, Error> {
    let mut related: Vec<Resource<'a>> = Vec::new();
    let Some(value) = members.get("relatedResource") else {
        return Ok(related);
    };
    one_or_more(value, &path.name("relatedResource"), |one, path| {
        let members = member::object(one, path)?;
        let resource = Resource::read(members, path)?;
        if resource.digests.is_empty() {
            return Err(path.malformed("digestSRI or digestMultibase is needed"));
        }
        if members
            .get("mediaType")
            .is_some_and(|kind| !is_media_type(kind))
        {
            return Err(path.name("mediaType").malformed("a media type is needed"));
        }
        related.push(resource);
        Ok(())
    })?;
    let mut ids: Vec<&str> = related.iter().map(|resource| resource.id).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(path
            .name("relatedResource")
            .malformed("the same resource is listed twice"));
    }
    Ok(related)
}

/// `type/subtype` (RFC 9110 §8.3.1) with parameters or without.
fn is_media_type(value: &Value) -> bool {
    let token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    value.as_str().is_some_and(|text| {
        let essence = text.split(';').next().unwrap_or_default().trim_end();
        essence
            .split_once('/')
            .is_some_and(|(kind, subtype)| token(kind) && token(subtype))
    })
}

/// A hash expression (Subresource Integrity §3.5). Options after `?` have no meaning yet and are passed over.
///
/// Its grammar says nothing of the length, so a digest of the wrong length is one that no resource has. Digests are also
/// met in hexadecimal, which cannot be mistaken for base64 of the right length.
fn sri(expression: &str) -> Option<Digest> {
    let (name, rest) = expression.split_once('-')?;
    let algorithm = match name {
        "sha256" => Algorithm::Sha256,
        "sha384" => Algorithm::Sha384,
        "sha512" => Algorithm::Sha512,
        _ => return None,
    };
    let value = rest.split('?').next().unwrap_or_default();
    let plain = value.trim_end_matches('=');
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    if plain.is_empty() || value.len() - plain.len() > 2 || !plain.bytes().all(alphabet) {
        return None;
    }
    let bytes = hexadecimal(plain, algorithm.length())
        .or_else(|| STANDARD.decode(value).ok())
        .or_else(|| URL_SAFE.decode(value).ok())
        .unwrap_or_default();
    Some(Digest { algorithm, bytes })
}

fn hexadecimal(text: &str, length: usize) -> Option<Vec<u8>> {
    if text.len() != length * 2 || text.bytes().any(|byte| !byte.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| {
            let pair = core::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

/// A multihash of SHA-2 (Controlled Identifiers §2.5) in base58btc or base64url. The bare digest is met, too, in the W3C
/// suite among others; its length cannot be that of a multihash.
fn multihash(text: &str) -> Option<Digest> {
    let bytes = if text.starts_with('z') {
        from_multibase_base58(text).ok()?
    } else {
        from_multibase_base64url(text).ok()?
    };
    let (algorithm, bytes) = match bytes.as_slice() {
        [0x12, 0x20, bytes @ ..] => (Algorithm::Sha256, bytes),
        [0x20, 0x30, bytes @ ..] => (Algorithm::Sha384, bytes),
        [0x13, 0x40, bytes @ ..] => (Algorithm::Sha512, bytes),
        bytes if bytes.len() == 32 => (Algorithm::Sha256, bytes),
        bytes if bytes.len() == 48 => (Algorithm::Sha384, bytes),
        bytes if bytes.len() == 64 => (Algorithm::Sha512, bytes),
        _ => return None,
    };
    (bytes.len() == algorithm.length()).then(|| Digest {
        algorithm,
        bytes: bytes.to_owned(),
    })
}

/// What is known of resources that credentials name: their digests, from their bytes in hand or from elsewhere.
///
/// Nothing is ever fetched. The built-in JSON-LD contexts are known from the start.
///
/// # Example
/// ```
/// use tessera_verifier::vcdm::{Credential, Resources};
///
/// let document = serde_json::json!({
///     "@context": ["https://www.w3.org/ns/credentials/v2"],
///     "type": ["VerifiableCredential"],
///     "issuer": "did:example:issuer",
///     "credentialSubject": {"id": "did:example:subject"},
///     "relatedResource": {
///         "id": "https://issuer.example/terms.txt",
///         "digestSRI": "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
///     },
/// });
/// let credential = Credential::parse(&document)?;
/// let mut resources = Resources::new();
/// resources.insert("https://issuer.example/terms.txt", b"abc");
/// assert_eq!(credential.check_resources(&resources)?, 1);
///
/// let mut altered = Resources::new();
/// altered.insert("https://issuer.example/terms.txt", b"abd");
/// assert_eq!(credential.check_resources(&altered).unwrap_err().code(), "digest_mismatch");
/// # Ok::<(), tessera_verifier::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Resources {
    known: BTreeMap<String, Known>,
}

#[derive(Clone, Default)]
struct Known {
    sha256: Option<[u8; 32]>,
    sha384: Option<[u8; 48]>,
    sha512: Option<[u8; 64]>,
}

impl Known {
    fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: Some(sha256(bytes)),
            sha384: Some(sha384(bytes)),
            sha512: Some(sha512(bytes)),
        }
    }
}

impl Resources {
    /// Only the built-in contexts.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            known: BTreeMap::new(),
        }
    }

    /// Makes the resource at `url` known by its bytes, as they would be fetched; only digests of them are kept.
    pub fn insert(&mut self, url: &str, bytes: &[u8]) {
        self.known.insert(url.to_owned(), Known::of(bytes));
    }

    /// Makes the SHA-256 of the resource at `url` known, where the bytes are not in hand.
    pub fn insert_sha256(&mut self, url: &str, digest: [u8; 32]) {
        self.known.entry(url.to_owned()).or_default().sha256 = Some(digest);
    }

    fn digest(&self, url: &str, algorithm: Algorithm) -> Option<Vec<u8>> {
        let pick = |known: &Known| match algorithm {
            Algorithm::Sha256 => known.sha256.map(|digest| digest.to_vec()),
            Algorithm::Sha384 => known.sha384.map(|digest| digest.to_vec()),
            Algorithm::Sha512 => known.sha512.map(|digest| digest.to_vec()),
        };
        if let Some(known) = self.known.get(url) {
            return pick(known);
        }
        let (_, text) = BUILTIN_CONTEXTS.iter().find(|(known, _)| *known == url)?;
        pick(&Known::of(text.as_bytes()))
    }

    /// Checks each of `resources` that is known; gives how many were compared.
    pub(super) fn check<'a>(
        &self,
        resources: impl Iterator<Item = &'a Resource<'a>>,
        path: &Path<'_>,
    ) -> Result<usize, Error> {
        let mut compared = 0;
        for (index, resource) in resources.enumerate() {
            compared += usize::from(resource.check(self, &path.index(index))?);
        }
        Ok(compared)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::encoding::{multibase_base58, multibase_base64url};
    use alloc::format;
    use serde_json::json;

    #[test]
    fn a_digest_is_of_the_length_of_its_algorithm() {
        for (code, algorithm) in [
            (0x12, Algorithm::Sha256),
            (0x20, Algorithm::Sha384),
            (0x13, Algorithm::Sha512),
        ] {
            let length = algorithm.length();
            let bytes = [&[code, length as u8][..], &alloc::vec![7; length]].concat();
            for text in [multibase_base58(&bytes), multibase_base64url(&bytes)] {
                let digest = multihash(&text).unwrap();
                assert!(digest.algorithm == algorithm && digest.bytes == bytes[2..]);
            }
            // The bare digest; one byte less or more is none.
            let bare = multihash(&multibase_base64url(&bytes[2..])).unwrap();
            assert!(bare.algorithm == algorithm && bare.bytes == bytes[2..]);
            for length in [length - 1, length + 1] {
                assert!(multihash(&multibase_base64url(&alloc::vec![7; length])).is_none());
                let cut = [
                    &[code, algorithm.length() as u8][..],
                    &alloc::vec![7; length],
                ]
                .concat();
                assert!(multihash(&multibase_base64url(&cut)).is_none());
            }
        }
        assert!(multihash("x").is_none());
    }

    #[test]
    fn a_hash_expression_in_base64_or_hexadecimal() {
        let bytes = |text: &str| sri(text).map(|digest| digest.bytes.len());
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(bytes(&format!("sha256-{hex}")), Some(32));
        // As long, and no hexadecimal: it is base64 of another length.
        assert_eq!(
            bytes(&format!("sha256-{}", hex.replace('b', "g"))),
            Some(48)
        );
        assert_eq!(bytes(&format!("sha384-{hex}")), Some(48));
        assert_eq!(bytes("sha256-AAAA"), Some(3));
        assert_eq!(bytes("sha256-AA=="), Some(1));
        // No digest of anything, but within the grammar.
        assert_eq!(bytes("sha256-A=="), Some(0));
        for text in [
            "sha256-A===",
            "sha256-",
            "sha256-==",
            "sha256-A A",
            "sha1-AAAA",
            "sha256",
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn media_types_have_two_tokens() {
        for (text, expected) in [
            ("text/plain", true),
            ("application/ld+json; profile=\"x\"", true),
            ("text", false),
            ("/plain", false),
            ("text/", false),
            ("te xt/plain", false),
            ("text/pl ain", false),
            ("text/pl/ain", false),
            ("", false),
        ] {
            assert_eq!(is_media_type(&json!(text)), expected, "{text}");
        }
        assert!(!is_media_type(&json!(1)));
    }
}

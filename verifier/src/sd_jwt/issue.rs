//! Making an SD-JWT VC (RFC 9901 §4, issuer's side).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

use super::TYP;
use super::disclosure::{Disclosure, digest, reserved};
use crate::encoding::base64url;
use crate::error::Error;
use crate::jws;
use crate::key::PublicKey;

/// What an issuer wants signed.
pub struct IssueInput<'a> {
    /// Header members besides `alg` and `typ`: `kid`, the DID URL of the issuer's key.
    pub header: Map<String, Value>,
    /// Claims that are always visible: `iss`, `vct`, `iat`, `nbf`, `exp`, `status`.
    pub visible: Map<String, Value>,
    /// Claims that the holder discloses one by one. The members of an object are disclosable each on its own, below
    /// the disclosure of the object itself; an array is disclosed whole.
    pub disclosable: Map<String, Value>,
    /// The holder's key, for `cnf` (RFC 7800).
    pub holder: &'a PublicKey,
    /// Fresh randomness: 128 bits for each disclosure and decoy (RFC 9901 §9.3).
    pub salts: &'a mut dyn FnMut() -> [u8; 16],
    /// How many decoy digests to add (RFC 9901 §4.2.5).
    pub decoys: usize,
}

/// An SD-JWT that waits for the issuer's signature.
#[derive(Clone)]
pub struct Unsigned {
    jws: jws::Unsigned,
    disclosures: Vec<String>,
}

/// Computes digests, disclosures and the bytes to sign.
///
/// Digests and disclosures are sorted by digest, so that their order says nothing about the claims (RFC 9901 §4.2.4.1).
///
/// # Errors
/// `disclosure_invalid` when a name is reserved or both visible and disclosable.
pub fn prepare(input: IssueInput<'_>) -> Result<Unsigned, Error> {
    let mut disclosures = Vec::new();
    let mut payload = input.visible;
    if input
        .disclosable
        .keys()
        .any(|name| payload.contains_key(name))
    {
        return Err(Error::DisclosureInvalid {
            why: "claim both visible and disclosable",
        });
    }
    let clear = |object: &Map<String, Value>| {
        !object
            .keys()
            .any(|name| reserved(name) || name == "_sd_alg")
    };
    if !clear(&payload) || input.disclosable.contains_key("_sd_alg") {
        return Err(Error::DisclosureInvalid {
            why: "reserved claim name",
        });
    }
    let mut digests = conceal(&input.disclosable, input.salts, &mut disclosures)?;
    for _ in 0..input.decoys {
        digests.push(digest(&base64url(&(input.salts)())));
    }
    digests.sort_unstable();
    payload.insert("_sd".to_owned(), json!(digests));
    payload.insert("_sd_alg".to_owned(), json!("sha-256"));
    payload.insert("cnf".to_owned(), json!({"jwk": input.holder.to_jwk()}));
    let mut header = input.header;
    header.insert("typ".to_owned(), json!(TYP));
    disclosures.sort_unstable_by(|a, b| a.digest().cmp(b.digest()));
    Ok(Unsigned {
        jws: jws::Unsigned::new(Value::Object(header), &Value::Object(payload)),
        disclosures: disclosures
            .into_iter()
            .map(|disclosure| disclosure.encoded().to_owned())
            .collect(),
    })
}

/// Turns every member into a disclosure, innermost first, and gives the digests of this level.
fn conceal(
    members: &Map<String, Value>,
    salts: &mut dyn FnMut() -> [u8; 16],
    disclosures: &mut Vec<Disclosure>,
) -> Result<Vec<String>, Error> {
    let mut digests = Vec::with_capacity(members.len());
    for (name, value) in members {
        if reserved(name) {
            return Err(Error::DisclosureInvalid {
                why: "reserved claim name",
            });
        }
        let concealed = match value {
            Value::Object(inner) if !inner.is_empty() => {
                let mut inner = conceal(inner, salts, disclosures)?;
                inner.sort_unstable();
                json!({"_sd": inner})
            }
            other => other.clone(),
        };
        let disclosure = Disclosure::new(&salts(), Some(name), &concealed);
        digests.push(disclosure.digest().to_owned());
        disclosures.push(disclosure);
    }
    Ok(digests)
}

impl Unsigned {
    /// The bytes to sign.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.jws.signing_input()
    }

    /// The SD-JWT with `signature` (r ‖ s): `<JWT>~<disclosure>~…~`.
    #[must_use]
    pub fn attach(self, signature: impl AsRef<[u8]>) -> String {
        let mut text = self.jws.attach(signature);
        for disclosure in &self.disclosures {
            text.push('~');
            text.push_str(disclosure);
        }
        text.push('~');
        text
    }
}

//! VC-JOSE-COSE §3.1: `vc+jwt` and `vp+jwt` with JOSE libraries, which know nothing of credentials: they make and check
//! the JWS, we everything.

use serde_json::{Value, json};
use tessera_verifier::Error;
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::vc_jose_cose::{
    Expectation, KeyReference, Kind, Secured, SigningKey, SigningOptions, Verified, by_did,
    envelope, prepare_jwt, verify_jwt,
};

use crate::keys::Key;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::peer::Peer;
use crate::specimen::{credential, key, now};

/// The kinds of key and the algorithm of each.
pub(crate) const ALGORITHMS: [(KeyType, &str); 3] = [
    (KeyType::P256, "ES256"),
    (KeyType::P384, "ES384"),
    (KeyType::Ed25519, "EdDSA"),
];
/// The `kid` of a peer's key, which only the caller knows.
pub(crate) const THEIR_KEY: &str = "https://issuer.example/keys#1";
const THEM: &str = "https://issuer.example";

/// Asks `peer`, both ways.
pub fn run(matrix: &mut Matrix, name: &str, peer: &Peer) {
    for (kind, alg) in ALGORITHMS {
        for what in [Kind::Credential, Kind::Presentation] {
            let subject = format!("{} {alg}", typ(what));
            matrix.ask(&subject, name, Way::TheirsToOurs, || {
                theirs(peer, what, kind, alg)
            });
            matrix.ask(&subject, name, Way::OursToTheirs, || {
                ours(peer, what, kind, alg)
            });
        }
    }
}

const fn typ(what: Kind) -> &'static str {
    match what {
        Kind::Credential => "vc+jwt",
        Kind::Presentation => "vp+jwt",
    }
}

fn theirs(peer: &Peer, what: Kind, kind: KeyType, alg: &str) -> Outcome {
    let document = document(what, THEM)?;
    let signed = |typ: &str| {
        let question =
            json!({"alg": alg, "header": {"typ": typ, "kid": THEIR_KEY}, "payload": document});
        peer.ask("jwt-sign", question)
    };
    let made = signed(typ(what))?;
    let jwt = text(&made, "jwt")?;
    let public = PublicKey::from_jwk(&made["jwk"]).map_err(Stop::fail)?;
    let verified = check(jwt, what, kind, &public).map_err(Stop::fail)?;
    demand(*verified.document() == document, "another document")?;
    demand(
        (what == Kind::Credential) == verified.credentials().is_empty(),
        "the credential within was not verified",
    )?;
    let refused = |jwt: &str, public: &PublicKey, forgery: &str| {
        demand(
            check(jwt, what, kind, public).is_err(),
            &format!("we accepted {forgery}"),
        )
    };
    refused(&altered(jwt)?, &public, "another payload")?;
    refused(jwt, Key::generate(kind)?.public_key(), "another key")?;
    let other = signed("JWT")?;
    let public = PublicKey::from_jwk(&other["jwk"]).map_err(Stop::fail)?;
    refused(text(&other, "jwt")?, &public, "another typ")?;
    Ok("verified; another payload, key, typ refused".to_owned())
}

fn ours(peer: &Peer, what: Kind, kind: KeyType, alg: &str) -> Outcome {
    let signer = Key::generate(kind)?;
    let document = document(what, &signer.did())?;
    let jwt = sign(&document, what, kind, &signer)?;
    let question = |jwt: &str, key: &PublicKey| json!({"jwt": jwt, "jwk": key.to_jwk(), "alg": alg, "typ": typ(what)});
    let public = signer.public_key();
    let answer = peer.ask("jwt-verify", question(&jwt, public))?;
    same_document(&answer["payload"], &document)?;
    demand(
        answer["header"]["kid"] == signer.verification_method(),
        "another kid was read",
    )?;
    let forgery = question(&altered(&jwt)?, public);
    peer.refuses("jwt-verify", forgery, "another payload")?;
    let other = Key::generate(kind)?;
    let forgery = question(&jwt, other.public_key());
    peer.refuses("jwt-verify", forgery, "another key")?;
    Ok("verified; another payload, key refused".to_owned())
}

/// Signs a document of ours as a compact JWS.
pub(crate) fn sign(
    document: &Value,
    what: Kind,
    kind: KeyType,
    signer: &Key,
) -> Result<String, Stop> {
    let method = signer.verification_method();
    let contexts = ContextStore::builtin();
    let unsigned = prepare_jwt(document, &options(what, kind, &method, &contexts));
    unsigned
        .map_err(Stop::fail)?
        .sign(signer)
        .map_err(Stop::fail)
}

/// How everything here is signed.
pub(crate) const fn options<'a>(
    kind: Kind,
    key: KeyType,
    kid: &'a str,
    contexts: &'a ContextStore,
) -> SigningOptions<'a> {
    SigningOptions {
        kind,
        key,
        kid: Some(kid),
        issued_at: None,
        expires: None,
        certificates: &[],
        contexts,
    }
}

/// What is secured: a credential by `who`, or `who`'s presentation of a credential of ours.
pub(crate) fn document(what: Kind, who: &str) -> Result<Value, Stop> {
    let holder = key()?;
    if what == Kind::Credential {
        return Ok(credential(who, &holder, None));
    }
    let issuer = key()?;
    let within = credential(&issuer.did(), &holder, None);
    let within = sign(&within, Kind::Credential, KeyType::P256, &issuer)?;
    Ok(json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": who,
        "verifiableCredential": [envelope(Kind::Credential, &Secured::Jwt(within))],
    }))
}

/// The key of a message: a peer's, which the caller knows, or one that names itself.
pub(crate) fn key_of(
    reference: &KeyReference<'_>,
    theirs: &PublicKey,
) -> Result<SigningKey, Error> {
    match reference.kid {
        Some(THEIR_KEY) => Ok(theirs.clone().into()),
        _ => by_did(reference),
    }
}

/// What we expect of a message.
pub(crate) fn expectation<'a>(
    what: Kind,
    algorithms: &'a [KeyType],
) -> Result<Expectation<'a>, Error> {
    let now = now().map_err(|_| Error::malformed("clock"))?;
    Ok(match what {
        Kind::Credential => Expectation::credential(algorithms, now),
        Kind::Presentation => Expectation::presentation(algorithms, now),
    })
}

fn check(jwt: &str, what: Kind, kind: KeyType, theirs: &PublicKey) -> Result<Verified, Error> {
    // A credential within a presentation is one of ours, with ES256.
    let algorithms: &[KeyType] = match what {
        Kind::Credential => &[kind],
        Kind::Presentation => &[kind, KeyType::P256],
    };
    let expected = expectation(what, algorithms)?;
    verify_jwt(jwt, &expected, &|reference| key_of(reference, theirs))
}

/// The same message with another character in the middle of its payload.
fn altered(jwt: &str) -> Result<String, Stop> {
    let mut parts: Vec<String> = jwt.split('.').map(str::to_owned).collect();
    let payload = parts.get_mut(1).ok_or_else(|| Stop::fail("no payload"))?;
    let middle = payload.len() / 2;
    let replacement = if payload.get(middle..=middle) == Some("A") {
        "B"
    } else {
        "A"
    };
    payload.replace_range(middle..=middle, replacement);
    Ok(parts.join("."))
}

/// What a peer read is the document, and besides it only claims about the signature.
pub(crate) fn same_document(read: &Value, document: &Value) -> Result<(), Stop> {
    let (Some(read), Some(document)) = (read.as_object(), document.as_object()) else {
        return Err(Stop::fail("no object was read"));
    };
    let claims = ["iss", "sub", "jti", "iat", "nbf", "exp"];
    let same = document
        .iter()
        .all(|(name, value)| read.get(name) == Some(value));
    let more = read
        .keys()
        .any(|name| !document.contains_key(name) && !claims.contains(&name.as_str()));
    demand(same && !more, "another payload was read")
}

/// A text member of an answer.
pub(crate) fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str, Stop> {
    answer[name]
        .as_str()
        .ok_or_else(|| Stop::fail(format!("no {name} in the answer")))
}

//! `did:key` by two libraries: from name to public JWK and back.

use did_key::{CONFIG_JOSE_PUBLIC, DIDCore, Fingerprint, KeyFormat, P256KeyPair};
use serde_json::{Value, json};
use ssi::dids::{AnyDidMethod, DIDKey, DIDResolver, DIDURLBuf};
use ssi::verification_methods::{
    AnyMethod, MaybeJwkVerificationMethod, VerificationMethodResolver,
};

use crate::{Question, Verdict, answer, keys, reason};

/// Resolves with `did-key`. The crate panics on some malformed names; that counts as a refusal.
pub(crate) fn resolve_with_did_key(question: &Question) -> Verdict {
    let did = question.text("did")?.to_owned();
    std::panic::set_hook(Box::new(|_| {}));
    let document = std::panic::catch_unwind(move || {
        did_key::resolve(&did).map(|key| key.get_did_document(CONFIG_JOSE_PUBLIC))
    });
    let _ = std::panic::take_hook();
    let document = match document {
        Ok(Ok(document)) => document,
        Ok(Err(error)) => return Err(format!("{error:?}")),
        Err(_) => return Err("the library panicked".to_owned()),
    };
    let method = document
        .verification_method
        .first()
        .ok_or("no verification method")?;
    match &method.public_key {
        Some(KeyFormat::JWK(jwk)) => {
            // did-key 0.2 puts the compressed point into `x` and leaves `y` out; the point is right.
            let point = jwk.x.as_deref().ok_or("a JWK without x")?;
            let jwk = keys::jwk_of_compressed(point)?;
            answer(json!({"did": document.id, "verification_method": method.id, "jwk": jwk}))
        }
        _ => Err("no JWK".to_owned()),
    }
}

/// Resolves with `ssi`.
pub(crate) async fn resolve_with_ssi(question: &Question) -> Verdict {
    let did = question.text("did")?;
    let identifier = did.strip_prefix("did:key:").unwrap_or_default();
    let url = if did.contains('#') || identifier.is_empty() {
        did.to_owned()
    } else {
        format!("{did}#{identifier}")
    };
    let url = DIDURLBuf::from_string(url).map_err(reason)?;
    let resolver = AnyDidMethod::default().into_vm_resolver::<AnyMethod>();
    let reference = ssi::verification_methods::ReferenceOrOwnedRef::Reference(url.as_iri());
    let method = resolver
        .resolve_verification_method(None, Some(reference))
        .await
        .map_err(reason)?;
    let jwk = method.try_to_jwk().ok_or("no public key")?;
    answer(json!({"verification_method": url.to_string(), "jwk": jwk.to_public()}))
}

/// Names a P-256 key with `did-key`.
pub(crate) fn make_with_did_key(question: &Question) -> Verdict {
    let point = keys::uncompressed(question.member("jwk")?)?;
    let key = did_key::from_existing_key::<P256KeyPair>(&point, None);
    answer(json!({"did": format!("did:key:{}", key.fingerprint())}))
}

/// Names a key with `ssi`.
pub(crate) fn make_with_ssi(question: &Question) -> Verdict {
    let jwk: Value = question.member("jwk")?.clone();
    let jwk: ssi::JWK = serde_json::from_value(jwk).map_err(reason)?;
    answer(json!({"did": DIDKey::generate(&jwk).map_err(reason)?.to_string()}))
}

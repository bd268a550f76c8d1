//! `sd-jwt-payload`: disclosures, digests and key-binding structure are its work. It leaves JWS
//! signatures to the caller, who checks them here with RustCrypto's P-256.

use async_trait::async_trait;
use sd_jwt_payload::{
    Hasher, JsonObject, JwsSigner, KeyBindingJwtBuilder, RequiredKeyBinding, SdJwt, SdJwtBuilder,
    Sha256Hasher,
};
use serde_json::{Value, json};

use super::{compact, expect_binding, signed_parts};
use crate::{Question, Verdict, answer, keys, reason};

/// Verifies issuer signature, disclosures and, when asked for, the key binding.
pub(crate) fn verify(question: &Question) -> Verdict {
    let text = question.text("sd_jwt")?;
    let (issuer_jwt, _) = text.split_once('~').ok_or("no `~`")?;
    let (input, signature) = signed_parts(issuer_jwt)?;
    keys::verify(question.member("issuer_jwk")?, input.as_bytes(), &signature)?;

    let parsed = SdJwt::parse(text).map_err(reason)?;
    let wants_binding = question.optional_text("nonce").is_some();
    match parsed.key_binding_jwt() {
        None if wants_binding => return Err("no key binding".to_owned()),
        None => {}
        Some(binding) => {
            let (unbound, kb_jwt) = text.rsplit_once('~').ok_or("no `~`")?;
            let claims = binding.claims();
            if claims.sd_hash != Sha256Hasher::new().encoded_digest(&format!("{unbound}~")) {
                return Err("key binding: sd_hash of something else".to_owned());
            }
            let Some(RequiredKeyBinding::Jwk(holder)) = parsed.required_key_bind() else {
                return Err("key binding without cnf.jwk".to_owned());
            };
            let (input, signature) = signed_parts(kb_jwt)?;
            keys::verify(&Value::Object(holder.clone()), input.as_bytes(), &signature)?;
            expect_binding(question, &claims.nonce, &claims.aud)?;
        }
    }
    let claims = parsed
        .into_disclosed_object(&Sha256Hasher::new())
        .map_err(reason)?;
    answer(json!({"claims": claims}))
}

/// Issues an SD-JWT and, when `present` is given, conceals some claims and binds the rest.
pub(crate) async fn issue(question: &Question) -> Verdict {
    let issuer = keys::secret_or_fresh(question.input.get("issuer_jwk"))?;
    let holder = keys::secret_or_fresh(question.input.get("holder_jwk"))?;
    let mut builder = SdJwtBuilder::new(question.member("claims")?.clone()).map_err(reason)?;
    for pointer in question.texts("conceal")? {
        builder = builder.make_concealable(&pointer).map_err(reason)?;
    }
    let header = match question.input.get("header") {
        Some(Value::Object(members)) => members.clone(),
        _ => JsonObject::new(),
    };
    let Value::Object(holder_jwk) = keys::public_jwk(&holder)? else {
        return Err("a JWK is an object".to_owned());
    };
    let mut issued = builder
        .headers(header)
        .add_decoys("", 2)
        .map_err(reason)?
        .require_key_binding(RequiredKeyBinding::Jwk(holder_jwk))
        .finish(&Es256(issuer.clone()), "ES256")
        .await
        .map_err(reason)?;

    let whole = issued.presentation();
    let mut presented = Value::Null;
    if let Some(present) = question.input.get("present") {
        let hasher = Sha256Hasher::new();
        let mut presentation = issued.into_presentation(&hasher).map_err(reason)?;
        for pointer in present["conceal"].as_array().into_iter().flatten() {
            presentation = presentation
                .conceal(pointer.as_str().ok_or("present.conceal holds texts")?)
                .map_err(reason)?;
        }
        (issued, _) = presentation.finish();
        let binding = KeyBindingJwtBuilder::new()
            .nonce(present["nonce"].as_str().ok_or("present.nonce")?)
            .aud(present["audience"].as_str().ok_or("present.audience")?)
            .iat(present["iat"].as_i64().ok_or("present.iat")?)
            .finish(&issued, &hasher, "ES256", &Es256(holder.clone()))
            .await
            .map_err(reason)?;
        issued.attach_key_binding_jwt(binding);
        presented = Value::String(issued.presentation());
    }
    answer(json!({
        "sd_jwt": whole,
        "presentation": presented,
        "issuer_jwk": keys::public_jwk(&issuer)?,
        "holder_jwk": keys::public_jwk(&holder)?,
    }))
}

/// The signer the library asks for.
struct Es256(p256::SecretKey);

#[async_trait]
impl JwsSigner for Es256 {
    type Error = String;

    async fn sign(&self, header: &JsonObject, payload: &JsonObject) -> Result<Vec<u8>, String> {
        let header = Value::Object(header.clone());
        let payload = Value::Object(payload.clone());
        Ok(compact(&header, &payload, &self.0).into_bytes())
    }
}

//! `ssi`: signatures, disclosures, dates and key binding are all its own work.

use serde_json::{Value, json};
use ssi::JsonPointerBuf;
use ssi::claims::VerificationParameters;
use ssi::claims::jws::{Header, JwsBuf, encode_sign_custom_header};
use ssi::claims::sd_jwt::{KbJwtPayload, SdAlg, SdJwt, SdJwtBuf, SdJwtPayload};
use ssi::jwk::{Algorithm, JWK};

use super::expect_binding;
use crate::data_integrity::at;
use crate::{Question, Verdict, answer, keys, reason};

/// Verifies issuer signature, dates, disclosures and, when asked for, the key binding.
pub(crate) async fn verify(question: &Question) -> Verdict {
    let issuer: JWK =
        serde_json::from_value(question.member("issuer_jwk")?.clone()).map_err(reason)?;
    let sd_jwt = SdJwt::new(question.text("sd_jwt")?).map_err(reason)?;
    let params = at(VerificationParameters::from_resolver(&issuer), question)?;
    let (revealed, verification) = sd_jwt
        .decode_reveal_verify_any(&params)
        .await
        .map_err(reason)?;
    verification.map_err(reason)?;
    let claims = serde_json::to_value(revealed.claims()).map_err(reason)?;

    match sd_jwt.decode_kb().map_err(reason)? {
        None if question.optional_text("nonce").is_some() => {
            return Err("no key binding".to_owned());
        }
        None => {}
        Some(binding) => {
            let payload = &binding.signing_bytes.payload;
            if !payload.sd_hash.verify(revealed.sd_alg, sd_jwt) {
                return Err("key binding: sd_hash of something else".to_owned());
            }
            expect_binding(question, &payload.nonce.0, &payload.aud)?;
            let holder: JWK = serde_json::from_value(claims["cnf"]["jwk"].clone())
                .map_err(|e| format!("cnf.jwk: {e}"))?;
            let params = at(VerificationParameters::from_resolver(&holder), question)?;
            binding
                .verify(&params)
                .await
                .map_err(reason)?
                .map_err(reason)?;
        }
    }
    answer(json!({"claims": claims}))
}

/// Issues an SD-JWT and, when `present` is given, discloses part of it with a key binding.
pub(crate) fn issue(question: &Question) -> Verdict {
    let issuer_key = keys::secret_or_fresh(question.input.get("issuer_jwk"))?;
    let holder_key = keys::secret_or_fresh(question.input.get("holder_jwk"))?;
    let issuer: JWK = serde_json::from_value(keys::private_jwk(&issuer_key)?).map_err(reason)?;
    let holder: JWK = serde_json::from_value(keys::private_jwk(&holder_key)?).map_err(reason)?;

    let mut claims = question.member("claims")?.clone();
    claims["cnf"] = json!({"jwk": keys::public_jwk(&holder_key)?});
    let pointers: Vec<JsonPointerBuf> = question
        .texts("conceal")?
        .into_iter()
        .map(|p| JsonPointerBuf::new(p).map_err(|_| "not a JSON pointer".to_owned()))
        .collect::<Result<_, _>>()?;
    let (payload, disclosures) =
        SdJwtPayload::conceal(&claims, SdAlg::Sha256, &pointers).map_err(reason)?;
    let header = header(question.input.get("header"))?;
    let payload = serde_json::to_string(&payload).map_err(reason)?;
    let mut whole = encode_sign_custom_header(&payload, &issuer, &header).map_err(reason)? + "~";
    for disclosure in &disclosures {
        whole += disclosure.encoded.as_str();
        whole.push('~');
    }
    let sd_jwt = SdJwtBuf::new(whole.clone()).map_err(reason)?;

    let mut presented = Value::Null;
    if let Some(present) = question.input.get("present") {
        presented = Value::String(show(&sd_jwt, &holder, present)?);
    }
    answer(json!({
        "sd_jwt": whole,
        "presentation": presented,
        "issuer_jwk": keys::public_jwk(&issuer_key)?,
        "holder_jwk": keys::public_jwk(&holder_key)?,
    }))
}

/// Discloses part of an SD-JWT with a key binding by a private key.
pub(crate) fn present(question: &Question) -> Verdict {
    let sd_jwt = SdJwtBuf::new(question.text("sd_jwt")?.to_owned()).map_err(reason)?;
    let holder: JWK =
        serde_json::from_value(question.member("holder_jwk")?.clone()).map_err(reason)?;
    let shown = show(&sd_jwt, &holder, question.member("present")?)?;
    answer(json!({"presentation": shown}))
}

fn show(sd_jwt: &SdJwt, holder: &JWK, present: &Value) -> Result<String, String> {
    let rejected: Vec<JsonPointerBuf> = serde_json::from_value(present["conceal"].clone())
        .map_err(|e| format!("present.conceal: {e}"))?;
    let mut shown = sd_jwt
        .decode_reveal_any()
        .map_err(reason)?
        .rejecting(&rejected)
        .into_encoded();
    let mut binding = KbJwtPayload::new(
        present["audience"]
            .as_str()
            .ok_or("present.audience")?
            .to_owned(),
        present["nonce"].as_str().ok_or("present.nonce")?.to_owned(),
        SdAlg::Sha256,
        &shown,
    );
    let iat = present["iat"].as_i64().ok_or("present.iat")?;
    binding.iat = serde_json::from_value(json!(iat)).map_err(reason)?;
    let binding = serde_json::to_string(&binding).map_err(reason)?;
    let kb_header = Header {
        algorithm: Algorithm::ES256,
        type_: Some("kb+jwt".to_owned()),
        ..Default::default()
    };
    let kb = encode_sign_custom_header(&binding, holder, &kb_header).map_err(reason)?;
    let kb = JwsBuf::new(kb).map_err(|_| "not a compact JWS".to_owned())?;
    shown.set_kb(&kb);
    Ok(shown.into_string())
}

/// `typ` and `kid` are the two header members a caller may choose.
fn header(members: Option<&Value>) -> Result<Header, String> {
    let text = |name: &str| {
        members
            .and_then(|m| m.get(name))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Ok(Header {
        algorithm: Algorithm::ES256,
        type_: text("typ"),
        key_id: text("kid"),
        ..Default::default()
    })
}

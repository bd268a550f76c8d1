//! Compact JWS by `ssi`, around W3C credentials (VC-JOSE-COSE §3.1). What ssi itself writes for a credential is the
//! draft's `vc-ld+jwt`; the header is the caller's, so that the Recommendation's `typ` can be asked for.

use serde_json::{Value, json};
use ssi::claims::VerificationParameters;
use ssi::claims::jws::{Header, JwsBuf, encode_sign_custom_header};
use ssi::claims::vc_jose_cose::JoseVc;
use ssi::jwk::{Algorithm, JWK};

use crate::data_integrity::at;
use crate::{Question, Verdict, answer, keys, reason};

/// Signs `payload` with ES256 by a fresh key.
pub(crate) fn sign(question: &Question) -> Verdict {
    let secret = keys::secret_or_fresh(None)?;
    let jwk: JWK = serde_json::from_value(keys::private_jwk(&secret)?).map_err(reason)?;
    let header = question.member("header")?;
    let text = |name: &str| header[name].as_str().map(str::to_owned);
    let header = Header {
        algorithm: Algorithm::ES256,
        type_: text("typ"),
        key_id: text("kid"),
        ..Default::default()
    };
    let payload = question.member("payload")?.to_string();
    let jwt = encode_sign_custom_header(&payload, &jwk, &header).map_err(reason)?;
    answer(json!({"jwt": jwt, "jwk": keys::public_jwk(&secret)?}))
}

/// Verifies a credential in a JWS with the public `jwk`, and its dates at `now`.
pub(crate) async fn verify(question: &Question) -> Verdict {
    let jwk: JWK = serde_json::from_value(question.member("jwk")?.clone()).map_err(reason)?;
    let jws = JwsBuf::new(question.text("jwt")?.to_owned()).map_err(|_| "not a compact JWS")?;
    let credential = JoseVc::decode_any(&jws).map_err(reason)?;
    let params = at(VerificationParameters::from_resolver(&jwk), question)?;
    credential
        .verify(params)
        .await
        .map_err(reason)?
        .map_err(reason)?;
    let payload: Value =
        serde_json::to_value(&credential.signing_bytes.payload.0).map_err(reason)?;
    answer(json!({"payload": payload}))
}

//! An OpenID4VCI client with keys of its own. It does what the protocol lets anyone do and an honest wallet refuses:
//! present a limited credential to a bank, edit what it discloses, answer for another audience, send a hundred requests
//! at once. Written against the wire, not against our libraries' presentation code.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tessera_verifier::crypto::{LocalSigner, sha256};
use tessera_verifier::{did, jws};

use crate::http::Client;
use crate::keys::Key;
use crate::{Failure, Result};

/// Configuration id of the limited credential as SD-JWT VC.
pub const LIMITED_SD_JWT: &str = "identity_limited_sd_jwt";
/// Configuration id of the limited credential as W3C VC.
pub const LIMITED_LDP: &str = "identity_limited_ldp";

/// Configuration id of the full credential as W3C VC.
pub const FULL_LDP: &str = "identity_full_ldp";

/// A client and its device key.
#[derive(Debug)]
pub struct LeanHolder {
    client: Client,
    issuer: String,
    device: Key,
}

/// What an access token is good for.
#[derive(Debug, Clone)]
pub struct Access {
    client: Client,
    issuer: String,
    token: String,
}

/// What a passed face check grants. The codes are those of throwaway sessions.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The pre-authorized code.
    pub code: String,
    /// Its transaction code.
    pub tx_code: String,
}

/// An SD-JWT VC and the key it is bound to.
#[derive(Debug)]
pub struct OwnedSdJwt {
    /// As issued: issuer JWT and every disclosure.
    pub credential: String,
    /// The holder key in its `cnf`.
    pub key: Key,
}

/// What a key-binding JWT says (RFC 9901 §4.3).
#[derive(Debug, Clone)]
pub struct Binding<'a> {
    /// `aud`: the client id of the request.
    pub audience: &'a str,
    /// `nonce` of the request.
    pub nonce: &'a str,
    /// `iat`, seconds since the epoch.
    pub issued_at: i64,
}

impl LeanHolder {
    /// A holder with a fresh device key, talking to one issuer.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn new(issuer: &str) -> Result<Self> {
        Ok(Self {
            client: Client::default(),
            issuer: issuer.to_owned(),
            device: Key::generate()?,
        })
    }

    /// Proves a person by face and redeems the offer: an access token for the limited credentials.
    ///
    /// # Errors
    /// The issuer's code at the first refusal.
    pub fn enrol(&self, number: &str, photo: &[u8]) -> Result<Access> {
        self.redeem(&self.prove(number, photo)?)
    }

    /// Proves a person by face.
    ///
    /// # Errors
    /// The issuer's code at the first refusal.
    pub fn prove(&self, number: &str, photo: &[u8]) -> Result<Granted> {
        let session = self.start(number, "limited")?;
        let (id, token) = (
            string(&session, "session_id")?,
            string(&session, "session_token")?,
        );
        let url = format!("{}/sessions/{id}/face", self.issuer);
        let granted = accepted(self.client.post(&url, Some(&token), "image/jpeg", photo)?)?;
        let grant = &granted["credential_offer"]["grants"]["urn:ietf:params:oauth:grant-type:pre-authorized_code"];
        Ok(Granted {
            code: string(grant, "pre-authorized_code")?,
            tx_code: string(&granted, "tx_code")?,
        })
    }

    /// What a session that was to a terminal grants with the code shown there.
    ///
    /// # Errors
    /// The issuer's code when it refuses.
    pub fn granted(&self, session: &Value, tx_code: &str) -> Result<Granted> {
        let url = format!(
            "{}/sessions/{}",
            self.issuer,
            string(session, "session_id")?
        );
        let state = accepted(
            self.client
                .get(&url, Some(&string(session, "session_token")?))?,
        )?;
        let grant = &state["credential_offer"]["grants"]["urn:ietf:params:oauth:grant-type:pre-authorized_code"];
        Ok(Granted {
            code: string(grant, "pre-authorized_code")?,
            tx_code: tx_code.to_owned(),
        })
    }

    /// Starts a session for a level, `limited` or `full`.
    ///
    /// # Errors
    /// The issuer's code when it refuses.
    pub fn start(&self, number: &str, level: &str) -> Result<Value> {
        let nonce = nonce(&self.client, &self.issuer)?;
        let proof = jws::sign(
            json!({"alg": "ES256", "typ": "tessera-device+jwt", "jwk": self.device.public_key().to_jwk()}),
            &json!({"aud": self.issuer, "iat": now(), "nonce": nonce}),
            &self.device,
        )
        .map_err(Failure::during("device proof"))?;
        let body = json!({"personal_administrative_number": number, "level": level, "device_proof": proof});
        accepted(
            self.client
                .post_json(&format!("{}/sessions", self.issuer), None, &body)?,
        )
    }

    /// Redeems a pre-authorized code (OpenID4VCI 1.0 §6).
    ///
    /// # Errors
    /// The issuer's code when it refuses.
    pub fn redeem(&self, granted: &Granted) -> Result<Access> {
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code&pre-authorized_code={}&tx_code={}",
            granted.code, granted.tx_code
        );
        let url = format!("{}/token", self.issuer);
        let answer = self.client.post(
            &url,
            None,
            "application/x-www-form-urlencoded",
            form.as_bytes(),
        )?;
        let token = string(&accepted(answer)?, "access_token")?;
        Ok(Access {
            client: self.client.clone(),
            issuer: self.issuer.clone(),
            token,
        })
    }
}

impl Access {
    /// An access token that came about elsewhere, used over `client`'s connections.
    #[must_use]
    pub fn with_token(client: &Client, issuer: &str, token: &str) -> Self {
        Self {
            client: client.clone(),
            issuer: issuer.to_owned(),
            token: token.to_owned(),
        }
    }

    /// A credential request for `keys.len()` one-time credentials, ready to send.
    ///
    /// # Errors
    /// When no nonce is to be had.
    pub fn prepare(&self, configuration: &str, keys: &[Key]) -> Result<Value> {
        let nonce = nonce(&self.client, &self.issuer)?;
        let proofs: Result<Vec<String>> = keys
            .iter()
            .map(|key| {
                jws::sign(
                    json!({"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": key.public_key().to_jwk()}),
                    &json!({"aud": self.issuer, "iat": now(), "nonce": nonce}),
                    key,
                )
                .map_err(Failure::during("key proof"))
            })
            .collect();
        Ok(json!({"credential_configuration_id": configuration, "proofs": {"jwt": proofs?}}))
    }

    /// Sends a prepared credential request; the issued credentials.
    ///
    /// # Errors
    /// The issuer's code, or that there was no answer.
    pub fn send(&self, request: &Value) -> Result<Vec<Value>> {
        let url = format!("{}/credential", self.issuer);
        let answer = accepted(self.client.post_json(&url, Some(&self.token), request)?)?;
        let list = answer["credentials"]
            .as_array()
            .ok_or_else(|| Failure::new("no credentials in the answer"))?;
        Ok(list
            .iter()
            .map(|entry| entry["credential"].clone())
            .collect())
    }

    /// One full credential as W3C VC.
    ///
    /// # Errors
    /// As [`Access::send`].
    pub fn full_ldp(&self) -> Result<Value> {
        let issued = self.send(&self.prepare(FULL_LDP, &[Key::generate()?])?)?;
        issued
            .into_iter()
            .next()
            .ok_or_else(|| Failure::new("no credential in the answer"))
    }

    /// A batch of limited SD-JWT VCs, each with the key it is bound to.
    ///
    /// # Errors
    /// As [`Access::send`].
    pub fn sd_jwts(&self, count: usize) -> Result<Vec<OwnedSdJwt>> {
        let keys: Vec<Key> = (0..count).map(|_| Key::generate()).collect::<Result<_>>()?;
        let credentials = self.send(&self.prepare(LIMITED_SD_JWT, &keys)?)?;
        if credentials.len() != count {
            return Err(Failure::new(format!(
                "{} credentials for {count} proofs",
                credentials.len()
            )));
        }
        let own = |(credential, key): (Value, Key)| match credential {
            Value::String(credential) => Ok(OwnedSdJwt { credential, key }),
            _ => Err(Failure::new("not an SD-JWT")),
        };
        credentials.into_iter().zip(keys).map(own).collect()
    }
}

impl OwnedSdJwt {
    /// A presentation that discloses the claims of these names (a nested claim by its own and its parent's).
    ///
    /// # Errors
    /// When the credential is no SD-JWT or the key does not sign.
    pub fn present(&self, names: &[&str], binding: &Binding<'_>) -> Result<String> {
        self.present_edited(names, binding, |_| ())
    }

    /// As [`OwnedSdJwt::present`], with every disclosed array handed to `edit` before it is encoded again. The key
    /// binding covers the edited text, as a holder who cheats would make it.
    ///
    /// # Errors
    /// When the credential is no SD-JWT or the key does not sign.
    pub fn present_edited(
        &self,
        names: &[&str],
        binding: &Binding<'_>,
        edit: impl Fn(&mut Value),
    ) -> Result<String> {
        let mut parts = self.credential.trim_end_matches('~').split('~');
        let mut presentation = parts.next().unwrap_or_default().to_owned() + "~";
        for disclosure in parts {
            let bytes = URL_SAFE_NO_PAD
                .decode(disclosure)
                .map_err(Failure::during("a disclosure"))?;
            let value: Value = serde_json::from_slice(&bytes)?;
            if !value[1].as_str().is_some_and(|name| names.contains(&name)) {
                continue;
            }
            let mut edited = value.clone();
            edit(&mut edited);
            let text = if edited == value {
                disclosure.to_owned()
            } else {
                URL_SAFE_NO_PAD.encode(edited.to_string())
            };
            presentation.push_str(&text);
            presentation.push('~');
        }
        let key_binding = jws::sign(
            json!({"alg": "ES256", "typ": "kb+jwt"}),
            &json!({
                "iat": binding.issued_at,
                "aud": binding.audience,
                "nonce": binding.nonce,
                "sd_hash": URL_SAFE_NO_PAD.encode(sha256(presentation.as_bytes())),
            }),
            &self.key,
        )
        .map_err(Failure::during("key binding"))?;
        Ok(presentation + &key_binding)
    }
}

/// The `vp_token` of one SD-JWT presentation (OpenID4VP 1.0 §8.1).
#[must_use]
pub fn vp_token(presentation: &str) -> Vec<u8> {
    json!({"sd_jwt": [presentation]}).to_string().into_bytes()
}

/// Where an issued credential of either format has its bit: the id of the status list and the index.
///
/// # Errors
/// When the credential names none.
pub fn status_of(credential: &Value) -> Result<(String, u64)> {
    let missing = || Failure::new("the credential names no status");
    if let Some(text) = credential.as_str() {
        let payload = claims(text)?;
        let list = payload.pointer("/status/status_list").ok_or_else(missing)?;
        return Ok((
            list_id(&string(list, "uri")?),
            list["idx"].as_u64().ok_or_else(missing)?,
        ));
    }
    let entry = credential.get("credentialStatus").ok_or_else(missing)?;
    let index = string(entry, "statusListIndex")?
        .parse()
        .map_err(Failure::during("statusListIndex"))?;
    Ok((list_id(&string(entry, "statusListCredential")?), index))
}

/// Both formats name one list, at `{issuer}/status/{id}` and `{issuer}/status/{id}.jwt`.
fn list_id(address: &str) -> String {
    let last = address.rsplit('/').next().unwrap_or_default();
    last.trim_end_matches(".jwt").to_owned()
}

/// The payload of a compact JWS or SD-JWT, unverified.
///
/// # Errors
/// When it is none.
pub fn claims(compact: &str) -> Result<Value> {
    let payload = compact
        .split('.')
        .nth(1)
        .ok_or_else(|| Failure::new("not a compact JWS"))?;
    let bytes = URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(Failure::during("a payload"))?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Seconds since the epoch.
#[must_use]
pub fn now() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

/// The DID of a harness key.
#[must_use]
pub fn did_of(key: &Key) -> String {
    did::did_key(key.public_key())
}

fn nonce(client: &Client, issuer: &str) -> Result<String> {
    string(
        &accepted(client.post_json(&format!("{issuer}/nonce"), None, &json!({}))?)?,
        "c_nonce",
    )
}

fn accepted(answer: crate::http::Answer) -> Result<Value> {
    if (200..300).contains(&answer.status) {
        answer.json()
    } else {
        Err(Failure::new(answer.code()))
    }
}

fn string(value: &Value, name: &str) -> Result<String> {
    value[name]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("no `{name}` in the answer")))
}

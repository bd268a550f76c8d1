//! A received credential: not believed until every check has passed.

use serde_json::{Map, Value, json};
use tessera_verifier::bundle::Bundle;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile, Format};
use tessera_verifier::key::PublicKey;
use tessera_verifier::time::Timestamp;
use tessera_verifier::{did, sd_jwt};
use url::Url;

use super::requested::KeyRing;
use crate::error::Error;
use crate::ldp;
use crate::store::{CredentialBody, OneTimeCredential};
use crate::transport::check_url;

/// Members of an SD-JWT VC that are about the credential, not about its subject.
pub(super) const NOT_CLAIMS: [&str; 11] = [
    "iss",
    "iat",
    "nbf",
    "exp",
    "cnf",
    "vct",
    "vct#integrity",
    "status",
    "_sd_alg",
    "sub",
    "evidence",
];

/// A credential as it came. Has no `Debug`.
pub struct UnverifiedCredential {
    profile: &'static CredentialProfile,
    format: Format,
    body: CredentialBody,
}

/// A credential that is what was asked for: right issuer, signature, type, key, dates and status. Has no `Debug`.
pub struct VerifiedCredential {
    profile: &'static CredentialProfile,
    one_time: OneTimeCredential,
    facts: Facts,
}

/// What a signed credential says, once its signature is checked.
struct Facts {
    issuer: String,
    holder: PublicKey,
    valid_from: Timestamp,
    valid_until: Timestamp,
    claims: Map<String, Value>,
}

impl UnverifiedCredential {
    /// A credential that came for a request of this type in this format.
    ///
    /// # Errors
    /// [`Error::CredentialNotAsAsked`] for another kind of JSON than the format's.
    pub fn new(
        profile: &'static CredentialProfile,
        format: Format,
        sent: Value,
    ) -> Result<Self, Error> {
        let body = match (format, sent) {
            (Format::SdJwt, Value::String(text)) => CredentialBody::SdJwt(text),
            (Format::LdpVc, document @ Value::Object(_)) => CredentialBody::Ldp(document),
            _ => return Err(Error::CredentialNotAsAsked),
        };
        Ok(Self {
            profile,
            format,
            body,
        })
    }

    /// Checks everything that can be checked without showing it to anybody, and takes the key it is bound to out of
    /// the ring, so that no two credentials share one.
    ///
    /// # Errors
    /// [`Error::Check`] (`issuer_untrusted`, `invalid_signature`, `not_yet_valid`, `expired`, …),
    /// [`Error::CredentialNotAsAsked`], [`Error::HolderKeyMismatch`], [`Error::StatusMissing`].
    pub fn verify(
        self,
        keys: &mut KeyRing,
        bundle: &Bundle,
        now: Timestamp,
    ) -> Result<VerifiedCredential, Error> {
        let facts = match &self.body {
            CredentialBody::SdJwt(text) => sd_jwt_facts(text, self.profile, bundle, now)?,
            CredentialBody::Ldp(document) => ldp_facts(document, self.profile, bundle, now)?,
        };
        if now < facts.valid_from {
            return Err(Error::Check(tessera_verifier::Error::NotYetValid {
                from: facts.valid_from,
                now,
            }));
        }
        if now >= facts.valid_until {
            return Err(Error::Check(tessera_verifier::Error::Expired {
                until: facts.valid_until,
                now,
            }));
        }
        let at = keys
            .iter()
            .position(|(public, _)| *public == facts.holder)
            .ok_or(Error::HolderKeyMismatch)?;
        let (_, key) = keys.swap_remove(at);
        Ok(VerifiedCredential {
            profile: self.profile,
            one_time: OneTimeCredential {
                format: self.format,
                body: self.body,
                key,
            },
            facts,
        })
    }
}

impl VerifiedCredential {
    /// Its level.
    #[must_use]
    pub fn level(&self) -> AssuranceLevel {
        self.profile.level
    }

    /// Its format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.one_time.format
    }

    /// The issuer that signed it: its DID, or the name in its certificate.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.facts.issuer
    }

    /// First moment of validity, and the end (exclusive).
    #[must_use]
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        (self.facts.valid_from, self.facts.valid_until)
    }

    /// What it says about its subject.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.facts.claims
    }

    /// Whether two credentials are about the same data, from the same issuer, at the same level.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.profile == other.profile
            && self.facts.issuer == other.facts.issuer
            && self.facts.claims == other.facts.claims
    }

    /// The credential and its key, to be stored.
    #[must_use]
    pub fn into_one_time(self) -> OneTimeCredential {
        self.one_time
    }
}

fn sd_jwt_facts(
    text: &str,
    profile: &CredentialProfile,
    bundle: &Bundle,
    now: Timestamp,
) -> Result<Facts, Error> {
    // By `kid`, or by certificate: the verifier will go the same way.
    let signer = bundle.signer(&sd_jwt::parse(text)?, now)?;
    let payload = sd_jwt::verify_issued(text, signer.key())?;

    if payload["vct"].as_str() != Some(profile.vct) {
        return Err(Error::CredentialNotAsAsked);
    }
    let status = &payload["status"]["status_list"];
    if !status["idx"].is_u64() || !is_status_address(&status["uri"]) {
        return Err(Error::StatusMissing);
    }
    let date = |name: &str| {
        payload[name]
            .as_i64()
            .map(Timestamp::from_unix)
            .ok_or(Error::CredentialNotAsAsked)
    };
    signer.may_issue(profile.level, date("iat")?, now)?;
    Ok(Facts {
        issuer: signer.issuer().to_owned(),
        holder: PublicKey::from_jwk(&payload["cnf"]["jwk"])
            .map_err(|_| Error::HolderKeyMismatch)?,
        valid_from: date("nbf")?,
        valid_until: date("exp")?,
        claims: subject_claims(&payload, &NOT_CLAIMS),
    })
}

fn ldp_facts(
    document: &Value,
    profile: &CredentialProfile,
    bundle: &Bundle,
    now: Timestamp,
) -> Result<Facts, Error> {
    let controller = ldp::verify_received(document, now, bundle.contexts())?;
    // The proof is by the issuer. Verifiers take its DID, and no object that has it as its `id`.
    if document["issuer"].as_str() != Some(controller.as_str()) {
        return Err(Error::Check(tessera_verifier::Error::IssuerKeyMismatch));
    }
    // The contexts decide what the names mean: what else redefines them no verifier takes.
    if document["@context"] != json!(CredentialProfile::contexts()) {
        return Err(Error::CredentialNotAsAsked);
    }
    let types = document["type"].as_array().map_or(&[][..], Vec::as_slice);
    if CredentialProfile::by_types(types.iter().filter_map(Value::as_str)) != Some(profile) {
        return Err(Error::CredentialNotAsAsked);
    }
    let status = &document["credentialStatus"];
    let index = status["statusListIndex"].as_str().unwrap_or("");
    if status["type"] != "BitstringStatusListEntry"
        || status["statusPurpose"] != "revocation"
        || index.parse::<u64>().is_err()
        || !is_status_address(&status["statusListCredential"])
    {
        return Err(Error::StatusMissing);
    }
    let date = |name: &str| {
        document[name]
            .as_str()
            .and_then(|text| Timestamp::parse_rfc3339(text).ok())
            .ok_or(Error::CredentialNotAsAsked)
    };
    let valid_from = date("validFrom")?;
    // Nothing else says when it was issued.
    bundle
        .listed_signer(&controller)?
        .may_issue(profile.level, valid_from, now)?;
    let subject = &document["credentialSubject"];
    let holder = subject["id"].as_str().ok_or(Error::HolderKeyMismatch)?;
    Ok(Facts {
        issuer: controller,
        holder: did::resolve(holder)
            .map_err(|_| Error::HolderKeyMismatch)?
            .1,
        valid_from,
        valid_until: date("validUntil")?,
        claims: subject_claims(subject, &["id"]),
    })
}

fn subject_claims(object: &Value, but: &[&str]) -> Map<String, Value> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !but.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn is_status_address(value: &Value) -> bool {
    value
        .as_str()
        .and_then(|text| Url::parse(text).ok())
        .is_some_and(|url| check_url(&url).is_ok())
}

//! One claim model, two formats: the documents that are signed.

use serde_json::{Map, Value, json};
use tessera_verifier::claims::evidence::{IdentityEvidence, Pathway};
use tessera_verifier::claims::{CredentialProfile, Format, IdentityClaims, ages_on};
use tessera_verifier::crypto::Signature;
use tessera_verifier::data_integrity::{
    self, PrepareError, ProofExpectation, ProofOptions, ProofPurpose, ecdsa_rdfc, ecdsa_sd,
};
use tessera_verifier::did::did_key;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::PublicKey;
use tessera_verifier::{Error, Timestamp, sd_jwt};

use super::{Parties, Terms};
use crate::environment::Entropy;
use crate::failure::Failure;
use crate::keys::SoftwareKey;
use crate::policy::Approval;
use crate::store::{CardMethod, Proved};

/// The members every W3C presentation discloses: without them a credential cannot be checked.
const MANDATORY: [&str; 6] = [
    "/issuer",
    "/validFrom",
    "/validUntil",
    "/credentialStatus",
    "/credentialSubject/id",
    "/type",
];

/// The authority as credentials name it.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Its name.
    pub name: String,
    /// Its country.
    pub country: String,
}

/// A credential but for its signature.
pub(super) enum Unsigned {
    SdJwt(sd_jwt::Unsigned),
    DataIntegrity(Box<data_integrity::Unsigned>),
}

impl Unsigned {
    pub(super) fn signing_input(&self) -> &[u8] {
        match self {
            Self::SdJwt(unsigned) => unsigned.signing_input(),
            Self::DataIntegrity(unsigned) => unsigned.signing_input(),
        }
    }

    pub(super) fn attach(self, signature: &Signature) -> Value {
        match self {
            Self::SdJwt(unsigned) => Value::String(unsigned.attach(signature)),
            Self::DataIntegrity(unsigned) => unsigned.attach(signature),
        }
    }
}

/// Verifies a finished credential as its holder will.
pub(super) fn verify(credential: &Value, key: &PublicKey, now: Timestamp) -> Result<(), Error> {
    match credential {
        Value::String(text) => sd_jwt::verify_issued(text, key).map(drop),
        document => {
            let expected = ProofExpectation::credential(now);
            let verified = ecdsa_sd::verify_base(document, &expected, &ContextStore::builtin())?;
            if verified.key == *key {
                Ok(())
            } else {
                Err(Error::IssuerKeyMismatch)
            }
        }
    }
}

/// The header of an SD-JWT beside `alg` and `typ`.
fn header(parties: &Parties) -> Map<String, Value> {
    let mut header = object(json!({"kid": parties.signer.key_id()}));
    if let Some(x5c) = &parties.x5c {
        header.insert("x5c".to_owned(), json!(x5c));
    }
    header
}

/// What all credentials of one batch say.
pub(super) struct Content<'a> {
    terms: &'a Terms,
    issuer: String,
    /// `kid`, and `x5c` where there is one.
    header: Map<String, Value>,
    key_id: String,
    claims: Map<String, Value>,
    evidence: Value,
    valid: (i64, i64),
}

impl<'a> Content<'a> {
    pub(super) fn new(
        approval: &Approval,
        terms: &'a Terms,
        parties: &Parties,
        valid: (i64, i64),
    ) -> Result<Self, Failure> {
        let person = &parties.person;
        let today = Timestamp::from_unix(valid.0);
        let claims = IdentityClaims {
            family_name: person.family_name.clone(),
            given_name: person.given_name.clone(),
            name_native: person.name_native.clone(),
            birthdate: person.birthdate.clone(),
            age_equal_or_over: ages_on(&person.birthdate, today)
                .map_err(|error| Failure::internal(&error))?,
            sex: person.sex,
            nationalities: person.nationalities.clone(),
            personal_administrative_number: person.personal_administrative_number.clone(),
            resident_address: person.resident_address.clone(),
            issuing_authority: parties.authority.name.clone(),
            issuing_country: parties.authority.country.clone(),
        };
        Ok(Self {
            terms,
            issuer: parties.signer.did().to_owned(),
            header: header(parties),
            key_id: parties.signer.key_id().to_owned(),
            claims: claims.to_json(),
            evidence: evidence(approval.evidence(), terms.profile, &parties.authority.name),
            valid,
        })
    }

    pub(super) fn prepare(
        &self,
        holder: &PublicKey,
        list: &str,
        index: u32,
        entropy: &dyn Entropy,
    ) -> Result<Unsigned, Failure> {
        let list = format!("{}{list}", self.terms.status_base);
        match self.terms.format {
            Format::SdJwt => self
                .sd_jwt(holder, &list, index, entropy)
                .map_err(|error| Failure::internal(&error)),
            Format::LdpVc => self
                .data_integrity(holder, &list, index, entropy)
                .map_err(|error| Failure::internal(&error)),
        }
    }

    /// SD-JWT VC: every claim and the evidence can be withheld; only what a check needs is always visible.
    fn sd_jwt(
        &self,
        holder: &PublicKey,
        list: &str,
        index: u32,
        entropy: &dyn Entropy,
    ) -> Result<Unsigned, Error> {
        let visible = object(json!({
            "iss": self.issuer,
            "vct": self.terms.profile.vct,
            "iat": self.valid.0,
            "nbf": self.valid.0,
            "exp": self.valid.1,
            "status": {"status_list": {"idx": index, "uri": format!("{list}.jwt")}},
        }));
        let mut disclosable = self.claims.clone();
        disclosable.insert("evidence".to_owned(), self.evidence.clone());
        let mut salts = sd_jwt::Salts::new(|bytes: &mut [u8]| entropy.fill(bytes));
        sd_jwt::prepare(sd_jwt::IssueInput {
            header: self.header.clone(),
            visible,
            disclosable: &disclosable,
            holder,
            salts: &mut || salts.draw(),
            decoys: self.terms.decoys,
        })
        .map(Unsigned::SdJwt)
    }

    /// VCDM 2.0 with an ecdsa-sd-2023 base proof. No `id`: it would be one more handle to link presentations by.
    fn data_integrity(
        &self,
        holder: &PublicKey,
        list: &str,
        index: u32,
        entropy: &dyn Entropy,
    ) -> Result<Unsigned, PrepareError> {
        let mut subject = self.claims.clone();
        subject.insert("id".to_owned(), json!(did_key(holder)));
        let (from, until) = (
            Timestamp::from_unix(self.valid.0).to_rfc3339(),
            Timestamp::from_unix(self.valid.1).to_rfc3339(),
        );
        let document = json!({
            "@context": CredentialProfile::contexts(),
            "type": self.terms.profile.types(),
            "issuer": self.issuer,
            "validFrom": from,
            "validUntil": until,
            "credentialStatus": {
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": index.to_string(),
                "statusListCredential": list,
            },
            "credentialSubject": subject,
            "evidence": self.evidence,
        });
        let mut hmac_key = [0; 32];
        entropy.fill(&mut hmac_key);
        // ecdsa-sd-2023 §3.4.2: a key for this one proof, which signs each statement and is then forgotten.
        let (ephemeral, _pkcs8) = SoftwareKey::generate()?;
        ecdsa_sd::prepare_base(
            &document,
            &assertion(&self.key_id, Timestamp::from_unix(self.valid.0)),
            &MANDATORY.map(str::to_owned),
            &ecdsa_sd::BaseSecrets {
                hmac_key: &hmac_key,
                ephemeral: &ephemeral,
            },
            &ContextStore::builtin(),
        )
        .map(|unsigned| Unsigned::DataIntegrity(Box::new(unsigned)))
    }
}

/// The proof options of something this issuer asserts.
fn assertion(key_id: &str, created: Timestamp) -> ProofOptions {
    ProofOptions {
        created: Some(created),
        ..ProofOptions::new(key_id, ProofPurpose::AssertionMethod)
    }
}

/// A status list credential but for its signature (ecdsa-rdfc-2019).
///
/// # Errors
/// `internal` where the document cannot be canonicalized.
pub(crate) fn status_proof(
    document: &Value,
    key_id: &str,
    created: Timestamp,
) -> Result<data_integrity::Unsigned, Failure> {
    ecdsa_rdfc::prepare(
        document,
        &assertion(key_id, created),
        &ContextStore::builtin(),
    )
    .map_err(|error| Failure::internal(&error))
}

/// How the person was proved, in the verifier's own type: which method was used and on which day, and nothing that
/// identifies a document or a place.
fn evidence(proved: &Proved, profile: &CredentialProfile, organization: &str) -> Value {
    let (day, pathway, attended, liveness) = match proved {
        Proved::Face { day, liveness } => (*day, Pathway::Face, false, *liveness),
        // A card that only the terminal vouches for was looked at, not proved.
        Proved::Card {
            day,
            attended,
            method: CardMethod::TerminalAttested,
            liveness,
            ..
        } => (*day, Pathway::SamReader, *attended, *liveness),
        Proved::Card {
            day,
            attended,
            liveness,
            ..
        } => (*day, Pathway::Chip, *attended, *liveness),
    };
    IdentityEvidence {
        level: profile.level,
        pathway,
        attended,
        liveness,
        time: Timestamp::from_unix(day),
        organization: organization.to_owned(),
    }
    .to_json()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

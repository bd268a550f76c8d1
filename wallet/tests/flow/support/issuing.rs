//! The issuer's signing, honest or not.

use aws_lc_rs::rand::SecureRandom as _;
use serde_json::{Map, Value, json};
use tessera_verifier::claims::evidence::{IdentityEvidence, Pathway};
use tessera_verifier::claims::{
    AssuranceLevel, CredentialProfile, Format, IdentityClaims, ages_on,
};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, ecdsa_sd};
use tessera_verifier::encoding::base64;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::PublicKey;
use tessera_verifier::time::Timestamp;
use tessera_verifier::{did, sd_jwt};
use tessera_wallet::Clock;
use tessera_wallet::secret::HolderKey;

use super::*;

fn with_evidence(mut claims: Map<String, Value>, evidence: Value) -> Map<String, Value> {
    claims.insert("evidence".into(), evidence);
    claims
}

impl World {
    fn claims(&self, family_name: &str) -> Map<String, Value> {
        IdentityClaims {
            family_name: family_name.into(),
            given_name: "MING".into(),
            name_native: Some("样本明".into()),
            birthdate: "1990-03-07".into(),
            age_equal_or_over: ages_on("1990-03-07", self.now()).unwrap(),
            sex: None,
            nationalities: vec!["UT".into()],
            personal_administrative_number: self.person.get().into(),
            resident_address: Some("1 Specimen Road".into()),
            issuing_authority: "Specimen Authority".into(),
            issuing_country: "UT".into(),
        }
        .to_json()
    }

    fn evidence(&self, level: AssuranceLevel) -> Value {
        let pathway = match level {
            AssuranceLevel::Limited => Pathway::Face,
            AssuranceLevel::Full => Pathway::Chip,
        };
        IdentityEvidence {
            level,
            pathway,
            attended: false,
            liveness: false,
            time: self.now().start_of_day(),
            organization: "Specimen Authority".into(),
        }
        .to_json()
    }

    fn validity(&self) -> (Timestamp, Timestamp) {
        let midnight = self.now().start_of_day();
        match self.fault.get() {
            Fault::Expired => (midnight.add_seconds(-9 * DAY), midnight.add_seconds(-DAY)),
            Fault::NotYetValid => (midnight.add_seconds(DAY), midnight.add_seconds(9 * DAY)),
            _ => (midnight, midnight.add_seconds(90 * DAY)),
        }
    }

    pub(crate) fn issue(
        &self,
        level: AssuranceLevel,
        format: Format,
        holder: &PublicKey,
        name: &str,
    ) -> Value {
        let fault = self.fault.get();
        let level = match (fault, level) {
            (Fault::OtherLevel, AssuranceLevel::Limited) => AssuranceLevel::Full,
            (Fault::OtherLevel, AssuranceLevel::Full) => AssuranceLevel::Limited,
            (_, level) => level,
        };
        let second = fault == Fault::TwoIssuers && self.index.get() % 2 == 1;
        let named = if fault == Fault::UnlistedKey || second {
            &self.unlisted
        } else {
            &self.signing
        };
        let signer = match fault {
            Fault::UnlistedKey | Fault::ForeignSignature | Fault::OtherListedIssuer => {
                &self.unlisted
            }
            _ => named,
        };
        self.index.set(self.index.get() + 1);
        match format {
            Format::SdJwt => self.issue_sd_jwt(level, holder, name, (named, signer)),
            Format::LdpVc => self.issue_ldp(level, holder, name, (named, signer)),
        }
    }

    fn issue_sd_jwt(
        &self,
        level: AssuranceLevel,
        holder: &PublicKey,
        name: &str,
        (named, signer): (&HolderKey, &HolderKey),
    ) -> Value {
        let (from, until) = self.validity();
        let mut visible = json!({
            "iss": did::did_key(named.public_key()),
            "vct": CredentialProfile::of(level).vct,
            "iat": from.unix(), "nbf": from.unix(), "exp": until.unix(),
            "status": {"status_list": {"idx": self.index.get(), "uri": format!("{ISSUER}/status/1.jwt")}},
        });
        if self.fault.get() == Fault::NoStatus {
            visible.as_object_mut().unwrap().remove("status");
        }
        if let Fault::Status(member, value) = self.fault.get() {
            visible["status"]["status_list"][member] = serde_json::from_str(value).unwrap();
        }
        let mut header = self.header(named.public_key());
        if let Fault::KeysAt(address) = self.fault.get() {
            visible["iss"] = json!(address);
            header = json!({"kid": "k1"});
        }
        let object = |value: Value| value.as_object().unwrap().clone();
        let mut salts = || {
            let mut salt = [0u8; 16];
            self.rng.fill(&mut salt).unwrap();
            salt
        };
        let unsigned = sd_jwt::prepare(sd_jwt::IssueInput {
            header: object(header),
            visible: object(visible),
            disclosable: &with_evidence(self.claims(name), self.evidence(level)),
            holder,
            salts: &mut salts,
            decoys: 2,
        })
        .unwrap();
        let signature = signer.sign(unsigned.signing_input()).unwrap();
        json!(unsigned.attach(signature))
    }

    fn header(&self, named: &PublicKey) -> Value {
        let mut header = json!({"kid": did::verification_method(named)});
        if self.certified.get() {
            let names = [did::did_key(named), ISSUER.to_owned()];
            let names = names.each_ref().map(String::as_str);
            let leaf = match self.fault.get() {
                Fault::ForeignAuthority => Ca::new("Mallory").certify(named, &names),
                _ => self.authority.certify(named, &names),
            };
            header["x5c"] = json!([base64(&leaf)]);
        }
        header
    }

    fn issue_ldp(
        &self,
        level: AssuranceLevel,
        holder: &PublicKey,
        name: &str,
        (named, signer): (&HolderKey, &HolderKey),
    ) -> Value {
        let (from, until) = self.validity();
        let mut subject = self.claims(name);
        subject.insert("id".into(), json!(did::did_key(holder)));
        let mut document = json!({
            "@context": CredentialProfile::contexts(),
            "type": CredentialProfile::of(level).types(),
            "issuer": did::did_key(named.public_key()),
            "validFrom": from.to_rfc3339(),
            "validUntil": until.to_rfc3339(),
            "credentialStatus": {
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": self.index.get().to_string(),
                "statusListCredential": format!("{ISSUER}/status/1"),
            },
            "credentialSubject": subject,
            "evidence": self.evidence(level),
        });
        if let Fault::Status(member, value) = self.fault.get() {
            document["credentialStatus"][member] = serde_json::from_str(value).unwrap();
        }
        if self.fault.get() == Fault::IssuerAsObject {
            document["issuer"] = json!({"id": document["issuer"]});
        }
        if self.fault.get() == Fault::OtherContext {
            let contexts = document["@context"].as_array_mut().unwrap();
            contexts.push(json!("https://w3id.org/security/data-integrity/v2"));
        }
        let mut mandatory = vec![
            "/issuer",
            "/validFrom",
            "/validUntil",
            "/credentialSubject/id",
            "/type",
        ];
        if self.fault.get() == Fault::NoStatus {
            document.as_object_mut().unwrap().remove("credentialStatus");
        } else {
            mandatory.push("/credentialStatus");
        }
        let mandatory: Vec<String> = mandatory.into_iter().map(str::to_owned).collect();
        let mut hmac = [0u8; 32];
        self.rng.fill(&mut hmac).unwrap();
        let options = ProofOptions {
            created: Some(from),
            ..ProofOptions::new(
                did::verification_method(signer.public_key()),
                ProofPurpose::AssertionMethod,
            )
        };
        let unsigned = ecdsa_sd::prepare_base(
            &document,
            &options,
            &mandatory,
            &ecdsa_sd::BaseSecrets {
                hmac_key: &hmac,
                ephemeral: &key(),
            },
            &ContextStore::builtin(),
        )
        .unwrap();
        let signature = signer.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }
}

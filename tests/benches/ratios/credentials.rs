//! What is measured of credentials: the identity credential of twelve claims, four disclosed (what a hotel asks), everything a party does
//! included (parse, did:key, canonicalize, hash, status lookup in a loaded list).

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value, json};
use tessera_tests::keys::Key;
use tessera_tests::{Failure, Result};
use tessera_verifier::bundle::{
    Authority, BundleBuilder, StatusListEntry, StatusListFormat, TrustedIssuer,
};
use tessera_verifier::catalogue::{Catalogue, LocalizedText};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::crypto::Signature;
use tessera_verifier::data_integrity::ecdsa_sd::{self, BaseSecrets};
use tessera_verifier::data_integrity::{ProofExpectation, ProofOptions, ProofPurpose, ecdsa_rdfc};
use tessera_verifier::dcql::{ClaimPath, PathElement};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::status::{BitString, status_list_credential, token_status_list};
use tessera_verifier::{Bundle, Policy, Request, Timestamp, did, sd_jwt, verify};

const SERVICE: &str = "hotel";
const LIST: &str = "https://issuer.example/status/1";
const MANDATORY: [&str; 6] = [
    "/issuer",
    "/validFrom",
    "/validUntil",
    "/credentialStatus",
    "/credentialSubject/id",
    "/type",
];

/// Keys, a loaded bundle, and one presentation of each format.
pub(crate) struct Desk {
    issuer: Key,
    holder: Key,
    ephemeral: Key,
    contexts: Arc<ContextStore>,
    bundle: Bundle,
    request: Request,
    policy: Policy,
    now: Timestamp,
    paths: Vec<ClaimPath>,
    message: Vec<u8>,
    signature: Signature,
    sd_jwt: String,
    base: Value,
    derived: Value,
    shown_sd_jwt: Vec<u8>,
    shown_ldp: Vec<u8>,
}

impl Desk {
    /// Lays everything out.
    pub(crate) fn new() -> Result<Self> {
        let (issuer, holder, relying_party) =
            (Key::generate()?, Key::generate()?, Key::generate()?);
        let now = Timestamp::from_unix(tessera_tests::lean_holder::now());
        let service = Catalogue::builtin()
            .get(SERVICE)
            .ok_or_else(|| Failure::new("no such service"))?;
        let request = RequestBuilder::for_service(service)
            .client(&did::did_key(relying_party.public_key()))
            .nonce("c3BlY2ltZW4tbm9uY2UtMTI4")
            .issued_at(now)
            .expires(now.add_seconds(300))
            .build()
            .map_err(Failure::during("request"))?
            .sign(&relying_party)
            .map_err(Failure::during("request"))?;
        let message = b"raw verification: the yardstick of the round".to_vec();
        let mut desk = Self {
            signature: issuer
                .sign(&message)
                .map_err(Failure::during("raw signature"))?,
            message,
            bundle: bundle(&issuer, now)?,
            request: Request::for_own(&request).map_err(Failure::during("request"))?,
            policy: Policy::for_service(service),
            paths: service.claims.clone(),
            contexts: ContextStore::builtin(),
            ephemeral: Key::generate()?,
            issuer,
            holder,
            now,
            sd_jwt: String::new(),
            base: Value::Null,
            derived: Value::Null,
            shown_sd_jwt: Vec::new(),
            shown_ldp: Vec::new(),
        };
        desk.sd_jwt = desk.issue_sd_jwt()?;
        desk.shown_sd_jwt = json!({"sd_jwt": [desk.present_sd_jwt()?]})
            .to_string()
            .into_bytes();
        desk.base = desk.issue_ldp()?;
        desk.derived = desk.derive_ldp()?;
        desk.shown_ldp = json!({"ldp": [desk.present_ldp()?]})
            .to_string()
            .into_bytes();
        Ok(desk)
    }

    /// The yardstick.
    pub(crate) fn raw_verify(&self) -> Result<()> {
        self.issuer
            .public_key()
            .verify(&self.message, &self.signature)
            .map_err(Failure::during("raw verification"))
    }

    /// A whole SD-JWT VC with decoys, signed.
    pub(crate) fn issue_sd_jwt(&self) -> Result<String> {
        let mut salts = sd_jwt::Salts::new(fill);
        let unsigned = sd_jwt::prepare(sd_jwt::IssueInput {
            header: object(json!({"kid": did::verification_method(self.issuer.public_key())})),
            visible: object(json!({
                "iss": self.issuer_did(),
                "vct": CredentialProfile::LIMITED.vct,
                "iat": self.midnight().unix(),
                "nbf": self.midnight().unix(),
                "exp": self.midnight().add_seconds(90 * 86_400).unix(),
                "status": {"status_list": {"idx": 4711, "uri": format!("{LIST}.jwt")}},
            })),
            disclosable: &claims(),
            holder: self.holder.public_key(),
            salts: &mut || salts.draw(),
            decoys: 4,
        });
        let unsigned = unsigned.map_err(Failure::during("SD-JWT"))?;
        let signature = self
            .issuer
            .sign(unsigned.signing_input())
            .map_err(Failure::during("SD-JWT"))?;
        Ok(unsigned.attach(signature))
    }

    /// Selection and key binding.
    pub(crate) fn present_sd_jwt(&self) -> Result<String> {
        let parsed = sd_jwt::parse(&self.sd_jwt).map_err(Failure::during("SD-JWT"))?;
        let selection = parsed
            .select(&self.paths)
            .map_err(Failure::during("selection"))?;
        let unsigned = sd_jwt::SdJwt::prepare_key_binding(
            selection,
            self.request.client_id(),
            self.request.nonce(),
            self.now,
        );
        let signature = self
            .holder
            .sign(unsigned.signing_input())
            .map_err(Failure::during("key binding"))?;
        Ok(unsigned.attach(signature))
    }

    /// The whole `verify()` of an SD-JWT VC with key binding and status.
    pub(crate) fn verify_sd_jwt(&self) -> Result<()> {
        self.verify(&self.shown_sd_jwt)
    }

    /// A base proof over a whole W3C credential.
    pub(crate) fn issue_ldp(&self) -> Result<Value> {
        let mut hmac_key = [0; 32];
        fill(&mut hmac_key);
        let secrets = BaseSecrets {
            hmac_key: &hmac_key,
            ephemeral: &self.ephemeral,
        };
        let options = ProofOptions {
            created: Some(self.midnight()),
            ..ProofOptions::new(
                did::verification_method(self.issuer.public_key()),
                ProofPurpose::AssertionMethod,
            )
        };
        let unsigned = ecdsa_sd::prepare_base(
            &self.document(),
            &options,
            &MANDATORY.map(str::to_owned),
            &secrets,
            &self.contexts,
        )
        .map_err(Failure::during("base proof"))?;
        let signature = self
            .issuer
            .sign(unsigned.signing_input())
            .map_err(Failure::during("base proof"))?;
        Ok(unsigned.attach(signature))
    }

    /// A derived proof that discloses the four claims.
    pub(crate) fn derive_ldp(&self) -> Result<Value> {
        let pointers: Vec<String> = self.paths.iter().map(pointer).collect();
        ecdsa_sd::derive(&self.base, &pointers, &self.contexts)
            .map_err(Failure::during("derived proof"))
    }

    /// The derived proof alone.
    pub(crate) fn verify_derived(&self) -> Result<()> {
        let expected = ProofExpectation::credential(self.now);
        ecdsa_sd::verify(&self.derived, &expected, &self.contexts)
            .map(drop)
            .map_err(Failure::during("derived proof"))
    }

    /// The whole `verify()` of a presentation: the holder's proof, the derived proof, status.
    pub(crate) fn verify_ldp(&self) -> Result<()> {
        self.verify(&self.shown_ldp)
    }

    fn verify(&self, bytes: &[u8]) -> Result<()> {
        let verified = verify(bytes, &self.request, &self.policy, &self.bundle, self.now);
        let verified = verified.map_err(Failure::during("verify()"))?;
        match verified
            .credentials()
            .first()
            .map(|credential| credential.claims().len())
        {
            Some(count) if count == self.paths.len() => Ok(()),
            other => Err(Failure::new(format!("{other:?} claims disclosed"))),
        }
    }

    fn present_ldp(&self) -> Result<Value> {
        let presentation = json!({
            "@context": [tessera_verifier::claims::CREDENTIALS_V2],
            "type": ["VerifiablePresentation"],
            "holder": did::did_key(self.holder.public_key()),
            "verifiableCredential": [self.derived],
        });
        let options = ProofOptions {
            created: Some(self.now),
            challenge: Some(self.request.nonce().to_owned()),
            domain: Some(self.request.client_id().to_owned()),
            ..ProofOptions::new(
                did::verification_method(self.holder.public_key()),
                ProofPurpose::Authentication,
            )
        };
        let unsigned = ecdsa_rdfc::prepare(&presentation, &options, &self.contexts)
            .map_err(Failure::during("presentation"))?;
        let signature = self
            .holder
            .sign(unsigned.signing_input())
            .map_err(Failure::during("presentation"))?;
        Ok(unsigned.attach(signature))
    }

    fn document(&self) -> Value {
        let mut subject = claims();
        subject.insert("id".into(), json!(did::did_key(self.holder.public_key())));
        json!({
            "@context": CredentialProfile::contexts(),
            "type": CredentialProfile::LIMITED.types(),
            "issuer": self.issuer_did(),
            "validFrom": self.midnight().to_rfc3339(),
            "validUntil": self.midnight().add_seconds(90 * 86_400).to_rfc3339(),
            "credentialStatus": {
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": "4711",
                "statusListCredential": LIST,
            },
            "credentialSubject": subject,
        })
    }

    fn issuer_did(&self) -> String {
        did::did_key(self.issuer.public_key())
    }

    fn midnight(&self) -> Timestamp {
        self.now.start_of_day()
    }
}

fn bundle(issuer: &Key, now: Timestamp) -> Result<Bundle> {
    let issuer_did = did::did_key(issuer.public_key());
    let (from, until) = (now.start_of_day(), now.add_seconds(86_400));
    let bits = BitString::new(BitString::MIN_ENTRIES).map_err(Failure::during("status list"))?;
    let token = token_status_list(&format!("{LIST}.jwt"), &issuer_did, &bits, from, until)
        .map_err(Failure::during("status list"))?
        .sign(issuer)
        .map_err(Failure::during("status list"))?;
    let options = ProofOptions {
        created: Some(from),
        ..ProofOptions::new(
            did::verification_method(issuer.public_key()),
            ProofPurpose::AssertionMethod,
        )
    };
    let list = status_list_credential(LIST, &issuer_did, &bits, from, until);
    let list = ecdsa_rdfc::prepare(&list, &options, &ContextStore::builtin())
        .map_err(Failure::during("status list"))?;
    let signature = issuer
        .sign(list.signing_input())
        .map_err(Failure::during("status list"))?;
    let text = |text: &str| LocalizedText {
        en: text.to_owned(),
        zh: text.to_owned(),
    };
    let authority = Authority {
        id: "specimen".into(),
        name: text("Specimen Authority"),
    };
    let entry = |uri: String, format, value| StatusListEntry { uri, format, value };
    let unsigned = BundleBuilder::new(authority, now, 86_400)
        .issuer(TrustedIssuer {
            did: issuer_did,
            not_before: from.add_seconds(-86_400),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        })
        .status_list(entry(
            LIST.into(),
            StatusListFormat::Bitstring,
            list.attach(signature),
        ))
        .status_list(entry(
            format!("{LIST}.jwt"),
            StatusListFormat::Token,
            json!(token),
        ))
        .build(issuer.public_key());
    let signed = unsigned.sign(issuer).map_err(Failure::during("bundle"))?;
    Bundle::open(signed.as_bytes(), &did::did_key(issuer.public_key()))
        .map_err(Failure::during("bundle"))
}

fn claims() -> Map<String, Value> {
    object(json!({
        "family_name": "SPECIMEN",
        "given_name": "MEI",
        "name_native": "样本·美",
        "birthdate": "1986-05-14",
        "age_equal_or_over": {"12": true, "14": true, "16": true, "18": true, "21": true, "60": false, "65": false},
        "sex": "female",
        "nationalities": ["UT"],
        "personal_administrative_number": "999999198605140140",
        "resident_address": "1 Specimen Street, Utopia City",
        "issuing_authority": "Specimen Authority",
        "issuing_country": "UT",
    }))
}

fn pointer(path: &ClaimPath) -> String {
    let steps = path.elements().iter().map(|step| match step {
        PathElement::Key(name) => format!("/{name}"),
        PathElement::Index(index) => format!("/{index}"),
        PathElement::All(()) => String::new(),
    });
    format!("/credentialSubject{}", steps.collect::<String>())
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn fill(bytes: &mut [u8]) {
    // A bench without randomness measures less work, and nothing is at stake.
    let _ = SystemRandom::new().fill(bytes);
}

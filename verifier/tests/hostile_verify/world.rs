//! A small authority, one holder and one relying party, all with throwaway keys.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Map, Value, json};
use tessera_verifier::bundle::{
    Authority, BundleBuilder, RelyingParty, StatusListEntry, StatusListFormat, TrustedIssuer,
};
use tessera_verifier::catalogue::{Catalogue, LocalizedText};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::data_integrity::{
    ProofOptions, ProofPurpose, Unsigned, ecdsa_rdfc, ecdsa_sd,
};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::did;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::PublicKey;
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::sd_jwt::{self, IssueInput, SdJwt};
use tessera_verifier::status::{BitString, status_list_credential, token_status_list};
use tessera_verifier::{Bundle, Error, Policy, Request, Timestamp, Verified, verify};

/// A P-256 key.
pub(crate) struct Signer(EcdsaKeyPair, PublicKey);

impl Signer {
    pub(crate) fn fresh() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }

    pub(crate) fn from_pkcs8(der: &[u8]) -> Self {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }

    pub(crate) fn did(&self) -> String {
        did::did_key(&self.1)
    }

    pub(crate) fn method(&self) -> String {
        did::verification_method(&self.1)
    }

    pub(crate) fn secure(&self, unsigned: Unsigned) -> Value {
        let signature = self.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self
            .0
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

/// 2026-01-15T18:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);
pub(crate) const LIST: &str = "https://issuer.example/status/1";
pub(crate) const INDEX: usize = 94_567;
pub(crate) const DAY: i64 = 86_400;

pub(crate) struct World {
    pub(crate) root: Signer,
    pub(crate) issuer: Signer,
    pub(crate) holder: Signer,
    pub(crate) party: Signer,
}

/// What an SD-JWT VC says besides its claims; a test changes what it wants.
pub(crate) struct Visible {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            root: Signer::fresh(),
            issuer: Signer::fresh(),
            holder: Signer::fresh(),
            party: Signer::fresh(),
        }
    }

    // --- the authority ---

    pub(crate) fn trusted(&self) -> TrustedIssuer {
        TrustedIssuer {
            did: self.issuer.did(),
            not_before: NOW.add_seconds(-100 * DAY),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        }
    }

    pub(crate) fn builder(&self) -> BundleBuilder {
        self.builder_of(NOW.add_seconds(-3600), DAY)
    }

    pub(crate) fn builder_of(&self, issued_at: Timestamp, max_age: i64) -> BundleBuilder {
        let text = |text: &str| LocalizedText {
            en: text.to_owned(),
            zh: text.to_owned(),
        };
        let authority = Authority {
            id: "specimen".to_owned(),
            name: text("City of SPECIMEN"),
        };
        BundleBuilder::new(authority, issued_at, max_age).relying_party(RelyingParty {
            client_id: format!("decentralized_identifier:{}", self.party.did()),
            name: text("SPECIMEN café"),
            services: vec![
                "internet-cafe".to_owned(),
                "hotel".to_owned(),
                "bank-account".to_owned(),
            ],
            not_after: None,
        })
    }

    pub(crate) fn lists(&self, revoked: &[usize]) -> [StatusListEntry; 2] {
        let mut bits = BitString::new(0).unwrap();
        for index in revoked {
            bits.set(*index, true).unwrap();
        }
        self.lists_of(&bits, NOW.add_seconds(-3600), NOW.add_seconds(DAY))
    }

    pub(crate) fn lists_of(
        &self,
        bits: &BitString,
        from: Timestamp,
        until: Timestamp,
    ) -> [StatusListEntry; 2] {
        let document = status_list_credential(LIST, &self.issuer.did(), bits, from, until);
        let options = ProofOptions {
            created: Some(from),
            ..ProofOptions::new(self.issuer.method(), ProofPurpose::AssertionMethod)
        };
        let store = ContextStore::builtin();
        let document = self
            .issuer
            .secure(ecdsa_rdfc::prepare(&document, &options, &store).unwrap());
        let uri = format!("{LIST}.jwt");
        let token = token_status_list(&uri, &self.issuer.did(), bits, from, until).unwrap();
        let token = token.sign(&self.issuer).unwrap();
        [
            StatusListEntry {
                uri: LIST.to_owned(),
                format: StatusListFormat::Bitstring,
                value: document,
            },
            StatusListEntry {
                uri,
                format: StatusListFormat::Token,
                value: json!(token),
            },
        ]
    }

    pub(crate) fn seal(&self, builder: BundleBuilder) -> Result<Bundle, Error> {
        let bytes = builder
            .build(self.root.public_key())
            .sign(&self.root)
            .unwrap();
        Bundle::open(bytes.as_bytes(), &self.root.did())
    }

    pub(crate) fn bundle_with(
        &self,
        issuer: TrustedIssuer,
        lists: [StatusListEntry; 2],
    ) -> Result<Bundle, Error> {
        self.seal(
            lists
                .into_iter()
                .fold(self.builder().issuer(issuer), BundleBuilder::status_list),
        )
    }

    pub(crate) fn bundle(&self) -> Bundle {
        self.bundle_with(self.trusted(), self.lists(&[])).unwrap()
    }

    // --- credentials ---

    pub(crate) fn claims() -> Map<String, Value> {
        let claims = json!({
            "family_name": "SPECIMEN", "given_name": "ANNA", "birthdate": "1990-03-07", "nationalities": ["CN"],
            "age_equal_or_over": {"12": true, "18": true, "65": false},
            "personal_administrative_number": "SPECIMEN-0001", "resident_address": "1 Specimen Street",
        });
        claims.as_object().unwrap().clone()
    }

    pub(crate) fn visible(&self, level: AssuranceLevel) -> Visible {
        let claims = json!({
            "iss": self.issuer.did(), "vct": CredentialProfile::of(level).vct,
            "iat": 1_768_435_200, "nbf": 1_768_435_200, "exp": 1_768_435_200 + 30 * DAY,
            "status": {"status_list": {"idx": INDEX, "uri": format!("{LIST}.jwt")}},
        });
        let header = json!({"kid": self.issuer.method()});
        Visible {
            header: header.as_object().unwrap().clone(),
            claims: claims.as_object().unwrap().clone(),
        }
    }

    pub(crate) fn issue(&self, level: AssuranceLevel) -> String {
        self.issue_as(self.visible(level), &self.issuer)
    }

    pub(crate) fn issue_as(&self, visible: Visible, signer: &Signer) -> String {
        self.issue_claims(visible, Self::claims(), signer)
    }

    pub(crate) fn issue_claims(
        &self,
        visible: Visible,
        disclosable: Map<String, Value>,
        signer: &Signer,
    ) -> String {
        let mut number = 0u128;
        let mut salts = || {
            number += 1;
            number.to_be_bytes()
        };
        let unsigned = sd_jwt::prepare(IssueInput {
            header: visible.header,
            visible: visible.claims,
            disclosable: &disclosable,
            holder: self.holder.public_key(),
            salts: &mut salts,
            decoys: 3,
        })
        .unwrap();
        let signature = signer.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }

    /// A W3C credential with a base proof.
    pub(crate) fn issue_ldp(&self, level: AssuranceLevel) -> Value {
        self.issue_ldp_as(level, &self.issuer.did(), &self.issuer)
    }

    pub(crate) fn issue_ldp_as(
        &self,
        level: AssuranceLevel,
        issuer: &str,
        signer: &Signer,
    ) -> Value {
        Self::secure_ldp(&self.ldp_document(level, issuer), signer)
    }

    /// A W3C credential before it is secured; a test changes what it wants.
    pub(crate) fn ldp_document(&self, level: AssuranceLevel, issuer: &str) -> Value {
        let mut subject = Self::claims();
        subject.insert("id".to_owned(), json!(self.holder.did()));
        json!({
            "@context": CredentialProfile::contexts(), "type": CredentialProfile::of(level).types(), "issuer": issuer,
            "validFrom": "2026-01-15T00:00:00Z", "validUntil": "2026-02-14T00:00:00Z",
            "credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation",
                "statusListIndex": INDEX.to_string(), "statusListCredential": LIST},
            "credentialSubject": subject,
        })
    }

    pub(crate) fn secure_ldp(document: &Value, signer: &Signer) -> Value {
        let mandatory = [
            "/type",
            "/issuer",
            "/validFrom",
            "/validUntil",
            "/credentialStatus",
            "/credentialSubject/id",
        ];
        let secrets = ecdsa_sd::BaseSecrets {
            hmac_key: &[7; 32],
            ephemeral: &Signer::fresh(),
        };
        let options = ProofOptions {
            created: Some(NOW),
            ..ProofOptions::new(signer.method(), ProofPurpose::AssertionMethod)
        };
        let store = ContextStore::builtin();
        signer.secure(
            ecdsa_sd::prepare_base(
                document,
                &options,
                &mandatory.map(str::to_owned),
                &secrets,
                &store,
            )
            .unwrap(),
        )
    }

    // --- asking and showing ---

    pub(crate) fn request(&self, service: &str) -> Request {
        Request::for_own(&self.request_jwt(service)).unwrap()
    }

    pub(crate) fn request_jwt(&self, service: &str) -> String {
        self.asking(service)
            .build()
            .unwrap()
            .sign(&self.party)
            .unwrap()
    }

    pub(crate) fn asking(&self, service: &str) -> RequestBuilder<'static> {
        RequestBuilder::for_service(Catalogue::builtin().get(service).unwrap())
            .client(&self.party.did())
            .nonce("bm9uY2Utb2Ytc3BlY2ltZW4")
            .issued_at(NOW.add_seconds(-30))
            .expires(NOW.add_seconds(270))
    }

    pub(crate) fn show(&self, credential: &str, request: &Request) -> String {
        let paths: Vec<ClaimPath> = request
            .query()
            .credential("sd_jwt")
            .unwrap()
            .claims
            .iter()
            .map(|claim| claim.path.clone())
            .collect();
        self.bind(credential, &paths, request, &self.holder)
    }

    pub(crate) fn bind(
        &self,
        credential: &str,
        paths: &[ClaimPath],
        request: &Request,
        holder: &Signer,
    ) -> String {
        let selection = sd_jwt::parse(credential).unwrap().select(paths).unwrap();
        let unsigned =
            SdJwt::prepare_key_binding(selection, request.client_id(), request.nonce(), NOW);
        let signature = holder.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }

    pub(crate) fn show_ldp(&self, base: &Value, request: &Request) -> Value {
        let pointers: Vec<String> = request
            .query()
            .credential("ldp")
            .unwrap()
            .claims
            .iter()
            .map(|claim| claim.path.to_json_pointer("").unwrap())
            .collect();
        let derived = ecdsa_sd::derive(base, &pointers, &ContextStore::builtin()).unwrap();
        self.wrap(&derived, request, &self.holder)
    }

    pub(crate) fn wrap(&self, credential: &Value, request: &Request, holder: &Signer) -> Value {
        let presentation = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
            "holder": holder.did(), "verifiableCredential": [credential]});
        self.seal_presentation(&presentation, request, holder)
    }

    pub(crate) fn seal_presentation(
        &self,
        presentation: &Value,
        request: &Request,
        holder: &Signer,
    ) -> Value {
        let options = ProofOptions {
            created: Some(NOW),
            challenge: Some(request.nonce().to_owned()),
            domain: Some(request.client_id().to_owned()),
            ..ProofOptions::new(holder.method(), ProofPurpose::Authentication)
        };
        holder
            .secure(ecdsa_rdfc::prepare(presentation, &options, &ContextStore::builtin()).unwrap())
    }
}

pub(crate) fn policy(request: &Request) -> Policy {
    Policy::for_service(
        Catalogue::builtin()
            .get(request.service().unwrap())
            .unwrap(),
    )
}

/// Checks an SD-JWT presentation at [`NOW`] under the service's policy.
pub(crate) fn check(
    presented: &str,
    request: &Request,
    bundle: &Bundle,
) -> Result<Verified, Error> {
    check_token(&json!({"sd_jwt": [presented]}), request, bundle)
}

pub(crate) fn check_ldp(
    presented: &Value,
    request: &Request,
    bundle: &Bundle,
) -> Result<Verified, Error> {
    check_token(&json!({"ldp": [presented]}), request, bundle)
}

pub(crate) fn check_token(
    token: &Value,
    request: &Request,
    bundle: &Bundle,
) -> Result<Verified, Error> {
    verify(
        token.to_string().as_bytes(),
        request,
        &policy(request),
        bundle,
        NOW,
    )
}

/// The code of a refusal, or `verified`.
pub(crate) fn code(result: Result<Verified, Error>) -> &'static str {
    match result {
        Ok(_) => "verified",
        Err(error) => error.code(),
    }
}

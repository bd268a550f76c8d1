//! SD-JWT VC as the product issues, presents and verifies it, with status and trust from a bundle; a presentation of an
//! `ecdsa-sd-2023` credential, verified as a whole; and `vc+jwt`.

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value, json};
use tessera_verifier::bundle::{
    Authority, BundleBuilder, StatusListEntry, StatusListFormat, TrustedIssuer,
};
use tessera_verifier::catalogue::{Catalogue, LocalizedText};
use tessera_verifier::claims::{AssuranceLevel, CREDENTIALS_V2, CredentialProfile};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, ecdsa_rdfc, ecdsa_sd};
use tessera_verifier::dcql::{ClaimPath, PathElement};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::KeyType;
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::sd_jwt::{self, Salts, SdJwt};
use tessera_verifier::status::{BitString, status_list_credential, token_status_list};
use tessera_verifier::vc_jose_cose::{
    Expectation, Kind, SigningKey, SigningOptions, prepare_jwt, verify_jwt,
};
use tessera_verifier::{Bundle, Policy, Request, did, verify};

use crate::identity::bytes;
use crate::measure::Operation;
use crate::support::{NOW, Signer, credential, mandatory};

const LIST: &str = "https://issuer.example/status/1";
const TOKEN_LIST: &str = "https://issuer.example/status/1.jwt";
const SERVICE: &str = "hotel";

/// Keys, a loaded bundle, a request, and what was issued and shown.
pub(crate) struct Desk {
    pub(crate) issuer: Signer,
    pub(crate) holder: Signer,
    pub(crate) request: Request,
    policy: Policy,
    bundle: Bundle,
    paths: Vec<ClaimPath>,
    claims: Map<String, Value>,
    contexts: Arc<ContextStore>,
    document: Value,
    pub(crate) kid: String,
    did: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let (issuer, holder, relying_party) = (Signer::fresh(), Signer::fresh(), Signer::fresh());
        let service = Catalogue::builtin().get(SERVICE).unwrap();
        let request = RequestBuilder::for_service(service)
            .client(&relying_party.did())
            .nonce("c3BlY2ltZW4tbm9uY2UtMTI4")
            .issued_at(NOW)
            .expires(NOW.add_seconds(300))
            .build()
            .unwrap()
            .sign(&relying_party)
            .unwrap();
        let mut document = credential(&issuer.did(), &holder.did());
        document.as_object_mut().unwrap().remove("evidence");
        let mut claims = document["credentialSubject"].as_object().cloned().unwrap();
        claims.remove("id");
        Self {
            request: Request::for_own(&request).unwrap(),
            policy: Policy::for_service(service),
            bundle: bundle(&issuer),
            paths: service.claims.clone(),
            claims,
            contexts: ContextStore::builtin(),
            document,
            kid: did::verification_method(issuer.public_key()),
            did: issuer.did(),
            issuer,
            holder,
        }
    }

    fn visible(&self) -> Value {
        let midnight = NOW.start_of_day();
        json!({
            "iss": self.did,
            "vct": CredentialProfile::LIMITED.vct,
            "iat": midnight.unix(),
            "nbf": midnight.unix(),
            "exp": midnight.add_seconds(90 * 86_400).unix(),
            "status": {"status_list": {"idx": 4711, "uri": TOKEN_LIST}},
        })
    }

    pub(crate) fn issue(&self) -> String {
        let mut header = Map::new();
        header.insert("kid".to_owned(), json!(self.kid));
        let visible = self.visible();
        let mut salts = Salts::new(random);
        let unsigned = sd_jwt::prepare(sd_jwt::IssueInput {
            header,
            visible: visible.as_object().cloned().unwrap(),
            disclosable: &self.claims,
            holder: self.holder.public_key(),
            salts: &mut || salts.draw(),
            decoys: 4,
        })
        .unwrap();
        let signature = self.issuer.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }

    fn present(&self, issued: &str) -> String {
        let selection = sd_jwt::parse(issued).unwrap().select(&self.paths).unwrap();
        let (client, nonce) = (self.request.client_id(), self.request.nonce());
        let unsigned = SdJwt::prepare_key_binding(selection, client, nonce, NOW);
        let signature = self.holder.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }

    /// Every claim in clear, for a judge to conceal.
    pub(crate) fn whole(&self) -> Value {
        let mut whole = self.visible();
        whole.as_object_mut().unwrap().extend(self.claims.clone());
        whole
    }

    /// Where what we conceal stands: each age by itself, as we do.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let nested = |name: &String, value: &Value| {
            let inner = value.as_object().into_iter().flat_map(Map::keys);
            inner
                .map(|key| format!("/{name}/{key}"))
                .collect::<Vec<_>>()
        };
        self.claims
            .iter()
            .flat_map(|(name, value)| [nested(name, value), vec![format!("/{name}")]].concat())
            .collect()
    }

    /// Where stands what a presentation keeps back.
    pub(crate) fn kept_back(&self) -> Vec<String> {
        let shown = |name: &str| self.paths.contains(&ClaimPath::keys(&[name]));
        let hidden = self.claims.keys().filter(|name| !shown(name));
        hidden.map(|name| format!("/{name}")).collect()
    }

    /// A presentation, for a judge.
    pub(crate) fn presentation(&self) -> String {
        self.present(&self.issue())
    }

    /// A presentation of what the service asks, each proof by its suite: `ecdsa-sd-2023` within `ecdsa-rdfc-2019`.
    fn presented(&self) -> Value {
        let mut document = self.document.clone();
        document["type"] = json!(CredentialProfile::LIMITED.types());
        let secrets = ecdsa_sd::BaseSecrets {
            hmac_key: &[7; 32],
            ephemeral: &Signer::fresh(),
        };
        let by_issuer = self.issuer.options(ProofPurpose::AssertionMethod);
        let base = ecdsa_sd::prepare_base(
            &document,
            &by_issuer,
            &mandatory(),
            &secrets,
            &self.contexts,
        );
        let base = self.issuer.attach(base.unwrap());
        let pointers: Vec<String> = self.paths.iter().map(pointer).collect();
        let presentation = json!({
            "@context": [CREDENTIALS_V2],
            "type": ["VerifiablePresentation"],
            "holder": self.holder.did(),
            "verifiableCredential": [ecdsa_sd::derive(&base, &pointers, &self.contexts).unwrap()],
        });
        let by_holder = ProofOptions {
            created: Some(NOW),
            challenge: Some(self.request.nonce().to_owned()),
            domain: Some(self.request.client_id().to_owned()),
            ..self.holder.options(ProofPurpose::Authentication)
        };
        let unsigned = ecdsa_rdfc::prepare(&presentation, &by_holder, &self.contexts).unwrap();
        self.holder.attach(unsigned)
    }

    /// The whole check of an answer to the request.
    fn verify(&self, answer: &[u8]) {
        let verified = verify(answer, &self.request, &self.policy, &self.bundle, NOW).unwrap();
        let credential = verified.credentials().first().unwrap();
        assert_eq!(credential.claims().len(), self.paths.len());
    }

    /// A `vc+jwt`.
    pub(crate) fn jwt(&self) -> String {
        let options = SigningOptions {
            kind: Kind::Credential,
            key: KeyType::P256,
            kid: Some(&self.kid),
            issued_at: None,
            expires: None,
            certificates: &[],
            contexts: &self.contexts,
        };
        let unsigned = prepare_jwt(&self.document, &options).unwrap();
        unsigned.sign(&self.issuer).unwrap()
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let (issued, jwt) = (self.issue(), self.jwt());
        let shown = bytes(&json!({"sd_jwt": [self.present(&issued)]}));
        let presented = bytes(&json!({"ldp": [self.presented()]}));
        vec![
            Operation::new("SD-JWT VC issue", Some(0.5), 20, || {
                drop(black_box(self.issue()));
            }),
            Operation::new("SD-JWT VC present, key binding", Some(0.5), 20, move || {
                drop(black_box(self.present(&issued)));
            }),
            Operation::new("SD-JWT VC verify, key binding", Some(2.3), 20, move || {
                self.verify(&shown);
            }),
            Operation::new("ecdsa-sd-2023 presentation, verify", None, 5, move || {
                self.verify(&presented);
            }),
            Operation::new("vc+jwt ES256 verify", Some(1.2), 20, move || {
                let expected = Expectation::credential(&[KeyType::P256], NOW);
                let known = |_: &tessera_verifier::vc_jose_cose::KeyReference<'_>| {
                    Ok(SigningKey {
                        key: self.issuer.public_key().clone(),
                        controller: Some(self.did.clone()),
                    })
                };
                drop(black_box(verify_jwt(&jwt, &expected, &known).unwrap()));
            }),
        ]
    }
}

/// Where a claim stands in a W3C credential.
fn pointer(path: &ClaimPath) -> String {
    let steps = path.elements().iter().map(|step| match step {
        PathElement::Key(name) => format!("/{name}"),
        PathElement::Index(index) => format!("/{index}"),
        PathElement::All(()) => String::new(),
    });
    format!("/credentialSubject{}", steps.collect::<String>())
}

fn bundle(issuer: &Signer) -> Bundle {
    let (from, until) = (NOW.start_of_day(), NOW.add_seconds(86_400));
    let bits = BitString::new(BitString::MIN_ENTRIES).unwrap();
    let token = token_status_list(TOKEN_LIST, &issuer.did(), &bits, from, until).unwrap();
    let list = status_list_credential(LIST, &issuer.did(), &bits, from, until);
    let by_issuer = issuer.options(ProofPurpose::AssertionMethod);
    let list = ecdsa_rdfc::prepare(&list, &by_issuer, &ContextStore::builtin()).unwrap();
    let text = |text: &str| LocalizedText {
        en: text.to_owned(),
        zh: text.to_owned(),
    };
    let authority = Authority {
        id: "specimen".into(),
        name: text("Specimen Authority"),
    };
    let unsigned = BundleBuilder::new(authority, NOW, 86_400)
        .issuer(TrustedIssuer {
            did: issuer.did(),
            not_before: from.add_seconds(-86_400),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        })
        .status_list(StatusListEntry {
            uri: LIST.into(),
            format: StatusListFormat::Bitstring,
            value: issuer.attach(list),
        })
        .status_list(StatusListEntry {
            uri: TOKEN_LIST.into(),
            format: StatusListFormat::Token,
            value: json!(token.sign(issuer).unwrap()),
        })
        .build(issuer.public_key());
    Bundle::open(unsigned.sign(issuer).unwrap().as_bytes(), &issuer.did()).unwrap()
}

fn random(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).unwrap();
}

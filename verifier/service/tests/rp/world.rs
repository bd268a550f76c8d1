//! A small authority and one holder with throwaway keys, at the time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Map, Value, json};
use tessera_verifier::Timestamp;
use tessera_verifier::bundle::{
    Authority, BundleBuilder, IssuingAuthority, StatusListEntry, StatusListFormat, TrustedIssuer,
};
use tessera_verifier::catalogue::LocalizedText;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature, sha256};
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, ecdsa_rdfc, ecdsa_sd};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::did;
use tessera_verifier::encoding::{base64, base64url};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::jws;
use tessera_verifier::key::PublicKey;
use tessera_verifier::sd_jwt::{self, IssueInput, SdJwt};
use tessera_verifier::status::{BitString, status_list_credential, token_status_list};

pub(crate) const DAY: i64 = 86_400;
/// Whose keys the authority certifies.
pub(crate) const CERTIFIED: &str = "https://city.example/issuer";
const LIST: &str = "https://issuer.example/status/1";
/// The place of the good credential in the status list, and that of the revoked one.
pub(crate) const GOOD: usize = 94_567;
pub(crate) const REVOKED: usize = 11;

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
}

impl LocalSigner for Signer {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.0.sign(&SystemRandom::new(), message).unwrap();
        Ok(Signature::from_bytes(signature.as_ref()).unwrap())
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap())
}

pub(crate) struct World {
    /// What certifies issuers' keys, DER; none: the bundle lists no such authority.
    pub(crate) authority: Option<Vec<u8>>,
    pub(crate) root: Signer,
    pub(crate) issuer: Signer,
    pub(crate) holder: Signer,
}

/// What a key binding says, where it is not what was asked.
#[derive(Default)]
pub(crate) struct Binding<'a> {
    pub(crate) aud: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
    pub(crate) age: i64,
    pub(crate) sd_hash: Option<&'a str>,
    pub(crate) hashes: Option<Value>,
    pub(crate) key: Option<&'a Signer>,
    /// A claim that is shown besides.
    pub(crate) also: Option<&'a str>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            authority: None,
            root: Signer::fresh(),
            issuer: Signer::fresh(),
            holder: Signer::fresh(),
        }
    }

    /// A bundle made `age` seconds ago and good for a day.
    pub(crate) fn bundle(&self, age: i64) -> Vec<u8> {
        self.bundle_by(&self.root, age)
    }

    /// One that has no status list yet.
    pub(crate) fn bundle_without_lists(&self, age: i64) -> Vec<u8> {
        self.sealed(&self.root, age, false)
    }

    pub(crate) fn bundle_by(&self, root: &Signer, age: i64) -> Vec<u8> {
        self.sealed(root, age, true)
    }

    fn sealed(&self, root: &Signer, age: i64, lists: bool) -> Vec<u8> {
        let text = |text: &str| LocalizedText {
            en: text.to_owned(),
            zh: text.to_owned(),
        };
        let issued = now().add_seconds(-age);
        let authority = Authority {
            id: "specimen".to_owned(),
            name: text("City of SPECIMEN"),
        };
        let builder = BundleBuilder::new(authority, issued, DAY).issuer(TrustedIssuer {
            did: self.issuer.did(),
            not_before: now().add_seconds(-100 * DAY),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        });
        let builder = match &self.authority {
            None => builder,
            Some(der) => builder.issuing_authority(IssuingAuthority {
                certificate: base64(der),
                issuers: vec![CERTIFIED.to_owned()],
                not_before: now().add_seconds(-100 * DAY),
                not_after: None,
                assurance_levels: AssuranceLevel::ALL.to_vec(),
            }),
        };
        let (from, until) = (now().add_seconds(-3600), now().add_seconds(DAY));
        let mut bits = BitString::new(0).unwrap();
        bits.set(REVOKED, true).unwrap();
        let document = status_list_credential(LIST, &self.issuer.did(), &bits, from, until);
        let options = ProofOptions {
            created: Some(from),
            ..ProofOptions::new(self.issuer.method(), ProofPurpose::AssertionMethod)
        };
        let unsigned = ecdsa_rdfc::prepare(&document, &options, &ContextStore::builtin()).unwrap();
        let signature = self.issuer.sign(unsigned.signing_input()).unwrap();
        let uri = format!("{LIST}.jwt");
        let token = token_status_list(&uri, &self.issuer.did(), &bits, from, until).unwrap();
        let seal = |builder: BundleBuilder| {
            let unsigned = builder.build(root.public_key());
            unsigned.sign(root).unwrap().into_bytes()
        };
        if !lists {
            return seal(builder);
        }
        let builder = builder
            .status_list(StatusListEntry {
                uri: LIST.to_owned(),
                format: StatusListFormat::Bitstring,
                value: unsigned.attach(signature),
            })
            .status_list(StatusListEntry {
                uri,
                format: StatusListFormat::Token,
                value: json!(token.sign(&self.issuer).unwrap()),
            });
        seal(builder)
    }

    fn claims() -> Map<String, Value> {
        let claims = json!({
            "family_name": "SPECIMEN", "given_name": "ANNA", "birthdate": "1990-03-07", "nationalities": ["CN"],
            "age_equal_or_over": {"12": true, "18": true, "65": false},
            "personal_administrative_number": "SPECIMEN-0001", "resident_address": "1 Specimen Street",
        });
        claims.as_object().unwrap().clone()
    }

    /// An SD-JWT VC by `issuer`, at this place of the status list.
    pub(crate) fn issue_by(&self, issuer: &Signer, index: usize) -> String {
        let header = json!({"kid": self.issuer.method()});
        self.issue_as(&self.issuer.did(), &header, issuer, index)
    }

    /// One that names `iss`, with this header.
    pub(crate) fn issue_as(
        &self,
        iss: &str,
        header: &Value,
        issuer: &Signer,
        index: usize,
    ) -> String {
        let from = now().unix() / DAY * DAY;
        let visible = json!({
            "iss": iss, "vct": CredentialProfile::of(AssuranceLevel::Full).vct,
            "iat": from, "nbf": from, "exp": from + 30 * DAY,
            "status": {"status_list": {"idx": index, "uri": format!("{LIST}.jwt")}},
        });
        let mut number = 0u128;
        let mut salts = || {
            number += 1;
            number.to_be_bytes()
        };
        let unsigned = sd_jwt::prepare(IssueInput {
            header: header.as_object().unwrap().clone(),
            visible: visible.as_object().unwrap().clone(),
            disclosable: &Self::claims(),
            holder: self.holder.public_key(),
            salts: &mut salts,
            decoys: 3,
        })
        .unwrap();
        let signature = issuer.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }

    pub(crate) fn issue(&self, index: usize) -> String {
        self.issue_by(&self.issuer, index)
    }

    /// What answers the SD-JWT query of a request object's payload.
    pub(crate) fn show(&self, credential: &str, asked: &Value, binding: &Binding<'_>) -> String {
        let query = &asked["dcql_query"]["credentials"][0];
        assert_eq!(query["id"], "sd_jwt");
        let mut paths: Vec<ClaimPath> = query["claims"]
            .as_array()
            .unwrap()
            .iter()
            .map(|claim| serde_json::from_value(claim["path"].clone()).unwrap())
            .collect();
        paths.extend(binding.also.map(|name| ClaimPath::keys(&[name])));
        let selection = sd_jwt::parse(credential).unwrap().select(&paths).unwrap();
        let unsigned = SdJwt::prepare_key_binding(selection, "", "", now());
        let signed = unsigned.attach(self.holder.sign(b"").unwrap());
        let shown = &signed[..=signed.rfind('~').unwrap()];
        let client = asked["client_id"].as_str().unwrap();
        let audience = match asked["expected_origins"][0].as_str() {
            Some(origin) => format!("origin:{origin}"),
            None => client.to_owned(),
        };
        let digest = base64url(&sha256(shown.as_bytes()));
        let mut payload = json!({
            "iat": now().unix() - binding.age,
            "aud": binding.aud.unwrap_or(&audience),
            "nonce": binding.nonce.unwrap_or(asked["nonce"].as_str().unwrap()),
            "sd_hash": binding.sd_hash.unwrap_or(&digest),
        });
        if let Some(hashes) = &binding.hashes {
            payload["transaction_data_hashes"] = hashes.clone();
            payload["transaction_data_hashes_alg"] = json!("sha-256");
        }
        let key = binding.key.unwrap_or(&self.holder);
        let bound = jws::sign(json!({"typ": "kb+jwt"}), &payload, key).unwrap();
        format!("{shown}{bound}")
    }

    /// A W3C credential with a derived proof, in a presentation for this request.
    pub(crate) fn show_ldp(&self, asked: &Value) -> Value {
        let from = Timestamp::from_unix(now().unix() / DAY * DAY);
        let mut subject = Self::claims();
        subject.insert("id".to_owned(), json!(self.holder.did()));
        let document = json!({
            "@context": CredentialProfile::contexts(),
            "type": CredentialProfile::of(AssuranceLevel::Full).types(), "issuer": self.issuer.did(),
            "validFrom": from.to_rfc3339(), "validUntil": from.add_seconds(30 * DAY).to_rfc3339(),
            "credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation",
                "statusListIndex": GOOD.to_string(), "statusListCredential": LIST},
            "credentialSubject": subject,
        });
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
            created: Some(from),
            ..ProofOptions::new(self.issuer.method(), ProofPurpose::AssertionMethod)
        };
        let store = ContextStore::builtin();
        let mandatory = mandatory.map(str::to_owned);
        let unsigned =
            ecdsa_sd::prepare_base(&document, &options, &mandatory, &secrets, &store).unwrap();
        let signature = self.issuer.sign(unsigned.signing_input()).unwrap();
        let base = unsigned.attach(signature);
        let pointers: Vec<String> = asked["dcql_query"]["credentials"][1]["claims"]
            .as_array()
            .unwrap()
            .iter()
            .map(|claim| {
                let path: ClaimPath = serde_json::from_value(claim["path"].clone()).unwrap();
                path.to_json_pointer("").unwrap()
            })
            .collect();
        let derived = ecdsa_sd::derive(&base, &pointers, &store).unwrap();
        let presentation = json!({"@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiablePresentation"], "holder": self.holder.did(), "verifiableCredential": [derived]});
        let options = ProofOptions {
            created: Some(now()),
            challenge: Some(asked["nonce"].as_str().unwrap().to_owned()),
            domain: Some(asked["client_id"].as_str().unwrap().to_owned()),
            ..ProofOptions::new(self.holder.method(), ProofPurpose::Authentication)
        };
        let unsigned = ecdsa_rdfc::prepare(&presentation, &options, &store).unwrap();
        let signature = self.holder.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    }
}

//! Costs of SD-JWT VC and of VC-JOSE-COSE as ratios to one raw P-256 verification, measured in the same rounds:
//! `cargo bench -p tessera-verifier --bench enveloped`.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use serde_json::{Map, Value, json};
use tessera_verifier::bundle::{
    Authority, BundleBuilder, StatusListEntry, StatusListFormat, TrustedIssuer,
};
use tessera_verifier::catalogue::{Catalogue, LocalizedText};
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::sd_jwt::{self, Salts, SdJwt};
use tessera_verifier::status::{BitString, token_status_list};
use tessera_verifier::vc_jose_cose::{
    Expectation, Kind, SigningKey, SigningOptions, prepare_cose, prepare_jwt, verify_cose,
    verify_jwt,
};
use tessera_verifier::{Bundle, Policy, Request, Timestamp, did, verify};

const ROUNDS: usize = 1000;
const LIST: &str = "https://issuer.example/status/1";
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

struct Key(EcdsaKeyPair, PublicKey);

impl Key {
    fn fresh() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = PublicKey::from_uncompressed(pair.public_key().as_ref()).unwrap();
        Self(pair, public)
    }
}

impl LocalSigner for Key {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.0.sign(&SystemRandom::new(), message).unwrap();
        Ok(Signature::from_bytes(signature.as_ref()).unwrap())
    }
}

fn fill(bytes: &mut [u8]) {
    SystemRandom::new().fill(bytes).unwrap();
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Eleven claims, one of them seven.
fn claims() -> Map<String, Value> {
    object(json!({
        "family_name": "SPECIMEN", "given_name": "ANNA", "name_native": "样本", "birthdate": "1990-03-07",
        "age_equal_or_over": {"12": true, "14": true, "16": true, "18": true, "21": true, "60": false, "65": false},
        "sex": "female", "nationalities": ["CN", "FR"], "personal_administrative_number": "SPECIMEN-0001",
        "resident_address": "1 Specimen Street", "issuing_authority": "City of SPECIMEN", "issuing_country": "CN",
    }))
}

/// `issuer_did` and `kid` are what an issuer knows of itself.
fn issue(issuer: &Key, holder: &Key, (issuer_did, kid): (&str, &str)) -> String {
    let midnight = NOW.start_of_day();
    let mut salts = Salts::new(fill);
    let unsigned = sd_jwt::prepare(sd_jwt::IssueInput {
        header: object(json!({"kid": kid})),
        visible: object(json!({
            "iss": issuer_did,
            "vct": CredentialProfile::LIMITED.vct,
            "iat": midnight.unix(),
            "nbf": midnight.unix(),
            "exp": midnight.add_seconds(90 * 86_400).unix(),
            "status": {"status_list": {"idx": 4711, "uri": LIST}},
        })),
        disclosable: &claims(),
        holder: holder.public_key(),
        salts: &mut || salts.draw(),
        decoys: 4,
    })
    .unwrap();
    let signature = issuer.sign(unsigned.signing_input()).unwrap();
    unsigned.attach(signature)
}

fn present(
    issued: &str,
    holder: &Key,
    request: &Request,
    paths: &[tessera_verifier::dcql::ClaimPath],
) -> String {
    let selection = sd_jwt::parse(issued).unwrap().select(paths).unwrap();
    let unsigned = SdJwt::prepare_key_binding(selection, request.client_id(), request.nonce(), NOW);
    let signature = holder.sign(unsigned.signing_input()).unwrap();
    unsigned.attach(signature)
}

fn bundle(issuer: &Key) -> Bundle {
    let issuer_did = did::did_key(issuer.public_key());
    let (from, until) = (NOW.start_of_day(), NOW.add_seconds(86_400));
    let bits = BitString::new(BitString::MIN_ENTRIES).unwrap();
    let token = token_status_list(LIST, &issuer_did, &bits, from, until).unwrap();
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
            did: issuer_did.clone(),
            not_before: from.add_seconds(-86_400),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        })
        .status_list(StatusListEntry {
            uri: LIST.into(),
            format: StatusListFormat::Token,
            value: json!(token.sign(issuer).unwrap()),
        })
        .build(issuer.public_key());
    Bundle::open(unsigned.sign(issuer).unwrap().as_bytes(), &issuer_did).unwrap()
}

fn credential(issuer: &str) -> Value {
    let mut subject = claims();
    subject.insert("id".into(), json!("did:example:specimen"));
    json!({
        "@context": CredentialProfile::contexts(),
        "type": CredentialProfile::LIMITED.types(),
        "issuer": issuer,
        "validFrom": "2026-01-15T00:00:00Z",
        "credentialSubject": subject,
    })
}

type Operation<'a> = (&'a str, Box<dyn Fn() + 'a>);

fn main() {
    let (issuer, holder, relying_party) = (Key::fresh(), Key::fresh(), Key::fresh());
    let service = Catalogue::builtin().get("hotel").unwrap();
    let request = RequestBuilder::for_service(service)
        .client(&did::did_key(relying_party.public_key()))
        .nonce("c3BlY2ltZW4tbm9uY2UtMTI4")
        .issued_at(NOW)
        .expires(NOW.add_seconds(300))
        .build()
        .unwrap()
        .sign(&relying_party)
        .unwrap();
    let request = Request::for_own(&request).unwrap();
    let (policy, bundle) = (Policy::for_service(service), bundle(&issuer));
    let (issuer_did, kid) = (
        did::did_key(issuer.public_key()),
        did::verification_method(issuer.public_key()),
    );
    let issued = issue(&issuer, &holder, (&issuer_did, &kid));
    let shown = present(&issued, &holder, &request, &service.claims);
    let shown = json!({"sd_jwt": [shown]}).to_string().into_bytes();
    let _ = verify(&shown, &request, &policy, &bundle, NOW).unwrap();

    let contexts = ContextStore::builtin();
    let document = credential(&issuer_did);
    let options = SigningOptions {
        kind: Kind::Credential,
        key: KeyType::P256,
        kid: Some(&kid),
        issued_at: None,
        expires: None,
        certificates: &[],
        contexts: &contexts,
    };
    let jwt = prepare_jwt(&document, &options)
        .unwrap()
        .sign(&issuer)
        .unwrap();
    let cose = prepare_cose(&document, &options)
        .unwrap()
        .sign(&issuer)
        .unwrap();
    let expected = Expectation::credential(&[KeyType::P256], NOW);
    let known = |_: &tessera_verifier::vc_jose_cose::KeyReference<'_>| {
        Ok(SigningKey {
            key: issuer.public_key().clone(),
            controller: Some(issuer_did.clone()),
        })
    };
    println!(
        "bytes: sd-jwt {} shown {}, vc+jwt {}, vc+cose {}",
        issued.len(),
        shown.len(),
        jwt.len(),
        cose.len()
    );

    let message = [1u8; 64];
    let signature = issuer.sign(&message).unwrap();
    let raw = UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_FIXED,
        issuer.public_key().to_uncompressed(),
    );
    let jwk = holder.public_key().to_jwk();
    let operations: Vec<Operation<'_>> = vec![
        (
            "raw P-256 verification",
            Box::new(|| raw.verify(&message, &signature).unwrap()),
        ),
        (
            "verification, key decoded",
            Box::new(|| issuer.public_key().verify(&message, &signature).unwrap()),
        ),
        (
            "raw P-256 signature",
            Box::new(|| _ = black_box(issuer.sign(&message).unwrap())),
        ),
        (
            "did:key decoded",
            Box::new(|| drop(black_box(did::resolve_method(&kid).unwrap()))),
        ),
        (
            "JWK decoded",
            Box::new(|| drop(black_box(PublicKey::from_jwk(&jwk).unwrap()))),
        ),
        (
            "20 salts",
            Box::new(|| {
                let mut salts = Salts::new(fill);
                for _ in 0..20 {
                    black_box(salts.draw());
                }
            }),
        ),
        (
            "did:key written",
            Box::new(|| drop(black_box(did::did_key(issuer.public_key())))),
        ),
        (
            "SD-JWT parsed",
            Box::new(|| drop(black_box(sd_jwt::parse(&issued).unwrap()))),
        ),
        (
            "SD-JWT VC issue",
            Box::new(|| drop(black_box(issue(&issuer, &holder, (&issuer_did, &kid))))),
        ),
        (
            "SD-JWT VC present",
            Box::new(|| {
                drop(black_box(present(
                    &issued,
                    &holder,
                    &request,
                    &service.claims,
                )))
            }),
        ),
        (
            "SD-JWT VC verify",
            Box::new(|| {
                drop(black_box(
                    verify(&shown, &request, &policy, &bundle, NOW).unwrap(),
                ))
            }),
        ),
        (
            "vc+jwt issue",
            Box::new(|| {
                drop(black_box(
                    prepare_jwt(&document, &options).unwrap().sign(&issuer),
                ))
            }),
        ),
        (
            "vc+jwt verify",
            Box::new(|| drop(black_box(verify_jwt(&jwt, &expected, &known).unwrap()))),
        ),
        (
            "vc+cose verify",
            Box::new(|| drop(black_box(verify_cose(&cose, &expected, &known).unwrap()))),
        ),
    ];
    // For a profiler: one operation, over and over.
    if let Ok(only) = std::env::var("TESSERA_BENCH_ONLY") {
        for (_, operation) in operations.iter().filter(|(name, _)| *name == only) {
            (0..20 * ROUNDS).for_each(|_| operation());
        }
        return;
    }
    let mut samples = vec![Vec::with_capacity(ROUNDS); operations.len()];
    for _ in 0..ROUNDS {
        for ((_, operation), samples) in operations.iter().zip(&mut samples) {
            let start = Instant::now();
            operation();
            samples.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    let medians: Vec<f64> = samples
        .iter_mut()
        .map(|samples| {
            samples.sort_by(f64::total_cmp);
            samples.get(samples.len() / 2).copied().unwrap_or_default()
        })
        .collect();
    let unit = medians.first().copied().unwrap_or(1.0);
    for ((name, _), median) in operations.iter().zip(&medians) {
        println!("{name:28} {median:9.1} us {:8.3}", median / unit);
    }
}

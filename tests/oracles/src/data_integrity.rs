//! W3C Data Integrity by `ssi`: `eddsa-rdfc-2022`, `ecdsa-rdfc-2019`, `ecdsa-sd-2023` and, with the feature `bbs`,
//! `bbs-2023`, on credentials and presentations. Contexts that ssi does not carry come from the command line.

use std::collections::HashMap;

use serde_json::{Value, json};
use ssi::claims::data_integrity::{
    AnyDataIntegrity, AnySelectionOptions, AnySignatureOptions, AnySuite, CryptographicSuite,
    DataIntegrityDocument, ProofOptions,
};
use ssi::claims::{SignatureEnvironment, VerificationParameters};
use ssi::dids::{AnyDidMethod, DIDKey, DIDResolver};
use ssi::json_ld::ContextLoader;
use ssi::verification_methods::{AnyMethod, ProofPurpose, SingleSecretSigner};

use crate::{Question, Verdict, answer, keys, reason};

/// Verifies every proof of a credential or presentation, and its dates at `now`.
pub(crate) async fn verify(question: &Question) -> Verdict {
    let document: AnyDataIntegrity = parse(question.member("document")?)?;
    let loader = loader(question)?;
    // Test vectors name keys that no method resolves; their documents may be given instead.
    let verification = if let Some(methods) = question.input.get("verification_methods") {
        let methods: HashMap<iref::IriBuf, AnyMethod> =
            serde_json::from_value(methods.clone()).map_err(reason)?;
        let params = VerificationParameters::from_resolver(methods).with_json_ld_loader(loader);
        document.verify(at(params, question)?).await
    } else {
        let resolver = AnyDidMethod::default().into_vm_resolver::<AnyMethod>();
        let params = VerificationParameters::from_resolver(resolver).with_json_ld_loader(loader);
        document.verify(at(params, question)?).await
    };
    verification.map_err(reason)?.map_err(reason)?;
    answer(json!({"proofs": document.proofs.len()}))
}

/// Secures a document with an `ecdsa-sd-2023` base proof.
pub(crate) async fn issue_base(question: &Question) -> Verdict {
    let mut options = AnySignatureOptions::default();
    options.mandatory_pointers = pointers(question, "mandatory")?;
    let configuration = Configuration {
        suite: AnySuite::EcdsaSd2023,
        purpose: ProofPurpose::Assertion,
        key: "issuer_jwk",
    };
    secure(question, configuration, options).await
}

/// Secures a document with `ecdsa-rdfc-2019`, for instance a presentation by its holder.
pub(crate) async fn sign_rdfc(question: &Question) -> Verdict {
    let configuration = Configuration {
        suite: AnySuite::EcdsaRdfc2019,
        purpose: match question.optional_text("purpose") {
            Some("authentication") => ProofPurpose::Authentication,
            _ => ProofPurpose::Assertion,
        },
        key: "jwk",
    };
    secure(question, configuration, AnySignatureOptions::default()).await
}

/// Secures a document with the suite that is named, by a fresh key of its kind.
pub(crate) async fn sign(question: &Question) -> Verdict {
    let suite = match question.text("suite")? {
        "eddsa-rdfc-2022" => AnySuite::EdDsaRdfc2022,
        "ecdsa-rdfc-2019" => AnySuite::EcdsaRdfc2019,
        "ecdsa-sd-2023" => AnySuite::EcdsaSd2023,
        #[cfg(feature = "bbs")]
        "bbs-2023" => AnySuite::Bbs2023,
        other => return Err(format!("no suite {other} here")),
    };
    let mut options = AnySignatureOptions::default();
    options.mandatory_pointers = pointers(question, "mandatory")?;
    let configuration = Configuration {
        suite,
        purpose: ProofPurpose::Assertion,
        key: "issuer_jwk",
    };
    secure(question, configuration, options).await
}

/// Derives a selective disclosure from a base proof.
pub(crate) async fn derive(question: &Question) -> Verdict {
    let document: AnyDataIntegrity = parse(question.member("document")?)?;
    let resolver = AnyDidMethod::default().into_vm_resolver::<AnyMethod>();
    let params =
        VerificationParameters::from_resolver(resolver).with_json_ld_loader(loader(question)?);
    let mut options = AnySelectionOptions::default();
    options.selective_pointers = pointers(question, "selective")?;
    let derived = document.select(params, options).await.map_err(reason)?;
    answer(json!({"document": serde_json::to_value(&derived).map_err(reason)?}))
}

/// The date the caller wants dates judged at; ssi's own clock otherwise.
pub(crate) fn at<R, L1, L2>(
    params: VerificationParameters<R, L1, L2>,
    question: &Question,
) -> Result<VerificationParameters<R, L1, L2>, String> {
    match question.optional_text("now") {
        None => Ok(params),
        Some(now) => {
            let now = chrono::DateTime::parse_from_rfc3339(now).map_err(reason)?;
            Ok(params.with_date_time(now.to_utc()))
        }
    }
}

/// A key of `ssi` with its names.
pub(crate) struct Signer {
    jwk: ssi::JWK,
    did: ssi::dids::DIDBuf,
    method: ssi::dids::DIDURLBuf,
}

impl Signer {
    fn new(question: &Question, configuration: &Configuration) -> Result<Self, String> {
        let given = question.input.get(configuration.key);
        let jwk: ssi::JWK = match &configuration.suite {
            AnySuite::EdDsaRdfc2022 => ssi::JWK::generate_ed25519().map_err(reason)?,
            #[cfg(feature = "bbs")]
            AnySuite::Bbs2023 => ssi::JWK::generate_bls12381g2(),
            _ => {
                let secret = keys::secret_or_fresh(given)?;
                serde_json::from_value(keys::private_jwk(&secret)?).map_err(reason)?
            }
        };
        Ok(Self {
            did: DIDKey::generate(&jwk.to_public()).map_err(reason)?,
            method: DIDKey::generate_url(&jwk.to_public()).map_err(reason)?,
            jwk,
        })
    }
}

struct Configuration {
    suite: AnySuite,
    purpose: ProofPurpose,
    key: &'static str,
}

async fn secure(
    question: &Question,
    configuration: Configuration,
    signature_options: AnySignatureOptions,
) -> Verdict {
    let Signer { jwk, did, method } = match question.signers.get() {
        Some(signer) => signer,
        None => {
            let made = Signer::new(question, &configuration)?;
            question.signers.get_or_init(|| made)
        }
    };
    let (jwk, method) = (jwk.clone(), method.clone());
    let mut document = question.member("document")?.clone();
    // A fresh key has a name only now; `$key` in these members stands for it.
    for member in ["issuer", "holder"] {
        if document.get(member) == Some(&json!("$key")) {
            document[member] = Value::String(did.to_string());
        }
    }
    let document: DataIntegrityDocument = parse(&document)?;
    let mut options = ProofOptions::new(
        ssi::xsd::DateTimeStamp::now().into(),
        method.clone().into_iri().into(),
        configuration.purpose,
        Default::default(),
    );
    options.challenge = question.optional_text("challenge").map(str::to_owned);
    options.domains = question
        .optional_text("domain")
        .map(str::to_owned)
        .into_iter()
        .collect();
    let environment = SignatureEnvironment {
        json_ld_loader: loader(question)?,
        eip712_loader: (),
    };
    let secured = configuration
        .suite
        .sign_with(
            environment,
            document,
            AnyDidMethod::default().into_vm_resolver::<AnyMethod>(),
            SingleSecretSigner::new(jwk).into_local(),
            options,
            signature_options,
        )
        .await
        .map_err(reason)?;
    answer(json!({
        "document": serde_json::to_value(&secured).map_err(reason)?,
        "did": did.to_string(),
        "verification_method": method.to_string(),
    }))
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    // Through text: ssi's own JSON value types do not read serde_json's numbers losslessly.
    serde_json::from_str(&value.to_string()).map_err(reason)
}

fn loader(question: &Question) -> Result<&ContextLoader, String> {
    if let Some(loader) = question.loader.get() {
        return Ok(loader);
    }
    let contexts = question.contexts.clone().into_iter().collect();
    let loader = ContextLoader::empty()
        .with_static_loader()
        .with_context_map_from(contexts)
        .map_err(reason)?;
    Ok(question.loader.get_or_init(|| loader))
}

fn pointers(question: &Question, name: &str) -> Result<Vec<ssi::JsonPointerBuf>, String> {
    question
        .texts(name)?
        .into_iter()
        .map(|p| ssi::JsonPointerBuf::new(p).map_err(|_| format!("{name}: not a JSON pointer")))
        .collect()
}

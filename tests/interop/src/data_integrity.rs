//! W3C Data Integrity: `ecdsa-sd-2023` credentials and `ecdsa-rdfc-2019` presentations.

use crate::keys::Key;
use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::data_integrity::ecdsa_sd::{self, BaseSecrets};
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofOptions, ProofPurpose, ecdsa_rdfc,
};
use tessera_verifier::did;
use tessera_verifier::jsonld::ContextStore;

use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::oracle::Oracle;
use crate::specimen::{AUDIENCE, MANDATORY, NONCE, credential, key, now, now_text, sign};

const SD: &str = "ecdsa-sd-2023 credential";
const RDFC: &str = "ecdsa-rdfc-2019 presentation";
/// What a holder adds to the mandatory part.
const SELECTIVE: [&str; 2] = [
    "/credentialSubject/name_native",
    "/credentialSubject/nationalities",
];

/// How the nodes of a credential are named. `ssi` 0.16 sorts statements by kind of node before text
/// where RDFC-1.0 §4.4.3 step 7 sorts N-Quads by code point; the two orders differ exactly when named
/// and unnamed nodes occur together, and then it cannot verify what it has issued or derived itself.
#[derive(Clone, Copy)]
enum Shape {
    /// As Tessera issues: the subject is named, credential and status entry are not.
    Ours,
    /// Every node has an identifier.
    Named,
    /// No node has one.
    Unnamed,
}

/// Asks every judge, both ways.
pub fn run(oracle: &Oracle, matrix: &mut Matrix) {
    matrix.ask(SD, "ssi", Way::OursToTheirs, || ours(oracle));
    matrix.ask(SD, "ssi", Way::TheirsToOurs, || {
        let named = theirs(oracle, Shape::Named)?;
        let unnamed = theirs(oracle, Shape::Unnamed)?;
        Ok(format!("named nodes: {named}; unnamed nodes: {unnamed}"))
    });
    let mixed = format!("{SD}, mixed");
    matrix.ask(&mixed, "ssi", Way::TheirsToOurs, || mixed_nodes(oracle));
    matrix.ask(RDFC, "ssi", Way::OursToTheirs, || our_presentation(oracle));
    matrix.ask(RDFC, "ssi", Way::TheirsToOurs, || {
        their_presentation(oracle)
    });
}

/// Our base proof, derived by us (and, where it can, by them), verified by them.
fn ours(oracle: &Oracle) -> Outcome {
    for shape in [Shape::Ours, Shape::Named, Shape::Unnamed] {
        let base = issue(shape)?;
        let derived = derive(&base)?;
        accept(oracle, &derived)?;
        oracle.refuses(&VERIFY, &question(&base), "a base proof")?;
        let mut altered = derived;
        altered["credentialSubject"]["name_native"] = json!("另一人");
        oracle.refuses(&VERIFY, &question(&altered), "an altered claim")?;
        altered["credentialSubject"]
            .as_object_mut()
            .map(|subject| subject.remove("name_native"));
        oracle.refuses(&VERIFY, &question(&altered), "a removed statement")?;
        if !matches!(shape, Shape::Ours) {
            let derived = their_derivation(oracle, &base)?;
            accept(oracle, &derived)?;
            check(&derived)?;
        }
    }
    Ok("derived by us, derived by them; base proof and 2 forgeries refused".to_owned())
}

/// Their base proof, derived by them and by us, verified by us.
fn theirs(oracle: &Oracle, shape: Shape) -> Outcome {
    let base = their_base(oracle, shape)?;
    let expected = credential_expectation()?;
    let store = ContextStore::builtin();
    ecdsa_sd::verify_base(&base, &expected, &store).map_err(Stop::fail)?;
    let derived = their_derivation(oracle, &base)?;
    check(&derived)?;
    let ours = derive(&base)?;
    check(&ours)?;
    accept(oracle, &ours)?;
    let mut altered = derived;
    altered["credentialSubject"]["name_native"] = json!("另一人");
    demand(
        ecdsa_sd::verify(&altered, &expected, &store).is_err(),
        "we accepted an altered claim",
    )?;
    demand(
        ecdsa_sd::verify(&base, &expected, &store).is_err(),
        "we accepted a base proof",
    )?;
    Ok("base, derived twice, 2 refusals".to_owned())
}

/// Shows that the judge's fault is the judge's: it refuses its own work. Once it no longer does, this
/// becomes a pairing like the others.
fn mixed_nodes(oracle: &Oracle) -> Outcome {
    let base = their_base(oracle, Shape::Ours)?;
    let derived = their_derivation(oracle, &base)?;
    match oracle.ask(&VERIFY, &question(&derived)) {
        Ok(_) => theirs(oracle, Shape::Ours),
        Err(_) => Err(Stop::Skip(
            "ssi 0.16 refuses its own credentials of this shape: it does not sort N-Quads by code point".to_owned(),
        )),
    }
}

fn our_presentation(oracle: &Oracle) -> Outcome {
    let holder = key()?;
    let mut options = ProofOptions::new(
        did::verification_method(holder.public_key()),
        ProofPurpose::Authentication,
    );
    options.created = Some(now()?);
    options.challenge = Some(NONCE.to_owned());
    options.domain = Some(AUDIENCE.to_owned());
    let document = presentation(
        &did::did_key(holder.public_key()),
        &derive(&issue(Shape::Ours)?)?,
    );
    let unsigned =
        ecdsa_rdfc::prepare(&document, &options, &ContextStore::builtin()).map_err(Stop::fail)?;
    let signature = sign(&holder, unsigned.signing_input())?;
    let secured = unsigned.attach(signature);
    accept(oracle, &secured)?;
    let mut altered = secured;
    altered["proof"]["challenge"] = json!("another");
    oracle.refuses(&VERIFY, &question(&altered), "another challenge")?;
    Ok("with a derived credential inside; another challenge refused".to_owned())
}

fn their_presentation(oracle: &Oracle) -> Outcome {
    let question = json!({
        "document": presentation("$key", &derive(&issue(Shape::Ours)?)?),
        "purpose": "authentication",
        "challenge": NONCE,
        "domain": AUDIENCE,
    });
    let secured = oracle.ask(&["ecdsa-rdfc", "sign"], &question)?["document"].take();
    let store = ContextStore::builtin();
    let expected = ProofExpectation::presentation(now()?, NONCE, AUDIENCE);
    ecdsa_rdfc::verify(&secured, &expected, &store).map_err(Stop::fail)?;
    let other = ProofExpectation::presentation(now()?, "another", AUDIENCE);
    demand(
        ecdsa_rdfc::verify(&secured, &other, &store).is_err(),
        "we accepted another challenge",
    )?;
    Ok("with a derived credential inside; another challenge refused".to_owned())
}

const VERIFY: [&str; 2] = ["data-integrity", "verify"];

fn question(document: &Value) -> Value {
    json!({"document": document, "now": now_text().unwrap_or_default()})
}

fn accept(oracle: &Oracle, document: &Value) -> Result<(), Stop> {
    oracle.ask(&VERIFY, &question(document)).map(drop)
}

/// Our verdict on a derived credential.
fn check(derived: &Value) -> Result<(), Stop> {
    ecdsa_sd::verify(
        derived,
        &credential_expectation()?,
        &ContextStore::builtin(),
    )
    .map_err(Stop::fail)?;
    let subject = &derived["credentialSubject"];
    demand(
        subject.get("name_native").is_some(),
        "a selected claim is missing",
    )?;
    demand(
        subject.get("family_name").is_none(),
        "family_name was not to be seen",
    )
}

fn credential_expectation() -> Result<ProofExpectation<'static>, Stop> {
    Ok(ProofExpectation {
        binding: Binding::Issuer,
        ..ProofExpectation::credential(now()?)
    })
}

fn unsecured(issuer: &str, holder: &Key, shape: Shape) -> Value {
    match shape {
        Shape::Ours => credential(issuer, holder, None),
        Shape::Named => credential(
            issuer,
            holder,
            Some("urn:uuid:aa6a1e55-2b5f-4a3e-8d4c-1f3f6d2c7b90"),
        ),
        Shape::Unnamed => {
            let mut document = credential(issuer, holder, None);
            document["credentialSubject"]
                .as_object_mut()
                .map(|subject| subject.remove("id"));
            document
        }
    }
}

fn mandatory(shape: Shape) -> Vec<String> {
    let keep = |pointer: &&str| !(matches!(shape, Shape::Unnamed) && pointer.ends_with("/id"));
    MANDATORY
        .iter()
        .copied()
        .filter(keep)
        .map(str::to_owned)
        .collect()
}

fn issue(shape: Shape) -> Result<Value, Stop> {
    let (issuer, holder, ephemeral) = (key()?, key()?, key()?);
    let document = unsecured(&did::did_key(issuer.public_key()), &holder, shape);
    let mut options = ProofOptions::new(
        did::verification_method(issuer.public_key()),
        ProofPurpose::AssertionMethod,
    );
    options.created = Some(now()?.add_seconds(-3600));
    let mut hmac_key = [0; 32];
    aws_lc_rs::rand::fill(&mut hmac_key).map_err(|_| Stop::fail("no randomness"))?;
    let secrets = BaseSecrets {
        hmac_key: &hmac_key,
        ephemeral: &ephemeral,
    };
    let unsigned = ecdsa_sd::prepare_base(
        &document,
        &options,
        &mandatory(shape),
        &secrets,
        &ContextStore::builtin(),
    )
    .map_err(Stop::fail)?;
    let signature = sign(&issuer, unsigned.signing_input())?;
    Ok(unsigned.attach(signature))
}

fn derive(base: &Value) -> Result<Value, Stop> {
    ecdsa_sd::derive(
        base,
        &SELECTIVE.map(str::to_owned),
        &ContextStore::builtin(),
    )
    .map_err(Stop::fail)
}

fn their_base(oracle: &Oracle, shape: Shape) -> Result<Value, Stop> {
    let question =
        json!({"document": unsecured("$key", &key()?, shape), "mandatory": mandatory(shape)});
    Ok(oracle.ask(&["ecdsa-sd", "issue"], &question)?["document"].take())
}

fn their_derivation(oracle: &Oracle, base: &Value) -> Result<Value, Stop> {
    let question = json!({"document": base, "selective": SELECTIVE});
    Ok(oracle.ask(&["ecdsa-sd", "derive"], &question)?["document"].take())
}

fn presentation(holder: &str, credential: &Value) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": holder,
        "verifiableCredential": [credential],
    })
}

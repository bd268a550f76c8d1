//! The vectors of the Data Integrity suites: what is hashed, what is signed, what verifies, what must be refused.

use std::path::Path;

use serde_json::Value;
use tessera_verifier::Timestamp;
use tessera_verifier::data_integrity::{
    Binding, ProofExpectation, ProofOptions, ProofPurpose, Suite, prepare, verify_all,
};
use tessera_verifier::jsonld::ContextStore;

use super::{Folder, json, member, text};

/// Within the validity of every vector; some ended on 2025-12-16.
const NOW: i64 = 1_734_400_000;

/// The issuers of the vectors are not the controllers of their keys.
pub(super) fn expectation() -> ProofExpectation<'static> {
    ProofExpectation {
        binding: Binding::Unbound,
        ..ProofExpectation::credential(Timestamp::from_unix(NOW))
    }
}

/// One run of a suite over one document: its folder, the part of the file names that says which, the unsigned document.
struct Plain {
    folder: &'static str,
    label: &'static str,
    suite: Suite,
    unsigned: &'static str,
}

const fn plain(
    folder: &'static str,
    label: &'static str,
    suite: Suite,
    unsigned: &'static str,
) -> Plain {
    Plain {
        folder,
        label,
        suite,
        unsigned,
    }
}

const ECDSA: &[Plain] = &[
    plain(
        "ecdsa-rdfc-2019-p256",
        "ECDSAP256",
        Suite::EcdsaRdfc2019,
        "unsigned",
    ),
    plain(
        "ecdsa-rdfc-2019-p384",
        "ECDSAP384",
        Suite::EcdsaRdfc2019,
        "unsigned",
    ),
    plain(
        "ecdsa-rdfc-2019-p256/employ",
        "ECDSAP256",
        Suite::EcdsaRdfc2019,
        "employmentAuth",
    ),
    plain(
        "ecdsa-rdfc-2019-p384/employ",
        "ECDSAP384",
        Suite::EcdsaRdfc2019,
        "employmentAuth",
    ),
    plain(
        "ecdsa-jcs-2019-p256",
        "JCSECDSAP256",
        Suite::EcdsaJcs2019,
        "unsigned",
    ),
    plain(
        "ecdsa-jcs-2019-p384",
        "JCSECDSAP384",
        Suite::EcdsaJcs2019,
        "unsigned",
    ),
];

const EDDSA: &[Plain] = &[
    plain(
        "eddsa-rdfc-2022",
        "DataInt",
        Suite::EddsaRdfc2022,
        "unsigned",
    ),
    plain(
        "eddsa-rdfc-2022/employ",
        "DataInt",
        Suite::EddsaRdfc2022,
        "employmentAuth",
    ),
    plain("eddsa-jcs-2022", "JCS", Suite::EddsaJcs2022, "unsigned"),
    plain(
        "Ed25519Signature2020",
        "EdSig",
        Suite::Ed25519Signature2020,
        "unsigned",
    ),
];

/// `vc-di-ecdsa`.
pub(super) fn ecdsa(root: &Path) -> Result<Folder, String> {
    let root = root.join("vc-di-ecdsa");
    let mut folder = Folder::new("vc-di-ecdsa");
    plains(&root, ECDSA, &mut folder)?;
    for run in ["prc", "employ"] {
        let step = |name| json(&root.join(format!("ecdsa-sd-2023/{run}/{name}.json")));
        let derived = step("derivedRevealDocument")?;
        folder.note(
            &format!("ecdsa-sd-2023/{run}, derived"),
            verifies(&derived, Suite::EcdsaSd2023),
        );
        let base = step("addSignedSDBase")?;
        folder.note(&format!("ecdsa-sd-2023/{run}, base"), base_refused(&base));
    }
    Ok(folder)
}

/// `vc-di-eddsa`.
pub(super) fn eddsa(root: &Path) -> Result<Folder, String> {
    let root = root.join("vc-di-eddsa");
    let mut folder = Folder::new("vc-di-eddsa");
    plains(&root, EDDSA, &mut folder)?;
    for name in [
        "signedProofSet1",
        "signedProofSet2",
        "signedProofChain1",
        "signedProofChain2",
    ] {
        let signed = json(&root.join(format!("proof-set-chain/{name}.json")))?;
        folder.note(
            &format!("proof-set-chain/{name}"),
            verifies(&signed, Suite::EddsaRdfc2022),
        );
    }
    Ok(folder)
}

fn plains(root: &Path, runs: &[Plain], folder: &mut Folder) -> Result<(), String> {
    for run in runs {
        let at = root.join(run.folder);
        let signed = json(&at.join(format!("signed{}.json", run.label)))?;
        folder.note(
            &format!("{}, signed", run.folder),
            verifies(&signed, run.suite),
        );
        let hashes = text(&at.join(format!("combinedHash{}.txt", run.label)))?;
        let unsigned = json(&root.join(format!("{}.json", run.unsigned)))?;
        folder.note(
            &format!("{}, hash data", run.folder),
            hash_data(&unsigned, &signed, run.suite, hashes.trim()),
        );
        folder.note(
            &format!("{}, altered", run.folder),
            altered_refused(signed, run.suite),
        );
    }
    Ok(())
}

fn verifies(document: &Value, suite: Suite) -> Result<(), String> {
    verify_all(document, &[suite], &expectation(), &ContextStore::builtin())
        .map(|_| ())
        .map_err(|error| error.to_string())
}

pub(super) fn base_refused(document: &Value) -> Result<(), String> {
    match verify_all(
        document,
        Suite::ALL,
        &expectation(),
        &ContextStore::builtin(),
    ) {
        Err(error) if error.code() == "base_proof_refused" => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("a base proof verifies".to_owned()),
    }
}

fn altered_refused(mut document: Value, suite: Suite) -> Result<(), String> {
    let subject = document
        .get_mut("credentialSubject")
        .and_then(Value::as_object_mut)
        .ok_or("no subject")?;
    subject.insert("id".to_owned(), Value::from("did:example:another"));
    match verify_all(
        &document,
        &[suite],
        &expectation(),
        &ContextStore::builtin(),
    ) {
        Err(error) if error.code() == "invalid_signature" => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("an altered document verifies".to_owned()),
    }
}

/// What our own issuer would sign, given the options of the published proof, is what was signed.
fn hash_data(unsigned: &Value, signed: &Value, suite: Suite, hex: &str) -> Result<(), String> {
    let proof = signed.get("proof").ok_or("no proof")?;
    let mut options = ProofOptions::new(
        member(proof, "verificationMethod")?,
        ProofPurpose::from_name(member(proof, "proofPurpose")?).ok_or("purpose")?,
    );
    let created = Timestamp::parse_rfc3339(member(proof, "created")?);
    options.created = Some(created.map_err(|error| error.to_string())?);
    let prepared = prepare(unsigned, suite, &options, &ContextStore::builtin());
    let prepared = prepared.map_err(|error| error.to_string())?;
    let found = super::hex(prepared.signing_input());
    match found == hex {
        true => Ok(()),
        false => Err(format!("hash data {found}, not {hex}")),
    }
}

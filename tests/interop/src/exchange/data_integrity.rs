//! Data Integrity with `@digitalbazaar/*` and `openvc`: they issue and we verify, we issue and they verify; of a base
//! proof, each derives from the other's; presentations answer a challenge for a domain.

use serde_json::{Value, json};
use tessera_verifier::key::KeyType;

use super::ours::{self, KEY, Secured};
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::peer::Peer;
use crate::specimen::{claims, day, now_text};

const CHALLENGE: &str = "5ad3a1f0-interop";
const DOMAIN: &str = "https://verifier.example";

/// What a base proof always shows.
const MANDATORY: [&str; 3] = ["/issuer", "/validFrom", "/validUntil"];
/// What a holder adds to it.
const SELECTIVE: [&str; 2] = [
    "/credentialSubject/name_native",
    "/credentialSubject/nationalities",
];

/// Whose signature stands under a presentation of derived credentials.
const HOLDER: Secured = Secured {
    suite: "ecdsa-rdfc-2019",
    key: KeyType::P256,
};

const fn row(suite: &'static str, key: KeyType) -> Secured {
    Secured { suite, key }
}

/// Every suite, with the kinds of key that sign with it.
const SUITES: [Secured; 9] = [
    row("eddsa-rdfc-2022", KeyType::Ed25519),
    row("eddsa-jcs-2022", KeyType::Ed25519),
    row("ecdsa-rdfc-2019", KeyType::P256),
    row("ecdsa-rdfc-2019", KeyType::P384),
    row("ecdsa-jcs-2019", KeyType::P256),
    row("ecdsa-jcs-2019", KeyType::P384),
    row("ecdsa-sd-2023", KeyType::P256),
    row("bbs-2023", KeyType::Bls12381G2),
    row("Ed25519Signature2020", KeyType::Ed25519),
];

/// A document to secure: how its nodes are named decides how they are ordered, and which data model it follows how its
/// dates are called.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// As the product issues: the subject has a name, credential and nested nodes have none.
    Product,
    /// Every node has a name.
    Named,
    /// Data model 1.1.
    Old,
}

/// Exchanges every suite that `peer` has with it.
///
/// `lacks` tells, by the beginning of its name, which row a peer cannot answer and why.
pub fn run(matrix: &mut Matrix, name: &str, peer: &Peer, lacks: &[(&str, &str)]) {
    for how in SUITES {
        let subject = format!("{} {}", how.suite, how.key_name());
        let lacking = lacks.iter().find(|(row, _)| subject.starts_with(row));
        let mut ask = |subject: &str, way, pairing: &dyn Fn() -> Outcome| {
            matrix.ask(subject, name, way, || match lacking {
                Some((_, why)) => Err(Stop::Skip((*why).to_owned())),
                None => pairing(),
            });
        };
        ask(&subject, Way::TheirsToOurs, &|| theirs(peer, how));
        ask(&subject, Way::OursToTheirs, &|| ours_to(peer, how));
        let subject = format!("{subject} in a presentation");
        ask(&subject, Way::TheirsToOurs, &|| {
            their_presentation(peer, how)
        });
        ask(&subject, Way::OursToTheirs, &|| our_presentation(peer, how));
    }
}

fn shapes(how: Secured) -> Vec<Shape> {
    match how.suite {
        "Ed25519Signature2020" => vec![Shape::Old, Shape::Product],
        _ => vec![Shape::Product, Shape::Named],
    }
}

fn document(shape: Shape) -> Value {
    let mut subject = claims();
    subject.insert("id".to_owned(), json!("did:example:specimen-holder"));
    let mut document = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://tessera.example/contexts/identity/v1"],
        "type": ["VerifiableCredential", "IdentityCredential", "LimitedIdentityCredential"],
        "issuer": KEY,
        "validFrom": day(-30),
        "validUntil": day(365),
        "credentialSubject": subject,
    });
    match shape {
        Shape::Product => {}
        Shape::Named => {
            document["id"] = json!("urn:uuid:aa6a1e55-2b5f-4a3e-8d4c-1f3f6d2c7b90");
            if let Value::Object(subject) = &mut document["credentialSubject"] {
                subject.remove("age_equal_or_over");
            }
        }
        Shape::Old => {
            document = json!({
                "@context": ["https://www.w3.org/2018/credentials/v1",
                    {"@protected": true, "name_native": "https://specimen.example/vocab#name_native",
                     "nationalities": {"@id": "https://specimen.example/vocab#nationalities", "@container": "@set"}}],
                "id": "urn:uuid:0f7c6f1c-4ea6-4b58-a05e-b3ab2c5cbd6b",
                "type": ["VerifiableCredential"],
                "issuer": KEY,
                "issuanceDate": day(-30),
                "expirationDate": day(365),
                "credentialSubject": {
                    "id": "did:example:specimen-holder",
                    "name_native": claims()["name_native"],
                    "nationalities": ["UTO", "XXA"],
                },
            });
        }
    }
    document
}

fn mandatory() -> Vec<String> {
    MANDATORY.map(str::to_owned).to_vec()
}

fn selective() -> Vec<String> {
    SELECTIVE.map(str::to_owned).to_vec()
}

/// Two lies: a claim says something else, a statement is gone.
fn forgeries(document: &Value) -> [(&'static str, Value); 2] {
    let mut altered = document.clone();
    altered["credentialSubject"]["name_native"] = json!("另一人");
    let mut removed = document.clone();
    if let Value::Object(subject) = &mut removed["credentialSubject"] {
        subject.remove("name_native");
    }
    [
        ("an altered claim", altered),
        ("a removed statement", removed),
    ]
}

/// They issue; for a selective suite each derives from it; we verify, and refuse forgeries.
fn theirs(peer: &Peer, how: Secured) -> Outcome {
    let mut verified = 0;
    for shape in shapes(how) {
        let issued = peer.ask("issue", their_question(how, &document(shape))?)?["document"].take();
        without_context(how, &issued, |restored| ours::verify(how, restored))?;
        let mut shown = vec![issued.clone()];
        if how.is_selective() {
            demand(
                ours::verify(how, &issued).is_err(),
                "we accepted a base proof",
            )?;
            let ours = ours::derive(how, &issued, &selective())?;
            accept(peer, how, &ours)?;
            shown = vec![ours];
            match their_derivation(peer, how, &issued) {
                Ok(theirs) => shown.push(theirs),
                // A peer that cannot derive from what it issued itself has a fault of its own.
                Err(Stop::Fail(why)) if shape == Shape::Product && known_fault(&why) => {}
                Err(stop) => return Err(stop),
            }
        }
        for document in shown {
            ours::verify(how, &document)?;
            only_selected(how, &document)?;
            for (what, forgery) in forgeries(&document) {
                demand(
                    ours::verify(how, &forgery).is_err(),
                    &format!("we accepted {what}"),
                )?;
            }
            verified += 1;
        }
    }
    Ok(format!(
        "{verified} verified, {} forgeries refused",
        2 * verified
    ))
}

/// We issue; for a selective suite each derives from it; they verify, and must refuse forgeries.
fn ours_to(peer: &Peer, how: Secured) -> Outcome {
    let mut verified = 0;
    for shape in shapes(how) {
        let issued = ours::issue(how, &document(shape), &mandatory())?;
        let mut shown = vec![issued.clone()];
        if how.is_selective() {
            peer.refuses("verify", question(how, &issued)?, "a base proof")?;
            shown = vec![ours::derive(how, &issued, &selective())?];
            match their_derivation(peer, how, &issued) {
                Ok(theirs) => {
                    ours::verify(how, &theirs)?;
                    shown.push(theirs);
                }
                Err(Stop::Fail(why)) if shape == Shape::Product && known_fault(&why) => {}
                Err(stop) => return Err(stop),
            }
        }
        for document in shown {
            accept(peer, how, &document)?;
            only_selected(how, &document)?;
            for (what, forgery) in forgeries(&document) {
                peer.refuses("verify", question(how, &forgery)?, what)?;
            }
            verified += 1;
        }
    }
    Ok(format!(
        "{verified} verified, {} forgeries refused",
        2 * verified
    ))
}

/// openvc 1.37 cannot derive from a credential with unnamed nodes, its own included.
fn known_fault(why: &str) -> bool {
    why.contains("a disclosed statement has no matching base signature")
}

/// The JCS suites put the document's `@context` into the proof and sign it there (Data Integrity EdDSA §3.3.1 step 2).
/// openvc 1.37 signs it and leaves it out, so that nothing of the kind verifies as it is; put back, it must.
fn without_context(
    how: Secured,
    document: &Value,
    verify: impl Fn(&Value) -> Result<(), Stop>,
) -> Result<(), Stop> {
    if !how.suite.contains("-jcs-") || document["proof"].get("@context").is_some() {
        return Ok(());
    }
    let mut restored = document.clone();
    restored["proof"]["@context"] = document["@context"].clone();
    verify(&restored)?;
    demand(
        verify(document).is_err(),
        "we accepted a proof without what it signs",
    )?;
    Err(Stop::Skip(
        "the package signs @context within the proof and leaves it out of what it writes; put back, it verifies"
            .to_owned(),
    ))
}

fn their_presentation(peer: &Peer, within: Secured) -> Outcome {
    let how = if within.is_selective() {
        HOLDER
    } else {
        within
    };
    let mut question = their_question(how, &presentation(within)?)?;
    question["challenge"] = json!(CHALLENGE);
    question["domain"] = json!(DOMAIN);
    let made = peer.ask("present", question)?["document"].take();
    without_context(how, &made, |restored| {
        ours::verify_presentation(how, within, restored, CHALLENGE, DOMAIN)
    })?;
    ours::verify_presentation(how, within, &made, CHALLENGE, DOMAIN)?;
    for (challenge, domain) in [("another", DOMAIN), (CHALLENGE, "https://another.example")] {
        demand(
            ours::verify_presentation(how, within, &made, challenge, domain).is_err(),
            "we accepted another challenge or domain",
        )?;
    }
    let mut altered = made;
    altered["verifiableCredential"][0]["credentialSubject"]["name_native"] = json!("另一人");
    demand(
        ours::verify_presentation(how, within, &altered, CHALLENGE, DOMAIN).is_err(),
        "we accepted an altered claim",
    )?;
    Ok("verified; another challenge, domain, claim refused".to_owned())
}

fn our_presentation(peer: &Peer, within: Secured) -> Outcome {
    let how = if within.is_selective() {
        HOLDER
    } else {
        within
    };
    let made = ours::present(how, &presentation(within)?, CHALLENGE, DOMAIN)?;
    let question = |document: &Value, challenge: &str, domain: &str| -> Result<Value, Stop> {
        Ok(json!({
            "suite": how.suite, "within": within.suite, "document": document,
            "challenge": challenge, "domain": domain, "now": now_text()?,
        }))
    };
    peer.ask("verify-presentation", question(&made, CHALLENGE, DOMAIN)?)?;
    for (challenge, domain) in [("another", DOMAIN), (CHALLENGE, "https://another.example")] {
        let question = question(&made, challenge, domain)?;
        peer.refuses(
            "verify-presentation",
            question,
            "another challenge or domain",
        )?;
    }
    let mut altered = made;
    altered["verifiableCredential"][0]["credentialSubject"]["name_native"] = json!("另一人");
    let question = question(&altered, CHALLENGE, DOMAIN)?;
    peer.refuses("verify-presentation", question, "an altered claim")?;
    Ok("verified; another challenge, domain, claim refused".to_owned())
}

/// A presentation of a credential of ours, secured with `within`.
fn presentation(within: Secured) -> Result<Value, Stop> {
    let old = within.suite == "Ed25519Signature2020";
    let shape = if old { Shape::Old } else { Shape::Product };
    let mut credential = ours::issue(within, &document(shape), &mandatory())?;
    if within.is_selective() {
        credential = ours::derive(within, &credential, &selective())?;
    }
    let context = if old {
        "https://www.w3.org/2018/credentials/v1"
    } else {
        "https://www.w3.org/ns/credentials/v2"
    };
    Ok(json!({
        "@context": [context],
        "type": ["VerifiablePresentation"],
        "holder": KEY,
        "verifiableCredential": [credential],
    }))
}

fn their_question(how: Secured, document: &Value) -> Result<Value, Stop> {
    Ok(json!({
        "suite": how.suite, "key": how.key_name(), "document": document,
        "created": now_text()?, "now": now_text()?, "mandatory": mandatory(),
    }))
}

fn question(how: Secured, document: &Value) -> Result<Value, Stop> {
    Ok(json!({"suite": how.suite, "document": document, "now": now_text()?}))
}

fn accept(peer: &Peer, how: Secured, document: &Value) -> Result<(), Stop> {
    peer.ask("verify", question(how, document)?).map(drop)
}

fn their_derivation(peer: &Peer, how: Secured, base: &Value) -> Result<Value, Stop> {
    let question = json!({"suite": how.suite, "document": base, "selective": selective()});
    Ok(peer.ask("derive", question)?["document"].take())
}

/// A derivation shows what was selected, and nothing else of the person.
fn only_selected(how: Secured, document: &Value) -> Result<(), Stop> {
    let subject = &document["credentialSubject"];
    demand(
        subject["name_native"] == claims()["name_native"],
        "the name is another",
    )?;
    demand(
        !how.is_selective() || subject.get("family_name").is_none(),
        "family_name was not to be seen",
    )
}

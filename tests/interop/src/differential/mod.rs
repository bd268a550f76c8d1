//! Generated credentials before `ssi`, `json-ld` and `sophia_c14n` and before us: the same canonical form, the same
//! verdict in both directions, and a refusal by both of the same lie.
//!
//! `TESSERA_SEED` and `TESSERA_DOCUMENTS` choose what is generated; the seed is printed, and each disagreement names the
//! document.

pub mod generate;

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use generate::{Naming, Random};
use serde_json::{Map, Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::jsonld::{ContextStore, document_to_rdf};
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::rdf::{Budget, HashAlgorithm, canonicalize, to_nquads};
use tessera_verifier::sd_jwt::{self, ClaimsInput, Frame};
use tessera_verifier::vc_jose_cose::{Kind, SigningKey, verify_jwt};

use crate::exchange::jose::{expectation, same_document, sign, text};
use crate::exchange::ours::{self, Secured};
use crate::keys::Key;
use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::peer::Peer;
use crate::specimen::now_text;

/// Documents, unless the environment says otherwise.
const DOCUMENTS: u64 = 200;

/// Asks the oracles about every document in every way.
pub fn run(oracles: &Peer, matrix: &mut Matrix) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("TESSERA_SEED").unwrap_or_else(|| {
        let mut bytes = [0; 8];
        // Without randomness the seed is zero, and printed like any other.
        let _ = rand::fill(&mut bytes);
        u64::from_be_bytes(bytes)
    });
    let documents = number("TESSERA_DOCUMENTS").unwrap_or(DOCUMENTS);
    println!("differential: TESSERA_SEED={seed} TESSERA_DOCUMENTS={documents}");
    let mut ask = |subject: &str, peer: &str, one: &dyn Fn(&Sample) -> Result<bool, Stop>| {
        let subject = format!("{subject}, generated");
        matrix.ask(&subject, peer, Way::Same, || each(seed, documents, one));
    };
    ask("canonical form", "json-ld + sophia_c14n", &|sample| {
        canonical(oracles, sample)
    });
    for (suite, key) in [
        ("eddsa-rdfc-2022", KeyType::Ed25519),
        ("ecdsa-rdfc-2019", KeyType::P256),
        ("ecdsa-sd-2023", KeyType::P256),
    ] {
        let how = Secured { suite, key };
        ask(suite, "ssi", &|sample| secured(oracles, how, sample));
    }
    ask("vc+jwt ES256", "ssi", &|sample| token(oracles, sample));
    ask("SD-JWT ES256", "ssi", &|sample| {
        disclosures(oracles, sample)
    });
}

/// A generated document.
struct Sample {
    document: Value,
    naming: Naming,
    /// Some of the places where its subjects say something.
    selected: Vec<String>,
}

/// Puts `one` to every document; it tells whether the document was fit to be asked about.
fn each(seed: u64, documents: u64, one: &dyn Fn(&Sample) -> Result<bool, Stop>) -> Outcome {
    let mut asked = 0;
    for number in 0..documents {
        let mut random = Random::new(seed.wrapping_add(number));
        let (document, naming) = generate::credential(&mut random);
        let pointers = generate::pointers(&document);
        let mut selected: Vec<String> = pointers.clone();
        selected.retain(|_| random.chance(50));
        if selected.is_empty() {
            selected.extend(pointers.first().cloned());
        }
        let sample = Sample {
            document,
            naming,
            selected,
        };
        match one(&sample) {
            Ok(fit) => asked += u64::from(fit),
            Err(Stop::Skip(why)) => return Err(Stop::Skip(why)),
            Err(Stop::Fail(why)) => {
                let seed = seed.wrapping_add(number);
                return Err(Stop::Fail(format!(
                    "TESSERA_SEED={seed} TESSERA_DOCUMENTS=1: {why}"
                )));
            }
        }
    }
    demand(asked > 0, "no document was fit to be asked about")?;
    Ok(format!("{asked} of {documents} documents"))
}

fn canonical(oracles: &Peer, sample: &Sample) -> Result<bool, Stop> {
    let mut document = sample.document.clone();
    document["issuer"] = json!("did:example:issuer");
    let theirs = oracles.ask("json-ld to-rdf", json!({"document": document}))?;
    let theirs = oracles.ask("rdf canonicalize", json!({"nquads": theirs["nquads"]}))?;
    let quads = document_to_rdf(&document, &ContextStore::builtin()).map_err(Stop::fail)?;
    let ours = canonicalize(&quads, HashAlgorithm::Sha256, Budget::default());
    demand(
        theirs["canonical"] == ours.map_err(Stop::fail)?.to_nquads(),
        "another canonical form",
    )?;
    Ok(true)
}

/// Data Integrity, by us for ssi and by ssi for us.
fn secured(oracles: &Peer, how: Secured, sample: &Sample) -> Result<bool, Stop> {
    if !fit_for_ssi(sample)? {
        return Ok(false);
    }
    let mandatory = ["/issuer".to_owned(), "/validFrom".to_owned()];
    let question = |document: &Value| -> Result<Value, Stop> {
        Ok(json!({"document": document, "now": now_text()?}))
    };
    let ours = ours::issue(how, &sample.document, &mandatory)?;
    let made = json!({"suite": how.suite, "document": sample.document, "mandatory": mandatory});
    let theirs = oracles.ask("data-integrity sign", made)?["document"].take();
    let mut shown = vec![ours, theirs];
    if how.is_selective() {
        let mut derived = Vec::new();
        for base in &shown {
            derived.push(ours::derive(how, base, &sample.selected)?);
            let question = json!({"document": base, "selective": sample.selected});
            derived.push(oracles.ask("ecdsa-sd derive", question)?["document"].take());
        }
        shown = derived;
    }
    for document in shown {
        ours::verify(how, &document)?;
        oracles.ask("data-integrity verify", question(&document)?)?;
        let lie = generate::altered(&document, &sample.selected);
        if lie == document {
            continue;
        }
        demand(ours::verify(how, &lie).is_err(), "we accepted a lie")?;
        oracles.refuses("data-integrity verify", question(&lie)?, "a lie")?;
    }
    Ok(true)
}

/// Whether `ssi` 0.16 writes the canonical form that is meant: it does not always put the statements into the order of RDFC-1.0 §4.4.3: it compares terms by kind before text, and
/// texts without the marks around them, where N-Quads are to be sorted by code point.
fn fit_for_ssi(sample: &Sample) -> Result<bool, Stop> {
    let mut document = sample.document.clone();
    document["issuer"] = json!("did:example:issuer");
    let quads = document_to_rdf(&document, &ContextStore::builtin()).map_err(Stop::fail)?;
    let lines = to_nquads(&quads);
    let mut said: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for line in lines.lines() {
        let mut terms = line.splitn(3, ' ');
        if let (Some(subject), Some(predicate), Some(object)) =
            (terms.next(), terms.next(), terms.next())
        {
            said.entry((subject, predicate)).or_default().push(object);
        }
    }
    let alike = |objects: &Vec<&str>| {
        let nodes = |mark| objects.iter().all(|object| object.starts_with(mark));
        objects.len() < 2 || nodes('<') || nodes('_')
    };
    // A tab is written as such there, and escaped in canonical N-Quads (RDFC-1.0 §5).
    let tab = lines.contains("\\t");
    Ok(sample.naming != Naming::Mixed && !tab && said.values().all(alike))
}

/// `vc+jwt`, by us for ssi and by ssi for us.
fn token(oracles: &Peer, sample: &Sample) -> Result<bool, Stop> {
    let key = Key::generate(KeyType::P256)?;
    let mut document = sample.document.clone();
    document["issuer"] = json!(key.did());
    let jwt = sign(&document, Kind::Credential, KeyType::P256, &key)?;
    let question = json!({"jwt": jwt, "jwk": key.public_key().to_jwk(), "now": now_text()?});
    let answer = oracles.ask("jwt verify", question)?;
    demand(
        answer["payload"]["credentialSubject"] == as_list(&document["credentialSubject"])
            || answer["payload"]["credentialSubject"] == document["credentialSubject"],
        "another subject was read",
    )?;
    let other = Key::generate(KeyType::P256)?;
    let lie = json!({"jwt": jwt, "jwk": other.public_key().to_jwk(), "now": now_text()?});
    oracles.refuses("jwt verify", lie, "another key")?;

    document["issuer"] = json!("https://issuer.example");
    let header = json!({"typ": "vc+jwt", "kid": "https://issuer.example/keys#1"});
    let made = oracles.ask("jwt sign", json!({"payload": document, "header": header}))?;
    let public = PublicKey::from_jwk(&made["jwk"]).map_err(Stop::fail)?;
    let expected = expectation(Kind::Credential, &[KeyType::P256]).map_err(Stop::fail)?;
    let check = |key: &PublicKey| {
        verify_jwt(text(&made, "jwt")?, &expected, &|_| {
            Ok(SigningKey::from(key.clone()))
        })
        .map_err(Stop::fail)
    };
    same_document(check(&public)?.document(), &document)?;
    demand(
        check(other.public_key()).is_err(),
        "we accepted another key",
    )?;
    Ok(true)
}

/// SD-JWT with random claims disclosable: the claims come out as they went in.
fn disclosures(oracles: &Peer, sample: &Sample) -> Result<bool, Stop> {
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), json!("https://issuer.example"));
    claims.insert("vct".to_owned(), json!("https://issuer.example/generated"));
    claims.insert(
        "subject".to_owned(),
        sample.document["credentialSubject"].clone(),
    );
    let moved = |pointer: &String| pointer.replacen("/credentialSubject", "/subject", 1);
    let selected: Vec<String> = sample.selected.iter().map(moved).collect();
    let whole = Value::Object(claims.clone());
    let paths: Result<Vec<ClaimPath>, _> = selected
        .iter()
        .map(|pointer| sd_jwt::parse_path(pointer, &whole))
        .collect();
    let paths = paths.map_err(Stop::fail)?;

    let key = Key::generate(KeyType::P256)?;
    let mut header = Map::new();
    header.insert("typ".to_owned(), json!("dc+sd-jwt"));
    let mut salts = || {
        let mut salt = [0; 16];
        // A failing system generator leaves zeros; two equal salts then show up as a refusal.
        let _ = rand::fill(&mut salt);
        salt
    };
    let unsigned = sd_jwt::prepare_claims(ClaimsInput {
        key: KeyType::P256,
        header,
        claims: claims.clone(),
        frame: &Frame::new(&paths),
        algorithm: sd_jwt::HashAlgorithm::Sha256,
        salts: &mut salts,
    })
    .map_err(Stop::fail)?;
    let signature = key.sign(unsigned.signing_input()).map_err(Stop::fail)?;
    let ours = unsigned.attach(signature);
    let question =
        |sd_jwt: &str, jwk: Value| json!({"with": "ssi", "sd_jwt": sd_jwt, "issuer_jwk": jwk});
    let answer = oracles.ask("sd-jwt verify", question(&ours, key.public_key().to_jwk()))?;
    demand(
        answer["claims"]["subject"] == claims["subject"],
        "other claims were read of ours",
    )?;
    let other = Key::generate(KeyType::P256)?;
    let lie = question(&ours, other.public_key().to_jwk());
    oracles.refuses("sd-jwt verify", lie, "another key")?;

    let made = oracles.ask(
        "sd-jwt issue",
        json!({"with": "ssi", "claims": claims, "conceal": selected, "header": {"typ": "dc+sd-jwt"}}),
    );
    let made = match made {
        // Some places it does not find in documents of its own; then there is nothing to compare.
        Err(Stop::Fail(why)) if why.contains("value not found") => return Ok(false),
        made => made?,
    };
    let public = PublicKey::from_jwk(&made["issuer_jwk"]).map_err(Stop::fail)?;
    let read = sd_jwt::parse(text(&made, "sd_jwt")?)
        .and_then(|parsed| parsed.verify_issuer(&public, &["dc+sd-jwt"]))
        .map_err(Stop::fail)?;
    demand(
        read.payload()["subject"] == claims["subject"],
        "we read other claims",
    )?;
    Ok(true)
}

/// One subject and a list of one are the same.
fn as_list(subject: &Value) -> Value {
    match subject {
        Value::Array(_) => subject.clone(),
        one => json!([one]),
    }
}

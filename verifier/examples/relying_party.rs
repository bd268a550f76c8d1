//! An internet café from end to end: ask, check the answer offline, and see what is refused and why.
//!
//! `cargo run -p tessera-verifier --example relying_party` takes the sample files of the crate's tests in place of what an
//! authority publishes and a wallet answers, at the time when they were made.

use std::error::Error;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use tessera_verifier::catalogue::{Catalogue, Language};
use tessera_verifier::crypto::{LocalSigner, SignError, Signature};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::base64url;
use tessera_verifier::key::PublicKey;
use tessera_verifier::request::RequestBuilder;
use tessera_verifier::verify::Refusal;
use tessera_verifier::{Bundle, Policy, Request, Status, Timestamp, Verifier, did};

/// The relying party's key. This one is made anew; a program reads one from a file (PKCS#8), a token or a service.
struct Key(EcdsaKeyPair, PublicKey);

impl LocalSigner for Key {
    fn public_key(&self) -> &PublicKey {
        &self.1
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.0.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|_| SignError)?;
        Signature::from_bytes(signature.as_ref()).map_err(|_| SignError)
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    // The bundle: fetched from any mirror, and believed for the signature of the root that the relying party knows.
    let root = include_str!("../tests/samples/root.txt");
    let bundle = Bundle::open(include_bytes!("../tests/samples/bundle.jwt"), root)?;
    let now = Timestamp::parse_rfc3339("2026-01-15T18:00:00Z")?;
    println!(
        "{}: bundle of {}, {} s old",
        bundle.authority().name.text(Language::En),
        bundle.issued_at(),
        bundle.age(now)
    );

    // Ask. A wallet answers only a party that is registered: the authority lists this DID in its bundle.
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let public = PublicKey::from_uncompressed(pair.public_key().as_ref())?;
    let key = Key(pair, public);
    let service = Catalogue::builtin()
        .get("internet-cafe")
        .ok_or("no such service")?;
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random)?;
    let asking = RequestBuilder::for_service(service)
        .client(&did::did_key(key.public_key()))
        .nonce(&base64url(&random))
        .issued_at(now)
        .expires(now.add_seconds(300));
    let jwt = asking.clone().build()?.sign(&key)?;
    let request = Request::for_own(&jwt)?;
    println!("asked as {} for {}", request.client_id(), service.id);

    // Decide. The verifier is made once and used from many threads; every check takes the time as an argument.
    let verifier = Verifier::new(Policy::for_service(service), Arc::new(bundle));
    let answered = Request::for_own(include_str!("../tests/samples/request.jwt"))?;
    let answers: [&[u8]; 2] = [
        include_bytes!("../tests/samples/presentation-sd_jwt.json"),
        include_bytes!("../tests/samples/presentation-ldp.json"),
    ];
    for answer in answers {
        let verified = verifier.verify(answer, &answered, now)?;
        for credential in verified.credentials() {
            // Only a policy that says so lets an unknown status pass, and then it is for the caller to decide.
            let Status::Valid = credential.status() else {
                return Err("not known whether it is revoked".into());
            };
            let adult = &credential.claims()["age_equal_or_over"]["18"];
            println!(
                "{}, {} function: of age {adult}",
                credential.format(),
                credential.assurance_level()
            );
        }
    }

    // What is refused has a code for programs, a stage, and words for people.
    let refused = |what: &str, request: &Request, at| match verifier.decide(answers[0], request, at)
    {
        Ok(_) => Err("accepted"),
        Err(Refusal { stage, error, .. }) => {
            println!("{what}: {} at {stage}: {error}", error.code());
            println!("    {}", error.advice(Language::En));
            Ok(())
        }
    };
    refused("an answer to another's request", &request, now)?;
    let greedy = asking.also_ask(ClaimPath::keys(&["family_name"]));
    let greedy = Request::for_own(&greedy.build()?.sign(&key)?)?;
    refused("a request for a name as well", &greedy, now)?;
    refused(
        "an answer that comes late",
        &answered,
        now.add_seconds(3600),
    )?;
    Ok(())
}

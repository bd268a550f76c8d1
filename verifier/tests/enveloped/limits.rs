//! Bounds to the last byte, and checks of which no other would notice the lack.

use serde_json::{Map, Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::encoding::{base64, base64url, from_multibase_base58};
use tessera_verifier::json::Limits;
use tessera_verifier::key::KeyType;
use tessera_verifier::sd_jwt::{self, Disclosure, KeyBindingExpectation};
use tessera_verifier::status::TokenStatusList;
use tessera_verifier::vc_jose_cose::{
    Expectation, Kind, SdJwtOptions, Secured, SigningKey, by_did, envelope, prepare_cose,
    prepare_jwt, prepare_sd_jwt, verify_jwt, verify_sd_jwt,
};
use tessera_verifier::x509::{ChainPolicy, TrustAnchor, validate};
use tessera_verifier::{Error, did, jws};

use crate::code;
use crate::documents::{Desk, NOW, credential, expected, presentation};
use crate::keys::Signer;

fn desk() -> Desk {
    Desk::new(Signer::fresh(KeyType::P256))
}

/// Longer is too large; not longer is looked at, and these are no messages.
#[test]
fn texts_are_bounded() {
    let desk = desk();
    let longest = Limits::MESSAGE.bytes;
    let of = |length: usize| "a".repeat(length);
    type Read<'a> = &'a dyn Fn(&str) -> Option<&'static str>;
    let refusal = |error: Option<Error>| error.map(|error| error.code());
    let token = 48 * 1024 * 1024;
    let readers: [(usize, Read<'_>); 5] = [
        (longest, &|text| {
            refusal(jws::parse(text, Limits::MESSAGE).err())
        }),
        (longest, &|text| refusal(sd_jwt::parse(text).err())),
        (longest, &|text| {
            refusal(verify_jwt(text, &expected(Kind::Credential), &by_did).err())
        }),
        (token, &|text| {
            let key = desk.signer.public_key();
            refusal(TokenStatusList::verify_jwt(text, "https://a.example", key).err())
        }),
        (257, &|text| {
            refusal(from_multibase_base58(&text.replacen('a', "z", 1)).err()).or(Some("malformed"))
        }),
    ];
    for (length, read) in readers {
        assert_eq!(read(&of(length)), Some("malformed"), "{length}");
        assert_eq!(read(&of(length + 1)), Some("too_large"), "{length}");
    }
    let jwk = |length: usize| {
        let name = format!("did:jwk:{}", "A".repeat(length - 8));
        did::resolve(&name).map_or_else(|error| error.code(), |_| "resolved")
    };
    assert_eq!(jwk(512), "malformed");
    assert_eq!(jwk(513), "too_large");
}

/// `x5c` of a header: one to eight certificates.
#[test]
fn certificates_of_a_header_are_bounded() {
    let desk = desk();
    let keys = |reference: &tessera_verifier::vc_jose_cose::KeyReference<'_>| {
        let policy = ChainPolicy {
            now: NOW,
            purposes: &[],
        };
        let anchors: [TrustAnchor; 0] = [];
        validate(reference.certificates, &anchors, &policy)
            .map(|chain| SigningKey::from(chain.key().clone()))
    };
    let verdict = |chain: Value| {
        let header = json!({"typ": "vc+jwt", "kid": desk.kid, "x5c": chain});
        let text = jws::sign(header, &credential(&desk.did), &desk.signer).unwrap();
        code(verify_jwt(&text, &expected(Kind::Credential), &keys).map(|_| ()))
    };
    let junk = base64(b"no certificate");
    assert_eq!(verdict(json!([])), Err("malformed"));
    assert_eq!(verdict(json!(junk)), Err("malformed"));
    assert_eq!(verdict(json!(vec![&junk; 8])), Err("malformed"));
    assert_eq!(verdict(json!(vec![&junk; 9])), Err("too_large"));
}

#[test]
fn no_key_signs_for_another_kind() {
    let desk = desk();
    let other = Signer::fresh(KeyType::Ed25519);
    let document = credential(&desk.did);
    let options = desk.options(Kind::Credential);
    assert!(
        prepare_jwt(&document, &options)
            .unwrap()
            .sign(&other)
            .is_err()
    );
    assert!(
        prepare_cose(&document, &options)
            .unwrap()
            .sign(&other)
            .is_err()
    );
    // What is no credential is not prepared, in COSE no more than in JOSE.
    let mut broken = document;
    broken["credentialSubject"] = json!([]);
    assert!(prepare_jwt(&broken, &options).is_err());
    assert!(prepare_cose(&broken, &options).is_err());
}

/// A key that the caller has found by other means does not excuse a DID without `kid` (VC-JOSE-COSE §4.1.1).
#[test]
fn an_issuer_with_a_did_needs_a_kid() {
    let desk = desk();
    let key = |_: &tessera_verifier::vc_jose_cose::KeyReference<'_>| {
        Ok(SigningKey::from(desk.signer.public_key().clone()))
    };
    let verdict = |issuer: &str, header: Value| {
        let text = jws::sign(header, &credential(issuer), &desk.signer).unwrap();
        code(verify_jwt(&text, &expected(Kind::Credential), &key).map(|_| ()))
    };
    let bare = || json!({"typ": "vc+jwt"});
    assert_eq!(verdict(&desk.did, bare()), Err("issuer_untrusted"));
    assert_eq!(
        verdict(&desk.did, json!({"typ": "vc+jwt", "kid": desk.kid})),
        Ok(())
    );
    assert_eq!(verdict("https://issuer.example", bare()), Ok(()));
}

/// A presentation need not name its holder, and then the key says alone who shows it; a credential names its issuer.
#[test]
fn a_presentation_without_holder_is_whose_key_it_is() {
    let desk = desk();
    let mut shown = presentation(&desk.did, &[]);
    shown.as_object_mut().unwrap().remove("holder");
    let header = json!({"typ": "vp+jwt", "kid": desk.kid});
    let text = jws::sign(header, &shown, &desk.signer).unwrap();
    let verified = verify_jwt(&text, &expected(Kind::Presentation), &by_did).unwrap();
    assert_eq!(verified.key().controller.as_deref(), Some(&*desk.did));
    let mut nameless = credential(&desk.did);
    nameless.as_object_mut().unwrap().remove("issuer");
    let header = json!({"typ": "vc+jwt", "kid": desk.kid});
    let text = jws::sign(header, &nameless, &desk.signer).unwrap();
    let refused = verify_jwt(&text, &expected(Kind::Credential), &by_did);
    assert_eq!(code(refused.map(|_| ())), Err("issuer_key_mismatch"));
}

fn secured(desk: &Desk, kind: Kind, document: &Value, holder: Option<&Signer>) -> String {
    let disclosures = SdJwtOptions {
        disclosable: &[],
        decoys: 0,
        algorithm: Default::default(),
        holder: holder.map(|holder| holder.public_key()),
        salts: &mut || [0; 16],
    };
    let unsigned = prepare_sd_jwt(document, &desk.options(kind), disclosures).unwrap();
    let signature = desk.signer.sign(unsigned.signing_input()).unwrap();
    unsigned.attach(signature)
}

/// The nonce is long: a key binding may take 16 KiB.
const NONCE: &str = "0123456789";

fn bound(text: &str, signer: &Signer) -> String {
    let selection = sd_jwt::parse(text).unwrap().select(&[]).unwrap();
    let nonce = NONCE.repeat(400);
    let unsigned = selection.bind(KeyType::P256, "https://verifier.example", &nonce, NOW);
    let signature = signer.sign(unsigned.signing_input()).unwrap();
    unsigned.attach(signature)
}

/// The key binding that is expected is that of the presentation: its credentials are shown without one.
#[test]
fn a_key_binding_is_of_the_outermost_alone() {
    let (issuer, holder) = (desk(), desk());
    let inner = secured(&issuer, Kind::Credential, &credential(&issuer.did), None);
    let inner = envelope(Kind::Credential, &Secured::SdJwt(inner));
    let shown = presentation(&holder.did, &[inner]);
    let shown = secured(&holder, Kind::Presentation, &shown, Some(&holder.signer));
    let shown = bound(&shown, &holder.signer);
    let nonce = NONCE.repeat(400);
    let expectation = Expectation {
        key_binding: Some(KeyBindingExpectation {
            aud: "https://verifier.example",
            nonce: &nonce,
            now: NOW,
            max_age: 60,
            clock_skew: 0,
        }),
        ..expected(Kind::Presentation)
    };
    let verified = verify_sd_jwt(&shown, &expectation, &by_did).unwrap();
    assert!(verified.holder_bound());
    assert_eq!(verified.credentials().len(), 1);
    assert!(!verified.credentials()[0].holder_bound());
}

#[test]
fn an_issued_credential_comes_without_key_binding() {
    let (issuer, holder) = (desk(), desk());
    let mut visible = Map::new();
    visible.insert("vct".to_owned(), json!("urn:specimen"));
    let header = json!({"kid": issuer.kid}).as_object().cloned().unwrap();
    let unsigned = sd_jwt::prepare(sd_jwt::IssueInput {
        header,
        visible,
        disclosable: &Map::new(),
        holder: holder.signer.public_key(),
        salts: &mut || [0; 16],
        decoys: 0,
    })
    .unwrap();
    let signature = issuer.signer.sign(unsigned.signing_input()).unwrap();
    let issued = unsigned.attach(signature);
    let check = |text: &str| code(sd_jwt::verify_issued(text, issuer.signer.public_key()));
    assert!(check(&issued).is_ok());
    assert_eq!(check(&bound(&issued, &holder.signer)), Err("malformed"));
    // The type of a key binding is told apart from its signature: a person mends the one and not the other.
    let (rest, _) = issued.rsplit_once('~').unwrap();
    let payload = json!({"aud": "a", "nonce": "n", "iat": NOW, "sd_hash": "x"});
    let why = |typ: &str, signer: &Signer| {
        let binding = jws::sign(json!({"typ": typ}), &payload, signer).unwrap();
        let parsed = sd_jwt::parse(&format!("{rest}~{binding}")).unwrap();
        let verified = parsed.verify_issuer(issuer.signer.public_key(), &["dc+sd-jwt"]);
        let expectation = KeyBindingExpectation {
            aud: "a",
            nonce: "n",
            now: NOW,
            max_age: 60,
            clock_skew: 0,
        };
        verified.unwrap().verify_key_binding(&expectation).err()
    };
    let invalid = |why| Some(Error::HolderBindingInvalid { why });
    assert_eq!(why("jwt", &holder.signer), invalid("type"));
    assert_eq!(why("kb+jwt", &issuer.signer), invalid("signature"));
    assert_eq!(why("kb+jwt", &holder.signer), invalid("sd_hash"));
}

#[test]
fn disclosures_end_where_their_array_ends() {
    let of = |json: &str| code(Disclosure::parse(&base64url(json.as_bytes())).map(|_| ()));
    assert_eq!(of(r#"["salt","name",1]"#), Ok(()));
    assert_eq!(of(r#"["salt",1]"#), Ok(()));
    assert_eq!(of(r#" ["salt",null] "#), Ok(()));
    for json in [
        r#"["salt","name",1]x"#,
        r#"["salt","name",1]["salt"]"#,
        r#"["salt","name",1,2]"#,
        r#"["salt"]"#,
        r#"[1,"name",1]"#,
        r#"{"a":1}"#,
        r#""text""#,
    ] {
        assert_eq!(of(json), Err("disclosure_invalid"), "{json}");
    }
}

/// An SD-JWT of these members by a fresh key, with these disclosures.
fn disclosing(payload: &Value, disclosures: &[Disclosure]) -> Result<Value, &'static str> {
    let signer = Signer::fresh(KeyType::P256);
    let jwt = jws::sign(json!({"typ": "dc+sd-jwt"}), payload, &signer).unwrap();
    let shown = disclosures.iter().map(|one| format!("{}~", one.encoded()));
    let text = format!("{jwt}~{}", shown.collect::<String>());
    let parsed = code(sd_jwt::parse(&text))?;
    let verified = code(parsed.verify_issuer(signer.public_key(), &["dc+sd-jwt"]))?;
    // The holder's side refuses the same.
    code(sd_jwt::parse(&text).unwrap().select(&[]).map(|_| ()))?;
    Ok(verified.into_payload())
}

#[test]
fn the_hash_is_the_issuers_word_alone() {
    let hidden = Disclosure::new(&[1; 16], Some("_sd_alg"), &json!("sha-256"));
    assert_eq!(
        disclosing(&json!({"_sd": [hidden.digest()]}), &[hidden]),
        Err("disclosure_invalid")
    );
    // Deeper it is a name like any other.
    let hidden = Disclosure::new(&[1; 16], Some("_sd_alg"), &json!("x"));
    assert_eq!(
        disclosing(&json!({"a": {"_sd": [hidden.digest()]}}), &[hidden]),
        Ok(json!({"a": {"_sd_alg": "x"}}))
    );
}

/// What a claims path can reach: sixteen steps.
#[test]
fn disclosures_nest_to_sixteen_steps() {
    let nested = |depth: u8| {
        let mut disclosures: Vec<Disclosure> = Vec::new();
        let mut value = json!("innermost");
        for salt in 0..depth {
            let disclosure = Disclosure::new(&[salt; 16], Some("a"), &value);
            value = json!({"_sd": [disclosure.digest()]});
            disclosures.push(disclosure);
        }
        disclosing(&value, &disclosures).map(|_| ())
    };
    assert_eq!(nested(16), Ok(()));
    assert_eq!(nested(17), Err("too_large"));
}

#[test]
fn a_disclosure_that_nothing_refers_to_is_refused() {
    let stray = Disclosure::new(&[1; 16], Some("a"), &json!(1));
    assert_eq!(disclosing(&json!({}), &[stray]), Err("disclosure_invalid"));
}

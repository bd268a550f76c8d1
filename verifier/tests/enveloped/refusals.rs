//! Every refusal of the mechanisms of VC-JOSE-COSE, on messages that are signed as they stand.

use serde_json::{Value, json};
use tessera_verifier::Error;
use tessera_verifier::cose::{Protected, Unsigned};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::did;
use tessera_verifier::encoding::{base64, base64url};
use tessera_verifier::jws;
use tessera_verifier::key::KeyType;
use tessera_verifier::sd_jwt::{Disclosure, parse_path};
use tessera_verifier::vc_jose_cose::{
    Kind, SdJwtOptions, Secured, SigningKey, Times, by_did, envelope, open, prepare_cose,
    prepare_jwt, prepare_sd_jwt, verify_cose, verify_jwt, verify_sd_jwt,
};

use crate::code;
use crate::documents::{Desk, NOW, credential, expected, presentation};
use crate::keys::Signer;

fn desk() -> Desk {
    Desk::new(Signer::fresh(KeyType::P256))
}

fn header(desk: &Desk) -> Value {
    json!({"typ": "vc+jwt", "cty": "vc", "kid": desk.kid})
}

/// A header and a payload, signed as they are.
fn signed(desk: &Desk, header: &Value, payload: &Value) -> String {
    jws::sign(header.clone(), payload, &desk.signer).unwrap()
}

fn verdict(text: &str) -> Result<(), &'static str> {
    code(verify_jwt(text, &expected(Kind::Credential), &by_did).map(|_| ()))
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

#[test]
fn headers() {
    let desk = desk();
    let document = credential(&desk.did);
    let verdict = |header: Value| verdict(&signed(&desk, &header, &document));
    let good = header(&desk);
    assert_eq!(verdict(good.clone()), Ok(()));
    assert_eq!(
        verdict(with(good.clone(), "typ", json!("application/VC+JWT"))),
        Ok(())
    );
    for typ in ["bad+typ", "vp+jwt", "vc+sd-jwt", "jwt", "dc+sd-jwt", ""] {
        assert_eq!(
            verdict(with(good.clone(), "typ", json!(typ))),
            Err("unsupported_format"),
            "{typ}"
        );
    }
    for cty in [json!("vp"), json!("bad"), json!(1)] {
        assert_eq!(
            verdict(with(good.clone(), "cty", cty)),
            Err("unsupported_format")
        );
    }
    assert_eq!(
        verdict(with(good.clone(), "crit", json!(["exp"]))),
        Err("malformed")
    );
    assert_eq!(
        verdict(with(good.clone(), "b64", json!(false))),
        Err("malformed")
    );
    assert_eq!(
        verdict(with(good.clone(), "x5c", json!("AA=="))),
        Err("malformed")
    );
    assert_eq!(
        verdict(with(good.clone(), "x5c", json!(vec!["AA=="; 9]))),
        Err("too_large")
    );
    assert_eq!(
        verdict(json!({"typ": "vc+jwt", "cty": "vc"})),
        Err("issuer_untrusted"),
        "no kid"
    );
    assert_eq!(
        verdict(json!({"cty": "vc", "kid": desk.kid})),
        Err("unsupported_format"),
        "no typ"
    );
    // A key in the header, or one that `kid` names, is not the issuer's for that.
    let other = Signer::fresh(KeyType::P256);
    let stranger = did::verification_method(other.public_key());
    let forged = |header: Value| jws::sign(header, &document, &other).unwrap();
    let text = forged(with(good.clone(), "kid", json!(stranger)));
    assert_eq!(crate::refusals::verdict(&text), Err("issuer_key_mismatch"));
    let text = forged(with(good.clone(), "jwk", other.public_key().to_jwk()));
    assert_eq!(crate::refusals::verdict(&text), Err("invalid_signature"));
    let text = forged(with(good, "x5c", json!([base64(b"0")])));
    assert_eq!(crate::refusals::verdict(&text), Err("invalid_signature"));
}

#[test]
fn a_missing_typ_passes_only_where_the_caller_says_so() {
    let desk = desk();
    let text = signed(&desk, &json!({"kid": desk.kid}), &credential(&desk.did));
    let mut expectation = expected(Kind::Credential);
    expectation.accept_without_typ = true;
    assert!(verify_jwt(&text, &expectation, &by_did).is_ok());
    let other = signed(
        &desk,
        &json!({"kid": desk.kid, "typ": "vp+jwt"}),
        &credential(&desk.did),
    );
    assert_eq!(
        code(verify_jwt(&other, &expectation, &by_did).map(|_| ())),
        Err("unsupported_format")
    );
}

#[test]
fn algorithms_are_those_of_the_key_and_of_the_caller() {
    let desk = desk();
    let document = credential(&desk.did);
    let text = desk.jwt(Kind::Credential, &document);
    let mut expectation = expected(Kind::Credential);
    expectation.algorithms = &[KeyType::Ed25519];
    assert_eq!(
        code(verify_jwt(&text, &expectation, &by_did).map(|_| ())),
        Err("unsupported_algorithm")
    );
    let body: Vec<&str> = text.split('.').collect();
    for alg in ["none", "HS256", "RS256", "ES384", "EdDSA"] {
        let header = with(header(&desk), "alg", json!(alg));
        let text = format!(
            "{}.{}.{}",
            base64url(header.to_string().as_bytes()),
            body[1],
            if alg == "none" { "" } else { body[2] }
        );
        assert_eq!(verdict(&text), Err("unsupported_algorithm"), "{alg}");
    }
    // An unsecured document is no JWS at all, and neither is one with a member twice.
    assert_eq!(verdict(&document.to_string()), Err("malformed"));
    let twice = format!(r#"{{"alg":"ES256","alg":"ES256","kid":"{}"}}"#, desk.kid);
    let text = format!("{}.{}.{}", base64url(twice.as_bytes()), body[1], body[2]);
    assert_eq!(verdict(&text), Err("malformed"));
}

#[test]
fn payloads() {
    let desk = desk();
    let document = credential(&desk.did);
    let head = header(&desk);
    let verdict = |payload: Value| verdict(&signed(&desk, &head, &payload));
    assert_eq!(verdict(document.clone()), Ok(()));
    for name in ["vc", "vp"] {
        assert_eq!(
            verdict(with(document.clone(), name, json!({}))),
            Err("malformed")
        );
        let wrapped = json!({name: document, "iss": desk.did});
        assert!(verdict(wrapped).is_err());
    }
    assert_eq!(
        verdict(with(document.clone(), "iss", json!(desk.did))),
        Ok(())
    );
    assert_eq!(
        verdict(with(document.clone(), "iss", json!("did:example:other"))),
        Err("issuer_key_mismatch")
    );
    assert_eq!(
        verdict(with(document.clone(), "iss", json!(1))),
        Err("issuer_key_mismatch")
    );
    assert_eq!(
        verdict(with(document.clone(), "issuer", json!("did:example:other"))),
        Err("issuer_key_mismatch")
    );
    let named = with(
        document.clone(),
        "issuer",
        json!({"id": desk.did, "name": "Specimen"}),
    );
    assert_eq!(verdict(named), Ok(()));
    assert_eq!(
        verdict(with(document.clone(), "badExtension", json!(1))),
        Err("undefined_term")
    );
    assert_eq!(
        verdict(with(
            document.clone(),
            "type",
            json!(["ExampleDegreeCredential"])
        )),
        Err("malformed_value")
    );
    let mut nameless = document.clone();
    nameless.as_object_mut().unwrap().remove("issuer");
    assert_eq!(verdict(nameless), Err("issuer_key_mismatch"));
    assert_eq!(verdict(json!([1])), Err("malformed"));
    // A presentation is no credential.
    assert!(verdict(presentation(&desk.did, &[])).is_err());
    let mut lax = expected(Kind::Credential);
    lax.accept_unknown_members = true;
    let text = signed(&desk, &head, &with(document, "badExtension", json!(1)));
    assert!(verify_jwt(&text, &lax, &by_did).is_ok());
}

#[test]
fn times_of_the_signature() {
    let desk = desk();
    let document = credential(&desk.did);
    let head = header(&desk);
    let at = |name: &str, value: Value| {
        verdict(&signed(&desk, &head, &with(document.clone(), name, value)))
    };
    let now = NOW.unix();
    assert_eq!(at("exp", json!(now - 59)), Ok(()), "within the skew");
    assert_eq!(at("exp", json!(now - 60)), Err("expired"));
    assert_eq!(at("iat", json!(now + 60)), Ok(()));
    assert_eq!(at("iat", json!(now + 61)), Err("not_yet_valid"));
    assert_eq!(at("nbf", json!(now + 61)), Err("not_yet_valid"));
    for name in ["exp", "iat", "nbf"] {
        assert_eq!(at(name, json!("2010-01-01T19:23:24Z")), Err("malformed"));
        assert_eq!(at(name, json!(1.5)), Err("malformed"));
    }
    let mut unchecked = expected(Kind::Credential);
    unchecked.times = Times::Unchecked;
    let old = with(document, "exp", json!(0));
    assert!(verify_jwt(&signed(&desk, &head, &old), &unchecked, &by_did).is_ok());
    assert!(
        !verify_jwt(&signed(&desk, &head, &old), &unchecked, &by_did)
            .unwrap()
            .claims()
            .is_empty()
    );
}

#[test]
fn presentations_hold_envelopes_and_nothing_else() {
    let desk = desk();
    let head = json!({"typ": "vp+jwt", "cty": "vp", "kid": desk.kid});
    let verdict = |inner: Value| {
        let text = signed(&desk, &head, &presentation(&desk.did, &[inner]));
        code(verify_jwt(&text, &expected(Kind::Presentation), &by_did).map(|_| ()))
    };
    let document = credential(&desk.did);
    let good = envelope(
        Kind::Credential,
        &Secured::Jwt(desk.jwt(Kind::Credential, &document)),
    );
    assert_eq!(verdict(good.clone()), Ok(()));
    // A bare credential, even the holder's own.
    assert_eq!(verdict(document.clone()), Err("unsupported_format"));
    for id in [
        "not-a-credential",
        "data:",
        "data:application/vc+jwt",
        "https://a.example/",
    ] {
        assert_eq!(
            verdict(with(good.clone(), "id", json!(id))),
            Err("malformed_value"),
            "{id}"
        );
    }
    let id = good["id"].as_str().unwrap();
    let text = id.split_once(',').unwrap().1;
    for (prefix, code) in [
        ("application/vp+jwt", "unsupported_format"),
        ("application/jwt", "unsupported_format"),
        ("application/vc+jwt;charset=x", "unsupported_format"),
        ("application/vc+cose", "malformed"),
        ("application/vc+jwt;base64", "malformed"),
        ("application/vc+sd-jwt", "malformed"),
    ] {
        let id = json!(format!("data:{prefix},{text}"));
        assert_eq!(verdict(with(good.clone(), "id", id)), Err(code), "{prefix}");
    }
    assert!(verdict(with(good, "issuer", json!(desk.did))).is_err());
    // The holder named is not who signed.
    let other = Desk::new(Signer::fresh(KeyType::P256));
    let text = signed(&desk, &head, &presentation(&other.did, &[]));
    assert_eq!(
        code(verify_jwt(&text, &expected(Kind::Presentation), &by_did).map(|_| ())),
        Err("issuer_key_mismatch")
    );
}

#[test]
fn cose_messages() {
    let desk = desk();
    let document = credential(&desk.did);
    let kid = desk.kid.as_bytes();
    let good = Protected {
        typ: Some("application/vc+cose"),
        content_type: Some("application/vc"),
        kid: Some(kid),
        x5chain: &[],
    };
    let verdict = |header: &Protected<'_>, payload: Vec<u8>| {
        let message = Unsigned::new(KeyType::P256, header, payload)
            .unwrap()
            .sign(&desk.signer)
            .unwrap();
        code(verify_cose(&message, &expected(Kind::Credential), &by_did).map(|_| ()))
    };
    let bytes = || document.to_string().into_bytes();
    assert_eq!(verdict(&good, bytes()), Ok(()));
    for (typ, content_type) in [
        (Some("application/vp+cose"), Some("application/vc")),
        (None, Some("application/vc")),
        (Some("application/vc+cose"), Some("application/vp")),
        (Some("bad+typ"), None),
    ] {
        let header = Protected {
            typ,
            content_type,
            ..good.clone()
        };
        assert_eq!(verdict(&header, bytes()), Err("unsupported_format"));
    }
    assert_eq!(
        verdict(
            &Protected {
                kid: None,
                ..good.clone()
            },
            bytes()
        ),
        Err("issuer_untrusted")
    );
    assert_eq!(
        verdict(
            &Protected {
                kid: Some(&[0xff]),
                ..good.clone()
            },
            bytes()
        ),
        Err("issuer_untrusted")
    );
    assert_eq!(verdict(&good, b"{".to_vec()), Err("malformed"));
    assert_eq!(
        verdict(&good, b"{\"a\":1,\"a\":2}".to_vec()),
        Err("malformed")
    );
    let stranger = credential("did:example:other").to_string().into_bytes();
    assert_eq!(verdict(&good, stranger), Err("issuer_key_mismatch"));
    // Hexadecimal where base64 belongs.
    let message = desk.cose(Kind::Credential, &document);
    let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    let url = format!("data:application/vc+cose;base64,{hex}!");
    let bad = with(
        envelope(Kind::Credential, &Secured::Cose(message)),
        "id",
        json!(url),
    );
    assert!(code(open(Kind::Credential, &bad).map(|_| ())).is_err());
}

#[test]
fn sd_jwts() {
    let desk = desk();
    let document = credential(&desk.did);
    let head = with(header(&desk), "typ", json!("vc+sd-jwt"));
    let verdict = |header: &Value, payload: &Value, rest: &str| {
        let text = format!("{}~{rest}", signed(&desk, header, payload));
        code(verify_sd_jwt(&text, &expected(Kind::Credential), &by_did).map(|_| ()))
    };
    assert_eq!(verdict(&head, &document, ""), Ok(()));
    assert_eq!(
        verdict(&with(head.clone(), "typ", json!("vc+jwt")), &document, ""),
        Err("unsupported_format")
    );
    assert_eq!(
        verdict(&with(head.clone(), "cty", json!("vp")), &document, ""),
        Err("unsupported_format")
    );
    assert_eq!(
        verdict(&head, &document, "e30.e30.AA"),
        Err("holder_binding_invalid"),
        "not asked for"
    );
    // A status that its holder may leave out.
    let status = json!({"type": "BitstringStatusListEntry", "statusPurpose": "revocation",
        "statusListIndex": "1", "statusListCredential": "https://issuer.example/1"});
    let hidden = Disclosure::new(&[1; 16], Some("credentialStatus"), &status);
    let payload = with(document.clone(), "_sd", json!([hidden.digest()]));
    assert_eq!(
        verdict(&head, &payload, &format!("{}~", hidden.encoded())),
        Err("disclosure_invalid")
    );
    // An issuer that is disclosed cannot be another than `iss`.
    let mut nameless = document.clone();
    nameless.as_object_mut().unwrap().remove("issuer");
    let hidden = Disclosure::new(&[1; 16], Some("issuer"), &json!(desk.did));
    let payload = with(nameless, "_sd", json!([hidden.digest()]));
    assert_eq!(
        verdict(&head, &payload, &format!("{}~", hidden.encoded())),
        Err("disclosure_invalid")
    );
    // A claim `vc` that only a disclosure shows.
    let hidden = Disclosure::new(&[1; 16], Some("vc"), &json!({}));
    let payload = with(document, "_sd", json!([hidden.digest()]));
    assert_eq!(
        verdict(&head, &payload, &format!("{}~", hidden.encoded())),
        Err("malformed")
    );
}

#[test]
fn what_must_not_be_issued() {
    let desk = desk();
    let document = credential(&desk.did);
    let options = desk.options(Kind::Credential);
    let jwt = |document: &Value| code(prepare_jwt(document, &options).map(|_| ()));
    assert_eq!(jwt(&document), Ok(()));
    assert_eq!(
        jwt(&with(document.clone(), "badExtension", json!({"huh": 1}))),
        Err("undefined_term")
    );
    assert_eq!(
        jwt(&with(document.clone(), "vc", json!({}))),
        Err("malformed")
    );
    assert_eq!(
        jwt(&with(document.clone(), "exp", json!(1))),
        Err("malformed")
    );
    assert_eq!(
        jwt(&with(
            document.clone(),
            "type",
            json!("ExampleDegreeCredential")
        )),
        Err("malformed_value")
    );
    assert_eq!(jwt(&json!("text")), Err("malformed"));
    assert_eq!(
        jwt(&with(
            document.clone(),
            "@context",
            json!(["https://www.w3.org/ns/credentials/v2", "https://a.example/"])
        )),
        Err("unknown_context")
    );
    let mut nameless = options;
    nameless.kid = None;
    assert_eq!(
        code(prepare_jwt(&document, &nameless).map(|_| ())),
        Err("malformed")
    );
    let mut bls = options;
    bls.key = KeyType::Bls12381G2;
    assert_eq!(
        code(prepare_jwt(&document, &bls).map(|_| ())),
        Err("unsupported_algorithm")
    );
    assert_eq!(
        code(prepare_cose(&document, &bls).map(|_| ())),
        Err("unsupported_algorithm")
    );
    let mut timed = options;
    timed.expires = Some(NOW);
    assert_eq!(
        code(prepare_cose(&document, &timed).map(|_| ())),
        Err("malformed")
    );
    for path in ["issuer", "validFrom", "type[0]", "credentialStatus.id"] {
        let path = parse_path(path, &document).unwrap();
        let disclosures = SdJwtOptions {
            disclosable: &[path],
            decoys: 0,
            algorithm: Default::default(),
            holder: None,
            salts: &mut || [0; 16],
        };
        assert_eq!(
            code(prepare_sd_jwt(&document, &options, disclosures).map(|_| ())),
            Err("disclosure_invalid")
        );
    }
    // Presentations: envelopes only.
    let options = desk.options(Kind::Presentation);
    let bare = presentation(&desk.did, &[document]);
    assert_eq!(
        code(prepare_jwt(&bare, &options).map(|_| ())),
        Err("unsupported_format")
    );
}

#[test]
fn the_times_that_an_issuer_sets_are_those_of_the_signature() {
    let desk = desk();
    let mut options = desk.options(Kind::Credential);
    options.issued_at = Some(NOW);
    options.expires = Some(NOW.add_seconds(60));
    let text = prepare_jwt(&credential(&desk.did), &options)
        .unwrap()
        .sign(&desk.signer)
        .unwrap();
    let verified = verify_jwt(&text, &expected(Kind::Credential), &by_did).unwrap();
    assert_eq!(verified.claims()["iat"], NOW.unix());
    assert_eq!(verified.claims()["exp"], NOW.unix() + 60);
    assert_eq!(verified.claims()["iss"], json!(desk.did));
    assert!(verified.document().get("iat").is_none());
}

#[test]
fn a_key_that_the_caller_vouches_for_needs_no_did() {
    let signer = Signer::fresh(KeyType::P521);
    let desk = Desk::new(signer);
    let mut options = desk.options(Kind::Credential);
    options.kid = Some("specimen-key");
    let document = credential("https://issuer.example/specimen");
    let text = prepare_jwt(&document, &options)
        .unwrap()
        .sign(&desk.signer)
        .unwrap();
    let key = desk.signer.public_key().clone();
    let trusted = |reference: &tessera_verifier::vc_jose_cose::KeyReference<'_>| match (
        reference.kid,
        reference.controller,
    ) {
        (Some("specimen-key"), Some("https://issuer.example/specimen")) => {
            Ok(SigningKey::from(key.clone()))
        }
        _ => Err(Error::IssuerUntrusted { why: "not listed" }),
    };
    assert!(verify_jwt(&text, &expected(Kind::Credential), &trusted).is_ok());
    assert_eq!(verdict(&text), Err("malformed"), "such a kid is no DID URL");
}

#[test]
fn a_key_binding_is_checked_where_it_is_expected() {
    use tessera_verifier::sd_jwt::{KeyBindingExpectation, parse};
    let (issuer, holder) = (desk(), desk());
    let document = credential(&issuer.did);
    let disclosures = SdJwtOptions {
        disclosable: &[],
        decoys: 0,
        algorithm: Default::default(),
        holder: Some(holder.signer.public_key()),
        salts: &mut || [0; 16],
    };
    let unsigned =
        prepare_sd_jwt(&document, &issuer.options(Kind::Credential), disclosures).unwrap();
    let signature = issuer.signer.sign(unsigned.signing_input()).unwrap();
    let issued = unsigned.attach(signature);
    let bound = |signer: &Signer| {
        let selection = parse(&issued).unwrap().select(&[]).unwrap();
        let unsigned = selection.bind(KeyType::P256, "https://verifier.example", "nonce", NOW);
        let signature = signer.sign(unsigned.signing_input()).unwrap();
        unsigned.attach(signature)
    };
    let mut expectation = expected(Kind::Credential);
    expectation.key_binding = Some(KeyBindingExpectation {
        aud: "https://verifier.example",
        nonce: "nonce",
        now: NOW,
        max_age: 60,
        clock_skew: 0,
    });
    let verified = verify_sd_jwt(&bound(&holder.signer), &expectation, &by_did).unwrap();
    assert!(verified.holder_bound());
    assert_eq!(*verified.document(), document);
    let verdict = |text: &str| code(verify_sd_jwt(text, &expectation, &by_did).map(|_| ()));
    assert_eq!(
        verdict(&bound(&issuer.signer)),
        Err("holder_binding_invalid")
    );
    assert_eq!(verdict(&issued), Err("holder_binding_missing"));
}

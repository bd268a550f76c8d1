//! JWTs of data model 1.1: read in envelopes of `application/jwt` where they are accepted, and only if both places agree.

use serde_json::{Value, json};
use tessera_verifier::jws;
use tessera_verifier::key::KeyType;
use tessera_verifier::vc_jose_cose::{
    Expectation, Inner, Kind, Secured, by_did, envelope, verify_envelope, verify_jwt,
};

use crate::code;
use crate::documents::{Desk, credential, expected, presentation};
use crate::keys::Signer;

fn desk() -> Desk {
    Desk::new(Signer::fresh(KeyType::P256))
}

fn signed(desk: &Desk, payload: &Value) -> String {
    jws::sign(
        json!({"typ": "JWT", "kid": desk.kid}),
        payload,
        &desk.signer,
    )
    .unwrap()
}

fn accepting(kind: Kind) -> Expectation<'static> {
    Expectation {
        accept_wrapped: true,
        ..expected(kind)
    }
}

fn verdict(kind: Kind, text: String) -> Result<Value, &'static str> {
    let envelope = envelope(kind, &Secured::WrappedJwt(text));
    code(
        verify_envelope(&envelope, &accepting(kind), &by_did)
            .map(|verified| verified.into_document()),
    )
}

#[test]
fn what_stands_in_claims_is_said_by_the_document() {
    let desk = desk();
    let whole = credential(&desk.did);
    let mut short = whole.clone();
    for name in ["issuer", "validFrom"] {
        short.as_object_mut().unwrap().remove(name);
    }
    short["credentialSubject"]
        .as_object_mut()
        .unwrap()
        .remove("id");
    let claims =
        json!({"iss": desk.did, "sub": "did:example:specimen", "nbf": 1_767_225_600, "vc": short});
    assert_eq!(
        verdict(Kind::Credential, signed(&desk, &claims)).unwrap(),
        whole
    );
    // Both places, the same.
    let claims =
        json!({"iss": desk.did, "sub": "did:example:specimen", "nbf": 1_767_225_600, "vc": whole});
    assert_eq!(
        verdict(Kind::Credential, signed(&desk, &claims)).unwrap(),
        whole
    );

    let inner = envelope(
        Kind::Credential,
        &Secured::WrappedJwt(signed(&desk, &claims)),
    );
    let shown = presentation(&desk.did, &[inner]);
    let claims =
        json!({"iss": desk.did, "aud": "https://verifier.example", "nonce": "n", "vp": shown});
    assert_eq!(
        verdict(Kind::Presentation, signed(&desk, &claims)).unwrap(),
        shown
    );
}

#[test]
fn what_the_two_places_say_differently_is_refused() {
    let desk = desk();
    let other = Desk::new(Signer::fresh(KeyType::P256));
    let vc = credential(&desk.did);
    let with = |name: &str, value: Value| {
        let mut claims = json!({"iss": desk.did, "vc": vc});
        claims[name] = value;
        verdict(Kind::Credential, signed(&desk, &claims)).map(|_| ())
    };
    assert_eq!(with("jti", json!("urn:specimen:1")), Ok(()));
    assert_eq!(with("iss", json!(other.did)), Err("issuer_key_mismatch"));
    assert_eq!(with("sub", json!("did:example:another")), Err("malformed"));
    assert_eq!(with("nbf", json!(1)), Err("malformed"));
    assert_eq!(with("nbf", json!("2026-01-01T00:00:00Z")), Err("malformed"));
    assert_eq!(with("exp", json!(1)), Err("expired"));
    assert_eq!(with("vp", json!({})), Err("malformed"));
    assert_eq!(with("credentialStatus", json!({})), Err("malformed"));
    let mut inside = vc.clone();
    inside["iss"] = json!(desk.did);
    assert_eq!(with("vc", inside), Err("malformed"));
    let mut twice = vc.clone();
    twice["vc"] = json!({});
    assert_eq!(with("vc", twice), Err("malformed"));
    // Another's key.
    let claims = json!({"iss": desk.did, "vc": vc});
    let forged = jws::sign(
        json!({"typ": "JWT", "kid": other.kid}),
        &claims,
        &other.signer,
    )
    .unwrap();
    assert_eq!(
        verdict(Kind::Credential, forged),
        Err("issuer_key_mismatch")
    );
    let forged = jws::sign(
        json!({"typ": "JWT", "kid": desk.kid}),
        &claims,
        &other.signer,
    )
    .unwrap();
    assert_eq!(verdict(Kind::Credential, forged), Err("invalid_signature"));
    // A presentation is no credential.
    let vp = json!({"iss": desk.did, "vp": presentation(&desk.did, &[])});
    assert_eq!(
        verdict(Kind::Credential, signed(&desk, &vp)),
        Err("malformed")
    );
}

#[test]
fn elsewhere_they_are_not_read() {
    let desk = desk();
    let text = signed(
        &desk,
        &json!({"iss": desk.did, "vc": credential(&desk.did)}),
    );
    let wrapped = envelope(Kind::Credential, &Secured::WrappedJwt(text.clone()));
    assert_eq!(
        code(verify_envelope(&wrapped, &expected(Kind::Credential), &by_did).map(|_| ())),
        Err("unsupported_format")
    );
    let named_otherwise = envelope(Kind::Credential, &Secured::Jwt(text.clone()));
    assert!(verify_envelope(&named_otherwise, &accepting(Kind::Credential), &by_did).is_err());
    assert!(verify_jwt(&text, &accepting(Kind::Credential), &by_did).is_err());
    // Nor within a presentation of VC-JOSE-COSE, even where only the form of the inner ones is looked at.
    let shown = presentation(&desk.did, &[wrapped]);
    let head = json!({"typ": "vp+jwt", "kid": desk.kid});
    let shown = jws::sign(head, &shown, &desk.signer).unwrap();
    let shape = Expectation {
        inner: Inner::Shape,
        ..expected(Kind::Presentation)
    };
    assert_eq!(
        code(verify_jwt(&shown, &shape, &by_did).map(|_| ())),
        Err("unsupported_format")
    );
    // And what VC-JOSE-COSE secures does not go by the name of the other.
    let plain = desk.jwt(Kind::Credential, &credential(&desk.did));
    assert_eq!(verdict(Kind::Credential, plain), Err("malformed"));
}

/// Of data model 1.1 the members have other names, and one place is enough for each.
#[test]
fn claims_stand_for_members_that_are_not_there() {
    let desk = desk();
    let mut vc = credential(&desk.did);
    vc["@context"] = json!([
        "https://www.w3.org/2018/credentials/v1",
        "https://www.w3.org/2018/credentials/examples/v1"
    ]);
    let members = vc.as_object_mut().unwrap();
    members.remove("validFrom");
    members.remove("issuer");
    let claims = json!({"iss": desk.did, "jti": "urn:specimen:1", "nbf": 1_767_225_600, "exp": 1_800_000_000, "vc": vc});
    let read = verdict(Kind::Credential, signed(&desk, &claims)).unwrap();
    assert_eq!(read["issuer"], desk.did);
    assert_eq!(read["id"], "urn:specimen:1");
    assert_eq!(read["issuanceDate"], "2026-01-01T00:00:00Z");
    assert_eq!(read["expirationDate"], "2027-01-15T08:00:00Z");
    for name in ["validFrom", "validUntil", "iss", "nbf"] {
        assert!(read.get(name).is_none(), "{name}");
    }
    // Nobody is named in either place.
    let nobody = json!({"nbf": 1_767_225_600, "vc": claims["vc"]});
    assert!(verdict(Kind::Credential, signed(&desk, &nobody)).is_err());
    // The document names another than the claim, though the key is the document's own.
    let other = Desk::new(Signer::fresh(KeyType::P256));
    let claims = json!({"iss": other.did, "vc": credential(&desk.did)});
    assert_eq!(
        verdict(Kind::Credential, signed(&desk, &claims)),
        Err("issuer_key_mismatch")
    );
}

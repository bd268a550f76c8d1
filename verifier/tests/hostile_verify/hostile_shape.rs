//! The same statements written as another JSON: the proof holds, the claims would read otherwise.

use serde_json::{Value, json};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::policy::StaleStatus;
use tessera_verifier::{Bundle, Request, verify};

use crate::world::{INDEX, NOW, World, check, check_ldp, code, policy};

/// A presentation of the credential that an honest holder would show, but for what `change` does to it. The holder's own
/// proof is over the changed one.
fn rewritten(world: &World, request: &Request, change: &dyn Fn(&mut Value)) -> Value {
    let honest = world.show_ldp(&world.issue_ldp(Limited), request);
    let mut credential = honest["verifiableCredential"][0].clone();
    change(&mut credential);
    world.wrap(&credential, request, &world.holder)
}

fn checked(
    world: &World,
    request: &Request,
    bundle: &Bundle,
    change: &dyn Fn(&mut Value),
) -> &'static str {
    code(check_ldp(
        &rewritten(world, request, change),
        request,
        bundle,
    ))
}

#[test]
fn claim_of_another_shape() {
    let world = World::new();
    let (request, bundle) = (world.request("hotel"), world.bundle());
    assert_eq!(checked(&world, &request, &bundle, &|_| ()), "verified");
    for (name, value) in [
        ("family_name", json!(["SPECIMEN"])),
        ("family_name", json!([["SPECIMEN"]])),
        ("family_name", json!({"@value": "SPECIMEN"})),
        ("family_name", json!([{"@value": "SPECIMEN"}])),
        ("birthdate", json!(["1990-03-07"])),
        ("nationalities", json!([{"@value": "CN"}])),
        ("nationalities", json!({"@list": ["CN"]})),
    ] {
        let code = checked(&world, &request, &bundle, &|credential| {
            credential["credentialSubject"][name] = value.clone();
        });
        assert_eq!(code, "malformed", "{name}: {value}");
    }
    // A JSON literal is signed to the letter: here the proof tells the shapes apart.
    let code = checked(&world, &request, &bundle, &|credential| {
        credential["credentialSubject"]["nationalities"] = json!("CN");
    });
    assert_eq!(code, "invalid_signature");
}

/// A minor's `false` in a shape that a careless program takes for true.
#[test]
fn age_that_is_truthy() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    for value in [
        json!([true]),
        json!({"@value": true}),
        json!({"@value": "true", "@type": "http://www.w3.org/2001/XMLSchema#boolean"}),
    ] {
        let code = checked(&world, &request, &bundle, &|credential| {
            credential["credentialSubject"]["age_equal_or_over"]["18"] = value.clone();
        });
        assert!(
            ["malformed", "query_not_satisfied"].contains(&code),
            "{value}: {code}"
        );
    }
}

/// Too young: the honest answer is no answer.
#[test]
fn age_that_is_false() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let mut claims = World::claims();
    claims["age_equal_or_over"]["18"] = json!(false);
    let shown = world.show(
        &world.issue_claims(world.visible(Limited), claims, &world.issuer),
        &request,
    );
    assert_eq!(
        code(check(&shown, &request, &bundle)),
        "query_not_satisfied"
    );
    // The request still asks nothing beyond its service.
    let jwt = world.request_jwt("internet-cafe");
    let read = Request::parse(&jwt, NOW).unwrap();
    assert!(read.authenticate(&bundle, NOW).is_ok());
}

/// A context inside a claim is no statement, so no proof covers it, yet it would be handed on among the claims.
#[test]
fn unsigned_context_inside_the_credential() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    for (pointer, context) in [
        ("/credentialSubject", json!({})),
        ("/credentialSubject/age_equal_or_over", json!({})),
        ("/credentialSubject", json!([])),
        ("/credentialStatus", json!({"said": "urn:specimen:said"})),
        ("/proof", json!({})),
    ] {
        let code = checked(&world, &request, &bundle, &|credential| {
            credential.pointer_mut(pointer).unwrap()["@context"] = context.clone();
        });
        assert_eq!(code, "malformed", "{pointer}: {context}");
    }
}

/// An SD-JWT's claims are signed as they are, by an issuer that may err.
#[test]
fn sd_jwt_claim_of_another_shape() {
    let world = World::new();
    let (request, bundle) = (world.request("hotel"), world.bundle());
    for (name, value) in [
        ("family_name", json!({"en": "SPECIMEN"})),
        ("family_name", json!(7)),
        ("birthdate", json!(true)),
        ("nationalities", json!("CN")),
    ] {
        let mut claims = World::claims();
        claims.insert(name.to_owned(), value.clone());
        let shown = world.show(
            &world.issue_claims(world.visible(Limited), claims, &world.issuer),
            &request,
        );
        assert_eq!(
            code(check(&shown, &request, &bundle)),
            "malformed",
            "{name}: {value}"
        );
    }
}

/// A revoked credential whose status is spelt so that no list is found: refused, also where an unknown status passes.
#[test]
fn status_of_another_shape() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let bundle = world
        .bundle_with(world.trusted(), world.lists(&[INDEX]))
        .unwrap();
    let mut lenient = policy(&request);
    lenient.stale_status = StaleStatus::Undetermined;
    let checked = |change: &dyn Fn(&mut Value)| {
        let token = json!({"ldp": [rewritten(&world, &request, change)]}).to_string();
        code(verify(token.as_bytes(), &request, &lenient, &bundle, NOW))
    };
    assert_eq!(checked(&|_| ()), "revoked");
    let changes: [&dyn Fn(&mut Value); 7] = [
        &|status| *status = json!([status.take()]),
        &|status| status["type"] = json!([status["type"]]),
        &|status| status["statusListIndex"] = json!({"@value": status["statusListIndex"]}),
        &|status| status["statusListIndex"] = json!([status["statusListIndex"]]),
        &|status| status["statusPurpose"] = json!([status["statusPurpose"]]),
        &|status| status["statusListCredential"] = json!({"id": status["statusListCredential"]}),
        &|status| status["id"] = json!("_:b0"),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let code = checked(&|credential| change(&mut credential["credentialStatus"]));
        assert!(
            ["malformed", "invalid_signature"].contains(&code),
            "{number}: {code}"
        );
    }
    // Left out, which the mandatory statements do not allow.
    let code = checked(&|credential| {
        credential
            .as_object_mut()
            .unwrap()
            .remove("credentialStatus");
    });
    assert_ne!(code, "verified");
}

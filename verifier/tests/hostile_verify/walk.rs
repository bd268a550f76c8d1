//! Honest walks.

use serde_json::{Value, json};
use tessera_verifier::claims::{AssuranceLevel, Format};
use tessera_verifier::{Request, Status};

use crate::world::{NOW, World, check, check_ldp};

#[test]
fn the_cafe_learns_one_bit_in_either_format() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let shown = world.show(&world.issue(AssuranceLevel::Limited), &request);
    let presented = world.show_ldp(&world.issue_ldp(AssuranceLevel::Limited), &request);
    let both = [
        check(&shown, &request, &bundle).unwrap(),
        check_ldp(&presented, &request, &bundle).unwrap(),
    ];
    for (verified, format) in both.iter().zip(Format::ALL) {
        let [credential] = verified.credentials() else {
            unreachable!("one credential")
        };
        assert_eq!(
            Value::Object(credential.claims().clone()),
            json!({"age_equal_or_over": {"18": true}})
        );
        assert_eq!(
            (credential.format(), credential.status()),
            (format, Status::Valid)
        );
        assert_eq!(credential.issuer(), world.issuer.did());
        assert_eq!(
            credential.valid_until().to_rfc3339(),
            "2026-02-14T00:00:00Z"
        );
        assert_eq!(verified.service(), "internet-cafe");
    }
    // Not even the bytes hold anything else.
    assert!(!shown.contains("SPECIMEN") && !presented.to_string().contains("SPECIMEN"));
}

#[test]
fn the_bank_learns_exactly_what_it_asks() {
    let world = World::new();
    let (request, bundle) = (world.request("bank-account"), world.bundle());
    let shown = world.show(&world.issue(AssuranceLevel::Full), &request);
    let presented = world.show_ldp(&world.issue_ldp(AssuranceLevel::Full), &request);
    let mut expected = World::claims();
    expected.remove("age_equal_or_over");
    for verified in [
        check(&shown, &request, &bundle).unwrap(),
        check_ldp(&presented, &request, &bundle).unwrap(),
    ] {
        assert_eq!(*verified.credentials()[0].claims(), expected);
        assert_eq!(
            verified.credentials()[0].assurance_level(),
            AssuranceLevel::Full
        );
    }
}

#[test]
fn a_wallet_takes_an_honest_request() {
    let world = World::new();
    let request = Request::parse(&world.request_jwt("internet-cafe"), NOW).unwrap();
    let request = request.authenticate(&world.bundle(), NOW).unwrap();
    assert_eq!(
        (request.service().unwrap(), request.client_did()),
        ("internet-cafe", world.party.did().as_str())
    );
}

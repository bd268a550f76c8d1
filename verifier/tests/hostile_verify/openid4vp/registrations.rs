//! Registration certificates by value: whose they are, by whom, until when, and what they allow.

use serde_json::{Value, json};
use tessera_verifier::bundle::Registrar;
use tessera_verifier::catalogue::LocalizedText;
use tessera_verifier::claims::{AssuranceLevel, CredentialProfile};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::dcql::{ClaimPath, Meta};
use tessera_verifier::request::registration::{RegisteredClaim, RegisteredCredential};
use tessera_verifier::request::{Registration, Requester, Trust};
use tessera_verifier::{Bundle, Request};

use super::{by_did, outcome};
use crate::world::{DAY, NOW, Signer, World};

pub(super) fn registration(client: &Signer) -> Registration {
    Registration {
        sub: format!("decentralized_identifier:{}", client.did()),
        name: LocalizedText {
            en: "SPECIMEN insurance".into(),
            zh: "样本保险".into(),
        },
        purpose: None,
        services: vec![],
        credentials: vec![RegisteredCredential {
            format: "dc+sd-jwt".into(),
            meta: Meta {
                vct_values: AssuranceLevel::ALL
                    .map(|level| CredentialProfile::of(level).vct.to_owned())
                    .to_vec(),
                ..Meta::default()
            },
            claims: vec![RegisteredClaim {
                path: ClaimPath::keys(&["family_name"]),
            }],
        }],
        iat: NOW,
        exp: NOW.add_seconds(7 * DAY),
    }
}

pub(super) fn judged(
    bundle: &Bundle,
    client: &Signer,
    jwt: &str,
    change: &dyn Fn(&mut Value),
) -> String {
    let compact = by_did(client, |payload| {
        payload["verifier_info"] = json!([{"format": "unknown", "data": {}},
            {"format": "registration_cert", "data": jwt}]);
        change(payload);
    });
    outcome(
        Request::parse(&compact, NOW)
            .and_then(|request| request.authenticate_with(&Trust::of(bundle), NOW)),
    )
}

#[test]
fn a_certificate_by_the_root_or_a_registrar_lets_its_client_ask_what_it_says() {
    let (world, registrar, client) = (World::new(), Signer::fresh(), Signer::fresh());
    let listed = |until| {
        world.builder().registrar(Registrar {
            did: registrar.did(),
            not_before: NOW.add_seconds(-DAY),
            not_after: until,
        })
    };
    let bundle = world.seal(listed(None)).unwrap();
    let made = |by: &Signer| {
        let unsigned = registration(&client).prepare(by.public_key());
        unsigned.sign(by).unwrap()
    };
    let none = &|_: &mut Value| {};
    assert_eq!(
        judged(&bundle, &client, &made(&world.root), none),
        "accepted"
    );
    assert_eq!(
        judged(&bundle, &client, &made(&registrar), none),
        "accepted"
    );
    let compact = by_did(&client, |payload| {
        payload["verifier_info"] =
            json!([{"format": "registration_cert", "data": made(&registrar)}]);
    });
    let request = Request::parse(&compact, NOW)
        .unwrap()
        .authenticate_with(&Trust::of(&bundle), NOW)
        .unwrap();
    assert!(matches!(request.requester(), Requester::Certified(_)));
    assert_eq!(request.registered_name().unwrap().en, "SPECIMEN insurance");

    assert!(judged(&bundle, &client, &made(&Signer::fresh()), none).contains("may register"));
    assert!(judged(&bundle, &client, &made(&world.issuer), none).contains("may register"));
    let going = world.seal(listed(Some(NOW.add_seconds(1)))).unwrap();
    assert_eq!(judged(&going, &client, &made(&registrar), none), "accepted");
    let over = world.seal(listed(Some(NOW))).unwrap();
    assert!(judged(&over, &client, &made(&registrar), none).contains("may register"));
    // Its very text in another's request.
    let thief = Signer::fresh();
    assert!(judged(&bundle, &thief, &made(&registrar), none).contains("another client"));
    // By a registrar's name and another's key.
    let forged = registration(&client).prepare(registrar.public_key());
    let forged = forged.attach(Signer::fresh().sign(b"other").unwrap());
    assert!(judged(&bundle, &client, &forged, none).contains("signature"));
    assert!(judged(&bundle, &client, "x.y.z", none).contains("malformed"));
}

#[test]
fn a_certificate_has_its_time() {
    let (world, client) = (World::new(), Signer::fresh());
    let bundle = world.bundle();
    let at = |from: i64, until: i64| {
        let mut registration = registration(&client);
        registration.iat = NOW.add_seconds(from);
        registration.exp = NOW.add_seconds(until);
        let jwt = registration.prepare(world.root.public_key());
        judged(&bundle, &client, &jwt.sign(&world.root).unwrap(), &|_| {})
    };
    assert_eq!(at(60, 61), "accepted");
    assert!(at(-DAY, 0).contains("has ended"));
    assert!(at(61, DAY).contains("from the future"));
}

#[test]
fn a_request_beyond_its_certificate_is_refused() {
    let (world, client) = (World::new(), Signer::fresh());
    let bundle = world.bundle();
    let jwt = registration(&client).prepare(world.root.public_key());
    let jwt = jwt.sign(&world.root).unwrap();
    let asking = |change: &dyn Fn(&mut Value)| {
        judged(&bundle, &client, &jwt, &|payload| {
            change(&mut payload["dcql_query"]["credentials"][0]);
        })
    };
    assert_eq!(asking(&|_| {}), "accepted");
    assert_eq!(
        asking(&|asked| asked["claims"] = json!([{"path": ["family_name", "x"]}])),
        "accepted"
    );
    for (change, named) in [
        (
            json!({"claims": [{"path": ["family_name"]}, {"path": ["birthdate"]}]}),
            "birthdate",
        ),
        (json!({"meta": {}}), "credential pid"),
        (
            json!({"meta": {"vct_values": ["urn:example:other"]}}),
            "credential pid",
        ),
        (json!({"format": "ldp_vc"}), "credential pid"),
    ] {
        let refused = asking(&|asked| {
            let members = asked.as_object_mut().unwrap();
            members.extend(change.as_object().unwrap().clone());
        });
        assert!(
            refused.contains("beyond") && refused.contains(named),
            "{refused}"
        );
    }
    // A certificate that is about one of the credentials does not speak for another.
    let second = judged(&bundle, &client, &jwt, &|payload| {
        let mut other = payload["dcql_query"]["credentials"][0].clone();
        other["id"] = json!("second");
        payload["dcql_query"]["credentials"]
            .as_array_mut()
            .unwrap()
            .push(other);
        payload["verifier_info"][1]["credential_ids"] = json!(["pid"]);
    });
    assert!(second.contains("second"), "{second}");
}

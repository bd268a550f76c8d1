//! Client identifiers: each prefix proves what it says, and nothing else passes (OpenID4VP 1.0 §5.9.3).

use serde_json::{Value, json};
use tessera_verifier::bundle::RelyingParty;
use tessera_verifier::catalogue::LocalizedText;
use tessera_verifier::did::Documents;
use tessera_verifier::request::{AuthenticatedName, ClientIdPrefix, Trust, Unregistered};
use tessera_verifier::x509::TrustAnchor;
use tessera_verifier::{Request, did, jws};

use super::certificates::{Authority, Leaf};
use super::{by_did, foreign, outcome, signed, stranger};
use crate::world::{NOW, Signer, World};

const YEARS: (i32, i32) = (2026, 2030);

fn by_certificate(client_id: &str, leaf: &Leaf, change: impl FnOnce(&mut Value)) -> String {
    let mut payload = foreign(client_id);
    change(&mut payload);
    signed(json!({"x5c": leaf.x5c()}), &payload, &leaf.signer)
}

fn anchored(world: &World, compact: &str, anchors: &[TrustAnchor]) -> String {
    let bundle = world.bundle();
    let trust = Trust {
        anchors,
        unregistered: Unregistered::Ask,
        ..Trust::of(&bundle)
    };
    outcome(Request::parse(compact, NOW).and_then(|read| read.authenticate_with(&trust, NOW)))
}

#[test]
fn x509_san_dns_is_the_name_in_a_certificate_of_a_trusted_authority() {
    let (world, authority) = (World::new(), Authority::new("Specimen Access CA"));
    let leaf = authority.leaf("verifier.example", YEARS);
    let anchors = [authority.anchor()];
    let judged = |compact: &str| anchored(&world, compact, &anchors);
    let good = by_certificate("x509_san_dns:verifier.example", &leaf, |_| {});
    assert_eq!(judged(&good), "accepted");
    let bundle = world.bundle();
    let trust = Trust {
        anchors: &anchors,
        unregistered: Unregistered::Ask,
        ..Trust::of(&bundle)
    };
    let request = Request::parse(&good, NOW)
        .unwrap()
        .authenticate_with(&trust, NOW)
        .unwrap();
    assert_eq!(
        request.name(),
        &AuthenticatedName::Dns("verifier.example".to_owned())
    );
    assert_eq!(
        request.request().client_id_prefix(),
        ClientIdPrefix::X509SanDns
    );

    // The bundle names authorities, too.
    let listing = world.builder().access_anchor(&authority.der);
    let listing = world.seal(listing).unwrap();
    let read = Request::parse(&good, NOW).unwrap();
    let trust = Trust {
        unregistered: Unregistered::Ask,
        ..Trust::of(&listing)
    };
    assert_eq!(outcome(read.authenticate_with(&trust, NOW)), "accepted");

    // Nobody trusted has signed; an authority of the same name has; another name; a certificate that is over.
    assert!(anchored(&world, &good, &[]).contains("certificate of the client"));
    let twin = [Authority::new("Specimen Access CA").anchor()];
    assert!(anchored(&world, &good, &twin).contains("certificate of the client"));
    let other = by_certificate("x509_san_dns:bank.example", &leaf, |payload| {
        payload["response_uri"] = json!("https://bank.example/response");
    });
    assert!(judged(&other).contains("a certificate of another client"));
    let old = authority.leaf("verifier.example", (2024, 2026));
    let old = by_certificate("x509_san_dns:verifier.example", &old, |_| {});
    assert!(judged(&old).contains("certificate of the client"));
    // The certificate is right and the signature is another's.
    let thief = Signer::fresh();
    let payload = foreign("x509_san_dns:verifier.example");
    let stolen = signed(json!({"x5c": leaf.x5c()}), &payload, &thief);
    assert!(judged(&stolen).contains("signature"));
    let bare = signed(json!({}), &payload, &leaf.signer);
    assert!(judged(&bare).contains("no certificate"));
}

#[test]
fn a_response_uri_outside_the_client_id_is_refused() {
    let (world, authority) = (World::new(), Authority::new("Specimen Access CA"));
    let leaf = authority.leaf("verifier.example", YEARS);
    let anchors = [authority.anchor()];
    for (uri, expected) in [
        ("https://verifier.example/deep/er?x=1", "accepted"),
        ("https://VERIFIER.example:8443/", "accepted"),
        ("https://verifier.example.attacker.example/", "outside"),
        ("https://verifier.example@attacker.example/", "outside"),
        ("https://attacker.example/?verifier.example", "outside"),
        ("https://sub.verifier.example/", "outside"),
        ("https://verifier.example:x@attacker.example/", "outside"),
    ] {
        let change = |payload: &mut Value| payload["response_uri"] = json!(uri);
        let compact = by_certificate("x509_san_dns:verifier.example", &leaf, change);
        let judged = anchored(&world, &compact, &anchors);
        assert!(judged.contains(expected), "{uri}: {judged}");
    }
    let leaf = authority.leaf("the-verifier.example", YEARS);
    let hyphen = by_certificate("x509_san_dns:the-verifier.example", &leaf, |payload| {
        payload["response_uri"] = json!("https://the-verifier.example/");
    });
    assert_eq!(anchored(&world, &hyphen, &anchors), "accepted");
}

#[test]
fn x509_hash_is_the_hash_of_the_very_certificate() {
    let (world, authority) = (World::new(), Authority::new("Specimen Access CA"));
    let leaf = authority.leaf("verifier.example", YEARS);
    let anchors = [authority.anchor()];
    let good = by_certificate(&leaf.hash(), &leaf, |payload| {
        payload["response_uri"] = json!("https://elsewhere.example/response");
    });
    assert_eq!(anchored(&world, &good, &anchors), "accepted");
    assert!(anchored(&world, &good, &[]).contains("certificate of the client"));
    let sibling = authority.leaf("verifier.example", YEARS);
    let other = by_certificate(&sibling.hash(), &leaf, |_| {});
    assert!(anchored(&world, &other, &anchors).contains("another client"));
}

/// What the register says of a client.
pub(super) fn listed(client_id: &str) -> RelyingParty {
    let text = |text: &str| LocalizedText {
        en: text.to_owned(),
        zh: text.to_owned(),
    };
    RelyingParty {
        client_id: client_id.to_owned(),
        name: text("SPECIMEN chain"),
        services: vec!["internet-cafe".to_owned()],
        not_after: None,
    }
}

/// The authority's register names the very certificate: no chain is needed, but its own end still counts.
#[test]
fn a_certificate_that_the_bundle_lists_by_its_hash_needs_no_chain() {
    let (world, authority) = (World::new(), Authority::new("Nobody's CA"));
    for (years, expected) in [(YEARS, "accepted"), ((2024, 2026), "certificate")] {
        let leaf = authority.leaf("cafe.example", years);
        let builder = world.builder().relying_party(listed(&leaf.hash()));
        let bundle = world.seal(builder).unwrap();
        let ours = world.request_jwt("internet-cafe");
        let mut payload: Value = serde_json::from_slice(
            &tessera_verifier::encoding::from_base64url(ours.split('.').nth(1).unwrap()).unwrap(),
        )
        .unwrap();
        payload["client_id"] = json!(leaf.hash());
        let compact = signed(json!({"x5c": leaf.x5c()}), &payload, &leaf.signer);
        let judged = Request::parse(&compact, NOW)
            .and_then(|read| read.authenticate_with(&Trust::of(&bundle), NOW));
        assert!(outcome(judged).contains(expected), "{years:?}");
    }
}

#[test]
fn an_unknown_client_id_prefix_is_refused() {
    let world = World::new();
    let key = Signer::fresh();
    for client in [
        "https://verifier.example",
        "verifier.example",
        "openid_federation:https://verifier.example",
        "origin:https://verifier.example",
        "x509_san_uri:https://verifier.example",
        "decentralized_identifier:",
        "",
    ] {
        let payload = foreign(client);
        let compact = signed(json!({"kid": key.method()}), &payload, &key);
        assert!(stranger(&world, &compact).contains("client id"), "{client}");
    }
}

/// Class 4: `kid`, `jwk` and `iss` lead to the attacker's key; the client id alone says whose key it must be.
#[test]
fn a_key_of_the_attackers_choice_is_not_believed() {
    let (world, client, attacker) = (World::new(), Signer::fresh(), Signer::fresh());
    let payload = foreign(&format!("decentralized_identifier:{}", client.did()));
    for header in [
        json!({"kid": attacker.method()}),
        json!({"kid": client.method()}),
        json!({"kid": client.method(), "jwk": tessera_verifier::crypto::LocalSigner::public_key(&attacker).to_jwk()}),
        json!({"kid": format!("{}#{}", client.did(), attacker.did())}),
        json!({}),
    ] {
        let compact = signed(header.clone(), &payload, &attacker);
        assert_ne!(stranger(&world, &compact), "accepted", "{header}");
    }
    let mut payload = payload;
    payload["iss"] = json!(attacker.did());
    let compact = signed(json!({"kid": attacker.method()}), &payload, &attacker);
    assert_ne!(stranger(&world, &compact), "accepted");
    assert_eq!(stranger(&world, &by_did(&client, |_| {})), "accepted");
}

#[test]
fn did_web_is_resolved_from_documents_at_hand_alone() {
    let (world, key) = (World::new(), Signer::fresh());
    let did = "did:web:verifier.example";
    let payload = foreign(&format!("decentralized_identifier:{did}"));
    let compact = signed(json!({"kid": format!("{did}#key-1")}), &payload, &key);
    let bundle = world.bundle();
    let judged = |documents: &Documents| {
        let trust = Trust {
            documents: Some(documents),
            unregistered: Unregistered::Ask,
            ..Trust::of(&bundle)
        };
        outcome(Request::parse(&compact, NOW).and_then(|read| read.authenticate_with(&trust, NOW)))
    };
    let mut documents = Documents::new();
    assert!(judged(&documents).contains("no such key"));
    let method = |public: &Signer| {
        json!({"id": did, "verificationMethod": [{"id": format!("{did}#key-1"), "type": "Multikey", "controller": did,
            "publicKeyMultibase": did::multikey(tessera_verifier::crypto::LocalSigner::public_key(public))}],
            "authentication": ["#key-1"]})
    };
    documents.insert(&method(&key)).unwrap();
    assert_eq!(judged(&documents), "accepted");
    documents.insert(&method(&Signer::fresh())).unwrap();
    assert!(judged(&documents).contains("signature"));
}

#[test]
fn a_verifier_attestation_counts_by_a_trusted_attester_for_its_subject_and_in_time() {
    let (world, attester, client) = (World::new(), Signer::fresh(), Signer::fresh());
    let attestation = |signer: &Signer, change: &dyn Fn(&mut Value, &mut Value)| {
        let mut header = json!({"typ": "verifier-attestation+jwt"});
        let mut payload = json!({
            "iss": attester.did(), "sub": "verifier.example", "exp": NOW.add_seconds(60),
            "cnf": {"jwk": tessera_verifier::crypto::LocalSigner::public_key(&client).to_jwk()},
            "redirect_uris": ["https://verifier.example/response"],
        });
        change(&mut header, &mut payload);
        jws::sign(header, &payload, signer).unwrap()
    };
    let bundle = world.bundle();
    let attesters = [attester.did()];
    let judged = |jwt: String, signer: &Signer, trusted: &[String]| {
        let payload = foreign("verifier_attestation:verifier.example");
        let compact = signed(json!({"jwt": jwt}), &payload, signer);
        let trust = Trust {
            attesters: trusted,
            unregistered: Unregistered::Ask,
            ..Trust::of(&bundle)
        };
        outcome(Request::parse(&compact, NOW).and_then(|read| read.authenticate_with(&trust, NOW)))
    };
    let honest = || attestation(&attester, &|_, _| {});
    assert_eq!(judged(honest(), &client, &attesters), "accepted");
    assert!(judged(honest(), &client, &[]).contains("nobody who is trusted"));
    assert!(judged(honest(), &Signer::fresh(), &attesters).contains("signature"));
    let forged = attestation(&Signer::fresh(), &|_, _| {});
    assert!(judged(forged, &client, &attesters).contains("verifier attestation"));
    type Change = fn(&mut Value, &mut Value);
    let changes: [(Change, &str); 6] = [
        (
            |header, _| header["typ"] = json!("jwt"),
            "verifier attestation",
        ),
        (|_, payload| payload["exp"] = json!(NOW), "has ended"),
        (|_, payload| payload["exp"] = Value::Null, "without end"),
        (
            |_, payload| payload["sub"] = json!("bank.example"),
            "another client",
        ),
        (
            |_, payload| payload["nbf"] = json!(NOW.add_seconds(61)),
            "from the future",
        ),
        (
            |_, payload| payload["redirect_uris"] = json!(["https://verifier.example/other"]),
            "response URI outside",
        ),
    ];
    for (change, expected) in changes {
        let judged = judged(attestation(&attester, &change), &client, &attesters);
        assert!(judged.contains(expected), "{judged}, not {expected}");
    }
}

/// A relying party reads its own request back whatever it is known by, and only if it signed it.
#[test]
fn a_relying_party_reads_its_own_request_with_every_prefix() {
    let authority = Authority::new("Specimen Access CA");
    let leaf = authority.leaf("verifier.example", YEARS);
    for client in ["x509_san_dns:verifier.example", &leaf.hash()] {
        let own = Request::for_own(&by_certificate(client, &leaf, |_| {})).unwrap();
        assert_eq!((own.client_id(), own.audience()), (client, client));
        let stolen = signed(
            json!({"x5c": leaf.x5c()}),
            &foreign(client),
            &Signer::fresh(),
        );
        assert!(Request::for_own(&stolen).is_err());
    }
    let other = by_certificate("x509_san_dns:bank.example", &leaf, |payload| {
        payload["response_uri"] = json!("https://bank.example/response");
    });
    assert!(Request::for_own(&other).is_err());
}

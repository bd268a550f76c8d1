//! Checks of a request of which each is the only thing that stands in the way, and what a wallet is told of one that
//! passes.

use rcgen::KeyUsagePurpose;
use serde_json::{Value, json};
use tessera_verifier::claims::Format;
use tessera_verifier::dcql::{ClaimPath, Query};
use tessera_verifier::did::{self, Documents};
use tessera_verifier::encoding::{base64url, from_base64url};
use tessera_verifier::request::{
    AuthenticatedName, DcApiProtocol, Registration, RequestBuilder, RequestClient, Trust,
    Unregistered,
};
use tessera_verifier::{Bundle, Request, jws, x509};

use super::certificates::{Authority, Fresh};
use super::forms::{ORIGIN, for_dc_api, parameters, signature};
use super::registrations::{judged, registration};
use super::{asked, by_did, foreign, outcome, signed, stranger};
use crate::world::{NOW, Signer, World};

const YEARS: (i32, i32) = (2026, 2030);

fn own(key: &Signer, change: impl FnOnce(&mut Value)) -> String {
    let read = Request::for_own(&by_did(key, change));
    read.map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

/// What our own profile adds to a foreign request.
fn ours(payload: &mut Value, service: &str) {
    payload["verifier_info"] = json!([{"format": "tessera_service", "data": service}]);
    payload["nonce"] = json!("bm9uY2Utb2Ytc3BlY2ltZW4");
    payload["iat"] = json!(NOW);
    payload["exp"] = json!(NOW.add_seconds(60));
}

#[test]
fn a_kid_of_another_document_at_hand_is_refused() {
    let (world, client, other) = (World::new(), Signer::fresh(), Signer::fresh());
    let mut documents = Documents::new();
    for (did, key) in [
        ("did:web:verifier.example", &client),
        ("did:web:other.example", &other),
    ] {
        let method = json!({"id": format!("{did}#1"), "type": "Multikey", "controller": did,
            "publicKeyMultibase": did::multikey(tessera_verifier::crypto::LocalSigner::public_key(key))});
        let document = json!({"id": did, "verificationMethod": [method], "authentication": ["#1"]});
        documents.insert(&document).unwrap();
    }
    let bundle = world.bundle();
    let trust = Trust {
        documents: Some(&documents),
        unregistered: Unregistered::Ask,
        ..Trust::of(&bundle)
    };
    let judged = |kid: &str, key: &Signer| {
        let payload = foreign("decentralized_identifier:did:web:verifier.example");
        let compact = signed(json!({"kid": kid}), &payload, key);
        outcome(Request::parse(&compact, NOW).and_then(|read| read.authenticate_with(&trust, NOW)))
    };
    assert_eq!(judged("did:web:verifier.example#1", &client), "accepted");
    assert!(judged("did:web:other.example#1", &other).contains("kid of another client"));
}

#[test]
fn a_request_object_has_its_type() {
    let key = Signer::fresh();
    let payload = foreign(&format!("decentralized_identifier:{}", key.did()));
    let other = signed(json!({"kid": key.method(), "typ": "JWT"}), &payload, &key);
    assert!(stranger(&World::new(), &other).contains("type of the request object"));
}

#[test]
fn an_attestation_by_the_register_and_one_of_just_now_count() {
    let (world, client) = (World::new(), Signer::fresh());
    let bundle = world.bundle();
    let attested = |early: i64| {
        let payload = json!({
            "iss": world.root.did(), "sub": "verifier.example", "exp": NOW.add_seconds(600),
            "nbf": NOW.add_seconds(early), "iat": NOW.add_seconds(early),
            "cnf": {"jwk": tessera_verifier::crypto::LocalSigner::public_key(&client).to_jwk()},
        });
        jws::sign(
            json!({"typ": "verifier-attestation+jwt"}),
            &payload,
            &world.root,
        )
        .unwrap()
    };
    let compact = |early| {
        let payload = foreign("verifier_attestation:verifier.example");
        signed(json!({"jwt": attested(early)}), &payload, &client)
    };
    let request = asked(Request::parse(&compact(60), NOW), &bundle).unwrap();
    let AuthenticatedName::Attested { name, by } = request.name() else {
        unreachable!("attested")
    };
    assert_eq!((name.as_str(), by), ("verifier.example", &world.root.did()));
    assert_eq!(request.name().as_str(), "verifier.example");
    assert!(stranger(&world, &compact(61)).contains("from the future"));
    // The verifier reads its own request by the key that is attested to it.
    assert!(Request::for_own(&compact(0)).is_ok());
    let payload = foreign("verifier_attestation:verifier.example");
    let stolen = signed(json!({"jwt": attested(0)}), &payload, &Signer::fresh());
    assert!(Request::for_own(&stolen).is_err());
}

#[test]
fn the_name_shown_is_the_one_that_was_proved() {
    let (world, authority) = (World::new(), Authority::new("Specimen Access CA"));
    let leaf = authority.certify(
        &Fresh::new(),
        (&["www.verifier.example", "Verifier.example"], &[]),
        YEARS,
    );
    let anchors = [authority.anchor()];
    let name = |client: &str, bundle: &Bundle| {
        let mut payload = foreign(client);
        payload["response_uri"] = json!("https://verifier.example/response");
        let compact = signed(json!({"x5c": leaf.x5c()}), &payload, &leaf.signer);
        let trust = Trust {
            anchors: &anchors,
            unregistered: Unregistered::Ask,
            ..Trust::of(bundle)
        };
        let read = Request::parse(&compact, NOW).unwrap();
        read.authenticate_with(&trust, NOW).unwrap().name().clone()
    };
    let bundle = world.bundle();
    // Of a certificate's names the one that the client goes by.
    assert_eq!(
        name("x509_san_dns:verifier.EXAMPLE", &bundle),
        AuthenticatedName::Dns("verifier.example".to_owned())
    );
    assert_eq!(
        name(&leaf.hash(), &bundle),
        AuthenticatedName::Dns("www.verifier.example".to_owned())
    );
    // The register names the bytes of a certificate, and no authority has vouched for what they say.
    let party = super::clients::listed(&leaf.hash());
    let listing = world.seal(world.builder().relying_party(party)).unwrap();
    let hash = leaf.hash().split_once(':').unwrap().1.to_owned();
    assert_eq!(
        name(&leaf.hash(), &listing),
        AuthenticatedName::CertificateHash(hash)
    );
}

#[test]
fn what_a_known_client_may_not_do_is_told_whatever_the_other_signatures_are() {
    let (world, other) = (World::new(), Signer::fresh());
    let mut payload = foreign("unused");
    for_dc_api(&mut payload);
    ours(&mut payload, "internet-cafe");
    for header in ["client_id", "verifier_info"] {
        payload.as_object_mut().unwrap().remove(header);
    }
    let encoded = base64url(payload.to_string().as_bytes());
    let header = |key: &Signer| {
        json!({"kid": key.method(), "client_id": format!("decentralized_identifier:{}", key.did()),
            "verifier_info": [{"format": "tessera_service", "data": "internet-cafe"}]})
    };
    let greedy = signature(header(&world.party), &encoded, &world.party);
    let unknown = signature(header(&other), &encoded, &other);
    for signatures in [[&greedy, &unknown], [&unknown, &greedy]] {
        let data = json!({"request": {"payload": encoded, "signatures": signatures}}).to_string();
        let read = Request::from_dc_api(DcApiProtocol::MultiSigned, data.as_bytes(), ORIGIN, NOW);
        let refused = read.unwrap().authenticate(&world.bundle(), NOW);
        assert_eq!(refused.unwrap_err().code(), "over_asking");
    }
}

#[test]
fn a_certificate_for_a_service_covers_what_the_service_may_ask_and_no_more() {
    let (world, client) = (World::new(), Signer::fresh());
    let bundle = world.bundle();
    let mut said = registration(&client);
    said.credentials.clear();
    said.services = vec!["internet-cafe".to_owned()];
    let jwt = said.prepare(tessera_verifier::crypto::LocalSigner::public_key(
        &world.root,
    ));
    let jwt = jwt.sign(&world.root).unwrap();
    let asking = |claim: Value, service: &str| {
        judged(&bundle, &client, &jwt, &|payload| {
            let certificate = payload["verifier_info"][1].clone();
            ours(payload, service);
            payload["verifier_info"]
                .as_array_mut()
                .unwrap()
                .push(certificate);
            payload["dcql_query"]["credentials"][0]["claims"] = json!([{"path": claim}]);
        })
    };
    let adult = || json!(["age_equal_or_over", "18"]);
    assert_eq!(asking(adult(), "internet-cafe"), "accepted");
    assert!(asking(adult(), "hotel").contains("beyond its registration"));
    assert!(asking(json!(["family_name"]), "internet-cafe").contains("beyond its registration"));
}

#[test]
fn a_certificate_has_bounds_and_names_who_made_it() {
    let (world, client) = (World::new(), Signer::fresh());
    let bundle = world.bundle();
    let none = &|_: &mut Value| {};
    let with = |change: &dyn Fn(&mut Registration)| {
        let mut said = registration(&client);
        change(&mut said);
        let jwt = said.prepare(tessera_verifier::crypto::LocalSigner::public_key(
            &world.root,
        ));
        judged(&bundle, &client, &jwt.sign(&world.root).unwrap(), none)
    };
    for (count, expected) in [(64, "accepted"), (65, "above the limit")] {
        let services = with(&|said| said.services = vec!["hotel".to_owned(); count]);
        assert!(services.contains(expected), "{count}: {services}");
        let entries = with(&|said| said.credentials = vec![said.credentials[0].clone(); count]);
        assert!(entries.contains(expected), "{count}: {entries}");
    }
    let mut payload = json!(registration(&client));
    payload["iss"] = json!(world.issuer.did());
    let header = json!({"typ": "tessera-registration+jwt", "kid": world.root.method()});
    let other = jws::sign(header, &payload, &world.root).unwrap();
    assert!(judged(&bundle, &client, &other, none).contains("names another registrar"));
}

#[test]
fn types_are_within_a_certificate_when_each_that_is_asked_for_is_registered() {
    let (world, client) = (World::new(), Signer::fresh());
    let bundle = world.bundle();
    let judged = |registered: Value, types: Value| {
        let mut said = registration(&client);
        said.credentials[0].format = "ldp_vc".to_owned();
        said.credentials[0].meta = serde_json::from_value(registered).unwrap();
        let jwt = said.prepare(tessera_verifier::crypto::LocalSigner::public_key(
            &world.root,
        ));
        let jwt = jwt.sign(&world.root).unwrap();
        judged(&bundle, &client, &jwt, &|payload| {
            let asked = &mut payload["dcql_query"]["credentials"][0];
            asked["format"] = json!("ldp_vc");
            asked["meta"] = json!({"type_values": types});
        })
    };
    let one = || json!({"type_values": [["A", "B"]]});
    assert_eq!(judged(one(), json!([["A", "B"]])), "accepted");
    assert_eq!(judged(one(), json!([["A", "B", "C"]])), "accepted");
    assert_eq!(judged(json!({}), json!([["X"]])), "accepted");
    for types in [json!([["A"]]), json!([["A", "B"], ["C"]]), json!([["C"]])] {
        assert!(judged(one(), types.clone()).contains("beyond"), "{types}");
    }
}

#[test]
fn the_audience_of_an_answer_over_the_digital_credentials_api_is_the_origin() {
    let (world, key) = (World::new(), Signer::fresh());
    let data = json!({"request": by_did(&key, for_dc_api)}).to_string();
    let read = Request::from_dc_api(DcApiProtocol::Signed, data.as_bytes(), ORIGIN, NOW);
    let request = asked(read, &world.bundle()).unwrap().into_request();
    assert_eq!(request.audience(), format!("origin:{ORIGIN}"));
    assert_eq!(
        request.expected_origins(),
        [ORIGIN, "https://www.verifier.example"]
    );
    // Its own request must be for one page, or the verifier would not know whose answer it reads.
    assert!(own(&key, for_dc_api).contains("one expected origin is needed"));
    for protocol in DcApiProtocol::ALL {
        assert_eq!(DcApiProtocol::parse(protocol.as_str()), Some(protocol));
    }
    assert_eq!(
        DcApiProtocol::parse("openid4vp-v1-signed"),
        Some(DcApiProtocol::Signed)
    );
    assert_eq!(DcApiProtocol::parse("openid4vp-v2-signed"), None);
}

#[test]
fn an_audience_is_needed_where_a_request_object_is_signed() {
    let (world, key) = (World::new(), Signer::fresh());
    let bare = by_did(&key, |payload| {
        drop(payload.as_object_mut().unwrap().remove("aud"))
    });
    assert!(stranger(&world, &bare).contains("audience"));
    // A link's parameters have none; what is there is not looked at.
    let mut pairs = parameters("redirect_uri:https://verifier.example/response");
    pairs.push(("aud".to_owned(), "https://other.example".to_owned()));
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    assert_eq!(
        outcome(asked(Request::from_parameters(pairs, NOW), &world.bundle())),
        "accepted"
    );
}

#[test]
fn a_link_is_bounded_to_the_byte() {
    let world = World::new();
    let pairs = parameters("redirect_uri:https://verifier.example/response");
    let taken: usize = pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    let judged = |bytes: usize| {
        let padding = "x".repeat(bytes - taken - "padding".len());
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let padded = pairs.chain([("padding", padding.as_str())]);
        outcome(asked(
            Request::from_parameters(padded, NOW),
            &world.bundle(),
        ))
    };
    assert_eq!(judged(64 * 1024), "accepted");
    assert!(judged(64 * 1024 + 1).contains("above the limit"));
}

#[test]
fn our_own_profile_needs_both_times() {
    let key = Signer::fresh();
    let without = |name: &str| {
        own(&key, |payload| {
            ours(payload, "internet-cafe");
            payload["dcql_query"]["credentials"][0]["claims"] =
                json!([{"path": ["age_equal_or_over", "18"]}]);
            payload.as_object_mut().unwrap().remove(name);
        })
    };
    assert_eq!(without("unknown"), "accepted");
    assert!(without("iat").contains("no iat or exp"));
    assert!(without("exp").contains("no iat or exp"));
}

#[test]
fn lists_of_a_request_are_bounded_and_not_empty() {
    let key = Signer::fresh();
    let infos = |count: usize| {
        own(&key, |payload| {
            payload["verifier_info"] = json!(vec![json!({"format": "unknown"}); count]);
        })
    };
    for (count, expected) in [
        (0, "verifier_info"),
        (1, "accepted"),
        (16, "accepted"),
        (17, "verifier_info"),
    ] {
        assert!(infos(count).contains(expected), "{count}");
    }
    let encryptions = |count: usize| {
        own(&key, |payload| {
            payload["client_metadata"] =
                json!({"encrypted_response_enc_values_supported": vec!["A128GCM"; count]});
        })
    };
    for (count, expected) in [
        (0, "values_supported"),
        (1, "accepted"),
        (32, "accepted"),
        (33, "values_supported"),
    ] {
        assert!(encryptions(count).contains(expected), "{count}");
    }
}

#[test]
fn names_of_credentials_and_claims_are_unique_in_a_query() {
    let query = |ids: [&str; 2], claims: [&str; 2]| {
        let claims = json!([{"id": claims[0], "path": ["a"]}, {"id": claims[1], "path": ["b"]}]);
        let one = |id: &str| json!({"id": id, "format": "dc+sd-jwt", "meta": {}, "claims": claims.clone()});
        Query::from_value(&json!({"credentials": [one(ids[0]), one(ids[1])]}))
    };
    assert!(query(["a", "b"], ["c", "d"]).is_ok());
    for (ids, claims) in [(["a", "a"], ["c", "d"]), (["a", "b"], ["c", "c"])] {
        assert_eq!(query(ids, claims).unwrap_err().code(), "request_invalid");
    }
}

#[test]
fn haip_refuses_each_thing_by_itself() {
    let key = Signer::fresh();
    let read = |change: &dyn Fn(&mut Value)| {
        let mut data = foreign("unused");
        for_dc_api(&mut data);
        let mut jwk = tessera_verifier::crypto::LocalSigner::public_key(&key).to_jwk();
        jwk["kid"] = json!("1");
        jwk["alg"] = json!("ECDH-ES");
        data["client_metadata"] = json!({"jwks": {"keys": [jwk]}});
        data["response_mode"] = json!("dc_api.jwt");
        change(&mut data);
        let bytes = data.to_string();
        let read = Request::from_dc_api(DcApiProtocol::Unsigned, bytes.as_bytes(), ORIGIN, NOW);
        let request = asked(read, &World::new().bundle()).unwrap().into_request();
        request.check_haip().map_err(|error| error.to_string())
    };
    assert_eq!(read(&|_| {}), Ok(()));
    let plain = read(&|data| data["response_mode"] = json!("dc_api"));
    assert!(plain.unwrap_err().contains("encrypted"));
    let ldp = read(&|data| {
        let asked = &mut data["dcql_query"]["credentials"][0];
        asked["format"] = json!("ldp_vc");
        asked["meta"] = json!({"type_values": [["VerifiableCredential"]]});
    });
    assert!(ldp.unwrap_err().contains("format"));
}

/// What is written is what is read back.
#[test]
fn a_request_that_is_built_says_what_it_was_told() {
    let world = World::new();
    let key = tessera_verifier::crypto::LocalSigner::public_key(&world.party);
    let jwk = key.to_jwk();
    let did = format!("did:jwk:{}", base64url(jwk.to_string().as_bytes()));
    let mut encryption = jwk;
    encryption["kid"] = json!("1");
    encryption["alg"] = json!("ECDH-ES");
    let payment = json!({"type": "urn:tessera:transaction:payment:1", "credential_ids": ["sd_jwt"],
        "payee": "SPECIMEN shop", "amount": "12.50", "currency": "EUR"});
    let payment = base64url(payment.to_string().as_bytes());
    let written =
        |builder: RequestBuilder<'_>| builder.build().unwrap().sign(&world.party).unwrap();
    let compact = written(
        world
            .asking("internet-cafe")
            .client(&did)
            .state(Some("state"))
            .wallet_nonce(Some("wallet"))
            .response_uri(Some("https://verifier.example/response"))
            .encrypted_to(Some(encryption.clone()))
            .transaction_data(vec![payment.clone()])
            .formats(&[Format::SdJwt]),
    );
    let request = Request::for_own(&compact).unwrap();
    assert_eq!(
        request.client_id(),
        format!("decentralized_identifier:{did}")
    );
    assert_eq!(
        (request.state(), request.wallet_nonce()),
        (Some("state"), Some("wallet"))
    );
    assert_eq!(request.encryption().unwrap().jwk, encryption);
    assert_eq!(request.transaction_data()[0].encoded(), payment);
    assert_eq!(request.query().credentials.len(), 1);
    assert!(request.query().credential_sets.is_empty());

    let members = |compact: &str| -> Value {
        serde_json::from_slice(&from_base64url(compact.split('.').nth(1).unwrap()).unwrap())
            .unwrap()
    };
    let plain = written(world.asking("internet-cafe"));
    let said = members(&plain);
    for absent in [
        "state",
        "wallet_nonce",
        "transaction_data",
        "response_uri",
        "expected_origins",
    ] {
        assert!(said.get(absent).is_none(), "{absent}");
    }
    assert!(said["client_metadata"].get("jwks").is_none());
    // In a W3C credential evidence stands beside the subject, claims below it.
    let both = written(
        world
            .asking("hotel")
            .also_ask(ClaimPath::keys(&["evidence"])),
    );
    let ldp = Request::for_own(&both).unwrap();
    let paths: Vec<String> = ldp
        .query()
        .credential("ldp")
        .unwrap()
        .claims
        .iter()
        .map(|claim| claim.path.to_string())
        .collect();
    assert!(
        paths.contains(&ClaimPath::keys(&["evidence"]).to_string()),
        "{paths:?}"
    );
    assert!(
        paths.contains(&ClaimPath::keys(&["credentialSubject", "family_name"]).to_string()),
        "{paths:?}"
    );
    assert_eq!(ldp.query().credential_sets.len(), 1, "either will do");
}

/// The register may name a certificate, not what its key is for.
#[test]
fn a_listed_certificate_must_be_for_signatures() {
    let (world, authority) = (World::new(), Authority::new("Specimen Access CA"));
    let judged = |usage| {
        let names: (&[&str], &[&str]) = (&["cafe.example"], &[]);
        let leaf = authority.certify_for(&Fresh::new(), names, YEARS, usage);
        let listing = world
            .builder()
            .relying_party(super::clients::listed(&leaf.hash()));
        let bundle = world.seal(listing).unwrap();
        let mut payload = foreign(&leaf.hash());
        ours(&mut payload, "internet-cafe");
        payload["dcql_query"]["credentials"][0]["claims"] =
            json!([{"path": ["age_equal_or_over", "18"]}]);
        let compact = signed(json!({"x5c": leaf.x5c()}), &payload, &leaf.signer);
        outcome(
            Request::parse(&compact, NOW)
                .and_then(|read| read.authenticate_with(&Trust::of(&bundle), NOW)),
        )
    };
    assert_eq!(judged(KeyUsagePurpose::DigitalSignature), "accepted");
    assert!(judged(KeyUsagePurpose::KeyAgreement).contains("certificate of the client"));
}

/// What DCQL's `aki` is compared with: the authority's key, whichever certificate it signed.
#[test]
fn certificates_name_the_key_of_their_authority() {
    let (one, other) = (Authority::new("Specimen CA"), Authority::new("Specimen CA"));
    let ids = |authority: &Authority| {
        x509::authority_key_ids(&[authority.leaf("verifier.example", YEARS).der])
    };
    assert_eq!(ids(&one).len(), 1);
    assert_eq!(ids(&one), ids(&one));
    assert_ne!(ids(&one), ids(&other));
    assert!(x509::authority_key_ids(&[b"no certificate".to_vec()]).is_empty());
}

/// Every way to write a request that several sign, or nobody, is read as it was meant; what cannot be is not written.
#[test]
fn requests_of_several_and_of_nobody_are_written_as_they_are_read() {
    let (world, other) = (World::new(), Signer::fresh());
    let bundle = world.bundle();
    let said = registration(&other);
    let jwt = said.prepare(tessera_verifier::crypto::LocalSigner::public_key(
        &world.root,
    ));
    let jwt = jwt.sign(&world.root).unwrap();
    let known = RequestClient::did(&world.party.did());
    let registered = RequestClient::did(&other.did()).registered(Some(&jwt));
    let asking = || world.asking("internet-cafe").origins(&[ORIGIN]);
    let several = asking()
        .build_multi_signed(&[registered.clone(), known.clone()])
        .unwrap();
    let signers: [&dyn tessera_verifier::crypto::LocalSigner; 2] = [&other, &world.party];
    assert!(several.clone().sign(&signers[..1]).is_err());
    let signed = several.sign(&signers).unwrap();
    let header = |place: usize| -> Value {
        let text = signed["signatures"][place]["protected"].as_str().unwrap();
        serde_json::from_slice(&from_base64url(text).unwrap()).unwrap()
    };
    let infos = |place: usize| header(place)["verifier_info"].as_array().unwrap().len();
    assert_eq!(
        [infos(0), infos(1)],
        [2, 1],
        "the certificate is one client's"
    );
    assert_eq!(
        header(0)["verifier_info"][1],
        json!({"format": "registration_cert", "data": jwt})
    );
    let data = json!({"request": signed}).to_string();
    let read = Request::from_dc_api(DcApiProtocol::MultiSigned, data.as_bytes(), ORIGIN, NOW);
    let request = read
        .unwrap()
        .authenticate_with(&Trust::of(&bundle), NOW)
        .unwrap();
    assert_eq!(request.name(), &AuthenticatedName::Did(world.party.did()));
    assert!(asking().build_multi_signed(&[]).is_err());
    assert!(
        world
            .asking("internet-cafe")
            .build_multi_signed(&[known])
            .is_err()
    );

    let nobody = || asking().by(RequestClient::response_uri());
    assert!(asking().build_unsigned().is_err(), "a client that signs");
    let local = world
        .asking("internet-cafe")
        .by(RequestClient::response_uri());
    assert!(local.build_unsigned().is_err());
    let data = Value::Object(nobody().build_unsigned().unwrap()).to_string();
    let read = Request::from_dc_api(DcApiProtocol::Unsigned, data.as_bytes(), ORIGIN, NOW);
    let request = asked(read, &bundle).unwrap();
    assert_eq!(
        request.name(),
        &AuthenticatedName::Origin(ORIGIN.to_owned())
    );
    let posted = world
        .asking("internet-cafe")
        .response_uri(Some("https://verifier.example/r"))
        .by(RequestClient::response_uri())
        .build_unsigned()
        .unwrap();
    assert_eq!(
        posted["client_id"],
        "redirect_uri:https://verifier.example/r"
    );
}

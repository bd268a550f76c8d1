//! What works: every flow, response mode and way of fetching.

use serde_json::{Value, json};
use tessera_verifier::Request;

use crate::program::{ORIGIN, Program, RETURN, SECRET, Setup, encrypt, payload};
use crate::world::{Binding, GOOD, REVOKED, World};

#[test]
fn happy_flow_encrypted_and_plain() {
    let world = World::new();
    for plain in [false, true] {
        let setup = Setup {
            plain,
            ..Setup::default()
        };
        let program = Program::start(&world, &setup);
        let asked = program.ask_cafe();
        assert_eq!(program.result(&asked).json()["fetched"], false);
        let object = program.fetch(&asked);
        let mode = if plain {
            "direct_post"
        } else {
            "direct_post.jwt"
        };
        assert_eq!(object["response_mode"], mode);
        assert_eq!(object["aud"], "https://self-issued.me/v2");
        let waiting = program.result(&asked);
        assert_eq!(
            (waiting.status, &waiting.json()["fetched"]),
            (202, &json!(true))
        );
        let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
        let taken = program.respond(&object, &json!({"sd_jwt": [shown]}));
        assert_eq!((taken.status, taken.text.as_str()), (200, "{}"));
        assert_eq!(taken.header("cache-control"), "no-store");
        let result = program.result(&asked).json();
        assert_eq!(result["state"], "verified");
        let credential = &result["credentials"][0];
        assert_eq!(
            credential["claims"],
            json!({"age_equal_or_over": {"18": true}})
        );
        assert_eq!(credential["assurance_level"], "full");
        assert_eq!(credential["status"], "valid");
    }
}

#[test]
fn a_w3c_presentation_answers_too() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let taken = program.respond(&object, &json!({"ldp": [world.show_ldp(&object)]}));
    assert_eq!(taken.status, 200, "{}", taken.text);
    let result = program.result(&asked).json();
    assert_eq!(result["credentials"][0]["format"], "ldp_vc");
}

/// The holder's key stands in the credential as a JWK of the four members that make it one.
#[test]
fn minimal_cnf_jwk_is_enough() {
    let world = World::new();
    let credential = world.issue(GOOD);
    let jwk = &payload(&credential)["cnf"]["jwk"];
    let names: Vec<&String> = jwk.as_object().unwrap().keys().collect();
    assert_eq!(names, ["crv", "kty", "x", "y"]);
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let shown = world.show(&credential, &object, &Binding::default());
    let taken = program.respond(&object, &json!({"sd_jwt": [shown]}));
    assert_eq!(taken.status, 200, "{}", taken.text);
}

#[test]
fn what_the_configuration_does_not_name_is_not_handed_over() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask(&json!({"service": "hotel", "flow": "cross_device"}));
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    assert_eq!(
        program.respond(&object, &json!({"sd_jwt": [shown]})).status,
        200
    );
    let state = program.get(&format!("{}/state", asked.page())).json();
    assert_eq!(
        (&state["state"], &state["claims"]),
        (&json!("verified"), &json!([]))
    );
    let result = program.result(&asked);
    assert_eq!(
        result.json()["credentials"][0]["claims"],
        json!({"family_name": "SPECIMEN"})
    );
    for never in ["ANNA", "1990-03-07"] {
        assert!(!result.text.contains(never));
    }
    // What passed through leaves no trace in the log either.
    let log = program.log();
    let nonce = object["nonce"].as_str().unwrap();
    for never in [
        "SPECIMEN",
        "ANNA",
        "1990",
        SECRET,
        asked.id(),
        nonce,
        "openid4vp:",
        "did:key",
    ] {
        assert!(!log.contains(never), "{never} in the log: {log}");
    }
    assert!(log.contains("\"route\":\"/response/{handle}\""), "{log}");
}

#[test]
fn request_uri_fetched_twice_gives_the_same_request() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    assert_eq!(program.fetch(&asked), program.fetch(&asked));
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    assert_eq!(
        program.respond(&object, &json!({"sd_jwt": [shown]})).status,
        200
    );
    // Once answered there is nothing to ask any more.
    assert_eq!(
        program.get(&asked.request_uri()).code(),
        "409 response_taken"
    );
}

#[test]
fn request_uri_by_post_repeats_the_wallet_nonce() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let link = asked.link();
    assert!(
        link.query_pairs()
            .any(|(name, value)| name == "request_uri_method" && value == "post")
    );
    let uri = asked.request_uri();
    let metadata = json!({"vp_formats_supported": {"dc+sd-jwt": {"sd-jwt_alg_values": ["ES256"]}}});
    let posted = program.post_form(
        &uri,
        &[
            ("wallet_nonce", "qPmxiNFCR3QTm19POc8u"),
            ("wallet_metadata", &metadata.to_string()),
        ],
    );
    assert_eq!(posted.status, 200, "{}", posted.text);
    let mut object = payload(&posted.text);
    assert_eq!(object["wallet_nonce"], "qPmxiNFCR3QTm19POc8u");
    Request::for_own(&posted.text).unwrap();
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    // In everything else it is the request that others fetch.
    object.as_object_mut().unwrap().remove("wallet_nonce");
    assert_eq!(object, program.fetch(&asked));
    assert_eq!(
        program.respond(&object, &json!({"sd_jwt": [shown]})).status,
        200
    );
    assert_eq!(program.result(&asked).json()["state"], "verified");
}

#[test]
fn a_wallet_that_cannot_answer_is_told_at_once() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let uri = program.ask_cafe().request_uri();
    let metadata = |value: Value| value.to_string();
    for parameters in [
        [("wallet_nonce", "with a space".to_owned())],
        [("wallet_nonce", "x".repeat(257))],
        [("wallet_metadata", "[]".to_owned())],
        [(
            "wallet_metadata",
            metadata(json!({"vp_formats_supported": {"mso_mdoc": {}}})),
        )],
        [(
            "wallet_metadata",
            metadata(json!({"vp_formats_supported": {"dc+sd-jwt": {}},
            "request_object_signing_alg_values_supported": ["EdDSA"]})),
        )],
    ] {
        let [(name, value)] = &parameters;
        let refused = program.post_form(&uri, &[(name, value)]);
        assert_eq!(refused.code(), "400 wallet_parameter_invalid", "{value}");
    }
}

#[test]
fn same_device_ends_with_a_code_for_the_browser() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program
        .ask(&json!({"service": "internet-cafe", "flow": "same_device", "return_url": RETURN}));
    assert!(asked.0.get("page").is_none() && asked.0.get("qr_svg").is_none());
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    let taken = program.respond(&object, &json!({"sd_jwt": [shown]})).json();
    let back = url::Url::parse(taken["redirect_uri"].as_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with(RETURN));
    let code = back
        .query_pairs()
        .find(|(name, _)| name == "response_code")
        .unwrap()
        .1;
    let result = program.result_with(&asked, SECRET, &format!("?response_code={code}"));
    assert_eq!(result.json()["state"], "verified", "{}", result.text);
}

#[test]
fn digital_credentials_api_plain_and_encrypted() {
    let world = World::new();
    for plain in [true, false] {
        let setup = Setup {
            plain,
            ..Setup::default()
        };
        let program = Program::start(&world, &setup);
        let asked =
            program.ask(&json!({"service": "internet-cafe", "flow": "dc_api", "origin": ORIGIN}));
        assert!(asked.0.get("link").is_none());
        let request = &asked.0["digital"]["requests"][0];
        assert_eq!(request["protocol"], "openid4vp-v1-signed");
        let object = payload(request["data"]["request"].as_str().unwrap());
        assert_eq!(object["expected_origins"], json!([ORIGIN]));
        assert_eq!(
            object["response_mode"],
            if plain { "dc_api" } else { "dc_api.jwt" }
        );
        assert!(object.get("response_uri").is_none() && object.get("state").is_none());
        let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
        let clear = json!({"vp_token": {"sd_jwt": [shown]}});
        let data = match plain {
            true => clear,
            false => json!({"response": encrypt(&object, &clear)}),
        };
        let answer = json!({"protocol": "openid4vp-v1-signed", "origin": ORIGIN, "data": data});
        let taken = program.dc_api(&asked, &answer);
        assert_eq!(taken.status, 200, "{}", taken.text);
        assert_eq!(program.result(&asked).json()["state"], "verified");
    }
}

#[test]
fn transaction_data_are_confirmed_or_the_answer_is_refused() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let payment = json!({"type": "urn:tessera:transaction:payment:1", "payee": "SPECIMEN SHOP",
        "amount": "12.50", "currency": "EUR"});
    let wanted =
        json!({"service": "internet-cafe", "flow": "cross_device", "transaction_data": [payment]});
    let asked = program.ask(&wanted);
    let object = program.fetch(&asked);
    let encoded = object["transaction_data"][0].as_str().unwrap();
    let hash = |text: &str| {
        tessera_verifier::encoding::base64url(&tessera_verifier::crypto::sha256(text.as_bytes()))
    };
    let answer = |hashes: Option<Value>| {
        let binding = Binding {
            hashes,
            ..Binding::default()
        };
        json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &binding)]})
    };
    let confirmed = program.respond(&object, &answer(Some(json!([hash(encoded)]))));
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(program.result(&asked).json()["state"], "verified");
    for hashes in [
        None,
        Some(json!([])),
        Some(json!([hash("another")])),
        Some(json!([hash(encoded), hash("more")])),
    ] {
        let asked = program.ask(&wanted);
        let object = program.fetch(&asked);
        let binding = Binding {
            hashes,
            ..Binding::default()
        };
        let shown = world.show(&world.issue(GOOD), &object, &binding);
        let refused = program.respond(&object, &json!({"sd_jwt": [shown]}));
        assert_eq!(refused.code(), "400 transaction_not_confirmed");
    }
    for unknown in [
        json!({"type": "urn:example:unknown"}),
        json!({"payee": "no type"}),
        // What the server writes itself.
        json!({"type": "urn:tessera:transaction:payment:1", "payee": "SPECIMEN SHOP", "amount": "12.50",
            "currency": "EUR", "credential_ids": ["other"]}),
        json!({"type": "urn:tessera:transaction:payment:1", "payee": "SPECIMEN SHOP", "amount": "12.50",
            "currency": "EUR", "transaction_data_hashes_alg": ["sha-512"]}),
    ] {
        let wanted = json!({"service": "internet-cafe", "flow": "cross_device", "transaction_data": [unknown]});
        assert_eq!(
            program.start_as(SECRET, &wanted).code(),
            "400 transaction_data_invalid"
        );
    }
}

#[test]
fn ends_when_it_is_asked_to() {
    let world = World::new();
    let mut program = Program::start(&world, &Setup::default());
    assert_eq!(program.get("/healthz").status, 200);
    assert!(program.terminate());
    assert!(program.log().contains("stopped"));
}

/// Where the configuration takes several of a kind, each is decided, handed over and shown; one bad one ends the request.
#[test]
fn several_of_a_kind_are_taken_where_the_configuration_says_so() {
    let world = World::new();
    let setup = Setup {
        multiple: true,
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let show = |object: &Value, index| world.show(&world.issue(index), object, &Binding::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    for query in object["dcql_query"]["credentials"].as_array().unwrap() {
        assert_eq!(query["multiple"], true);
    }
    let both = json!({"sd_jwt": [show(&object, GOOD), show(&object, GOOD + 1)]});
    assert_eq!(program.respond(&object, &both).status, 200);
    let result = program.result(&asked);
    assert_eq!(result.json()["state"], "verified");
    let credentials = result.json()["credentials"].as_array().unwrap().clone();
    assert_eq!(credentials.len(), 2);
    for credential in credentials {
        assert_eq!(
            credential["claims"],
            json!({"age_equal_or_over": {"18": true}})
        );
    }
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let one_bad = json!({"sd_jwt": [show(&object, GOOD), show(&object, REVOKED)]});
    assert_eq!(program.respond(&object, &one_bad).code(), "400 revoked");
    assert_eq!(program.result(&asked).json()["code"], "revoked");
    // Elsewhere one is asked for.
    let hotel = program.ask(&json!({"service": "hotel", "flow": "cross_device"}));
    let object = program.fetch(&hotel);
    assert!(
        object["dcql_query"]["credentials"][0]
            .get("multiple")
            .is_none()
    );
}

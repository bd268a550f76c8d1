//! What is refused: presentations that do not hold, answers in another form, callers without a right.

use serde_json::{Value, json};

use crate::program::{ORIGIN, OTHER_SECRET, Program, RETURN, SECRET, Setup, encrypt, payload};
use crate::world::{Binding, GOOD, REVOKED, Signer, World};

/// One request; a presentation that is not taken; then the honest one, which is.
fn refused_then_taken(shown: impl Fn(&World, &Value) -> String, code: &str, stage: &str) {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let refused = program.respond(&object, &json!({"sd_jwt": [shown(&world, &object)]}));
    assert_eq!(refused.code(), format!("400 {code}"), "{}", refused.text);
    assert_eq!(refused.json()["stage"], stage);
    assert_eq!(refused.json()["error"], "invalid_request");
    let waiting = program.result(&asked);
    assert_eq!(
        (waiting.status, &waiting.json()["last_refusal"]),
        (202, &json!(code))
    );
    let honest = world.show(&world.issue(GOOD), &object, &Binding::default());
    let taken = program.respond(&object, &json!({"sd_jwt": [honest]}));
    assert_eq!(taken.status, 200, "{}", taken.text);
}

fn bound(binding: Binding<'_>, code: &str) {
    let shown = |world: &World, object: &Value| world.show(&world.issue(GOOD), object, &binding);
    refused_then_taken(shown, code, "holder");
}

#[test]
fn bad_credential_signature_is_refused() {
    refused_then_taken(
        |world, object| {
            let forged = world.issue_by(&Signer::fresh(), GOOD);
            world.show(&forged, object, &Binding::default())
        },
        "invalid_signature",
        "proof",
    );
}

#[test]
fn key_binding_for_another_audience_is_refused() {
    let aud = Some("decentralized_identifier:did:key:zDnaeSomebodyElse");
    bound(
        Binding {
            aud,
            ..Binding::default()
        },
        "audience_mismatch",
    );
}

#[test]
fn key_binding_with_another_nonce_is_refused() {
    let nonce = Some("bm9uY2Utb2Ytc29tZWJvZHkgZWxzZQ");
    bound(
        Binding {
            nonce,
            ..Binding::default()
        },
        "nonce_mismatch",
    );
}

#[test]
fn key_binding_by_another_key_is_refused() {
    let thief = Signer::fresh();
    let key = Some(&thief);
    bound(
        Binding {
            key,
            ..Binding::default()
        },
        "holder_binding_invalid",
    );
}

#[test]
fn key_binding_with_another_sd_hash_is_refused() {
    let sd_hash = Some("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    bound(
        Binding {
            sd_hash,
            ..Binding::default()
        },
        "holder_binding_invalid",
    );
}

#[test]
fn key_binding_from_the_future_is_refused() {
    bound(
        Binding {
            age: -600,
            ..Binding::default()
        },
        "presentation_from_future",
    );
}

#[test]
fn key_binding_that_is_too_old_is_refused() {
    bound(
        Binding {
            age: 3600,
            ..Binding::default()
        },
        "presentation_too_old",
    );
}

/// An answer made for the Digital Credentials API at another origin is what a wrong session transcript is to an mdoc.
#[test]
fn answer_to_another_origin_is_refused() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked =
        program.ask(&json!({"service": "internet-cafe", "flow": "dc_api", "origin": ORIGIN}));
    let object = payload(
        asked.0["digital"]["requests"][0]["data"]["request"]
            .as_str()
            .unwrap(),
    );
    let send = |aud: Option<&str>, origin: &str| {
        let shown = world.show(
            &world.issue(GOOD),
            &object,
            &Binding {
                aud,
                ..Binding::default()
            },
        );
        let data = json!({"response": encrypt(&object, &json!({"vp_token": {"sd_jwt": [shown]}}))});
        program.dc_api(
            &asked,
            &json!({"protocol": "openid4vp-v1-signed", "origin": origin, "data": data}),
        )
    };
    assert_eq!(
        send(Some("origin:https://thief.example"), ORIGIN).code(),
        "400 audience_mismatch"
    );
    // The client identifier is no audience there (appendix A.4).
    assert_eq!(
        send(object["client_id"].as_str(), ORIGIN).code(),
        "400 audience_mismatch"
    );
    assert_eq!(
        send(None, "https://thief.example").code(),
        "400 origin_mismatch"
    );
    assert_eq!(send(None, ORIGIN).status, 200);
}

/// A back end brings answers of its own page; those to a link come from the wallet, with its `state`.
#[test]
fn an_answer_to_a_link_is_not_taken_from_the_back_end() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    let clear = json!({"vp_token": {"sd_jwt": [shown]}, "state": object["state"]});
    for data in [
        json!({"response": encrypt(&object, &clear)}),
        json!({"error": "access_denied", "state": object["state"]}),
    ] {
        let answer = json!({"protocol": "openid4vp-v1-signed", "origin": ORIGIN, "data": data});
        let refused = program.dc_api(&asked, &answer);
        assert_eq!(refused.code(), "400 flow_not_offered");
    }
    assert_eq!(program.result(&asked).status, 202);
}

#[test]
fn a_revoked_credential_ends_the_request() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let revoked = world.show(&world.issue(REVOKED), &object, &Binding::default());
    assert_eq!(
        program
            .respond(&object, &json!({"sd_jwt": [revoked]}))
            .code(),
        "400 revoked"
    );
    let result = program.result(&asked).json();
    assert_eq!(
        (&result["state"], &result["code"]),
        (&json!("refused"), &json!("revoked"))
    );
    assert!(result["message"]["zh"].is_string());
}

#[test]
fn a_presentation_for_another_request_is_refused() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let (first, second) = (program.ask_cafe(), program.ask_cafe());
    let (one, two) = (program.fetch(&first), program.fetch(&second));
    let shown = json!({"sd_jwt": [world.show(&world.issue(GOOD), &one, &Binding::default())]});
    assert_eq!(program.respond(&two, &shown).code(), "400 nonce_mismatch");
    // Encrypted to the other's key.
    let clear = json!({"vp_token": shown, "state": two["state"]});
    let url = two["response_uri"].as_str().unwrap();
    let sent = program.post_form(url, &[("response", &encrypt(&one, &clear))]);
    assert_eq!(sent.code(), "400 response_unreadable");
    // To the right key, with the other's state.
    let clear = json!({"vp_token": shown, "state": one["state"]});
    let sent = program.post_form(url, &[("response", &encrypt(&two, &clear))]);
    assert_eq!(sent.code(), "400 state_mismatch");
    assert_eq!(program.respond(&one, &shown).status, 200);
}

#[test]
fn several_presentations_where_one_was_asked_are_refused() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let object = program.fetch(&program.ask_cafe());
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    let twice = program.respond(&object, &json!({"sd_jwt": [shown, shown]}));
    assert_eq!(twice.code(), "400 query_not_satisfied");
    let object = program.fetch(&program.ask_cafe());
    let (sd_jwt, ldp) = (
        world.show(&world.issue(GOOD), &object, &Binding::default()),
        world.show_ldp(&object),
    );
    let both = program.respond(&object, &json!({"sd_jwt": [sd_jwt], "ldp": [ldp]}));
    assert_eq!(both.code(), "400 over_disclosure");
}

/// The outcome is a refusal: a relying party must not learn by accident what it did not ask, nor be handed it.
#[test]
fn more_than_was_asked_is_refused() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let binding = Binding {
        also: Some("given_name"),
        ..Binding::default()
    };
    let shown = world.show(&world.issue(GOOD), &object, &binding);
    let refused = program.respond(&object, &json!({"sd_jwt": [shown]}));
    assert_eq!(refused.code(), "400 over_disclosure");
    let result = program.result(&asked);
    assert_eq!(result.json()["state"], "refused");
    assert!(!result.text.contains("ANNA") && !program.log().contains("ANNA"));
}

#[test]
fn another_response_mode_than_asked_is_refused() {
    let world = World::new();
    for plain in [true, false] {
        let program = Program::start(
            &world,
            &Setup {
                plain,
                ..Setup::default()
            },
        );
        let object = program.fetch(&program.ask_cafe());
        let token =
            json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &Binding::default())]});
        let (url, state) = (
            object["response_uri"].as_str().unwrap(),
            object["state"].as_str().unwrap(),
        );
        let text = token.to_string();
        let sent = match plain {
            true => program.post_form(url, &[("response", "a.b.c.d.e"), ("state", state)]),
            false => program.post_form(url, &[("vp_token", &text), ("state", state)]),
        };
        assert_eq!(sent.code(), "400 response_invalid");
        for parameters in [
            vec![("state", state)],
            vec![
                ("vp_token", text.as_str()),
                ("error", "access_denied"),
                ("state", state),
            ],
        ] {
            assert_eq!(
                program.post_form(url, &parameters).code(),
                "400 response_invalid"
            );
        }
        let double = [
            ("state", state),
            ("state", state),
            ("error", "access_denied"),
        ];
        assert_eq!(program.post_form(url, &double).code(), "400 malformed");
        if plain {
            let stateless = program.post_form(url, &[("vp_token", &text)]);
            assert_eq!(stateless.code(), "400 state_mismatch");
        }
        let json = program.send("POST", url, &[("content-type", "application/json")], &text);
        assert_eq!(json.code(), "415 unsupported_media_type");
        assert_eq!(program.respond(&object, &token).status, 200);
    }
}

#[test]
fn sizes_are_bounded_before_anything_is_read() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let object = program.fetch(&program.ask_cafe());
    let url = object["response_uri"].as_str().unwrap();
    let long = "a".repeat(600 * 1024);
    assert_eq!(
        program.post_form(url, &[("response", &long)]).code(),
        "413 too_large"
    );
    let deep = format!("{}1{}", "[".repeat(4000), "]".repeat(4000));
    let wanted = [("authorization", format!("Bearer {SECRET}"))];
    let headers = [
        ("authorization", wanted[0].1.as_str()),
        ("content-type", "application/json"),
    ];
    assert_eq!(
        program.send("POST", "/requests", &headers, &deep).code(),
        "400 malformed"
    );
}

#[test]
fn useless_answers_are_counted() {
    let world = World::new();
    let setup = Setup {
        requests: "attempts = 3",
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let object = program.fetch(&program.ask_cafe());
    let url = object["response_uri"].as_str().unwrap();
    for _ in 0..3 {
        assert_eq!(
            program.post_form(url, &[("response", "noise")]).code(),
            "400 response_unreadable"
        );
    }
    assert_eq!(
        program.post_form(url, &[("response", "noise")]).code(),
        "429 too_many_attempts"
    );
}

#[test]
fn requests_are_bounded_in_number() {
    let world = World::new();
    let setup = Setup {
        requests: "most = 2\nseconds = 2\noutcome_seconds = 1",
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let start = || program.start_as(SECRET, &json!({"service": "hotel", "flow": "cross_device"}));
    assert_eq!((start().status, start().status), (201, 201));
    assert_eq!(start().code(), "503 busy");
    // There is room again when they are over.
    program.until(|| start().status == 201);
}

#[test]
fn a_request_expires() {
    let world = World::new();
    let setup = Setup {
        requests: "seconds = 4\noutcome_seconds = 3",
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    program.until(|| program.get(&asked.request_uri()).status != 200);
    let late = program.respond(&object, &json!({"sd_jwt": [shown]}));
    assert_eq!(late.code(), "410 request_expired");
    assert_eq!(program.result(&asked).code(), "410 request_expired");
    program.until(|| program.result(&asked).status == 404);
}

#[test]
fn an_outcome_that_nobody_fetches_is_wiped() {
    let world = World::new();
    let setup = Setup {
        requests: "outcome_seconds = 2",
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    let taken = program.respond(&object, &json!({"sd_jwt": [shown]}));
    assert_eq!(taken.status, 200, "{}", taken.text);
    let page = format!("{}/state", asked.page());
    program.until(|| program.get(&page).json()["state"] == "gone");
    assert_eq!(program.result(&asked).code(), "404 not_found");
}

#[test]
fn only_a_back_end_with_its_secret_starts_and_fetches() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let wanted = json!({"service": "internet-cafe", "flow": "cross_device"});
    for secret in ["", "guess", &SECRET[1..], &format!("{SECRET}x")] {
        let refused = program.start_as(secret, &wanted);
        assert_eq!(refused.code(), "401 unauthorized", "{secret}");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    let asked = program.ask_cafe();
    assert_eq!(
        program.result_with(&asked, "guess", "").code(),
        "401 unauthorized"
    );
    // Another back end does not even learn that there is such a request.
    assert_eq!(
        program.result_with(&asked, OTHER_SECRET, "").code(),
        "404 not_found"
    );
    let hotel = json!({"service": "hotel", "flow": "cross_device"});
    assert_eq!(
        program.start_as(OTHER_SECRET, &hotel).code(),
        "403 service_not_offered"
    );
}

#[test]
fn nothing_beyond_the_configuration_is_started() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    for (wanted, code) in [
        (
            json!({"service": "bank-account", "flow": "cross_device"}),
            "403 service_not_offered",
        ),
        (
            json!({"service": "casino", "flow": "cross_device"}),
            "403 service_not_offered",
        ),
        (
            json!({"service": "hotel", "flow": "same_device"}),
            "400 flow_not_offered",
        ),
        (
            json!({"service": "hotel", "flow": "same_device", "return_url": "https://thief.example/"}),
            "403 address_not_configured",
        ),
        (
            json!({"service": "hotel", "flow": "same_device", "return_url": format!("{RETURN}.thief.example")}),
            "403 address_not_configured",
        ),
        (
            json!({"service": "hotel", "flow": "dc_api", "origin": "https://thief.example"}),
            "403 address_not_configured",
        ),
        (
            json!({"service": "hotel", "flow": "cross_device", "return_url": RETURN}),
            "400 flow_not_offered",
        ),
        (
            json!({"service": "hotel", "flow": "cross_device", "claims": ["sex"]}),
            "400 malformed",
        ),
    ] {
        assert_eq!(program.start_as(SECRET, &wanted).code(), code, "{wanted}");
    }
}

#[test]
fn refusals_speak_the_language_asked_for() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let refused = program.send("GET", "/nowhere", &[("accept-language", "zh-CN")], "");
    assert_eq!(
        (refused.code().as_str(), &refused.json()["title"]),
        ("404 not_found", &json!("未找到。"))
    );
    assert_eq!(
        program.send("POST", "/healthz", &[], "").code(),
        "405 method_not_allowed"
    );
}

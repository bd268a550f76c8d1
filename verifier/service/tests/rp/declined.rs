//! Error responses (OpenID4VP 1.0 §8.5): the holder says no, or the wallet cannot.

use std::sync::Barrier;

use serde_json::{Value, json};

use crate::program::{Answer, ORIGIN, Program, RETURN, SECRET, Setup, encrypt, payload};
use crate::world::{Binding, GOOD, World};

/// Sends an error in the clear, or encrypted to the key of the request.
fn decline(program: &Program, object: &Value, error: &str, encrypted: bool) -> Answer {
    let url = object["response_uri"].as_str().unwrap();
    let state = object["state"].as_str().unwrap();
    match encrypted {
        true => {
            let clear = json!({"error": error, "state": state, "error_description": "SPECIMEN"});
            program.post_form(url, &[("response", &encrypt(object, &clear))])
        }
        false => {
            let said = [
                ("error", error),
                ("state", state),
                ("error_description", "SPECIMEN"),
            ];
            program.post_form(url, &said)
        }
    }
}

#[test]
fn the_holder_may_say_no() {
    let world = World::new();
    // Asked for in the clear, asked for encrypted and told in the clear, told encrypted.
    for (plain, encrypted) in [(true, false), (false, false), (false, true)] {
        let setup = Setup {
            plain,
            ..Setup::default()
        };
        let program = Program::start(&world, &setup);
        let asked = program.ask_cafe();
        let object = program.fetch(&asked);
        let (url, state) = (
            object["response_uri"].as_str().unwrap(),
            format!("{}/state", asked.page()),
        );
        for stranger in [
            vec![("error", "access_denied"), ("state", "guessed")],
            vec![("error", "access_denied")],
        ] {
            assert_eq!(
                program.post_form(url, &stranger).code(),
                "400 state_mismatch"
            );
        }
        if encrypted {
            let guessed = encrypt(
                &object,
                &json!({"error": "access_denied", "state": "guessed"}),
            );
            let refused = program.post_form(url, &[("response", &guessed)]);
            assert_eq!(refused.code(), "400 state_mismatch");
        }
        assert_eq!(program.get(&state).json()["state"], "fetched");
        let taken = decline(&program, &object, "access_denied", encrypted);
        assert_eq!((taken.status, taken.text.as_str()), (200, "{}"));
        let shown = program.get(&state).json();
        assert_eq!(
            (&shown["state"], &shown["claims"]),
            (&json!("declined"), &json!([]))
        );
        // It is over: no second error, and no answer after all.
        let again = decline(&program, &object, "access_denied", encrypted);
        assert_eq!(again.code(), "409 response_taken");
        let token = world.show(&world.issue(GOOD), &object, &Binding::default());
        let late = program.respond(&object, &json!({"sd_jwt": [token]}));
        assert_eq!(late.code(), "409 response_taken");
        // Nor is anything looked at any more.
        let noise = program.post_form(url, &[("response", "noise"), ("state", "guessed")]);
        assert_eq!(noise.code(), "409 response_taken");
        // Told once, and nothing else is.
        assert_eq!(
            program.result(&asked).json(),
            json!({"state": "declined", "error": "access_denied"})
        );
        assert_eq!(program.result(&asked).code(), "410 already_handed_over");
        assert!(!program.log().contains("SPECIMEN"));
    }
}

#[test]
fn errors_of_wallets_are_passed_on_by_a_known_name() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    for (said, told) in [
        ("invalid_request", "invalid_request"),
        ("vp_formats_not_supported", "vp_formats_not_supported"),
        ("invalid_transaction_data", "invalid_transaction_data"),
        ("ANNA SPECIMEN was here", "other"),
    ] {
        let asked = program.ask_cafe();
        let object = program.fetch(&asked);
        assert_eq!(decline(&program, &object, said, true).status, 200);
        let told = json!({"state": "declined", "error": told});
        assert_eq!(program.result(&asked).json(), told);
    }
    let object = program.fetch(&program.ask_cafe());
    let url = object["response_uri"].as_str().unwrap();
    for neither in [
        json!({"state": object["state"]}),
        json!({"state": object["state"], "error": 1}),
        json!({"state": object["state"], "error": "access_denied", "vp_token": {"sd_jwt": []}}),
    ] {
        let refused = program.post_form(url, &[("response", &encrypt(&object, &neither))]);
        assert_eq!(refused.code(), "400 response_invalid", "{neither}");
    }
}

/// A browser that was sent along is not sent back with a code: there is nothing to fetch with it.
#[test]
fn a_declined_same_device_request_has_no_code() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let wanted = json!({"service": "internet-cafe", "flow": "same_device", "return_url": RETURN});
    let asked = program.ask(&wanted);
    let object = program.fetch(&asked);
    let taken = decline(&program, &object, "access_denied", true);
    assert_eq!((taken.status, taken.text.as_str()), (200, "{}"));
    assert_eq!(
        program.result_with(&asked, SECRET, "").json()["state"],
        "declined"
    );
}

/// Appendix A.4: an error stands alone, in the clear and without `state`.
#[test]
fn the_digital_credentials_api_declines_too() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let wanted = json!({"service": "internet-cafe", "flow": "dc_api", "origin": ORIGIN});
    let asked = program.ask(&wanted);
    let object = asked.0["digital"]["requests"][0]["data"]["request"].as_str();
    assert_eq!(payload(object.unwrap())["response_mode"], "dc_api.jwt");
    let answer = json!({"protocol": "openid4vp-v1-signed", "origin": ORIGIN,
        "data": {"error": "access_denied"}});
    assert_eq!(program.dc_api(&asked, &answer).status, 200);
    assert_eq!(program.dc_api(&asked, &answer).code(), "409 response_taken");
    let told = json!({"state": "declined", "error": "access_denied"});
    assert_eq!(program.result(&asked).json(), told);
}

#[test]
fn an_answer_and_an_error_that_race_end_it_once() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let token = json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &Binding::default())]});
    let barrier = Barrier::new(8);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let send = |number: usize| {
            let (program, object, token, barrier) = (&program, &object, &token, &barrier);
            scope.spawn(move || {
                barrier.wait();
                match number % 2 {
                    0 => program.respond(object, token).status,
                    _ => decline(program, object, "access_denied", true).status,
                }
            })
        };
        let threads: Vec<_> = (0..8).map(send).collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let taken = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(taken, 1, "{statuses:?}");
    let state = program.result(&asked).json()["state"].clone();
    assert!(state == "verified" || state == "declined", "{state}");
}

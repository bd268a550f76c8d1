//! Once: an answer is taken once and an outcome handed over once, from however many connections; and a session that a
//! stranger fixed gets nothing.

use std::sync::Barrier;

use serde_json::json;

use crate::program::{Program, RETURN, SECRET, Setup};
use crate::world::{Binding, GOOD, World};

const CONNECTIONS: usize = 12;

#[test]
fn one_answer_from_many_connections_is_taken_once() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let token = json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &Binding::default())]});
    let barrier = Barrier::new(CONNECTIONS);
    let statuses: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let answer = program.respond(&object, &token);
                    match answer.status {
                        200 => "taken".to_owned(),
                        _ => answer.code(),
                    }
                })
            })
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let count = |what: &str| statuses.iter().filter(|status| *status == what).count();
    assert_eq!(count("taken"), 1, "{statuses:?}");
    assert_eq!(count("409 response_taken"), CONNECTIONS - 1, "{statuses:?}");
}

#[test]
fn one_outcome_is_handed_over_once() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let token = json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &Binding::default())]});
    assert_eq!(program.respond(&object, &token).status, 200);
    let barrier = Barrier::new(CONNECTIONS);
    let answers: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let answer = program.result(&asked);
                    match answer.status {
                        200 => answer.text,
                        _ => answer.code(),
                    }
                })
            })
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let given = answers.iter().filter(|text| text.contains("verified"));
    assert_eq!(given.count(), 1, "{answers:?}");
    let told = answers
        .iter()
        .filter(|text| *text == "410 already_handed_over");
    assert_eq!(told.count(), CONNECTIONS - 1, "{answers:?}");
}

/// OpenID4VP 1.0 §13.3: the attacker starts a same-device request and has the victim's wallet answer it. The outcome is
/// for the browser that the wallet opens, which brings the code; the session that was fixed has none.
#[test]
fn a_fixed_session_of_another_device_gets_nothing() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let fixed = program
        .ask(&json!({"service": "internet-cafe", "flow": "same_device", "return_url": RETURN}));
    let object = program.fetch(&fixed);
    let token = json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &Binding::default())]});
    let taken = program.respond(&object, &token).json();
    for query in ["", "?response_code=", "?response_code=guessed"] {
        let refused = program.result_with(&fixed, SECRET, query);
        assert_eq!(refused.code(), "403 response_code_wrong");
        assert!(!refused.text.contains("age_equal_or_over"));
    }
    // A code of another request is none of this one's.
    let other = program
        .ask(&json!({"service": "internet-cafe", "flow": "same_device", "return_url": RETURN}));
    let object = program.fetch(&other);
    let token = json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &Binding::default())]});
    let back = program.respond(&object, &token).json();
    let code = |answer: &serde_json::Value| {
        let url = url::Url::parse(answer["redirect_uri"].as_str().unwrap()).unwrap();
        let found = url.query_pairs().find(|(name, _)| name == "response_code");
        found.unwrap().1.into_owned()
    };
    let foreign = format!("?response_code={}", code(&back));
    let refused = program.result_with(&fixed, SECRET, &foreign);
    assert_eq!(refused.code(), "403 response_code_wrong");
    let own = format!("?response_code={}", code(&taken));
    assert_eq!(program.result_with(&fixed, SECRET, &own).status, 200);
}

//! The bundle: refreshed in the background from a mirror that may be hostile.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::program::{Mirror, Program, SECRET, Setup, command, configure, free_port, ok};
use crate::world::{Binding, DAY, GOOD, Signer, World};

fn cafe(program: &Program) -> u16 {
    let wanted = json!({"service": "internet-cafe", "flow": "cross_device"});
    program.start_as(SECRET, &wanted).status
}

#[test]
fn a_newer_bundle_is_taken_and_an_older_or_foreign_one_is_not() {
    let world = World::new();
    let mirror = Mirror::serving(&world.bundle(600));
    let program = Program::start_with(&world, &mirror, &Setup::default());
    program.until_ready();
    let refused = |code: &str| program.log().contains(&format!("\"code\":\"{code}\""));
    // The refresh of a second before may still be under way, so each is awaited in the log.
    mirror.put(ok(&world.bundle(1200)));
    program.until(|| refused("bundle_older"));
    mirror.put(ok(&world.bundle_by(&Signer::fresh(), 0)));
    program.until(|| refused("bundle_untrusted"));
    mirror.put(ok(&world.bundle(-3600)));
    program.until(|| refused("bundle_from_future"));
    mirror.put(ok(b"noise"));
    program.until(|| refused("malformed"));
    // The last good one decides all the while.
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    assert_eq!(
        program.respond(&object, &json!({"sd_jwt": [shown]})).status,
        200
    );
    assert_eq!(program.get("/readyz").status, 200);
}

/// A credential that is younger than the bundle names a status list that only the next one has.
#[test]
fn a_missing_status_list_is_fetched_out_of_turn() {
    let world = World::new();
    let mirror = Mirror::serving(&world.bundle_without_lists(600));
    let setup = Setup {
        refresh: Some(3600),
        ..Setup::default()
    };
    let program = Program::start_with(&world, &mirror, &setup);
    program.until_ready();
    mirror.put(ok(&world.bundle(60)));
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    let taken = program.respond(&object, &json!({"sd_jwt": [shown]}));
    assert_eq!(taken.status, 200, "{}", taken.text);
}

#[test]
fn a_stale_bundle_decides_nothing() {
    let world = World::new();
    let mirror = Mirror::serving(&world.bundle(DAY - 4));
    let program = Program::start_with(&world, &mirror, &Setup::default());
    program.until_ready();
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let shown = json!({"sd_jwt": [world.show(&world.issue(GOOD), &object, &Binding::default())]});
    program.until(|| program.get("/readyz").status == 503);
    assert_eq!(
        program.respond(&object, &shown).code(),
        "503 bundle_unavailable"
    );
    assert_eq!(cafe(&program), 503);
    mirror.put(ok(&world.bundle(0)));
    program.until_ready();
    assert_eq!(program.respond(&object, &shown).status, 200);
}

#[test]
fn the_last_good_one_is_kept_over_a_restart() {
    let world = World::new();
    let kept = tempfile::tempdir().unwrap();
    let file = kept.path().join("bundle.jwt");
    let line = format!("file = {file:?}");
    let setup = Setup {
        bundle: &line,
        ..Setup::default()
    };
    // Ready as soon as it has one, which is a moment before it is on the disk.
    let first = Program::start(&world, &setup);
    first.until(|| file.exists());
    drop(first);
    let dead = Mirror::of(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n".to_vec());
    let program = Program::start_with(&world, &dead, &setup);
    assert_eq!(program.get("/readyz").status, 200);
    program.until(|| program.log().contains("status_not_ok"));
    assert_eq!(cafe(&program), 201);
}

#[test]
fn redirects_endless_and_slow_answers_of_a_mirror_are_cut_off() {
    let world = World::new();
    let good = Mirror::serving(&world.bundle(0));
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        good.url
    );
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.resize(70 * 1024 * 1024, b'a');
    for (answer, code) in [
        (redirect.into_bytes(), "redirect_refused"),
        (endless, "answer_too_large"),
        // Announces more than it sends: the connection ends, and nothing half is taken.
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc".to_vec(),
            "network_unreachable",
        ),
    ] {
        let program = Program::start_with(&world, &Mirror::of(answer), &Setup::default());
        let expected = format!("\"code\":\"{code}\"");
        program.until(|| program.log().contains(&expected));
        assert_eq!(program.get("/readyz").status, 503);
        assert_eq!(program.get("/healthz").status, 200);
    }
}

#[test]
fn a_mirror_that_does_not_answer_holds_nothing_up() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut silent = Mirror::of(Vec::new());
    silent.url = format!("http://{}/bundle", listener.local_addr().unwrap());
    let program = Program::start_with(&world, &silent, &Setup::default());
    let begun = Instant::now();
    program.until(|| program.log().contains("network_timeout"));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn mirrors_in_private_networks_are_not_asked_unless_configured() {
    let world = World::new();
    for (url, at_start) in [
        ("https://10.0.0.1/bundle", false),
        ("https://169.254.169.254/latest/meta-data", false),
        ("http://mirror.example/bundle", true),
        ("file:///etc/passwd", true),
        ("https://user:word@mirror.example/", true),
    ] {
        let mut mirror = Mirror::of(Vec::new());
        mirror.url = url.to_owned();
        if at_start {
            let folder = tempfile::tempdir().unwrap();
            let setup = Setup::default();
            let config = configure(folder.path(), free_port(), &world.root.did(), url, &setup);
            let checked = command()
                .args(["check", "--config"])
                .arg(config)
                .output()
                .unwrap();
            assert!(!checked.status.success());
            let said = String::from_utf8_lossy(&checked.stderr).into_owned();
            assert!(said.contains("bundle.url"), "{said}");
        } else {
            let program = Program::start_with(&world, &mirror, &Setup::default());
            program.until(|| program.log().contains("address_refused"));
        }
    }
}

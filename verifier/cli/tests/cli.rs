//! The command as its users run it: what it prints, which files it writes, how it exits.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The samples' moment.
const NOW: &str = "2026-01-15T18:00:00Z";

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples");
    folder.join(name).to_str().unwrap().to_owned()
}

fn root() -> String {
    fs::read_to_string(sample("root.txt")).unwrap()
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tessera-verify"))
        .args(arguments)
        .env_remove("TESSERA_LANG")
        .output()
        .unwrap()
}

fn exit(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn check(presentation: &str, now: &str, extra: &[&str]) -> Output {
    let (request, bundle, root) = (sample("request.jwt"), sample("bundle.jwt"), root());
    let mut arguments = vec![
        "check",
        "--request",
        &request,
        "--presentation",
        presentation,
        "--bundle",
        &bundle,
        "--root",
        &root,
    ];
    arguments.extend(["--now", now]);
    arguments.extend(extra);
    run(&arguments)
}

#[test]
fn check_says_what_was_proved() {
    for name in ["presentation-sd_jwt.json", "presentation-ldp.json"] {
        let checked = check(&sample(name), NOW, &[]);
        assert_eq!(exit(&checked), 0);
        let text = out(&checked);
        assert!(text.contains("Verified for: Internet café"), "{text}");
        assert!(
            text.contains("age_equal_or_over.18 = true") && text.contains("not revoked"),
            "{text}"
        );
        let chinese = out(&check(&sample(name), NOW, &["--lang", "zh"]));
        assert!(
            chinese.contains("验证通过") && chinese.contains("网吧"),
            "{chinese}"
        );
        let verdict = json(&check(&sample(name), NOW, &["--json"]));
        assert_eq!(
            verdict["credentials"][0]["claims"],
            serde_json::json!({"age_equal_or_over": {"18": true}})
        );
        assert_eq!(verdict["credentials"][0]["status"]["state"], "valid");
    }
}

#[test]
fn check_refuses_with_code_and_advice() {
    let name = sample("presentation-sd_jwt.json");
    let late = check(&name, "2026-01-15T18:30:00Z", &["--json"]);
    assert_eq!(
        (exit(&late), json(&late)["code"].as_str()),
        (1, Some("request_expired"))
    );
    assert_eq!(json(&late)["stage"], "request");
    assert!(
        json(&late)["advice"]
            .as_str()
            .is_some_and(|advice| advice.contains("new request"))
    );
    let altered = folder("altered").join("p.json");
    fs::write(
        &altered,
        fs::read_to_string(&name)
            .unwrap()
            .replacen('~', "~WyJzIiwibiIsMV0~", 1),
    )
    .unwrap();
    let refused = check(altered.to_str().unwrap(), NOW, &[]);
    assert_eq!(exit(&refused), 1);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("[disclosure_invalid]"), "{said}");
    assert!(said.contains("at the stage: disclosure\n"), "{said}");
    let missing = check("no-such-file.json", NOW, &["--json"]);
    assert_eq!(
        (exit(&missing), json(&missing)["code"].as_str()),
        (4, Some("file_trouble"))
    );
    assert!(json(&missing).get("stage").is_none());
}

/// A stale bundle is neither yes nor no: exit status 3, unless the operator allows it, and then it is said.
#[test]
fn check_with_a_stale_bundle_is_undetermined() {
    let presentation = sample("presentation-sd_jwt.json");
    let stale = |extra: &[&str]| {
        let (request, bundle, root) = (sample("request.jwt"), sample("bundle-stale.jwt"), root());
        let mut arguments = vec![
            "check",
            "--request",
            &request,
            "--presentation",
            &presentation,
        ];
        arguments.extend(["--bundle", &bundle, "--root", &root, "--now", NOW]);
        arguments.extend(extra);
        run(&arguments)
    };
    let refused = stale(&["--json"]);
    assert_eq!(
        (exit(&refused), json(&refused)["code"].as_str()),
        (3, Some("bundle_stale"))
    );
    let allowed = stale(&["--allow-undetermined", "--json"]);
    assert_eq!(exit(&allowed), 0);
    assert_eq!(
        json(&allowed)["credentials"][0]["status"]["state"],
        "undetermined"
    );
    assert!(out(&stale(&["--allow-undetermined"])).contains("UNDETERMINED"));
    let shown = run(&[
        "bundle",
        "show",
        &sample("bundle-stale.jwt"),
        "--root",
        &root(),
        "--json",
    ]);
    assert_eq!(
        (exit(&shown), json(&shown)["stale"].as_bool()),
        (0, Some(true))
    );
    assert_eq!(json(&shown)["max_age_seconds"], 86_400);
}

#[test]
fn wrong_use_is_told_apart() {
    assert_eq!(exit(&run(&["check"])), 2);
    assert_eq!(exit(&run(&["check", "--now", "yesterday"])), 2);
    let help = run(&["--help"]);
    assert_eq!(exit(&help), 0);
    assert!(
        out(&help).contains("Exit status:") && out(&help).contains("Example, an internet café")
    );
}

#[test]
fn key_and_request() {
    let folder = folder("request");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let made = run(&["keygen", "--out", &path("rp.key")]);
    assert_eq!(exit(&made), 0);
    let did = out(&made).trim().to_owned();
    assert!(did.starts_with("did:key:zDn"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(path("rp.key")).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert_eq!(
        exit(&run(&["keygen", "--out", &path("rp.key")])),
        4,
        "an existing key is never replaced"
    );

    let registration = serde_json::json!({"client_id": format!("decentralized_identifier:{did}"),
        "name": {"en": "SPECIMEN café", "zh": "样本网吧"}, "services": ["internet-cafe"], "not_after": null});
    fs::write(path("registration.json"), registration.to_string()).unwrap();
    let ask = |service: &str, extra: &[&str]| {
        let (key, registration) = (path("rp.key"), path("registration.json"));
        let mut arguments = vec![
            "request",
            "--key",
            &key,
            "--registration",
            &registration,
            "--service",
            service,
        ];
        arguments.extend(extra);
        run(&arguments)
    };
    let (one, two) = (ask("internet-cafe", &[]), ask("internet-cafe", &[]));
    assert_eq!((exit(&one), exit(&two)), (0, 0));
    assert_eq!(out(&one).split('.').count(), 3);
    assert_ne!(out(&one), out(&two), "each request has a nonce of its own");
    assert_eq!(
        json(&ask("internet-cafe", &["--json", "--out", &path("r.jwt")]))["out"],
        path("r.jwt")
    );
    for (service, code) in [
        ("bank-account", "service_unregistered"),
        ("no-such", "service_unknown"),
    ] {
        let refused = ask(service, &["--json"]);
        assert_eq!(
            (exit(&refused), json(&refused)["code"].as_str()),
            (2, Some(code))
        );
    }
    run(&["keygen", "--out", &path("other.key")]);
    fs::rename(path("other.key"), path("rp.key")).unwrap();
    let mismatch = ask("internet-cafe", &["--json"]);
    assert_eq!(
        (exit(&mismatch), json(&mismatch)["code"].as_str()),
        (2, Some("registration_mismatch"))
    );
}

/// Serves one answer on loopback and gives its address.
fn serve(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&answer);
    });
    format!("http://{address}/bundle")
}

#[test]
fn bundle_is_fetched_checked_and_kept() {
    let folder = folder("bundle");
    let kept = folder.join("bundle.jwt").to_str().unwrap().to_owned();
    let body = fs::read(sample("bundle.jwt")).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let url = serve([head.into_bytes(), body.clone()].concat());
    let fetched = run(&[
        "bundle",
        "fetch",
        &url,
        "--root",
        &root(),
        "--out",
        &kept,
        "--json",
    ]);
    assert_eq!((exit(&fetched), fs::read(&kept).unwrap()), (0, body));
    let copied = run(&["bundle", "copy", &kept, "--root", &root(), "--out", &kept]);
    assert_eq!(exit(&copied), 0);
    assert!(out(&copied).contains("City of SPECIMEN"));

    let code = |output: &Output| {
        (
            exit(output),
            json(output)["code"].as_str().unwrap().to_owned(),
        )
    };
    let fetch = |url: &str| {
        run(&[
            "bundle",
            "fetch",
            url,
            "--root",
            &root(),
            "--out",
            &kept,
            "--json",
        ])
    };
    let moved = serve(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
            .to_vec(),
    );
    assert_eq!(code(&fetch(&moved)), (4, "fetch_failed".to_owned()));
    assert_eq!(
        code(&fetch("http://issuer.example/bundle")),
        (2, "url_refused".to_owned())
    );
    assert_eq!(
        code(&fetch("file:///etc/passwd")),
        (2, "url_refused".to_owned())
    );
    let other_root = "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv";
    let foreign = run(&[
        "bundle", "copy", &kept, "--root", other_root, "--out", &kept, "--json",
    ]);
    assert_eq!(code(&foreign), (1, "bundle_untrusted".to_owned()));
}

//! The same through the `tessera` command: the browser's way back, and what is said about who signed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::{did, jws};
use tessera_wallet::secret::HolderKey;

use super::server::{CONFIGURATION, Manners, Server, VCT, key, pre_authorized, with_browser};

fn tessera(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command
        .args(arguments)
        .env("TESSERA_STORE", store)
        .env("TESSERA_PASSPHRASE", "correct horse")
        .env_remove("TESSERA_LANG")
        .env_remove("TESSERA_ATTESTER")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn json(store: &Path, arguments: &[&str]) -> Value {
    let output = tessera(store, arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The link a waiting command has printed. What it prints later is read as well: nobody has closed the terminal.
fn link(child: &mut Child) -> String {
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (found, link) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            if line.starts_with("http://") && line.contains("client_id=") {
                let _ = found.send(line);
            }
        }
    });
    link.recv().unwrap()
}

fn finish(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn get(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_browser_comes_back_to_the_waiting_command_and_nobody_else_is_listened_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    json(&store, &["init", "--json"]);
    let server = Server::start(Manners::default());
    let offer = server.offer(&with_browser());
    let receive = ["receive", &offer, "--yes", "--local", "--json"];
    let mut child = tessera(&store, &receive).spawn().unwrap();
    let link = link(&mut child);
    let back = server.agree(&link);
    let (address, query) = back.split_once('?').unwrap();
    for stranger in [
        format!("{address}favicon.ico"),
        format!("{address}?code=stolen&state=guessed"),
        format!("{address}other?{query}"),
    ] {
        assert!(get(&stranger).starts_with("HTTP/1.1 404"), "{stranger}");
    }
    let page = get(&back);
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("default-src 'none'"),
        "{page}"
    );
    let credential = &finish(child)["credential"];
    assert_eq!(
        (&credential["vct"], &credential["issued"]),
        (&VCT.into(), &3.into())
    );
    assert_eq!(credential["signed_by"], server.did());
    assert_eq!(credential["authenticated_by"], "did");
    let listed = json(&store, &["list", "--json"]);
    assert_eq!(listed["credentials"][0]["id"], credential["id"]);
    let id = credential["id"].as_str().unwrap();
    let shown = json(&store, &["show", id, "--json"]);
    assert_eq!(shown["claims"]["family_name"], "SPECIMEN");
    let gone = json(&store, &["delete", id, "--yes", "--json"]);
    assert_eq!(gone["issuer_told"], true);
    assert_eq!(
        server.events(),
        ["credential_accepted", "credential_deleted"]
    );
}

#[test]
fn without_a_browser_here_the_address_it_ends_at_is_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    json(&store, &["init", "--json"]);
    let server = Server::start(Manners::default());
    let offer = server.offer(&with_browser());
    let receive = ["receive", &offer, "--yes", "--local", "--json", "--paste"];
    let mut child = tessera(&store, &receive).spawn().unwrap();
    let back = server.agree(&link(&mut child));
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{back}").unwrap();
    drop(stdin);
    assert_eq!(finish(child)["credential"]["vct"], VCT);
}

#[test]
fn what_nobody_vouches_for_is_refused_without_a_yes_and_local_addresses_without_leave() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    json(&store, &["init", "--json"]);
    let server = Server::start(Manners::default());
    let offer = server.offer(&pre_authorized());
    for (arguments, refusal) in [
        (
            &["receive", offer.as_str(), "--local"][..],
            "issuer_unconfirmed",
        ),
        (&["receive", offer.as_str(), "--yes"], "address_refused"),
        (
            &[
                "receive",
                "--issuer",
                "http://issuer.example",
                "--configuration",
                CONFIGURATION,
            ],
            "url_insecure",
        ),
    ] {
        let output = tessera(&store, arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(&format!("error[{refusal}]")), "{stderr}");
    }
    assert_eq!(server.calls("/token"), 0);
    let received = json(&store, &["receive", &offer, "--local", "--yes", "--json"]);
    assert_eq!(received["credential"]["state"], "in_force");
}

/// A verifier's server for one answer: its address, and what was posted there.
fn verifier() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}/response", listener.local_addr().unwrap());
    let (told, posted) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_ascii_lowercase();
                if let Some(said) = lower.strip_prefix("content-length:") {
                    length = said.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let _ = told.send(String::from_utf8(body).unwrap());
            let answer = r#"{"redirect_uri":"https://verifier.example/cb#code"}"#;
            let head = format!("content-length: {}\r\nconnection: close", answer.len());
            let _ = write!(&stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{answer}");
        }
    });
    (at, posted)
}

fn request(key: &HolderKey, response_uri: &str, claim: &str) -> String {
    let client = did::did_key(key.public_key());
    let payload = serde_json::json!({
        "client_id": format!("decentralized_identifier:{client}"), "aud": "https://self-issued.me/v2",
        "response_type": "vp_token", "response_mode": "direct_post", "response_uri": response_uri,
        "nonce": "n-0S6_WzA2Mj", "state": "s1",
        "dcql_query": {"credentials": [{"id": "member", "format": "dc+sd-jwt",
            "meta": {"vct_values": [VCT]}, "claims": [{"path": [claim]}]}]},
    });
    let kid = did::verification_method(key.public_key());
    let header = serde_json::json!({"typ": "oauth-authz-req+jwt", "kid": kid});
    jws::sign(header, &payload, key).unwrap()
}

#[test]
fn a_requester_is_told_of_a_refusal_by_the_command_and_only_when_the_holder_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    json(&store, &["init", "--json"]);
    let issuer = Server::start(Manners::default());
    let offer = issuer.offer(&pre_authorized());
    json(&store, &["receive", &offer, "--local", "--yes", "--json"]);
    let (at, posted) = verifier();
    let requester = key();
    let present = |claim: &str, word: &[&str]| -> (Value, String) {
        let file = folder.path().join(claim);
        std::fs::write(&file, request(&requester, &at, claim)).unwrap();
        let file = file.to_str().unwrap();
        let always = [
            "present",
            file,
            "--local",
            "--unregistered",
            "ask",
            "--json",
        ];
        let mut command = tessera(&store, &[&always[..], word].concat());
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = String::from_utf8(output.stderr).unwrap();
        (serde_json::from_slice(&output.stdout).unwrap(), stderr)
    };
    // Nobody at the keyboard, or a yes to something that is not there: nothing is sent.
    for (claim, word, code) in [
        ("family_name", &[][..], "consent_needed"),
        ("shoe_size", &[], "query_not_satisfied"),
        ("shoe_size", &["--yes"], "query_not_satisfied"),
    ] {
        let (said, _) = present(claim, word);
        assert_eq!(said["error"]["code"], code);
        assert!(said.get("told").is_none(), "{said}");
    }
    for (claim, code) in [
        ("family_name", "consent_declined"),
        ("shoe_size", "query_not_satisfied"),
    ] {
        let (said, stderr) = present(claim, &["--decline"]);
        assert_eq!(said["error"]["code"], code);
        assert_eq!(said["told"], "access_denied");
        assert_eq!(said["redirect_uri"], "https://verifier.example/cb#code");
        assert!(stderr.contains("https://verifier.example/cb#code"));
        assert_eq!(posted.recv().unwrap(), "error=access_denied&state=s1");
    }
    assert!(posted.try_recv().is_err(), "nothing else was posted");
    let shown = json(&store, &["list", "--json"]);
    assert_eq!(shown["credentials"][0]["remaining"]["dc+sd-jwt"], 3);
}

/// OpenID4VP 1.0 appendix A.4.
#[test]
fn a_platform_gets_the_error_of_a_refusal_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("wallet");
    json(&store, &["init", "--json"]);
    let data = serde_json::json!({
        "response_type": "vp_token", "response_mode": "dc_api", "nonce": "n-0S6_WzA2Mj",
        "dcql_query": {"credentials": [{"id": "member", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}}]},
    });
    let call = serde_json::json!({"protocol": "openid4vp-v1-unsigned", "data": data});
    let file = folder.path().join("call.json");
    std::fs::write(&file, call.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let origin = "https://verifier.example";
    let always = ["dc-api", file, "--origin", origin, "--unregistered", "ask"];
    let answer = |word: &[&str]| {
        let mut command = tessera(&store, &[&always[..], word].concat());
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(answer(&[]), "");
    let response: Value = serde_json::from_str(&answer(&["--decline"])).unwrap();
    let expected = serde_json::json!({"protocol": "openid4vp-v1-unsigned", "data": {"error": "access_denied"}});
    assert_eq!(response, expected);
    let said: Value = serde_json::from_str(&answer(&["--decline", "--json"])).unwrap();
    assert_eq!(said["response"], expected);
    let out = folder.path().join("response.json");
    assert_eq!(answer(&["--decline", "--out", out.to_str().unwrap()]), "");
    let written = std::fs::read(&out).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), expected);
}

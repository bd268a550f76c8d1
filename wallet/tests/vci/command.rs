//! The same through the `tessera` command: the browser's way back, and what is said about who signed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::server::{CONFIGURATION, Manners, Server, VCT, pre_authorized, with_browser};

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

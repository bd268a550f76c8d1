//! What an attacker tries over HTTP, and the code each attempt is refused with.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "hostile/once.rs"]
mod once;
mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use support::{FakeFace, Issuer, NUMBER, at_once, key, only_one};
use tessera_issuer::face::FaceCheck;
use tessera_issuer::failure::Code;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::{jws, vci};

const SD_JWT: &str = "identity_limited_sd_jwt";

#[test]
fn a_code_is_redeemed_once_even_by_racing_clients() {
    let issuer = Issuer::start();
    let (code, tx_code) = issuer.offered();
    let answers = at_once(|_| issuer.redeem(&code, &tx_code));
    only_one(answers, &["invalid_grant"]);
}

#[test]
fn a_transaction_code_cannot_be_guessed() {
    let issuer = Issuer::start();
    let (code, tx_code) = issuer.offered();
    for guess in 0..5 {
        let wrong = format!(
            "{:06}",
            (tx_code.parse::<u32>().unwrap() + 1 + guess) % 1_000_000
        );
        let answer = issuer.redeem(&code, &wrong);
        answer.refused(400, "invalid_grant");
        assert_eq!(answer.body["error"], "invalid_grant");
    }
    issuer.redeem(&code, &tx_code).refused(400, "invalid_grant");
}

#[test]
fn token_requests_are_read_strictly() {
    let issuer = Issuer::start();
    let form = |text: &str| {
        let media_type = "application/x-www-form-urlencoded";
        issuer.post("/token", None, media_type, text.as_bytes())
    };
    form("grant_type=password&username=x").refused(400, "unsupported_grant_type");
    form("grant_type=authorization_code&code=x").refused(400, "invalid_request");
    form("").refused(400, "invalid_request");
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code";
    form(grant).refused(400, "invalid_request");
    let answer = form(&format!(
        "{grant}&pre-authorized_code=unknown&tx_code=000000"
    ));
    answer.refused(400, "invalid_grant");
    form(&format!("{grant}&{grant}")).refused(400, "invalid_request");
    let long = "x".repeat(513);
    form(&format!(
        "{grant}&pre-authorized_code=unknown&tx_code=000000&client_id={long}"
    ))
    .refused(400, "invalid_request");
    issuer
        .post_json("/token", None, &json!({}))
        .refused(415, "unsupported_media_type");
}

#[test]
fn a_nonce_is_used_once() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    let nonce = issuer.nonce();
    let proof = issuer.proof(&key(), &nonce);
    assert_eq!(issuer.request(&token, SD_JWT, &[proof]).status, 200);
    let proof = issuer.proof(&key(), &nonce);
    let answer = issuer.request(&token, "identity_limited_ldp", &[proof]);
    answer.refused(400, "invalid_nonce");
    assert_eq!(answer.body["error"], "invalid_nonce");
    // Neither made up, nor altered, nor ours for something else.
    let mut altered = issuer.nonce();
    altered.replace_range(..1, if altered.starts_with('A') { "B" } else { "A" });
    let challenge = issuer.post_json("/challenge", None, &json!({}));
    let challenge = challenge.text("attestation_challenge");
    for wrong in ["invented", &altered, &challenge] {
        let proof = issuer.proof(&key(), wrong);
        issuer
            .request(&token, "identity_limited_ldp", &[proof])
            .refused(400, "invalid_nonce");
    }
    let stale = issuer.nonce();
    issuer.clock.advance(300);
    let proof = issuer.proof(&key(), &stale);
    issuer
        .request(&token, "identity_limited_ldp", &[proof])
        .refused(400, "invalid_nonce");
    // The device nonce of a session is single use as well.
    let nonce = issuer.nonce();
    let open = |proof: String| {
        let body = json!({"personal_administrative_number": NUMBER, "level": "limited", "device_proof": proof});
        issuer.post_json("/sessions", None, &body)
    };
    assert_eq!(open(issuer.device_proof(&nonce)).status, 201);
    open(issuer.device_proof(&nonce)).refused(400, "nonce_mismatch");
}

#[test]
fn a_batch_is_bounded_and_every_key_is_another() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    issuer
        .credentials(&token, SD_JWT, 11)
        .refused(400, "batch_too_large");
    let huge: Vec<String> = (0..5_000).map(|_| "x".to_owned()).collect();
    issuer
        .request(&token, SD_JWT, &huge)
        .refused(400, "batch_too_large");
    issuer
        .request(&token, SD_JWT, &[])
        .refused(400, "invalid_proof");
    let (same, nonce) = (key(), issuer.nonce());
    let twice = [issuer.proof(&same, &nonce), issuer.proof(&same, &nonce)];
    let answer = issuer.request(&token, SD_JWT, &twice);
    answer.refused(400, "duplicate_key");
    assert_eq!(answer.body["error"], "invalid_proof");
    let mixed = [
        issuer.proof(&key(), &issuer.nonce()),
        issuer.proof(&key(), &issuer.nonce()),
    ];
    issuer
        .request(&token, SD_JWT, &mixed)
        .refused(400, "invalid_nonce");
    // None of the refusals used anything up.
    assert_eq!(issuer.credentials(&token, SD_JWT, 10).status, 200);
    issuer
        .credentials(&token, SD_JWT, 1)
        .refused(400, "unknown_credential_configuration");
}

#[test]
fn proofs_that_prove_nothing_are_refused() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    let refused = |proof: String| {
        let answer = issuer.request(&token, SD_JWT, &[proof]);
        answer.refused(400, "invalid_proof");
    };
    let nonce = issuer.nonce();
    let holder = key();
    let other = "https://another.example";
    let wrong_audience =
        vci::proof::prepare(holder.public_key(), other, &nonce, issuer.time(), None);
    refused(wrong_audience.sign(&holder).unwrap());

    let good = issuer.proof(&holder, &nonce);
    let payload = good.split('.').nth(1).unwrap();
    let jwk = holder.public_key().to_jwk();
    let header = json!({"alg": "none", "typ": "openid4vci-proof+jwt", "jwk": jwk}).to_string();
    let header = tessera_verifier::encoding::base64url(header.as_bytes());
    refused(format!("{header}.{payload}."));
    refused(format!("{header}.{payload}.AAAA"));

    // Another key's signature under the holder's key.
    let stolen = vci::proof::prepare(
        holder.public_key(),
        &issuer.url,
        &nonce,
        issuer.time(),
        None,
    );
    refused(stolen.sign(&key()).unwrap());
    // A device proof is no key proof, and the other way round.
    refused(issuer.device_proof(&nonce));
    let body =
        json!({"personal_administrative_number": NUMBER, "level": "limited", "device_proof": good});
    issuer
        .post_json("/sessions", None, &body)
        .refused(422, "device_proof_invalid");
    // `crit` asks for what we do not know.
    let header = json!({"typ": "openid4vci-proof+jwt", "jwk": jwk, "crit": ["x"], "x": 1});
    let payload = json!({"aud": issuer.url, "nonce": nonce, "iat": issuer.time().unix()});
    refused(jws::sign(header, &payload, &holder).unwrap());
    for garbage in ["", "a.b.c", "....", "💥"] {
        refused(garbage.to_owned());
    }
}

#[test]
fn tokens_open_only_their_own_session() {
    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "limited");
    let other = issuer.session(NUMBER, "limited");
    let path = format!("/sessions/{}", session.0);
    assert_eq!(issuer.get(&path, Some(&session.1)).body["state"], "started");
    issuer.get(&path, None).refused(401, "unauthorized");
    issuer
        .get(&path, Some(&other.1))
        .refused(401, "unauthorized");
    issuer.get(&path, Some("x")).refused(401, "unauthorized");
    // RFC 6750 §2.1: the scheme is part of it.
    let basic = format!("Basic {}", session.1);
    issuer
        .send("GET", &path, &[("authorization", &basic)], b"")
        .refused(401, "unauthorized");
    issuer
        .face(&(session.0.clone(), other.1), b"SAME")
        .refused(401, "unauthorized");
    issuer
        .get("/sessions/unknown", Some(&session.1))
        .refused(404, "not_found");
    // A session token is no access token; neither is one in the query.
    issuer
        .credentials(&session.1, SD_JWT, 1)
        .refused(401, "invalid_token");
    let token = issuer.access_token();
    let path = format!("/credential?access_token={token}");
    issuer
        .post_json(&path, None, &json!({}))
        .refused(400, "token_in_query");
    issuer.clock.advance(600);
    issuer
        .credentials(&token, SD_JWT, 1)
        .refused(401, "invalid_token");
}

#[test]
fn a_session_ends() {
    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "limited");
    issuer.clock.advance(1_800);
    issuer
        .face(&session, b"SAME")
        .refused(410, "session_expired");
    let state = issuer.get(&format!("/sessions/{}", session.0), Some(&session.1));
    assert_eq!(state.body["state"], "expired");
}

#[test]
fn an_unknown_person_looks_like_a_mismatch() {
    let issuer = Issuer::start();
    let known = issuer.face(&issuer.session(NUMBER, "limited"), b"ELSE");
    let unknown = issuer.face(&issuer.session("000000", "limited"), b"ELSE");
    known.refused(422, "face_mismatch");
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    issuer
        .face(&issuer.session("000000", "limited"), b"NONE")
        .refused(422, "face_none");
}

#[test]
fn face_attempts_are_limited_and_slowed() {
    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "limited");
    issuer.face(&session, b"ELSE").refused(422, "face_mismatch");
    issuer.face(&session, b"ELSE").refused(422, "face_mismatch");
    issuer
        .face(&session, b"SAME")
        .refused(429, "too_many_attempts");
    issuer.clock.advance(2);
    for _ in 0..3 {
        issuer.face(&session, b"NONE").refused(422, "face_none");
    }
    issuer.clock.advance(1_000);
    issuer
        .face(&session, b"SAME")
        .refused(429, "too_many_attempts");
    let fresh = issuer.session(NUMBER, "limited");
    assert_eq!(issuer.face(&fresh, b"SAME").status, 200);
    issuer.face(&fresh, b"SAME").refused(409, "wrong_state");
}

#[test]
fn guesses_at_one_person_are_counted_over_sessions() {
    let face = Arc::new(FakeFace);
    let issuer = Issuer::with(face, b"SAME", |config| config.face.failures_per_day = 3);
    for _ in 0..3 {
        let session = issuer.session(NUMBER, "limited");
        issuer.face(&session, b"ELSE").refused(422, "face_mismatch");
    }
    let session = issuer.session(NUMBER, "limited");
    issuer
        .face(&session, b"SAME")
        .refused(429, "too_many_attempts");
    issuer.clock.advance(86_400);
    let session = issuer.session(NUMBER, "limited");
    assert_eq!(issuer.face(&session, b"SAME").status, 200);
}

#[test]
fn a_full_session_is_not_proved_by_a_phone() {
    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "full");
    let answer = issuer.face(&session, b"SAME");
    let (code, tx_code) = support::offer_of(&answer);
    let token = issuer.redeem(&code, &tx_code).text("access_token");
    issuer
        .credentials(&token, "identity_full_sd_jwt", 1)
        .refused(400, "unknown_credential_configuration");
    // The phone's check is over; it cannot be repeated into more.
    issuer.face(&session, b"SAME").refused(409, "wrong_state");
}

#[test]
fn bodies_are_bounded_before_they_are_read() {
    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "limited");
    let large = vec![b'S'; 8 * 1024 * 1024 + 1];
    issuer
        .face(&session, &large)
        .refused(422, "image_too_large");
    issuer
        .post(
            "/sessions",
            None,
            "application/json",
            &vec![b' '; 128 * 1024 + 1],
        )
        .refused(413, "too_large");
    issuer
        .post("/sessions", None, "text/plain", b"{}")
        .refused(415, "unsupported_media_type");
    issuer
        .post("/nonce", None, "text/plain", &vec![b' '; 128 * 1024 + 1])
        .refused(413, "too_large");
    issuer.get("/nowhere", None).refused(404, "not_found");
    issuer
        .get("/nonce", None)
        .refused(405, "method_not_allowed");
}

/// A connection that sends `text` and then waits: what it is answered, without an end of what it sends.
fn half_sent(issuer: &Issuer, text: &str) -> TcpStream {
    let address = issuer.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

fn first_line(stream: TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn a_body_that_is_too_long_is_not_waited_for() {
    let issuer = Issuer::start();
    let head = "POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    // Announced, and not a byte of it sent.
    let announced = half_sent(
        &issuer,
        &format!("{head}Content-Length: 1000000000\r\n\r\n"),
    );
    let answer = first_line(announced);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // In pieces without an end, of which a little more is read than is kept.
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(9);
    let unending = format!("{head}Transfer-Encoding: chunked\r\n\r\n{piece}");
    let answer = first_line(half_sent(&issuer, &unending));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn so_many_requests_run_at_once_and_each_so_long() {
    let issuer = Issuer::with(Arc::new(FakeFace), b"SAME", |config| {
        config.limits.concurrent_requests = 1;
        config.limits.request_seconds = 1;
    });
    let head = "POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let slow = half_sent(&issuer, &format!("{head}Content-Length: 9\r\n\r\n"));
    // Until it is there, others are served.
    let busy = || issuer.get("/healthz", None).status == 503;
    let seen = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(2));
        busy()
    });
    assert!(seen);
    let answer = first_line(slow);
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(!busy());
}

/// A check that says when it has begun, and is not over before it is let go.
struct HeldFace(Mutex<(Sender<()>, Receiver<()>)>);

impl FaceCheck for HeldFace {
    fn compare(&self, _photo: &[u8], _reference: &[u8]) -> Result<(), Code> {
        let held = self.0.lock().unwrap();
        // Nobody at the other ends: everybody may go.
        let _begun = held.0.send(());
        let _let_go = held.1.recv_timeout(Duration::from_secs(10));
        Ok(())
    }
}

#[test]
fn a_check_keeps_its_place_until_it_is_over_whoever_hung_up() {
    let ((begin, begun), (let_go, held)) = (channel(), channel());
    let face = Arc::new(HeldFace(Mutex::new((begin, held))));
    let issuer = Issuer::with(face, b"SAME", |config| {
        (config.face.workers, config.face.queue, config.face.attempts) = (1, 0, 1);
        config.limits.request_seconds = 5;
    });
    let [first, second] = std::array::from_fn(|_| issuer.session(NUMBER, "limited"));
    let (id, token) = &first;
    let head = format!(
        "POST /sessions/{id}/face HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    );
    let photo = "Content-Type: image/jpeg\r\nContent-Length: 4\r\n\r\nSAME";
    let hung_up = half_sent(&issuer, &format!("{head}{photo}"));
    begun.recv_timeout(Duration::from_secs(10)).unwrap();
    issuer.face(&second, b"SAME").refused(503, "busy");
    drop(hung_up);
    std::thread::sleep(Duration::from_millis(50));
    issuer.face(&second, b"SAME").refused(503, "busy");
    drop(let_go);
    // To be turned away cost the session none of its attempts, which is one.
    let passed = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(2));
        issuer.face(&second, b"SAME").status == 200
    });
    assert!(passed);
}

#[test]
fn an_offer_that_was_taken_up_is_shown_no_more() {
    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "limited");
    let (code, tx_code) = support::offer_of(&issuer.face(&session, b"SAME"));
    let path = format!("/sessions/{}", session.0);
    let shown = || issuer.get(&path, Some(&session.1)).body;
    assert!(shown()["credential_offer"].is_object());
    assert_eq!(shown()["tx_code"], tx_code);
    // Nothing was issued that could be lost.
    assert!(shown().get("recovery_code").is_none());
    assert_eq!(issuer.redeem(&code, &tx_code).status, 200);
    assert!(shown().get("credential_offer").is_none() && shown().get("tx_code").is_none());
}

#[test]
fn json_is_read_strictly() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let doubled = r#"{"credential_configuration_id":"a","credential_configuration_id":"b"}"#;
    for text in [
        "",
        "{",
        "{} {}",
        "null",
        doubled,
        &deep,
        "{\"a\":\"\\ud800\"}",
    ] {
        let answer = issuer.post(
            "/credential",
            Some(&token),
            "application/json",
            text.as_bytes(),
        );
        answer.refused(400, "malformed");
        assert_eq!(answer.body["error"], "invalid_credential_request");
        issuer
            .post("/sessions", None, "application/json", text.as_bytes())
            .refused(400, "malformed");
    }
    // An array of what an object would say is no object.
    let list = json!([
        NUMBER,
        "limited",
        issuer.device_proof(&issuer.nonce()),
        null
    ]);
    issuer
        .post_json("/sessions", None, &list)
        .refused(400, "malformed");
    let list = json!(["transaction", null]);
    issuer
        .post_json("/deferred_credential", Some(&token), &list)
        .refused(400, "malformed");
    let extra = json!({"personal_administrative_number": NUMBER, "level": "limited", "device_proof": "x", "admin": true});
    issuer
        .post_json("/sessions", None, &extra)
        .refused(400, "malformed");
    for number in ["", "a b", "1\u{0}2", &"9".repeat(33)] {
        let body = json!({"personal_administrative_number": number, "level": "limited", "device_proof": "x"});
        issuer
            .post_json("/sessions", None, &body)
            .refused(400, "malformed");
    }
}

#[test]
fn a_token_opens_only_its_level_and_known_configurations() {
    let issuer = Issuer::start();
    let token = issuer.access_token();
    for configuration in ["identity_full_sd_jwt", "identity_full_ldp", "", "nothing"] {
        issuer
            .credentials(&token, configuration, 1)
            .refused(400, "unknown_credential_configuration");
    }
}

#[test]
fn refusals_speak_the_clients_language() {
    let issuer = Issuer::start();
    let mut answer = support::agent()
        .get(format!("{}/nowhere", issuer.url))
        .header("accept-language", "zh-CN,zh;q=0.9")
        .call()
        .unwrap();
    let body: serde_json::Value =
        serde_json::from_slice(&answer.body_mut().read_to_vec().unwrap()).unwrap();
    assert_eq!(
        (&body["code"], &body["title"]),
        (&json!("not_found"), &json!("未找到。"))
    );
}

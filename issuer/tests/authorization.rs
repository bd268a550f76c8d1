//! The authorization code flow over HTTP: requests, the page, codes.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "page/browser.rs"]
mod browser;
#[path = "page/film.rs"]
mod film;
#[path = "page/refusals.rs"]
mod refusals;
mod support;

use serde_json::json;
use support::wallet::{CLIENT, REDIRECT, challenge, details, form, request, sent};
use support::{Issuer, NUMBER, at_once, only_one};
use tessera_issuer::config::RegisteredClient;

const LIMITED: &str = "identity_limited_sd_jwt";

#[test]
fn a_foreign_wallet_starts_from_nothing_and_ends_with_limited_credentials() {
    let issuer = Issuer::start();
    let (key, wish) = (support::key(), details(LIMITED));
    let code = issuer.code(("authorization_details", &wish));
    let granted = issuer.redeem_code(&code, Some(&key));
    assert_eq!(granted.status, 200, "{:?}", granted.body);
    assert_eq!(granted.body["token_type"], "DPoP");
    let identifier = granted.body["authorization_details"][0]["credential_identifiers"][0].clone();
    let token = granted.text("access_token");
    let body = json!({"credential_identifier": identifier, "proofs": issuer.proofs(3)});
    let answer = issuer.request_bound((&token, &key), &body);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["credentials"].as_array().unwrap().len(), 3);
}

#[test]
fn a_request_by_scope_is_answered_by_configuration() {
    let issuer = Issuer::start();
    let code = issuer.code(("scope", "identity_limited_ldp openid unknown"));
    let granted = issuer.redeem_code(&code, None);
    assert_eq!(granted.body["token_type"], "Bearer");
    assert!(granted.body.get("authorization_details").is_none());
    // Whoever has no bound token gets no refresh token.
    assert!(granted.body.get("refresh_token").is_none());
    let token = granted.text("access_token");
    // What was not asked for was not granted.
    issuer
        .credentials(&token, LIMITED, 1)
        .refused(400, "unknown_credential_configuration");
    let answer = issuer.credentials(&token, "identity_limited_ldp", 2);
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

#[test]
fn the_offer_of_a_running_session_is_taken_up_with_its_transaction_code() {
    let issuer = Issuer::start();
    let session = issuer.session(NUMBER, "limited");
    let offered = issuer.face(&session, b"SAME photo");
    let grants = &offered.body["credential_offer"]["grants"];
    let state = grants["authorization_code"]["issuer_state"]
        .as_str()
        .unwrap();
    let challenge = challenge();
    let mut pairs = request(("scope", LIMITED), &challenge);
    pairs.push(("issuer_state", state));
    let browser = issuer.open(&issuer.push(&pairs));
    let wrong = browser.answer("confirm", &[("tx_code", "000000x")]);
    assert_eq!(wrong.status, 422);
    let tx_code = offered.text("tx_code");
    let confirmed = browser.answer("confirm", &[("tx_code", &tx_code)]);
    let code = sent(&confirmed).get("code").unwrap().to_owned();
    let token = issuer.redeem_code(&code, None).text("access_token");
    assert_eq!(issuer.credentials(&token, LIMITED, 1).status, 200);
    // One offer, one grant: the pre-authorized code is spent as well.
    let (pre_authorized, tx_code) = support::offer_of(&offered);
    issuer
        .redeem(&pre_authorized, &tx_code)
        .refused(400, "invalid_grant");

    // Marks that are not ours, or of a session whose transaction code is guessed at.
    let mut forged = request(("scope", LIMITED), &challenge);
    let other = format!("{}A.{}", session.0, state.split('.').nth(1).unwrap());
    forged.push(("issuer_state", &other));
    issuer
        .form("/par", &[], &form(&forged))
        .refused(400, "invalid_request");
}

#[test]
fn a_guessed_transaction_code_burns_the_offer() {
    let issuer = Issuer::start();
    let offered = issuer.face(&issuer.session(NUMBER, "limited"), b"SAME photo");
    let grants = &offered.body["credential_offer"]["grants"];
    let state = grants["authorization_code"]["issuer_state"]
        .as_str()
        .unwrap();
    let challenge = challenge();
    let mut pairs = request(("scope", LIMITED), &challenge);
    pairs.push(("issuer_state", state));
    let browser = issuer.open(&issuer.push(&pairs));
    let csrf = browser.csrf();
    let headers = [("cookie", browser.cookie.as_str())];
    for _ in 0..5 {
        let body = form(&[("csrf", &csrf), ("tx_code", "none")]);
        let answer = issuer.form("/authorization/confirm", &headers, &body);
        assert_eq!(answer.status, 422);
    }
    let tx_code = offered.text("tx_code");
    let body = form(&[("csrf", &csrf), ("tx_code", &tx_code)]);
    let answer = issuer.form("/authorization/confirm", &headers, &body);
    assert_eq!(answer.status, 409);
    assert!(answer.header("location").is_none());
}

#[test]
fn a_code_is_redeemed_once_from_many_connections() {
    let issuer = Issuer::start();
    let code = issuer.code(("scope", LIMITED));
    let answers = at_once(|_| issuer.redeem_code(&code, None));
    let won = only_one(answers, &["invalid_grant"]);
    // Somebody has the code who should not: what it gave is taken back.
    let token = won.text("access_token");
    issuer
        .credentials(&token, LIMITED, 1)
        .refused(401, "invalid_token");
}

#[test]
fn a_code_is_for_its_client_its_redirect_uri_and_its_verifier_only() {
    let issuer = Issuer::start();
    let other = "another-verifier-of-at-least-forty-three-characters";
    for (name, value) in [
        ("client_id", "another-wallet"),
        ("redirect_uri", "https://wallet.example/other"),
        ("code_verifier", other),
        ("code_verifier", "short"),
    ] {
        let code = issuer.code(("scope", LIMITED));
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("client_id", CLIENT),
            ("redirect_uri", REDIRECT),
            ("code_verifier", verifier),
        ];
        for pair in &mut pairs {
            if pair.0 == name {
                pair.1 = value;
            }
        }
        issuer
            .redeem_with(&pairs, None)
            .refused(400, "invalid_grant");
    }
    let code = issuer.code(("scope", LIMITED));
    let of_nobody = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", other),
    ];
    issuer
        .redeem_with(&of_nobody, None)
        .refused(400, "invalid_request");
    issuer.clock.advance(61);
    issuer
        .redeem_code(&code, None)
        .refused(400, "invalid_grant");
}

#[test]
fn a_code_bound_to_a_key_is_redeemed_with_that_key() {
    let issuer = Issuer::start();
    let (key, challenge) = (support::key(), challenge());
    let pairs = form(&request(("scope", LIMITED), &challenge));
    let proof = issuer.dpop(&key, "/par", None);
    let pushed = issuer.form("/par", &[("dpop", &proof)], &pairs);
    let uri = pushed.text("request_uri");
    let link = form(&[("client_id", CLIENT), ("request_uri", &uri)]);
    let browser = issuer.open(&format!("/authorize?{link}"));
    browser.prove();
    let code = browser.code();
    issuer
        .redeem_code(&code, Some(&support::key()))
        .refused(400, "invalid_grant");
}

#[test]
fn a_pushed_request_is_opened_once_by_its_client() {
    let issuer = Issuer::start();
    let link = issuer.push(&request(("scope", LIMITED), &challenge()));
    let other = link.replace(CLIENT, "another-wallet");
    assert_eq!(issuer.send("GET", &other, &[], b"").status, 400);
    issuer.open(&link);
    let again = issuer.send("GET", &link, &[], b"");
    assert_eq!(again.status, 400);
    assert!(again.header("location").is_none());
    let late = issuer.push(&request(("scope", LIMITED), &challenge()));
    issuer.clock.advance(91);
    assert_eq!(issuer.send("GET", &late, &[], b"").status, 400);
    // A page is open for a quarter of an hour.
    let browser = issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())));
    browser.prove();
    let csrf = browser.csrf();
    issuer.clock.advance(901);
    let body = form(&[("csrf", &csrf)]);
    let headers = [("cookie", browser.cookie.as_str())];
    let answer = issuer.form("/authorization/confirm", &headers, &body);
    assert_eq!((answer.status, answer.header("location")), (400, None));
}

#[test]
fn an_authorization_request_that_is_wrong_is_refused() {
    let issuer = Issuer::start();
    let challenge = challenge();
    let good = request(("scope", LIMITED), &challenge);
    let refused = |name: &str, value: Option<&str>, code: &str, error: &str| {
        let mut pairs: Vec<_> = good.iter().copied().filter(|pair| pair.0 != name).collect();
        pairs.extend(value.map(|value| (name, value)));
        let answer = issuer.form("/par", &[], &form(&pairs));
        answer.refused(400, code);
        assert_eq!(answer.body["error"], error, "{name}");
    };
    refused("code_challenge", None, "invalid_request", "invalid_request");
    refused(
        "code_challenge_method",
        Some("plain"),
        "invalid_request",
        "invalid_request",
    );
    refused(
        "code_challenge_method",
        None,
        "invalid_request",
        "invalid_request",
    );
    refused(
        "response_type",
        Some("token"),
        "invalid_request",
        "invalid_request",
    );
    refused("client_id", None, "invalid_request", "invalid_request");
    refused("scope", Some("unknown"), "invalid_scope", "invalid_scope");
    refused("scope", None, "invalid_scope", "invalid_scope");
    refused(
        "request_uri",
        Some("urn:x"),
        "invalid_request",
        "invalid_request",
    );
    let unknown = details("unknown");
    refused(
        "authorization_details",
        Some(&unknown),
        "invalid_authorization_details",
        "invalid_authorization_details",
    );
    refused(
        "authorization_details",
        Some("[]"),
        "invalid_authorization_details",
        "invalid_authorization_details",
    );
    // What another server offers, and one thing twice.
    let detail = |locations: &[&str]| json!({"type": "openid_credential", "credential_configuration_id": LIMITED, "locations": locations});
    let elsewhere = json!([detail(&["https://another.example"])]).to_string();
    let doubled = json!([detail(&[]), detail(&[])]).to_string();
    for details in [&elsewhere, &doubled] {
        refused(
            "authorization_details",
            Some(details),
            "invalid_authorization_details",
            "invalid_authorization_details",
        );
    }
    let here = json!([detail(&[&issuer.url])]).to_string();
    issuer.push(&request(("authorization_details", &here), &challenge));
    // A full credential is earned at a terminal, and not beside a limited one.
    for scope in [
        "identity_full_sd_jwt",
        "identity_limited_sd_jwt identity_full_sd_jwt",
    ] {
        refused("scope", Some(scope), "invalid_request", "invalid_request");
    }
    for uri in [
        "http://wallet.example/cb",
        "javascript:alert(1)",
        "https://user@wallet.example/",
        "https://wallet.example/cb#x",
    ] {
        refused(
            "redirect_uri",
            Some(uri),
            "redirect_refused",
            "invalid_request",
        );
        // Nor is anybody sent there from the front door.
        let mut pairs: Vec<_> = good
            .iter()
            .copied()
            .filter(|pair| pair.0 != "redirect_uri")
            .collect();
        pairs.push(("redirect_uri", uri));
        let answer = issuer.send("GET", &format!("/authorize?{}", form(&pairs)), &[], b"");
        assert_eq!((answer.status, answer.header("location")), (400, None));
    }
    let twice = format!("{}&state=again", form(&good));
    issuer
        .form("/par", &[], &twice)
        .refused(400, "invalid_request");
}

#[test]
fn a_page_is_for_the_browser_that_opened_it() {
    let issuer = Issuer::start();
    let browser = issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())));
    browser.prove();
    let victim = issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())));
    // Without the cookie, with a planted one, with the token of another browser's form, from another site.
    assert_eq!(issuer.send("GET", "/authorization", &[], b"").status, 400);
    let planted = "tessera-authorization=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(
        issuer
            .send("GET", "/authorization", &[("cookie", planted)], b"")
            .status,
        400
    );
    let two = format!("{}; {}", browser.cookie, victim.cookie);
    assert_eq!(
        issuer
            .send("GET", "/authorization", &[("cookie", &two)], b"")
            .status,
        400
    );
    let body = form(&[("csrf", &victim.csrf())]);
    let foreign = [("cookie", browser.cookie.as_str())];
    let answer = issuer.form("/authorization/confirm", &foreign, &body);
    assert_eq!((answer.status, answer.header("location")), (400, None));
    let body = form(&[("csrf", &browser.csrf())]);
    let from_elsewhere = [
        ("cookie", browser.cookie.as_str()),
        ("origin", "https://evil.example"),
    ];
    for step in ["confirm", "decline"] {
        let path = format!("/authorization/{step}");
        let answer = issuer.form(&path, &from_elsewhere, &body);
        assert_eq!((answer.status, answer.header("location")), (400, None));
    }
    let answer = victim.face_with(&browser.csrf(), NUMBER, b"SAME photo");
    assert_eq!(answer.status, 400);
    // The right one still can, once.
    let code = browser.code();
    assert_eq!(browser.page("").status, 400);
    assert_eq!(issuer.redeem_code(&code, None).status, 200);
}

#[test]
fn nobody_agrees_who_was_not_proved_and_a_wrong_face_is_told_and_counted() {
    let issuer = Issuer::start();
    let browser = issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())));
    let early = browser.answer("confirm", &[]);
    assert_eq!((early.status, early.header("location")), (409, None));
    let page = |answer: &support::Answer| String::from_utf8_lossy(&answer.raw).into_owned();
    let wrong = browser.face(NUMBER, b"ELSE photo");
    assert_eq!(wrong.status, 422);
    assert!(page(&wrong).contains("face_mismatch"));
    assert!(page(&browser.face("no number", b"SAME")).contains("malformed"));
    for _ in 0..6 {
        browser.face(NUMBER, b"ELSE photo");
        issuer.clock.advance(60);
    }
    let spent = browser.face(NUMBER, b"SAME photo");
    assert_eq!(spent.status, 429);
    assert!(page(&spent).contains("too_many_attempts"));
}

#[test]
fn who_declines_is_sent_back_with_a_no() {
    let issuer = Issuer::start();
    let browser = issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())));
    let answer = sent(&browser.answer("decline", &[]));
    assert_eq!(answer.get("error"), Some("access_denied"));
    assert_eq!(answer.get("state"), Some("specimen state"));
    assert_eq!(answer.get("iss"), Some(&*issuer.url));
    assert_eq!(browser.page("").status, 400);
}

#[test]
fn the_page_runs_nothing_loads_nothing_and_speaks_both_languages() {
    let issuer = Issuer::start();
    let browser = issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())));
    let english = browser.page("?lang=en");
    let policy = english.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(policy.contains("form-action 'self' https://wallet.example;"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert_eq!(english.header("cache-control").unwrap(), "no-store");
    let text = String::from_utf8(english.raw).unwrap();
    for absent in ["<script", "onclick", "<img", "<link", "src=", "style=\""] {
        assert!(!text.contains(absent), "{absent}");
    }
    // Who asks is not shown by a name it gave itself; where the answer goes is.
    assert!(text.contains("https://wallet.example") && !text.contains(CLIENT));
    let chinese = String::from_utf8(browser.page("?lang=zh").raw).unwrap();
    assert!(chinese.contains("<html lang=\"zh\">") && chinese.contains("领取数字身份凭证"));
    let hostile = form(&[("client_id", "\"><script>"), ("request_uri", "\"><script>")]);
    let refused = issuer.send("GET", &format!("/authorize?{hostile}"), &[], b"");
    assert_eq!(refused.status, 400);
    assert!(!String::from_utf8(refused.raw).unwrap().contains("<script"));
}

#[test]
fn a_registered_client_has_its_addresses_and_its_name() {
    let issuer = Issuer::with(std::sync::Arc::new(support::FakeFace), b"SAME", |config| {
        config.wallets.unregistered = false;
        config.wallets.registered = vec![RegisteredClient {
            id: CLIENT.to_owned(),
            name_en: "Specimen <Wallet>".to_owned(),
            name_zh: "样本钱包".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
        }];
    });
    let challenge = challenge();
    let good = request(("scope", LIMITED), &challenge);
    let browser = issuer.open(&issuer.push(&good));
    let page = String::from_utf8(browser.page("?lang=en").raw).unwrap();
    assert!(page.contains("Specimen &lt;Wallet&gt;"));
    let elsewhere = form(&good).replace("%2Fcb", "%2Felsewhere");
    issuer
        .form("/par", &[], &elsewhere)
        .refused(400, "redirect_refused");
    let stranger = form(&good).replace(CLIENT, "stranger");
    issuer
        .form("/par", &[], &stranger)
        .refused(401, "invalid_client");
}

#[test]
fn mistakes_go_back_to_registered_clients_only() {
    let issuer = Issuer::with(std::sync::Arc::new(support::FakeFace), b"SAME", |config| {
        config.wallets.registered = vec![RegisteredClient {
            id: CLIENT.to_owned(),
            name_en: "Specimen Wallet".to_owned(),
            name_zh: "样本钱包".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
        }];
        config.wallets.requests_per_minute = 1;
    });
    let challenge = challenge();
    let open = |pairs: &[(&str, &str)]| {
        let link = format!("/authorize?{}", form(pairs));
        issuer.send("GET", &link, &[], b"")
    };
    let wrong = request(("scope", "unknown"), &challenge);
    let told = sent(&open(&wrong));
    assert_eq!(told.get("error"), Some("invalid_scope"));
    assert_eq!(told.get("state"), Some("specimen state"));
    assert_eq!(told.get("iss"), Some(&*issuer.url));
    let mut plain = request(("scope", LIMITED), &challenge);
    plain.retain(|pair| pair.0 != "code_challenge_method");
    assert_eq!(sent(&open(&plain)).get("error"), Some("invalid_request"));
    // So often a minute.
    let good = request(("scope", LIMITED), &challenge);
    assert!(open(&good).header("set-cookie").is_some());
    assert_eq!(
        sent(&open(&good)).get("error"),
        Some("temporarily_unavailable")
    );
    // A strange client, an address that is not the client's, a link that is only said to be pushed.
    let changed = |name: &'static str, value: &'static str| {
        let mut pairs = wrong.clone();
        pairs.retain(|pair| pair.0 != name);
        pairs.push((name, value));
        pairs
    };
    let mut pushed = wrong.clone();
    pushed.push(("request_uri", "urn:ietf:params:oauth:request_uri:unknown"));
    for pairs in [
        changed("client_id", "stranger"),
        changed("redirect_uri", "https://wallet.example/other"),
        pushed,
    ] {
        let answer = open(&pairs);
        assert_eq!((answer.status, answer.header("location")), (400, None));
    }
}

#[test]
fn a_client_that_asks_too_often_waits() {
    let issuer = Issuer::with(std::sync::Arc::new(support::FakeFace), b"SAME", |config| {
        config.wallets.requests_per_minute = 2;
    });
    let challenge = challenge();
    let pairs = form(&request(("scope", LIMITED), &challenge));
    for _ in 0..2 {
        assert_eq!(issuer.form("/par", &[], &pairs).status, 201);
    }
    let refused = issuer.form("/par", &[], &pairs);
    refused.refused(429, "too_many_attempts");
    assert!(refused.header("retry-after").is_some());
}

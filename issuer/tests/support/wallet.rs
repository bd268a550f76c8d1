//! A wallet that asks for authorization, and the browser its holder uses.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tessera_issuer::keys::SoftwareKey;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::vci::form::Form;
use tessera_verifier::vci::{client_attestation, dpop, pkce};

use super::{Answer, Issuer, NUMBER, key};

pub(crate) const CLIENT: &str = "specimen-wallet";
pub(crate) const REDIRECT: &str = "https://wallet.example/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const FORM: &str = "application/x-www-form-urlencoded";

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Something that was not said before.
pub(crate) fn fresh() -> String {
    format!("specimen-{}", COUNTER.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = Form::default();
    for (name, value) in pairs {
        form.push(name, value);
    }
    form.encode().to_string()
}

/// The parameters of an authorization request for `wish`: `("scope", …)` or `("authorization_details", …)`.
pub(crate) fn request<'a>(wish: (&'a str, &'a str), challenge: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
        ("state", "specimen state"),
        wish,
    ]
}

pub(crate) fn challenge() -> String {
    pkce::challenge(VERIFIER)
}

pub(crate) fn details(configuration: &str) -> String {
    json!([{"type": "openid_credential", "credential_configuration_id": configuration}]).to_string()
}

impl Issuer {
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match method {
            "GET" => agent.run(request.body(()).unwrap()),
            _ => agent.run(request.body(body.to_vec()).unwrap()),
        };
        Answer::read(answer.unwrap())
    }

    pub(crate) fn form(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("content-type", FORM)];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, body.as_bytes())
    }

    /// Pushes a request; the path of the link to open.
    pub(crate) fn push(&self, pairs: &[(&str, &str)]) -> String {
        let answer = self.form("/par", &[], &form(pairs));
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        let uri = answer.text("request_uri");
        let link = form(&[("client_id", CLIENT), ("request_uri", &uri)]);
        format!("/authorize?{link}")
    }

    /// Opens a link: the browser it is bound to.
    pub(crate) fn open(&self, link: &str) -> Browser<'_> {
        let answer = self.send("GET", link, &[], b"");
        assert_eq!(
            answer.status,
            303,
            "{}",
            String::from_utf8_lossy(&answer.raw)
        );
        let location = answer.header("location").unwrap();
        assert_eq!(location, format!("{}/authorization", self.url));
        let cookie = answer.header("set-cookie").unwrap();
        Browser {
            issuer: self,
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    /// A DPoP proof of a `POST`, with a nonce of the issuer's.
    pub(crate) fn dpop(&self, key: &SoftwareKey, path: &str, token: Option<&str>) -> String {
        let nonce = self.dpop_nonce(key);
        self.dpop_with(key, path, (token, Some(&nonce)))
    }

    pub(crate) fn dpop_with(
        &self,
        key: &SoftwareKey,
        path: &str,
        (access_token, nonce): (Option<&str>, Option<&str>),
    ) -> String {
        let claims = dpop::Claims {
            htm: "POST",
            htu: &format!("{}{path}", self.url),
            jti: &fresh(),
            iat: self.time(),
            nonce,
            access_token,
        };
        dpop::prepare(key.public_key(), &claims).sign(key).unwrap()
    }

    /// A proof without a nonce is answered with one.
    fn dpop_nonce(&self, key: &SoftwareKey) -> String {
        let proof = self.dpop_with(key, "/token", (None, None));
        let refused = self.form(
            "/token",
            &[("dpop", &proof)],
            "grant_type=refresh_token&refresh_token=x",
        );
        refused.refused(400, "use_dpop_nonce");
        assert_eq!(refused.body["error"], "use_dpop_nonce");
        refused.header("dpop-nonce").unwrap()
    }

    /// Redeems an authorization code, with a DPoP key if one is given.
    pub(crate) fn redeem_code(&self, code: &str, key: Option<&SoftwareKey>) -> Answer {
        self.redeem_with(
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("client_id", CLIENT),
                ("redirect_uri", REDIRECT),
                ("code_verifier", VERIFIER),
            ],
            key,
        )
    }

    pub(crate) fn redeem_with(&self, pairs: &[(&str, &str)], key: Option<&SoftwareKey>) -> Answer {
        let proof = key.map(|key| self.dpop(key, "/token", None));
        let headers: Vec<(&str, &str)> = proof.iter().map(|p| ("dpop", p.as_str())).collect();
        self.form("/token", &headers, &form(pairs))
    }

    /// A code for `wish`, by way of the page, from nothing.
    pub(crate) fn code(&self, wish: (&str, &str)) -> String {
        let link = self.push(&request(wish, &challenge()));
        let browser = self.open(&link);
        browser.prove();
        browser.code()
    }

    /// A credential request with a DPoP token.
    pub(crate) fn request_bound(&self, (token, key): (&str, &SoftwareKey), body: &Value) -> Answer {
        let proof = self.dpop(key, "/credential", Some(token));
        self.request_proved((token, &proof), body)
    }

    pub(crate) fn request_proved(&self, (token, proof): (&str, &str), body: &Value) -> Answer {
        let authorization = format!("DPoP {token}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", &*authorization),
            ("dpop", proof),
        ];
        self.send("POST", "/credential", &headers, body.to_string().as_bytes())
    }

    /// `count` key proofs over a fresh nonce.
    pub(crate) fn proofs(&self, count: usize) -> Value {
        let nonce = self.nonce();
        let proofs: Vec<String> = (0..count).map(|_| self.proof(&key(), &nonce)).collect();
        json!({"jwt": proofs})
    }

    /// The two headers of an attested client; `change` may spoil the proof of possession.
    pub(crate) fn attested(
        &self,
        (attester, instance): (&SoftwareKey, &SoftwareKey),
        seconds: i64,
        change: impl FnOnce(&mut client_attestation::PopClaims<'_>),
    ) -> (String, String) {
        let (now, jti) = (self.time(), fresh());
        let times = (now, now.add_seconds(seconds));
        let attestation =
            client_attestation::prepare(json!({}), CLIENT, instance.public_key(), times)
                .sign(attester)
                .unwrap();
        let mut claims = client_attestation::PopClaims {
            client_id: CLIENT,
            audience: &self.url,
            jti: &jti,
            iat: now,
            challenge: None,
        };
        change(&mut claims);
        let pop = client_attestation::prepare_pop(&claims)
            .sign(instance)
            .unwrap();
        (attestation, pop)
    }
}

/// The holder's browser: its cookie.
pub(crate) struct Browser<'i> {
    pub(crate) issuer: &'i Issuer,
    pub(crate) cookie: String,
}

impl Browser<'_> {
    pub(crate) fn page(&self, query: &str) -> Answer {
        let path = format!("/authorization{query}");
        self.issuer
            .send("GET", &path, &[("cookie", &self.cookie)], b"")
    }

    pub(crate) fn csrf(&self) -> String {
        let page = String::from_utf8(self.page("").raw).unwrap();
        let rest = page.split("name=\"csrf\" value=\"").nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    pub(crate) fn face(&self, number: &str, photo: &[u8]) -> Answer {
        let csrf = self.csrf();
        self.face_with(&csrf, number, photo)
    }

    pub(crate) fn face_with(&self, csrf: &str, number: &str, photo: &[u8]) -> Answer {
        let mut body = Vec::new();
        for (name, value) in [("csrf", csrf), ("number", number)] {
            let part = format!(
                "--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(b"--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a\"\r\nContent-Type: image/jpeg\r\n\r\n");
        body.extend_from_slice(photo);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("content-type", "multipart/form-data; boundary=x"),
            ("origin", &self.issuer.url),
        ];
        self.issuer
            .send("POST", "/authorization/face", &headers, &body)
    }

    pub(crate) fn prove(&self) {
        let answer = self.face(NUMBER, b"SAME photo");
        let page = String::from_utf8_lossy(&answer.raw).into_owned();
        assert_eq!(answer.status, 200, "{page}");
        assert!(page.contains("/authorization/confirm"), "{page}");
    }

    pub(crate) fn answer(&self, step: &str, more: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let mut pairs = vec![("csrf", csrf.as_str())];
        pairs.extend_from_slice(more);
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("origin", &self.issuer.url),
        ];
        let path = format!("/authorization/{step}");
        self.issuer.form(&path, &headers, &form(&pairs))
    }

    /// Confirms: the code, after a look at what goes with it.
    pub(crate) fn code(&self) -> String {
        let answer = self.answer("confirm", &[]);
        let sent = sent(&answer);
        assert_eq!(sent.get("state"), Some("specimen state"));
        assert_eq!(sent.get("iss"), Some(&*self.issuer.url));
        sent.get("code").unwrap().to_owned()
    }
}

/// What a redirect to the wallet says.
pub(crate) fn sent(answer: &Answer) -> Form {
    assert_eq!(
        answer.status,
        303,
        "{}",
        String::from_utf8_lossy(&answer.raw)
    );
    let location = answer.header("location").unwrap();
    let query = location.strip_prefix(REDIRECT).unwrap();
    Form::parse(query.strip_prefix('?').unwrap().as_bytes()).unwrap()
}

//! The page where a moving head is demanded, over HTTP: who may draw and answer a challenge, how often, and what it earns.

use std::sync::Arc;

use tessera_issuer::config::{Config, Demand};
use tessera_issuer::face::{FaceCheck, Live};
use tessera_issuer::failure::Code;
use tessera_issuer::keys::SoftwareKey;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::liveness::{self, Frame, MEDIA_TYPE, Movement, chain, encode};

use super::support::wallet::{Browser, challenge, form, request};
use super::support::{Answer, FakeFace, Issuer, NUMBER, key};

const LIMITED: &str = "identity_limited_ldp";

/// Judges by the first frame: `SAME…` moved as asked, anything else did not.
struct FakeCamera;

impl FaceCheck for FakeCamera {
    fn compare(&self, photo: &[u8], reference: &[u8]) -> Result<(), Code> {
        FakeFace.compare(photo, reference)
    }

    fn compare_live(
        &self,
        answer: &liveness::Answer<'_>,
        movements: &[Movement],
        _reference: &[u8],
    ) -> Live {
        assert_eq!(movements.len(), 3);
        let hash = |frame: &Frame<'_>| std::array::from_fn(|i| *frame.image.get(i).unwrap_or(&0));
        Live {
            outcome: match answer.frames[0].image.starts_with(b"SAME") {
                true => Ok(()),
                false => Err(Code::LivenessIncomplete),
            },
            hashes: answer.frames.iter().map(hash).collect(),
        }
    }
}

fn issuer(configure: impl FnOnce(&mut Config)) -> Issuer {
    Issuer::with(Arc::new(FakeCamera), b"SAME reference", |config| {
        config.proofing.liveness = Demand::Limited;
        configure(config);
    })
}

fn open(issuer: &Issuer) -> Browser<'_> {
    issuer.open(&issuer.push(&request(("scope", LIMITED), &challenge())))
}

/// What the program of the page does: draws with its key, films, signs, sends.
struct Program<'b> {
    browser: &'b Browser<'b>,
    csrf: String,
    key: SoftwareKey,
}

impl<'b> Program<'b> {
    fn of(browser: &'b Browser<'b>) -> Self {
        Self {
            browser,
            csrf: browser.csrf(),
            key: key(),
        }
    }

    fn draw(&self) -> Answer {
        self.draw_from(&self.browser.issuer.url, &self.csrf)
    }

    fn draw_from(&self, origin: &str, csrf: &str) -> Answer {
        let jkt = self.key.public_key().thumbprint();
        let fields = form(&[("csrf", csrf), ("number", NUMBER), ("jkt", &jkt)]);
        let headers = [("cookie", self.browser.cookie.as_str()), ("origin", origin)];
        self.browser
            .issuer
            .form("/authorization/liveness", &headers, &fields)
    }

    /// Four frames that begin so, and differ much from those of any other take.
    fn film(&self, (kind, take): (&str, u8), nonce: &str) -> Vec<u8> {
        let pictures: Vec<Vec<u8>> = (0..4_u8)
            .map(|i| {
                let body = (0..60).map(|byte: u8| byte.wrapping_mul(take.wrapping_mul(37) | 1) ^ i);
                kind.bytes().chain(body).collect()
            })
            .collect();
        let frames: Vec<_> = (0_u32..)
            .zip(&pictures)
            .map(|(i, image)| Frame {
                at_ms: i * 150,
                image,
            })
            .collect();
        let issuer = self.browser.issuer;
        let end = chain(nonce, &frames);
        let proof = liveness::prepare(self.key.public_key(), &issuer.url, &end, issuer.time());
        encode(&proof.sign(&self.key).unwrap(), &frames)
            .unwrap()
            .to_vec()
    }

    fn send(&self, film: &[u8]) -> Answer {
        self.send_from(
            (&self.browser.issuer.url, &self.browser.cookie),
            &self.csrf,
            film,
        )
    }

    fn send_from(&self, (origin, cookie): (&str, &str), csrf: &str, film: &[u8]) -> Answer {
        let headers = [
            ("cookie", cookie),
            ("origin", origin),
            ("csrf-token", csrf),
            ("content-type", MEDIA_TYPE),
        ];
        let issuer = self.browser.issuer;
        issuer.send("POST", "/authorization/frames", &headers, film)
    }

    /// The whole of one try.
    fn attempt(&self, kind: &str, take: u8) -> Answer {
        let nonce = self.draw().text("nonce");
        self.send(&self.film((kind, take), &nonce))
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.raw).into_owned()
}

#[test]
fn a_browser_that_films_gets_credentials_that_say_so() {
    let issuer = issuer(|_| {});
    let browser = open(&issuer);
    let program = Program::of(&browser);
    let drawn = program.draw();
    assert_eq!(drawn.body["movements"].as_array().map(Vec::len), Some(3));
    // Asked again it is the same: nobody draws until an order comes that suits.
    assert_eq!(program.draw().body, drawn.body);
    let passed = program.attempt("SAME", 1);
    assert_eq!(passed.status, 204, "{passed:?}");
    assert!(text(&browser.page("")).contains("/authorization/confirm"));
    // Who is proved is not filmed again.
    program.draw().refused(409, "wrong_state");
    let film = program.film(("SAME", 2), "nonce");
    program.send(&film).refused(409, "wrong_state");
    let token = issuer.redeem_code(&browser.code(), None);
    let issued = issuer.credentials(&token.text("access_token"), LIMITED, 1);
    assert_eq!(issued.status, 200, "{:?}", issued.body);
    let evidence = &issued.body["credentials"][0]["credential"]["evidence"][0];
    assert_eq!(
        evidence["assurance_process"]["procedure"],
        "face-against-register-with-liveness"
    );
}

#[test]
fn the_page_that_films_runs_one_program_and_speaks_both_languages() {
    let issuer = issuer(|_| {});
    let browser = open(&issuer);
    let english = browser.page("?lang=en");
    let policy = english.header("content-security-policy").unwrap();
    let sources = "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; style-src 'sha256-";
    assert!(policy.starts_with(sources), "{policy}");
    let features = english.header("permissions-policy").unwrap();
    assert!(features.starts_with("camera=(self), microphone=()"));
    let page = text(&english);
    assert_eq!(page.matches("<script").count(), 1);
    let program = format!("src=\"{}/authorization/camera.js\"", issuer.url);
    assert!(page.contains(&program));
    for absent in ["onclick", "<img", "<link", "style=\"", "type=\"file\""] {
        assert!(!page.contains(absent), "{absent}");
    }
    // Until the program runs, the page says what is wanted, and shows no form that it could not send.
    assert!(page.contains("needs JavaScript and a camera"));
    assert!(page.contains("id=\"camera\" method=\"post\"") && page.contains(" hidden data-state"));
    let chinese = text(&browser.page("?lang=zh"));
    assert!(chinese.contains("慢慢向左转头") && chinese.contains("需要 JavaScript 和摄像头"));
    let script = issuer.send("GET", "/authorization/camera.js", &[], b"");
    assert_eq!(script.media_type, "text/javascript; charset=utf-8");
    assert_eq!(
        script.header("x-content-type-options").as_deref(),
        Some("nosniff")
    );
    // Once proved there is nothing to run and nobody to film.
    assert_eq!(Program::of(&browser).attempt("SAME", 1).status, 204);
    let proved = browser.page("");
    assert!(!text(&proved).contains("<script"));
    let policy = proved.header("content-security-policy").unwrap();
    assert!(!policy.contains("script-src"));
    assert!(
        proved
            .header("permissions-policy")
            .unwrap()
            .starts_with("camera=()")
    );
}

#[test]
fn a_photo_does_not_pass_where_a_film_is_demanded_nor_a_film_where_it_is_not() {
    let filming = issuer(|_| {});
    let browser = open(&filming);
    let photo = browser.face(NUMBER, b"SAME photo");
    assert_eq!(photo.status, 422);
    assert!(text(&photo).contains("liveness_required"));
    let plain = issuer(|config| config.proofing.liveness = Demand::Full);
    let browser = open(&plain);
    assert!(!text(&browser.page("")).contains("<script"));
    let program = Program::of(&browser);
    program.draw().refused(409, "liveness_not_asked");
    let film = program.film(("SAME", 1), "nonce");
    program.send(&film).refused(409, "liveness_not_asked");
    assert_eq!(browser.face(NUMBER, b"SAME photo").status, 200);
}

#[test]
fn a_film_is_for_its_browser_its_key_and_its_challenge() {
    let issuer = issuer(|_| {});
    let browser = open(&issuer);
    let program = Program::of(&browser);
    let (url, cookie) = (issuer.url.as_str(), browser.cookie.as_str());
    // Before anything was drawn.
    let early = program.film(("SAME", 1), "nonce");
    program
        .send(&early)
        .refused(422, "liveness_challenge_unknown");
    let nonce = program.draw().text("nonce");
    let film = program.film(("SAME", 1), &nonce);
    // From another site, without the page's token, with another page's, without the cookie, with another browser's.
    let other = open(&issuer);
    let (theirs, evil) = (other.csrf(), "https://evil.example");
    let unknown = |answer: Answer| answer.refused(400, "authorization_unknown");
    unknown(program.draw_from(evil, &program.csrf));
    unknown(program.draw_from(url, &theirs));
    unknown(program.send_from((evil, cookie), &program.csrf, &film));
    unknown(program.send_from((url, cookie), "", &film));
    unknown(program.send_from((url, cookie), &theirs, &film));
    unknown(program.send_from((url, "other=1"), &program.csrf, &film));
    unknown(program.send_from((url, &other.cookie), &program.csrf, &film));
    let as_other = program.send_from((url, &other.cookie), &theirs, &film);
    as_other.refused(422, "liveness_challenge_unknown");
    // Signed by a key that the session was not opened for; a challenge is spent by whatever answers it.
    let stranger = Program {
        key: key(),
        csrf: program.csrf.clone(),
        browser: &browser,
    };
    let forged = stranger.film(("SAME", 2), &nonce);
    program.send(&forged).refused(422, "liveness_proof_invalid");
    program
        .send(&film)
        .refused(422, "liveness_challenge_unknown");
    assert_eq!(program.attempt("SAME", 3).status, 204);
}

#[test]
fn a_challenge_names_a_number_and_a_key() {
    let issuer = issuer(|_| {});
    let browser = open(&issuer);
    let csrf = browser.csrf();
    let jkt = key().public_key().thumbprint();
    let short = jkt.get(1..).unwrap();
    let odd = format!("{short}.");
    for (number, jkt) in [
        (NUMBER, ""),
        (NUMBER, short),
        (NUMBER, &*odd),
        ("no number", &*jkt),
    ] {
        let fields = form(&[("csrf", &csrf), ("number", number), ("jkt", jkt)]);
        let headers = [("cookie", browser.cookie.as_str())];
        let answer = issuer.form("/authorization/liveness", &headers, &fields);
        answer.refused(400, "malformed");
    }
}

#[test]
fn tries_on_the_page_are_counted_backed_off_and_come_to_an_end() {
    let issuer = issuer(|config| config.face.attempts = 3);
    let browser = open(&issuer);
    let program = Program::of(&browser);
    let told = |answer: &Answer| (answer.header("attempts-left"), answer.header("retry-after"));
    let said = |left: &str, wait: Option<&str>| (Some(left.to_owned()), wait.map(str::to_owned));
    let first = program.attempt("STIL", 1);
    first.refused(422, "liveness_incomplete");
    assert_eq!(told(&first), said("2", None));
    let second = program.attempt("STIL", 2);
    assert_eq!(told(&second), said("1", Some("2")));
    // Nobody films what would not be taken.
    let early = program.draw();
    early.refused(429, "too_many_attempts");
    assert_eq!(early.header("retry-after").as_deref(), Some("2"));
    issuer.clock.advance(2);
    let third = program.attempt("STIL", 3);
    assert_eq!(told(&third), said("0", Some("4")));
    issuer.clock.advance(4);
    program.draw().refused(429, "too_many_attempts");
    // Another key is another session; a page has five.
    for take in 4..8 {
        let again = Program::of(&browser);
        again
            .attempt("STIL", take)
            .refused(422, "liveness_incomplete");
    }
    Program::of(&browser)
        .draw()
        .refused(429, "too_many_attempts");
}

#[test]
fn a_person_fails_so_often_a_day_whichever_page_is_used() {
    let issuer = issuer(|config| config.face.failures_per_day = 2);
    for take in 1..3 {
        let browser = open(&issuer);
        let answer = Program::of(&browser).attempt("STIL", take);
        answer.refused(422, "liveness_incomplete");
    }
    let browser = open(&issuer);
    let answer = Program::of(&browser).attempt("SAME", 3);
    answer.refused(429, "too_many_attempts");
    assert!(answer.header("retry-after").is_some());
}

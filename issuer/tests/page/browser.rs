//! The page in a real browser, before a camera with a synthetic head, judged by the real face check.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tessera_face::synthetic::{Sitter, Take, jpeg};
use tessera_face::{FaceEngine, FacePolicy, ModelBytes};
use tessera_issuer::config::Demand;
use tessera_issuer::face::TractFaceCheck;
use tessera_verifier::vci::form::Form;

use super::support::chromium::Chromium;
use super::support::wallet::{REDIRECT, challenge, request};
use super::support::{Issuer, NUMBER, key};

const LIMITED: &str = "identity_limited_sd_jwt";

fn photo(name: &str) -> Vec<u8> {
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/photos");
    std::fs::read(photos.join(name)).unwrap()
}

/// The person before the camera: the head in steps of a few degrees, in each direction that can be asked for.
fn person(engine: &FaceEngine, name: &str) -> String {
    let sitter = Sitter::new(engine, &photo(name)).unwrap();
    let Take { turn, lift, .. } = Take::new(1);
    let head = |yaw, pitch| {
        let picture = jpeg(&sitter.turned(yaw, pitch), 90).unwrap();
        Value::from(STANDARD.encode(picture))
    };
    let steps = |yaw: f32, pitch: f32| -> Vec<Value> {
        let shares = [0.2, 0.4, 0.6, 0.8];
        shares.map(|share| head(share * yaw, share * pitch)).into()
    };
    let poses = json!({
        "front": [head(0.0, 0.0)],
        "left": steps(turn, 0.0), "right": steps(-turn, 0.0), "up": steps(0.0, lift),
    });
    include_str!("sitter.js").replace("POSES", &poses.to_string())
}

/// One try with the camera, from the button to the verdict.
fn attempt(browser: &mut Chromium, issuer: &Issuer) {
    let go = "document.querySelector('[data-part=go]').click()";
    browser.value(go);
    browser.wait_for("document.getElementById('camera').dataset.state === 'ready'");
    browser.value(go);
    browser.wait_for("document.getElementById('camera').dataset.state === 'filming'");
    // The issuer's clock goes by hand, and frames may not span more time than has passed.
    issuer.clock.advance(30);
    browser.wait_for("document.getElementById('camera')?.dataset.state !== 'filming'");
}

#[test]
fn a_person_with_a_browser_and_a_foreign_wallet_gets_credentials() {
    let Some(mut browser) = Chromium::start() else {
        println!("SKIPPED 1 test: no chromium-headless-shell or chromium on this machine");
        return;
    };
    let engine = FaceEngine::load(ModelBytes::embedded()).unwrap();
    let person = person(&engine, "person_a_1.jpg");
    let check = TractFaceCheck::new(engine, FacePolicy::default());
    let issuer = Issuer::with(Arc::new(check), &photo("person_a_2.jpg"), |config| {
        config.proofing.liveness = Demand::Limited;
        config.proofing.liveness_movements = 1;
    });
    let (key, challenge) = (key(), challenge());
    let link = issuer.push(&request(("scope", LIMITED), &challenge));
    let result = "document.querySelector('[data-part=result]').textContent";
    let number = format!("document.getElementById('number').value = '{NUMBER}'");

    // No camera: the page says so, and lets the person try again.
    browser.open(&format!("{}{link}", issuer.url));
    browser.value(&number);
    browser.value("document.querySelector('[data-part=go]').click()");
    browser.wait_for("document.getElementById('camera').dataset.state === 'told'");
    let said = browser.value(result);
    assert!(
        said.as_str().unwrap().starts_with("No camera was found."),
        "{said}"
    );

    // The wrong movement: told, counted, and the camera is off. A film may fail for another reason on a busy machine.
    browser.prepare(&person);
    browser.open(&format!("{}/authorization?lang=zh", issuer.url));
    browser.value(&number);
    browser.value("specimen.obeys = false");
    let mut said = Value::Null;
    for left in [4, 3] {
        attempt(&mut browser, &issuer);
        browser.wait_for("document.getElementById('camera').dataset.state === 'told'");
        said = browser.value(result);
        let counted = format!("剩余尝试次数：{left}。");
        assert!(said.as_str().unwrap().contains(&counted), "{said}");
        if said.as_str().unwrap().contains("liveness_wrong_movement") {
            break;
        }
        issuer.clock.advance(10);
    }
    assert!(
        said.as_str().unwrap().starts_with("动作与要求不符。"),
        "{said}"
    );
    let off = "specimen.streams.every((s) => s.getTracks().every((t) => t.readyState === 'ended'))";
    assert_eq!(browser.value(off), true);

    // As asked: the page goes on to the person's yes, which goes to the wallet.
    browser.value("specimen.obeys = true");
    let agree = "document.querySelector('form[action*=confirm]') !== null";
    for _ in 0..2 {
        browser.wait_for("!document.querySelector('[data-part=go]').disabled");
        attempt(&mut browser, &issuer);
        let over =
            format!("{agree} || document.getElementById('camera')?.dataset.state === 'told'");
        browser.wait_for(&over);
        if browser.value(agree) == true {
            break;
        }
        issuer.clock.advance(10);
    }
    assert_eq!(browser.value(agree), true, "{}", browser.value(result));
    let only_the_wallet = json!({"patterns": [{"urlPattern": "https://wallet.example/*"}]});
    browser.call("Fetch.enable", only_the_wallet);
    browser.value("document.querySelector('form[action*=confirm] button').click()");
    let answer = browser.event("Fetch.requestPaused");
    let url = answer["request"]["url"].as_str().unwrap();
    let query = url
        .strip_prefix(REDIRECT)
        .unwrap()
        .strip_prefix('?')
        .unwrap();
    let sent = Form::parse(query.as_bytes()).unwrap();
    assert_eq!(sent.get("iss"), Some(&*issuer.url));
    let granted = issuer.redeem_code(sent.get("code").unwrap(), Some(&key));
    let body = json!({"credential_configuration_id": LIMITED, "proofs": issuer.proofs(2)});
    let issued = issuer.request_bound((&granted.text("access_token"), &key), &body);
    assert_eq!(issued.status, 200, "{:?}", issued.body);
    assert_eq!(issued.body["credentials"].as_array().unwrap().len(), 2);
}

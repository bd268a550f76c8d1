//! What a clerk's browser gets.

use serde_json::json;

use crate::program::{Program, Setup};
use crate::world::{Binding, GOOD, World};

#[test]
fn the_page_shows_code_progress_and_only_configured_claims() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let page = program.get(&asked.page());
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<svg") && page.text.contains("data-state=\"open\""));
    assert!(asked.0["qr_svg"].as_str().unwrap().starts_with("<svg"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for outside in ["http://", "https://", "style=", "<script>", "onload"] {
        let text = page.text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains(outside), "{outside}");
    }
    let chinese = program.send("GET", &asked.page(), &[("accept-language", "zh-CN,zh")], "");
    assert!(chinese.text.contains("lang=\"zh\"") && chinese.text.contains("请用钱包扫描此二维码"));
    let state = || program.get(&format!("{}/state", asked.page())).json();
    let object = program.fetch(&asked);
    assert_eq!(state()["state"], "fetched");
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    assert_eq!(
        program.respond(&object, &json!({"sd_jwt": [shown]})).status,
        200
    );
    let ended = state();
    assert_eq!(ended["state"], "verified");
    assert_eq!(ended["claims"], json!([["18 or older", "yes"]]));
    // Handing over to the back end does not take it off the clerk's screen.
    assert_eq!(program.result(&asked).status, 200);
    assert_eq!(state()["state"], "verified");
    assert!(!program.get(&asked.page()).text.contains("<svg"));
    assert_eq!(program.get("/page/unknown").status, 404);
}

/// `TESSERA_WRITE_OPENAPI=1` rewrites it.
#[test]
fn the_checked_in_description_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi/rp.json");
    let generated = tessera_rp::http::document().unwrap();
    if std::env::var_os("TESSERA_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(
        kept == generated,
        "schemas/openapi/rp.json is not current: `tessera-rp openapi` prints the new one"
    );
}

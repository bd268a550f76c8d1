//! The files under `tests/samples`: an honest request, answer and bundle with throwaway keys, for the crate's example and
//! for the command's tests. `TESSERA_WRITE_SAMPLES=1 cargo test -p tessera-verifier samples` makes new ones.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tessera_verifier::bundle::BundleBuilder;
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::{Bundle, Request, verify};

use crate::world::{DAY, NOW, World, policy};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

fn write() {
    let world = World::new();
    let request_jwt = world.request_jwt("internet-cafe");
    let request = Request::for_own(&request_jwt).unwrap();
    let bundle = |issued_at, max_age| {
        let builder = world.builder_of(issued_at, max_age).issuer(world.trusted());
        let builder = world
            .lists(&[])
            .into_iter()
            .fold(builder, BundleBuilder::status_list);
        builder
            .build(world.root.public_key())
            .sign(&world.root)
            .unwrap()
    };
    let sd_jwt = json!({"sd_jwt": [world.show(&world.issue(Limited), &request)]});
    let ldp = json!({"ldp": [world.show_ldp(&world.issue_ldp(Limited), &request)]});
    for (name, text) in [
        ("request.jwt", request_jwt),
        ("bundle.jwt", bundle(NOW.add_seconds(-3600), DAY)),
        ("bundle-stale.jwt", bundle(NOW.add_seconds(-2 * DAY), DAY)),
        ("root.txt", world.root.did()),
        ("presentation-sd_jwt.json", sd_jwt.to_string()),
        ("presentation-ldp.json", ldp.to_string()),
    ] {
        fs::write(folder().join(name), text).unwrap();
    }
}

#[test]
fn samples_verify() {
    if std::env::var_os("TESSERA_WRITE_SAMPLES").is_some() {
        write();
    }
    let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap();
    let request = Request::for_own(&read("request.jwt")).unwrap();
    let bundle = Bundle::open(read("bundle.jwt").as_bytes(), &read("root.txt")).unwrap();
    for name in ["presentation-sd_jwt.json", "presentation-ldp.json"] {
        let verified = verify(
            read(name).as_bytes(),
            &request,
            &policy(&request),
            &bundle,
            NOW,
        )
        .unwrap();
        assert_eq!(
            json!(verified.credentials()[0].claims()),
            json!({"age_equal_or_over": {"18": true}})
        );
    }
}

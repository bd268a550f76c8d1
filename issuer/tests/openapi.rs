//! The checked-in description is the one the service generates (`TESSERA_WRITE_OPENAPI=1` rewrites it), and what the
//! command line says is what its page says.
#![expect(clippy::unwrap_used, reason = "tests")]

mod operator;

#[test]
fn the_checked_in_description_is_current() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../schemas/openapi/issuer.json"
    );
    let generated = tessera_issuer::http::document().unwrap();
    if std::env::var_os("TESSERA_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(
        kept == generated,
        "schemas/openapi/issuer.json is not current: `tessera-issuer openapi` prints the new one"
    );
}

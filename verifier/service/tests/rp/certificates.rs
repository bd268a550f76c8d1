//! Clients known by a certificate, and the HAIP profile.

use std::path::Path;
use std::process::Output;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::json;
use tessera_verifier::Request;
use tessera_verifier::crypto::sha256;
use tessera_verifier::encoding::{base64, base64url, from_base64, from_base64url};

use crate::program::{Files, Program, Setup, command, configure, free_port};
use crate::world::{Binding, GOOD, World};

const FILES: &str = "certificate_file = \"rp.pem\"\nauthority_file = \"ca.pem\"";

fn pem(der: &[u8]) -> String {
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        base64(der)
    )
}

/// A certification authority, and a certificate by it for `name` and the key, or for a fresh key.
pub(crate) fn certify(folder: &Path, name: &str, key: Option<&[u8]>) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.distinguished_name
        .push(DnType::CommonName, "SPECIMEN authority");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let anchor = ca.self_signed(&ca_key).unwrap();
    let key = match key {
        Some(pkcs8) => KeyPair::try_from(pkcs8).unwrap(),
        None => KeyPair::generate().unwrap(),
    };
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    leaf.distinguished_name
        .push(DnType::CommonName, "SPECIMEN relying party");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    std::fs::write(folder.join("ca.pem"), pem(anchor.der())).unwrap();
    std::fs::write(folder.join("rp.pem"), pem(leaf.der())).unwrap();
}

fn client(identifier: &str) -> String {
    format!("identifier = \"{identifier}\"\n{FILES}")
}

/// The certificates in the header of the request object.
fn x5c(compact: &str) -> Vec<Vec<u8>> {
    let header = from_base64url(compact.split('.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["x5c"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| from_base64(one.as_str().unwrap()).unwrap())
        .collect()
}

#[test]
fn clients_by_dns_name_and_by_digest() {
    let world = World::new();
    for identifier in ["x509_san_dns", "x509_hash"] {
        let line = client(identifier);
        let setup = Setup {
            client: Some(&line),
            host: Some("localhost"),
            files: Some(&|folder, key| certify(folder, "localhost", Some(key))),
            ..Setup::default()
        };
        let program = Program::start(&world, &setup);
        let asked = program.ask_cafe();
        let compact = program.get(&asked.request_uri()).text;
        let chain = x5c(&compact);
        assert_eq!(chain.len(), 1);
        let expected = match identifier {
            "x509_hash" => format!("x509_hash:{}", base64url(&sha256(&chain[0]))),
            _ => "x509_san_dns:localhost".to_owned(),
        };
        assert_eq!(Request::for_own(&compact).unwrap().client_id(), expected);
        let link = asked.link();
        assert!(
            link.query_pairs()
                .any(|(name, value)| name == "client_id" && value == expected)
        );
        let object = program.fetch(&asked);
        let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
        let taken = program.respond(&object, &json!({"sd_jwt": [shown]}));
        assert_eq!(taken.status, 200, "{}", taken.text);
    }
}

#[test]
fn haip_asks_encrypted_for_sd_jwt_under_x509_hash() {
    let world = World::new();
    let line = client("x509_hash");
    let setup = Setup {
        client: Some(&line),
        top: "profile = \"haip\"",
        requests: "link_scheme = \"haip-vp\"",
        files: Some(&|folder, key| certify(folder, "rp.example", Some(key))),
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let asked = program.ask_cafe();
    assert_eq!(asked.link().scheme(), "haip-vp");
    let object = program.fetch(&asked);
    assert_eq!(object["response_mode"], "direct_post.jwt");
    let metadata = &object["client_metadata"];
    assert_eq!(
        metadata["encrypted_response_enc_values_supported"],
        json!(["A128GCM", "A256GCM"])
    );
    let key = &metadata["jwks"]["keys"][0];
    assert_eq!(
        (&key["alg"], &key["crv"]),
        (&json!("ECDH-ES"), &json!("P-256"))
    );
    assert!(key["kid"].is_string() && key.get("d").is_none());
    // A key for this request alone.
    let other = program.fetch(&program.ask_cafe());
    assert_ne!(other["client_metadata"]["jwks"], metadata["jwks"]);
    let formats: Vec<_> = metadata["vp_formats_supported"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(formats, ["dc+sd-jwt"]);
    let query = &object["dcql_query"];
    assert_eq!(query["credentials"].as_array().unwrap().len(), 1);
    assert!(query.get("credential_sets").is_none());
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    assert_eq!(
        program.respond(&object, &json!({"sd_jwt": [shown]})).status,
        200
    );
    assert_eq!(program.result(&asked).json()["state"], "verified");
}

/// `tessera-rp check` with this client section and these files.
pub(crate) fn check(setup: &Setup<'_>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let root = World::new().root.did();
    let config = configure(
        folder.path(),
        free_port(),
        &root,
        "https://mirror.example/",
        setup,
    );
    command()
        .args(["check", "--config"])
        .arg(config)
        .output()
        .unwrap()
}

#[test]
fn a_file_that_names_no_authority_of_the_mirror_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (root, mirror) = (World::new().root.did(), "https://mirror.example/");
    let config = configure(folder.path(), free_port(), &root, mirror, &Setup::default());
    certify(folder.path(), "mirror.example", None);
    std::fs::write(folder.path().join("noise.pem"), "noise").unwrap();
    let check = |file: &str| {
        command()
            .args(["check", "--config"])
            .arg(&config)
            // Relative to the folder of the configuration.
            .env("TESSERA_RP_BUNDLE__AUTHORITY_FILE", file)
            .output()
            .unwrap()
    };
    let good = check("ca.pem");
    assert!(
        good.status.success(),
        "{}",
        String::from_utf8_lossy(&good.stderr)
    );
    for (file, why) in [
        ("noise.pem", "certificates in PEM"),
        ("none.pem", "none.pem"),
    ] {
        let checked = check(file);
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(!checked.status.success() && said.contains(why), "{said}");
    }
}

#[test]
fn what_a_wallet_would_refuse_is_refused_at_the_start() {
    let (dns, hash) = (client("x509_san_dns"), client("x509_hash"));
    let good = |folder: &Path, key: &[u8]| certify(folder, "127.0.0.1.example", Some(key));
    let foreign_key = |folder: &Path, _: &[u8]| certify(folder, "rp.example", None);
    let other_authority = |folder: &Path, key: &[u8]| {
        certify(folder, "rp.example", Some(key));
        let leaf = std::fs::read(folder.join("rp.pem")).unwrap();
        certify(folder, "rp.example", Some(key));
        std::fs::write(folder.join("rp.pem"), leaf).unwrap();
    };
    let with_anchor = |folder: &Path, key: &[u8]| {
        certify(folder, "rp.example", Some(key));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let both = read("rp.pem") + &read("ca.pem");
        std::fs::write(folder.join("rp.pem"), both).unwrap();
    };
    let cases: [(&str, Files<'_>, &str); 5] = [
        (&dns, &good, "does not name the host"),
        (&hash, &foreign_key, "of another key"),
        (&hash, &other_authority, "certificate_file:"),
        (&hash, &with_anchor, "leave it out"),
        ("identifier = \"x509_hash\"", &good, "are needed"),
    ];
    for (client, files, why) in cases {
        let setup = Setup {
            client: Some(client),
            files: Some(files),
            ..Setup::default()
        };
        let checked = check(&setup);
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(
            !checked.status.success() && said.contains(why),
            "{why}: {said}"
        );
    }
    let setup = Setup {
        client: Some(&hash),
        files: Some(&good),
        ..Setup::default()
    };
    let checked = check(&setup);
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

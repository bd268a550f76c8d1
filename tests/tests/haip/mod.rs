//! HAIP 1.0 on all three programs: an authorization code (PAR, PKCE) with DPoP by an attested wallet, credentials under a
//! certificate, shown encrypted to a relying party known by the digest of its own.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use serde_json::{Value, json};
use tessera_tests::authority::{Authority, text};
use tessera_tests::browser::Browser;
use tessera_tests::holder::Holder;
use tessera_tests::http::Client;
use tessera_tests::keys::Key;
use tessera_tests::lean_holder::LIMITED_SD_JWT;
use tessera_tests::programs::Programs;
use tessera_tests::registry::{ANTON, photo};
use tessera_tests::service::{Service, free_port};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::{did, jws};

const SECRET: &str = "specimen secret of the counter, 32 characters or more";

/// The attester's key: its private JWK as the wallet has it, and its DID as the issuer has it.
fn attester() -> (Value, String) {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let pkcs8 = pair.serialize_der();
    let key = Key::from_pkcs8(&pkcs8).unwrap();
    // RFC 5958 and RFC 5915: the scalar stands behind the version of the inner sequence.
    let at = pkcs8.windows(4).position(|four| four == [1, 1, 4, 32]);
    let scalar = &pkcs8[at.unwrap() + 4..][..32];
    let mut jwk = key.public_key().to_jwk();
    jwk["d"] = json!(tessera_verifier::encoding::base64url(scalar));
    let said =
        json!({"client_id": "specimen-wallet", "issuer": "https://provider.example", "jwk": jwk});
    (said, did::did_key(key.public_key()))
}

/// What a person does on the authorization page; gives the address that the browser is sent back to.
fn agree(link: &str) -> tessera_tests::Result<String> {
    // HAIP 1.0 §4.2: the request was pushed, and the link says nothing but where.
    let (_, query) = link.split_once('?').unwrap();
    let names: Vec<&str> = query
        .split('&')
        .filter_map(|p| p.split('=').next())
        .collect();
    assert_eq!(names, ["client_id", "request_uri"], "{link}");
    let mut browser = Browser::default();
    let page = browser.open(link)?.sent_to()?.to_owned();
    let shown = browser.open(&page)?;
    let selfie = std::fs::read(photo(ANTON.selfie))?;
    let shown = browser.send_with_file(
        &format!("{page}/face"),
        &[("csrf", &shown.hidden("csrf")?), ("number", ANTON.number)],
        ("photo", &selfie),
    )?;
    let yes = [("csrf", &*shown.hidden("csrf")?)];
    let back = browser.send(&format!("{page}/confirm"), &yes)?;
    back.sent_to().map(str::to_owned)
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// The relying party's key, its certificate, and the authority's.
fn certificates(folder: &Path) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.distinguished_name
        .push(DnType::CommonName, "SPECIMEN access");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let anchor = ca.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut leaf = CertificateParams::new(vec!["cafe.example".to_owned()]).unwrap();
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    write("rp.key", pem("PRIVATE KEY", &key.serialize_der()));
    write("rp.pem", pem("CERTIFICATE", leaf.der()));
    write("ca.pem", pem("CERTIFICATE", anchor.der()));
}

/// `tessera-rp` under the profile, deciding with the authority's bundle.
fn relying_party(programs: &Programs, folder: &Path, authority: &Authority) -> (String, Service) {
    std::fs::create_dir_all(folder).unwrap();
    certificates(folder);
    std::fs::write(folder.join("secret"), SECRET).unwrap();
    let listen = format!("127.0.0.1:{}", free_port().unwrap());
    let (issuer, root) = (authority.url(), authority.root().unwrap());
    let config = format!(
        "listen = \"{listen}\"\nprofile = \"haip\"\n\
         [client]\nkey_file = \"rp.key\"\nidentifier = \"x509_hash\"\n\
         certificate_file = \"rp.pem\"\nauthority_file = \"ca.pem\"\n\
         [bundle]\nurl = \"{issuer}/bundle\"\nroot = \"{root}\"\n\
         [[back_ends]]\nname = \"counter\"\nsecret_file = \"secret\"\n\
         [services.internet-cafe]\nback_end = [[\"age_equal_or_over\", \"18\"]]\n\
         [requests]\nlink_scheme = \"haip-vp\"\n"
    );
    let path = folder.join("rp.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = programs.command("tessera-rp");
    command.args(["serve", "--config"]).arg(&path);
    let mut service = Service::start("tessera-rp", &command, &folder.join("log")).unwrap();
    let url = format!("http://{listen}");
    let ready = format!("{url}/readyz");
    let client = Client::default();
    let up = || {
        client
            .get(&ready, None)
            .is_ok_and(|answer| answer.status == 200)
    };
    service.wait_until(up).unwrap();
    (url, service)
}

#[test]
fn haip_from_the_authorization_page_to_the_counter() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let programs = Programs::beside_this_one().unwrap();
    let (said, attester) = attester();
    std::fs::write(file("attester.json"), said.to_string()).unwrap();
    let config = format!("profile = \"haip\"\n[wallets]\nattesters = [\"{attester}\"]\n");
    std::fs::write(file("issuer.toml"), config).unwrap();
    let mut authority = Authority::found(&programs, &file("authority"), 0).unwrap();
    authority.set("CONFIG", &text(&file("issuer.toml")));
    authority.start().unwrap();

    let holder = Holder::new(&programs, &file("anton")).unwrap();
    let strict = holder.run(&["settings", "--haip", "on"]).unwrap();
    strict.expect_ok("tessera settings").unwrap();
    let url = authority.url();
    let receive = |more: &[&str]| {
        let arguments = [
            "receive",
            "--issuer",
            &url,
            "--configuration",
            LIMITED_SD_JWT,
            "--yes",
            "--local",
            "--paste",
        ];
        let arguments = [&arguments[..], more].concat();
        let link = |line: &str| line.starts_with("http").then(|| agree(line));
        holder.ask(&arguments, link).unwrap()
    };
    // Nobody vouches for the wallet.
    assert!(!receive(&[]).ok());
    let vouched = text(&file("attester.json"));
    let received = receive(&["--attester", &vouched]);
    received.expect_ok("tessera receive").unwrap();
    let list = holder.list().unwrap();
    let set = &list["credentials"][0];
    assert_eq!(set["remaining"]["dc+sd-jwt"], 10, "{list}");

    let (counter, _server) = relying_party(&programs, &file("counter"), &authority);
    let client = Client::default();
    let wanted = json!({"service": "internet-cafe", "flow": "cross_device"});
    let started = client.post_json(&format!("{counter}/requests"), Some(SECRET), &wanted);
    let started = started.unwrap().expect_ok().unwrap().json().unwrap();
    let link = started["link"].as_str().unwrap();
    assert!(link.starts_with("haip-vp://"), "{link}");
    let anchor = text(&file("counter").join("ca.pem"));
    let out = text(&file("shown.json"));
    let shown = holder.run(&[
        "present",
        link,
        "--yes",
        "--local",
        "--unregistered",
        "ask",
        "--requester-anchor",
        &anchor,
    ]);
    shown.unwrap().expect_ok("tessera present").unwrap();
    let result = format!(
        "{counter}/requests/{}/result",
        started["id"].as_str().unwrap()
    );
    let outcome = client.get(&result, Some(SECRET)).unwrap();
    let outcome = outcome.expect_ok().unwrap().json().unwrap();
    assert_eq!(outcome["state"], "verified", "{outcome}");
    let shown = &outcome["credentials"][0];
    assert_eq!(shown["claims"], json!({"age_equal_or_over": {"18": true}}));
    assert_eq!(shown["issuer"], set["issuer_did"]);

    // What was shown stands under a certificate: by hand, so that its header can be looked at.
    let cafe = tessera_tests::relying_party::RelyingParty::register(
        &programs,
        &file("cafe"),
        &authority,
        ["Corner Internet Café", "街角网吧"],
        &["internet-cafe"],
    );
    let cafe = cafe.unwrap();
    holder.run(&["settings", "--haip", "off"]).unwrap();
    holder.run(&["bundle", "refresh"]).unwrap();
    let request = cafe.request("internet-cafe", "by-hand").unwrap();
    let shown = holder.present(&request, Path::new(&out), "sd_jwt").unwrap();
    shown.expect_ok("tessera present").unwrap();
    let shown: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let token = shown["vp_token"]["sd_jwt"][0].as_str().unwrap();
    let jwt = token.split('~').next().unwrap();
    let limits = tessera_verifier::json::Limits::MESSAGE;
    let header = jws::parse(jwt, limits).unwrap().header().member("x5c");
    assert_eq!(header.unwrap().as_array().unwrap().len(), 1);
    authority.stop().unwrap();
}

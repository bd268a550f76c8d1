//! Requests in every form: other client identifiers, several signatures, none, an encrypted request object, a registration
//! certificate by value.

use std::path::Path;

use serde_json::{Value, json};
use tessera_exchange::jwe::{DecryptionKey, ENCS, protected_header};
use tessera_verifier::catalogue::LocalizedText;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::did;
use tessera_verifier::encoding::from_base64;
use tessera_verifier::jws;
use tessera_verifier::key::PublicKey;
use tessera_verifier::request::{
    AuthenticatedName, DcApiProtocol, Registration, Requester, Trust, Unregistered,
};
use tessera_verifier::x509::TrustAnchor;
use tessera_verifier::{Bundle, Request};

use crate::certificates::{certify, check};
use crate::program::{Asked, ORIGIN, Program, Setup, encrypt, payload};
use crate::world::{Binding, DAY, GOOD, Signer, World, now};

/// The public key of the program's own, given its PKCS#8.
fn public(pkcs8: &[u8]) -> PublicKey {
    Signer::from_pkcs8(pkcs8).public_key().clone()
}

fn stranger<'a>(anchors: &'a [TrustAnchor], attesters: &'a [String]) -> Trust<'a> {
    Trust {
        bundle: None,
        anchors,
        documents: None,
        attesters,
        unregistered: Unregistered::Ask,
    }
}

/// Answers a request and finds it verified.
fn verified(world: &World, program: &Program, asked: &Asked, object: &Value) {
    let shown = world.show(&world.issue(GOOD), object, &Binding::default());
    let taken = program.respond(object, &json!({"sd_jwt": [shown]}));
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(program.result(asked).json()["state"], "verified");
}

/// A verifier attestation of `key`.
fn attest(attester: &Signer, key: &PublicKey, ends: i64) -> String {
    let header = json!({"typ": "verifier-attestation+jwt", "kid": attester.method()});
    let payload = json!({"iss": attester.did(), "sub": "counter.example",
        "iat": now(), "exp": now().add_seconds(ends), "cnf": {"jwk": key.to_jwk()}});
    jws::sign(header, &payload, attester).unwrap()
}

const ATTESTED: &str = "identifier = \"verifier_attestation\"\nattestation_file = \"attestation\"";

#[test]
fn a_client_by_verifier_attestation() {
    let (world, attester) = (World::new(), Signer::fresh());
    let files = |folder: &Path, key: &[u8]| {
        let attestation = attest(&attester, &public(key), DAY);
        std::fs::write(folder.join("attestation"), attestation).unwrap();
    };
    let setup = Setup {
        client: Some(ATTESTED),
        files: Some(&files),
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let asked = program.ask_cafe();
    let compact = program.get(&asked.request_uri()).text;
    let attesters = [attester.did()];
    let read = |trusted: &[String]| {
        let request = Request::parse(&compact, now()).unwrap();
        request.authenticate_with(&stranger(&[], trusted), now())
    };
    let name = AuthenticatedName::Attested {
        name: "counter.example".to_owned(),
        by: attester.did(),
    };
    assert_eq!(read(&attesters).unwrap().name(), &name);
    assert!(read(&[]).is_err());
    let object = payload(&compact);
    assert_eq!(object["client_id"], "verifier_attestation:counter.example");
    verified(&world, &program, &asked, &object);
}

#[test]
fn an_attestation_that_wallets_would_refuse_is_refused_at_the_start() {
    let (attester, other) = (Signer::fresh(), Signer::fresh());
    let ended = |folder: &Path, key: &[u8]| {
        let attestation = attest(&attester, &public(key), -1);
        std::fs::write(folder.join("attestation"), attestation).unwrap();
    };
    let foreign = |folder: &Path, _: &[u8]| {
        let attestation = attest(&attester, other.public_key(), DAY);
        std::fs::write(folder.join("attestation"), attestation).unwrap();
    };
    let noise = |folder: &Path, _: &[u8]| {
        std::fs::write(folder.join("attestation"), "noise").unwrap();
    };
    for (files, why) in [
        (&ended as &dyn Fn(&Path, &[u8]), "has ended"),
        (&foreign, "of another key"),
        (&noise, "is not a JWT"),
    ] {
        let setup = Setup {
            client: Some(ATTESTED),
            files: Some(files),
            ..Setup::default()
        };
        let said = String::from_utf8(check(&setup).stderr).unwrap();
        assert!(said.contains(why), "{why}: {said}");
    }
    for (client, why) in [
        (
            "identifier = \"verifier_attestation\"",
            "attestation_file is needed",
        ),
        (
            "identifier = \"redirect_uri\"\nalso = [\"did\"]",
            "does not sign",
        ),
    ] {
        let setup = Setup {
            client: Some(client),
            ..Setup::default()
        };
        let checked = check(&setup);
        let said = String::from_utf8(checked.stderr).unwrap();
        assert!(!checked.status.success() && said.contains(why), "{said}");
    }
}

/// The client is its response URI; nobody signs, and the link holds all of the request.
#[test]
fn a_client_by_response_uri_asks_in_its_link() {
    let world = World::new();
    let setup = Setup {
        client: Some("identifier = \"redirect_uri\""),
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let asked = program.ask_cafe();
    assert!(asked.0["qr_svg"].as_str().unwrap().starts_with("<svg"));
    let link = asked.link();
    let parameters: Vec<(String, String)> = link.query_pairs().into_owned().collect();
    let given = |name: &str| {
        let found = parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    assert!(given("request_uri").is_none() && given("request").is_none());
    let uri = given("response_uri").unwrap();
    assert_eq!(given("client_id").unwrap(), format!("redirect_uri:{uri}"));
    let pairs = parameters.iter().map(|(name, value)| (&**name, &**value));
    let request = Request::from_parameters(pairs, now()).unwrap();
    let known = request
        .authenticate_with(&stranger(&[], &[]), now())
        .unwrap();
    assert_eq!(known.name(), &AuthenticatedName::ResponseUri(uri));
    // The page shows the same link.
    assert!(program.get(&asked.page()).text.contains("<svg"));
    let mut object = json!({});
    for (name, value) in &parameters {
        object[name] = match name.as_str() {
            "dcql_query" | "client_metadata" => serde_json::from_str(value).unwrap(),
            _ => json!(value),
        };
    }
    verified(&world, &program, &asked, &object);
    // Past its time nothing is taken, though the request itself names no end.
    let setup = Setup {
        requests: "seconds = 1",
        ..setup
    };
    let program = Program::start(&world, &setup);
    let asked = program.ask_cafe();
    program.until(|| program.result(&asked).status == 410);
}

#[test]
fn an_unsigned_request_of_the_digital_credentials_api() {
    let world = World::new();
    let setup = Setup {
        client: Some("identifier = \"redirect_uri\""),
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let wanted = json!({"service": "internet-cafe", "flow": "dc_api", "origin": ORIGIN});
    let asked = program.ask(&wanted);
    let one = &asked.0["digital"]["requests"][0];
    assert_eq!(one["protocol"], "openid4vp-v1-unsigned");
    let data = &one["data"];
    assert!(data.get("client_id").is_none() && data.get("expected_origins").is_none());
    let text = data.to_string();
    let request = Request::from_dc_api(DcApiProtocol::Unsigned, text.as_bytes(), ORIGIN, now());
    let trust = stranger(&[], &[]);
    let request = request.unwrap().authenticate_with(&trust, now()).unwrap();
    assert_eq!(
        request.name(),
        &AuthenticatedName::Origin(ORIGIN.to_owned())
    );
    let mut object = data.clone();
    object["client_id"] = json!("");
    object["expected_origins"] = json!([ORIGIN]);
    let shown = world.show(&world.issue(GOOD), &object, &Binding::default());
    let clear = json!({"vp_token": {"sd_jwt": [shown]}});
    let send = |protocol: &str| {
        let data = json!({"response": encrypt(&object, &clear)});
        program.dc_api(
            &asked,
            &json!({"protocol": protocol, "origin": ORIGIN, "data": data}),
        )
    };
    assert_eq!(send("openid4vp-v1-signed").code(), "400 response_invalid");
    assert_eq!(send("openid4vp-v1-unsigned").status, 200);
    assert_eq!(program.result(&asked).json()["state"], "verified");
}

/// Appendix A.3.2.2: one request, signed as each of the client's names; a wallet takes the one that it trusts.
#[test]
fn a_multi_signed_request_of_the_digital_credentials_api() {
    let world = World::new();
    let setup = Setup {
        client: Some(
            "identifier = \"x509_hash\"\nalso = [\"did\"]\ncertificate_file = \"rp.pem\"\nauthority_file = \"ca.pem\"",
        ),
        files: Some(&|folder, key| certify(folder, "rp.example", Some(key))),
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let wanted = json!({"service": "internet-cafe", "flow": "dc_api", "origin": ORIGIN});
    let asked = program.ask(&wanted);
    let one = &asked.0["digital"]["requests"][0];
    assert_eq!(one["protocol"], "openid4vp-v1-multisigned");
    let request = &one["data"]["request"];
    let signatures = request["signatures"].as_array().unwrap();
    assert_eq!(signatures.len(), 2);
    let pem = std::fs::read_to_string(program.folder.path().join("ca.pem")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let anchors = [TrustAnchor::from_certificate(&from_base64(&body).unwrap()).unwrap()];
    let read = |data: &Value, anchors: &[TrustAnchor]| {
        let text = data.to_string();
        let protocol = DcApiProtocol::MultiSigned;
        let request = Request::from_dc_api(protocol, text.as_bytes(), ORIGIN, now()).unwrap();
        let trusted = request.authenticate_with(&stranger(anchors, &[]), now());
        trusted.unwrap().name().clone()
    };
    let by_certificate = AuthenticatedName::Dns("rp.example".to_owned());
    assert_eq!(read(&one["data"], &anchors), by_certificate);
    // A wallet without that authority knows the other name; so does one to which the first signature came broken.
    let by_did = |name: AuthenticatedName| matches!(name, AuthenticatedName::Did(_));
    assert!(by_did(read(&one["data"], &[])));
    let mut broken = one["data"].clone();
    let second = broken["request"]["signatures"][1]["signature"].clone();
    broken["request"]["signatures"][0]["signature"] = second;
    assert!(by_did(read(&broken, &anchors)));
    // Whichever it takes, the answer is for the origin.
    let object = payload(&format!("x.{}.x", request["payload"].as_str().unwrap()));
    assert!(object.get("client_id").is_none() && object.get("verifier_info").is_none());
    let mut answered = object.clone();
    answered["client_id"] = json!("");
    let shown = world.show(&world.issue(GOOD), &answered, &Binding::default());
    let clear = json!({"vp_token": {"sd_jwt": [shown]}});
    let data = json!({"response": encrypt(&object, &clear)});
    let taken = program.dc_api(
        &asked,
        &json!({"protocol": "openid4vp-v1-multisigned", "origin": ORIGIN, "data": data}),
    );
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert_eq!(program.result(&asked).json()["state"], "verified");
    // By link there is one name.
    let asked = program.ask_cafe();
    let id = program.fetch(&asked)["client_id"].clone();
    assert!(id.as_str().unwrap().starts_with("x509_hash:"));
}

#[test]
fn a_request_object_is_encrypted_to_the_wallets_key() {
    let world = World::new();
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let uri = asked.request_uri();
    let key = DecryptionKey::generate("wallet").unwrap();
    let post = |metadata: &Value, nonce: Option<&str>| {
        let metadata = metadata.to_string();
        let mut parameters = vec![("wallet_metadata", metadata.as_str())];
        parameters.extend(nonce.map(|nonce| ("wallet_nonce", nonce)));
        program.post_form(&uri, &parameters)
    };
    let wanted = json!({"jwks": {"keys": [{"kty": "RSA", "use": "enc"}, key.public_jwk()]},
        "request_object_encryption_alg_values_supported": ["ECDH-ES"],
        "request_object_encryption_enc_values_supported": ["A128GCM"]});
    for nonce in [None, Some("qPmxiNFCR3QTm19POc8u")] {
        let sent = post(&wanted, nonce);
        assert_eq!(sent.status, 200, "{}", sent.text);
        let header = protected_header(&sent.text).unwrap();
        assert_eq!(
            (&header["enc"], &header["cty"]),
            (&json!("A128GCM"), &json!("JWT"))
        );
        let clear = key.decrypt(&sent.text, &ENCS).unwrap();
        let compact = std::str::from_utf8(&clear).unwrap();
        assert_eq!(payload(compact)["wallet_nonce"].as_str(), nonce);
        Request::for_own(compact).unwrap();
    }
    let mut signing = key.public_jwk();
    signing.as_object_mut().unwrap().remove("use");
    for unusable in [
        json!({"jwks": "none"}),
        json!({"jwks": {"keys": []}}),
        json!({"jwks": {"keys": vec![key.public_jwk(); 17]}}),
        json!({"jwks": {"keys": [signing]}}),
        json!({"jwks": {"keys": [key.public_jwk()]},
            "request_object_encryption_alg_values_supported": ["RSA-OAEP"]}),
        json!({"jwks": {"keys": [key.public_jwk()]},
            "request_object_encryption_enc_values_supported": ["A256CBC-HS512"]}),
    ] {
        let refused = post(&unusable, None);
        assert_eq!(refused.code(), "400 wallet_parameter_invalid", "{unusable}");
    }
    verified(&world, &program, &asked, &program.fetch(&asked));
}

/// OpenID4VP 1.0 §5.11: what the register says of the client goes along, and a wallet believes it for this client only.
#[test]
fn a_registration_certificate_goes_along_by_value() {
    let world = World::new();
    let text = |text: &str| LocalizedText {
        en: text.to_owned(),
        zh: text.to_owned(),
    };
    let files = |folder: &Path, key: &[u8]| {
        let registration = Registration {
            sub: format!("decentralized_identifier:{}", did::did_key(&public(key))),
            name: text("SPECIMEN café"),
            purpose: None,
            services: vec!["internet-cafe".to_owned()],
            credentials: Vec::new(),
            iat: now(),
            exp: now().add_seconds(DAY),
        };
        let unsigned = registration.prepare(world.root.public_key());
        let certificate = unsigned.sign(&world.root).unwrap();
        std::fs::write(folder.join("registration"), format!("{certificate}\n")).unwrap();
    };
    let setup = Setup {
        client: Some("registration_file = \"registration\""),
        files: Some(&files),
        ..Setup::default()
    };
    let program = Program::start(&world, &setup);
    let bundle = Bundle::open(&world.bundle(60), &world.root.did()).unwrap();
    let read = |asked: &Asked| {
        let compact = program.get(&asked.request_uri()).text;
        let request = Request::parse(&compact, now()).unwrap();
        request.authenticate_with(&Trust::of(&bundle), now())
    };
    let asked = program.ask_cafe();
    match read(&asked).unwrap().requester() {
        Requester::Certified(registration) => assert_eq!(registration.name.en, "SPECIMEN café"),
        other => panic!("{other:?}"),
    }
    verified(&world, &program, &asked, &program.fetch(&asked));
    // The certificate does not cover what the server offers besides.
    let hotel = program.ask(&json!({"service": "hotel", "flow": "cross_device"}));
    assert_eq!(
        read(&hotel).err().map(|error| error.code()),
        Some("over_asking")
    );
}

//! Credentials under a certificate of their issuer's key (HAIP 1.0 §6.1.1).

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use tessera_verifier::encoding::base64;

use crate::program::{Program, Setup};
use crate::world::{Binding, CERTIFIED, GOOD, Signer, World};

struct Authority {
    der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self {
            der: params.self_signed(&key).unwrap().der().to_vec(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A key that this authority has certified for a host, and the header that says so.
    fn leaf(&self, host: &str) -> (Signer, Value) {
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let leaf = leaf.signed_by(&key, &self.issuer).unwrap();
        let header = json!({"x5c": [base64(leaf.der())]});
        (Signer::from_pkcs8(&key.serialize_der()), header)
    }
}

#[test]
fn a_certified_issuer_is_one_of_the_bundles_authority() {
    let authority = Authority::new("SPECIMEN credentials");
    let world = World {
        authority: Some(authority.der.clone()),
        ..World::new()
    };
    let program = Program::start(&world, &Setup::default());
    let asked = program.ask_cafe();
    let object = program.fetch(&asked);
    let send = |iss: &str, (key, header): &(Signer, Value)| {
        let credential = world.issue_as(iss, header, key, GOOD);
        let shown = world.show(&credential, &object, &Binding::default());
        program.respond(&object, &json!({"sd_jwt": [shown]}))
    };
    let refused = |iss: &str, leaf: &(Signer, Value)| {
        let refused = send(iss, leaf);
        assert_eq!(refused.json()["stage"], "issuer");
        refused.code()
    };
    let genuine = authority.leaf("city.example");
    let mallory = Authority::new("Mallory").leaf("city.example");
    assert_eq!(refused(CERTIFIED, &mallory), "400 issuer_untrusted");
    let elsewhere = authority.leaf("other.example");
    assert_eq!(refused(CERTIFIED, &elsewhere), "400 issuer_key_mismatch");
    let victim = world.issuer.did();
    assert_eq!(refused(&victim, &genuine), "400 issuer_key_mismatch");
    let (_, mut header) = authority.leaf("city.example");
    header["kid"] = json!(mallory.0.method());
    let kid = (mallory.0, header);
    assert_eq!(refused(CERTIFIED, &kid), "400 issuer_key_mismatch");
    // None of them took the holder's place.
    let taken = send(CERTIFIED, &genuine);
    assert_eq!(taken.status, 200, "{}", taken.text);
    let result = program.result(&asked).json();
    assert_eq!(result["credentials"][0]["issuer"], CERTIFIED);
}

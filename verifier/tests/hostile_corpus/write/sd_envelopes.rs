//! Credentials as SD-JWT in envelopes: classes 1, 2, 11 and 12.

use serde_json::{Map, Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::KeyType;
use tessera_verifier::sd_jwt::Disclosure;
use tessera_verifier::vc_jose_cose::{Kind, Secured, envelope};

use super::{Hostile, OTHER, honest, raw_jws};
use crate::support::{NOW, Signer};

const DISCLOSURE: (&str, &str) = ("disclosure", "disclosure_invalid");
const FORMAT: (&str, &str) = ("format", "unsupported_format");
const MALFORMED: (&str, &str) = ("proof", "malformed");

/// A credential whose subject may be named by a disclosure, and everything that its issuer says of itself.
struct Desk {
    signer: Signer,
    did: String,
    method: String,
}

impl Desk {
    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "vc+sd-jwt", "kid": self.method})
    }

    /// The payload with these digests in its subject.
    fn payload(&self, digests: &[&str]) -> Value {
        json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
            "issuer": self.did, "validFrom": "2026-01-01T00:00:00Z", "_sd_alg": "sha-256",
            "credentialSubject": {"id": "urn:uuid:0", "_sd": digests}})
    }

    /// The compact form, signed by this key.
    fn signed(&self, header: &Value, payload: &Value, disclosures: &[&str]) -> String {
        let mut text = raw_jws(&header.to_string(), &payload.to_string(), &self.signer);
        text.push('~');
        for disclosure in disclosures {
            text.push_str(disclosure);
            text.push('~');
        }
        text
    }
}

fn put(class: u64, name: &str, about: &str, refused: (&str, &str), text: String) {
    Hostile {
        class,
        kind: "envelope",
        twin: "vc-sd-jwt",
    }
    .put(
        &format!("vc-sd-jwt-{name}"),
        about,
        refused,
        json!({"envelope": envelope(Kind::Credential, &Secured::SdJwt(text))}),
    );
}

fn named(salt: u8, name: &str, value: &Value) -> Disclosure {
    Disclosure::new(&[salt; 16], Some(name), value)
}

pub(super) fn write() {
    let signer = Signer::fresh(KeyType::Ed25519);
    let desk = Desk {
        did: signer.did(),
        method: tessera_verifier::did::verification_method(signer.public_key()),
        signer,
    };
    let name = named(1, "name", &json!("SPECIMEN"));
    let (digest, shown) = (name.digest(), name.encoded());
    let payload = desk.payload(&[digest]);
    let text = desk.signed(&desk.header(), &payload, &[shown]);
    honest(
        "envelope",
        "vc-sd-jwt",
        "A credential as SD-JWT by an Ed25519 key, with one disclosure",
        json!({"now": NOW.to_rfc3339(), "envelope": envelope(Kind::Credential, &Secured::SdJwt(text.clone()))}),
    );
    keys(&desk, &payload, shown);
    headers(&desk, &payload, shown);

    let other = named(1, "name", &json!("FRIDA"));
    let with = |disclosures: &[&str]| desk.signed(&desk.header(), &payload, disclosures);
    put(
        2,
        "disclosure-altered",
        "A disclosure says another name than the one that was signed",
        DISCLOSURE,
        with(&[other.encoded()]),
    );
    put(
        12,
        "disclosure-twice",
        "A disclosure comes twice",
        DISCLOSURE,
        with(&[shown, shown]),
    );
    put(
        12,
        "disclosure-not-referenced",
        "A disclosure more than was signed",
        DISCLOSURE,
        with(&[shown, named(2, "description", &json!("x")).encoded()]),
    );
    put(
        12,
        "disclosure-padded",
        "A disclosure is padded base64url",
        DISCLOSURE,
        with(&[&format!("{shown}=")]),
    );
    let cut = text.strip_suffix('~').unwrap();
    put(
        12,
        "cut-off",
        "The last tilde is missing, so that the disclosure stands where a key binding would",
        ("holder", "holder_binding_invalid"),
        cut.to_owned(),
    );
    put(
        12,
        "key-binding-unasked",
        "A key binding follows that nobody asked for and nobody can check",
        ("holder", "holder_binding_invalid"),
        format!("{text}e30.e30.AA"),
    );
    payloads(&desk, &payload, shown, digest);
}

fn keys(desk: &Desk, payload: &Value, shown: &str) {
    let stranger = Signer::fresh(KeyType::Ed25519);
    let mut of_another = payload.clone();
    of_another["issuer"] = json!(stranger.did());
    put(
        1,
        "issuer-not-controller",
        "The issuer is not the controller of the key that signed",
        ("issuer", "issuer_key_mismatch"),
        desk.signed(&desk.header(), &of_another, &[shown]),
    );
    let mut two = payload.clone();
    two["iss"] = json!(stranger.did());
    put(
        1,
        "iss-of-another",
        "The claim iss names another than the issuer of the credential",
        ("issuer", "issuer_key_mismatch"),
        desk.signed(&desk.header(), &two, &[shown]),
    );
    let forged = raw_jws(&desk.header().to_string(), &payload.to_string(), &stranger);
    put(
        1,
        "signature-of-another-key",
        "The kid is the issuer's, the signature another key's",
        ("proof", "invalid_signature"),
        format!("{forged}~{shown}~"),
    );
}

fn headers(desk: &Desk, payload: &Value, shown: &str) {
    for (class, name, about, refused, header) in [
        (
            12,
            "alg-none",
            "The header says alg none",
            ("format", "unsupported_algorithm"),
            json!({"alg": "none", "typ": "vc+sd-jwt", "kid": desk.method}),
        ),
        (
            12,
            "alg-of-another-key",
            "The header says ES256, the key is an Ed25519 one",
            ("format", "unsupported_algorithm"),
            json!({"alg": "ES256", "typ": "vc+sd-jwt", "kid": desk.method}),
        ),
        (
            12,
            "typ-missing",
            "The header says no typ",
            FORMAT,
            json!({"alg": "EdDSA", "kid": desk.method}),
        ),
        (
            12,
            "typ-of-another",
            "The header says the typ of an SD-JWT VC",
            FORMAT,
            json!({"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": desk.method}),
        ),
        (
            12,
            "typ-without-disclosures",
            "The header says that it is a JWT without disclosures",
            FORMAT,
            json!({"alg": "EdDSA", "typ": "vc+jwt", "kid": desk.method}),
        ),
        (
            12,
            "cty-presentation",
            "The header says that it holds a presentation",
            FORMAT,
            json!({"alg": "EdDSA", "typ": "vc+sd-jwt", "cty": "vp", "kid": desk.method}),
        ),
        (
            4,
            "kid-missing",
            "Nothing says which key of the issuer's",
            ("issuer", "issuer_untrusted"),
            json!({"alg": "EdDSA", "typ": "vc+sd-jwt"}),
        ),
    ] {
        put(
            class,
            name,
            about,
            refused,
            desk.signed(&header, payload, &[shown]),
        );
    }
}

fn payloads(desk: &Desk, payload: &Value, shown: &str, digest: &str) {
    let with = |change: &dyn Fn(&mut Map<String, Value>), disclosures: &[&str]| {
        let mut payload = payload.clone();
        change(payload.as_object_mut().unwrap());
        desk.signed(&desk.header(), &payload, disclosures)
    };
    put(
        12,
        "sd-alg-unknown",
        "The hash of the digests is one that nobody should use",
        ("format", "unsupported_algorithm"),
        with(
            &|payload| _ = payload.insert("_sd_alg".to_owned(), json!("md5")),
            &[shown],
        ),
    );
    put(
        12,
        "digest-twice",
        "A digest stands in two places",
        DISCLOSURE,
        with(
            &|payload| _ = payload.insert("_sd".to_owned(), json!([digest])),
            &[shown],
        ),
    );
    put(
        12,
        "disclosure-collides",
        "A disclosure names a claim that is visible already",
        DISCLOSURE,
        with(
            &|payload| payload["credentialSubject"]["name"] = json!("SPECIMEN"),
            &[shown],
        ),
    );
    let hidden = |name: &str, value: &Value| {
        let disclosure = named(3, name, value);
        with(
            &|payload| {
                payload.remove(name);
                payload.insert("_sd".to_owned(), json!([disclosure.digest()]));
            },
            &[shown, disclosure.encoded()],
        )
    };
    put(
        12,
        "issuer-hidden",
        "The issuer is only in a disclosure",
        DISCLOSURE,
        hidden("issuer", &json!(desk.did)),
    );
    put(
        12,
        "end-hidden",
        "The end of the credential is only in a disclosure, which its holder may leave out",
        DISCLOSURE,
        hidden("validUntil", &json!("2026-12-31T00:00:00Z")),
    );
    put(
        12,
        "vc-claim-hidden",
        "A disclosure shows a claim vc, in which another reader would look",
        MALFORMED,
        hidden("vc", &json!({})),
    );
    put(
        11,
        "term-undefined-hidden",
        "A disclosure shows a member whose name no context defines",
        ("proof", "undefined_term"),
        hidden("badExtension", &json!("SPECIMEN")),
    );
    put(
        OTHER,
        "signature-expired",
        "The exp of the signature is past",
        ("validity", "expired"),
        with(
            &|payload| _ = payload.insert("exp".to_owned(), json!(NOW.add_seconds(-61))),
            &[shown],
        ),
    );
}

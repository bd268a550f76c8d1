//! Credentials in envelopes whose key is the leaf of a certificate chain: classes 1, 2, 4 and 12.

use serde_json::{Value, json};
use tessera_verifier::encoding::base64;
use tessera_verifier::key::KeyType;
use tessera_verifier::vc_jose_cose::{
    Kind, Secured, SigningOptions, envelope, prepare_cose, prepare_jwt,
};

use super::{Hostile, OTHER, honest};
use crate::maker::{
    Template, alternative_names, basic_constraints, extension, key_usage, name, sequence, validity,
};
use crate::support::{NOW, Signer, store};

const ISSUER: &str = "https://issuer.example/specimen";
const SIGNATURE: u8 = 0x80;
const CERTIFICATES: u8 = 0x04;

const UNTRUSTED: (&str, &str) = ("issuer", "issuer_untrusted");
const MALFORMED: (&str, &str) = ("proof", "malformed");
const INVALID: (&str, &str) = ("proof", "invalid_signature");

/// A root, an authority and a leaf, with the template of each to be made wrong.
struct Family {
    root: Signer,
    authority: Signer,
    leaf: Signer,
    root_says: Template,
    authority_says: Template,
    leaf_says: Template,
}

impl Family {
    fn new() -> Self {
        let [root, authority, leaf] = [KeyType::P256; 3].map(Signer::fresh);
        Self {
            root,
            authority,
            leaf,
            root_says: Template::new(
                "root",
                "root",
                &[basic_constraints(true, None), key_usage(CERTIFICATES)],
            ),
            authority_says: Template::new(
                "root",
                "authority",
                &[basic_constraints(true, Some(0)), key_usage(CERTIFICATES)],
            ),
            leaf_says: Template::new(
                "authority",
                "leaf",
                &[key_usage(SIGNATURE), alternative_names(&[ISSUER], &[])],
            ),
        }
    }

    fn anchors(&self) -> Value {
        json!([base64(&self.root_says.sign(&self.root, &self.root))])
    }

    fn chain(&self) -> Vec<Vec<u8>> {
        vec![
            self.leaf_says.sign(&self.leaf, &self.authority),
            self.authority_says.sign(&self.authority, &self.root),
        ]
    }

    /// A credential of this issuer under these certificates, by this key.
    fn jwt(issuer: &str, chain: &[Vec<u8>], signer: &Signer) -> Value {
        let store = store();
        let document = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
            "issuer": issuer, "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {"id": "urn:uuid:0", "name": "SPECIMEN"}});
        let options = SigningOptions {
            kind: Kind::Credential,
            key: KeyType::P256,
            kid: None,
            issued_at: None,
            expires: None,
            certificates: chain,
            contexts: &store,
        };
        let unsigned = prepare_jwt(&document, &options).unwrap();
        envelope(
            Kind::Credential,
            &Secured::Jwt(unsigned.sign(signer).unwrap()),
        )
    }

    fn cose(&self) -> Value {
        let store = store();
        let document = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
            "issuer": "https://other.example", "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {"id": "urn:uuid:0", "name": "SPECIMEN"}});
        let options = SigningOptions {
            kind: Kind::Credential,
            key: KeyType::P256,
            kid: None,
            issued_at: None,
            expires: None,
            certificates: &self.chain(),
            contexts: &store,
        };
        let unsigned = prepare_cose(&document, &options).unwrap();
        envelope(
            Kind::Credential,
            &Secured::Cose(unsigned.sign(&self.leaf).unwrap()),
        )
    }
}

fn put(class: u64, name: &str, about: &str, refused: (&str, &str), members: Value) {
    Hostile {
        class,
        kind: "envelope",
        twin: "x5c",
    }
    .put(&format!("x5c-{name}"), about, refused, members);
}

/// The envelope and the anchors of a family after one change.
fn after(change: impl FnOnce(&mut Family)) -> Value {
    let mut family = Family::new();
    change(&mut family);
    json!({"anchors": family.anchors(), "envelope": Family::jwt(ISSUER, &family.chain(), &family.leaf)})
}

pub(super) fn write() {
    let family = Family::new();
    let chain = family.chain();
    let mut members = after(|_| ());
    members["now"] = json!(NOW.to_rfc3339());
    members["anchors"] = family.anchors();
    members["envelope"] = Family::jwt(ISSUER, &chain, &family.leaf);
    honest(
        "envelope",
        "x5c",
        "A credential as JWT by the leaf of a chain of certificates",
        members,
    );
    let by_leaf = |chain: &[Vec<u8>]| json!({"envelope": Family::jwt(ISSUER, chain, &family.leaf)});
    put(
        1,
        "issuer-not-in-leaf",
        "The issuer is not one that the leaf speaks for",
        ("issuer", "issuer_key_mismatch"),
        json!({"envelope": Family::jwt("https://other.example", &chain, &family.leaf)}),
    );
    put(
        1,
        "cose-issuer-not-in-leaf",
        "A credential as COSE whose issuer is not one that the leaf speaks for",
        ("issuer", "issuer_key_mismatch"),
        json!({"envelope": family.cose()}),
    );
    let thief = Signer::fresh(KeyType::P256);
    put(
        1,
        "signature-of-another-key",
        "The certificates are the issuer's, the signature another key's",
        INVALID,
        json!({"envelope": Family::jwt(ISSUER, &chain, &thief)}),
    );
    put(
        4,
        "root-of-another",
        "The chain leads to a root of the same name that nobody trusts",
        INVALID,
        json!({"anchors": Family::new().anchors()}),
    );
    put(
        4,
        "root-brought-along",
        "The chain brings its own root, and no root is trusted",
        UNTRUSTED,
        json!({"anchors": [], "envelope": Family::jwt(ISSUER,
            &[&chain[..], &[family.root_says.sign(&family.root, &family.root)]].concat(), &family.leaf)}),
    );
    put(
        4,
        "self-signed",
        "The only certificate is signed by its own key",
        UNTRUSTED,
        by_leaf(&[family.leaf_says.sign(&family.leaf, &family.leaf)]),
    );
    put(
        4,
        "authority-missing",
        "The certificate of the authority is not there",
        UNTRUSTED,
        by_leaf(&chain[..1]),
    );
    put(
        4,
        "order",
        "The authority's certificate comes first",
        UNTRUSTED,
        json!({"envelope": Family::jwt(ISSUER, &[chain[1].clone(), chain[0].clone()], &family.authority)}),
    );
    put(
        4,
        "leaf-by-another-key",
        "The leaf names the authority, and another key signed it",
        INVALID,
        by_leaf(&[
            family.leaf_says.sign(&family.leaf, &thief),
            chain[1].clone(),
        ]),
    );
    let mut below = Template::new(
        "leaf",
        "below",
        &[key_usage(SIGNATURE), alternative_names(&[ISSUER], &[])],
    );
    let longer = [
        below.sign(&thief, &family.leaf),
        chain[0].clone(),
        chain[1].clone(),
    ];
    put(
        4,
        "leaf-signs-leaf",
        "A leaf signs a certificate as if it were an authority",
        UNTRUSTED,
        json!({"envelope": Family::jwt(ISSUER, &longer, &thief)}),
    );
    below.issuer = name("another");
    put(
        4,
        "names-do-not-chain",
        "The leaf names another authority than the one whose key signed it",
        UNTRUSTED,
        json!({"envelope": Family::jwt(ISSUER, &[below.sign(&thief, &family.authority), chain[1].clone()], &thief)}),
    );
    put(
        4,
        "too-many",
        "Nine certificates",
        ("proof", "too_large"),
        by_leaf(&vec![chain[0].clone(); 9]),
    );
    put(
        4,
        "no-certificates",
        "No certificate says which key",
        UNTRUSTED,
        by_leaf(&[]),
    );
    extensions();
    times();
    let trailing = [&chain[0][..], &[0]].concat();
    put(
        13,
        "trailing-byte",
        "A byte follows the leaf's certificate",
        MALFORMED,
        by_leaf(&[trailing, chain[1].clone()]),
    );
    put(
        13,
        "truncated",
        "The leaf's certificate lacks its last byte",
        MALFORMED,
        by_leaf(&[chain[0][..chain[0].len() - 1].to_vec(), chain[1].clone()]),
    );
}

fn extensions() {
    let unknown = extension(&[0x2a, 3, 4], true, &[5, 0]);
    put(
        4,
        "critical-unknown",
        "The leaf has a critical extension that nobody knows",
        UNTRUSTED,
        after(|family| family.leaf_says.extensions.push(unknown)),
    );
    put(
        4,
        "key-usage",
        "The leaf's key may not sign",
        UNTRUSTED,
        after(|family| family.leaf_says.extensions[0] = key_usage(CERTIFICATES)),
    );
    put(
        4,
        "leaf-is-authority",
        "The leaf is an authority",
        UNTRUSTED,
        after(|family| {
            family
                .leaf_says
                .extensions
                .push(basic_constraints(true, None));
        }),
    );
    put(
        4,
        "authority-is-none",
        "The authority's certificate says that it is none",
        UNTRUSTED,
        after(|family| family.authority_says.extensions[0] = basic_constraints(false, None)),
    );
    put(
        4,
        "path-length",
        "The root allows no authority below it",
        UNTRUSTED,
        after(|family| family.root_says.extensions[0] = basic_constraints(true, Some(0))),
    );
    let constraints = extension(&[0x55, 0x1d, 30], true, &sequence(&[]));
    put(
        4,
        "name-constraints",
        "The authority is constrained to names, in a way that is not known here",
        UNTRUSTED,
        after(|family| family.authority_says.extensions.push(constraints)),
    );
}

fn times() {
    let ended = || validity("250101000000Z", "260114000000Z");
    let expired = ("validity", "expired");
    put(
        OTHER,
        "leaf-expired",
        "The leaf's certificate has ended",
        expired,
        after(|family| family.leaf_says.validity = ended()),
    );
    put(
        OTHER,
        "authority-expired",
        "The authority's certificate has ended",
        expired,
        after(|family| family.authority_says.validity = ended()),
    );
    put(
        OTHER,
        "leaf-not-yet-valid",
        "The leaf's certificate is from the future",
        ("validity", "not_yet_valid"),
        after(|family| family.leaf_says.validity = validity("270101000000Z", "351231235959Z")),
    );
}

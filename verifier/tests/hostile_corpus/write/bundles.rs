//! Bundles and the status lists in them: classes 5, 6 and 14.

use std::io::Write as _;

use serde_json::{Value, json};
use tessera_verifier::bundle::{BundleBuilder, StatusListEntry, TrustedIssuer};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, ecdsa_rdfc};
use tessera_verifier::encoding::{base64url, multibase_base64url};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::jws;
use tessera_verifier::status::{BitString, status_list_credential};

use super::{Corpus, Hostile, OTHER};
use crate::world::{DAY, LIST, NOW, Signer, World};

pub(super) fn write(corpus: &Corpus) {
    lists(corpus);
    encodings(corpus);
    bundles(corpus);
}

impl Corpus {
    /// A bundle with one list.
    fn holding(&self, entry: StatusListEntry) -> Value {
        let builder = self
            .world
            .builder()
            .issuer(self.world.trusted())
            .status_list(entry);
        json!({"bundle": self.sealed(builder)})
    }

    /// A status list token over anything, signed by anybody.
    pub(super) fn token(
        &self,
        signer: &Signer,
        change: impl FnOnce(&mut Value),
    ) -> StatusListEntry {
        let [_, honest] = self.world.lists(&[]);
        let lst = BitString::new(0).unwrap().encode_token();
        let mut payload = json!({"sub": honest.uri, "iat": NOW.unix() - 3600, "exp": NOW.unix() + DAY, "ttl": DAY,
            "status_list": {"bits": 1, "lst": lst}});
        change(&mut payload);
        let header = json!({"typ": "statuslist+jwt", "kid": self.world.issuer.method()});
        StatusListEntry {
            value: json!(jws::sign(header, &payload, signer).unwrap()),
            ..honest
        }
    }

    /// A status list credential over anything, by the authority.
    fn document(&self, change: impl FnOnce(&mut Value)) -> StatusListEntry {
        let world: &World = &self.world;
        let [honest, _] = world.lists(&[]);
        let bits = BitString::new(0).unwrap();
        let mut document = status_list_credential(
            LIST,
            &world.issuer.did(),
            &bits,
            NOW.add_seconds(-3600),
            NOW.add_seconds(DAY),
        );
        change(&mut document);
        let options = ProofOptions {
            created: Some(NOW.add_seconds(-3600)),
            ..ProofOptions::new(world.issuer.method(), ProofPurpose::AssertionMethod)
        };
        let unsigned = ecdsa_rdfc::prepare(&document, &options, &ContextStore::builtin()).unwrap();
        StatusListEntry {
            value: world.issuer.secure(unsigned),
            ..honest
        }
    }
}

/// Class 6: unsigned, somebody else's, another's place, endless.
fn lists(corpus: &Corpus) {
    let world = &corpus.world;
    let hostile = Hostile {
        class: 6,
        kind: "bundle",
        twin: "bundle",
    };
    let put = |name: &str, about: &str, code, entry| {
        hostile.put(name, about, ("bundle", code), corpus.holding(entry))
    };
    let [document, token] = world.lists(&[]);
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut entry = document.clone();
        edit(&mut entry.value);
        entry
    };
    put(
        "list-unsigned",
        "A list credential without a proof",
        "malformed",
        edited(&|list| _ = list.as_object_mut().unwrap().remove("proof")),
    );
    let mut other = BitString::new(0).unwrap();
    other.set(0, true).unwrap();
    put(
        "list-altered",
        "The bits of a list credential are changed after signing",
        "invalid_signature",
        edited(&|list| list["credentialSubject"]["encodedList"] = json!(other.encode_bitstring())),
    );
    put(
        "list-context-remote",
        "A list credential has a context at an address",
        "unknown_context",
        edited(&|list| {
            list["@context"] = json!([
                "https://www.w3.org/ns/credentials/v2",
                "https://attacker.example/context"
            ])
        }),
    );
    put(
        "list-token-by-another-key",
        "The kid of a list token is the authority's, the signature another key's",
        "invalid_signature",
        corpus.token(&Signer::fresh(), |_| ()),
    );
    let mallory = Signer::fresh();
    let mut foreign = corpus.token(&mallory, |_| ());
    let header = json!({"typ": "statuslist+jwt", "kid": mallory.method()});
    let payload = json!({"sub": foreign.uri, "iat": NOW.unix() - 3600, "exp": NOW.unix() + DAY,
        "status_list": {"bits": 1, "lst": other.encode_token()}});
    foreign.value = json!(jws::sign(header, &payload, &mallory).unwrap());
    put(
        "list-token-of-nobody",
        "A list token by a key that the bundle does not list",
        "issuer_untrusted",
        foreign,
    );
    put(
        "list-token-issuer-not-controller",
        "A list token names an issuer that is not the key's controller",
        "issuer_key_mismatch",
        corpus.token(&world.issuer, |payload| {
            payload["iss"] = json!(mallory.did())
        }),
    );
    put(
        "list-token-of-another-place",
        "A list token says that it is another list",
        "malformed",
        corpus.token(&world.issuer, |payload| {
            payload["sub"] = json!("https://issuer.example/status/2.jwt")
        }),
    );
    put(
        "list-token-without-end",
        "A list token that would be good for ever",
        "malformed",
        corpus.token(&world.issuer, |payload| {
            let members = payload.as_object_mut().unwrap();
            members.remove("exp");
            members.remove("ttl");
        }),
    );
    put(
        "list-token-without-time",
        "A list token does not say when it was made",
        "malformed",
        corpus.token(&world.issuer, |payload| {
            _ = payload.as_object_mut().unwrap().remove("iat")
        }),
    );
    put(
        "list-of-another-place",
        "A list credential stands where another should",
        "malformed",
        StatusListEntry {
            uri: "https://issuer.example/status/2".to_owned(),
            ..document.clone()
        },
    );
    put(
        "list-of-another-type",
        "A credential that is no list stands where a list should",
        "wrong_credential_type",
        corpus.document(|document| document["type"] = json!(["VerifiableCredential"])),
    );
    put(
        "list-without-end",
        "A list credential without an end",
        "malformed",
        corpus.document(|document| _ = document.as_object_mut().unwrap().remove("validUntil")),
    );
    let builder = world
        .builder()
        .issuer(world.trusted())
        .status_list(token.clone())
        .status_list(token);
    hostile.put(
        "list-twice",
        "A list stands twice in the bundle",
        ("bundle", "malformed"),
        json!({"bundle": corpus.sealed(builder)}),
    );
}

/// Classes 5 and 14: few bytes that become many, and two spellings of one list.
fn encodings(corpus: &Corpus) {
    let issuer = &corpus.world.issuer;
    let token = |lst: String| {
        corpus.holding(corpus.token(issuer, |payload| payload["status_list"]["lst"] = json!(lst)))
    };
    let document = |list: String| {
        corpus.holding(
            corpus.document(|document| document["credentialSubject"]["encodedList"] = json!(list)),
        )
    };
    let bomb = Hostile {
        class: 5,
        kind: "bundle",
        twin: "bundle",
    };
    // One byte more than what is read.
    let zeros = vec![0; BitString::MAX_ENTRIES / 8 + 1];
    bomb.put(
        "bomb-token",
        "A list token of a few kilobytes that unpacks to more than 16 MiB",
        ("bundle", "too_large"),
        token(base64url(&zlib(&zeros))),
    );
    bomb.put(
        "bomb-bitstring",
        "A list credential of a few kilobytes that unpacks to more than 16 MiB",
        ("bundle", "too_large"),
        document(multibase_base64url(&gzip(&zeros))),
    );
    let exact = Hostile { class: 14, ..bomb };
    let malformed = ("bundle", "malformed");
    let bits = BitString::new(0).unwrap();
    let (lst, list) = (bits.encode_token(), bits.encode_bitstring());
    exact.put(
        "padded-token",
        "The bits of a list token are padded base64url",
        malformed,
        token(format!(
            "{lst}{}",
            "=".repeat((4 - lst.len() % 4) % 4 + usize::from(lst.len().is_multiple_of(4)))
        )),
    );
    exact.put(
        "padded-bitstring",
        "The bits of a list credential are padded base64url",
        malformed,
        document(format!("{list}=")),
    );
    exact.put(
        "bitstring-without-base",
        "The bits of a list credential do not name their base",
        malformed,
        document(list[1..].to_owned()),
    );
    exact.put(
        "token-cut-off",
        "The bits of a list token are cut off",
        malformed,
        token(lst[..lst.len() - 4].to_owned()),
    );
    let mut trailing = zlib(&vec![0; BitString::MIN_ENTRIES / 8]);
    trailing.push(0);
    exact.put(
        "token-trailing-byte",
        "Something follows the compressed bits of a list token",
        malformed,
        token(base64url(&trailing)),
    );
    let hiding = Hostile {
        class: OTHER,
        ..bomb
    };
    let few = vec![0; BitString::MIN_ENTRIES / 8 - 1];
    hiding.put(
        "bitstring-too-short",
        "A list credential has too few entries to hide a holder in",
        ("bundle", "status_list_too_short"),
        document(multibase_base64url(&gzip(&few))),
    );
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(bytes).unwrap();
    zlib.finish().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn bundles(corpus: &Corpus) {
    let world = &corpus.world;
    let hostile = Hostile {
        class: OTHER,
        kind: "bundle",
        twin: "bundle",
    };
    let put = |name: &str, about: &str, code, bundle: String| {
        hostile.put(name, about, ("bundle", code), json!({"bundle": bundle}))
    };
    let honest = corpus.sealed(world.builder().issuer(world.trusted()));
    let mallory = Signer::fresh();
    let by = |signer: &Signer, key: &Signer| {
        world
            .builder()
            .build(key.public_key())
            .sign(signer)
            .unwrap()
    };
    put(
        "bundle-by-another-key",
        "The kid is the root's, the signature another key's",
        "bundle_untrusted",
        by(&mallory, &world.root),
    );
    put(
        "bundle-of-another-root",
        "Everything is consistent, by another root",
        "bundle_untrusted",
        by(&mallory, &mallory),
    );
    let parts: Vec<&str> = honest.split('.').collect();
    put(
        "bundle-altered",
        "The payload is another after signing",
        "bundle_untrusted",
        format!("{}.{}.{}", parts[0], base64url(b"{}"), parts[2]),
    );
    let header = json!({"typ": "jwt", "kid": world.root.method()});
    put(
        "bundle-of-another-type",
        "The root signed it as something else",
        "bundle_untrusted",
        jws::sign(header, &json!({"iss": world.root.did()}), &world.root).unwrap(),
    );
    put("bundle-empty", "Nothing at all", "malformed", String::new());
    put(
        "bundle-issuer-twice",
        "An issuer is listed twice",
        "malformed",
        corpus.sealed(
            world
                .builder()
                .issuer(world.trusted())
                .issuer(world.trusted()),
        ),
    );
    put(
        "bundle-issuer-garbage",
        "A listed issuer's DID is no key",
        "malformed",
        corpus.sealed(world.builder().issuer(TrustedIssuer {
            did: "did:key:z".to_owned(),
            ..world.trusted()
        })),
    );
    put(
        "bundle-without-life",
        "It ends when it begins",
        "malformed",
        corpus.sealed(world.builder_of(NOW, 0)),
    );
    put(
        "bundle-context-broken",
        "A context in it is none",
        "malformed",
        corpus.sealed(BundleBuilder::context(
            world.builder(),
            "https://issuer.example/context",
            json!("SPECIMEN"),
        )),
    );
}

//! Certificate chains (RFC 5280) and credentials signed by their leaves.

use serde_json::json;
use tessera_verifier::Timestamp;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::KeyType;
use tessera_verifier::vc_jose_cose::{
    Kind, by_x5c, prepare_cose, prepare_jwt, verify_cose, verify_jwt,
};
use tessera_verifier::x509::{ChainPolicy, TrustAnchor, ValidatedChain, validate, validate_bytes};

use crate::code;
use crate::documents::{Desk, NOW, credential, expected};
use crate::keys::{KINDS, Signer};
use crate::maker::{
    Template, alternative_names, basic_constraints, element, extension, key_usage, sequence,
    signature_algorithm, validity,
};

pub(crate) const ISSUER: &str = "https://issuer.example/specimen";
const SIGNATURE: u8 = 0x80;
const CERTIFICATES: u8 = 0x04;

pub(crate) const POLICY: ChainPolicy<'_> = ChainPolicy {
    now: NOW,
    purposes: &[],
};

/// A root, an authority and a leaf, with the template of each to be made wrong.
pub(crate) struct Family {
    pub(crate) root: Signer,
    pub(crate) authority: Signer,
    pub(crate) leaf: Signer,
    pub(crate) root_says: Template,
    pub(crate) authority_says: Template,
    pub(crate) leaf_says: Template,
}

impl Family {
    pub(crate) fn new(kind: KeyType) -> Self {
        Self {
            root: Signer::fresh(kind),
            authority: Signer::fresh(kind),
            leaf: Signer::fresh(kind),
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
                &[
                    key_usage(SIGNATURE),
                    alternative_names(&[ISSUER], &["issuer.example"]),
                ],
            ),
        }
    }

    pub(crate) fn root(&self) -> Vec<u8> {
        self.root_says.sign(&self.root, &self.root)
    }

    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        vec![
            self.leaf_says.sign(&self.leaf, &self.authority),
            self.authority_says.sign(&self.authority, &self.root),
        ]
    }

    fn verdict(&self) -> Result<(), &'static str> {
        let anchor = code(TrustAnchor::from_certificate(&self.root()))?;
        code(validate(&self.chain(), &[anchor], &POLICY).map(|_| ()))
    }
}

/// The verdict on a family of P-256 after one change.
pub(crate) fn after(change: impl FnOnce(&mut Family)) -> Result<(), &'static str> {
    let mut family = Family::new(KeyType::P256);
    change(&mut family);
    family.verdict()
}

#[test]
fn chains_of_every_kind_of_key_validate() {
    for kind in KINDS {
        let family = Family::new(kind);
        let anchors = [TrustAnchor::from_certificate(&family.root()).unwrap()];
        let validated = validate(&family.chain(), &anchors, &POLICY).unwrap();
        assert_eq!(validated.key(), family.leaf.public_key());
        assert_eq!(validated.uris(), [ISSUER]);
        assert_eq!(validated.dns_names(), ["issuer.example"]);
        // With the anchor at its end too; and never without the anchor among those that are trusted.
        let with_root = [family.chain(), vec![family.root()]].concat();
        assert!(validate(&with_root, &anchors, &POLICY).is_ok());
        assert_eq!(
            code(validate(&with_root, &[], &POLICY).map(|_| ())),
            Err("issuer_untrusted")
        );
        let stranger = Family::new(kind);
        let others = [TrustAnchor::from_certificate(&stranger.root()).unwrap()];
        assert_eq!(
            code(validate(&family.chain(), &others, &POLICY).map(|_| ())),
            Err("invalid_signature"),
            "of the same name"
        );
        // Of two anchors of one name, the one that signed.
        let both = [others[0].clone(), anchors[0].clone()];
        assert!(validate(&family.chain(), &both, &POLICY).is_ok());
    }
}

/// Made by `certificates/make.sh`.
#[test]
fn chains_of_openssl_validate() {
    let file = |name: &str| {
        std::fs::read(format!(
            "{}/tests/enveloped/certificates/{name}.der",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap()
    };
    let anchors = [TrustAnchor::from_certificate(&file("root")).unwrap()];
    let check = |leaf: &str, now: &str| {
        let policy = ChainPolicy {
            now: Timestamp::parse_rfc3339(now).unwrap(),
            purposes: &[],
        };
        code(validate(
            &[file(leaf), file("authority")],
            &anchors,
            &policy,
        ))
    };
    for (leaf, kind) in [
        ("p256", KeyType::P256),
        ("p521", KeyType::P521),
        ("ed25519", KeyType::Ed25519),
    ] {
        for now in ["2026-01-01T00:00:00Z", "2035-12-31T23:59:59Z"] {
            let validated = check(leaf, now).unwrap();
            assert_eq!(validated.key().kind(), kind);
            assert!(validated.speaks_for(ISSUER));
        }
        let refused = |now| check(leaf, now).map(|_| ());
        assert_eq!(refused("2025-12-31T23:59:59Z"), Err("not_yet_valid"));
        assert_eq!(refused("2036-01-01T00:00:00Z"), Err("expired"));
    }
    assert_eq!(
        check("rsa", "2026-01-01T00:00:00Z").map(|_| ()),
        Err("unsupported_algorithm")
    );
}

#[test]
fn what_breaks_a_chain() {
    assert_eq!(after(|_| ()), Ok(()));
    // A root with another kind of key.
    assert_eq!(
        after(|family| family.root = Signer::fresh(KeyType::P384)),
        Ok(())
    );
    let family = Family::new(KeyType::P256);
    let anchors = [TrustAnchor::from_certificate(&family.root()).unwrap()];
    let verdict = |chain: &[Vec<u8>]| code(validate(chain, &anchors, &POLICY).map(|_| ()));
    let [leaf, authority] = <[Vec<u8>; 2]>::try_from(family.chain()).unwrap();
    let impostor = Signer::fresh(KeyType::P256);
    let forged = family.leaf_says.sign(&family.leaf, &impostor);
    assert_eq!(
        verdict(&[forged, authority.clone()]),
        Err("invalid_signature")
    );
    // No certificate, no authority, the wrong order, the root alone, an authority as leaf.
    assert_eq!(verdict(&[]), Err("issuer_untrusted"));
    assert_eq!(
        verdict(core::slice::from_ref(&leaf)),
        Err("issuer_untrusted")
    );
    assert_eq!(
        verdict(&[authority.clone(), leaf.clone()]),
        Err("issuer_untrusted")
    );
    assert_eq!(verdict(&[family.root()]), Err("issuer_untrusted"));
    assert_eq!(
        verdict(core::slice::from_ref(&authority)),
        Err("issuer_untrusted")
    );
    assert_eq!(verdict(&vec![leaf.clone(); 9]), Err("too_large"));
    // A leaf that signs another leaf.
    let mut below = family.leaf_says.clone();
    below.issuer = crate::maker::name("leaf");
    let below = below.sign(&impostor, &family.leaf);
    assert_eq!(
        verdict(&[below, leaf.clone(), authority.clone()]),
        Err("issuer_untrusted")
    );
    // Names that do not chain.
    let mut other = family.leaf_says.clone();
    other.issuer = crate::maker::name("another");
    let other = other.sign(&family.leaf, &family.authority);
    assert_eq!(
        verdict(&[other, authority.clone()]),
        Err("issuer_untrusted")
    );
    // No changed byte validates; nothing panics.
    for index in 0..leaf.len() {
        let mut changed = leaf.clone();
        changed[index] ^= 1;
        assert!(verdict(&[changed, authority.clone()]).is_err(), "{index}");
        assert!(validate_bytes(&leaf[..index], NOW).is_err());
    }
}

#[test]
fn what_a_certificate_may_not_be_used_for() {
    // The leaf.
    let leaf =
        |extensions: &[Vec<u8>]| after(|family| family.leaf_says.extensions = extensions.to_vec());
    let names = || alternative_names(&[ISSUER], &[]);
    assert_eq!(leaf(&[names()]), Ok(()), "no key usage allows all");
    assert_eq!(
        leaf(&[key_usage(CERTIFICATES), names()]),
        Err("issuer_untrusted")
    );
    assert_eq!(
        leaf(&[basic_constraints(true, None), names()]),
        Err("issuer_untrusted")
    );
    assert_eq!(leaf(&[basic_constraints(false, None), names()]), Ok(()));
    assert_eq!(
        after(|family| family.leaf_says.subject = crate::maker::name("authority")),
        Err("issuer_untrusted")
    );
    // The authority.
    let authority = |extensions: &[Vec<u8>]| {
        after(|family| family.authority_says.extensions = extensions.to_vec())
    };
    assert_eq!(authority(&[basic_constraints(true, None)]), Ok(()));
    assert_eq!(
        authority(&[key_usage(CERTIFICATES)]),
        Err("issuer_untrusted")
    );
    assert_eq!(
        authority(&[basic_constraints(false, None)]),
        Err("issuer_untrusted")
    );
    assert_eq!(
        authority(&[basic_constraints(true, None), key_usage(SIGNATURE)]),
        Err("issuer_untrusted")
    );
    // The root.
    let root =
        |extensions: &[Vec<u8>]| after(|family| family.root_says.extensions = extensions.to_vec());
    assert_eq!(root(&[key_usage(CERTIFICATES)]), Err("issuer_untrusted"));
    assert_eq!(
        root(&[basic_constraints(true, Some(0))]),
        Err("issuer_untrusted"),
        "path length"
    );
    assert_eq!(root(&[basic_constraints(true, Some(1))]), Ok(()));
}

#[test]
fn path_lengths_count_the_authorities_between() {
    let family = Family::new(KeyType::P256);
    let second = Signer::fresh(KeyType::P256);
    let anchors = [TrustAnchor::from_certificate(&family.root()).unwrap()];
    let chain = |limit: Option<u8>| {
        let mut top = family.authority_says.clone();
        top.extensions = vec![basic_constraints(true, limit)];
        let middle = Template::new("authority", "second", &[basic_constraints(true, Some(0))]);
        let mut leaf = family.leaf_says.clone();
        leaf.issuer = crate::maker::name("second");
        vec![
            leaf.sign(&family.leaf, &second),
            middle.sign(&second, &family.authority),
            top.sign(&family.authority, &family.root),
        ]
    };
    let verdict = |limit| code(validate(&chain(limit), &anchors, &POLICY).map(|_| ()));
    assert_eq!(verdict(None), Ok(()));
    assert_eq!(verdict(Some(1)), Ok(()));
    assert_eq!(verdict(Some(0)), Err("issuer_untrusted"));
}

#[test]
fn extensions() {
    let with = |more: Vec<u8>| after(|family| family.leaf_says.extensions.push(more));
    let unknown = |critical| extension(&[0x2a, 3, 4], critical, &[5, 0]);
    assert_eq!(with(unknown(false)), Ok(()));
    assert_eq!(with(unknown(true)), Err("issuer_untrusted"));
    // Name constraints in an authority, critical or not.
    for critical in [false, true] {
        let constraints = extension(&[0x55, 0x1d, 30], critical, &sequence(&[]));
        assert_eq!(
            after(|family| family.authority_says.extensions.push(constraints)),
            Err("issuer_untrusted")
        );
    }
    assert_eq!(with(key_usage(SIGNATURE)), Err("malformed"), "twice");
    // A default value written out, a truth value of another spelling.
    let flagged = |byte: u8| {
        sequence(&[
            &element(6, &[&[0x2a, 3]]),
            &element(1, &[&[byte]]),
            &element(4, &[&[5, 0]]),
        ])
    };
    assert_eq!(with(flagged(0)), Err("malformed"));
    assert_eq!(with(flagged(1)), Err("malformed"));
    let many: Vec<Vec<u8>> = (0..33)
        .map(|index| extension(&[0x2a, index], false, &[5, 0]))
        .collect();
    assert_eq!(
        after(|family| family.leaf_says.extensions = many),
        Err("too_large")
    );
    let names = vec!["https://a.example"; 65];
    assert_eq!(
        after(|family| family.leaf_says.extensions = vec![alternative_names(&names, &[])]),
        Err("too_large")
    );
    assert_eq!(
        after(|family| family.leaf_says.extensions =
            vec![alternative_names(&["https://a.example\n"], &[])]),
        Err("malformed")
    );
    // A path length without authority.
    assert_eq!(
        after(|family| family.leaf_says.extensions = vec![basic_constraints(false, Some(1))]),
        Err("malformed")
    );
}

#[test]
fn purposes() {
    const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
    const ANY: &[u8] = &[0x55, 0x1d, 37, 0];
    let verdict = |purpose: &[u8], critical: bool, accepted: &[&[u8]]| {
        let mut family = Family::new(KeyType::P256);
        let list = sequence(&[&element(6, &[purpose])]);
        let purpose = extension(&[0x55, 0x1d, 37], critical, &list);
        family.leaf_says.extensions.push(purpose);
        let anchor = TrustAnchor::from_certificate(&family.root()).unwrap();
        let policy = ChainPolicy {
            now: NOW,
            purposes: accepted,
        };
        code(validate(&family.chain(), &[anchor], &policy).map(|_| ()))
    };
    assert_eq!(verdict(SERVER, false, &[]), Ok(()));
    assert_eq!(verdict(SERVER, true, &[]), Err("issuer_untrusted"));
    assert_eq!(verdict(SERVER, true, &[SERVER]), Ok(()));
    assert_eq!(verdict(SERVER, false, &[&[0x2a]]), Err("issuer_untrusted"));
    assert_eq!(verdict(ANY, true, &[&[0x2a]]), Ok(()));
    // Nothing stands behind the list.
    let mut family = Family::new(KeyType::P256);
    let list = [sequence(&[&element(6, &[SERVER])]), vec![5, 0]].concat();
    let purpose = extension(&[0x55, 0x1d, 37], false, &list);
    family.leaf_says.extensions.push(purpose);
    let anchor = TrustAnchor::from_certificate(&family.root()).unwrap();
    let policy = ChainPolicy {
        now: NOW,
        purposes: &[],
    };
    let judged = validate(&family.chain(), &[anchor], &policy);
    assert_eq!(code(judged.map(|_| ())), Err("malformed"));
}

#[test]
fn fields() {
    let leaf = |change: &dyn Fn(&mut Template)| after(|family| change(&mut family.leaf_says));
    assert_eq!(
        leaf(&|leaf| leaf.version = element(0xa0, &[&element(2, &[&[1]])])),
        Err("malformed")
    );
    assert_eq!(
        leaf(&|leaf| leaf.version = Vec::new()),
        Err("malformed"),
        "version 1"
    );
    assert_eq!(
        leaf(&|leaf| leaf.serial = element(2, &[&[0]])),
        Err("malformed")
    );
    assert_eq!(
        leaf(&|leaf| leaf.serial = element(2, &[&[0x80]])),
        Err("malformed"),
        "negative"
    );
    assert_eq!(
        leaf(&|leaf| leaf.serial = element(2, &[&[0, 1]])),
        Err("malformed"),
        "not the shortest"
    );
    assert_eq!(
        leaf(&|leaf| leaf.serial = element(2, &[&[1; 21]])),
        Err("malformed")
    );
    assert_eq!(leaf(&|leaf| leaf.issuer = sequence(&[])), Err("malformed"));
    let other = signature_algorithm(KeyType::P384);
    assert_eq!(
        leaf(&|leaf| leaf.inner_algorithm = Some(other.clone())),
        Err("malformed")
    );
    for (from, until, expected) in [
        ("260101000000Z", "20500101000000Z", Ok(())),
        ("20260101000000Z", "351231235959Z", Err("malformed")),
        ("2601010000Z", "351231235959Z", Err("malformed")),
        ("260101000000+0100", "351231235959Z", Err("malformed")),
        ("260132000000Z", "351231235959Z", Err("malformed")),
        ("260101000000Z", "20500101000000.5Z", Err("malformed")),
        ("700101000000Z", "260114000000Z", Err("expired")),
        ("270101000000Z", "351231235959Z", Err("not_yet_valid")),
    ] {
        assert_eq!(
            leaf(&|leaf| leaf.validity = validity(from, until)),
            expected,
            "{from} {until}"
        );
    }
    // The anchor's time counts too.
    assert_eq!(
        after(|family| family.root_says.validity = validity("700101000000Z", "260114000000Z")),
        Err("expired")
    );
    assert_eq!(
        after(|family| family.authority_says.validity = validity("700101000000Z", "260114000000Z")),
        Err("expired")
    );
}

#[test]
fn der_has_one_form() {
    let family = Family::new(KeyType::P256);
    let anchors = [TrustAnchor::from_certificate(&family.root()).unwrap()];
    let [leaf, authority] = <[Vec<u8>; 2]>::try_from(family.chain()).unwrap();
    let verdict =
        |leaf: Vec<u8>| code(validate(&[leaf, authority.clone()], &anchors, &POLICY).map(|_| ()));
    // Bytes after it; a length longer than needed; an indefinite one; too many bytes.
    assert_eq!(verdict([&leaf[..], &[0]].concat()), Err("malformed"));
    assert_eq!(leaf[1], 0x82);
    let longer = [&[0x30, 0x83, 0], &leaf[2..]].concat();
    assert_eq!(verdict(longer), Err("malformed"));
    let indefinite = [&[0x30, 0x80], &leaf[4..], &[0, 0]].concat();
    assert_eq!(verdict(indefinite), Err("malformed"));
    assert_eq!(verdict(vec![0x30; 16 * 1024 + 1]), Err("too_large"));
}

pub(crate) fn chain_of(names: &[&str], dns: &[&str]) -> ValidatedChain {
    let mut family = Family::new(KeyType::Ed25519);
    family.leaf_says.extensions = vec![alternative_names(names, dns)];
    let anchors = [TrustAnchor::from_certificate(&family.root()).unwrap()];
    validate(&family.chain(), &anchors, &POLICY).unwrap()
}

#[test]
fn a_leaf_speaks_for_its_alternative_names_alone() {
    let chain = chain_of(
        &["https://a.example/x", "did:example:1"],
        &["b.example", "*.c.example"],
    );
    for iss in [
        "https://a.example/x",
        "did:example:1",
        "https://b.example",
        "https://B.example/any/path",
        "https://b.example:8443/",
    ] {
        assert!(chain.speaks_for(iss), "{iss}");
    }
    for iss in [
        "https://a.example/y",
        "https://a.example",
        "http://b.example",
        "https://x.c.example",
        "https://*.c.example",
        "https://b.example.evil.example",
        "https://b.example@evil.example",
        "https://evil.example/b.example",
        "https://user:1@b.example",
        "https://",
        "b.example",
        "",
    ] {
        assert!(!chain.speaks_for(iss), "{iss}");
    }
}

/// Class 1 of what bit others: an issuer that is not the certificate's.
#[test]
fn credentials_signed_by_a_leaf_name_an_issuer_that_the_leaf_speaks_for() {
    let family = Family::new(KeyType::P384);
    let (root, chain) = (family.root(), family.chain());
    let anchors = [TrustAnchor::from_certificate(&root).unwrap()];
    let desk = Desk::new(family.leaf);
    let mut options = desk.options(Kind::Credential);
    options.kid = None;
    options.certificates = &chain;
    let keys = by_x5c(&anchors, POLICY);
    let expectation = expected(Kind::Credential);
    let sign = |issuer: &str| {
        prepare_jwt(&credential(issuer), &options)
            .unwrap()
            .sign(&desk.signer)
            .unwrap()
    };
    let verified = verify_jwt(&sign(ISSUER), &expectation, &keys).unwrap();
    assert_eq!(verified.key().controller.as_deref(), Some(ISSUER));
    assert_eq!(
        code(verify_jwt(&sign("https://other.example"), &expectation, &keys).map(|_| ())),
        Err("issuer_key_mismatch")
    );
    let message = prepare_cose(&credential(ISSUER), &options)
        .unwrap()
        .sign(&desk.signer)
        .unwrap();
    assert!(verify_cose(&message, &expectation, &keys).is_ok());
    // The same certificates, but the key of somebody else.
    let thief = Desk::new(Signer::fresh(KeyType::P384));
    let forged = prepare_jwt(&credential(ISSUER), &options)
        .unwrap()
        .sign(&thief.signer)
        .unwrap();
    assert_eq!(
        code(verify_jwt(&forged, &expectation, &keys).map(|_| ())),
        Err("invalid_signature")
    );
    // No certificates at all.
    options.certificates = &[];
    let bare = prepare_jwt(&credential(ISSUER), &options)
        .unwrap()
        .sign(&desk.signer)
        .unwrap();
    assert_eq!(
        code(verify_jwt(&bare, &expectation, &keys).map(|_| ())),
        Err("issuer_untrusted")
    );
    assert_eq!(json!(verified.document()["issuer"]), json!(ISSUER));
}

#[test]
fn an_sd_jwt_vc_signed_by_a_leaf_names_an_issuer_that_the_leaf_speaks_for_or_none() {
    use tessera_verifier::encoding::base64;
    use tessera_verifier::sd_jwt::{self, ClaimsInput, Frame, HashAlgorithm};
    let family = Family::new(KeyType::P256);
    let anchors = [TrustAnchor::from_certificate(&family.root()).unwrap()];
    let chain: Vec<String> = family.chain().iter().map(|der| base64(der)).collect();
    let key = |header: serde_json::Value, claims: serde_json::Value| {
        let unsigned = sd_jwt::prepare_claims(ClaimsInput {
            key: KeyType::P256,
            header: header.as_object().cloned().unwrap(),
            claims: claims.as_object().cloned().unwrap(),
            frame: &Frame::default(),
            algorithm: HashAlgorithm::Sha256,
            salts: &mut || [0; 16],
        })
        .unwrap();
        let signature = family.leaf.sign(unsigned.signing_input()).unwrap();
        let parsed = sd_jwt::parse(&unsigned.attach(signature)).unwrap();
        let key = code(parsed.issuer_key_by_x5c(&anchors, &POLICY))?;
        code(parsed.verify_issuer(&key, &["dc+sd-jwt"]).map(|_| ()))
    };
    let header = json!({"typ": "dc+sd-jwt", "x5c": chain});
    assert_eq!(key(header.clone(), json!({"iss": ISSUER})), Ok(()));
    assert_eq!(
        key(header.clone(), json!({"iss": "https://issuer.example"})),
        Ok(())
    );
    assert_eq!(key(header.clone(), json!({"vct": "urn:specimen"})), Ok(()));
    for iss in [json!("https://other.example"), json!(1), json!(null)] {
        assert_eq!(
            key(header.clone(), json!({"iss": iss})),
            Err("issuer_key_mismatch")
        );
    }
    let bare = json!({"typ": "dc+sd-jwt"});
    assert_eq!(key(bare, json!({"iss": ISSUER})), Err("issuer_untrusted"));
    let broken = json!({"typ": "dc+sd-jwt", "x5c": ["!"]});
    assert_eq!(key(broken, json!({})), Err("malformed"));
}

//! SD-JWT VC type metadata: what a type says, held against what was issued.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use serde_json::{Value, json};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::base64;
use tessera_verifier::key::KeyType;
use tessera_verifier::sd_jwt::{
    self, ClaimsInput, Frame, HashAlgorithm, IssuerVerified, TypeDocuments, TypeMetadata,
    parse_path,
};

use crate::code;
use crate::keys::Signer;

const CARD: &str = "https://issuer.example/card";
const BASE: &str = "https://issuer.example/base";

fn documents(documents: &[(&str, &Value)]) -> TypeDocuments {
    let mut all = TypeDocuments::new();
    for (vct, document) in documents {
        all.insert(vct, document.to_string().as_bytes());
    }
    all
}

fn resolve(all: &TypeDocuments) -> Result<TypeMetadata, &'static str> {
    code(TypeMetadata::resolve(CARD, None, all))
}

fn credential(claims: Value, disclosable: &[&str], shown: &[&str]) -> IssuerVerified {
    let signer = Signer::fresh(KeyType::P256);
    let path = |text: &&str| parse_path(text, &claims).unwrap();
    let frame = Frame::new(&disclosable.iter().map(path).collect::<Vec<_>>());
    let shown: Vec<_> = shown.iter().map(path).collect();
    let mut count = 0;
    let unsigned = sd_jwt::prepare_claims(ClaimsInput {
        key: KeyType::P256,
        header: json!({"typ": "dc+sd-jwt"}).as_object().cloned().unwrap(),
        claims: claims.as_object().cloned().unwrap(),
        frame: &frame,
        algorithm: HashAlgorithm::Sha256,
        salts: &mut || {
            count += 1;
            [count; 16]
        },
    })
    .unwrap();
    let signature = signer.sign(unsigned.signing_input()).unwrap();
    let text = unsigned.attach(signature);
    let selection = sd_jwt::parse(&text).unwrap().select(&shown).unwrap();
    sd_jwt::parse(selection.as_str())
        .unwrap()
        .verify_issuer(signer.public_key(), &["dc+sd-jwt"])
        .unwrap()
}

fn card() -> Value {
    json!({"vct": CARD, "name": "ignored", "claims": [
        {"path": ["name"], "sd": "always", "mandatory": true, "display": []},
        {"path": ["country"], "sd": "never", "mandatory": true},
        {"path": ["languages", null], "sd": "always"},
        {"path": ["languages"], "sd": "never"},
        {"path": ["nickname"]}
    ]})
}

fn claims() -> Value {
    json!({"vct": CARD, "name": "Specimen", "country": "UT", "languages": ["en", "zh"], "nickname": "S"})
}

const DISCLOSABLE: [&str; 3] = ["name", "languages[0]", "languages[1]"];

#[test]
fn what_a_type_demands_of_disclosures() {
    let types = resolve(&documents(&[(CARD, &card())])).unwrap();
    let check = |claims: Value, disclosable: &[&str], shown: &[&str], complete: bool| {
        code(types.check(&credential(claims, disclosable, shown), complete))
    };
    let all = &DISCLOSABLE;
    assert_eq!(check(claims(), all, all, true), Ok(()));
    assert_eq!(
        check(
            claims(),
            &["name", "languages[*]", "nickname"],
            &["name"],
            false
        ),
        Ok(())
    );
    // Part of it shown: not complete, and fewer claims are no fault of the issuer.
    assert_eq!(check(claims(), all, &["languages[1]"], false), Ok(()));
    assert_eq!(
        check(claims(), all, &["languages[1]"], true),
        Err("type_metadata_invalid")
    );
    // `always` but visible; one element visible; `never` but disclosable.
    for disclosable in [
        &["languages[0]", "languages[1]"][..],
        &["name", "languages[1]"],
        &["name", "languages[0]", "languages[1]", "country"],
        &["name", "languages[0]", "languages[1]", "languages"],
    ] {
        let verdict = check(claims(), disclosable, disclosable, true);
        assert_eq!(verdict, Err("type_metadata_invalid"), "{disclosable:?}");
    }
    // Mandatory and never disclosable: its absence shows in any presentation.
    let mut stateless = claims();
    stateless.as_object_mut().unwrap().remove("country");
    assert_eq!(
        check(stateless.clone(), all, all, true),
        Err("type_metadata_invalid")
    );
    assert_eq!(
        check(stateless, all, &[], false),
        Err("type_metadata_invalid")
    );
    // In more places than an honest one has.
    for (count, expected) in [(4096, Ok(())), (4097, Err("too_large"))] {
        let mut long = claims();
        long["languages"] = json!(vec!["en"; count]);
        let types = json!({"vct": CARD, "claims": [{"path": ["languages", null], "sd": "never"}]});
        let types = resolve(&documents(&[(CARD, &types)])).unwrap();
        assert_eq!(
            code(types.check(&credential(long, &[], &[]), true)),
            expected
        );
    }
    // Of another kind than the path says.
    let mut flat = claims();
    flat["languages"] = json!("en");
    assert_eq!(
        check(flat, &["name"], &["name"], true),
        Err("type_metadata_invalid")
    );
}

#[test]
fn types_extend_others_and_only_tighten() {
    let base = json!({"vct": BASE, "claims": [
        {"path": ["name"], "sd": "always", "mandatory": true},
        {"path": ["country"]}
    ]});
    let extended = |claims: Value| {
        let card = json!({"vct": CARD, "extends": BASE, "claims": claims});
        resolve(&documents(&[(CARD, &card), (BASE, &base)]))
    };
    let types = extended(json!([{"path": ["country"], "sd": "never"}])).unwrap();
    assert_eq!(types.types(), [CARD, BASE]);
    let visible = credential(claims(), &[], &[]);
    assert_eq!(
        code(types.check(&visible, true)),
        Err("type_metadata_invalid"),
        "inherited"
    );
    let hidden = credential(claims(), &["name", "country"], &["name", "country"]);
    assert_eq!(
        code(types.check(&hidden, true)),
        Err("type_metadata_invalid"),
        "tightened"
    );
    assert_eq!(
        code(types.check(&credential(claims(), &["name"], &["name"]), true)),
        Ok(())
    );
    for loosened in [
        json!([{"path": ["name"], "sd": "allowed", "mandatory": true}]),
        json!([{"path": ["name"], "sd": "never", "mandatory": true}]),
        json!([{"path": ["name"], "sd": "always"}]),
    ] {
        assert_eq!(extended(loosened).map(|_| ()), Err("type_metadata_invalid"));
    }
    // In a circle, directly and by another; a chain that does not end.
    let own = json!({"vct": CARD, "extends": CARD});
    assert_eq!(
        resolve(&documents(&[(CARD, &own)])).map(|_| ()),
        Err("type_metadata_invalid")
    );
    let there = json!({"vct": CARD, "extends": BASE});
    let back = json!({"vct": BASE, "extends": CARD});
    let circle = documents(&[(CARD, &there), (BASE, &back)]);
    assert_eq!(resolve(&circle).map(|_| ()), Err("type_metadata_invalid"));
    let mut chain = TypeDocuments::new();
    chain.insert(
        CARD,
        json!({"vct": CARD, "extends": "t0"}).to_string().as_bytes(),
    );
    for index in 0..9 {
        let document = json!({"vct": format!("t{index}"), "extends": format!("t{}", index + 1)});
        chain.insert(&format!("t{index}"), document.to_string().as_bytes());
    }
    assert_eq!(resolve(&chain).map(|_| ()), Err("too_large"));
}

#[test]
fn documents_are_held_against_their_digests() {
    let card = card().to_string();
    let all = {
        let mut all = TypeDocuments::new();
        all.insert(CARD, card.as_bytes());
        all
    };
    let good = base64(digest(&SHA256, card.as_bytes()).as_ref());
    let better = base64(digest(&SHA384, card.as_bytes()).as_ref());
    let best = base64(digest(&SHA512, card.as_bytes()).as_ref());
    let bad = base64(&[0; 32]);
    let verdict =
        |integrity: String| code(TypeMetadata::resolve(CARD, Some(&integrity), &all).map(|_| ()));
    for good in [
        format!("sha256-{good}"),
        format!("sha256-{bad} sha256-{good}"),
        format!("sha256-{good} sha256-{bad}"),
        format!("sha512-{best}"),
        format!("sha256-{good}?option"),
        format!("sha384-{better}"),
        format!("md5-AAAA sha384-{better} sha256-{bad}"),
    ] {
        assert_eq!(verdict(good.clone()), Ok(()), "{good}");
    }
    for bad in [
        String::new(),
        "md5-AAAA".to_owned(),
        "sha256".to_owned(),
        format!("sha256-{bad}"),
        format!("sha384-{bad} sha256-{good}"),
        "sha256-!".to_owned(),
    ] {
        assert_eq!(verdict(bad.clone()), Err("type_metadata_invalid"), "{bad}");
    }
    // From the credential itself.
    let mut stated = claims();
    stated["vct#integrity"] = json!(format!("sha256-{good}"));
    let issued = credential(stated.clone(), &DISCLOSABLE, &DISCLOSABLE);
    assert!(
        TypeMetadata::of(&issued, &all)
            .unwrap()
            .check(&issued, true)
            .is_ok()
    );
    stated["vct#integrity"] = json!(format!("sha256-{bad}"));
    let issued = credential(stated, &[], &[]);
    assert_eq!(
        code(TypeMetadata::of(&issued, &all).map(|_| ())),
        Err("type_metadata_invalid")
    );
    // And what a type extends.
    let base = json!({"vct": BASE});
    let digest = base64(digest(&SHA256, base.to_string().as_bytes()).as_ref());
    for (digest, expected) in [(digest, Ok(())), (bad, Err("type_metadata_invalid"))] {
        let child =
            json!({"vct": CARD, "extends": BASE, "extends#integrity": format!("sha256-{digest}")});
        assert_eq!(
            resolve(&documents(&[(CARD, &child), (BASE, &base)])).map(|_| ()),
            expected
        );
    }
}

#[test]
fn documents_that_are_not_what_they_should_be() {
    let verdict = |document: Value| resolve(&documents(&[(CARD, &document)])).map(|_| ());
    assert_eq!(
        resolve(&TypeDocuments::new()).map(|_| ()),
        Err("type_metadata_invalid")
    );
    assert_eq!(verdict(json!({"vct": BASE})), Err("type_metadata_invalid"));
    for malformed in [
        json!([]),
        json!({"vct": CARD, "extends": 1}),
        json!({"vct": CARD, "claims": {}}),
        json!({"vct": CARD, "claims": [{}]}),
        json!({"vct": CARD, "claims": [{"path": []}]}),
        json!({"vct": CARD, "claims": [{"path": [-1]}]}),
        json!({"vct": CARD, "claims": [{"path": ["a"], "sd": "sometimes"}]}),
        json!({"vct": CARD, "claims": [{"path": ["a"], "mandatory": "yes"}]}),
    ] {
        assert_eq!(verdict(malformed.clone()), Err("malformed"), "{malformed}");
    }
    let many: Vec<Value> = (0..513)
        .map(|index| json!({"path": [index.to_string()]}))
        .collect();
    assert_eq!(
        verdict(json!({"vct": CARD, "claims": many})),
        Err("too_large")
    );
}

#[test]
fn claims_of_a_type_are_bounded_and_may_name_a_position() {
    let claims = |from: usize, count: usize| -> Value {
        (from..from + count)
            .map(|number| json!({"path": [format!("c{number}")]}))
            .collect()
    };
    let of = |own: usize, inherited: usize| {
        let base = json!({"vct": BASE, "claims": claims(0, inherited)});
        let child = json!({"vct": CARD, "extends": BASE, "claims": claims(inherited, own)});
        resolve(&documents(&[(CARD, &child), (BASE, &base)])).map(|_| ())
    };
    assert_eq!(of(512, 0), Ok(()));
    assert_eq!(of(513, 0), Err("too_large"));
    assert_eq!(of(256, 256), Ok(()));
    assert_eq!(of(256, 257), Err("too_large"));
    let card = json!({"vct": CARD, "claims": [{"path": ["lines", 1], "mandatory": true}]});
    let metadata = resolve(&documents(&[(CARD, &card)])).unwrap();
    let check = |lines: Value| {
        let issued = credential(json!({"vct": CARD, "lines": lines}), &[], &[]);
        code(metadata.check(&issued, true).map(|_| ()))
    };
    assert_eq!(check(json!(["a", "b"])), Ok(()));
    assert_eq!(check(json!(["a"])), Err("type_metadata_invalid"));
    assert_eq!(check(json!("ab")), Err("type_metadata_invalid"));
}

#[test]
fn a_label_is_inherited_unless_the_type_has_its_own() {
    let base = json!({"vct": BASE, "claims": [
        {"path": ["nickname"], "display": [{"locale": "en", "label": "Nickname"}]},
        {"path": ["name"], "display": [{"locale": "en", "label": "Name"}]}
    ]});
    let card = json!({"vct": CARD, "extends": BASE, "claims": [
        {"path": ["nickname"], "sd": "always"},
        {"path": ["name"], "display": [{"locale": "en", "label": "Full name"}]}
    ]});
    let types = resolve(&documents(&[(CARD, &card), (BASE, &base)])).unwrap();
    let label = |claim: &str| types.label(&ClaimPath::keys(&[claim]), &["en"]);
    assert_eq!(label("nickname"), Some("Nickname"));
    assert_eq!(label("name"), Some("Full name"));
}

//! Types whose metadata the bundle carries, and contexts that it carries: what does not hold is refused.

use serde_json::{Value, json};
use tessera_verifier::Bundle;
use tessera_verifier::bundle::{BundleBuilder, TypeEntry};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::crypto::{sha256, sha512};
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::base64;
use tessera_verifier::jsonld::BUILTIN_CONTEXTS;

use crate::world::{World, check, code};

const BASE: &str = "urn:tessera:identity:1";

fn vct() -> &'static str {
    CredentialProfile::of(Limited).vct
}

fn entry(vct: &str, document: &Value) -> TypeEntry {
    TypeEntry {
        vct: vct.to_owned(),
        document: document.to_string(),
    }
}

fn card() -> Value {
    json!({
        "vct": vct(),
        "extends": BASE,
        "display": [{"locale": "en", "name": "Limited card"}, {"locale": "zh-Hans", "name": "有限功能卡"}],
        "claims": [
            {"path": ["family_name"], "sd": "always", "mandatory": true, "display": [{"lang": "en", "label": "Surname"}]},
            {"path": ["iss"], "sd": "never", "mandatory": true},
        ],
    })
}

fn base() -> Value {
    json!({
        "vct": BASE,
        "display": [{"locale": "en", "name": "Card"}],
        "claims": [
            {"path": ["family_name"], "sd": "always", "display": [{"locale": "en", "label": "Name"}]},
            {"path": ["given_name"], "display": [{"locale": "en", "label": "Given names"}]},
        ],
    })
}

fn builder(world: &World, types: &[(&str, Value)]) -> BundleBuilder {
    let builder = world.builder().issuer(world.trusted());
    let builder = world
        .lists(&[])
        .into_iter()
        .fold(builder, BundleBuilder::status_list);
    types.iter().fold(builder, |builder, (vct, document)| {
        builder.type_metadata(entry(vct, document))
    })
}

fn bundle(world: &World, types: &[(&str, Value)]) -> Bundle {
    world.seal(builder(world, types)).unwrap()
}

/// The verdict on an honest credential that states `integrity` of its type.
fn verdict(world: &World, bundle: &Bundle, integrity: Option<Value>) -> &'static str {
    let mut visible = world.visible(Limited);
    if let Some(integrity) = integrity {
        visible.claims.insert("vct#integrity".to_owned(), integrity);
    }
    let credential = world.issue_as(visible, &world.issuer);
    let request = world.request("internet-cafe");
    code(check(&world.show(&credential, &request), &request, bundle))
}

#[test]
fn a_credential_keeps_to_the_type_in_the_bundle() {
    let world = World::new();
    let types = [(vct(), card()), (BASE, base())];
    assert_eq!(verdict(&world, &bundle(&world, &types), None), "verified");
    // Without metadata nothing is asked of it.
    assert_eq!(
        verdict(&world, &world.bundle(), Some(json!("sha256-AAAA"))),
        "verified"
    );
    let altered = |pointer: &str, value: Value| {
        let mut card = card();
        *card.pointer_mut(pointer).unwrap() = value;
        bundle(&world, &[(vct(), card), (BASE, base())])
    };
    for broken in [
        // What is always there must not be disclosable, and what is disclosed must be.
        altered("/claims/1/sd", json!("always")),
        altered("/claims/1/path", json!(["unheard_of"])),
    ] {
        assert_eq!(verdict(&world, &broken, None), "type_metadata_invalid");
    }
    // A claim that is shown though the type says that it never can be withheld.
    let never = json!({"vct": vct(), "claims": [{"path": ["age_equal_or_over"], "sd": "never"}]});
    assert_eq!(
        verdict(&world, &bundle(&world, &[(vct(), never)]), None),
        "type_metadata_invalid"
    );
}

#[test]
fn a_credential_states_the_digest_of_its_type() {
    let world = World::new();
    let bundle = bundle(&world, &[(vct(), card()), (BASE, base())]);
    let text = card().to_string();
    let sha256 = format!("sha256-{}", base64(&sha256(text.as_bytes())));
    let sha512 = format!("sha512-{}", base64(&sha512(text.as_bytes())));
    let other = format!("sha256-{}", base64(&[0; 32]));
    for (integrity, verdict_is) in [
        (json!(sha256), "verified"),
        (json!(format!("{other} {sha512}")), "verified"),
        (json!(other), "type_metadata_invalid"),
        (json!("md5-AAAA"), "type_metadata_invalid"),
        (json!(5), "malformed"),
    ] {
        assert_eq!(
            verdict(&world, &bundle, Some(integrity.clone())),
            verdict_is,
            "{integrity}"
        );
    }
    // Like the type itself, it is never disclosable.
    let mut disclosable = World::claims();
    disclosable.insert("vct#integrity".to_owned(), json!(sha256));
    let credential = world.issue_claims(world.visible(Limited), disclosable, &world.issuer);
    let request = world.request("internet-cafe");
    let paths = [
        ClaimPath::keys(&["age_equal_or_over", "18"]),
        ClaimPath::keys(&["vct#integrity"]),
    ];
    let shown = world.bind(&credential, &paths, &request, &world.holder);
    assert_eq!(code(check(&shown, &request, &bundle)), "disclosure_invalid");
}

#[test]
fn a_bundle_whose_types_do_not_hold_together_does_not_open() {
    let world = World::new();
    let opened = |types: &[(&str, Value)]| {
        world
            .seal(builder(&world, types))
            .err()
            .map(|error| error.code())
    };
    let with = |member: &str, value: Value| {
        let mut card = card();
        card[member] = value;
        card
    };
    let digest = |document: &Value| {
        format!(
            "sha256-{}",
            base64(&sha256(document.to_string().as_bytes()))
        )
    };
    let good = with("extends#integrity", json!(digest(&base())));
    assert_eq!(opened(&[(vct(), good), (BASE, base())]), None);
    let wrong = with("extends#integrity", json!(digest(&card())));
    let loosened = with("claims", json!([{"path": ["family_name"], "sd": "never"}]));
    for (types, code) in [
        (
            vec![(vct(), wrong), (BASE, base())],
            "type_metadata_invalid",
        ),
        (
            vec![(vct(), loosened), (BASE, base())],
            "type_metadata_invalid",
        ),
        (vec![(vct(), card())], "type_metadata_invalid"),
        (
            vec![("urn:another", card()), (BASE, base())],
            "type_metadata_invalid",
        ),
        (vec![(BASE, base()), (BASE, base())], "malformed"),
        (vec![(BASE, json!([]))], "malformed"),
        (
            vec![(vct(), with("display", json!({}))), (BASE, base())],
            "malformed",
        ),
        (
            vec![
                (vct(), with("display", json!([{"name": "x"}]))),
                (BASE, base()),
            ],
            "malformed",
        ),
        (
            vec![
                (vct(), with("display", json!([{"locale": "en"}]))),
                (BASE, base()),
            ],
            "malformed",
        ),
        (
            vec![
                (
                    vct(),
                    with(
                        "display",
                        json!([{"locale": "en", "name": "a"}, {"locale": "en", "name": "b"}]),
                    ),
                ),
                (BASE, base()),
            ],
            "malformed",
        ),
        (
            vec![
                (
                    vct(),
                    with(
                        "display",
                        json!([{"locale": "en", "name": "x".repeat(257)}]),
                    ),
                ),
                (BASE, base()),
            ],
            "too_large",
        ),
        (
            vec![
                (
                    vct(),
                    with(
                        "display",
                        json!(vec![json!({"locale": "en", "name": "x"}); 65]),
                    ),
                ),
                (BASE, base()),
            ],
            "too_large",
        ),
    ] {
        assert_eq!(opened(&types), Some(code), "{types:?}");
    }
    let many = (0..257).fold(world.builder(), |builder, n| {
        let vct = format!("urn:{n}");
        builder.type_metadata(entry(&vct, &json!({"vct": vct})))
    });
    assert_eq!(world.seal(many).map(drop).unwrap_err().code(), "too_large");
}

#[test]
fn names_are_told_in_the_language_asked_for() {
    let world = World::new();
    let bundle = bundle(&world, &[(vct(), card()), (BASE, base())]);
    let metadata = bundle.type_metadata(vct()).unwrap();
    assert_eq!(metadata.types(), [vct(), BASE]);
    for (locales, name) in [
        (&["en"][..], "Limited card"),
        (&["en-GB"], "Limited card"),
        (&["ZH-hans-CN"], "有限功能卡"),
        (&["fr", "zh-Hans"], "有限功能卡"),
        // Nothing in it: the first.
        (&["zh"], "Limited card"),
        (&[], "Limited card"),
    ] {
        assert_eq!(metadata.name(locales), Some(name), "{locales:?}");
    }
    let label = |name: &str| metadata.label(&ClaimPath::keys(&[name]), &["en"]);
    // Its own word for a claim, or the one that it inherits.
    assert_eq!(label("family_name"), Some("Surname"));
    assert_eq!(label("given_name"), Some("Given names"));
    assert_eq!(label("iss"), None);
    assert_eq!(bundle.type_metadata(BASE).unwrap().name(&[]), Some("Card"));
    assert!(bundle.type_metadata("urn:another").is_none());
}

#[test]
fn contexts_of_a_bundle_are_contexts_and_none_passes_for_another() {
    let world = World::new();
    let opened = |contexts: &[(&str, Value)]| {
        let builder = contexts
            .iter()
            .fold(world.builder(), |builder, (url, document)| {
                builder.context(url, document.clone())
            });
        world.seal(builder).err().map(|error| error.code())
    };
    let one = |context: Value| opened(&[("https://a.example/c", json!({"@context": context}))]);
    assert_eq!(
        one(json!({"a": "urn:a", "b": {"@id": "a:b", "@context": {"c": "urn:c"}}})),
        None
    );
    assert_eq!(
        one(json!(["https://www.w3.org/ns/credentials/v2", {"a": "urn:a"}])),
        None
    );
    for broken in [
        json!({"a": 5}),
        json!({"a": {"@id": 5}}),
        json!({"@version": 1.0}),
        json!({"@vocab": 5}),
        json!({"a": {"@id": "urn:a", "@container": "@nothing"}}),
        json!("https://elsewhere.example/c"),
        json!("https://a.example/c"),
        json!(5),
    ] {
        assert_eq!(one(broken.clone()), Some("malformed"), "{broken}");
    }
    // One may rest on another of the bundle.
    let both = [
        (
            "https://a.example/c",
            json!({"@context": "https://b.example/c"}),
        ),
        ("https://b.example/c", json!({"@context": {"b": "urn:b"}})),
    ];
    assert_eq!(opened(&both), None);
    let (url, text) = BUILTIN_CONTEXTS[1];
    let builtin: Value = serde_json::from_str(text).unwrap();
    let mut altered = builtin.clone();
    altered["@context"]["VerifiableCredential"]["@id"] = json!("urn:another");
    assert_eq!(opened(&[(url, builtin)]), None);
    assert_eq!(opened(&[(url, altered)]), Some("malformed"));
}

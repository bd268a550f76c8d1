//! Bundles of another root, altered, or inconsistent.

use serde_json::json;
use tessera_verifier::Bundle;
use tessera_verifier::bundle::{
    BundleBuilder, IssuingAuthority, Registrar, RelyingParty, StatusListEntry, TrustedIssuer,
    TypeEntry,
};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::encoding::{base64, base64url};
use tessera_verifier::status::{BitString, token_status_list};

use crate::openid4vp::certificates::Authority;
use crate::world::{DAY, NOW, Signer, World};

fn sealed(world: &World, builder: BundleBuilder, signer: &Signer) -> String {
    builder.build(world.root.public_key()).sign(signer).unwrap()
}

#[test]
fn bundle_of_another_root() {
    let world = World::new();
    let mallory = Signer::fresh();
    let honest = sealed(&world, world.builder(), &world.root);
    let opened = |text: &str| {
        Bundle::open(text.as_bytes(), &world.root.did())
            .err()
            .map(|error| error.code())
    };
    assert_eq!(opened(&honest), None);
    // A trailing line break is what editors and shells add.
    assert_eq!(opened(&format!("{honest}\n")), None);
    assert_eq!(
        opened(&sealed(&world, world.builder(), &mallory)),
        Some("bundle_untrusted")
    );
    let own = world
        .builder()
        .build(mallory.public_key())
        .sign(&mallory)
        .unwrap();
    assert_eq!(opened(&own), Some("bundle_untrusted"));
    let parts: Vec<&str> = honest.split('.').collect();
    let altered = format!("{}.{}.{}", parts[0], base64url(b"{}"), parts[2]);
    assert_eq!(opened(&altered), Some("bundle_untrusted"));
    // Nothing of a payload is parsed before the signature holds.
    let unread = format!("{}.{}.{}", parts[0], base64url(b"[[[["), parts[2]);
    assert_eq!(opened(&unread), Some("bundle_untrusted"));
    // A request or credential by the root is not a bundle.
    let header = json!({"typ": "jwt", "kid": world.root.method()});
    let other = tessera_verifier::jws::sign(header, &json!({"iss": world.root.did()}), &world.root)
        .unwrap();
    assert_eq!(opened(&other), Some("bundle_untrusted"));
    assert_eq!(opened(""), Some("malformed"));
}

#[test]
fn bundle_that_contradicts_itself() {
    let world = World::new();
    let code = |builder: BundleBuilder| world.seal(builder).err().map(|error| error.code());
    let twice = world
        .builder()
        .issuer(world.trusted())
        .issuer(world.trusted());
    assert_eq!(code(twice), Some("malformed"));
    let nobody = TrustedIssuer {
        did: "did:key:z".to_owned(),
        ..world.trusted()
    };
    assert_eq!(code(world.builder().issuer(nobody)), Some("malformed"));
    let [list, _] = world.lists(&[]);
    assert_eq!(
        code(
            world
                .builder()
                .issuer(world.trusted())
                .status_list(list.clone())
                .status_list(list.clone())
        ),
        Some("malformed")
    );
    // A list whose signer is not listed.
    assert_eq!(
        code(world.builder().status_list(list)),
        Some("issuer_untrusted")
    );
    // A relying party under two names: which is shown to holders would be chance.
    let party = world
        .bundle()
        .relying_party(&world.party.did())
        .unwrap()
        .clone();
    let renamed = RelyingParty {
        services: vec!["bank-account".to_owned()],
        ..party.clone()
    };
    assert_eq!(
        code(world.builder().relying_party(renamed)),
        Some("malformed")
    );
    let bare = RelyingParty {
        client_id: world.party.did(),
        ..party
    };
    assert_eq!(code(world.builder().relying_party(bare)), Some("malformed"));
    let dead = BundleBuilder::new(world.bundle().authority().clone(), NOW, 0);
    assert_eq!(code(dead), Some("malformed"));
}

/// Every list within its bound, all of them together gigabytes.
#[test]
fn hostile_many_great_lists() {
    let world = World::new();
    let bits = BitString::new(BitString::MAX_ENTRIES).unwrap();
    let [_, token] = world.lists(&[]);
    let opened = |count: usize| {
        let lists = (0..count).map(|number| {
            let uri = format!("https://issuer.example/status/{number}.jwt");
            let until = NOW.add_seconds(DAY);
            let list = token_status_list(&uri, &world.issuer.did(), &bits, NOW, until).unwrap();
            StatusListEntry {
                uri,
                value: json!(list.sign(&world.issuer).unwrap()),
                ..token.clone()
            }
        });
        let builder = world.builder().issuer(world.trusted());
        let bundle = world.seal(lists.fold(builder, BundleBuilder::status_list));
        bundle.err().map(|error| error.code())
    };
    assert_eq!(opened(4), None);
    assert_eq!(opened(5), Some("too_large"));
}

#[test]
fn age_is_told() {
    let world = World::new();
    let bundle = world.bundle();
    assert_eq!((bundle.age(NOW), bundle.max_age()), (3600, 86_400));
    assert!(!bundle.is_stale(NOW) && bundle.is_stale(bundle.expires()));
}

/// Each list has a bound, which is itself within it, and each entry must be one that can be used.
#[test]
fn registrars_anchors_and_types_are_bounded_and_sound() {
    let world = World::new();
    let code = |builder: BundleBuilder| {
        let sealed = world.seal(builder);
        sealed.map_or_else(|error| error.code(), |_| "opened")
    };
    let registrar = |did: String| Registrar {
        did,
        not_before: NOW,
        not_after: None,
    };
    let registrars = |count: usize| {
        let did = Signer::fresh().did();
        (0..count).fold(world.builder(), |builder, _| {
            builder.registrar(registrar(did.clone()))
        })
    };
    assert_eq!(
        [code(registrars(256)), code(registrars(257))],
        ["opened", "too_large"]
    );
    let method = Signer::fresh().method();
    for unsound in ["did:example:registrar", "registrar", &method] {
        let refused = code(world.builder().registrar(registrar(unsound.to_owned())));
        assert_ne!(refused, "opened", "{unsound}");
    }
    let authority = Authority::new("Specimen Access CA");
    let anchors = |count: usize| {
        (0..count).fold(world.builder(), |builder, _| {
            builder.access_anchor(&authority.der)
        })
    };
    assert_eq!(
        [code(anchors(256)), code(anchors(257))],
        ["opened", "too_large"]
    );
    assert_ne!(
        code(world.builder().access_anchor(b"no certificate")),
        "opened"
    );
    let types = |count: usize| {
        (0..count).fold(world.builder(), |builder, number| {
            let vct = format!("urn:example:{number}");
            let document = json!({"vct": vct}).to_string();
            builder.type_metadata(TypeEntry { vct, document })
        })
    };
    assert_eq!(
        [code(types(256)), code(types(257))],
        ["opened", "too_large"]
    );
}

#[test]
fn authorities_of_issuers_are_bounded_and_have_their_time() {
    let world = World::new();
    let authority = |count: usize| {
        let certificate = Authority::new(&format!("Specimen CA {count}")).der;
        IssuingAuthority {
            certificate: base64(&certificate),
            issuers: vec!["https://issuer.example".to_owned()],
            not_before: NOW,
            not_after: Some(NOW.add_seconds(DAY)),
            assurance_levels: vec![],
        }
    };
    let sealed = |count: usize| {
        let builder = (0..count)
            .map(authority)
            .fold(world.builder(), BundleBuilder::issuing_authority);
        world
            .seal(builder)
            .map_or_else(|error| error.code(), |_| "opened")
    };
    assert_eq!([sealed(256), sealed(257)], ["opened", "too_large"]);
    let trusted = |seconds| authority(0).trusted_at(NOW.add_seconds(seconds));
    assert_eq!(
        [-1, 0, DAY - 1, DAY].map(trusted),
        [false, true, true, false]
    );
}

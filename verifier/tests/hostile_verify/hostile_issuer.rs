//! Who signed, and whether it may: classes 1, 2 and 4.

use serde_json::json;
use tessera_verifier::bundle::TrustedIssuer;
use tessera_verifier::claims::AssuranceLevel::{Full, Limited};

use crate::world::{DAY, NOW, Signer, World, check, check_ldp, code};

/// Class 1: `iss` names the authority, the key is the attacker's.
#[test]
fn issuer_not_bound_to_the_key() {
    let world = World::new();
    let (request, bundle, mallory) = (
        world.request("internet-cafe"),
        world.bundle(),
        Signer::fresh(),
    );
    let mut visible = world.visible(Limited);
    visible
        .header
        .insert("kid".to_owned(), json!(mallory.method()));
    let shown = world.show(&world.issue_as(visible, &mallory), &request);
    assert_eq!(
        code(check(&shown, &request, &bundle)),
        "issuer_key_mismatch"
    );
    let base = world.issue_ldp_as(Limited, &world.issuer.did(), &mallory);
    assert_eq!(
        code(check_ldp(
            &world.show_ldp(&base, &request),
            &request,
            &bundle
        )),
        "issuer_key_mismatch"
    );
}

/// Class 4: everything is consistent, but the trust source is the attacker's own.
#[test]
fn issuer_unknown_to_the_bundle() {
    let world = World::new();
    let (request, bundle, mallory) = (
        world.request("internet-cafe"),
        world.bundle(),
        Signer::fresh(),
    );
    let mut visible = world.visible(Limited);
    visible
        .header
        .insert("kid".to_owned(), json!(mallory.method()));
    visible
        .claims
        .insert("iss".to_owned(), json!(mallory.did()));
    let shown = world.show(&world.issue_as(visible, &mallory), &request);
    assert_eq!(code(check(&shown, &request, &bundle)), "issuer_untrusted");
    let base = world.issue_ldp_as(Limited, &mallory.did(), &mallory);
    assert_eq!(
        code(check_ldp(
            &world.show_ldp(&base, &request),
            &request,
            &bundle
        )),
        "issuer_untrusted"
    );
}

/// Class 1: the authority's `kid`, another key's signature.
#[test]
fn signature_of_another_key() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let shown = world.show(
        &world.issue_as(world.visible(Limited), &Signer::fresh()),
        &request,
    );
    assert_eq!(code(check(&shown, &request, &bundle)), "invalid_signature");
}

/// Class 4: a key in the header is a suggestion of the attacker's.
#[test]
fn key_in_the_header_is_not_used() {
    let world = World::new();
    let (request, bundle, mallory) = (
        world.request("internet-cafe"),
        world.bundle(),
        Signer::fresh(),
    );
    let mut visible = world.visible(Limited);
    let jwk = tessera_verifier::did::resolve(&mallory.did())
        .unwrap()
        .1
        .to_jwk();
    visible.header.insert("jwk".to_owned(), jwk);
    let shown = world.show(&world.issue_as(visible, &mallory), &request);
    assert_eq!(code(check(&shown, &request, &bundle)), "invalid_signature");
}

#[test]
fn issuer_outside_its_window_or_level() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let shown = world.show(&world.issue(Limited), &request);
    let with = |issuer: TrustedIssuer| {
        // The status lists are signed by the same key, so they must lie within its window too.
        let lists = world.lists_of(
            &tessera_verifier::status::BitString::new(0).unwrap(),
            NOW,
            NOW.add_seconds(DAY),
        );
        world.bundle_with(issuer, lists)
    };
    let begun_after = TrustedIssuer {
        not_before: NOW.add_seconds(-60),
        ..world.trusted()
    };
    assert_eq!(
        code(check(&shown, &request, &with(begun_after).unwrap())),
        "issuer_untrusted"
    );
    let over = TrustedIssuer {
        not_after: Some(NOW),
        ..world.trusted()
    };
    assert_eq!(
        with(over).map_err(|error| error.code()).err(),
        Some("issuer_untrusted")
    );
    // Retired since: its credentials and lists were signed within the window, but the window is over.
    let retired = TrustedIssuer {
        not_after: Some(NOW),
        ..world.trusted()
    };
    let retired = world.bundle_with(retired, world.lists(&[])).unwrap();
    assert_eq!(code(check(&shown, &request, &retired)), "issuer_untrusted");
    let other_level = TrustedIssuer {
        assurance_levels: vec![Full],
        ..world.trusted()
    };
    assert_eq!(
        code(check(&shown, &request, &with(other_level).unwrap())),
        "issuer_untrusted"
    );
}

/// Class 2: validity.
#[test]
fn validity_is_checked_in_either_format() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    for (name, at, expected) in [
        ("exp", NOW.unix(), "expired"),
        ("nbf", NOW.unix() + 1, "not_yet_valid"),
        ("exp", NOW.unix() + 1, "verified"),
    ] {
        let mut visible = world.visible(Limited);
        visible.claims.insert(name.to_owned(), json!(at));
        let shown = world.show(&world.issue_as(visible, &world.issuer), &request);
        assert_eq!(code(check(&shown, &request, &bundle)), expected, "{name}");
    }
    let mut endless = world.visible(Limited);
    endless.claims.remove("exp");
    let shown = world.show(&world.issue_as(endless, &world.issuer), &request);
    assert_eq!(code(check(&shown, &request, &bundle)), "malformed");
}

/// Class 2: a W3C claim changed after signing, and one dropped that the holder must not drop.
#[test]
fn altered_w3c_credential() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let honest = world.show_ldp(&world.issue_ldp(Limited), &request);
    for (pointer, value) in [
        (
            "/verifiableCredential/0/credentialSubject/age_equal_or_over/18",
            json!(false),
        ),
        (
            "/verifiableCredential/0/validUntil",
            json!("2036-02-14T00:00:00Z"),
        ),
        (
            "/verifiableCredential/0/credentialStatus/statusListIndex",
            json!("1"),
        ),
        (
            "/verifiableCredential/0/type/2",
            json!("FullIdentityCredential"),
        ),
    ] {
        let mut altered = honest["verifiableCredential"][0].clone();
        let inside = pointer.strip_prefix("/verifiableCredential/0").unwrap();
        *altered.pointer_mut(inside).unwrap() = value;
        // The holder itself signs the altered one: only the issuer's proof can tell.
        let shown = world.wrap(&altered, &request, &world.holder);
        let code = code(check_ldp(&shown, &request, &bundle));
        assert!(
            ["invalid_signature", "disclosure_invalid"].contains(&code),
            "{pointer}: {code}"
        );
    }
}

/// Class 11 and trap 5: a base proof shown as if it were a presentation would disclose everything.
#[test]
fn base_proof_shown() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let shown = world.wrap(&world.issue_ldp(Limited), &request, &world.holder);
    assert_eq!(
        code(check_ldp(&shown, &request, &bundle)),
        "base_proof_refused"
    );
}

#[test]
fn assurance_too_low_for_the_bank() {
    let world = World::new();
    let (request, bundle) = (world.request("bank-account"), world.bundle());
    let shown = world.show(&world.issue(Limited), &request);
    assert_eq!(code(check(&shown, &request, &bundle)), "assurance_too_low");
    let presented = world.show_ldp(&world.issue_ldp(Limited), &request);
    assert_eq!(
        code(check_ldp(&presented, &request, &bundle)),
        "assurance_too_low"
    );
}

#[test]
fn another_type_of_credential() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let mut visible = world.visible(Limited);
    visible
        .claims
        .insert("vct".to_owned(), json!("urn:specimen:library-card:1"));
    let shown = world.show(&world.issue_as(visible, &world.issuer), &request);
    assert_eq!(
        code(check(&shown, &request, &bundle)),
        "wrong_credential_type"
    );
}

/// A time that cannot be read is no time that may be passed over.
#[test]
fn hostile_times_that_are_no_times() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    for (name, value) in [
        ("nbf", json!("2099-01-01")),
        ("nbf", json!(4_070_908_800.5)),
        ("nbf", json!(null)),
        ("exp", json!("2099-01-01")),
        ("iat", json!(true)),
    ] {
        let mut visible = world.visible(Limited);
        visible.claims.insert(name.to_owned(), value.clone());
        let shown = world.show(&world.issue_as(visible, &world.issuer), &request);
        assert_eq!(
            code(check(&shown, &request, &bundle)),
            "malformed",
            "{name}: {value}"
        );
    }
}

/// The validity of a W3C credential, at either end.
#[test]
fn hostile_w3c_credential_outside_its_validity() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let issued = |from: &str, until: &str| {
        let mut document = world.ldp_document(Limited, &world.issuer.did());
        document["validFrom"] = json!(from);
        document["validUntil"] = json!(until);
        let base = World::secure_ldp(&document, &world.issuer);
        code(check_ldp(
            &world.show_ldp(&base, &request),
            &request,
            &bundle,
        ))
    };
    let (early, late) = ("2026-01-15T00:00:00Z", "2026-02-14T00:00:00Z");
    assert_eq!(issued(early, late), "verified");
    assert_eq!(issued("2026-01-16T00:00:00Z", late), "not_yet_valid");
    assert_eq!(issued(early, "2026-01-15T12:00:00Z"), "expired");
}

//! Credentials under a certificate (`x5c`): whose key signed, and whether it may. Classes 1 and 4.

use serde_json::{Value, json};
use tessera_verifier::Bundle;
use tessera_verifier::bundle::{BundleBuilder, IssuingAuthority, TrustedIssuer};
use tessera_verifier::claims::AssuranceLevel::{self, Full, Limited};
use tessera_verifier::encoding::base64;

use crate::openid4vp::certificates::{Authority, Fresh, Leaf};
use crate::world::{DAY, NOW, Signer, Visible, World, check, code};

const ISSUER: &str = "https://city.example/issuer";
const AUTHORITY: &str = "Specimen credentials";
const HOST: &str = "city.example";
const YEARS: (i32, i32) = (2026, 2030);

/// A world whose bundle trusts a certification authority for [`ISSUER`], and a key that it has certified.
struct Certified {
    world: World,
    authority: Authority,
    leaf: Leaf,
}

impl Certified {
    fn new() -> Self {
        let authority = Authority::new(AUTHORITY);
        Self {
            world: World::new(),
            leaf: authority.leaf(HOST, YEARS),
            authority,
        }
    }

    fn said(&self) -> IssuingAuthority {
        IssuingAuthority {
            certificate: base64(&self.authority.der),
            issuers: vec![ISSUER.to_owned()],
            not_before: NOW.add_seconds(-100 * DAY),
            not_after: None,
            assurance_levels: AssuranceLevel::ALL.to_vec(),
        }
    }

    fn builder(&self) -> BundleBuilder {
        let lists = self.world.lists(&[]).into_iter();
        let builder = self.world.builder().issuer(self.world.trusted());
        lists.fold(builder, BundleBuilder::status_list)
    }

    fn bundle_of(&self, authorities: impl IntoIterator<Item = IssuingAuthority>) -> Bundle {
        let builder = authorities
            .into_iter()
            .fold(self.builder(), BundleBuilder::issuing_authority);
        self.world.seal(builder).unwrap()
    }

    fn bundle(&self) -> Bundle {
        self.bundle_of([self.said()])
    }

    /// What such a credential says; `kid` is left out.
    fn visible(&self, iss: Option<&str>, x5c: Value) -> Visible {
        let mut visible = self.world.visible(Limited);
        visible.header.remove("kid");
        visible.header.insert("x5c".to_owned(), x5c);
        visible.claims.remove("iss");
        if let Some(iss) = iss {
            visible.claims.insert("iss".to_owned(), json!(iss));
        }
        visible
    }

    /// The outcome of showing what `signer` signed.
    fn judged(&self, visible: Visible, signer: &Signer, bundle: &Bundle) -> &'static str {
        let request = self.world.request("internet-cafe");
        let shown = self
            .world
            .show(&self.world.issue_as(visible, signer), &request);
        code(check(&shown, &request, bundle))
    }

    /// The outcome with this leaf in this bundle.
    fn under(&self, leaf: &Leaf, iss: Option<&str>, bundle: &Bundle) -> &'static str {
        self.judged(self.visible(iss, leaf.x5c()), &leaf.signer, bundle)
    }

    fn honest(&self, bundle: &Bundle) -> &'static str {
        self.under(&self.leaf, Some(ISSUER), bundle)
    }
}

#[test]
fn a_credential_under_a_certificate_is_its_issuers() {
    let certified = Certified::new();
    let (world, bundle) = (&certified.world, certified.bundle());
    let request = world.request("internet-cafe");
    // The issuer named by `iss`, and by the certificate alone.
    for iss in [Some(ISSUER), None] {
        let visible = certified.visible(iss, certified.leaf.x5c());
        let shown = world.show(&world.issue_as(visible, &certified.leaf.signer), &request);
        let verified = check(&shown, &request, &bundle).unwrap();
        assert_eq!(verified.credentials()[0].issuer(), ISSUER);
        assert_eq!(verified.credentials()[0].assurance_level(), Limited);
    }
    // Without certificates nothing has changed.
    let visible = world.visible(Limited);
    assert_eq!(
        certified.judged(visible, &world.issuer, &bundle),
        "verified"
    );
}

/// A listed issuer may carry its certificate beside its DID: both lines of the bundle count.
#[test]
fn a_listed_issuer_with_a_certificate_is_held_to_both_lines() {
    let certified = Certified::new();
    let key = Fresh::new();
    let did = key.did();
    let years = (2026, 2030);
    let leaf = certified.authority.certify(&key, (&[HOST], &[&did]), years);
    let line = TrustedIssuer {
        did: did.clone(),
        ..certified.world.trusted()
    };
    let bundle = |line: &TrustedIssuer, said: IssuingAuthority| {
        let builder = certified.builder().issuer(line.clone());
        certified
            .world
            .seal(builder.issuing_authority(said))
            .unwrap()
    };
    let judged = |iss: &str, bundle: &Bundle| {
        let mut visible = certified.visible(Some(iss), leaf.x5c());
        let kid = json!(leaf.signer.method());
        visible.header.insert("kid".to_owned(), kid);
        certified.judged(visible, &leaf.signer, bundle)
    };
    assert_eq!(judged(&did, &bundle(&line, certified.said())), "verified");
    // Not in the bundle: the certificate alone makes no DID an issuer.
    assert_eq!(judged(&did, &certified.bundle()), "issuer_untrusted");
    // Retired, or for another level only, whatever name the credential goes by.
    let retired = TrustedIssuer {
        not_after: Some(NOW),
        ..line.clone()
    };
    let other_level = TrustedIssuer {
        assurance_levels: vec![Full],
        ..line.clone()
    };
    for changed in [&retired, &other_level] {
        for iss in [&*did, ISSUER] {
            let bundle = bundle(changed, certified.said());
            assert_eq!(judged(iss, &bundle), "issuer_untrusted", "{iss}");
        }
    }
    let ended = IssuingAuthority {
        not_after: Some(NOW),
        ..certified.said()
    };
    assert_eq!(judged(&did, &bundle(&line, ended)), "issuer_untrusted");
}

/// Class 1: the certificate is genuine, and the credential names somebody else.
#[test]
fn issuer_that_the_certificate_does_not_name() {
    let certified = Certified::new();
    let bundle = certified.bundle();
    let victim = certified.world.issuer.did();
    for iss in [
        "https://other.example/issuer",
        "https://city.example.attacker.example/issuer",
        "http://city.example/issuer",
        &victim,
    ] {
        let judged = certified.under(&certified.leaf, Some(iss), &bundle);
        assert_eq!(judged, "issuer_key_mismatch", "{iss}");
    }
    let mut visible = certified.visible(None, certified.leaf.x5c());
    visible.claims.insert("iss".to_owned(), json!([ISSUER]));
    let judged = certified.judged(visible, &certified.leaf.signer, &bundle);
    assert_eq!(judged, "malformed");
    // The authority has put the DID of a listed issuer into somebody else's certificate.
    let named = (&[HOST][..], &[victim.as_str()][..]);
    let leaf = certified.authority.certify(&Fresh::new(), named, YEARS);
    let judged = certified.under(&leaf, Some(&victim), &bundle);
    assert_eq!(judged, "issuer_key_mismatch");
}

/// Class 1: an authority speaks for the issuers that the bundle says, and for nobody else.
#[test]
fn issuer_that_the_authority_does_not_vouch_for() {
    let certified = Certified::new();
    let bundle = certified.bundle();
    let other = certified.authority.leaf("other.example", YEARS);
    for iss in [Some("https://other.example/issuer"), None] {
        assert_eq!(certified.under(&other, iss, &bundle), "issuer_untrusted");
    }
    // The same host, another issuer.
    let judged = certified.under(&certified.leaf, Some("https://city.example/other"), &bundle);
    assert_eq!(judged, "issuer_untrusted");
}

/// Class 4: the chain is consistent, and its root is the attacker's.
#[test]
fn certificate_of_an_attackers_authority() {
    let certified = Certified::new();
    let bundle = certified.bundle();
    let mallory = Authority::new("Mallory");
    let leaf = mallory.leaf(HOST, YEARS);
    assert_eq!(
        certified.under(&leaf, Some(ISSUER), &bundle),
        "issuer_untrusted"
    );
    // With the root sent along, under the name of the real one, and with a certificate of the real one behind it.
    let with_root = json!([base64(&leaf.der), base64(&mallory.der)]);
    let visible = certified.visible(Some(ISSUER), with_root);
    assert_eq!(
        certified.judged(visible, &leaf.signer, &bundle),
        "issuer_untrusted"
    );
    let twin = Authority::new(AUTHORITY);
    let leaf = twin.leaf(HOST, YEARS);
    assert_eq!(
        certified.under(&leaf, Some(ISSUER), &bundle),
        "invalid_signature"
    );
    let behind = json!([base64(&leaf.der), base64(&certified.leaf.der)]);
    let visible = certified.visible(Some(ISSUER), behind);
    assert_eq!(
        certified.judged(visible, &leaf.signer, &bundle),
        "issuer_untrusted"
    );
    // The genuine certificate, and the attacker's signature.
    let visible = certified.visible(Some(ISSUER), certified.leaf.x5c());
    let judged = certified.judged(visible, &leaf.signer, &bundle);
    assert_eq!(judged, "invalid_signature");
}

/// Class 4: who may say who a relying party is may not say who an issuer is.
#[test]
fn access_authorities_certify_no_issuers() {
    let certified = Certified::new();
    let other = IssuingAuthority {
        certificate: base64(&Authority::new("Specimen elsewhere").der),
        ..certified.said()
    };
    let access = certified.builder().access_anchor(&certified.authority.der);
    let bundle = certified
        .world
        .seal(access.issuing_authority(other))
        .unwrap();
    assert_eq!(certified.honest(&bundle), "issuer_untrusted");
    assert_eq!(
        certified.honest(&certified.bundle_of([])),
        "issuer_untrusted"
    );
}

/// Class 4: `kid` beside `x5c` leads nowhere, and may not lead elsewhere.
#[test]
fn kid_beside_a_certificate() {
    let certified = Certified::new();
    let (world, bundle, mallory) = (&certified.world, certified.bundle(), Signer::fresh());
    let with_kid = |kid: &str, iss: &str, x5c: Value, signer: &Signer| {
        let mut visible = certified.visible(Some(iss), x5c);
        visible.header.insert("kid".to_owned(), json!(kid));
        certified.judged(visible, signer, &bundle)
    };
    let genuine = || certified.leaf.x5c();
    let leaf = &certified.leaf.signer;
    // A name of the issuer's own making, or of this very key.
    assert_eq!(with_kid("key-1", ISSUER, genuine(), leaf), "verified");
    assert_eq!(
        with_kid(&leaf.method(), ISSUER, genuine(), leaf),
        "verified"
    );
    // Another reader would check the attacker's signature with the attacker's key.
    let judged = with_kid(&mallory.method(), ISSUER, genuine(), &mallory);
    assert_eq!(judged, "issuer_key_mismatch");
    let judged = with_kid(&mallory.method(), ISSUER, genuine(), leaf);
    assert_eq!(judged, "issuer_key_mismatch");
    // The listed issuer's kid and name do not help a certificate that nobody trusts, nor is it passed over.
    let foreign = Authority::new("Mallory").leaf(HOST, YEARS);
    let (kid, did) = (world.issuer.method(), world.issuer.did());
    for signer in [&world.issuer, &foreign.signer] {
        let judged = with_kid(&kid, &did, foreign.x5c(), signer);
        assert_eq!(judged, "issuer_untrusted");
    }
}

#[test]
fn authority_outside_its_window_or_level() {
    let certified = Certified::new();
    let changed = |change: fn(&mut IssuingAuthority)| {
        let mut said = certified.said();
        change(&mut said);
        certified.honest(&certified.bundle_of([said]))
    };
    assert_eq!(changed(|_| ()), "verified");
    assert_eq!(
        changed(|said| said.not_after = Some(NOW)),
        "issuer_untrusted"
    );
    assert_eq!(
        changed(|said| said.not_before = NOW.add_seconds(1)),
        "issuer_untrusted"
    );
    // Trusted now, and not yet when the credential was issued.
    assert_eq!(
        changed(|said| said.not_before = NOW.add_seconds(-60)),
        "issuer_untrusted"
    );
    assert_eq!(
        changed(|said| said.assurance_levels = vec![Full]),
        "issuer_untrusted"
    );
    assert_eq!(
        changed(|said| said.issuers = Vec::new()),
        "issuer_untrusted"
    );
    // A certificate of the authority that has ended does not stand in the way of its successor.
    let old = IssuingAuthority {
        certificate: base64(&certified.authority.renewed(AUTHORITY)),
        not_after: Some(NOW),
        ..certified.said()
    };
    let bundle = certified.bundle_of([old, certified.said()]);
    assert_eq!(certified.honest(&bundle), "verified");
}

#[test]
fn certificates_that_do_not_hold() {
    let certified = Certified::new();
    let bundle = certified.bundle();
    let leaf = |years| certified.authority.leaf(HOST, years);
    let judged = |leaf: &Leaf| certified.under(leaf, Some(ISSUER), &bundle);
    assert_eq!(judged(&leaf((2020, 2026))), "expired");
    assert_eq!(judged(&leaf((2027, 2030))), "not_yet_valid");
    let der = base64(&certified.leaf.der);
    for (x5c, expected) in [
        (json!([]), "malformed"),
        (json!(der), "malformed"),
        (json!([1]), "malformed"),
        (json!([""]), "malformed"),
        (
            json!([der
                .trim_end_matches('=')
                .trim_end_matches(char::is_alphanumeric)]),
            "malformed",
        ),
        (json!(vec![&der; 9]), "too_large"),
        (
            json!([base64(&certified.authority.der)]),
            "issuer_untrusted",
        ),
        (Value::Null, "malformed"),
    ] {
        let visible = certified.visible(Some(ISSUER), x5c.clone());
        let judged = certified.judged(visible, &certified.leaf.signer, &bundle);
        assert_eq!(judged, expected, "{x5c}");
    }
}

#[test]
fn authorities_of_a_bundle_are_read_strictly() {
    let certified = Certified::new();
    let code = |said: &[IssuingAuthority]| {
        let builder = certified.builder();
        let builder = said
            .iter()
            .cloned()
            .fold(builder, BundleBuilder::issuing_authority);
        certified
            .world
            .seal(builder)
            .err()
            .map(|error| error.code())
    };
    let with = |certificate: String| IssuingAuthority {
        certificate,
        ..certified.said()
    };
    assert_eq!(code(&[certified.said()]), None);
    assert_eq!(
        code(&[certified.said(), certified.said()]),
        Some("malformed")
    );
    assert_eq!(code(&[with("AAAA".to_owned())]), Some("malformed"));
    assert_eq!(code(&[with("=".to_owned())]), Some("malformed"));
    assert_eq!(
        code(&[with(base64(&certified.leaf.der))]),
        Some("issuer_untrusted")
    );
    let many: Vec<_> = (0..257).map(|_| certified.said()).collect();
    assert_eq!(code(&many), Some("too_large"));
    let kept = certified.bundle();
    let kept: Vec<_> = kept.issuing_authorities().collect();
    assert_eq!(kept, [&certified.said()]);
}

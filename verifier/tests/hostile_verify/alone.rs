//! Checks whose input another check nearly refuses too: here each is the only thing that stands in the way.

use serde_json::{Value, json};
use tessera_verifier::bundle::{BundleBuilder, RelyingParty, StatusListEntry};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::claims::CredentialProfile;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::{ProofOptions, ProofPurpose, ecdsa_rdfc};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::status::{BitString, EntryBits, StatusArray, status_list_credential};
use tessera_verifier::{Bundle, Request, jws};

use crate::hostile_request::{changed, refused};
use crate::world::{DAY, LIST, NOW, Signer, World, check, check_ldp, check_token, code};

fn opened(world: &World, text: &str) -> &'static str {
    Bundle::open(text.as_bytes(), &world.root.did()).map_or_else(|error| error.code(), |_| "opened")
}

/// By the root's own key in every case.
#[test]
fn a_bundle_names_its_root_in_both_places() {
    let world = World::new();
    let stranger = Signer::fresh();
    let seal = |kid: Value, iss: String| {
        let payload = json!({"iss": iss, "iat": NOW, "exp": NOW.add_seconds(DAY), "issuers": [],
            "authority": {"id": "specimen", "name": {"en": "SPECIMEN", "zh": "SPECIMEN"}}});
        let mut header = json!({"typ": "tessera-bundle+jwt", "kid": kid});
        if kid.is_null() {
            header.as_object_mut().unwrap().remove("kid");
        }
        opened(&world, &jws::sign(header, &payload, &world.root).unwrap())
    };
    let own = || world.root.did();
    assert_eq!(seal(json!(world.root.method()), own()), "opened");
    assert_eq!(seal(json!(stranger.method()), own()), "bundle_untrusted");
    assert_eq!(seal(Value::Null, own()), "bundle_untrusted");
    assert_eq!(
        seal(json!(world.root.method()), stranger.did()),
        "bundle_untrusted"
    );
}

/// Too few statuses hide nobody, in a token as in a list credential.
#[test]
fn a_short_list_token_is_refused() {
    let world = World::new();
    let [_, honest] = world.lists(&[]);
    let opened = |entries: usize| {
        let statuses = StatusArray::new(entries, EntryBits::One).unwrap();
        let payload = json!({"sub": honest.uri, "iss": world.issuer.did(), "iat": NOW, "exp": NOW.add_seconds(DAY),
            "status_list": statuses.to_json()});
        let header = json!({"typ": "statuslist+jwt", "kid": world.issuer.method()});
        let entry = StatusListEntry {
            value: json!(jws::sign(header, &payload, &world.issuer).unwrap()),
            ..honest.clone()
        };
        let bundle = world.seal(world.builder().issuer(world.trusted()).status_list(entry));
        bundle.err().map(|error| error.code())
    };
    assert_eq!(opened(BitString::MIN_ENTRIES), None);
    assert_eq!(
        opened(BitString::MIN_ENTRIES - 8),
        Some("status_list_too_short")
    );
}

/// A list for another purpose says nothing of revocation: its zeros are no acceptance.
#[test]
fn a_list_for_another_purpose_is_refused() {
    let world = World::new();
    let bits = BitString::new(0).unwrap();
    let [honest, _] = world.lists(&[]);
    let until = NOW.add_seconds(DAY);
    for (purpose, expected) in [
        ("revocation", None),
        ("suspension", Some("wrong_credential_type")),
    ] {
        let mut document = status_list_credential(LIST, &world.issuer.did(), &bits, NOW, until);
        document["credentialSubject"]["statusPurpose"] = json!(purpose);
        let options = ProofOptions {
            created: Some(NOW),
            ..ProofOptions::new(world.issuer.method(), ProofPurpose::AssertionMethod)
        };
        let unsigned = ecdsa_rdfc::prepare(&document, &options, &ContextStore::builtin());
        let entry = StatusListEntry {
            value: world.issuer.secure(unsigned.unwrap()),
            ..honest.clone()
        };
        let bundle = world.seal(world.builder().issuer(world.trusted()).status_list(entry));
        assert_eq!(bundle.err().map(|error| error.code()), expected);
    }
}

/// Operators fetch a new bundle when they are told that it is stale: so that comes before all that a new one would mend.
#[test]
fn a_stale_bundle_is_the_reason_to_name() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let shown = world.show(&world.issue(Limited), &request);
    let old = world
        .builder_of(NOW.add_seconds(-DAY), DAY)
        .issuer(world.trusted());
    let bundle = world.seal(old).unwrap();
    assert_eq!(code(check(&shown, &request, &bundle)), "bundle_stale");
}

/// Who is not listed is told so, whatever else is wrong with what it signed.
#[test]
fn an_issuer_is_listed_before_its_signature_is_looked_at() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let nobody = world.seal(world.builder()).unwrap();
    let listed = world.bundle();
    let shown = world.show(
        &world.issue_as(world.visible(Limited), &Signer::fresh()),
        &request,
    );
    assert_eq!(code(check(&shown, &request, &nobody)), "issuer_untrusted");
    assert_eq!(code(check(&shown, &request, &listed)), "invalid_signature");
    let mut shown = world.show_ldp(&world.issue_ldp(Limited), &request);
    shown["verifiableCredential"][0]["validFrom"] = json!("2026-01-14T00:00:00Z");
    assert_eq!(
        code(check_ldp(&shown, &request, &nobody)),
        "issuer_untrusted"
    );
    assert_eq!(
        code(check_ldp(&shown, &request, &listed)),
        "invalid_signature"
    );
    // Without key binding nothing else is looked at.
    let bare = world.issue(Limited);
    assert_eq!(
        code(check(&bare, &request, &nobody)),
        "holder_binding_missing"
    );
}

/// The holder that a presentation names is the credential's subject, though its signature is the subject's own.
#[test]
fn the_holder_named_is_the_one_who_signs() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let honest = world.show_ldp(&world.issue_ldp(Limited), &request);
    for (holder, expected) in [
        (json!(world.holder.did()), "verified"),
        (Value::Null, "verified"),
        (json!(world.party.did()), "holder_binding_invalid"),
    ] {
        let mut presentation = honest.clone();
        let members = presentation.as_object_mut().unwrap();
        members.remove("proof");
        match &holder {
            Value::Null => members.remove("holder"),
            holder => members.insert("holder".to_owned(), holder.clone()),
        };
        let shown = world.seal_presentation(&presentation, &request, &world.holder);
        assert_eq!(
            code(check_ldp(&shown, &request, &bundle)),
            expected,
            "{holder}"
        );
    }
}

/// A credential of a level that the policy would take, but of another type than was asked for.
#[test]
fn the_type_that_was_asked_for() {
    let world = World::new();
    let bundle = world.bundle();
    let full = CredentialProfile::of(tessera_verifier::claims::AssuranceLevel::Full);
    let asking = |index: usize, name: &'static str, value: Value| {
        let change = |_: &mut Value, payload: &mut Value| {
            payload["dcql_query"]["credentials"][index]["meta"] = json!({name: value.clone()});
        };
        Request::for_own(&changed(&world, change, &world.party)).unwrap()
    };
    let limited = CredentialProfile::of(Limited);
    for (vct, expected) in [
        (limited.vct, "verified"),
        (full.vct, "wrong_credential_type"),
    ] {
        let request = asking(0, "vct_values", json!([vct]));
        let shown = world.show(&world.issue(Limited), &request);
        assert_eq!(code(check(&shown, &request, &bundle)), expected);
    }
    for (types, expected) in [
        (
            json!([full.expanded_types(), limited.expanded_types()]),
            "verified",
        ),
        (json!([limited.types()]), "verified"),
        (json!([full.expanded_types()]), "wrong_credential_type"),
    ] {
        let request = asking(1, "type_values", types);
        let shown = world.show_ldp(&world.issue_ldp(Limited), &request);
        assert_eq!(code(check_ldp(&shown, &request, &bundle)), expected);
    }
}

/// A further credential is too much even if it is good; one that answers no query is refused, too.
#[test]
fn answers_that_are_too_many() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let sd_jwt = world.show(&world.issue(Limited), &request);
    let ldp = world.show_ldp(&world.issue_ldp(Limited), &request);
    let judged = |token: Value| code(check_token(&token, &request, &bundle));
    assert_eq!(
        judged(json!({"sd_jwt": [sd_jwt], "ldp": [ldp]})),
        "over_disclosure"
    );
    assert_eq!(
        judged(json!({"sd_jwt": [sd_jwt, sd_jwt]})),
        "query_not_satisfied"
    );
    assert_eq!(judged(json!({})), "query_not_satisfied");
    // Two queries of which both must be answered: with one of them a credential is missing, and none is too much.
    let both = |_: &mut Value, payload: &mut Value| {
        payload["dcql_query"]["credential_sets"] = json!([{"options": [["sd_jwt", "ldp"]]}]);
    };
    let request = Request::for_own(&changed(&world, both, &world.party)).unwrap();
    let sd_jwt = world.show(&world.issue(Limited), &request);
    let ldp = world.show_ldp(&world.issue_ldp(Limited), &request);
    let judged = |token: Value| code(check_token(&token, &request, &bundle));
    assert_eq!(judged(json!({"sd_jwt": [sd_jwt]})), "query_not_satisfied");
    assert_eq!(
        judged(json!({"sd_jwt": [sd_jwt], "ldp": [ldp]})),
        "verified"
    );
}

#[test]
fn a_registration_ends() {
    let world = World::new();
    let compact = world.request_jwt("internet-cafe");
    let text = |text: &str| tessera_verifier::catalogue::LocalizedText {
        en: text.to_owned(),
        zh: text.to_owned(),
    };
    let authority = world.bundle().authority().clone();
    let accepted = |until| {
        let party = RelyingParty {
            client_id: world.party.did(),
            name: text("SPECIMEN café"),
            services: vec!["internet-cafe".to_owned()],
            not_after: until,
        };
        let builder = BundleBuilder::new(authority.clone(), NOW, DAY).relying_party(party);
        let bundle = world.seal(builder).unwrap();
        let parsed = Request::parse(&compact, NOW).unwrap();
        assert_eq!(parsed.service().unwrap().id, "internet-cafe");
        let claimed = parsed.claimed_requester(&bundle).unwrap();
        assert_eq!(claimed.client_id, world.party.did());
        parsed
            .authenticate(&bundle, NOW)
            .map_or_else(|error| error.code(), |_| "accepted")
    };
    assert_eq!(accepted(None), "accepted");
    assert_eq!(accepted(Some(NOW.add_seconds(1))), "accepted");
    assert_eq!(accepted(Some(NOW)), "requester_unregistered");
}

#[test]
fn where_an_answer_may_go() {
    let world = World::new();
    let posting = |uri: Value| {
        let change = |_: &mut Value, payload: &mut Value| {
            payload["response_mode"] = json!("direct_post");
            payload["response_uri"] = uri.clone();
        };
        changed(&world, change, &world.party)
    };
    for uri in [
        "https://party.example/answer",
        "http://127.0.0.1:8080/answer",
        "http://[::1]/answer",
        "http://localhost:1/",
    ] {
        let compact = posting(json!(uri));
        assert_eq!(refused(&world, &compact), "accepted", "{uri}");
        let request = Request::for_own(&compact).unwrap();
        assert_eq!(request.response_uri(), Some(uri));
    }
    for uri in [
        "http://party.example/answer",
        "http://127.0.0.1.party.example/answer",
        "http://localhost.party.example/",
        "ftp://party.example",
        "",
    ] {
        assert_eq!(
            refused(&world, &posting(json!(uri))),
            "request_invalid",
            "{uri}"
        );
    }
    assert_eq!(world.request("internet-cafe").response_uri(), None);
}

/// The longest text, the last second of clock skew, and what is ignored.
#[test]
fn bounds_of_a_request() {
    let world = World::new();
    let with = |name: &'static str, value: Value| {
        let change = |_: &mut Value, payload: &mut Value| payload[name] = value.clone();
        refused(&world, &changed(&world, change, &world.party))
    };
    assert_eq!(with("state", json!("x".repeat(2_048))), "accepted");
    assert_eq!(with("state", json!("x".repeat(2_049))), "request_invalid");
    assert_eq!(with("iat", json!(NOW.unix() + 60)), "accepted");
    assert_eq!(with("iat", json!(NOW.unix() + 61)), "request_invalid");
    // §5: whatever `iss` says is ignored; the signer is looked up by the client id alone.
    assert_eq!(with("iss", json!(Signer::fresh().did())), "accepted");
}

/// What the bundle tells of itself.
#[test]
fn a_bundle_tells_its_root_and_its_issuers() {
    let world = World::new();
    let bundle = world.bundle();
    assert_eq!(bundle.root_did(), world.root.did());
    assert_eq!(bundle.issuers(), [world.trusted()]);
    let (did, key) = bundle.issuer_key(&world.issuer.method()).unwrap();
    assert_eq!(
        (did, key),
        (world.issuer.did().as_str(), world.issuer.public_key())
    );
    let other = format!("{}#{}", world.issuer.did(), world.holder.did());
    for method in [world.issuer.did(), world.holder.method(), other] {
        assert!(bundle.issuer_key(&method).is_none(), "{method}");
    }
}

//! Class 12: the holder's proof of possession.

use serde_json::{Value, json};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::ecdsa_sd;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::base64url;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::{Request, jws, verify};

use crate::world::{NOW, Signer, World, check, check_ldp, check_token, code, policy};

fn adult() -> [ClaimPath; 1] {
    [ClaimPath::keys(&["age_equal_or_over", "18"])]
}

/// A presentation whose key binding JWT is made by hand.
pub(crate) fn bound(
    world: &World,
    request: &Request,
    change: impl Fn(&mut Value, &mut Value),
    signer: &Signer,
) -> String {
    let selection = tessera_verifier::sd_jwt::parse(&world.issue(Limited))
        .unwrap()
        .select(&adult())
        .unwrap();
    let digest = base64url(&tessera_verifier::crypto::sha256(
        selection.as_str().as_bytes(),
    ));
    let mut header = json!({"typ": "kb+jwt"});
    let mut payload = json!({"aud": request.client_id(), "nonce": request.nonce(), "iat": NOW.unix(), "sd_hash": digest});
    change(&mut header, &mut payload);
    format!(
        "{}{}",
        selection.as_str(),
        jws::sign(header, &payload, signer).unwrap()
    )
}

#[test]
fn key_binding_says_something_else() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let checked = |change: &dyn Fn(&mut Value, &mut Value)| {
        code(check(
            &bound(&world, &request, change, &world.holder),
            &request,
            &bundle,
        ))
    };
    assert_eq!(checked(&|_, _| {}), "verified");
    assert_eq!(
        checked(&|_, payload| payload["nonce"] = json!("c29tZS1vdGhlci1ub25jZQ")),
        "nonce_mismatch"
    );
    assert_eq!(
        checked(&|_, payload| payload["aud"] = json!("decentralized_identifier:did:key:zX")),
        "audience_mismatch"
    );
    assert_eq!(
        checked(&|_, payload| payload["aud"] = json!([payload["aud"]])),
        "audience_mismatch"
    );
    assert_eq!(
        checked(&|_, payload| payload["sd_hash"] = json!(base64url(&[0; 32]))),
        "holder_binding_invalid"
    );
    assert_eq!(
        checked(&|_, payload| payload["iat"] = json!(NOW.unix() + 61)),
        "presentation_from_future"
    );
    assert_eq!(
        checked(&|_, payload| payload["iat"] = json!(NOW.unix() - 361)),
        "presentation_too_old"
    );
    assert_eq!(
        checked(&|_, payload| payload["iat"] = Value::Null),
        "holder_binding_invalid"
    );
    assert_eq!(
        checked(&|header, _| header["typ"] = json!("jwt")),
        "holder_binding_invalid"
    );
    assert_eq!(
        checked(&|header, _| header["crit"] = json!(["exp"])),
        "malformed"
    );
}

#[test]
fn key_binding_by_another_key() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let shown = bound(&world, &request, |_, _| {}, &Signer::fresh());
    assert_eq!(
        code(check(&shown, &request, &bundle)),
        "holder_binding_invalid"
    );
}

#[test]
fn key_binding_of_another_credential_or_none() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let one = bound(&world, &request, |_, _| {}, &world.holder);
    let (credential, _) = one.rsplit_once('~').unwrap();
    // The same claims to the same key, but other bytes: ECDSA signatures differ each time.
    let other = bound(&world, &request, |_, _| {}, &world.holder);
    let (_, binding) = other.rsplit_once('~').unwrap();
    assert_eq!(
        code(check(&format!("{credential}~{binding}"), &request, &bundle)),
        "holder_binding_invalid"
    );
    assert_eq!(
        code(check(&format!("{credential}~"), &request, &bundle)),
        "holder_binding_missing"
    );
}

#[test]
fn presentation_proof_says_something_else() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let base = world.issue_ldp(Limited);
    let honest = world.show_ldp(&base, &request);
    assert_eq!(code(check_ldp(&honest, &request, &bundle)), "verified");
    let derived = &honest["verifiableCredential"][0];

    let other_nonce = world
        .asking("internet-cafe")
        .nonce("c29tZS1vdGhlci1ub25jZQ")
        .build()
        .unwrap();
    let other_nonce = Request::for_own(&other_nonce.sign(&world.party).unwrap()).unwrap();
    assert_eq!(
        code(check_ldp(
            &world.show_ldp(&base, &other_nonce),
            &request,
            &bundle
        )),
        "nonce_mismatch"
    );

    let party = Signer::fresh();
    let elsewhere = world
        .asking("internet-cafe")
        .client(&party.did())
        .build()
        .unwrap()
        .sign(&party)
        .unwrap();
    let elsewhere = Request::for_own(&elsewhere).unwrap();
    assert_eq!(
        code(check_ldp(
            &world.show_ldp(&base, &elsewhere),
            &request,
            &bundle
        )),
        "audience_mismatch"
    );

    let thief = Signer::fresh();
    assert_eq!(
        code(check_ldp(
            &world.wrap(derived, &request, &thief),
            &request,
            &bundle
        )),
        "holder_binding_invalid"
    );

    // A thief who leaves the holder's name in place, or leaves it out.
    for holder in [Some(world.holder.did()), None] {
        let mut stolen = world.wrap(derived, &request, &thief);
        let members = stolen.as_object_mut().unwrap();
        members.remove("proof");
        members.remove("holder");
        members.extend(holder.map(|did| ("holder".to_owned(), json!(did))));
        let shown = world.seal_presentation(&stolen, &request, &thief);
        assert_eq!(
            code(check_ldp(&shown, &request, &bundle)),
            "holder_binding_invalid"
        );
    }

    let mut bare = honest.clone();
    bare.as_object_mut().unwrap().remove("proof");
    assert_eq!(
        code(check_ldp(&bare, &request, &bundle)),
        "holder_binding_missing"
    );
    assert_eq!(code(check_ldp(derived, &request, &bundle)), "malformed");

    let mut purpose = honest.clone();
    purpose["proof"]["proofPurpose"] = json!("assertionMethod");
    assert_eq!(
        code(check_ldp(&purpose, &request, &bundle)),
        "proof_purpose_mismatch"
    );

    let mut talkative = honest.clone();
    talkative["name"] = json!("SPECIMEN");
    assert_eq!(
        code(check_ldp(&talkative, &request, &bundle)),
        "over_disclosure"
    );

    let late = NOW.add_seconds(361);
    let token = json!({"ldp": [honest]}).to_string();
    let long = world
        .asking("internet-cafe")
        .expires(NOW.add_seconds(3600))
        .build()
        .unwrap();
    let long = Request::for_own(&long.sign(&world.party).unwrap()).unwrap();
    assert_eq!(
        code(verify(
            token.as_bytes(),
            &long,
            &policy(&long),
            &bundle,
            late
        )),
        "presentation_too_old"
    );
}

/// More than was asked: refused, so that wallets learn not to.
#[test]
fn over_disclosure() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let generous = [ClaimPath::keys(&["age_equal_or_over"])];
    let shown = world.bind(&world.issue(Limited), &generous, &request, &world.holder);
    assert_eq!(code(check(&shown, &request, &bundle)), "over_disclosure");
    let generous = ["/credentialSubject/age_equal_or_over".to_owned()];
    let store = ContextStore::builtin();
    let derived = ecdsa_sd::derive(&world.issue_ldp(Limited), &generous, &store).unwrap();
    let shown = world.wrap(&derived, &request, &world.holder);
    assert_eq!(
        code(check_ldp(&shown, &request, &bundle)),
        "over_disclosure"
    );
    // Both formats where one was asked.
    let honest = world.show(&world.issue(Limited), &request);
    let further = world.show_ldp(&world.issue_ldp(Limited), &request);
    assert_eq!(
        code(check_token(
            &json!({"sd_jwt": [honest], "ldp": [further]}),
            &request,
            &bundle
        )),
        "over_disclosure"
    );
}

#[test]
fn less_than_was_asked() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let shown = world.bind(&world.issue(Limited), &[], &request, &world.holder);
    assert_eq!(
        code(check(&shown, &request, &bundle)),
        "query_not_satisfied"
    );
    for token in [
        json!({}),
        json!({"sd_jwt": []}),
        json!({"other": [shown]}),
        json!({"sd_jwt": [shown, shown]}),
    ] {
        assert_eq!(
            code(check_token(&token, &request, &bundle)),
            "query_not_satisfied",
            "{token}"
        );
    }
}

/// The format is what the query says, whatever the message looks like.
#[test]
fn format_chosen_by_the_message() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let honest = world.show(&world.issue(Limited), &request);
    assert_eq!(
        code(check_token(&json!({"ldp": [honest]}), &request, &bundle)),
        "unsupported_format"
    );
    let mut policy = policy(&request);
    policy.formats.retain(|format| format.as_str() == "ldp_vc");
    let token = json!({"sd_jwt": [honest]}).to_string();
    assert_eq!(
        code(verify(token.as_bytes(), &request, &policy, &bundle, NOW)),
        "unsupported_format"
    );
    assert_eq!(
        world.holder.public_key(),
        &tessera_verifier::did::resolve(&world.holder.did())
            .unwrap()
            .1
    );
}

//! The last moment at which each window still lets pass, and everything that a verdict says. A check that is one second too
//! strict turns honest people away, and no hostile test would see it.

use serde_json::{Value, json};
use tessera_verifier::bundle::{BundleBuilder, TrustedIssuer};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::status::BitString;
use tessera_verifier::verify::{
    Refusal, Stage, Undetermined, UnverifiedPresentation, Verifier, decide,
};
use tessera_verifier::{Error, Status, Timestamp, verify};

use crate::world::{DAY, NOW, World, check, check_ldp, check_token, code, policy};

#[test]
fn last_moments_of_request_and_binding() {
    let world = World::new();
    let bundle = world.bundle();
    let long = world
        .asking("internet-cafe")
        .expires(NOW.add_seconds(3_600))
        .build()
        .unwrap();
    let long = tessera_verifier::Request::for_own(&long.sign(&world.party).unwrap()).unwrap();
    let tokens = [
        json!({"sd_jwt": [world.show(&world.issue(Limited), &long)]}),
        json!({"ldp": [world.show_ldp(&world.issue_ldp(Limited), &long)]}),
    ];
    for token in tokens {
        let at = |now: Timestamp| {
            code(verify(
                token.to_string().as_bytes(),
                &long,
                &policy(&long),
                &bundle,
                now,
            ))
        };
        // Signed at NOW: 300 seconds of age, 60 of skew on either side.
        assert_eq!(at(NOW.add_seconds(360)), "verified");
        assert_eq!(at(NOW.add_seconds(361)), "presentation_too_old");
        assert_eq!(at(NOW.add_seconds(-60)), "verified");
        assert_eq!(at(NOW.add_seconds(-61)), "presentation_from_future");
    }
    let request = world.request("internet-cafe");
    let token = json!({"sd_jwt": [world.show(&world.issue(Limited), &request)]}).to_string();
    let at = |now| {
        code(verify(
            token.as_bytes(),
            &request,
            &policy(&request),
            &bundle,
            now,
        ))
    };
    let end = request.expires();
    assert_eq!(at(end.add_seconds(60)), "verified");
    assert_eq!(at(end.add_seconds(61)), "request_expired");
}

#[test]
fn last_moments_of_issuer_credential_and_list() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let bits = BitString::new(0).unwrap();
    let mut visible = world.visible(Limited);
    for (name, time) in [("iat", NOW), ("nbf", NOW), ("exp", NOW.add_seconds(1))] {
        visible.claims.insert(name.to_owned(), json!(time));
    }
    let shown = world.show(&world.issue_as(visible, &world.issuer), &request);
    let narrow = || TrustedIssuer {
        not_before: NOW,
        not_after: Some(NOW.add_seconds(1)),
        ..world.trusted()
    };
    let lists = world.lists_of(&bits, NOW, NOW.add_seconds(1));
    let bundle = world.bundle_with(narrow(), lists).unwrap();
    assert_eq!(code(check(&shown, &request, &bundle)), "verified");
    // Trusted now, but not yet when it signed.
    let mut early = world.visible(Limited);
    early.claims.insert("iat".to_owned(), json!(NOW.unix() - 1));
    early.claims.insert("nbf".to_owned(), json!(NOW));
    let early = world.show(&world.issue_as(early, &world.issuer), &request);
    assert_eq!(code(check(&early, &request, &bundle)), "issuer_untrusted");

    let mut document = world.ldp_document(Limited, &world.issuer.did());
    document["validFrom"] = json!(NOW.to_rfc3339());
    document["validUntil"] = json!(NOW.add_seconds(1).to_rfc3339());
    let presented = world.show_ldp(&World::secure_ldp(&document, &world.issuer), &request);
    assert_eq!(code(check_ldp(&presented, &request, &bundle)), "verified");
    // A list of the issuer's that was made before the issuer was trusted.
    let before = world.lists_of(&bits, NOW.add_seconds(-1), NOW.add_seconds(1));
    let refused = world.bundle_with(narrow(), before).err();
    assert_eq!(refused.map(|error| error.code()), Some("issuer_untrusted"));
}

#[test]
fn what_a_verdict_says() {
    let world = World::new();
    let (request, bundle) = (world.request("hotel"), world.bundle());
    let token = json!({"sd_jwt": [world.show(&world.issue(Limited), &request)]}).to_string();
    let verifier = Verifier::new(policy(&request), bundle.clone().into());
    for verified in [
        verifier.verify(token.as_bytes(), &request, NOW).unwrap(),
        verifier.decide(token.as_bytes(), &request, NOW).unwrap(),
    ] {
        assert_eq!(
            (verified.service(), verified.client_id()),
            ("hotel", request.client_id())
        );
        let [credential] = verified.credentials() else {
            unreachable!("one credential")
        };
        assert_eq!(credential.query(), "sd_jwt");
        assert_eq!(credential.issuer(), world.issuer.did());
        assert_eq!(credential.authority().en, "City of SPECIMEN");
        assert_eq!(credential.assurance_level(), Limited);
        assert_eq!(credential.format().as_str(), "dc+sd-jwt");
        assert_eq!(credential.valid_until().unix(), 1_768_435_200 + 30 * DAY);
        assert_eq!(credential.status(), Status::Valid);
        assert_eq!(credential.claims()["family_name"], "SPECIMEN");
        assert!(
            credential.claims().get("iss").is_none() && credential.claims().get("cnf").is_none()
        );
    }
    let presented = world.show_ldp(&world.issue_ldp(Limited), &request);
    let verified = check_ldp(&presented, &request, &bundle).unwrap();
    let claims = verified.credentials()[0].claims();
    assert_eq!(claims["family_name"], "SPECIMEN");
    for name in ["id", "credentialSubject", "issuer", "proof", "@context"] {
        assert!(claims.get(name).is_none(), "{name}");
    }
    let late = verifier.decide(token.as_bytes(), &request, NOW.add_seconds(DAY));
    let Some(Refusal { stage, error }) = late.err() else {
        unreachable!("refused")
    };
    assert_eq!((stage, error.code()), (Stage::Request, "request_expired"));
    let refusal = Refusal {
        stage,
        error: error.clone(),
    };
    assert_eq!(refusal.to_string(), format!("request: {error}"));
    assert_eq!(
        std::error::Error::source(&refusal).map(ToString::to_string),
        Some(error.to_string())
    );
    assert_eq!(Error::from(refusal), error);
}

/// Why a status is not known, by name: operators act on it.
#[test]
fn what_is_not_known_is_told() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let mut lenient = policy(&request);
    lenient.stale_status = tessera_verifier::policy::StaleStatus::Undetermined;
    let status = |token: &Value, builder: BundleBuilder| {
        let bundle = world.seal(builder.issuer(world.trusted())).unwrap();
        let verified = verify(
            token.to_string().as_bytes(),
            &request,
            &lenient,
            &bundle,
            NOW,
        );
        verified.unwrap().credentials()[0].status()
    };
    let token = json!({"sd_jwt": [world.show(&world.issue(Limited), &request)]});
    assert_eq!(
        status(&token, world.builder()),
        Status::Undetermined(Undetermined::ListMissing)
    );
    let [_, ended] = world.lists_of(&BitString::new(0).unwrap(), NOW.add_seconds(-DAY), NOW);
    assert_eq!(
        status(&token, world.builder().status_list(ended)),
        Status::Undetermined(Undetermined::ListStale { until: NOW })
    );
    let mut visible = world.visible(Limited);
    visible.claims.remove("status");
    let silent = json!({"sd_jwt": [world.show(&world.issue_as(visible, &world.issuer), &request)]});
    assert_eq!(
        status(&silent, world.builder()),
        Status::Undetermined(Undetermined::NotStated)
    );
}

/// What was disclosed beyond the request is named, without its value and without what a terminal would obey.
#[test]
fn what_was_too_much_is_named() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let beyond = |result: Result<_, Error>| match result {
        Err(Error::OverDisclosure { beyond }) => beyond,
        _ => unreachable!("over-disclosure"),
    };
    let generous = [tessera_verifier::dcql::ClaimPath::keys(&[
        "age_equal_or_over",
    ])];
    let shown = world.bind(&world.issue(Limited), &generous, &request, &world.holder);
    assert_eq!(
        beyond(check(&shown, &request, &bundle)),
        "age_equal_or_over.12"
    );
    let mut talkative = world.show_ldp(&world.issue_ldp(Limited), &request);
    talkative[format!("a\u{1b}[2J{}", "b".repeat(100))] = json!("SPECIMEN");
    assert_eq!(
        beyond(check_ldp(&talkative, &request, &bundle)),
        format!("a[2J{}", "b".repeat(36))
    );
    let mut claims = World::claims();
    claims.insert(format!("c\u{202e}\n{}", "d".repeat(200)), json!([]));
    let issued = world.issue_claims(world.visible(Limited), claims.clone(), &world.issuer);
    let paths: Vec<_> = claims
        .keys()
        .filter(|name| name.starts_with('c'))
        .cloned()
        .collect();
    let paths = [
        tessera_verifier::dcql::ClaimPath::keys(&["age_equal_or_over", "18"]),
        tessera_verifier::dcql::ClaimPath::keys(&[&paths[0]]),
    ];
    let shown = world.bind(&issued, &paths, &request, &world.holder);
    assert_eq!(
        beyond(check(&shown, &request, &bundle)),
        format!("c{}", "d".repeat(119))
    );
}

#[test]
fn how_many_presentations_an_answer_may_have() {
    let of = |count: usize| json!({"sd_jwt": vec!["x"; count]}).to_string();
    assert!(UnverifiedPresentation::parse(of(8).as_bytes()).is_ok());
    let refused = |text: &str| {
        UnverifiedPresentation::parse(text.as_bytes())
            .err()
            .map(|error| error.code())
    };
    assert_eq!(refused(&of(9)), Some("malformed"));
    assert_eq!(refused(r#"{"sd_jwt":"x"}"#), Some("malformed"));
    assert_eq!(refused(r#"{"vp_token":[]}"#), Some("malformed"));
    assert_eq!(refused(r#"{"vp_token":{},"state":1}"#), Some("malformed"));
}

#[test]
fn state_comes_back() {
    let world = World::new();
    let bundle = world.bundle();
    let stated = world
        .asking("internet-cafe")
        .state(Some("s"))
        .build()
        .unwrap();
    let stated = tessera_verifier::Request::for_own(&stated.sign(&world.party).unwrap()).unwrap();
    let shown = world.show(&world.issue(Limited), &stated);
    let answer = |state: Value| {
        let mut answer = json!({"vp_token": {"sd_jwt": [shown]}});
        if !state.is_null() {
            answer["state"] = state;
        }
        code(check_token(&answer, &stated, &bundle))
    };
    assert_eq!(answer(json!("s")), "verified");
    assert_eq!(answer(Value::Null), "verified");
    assert_eq!(answer(json!("t")), "nonce_mismatch");
}

/// The forms of a presentation that mean the same, and those that are none.
#[test]
fn forms_of_a_presentation() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let derived =
        world.show_ldp(&world.issue_ldp(Limited), &request)["verifiableCredential"][0].clone();
    let checked = |change: &dyn Fn(&mut Value), after: &dyn Fn(&mut Value)| {
        let mut presentation = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
            "holder": world.holder.did(), "verifiableCredential": [derived]});
        change(&mut presentation);
        let mut sealed = world.seal_presentation(&presentation, &request, &world.holder);
        after(&mut sealed);
        code(check_ldp(&sealed, &request, &bundle))
    };
    let honest = |change: &dyn Fn(&mut Value)| checked(change, &|_| ());
    let altered = |change: &dyn Fn(&mut Value)| checked(&|_| (), change);
    assert_eq!(honest(&|_| ()), "verified");
    assert_eq!(
        honest(&|p| p["type"] = json!("VerifiablePresentation")),
        "verified"
    );
    assert_eq!(
        honest(&|p| p["verifiableCredential"] = derived.clone()),
        "verified"
    );
    assert_eq!(
        honest(&|p| _ = p.as_object_mut().unwrap().remove("holder")),
        "verified"
    );
    assert_eq!(
        altered(&|p| p["type"] = json!(["VerifiableCredential"])),
        "malformed"
    );
    assert_eq!(
        altered(&|p| p["type"] = json!(["VerifiablePresentation", "VerifiableCredential"])),
        "malformed"
    );
    let contexts = json!([
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/v2"
    ]);
    assert_eq!(altered(&|p| p["@context"] = contexts.clone()), "malformed");
    assert_eq!(
        altered(&|p| _ = p.as_object_mut().unwrap().remove("verifiableCredential")),
        "malformed"
    );
    let token = json!({"ldp": [{"type": "VerifiablePresentation"}]}).to_string();
    let refused = decide(token.as_bytes(), &request, &policy(&request), &bundle, NOW).err();
    assert_eq!(refused.map(|refusal| refusal.stage), Some(Stage::Parse));
    // A status that says more than ours do, signed by the issuer.
    let mut document = world.ldp_document(Limited, &world.issuer.did());
    document["credentialStatus"]["id"] = json!("urn:specimen:status");
    let shown = world.show_ldp(&World::secure_ldp(&document, &world.issuer), &request);
    assert_eq!(code(check_ldp(&shown, &request, &bundle)), "malformed");
}

/// A path through an array covers what is in it, element by element.
#[test]
fn elements_that_were_asked_for() {
    let world = World::new();
    let bundle = world.bundle();
    let compact = world.request_jwt("hotel");
    let part = |index| {
        let part = compact.split('.').nth(index).unwrap();
        let bytes = tessera_verifier::encoding::from_base64url(part).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let asking = |step: Value| {
        let mut payload = part(1);
        for claim in payload["dcql_query"]["credentials"][0]["claims"]
            .as_array_mut()
            .unwrap()
        {
            if claim["path"] == json!(["nationalities"]) {
                claim["path"] = json!(["nationalities", step]);
            }
        }
        let jwt = tessera_verifier::jws::sign(part(0), &payload, &world.party).unwrap();
        let request = tessera_verifier::Request::for_own(&jwt).unwrap();
        let mut claims = World::claims();
        claims["nationalities"] = json!(["CN", "FR"]);
        let issued = world.issue_claims(world.visible(Limited), claims, &world.issuer);
        code(check(&world.show(&issued, &request), &request, &bundle))
    };
    assert_eq!(asking(Value::Null), "verified");
    assert_eq!(asking(json!(0)), "over_disclosure");
}

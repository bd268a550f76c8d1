//! Class 12: what an SD-JWT may not be.

use serde_json::{Value, json};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::{base64url, from_base64url};
use tessera_verifier::sd_jwt::{self, Disclosure, SdJwt};
use tessera_verifier::{Request, jws};

use crate::world::{NOW, Signer, World, check, code};

/// An SD-JWT by the trusted issuer over any payload and disclosures, properly bound to the holder.
fn crafted(
    world: &World,
    request: &Request,
    payload: &Value,
    disclosures: &[Disclosure],
) -> String {
    let jwt = jws::sign(
        json!({"typ": "dc+sd-jwt", "kid": world.issuer.method()}),
        payload,
        &world.issuer,
    )
    .unwrap();
    rebound(
        world,
        request,
        &jwt,
        disclosures
            .iter()
            .map(|disclosure| disclosure.encoded().to_owned()),
    )
}

/// Key binding over exactly these parts.
fn rebound(
    world: &World,
    request: &Request,
    jwt: &str,
    disclosures: impl Iterator<Item = String>,
) -> String {
    let mut text = format!("{jwt}~");
    disclosures.for_each(|disclosure| text.push_str(&format!("{disclosure}~")));
    let hash = base64url(&tessera_verifier::crypto::sha256(text.as_bytes()));
    let payload =
        json!({"aud": request.client_id(), "nonce": request.nonce(), "iat": NOW, "sd_hash": hash});
    format!(
        "{text}{}",
        jws::sign(json!({"typ": "kb+jwt"}), &payload, &world.holder).unwrap()
    )
}

fn payload(world: &World, digests: Value) -> Value {
    let mut payload = Value::Object(world.visible(Limited).claims);
    payload["cnf"] =
        json!({"jwk": tessera_verifier::did::resolve(&world.holder.did()).unwrap().1.to_jwk()});
    payload["_sd"] = digests;
    payload
}

fn adult() -> (Disclosure, Disclosure) {
    let inner = Disclosure::new(&[1; 16], Some("18"), &json!(true));
    let outer = Disclosure::new(
        &[2; 16],
        Some("age_equal_or_over"),
        &json!({"_sd": [inner.digest()]}),
    );
    (outer, inner)
}

#[test]
fn disclosures_that_do_not_fit_exactly() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let (outer, inner) = adult();
    let checked = |payload: Value, disclosures: &[Disclosure]| {
        code(check(
            &crafted(&world, &request, &payload, disclosures),
            &request,
            &bundle,
        ))
    };
    let digest = json!(outer.digest());
    let honest = || payload(&world, json!([digest]));
    assert_eq!(
        checked(honest(), &[outer.clone(), inner.clone()]),
        "verified"
    );

    // Not referenced.
    let stray = Disclosure::new(&[3; 16], Some("family_name"), &json!("SPECIMEN"));
    assert_eq!(
        checked(honest(), &[outer.clone(), inner.clone(), stray.clone()]),
        "disclosure_invalid"
    );
    assert_eq!(
        checked(honest(), std::slice::from_ref(&inner)),
        "disclosure_invalid"
    );
    // Sent twice; referenced twice.
    assert_eq!(
        checked(honest(), &[outer.clone(), inner.clone(), inner.clone()]),
        "disclosure_invalid"
    );
    assert_eq!(
        checked(
            payload(&world, json!([digest, digest])),
            &[outer.clone(), inner.clone()]
        ),
        "disclosure_invalid"
    );
    // Colliding with a visible claim; two of one name; an element as a member.
    let mut collides = honest();
    collides["age_equal_or_over"] = json!({"18": false});
    assert_eq!(
        checked(collides, &[outer.clone(), inner.clone()]),
        "disclosure_invalid"
    );
    let twin = Disclosure::new(&[4; 16], Some("age_equal_or_over"), &json!({"18": true}));
    let twins = payload(&world, json!([digest, twin.digest()]));
    assert_eq!(
        checked(twins, &[outer.clone(), inner.clone(), twin]),
        "disclosure_invalid"
    );
    let element = Disclosure::new(&[5; 16], None, &json!(true));
    let mixed = payload(&world, json!([digest, element.digest()]));
    assert_eq!(
        checked(mixed, &[outer.clone(), inner.clone(), element.clone()]),
        "disclosure_invalid"
    );
    let mut in_array = honest();
    in_array["list"] = json!([{"...": stray.digest()}]);
    assert_eq!(
        checked(in_array, &[outer.clone(), inner.clone(), stray]),
        "disclosure_invalid"
    );
    let mut beside = honest();
    beside["list"] = json!([{"...": element.digest(), "more": 1}]);
    assert_eq!(
        checked(beside, &[outer.clone(), inner.clone(), element]),
        "disclosure_invalid"
    );
    // Digests that are none.
    for digests in [json!("x"), json!([1]), json!({})] {
        assert_eq!(checked(payload(&world, digests), &[]), "disclosure_invalid");
    }
    // Another digest algorithm.
    for algorithm in [json!("sha-512"), json!("none"), json!(1), Value::Null] {
        let mut other = honest();
        other["_sd_alg"] = algorithm;
        assert_eq!(
            checked(other, &[outer.clone(), inner.clone()]),
            "unsupported_algorithm"
        );
    }
    // What must always be visible.
    let status = Disclosure::new(&[6; 16], Some("status"), &json!({}));
    let mut hidden = payload(&world, json!([digest, status.digest()]));
    hidden.as_object_mut().unwrap().remove("status");
    assert_eq!(
        checked(hidden, &[outer, inner, status]),
        "disclosure_invalid"
    );
}

#[test]
fn altered_disclosure() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let shown = world.show(&world.issue(Limited), &request);
    let parts: Vec<&str> = shown.split('~').collect();
    let altered = parts[1..parts.len() - 1].iter().map(|part| {
        let text = String::from_utf8(from_base64url(part).unwrap()).unwrap();
        base64url(text.replace("true", "false").as_bytes())
    });
    // The holder binds the altered one itself: only the issuer's digests can tell.
    let altered = rebound(&world, &request, parts[0], altered);
    assert_eq!(
        code(check(&altered, &request, &bundle)),
        "disclosure_invalid"
    );
}

#[test]
fn header_that_is_not_ours() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let (outer, inner) = adult();
    let claims = payload(&world, json!([outer.digest()]));
    let disclosures = || [outer.encoded().to_owned(), inner.encoded().to_owned()].into_iter();
    let checked = |header: &str| {
        // Signed as it stands, so that nothing but the header's own check can refuse it.
        let input = format!(
            "{}.{}",
            base64url(header.as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        let signature =
            tessera_verifier::crypto::LocalSigner::sign(&world.issuer, input.as_bytes()).unwrap();
        let jwt = format!("{input}.{}", base64url(&signature));
        code(check(
            &rebound(&world, &request, &jwt, disclosures()),
            &request,
            &bundle,
        ))
    };
    let kid = world.issuer.method();
    let header = |middle: &str| format!(r#"{{{middle}"kid":"{kid}"}}"#);
    assert_eq!(
        checked(&header(r#""alg":"ES256","typ":"dc+sd-jwt","#)),
        "verified"
    );
    for alg in ["none", "ES384", "HS256", "es256", "RS256"] {
        assert_eq!(
            checked(&header(&format!(r#""alg":"{alg}","typ":"dc+sd-jwt","#))),
            "unsupported_algorithm",
            "{alg}"
        );
    }
    assert_eq!(
        checked(&header(r#""typ":"dc+sd-jwt","#)),
        "unsupported_algorithm"
    );
    for typ in ["jwt", "vc+sd-jwt", "kb+jwt", "statuslist+jwt"] {
        assert_eq!(
            checked(&header(&format!(r#""alg":"ES256","typ":"{typ}","#))),
            "unsupported_format",
            "{typ}"
        );
    }
    assert_eq!(checked(&header(r#""alg":"ES256","#)), "unsupported_format");
    assert_eq!(
        checked(&header(
            r#""alg":"ES256","typ":"dc+sd-jwt","crit":["exp"],"exp":1,"#
        )),
        "malformed"
    );
    assert_eq!(
        checked(&header(r#""alg":"ES256","typ":"dc+sd-jwt","crit":[],"#)),
        "malformed"
    );
    assert_eq!(
        checked(&header(r#""alg":"ES256","typ":"dc+sd-jwt","b64":false,"#)),
        "malformed"
    );
    // Two readers, two documents.
    assert_eq!(
        checked(&header(r#""alg":"ES256","alg":"ES256","typ":"dc+sd-jwt","#)),
        "malformed"
    );
    assert_eq!(
        checked(&header(r#""alg":"none","alg":"ES256","typ":"dc+sd-jwt","#)),
        "malformed"
    );
    assert_eq!(checked(r#"{"alg":"ES256","typ":"dc+sd-jwt"}"#), "malformed");
}

#[test]
fn older_media_type_only_by_policy() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let (outer, inner) = adult();
    let claims = payload(&world, json!([outer.digest()]));
    let jwt = jws::sign(
        json!({"typ": "vc+sd-jwt", "kid": world.issuer.method()}),
        &claims,
        &world.issuer,
    )
    .unwrap();
    let disclosures = [outer, inner].map(|disclosure| disclosure.encoded().to_owned());
    let shown = rebound(&world, &request, &jwt, disclosures.into_iter());
    assert_eq!(code(check(&shown, &request, &bundle)), "unsupported_format");
    let mut policy = crate::world::policy(&request);
    policy.accept_vc_sd_jwt = true;
    let token = json!({"sd_jwt": [shown]}).to_string();
    assert_eq!(
        code(tessera_verifier::verify(
            token.as_bytes(),
            &request,
            &policy,
            &bundle,
            NOW
        )),
        "verified"
    );
}

/// Duplicate names in the payload or in a disclosure, even where both say the same.
#[test]
fn duplicate_names() {
    let world = World::new();
    let issued = world.issue(Limited);
    let (jwt, rest) = issued.split_once('~').unwrap();
    let parts: Vec<&str> = jwt.split('.').collect();
    let text = String::from_utf8(from_base64url(parts[1]).unwrap()).unwrap();
    let doubled = text.replacen('{', r#"{"vct":"x","#, 1);
    let input = format!("{}.{}", parts[0], base64url(doubled.as_bytes()));
    let signature =
        tessera_verifier::crypto::LocalSigner::sign(&world.issuer, input.as_bytes()).unwrap();
    let jwt = format!("{input}.{}~{rest}", base64url(&signature));
    assert_eq!(
        sd_jwt::parse(&jwt).err().map(|error| error.code()),
        Some("malformed")
    );
    let disclosure = base64url(br#"["s","n",{"a":1,"a":1}]"#);
    assert_eq!(
        Disclosure::parse(&disclosure)
            .err()
            .map(|error| error.code()),
        Some("disclosure_invalid")
    );
}

#[test]
fn too_many_disclosures() {
    let world = World::new();
    let mut text = world.issue(Limited);
    for number in 0..300 {
        text.push_str(&base64url(format!(r#"["s","n{number}",1]"#).as_bytes()));
        text.push('~');
    }
    assert_eq!(
        sd_jwt::parse(&text).err().map(|error| error.code()),
        Some("too_large")
    );
}

/// RFC 9901 §4.2.4: nested members and array elements come back in place; what is undisclosed leaves no trace.
#[test]
fn nested_and_array_disclosures() {
    let world = World::new();
    let (fr, cn) = (
        Disclosure::new(&[1; 16], None, &json!("FR")),
        Disclosure::new(&[2; 16], None, &json!("CN")),
    );
    let nationalities = Disclosure::new(
        &[3; 16],
        Some("nationalities"),
        &json!([{"...": fr.digest()}, "XX", {"...": cn.digest()}]),
    );
    let payload =
        json!({"_sd": [nationalities.digest(), base64url(&[9; 32])], "_sd_alg": "sha-256"});
    let jwt = jws::sign(json!({"typ": "dc+sd-jwt"}), &payload, &world.issuer).unwrap();
    let all = format!(
        "{jwt}~{}~{}~{}~",
        nationalities.encoded(),
        cn.encoded(),
        fr.encoded()
    );
    let issuer = tessera_verifier::did::resolve(&world.issuer.did())
        .unwrap()
        .1;
    assert_eq!(
        sd_jwt::verify_issued(&all, &issuer).unwrap(),
        json!({"nationalities": ["FR", "XX", "CN"]})
    );
    let parsed: SdJwt = sd_jwt::parse(&all).unwrap();
    let path: ClaimPath = serde_json::from_value(json!(["nationalities", 2])).unwrap();
    let selection = parsed.select(&[path]).unwrap();
    assert_eq!(
        sd_jwt::verify_issued(selection.as_str(), &issuer).unwrap(),
        json!({"nationalities": ["XX", "CN"]})
    );
    let whole = parsed
        .select(&[ClaimPath::keys(&["nationalities"])])
        .unwrap();
    assert_eq!(
        sd_jwt::parse(whole.as_str()).unwrap().disclosures().len(),
        3
    );
    let nothing = parsed.select(&[]).unwrap();
    assert_eq!(
        sd_jwt::verify_issued(nothing.as_str(), &issuer).unwrap(),
        json!({})
    );
    assert!(
        sd_jwt::verify_issued(
            &all,
            tessera_verifier::crypto::LocalSigner::public_key(&Signer::fresh())
        )
        .is_err()
    );
}

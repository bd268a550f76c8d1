//! What an SD-JWT may not be: class 12.

use serde_json::{Value, json};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::encoding::base64url;
use tessera_verifier::sd_jwt::Disclosure;

use super::{Corpus, Hostile, OTHER, raw_jws, sd_jwt_token};

const HOSTILE: Hostile<'_> = Hostile {
    class: 12,
    kind: "presentation",
    twin: "sd-jwt",
};

pub(super) fn write(corpus: &Corpus) {
    headers(corpus);
    names(corpus);
    disclosures(corpus);
    bounds(corpus);
}

/// The claim asked for, and the digest to sign.
fn adult() -> (Disclosure, Disclosure) {
    let inner = Disclosure::new(&[1; 16], Some("18"), &json!(true));
    let nested = json!({"_sd": [inner.digest()]});
    let outer = Disclosure::new(&[2; 16], Some("age_equal_or_over"), &nested);
    (outer, inner)
}

fn encoded(disclosures: &[&Disclosure]) -> Vec<String> {
    disclosures
        .iter()
        .map(|one| one.encoded().to_owned())
        .collect()
}

/// Signed as it stands, so that nothing but the header's own check can refuse it.
fn headers(corpus: &Corpus) {
    let world = &corpus.world;
    let (outer, inner) = adult();
    let payload = Value::Object(corpus.payload(json!([outer.digest()]))).to_string();
    let kid = world.issuer.method();
    let put = |name: &str, about: &str, refused, header: &str| {
        let header = format!(r#"{{{header},"kid":"{kid}"}}"#);
        let jwt = raw_jws(&header, &payload, &world.issuer);
        HOSTILE.put(
            name,
            about,
            refused,
            sd_jwt_token(&corpus.honestly_bound(&jwt, &encoded(&[&outer, &inner]))),
        );
    };
    let algorithm = ("format", "unsupported_algorithm");
    put(
        "alg-none",
        "The header says alg none",
        algorithm,
        r#""alg":"none","typ":"dc+sd-jwt""#,
    );
    put(
        "alg-hs256",
        "The header says HS256, with the public key as the secret of a careless verifier",
        algorithm,
        r#""alg":"HS256","typ":"dc+sd-jwt""#,
    );
    put(
        "alg-es384",
        "The header says ES384, the key is of P-256",
        algorithm,
        r#""alg":"ES384","typ":"dc+sd-jwt""#,
    );
    put(
        "alg-lower-case",
        "The header says es256; names of algorithms are case-sensitive",
        algorithm,
        r#""alg":"es256","typ":"dc+sd-jwt""#,
    );
    put(
        "alg-missing",
        "The header says no alg",
        algorithm,
        r#""typ":"dc+sd-jwt""#,
    );
    let typ = ("format", "unsupported_format");
    put(
        "typ-missing",
        "The header says no typ",
        typ,
        r#""alg":"ES256""#,
    );
    put(
        "typ-key-binding",
        "The header says that it is a key binding",
        typ,
        r#""alg":"ES256","typ":"kb+jwt""#,
    );
    put(
        "typ-old",
        "The header says vc+sd-jwt, which the policy does not take",
        typ,
        r#""alg":"ES256","typ":"vc+sd-jwt""#,
    );
    let malformed = ("parse", "malformed");
    put(
        "crit-unknown",
        "The header has a critical extension that nobody knows",
        malformed,
        r#""alg":"ES256","typ":"dc+sd-jwt","crit":["specimen"],"specimen":1"#,
    );
    put(
        "crit-empty",
        "The header has an empty crit",
        malformed,
        r#""alg":"ES256","typ":"dc+sd-jwt","crit":[]"#,
    );
    put(
        "b64-false",
        "The header says that the payload is not encoded",
        malformed,
        r#""alg":"ES256","typ":"dc+sd-jwt","b64":false"#,
    );
    put(
        "duplicate-alg",
        "The header says alg twice, first none",
        malformed,
        r#""alg":"none","alg":"ES256","typ":"dc+sd-jwt""#,
    );
}

fn names(corpus: &Corpus) {
    let world = &corpus.world;
    let (outer, inner) = adult();
    let payload = Value::Object(corpus.payload(json!([outer.digest()]))).to_string();
    let doubled = payload.replacen('{', r#"{"vct":"urn:specimen:other","#, 1);
    let header =
        json!({"alg": "ES256", "typ": "dc+sd-jwt", "kid": world.issuer.method()}).to_string();
    let jwt = raw_jws(&header, &doubled, &world.issuer);
    HOSTILE.put(
        "duplicate-name-in-payload",
        "The payload names its type twice",
        ("parse", "malformed"),
        sd_jwt_token(&corpus.honestly_bound(&jwt, &encoded(&[&outer, &inner]))),
    );
    let (jwt, mut shown) = corpus.selected(&world.issue(Limited));
    let index = shown
        .iter()
        .position(|one| Disclosure::parse(one).unwrap().name() == Some("18"))
        .unwrap();
    shown.push(base64url(br#"["s","n",{"a":1,"a":1}]"#));
    HOSTILE.put(
        "duplicate-name-in-disclosure",
        "A disclosure's value names a member twice",
        ("disclosure", "disclosure_invalid"),
        sd_jwt_token(&corpus.honestly_bound(&jwt, &shown)),
    );
    shown.pop();
    shown[index].push('=');
    HOSTILE.put(
        "padded-disclosure",
        "A disclosure is padded base64url",
        ("disclosure", "disclosure_invalid"),
        sd_jwt_token(&corpus.honestly_bound(&jwt, &shown)),
    );
    let honest = corpus.sd_jwt();
    let twice = honest.replacen('{', r#"{"sd_jwt":[],"#, 1);
    HOSTILE.put(
        "duplicate-name-in-token",
        "The vp_token names its query twice",
        ("parse", "malformed"),
        json!({"presentation": twice}),
    );
    HOSTILE.put(
        "trailing-bytes",
        "Something follows the vp_token",
        ("parse", "malformed"),
        json!({"presentation": format!("{honest}{{}}")}),
    );
}

fn disclosures(corpus: &Corpus) {
    let world = &corpus.world;
    let (outer, inner) = adult();
    let signed = |payload: serde_json::Map<String, Value>, shown: &[&Disclosure]| {
        let header =
            json!({"alg": "ES256", "typ": "dc+sd-jwt", "kid": world.issuer.method()}).to_string();
        let jwt = raw_jws(&header, &Value::Object(payload).to_string(), &world.issuer);
        sd_jwt_token(&corpus.honestly_bound(&jwt, &encoded(shown)))
    };
    let invalid = ("disclosure", "disclosure_invalid");
    let honest = || corpus.payload(json!([outer.digest()]));
    let with = |name: &str, value: Value| {
        let mut payload = honest();
        payload.insert(name.to_owned(), value);
        payload
    };
    let stray = Disclosure::new(&[3; 16], Some("family_name"), &json!("SPECIMEN"));
    HOSTILE.put(
        "disclosure-not-referenced",
        "A disclosure that the issuer did not sign",
        invalid,
        signed(honest(), &[&outer, &inner, &stray]),
    );
    HOSTILE.put(
        "disclosure-without-parent",
        "A nested disclosure without the one that holds its digest",
        invalid,
        signed(honest(), &[&inner]),
    );
    HOSTILE.put(
        "disclosure-twice",
        "A disclosure is sent twice",
        invalid,
        signed(honest(), &[&outer, &inner, &inner]),
    );
    HOSTILE.put(
        "digest-twice",
        "A digest stands twice in the payload",
        invalid,
        signed(
            corpus.payload(json!([outer.digest(), outer.digest()])),
            &[&outer, &inner],
        ),
    );
    HOSTILE.put(
        "disclosure-collides",
        "A disclosure has the name of a visible claim",
        invalid,
        signed(
            with("age_equal_or_over", json!({"18": true})),
            &[&outer, &inner],
        ),
    );
    let twin = Disclosure::new(&[4; 16], Some("age_equal_or_over"), &json!({"18": true}));
    HOSTILE.put(
        "disclosures-of-one-name",
        "Two disclosures have one name",
        invalid,
        signed(
            corpus.payload(json!([outer.digest(), twin.digest()])),
            &[&outer, &inner, &twin],
        ),
    );
    let element = Disclosure::new(&[5; 16], None, &json!(true));
    HOSTILE.put(
        "element-as-claim",
        "An array element is disclosed in place of a claim",
        invalid,
        signed(
            corpus.payload(json!([outer.digest(), element.digest()])),
            &[&outer, &inner, &element],
        ),
    );
    HOSTILE.put(
        "claim-as-element",
        "A claim is disclosed in place of an array element",
        invalid,
        signed(
            with("list", json!([{"...": stray.digest()}])),
            &[&outer, &inner, &stray],
        ),
    );
    HOSTILE.put(
        "digest-beside-members",
        "An array element's digest has another member beside it",
        invalid,
        signed(
            with("list", json!([{"...": element.digest(), "more": 1}])),
            &[&outer, &inner, &element],
        ),
    );
    HOSTILE.put(
        "digest-outside-array",
        "An array element's digest stands in an object",
        invalid,
        signed(with("...", json!(element.digest())), &[&outer, &inner]),
    );
    HOSTILE.put(
        "digests-no-array",
        "The digests are a text",
        invalid,
        signed(corpus.payload(json!("x")), &[]),
    );
    HOSTILE.put(
        "digest-no-text",
        "A digest is a number",
        invalid,
        signed(
            corpus.payload(json!([outer.digest(), 1])),
            &[&outer, &inner],
        ),
    );
    let reserved = base64url(br#"["s","_sd",[]]"#);
    let (jwt, mut shown) = corpus.selected(&world.issue(Limited));
    shown.push(reserved);
    HOSTILE.put(
        "disclosure-of-reserved-name",
        "A disclosure's name is _sd",
        invalid,
        sd_jwt_token(&corpus.honestly_bound(&jwt, &shown)),
    );
    let status = Disclosure::new(&[6; 16], Some("status"), &json!({}));
    let mut hidden = corpus.payload(json!([outer.digest(), status.digest()]));
    hidden.remove("status");
    HOSTILE.put(
        "status-disclosable",
        "The status, which must always be visible, is a disclosure",
        invalid,
        signed(hidden, &[&outer, &inner, &status]),
    );
    for (name, algorithm) in [
        ("none", json!("none")),
        ("md5", json!("md5")),
        ("number", json!(1)),
        ("null", Value::Null),
    ] {
        HOSTILE.put(
            &format!("sd-alg-{name}"),
            "The digest algorithm is one that nobody knows",
            ("format", "unsupported_algorithm"),
            signed(with("_sd_alg", algorithm), &[&outer, &inner]),
        );
    }
    let shape = Hostile {
        class: OTHER,
        ..HOSTILE
    };
    let yes = Disclosure::new(&[7; 16], Some("18"), &json!("true"));
    let held = Disclosure::new(
        &[8; 16],
        Some("age_equal_or_over"),
        &json!({"_sd": [yes.digest()]}),
    );
    shape.put(
        "claim-of-another-shape",
        "The claim asked for is the text true",
        ("asked", "query_not_satisfied"),
        signed(corpus.payload(json!([held.digest()])), &[&held, &yes]),
    );
}

fn bounds(corpus: &Corpus) {
    let world = &corpus.world;
    let hostile = Hostile {
        class: OTHER,
        ..HOSTILE
    };
    let (jwt, mut shown) = corpus.selected(&world.issue(Limited));
    shown.extend((0..256).map(|number| base64url(format!(r#"["s","n{number}",1]"#).as_bytes())));
    hostile.put(
        "disclosures-too-many",
        "More than 256 disclosures",
        ("parse", "too_large"),
        sd_jwt_token(&corpus.honestly_bound(&jwt, &shown)),
    );
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    hostile.put(
        "nested-too-deep",
        "A vp_token of forty nested arrays",
        ("parse", "malformed"),
        json!({"presentation": format!(r#"{{"sd_jwt":{deep}}}"#)}),
    );
    hostile.put(
        "format-of-the-message",
        "An SD-JWT answers the query for a W3C credential",
        ("format", "unsupported_format"),
        json!({"presentation": corpus.sd_jwt().replace("sd_jwt", "ldp")}),
    );
    hostile.put(
        "format-not-allowed",
        "The policy takes W3C credentials alone",
        ("format", "unsupported_format"),
        json!({"policy": {"formats": ["ldp_vc"]}}),
    );
}

//! SD-JWT with key binding (RFC 9901), header type `dc+sd-jwt`.

use crate::keys::Key;
use aws_lc_rs::rand;
use serde_json::{Map, Value, json};
use tessera_verifier::crypto::LocalSigner;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::key::{KeyType, PublicKey};
use tessera_verifier::sd_jwt::{self, IssueInput, KeyBindingExpectation, SdJwt};
use tessera_verifier::{Error, did};

use crate::matrix::{Matrix, Outcome, Stop, Way, demand};
use crate::oracle::Oracle;
use crate::specimen::{AUDIENCE, NONCE, claims, key, now, now_text, sign};

const SUBJECT: &str = "SD-JWT VC + key binding ES256";

/// Asks every judge, both ways.
pub fn run(oracle: &Oracle, matrix: &mut Matrix) {
    for judge in ["sd-jwt-payload", "ssi"] {
        matrix.ask(SUBJECT, judge, Way::OursToTheirs, || ours(oracle, judge));
        matrix.ask(SUBJECT, judge, Way::TheirsToOurs, || theirs(oracle, judge));
    }
}

/// An SD-JWT VC of ours and the keys it was made with.
pub struct Issued {
    /// The issuer's key.
    pub issuer: Key,
    /// The holder's key.
    pub holder: Key,
    /// The credential with all its disclosures.
    pub sd_jwt: String,
}

/// Issues as the product does: envelope visible, every claim disclosable on its own.
pub fn issue() -> Result<Issued, Stop> {
    let (issuer, holder) = (key()?, key()?);
    let sd_jwt = issue_to(&issuer, holder.public_key())?;
    Ok(Issued {
        issuer,
        holder,
        sd_jwt,
    })
}

/// The same, by this issuer to this holder.
pub fn issue_to(issuer: &Key, holder: &PublicKey) -> Result<String, Stop> {
    let now = now()?.unix();
    let visible = json!({
        "iss": did::did_key(issuer.public_key()),
        "vct": "urn:tessera:identity:limited:1",
        "iat": now - 3600,
        "nbf": now - 3600,
        "exp": now + 30_000_000,
        "status": {"status_list": {"idx": 94_567, "uri": "https://issuer.example/status/1.jwt"}},
    });
    let mut header = Map::new();
    header.insert(
        "kid".to_owned(),
        Value::from(did::verification_method(issuer.public_key())),
    );
    let mut salts = || {
        let mut salt = [0; 16];
        // A failing system generator leaves zeros; two equal salts then show up as a refusal.
        let _ = rand::fill(&mut salt);
        salt
    };
    let unsigned = sd_jwt::prepare(IssueInput {
        header,
        visible: members(visible),
        disclosable: &claims(),
        holder,
        salts: &mut salts,
        decoys: 3,
    })
    .map_err(Stop::fail)?;
    let signature = sign(issuer, unsigned.signing_input())?;
    Ok(unsigned.attach(signature))
}

/// Shows the age bit and a name, bound to nonce and audience.
pub fn present(issued: &Issued) -> Result<String, Stop> {
    let parsed = sd_jwt::parse(&issued.sd_jwt).map_err(Stop::fail)?;
    let selection = parsed
        .select(&[
            ClaimPath::keys(&["age_equal_or_over", "18"]),
            ClaimPath::keys(&["name_native"]),
        ])
        .map_err(Stop::fail)?;
    let unsigned = SdJwt::prepare_key_binding(selection, AUDIENCE, NONCE, now()?);
    let signature = sign(&issued.holder, unsigned.signing_input())?;
    Ok(unsigned.attach(signature))
}

/// What a judge must have seen in [`present`]'s work: two claims, no more.
pub fn check_claims(seen: &Value) -> Result<(), Stop> {
    demand(
        seen["age_equal_or_over"] == json!({"18": true}),
        "the age bit is not the only age",
    )?;
    demand(
        seen["name_native"] == claims()["name_native"],
        "the name is another",
    )?;
    for hidden in ["family_name", "birthdate", "nationalities", "sex"] {
        demand(
            seen.get(hidden).is_none(),
            &format!("{hidden} was not to be seen"),
        )?;
    }
    Ok(())
}

fn ours(oracle: &Oracle, judge: &str) -> Outcome {
    let issued = issue()?;
    let words = ["sd-jwt", "verify", "--with", judge];
    let question = |sd_jwt: &str, nonce: &str| {
        json!({
            "sd_jwt": sd_jwt,
            "issuer_jwk": issued.issuer.public_key().to_jwk(),
            "nonce": nonce,
            "audience": AUDIENCE,
            "now": now_text().unwrap_or_default(),
        })
    };
    let mut whole = question(&issued.sd_jwt, NONCE);
    for member in ["nonce", "audience"] {
        whole.as_object_mut().map(|members| members.remove(member));
    }
    let answer = oracle.ask(&words, &whole)?;
    for (name, value) in claims() {
        demand(
            answer["claims"][&name] == value,
            &format!("{name} is another"),
        )?;
    }

    let presentation = present(&issued)?;
    let answer = oracle.ask(&words, &question(&presentation, NONCE))?;
    check_claims(&answer["claims"])?;
    oracle.refuses(&words, &question(&presentation, "another"), "another nonce")?;
    oracle.refuses(
        &words,
        &question(&forged(&presentation), NONCE),
        "a removed disclosure under the same binding",
    )?;
    let mut other = question(&presentation, NONCE);
    other["issuer_jwk"] = key()?.public_key().to_jwk();
    oracle.refuses(&words, &other, "another issuer's key")?;
    Ok("whole, presented; 3 forgeries refused".to_owned())
}

fn theirs(oracle: &Oracle, judge: &str) -> Outcome {
    let question = json!({
        "claims": {
            "iss": "did:example:issuer",
            "vct": "urn:tessera:identity:limited:1",
            "exp": now()?.unix() + 3600,
            "name_native": claims()["name_native"],
            "family_name": "SPECIMEN",
            "age_equal_or_over": {"12": true, "18": true, "21": true},
            "nationalities": ["UTO", "XXA"],
        },
        "conceal": ["/age_equal_or_over/12", "/age_equal_or_over/18", "/age_equal_or_over/21",
                    "/age_equal_or_over", "/name_native", "/family_name", "/nationalities/1", "/nationalities/0"],
        "header": {"typ": "dc+sd-jwt", "kid": "did:example:issuer#1"},
        "present": {
            "conceal": ["/age_equal_or_over/12", "/age_equal_or_over/21", "/family_name"],
            "nonce": NONCE, "audience": AUDIENCE, "iat": now()?.unix() - 5,
        },
    });
    let made = oracle.ask(&["sd-jwt", "issue", "--with", judge], &question)?;
    let text = |name: &str| {
        made[name]
            .as_str()
            .ok_or_else(|| Stop::fail(format!("no {name}")))
    };
    let issuer = PublicKey::from_jwk(&made["issuer_jwk"]).map_err(Stop::fail)?;

    let whole = sd_jwt::verify_issued(text("sd_jwt")?, &issuer).map_err(Stop::fail)?;
    for name in ["age_equal_or_over", "nationalities", "family_name"] {
        demand(
            whole[name] == question["claims"][name],
            &format!("{name} is another"),
        )?;
    }
    let presentation = text("presentation")?;
    let shown = verify(presentation, &issuer, NONCE).map_err(Stop::fail)?;
    demand(
        shown["age_equal_or_over"] == json!({"18": true}),
        "the age bit is not the only age",
    )?;
    demand(
        shown.get("family_name").is_none(),
        "family_name was not to be seen",
    )?;
    demand(
        verify(presentation, &issuer, "another").is_err(),
        "we accepted another nonce",
    )?;
    demand(
        verify(&forged(presentation), &issuer, NONCE).is_err(),
        "we accepted a removed disclosure",
    )?;
    demand(
        verify(presentation, key()?.public_key(), NONCE).is_err(),
        "we accepted another issuer's key",
    )?;
    Ok("whole, presented; 3 forgeries refused".to_owned())
}

/// Our verifier's steps for an SD-JWT with ES256, apart from trust and policy.
///
/// # Errors
/// The refusal.
pub fn verify(presentation: &str, issuer: &PublicKey, nonce: &str) -> Result<Value, Error> {
    verify_by(presentation, issuer, nonce, KeyType::P256)
}

/// The same with keys of one kind.
///
/// # Errors
/// The refusal.
pub fn verify_by(
    presentation: &str,
    issuer: &PublicKey,
    nonce: &str,
    kind: KeyType,
) -> Result<Value, Error> {
    let now = now().map_err(|_| Error::malformed("clock"))?;
    let parsed = sd_jwt::parse_with(presentation, &[kind])?;
    let verified = parsed.verify_issuer(issuer, &["dc+sd-jwt"])?;
    verified.verify_key_binding(&KeyBindingExpectation {
        aud: AUDIENCE,
        nonce,
        now,
        max_age: 300,
        clock_skew: 60,
    })?;
    Ok(verified.into_payload())
}

/// The same presentation with its first disclosure taken out, under the old key binding.
pub fn forged(presentation: &str) -> String {
    let mut parts: Vec<&str> = presentation.split('~').collect();
    if parts.len() > 2 {
        parts.remove(1);
    }
    parts.join("~")
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

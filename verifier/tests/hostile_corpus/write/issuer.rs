//! Who signed, whether it may, what it signed, and when: classes 1, 2 and 4.

use serde_json::{Value, json};
use tessera_verifier::bundle::{BundleBuilder, TrustedIssuer};
use tessera_verifier::claims::AssuranceLevel::{Full, Limited};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::encoding::{base64url, from_base64url};

use super::{Corpus, Hostile, OTHER, ldp_token, sd_jwt_token};
use crate::world::{NOW, Signer, Visible, World};

pub(super) fn write(corpus: &Corpus) {
    binding(corpus);
    sources(corpus);
    alterations(corpus);
    validity(corpus);
    trust(corpus);
}

impl Corpus {
    /// What is shown of an SD-JWT VC whose header and visible claims are changed before it is signed.
    fn issued(&self, signer: &Signer, change: impl FnOnce(&mut Visible)) -> Value {
        let mut visible = self.world.visible(Limited);
        change(&mut visible);
        sd_jwt_token(
            &self
                .world
                .show(&self.world.issue_as(visible, signer), &self.request),
        )
    }
}

fn binding(corpus: &Corpus) {
    let (world, mallory) = (&corpus.world, Signer::fresh());
    let sd_jwt = Hostile {
        class: 1,
        kind: "presentation",
        twin: "sd-jwt",
    };
    let ldp = Hostile {
        class: 1,
        kind: "presentation",
        twin: "ldp",
    };
    sd_jwt.put(
        "issuer-not-controller-sd-jwt",
        "The iss names the authority and the kid is the attacker's, whose signature holds",
        ("issuer", "issuer_key_mismatch"),
        corpus.issued(&mallory, |visible| {
            _ = visible
                .header
                .insert("kid".to_owned(), json!(mallory.method()))
        }),
    );
    sd_jwt.put(
        "issuer-signature-of-another-key",
        "The iss and the kid are the authority's, the signature is another key's",
        ("proof", "invalid_signature"),
        corpus.issued(&mallory, |_| ()),
    );
    sd_jwt.put(
        "issuer-missing-sd-jwt",
        "The kid is the authority's and no iss says so",
        ("issuer", "issuer_key_mismatch"),
        corpus.issued(&world.issuer, |visible| _ = visible.claims.remove("iss")),
    );
    let base = world.issue_ldp_as(Limited, &world.issuer.did(), &mallory);
    ldp.put(
        "issuer-not-controller-ldp",
        "The issuer is the authority and the verification method the attacker's, whose proof holds",
        ("issuer", "issuer_key_mismatch"),
        ldp_token(&world.show_ldp(&base, &corpus.request)),
    );
}

/// Class 4: where the key comes from is the attacker's own say.
fn sources(corpus: &Corpus) {
    let (world, mallory) = (&corpus.world, Signer::fresh());
    let sd_jwt = Hostile {
        class: 4,
        kind: "presentation",
        twin: "sd-jwt",
    };
    let ldp = Hostile {
        class: 4,
        kind: "presentation",
        twin: "ldp",
    };
    sd_jwt.put(
        "source-unknown-issuer-sd-jwt",
        "The iss and the kid are the attacker's, consistent, and in no bundle",
        ("issuer", "issuer_untrusted"),
        corpus.issued(&mallory, |visible| {
            visible
                .header
                .insert("kid".to_owned(), json!(mallory.method()));
            visible
                .claims
                .insert("iss".to_owned(), json!(mallory.did()));
        }),
    );
    let base = world.issue_ldp_as(Limited, &mallory.did(), &mallory);
    ldp.put(
        "source-unknown-issuer-ldp",
        "The issuer and the verification method are the attacker's, consistent, and in no bundle",
        ("issuer", "issuer_untrusted"),
        ldp_token(&world.show_ldp(&base, &corpus.request)),
    );
    for (name, member, value) in [
        ("source-jwk-header", "jwk", mallory.public_key().to_jwk()),
        (
            "source-jku-header",
            "jku",
            json!("https://attacker.example/keys"),
        ),
    ] {
        sd_jwt.put(
            name,
            &format!(
                "The kid is the authority's and the header offers the attacker's key as {member}"
            ),
            ("proof", "invalid_signature"),
            corpus.issued(&mallory, |visible| {
                _ = visible.header.insert(member.to_owned(), value)
            }),
        );
    }
    sd_jwt.put(
        "source-kid-url",
        "The kid is an address at the attacker's",
        ("issuer", "malformed"),
        corpus.issued(&mallory, |visible| {
            _ = visible
                .header
                .insert("kid".to_owned(), json!("https://attacker.example/keys#1"))
        }),
    );
    sd_jwt.put(
        "source-kid-did-web",
        "The kid is of a DID method that would be fetched",
        ("issuer", "unsupported_algorithm"),
        corpus.issued(&mallory, |visible| {
            _ = visible
                .header
                .insert("kid".to_owned(), json!("did:web:attacker.example#1"))
        }),
    );
    sd_jwt.put(
        "source-no-kid",
        "No kid says which key signed",
        ("issuer", "malformed"),
        corpus.issued(&world.issuer, |visible| _ = visible.header.remove("kid")),
    );
}

/// Class 2: too young, until a false is changed into a true.
fn alterations(corpus: &Corpus) {
    let world = &corpus.world;
    let sd_jwt = Hostile {
        class: 2,
        kind: "presentation",
        twin: "sd-jwt",
    };
    let ldp = Hostile {
        class: 2,
        kind: "presentation",
        twin: "ldp",
    };
    let mut claims = World::claims();
    claims["age_equal_or_over"]["18"] = json!(false);
    let (jwt, disclosures) =
        corpus.selected(&world.issue_claims(world.visible(Limited), claims, &world.issuer));
    let altered: Vec<String> = disclosures
        .iter()
        .map(|disclosure| {
            let text = String::from_utf8(from_base64url(disclosure).unwrap()).unwrap();
            base64url(text.replace("false", "true").as_bytes())
        })
        .collect();
    sd_jwt.put(
        "altered-disclosure",
        "A disclosed false is changed into true; the holder binds the changed one",
        ("disclosure", "disclosure_invalid"),
        sd_jwt_token(&corpus.honestly_bound(&jwt, &altered)),
    );
    let mut payload: Value =
        serde_json::from_slice(&from_base64url(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap();
    payload["exp"] = json!(NOW.unix() + 100 * crate::world::DAY);
    let parts: Vec<&str> = jwt.split('.').collect();
    let extended = format!(
        "{}.{}.{}",
        parts[0],
        base64url(payload.to_string().as_bytes()),
        parts[2]
    );
    sd_jwt.put(
        "altered-payload",
        "The end of the validity is put off after signing",
        ("proof", "invalid_signature"),
        sd_jwt_token(&corpus.honestly_bound(&extended, &altered)),
    );

    let mut document = world.ldp_document(Limited, &world.issuer.did());
    document["credentialSubject"]["age_equal_or_over"]["18"] = json!(false);
    let young = world.show_ldp(
        &World::secure_ldp(&document, &world.issuer),
        &corpus.request,
    );
    let mut credential = young["verifiableCredential"][0].clone();
    credential["credentialSubject"]["age_equal_or_over"]["18"] = json!(true);
    ldp.put(
        "altered-claim-ldp",
        "A disclosed false is changed into true; the holder signs the changed one",
        ("proof", "invalid_signature"),
        ldp_token(&world.wrap(&credential, &corpus.request, &world.holder)),
    );
    let mut credential = corpus.honest_ldp()["verifiableCredential"][0].clone();
    credential["validUntil"] = json!("2036-02-14T00:00:00Z");
    ldp.put(
        "altered-validity-ldp",
        "The end of the validity is put off after signing",
        ("proof", "invalid_signature"),
        ldp_token(&world.wrap(&credential, &corpus.request, &world.holder)),
    );
    let mut stolen = corpus.honest_ldp()["verifiableCredential"][0].clone();
    stolen["credentialSubject"]["id"] = json!(Signer::fresh().did());
    ldp.put(
        "altered-subject-ldp",
        "The subject is changed to another key after signing",
        ("proof", "invalid_signature"),
        ldp_token(&world.wrap(&stolen, &corpus.request, &world.holder)),
    );
}

fn validity(corpus: &Corpus) {
    let world = &corpus.world;
    let sd_jwt = Hostile {
        class: 2,
        kind: "presentation",
        twin: "sd-jwt",
    };
    let ldp = Hostile {
        class: 2,
        kind: "presentation",
        twin: "ldp",
    };
    for (name, about, code, member, value) in [
        (
            "expired-sd-jwt",
            "It expires at the very second of the check",
            "expired",
            "exp",
            json!(NOW),
        ),
        (
            "not-yet-valid-sd-jwt",
            "It becomes valid a second after the check",
            "not_yet_valid",
            "nbf",
            json!(NOW.unix() + 1),
        ),
        (
            "exp-is-text",
            "Its exp is a text",
            "malformed",
            "exp",
            json!("2099-01-01"),
        ),
        (
            "exp-is-null",
            "Its exp is null",
            "malformed",
            "exp",
            Value::Null,
        ),
        (
            "nbf-is-fraction",
            "Its nbf is no whole number",
            "malformed",
            "nbf",
            json!(1_768_435_200.5),
        ),
        (
            "iat-is-boolean",
            "Its iat is a boolean",
            "malformed",
            "iat",
            json!(true),
        ),
    ] {
        sd_jwt.put(
            name,
            about,
            ("validity", code),
            corpus.issued(&world.issuer, |visible| {
                _ = visible.claims.insert(member.to_owned(), value)
            }),
        );
    }
    sd_jwt.put(
        "endless",
        "It has no exp",
        ("validity", "malformed"),
        corpus.issued(&world.issuer, |visible| _ = visible.claims.remove("exp")),
    );
    for (name, about, code, member, value) in [
        (
            "expired-ldp",
            "It expires at the very second of the check",
            "expired",
            "validUntil",
            NOW.to_rfc3339(),
        ),
        (
            "not-yet-valid-ldp",
            "It becomes valid a second after the check",
            "not_yet_valid",
            "validFrom",
            NOW.add_seconds(1).to_rfc3339(),
        ),
    ] {
        let mut document = world.ldp_document(Limited, &world.issuer.did());
        document[member] = json!(value);
        let base = World::secure_ldp(&document, &world.issuer);
        ldp.put(
            name,
            about,
            ("validity", code),
            ldp_token(&world.show_ldp(&base, &corpus.request)),
        );
    }
}

fn trust(corpus: &Corpus) {
    let world = &corpus.world;
    for (twin, name) in [("sd-jwt", "sd-jwt"), ("ldp", "ldp")] {
        let hostile = Hostile {
            class: OTHER,
            kind: "presentation",
            twin,
        };
        let bundle = |issuer: TrustedIssuer| {
            let builder = world.builder().issuer(issuer);
            let builder = world
                .lists(&[])
                .into_iter()
                .fold(builder, BundleBuilder::status_list);
            json!({"bundle": corpus.sealed(builder)})
        };
        hostile.put(
            &format!("issuer-retired-{name}"),
            "The issuer's time in the bundle is over",
            ("issuer", "issuer_untrusted"),
            bundle(TrustedIssuer {
                not_after: Some(NOW),
                ..world.trusted()
            }),
        );
        hostile.put(
            &format!("issuer-of-another-level-{name}"),
            "The bundle lists the issuer for another assurance level",
            ("issuer", "issuer_untrusted"),
            bundle(TrustedIssuer {
                assurance_levels: vec![Full],
                ..world.trusted()
            }),
        );
    }
    let hostile = Hostile {
        class: OTHER,
        kind: "presentation",
        twin: "sd-jwt",
    };
    hostile.put(
        "type-of-another-kind",
        "An SD-JWT VC by the issuer, of a type that is no identity credential",
        ("format", "wrong_credential_type"),
        corpus.issued(&world.issuer, |visible| {
            _ = visible
                .claims
                .insert("vct".to_owned(), json!("urn:specimen:library-card:1"))
        }),
    );
    let bank = world.request_jwt("bank-account");
    let request = tessera_verifier::Request::for_own(&bank).unwrap();
    let mut members = sd_jwt_token(&world.show(&world.issue(Limited), &request));
    members["request"] = json!(bank);
    hostile.put(
        "assurance-too-low",
        "A bank asks for the full level and is shown the limited one",
        ("asked", "assurance_too_low"),
        members,
    );
}

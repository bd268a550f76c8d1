//! Any W3C credential in one call, where one setting or one check makes the difference by itself.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "only the key is needed here")]
mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::Signer;
use tessera_verifier::credential::{
    self, CredentialPolicy, Materials, PresentationPolicy, Schemas, StatusLists,
};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::{self, ProofOptions, ProofPurpose, Suite};
use tessera_verifier::did::Documents;
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::policy::StaleStatus;
use tessera_verifier::status::{BitString, BitstringStatusList, Purpose, StatusEntry};
use tessera_verifier::vc_jose_cose::{Kind, Secured, envelope};
use tessera_verifier::vcdm::Resources;
use tessera_verifier::{Error, Timestamp, did, jws};

const V2: &str = "https://www.w3.org/ns/credentials/v2";
const LIST: &str = "https://issuer.example/status/1";
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

fn credential(issuer: &str) -> Value {
    json!({"@context": [V2], "type": ["VerifiableCredential"], "issuer": issuer,
        "credentialSubject": {"id": "did:example:subject"}})
}

fn presentation(holder: Option<&str>, credentials: &[Value]) -> Value {
    let mut shown = json!({"@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": credentials});
    if let Some(holder) = holder {
        shown["holder"] = json!(holder);
    }
    shown
}

fn secured(document: &Value, suite: Suite, options: &ProofOptions, signer: &Signer) -> Value {
    let store = ContextStore::builtin();
    signer.attach(data_integrity::prepare(document, suite, options, &store).unwrap())
}

fn embedded(document: &Value, signer: &Signer) -> Value {
    let options = signer.options(ProofPurpose::AssertionMethod);
    secured(document, Suite::EcdsaRdfc2019, &options, signer)
}

fn enveloped(kind: Kind, payload: &Value, signer: &Signer) -> Value {
    let typ = match kind {
        Kind::Credential => "vc+jwt",
        Kind::Presentation => "vp+jwt",
    };
    let kid = did::verification_method(signer.public_key());
    let jwt = jws::sign(json!({"typ": typ, "kid": kid}), payload, signer).unwrap();
    envelope(kind, &Secured::Jwt(jwt))
}

/// In an envelope of data model 1.1, under the claim of this name.
fn wrapped(kind: Kind, claim: &str, document: &Value, signer: &Signer) -> Value {
    let kid = did::verification_method(signer.public_key());
    let claims = json!({"iss": signer.did(), claim: document});
    let jwt = jws::sign(json!({"typ": "JWT", "kid": kid}), &claims, signer).unwrap();
    envelope(kind, &Secured::WrappedJwt(jwt))
}

fn no_status() -> CredentialPolicy {
    CredentialPolicy {
        status: None,
        ..CredentialPolicy::new()
    }
}

fn check(document: &Value, policy: &CredentialPolicy) -> &'static str {
    let contexts = ContextStore::builtin();
    code(credential::verify(
        document,
        policy,
        &Materials::new(&contexts),
        NOW,
    ))
}

/// A policy without status for credentials with these changes, and no challenge.
fn showing(credential: CredentialPolicy) -> PresentationPolicy {
    PresentationPolicy {
        credential,
        ..PresentationPolicy::default()
    }
}

fn present(document: &Value, policy: &PresentationPolicy) -> &'static str {
    let contexts = ContextStore::builtin();
    code(credential::verify_presentation(
        document,
        policy,
        &Materials::new(&contexts),
        NOW,
    ))
}

/// The skew of the policy, and no other, is what a proof or a token may be ahead of our clock.
#[test]
fn the_skew_is_that_of_the_policy() {
    let signer = Signer::fresh();
    let skewed = |clock_skew| CredentialPolicy {
        clock_skew,
        ..no_status()
    };
    let ahead = |purpose| ProofOptions {
        created: Some(NOW.add_seconds(100)),
        ..signer.options(purpose)
    };
    let suite = Suite::EcdsaRdfc2019;
    let options = ahead(ProofPurpose::AssertionMethod);
    let proof = secured(&credential(&signer.did()), suite, &options, &signer);
    let options = ahead(ProofPurpose::Authentication);
    let shown = presentation(Some(&signer.did()), &[]);
    let shown = secured(&shown, suite, &options, &signer);
    let mut payload = credential(&signer.did());
    payload["nbf"] = json!(NOW.unix() + 100);
    let jwt = enveloped(Kind::Credential, &payload, &signer);
    let mut payload = presentation(Some(&signer.did()), &[]);
    payload["nbf"] = json!(NOW.unix() + 100);
    let vp = enveloped(Kind::Presentation, &payload, &signer);
    for (skew, expected) in [(99, "not_yet_valid"), (100, "accepted")] {
        assert_eq!(check(&proof, &skewed(skew)), expected);
        assert_eq!(check(&jwt, &skewed(skew)), expected);
        assert_eq!(present(&shown, &showing(skewed(skew))), expected);
        assert_eq!(present(&vp, &showing(skewed(skew))), expected);
    }
}

#[test]
fn version_1_in_its_own_envelopes_where_the_policy_accepts_it() {
    let signer = Signer::fresh();
    let vc = wrapped(Kind::Credential, "vc", &credential(&signer.did()), &signer);
    let shown = presentation(Some(&signer.did()), std::slice::from_ref(&vc));
    let vp = wrapped(Kind::Presentation, "vp", &shown, &signer);
    for (accept_version_1, expected) in [(true, "accepted"), (false, "unsupported_format")] {
        let policy = CredentialPolicy {
            accept_version_1,
            ..no_status()
        };
        assert_eq!(check(&vc, &policy), expected);
        assert_eq!(present(&vp, &showing(policy)), expected);
    }
}

#[test]
fn keys_of_documents_that_are_at_hand() {
    let signer = Signer::fresh();
    let (controller, method) = ("did:web:issuer.example", "did:web:issuer.example#key-1");
    let mut documents = Documents::new();
    let key = json!({"id": method, "type": "Multikey", "controller": controller,
        "publicKeyMultibase": did::multikey(signer.public_key())});
    let document = json!({"id": controller, "verificationMethod": [key],
        "assertionMethod": [method], "authentication": [method]});
    documents.insert(&document).unwrap();
    let options = |purpose| ProofOptions {
        key: Some(signer.public_key().clone()),
        ..ProofOptions::new(method, purpose)
    };
    let suite = Suite::EcdsaRdfc2019;
    let issued = options(ProofPurpose::AssertionMethod);
    let issued = secured(&credential(controller), suite, &issued, &signer);
    let shown = options(ProofPurpose::Authentication);
    let shown = secured(&presentation(Some(controller), &[]), suite, &shown, &signer);
    let contexts = ContextStore::builtin();
    for (documents, expected) in [
        (Some(&documents), "accepted"),
        (None, "unsupported_algorithm"),
    ] {
        let materials = Materials {
            documents,
            ..Materials::new(&contexts)
        };
        let policy = no_status();
        let verified = credential::verify(&issued, &policy, &materials, NOW);
        assert_eq!(code(verified), expected);
        let verified = credential::verify_presentation(&shown, &showing(policy), &materials, NOW);
        assert_eq!(code(verified), expected);
    }
}

/// What a presentation says beside its credentials must mean something, whatever secures it, and even if nothing does.
#[test]
fn terms_of_a_presentation_without_meaning_are_refused() {
    let holder = Signer::fresh();
    let mut strange = presentation(Some(&holder.did()), &[]);
    strange["favourite"] = json!("blue");
    strange["@context"] = json!([V2, "https://a.example/context"]);
    let store = |terms: Value| {
        let document = json!({"@context": terms});
        ContextStore::with_documents([("https://a.example/context", &document)]).unwrap()
    };
    let signers = store(json!({"favourite": "https://a.example/#favourite"}));
    let options = holder.options(ProofPurpose::Authentication);
    let jcs = data_integrity::prepare(&strange, Suite::EcdsaJcs2019, &options, &signers);
    let jcs = holder.attach(jcs.unwrap());
    let jwt = {
        let mut bare = strange.clone();
        bare.as_object_mut().unwrap().remove("favourite");
        bare["type"] = json!(["VerifiablePresentation", "Favourite"]);
        enveloped(Kind::Presentation, &bare, &holder)
    };
    let unsecured = PresentationPolicy {
        accept_unsecured: true,
        ..showing(no_status())
    };
    let others = store(json!({}));
    let types = store(json!({"Favourite": "https://a.example/#Favourite"}));
    for (document, contexts, expected) in [
        (&jcs, &signers, "accepted"),
        (&jcs, &others, "undefined_term"),
        (&strange, &signers, "accepted"),
        (&strange, &others, "undefined_term"),
        (&jwt, &types, "accepted"),
        (&jwt, &others, "undefined_term"),
    ] {
        let materials = Materials::new(contexts);
        let verified = credential::verify_presentation(document, &unsecured, &materials, NOW);
        assert_eq!(code(verified), expected);
    }
}

#[test]
fn who_shows_it_is_told_by_the_proof() {
    let (issuer, holder) = (Signer::fresh(), Signer::fresh());
    let inner = embedded(&credential(&issuer.did()), &issuer);
    let options = holder.options(ProofPurpose::Authentication);
    let contexts = ContextStore::builtin();
    let policy = showing(no_status());
    // A presentation need not name its holder.
    for named in [Some(holder.did()), None] {
        let shown = presentation(named.as_deref(), std::slice::from_ref(&inner));
        let shown = secured(&shown, Suite::EcdsaRdfc2019, &options, &holder);
        let materials = Materials::new(&contexts);
        let verified = credential::verify_presentation(&shown, &policy, &materials, NOW).unwrap();
        assert_eq!(verified.holder(), named.as_deref());
        assert_eq!(verified.document()["verifiableCredential"][0], inner);
        let [signer] = verified.signers() else {
            unreachable!("one signer")
        };
        assert_eq!(signer.controller, Some(holder.did()));
        assert!(signer.key == *holder.public_key());
    }
}

/// The holder's own word is a credential whose issuer the policy must trust, too.
#[test]
fn the_holders_own_word_is_trusted_only_by_name() {
    let holder = Signer::fresh();
    let own = presentation(Some(&holder.did()), &[credential(&holder.did())]);
    let options = holder.options(ProofPurpose::Authentication);
    let shown = secured(&own, Suite::EcdsaRdfc2019, &options, &holder);
    let trusting = |did: String| {
        showing(CredentialPolicy {
            issuers: Some(vec![did]),
            ..no_status()
        })
    };
    assert_eq!(present(&shown, &trusting(holder.did())), "accepted");
    assert_eq!(
        present(&shown, &trusting(Signer::fresh().did())),
        "issuer_untrusted"
    );
}

#[test]
fn an_audience_is_one_of_those_named() {
    let holder = Signer::fresh();
    let mut payload = presentation(Some(&holder.did()), &[]);
    let policy = PresentationPolicy {
        domain: Some("verifier.example".to_owned()),
        ..showing(no_status())
    };
    for (audience, expected) in [
        (json!(["verifier.example"]), "accepted"),
        (json!(["other.example"]), "audience_mismatch"),
        (json!([]), "audience_mismatch"),
        (json!("verifier.example"), "accepted"),
        (json!(1), "audience_mismatch"),
    ] {
        payload["aud"] = audience;
        let shown = enveloped(Kind::Presentation, &payload, &holder);
        assert_eq!(present(&shown, &policy), expected);
    }
}

#[test]
fn resources_are_counted() {
    let issuer = Signer::fresh();
    let mut document = credential(&issuer.did());
    let related = |name: &str| json!({"id": name, "digestSRI": "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="});
    let (first, second) = ("https://a.example/1", "https://a.example/2");
    document["relatedResource"] = json!([related(first), related(second)]);
    let document = embedded(&document, &issuer);
    let contexts = ContextStore::builtin();
    let mut resources = Resources::new();
    for (name, count) in [(None, 0), (Some(first), 1), (Some(second), 2)] {
        if let Some(name) = name {
            resources.insert(name, b"abc");
        }
        let materials = Materials {
            resources: &resources,
            ..Materials::new(&contexts)
        };
        let verified = credential::verify(&document, &no_status(), &materials, NOW).unwrap();
        assert_eq!(verified.resources_compared(), count);
    }
}

#[test]
fn schema_credentials_say_so_and_are_not_endless() {
    let issuer = Signer::fresh();
    let contexts = ContextStore::builtin();
    let schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
    let url = "https://issuer.example/schema";
    let add_about = |types: Value, id: &str, kind: Value| {
        let mut document = credential(&issuer.did());
        document["type"] = types;
        document["id"] = json!(id);
        document["credentialSubject"] =
            json!({"id": "https://issuer.example/plain", "type": kind, "jsonSchema": schema});
        let bytes = embedded(&document, &issuer).to_string();
        let materials = Materials::new(&contexts);
        let mut schemas = Schemas::new();
        code(schemas.add_credential(url, bytes.as_bytes(), &no_status(), &materials, NOW))
    };
    let add = |types, id: &str| add_about(types, id, json!("JsonSchema"));
    let both = json!(["VerifiableCredential", "JsonSchemaCredential"]);
    // VC JSON Schema §2.2: the subject is a schema and nothing else.
    assert_eq!(
        add_about(
            both.clone(),
            url,
            json!(["JsonSchema", "JsonSchemaCredential"])
        ),
        "malformed"
    );
    assert_eq!(add(both.clone(), url), "accepted");
    assert_eq!(add(both, "https://issuer.example/other"), "malformed");
    assert_eq!(
        add(json!(["VerifiableCredential"]), url),
        "wrong_credential_type"
    );
    let mut schemas = Schemas::new();
    let mut insert = |number: usize| {
        let url = format!("https://issuer.example/{number}");
        code(schemas.add(&url, schema.to_string().as_bytes()))
    };
    for number in 0..4096 {
        assert_eq!(insert(number), "accepted");
    }
    assert_eq!(insert(4096), "too_large");
    assert_eq!(insert(7), "accepted");
}

/// Of 16 MiB at most each, and of 256 MiB together; an older list at the same place does not count.
#[test]
fn status_lists_are_bounded_together() {
    let list = |entries: usize| BitstringStatusList {
        id: None,
        issuer: "did:example:issuer".to_owned(),
        purposes: vec![Purpose::Revocation],
        valid_from: None,
        valid_until: None,
        ttl: None,
        bits: Arc::new(BitString::new(entries).unwrap()),
    };
    let great = list(BitString::MAX_ENTRIES);
    let mut lists = StatusLists::new();
    let mut add = |number: usize, list: &BitstringStatusList| {
        code(lists.add_own(&format!("https://issuer.example/{number}"), list.clone()))
    };
    for number in 0..16 {
        assert_eq!(add(number, &great), "accepted");
    }
    let small = list(0);
    assert_eq!(add(16, &small), "too_large");
    assert_eq!(add(15, &great), "accepted");
    assert_eq!(add(15, &small), "accepted");
    assert_eq!(add(16, &small), "accepted");

    let mut lists = StatusLists::new();
    let mut add = |number: usize| {
        code(lists.add_own(&format!("https://issuer.example/{number}"), small.clone()))
    };
    for number in 0..4096 {
        assert_eq!(add(number), "accepted");
    }
    assert_eq!(add(4096), "too_large");
    assert_eq!(add(7), "accepted");
    let mut elsewhere = small.clone();
    elsewhere.id = Some("https://issuer.example/0".to_owned());
    assert_eq!(
        code(StatusLists::new().add_own("https://issuer.example/0", elsewhere)),
        "accepted"
    );
}

/// The credential of a list is not asked for a status of its own, which would need a list again.
#[test]
fn a_list_is_added_without_a_status_of_its_own() {
    let issuer = Signer::fresh();
    let contexts = ContextStore::builtin();
    let list = BitstringStatusList {
        id: None,
        issuer: issuer.did(),
        purposes: vec![Purpose::Revocation],
        valid_from: None,
        valid_until: None,
        ttl: None,
        bits: Arc::new(BitString::new(0).unwrap()),
    };
    let mut document = list.to_credential(LIST);
    let entry = StatusEntry::new(Purpose::Revocation, "https://issuer.example/status/2", 0);
    assert!(entry.to_json().get("statusSize").is_none());
    document["credentialStatus"] = entry.to_json();
    let document = embedded(&document, &issuer);
    let policy = CredentialPolicy {
        status: Some(StaleStatus::Refuse),
        ..CredentialPolicy::new()
    };
    let mut lists = StatusLists::new();
    let materials = Materials::new(&contexts);
    let added = lists.add(LIST, &document, &policy, &materials, NOW);
    assert_eq!(code(added), "accepted");
    assert_eq!(check(&document, &policy), "status_undetermined");
}

/// A proof over statements holds whatever names a context gives them; which contexts are accepted is for the policy.
#[test]
fn claims_have_the_names_of_an_accepted_context() {
    let issuer = Signer::fresh();
    let context = |role: &str, level: &str| json!([V2, {"role": role, "level": level}]);
    let (one, other) = ("urn:terms:role", "urn:terms:level");
    let mut document = credential(&issuer.did());
    document["@context"] = context(one, other);
    document["credentialSubject"]["role"] = json!("guest");
    document["credentialSubject"]["level"] = json!("admin");
    let policy = CredentialPolicy {
        contexts: Some(vec![json!([V2]), context(one, other)]),
        ..no_status()
    };
    for honest in [
        embedded(&document, &issuer),
        enveloped(Kind::Credential, &document, &issuer),
        embedded(&credential(&issuer.did()), &issuer),
    ] {
        assert_eq!(check(&honest, &policy), "accepted");
    }
    let mut exchanged = embedded(&document, &issuer);
    exchanged["@context"] = context(other, one);
    exchanged["credentialSubject"]["role"] = json!("admin");
    exchanged["credentialSubject"]["level"] = json!("guest");
    let mut inside = embedded(&document, &issuer);
    inside["credentialSubject"]["@context"] = json!({"role": other, "level": one});
    inside["credentialSubject"]["role"] = json!("admin");
    inside["credentialSubject"]["level"] = json!("guest");
    for altered in [exchanged, inside] {
        assert_eq!(check(&altered, &no_status()), "accepted");
        assert_eq!(check(&altered, &policy), "unknown_context");
        let holder = Signer::fresh();
        let shown = presentation(Some(&holder.did()), &[altered]);
        let options = holder.options(ProofPurpose::Authentication);
        let shown = secured(&shown, Suite::EcdsaRdfc2019, &options, &holder);
        assert_eq!(present(&shown, &showing(no_status())), "accepted");
        assert_eq!(present(&shown, &showing(policy.clone())), "unknown_context");
    }
    let mut signed = document.clone();
    signed["@context"] = context(other, one);
    let signed = enveloped(Kind::Credential, &signed, &issuer);
    assert_eq!(check(&signed, &policy), "unknown_context");
    // What the holder says of itself, under the presentation's proof.
    let holder = Signer::fresh();
    let mut said = credential(&holder.did());
    said["@context"] = context(other, one);
    let shown = presentation(Some(&holder.did()), &[said]);
    let options = holder.options(ProofPurpose::Authentication);
    let shown = secured(&shown, Suite::EcdsaRdfc2019, &options, &holder);
    assert_eq!(present(&shown, &showing(no_status())), "accepted");
    assert_eq!(present(&shown, &showing(policy)), "unknown_context");
}

//! Any W3C credential and presentation in one call: each step passes what it should and refuses the rest.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[expect(dead_code, reason = "only the key is needed here")]
mod support;

use std::sync::Arc;

use serde_json::{Value, json};
use support::Signer;
use tessera_verifier::credential::{
    self, CredentialPolicy, Materials, PresentationPolicy, StatusLists, StatusOutcome, Statuses,
};
use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::data_integrity::{self, Binding, ProofOptions, ProofPurpose, Suite};
use tessera_verifier::jsonld::ContextStore;
use tessera_verifier::key::KeyType;
use tessera_verifier::policy::StaleStatus;
use tessera_verifier::status::{
    BitString, BitstringStatusList, Purpose, StatusEntry, StatusMessage, StatusSize,
};
use tessera_verifier::vc_jose_cose::{Kind, Secured, SigningOptions, envelope, prepare_jwt};
use tessera_verifier::vcdm::Resources;
use tessera_verifier::verify::Undetermined;
use tessera_verifier::{Error, Timestamp, did, jws};

const V2: &str = "https://www.w3.org/ns/credentials/v2";
const LIST: &str = "https://issuer.example/status/1";
const NOW: Timestamp = Timestamp::from_unix(1_768_500_000);

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "accepted")
}

fn credential(issuer: &Signer) -> Value {
    json!({
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "issuer": issuer.did(),
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:subject"},
    })
}

fn secure(document: &Value, suite: Suite, options: &ProofOptions, signer: &Signer) -> Value {
    let store = ContextStore::builtin();
    signer.attach(data_integrity::prepare(document, suite, options, &store).unwrap())
}

fn embedded(document: &Value, signer: &Signer) -> Value {
    let options = signer.options(ProofPurpose::AssertionMethod);
    secure(document, Suite::EcdsaRdfc2019, &options, signer)
}

fn enveloped(kind: Kind, document: &Value, signer: &Signer) -> Value {
    let store = ContextStore::builtin();
    let kid = did::verification_method(signer.public_key());
    let options = SigningOptions {
        kind,
        key: KeyType::P256,
        kid: Some(&kid),
        issued_at: None,
        expires: None,
        certificates: &[],
        contexts: &store,
    };
    let jwt = prepare_jwt(document, &options)
        .unwrap()
        .sign(signer)
        .unwrap();
    envelope(kind, &Secured::Jwt(jwt))
}

/// Each way of securing a document with a key.
fn both(document: &Value, signer: &Signer) -> [Value; 2] {
    [
        embedded(document, signer),
        enveloped(Kind::Credential, document, signer),
    ]
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

#[test]
fn a_credential_that_holds_is_given_back_with_its_signer() {
    let issuer = Signer::fresh();
    let contexts = ContextStore::builtin();
    for document in both(&credential(&issuer), &issuer) {
        let policy = CredentialPolicy::new();
        let verified =
            credential::verify(&document, &policy, &Materials::new(&contexts), NOW).unwrap();
        assert_eq!(verified.issuer(), issuer.did());
        assert_eq!(verified.signers().len(), 1);
        assert_eq!(verified.signers()[0].controller, Some(issuer.did()));
        assert!(verified.signers()[0].key == *issuer.public_key());
        assert_eq!(*verified.status(), Statuses::Checked(vec![]));
        assert_eq!(
            verified.document()["credentialSubject"]["id"],
            "did:example:subject"
        );
    }
}

#[test]
fn each_step_refuses_what_it_is_there_for() {
    let (issuer, mallory) = (Signer::fresh(), Signer::fresh());
    let changed = |name: &str, value: Value| {
        let mut document = credential(&issuer);
        document[name] = value;
        document
    };
    let policy = no_status();
    // Validity.
    for (name, value, expected) in [
        ("validFrom", "2026-02-01T00:00:00Z", "not_yet_valid"),
        ("validUntil", "2026-01-10T00:00:00Z", "expired"),
    ] {
        for document in both(&changed(name, json!(value)), &issuer) {
            assert_eq!(check(&document, &policy), expected);
        }
    }
    // Another's key.
    for document in both_signed_by(&credential(&issuer), &mallory) {
        assert_eq!(check(&document, &policy), "issuer_key_mismatch");
        let unbound = CredentialPolicy {
            binding: Binding::Unbound,
            ..policy.clone()
        };
        assert_eq!(check(&document, &unbound), "accepted");
    }
    // Issuers, suites, algorithms and versions that the policy does not name.
    for document in both(&credential(&issuer), &issuer) {
        let trusting = |did: String| CredentialPolicy {
            issuers: Some(vec![did]),
            ..policy.clone()
        };
        assert_eq!(
            check(&document, &trusting(mallory.did())),
            "issuer_untrusted"
        );
        assert_eq!(check(&document, &trusting(issuer.did())), "accepted");
    }
    let [proof, jwt] = both(&credential(&issuer), &issuer);
    let jcs = CredentialPolicy {
        suites: vec![Suite::EcdsaJcs2019],
        ..policy.clone()
    };
    assert_eq!(check(&proof, &jcs), "unsupported_suite");
    let ed25519 = CredentialPolicy {
        algorithms: vec![KeyType::Ed25519],
        ..policy.clone()
    };
    assert_eq!(check(&jwt, &ed25519), "unsupported_algorithm");
    let old = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuer": issuer.did(),
        "issuanceDate": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:subject"},
    });
    let old = embedded(&old, &issuer);
    assert_eq!(check(&old, &policy), "accepted");
    let new = CredentialPolicy {
        accept_version_1: false,
        ..policy.clone()
    };
    assert_eq!(check(&old, &new), "unsupported_format");
    // The form, before the proof; the proof; and no proof at all.
    let mut broken = proof.clone();
    broken["credentialSubject"] = json!([]);
    assert_eq!(check(&broken, &policy), "malformed_value");
    let mut forged = proof.clone();
    forged["credentialSubject"]["id"] = json!("did:example:other");
    assert_eq!(check(&forged, &policy), "invalid_signature");
    assert_eq!(check(&credential(&issuer), &policy), "malformed");
    let mut wrapped = jwt.clone();
    wrapped["issuer"] = json!(issuer.did());
    assert_eq!(check(&wrapped, &policy), "malformed_value");
}

fn both_signed_by(document: &Value, signer: &Signer) -> [Value; 2] {
    let kid = did::verification_method(signer.public_key());
    let header = json!({"typ": "vc+jwt", "kid": kid});
    let jwt = jws::sign(header, document, signer).unwrap();
    [
        embedded(document, signer),
        envelope(Kind::Credential, &Secured::Jwt(jwt)),
    ]
}

/// JSON that is signed as it stands covers terms that mean nothing: they are refused all the same.
#[test]
fn terms_without_meaning_are_refused_whatever_signs_them() {
    let issuer = Signer::fresh();
    let mut document = credential(&issuer);
    document["credentialSubject"]["favourite"] = json!("blue");
    let kid = did::verification_method(issuer.public_key());
    let jwt = jws::sign(json!({"typ": "vc+jwt", "kid": kid}), &document, &issuer).unwrap();
    let jwt = envelope(Kind::Credential, &Secured::Jwt(jwt));
    assert_eq!(check(&jwt, &no_status()), "undefined_term");

    // Signed in a context that defines it, by a signer whose context of that name is another.
    document["@context"] = json!([V2, "https://a.example/context"]);
    let context = |terms: Value| {
        let document = json!({"@context": terms});
        ContextStore::with_documents([("https://a.example/context", &document)]).unwrap()
    };
    let signers = context(json!({"favourite": "https://a.example/#favourite"}));
    let options = issuer.options(ProofPurpose::AssertionMethod);
    let jcs = data_integrity::prepare(&document, Suite::EcdsaJcs2019, &options, &signers);
    let jcs = issuer.attach(jcs.unwrap());
    for (store, expected) in [
        (signers, "accepted"),
        (context(json!({})), "undefined_term"),
    ] {
        let verified = credential::verify(&jcs, &no_status(), &Materials::new(&store), NOW);
        assert_eq!(code(verified), expected);
    }
}

#[test]
fn related_resources_in_hand_must_have_their_digests() {
    let issuer = Signer::fresh();
    let mut document = credential(&issuer);
    document["relatedResource"] = json!({
        "id": "https://a.example/abc",
        "digestSRI": "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    });
    let contexts = ContextStore::builtin();
    for document in both(&document, &issuer) {
        for (bytes, expected) in [(b"abc", "accepted"), (b"abd", "digest_mismatch")] {
            let mut resources = Resources::new();
            resources.insert("https://a.example/abc", bytes);
            let materials = Materials {
                resources: &resources,
                ..Materials::new(&contexts)
            };
            let verified = credential::verify(&document, &no_status(), &materials, NOW);
            assert_eq!(
                verified.as_ref().map_or(0, |one| one.resources_compared()),
                usize::from(expected == "accepted")
            );
            assert_eq!(code(verified), expected);
        }
    }
}

fn list(issuer: &Signer, purposes: &[&str], set: &[usize]) -> BitstringStatusList {
    let mut bits = BitString::new(BitString::MIN_ENTRIES * 2).unwrap();
    for index in set {
        bits.set(*index, true).unwrap();
    }
    BitstringStatusList {
        id: None,
        issuer: issuer.did(),
        purposes: purposes
            .iter()
            .map(|purpose| Purpose::from(*purpose))
            .collect(),
        valid_from: Some(NOW),
        valid_until: Some(NOW.add_seconds(3600)),
        ttl: Some(300_000),
        bits: Arc::new(bits),
    }
}

fn with_status(issuer: &Signer, entries: &[StatusEntry]) -> Value {
    let mut document = credential(issuer);
    document["credentialStatus"] = entries.iter().map(StatusEntry::to_json).collect();
    embedded(&document, issuer)
}

fn at(purpose: Purpose, index: usize) -> StatusEntry {
    StatusEntry::new(purpose, LIST, index)
}

#[test]
fn every_purpose_has_its_consequence() {
    let issuer = Signer::fresh();
    let contexts = ContextStore::builtin();
    let all = ["revocation", "suspension", "refresh", "message", "recall"];
    let mut lists = StatusLists::new();
    lists.add_own(LIST, list(&issuer, &all, &[1, 3])).unwrap();
    let materials = Materials {
        lists: &lists,
        ..Materials::new(&contexts)
    };
    let verify = |entries: &[StatusEntry]| {
        let document = with_status(&issuer, entries);
        credential::verify(&document, &CredentialPolicy::new(), &materials, NOW)
    };
    assert_eq!(code(verify(&[at(Purpose::Revocation, 1)])), "revoked");
    assert_eq!(code(verify(&[at(Purpose::Suspension, 1)])), "suspended");
    let good = [at(Purpose::Revocation, 0), at(Purpose::Suspension, 2)];
    assert_eq!(code(verify(&good)), "accepted");
    let second = [at(Purpose::Revocation, 0), at(Purpose::Suspension, 3)];
    assert_eq!(code(verify(&second)), "suspended");

    let mut message = at(Purpose::Message, 1);
    message.size = StatusSize::new(2).unwrap();
    message.messages = (0..4)
        .map(|status| StatusMessage {
            status,
            message: format!("stage {status}"),
        })
        .collect();
    let told = [
        at(Purpose::Refresh, 1),
        at(Purpose::Refresh, 2),
        message,
        at("recall".into(), 3),
    ];
    let verified = verify(&told).unwrap();
    let Statuses::Checked(outcomes) = verified.status() else {
        unreachable!("checked");
    };
    let known: Vec<(u32, bool, Option<&str>)> = outcomes
        .iter()
        .map(|outcome| match outcome {
            StatusOutcome::Known(one) => (one.value, one.valid, one.message.as_deref()),
            StatusOutcome::Undetermined(_) => unreachable!("known"),
        })
        .collect();
    // The bits 2 and 3 of the list are 0b01.
    assert_eq!(
        known,
        [
            (1, false, None),
            (0, true, None),
            (1, false, Some("stage 1")),
            (1, false, None)
        ]
    );
    assert_eq!(
        code(verify(&[at(
            Purpose::Revocation,
            BitString::MIN_ENTRIES * 2
        )])),
        "status_out_of_range"
    );
}

#[test]
fn an_unknown_status_is_no_acceptance() {
    let issuer = Signer::fresh();
    let contexts = ContextStore::builtin();
    let mut lists = StatusLists::new();
    lists
        .add_own(LIST, list(&issuer, &["revocation"], &[1]))
        .unwrap();
    let materials = Materials {
        lists: &lists,
        ..Materials::new(&contexts)
    };
    let lenient = CredentialPolicy {
        status: Some(StaleStatus::Undetermined),
        ..CredentialPolicy::new()
    };
    let verify = |document: &Value, policy: &CredentialPolicy, now: Timestamp| {
        credential::verify(document, policy, &materials, now)
    };
    let strict = CredentialPolicy::new();
    let elsewhere = StatusEntry::new(Purpose::Revocation, "https://issuer.example/status/2", 0);
    let elsewhere = with_status(&issuer, &[elsewhere]);
    let mut foreign = credential(&issuer);
    foreign["credentialStatus"] = json!({"type": "https://a.example/#Other"});
    let foreign = embedded(&foreign, &issuer);
    let here = with_status(&issuer, &[at(Purpose::Revocation, 0)]);
    let (early, late) = (NOW.add_seconds(-1), NOW.add_seconds(3600));
    for (document, now, why) in [
        (&elsewhere, NOW, Undetermined::ListMissing),
        (&foreign, NOW, Undetermined::UnknownKind),
        (&here, late, Undetermined::ListStale { until: late }),
        (&here, early, Undetermined::ListNotYetValid { from: NOW }),
    ] {
        assert_eq!(code(verify(document, &strict, now)), "status_undetermined");
        let passed = verify(document, &lenient, now).unwrap();
        let expected = Statuses::Checked(vec![StatusOutcome::Undetermined(why)]);
        assert_eq!(*passed.status(), expected);
        assert_eq!(
            *verify(document, &no_status(), now).unwrap().status(),
            Statuses::Unchecked
        );
    }
    assert_eq!(code(verify(&here, &strict, NOW)), "accepted");
    // Revoked stays revoked, even by a list that is stale.
    let revoked = with_status(&issuer, &[at(Purpose::Revocation, 1)]);
    assert_eq!(code(verify(&revoked, &lenient, late)), "revoked");
}

#[test]
fn a_list_speaks_only_for_its_issuer_its_place_and_its_purpose() {
    let (issuer, mallory) = (Signer::fresh(), Signer::fresh());
    let contexts = ContextStore::builtin();
    let document = with_status(&issuer, &[at(Purpose::Revocation, 0)]);
    let check = |list: BitstringStatusList, policy: &CredentialPolicy| {
        let mut lists = StatusLists::new();
        lists.add_own(LIST, list).unwrap();
        let materials = Materials {
            lists: &lists,
            ..Materials::new(&contexts)
        };
        code(credential::verify(&document, policy, &materials, NOW))
    };
    let strict = CredentialPolicy::new();
    assert_eq!(
        check(list(&issuer, &["revocation"], &[]), &strict),
        "accepted"
    );
    assert_eq!(
        check(list(&mallory, &["revocation"], &[]), &strict),
        "status_list_mismatch"
    );
    let entrusted = CredentialPolicy {
        status_issuers: vec![mallory.did()],
        ..strict.clone()
    };
    assert_eq!(
        check(list(&mallory, &["revocation"], &[]), &entrusted),
        "accepted"
    );
    assert_eq!(
        check(list(&issuer, &["suspension"], &[]), &strict),
        "status_list_mismatch"
    );
    let mut elsewhere = list(&issuer, &["revocation"], &[]);
    elsewhere.id = Some("https://issuer.example/status/2".to_owned());
    assert_eq!(
        code(StatusLists::new().add_own(LIST, elsewhere)),
        "status_list_mismatch"
    );
}

#[test]
fn a_list_is_verified_before_it_is_kept() {
    let (issuer, mallory) = (Signer::fresh(), Signer::fresh());
    let contexts = ContextStore::builtin();
    let materials = Materials::new(&contexts);
    let add = |document: &Value, now: Timestamp| {
        let mut lists = StatusLists::new();
        let policy = CredentialPolicy::new();
        code(lists.add(LIST, document, &policy, &materials, now))
    };
    let unsigned = list(&issuer, &["revocation", "suspension"], &[7]).to_credential(LIST);
    for document in both(&unsigned, &issuer) {
        let mut lists = StatusLists::new();
        lists
            .add(LIST, &document, &CredentialPolicy::new(), &materials, NOW)
            .unwrap();
        let read = lists.get(LIST).unwrap();
        assert_eq!(read.purposes, [Purpose::Revocation, Purpose::Suspension]);
        assert_eq!(read.bits.get(7), Some(true));
        assert_eq!(add(&document, NOW.add_seconds(3600)), "expired");
        assert_eq!(
            code(lists.add(
                "https://issuer.example/2",
                &document,
                &CredentialPolicy::new(),
                &materials,
                NOW
            )),
            "status_list_mismatch"
        );
    }
    assert_eq!(add(&unsigned, NOW), "malformed");
    assert_eq!(
        add(&embedded(&unsigned, &mallory), NOW),
        "issuer_key_mismatch"
    );
    let mut forged = embedded(&unsigned, &issuer);
    forged["credentialSubject"]["statusPurpose"] = json!("revocation");
    assert_eq!(add(&forged, NOW), "invalid_signature");

    for (pointer, value, expected) in [
        (
            "/type",
            json!(["VerifiableCredential"]),
            "wrong_credential_type",
        ),
        (
            "/credentialSubject/type",
            json!("RevocationList"),
            "undefined_term",
        ),
        (
            "/credentialSubject/type",
            json!(["BitstringStatusList"]),
            "malformed_value",
        ),
        (
            "/credentialSubject/statusPurpose",
            json!([]),
            "undefined_term",
        ),
        (
            "/credentialSubject/statusPurpose",
            json!([1]),
            "malformed_value",
        ),
        ("/credentialSubject/ttl", json!(0), "malformed_value"),
        ("/credentialSubject/ttl", json!("300000"), "malformed_value"),
        (
            "/credentialSubject/encodedList",
            json!("uAAAA"),
            "malformed",
        ),
        (
            "/credentialSubject/encodedList",
            json!("H4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"),
            "malformed",
        ),
        // Sixteen bytes of zeros.
        (
            "/credentialSubject/encodedList",
            json!("uH4sIAAAAAAAC_2NgQAUAVUu77BAAAAA"),
            "status_list_too_short",
        ),
    ] {
        let mut document = unsigned.clone();
        *document.pointer_mut(pointer).unwrap() = value.clone();
        let store = ContextStore::builtin();
        let options = issuer.options(ProofPurpose::AssertionMethod);
        let prepared = data_integrity::prepare(&document, Suite::EcdsaRdfc2019, &options, &store);
        let refused = match prepared {
            Ok(unsigned) => add(&issuer.attach(unsigned), NOW),
            Err(error) => error.code(),
        };
        assert_eq!(refused, expected, "{pointer} {value}");
    }
}

fn presentation(credentials: Value, holder: &Signer) -> Value {
    json!({
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": holder.did(),
        "verifiableCredential": credentials,
    })
}

fn shown(document: &Value, holder: &Signer) -> Value {
    let mut options = holder.options(ProofPurpose::Authentication);
    options.challenge = Some("abc".to_owned());
    options.domain = Some("verifier.example".to_owned());
    secure(document, Suite::EcdsaRdfc2019, &options, holder)
}

fn expecting(challenge: &str, domain: &str) -> PresentationPolicy {
    PresentationPolicy {
        credential: no_status(),
        challenge: Some(challenge.to_owned()),
        domain: Some(domain.to_owned()),
        accept_unsecured: false,
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

#[test]
fn a_presentation_is_for_one_verifier_and_one_request() {
    let (issuer, holder) = (Signer::fresh(), Signer::fresh());
    let inner = both(&credential(&issuer), &issuer);
    let document = shown(&presentation(json!(inner), &holder), &holder);
    let contexts = ContextStore::builtin();
    let policy = expecting("abc", "verifier.example");
    let verified =
        credential::verify_presentation(&document, &policy, &Materials::new(&contexts), NOW);
    let verified = verified.unwrap();
    assert_eq!(verified.holder(), Some(holder.did().as_str()));
    assert_eq!(verified.credentials().len(), 2);
    assert!(
        verified
            .credentials()
            .iter()
            .all(|one| one.issuer() == issuer.did())
    );

    assert_eq!(
        present(&document, &expecting("abd", "verifier.example")),
        "nonce_mismatch"
    );
    assert_eq!(
        present(&document, &expecting("abc", "other.example")),
        "audience_mismatch"
    );
    let mut other = presentation(json!(inner), &holder);
    other["holder"] = json!(issuer.did());
    assert_eq!(
        present(&shown(&other, &holder), &policy),
        "holder_binding_invalid"
    );
    let mut altered = document.clone();
    altered["verifiableCredential"][0]["credentialSubject"]["id"] = json!("did:example:other");
    assert_eq!(present(&altered, &policy), "invalid_signature");
    let asserted = secure(
        &presentation(json!(inner), &holder),
        Suite::EcdsaRdfc2019,
        &holder.options(ProofPurpose::AssertionMethod),
        &holder,
    );
    assert_eq!(present(&asserted, &policy), "proof_purpose_mismatch");
}

#[test]
fn every_credential_of_a_presentation_must_hold() {
    let (issuer, holder, mallory) = (Signer::fresh(), Signer::fresh(), Signer::fresh());
    let policy = expecting("abc", "verifier.example");
    let good = embedded(&credential(&issuer), &issuer);
    let mut late = credential(&issuer);
    late["validUntil"] = json!("2026-01-10T00:00:00Z");
    for (second, expected) in [
        (embedded(&late, &issuer), "expired"),
        (enveloped(Kind::Credential, &late, &issuer), "expired"),
        (
            embedded(&credential(&issuer), &mallory),
            "issuer_key_mismatch",
        ),
        (json!("e30.e30.AA"), "malformed_value"),
    ] {
        let document = presentation(json!([good, second]), &holder);
        let store = ContextStore::builtin();
        let mut options = holder.options(ProofPurpose::Authentication);
        (options.challenge, options.domain) = (policy.challenge.clone(), policy.domain.clone());
        let document =
            match data_integrity::prepare(&document, Suite::EcdsaRdfc2019, &options, &store) {
                Ok(unsigned) => holder.attach(unsigned),
                Err(_) => document,
            };
        assert_eq!(present(&document, &policy), expected);
    }
}

#[test]
fn without_a_proof_nothing_is_known_of_who_shows_it() {
    let (issuer, holder) = (Signer::fresh(), Signer::fresh());
    let bare = presentation(json!([embedded(&credential(&issuer), &issuer)]), &holder);
    let unsecured = PresentationPolicy {
        credential: no_status(),
        accept_unsecured: true,
        ..PresentationPolicy::default()
    };
    assert_eq!(
        present(&bare, &expecting("abc", "verifier.example")),
        "holder_binding_missing"
    );
    assert_eq!(present(&bare, &unsecured), "accepted");
    let asked = PresentationPolicy {
        challenge: Some("abc".to_owned()),
        ..unsecured.clone()
    };
    assert_eq!(present(&bare, &asked), "holder_binding_missing");
    let meant = PresentationPolicy {
        domain: Some("a".to_owned()),
        ..unsecured.clone()
    };
    assert_eq!(present(&bare, &meant), "holder_binding_missing");
    // The holder's own word needs the holder's proof.
    let own = presentation(json!([credential(&holder)]), &holder);
    assert_eq!(present(&own, &unsecured), "holder_binding_missing");
    assert_eq!(
        present(&shown(&own, &holder), &expecting("abc", "verifier.example")),
        "accepted"
    );
    let foreign = presentation(json!([credential(&issuer)]), &holder);
    assert_eq!(
        present(
            &shown(&foreign, &holder),
            &expecting("abc", "verifier.example")
        ),
        "malformed_value"
    );
}

#[test]
fn an_enveloped_presentation_answers_in_its_claims() {
    let (issuer, holder) = (Signer::fresh(), Signer::fresh());
    let inner = enveloped(Kind::Credential, &credential(&issuer), &issuer);
    let mut payload = presentation(json!([inner]), &holder);
    let sign = |payload: &Value| {
        let kid = did::verification_method(holder.public_key());
        let jwt = jws::sign(json!({"typ": "vp+jwt", "kid": kid}), payload, &holder).unwrap();
        envelope(Kind::Presentation, &Secured::Jwt(jwt))
    };
    let policy = expecting("abc", "verifier.example");
    assert_eq!(present(&sign(&payload), &policy), "nonce_mismatch");
    payload["nonce"] = json!("abc");
    assert_eq!(present(&sign(&payload), &policy), "audience_mismatch");
    payload["aud"] = json!("other.example");
    assert_eq!(present(&sign(&payload), &policy), "audience_mismatch");
    for audience in [json!("verifier.example"), json!(["a", "verifier.example"])] {
        payload["aud"] = audience;
        assert_eq!(present(&sign(&payload), &policy), "accepted");
    }
    let mut late = credential(&issuer);
    late["validUntil"] = json!("2026-01-10T00:00:00Z");
    payload["verifiableCredential"] = json!([enveloped(Kind::Credential, &late, &issuer)]);
    assert_eq!(present(&sign(&payload), &policy), "expired");
}

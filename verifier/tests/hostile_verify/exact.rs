//! Exactly what was asked, down to containers, further credentials and transactions.

use serde_json::{Value, json};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::claims::{CredentialProfile, Format};
use tessera_verifier::crypto::sha256;
use tessera_verifier::dcql::ClaimPath;
use tessera_verifier::encoding::base64url;
use tessera_verifier::policy::EvidencePolicy;
use tessera_verifier::{Request, verify};

use crate::hostile_binding::bound;
use crate::openid4vp::by_did;
use crate::world::{NOW, World, check, check_token, code, policy};

/// An empty container tells something, too.
#[test]
fn empty_containers_that_nobody_asked_for_are_refused() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    for (empty, expected) in [
        (None, "verified"),
        (Some(json!({})), "over_disclosure"),
        (Some(json!([])), "over_disclosure"),
    ] {
        let mut visible = world.visible(Limited);
        if let Some(empty) = &empty {
            visible.claims.insert("note".to_owned(), empty.clone());
        }
        let shown = world.show(&world.issue_as(visible, &world.issuer), &request);
        assert_eq!(
            code(check(&shown, &request, &bundle)),
            expected,
            "{empty:?}"
        );
    }
}

#[test]
fn a_third_credential_is_too_much_and_a_missing_one_too_little() {
    let world = World::new();
    let query = |id: &str| {
        json!({"id": id, "format": "dc+sd-jwt", "meta": {"vct_values": [CredentialProfile::of(Limited).vct]},
            "claims": [{"path": ["age_equal_or_over", "18"]}]})
    };
    let compact = by_did(&world.party, |payload| {
        payload["verifier_info"] = json!([{"format": "tessera_service", "data": "internet-cafe"}]);
        payload["nonce"] = json!("bm9uY2Utb2Ytc3BlY2ltZW4");
        payload["iat"] = json!(NOW);
        payload["exp"] = json!(NOW.add_seconds(60));
        payload["dcql_query"] = json!({"credentials": [query("a"), query("b"), query("c")],
            "credential_sets": [{"options": [["a", "b"]]}]});
    });
    let (request, bundle) = (Request::for_own(&compact).unwrap(), world.bundle());
    let shown = world.bind(
        &world.issue(Limited),
        &[ClaimPath::keys(&["age_equal_or_over", "18"])],
        &request,
        &world.holder,
    );
    let judged = |ids: &[&str]| {
        let token: Value = ids
            .iter()
            .map(|&id| (id.to_owned(), json!([shown])))
            .collect();
        code(check_token(&token, &request, &bundle))
    };
    assert_eq!(judged(&["a", "b"]), "verified");
    assert_eq!(judged(&["a", "b", "c"]), "over_disclosure");
    assert_eq!(judged(&["a"]), "query_not_satisfied");
}

#[test]
fn evidence_that_is_demanded_must_be_shown() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let token = json!({"sd_jwt": [world.show(&world.issue(Limited), &request)]}).to_string();
    let judged = |evidence| {
        let mut policy = policy(&request);
        policy.evidence = evidence;
        code(verify(token.as_bytes(), &request, &policy, &bundle, NOW))
    };
    assert_eq!(judged(None), "verified");
    assert_eq!(
        judged(Some(EvidencePolicy::default())),
        "evidence_insufficient"
    );
}

fn payment(id: &str) -> String {
    let payment = json!({"type": "urn:tessera:transaction:payment:1", "credential_ids": [id],
        "payee": "SPECIMEN shop", "amount": "12.50", "currency": "EUR"});
    base64url(payment.to_string().as_bytes())
}

/// OpenID4VP 1.0 §8.4, appendix B.3.3: the holder's key signs the digest of each transaction, and of no other.
#[test]
fn transactions_are_confirmed_exactly() {
    let world = World::new();
    let bundle = world.bundle();
    let asking = |id: &str| {
        let builder = world
            .asking("internet-cafe")
            .transaction_data(vec![payment(id)]);
        let builder = match id {
            "sd_jwt" => builder.formats(&[Format::SdJwt]),
            _ => builder,
        };
        Request::for_own(&builder.build().unwrap().sign(&world.party).unwrap()).unwrap()
    };
    let request = asking("sd_jwt");
    let hash = |data: &str| base64url(&sha256(data.as_bytes()));
    let judged = |request: &Request, change: &dyn Fn(&mut Value)| {
        let shown = bound(&world, request, |_, payload| change(payload), &world.holder);
        code(check(&shown, request, &bundle))
    };
    let with = |members: Value| {
        judged(&request, &|payload| {
            payload
                .as_object_mut()
                .unwrap()
                .extend(members.as_object().cloned().unwrap());
        })
    };
    let own = hash(&payment("sd_jwt"));
    let hashes = |count: usize| json!({"transaction_data_hashes": vec![own.clone(); count]});
    assert_eq!(with(hashes(1)), "verified");
    assert_eq!(with(json!({})), "transaction_not_confirmed");
    assert_eq!(with(hashes(0)), "transaction_not_confirmed");
    let more = json!({"transaction_data_hashes": [own, hash("other")]});
    assert_eq!(with(more), "transaction_not_confirmed");
    let other = json!({"transaction_data_hashes": [hash("other")]});
    assert_eq!(with(other), "transaction_not_confirmed");
    // How they are hashed, and how many there may be.
    for (algorithm, expected) in [
        (json!("sha-256"), "verified"),
        (json!("sha-512"), "holder_binding_invalid"),
        (Value::Null, "holder_binding_invalid"),
    ] {
        let mut said = hashes(1);
        said["transaction_data_hashes_alg"] = algorithm;
        assert_eq!(with(said), expected);
    }
    assert_eq!(with(hashes(16)), "verified");
    assert_eq!(with(hashes(17)), "holder_binding_invalid");
    assert_eq!(
        with(json!({"transaction_data_hashes": [1]})),
        "holder_binding_invalid"
    );
    // Confirmed with a credential that the transaction does not name.
    let elsewhere = asking("ldp");
    let confirmed = judged(&elsewhere, &|payload| {
        payload["transaction_data_hashes"] = json!([hash(&payment("ldp"))]);
    });
    assert_eq!(confirmed, "transaction_not_confirmed");
}

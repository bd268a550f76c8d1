//! What requesters are told when nothing is shown (OpenID4VP 1.0 §8.5), and who is told nothing.

use serde_json::{Value, json};
use tessera_exchange::jwe::DecryptionKey;
use tessera_verifier::encoding::base64url;
use tessera_verifier::request::Sender;
use tessera_wallet::consent::{Holder, Refusal};
use tessera_wallet::present::ErrorCode;

use super::*;

/// A holder who has one answer, and lets requesters be told or not.
struct Word {
    answer: Says,
    tells: bool,
}

impl Holder for Word {
    fn answer(&mut self, _: &Proposal) -> Says {
        self.answer
    }

    fn tells(&mut self, _: &Sender, _: ErrorCode) -> bool {
        self.tells
    }
}

const NO: Word = Word {
    answer: Says::No,
    tells: true,
};
const SILENT: Word = Word {
    answer: Says::Silence,
    tells: false,
};

/// The way of a request that is not answered, as the command goes it.
fn refused(
    flow: &Flow<'_>,
    store: &mut Store,
    object: &RequestObject,
    mut holder: Word,
) -> (String, Option<Refusal>) {
    let known = trust::fresh(store, flow.world.surroundings()).unwrap();
    let reach = Reach::of(store.contents(), flow.local);
    let now = tessera_wallet::Clock::now(flow.world);
    let code = |error: &Error| error.code().to_owned();
    let request = match object.authenticate_as(&known, now, &reach, &flow.acceptance) {
        Ok(request) => request,
        Err(error) => {
            let sender = object.sender(&known, now, &reach, &flow.acceptance);
            let told = sender
                .zip(ErrorCode::of_request(&error))
                .and_then(|(sender, said)| consent::refuse(sender, said, &mut holder));
            return (code(&error), told);
        }
    };
    let sender = request.sender();
    match select::minimal_with(store.contents(), request, flow.wish, now) {
        Err(error) => {
            let told = sender
                .zip(ErrorCode::of_choice(&error))
                .and_then(|(sender, said)| consent::refuse(sender, said, &mut holder));
            (code(&error), told)
        }
        Ok(proposal) => match consent::ask(proposal, &mut holder) {
            Ok(_) => unreachable!("nobody here says yes"),
            Err(declined) => ("consent_declined".to_owned(), declined.into_refusal()),
        },
    }
}

/// The same from a link or a request object; what is to be told is posted.
fn posted(
    flow: &Flow<'_>,
    store: &mut Store,
    from: &str,
    holder: Word,
) -> (String, Option<&'static str>) {
    let object = flow.object(store, from).unwrap();
    let (code, refusal) = refused(flow, store, &object, holder);
    let told = refusal.map(|refusal| {
        refusal
            .send(flow.verifier.surroundings(flow.world))
            .unwrap();
        refusal.code().as_str()
    });
    (code, told)
}

fn last_form(verifier: &Verifier) -> Value {
    json!(verifier.received().last().unwrap().form())
}

#[test]
fn a_no_is_told_as_access_denied_in_the_mode_of_the_answer() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let clear = verifier.request(|_| {});
    let said = posted(&flow, &mut store, &clear, NO);
    assert_eq!(said, ("consent_declined".to_owned(), Some("access_denied")));
    let form = last_form(&verifier);
    assert_eq!(
        form,
        json!({"error": "access_denied", "state": "af0ifjsldkj"})
    );
    // Encrypted where the answer would have been.
    let key = DecryptionKey::generate("k").unwrap();
    let mut jwk = key.public_jwk();
    jwk["alg"] = json!("ECDH-ES");
    let sealed = verifier.request(|payload| {
        payload["response_mode"] = json!("direct_post.jwt");
        payload["client_metadata"] = json!({"jwks": {"keys": [jwk]}});
    });
    posted(&flow, &mut store, &sealed, NO);
    let form = last_form(&verifier);
    assert_eq!(form.as_object().unwrap().len(), 1);
    let said = key
        .decrypt(form["response"].as_str().unwrap(), &["A128GCM"])
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&said).unwrap(),
        json!({"error": "access_denied", "state": "af0ifjsldkj"})
    );
    // The holder may want silence, and nothing was spent either way.
    let before = verifier.received().len();
    let said = posted(&flow, &mut store, &clear, SILENT);
    assert_eq!(said, ("consent_declined".to_owned(), None));
    assert_eq!(verifier.received().len(), before);
    let left: usize = store
        .contents()
        .sets
        .iter()
        .map(|set| set.unused.len())
        .sum();
    assert_eq!(left, 20);
}

#[test]
fn a_refusal_goes_on_where_the_requester_says() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let next = "https://verifier.example/cb#response_code=091535f699ea575c7937fa5f0f454aee";
    verifier.answers(move |_| Answer::ok(json!({"redirect_uri": next}).to_string()));
    let object = flow.object(&store, &verifier.request(|_| {})).unwrap();
    let (_, refusal) = refused(&flow, &mut store, &object, NO);
    let sent = refusal.unwrap().send(verifier.surroundings(&world));
    assert_eq!(sent.unwrap().redirect_uri.unwrap().as_str(), next);
    verifier.answers(|_| Answer {
        status: 400,
        ..Answer::ok("{}")
    });
    let (_, refusal) = refused(&flow, &mut store, &object, NO);
    let sent = refusal.unwrap().send(verifier.surroundings(&world));
    assert_eq!(code(sent), "requester_refused");
}

/// §15.4.1: a verifier cannot tell what the holder lacks from what the holder will not show.
#[test]
fn what_does_not_fit_looks_like_a_no_and_waits_for_the_holders_word() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    posted(&flow, &mut store, &verifier.request(|_| {}), NO);
    let no = last_form(&verifier);
    let pid = |change: Value| {
        verifier.request(|payload| {
            for (name, value) in change.as_object().unwrap() {
                payload["dcql_query"]["credentials"][0][name] = value.clone();
            }
        })
    };
    let pay = base64url(
        json!({"type": "urn:tessera:transaction:payment:1", "credential_ids": ["pid"],
            "payee": "SPECIMEN shop", "amount": "12.50", "currency": "EUR"})
        .to_string()
        .as_bytes(),
    );
    for (request, reason) in [
        (
            pid(json!({"claims": [{"path": ["shoe_size"]}]})),
            "query_not_satisfied",
        ),
        (
            pid(json!({"claims": [{"path": ["family_name"], "values": ["OTHER"]}]})),
            "query_not_satisfied",
        ),
        (
            pid(json!({"meta": {"vct_values": ["urn:example:diploma"]}})),
            "assurance_too_low",
        ),
        // It matters only to whoever holds the type that is asked for.
        (
            pid(
                json!({"trusted_authorities": [{"type": "etsi_tl", "values": ["https://tl.example"]}]}),
            ),
            "request_invalid",
        ),
        (
            verifier.request(|payload| {
                payload["transaction_data"] = json!([pay]);
                payload["dcql_query"]["credentials"][0]["require_cryptographic_holder_binding"] =
                    json!(false);
            }),
            "transaction_data_invalid",
        ),
    ] {
        let before = verifier.received().len();
        let said = posted(&flow, &mut store, &request, SILENT);
        assert_eq!(said, (reason.to_owned(), None));
        assert_eq!(verifier.received().len(), before, "not without a word");
        let said = posted(&flow, &mut store, &request, NO);
        assert_eq!(said, (reason.to_owned(), Some("access_denied")));
        assert_eq!(last_form(&verifier), no, "{reason}");
    }
}

#[test]
fn what_is_wrong_with_the_request_alone_is_told_by_its_own_code() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let with = |name: &str, value: Value| {
        verifier.request(|payload| match value.is_null() {
            true => drop(payload.as_object_mut().unwrap().remove(name)),
            false => payload[name] = value,
        })
    };
    let unknown = base64url(
        json!({"type": "urn:example:unknown", "credential_ids": ["pid"]})
            .to_string()
            .as_bytes(),
    );
    for (request, told) in [
        (
            with("redirect_uri", json!("https://verifier.example/cb")),
            "invalid_request",
        ),
        (with("nonce", Value::Null), "invalid_request"),
        (with("dcql_query", Value::Null), "invalid_request"),
        (with("scope", json!("pid")), "invalid_request"),
        (with("response_type", json!("code")), "invalid_request"),
        (with("client_metadata", json!([])), "invalid_request"),
        // No key to encrypt to: the error may come in the clear (§8.3.1).
        (
            with("response_mode", json!("direct_post.jwt")),
            "invalid_request",
        ),
        (
            with("transaction_data", json!([unknown])),
            "invalid_transaction_data",
        ),
        (
            with(
                "client_metadata",
                json!({"vp_formats_supported": {"mso_mdoc": {}}}),
            ),
            "vp_formats_not_supported",
        ),
    ] {
        let (reason, said) = posted(&flow, &mut store, &request, NO);
        assert_eq!(said, Some(told), "{reason}");
        let form = last_form(&verifier);
        assert_eq!(form, json!({"error": told, "state": "af0ifjsldkj"}));
        let (_, said) = posted(&flow, &mut store, &request, SILENT);
        assert_eq!(said, None, "not without the holder's word");
    }
    // The way of fetching is the link's: the request is fetched to learn who may be told.
    let compact = verifier.request(|_| {});
    verifier.answers(move |_| Answer::ok(compact.clone()));
    let at = format!("{}/request/1", verifier.origin);
    for method in ["put", "POST", "Get"] {
        let link = verifier.link(&[("request_uri", &at), ("request_uri_method", method)]);
        let said = posted(&flow, &mut store, &link, NO);
        assert_eq!(
            said,
            (
                "request_uri_method_unknown".to_owned(),
                Some("invalid_request_uri_method")
            )
        );
    }
}

#[test]
fn nobody_is_told_anything_whose_signature_or_address_is_not_known() {
    let (world, verifier, other) = (World::new(), Verifier::start(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let mut flow = Flow::new(&world, &verifier);
    let broken = |payload: &mut Value| drop(payload.as_object_mut().unwrap().remove("nonce"));
    let honest = verifier.request(broken);
    assert!(posted(&flow, &mut store, &honest, NO).1.is_some());
    let mut payload = verifier.parameters();
    broken(&mut payload);
    let now = world.now.get();
    let silent = [
        ("another signature", other.sign(&payload)),
        (
            "an unknown prefix",
            verifier.request(|payload| {
                broken(payload);
                payload["client_id"] = json!("openid_federation:https://verifier.example");
            }),
        ),
        ("another client's link", other.link(&[("request", &honest)])),
        (
            "past",
            verifier.request(|payload| {
                broken(payload);
                payload["exp"] = json!(now - 1);
            }),
        ),
        (
            "from the future",
            verifier.request(|payload| {
                broken(payload);
                payload["iat"] = json!(now + 3600);
            }),
        ),
        (
            "no address",
            verifier.request(|payload| {
                broken(payload);
                payload.as_object_mut().unwrap().remove("response_uri");
            }),
        ),
        (
            "another way back",
            verifier.request(|payload| {
                broken(payload);
                payload["response_mode"] = json!("fragment");
            }),
        ),
    ];
    let before = verifier.received().len();
    for (why, from) in &silent {
        assert_eq!(posted(&flow, &mut store, from, NO).1, None, "{why}");
    }
    // An address in a private network is not contacted for an error either.
    let inwards = verifier.request(|payload| {
        broken(payload);
        payload["response_uri"] = json!("https://10.0.0.1/response");
    });
    let object = flow.object(&store, &inwards).unwrap();
    let (_, refusal) = refused(&flow, &mut store, &object, NO);
    let sent = refusal.unwrap().send(verifier.surroundings(&world));
    assert_eq!(code(sent), "address_refused");
    // A request that was made for another fetch.
    let stale =
        verifier.request(|payload| payload["wallet_nonce"] = json!("AAAAAAAAAAAAAAAAAAAAAA"));
    verifier.answers(move |_| Answer::ok(stale.clone()));
    let at = format!("{}/request/1", verifier.origin);
    let link = verifier.link(&[("request_uri", &at), ("request_uri_method", "post")]);
    assert_eq!(posted(&flow, &mut store, &link, NO).1, None);
    // An unsigned link: whoever wrote it chose the address. The holder may answer it, and tells it nothing.
    let response = format!("{}/response", verifier.origin);
    let query = verifier.parameters()["dcql_query"].to_string();
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("client_id", format!("redirect_uri:{response}")),
        ("response_type", "vp_token".to_owned()),
        ("response_mode", "direct_post".to_owned()),
        ("nonce", "n-0S6_WzA2Mj".to_owned()),
        ("dcql_query", query),
    ]);
    let link = format!("openid4vp://?{}", form.finish());
    let said = posted(&flow, &mut store, &link, NO);
    assert_eq!(said, ("consent_declined".to_owned(), None));
    // A stranger, where the holder does not want strangers; an address on this machine, where it may not lead there.
    flow.acceptance = Acceptance::default();
    assert_eq!(posted(&flow, &mut store, &honest, NO).1, None);
    flow.acceptance = asking();
    flow.local = false;
    assert_eq!(posted(&flow, &mut store, &honest, NO).1, None);
    let posts = verifier.received();
    let posts = posts.iter().skip(before);
    assert!(posts.clone().all(|one| one.line.ends_with("/request/1")));
}

#[test]
fn a_registered_party_that_asks_beyond_its_registration_is_told_no_more_than_no() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let mut flow = Flow::new(&world, &verifier);
    flow.acceptance = Acceptance::default();
    let birthdate = tessera_verifier::dcql::ClaimPath::keys(&["birthdate"]);
    let greedy = world.request("internet-cafe", Some(birthdate), None);
    let elsewhere = world.request("train-gate", None, None);
    for (request, reason) in [
        (greedy, "over_asking"),
        (elsewhere, "requester_unregistered"),
    ] {
        // Handed over: there is nobody to tell.
        let object = RequestObject::from_text(&request).unwrap();
        let (code, refusal) = refused(&flow, &mut store, &object, NO);
        assert_eq!((code.as_str(), refusal.is_none()), (reason, true));
    }
    let birthdate = tessera_verifier::dcql::ClaimPath::keys(&["birthdate"]);
    let greedy = world.request(
        "internet-cafe",
        Some(birthdate),
        Some(support::RESPONSE_URI),
    );
    let object = RequestObject::from_text(&greedy).unwrap();
    let (code, refusal) = refused(&flow, &mut store, &object, NO);
    assert_eq!(code, "over_asking");
    let refusal = refusal.unwrap();
    assert_eq!(refusal.code(), ErrorCode::AccessDenied);
    refusal.send(world.surroundings()).unwrap();
    let posted = world.posted.borrow().last().unwrap().clone();
    assert!(posted.starts_with("error=access_denied"), "{posted}");
    assert!(!posted.contains("birthdate"), "{posted}");
}

#[test]
fn over_the_digital_credentials_api_an_error_is_a_single_member() {
    let (world, verifier) = (World::new(), Verifier::start());
    let (_folder, mut store) = holder(&world);
    let flow = Flow::new(&world, &verifier);
    let key = DecryptionKey::generate("k").unwrap();
    let mut jwk = key.public_jwk();
    jwk["alg"] = json!("ECDH-ES");
    let mut data = super::dc_api::parameters(&verifier, "dc_api.jwt");
    data["client_metadata"] = json!({"jwks": {"keys": [jwk]}});
    let mut broken = data.clone();
    broken.as_object_mut().unwrap().remove("nonce");
    let signed = json!({"request": verifier.sign(&data)});
    for (protocol, data, origin, told) in [
        (
            "openid4vp-v1-unsigned",
            &data,
            super::dc_api::ORIGIN,
            "access_denied",
        ),
        (
            "openid4vp-v1-unsigned",
            &broken,
            super::dc_api::ORIGIN,
            "invalid_request",
        ),
        // Appendix A.2: replayed from another page.
        (
            "openid4vp-v1-signed",
            &signed,
            "https://attacker.example",
            "invalid_request",
        ),
    ] {
        let bytes = data.to_string();
        let object = RequestObject::from_dc_api(protocol, bytes.as_bytes(), origin).unwrap();
        let (_, refusal) = refused(&flow, &mut store, &object, NO);
        let refusal = refusal.unwrap();
        assert!(!refusal.is_posted());
        assert_eq!(refusal.to_data(), json!({"error": told}));
        // The platform is told that it was called off, and no more.
        let (_, refusal) = refused(&flow, &mut store, &object, SILENT);
        assert!(refusal.is_none());
    }
}

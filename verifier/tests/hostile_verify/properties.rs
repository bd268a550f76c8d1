//! No input makes a parser panic, and no changed byte makes an honest presentation say something else.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::json;
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::dcql::Query;
use tessera_verifier::json::{self, Limits};
use tessera_verifier::status::BitString;
use tessera_verifier::verify::UnverifiedPresentation;
use tessera_verifier::{Bundle, Request, Timestamp, did, jws, sd_jwt, terminal, vci, verify};

use crate::world::{NOW, World, policy};

struct Honest {
    world: World,
    request: Request,
    request_jwt: String,
    bundle: Bundle,
    tokens: [Vec<u8>; 2],
}

fn honest() -> &'static Honest {
    static HONEST: OnceLock<Honest> = OnceLock::new();
    HONEST.get_or_init(|| {
        let world = World::new();
        let request_jwt = world.request_jwt("internet-cafe");
        let request = Request::for_own(&request_jwt).unwrap();
        let sd_jwt = json!({"sd_jwt": [world.show(&world.issue(Limited), &request)]});
        let ldp = json!({"ldp": [world.show_ldp(&world.issue_ldp(Limited), &request)]});
        let tokens = [
            sd_jwt.to_string().into_bytes(),
            ldp.to_string().into_bytes(),
        ];
        Honest {
            bundle: world.bundle(),
            world,
            request,
            request_jwt,
            tokens,
        }
    })
}

/// Every parser on one input.
fn parse_everything(bytes: &[u8]) {
    let _ = json::parse(bytes, Limits::MESSAGE);
    let _ = UnverifiedPresentation::parse(bytes);
    let _ = Bundle::open(bytes, &honest().world.root.did());
    let Ok(text) = core::str::from_utf8(bytes) else {
        return;
    };
    let _ = jws::parse(text, Limits::MESSAGE);
    let _ = sd_jwt::parse(text).map(|sd_jwt| sd_jwt.select(&[]).is_ok());
    let _ = sd_jwt::Disclosure::parse(text);
    let _ = did::resolve(text);
    let _ = Request::parse(text, NOW);
    let _ = Timestamp::parse_rfc3339(text);
    let _ = BitString::decode_token(text);
    let _ = BitString::decode_bitstring(text);
    let _ = vci::CredentialOffer::from_uri(text);
    let _ = vci::proof::verify(text, "https://issuer.example", NOW);
    let _ = terminal::verify::<terminal::EvidenceStatement>(text, "https://issuer.example", NOW);
    if let Ok(value) = json::parse(bytes, Limits::MESSAGE) {
        let _ = Query::from_value(&value);
    }
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        parse_everything(&bytes);
    }

    #[test]
    fn hostile_text_never_panics(text in "[\\PC~.#:{}\"\\[\\],a-zA-Z0-9_-]{0,512}") {
        parse_everything(text.as_bytes());
        parse_everything(format!("did:key:z{text}").as_bytes());
        parse_everything(format!("did:jwk:{text}").as_bytes());
        parse_everything(format!("u{text}").as_bytes());
        parse_everything(format!("openid-credential-offer://?credential_offer={text}").as_bytes());
    }

    #[test]
    fn hostile_change_is_refused(which in 0usize..2, position: prop::sample::Index, byte: u8, cut: bool) {
        let honest = honest();
        let mut bytes = honest.tokens[which].clone();
        let at = position.index(bytes.len());
        if cut {
            bytes.remove(at);
        } else {
            bytes[at] = byte;
        }
        let refused = verify(&bytes, &honest.request, &policy(&honest.request), &honest.bundle, NOW).is_err();
        // White space between JSON tokens is nobody's; everything else is covered.
        let same = serde_json::from_slice::<serde_json::Value>(&bytes).ok()
            == serde_json::from_slice(&honest.tokens[which]).ok();
        prop_assert!(refused || same, "format {which}, byte {at}");
    }

    #[test]
    fn hostile_request_change_is_refused(position: prop::sample::Index, byte in "[A-Za-z0-9_.-]") {
        let honest = honest();
        let mut text = honest.request_jwt.clone();
        let at = position.index(text.len());
        text.replace_range(at..=at, &byte);
        let request = Request::parse(&text, NOW).and_then(|request| request.authenticate(&honest.bundle, NOW));
        prop_assert!(request.is_err() || text == honest.request_jwt, "character {at}");
    }

    #[test]
    fn hostile_status_index_never_panics(index: usize) {
        let bits = BitString::new(0).unwrap();
        prop_assert_eq!(bits.get(index), (index < bits.len()).then_some(false));
    }
}

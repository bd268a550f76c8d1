//! Revocation and freshness: classes 3, 5, 6, 14 and 19.

use std::io::Write as _;
use std::time::Instant;

use serde_json::json;
use tessera_verifier::bundle::{StatusListEntry, StatusListFormat};
use tessera_verifier::claims::AssuranceLevel::Limited;
use tessera_verifier::encoding::{base64url, multibase_base64url};
use tessera_verifier::policy::StaleStatus;
use tessera_verifier::status::{BitString, Statuses, status_list_credential, token_status_list};
use tessera_verifier::verify::Undetermined;
use tessera_verifier::{Bundle, Request, Status, Timestamp, verify};

use crate::world::{DAY, INDEX, LIST, NOW, Signer, World, check, check_ldp, code, policy};

fn both(world: &World, request: &Request) -> [String; 2] {
    let sd_jwt = json!({"sd_jwt": [world.show(&world.issue(Limited), request)]});
    let ldp = json!({"ldp": [world.show_ldp(&world.issue_ldp(Limited), request)]});
    [sd_jwt.to_string(), ldp.to_string()]
}

/// Class 3.
#[test]
fn revoked() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let bundle = world
        .bundle_with(world.trusted(), world.lists(&[INDEX]))
        .unwrap();
    for token in both(&world, &request) {
        assert_eq!(
            code(verify(
                token.as_bytes(),
                &request,
                &policy(&request),
                &bundle,
                NOW
            )),
            "revoked"
        );
        // Revoked stays revoked for those who let an undetermined status pass, even with a stale bundle.
        let mut lenient = policy(&request);
        lenient.stale_status = StaleStatus::Undetermined;
        lenient.max_presentation_age = 10 * DAY;
        lenient.clock_skew = 10 * DAY;
        let later = NOW.add_seconds(2 * DAY);
        assert_eq!(
            code(verify(token.as_bytes(), &request, &lenient, &bundle, later)),
            "revoked"
        );
    }
    let neighbours = world
        .bundle_with(world.trusted(), world.lists(&[INDEX - 1, INDEX + 1]))
        .unwrap();
    let shown = world.show(&world.issue(Limited), &request);
    assert_eq!(code(check(&shown, &request, &neighbours)), "verified");
}

/// Class 6: stale.
#[test]
fn stale_bundle_or_list() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let bits = BitString::new(0).unwrap();
    let tired = world.lists_of(&bits, NOW.add_seconds(-DAY), NOW);
    let tired = world.bundle_with(world.trusted(), tired).unwrap();
    let checked = |token: &str, bundle: &Bundle, now: Timestamp, stale_status| {
        let mut policy = policy(&request);
        (
            policy.stale_status,
            policy.max_presentation_age,
            policy.clock_skew,
        ) = (stale_status, 10 * DAY, 10 * DAY);
        verify(token.as_bytes(), &request, &policy, bundle, now)
    };
    let bundle = world.bundle();
    for token in both(&world, &request) {
        assert_eq!(
            code(checked(&token, &tired, NOW, StaleStatus::Refuse)),
            "status_undetermined"
        );
        let end = bundle.expires();
        assert_eq!(
            code(checked(
                &token,
                &bundle,
                end.add_seconds(-1),
                StaleStatus::Refuse
            )),
            "verified"
        );
        assert_eq!(
            code(checked(&token, &bundle, end, StaleStatus::Refuse)),
            "bundle_stale"
        );
        let verified = checked(&token, &bundle, end, StaleStatus::Undetermined).unwrap();
        let status = verified.credentials()[0].status();
        assert_eq!(
            status,
            Status::Undetermined(Undetermined::BundleStale { until: end })
        );
    }
}

/// A list that does not hold yet says nothing of now.
#[test]
fn list_from_the_future() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let bits = BitString::new(0).unwrap();
    let skew = policy(&request).clock_skew;
    for token in both(&world, &request) {
        for (ahead, expected) in [(skew, "verified"), (skew + 1, "status_undetermined")] {
            let from = NOW.add_seconds(ahead);
            let lists = world.lists_of(&bits, from, NOW.add_seconds(DAY));
            let bundle = world.bundle_with(world.trusted(), lists).unwrap();
            let mut policy = policy(&request);
            let checked = verify(token.as_bytes(), &request, &policy, &bundle, NOW);
            assert_eq!(code(checked), expected);
            policy.stale_status = StaleStatus::Undetermined;
            let checked = verify(token.as_bytes(), &request, &policy, &bundle, NOW).unwrap();
            let status = match ahead > skew {
                true => Status::Undetermined(Undetermined::ListNotYetValid { from }),
                false => Status::Valid,
            };
            assert_eq!(checked.credentials()[0].status(), status);
        }
    }
}

/// Class 6: missing.
#[test]
fn missing_list_or_index_or_statement() {
    let world = World::new();
    let (request, bundle) = (world.request("internet-cafe"), world.bundle());
    let bare = world.seal(world.builder().issuer(world.trusted())).unwrap();
    for token in both(&world, &request) {
        assert_eq!(
            code(verify(
                token.as_bytes(),
                &request,
                &policy(&request),
                &bare,
                NOW
            )),
            "status_undetermined"
        );
    }
    for status in [
        json!({"status_list": {"idx": BitString::MIN_ENTRIES, "uri": format!("{LIST}.jwt")}}),
        json!({"status_list": {"idx": -1, "uri": format!("{LIST}.jwt")}}),
        json!({"status_list": {"idx": 0, "uri": LIST}}),
        json!({}),
    ] {
        let mut visible = world.visible(Limited);
        visible.claims.insert("status".to_owned(), status);
        let shown = world.show(&world.issue_as(visible, &world.issuer), &request);
        assert_eq!(
            code(check(&shown, &request, &bundle)),
            "status_undetermined"
        );
    }
    for (name, value, expected) in [
        (
            "statusListIndex",
            BitString::MIN_ENTRIES.to_string(),
            "status_undetermined",
        ),
        (
            "statusListCredential",
            format!("{LIST}.jwt"),
            "status_undetermined",
        ),
        ("statusListIndex", "-1".to_owned(), "malformed"),
        ("statusListIndex", "007".to_owned(), "malformed"),
        ("statusPurpose", "suspension".to_owned(), "malformed"),
    ] {
        let mut document = world.ldp_document(Limited, &world.issuer.did());
        document["credentialStatus"][name] = json!(value);
        let base = World::secure_ldp(&document, &world.issuer);
        let shown = world.show_ldp(&base, &request);
        assert_eq!(
            code(check_ldp(&shown, &request, &bundle)),
            expected,
            "{name}: {value}"
        );
    }
}

/// Class 6: unsigned, or signed by somebody else, or the list of another place.
#[test]
fn list_of_nobody_or_somebody_else() {
    let world = World::new();
    let mallory = Signer::fresh();
    let bits = BitString::new(0).unwrap();
    let opened = |entry: StatusListEntry| {
        world
            .seal(world.builder().issuer(world.trusted()).status_list(entry))
            .err()
            .map(|error| error.code())
    };
    let [document, token] = world.lists(&[]);
    assert_eq!(opened(document.clone()), None);
    assert_eq!(opened(token.clone()), None);

    let mut unsigned = document.clone();
    unsigned.value.as_object_mut().unwrap().remove("proof");
    assert_eq!(opened(unsigned), Some("malformed"));
    let mut flipped = document.clone();
    let mut other = BitString::new(0).unwrap();
    other.set(0, true).unwrap();
    flipped.value["credentialSubject"]["encodedList"] = json!(other.encode_bitstring());
    assert_eq!(opened(flipped), Some("invalid_signature"));

    let foreign =
        token_status_list(&token.uri, &mallory.did(), &bits, NOW, NOW.add_seconds(DAY)).unwrap();
    let foreign = json!(foreign.sign(&mallory).unwrap());
    assert_eq!(
        opened(StatusListEntry {
            value: foreign,
            ..token.clone()
        }),
        Some("issuer_untrusted")
    );
    let forged = token_status_list(
        &token.uri,
        &world.issuer.did(),
        &bits,
        NOW,
        NOW.add_seconds(DAY),
    )
    .unwrap();
    let forged = json!(forged.sign(&mallory).unwrap());
    assert_eq!(
        opened(StatusListEntry {
            value: forged,
            ..token.clone()
        }),
        Some("invalid_signature")
    );

    let moved = "https://issuer.example/status/2".to_owned();
    assert_eq!(
        opened(StatusListEntry {
            uri: moved.clone(),
            ..token
        }),
        Some("malformed")
    );
    assert_eq!(
        opened(StatusListEntry {
            uri: moved,
            ..document
        }),
        Some("malformed")
    );
    let unsecured =
        status_list_credential(LIST, &world.issuer.did(), &bits, NOW, NOW.add_seconds(DAY));
    let entry = StatusListEntry {
        uri: LIST.to_owned(),
        format: StatusListFormat::Bitstring,
        value: unsecured,
    };
    assert_eq!(opened(entry), Some("malformed"));
}

/// Class 5: a few kilobytes that unpack to gigabytes.
#[test]
fn decompression_bomb() {
    let zeros = vec![0; 1 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        gzip.write_all(&zeros).unwrap();
        zlib.write_all(&zeros).unwrap();
    }
    let (gzip, zlib) = (gzip.finish().unwrap(), zlib.finish().unwrap());
    assert!(gzip.len() < 100_000);
    let refused =
        |result: Result<BitString, tessera_verifier::Error>| result.err().map(|error| error.code());
    assert_eq!(
        refused(BitString::decode_bitstring(&multibase_base64url(&gzip))),
        Some("too_large")
    );
    assert_eq!(
        refused(BitString::decode_token(&base64url(&zlib))),
        Some("too_large")
    );
}

/// Class 14, and lists that are too short, cut off or followed by something.
#[test]
fn encodings_that_are_not_exact() {
    let bits = BitString::new(0).unwrap();
    let (bitstring, token) = (bits.encode_bitstring(), bits.encode_token());
    let malformed = |result: Result<BitString, tessera_verifier::Error>| {
        assert_eq!(result.err().map(|error| error.code()), Some("malformed"));
    };
    for padding in ["=", "==", "===", "A", "AAAA"] {
        malformed(BitString::decode_token(&format!("{token}{padding}")));
        malformed(BitString::decode_bitstring(&format!(
            "{bitstring}{padding}"
        )));
    }
    malformed(BitString::decode_token(&token[..token.len() - 4]));
    malformed(BitString::decode_bitstring(
        bitstring.trim_start_matches('u'),
    ));
    malformed(BitString::decode_bitstring(&format!("u{token}")));
    let mut short = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    short.write_all(&[0; 16_383]).unwrap();
    let short = BitString::decode_token(&base64url(&short.finish().unwrap()));
    assert_eq!(
        short.err().map(|error| error.code()),
        Some("status_list_too_short")
    );
}

/// Class 19: the list is decoded when the bundle is opened, never again.
#[test]
fn list_is_decoded_once() {
    let world = World::new();
    let request = world.request("internet-cafe");
    let bits = BitString::new(BitString::MAX_ENTRIES).unwrap();
    let bundle = world
        .bundle_with(
            world.trusted(),
            world.lists_of(&bits, NOW, NOW.add_seconds(DAY)),
        )
        .unwrap();
    let again = bundle.clone();
    let list = |bundle: &Bundle| {
        let list = bundle.status_list(StatusListFormat::Bitstring, LIST);
        match &list.unwrap().statuses {
            Statuses::Bitstring(bits) => bits.clone(),
            _ => unreachable!("a list of bits"),
        }
    };
    assert!(std::sync::Arc::ptr_eq(&list(&bundle), &list(&again)));
    // Decoding 16 MiB takes tens of milliseconds; a thousand lookups must take less than one decoding.
    let start = Instant::now();
    let decoded = BitString::decode_bitstring(&bits.encode_bitstring()).unwrap();
    let decoding = start.elapsed();
    let start = Instant::now();
    assert!((0..1000).all(|index| list(&bundle).get(index) == decoded.get(index)));
    assert!(start.elapsed() < decoding);
    let shown = world.show_ldp(&world.issue_ldp(Limited), &request);
    assert_eq!(code(check_ldp(&shown, &request, &bundle)), "verified");
}

//! Certificates, authorities and revocation lists in which one thing is not as it should be; see [`super::objects`].

use super::forge::*;
use rand_core::OsRng;
use tessera_card::{CscaAnchors, MasterList, Policy};
use tessera_cardsim::Csca;

/// RFC 5280 §4.1, §4.2; Doc 9303-12 §7.1.
#[test]
fn certificates_of_signers() {
    const UNKNOWN: [u8; 9] = [0x2B, 6, 1, 4, 1, 0x81, 0xFD, 0x59, 9];
    judged(&[
        ("version 1", "malformed", |d| d.certificate.version.clear()),
        ("version 2", "malformed", |d| {
            d.certificate.version = tlv(0xA0, &[&integer(&[1])]);
        }),
        ("no purpose", "chip_not_authentic", |d| {
            d.certificate.extensions.clear()
        }),
        ("may sign lists only", "chip_not_authentic", |d| {
            d.certificate.extensions = vec![key_usage(0b10)];
        }),
        ("may sign certificates as well", "chip_not_authentic", |d| {
            d.certificate.extensions = vec![key_usage(0b1000_0100)];
        }),
        ("two purposes", "malformed", |d| {
            d.certificate.extensions.push(key_usage(0b10))
        }),
        ("an unknown extension twice", "malformed", |d| {
            let unknown = extension(&UNKNOWN, false, &[5, 0]);
            d.certificate.extensions.extend([unknown.clone(), unknown]);
        }),
        ("larger than any", "too_large", |d| {
            d.certificate
                .extensions
                .push(extension(&UNKNOWN, false, &[0; 9000]));
        }),
        ("of another country", "csca_of_another_state", |d| {
            d.certificate.subject = countries(&["QQ"]);
        }),
        (
            "an unknown critical extension",
            "unsupported_algorithm",
            |d| {
                d.certificate
                    .extensions
                    .push(extension(&UNKNOWN, true, &[5, 0]));
            },
        ),
        ("signs web servers", "chip_not_authentic", |d| {
            let server = sequence(&[&oid(&[0x2B, 6, 1, 5, 5, 7, 3, 1])]);
            d.certificate
                .extensions
                .push(extension(&[0x55, 0x1D, 37], false, &server));
        }),
        ("another algorithm outside", "malformed", |d| {
            let sha512 = sequence(&[&oid(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 4])]);
            d.certificate.outer_algorithm = Some(sha512);
        }),
        ("names another authority", "csca_unknown", |d| {
            d.certificate.issuer = name("Other")
        }),
        ("another key of the authority's name", "csca_unknown", |d| {
            d.certificate.signed_by = Key::ec();
        }),
        ("names another key of the authority", "accepted", |d| {
            // The authority here has no key identifier, so that only its signature counts.
            let identifier = sequence(&[&tlv(0x80, &[&[7; 20]])]);
            d.certificate
                .extensions
                .push(extension(&[0x55, 0x1D, 35], false, &identifier));
        }),
        ("under an authority in between", "csca_unknown", |d| {
            let between = Key::ec();
            let mut certificate = authority(&between, "CSCA");
            certificate.subject = name("Between");
            certificate.signed_by = d.authority.clone();
            d.others.push(certificate.der());
            d.certificate.issuer = name("Between");
            d.certificate.signed_by = between;
        }),
        ("signed by another signer", "csca_unknown", |d| {
            let other = Key::ec();
            let mut certificate = d.certificate.clone();
            (certificate.spki, certificate.serial) = (other.spki.clone(), vec![9]);
            d.others.push(certificate.der());
            d.certificate.issuer = certificate.subject;
            d.certificate.signed_by = other;
        }),
        ("the authority itself", "chip_not_authentic", |d| {
            d.certificate = authority(&d.authority, "CSCA");
            d.signer = d.authority.clone();
        }),
        ("its own", "csca_unknown", |d| {
            d.certificate.signed_by = d.signer.clone()
        }),
        ("not yet valid", "document_signer_not_valid", |d| {
            d.certificate.validity = (1, 5)
        }),
        ("run out", "document_signer_not_valid", |d| {
            d.certificate.validity = (-3, 0)
        }),
        (
            "issued before its authority",
            "document_signer_not_valid",
            |d| {
                d.certificate.validity = (-6, 5);
            },
        ),
    ]);
}

/// Doc 9303-12 §7.1.1.6: what a signer may sign, as zones name it.
#[test]
fn a_signer_of_other_documents() {
    let mut document = Document::genuine();
    let list = |types: &[&str]| {
        let types: Vec<Vec<u8>> = types.iter().map(|t| tlv(0x13, &[t.as_bytes()])).collect();
        let list = sequence(&[&integer(&[0]), &set(&[&types.concat()])]);
        extension(&[0x67, 0x81, 0x08, 1, 1, 6, 2], false, &list)
    };
    for (types, zone, expected) in [
        (&["P"][..], "P<UTO", "accepted"),
        (&["P"], "PMUTO", "accepted"),
        (&["V", "P<"], "P<UTO", "accepted"),
        (&["PM"], "PMUTO", "accepted"),
        (&["PM"], "P<UTO", "chip_not_authentic"),
        (&["PM"], "PPUTO", "chip_not_authentic"),
        (&["V", "ID"], "P<UTO", "chip_not_authentic"),
        (&[], "P<UTO", "chip_not_authentic"),
    ] {
        document.certificate.extensions = vec![key_usage(0x80), list(types)];
        document.groups[0].1 = dg1(zone);
        assert_eq!(code(document.judge()), expected, "{types:?} {zone}");
    }
    let broken = extension(&[0x67, 0x81, 0x08, 1, 1, 6, 2], false, &[0x31, 0]);
    document.certificate.extensions = vec![key_usage(0x80), broken];
    assert_eq!(code(document.judge()), "malformed");
}

/// Serial numbers as authorities have given them: revoked, each is found.
#[test]
fn serial_numbers() {
    let mut document = Document::genuine();
    for serial in [&[0][..], &[0, 0x80], &[0x80], &[0xFF, 1], &[0x7F; 20]] {
        document.certificate.serial = serial.to_vec();
        assert_eq!(code(document.judge()), "accepted", "{serial:?}");
        let mut anchors = document.anchors().unwrap();
        let number = extension(&[0x55, 0x1D, 20], false, &integer(&[1]));
        let list = revocation_list(&document.authority, "CSCA", &[serial], &[number], Some(1));
        anchors.add_crl(&list, NOW).unwrap();
        let judged = document.judge_by(&anchors, &Policy::default());
        assert_eq!(code(judged), "document_signer_revoked", "{serial:?}");
    }
}

/// Certificates that are no authorities'.
#[test]
fn anchors() {
    let key = Key::ec();
    let basic = |flag: &[u8]| extension(&[0x55, 0x1D, 19], true, &sequence(&[flag]));
    let signs = || key_usage(0b0000_0110);
    for (what, extensions, expected) in [
        (
            "an authority",
            vec![basic(&[1, 1, 0xFF]), signs()],
            "accepted",
        ),
        ("says nothing", vec![signs()], "malformed"),
        ("says no", vec![basic(&[]), signs()], "malformed"),
        ("no purpose", vec![basic(&[1, 1, 0xFF])], "malformed"),
        (
            "lists only",
            vec![basic(&[1, 1, 0xFF]), key_usage(0b10)],
            "malformed",
        ),
        (
            "says yes and no",
            vec![basic(&[1, 1, 0xFF]), basic(&[]), signs()],
            "malformed",
        ),
    ] {
        let mut certificate = authority(&key, "CSCA");
        certificate.extensions = extensions;
        assert_eq!(
            code(CscaAnchors::new().add(&certificate.der(), "UTO")),
            expected,
            "{what}"
        );
    }
    // A link that SHA-1 signed: somebody could have found two keys for one signature.
    let old = Key::rsa(2048, 65_537);
    let mut anchors = CscaAnchors::new();
    anchors.add(&authority(&old, "CSCA").der(), "UTO").unwrap();
    let mut link = authority(&key, "CSCA");
    link.signed_by = old.clone();
    assert_eq!(code(anchors.add(&link.der(), "UTO")), "accepted");
    link.signed_by = old.with_sha1();
    assert_eq!(code(anchors.add(&link.der(), "UTO")), "malformed");
}

/// An authority of another state under the same name, whose list would clear what the first one revoked.
#[test]
fn one_name_for_two_states() {
    let document = Document::genuine();
    let mut anchors = document.anchors().unwrap();
    let (own, other) = (authority(&document.authority, "CSCA").der(), Key::ec());
    let other = authority(&other, "CSCA").der();
    assert_eq!(code(anchors.add(&other, "D")), "csca_of_another_state");
    // Its next key, and the same key for another state's documents too.
    anchors.add(&other, "UTO").unwrap();
    anchors.add(&own, "D").unwrap();
    assert_eq!(anchors.len(), 3);
}

/// RFC 5280 §5.2, §5.3, and the name that a list goes by.
#[test]
fn lists_that_do_not_say_what_they_seem() {
    let document = Document::genuine();
    let key = &document.authority;
    let number = |octets: &[u8]| extension(&[0x55, 0x1D, 20], false, &integer(octets));
    let add = |extensions: &[Vec<u8>], next| {
        let mut anchors = document.anchors().unwrap();
        let list = revocation_list(key, "CSCA", &[], extensions, next);
        anchors.add_crl(&list, NOW).map(|_| anchors)
    };
    let partial = |flag: &[u8]| {
        let point = octets(&sequence(&[]));
        sequence(&[&oid(&[0x55, 0x1D, 28]), flag, &point])
    };
    for (what, extensions, expected) in [
        ("whole", vec![number(&[1])], "accepted"),
        (
            "partial",
            vec![partial(&[1, 1, 0xFF])],
            "unsupported_algorithm",
        ),
        (
            "partial, not in DER",
            vec![partial(&[1, 1, 1])],
            "malformed",
        ),
        (
            "partial, at length",
            vec![partial(&[1, 2, 0xFF, 0xFF])],
            "malformed",
        ),
        (
            "a difference",
            vec![extension(&[0x55, 0x1D, 27], true, &integer(&[1]))],
            "unsupported_algorithm",
        ),
    ] {
        assert_eq!(code(add(&extensions, Some(1))), expected, "{what}");
    }
    // Parts of a list that no signature of its authority makes good.
    let number_one = [number(&[1])];
    let built = |build: fn(&mut ListParts)| {
        let mut parts = ListParts::of(key, "CSCA", &number_one);
        build(&mut parts);
        code(document.anchors().unwrap().add_crl(&parts.der(key), NOW))
    };
    assert_eq!(built(|_| {}), "accepted");
    for (what, build, expected) in [
        (
            "version 1",
            (|p| p.version = integer(&[0])) as fn(&mut ListParts),
            "malformed",
        ),
        (
            "another algorithm inside",
            |p| p.inside = digest_algorithm(),
            "malformed",
        ),
        ("taken off the list", |p| p.entries = entry(8), "malformed"),
        ("on hold", |p| p.entries = entry(6), "accepted"),
        ("something behind", |p| p.behind = vec![5, 0], "malformed"),
        (
            "too many extensions",
            |p| {
                p.extensions = (0..17)
                    .flat_map(|n| extension(&[0x2A, 3, n], false, &[5, 0]))
                    .collect();
            },
            "malformed",
        ),
        (
            "larger than any",
            |p| p.behind = vec![0; 5 << 20],
            "too_large",
        ),
    ] {
        assert_eq!(built(build), expected, "{what}");
    }
    // A list goes by its name: the authority's own key under another name revokes nobody of its own.
    let mut anchors = document.anchors().unwrap();
    let other = revocation_list(key, "Other", &[&[2]], &[number(&[1])], Some(1));
    assert_eq!(code(anchors.add_crl(&other, NOW)), "csca_unknown");
    let strict = Policy {
        current_revocation_list: true,
        ..Policy::default()
    };
    for (next, expected) in [(Some(1), "accepted"), (None, "revocation_unknown")] {
        let anchors = add(&[number(&[1])], next).unwrap();
        assert_eq!(code(document.judge_by(&anchors, &strict)), expected);
    }
    // At the same time, the greater number counts, whatever octets it is written in.
    let mut anchors = add(&[number(&[0, 0xFF])], Some(1)).unwrap();
    let later = revocation_list(key, "CSCA", &[&[2]], &[number(&[1, 0])], Some(1));
    anchors.add_crl(&later, NOW).unwrap();
    let earlier = revocation_list(key, "CSCA", &[], &[number(&[0, 0, 0xFF])], Some(1));
    assert_eq!(
        code(anchors.add_crl(&earlier, NOW)),
        "revocation_list_not_valid"
    );
    assert_eq!(
        code(document.judge_by(&anchors, &Policy::default())),
        "document_signer_revoked"
    );
    // A short key of an authority that may still vouch for old documents signs no list.
    let short = Key::rsa(1024, 65_537);
    let mut anchors = CscaAnchors::new();
    anchors
        .add(&authority(&short, "CSCA").der(), "UTO")
        .unwrap();
    let list = revocation_list(&short, "CSCA", &[], &[number(&[1])], Some(1));
    assert_eq!(code(anchors.add_crl(&list, NOW)), "csca_unknown");
}

/// A master list stands for whole states: an authority that names two of them is of neither.
#[test]
fn an_authority_of_two_countries() {
    let home = Csca::throwaway(&mut OsRng, NOW).unwrap();
    let mut anchors = CscaAnchors::new();
    anchors.add(home.certificate(), "UTO").unwrap();
    let of = |codes: &[&str]| {
        let mut certificate = authority(&Key::ec(), "CSCA");
        (certificate.issuer, certificate.subject) = (countries(codes), countries(codes));
        certificate.der()
    };
    let certificates = [of(&["FR"]), of(&["FR", "DE"])];
    let listed = [certificates[0].as_slice(), &certificates[1]];
    let list = home.master_list(&listed, true, &mut OsRng, NOW).unwrap();
    let list = MasterList::verify(&list, &anchors, NOW).unwrap();
    let imported = anchors.add_master_list(&list);
    let states: Vec<&str> = imported
        .added
        .iter()
        .map(|(state, _)| state.as_str())
        .collect();
    assert_eq!(states, ["FRA"]);
    assert_eq!(imported.skipped.len(), 1);
}

/// Doc 9303-12 §7.1.3.2.2, §9: who countersigns a master list, and what the list says of itself.
#[test]
fn signers_of_master_lists() {
    const PURPOSE: [u8; 6] = [0x67, 0x81, 0x08, 1, 1, 3];
    const SERVERS: [u8; 8] = [0x2B, 6, 1, 5, 5, 7, 3, 1];
    fn list(version: u8) -> Vec<u8> {
        let certificate = authority(&Key::ec(), "CSCA").der();
        sequence(&[&integer(&[version]), &set(&[&certificate])])
    }
    let purposes = |all: &[&[u8]]| {
        let all: Vec<Vec<u8>> = all.iter().map(|purpose| oid(purpose)).collect();
        extension(&[0x55, 0x1D, 37], true, &sequence(&[&all.concat()]))
    };
    let mut document = Document::genuine();
    document.attributes = |object| {
        let kind = sequence(&[&oid(&CONTENT_TYPE), &set(&[&oid(&MASTER_LIST)])]);
        vec![kind, message_digest(object)]
    };
    document.content = |object| sequence(&[&oid(&MASTER_LIST), &tlv(0xA0, &[&octets(object)])]);
    document.file = |info| info;
    let own = || purposes(&[&PURPOSE]);
    let basic = extension(&[0x55, 0x1D, 19], true, &sequence(&[&[1, 1, 0xFF]]));
    let refused = "chip_not_authentic";
    for (what, extensions, expected) in [
        ("as it should be", vec![key_usage(0x80), own()], "accepted"),
        ("no purpose", vec![key_usage(0x80)], refused),
        (
            "another",
            vec![key_usage(0x80), purposes(&[&SERVERS])],
            refused,
        ),
        (
            "two purposes",
            vec![key_usage(0x80), purposes(&[&PURPOSE, &SERVERS])],
            refused,
        ),
        ("no usage", vec![own()], refused),
        (
            "signs lists of another kind",
            vec![key_usage(0b10), own()],
            refused,
        ),
        (
            "signs certificates too",
            vec![key_usage(0b1000_0100), own()],
            refused,
        ),
        ("an authority", vec![key_usage(0x80), own(), basic], refused),
    ] {
        document.object = |_| list(0);
        document.certificate.extensions = extensions;
        let judge = |document: &Document| {
            let anchors = document.anchors().unwrap();
            code(MasterList::verify(&document.sod(), &anchors, NOW))
        };
        assert_eq!(judge(&document), expected, "{what}");
        document.object = |_| list(1);
        let of_another_version = judge(&document);
        assert_eq!(
            of_another_version == "malformed",
            expected == "accepted",
            "{what}"
        );
    }
}

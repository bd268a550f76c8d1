//! Security objects in which one thing is not as it should be. Everything is signed by the keys that ought to sign it, so
//! that only the check in question can refuse it.

use super::forge::*;

/// RFC 5652 §5.3, §5.4, §11, and what Doc 9303-10 §4.6.2.2 leaves of it.
#[test]
fn signed_data() {
    judged(&[
        ("nobody signed", "malformed", |d| {
            d.informations = |_| Vec::new()
        }),
        ("two signers, both good", "malformed", |d| {
            d.informations = |good| [good.clone(), good].concat();
        }),
        ("two signers, one good", "malformed", |d| {
            d.informations = |good| {
                let mut bad = good.clone();
                *bad.last_mut().unwrap() ^= 1;
                [good, bad].concat()
            };
        }),
        ("something behind the signature", "malformed", |d| {
            d.informations = |good| sequence(&[&good[3..], &[5, 0]]);
        }),
        ("something behind unsigned attributes", "malformed", |d| {
            d.informations = |good| sequence(&[&good[3..], &tlv(0xA1, &[]), &[5, 0]]);
        }),
        ("unsigned attributes", "accepted", |d| {
            d.informations = |good| sequence(&[&good[3..], &tlv(0xA1, &[])]);
        }),
        ("no attributes", "chip_not_authentic", |d| {
            d.attributes = |_| Vec::new()
        }),
        ("no content type", "chip_not_authentic", |d| {
            d.attributes = |object| vec![message_digest(object)];
        }),
        ("no digest", "chip_not_authentic", |d| {
            d.attributes = |_| vec![content_type()]
        }),
        ("the digest of something else", "chip_not_authentic", |d| {
            d.attributes = |_| vec![content_type(), message_digest(b"other")];
        }),
        ("a second digest", "malformed", |d| {
            d.attributes = |object| {
                vec![
                    content_type(),
                    message_digest(object),
                    message_digest(b"other"),
                ]
            };
        }),
        ("a first digest", "malformed", |d| {
            d.attributes = |object| {
                vec![
                    content_type(),
                    message_digest(b"other"),
                    message_digest(object),
                ]
            };
        }),
        ("a digest of two values", "malformed", |d| {
            d.attributes = |object| {
                let values = [octets(&sha256(object)), octets(&[0; 32])].concat();
                vec![
                    content_type(),
                    sequence(&[&oid(&MESSAGE_DIGEST), &set(&[&values])]),
                ]
            };
        }),
        (
            "another content type in the attribute",
            "chip_not_authentic",
            |d| {
                d.attributes = |object| {
                    let other = sequence(&[&oid(&CONTENT_TYPE), &set(&[&oid(&MESSAGE_DIGEST)])]);
                    vec![other, message_digest(object)]
                };
            },
        ),
        ("two times of signing", "malformed", |d| {
            d.attributes = |object| {
                let at = |years| sequence(&[&oid(&SIGNING_TIME), &set(&[&time(years)])]);
                vec![content_type(), at(0), at(0), message_digest(object)]
            };
        }),
        ("signed ahead of time", "signed_outside_validity", |d| {
            d.attributes = |object| {
                let at = sequence(&[&oid(&SIGNING_TIME), &set(&[&time(1)])]);
                vec![content_type(), at, message_digest(object)]
            };
        }),
        ("a time that is none", "malformed", |d| {
            d.attributes = |object| {
                let at = sequence(&[&oid(&SIGNING_TIME), &set(&[&[5, 0]])]);
                vec![content_type(), at, message_digest(object)]
            };
        }),
        ("sent in another order than signed", "accepted", |d| {
            d.attributes = |object| vec![message_digest(object), content_type()];
            d.signed = |attributes| set(&[&attributes[1], &attributes[0]]);
        }),
        ("signed in another order than DER's", "accepted", |d| {
            d.attributes = |object| vec![message_digest(object), content_type()];
        }),
        (
            "signed without one of the attributes",
            "chip_not_authentic",
            |d| {
                d.signed = |attributes| set(&[&attributes[0]]);
            },
        ),
        ("signed under the tag sent", "chip_not_authentic", |d| {
            d.signed = |attributes| tlv(0xA0, &[&attributes.concat()]);
        }),
        ("names another serial number", "chip_not_authentic", |d| {
            d.signer_identifier = |c| sequence(&[&c.issuer, &integer(&[9])]);
        }),
        ("names another issuer", "chip_not_authentic", |d| {
            d.signer_identifier = |c| sequence(&[&name("Other"), &integer(&c.serial)]);
        }),
        ("names another key", "chip_not_authentic", |d| {
            d.signer_identifier = |_| tlv(0x80, &[&[7; 20]]);
        }),
        ("names its own key", "accepted", |d| {
            d.certificate
                .extensions
                .push(extension(&[0x55, 0x1D, 14], false, &octets(&[7; 20])));
            d.signer_identifier = |_| tlv(0x80, &[&[7; 20]]);
        }),
        (
            "names another key than its own",
            "chip_not_authentic",
            |d| {
                d.certificate.extensions.push(extension(
                    &[0x55, 0x1D, 14],
                    false,
                    &octets(&[8; 20]),
                ));
                d.signer_identifier = |_| tlv(0x80, &[&[7; 20]]);
            },
        ),
        ("too many certificates", "malformed", |d| {
            d.others = vec![d.certificate.der(); 8];
        }),
        ("another content type", "malformed", |d| {
            d.content = |object| sequence(&[&oid(&SIGNING_TIME), &tlv(0xA0, &[&octets(object)])]);
        }),
        ("no content", "malformed", |d| {
            d.content = |_| sequence(&[&oid(&LDS)])
        }),
        ("content in two pieces", "malformed", |d| {
            d.content = |object| {
                let (one, two) = object.split_at(9);
                let pieces = tlv(0x24, &[&octets(one), &octets(two)]);
                sequence(&[&oid(&LDS), &tlv(0xA0, &[&pieces])])
            };
        }),
        ("two contents", "malformed", |d| {
            d.content = |object| {
                sequence(&[
                    &oid(&LDS),
                    &tlv(0xA0, &[&octets(object), &octets(b"other")]),
                ])
            };
        }),
        ("something behind the content", "malformed", |d| {
            d.content = |object| sequence(&[&oid(&LDS), &tlv(0xA0, &[&octets(object)]), &[5, 0]]);
        }),
        ("something behind the signers", "malformed", |d| {
            d.file = |info| {
                // Behind the heads of ContentInfo, its type, [0] and SignedData.
                let data = sequence(&[&info[4 + 11 + 4 + 4..], &[5, 0]]);
                tlv(
                    0x77,
                    &[&sequence(&[&oid(&SIGNED_DATA), &tlv(0xA0, &[&data])])],
                )
            };
        }),
        ("something behind the signed data", "malformed", |d| {
            d.file = |info| tlv(0x77, &[&sequence(&[&info[4..], &[5, 0]])]);
        }),
        ("larger than any", "too_large", |d| {
            d.file = |info| [info, vec![0; 70_000]].concat()
        }),
        ("something behind the file", "malformed", |d| {
            d.file = |info| [tlv(0x77, &[&info]), vec![0]].concat();
        }),
        ("something behind the object", "malformed", |d| {
            d.file = |info| tlv(0x77, &[&info, &[5, 0]]);
        }),
        ("a file in the file", "malformed", |d| {
            d.file = |info| tlv(0x77, &[&tlv(0x77, &[&info])]);
        }),
        ("without a definite length", "malformed", |d| {
            d.file = |info| tlv(0x77, &[&[0x30, 0x80], &info[4..], &[0, 0]]);
        }),
        ("a length in more octets than it needs", "malformed", |d| {
            d.file = |info| tlv(0x77, &[&[0x30, 0x83, 0], &info[2..]]);
        }),
        ("a length of four gigabytes", "malformed", |d| {
            d.file = |info| [&[0x77, 0x84, 0xFF, 0xFF, 0xFF, 0xFF][..], &info].concat();
        }),
    ]);
}

/// Doc 9303-10 §4.6.2.3.
#[test]
fn lists_of_digests() {
    fn hashes(document: &Document) -> Vec<Vec<u8>> {
        let groups = document.groups.iter();
        let hash = |(number, content): &(u8, Vec<u8>)| {
            sequence(&[&integer(&[*number]), &octets(&sha256(content))])
        };
        groups.map(hash).collect()
    }
    fn with(document: &Document, number: &[u8]) -> Vec<u8> {
        let more = sequence(&[&integer(number), &octets(&[0; 32])]);
        security_object(&[hashes(document), vec![more]].concat())
    }
    judged(&[
        ("another digest of DG1 behind", "malformed", |d| {
            d.object = |d| with(d, &[1])
        }),
        ("another digest of DG1 before", "malformed", |d| {
            d.object = |d| {
                let more = sequence(&[&integer(&[1]), &octets(&[0; 32])]);
                security_object(&[vec![more], hashes(d)].concat())
            };
        }),
        ("group 0", "malformed", |d| d.object = |d| with(d, &[0])),
        ("group 17", "malformed", |d| d.object = |d| with(d, &[17])),
        ("group 257", "malformed", |d| {
            d.object = |d| with(d, &[1, 1])
        }),
        ("group -1", "malformed", |d| d.object = |d| with(d, &[0xFF])),
        ("group 16", "accepted", |d| d.object = |d| with(d, &[16])),
        ("not DG1", "dg_hash_mismatch", |d| {
            d.object = |d| security_object(&hashes(d)[1..])
        }),
        ("not DG2", "dg_hash_mismatch", |d| {
            d.object = |d| {
                let mut some = hashes(d);
                some.remove(1);
                security_object(&some)
            };
        }),
        ("not DG15", "dg_hash_mismatch", |d| {
            d.object = |d| security_object(&hashes(d)[..2])
        }),
        ("digests cut short", "dg_hash_mismatch", |d| {
            d.object = |d| {
                let cut = |(number, content): &(u8, Vec<u8>)| {
                    sequence(&[&integer(&[*number]), &octets(&sha256(content)[..16])])
                };
                security_object(&d.groups.iter().map(cut).collect::<Vec<_>>())
            };
        }),
        ("digests of nothing", "dg_hash_mismatch", |d| {
            d.object = |d| {
                let none = |(n, _): &(u8, _)| sequence(&[&integer(&[*n]), &octets(&[])]);
                security_object(&d.groups.iter().map(none).collect::<Vec<_>>())
            };
        }),
        ("something behind a digest", "malformed", |d| {
            d.object = |d| {
                let more = |(n, content): &(u8, Vec<u8>)| {
                    sequence(&[&integer(&[*n]), &octets(&sha256(content)), &[5, 0]])
                };
                security_object(&d.groups.iter().map(more).collect::<Vec<_>>())
            };
        }),
        ("something behind the object", "malformed", |d| {
            d.object = |d| [security_object(&hashes(d)), vec![5, 0]].concat();
        }),
        ("version 2", "malformed", |d| {
            d.object = |d| {
                let list = sequence(&[&hashes(d).concat()]);
                sequence(&[&integer(&[2]), &digest_algorithm(), &list])
            };
        }),
        ("version 1 without its versions", "malformed", |d| {
            d.object = |d| {
                let list = sequence(&[&hashes(d).concat()]);
                sequence(&[&integer(&[1]), &digest_algorithm(), &list])
            };
        }),
        ("version 1 with more than its versions", "malformed", |d| {
            d.object = |d| {
                let list = sequence(&[&hashes(d).concat()]);
                let versions = sequence(&[]);
                sequence(&[
                    &integer(&[1]),
                    &digest_algorithm(),
                    &list,
                    &versions,
                    &[5, 0],
                ])
            };
        }),
        ("something behind DG1", "malformed", |d| {
            d.groups[0].1.push(0)
        }),
    ]);
}

//! Documents put together octet by octet, so that any part of one can be another than the simulator's: an authority, a
//! signer's certificate, a security object and the data groups under it. Keys and signatures are OpenSSL's.

use openssl::ec::{EcGroup, EcKey};
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use tessera_card::{CardError, ChipData, CscaAnchors, Policy, Proof, VerifiedChip, evidence};

pub(crate) const NOW: i64 = 1_795_000_000;
pub(crate) const CHALLENGE: [u8; 8] = *b"nonce-08";

/// 2.23.136.1.1.2.
pub(crate) const MASTER_LIST: [u8; 6] = [0x67, 0x81, 0x08, 1, 1, 2];
/// 2.23.136.1.1.1 and the attributes of RFC 5652 §11.
pub(crate) const LDS: [u8; 6] = [0x67, 0x81, 0x08, 1, 1, 1];
pub(crate) const CONTENT_TYPE: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 3];
pub(crate) const MESSAGE_DIGEST: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 4];
pub(crate) const SIGNING_TIME: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 5];
pub(crate) const SIGNED_DATA: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
const SHA_256: [u8; 9] = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
pub(crate) const ECDSA_SHA_256: [u8; 8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
const RSA_PSS: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10];
const RSA_SHA_1: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 5];
const RSA_SHA_256: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11];

/// Tag, length, value.
pub(crate) fn tlv(tag: u32, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let mut out: Vec<u8> = tag
        .to_be_bytes()
        .into_iter()
        .skip_while(|o| *o == 0)
        .collect();
    match value.len() {
        short @ 0..=0x7F => out.push(short as u8),
        short @ 0x80..=0xFF => out.extend([0x81, short as u8]),
        long @ 0x100..=0xFFFF => out.extend([0x82, (long >> 8) as u8, long as u8]),
        long => out.extend([0x83, (long >> 16) as u8, (long >> 8) as u8, long as u8]),
    }
    out.extend(value);
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x31, parts)
}

/// An INTEGER of these octets, as they are.
pub(crate) fn integer(octets: &[u8]) -> Vec<u8> {
    tlv(2, &[octets])
}

pub(crate) fn octets(value: &[u8]) -> Vec<u8> {
    tlv(4, &[value])
}

pub(crate) fn oid(value: &[u8]) -> Vec<u8> {
    tlv(6, &[value])
}

pub(crate) fn sha256(message: &[u8]) -> Vec<u8> {
    hash(MessageDigest::sha256(), message).unwrap().to_vec()
}

pub(crate) fn digest_algorithm() -> Vec<u8> {
    sequence(&[&oid(&SHA_256)])
}

/// A GeneralizedTime of `NOW`'s year, which is 2026, and so many years more.
pub(crate) fn time(years: i32) -> Vec<u8> {
    let year = 2026 + years;
    tlv(0x18, &[format!("{year}0101000000Z").as_bytes()])
}

pub(crate) fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xFF] } else { &[] };
    sequence(&[&oid(id), flag, &octets(value)])
}

/// Key usage: the first octet of the bit string.
pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    let unused = bits.trailing_zeros() as u8;
    extension(&[0x55, 0x1D, 15], true, &tlv(3, &[&[unused, bits]]))
}

fn attribute(kind: u8, text: &str) -> Vec<u8> {
    let value = tlv(0x0C, &[text.as_bytes()]);
    set(&[&sequence(&[&oid(&[0x55, 4, kind]), &value])])
}

/// A country and a common name.
pub(crate) fn name(common: &str) -> Vec<u8> {
    sequence(&[&attribute(6, "UT"), &attribute(3, common)])
}

/// A name of these countries.
pub(crate) fn countries(codes: &[&str]) -> Vec<u8> {
    let all: Vec<Vec<u8>> = codes.iter().map(|code| attribute(6, code)).collect();
    sequence(&[&all.concat()])
}

/// A key with the algorithm it signs with and the form in which certificates show it.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) pair: PKey<Private>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    digest: MessageDigest,
    /// By RSASSA-PSS with a salt of 32 octets.
    pss: bool,
}

impl Key {
    pub(crate) fn ec() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let pair = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        Self {
            algorithm: sequence(&[&oid(&ECDSA_SHA_256)]),
            spki: pair.public_key_to_der().unwrap(),
            digest: MessageDigest::sha256(),
            pss: false,
            pair,
        }
    }

    pub(crate) fn rsa(bits: u32, exponent: u32) -> Self {
        let exponent = openssl::bn::BigNum::from_u32(exponent).unwrap();
        let key = openssl::rsa::Rsa::generate_with_e(bits, &exponent).unwrap();
        let pair = PKey::from_rsa(key).unwrap();
        Self {
            algorithm: sequence(&[&oid(&RSA_SHA_256), &[5, 0]]),
            spki: pair.public_key_to_der().unwrap(),
            digest: MessageDigest::sha256(),
            pss: false,
            pair,
        }
    }

    /// The same RSA key, signing by RSASSA-PSS, which it says with these parameters.
    pub(crate) fn with_pss(mut self, parameters: &[u8]) -> Self {
        self.algorithm = sequence(&[&oid(&RSA_PSS), parameters]);
        self.pss = true;
        self
    }

    /// The same RSA key, signing with SHA-1.
    pub(crate) fn with_sha1(mut self) -> Self {
        self.algorithm = sequence(&[&oid(&RSA_SHA_1), &[5, 0]]);
        self.digest = MessageDigest::sha1();
        self
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(self.digest, &self.pair).unwrap();
        if self.pss {
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            let salt = RsaPssSaltlen::custom(32);
            signer.set_rsa_pss_saltlen(salt).unwrap();
        }
        signer.sign_oneshot_to_vec(message).unwrap()
    }
}

/// A certificate in its parts.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) validity: (i32, i32),
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) signed_by: Key,
    /// The algorithm beside the signature; `None`: as inside.
    pub(crate) outer_algorithm: Option<Vec<u8>>,
}

impl Certificate {
    pub(crate) fn der(&self) -> Vec<u8> {
        let (from, until) = self.validity;
        let extensions = tlv(0xA3, &[&sequence(&[&self.extensions.concat()])]);
        let body = sequence(&[
            &self.version,
            &integer(&self.serial),
            &self.signed_by.algorithm,
            &self.issuer,
            &sequence(&[&time(from), &time(until)]),
            &self.subject,
            &self.spki,
            if self.extensions.is_empty() {
                &[]
            } else {
                &extensions
            },
        ]);
        let algorithm = self
            .outer_algorithm
            .as_ref()
            .unwrap_or(&self.signed_by.algorithm);
        let signature = tlv(3, &[&[0], &self.signed_by.sign(&body)]);
        sequence(&[&body, algorithm, &signature])
    }
}

/// A self-signed authority.
pub(crate) fn authority(key: &Key, common: &str) -> Certificate {
    Certificate {
        version: tlv(0xA0, &[&integer(&[2])]),
        serial: vec![1],
        issuer: name(common),
        subject: name(common),
        spki: key.spki.clone(),
        validity: (-5, 10),
        extensions: vec![
            extension(
                &[0x55, 0x1D, 19],
                true,
                &sequence(&[&[1, 1, 0xFF], &integer(&[0])]),
            ),
            key_usage(0b0000_0110),
        ],
        signed_by: key.clone(),
        outer_algorithm: None,
    }
}

/// A revocation list of `key` under the name of an authority: serial numbers, extensions, and when the next is due.
pub(crate) fn revocation_list(
    key: &Key,
    common: &str,
    serials: &[&[u8]],
    extensions: &[Vec<u8>],
    next: Option<i32>,
) -> Vec<u8> {
    let entries = serials
        .iter()
        .map(|serial| sequence(&[&integer(serial), &time(0)]));
    let mut parts = ListParts::of(key, common, extensions);
    parts.entries = entries.collect::<Vec<_>>().concat();
    parts.next = next.map(time).unwrap_or_default();
    parts.der(key)
}

/// A revocation list in its parts, each encoded.
pub(crate) struct ListParts {
    pub(crate) version: Vec<u8>,
    pub(crate) inside: Vec<u8>,
    name: Vec<u8>,
    next: Vec<u8>,
    pub(crate) entries: Vec<u8>,
    pub(crate) extensions: Vec<u8>,
    pub(crate) behind: Vec<u8>,
}

impl ListParts {
    pub(crate) fn of(key: &Key, common: &str, extensions: &[Vec<u8>]) -> Self {
        Self {
            version: integer(&[1]),
            inside: key.algorithm.clone(),
            name: name(common),
            next: time(1),
            entries: Vec::new(),
            extensions: extensions.concat(),
            behind: Vec::new(),
        }
    }

    pub(crate) fn der(&self, key: &Key) -> Vec<u8> {
        let entries = match self.entries.is_empty() {
            true => Vec::new(),
            false => sequence(&[&self.entries]),
        };
        let body = sequence(&[
            &self.version,
            &self.inside,
            &self.name,
            &time(0),
            &self.next,
            &entries,
            &tlv(0xA0, &[&sequence(&[&self.extensions])]),
            &self.behind,
        ]);
        let signature = tlv(3, &[&[0], &key.sign(&body)]);
        sequence(&[&body, &key.algorithm, &signature])
    }
}

/// An entry of a revocation list with this reason (RFC 5280 §5.3.1).
pub(crate) fn entry(reason: u8) -> Vec<u8> {
    let code = extension(&[0x55, 0x1D, 21], false, &tlv(0x0A, &[&[reason]]));
    sequence(&[&integer(&[9]), &time(0), &sequence(&[&code])])
}

/// A document in its parts; every one may be put in another way before [`Document::judge`].
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) authority: Key,
    pub(crate) signer: Key,
    pub(crate) certificate: Certificate,
    /// Certificates in the object besides the signer's.
    pub(crate) others: Vec<Vec<u8>>,
    pub(crate) groups: Vec<(u8, Vec<u8>)>,
    pub(crate) active_auth: Key,
    /// LDSSecurityObject of the groups.
    pub(crate) object: fn(&Self) -> Vec<u8>,
    /// The signed attributes of the object.
    pub(crate) attributes: fn(&[u8]) -> Vec<Vec<u8>>,
    /// What is signed of the attributes.
    pub(crate) signed: fn(&[Vec<u8>]) -> Vec<u8>,
    /// Puts the signature in another form.
    pub(crate) signature: fn(Vec<u8>) -> Vec<u8>,
    pub(crate) signer_identifier: fn(&Certificate) -> Vec<u8>,
    /// The signer informations, of the one that is good.
    pub(crate) informations: fn(Vec<u8>) -> Vec<u8>,
    /// EncapsulatedContentInfo of the object.
    pub(crate) content: fn(&[u8]) -> Vec<u8>,
    /// EF.SOD of the ContentInfo.
    pub(crate) file: fn(Vec<u8>) -> Vec<u8>,
    pub(crate) answer: Option<Vec<u8>>,
}

impl Document {
    /// Nothing about it is wrong.
    pub(crate) fn genuine() -> Self {
        let (authority, signer, active_auth) = (Key::ec(), Key::ec(), Key::ec());
        Self::of(authority, signer, active_auth)
    }

    pub(crate) fn of(authority: Key, signer: Key, active_auth: Key) -> Self {
        let certificate = Certificate {
            version: tlv(0xA0, &[&integer(&[2])]),
            serial: vec![2],
            issuer: name("CSCA"),
            subject: name("Signer"),
            spki: signer.spki.clone(),
            validity: (0, 5),
            extensions: vec![key_usage(0x80)],
            signed_by: authority.clone(),
            outer_algorithm: None,
        };
        let mut document = Self {
            authority,
            signer,
            certificate,
            others: Vec::new(),
            groups: vec![(1, dg1("P<UTO")), (2, dg2()), (15, Vec::new())],
            active_auth,
            object: |document| {
                let hashes = document.groups.iter().map(|(number, content)| {
                    sequence(&[&integer(&[*number]), &octets(&sha256(content))])
                });
                security_object(&hashes.collect::<Vec<_>>())
            },
            attributes: |object| vec![content_type(), message_digest(object)],
            signed: |attributes| set(&[&attributes.concat()]),
            signature: |signature| signature,
            signer_identifier: |certificate| {
                sequence(&[&certificate.issuer, &integer(&certificate.serial)])
            },
            informations: |good| good,
            content: |object| sequence(&[&oid(&LDS), &tlv(0xA0, &[&octets(object)])]),
            file: |info| tlv(0x77, &[&info]),
            answer: None,
        };
        document.show_active_auth();
        document
    }

    /// Puts the key of active authentication into DG15.
    pub(crate) fn show_active_auth(&mut self) {
        self.groups[2].1 = tlv(0x6F, &[&self.active_auth.spki]);
    }

    /// EF.SOD.
    pub(crate) fn sod(&self) -> Vec<u8> {
        let object = (self.object)(self);
        let attributes = (self.attributes)(&object);
        let signature = self.signer.sign(&(self.signed)(&attributes));
        let information = sequence(&[
            &integer(&[1]),
            &(self.signer_identifier)(&self.certificate),
            &digest_algorithm(),
            &tlv(0xA0, &[&attributes.concat()]),
            &self.signer.algorithm,
            &octets(&(self.signature)(signature)),
        ]);
        let data = sequence(&[
            &integer(&[3]),
            &set(&[&digest_algorithm()]),
            &(self.content)(&object),
            &tlv(0xA0, &[&self.others.concat(), &self.certificate.der()]),
            &set(&[&(self.informations)(information)]),
        ]);
        (self.file)(sequence(&[&oid(&SIGNED_DATA), &tlv(0xA0, &[&data])]))
    }

    pub(crate) fn chip(&self) -> ChipData {
        let group = |wanted| {
            let mut all = self.groups.iter().filter(|(number, _)| *number == wanted);
            all.next()
                .map(|(_, content)| content.clone())
                .unwrap_or_default()
        };
        ChipData {
            com: None,
            sod: self.sod(),
            dg1: group(1),
            dg2: group(2),
            dg14: None,
            dg15: Some(group(15)),
            aa_signature: Some(
                self.answer
                    .clone()
                    .unwrap_or_else(|| plain(&self.active_auth)),
            ),
        }
    }

    pub(crate) fn anchors(&self) -> Result<CscaAnchors, CardError> {
        let mut anchors = CscaAnchors::new();
        anchors.add(&authority(&self.authority, "CSCA").der(), "UTO")?;
        Ok(anchors)
    }

    pub(crate) fn judge(&self) -> Result<VerifiedChip, CardError> {
        self.judge_by(&self.anchors()?, &Policy::default())
    }

    pub(crate) fn judge_by(
        &self,
        anchors: &CscaAnchors,
        policy: &Policy,
    ) -> Result<VerifiedChip, CardError> {
        let proof = Proof::ActiveAuthentication(&CHALLENGE);
        evidence::verify_with(&self.chip(), anchors, &proof, policy, NOW)
    }
}

pub(crate) fn content_type() -> Vec<u8> {
    sequence(&[&oid(&CONTENT_TYPE), &set(&[&oid(&LDS)])])
}

pub(crate) fn message_digest(object: &[u8]) -> Vec<u8> {
    sequence(&[&oid(&MESSAGE_DIGEST), &set(&[&octets(&sha256(object))])])
}

/// LDSSecurityObject of version 0.
pub(crate) fn security_object(hashes: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[
        &integer(&[0]),
        &digest_algorithm(),
        &sequence(&[&hashes.concat()]),
    ])
}

/// A zone of TD3 that begins so.
pub(crate) fn dg1(begin: &str) -> Vec<u8> {
    let upper = format!("{begin}SPECIMEN<<ERIKA");
    let zone = format!("{upper:<<44}SPEC000010UTO9001158F3406304<<<<<<<<<<<<<<<2");
    tlv(0x61, &[&tlv(0x5F1F, &[zone.as_bytes()])])
}

fn dg2() -> Vec<u8> {
    let picture = [0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xD9];
    let record = [
        &b"FAC\x00010\x00"[..],
        &[0, 0, 0, 52, 0, 1],
        &[0, 0, 0, 38],
        &[0; 28],
        &picture,
    ];
    let block = tlv(0x5F2E, &record);
    let template = tlv(0x7F60, &[&tlv(0xA1, &[]), &block]);
    tlv(0x75, &[&tlv(0x7F61, &[&integer(&[1]), &template])])
}

/// The answer to the challenge in plain form (TR-03111 §5.2.1), with SHA-256.
fn plain(key: &Key) -> Vec<u8> {
    if key.pair.ec_key().is_err() {
        return Vec::new();
    }
    let signature = openssl::ecdsa::EcdsaSig::from_der(&key.sign(&CHALLENGE)).unwrap();
    let wide = |number: &openssl::bn::BigNumRef| number.to_vec_padded(32).unwrap();
    [wide(signature.r()), wide(signature.s())].concat()
}

pub(crate) fn code<T>(result: Result<T, CardError>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

/// A way to change a document.
pub(crate) type Edit = fn(&mut Document);

/// Judges the genuine document under each of these changes: its name, the code expected, the change.
pub(crate) fn judged(cases: &[(&str, &str, Edit)]) {
    let genuine = Document::genuine();
    assert_eq!(code(genuine.judge()), "accepted");
    for (name, expected, edit) in cases {
        let mut document = genuine.clone();
        edit(&mut document);
        assert_eq!(code(document.judge()), *expected, "{name}");
    }
}

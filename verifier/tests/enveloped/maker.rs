//! Makes certificates, good ones and bad ones, element by element.

use tessera_verifier::crypto::LocalSigner as _;
use tessera_verifier::key::KeyType;

use crate::keys::Signer;

pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content].concat()
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len() - 1);
    let sign: &[u8] = if bytes[start] >= 0x80 { &[0] } else { &[] };
    element(2, &[sign, &bytes[start..]])
}

pub(crate) fn name(text: &str) -> Vec<u8> {
    let attribute = sequence(&[
        &element(6, &[&[0x55, 4, 3]]),
        &element(12, &[text.as_bytes()]),
    ]);
    sequence(&[&element(0x31, &[&attribute])])
}

pub(crate) fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical {
        element(1, &[&[0xff]])
    } else {
        Vec::new()
    };
    sequence(&[&element(6, &[id]), &flag, &element(4, &[value])])
}

pub(crate) fn basic_constraints(is_ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let ca = if is_ca {
        element(1, &[&[0xff]])
    } else {
        Vec::new()
    };
    let length = path_length
        .map(|length| unsigned(&[length]))
        .unwrap_or_default();
    extension(&[0x55, 0x1d, 19], true, &sequence(&[&ca, &length]))
}

pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    extension(
        &[0x55, 0x1d, 15],
        true,
        &element(3, &[&[bits.trailing_zeros() as u8, bits]]),
    )
}

pub(crate) fn alternative_names(uris: &[&str], dns: &[&str]) -> Vec<u8> {
    let uris = uris.iter().map(|uri| element(0x86, &[uri.as_bytes()]));
    let dns = dns.iter().map(|name| element(0x82, &[name.as_bytes()]));
    let names: Vec<u8> = uris.chain(dns).flatten().collect();
    extension(&[0x55, 0x1d, 17], false, &sequence(&[&names]))
}

/// `AlgorithmIdentifier` of signatures with a key of this kind.
pub(crate) fn signature_algorithm(kind: KeyType) -> Vec<u8> {
    let id: &[u8] = match kind {
        KeyType::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        KeyType::P384 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
        KeyType::P521 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
        _ => &[0x2b, 0x65, 0x70],
    };
    sequence(&[&element(6, &[id])])
}

fn key_info(signer: &Signer) -> Vec<u8> {
    let key = signer.public_key();
    let curve: &[u8] = match key.kind() {
        KeyType::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        KeyType::P384 => &[0x2b, 0x81, 4, 0, 34],
        KeyType::P521 => &[0x2b, 0x81, 4, 0, 35],
        _ => &[],
    };
    let algorithm = match curve {
        [] => sequence(&[&element(6, &[&[0x2b, 0x65, 0x70]])]),
        curve => sequence(&[
            &element(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]),
            &element(6, &[curve]),
        ]),
    };
    sequence(&[&algorithm, &element(3, &[&[0], key.to_uncompressed()])])
}

/// What a certificate says; every field can be made wrong.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner_algorithm: Option<Vec<u8>>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

pub(crate) fn validity(from: &str, until: &str) -> Vec<u8> {
    let time = |text: &str| {
        element(
            if text.len() == 13 { 0x17 } else { 0x18 },
            &[text.as_bytes()],
        )
    };
    sequence(&[&time(from), &time(until)])
}

impl Template {
    pub(crate) fn new(issuer: &str, subject: &str, extensions: &[Vec<u8>]) -> Self {
        Self {
            version: element(0xa0, &[&element(2, &[&[2]])]),
            serial: element(2, &[&[1]]),
            inner_algorithm: None,
            issuer: name(issuer),
            subject: name(subject),
            validity: validity("260101000000Z", "351231235959Z"),
            extensions: extensions.to_vec(),
        }
    }

    pub(crate) fn sign(&self, subject: &Signer, issuer: &Signer) -> Vec<u8> {
        let kind = issuer.public_key().kind();
        let algorithm = signature_algorithm(kind);
        let extensions = sequence(&[&self.extensions.concat()]);
        let tbs = sequence(&[
            &self.version,
            &self.serial,
            self.inner_algorithm.as_ref().unwrap_or(&algorithm),
            &self.issuer,
            &self.validity,
            &self.subject,
            &key_info(subject),
            &element(0xa3, &[&extensions]),
        ]);
        let signature = issuer.sign(&tbs).unwrap();
        let signature = match kind {
            KeyType::Ed25519 => signature.to_vec(),
            _ => {
                let (r, s) = signature.split_at(signature.len() / 2);
                sequence(&[&unsigned(r), &unsigned(s)])
            }
        };
        sequence(&[&tbs, &algorithm, &element(3, &[&[0], &signature])])
    }
}

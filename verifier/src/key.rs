//! Public keys: a closed set of kinds, each decoded and checked once.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use once_cell::race::OnceBox;
use serde_json::{Value, json};

use crate::crypto::{SignatureKey, sha256};
use crate::encoding::{base64url, base64url_to, from_base64url};
use crate::error::Error;

/// The kinds of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// NIST P-256: ECDSA with SHA-256.
    P256,
    /// NIST P-384: ECDSA with SHA-384.
    P384,
    /// NIST P-521: ECDSA with SHA-512. For JOSE and COSE; no Data Integrity suite uses it.
    P521,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// BLS12-381, public keys in G2: BBS signatures. Checks no plain signature.
    Bls12381G2,
}

impl KeyType {
    /// The one JWS algorithm of keys of this kind (RFC 7518 §3.4, RFC 8037 §3.1); `None` for BLS keys.
    #[must_use]
    pub const fn jws_algorithm(self) -> Option<&'static str> {
        match self {
            Self::P256 => Some("ES256"),
            Self::P384 => Some("ES384"),
            Self::P521 => Some("ES512"),
            Self::Ed25519 => Some("EdDSA"),
            Self::Bls12381G2 => None,
        }
    }

    /// The kind of key that a JWS `alg` calls for; Ed25519 goes by two names (RFC 8037 §3.1, RFC 9864 §2.2).
    #[must_use]
    pub fn from_jws_algorithm(alg: &str) -> Option<Self> {
        match alg {
            "ES256" => Some(Self::P256),
            "ES384" => Some(Self::P384),
            "ES512" => Some(Self::P521),
            "EdDSA" | "Ed25519" => Some(Self::Ed25519),
            _ => None,
        }
    }

    /// The length of signatures by keys of this kind; 0 for BLS keys, which make no plain ones.
    pub(crate) const fn signature_len(self) -> usize {
        match self {
            Self::P256 | Self::Ed25519 => 64,
            Self::P384 => 96,
            Self::P521 => 132,
            Self::Bls12381G2 => 0,
        }
    }

    /// The COSE algorithm of keys of this kind (RFC 9053 §2); `None` for BLS keys.
    #[must_use]
    pub const fn cose_algorithm(self) -> Option<i64> {
        match self {
            Self::P256 => Some(-7),
            Self::P384 => Some(-35),
            Self::P521 => Some(-36),
            Self::Ed25519 => Some(-8),
            Self::Bls12381G2 => None,
        }
    }

    /// The kind of key that a COSE `alg` calls for, by its number in RFC 9053 §2 or by the one that names the curve too
    /// (RFC 9864 §2).
    #[must_use]
    pub const fn from_cose_algorithm(alg: i64) -> Option<Self> {
        match alg {
            -7 | -9 => Some(Self::P256),
            -35 | -51 => Some(Self::P384),
            -36 | -52 => Some(Self::P521),
            -8 | -19 => Some(Self::Ed25519),
            _ => None,
        }
    }

    /// `kty` and `crv` of a JWK (RFC 7518 §6.2, RFC 8037 §2), and the length of a coordinate.
    const fn jwk(self) -> (&'static str, &'static str, usize) {
        match self {
            Self::P256 => ("EC", "P-256", 32),
            Self::P384 => ("EC", "P-384", 48),
            Self::P521 => ("EC", "P-521", 66),
            Self::Ed25519 => ("OKP", "Ed25519", 32),
            Self::Bls12381G2 => ("EC", "BLS12381G2", 96),
        }
    }

    /// The multicodec of public keys of this kind.
    const fn codec(self) -> u64 {
        match self {
            Self::P256 => 0x1200,
            Self::P384 => 0x1201,
            Self::P521 => 0x1202,
            Self::Ed25519 => 0xed,
            Self::Bls12381G2 => 0xeb,
        }
    }
}

/// The kinds that this build can read.
const READ: &[KeyType] = &[
    KeyType::P256,
    KeyType::P384,
    KeyType::P521,
    KeyType::Ed25519,
    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    KeyType::Bls12381G2,
];

const MALFORMED: Error = Error::malformed("public key");

/// The encodings of Ed25519's points of small order: such a key "signs" more than one message at once.
const SMALL_ORDER: [[u8; 32]; 7] = {
    const fn ends(first: u8, middle: u8, last: u8) -> [u8; 32] {
        let mut bytes = [middle; 32];
        bytes[0] = first;
        bytes[31] = last;
        bytes
    }
    const ORDER_8_A: [u8; 32] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    const ORDER_8_B: [u8; 32] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ];
    [
        ends(0, 0, 0),
        ends(1, 0, 0),
        ORDER_8_A,
        ORDER_8_B,
        ends(0xec, 0xff, 0x7f),
        ends(0xed, 0xff, 0x7f),
        ends(0xee, 0xff, 0x7f),
    ]
};

/// A public key that lies on its curve.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyType,
    /// The uncompressed point (RFC 5480 §2.2, without the 4 in front for BLS), or an Ed25519 key's 32 bytes.
    bytes: Vec<u8>,
    key: Decoded,
    multikey: Multikey,
}

/// The text of a key's Multikey, made when it is first asked for: base58 takes quadratic time.
#[derive(Default)]
struct Multikey(OnceBox<String>);

impl Clone for Multikey {
    fn clone(&self) -> Self {
        match self.0.get() {
            Some(text) => Self(OnceBox::with_value(Box::new(text.clone()))),
            None => Self::default(),
        }
    }
}

/// A key as the primitive that uses it wants it.
#[derive(Clone)]
enum Decoded {
    Signature(SignatureKey),
    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    Bbs(crate::bbs::PublicKey),
}

impl PublicKey {
    /// Reads a key as a Multikey carries it: a compressed point of P-256 (33 bytes, first 2 or 3) or P-384 (49) or
    /// P-521 (67), the 32 bytes of an Ed25519 key, or with BBS built in a compressed point of G2 (96 bytes).
    ///
    /// # Errors
    /// `malformed` for another length or form, a point off the curve, or an Ed25519 point of small order.
    pub fn from_compressed(kind: KeyType, bytes: &[u8]) -> Result<Self, Error> {
        let fits = match (kind, bytes) {
            (KeyType::P256, [2 | 3, x @ ..]) => x.len() == 32,
            (KeyType::P384, [2 | 3, x @ ..]) => x.len() == 48,
            (KeyType::P521, [2 | 3, x @ ..]) => x.len() == 66,
            (KeyType::Ed25519, bytes) => ed25519_is_sound(bytes),
            #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
            (KeyType::Bls12381G2, bytes) => {
                return Ok(crate::bbs::PublicKey::from_bytes(bytes)?.into());
            }
            _ => false,
        };
        if fits {
            Self::decode(kind, bytes)
        } else {
            Err(MALFORMED)
        }
    }

    /// Reads a SEC 1 uncompressed point, first 4: 65 bytes for P-256, 97 for P-384, 133 for P-521.
    ///
    /// # Errors
    /// `malformed` for another length or form, or a point off the curve.
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, Error> {
        match bytes {
            [4, xy @ ..] if xy.len() == 64 => Self::decode(KeyType::P256, bytes),
            [4, xy @ ..] if xy.len() == 96 => Self::decode(KeyType::P384, bytes),
            [4, xy @ ..] if xy.len() == 132 => Self::decode(KeyType::P521, bytes),
            _ => Err(MALFORMED),
        }
    }

    fn decode(kind: KeyType, bytes: &[u8]) -> Result<Self, Error> {
        let (key, bytes) = SignatureKey::decode(kind, bytes).ok_or(MALFORMED)?;
        let key = Decoded::Signature(key);
        Ok(Self {
            kind,
            bytes,
            key,
            multikey: Multikey::default(),
        })
    }

    /// Reads a multicodec public key: the codec as a varint, then the key as in
    /// [`from_compressed`](Self::from_compressed).
    ///
    /// # Errors
    /// `unsupported_algorithm` for other codecs, `malformed` for what is no such key.
    pub fn from_multicodec(bytes: &[u8]) -> Result<Self, Error> {
        let (codec, key) = crate::encoding::from_uvarint(bytes)?;
        let kind = READ
            .iter()
            .copied()
            .find(|kind| kind.codec() == codec)
            .ok_or(Error::UnsupportedAlgorithm { what: "key codec" })?;
        Self::from_compressed(kind, key)
    }

    /// The multicodec form of [`from_multicodec`](Self::from_multicodec).
    #[must_use]
    pub fn to_multicodec(&self) -> Vec<u8> {
        [
            crate::encoding::uvarint(self.kind.codec()),
            self.to_compressed(),
        ]
        .concat()
    }

    /// The Multikey form (Controlled Identifiers §2.2.2): multibase base58btc of the multicodec form.
    pub(crate) fn multikey(&self) -> &str {
        let make = || Box::new(crate::encoding::multibase_base58(&self.to_multicodec()));
        self.multikey.0.get_or_init(make)
    }

    /// Reads a public JWK (RFC 7517, RFC 7518 §6.2.1, RFC 8037 §2).
    ///
    /// # Errors
    /// `unsupported_algorithm` for another key type, curve or `alg`; `malformed` for missing or non-canonical members;
    /// a private member (`d`) is refused too, for a message must never carry one.
    pub fn from_jwk(jwk: &Value) -> Result<Self, Error> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let kind = READ
            .iter()
            .copied()
            .find(|kind| {
                let (kty, crv, _) = kind.jwk();
                member("kty") == Some(kty) && member("crv") == Some(crv)
            })
            .ok_or(Error::UnsupportedAlgorithm { what: "key type" })?;
        if let Some(algorithm) = jwk.get("alg")
            && algorithm.as_str().and_then(KeyType::from_jws_algorithm) != Some(kind)
        {
            return Err(Error::UnsupportedAlgorithm {
                what: "key algorithm",
            });
        }
        if jwk.get("d").is_some() {
            return Err(Error::malformed("JWK with a private member"));
        }
        let (_, _, len) = kind.jwk();
        let coordinate = |name| {
            let bytes = from_base64url(member(name).ok_or(Error::malformed("JWK coordinate"))?)?;
            match bytes.len() == len {
                true => Ok(bytes),
                false => Err(Error::malformed("JWK coordinate")),
            }
        };
        match kind {
            KeyType::Ed25519 => Self::from_compressed(kind, &coordinate("x")?),
            #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
            KeyType::Bls12381G2 => {
                let point = [coordinate("x")?, coordinate("y")?].concat();
                Ok(crate::bbs::PublicKey::from_uncompressed(&point)?.into())
            }
            _ => {
                Self::from_uncompressed(&[&[4][..], &coordinate("x")?, &coordinate("y")?].concat())
            }
        }
    }

    /// The public JWK: `crv`, `kty`, `x`, and `y` where the kind has one.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let (kty, crv, _) = self.kind.jwk();
        match self.coordinates() {
            (x, Some(y)) => json!({"kty": kty, "crv": crv, "x": base64url(x), "y": base64url(y)}),
            (x, None) => json!({"kty": kty, "crv": crv, "x": base64url(x)}),
        }
    }

    /// Appends what [`to_jwk`](Self::to_jwk) gives: its values need no escapes.
    pub(crate) fn write_jwk(&self, to: &mut Vec<u8>) {
        let (kty, crv, _) = self.kind.jwk();
        let (x, y) = self.coordinates();
        for part in ["{\"crv\":\"", crv, "\",\"kty\":\"", kty, "\",\"x\":\""] {
            to.extend_from_slice(part.as_bytes());
        }
        base64url_to(x, to);
        if let Some(y) = y {
            to.extend_from_slice(b"\",\"y\":\"");
            base64url_to(y, to);
        }
        to.extend_from_slice(b"\"}");
    }

    /// What kind of key it is.
    #[must_use]
    pub const fn kind(&self) -> KeyType {
        self.kind
    }

    /// The SEC 1 compressed point (33, 49 or 67 bytes), an Ed25519 key's 32 bytes, or a BLS key's 96.
    #[must_use]
    pub fn to_compressed(&self) -> Vec<u8> {
        #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
        if let Decoded::Bbs(key) = &self.key {
            return key.to_bytes().to_vec();
        }
        match self.coordinates() {
            (x, Some(y)) => {
                let odd = y.last().copied().unwrap_or_default() & 1;
                [&[2 + odd], x].concat()
            }
            (bytes, None) => bytes.to_vec(),
        }
    }

    /// The SEC 1 uncompressed point (65, 97 or 133 bytes), an Ed25519 key's 32 bytes, or a BLS key's coordinates (192).
    #[must_use]
    pub fn to_uncompressed(&self) -> &[u8] {
        &self.bytes
    }

    /// The RFC 7638 thumbprint: base64url of SHA-256 over the required members in order.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let (kty, crv, _) = self.kind.jwk();
        let (x, y) = self.coordinates();
        let y = y
            .map(|y| format!(r#","y":"{}""#, base64url(y)))
            .unwrap_or_default();
        let members = format!(
            r#"{{"crv":"{crv}","kty":"{kty}","x":"{}"{y}}}"#,
            base64url(x)
        );
        base64url(&sha256(members.as_bytes()))
    }

    /// Checks a signature over `message` with the one algorithm of the key; ECDSA signatures are r ‖ s.
    ///
    /// # Errors
    /// `invalid_signature`, with nothing said about why.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match &self.key {
            Decoded::Signature(key) if key.verifies(message, signature) => Ok(()),
            _ => Err(Error::InvalidSignature { what: "message" }),
        }
    }

    /// The key as BBS uses it; `None` for the other kinds.
    #[cfg(any(feature = "bbs", feature = "bbs-pure"))]
    #[must_use]
    pub const fn as_bbs(&self) -> Option<&crate::bbs::PublicKey> {
        match &self.key {
            Decoded::Bbs(key) => Some(key),
            Decoded::Signature(_) => None,
        }
    }

    /// x, and y where the kind has one.
    fn coordinates(&self) -> (&[u8], Option<&[u8]>) {
        match (self.kind, self.bytes.split_first()) {
            (KeyType::P256 | KeyType::P384 | KeyType::P521, Some((_, xy))) => {
                let (x, y) = xy.split_at(xy.len() / 2);
                (x, Some(y))
            }
            (KeyType::Bls12381G2, _) => {
                let (x, y) = self.bytes.split_at(self.bytes.len() / 2);
                (x, Some(y))
            }
            _ => (&self.bytes, None),
        }
    }
}

#[cfg(any(feature = "bbs", feature = "bbs-pure"))]
impl From<crate::bbs::PublicKey> for PublicKey {
    fn from(key: crate::bbs::PublicKey) -> Self {
        Self {
            kind: KeyType::Bls12381G2,
            bytes: key.to_uncompressed().to_vec(),
            key: Decoded::Bbs(key),
            multikey: Multikey::default(),
        }
    }
}

/// 32 bytes, y below the prime (RFC 8032 §5.1.3), not of small order.
fn ed25519_is_sound(bytes: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(bytes) else {
        return false;
    };
    let [first, middle @ .., last] = &mut y;
    *last &= 0x7f;
    let above = *last == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *first >= 0xed;
    !above && !SMALL_ORDER.contains(&y)
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl core::hash::Hash for PublicKey {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", crate::did::did_key(self))
    }
}

#[cfg(test)]
mod tests;

//! What a chip is personalised with, and the personalised card as a file.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::groups::Modp;
use crate::keys::Cipher;
#[cfg(doc)]
use crate::scheme::KeyKind;
use crate::scheme::{Curve, Digest, Scheme};

/// The holder's data as it is printed in the zone: capital letters, digits and spaces only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// `ID` (a card, TD1) or `P` (a booklet, TD3).
    pub document_type: String,
    /// TD2: a larger card with two lines. Otherwise the type says which.
    #[serde(default)]
    pub td2: bool,
    /// Three letters.
    pub issuing_state: String,
    /// At most nine characters.
    pub document_number: String,
    /// Primary identifier.
    pub surname: String,
    /// Secondary identifiers.
    pub given_names: String,
    /// Three letters.
    pub nationality: String,
    /// `YYMMDD`.
    pub birth: String,
    /// `F`, `M` or `<`.
    pub sex: String,
    /// `YYMMDD`.
    pub expiry: String,
}

/// A way for the chip, or for whoever made it, to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// A copy: genuine files, but the active authentication key is another.
    Cloned,
    /// A character of the zone changed after signing (check digits set right again).
    EditedDg1,
    /// Another portrait put in after signing.
    WrongDg2,
    /// Signed under an authority with the trusted one's name and key identifier, but its own key.
    OtherCsca,
    /// One bit of the authentication code of every tenth protected response is flipped.
    FlippedMac,
    /// Every tenth response loses its last octets.
    Truncated,
    /// The document signer's certificate has run out.
    ExpiredSigner,
    /// The document has run out.
    ExpiredDocument,
    /// The chip has no active authentication at all.
    NoActiveAuth,
    /// EF.CardAccess is taken out, so that the chip's PACE goes unseen.
    HiddenPace,
    /// The document signer's certificate says that it is an authority's.
    SignerIsAuthority,
    /// The document signer's key may sign certificates too.
    SignerSignsCertificates,
    /// The document signer's key usage lacks `digitalSignature`.
    SignerWithoutUsage,
    /// The document signer's certificate has a critical extension nobody knows.
    UnknownExtension,
    /// The signed content type is another than the security object's.
    WrongContentType,
    /// The signed message digest is another's.
    WrongMessageDigest,
    /// A copy: genuine files, but the chip authentication key is another.
    ClonedChipAuth,
    /// The object says that it was signed before its signer's certificate was valid.
    SignedTooEarly,
    /// The document signer's certificate was issued before its authority was valid.
    IssuedTooEarly,
    /// The document signer's certificate names another country than its authority's.
    SignerOfAnotherCountry,
    /// The object is signed with another digest algorithm than it names and took for its content.
    TwoDigests,
    /// The signer's certificate says that its key was to be used until yesterday.
    KeyUsedTooLate,
    /// The signer's certificate says that its key was to be used from tomorrow on.
    KeyUsedTooEarly,
    /// DG14 does not list the PACE that EF.CardAccess offers.
    UnsignedPace,
    /// The document signer's certificate is valid longer than its authority's.
    SignerOutlivesAuthority,
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_value(serde_json::Value::String(text.replace('-', "_")))
            .map_err(|error| error.to_string())
    }
}

/// Chip authentication of a card (Doc 9303-11 §6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipAuth {
    /// The curve of the chip's static key.
    pub curve: Curve,
    /// The cipher of the keys agreed.
    pub cipher: Cipher,
    /// The key's number, where DG14 gives one.
    pub key_id: Option<u8>,
}

/// How PACE maps its nonce (Doc 9303-11 §4.4.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mapping {
    /// By a key agreement of its own.
    #[default]
    Generic,
    /// By a pseudo-random function of two nonces.
    Integrated,
    /// Generic, with proof of the chip authentication key, which is over the same curve.
    ChipAuthentication,
}

/// What documents in the field do that no other card here does, and Doc 9303 allows or puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// The security object names its signer by the key identifier.
    SignerByKey,
    /// The signer's serial number has twenty octets.
    LongSerial,
    /// The signer's serial number is negative.
    NegativeSerial,
    /// The signer's certificate writes its authority's name in another case; the security object as the authority does.
    OtherCase,
    /// A security object of version 1, with LDS 1.8, and digests of groups that this reader does not see.
    Lds18,
    /// The lengths of data groups are written in more octets than they need.
    LongLengths,
    /// Chip authentication with 3DES and with the profile's cipher.
    TwoChipAuths,
    /// The chip authentication key has a number that ChipAuthenticationInfo does not repeat.
    UnnumberedChipAuth,
    /// DG14 has no ChipAuthenticationInfo: it is 3DES.
    NoChipAuthInfo,
    /// The signer's certificate has critical policies.
    CriticalPolicies,
    /// Infos of protocols that nobody here knows, in EF.CardAccess and in DG14.
    UnknownInfos,
}

/// How the portrait's record is built: by ISO/IEC 19794-5, but for the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaceRecord {
    /// One picture, no feature points.
    Plain,
    /// One picture with this many feature points before it.
    FeaturePoints(u16),
    /// Two pictures in one record; the first is the portrait.
    TwoPictures,
    /// Two templates in the group; the first is the portrait.
    TwoTemplates,
    /// A face image data block of ISO/IEC 39794-5.
    Extensible,
}

/// What to make a chip of.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Six digits, printed on the card.
    pub can: String,
    /// The zone.
    pub holder: Holder,
    /// JPEG or JPEG 2000 octets.
    pub portrait: Vec<u8>,
    /// Whether the chip offers PACE; BAC it always offers.
    pub pace: bool,
    /// Curve and cipher of PACE.
    pub pace_over: (Curve, Cipher),
    /// How PACE maps its nonce.
    pub mapping: Mapping,
    /// The group of PACE, where it is no curve.
    pub pace_modp: Option<Modp>,
    /// The group of chip authentication, where it is no curve.
    pub chip_auth_modp: Option<Modp>,
    /// What the document does that others do not.
    pub quirks: Vec<Quirk>,
    /// How the document signer signs.
    pub signer: Scheme,
    /// The digest of the data groups.
    pub lds_digest: Digest,
    /// Whether the object carries its time of signing.
    pub signing_time: bool,
    /// Key and digest of active authentication ([`KeyKind::Ec`], [`KeyKind::EcExplicit`] or
    /// [`KeyKind::Rsa`]).
    pub active_auth: Scheme,
    /// Chip authentication, where the chip has it.
    pub chip_auth: Option<ChipAuth>,
    /// Whether the chip takes extended lengths, and says so in EF.ATR/INFO.
    pub extended: bool,
    /// The shape of the portrait's record.
    pub face_record: FaceRecord,
    /// Lies.
    pub faults: Vec<Fault>,
    /// The time of issue, seconds since the epoch.
    pub now: i64,
}

impl Profile {
    /// A specimen card with PACE, valid for years from `now`, with this portrait.
    #[must_use]
    pub fn specimen(portrait: &[u8], now: i64) -> Self {
        let year = tessera_card::Date::from_unix(now).parts().0 + 8;
        Self {
            can: "123456".to_owned(),
            holder: Holder {
                document_type: "ID".to_owned(),
                td2: false,
                issuing_state: "UTO".to_owned(),
                document_number: "SPEC00001".to_owned(),
                surname: "SPECIMEN".to_owned(),
                given_names: "ERIKA".to_owned(),
                nationality: "UTO".to_owned(),
                birth: "900115".to_owned(),
                sex: "F".to_owned(),
                expiry: format!("{:02}0630", year.rem_euclid(100)),
            },
            portrait: portrait.to_vec(),
            pace: true,
            pace_over: (Curve::P256, Cipher::Aes128),
            mapping: Mapping::Generic,
            pace_modp: None,
            chip_auth_modp: None,
            quirks: Vec::new(),
            signer: Scheme::default(),
            lds_digest: Digest::Sha256,
            signing_time: false,
            active_auth: Scheme::default(),
            chip_auth: None,
            extended: false,
            face_record: FaceRecord::Plain,
            faults: Vec::new(),
            now,
        }
    }

    /// The same with one more lie.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    pub(crate) fn does(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }
}

/// A personalised card: everything in the chip's memory, and the certificates it was made under.
/// As JSON it is what `--profile` names. Throwaway keys in the clear: for tests only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Card {
    pub(crate) can: String,
    pub(crate) access_information: String,
    /// File identifier (four hexadecimal digits) to content.
    pub(crate) files: BTreeMap<String, Octets>,
    pub(crate) active_auth_key: Option<Octets>,
    #[serde(default)]
    pub(crate) active_auth_digest: Option<Digest>,
    #[serde(default)]
    pub(crate) chip_auth: Option<ChipAuth>,
    #[serde(default)]
    pub(crate) chip_auth_key: Option<Octets>,
    #[serde(default)]
    pub(crate) pace_over: Option<(Curve, Cipher)>,
    #[serde(default)]
    pub(crate) mapping: Mapping,
    #[serde(default)]
    pub(crate) pace_modp: Option<Modp>,
    #[serde(default)]
    pub(crate) chip_auth_modp: Option<Modp>,
    #[serde(default)]
    pub(crate) extended: bool,
    pub(crate) faults: Vec<Fault>,
    pub(crate) seed: Octets,
    pub(crate) csca_certificate: Octets,
    pub(crate) signer_certificate: Octets,
}

impl Card {
    /// Reads a profile file.
    ///
    /// # Errors
    /// When it is not one.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Writes a profile file.
    ///
    /// # Errors
    /// Never in practice: every member can be written.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// The content of an elementary file, for example `0x011D` for EF.SOD.
    #[must_use]
    pub fn file(&self, id: u16) -> Option<&[u8]> {
        self.files
            .get(&format!("{id:04X}"))
            .map(|octets| octets.0.as_slice())
    }

    pub(crate) fn active_auth_digest(&self) -> Digest {
        self.active_auth_digest.unwrap_or(Digest::Sha256)
    }

    pub(crate) fn chip_auth(&self) -> Option<ChipAuth> {
        self.chip_auth
    }

    pub(crate) fn pace_over(&self) -> (Curve, Cipher) {
        self.pace_over.unwrap_or((Curve::P256, Cipher::Aes128))
    }

    pub(crate) fn pace_by(&self) -> (Mapping, Option<Modp>) {
        (self.mapping, self.pace_modp)
    }

    pub(crate) fn chip_auth_modp(&self) -> Option<Modp> {
        self.chip_auth_modp
    }

    pub(crate) fn extended(&self) -> bool {
        self.extended
    }

    /// The certificate of the authority the chip claims, DER.
    #[must_use]
    pub fn csca_certificate(&self) -> &[u8] {
        &self.csca_certificate.0
    }

    /// The document signer's certificate, DER.
    #[must_use]
    pub fn signer_certificate(&self) -> &[u8] {
        &self.signer_certificate.0
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }
}

/// Octets, base64 in JSON.
#[derive(Clone)]
pub(crate) struct Octets(pub(crate) Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

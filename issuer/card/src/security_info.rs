//! SecurityInfos: what protocols a chip offers (Doc 9303-11 §9.2), in EF.CardAccess and DG14.

use crate::algorithms::PublicKey;
use crate::crypto::Cipher;
use crate::curve::Curve;
use crate::error::CardError;
use crate::modp::Modp;
use crate::tlv::{self, Objects};

/// id-PACE, 0.4.0.127.0.7.2.2.4, content octets; mapping and cipher follow (Doc 9303-11 §9.2.3).
const PACE: [u8; 8] = [4, 0, 0x7F, 0, 7, 2, 2, 4];
/// id-icao-mrtd-security-aaProtocolObject, 2.23.136.1.1.5.
const ACTIVE_AUTHENTICATION: [u8; 6] = [0x67, 0x81, 0x08, 1, 1, 5];
/// id-CA, 0.4.0.127.0.7.2.2.3, content octets; 1 for DH or 2 for ECDH and the cipher follow (§9.2.7).
const CHIP_AUTHENTICATION: [u8; 8] = [4, 0, 0x7F, 0, 7, 2, 2, 3];
/// id-CA-DH-3DES-CBC-CBC and id-CA-ECDH-3DES-CBC-CBC, which an absent ChipAuthenticationInfo stands for (§6.2.1).
const CHIP_AUTHENTICATION_3DES: [[u8; 10]; 2] = [
    [4, 0, 0x7F, 0, 7, 2, 2, 3, 1, 1],
    [4, 0, 0x7F, 0, 7, 2, 2, 3, 2, 1],
];
/// id-PK, 0.4.0.127.0.7.2.2.1; 1 for DH or 2 for ECDH follows.
const CHIP_KEY: [u8; 8] = [4, 0, 0x7F, 0, 7, 2, 2, 1];
/// Chips list a handful; this bounds the work on a hostile file.
const MOST: usize = 64;

/// The DER octets of a SET OF SecurityInfo, whose members have been found well-formed.
pub(crate) struct SecurityInfos<'a>(Vec<Info<'a>>);

struct Info<'a> {
    oid: &'a [u8],
    required: tlv::Tlv<'a>,
    optional: Option<tlv::Tlv<'a>>,
    encoded: &'a [u8],
}

/// The group of a key agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// ECDH.
    Curve(Curve),
    /// DH.
    Modp(Modp),
}

impl Domain {
    /// By standardised domain parameters (Doc 9303-11 §9.5.1).
    fn from_parameter_id(id: u8) -> Option<Self> {
        let modp = Modp::from_parameter_id(id).map(Self::Modp);
        modp.or_else(|| Curve::from_parameter_id(id).map(Self::Curve))
    }
}

/// How PACE maps its nonce to a generator (Doc 9303-11 §4.4.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mapping {
    /// By a key agreement of its own.
    Generic,
    /// By a pseudo-random function of two nonces.
    Integrated,
    /// Generic, with proof of the chip's key in the last answer.
    ChipAuthentication,
}

impl Mapping {
    /// By the last number but one of a protocol's object identifier (§9.2.3), which says DH or ECDH as well.
    fn numbered(number: u8, domain: Domain) -> Option<Self> {
        match (number, domain) {
            (1, Domain::Modp(_)) | (2, Domain::Curve(_)) => Some(Self::Generic),
            (3, Domain::Modp(_)) | (4, Domain::Curve(_)) => Some(Self::Integrated),
            (6, Domain::Curve(_)) => Some(Self::ChipAuthentication),
            _ => None,
        }
    }
}

/// One way to run PACE that chip and terminal both know.
#[derive(Clone, Copy)]
pub(crate) struct PaceInfo<'a> {
    /// The protocol's object identifier, content octets.
    pub(crate) protocol: &'a [u8],
    /// The mapping it names.
    pub(crate) mapping: Mapping,
    /// The cipher it names.
    pub(crate) cipher: Cipher,
    /// The group of the domain parameters.
    pub(crate) domain: Domain,
    /// Standardised domain parameters (Doc 9303-11 §9.5.1), for example 12 for P-256.
    pub(crate) parameter_id: u8,
    /// Whether the chip offers this protocol in several groups, so that one must be named.
    pub(crate) ambiguous: bool,
    encoded: &'a [u8],
}

/// One way to run chip authentication.
pub(crate) struct ChipAuthInfo<'a> {
    /// The protocol's object identifier, content octets.
    pub(crate) protocol: &'a [u8],
    /// The cipher it names.
    pub(crate) cipher: Cipher,
    /// The chip's static key.
    pub(crate) key: PublicKey,
    /// Its number, where the chip has several.
    pub(crate) key_id: Option<&'a [u8]>,
}

impl<'a> SecurityInfos<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, CardError> {
        const WHAT: &str = "SecurityInfos";
        let mut members = Objects::new(tlv::only(bytes, 0x31, WHAT)?);
        let mut infos = Vec::new();
        while let Some(member) = members.read()? {
            if member.tag != 0x30 || infos.len() == MOST {
                return Err(CardError::Malformed(WHAT));
            }
            let mut fields = Objects::new(member.value);
            infos.push(Info {
                oid: fields.expect(0x06, WHAT)?,
                required: fields.read()?.ok_or(CardError::Malformed(WHAT))?,
                optional: fields.read()?,
                encoded: member.encoded,
            });
            fields.end(WHAT)?;
        }
        Ok(Self(infos))
    }

    /// DG14 wraps the set in tag `6E`.
    pub(crate) fn parse_dg14(bytes: &'a [u8]) -> Result<Self, CardError> {
        Self::parse(tlv::only_ber(bytes, 0x6E, "DG14")?)
    }

    /// The PACE offer to run: the first with AES, or else the first that this crate can run. Curves go before other
    /// groups, and generic mapping before the others, because every chip of the field has been tried with it.
    pub(crate) fn pace(&self) -> Option<PaceInfo<'a>> {
        let mut offers: Vec<PaceInfo<'a>> = self.0.iter().filter_map(Info::pace).collect();
        offers.sort_by_key(|offer| {
            let curve = matches!(offer.domain, Domain::Curve(_));
            (!curve, offer.mapping != Mapping::Generic)
        });
        let chosen = offers
            .iter()
            .find(|offer| offer.cipher != Cipher::TripleDes)
            .or(offers.first())?;
        let same = |info: &&Info<'_>| info.oid == chosen.protocol;
        Some(PaceInfo {
            ambiguous: self.0.iter().filter(same).count() > 1,
            ..*chosen
        })
    }

    /// Whether this very PACE offer is listed here too.
    pub(crate) fn lists(&self, pace: &PaceInfo<'_>) -> bool {
        self.0.iter().any(|info| info.encoded == pace.encoded)
    }

    /// The strongest chip authentication in a known group (§9.2.6, §9.2.7): a ChipAuthenticationPublicKeyInfo with the
    /// ChipAuthenticationInfo of the same key number. A chip with one key need not number it the same way in both.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for a key that is broken; other kinds of key are passed over.
    pub(crate) fn chip_authentication(&self) -> Result<Option<ChipAuthInfo<'a>>, CardError> {
        let mut keys = Vec::new();
        for info in &self.0 {
            let Some([family]) = info.oid.strip_prefix(&CHIP_KEY) else {
                continue;
            };
            match (PublicKey::from_spki(info.required.encoded), family) {
                (Ok(key @ PublicKey::Dh { .. }), 1) | (Ok(key @ PublicKey::Ec { .. }), 2) => {
                    keys.push((*family, key, info.key_number()?));
                }
                (Ok(_) | Err(CardError::Unsupported { .. }), _) => {}
                (Err(error), _) => return Err(error),
            }
        }
        let protocols = |info: &Info<'a>| match info.oid.strip_prefix(&CHIP_AUTHENTICATION) {
            Some([family, cipher]) => Cipher::numbered(*cipher).map(|cipher| (*family, cipher)),
            _ => None,
        };
        let only_key = keys.len() == 1;
        let mut best: Option<ChipAuthInfo<'a>> = None;
        for (family, key, key_id) in keys {
            let mut offers: Vec<(&'a [u8], Cipher)> = Vec::new();
            for info in &self.0 {
                if let Some((of, cipher)) = protocols(info)
                    && of == family
                    && info.required.value == [1]
                    && (only_key || info.key_number()? == key_id)
                {
                    offers.push((info.oid, cipher));
                }
            }
            if !self.0.iter().any(|info| protocols(info).is_some()) {
                let [dh, ecdh] = &CHIP_AUTHENTICATION_3DES;
                offers.push((if family == 1 { dh } else { ecdh }, Cipher::TripleDes));
            }
            for (protocol, cipher) in offers {
                if best.as_ref().is_none_or(|known| known.cipher < cipher) {
                    best = Some(ChipAuthInfo {
                        protocol,
                        cipher,
                        key: key.clone(),
                        key_id,
                    });
                }
            }
        }
        Ok(best)
    }

    /// The signature algorithm of ActiveAuthenticationInfo (§9.2.9), content octets of its OID.
    pub(crate) fn active_authentication(&self) -> Option<&'a [u8]> {
        let info = self
            .0
            .iter()
            .find(|info| info.oid == ACTIVE_AUTHENTICATION)?;
        let algorithm = info.optional?;
        (info.required.value == [1] && algorithm.tag == 0x06).then_some(algorithm.value)
    }
}

impl<'a> Info<'a> {
    /// The number of the key that this is about (§9.2.6, §9.2.7), where it gives one.
    fn key_number(&self) -> Result<Option<&'a [u8]>, CardError> {
        match self.optional {
            None => Ok(None),
            Some(id) if id.tag == 0x02 => Ok(Some(id.value)),
            Some(_) => Err(CardError::Malformed("SecurityInfos")),
        }
    }

    /// PACEInfo (§9.2.3), version 2, with standardised domain parameters.
    fn pace(&self) -> Option<PaceInfo<'a>> {
        let (mapping, cipher) = match self.oid.strip_prefix(&PACE)? {
            [mapping, cipher] => (*mapping, Cipher::numbered(*cipher)?),
            _ => return None,
        };
        let parameters = self.optional.filter(|parameters| parameters.tag == 0x02)?;
        let (0x02, [2], [parameter_id]) =
            (self.required.tag, self.required.value, parameters.value)
        else {
            return None;
        };
        let domain = Domain::from_parameter_id(*parameter_id)?;
        let mapping = Mapping::numbered(mapping, domain)?;
        // Chip authentication mapping has no 3DES, and integrated mapping no P-224 (appendix B.1).
        let none = (mapping, cipher) == (Mapping::ChipAuthentication, Cipher::TripleDes)
            || (mapping, domain) == (Mapping::Integrated, Domain::Curve(Curve::P224));
        (!none).then_some(PaceInfo {
            protocol: self.oid,
            mapping,
            cipher,
            domain,
            parameter_id: *parameter_id,
            ambiguous: false,
            encoded: self.encoded,
        })
    }
}

impl Cipher {
    /// By the last number of a protocol's object identifier (§9.2.3, §9.2.7).
    fn numbered(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::TripleDes),
            2 => Some(Self::Aes128),
            3 => Some(Self::Aes192),
            4 => Some(Self::Aes256),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::hex::hex;
    use proptest::prelude::*;

    /// Doc 9303-11 appendix G.1: EF.CardAccess of the worked example.
    #[test]
    fn card_access_of_appendix_g1() {
        let bytes = hex("31143012060A04007F0007020204020202010202010D");
        let infos = SecurityInfos::parse(&bytes).unwrap();
        let pace = infos.pace().unwrap();
        assert_eq!((pace.parameter_id, pace.ambiguous), (13, false));
        assert!(infos.lists(&pace));
        assert!(infos.active_authentication().is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_and_mutated_files_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), index in 0_usize..22, byte in any::<u8>()) {
            if let Ok(infos) = SecurityInfos::parse(&bytes) {
                prop_assert!(infos.0.len() <= MOST);
            }
            let mut mutated = hex("31143012060A04007F0007020204020202010202010D");
            *mutated.get_mut(index).unwrap() = byte;
            if let Ok(infos) = SecurityInfos::parse(&mutated) {
                prop_assert!(infos.pace().is_none_or(|pace| infos.lists(&pace)));
            }
            prop_assert!(SecurityInfos::parse_dg14(&mutated).is_err());
        }
    }
}

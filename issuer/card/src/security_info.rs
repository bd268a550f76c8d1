//! SecurityInfos: what protocols a chip offers (Doc 9303-11 §9.2), in EF.CardAccess and DG14.

use crate::error::CardError;
use crate::tlv::{self, Objects};

/// id-PACE-ECDH-GM-AES-CBC-CMAC-128, 0.4.0.127.0.7.2.2.4.2.2, content octets.
pub(crate) const PACE_ECDH_GM_AES128: [u8; 10] = [4, 0, 0x7F, 0, 7, 2, 2, 4, 2, 2];
/// id-icao-mrtd-security-aaProtocolObject, 2.23.136.1.1.5.
const ACTIVE_AUTHENTICATION: [u8; 6] = [0x67, 0x81, 0x08, 1, 1, 5];
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

/// One way to run PACE that chip and terminal both know.
#[derive(Clone, Copy)]
pub(crate) struct PaceInfo<'a> {
    /// Standardised domain parameters (Doc 9303-11 table 12), for example 12 for P-256.
    pub(crate) parameter_id: u8,
    /// Whether the chip offers this protocol over several curves, so that one must be named.
    pub(crate) ambiguous: bool,
    encoded: &'a [u8],
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
        Self::parse(tlv::only(bytes, 0x6E, "DG14")?)
    }

    /// The first PACE offer this crate can run: ECDH-GM with AES-128 over one of `curves`.
    pub(crate) fn pace(&self, curves: &[u8]) -> Option<PaceInfo<'a>> {
        let mut offers = self.0.iter().filter_map(|info| {
            let version = (info.required.tag == 0x02).then_some(info.required.value)?;
            let parameters = info.optional.filter(|parameters| parameters.tag == 0x02)?;
            match (version, parameters.value) {
                ([2], [parameter_id]) if info.oid == PACE_ECDH_GM_AES128 => Some(PaceInfo {
                    parameter_id: *parameter_id,
                    ambiguous: false,
                    encoded: info.encoded,
                }),
                _ => None,
            }
        });
        let ambiguous = offers.clone().count() > 1;
        offers
            .find(|offer| curves.contains(&offer.parameter_id))
            .map(|offer| PaceInfo { ambiguous, ..offer })
    }

    /// Whether this very PACE offer is listed here too.
    pub(crate) fn lists(&self, pace: &PaceInfo<'_>) -> bool {
        self.0.iter().any(|info| info.encoded == pace.encoded)
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
        let pace = infos.pace(&[12, 13]).unwrap();
        assert_eq!((pace.parameter_id, pace.ambiguous), (13, false));
        assert!(infos.lists(&pace));
        assert!(infos.pace(&[12]).is_none());
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
                prop_assert!(infos.pace(&[12, 13]).is_none_or(|pace| infos.lists(&pace)));
            }
            prop_assert!(SecurityInfos::parse_dg14(&mutated).is_err());
        }
    }
}

//! Countries of certificates and states of machine readable zones: `C=FR` signs for `FRA`.

/// ISO 3166-1: two letters and three letters, one after the other.
const CODES: &str = "\
    ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE \
    BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS \
    BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN \
    COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY \
    EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY \
    GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND \
    HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR \
    JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE \
    LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI \
    MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL \
    NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL \
    PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU \
    SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP \
    SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR \
    TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM \
    VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE";

/// Where Doc 9303-3 §5 departs from ISO 3166-1, or adds to it. `UT` and `UTO` are the specimens of the
/// standard itself.
const SPECIAL: [(&str, &str); 7] = [
    ("DE", "D"),
    ("EU", "EUE"),
    ("UN", "UNO"),
    ("KS", "RKS"),
    ("XK", "RKS"),
    ("XO", "XOM"),
    ("UT", "UTO"),
];

/// The state in the zone of documents whose signing authority has this country in its name.
pub(crate) fn state_of(country: &str) -> Option<&'static str> {
    if let Some((_, state)) = SPECIAL.iter().find(|(two, _)| *two == country) {
        return Some(state);
    }
    if country.len() != 2 {
        return None;
    }
    CODES
        .split(' ')
        .find_map(|pair| pair.strip_prefix(country).filter(|rest| rest.len() == 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_countries() {
        for (country, state) in [
            ("FR", Some("FRA")),
            ("DE", Some("D")),
            ("CH", Some("CHE")),
            ("UT", Some("UTO")),
            ("ZW", Some("ZWE")),
            ("QQ", None),
            ("F", None),
            ("FRA", None),
            ("", None),
            ("fr", None),
        ] {
            assert_eq!(state_of(country), state, "{country}");
        }
        assert_eq!(CODES.split(' ').count(), 248);
        assert!(CODES.split(' ').all(|pair| pair.len() == 5));
    }
}

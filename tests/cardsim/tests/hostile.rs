//! Mutated evidence and a chip that answers anything: typed refusals, never a panic, bounded work.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "hostile/certificates.rs"]
mod certificates;
#[path = "hostile/forge.rs"]
mod forge;
#[path = "hostile/objects.rs"]
mod objects;
#[path = "hostile/signatures.rs"]
mod signatures;

use std::sync::OnceLock;

use proptest::prelude::*;
use rand_core::OsRng;
use tessera_card::{
    AccessKey, ChipData, CscaAnchors, Transceiver, TransportError, evidence, read_chip,
};
use tessera_cardsim::{Chip, Csca, Profile};

const NOW: i64 = 1_795_000_000;
const CHALLENGE: [u8; 8] = [9; 8];

fn genuine() -> &'static (ChipData, CscaAnchors, Chip) {
    static GENUINE: OnceLock<(ChipData, CscaAnchors, Chip)> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let csca = Csca::throwaway(&mut OsRng, NOW).unwrap();
        let profile = Profile::specimen(&[0xFF, 0xD8, 0xFF, 0xD9], NOW);
        let mut chip = Chip::personalise(&profile, &csca, &mut OsRng).unwrap();
        let key = AccessKey::Can(profile.can);
        let data = read_chip(&mut chip, &key, &CHALLENGE, &mut OsRng).unwrap();
        let mut anchors = CscaAnchors::new();
        anchors.add(csca.certificate(), "UTO").unwrap();
        (data, anchors, chip)
    })
}

fn copy(data: &ChipData) -> ChipData {
    ChipData {
        com: data.com.clone(),
        sod: data.sod.clone(),
        dg1: data.dg1.clone(),
        dg2: data.dg2.clone(),
        dg14: data.dg14.clone(),
        dg15: data.dg15.clone(),
        aa_signature: data.aa_signature.clone(),
    }
}

/// No octet may change unnoticed, except those no decision reads: two version numbers and the 15
/// octets of the one algorithm in `digestAlgorithms`, which only announces what the signer repeats.
#[test]
fn every_octet_of_every_file_is_covered() {
    let (data, anchors, _) = genuine();
    assert!(evidence::verify(data, anchors, &CHALLENGE, NOW).is_ok());
    let mut accepted = 0;
    for index in 0..data.sod.len() {
        let mut changed = copy(data);
        changed.sod[index] ^= 1;
        accepted += usize::from(evidence::verify(&changed, anchors, &CHALLENGE, NOW).is_ok());
    }
    assert_eq!(accepted, 17);
    for file in 0..4 {
        let mut probe = copy(data);
        let length = pick(&mut probe, file).len();
        for index in 0..length {
            let mut changed = copy(data);
            pick(&mut changed, file)[index] ^= 0x10;
            let refused = evidence::verify(&changed, anchors, &CHALLENGE, NOW).is_err();
            assert!(refused, "octet {index} of file {file}");
        }
    }
}

fn pick(data: &mut ChipData, file: usize) -> &mut Vec<u8> {
    match file {
        0 => &mut data.dg1,
        1 => &mut data.dg2,
        2 => data.dg14.as_mut().unwrap(),
        3 => data.dg15.as_mut().unwrap(),
        _ => &mut data.sod,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn mutated_evidence_never_panics(file in 0_usize..5, at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 1..6), cut in any::<bool>()) {
        let (data, anchors, _) = genuine();
        let mut changed = copy(data);
        let target = pick(&mut changed, file);
        let at = at.index(target.len());
        let unchanged = target.clone();
        if cut {
            target.truncate(at);
        } else {
            let end = (at + bytes.len()).min(target.len());
            target.splice(at..end, bytes);
        }
        let same = *target == unchanged;
        let result = evidence::verify(&changed, anchors, &CHALLENGE, NOW);
        prop_assert!(file == 4 || same || result.is_err());
    }

    #[test]
    fn a_chip_may_answer_anything(answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..12), good in 0_usize..8) {
        let (_, _, chip) = genuine();
        let mut liar = Liar { chip: Chip::new(chip.card().clone()), good, answers, asked: 0 };
        let result = read_chip(&mut liar, &AccessKey::Can("123456".into()), &CHALLENGE, &mut OsRng);
        prop_assert!(result.is_err());
        prop_assert!(liar.asked < 64);
    }

    #[test]
    fn the_chip_takes_any_command(commands in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20)) {
        let (_, _, chip) = genuine();
        let mut chip = Chip::new(chip.card().clone());
        for command in commands {
            prop_assert!(chip.transmit(&command).len() >= 2);
        }
    }
}

/// Honest for the first commands, then says what it likes, then is gone.
struct Liar {
    chip: Chip,
    good: usize,
    answers: Vec<Vec<u8>>,
    asked: usize,
}

impl Transceiver for Liar {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.asked += 1;
        if self.asked <= self.good {
            return Ok(self.chip.transmit(apdu));
        }
        self.answers.pop().ok_or(TransportError::Removed)
    }
}

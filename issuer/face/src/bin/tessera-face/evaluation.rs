//! Runs the engine over a data set and keeps counts only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tessera_face::{
    Accept, FaceEngine, FaceError, FaceTemplate, MAX_BYTES, QualityGate, similarity,
};
use zeroize::Zeroizing;

use crate::dataset::Dataset;
use crate::statistics::Scores;

/// Photographs presented and, by code, those from which nothing could be acquired.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Acquisition {
    pub(crate) presented: u64,
    pub(crate) failed: BTreeMap<&'static str, u64>,
}

impl Acquisition {
    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// Presentations of one kind: an attack instrument species, or bona fide ones.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Presentations {
    pub(crate) acquisition: Acquisition,
    /// Of those acquired, how many the detector took for bona fide: all where there is no detector.
    pub(crate) accepted: u64,
}

/// What was counted.
pub(crate) struct Evaluation {
    pub(crate) persons: usize,
    pub(crate) acquisition: Acquisition,
    pub(crate) genuine: Scores,
    pub(crate) impostor: Scores,
    /// The highest score of each pair of persons.
    pub(crate) pairs: Scores,
    pub(crate) attacks: BTreeMap<String, Presentations>,
    pub(crate) bona_fide: Option<Presentations>,
}

/// How photographs are read and judged.
pub(crate) struct Examiner<'a> {
    pub(crate) engine: &'a FaceEngine,
    pub(crate) gate: QualityGate,
    /// Least score of the installed presentation-attack detector for a bona fide presentation; `None` without a detector.
    pub(crate) least_pad_score: Option<f32>,
    /// Called after each photograph, with the code of its refusal.
    pub(crate) progress: &'a mut dyn FnMut(&Path, Option<&'static str>),
}

impl Examiner<'_> {
    pub(crate) fn run(&mut self, data: &Dataset) -> Evaluation {
        let mut acquisition = Acquisition::default();
        let templates: Vec<Vec<FaceTemplate>> = data
            .persons
            .values()
            .map(|photos| self.templates(photos, &mut acquisition))
            .collect();
        let mut done = Evaluation {
            persons: templates.iter().filter(|t| !t.is_empty()).count(),
            acquisition,
            genuine: Scores::new(),
            impostor: Scores::new(),
            pairs: Scores::new(),
            attacks: BTreeMap::new(),
            bona_fide: None,
        };
        done.compare(&templates);
        for (kind, photos) in &data.attacks {
            done.attacks
                .insert(kind.clone(), self.presentations(photos));
        }
        if !data.bona_fide.is_empty() {
            done.bona_fide = Some(self.presentations(&data.bona_fide));
        }
        done
    }

    fn templates(
        &mut self,
        photos: &[PathBuf],
        acquisition: &mut Acquisition,
    ) -> Vec<FaceTemplate> {
        let analyse = |this: &Self, photo: &[u8]| {
            this.engine
                .analyse_with(photo, Accept::Portrait, &this.gate)
        };
        let acquired = photos
            .iter()
            .map(|path| self.acquire(path, acquisition, analyse));
        acquired.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    fn presentations(&mut self, photos: &[PathBuf]) -> Presentations {
        let mut done = Presentations::default();
        for path in photos {
            let present = |this: &Self, photo: &[u8]| {
                this.engine
                    .presentation_score(photo, Accept::Portrait, &this.gate)
            };
            let score = self.acquire(path, &mut done.acquisition, present);
            let least = self.least_pad_score;
            // A detector that cannot judge refuses, as it does in a check.
            let accepted = score.is_some_and(|score| {
                least.is_none_or(|least| score.is_some_and(|score| score >= least))
            });
            done.accepted += u64::from(accepted);
        }
        done
    }

    fn acquire<T>(
        &mut self,
        path: &Path,
        acquisition: &mut Acquisition,
        examine: impl Fn(&Self, &[u8]) -> Result<T, FaceError>,
    ) -> Option<T> {
        acquisition.presented += 1;
        let acquired = read(path).and_then(|photo| examine(self, &photo).map_err(|e| e.code()));
        let refusal = acquired.as_ref().err().copied();
        if let Some(code) = refusal {
            *acquisition.failed.entry(code).or_default() += 1;
        }
        (self.progress)(path, refusal);
        acquired.ok()
    }
}

/// The bytes of a photograph; one that is too large is not read.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let unreadable = FaceError::Unreadable.code();
    let length = fs::metadata(path).map_err(|_| unreadable)?.len();
    if usize::try_from(length).map_or(true, |length| length > MAX_BYTES) {
        return Err(FaceError::TooLarge.code());
    }
    fs::read(path).map(Zeroizing::new).map_err(|_| unreadable)
}

impl Evaluation {
    /// Every photograph against every other: of one person genuine, of two an impostor comparison.
    fn compare(&mut self, persons: &[Vec<FaceTemplate>]) {
        for (i, person) in persons.iter().enumerate() {
            for (j, a) in person.iter().enumerate() {
                for b in person.iter().skip(j + 1) {
                    self.genuine.add(similarity(a, b));
                }
            }
            for other in persons.iter().skip(i + 1) {
                let mut highest = f32::NEG_INFINITY;
                for (a, b) in person
                    .iter()
                    .flat_map(|a| other.iter().map(move |b| (a, b)))
                {
                    let score = similarity(a, b);
                    self.impostor.add(score);
                    highest = highest.max(score);
                }
                if highest.is_finite() {
                    self.pairs.add(highest);
                }
            }
        }
    }
}

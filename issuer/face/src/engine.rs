//! The paved path: one engine, loaded once, shared by all threads.

mod live;
#[cfg(test)]
mod parity;

use crate::align::Aligned;
use crate::detect::{self, DetectedFace};
use crate::error::{FaceError, ModelError};
use crate::liveness::PassiveDetector;
use crate::models::{ModelBytes, Models};
use crate::photo::{Accept, Photo};
use crate::policy::{FacePolicy, QualityGate, reaches};
use crate::quality::{self, FaceQuality};
use crate::template::{FaceTemplate, similarity};
use crate::visible;

pub use live::LiveVerdict;

/// Detector, embedder and whatever an operator installed beside them.
///
/// `Send + Sync`; every call runs on the thread that makes it and takes tens to hundreds of milliseconds of processor
/// time, so an asynchronous service calls it from its blocking pool.
pub struct FaceEngine {
    models: Models,
    passive: Option<Box<dyn PassiveDetector>>,
}

/// The outcome of a comparison that succeeded; what the evidence record needs. A failed one is a [`FaceError`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FaceVerdict {
    /// Cosine similarity of photo and reference, at least `threshold`.
    pub similarity: f32,
    /// The threshold it was held against.
    pub threshold: f32,
    /// What was measured about the photo's face.
    pub photo: FaceQuality,
    /// What was measured about the reference's face.
    pub reference: FaceQuality,
    /// The passive detector's score, where the policy demanded one.
    pub pad_score: Option<f32>,
    /// Whether an active challenge was answered and passed.
    pub liveness_checked: bool,
}

impl FaceEngine {
    /// Checks the models' digests and prepares them to run. Takes a fraction of a second; do it once.
    ///
    /// # Errors
    ///
    /// [`ModelError`] for a file that is not the recorded one or does not load.
    pub fn load(bytes: ModelBytes) -> Result<Self, ModelError> {
        Ok(Self {
            models: Models::load(&bytes)?,
            passive: None,
        })
    }

    /// Installs a passive presentation-attack detector.
    #[must_use]
    pub fn with_passive_detector(mut self, detector: Box<dyn PassiveDetector>) -> Self {
        self.passive = Some(detector);
        self
    }

    /// The template of the one face in a picture: JPEG, PNG or JPEG 2000, held to [`QualityGate::PHOTO`].
    ///
    /// # Errors
    ///
    /// [`FaceError`] when the picture cannot be read, or shows no face, several, or one too small or blurred to compare.
    pub fn analyse(&self, photo: &[u8]) -> Result<FaceTemplate, FaceError> {
        self.analyse_with(photo, Accept::Portrait, &QualityGate::PHOTO)
    }

    /// The same, with the kinds of picture and the quality the caller chooses. [`Accept::Upload`] is for bytes that a
    /// phone sent.
    ///
    /// # Errors
    ///
    /// As [`analyse`](Self::analyse).
    pub fn analyse_with(
        &self,
        photo: &[u8],
        accept: Accept,
        gate: &QualityGate,
    ) -> Result<FaceTemplate, FaceError> {
        let photo = Photo::decode(photo, accept)?;
        let face = self.only_face(&photo, gate)?;
        self.template(&photo, &face, gate)
    }

    /// What the installed passive detector says of a picture that passes the quality gate: how alike it is to a live
    /// person, 0 to 1. `None` where no detector is installed, or where the installed one cannot judge.
    ///
    /// # Errors
    ///
    /// As [`analyse_with`](Self::analyse_with).
    pub fn presentation_score(
        &self,
        photo: &[u8],
        accept: Accept,
        gate: &QualityGate,
    ) -> Result<Option<f32>, FaceError> {
        let photo = Photo::decode(photo, accept)?;
        let face = self.only_face(&photo, gate)?;
        self.template(&photo, &face, gate)?;
        Ok(self
            .passive
            .as_ref()
            .and_then(|detector| detector.score(&photo, &face)))
    }

    /// Compares an uploaded photo (JPEG or PNG) with a reference portrait (also JPEG 2000).
    ///
    /// # Errors
    ///
    /// As [`analyse`](Self::analyse) for the photo; [`FaceError::Reference`] for the portrait; [`FaceError::Mismatch`];
    /// and, where the policy demands them, [`FaceError::PadRequired`], [`FaceError::PadFailed`] and
    /// [`FaceError::LivenessRequired`], for this call hands in no answer to a challenge.
    pub fn compare(
        &self,
        photo: &[u8],
        reference: &[u8],
        policy: &FacePolicy,
    ) -> Result<FaceVerdict, FaceError> {
        if policy.liveness_required {
            return Err(FaceError::LivenessRequired);
        }
        let photo = Photo::decode(photo, Accept::Upload)?;
        let (taken, pad_score) = self.taken(&photo, policy)?;
        drop(photo);
        self.against(&taken, reference, policy, pad_score)
    }

    /// The template of the photo that is compared, held to everything the policy demands of it.
    fn taken(
        &self,
        photo: &Photo,
        policy: &FacePolicy,
    ) -> Result<(FaceTemplate, Option<f32>), FaceError> {
        let face = self.only_face(photo, &policy.photo)?;
        let taken = self.template(photo, &face, &policy.photo)?;
        let pad_score = self.pad_score(photo, &face, policy)?;
        Ok((taken, pad_score))
    }

    /// Compares with the reference portrait.
    fn against(
        &self,
        taken: &FaceTemplate,
        reference: &[u8],
        policy: &FacePolicy,
        pad_score: Option<f32>,
    ) -> Result<FaceVerdict, FaceError> {
        let reference = self
            .analyse_with(reference, Accept::Portrait, &policy.reference)
            .map_err(|fault| FaceError::Reference(Box::new(fault)))?;
        let similarity = similarity(taken, &reference);
        if !reaches(similarity, policy.threshold) {
            return Err(FaceError::Mismatch);
        }
        Ok(FaceVerdict {
            similarity,
            threshold: policy.threshold,
            photo: taken.quality(),
            reference: reference.quality(),
            pad_score,
            liveness_checked: false,
        })
    }

    /// The one face of a picture, for the synthetic pictures of tests.
    #[cfg(feature = "test-support")]
    pub(crate) fn only_face_of(
        &self,
        photo: &Photo,
        gate: &QualityGate,
    ) -> Result<DetectedFace, FaceError> {
        self.only_face(photo, gate)
    }

    fn only_face(&self, photo: &Photo, gate: &QualityGate) -> Result<DetectedFace, FaceError> {
        let faces = detect::faces(&self.models, photo, gate.least_score);
        quality::only_face(photo, &faces, gate)
    }

    fn template(
        &self,
        photo: &Photo,
        face: &DetectedFace,
        gate: &QualityGate,
    ) -> Result<FaceTemplate, FaceError> {
        let aligned = Aligned::crop(photo, &face.landmarks).ok_or(FaceError::NoFace)?;
        let quality = quality::measure(face, &aligned, gate)?;
        let (embedding, sight) = self.models.embed(aligned.square());
        let template = FaceTemplate::new(embedding, quality).ok_or(FaceError::Engine)?;
        if let Some(least) = &gate.visible {
            visible::require(&sight, least)?;
        }
        Ok(template)
    }

    fn pad_score(
        &self,
        photo: &Photo,
        face: &DetectedFace,
        policy: &FacePolicy,
    ) -> Result<Option<f32>, FaceError> {
        let Some(least) = policy.least_pad_score else {
            return Ok(None);
        };
        let detector = self.passive.as_ref().ok_or(FaceError::PadRequired)?;
        let score = detector.score(photo, face).ok_or(FaceError::PadRequired)?;
        if reaches(score, least) {
            Ok(Some(score))
        } else {
            Err(FaceError::PadFailed)
        }
    }
}

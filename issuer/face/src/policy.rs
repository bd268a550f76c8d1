//! What a face check demands: numbers and switches, apart from the mechanism that applies them.

use crate::liveness::LivenessPolicy;

/// What a picture of a face must be like before it is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualityGate {
    /// Least detector confidence, 0 to 1, for something to count as a face.
    pub least_score: f32,
    /// Least length, in pixels of the picture, of the shorter side of the face's box.
    pub least_pixels: u32,
    /// Least [sharpness](crate::FaceQuality::sharpness) of the aligned face.
    pub least_sharpness: f32,
    /// A further face counts as *another person in the picture* once its linear size is at least this share of the
    /// largest face's. Smaller ones are taken for passers-by and ignored.
    pub bystander_ratio: f32,
    /// Largest share of the face's box that may lie outside the picture, along each side.
    pub most_outside: f32,
    /// Most degrees the face may be turned to a side or tilted. The detector's landmarks tell it to within ten or so.
    pub most_turned: f32,
    /// Least and greatest median luma of the aligned face, 0 to 255.
    pub luma: [f32; 2],
    /// Whether eyes and mouth must be seen.
    pub visible: Option<Visibility>,
}

/// How sure it must be that mouth and eyes are seen: about 1 where they are, about −1 where something covers them. What
/// the two bounds were set on, and how well they tell, is told in the source of `visible`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visibility {
    /// Least for the mouth.
    pub least_mouth: f32,
    /// Least for each eye.
    pub least_eye: f32,
}

impl Default for Visibility {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Visibility {
    /// The bounds that told covered faces from uncovered ones, of people on whom nothing was set.
    pub const DEFAULT: Self = Self {
        least_mouth: 0.1,
        least_eye: 0.0,
    };
}

impl QualityGate {
    /// The gate for a photo just taken. In the embedder's 112 pixels a face is about 75 wide: much below 60 it would be
    /// shown detail that is not there.
    pub const PHOTO: Self = Self {
        least_score: 0.8,
        least_pixels: 60,
        least_sharpness: 0.015,
        bystander_ratio: 0.4,
        most_outside: 0.12,
        most_turned: 26.0,
        luma: [38.0, 228.0],
        visible: Some(Visibility::DEFAULT),
    };

    /// The gate for a frame of a moving head: it may be turned, and motion blurs it.
    pub const FRAME: Self = Self {
        least_sharpness: 0.004,
        most_turned: 180.0,
        visible: None,
        ..Self::PHOTO
    };

    /// The gate for a reference portrait. Portraits in a document's chip are small and heavily compressed
    /// (ISO/IEC 19794-5 tokens of 240×320 pixels), and nobody can be asked to take them again.
    pub const REFERENCE: Self = Self {
        least_score: 0.8,
        least_pixels: 48,
        least_sharpness: 0.008,
        bystander_ratio: 0.4,
        most_outside: 0.3,
        most_turned: 180.0,
        luma: [0.0, 255.0],
        visible: None,
    };
}

/// What one comparison demands.
///
/// # Example
///
/// ```
/// use tessera_face::FacePolicy;
///
/// let policy = FacePolicy { threshold: 0.5, ..FacePolicy::default() };
/// assert!(!policy.liveness_required);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FacePolicy {
    /// Least cosine similarity, −1 to 1, for two pictures to show the same person.
    ///
    /// The default, 0.45, is **uncalibrated**: it lies above the 0.363 published for this embedder, at which small faces
    /// in crowds produced a few false matches, and below the genuine pairs tried. No false-match rate is claimed for it.
    pub threshold: f32,
    /// What the photo must be like.
    pub photo: QualityGate,
    /// What the reference portrait must be like.
    pub reference: QualityGate,
    /// Whether an active liveness challenge must have been answered: a photo alone is then refused.
    pub liveness_required: bool,
    /// What an answer to a challenge must be like.
    pub liveness: LivenessPolicy,
    /// What every frame of an answer must be like. The first one is held to `photo`.
    pub frame: QualityGate,
    /// Least score, 0 to 1, an installed [`PassiveDetector`](crate::PassiveDetector) must give; `None` demands no
    /// detector. With a demand and no detector, the photo is refused.
    pub least_pad_score: Option<f32>,
}

/// Whether a measure reaches the least demanded. What is not a number reaches nothing and is reached by nothing.
pub(crate) fn reaches(measure: f32, least: f32) -> bool {
    measure >= least
}

impl Default for FacePolicy {
    fn default() -> Self {
        Self {
            threshold: 0.45,
            photo: QualityGate::PHOTO,
            reference: QualityGate::REFERENCE,
            liveness_required: false,
            liveness: LivenessPolicy::default(),
            frame: QualityGate::FRAME,
            least_pad_score: None,
        }
    }
}

//! What a face check demands: numbers and switches, apart from the mechanism that applies them.

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
}

impl QualityGate {
    /// The gate for a photo just taken. In the embedder's 112 pixels a face is about 75 wide: much below 60 it would be
    /// shown detail that is not there.
    pub const PHOTO: Self = Self {
        least_score: 0.8,
        least_pixels: 60,
        least_sharpness: 0.015,
        bystander_ratio: 0.4,
    };

    /// The gate for a reference portrait. Portraits in a document's chip are small and heavily compressed
    /// (ISO/IEC 19794-5 tokens of 240×320 pixels), and nobody can be asked to take them again.
    pub const REFERENCE: Self = Self {
        least_score: 0.8,
        least_pixels: 48,
        least_sharpness: 0.008,
        bystander_ratio: 0.4,
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
    /// Whether an active liveness challenge must have been answered. Without an installed
    /// [`LivenessCheck`](crate::LivenessCheck), or without evidence, the photo is refused.
    pub liveness_required: bool,
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
            least_pad_score: None,
        }
    }
}

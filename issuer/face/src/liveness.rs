//! Seams for presentation-attack detection. None ships with this library: no detector with clean provenance and stated
//! error rates is to be had, and a policy that demands one is refused until an operator installs it.

use crate::detect::DetectedFace;
use crate::photo::Photo;
use crate::template::FaceTemplate;

/// Judges from a single photo whether a live person was in front of the camera (ISO/IEC 30107-1 *passive* detection).
pub trait PassiveDetector: Send + Sync {
    /// The probability, 0 to 1, that the face is live. `None` when the detector cannot judge this photo: a policy that
    /// demands a score then refuses it.
    fn score(&self, photo: &Photo, face: &DetectedFace) -> Option<f32>;
}

/// One picture of an answered challenge.
#[derive(Clone, Copy)]
pub struct LivenessFrame<'a> {
    /// When it was taken, in milliseconds since the challenge was shown.
    pub at_ms: u32,
    /// The picture as uploaded, JPEG or PNG.
    pub image: &'a [u8],
}

/// What a person's device sent in answer to an active challenge.
#[derive(Clone, Copy)]
pub struct LivenessEvidence<'a> {
    /// The nonce of the session the challenge was chosen for.
    pub session_nonce: &'a [u8],
    /// The frames, oldest first.
    pub frames: &'a [LivenessFrame<'a>],
}

/// Judges the answer to an active challenge that the issuer chose at random for one session.
pub trait LivenessCheck: Send + Sync {
    /// Whether the frames answer the challenge of this session and show the face of `photo` throughout.
    fn passes(&self, evidence: &LivenessEvidence<'_>, photo: &FaceTemplate) -> bool;
}

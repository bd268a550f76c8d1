//! Why a photograph was refused, and why the models were.

use thiserror::Error;

use crate::liveness::LivenessFault;

/// Why a face check did not succeed.
///
/// [`code`](Self::code) is stable and travels to the holder's device; the text is for people. Neither carries personal
/// data, and a mismatch carries no score: telling a caller how close it came lets it climb towards a match.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FaceError {
    /// No face was found.
    #[error("no face in the photo")]
    NoFace,
    /// The edge of the picture cuts the face off.
    #[error("part of the face is outside the photo")]
    Cropped,
    /// The face does not look into the camera.
    #[error("the face is turned away")]
    TurnedAway,
    /// Too little light on the face.
    #[error("the face is too dark")]
    TooDark,
    /// Too much light on the face.
    #[error("the face is too bright")]
    TooBright,
    /// An eye cannot be seen.
    #[error("the eyes are covered")]
    EyesCovered,
    /// The mouth cannot be seen.
    #[error("the mouth is covered")]
    MouthCovered,
    /// More than one face of comparable size.
    #[error("more than one face in the photo")]
    SeveralFaces,
    /// The face is too small to compare.
    #[error("the face is {pixels} pixels wide, at least {least} are needed")]
    TooSmall {
        /// The shorter side of the face's box, in pixels of the photo.
        pixels: u32,
        /// The least the policy accepts.
        least: u32,
    },
    /// The face is out of focus or moved.
    #[error("the face is blurred")]
    Blurred,
    /// The bytes are not a picture of an accepted kind, or are damaged.
    #[error("the file is not a readable photo")]
    Unreadable,
    /// More bytes or more pixels than a photo may have.
    #[error("the photo is too large")]
    TooLarge,
    /// The photo and the reference portrait do not show the same face.
    #[error("the face does not match the reference portrait")]
    Mismatch,
    /// The policy demands a liveness challenge, and none was answered or none can be judged here.
    #[error("a liveness check is required")]
    LivenessRequired,
    /// The liveness challenge was answered and failed.
    #[error("the liveness check failed: {}", .0.code())]
    LivenessFailed(LivenessFault),
    /// The policy demands presentation-attack detection, and no detector is installed or it could not judge.
    #[error("presentation-attack detection is required")]
    PadRequired,
    /// The detector takes the photo for a print, a screen or a mask.
    #[error("the photo does not seem to show a live person")]
    PadFailed,
    /// The reference portrait itself is unusable: a fault of the record or of the chip, not of the person's photo.
    #[error("the reference portrait cannot be used: {0}")]
    Reference(Box<FaceError>),
    /// A model failed while running.
    #[error("the face models could not be run")]
    Engine,
}

impl FaceError {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoFace => "face_none",
            Self::Cropped => "face_cropped",
            Self::TurnedAway => "face_turned_away",
            Self::TooDark => "face_too_dark",
            Self::TooBright => "face_too_bright",
            Self::EyesCovered => "face_eyes_covered",
            Self::MouthCovered => "face_mouth_covered",
            Self::SeveralFaces => "face_several",
            Self::TooSmall { .. } => "face_too_small",
            Self::Blurred => "face_blurred",
            Self::Unreadable => "image_unreadable",
            Self::TooLarge => "image_too_large",
            Self::Mismatch => "face_mismatch",
            Self::LivenessRequired => "liveness_required",
            Self::LivenessFailed(fault) => fault.code(),
            Self::PadRequired => "pad_required",
            Self::PadFailed => "pad_failed",
            Self::Reference(_) => "reference_unusable",
            Self::Engine => "face_engine_failed",
        }
    }
}

/// Why the models could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A model file is missing or cannot be read.
    #[error("model file {file} cannot be read")]
    File {
        /// The file's name in `issuer/models`.
        file: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A model is not the file whose digest is recorded.
    #[error("model {file} does not have the recorded SHA-256 digest")]
    Digest {
        /// The file's name in `issuer/models`.
        file: &'static str,
    },
    /// A model with the right digest did not become a runnable network.
    #[error("model {file} cannot be used: {reason}")]
    Unusable {
        /// The file's name in `issuer/models`.
        file: &'static str,
        /// What the inference library said.
        reason: String,
    },
}

//! Photo to faces, quality and similarity.
//!
//! Two pictures go in, a photo just taken and a reference portrait from a register or from a document's chip, and a
//! verdict comes out. Everything runs in this process, on the thread that asks; nothing is kept.
//!
//! ```text
//!   photo (JPEG, PNG)                             reference (also JPEG 2000)
//!        │                                                  │
//!        ▼  size checked from the header, Exif orientation  ▼
//!     [Photo]                                            [Photo]             wiped on drop
//!        │  YuNet: boxes, five landmarks, score             │
//!        ▼                                                  ▼
//!   one face, large enough, inside the picture       the same, gentler gate  face_none, face_several,
//!        │  five landmarks to fixed places, 112×112         │                face_too_small
//!        ▼                                                  ▼
//!   aligned face, sharp enough                        aligned face           face_blurred
//!        │  SFace: 128 numbers                              │
//!        ▼                                                  ▼
//!   [FaceTemplate] ────────── cosine ≥ threshold ─── [FaceTemplate]          face_mismatch; wiped on drop
//!        │                          │
//!        │ passive detector,        ▼
//!        └ active challenge ─► [FaceVerdict]                                 pad_required, liveness_…
//! ```
//!
//! The detector and the embedder are OpenCV's YuNet and SFace, decoded and aligned as OpenCV does; the tests hold them to
//! reference values made with OpenCV. Models are checked against recorded digests when loaded (`issuer/models`).
//!
//! # What it does not promise
//!
//! The default threshold is *uncalibrated*, and no error rate is claimed. A photo of a photo passes
//! [`compare`](FaceEngine::compare) unless the operator installs a [`PassiveDetector`] and the policy demands it. A policy
//! can demand a [`Challenge`] of head movements as well, which a still picture cannot answer and a rendered one can. A
//! demand that nothing can meet is refused. Wiping covers pixels, templates and everything in between, not the working
//! memory of the image decoders and of an operator's detector.
//!
//! # Example
//!
//! ```
//! use tessera_face::{FaceEngine, FacePolicy, ModelBytes};
//!
//! # let photo = include_bytes!("../../../tests/fixtures/photos/person_a_1.jpg").as_slice();
//! # let portrait = include_bytes!("../../../tests/fixtures/photos/person_a_2.jpg").as_slice();
//! let engine = FaceEngine::load(ModelBytes::embedded())?;
//! let verdict = engine.compare(photo, portrait, &FacePolicy::default())?;
//! assert!(verdict.similarity >= verdict.threshold);
//!
//! let refusal = engine.compare(b"not a picture", portrait, &FacePolicy::default());
//! assert_eq!(refusal.unwrap_err().code(), "image_unreadable");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod align;
mod detect;
mod engine;
mod error;
mod liveness;
mod models;
mod net;
mod passive;
mod photo;
mod policy;
mod pose;
mod quality;
#[cfg(feature = "test-support")]
pub mod synthetic;
mod template;
mod visible;

pub use detect::DetectedFace;
pub use engine::{FaceEngine, FaceVerdict, LiveVerdict};
pub use error::{FaceError, ModelError};
pub use liveness::{
    Challenge, FrameHash, LivenessAnswer, LivenessFault, LivenessFrame, LivenessPolicy, Movement,
    PassiveDetector,
};
pub use models::ModelBytes;
pub use passive::{OnnxPassiveDetector, PadModel};
pub use photo::{Accept, MAX_BYTES, MAX_PIXELS, MAX_SIDE, Photo};
pub use policy::{FacePolicy, QualityGate, Visibility};
pub use pose::Pose;
pub use quality::FaceQuality;
pub use template::{FaceTemplate, similarity};

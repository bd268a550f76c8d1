//! Synthetic pictures for tests and demonstrations: a photograph's face turned, filmed and covered by computation.
//!
//! **Nothing made here was ever before a camera.** The head is a generic ellipsoid with a nose, the movement a warp of
//! one photograph; the covers are drawn. Such pictures show that a check does what it says on pictures of this kind, and
//! measure nothing about people.

mod canvas;
mod cover;
mod head;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, RgbImage};

use crate::detect::DetectedFace;
use crate::engine::FaceEngine;
use crate::error::FaceError;
use crate::liveness::Movement;
use crate::photo::{Accept, Photo};
use crate::policy::QualityGate;
use canvas::Noise;
pub use cover::{COVERS, Cover};

/// One frame of a synthetic recording.
pub struct SyntheticFrame {
    /// Milliseconds since the recording began.
    pub at_ms: u32,
    /// JPEG.
    pub image: Vec<u8>,
}

/// A photograph whose face can be turned.
pub struct Sitter {
    picture: RgbImage,
    face: DetectedFace,
}

/// How one recording differs from another of the same sitter.
#[derive(Debug, Clone, Copy)]
pub struct Take {
    /// Seeds timing, sway, light and noise: another number is another recording.
    pub seed: u64,
    /// Degrees the head is turned to a side.
    pub turn: f32,
    /// Degrees the chin is lifted.
    pub lift: f32,
    /// Milliseconds between frames, about.
    pub interval_ms: u32,
}

impl Take {
    /// A recording as the challenge wants it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            turn: 26.0,
            lift: 17.0,
            interval_ms: 140,
        }
    }
}

impl Sitter {
    /// Takes the face of a photograph.
    ///
    /// # Errors
    /// [`FaceError`] where the photograph cannot be read or shows no single face.
    pub fn new(engine: &FaceEngine, photo: &[u8]) -> Result<Self, FaceError> {
        let photo = Photo::decode(photo, Accept::Portrait)?;
        let face = engine.only_face_of(&photo, &QualityGate::REFERENCE)?;
        let (picture, face) = canvas::around(&photo, &face).ok_or(FaceError::NoFace)?;
        Ok(Self { picture, face })
    }

    /// The face turned by so many degrees to the person's own left, and the chin lifted by so many.
    #[must_use]
    pub fn turned(&self, yaw: f32, pitch: f32) -> RgbImage {
        head::turned(&self.picture, &self.face, yaw, pitch)
    }

    /// The photograph as it is, cut to the face's surroundings.
    #[must_use]
    pub fn picture(&self) -> &RgbImage {
        &self.picture
    }

    /// The face with something drawn over it.
    #[must_use]
    pub fn covered(&self, cover: Cover) -> RgbImage {
        cover::covered(&self.picture, &self.face, cover)
    }

    /// The same person with something drawn over the face, for a recording.
    #[must_use]
    pub fn wearing(self, cover: Cover) -> Self {
        Self {
            picture: self.covered(cover),
            face: self.face,
        }
    }

    /// A recording of the movements, each from the look into the camera and back to it.
    ///
    /// # Errors
    /// When a frame cannot be encoded.
    pub fn film(
        &self,
        movements: &[Movement],
        take: &Take,
    ) -> Result<Vec<SyntheticFrame>, ImageError> {
        let mut noise = Noise::new(take.seed);
        let mut angles = vec![(0.0, 0.0)];
        for movement in movements {
            let far = noise.between(0.95, 1.12);
            for share in [0.35, 0.7, 1.0, 0.65, 0.3, 0.0] {
                let share = share * far;
                angles.push(match movement {
                    Movement::Left => (share * take.turn, 0.0),
                    Movement::Right => (-share * take.turn, 0.0),
                    Movement::Up => (0.0, share * take.lift),
                });
            }
        }
        let light = noise.between(0.92, 1.08);
        let place = [noise.between(-9.0, 9.0), noise.between(-9.0, 9.0)];
        let zoom = noise.between(0.93, 1.07);
        let mut at_ms = 0;
        angles
            .into_iter()
            .map(|(yaw, pitch)| {
                let (yaw, pitch) = (
                    yaw + noise.between(-1.5, 1.5),
                    pitch + noise.between(-1.0, 1.0),
                );
                let sway = place.map(|p| p + noise.between(-1.5, 1.5));
                let turned = self.turned(yaw, pitch);
                let picture = canvas::filmed(&turned, sway, zoom, light, &mut noise);
                let frame = SyntheticFrame {
                    at_ms,
                    image: jpeg(&picture, 88)?,
                };
                at_ms += take.interval_ms + noise.between(0.0, 30.0) as u32;
                Ok(frame)
            })
            .collect()
    }
}

/// The picture as a JPEG file.
///
/// # Errors
/// When it cannot be encoded.
pub fn jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, ImageError> {
    let mut out = Cursor::new(Vec::new());
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, quality))?;
    Ok(out.into_inner())
}

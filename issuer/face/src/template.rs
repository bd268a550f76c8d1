//! A face as 128 numbers.

use zeroize::{Zeroize, Zeroizing};

use crate::quality::FaceQuality;

/// The biometric template of one face.
///
/// Wiped when dropped. Deliberately neither `Clone` nor `Debug` nor serialisable, and the numbers cannot be taken out:
/// a template lives as long as one check and can only be compared.
pub struct FaceTemplate {
    /// Unit length, so that a scalar product is a cosine.
    embedding: Zeroizing<Vec<f32>>,
    quality: FaceQuality,
}

impl FaceTemplate {
    /// Scales an embedding to unit length; `None` when it has no direction.
    pub(crate) fn new(mut embedding: Vec<f32>, quality: FaceQuality) -> Option<Self> {
        let norm = embedding
            .iter()
            .map(|v| f64::from(*v).powi(2))
            .sum::<f64>()
            .sqrt();
        if !(norm.is_finite() && norm > 1e-6) {
            embedding.zeroize();
            return None;
        }
        for value in &mut embedding {
            *value = (f64::from(*value) / norm) as f32;
        }
        Some(Self {
            embedding: Zeroizing::new(embedding),
            quality,
        })
    }

    /// What was measured about the face the template was made from.
    #[must_use]
    pub fn quality(&self) -> FaceQuality {
        self.quality
    }

    #[cfg(test)]
    pub(crate) fn embedding(&self) -> &[f32] {
        &self.embedding
    }

    /// The embedding as it lies in memory (little-endian `f32`), for a test that searches what was stored and logged.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn hazmat_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(
            self.embedding
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect(),
        )
    }
}

/// How alike two faces are: the cosine of the angle between their embeddings, −1 to 1.
#[must_use]
pub fn similarity(a: &FaceTemplate, b: &FaceTemplate) -> f32 {
    let product = a.embedding.iter().zip(b.embedding.iter());
    let cosine = product
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum::<f64>();
    cosine.clamp(-1.0, 1.0) as f32
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const QUALITY: FaceQuality = FaceQuality {
        score: 1.0,
        pixels: 100,
        sharpness: 0.1,
    };

    #[test]
    fn similarity_is_the_cosine_whatever_the_length() {
        let template = |values: &[f32]| FaceTemplate::new(values.to_vec(), QUALITY).unwrap();
        let (a, b) = (template(&[3.0, 0.0]), template(&[20.0, 20.0]));
        assert!((similarity(&a, &b) - 0.5f32.sqrt()).abs() < 1e-6);
        assert!((similarity(&a, &template(&[-1.0, 0.0])) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn an_embedding_without_direction_is_no_template() {
        assert!(FaceTemplate::new(vec![0.0; 4], QUALITY).is_none());
        assert!(FaceTemplate::new(vec![f32::NAN, 1.0], QUALITY).is_none());
    }
}

//! Cutting out, sampling and disturbing pictures.

use image::{Rgb, RgbImage, imageops};

use crate::detect::DetectedFace;
use crate::photo::Photo;

/// Pixels between the eyes of a sitter.
const EYES: f32 = 64.0;
/// Distances between the eyes that are kept around their middle: left and right, above, below.
const KEPT: [f32; 3] = [2.7, 2.6, 3.6];

/// A reproducible source of disturbances (SplitMix64).
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Uniform.
    pub(super) fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * (self.next() >> 40) as f32 / (1 << 24) as f32
    }
}

/// The part of the photograph around the face, scaled to [`EYES`], and the face in it.
pub(super) fn around(photo: &Photo, face: &DetectedFace) -> Option<(RgbImage, DetectedFace)> {
    let whole = RgbImage::from_raw(
        u32::try_from(photo.width()).ok()?,
        u32::try_from(photo.height()).ok()?,
        photo.rgb().to_vec(),
    )?;
    let [right, left, ..] = face.landmarks;
    let between = (left[0] - right[0]).hypot(left[1] - right[1]);
    let middle = [(left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0];
    let [side, above, below] = KEPT.map(|share| share * between);
    let x = (middle[0] - side).max(0.0) as u32;
    let y = (middle[1] - above).max(0.0) as u32;
    let width = ((2.0 * side) as u32).min(whole.width().checked_sub(x)?);
    let height = ((above + below) as u32).min(whole.height().checked_sub(y)?);
    let scale = EYES / between;
    let cut = imageops::crop_imm(&whole, x, y, width, height).to_image();
    let scaled = |length: u32| ((length as f32 * scale) as u32).max(16);
    let picture = imageops::resize(
        &cut,
        scaled(width),
        scaled(height),
        imageops::FilterType::CatmullRom,
    );
    let at = |point: [f32; 2]| [(point[0] - x as f32) * scale, (point[1] - y as f32) * scale];
    let [box_left, box_top] = at([face.left, face.top]);
    Some((
        picture,
        DetectedFace {
            left: box_left,
            top: box_top,
            width: face.width * scale,
            height: face.height * scale,
            landmarks: face.landmarks.map(at),
            score: face.score,
        },
    ))
}

/// The colour between four pixels; beyond the edge, the edge.
pub(super) fn sample(picture: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let most = |length: u32| length.saturating_sub(1) as f32;
    let x = x.clamp(0.0, most(picture.width()));
    let y = y.clamp(0.0, most(picture.height()));
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (x - left, y - top);
    let pixel = |x: f32, y: f32| {
        let x = (x as u32).min(picture.width() - 1);
        let y = (y as u32).min(picture.height() - 1);
        picture.get_pixel(x, y).0.map(f32::from)
    };
    let corners = [
        (pixel(left, top), (1.0 - across) * (1.0 - down)),
        (pixel(left + 1.0, top), across * (1.0 - down)),
        (pixel(left, top + 1.0), (1.0 - across) * down),
        (pixel(left + 1.0, top + 1.0), across * down),
    ];
    let mut sum = [0.0; 3];
    for (colour, weight) in corners {
        for (sum, value) in sum.iter_mut().zip(colour) {
            *sum += weight * value;
        }
    }
    sum
}

/// As a camera films it: moved, nearer or farther, in another light, with noise.
pub(super) fn filmed(
    picture: &RgbImage,
    sway: [f32; 2],
    zoom: f32,
    light: f32,
    noise: &mut Noise,
) -> RgbImage {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let from = |at: f32, middle: f32, sway: f32| (at - sway - middle) / zoom + middle;
        let colour = sample(
            picture,
            from(x as f32, width / 2.0, sway[0]),
            from(y as f32, height / 2.0, sway[1]),
        );
        let grain = noise.between(-2.5, 2.5);
        Rgb(colour.map(|value| (value * light + grain).round().clamp(0.0, 255.0) as u8))
    })
}

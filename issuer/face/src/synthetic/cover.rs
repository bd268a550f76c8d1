//! Covers drawn over a face: masks, dark glasses, bands and hands.

use image::RgbImage;

use super::canvas::{Noise, sample};
use super::head::Frame;
use crate::detect::DetectedFace;

/// What covers a part of the face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cover {
    /// A mask from the bridge of the nose to the chin, of this colour, with or without pleats.
    Mask([u8; 3], bool),
    /// A mask of the colour of the face's own skin.
    SkinMask,
    /// A scarf or a mask worn below the nose, of this colour.
    LowMask([u8; 3]),
    /// Glasses with lenses of this colour and this radius, in distances between the eyes.
    Glasses([u8; 3], f32),
    /// Glasses that mirror: bright above, dark below.
    Mirrors,
    /// A band of this colour over the eyes.
    Band([u8; 3]),
    /// Four level fingers over the mouth.
    HandOverMouth,
    /// Four level fingers over the eyes.
    HandOverEyes,
    /// Four upright fingers over the mouth.
    FingersOverMouth,
}

/// A cover with its name.
pub const COVERS: [(&str, Cover); 18] = [
    ("blue mask", Cover::Mask([150, 190, 215], true)),
    ("white mask", Cover::Mask([235, 235, 235], true)),
    ("black mask", Cover::Mask([26, 26, 28], false)),
    ("red mask", Cover::Mask([170, 50, 60], false)),
    ("beige mask", Cover::Mask([210, 185, 160], false)),
    ("grey mask", Cover::Mask([120, 120, 120], false)),
    ("mask of the colour of skin", Cover::SkinMask),
    ("white scarf", Cover::LowMask([230, 230, 230])),
    ("dark scarf", Cover::LowMask([50, 45, 60])),
    ("sunglasses", Cover::Glasses([20, 20, 22], 0.40)),
    ("brown sunglasses", Cover::Glasses([70, 50, 35], 0.40)),
    ("small sunglasses", Cover::Glasses([25, 25, 25], 0.30)),
    ("mirrored sunglasses", Cover::Mirrors),
    ("black band", Cover::Band([20, 20, 20])),
    ("white band", Cover::Band([230, 230, 230])),
    ("hand over the mouth", Cover::HandOverMouth),
    ("hand over the eyes", Cover::HandOverEyes),
    ("fingers over the mouth", Cover::FingersOverMouth),
];

/// Draws a cover.
pub(super) fn covered(picture: &RgbImage, face: &DetectedFace, cover: Cover) -> RgbImage {
    let mut brush = Brush {
        frame: Frame::of(face),
        skin: skin(picture, face),
        out: picture.clone(),
        noise: Noise::new(7),
    };
    let skin = brush.skin;
    let plain = |colour: [u8; 3]| colour.map(f32::from);
    match cover {
        Cover::Mask(colour, pleats) => brush.fill(mask, |u, v| {
            let pleat = if pleats && (v * 22.4).sin() > 0.6 {
                0.9
            } else {
                1.0
            };
            plain(colour).map(|value| value * pleat * bow(u))
        }),
        Cover::SkinMask => brush.fill(mask, |u, _| skin.map(|value| value * bow(u))),
        Cover::LowMask(colour) => brush.fill(low, |u, _| plain(colour).map(|value| value * bow(u))),
        Cover::Glasses(colour, radius) => {
            for eye in [-0.5, 0.5] {
                let lens =
                    move |u: f32, v: f32| within([eye, 0.05], [radius, 0.8 * radius], [u, v]);
                brush.fill(lens, |_, v| {
                    plain(colour).map(|value| value * (1.0 + 0.5 * v))
                });
            }
            brush.fill(
                |u, v| {
                    if u.abs() < 0.15 && (-0.08..0.0).contains(&v) {
                        1.0
                    } else {
                        0.0
                    }
                },
                |_, _| [25.0; 3],
            );
        }
        Cover::Mirrors => {
            for eye in [-0.5, 0.5] {
                let lens = move |u: f32, v: f32| within([eye, 0.05], [0.4, 0.33], [u, v]);
                brush.fill(lens, |_, v| {
                    [90.0, 120.0, 150.0].map(|value| value * if v < 0.05 { 1.35 } else { 0.75 })
                });
            }
        }
        Cover::Band(colour) => brush.fill(
            |u, v| {
                if u.abs() < 1.2 && v.abs() < 0.35 {
                    1.0
                } else {
                    0.0
                }
            },
            |u, _| plain(colour).map(|value| value * bow(u)),
        ),
        Cover::HandOverMouth => brush.fingers(1.15, false),
        Cover::HandOverEyes => brush.fingers(0.03, false),
        Cover::FingersOverMouth => brush.fingers(0.0, true),
    }
    brush.out
}

struct Brush {
    frame: Frame,
    skin: [f32; 3],
    out: RgbImage,
    noise: Noise,
}

impl Brush {
    /// Paints what `shape` covers (0 to 1) in the colour of each place.
    fn fill(&mut self, shape: impl Fn(f32, f32) -> f32, colour: impl Fn(f32, f32) -> [f32; 3]) {
        for (x, y, pixel) in self.out.enumerate_pixels_mut() {
            let [u, v] = self.frame.to_face([x as f32, y as f32]);
            let share = shape(u, v);
            if share > 0.0 {
                let grain = self.noise.between(-6.0, 6.0);
                for (value, new) in pixel.0.iter_mut().zip(colour(u, v)) {
                    let mixed = (1.0 - share) * f32::from(*value) + share * (new + grain);
                    *value = mixed.round().clamp(0.0, 255.0) as u8;
                }
            }
        }
    }

    /// Four fingers side by side: level ones around this height, or upright ones around this place over the mouth.
    fn fingers(&mut self, middle: f32, upright: bool) {
        const WIDTH: f32 = 0.24;
        let skin = self.skin;
        for finger in 0..4_u8 {
            let across = middle + (f32::from(finger) - 1.5) * WIDTH;
            let place = move |u: f32, v: f32| {
                if upright {
                    ([u - across, v - 1.32], [WIDTH * 0.53, 0.6])
                } else {
                    ([u + 0.1, v - across], [1.15, WIDTH * 0.53])
                }
            };
            let shape = move |u: f32, v: f32| {
                let (at, size) = place(u, v);
                within([0.0, 0.0], size, at)
            };
            let shaded = move |u: f32, v: f32| {
                let ([du, dv], _) = place(u, v);
                let off = if upright { du } else { dv } / (WIDTH * 0.5);
                skin.map(|value| value * (1.0 - 0.35 * off.abs().min(1.0).powi(3)))
            };
            self.fill(shape, shaded);
        }
    }
}

/// The colour of the cheeks.
fn skin(picture: &RgbImage, face: &DetectedFace) -> [f32; 3] {
    let frame = Frame::of(face);
    let sides = [-0.55, 0.55].map(|u| {
        let [x, y] = frame.to_picture([u, 0.62]);
        sample(picture, x, y)
    });
    std::array::from_fn(|i| (sides[0][i] + sides[1][i]) / 2.0)
}

/// Darker to the sides, as what bends around a head is.
fn bow(u: f32) -> f32 {
    1.0 - 0.18 * u.abs().min(1.2)
}

/// 1 inside a rounded rectangle, 0 outside.
fn within(middle: [f32; 2], size: [f32; 2], at: [f32; 2]) -> f32 {
    let part = |i: usize| ((at[i] - middle[i]) / size[i]).abs().powf(3.0);
    if part(0) + part(1) < 1.0 { 1.0 } else { 0.0 }
}

fn mask(u: f32, v: f32) -> f32 {
    // Up to the bridge of the nose in the middle, down the cheeks, around the chin.
    let top = if u.abs() < 0.5 {
        0.38 + 0.45 * u.abs()
    } else {
        0.62 - 0.34 * (u.abs() - 0.5)
    };
    let side = if v < 1.1 { 1.0 } else { 1.0 - 0.9 * (v - 1.1) };
    if v > top && v < 1.95 && u.abs() < side {
        1.0
    } else {
        0.0
    }
}

fn low(u: f32, v: f32) -> f32 {
    let side = if v < 1.2 {
        0.98
    } else {
        0.98 - 0.9 * (v - 1.2)
    };
    if v > 0.8 && v < 1.95 && u.abs() < side {
        1.0
    } else {
        0.0
    }
}

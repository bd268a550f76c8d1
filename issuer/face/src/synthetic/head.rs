//! A generic head under the face, turned as a mesh.

use image::{Rgb, RgbImage};

use super::canvas::sample;
use crate::detect::DetectedFace;

/// Depth of the axis the head turns about, in distances between the eyes, behind the face.
const AXIS: f32 = -0.9;
/// Height of the axis the head nods about, in the same measure below the eyes.
const NECK: f32 = 0.9;
/// Pixels between two points of the mesh.
const MESH: u32 = 4;

/// A place on the face: right and down from the middle between the eyes, in distances between them, along the line
/// through the eyes and across it.
pub(super) struct Frame {
    origin: [f32; 2],
    along: [f32; 2],
}

impl Frame {
    pub(super) fn of(face: &DetectedFace) -> Self {
        let [right, left, ..] = face.landmarks;
        Self {
            origin: [(right[0] + left[0]) / 2.0, (right[1] + left[1]) / 2.0],
            along: [left[0] - right[0], left[1] - right[1]],
        }
    }

    /// Pixels to face coordinates.
    pub(super) fn to_face(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [a, b] = self.along;
        let squared = (a * a + b * b).max(1.0);
        let (dx, dy) = (x - self.origin[0], y - self.origin[1]);
        [(dx * a + dy * b) / squared, (dy * a - dx * b) / squared]
    }

    /// Face coordinates to pixels.
    pub(super) fn to_picture(&self, [u, v]: [f32; 2]) -> [f32; 2] {
        let [a, b] = self.along;
        [
            self.origin[0] + u * a - v * b,
            self.origin[1] + u * b + v * a,
        ]
    }
}

/// How far a point of the face lies towards the camera: an ellipsoid and a nose, whose tip is where the photograph shows
/// it. On a head that was already turned a little that is not in the middle, and a nose that stands out beside its own
/// picture would hardly move when the head turns on.
fn depth([u, v]: [f32; 2], [across, down]: [f32; 2]) -> f32 {
    let bow = 1.0 - (u / 1.35).powi(2) - ((v - 0.55) / 1.95).powi(2);
    let nose = 0.42 * (-((u - across) / 0.17).powi(2) - ((v - down) / 0.26).powi(2)).exp();
    0.9 * (bow.max(0.0).sqrt() - 1.0) + nose
}

/// How much a point belongs to the head: 1 on it, 0 in the background, in between where hair and neck stretch.
fn weight(u: f32, v: f32) -> f32 {
    let radius = ((u / 1.35).powi(2) + ((v - 0.45) / 1.9).powi(2)).sqrt();
    let beyond = ((1.75 - radius) / 0.75).clamp(0.0, 1.0);
    beyond * beyond * (3.0 - 2.0 * beyond)
}

/// A point of the mesh: where its colour comes from, where it goes to, how near it is.
#[derive(Clone, Copy)]
struct Vertex {
    from: [f32; 2],
    to: [f32; 2],
    near: f32,
}

pub(super) fn turned(picture: &RgbImage, face: &DetectedFace, yaw: f32, pitch: f32) -> RgbImage {
    let frame = Frame::of(face);
    let nose = frame.to_face(face.landmarks[2]);
    let ((sin, cos), (nod_sin, nod_cos)) =
        (yaw.to_radians().sin_cos(), pitch.to_radians().sin_cos());
    let vertex = |column: u32, row: u32| {
        let from = [
            (column * MESH).min(picture.width() - 1) as f32,
            (row * MESH).min(picture.height() - 1) as f32,
        ];
        let [u, v] = frame.to_face(from);
        let before = depth([u, v], nose) - AXIS;
        let (across, before) = (u * cos + before * sin, before * cos - u * sin);
        let (down, before) = (
            (v - NECK) * nod_cos - before * nod_sin + NECK,
            before * nod_cos + (v - NECK) * nod_sin,
        );
        let share = weight(u, v);
        Vertex {
            from,
            to: frame.to_picture([u + share * (across - u), v + share * (down - v)]),
            near: share * before,
        }
    };
    let mut out = picture.clone();
    let mut nearest = vec![f32::NEG_INFINITY; (picture.width() * picture.height()) as usize];
    let cells = |length: u32| (length - 1).div_ceil(MESH);
    for row in 0..cells(picture.height()) {
        for column in 0..cells(picture.width()) {
            let corners =
                [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| vertex(column + x, row + y));
            let [a, b, c, d] = corners;
            triangle(picture, &mut out, &mut nearest, [a, b, c]);
            triangle(picture, &mut out, &mut nearest, [b, c, d]);
        }
    }
    out
}

/// Paints one triangle where nothing nearer has been painted.
fn triangle(picture: &RgbImage, out: &mut RgbImage, nearest: &mut [f32], [a, b, c]: [Vertex; 3]) {
    let area = cross(a.to, b.to, c.to);
    if area.abs() < 1e-3 {
        return;
    }
    let bounds = |axis: usize, length: u32| {
        let values = [a.to[axis], b.to[axis], c.to[axis]];
        let least = values
            .into_iter()
            .fold(f32::INFINITY, f32::min)
            .floor()
            .max(0.0) as u32;
        let most = values.into_iter().fold(0.0, f32::max).ceil() as u32;
        least..(most + 1).min(length)
    };
    for y in bounds(1, out.height()) {
        for x in bounds(0, out.width()) {
            let at = [x as f32, y as f32];
            let shares = [
                cross(at, b.to, c.to),
                cross(a.to, at, c.to),
                cross(a.to, b.to, at),
            ]
            .map(|part| part / area);
            // A little beyond the edge, so that no pixel falls between two triangles.
            if shares.iter().any(|share| *share < -0.02) {
                continue;
            }
            let mixed = |of: fn(&Vertex) -> f32| {
                shares[0] * of(&a) + shares[1] * of(&b) + shares[2] * of(&c)
            };
            let near = mixed(|vertex| vertex.near);
            let Some(before) = nearest.get_mut((y * picture.width() + x) as usize) else {
                continue;
            };
            if near > *before {
                *before = near;
                let colour = sample(picture, mixed(|v| v.from[0]), mixed(|v| v.from[1]));
                out.put_pixel(x, y, Rgb(colour.map(|value| value.round() as u8)));
            }
        }
    }
}

/// Twice the signed area of a triangle.
fn cross(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> f32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

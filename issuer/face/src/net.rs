//! The two networks, run by this library itself.
//!
//! Both consist of the same few operations: a 3×3 convolution of three colours, 1×1 convolutions, 3×3 convolutions of each
//! channel by itself, a 2×2 maximum. Writing those out, over vectors of sixteen channels, runs several times faster than a
//! general inference library does, and leaves no copy of a face in buffers that nobody wipes. The general library still
//! reads the files, and the tests hold both networks to what it computes from the same files.

mod detector;
mod embedder;
mod kernels;
mod map;
mod sight;
mod weights;

#[cfg(test)]
mod oracle;

pub(crate) use detector::{Detector, HEADS};
pub(crate) use embedder::Embedder;
pub(crate) use map::{Map, Square};
pub(crate) use sight::Sight;

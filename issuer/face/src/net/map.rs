//! Pictures on their way through a network: square, pixel by pixel, wiped when dropped.

use zeroize::Zeroizing;

/// A square picture of three colours, eight bits each.
pub(crate) struct Square {
    pub(crate) side: usize,
    /// Rows from the top, three bytes per pixel.
    pub(crate) pixels: Zeroizing<Vec<u8>>,
}

impl Square {
    /// A black square.
    pub(crate) fn black(side: usize) -> Self {
        Self {
            side,
            pixels: Zeroizing::new(vec![0; 3 * side * side]),
        }
    }

    /// Row `y`.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[3 * y * self.side..][..3 * self.side]
    }
}

/// A square picture of many channels.
pub(crate) struct Map {
    pub(crate) side: usize,
    pub(crate) channels: usize,
    /// Rows from the top, all channels of a pixel side by side.
    pub(crate) values: Zeroizing<Vec<f32>>,
}

impl Map {
    pub(crate) fn new(side: usize, channels: usize) -> Self {
        Self {
            side,
            channels,
            values: Zeroizing::new(vec![0.0; side * side * channels]),
        }
    }

    pub(super) fn row(&self, y: usize) -> &[f32] {
        let length = self.side * self.channels;
        &self.values[y * length..][..length]
    }

    pub(super) fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let length = self.side * self.channels;
        &mut self.values[y * length..][..length]
    }
}

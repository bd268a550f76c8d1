//! JPEG 2000 (ISO/IEC 15444-1), the second coding ICAO Doc 9303-10 allows for DG2 portraits.

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};
use image::metadata::Orientation;
use zeroize::Zeroizing;

use super::{Photo, Samples, upright, within_limits};
use crate::error::FaceError;

/// Most pixels of a JPEG 2000 portrait. Decoding costs far more time and memory per pixel than JPEG, and portraits in
/// documents have half a million.
const MAX_PIXELS: u64 = 1_500_000;

/// Whether the bytes begin as a JP2 file or as a bare codestream (SOC and SIZ markers).
pub(super) fn recognised(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0\0\0\x0cjP  ") || bytes.starts_with(b"\xff\x4f\xff\x51")
}

/// Decodes a grey or colour picture. The format has no orientation of its own.
pub(super) fn decode(bytes: &[u8]) -> Result<Photo, FaceError> {
    // A palette maps one component to several, and unties the number of components, which is what memory is set aside
    // for, from the colours announced. Portraits have none (ISO/IEC 15444-1 I.5.3.4).
    if bytes.windows(4).any(|window| window == b"pclr") {
        return Err(FaceError::Unreadable);
    }
    let image = Image::new(bytes, &DecodeSettings::default()).map_err(|_| FaceError::Unreadable)?;
    let (width, height) = (image.width(), image.height());
    within_limits(width, height)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(FaceError::TooLarge);
    }
    let offsets = match image.color_space() {
        ColorSpace::Gray
        | ColorSpace::Icc {
            num_channels: 1, ..
        } => [0, 0, 0],
        ColorSpace::RGB
        | ColorSpace::Icc {
            num_channels: 3, ..
        } => [0, 1, 2],
        _ => return Err(FaceError::Unreadable),
    };
    let stride = usize::from(image.color_space().num_channels()) + usize::from(image.has_alpha());
    let mut context = DecoderContext::default();
    let decoded = image
        .decode(&mut context)
        .map_err(|_| FaceError::Unreadable)?;
    let raw = Zeroizing::new(decoded.data_u8());
    let size = (width as usize, height as usize);
    if raw.len() != stride * size.0 * size.1 {
        return Err(FaceError::Unreadable);
    }
    Ok(upright(
        &raw,
        Samples { stride, offsets },
        size,
        Orientation::NoTransforms,
    ))
}

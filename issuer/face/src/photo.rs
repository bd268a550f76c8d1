//! Bytes to pixels: which kinds of picture are read, how large they may be, and which way up they are.

mod jpeg2000;

use std::io::Cursor;
use std::panic::catch_unwind;

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, Limits};
use zeroize::Zeroizing;

use crate::error::FaceError;

/// Most bytes a picture may have.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most pixels along one side.
pub const MAX_SIDE: u32 = 8192;
/// Most pixels in all: a 24-megapixel camera fits, and three bytes of each stay below 80 MB.
pub const MAX_PIXELS: u64 = 26_000_000;
/// Most bytes of decoded samples: four of eight bits per pixel. A picture of sixteen bits may have half as many pixels.
const MAX_SAMPLE_BYTES: u64 = 4 * MAX_PIXELS;
/// Most memory a decoder may ask for beyond the picture itself.
const MAX_DECODER_BYTES: u64 = 256 * 1024 * 1024;

/// Which kinds of picture are read; told apart by their first bytes, never by a name or a declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// JPEG and PNG: what a phone or a terminal's camera uploads.
    Upload,
    /// Also JPEG 2000 (JP2 file or bare codestream), which travel documents use for DG2 portraits (ICAO Doc 9303-10).
    Portrait,
}

/// A decoded picture, upright, eight bits of red, green and blue per pixel. Wiped when dropped.
pub struct Photo {
    width: usize,
    height: usize,
    rgb: Zeroizing<Vec<u8>>,
}

impl Photo {
    /// Decodes a picture and turns it upright as its Exif orientation says.
    ///
    /// Dimensions are read from the header and checked before memory for pixels is set aside. Transparency is ignored.
    ///
    /// # Errors
    ///
    /// [`FaceError::TooLarge`] beyond [`MAX_BYTES`], [`MAX_SIDE`] or [`MAX_PIXELS`]; [`FaceError::Unreadable`] for any
    /// other kind of file and for damaged ones.
    pub fn decode(bytes: &[u8], accept: Accept) -> Result<Self, FaceError> {
        if bytes.len() > MAX_BYTES {
            return Err(FaceError::TooLarge);
        }
        // The decoders are other people's code run on hostile bytes: a panic in one of them is a damaged picture, not
        // the end of the service's thread.
        catch_unwind(|| match bytes {
            [0xff, 0xd8, 0xff, ..] => {
                Self::read(JpegDecoder::new(Cursor::new(bytes)).map_err(|_| FaceError::Unreadable)?)
            }
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => {
                let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits());
                Self::read(decoder.map_err(|e| refused(&e))?)
            }
            _ if accept == Accept::Portrait && jpeg2000::recognised(bytes) => {
                jpeg2000::decode(bytes)
            }
            _ => Err(FaceError::Unreadable),
        })
        .unwrap_or(Err(FaceError::Unreadable))
    }

    /// Pixels from left to right.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels, row by row from the top, three bytes each: red, green, blue.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    fn read(mut decoder: impl ImageDecoder) -> Result<Self, FaceError> {
        let (width, height) = decoder.dimensions();
        within_limits(width, height)?;
        if decoder.total_bytes() > MAX_SAMPLE_BYTES {
            return Err(FaceError::TooLarge);
        }
        decoder.set_limits(limits()).map_err(|e| refused(&e))?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let samples = Samples::of(decoder.color_type()).ok_or(FaceError::Unreadable)?;
        let length = usize::try_from(decoder.total_bytes()).map_err(|_| FaceError::TooLarge)?;
        let mut raw = Zeroizing::new(vec![0; length]);
        decoder.read_image(&mut raw).map_err(|e| refused(&e))?;
        let (width, height) = (width as usize, height as usize);
        if samples.is_rgb()
            && orientation == Orientation::NoTransforms
            && raw.len() == 3 * width * height
        {
            return Ok(Self {
                width,
                height,
                rgb: raw,
            });
        }
        Ok(upright(&raw, samples, (width, height), orientation))
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

fn within_limits(width: u32, height: u32) -> Result<(), FaceError> {
    if width == 0 || height == 0 {
        return Err(FaceError::Unreadable);
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(FaceError::TooLarge);
    }
    Ok(())
}

fn refused(error: &image::ImageError) -> FaceError {
    match error {
        image::ImageError::Limits(_) => FaceError::TooLarge,
        _ => FaceError::Unreadable,
    }
}

/// How a decoder lays out one pixel.
#[derive(Clone, Copy)]
struct Samples {
    /// Bytes per pixel.
    stride: usize,
    /// Offset of the byte that holds the eight most significant bits of red, green and blue.
    offsets: [usize; 3],
}

impl Samples {
    fn of(color: ColorType) -> Option<Self> {
        // 16-bit samples come in the machine's own byte order.
        let high = if cfg!(target_endian = "little") { 1 } else { 0 };
        let (stride, offsets) = match color {
            ColorType::L8 => (1, [0, 0, 0]),
            ColorType::La8 => (2, [0, 0, 0]),
            ColorType::Rgb8 => (3, [0, 1, 2]),
            ColorType::Rgba8 => (4, [0, 1, 2]),
            ColorType::L16 => (2, [high; 3]),
            ColorType::La16 => (4, [high; 3]),
            ColorType::Rgb16 => (6, [high, high + 2, high + 4]),
            ColorType::Rgba16 => (8, [high, high + 2, high + 4]),
            _ => return None,
        };
        Some(Self { stride, offsets })
    }

    /// Whether pixels already lie as [`Photo`] keeps them.
    fn is_rgb(self) -> bool {
        self.stride == 3 && self.offsets == [0, 1, 2]
    }
}

/// Copies pixels to where they belong in the upright picture.
fn upright(
    raw: &[u8],
    samples: Samples,
    (w, h): (usize, usize),
    orientation: Orientation,
) -> Photo {
    use Orientation::{
        FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180, Rotate270,
        Rotate270FlipH,
    };
    let (width, height) = match orientation {
        NoTransforms | Rotate180 | FlipHorizontal | FlipVertical => (w, h),
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => (h, w),
    };
    let mut rgb = Zeroizing::new(vec![0; 3 * width * height]);
    for (i, pixel) in raw.chunks_exact(samples.stride).take(w * h).enumerate() {
        let (x, y) = (i % w, i / w);
        let (x, y) = match orientation {
            NoTransforms => (x, y),
            FlipHorizontal => (w - 1 - x, y),
            Rotate180 => (w - 1 - x, h - 1 - y),
            FlipVertical => (x, h - 1 - y),
            Rotate90FlipH => (y, x),
            Rotate90 => (h - 1 - y, x),
            Rotate270FlipH => (h - 1 - y, w - 1 - x),
            Rotate270 => (y, w - 1 - x),
        };
        let at = 3 * (y * width + x);
        rgb[at..at + 3].copy_from_slice(&samples.offsets.map(|offset| pixel[offset]));
    }
    Photo { width, height, rgb }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use image::{DynamicImage, GenericImageView, ImageBuffer, ImageFormat};

    use super::*;

    /// The header of a PNG that claims `width` × `height` pixels of eight-bit RGB, and nothing else.
    fn png_header(width: u32, height: u32) -> Vec<u8> {
        png_header_of(width, height, [8, 2])
    }

    /// The same for this bit depth and colour type.
    fn png_header_of(width: u32, height: u32, kind: [u8; 2]) -> Vec<u8> {
        let mut ihdr = b"IHDR".to_vec();
        ihdr.extend(width.to_be_bytes());
        ihdr.extend(height.to_be_bytes());
        ihdr.extend(kind);
        ihdr.extend([0, 0, 0]);
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
        png.extend(&ihdr);
        png.extend(crc32(&ihdr).to_be_bytes());
        png.extend(b"\0\0\0\0IDAT");
        png.extend(crc32(b"IDAT").to_be_bytes());
        png
    }

    /// CRC-32 of PNG (ISO 3309), bit by bit.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1))
            })
        })
    }

    #[test]
    fn a_huge_picture_is_refused_from_its_header() {
        // Were memory set aside first, the second one would ask for 12 exabytes.
        for (width, height) in [(8193, 10), (0x7fff_ffff, 0x7fff_ffff), (8192, 8192)] {
            let refusal = Photo::decode(&png_header(width, height), Accept::Upload).err();
            assert_eq!(refusal, Some(FaceError::TooLarge), "{width}x{height}");
        }
        // The header is read as meant: with a modest size the same bytes are damaged rather than too large.
        let refusal = Photo::decode(&png_header(100, 100), Accept::Upload).err();
        assert_eq!(refusal, Some(FaceError::Unreadable));
    }

    #[test]
    fn samples_of_sixteen_bits_count_twice() {
        // 25 megapixels of eight-bit RGBA may be read; of sixteen bits they would fill 200 MB.
        for (depth, refusal) in [(8, FaceError::Unreadable), (16, FaceError::TooLarge)] {
            let png = png_header_of(5000, 5000, [depth, 6]);
            assert_eq!(Photo::decode(&png, Accept::Upload).err(), Some(refusal));
        }
    }

    #[test]
    fn too_many_bytes_are_refused_unread() {
        let refusal = Photo::decode(&vec![0xff; MAX_BYTES + 1], Accept::Upload).err();
        assert_eq!(refusal, Some(FaceError::TooLarge));
    }

    #[test]
    fn other_kinds_of_file_are_unreadable() {
        let gif = b"GIF89a\x01\0\x01\0\0\0\0;";
        let jp2 = b"\0\0\0\x0cjP  \r\n\x87\n";
        for bytes in [&b""[..], b"\xff\xd8", gif, jp2, b"a line of text"] {
            let refusal = Photo::decode(bytes, Accept::Upload).err();
            assert_eq!(refusal, Some(FaceError::Unreadable));
        }
    }

    #[test]
    fn every_orientation_agrees_with_the_image_library() {
        let source = DynamicImage::ImageRgb8(ImageBuffer::from_fn(3, 2, |x, y| {
            image::Rgb([x as u8, y as u8, 7])
        }));
        let samples = Samples::of(ColorType::Rgb8).unwrap();
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut expected = source.clone();
            expected.apply_orientation(orientation);
            let photo = upright(source.as_bytes(), samples, (3, 2), orientation);
            assert_eq!(
                (photo.width as u32, photo.height as u32),
                expected.dimensions()
            );
            assert_eq!(photo.rgb(), expected.as_bytes(), "orientation {exif}");
        }
    }

    #[test]
    fn every_sample_layout_gives_the_same_colours() {
        let grey = DynamicImage::ImageLuma8(ImageBuffer::from_fn(4, 4, |x, y| {
            image::Luma([(16 * x + y) as u8])
        }));
        let layouts: [DynamicImage; 8] = [
            grey.to_luma8().into(),
            grey.to_luma_alpha8().into(),
            grey.to_rgb8().into(),
            grey.to_rgba8().into(),
            grey.to_luma16().into(),
            grey.to_luma_alpha16().into(),
            grey.to_rgb16().into(),
            grey.to_rgba16().into(),
        ];
        for layout in layouts {
            let mut png = Cursor::new(Vec::new());
            layout.write_to(&mut png, ImageFormat::Png).unwrap();
            let photo = Photo::decode(png.get_ref(), Accept::Upload).unwrap();
            assert_eq!(
                photo.rgb(),
                grey.to_rgb8().as_raw().as_slice(),
                "{:?}",
                layout.color()
            );
        }
    }
}

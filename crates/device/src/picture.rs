//! Pictures: whether one is whole, and a small JPEG of it. The original is
//! never changed; what it is, is recognised by `domain::evidence`.

use domain::evidence::MediaType;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// Longest side of a thumbnail, in pixels.
const THUMBNAIL_SIDE_MAX: u32 = 320;
const THUMBNAIL_QUALITY: u8 = 80;
/// Longest side of a picture that is decoded, in pixels.
const SIDE_MAX: u32 = 24_000;
/// Memory a decoder may ask for, in bytes.
const DECODED_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// A small JPEG of a picture, upright; none when the picture is not whole.
pub(crate) fn thumbnail(bytes: &[u8], media_type: MediaType) -> Option<Vec<u8>> {
    // The JPEG decoder forgives a missing end and paints it grey; a piece of
    // evidence that was cut off must not pass as whole.
    if media_type == MediaType::Jpeg && !jpeg_is_complete(bytes) {
        return None;
    }
    let picture = decode(bytes, media_type)?;
    let small = picture.thumbnail(THUMBNAIL_SIDE_MAX, THUMBNAIL_SIDE_MAX).into_rgb8();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, THUMBNAIL_QUALITY).encode_image(&small).ok()?;
    Some(jpeg)
}

fn decode(bytes: &[u8], media_type: MediaType) -> Option<DynamicImage> {
    let format = match media_type {
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Png => ImageFormat::Png,
        MediaType::Webp => ImageFormat::WebP,
        _ => return None,
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    Some(picture)
}

/// Walks the segments of a JPEG up to its end-of-image marker. What cameras
/// append after it (a preview, a short film) is none of our business.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        // Fill bytes may stand before a marker.
        while bytes.get(at) == Some(&0xFF) && bytes.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let (Some(0xFF), Some(&marker)) = (bytes.get(at), bytes.get(at + 1)) else {
            return false;
        };
        match marker {
            0xD9 => return true,
            0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                let (Some(&high), Some(&low)) = (bytes.get(at + 2), bytes.get(at + 3)) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
                if marker == 0xDA {
                    let Some(end) = scan_end(bytes, at) else { return false };
                    at = end;
                }
            }
        }
    }
}

/// The first marker after entropy-coded data that is neither a stuffed zero
/// nor a restart.
fn scan_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|&b| b == 0xFF)?;
        match *bytes.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A real JPEG with some structure in it.
    pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x % 251) as u8, (y % 241) as u8, ((x * y) % 239) as u8])
        });
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 85).encode_image(&picture).unwrap();
        bytes
    }

    #[test]
    fn a_film_appended_to_a_photo_does_not_make_it_damaged() {
        let mut bytes = jpeg(40, 30);
        bytes.extend_from_slice(b"....ftypmp42 and much more");
        assert!(thumbnail(&bytes, MediaType::Jpeg).is_some());
    }

    #[test]
    fn a_cut_png_is_damaged() {
        let mut bytes = Vec::new();
        DynamicImage::new_rgb8(200, 100)
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        assert!(thumbnail(&bytes, MediaType::Png).is_some());
        assert!(thumbnail(&bytes[..bytes.len() / 2], MediaType::Png).is_none());
    }

    #[test]
    fn a_small_picture_is_not_blown_up() {
        let small = thumbnail(&jpeg(40, 30), MediaType::Jpeg).unwrap();
        let small = image::load_from_memory(&small).unwrap();
        assert!(small.width() <= 320 && small.height() <= 320);
    }
}

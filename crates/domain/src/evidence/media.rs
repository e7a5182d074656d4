//! What a file is, told by its first bytes, never by its name: what cameras
//! and offices produce, and nothing that a browser would run.
//!
//! Whether a picture is whole is not asked here; that needs decoding.

use serde::{Deserialize, Serialize};

/// So many first bytes tell what a file is.
pub const SNIFF_BYTES: usize = 64;

macro_rules! media_types {
    ($($(#[$doc:meta])* $variant:ident $name:literal $family:ident [$($alias:literal)*])+) => {
        /// What a file is, recognised from its first bytes, never from its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "specta", derive(specta::Type))]
        #[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
        pub enum MediaType { $($(#[$doc])* #[serde(rename = $name)] $variant,)+ }

        impl MediaType {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as in HTTP's `Content-Type`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)+ }
            }

            /// The type that a name as in `Content-Type` means, also by the names
            /// that systems use beside the registered one.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name $(| $alias)* => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

/// Types whose files cannot be told apart by their first bytes, or that
/// recorders name without care: a claim within a family is no contradiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Jpeg,
    Png,
    Webp,
    Heif,
    IsoMedia,
    Matroska,
    Mpeg,
    Wave,
    Ogg,
    Pdf,
}

media_types! {
    /// A JPEG picture.
    Jpeg "image/jpeg" Jpeg ["image/jpg" "image/pjpeg"]
    /// A PNG picture.
    Png "image/png" Png ["image/x-png"]
    /// A WebP picture.
    Webp "image/webp" Webp []
    /// A picture as newer phones take it (HEIF with HEVC).
    Heic "image/heic" Heif ["image/heic-sequence"]
    /// A picture in HEIF's container.
    Heif "image/heif" Heif ["image/heif-sequence"]
    /// An MPEG-4 film.
    Mp4 "video/mp4" IsoMedia ["video/x-m4v" "video/3gpp"]
    /// A QuickTime film.
    Quicktime "video/quicktime" IsoMedia []
    /// A WebM film.
    Webm "video/webm" Matroska ["audio/webm" "video/x-matroska"]
    /// MPEG-4 sound.
    M4a "audio/mp4" IsoMedia ["audio/x-m4a" "audio/m4a" "audio/3gpp"]
    /// MP3 sound.
    Mp3 "audio/mpeg" Mpeg ["audio/mp3" "audio/x-mpeg"]
    /// WAVE sound.
    Wav "audio/wav" Wave ["audio/x-wav" "audio/wave" "audio/vnd.wave"]
    /// Ogg sound.
    Ogg "audio/ogg" Ogg ["application/ogg" "video/ogg" "audio/opus"]
    /// A PDF document.
    Pdf "application/pdf" Pdf ["application/x-pdf"]
}

impl MediaType {
    /// Recognises a file by its signature; [`SNIFF_BYTES`] of it are enough.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        let at = |from: usize, what: &[u8]| bytes.get(from..from + what.len()) == Some(what);
        if at(0, &[0xFF, 0xD8, 0xFF]) {
            return Some(Self::Jpeg);
        }
        if at(0, b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if at(0, b"RIFF") {
            return match bytes.get(8..12) {
                Some(b"WEBP") => Some(Self::Webp),
                Some(b"WAVE") => Some(Self::Wav),
                _ => None,
            };
        }
        if at(4, b"ftyp") {
            return iso_media(bytes);
        }
        if at(4, b"moov") || at(4, b"mdat") || at(4, b"wide") {
            // QuickTime of before its files named a brand.
            return Some(Self::Quicktime);
        }
        if at(0, &[0x1A, 0x45, 0xDF, 0xA3]) {
            return Some(Self::Webm);
        }
        if at(0, b"OggS") {
            return Some(Self::Ogg);
        }
        if at(0, b"%PDF-") {
            return Some(Self::Pdf);
        }
        if at(0, b"ID3") || is_mpeg_audio_frame(bytes) {
            return Some(Self::Mp3);
        }
        None
    }

    /// Whether what a sender claims a file to be goes with what it is. A name
    /// that promises nothing (`application/octet-stream`, or none) always does.
    #[must_use]
    pub fn agrees(claimed: &str, found: Option<Self>) -> bool {
        let claimed = claimed.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if claimed.is_empty() || claimed == "application/octet-stream" {
            return true;
        }
        match (Self::from_name(&claimed), found) {
            (Some(claimed), Some(found)) => claimed.family() == found.family(),
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether a page can show it as a picture.
    #[must_use]
    pub fn is_shown_as_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }
}

/// ISO base media files name what they are by brands: a major one, then those
/// they are compatible with.
fn iso_media(bytes: &[u8]) -> Option<MediaType> {
    const HEVC: [&[u8]; 6] = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"];
    let brand = bytes.get(8..12)?;
    match brand {
        b"M4A " | b"M4B " => return Some(MediaType::M4a),
        b"qt  " => return Some(MediaType::Quicktime),
        b"avif" | b"avis" => return None,
        _ if HEVC.contains(&brand) => return Some(MediaType::Heic),
        b"mif1" | b"msf1" => {}
        _ => return Some(MediaType::Mp4),
    }
    let length = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    let brands = bytes.get(16..length.min(bytes.len())).unwrap_or_default();
    let mut brands = brands.chunks_exact(4);
    if brands.clone().any(|brand| brand == b"avif") {
        return None;
    }
    let hevc = brands.any(|brand| HEVC.contains(&brand));
    Some(if hevc { MediaType::Heic } else { MediaType::Heif })
}

/// An MPEG audio frame without tags before it: sync word, and no field with a
/// value that the standard reserves.
fn is_mpeg_audio_frame(bytes: &[u8]) -> bool {
    let [0xFF, second, third, ..] = bytes else { return false };
    let version = (second >> 3) & 0b11;
    let layer = (second >> 1) & 0b11;
    let bitrate = third >> 4;
    let rate = (third >> 2) & 0b11;
    second & 0xE0 == 0xE0
        && version != 0b01
        && layer == 0b01
        && !matches!(bitrate, 0 | 0xF)
        && rate != 0b11
}

#[cfg(test)]
mod tests {
    use super::*;
    use MediaType::*;

    fn ftyp(brands: &[&[u8; 4]]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 12 + 4 * brands.len() as u8];
        bytes.extend_from_slice(b"ftyp");
        bytes.extend_from_slice(brands[0]);
        bytes.extend_from_slice(&[0; 4]);
        brands[1..].iter().for_each(|brand| bytes.extend_from_slice(*brand));
        bytes.extend_from_slice(b"\0\0\0\x08free");
        bytes
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        let known: &[(&[u8], MediaType)] = &[
            (&[0xFF, 0xD8, 0xFF, 0xE0], Jpeg),
            (b"\x89PNG\r\n\x1a\n....", Png),
            (b"RIFF....WEBP", Webp),
            (b"RIFF....WAVEfmt ", Wav),
            (b"\x1A\x45\xDF\xA3....", Webm),
            (b"OggS\0\x02", Ogg),
            (b"%PDF-1.7", Pdf),
            (b"ID3\x04", Mp3),
            (&[0xFF, 0xFB, 0x90, 0x00], Mp3),
            (b"\0\0\0\x08wide\0\0", Quicktime),
        ];
        for (bytes, kind) in known {
            assert_eq!(MediaType::sniff(bytes), Some(*kind), "{bytes:?}");
        }
        let brands: &[(&[&[u8; 4]], Option<MediaType>)] = &[
            (&[b"isom", b"mp41"], Some(Mp4)),
            (&[b"qt  "], Some(Quicktime)),
            (&[b"M4A ", b"mp42"], Some(M4a)),
            (&[b"heic", b"mif1"], Some(Heic)),
            (&[b"mif1", b"heic"], Some(Heic)),
            (&[b"mif1", b"miaf"], Some(Heif)),
            (&[b"avif", b"mif1"], None),
            (&[b"mif1", b"avif"], None),
        ];
        for (brands, kind) in brands {
            assert_eq!(MediaType::sniff(&ftyp(brands)), *kind, "{brands:?}");
        }
    }

    #[test]
    fn what_no_camera_makes_is_not_recognised() {
        for bytes in [
            &b""[..],
            b"<html>",
            b"PK\x03\x04",
            b"MZ",
            &[0xFF, 0xFF],
            &[0; 64],
            b"RIFF",
            b"\0\0\0\x10ftyp",
        ] {
            assert_eq!(MediaType::sniff(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn every_type_is_found_by_its_name() {
        for kind in MediaType::ALL {
            assert_eq!(MediaType::from_name(kind.name()), Some(*kind));
        }
    }

    #[test]
    fn a_claim_may_be_vague_and_must_not_be_wrong() {
        for (claimed, found, agrees) in [
            ("image/jpeg", Some(Jpeg), true),
            ("IMAGE/JPG; charset=binary", Some(Jpeg), true),
            ("image/png", Some(Jpeg), false),
            ("image/jpeg", None, false),
            ("text/html", Some(Jpeg), false),
            ("application/octet-stream", Some(Jpeg), true),
            ("", None, true),
            ("application/x-sealed", None, true),
            ("audio/mp4", Some(Mp4), true),
            ("video/mp4", Some(Quicktime), true),
        ] {
            assert_eq!(MediaType::agrees(claimed, found), agrees, "{claimed} {found:?}");
        }
    }
}

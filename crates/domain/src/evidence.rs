//! Evidence: files that show something, named by the hash of their bytes.
//! Where the bytes lie and how they travel is the stores' business.

use crate::id::RecordId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The largest file taken as evidence, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a file is, recognised from its first bytes, never from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum MediaType {
    /// A JPEG picture.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A PNG picture.
    #[serde(rename = "image/png")]
    Png,
    /// A WebP picture.
    #[serde(rename = "image/webp")]
    Webp,
}

impl MediaType {
    /// Recognises a file by its signature.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.len() >= 12 && bytes.starts_with(b"RIFF") && bytes[8..12] == *b"WEBP" {
            Some(Self::Webp)
        } else {
            None
        }
    }

    /// The name as in HTTP's `Content-Type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// The record of one piece of evidence (field `file`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFile {
    /// The finding or item it shows.
    pub subject: RecordId,
    /// SHA-256 of the original's bytes, lower-case hex; the original is never changed.
    pub sha256: String,
    /// Bytes of the original.
    pub bytes: u64,
    /// What it is.
    pub media_type: MediaType,
    /// The name the file had on the device that took it.
    pub name: String,
    /// SHA-256 of a small JPEG of it, where one could be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
    /// Members a newer version wrote.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(MediaType::sniff(&[0xFF, 0xD8, 0xFF, 0xE0]), Some(MediaType::Jpeg));
        assert_eq!(MediaType::sniff(b"\x89PNG\r\n\x1a\n...."), Some(MediaType::Png));
        assert_eq!(MediaType::sniff(b"RIFF....WEBP"), Some(MediaType::Webp));
        assert_eq!(MediaType::sniff(b""), None);
        assert_eq!(MediaType::sniff(b"<html>"), None);
    }
}

//! Evidence: files that show something, named by the hash of their bytes.
//! Where the bytes lie and how they travel is the stores' business; how a
//! file is recognised is in [`media`].

pub mod media;

use crate::id::RecordId;
pub use media::MediaType;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The largest file taken as evidence, in bytes: some minutes of a tablet's film.
pub const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

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

//! Produced statutory documents: which form, which bytes, of which state.
//! How a form is typeset is the `documents` crate's business.

use serde::{Deserialize, Serialize};

/// The form of a document (`doc_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum DocumentType {
    /// 现场检查记录.
    SiteRecord,
}

/// What a produced document says and of which state it says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form.
    pub form: DocumentType,
    /// SHA-256 of the PDF's bytes, lower-case hex.
    pub pdf_sha256: String,
    /// Bytes of the PDF.
    pub pdf_bytes: u64,
    /// Digest of the ledger's holdings when it was made, lower-case hex.
    pub holdings: String,
    /// Digest of the ledger's folded state when it was made, lower-case hex.
    pub state: String,
}

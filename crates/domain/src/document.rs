//! Produced statutory documents: which form, which bytes, of which state.
//! How a form is typeset is the `documents` crate's business.

use crate::id::RecordId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The form of a document (`doc_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum DocumentType {
    /// 现场检查记录.
    SiteRecord,
}

/// How far a document has come, in the order of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum DocumentState {
    /// Made, not signed.
    Draft,
    /// 作废: its number is void.
    Void,
    /// Signed.
    Signed,
    /// 送达: served.
    Served,
    /// 撤销: taken back by a later decision.
    Revoked,
}

/// What a produced document says and of which state it says it. The registers
/// that it states, head by head, stand beside these members
/// (`ledger::signature::Statements`).
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
    /// The earlier document that this one adds to (补充记录).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplements: Option<Reference>,
    /// Earlier documents whose effect ends with this one; two that contradict
    /// each other are settled so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<Reference>,
    /// The registers stated, and members a newer version wrote.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// An earlier document, by its record and its very bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The document's record.
    pub document: RecordId,
    /// SHA-256 of its PDF, lower-case hex.
    pub pdf_sha256: String,
}

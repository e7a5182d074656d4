//! Personal data (身份证号, 电话, 举报人): never inside a change. The plain text
//! is salted and encrypted into a file of its own; the record names the file,
//! who may fetch it and until when it is kept (个保法 19, 34). The key stands in
//! the internal ledger of the department that collected it, so that reading
//! takes both: the file and the key. How it is encrypted is the stores' business.

use crate::id::{DepartmentId, RecordId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What kind of personal data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum PersonalKind {
    /// 身份证号.
    IdNumber,
    /// 电话.
    Phone,
    /// 举报人、投诉人.
    Complainant,
}

/// A piece of personal data that lies in a file of its own (field `sealed`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The record it belongs to: a finding, an interview, a document.
    pub subject: RecordId,
    /// What it is.
    pub what: PersonalKind,
    /// SHA-256 of the encrypted file, lower-case hex.
    pub sha256: String,
    /// Bytes of the encrypted file.
    pub bytes: u64,
    /// The departments whose members may fetch the file.
    pub readers: Vec<DepartmentId>,
    /// Last day it is kept (Asia/Shanghai).
    pub keep_until: NaiveDate,
    /// Members a newer version wrote.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// That the file is gone (field `erased`); hash and reason stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// SHA-256 of the file that was erased, lower-case hex.
    pub sha256: String,
    /// Why: the term ended, or who asked for it.
    pub reason: String,
}

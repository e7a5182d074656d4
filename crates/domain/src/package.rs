//! The reference package of a task: its checklist, the texts of the law behind
//! it, the criteria for major hazards and the working-day calendar. Immutable,
//! named by the hash of its bytes, carried as one blob.

use crate::finding::Level;
use crate::id::{DepartmentId, RecordId, TaskId};
use crate::matter::{LegalBasis, MajorCriterion, Method};
use crate::time::WorkingCalendar;
use serde::{Deserialize, Serialize};

/// Everything an inspector needs to read on site without signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Format version, 1.
    pub v: u32,
    /// The task it was made for.
    pub task: TaskId,
    /// The checklist in its order.
    pub items: Vec<PackageItem>,
    /// Every legal basis an item or a finding may cite.
    pub laws: Vec<LegalBasis>,
    /// Criteria for major hazards (判定标准).
    pub criteria: Vec<MajorCriterion>,
    /// The working days that deadlines are counted in.
    pub calendar: WorkingCalendar,
}

/// One check item of the task. `rec` names its answer in the joint ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageItem {
    /// The record that holds the answer.
    pub rec: RecordId,
    /// The department that owns the item.
    pub department: DepartmentId,
    /// Code in the item library, such as `GL-03`.
    pub code: String,
    /// Heading it stands under.
    pub section: String,
    /// What is checked.
    pub text: String,
    /// How to check it.
    pub how_to: String,
    /// Ways of checking.
    pub methods: Vec<Method>,
    /// The level a finding here starts with.
    pub severity_default: Level,
    /// The criterion that would make it major.
    pub criterion: Option<String>,
    /// Codes of what it would violate.
    pub violated: Vec<String>,
    /// Codes of what it would be punished by.
    pub penalty: Vec<String>,
    /// Whether a nonconformity wants a photo.
    pub evidence_required: bool,
    /// Version of the item in the library.
    pub version: u32,
}

impl Package {
    /// The item whose answer is in record `rec`.
    #[must_use]
    pub fn item(&self, rec: RecordId) -> Option<&PackageItem> {
        self.items.iter().find(|item| item.rec == rec)
    }
}

//! The joint inspection task: its header, parties, team and status, as the
//! server writes them into the task's joint ledger.

use crate::enterprise::{HazardTag, Risk};
use crate::id::{DepartmentId, EnterpriseId, PersonId, TaskId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who may read a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Audience {
    /// Everybody at the table.
    Joint,
    /// One department alone: interviews, complainants, deliberation.
    Internal {
        /// The department.
        department: DepartmentId,
    },
}

/// What a ledger is: the value of the first write of the server's chain in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// The version of the fold's rules that this ledger is read by, for ever.
    pub fold_version: u32,
    /// The task it belongs to.
    pub task: TaskId,
    /// Who may read it.
    pub audience: Audience,
    /// SHA-256 of the reference package that the task was opened with.
    pub catalogue: String,
    /// Of a ledger that a tablet opened on site: what its id was made from
    /// (`ledger::founding`), 32 lower-case hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}

/// What the enterprise looked like when the task was dispatched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct EnterpriseSnapshot {
    /// Its id in the directory.
    pub id: EnterpriseId,
    /// Unified social credit code (GB 32100-2015).
    pub uscc: String,
    /// Registered name.
    pub name: String,
    /// The site that is visited.
    pub address: String,
    /// 法定代表人.
    pub legal_rep: String,
    /// 主要负责人.
    pub principal: String,
    /// Reported risk level.
    pub risk: Risk,
    /// GB/T 4754 industry code.
    pub industry_code: String,
    /// Hazard tags.
    pub hazard_tags: Vec<HazardTag>,
}

/// The task's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Title as on the record.
    pub title: String,
    /// Number of the task, such as `联检〔2026〕12号`.
    pub number: String,
    /// The enterprise visited.
    pub enterprise: EnterpriseSnapshot,
    /// The leading department.
    pub lead: DepartmentId,
    /// The day of the visit (Asia/Shanghai).
    pub visit_date: NaiveDate,
    /// Whether the enterprise knows of the visit beforehand.
    pub announced: bool,
    /// Members a newer version wrote.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The reference package pinned to the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRef {
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many check items are in it, for lists made before it has arrived.
    pub items: u32,
}

/// How far a task has come, as the office sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Status {
    /// Being put together at the desk; on no tablet.
    Draft,
    /// On the tablets.
    Dispatched,
    /// Reviewed; something was returned to a department.
    Returned,
    /// Reviewed and approved.
    Approved,
    /// Called off by the office; what was done on site stays.
    Cancelled,
}

/// How far a visit has come. The order is the order of its life; what began on
/// site stands above a cancellation at the desk, which does not undo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum VisitState {
    /// Not begun.
    Planned,
    /// Called off by the office.
    Cancelled,
    /// The team has arrived.
    Arrived,
    /// The site record is being made.
    Recording,
    /// The site record is signed.
    Sealed,
}

/// Who owns an item or finding, after the office handed it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The department that owns it from now on.
    pub department: DepartmentId,
    /// Why.
    pub reason: String,
    /// The name of who handed it on.
    #[serde(default)]
    pub by: String,
    /// Members a newer version wrote.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// That the office called the visit off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Why.
    pub reason: String,
    /// The name of who called it off.
    pub by: String,
}

/// What a replica's clock showed, compared with the office's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockNote {
    /// Milliseconds that it was ahead; negative: behind.
    pub ahead_ms: i64,
}

/// That a replica was taken out of service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Whether the tablet is lost: files that only it had will not come.
    pub lost: bool,
    /// Why.
    pub reason: String,
}

/// A department that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The department.
    pub department: DepartmentId,
    /// Full name.
    pub name: String,
    /// Short name for tight places, such as 应急.
    pub short_name: String,
    /// Whether it leads.
    pub lead: bool,
}

/// What a person is in the team of one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum TeamRole {
    /// 带队: settles the department's conflicts.
    SiteLead,
    /// 副带队: does so in the lead's absence.
    Deputy,
    /// 检查员.
    Inspector,
    /// 部门复核: settles the department's conflicts from the desk when neither
    /// lead nor deputy can.
    DeskReviewer,
    /// 已离队: gave the seat up; what was written with it stays under the name.
    Former,
}

/// A person's seat in the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The person.
    pub person: PersonId,
    /// Name as on the certificate.
    pub name: String,
    /// Enforcement certificate number (执法证号).
    pub cert_no: String,
    /// The department acted for.
    pub department: DepartmentId,
    /// The role in this team.
    pub role: TeamRole,
}

impl Seat {
    /// Whether this person settles conflicts of the department.
    #[must_use]
    pub fn decides(&self) -> bool {
        matches!(self.role, TeamRole::SiteLead | TeamRole::Deputy | TeamRole::DeskReviewer)
    }

    /// Whether this person is of the team now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.role != TeamRole::Former
    }
}

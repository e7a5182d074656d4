//! A department's annual inspection plan (年度监督检查计划) and its entries.
//! How entries collide into joint visits is planning's business, not told here.

use crate::id::{DepartmentId, EnterpriseId, PlanId};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The class of an inspection (国办发〔2024〕54号 keeps them apart).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum PlanClass {
    /// 日常检查: bound by the yearly cap per enterprise.
    Daily,
    /// 专项检查: a campaign.
    Special,
    /// 个案检查: after a complaint, an accident, an order from above.
    Case,
}

/// Whether the enterprise knows of the visit beforehand. The two never share
/// a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Mode {
    /// 事先告知.
    Announced,
    /// 四不两直: its dates appear in nothing an enterprise can see.
    Unannounced,
}

/// A plan of one department for one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Whose plan it is.
    pub department: DepartmentId,
    /// The calendar year.
    pub year: i32,
    /// The class of its inspections.
    pub class: PlanClass,
    /// Name of the campaign, for [`PlanClass::Special`].
    pub campaign: Option<String>,
    /// Announced or not.
    pub mode: Mode,
}

/// One enterprise in a plan: a requirement (检查需求) before any collision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEntry {
    /// The plan it belongs to.
    pub plan: PlanId,
    /// The enterprise to visit.
    pub enterprise: EnterpriseId,
    /// First day on which the visit may be made.
    pub window_from: NaiveDate,
    /// Last such day, included.
    pub window_to: NaiveDate,
    /// Fewest officers needed; at least 2.
    pub people_min: u32,
    /// Matters to be inspected, by code; all published.
    pub matter_codes: Vec<String>,
}

impl PlanEntry {
    /// Whether the windows of both entries share a day.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.window_from <= other.window_to && other.window_from <= self.window_to
    }
}

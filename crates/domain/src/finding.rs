//! What inspectors state on site: an item's answer, and a hazard with its
//! assessment. Who may change them and how two statements are settled is the
//! ledger's business (`policy`, `authority`).

use crate::id::{DepartmentId, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The answer to a check item. An item without one is 未查.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Answer {
    /// 不适用: the item does not apply here.
    NotApplicable,
    /// 符合.
    Conforms,
    /// 不符合.
    Nonconforming,
}

impl Answer {
    /// How grave the answer is; the graver one stands until the owner decides.
    ///
    /// 符合 outranks 不适用 because it claims that something was looked at.
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::NotApplicable => 1,
            Self::Conforms => 2,
            Self::Nonconforming => 3,
        }
    }
}

/// The level of a hazard (一般 / 重大事故隐患).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Level {
    /// 一般.
    General,
    /// 重大.
    Major,
}

/// How grave a finding is and why: one register, since level, criterion and
/// basis mean something only together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// 一般 or 重大.
    pub level: Level,
    /// The code of the 判定标准 that makes it 重大, where one was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<String>,
    /// Codes of the legal bases violated.
    #[serde(default)]
    pub basis: Vec<String>,
    /// Members a newer version wrote; they survive a rewrite.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Where a finding comes from; written once, by whoever created it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The department that owns the finding.
    pub department: DepartmentId,
    /// The check item at which it was found, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<RecordId>,
    /// Members a newer version wrote.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// How far a finding has come, in the order of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum FindingState {
    /// Found.
    Open,
    /// 责令整改: an order was served.
    Ordered,
    /// The enterprise says it is put right.
    Reported,
    /// 整改合格: seen to be put right.
    Verified,
    /// 销号: closed.
    Closed,
    /// 移送/立案: it goes on as a case.
    CaseFiled,
}

/// What the office says of a finding after the visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum ReviewState {
    /// 退回: the department must look again; the comment says why.
    Returned,
    /// 通过.
    Approved,
}

/// The office's review of a finding (field `review`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The outcome.
    pub state: ReviewState,
    /// What the reviewer says; required with [`ReviewState::Returned`].
    #[serde(default)]
    pub comment: String,
    /// The reviewer's name as shown to inspectors.
    pub reviewer: String,
}

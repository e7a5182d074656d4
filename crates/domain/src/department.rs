//! A supervising department: one sector at one tier of one place. The people
//! in it are in `inspector`, what it plans is in `plan`.

use crate::id::DepartmentId;
use serde::{Deserialize, Serialize};

/// The tier of government a department belongs to (三级: 市、县区、镇街).
///
/// Ordered from the top, the order in which annual plans are drawn up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Tier {
    /// 市级.
    City,
    /// 县级: counties, county-level cities, urban districts.
    County,
    /// 镇、街道、开发区: inspects only by statute or written delegation.
    Town,
}

/// The field of supervision (行业领域).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Sector {
    /// 应急管理.
    EmergencyManagement,
    /// 消防救援.
    Fire,
    /// 市场监管, special equipment included.
    MarketSupervision,
    /// 生态环境.
    Environment,
    /// 住房和城乡建设, gas included where the place has it so.
    Housing,
    /// 公安.
    PublicSecurity,
    /// 工业和信息化.
    Industry,
    /// 卫生健康.
    Health,
    /// 交通运输.
    Transport,
    /// 教育.
    Education,
    /// 商务.
    Commerce,
    /// 文化和旅游.
    CultureTourism,
    /// 城市管理.
    UrbanManagement,
    /// 水务.
    Water,
    /// 农业农村.
    Agriculture,
    /// 综合行政执法 of a town, street or zone.
    Comprehensive,
}

impl Sector {
    /// Every sector, in declaration order.
    pub const ALL: [Self; 16] = [
        Self::EmergencyManagement,
        Self::Fire,
        Self::MarketSupervision,
        Self::Environment,
        Self::Housing,
        Self::PublicSecurity,
        Self::Industry,
        Self::Health,
        Self::Transport,
        Self::Education,
        Self::Commerce,
        Self::CultureTourism,
        Self::UrbanManagement,
        Self::Water,
        Self::Agriculture,
        Self::Comprehensive,
    ];

    /// The short Chinese name that documents and tight columns use.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        match self {
            Self::EmergencyManagement => "应急",
            Self::Fire => "消防",
            Self::MarketSupervision => "市监",
            Self::Environment => "环境",
            Self::Housing => "住建",
            Self::PublicSecurity => "公安",
            Self::Industry => "工信",
            Self::Health => "卫健",
            Self::Transport => "交通",
            Self::Education => "教育",
            Self::Commerce => "商务",
            Self::CultureTourism => "文旅",
            Self::UrbanManagement => "城管",
            Self::Water => "水务",
            Self::Agriculture => "农业",
            Self::Comprehensive => "综执",
        }
    }
}

/// A department that inspects in its own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct Department {
    /// Its id.
    pub id: DepartmentId,
    /// Full name, as on documents.
    pub name: String,
    /// Short name for tight places, such as 应急.
    pub short_name: String,
    /// Its tier.
    pub tier: Tier,
    /// Place: GB/T 2260, 6 digits (a town: with 3 digits of GB/T 10114, 9 in all).
    pub division_code: String,
    /// A local code where the area has no code in GB/T 2260 (新区、开发区);
    /// `division_code` is then that of the area around it.
    pub unit_code: Option<String>,
    /// What it supervises.
    pub sector: Sector,
    /// The head of its document numbers, region and trade, such as
    /// `（金示）应急` in `（金示）应急检记〔2026〕12号`.
    pub document_prefix: String,
    /// Visits it can make on one working day.
    pub daily_capacity: u32,
}

//! The library an inspection draws from: matters (执法事项), check items, the
//! legal bases they cite and the criteria for major hazards. The library is
//! data, versioned row by row; the snapshot a task takes along is in `package`.

use crate::department::Sector;
use crate::enterprise::HazardTag;
use crate::finding::Level;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The code of a [`LegalBasis`], such as `AQF-41-2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct LegalBasisRef(pub String);

impl LegalBasisRef {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LegalBasisRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One article of one version of a law, regulation or standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct LegalBasis {
    /// Its code in the library.
    pub code: String,
    /// Full title of the law.
    pub law: String,
    /// Article, paragraph and item, such as 第四十一条第二款.
    pub article: String,
    /// What it says, in the library's own words. Never to be printed as the
    /// text of the law.
    pub gist: String,
    /// First day it was in force in this version.
    pub effective_from: NaiveDate,
    /// Last day it was in force, if it no longer is.
    pub effective_to: Option<NaiveDate>,
    /// The row that took its place; conduct from then on is judged by that one.
    pub replaced_by: Option<LegalBasisRef>,
    /// Whether the article number or its application still wants a lawyer's eye.
    pub uncertain: bool,
}

impl LegalBasis {
    /// Whether it was law on `date`; conduct is judged by the law of its own
    /// time unless the newer one is milder (行政处罚法第三十七条).
    #[must_use]
    pub fn in_force_on(&self, date: NaiveDate) -> bool {
        in_force(self.effective_from, self.effective_to, date)
    }
}

/// A situation that makes a hazard a major one (重大事故隐患判定标准).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct MajorCriterion {
    /// Its code in the library, such as `GM10-11-1`.
    pub code: String,
    /// The situation, shortened, in the library's own words.
    pub text: String,
    /// Where it stands, such as 应急管理部令第10号 第十一条第（一）项.
    pub source: String,
    /// Whether number or wording still want checking.
    pub uncertain: bool,
}

/// A way of checking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Method {
    /// D 查资料.
    Documents,
    /// L 看现场.
    OnSite,
    /// W 询问.
    Interview,
    /// C 检测、测试.
    Test,
    /// X 查证: against a register.
    Verify,
}

/// An inspection matter: what a department may inspect at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The sector that inspects it.
    pub sector: Sector,
    /// What it rests on.
    pub legal_basis: Vec<LegalBasisRef>,
    /// Whether it was published; one that was not may not be executed.
    pub published: bool,
}

/// One item of a checklist, in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckItem {
    /// Its code, such as `GL-03`.
    pub code: String,
    /// The matter it belongs to.
    pub matter_code: String,
    /// The sector that owns it: the matter's.
    pub sector: Sector,
    /// Heading it stands under, such as 危化品使用.
    pub section: String,
    /// What is checked.
    pub text: String,
    /// How to check it.
    pub how_to: String,
    /// Ways of checking, in the order of use.
    pub methods: Vec<Method>,
    /// The level a finding here starts with.
    pub severity_default: Level,
    /// The criterion that usually makes a finding here a major hazard.
    pub criterion_code: Option<String>,
    /// Further criteria that may apply, for example in another industry.
    pub other_criterion_codes: Vec<String>,
    /// What a nonconformity violates.
    pub violated: Vec<LegalBasisRef>,
    /// What it is punished by; empty where no penalty is tied to it.
    pub penalty: Vec<LegalBasisRef>,
    /// Whether a nonconformity wants a photo.
    pub evidence_required: bool,
    /// Hazards it is about; empty: every enterprise.
    pub applies_to: Vec<HazardTag>,
    /// Version of the item, from 1.
    pub version: u32,
    /// First day of this version.
    pub effective_from: NaiveDate,
    /// Last day of this version, if a newer one took its place.
    pub effective_to: Option<NaiveDate>,
}

impl CheckItem {
    /// Whether it concerns an enterprise with these hazards.
    #[must_use]
    pub fn concerns(&self, tags: &[HazardTag]) -> bool {
        self.applies_to.is_empty() || self.applies_to.iter().any(|tag| tags.contains(tag))
    }

    /// Whether this version was in use on `date`.
    #[must_use]
    pub fn in_force_on(&self, date: NaiveDate) -> bool {
        in_force(self.effective_from, self.effective_to, date)
    }
}

fn in_force(from: NaiveDate, to: Option<NaiveDate>, date: NaiveDate) -> bool {
    from <= date && to.is_none_or(|last| date <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_is_law_from_its_first_to_its_last_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let old = LegalBasis {
            code: "GFF-77".into(),
            law: "中华人民共和国固体废物污染环境防治法".into(),
            article: "第七十七条".into(),
            gist: "设置危险废物识别标志".into(),
            effective_from: day("2020-09-01"),
            effective_to: Some(day("2026-08-14")),
            replaced_by: Some(LegalBasisRef("FD-531".into())),
            uncertain: false,
        };
        assert!(!old.in_force_on(day("2020-08-31")));
        assert!(old.in_force_on(day("2020-09-01")));
        assert!(old.in_force_on(day("2026-08-14")));
        assert!(!old.in_force_on(day("2026-08-15")));
    }
}

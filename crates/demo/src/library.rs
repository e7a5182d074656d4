//! The checklist library from `data/`: legal bases, criteria for major hazards
//! and check items, hand-written and the same for every seed.

use crate::embedded;
use chrono::NaiveDate;
use domain::department::Sector;
use domain::enterprise::HazardTag;
use domain::finding::Level;
use domain::matter::{CheckItem, LegalBasis, LegalBasisRef, MajorCriterion, Matter, Method};
use serde::Deserialize;

/// What the data files hold, as the domain's types.
pub(crate) struct Library {
    pub(crate) legal_bases: Vec<LegalBasis>,
    pub(crate) criteria: Vec<MajorCriterion>,
    pub(crate) check_items: Vec<CheckItem>,
    pub(crate) superseded_items: Vec<CheckItem>,
    /// One matter per check item.
    pub(crate) matters: Vec<Matter>,
}

pub(crate) fn load() -> Library {
    let (check_items, superseded_items, matters) = check_items();
    Library {
        legal_bases: legal_bases(),
        criteria: criteria(),
        check_items,
        superseded_items,
        matters,
    }
}

#[derive(Deserialize)]
struct Laws {
    laws: Vec<Law>,
}

#[derive(Deserialize)]
struct Law {
    title: String,
    effective_from: NaiveDate,
    effective_to: Option<NaiveDate>,
    articles: Vec<Article>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Article {
    code: String,
    article: String,
    gist: String,
    effective_to: Option<NaiveDate>,
    replaced_by: Option<LegalBasisRef>,
    #[serde(default)]
    uncertain: bool,
}

fn legal_bases() -> Vec<LegalBasis> {
    let data: Laws = embedded("legal_bases.json", include_str!("../data/legal_bases.json"));
    let mut rows = Vec::new();
    for law in data.laws {
        for article in law.articles {
            rows.push(LegalBasis {
                code: article.code,
                law: law.title.clone(),
                article: article.article,
                gist: article.gist,
                effective_from: law.effective_from,
                effective_to: article.effective_to.or(law.effective_to),
                replaced_by: article.replaced_by,
                uncertain: article.uncertain,
            });
        }
    }
    rows
}

/// A regulation's article with numbered items, or a standard's clauses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CriterionGroup {
    source: String,
    prefix: String,
    #[serde(default)]
    article: u32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    clauses: Vec<Clause>,
}

#[derive(Deserialize)]
struct Clause {
    clause: String,
    text: String,
}

const NUMERALS: [&str; 13] =
    ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三"];

fn criteria() -> Vec<MajorCriterion> {
    let groups: Vec<CriterionGroup> =
        embedded("criteria.json", include_str!("../data/criteria.json"));
    let mut rows = Vec::new();
    for group in groups {
        let single = group.items.len() == 1;
        for ((index, text), numeral) in group.items.into_iter().enumerate().zip(NUMERALS) {
            let source = if single {
                format!("{} {}", group.source, group.name)
            } else {
                format!("{} {}第（{numeral}）项", group.source, group.name)
            };
            let code = format!("{}-{}-{}", group.prefix, group.article, index + 1);
            rows.push(MajorCriterion { code, text, source, uncertain: false });
        }
        for Clause { clause, text } in group.clauses {
            let code = format!("{}-{clause}", group.prefix);
            let source = format!("{} 第{clause}条", group.source);
            rows.push(MajorCriterion { code, text, source, uncertain: false });
        }
    }
    rows
}

#[derive(Deserialize)]
struct Sections {
    sections: Vec<Section>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Head of its codes; for the reader of the file.
    #[serde(rename = "prefix")]
    _prefix: String,
    section: String,
    sector: Sector,
    since: NaiveDate,
    version: u32,
    applies_to: Vec<HazardTag>,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    code: String,
    section: Option<String>,
    matter: String,
    text: String,
    how_to: String,
    /// Letters D, L, W, C, X.
    methods: String,
    level: Option<Level>,
    criterion: Option<String>,
    #[serde(default)]
    other_criteria: Vec<String>,
    applies_to: Option<Vec<HazardTag>>,
    since: Option<NaiveDate>,
    violated: Vec<LegalBasisRef>,
    #[serde(default)]
    penalty: Vec<LegalBasisRef>,
    #[serde(default)]
    photo: bool,
    before: Option<Before>,
}

/// What the version before this one cited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    violated: Vec<LegalBasisRef>,
    penalty: Vec<LegalBasisRef>,
}

fn check_items() -> (Vec<CheckItem>, Vec<CheckItem>, Vec<Matter>) {
    let data: Sections = embedded("check_items.json", include_str!("../data/check_items.json"));
    let (mut current, mut superseded, mut matters) = (Vec::new(), Vec::new(), Vec::new());
    for section in &data.sections {
        for item in &section.items {
            let row = check_item(section, item);
            if let Some(before) = &item.before {
                superseded.push(CheckItem {
                    violated: before.violated.clone(),
                    penalty: before.penalty.clone(),
                    version: row.version - 1,
                    effective_from: first_day(),
                    effective_to: row.effective_from.pred_opt(),
                    ..row.clone()
                });
            }
            matters.push(Matter {
                code: row.matter_code.clone(),
                name: format!("对{}的行政检查", item.matter),
                sector: row.sector,
                legal_basis: row.violated.clone(),
                published: true,
            });
            current.push(row);
        }
    }
    (current, superseded, matters)
}

fn check_item(section: &Section, item: &Item) -> CheckItem {
    CheckItem {
        code: item.code.clone(),
        matter_code: format!("SF-{}", item.code),
        sector: section.sector,
        section: item.section.clone().unwrap_or_else(|| section.section.clone()),
        text: item.text.clone(),
        how_to: item.how_to.clone(),
        methods: item.methods.chars().filter_map(method).collect(),
        severity_default: item.level.unwrap_or(Level::General),
        criterion_code: item.criterion.clone(),
        other_criterion_codes: item.other_criteria.clone(),
        violated: item.violated.clone(),
        penalty: item.penalty.clone(),
        evidence_required: item.photo,
        applies_to: item.applies_to.clone().unwrap_or_else(|| section.applies_to.clone()),
        version: section.version,
        effective_from: item.since.unwrap_or(section.since),
        effective_to: None,
    }
}

fn method(letter: char) -> Option<Method> {
    match letter {
        'D' => Some(Method::Documents),
        'L' => Some(Method::OnSite),
        'W' => Some(Method::Interview),
        'C' => Some(Method::Test),
        'X' => Some(Method::Verify),
        _ => None,
    }
}

/// The day on which the library was first put to use.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default()
}

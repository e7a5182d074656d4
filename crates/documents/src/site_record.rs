//! 现场检查记录 (`site_record`): what goes into the form, and the form's PDF.
//!
//! One joint record headed by the leading department, then one annex (附页)
//! per department with its findings in full, then the list of data the record
//! rests on. The structures are a snapshot of words as they are to be printed;
//! deciding which value stands, whose number it is or what a law says is done
//! before (`ledger`, `domain`). The layout is `templates/site_record.typ`.

use chrono::{DateTime, FixedOffset, NaiveDate};
pub use domain::finding::Level;
use serde::{Deserialize, Serialize};

use crate::sheet::Sheet;
use crate::typeset::{Job, Rendered, Warning};
use crate::{DocumentError, Fonts};

const SOURCES: [(&str, &str); 3] = [
    ("/site_record.typ", include_str!("templates/site_record.typ")),
    ("/annex.typ", include_str!("templates/annex.typ")),
    ("/form.typ", include_str!("templates/form.typ")),
];

/// Everything printed on a 现场检查记录. Empty text prints as a dash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteRecord {
    /// 文书编号, e.g. `宁应急检记〔2026〕12号`.
    pub doc_no: String,
    /// Title of the joint task.
    pub task_title: String,
    /// The enterprise as it was when the visit began.
    pub enterprise: Enterprise,
    /// 检查场所.
    pub place: String,
    /// 检查开始时间.
    pub start_at: DateTime<FixedOffset>,
    /// 检查结束时间; absent in a draft.
    pub end_at: Option<DateTime<FixedOffset>>,
    /// The inspecting bodies, the leading one first.
    pub agencies: Vec<Agency>,
    /// When certificates were shown, as recorded on site.
    pub certificates_shown_at: Option<DateTime<FixedOffset>>,
    /// What each department checked, in the order of `agencies`.
    pub sections: Vec<Section>,
    /// Values on which tablets or departments differed.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
    /// Changes one department asked another to make.
    #[serde(default)]
    pub proposals: Vec<Proposal>,
    /// Present when the enterprise's person refused to sign.
    #[serde(default)]
    pub refusal: Option<Refusal>,
    /// 被检查单位意见, when stated.
    #[serde(default)]
    pub enterprise_statement: Option<String>,
    /// Tablets whose clock was found to be wrong.
    #[serde(default)]
    pub clock_warnings: Vec<ClockWarning>,
    /// What the record rests on.
    pub manifest: Manifest,
    /// Printed, and the PDF's date of creation.
    pub generated_at: DateTime<FixedOffset>,
    /// Version of the program, e.g. `0.1.0`.
    pub software_version: String,
}

/// 被检查单位.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enterprise {
    /// 名称.
    pub name: String,
    /// 统一社会信用代码.
    pub uscc: String,
    /// 地址.
    pub address: String,
    /// 法定代表人.
    pub legal_rep: String,
    /// 主要负责人 or the person in charge on site.
    pub principal: String,
    /// Post of `principal`.
    pub post: String,
    /// Telephone of `principal`, already masked.
    pub phone: String,
}

/// One inspecting department with its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// Full name of the department.
    pub department: String,
    /// Its inspectors on this visit, at least two by law.
    pub officers: Vec<Officer>,
}

/// 执法人员.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Officer {
    /// Name.
    pub name: String,
    /// 执法证号.
    pub cert_no: String,
}

/// One department's part of the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Full name of the department, as in [`Agency::department`].
    pub department: String,
    /// Items by result.
    pub counts: ResultCounts,
    /// Findings; none prints 未发现问题.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// Check items by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultCounts {
    /// 符合.
    pub conforms: u32,
    /// 不符合.
    pub nonconforming: u32,
    /// 不适用.
    pub not_applicable: u32,
    /// 未查.
    pub unchecked: u32,
}

/// 判定标准 of a major finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Its code.
    pub code: String,
    /// Its text.
    pub text: String,
}

/// 隐患 as printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Number within the whole record, unique, as referred to elsewhere.
    pub number: u32,
    /// Code of the check item.
    pub item_code: String,
    /// Text of the check item.
    pub item_text: String,
    /// Where.
    pub location: String,
    /// 事实描述.
    pub fact: String,
    /// Level in force.
    pub level: Level,
    /// The criterion behind a major level.
    #[serde(default)]
    pub criterion: Option<Criterion>,
    /// Citations, e.g. `《安全生产法》第三十六条第三款`.
    #[serde(default)]
    pub basis: Vec<String>,
    /// 整改要求.
    pub requirement: String,
    /// 整改期限.
    #[serde(default)]
    pub deadline: Option<NaiveDate>,
    /// Whether it was put right during the visit.
    #[serde(default)]
    pub fixed_on_site: bool,
    /// Photos and other evidence.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// One piece of evidence of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Short name, e.g. `照片3`.
    pub name: String,
    /// Full hash of the original, hexadecimal; the annex prints its beginning.
    pub hash: String,
    /// Small JPEG, PNG or WebP picture, at most 512 KiB.
    #[serde(default)]
    pub thumbnail: Option<Vec<u8>>,
}

/// Values that differed, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// What they are about, in words, e.g. `第2项 可燃气体报警装置 检查结果`.
    pub subject: String,
    /// The differing values.
    pub values: Vec<ConflictValue>,
    /// Settled or still open.
    pub outcome: ConflictOutcome,
}

/// One of several differing values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConflictValue {
    /// The value in words.
    pub value: String,
    /// Who recorded it.
    pub author: String,
    /// The author's department.
    pub department: String,
    /// Name of the tablet.
    pub tablet: String,
    /// When, by that tablet's clock.
    pub at: DateTime<FixedOffset>,
}

/// How a conflict stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ConflictOutcome {
    /// Decided by a person with the authority.
    Resolved {
        /// The value that stands.
        chosen: String,
        /// Who decided.
        decider: String,
        /// The decider's department.
        department: String,
        /// Why.
        reason: String,
        /// When.
        decided_at: DateTime<FixedOffset>,
    },
    /// 未裁定，按从严处理.
    Open {
        /// The severer value, which stands meanwhile.
        in_force: String,
    },
}

/// A change one department proposed to another's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Proposing department.
    pub from_department: String,
    /// Department in whose part it is.
    pub to_department: String,
    /// What it is about.
    pub subject: String,
    /// What is proposed.
    pub text: String,
    /// What became of it.
    pub state: ProposalState,
    /// The answer's reason, when given.
    #[serde(default)]
    pub reason: String,
}

/// State of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// 待答复.
    Pending,
    /// 已采纳.
    Accepted,
    /// 未采纳.
    Declined,
}

/// 拒签.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Who refused, with post.
    pub person: String,
    /// The reason given, may be empty.
    pub reason: String,
    /// Witness, may be empty.
    pub witness: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// A tablet's clock was off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockWarning {
    /// Name of the tablet.
    pub tablet: String,
    /// Its department.
    pub department: String,
    /// Positive: the tablet's clock was ahead.
    pub offset_seconds: i64,
}

/// What the record rests on, so that a third party can check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Digest of the record's state, hexadecimal.
    pub state_digest: String,
    /// Digest of the changes held, hexadecimal.
    pub holdings_digest: String,
    /// How far each replica's changes are in.
    #[serde(default)]
    pub replicas: Vec<Replica>,
    /// Every piece of evidence.
    #[serde(default)]
    pub evidence: Vec<ManifestEvidence>,
}

/// One replica's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Name of the tablet or server.
    pub name: String,
    /// Its department.
    pub department: String,
    /// Number of its last change in the record.
    pub position: u64,
}

/// One line of the evidence list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEvidence {
    /// Name, e.g. `照片3`.
    pub name: String,
    /// What it belongs to, e.g. `问题2`; may be empty.
    #[serde(default)]
    pub belongs_to: String,
    /// Size of the original.
    pub size_bytes: u64,
    /// Full hash, hexadecimal.
    pub hash: String,
}

/// The form as PDF/A-2b. Equal input and fonts give equal bytes.
///
/// # Errors
/// As [`render_site_record`].
pub fn site_record_pdf(fonts: &Fonts, record: &SiteRecord) -> Result<Vec<u8>, DocumentError> {
    render_site_record(fonts, record).map(|rendered| rendered.pdf)
}

/// The form as PDF/A-2b, with its page count and what deserves a look before
/// anybody signs.
///
/// # Errors
/// [`DocumentError::NoAgency`] without an inspecting body,
/// [`DocumentError::Typesetting`] when this program is at fault.
pub fn render_site_record(fonts: &Fonts, record: &SiteRecord) -> Result<Rendered, DocumentError> {
    if record.agencies.is_empty() {
        return Err(DocumentError::NoAgency);
    }
    let sheet = Sheet::of(fonts, record, true);
    let first = job(record, &sheet).run(fonts);
    let (sheet, rendered) = match first {
        // A picture that decodes may still be unfit for archiving (CMYK, say).
        // The record must not fail because of a thumbnail.
        Err(_) if !sheet.images.is_empty() => {
            let sheet = Sheet::of(fonts, record, false);
            let rendered = job(record, &sheet).run(fonts)?;
            (sheet, rendered)
        }
        other => (sheet, other?),
    };
    let warnings: Vec<Warning> = sheet.warnings.into_iter().chain(rendered.warnings).collect();
    Ok(Rendered { warnings, ..rendered })
}

fn job(record: &SiteRecord, sheet: &Sheet) -> Job<'static> {
    Job {
        sources: &SOURCES,
        main: "/site_record.typ",
        data: sheet.data.to_string(),
        images: sheet.images.clone(),
        ident: format!("site_record/{}/{}", record.doc_no, record.manifest.state_digest),
        made_at: record.generated_at,
        creator: format!("联检 {}", record.software_version),
    }
}

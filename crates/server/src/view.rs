//! The shapes in which the desk's routes answer and ask, beside those of
//! `ledger::board`. Types for the console are generated from here.

use crate::app::rfc3339;
use crate::guard::Caller;
use crate::store::{revocation, tablet};
use crate::usecase::spreadsheet::{ImportRow, Reading, RowError};
use domain::department::{Department, Sector, Tier};
use domain::enterprise::{Enterprise, HazardTag, Risk};
use domain::finding::Level;
use domain::id::{DepartmentId, EnterpriseId, PersonId, ReplicaId, TaskId};
use domain::inspector::Inspector;
use domain::matter::{CheckItem, LegalBasis, MajorCriterion};
use domain::permission::{Action, Role, may};
use ledger::wipe::Wipe;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Rows on a page when nothing else is asked for.
const PAGE_SIZE: u64 = 20;

/// Rows on a page at most.
const PAGE_SIZE_MAX: u64 = 200;

/// Rows of an import that are shown as an example.
const SAMPLE_ROWS: usize = 10;

/// Errors of an import that are shown; the counts tell of the others.
const ERRORS_SHOWN_MAX: usize = 500;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Name to sign in with.
    pub account: String,
    /// Name shown.
    pub name: String,
    /// Role.
    pub role: Role,
    /// What the role may do.
    pub may: Vec<String>,
}

impl From<&Caller> for Me {
    fn from(caller: &Caller) -> Self {
        let allowed = Action::ALL.into_iter().filter(|action| may(caller.role, *action));
        Self {
            account: caller.account_name.clone(),
            name: caller.name.clone(),
            role: caller.role,
            may: allowed.map(|action| action_name(action).to_owned()).collect(),
        }
    }
}

/// An action as the console knows it.
#[must_use]
pub fn action_name(action: Action) -> &'static str {
    match action {
        Action::ReadDirectories => "read_directories",
        Action::ImportDirectories => "import_directories",
        Action::ReadTasks => "read_tasks",
        Action::OpenTask => "open_task",
        Action::DispatchTask => "dispatch_task",
        Action::ChangeTask => "change_task",
        Action::HandOn => "hand_on",
        Action::ReviewFindings => "review_findings",
        Action::ManageTablets => "manage_tablets",
        Action::RescueTablets => "rescue_tablets",
    }
}

/// Account and password.
#[derive(Deserialize, ToSchema)]
pub struct SignIn {
    /// Account.
    pub account: String,
    /// Password.
    pub password: String,
}

/// One page of something.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// The page, from 0.
    pub page: u64,
    /// Rows on a page.
    pub size: u64,
}

/// Which page, within limits.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The page, from 0.
    pub page: u64,
    /// Rows on a page.
    pub size: u64,
}

impl Paging {
    /// What was asked for, as far as it is given.
    #[must_use]
    pub fn of(page: u64, size: Option<u64>) -> Self {
        // Beyond this no list has rows, and positions stay within the database's numbers.
        let page = page.min(u64::from(u32::MAX));
        Self { page, size: size.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX) }
    }
}

/// Numbers for the first screen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    /// Tasks by status.
    pub tasks_by_status: BTreeMap<String, i64>,
    /// Findings that are not major.
    pub findings_general: u32,
    /// Major findings.
    pub findings_major: u32,
    /// Values that wait for a decision.
    pub open_conflicts: u64,
    /// Findings returned to their departments.
    pub returned: u32,
    /// Tablets in service.
    pub tablets: u64,
    /// Tablets not heard of for a day.
    pub tablets_behind: u64,
    /// Enterprises in the directory.
    pub enterprises: u64,
    /// Departments in the directory.
    pub departments: u64,
    /// Inspectors in the directory.
    pub inspectors: u64,
}

/// An enterprise in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnterpriseRow {
    /// Its id.
    pub id: EnterpriseId,
    /// Unified social credit code.
    pub uscc: String,
    /// Name.
    pub name: String,
    /// Risk.
    pub risk: Risk,
    /// Address of the site.
    pub address: String,
    /// Division.
    pub division_code: String,
    /// Industry.
    pub industry_code: String,
    /// Hazards.
    pub hazard_tags: Vec<HazardTag>,
}

impl From<Enterprise> for EnterpriseRow {
    fn from(enterprise: Enterprise) -> Self {
        Self {
            id: enterprise.id,
            uscc: enterprise.uscc.to_string(),
            name: enterprise.name,
            risk: enterprise.risk,
            address: enterprise.site_address,
            division_code: enterprise.division_code,
            industry_code: enterprise.industry_code,
            hazard_tags: enterprise.hazard_tags,
        }
    }
}

/// A department in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct DepartmentRow {
    /// Its id.
    pub id: DepartmentId,
    /// Full name.
    pub name: String,
    /// Short name.
    pub short_name: String,
    /// Tier.
    pub tier: Tier,
    /// Sector.
    pub sector: Sector,
    /// How many inspectors it has.
    pub inspectors: i64,
}

impl DepartmentRow {
    /// A department with the number of its inspectors.
    #[must_use]
    pub fn new(department: Department, inspectors: i64) -> Self {
        Self {
            id: department.id,
            name: department.name,
            short_name: department.short_name,
            tier: department.tier,
            sector: department.sector,
            inspectors,
        }
    }
}

/// An inspector in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct InspectorRow {
    /// The person.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Certificate number.
    pub cert_no: String,
    /// Last day of validity.
    pub valid_to: chrono::NaiveDate,
    /// Whether the certificate is valid on the day asked about.
    pub valid: bool,
}

impl InspectorRow {
    /// An inspector, judged on a day.
    #[must_use]
    pub fn on(inspector: Inspector, day: chrono::NaiveDate) -> Self {
        Self {
            person: inspector.person,
            name: inspector.name,
            valid: inspector.certificate.is_valid_on(day),
            valid_to: inspector.certificate.valid_to,
            cert_no: inspector.certificate.cert_no,
        }
    }
}

/// A check item in the proposal for a checklist.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckItemRow {
    /// Code.
    pub code: String,
    /// Heading.
    pub section: String,
    /// Sector that owns it.
    pub sector: Sector,
    /// What is checked.
    pub text: String,
    /// Whether a finding here can be a major hazard.
    pub major: bool,
}

impl From<CheckItem> for CheckItemRow {
    fn from(item: CheckItem) -> Self {
        Self {
            major: item.severity_default == Level::Major || item.criterion_code.is_some(),
            code: item.code,
            section: item.section,
            sector: item.sector,
            text: item.text,
        }
    }
}

/// What a file of enterprises would bring.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPreview {
    /// The batch, to be confirmed.
    pub batch: Uuid,
    /// Rows with anything in them.
    pub rows_total: usize,
    /// Rows that can be taken.
    pub rows_ok: usize,
    /// What is wrong with the others (the first 500).
    pub errors: Vec<RowError>,
    /// The first rows that can be taken.
    pub sample: Vec<ImportSample>,
}

/// A row that can be taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportSample {
    /// Row in the workbook.
    pub row: u32,
    /// Code.
    pub uscc: String,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Risk.
    pub risk: Risk,
}

impl ImportPreview {
    /// What a reading amounts to.
    #[must_use]
    pub fn new(batch: Uuid, reading: Reading) -> Self {
        let sample = |row: &ImportRow| ImportSample {
            row: row.row,
            uscc: row.uscc.to_string(),
            name: row.name.clone(),
            address: row.address.clone(),
            risk: row.risk,
        };
        Self {
            batch,
            rows_total: reading.rows_total,
            rows_ok: reading.rows.len(),
            sample: reading.rows.iter().take(SAMPLE_ROWS).map(sample).collect(),
            errors: reading.errors.into_iter().take(ERRORS_SHOWN_MAX).collect(),
        }
    }
}

/// How many rows were taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Imported {
    /// Rows taken.
    pub imported: usize,
}

/// A task that was opened.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskOpened {
    /// The task.
    pub task: TaskId,
}

/// A legal basis or a criterion as it is read.
#[derive(Debug, Serialize, ToSchema)]
pub struct Article {
    /// Code.
    pub code: String,
    /// Title of the law, or source of the criterion.
    pub title: String,
    /// Article, such as 第三十六条第三款; empty for criteria.
    pub article: String,
    /// Gist, or text of the criterion.
    pub text: String,
    /// First day of effect; criteria have none.
    pub effective_from: Option<chrono::NaiveDate>,
    /// Whether the reference has not been verified against the text of the law.
    pub uncertain: bool,
}

impl From<LegalBasis> for Article {
    fn from(law: LegalBasis) -> Self {
        Self {
            code: law.code,
            title: law.law,
            article: law.article,
            text: law.gist,
            effective_from: Some(law.effective_from),
            uncertain: law.uncertain,
        }
    }
}

impl From<MajorCriterion> for Article {
    fn from(criterion: MajorCriterion) -> Self {
        Self {
            code: criterion.code,
            title: criterion.source,
            article: String::new(),
            text: criterion.text,
            effective_from: None,
            uncertain: criterion.uncertain,
        }
    }
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ReasonGiven {
    /// It stays on record.
    pub reason: String,
}

/// A page whose hash or seal did not hold, put aside.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuarantineRow {
    /// SHA-256 of what was put aside, by which it can be fetched.
    pub sha256: String,
    /// When it came, RFC 3339 UTC.
    pub received_at: String,
    /// Who delivered it: the tablet's name, with its person.
    pub delivered_by: String,
    /// Whose chain it claims to be of: the tablet's name, with its person.
    pub claims: String,
    /// `seal`, the only reason there is so far.
    pub reason: String,
    /// Bytes.
    pub bytes: u64,
}

/// Why a finding is returned.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ReturnRequest {
    /// What the department should do.
    pub comment: String,
}

/// A tablet in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct TabletRow {
    /// Its replica.
    pub replica: ReplicaId,
    /// What people call it, such as 平板 2.
    pub name: String,
    /// Whose it is.
    pub person: String,
    /// For which department.
    pub department: String,
    /// When it was enrolled, RFC 3339 UTC.
    pub enrolled_at: String,
    /// When it was last heard of, RFC 3339 UTC.
    pub last_contact: Option<String>,
    /// Version of its app.
    pub app_version: String,
    /// Since when and why it is out of service.
    pub out_of_service: Option<OutOfService>,
}

/// A tablet out of service.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutOfService {
    /// Since when, RFC 3339 UTC.
    pub since: String,
    /// Why.
    pub reason: String,
    /// Whether it was lost or stolen.
    pub lost: bool,
    /// What is to become of its data; none leaves it there.
    pub wipe: Option<Wipe>,
    /// When the tablet was told, RFC 3339 UTC.
    pub told_at: Option<String>,
    /// When it said that its data is gone, RFC 3339 UTC.
    pub wiped_at: Option<String>,
}

impl OutOfService {
    /// Since when, with what is on record of it.
    #[must_use]
    pub fn new(since_ms: i64, order: Option<revocation::Model>) -> Self {
        let wipe = order.as_ref().and_then(|one| Wipe::of_word(one.wipe.as_deref()?));
        Self {
            since: rfc3339(since_ms),
            wipe,
            lost: order.as_ref().is_some_and(|one| one.lost),
            told_at: order.as_ref().and_then(|one| one.told_ms).map(rfc3339),
            wiped_at: order.as_ref().and_then(|one| one.wiped_ms).map(rfc3339),
            reason: order.map(|one| one.reason).unwrap_or_default(),
        }
    }
}

impl TabletRow {
    /// A tablet with the names of its person and department.
    #[must_use]
    pub fn new(
        tablet: tablet::Model,
        person: String,
        department: String,
        order: Option<revocation::Model>,
    ) -> Self {
        Self {
            out_of_service: tablet.revoked_ms.map(|since| OutOfService::new(since, order)),
            replica: ReplicaId(tablet.replica),
            name: tablet.name,
            person,
            department,
            enrolled_at: rfc3339(tablet.enrolled_ms),
            last_contact: tablet.last_contact_ms.map(rfc3339),
            app_version: tablet.app_version,
        }
    }
}

/// For whom a code is issued.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CodeRequest {
    /// The person.
    pub person: PersonId,
}

/// A one-time code, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodeIssued {
    /// The code.
    pub code: String,
    /// Until when it may be used, RFC 3339 UTC.
    pub expires_at: String,
}

/// That the server lives.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always true.
    pub ok: bool,
    /// Version of the server.
    pub version: String,
}

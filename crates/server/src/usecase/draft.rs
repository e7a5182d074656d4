//! A task as the desk puts it together, checked before it is kept: people with
//! valid certificates, two of each department, a checklist with an owner for
//! every item. What happens when it goes out is in `dispatch`.

use crate::app::App;
use crate::error::{Code, Refusal, Result};
use crate::store::{check_item, department, enterprise, inspector, list, task};
use chrono::{Datelike, NaiveDate};
use domain::department::{Department, Sector};
use domain::enterprise::Enterprise;
use domain::id::{DepartmentId, EnterpriseId, LedgerId, PersonId, RecordId, TaskId};
use domain::record::{field, kind};
use domain::task::{EnterpriseSnapshot, Header, PackageRef, Party, Seat, Status, TeamRole};
use ledger::Write;
use ledger::policy::Resolved;
use ledger::projection::{Fields, project};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use uuid::Uuid;

/// Fewest people of one department on site (行政处罚法第四十二条).
const INSPECTORS_MIN: usize = 2;

/// Longest title, in characters.
const TITLE_CHARS_MAX: usize = 100;

/// What the desk asks for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct TaskRequest {
    /// Title; made from the enterprise's name where none is given.
    #[serde(default)]
    pub title: Option<String>,
    /// The enterprise to visit.
    pub enterprise: EnterpriseId,
    /// The day of the visit (Asia/Shanghai).
    pub visit_date: NaiveDate,
    /// Whether the enterprise is told beforehand.
    pub announced: bool,
    /// The leading department.
    pub lead: DepartmentId,
    /// Departments with their people.
    pub parties: Vec<PartyRequest>,
    /// Codes of the check items, in the order of the list.
    pub item_codes: Vec<String>,
}

/// A department that takes part.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct PartyRequest {
    /// The department.
    pub department: DepartmentId,
    /// Who decides on site for it.
    pub site_lead: PersonId,
    /// Its people, the site lead and the deputy among them.
    pub inspectors: Vec<PersonId>,
    /// Who decides on site in the lead's absence.
    #[serde(default)]
    pub deputy: Option<PersonId>,
    /// Who decides from the desk when neither lead nor deputy can; not on site.
    #[serde(default)]
    pub desk_reviewer: Option<PersonId>,
}

/// A task before its dispatch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Title.
    pub title: String,
    /// Number, such as `联检〔2026〕12号`.
    pub number: String,
    /// The enterprise as it was when the task was put together.
    pub enterprise: EnterpriseSnapshot,
    /// The day of the visit.
    pub visit_date: NaiveDate,
    /// Whether the enterprise is told beforehand.
    pub announced: bool,
    /// Departments, the lead first.
    pub parties: Vec<DraftParty>,
    /// The checklist in its order.
    pub items: Vec<DraftItem>,
}

/// A department with its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftParty {
    /// The department.
    pub party: Party,
    /// Its people, the site lead first.
    pub seats: Vec<Seat>,
}

/// A check item with the record that will hold its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftItem {
    /// The record.
    pub rec: RecordId,
    /// Code in the library.
    pub code: String,
    /// Who owns it.
    pub department: DepartmentId,
}

impl Draft {
    /// The leading department.
    #[must_use]
    pub fn lead(&self) -> Option<DepartmentId> {
        self.parties.iter().find(|party| party.party.lead).map(|party| party.party.department)
    }

    /// The task's header, parties and status as the server writes them.
    ///
    /// # Errors
    /// When plain data cannot be written as JSON, which it always can.
    pub fn writes(
        &self,
        task: TaskId,
        package: Option<&PackageRef>,
        status: Status,
    ) -> Result<Vec<Write>> {
        let rec = RecordId(task.0);
        let header = Header {
            title: self.title.clone(),
            number: self.number.clone(),
            enterprise: self.enterprise.clone(),
            lead: self.lead().unwrap_or(DepartmentId(Uuid::nil())),
            visit_date: self.visit_date,
            announced: self.announced,
            more: serde_json::Map::new(),
        };
        let mut writes = vec![
            Write::new(kind::TASK, rec, field::HEADER, serde_json::to_value(header)?),
            Write::new(kind::TASK, rec, field::STATUS, serde_json::to_value(status)?),
        ];
        if let Some(package) = package {
            let value = serde_json::to_value(package)?;
            writes.push(Write::new(kind::TASK, rec, field::PACKAGE, value));
        }
        for party in &self.parties {
            let rec = RecordId(party.party.department.0);
            let value = serde_json::to_value(&party.party)?;
            writes.push(Write::new(kind::PARTY, rec, field::PARTY, value));
        }
        Ok(writes)
    }

    /// Everybody in the team, as writes.
    ///
    /// # Errors
    /// As [`Draft::writes`].
    pub fn seat_writes(seats: impl IntoIterator<Item = Seat>) -> Result<Vec<Write>> {
        seats
            .into_iter()
            .map(|seat| {
                let rec = RecordId(seat.person.0);
                Ok(Write::new(kind::MEMBER, rec, field::SEAT, serde_json::to_value(seat)?))
            })
            .collect()
    }

    /// Everybody in the team.
    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.parties.iter().flat_map(|party| &party.seats)
    }
}

/// Checks a request and keeps it as a draft.
pub async fn open(app: &App, request: TaskRequest, by: Uuid) -> Result<TaskId> {
    let db = app.begin_write().await?;
    let draft = check(app, &db, request).await?;
    let (task, ledger) = (TaskId(app.new_id()?), LedgerId(app.new_id()?));
    let row = task::Model {
        id: task.0,
        ledger: ledger.0,
        body: serde_json::to_string(&draft)?,
        created_by: by,
        created_ms: app.now_ms(),
        dispatched_ms: None,
    };
    task::insert(&db, row).await?;
    list_draft(&db, task, ledger, &draft).await?;
    db.commit().await?;
    Ok(task)
}

/// Puts a draft into the list of tasks, in the rows that its ledger's
/// projection will take over.
async fn list_draft(
    db: &impl ConnectionTrait,
    task: TaskId,
    ledger: LedgerId,
    draft: &Draft,
) -> Result<()> {
    let items = u32::try_from(draft.items.len()).unwrap_or(u32::MAX);
    let package = PackageRef { sha256: String::new(), bytes: 0, items };
    let mut records: BTreeMap<(String, RecordId), Fields> = BTreeMap::new();
    for write in draft.writes(task, Some(&package), Status::Draft)? {
        let resolved = Resolved { shown: Some(write.val), ..Resolved::default() };
        let register = write.register;
        records.entry((register.kind, register.rec)).or_default().insert(register.field, resolved);
    }
    let rows = records.iter().filter_map(|((kind, rec), fields)| project(kind, *rec, fields));
    list::put_all(db, ledger, rows.collect()).await
}

async fn check(app: &App, db: &impl ConnectionTrait, request: TaskRequest) -> Result<Draft> {
    let enterprise = enterprise::by_id(db, request.enterprise).await?;
    let enterprise = enterprise.ok_or(Code::EnterpriseUnknown)?;
    let title = match request.title.as_deref().map(str::trim) {
        Some(title) if title.chars().count() > TITLE_CHARS_MAX => {
            return Err(Code::TextTooLong.into());
        }
        Some(title) if !title.is_empty() => title.to_owned(),
        _ => format!("{}联合检查", enterprise.name),
    };
    let departments = departments(db, &request).await?;
    let mut parties = Vec::with_capacity(departments.len());
    for (department, asked) in departments.iter().zip(&request.parties) {
        let lead = department.id == request.lead;
        parties.push(party(db, department, asked, lead, request.visit_date).await?);
    }
    parties.sort_by_key(|party| !party.party.lead);
    let items = items(app, db, &request.item_codes, &departments, request.lead).await?;
    let year = request.visit_date.year();
    let serial = task::next_number(db, &format!("task_{year}")).await?;
    Ok(Draft {
        title,
        number: format!("联检〔{year}〕{serial}号"),
        enterprise: snapshot(&enterprise),
        visit_date: request.visit_date,
        announced: request.announced,
        parties,
        items,
    })
}

fn snapshot(enterprise: &Enterprise) -> EnterpriseSnapshot {
    EnterpriseSnapshot {
        id: enterprise.id,
        uscc: enterprise.uscc.to_string(),
        name: enterprise.name.clone(),
        address: enterprise.site_address.clone(),
        legal_rep: enterprise.legal_rep.clone(),
        principal: enterprise.principal.clone(),
        risk: enterprise.risk,
        industry_code: enterprise.industry_code.clone(),
        hazard_tags: enterprise.hazard_tags.clone(),
    }
}

/// The departments asked for, in the order of asking.
async fn departments(db: &impl ConnectionTrait, request: &TaskRequest) -> Result<Vec<Department>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::with_capacity(request.parties.len());
    for party in &request.parties {
        if !seen.insert(party.department) {
            return Err(Code::DepartmentUnknown.into());
        }
        let department = department::by_id(db, party.department).await?;
        found.push(department.ok_or(Code::DepartmentUnknown)?);
    }
    if seen.contains(&request.lead) { Ok(found) } else { Err(Code::LeadNotParty.into()) }
}

/// One department with its people, checked for the day of the visit.
pub(super) async fn party(
    db: &impl ConnectionTrait,
    department: &Department,
    asked: &PartyRequest,
    lead: bool,
    day: NaiveDate,
) -> Result<DraftParty> {
    let of_department = json!({ "department": department.short_name });
    let people: BTreeSet<PersonId> = asked.inspectors.iter().copied().collect();
    if people.len() < INSPECTORS_MIN {
        return Err(Refusal::with(Code::TooFewInspectors, of_department).into());
    }
    let desk = asked.desk_reviewer;
    let astray = asked.deputy.is_some_and(|deputy| !people.contains(&deputy))
        || desk.is_some_and(|desk| people.contains(&desk));
    if astray || !people.contains(&asked.site_lead) || asked.deputy == Some(asked.site_lead) {
        return Err(Refusal::with(Code::SiteLeadNotInTeam, of_department).into());
    }
    let mut seats = Vec::with_capacity(people.len() + 1);
    for person in people.into_iter().chain(desk) {
        let inspector = inspector::by_person(db, person).await?;
        let inspector = inspector.filter(|inspector| inspector.department == department.id);
        let inspector = inspector.ok_or(Code::InspectorUnknown)?;
        if !inspector.certificate.is_valid_on(day) {
            let fields = json!({ "department": department.short_name, "person": person });
            return Err(Refusal::with(Code::CertificateInvalid, fields).into());
        }
        let role = match Some(person) {
            one if one == Some(asked.site_lead) => TeamRole::SiteLead,
            one if one == asked.deputy => TeamRole::Deputy,
            one if one == desk => TeamRole::DeskReviewer,
            _ => TeamRole::Inspector,
        };
        seats.push(Seat {
            person,
            name: inspector.name,
            cert_no: inspector.certificate.cert_no,
            department: department.id,
            role,
        });
    }
    seats.sort_by_key(|seat| seat.role);
    let party = Party {
        department: department.id,
        name: department.name.clone(),
        short_name: department.short_name.clone(),
        lead,
    };
    Ok(DraftParty { party, seats })
}

/// The checklist, each item with the department of its sector.
async fn items(
    app: &App,
    db: &impl ConnectionTrait,
    codes: &[String],
    departments: &[Department],
    lead: DepartmentId,
) -> Result<Vec<DraftItem>> {
    if codes.is_empty() {
        return Err(Code::ChecklistEmpty.into());
    }
    let library = check_item::by_codes(db, codes).await?;
    let sectors: BTreeMap<&str, Sector> =
        library.iter().map(|item| (item.code.as_str(), item.sector)).collect();
    let mut items = Vec::with_capacity(codes.len());
    let mut seen = BTreeSet::new();
    for code in codes.iter().filter(|code| seen.insert(code.as_str())) {
        let sector = sectors.get(code.as_str());
        let sector =
            sector.ok_or_else(|| Refusal::with(Code::ItemUnknown, json!({ "item": code })))?;
        let mut owners = departments.iter().filter(|department| department.sector == *sector);
        let owner = owners.clone().find(|department| department.id == lead);
        let owner = owner
            .or_else(|| owners.next())
            .ok_or_else(|| Refusal::with(Code::ItemWithoutDepartment, json!({ "item": code })))?;
        items.push(DraftItem {
            rec: RecordId(app.new_id()?),
            code: code.clone(),
            department: owner.id,
        });
    }
    let idle = departments.iter().find(|one| items.iter().all(|item| item.department != one.id));
    match idle {
        None => Ok(items),
        Some(idle) => {
            let fields = json!({ "department": idle.short_name });
            Err(Refusal::with(Code::DepartmentWithoutItem, fields).into())
        }
    }
}

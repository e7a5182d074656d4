//! What the simulator does at the desk and sees of the server: the use cases
//! themselves, without sessions, and what lies in the database.

use crate::app::{App, Settings};
use crate::error::{Result, ServerError};
use crate::keys::Keys;
use crate::store::{
    chain, check_item, department, enterprise, inspector, membership, reference, register, tablet,
};
pub use crate::usecase::draft::{PartyRequest, TaskRequest};
pub use crate::usecase::resolution::Settle;
use crate::usecase::review::{self, Reviewer};
use crate::usecase::revocation::Revoke;
pub use crate::usecase::running::HandOn;
use crate::usecase::{dispatch, draft, enrolment, resolution, revocation, running, team};
use demo::City;
use domain::department::Sector;
use domain::id::{LedgerId, PersonId, RecordId, ReplicaId, TaskId};
use ledger::{ChangeId, Hash, Register, Resolved};
use sea_orm::entity::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the directory say they come from here.
const SOURCE: &str = "simulation";

/// Enterprises taken from the city.
const ENTERPRISES: usize = 20;

/// A change as it lies in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChange {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// Where in it.
    pub pos: u64,
    /// The id under which it is kept.
    pub id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a branch of a replica that forked continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Who wrote it.
    pub writer: ReplicaId,
    /// The last position before it.
    pub pos: u64,
    /// The chain hash there.
    pub hash: [u8; 32],
}

/// A ledger at the server.
#[derive(Debug, Clone)]
pub struct HeldLedger {
    /// What its registers amount to.
    pub registers: BTreeMap<Register, Resolved>,
}

/// The server, looked into.
#[derive(Debug, Clone)]
pub struct Peek {
    /// Its own replica.
    pub replica: ReplicaId,
    /// Its epoch.
    pub epoch: Uuid,
    /// Every change, by chain and position.
    pub changes: Vec<HeldChange>,
    /// Every chain that is a branch.
    pub branches: BTreeMap<(LedgerId, ReplicaId), Base>,
    /// Every ledger.
    pub ledgers: BTreeMap<LedgerId, HeldLedger>,
}

/// Fills the directories with the departments of some sectors of a city.
///
/// # Errors
/// The database's.
pub async fn furnish(app: &App, city: &City, sectors: &[Sector]) -> Result<()> {
    let db = app.begin_write().await?;
    let mut departments = Vec::new();
    let mut people = Vec::new();
    for sector in sectors {
        let one = city.city_department(*sector).ok_or(ServerError::Broken("no such sector"))?;
        departments.push(one.clone());
        people.extend(city.inspectors_of(one.id).cloned());
    }
    department::insert_all(&db, &departments).await?;
    inspector::insert_all(&db, &people).await?;
    let source = enterprise::Source { name: SOURCE, batch: None };
    let enterprises = city.enterprises.get(..ENTERPRISES).unwrap_or(&city.enterprises);
    enterprise::insert_all(&db, enterprises, source).await?;
    check_item::insert_all(&db, &city.check_items).await?;
    reference::insert_all(&db, &city.legal_bases).await?;
    reference::insert_all(&db, &city.criteria).await?;
    db.commit().await?;
    Ok(())
}

/// Opens and dispatches a task.
///
/// # Errors
/// As the desk's.
pub async fn open_task(app: &App, request: TaskRequest, by: PersonId) -> Result<TaskId> {
    let task = draft::open(app, request, by.0).await?;
    dispatch::dispatch(app, task, by).await?;
    Ok(task)
}

/// Issues an enrolment code.
///
/// # Errors
/// As the desk's.
pub async fn issue_code(app: &App, person: PersonId) -> Result<String> {
    Ok(enrolment::issue(app, person, None).await?.code)
}

/// Returns a finding.
///
/// # Errors
/// As the desk's.
pub async fn return_finding(
    app: &App,
    task: TaskId,
    finding: RecordId,
    comment: &str,
    by: PersonId,
) -> Result<()> {
    review::return_finding(app, task, finding, comment, &reviewer(by)).await
}

/// Approves what came back.
///
/// # Errors
/// As the desk's.
pub async fn approve(app: &App, task: TaskId, by: PersonId) -> Result<()> {
    review::approve(app, task, &reviewer(by)).await.map(drop)
}

/// Gives the seats of a department to these people.
///
/// # Errors
/// As the desk's.
pub async fn change_team(app: &App, task: TaskId, asked: PartyRequest, by: PersonId) -> Result<()> {
    team::change(app, task, asked, by).await
}

/// Calls the visit off.
///
/// # Errors
/// As the desk's.
pub async fn cancel(app: &App, task: TaskId, by: PersonId) -> Result<()> {
    running::cancel(app, task, "改期", &reviewer(by)).await
}

/// Hands a record on to another department.
///
/// # Errors
/// As the desk's.
pub async fn hand_on(
    app: &App,
    task: TaskId,
    rec: RecordId,
    to: HandOn,
    by: PersonId,
) -> Result<()> {
    running::hand_on(app, task, rec, to, &reviewer(by)).await
}

/// Says whether a marked change stands.
///
/// # Errors
/// As the desk's.
pub async fn settle(
    app: &App,
    task: TaskId,
    change: ChangeId,
    asked: Settle,
    by: PersonId,
) -> Result<()> {
    resolution::settle(app, task, change, asked, &reviewer(by)).await
}

/// Takes a tablet out of service; its data stay.
///
/// # Errors
/// As the desk's.
pub async fn revoke(app: &App, replica: ReplicaId) -> Result<()> {
    let order = Revoke { reason: "交回".to_owned(), lost: false, wipe: None };
    revocation::revoke(app, replica, order, None).await
}

fn reviewer(person: PersonId) -> Reviewer {
    Reviewer { person, name: "审核员".to_owned() }
}

/// Looks into the server.
///
/// # Errors
/// The database's.
pub async fn peek(app: &App) -> Result<Peek> {
    let mut changes = Vec::new();
    let mut ledgers = BTreeMap::new();
    let mut branches = BTreeMap::new();
    for ledger in membership::all_ledgers(&app.db).await? {
        for row in chain::changes(&app.db, ledger).await? {
            changes.push(HeldChange {
                ledger,
                replica: ReplicaId(row.replica),
                pos: u64::try_from(row.pos).unwrap_or(0),
                id: row.id,
                bytes: row.bytes,
            });
        }
        branches.extend(branches_of(app, ledger).await?);
        let registers = register::all(&app.db, ledger).await?;
        ledgers.insert(ledger, HeldLedger { registers });
    }
    changes.sort_by_key(|a| (a.ledger, a.replica, a.pos));
    Ok(Peek { replica: app.keys.replica, epoch: app.keys.epoch, changes, branches, ledgers })
}

async fn branches_of(app: &App, ledger: LedgerId) -> Result<BTreeMap<(LedgerId, ReplicaId), Base>> {
    let rows = chain::Entity::find().filter(chain::Column::Ledger.eq(ledger.0)).all(&app.db);
    let mut branches = BTreeMap::new();
    for row in rows.await? {
        if let (Some(writer), Some(pos), Some(hash)) = (row.writer, row.base_pos, row.base_hash) {
            let hash = hash.try_into().map_err(|_| ServerError::Broken("a hash of no length"))?;
            let pos = u64::try_from(pos).unwrap_or(0);
            let base = Base { writer: ReplicaId(writer), pos, hash };
            branches.insert((ledger, ReplicaId(row.replica)), base);
        }
    }
    Ok(branches)
}

/// What a tablet of a person may read.
///
/// # Errors
/// The database's.
pub async fn granted(
    app: &App,
    person: PersonId,
    replica: ReplicaId,
) -> Result<BTreeSet<LedgerId>> {
    let known = tablet::by_replica(&app.db, replica).await?;
    if known.is_some_and(|tablet| tablet.revoked_ms.is_some()) {
        return Ok(BTreeSet::new());
    }
    membership::granted(&app.db, person).await
}

/// The bytes of a file.
///
/// # Errors
/// The store's.
pub async fn file(app: &App, sha256: &str) -> Result<Option<Vec<u8>>> {
    let hash: Hash = sha256.parse().map_err(|_| ServerError::Broken("no name of a file"))?;
    Ok(app.files.read(&hash).await?.map(|bytes| bytes.to_vec()))
}

/// Whether a tablet is known.
///
/// # Errors
/// The database's.
pub async fn knows(app: &App, replica: ReplicaId) -> Result<bool> {
    Ok(tablet::by_replica(&app.db, replica).await?.is_some())
}

/// Begins a new epoch on data that were put back from a copy.
///
/// # Errors
/// When the keys cannot be written.
pub fn begin_epoch(settings: &Settings) -> Result<()> {
    Keys::begin_epoch(&settings.data.join("keys"), &settings.around)
}

/// Closes the database as an orderly stop does.
pub async fn close(app: App) {
    app.close().await;
}

//! A draft goes out: its reference package becomes a file, its joint ledger and
//! one internal ledger per department are opened, and every member's tablets
//! are introduced in them.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{blob, membership, tablet, task};
use crate::usecase::draft::Draft;
use crate::usecase::{append, package};
use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId, TaskId};
use domain::record::{field, kind};
use domain::task::{Audience, Genesis, PackageRef, Seat, Status};
use ledger::Write;
use ledger::board::TaskCard;
use ledger::certificate::SignedCertificate;
use ledger::policy::FOLD_VERSION;
use sea_orm::ConnectionTrait;

/// One ledger to be opened.
struct Opening<'a> {
    ledger: LedgerId,
    task: TaskId,
    audience: Audience,
    package: &'a PackageRef,
    seats: Vec<Seat>,
    /// What is written beside charter, seats and certificates.
    more: Vec<Write>,
}

/// Sends a draft to the tablets.
pub async fn dispatch(app: &App, task: TaskId, by: PersonId) -> Result<TaskCard> {
    let db = app.begin_write().await?;
    let row = task::by_id(&db, task).await?.ok_or(Code::NotFound)?;
    if row.dispatched_ms.is_some() {
        return Err(Code::NotADraft.into());
    }
    let draft: Draft = serde_json::from_str(&row.body)?;
    let package = keep_package(app, &db, task, &draft).await?;

    let joint = LedgerId(row.ledger);
    let opening = Opening {
        ledger: joint,
        task,
        audience: Audience::Joint,
        package: &package,
        seats: draft.seats().cloned().collect(),
        more: draft.writes(task, Some(&package), Status::Dispatched)?,
    };
    open(app, &db, opening, by).await?;
    for party in &draft.parties {
        let opening = Opening {
            ledger: LedgerId(app.new_id()?),
            task,
            audience: Audience::Internal { department: party.party.department },
            package: &package,
            seats: party.seats.clone(),
            more: Vec::new(),
        };
        open(app, &db, opening, by).await?;
    }
    task::dispatched(&db, task, app.now_ms()).await?;
    let card = task::card(&db, joint).await?;
    db.commit().await?;
    card.ok_or(ServerError::Broken("a dispatched task is not in the list"))
}

async fn keep_package(
    app: &App,
    db: &impl ConnectionTrait,
    task: TaskId,
    draft: &Draft,
) -> Result<PackageRef> {
    let package = package::make(db, task, draft).await?;
    let bytes = serde_json::to_vec(&package)?;
    let length = bytes.len() as u64;
    let hash = app.files.put(bytes).await?;
    blob::brought(db, &hash, length, app.keys.replica, app.now_ms()).await?;
    let items = u32::try_from(package.items.len()).unwrap_or(u32::MAX);
    Ok(PackageRef { sha256: hash.to_string(), bytes: length, items })
}

async fn open(
    app: &App,
    db: &impl ConnectionTrait,
    opening: Opening<'_>,
    by: PersonId,
) -> Result<()> {
    let department = match opening.audience {
        Audience::Joint => None,
        Audience::Internal { department } => Some(department.0),
    };
    let row = membership::ledger::Model {
        id: opening.ledger.0,
        task: opening.task.0,
        department,
        package_sha256: opening.package.sha256.clone(),
    };
    let people: Vec<(PersonId, DepartmentId)> =
        opening.seats.iter().map(|seat| (seat.person, seat.department)).collect();
    membership::open_ledger(db, row, &people, app.now_ms()).await?;

    let genesis = Genesis {
        fold_version: FOLD_VERSION,
        task: opening.task,
        audience: opening.audience,
        catalogue: opening.package.sha256.clone(),
        nonce: None,
    };
    let rec = RecordId(opening.ledger.0);
    // The charter is the first write of the ledger's first change.
    let mut writes =
        vec![Write::new(kind::GENESIS, rec, field::CHARTER, serde_json::to_value(genesis)?)];
    writes.push(certificate(app.keys.replica, &app.keys.certificate)?);
    writes.extend(opening.more);
    writes.extend(Draft::seat_writes(opening.seats)?);
    let people: Vec<PersonId> = people.into_iter().map(|(person, _)| person).collect();
    for tablet in tablet::of_people(db, &people).await? {
        if tablet.revoked_ms.is_none() {
            writes.push(certificate(ReplicaId(tablet.replica), &tablet.certificate()?)?);
        }
    }
    let touched = append::write_own(app, db, opening.ledger, by, "task.dispatch", writes).await?;
    append::settle(db, opening.ledger, touched).await
}

/// A replica's introduction, as a write of the server's chain.
pub fn certificate(replica: ReplicaId, certificate: &SignedCertificate) -> Result<Write> {
    let value = serde_json::to_value(certificate)?;
    Ok(Write::new(kind::REPLICA, RecordId(replica.0), field::CERTIFICATE, value))
}

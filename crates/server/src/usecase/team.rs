//! The team of a task that is out: people leave, others take their seats, roles
//! change. What those who leave wrote is taken all the same and judged by the
//! seat they had; they read nothing that comes later.

use crate::app::App;
use crate::error::{Code, Result};
use crate::store::{department, membership, register, tablet};
use crate::usecase::draft::{Draft, PartyRequest};
use crate::usecase::{append, dispatch, draft, running};
use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId, TaskId};
use domain::record::{field, kind};
use domain::task::{Seat, TeamRole};
use ledger::{Register, Resolved, Write};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};

/// Gives the seats of one department of a task to these people.
///
/// # Errors
/// [`Code::DepartmentUnknown`] for one that takes no part, [`Code::VisitOver`],
/// and what a draft's team is checked for.
pub async fn change(app: &App, task: TaskId, asked: PartyRequest, by: PersonId) -> Result<()> {
    let db = app.begin_write().await?;
    let running = running::find(&db, task).await?;
    let party = running.parties().find(|party| party.department == asked.department);
    let party = party.ok_or(Code::DepartmentUnknown)?;
    let row = department::by_id(&db, party.department).await?.ok_or(Code::DepartmentUnknown)?;
    let day = running.header()?.visit_date;
    let wanted = draft::party(&db, &row, &asked, party.lead, day).await?.seats;
    let before = seats(&running.registers, party.department);
    if before == wanted.iter().map(|seat| (seat.person, seat.clone())).collect() {
        return Ok(());
    }
    let internal = membership::of_task(&db, task).await?;
    let internal = internal.into_iter().find(|one| one.department == Some(party.department.0));
    let internal = internal.map(|one| LedgerId(one.id));
    for ledger in [Some(running.ledger), internal].into_iter().flatten() {
        let writes = seat(app, &db, ledger, &before, &wanted).await?;
        let touched = append::write_own(app, &db, ledger, by, "team.change", writes).await?;
        append::settle(&db, ledger, touched).await?;
    }
    db.commit().await?;
    app.events.poke();
    tracing::info!(%task, department = %party.department, "a team was changed");
    Ok(())
}

/// Who has a seat for a department.
fn seats(registers: &BTreeMap<Register, Resolved>, of: DepartmentId) -> BTreeMap<PersonId, Seat> {
    let seats = registers.iter().filter(|(one, _)| one.is(kind::MEMBER, field::SEAT));
    let seats = seats
        .filter_map(|(_, resolved)| serde_json::from_value::<Seat>(resolved.shown.clone()?).ok());
    seats
        .filter(|seat| seat.department == of && seat.is_held())
        .map(|seat| (seat.person, seat))
        .collect()
}

/// Lets people into one ledger and out of it; answers what is to be written.
async fn seat(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    before: &BTreeMap<PersonId, Seat>,
    wanted: &[Seat],
) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    let stay: BTreeSet<PersonId> = wanted.iter().map(|seat| seat.person).collect();
    let gone = before.values().filter(|seat| !stay.contains(&seat.person));
    let gone: Vec<Seat> =
        gone.map(|seat| Seat { role: TeamRole::Former, ..seat.clone() }).collect();
    for seat in &gone {
        membership::leave(db, ledger, seat.person, app.now_ms()).await?;
    }
    writes.extend(Draft::seat_writes(gone)?);
    let changed = wanted.iter().filter(|seat| before.get(&seat.person) != Some(seat));
    let changed: Vec<Seat> = changed.cloned().collect();
    let mut come = Vec::new();
    for seat in &changed {
        membership::ensure(db, ledger, (seat.person, seat.department), app.now_ms()).await?;
        if !before.contains_key(&seat.person) {
            come.push(seat.person);
        }
    }
    writes.extend(Draft::seat_writes(changed)?);
    for known in tablet::of_people(db, &come).await? {
        let replica = ReplicaId(known.replica);
        let one = Register::new(kind::REPLICA, RecordId(replica.0), field::CERTIFICATE);
        if known.revoked_ms.is_none() && register::shown(db, ledger, &one).await?.is_none() {
            writes.push(dispatch::certificate(replica, &known.certificate()?)?);
        }
    }
    Ok(writes)
}

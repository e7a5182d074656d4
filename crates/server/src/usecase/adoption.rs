//! Ledgers that tablets hold and this office does not know: opened on site, or
//! by this office after the day of the copy that it was restored from. Whoever
//! brings the change that opened it brings charter, team and header with it.

use crate::app::App;
use crate::error::Result;
use crate::store::{membership, tablet, task};
use crate::usecase::draft::{Draft, DraftItem, DraftParty};
use crate::usecase::exchange::Device;
use crate::usecase::{append, dispatch, epoch, judgement, package};
use domain::id::{DepartmentId, LedgerId, PersonId, ReplicaId, TaskId};
use domain::record::{field, kind};
use domain::task::{Audience, Genesis, Header, Party, Seat};
use ledger::authority::{Act, Scene, judge};
use ledger::certificate::{Certificate, ReplicaRole};
use ledger::incoming::{HeldChain, Page, plan_incoming};
use ledger::{Change, Hash, founding};
use sea_orm::ConnectionTrait;
use serde::de::DeserializeOwned;

/// Why a ledger is not adopted, as pages of it are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdopted {
    /// Nothing that came opens it, or not rightly.
    NotGranted,
    /// The reference package it was opened with is not here yet.
    Package,
}

impl NotAdopted {
    /// The reason in answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotGranted => "not_granted",
            Self::Package => "package",
        }
    }
}

/// Whether tablets are asked for a ledger that is not known here.
pub fn is_wanted(app: &App, ledger: LedgerId) -> bool {
    !app.keys.former.is_empty() || founding::is_founded(ledger)
}

/// Opens a ledger with what came of it.
pub async fn adopt(
    app: &App,
    db: &impl ConnectionTrait,
    device: &Device,
    ledger: LedgerId,
    pages: &[Page],
) -> Result<std::result::Result<membership::ledger::Model, NotAdopted>> {
    let mut opening = None;
    for page in pages.iter().filter(|page| page.after == 0) {
        if let Some(certificate) = opener(app, db, page.writer()).await?
            && let Some(change) = opened(ledger, page, &certificate)
        {
            opening = Some(change);
            break;
        }
    }
    let Some(change) = opening else { return Ok(Err(NotAdopted::NotGranted)) };
    let Some(genesis) = value::<Genesis>(&change, kind::GENESIS, field::CHARTER).next() else {
        return Ok(Err(NotAdopted::NotGranted));
    };
    let seats: Vec<Seat> = value(&change, kind::MEMBER, field::SEAT).collect();
    if !seats.iter().any(|seat| seat.person == device.person) {
        return Ok(Err(NotAdopted::NotGranted));
    }
    let Ok(catalogue) = genesis.catalogue.parse::<Hash>() else {
        return Ok(Err(NotAdopted::NotGranted));
    };
    if app.files.read(&catalogue).await?.is_none() {
        return Ok(Err(NotAdopted::Package));
    }
    let row = membership::ledger::Model {
        id: ledger.0,
        task: genesis.task.0,
        department: match genesis.audience {
            Audience::Joint => None,
            Audience::Internal { department } => Some(department.0),
        },
        package_sha256: genesis.catalogue,
    };
    let people: Vec<(PersonId, DepartmentId)> =
        seats.iter().map(|seat| (seat.person, seat.department)).collect();
    membership::open_ledger(db, row.clone(), &people, app.now_ms()).await?;
    if genesis.audience == Audience::Joint && task::by_id(db, genesis.task).await?.is_none() {
        list(app, db, genesis.task, &row, &change).await?;
    }
    introduce(app, db, ledger, &people).await?;
    tracing::info!(%ledger, task = %genesis.task, "a ledger was adopted");
    Ok(Ok(row))
}

/// Whoever may open a ledger: this server in an earlier epoch, or a tablet that
/// is in service.
async fn opener(
    app: &App,
    db: &impl ConnectionTrait,
    replica: ReplicaId,
) -> Result<Option<Certificate>> {
    if let Some(former) = app.keys.former(replica)? {
        return Ok(Some(former));
    }
    let known = tablet::by_replica(db, replica).await?;
    let Some(known) = known.filter(|tablet| tablet.revoked_ms.is_none()) else { return Ok(None) };
    Ok(known.certificate()?.verify(&app.keys.office.public()).ok())
}

/// The change that opens the ledger, when the page begins with it and it is sealed.
fn opened(ledger: LedgerId, page: &Page, by: &Certificate) -> Option<Change> {
    let plan = plan_incoming(&HeldChain::default(), page, &by.key);
    let first = plan.appends.into_iter().next().filter(|first| first.head.pos == 1)?;
    let change = first.change.ok()?;
    let rightly = match by.role {
        ReplicaRole::Server => change
            .writes
            .iter()
            .any(|w| w.register.is(kind::GENESIS, field::CHARTER) && w.register.rec.0 == ledger.0),
        ReplicaRole::Tablet => {
            let id = first.head.change_id();
            founding::opens(ledger, by.replica, 1, &change)
                && judge(Act { ledger, id, by, change: &change }, &Scene::default()).is_none()
        }
    };
    rightly.then_some(change)
}

/// Puts the task where the desk finds it, as if it had been dispatched here.
async fn list(
    app: &App,
    db: &impl ConnectionTrait,
    task: TaskId,
    row: &membership::ledger::Model,
    change: &Change,
) -> Result<()> {
    let Some(header) = value::<Header>(change, kind::TASK, field::HEADER).next() else {
        return Ok(());
    };
    let package = package::read(app, &row.package_sha256).await?;
    let seats: Vec<Seat> = value(change, kind::MEMBER, field::SEAT).collect();
    let parties = value::<Party>(change, kind::PARTY, field::PARTY).map(|party| {
        let own = seats.iter().filter(|seat| seat.department == party.department);
        DraftParty { seats: own.cloned().collect(), party }
    });
    let items = package.items.into_iter().map(|item| DraftItem {
        rec: item.rec,
        code: item.code,
        department: item.department,
    });
    if let Some((year, serial)) = number(&header.number) {
        task::number_taken(db, &format!("task_{year}"), serial).await?;
    }
    let draft = Draft {
        title: header.title,
        number: header.number,
        enterprise: header.enterprise,
        visit_date: header.visit_date,
        announced: header.announced,
        parties: parties.collect(),
        items: items.collect(),
    };
    let now_ms = app.now_ms();
    let row = task::Model {
        id: task.0,
        ledger: row.id,
        body: serde_json::to_string(&draft)?,
        created_by: app.keys.replica.0,
        created_ms: now_ms,
        dispatched_ms: Some(now_ms),
    };
    task::insert(db, row).await
}

/// Year and serial of a number such as `联检〔2026〕12号`.
fn number(text: &str) -> Option<(i32, i64)> {
    let (_, rest) = text.split_once('〔')?;
    let (year, rest) = rest.split_once('〕')?;
    Some((year.parse().ok()?, rest.strip_suffix('号')?.parse().ok()?))
}

/// Introduces the server and the tablets of the team, as a dispatch does.
async fn introduce(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    people: &[(PersonId, DepartmentId)],
) -> Result<()> {
    epoch::introduce_in(app, db, ledger).await?;
    let people: Vec<PersonId> = people.iter().map(|(person, _)| *person).collect();
    let mut writes = Vec::new();
    for known in tablet::of_people(db, &people).await? {
        if known.revoked_ms.is_none() {
            writes.push(dispatch::certificate(ReplicaId(known.replica), &known.certificate()?)?);
        }
    }
    let author = judgement::office(app.keys.replica);
    let touched = append::write_own(app, db, ledger, author, "task.adopt", writes).await?;
    append::settle(db, ledger, touched).await
}

/// The values of a field that a change writes, as far as they can be read.
fn value<'a, T: DeserializeOwned>(
    change: &'a Change,
    kind: &'a str,
    field: &'a str,
) -> impl Iterator<Item = T> + 'a {
    let writes = change.writes.iter().filter(move |w| w.register.is(kind, field));
    writes.filter_map(|write| serde_json::from_value(write.val.clone()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_given() {
        assert_eq!(number("联检〔2026〕12号"), Some((2026, 12)));
        assert_eq!(number("联检2026-12"), None);
    }
}

//! A task that is out, and what the office says of it: called off, an item or a
//! finding handed on to another department. It decides no substance.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{membership, register, task};
use crate::usecase::review::Reviewer;
use crate::usecase::{append, package};
use domain::id::{DepartmentId, LedgerId, RecordId, TaskId};
use domain::record::{field, kind};
use domain::task::{Cancellation, Header, Ownership, Party, Status, VisitState};
use ledger::{Register, Resolved, Write};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// A task that is out and neither called off nor approved.
pub struct Running {
    /// Its joint ledger.
    pub ledger: LedgerId,
    /// SHA-256 of its reference package.
    pub package_sha256: String,
    /// What the joint ledger amounts to.
    pub registers: BTreeMap<Register, Resolved>,
}

impl Running {
    /// The departments that take part.
    pub fn parties(&self) -> impl Iterator<Item = Party> {
        let parties = self.registers.iter().filter(|(one, _)| one.is(kind::PARTY, field::PARTY));
        parties.filter_map(|(_, resolved)| serde_json::from_value(resolved.shown.clone()?).ok())
    }

    /// The task's header.
    ///
    /// # Errors
    /// When the ledger has none, which a dispatched one always has.
    pub fn header(&self) -> Result<Header> {
        let mut all = self.registers.iter().filter(|(one, _)| one.is(kind::TASK, field::HEADER));
        let shown = all.next().and_then(|(_, resolved)| resolved.shown.clone());
        let shown = shown.ok_or(ServerError::Broken("a dispatched task has no header"))?;
        Ok(serde_json::from_value(shown)?)
    }
}

/// A task that is out.
///
/// # Errors
/// [`Code::NotFound`], [`Code::StillADraft`], [`Code::VisitOver`].
pub async fn find(db: &impl ConnectionTrait, task: TaskId) -> Result<Running> {
    let Some(joint) = membership::joint_of_task(db, task).await? else {
        let known = task::by_id(db, task).await?.is_some();
        return Err(if known { Code::StillADraft } else { Code::NotFound }.into());
    };
    let ledger = LedgerId(joint.id);
    let registers = register::all(db, ledger).await?;
    let one = Register::new(kind::TASK, RecordId(task.0), field::STATUS);
    let status = registers.get(&one).and_then(|resolved| resolved.shown.clone());
    let status = status.and_then(|shown| serde_json::from_value(shown).ok());
    if matches!(status, Some(Status::Cancelled | Status::Approved)) {
        return Err(Code::VisitOver.into());
    }
    Ok(Running { ledger, package_sha256: joint.package_sha256, registers })
}

/// A reason as it is kept.
///
/// # Errors
/// [`Code::ReasonMissing`], [`Code::TextTooLong`].
pub fn reason(text: &str) -> Result<String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Code::ReasonMissing.into()),
        count if count > REASON_CHARS_MAX => Err(Code::TextTooLong.into()),
        _ => Ok(text.to_owned()),
    }
}

/// Calls a visit off. What was done on site meanwhile stays and is for review.
///
/// # Errors
/// As [`find`] and [`reason`].
pub async fn cancel(app: &App, task: TaskId, why: &str, by: &Reviewer) -> Result<()> {
    let why = Cancellation { reason: reason(why)?, by: by.name.clone() };
    let db = app.begin_write().await?;
    let running = find(&db, task).await?;
    let rec = RecordId(task.0);
    let writes = vec![
        Write::new(kind::TASK, rec, field::STATUS, serde_json::to_value(Status::Cancelled)?),
        Write::new(kind::TASK, rec, field::CANCELLATION, serde_json::to_value(why)?),
        Write::new(kind::VISIT, rec, field::STATE, serde_json::to_value(VisitState::Cancelled)?),
    ];
    let ledger = running.ledger;
    let touched = append::write_own(app, &db, ledger, by.person, "task.cancel", writes).await?;
    append::settle(&db, ledger, touched).await?;
    db.commit().await?;
    app.events.poke();
    tracing::info!(%task, "a visit was called off");
    Ok(())
}

/// To whom an item or a finding is handed on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct HandOn {
    /// The department, one that takes part.
    pub department: DepartmentId,
    /// Why; it stays on record.
    pub reason: String,
}

/// Hands an item or a finding on to another department of the team.
///
/// # Errors
/// As [`find`] and [`reason`]; [`Code::DepartmentUnknown`] for one that takes no
/// part, [`Code::NotFound`] for a record that is neither.
pub async fn hand_on(
    app: &App,
    task: TaskId,
    rec: RecordId,
    to: HandOn,
    by: &Reviewer,
) -> Result<()> {
    let why = reason(&to.reason)?;
    let db = app.begin_write().await?;
    let running = find(&db, task).await?;
    if !running.parties().any(|party| party.department == to.department) {
        return Err(Code::DepartmentUnknown.into());
    }
    let package = package::read(app, &running.package_sha256).await?;
    let origin = Register::new(kind::FINDING, rec, field::ORIGIN);
    let of = if package.items.iter().any(|item| item.rec == rec) {
        kind::ITEM
    } else if running.registers.get(&origin).is_some_and(|known| known.shown.is_some()) {
        kind::FINDING
    } else {
        return Err(Code::NotFound.into());
    };
    let owner = Ownership {
        department: to.department,
        reason: why,
        by: by.name.clone(),
        more: serde_json::Map::new(),
    };
    let writes = vec![Write::new(of, rec, field::OWNER, serde_json::to_value(owner)?)];
    let ledger = running.ledger;
    let touched = append::write_own(app, &db, ledger, by.person, "owner.change", writes).await?;
    append::settle(&db, ledger, touched).await?;
    db.commit().await?;
    app.events.poke();
    tracing::info!(%task, %rec, to = %to.department, "a record was handed on");
    Ok(())
}

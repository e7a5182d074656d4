//! Changes that were marked for review: a person at the desk says whether they
//! stand. What is set aside is voided, its content stays in the chain. What a
//! signed document relies on cannot be set aside; a later document ends it.

use crate::app::App;
use crate::error::{Code, Result};
use crate::store::{chain, fact, membership, register};
use crate::usecase::review::Reviewer;
use crate::usecase::{append, judgement, running};
use domain::id::{LedgerId, RecordId, TaskId};
use domain::record::{field, kind};
use ledger::resolution::Resolution;
use ledger::signature::{signed_changes, signed_documents};
use ledger::{ChangeId, Verdict, VerdictKind, Write};
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What becomes of a change.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct Settle {
    /// Whether it stands.
    pub accepted: bool,
    /// Why; it stays on record.
    pub reason: String,
}

/// The reason of a verdict by which a person set a change aside.
const SET_ASIDE: &str = "set_aside";

/// Settles a change that was marked for review, once.
///
/// # Errors
/// [`Code::NotFound`] for a change that is not marked, [`Code::AlreadySettled`],
/// [`Code::SignedUpon`], and those of a reason.
pub async fn settle(
    app: &App,
    task: TaskId,
    change: ChangeId,
    asked: Settle,
    reviewer: &Reviewer,
) -> Result<()> {
    let reason = running::reason(&asked.reason)?;
    let db = app.begin_write().await?;
    let ledger = ledger_of(&db, task, change).await?;
    match fact::verdicts(&db, ledger).await?.get(&change) {
        Some(VerdictKind::Review) => {}
        Some(VerdictKind::Void) => return Err(Code::AlreadySettled.into()),
        None => return Err(Code::NotFound.into()),
    }
    if settled(&db, ledger).await?.contains(&change) {
        return Err(Code::AlreadySettled.into());
    }
    if !asked.accepted && signed(&db, ledger).await?.contains(&change) {
        return Err(Code::SignedUpon.into());
    }
    let resolution =
        Resolution { change, accepted: asked.accepted, reason, reviewer: reviewer.name.clone() };
    let rec = RecordId(app.new_id()?);
    let mut writes = vec![Write::new(kind::RESOLUTION, rec, field::CONTENT, resolution.to_value())];
    if !asked.accepted {
        let reason = SET_ASIDE.to_owned();
        let verdict = Verdict { change, verdict: VerdictKind::Void, reason };
        writes.extend(judgement::writes(app, &[verdict])?);
    }
    let by = reviewer.person;
    let touched = append::write_own(app, &db, ledger, by, "review.settle", writes).await?;
    append::settle(&db, ledger, touched).await?;
    db.commit().await?;
    app.events.poke();
    tracing::info!(%ledger, %change, accepted = asked.accepted, "a marked change was settled");
    Ok(())
}

/// In which ledger of a task a change stands.
async fn ledger_of(db: &impl ConnectionTrait, task: TaskId, change: ChangeId) -> Result<LedgerId> {
    for row in membership::of_task(db, task).await? {
        let ledger = LedgerId(row.id);
        if !chain::changes_by_id(db, ledger, [change]).await?.is_empty() {
            return Ok(ledger);
        }
    }
    Err(Code::NotFound.into())
}

/// The changes of a ledger that were settled.
async fn settled(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<BTreeSet<ChangeId>> {
    let registers = register::all(db, ledger).await?;
    let all = registers.iter().filter(|(one, _)| one.is(kind::RESOLUTION, field::CONTENT));
    let read = |value: &serde_json::Value| Resolution::from_value(value).map(|one| one.change);
    Ok(all.filter_map(|(_, resolved)| read(resolved.shown.as_ref()?)).collect())
}

/// The changes of a ledger that signed documents rely on.
async fn signed(db: &impl ConnectionTrait, ledger: LedgerId) -> Result<BTreeSet<ChangeId>> {
    let facts = fact::of_fields(db, ledger, &fact::SIGNING).await?;
    Ok(signed_changes(&signed_documents(&facts, &fact::voided(db, ledger).await?)))
}

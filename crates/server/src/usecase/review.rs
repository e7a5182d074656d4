//! The office's word on what came back: findings are returned with a comment
//! or approved, and the task with them. Written into the server's chain of the
//! joint ledger, so that it reaches the tablets like everything else.

use crate::app::App;
use crate::error::{Code, Result};
use crate::store::{chain, fact, membership, register};
use crate::usecase::append;
use domain::evidence::EvidenceFile;
use domain::finding::{Review, ReviewState};
use domain::id::{LedgerId, PersonId, RecordId, TaskId};
use domain::record::{field, kind};
use domain::task::Status;
use ledger::{Register, Resolved, Write};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use std::collections::BTreeMap;

/// Longest comment, in characters.
const COMMENT_CHARS_MAX: usize = 2000;

/// Who reviews.
#[derive(Debug, Clone)]
pub struct Reviewer {
    /// The person behind the account.
    pub person: PersonId,
    /// The name inspectors see.
    pub name: String,
}

/// Returns a finding to its department.
pub async fn return_finding(
    app: &App,
    task: TaskId,
    finding: RecordId,
    comment: &str,
    reviewer: &Reviewer,
) -> Result<()> {
    let comment = comment.trim();
    if comment.is_empty() {
        return Err(Code::CommentMissing.into());
    }
    if comment.chars().count() > COMMENT_CHARS_MAX {
        return Err(Code::TextTooLong.into());
    }
    let db = app.begin_write().await?;
    let ledger = joint(&db, task).await?;
    let registers = register::all(&db, ledger).await?;
    if !findings(&registers).any(|rec| rec == finding) {
        return Err(Code::NotFound.into());
    }
    let write = review(finding, ReviewState::Returned, comment, reviewer)?;
    commit(app, db, ledger, reviewer, "review.return", vec![write]).await
}

/// Approves every finding that was not returned, or was worked on since. The
/// task is approved when nothing is left returned.
pub async fn approve(app: &App, task: TaskId, reviewer: &Reviewer) -> Result<Status> {
    let db = app.begin_write().await?;
    let ledger = joint(&db, task).await?;
    let registers = register::all(&db, ledger).await?;
    let mut writes = Vec::new();
    let mut status = Status::Approved;
    for finding in findings(&registers) {
        let register = Register::new(kind::FINDING, finding, field::REVIEW);
        let resolved = registers.get(&register);
        let shown = resolved.and_then(|resolved| resolved.shown.clone());
        let before: Option<Review> = shown.and_then(|value| serde_json::from_value(value).ok());
        let returned = before.as_ref().is_some_and(|r| r.state == ReviewState::Returned);
        if returned && !reworked(&db, ledger, finding, &registers).await? {
            status = Status::Returned;
        } else if returned || before.is_none() {
            writes.push(review(finding, ReviewState::Approved, "", reviewer)?);
        }
    }
    let value = serde_json::to_value(status)?;
    writes.push(Write::new(kind::TASK, RecordId(task.0), field::STATUS, value));
    commit(app, db, ledger, reviewer, "review.approve", writes).await?;
    Ok(status)
}

async fn joint(db: &impl ConnectionTrait, task: TaskId) -> Result<LedgerId> {
    if let Some(joint) = membership::joint_of_task(db, task).await? {
        return Ok(LedgerId(joint.id));
    }
    let known = crate::store::task::by_id(db, task).await?;
    Err(if known.is_some() { Code::StillADraft } else { Code::NotFound }.into())
}

fn findings(registers: &BTreeMap<Register, Resolved>) -> impl Iterator<Item = RecordId> {
    let origins = registers.iter().filter(|(r, _)| r.is(kind::FINDING, field::ORIGIN));
    origins.filter(|(_, resolved)| resolved.shown.is_some()).map(|(register, _)| register.rec)
}

fn review(
    finding: RecordId,
    state: ReviewState,
    comment: &str,
    reviewer: &Reviewer,
) -> Result<Write> {
    let review = Review { state, comment: comment.to_owned(), reviewer: reviewer.name.clone() };
    Ok(Write::new(kind::FINDING, finding, field::REVIEW, serde_json::to_value(review)?))
}

/// Whether something was written on a finding after its review, in the order
/// in which it reached this server: in its fields, by a decision on them, or as
/// evidence of it. What was voided is no work.
async fn reworked(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    finding: RecordId,
    registers: &BTreeMap<Register, Resolved>,
) -> Result<bool> {
    let mut reviewed = None;
    let mut worked = Vec::new();
    let voided = fact::voided(db, ledger).await?;
    for (register, _) in registers.iter().filter(|(r, resolved)| concerns(r, resolved, finding)) {
        // The effect of a decision is a statement on the register decided.
        let facts = fact::of_register(db, ledger, register).await?;
        let ids = facts.iter().map(|fact| fact.id.change).filter(|id| !voided.contains(id));
        let latest = chain::received(db, ledger, ids).await?.into_values().max();
        if register.field == field::REVIEW {
            reviewed = latest;
        } else {
            worked.extend(latest);
        }
    }
    Ok(reviewed.is_some_and(|at| worked.iter().any(|worked| *worked > at)))
}

fn concerns(register: &Register, resolved: &Resolved, finding: RecordId) -> bool {
    if register.is(kind::EVIDENCE, field::FILE) {
        let shown = resolved.shown.clone();
        let file = shown.and_then(|value| serde_json::from_value::<EvidenceFile>(value).ok());
        return file.is_some_and(|file| file.subject == finding);
    }
    register.kind == kind::FINDING && register.rec == finding
}

async fn commit(
    app: &App,
    db: DatabaseTransaction,
    ledger: LedgerId,
    reviewer: &Reviewer,
    intent: &str,
    writes: Vec<Write>,
) -> Result<()> {
    let touched = append::write_own(app, &db, ledger, reviewer.person, intent, writes).await?;
    append::settle(&db, ledger, touched).await?;
    db.commit().await?;
    tracing::info!(%ledger, intent, at_ms = app.now_ms(), "a review was written");
    Ok(())
}

//! Proposals: asking another department to change what it owns, and its reply.

use super::text;
use crate::device::Device;
use crate::view::{AppError, ChosenValue, ErrorCode};
use domain::id::{RecordId, TaskId};
use domain::record::{field, kind};
use ledger::board::Board;
use ledger::decision::Ruling;
use ledger::policy::policy;
use ledger::proposal::{Proposal, Reply};
use ledger::{Register, Write, WriteId};
use serde_json::json;
use std::collections::BTreeSet;

impl Device {
    /// Proposes a value for a register that another department owns.
    ///
    /// # Errors
    /// [`ErrorCode::ReasonMissing`], [`ErrorCode::NoSuchRecord`],
    /// [`ErrorCode::Malformed`].
    pub fn propose(
        &self,
        task: TaskId,
        target: Register,
        value: &ChosenValue,
        reason: &str,
        seen: &[String],
    ) -> Result<Board, AppError> {
        self.with(|open| {
            let ledger = open.joint(task)?;
            let package = open.package(ledger)?;
            if open.scene(ledger, &BTreeSet::from([target.rec]))?.owner(&target).is_none() {
                return Err(ErrorCode::NoSuchRecord.into());
            }
            let proposal = Proposal {
                value: text::chosen(&target, value, package.as_deref())?,
                heads: text::seen(seen)?,
                reason: text::reason(reason)?,
                target,
            };
            let rec = open.new_record()?;
            let write = Write::new(kind::PROPOSAL, rec, field::CONTENT, proposal.to_value());
            open.commit(ledger, "proposal.create", vec![write], &[])?;
            open.board(task)
        })
    }

    /// Replies to a proposal. Taking it over settles the register with the
    /// proposed value in the same gesture; only the values in `seen` are
    /// settled: one that came meanwhile stays beside it, for a decision.
    ///
    /// # Errors
    /// [`ErrorCode::NotDecider`], [`ErrorCode::ReasonMissing`],
    /// [`ErrorCode::NoSuchRecord`].
    pub fn reply_proposal(
        &self,
        task: TaskId,
        rec: RecordId,
        accepted: bool,
        reason: &str,
        seen: &[String],
    ) -> Result<Board, AppError> {
        self.with(|open| {
            let ledger = open.joint(task)?;
            let content =
                open.register(ledger, &Register::new(kind::PROPOSAL, rec, field::CONTENT))?;
            let proposal = content.shown.as_ref().and_then(Proposal::from_value);
            let proposal = proposal.ok_or(ErrorCode::NoSuchRecord)?;
            let reason = text::reason(reason)?;
            let reply = Reply { accepted, reason: reason.clone() };
            let replied =
                open.register(ledger, &Register::new(kind::PROPOSAL, rec, field::REPLY))?;
            let mut writes = vec![
                Write::new(kind::PROPOSAL, rec, field::REPLY, json!(reply))
                    .superseding(replied.heads.iter().map(|head| head.id)),
            ];
            if accepted {
                writes.push(take_over(open.new_record()?, proposal, text::seen(seen)?, reason));
            }
            open.commit(ledger, "proposal.reply", writes, &[])?;
            open.board(task)
        })
    }
}

/// The write by which the owner makes a proposed value their own. Where values
/// can be in conflict that is a decision; elsewhere the newest value counts.
fn take_over(decision: RecordId, proposal: Proposal, seen: Vec<WriteId>, reason: String) -> Write {
    let Proposal { target, value, .. } = proposal;
    if !policy(&target).is_guarded() {
        return Write::new(&target.kind, target.rec, &target.field, value).superseding(seen);
    }
    let ruling = Ruling { target, heads: seen, value, reason };
    Write::new(kind::DECISION, decision, field::RULING, ruling.to_value())
}

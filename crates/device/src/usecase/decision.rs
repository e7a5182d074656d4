//! Deciding a conflict: the owner's site lead or deputy, with a reason.

use super::text;
use crate::device::Device;
use crate::view::{AppError, ErrorCode};
use domain::id::TaskId;
use domain::record::{field, kind};
use ledger::board::Board;
use ledger::decision::Ruling;
use ledger::{Register, Write, WriteId};

impl Device {
    /// Settles a register with the value of one of its heads. Only the heads
    /// in `seen` are settled: a value that came meanwhile keeps the conflict open.
    ///
    /// # Errors
    /// [`ErrorCode::NotDecider`], [`ErrorCode::ReasonMissing`],
    /// [`ErrorCode::NoConflict`].
    pub fn decide(
        &self,
        task: TaskId,
        target: Register,
        head: &str,
        reason: &str,
        seen: &[String],
    ) -> Result<Board, AppError> {
        self.with(|open| {
            let ledger = open.joint(task)?;
            let chosen: WriteId = head.parse().map_err(|_| ErrorCode::Malformed)?;
            let reason = text::reason(reason)?;
            let mut heads = text::seen(seen)?;
            if !heads.contains(&chosen) {
                heads.push(chosen);
            }
            let standing = open.register(ledger, &target)?;
            if !standing.contested {
                return Err(ErrorCode::NoConflict.into());
            }
            let value = standing.heads.iter().find(|head| head.id == chosen);
            let value = value.map(|head| head.val.clone()).ok_or(ErrorCode::NoConflict)?;
            let ruling = Ruling { target, heads, value, reason };
            let rec = open.new_record()?;
            let write = Write::new(kind::DECISION, rec, field::RULING, ruling.to_value());
            open.commit(ledger, "conflict.decide", vec![write], &[])?;
            open.board(task)
        })
    }
}

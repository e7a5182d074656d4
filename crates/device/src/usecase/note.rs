//! Notes of one department, in its internal ledger: nobody else's tablet ever
//! receives them.

use super::text::{self, LONG_CHARS_MAX};
use crate::device::{Device, Open};
use crate::error::DeviceError;
use crate::store::ledger as ledgers;
use crate::view::{AppError, ErrorCode};
use domain::id::{LedgerId, TaskId};
use domain::record::{field, kind};
use ledger::Write;
use ledger::board::Board;
use serde_json::json;

impl Device {
    /// Writes a note for one's own department.
    ///
    /// # Errors
    /// [`ErrorCode::TextMissing`], [`ErrorCode::TooLong`], [`ErrorCode::NoSuchTask`].
    pub fn add_note(&self, task: TaskId, text: &str) -> Result<Board, AppError> {
        self.with(|open| {
            let ledger = open.internal(task)?;
            let text = text::wanted(text, LONG_CHARS_MAX)?;
            let rec = open.new_record()?;
            let write = Write::new(kind::NOTE, rec, field::TEXT, json!(text));
            open.commit(ledger, "note.add", vec![write], &[])?;
            open.board(task)
        })
    }
}

impl Open {
    /// The internal ledger of the person's own department.
    pub(crate) fn internal(&self, task: TaskId) -> Result<LedgerId, DeviceError> {
        let ledger = ledgers::internal(&self.db, task, self.department()?)?;
        ledger.ok_or_else(|| ErrorCode::NoSuchTask.into())
    }
}

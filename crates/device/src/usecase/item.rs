//! Answering check items and editing fields of one's own records.

use super::text;
use crate::device::{Device, Open};
use crate::error::DeviceError;
use crate::view::{AppError, ChosenValue, ErrorCode};
use domain::finding::Answer;
use domain::id::{RecordId, TaskId};
use domain::record::{field, kind};
use ledger::board::Board;
use ledger::{Register, Write};
use serde_json::json;

impl Device {
    /// Answers a check item; `None` is 未查.
    ///
    /// # Errors
    /// [`ErrorCode::NotOwner`], [`ErrorCode::NoSuchRecord`], [`ErrorCode::NoSuchTask`].
    pub fn answer_item(
        &self,
        task: TaskId,
        item: RecordId,
        answer: Option<Answer>,
        seen: &[String],
    ) -> Result<Board, AppError> {
        self.with(|open| {
            let ledger = open.joint(task)?;
            let write = Write::new(kind::ITEM, item, field::RESULT, json!(answer))
                .superseding(text::seen(seen)?);
            open.commit(ledger, "item.answer", vec![write], &[])?;
            open.board(task)
        })
    }

    /// Sets a field of a record of one's own department.
    ///
    /// # Errors
    /// [`ErrorCode::NotOwner`], [`ErrorCode::TooLong`], [`ErrorCode::Malformed`].
    pub fn edit_field(
        &self,
        task: TaskId,
        target: Register,
        value: &ChosenValue,
        seen: &[String],
    ) -> Result<Board, AppError> {
        self.with(|open| {
            open.set_field(task, target, value, seen)?;
            open.board(task)
        })
    }

    /// Sets a field and draws no board, for those who set many.
    ///
    /// # Errors
    /// As [`Device::edit_field`].
    pub fn save_field(
        &self,
        task: TaskId,
        target: Register,
        value: &ChosenValue,
        seen: &[String],
    ) -> Result<(), AppError> {
        self.with(|open| open.set_field(task, target, value, seen))
    }

    /// The record of a check item by its code.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchRecord`], [`ErrorCode::NoSuchTask`].
    pub fn item_by_code(&self, task: TaskId, code: &str) -> Result<RecordId, AppError> {
        self.with(|open| {
            let joint = open.joint(task)?;
            let package = open.package(joint)?.ok_or(ErrorCode::NoSuchRecord)?;
            let item = package.items.iter().find(|item| item.code == code);
            Ok(item.map(|item| item.rec).ok_or(ErrorCode::NoSuchRecord)?)
        })
    }
}

impl Open {
    fn set_field(
        &mut self,
        task: TaskId,
        target: Register,
        value: &ChosenValue,
        seen: &[String],
    ) -> Result<(), DeviceError> {
        let joint = self.joint(task)?;
        let package = self.package(joint)?;
        let val = text::chosen(&target, value, package.as_deref())?;
        let (ledger, intent) = match target.kind.as_str() {
            kind::NOTE => (self.internal(task)?, "note.edit"),
            kind::ITEM if target.field == field::RESULT => (joint, "item.answer"),
            kind::ITEM => (joint, "item.remark"),
            _ => (joint, "finding.edit"),
        };
        let write = Write { register: target, val, sup: vec![] }.superseding(text::seen(seen)?);
        self.commit(ledger, intent, vec![write], &[])?;
        Ok(())
    }
}

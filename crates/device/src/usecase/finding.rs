//! Recording a hazard (隐患).

use super::text::{self, LONG_CHARS_MAX, SHORT_CHARS_MAX};
use crate::device::{Device, Open};
use crate::error::DeviceError;
use crate::view::{AppError, ErrorCode, FindingDraft};
use domain::finding::Origin;
use domain::id::{RecordId, TaskId};
use domain::record::{field, kind};
use ledger::Write;
use ledger::board::Board;
use serde::Serialize;
use serde_json::{Map, json};
use specta::Type;

/// Most working days a deadline may be away.
const DEADLINE_WORKDAYS_MAX: u32 = 365;

/// A finding just recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct FindingCreated {
    /// Its record.
    pub rec: RecordId,
    /// The task as it is now.
    pub board: Board,
}

impl Device {
    /// Records a finding of one's own department.
    ///
    /// # Errors
    /// [`ErrorCode::TextMissing`] without a fact, [`ErrorCode::TooLong`],
    /// [`ErrorCode::Malformed`] for a code that the package does not know.
    pub fn create_finding(
        &self,
        task: TaskId,
        draft: &FindingDraft,
    ) -> Result<FindingCreated, AppError> {
        self.with(|open| {
            let rec = open.record_finding(task, draft)?;
            Ok(FindingCreated { rec, board: open.board(task)? })
        })
    }

    /// Records a finding and draws no board, for those who record many.
    ///
    /// # Errors
    /// As [`Device::create_finding`].
    pub fn save_finding(&self, task: TaskId, draft: &FindingDraft) -> Result<RecordId, AppError> {
        self.with(|open| open.record_finding(task, draft))
    }
}

impl Open {
    fn record_finding(
        &mut self,
        task: TaskId,
        draft: &FindingDraft,
    ) -> Result<RecordId, DeviceError> {
        let ledger = self.joint(task)?;
        let package = self.package(ledger)?;
        if let (Some(item), Some(package)) = (draft.item, package.as_ref())
            && package.item(item).is_none()
        {
            return Err(ErrorCode::NoSuchRecord.into());
        }
        let rec = self.new_record()?;
        let origin = Origin { department: self.department()?, item: draft.item, more: Map::new() };
        let assessment = text::assessment(
            draft.level,
            draft.criterion.as_deref(),
            &draft.basis,
            package.as_deref(),
        )?;
        let fact = text::wanted(&draft.fact, LONG_CHARS_MAX)?;
        let location = text::limited(&draft.location, SHORT_CHARS_MAX)?;
        let requirement = text::limited(&draft.requirement, LONG_CHARS_MAX)?;
        let mut writes = vec![
            Write::new(kind::FINDING, rec, field::ORIGIN, json!(origin)),
            Write::new(kind::FINDING, rec, field::ASSESSMENT, assessment),
            Write::new(kind::FINDING, rec, field::FACT, json!(fact)),
            Write::new(kind::FINDING, rec, field::LOCATION, json!(location)),
            Write::new(kind::FINDING, rec, field::REQUIREMENT, json!(requirement)),
        ];
        if let Some(days) = draft.deadline_workdays {
            if days > DEADLINE_WORKDAYS_MAX {
                return Err(ErrorCode::Malformed.into());
            }
            let today = self.clock.wall().shanghai_date();
            let calendar = package.map(|p| p.calendar.clone()).unwrap_or_default();
            let date = calendar.add_workdays(today, days).date;
            writes.push(Write::new(kind::FINDING, rec, field::DEADLINE, json!(date)));
        }
        self.commit(ledger, "finding.create", writes, &[])?;
        Ok(rec)
    }
}

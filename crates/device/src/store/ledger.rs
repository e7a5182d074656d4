//! Ledgers: which task and audience each serves, and whether it may be read.

use super::parsed;
use crate::error::DeviceError;
use domain::id::{DepartmentId, LedgerId, TaskId};
use domain::task::{Audience, Genesis};
use rusqlite::{Connection, OptionalExtension, params};

/// Makes sure a ledger is listed and readable.
pub(crate) fn grant(db: &Connection, ledger: LedgerId) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO ledger (ledger) VALUES (?1)
         ON CONFLICT (ledger) DO UPDATE SET granted = 1, left_at = NULL, purged_at = NULL
         WHERE granted = 0",
    )?
    .execute([ledger.to_string()])?;
    Ok(())
}

/// Notes that a ledger may not be read any more; what is here stays.
pub(crate) fn leave(db: &Connection, ledger: LedgerId, at: &str) -> Result<(), DeviceError> {
    db.execute(
        "UPDATE ledger SET granted = 0, left_at = ?2 WHERE ledger = ?1 AND granted = 1",
        params![ledger.to_string(), at],
    )?;
    Ok(())
}

/// Notes what a ledger is, as its first change says.
pub(crate) fn charter(
    db: &Connection,
    ledger: LedgerId,
    genesis: &Genesis,
) -> Result<(), DeviceError> {
    let department = match genesis.audience {
        Audience::Joint => None,
        Audience::Internal { department } => Some(department.to_string()),
    };
    db.execute(
        "UPDATE ledger SET task = ?2, department = ?3 WHERE ledger = ?1",
        params![ledger.to_string(), genesis.task.to_string(), department],
    )?;
    Ok(())
}

/// The joint ledger of a task.
pub(crate) fn joint(db: &Connection, task: TaskId) -> Result<Option<LedgerId>, DeviceError> {
    let text: Option<String> = db
        .query_row(
            "SELECT ledger FROM ledger WHERE task = ?1 AND department IS NULL AND granted = 1",
            [task.to_string()],
            |row| row.get(0),
        )
        .optional()?;
    text.map(|text| parsed(&text)).transpose()
}

/// The internal ledger of a department in a task.
pub(crate) fn internal(
    db: &Connection,
    task: TaskId,
    department: DepartmentId,
) -> Result<Option<LedgerId>, DeviceError> {
    let text: Option<String> = db
        .query_row(
            "SELECT ledger FROM ledger WHERE task = ?1 AND department = ?2 AND granted = 1",
            params![task.to_string(), department.to_string()],
            |row| row.get(0),
        )
        .optional()?;
    text.map(|text| parsed(&text)).transpose()
}

/// Every readable ledger of a task, the joint one first.
pub(crate) fn of_task(db: &Connection, task: TaskId) -> Result<Vec<LedgerId>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT ledger FROM ledger WHERE task = ?1 AND granted = 1
         ORDER BY department IS NOT NULL, ledger",
    )?;
    let rows = select.query_map([task.to_string()], |row| row.get::<_, String>(0))?;
    rows.map(|text| parsed(&text?)).collect()
}

/// What a ledger is, if its first change has arrived.
pub(crate) fn audience(
    db: &Connection,
    ledger: LedgerId,
) -> Result<Option<(TaskId, Audience)>, DeviceError> {
    let row: Option<(Option<String>, Option<String>)> = db
        .query_row(
            "SELECT task, department FROM ledger WHERE ledger = ?1",
            [ledger.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((Some(task), department)) = row else { return Ok(None) };
    let audience = match department {
        None => Audience::Joint,
        Some(department) => Audience::Internal { department: parsed(&department)? },
    };
    Ok(Some((parsed(&task)?, audience)))
}

/// Every readable ledger.
pub(crate) fn granted(db: &Connection) -> Result<Vec<LedgerId>, DeviceError> {
    let mut select =
        db.prepare_cached("SELECT ledger FROM ledger WHERE granted = 1 ORDER BY ledger")?;
    let rows = select.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|text| parsed(&text?)).collect()
}

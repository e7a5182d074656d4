//! Files on their way up: where the office keeps each upload, so that it goes on
//! after a restart. How much the office really holds is asked of it.

use super::{integer, position};
use crate::error::DeviceError;
use rusqlite::{Connection, OptionalExtension, params};

/// An upload as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// Where it is, under the office's address; none where the office had the
    /// file before it began anew, and is to be asked whether it still has.
    pub(crate) url: Option<String>,
    /// Bytes that the office last confirmed.
    pub(crate) sent: u64,
}

/// What is remembered of a file's upload.
pub(crate) fn get(db: &Connection, sha256: &str) -> Result<Option<Remembered>, DeviceError> {
    let row = db
        .prepare_cached("SELECT url, sent FROM upload WHERE sha256 = ?1")?
        .query_row([sha256], |row| Ok(Remembered { url: row.get(0)?, sent: position(row.get(1)?) }))
        .optional()?;
    Ok(row)
}

/// Remembers where an upload is and how far it has come.
pub(crate) fn put(db: &Connection, sha256: &str, url: &str, sent: u64) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO upload (sha256, url, sent) VALUES (?1, ?2, ?3)
         ON CONFLICT (sha256) DO UPDATE SET url = excluded.url, sent = excluded.sent",
    )?
    .execute(params![sha256, url, integer(sent)])?;
    Ok(())
}

/// Forgets where an upload is: the office does not know of it. The file is still
/// for the office.
pub(crate) fn forget_place(db: &Connection, sha256: &str) -> Result<(), DeviceError> {
    db.prepare_cached("UPDATE upload SET url = NULL, sent = 0 WHERE sha256 = ?1")?
        .execute([sha256])?;
    Ok(())
}

/// Forgets an upload that is done.
pub(crate) fn forget(db: &Connection, sha256: &str) -> Result<(), DeviceError> {
    db.prepare_cached("DELETE FROM upload WHERE sha256 = ?1")?.execute([sha256])?;
    Ok(())
}

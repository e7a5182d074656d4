//! Small facts about this installation.

use crate::error::DeviceError;
use rusqlite::{Connection, OptionalExtension, params};

/// Last successful contact with the office, RFC 3339 UTC.
pub(crate) const LAST_CONTACT: &str = "last_contact";
/// Milliseconds that this tablet's clock is ahead of the office's.
pub(crate) const CLOCK_AHEAD_MS: &str = "clock_ahead_ms";

/// The oldest version that may sign and decide, while this one is older.
pub(crate) const VERSION_MIN: &str = "version_min";

pub(crate) fn get(db: &Connection, name: &str) -> Result<Option<String>, DeviceError> {
    let mut select = db.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

/// Forgets a fact.
pub(crate) fn clear(db: &Connection, name: &str) -> Result<(), DeviceError> {
    db.prepare_cached("DELETE FROM setting WHERE name = ?1")?.execute([name])?;
    Ok(())
}

pub(crate) fn put(db: &Connection, name: &str, value: &str) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![name, value])?;
    Ok(())
}

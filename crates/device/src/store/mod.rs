//! The encrypted store: SQLite through SQLCipher, one file per noun. Functions
//! take the connection, so that a gesture or a page of an answer is one
//! transaction over several nouns.
//!
//! What the tables mean is written beside them, in `migrations/device`. Files
//! lie outside the database (`evidence`).

pub(crate) mod apply;
pub(crate) mod blob;
pub(crate) mod certificate;
pub(crate) mod chain;
pub(crate) mod identity;
pub(crate) mod ledger;
pub(crate) mod receipt;
pub(crate) mod register;
pub(crate) mod setting;
pub(crate) mod task;
pub(crate) mod upload;

use crate::error::DeviceError;
use crate::view::ErrorCode;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use zeroize::Zeroizing;

/// Name of the database in the home folder.
pub(crate) const FILE: &str = "store.db";

/// Opens the store with its raw key and brings its schema up to date.
///
/// # Errors
/// [`ErrorCode::StoreDamaged`] when the file is not a store of this key.
pub(crate) fn open(home: &Path, key: &[u8; 32]) -> Result<Connection, DeviceError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(home.join(FILE), flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    let pragma = Zeroizing::new(format!("x'{}'", *Zeroizing::new(hex::encode(key))));
    db.pragma_update(None, "key", pragma.as_str())?;
    // Without SQLCipher the pragma above would do nothing, in silence.
    let cipher: Option<String> =
        db.query_row("PRAGMA cipher_version", [], |row| row.get(0)).unwrap_or(None);
    if cipher.is_none() {
        return Err(DeviceError::Unexpected("the store is not encrypted in this build"));
    }
    db.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))
        .map_err(|_| DeviceError::from(ErrorCode::StoreDamaged))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    migrations::device::migrations().to_latest(&mut db)?;
    Ok(db)
}

/// Removes a store that belongs to an enrolment that was given up.
pub(crate) fn discard(home: &Path) -> Result<(), DeviceError> {
    for suffix in ["", "-wal", "-shm"] {
        crate::durable::remove(&home.join(format!("{FILE}{suffix}")))?;
    }
    Ok(())
}

/// Reads a text column as one of our own names.
pub(crate) fn parsed<T: FromStr>(text: &str) -> Result<T, DeviceError> {
    text.parse().map_err(|_| DeviceError::Unexpected("a name in the store does not read back"))
}

/// A position as SQLite keeps it.
pub(crate) fn integer(pos: u64) -> i64 {
    i64::try_from(pos).unwrap_or(i64::MAX)
}

/// A position as it was kept.
pub(crate) fn position(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

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
pub(crate) mod purge;
pub(crate) mod receipt;
pub(crate) mod register;
pub(crate) mod setting;
pub(crate) mod task;
pub(crate) mod upload;

use crate::error::DeviceError;
use crate::surroundings::Surroundings;
use crate::view::ErrorCode;
use ::ledger::planted::{self, Planted};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Name of the database in the home folder.
pub(crate) const FILE: &str = "store.db";

/// Decrypted pages kept in memory: each one read again is decrypted again.
const CACHE_KIB: i64 = 16 * 1024;
/// Prepared statements kept.
const STATEMENTS_KEPT: usize = 96;

/// Opens the store with its raw key and brings its schema up to date.
///
/// # Errors
/// [`ErrorCode::StoreDamaged`] when the file is not a store of this key.
pub(crate) fn open(
    home: &Path,
    key: &[u8; 32],
    around: &Surroundings,
) -> Result<Connection, DeviceError> {
    let mut db = connect(home, key, OpenFlags::SQLITE_OPEN_CREATE, around)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = if planted::is(Planted::SkipFsyncOnTablet) { "OFF" } else { "FULL" };
    db.pragma_update(None, "synchronous", synchronous)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // A page of an answer is taken in with more statements than are kept otherwise.
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    migrations::device::migrations().to_latest(&mut db)?;
    Ok(db)
}

/// Opens a store that is there, as it is: for reading what can be read of it.
///
/// # Errors
/// [`ErrorCode::StoreDamaged`] when not even its first page can be read.
pub(crate) fn attach(
    home: &Path,
    key: &[u8; 32],
    around: &Surroundings,
) -> Result<Connection, DeviceError> {
    connect(home, key, OpenFlags::empty(), around)
}

fn connect(
    home: &Path,
    key: &[u8; 32],
    more: OpenFlags,
    around: &Surroundings,
) -> Result<Connection, DeviceError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let path = home.join(FILE);
    let db = match &around.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs.as_str())?,
        None => Connection::open_with_flags(path, flags)?,
    };
    db.busy_timeout(Duration::from_secs(5))?;
    // Otherwise SQLCipher writes to the standard error of whoever embeds it.
    db.pragma_update(None, "cipher_log_level", "NONE")?;
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
    Ok(db)
}

/// Whether the store reads back: the tables as they belong together, which
/// reads every page in use, and without a time limit also every other page's
/// authentication code. With a limit, what was seen until then is answered.
pub(crate) fn is_sound(db: &Connection, limit: Option<Duration>) -> Result<bool, DeviceError> {
    let watch = limit.map(|limit| Watch::begin(db, limit));
    // The second one cannot be interrupted.
    let checks: &[&str] = match limit {
        Some(_) => &["quick_check(1)"],
        None => &["quick_check(1)", "cipher_integrity_check"],
    };
    let mut sound = Ok(true);
    for check in checks {
        sound = complaints(db, check).map(|complaint| complaint.is_none());
        if !matches!(sound, Ok(true)) {
            break;
        }
    }
    if let Some(watch) = watch {
        watch.end();
    }
    use rusqlite::ErrorCode as Sqlite;
    match sound.as_ref().map_err(rusqlite::Error::sqlite_error_code) {
        Ok(sound) => Ok(*sound),
        Err(Some(Sqlite::OperationInterrupted)) => Ok(true),
        // A page that the disk does not give back is as good as a damaged one.
        Err(Some(Sqlite::DatabaseCorrupt | Sqlite::NotADatabase | Sqlite::SystemIoFailure)) => {
            Ok(false)
        }
        Err(_) => Ok(sound?),
    }
}

/// The first thing a check has to say, other than that all is well.
fn complaints(db: &Connection, check: &str) -> Result<Option<String>, rusqlite::Error> {
    let mut statement = db.prepare(&format!("PRAGMA {check}"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said != "ok" {
            return Ok(Some(said));
        }
    }
    Ok(None)
}

/// Ends a check that takes too long.
struct Watch {
    done: mpsc::Sender<()>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Watch {
    fn begin(db: &Connection, limit: Duration) -> Self {
        let (done, waits) = mpsc::channel::<()>();
        let handle = db.get_interrupt_handle();
        let thread = std::thread::spawn(move || {
            if waits.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
                handle.interrupt();
            }
        });
        Self { done, thread: Some(thread) }
    }

    /// Afterwards nothing is interrupted any more.
    fn end(mut self) {
        let _ = self.done.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Removes a store that belongs to an enrolment that was given up.
pub(crate) fn discard(home: &Path, around: &Surroundings) -> Result<(), DeviceError> {
    for suffix in ["", "-wal", "-shm"] {
        around.disk.remove(&home.join(format!("{FILE}{suffix}")))?;
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

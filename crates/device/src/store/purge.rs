//! Clearing away ledgers that were left: everything of ours in them has long been
//! safe at the office. Where this tablet wrote is remembered, so that no position
//! is given twice when a ledger comes back.
//!
//! All moments are the office's: a tablet whose clock is wrong clears nothing
//! away too early.

use super::parsed;
use crate::error::DeviceError;
use chrono::{DateTime, Duration, Utc};
use domain::id::LedgerId;
use domain::time::Wall;
use ledger::planted::{self, Planted};
use rusqlite::{Connection, params};

/// Days that all must have been safe, and the ledger left, where the office says
/// nothing else. Longer than an office's copies are apart, so that an office put
/// back to one finds on the tablets what it lost.
pub(crate) const KEPT_DAYS: u32 = 30;

/// Tables whose rows belong to a ledger, but for what is remembered of it.
const TABLES: [&str; 11] = [
    "change",
    "chain",
    "seal",
    "fact",
    "verdict",
    "register",
    "task",
    "party",
    "item_result",
    "finding",
    "blob_reference",
];

/// Clears away what is due at a moment of the office's clock. Answers how many
/// ledgers that were.
pub(crate) fn clear_due(
    db: &Connection,
    now: DateTime<Utc>,
    kept_days: u32,
) -> Result<usize, DeviceError> {
    let due = due(db, now - Duration::days(i64::from(kept_days)))?;
    for ledger in &due {
        for table in TABLES {
            db.execute(&format!("DELETE FROM {table} WHERE ledger = ?1"), [ledger.to_string()])?;
        }
        // The files go once this is durable.
        db.execute(
            "UPDATE blob SET here = 0 WHERE here = 1
               AND NOT EXISTS (SELECT 1 FROM blob_reference r WHERE r.sha256 = blob.sha256)",
            [],
        )?;
        db.execute(
            "UPDATE ledger SET purged_at = ?2 WHERE ledger = ?1",
            params![ledger.to_string(), Wall::new(now).to_string()],
        )?;
        tracing::info!(%ledger, "a ledger that was left was cleared away");
    }
    Ok(due.len())
}

/// Ledgers that were left before a moment, and of which all that this tablet
/// wrote or brought has been safe since before then.
fn due(db: &Connection, before: DateTime<Utc>) -> Result<Vec<LedgerId>, DeviceError> {
    let before = match planted::is(Planted::PurgeBeforeReceipt) {
        true => return left(db),
        false => Wall::new(before).to_string(),
    };
    let mut select = db.prepare_cached(
        "SELECT l.ledger FROM ledger l
         WHERE l.granted = 0 AND l.purged_at IS NULL AND l.left_at <= ?1
           AND NOT EXISTS (
             SELECT 1 FROM chain c
             LEFT JOIN receipt r ON r.ledger = c.ledger AND r.replica = c.replica
             WHERE c.ledger = l.ledger
               AND c.writer IN
                 (SELECT replica FROM identity UNION SELECT replica FROM former_replica)
               AND (r.upto IS NULL OR r.upto < c.pos OR r.safe_at IS NULL OR r.safe_at > ?1))
           AND NOT EXISTS (
             SELECT 1 FROM blob_reference f JOIN blob b ON b.sha256 = f.sha256
             LEFT JOIN upload u ON u.sha256 = b.sha256
             WHERE f.ledger = l.ledger AND b.here = 1 AND b.at_server = 0
               AND (b.mine = 1 OR u.sha256 IS NOT NULL))
         ORDER BY l.ledger",
    )?;
    let rows = select.query_map([before], |row| row.get::<_, String>(0))?;
    rows.map(|text| parsed(&text?)).collect()
}

fn left(db: &Connection) -> Result<Vec<LedgerId>, DeviceError> {
    let mut select =
        db.prepare_cached("SELECT ledger FROM ledger WHERE granted = 0 AND purged_at IS NULL")?;
    let rows = select.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|text| parsed(&text?)).collect()
}

/// Files whose rows say that they are not here and that nothing speaks of: their
/// bytes are to go, and then their rows.
pub(crate) fn files_to_drop(db: &Connection) -> Result<Vec<String>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT b.sha256 FROM blob b WHERE b.here = 0
           AND NOT EXISTS (SELECT 1 FROM blob_reference r WHERE r.sha256 = b.sha256)",
    )?;
    let rows = select.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets a file whose bytes are gone.
pub(crate) fn forget_file(db: &Connection, sha256: &str) -> Result<(), DeviceError> {
    db.execute("DELETE FROM upload WHERE sha256 = ?1", [sha256])?;
    db.execute("DELETE FROM blob WHERE sha256 = ?1", [sha256])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_a_ledgers_rows_is_cleared_or_remembered_on_purpose() {
        let mut db = Connection::open_in_memory().unwrap();
        migrations::device::migrations().to_latest(&mut db).unwrap();
        let sql = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
                   WHERE m.type = 'table' AND c.name = 'ledger'";
        let mut select = db.prepare(sql).unwrap();
        let all = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for table in all.map(Result::unwrap) {
            let remembered = ["ledger", "own_chain", "receipt"].contains(&table.as_str());
            assert!(remembered || TABLES.contains(&table.as_str()), "{table}");
        }
    }
}

//! Receipts: what is safe at the server. A change without one is only here.

use super::{integer, parsed, position};
use crate::error::DeviceError;
use domain::id::{LedgerId, ReplicaId};
use ledger::holdings::Span;
use ledger::planted::{self, Planted};
use ledger::receipt::{Receipt, SignedReceipt};
use rusqlite::{Connection, params};

/// Keeps a verified receipt; an older one never replaces a newer.
pub(crate) fn put(
    db: &Connection,
    receipt: &Receipt,
    signed: &SignedReceipt,
) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO receipt (ledger, replica, upto, json) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (ledger, replica) DO UPDATE SET upto = excluded.upto, json = excluded.json
         WHERE excluded.upto >= receipt.upto",
    )?
    .execute(params![
        receipt.ledger.to_string(),
        receipt.replica.to_string(),
        integer(receipt.upto),
        serde_json::to_string(signed)?
    ])?;
    Ok(())
}

/// Forgets every receipt: the server may have lost what it once had.
pub(crate) fn forget_all(db: &Connection) -> Result<(), DeviceError> {
    db.execute("DELETE FROM receipt", [])?;
    Ok(())
}

/// What of a replica's chains has no receipt yet.
pub(crate) fn without(db: &Connection, replica: ReplicaId) -> Result<Vec<Span>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT c.ledger, COALESCE(r.upto, 0), c.pos
         FROM chain c LEFT JOIN receipt r ON r.ledger = c.ledger AND r.replica = c.replica
         WHERE c.replica = ?1 AND c.pos > COALESCE(r.upto, 0)
         ORDER BY c.ledger",
    )?;
    let rows = select.query_map([replica.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    let forgotten = usize::from(planted::is(Planted::ForgetUnsent));
    rows.skip(forgotten)
        .map(|row| {
            let (ledger, after, upto) = row?;
            let ledger: LedgerId = parsed(&ledger)?;
            Ok(Span { ledger, replica, after: position(after), upto: position(upto) })
        })
        .collect()
}

//! Receipts: what is safe at the server. A change without one is only here.

use super::{integer, parsed, position};
use crate::error::DeviceError;
use domain::id::LedgerId;
use ledger::holdings::Span;
use ledger::planted::{self, Planted};
use ledger::receipt::{Receipt, SignedReceipt};
use rusqlite::{Connection, params};

/// Keeps a verified receipt; an older one never replaces a newer.
pub(crate) fn put(
    db: &Connection,
    receipt: &Receipt,
    signed: &SignedReceipt,
    at: &str,
) -> Result<(), DeviceError> {
    // When it became safe does not move with a receipt that says the same again.
    db.prepare_cached(
        "INSERT INTO receipt (ledger, replica, upto, json, safe_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (ledger, replica) DO UPDATE SET json = excluded.json,
             safe_at = CASE WHEN excluded.upto > receipt.upto THEN excluded.safe_at
                            ELSE receipt.safe_at END,
             upto = excluded.upto
         WHERE excluded.upto >= receipt.upto",
    )?
    .execute(params![
        receipt.ledger.to_string(),
        receipt.replica.to_string(),
        integer(receipt.upto),
        serde_json::to_string(signed)?,
        at
    ])?;
    Ok(())
}

/// Forgets every receipt: the server may have lost what it once had.
pub(crate) fn forget_all(db: &Connection) -> Result<(), DeviceError> {
    db.execute("DELETE FROM receipt", [])?;
    Ok(())
}

/// What of our own chains has no receipt yet, those of replicas that this
/// tablet was before included.
pub(crate) fn without(db: &Connection) -> Result<Vec<Span>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT c.ledger, c.replica, MAX(c.base_pos, COALESCE(r.upto, 0)), c.pos
         FROM chain c LEFT JOIN receipt r ON r.ledger = c.ledger AND r.replica = c.replica
         WHERE c.pos > COALESCE(r.upto, 0)
           AND c.writer IN (SELECT replica FROM identity UNION SELECT replica FROM former_replica)
         ORDER BY c.ledger, c.replica",
    )?;
    let rows = select.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, i64>(3)?,
        ))
    })?;
    let forgotten = usize::from(planted::is(Planted::ForgetUnsent));
    rows.skip(forgotten)
        .map(|row| {
            let (ledger, replica, after, upto) = row?;
            let ledger: LedgerId = parsed(&ledger)?;
            let (after, upto) = (position(after), position(upto));
            Ok(Span { ledger, replica: parsed(&replica)?, after, at: None, upto })
        })
        .collect()
}

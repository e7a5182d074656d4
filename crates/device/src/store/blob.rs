//! What is known of files: which exist, which are here, which are safe, and
//! which ledger speaks of them. Their bytes are in `evidence`.

use super::{integer, position};
use crate::error::DeviceError;
use domain::id::LedgerId;
use rusqlite::{Connection, OptionalExtension, params};

/// What a file is for; lower is fetched and handed in first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// A reference package.
    Package = 0,
    /// A thumbnail.
    Thumbnail = 1,
    /// An original.
    Original = 2,
    /// A produced document.
    Document = 3,
}

/// A file that is to travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Travelling {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

/// Notes that a ledger speaks of a file.
pub(crate) fn refer(
    db: &Connection,
    ledger: LedgerId,
    sha256: &str,
    bytes: u64,
    rank: Rank,
) -> Result<(), DeviceError> {
    db.prepare_cached("INSERT INTO blob (sha256, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![sha256, integer(bytes)])?;
    db.prepare_cached(
        "INSERT INTO blob_reference (ledger, sha256, rank) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![ledger.to_string(), sha256, rank as i64])?;
    Ok(())
}

/// Notes a file that was made here and lies under `blobs/`.
pub(crate) fn add_own(db: &Connection, sha256: &str, bytes: u64) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO blob (sha256, bytes, here, mine) VALUES (?1, ?2, 1, 1)
         ON CONFLICT (sha256) DO UPDATE SET here = 1, mine = 1, bytes = excluded.bytes",
    )?
    .execute(params![sha256, integer(bytes)])?;
    Ok(())
}

/// Notes that a file has arrived here.
pub(crate) fn arrived(db: &Connection, sha256: &str, bytes: u64) -> Result<(), DeviceError> {
    db.execute(
        "UPDATE blob SET here = 1, at_server = 1, bytes = ?2 WHERE sha256 = ?1",
        params![sha256, integer(bytes)],
    )?;
    Ok(())
}

/// Notes that the server holds a file.
pub(crate) fn handed_in(db: &Connection, sha256: &str) -> Result<(), DeviceError> {
    db.execute("UPDATE blob SET at_server = 1 WHERE sha256 = ?1", [sha256])?;
    Ok(())
}

/// Own files count as only here again: the server may have lost what it had.
pub(crate) fn offer_again(db: &Connection) -> Result<(), DeviceError> {
    db.execute("UPDATE blob SET at_server = 0 WHERE mine = 1", [])?;
    Ok(())
}

/// Files made here that the server does not hold, the small ones first. Only
/// those that a change speaks of, and only once that change is at the server:
/// a file nobody speaks of yet would be refused.
pub(crate) fn to_hand_in(db: &Connection) -> Result<Vec<Travelling>, DeviceError> {
    travelling(
        db,
        "SELECT b.sha256, b.bytes FROM blob b JOIN blob_reference r ON r.sha256 = b.sha256
         WHERE b.mine = 1 AND b.at_server = 0 AND b.here = 1
         GROUP BY b.sha256 ORDER BY MIN(r.rank), b.bytes, b.sha256",
    )
}

/// How many files made here the server does not hold.
pub(crate) fn only_here(db: &Connection) -> Result<i64, DeviceError> {
    Ok(db.query_row(
        "SELECT count(*) FROM blob WHERE mine = 1 AND at_server = 0 AND here = 1",
        [],
        |row| row.get(0),
    )?)
}

/// Files that readable ledgers speak of and that are not here, packages and
/// thumbnails first.
pub(crate) fn to_fetch(db: &Connection) -> Result<Vec<Travelling>, DeviceError> {
    travelling(
        db,
        "SELECT b.sha256, b.bytes FROM blob b
         JOIN blob_reference r ON r.sha256 = b.sha256
         JOIN ledger l ON l.ledger = r.ledger AND l.granted = 1
         WHERE b.here = 0
         GROUP BY b.sha256 ORDER BY MIN(r.rank), b.bytes, b.sha256",
    )
}

/// Every file that readable ledgers speak of, with whether it is here and
/// whether the server holds it.
pub(crate) fn all(db: &Connection) -> Result<Vec<(Travelling, bool, bool)>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT DISTINCT b.sha256, b.bytes, b.here, b.at_server FROM blob b
         JOIN blob_reference r ON r.sha256 = b.sha256
         JOIN ledger l ON l.ledger = r.ledger AND l.granted = 1 ORDER BY b.sha256",
    )?;
    let rows = select.query_map([], |row| {
        let file = Travelling { sha256: row.get(0)?, bytes: position(row.get(1)?) };
        Ok((file, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a readable ledger speaks of a file; only then may a screen show it.
pub(crate) fn is_referred(db: &Connection, sha256: &str) -> Result<bool, DeviceError> {
    Ok(db.query_row(
        "SELECT EXISTS (SELECT 1 FROM blob_reference r
         JOIN ledger l ON l.ledger = r.ledger AND l.granted = 1 WHERE r.sha256 = ?1)",
        [sha256],
        |row| row.get(0),
    )?)
}

fn travelling(db: &Connection, sql: &str) -> Result<Vec<Travelling>, DeviceError> {
    let mut select = db.prepare_cached(sql)?;
    let rows = select.query_map([], |row| {
        Ok(Travelling { sha256: row.get(0)?, bytes: position(row.get(1)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A ledger that speaks of a file of ours, and when it first did.
pub(crate) fn first_mention(
    db: &Connection,
    sha256: &str,
) -> Result<Option<(LedgerId, String)>, DeviceError> {
    let row: Option<(String, String)> = db
        .query_row(
            "SELECT r.ledger, COALESCE((SELECT MIN(json_extract(f.json, '$.wall')) FROM fact f
                WHERE f.ledger = r.ledger AND f.kind IN ('evidence', 'document')
                  AND instr(f.json, r.sha256) > 0), '')
             FROM blob_reference r WHERE r.sha256 = ?1 ORDER BY r.ledger LIMIT 1",
            [sha256],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    row.map(|(ledger, wall)| Ok((super::parsed(&ledger)?, wall))).transpose()
}

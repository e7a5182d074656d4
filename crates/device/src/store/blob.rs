//! What is known of files: which exist, which are here, which are safe, and
//! which ledger speaks of them. Their bytes are in `evidence`.

use super::{integer, position};
use crate::error::DeviceError;
use domain::id::LedgerId;
use rusqlite::{Connection, params};

/// What a file is for; lower is fetched and handed in first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A reference package.
    Package = 0,
    /// A thumbnail.
    Thumbnail = 1,
    /// An original.
    Original = 2,
    /// A produced document.
    Document = 3,
    /// Handed in where it was made here. Nobody fetches it ahead: personal data,
    /// and what only a newer version has a use for.
    Kept = 4,
}

impl Rank {
    /// Every file made here goes to the office.
    pub(crate) const ALL: Self = Self::Kept;
    /// Files that come before anybody asks. A lower limit saves data on a costly line.
    pub(crate) const AHEAD: Self = Self::Document;

    fn from_integer(rank: i64) -> Self {
        match rank {
            0 => Self::Package,
            1 => Self::Thumbnail,
            2 => Self::Original,
            3 => Self::Document,
            _ => Self::Kept,
        }
    }
}

/// Why a file does not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The record came, the file has not come to the office yet.
    NotAtOffice,
    /// It was on a tablet alone that is out of service.
    TabletLost,
    /// It was here and cannot be read any more.
    DamagedHere,
}

impl Missing {
    fn word(self) -> &'static str {
        match self {
            Self::NotAtOffice => "not_at_office",
            Self::TabletLost => "tablet_lost",
            Self::DamagedHere => "damaged_here",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word {
            "not_at_office" => Some(Self::NotAtOffice),
            "tablet_lost" => Some(Self::TabletLost),
            "damaged_here" => Some(Self::DamagedHere),
            _ => None,
        }
    }
}

/// A file that is to travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Travelling {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    /// Made here; only its maker's bytes prove that they had it.
    pub(crate) mine: bool,
}

/// What a ledger says of a file.
pub(crate) struct Mention<'a> {
    pub(crate) sha256: &'a str,
    /// 0 where that is not said.
    pub(crate) bytes: u64,
    pub(crate) rank: Rank,
    /// What people call it; empty where nobody named it.
    pub(crate) name: &'a str,
    /// When it was first spoken of, RFC 3339 UTC.
    pub(crate) since: &'a str,
}

/// Notes that a ledger speaks of a file.
pub(crate) fn refer(
    db: &Connection,
    ledger: LedgerId,
    mention: &Mention<'_>,
) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO blob (sha256, bytes) VALUES (?1, ?2)
         ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes WHERE blob.bytes = 0",
    )?
    .execute(params![mention.sha256, integer(mention.bytes)])?;
    db.prepare_cached(
        "INSERT INTO blob_reference (ledger, sha256, rank, name, since) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (ledger, sha256) DO UPDATE SET since = MIN(since, excluded.since),
            rank = MIN(rank, excluded.rank), name = MAX(name, excluded.name)",
    )?
    .execute(params![
        ledger.to_string(),
        mention.sha256,
        mention.rank as i64,
        mention.name,
        mention.since
    ])?;
    Ok(())
}

/// Whether anything is known of a file; where that cannot be said, it is.
pub(crate) fn is_known(db: &Connection, sha256: &str) -> bool {
    let known =
        db.query_row("SELECT EXISTS (SELECT 1 FROM blob WHERE sha256 = ?1)", [sha256], |row| {
            row.get(0)
        });
    known.unwrap_or(true)
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
        "UPDATE blob SET here = 1, at_server = 1, missing = NULL, bytes = ?2 WHERE sha256 = ?1",
        params![sha256, integer(bytes)],
    )?;
    Ok(())
}

/// Notes that the server holds a file.
pub(crate) fn handed_in(db: &Connection, sha256: &str) -> Result<(), DeviceError> {
    db.execute("UPDATE blob SET at_server = 1, missing = NULL WHERE sha256 = ?1", [sha256])?;
    Ok(())
}

/// Notes why a file does not travel.
pub(crate) fn missing(db: &Connection, sha256: &str, why: Missing) -> Result<(), DeviceError> {
    db.execute("UPDATE blob SET missing = ?2 WHERE sha256 = ?1", [sha256, why.word()])?;
    Ok(())
}

/// No file counts as safe any more, and all that are here are offered again, those
/// of others too: the server may have lost what it had, and what it knew of
/// uploads, and whoever made a file may not come back.
pub(crate) fn offer_again(db: &Connection) -> Result<(), DeviceError> {
    db.execute("DELETE FROM upload", [])?;
    db.execute(
        "INSERT INTO upload (sha256) SELECT sha256 FROM blob WHERE here = 1 AND at_server = 1",
        [],
    )?;
    db.execute("UPDATE blob SET at_server = 0", [])?;
    Ok(())
}

/// Files for the server that it does not hold, the small ones first, up to a
/// rank. Only those that a change speaks of: any other would be let go of.
pub(crate) fn to_hand_in(db: &Connection, up_to: Rank) -> Result<Vec<Travelling>, DeviceError> {
    travelling(
        db,
        "SELECT b.sha256, b.bytes, b.mine FROM blob b
         JOIN blob_reference r ON r.sha256 = b.sha256
         LEFT JOIN upload u ON u.sha256 = b.sha256
         WHERE (b.mine = 1 OR u.sha256 IS NOT NULL) AND b.at_server = 0 AND b.here = 1
         GROUP BY b.sha256 HAVING MIN(r.rank) <= ?1 ORDER BY MIN(r.rank), b.bytes, b.sha256",
        up_to,
    )
}

/// How many files for the server it does not hold.
pub(crate) fn only_here(db: &Connection) -> Result<i64, DeviceError> {
    Ok(db.query_row(
        "SELECT count(*) FROM blob b LEFT JOIN upload u ON u.sha256 = b.sha256
         WHERE (b.mine = 1 OR u.sha256 IS NOT NULL) AND b.at_server = 0 AND b.here = 1",
        [],
        |row| row.get(0),
    )?)
}

/// Files that readable ledgers speak of and that are not here, packages and
/// thumbnails first, up to a rank.
pub(crate) fn to_fetch(db: &Connection, up_to: Rank) -> Result<Vec<Travelling>, DeviceError> {
    travelling(
        db,
        "SELECT b.sha256, b.bytes, b.mine FROM blob b
         JOIN blob_reference r ON r.sha256 = b.sha256
         JOIN ledger l ON l.ledger = r.ledger AND l.granted = 1
         WHERE b.here = 0
         GROUP BY b.sha256 HAVING MIN(r.rank) <= ?1 ORDER BY MIN(r.rank), b.bytes, b.sha256",
        up_to,
    )
}

/// A file as a person asks about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    pub(crate) ledger: LedgerId,
    pub(crate) rank: Rank,
    pub(crate) name: String,
    pub(crate) since: String,
    pub(crate) here: bool,
    /// For the server: made here, or offered to it again.
    pub(crate) up: bool,
    pub(crate) at_server: bool,
    pub(crate) missing: Option<Missing>,
    /// Bytes that the office last confirmed of an upload.
    pub(crate) sent: u64,
}

/// What is known of the files that are still to travel, and of those named.
pub(crate) fn on_the_way(db: &Connection, also: &[String]) -> Result<Vec<Known>, DeviceError> {
    let also = serde_json::to_string(also)?;
    let mut select = db.prepare_cached(
        "SELECT b.sha256, b.bytes, MIN(r.ledger), MIN(r.rank), MAX(r.name), MIN(r.since),
                b.here, b.mine = 1 OR u.sha256 IS NOT NULL AS up, b.at_server, b.missing,
                COALESCE(u.sent, 0)
         FROM blob b
         JOIN blob_reference r ON r.sha256 = b.sha256
         LEFT JOIN upload u ON u.sha256 = b.sha256
         JOIN ledger l ON l.ledger = r.ledger
            AND (l.granted = 1 OR b.mine = 1 OR u.sha256 IS NOT NULL)
         WHERE (b.at_server = 0 AND (b.mine = 1 OR u.sha256 IS NOT NULL)) OR b.here = 0
            OR b.sha256 IN (SELECT value FROM json_each(?1))
         GROUP BY b.sha256 HAVING up OR MIN(r.rank) <= ?2
         ORDER BY up DESC, MIN(r.rank), b.bytes, b.sha256",
    )?;
    let mut rows = select.query(params![also, Rank::AHEAD as i64])?;
    let mut known = Vec::new();
    while let Some(row) = rows.next()? {
        let missing: Option<String> = row.get(9)?;
        known.push(Known {
            sha256: row.get(0)?,
            bytes: position(row.get(1)?),
            ledger: super::parsed(&row.get::<_, String>(2)?)?,
            rank: Rank::from_integer(row.get(3)?),
            name: row.get(4)?,
            since: row.get(5)?,
            here: row.get(6)?,
            up: row.get(7)?,
            at_server: row.get(8)?,
            missing: missing.as_deref().and_then(Missing::from_word),
            sent: position(row.get(10)?),
        });
    }
    Ok(known)
}

/// Every file that readable ledgers speak of and that is to be here, with whether it is here and
/// whether the server holds it.
pub(crate) fn all(db: &Connection) -> Result<Vec<(Travelling, bool, bool)>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT b.sha256, b.bytes, b.mine, b.here, b.at_server FROM blob b
         JOIN blob_reference r ON r.sha256 = b.sha256
         JOIN ledger l ON l.ledger = r.ledger AND l.granted = 1
         GROUP BY b.sha256 HAVING b.mine = 1 OR MIN(r.rank) <= ?1 ORDER BY b.sha256",
    )?;
    let rows = select.query_map([Rank::AHEAD as i64], |row| {
        let (sha256, bytes) = (row.get(0)?, position(row.get(1)?));
        Ok((Travelling { sha256, bytes, mine: row.get(2)? }, row.get(3)?, row.get(4)?))
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

fn travelling(db: &Connection, sql: &str, up_to: Rank) -> Result<Vec<Travelling>, DeviceError> {
    let mut select = db.prepare_cached(sql)?;
    let rows = select.query_map([up_to as i64], |row| {
        Ok(Travelling { sha256: row.get(0)?, bytes: position(row.get(1)?), mine: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

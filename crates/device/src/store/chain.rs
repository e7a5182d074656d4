//! Chains, changes and seals: the wire truth, kept verbatim.

use super::{integer, parsed, position};
use crate::error::DeviceError;
use domain::id::{LedgerId, ReplicaId};
use ledger::branch::{Branch, Lineage};
use ledger::holdings::{Held, Holdings, Span};
use ledger::id::Hash;
use ledger::incoming::{HeldChain, HeldSegment, Page, Split};
use ledger::seal::{Seal, Signature, Signer};
use ledger::{ChainHead, Change, ChangeId, Limits};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// Changes of a chain that may stay without a seal.
const UNSEALED_CHANGES_MAX: u64 = 400;
/// Bytes of a chain that may stay without a seal.
const UNSEALED_BYTES_MAX: i64 = 160 * 1024;
/// A change that is longer than this is weighed at once.
const SMALL_BYTES_MAX: usize = 4 * 1024;
/// So many small changes are weighed together: at most 64 KiB, so that a seal
/// comes well before 256 KiB.
const WEIGHED_EVERY: u64 = 16;

/// How far a chain is held.
pub(crate) fn head(
    db: &Connection,
    ledger: LedgerId,
    replica: ReplicaId,
) -> Result<ChainHead, DeviceError> {
    let row = db
        .prepare_cached("SELECT pos, hash FROM chain WHERE ledger = ?1 AND replica = ?2")?
        .query_row(params![ledger.to_string(), replica.to_string()], |row| {
            Ok(ChainHead { pos: position(row.get(0)?), hash: Hash(row.get(1)?) })
        })
        .optional()?;
    Ok(row.unwrap_or_else(|| ChainHead::empty(ledger, replica)))
}

/// The chain hash at a position, if it is here.
pub(crate) fn hash_at(
    db: &Connection,
    ledger: LedgerId,
    replica: ReplicaId,
    pos: u64,
) -> Result<Option<Hash>, DeviceError> {
    let hash: Option<[u8; 32]> = db
        .prepare_cached("SELECT hash FROM change WHERE ledger = ?1 AND replica = ?2 AND pos = ?3")?
        .query_row(params![ledger.to_string(), replica.to_string(), integer(pos)], |row| row.get(0))
        .optional()?;
    Ok(hash.map(Hash))
}

/// How many changes this tablet has written over all ledgers.
pub(crate) fn count(db: &Connection) -> Result<u64, DeviceError> {
    let sum: i64 =
        db.query_row("SELECT COALESCE(SUM(pos), 0) FROM own_chain", [], |row| row.get(0))?;
    Ok(position(sum))
}

/// What is held of a chain, or of the branch it is.
struct Stretch {
    chain: ReplicaId,
    writer: ReplicaId,
    base: ChainHead,
    head: ChainHead,
}

/// The chains of a ledger, or those of one writer.
fn stretches(
    db: &Connection,
    ledger: LedgerId,
    writer: Option<ReplicaId>,
) -> Result<Vec<Stretch>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT replica, writer, base_pos, base_hash, pos, hash FROM chain
         WHERE ledger = ?1 AND (?2 IS NULL OR writer = ?2) ORDER BY replica",
    )?;
    let rows = select.query_map(
        params![ledger.to_string(), writer.map(|writer| writer.to_string())],
        |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                (position(row.get(2)?), row.get::<_, Option<[u8; 32]>>(3)?),
                ChainHead { pos: position(row.get(4)?), hash: Hash(row.get(5)?) },
            ))
        },
    )?;
    rows.map(|row| {
        let (chain, writer, (base_pos, base_hash), head) = row?;
        let writer = parsed(&writer)?;
        let base = match base_hash {
            Some(hash) => ChainHead { pos: base_pos, hash: Hash(hash) },
            None => ChainHead::empty(ledger, writer),
        };
        Ok(Stretch { chain: parsed(&chain)?, writer, base, head })
    })
    .collect()
}

/// Which chain of a ledger continues which; empty unless a replica forked.
pub(crate) fn lineage(db: &Connection, ledger: LedgerId) -> Result<Lineage, DeviceError> {
    let forked: bool = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM chain WHERE ledger = ?1 AND writer <> replica)",
        )?
        .query_row([ledger.to_string()], |row| row.get(0))?;
    if !forked {
        return Ok(Lineage::default());
    }
    let all = stretches(db, ledger, None)?;
    Ok(Lineage::of(all.into_iter().map(|s| (s.chain, s.writer, s.base, s.head))))
}

/// Opens a chain that is a branch of another.
pub(crate) fn open_branch(
    db: &Connection,
    ledger: LedgerId,
    branch: &Branch,
) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO chain (ledger, replica, pos, hash, writer, base_pos, base_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?3, ?4) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        ledger.to_string(),
        branch.id().to_string(),
        integer(branch.base.pos),
        branch.base.hash.0,
        branch.replica.to_string()
    ])?;
    Ok(())
}

/// Cuts a chain in two where its writer's histories part: what stands behind
/// goes into the branch, with its seals and receipts. If it was where this
/// tablet writes, it goes on in the branch.
pub(crate) fn split(db: &Connection, ledger: LedgerId, split: &Split) -> Result<(), DeviceError> {
    let tail = split.tail.id().to_string();
    let (ledger, chain) = (ledger.to_string(), split.chain.to_string());
    let at = integer(split.at.pos);
    db.execute(
        "INSERT INTO chain (ledger, replica, pos, hash, sealed_pos, writer, base_pos, base_hash)
         SELECT ledger, ?3, pos, hash, sealed_pos, writer, ?4, ?5 FROM chain
         WHERE ledger = ?1 AND replica = ?2",
        params![ledger, chain, tail, at, split.at.hash.0],
    )?;
    for table in ["change", "seal"] {
        db.execute(
            &format!(
                "UPDATE {table} SET replica = ?3 WHERE ledger = ?1 AND replica = ?2 AND pos > ?4"
            ),
            params![ledger, chain, tail, at],
        )?;
    }
    db.execute(
        "INSERT INTO receipt (ledger, replica, upto, json, safe_at)
         SELECT ledger, ?3, upto, json, safe_at FROM receipt
         WHERE ledger = ?1 AND replica = ?2 AND upto > ?4 ON CONFLICT DO NOTHING",
        params![ledger, chain, tail, at],
    )?;
    db.execute(
        "UPDATE own_chain SET chain = ?3 WHERE ledger = ?1 AND chain = ?2 AND pos > ?4",
        params![ledger, chain, tail, at],
    )?;
    // A stretch without a change is none.
    db.execute(
        "DELETE FROM chain WHERE ledger = ?1 AND replica = ?2 AND base_pos = ?3",
        params![ledger, chain, at],
    )?;
    db.execute(
        "UPDATE chain SET pos = ?3, hash = ?4, sealed_pos = MIN(sealed_pos, ?3)
         WHERE ledger = ?1 AND replica = ?2",
        params![ledger, chain, at, split.at.hash.0],
    )?;
    Ok(())
}

/// The changes of a chain behind a position, with where each stands.
pub(crate) fn changes_behind(
    db: &Connection,
    ledger: LedgerId,
    chain: ReplicaId,
    after: u64,
) -> Result<Vec<(ChainHead, Vec<u8>)>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT pos, hash, bytes FROM change
         WHERE ledger = ?1 AND replica = ?2 AND pos > ?3 ORDER BY pos",
    )?;
    let rows = select.query_map(
        params![ledger.to_string(), chain.to_string(), integer(after)],
        |row| {
            let head = ChainHead { pos: position(row.get(0)?), hash: Hash(row.get(1)?) };
            Ok((head, row.get(2)?))
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The chain in which this tablet goes on writing, and how far it has written.
/// The position stays when the ledger is cleared away.
pub(crate) fn own(
    db: &Connection,
    ledger: LedgerId,
    replica: ReplicaId,
) -> Result<(ReplicaId, ChainHead), DeviceError> {
    let row = db
        .prepare_cached(
            "SELECT chain, pos, hash FROM own_chain WHERE ledger = ?1 AND replica = ?2",
        )?
        .query_row(params![ledger.to_string(), replica.to_string()], |row| {
            let head = ChainHead { pos: position(row.get(1)?), hash: Hash(row.get(2)?) };
            Ok((row.get::<_, String>(0)?, head))
        })
        .optional()?;
    match row {
        Some((chain, head)) => Ok((parsed(&chain)?, head)),
        // Nothing written yet, or nothing as the replica that this tablet is now.
        None => Ok((replica, ChainHead::empty(ledger, replica))),
    }
}

/// Notes how far this tablet has written.
pub(crate) fn set_own(
    db: &Connection,
    ledger: LedgerId,
    (replica, chain): (ReplicaId, ReplicaId),
    head: &ChainHead,
) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO own_chain (ledger, replica, chain, pos, hash) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (ledger) DO UPDATE SET replica = excluded.replica, chain = excluded.chain,
             pos = excluded.pos, hash = excluded.hash",
    )?
    .execute(params![
        ledger.to_string(),
        replica.to_string(),
        chain.to_string(),
        integer(head.pos),
        head.hash.0
    ])?;
    Ok(())
}

/// Appends verbatim bytes at the next position.
pub(crate) fn append(
    db: &Connection,
    ledger: LedgerId,
    replica: ReplicaId,
    at: &ChainHead,
    bytes: &[u8],
) -> Result<(), DeviceError> {
    let (ledger, replica) = (ledger.to_string(), replica.to_string());
    db.prepare_cached(
        "INSERT INTO change (ledger, replica, pos, id, hash, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        ledger,
        replica,
        integer(at.pos),
        at.change_id().to_string(),
        at.hash.0,
        bytes
    ])?;
    db.prepare_cached(
        "INSERT INTO chain (ledger, replica, writer, pos, hash) VALUES (?1, ?2, ?2, ?3, ?4)
         ON CONFLICT (ledger, replica) DO UPDATE SET pos = excluded.pos, hash = excluded.hash",
    )?
    .execute(params![ledger, replica, integer(at.pos), at.hash.0])?;
    Ok(())
}

/// Keeps a seal that was verified or made here. Every seal is kept.
pub(crate) fn keep_seal(
    db: &Connection,
    ledger: LedgerId,
    replica: ReplicaId,
    seal: &Seal,
) -> Result<(), DeviceError> {
    let (ledger, replica) = (ledger.to_string(), replica.to_string());
    db.prepare_cached(
        "INSERT INTO seal (ledger, replica, pos, signature) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![ledger, replica, integer(seal.pos), seal.signature.0])?;
    db.prepare_cached(
        "UPDATE chain SET sealed_pos = MAX(sealed_pos, ?3) WHERE ledger = ?1 AND replica = ?2",
    )?
    .execute(params![ledger, replica, integer(seal.pos)])?;
    Ok(())
}

/// Seals every chain that a replica of ours wrote, up to its head; called
/// before an exchange.
pub(crate) fn seal_all(
    db: &Connection,
    replica: ReplicaId,
    signer: &Signer,
) -> Result<(), DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT ledger, replica FROM chain WHERE writer = ?1 AND sealed_pos < pos",
    )?;
    let chains: Vec<(String, String)> = select
        .query_map([replica.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (ledger, chain) in chains {
        let (ledger, chain) = (parsed(&ledger)?, parsed(&chain)?);
        let seal = signer.seal(ledger, replica, &head(db, ledger, chain)?);
        keep_seal(db, ledger, chain, &seal)?;
    }
    Ok(())
}

/// Seals our chain of one ledger when much of it has no seal yet, so that a
/// page can always end on a seal. `bytes` is the length of the last change.
pub(crate) fn seal_if_long(
    db: &Connection,
    ledger: LedgerId,
    (replica, chain): (ReplicaId, ReplicaId),
    signer: &Signer,
    bytes: usize,
) -> Result<(), DeviceError> {
    let sealed: i64 = db
        .prepare_cached("SELECT sealed_pos FROM chain WHERE ledger = ?1 AND replica = ?2")?
        .query_row(params![ledger.to_string(), chain.to_string()], |row| row.get(0))?;
    let head = head(db, ledger, chain)?;
    let unsealed = head.pos.saturating_sub(position(sealed));
    // Small changes are weighed together, now and then: weighing reads them all.
    let long = unsealed >= UNSEALED_CHANGES_MAX
        || ((bytes > SMALL_BYTES_MAX || unsealed.is_multiple_of(WEIGHED_EVERY))
            && unsealed_bytes(db, ledger, chain, sealed)? >= UNSEALED_BYTES_MAX);
    if long {
        keep_seal(db, ledger, chain, &signer.seal(ledger, replica, &head))?;
    }
    Ok(())
}

fn unsealed_bytes(
    db: &Connection,
    ledger: LedgerId,
    chain: ReplicaId,
    sealed: i64,
) -> Result<i64, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT COALESCE(SUM(LENGTH(bytes)), 0) FROM change
         WHERE ledger = ?1 AND replica = ?2 AND pos > ?3",
    )?;
    let values = params![ledger.to_string(), chain.to_string(), sealed];
    Ok(select.query_row(values, |row| row.get(0))?)
}

/// Everything held of readable ledgers.
pub(crate) fn holdings(db: &Connection) -> Result<Holdings, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT c.ledger, c.replica, c.pos, c.hash FROM chain c
         JOIN ledger l ON l.ledger = c.ledger AND l.granted = 1",
    )?;
    let rows = select.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            ChainHead { pos: position(row.get(2)?), hash: Hash(row.get(3)?) },
        ))
    })?;
    let mut holdings = Holdings::default();
    for row in rows {
        let (ledger, replica, head) = row?;
        let chains = holdings.0.entry(parsed(&ledger)?).or_default();
        chains.insert(parsed(&replica)?, Held::from(&head));
    }
    Ok(holdings)
}

/// What is held of the history that a page belongs to, at the page's positions.
pub(crate) fn held(db: &Connection, page: &Page) -> Result<HeldChain, DeviceError> {
    let upto = page.after.saturating_add(page.changes.len() as u64);
    let mut select = db.prepare_cached(
        "SELECT pos, hash FROM change
         WHERE ledger = ?1 AND replica = ?2 AND pos BETWEEN ?3 AND ?4",
    )?;
    let mut segments = Vec::new();
    for stretch in stretches(db, page.ledger, Some(page.writer()))? {
        let rows = select.query_map(
            params![
                page.ledger.to_string(),
                stretch.chain.to_string(),
                integer(page.after),
                integer(upto)
            ],
            |row| Ok((position(row.get(0)?), Hash(row.get(1)?))),
        )?;
        let known: BTreeMap<u64, Hash> = rows.collect::<Result<_, _>>()?;
        let Stretch { chain, base, head, .. } = stretch;
        segments.push(HeldSegment { chain, base, head, known });
    }
    Ok(HeldChain { segments })
}

/// A page of a span that ends on a seal: at least one sealed stretch, and then
/// as many as fit into `bytes_max`. None when nothing in it is sealed. Where
/// another hash was held at its beginning than stands here, the whole chain goes.
pub(crate) fn page(
    db: &Connection,
    span: &Span,
    bytes_max: usize,
) -> Result<Option<Page>, DeviceError> {
    let (ledger, chain) = (span.ledger, span.replica);
    let all = stretches(db, ledger, None)?;
    let Some(stretch) = all.iter().find(|stretch| stretch.chain == chain) else {
        return Ok(None);
    };
    let base = stretch.base;
    let hash_there = |pos: u64| {
        if pos == base.pos { Ok(Some(base.hash)) } else { hash_at(db, ledger, chain, pos) }
    };
    let same = match (span.at, hash_there(span.after)?) {
        (None, _) => true,
        (Some(at), Some(here)) => here.short() == at,
        (Some(_), None) => false,
    };
    let after = if same { span.after.max(base.pos) } else { base.pos };
    let span = &Span { after, ..*span };
    let mut page = Page {
        ledger,
        replica: chain,
        of: (stretch.writer != chain).then_some(stretch.writer),
        after,
        prev: if after == 0 { None } else { hash_there(after)?.map(|hash| hash.short()) },
        changes: Vec::new(),
        seals: Vec::new(),
    };
    let mut bytes = 0;
    let mut from = span.after;
    for seal in seals(db, span)? {
        let stretch = bytes_between(db, span, from, seal.pos)?;
        let size: usize = stretch.iter().map(Vec::len).sum();
        if !page.seals.is_empty() && bytes + size > bytes_max {
            break;
        }
        bytes += size;
        from = seal.pos;
        page.changes.extend(stretch);
        page.seals.push(seal);
    }
    let unsealed = page.seals.is_empty() && from < span.upto && span.upto == stretch.head.pos;
    if unsealed {
        seal_beyond(db, &all, stretch, &mut page)?;
    }
    Ok((!page.seals.is_empty()).then_some(page))
}

/// Where a chain was cut, the seal over its end went with the branch. The page
/// then goes on along a branch to its first seal; whoever takes it in cuts it
/// again once the other history comes.
fn seal_beyond(
    db: &Connection,
    all: &[Stretch],
    stretch: &Stretch,
    page: &mut Page,
) -> Result<(), DeviceError> {
    let mut here = stretch;
    let mut after = page.after;
    let mut changes = Vec::new();
    // Every step goes to higher positions.
    while let Some(next) = all.iter().find(|next| {
        next.writer == here.writer && next.base == here.head && next.chain != here.chain
    }) {
        let span = |whose: &Stretch, after| {
            let upto = whose.head.pos;
            Span { ledger: page.ledger, replica: whose.chain, after, at: None, upto }
        };
        changes.extend(bytes_between(db, &span(here, after), after, here.head.pos)?);
        after = here.head.pos;
        let on = span(next, after);
        if let Some(seal) = seals(db, &on)?.into_iter().next() {
            changes.extend(bytes_between(db, &on, after, seal.pos)?);
            page.changes = changes;
            page.seals.push(seal);
            return Ok(());
        }
        here = next;
    }
    Ok(())
}

fn seals(db: &Connection, span: &Span) -> Result<Vec<Seal>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT pos, signature FROM seal
         WHERE ledger = ?1 AND replica = ?2 AND pos > ?3 AND pos <= ?4 ORDER BY pos",
    )?;
    let rows = select.query_map(
        params![
            span.ledger.to_string(),
            span.replica.to_string(),
            integer(span.after),
            integer(span.upto)
        ],
        |row| Ok(Seal { pos: position(row.get(0)?), signature: Signature(row.get(1)?) }),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn bytes_between(
    db: &Connection,
    span: &Span,
    after: u64,
    upto: u64,
) -> Result<Vec<Vec<u8>>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT bytes FROM change
         WHERE ledger = ?1 AND replica = ?2 AND pos > ?3 AND pos <= ?4 ORDER BY pos",
    )?;
    let rows = select.query_map(
        params![span.ledger.to_string(), span.replica.to_string(), integer(after), integer(upto)],
        |row| row.get(0),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A change as it is read for people.
pub(crate) struct Written {
    pub(crate) id: ChangeId,
    pub(crate) replica: ReplicaId,
    pub(crate) change: Change,
}

/// Every readable change of a ledger; what cannot be decoded is left out.
pub(crate) fn changes(db: &Connection, ledger: LedgerId) -> Result<Vec<Written>, DeviceError> {
    let mut select =
        db.prepare_cached("SELECT id, replica, bytes FROM change WHERE ledger = ?1")?;
    let rows = select.query_map([ledger.to_string()], row_text)?;
    read_all(rows)
}

/// The readable changes of a span.
pub(crate) fn changes_of(db: &Connection, span: &Span) -> Result<Vec<Written>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT id, replica, bytes FROM change
         WHERE ledger = ?1 AND replica = ?2 AND pos > ?3 AND pos <= ?4 ORDER BY pos",
    )?;
    let rows = select.query_map(
        params![
            span.ledger.to_string(),
            span.replica.to_string(),
            integer(span.after),
            integer(span.upto)
        ],
        row_text,
    )?;
    read_all(rows)
}

/// One change by its id.
pub(crate) fn change(
    db: &Connection,
    ledger: LedgerId,
    id: ChangeId,
) -> Result<Option<Written>, DeviceError> {
    let mut select =
        db.prepare_cached("SELECT id, replica, bytes FROM change WHERE ledger = ?1 AND id = ?2")?;
    let rows = select.query_map(params![ledger.to_string(), id.to_string()], row_text)?;
    Ok(read_all(rows)?.pop())
}

type RowText = (String, String, Vec<u8>);

fn row_text(row: &rusqlite::Row<'_>) -> rusqlite::Result<RowText> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn read_all(
    rows: impl Iterator<Item = rusqlite::Result<RowText>>,
) -> Result<Vec<Written>, DeviceError> {
    let mut all = Vec::new();
    for row in rows {
        let (id, replica, bytes) = row?;
        if let Ok(change) = Change::decode(&bytes, Limits::SERVER) {
            all.push(Written { id: parsed(&id)?, replica: parsed(&replica)?, change });
        }
    }
    Ok(all)
}

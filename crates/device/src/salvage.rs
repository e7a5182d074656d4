//! Reading what this tablet wrote out of a store that may be damaged: row by
//! row, so that one damaged page costs what is on it and nothing else. What is
//! read is checked against the chain as far as that goes; what is not is named.
//!
//! A sound store is read the same way: there is one way into a rescue pack.

use crate::error::DeviceError;
use crate::store::{integer, parsed, position};
use domain::id::{LedgerId, ReplicaId};
use ledger::ChainHead;
use ledger::holdings::Span;
use ledger::id::Hash;
use ledger::incoming::Page;
use ledger::pack::Missing;
use ledger::seal::{Seal, Signature, Signer};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};

/// Changes on a page at most.
const PAGE_CHANGES: usize = 400;
/// Bytes of changes on a page, about.
const PAGE_BYTES: usize = 512 * 1024;
/// Where nobody says how long a chain is, it ends after so many positions in a
/// row with nothing.
const NOTHING_MAX: u64 = 600;

/// What there should be.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Own positions to read; `upto` is `u64::MAX` where nobody says.
    pub(crate) spans: Vec<Span>,
    /// Own files; none where the list of files cannot be read.
    pub(crate) files: Option<Vec<String>>,
    /// Lists that cannot be read.
    pub(crate) missing: Vec<Missing>,
}

/// Where is read from. After one page that does not read back, the cipher gives
/// out nothing more on the same connection: a damaged store is opened again then.
pub(crate) enum Source<'a> {
    /// A store that reads back.
    Sound(&'a Connection),
    /// One that may not, and how to open it again.
    Damaged(Connection, &'a dyn Fn() -> Option<Connection>),
}

impl Source<'_> {
    fn ask<T>(
        &mut self,
        question: impl Fn(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        match self {
            Self::Sound(db) => question(db),
            Self::Damaged(db, again) => {
                let answer = question(db);
                if answer.is_err()
                    && let Some(fresh) = again()
                {
                    *db = fresh;
                }
                answer
            }
        }
    }
}

/// Looks what there should be: of everything, or of what has no receipt and is
/// not at the server.
pub(crate) fn survey(source: &mut Source<'_>, own: ReplicaId, everything: bool) -> Survey {
    let mut survey = Survey::default();
    let mut ends = source.ask(|db| chains(db, own)).ok();
    if ends.is_none() {
        survey.missing.push(Missing::List { name: "ledgers".to_owned() });
        let ledgers = source.ask(|db| names(db, "SELECT ledger FROM ledger")).unwrap_or_default();
        let whole = |ledger| (ledger, own.to_string(), 0, u64::MAX);
        ends = Some(ledgers.into_iter().map(whole).collect());
    }
    let receipts = if everything { Some(BTreeMap::new()) } else { source.ask(receipts).ok() };
    if receipts.is_none() {
        survey.missing.push(Missing::List { name: "receipts".to_owned() });
    }
    let receipts = receipts.unwrap_or_default();
    for (ledger, chain, base, upto) in ends.unwrap_or_default() {
        let after = receipts.get(&(ledger.clone(), chain.clone())).copied().unwrap_or(0).max(base);
        let (Ok(ledger), Ok(replica)) = (parsed(&ledger), parsed(&chain)) else { continue };
        if after < upto {
            survey.spans.push(Span { ledger, replica, after, at: None, upto });
        }
    }
    let wanted = if everything {
        "SELECT sha256 FROM blob WHERE mine = 1 AND here = 1 ORDER BY sha256"
    } else {
        "SELECT sha256 FROM blob WHERE mine = 1 AND here = 1 AND at_server = 0 ORDER BY sha256"
    };
    survey.files = source.ask(|db| names(db, wanted)).ok();
    if survey.files.is_none() {
        survey.missing.push(Missing::List { name: "files".to_owned() });
    }
    survey
}

fn names(db: &Connection, sql: &str) -> Result<Vec<String>, rusqlite::Error> {
    db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// Ledger, chain, the position before its first change, and its last. Branches
/// of a replica that forked are chains of their own.
type Stretch = (String, String, u64, u64);

fn chains(db: &Connection, own: ReplicaId) -> Result<Vec<Stretch>, rusqlite::Error> {
    let sql = "SELECT ledger, replica, base_pos, pos FROM chain WHERE writer = ?1
               ORDER BY ledger, replica";
    db.prepare(sql)?
        .query_map([own.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, position(row.get(2)?), position(row.get(3)?)))
        })?
        .collect()
}

fn receipts(db: &Connection) -> Result<BTreeMap<(String, String), u64>, rusqlite::Error> {
    db.prepare("SELECT ledger, replica, upto FROM receipt")?
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), position(row.get(2)?))))?
        .collect()
}

/// Changes in a row that are being put together.
#[derive(Default)]
struct Run {
    after: u64,
    changes: Vec<Vec<u8>>,
    bytes: usize,
    head: Option<ChainHead>,
}

/// Reads a span and hands its pages on, each sealed at its end; what cannot be
/// read is named.
///
/// # Errors
/// Those of `each`; reading itself never fails.
pub(crate) fn read_span(
    source: &mut Source<'_>,
    span: &Span,
    (own, signer): (ReplicaId, &Signer),
    each: &mut dyn FnMut(Page) -> Result<(), DeviceError>,
) -> Result<Vec<Missing>, DeviceError> {
    let mut missing: Vec<(u64, Option<u64>)> = Vec::new();
    let mut run = Run { after: span.after, ..Run::default() };
    // The hash before the first change to read; none where it is not known.
    let mut last = match span.after {
        0 => Some(ChainHead::empty(span.ledger, span.replica).hash),
        after => source.ask(|db| row(db, span, after)).ok().flatten().map(|(hash, _)| hash),
    };
    let known_end = span.upto < u64::MAX;
    let mut nothing = 0;
    let mut pos = span.after;
    while pos < span.upto && nothing < NOTHING_MAX {
        pos += 1;
        let read = source.ask(|db| row(db, span, pos));
        let unreadable = read.is_err();
        let sound = read.ok().flatten().filter(|(hash, bytes)| {
            last.is_none_or(|last| Hash::of_parts([last.0.as_slice(), bytes]) == *hash)
        });
        let Some((hash, bytes)) = sound else {
            flush(source, span, (own, signer), &mut run, each)?;
            run.after = pos;
            last = None;
            nothing += 1;
            if known_end || unreadable {
                missing.push((pos, Some(pos)));
            }
            continue;
        };
        nothing = 0;
        last = Some(hash);
        run.bytes += bytes.len();
        run.changes.push(bytes);
        run.head = Some(ChainHead { pos, hash });
        if run.changes.len() >= PAGE_CHANGES || run.bytes >= PAGE_BYTES {
            flush(source, span, (own, signer), &mut run, each)?;
            run.after = pos;
        }
    }
    flush(source, span, (own, signer), &mut run, each)?;
    if !known_end {
        missing.push((pos.saturating_sub(nothing) + 1, None));
    }
    Ok(named(span.ledger, &missing))
}

/// Positions in a row are one part that is missing.
fn named(ledger: LedgerId, positions: &[(u64, Option<u64>)]) -> Vec<Missing> {
    let mut named: Vec<Missing> = Vec::new();
    for &(pos, end) in positions {
        if let Some(Missing::Changes { upto: Some(upto), .. }) = named.last_mut()
            && *upto + 1 == pos
            && end.is_some()
        {
            *upto = pos;
            continue;
        }
        named.push(Missing::Changes { ledger, from: pos, upto: end });
    }
    named
}

fn flush(
    source: &mut Source<'_>,
    span: &Span,
    (own, signer): (ReplicaId, &Signer),
    run: &mut Run,
    each: &mut dyn FnMut(Page) -> Result<(), DeviceError>,
) -> Result<(), DeviceError> {
    let done = std::mem::take(run);
    let Some(head) = done.head else { return Ok(()) };
    // Sealed here and not in the store: a full or damaged disk takes no seal.
    let mut seals: BTreeSet<Seal> = source
        .ask(|db| kept_seals(db, span, done.after, head.pos))
        .unwrap_or_default()
        .into_iter()
        .collect();
    seals.insert(signer.seal(span.ledger, own, &head));
    each(Page {
        ledger: span.ledger,
        replica: span.replica,
        of: (span.replica != own).then_some(own),
        after: done.after,
        prev: None,
        changes: done.changes,
        seals: seals.into_iter().collect(),
    })
}

fn row(db: &Connection, span: &Span, pos: u64) -> Result<Option<(Hash, Vec<u8>)>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT hash, bytes FROM change WHERE ledger = ?1 AND replica = ?2 AND pos = ?3",
    )?
    .query_row(params![span.ledger.to_string(), span.replica.to_string(), integer(pos)], |row| {
        Ok((Hash(row.get(0)?), row.get(1)?))
    })
    .optional()
}

/// The seals kept within a run; those that cannot be read are done without.
fn kept_seals(
    db: &Connection,
    span: &Span,
    after: u64,
    upto: u64,
) -> Result<Vec<Seal>, rusqlite::Error> {
    db.prepare_cached(
        "SELECT pos, signature FROM seal
         WHERE ledger = ?1 AND replica = ?2 AND pos > ?3 AND pos <= ?4",
    )?
    .query_map(
        params![span.ledger.to_string(), span.replica.to_string(), integer(after), integer(upto)],
        |row| Ok(Seal { pos: position(row.get(0)?), signature: Signature(row.get(1)?) }),
    )?
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::chain;
    use uuid::Uuid;

    const LEDGER: LedgerId = LedgerId(Uuid::from_u128(1));
    const OWN: ReplicaId = ReplicaId(Uuid::from_u128(2));

    fn store(changes: u64) -> (Connection, Signer) {
        let mut db = Connection::open_in_memory().unwrap();
        migrations::device::migrations().to_latest(&mut db).unwrap();
        let mut head = ChainHead::empty(LEDGER, OWN);
        for n in 0..changes {
            let bytes = format!("change {n}").into_bytes();
            head = head.next(&bytes);
            chain::append(&db, LEDGER, OWN, &head, &bytes).unwrap();
        }
        (db, Signer::from_seed(&[3; 32]))
    }

    fn read(db: &Connection, signer: &Signer) -> (Vec<Page>, Vec<Missing>) {
        let mut source = Source::Sound(db);
        let survey = survey(&mut source, OWN, false);
        let (mut pages, mut missing) = (Vec::new(), survey.missing);
        for span in &survey.spans {
            let mut each = |page| {
                pages.push(page);
                Ok(())
            };
            missing.extend(read_span(&mut source, span, (OWN, signer), &mut each).unwrap());
        }
        (pages, missing)
    }

    fn spans(pages: &[Page]) -> Vec<(u64, usize)> {
        pages.iter().map(|page| (page.after, page.changes.len())).collect()
    }

    #[test]
    fn a_sound_store_gives_every_change_sealed() {
        let (db, signer) = store(1000);
        let (pages, missing) = read(&db, &signer);
        assert_eq!(spans(&pages), [(0, 400), (400, 400), (800, 200)]);
        assert_eq!(missing, []);
        let mut head = ChainHead::empty(LEDGER, OWN);
        for page in &pages {
            head = page.changes.iter().fold(head, |head, bytes| head.next(bytes));
            let seal = page.seals.last().unwrap();
            assert!(seal.verify(&signer.public(), LEDGER, OWN, &head).is_ok());
        }
    }

    #[test]
    fn what_has_a_receipt_is_left_out_unless_everything_is_wanted() {
        let (db, signer) = store(5);
        db.execute(
            "INSERT INTO receipt (ledger, replica, upto, json) VALUES (?1, ?2, 3, '')",
            [LEDGER.to_string(), OWN.to_string()],
        )
        .unwrap();
        assert_eq!(spans(&read(&db, &signer).0), [(3, 2)]);
        assert_eq!(survey(&mut Source::Sound(&db), OWN, true).spans[0].after, 0);
    }

    #[test]
    fn changes_that_are_gone_or_altered_are_named_and_the_others_are_kept() {
        let (db, signer) = store(9);
        db.execute("DELETE FROM change WHERE pos IN (3, 4)", []).unwrap();
        db.execute("UPDATE change SET bytes = CAST('forged' AS BLOB) WHERE pos = 7", []).unwrap();
        let (pages, missing) = read(&db, &signer);
        assert_eq!(spans(&pages), [(0, 2), (4, 2), (7, 2)]);
        let part = |from, upto| Missing::Changes { ledger: LEDGER, from, upto: Some(upto) };
        assert_eq!(missing, [part(3, 4), part(7, 7)]);
    }

    #[test]
    fn without_the_list_of_chains_what_is_there_is_found() {
        let (db, signer) = store(9);
        db.execute_batch("DROP TABLE chain").unwrap();
        db.execute("INSERT INTO ledger (ledger) VALUES (?1)", [LEDGER.to_string()]).unwrap();
        let (pages, missing) = read(&db, &signer);
        assert_eq!(spans(&pages), [(0, 9)]);
        let open = Missing::Changes { ledger: LEDGER, from: 10, upto: None };
        assert_eq!(missing, [Missing::List { name: "ledgers".into() }, open]);
    }
}

//! S8: saving one gesture on the tablet, against a plain durable insert into the
//! same kind of encrypted SQLite.

use crate::Bench;
use crate::pairs::{in_turns, median};
use crate::stage::{findings, told};
use crate::table::Row;
use crate::text;
use anyhow::{Context, Result};
use device::Register;
use device::board::Access;
use device::view::ChosenValue;
use domain::finding::Answer;
use rusqlite::{Connection, params};
use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Instant;

/// Gestures of one measurement; the middle one counts.
const BLOCK: usize = 60;

/// S8.
pub fn gesture(bench: &Bench) -> Result<Vec<Row>> {
    let stage = findings(bench)?;
    let scene = stage.scene("gesture", stage.port)?;
    let device = scene.tablet("first")?;
    let board = device.board(stage.task).map_err(told)?;
    let own = board.items.iter().filter(|item| item.access == Access::Own);
    let items: Vec<Register> = own.map(|item| Register::new("item", item.rec, "result")).collect();
    items.first().context("no item of one's own")?;
    let plain = RefCell::new(Plain::open(&scene.folder().join("plain.db"))?);
    let count = Cell::new(0_usize);
    let mut rows = Vec::new();
    let mut taps = || {
        block(|| {
            count.set(count.get() + 1);
            let answers = [Answer::Conforms, Answer::Nonconforming];
            let value = ChosenValue::Answer(Some(answers[count.get() % 2]));
            let target = items[count.get() % items.len()].clone();
            device.save_field(stage.task, target, &value, &[]).map_err(told)
        })
    };
    let ratio = in_turns(bench.pairs, &mut taps, || block(|| plain.borrow_mut().insert()))?;
    rows.push(Row::compared("S8", "save one tap (item answered)", "a plain insert", 2.0, &ratio));
    let mut drafts = || {
        block(|| {
            count.set(count.get() + 1);
            let draft = text::finding(1_000_000 + count.get()).draft();
            device.save_finding(stage.task, &draft).map(|_| ()).map_err(told)
        })
    };
    let ratio = in_turns(bench.pairs, &mut drafts, || block(|| plain.borrow_mut().insert()))?;
    rows.push(Row::compared("S8", "save one finding (5 registers)", "a plain insert", 2.0, &ratio));
    Ok(rows.into_iter().map(|row| row.in_smoke(bench, true)).collect())
}

/// The middle time of some gestures.
fn block(mut one: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::with_capacity(BLOCK);
    for _ in 0..BLOCK {
        let begun = Instant::now();
        one()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(median(times.into_iter()))
}

/// An encrypted database with one table, opened as the tablet opens its own.
struct Plain {
    db: Connection,
    n: usize,
}

impl Plain {
    fn open(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.pragma_update(None, "key", format!("x'{}'", "5a".repeat(32)))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(
            "CREATE TABLE finding (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID",
        )?;
        Ok(Self { db, n: 0 })
    }

    fn insert(&mut self) -> Result<()> {
        self.n += 1;
        let body = text::finding(self.n).document("00000000-0000-0000-0000-000000000000");
        let id = uuid::Uuid::now_v7().to_string();
        self.db
            .prepare_cached("INSERT INTO finding (id, body) VALUES (?1, ?2)")?
            .execute(params![id, body.to_string()])?;
        Ok(())
    }
}

//! The lists: rows projected from the fold, and the cards read from them.

use super::{parsed, register};
use crate::error::DeviceError;
use ::ledger::board::TaskCard;
use ::ledger::projection::{Cell, Row, is_projected, project as row_of};
use domain::id::{LedgerId, RecordId, TaskId};
use domain::record::kind;
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, OptionalExtension, ToSql, params};
use serde::de::DeserializeOwned;

/// Brings the rows of records up to date.
pub(crate) fn project(
    db: &Connection,
    ledger: LedgerId,
    records: &register::Records,
) -> Result<(), DeviceError> {
    for ((kind, rec), fields) in records.iter().filter(|((kind, _), _)| is_projected(kind)) {
        match row_of(kind, *rec, fields) {
            Some(row) => upsert(db, ledger, &row)?,
            None => remove(db, ledger, kind, *rec)?,
        }
    }
    Ok(())
}

struct Sql<'a>(&'a Cell);

impl ToSql for Sql<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match self.0 {
            Cell::Text(text) => text.clone().map_or(Value::Null, Value::Text),
            Cell::Integer(number) => number.map_or(Value::Null, Value::Integer),
        }))
    }
}

/// Table and columns are names from `ledger::projection`, never from outside.
fn upsert(db: &Connection, ledger: LedgerId, row: &Row) -> Result<(), DeviceError> {
    let columns: Vec<&str> = row.cells.iter().map(|(name, _)| *name).collect();
    let marks: Vec<String> = (3..columns.len() + 3).map(|n| format!("?{n}")).collect();
    let sql = format!(
        "INSERT OR REPLACE INTO {} (ledger, rec, {}) VALUES (?1, ?2, {})",
        row.table,
        columns.join(", "),
        marks.join(", ")
    );
    let (ledger, rec) = (ledger.to_string(), row.rec.to_string());
    let cells: Vec<Sql<'_>> = row.cells.iter().map(|(_, cell)| Sql(cell)).collect();
    let mut values: Vec<&dyn ToSql> = vec![&ledger, &rec];
    values.extend(cells.iter().map(|cell| cell as &dyn ToSql));
    db.prepare_cached(&sql)?.execute(values.as_slice())?;
    Ok(())
}

/// Takes away the row of a record that nothing stands of any more.
fn remove(
    db: &Connection,
    ledger: LedgerId,
    record_kind: &str,
    rec: RecordId,
) -> Result<(), DeviceError> {
    let sql = match record_kind {
        kind::TASK => "DELETE FROM task WHERE ledger = ?1 AND rec = ?2",
        kind::PARTY => "DELETE FROM party WHERE ledger = ?1 AND rec = ?2",
        kind::ITEM => "DELETE FROM item_result WHERE ledger = ?1 AND rec = ?2",
        kind::FINDING => "DELETE FROM finding WHERE ledger = ?1 AND rec = ?2",
        _ => return Ok(()),
    };
    db.prepare_cached(sql)?.execute(params![ledger.to_string(), rec.to_string()])?;
    Ok(())
}

/// The package that a task is read by, if its reference has arrived.
pub(crate) fn package(db: &Connection, ledger: LedgerId) -> Result<Option<String>, DeviceError> {
    let row: Option<Option<String>> = db
        .prepare_cached("SELECT package_sha256 FROM task WHERE ledger = ?1")?
        .query_row([ledger.to_string()], |row| row.get(0))
        .optional()?;
    Ok(row.flatten())
}

/// The enterprise that a ledger, joint or internal, is about.
pub(crate) fn enterprise(db: &Connection, ledger: LedgerId) -> Result<String, DeviceError> {
    let name: Option<Option<String>> = db
        .prepare_cached(
            "SELECT t.enterprise FROM ledger l
             JOIN ledger j ON j.task = l.task AND j.department IS NULL
             JOIN task t ON t.ledger = j.ledger
             WHERE l.ledger = ?1",
        )?
        .query_row([ledger.to_string()], |row| row.get(0))
        .optional()?;
    Ok(name.flatten().unwrap_or_default())
}

/// The cards of every readable task, by day of visit.
pub(crate) fn cards(db: &Connection) -> Result<Vec<TaskCard>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT t.ledger, l.task, t.title, t.number, t.status, t.enterprise, t.address, t.risk,
                t.visit_date, t.items,
           (SELECT COUNT(*) FROM item_result i WHERE i.ledger = t.ledger AND i.answer IS NOT NULL),
           (SELECT COUNT(*) FROM finding f WHERE f.ledger = t.ledger),
           (SELECT COUNT(*) FROM finding f WHERE f.ledger = t.ledger AND f.level = 'major'),
           (SELECT COUNT(*) FROM register r WHERE r.ledger = t.ledger AND r.contested = 1),
           (SELECT COUNT(*) FROM finding f WHERE f.ledger = t.ledger AND f.review = 'returned')
         FROM task t JOIN ledger l ON l.ledger = t.ledger AND l.granted = 1
         WHERE l.task IS NOT NULL AND l.department IS NULL
         ORDER BY t.visit_date, t.number, t.ledger",
    )?;
    let mut rows = select.query([])?;
    let mut cards = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |i: usize| -> Result<String, DeviceError> {
            Ok(row.get::<_, Option<String>>(i)?.unwrap_or_default())
        };
        let ledger: LedgerId = parsed(&text(0)?)?;
        let task: TaskId = parsed(&text(1)?)?;
        cards.push(TaskCard {
            ledger,
            task,
            title: text(2)?,
            number: text(3)?,
            status: word(text(4)?)?,
            enterprise: text(5)?,
            address: text(6)?,
            risk: word(text(7)?)?,
            visit_date: text(8)?,
            departments: departments(db, ledger)?,
            items: row.get::<_, Option<u32>>(9)?.unwrap_or_default(),
            answered: row.get(10)?,
            findings: row.get(11)?,
            major: row.get(12)?,
            conflicts: row.get(13)?,
            returned: row.get(14)?,
        });
    }
    Ok(cards)
}

/// Short names of the departments, the lead first.
fn departments(db: &Connection, ledger: LedgerId) -> Result<Vec<String>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT short_name FROM party WHERE ledger = ?1 ORDER BY lead DESC, name",
    )?;
    let rows = select.query_map(params![ledger.to_string()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Reads an enumeration back from its wire form.
fn word<T: DeserializeOwned>(word: String) -> Result<T, DeviceError> {
    Ok(serde_json::from_value(serde_json::Value::String(word))?)
}

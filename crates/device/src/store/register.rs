//! Facts, verdicts and what the registers amount to.

use super::{chain, parsed};
use crate::error::DeviceError;
use domain::id::{LedgerId, RecordId};
use domain::record::{field, kind};
use ledger::authority::FIELDS_OF_MANY;
use ledger::fact::VerdictKind;
use ledger::planted::{self, Planted};
use ledger::policy::{Context, Resolved, policy, resolve};
use ledger::signature::{signed_changes, signed_documents};
use ledger::{ChangeId, Fact, Register, Verdict};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Keeps a fact; keeping it again changes nothing.
pub(crate) fn insert_fact(
    db: &Connection,
    ledger: LedgerId,
    fact: &Fact,
) -> Result<(), DeviceError> {
    db.prepare_cached(
        "INSERT INTO fact (ledger, kind, rec, field, change, idx, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        ledger.to_string(),
        fact.register.kind,
        fact.register.rec.to_string(),
        fact.register.field,
        fact.id.change.to_string(),
        fact.id.index,
        serde_json::to_string(fact)?
    ])?;
    if planted::is(Planted::DeleteHead) {
        for old in &fact.sup {
            let id = old.change.to_string();
            db.execute("DELETE FROM fact WHERE change = ?1 AND idx = ?2", params![id, old.index])?;
        }
    }
    Ok(())
}

/// Keeps a verdict.
pub(crate) fn insert_verdict(
    db: &Connection,
    ledger: LedgerId,
    verdict: &Verdict,
) -> Result<(), DeviceError> {
    let word = match verdict.verdict {
        VerdictKind::Void => "void",
        VerdictKind::Review => "review",
    };
    db.prepare_cached(
        "INSERT INTO verdict (ledger, change, verdict, reason) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![ledger.to_string(), verdict.change.to_string(), word, verdict.reason])?;
    Ok(())
}

/// The registers that a change states something on.
pub(crate) fn touched_by(
    db: &Connection,
    ledger: LedgerId,
    change: ChangeId,
) -> Result<Vec<Register>, DeviceError> {
    let mut select =
        db.prepare_cached("SELECT kind, rec, field FROM fact WHERE ledger = ?1 AND change = ?2")?;
    let rows = select.query_map(params![ledger.to_string(), change.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    rows.map(|row| {
        let (kind, rec, field) = row?;
        Ok(Register { kind, rec: parsed(&rec)?, field })
    })
    .collect()
}

/// Every verdict in a ledger.
pub(crate) fn verdicts(
    db: &Connection,
    ledger: LedgerId,
) -> Result<BTreeMap<ChangeId, VerdictKind>, DeviceError> {
    // `void` comes after `review`, so the graver of two stays in the map.
    let mut select = db.prepare_cached(
        "SELECT change, verdict FROM verdict WHERE ledger = ?1 ORDER BY change, verdict",
    )?;
    let rows = select.query_map([ledger.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (change, word) = row?;
        let kind = if word == "void" { VerdictKind::Void } else { VerdictKind::Review };
        Ok((parsed(&change)?, kind))
    })
    .collect()
}

/// What decides which statements of a ledger are in force.
pub(crate) fn context(db: &Connection, ledger: LedgerId) -> Result<Context, DeviceError> {
    let verdicts = verdicts(db, ledger)?.into_iter();
    let voided: BTreeSet<ChangeId> =
        verdicts.filter(|(_, kind)| *kind == VerdictKind::Void).map(|(change, _)| change).collect();
    // Nothing voided, nothing that a signature could keep in force.
    let signed = if voided.is_empty() {
        BTreeSet::new()
    } else {
        signed_changes(&signed_documents(&of_fields(db, ledger, &SIGNING)?, &voided))
    };
    Ok(Context { voided, signed, lineage: chain::lineage(db, ledger)? })
}

/// What signed documents are read from.
pub(crate) const SIGNING: [(&str, &str); 2] =
    [(kind::DOCUMENT, field::MANIFEST), (kind::SIGNATURE, field::CONTENT)];

/// Whether a register says which changes are signed.
pub(crate) fn is_signing(register: &Register) -> bool {
    SIGNING.iter().any(|(kind, field)| register.is(kind, field))
}

/// Everything stated on some fields, whatever the record.
pub(crate) fn of_fields(
    db: &Connection,
    ledger: LedgerId,
    fields: &[(&str, &str)],
) -> Result<Vec<Fact>, DeviceError> {
    let mut select =
        db.prepare_cached("SELECT json FROM fact WHERE ledger = ?1 AND kind = ?2 AND field = ?3")?;
    let mut facts = Vec::new();
    for (kind, field) in fields {
        let rows = select
            .query_map(params![ledger.to_string(), kind, field], |row| row.get::<_, String>(0))?;
        for json in rows {
            facts.push(serde_json::from_str(&json?)?);
        }
    }
    Ok(facts)
}

/// What a scene needs to know of a record, whatever it is a record of.
pub(crate) fn at_stake(
    db: &Connection,
    ledger: LedgerId,
    rec: RecordId,
) -> Result<Vec<Fact>, DeviceError> {
    // The plus sign keeps the field out of the search: one step for each kind is
    // enough, one for each kind and field is many.
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let words = |of: fn(&(&str, &str)) -> String| {
            let all: BTreeSet<String> = FIELDS_OF_MANY.iter().map(of).collect();
            all.into_iter().collect::<Vec<_>>().join(", ")
        };
        format!(
            "SELECT json FROM fact WHERE ledger = ?1 AND rec = ?2 AND kind IN ({})
             AND +field IN ({})",
            words(|(kind, _)| format!("'{kind}'")),
            words(|(_, field)| format!("'{field}'"))
        )
    });
    let mut select = db.prepare_cached(&SQL)?;
    let rows = select
        .query_map(params![ledger.to_string(), rec.to_string()], |row| row.get::<_, String>(0))?;
    rows.map(|json| Ok(serde_json::from_str(&json?)?)).collect()
}

/// Forgets what a change states, before it is stated anew in another chain.
pub(crate) fn remove_facts(
    db: &Connection,
    ledger: LedgerId,
    change: ChangeId,
) -> Result<(), DeviceError> {
    db.prepare_cached("DELETE FROM fact WHERE ledger = ?1 AND change = ?2")?
        .execute(params![ledger.to_string(), change.to_string()])?;
    Ok(())
}

/// What records amount to, by kind and record.
pub(crate) type Records = BTreeMap<(String, RecordId), BTreeMap<String, Resolved>>;

/// Settles registers anew: from the statements that just came where there were
/// none before, from all that are kept otherwise. Answers the records they are of.
pub(crate) fn settle(
    db: &Connection,
    ledger: LedgerId,
    touched: BTreeMap<Register, Vec<Fact>>,
) -> Result<Records, DeviceError> {
    let mut records = Records::new();
    if touched.is_empty() {
        return Ok(records);
    }
    let context = context(db, ledger)?;
    let mut upsert = db.prepare_cached(
        "INSERT INTO register (ledger, kind, rec, field, json, contested)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (ledger, kind, rec, field)
         DO UPDATE SET json = excluded.json, contested = excluded.contested",
    )?;
    let name = ledger.to_string();
    for (one, new) in touched {
        let fields = match records.entry((one.kind.clone(), one.rec)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(record(db, ledger, &one.kind, one.rec)?),
        };
        // A register that was not there has no statement but the new ones.
        let all = if fields.contains_key(&one.field) { facts(db, ledger, &one)? } else { new };
        let resolved = resolve(policy(&one), &all, &context);
        upsert.execute(params![
            name,
            one.kind,
            one.rec.to_string(),
            one.field,
            serde_json::to_string(&resolved)?,
            resolved.contested
        ])?;
        fields.insert(one.field, resolved);
    }
    Ok(records)
}

/// Everything stated on a register.
pub(crate) fn facts(
    db: &Connection,
    ledger: LedgerId,
    register: &Register,
) -> Result<Vec<Fact>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT json FROM fact WHERE ledger = ?1 AND kind = ?2 AND rec = ?3 AND field = ?4",
    )?;
    let rows = select.query_map(
        params![ledger.to_string(), register.kind, register.rec.to_string(), register.field],
        |row| row.get::<_, String>(0),
    )?;
    rows.map(|json| Ok(serde_json::from_str(&json?)?)).collect()
}

/// What one register amounts to; nothing stated is an empty answer.
pub(crate) fn get(
    db: &Connection,
    ledger: LedgerId,
    register: &Register,
) -> Result<Resolved, DeviceError> {
    let json: Option<String> = db
        .prepare_cached(
            "SELECT json FROM register
             WHERE ledger = ?1 AND kind = ?2 AND rec = ?3 AND field = ?4",
        )?
        .query_row(
            params![ledger.to_string(), register.kind, register.rec.to_string(), register.field],
            |row| row.get(0),
        )
        .optional()?;
    json.map_or_else(|| Ok(Resolved::default()), |json| Ok(serde_json::from_str(&json)?))
}

/// Every register of a ledger.
pub(crate) fn all(
    db: &Connection,
    ledger: LedgerId,
) -> Result<BTreeMap<Register, Resolved>, DeviceError> {
    let mut select =
        db.prepare_cached("SELECT kind, rec, field, json FROM register WHERE ledger = ?1")?;
    let rows = select.query_map([ledger.to_string()], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, String>(3)?,
        ))
    })?;
    rows.map(|row| {
        let (kind, rec, field, json) = row?;
        let rec: RecordId = parsed(&rec)?;
        Ok((Register { kind, rec, field }, serde_json::from_str(&json)?))
    })
    .collect()
}

/// The fields of one record.
pub(crate) fn record(
    db: &Connection,
    ledger: LedgerId,
    kind: &str,
    rec: RecordId,
) -> Result<BTreeMap<String, Resolved>, DeviceError> {
    let mut select = db.prepare_cached(
        "SELECT field, json FROM register WHERE ledger = ?1 AND kind = ?2 AND rec = ?3",
    )?;
    let rows = select.query_map(params![ledger.to_string(), kind, rec.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    rows.map(|row| {
        let (field, json) = row?;
        Ok((field, serde_json::from_str(&json)?))
    })
    .collect()
}

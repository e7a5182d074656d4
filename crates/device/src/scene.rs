//! What is known of a task when a gesture is judged: the tablet asks the same
//! question, with the same function, as the server will.

use crate::device::Open;
use crate::error::DeviceError;
use crate::store::{ledger as ledgers, register};
use domain::id::{LedgerId, RecordId};
use ledger::authority::{FIELDS, Scene, mentioned};
use ledger::{Fact, Write};
use rusqlite::Connection;
use std::collections::BTreeSet;

impl Open {
    /// The scene of a ledger. Team, items and findings are the joint ledger's,
    /// also where an internal ledger is written. It is set from the records that
    /// are spoken of, not from everything the ledger holds.
    pub(crate) fn scene(
        &mut self,
        ledger: LedgerId,
        of: &BTreeSet<RecordId>,
    ) -> Result<Scene, DeviceError> {
        let Some((task, audience)) = ledgers::audience(&self.db, ledger)? else {
            return Ok(Scene::default());
        };
        let joint = ledgers::joint(&self.db, task)?;
        let Some(joint) = joint else { return Ok(Scene::default().within(audience)) };
        let package = self.package(joint)?;
        let items = package.iter().flat_map(|p| &p.items).map(|item| (item.rec, item.department));
        let mut facts = register::of_fields(&self.db, joint, &FIELDS)?;
        facts.extend(at_stake(&self.db, joint, of)?);
        let context = register::context(&self.db, joint)?;
        Ok(Scene::of(&facts, &context, items).within(audience))
    }
}

/// The records that some writes are on or speak of.
pub(crate) fn spoken_of(writes: &[Write]) -> Result<BTreeSet<RecordId>, DeviceError> {
    let mut records: BTreeSet<RecordId> = writes.iter().map(|w| w.register.rec).collect();
    for write in writes {
        mentioned(&serde_json::to_vec(&write.val)?, &mut records);
    }
    Ok(records)
}

/// What was stated on some records, and on those that they speak of in turn.
fn at_stake(
    db: &Connection,
    ledger: LedgerId,
    records: &BTreeSet<RecordId>,
) -> Result<Vec<Fact>, DeviceError> {
    let mut facts = Vec::new();
    let mut known = records.clone();
    let mut next = records.clone();
    for _ in 0..2 {
        let mut further = BTreeSet::new();
        for rec in &next {
            for fact in register::at_stake(db, ledger, *rec)? {
                mentioned(&serde_json::to_vec(&fact.val)?, &mut further);
                facts.push(fact);
            }
        }
        next = further.difference(&known).copied().collect();
        known.append(&mut further);
    }
    Ok(facts)
}

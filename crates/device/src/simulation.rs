//! What the simulator sees of a tablet, past the screens: chains verbatim,
//! receipts, registers. And one thing no person can do: writing what only a
//! newer or a dishonest version of the app would write.

use crate::device::{Device, Open};
use crate::error::DeviceError;
use crate::store::apply::Batch;
use crate::store::{blob, chain, ledger as ledgers, parsed, position, register};
use crate::view::AppError;
use domain::id::{LedgerId, PersonId, ReplicaId, TaskId};
use domain::task::Audience;
use ledger::certificate::ReplicaRole;
use ledger::{Change, Limits, Register, Resolved};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A change as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChange {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// Where in it.
    pub pos: u64,
    /// The id under which it is kept.
    pub id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A ledger as a tablet holds it.
#[derive(Debug, Clone)]
pub struct HeldLedger {
    /// Whether it may be read.
    pub granted: bool,
    /// Whether it was cleared away.
    pub purged: bool,
    /// Which task it serves, and whom.
    pub audience: Option<(TaskId, Audience)>,
    /// What its registers amount to.
    pub registers: BTreeMap<Register, Resolved>,
}

/// What a branch of a replica that forked continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Who wrote it.
    pub writer: ReplicaId,
    /// The last position before it.
    pub pos: u64,
    /// The chain hash there.
    pub hash: [u8; 32],
}

/// A tablet, looked into.
#[derive(Debug, Clone)]
pub struct Peek {
    /// Its replica.
    pub replica: ReplicaId,
    /// Its person.
    pub person: PersonId,
    /// The office's epoch it knows.
    pub epoch: Uuid,
    /// Every change, by chain and position.
    pub changes: Vec<HeldChange>,
    /// Every chain that is a branch.
    pub branches: BTreeMap<(LedgerId, ReplicaId), Base>,
    /// Chains of its own, also of replicas it was before.
    pub own: BTreeSet<(LedgerId, ReplicaId)>,
    /// The last sealed position of every chain.
    pub sealed: BTreeMap<(LedgerId, ReplicaId), u64>,
    /// Up to where each own chain is called safe.
    pub receipts: BTreeMap<(LedgerId, ReplicaId), u64>,
    /// Every ledger.
    pub ledgers: BTreeMap<LedgerId, HeldLedger>,
    /// Files called safe.
    pub files_at_server: Vec<String>,
}

impl Device {
    /// Looks into the store, whether or not a person may.
    fn past_the_lease<T>(
        &self,
        look: impl FnOnce(&mut Open) -> Result<T, DeviceError>,
    ) -> Result<T, AppError> {
        self.try_with(look).map_err(DeviceError::into_app)
    }

    /// Looks into the tablet.
    ///
    /// # Errors
    /// The store's.
    pub fn peek(&self) -> Result<Peek, AppError> {
        self.past_the_lease(|open| open.peek())
    }

    /// Ledgers that were cleared away.
    ///
    /// # Errors
    /// The store's.
    pub fn purged(&self) -> Result<BTreeSet<LedgerId>, AppError> {
        self.past_the_lease(|open| {
            let mut select =
                open.db.prepare_cached("SELECT ledger FROM ledger WHERE purged_at IS NOT NULL")?;
            let rows = select.query_map([], |row| row.get::<_, String>(0))?;
            rows.map(|text| parsed(&text?)).collect()
        })
    }

    /// The replica and the person the tablet is.
    ///
    /// # Errors
    /// When it is closed.
    pub fn who(&self) -> Result<(ReplicaId, PersonId), AppError> {
        self.past_the_lease(|open| Ok((open.replica, open.person())))
    }

    /// Everything this tablet wrote, also as a replica it was before.
    ///
    /// # Errors
    /// The store's.
    pub fn own_changes(&self) -> Result<Vec<HeldChange>, AppError> {
        self.past_the_lease(|open| {
            let own = open.own_chains()?;
            let mut changes = open.changes()?;
            changes.retain(|change| own.contains(&(change.ledger, change.replica)));
            Ok(changes)
        })
    }

    /// Writes bytes into the tablet's own chain as they are, unjudged.
    ///
    /// # Errors
    /// The store's.
    pub fn write_raw(
        &self,
        ledger: LedgerId,
        make: impl FnOnce(u64, PersonId) -> Vec<u8>,
    ) -> Result<(), AppError> {
        self.with(|open| {
            let tx = open.db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let (own, head) = chain::own(&tx, ledger, open.replica)?;
            let bytes = make(head.pos + 1, open.enrolled.person.id);
            let change = Change::decode(&bytes, Limits::SERVER).ok();
            let mut batch = Batch::new(&tx, ledger, open.enrolled.office_key);
            let next = head.next(&bytes);
            batch.append(own, ReplicaRole::Tablet, &next, &bytes, change.as_ref())?;
            batch.finish()?;
            chain::set_own(&tx, ledger, (open.replica, own), &next)?;
            tx.commit()?;
            Ok(())
        })
    }
}

impl Open {
    fn peek(&self) -> Result<Peek, DeviceError> {
        let mut ledgers = BTreeMap::new();
        let mut sealed = BTreeMap::new();
        let mut receipts = BTreeMap::new();
        {
            let mut select =
                self.db.prepare("SELECT ledger, granted, purged_at IS NOT NULL FROM ledger")?;
            let rows = select.query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, bool>(2)?))
            })?;
            for row in rows {
                let (text, granted, purged) = row?;
                let ledger: LedgerId = parsed(&text)?;
                let audience = ledgers::audience(&self.db, ledger)?;
                let registers = register::all(&self.db, ledger)?;
                ledgers.insert(ledger, HeldLedger { granted, purged, audience, registers });
            }
        }
        for (table, into) in [
            ("SELECT ledger, replica, sealed_pos FROM chain", &mut sealed),
            ("SELECT ledger, replica, upto FROM receipt", &mut receipts),
        ] {
            let mut select = self.db.prepare(table)?;
            let rows = select.query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
            })?;
            for row in rows {
                let (ledger, replica, pos) = row?;
                into.insert((parsed(&ledger)?, parsed(&replica)?), position(pos));
            }
        }
        let files = blob::all(&self.db)?.into_iter();
        Ok(Peek {
            replica: self.replica,
            person: self.person(),
            epoch: self.enrolled.epoch,
            changes: self.changes()?,
            branches: self.branches()?,
            own: self.own_chains()?,
            sealed,
            receipts,
            ledgers,
            files_at_server: files
                .filter(|(_, _, at_server)| *at_server)
                .map(|(file, _, _)| file.sha256)
                .collect(),
        })
    }

    fn own_chains(&self) -> Result<BTreeSet<(LedgerId, ReplicaId)>, DeviceError> {
        let mut select = self.db.prepare_cached(
            "SELECT ledger, replica FROM chain
             WHERE writer IN (SELECT replica FROM identity UNION SELECT replica FROM former_replica)",
        )?;
        let rows =
            select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (ledger, replica) = row?;
            Ok((parsed(&ledger)?, parsed(&replica)?))
        })
        .collect()
    }

    fn branches(&self) -> Result<BTreeMap<(LedgerId, ReplicaId), Base>, DeviceError> {
        let mut select = self.db.prepare_cached(
            "SELECT ledger, replica, writer, base_pos, base_hash FROM chain
             WHERE base_hash IS NOT NULL",
        )?;
        let rows = select.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, [u8; 32]>(4)?,
            ))
        })?;
        rows.map(|row| {
            let (ledger, replica, writer, pos, hash) = row?;
            let base = Base { writer: parsed(&writer)?, pos: position(pos), hash };
            Ok(((parsed(&ledger)?, parsed(&replica)?), base))
        })
        .collect()
    }

    /// Every change of every chain.
    fn changes(&self) -> Result<Vec<HeldChange>, DeviceError> {
        let mut select = self.db.prepare_cached(
            "SELECT ledger, replica, pos, id, bytes FROM change ORDER BY ledger, replica, pos",
        )?;
        let rows = select.query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, Vec<u8>>(4)?,
            ))
        })?;
        rows.map(|row| {
            let (ledger, replica, pos, id, bytes) = row?;
            let (ledger, replica) = (parsed(&ledger)?, parsed(&replica)?);
            Ok(HeldChange { ledger, replica, pos: position(pos), id, bytes })
        })
        .collect()
    }
}

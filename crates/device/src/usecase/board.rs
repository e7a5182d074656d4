//! A task as the person sees it, its history, and the digests by which two
//! replicas compare themselves.

use crate::device::{Device, Open};
use crate::error::DeviceError;
use crate::store::{chain, ledger as ledgers, register};
use crate::view::{AppError, ErrorCode};
use domain::id::{LedgerId, TaskId};
use domain::package::Package;
use domain::record::{field, kind};
use ledger::board::{Board, BoardInput, HistoryEntry, Judged};
use ledger::decision::Ruling;
use ledger::fold::state_digest;
use ledger::holdings::ledger_digest;
use ledger::policy::{Resolved, server_only};
use ledger::{ChangeId, Fact, Register};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The two digests of one ledger: equal holdings must give equal states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerDigest {
    /// The ledger.
    pub ledger: LedgerId,
    /// The task it belongs to.
    pub task: Option<TaskId>,
    /// `joint` or `internal`.
    pub audience: &'static str,
    /// Over how far each chain is held.
    pub holdings: String,
    /// Over the folded state.
    pub state: String,
}

/// What a board is built from, loaded.
pub(crate) struct Loaded {
    pub(crate) joint: LedgerId,
    pub(crate) ledgers: Vec<LedgerId>,
    registers: BTreeMap<Register, Resolved>,
    facts: Vec<Fact>,
    judged: BTreeMap<ChangeId, Judged>,
    pub(crate) package: Option<Arc<Package>>,
}

impl Loaded {
    fn input(&self, open: &Open) -> BoardInput<'_> {
        BoardInput {
            ledger: self.joint,
            registers: &self.registers,
            facts: &self.facts,
            judged: &self.judged,
            package: self.package.as_deref(),
            viewer: Some(open.person()),
        }
    }
}

impl Device {
    /// Everything about one task.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchTask`], [`ErrorCode::Locked`] and the store's.
    pub fn board(&self, task: TaskId) -> Result<Board, AppError> {
        self.with(|open| open.board(task))
    }

    /// Everything that was done in a task, newest first.
    ///
    /// # Errors
    /// As [`Device::board`].
    pub fn history(&self, task: TaskId) -> Result<Vec<HistoryEntry>, AppError> {
        self.with(|open| {
            let loaded = open.load(task)?;
            let mut changes = Vec::new();
            let mut verdicts = BTreeMap::new();
            for ledger in &loaded.ledgers {
                let written = chain::changes(&open.db, *ledger)?;
                changes.extend(written.into_iter().map(|w| (w.id, w.replica, w.change)));
                verdicts.extend(register::verdicts(&open.db, *ledger)?);
            }
            Ok(Board::history(&loaded.input(open), &changes, &verdicts))
        })
    }

    /// The digests of every readable ledger.
    ///
    /// # Errors
    /// [`ErrorCode::Locked`] and the store's.
    pub fn digests(&self) -> Result<Vec<LedgerDigest>, AppError> {
        self.with(|open| {
            let holdings = chain::holdings(&open.db)?;
            let mut digests = Vec::new();
            for ledger in ledgers::granted(&open.db)? {
                let what = ledgers::audience(&open.db, ledger)?;
                let held = holdings.0.get(&ledger).cloned().unwrap_or_default();
                digests.push(LedgerDigest {
                    ledger,
                    task: what.map(|(task, _)| task),
                    audience: match what {
                        Some((_, domain::task::Audience::Internal { .. })) => "internal",
                        _ => "joint",
                    },
                    holdings: ledger_digest(&held).to_string(),
                    state: state_digest(&register::all(&open.db, ledger)?).to_string(),
                });
            }
            Ok(digests)
        })
    }
}

impl Open {
    /// The board as it is now.
    pub(crate) fn board(&mut self, task: TaskId) -> Result<Board, DeviceError> {
        let loaded = self.load(task)?;
        Board::build(loaded.input(self)).ok_or_else(|| ErrorCode::NoSuchTask.into())
    }

    pub(crate) fn load(&mut self, task: TaskId) -> Result<Loaded, DeviceError> {
        let joint = self.joint(task)?;
        let ledgers = ledgers::of_task(&self.db, task)?;
        let mut registers = BTreeMap::new();
        let mut facts = Vec::new();
        let mut judged = BTreeMap::new();
        for ledger in &ledgers {
            let own = register::all(&self.db, *ledger)?;
            for target in settled(&own) {
                facts.extend(register::facts(&self.db, *ledger, &target)?);
            }
            for id in register::verdicts(&self.db, *ledger)?.into_keys() {
                if let Some(written) = chain::change(&self.db, *ledger, id)? {
                    judged.insert(
                        id,
                        Judged {
                            intent: written.change.intent,
                            author: written.change.author,
                            replica: written.replica,
                            wall: written.change.wall,
                        },
                    );
                }
            }
            // An internal ledger adds what its people wrote; what both ledgers
            // say of team and replicas is the joint ledger's, which comes first.
            let own = own.into_iter().filter(|(r, _)| *ledger == joint || !server_only(r));
            for (register, resolved) in own {
                registers.entry(register).or_insert(resolved);
            }
        }
        let package = self.package(joint)?;
        Ok(Loaded { joint, ledgers, registers, facts, judged, package })
    }
}

/// The registers that decisions settled.
fn settled(registers: &BTreeMap<Register, Resolved>) -> BTreeSet<Register> {
    let rulings = registers.iter().filter(|(r, _)| r.is(kind::DECISION, field::RULING));
    rulings.filter_map(|(_, r)| Some(Ruling::from_value(r.shown.as_ref()?)?.target)).collect()
}

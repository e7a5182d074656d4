//! A task as the desk sees it: its joint ledger, folded, through
//! `ledger::board`. Internal ledgers stay with their departments.

use crate::app::App;
use crate::error::{Code, Result, ServerError};
use crate::store::{chain, fact, membership, register, task};
use crate::usecase::draft::Draft;
use crate::usecase::package;
use domain::id::{LedgerId, TaskId};
use domain::package::Package;
use domain::record::{field, kind};
use domain::task::Status;
use ledger::board::{Board, BoardInput, HistoryEntry, Judged};
use ledger::decision::Ruling;
use ledger::policy::Resolved;
use ledger::{Change, ChangeId, Fact, Limits, Register, VerdictKind};
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use std::collections::BTreeMap;

/// Everything a board is made from, loaded.
pub struct Loaded {
    ledger: LedgerId,
    /// The registers of the joint ledger.
    pub registers: BTreeMap<Register, Resolved>,
    facts: Vec<Fact>,
    verdicts: BTreeMap<ChangeId, VerdictKind>,
    judged: BTreeMap<ChangeId, Judged>,
    /// The reference package.
    pub package: Package,
}

impl Loaded {
    /// The board.
    ///
    /// # Errors
    /// When the task has no header, which none lacks.
    pub fn board(&self) -> Result<Board> {
        Board::build(self.input()).ok_or(ServerError::Broken("a task has no header"))
    }

    fn input(&self) -> BoardInput<'_> {
        BoardInput {
            ledger: self.ledger,
            registers: &self.registers,
            facts: &self.facts,
            judged: &self.judged,
            package: Some(&self.package),
            viewer: None,
        }
    }
}

/// The board of a task; of a draft, one without answers.
pub async fn board(app: &App, task: TaskId) -> Result<Board> {
    let db = app.db.begin().await?;
    let loaded = match membership::joint_of_task(&db, task).await? {
        Some(joint) => load(app, &db, &joint).await?,
        None => load_draft(&db, task).await?,
    };
    loaded.board()
}

/// The history of a task, newest first; empty for a draft.
pub async fn history(app: &App, task: TaskId) -> Result<Vec<HistoryEntry>> {
    let db = app.db.begin().await?;
    let Some(joint) = membership::joint_of_task(&db, task).await? else {
        task::by_id(&db, task).await?.ok_or(Code::NotFound)?;
        return Ok(Vec::new());
    };
    let loaded = load(app, &db, &joint).await?;
    let changes: Vec<_> = chain::changes(&db, loaded.ledger)
        .await?
        .into_iter()
        .filter_map(|row| {
            let change = Change::decode(&row.bytes, Limits::SERVER).ok()?;
            Some((row.id.parse().ok()?, domain::id::ReplicaId(row.replica), change))
        })
        .collect();
    Ok(Board::history(&loaded.input(), &changes, &loaded.verdicts))
}

/// The reference package of a task; of a draft, the one it would be sent with.
pub async fn package(app: &App, task: TaskId) -> Result<Package> {
    let db = app.db.begin().await?;
    match membership::joint_of_task(&db, task).await? {
        Some(joint) => package::read(app, &joint.package_sha256).await,
        None => Ok(load_draft(&db, task).await?.package),
    }
}

/// Loads a dispatched task.
pub async fn load(
    app: &App,
    db: &DatabaseTransaction,
    joint: &membership::ledger::Model,
) -> Result<Loaded> {
    let ledger = LedgerId(joint.id);
    let registers = register::all(db, ledger).await?;
    let verdicts = fact::verdicts(db, ledger).await?;
    Ok(Loaded {
        ledger,
        facts: settled(db, ledger, &registers).await?,
        judged: judged(db, ledger, &verdicts).await?,
        package: package::read(app, &joint.package_sha256).await?,
        registers,
        verdicts,
    })
}

/// Everything stated on the registers that decisions settled.
async fn settled(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    registers: &BTreeMap<Register, Resolved>,
) -> Result<Vec<Fact>> {
    let rulings = registers.iter().filter(|(r, _)| r.is(kind::DECISION, field::RULING));
    let targets = rulings.filter_map(|(_, resolved)| {
        Ruling::from_value(resolved.shown.as_ref()?).map(|ruling| ruling.target)
    });
    let mut facts = Vec::new();
    for target in targets.collect::<std::collections::BTreeSet<_>>() {
        facts.extend(fact::of_register(db, ledger, &target).await?);
    }
    Ok(facts)
}

async fn judged(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    verdicts: &BTreeMap<ChangeId, VerdictKind>,
) -> Result<BTreeMap<ChangeId, Judged>> {
    let rows = chain::changes_by_id(db, ledger, verdicts.keys().copied()).await?;
    let known = rows.into_iter().filter_map(|row| {
        let change = Change::decode(&row.bytes, Limits::SERVER).ok()?;
        let judged = Judged {
            intent: change.intent,
            author: change.author,
            replica: domain::id::ReplicaId(row.replica),
            wall: change.wall,
        };
        Some((row.id.parse().ok()?, judged))
    });
    Ok(known.collect())
}

async fn load_draft(db: &impl ConnectionTrait, task: TaskId) -> Result<Loaded> {
    let row = task::by_id(db, task).await?.ok_or(Code::NotFound)?;
    let draft: Draft = serde_json::from_str(&row.body)?;
    let mut writes = draft.writes(task, None, Status::Draft)?;
    writes.extend(Draft::seat_writes(draft.seats().cloned())?);
    let registers = writes
        .into_iter()
        .map(|write| (write.register, Resolved { shown: Some(write.val), ..Resolved::default() }));
    Ok(Loaded {
        ledger: LedgerId(row.ledger),
        registers: registers.collect(),
        facts: Vec::new(),
        verdicts: BTreeMap::new(),
        judged: BTreeMap::new(),
        package: package::make(db, task, &draft).await?,
    })
}

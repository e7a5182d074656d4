//! Writing to a ledger: changes into their chain, their statements into the
//! sets, what follows from them into registers and lists. All within the
//! caller's transaction, so that a ledger is never half written.

use crate::app::App;
use crate::error::{Result, ServerError};
use crate::store::{acceptance, blob, chain, fact, list, register, task};
use domain::id::{LedgerId, PersonId, RecordId, ReplicaId};
use ledger::certificate::ReplicaRole;
use ledger::file::mentions;
use ledger::incoming::{Append, Split};
use ledger::planted::{self, Planted};
use ledger::policy::{policy, resolve};
use ledger::projection::{Fields, is_projected, project};
use ledger::seal::Seal;
use ledger::tree::Acceptance;
use ledger::{ChainHead, Change, Fact, Limits, Place, Register, Resolved, VerdictKind, Write};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};

/// Writes in one change of the server, below the limit of the wire.
const WRITES_PER_CHANGE: usize = 900;

/// Registers whose statements changed and that must be resolved anew, with the
/// statements on them that are new.
#[derive(Debug, Default)]
pub struct Touched(BTreeMap<Register, Vec<Fact>>);

impl Touched {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over everything of another.
    pub fn append(&mut self, other: &mut Self) {
        for (register, facts) in std::mem::take(&mut other.0) {
            self.0.entry(register).or_default().extend(facts);
        }
    }

    /// The registers.
    pub fn registers(&self) -> impl Iterator<Item = &Register> {
        self.0.keys()
    }

    fn state(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.0.entry(fact.register.clone()).or_default().push(fact);
        }
    }

    fn touch(&mut self, registers: impl IntoIterator<Item = Register>) {
        for register in registers {
            self.0.entry(register).or_default();
        }
    }
}

/// Takes verified changes of one chain into the sets.
pub async fn take(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    (replica, role): (ReplicaId, ReplicaRole),
    appends: &[Append],
    seals: &[Seal],
) -> Result<Touched> {
    let readable: Vec<Append>;
    let appends = if planted::is(Planted::DropUndecodable) {
        readable = appends.iter().filter(|one| one.change.is_ok()).cloned().collect();
        &readable
    } else {
        appends
    };
    chain::append(db, ledger, replica, appends, seals, app.now_ms()).await?;
    accept(app, db, ledger, replica, appends).await?;
    let mut facts = Vec::new();
    let mut verdicts = Vec::new();
    for append in appends {
        if let Ok(change) = &append.change {
            let place = Place { ledger, replica, role };
            facts.extend(ledger::fact::facts(place, &append.head, change));
            verdicts.extend(ledger::fact::verdicts(role, change));
        }
    }
    fact::insert(db, ledger, &facts).await?;
    fact::insert_verdicts(db, ledger, &verdicts).await?;
    blob::refer(db, ledger, &references(&facts)).await?;

    let mut touched = Touched::new();
    touched.state(facts);
    let voids = verdicts.iter().filter(|verdict| verdict.verdict == VerdictKind::Void);
    let voided = voids.map(|verdict| verdict.change).collect();
    touched.touch(fact::touched_by(db, ledger, &voided).await?);
    if planted::is(Planted::VoidDeletesBytes) {
        chain::forget(db, ledger, &voided).await?;
    }
    Ok(touched)
}

/// Cuts a chain in two, because its writer wrote two histories; what it states
/// behind the cut is stated by the branch from now on.
pub async fn split(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    role: ReplicaRole,
    split: &Split,
) -> Result<Touched> {
    chain::split(db, ledger, split).await?;
    let replica = split.tail.id();
    let moved = chain::behind(db, ledger, replica, split.at.pos).await?;
    fact::remove(db, ledger, &moved.iter().map(|(head, _)| head.change_id()).collect()).await?;
    let mut facts = Vec::new();
    for (head, bytes) in &moved {
        if let Ok(change) = Change::decode(bytes, Limits::SERVER) {
            facts.extend(ledger::fact::facts(Place { ledger, replica, role }, head, &change));
        }
    }
    fact::insert(db, ledger, &facts).await?;
    blob::refer(db, ledger, &references(&facts)).await?;
    let mut touched = Touched::new();
    touched.touch(facts.into_iter().map(|fact| fact.register));
    Ok(touched)
}

/// Notes what was taken, as a leaf of the day's tree.
async fn accept(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    replica: ReplicaId,
    appends: &[Append],
) -> Result<()> {
    let (Some(first), Some(last)) = (appends.first(), appends.last()) else { return Ok(()) };
    let ChainHead { pos: upto, hash } = last.head;
    let accepted = Acceptance { ledger, replica, from: first.head.pos, upto, hash, at: app.now() };
    acceptance::append(db, app.new_id()?, &accepted).await
}

/// Resolves the registers touched and projects the records they belong to.
pub async fn settle(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    mut touched: Touched,
) -> Result<()> {
    let context = fact::context(db, ledger).await?;
    if touched.registers().any(fact::is_signing) {
        // What was voided may be kept in force by a signature, or not any more.
        touched.touch(fact::touched_by(db, ledger, &context.voided).await?);
    }
    let mut before = BTreeMap::new();
    for (kind, records) in by_kind(touched.registers()) {
        before.append(&mut register::of_records(db, ledger, kind, records).await?);
    }
    // A register that was not there has no statement but the new ones.
    let known = touched.registers().filter(|one| before.contains_key(one));
    let mut stated: BTreeMap<Register, Vec<Fact>> = BTreeMap::new();
    for (kind, records) in by_kind(known) {
        for fact in fact::of_records(db, ledger, &[kind], records).await? {
            stated.entry(fact.register.clone()).or_default().push(fact);
        }
    }
    let mut resolved = BTreeMap::new();
    for (one, new) in touched.0 {
        let facts =
            if before.contains_key(&one) { stated.remove(&one).unwrap_or_default() } else { new };
        let now = resolve(policy(&one), &facts, &context);
        resolved.insert(one, now);
    }
    register::put_all(db, ledger, &resolved).await?;
    list_records(db, ledger, before, resolved).await
}

fn by_kind<'a>(
    registers: impl Iterator<Item = &'a Register>,
) -> BTreeMap<&'a str, BTreeSet<RecordId>> {
    let mut by_kind: BTreeMap<&str, BTreeSet<RecordId>> = BTreeMap::new();
    for register in registers {
        by_kind.entry(&register.kind).or_default().insert(register.rec);
    }
    by_kind
}

/// Brings the lists up to date: what the records were, with what is new over it.
async fn list_records(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    before: BTreeMap<Register, Resolved>,
    now: BTreeMap<Register, Resolved>,
) -> Result<()> {
    let mut records: BTreeMap<(String, RecordId), Fields> = BTreeMap::new();
    for register in now.keys().filter(|register| is_projected(&register.kind)) {
        records.entry((register.kind.clone(), register.rec)).or_default();
    }
    for (register, resolved) in before.into_iter().chain(now) {
        if let Some(fields) = records.get_mut(&(register.kind, register.rec)) {
            fields.insert(register.field, resolved);
        }
    }
    let mut rows = Vec::new();
    for ((kind, rec), fields) in records {
        match project(&kind, rec, &fields) {
            Some(row) => rows.push(row),
            None => list::remove(db, ledger, &kind, rec).await?,
        }
    }
    list::put_all(db, ledger, rows).await
}

/// Writes to the server's own chain of a ledger and seals it.
pub async fn write_own(
    app: &App,
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    author: PersonId,
    intent: &str,
    writes: Vec<Write>,
) -> Result<Touched> {
    let replica = app.keys.replica;
    let mut touched = Touched::new();
    for some in writes.chunks(WRITES_PER_CHANGE) {
        let head = chain::head(db, ledger, replica).await?;
        let change = Change {
            pos: head.pos + 1,
            author,
            wall: app.now(),
            n: task::next_number(db, "server_changes").await?.unsigned_abs(),
            seen: head.pos,
            intent: intent.to_owned(),
            writes: some.to_vec(),
        };
        let bytes = change
            .encode(Limits::SERVER)
            .map_err(|_| ServerError::Broken("the server's own change is malformed"))?;
        let head = head.next(&bytes);
        let seal = app.keys.server.seal(ledger, replica, &head);
        let append = Append { head, bytes, change: Ok(change) };
        let own = (replica, ReplicaRole::Server);
        touched.append(&mut take(app, db, ledger, own, &[append], &[seal]).await?);
    }
    Ok(touched)
}

/// The files that statements refer to.
fn references(facts: &[Fact]) -> BTreeSet<blob::Reference> {
    let of = |fact: &Fact| {
        let (rec, replica) = (fact.register.rec, fact.replica);
        let hashes = mentions(fact).into_keys();
        hashes.map(move |hash| blob::Reference { sha256: hash.to_string(), rec, replica })
    };
    facts.iter().flat_map(of).collect()
}

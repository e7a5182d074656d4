//! Writing to a ledger: changes into their chain, their statements into the
//! sets, what follows from them into registers and lists. All within the
//! caller's transaction, so that a ledger is never half written.

use crate::app::{App, new_id, now, now_ms};
use crate::error::{Result, ServerError};
use crate::store::{acceptance, blob, chain, fact, list, register, task};
use domain::document::Manifest;
use domain::evidence::EvidenceFile;
use domain::id::{LedgerId, PersonId, RecordId, ReplicaId};
use domain::record::{field, kind};
use domain::task::PackageRef;
use ledger::certificate::ReplicaRole;
use ledger::incoming::Append;
use ledger::policy::{policy, resolve};
use ledger::projection::{is_projected, project};
use ledger::seal::Seal;
use ledger::tree::Acceptance;
use ledger::{ChainHead, Change, Fact, Hash, Limits, Register, VerdictKind, Write};
use sea_orm::ConnectionTrait;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Writes in one change of the server, below the limit of the wire.
const WRITES_PER_CHANGE: usize = 900;

/// Registers whose statements changed and that must be resolved anew.
pub type Touched = BTreeSet<Register>;

/// Takes verified changes of one chain into the sets.
pub async fn take(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    (replica, role): (ReplicaId, ReplicaRole),
    appends: &[Append],
    seals: &[Seal],
) -> Result<Touched> {
    chain::append(db, ledger, replica, appends, seals, now_ms()).await?;
    accept(db, ledger, replica, appends).await?;
    let mut facts = Vec::new();
    let mut verdicts = Vec::new();
    for append in appends {
        if let Ok(change) = &append.change {
            facts.extend(ledger::fact::facts(replica, role, &append.head, change));
            verdicts.extend(ledger::fact::verdicts(role, change));
        }
    }
    fact::insert(db, ledger, &facts).await?;
    fact::insert_verdicts(db, ledger, &verdicts).await?;
    blob::refer(db, ledger, &references(&facts)).await?;

    let mut touched: Touched = facts.into_iter().map(|fact| fact.register).collect();
    let voids = verdicts.iter().filter(|verdict| verdict.verdict == VerdictKind::Void);
    let voided = voids.map(|verdict| verdict.change).collect();
    touched.extend(fact::touched_by(db, ledger, &voided).await?);
    Ok(touched)
}

/// Notes what was taken, as a leaf of the day's tree.
async fn accept(
    db: &impl ConnectionTrait,
    ledger: LedgerId,
    replica: ReplicaId,
    appends: &[Append],
) -> Result<()> {
    let (Some(first), Some(last)) = (appends.first(), appends.last()) else { return Ok(()) };
    let ChainHead { pos: upto, hash } = last.head;
    let accepted = Acceptance { ledger, replica, from: first.head.pos, upto, hash, at: now() };
    acceptance::append(db, new_id(), &accepted).await
}

/// Resolves the registers touched and projects the records they belong to.
pub async fn settle(db: &impl ConnectionTrait, ledger: LedgerId, touched: &Touched) -> Result<()> {
    let voided = fact::voided(db, ledger).await?;
    for one in touched {
        let facts = fact::of_register(db, ledger, one).await?;
        register::put(db, ledger, one, &resolve(policy(one), &facts, &voided)).await?;
    }
    let records: BTreeSet<(&str, RecordId)> = touched
        .iter()
        .filter(|register| is_projected(register))
        .map(|register| (register.kind.as_str(), register.rec))
        .collect();
    for (record_kind, rec) in records {
        let fields = register::fields(db, ledger, record_kind, rec).await?;
        match project(record_kind, rec, &fields) {
            Some(row) => list::put(db, ledger, row).await?,
            None => list::remove(db, ledger, record_kind, rec).await?,
        }
    }
    Ok(())
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
            wall: now(),
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
        touched.append(&mut take(db, ledger, own, &[append], &[seal]).await?);
    }
    Ok(touched)
}

/// The files that statements refer to.
fn references(facts: &[Fact]) -> BTreeSet<blob::Reference> {
    let mut references = BTreeSet::new();
    for fact in facts {
        for sha256 in hashes(fact) {
            // Anything else is no name of a file.
            if sha256.parse::<Hash>().is_ok() {
                let (rec, replica) = (fact.register.rec, fact.replica);
                references.insert(blob::Reference { sha256, rec, replica });
            }
        }
    }
    references
}

fn hashes(fact: &Fact) -> Vec<String> {
    let register = &fact.register;
    if register.is(kind::EVIDENCE, field::FILE) {
        let file = read::<EvidenceFile>(fact);
        return file
            .map(|f| [Some(f.sha256), f.thumbnail].into_iter().flatten().collect())
            .unwrap_or_default();
    }
    if register.is(kind::DOCUMENT, field::MANIFEST) {
        return read::<Manifest>(fact).map(|m| m.pdf_sha256).into_iter().collect();
    }
    if register.is(kind::TASK, field::PACKAGE) {
        return read::<PackageRef>(fact).map(|p| p.sha256).into_iter().collect();
    }
    Vec::new()
}

fn read<T: DeserializeOwned>(fact: &Fact) -> Option<T> {
    serde_json::from_value(fact.val.clone()).ok()
}

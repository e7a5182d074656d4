//! What came from the office, taken in: pages, receipts, ledgers left. One
//! transaction per answer; `ledger::incoming` decides, the store does.

use crate::error::DeviceError;
use crate::store::apply::Batch;
use crate::store::{certificate, chain, ledger as ledgers, receipt, setting};
use domain::id::{LedgerId, ReplicaId};
use ledger::certificate::Certificate;
use ledger::exchange::Response;
use ledger::incoming::{Page, Refusal, plan_incoming};
use ledger::receipt::SignedReceipt;
use ledger::seal::PublicKey;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Whom the tablet believes.
pub(crate) struct Trust<'a> {
    /// The office's key, which signs certificates.
    pub(crate) office: PublicKey,
    /// The server's certificate.
    pub(crate) server: &'a Certificate,
}

/// What taking an answer in brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Changes appended.
    pub(crate) changes: usize,
    /// Of each chain that came: why it was not taken whole, or none.
    pub(crate) chains: BTreeMap<(LedgerId, ReplicaId), Option<&'static str>>,
}

/// Takes a whole answer in, within the caller's transaction.
pub(crate) fn take(
    db: &Connection,
    trust: &Trust<'_>,
    own: ReplicaId,
    response: &Response,
) -> Result<Taken, DeviceError> {
    // The office's own clock: what is cleared away later is so by it.
    let at = &response.header.time.to_string();
    // Revocations first, so that nothing arrives in a ledger that was left.
    for ledger in &response.header.left {
        ledgers::leave(db, *ledger, at)?;
    }
    for ledger in response.header.ledgers.keys() {
        ledgers::grant(db, *ledger)?;
    }
    let mut taken = Taken::default();
    for page in &response.pages {
        if response.header.left.contains(&page.ledger) {
            continue;
        }
        let (changes, refusal) = take_page(db, trust, own, page)?;
        if let Some(reason) = refusal {
            tracing::warn!(ledger = %page.ledger, replica = %page.replica, reason, "page refused");
        }
        taken.changes += changes;
        taken.chains.insert((page.ledger, page.replica), refusal);
    }
    for signed in &response.header.receipts {
        take_receipt(db, trust, signed, at)?;
    }
    Ok(taken)
}

/// Answers how much was appended, and why it was not all.
fn take_page(
    db: &Connection,
    trust: &Trust<'_>,
    own: ReplicaId,
    page: &Page,
) -> Result<(usize, Option<&'static str>), DeviceError> {
    let Some(certificate) = certificate::get(db, page.writer())? else {
        return Ok((0, Some("unknown_replica")));
    };
    let plan = plan_incoming(&chain::held(db, page)?, page, &certificate.key);
    ledgers::grant(db, page.ledger)?;
    let mut batch = Batch::new(db, page.ledger, trust.office);
    if let Some(split) = &plan.split {
        batch.split(certificate.role, split)?;
    }
    if let Some(branch) = &plan.branch {
        tracing::warn!(ledger = %page.ledger, branch = %branch.label(), "a replica forked; both histories are kept");
        chain::open_branch(db, page.ledger, branch)?;
    }
    for append in &plan.appends {
        let change = append.change.as_ref().ok();
        batch.append(plan.chain, certificate.role, &append.head, &append.bytes, change)?;
    }
    for seal in &plan.seals {
        chain::keep_seal(db, page.ledger, plan.chain, seal)?;
    }
    batch.finish()?;
    if page.writer() == own {
        take_back(db, page.ledger, own, plan.chain)?;
    }
    let refusal = plan.refusal.map(|refusal| match refusal {
        Refusal::Gap { .. } => "gap",
        Refusal::Seal(_) => "seal",
        Refusal::Unsealed(_) => "unsealed",
    });
    Ok((plan.appends.len(), refusal))
}

/// Goes on behind what came back of our own chain: this tablet was set back to
/// an earlier day, and what it wrote since has come from somebody else.
fn take_back(
    db: &Connection,
    ledger: LedgerId,
    own: ReplicaId,
    chain: ReplicaId,
) -> Result<(), DeviceError> {
    let (ours, written) = chain::own(db, ledger, own)?;
    let head = chain::head(db, ledger, chain)?;
    if ours == chain && head.pos > written.pos {
        chain::set_own(db, ledger, (own, chain), &head)?;
    }
    Ok(())
}

/// Believes a receipt only from the server, about our own chain, and only for
/// the very history that is here.
fn take_receipt(
    db: &Connection,
    trust: &Trust<'_>,
    signed: &SignedReceipt,
    at: &str,
) -> Result<(), DeviceError> {
    let Ok(read) = signed.verify(&trust.server.key) else {
        tracing::warn!("a receipt's signature does not hold");
        return Ok(());
    };
    if read.by != trust.server.replica {
        return Ok(());
    }
    let ours = chain::hash_at(db, read.ledger, read.replica, read.upto)? == Some(read.hash);
    if !ours {
        tracing::warn!(ledger = %read.ledger, upto = read.upto, "a receipt is about another history");
        return Ok(());
    }
    receipt::put(db, &read, signed, at)
}

/// Notes a successful contact and how far the clocks are apart.
pub(crate) fn note_contact(
    db: &Connection,
    at: &str,
    clock_ahead_ms: i64,
) -> Result<(), DeviceError> {
    setting::put(db, setting::LAST_CONTACT, at)?;
    setting::put(db, setting::CLOCK_AHEAD_MS, &clock_ahead_ms.to_string())
}

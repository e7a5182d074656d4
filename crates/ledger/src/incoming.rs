//! Changes that arrive from another replica: verify, then say what to append,
//! and where.
//!
//! Verified bytes are always appended at their position, understood or not.
//! Only a hash or seal that fails keeps bytes out. A second history of the same
//! replica is no reason to refuse it: the chain is cut where they part, and both
//! go on in branches (`branch`).

use crate::branch::Branch;
use crate::chain::ChainHead;
use crate::change::{Change, Limits, Malformed};
use crate::id::{Hash, Hash8};
use crate::planted::{self, Planted};
use crate::seal::{PublicKey, Seal};
use domain::id::{LedgerId, ReplicaId};
use std::collections::BTreeMap;

/// Consecutive changes of one chain, with the seals in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The ledger.
    pub ledger: LedgerId,
    /// The chain: a replica's, or a branch's.
    pub replica: ReplicaId,
    /// Of a branch: the replica that wrote it.
    pub of: Option<ReplicaId>,
    /// The position before the first change.
    pub after: u64,
    /// The chain hash there; none where it is 0, or the sender does not say.
    pub prev: Option<Hash8>,
    /// The changes' bytes, verbatim.
    pub changes: Vec<Vec<u8>>,
    /// Seals at positions within the page, ascending.
    pub seals: Vec<Seal>,
}

impl Page {
    /// The replica that wrote and sealed it.
    #[must_use]
    pub fn writer(&self) -> ReplicaId {
        self.of.unwrap_or(self.replica)
    }
}

/// A stretch of a replica's history as it is held: its first one, or a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSegment {
    /// The chain that holds it.
    pub chain: ReplicaId,
    /// What it continues: nothing, or the last change before the branch.
    pub base: ChainHead,
    /// How far it goes.
    pub head: ChainHead,
    /// The chain hashes held of it, at least those at the page's positions,
    /// `after` included.
    pub known: BTreeMap<u64, Hash>,
}

/// Everything held of one replica's history in one ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldChain {
    /// The stretches; one, unless the replica forked.
    pub segments: Vec<HeldSegment>,
}

/// A change to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Its position and chain hash.
    pub head: ChainHead,
    /// Its bytes, verbatim.
    pub bytes: Vec<u8>,
    /// What it says, or why it cannot be read; appended in either case.
    pub change: Result<Change, Malformed>,
}

/// Why a page, or the rest of one, was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Positions before it are missing, or are others; ask for them.
    #[error("held up to {held}, the page starts after {after}")]
    Gap {
        /// How far the chain is held.
        held: u64,
        /// Where the page starts.
        after: u64,
    },
    /// A seal does not hold: bytes or signature were changed on the way.
    #[error("the seal at position {0} does not hold")]
    Seal(u64),
    /// Changes without a seal behind them.
    #[error("positions after {0} are not sealed")]
    Unsealed(u64),
}

/// A chain that is cut in two because the replica wrote two histories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The chain.
    pub chain: ReplicaId,
    /// The last change both histories have.
    pub at: ChainHead,
    /// The branch that takes what stands behind it.
    pub tail: Branch,
}

/// What to do with a page, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The chain to cut first.
    pub split: Option<Split>,
    /// The branch to open then.
    pub branch: Option<Branch>,
    /// The chain that the changes go to: the branch opened, or one that is held.
    pub chain: ReplicaId,
    /// Changes to append, in order.
    pub appends: Vec<Append>,
    /// Seals to keep.
    pub seals: Vec<Seal>,
    /// Why the rest was not taken, if anything was left.
    pub refusal: Option<Refusal>,
}

/// Decides what of a page is taken.
#[must_use]
pub fn plan_incoming(held: &HeldChain, page: &Page, key: &PublicKey) -> Plan {
    let nothing = |refusal| Plan {
        split: None,
        branch: None,
        chain: page.replica,
        appends: vec![],
        seals: vec![],
        refusal: Some(refusal),
    };
    let empty = [HeldSegment {
        chain: page.writer(),
        base: ChainHead::empty(page.ledger, page.writer()),
        head: ChainHead::empty(page.ledger, page.writer()),
        known: BTreeMap::new(),
    }];
    let segments = if held.segments.is_empty() { &empty[..] } else { &held.segments[..] };
    let starts = starts(segments, page);
    if starts.is_empty() {
        let held = segments.iter().map(|s| s.head.pos).max().unwrap_or(0);
        return nothing(Refusal::Gap { held, after: page.after });
    }
    // Two starts only where short hashes collide; the one whose seals hold is meant.
    let read = starts.into_iter().map(|start| Read::new(start, page, key));
    let Some(read) = read.max_by_key(|read| read.sealed) else {
        return nothing(Refusal::Gap { held: 0, after: page.after });
    };
    place(segments, page, &read)
}

/// Where the page may start: what is held at the position before it.
fn starts(segments: &[HeldSegment], page: &Page) -> Vec<ChainHead> {
    if page.after == 0 {
        return vec![ChainHead::empty(page.ledger, page.writer())];
    }
    let mut starts: Vec<ChainHead> = segments
        .iter()
        .filter_map(|segment| {
            let known = segment.known.get(&page.after).copied();
            let at_base = (segment.base.pos == page.after).then_some(segment.base.hash);
            Some(ChainHead { pos: page.after, hash: known.or(at_base)? })
        })
        .filter(|start| page.prev.is_none_or(|prev| start.hash.short() == prev))
        .collect();
    starts.sort();
    starts.dedup();
    starts
}

/// A page with its hashes, as far as its seals hold.
struct Read {
    heads: Vec<ChainHead>,
    seals: Vec<Seal>,
    sealed: u64,
    refusal: Option<Refusal>,
}

impl Read {
    fn new(start: ChainHead, page: &Page, key: &PublicKey) -> Self {
        let mut heads = vec![start];
        for bytes in &page.changes {
            let last = heads[heads.len() - 1];
            heads.push(last.next(bytes));
        }
        let mut read = Self { heads, seals: Vec::new(), sealed: page.after, refusal: None };
        for seal in &page.seals {
            let holds = read
                .at(page, seal.pos)
                .is_some_and(|head| seal.verify(key, page.ledger, page.writer(), &head).is_ok());
            if !holds {
                read.refusal = Some(Refusal::Seal(seal.pos));
                break;
            }
            read.sealed = read.sealed.max(seal.pos);
            read.seals.push(*seal);
        }
        let end = read.heads[read.heads.len() - 1].pos;
        if planted::is(Planted::ApplyBeyondSeal) && read.refusal.is_none() {
            read.sealed = end;
        }
        if read.refusal.is_none() && read.sealed < end {
            read.refusal = Some(Refusal::Unsealed(read.sealed));
        }
        read
    }

    fn at(&self, page: &Page, pos: u64) -> Option<ChainHead> {
        let index = usize::try_from(pos.checked_sub(page.after)?).ok()?;
        self.heads.get(index).copied()
    }
}

/// Follows the page through what is held, as far as both agree, and says what
/// becomes of the rest.
fn place(segments: &[HeldSegment], page: &Page, read: &Read) -> Plan {
    let start = read.heads[0];
    let holds_start =
        |s: &&HeldSegment| s.head == start || s.known.get(&start.pos) == Some(&start.hash);
    let is_base = |s: &&HeldSegment| s.base == start;
    let found = segments.iter().find(holds_start).or_else(|| segments.iter().find(is_base));
    let mut here = found.unwrap_or(&segments[0]);
    let mut at = start;
    for next in read.heads[1..].iter().take_while(|head| head.pos <= read.sealed) {
        let within = |s: &HeldSegment| s.known.get(&next.pos) == Some(&next.hash);
        if within(here) {
            at = *next;
            continue;
        }
        let Some(child) = segments.iter().find(|s| s.base == at && within(s)) else { break };
        here = child;
        at = *next;
    }
    let new: Vec<(&Vec<u8>, &ChainHead)> = page
        .changes
        .iter()
        .zip(&read.heads[1..])
        .filter(|(_, head)| head.pos > at.pos && head.pos <= read.sealed)
        .collect();
    let mut plan = Plan {
        split: None,
        branch: None,
        chain: here.chain,
        appends: new
            .iter()
            .map(|(bytes, head)| Append {
                head: **head,
                bytes: (*bytes).clone(),
                change: decode(bytes, head),
            })
            .collect(),
        seals: read.seals.iter().copied().filter(|seal| seal.pos > at.pos).collect(),
        refusal: read.refusal.clone(),
    };
    let Some((_, first)) = new.first() else { return plan };
    if planted::is(Planted::SkipForkCheck) {
        plan.appends.retain(|append| append.head.pos > here.head.pos);
        return plan;
    }
    let continued = segments.iter().any(|s| s.base == at && s.chain != here.chain);
    if here.head == at && !continued {
        return plan;
    }
    if here.head != at && here.base != at {
        // It parts from what is held inside a stretch.
        if let Some(behind) = here.known.get(&(at.pos + 1)) {
            let tail = Branch { replica: page.writer(), base: at, first: *behind };
            plan.split = Some(Split { chain: here.chain, at, tail });
        }
    } else if here.head != at
        && here.base == at
        && here.chain == page.writer()
        && let Some(behind) = here.known.get(&(at.pos + 1))
    {
        // It parts from the very beginning: the whole chain becomes a branch.
        let tail = Branch { replica: page.writer(), base: at, first: *behind };
        plan.split = Some(Split { chain: here.chain, at, tail });
    }
    let branch = Branch { replica: page.writer(), base: at, first: first.hash };
    plan.chain = branch.id();
    plan.branch = Some(branch);
    plan
}

fn decode(bytes: &[u8], head: &ChainHead) -> Result<Change, Malformed> {
    let change = Change::decode(bytes, Limits::SERVER)?;
    if change.pos == head.pos { Ok(change) } else { Err(Malformed::Member("pos")) }
}

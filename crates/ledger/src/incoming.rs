//! Changes that arrive from another replica: verify, then say what to append.
//!
//! Verified bytes are always appended at their position, understood or not.
//! Only a hash or seal that fails keeps bytes out.

use crate::chain::ChainHead;
use crate::change::{Change, Limits, Malformed};
use crate::id::Hash;
use crate::planted::{self, Planted};
use crate::seal::{PublicKey, Seal};
use domain::id::{LedgerId, ReplicaId};
use std::collections::BTreeMap;

/// Consecutive changes of one chain, with the seals in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// The position before the first change.
    pub after: u64,
    /// The changes' bytes, verbatim.
    pub changes: Vec<Vec<u8>>,
    /// Seals at positions within the page, ascending.
    pub seals: Vec<Seal>,
}

/// What the store holds of the page's chain.
#[derive(Debug, Clone)]
pub struct HeldChain {
    /// How far it is held.
    pub head: ChainHead,
    /// The chain hashes held at the page's positions, `after` included where it
    /// is not 0.
    pub known: BTreeMap<u64, Hash>,
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
    /// Positions before it are missing; ask for them.
    #[error("held up to {held}, the page starts after {after}")]
    Gap {
        /// How far the chain is held.
        held: u64,
        /// Where the page starts.
        after: u64,
    },
    /// A verified seal contradicts what is held: the replica wrote two histories.
    #[error("the chain forks at or before position {0}")]
    Fork(u64),
    /// A seal does not hold: bytes or signature were changed on the way.
    #[error("the seal at position {0} does not hold")]
    Seal(u64),
    /// Changes without a seal behind them.
    #[error("positions after {0} are not sealed")]
    Unsealed(u64),
}

/// What to do with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
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
    let refused = |refusal| Plan { appends: vec![], seals: vec![], refusal: Some(refusal) };
    let start = if page.after == 0 {
        ChainHead::empty(page.ledger, page.replica)
    } else {
        match held.known.get(&page.after) {
            Some(hash) => ChainHead { pos: page.after, hash: *hash },
            None => {
                return refused(Refusal::Gap { held: held.head.pos, after: page.after });
            }
        }
    };

    let mut heads = vec![start];
    for bytes in &page.changes {
        let last = heads[heads.len() - 1];
        heads.push(last.next(bytes));
    }
    let at = |pos: u64| {
        let index = usize::try_from(pos.checked_sub(page.after)?).ok()?;
        heads.get(index).copied()
    };

    let mut sealed = page.after;
    let mut refusal = None;
    let mut seals = Vec::new();
    for seal in &page.seals {
        let holds = at(seal.pos)
            .is_some_and(|head| seal.verify(key, page.ledger, page.replica, &head).is_ok());
        if !holds {
            refusal = Some(Refusal::Seal(seal.pos));
            break;
        }
        let contradicts = held
            .known
            .iter()
            .any(|(pos, hash)| *pos <= seal.pos && at(*pos).is_some_and(|head| head.hash != *hash));
        if contradicts && !planted::is(Planted::SkipForkCheck) {
            return refused(Refusal::Fork(seal.pos));
        }
        sealed = sealed.max(seal.pos);
        if seal.pos > held.head.pos {
            seals.push(*seal);
        }
    }
    let end = heads[heads.len() - 1].pos;
    if planted::is(Planted::ApplyBeyondSeal) && refusal.is_none() {
        sealed = end;
    }
    if refusal.is_none() && sealed < end {
        refusal = Some(Refusal::Unsealed(sealed));
    }
    let appends = page
        .changes
        .iter()
        .zip(&heads[1..])
        .filter(|(_, head)| head.pos > held.head.pos && head.pos <= sealed)
        .map(|(bytes, head)| Append {
            head: *head,
            bytes: bytes.clone(),
            change: read(bytes, head),
        })
        .collect();
    Plan { appends, seals, refusal }
}

fn read(bytes: &[u8], head: &ChainHead) -> Result<Change, Malformed> {
    let change = Change::decode(bytes, Limits::SERVER)?;
    if change.pos == head.pos { Ok(change) } else { Err(Malformed::Member("pos")) }
}

//! Holdings: how far a replica holds each chain, and what one replica lacks of
//! another's.

use crate::chain::ChainHead;
use crate::id::{Hash, Hash8};
use domain::id::{LedgerId, ReplicaId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Separates holdings digests from all other hashes.
const HOLDINGS_TAG: &[u8] = b"lianjian-holdings-v1";

/// A position and the first eight bytes of the chain hash there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held(pub u64, pub Hash8);

impl From<&ChainHead> for Held {
    fn from(head: &ChainHead) -> Self {
        Self(head.pos, head.hash.short())
    }
}

/// How far each chain of one ledger is held. Empty chains are not listed.
pub type LedgerHoldings = BTreeMap<ReplicaId, Held>;

/// How far each chain of each ledger is held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Holdings(pub BTreeMap<LedgerId, LedgerHoldings>);

/// Some positions of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The ledger.
    pub ledger: LedgerId,
    /// Whose chain.
    pub replica: ReplicaId,
    /// The position before the first.
    pub after: u64,
    /// The chain hash that the one who asks holds there. Where another stands,
    /// the chain is sent from its beginning.
    pub at: Option<Hash8>,
    /// The last position.
    pub upto: u64,
}

impl Holdings {
    /// One hash over all ledgers.
    #[must_use]
    pub fn digest(&self) -> Hash {
        let mut bytes = HOLDINGS_TAG.to_vec();
        for (ledger, chains) in &self.0 {
            bytes.extend_from_slice(ledger.as_bytes());
            bytes.extend_from_slice(&ledger_digest(chains).0);
        }
        Hash::of(&bytes)
    }
}

/// One hash over one ledger's holdings.
#[must_use]
pub fn ledger_digest(chains: &LedgerHoldings) -> Hash {
    let mut bytes = HOLDINGS_TAG.to_vec();
    for (replica, Held(pos, hash)) in chains {
        bytes.extend_from_slice(replica.as_bytes());
        bytes.extend_from_slice(&pos.to_be_bytes());
        bytes.extend_from_slice(&hash.0);
    }
    Hash::of(&bytes)
}

/// What of `theirs` one does not hold: the spans to ask for. A chain that goes
/// as far in another way (a fork) is asked for from its beginning.
#[must_use]
pub fn lacking(ledger: LedgerId, mine: &LedgerHoldings, theirs: &LedgerHoldings) -> Vec<Span> {
    let span = |(replica, Held(upto, hash)): (&ReplicaId, &Held)| {
        let (replica, upto) = (*replica, *upto);
        let whole = Span { ledger, replica, after: 0, at: None, upto };
        match mine.get(&replica) {
            None => Some(whole),
            Some(Held(pos, at)) if *pos < upto => {
                Some(Span { after: *pos, at: Some(*at), ..whole })
            }
            Some(Held(pos, at)) if *pos == upto && at != hash => Some(whole),
            Some(_) => None,
        }
    };
    theirs.iter().filter_map(span).collect()
}

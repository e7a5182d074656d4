//! Chains: one replica's changes to one ledger, each hashed over the one
//! before, so that a position and its hash name the whole history.

use crate::id::{ChangeId, Hash};
use domain::id::{LedgerId, ReplicaId};
use serde::{Deserialize, Serialize};

/// Separates these hashes from all others.
const CHAIN_TAG: &[u8] = b"lianjian-chain-v1";

/// How far a chain goes: its last position and the hash there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChainHead {
    /// Last position; 0 when nothing was written.
    pub pos: u64,
    /// Chain hash there.
    pub hash: Hash,
}

impl ChainHead {
    /// A chain in which nothing was written:
    /// `h(0) = SHA-256("lianjian-chain-v1" ‖ ledger ‖ replica)`.
    #[must_use]
    pub fn empty(ledger: LedgerId, replica: ReplicaId) -> Self {
        let parts = [CHAIN_TAG, ledger.as_bytes().as_slice(), replica.as_bytes().as_slice()];
        Self { pos: 0, hash: Hash::of_parts(parts) }
    }

    /// The chain with one more change: `h(n) = SHA-256(h(n-1) ‖ bytes(n))`.
    #[must_use]
    pub fn next(&self, bytes: &[u8]) -> Self {
        let hash = Hash::of_parts([self.hash.0.as_slice(), bytes]);
        Self { pos: self.pos + 1, hash }
    }

    /// The id of the change at this position.
    #[must_use]
    pub fn change_id(&self) -> ChangeId {
        ChangeId::of_chain_hash(&self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_chain_hash_names_the_whole_history() {
        let ledger = LedgerId(Uuid::from_u128(1));
        let replica = ReplicaId(Uuid::from_u128(2));
        let start = ChainHead::empty(ledger, replica);
        let one = start.next(b"a").next(b"b");
        assert_eq!(one.pos, 2);
        assert_ne!(one.hash, start.next(b"b").next(b"a").hash);
        assert_ne!(start.hash, ChainHead::empty(ledger, ReplicaId(Uuid::from_u128(3))).hash);
        // Pinned: a different hash would orphan every ledger ever written.
        assert_eq!(one.change_id().to_string(), "Y3HMxmRzvKo25Z2Sp_HcDQ");
    }
}

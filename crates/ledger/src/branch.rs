//! Forks. A tablet that was restored or cloned writes two histories under one
//! id. Both are kept: where they part, the chain is cut; what comes after lies
//! in branches of their own. A branch's id is made of the replica and the first
//! change's chain hash, so that whoever sees both names them alike, and positions,
//! change ids and `sup` stay what they were. People read it as `replica#hash8`.

use crate::chain::ChainHead;
use crate::founding::uuid_of;
use crate::id::Hash;
use domain::id::ReplicaId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Separates these hashes from all others.
const BRANCH_TAG: &[u8] = b"lianjian-branch-v1";

/// A stretch of a replica's history after a fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Branch {
    /// The replica that wrote it, whose key seals it.
    pub replica: ReplicaId,
    /// The last change before it.
    pub base: ChainHead,
    /// Chain hash of its first change.
    pub first: Hash,
}

impl Branch {
    /// The id of the chain that holds it: a UUIDv8 of
    /// `SHA-256("lianjian-branch-v1" ‖ replica ‖ first)`.
    #[must_use]
    pub fn id(&self) -> ReplicaId {
        let parts = [BRANCH_TAG, self.replica.as_bytes().as_slice(), self.first.0.as_slice()];
        ReplicaId(uuid_of(&Hash::of_parts(parts)))
    }

    /// The name for people: `replica#hash8`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}#{}", self.replica, self.first.short())
    }
}

/// Which chain each branch continues; chains that continue none are not listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage(BTreeMap<ReplicaId, ReplicaId>);

impl Lineage {
    /// The lineage of the chains of one ledger: id, replica, base and head of each.
    #[must_use]
    pub fn of(
        chains: impl IntoIterator<Item = (ReplicaId, ReplicaId, ChainHead, ChainHead)>,
    ) -> Self {
        let chains: Vec<_> = chains.into_iter().collect();
        let heads: BTreeMap<(ReplicaId, ChainHead), ReplicaId> =
            chains.iter().map(|(id, replica, _, head)| ((*replica, *head), *id)).collect();
        let parent = |(id, replica, base, _): &(ReplicaId, ReplicaId, ChainHead, ChainHead)| {
            let parent = heads.get(&(*replica, *base)).filter(|parent| *parent != id)?;
            Some((*id, *parent))
        };
        Self(chains.iter().filter_map(parent).collect())
    }

    /// Whether what stands in `later` was written knowing what stands in
    /// `earlier`: the same chain, or one that it continues.
    #[must_use]
    pub fn continues(&self, later: ReplicaId, earlier: ReplicaId) -> bool {
        let mut chain = later;
        // Bounded, so that no ill-made lineage can turn in a circle.
        for _ in 0..=self.0.len() {
            if chain == earlier {
                return true;
            }
            match self.0.get(&chain) {
                Some(parent) => chain = *parent,
                None => return false,
            }
        }
        false
    }
}

//! The fold in memory: facts and verdicts as sets, and the state they amount
//! to. Stores keep the same sets in tables and call the same [`resolve`].

use crate::certificate::ReplicaRole;
use crate::chain::ChainHead;
use crate::change::Change;
use crate::fact::{self, Fact, Verdict, VerdictKind};
use crate::id::{ChangeId, Hash, Register, WriteId};
use crate::policy::{self, Resolved, resolve};
use crate::strict;
use domain::id::ReplicaId;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Separates state digests from all other hashes.
const STATE_TAG: &[u8] = b"lianjian-state-v1";

/// Everything stated in one ledger.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    facts: BTreeMap<Register, BTreeMap<WriteId, Fact>>,
    verdicts: BTreeSet<Verdict>,
}

impl Fold {
    /// Takes a change in, in any order and any number of times.
    pub fn insert(
        &mut self,
        replica: ReplicaId,
        role: ReplicaRole,
        head: &ChainHead,
        change: &Change,
    ) {
        for fact in fact::facts(replica, role, head, change) {
            self.facts.entry(fact.register.clone()).or_default().insert(fact.id, fact);
        }
        self.verdicts.extend(fact::verdicts(role, change));
    }

    /// Takes in what another fold knows.
    pub fn merge(&mut self, other: &Self) {
        for (register, facts) in &other.facts {
            let own = self.facts.entry(register.clone()).or_default();
            own.extend(facts.iter().map(|(id, fact)| (*id, fact.clone())));
        }
        self.verdicts.extend(other.verdicts.iter().cloned());
    }

    /// The changes voided by the server.
    #[must_use]
    pub fn voided(&self) -> BTreeSet<ChangeId> {
        let voids = self.verdicts.iter().filter(|v| v.verdict == VerdictKind::Void);
        voids.map(|v| v.change).collect()
    }

    /// What one register amounts to.
    #[must_use]
    pub fn resolve(&self, register: &Register) -> Resolved {
        let Some(facts) = self.facts.get(register) else { return Resolved::default() };
        let facts: Vec<Fact> = facts.values().cloned().collect();
        resolve(policy::policy(register), &facts, &self.voided())
    }

    /// What every register amounts to.
    #[must_use]
    pub fn registers(&self) -> BTreeMap<Register, Resolved> {
        self.facts.keys().map(|r| (r.clone(), self.resolve(r))).collect()
    }

    /// One hash over the whole state.
    #[must_use]
    pub fn digest(&self) -> Hash {
        state_digest(&self.registers())
    }
}

/// One hash over a state: two replicas with equal holdings and an equal fold
/// version must agree on it.
#[must_use]
pub fn state_digest(registers: &BTreeMap<Register, Resolved>) -> Hash {
    let mut text = String::new();
    for (register, resolved) in registers {
        let heads: Vec<String> = resolved.heads.iter().map(|h| h.id.to_string()).collect();
        let line = json!([
            register.kind,
            register.rec,
            register.field,
            heads,
            resolved.shown,
            resolved.contested
        ]);
        strict::write(&line, &mut text);
        text.push('\n');
    }
    Hash::of_parts([STATE_TAG, text.as_bytes()])
}

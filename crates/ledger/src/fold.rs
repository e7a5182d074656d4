//! The fold in memory: facts and verdicts as sets, and the state they amount
//! to. Stores keep the same sets in tables and call the same [`resolve`].

use crate::branch::Lineage;
use crate::chain::ChainHead;
use crate::change::Change;
use crate::fact::{self, Fact, Place, Verdict, VerdictKind};
use crate::id::{ChangeId, Hash, Register, WriteId};
use crate::policy::{self, Context, Resolved, resolve};
use crate::signature::{SignedDocument, signed_changes, signed_documents};
use crate::strict;
use domain::record::{field, kind};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Separates state digests from all other hashes.
const STATE_TAG: &[u8] = b"lianjian-state-v1";

/// Everything stated in one ledger.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    facts: BTreeMap<Register, BTreeMap<WriteId, Fact>>,
    verdicts: BTreeSet<Verdict>,
    lineage: Lineage,
}

impl Fold {
    /// Takes a change in, in any order and any number of times.
    pub fn insert(&mut self, place: Place, head: &ChainHead, change: &Change) {
        for fact in fact::facts(place, head, change) {
            self.facts.entry(fact.register.clone()).or_default().insert(fact.id, fact);
        }
        self.verdicts.extend(fact::verdicts(place.role, change));
    }

    /// Says which chain continues which, where replicas forked.
    pub fn set_lineage(&mut self, lineage: Lineage) {
        self.lineage = lineage;
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

    /// The documents that were signed.
    #[must_use]
    pub fn signed_documents(&self) -> Vec<SignedDocument> {
        let is_signing = |r: &Register| {
            r.is(kind::DOCUMENT, field::MANIFEST) || r.is(kind::SIGNATURE, field::CONTENT)
        };
        let facts = self.facts.iter().filter(|(register, _)| is_signing(register));
        let facts: Vec<Fact> = facts.flat_map(|(_, facts)| facts.values().cloned()).collect();
        signed_documents(&facts, &self.voided())
    }

    /// What decides which statements are in force.
    #[must_use]
    pub fn context(&self) -> Context {
        Context {
            voided: self.voided(),
            signed: signed_changes(&self.signed_documents()),
            lineage: self.lineage.clone(),
        }
    }

    /// Everything stated on a register.
    #[must_use]
    pub fn facts(&self, register: &Register) -> Vec<Fact> {
        self.facts.get(register).map(|f| f.values().cloned().collect()).unwrap_or_default()
    }

    /// What one register amounts to.
    #[must_use]
    pub fn resolve(&self, register: &Register) -> Resolved {
        resolve(policy::policy(register), &self.facts(register), &self.context())
    }

    /// What every register amounts to.
    #[must_use]
    pub fn registers(&self) -> BTreeMap<Register, Resolved> {
        let context = self.context();
        let settle =
            |r: &Register| (r.clone(), resolve(policy::policy(r), &self.facts(r), &context));
        self.facts.keys().map(settle).collect()
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

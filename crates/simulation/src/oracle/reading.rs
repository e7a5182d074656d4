//! What registers amount to, worked out from the bytes of chains by the rules
//! of `docs/sync.md`, without a line of the ledger crate's fold.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{LedgerId, ReplicaId};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A write's name: its change and its place there.
pub type Name = (String, u64);

/// A register's name: kind, record, field.
pub type RegisterName = (String, String, String);

/// A value stated on a register.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The write.
    pub name: Name,
    /// The value.
    pub value: Value,
    /// What it replaces.
    pub replaces: BTreeSet<Name>,
    /// Whether it is a decision's effect.
    pub decision: bool,
    /// Who stated it.
    pub author: String,
    /// In whose chain.
    pub replica: ReplicaId,
    /// Where there.
    pub pos: u64,
}

/// A ledger's statements and voids.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What is stated on each register.
    pub statements: BTreeMap<RegisterName, Vec<Statement>>,
    /// Changes that take no effect.
    pub voided: BTreeSet<String>,
    /// Which chain each branch continues.
    pub parents: BTreeMap<ReplicaId, ReplicaId>,
}

/// Kinds that a tablet's chain may not write.
const OFFICE_KINDS: [&str; 8] =
    ["genesis", "task", "party", "member", "replica", "judgement", "resolution", "enterprise"];

/// The hash of an empty chain.
#[must_use]
pub fn beginning(ledger: LedgerId, replica: ReplicaId) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"lianjian-chain-v1");
    hash.update(ledger.as_bytes());
    hash.update(replica.as_bytes());
    hash.finalize().into()
}

/// The hash after one more change.
#[must_use]
pub fn following(before: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(bytes);
    hash.finalize().into()
}

/// A change's id: the first half of the hash behind it.
#[must_use]
pub fn id(hash: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(&hash[..16])
}

fn name(value: &Value) -> Option<Name> {
    Some((value.get(0)?.as_str()?.to_owned(), value.get(1)?.as_u64()?))
}

fn names(value: &Value) -> BTreeSet<Name> {
    value.as_array().map(|all| all.iter().filter_map(name).collect()).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Reading {
    /// Takes a change in. `readable` is whether this version can decode it;
    /// what it cannot states nothing.
    pub fn take(&mut self, change_id: &str, replica: ReplicaId, by_office: bool, bytes: &[u8]) {
        let Ok(change) = serde_json::from_slice::<Value>(bytes) else { return };
        let pos = change["pos"].as_u64().unwrap_or(0);
        let author = text(&change["author"]);
        let writes = change["writes"].as_array().cloned().unwrap_or_default();
        for (index, write) in (0u64..).zip(&writes) {
            let register = (text(&write["kind"]), text(&write["rec"]), text(&write["field"]));
            let reserved = OFFICE_KINDS.contains(&register.0.as_str())
                || (register.0 == "finding" && register.2 == "review");
            if !by_office && reserved {
                continue;
            }
            if by_office && register.0 == "judgement" && write["val"]["verdict"] == "void" {
                self.voided.insert(text(&write["val"]["change"]));
            }
            let own = Statement {
                name: (change_id.to_owned(), index),
                value: write["val"].clone(),
                replaces: names(&write["sup"]),
                decision: false,
                author: author.clone(),
                replica,
                pos,
            };
            if register.0 == "decision" && register.2 == "ruling" {
                let ruling = &write["val"];
                let target = &ruling["target"];
                let target = (text(&target["kind"]), text(&target["rec"]), text(&target["field"]));
                let effect = Statement {
                    value: ruling["value"].clone(),
                    replaces: names(&ruling["heads"]),
                    decision: true,
                    ..own.clone()
                };
                self.statements.entry(target).or_default().push(effect);
            }
            self.statements.entry(register).or_default().push(own);
        }
    }

    /// What stands on a register.
    #[must_use]
    pub fn standing(&self, register: &RegisterName) -> Vec<&Statement> {
        let all = self.statements.get(register).map(Vec::as_slice).unwrap_or_default();
        let in_force: Vec<&Statement> =
            all.iter().filter(|one| !self.voided.contains(&one.name.0)).collect();
        let guarded = guarded(register);
        let mut standing = in_force.clone();
        standing.retain(|old| !in_force.iter().any(|new| self.replaces(new, old, guarded)));
        standing
    }

    fn replaces(&self, new: &Statement, old: &Statement, guarded: bool) -> bool {
        if new.name == old.name {
            return false;
        }
        let later_of_its_own = new.pos > old.pos && self.descends(new.replica, old.replica);
        if !later_of_its_own && !new.replaces.contains(&old.name) {
            return false;
        }
        // Where conflicts are kept, only a decision settles another's word, and
        // nobody takes a decision back by writing.
        !guarded || new.decision || (new.author == old.author && !old.decision)
    }

    /// Whether a chain is another, or goes on where it ended.
    fn descends(&self, chain: ReplicaId, from: ReplicaId) -> bool {
        let mut at = Some(chain);
        for _ in 0..=self.parents.len() {
            match at {
                Some(here) if here == from => return true,
                Some(here) => at = self.parents.get(&here).copied(),
                None => return false,
            }
        }
        false
    }
}

/// Registers in which differing values stay until somebody decides.
#[must_use]
pub fn guarded(register: &RegisterName) -> bool {
    matches!(
        (register.0.as_str(), register.2.as_str()),
        ("item", "result")
            | ("finding", "assessment" | "deadline" | "fact" | "requirement")
            | ("note", "text")
    )
}

/// Registers that this model speaks about.
#[must_use]
pub fn is_modelled(register: &RegisterName) -> bool {
    guarded(register)
        || matches!(
            (register.0.as_str(), register.2.as_str()),
            ("item", "remark")
                | ("finding", "location" | "origin")
                | ("evidence", "file")
                | ("proposal", "content" | "reply")
                | ("decision", "ruling")
        )
}

/// How grave a value is, in registers where the gravest is shown.
#[must_use]
pub fn severity(register: &RegisterName, value: &Value) -> Option<u8> {
    match (register.0.as_str(), register.2.as_str()) {
        ("item", "result") => Some(match value.as_str() {
            Some("nonconforming") => 3,
            Some("conforms") => 2,
            Some("not_applicable") => 1,
            _ => 0,
        }),
        ("finding", "assessment") => Some(match value["level"].as_str() {
            Some("major") => 2,
            Some("general") => 1,
            _ => 0,
        }),
        _ => None,
    }
}

//! What a change states, taken apart: statements on registers, and the
//! server's verdicts on other changes. Both are sets; no order matters.

use crate::certificate::ReplicaRole;
use crate::chain::ChainHead;
use crate::change::Change;
use crate::decision::Ruling;
use crate::id::{ChangeId, Register, WriteId};
use crate::planted::{self, Planted};
use crate::withdrawal::Withdrawal;
use crate::{founding, policy};
use domain::id::{LedgerId, PersonId, ReplicaId};
use domain::record::{field, kind};
use domain::time::Wall;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How a statement came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// A person set the value.
    Write,
    /// The owner's decider settled a conflict with it.
    Decision,
}

/// One statement on one register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The register.
    pub register: Register,
    /// The write that states it; unique within the register.
    pub id: WriteId,
    /// The value; null clears.
    pub val: Value,
    /// The statements on the same register that it replaces, if the policy lets it.
    pub sup: Vec<WriteId>,
    /// How it came about.
    pub nature: Nature,
    /// Whose chain it stands in.
    pub replica: ReplicaId,
    /// What kind of writer that is.
    pub role: ReplicaRole,
    /// The position there.
    pub pos: u64,
    /// The person.
    pub author: PersonId,
    /// The writer's own clock.
    pub wall: Wall,
    /// The writer's own count.
    pub n: u64,
}

/// What the server says of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// It takes no effect; its content stays and can be adopted.
    Void,
    /// It takes effect, and a person at the office must look at it.
    Review,
}

/// The server's judgement on one change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Verdict {
    /// The change judged.
    pub change: ChangeId,
    /// What is said of it.
    pub verdict: VerdictKind,
    /// Why, as a code such as `not_owner`.
    pub reason: String,
}

impl Verdict {
    /// The wire form, the value of a `judgement` record's field `verdict`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({"change": self.change.to_string(), "verdict": self.verdict, "reason": self.reason})
    }
}

/// Whose chain a change stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The ledger.
    pub ledger: LedgerId,
    /// The chain: a replica's, or a branch's.
    pub replica: ReplicaId,
    /// What kind of writer that is.
    pub role: ReplicaRole,
}

/// The statements that a change makes, the effects of decisions and withdrawals
/// included.
///
/// What only the server may write is no statement when a tablet writes it, but
/// in the change that opens a ledger of its own: the bytes stay in the chain,
/// without effect. How a record stands with withdrawals is nobody's to write.
#[must_use]
pub fn facts(place: Place, head: &ChainHead, change: &Change) -> Vec<Fact> {
    let Place { ledger, replica, role } = place;
    let id = head.change_id();
    let opens = role == ReplicaRole::Tablet && founding::opens(ledger, replica, head.pos, change);
    let mut facts = Vec::with_capacity(change.writes.len());
    for (index, write) in change.writes.iter().enumerate() {
        let Ok(index) = u32::try_from(index) else { break };
        let foreign = role == ReplicaRole::Tablet
            && policy::server_only(&write.register)
            && !(opens && policy::opening(&write.register));
        if foreign || write.register.field == field::WITHDRAWN {
            continue;
        }
        if planted::is(Planted::LoseProposal) && write.register.is(kind::PROPOSAL, field::CONTENT) {
            continue;
        }
        let fact = Fact {
            register: write.register.clone(),
            id: WriteId { change: id, index },
            val: write.val.clone(),
            sup: write.sup.clone(),
            nature: Nature::Write,
            replica,
            role,
            pos: head.pos,
            author: change.author,
            wall: change.wall,
            n: change.n,
        };
        if write.register.is(kind::DECISION, field::RULING)
            && let Some(ruling) = Ruling::from_value(&write.val)
            && !(role == ReplicaRole::Tablet && policy::server_only(&ruling.target))
        {
            facts.push(Fact {
                register: ruling.target,
                val: ruling.value,
                sup: ruling.heads,
                nature: Nature::Decision,
                ..fact.clone()
            });
        }
        if write.register.is(kind::WITHDRAWAL, field::CONTENT)
            && let Some(withdrawal) = Withdrawal::from_value(&write.val)
        {
            facts.push(Fact { register: withdrawal.register(), sup: Vec::new(), ..fact.clone() });
        }
        facts.push(fact);
    }
    facts
}

/// The verdicts that a change passes on others; only the server's chain does.
#[must_use]
pub fn verdicts(role: ReplicaRole, change: &Change) -> Vec<Verdict> {
    if role != ReplicaRole::Server {
        return Vec::new();
    }
    let judged = change.writes.iter().filter(|w| w.register.is(kind::JUDGEMENT, field::VERDICT));
    judged.filter_map(|w| serde_json::from_value(w.val.clone()).ok()).collect()
}

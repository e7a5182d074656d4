//! How the standing values of a register become what is shown: the table of
//! policies, and the one function that every replica runs.

use crate::branch::Lineage;
use crate::certificate::ReplicaRole;
use crate::fact::{Fact, Nature};
use crate::id::{ChangeId, Register, WriteId};
use crate::lifecycle::{self, contradict};
use crate::planted::{self, Planted};
use domain::finding::{Answer, Assessment, Level};
use domain::id::{PersonId, ReplicaId};
use domain::record::{field as f, kind as k};
use domain::time::Wall;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The version of this table and of [`resolve`]; pinned by a ledger's first change.
pub const FOLD_VERSION: u32 = 1;

/// How a register's standing values are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// One side alone writes it: the newest is shown.
    Single,
    /// Low stakes: the newest is shown, the others stay in the history.
    Latest,
    /// The gravest is shown until the owner decides.
    Severest,
    /// The earliest date is shown until the owner decides.
    Earliest,
    /// Free text: the newest is shown, the others beside it, until the owner decides.
    KeepBoth,
    /// A state that only goes forward: the furthest is shown; pairs that
    /// contradict each other wait for whoever settles them (`lifecycle`).
    Lifecycle,
}

impl Policy {
    /// Whether only a decision replaces what another person stated.
    #[must_use]
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Severest | Self::Earliest | Self::KeepBoth | Self::Lifecycle)
    }
}

/// The table. What it does not list comes from a newer version and is shown
/// with nothing hidden.
#[must_use]
pub fn policy(register: &Register) -> Policy {
    match (register.kind.as_str(), register.field.as_str()) {
        (_, f::WITHDRAWN) => Policy::KeepBoth,
        _ if lifecycle::is_state(register) => Policy::Lifecycle,
        (k::GENESIS, f::CHARTER)
        | (k::TASK, f::HEADER | f::PACKAGE | f::STATUS | f::CANCELLATION)
        | (k::PARTY, f::PARTY)
        | (k::MEMBER, f::SEAT)
        | (k::REPLICA, f::CERTIFICATE | f::REVOKED | f::CLOCK)
        | (k::JUDGEMENT, f::VERDICT)
        | (k::RESOLUTION, f::CONTENT)
        | (k::ITEM, f::OWNER)
        | (k::FINDING, f::ORIGIN | f::REVIEW | f::OWNER)
        | (k::EVIDENCE, f::FILE)
        | (k::PROPOSAL, f::CONTENT)
        | (k::DECISION, f::RULING)
        | (k::WITHDRAWAL | k::SIGNATURE | k::SUBMISSION | k::WAIVER | k::LINK, f::CONTENT)
        | (k::ENTERPRISE, _)
        | (k::PERSONAL, f::SEALED | f::KEY | f::ERASED)
        | (k::DOCUMENT, f::MANIFEST) => Policy::Single,
        (k::ITEM, f::REMARK) | (k::FINDING, f::LOCATION) | (k::PROPOSAL, f::REPLY) => {
            Policy::Latest
        }
        (k::ITEM, f::RESULT) | (k::FINDING, f::ASSESSMENT) => Policy::Severest,
        (k::FINDING, f::DEADLINE) => Policy::Earliest,
        _ => Policy::KeepBoth,
    }
}

/// Whether only the server's chain may write the register.
#[must_use]
pub fn server_only(register: &Register) -> bool {
    matches!(
        register.kind.as_str(),
        k::GENESIS
            | k::TASK
            | k::PARTY
            | k::MEMBER
            | k::REPLICA
            | k::JUDGEMENT
            | k::RESOLUTION
            | k::ENTERPRISE
    ) || matches!(
        (register.kind.as_str(), register.field.as_str()),
        (k::FINDING, f::REVIEW | f::OWNER) | (k::ITEM, f::OWNER) | (k::PERSONAL, f::ERASED)
    )
}

/// Of what only the server may write: what a tablet states when it opens a
/// ledger of its own (`founding`).
#[must_use]
pub fn opening(register: &Register) -> bool {
    matches!(
        (register.kind.as_str(), register.field.as_str()),
        (k::GENESIS, f::CHARTER)
            | (k::TASK, f::HEADER | f::PACKAGE | f::STATUS)
            | (k::PARTY, f::PARTY)
            | (k::MEMBER, f::SEAT)
            | (k::REPLICA, f::CERTIFICATE)
    )
}

/// Whether this version knows the register.
#[must_use]
pub fn is_known(register: &Register) -> bool {
    policy(register) != Policy::KeepBoth
        || matches!(
            (register.kind.as_str(), register.field.as_str()),
            (k::FINDING, f::FACT | f::REQUIREMENT)
                | (k::NOTE, f::TEXT)
                | (k::LINK, f::PRIMARY)
                | (_, f::WITHDRAWN)
        )
}

/// A standing value: stated, not voided, not replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The write that states it.
    pub id: WriteId,
    /// The value.
    pub val: Value,
    /// How it came about.
    pub nature: Nature,
    /// Whose chain.
    pub replica: ReplicaId,
    /// The person.
    pub author: PersonId,
    /// The writer's clock.
    pub wall: Wall,
}

impl Head {
    /// A statement that stands.
    #[must_use]
    pub fn of(fact: &Fact) -> Self {
        Self {
            id: fact.id,
            val: fact.val.clone(),
            nature: fact.nature,
            replica: fact.replica,
            author: fact.author,
            wall: fact.wall,
        }
    }
}

/// What a register amounts to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resolved {
    /// The value shown; none when nothing stands or it was cleared.
    pub shown: Option<Value>,
    /// Everything that stands, the shown value first.
    pub heads: Vec<Head>,
    /// Whether values that stand differ and wait for the owner.
    pub contested: bool,
}

/// What decides, beside the statements themselves, which of them are in force.
/// All of it is sets, the same on every replica that holds the same changes.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The changes that the server voided; only tablets' changes can be.
    pub voided: BTreeSet<ChangeId>,
    /// The changes that signed documents rely on; no void takes them out of force.
    pub signed: BTreeSet<ChangeId>,
    /// Which chain continues which.
    pub lineage: Lineage,
}

impl Context {
    /// Whether a change is out of force.
    #[must_use]
    pub fn is_void(&self, change: ChangeId, role: ReplicaRole) -> bool {
        role == ReplicaRole::Tablet
            && self.voided.contains(&change)
            && !self.signed.contains(&change)
    }
}

/// Settles one register from everything stated on it, in whatever order it came.
#[must_use]
pub fn resolve(policy: Policy, facts: &[Fact], context: &Context) -> Resolved {
    let in_force: Vec<&Fact> =
        facts.iter().filter(|f| !context.is_void(f.id.change, f.role)).collect();
    let mut standing: Vec<&Fact> = in_force
        .iter()
        .copied()
        .filter(|old| !in_force.iter().any(|new| replaces(policy, new, old, &context.lineage)))
        .collect();
    standing.sort_by_key(|f| std::cmp::Reverse((rank(policy, f), f.wall, f.n, f.id)));

    // A cleared value is no statement beside one that is.
    let said: Vec<&Fact> = standing.iter().copied().filter(|f| !f.val.is_null()).collect();
    let contested = match policy {
        Policy::Lifecycle => said.iter().enumerate().any(|(i, one)| {
            said[i + 1..].iter().any(|two| contradict(&one.register, &one.val, &two.val))
        }),
        _ => policy.is_guarded() && said.iter().any(|fact| fact.val != said[0].val),
    };
    let shown = standing.first().map(|f| f.val.clone()).filter(|v| !v.is_null());
    Resolved { shown, heads: standing.into_iter().map(Head::of).collect(), contested }
}

/// Whether `new` replaces `old`.
fn replaces(policy: Policy, new: &Fact, old: &Fact, lineage: &Lineage) -> bool {
    if new.id == old.id {
        return false;
    }
    if planted::is(Planted::CompareByClock) {
        return (new.wall, new.n, new.id) > (old.wall, old.n, old.id);
    }
    if planted::is(Planted::DecisionClosesUnseen) && new.nature == Nature::Decision {
        return true;
    }
    let later_in_own_chain = new.pos > old.pos && lineage.continues(new.replica, old.replica);
    if !later_in_own_chain && !new.sup.contains(&old.id) {
        return false;
    }
    match policy {
        Policy::Single | Policy::Latest => true,
        // Forward needs nobody's leave; back, or out of a contradiction, does.
        Policy::Lifecycle => {
            new.nature == Nature::Decision
                || (new.author == old.author && old.nature == Nature::Write)
                || (rank(policy, new) > rank(policy, old)
                    && !contradict(&new.register, &new.val, &old.val))
        }
        // A conflict is closed, and a severity lowered, by a decision alone.
        Policy::Severest | Policy::Earliest | Policy::KeepBoth => {
            new.nature == Nature::Decision
                || planted::is(Planted::SupersedeOthers)
                || (new.author == old.author && old.nature == Nature::Write)
        }
    }
}

/// What stands first: higher is shown.
fn rank(policy: Policy, fact: &Fact) -> Rank {
    if fact.val.is_null() && policy.is_guarded() {
        return Rank::default();
    }
    if planted::is(Planted::SevererLoses) {
        return Rank { said: true, ..Rank::default() };
    }
    match policy {
        Policy::Single | Policy::Latest => Rank::default(),
        Policy::KeepBoth => Rank { said: true, ..Rank::default() },
        Policy::Lifecycle => Rank {
            said: true,
            severity: lifecycle::rank(&fact.register, &fact.val),
            ..Rank::default()
        },
        Policy::Severest => Rank { said: true, severity: severity(&fact.val), ..Rank::default() },
        Policy::Earliest => {
            let date = fact.val.as_str().map(str::to_owned);
            Rank { said: true, earliest: std::cmp::Reverse(date), ..Rank::default() }
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    said: bool,
    severity: u8,
    earliest: std::cmp::Reverse<Option<String>>,
}

impl Default for Rank {
    fn default() -> Self {
        Self { said: false, severity: 0, earliest: std::cmp::Reverse(None) }
    }
}

/// How grave a value is. What this version cannot read counts as gravest: it
/// must not disappear behind what it can.
fn severity(value: &Value) -> u8 {
    if let Ok(answer) = serde_json::from_value::<Answer>(value.clone()) {
        return answer.severity();
    }
    match serde_json::from_value::<Assessment>(value.clone()).map(|a| a.level) {
        Ok(Level::General) => 1,
        Ok(Level::Major) => 2,
        Err(_) => u8::MAX,
    }
}

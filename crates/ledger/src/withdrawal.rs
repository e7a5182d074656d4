//! Taking a record back. Nothing is deleted: a withdrawal names every standing
//! statement of the record that was seen, and hides the record as long as there
//! is no other. A statement it did not see keeps the record visible, contested.

use crate::id::{Register, WriteId};
use crate::policy::Resolved;
use crate::statement::{read_write_ids, write_ids};
use domain::id::RecordId;
use domain::record::field;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The value of a `withdrawal` record's field `content`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Kind of the record taken back.
    pub kind: String,
    /// The record.
    pub rec: RecordId,
    /// Every standing statement on it that was seen, over all its fields.
    pub heads: Vec<WriteId>,
    /// Why; never empty.
    pub reason: String,
}

impl Withdrawal {
    /// Takes back what is seen of a record now.
    #[must_use]
    pub fn of(kind: &str, rec: RecordId, fields: &Fields, reason: &str) -> Self {
        let heads: Vec<WriteId> = heads_of(fields).into_iter().collect();
        Self { kind: kind.to_owned(), rec, heads, reason: reason.to_owned() }
    }

    /// The register on which withdrawals of a record stand.
    #[must_use]
    pub fn register(&self) -> Register {
        Register::new(&self.kind, self.rec, field::WITHDRAWN)
    }

    /// The wire form.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({"kind": self.kind, "rec": self.rec, "heads": write_ids(&self.heads),
               "reason": self.reason})
    }

    /// Reads the wire form; none when it does not have it.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let withdrawal = Self {
            kind: value.get("kind")?.as_str()?.to_owned(),
            rec: serde_json::from_value(value.get("rec")?.clone()).ok()?,
            heads: read_write_ids(value.get("heads")?)?,
            reason: value.get("reason")?.as_str()?.to_owned(),
        };
        (!withdrawal.reason.trim().is_empty()).then_some(withdrawal)
    }
}

/// The fields of one record, resolved.
pub type Fields = BTreeMap<String, Resolved>;

/// How a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody took it back.
    Visible,
    /// Taken back by somebody who saw everything that stands.
    Withdrawn(Withdrawal),
    /// Taken back by somebody who did not see all of it: it stays visible, and
    /// the owner's decider settles whether it goes.
    Contested(Withdrawal),
}

impl Standing {
    /// How the record with these fields stands.
    #[must_use]
    pub fn of(fields: &Fields) -> Self {
        let Some(withdrawn) = fields.get(field::WITHDRAWN) else { return Self::Visible };
        let all = heads_of(fields);
        let mut taken_back =
            withdrawn.heads.iter().filter_map(|head| Withdrawal::from_value(&head.val)).peekable();
        let Some(first) = taken_back.peek().cloned() else { return Self::Visible };
        let covers = |w: &Withdrawal| all.iter().all(|id| w.heads.contains(id));
        match taken_back.find(covers) {
            Some(withdrawal) => Self::Withdrawn(withdrawal),
            None => Self::Contested(first),
        }
    }
}

/// Every standing statement of a record but its withdrawals.
fn heads_of(fields: &Fields) -> BTreeSet<WriteId> {
    let stated = fields.iter().filter(|(name, _)| name.as_str() != field::WITHDRAWN);
    stated.flat_map(|(_, resolved)| resolved.heads.iter().map(|head| head.id)).collect()
}

/// The fields of one record out of all registers.
#[must_use]
pub fn fields_of(registers: &BTreeMap<Register, Resolved>, kind: &str, rec: RecordId) -> Fields {
    let from = Register::new(kind, rec, "");
    registers
        .range(from..)
        .take_while(|(register, _)| register.kind == kind && register.rec == rec)
        .map(|(register, resolved)| (register.field.clone(), resolved.clone()))
        .collect()
}

//! A value for a register, wished for or ruled: what decisions and proposals
//! have in common. Both name every value that was on the table, so that one
//! nobody saw is never settled by them.

use crate::change::read_write_id;
use crate::id::{Register, WriteId};
use serde_json::{Value, json};

/// A value for a register, with what was seen there and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub target: Register,
    /// The standing values that its author saw.
    pub heads: Vec<WriteId>,
    /// The value.
    pub value: Value,
    /// Why; never empty.
    pub reason: String,
}

impl Statement {
    /// The wire form.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let heads = write_ids(&self.heads);
        json!({"target": self.target, "heads": heads, "value": self.value, "reason": self.reason})
    }

    /// Reads the wire form; none when it does not have it, in which case the
    /// record is kept and has no effect.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let statement = Self {
            target: serde_json::from_value(value.get("target")?.clone()).ok()?,
            heads: read_write_ids(value.get("heads")?)?,
            value: value.get("value")?.clone(),
            reason: value.get("reason")?.as_str()?.to_owned(),
        };
        (!statement.reason.trim().is_empty()).then_some(statement)
    }
}

/// Write ids as they stand in a change: `[["change", index], …]`.
pub(crate) fn write_ids(ids: &[WriteId]) -> Value {
    ids.iter().map(|h| json!([h.change.to_string(), h.index])).collect()
}

/// Reads them back; none when one is malformed.
pub(crate) fn read_write_ids(value: &Value) -> Option<Vec<WriteId>> {
    value.as_array()?.iter().map(read_write_id).collect::<Result<_, _>>().ok()
}

//! A decision: the owner's decider settles a register whose standing values
//! differ. It names every value it saw, so a value it did not see stays.

use crate::change::read_write_id;
use crate::id::{Register, WriteId};
use serde_json::{Value, json};

/// The value of a `decision` record's field `ruling`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// What is settled.
    pub target: Register,
    /// The standing values that the decider saw.
    pub heads: Vec<WriteId>,
    /// The value that holds from now on.
    pub value: Value,
    /// Why; never empty.
    pub reason: String,
}

impl Ruling {
    /// The wire form.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let heads: Vec<Value> =
            self.heads.iter().map(|h| json!([h.change.to_string(), h.index])).collect();
        json!({"target": self.target, "heads": heads, "value": self.value, "reason": self.reason})
    }

    /// Reads the wire form; none when it does not have it, in which case the
    /// record is kept and has no effect.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let heads = value.get("heads")?.as_array()?;
        let ruling = Self {
            target: serde_json::from_value(value.get("target")?.clone()).ok()?,
            heads: heads.iter().map(read_write_id).collect::<Result<_, _>>().ok()?,
            value: value.get("value")?.clone(),
            reason: value.get("reason")?.as_str()?.to_owned(),
        };
        (!ruling.reason.trim().is_empty()).then_some(ruling)
    }
}

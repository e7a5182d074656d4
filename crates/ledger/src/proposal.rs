//! A proposal: somebody's wish to change what another department owns, and the
//! owner's reply to it. It changes nothing by itself.

use crate::change::read_write_id;
use crate::id::{Register, WriteId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The value of a `proposal` record's field `content`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it wants to change.
    pub target: Register,
    /// The standing values that the proposer saw.
    pub heads: Vec<WriteId>,
    /// The value wished for.
    pub value: Value,
    /// Why; never empty.
    pub reason: String,
}

/// The value of a `proposal` record's field `reply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether the owner takes it over (in a write or decision of its own).
    pub accepted: bool,
    /// Why.
    pub reason: String,
}

impl Proposal {
    /// The wire form.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let heads: Vec<Value> =
            self.heads.iter().map(|h| json!([h.change.to_string(), h.index])).collect();
        json!({"target": self.target, "heads": heads, "value": self.value, "reason": self.reason})
    }

    /// Reads the wire form; none when it does not have it.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let heads = value.get("heads")?.as_array()?;
        Some(Self {
            target: serde_json::from_value(value.get("target")?.clone()).ok()?,
            heads: heads.iter().map(read_write_id).collect::<Result<_, _>>().ok()?,
            value: value.get("value")?.clone(),
            reason: value.get("reason")?.as_str()?.to_owned(),
        })
    }
}

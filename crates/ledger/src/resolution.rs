//! The office's settlement of a change that was marked for review: it stands, or
//! it is set aside. Either is said once, with a reason and a name.

use crate::id::ChangeId;
use serde_json::{Value, json};

/// The value of a `resolution` record's field `content`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The change.
    pub change: ChangeId,
    /// Whether it stands; if not, it is voided as well.
    pub accepted: bool,
    /// Why; never empty.
    pub reason: String,
    /// The name of who settled it.
    pub reviewer: String,
}

impl Resolution {
    /// The wire form.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({"change": self.change.to_string(), "accepted": self.accepted,
               "reason": self.reason, "reviewer": self.reviewer})
    }

    /// Reads the wire form; none when it does not have it.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let resolution = Self {
            change: value.get("change")?.as_str()?.parse().ok()?,
            accepted: value.get("accepted")?.as_bool()?,
            reason: value.get("reason")?.as_str()?.to_owned(),
            reviewer: value.get("reviewer")?.as_str()?.to_owned(),
        };
        (!resolution.reason.trim().is_empty()).then_some(resolution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolution_is_read_as_it_was_written_and_wants_a_reason() {
        let one = Resolution {
            change: ChangeId([7; 16]),
            accepted: true,
            reason: "已电话核实".into(),
            reviewer: "示例".into(),
        };
        assert_eq!(Resolution::from_value(&one.to_value()), Some(one.clone()));
        let silent = Resolution { reason: " ".into(), ..one };
        assert_eq!(Resolution::from_value(&silent.to_value()), None);
    }
}

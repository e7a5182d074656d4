//! States that only go forward: the order of each lifecycle, and the pairs of
//! states that contradict each other when both stand.

use crate::id::Register;
use domain::document::DocumentState;
use domain::finding::FindingState;
use domain::record::{field, kind};
use domain::task::VisitState;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Whether a register holds a state.
#[must_use]
pub fn is_state(register: &Register) -> bool {
    register.field == field::STATE
        && matches!(register.kind.as_str(), kind::VISIT | kind::FINDING | kind::DOCUMENT)
}

/// How far a state is in its life; the highest is shown. What this version
/// cannot read counts as furthest: it must not disappear behind what it can.
#[must_use]
pub fn rank(register: &Register, value: &Value) -> u8 {
    fn place<T: DeserializeOwned>(value: &Value, rank: impl Fn(T) -> u8) -> u8 {
        serde_json::from_value(value.clone()).map_or(u8::MAX, rank)
    }
    match register.kind.as_str() {
        kind::VISIT => place(value, |s: VisitState| s as u8),
        kind::FINDING => place(value, |s: FindingState| s as u8),
        kind::DOCUMENT => place(value, |s: DocumentState| s as u8),
        _ => u8::MAX,
    }
}

/// Whether two states that both stand need somebody to settle them: the
/// supervisor for a visit, the owner's decider for a finding or document.
#[must_use]
pub fn contradict(register: &Register, one: &Value, other: &Value) -> bool {
    let pair = |a: &str, b: &str| {
        (one.as_str() == Some(a) && other.as_str() == Some(b))
            || (one.as_str() == Some(b) && other.as_str() == Some(a))
    };
    match register.kind.as_str() {
        kind::VISIT => ["arrived", "recording", "sealed"].iter().any(|s| pair("cancelled", s)),
        kind::FINDING => pair("closed", "case_filed"),
        kind::DOCUMENT => pair("void", "signed") || pair("void", "served"),
        _ => false,
    }
}

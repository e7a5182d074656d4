//! A proposal: somebody's wish to change what another department owns, and the
//! owner's reply to it. It changes nothing by itself.

use serde::{Deserialize, Serialize};

/// The value of a `proposal` record's field `content`.
pub type Proposal = crate::statement::Statement;

/// The value of a `proposal` record's field `reply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Whether the owner takes it over (in a write or decision of its own).
    pub accepted: bool,
    /// Why.
    pub reason: String,
}

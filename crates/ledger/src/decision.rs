//! A decision: the owner's decider settles a register whose standing values
//! differ. It names every value it saw, so a value it did not see stays.

/// The value of a `decision` record's field `ruling`.
pub type Ruling = crate::statement::Statement;

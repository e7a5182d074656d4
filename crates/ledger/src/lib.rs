//! The ledger: chains of changes, how they are named, sealed and exchanged,
//! and the fold that makes of them what everybody sees.
//!
//! Pure: no clock, no randomness, no files, no network, no SQL, no async.
//! `now`, ids and key seeds come in as arguments; collections are ordered, so
//! that equal input gives equal output on every replica. Stores load what a
//! function asks for, call it, and apply what it answers in one transaction.

pub mod authority;
pub mod board;
pub mod branch;
pub mod certificate;
pub mod chain;
pub mod change;
pub mod decision;
pub mod exchange;
pub mod fact;
pub mod file;
pub mod fold;
pub mod founding;
pub mod holdings;
pub mod id;
pub mod incoming;
pub mod lifecycle;
pub mod pack;
pub mod planted;
pub mod policy;
pub mod projection;
pub mod proposal;
pub mod readmission;
pub mod receipt;
pub mod recovery;
pub mod resolution;
pub mod seal;
pub mod signature;
pub mod statement;
mod strict;
pub mod tree;
pub mod wipe;
pub mod withdrawal;

pub use chain::ChainHead;
pub use change::{Change, Limits, Malformed, Write};
pub use fact::{Fact, Place, Verdict, VerdictKind};
pub use fold::Fold;
pub use id::{ChangeId, Hash, Register, WriteId};
pub use policy::{Context, Policy, Resolved};

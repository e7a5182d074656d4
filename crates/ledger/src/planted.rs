//! Bugs planted on purpose, to see that the simulator finds them. Each is one
//! line somewhere in ledger, device or server, behind [`is`].
//!
//! Without the feature `simulation` the question is a constant no, and nothing
//! of a planted bug is compiled in. With it, all are off until the simulator
//! plants one, for its own thread alone.

/// The bugs. The check that must catch each is named in the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Planted {
    /// A tablet says that a gesture is kept and has not committed it.
    AckBeforeCommit,
    /// A tablet forgets one of the chains that it still has to hand in.
    ForgetUnsent,
    /// A tablet never hands in the largest of its files.
    ForgetFile,
    /// A tablet removes the statement that a later one replaces.
    DeleteHead,
    /// The newest by its writer's clock stands, whatever it had seen.
    CompareByClock,
    /// A proposal is taken into the chain and states nothing.
    LoseProposal,
    /// Changes behind the last seal are taken.
    ApplyBeyondSeal,
    /// The office sends the ledgers of other departments along.
    LeakInternal,
    /// The office leaves out a change that it cannot read.
    DropUndecodable,
    /// The tablet's commits do not reach its disk.
    SkipFsyncOnTablet,
    /// The office's commits do not reach its disk.
    SkipFsyncAtOffice,
    /// A decision settles also what its decider did not see.
    DecisionClosesUnseen,
    /// What is voided loses its bytes.
    VoidDeletesBytes,
    /// The newest value stands where the severest should.
    SevererLoses,
    /// A record speaks of a file that was not written.
    RecordWithoutFile,
    /// A file is called safe before the office has it.
    CallFileSafe,
    /// The office judges nothing.
    SkipJudgement,
    /// Whoever writes replaces what others stated.
    SupersedeOthers,
    /// A page that contradicts what is held is taken behind it.
    SkipForkCheck,
    /// Receipts of an office that began anew are kept.
    KeepReceiptsOverEpoch,
    /// A tablet clears away what it left, handed in or not.
    PurgeBeforeReceipt,
}

impl Planted {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::AckBeforeCommit,
        Self::ForgetUnsent,
        Self::ForgetFile,
        Self::DeleteHead,
        Self::CompareByClock,
        Self::LoseProposal,
        Self::ApplyBeyondSeal,
        Self::LeakInternal,
        Self::DropUndecodable,
        Self::SkipFsyncOnTablet,
        Self::SkipFsyncAtOffice,
        Self::DecisionClosesUnseen,
        Self::VoidDeletesBytes,
        Self::SevererLoses,
        Self::RecordWithoutFile,
        Self::CallFileSafe,
        Self::SkipJudgement,
        Self::SupersedeOthers,
        Self::SkipForkCheck,
        Self::KeepReceiptsOverEpoch,
        Self::PurgeBeforeReceipt,
    ];
}

#[cfg(feature = "simulation")]
mod on {
    use super::Planted;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Planted>> = const { Cell::new(None) };
    }

    /// Whether a bug is planted.
    #[must_use]
    pub fn is(bug: Planted) -> bool {
        PLANTED.get() == Some(bug)
    }

    /// Plants a bug on this thread, or none.
    pub fn plant(bug: Option<Planted>) {
        PLANTED.set(bug);
    }
}

#[cfg(feature = "simulation")]
pub use on::{is, plant};

/// Whether a bug is planted: never, in this build.
#[cfg(not(feature = "simulation"))]
#[must_use]
pub const fn is(_: Planted) -> bool {
    false
}

//! A task as people see it: made from the folded registers, the reference
//! package and the viewer, the same on the tablet and on the desk.
//!
//! What the shapes are is in `view`; lists over many tasks are read from the
//! projected tables instead (`projection`).

mod build;
mod parts;
mod view;

pub use view::{
    Access, AssessmentView, Board, Byline, CancellationView, ClockView, ConflictView, DecisionView,
    DocumentView, EvidenceView, FieldView, FindingView, HeadView, HistoryEntry, ItemView,
    JudgementView, NoteView, PartyView, ProposalView, ReplyView, ResolutionView, ReviewView,
    SeatView, ShownValue, Target, TaskCard,
};

use crate::fact::Fact;
use crate::id::{ChangeId, Register};
use crate::policy::Resolved;
use domain::id::{LedgerId, PersonId};
use domain::package::Package;
use std::collections::BTreeMap;

/// Everything a board is made from.
#[derive(Debug, Clone, Copy)]
pub struct BoardInput<'a> {
    /// The joint ledger.
    pub ledger: LedgerId,
    /// The registers of the joint ledger, and of the internal ledgers that the
    /// viewer may read.
    pub registers: &'a BTreeMap<Register, Resolved>,
    /// Every statement on the registers that decisions settled: what was on the table.
    pub facts: &'a [Fact],
    /// Changes that the server judged, with what is known of them.
    pub judged: &'a BTreeMap<ChangeId, Judged>,
    /// The checklist; none while it has not arrived.
    pub package: Option<&'a Package>,
    /// Who looks; none at the desk, where nobody edits records.
    pub viewer: Option<PersonId>,
}

/// A change in the history: who made it and what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What the person did.
    pub intent: String,
    /// The person.
    pub author: PersonId,
    /// Whose chain.
    pub replica: domain::id::ReplicaId,
    /// The writer's clock.
    pub wall: domain::time::Wall,
}

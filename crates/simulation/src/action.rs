//! What can happen in a run, and a schedule of it made from a seed.
//!
//! A step knows nothing of the state it will find: whom and what it concerns is
//! chosen by its own seed when it is done. So any step can be left out and the
//! others stay what they are, which is how a failing schedule is shrunk.

use crate::dice::Dice;
use std::fmt;

/// What a person does with a tablet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// Answers a check item.
    Answer,
    /// Writes a remark on an item.
    Remark,
    /// Writes a finding down.
    Finding,
    /// Edits a finding of one's own department.
    Edit,
    /// Takes a photo.
    Evidence,
    /// Writes a note for one's own department.
    Note,
    /// Asks another department to change something.
    Propose,
    /// Replies to a proposal.
    Reply,
    /// Decides a conflict.
    Decide,
    /// A dishonest app writes what another department owns.
    Foreign,
    /// A newer app writes what this version cannot read.
    Undecodable,
    /// A newer app writes a kind that this version does not know.
    UnknownKind,
}

/// What happens at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    /// A finding is returned.
    Return,
    /// What came back is approved.
    Approve,
    /// The seats of a department are given to other people, or given back.
    Team,
    /// An item or a finding is handed on to another department.
    HandOn,
    /// Somebody says whether a change that was marked stands.
    Settle,
    /// The visit is called off.
    Cancel,
    /// A tablet is taken out of service.
    Revoke,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A person does something.
    Gesture(Gesture),
    /// A tablet exchanges with the office; meanwhile something else may happen.
    Exchange(Option<Box<Step>>),
    /// Something happens at the desk.
    Desk(Desk),
    /// Time passes.
    Pass,
    /// A month passes.
    Month,
    /// A tablet that was not there at the beginning is enrolled.
    Enrol,
    /// A tablet's clock is set wrong, by up to three days.
    Skew,
    /// A tablet will end in the middle of one of its next operations.
    CrashTablet,
    /// The office will.
    CrashOffice,
    /// A tablet is switched off and on.
    Restart,
    /// The office is stopped in order and started.
    RestartOffice,
    /// Somebody keeps a copy of a tablet.
    CopyTablet,
    /// A tablet is put back to the copy that was kept of it.
    PutTabletBack,
    /// The office keeps a copy of its data.
    CopyOffice,
    /// The office is put back to the copy it kept and begins a new epoch.
    RestoreOffice,
    /// A tablet's disk is full, or has space again.
    Full,
    /// The office's disk is.
    FullOffice,
    /// One operation of a tablet's disk will report an error.
    Break,
    /// A tablet is out of reach, or in reach again.
    Partition,
    /// The network gets better or worse.
    Weather,
    /// A request that got stuck on its way arrives after all.
    Late,
    /// Faults stop, everybody exchanges, and everything is compared.
    Quiesce,
}

/// One step of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub action: Action,
    /// Decides everything else about it.
    pub seed: u64,
}

/// A run as it will go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// How many tablets take part.
    pub tablets: usize,
    /// How many of them, the last ones, are not there from the beginning.
    pub late: usize,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Exchange(Some(meanwhile)) => {
                write!(f, "Exchange, meanwhile [{meanwhile}] #{:016x}", self.seed)
            }
            Action::Exchange(None) => write!(f, "Exchange #{:016x}", self.seed),
            other => write!(f, "{other:?} #{:016x}", self.seed),
        }
    }
}

/// How often what is drawn, among all.
const WEIGHTS: &[(u64, Action)] = &[
    (34, Action::Exchange(None)),
    (14, Action::Gesture(Gesture::Answer)),
    (4, Action::Gesture(Gesture::Remark)),
    (9, Action::Gesture(Gesture::Finding)),
    (14, Action::Gesture(Gesture::Edit)),
    (5, Action::Gesture(Gesture::Evidence)),
    (5, Action::Gesture(Gesture::Note)),
    (7, Action::Gesture(Gesture::Propose)),
    (5, Action::Gesture(Gesture::Reply)),
    (8, Action::Gesture(Gesture::Decide)),
    (2, Action::Gesture(Gesture::Foreign)),
    (2, Action::Gesture(Gesture::Undecodable)),
    (2, Action::Gesture(Gesture::UnknownKind)),
    (2, Action::Desk(Desk::Return)),
    (2, Action::Desk(Desk::Approve)),
    (5, Action::Desk(Desk::Team)),
    (3, Action::Desk(Desk::HandOn)),
    (3, Action::Desk(Desk::Settle)),
    (1, Action::Desk(Desk::Cancel)),
    (1, Action::Desk(Desk::Revoke)),
    (6, Action::Pass),
    (3, Action::Month),
    (4, Action::Enrol),
    (3, Action::Skew),
    (7, Action::CrashTablet),
    (5, Action::CrashOffice),
    (2, Action::Restart),
    (1, Action::RestartOffice),
    (4, Action::CopyTablet),
    (4, Action::PutTabletBack),
    (4, Action::CopyOffice),
    (5, Action::RestoreOffice),
    (3, Action::Full),
    (1, Action::FullOffice),
    (2, Action::Break),
    (4, Action::Partition),
    (5, Action::Weather),
    (4, Action::Late),
    (1, Action::Quiesce),
];

/// Steps of a run.
const STEPS: (u64, u64) = (24, 60);

fn action(dice: &mut Dice) -> Action {
    let mut left = dice.below(WEIGHTS.iter().map(|(weight, _)| weight).sum());
    for (weight, action) in WEIGHTS {
        if left < *weight {
            return action.clone();
        }
        left -= weight;
    }
    Action::Pass
}

/// The schedule of a seed.
#[must_use]
pub fn schedule(seed: u64) -> Schedule {
    let mut dice = Dice::of(seed);
    let tablets = 2 + dice.place(5);
    let late = dice.place(tablets - 1).min(2);
    let steps = STEPS.0 + dice.below(STEPS.1 - STEPS.0);
    let steps = (0..steps).map(|_| {
        let mut action = action(&mut dice);
        if action == Action::Exchange(None) && dice.percent(35) {
            let meanwhile = self::action(&mut dice);
            let meanwhile = Step { action: meanwhile, seed: dice.roll() };
            action = Action::Exchange(Some(Box::new(meanwhile)));
        }
        Step { action, seed: dice.roll() }
    });
    Schedule { tablets, late, steps: steps.collect() }
}

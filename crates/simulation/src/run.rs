//! A run: a schedule done in a world, what it counted, and whether anything was
//! found wrong. And how a schedule that fails is made small.

use crate::action::{Action, Schedule, Step, schedule};
use crate::dice::Dice;
use crate::disk::Hits;
use crate::network::Losses;
use crate::oracle::{Check, Violation};
use crate::world::{World, within};
use anyhow::Result;
use ledger::planted::{Planted, plant};
use std::collections::BTreeMap;

/// How far a clock is set wrong at most: three days.
const SKEW_MS_MAX: u64 = 3 * 86_400_000;

/// A month, and a day.
const MONTH_MS: i64 = 31 * 86_400_000;

/// Operations within which a machine that is to end ends.
const END_WITHIN: u64 = 120;

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What was found wrong first, if anything.
    pub violation: Option<Violation>,
    /// How often what happened.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Does what a seed says.
///
/// # Errors
/// When no world can be made, which is a defect.
pub fn seed(seed: u64, bug: Option<Planted>) -> Result<Outcome> {
    run(&schedule(seed), bug)
}

/// Does what a schedule says, and then quiesces.
///
/// # Errors
/// As [`seed`].
pub fn run(schedule: &Schedule, bug: Option<Planted>) -> Result<Outcome> {
    asking(schedule, bug, None)
}

/// Does what a seed says with a bug planted, and asks one check alone: what
/// others would have found before does not hide what this one finds.
///
/// # Errors
/// As [`seed`].
pub fn hunt(seed: u64, bug: Planted, check: Check) -> Result<Outcome> {
    asking(&schedule(seed), Some(bug), Some(check))
}

fn asking(schedule: &Schedule, bug: Option<Planted>, only: Option<Check>) -> Result<Outcome> {
    plant(bug);
    let outcome = within((schedule.tablets, schedule.late), only, |world| {
        for step in &schedule.steps {
            world.step(step);
        }
        world.step(&Step { action: Action::Quiesce, seed: 0xe4d });
        let mut counts = world.counts.borrow().clone();
        tally(world, &mut counts);
        Outcome { violation: world.violation(), counts }
    });
    plant(None);
    outcome
}

fn tally(world: &World, counts: &mut BTreeMap<&'static str, u64>) {
    let Losses {
        carried,
        lost_requests,
        cut_requests,
        partitioned,
        delayed,
        late,
        doubled,
        lost_answers,
        cut_answers,
        cut_pages,
        office_down,
    } = world.losses.borrow().clone();
    let network = [
        ("requests carried", carried),
        ("requests lost", lost_requests),
        ("requests cut", cut_requests),
        ("requests out of reach", partitioned),
        ("requests delayed", delayed),
        ("requests that came late", late),
        ("requests doubled", doubled),
        ("answers lost", lost_answers),
        ("answers cut", cut_answers),
        ("pages without their seal", cut_pages),
        ("requests to an office that is down", office_down),
    ];
    counts.extend(network);
    let mut tablets = Hits::default();
    for tablet in &world.tablets {
        let hits = tablet.machine.hits();
        tablets.operations += hits.operations;
        tablets.crashes += hits.crashes;
        tablets.lost_sectors += hits.lost_sectors;
        tablets.torn_writes += hits.torn_writes;
        tablets.full += hits.full;
        tablets.broken += hits.broken;
    }
    let office = world.office.machine.hits();
    counts.extend([
        ("storage operations", tablets.operations + office.operations),
        ("tablets ended in an operation", tablets.crashes),
        ("office ended in an operation", office.crashes),
        ("sectors lost", tablets.lost_sectors + office.lost_sectors),
        ("writes torn", tablets.torn_writes + office.torn_writes),
        ("tablet disk full", tablets.full),
        ("office disk full", office.full),
        ("disk errors", tablets.broken + office.broken),
    ]);
}

/// What every longer run must have met at least once: a fault that never hits
/// proves nothing.
pub const EXPECTED: &[&str] = &[
    "requests lost",
    "requests cut",
    "requests out of reach",
    "requests delayed",
    "requests that came late",
    "requests doubled",
    "answers lost",
    "answers cut",
    "pages without their seal",
    "requests to an office that is down",
    "tablets ended in an operation",
    "office ended in an operation",
    "sectors lost",
    "writes torn",
    "tablet disk full",
    "office disk full",
    "disk errors",
    "processes killed",
    "power cuts",
    "clocks set wrong",
    "orderly restarts",
    "tablets put back to a copy",
    "offices restored",
    "steps during an exchange",
    "quiescences",
    "answers",
    "remarks",
    "findings",
    "edits",
    "photos",
    "films",
    "notes",
    "proposals",
    "replies",
    "decisions",
    "foreign writes",
    "undecodable changes",
    "unknown kinds",
    "findings returned",
    "tasks approved",
    "teams changed",
    "records handed on",
    "visits called off",
    "tablets out of service",
    "tablets enrolled late",
    "months",
];

impl World {
    /// Does one action.
    pub fn act(&self, action: &Action, dice: &mut Dice) {
        match action {
            Action::Gesture(gesture) => self.gesture(*gesture, dice),
            Action::Exchange(meanwhile) => {
                let number = self.any_tablet(dice);
                let meanwhile = meanwhile.as_ref().map(|step| (dice.below(4), (**step).clone()));
                self.exchange(number, meanwhile);
            }
            Action::Desk(what) => self.at_desk(*what, dice),
            Action::Month => {
                self.truth.pass(MONTH_MS);
                self.long_run.set(true);
                self.count("months");
            }
            Action::Enrol => self.enrol_one(),
            Action::Pass => self.truth.pass(i64::try_from(dice.below(86_400_000)).unwrap_or(0)),
            Action::Skew => {
                let tablet = &self.tablets[self.any_tablet(dice)];
                let ahead = i64::try_from(dice.below(2 * SKEW_MS_MAX)).unwrap_or(0);
                tablet.clock.skew(ahead - SKEW_MS_MAX as i64);
                self.count("clocks set wrong");
            }
            Action::CrashTablet => {
                let tablet = &self.tablets[self.any_tablet(dice)];
                tablet.machine.end_in(1 + dice.below(END_WITHIN));
            }
            Action::CrashOffice => self.office.machine.end_in(1 + dice.below(END_WITHIN)),
            Action::Restart => {
                let number = self.any_tablet(dice);
                self.boot_tablet(number, dice);
            }
            Action::RestartOffice => {
                self.count("orderly restarts");
                self.office.stop();
                if self.office.start().is_err() {
                    // A fault that waited hit; the office is found down later.
                    self.office.machine.end();
                }
            }
            Action::CopyTablet => {
                let number = self.any_tablet(dice);
                self.copy_tablet(number);
            }
            Action::PutTabletBack => {
                let number = self.any_tablet(dice);
                self.put_tablet_back(number);
            }
            Action::CopyOffice => {
                if self.office.is_up() {
                    self.office.back_up();
                }
            }
            Action::RestoreOffice => self.restore_office(),
            Action::Full => {
                let machine = &self.tablets[self.any_tablet(dice)].machine;
                machine.set_full(dice.percent(65));
            }
            Action::FullOffice => self.office.machine.set_full(dice.percent(65)),
            Action::Break => {
                let machine = &self.tablets[self.any_tablet(dice)].machine;
                machine.break_in(1 + dice.below(40));
            }
            Action::Partition => {
                let tablet = &self.tablets[self.any_tablet(dice)];
                tablet.partitioned.set(dice.percent(60));
            }
            Action::Weather => self.weather_turns(dice),
            Action::Late => self.deliver_late(dice),
            Action::Quiesce => self.quiesce(dice),
        }
    }
}

/// Leaves out of a schedule what is not needed for the same check to fail:
/// halves first, then smaller parts, within so many runs.
///
/// # Errors
/// As [`seed`].
pub fn shrink(
    failing: &Schedule,
    violation: &Violation,
    bug: Option<Planted>,
    runs_max: usize,
) -> Result<Schedule> {
    let mut best = failing.clone();
    let mut runs = 0;
    let mut part = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut smaller = false;
        while at < best.steps.len() && runs < runs_max {
            let mut steps = best.steps.clone();
            steps.drain(at..(at + part).min(steps.len()));
            let candidate = Schedule { steps, ..best.clone() };
            runs += 1;
            let outcome = run(&candidate, bug)?;
            if outcome.violation.is_some_and(|found| found.check == violation.check) {
                best = candidate;
                smaller = true;
            } else {
                at += part;
            }
        }
        if runs >= runs_max || (part == 1 && !smaller) {
            return Ok(best);
        }
        if part > 1 {
            part = part.div_ceil(2);
        }
    }
}

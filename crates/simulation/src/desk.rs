//! What happens at the desk in a run, through the real use cases.

use crate::action::Desk;
use crate::dice::Dice;
use crate::office::{CLERK, PEOPLE};
use crate::world::World;
use anyhow::Result;
use domain::id::{PersonId, RecordId};
use domain::record::{field, kind};
use ledger::{ChangeId, Register, Resolved};
use server::simulation::{self as desk, HandOn, PartyRequest, Settle};
use std::collections::BTreeMap;

impl World {
    /// Somebody does something at the desk.
    pub fn at_desk(&self, what: Desk, dice: &mut Dice) {
        if !self.office.is_up() {
            return;
        }
        let done = match what {
            Desk::Return => self.return_finding(dice),
            Desk::Approve => {
                let task = self.task;
                Some(self.office.at_desk(async |app| desk::approve(app, task, CLERK).await))
            }
            Desk::Team => self.change_team(dice),
            Desk::HandOn => self.hand_on(dice),
            Desk::Settle => self.settle(dice),
            Desk::Cancel => {
                let task = self.task;
                Some(self.office.at_desk(async |app| desk::cancel(app, task, CLERK).await))
            }
            Desk::Revoke => self.revoke(dice),
        };
        if done.is_some_and(|done| done.is_ok()) {
            self.count(match what {
                Desk::Return => "findings returned",
                Desk::Approve => "tasks approved",
                Desk::Team => "teams changed",
                Desk::HandOn => "records handed on",
                Desk::Settle => "marked changes settled",
                Desk::Cancel => "visits called off",
                Desk::Revoke => "tablets out of service",
            });
        }
        if what == Desk::Team {
            self.note_grants();
        }
    }

    /// What the registers of the office's ledgers amount to.
    fn registers(&self) -> Option<BTreeMap<Register, Resolved>> {
        let peek = self.office.peek().ok()?;
        Some(peek.ledgers.into_values().flat_map(|held| held.registers).collect())
    }

    fn return_finding(&self, dice: &mut Dice) -> Option<Result<()>> {
        let registers = self.registers()?;
        let findings: Vec<RecordId> = records(&registers, kind::FINDING, field::ORIGIN);
        let (task, finding) = (self.task, *dice.pick(&findings)?);
        Some(
            self.office.at_desk(async |app| {
                desk::return_finding(app, task, finding, "再看一遍", CLERK).await
            }),
        )
    }

    /// Some of a department's people, the first of them leading. Who has no seat
    /// now may get it back another time.
    fn change_team(&self, dice: &mut Dice) -> Option<Result<()>> {
        let (department, crew) = dice.pick(&self.cast.crews)?.clone();
        let mut inspectors = crew;
        while inspectors.len() > PEOPLE && dice.percent(85) {
            let leaves = dice.place(inspectors.len());
            inspectors.remove(leaves);
        }
        let place = dice.place(inspectors.len());
        let site_lead: PersonId = inspectors[place];
        let deputy = inspectors.iter().copied().find(|one| *one != site_lead);
        let deputy = deputy.filter(|_| dice.percent(50));
        let desk_reviewer = None;
        let asked = PartyRequest { department, site_lead, inspectors, deputy, desk_reviewer };
        let task = self.task;
        Some(self.office.at_desk(async |app| desk::change_team(app, task, asked, CLERK).await))
    }

    fn hand_on(&self, dice: &mut Dice) -> Option<Result<()>> {
        let registers = self.registers()?;
        let mut known = records(&registers, kind::FINDING, field::ORIGIN);
        known.extend(records(&registers, kind::ITEM, field::RESULT));
        known.retain(|rec| !self.foreign.borrow().contains(rec));
        let rec = *dice.pick(&known)?;
        let (department, _) = dice.pick(&self.cast.crews)?.clone();
        // Also when it fails: nobody can say that it did not happen.
        self.handed_on.borrow_mut().insert(rec);
        let (task, reason) = (self.task, "属其职责".to_owned());
        let to = HandOn { department, reason };
        Some(self.office.at_desk(async |app| desk::hand_on(app, task, rec, to, CLERK).await))
    }

    /// Of the changes that were marked for review, one.
    fn settle(&self, dice: &mut Dice) -> Option<Result<()>> {
        let registers = self.registers()?;
        let verdicts = registers.iter().filter(|(one, _)| one.is(kind::JUDGEMENT, field::VERDICT));
        let marked: Vec<ChangeId> = verdicts
            .filter_map(|(_, resolved)| {
                let verdict = resolved.shown.as_ref()?;
                let change = verdict.get("change")?.as_str()?.parse().ok()?;
                (verdict.get("verdict")? == "review").then_some(change)
            })
            .collect();
        let (task, change) = (self.task, *dice.pick(&marked)?);
        let asked = Settle { accepted: dice.percent(50), reason: "核实过".to_owned() };
        Some(self.office.at_desk(async |app| desk::settle(app, task, change, asked, CLERK).await))
    }

    fn revoke(&self, dice: &mut Dice) -> Option<Result<()>> {
        let number = self.any_tablet(dice);
        let (replica, _) = self.tablets[number].device()?.who().ok()?;
        Some(self.office.at_desk(async |app| desk::revoke(app, replica).await))
    }
}

fn records(registers: &BTreeMap<Register, Resolved>, of: &str, with: &str) -> Vec<RecordId> {
    registers.keys().filter(|one| one.is(of, with)).map(|one| one.rec).collect()
}

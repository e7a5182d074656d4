//! Who may write what: one arm for each kind of record.

use super::{Reason, Scene};
use crate::change::{Change, Write};
use crate::decision::Ruling;
use crate::id::Register;
use crate::policy::{policy, server_only};
use crate::proposal::Proposal;
use crate::signature::Signature;
use crate::withdrawal::Withdrawal;
use domain::finding::Origin;
use domain::id::{DepartmentId, RecordId};
use domain::record::{field, kind};
use domain::task::{Audience, Seat, VisitState};
use std::collections::BTreeMap;

/// The field by which a record of a kind comes to be, where it then belongs to
/// the department of whoever wrote it first.
pub(super) fn first_field(record_kind: &str) -> Option<&'static str> {
    match record_kind {
        kind::EVIDENCE => Some(field::FILE),
        kind::DOCUMENT => Some(field::MANIFEST),
        kind::DECISION => Some(field::RULING),
        kind::PERSONAL => Some(field::SEALED),
        kind::PROPOSAL | kind::SIGNATURE | kind::WITHDRAWAL | kind::WAIVER | kind::LINK => {
            Some(field::CONTENT)
        }
        _ => None,
    }
}

/// Whether a register belongs to the department of whoever wrote it first.
#[must_use]
pub fn is_authored(register: &Register) -> bool {
    first_field(&register.kind) == Some(register.field.as_str())
}

/// What a stranger saw is kept for a person to judge; what only a lead may
/// settle takes no effect meanwhile.
pub(super) fn of_stranger(change: &Change) -> Reason {
    let settles = change.writes.iter().any(|w| {
        w.register.is(kind::DECISION, field::RULING)
            || w.register.is(kind::PROPOSAL, field::REPLY)
            || w.register.is(kind::WITHDRAWAL, field::CONTENT)
            || w.register.is(kind::WAIVER, field::CONTENT)
    });
    if settles { Reason::NotDecider } else { Reason::NotMember }
}

/// Judges a change by a seat that its author had.
pub(super) fn judge_writes(change: &Change, seat: &Seat, scene: &Scene) -> Option<Reason> {
    let created = created_findings(change);
    let judge = Judge { seat, scene, seen: change.seen, created: &created };
    change.writes.iter().filter_map(|write| judge.write(write)).min()
}

/// Findings that the change itself creates, with their owners.
fn created_findings(change: &Change) -> BTreeMap<RecordId, DepartmentId> {
    let origins = change.writes.iter().filter(|w| w.register.is(kind::FINDING, field::ORIGIN));
    origins
        .filter_map(|w| {
            let origin: Origin = serde_json::from_value(w.val.clone()).ok()?;
            Some((w.register.rec, origin.department))
        })
        .collect()
}

struct Judge<'a> {
    seat: &'a Seat,
    scene: &'a Scene,
    seen: u64,
    created: &'a BTreeMap<RecordId, DepartmentId>,
}

impl Judge<'_> {
    fn write(&self, write: &Write) -> Option<Reason> {
        let register = &write.register;
        if server_only(register) || register.field == field::WITHDRAWN {
            return Some(Reason::ServerOnly);
        }
        let own = Audience::Internal { department: self.seat.department };
        match (register.kind.as_str(), register.field.as_str()) {
            (kind::NOTE, _) | (kind::PERSONAL, field::KEY) => {
                (self.scene.audience != Some(own)).then_some(Reason::WrongLedger)
            }
            // Personal data lie with what they belong to, in either ledger.
            (kind::PERSONAL, field::SEALED) => self.authored(register),
            _ if self.scene.audience != Some(Audience::Joint) => Some(Reason::WrongLedger),
            (kind::ITEM, _) => self.owns(register),
            (kind::FINDING, field::ORIGIN) => self.creates_finding(register),
            (kind::FINDING, _) => self.owns(register),
            (kind::VISIT, field::STATE) => self.moves_visit(write),
            (kind::DOCUMENT, field::STATE) => self.owns(register),
            (kind::PROPOSAL, field::REPLY) => match self.scene.proposals.get(&register.rec) {
                Some(target) => self.decides(target),
                None => Some(Reason::UnknownRecord),
            },
            (kind::LINK, field::PRIMARY) | (kind::WAIVER, field::CONTENT) => self.leads(),
            (kind::SUBMISSION, field::CONTENT) => {
                (register.rec.0 != self.seat.person.0).then_some(Reason::NotOwner)
            }
            _ => self.authored(register).or_else(|| self.content(write)),
        }
    }

    /// What a record must say that anybody in the team may write.
    fn content(&self, write: &Write) -> Option<Reason> {
        let (register, value) = (&write.register, &write.val);
        match (register.kind.as_str(), register.field.as_str()) {
            (kind::PROPOSAL, field::CONTENT) => match Proposal::from_value(value) {
                // What the office holds of the enterprise may be wished otherwise.
                Some(p) if server_only(&p.target) && p.target.kind != kind::ENTERPRISE => {
                    Some(Reason::ServerOnly)
                }
                Some(_) => None,
                None => Some(Reason::WrongForm),
            },
            (kind::DECISION, field::RULING) => match Ruling::from_value(value) {
                Some(r) if server_only(&r.target) => Some(Reason::ServerOnly),
                // Only what can be in conflict can be decided: nobody decides where
                // a finding comes from, or a photo away.
                Some(r) if !policy(&r.target).is_guarded() => Some(Reason::WrongForm),
                // Whether a visit took place that the office called off is the
                // supervisor's to say.
                Some(r) if r.target.kind == kind::VISIT => Some(Reason::NotDecider),
                Some(r) => self.decides(&r.target),
                None => Some(Reason::WrongForm),
            },
            (kind::WITHDRAWAL, field::CONTENT) => match Withdrawal::from_value(value) {
                Some(w) => self.withdraws(&w.register()),
                None => Some(Reason::WrongForm),
            },
            (kind::SIGNATURE, field::CONTENT) => {
                Signature::from_value(value).is_none().then_some(Reason::WrongForm)
            }
            // Evidence, documents, links and kinds of a newer version: any member.
            _ => None,
        }
    }

    /// A finding is created once, by its owner; nobody hands it on by writing
    /// this again.
    fn creates_finding(&self, register: &Register) -> Option<Reason> {
        let known = self.scene.owners(register, self.seen);
        if !known.is_empty() && !known.contains(&self.seat.department) {
            return Some(Reason::NotOwner);
        }
        match self.created.get(&register.rec) {
            Some(owner) if *owner == self.seat.department => None,
            Some(_) => Some(Reason::NotOwner),
            None => Some(Reason::WrongForm),
        }
    }

    fn moves_visit(&self, write: &Write) -> Option<Reason> {
        match serde_json::from_value(write.val.clone()) {
            Ok(VisitState::Cancelled) => Some(Reason::ServerOnly),
            Ok(VisitState::Sealed) => self.leads(),
            Ok(_) => None,
            Err(_) => Some(Reason::WrongForm),
        }
    }

    /// A finding is taken back by whoever may lower it; what one department
    /// wrote, by that department.
    fn withdraws(&self, register: &Register) -> Option<Reason> {
        match register.kind.as_str() {
            kind::FINDING => self.decides(register),
            kind::EVIDENCE | kind::LINK | kind::PROPOSAL | kind::PERSONAL => {
                let first = first_field(&register.kind).unwrap_or_default();
                let first = Register::new(&register.kind, register.rec, first);
                match self.scene.authors.get(&first) {
                    Some(author) if *author == self.seat.department => None,
                    Some(_) => Some(Reason::NotOwner),
                    None => Some(Reason::UnknownRecord),
                }
            }
            _ => Some(Reason::WrongForm),
        }
    }

    fn leads(&self) -> Option<Reason> {
        let leads = self.scene.lead == Some(self.seat.department) && self.seat.decides();
        (!leads).then_some(Reason::NotDecider)
    }

    fn authored(&self, register: &Register) -> Option<Reason> {
        let author = self.scene.authors.get(register).filter(|_| is_authored(register));
        author.is_some_and(|owner| *owner != self.seat.department).then_some(Reason::NotOwner)
    }

    fn owns(&self, register: &Register) -> Option<Reason> {
        self.by_owner(register, true, Reason::NotOwner)
    }

    fn decides(&self, register: &Register) -> Option<Reason> {
        self.by_owner(register, self.seat.decides(), Reason::NotDecider)
    }

    fn by_owner(&self, register: &Register, entitled: bool, otherwise: Reason) -> Option<Reason> {
        let mut owners = self.scene.owners(register, self.seen);
        if owners.is_empty() {
            owners.extend(self.created.get(&register.rec).copied());
        }
        let own = owners.iter().filter(|owner| **owner == self.seat.department).count();
        match own {
            _ if owners.is_empty() => Some(Reason::UnknownRecord),
            0 => Some(otherwise),
            _ if !entitled => Some(otherwise),
            n if n < owners.len() => Some(Reason::AuthorityChanged),
            _ => None,
        }
    }
}

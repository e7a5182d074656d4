//! What a tablet's change may do: the same judgement at the tablet, before it
//! commits, and at the server, on receipt.
//!
//! The server never turns a verified change away. It voids what was not
//! allowed and marks for review what only a person can judge.

use crate::certificate::Certificate;
use crate::change::{Change, Write};
use crate::decision::Ruling;
use crate::fact::VerdictKind;
use crate::id::Register;
use crate::policy::server_only;
use crate::proposal::Proposal;
use domain::finding::Origin;
use domain::id::{DepartmentId, PersonId, RecordId};
use domain::record::{field, kind};
use domain::task::{Audience, Seat};
use std::collections::BTreeMap;

/// Why a change is not simply taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The author is not the person the tablet is enrolled for.
    WrongAuthor,
    /// The tablet's certificate did not cover the day.
    CertificateExpired,
    /// The person has no seat in the team.
    NotMember,
    /// Another department owns the record.
    NotOwner,
    /// Only the owner's site lead or deputy may do this.
    NotDecider,
    /// Only the office writes this.
    ServerOnly,
    /// It does not belong into this ledger.
    WrongLedger,
    /// The record is not known here.
    UnknownRecord,
    /// The value has not the form its field wants.
    WrongForm,
    /// The bytes cannot be read.
    Malformed,
}

impl Reason {
    /// The code in judgements and receipts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongAuthor => "wrong_author",
            Self::CertificateExpired => "certificate_expired",
            Self::NotMember => "not_member",
            Self::NotOwner => "not_owner",
            Self::NotDecider => "not_decider",
            Self::ServerOnly => "server_only",
            Self::WrongLedger => "wrong_ledger",
            Self::UnknownRecord => "unknown_record",
            Self::WrongForm => "wrong_form",
            Self::Malformed => "malformed",
        }
    }

    /// What the server says for this reason: what depends on time and
    /// membership is for a person to judge, the rest takes no effect.
    #[must_use]
    pub fn verdict(self) -> VerdictKind {
        match self {
            Self::CertificateExpired | Self::NotMember | Self::UnknownRecord => VerdictKind::Review,
            _ => VerdictKind::Void,
        }
    }
}

/// What is known of a task when a change to it is judged.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// Who may read the ledger; none when its genesis is not known.
    pub audience: Option<Audience>,
    /// The team.
    pub seats: BTreeMap<PersonId, Seat>,
    /// Who owns each check item.
    pub items: BTreeMap<RecordId, DepartmentId>,
    /// Who owns each finding.
    pub findings: BTreeMap<RecordId, DepartmentId>,
    /// What each proposal wants to change.
    pub proposals: BTreeMap<RecordId, Register>,
}

impl Scene {
    /// The department that owns what a register belongs to.
    #[must_use]
    pub fn owner(&self, register: &Register) -> Option<DepartmentId> {
        match register.kind.as_str() {
            kind::ITEM => self.items.get(&register.rec).copied(),
            kind::FINDING => self.findings.get(&register.rec).copied(),
            _ => None,
        }
    }
}

/// Judges a change; none when it may be taken as it is. The gravest reason
/// counts: void before review.
#[must_use]
pub fn judge(by: &Certificate, change: &Change, scene: &Scene) -> Option<Reason> {
    if by.person != Some(change.author) {
        return Some(Reason::WrongAuthor);
    }
    let mut reasons: Vec<Reason> = Vec::new();
    let day = change.wall.shanghai_date();
    if day < by.valid_from || day > by.valid_to {
        reasons.push(Reason::CertificateExpired);
    }
    let Some(seat) = scene.seats.get(&change.author) else {
        return Some(Reason::NotMember);
    };
    let created = created_findings(change);
    reasons.extend(change.writes.iter().filter_map(|w| judge_write(w, seat, scene, &created)));
    reasons.into_iter().min_by_key(|r| (r.verdict() != VerdictKind::Void, *r))
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

fn judge_write(
    write: &Write,
    seat: &Seat,
    scene: &Scene,
    created: &BTreeMap<RecordId, DepartmentId>,
) -> Option<Reason> {
    let register = &write.register;
    if server_only(register) {
        return Some(Reason::ServerOnly);
    }
    let owns = |owner: Option<DepartmentId>| match owner {
        Some(owner) if owner == seat.department => None,
        Some(_) => Some(Reason::NotOwner),
        None => Some(Reason::UnknownRecord),
    };
    let decides = |owner: Option<DepartmentId>| match owner {
        Some(owner) if owner == seat.department && seat.decides() => None,
        Some(_) => Some(Reason::NotDecider),
        None => Some(Reason::UnknownRecord),
    };
    match (register.kind.as_str(), register.field.as_str()) {
        (kind::NOTE, _) => {
            let own = Audience::Internal { department: seat.department };
            (scene.audience != Some(own)).then_some(Reason::WrongLedger)
        }
        _ if scene.audience != Some(Audience::Joint) => Some(Reason::WrongLedger),
        (kind::ITEM, _) => owns(scene.owner(register)),
        (kind::FINDING, field::ORIGIN) => {
            // A finding is created once, by its owner; nobody hands it on by writing this again.
            match scene.findings.get(&register.rec) {
                Some(owner) if *owner != seat.department => Some(Reason::NotOwner),
                _ => match created.get(&register.rec) {
                    Some(owner) if *owner == seat.department => None,
                    Some(_) => Some(Reason::NotOwner),
                    None => Some(Reason::WrongForm),
                },
            }
        }
        (kind::FINDING, _) => {
            owns(scene.owner(register).or_else(|| created.get(&register.rec).copied()))
        }
        (kind::PROPOSAL, field::CONTENT) => match Proposal::from_value(&write.val) {
            Some(proposal) if server_only(&proposal.target) => Some(Reason::ServerOnly),
            Some(_) => None,
            None => Some(Reason::WrongForm),
        },
        (kind::PROPOSAL, field::REPLY) => {
            let target = scene.proposals.get(&register.rec);
            decides(target.and_then(|target| scene.owner(target)))
        }
        (kind::DECISION, field::RULING) => match Ruling::from_value(&write.val) {
            Some(ruling) if server_only(&ruling.target) => Some(Reason::ServerOnly),
            Some(ruling) => decides(scene.owner(&ruling.target)),
            None => Some(Reason::WrongForm),
        },
        // Evidence, documents and kinds of a newer version: any member may add them.
        _ => None,
    }
}

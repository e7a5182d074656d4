//! What a tablet's change may do: the same judgement at the tablet, before it
//! commits, and at the server, on receipt.
//!
//! The server never turns a verified change away. It voids what was not
//! allowed and marks for review what only a person can judge. Authority is that
//! of the time of the act, which nobody can prove: it lies between what the
//! author had seen of the server's chain and the receipt. What was allowed all
//! that time is taken, what never was is voided, the rest is for a person.

mod mention;
mod rules;
mod scene;
#[cfg(test)]
mod tests;

pub use mention::mentioned;
pub use rules::is_authored;
pub use scene::{FIELDS, FIELDS_OF_MANY, Scene};

use crate::certificate::Certificate;
use crate::change::Change;
use crate::fact::VerdictKind;
use crate::founding;
use crate::id::ChangeId;
use crate::policy::opening;
use crate::signature::is_stated;
use domain::id::LedgerId;
use domain::record::{field, kind};
use domain::task::Seat;

/// Why a change is not simply taken. The earlier of two is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The author is not the person the tablet is enrolled for.
    WrongAuthor,
    /// Only the office writes this.
    ServerOnly,
    /// Another department owns the record.
    NotOwner,
    /// Only the owner's site lead, deputy or desk reviewer may do this.
    NotDecider,
    /// It does not belong into this ledger.
    WrongLedger,
    /// The value has not the form its field wants.
    WrongForm,
    /// The bytes cannot be read.
    Malformed,
    /// The person has no seat in the team.
    NotMember,
    /// Seat or ownership changed about the time of the act.
    AuthorityChanged,
    /// The tablet was taken out of service.
    Revoked,
    /// The tablet's certificate did not cover the day.
    CertificateExpired,
    /// The office called the visit off.
    Cancelled,
    /// The site record was signed without it: it wants a supplementary record.
    AfterSealing,
    /// The record is not known here.
    UnknownRecord,
    /// The app is too old to sign or decide.
    TooOld,
}

impl Reason {
    /// The code in judgements and receipts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongAuthor => "wrong_author",
            Self::ServerOnly => "server_only",
            Self::NotOwner => "not_owner",
            Self::NotDecider => "not_decider",
            Self::WrongLedger => "wrong_ledger",
            Self::WrongForm => "wrong_form",
            Self::Malformed => "malformed",
            Self::NotMember => "not_member",
            Self::AuthorityChanged => "authority_changed",
            Self::Revoked => "revoked",
            Self::CertificateExpired => "certificate_expired",
            Self::Cancelled => "cancelled",
            Self::AfterSealing => "after_sealing",
            Self::UnknownRecord => "unknown_record",
            Self::TooOld => "too_old",
        }
    }

    /// What the server says for this reason: what depends on time and
    /// membership is for a person to judge, the rest takes no effect.
    #[must_use]
    pub fn verdict(self) -> VerdictKind {
        if self < Self::NotMember { VerdictKind::Void } else { VerdictKind::Review }
    }
}

/// Something the server's chain set, and set anew: from which position on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History<T>(Vec<(u64, T)>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> History<T> {
    /// What was set, by the position of the server's chain that set it. What
    /// stands in no server's chain has position 0.
    #[must_use]
    pub fn of(mut set: Vec<(u64, T)>) -> Self {
        set.sort_by_key(|(pos, _)| *pos);
        Self(set)
    }

    /// What held always.
    #[must_use]
    pub fn always(value: T) -> Self {
        Self(vec![(0, value)])
    }

    /// Sets it anew from a position on.
    pub fn set(&mut self, pos: u64, value: T) {
        let at = self.0.partition_point(|(earlier, _)| *earlier <= pos);
        self.0.insert(at, (pos, value));
    }

    /// What holds now.
    #[must_use]
    pub fn now(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }

    /// What may have held when somebody acted who had seen the server's chain up
    /// to a position: what held there, and everything since.
    pub fn since(&self, seen: u64) -> impl Iterator<Item = &T> {
        let after = self.0.partition_point(|(pos, _)| *pos <= seen);
        self.0[after.saturating_sub(1)..].iter().map(|(_, value)| value)
    }
}

/// A change to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// The ledger.
    pub ledger: LedgerId,
    /// Its id.
    pub id: ChangeId,
    /// Whose tablet.
    pub by: &'a Certificate,
    /// What it says.
    pub change: &'a Change,
}

/// Judges a change; none when it may be taken as it is. The gravest reason
/// counts: void before review.
#[must_use]
pub fn judge(act: Act<'_>, scene: &Scene) -> Option<Reason> {
    let Act { ledger, id, by, change } = act;
    if by.person != Some(change.author) {
        return Some(Reason::WrongAuthor);
    }
    if founding::opens(ledger, by.replica, change.pos, change) {
        return judge_opening(by, change);
    }
    let mut reasons = circumstances(act, scene);
    match scene.seats.get(&change.author) {
        None => reasons.push(rules::of_stranger(change)),
        Some(seats) => reasons.extend(over_time(seats, change, scene)),
    }
    let gravest = reasons.into_iter().min()?;
    // What a signed document relies on stays in force, whoever was wrong.
    let signed = scene.signed.contains(&id) && gravest.verdict() == VerdictKind::Void;
    Some(if signed { Reason::AuthorityChanged } else { gravest })
}

/// What speaks for review whatever the change says.
fn circumstances(act: Act<'_>, scene: &Scene) -> Vec<Reason> {
    let Act { id, by, change, .. } = act;
    let day = change.wall.shanghai_date();
    let states = change.writes.iter().any(|w| {
        is_stated(&w.register)
            || w.register.is(kind::WITHDRAWAL, field::CONTENT)
            || w.register.is(kind::DECISION, field::RULING)
    });
    let reasons = [
        (scene.revoked.contains(&by.replica), Reason::Revoked),
        (day < by.valid_from || day > by.valid_to, Reason::CertificateExpired),
        (scene.cancelled, Reason::Cancelled),
        (scene.sealed && states && !scene.signed.contains(&id), Reason::AfterSealing),
    ];
    reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
}

/// Judges by every seat that the author may have had at the time of the act.
fn over_time(seats: &History<Option<Seat>>, change: &Change, scene: &Scene) -> Option<Reason> {
    let last = seats.since(0).flatten().last();
    let verdicts: Vec<Option<Reason>> = seats
        .since(change.seen)
        .map(|seat| match seat {
            Some(seat) => rules::judge_writes(change, seat, scene),
            // What they could not write with a seat they cannot without one.
            None => last
                .and_then(|seat| rules::judge_writes(change, seat, scene))
                .filter(|reason| reason.verdict() == VerdictKind::Void)
                .or_else(|| Some(rules::of_stranger(change))),
        })
        .collect();
    match verdicts.iter().flatten().max() {
        None => None,
        Some(_) if verdicts.iter().any(Option::is_none) => Some(Reason::AuthorityChanged),
        Some(mildest) => Some(*mildest),
    }
}

/// The change that opens a ledger on site: by somebody who takes a seat in it
/// for the department of the tablet, and of nothing else.
fn judge_opening(by: &Certificate, change: &Change) -> Option<Reason> {
    let own_seat = change.writes.iter().any(|w| {
        w.register.is(kind::MEMBER, field::SEAT)
            && serde_json::from_value::<Seat>(w.val.clone()).is_ok_and(|seat| {
                seat.person == change.author && Some(seat.department) == by.department
            })
    });
    let only_opening = change.writes.iter().all(|w| opening(&w.register));
    (!own_seat || !only_opening).then_some(Reason::WrongForm)
}

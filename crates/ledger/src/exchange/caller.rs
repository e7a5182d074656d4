//! The side that calls: a tablet brings its changes and asks for what it lacks,
//! turn by turn, until both hold the same.

use super::message::{RequestHeader, ResponseHeader};
use crate::holdings::{Holdings, Span, ledger_digest};
use domain::id::{LedgerId, ReplicaId};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Turns without any progress after which an exchange is given up.
const IDLE_TURNS_MAX: u32 = 6;

/// The two sides answer each other without coming closer; a defect to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the exchange makes no progress")]
pub struct Stuck;

/// What the caller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Another turn.
    Again,
    /// Both hold the same, but for what was refused.
    Done,
}

/// One exchange, from the caller's side. In each turn the store gives
/// [`Caller::spans`] its bytes, cut to a budget at a seal, sends them with
/// [`Caller::header`], applies the answer's pages and hands over its header.
#[derive(Debug, Clone)]
pub struct Caller {
    replica: ReplicaId,
    epoch: Uuid,
    ask: BTreeSet<LedgerId>,
    to_send: BTreeMap<(LedgerId, ReplicaId), Span>,
    refused: BTreeSet<(LedgerId, ReplicaId)>,
    left: BTreeSet<LedgerId>,
    last: Option<Holdings>,
    idle_turns: u32,
}

impl Caller {
    /// Starts an exchange. `unsent` are the spans of the caller's own chains
    /// that have no receipt yet.
    #[must_use]
    pub fn new(replica: ReplicaId, epoch: Uuid, unsent: impl IntoIterator<Item = Span>) -> Self {
        let to_send: BTreeMap<_, _> =
            unsent.into_iter().map(|s| ((s.ledger, s.replica), s)).collect();
        Self {
            replica,
            epoch,
            ask: to_send.keys().map(|(ledger, _)| *ledger).collect(),
            to_send,
            refused: BTreeSet::new(),
            left: BTreeSet::new(),
            last: None,
            idle_turns: 0,
        }
    }

    /// What should be sent in this turn, as far as the budget goes.
    pub fn spans(&self) -> impl Iterator<Item = &Span> {
        self.to_send.values()
    }

    /// The header of this turn. `holdings` are those of granted ledgers.
    #[must_use]
    pub fn header(&self, holdings: &Holdings) -> RequestHeader {
        RequestHeader::new(self.epoch, self.replica, holdings, self.ask.iter().copied())
    }

    /// Ledgers that the answers said are not readable any more.
    #[must_use]
    pub fn left(&self) -> &BTreeSet<LedgerId> {
        &self.left
    }

    /// Chains whose changes were refused in this exchange.
    #[must_use]
    pub fn refused(&self) -> &BTreeSet<(LedgerId, ReplicaId)> {
        &self.refused
    }

    /// Notes that a page of this chain was not taken here: what it leaves apart
    /// is explained, and nothing of it is sent on.
    pub fn refuse(&mut self, ledger: LedgerId, replica: ReplicaId) {
        self.refused.insert((ledger, replica));
    }

    /// Takes an answer, after its pages were applied. `sent` are the spans that
    /// really went out; `holdings` those of granted ledgers now.
    ///
    /// # Errors
    /// [`Stuck`] when turns bring nothing new.
    pub fn take(
        &mut self,
        answer: &ResponseHeader,
        sent: &[Span],
        holdings: &Holdings,
    ) -> Result<Step, Stuck> {
        self.epoch = answer.epoch;
        self.left.extend(answer.left.iter().copied());
        self.refused.extend(answer.refused.iter().map(|r| (r.ledger, r.replica)));
        for span in sent {
            let key = (span.ledger, span.replica);
            if let Some(rest) = self.to_send.get_mut(&key) {
                rest.after = span.upto;
                rest.at = None;
            }
        }
        for want in &answer.wants {
            let upto = holdings.0.get(&want.ledger).and_then(|l| l.get(&want.replica));
            let Some(held) = upto.filter(|held| held.0 > want.after) else { continue };
            let span = Span {
                ledger: want.ledger,
                replica: want.replica,
                after: want.after,
                at: want.at,
                upto: held.0,
            };
            self.to_send.insert((want.ledger, want.replica), span);
        }
        // What was written for a ledger that was left is handed in all the same:
        // the right to upload outlives the right to read.
        let refused = &self.refused;
        self.to_send.retain(|key, span| span.after < span.upto && !refused.contains(key));

        if self.to_send.is_empty() && holdings.digest() == answer.digest {
            return Ok(Step::Done);
        }
        let differing = answer.ledgers.iter().filter(|(ledger, digest)| {
            holdings.0.get(ledger).map(ledger_digest).as_ref() != Some(*digest)
        });
        let mut ask: BTreeSet<LedgerId> = differing.map(|(ledger, _)| *ledger).collect();
        ask.extend(self.to_send.keys().map(|(ledger, _)| *ledger));
        // Held here and not named there: ask, so that the answer says it was left.
        let named = |l: &&LedgerId| answer.ledgers.contains_key(*l) || self.ask.contains(*l);
        ask.extend(holdings.0.keys().filter(|ledger| !named(ledger)));
        if answer.more || ask.is_empty() {
            // What was asked about may still differ; it is asked about again.
            ask.extend(self.ask.iter().copied());
        }
        ask.retain(|ledger| !self.left.contains(ledger));
        if ask.is_empty() && self.to_send.is_empty() {
            return Ok(Step::Done);
        }

        // Asking about something else is no progress by itself: two ledgers that
        // both differ for good would be asked about in turns for ever.
        let progress = !sent.is_empty() || self.last.as_ref() != Some(holdings);
        self.idle_turns = if progress { 0 } else { self.idle_turns + 1 };
        if self.idle_turns >= IDLE_TURNS_MAX {
            // Refused chains explain a lasting difference; nothing else may.
            return if self.refused.is_empty() { Err(Stuck) } else { Ok(Step::Done) };
        }
        self.ask = ask;
        self.last = Some(holdings.clone());
        Ok(Step::Again)
    }
}

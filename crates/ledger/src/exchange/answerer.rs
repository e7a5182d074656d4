//! The side that answers: compares what the caller holds with what it may have.

use super::message::{RequestHeader, Want};
use crate::holdings::{Holdings, Span, lacking, ledger_digest};
use crate::id::Hash;
use domain::id::{LedgerId, ReplicaId};
use std::collections::{BTreeMap, BTreeSet};

/// What to answer; the store loads the spans' bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// What the caller lacks, the server's chains first.
    pub spans: Vec<Span>,
    /// What the caller holds and the server lacks.
    pub wants: Vec<Want>,
    /// Digests of granted ledgers that the caller did not ask about.
    pub ledgers: BTreeMap<LedgerId, Hash>,
    /// Ledgers asked about that are not granted.
    pub left: Vec<LedgerId>,
}

/// Decides the answer.
///
/// `granted` is what is held of exactly the ledgers that the caller may read,
/// after its pages were applied; `unknown` are ledgers asked about that the
/// office has never heard of, founded on site or since the copy that it was
/// restored from: all that the caller has of them is wanted. `server` is the
/// answering replica.
#[must_use]
pub fn answer(
    request: &RequestHeader,
    granted: &Holdings,
    unknown: &BTreeSet<LedgerId>,
    server: ReplicaId,
) -> Answer {
    let mut answer = Answer::default();
    if request.digest == granted.digest() {
        return answer;
    }
    let nothing = BTreeMap::new();
    for (ledger, theirs) in &request.ask {
        let ours = match granted.0.get(ledger) {
            Some(ours) => ours,
            None if unknown.contains(ledger) => &nothing,
            None => {
                answer.left.push(*ledger);
                continue;
            }
        };
        answer.spans.extend(lacking(*ledger, theirs, ours));
        answer.wants.extend(lacking(*ledger, ours, theirs).into_iter().map(|s| Want {
            ledger: s.ledger,
            replica: s.replica,
            after: s.after,
            at: s.at,
        }));
    }
    // Certificates and judgements must be there before what they are about.
    answer.spans.sort_by_key(|span| (span.replica != server, *span));
    let unasked = granted.0.iter().filter(|(ledger, _)| !request.ask.contains_key(ledger));
    answer.ledgers = unasked.map(|(ledger, ours)| (*ledger, ledger_digest(ours))).collect();
    answer
}

//! Replicas in memory that drive the real exchange: what the stores do with
//! tables, done with maps.

#![allow(dead_code, reason = "each test file uses its own part")]

use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId};
use domain::time::Wall;
use ledger::certificate::ReplicaRole;
use ledger::exchange::{Caller, Request, Response, ResponseHeader, Step, Stuck, answer};
use ledger::holdings::{Holdings, Span};
use ledger::incoming::{HeldChain, Page, Refusal, plan_incoming};
use ledger::seal::{PublicKey, Seal, Signer};
use ledger::{ChainHead, Change, Fold, Hash, Limits, Register, Write};
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}
pub fn rec(n: u128) -> RecordId {
    RecordId(uuid(0x1000 + n))
}
pub fn person(n: u128) -> PersonId {
    PersonId(uuid(0x2000 + n))
}
pub fn department(n: u128) -> DepartmentId {
    DepartmentId(uuid(0x3000 + n))
}
pub fn ledger_id(n: u128) -> LedgerId {
    LedgerId(uuid(0x4000 + n))
}
pub fn wall(ms: i64) -> Wall {
    Wall::new(chrono::DateTime::from_timestamp_millis(1_795_000_000_000 + ms).unwrap())
}

#[derive(Clone)]
pub struct Chain {
    pub changes: Vec<Vec<u8>>,
    pub heads: Vec<ChainHead>,
    pub seals: BTreeMap<u64, Seal>,
}

/// One replica. `n` names it; its key grows from that.
pub struct Replica {
    pub n: u8,
    pub id: ReplicaId,
    pub role: ReplicaRole,
    pub person: PersonId,
    pub chains: BTreeMap<(LedgerId, ReplicaId), Chain>,
    pub granted: Vec<LedgerId>,
    pub acknowledged: BTreeMap<LedgerId, u64>,
    pub count: u64,
}

pub fn signer(n: u8) -> Signer {
    Signer::from_seed(&[n; 32])
}
pub fn replica_id(n: u8) -> ReplicaId {
    ReplicaId(uuid(0x5000 + u128::from(n)))
}
fn key_of(replica: ReplicaId) -> PublicKey {
    let n = u8::try_from(replica.0.as_u128() - 0x5000).unwrap();
    signer(n).public()
}
fn role_of(replica: ReplicaId) -> ReplicaRole {
    if replica == replica_id(0) { ReplicaRole::Server } else { ReplicaRole::Tablet }
}

impl Replica {
    pub fn new(n: u8, granted: &[LedgerId]) -> Self {
        let id = replica_id(n);
        Self {
            n,
            id,
            role: role_of(id),
            person: person(u128::from(n)),
            chains: BTreeMap::new(),
            granted: granted.to_vec(),
            acknowledged: BTreeMap::new(),
            count: 0,
        }
    }

    pub fn head(&self, ledger: LedgerId, replica: ReplicaId) -> ChainHead {
        self.chains
            .get(&(ledger, replica))
            .and_then(|c| c.heads.last().copied())
            .unwrap_or_else(|| ChainHead::empty(ledger, replica))
    }

    /// One gesture at a device time, sealed at once.
    pub fn gesture(&mut self, ledger: LedgerId, at: i64, writes: Vec<Write>) -> ChainHead {
        self.count += 1;
        let head = self.head(ledger, self.id);
        let change = Change {
            pos: head.pos + 1,
            author: self.person,
            wall: wall(at),
            n: self.count,
            seen: self.head(ledger, replica_id(0)).pos,
            intent: "test".into(),
            writes,
        };
        self.append_raw(ledger, change.encode(Limits::DEVICE).unwrap())
    }

    /// Any bytes, as a broken or newer tablet would write them.
    pub fn append_raw(&mut self, ledger: LedgerId, bytes: Vec<u8>) -> ChainHead {
        let next = self.head(ledger, self.id).next(&bytes);
        let seal = signer(self.n).seal(ledger, self.id, &next);
        let chain = self.chain(ledger, self.id);
        chain.changes.push(bytes);
        chain.heads.push(next);
        chain.seals.insert(next.pos, seal);
        next
    }

    fn chain(&mut self, ledger: LedgerId, replica: ReplicaId) -> &mut Chain {
        self.chains.entry((ledger, replica)).or_insert_with(|| Chain {
            changes: vec![],
            heads: vec![],
            seals: BTreeMap::new(),
        })
    }

    /// Sets a register, superseding the heads this replica sees now.
    pub fn set(&mut self, ledger: LedgerId, at: i64, register: &Register, val: serde_json::Value) {
        let seen: Vec<_> = self.fold(ledger).resolve(register).heads.iter().map(|h| h.id).collect();
        let write =
            Write::new(&register.kind, register.rec, &register.field, val).superseding(seen);
        self.gesture(ledger, at, vec![write]);
    }

    pub fn fold(&self, ledger: LedgerId) -> Fold {
        let mut fold = Fold::default();
        for ((l, replica), chain) in &self.chains {
            if *l != ledger {
                continue;
            }
            for (bytes, head) in chain.changes.iter().zip(&chain.heads) {
                if let Ok(change) = Change::decode(bytes, Limits::SERVER) {
                    fold.insert(*replica, role_of(*replica), head, &change);
                }
            }
        }
        fold
    }

    pub fn holdings_of(&self, ledgers: &[LedgerId]) -> Holdings {
        let mut holdings = Holdings(ledgers.iter().map(|l| (*l, BTreeMap::new())).collect());
        for ((ledger, replica), chain) in &self.chains {
            if let (Some(l), Some(head)) = (holdings.0.get_mut(ledger), chain.heads.last()) {
                l.insert(*replica, head.into());
            }
        }
        holdings
    }

    pub fn page(&self, span: &Span) -> Page {
        let chain = &self.chains[&(span.ledger, span.replica)];
        let range = usize::try_from(span.after).unwrap()..usize::try_from(span.upto).unwrap();
        Page {
            ledger: span.ledger,
            replica: span.replica,
            after: span.after,
            changes: chain.changes[range].to_vec(),
            seals: chain.seals.range(span.after + 1..=span.upto).map(|(_, seal)| *seal).collect(),
        }
    }

    pub fn apply(&mut self, page: &Page) -> Option<Refusal> {
        let head = self.head(page.ledger, page.replica);
        let known: BTreeMap<u64, Hash> = self
            .chains
            .get(&(page.ledger, page.replica))
            .map(|c| c.heads.iter().map(|h| (h.pos, h.hash)).collect())
            .unwrap_or_default();
        let plan = plan_incoming(&HeldChain { head, known }, page, &key_of(page.replica));
        let chain = self.chain(page.ledger, page.replica);
        for append in plan.appends {
            chain.changes.push(append.bytes);
            chain.heads.push(append.head);
        }
        for seal in plan.seals {
            chain.seals.insert(seal.pos, seal);
        }
        plan.refusal
    }

    /// Answers a request as the server.
    pub fn answer(&mut self, body: &[u8], granted: &[LedgerId]) -> Vec<u8> {
        let request = Request::decode(body).unwrap();
        let mut refused = Vec::new();
        for page in &request.pages {
            if let Some(refusal) = self.apply(page) {
                refused.push(ledger::exchange::Refused {
                    ledger: page.ledger,
                    replica: page.replica,
                    reason: refusal.to_string(),
                });
            }
        }
        let holdings = self.holdings_of(granted);
        let plan = answer(&request.header, &holdings, self.id);
        let header = ResponseHeader {
            protocol: ledger::exchange::PROTOCOL,
            epoch: uuid(7),
            time: wall(0),
            digest: holdings.digest(),
            ledgers: plan.ledgers,
            left: plan.left,
            wants: plan.wants,
            refused,
            receipts: vec![],
            more: false,
            version_min: None,
        };
        let pages = plan.spans.iter().map(|s| self.page(s)).collect();
        Response { header, pages }.encode().unwrap()
    }

    /// A whole exchange with a server; gives the number of turns.
    pub fn exchange(&mut self, server: &mut Self) -> Result<u32, Stuck> {
        let granted = self.granted.clone();
        let unsent: Vec<Span> = granted
            .iter()
            .filter_map(|l| {
                let upto = self.head(*l, self.id).pos;
                let after = self.acknowledged.get(l).copied().unwrap_or(0);
                (after < upto).then_some(Span { ledger: *l, replica: self.id, after, upto })
            })
            .collect();
        let mut caller = Caller::new(self.id, uuid(7), unsent);
        let mut held: Vec<LedgerId> = self.chains.keys().map(|(l, _)| *l).collect();
        for turn in 1.. {
            held.sort();
            held.dedup();
            let sent: Vec<Span> = caller.spans().copied().collect();
            let request = Request {
                header: caller.header(&self.holdings_of(&held)),
                pages: sent.iter().map(|s| self.page(s)).collect(),
            };
            let body = server.answer(&request.encode().unwrap(), &granted);
            let response = Response::decode(&body).unwrap();
            for page in &response.pages {
                assert_eq!(self.apply(page), None);
            }
            held = self.chains.keys().map(|(l, _)| *l).collect();
            held.extend(response.header.ledgers.keys());
            held.retain(|l| granted.contains(l));
            held.sort();
            held.dedup();
            match caller.take(&response.header, &sent, &self.holdings_of(&held))? {
                Step::Done => {
                    for l in &granted {
                        let pos = server.head(*l, self.id).pos;
                        self.acknowledged.insert(*l, pos);
                    }
                    return Ok(turn);
                }
                Step::Again => {}
            }
        }
        unreachable!()
    }
}

//! Replicas in memory that drive the real exchange: what the stores do with
//! tables, done with maps.

#![allow(dead_code, reason = "each test file uses its own part")]

use domain::id::{DepartmentId, LedgerId, PersonId, RecordId, ReplicaId};
use domain::time::Wall;
use ledger::branch::{Branch, Lineage};
use ledger::certificate::ReplicaRole;
use ledger::exchange::{Caller, Request, Response, ResponseHeader, Step, Stuck, answer};
use ledger::holdings::{Holdings, Span};
use ledger::incoming::{HeldChain, HeldSegment, Page, Refusal, Split, plan_incoming};
use ledger::seal::{PublicKey, Seal, Signer};
use ledger::{ChainHead, Change, Fold, Hash, Limits, Place, Register, Write};
use std::collections::{BTreeMap, BTreeSet};
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

/// A chain: a replica's first stretch, or a branch.
#[derive(Clone)]
pub struct Chain {
    pub of: ReplicaId,
    pub base: ChainHead,
    pub changes: Vec<Vec<u8>>,
    pub heads: Vec<ChainHead>,
    pub seals: BTreeMap<u64, Seal>,
}

impl Chain {
    fn starting(of: ReplicaId, base: ChainHead) -> Self {
        Self { of, base, changes: vec![], heads: vec![], seals: BTreeMap::new() }
    }

    fn head(&self) -> ChainHead {
        self.heads.last().copied().unwrap_or(self.base)
    }

    fn hash_at(&self, pos: u64) -> Option<Hash> {
        let within = self.heads.iter().find(|head| head.pos == pos);
        within.or(Some(&self.base).filter(|base| base.pos == pos)).map(|head| head.hash)
    }
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
    pub own: BTreeMap<LedgerId, ReplicaId>,
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
            own: BTreeMap::new(),
            count: 0,
        }
    }

    pub fn head(&self, ledger: LedgerId, replica: ReplicaId) -> ChainHead {
        let chain = self.chains.get(&(ledger, replica));
        chain.map_or_else(|| ChainHead::empty(ledger, replica), Chain::head)
    }

    /// The chain that this replica itself goes on writing.
    pub fn own_chain(&self, ledger: LedgerId) -> ReplicaId {
        self.own.get(&ledger).copied().unwrap_or(self.id)
    }

    /// One gesture at a device time, sealed at once.
    pub fn gesture(&mut self, ledger: LedgerId, at: i64, writes: Vec<Write>) -> ChainHead {
        self.count += 1;
        let head = self.head(ledger, self.own_chain(ledger));
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
        let own = self.own_chain(ledger);
        let next = self.head(ledger, own).next(&bytes);
        let seal = signer(self.n).seal(ledger, self.id, &next);
        let id = self.id;
        let new = || Chain::starting(id, ChainHead::empty(ledger, id));
        let chain = self.chains.entry((ledger, own)).or_insert_with(new);
        chain.changes.push(bytes);
        chain.heads.push(next);
        chain.seals.insert(next.pos, seal);
        next
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
        let mut stretches = Vec::new();
        for ((l, replica), chain) in &self.chains {
            if *l != ledger {
                continue;
            }
            stretches.push((*replica, chain.of, chain.base, chain.head()));
            for (bytes, head) in chain.changes.iter().zip(&chain.heads) {
                if let Ok(change) = Change::decode(bytes, Limits::SERVER) {
                    let place = Place { ledger, replica: *replica, role: role_of(chain.of) };
                    fold.insert(place, head, &change);
                }
            }
        }
        fold.set_lineage(Lineage::of(stretches));
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
        let known = |at| chain.hash_at(span.after).is_some_and(|h: Hash| h.short() == at);
        let after = if span.at.is_none_or(known) { span.after } else { 0 };
        let after = after.max(chain.base.pos);
        let skip = usize::try_from(after - chain.base.pos).unwrap();
        let upto = usize::try_from(span.upto - chain.base.pos).unwrap();
        Page {
            ledger: span.ledger,
            replica: span.replica,
            of: (chain.of != span.replica).then_some(chain.of),
            after,
            prev: chain.hash_at(after).map(|hash| hash.short()).filter(|_| after > 0),
            changes: chain.changes[skip..upto].to_vec(),
            seals: chain.seals.range(after + 1..=span.upto).map(|(_, seal)| *seal).collect(),
        }
    }

    fn held(&self, page: &Page) -> HeldChain {
        let of_writer =
            self.chains.iter().filter(|((l, _), c)| *l == page.ledger && c.of == page.writer());
        let segments = of_writer.map(|((_, id), chain)| HeldSegment {
            chain: *id,
            base: chain.base,
            head: chain.head(),
            known: chain.heads.iter().map(|h| (h.pos, h.hash)).collect(),
        });
        HeldChain { segments: segments.collect() }
    }

    fn split(&mut self, ledger: LedgerId, split: &Split) {
        let mut chain = self.chains.remove(&(ledger, split.chain)).unwrap();
        let keep = usize::try_from(split.at.pos - chain.base.pos).unwrap();
        let tail = Chain {
            of: chain.of,
            base: split.at,
            changes: chain.changes.split_off(keep),
            heads: chain.heads.split_off(keep),
            seals: chain.seals.split_off(&(split.at.pos + 1)),
        };
        if self.own_chain(ledger) == split.chain {
            self.own.insert(ledger, split.tail.id());
        }
        self.chains.insert((ledger, split.tail.id()), tail);
        if keep > 0 {
            self.chains.insert((ledger, split.chain), chain);
        }
    }

    pub fn apply(&mut self, page: &Page) -> Option<Refusal> {
        let plan = plan_incoming(&self.held(page), page, &key_of(page.writer()));
        if let Some(split) = &plan.split {
            self.split(page.ledger, split);
        }
        let base = plan.branch.map_or_else(
            || ChainHead::empty(page.ledger, page.writer()),
            |branch: Branch| branch.base,
        );
        if !plan.appends.is_empty() {
            let of = page.writer();
            let chain = self.chains.entry((page.ledger, plan.chain));
            let chain = chain.or_insert_with(|| Chain::starting(of, base));
            for append in plan.appends {
                chain.changes.push(append.bytes);
                chain.heads.push(append.head);
            }
            for seal in plan.seals {
                chain.seals.insert(seal.pos, seal);
            }
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
        let plan = answer(&request.header, &holdings, &BTreeSet::new(), self.id);
        let header = ResponseHeader {
            protocol: ledger::exchange::PROTOCOL,
            epoch: uuid(7),
            time: wall(0),
            server: None,
            digest: holdings.digest(),
            ledgers: plan.ledgers,
            left: plan.left,
            wants: plan.wants,
            refused,
            receipts: vec![],
            more: false,
            wipe: None,
            lease_days: None,
            kept_days: None,
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
                let replica = self.own_chain(*l);
                let upto = self.head(*l, replica).pos;
                let after = self.acknowledged.get(l).copied().unwrap_or(0);
                (after < upto).then_some(Span { ledger: *l, replica, after, at: None, upto })
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
                        let pos = server.head(*l, self.own_chain(*l)).pos;
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

//! A tablet in memory: what it holds of each chain, and the exchange as any
//! client drives it. The real tablet is the `device` crate.

use crate::tests::office::{Answer, Office};
use domain::id::{LedgerId, PersonId, ReplicaId};
use domain::record::{field, kind};
use domain::task::{Audience, Genesis, PackageRef};
use domain::time::Wall;
use ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use ledger::exchange::{PROTOCOL, Request, RequestHeader, Response};
use ledger::holdings::{Held, Holdings};
use ledger::incoming::Page;
use ledger::receipt::{Receipt, SignedReceipt};
use ledger::seal::{PublicKey, Seal, Signer};
use ledger::{
    ChainHead, Change, ChangeId, Fold, Hash, Limits, Place, Register, Resolved, Write, WriteId,
};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// One chain as held.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    pub changes: Vec<Vec<u8>>,
    pub seals: Vec<Seal>,
}

pub struct Tablet {
    pub replica: ReplicaId,
    pub person: PersonId,
    pub token: String,
    pub signer: Signer,
    pub server: Certificate,
    pub epoch: Uuid,
    pub chains: BTreeMap<(LedgerId, ReplicaId), Chain>,
    pub receipts: Vec<Receipt>,
    pub left: Vec<LedgerId>,
    pub refused: Vec<String>,
    /// Own positions up to which pages were sent.
    sent: BTreeMap<LedgerId, u64>,
}

impl Tablet {
    pub async fn enrol(office: &Office, person: PersonId, code: &str) -> Self {
        let replica = ReplicaId(Uuid::now_v7());
        let mut seed = [0u8; 32];
        seed[..16].copy_from_slice(replica.as_bytes());
        let signer = Signer::from_seed(&seed);
        let answer = enrol(office, code, replica, signer.public()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let answer = answer.json();
        let office_key: PublicKey = answer["office_key"].as_str().unwrap().parse().unwrap();
        let certificate = |name: &str| {
            let signed: SignedCertificate = serde_json::from_value(answer[name].clone()).unwrap();
            signed.verify(&office_key).unwrap()
        };
        let own = certificate("certificate");
        assert_eq!((own.replica, own.person), (replica, Some(person)));
        Self {
            replica,
            person,
            token: answer["token"].as_str().unwrap().to_owned(),
            signer,
            server: certificate("server_certificate"),
            epoch: serde_json::from_value(answer["epoch"].clone()).unwrap(),
            chains: BTreeMap::new(),
            receipts: Vec::new(),
            left: Vec::new(),
            refused: Vec::new(),
            sent: BTreeMap::new(),
        }
    }

    pub fn holdings(&self) -> Holdings {
        let mut holdings = Holdings::default();
        for ((ledger, replica), chain) in &self.chains {
            let head = head(*ledger, *replica, &chain.changes);
            if head.pos > 0 {
                let of_ledger = holdings.0.entry(*ledger).or_default();
                of_ledger.insert(*replica, Held(head.pos, head.hash.short()));
            }
        }
        holdings
    }

    /// One gesture, sealed at once.
    pub fn write(&mut self, ledger: LedgerId, intent: &str, writes: Vec<Write>) -> ChangeId {
        let seen = self.chains.get(&(ledger, self.server.replica)).map_or(0, |c| c.changes.len());
        let own = self.chains.entry((ledger, self.replica)).or_default();
        let before = head(ledger, self.replica, &own.changes);
        let change = Change {
            pos: before.pos + 1,
            author: self.person,
            wall: Wall::new(chrono::Utc::now()),
            n: before.pos + 1,
            seen: seen as u64,
            intent: intent.to_owned(),
            writes,
        };
        let bytes = change.encode(Limits::DEVICE).unwrap();
        let after = before.next(&bytes);
        own.changes.push(bytes);
        own.seals.push(self.signer.seal(ledger, self.replica, &after));
        after.change_id()
    }

    /// Own changes that were not sent yet.
    pub fn pages(&self) -> Vec<Page> {
        let own = self.chains.iter().filter(|((_, replica), _)| *replica == self.replica);
        own.filter_map(|((ledger, replica), chain)| {
            let after = self.sent.get(ledger).copied().unwrap_or(0);
            let changes = chain.changes[usize::try_from(after).unwrap()..].to_vec();
            let seals = chain.seals.iter().filter(|seal| seal.pos > after).copied().collect();
            let (ledger, replica) = (*ledger, *replica);
            let page = Page { ledger, replica, of: None, after, prev: None, changes, seals };
            (!page.changes.is_empty()).then_some(page)
        })
        .collect()
    }

    /// Every chain held, from its beginning.
    pub fn everything(&self) -> Vec<Page> {
        let chains = self.chains.iter();
        let pages = chains.map(|((ledger, replica), chain)| Page {
            ledger: *ledger,
            replica: *replica,
            of: None,
            after: 0,
            prev: None,
            changes: chain.changes.clone(),
            seals: chain.seals.clone(),
        });
        pages.collect()
    }

    /// Turns until nothing more comes.
    pub async fn exchange(&mut self, office: &Office) {
        let mut ask: Vec<LedgerId> = self.holdings().0.into_keys().collect();
        for _ in 0..20 {
            let pages = self.pages();
            let holdings = self.holdings();
            let header =
                RequestHeader::new(self.epoch, self.replica, &holdings, ask.iter().copied());
            let response = self.turn(office, Request { header, pages }).await;
            let done = response.header.digest == self.holdings().digest()
                && response.header.wants.is_empty();
            ask.extend(response.header.ledgers.keys());
            if done {
                return;
            }
        }
        panic!("the exchange does not end");
    }

    pub async fn turn(&mut self, office: &Office, request: Request) -> Response {
        let answer = self.raw(office, &request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for page in &request.pages {
            let upto = page.after + page.changes.len() as u64;
            self.sent.insert(page.ledger, upto);
        }
        let frame = zstd::decode_all(answer.bytes.as_slice()).unwrap();
        let response = Response::decode(&frame).unwrap();
        self.take(&response);
        response
    }

    pub async fn raw(&self, office: &Office, request: &Request) -> Answer {
        let body = zstd::encode_all(request.encode().unwrap().as_slice(), 3).unwrap();
        office.device("POST", "/v1/exchange", &self.token, body).await
    }

    fn take(&mut self, response: &Response) {
        for page in &response.pages {
            let chain = self.chains.entry((page.ledger, page.replica)).or_default();
            assert_eq!(chain.changes.len() as u64, page.after, "pages come in order");
            chain.changes.extend(page.changes.iter().cloned());
            chain.seals.extend(page.seals.iter().copied());
            let end = head(page.ledger, page.replica, &chain.changes);
            let last = page.seals.last().unwrap();
            assert_eq!(last.pos, end.pos, "a page ends on a seal");
            if page.replica == self.server.replica {
                last.verify(&self.server.key, page.ledger, page.replica, &end).unwrap();
            }
        }
        let verified = |receipt: &SignedReceipt| receipt.verify(&self.server.key).unwrap();
        self.receipts.extend(response.header.receipts.iter().map(verified));
        self.left.extend(&response.header.left);
        self.refused.extend(response.header.refused.iter().map(|one| one.reason.clone()));
    }

    pub fn fold(&self, ledger: LedgerId) -> Fold {
        let mut fold = Fold::default();
        for ((of, replica), chain) in self.chains.iter().filter(|((of, _), _)| *of == ledger) {
            let is_server = *replica == self.server.replica;
            let role = if is_server { ReplicaRole::Server } else { ReplicaRole::Tablet };
            let mut head = ChainHead::empty(*of, *replica);
            for bytes in &chain.changes {
                head = head.next(bytes);
                if let Ok(change) = Change::decode(bytes, Limits::SERVER) {
                    fold.insert(Place { ledger, replica: *replica, role }, &head, &change);
                }
            }
        }
        fold
    }

    pub fn ledgers(&self) -> Vec<(LedgerId, Audience)> {
        let ids = self.holdings().0.into_keys();
        ids.map(|ledger| {
            let (_, genesis): (_, Genesis) = self.one(ledger, kind::GENESIS, field::CHARTER);
            (ledger, genesis.audience)
        })
        .collect()
    }

    pub fn joint(&self) -> LedgerId {
        self.ledgers().into_iter().find(|(_, audience)| *audience == Audience::Joint).unwrap().0
    }

    pub fn internal(&self) -> LedgerId {
        self.ledgers().into_iter().find(|(_, audience)| *audience != Audience::Joint).unwrap().0
    }

    fn one<T: DeserializeOwned>(&self, ledger: LedgerId, kind: &str, field: &str) -> (Register, T) {
        let registers = self.fold(ledger).registers();
        let found = registers.into_iter().find(|(register, _)| register.is(kind, field));
        let (register, resolved) = found.unwrap();
        (register, serde_json::from_value(resolved.shown.unwrap()).unwrap())
    }

    pub fn package_ref(&self) -> PackageRef {
        self.one(self.joint(), kind::TASK, field::PACKAGE).1
    }

    pub fn resolved(&self, register: &Register) -> Resolved {
        self.fold(self.joint()).resolve(register)
    }

    pub fn heads(&self, register: &Register) -> Vec<WriteId> {
        self.resolved(register).heads.iter().map(|head| head.id).collect()
    }
}

/// Asks to be enrolled.
pub async fn enrol(office: &Office, code: &str, replica: ReplicaId, key: PublicKey) -> Answer {
    let body = json!({"code": code, "replica": replica, "key": key, "app_version": "0.1.0"});
    office.post("/v1/enrol", None, body).await
}

/// Where a chain of these changes ends.
pub fn head(ledger: LedgerId, replica: ReplicaId, changes: &[Vec<u8>]) -> ChainHead {
    changes.iter().fold(ChainHead::empty(ledger, replica), |head, bytes| head.next(bytes))
}

/// An empty request that asks about nothing, with these pages.
pub fn bare(tablet: &Tablet, pages: Vec<Page>) -> Request {
    let header = RequestHeader {
        protocol: PROTOCOL,
        epoch: tablet.epoch,
        replica: tablet.replica,
        digest: Hash::of(b"anything"),
        time: None,
        ask: BTreeMap::new(),
    };
    Request { header, pages }
}

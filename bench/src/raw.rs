//! A tablet without a store: it speaks the exchange as any client would, so that
//! what is measured is the server alone.

use crate::text;
use crate::wire::{Bytes, ask, send};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::{LedgerId, PersonId, RecordId, ReplicaId};
use domain::task::{Audience, Genesis};
use domain::time::Wall;
use ledger::certificate::{Certificate, SignedCertificate};
use ledger::exchange::{PAGE_BYTES, PROTOCOL, Request, RequestHeader, Response};
use ledger::holdings::{Held, Holdings};
use ledger::incoming::Page;
use ledger::receipt::Receipt;
use ledger::seal::{PublicKey, Seal, Signer};
use ledger::{ChainHead, Change, Limits, Write};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Changes behind one seal.
const SEALED_EVERY: usize = 400;
/// Bytes behind one seal.
const SEALED_BYTES: usize = 160 * 1024;

/// One tablet.
pub struct RawTablet {
    /// Its replica.
    pub replica: ReplicaId,
    person: PersonId,
    department: String,
    token: String,
    signer: Signer,
    server: Certificate,
    epoch: Uuid,
    /// The joint ledger of its task.
    pub joint: LedgerId,
    held: Holdings,
    head: ChainHead,
    changes: Vec<Vec<u8>>,
    seals: Vec<Seal>,
    unsealed: (usize, usize),
}

/// How a push went.
#[derive(Debug, Clone, Default)]
pub struct Pushed {
    /// From the first byte to the last receipt, in seconds.
    pub seconds: f64,
    /// Each exchange, in seconds.
    pub exchanges: Vec<f64>,
    /// How often the server asked to come again.
    pub told_to_wait: usize,
    /// The last receipt.
    pub receipt: Option<Receipt>,
}

impl RawTablet {
    /// Enrols with a code and asks once for everything.
    pub async fn enrol(
        client: &reqwest::Client,
        url: &str,
        code: &str,
        department: &str,
    ) -> Result<Self> {
        let replica = ReplicaId(Uuid::now_v7());
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).map_err(|_| anyhow::anyhow!("no random bytes"))?;
        let signer = Signer::from_seed(&seed);
        let asked = json!({
            "code": code, "replica": replica, "key": signer.public(), "app_version": "0.1.0",
        });
        let answer = client.post(format!("{url}/v1/enrol")).json(&asked).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "enrol: {status} {text}");
        let answer: Value = serde_json::from_str(&text)?;
        let office: PublicKey = serde_json::from_value(answer["office_key"].clone())?;
        let server: SignedCertificate =
            serde_json::from_value(answer["server_certificate"].clone())?;
        let server = server.verify(&office).ok().context("the server's certificate")?;
        let nowhere = LedgerId(Uuid::nil());
        let mut tablet = Self {
            replica,
            person: serde_json::from_value(answer["person"]["id"].clone())?,
            department: department.to_owned(),
            token: answer["token"].as_str().context("no token")?.to_owned(),
            signer,
            server,
            epoch: serde_json::from_value(answer["epoch"].clone())?,
            joint: nowhere,
            held: Holdings::default(),
            head: ChainHead::empty(nowhere, replica),
            changes: Vec::new(),
            seals: Vec::new(),
            unsealed: (0, 0),
        };
        tablet.learn(client, url).await?;
        Ok(tablet)
    }

    /// Takes in what the server has, as far as it is needed to write.
    async fn learn(&mut self, client: &reqwest::Client, url: &str) -> Result<()> {
        let mut ask: Vec<LedgerId> = Vec::new();
        for _ in 0..50 {
            let header =
                RequestHeader::new(self.epoch, self.replica, &self.held, ask.iter().copied());
            let (answer, _) = self.turn(client, url, &Request { header, pages: vec![] }).await?;
            let answer = answer.context("told to wait while learning")?;
            for page in &answer.pages {
                let end = page.seals.last().context("a page without a seal")?.pos;
                self.note(page, end)?;
            }
            if answer.header.digest == self.held.digest() {
                ensure!(!self.joint.0.is_nil(), "no joint ledger is granted");
                self.head = ChainHead::empty(self.joint, self.replica);
                return Ok(());
            }
            if !answer.header.ledgers.is_empty() {
                ask = answer.header.ledgers.keys().copied().collect();
            }
        }
        anyhow::bail!("nothing more is learnt")
    }

    fn note(&mut self, page: &Page, end: u64) -> Result<()> {
        let held = self.held.0.entry(page.ledger).or_default();
        let before = held.get(&page.replica).map_or(0, |held| held.0);
        ensure!(page.after == before || before == 0, "pages come in order");
        // Only short chains are learnt; hashing them from the start is enough.
        ensure!(page.after == 0, "a long chain");
        let mut head = ChainHead::empty(page.ledger, page.replica);
        for bytes in &page.changes {
            head = head.next(bytes);
            let Ok(change) = Change::decode(bytes, Limits::SERVER) else { continue };
            for write in change.writes.iter().filter(|w| w.register.is("genesis", "charter")) {
                let genesis: Genesis = serde_json::from_value(write.val.clone())?;
                if genesis.audience == Audience::Joint {
                    self.joint = page.ledger;
                }
            }
        }
        ensure!(head.pos == end, "a page ends on a seal");
        held.insert(page.replica, Held::from(&head));
        Ok(())
    }

    /// Writes a finding.
    pub fn finding(&mut self, n: usize) -> Result<()> {
        let rec = RecordId(Uuid::now_v7());
        let values = text::finding(n).values(&self.department);
        let writes = values.map(|(field, value)| Write::new("finding", rec, field, value)).to_vec();
        self.write("finding.create", writes)
    }

    /// Writes what no tablet of ours would: a value that only the office writes.
    pub fn forbidden(&mut self) -> Result<()> {
        let rec = RecordId(Uuid::now_v7());
        self.write("task.forge", vec![Write::new("task", rec, "status", json!("approved"))])
    }

    /// Appends bytes that nobody can read.
    pub fn undecodable(&mut self) {
        self.append(b"\xff\xfe this is no change".to_vec());
    }

    fn write(&mut self, intent: &str, writes: Vec<Write>) -> Result<()> {
        let seen = self.held.0.get(&self.joint).and_then(|l| l.get(&self.server.replica));
        let change = Change {
            pos: self.head.pos + 1,
            author: self.person,
            wall: Wall::new(chrono::Utc::now()),
            n: self.head.pos + 1,
            seen: seen.map_or(0, |held| held.0),
            intent: intent.to_owned(),
            writes,
        };
        self.append(change.encode(Limits::DEVICE)?);
        Ok(())
    }

    fn append(&mut self, bytes: Vec<u8>) {
        self.head = self.head.next(&bytes);
        self.unsealed.0 += 1;
        self.unsealed.1 += bytes.len();
        self.changes.push(bytes);
        if self.unsealed.0 >= SEALED_EVERY || self.unsealed.1 >= SEALED_BYTES {
            self.seal();
        }
    }

    /// Seals what was written.
    pub fn seal(&mut self) {
        if self.unsealed.0 > 0 {
            self.seals.push(self.signer.seal(self.joint, self.replica, &self.head));
            self.unsealed = (0, 0);
        }
    }

    /// The bodies of all turns that bring this chain from its start, compressed
    /// as the real tablet does.
    pub fn bodies(&self) -> Result<Vec<Vec<u8>>> {
        let mut bodies = Vec::new();
        let mut head = ChainHead::empty(self.joint, self.replica);
        let (mut after, mut bytes, mut seals) = (0_u64, 0, Vec::new());
        let mut from = 0;
        for (at, change) in self.changes.iter().enumerate() {
            head = head.next(change);
            bytes += change.len();
            if let Some(seal) = self.seals.iter().find(|seal| seal.pos == head.pos) {
                seals.push(*seal);
                let last = at + 1 == self.changes.len();
                if last || bytes + SEALED_BYTES > PAGE_BYTES {
                    let page = Page {
                        ledger: self.joint,
                        replica: self.replica,
                        of: None,
                        after,
                        prev: None,
                        changes: self.changes[from..=at].to_vec(),
                        seals: std::mem::take(&mut seals),
                    };
                    let mut held = self.held.clone();
                    held.0.entry(self.joint).or_default().insert(self.replica, Held::from(&head));
                    let header = RequestHeader::new(self.epoch, self.replica, &held, [self.joint]);
                    let plain = Request { header, pages: vec![page] }.encode()?;
                    bodies.push(zstd::bulk::compress(&plain, 3)?);
                    (after, bytes, from) = (head.pos, 0, at + 1);
                }
            }
        }
        Ok(bodies)
    }

    /// Brings bodies, one after the other, waiting where it is told to.
    pub async fn push(
        &self,
        client: &reqwest::Client,
        url: &str,
        bodies: &[Vec<u8>],
    ) -> Result<Pushed> {
        let mut pushed = Pushed::default();
        let begun = Instant::now();
        for body in bodies {
            loop {
                let one = Instant::now();
                let answer = self.post(client, url, body.clone()).await?;
                if let (429 | 503, Some(seconds)) = (answer.status, answer.retry_after) {
                    pushed.told_to_wait += 1;
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    continue;
                }
                ensure!(answer.status == 200, "an exchange answered {}", answer.status);
                pushed.exchanges.push(one.elapsed().as_secs_f64());
                let response = read(&answer.body)?;
                ensure!(response.header.refused.is_empty(), "{:?}", response.header.refused);
                for signed in &response.header.receipts {
                    let receipt = signed.verify(&self.server.key).ok().context("a receipt")?;
                    if receipt.replica == self.replica {
                        pushed.receipt = Some(receipt);
                    }
                }
                break;
            }
        }
        pushed.seconds = begun.elapsed().as_secs_f64();
        let upto = pushed.receipt.as_ref().map_or(0, |receipt| receipt.upto);
        ensure!(upto == self.head.pos, "a receipt up to {upto} of {}", self.head.pos);
        Ok(pushed)
    }

    /// Hands a file in, along with its announcement. Answers how often it was told to wait.
    pub async fn put_file(
        &self,
        client: &reqwest::Client,
        url: &str,
        sha256: &str,
        bytes: &[u8],
    ) -> Result<usize> {
        let url = format!("{url}/v1/files");
        let metadata = format!("sha256 {}", STANDARD.encode(sha256));
        let mut told_to_wait = 0;
        loop {
            let call = client
                .post(&url)
                .header("tus-resumable", "1.0.0")
                .header("upload-length", bytes.len())
                .header("upload-metadata", &metadata)
                .header(CONTENT_TYPE, "application/offset+octet-stream")
                .body(bytes.to_vec());
            let answer = ask(call, &self.token).await?;
            match (answer.status, answer.retry_after) {
                (201, _) => return Ok(told_to_wait),
                (429 | 503, Some(seconds)) => {
                    told_to_wait += 1;
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                }
                (status, _) => anyhow::bail!("a file answered {status}"),
            }
        }
    }

    /// The token it comes with.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// How far it wrote.
    pub fn upto(&self) -> u64 {
        self.head.pos
    }

    async fn turn(
        &self,
        client: &reqwest::Client,
        url: &str,
        request: &Request,
    ) -> Result<(Option<Response>, usize)> {
        debug_assert_eq!(request.header.protocol, PROTOCOL);
        let body = zstd::bulk::compress(&request.encode()?, 3)?;
        let up = body.len();
        let answer = self.post(client, url, body).await?;
        ensure!(answer.status == 200, "an exchange answered {}", answer.status);
        Ok((Some(read(&answer.body)?), up + answer.body.len()))
    }

    async fn post(&self, client: &reqwest::Client, url: &str, body: Vec<u8>) -> Result<Bytes> {
        let url = format!("{url}/v1/exchange");
        send(client, reqwest::Method::POST, &url, &self.token, body).await
    }
}

fn read(body: &[u8]) -> Result<Response> {
    Ok(Response::decode(&zstd::stream::decode_all(body)?)?)
}

/// Positions in receipts by which a server says what it did not simply take.
pub fn exceptions(pushed: &Pushed) -> BTreeMap<&'static str, usize> {
    let receipt = pushed.receipt.as_ref();
    BTreeMap::from([
        ("voided", receipt.map_or(0, |receipt| receipt.voided.len())),
        ("review", receipt.map_or(0, |receipt| receipt.review.len())),
    ])
}

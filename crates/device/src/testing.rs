//! An office in a thread, for tests: one task, two departments, the exchange
//! over real HTTP, everything in memory. It trusts what tablets write; judging
//! is the real server's business.

use crate::Device;
use crate::client::{EnrolAnswer, EnrolPerson};
use crate::clock::hand::HandClock;
use crate::error::DeviceError;
use base64::Engine as _;
use chrono::{DateTime, Utc};
use domain::enterprise::Risk;
use domain::finding::Level;
use domain::id::{DepartmentId, EnterpriseId, LedgerId, PersonId, RecordId, ReplicaId, TaskId};
use domain::matter::{LegalBasis, MajorCriterion};
use domain::package::{Package, PackageItem};
use domain::record::{field, kind};
use domain::task::{
    Audience, EnterpriseSnapshot, Genesis, Header, PackageRef, Party, Seat, Status, TeamRole,
};
use domain::time::{Wall, WorkingCalendar};
use domain::version::Version;
use ledger::certificate::{Certificate, ReplicaRole, SignedCertificate};
use ledger::exchange::{PROTOCOL, Request, Response, ResponseHeader, answer};
use ledger::holdings::{Held, Holdings};
use ledger::id::Hash;
use ledger::incoming::Page;
use ledger::receipt::{Receipt, SignedReceipt};
use ledger::recovery::SignedRecovery;
use ledger::seal::{Seal, Signer};
use ledger::wipe::{SignedWipe, Wipe};
use ledger::{ChainHead, Change, Limits, Write};
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

pub(crate) const PIN: &str = "135790";
pub(crate) const NOW: &str = "2026-11-23T02:00:00Z";
pub(crate) const FIRE: DepartmentId = DepartmentId(Uuid::from_u128(0xf1));
pub(crate) const EMERGENCY: DepartmentId = DepartmentId(Uuid::from_u128(0xe1));
pub(crate) const TASK: TaskId = TaskId(Uuid::from_u128(0x7a));
pub(crate) const JOINT: LedgerId = LedgerId(Uuid::from_u128(0x10));
const INTERNAL_EMERGENCY: LedgerId = LedgerId(Uuid::from_u128(0x11));
const INTERNAL_FIRE: LedgerId = LedgerId(Uuid::from_u128(0x12));
const SERVER: ReplicaId = ReplicaId(Uuid::from_u128(0x5e));

/// Item of the emergency department.
pub(crate) const ITEM: RecordId = RecordId(Uuid::from_u128(0x1001));
/// Item of the fire department.
pub(crate) const FIRE_ITEM: RecordId = RecordId(Uuid::from_u128(0x1002));

/// Who enrols.
#[derive(Clone, Copy)]
pub(crate) struct Who {
    number: u128,
    department: DepartmentId,
}

pub(crate) const LEAD: Who = Who { number: 1, department: EMERGENCY };
pub(crate) const SECOND: Who = Who { number: 2, department: EMERGENCY };
pub(crate) const FIREMAN: Who = Who { number: 3, department: FIRE };

impl Who {
    fn person(self) -> PersonId {
        PersonId(Uuid::from_u128(0x9000 + self.number))
    }
}

/// What goes wrong next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    None,
    /// Takes the request in, then ends in the middle of its answer.
    DiesInAnswer,
    /// Changes a byte of a change it passes on.
    Tampers,
    /// Answers something that is no exchange.
    Babbles,
    /// Answers everything with a page of its own, as a hotel's network does.
    IsAHotel,
    /// Takes changes, and loses every file.
    LosesFiles,
    /// Knows nobody's token.
    Refuses,
    /// Takes so many bytes of every piece of a file, then breaks the line.
    BreaksUploads(usize),
    /// Hands so many bytes of every answer out, then breaks the line.
    BreaksDownloads(usize),
}

#[derive(Default)]
struct Chain {
    head: Option<ChainHead>,
    changes: Vec<Vec<u8>>,
    seals: Vec<Seal>,
}

struct State {
    office: Signer,
    server: Signer,
    server_certificate: SignedCertificate,
    chains: BTreeMap<LedgerId, BTreeMap<ReplicaId, Chain>>,
    blobs: BTreeMap<String, Vec<u8>>,
    /// By id: hash, length, and what has come.
    uploads: BTreeMap<String, (String, usize, Vec<u8>)>,
    /// Files that came in whole, in that order.
    uploaded: Vec<String>,
    /// Bytes of files that came in and went out.
    carried: (usize, usize),
    readers: BTreeMap<ReplicaId, DepartmentId>,
    /// Readers that were taken off the task.
    away: BTreeSet<ReplicaId>,
    /// Its clock.
    now: DateTime<Utc>,
    epoch: Uuid,
    fault: Fault,
    recovery: age::x25519::Identity,
    wipe: Option<SignedWipe>,
    lease_days: Option<u32>,
    wiped: u32,
    version_min: Option<Version>,
}

/// The office.
pub(crate) struct Office {
    state: Arc<Mutex<State>>,
    address: String,
}

/// A tablet of the office, in a folder of its own.
pub(crate) struct Tablet {
    pub(crate) device: Device,
    pub(crate) home: tempfile::TempDir,
    pub(crate) clock: Arc<HandClock>,
}

impl Tablet {
    /// The same tablet after the process ended.
    pub(crate) fn restarted(self) -> Self {
        let Self { device, home, clock } = self;
        drop(device);
        let device = Device::open(home.path(), clock.clone()).unwrap();
        device.unlock(PIN).unwrap();
        Self { device, home, clock }
    }
}

impl Office {
    pub(crate) fn open() -> Self {
        let office = Signer::from_seed(&[1; 32]);
        let server = Signer::from_seed(&[2; 32]);
        let certificate = certificate(SERVER, &server, ReplicaRole::Server, None, "服务器");
        let state = State {
            server_certificate: SignedCertificate::sign(&office, &certificate).unwrap(),
            office,
            server,
            chains: BTreeMap::new(),
            blobs: BTreeMap::new(),
            uploads: BTreeMap::new(),
            uploaded: Vec::new(),
            carried: (0, 0),
            readers: BTreeMap::new(),
            away: BTreeSet::new(),
            now: NOW.parse().unwrap(),
            epoch: Uuid::from_u128(1),
            fault: Fault::None,
            recovery: age::x25519::Identity::generate(),
            wipe: None,
            lease_days: None,
            wiped: 0,
            version_min: None,
        };
        let state = Arc::new(Mutex::new(state));
        state.lock().unwrap().dispatch();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(&shared, stream);
            }
        });
        Self { state, address }
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        self.state.lock().unwrap().fault = fault;
    }

    /// What it says of the app's version from now on.
    pub(crate) fn wants_version(&self, oldest: Option<Version>) {
        self.state.lock().unwrap().version_min = oldest;
    }

    pub(crate) fn blobs(&self) -> BTreeSet<String> {
        self.state.lock().unwrap().blobs.keys().cloned().collect()
    }

    /// Bytes of files that came in and went out so far.
    pub(crate) fn carried(&self) -> (usize, usize) {
        self.state.lock().unwrap().carried
    }

    /// A tablet may not read the task any more.
    pub(crate) fn sends_away(&self, replica: ReplicaId) {
        self.state.lock().unwrap().away.insert(replica);
    }

    /// It may again.
    pub(crate) fn takes_back(&self, replica: ReplicaId) {
        self.state.lock().unwrap().away.remove(&replica);
    }

    /// Time passes at the office.
    pub(crate) fn days_pass(&self, days: i64) {
        self.state.lock().unwrap().now += chrono::Duration::days(days);
    }

    /// What was handed in since it opened or began anew, in that order.
    pub(crate) fn uploaded(&self) -> Vec<String> {
        self.state.lock().unwrap().uploaded.clone()
    }

    /// Forgets every upload, as after a fortnight.
    pub(crate) fn forget_uploads(&self) {
        self.state.lock().unwrap().uploads.clear();
    }

    /// Loses a file, or changes it.
    pub(crate) fn set_blob(&self, sha256: &str, bytes: Option<Vec<u8>>) {
        let mut state = self.state.lock().unwrap();
        match bytes {
            Some(bytes) => state.blobs.insert(sha256.to_owned(), bytes),
            None => state.blobs.remove(sha256),
        };
    }

    /// Something the office writes into the joint ledger.
    pub(crate) fn write(&self, intent: &str, writes: Vec<Write>) {
        self.state.lock().unwrap().write(JOINT, intent, writes);
    }

    /// A tablet enrolled for `who`, open.
    pub(crate) fn tablet(&self, who: Who) -> Tablet {
        let home = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::at(NOW));
        let device = Device::open(home.path(), clock.clone()).unwrap();
        self.enrol(&device, who).unwrap();
        Tablet { device, home, clock }
    }

    /// Enrols a tablet for `who`.
    pub(crate) fn enrol(&self, device: &Device, who: Who) -> Result<(), DeviceError> {
        device.enrol_by(&self.address, PIN, |identity, signer| {
            Ok(self.state.lock().unwrap().enrol(identity.replica, signer, who))
        })
    }

    /// The recovery key.
    pub(crate) fn recovery(&self) -> age::x25519::Identity {
        self.state.lock().unwrap().recovery.clone()
    }

    /// Orders something of a tablet, signed with the server's key.
    pub(crate) fn order(&self, replica: ReplicaId, wipe: Wipe) {
        let mut state = self.state.lock().unwrap();
        let at = Wall::new(NOW.parse().unwrap());
        state.wipe = Some(SignedWipe::sign(&state.server, replica, wipe, at));
    }

    /// Sends an order as it is with every answer.
    pub(crate) fn pass_on(&self, order: SignedWipe) {
        self.state.lock().unwrap().wipe = Some(order);
    }

    /// How often the office was told that a tablet's data is gone.
    pub(crate) fn wiped(&self) -> u32 {
        self.state.lock().unwrap().wiped
    }

    pub(crate) fn set_lease_days(&self, days: u32) {
        self.state.lock().unwrap().lease_days = Some(days);
    }

    /// The office begins anew from a copy without anything of this replica.
    pub(crate) fn restored_without(&self, replica: ReplicaId, blobs: &BTreeSet<String>) {
        let mut state = self.state.lock().unwrap();
        state.epoch = Uuid::from_u128(2);
        state.uploaded.clear();
        state.chains.values_mut().for_each(|chains| drop(chains.remove(&replica)));
        state.blobs.retain(|sha256, _| !blobs.contains(sha256));
    }

    /// A certificate for a replica, in the office's hand, with a key of `seed`.
    pub(crate) fn certify(&self, replica: ReplicaId, seed: u8, who: Who) -> SignedCertificate {
        let key = Signer::from_seed(&[seed; 32]);
        let text = certificate(replica, &key, ReplicaRole::Tablet, Some(who), "平板 9");
        SignedCertificate::sign(&self.state.lock().unwrap().office, &text).unwrap()
    }

    /// A tablet that has exchanged.
    pub(crate) fn ready(&self, who: Who) -> Tablet {
        let tablet = self.tablet(who);
        assert!(tablet.device.exchange().unwrap());
        tablet
    }
}

fn certificate(
    replica: ReplicaId,
    signer: &Signer,
    role: ReplicaRole,
    who: Option<Who>,
    name: &str,
) -> Certificate {
    Certificate {
        replica,
        key: signer.public(),
        role,
        person: who.map(Who::person),
        department: who.map(|w| w.department),
        name: name.to_owned(),
        epoch: 0,
        valid_from: "2026-01-01".parse().unwrap(),
        valid_to: "2027-12-31".parse().unwrap(),
    }
}

fn ledgers_of(department: DepartmentId) -> [LedgerId; 2] {
    [JOINT, if department == FIRE { INTERNAL_FIRE } else { INTERNAL_EMERGENCY }]
}

fn package() -> Package {
    let item = |rec, department, code: &str| PackageItem {
        rec,
        department,
        code: code.into(),
        section: "通用".into(),
        text: "可燃气体报警装置有效、未屏蔽".into(),
        how_to: "看现场".into(),
        methods: vec![],
        severity_default: Level::General,
        criterion: Some("GM10-14".into()),
        violated: vec!["AF-36-3".into()],
        penalty: vec![],
        evidence_required: true,
        version: 1,
    };
    Package {
        v: 1,
        task: TASK,
        items: vec![item(ITEM, EMERGENCY, "WH-09"), item(FIRE_ITEM, FIRE, "XF-04")],
        laws: vec![LegalBasis {
            code: "AF-36-3".into(),
            law: "安全生产法".into(),
            article: "第三十六条第三款".into(),
            gist: "不得关闭、破坏报警设备".into(),
            effective_from: "2021-09-01".parse().unwrap(),
            effective_to: None,
            replaced_by: None,
            uncertain: false,
        }],
        criteria: vec![MajorCriterion {
            code: "GM10-14".into(),
            text: "监测报警装置被停用".into(),
            source: "部令第10号 第十四条".into(),
            uncertain: false,
        }],
        calendar: WorkingCalendar::default(),
    }
}

impl State {
    fn dispatch(&mut self) {
        let bytes = serde_json::to_vec(&package()).unwrap();
        let sha256 = crate::evidence::hash_of(&bytes);
        let package_ref =
            PackageRef { sha256: sha256.clone(), bytes: bytes.len() as u64, items: 2 };
        self.blobs.insert(sha256.clone(), bytes);
        let rec = |n: u128| RecordId(Uuid::from_u128(n));
        for (ledger, audience) in [
            (JOINT, Audience::Joint),
            (INTERNAL_EMERGENCY, Audience::Internal { department: EMERGENCY }),
            (INTERNAL_FIRE, Audience::Internal { department: FIRE }),
        ] {
            let genesis = Genesis {
                fold_version: 1,
                task: TASK,
                audience,
                catalogue: sha256.clone(),
                nonce: None,
            };
            let mut writes = vec![
                Write::new(kind::GENESIS, rec(1), field::CHARTER, json!(genesis)),
                Write::new(
                    kind::REPLICA,
                    rec(2),
                    field::CERTIFICATE,
                    json!(self.server_certificate),
                ),
            ];
            for (n, who, role) in [
                (31, LEAD, TeamRole::SiteLead),
                (32, SECOND, TeamRole::Inspector),
                (33, FIREMAN, TeamRole::SiteLead),
            ] {
                let seat = Seat {
                    person: who.person(),
                    name: format!("检查员{n}"),
                    cert_no: format!("苏A{n}"),
                    department: who.department,
                    role,
                };
                writes.push(Write::new(kind::MEMBER, rec(n), field::SEAT, json!(seat)));
            }
            if ledger == JOINT {
                let task = RecordId(TASK.0);
                writes.push(Write::new(kind::TASK, task, field::HEADER, json!(header())));
                writes.push(Write::new(kind::TASK, task, field::PACKAGE, json!(package_ref)));
                writes.push(Write::new(kind::TASK, task, field::STATUS, json!(Status::Dispatched)));
                for (n, department, name, lead) in
                    [(21, EMERGENCY, "应急", true), (22, FIRE, "消防", false)]
                {
                    let party = Party {
                        department,
                        name: format!("某区{name}部门"),
                        short_name: name.into(),
                        lead,
                    };
                    writes.push(Write::new(kind::PARTY, rec(n), field::PARTY, json!(party)));
                }
            }
            self.write(ledger, "task.dispatch", writes);
        }
    }

    fn write(&mut self, ledger: LedgerId, intent: &str, writes: Vec<Write>) {
        let chain = self.chains.entry(ledger).or_default().entry(SERVER).or_default();
        let head = chain.head.unwrap_or_else(|| ChainHead::empty(ledger, SERVER));
        let change = Change {
            pos: head.pos + 1,
            author: PersonId(Uuid::from_u128(0x0ff1ce)),
            wall: Wall::new(NOW.parse().unwrap()),
            n: head.pos + 1,
            seen: head.pos,
            intent: intent.to_owned(),
            writes,
        };
        let bytes = change.encode(Limits::SERVER).unwrap();
        let next = head.next(&bytes);
        chain.seals.push(self.server.seal(ledger, SERVER, &next));
        chain.changes.push(bytes);
        chain.head = Some(next);
    }

    fn enrol(&mut self, replica: ReplicaId, signer: &Signer, who: Who) -> EnrolAnswer {
        let name = format!("平板 {}", who.number);
        let own = certificate(replica, signer, ReplicaRole::Tablet, Some(who), &name);
        let signed = SignedCertificate::sign(&self.office, &own).unwrap();
        for ledger in ledgers_of(who.department) {
            let rec = RecordId(replica.0);
            let write = Write::new(kind::REPLICA, rec, field::CERTIFICATE, json!(signed));
            self.write(ledger, "replica.introduce", vec![write]);
        }
        self.readers.insert(replica, who.department);
        EnrolAnswer {
            office_key: self.office.public(),
            certificate: signed,
            server_certificate: self.server_certificate.clone(),
            token: replica.to_string(),
            epoch: self.epoch,
            recovery: Some(SignedRecovery::sign(
                &self.office,
                self.recovery.to_public().to_string(),
            )),
            person: EnrolPerson {
                id: who.person(),
                name: format!("检查员{}", who.number),
                department: "某区部门".into(),
                department_short: "部门".into(),
                cert_no: "苏A1".into(),
                valid_to: "2027-12-31".into(),
            },
        }
    }

    fn holdings(&self, department: DepartmentId) -> Holdings {
        let mut holdings = Holdings::default();
        for ledger in ledgers_of(department) {
            for (replica, chain) in self.chains.get(&ledger).into_iter().flatten() {
                if let Some(head) = &chain.head {
                    holdings.0.entry(ledger).or_default().insert(*replica, Held::from(head));
                }
            }
        }
        holdings
    }

    fn exchange(&mut self, request: &Request) -> Response {
        let caller = request.header.replica;
        let department = self.readers[&caller];
        let mut receipts = Vec::new();
        for page in &request.pages {
            self.take(page);
            receipts.push(self.receipt(page));
        }
        let granted = if self.away.contains(&caller) {
            Holdings::default()
        } else {
            self.holdings(department)
        };
        let what = answer(&request.header, &granted, &BTreeSet::new(), SERVER);
        let pages = what.spans.iter().map(|span| {
            let chain = &self.chains[&span.ledger][&span.replica];
            let after = usize::try_from(span.after).unwrap();
            let mut changes = chain.changes[after..].to_vec();
            if self.fault == Fault::Tampers {
                let last = changes.last_mut().unwrap();
                let at = last.len() / 2;
                last[at] ^= 1;
            }
            Page {
                ledger: span.ledger,
                replica: span.replica,
                of: None,
                after: span.after,
                prev: None,
                changes,
                seals: chain.seals.iter().filter(|s| s.pos > span.after).copied().collect(),
            }
        });
        Response {
            pages: pages.collect(),
            header: ResponseHeader {
                protocol: PROTOCOL,
                epoch: self.epoch,
                time: Wall::new(self.now),
                server: Some(self.server_certificate.clone()),
                digest: granted.digest(),
                ledgers: what.ledgers,
                left: what.left,
                wants: what.wants,
                refused: vec![],
                receipts,
                more: false,
                wipe: self.wipe.clone(),
                lease_days: self.lease_days,
                kept_days: None,
                version_min: self.version_min,
            },
        }
    }

    fn take(&mut self, page: &Page) {
        let chain = self.chains.entry(page.ledger).or_default().entry(page.replica).or_default();
        let mut head = chain.head.unwrap_or_else(|| ChainHead::empty(page.ledger, page.replica));
        let known = usize::try_from(head.pos - page.after).unwrap();
        for bytes in page.changes.iter().skip(known) {
            head = head.next(bytes);
            chain.changes.push(bytes.clone());
        }
        chain.head = Some(head);
        chain.seals.extend(page.seals.iter().filter(|s| s.pos > page.after + known as u64));
    }

    fn receipt(&self, page: &Page) -> SignedReceipt {
        let head = self.chains[&page.ledger][&page.replica].head.unwrap();
        let receipt = Receipt {
            ledger: page.ledger,
            replica: page.replica,
            upto: head.pos,
            hash: Hash(head.hash.0),
            voided: vec![],
            review: vec![],
            at: Wall::new(NOW.parse().unwrap()),
            by: SERVER,
        };
        SignedReceipt::sign(&self.server, &receipt).unwrap()
    }
}

fn header() -> Header {
    Header {
        title: "涉可燃气体企业联合检查".into(),
        number: "联检〔2026〕1号".into(),
        enterprise: EnterpriseSnapshot {
            id: EnterpriseId(Uuid::from_u128(0xe17)),
            uscc: "91320100TEST000001".into(),
            name: "示例精密涂装有限公司".into(),
            address: "某市某区示例路1号".into(),
            legal_rep: "甲某".into(),
            principal: "乙某".into(),
            risk: Risk::Larger,
            industry_code: "3360".into(),
            hazard_tags: vec![],
        },
        lead: EMERGENCY,
        visit_date: "2026-11-23".parse().unwrap(),
        announced: false,
        more: Map::new(),
    }
}

/// A request as it came.
struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    /// Whether all of the body came.
    whole: bool,
}

impl Asked {
    fn number(&self, name: &str) -> usize {
        self.headers.get(name).and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

/// What is answered: status, further headers, body.
struct Said(&'static str, String, Vec<u8>);

impl Said {
    fn plain(status: &'static str, body: &[u8]) -> Self {
        Self(status, String::new(), body.to_vec())
    }

    fn upload(status: &'static str, offset: usize, more: &str) -> Self {
        let headers = format!("Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n{more}");
        Self(status, headers, Vec::new())
    }
}

/// One request per connection is enough for a test.
fn serve(state: &Mutex<State>, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let (mut headers, mut header) = (BTreeMap::new(), String::new());
    loop {
        header.clear();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.split_once(':') else { break };
        headers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let mut state = state.lock().unwrap();
    let taken = match state.fault {
        Fault::BreaksUploads(bytes) if method == "PATCH" => length.min(bytes),
        _ => length,
    };
    let mut body = vec![0; taken];
    reader.read_exact(&mut body).unwrap();
    let (method, path) = (method.to_owned(), path.to_owned());
    let asked = Asked { method, path, headers, body, whole: taken == length };
    let Said(status, headers, body) = respond(&mut state, &asked);
    if !asked.whole {
        return;
    }
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}Connection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
    if asked.method == "HEAD" {
        return;
    }
    let sent = match state.fault {
        Fault::DiesInAnswer => length / 2,
        Fault::BreaksDownloads(bytes) if asked.path.starts_with("/v1/blobs/") => length.min(bytes),
        _ => length,
    };
    if asked.path.starts_with("/v1/blobs/") {
        state.carried.1 += sent;
    }
    let _ = stream.write_all(&body[..sent]);
}

fn respond(state: &mut State, asked: &Asked) -> Said {
    if state.fault == Fault::IsAHotel {
        return Said::plain("200 OK", b"<html>hotel wifi</html>");
    }
    if state.fault == Fault::Refuses {
        let said = br#"{"error":{"code":"token_wrong","message":"x"}}"#;
        return Said::plain("401 Unauthorized", said);
    }
    if asked.path == "/v1/exchange" {
        if state.fault == Fault::Babbles {
            return Said::plain("200 OK", b"<html>hotel wifi</html>");
        }
        let plain = zstd::stream::decode_all(asked.body.as_slice()).unwrap();
        let response = state.exchange(&Request::decode(&plain).unwrap());
        return Said(
            "200 OK",
            "".into(),
            zstd::bulk::compress(&response.encode().unwrap(), 1).unwrap(),
        );
    }
    if asked.path == "/v1/wiped" {
        state.wiped += 1;
        return Said::plain("204 No Content", b"");
    }
    if state.fault == Fault::LosesFiles {
        return Said::plain("500 Internal Server Error", b"");
    }
    if asked.path.starts_with("/v1/files") {
        return take_upload(state, asked);
    }
    let found = asked.path.strip_prefix("/v1/blobs/").and_then(|name| state.blobs.get(name));
    let Some(bytes) = found else {
        let said = br#"{"error":{"code":"file_not_here_yet","message":"x"}}"#;
        return Said::plain("404 Not Found", said);
    };
    let range = asked.headers.get("range").and_then(|text| text.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
        return Said::plain("200 OK", bytes);
    };
    let first: usize = first.parse().unwrap();
    let end = bytes.len().min(last.parse::<usize>().unwrap() + 1);
    if first >= end {
        let said = br#"{"error":{"code":"range_outside","message":"x"}}"#;
        return Said::plain("416 Range Not Satisfiable", said);
    }
    let at = format!("Content-Range: bytes {first}-{}/{}\r\n", end - 1, bytes.len());
    Said("206 Partial Content", at, bytes[first..end].to_vec())
}

/// The upload protocol, as far as tablets speak it.
fn take_upload(state: &mut State, asked: &Asked) -> Said {
    state.carried.0 += asked.body.len();
    let id = if asked.method == "POST" {
        let metadata = &asked.headers["upload-metadata"];
        let sha256 = metadata.split([' ', ',']).nth(1).unwrap();
        let sha256 = base64::engine::general_purpose::STANDARD.decode(sha256).unwrap();
        let id = Uuid::now_v7().to_string();
        let length = asked.number("upload-length");
        let upload = (String::from_utf8(sha256).unwrap(), length, Vec::new());
        state.uploads.insert(id.clone(), upload);
        id
    } else {
        asked.path.trim_start_matches("/v1/files/").to_owned()
    };
    let Some((sha256, length, bytes)) = state.uploads.get_mut(&id) else {
        return Said::plain("404 Not Found", b"");
    };
    if asked.method == "PATCH" && asked.number("upload-offset") != bytes.len() {
        let said = br#"{"error":{"code":"offset_mismatch","message":"x"}}"#;
        return Said::plain("409 Conflict", said);
    }
    bytes.extend_from_slice(&asked.body);
    let at = bytes.len();
    if at == *length && crate::evidence::hash_of(bytes) == *sha256 {
        state.blobs.insert(sha256.clone(), bytes.clone());
        state.uploaded.push(sha256.clone());
    }
    match asked.method.as_str() {
        "POST" => Said::upload("201 Created", at, &format!("Location: files/{id}\r\n")),
        "HEAD" => Said::upload("200 OK", at, ""),
        _ => Said::upload("204 No Content", at, ""),
    }
}
